//! `bongsu region gaps`: the matrix, on the terminal, as JSON, as a table or as a picture.

use crate::answer::{Answer, table};
use crate::cli::{GapsArgs, GapsForm};
use crate::command::contact::{QUARTER_DAYS, looking};
use crate::exit::{Exit, Failure};
use crate::node::Node;
use region::capacity::gap::{Row, State, needs};
use region::capacity::words::Language;
use region::capacity::{Capability, country, picture};
use serde_json::{Value, json};
use std::fmt::Write as _;
use web::capacity::{Look, Matrix, Sources, matrix};
use web::page::Capacities as _;

use crate::capacity::Told;

/// Faults of tables that are printed; all are in JSON.
const FAULTS_SHOWN: usize = 10;

/// Shows gaps.
///
/// # Errors
/// When a member or country is unknown, or a line can't be read.
pub(super) fn run(node: &Node, args: &GapsArgs) -> Result<Answer, Failure> {
    let book = node.gate.book();
    let language = language(args.language.as_deref())?;
    let country = args.country.as_deref().map(country::of).transpose();
    let country = country.map_err(|error| Failure::usage(format!("--country: {error}")))?;
    let member = args.member.as_deref().map(|handle| node.active(&book, handle)).transpose()?;
    let looking = looking(node, &book, args.viewer.as_deref(), QUARTER_DAYS)?;
    let (register, capacity) = (node.region.register()?, node.capacity.register()?);
    let (indices, told) = node.capacity.indices();
    let takedowns = node.capacity.takedowns();
    let sources = Sources {
        gate: &node.gate,
        register: &register,
        capacity: &capacity,
        indices: &indices,
        naming: node.capacity.naming(),
        takedowns: &takedowns,
    };
    let mut found = matrix(&sources, &Look { looking, encrypted: true, language })
        .map_err(|error| Failure::new(format!("the gaps could not be read: {error}")))?;
    found.rows.retain(|row| {
        let is_country = country.is_none_or(|country| row.country == Some(country));
        let handle = row.member.as_ref().map(|party| party.handle.as_str());
        is_country && member.is_none_or(|member| handle == Some(&member.handle))
    });
    let mut json = web::page::gaps_json(&found, language);
    json["entries"] = json!(found.rows.len());
    json["tables"] = told.iter().map(shown).collect();
    let is_faulty =
        told.iter().any(|one| one.read.as_ref().is_ok_and(|read| read.faulty > 0) || one.read.is_err());
    let ending = if is_faulty { Exit::Findings } else { Exit::Done };
    let answer = match args.form {
        GapsForm::Told => Answer::done(json, text(&found, &told, args, language)),
        GapsForm::Csv => Answer::document(json, picture::csv(&found.rows, language).into_bytes()),
        GapsForm::Needs => {
            let needs = needs(&found.rows, language);
            Answer::document(json, picture::needs_csv(&needs).into_bytes())
        }
        GapsForm::Svg => Answer::document(json, picture::svg(&found.rows, language).into_bytes()),
    };
    Ok(answer.ending(ending))
}

/// The language that is asked for.
///
/// # Errors
/// When it is neither English nor Korean.
pub(super) fn language(tag: Option<&str>) -> Result<Language, Failure> {
    match tag {
        None | Some("en") => Ok(Language::English),
        Some("ko") => Ok(Language::Korean),
        Some(other) => {
            Err(Failure::usage(format!("--language: `{other}` is not spoken here; en and ko are")))
        }
    }
}

fn text(found: &Matrix, told: &[Told], args: &GapsArgs, language: Language) -> String {
    let mut text = match found.rows.as_slice() {
        [] => match (&args.country, &args.member) {
            (None, None) => {
                "Nothing to show: name tables of public models in region.indices, or add members.\n"
                    .to_owned()
            }
            _ => "Nothing to show: nothing is known of it, or it may not be seen.\n".to_owned(),
        },
        rows if args.country.is_some() || args.member.is_some() => {
            rows.iter().map(|row| reasons(row, language)).collect()
        }
        rows => overview(rows, language),
    };
    for (circle, _, shown) in &found.aggregates {
        let short = Capability::ALL.iter().zip(&shown.short);
        let short: Vec<String> = short
            .map(|(capability, range)| format!("{} {}–{}", capability.words(language), range.from, range.to))
            .collect();
        // Writing to a text does not fail.
        let _ =
            writeln!(text, "\nCircle {circle}, {} other members; fall short: {}", shown.of, short.join(", "));
    }
    for one in told {
        match &one.read {
            Err(why) => {
                let _ = writeln!(text, "\n{}: {why}", one.file);
            }
            Ok(report) => {
                for fault in report.faults.iter().take(FAULTS_SHOWN) {
                    let _ = writeln!(text, "{}: line {}: {}", one.file, fault.line, fault.why);
                }
                let more = report.faulty.saturating_sub(FAULTS_SHOWN as u64);
                if more > 0 {
                    let _ = writeln!(text, "{}: and {more} more", one.file);
                }
            }
        }
    }
    text
}

fn overview(rows: &[Row], language: Language) -> String {
    let header = ["PLACE", "DNS", "NET", "MAIL", "LOGS", "TAKE", "CALL", "COIN", "VULN", "SHARE", "NAME"];
    let line = |row: &Row| {
        let signs = row.cells.iter().map(|cell| cell.state.sign().to_owned());
        std::iter::once(row.place()).chain(signs).chain([row.title()]).collect()
    };
    let rows: Vec<Vec<String>> = rows.iter().map(line).collect();
    let states: Vec<String> =
        State::ALL.iter().map(|state| format!("{} {}", state.sign(), state.words(language))).collect();
    format!(
        "{}\n{}\nWith reasons: bongsu region gaps --country CC, or --member MEMBER\n",
        table(&header, &rows),
        states.join(", ")
    )
}

fn reasons(row: &Row, language: Language) -> String {
    let mut text = format!("{}\n", row.title());
    for cell in &row.cells {
        let _ = writeln!(
            text,
            "  {} {}: {}",
            cell.state.sign(),
            cell.capability.words(language),
            cell.state.words(language)
        );
        for reason in cell.reasons(language) {
            let _ = writeln!(text, "      {reason}");
        }
    }
    text
}

fn shown(told: &Told) -> Value {
    match &told.read {
        Ok(report) => {
            let faults = report.faults.iter().map(|fault| json!({"line": fault.line, "why": fault.why}));
            json!({
                "file": told.file, "rows": report.rows, "figures": report.figures, "faulty": report.faulty,
                "faults": faults.collect::<Vec<_>>(),
            })
        }
        Err(why) => json!({"file": told.file, "error": why}),
    }
}
