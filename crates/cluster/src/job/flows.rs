//! `bongsu-cluster flows`: what attacks pass through, as [`region::transit`] tells it, from archives of any size.
//!
//! Plans bring sightings down to what is as small as the places and ways in them: how many attacks took which way in which period,
//! hops by place and role, and how long addresses stayed. From these the same code makes the answer that makes it of files
//! ([`told`]), and so it comes to the same numbers.

use anyhow::{Context as _, Result, bail};
use datafusion::arrow::datatypes::{DataType, Int64Type, UInt8Type, UInt32Type, UInt64Type};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::prelude::SessionContext;
use region::transit::flow::{Options, PERIODS_MAX};
use region::transit::geo::NoTable;
use region::transit::stay::{Spread, Stay, Terms};
use region::transit::told::{Told, name, percent, told};
use region::transit::{By, Country, Hop, NOT_ATTRIBUTION, Network, Observed, Place, Role, Sighting, Spot};
use region::world::Territories;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::sync::Arc;

use super::told::{Out, at, bytes, column, numbers, text};
use crate::archive::{Archive, Pieces};
use crate::cli::{ByArg, FlowsArgs};
use crate::engine::{self, Engine};
use crate::function::{WAY, ways_of};
use crate::kernel::steps::{HOP, ROWS, Steps, VICTIM, country_of, role_of};
use crate::kernel::{Kept, Kernel, KernelTable};

/// Tells what flows. It ends with 3 if rows were left out.
///
/// # Errors
/// When an archive or a table can't be read, or the cluster fails.
pub(super) async fn run(args: &FlowsArgs) -> Result<ExitCode> {
    let engine = Engine::at(args.place.scheduler.as_deref()).await?;
    let session = engine::session(args.place.parts())?;
    let archive = Arc::new(Archive::open(&session.state(), &args.archives).await?);
    let mut columns: Vec<usize> = Steps::COLUMNS.iter().filter_map(|name| archive.column(name)).collect();
    columns.sort_unstable();
    for needed in ["time", "hops"] {
        if archive.column(needed).is_none() {
            bail!("the archive has no column {needed}; it has {}", archive.columns().join(", "));
        }
    }
    let runtime = session.runtime_env();
    let mut tables = Vec::new();
    for table in &args.geo {
        tables.push(Kept::now(&runtime, table).await?);
    }
    let steps = Steps { tables };
    // What is wrong with a table is told before work is given out.
    steps.opened(&runtime).await?;
    let pieces = Pieces { archive: Arc::clone(&archive), columns, parts: args.place.parts() };
    session.register_table("steps", Arc::new(KernelTable { pieces, kernel: Kernel::Steps(steps) }))?;
    let by = match args.by {
        ByArg::Country => By::Country,
        ByArg::Network => By::Network,
    };
    let asking = Asking { engine, session, by };
    let (told, notes) = asking.told(&archive, args.period).await?;
    let territories = Territories::default();
    let mut out = Out::new();
    if args.json {
        let mut answer = told.json(args.top, &territories);
        if let Some(object) = answer.as_object_mut() {
            object.insert("unread".to_owned(), json!(notes));
        }
        out.line(&answer.to_string())?;
    } else {
        shown(&told, args.top, &territories, &mut out)?;
        notes.iter().try_for_each(|note| out.line(note))?;
    }
    out.end()?;
    Ok(ExitCode::from(if notes.is_empty() { 0 } else { 3 }))
}

/// What plans ask.
struct Asking {
    engine: Engine,
    session: SessionContext,
    by: By,
}

/// What all sightings come to, before they are looked at by place.
#[derive(Debug, Default)]
struct Ground {
    first: i64,
    last: i64,
    /// How often it is said where an address is.
    said: i64,
    faulty: u64,
    is_empty: bool,
}

impl Asking {
    async fn ask(&self, question: &str) -> Result<Vec<RecordBatch>> {
        let frame = self.session.sql(question).await.with_context(|| question.to_owned())?;
        self.engine.collected(&self.session, frame).await
    }

