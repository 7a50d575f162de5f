//! `bongsu-cluster transfers sums`: what was given and got, exactly, by address, day and asset.

use anyhow::{Context as _, Result, bail};
use datafusion::arrow::datatypes::{Int64Type, UInt64Type};
use datafusion::prelude::SessionContext;
use serde_json::{Map, Value, json};
use std::process::ExitCode;
use std::sync::Arc;
use stix::Timestamp;
use trace::U256;
use trace::read::Mapping;

use super::told::{Out, at, bytes, numbers, text};
use crate::archive::{Archive, Pieces};
use crate::cli::{Key, LedgerArgs, SumsArgs};
use crate::engine::{self, Engine};
use crate::function::AMOUNT_SUM;
use crate::kernel::{Kernel, KernelTable, Transfers};

/// The largest file with a mapping.
const MAPPING_BYTES_MAX: u64 = 4 << 20;

/// Opens archives of transfers as the table `transfers`, in which rows without an amount say what was left out.
///
/// # Errors
/// When an archive can't be read, or the mapping does not fit it.
pub(super) async fn ledger(args: &LedgerArgs) -> Result<(Engine, SessionContext)> {
    let engine = Engine::at(args.place.scheduler.as_deref()).await?;
    let session = engine::session(args.place.parts())?;
    let archive = Arc::new(Archive::open(&session.state(), &args.archives).await?);
    let mapping = match Mapping::ready(&args.mapping) {
        Some(text) => text.to_owned(),
        None => {
            let known: Vec<&str> = Mapping::ready_names().collect();
            let size = std::fs::metadata(&args.mapping).map(|about| about.len()).with_context(|| {
                format!("{} is no mapping that is known ({}), and no file", args.mapping, known.join(", "))
            })?;
            if size > MAPPING_BYTES_MAX {
                bail!("{} has {size} bytes and {MAPPING_BYTES_MAX} are allowed", args.mapping);
            }
            std::fs::read_to_string(&args.mapping).with_context(|| args.mapping.clone())?
        }
    };
    let transfers = Transfers { mapping, names: archive.columns(), skips: args.skip };
    let columns = transfers.laid()?.columns();
    let pieces = Pieces { archive, columns, parts: args.place.parts() };
    session.register_table(
        "transfers",
        Arc::new(KernelTable { pieces, kernel: Kernel::Transfers(transfers) }),
    )?;
    Ok((engine, session))
}

/// Sums up. It ends with 3 if rows were left out.
///
/// # Errors
/// When an archive can't be read, a row is wrong and none may be left out, or the cluster fails.
pub(super) async fn run(args: &SumsArgs) -> Result<ExitCode> {
    let (engine, session) = ledger(&args.ledger).await?;
    let [by_address, by_day] = [Key::Address, Key::Day].map(|key| args.by.contains(&key));
    let question = question(by_address, by_day);
    let frame = session.sql(&question).await.with_context(|| question.clone())?;
    let mut rows = engine.sorted(&session, frame).await?;
    let mut out = Out::new();
    let sums: &[&str] = if by_address { &["given", "got"] } else { &["moved"] };
    let counts: &[&str] = if by_address { &["payments", "receipts"] } else { &["transfers"] };
    while let Some(rows) = rows.next().await?.filter(|_| !out.is_closed) {
        for row in 0..rows.num_rows() {
            let mut told = Map::new();
            if by_address {
                told.insert("address".to_owned(), json!(text(&rows, "address", row)?));
            }
            if by_day {
                let day = at(numbers::<Int64Type>(&rows, "day")?, row).unwrap_or(0);
                told.insert("day".to_owned(), json!(day_of(day)));
            }
            told.insert("asset".to_owned(), json!(text(&rows, "asset", row)?));
            for name in sums {
                let sum = bytes(&rows, name, row)?.and_then(|sum| <[u8; 32]>::try_from(sum).ok());
                let sum = sum.map_or(U256::ZERO, U256::from_be_bytes);
                told.insert((*name).to_owned(), json!(sum.to_string()));
            }
            for name in counts {
                told.insert((*name).to_owned(), json!(at(numbers::<Int64Type>(&rows, name)?, row)));
            }
            out.line(&told_as(&told, args.json))?;
        }
    }
    let left_out = if args.ledger.skip { left_out(&engine, &session).await? } else { None };
    if let Some(note) = &left_out {
        eprintln!("{note}");
    }
    out.end()?;
    Ok(ExitCode::from(if left_out.is_some() { 3 } else { 0 }))
}

/// The question in SQL. Who gives to itself has given and got.
fn question(by_address: bool, by_day: bool) -> String {
    let day = if by_day { "time / 86400 AS day, " } else { "" };
    let group = if by_day { "day, asset" } else { "asset" };
    if !by_address {
        return format!(
            "SELECT {group}, {AMOUNT_SUM}(amount) AS moved, count(*) AS transfers FROM (SELECT {day}asset, amount FROM transfers \
             WHERE amount IS NOT NULL) AS all_of_them GROUP BY {group} ORDER BY {group}"
        );
    }
    format!(
        "SELECT address, {group}, {AMOUNT_SUM}(amount) FILTER (WHERE side = 0) AS given, {AMOUNT_SUM}(amount) FILTER (WHERE side = 1) AS got, \
         count(*) FILTER (WHERE side = 0) AS payments, count(*) FILTER (WHERE side = 1) AS receipts FROM (\
         SELECT {day}\"from\" AS address, asset, amount, 0 AS side FROM transfers WHERE amount IS NOT NULL UNION ALL \
         SELECT {day}\"to\" AS address, asset, amount, 1 AS side FROM transfers WHERE amount IS NOT NULL) AS sides \
         GROUP BY address, {group} ORDER BY address, {group}"
    )
}

/// What was left out, in words; `None` if nothing was.
pub(super) async fn left_out(engine: &Engine, session: &SessionContext) -> Result<Option<String>> {
    let question = "SELECT sum(faulty) AS faulty, min(why) AS why FROM transfers WHERE faulty IS NOT NULL";
    let answer = engine.collected(session, session.sql(question).await?).await?;
    for rows in answer.iter().filter(|rows| rows.num_rows() > 0) {
        let faulty = at(numbers::<UInt64Type>(rows, "faulty")?, 0).unwrap_or(0);
        if faulty > 0 {
            return Ok(Some(format!(
                "{faulty} rows are left out, such as {}",
                text(rows, "why", 0)?.unwrap_or_default()
            )));
        }
    }
    Ok(None)
}

fn day_of(day: i64) -> String {
    let time = Timestamp::from_micros(day.saturating_mul(86_400_000_000)).to_string();
    time.get(..10).unwrap_or(&time).to_owned()
}

fn told_as(told: &Map<String, Value>, json: bool) -> String {
    if json {
        return Value::Object(told.clone()).to_string();
    }
    let shown = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let parts: Vec<String> = told.iter().map(|(name, value)| format!("{name} {}", shown(value))).collect();
    super::told::visible(parts.join("  ").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_written_as_dates() {
        assert_eq!([0, 20_514].map(day_of), ["1970-01-01", "2026-03-02"]);
    }
}
