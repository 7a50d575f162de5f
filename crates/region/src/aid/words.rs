//! The words of aid projects in English and Korean.

use super::coverage::State;
use super::cyber::Certainty;
use super::measured::{FIGURES, NO_PROOF};
use super::project::Phase;
use crate::capacity::words::Language;

/// How a need is served.
#[must_use]
pub const fn state(state: State, language: Language) -> &'static str {
    language.pick(match state {
        State::Covered => ("covered", "사업 진행 중"),
        State::Planned => ("planned", "사업 예정"),
        State::Over => ("over", "사업 종료"),
        State::Never => ("never served", "사업 없음"),
    })
}

/// A sign that stands for it where colours are not told apart.
#[must_use]
pub const fn sign(state: State) -> &'static str {
    match state {
        State::Covered => "●",
        State::Planned => "◐",
        State::Over => "×",
        State::Never => "○",
    }
}

/// Where a project stands.
#[must_use]
pub const fn phase(phase: Phase, language: Language) -> &'static str {
    language.pick(match phase {
        Phase::Planned => ("planned", "예정"),
        Phase::Active => ("under way", "진행 중"),
        Phase::Ended => ("over", "종료"),
        Phase::Stopped => ("stopped", "중단"),
        Phase::Unknown => ("not known", "알 수 없음"),
    })
}

/// How sure it is that a project is about cyber security.
#[must_use]
pub const fn certainty(certainty: Certainty, language: Language) -> &'static str {
    language.pick(match certainty {
        Certainty::Sure => ("sure", "확실"),
        Certainty::Possible => ("possible", "가능성 있음"),
    })
}

/// A capability in a few words; of one that is not in the list, its name.
#[must_use]
pub fn capability(name: &str, language: Language) -> &str {
    let both = match name {
        "incident-response" => ("incident response", "침해사고 대응"),
        "point-of-contact" => ("point of contact", "연락 창구"),
        "dns-filtering" => ("DNS filtering", "DNS 차단"),
        "network-detection" => ("network detection", "네트워크 탐지"),
        "mail-filtering" => ("mail filtering", "메일 차단"),
        "log-hunting" => ("log hunting", "로그 추적"),
        "takedown-handling" => ("takedown handling", "차단 요청 처리"),
        "vulnerability-handling" => ("vulnerability handling", "취약점 처리"),
        "virtual-asset-screening" => ("virtual-asset screening", "가상자산 확인"),
        "intelligence-sharing" => ("intelligence sharing", "위협정보 공유"),
        "law-and-prosecution" => ("law and prosecution", "법률과 수사"),
        "strategy" => ("strategy", "전략"),
        "skills" => ("skills", "인력 양성"),
        "critical-infrastructure" => ("critical infrastructure", "기반시설 보호"),
        other => (other, other),
    };
    language.pick(both)
}

/// What a figure is; of one that Bongsu does not measure, its name.
#[must_use]
pub fn figure(name: &str, language: Language) -> &str {
    let english = FIGURES.iter().find(|(known, ..)| *known == name).map_or(name, |(_, about, _)| *about);
    let korean = match name {
        "level" => "실제로 쓰는 수준: 0 없음, 1 읽기, 2 목록, 3 차단, 4 탐지, 5 교환",
        "lag" => "국가가 쓰는 정보가 뒤처진 기록 수",
        "takedown-days" => "공격에 쓰이는 것이 차단되기까지 걸린 일수",
        "reached" => "훈련 호출 가운데 응답한 비율(%)",
        "sightings" => "한 달에 돌려준 관측 건수",
        other => other,
    };
    language.pick((english, korean))
}

/// [`NO_PROOF`] in a language.
#[must_use]
pub const fn no_proof(language: Language) -> &'static str {
    language.pick((NO_PROOF, "사업 기간에 지표가 움직였다고 해서 그 사업 때문이라는 증거는 아닙니다."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_capability_has_words_in_both_languages() {
        for (name, _) in super::super::capability::all() {
            assert_ne!(capability(name, Language::English), capability(name, Language::Korean), "{name}");
        }
        assert_eq!(capability("quantum-networks", Language::Korean), "quantum-networks");
        for (name, about, _) in FIGURES {
            assert_eq!(figure(name, Language::English), about);
            assert!(
                !matches!(figure(name, Language::Korean), korean if korean == name || korean == about),
                "{name}"
            );
        }
    }
}