    async fn told(&self, archive: &Archive, period_days: u32) -> Result<(Told, Vec<String>)> {
        let ground = self.ground().await?;
        let notes = if ground.faulty > 0 { self.notes(archive).await? } else { Vec::new() };
        self.locate(&ground).await?;
        let ways = self.ways(&ground, period_days).await?;
        let mut told = told(&ways, &[], Options { by: self.by, period_days });
        let (mut roles, mut stays, mut countries) =
            (self.roles().await?, self.stays(&ground).await?, self.countries().await?);
        for row in &mut told.rows {
            let spot = row.crossing.spot;
            row.crossing.roles = roles.remove(&spot).unwrap_or_default();
            row.stay = stays.remove(&spot);
            if let Some(known) = countries.remove(&spot) {
                row.countries = known;
            }
        }
        // As `told` has them, now that it is known how many hops are where.
        told.rows.sort_by_key(|row| {
            let hops: u64 = row.crossing.roles.values().sum();
            (std::cmp::Reverse((row.crossing.through, hops)), row.crossing.spot)
        });
        Ok((told, notes))
    }

    async fn ground(&self) -> Result<Ground> {
        let question = format!(
            "SELECT min(time) AS first, max(time) AS last, count(said_country) + count(said_network) AS said, \
             sum(faulty) AS faulty, count(*) FILTER (WHERE kind = {VICTIM}) AS sightings FROM steps"
        );
        let answer = self.ask(&question).await?;
        let mut ground = Ground { is_empty: true, ..Ground::default() };
        for rows in answer.iter().filter(|rows| rows.num_rows() > 0) {
            let number = |name| numbers::<Int64Type>(rows, name).map(|column| at(column, 0).unwrap_or(0));
            ground.is_empty = number("sightings")? == 0;
            (ground.first, ground.last, ground.said) = (number("first")?, number("last")?, number("said")?);
            ground.faulty = at(numbers::<UInt64Type>(rows, "faulty")?, 0).unwrap_or(0);
        }
        Ok(ground)
    }

    /// For each file of which rows are left out, how many, and what is wrong with the first.
    async fn notes(&self, archive: &Archive) -> Result<Vec<String>> {
        let question =
            format!("SELECT file, row, count, faulty, why FROM steps WHERE kind = {ROWS} ORDER BY file, row");
        let mut files: BTreeMap<u32, (u64, u64, Option<String>)> = BTreeMap::new();
        for rows in self.ask(&question).await? {
            let numbers_of = numbers::<UInt32Type>(&rows, "file")?;
            let (count, faulty) =
                (numbers::<UInt64Type>(&rows, "count")?, numbers::<UInt64Type>(&rows, "faulty")?);
            for row in 0..rows.num_rows() {
                let known = files.entry(numbers_of.value(row)).or_default();
                known.0 += at(count, row).unwrap_or(0);
                known.1 += at(faulty, row).unwrap_or(0);
                if known.2.is_none() {
                    known.2 = text(&rows, "why", row)?.map(str::to_owned);
                }
            }
        }
        let note = |(file, (rows, faulty, why)): (&u32, &(u64, u64, Option<String>))| {
            let why = why.as_deref().unwrap_or_default();
            (*faulty > 0)
                .then(|| format!("{}: {faulty} of {rows} rows are left out; {why}", archive.name(*file)))
        };
        Ok(files.iter().filter_map(note).collect())
    }

    /// Makes `located`: steps with where they are. Where nobody says of an address where it is, a step knows that by itself.
    async fn locate(&self, ground: &Ground) -> Result<()> {
        let spot = match self.by {
            By::Country => "country",
            By::Network => "network",
        };
        let located = if ground.said == 0 {
            format!("SELECT *, {spot} AS spot FROM steps WHERE kind <> {ROWS}")
        } else {
            // What was said last has the largest number, and what was said stands in its lowest 32 bits.
            let last = |what: &str| format!("CAST(max(said_{what}) % 4294967296 AS BIGINT) AS {what}");
            let named = format!("coalesce(said.{spot}, steps.{spot}) AS spot");
            format!(
                "SELECT steps.kind, steps.file, steps.row, steps.pos, steps.address, steps.role, steps.time, steps.count, \
                 coalesce(said.country, steps.country) AS country, coalesce(said.network, steps.network) AS network, {named} \
                 FROM steps LEFT JOIN (SELECT address, {}, {} FROM steps WHERE said_country IS NOT NULL OR said_network IS NOT NULL \
                 GROUP BY address) AS said ON steps.address = said.address WHERE steps.kind <> {ROWS}",
                last("country"),
                last("network"),
            )
        };
        let frame = self.session.sql(&located).await.with_context(|| located.clone())?;
        self.session.register_table("located", frame.into_view())?;
        Ok(())
    }

