//! A CSIRT's own assessment by SIM3: its parameters by number, the levels 0 to 4, and a short question for each.
//!
//! The numbers, the levels and what each parameter is about are those of SIM3 version 1; the questions are this project's own and
//! stand for none of its text. An assessment is the team's own word and no audit: that is a certified auditor's.
//!
//! Source: Open CSIRT Foundation, Security Incident Management Maturity Model (SIM3), version 1: 44 parameters (O-6 is not used).

use std::collections::BTreeMap;

use policy::MemberId;
use serde::{Deserialize, Serialize};

use super::words::Language;
use crate::norms::is_day;

/// The model and its version, as they are shown.
pub const MODEL: &str = "SIM3 v1";
/// The highest level.
pub const LEVEL_MAX: u8 = 4;
/// Bytes of a file with answers.
pub const FILE_BYTES_MAX: usize = 64 * 1024;

/// A parameter: its number, and a question in English and Korean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    /// Its number, such as `O-1`.
    pub number: &'static str,
    question: (&'static str, &'static str),
}

impl Parameter {
    /// The question.
    #[must_use]
    pub const fn question(&self, language: Language) -> &'static str {
        language.pick(self.question)
    }

    /// The parameter with this number, in letters of either case.
    #[must_use]
    pub fn of(number: &str) -> Option<&'static Self> {
        ALL.iter().find(|one| one.number.eq_ignore_ascii_case(number.trim()))
    }
}

const fn ask(number: &'static str, english: &'static str, korean: &'static str) -> Parameter {
    Parameter { number, question: (english, korean) }
}

/// All parameters: organisation, people, tools, processes.
pub const ALL: [Parameter; 44] = [
    ask("O-1", "Who gave the team its task?", "팀에 임무를 부여한 곳이 있습니까?"),
    ask("O-2", "Whom does the team serve?", "팀이 담당하는 대상이 정해져 있습니까?"),
    ask("O-3", "What may it tell them to do?", "담당 대상에게 무엇을 요구할 권한이 있습니까?"),
    ask("O-4", "What does it answer for?", "팀의 책임 범위가 정해져 있습니까?"),
    ask(
        "O-5",
        "What does it do for them, and how is it reached?",
        "제공하는 서비스와 연락 방법이 적혀 있습니까?",
    ),
    ask("O-7", "How fast does it promise to react?", "대응 시간을 약속하고 있습니까?"),
    ask("O-8", "How does it sort incidents?", "사고를 분류하는 기준이 있습니까?"),
    ask("O-9", "Which bodies of such teams does it take part in?", "대응팀 협의체에 참여하고 있습니까?"),
    ask("O-10", "Is all of this in one document?", "이 내용을 한 문서로 정리했습니까?"),
    ask("O-11", "Which rules protect its own systems?", "팀 자체 시스템의 보안 규정이 있습니까?"),
    ask("H-1", "How are its people to behave?", "구성원의 행동 규범이 있습니까?"),
    ask("H-2", "Are there enough people when some are away?", "일부가 자리를 비워도 인력이 충분합니까?"),
    ask("H-3", "Which skills are needed for which work?", "업무별로 필요한 역량이 정해져 있습니까?"),
    ask("H-4", "How do new people learn the work?", "새 구성원을 가르치는 절차가 있습니까?"),
    ask("H-5", "Which technical training do they get outside?", "외부 기술 교육을 받습니까?"),
    ask("H-6", "Do they learn to speak to others, and to the press?", "소통과 언론 대응 교육을 받습니까?"),
    ask("H-7", "Do they meet other teams?", "다른 팀과 교류합니까?"),
    ask("T-1", "Which systems do those whom it serves have?", "담당 대상의 시스템 목록이 있습니까?"),
    ask("T-2", "Which sources does it follow?", "참고하는 정보원 목록이 있습니까?"),
    ask("T-3", "Do all of the team see the mail that comes in?", "들어오는 메일을 팀 전체가 볼 수 있습니까?"),
    ask("T-4", "Where are incidents written down and followed?", "사고를 기록하고 추적하는 도구가 있습니까?"),
    ask("T-5", "Can it telephone when its own lines are down?", "자체 회선이 끊겨도 전화할 수 있습니까?"),
    ask(
        "T-6",
        "Can it send mail when its own servers are down?",
        "자체 서버가 멈춰도 메일을 보낼 수 있습니까?",
    ),
    ask("T-7", "Has it another way to the Internet?", "다른 인터넷 회선이 있습니까?"),
    ask("T-8", "Which tools keep incidents from happening?", "사고를 예방하는 도구가 있습니까?"),
    ask("T-9", "Which tools show that one is happening?", "사고를 탐지하는 도구가 있습니까?"),
    ask("T-10", "Which tools help to end one?", "사고를 해결하는 도구가 있습니까?"),
    ask("P-1", "How are those who govern told?", "상위 기관에 알리는 절차가 있습니까?"),
    ask("P-2", "How is the press office told?", "홍보 부서에 알리는 절차가 있습니까?"),
    ask("P-3", "How are lawyers brought in?", "법무 부서를 참여시키는 절차가 있습니까?"),
    ask("P-4", "How does it prevent incidents?", "사고를 예방하는 절차가 있습니까?"),
    ask("P-5", "How does it notice incidents?", "사고를 알아차리는 절차가 있습니까?"),
    ask("P-6", "How does it end incidents?", "사고를 해결하는 절차가 있습니까?"),
    ask(
        "P-7",
        "What is done for kinds of incident of their own, such as phishing?",
        "피싱 등 유형별 대응 절차가 있습니까?",
    ),
    ask(
        "P-8",
        "How does it find out whether it does well?",
        "팀의 성과를 점검하고 의견을 듣는 절차가 있습니까?",
    ),
    ask("P-9", "How is it reached in an emergency?", "긴급할 때 연락하는 절차가 있습니까?"),
    ask(
        "P-10",
        "Is it found where others look: mailboxes and pages?",
        "널리 쓰는 메일 주소와 웹 페이지로 찾을 수 있습니까?",
    ),
    ask(
        "P-11",
        "How is confidential information kept and marked?",
        "기밀 정보를 다루고 표시하는 절차가 있습니까?",
    ),
    ask("P-12", "How are its sources judged and used?", "정보원을 평가하고 활용하는 절차가 있습니까?"),
    ask(
        "P-13",
        "How does it reach out to those whom it serves?",
        "담당 대상에게 먼저 다가가는 활동을 합니까?",
    ),
    ask("P-14", "What is reported to those who govern?", "상위 기관에 정기적으로 보고합니까?"),
    ask("P-15", "What statistics are told to those whom it serves?", "담당 대상에게 통계를 알립니까?"),
    ask("P-16", "How does the team meet?", "팀 회의를 정해진 방식으로 합니까?"),
    ask("P-17", "How does it work with other teams?", "다른 팀과 협력하는 절차가 있습니까?"),
];

