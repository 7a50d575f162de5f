//! `bongsu region projects`: who does what where, and what stands beside it.

use std::collections::BTreeMap;

use region::aid::coverage::{Coverage, State};
use region::aid::measured::NO_PROOF;
use region::aid::money::Rates;
use region::aid::project::Project;
use region::aid::timeline::timeline;
use region::aid::told::{Filter, From, Order, Told, why};
use region::capacity::country::Naming;
use region::capacity::words::Language;
use region::transit::Country;
use serde_json::json;

use crate::answer::{Answer, counted, table};
use crate::cli::ProjectsArgs;
use crate::exit::{Exit, Failure};
use crate::terminal::{Terminal, visible};

use super::{read, write};

/// Rows that people are shown; JSON and CSV have all.
const ROWS_MAX: usize = 200;

pub(super) fn run(args: &ProjectsArgs, terminal: &mut Terminal) -> Result<Answer, Failure> {
    let country = args.country.as_deref().map(Country::parse).transpose();
    let country = country.map_err(|error| Failure::usage(error.to_string()))?;
    // What the donor's name is asked for, is not asked of what serves a need: whoever pays for it serves it.
    let is_there = |project: &Project| {
        (!args.cyber || project.cyber.is_some())
            && country.is_none_or(|country| project.countries.contains(&country))
    };
    let mut aid = read::all(&args.aid, terminal, is_there)?;
    let rates = match &args.rates {
        Some(path) => Some(read::table(path, &mut aid.wrong, |file| Rates::read(&args.base, file))?),
        None => None,
    };
    let filter = Filter { country, donor: args.donor.clone(), ..Filter::default() };
    let needs = args.aid.needs.as_ref().map(|_| aid.needs.as_slice());
    let from = From { projects: aid.projects.all(), needs, measured: &aid.measured, day: aid.day };
    let told = Told::of(from, &filter, Order::Read);
    let projects = &told.projects;
    let converted =
        rates.as_ref().map(|rates| rates.sum(projects.iter().flat_map(|project| &project.amounts)));
    if let Some(path) = &args.csv {
        write(path, told.csv().as_bytes())?;
    }
    if let (Some(path), Some(country)) = (&args.svg, country) {
        let about: Vec<&Project> =
            projects.iter().copied().filter(|project| project.cyber.is_some()).collect();
        let naming = Naming::new(BTreeMap::new());
        let place = (country, naming.name(country, None, Language::English));
        let picture =
            timeline(place, &about, &aid.measured, aid.day, Language::English).ok_or_else(|| {
                Failure::new(format!("nothing with a date was read of {country}: there is no picture"))
            })?;
        write(path, picture.as_bytes())?;
    }
    let mut answer = serde_json::Value::Null;
    // For people nothing of it is made: of ten thousand projects it would be held beside them.
    if terminal.json() {
        answer = told.json(0, usize::MAX);
        answer["read"] = aid.told();
        answer["converted"] = json!(converted);
    }
    let mut text = rows(&told);
    text.push_str(&format!("\n{} of {} read", counted(projects.len() as u64, "project"), aid.projects.seen));
    let (cyber, sure) = told.cyber();
    text.push_str(&format!("; {cyber} about cyber security, {sure} of them for sure\n"));
    if told.budget.count > 0 {
        text.push_str(&format!("Budgets: {}\n", told.budget.told()));
    }
    if let Some(converted) = &converted {
        text.push_str(&format!(
            "By your rates: {} {} from {}; {} left out\n",
            converted.sum,
            converted.currency,
            counted(converted.count, "amount"),
            converted.left_out
        ));
    }
    if let Some(covered) = &told.coverage {
        text.push_str(&matrix(covered, told.all));
    }
    if !told.moved.is_empty() {
        text.push_str(&format!("\n{NO_PROOF}\n"));
        for (project, moved) in &told.moved {
            for one in moved {
                let line = format!(
                    "{} {}: {} {}\n",
                    project.identifier,
                    one.country,
                    one.figure,
                    one.verdict.words()
                );
                text.push_str(&visible(line.trim_end().as_bytes()));
                text.push('\n');
            }
        }
    }
    text.push_str(&aid.lines());
    let exit = if aid.is_incomplete() { Exit::Findings } else { Exit::Done };
    Ok(Answer::done(answer, text).ending(exit))
}

fn rows(told: &Told<'_>) -> String {
    let row = |project: &&Project| {
        let found = project.cyber.as_ref();
        let cells = [
            project.identifier.clone(),
            project.donors.join(", "),
            project.countries.iter().map(Country::code).collect::<Vec<_>>().join(" "),
            project.phase(told.day).name().to_owned(),
            found.map_or("", |found| found.certainty.name()).to_owned(),
            why(project).into_iter().next().unwrap_or_default(),
            project.title.clone(),
        ];
        cells.iter().map(|cell| visible(cell.chars().take(60).collect::<String>().as_bytes())).collect()
    };
    let projects = &told.projects;
    let rows: Vec<Vec<String>> = projects.iter().take(ROWS_MAX).map(row).collect();
    let mut text = table(&["project", "donor", "country", "stands", "cyber", "why", "title"], &rows);
    if projects.len() > ROWS_MAX {
        text.push_str(&format!("… {} more: --json and --csv have all\n", projects.len() - ROWS_MAX));
    }
    text
}

fn matrix(covered: &Coverage, projects: &[Project]) -> String {
    let row = |cell: &region::aid::coverage::Cell| {
        let who =
            cell.projects.iter().filter_map(|(at, _)| projects.get(*at)).map(|one| one.identifier.as_str());
        let ends = cell.endings.first().map(|ending| ending.ends.to_string()).unwrap_or_default();
        vec![
            cell.need.country.to_string(),
            visible(cell.need.capability.as_bytes()),
            cell.state.name().to_owned(),
            cell.overlapping.to_string(),
            ends,
            visible(who.take(5).collect::<Vec<_>>().join(" ").as_bytes()),
        ]
    };
    let rows: Vec<Vec<String>> = covered.cells.iter().take(ROWS_MAX).map(row).collect();
    let counts = covered.counts;
    let blank = covered.cells.iter().filter(|cell| State::is_blank(cell.state)).count();
    let table = table(&["country", "need", "served", "overlaps", "ends", "projects"], &rows);
    format!(
        "\n{table}\n{}: {} covered, {} planned, {blank} blank; {} with overlaps, {} with an end and nothing after it\n",
        counted(counts.needs as u64, "need"),
        counts.covered,
        counts.planned,
        counts.overlapped,
        counts.ending
    )
}
