//! `bongsu region plan`: a draft of what is missing.

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use region::aid::coverage::coverage;
use region::aid::export::iati;
use region::aid::plan::{Drafter, From, Helped, Part, Plan, Wish, draft, helped_table};
use region::transit::NOT_ATTRIBUTION;
use serde_json::json;

use crate::answer::{Answer, counted, table};
use crate::cli::PlanArgs;
use crate::exit::{Exit, Failure};
use crate::terminal::{Terminal, visible};

use super::{read, write};

pub(super) fn run(args: &PlanArgs, terminal: &mut Terminal) -> Result<Answer, Failure> {
    if args.aid.needs.is_none() {
        return Err(Failure::usage("a plan is drafted from needs, and none are named")
            .hint("name a table with --needs: country,capability,reasons,weight"));
    }
    if args.by.trim().is_empty() || args.name.trim().is_empty() {
        return Err(Failure::usage("--by and --name say who drafts the plan: neither may be empty"));
    }
    let mut aid = read::all(&args.aid, terminal, |project| project.cyber.is_some())?;
    let helped: Vec<Helped> = match &args.helped {
        Some(path) => read::table(path, &mut aid.wrong, helped_table)?,
        None => Vec::new(),
    };
    let begins = match read::day(args.begins.as_deref())? {
        Some(day) => day,
        None => next_year(aid.day),
    };
    let projects = aid.projects.all();
    let covered = coverage(&aid.needs, projects, aid.day);
    let wish = Wish {
        drafter: Drafter { reference: args.by.clone(), name: args.name.clone(), kind: args.kind.clone() },
        begins,
        months: args.months,
        most: args.most,
    };
    let from = From { coverage: &covered, projects, helped: &helped, measured: &aid.measured };
    let plan = draft(from, &wish);
    if let Some(path) = &args.iati {
        write(path, iati(&plan, Timestamp::now()).as_bytes())?;
    }
    if let Some(path) = &args.text {
        write(path, document(&plan).as_bytes())?;
    }
    let mut text = overview(&plan);
    text.push_str(&aid.lines());
    let answer =
        json!({"plan": plan, "counts": covered.counts, "read": aid.told(), "caveat": NOT_ATTRIBUTION});
    let exit = if aid.is_incomplete() { Exit::Findings } else { Exit::Done };
    Ok(Answer::done(answer, text).ending(exit))
}

fn next_year(day: Date) -> Date {
    day.first_of_year().checked_add(Span::new().years(1)).unwrap_or(day)
}

fn overview(plan: &Plan) -> String {
    let row = |part: &Part| {
        vec![
            part.country.to_string(),
            visible(part.capability.as_bytes()),
            part.state.name().to_owned(),
            part.removes.map(percent).unwrap_or_default(),
            visible(part.why.first().map_or("", String::as_str).as_bytes()),
        ]
    };
    let rows: Vec<Vec<String>> = plan.parts.iter().map(row).collect();
    let table = table(&["where", "what", "served today", "removes", "why"], &rows);
    let left_out = match plan.left_out {
        0 => String::new(),
        more => format!("; {more} more needs are in no part: --most"),
    };
    format!("{table}\nA draft of {}{left_out}\n", counted(plan.parts.len() as u64, "part"))
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// The plan as a text with headings, for people to change.
fn document(plan: &Plan) -> String {
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
        let signs = part.signs.iter().map(|sign| {
            let baseline = sign
                .baseline
                .map_or("nothing was measured".to_owned(), |(day, value)| format!("{value} on {day}"));
            let target = sign.target.map_or("to be set".to_owned(), |value| value.to_string());
            format!("{}: now {baseline}, to become {target}", sign.about)
        });
        list(&mut out, "How one will see whether it worked", signs);
        let beside = part.beside.iter().map(|one| {
            let until = one.ends.map(|ends| format!(" until {ends}")).unwrap_or_default();
            format!(
                "{} ({}; {}{until}) by {}",
                marked(&one.title),
                marked(&one.identifier),
                one.phase.name(),
                marked(&one.donors.join(", "))
            )
        });
        list(&mut out, "Projects on the same need", beside);
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
