//! The words of what attacks pass through, in English and Korean.

use super::NOT_ATTRIBUTION;
use super::plan::{Level, Plan};
use super::told::percent;
use crate::capacity::words::Language;

/// What stands on everything that is made of where attacks pass through.
#[must_use]
pub const fn caveat(language: Language) -> &'static str {
    language.pick((
        NOT_ATTRIBUTION,
        "위치는 책임이 아닙니다. 공격이 거쳐 가는 국가나 네트워크는 다른 이의 컴퓨터가 악용되는 곳입니다.",
    ))
}

/// What all places would be brought to, as part of a sentence.
#[must_use]
pub fn level(level: &Level, language: Language) -> String {
    match (language, level) {
        (Language::English, level) => level.words(),
        (Language::Korean, Level::Takedown(days)) => {
            format!("그곳에서 공격에 쓰는 것이 처음 보인 지 {days}일 만에 모두 사라진다면")
        }
        (Language::Korean, Level::Blocking(part)) => {
            format!("그곳에서 공격에 쓰는 것이 {} 차단된다면", percent(*part))
        }
    }
}

/// What is proved of a choice, and what is not.
#[must_use]
pub fn guarantee(plan: &Plan, language: Language) -> String {
    match (language, plan.chosen.guarantee) {
        (Language::English, _) => plan.guarantee(),
        (Language::Korean, part) if part > 0.0 => format!(
            "증명됨: 이 선택은 같은 조건에서 가장 좋은 선택이 없애는 것의 {:.0} % 이상을 없앱니다(Nemhauser, Wolsey, Fisher, 1978).",
            part * 100.0
        ),
        (Language::Korean, _) => {
            "곳의 수와 예산을 함께 제한하고 비용이 서로 다른 선택에 대해서는 증명된 것이 없습니다.".to_owned()
        }
    }
}

/// What the counterfactual leaves out.
#[must_use]
pub const fn limits(language: Language) -> &'static str {
    language.pick((
        Plan::LIMITS,
        "기록된 경로만 놓고 따진 것입니다. 공격자는 다른 곳으로 옮길 것이며, 아무도 보지 못한 것은 들어 있지 않습니다.",
    ))
}
