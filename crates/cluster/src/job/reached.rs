//! `bongsu-cluster transfers reached`: what a trace from a theft on reads, out of more transfers than one machine holds.
//!
//! From the addresses that got what was stolen, each round joins the transfers with the addresses that were reached in the round before,
//! and keeps for each address and asset the earliest moment at which something can have come there: a payment carries on only what came
//! before it. What is not paid on (services, and addresses with very many payments) is reached and goes no further. Then all payments to
//! and from what was reached are taken out, also those before, since holdings decide what part of a payment is tainted. A trace over them
//! comes to the sums that it would come to over all, as far as the rounds went.
//!
//! Nothing is taken that moves nothing, or an asset that never was at the beginning.

use anyhow::{Context as _, Result, bail};
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::array::{ArrayRef, Int64Array, StringArray, UInt64Array};
use datafusion::arrow::datatypes::{DataType, Field, Int64Type, Schema, UInt32Type, UInt64Type};
use datafusion::datasource::MemTable;
use datafusion::prelude::SessionContext;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use stix::Timestamp;
use trace::U256;

use super::sums::{ledger, left_out};
use super::told::{at, bytes, numbers, text};
use crate::cli::ReachedArgs;
use crate::engine::Engine;

/// The most addresses that are joined in one round, and that are reached in all.
const ROUND_MAX: usize = 200_000;
const REACHED_MAX: usize = 2_000_000;
/// The most rounds.
const ROUNDS_MAX: u32 = 10_000;
/// The longest line of a file of stops.
const STOP_BYTES_MAX: usize = 256;

/// An address in an asset.
type Holding = (String, String);

/// The order of transfers: block, then place in the block.
const ORDER: &str = "(t.block * arrow_cast(4294967296, 'UInt64') + arrow_cast(t.\"index\", 'UInt64'))";

/// Takes out what can have been reached. It ends with 3 if rows were left out.
///
/// # Errors
/// When an archive can't be read, more is reached than is followed, or the cluster fails.
pub(super) async fn run(args: &ReachedArgs) -> Result<ExitCode> {
    let (engine, session) = ledger(&args.ledger).await?;
    let stops = args.stops.as_deref().map(stops).transpose()?.unwrap_or_default();
    let since = args.since.as_deref().map(time).transpose()?.unwrap_or(0);
    let mut search = Search {
        engine,
        session,
        stops,
        degree: args.degree,
        reached: BTreeMap::new(),
        hubs: BTreeSet::new(),
    };
    let mut front = search.begin(&args.from, since).await?;
    let mut rounds = 0;
    while !front.is_empty() && (args.hops == 0 || rounds < args.hops) {
        rounds += 1;
        if rounds > ROUNDS_MAX {
            bail!("after {ROUNDS_MAX} rounds there is still more; name services with --stops");
        }
        front = search.round(&front).await?;
    }
    let written = search.write(&args.out).await?;
    let followed = search.followed().count();
    eprintln!(
        "{written} transfers of {followed} addresses and assets in {rounds} rounds; {} reached and not followed.",
        search.reached.len() - followed
    );
    let left_out = if args.ledger.skip { left_out(&search.engine, &search.session).await? } else { None };
    if let Some(note) = &left_out {
        eprintln!("{note}");
    }
    Ok(ExitCode::from(if left_out.is_some() { 3 } else { 0 }))
}

/// Addresses at which it stops.
fn stops(path: &Path) -> Result<BTreeSet<String>> {
    let file = File::open(path).with_context(|| format!("{} can't be read", path.display()))?;
    let mut stops = BTreeSet::new();
    for line in BufReader::new(file).lines() {
        let line = line.with_context(|| format!("{} can't be read", path.display()))?;
        let line = line.trim();
        if line.len() > STOP_BYTES_MAX {
            bail!("{}: a line is longer than an address", path.display());
        }
        if !line.is_empty() && !line.starts_with('#') {
            stops.insert(spelled(line));
        }
    }
    Ok(stops)
}

/// As the kernel spells addresses: those of hexadecimal digits in lower case.
fn spelled(address: &str) -> String {
    let digits = address.strip_prefix("0x").or_else(|| address.strip_prefix("0X"));
    match digits.filter(|digits| digits.len() == 40 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())) {
        Some(digits) => format!("0x{}", digits.to_ascii_lowercase()),
        None => address.to_owned(),
    }
}

