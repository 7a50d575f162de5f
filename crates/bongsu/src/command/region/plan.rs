//! `bongsu region plan`: a draft of what is missing.

use std::collections::BTreeMap;

use deliver::Letterhead;
use jiff::Timestamp;
use region::aid::coverage::coverage;
use region::aid::document::{percent, text};
use region::aid::export::iati;
use region::aid::plan::{Drafter, From, Helped, Part, Plan, Wish, draft, helped_table, next_year};
use region::capacity::country::Naming;
use region::capacity::words::Language;
use region::transit::NOT_ATTRIBUTION;
use serde_json::json;

use crate::answer::{Answer, counted, table};
use crate::cli::PlanArgs;
use crate::exit::{Exit, Failure};
use crate::terminal::{Terminal, visible};

use super::gaps::language;
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
        language: language(args.language.as_deref())?,
    };
    let from = From { coverage: &covered, projects, helped: &helped, measured: &aid.measured };
    let plan = draft(from, &wish);
    if let Some(path) = &args.iati {
        // Its narratives are marked as English.
        let english = draft(from, &Wish { language: Language::English, ..wish });
        write(path, iati(&english, Timestamp::now()).as_bytes())?;
    }
    let naming = Naming::new(BTreeMap::new());
    let named = |country| naming.name(country, None, plan.language).to_owned();
    if let Some(path) = &args.text {
        write(path, text(&plan, named).as_bytes())?;
    }
    if let Some(path) = &args.pdf {
        let made = web::page::plan_paper(&plan, named, args.tlp.into(), &Letterhead::default());
        write(path, &made.map_err(|error| Failure::new(error.to_string()))?)?;
    }
    let mut lines = overview(&plan);
    lines.push_str(&aid.lines());
    let answer =
        json!({"plan": plan, "counts": covered.counts, "read": aid.told(), "caveat": NOT_ATTRIBUTION});
    let exit = if aid.is_incomplete() { Exit::Findings } else { Exit::Done };
    Ok(Answer::done(answer, lines).ending(exit))
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
