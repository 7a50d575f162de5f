//! `bongsu case list` and `show`.

use crate::answer::{Answer, table};
use crate::cli::CaseShowArgs;
use crate::command::trace::{crossings, when};
use crate::exit::Failure;
use crate::node::Node;
use crate::terminal::visible;
use serde_json::{Value, json};
use std::fmt::Write as _;
use trace::U256;
use trace::case::{Case, Figures, Request, Standing, State, Sums, ToTell};
use trace::units::{lasted, share};

use super::retrace::{self, ALERT, amount};

pub(super) fn list(node: &Node) -> Result<Answer, Failure> {
    node.cases.look(|cases| {
        let rows: Vec<Vec<String>> = cases.all().map(row).collect();
        let text = match rows.is_empty() {
            true => "No cases. `bongsu case new CASE --title TITLE --store STORE --victim ADDRESS --thief ADDRESS` opens one.\n".to_owned(),
            false => table(&["CASE", "SINCE", "STATE", "STOLEN", "STOPPABLE", "FROZEN", "ALERTS", "TITLE"], &rows),
        };
        let all: Vec<Value> = cases.all().map(shown).collect();
        Ok(Answer::done(json!({"cases": all}), text))
    })
}

fn row(case: &Case) -> Vec<String> {
    let sums: &[Sums] = case.traced.as_ref().map_or(&[], |(_, sums)| sums);
    // What was stolen most of stands for the case; `show` has all.
    let first = sums.first().map(|sums| (sums, case.standing(sums)));
    let part = |of: fn(&Standing) -> U256| {
        first.as_ref().map_or_else(String::new, |(_, standing)| share(of(standing), standing.stolen))
    };
    vec![
        case.handle.clone(),
        case.opened.date(),
        if case.closed.is_some() { "closed" } else { "open" }.to_owned(),
        first.as_ref().map_or_else(
            || "not traced".to_owned(),
            |(sums, _)| amount(sums.stolen, &sums.asset, sums.decimals),
        ),
        part(Standing::stoppable),
        part(|standing| standing.frozen),
        case.alerts.len().to_string(),
        visible(case.definition.title.as_bytes()),
    ]
}

pub(super) fn one(node: &Node, args: &CaseShowArgs) -> Result<Answer, Failure> {
    node.cases.look(|cases| {
        let case = cases.get(&args.handle)?;
        let crossed = kept_crossings(node, &args.handle);
        let mut json = shown(case);
        let mut text = told(case, args.most);
        holders(node, &args.handle, args.most, &mut text);
        crossings::shown(&crossed, args.most, &mut text);
        json["crossings"] = crossed;
        Ok(Answer::done(json, text))
    })
}

/// Who without a label holds something, as the last trace found it: for each asset the one with most first.
fn holders(node: &Node, handle: &str, most: usize, text: &mut String) {
    let file = std::fs::read(node.case_files.join(handle).join("found.json"));
    let found: Value = file.ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
    let all: Vec<&Value> = found
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|found| found["holders"].as_array())
        .flatten()
        .collect();
    let rows: Vec<Vec<String>> = all.iter().take(most).filter_map(|holder| held(holder)).collect();
    if !rows.is_empty() {
        let header = ["AMOUNT", "SINCE (UTC)", "HOPS", "ADDRESS"];
        let _ = write!(text, "\nWho holds it\n{}", table(&header, &rows));
        if all.len() > most {
            let _ = writeln!(text, "and {} more: --most N shows them", all.len() - most);
        }
    }
}

fn held(holder: &Value) -> Option<Vec<String>> {
    let (asset, first) = (&holder["asset"], holder["first"]["time"].as_str()?);
    let units = U256::from_str_radix(holder["tainted"].as_str()?, 10).ok()?;
    let decimals = asset["decimals"].as_u64().and_then(|decimals| u8::try_from(decimals).ok());
    let name = holder["label"]["name"].as_str().map_or_else(String::new, |name| format!(" ({name})"));
    let address = format!("{}{name}", holder["address"].as_str()?);
    Some(vec![
        amount(units, asset["name"].as_str()?, decimals),
        first.get(..19).unwrap_or(first).replace('T', " "),
        holder["hop"].to_string(),
        visible(address.as_bytes()),
    ])
}

