//! What a hunt found, passed on: as a STIX bundle, and to the node whose indicators were found.
//!
//! Values alone go out: no line, no file's name, no user, no address of one's own. What would be sent is shown first, whole.

mod bundle;
mod send;
mod tally;

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::cli::ReportArgs;
use crate::exit::Failure;
use crate::terminal::Terminal;
use bundle::{ForCircle, bundle, by_circle};
use deliver::watch_file::Header;
use send::{Node, Sent};
use serde_json::{Value, json};
use std::fmt::Write as _;

use crate::answer::counted;
use crate::terminal::visible;
pub(super) use tally::Tally;

/// Rows of the table that is shown; of more, `--json` and the bundle have all.
const ROWS_MAX: usize = 1_000;

/// Writes and sends what was found, as the arguments say.
///
/// # Errors
/// When the bundle can't be written, or the node does not take all of it; then the bundle lies in a file.
pub(super) fn report(
    args: &ReportArgs,
    header: &Header,
    is_proven: bool,
    tally: &Tally,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    tell(tally, terminal);
    let circles = by_circle(header, tally);
    let whole = bundle(&circles);
    match args.stix.as_deref() {
        Some(path) if path == Path::new("-") => terminal.write(format!("{whole:#}\n").as_bytes())?,
        Some(path) => written(path, &whole)?,
        None => {}
    }
    if !args.report {
        return Ok(());
    }
    if circles.is_empty() {
        terminal.note("Nothing was found, so there is nothing to report.");
        return Ok(());
    }
    let node = Node::new(args, header, is_proven).map_err(|failure| kept(args, &whole, tally, failure))?;
    let sightings: usize = circles.iter().map(|circle| circle.sightings).sum();
    shown(&circles, tally, node.host(), terminal)?;
    if !args.yes {
        let question = format!("Send {} to {}? [y/N] ", counted(sightings as u64, "sighting"), node.host());
        match terminal.ask(&question) {
            Some(true) => {}
            Some(false) => {
                terminal.note("Nothing was sent.");
                return Ok(());
            }
            None => {
                let failure = Failure::usage("nothing was sent: there is nobody to ask")
                    .hint("look at what would be sent, and say --yes");
                return Err(kept(args, &whole, tally, failure));
            }
        }
    }
    let mut sent = Sent::default();
    let outcome = node.send(&circles, &mut sent);
    told(&sent, node.host(), terminal)?;
    let failed = match outcome {
        Ok(()) if sent.refused.is_empty() => return Ok(()),
        Ok(()) => Failure::new(format!("{} did not take all of it", node.host())),
        Err(failure) => failure,
    };
    Err(kept(args, &whole, tally, failed))
}

/// What is to be said of the dates and limits.
fn tell(tally: &Tally, terminal: &mut Terminal) {
    if tally.misdated > 0 {
        terminal.note(&format!(
            "{} in lines dated before 2000 or after now: a clock was wrong there, so the sightings of these values say no time.",
            counted(tally.misdated, "find")
        ));
    }
    if tally.has_more {
        terminal.note(&format!(
            "More indicators were found than a report has room for: it has the first {} of them.",
            tally.sighted.len()
        ));
    }
}

fn written(path: &Path, bundle: &Value) -> Result<(), Failure> {
    let failed =
        |error: std::io::Error| Failure::new(format!("{} can't be written: {error}", path.display()));
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path).map_err(failed)?;
    file.write_all(format!("{bundle:#}\n").as_bytes()).and_then(|()| file.sync_all()).map_err(failed)
}

/// Sees to it that what was not sent is not lost.
fn kept(args: &ReportArgs, bundle: &Value, tally: &Tally, failed: Failure) -> Failure {
    let path = match args.stix.clone().filter(|path| path != Path::new("-")) {
        Some(path) => Ok(path),
        None => {
            let seconds = tally.now.to_string();
            let seconds = seconds.get(..19).unwrap_or_default().replace(':', "-");
            let path = PathBuf::from(format!("sightings-{seconds}.json"));
            written(&path, bundle).map(|()| path)
        }
    };
    match path {
        Ok(path) => Failure {
            message: format!("{}; the sightings are in {}", failed.message, path.display()),
            ..failed
        },
        Err(unwritten) => {
            Failure { message: format!("{}; and {}", failed.message, unwritten.message), ..failed }
        }
    }
}

/// Shows all that would be sent.
fn shown(circles: &[ForCircle], tally: &Tally, host: &str, terminal: &mut Terminal) -> Result<(), Failure> {
    if terminal.json() {
        let circles: Vec<Value> = circles
            .iter()
            .map(
                |circle| json!({"circle": circle.handle, "collection": circle.id, "objects": circle.objects}),
            )
            .collect();
        return terminal
            .write(format!("{}\n", json!({"report": {"to": host, "circles": circles}})).as_bytes());
    }
    let mut text = format!("To {host} would be sent, and nothing else:\n");
    let rows = tally.sighted.iter().take(ROWS_MAX).map(|((circle, indicator), sighted)| {
        let mut found: Vec<&str> = sighted.found.iter().map(watch::Value::text).collect();
        if sighted.has_more {
            found.push("…");
        }
        let times = sighted.times().map(|(first, last)| match first == last {
            true => first.to_string(),
            false => format!("{first} to {last}"),
        });
        [
            found.join(", "),
            sighted.count.to_string(),
            times.unwrap_or_else(|| "no time".to_owned()),
            circle.clone(),
            sighted.tlp.to_string(),
            indicator.clone(),
        ]
    });
    let heads = ["VALUE", "COUNT", "SEEN", "CIRCLE", "MARK", "INDICATOR"].map(str::to_owned);
    let rows: Vec<[String; 6]> =
        std::iter::once(heads).chain(rows).map(|row| row.map(|cell| visible(cell.as_bytes()))).collect();
    let widths =
        [0, 1, 2, 3, 4].map(|at: usize| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0));
    for [value, count, seen, circle, mark, indicator] in &rows {
        let [value_w, count_w, seen_w, circle_w, mark_w] = widths;
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "  {value:value_w$}  {count:>count_w$}  {seen:seen_w$}  {circle:circle_w$}  {mark:mark_w$}  {indicator}"
        );
    }
    if tally.sighted.len() > ROWS_MAX {
        let _ = writeln!(text, "  and {} more, which --stix FILE shows", tally.sighted.len() - ROWS_MAX);
    }
    terminal.write(text.as_bytes())
}

/// Says what the node took.
fn told(sent: &Sent, host: &str, terminal: &mut Terminal) -> Result<(), Failure> {
    if terminal.json() {
        let refused: Vec<Value> =
            sent.refused.iter().map(|(id, why)| json!({"id": id, "reason": why})).collect();
        let json = json!({"sent": {"to": host, "taken": sent.taken, "refused": refused}});
        return terminal.write(format!("{json}\n").as_bytes());
    }
    let mut text = format!("{host} took {}.\n", counted(sent.taken as u64, "sighting"));
    for (id, why) in &sent.refused {
        let _ = writeln!(text, "  {}: {}", visible(id.as_bytes()), visible(why.as_bytes()));
    }
    terminal.write(text.as_bytes())
}
