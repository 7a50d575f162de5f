//! What countries need to defend themselves, as a short list, and the words by which projects say that they build it.
//!
//! The names are the project's own. A need may name a capability that is not among them: it is kept, and projects are joined with it
//! by the words of its name.

use std::sync::LazyLock;

use super::activity::Activity;
use super::cyber::{Finder, folded};

/// The list: a name, what it is, and the words for it.
const LIST: &[(&str, &str, &[&str])] = &[
    (
        "incident-response",
        "a team that answers incidents",
        &[
            "incident response",
            "incident handling",
            "csirt",
            "csirts",
            "computer emergency response",
            "computer emergency readiness",
            "computer security incident",
            "national cert",
            "cert team",
            "reponse aux incidents",
            "incidents informatiques",
            "respuesta a incidentes",
            "incidentes informaticos",
            "resposta a incidentes",
            "tanggap insiden",
            "침해 사고",
            "침해 대응",
            "사이버 대응",
            "インシデント対応",
            "应急响应",
        ],
    ),
    (
        "point-of-contact",
        "a point of contact that can be reached",
        &[
            "point of contact",
            "points of contact",
            "24 7 network",
            "focal point*",
            "point de contact",
            "punto de contacto",
            "연락 창구",
        ],
    ),
    (
        "dns-filtering",
        "names known to be bad are not resolved",
        &[
            "dns filter*",
            "protective dns",
            "dnssec",
            "domain name system",
            "response policy zone*",
            "filtrage dns",
        ],
    ),
    (
        "network-detection",
        "attacks are seen in the network",
        &[
            "intrusion detection",
            "network monitoring",
            "security operations cent*",
            "threat detection",
            "sensor network",
            "detection d intrusion*",
            "보안 관제",
            "침입 탐지",
            "감시 체계",
            "監視システム",
        ],
    ),
    (
        "mail-filtering",
        "fraudulent mail is held back",
        &["phishing", "email security", "mail security", "spam", "hameconnage", "피싱"],
    ),
    (
        "log-hunting",
        "logs are kept and looked through",
        &[
            "log analysis",
            "log management",
            "threat hunting",
            "digital forensic*",
            "computer forensic*",
            "forensic lab*",
            "포렌식",
            "フォレンジック",
        ],
    ),
    (
        "takedown-handling",
        "misused computers are taken down",
        &[
            "takedown",
            "takedowns",
            "botnet*",
            "abuse handling",
            "internet service providers",
            "clean up of infected",
        ],
    ),
    (
        "vulnerability-handling",
        "weaknesses are found, told and mended",
        &[
            "vulnerability disclosure",
            "vulnerability management",
            "vulnerability assessment*",
            "penetration test*",
            "patch management",
            "취약점",
        ],
    ),
    (
        "virtual-asset-screening",
        "stolen virtual assets are recognised and held",
        &[
            "virtual asset*",
            "cryptocurrenc*",
            "crypto asset*",
            "blockchain analysis",
            "가상 자산",
            "암호 화폐",
            "暗号資産",
        ],
    ),
    (
        "intelligence-sharing",
        "what is known of threats is passed on",
        &[
            "threat intelligence",
            "information sharing",
            "threat sharing",
            "isac",
            "partage d information*",
            "정보 공유",
        ],
    ),
    (
        "law-and-prosecution",
        "laws on cybercrime, and those who carry them out",
        &[
            "cybercrime*",
            "cyber crime*",
            "computer crime*",
            "budapest convention",
            "electronic evidence",
            "digital evidence",
            "cybercriminalite",
            "ciberdelincuencia",
            "ciberdelito*",
            "cibercrimen*",
            "delitos informaticos",
            "kejahatan siber",
            "사이버 범죄",
            "サイバー犯罪",
            "网络犯罪",
        ],
    ),
    (
        "strategy",
        "a strategy, and who carries it out",
        &[
            "cybersecurity strategy",
            "cyber security strategy",
            "cyber strategy",
            "cybersecurity policy",
            "cyber security policy",
            "national strategy",
            "strategie nationale",
            "estrategia nacional",
            "strategi nasional",
            "마스터 플랜",
            "국가 전략",
        ],
    ),
    (
        "skills",
        "people who were taught it",
        &[
            "cybersecurity training",
            "cyber security training",
            "capacity building",
            "training",
            "workshop*",
            "scholarship*",
            "curriculum",
            "formation",
            "renforcement des capacites",
            "capacitacion",
            "fortalecimiento de capacidades",
            "capacitacao",
            "pelatihan",
            "역량 강화",
            "초청 연수",
            "인력 양성",
            "人材育成",
            "能力向上",
        ],
    ),
    (
        "critical-infrastructure",
        "what a country can't do without is protected",
        &[
            "critical infrastructure*",
            "critical information infrastructure*",
            "infrastructures critiques",
            "infraestructura critica",
            "infraestructuras criticas",
            "기반 시설",
        ],
    ),
];

static FINDER: LazyLock<Option<Finder<&'static str>>> = LazyLock::new(|| {
    Finder::new(LIST.iter().flat_map(|(name, _, words)| words.iter().map(|word| (*word, *name))))
});

/// All names, with what each is.
pub fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    LIST.iter().map(|(name, about, _)| (*name, *about))
}

/// What a capability is; of one that is not in the list, its name.
#[must_use]
pub fn about(name: &str) -> &str {
    LIST.iter().find(|(known, _, _)| *known == name).map_or(name, |(_, about, _)| about)
}

/// What an activity says that it builds, by name; each once.
#[must_use]
pub fn built(activity: &Activity) -> Vec<&'static str> {
    let Some(finder) = FINDER.as_ref() else { return Vec::new() };
    let results = activity.results.iter().flat_map(|result| {
        result.title.iter().chain(result.indicators.iter().flat_map(|indicator| &indicator.title))
    });
    let mut built: Vec<&'static str> = Vec::new();
    for text in activity.title.iter().chain(&activity.description).chain(results) {
        let text = folded(&text.text);
        for (name, _) in finder.find(&text) {
            if !built.contains(name) {
                built.push(name);
            }
        }
    }
    built.sort_unstable();
    built
}

/// Whether a project that builds `built` and is called `title` serves a capability.
#[must_use]
pub fn serves(built: &[&str], title: &str, capability: &str) -> bool {
    if built.contains(&capability) {
        return true;
    }
    let is_known = LIST.iter().any(|(known, _, _)| *known == capability);
    !is_known && {
        let (words, title) = (folded(capability), folded(title));
        !words.is_empty() && title.contains(&words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aid::activity::Text;

    #[test]
    fn what_is_built_is_in_the_words() {
        let activity = |title: &str| Activity {
            title: vec![Text { language: None, text: title.to_owned() }],
            ..Activity::default()
        };
        assert_eq!(built(&activity("Establishing a CSIRT, with training")), ["incident-response", "skills"]);
        assert_eq!(built(&activity("캄보디아 사이버범죄 대응 역량강화")), ["law-and-prosecution", "skills"]);
        assert!(built(&activity("Rural roads")).is_empty());
        assert!(all().all(|(name, about)| !name.is_empty() && !about.is_empty()));
    }

    #[test]
    fn a_need_of_another_name_is_found_by_its_words() {
        assert!(serves(&[], "Quantum networks for Fiji", "quantum-networks"));
        assert!(!serves(&[], "Skills", "skills"));
        assert!(serves(&["skills"], "", "skills"));
        assert!(!serves(&[], "anything", ""));
    }
}