fn time(text: &str) -> Result<i64> {
    match text.parse::<i64>() {
        Ok(seconds) => Ok(seconds),
        Err(_) => Ok(Timestamp::parse(text)
            .with_context(|| format!("--since {text}"))?
            .micros()
            .div_euclid(1_000_000)),
    }
}

struct Search {
    engine: Engine,
    session: SessionContext,
    stops: BTreeSet<String>,
    degree: u64,
    /// When something can have come there first.
    reached: BTreeMap<Holding, u64>,
    /// What has more payments than are followed.
    hubs: BTreeSet<Holding>,
}

impl Search {
    async fn ask(&self, question: &str) -> Result<Vec<RecordBatch>> {
        let frame = self.session.sql(question).await.with_context(|| question.to_owned())?;
        self.engine.collected(&self.session, frame).await
    }

    /// What the first addresses got.
    async fn begin(&mut self, from: &[String], since: i64) -> Result<BTreeMap<Holding, u64>> {
        let first: BTreeMap<Holding, u64> =
            from.iter().map(|address| ((spelled(address), String::new()), 0)).collect();
        self.name("front", &first)?;
        let question = format!(
            "SELECT t.\"to\" AS address, t.asset AS asset, min({ORDER}) AS moment FROM transfers AS t JOIN front AS f ON t.\"to\" = f.address \
             WHERE t.moves AND t.\"time\" >= {since} GROUP BY t.\"to\", t.asset"
        );
        let front = self.improved(&self.ask(&question).await?)?;
        if front.is_empty() {
            bail!("none of the addresses got anything in these transfers from then on");
        }
        Ok(front)
    }

    /// Where what is in `front` can have gone.
    async fn round(&mut self, front: &BTreeMap<Holding, u64>) -> Result<BTreeMap<Holding, u64>> {
        let mut next = BTreeMap::new();
        let all: Vec<(&Holding, &u64)> = front.iter().collect();
        for some in all.chunks(ROUND_MAX) {
            let mut some: BTreeMap<Holding, u64> = some
                .iter()
                .filter(|(holding, _)| self.goes_on(holding))
                .map(|(holding, at)| ((*holding).clone(), **at))
                .collect();
            self.name("front", &some)?;
            let hubs = format!(
                "SELECT t.\"from\" AS address, t.asset AS asset, count(*) AS payments FROM transfers AS t JOIN front AS f ON \
                 t.\"from\" = f.address AND t.asset = f.asset GROUP BY t.\"from\", t.asset HAVING count(*) > {}",
                self.degree
            );
            for rows in self.ask(&hubs).await? {
                for row in 0..rows.num_rows() {
                    let hub = holding(&rows, row)?;
                    some.remove(&hub);
                    self.hubs.insert(hub);
                }
            }
            self.name("front", &some)?;
            let question = format!(
                "SELECT t.\"to\" AS address, t.asset AS asset, min({ORDER}) AS moment FROM transfers AS t JOIN front AS f ON \
                 t.\"from\" = f.address AND t.asset = f.asset WHERE t.moves AND {ORDER} >= f.moment GROUP BY t.\"to\", t.asset"
            );
            let answer = self.ask(&question).await?;
            next.extend(self.improved(&answer)?);
        }
        Ok(next)
    }

    fn goes_on(&self, holding: &Holding) -> bool {
        !self.stops.contains(&holding.0) && !self.hubs.contains(holding)
    }

    /// Takes in what was reached; gives what was not before, or not so early.
    fn improved(&mut self, answer: &[RecordBatch]) -> Result<BTreeMap<Holding, u64>> {
        let mut improved = BTreeMap::new();
        for rows in answer {
            let moments = numbers::<UInt64Type>(rows, "moment")?;
            for row in 0..rows.num_rows() {
                let (holding, moment) = (holding(rows, row)?, moments.value(row));
                let known = self.reached.get(&holding);
                if known.is_none_or(|known| moment < *known) {
                    self.reached.insert(holding.clone(), moment);
                    improved.insert(holding, moment);
                }
            }
        }
        if self.reached.len() > REACHED_MAX {
            bail!(
                "more than {REACHED_MAX} addresses are reached; name services with --stops, or fewer --hops"
            );
        }
        Ok(improved)
    }

