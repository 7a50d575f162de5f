//! What is appended, such that each record says by itself whether it was ever sent.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bongsu_line::record::RecordKind;
use bongsu_line::{Draft, LineId, Options, Outcome, Store};
use uuid::Uuid;

use crate::dice::Dice;

const CIRCLE: LineId = LineId::new(Uuid::from_u128(0xc1));
/// Threads that append at once in a child.
const APPENDERS: u64 = 4;
/// Numbers that one appender may use up.
pub(crate) const NUMBERS: u64 = 1 << 24;

/// The lines that are appended to: two circles', one's quarantine, and the node's own.
pub(crate) fn lines() -> [LineId; 4] {
    [LineId::NODE, CIRCLE, LineId::new(Uuid::from_u128(0xc2)), CIRCLE.quarantine()]
}

/// A clock that is right, or a day behind or ahead.
pub(crate) fn clock(days: i64) -> bongsu_line::store::Clock {
    Arc::new(move || {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_micros()).unwrap() + days * 86_400_000_000
    })
}

pub(crate) fn open(folder: &Path, days: i64) -> Store {
    let store = Store::open(folder, &Options::default(), clock(days)).unwrap();
    lines().into_iter().for_each(|line| store.ensure_line(line));
    store
}

fn id(kind: &str, number: u64) -> String {
    format!("{kind}--{}", Uuid::from_u128(0x4000_8000_0000_0000_0000 + u128::from(number)))
}

/// The bytes of the record with this number: of any length up to more than two pages, and now and then with a reference to an
/// object that comes later.
pub(crate) fn body(line: LineId, number: u64) -> String {
    let mut dice = Dice::new(number);
    let long = usize::try_from(dice.below(if number.is_multiple_of(8) { 9_000 } else { 300 })).unwrap();
    let text = "x".repeat(long);
    let dates = r#""spec_version":"2.1","created":"2026-01-01T00:00:00Z","modified":"2026-01-01T00:00:00Z""#;
    if line == LineId::NODE {
        return format!(r#"{{"number":{number},"text":"{text}"}}"#);
    }
    if number % 7 == 3 {
        let (own, from, to) =
            (id("relationship", number), id("indicator", number + 1), id("malware", number + 2));
        return format!(
            r#"{{"type":"relationship","id":"{own}",{dates},"relationship_type":"indicates","source_ref":"{from}","target_ref":"{to}","number":{number},"text":"{text}"}}"#
        );
    }
    let kind = if number % 7 == 5 { "malware" } else { "indicator" };
    let own = id(kind, number);
    format!(r#"{{"type":"{kind}","id":"{own}",{dates},"number":{number},"text":"{text}"}}"#)
}

pub(crate) fn draft(line: LineId, number: u64) -> Draft {
    let body = body(line, number);
    if line == LineId::NODE {
        return Draft::note(RecordKind::Receipt, Uuid::from_u128(7), body.into_bytes());
    }
    let head = stix::read_head(&body).unwrap();
    Draft::object(Uuid::from_u128(7), None, body.into_bytes(), head)
}

/// Some appends to one line: the numbers `first..first + count`.
#[derive(Clone, Copy)]
pub(crate) struct Append {
    pub(crate) line: LineId,
    pub(crate) first: u64,
    pub(crate) count: u64,
}

impl Append {
    pub(crate) fn drafts(self) -> Vec<Draft> {
        (self.first..self.first + self.count).map(|number| draft(self.line, number)).collect()
    }
}

/// Appends `appends` times, from several threads at once if that never ends, and says of each record, once it is acknowledged:
/// line, number of the record, its place and its time. What is not taken is said too, as `failed` with the reason.
pub(crate) fn append_and_tell(folder: &Path, first: u64, appends: u64) {
    let days = i64::try_from(first / NUMBERS % 3).unwrap() - 1;
    let store = open(folder, days);
    let appenders = if appends == u64::MAX { APPENDERS } else { 1 };
    let threads: Vec<_> = (0..appenders)
        .map(|appender| {
            let store = store.clone();
            std::thread::spawn(move || tell_each(&store, first + appender * NUMBERS, appends))
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

fn tell_each(store: &Store, first: u64, appends: u64) {
    let (mut dice, mut next) = (Dice::new(first), first);
    for _ in 0..appends {
        let (at, count) = (dice.within(0..lines().len()), 1 + dice.below(12));
        let append = Append { line: lines()[at], first: next, count };
        next += count;
        let mut told = String::new();
        match store.append(append.line, append.drafts()) {
            Err(error) => {
                told = format!("failed {}\n", error.to_string().replace('\n', " "));
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            Ok(outcomes) => {
                for (number, outcome) in (append.first..).zip(outcomes) {
                    let Outcome::Appended { seq, added } = outcome else { panic!("{outcome:?}") };
                    told.push_str(&format!("{at} {number} {} {}\n", seq.0, added.0));
                }
            }
        }
        // One write of less than a pipe takes at once: lines never mix.
        std::io::stdout().lock().write_all(told.as_bytes()).unwrap();
        std::io::stdout().lock().flush().unwrap();
    }
}
