//! What screening answers, in the viewer's language.

use deliver::screening::{Advice, Answer, Ground, Listed, Outcome};
use watch::names::{Agreement, How};

use super::super::view::View;

/// A result.
pub(in crate::page) const fn result(view: &View, result: Outcome) -> &'static str {
    match result {
        Outcome::Match => view.say("known", "알려진 값"),
        Outcome::Past => view.say("known once", "과거에 알려진 값"),
        Outcome::Clear => view.say("not known", "알려지지 않음"),
        Outcome::Unreadable => view.say("can't be read", "읽을 수 없음"),
    }
}

/// The result of an answer. That a name is like a listed one does not say who bears it.
pub(in crate::page) fn answered(view: &View, answer: &Answer) -> &'static str {
    match answer.result {
        Outcome::Match if answer.is_of_name() => view.say("may be listed", "등재되었을 수 있음"),
        other => result(view, other),
    }
}

/// By what a known value answers a question; of what is new here, its name.
pub(in crate::page) fn by<'t>(view: &View, by: &'t str) -> &'t str {
    let korean = match by {
        "exact" => "같은 값",
        "parent-domain" => "상위 도메인",
        "cidr" => "속한 대역",
        "host" => "호스트",
        "host-cidr" => "호스트가 속한 대역",
        "alias" => "같은 값의 다른 표기",
        "name" => "비슷한 이름",
        other => other,
    };
    view.say(by, korean)
}

/// What to do, in a word or two.
pub(in crate::page) const fn action(view: &View, advice: &Advice) -> &'static str {
    let korean = match advice.ground {
        Ground::NotInForce => "조치하지 않음",
        Ground::Payment => "지급 보류",
        Ground::Person | Ground::LookedFor | Ground::Party | Ground::Held(_) => "확인",
        Ground::Host | Ground::Bad => "차단",
    };
    view.say(advice.action, korean)
}

/// What to do, in a sentence or two.
pub(in crate::page) fn advice(view: &View, advice: &Advice) -> String {
    let korean = match &advice.ground {
        Ground::NotInForce => {
            "그렇게 말하는 것 가운데 지금 효력이 있는 것이 없습니다. 끝났거나 아직 시작되지 않았습니다. 날짜를 확인한 뒤 조치하십시오."
        }
        Ground::Payment => {
            "지급을 보류하고 고객에게는 아직 까닭을 알리지 말며, 내부 규정에 따라 사람이 결정하십시오. 돈이 이미 나갔다면 출처에 알리십시오."
        }
        Ground::Person => {
            "이 사람에 대해 아는 다른 것과 견주어 본 뒤 결정하십시오. 이름이나 번호는 주인이 바뀔 수 있습니다."
        }
        Ground::LookedFor => "로그와 컴퓨터에서 찾아보십시오(`bongsu hunt`). 이것만으로 차단되지는 않습니다.",
        Ground::Party => {
            "생년월일, 국가, 다른 이름을 견주어 본 뒤 결정하십시오. 같은 이름을 쓰는 사람이 많습니다. 등재된 그 당사자가 맞으면 줄 것을 동결하고 그 목록의 규정을 따르십시오."
        }
        Ground::Held(hold) => {
            &format!("찾아보되 이것만으로 차단하지 마십시오: {}", super::rules::hold(view, hold))
        }
        Ground::Host => "차단하십시오. 호스트가 악성으로 알려져 있습니다.",
        Ground::Bad => "차단하고, 전에 접속한 적이 있는지 로그를 확인하십시오.",
    };
    view.say(&advice.say, korean).to_owned()
}

/// What a name and a listed one differ by, and what else speaks for or against it.
pub(in crate::page) fn reasons(view: &View, party: &Listed) -> String {
    let (how, birth, country) = &party.compared;
    let birth = match birth {
        Agreement::Unknown => None,
        Agreement::Agrees => Some(view.say("the dates of birth agree", "생년월일이 맞음")),
        Agreement::Differs => Some(view.say("other dates of birth", "생년월일이 다름")),
    };
    let country = match country {
        Agreement::Unknown => None,
        Agreement::Agrees => Some(view.say("a country in common", "같은 국가가 있음")),
        Agreement::Differs => Some(view.say("no country in common", "같은 국가가 없음")),
    };
    let mut all: Vec<String> = how.iter().map(|how| differs(view, *how)).collect();
    all.extend([birth, country].into_iter().flatten().map(str::to_owned));
    all.join(", ")
}

/// What two names differ by; of what is new here, its English.
pub(super) fn differs(view: &View, how: How) -> String {
    let english = how.to_string();
    let korean = match how {
        How::Same => "같은 이름",
        How::OtherOrder => "같은 낱말, 다른 순서",
        How::Title => "경칭이 있거나 없음",
        How::LegalForm => "회사 형태 표기가 다름",
        How::Joined => "띄어쓰기가 다름",
        How::Revised => "국어의 로마자 표기법",
        How::McCuneReischauer => "매큔-라이샤워 표기",
        How::FamilyVariant => "한국 성씨의 다른 표기",
        How::KoreanVariant => "한국 이름의 다른 로마자 표기",
        How::SinoKorean => "한자의 한국 음",
        How::Chinese => "한자의 중국 음(병음)",
        How::WadeGiles => "중국 이름의 다른 로마자 표기(웨이드-자일스)",
        How::Japanese => "일본어 읽기",
        How::Cyrillic => "키릴 문자의 로마자 표기",
        How::Greek => "그리스 문자의 로마자 표기",
        How::Arabic => "아랍·히브리 문자의 로마자 표기",
        How::OtherScript => "다른 문자의 로마자 표기",
        How::Sound => "철자는 다르나 발음이 비슷함",
        How::OtherForm => "이름의 다른 형태",
        How::Spelling => "글자 몇 개가 다름",
        How::Initials => "이름 대신 머리글자",
        How::Abbreviation => "약칭",
        How::Number => "숫자가 다름",
        How::PartMissing => "일부가 빠짐",
        How::Different => "다른 이름",
        _ => return english,
    };
    view.say(&english, korean).to_owned()
}

/// What a listed party is.
pub(in crate::page) fn schema<'t>(view: &View, schema: &'t str) -> &'t str {
    let korean = match schema {
        "person" => "개인",
        "organization" => "단체",
        _ => "알 수 없음",
    };
    view.say(schema, korean)
}

#[cfg(test)]
mod tests {
    use super::super::super::view::Language;
    use super::*;

    #[test]
    fn what_a_value_answers_by_has_its_korean() {
        let korean = View { language: Language::Korean, ..View::default() };
        use watch::index::Match::{Exact, Host, HostNetwork, Network, Parent};
        let all = [Exact, Parent, Network, Host, HostNetwork].map(watch::index::Match::as_str);
        for name in all.into_iter().chain(["alias", "name"]) {
            assert_ne!(by(&korean, name), name);
            assert_eq!(by(&View::default(), name), name);
        }
    }
}
