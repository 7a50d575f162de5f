//! Who did what, in the viewer's language.

use gate::{Act, ActKind, Done};
use policy::parcel::{Event, Noted};
use policy::{Book, CredentialKind, Entry, MemberId, PersonId, Setting};

use super::super::view::View;
use super::people;

/// What an act is of.
pub(in crate::page) const fn kind(view: &View, kind: ActKind) -> &'static str {
    match kind {
        ActKind::Member => view.say("members", "회원"),
        ActKind::Circle => view.say("circles", "서클"),
        ActKind::Person => view.say("people", "사람"),
        ActKind::LogIn => view.say("log-ins", "로그인 수단"),
        ActKind::Credential => view.say("credentials", "인증 수단"),
        ActKind::SigningKey => view.say("keys for signatures", "서명 키"),
        ActKind::Setting => view.say("settings", "설정"),
        ActKind::Peer => view.say("other nodes", "다른 노드"),
        ActKind::Agreement => view.say("agreements", "협정"),
        ActKind::Release => view.say("releases", "배포 승인"),
    }
}

/// Who did it.
pub(in crate::page) fn who(view: &View, act: &Act, book: &Book) -> String {
    if !view.is_korean() {
        return act.who(book);
    }
    let member = whose(book, act.by.member);
    match act.by.person.and_then(|id| book.person(id)) {
        Some(person) => format!("{} ({member})", person.user),
        None => member,
    }
}

/// What was done, in a sentence without secrets.
pub(in crate::page) fn sentence(view: &View, act: &Act, book: &Book) -> String {
    if !view.is_korean() {
        return act.sentence(book);
    }
    match &act.what {
        Done::Release(noted) => decided(book, noted),
        Done::Book(entry) => changed(view, book, entry),
    }
}

fn whose(book: &Book, member: MemberId) -> String {
    match member {
        MemberId::NODE => "노드 운영자".to_owned(),
        id => book.member(id).map_or_else(unknown, |member| member.handle.clone()),
    }
}

fn unknown() -> String {
    "알 수 없음".to_owned()
}

fn changed(view: &View, book: &Book, entry: &Entry) -> String {
    let user = |id: PersonId| book.person(id).map_or_else(unknown, |person| person.user.clone());
    match entry {
        Entry::Member(member) if member.ended => format!("회원 {}의 참여를 끝냄", member.handle),
        Entry::Member(member) => {
            format!("회원 {} 설정: 단계 {}, 취급 한도 {}", member.handle, member.level, member.clearance)
        }
        Entry::Circle(circle) => format!(
            "서클 {} 설정: 회원 {}곳, 취급 한도 {}",
            circle.handle,
            circle.members.len(),
            circle.ceiling
        ),
        Entry::Credential(credential) => {
            let what = match credential.kind {
                CredentialKind::Token { .. } => "토큰",
                CredentialKind::Tsig { .. } => "TSIG 키",
                CredentialKind::Certificate { .. } => "인증서",
            };
            let verb = if credential.revoked { "폐기" } else { "발급" };
            let whose = match (credential.person, credential.member) {
                (Some(person), _) => user(person),
                (None, Some(id)) => whose(book, id),
                (None, None) => whose(book, MemberId::NODE),
            };
            let scopes = credential.scopes.map(|scopes| format!(", 용도: {}", people::rights(view, scopes)));
            format!("{whose}의 {what} {} {verb}{}", credential.id.simple(), scopes.unwrap_or_default())
        }
        Entry::SigningKey(key) => {
            let whose = book.member(key.member).map_or("노드", |member| &member.handle);
            let verb = match (&key.revoked, &key.expires) {
                (Some(_), _) => "폐기",
                (None, Some(_)) => "기한 설정",
                (None, None) => "등록",
            };
            format!("{whose}의 서명 키 {} {verb}", key.key.id())
        }
        Entry::Person(person) if person.ended => format!("사용자 {} 종료", person.user),
        Entry::Person(person) => {
            let roles: Vec<&str> = person.roles.iter().map(|role| people::role(view, *role)).collect();
            format!("사용자 {} 설정: {}", person.user, roles.join(", "))
        }
        Entry::Account(account) => {
            let has = [
                (account.password.is_some(), "비밀번호"),
                (account.codes.is_some(), "인증 코드"),
                (account.bound.is_some(), "외부 로그인"),
                (!account.passkeys.is_empty(), "패스키"),
                (account.invitation.is_some(), "보낸 초대"),
            ];
            let parts: Vec<&str> = has.into_iter().filter(|(has, _)| *has).map(|(_, part)| part).collect();
            let with = if parts.is_empty() { "없음".to_owned() } else { parts.join(", ") };
            format!("{}의 로그인 수단 설정: {with}", user(account.person))
        }
        Entry::Peer(peer) if peer.ended => format!("노드 {}와의 연계를 끝냄", peer.name),
        Entry::Peer(peer) => format!("연계 노드 {} 설정: {}, 키 {}", peer.name, peer.url, peer.key.id()),
        Entry::Agreement(agreed) => {
            format!("서클 {} 협정 {}판 추가", agreed.agreement.handle, agreed.agreement.version)
        }
        Entry::Proposal(agreed) => format!(
            "서클 {} 협정 {}판 초안 기록, 서명 {}건",
            agreed.agreement.handle,
            agreed.agreement.version,
            agreed.signatures.len()
        ),
        Entry::Setting(Setting { name, value: Some(_) }) => format!("{name} 설정"),
        Entry::Setting(Setting { name, value: None }) => format!("{name} 설정 되돌림"),
    }
}

/// What was decided of what waited, with the one who brought it.
fn decided(book: &Book, noted: &Noted) -> String {
    let verb = match &noted.event {
        Event::Released => "승인",
        Event::Refused { .. } => "거절",
        Event::Withdrawn { .. } => "일부 철회",
        Event::Done(_) => "처리",
    };
    let brought = match noted.brought_by.map(|id| book.person(id)) {
        Some(Some(person)) => person.user.clone(),
        Some(None) => unknown(),
        None => "회원의 시스템".to_owned(),
    };
    let circle = book.circle(noted.circle).map_or_else(unknown, |circle| circle.handle.clone());
    let (parcel, objects) = (noted.parcel, noted.objects);
    format!("{circle} 서클에 객체 {objects}건을 내보내는 배포 {parcel} {verb}, 올린 이: {brought}")
}
