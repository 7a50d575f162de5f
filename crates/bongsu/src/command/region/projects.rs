//! `bongsu region projects`: who does what where, and what stands beside it.

use region::aid::coverage::{Coverage, State, coverage};
use region::aid::cyber::Certainty;
use region::aid::measured::{Moved, NO_PROOF, moved};
use region::aid::money::{Rates, Sums};
use region::aid::project::{Project, is_cyber};
use region::aid::timeline::timeline;
use region::text::harmless;
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
    let donor = args.donor.as_deref().map(str::to_lowercase);
    let is_asked = |project: &Project| {
        (!args.cyber || project.cyber.is_some())
            && country.is_none_or(|country| project.countries.contains(&country))
            && donor
                .as_deref()
                .is_none_or(|wanted| project.donors.iter().any(|donor| donor.to_lowercase().contains(wanted)))
    };
    let mut aid = read::all(&args.aid, terminal, is_asked)?;
    let rates = match &args.rates {
        Some(path) => Some(read::table(path, &mut aid.wrong, |file| Rates::read(&args.base, file))?),
        None => None,
    };
    let projects = aid.projects.all();
    let covered = args.aid.needs.as_ref().map(|_| coverage(&aid.needs, projects, aid.day));
    let beside: Vec<(&Project, Vec<Moved>)> = projects
        .iter()
        .filter(|project| project.cyber.is_some())
        .map(|project| (project, moved(project, &aid.measured)))
        .filter(|(_, moved)| !moved.is_empty())
        .collect();
    let mut budget = Sums::default();
    projects.iter().for_each(|project| budget.add_all(&project.budget));
    let converted =
        rates.as_ref().map(|rates| rates.sum(projects.iter().flat_map(|project| &project.amounts)));
    if let Some(path) = &args.csv {
        write(path, &csv(projects, &aid)?)?;
    }
    if let (Some(path), Some(country)) = (&args.svg, country) {
        let about: Vec<&Project> = projects.iter().filter(|project| project.cyber.is_some()).collect();
        let picture = timeline(country, &about, &aid.measured, aid.day).ok_or_else(|| {
            Failure::new(format!("nothing with a date was read of {country}: there is no picture"))
        })?;
        write(path, picture.as_bytes())?;
    }
    // For people nothing of it is made: for ten thousand projects it is three times what they themselves take.
    let answer = if terminal.json() {
        let moved: Vec<_> = beside
            .iter()
            .map(|(project, moved)| json!({"identifier": project.identifier, "moved": moved}))
            .collect();
        json!({
            "day": aid.day, "read": aid.told(), "projects": projects, "budget": budget, "converted": converted,
            "coverage": covered, "moved": moved, "caveat": NO_PROOF,
        })
    } else {
        serde_json::Value::Null
    };
    let mut text = told(projects, &aid);
    text.push_str(&format!("\n{} of {} read", counted(projects.len() as u64, "project"), aid.projects.seen));
    let sure = projects.iter().filter(|project| is_cyber(project, Certainty::Sure)).count();
    let cyber = projects.iter().filter(|project| project.cyber.is_some()).count();
    text.push_str(&format!("; {cyber} about cyber security, {sure} of them for sure\n"));
    if budget.count > 0 {
        text.push_str(&format!("Budgets: {}\n", budget.told()));
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
    if let Some(covered) = &covered {
        text.push_str(&matrix(covered, projects));
    }
    if !beside.is_empty() {
        text.push_str(&format!("\n{NO_PROOF}\n"));
        for (project, moved) in &beside {
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

fn told(projects: &[Project], aid: &read::Aid) -> String {
    let row = |project: &Project| {
        let found = project.cyber.as_ref();
        let why = found.and_then(|found| found.reasons.first());
        let cells = [
            project.identifier.clone(),
            project.donors.join(", "),
            project.countries.iter().map(Country::code).collect::<Vec<_>>().join(" "),
            project.phase(aid.day).name().to_owned(),
            found.map_or("", |found| found.certainty.name()).to_owned(),
            why.map(|why| format!("{}: {}", why.place, why.found)).unwrap_or_default(),
            project.title.clone(),
        ];
        cells.iter().map(|cell| visible(cell.chars().take(60).collect::<String>().as_bytes())).collect()
    };
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

fn csv(projects: &[Project], aid: &read::Aid) -> Result<Vec<u8>, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::new(format!("the table can't be made: {error}"));
    let mut out = csv::Writer::from_writer(Vec::new());
    let head = [
        "identifier",
        "title",
        "donors",
        "countries",
        "begins",
        "ends",
        "stands",
        "cyber",
        "why",
        "builds",
        "targets",
        "budget",
        "spent",
    ];
    out.write_record(head).map_err(|error| failed(&error))?;
    for project in projects {
        let day = |day: Option<jiff::civil::Date>| day.map(|day| day.to_string()).unwrap_or_default();
        let found = project.cyber.as_ref();
        let why = found.map(|found| {
            found
                .reasons
                .iter()
                .map(|why| format!("{}: {}", why.place, why.found))
                .collect::<Vec<_>>()
                .join("; ")
        });
        let row = [
            project.identifier.clone(),
            project.title.clone(),
            project.donors.join("; "),
            project.countries.iter().map(Country::code).collect::<Vec<_>>().join(" "),
            day(project.begins),
            day(project.ends),
            project.phase(aid.day).name().to_owned(),
            found.map_or("", |found| found.certainty.name()).to_owned(),
            why.unwrap_or_default(),
            project.builds.join(" "),
            project.targets.join(" "),
            project.budget.told(),
            project.spent.told(),
        ];
        out.write_record(row.map(harmless)).map_err(|error| failed(&error))?;
    }
    out.into_inner().map_err(|error| failed(&error))
}
