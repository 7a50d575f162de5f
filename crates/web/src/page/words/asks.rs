//! Asks for a wider release, in the viewer's language.

use gate::{AnswerError, AskError};
use policy::AskState;
use policy::ask::{Way, Whom};

use super::super::view::View;

/// How an ask stands.
pub(in crate::page) const fn state(view: &View, state: AskState) -> &'static str {
    let korean = match state {
        AskState::Open => "답변 대기",
        AskState::Lapsed => "기한 지남",
        AskState::Refused => "거절",
        AskState::Granted => "허용, 처리 중",
        AskState::Done => "처리 완료",
        AskState::Failed => "처리 실패",
    };
    view.say(state.name(), korean)
}

/// Over what it was answered.
pub(in crate::page) const fn way(view: &View, way: Way) -> &'static str {
    let korean = match way {
        Way::Member => "회원",
        Way::Link => "링크",
        Way::Operator => "운영자",
    };
    view.say(way.name(), korean)
}

/// Who was told.
pub(in crate::page) const fn whom(view: &View, whom: Whom) -> &'static str {
    match whom {
        Whom::Originator => view.say("the one who decides", "결정하는 쪽"),
        Whom::Asker => view.say("the one who asks", "요청한 쪽"),
    }
}

/// Why it was not asked. What is new in the gate, and has no Korean here yet, is said in English.
pub(in crate::page) fn not_asked(view: &View, fault: &AskError) -> String {
    let english = fault.to_string();
    if !view.is_korean() {
        return english;
    }
    match fault {
        AskError::NotFound => "그 서클에 그런 객체가 없습니다".to_owned(),
        AskError::NoCircle => "그런 서클이 없습니다".to_owned(),
        AskError::Nothing => {
            "요청한 것이 없습니다. 서클, 더 완화된 등급, 출처를 뺀 사본 가운데 하나를 고르십시오".to_owned()
        }
        AskError::Why { chars, limit } => {
            format!("용도를 1자 이상 {limit}자 이하로 적으십시오. 지금은 {chars}자입니다")
        }
        AskError::Own => "직접 공유한 것이므로 물을 곳이 없습니다. 더 넓게 공유하십시오".to_owned(),
        AskError::AlreadyThere => "그 서클에서 이미 받고 있습니다".to_owned(),
        AskError::NotInForce => "그 서클은 아직 시작되지 않았거나 끝났습니다".to_owned(),
        AskError::OverCeiling { mark, ceiling } => format!(
            "{mark} 등급이며 그 서클은 {ceiling}보다 엄격한 것을 받지 않습니다. 더 완화된 등급도 함께 요청하십시오"
        ),
        AskError::NotMilder { mark } => format!("이미 {mark} 등급이며 그보다 엄격하지 않습니다"),
        AskError::NoVersions => {
            "표시 정의에는 판이 없어 등급을 바꿀 수 없습니다(STIX 2.1, 7.2.1절)".to_owned()
        }
        AskError::NoSource => {
            "관측 객체에는 출처가 적히지 않습니다. 보낸 쪽을 숨길 수 있는 다른 서클을 요청하십시오".to_owned()
        }
        AskError::NotThere => "공유한 회원이 그 서클에 공유하지 않습니다. 다른 서클을 고르십시오".to_owned(),
        AskError::Again { ask } => format!("이미 요청했고 답을 기다리는 중입니다: {ask}"),
        AskError::TooMany { limit } => {
            format!("답을 기다리는 요청이 {limit}건입니다. 일부에 답이 오면 더 요청할 수 있습니다")
        }
        _ => english,
    }
}

/// Why an answer was not taken. What is new in the gate, and has no Korean here yet, is said in English.
pub(in crate::page) fn not_answered(view: &View, fault: &AnswerError) -> String {
    let english = fault.to_string();
    if !view.is_korean() {
        return english;
    }
    match fault {
        AnswerError::NotFound => "그런 요청이 없습니다".to_owned(),
        AnswerError::Answered => "이미 답했으며 첫 답이 유효합니다".to_owned(),
        AnswerError::Lapsed => "답할 수 있는 기한이 지났습니다. 다시 요청할 수는 있습니다".to_owned(),
        AnswerError::Gone => {
            "객체가 철회·폐기되었거나 기한이 지나 허용할 것이 없습니다. 거절은 할 수 있습니다".to_owned()
        }
        AnswerError::NeedsLogIn => {
            "이 서클은 한 사람의 말로 내보내지 않습니다. 로그인해서 허용하면 두 번째 사람이 확인합니다".to_owned()
        }
        AnswerError::NotLess => {
            "요청보다 좁지 않습니다. 서클은 요청한 대로 두거나 빼고, 등급은 그 사이에서 고르십시오".to_owned()
        }
        AnswerError::TooLong { chars, limit } => {
            format!("덧붙인 말이 {chars}자입니다. 한도는 {limit}자입니다")
        }
        AnswerError::NotInForce { circle } => format!(
            "{circle} 서클은 더 이상 효력이 없어 그곳에 공유할 수 없습니다. 거절하거나 다른 것을 허용하십시오"
        ),
        AnswerError::NotThere { circle } => format!(
            "공유한 회원이 {circle} 서클에 공유할 수 없습니다. 거절하거나 다른 것을 허용하십시오"
        ),
        AnswerError::Waits { parcel } => {
            format!("두 사람의 확인이 필요합니다. 귀 기관의 다른 사람이 승인할 때까지 기다립니다: {parcel}")
        }
        AnswerError::OverCeiling { mark, circle, ceiling } => format!(
            "{mark} 등급이 되며 {circle} 서클은 {ceiling}보다 엄격한 것을 받지 않습니다. 더 완화된 등급도 허용하거나 거절하십시오"
        ),
        AnswerError::NotMilder { mark } => {
            format!("이제 {mark} 등급이며 그보다 엄격하지 않습니다. 거절하거나 다른 것을 허용하십시오")
        }
        AnswerError::KeptByPolicy { mark } => format!(
            "교환 정책(FIRST IEP)이 {mark}로 정해 객체의 표시로 완화할 수 없습니다. 직접 다시 공유하십시오"
        ),
        AnswerError::Crowded => "두 번째 사람을 기다리는 것이 이미 너무 많습니다".to_owned(),
        AnswerError::NamesSource => {
            "뺄 수 없는 곳에 출처가 적혀 있어 사본을 만들어도 드러납니다. 알려도 되는 것을 직접 공유하거나 거절하십시오"
                .to_owned()
        }
        _ => english,
    }
}