/// What a level means, in this project's words.
#[must_use]
pub const fn level_words(level: u8, language: Language) -> &'static str {
    language.pick(match level {
        0 => ("not there", "없음"),
        1 => ("known, not written down", "알고 있으나 문서 없음"),
        2 => ("written down, not approved", "문서는 있으나 승인 안 됨"),
        3 => ("approved by the head of the team", "팀장이 승인함"),
        _ => ("and checked from above, again and again", "상위 기관이 정기 점검함"),
    })
}

/// What a member says of itself. Parameters that it leaves out are not known, and not 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Assessment {
    /// Whose word it is.
    pub member: MemberId,
    /// The day as of which it is so, `YYYY-MM-DD`.
    pub day: String,
    /// Levels by parameter.
    pub levels: BTreeMap<String, u8>,
}

/// Why an assessment can't be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AssessmentError {
    /// A parameter that SIM3 does not have.
    #[error(
        "{place}`{number}` is no parameter of SIM3 v1: O-1 to O-11 without O-6, H-1 to H-7, T-1 to T-10, P-1 to P-17"
    )]
    Parameter {
        /// Where it stands, such as `line 3: `, or nothing.
        place: String,
        /// What stands there.
        number: String,
    },
    /// A level that is none.
    #[error("{place}the level of {number} is `{level}`: levels go from 0 to {LEVEL_MAX}")]
    Level {
        /// Where it stands.
        place: String,
        /// The parameter.
        number: String,
        /// What stands there.
        level: String,
    },
    /// A parameter that comes twice.
    #[error("{place}{number} was answered before")]
    Twice {
        /// Where it stands.
        place: String,
        /// The parameter.
        number: String,
    },
    /// No answer at all.
    #[error("nothing is answered: a line for each parameter, such as `O-1 3`")]
    Empty,
    /// The file is too long.
    #[error("it is longer than {} KiB", FILE_BYTES_MAX / 1024)]
    Long,
    /// The day.
    #[error("`{0}` is no day: write it as 2026-11-29")]
    Day(String),
}

