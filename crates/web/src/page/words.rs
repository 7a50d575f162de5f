//! Words of other rooms, in the viewer's language.

pub(super) mod accounts;
pub(super) mod acts;
pub(super) mod asks;
pub(super) mod assessment;
pub(super) mod cases;
pub(super) mod circles;
pub(super) mod contacts;
pub(super) mod levels;
pub(super) mod norms;
pub(super) mod other;
pub(super) mod people;
pub(super) mod personas;
pub(super) mod playbooks;
pub(super) mod receipts;
pub(super) mod releases;
pub(super) mod rules;
pub(super) mod screening;
pub(super) mod signatures;
#[cfg(test)]
pub(super) mod templates;
pub(super) mod transit;

use policy::{Cause, Level};
use watch::value::Kind;

use super::Frame;
use super::view::{Language, View};

impl View {
    /// Whether Korean is spoken: for sentences in which values stand elsewhere than in English.
    pub(super) const fn is_korean(&self) -> bool {
        matches!(self.language, Language::Korean)
    }
}

impl Frame {
    /// As [`View::is_korean`].
    pub(super) fn is_korean(&self) -> bool {
        self.view.is_korean()
    }
}

/// A fault of which another room knows the details, in English: in Korean they stand behind what is said.
pub(super) fn fault(view: &View, korean: &str, english: &dyn std::fmt::Display) -> String {
    if view.is_korean() { format!("{korean} ({english})") } else { english.to_string() }
}

/// Why fires burn.
pub(super) fn cause(view: &View, cause: &Cause) -> String {
    let korean = match cause {
        Cause::Calm => "주의할 일이 없습니다",
        Cause::News => "조치할 새 정보가 왔습니다",
        Cause::Incident => "사고가 공유되었습니다",
        Cause::High => "심각도가 높은 정보가 공유되었습니다",
        Cause::Critical => "매우 심각한 정보가 공유되었습니다",
        Cause::Seen(members) => {
            let korean = "회원 {}곳이 여기 공유된 것을 실제로 보았습니다";
            let english = match members {
                1 => "a member saw what is shared here",
                _ => "{} members saw what is shared here",
            };
            return view.tell(english, korean, &[members]);
        }
        Cause::Word(reason) => return reason.clone(),
    };
    view.say(&cause.sentence(), korean).to_owned()
}

/// What a level does with intelligence, in a sentence.
pub(super) const fn does(view: &View, level: Level) -> &'static str {
    let (english, korean) = match level {
        Level::Read => {
            ("Its people read an advisory and act by hand.", "사람이 권고문을 읽고 손으로 조치합니다.")
        }
        Level::List => ("Its devices import lists.", "장비가 목록을 가져갑니다."),
        Level::Block => (
            "Its resolver or firewall subscribes to what is to be refused.",
            "DNS 서버나 방화벽이 차단할 것을 구독합니다.",
        ),
        Level::Detect => ("Its sensors take detection rules.", "탐지 장비가 탐지 규칙을 받습니다."),
        Level::Exchange => {
            ("Its team exchanges objects both ways.", "담당 팀이 객체를 양방향으로 주고받습니다.")
        }
    };
    view.say(english, korean)
}

/// What kind of value something is.
pub(super) const fn kind(view: &View, kind: Kind) -> &'static str {
    let korean = match kind {
        Kind::Domain => "도메인",
        Kind::Url => "URL",
        Kind::Ipv4 => "IPv4 주소",
        Kind::Ipv6 => "IPv6 주소",
        Kind::Md5 => "MD5",
        Kind::Sha1 => "SHA-1",
        Kind::Sha256 => "SHA-256",
        Kind::Sha512 => "SHA-512",
        Kind::Email => "전자우편 주소",
        Kind::Wallet => "가상자산 주소",
        Kind::Cve => "취약점(CVE)",
        Kind::Asn => "자율 시스템(AS)",
        Kind::Mac => "MAC 주소",
        Kind::RegistryKey => "레지스트리 키",
        Kind::Attack => "ATT&CK",
        Kind::Account => "계정",
        Kind::Phone => "전화번호",
        Kind::BankAccount => "은행 계좌",
        Kind::Certificate => "인증서",
        Kind::Ja3 => "JA3",
        Kind::Ja4 => "JA4",
        Kind::FileName => "파일 이름",
    };
    view.say(kind.as_str(), korean)
}
