//! `bongsu audit screenings`: the record of screenings, whether it is as it was sealed, and proofs of single records.

use crate::answer::{Answer, table};
use crate::cli::ScreeningsArgs;
use crate::exit::{Exit, Failure};
use crate::node::Node;
use deliver::screening::Question;
use deliver::screening::audit::{Proof, Report, Wanted, audit, prove};
use deliver::screening::journal::{Key, Record};
use gate::NoteKey;
use serde_json::json;
use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::Path;

/// Bytes of a proof that are read.
const PROOF_BYTES_MAX: u64 = 16 * 1024 * 1024;

fn record(node: &Node) -> Result<BufReader<File>, Failure> {
    let path = &node.places.record;
    let file = File::open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Failure::new("nothing has been screened yet: there is no record")
            .hint("`bongsu screen VALUE` asks, and begins it"),
        _ => Failure::new(format!("{} can't be read: {error}", path.display())),
    })?;
    Ok(BufReader::with_capacity(1 << 20, file))
}

/// Holds the record against its seals and shows what was looked for, or makes a proof.
///
/// # Errors
/// When there is no record, or it can't be read.
pub(crate) fn run(node: &Node, args: &ScreeningsArgs) -> Result<Answer, Failure> {
    let unread = |error: std::io::Error| {
        Failure::new(format!("{} can't be read: {error}", node.places.record.display()))
    };
    // What was asked before is part of what is looked at.
    if node.places.record.exists() {
        node.open_screenings()?;
    }
    if let Err(error) = node.seal_screenings() {
        tracing::warn!(%error, "nothing is sealed");
    }
    let key = Key::of(node.gate.key());
    if let Some(wanted) = &args.proof {
        // What is not as it was sealed is signed by nobody.
        let report = audit(&mut record(node)?, &node.seals()?, &Wanted::default()).map_err(unread)?;
        if let Some(finding) = report.findings.first() {
            return Err(Failure::new(format!("nothing is proven of a record that does not hold: {finding}")));
        }
        let named = || (1..=report.records).find(|number| key.name(*number) == *wanted);
        let number = wanted.parse::<u64>().ok().filter(|number| *number <= report.records).or_else(named);
        let number = number.ok_or_else(|| Failure::new(format!("there is no record {wanted}")))?;
        if number > report.sealed {
            return Err(
                Failure::new(format!("record {wanted} is not sealed yet")).hint("try again in a minute")
            );
        }
        let proof = prove(&mut record(node)?, number, node.gate.key()).map_err(unread)?;
        let proof = proof.ok_or_else(|| Failure::new(format!("there is no record {wanted}")))?;
        let text = serde_json::to_string_pretty(&proof).unwrap_or_default();
        return Ok(Answer::done(json!(proof), text + "\n"));
    }
    let hashes = args.value.iter().flat_map(|value| key.hashes(&Question::of(value.as_str()))).collect();
    let wanted = Wanted { hashes, member: args.member.clone(), result: args.result.clone() };
    let report = audit(&mut record(node)?, &node.seals()?, &wanted).map_err(unread)?;
    let is_sound = report.findings.is_empty();
    let answer = Answer::done(json!(report), text(&report));
    Ok(if is_sound { answer } else { answer.ending(Exit::Findings) })
}

fn text(report: &Report) -> String {
    let rows: Vec<Vec<String>> = report.shown.iter().map(|(number, record)| row(*number, record)).collect();
    let mut text = match rows.is_empty() {
        true => "No record is of what was looked for.\n".to_owned(),
        false => table(&["NUMBER", "AT", "MEMBER", "OVER", "ASKED", "RESULT", "LISTS"], &rows),
    };
    if report.matching > rows.len() as u64 {
        text.push_str(&format!("The last {} of {} records.\n", rows.len(), report.matching));
    }
    for finding in &report.findings {
        text.push_str(&format!("DOES NOT HOLD: {finding}\n"));
    }
    let holds = if report.findings.is_empty() { "all hold" } else { "see above" };
    text.push_str(&format!(
        "Records: {}; sealed in the node's line: the first {}, by seals: {}; {holds}.\n",
        report.records, report.sealed, report.seals
    ));
    text
}

fn row(number: u64, record: &Record) -> Vec<String> {
    let count = |wanted: &str| record.asked.iter().filter(|(.., result)| result == wanted).count();
    let results = ["match", "past", "clear", "unreadable"].into_iter().filter(|result| count(result) > 0);
    let results: Vec<String> = match record.asked.as_slice() {
        [(.., result)] => vec![result.clone()],
        _ => results.map(|result| format!("{} {result}", count(result))).collect(),
    };
    let lists: Vec<String> = record.lists.iter().map(|(circle, size)| format!("{circle}:{size}")).collect();
    vec![
        number.to_string(),
        record.at.clone(),
        record.member.clone(),
        record.by.clone(),
        record.asked.len().to_string(),
        results.join(", "),
        lists.join(" "),
    ]
}

/// Checks a proof that some node made.
///
/// # Errors
/// When it can't be read, or does not hold.
pub(crate) fn check(path: &Path, key: &str) -> Result<Answer, Failure> {
    let key: NoteKey = key.parse().map_err(|error| Failure::usage(format!("--key: {error}")))?;
    let unread =
        |error: &dyn std::fmt::Display| Failure::new(format!("{} can't be read: {error}", path.display()));
    let mut text = String::new();
    let file = File::open(path).map_err(|error| unread(&error))?;
    file.take(PROOF_BYTES_MAX).read_to_string(&mut text).map_err(|error| unread(&error))?;
    let proof: Proof = serde_json::from_str(&text).map_err(|error| unread(&error))?;
    let record = proof.check(&key).map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
    let row = row(proof.number, &record);
    let text = format!(
        "It holds: {} kept this record, and has signed that it did.\n{}",
        key.name(),
        table(&["NUMBER", "AT", "MEMBER", "OVER", "ASKED", "RESULT", "LISTS"], &[row])
    );
    Ok(Answer::done(json!({"node": key.name(), "number": proof.number, "record": record}), text))
}