/// One answer, judged; a level that is left empty is none.
///
/// # Errors
/// [`AssessmentError`], which says where it stands.
pub fn answer(place: &str, number: &str, level: &str) -> Result<Option<(&'static str, u8)>, AssessmentError> {
    let short = |text: &str| text.chars().take(20).collect::<String>();
    let place = place.to_owned();
    let Some(parameter) = Parameter::of(number) else {
        return Err(AssessmentError::Parameter { place, number: short(number) });
    };
    match level.trim() {
        "" | "-" => Ok(None),
        text => match text.parse::<u8>().ok().filter(|level| *level <= LEVEL_MAX) {
            Some(level) => Ok(Some((parameter.number, level))),
            None => {
                Err(AssessmentError::Level { place, number: parameter.number.to_owned(), level: short(text) })
            }
        },
    }
}

/// The answers of a file: on each line a parameter and its level, with a space, comma, semicolon or `=` between them; what follows
/// `#` counts for nothing. A first line of names is passed over.
///
/// # Errors
/// [`AssessmentError`] with the line.
pub fn read(text: &str) -> Result<BTreeMap<String, u8>, AssessmentError> {
    if text.len() > FILE_BYTES_MAX {
        return Err(AssessmentError::Long);
    }
    let mut levels = BTreeMap::new();
    for (at, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        let mut words = line.split([' ', '\t', ',', ';', '=']).filter(|word| !word.is_empty());
        let Some(number) = words.next() else { continue };
        if at == 0 && number.eq_ignore_ascii_case("parameter") {
            continue;
        }
        let place = format!("line {}: ", at + 1);
        if let Some((number, level)) = answer(&place, number, words.next().unwrap_or_default())?
            && levels.insert(number.to_owned(), level).is_some()
        {
            return Err(AssessmentError::Twice { place, number: number.to_owned() });
        }
    }
    match levels.is_empty() {
        true => Err(AssessmentError::Empty),
        false => Ok(levels),
    }
}

impl Assessment {
    /// Whether it keeps to the model.
    ///
    /// # Errors
    /// [`AssessmentError`].
    pub fn check(&self) -> Result<(), AssessmentError> {
        for (number, level) in &self.levels {
            answer("", number, &level.to_string())?;
        }
        match (self.levels.is_empty(), is_day(&self.day)) {
            (true, _) => Err(AssessmentError::Empty),
            (_, false) => Err(AssessmentError::Day(self.day.chars().take(20).collect())),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn the_parameters_are_those_of_the_model() {
        let of = |letter: &str| ALL.iter().filter(|one| one.number.starts_with(letter)).count();
        assert_eq!(["O-", "H-", "T-", "P-"].map(of), [10, 7, 10, 17]);
        assert!(Parameter::of("O-6").is_none() && Parameter::of(" p-17").is_some());
        for one in ALL {
            assert!(
                one.question(Language::Korean).chars().any(|c| ('가'..='힣').contains(&c)),
                "{}",
                one.number
            );
            assert_ne!(one.question(Language::English), one.question(Language::Korean));
        }
    }

    #[test]
    fn a_file_is_read_and_what_is_wrong_is_told_with_its_line() {
        let levels = read("parameter,level\nO-1,3\n# people\nh-1 = 0 # nothing yet\nT-1;\nP-17 4\n").unwrap();
        let expected =
            [("H-1", 0), ("O-1", 3), ("P-17", 4)].map(|(number, level)| (number.to_owned(), level));
        assert_eq!(levels, BTreeMap::from(expected));
        for (text, told) in [
            ("O-1 3\nO-6 1\n", "line 2: `O-6` is no parameter"),
            ("O-1 5\n", "line 1: the level of O-1 is `5`"),
            ("O-1 3\n\no-1 3\n", "line 3: O-1 was answered before"),
            ("# nothing\n", "nothing is answered"),
        ] {
            assert!(read(text).unwrap_err().to_string().contains(told), "{text}");
        }
        assert_eq!(read(&"O-1 3\n".repeat(20_000)), Err(AssessmentError::Long));
    }

    #[test]
    fn an_assessment_keeps_to_the_model() {
        let good = Assessment {
            member: MemberId::new(Uuid::from_u128(1)),
            day: "2026-11-29".to_owned(),
            levels: BTreeMap::from([("O-1".to_owned(), 4)]),
        };
        assert_eq!(good.check(), Ok(()));
        let changes: [fn(&mut Assessment); 4] = [
            |one| one.levels.clear(),
            |one| one.day = "yesterday".to_owned(),
            |one| one.levels.extend([("O-6".to_owned(), 1)]),
            |one| one.levels.extend([("O-2".to_owned(), 5)]),
        ];
        for (turn, change) in changes.into_iter().enumerate() {
            let mut bad = good.clone();
            change(&mut bad);
            assert!(bad.check().is_err(), "{turn}");
        }
    }
}