/// What crossed bridges and pools, as the last trace found it; null before the first.
fn kept_crossings(node: &Node, handle: &str) -> Value {
    let file = std::fs::read(node.case_files.join(handle).join("crossings.json"));
    file.ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

fn told(case: &Case, most: usize) -> String {
    // Writing to a string does not fail.
    let mut text = format!(
        "{} ({}), since {} UTC\n",
        visible(case.definition.title.as_bytes()),
        case.handle,
        minute(case.opened)
    );
    if let Some((at, why)) = &case.closed {
        let _ = writeln!(text, "Closed on {}: {}", minute(*at), visible(why.as_bytes()));
    }
    match &case.traced {
        None => text.push_str("\nIt was not traced yet: bongsu case trace\n"),
        Some((at, sums)) => {
            let until = sums.iter().map(|sums| sums.until).max().unwrap_or_default();
            let method = &case.definition.method;
            let _ = writeln!(
                text,
                "\nWhere it is (by {method}, transfers up to {} UTC, traced {})",
                when(until),
                minute(*at)
            );
            for (at, sums) in sums.iter().enumerate() {
                if at > 0 {
                    text.push('\n');
                }
                standing(case, sums, &mut text);
            }
        }
    }
    alerts(case, most, &mut text);
    mails(case, &mut text);
    requests(case, &mut text);
    let figures = figures(&case.figures());
    if !figures.is_empty() {
        let _ = writeln!(text, "\n{figures}");
    }
    for (at, note) in &case.notes {
        let _ = writeln!(text, "\n{}  {}", minute(*at), visible(note.as_bytes()));
    }
    text
}

fn standing(case: &Case, sums: &Sums, text: &mut String) {
    let standing = case.standing(sums);
    let line = |what: &str, part: U256| {
        vec![format!("  {what}"), amount(part, &sums.asset, sums.decimals), share(part, standing.stolen)]
    };
    let mut rows = vec![
        line(&format!("stolen, on {}", visible(sums.chain.as_bytes())), standing.stolen),
        line("can still be stopped", standing.stoppable()),
        line("  held by addresses without a label", standing.held),
        line("  at services that can freeze it", standing.at_services),
    ];
    for (what, part) in [
        ("frozen", standing.frozen),
        ("gone on by a bridge or a swap", standing.crossed),
        ("out of reach", standing.lost),
        ("burnt", standing.burnt),
    ] {
        if !part.is_zero() {
            rows.push(line(what, part));
        }
    }
    let shown = table(&["", "", ""], &rows);
    text.extend(shown.lines().skip(1).map(|line| format!("{line}\n")));
}

fn alerts(case: &Case, most: usize, text: &mut String) {
    let rows: Vec<Vec<String>> = case
        .alerts
        .iter()
        .rev()
        .take(most)
        .filter_map(|alert| {
            let first = alert.arrivals.first()?;
            let asked = case.requests.iter().rposition(|one| one.arrivals.contains(first));
            let mut row = retrace::row(alert)?;
            row.push(asked.map_or_else(|| "-".to_owned(), |at| format!("request {}", at + 1)));
            Some(row)
        })
        .collect();
    if !rows.is_empty() {
        let header = [&ALERT[..], &["ASKED"]].concat();
        let _ = write!(text, "\nAlerts, the newest first\n{}", table(&header, &rows));
        if case.alerts.len() > most {
            let _ = writeln!(text, "and {} more: --most N shows them", case.alerts.len() - most);
        }
    }
}

/// Who is still to be told of alerts, or could not be.
fn mails(case: &Case, text: &mut String) {
    let row = |(to, waiting): (&str, &ToTell)| {
        let state = if waiting.is_over { "given up" } else { "waits" };
        let alerts = case.untold(waiting).len().to_string();
        let why = visible(waiting.why.as_deref().unwrap_or_default().as_bytes());
        vec![visible(to.as_bytes()), state.to_owned(), alerts, minute(waiting.since), why]
    };
    let rows: Vec<Vec<String>> = case.mails().map(row).collect();
    if !rows.is_empty() {
        let header = ["TO", "STATE", "ALERTS", "SINCE (UTC)", "WHY"];
        let _ = write!(text, "\nMails that were not taken\n{}", table(&header, &rows));
    }
}

/// As [`mails`], for programs.
fn mail(case: &Case, (to, waiting): (&str, &ToTell)) -> Value {
    json!({
        "to": to, "alerts": case.untold(waiting).len(), "since": waiting.since.to_string(), "why": waiting.why,
        "given_up": waiting.is_over,
    })
}

fn requests(case: &Case, text: &mut String) {
    let rows: Vec<Vec<String>> = case
        .requests
        .iter()
        .enumerate()
        .map(|(at, request)| {
            let since = request.steps.last().map(|step| minute(step.at)).unwrap_or_default();
            let note = request.steps.last().and_then(|step| step.note.as_deref()).unwrap_or_default();
            vec![
                (at + 1).to_string(),
                visible(request.service.as_bytes()),
                request.state().as_str().to_owned(),
                since,
                request.to_freeze().map(lasted).unwrap_or_default(),
                visible(request.to().unwrap_or_default().as_bytes()),
                visible(note.as_bytes()),
            ]
        })
        .collect();
    if !rows.is_empty() {
        let header = ["NUMBER", "SERVICE", "STATE", "SINCE (UTC)", "ARRIVAL TO FREEZE", "SENT TO", "NOTE"];
        let _ = write!(text, "\nRequests to freeze\n{}", table(&header, &rows));
    }
}

fn figures(figures: &Figures) -> String {
    let parts = [
        ("arrival to request", figures.to_send),
        ("request to acknowledgement", figures.to_acknowledge),
        ("arrival to freeze", figures.to_freeze),
    ];
    let told: Vec<String> =
        parts.iter().filter_map(|(what, seconds)| Some(format!("{what} {}", lasted((*seconds)?)))).collect();
    match told.is_empty() {
        true => String::new(),
        false => format!("Time (median): {}", told.join(", ")),
    }
}

pub(super) fn minute(at: stix::Timestamp) -> String {
    let text = at.to_string();
    text.get(..16).unwrap_or(&text).replace('T', " ")
}

/// A case for programs. Amounts are in the asset's smallest unit, as texts.
fn shown(case: &Case) -> Value {
    let sums = case.traced.iter().flat_map(|(_, sums)| sums);
    let where_it_is: Vec<Value> = sums
        .map(|sums| {
            let standing = case.standing(sums);
            json!({
                "chain": sums.chain, "asset": sums.asset, "decimals": sums.decimals, "stolen": standing.stolen.to_string(),
                "stoppable": standing.stoppable().to_string(), "held": standing.held.to_string(),
                "at_services": standing.at_services.to_string(), "frozen": standing.frozen.to_string(),
                "crossed": standing.crossed.to_string(), "lost": standing.lost.to_string(), "burnt": standing.burnt.to_string(),
                "holders": sums.holders,
            })
        })
        .collect();
    let figures = case.figures();
    json!({
        "case": case.handle, "opened": case.opened.to_string(), "definition": case.definition,
        "traced": case.traced.as_ref().map(|(at, _)| at.to_string()), "where": where_it_is,
        "alerts": case.alerts, "requests": case.requests.iter().enumerate().map(request).collect::<Vec<_>>(),
        "mails": case.mails().map(|one| mail(case, one)).collect::<Vec<_>>(),
        "seconds": {"to_send": figures.to_send, "to_acknowledge": figures.to_acknowledge, "to_freeze": figures.to_freeze},
        "notes": case.notes.iter().map(|(at, text)| json!({"at": at.to_string(), "text": text})).collect::<Vec<_>>(),
        "shared": case.shared.iter().map(|(at, circle, objects)| json!({"at": at.to_string(), "circle": circle, "objects": objects})).collect::<Vec<_>>(),
        "closed": case.closed.as_ref().map(|(at, why)| json!({"at": at.to_string(), "why": why})),
    })
}

fn request((at, request): (usize, &Request)) -> Value {
    json!({
        "number": at + 1, "service": request.service, "state": request.state().as_str(), "to": request.to(),
        "steps": request.steps, "arrivals": request.arrivals, "to_freeze": request.to_freeze(),
        "sent": request.when(State::Sent).map(|at| at.to_string()),
    })
}
