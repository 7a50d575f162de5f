//! Words of signatures: what they come to, as objects' pages say it.

use policy::{Book, MemberId, Provenance, SignatureState};

use super::super::view::View;

/// What a signature comes to, in a word.
pub(in crate::page) const fn state(view: &View, state: SignatureState) -> &'static str {
    let korean = match state {
        SignatureState::Signed => "서명됨",
        SignatureState::NotSigned => "서명 없음",
        SignatureState::KeyRevoked => "취소된 키",
        SignatureState::KeyExpired => "만료된 키",
        SignatureState::KeyNotYet => "아직 유효하지 않은 키",
        SignatureState::KeyUnknown => "알 수 없는 키",
        SignatureState::Broken => "서명 불일치",
        SignatureState::Copied => "노드가 서명한 사본",
    };
    view.say(state.name(), korean)
}

/// The same in a sentence, with who signed as far as that is known.
pub(in crate::page) fn sentence(view: &View, book: &Book, provenance: &Provenance) -> String {
    let name = |member: MemberId| match book.member(member) {
        Some(member) => member.name.clone(),
        None => view.say("the node's operator", "노드 운영자").to_owned(),
    };
    if !view.is_korean() {
        return provenance.sentence(name);
    }
    match provenance {
        Provenance::NotSigned => "서명이 없습니다".to_owned(),
        Provenance::Copied => "가린 사본이며, 원본에 대한 확약과 함께 노드가 서명했습니다".to_owned(),
        Provenance::Signed(signer) | Provenance::Lapsed(signer, _) => {
            let who = signer.member.map_or_else(|| "어느 회원".to_owned(), name);
            let is_proven = matches!(provenance, Provenance::Signed(_));
            let end = if is_proven {
                "서명했습니다"
            } else {
                "서명했으나, 도착했을 때 키가 유효하지 않아 증명되지 않습니다"
            };
            format!("{who}이(가) 키 {}(으)로 {end}", signer.key)
        }
        Provenance::KeyUnknown { key } => {
            format!("이 노드가 모르는 키 {key}(으)로 서명되어 증명되지 않습니다")
        }
        Provenance::Misfit(_) | Provenance::Broken(_) => "서명이 내용과 맞지 않습니다".to_owned(),
    }
}
