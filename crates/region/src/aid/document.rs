//! A plan as a document for people to change: its pieces, as a text with headings (CommonMark); and as a table.

use super::plan::{Beside, Part, Plan, Sign};
use super::project::Phase;
use super::told::table;
use super::words;
use crate::capacity::words::Language;
use crate::transit::Country;

/// A piece of a document, without any markup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// A heading.
    Heading(String),
    /// What comes under a heading.
    Subheading(String),
    /// A paragraph.
    Text(String),
    /// What is said beside.
    Soft(String),
    /// Items without an order.
    Bullets(Vec<String>),
}

/// A plan as people read it, whatever it is written on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its title.
    pub title: String,
    /// For whom it was drafted, and when.
    pub dateline: String,
    /// The rest, in its order.
    pub pieces: Vec<Piece>,
}

/// The plan as a document, in the language in which it was drafted. `named` says what a country is called.
#[must_use]
pub fn document(plan: &Plan, named: impl Fn(Country) -> String) -> Document {
    let (language, name, day) = (plan.language, plan.drafter.name.as_str(), plan.day);
    let (begins, ends) = plan.period;
    let (title, dateline) = match language {
        Language::English => (
            format!("Plan for cyber security, {begins} to {ends}"),
            format!("Drafted for {name} as of {day}. A draft is for people to change."),
        ),
        Language::Korean => (
            format!("사이버보안 지원 계획, {begins} – {ends}"),
            format!("작성 기관: {name}, 기준일: {day}. 초안은 사람이 고쳐 쓰는 것입니다."),
        ),
    };
    let mut pieces = vec![Piece::Text(crate::transit::words::caveat(language).to_owned())];
    for (number, part) in plan.parts.iter().enumerate() {
        let place = named(part.country);
        pieces.push(Piece::Heading(format!("{}. {place}: {}", number + 1, part.about)));
        let served = words::state(part.state, language);
        pieces.push(Piece::Text(match language {
            Language::English => format!("Served today: {served}."),
            Language::Korean => format!("현재: {served}."),
        }));
        if let Some(share) = part.removes.map(percent) {
            pieces.push(Piece::Text(match language {
                Language::English => {
                    format!("Of the attacks that were seen, {share} would not have come through had this country acted sooner.")
                }
                Language::Korean => {
                    format!("관측된 공격 가운데 {share}는 이 국가가 더 빨리 대응했다면 통과하지 못했을 것입니다.")
                }
            }));
        }
        let lists = [
            (("Why", "이유"), part.why.clone()),
            (
                ("How one will see whether it worked", "성과 지표"),
                part.signs.iter().map(|sign| aim(sign, language)).collect(),
            ),
            (
                ("Projects on the same need", "같은 역량의 사업"),
                part.beside.iter().map(|one| beside(one, language)).collect(),
            ),
            (("Donors with other projects there", "그곳에서 사업하는 공여자"), part.donors_there.clone()),
        ];
        for (heading, items) in lists.into_iter().filter(|(_, items)| !items.is_empty()) {
            pieces.push(Piece::Subheading(language.pick(heading).to_owned()));
            pieces.push(Piece::Bullets(items));
        }
        let (sector, targets, identifier) = (part.sector, part.targets.join(", "), &part.identifier);
        pieces.push(Piece::Soft(match language {
            Language::English => format!(
                "Purpose code {sector}; targets of the goals for sustainable development: {targets}. In IATI: {identifier}"
            ),
            Language::Korean => {
                format!("목적 코드 {sector}; 지속가능발전목표 세부목표: {targets}. IATI: {identifier}")
            }
        }));
    }
    Document { title, dateline, pieces }
}

/// The plan as a text with headings; `named` as in [`document`].
#[must_use]
pub fn text(plan: &Plan, named: impl Fn(Country) -> String) -> String {
    let document = document(plan, named);
    let mut out = format!("# {}\n\n{}\n", marked(&document.title), marked(&document.dateline));
    for piece in &document.pieces {
        out.push('\n');
        match piece {
            Piece::Heading(text) => out.push_str(&format!("## {}\n", marked(text))),
            Piece::Subheading(text) => out.push_str(&format!("### {}\n", marked(text))),
            Piece::Text(text) | Piece::Soft(text) => out.push_str(&format!("{}\n", marked(text))),
            Piece::Bullets(items) => {
                items.iter().for_each(|item| out.push_str(&format!("- {}\n", marked(item))));
            }
        }
    }
    out
}