    /// Ways as sightings of their own: as many as there are different ones in a period, each as often as it was taken.
    async fn ways(&self, ground: &Ground, period_days: u32) -> Result<Observed> {
        let mut observed = Observed::default();
        if ground.is_empty {
            return Ok(observed);
        }
        let (first, last) = (u32::try_from(ground.first)?, u32::try_from(ground.last)?);
        // As `flow::flows` cuts time.
        let days = period_days.clamp(1, 36_500).max((last - first) / 86_400 / PERIODS_MAX + 1);
        let seconds = days * 86_400;
        let question = format!(
            "SELECT period, way, sum(count) AS count FROM (SELECT (min(time) - {first}) / {seconds} AS period, \
             {WAY}(pos, spot, role) AS way, max(count) AS count FROM located GROUP BY file, row) AS ways GROUP BY period, way"
        );
        let last_period = (last - first) / seconds;
        for rows in self.ask(&question).await? {
            let periods = numbers::<Int64Type>(&rows, "period")?;
            let counts = numbers::<UInt64Type>(&rows, "count")?;
            for row in 0..rows.num_rows() {
                let way = bytes(&rows, "way", row)?.and_then(ways_of).context("a way is broken")?;
                let period = u32::try_from(periods.value(row))?;
                let time = if period == last_period { last } else { first + period * seconds };
                let mut count = counts.value(row);
                // With a single period one attack must be at its beginning, or all would seem shorter.
                if last_period == 0 && observed.is_empty() {
                    self.put(&mut observed, first.into(), &way, count.min(1))?;
                    count -= count.min(1);
                }
                self.put(&mut observed, time.into(), &way, count)?;
            }
        }
        Ok(observed)
    }

    fn put(
        &self,
        observed: &mut Observed,
        time: i64,
        (has_source, spots): &(bool, Vec<Option<u32>>),
        count: u64,
    ) -> Result<()> {
        let Some((victim, before)) = spots.split_last() else { return Ok(()) };
        let place = |spot: &Option<u32>| match self.by {
            By::Country => Place { country: spot.and_then(|spot| country_of(spot.into())), network: None },
            By::Network => Place { country: None, network: spot.map(Network) },
        };
        let hop = |(at, spot): (usize, &Option<u32>)| {
            let role = if at == 0 && *has_source { Role::Source } else { Role::Unknown };
            Hop { address: None, place: place(spot), role }
        };
        let hops: Vec<Hop> = before.iter().enumerate().map(hop).collect();
        let mut left = count;
        // Once in any case: what was seen 0 times is known nevertheless.
        loop {
            let some = u32::try_from(left).unwrap_or(u32::MAX);
            observed.add(&Sighting { time, hops: &hops, victim: place(victim), count: some }, &NoTable)?;
            left -= u64::from(some);
            if left == 0 {
                return Ok(());
            }
        }
    }

    fn spot(&self, number: i64) -> Option<Spot> {
        match self.by {
            By::Country => country_of(number).map(Spot::Country),
            By::Network => u32::try_from(number).ok().map(|number| Spot::Network(Network(number))),
        }
    }

    /// Hops by place and role.
    async fn roles(&self) -> Result<BTreeMap<Spot, BTreeMap<Role, u64>>> {
        let question = format!(
            "SELECT spot, role, sum(count) AS count FROM located WHERE kind = {HOP} AND spot IS NOT NULL GROUP BY spot, role"
        );
        let mut roles: BTreeMap<Spot, BTreeMap<Role, u64>> = BTreeMap::new();
        for rows in self.ask(&question).await? {
            let (spots, counts) =
                (numbers::<Int64Type>(&rows, "spot")?, numbers::<UInt64Type>(&rows, "count")?);
            let numbers = numbers::<UInt8Type>(&rows, "role")?;
            for row in 0..rows.num_rows() {
                if let (Some(spot), Some(role)) = (self.spot(spots.value(row)), role_of(numbers.value(row))) {
                    *roles.entry(spot).or_default().entry(role).or_default() += counts.value(row);
                }
            }
        }
        roles.values_mut().for_each(|roles| roles.retain(|_, count| *count > 0));
        Ok(roles)
    }