    fn followed(&self) -> impl Iterator<Item = (&Holding, &u64)> {
        self.reached.iter().filter(|(holding, _)| self.goes_on(holding))
    }

    /// Gives holdings to plans as a table.
    fn name(&self, table: &str, holdings: &BTreeMap<Holding, u64>) -> Result<()> {
        let schema = Arc::new(Schema::new(vec![
            Field::new("address", DataType::Utf8, false),
            Field::new("asset", DataType::Utf8, false),
            Field::new("moment", DataType::UInt64, false),
        ]));
        let addresses: ArrayRef =
            Arc::new(StringArray::from_iter_values(holdings.keys().map(|(address, _)| address)));
        let assets: ArrayRef =
            Arc::new(StringArray::from_iter_values(holdings.keys().map(|(_, asset)| asset)));
        let moments: ArrayRef = Arc::new(UInt64Array::from_iter_values(holdings.values().copied()));
        let rows = RecordBatch::try_new(Arc::clone(&schema), vec![addresses, assets, moments])?;
        self.session.deregister_table(table)?;
        self.session.register_table(table, Arc::new(MemTable::try_new(schema, vec![vec![rows]])?))?;
        Ok(())
    }

    /// Writes the payments of all that is followed, in order; says how many they are.
    async fn write(&self, path: &Path) -> Result<u64> {
        let followed: BTreeMap<Holding, u64> = self.followed().map(|(one, at)| (one.clone(), *at)).collect();
        if followed.len() > ROUND_MAX {
            bail!(
                "more than {ROUND_MAX} addresses are followed; name services with --stops, or fewer --hops"
            );
        }
        self.name("front", &followed)?;
        // Two joins and not one with an `OR`, which could not be dealt out by address. Who is on both sides comes once.
        let columns = "t.file, t.\"row\", t.block, t.\"index\", t.tx, t.\"from\", t.\"to\", t.asset, t.amount, t.\"time\"";
        let side = |side: &str| {
            format!(
                "SELECT {columns} FROM transfers AS t JOIN front AS f ON t.\"{side}\" = f.address AND t.asset = f.asset WHERE t.moves"
            )
        };
        let question = format!(
            "SELECT * FROM ({} UNION {}) AS sides ORDER BY block, \"index\", file, \"row\"",
            side("from"),
            side("to")
        );
        let frame = self.session.sql(&question).await.with_context(|| question.clone())?;
        let mut rows = self.engine.sorted(&self.session, frame).await?;
        let failed = || format!("{} can't be written", path.display());
        let file = File::create_new(path).with_context(failed)?;
        let mut out = csv::Writer::from_writer(BufWriter::new(file));
        out.write_record(["block", "index", "tx", "from", "to", "asset", "amount", "time"])
            .with_context(failed)?;
        let mut written = 0;
        while let Some(rows) = rows.next().await? {
            let (blocks, indices) =
                (numbers::<UInt64Type>(&rows, "block")?, numbers::<UInt32Type>(&rows, "index")?);
            let times: &Int64Array = numbers::<Int64Type>(&rows, "time")?;
            for row in 0..rows.num_rows() {
                let amount =
                    bytes(&rows, "amount", row)?.and_then(|amount| <[u8; 32]>::try_from(amount).ok());
                let amount = amount.map(U256::from_be_bytes).context("an amount is missing")?;
                let name =
                    |name: &str| text(&rows, name, row).map(|text| text.unwrap_or_default().to_owned());
                let number = |number: Option<u64>| number.unwrap_or_default().to_string();
                let record = [
                    number(at(blocks, row)),
                    number(at(indices, row).map(u64::from)),
                    name("tx")?,
                    name("from")?,
                    name("to")?,
                    name("asset")?,
                    amount.to_string(),
                    times.value(row).to_string(),
                ];
                out.write_record(&record).with_context(failed)?;
                written += 1;
            }
        }
        out.into_inner()
            .map_err(|error| anyhow::anyhow!("{}: {error}", failed()))?
            .flush()
            .with_context(failed)?;
        Ok(written)
    }
}

fn holding(rows: &RecordBatch, row: usize) -> Result<Holding> {
    let name = |name: &str| text(rows, name, row).map(|text| text.unwrap_or_default().to_owned());
    Ok((name("address")?, name("asset")?))
}
