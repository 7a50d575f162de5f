//! What waits for a second person, in the viewer's language.

use gate::{Fate, ReleaseError, SubmitError};
use policy::ParcelState;
use policy::parcel::NotReleased;

use super::super::view::View;

/// How a release stands.
pub(in crate::page) const fn state(view: &View, state: ParcelState) -> &'static str {
    let korean = match state {
        ParcelState::Waiting => "대기 중",
        ParcelState::Released => "승인됨, 처리 중",
        ParcelState::Done => "나감",
        ParcelState::Refused => "거부됨",
        ParcelState::Withdrawn => "철회됨",
        ParcelState::Lapsed => "기한 만료",
    };
    view.say(state.name(), korean)
}

/// What becomes of something for a member.
pub(in crate::page) const fn fate(view: &View, fate: Fate) -> &'static str {
    match fate {
        Fate::Release => view.say("goes", "전해짐"),
        Fate::Redact => view.say("goes, redacted", "가려서 전해짐"),
        Fate::Hold => view.say("is held back", "보류됨"),
    }
}

/// Why nothing was decided.
pub(in crate::page) fn not_decided(view: &View, error: &ReleaseError) -> String {
    let korean = match error {
        ReleaseError::Not(not) => not_released(view, *not),
        ReleaseError::TooLong { chars, limit } => {
            format!("남길 말이 {chars}자입니다. {limit}자까지 쓸 수 있습니다.")
        }
        ReleaseError::Circle(error) => {
            let why = match error {
                SubmitError::NotInForce => "서클이 아직 시작되지 않았거나 끝났습니다.",
                SubmitError::ReadOnly => "회원이 이 서클에서 읽기만 할 수 있습니다.",
                SubmitError::Crowded => "두 번째 담당자를 기다리는 것이 너무 많습니다.",
                _ => return super::fault(view, "아무것도 나가지 않았습니다.", error),
            };
            format!("아무것도 나가지 않았습니다. {why}")
        }
        other => return super::fault(view, "결정하지 못했습니다.", other),
    };
    view.say(&error.to_string(), &korean).to_owned()
}

fn not_released(view: &View, not: NotReleased) -> String {
    match not {
        NotReleased::NotFound => "그런 배포 승인 건이 없습니다.".to_owned(),
        NotReleased::NoPerson => {
            "사람이 승인해야 합니다. 로그인하거나, 시스템이 아니라 사람이 자신을 위해 만든 토큰을 쓰십시오."
                .to_owned()
        }
        NotReleased::NoRight => {
            "배포를 승인할 권한이 없습니다. 역할 `releaser`에 그 권한이 있습니다.".to_owned()
        }
        NotReleased::Own => "본인이 올린 것입니다. 같은 기관의 다른 사람이 승인해야 합니다.".to_owned(),
        NotReleased::BringerGone => {
            "올린 사람이 더는 공유할 수 없습니다. 거부하고 새로 올리십시오.".to_owned()
        }
        NotReleased::NotWaiting { state: now } => {
            format!("더는 기다리고 있지 않습니다. 현재 상태: {}", state(view, now))
        }
    }
}