/// What a sign is to become, as a sentence.
#[must_use]
pub fn aim(sign: &Sign, language: Language) -> String {
    let about = sign.about;
    match language {
        Language::English => {
            let baseline =
                sign.baseline.map_or("not measured".to_owned(), |(day, value)| format!("{value} on {day}"));
            let target =
                sign.target.map_or("the aim is to be set".to_owned(), |value| format!("to become {value}"));
            format!("{about}: now {baseline}, {target}")
        }
        Language::Korean => {
            let baseline = sign
                .baseline
                .map_or("측정되지 않음".to_owned(), |(day, value)| format!("{value} ({day})"));
            let target = sign.target.map_or("정할 것".to_owned(), |value| value.to_string());
            format!("{about}: 현재 {baseline}, 목표 {target}")
        }
    }
}

/// A project beside a part, as a sentence.
#[must_use]
pub fn beside(one: &Beside, language: Language) -> String {
    let until = one.ends.map(|ends| match (language, one.phase) {
        (Language::English, Phase::Ended) => format!(" on {ends}"),
        (Language::English, _) => format!(" until {ends}"),
        (Language::Korean, Phase::Ended) => format!(" {ends}"),
        (Language::Korean, _) => format!(" {ends}까지"),
    });
    let (until, donors) = (until.unwrap_or_default(), one.donors.join(", "));
    let phase = words::phase(one.phase, language);
    let by = language.pick((") by ", "), 공여자 "));
    format!("{} ({}; {phase}{until}{by}{donors}", one.title, one.identifier)
}

/// A share in percent, with one digit behind the point.
#[must_use]
pub fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// The plan as CSV: a line for each part.
#[must_use]
pub fn csv(plan: &Plan) -> String {
    let head = [
        "part",
        "identifier",
        "country",
        "capability",
        "about",
        "served",
        "removes",
        "why",
        "signs",
        "beside",
        "donors_there",
        "sector",
        "targets",
    ];
    let row = |(number, part): (usize, &Part)| {
        [
            (number + 1).to_string(),
            part.identifier.clone(),
            part.country.code().to_owned(),
            part.capability.clone(),
            part.about.clone(),
            part.state.name().to_owned(),
            part.removes.map(|share| share.to_string()).unwrap_or_default(),
            part.why.join("; "),
            part.signs.iter().map(|sign| aim(sign, plan.language)).collect::<Vec<_>>().join("; "),
            part.beside.iter().map(|one| beside(one, plan.language)).collect::<Vec<_>>().join("; "),
            part.donors_there.join("; "),
            part.sector.to_owned(),
            part.targets.join(" "),
        ]
    };
    table(&head, plan.parts.iter().enumerate().map(row))
}

/// What others wrote, so that it is text and no markup.
fn marked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars().filter(|letter| !letter.is_control()) {
        if matches!(letter, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '!') {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aid::coverage::coverage;
    use crate::aid::plan::{Drafter, From, Wish, draft};
    use crate::aid::{Need, need};
    use jiff::civil::date;

    #[test]
    fn what_others_wrote_is_text_and_no_markup() {
        let (needs, _): (Vec<Need>, _) =
            need::read("country,capability,reasons\nKH,skills,<b> & [x](y)\n".as_bytes()).unwrap();
        let coverage = coverage(&needs, &[], date(2026, 6, 1));
        let drafter = Drafter { reference: "=KR".into(), name: "# Korea".into(), kind: "10".into() };
        let wish =
            Wish { drafter, begins: date(2027, 1, 1), months: 12, most: 5, language: Language::English };
        let plan = draft(From { coverage: &coverage, projects: &[], helped: &[], measured: &[] }, &wish);
        let named = |country: Country| format!("Cambodia ({country})");
        let text = text(&plan, named);
        assert!(text.contains("\\<b\\> & \\[x\\](y)") && text.contains("\\# Korea"), "{text}");
        assert!(
            text.contains("## 1. Cambodia (KH): people who were taught it")
                && text.contains("Purpose code 22040"),
            "{text}"
        );
        let korean = Wish { language: Language::Korean, ..wish };
        let korean = draft(From { coverage: &coverage, projects: &[], helped: &[], measured: &[] }, &korean);
        let document = document(&korean, |_| "캄보디아".to_owned());
        assert_eq!(document.title, "사이버보안 지원 계획, 2027-01-01 – 2027-12-31");
        assert!(
            document.pieces.contains(&Piece::Heading("1. 캄보디아: 인력 양성".to_owned())),
            "{document:?}"
        );
        let table = csv(&plan);
        assert!(table.contains("'=KR-BONGSU-KH-skills,KH,skills") && table.lines().count() == 2, "{table}");
    }
}