    /// How long addresses stayed, by place, as [`region::transit::stay`] has it.
    async fn stays(&self, ground: &Ground) -> Result<BTreeMap<Spot, Stay>> {
        let terms = Terms::default();
        let rest = i64::from(terms.rest_days) * 86_400;
        let still = (ground.last - i64::from(terms.open_days) * 86_400).max(0);
        let question = format!(
            "SELECT spot, dwell, is_open, is_again, count(*) AS addresses FROM (SELECT spot, max(time) - min(time) AS dwell, \
             max(time) >= {still} AS is_open, coalesce(max(gap), 0) > {rest} AS is_again FROM (SELECT address, spot, time, \
             time - lag(time) OVER (PARTITION BY address ORDER BY time) AS gap FROM located WHERE address IS NOT NULL AND \
             spot IS NOT NULL) AS gaps GROUP BY address, spot) AS stays GROUP BY spot, dwell, is_open, is_again"
        );
        let mut sums: BTreeMap<Spot, (Vec<u32>, u64, u64)> = BTreeMap::new();
        for rows in self.ask(&question).await? {
            let (spots, dwells) =
                (numbers::<Int64Type>(&rows, "spot")?, numbers::<Int64Type>(&rows, "dwell")?);
            let addresses = numbers::<Int64Type>(&rows, "addresses")?;
            let flags = |name| -> Result<datafusion::arrow::array::BooleanArray> {
                let flags = datafusion::arrow::compute::cast(column(&rows, name)?, &DataType::Boolean)?;
                Ok(datafusion::arrow::array::AsArray::as_boolean(&flags).clone())
            };
            let (open, again) = (flags("is_open")?, flags("is_again")?);
            for row in 0..rows.num_rows() {
                let Some(spot) = self.spot(spots.value(row)) else { continue };
                let (dwell, count) =
                    (u32::try_from(dwells.value(row))?, u64::try_from(addresses.value(row))?);
                let sums = sums.entry(spot).or_default();
                sums.0.extend(std::iter::repeat_n(dwell, usize::try_from(count)?));
                sums.1 += if open.value(row) { count } else { 0 };
                sums.2 += if again.value(row) { count } else { 0 };
            }
        }
        let stay = |(spot, (dwell, open, again)): (Spot, (Vec<u32>, u64, u64))| {
            let stay = Stay {
                spot,
                addresses: dwell.len() as u64,
                open,
                again,
                dwell: Spread::of(dwell),
                takedown: None,
                until_gone: None,
                waiting: 0,
            };
            (spot, stay)
        };
        Ok(sums.into_iter().map(stay).collect())
    }

    /// The countries that networks are in.
    async fn countries(&self) -> Result<BTreeMap<Spot, BTreeSet<Country>>> {
        let mut countries: BTreeMap<Spot, BTreeSet<Country>> = BTreeMap::new();
        if self.by == By::Country {
            return Ok(countries);
        }
        let question =
            "SELECT DISTINCT spot, country FROM located WHERE spot IS NOT NULL AND country IS NOT NULL";
        for rows in self.ask(question).await? {
            let (spots, codes) =
                (numbers::<Int64Type>(&rows, "spot")?, numbers::<Int64Type>(&rows, "country")?);
            for row in 0..rows.num_rows().min(codes.len()) {
                if let Some(spot) = self.spot(spots.value(row)) {
                    countries.entry(spot).or_default().extend(country_of(codes.value(row)));
                }
            }
        }
        Ok(countries)
    }
}

fn shown(told: &Told, top: usize, territories: &Territories, out: &mut Out) -> Result<()> {
    out.line(&format!(
        "{:<24} {:>8} {:>20} {:>12} {:>12} {:>10}",
        "PLACE", "SHARE", "WITHIN", "THROUGH", "FROM", "ADDRESSES"
    ))?;
    for row in told.rows.iter().take(top) {
        let crossing = &row.crossing;
        out.line(&format!(
            "{:<24} {:>8} {:>20} {:>12} {:>12} {:>10}",
            name(crossing.spot, territories),
            percent(crossing.share),
            format!("{} - {}", percent(crossing.share_least), percent(crossing.share_most)),
            crossing.through,
            crossing.from,
            row.stay.as_ref().map_or(0, |stay| stay.addresses),
        ))?;
    }
    out.line(&format!(
        "{} attacks; of {} a hop, the start or the end is unknown.",
        told.total, told.with_unknown
    ))?;
    out.line(NOT_ATTRIBUTION)
}
