//! A plan as a text with headings (CommonMark), for people to change, and as a table.

use super::plan::{Beside, Part, Plan, Sign};
use super::project::Phase;
use super::told::table;
use crate::transit::NOT_ATTRIBUTION;

/// The plan as a text with headings.
#[must_use]
pub fn text(plan: &Plan) -> String {
    let mut out = format!(
        "# Plan for cyber security, {} to {}\n\nDrafted for {} as of {}. A draft is for people to change.\n\n{NOT_ATTRIBUTION}\n",
        plan.period.0,
        plan.period.1,
        marked(&plan.drafter.name),
        plan.day
    );
    for (number, part) in plan.parts.iter().enumerate() {
        out.push_str(&format!("\n## {}. {}: {}\n\n", number + 1, part.country, marked(&part.about)));
        out.push_str(&format!("Served today: {}.\n", part.state.name()));
        if let Some(share) = part.removes {
            out.push_str(&format!(
                "\nOf the attacks that were seen, {} would not have come through had this country acted sooner.\n",
                percent(share)
            ));
        }
        list(&mut out, "Why", part.why.iter().map(|why| marked(why)));
        list(&mut out, "How one will see whether it worked", part.signs.iter().map(aim));
        list(&mut out, "Projects on the same need", part.beside.iter().map(|one| marked(&beside(one))));
        list(
            &mut out,
            "Donors with other projects there",
            part.donors_there.iter().map(|donor| marked(donor)),
        );
        out.push_str(&format!(
            "\nPurpose code {}; targets of the goals for sustainable development: {}. In IATI: {}\n",
            part.sector,
            part.targets.join(", "),
            marked(&part.identifier)
        ));
    }
    out
}

/// What a sign is to become, as a sentence.
#[must_use]
pub fn aim(sign: &Sign) -> String {
    let baseline =
        sign.baseline.map_or("not measured".to_owned(), |(day, value)| format!("{value} on {day}"));
    let target = sign.target.map_or("the aim is to be set".to_owned(), |value| format!("to become {value}"));
    format!("{}: now {baseline}, {target}", sign.about)
}

/// A project beside a part, as a sentence.
#[must_use]
pub fn beside(one: &Beside) -> String {
    let verb = if one.phase == Phase::Ended { "on" } else { "until" };
    let until = one.ends.map(|ends| format!(" {verb} {ends}")).unwrap_or_default();
    format!("{} ({}; {}{until}) by {}", one.title, one.identifier, one.phase.name(), one.donors.join(", "))
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
            part.signs.iter().map(aim).collect::<Vec<_>>().join("; "),
            part.beside.iter().map(beside).collect::<Vec<_>>().join("; "),
            part.donors_there.join("; "),
            part.sector.to_owned(),
            part.targets.join(" "),
        ]
    };
    table(&head, plan.parts.iter().enumerate().map(row))
}

fn list(out: &mut String, heading: &str, all: impl Iterator<Item = String>) {
    let mut all = all.peekable();
    if all.peek().is_some() {
        out.push_str(&format!("\n### {heading}\n\n"));
        all.for_each(|one| out.push_str(&format!("- {one}\n")));
    }
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
        let wish = Wish { drafter, begins: date(2027, 1, 1), months: 12, most: 5 };
        let plan = draft(From { coverage: &coverage, projects: &[], helped: &[], measured: &[] }, &wish);
        let text = text(&plan);
        assert!(text.contains("\\<b\\> & \\[x\\](y)") && text.contains("\\# Korea"), "{text}");
        assert!(
            text.contains("## 1. KH: people who were taught it") && text.contains("Purpose code 22040"),
            "{text}"
        );
        let table = csv(&plan);
        assert!(table.contains("'=KR-BONGSU-KH-skills,KH,skills") && table.lines().count() == 2, "{table}");
    }
}
