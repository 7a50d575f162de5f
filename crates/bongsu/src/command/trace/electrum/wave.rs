//! Who owns what holds taint is asked for, and what spends it is fetched, wave by wave, until nothing is left to ask.
//!
//! What is there is followed anew where it can't be said otherwise what comes next. Where all that a transaction spends is wholly tainted, all that it
//! makes is, by every rule, so that a peel chain is gone along without that.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Duration;

use trace::chain::bitcoin::electrum::{HeaderLie, Headers, History, Mention, Proven, Raw, Reached};
use trace::chain::bitcoin::{Outpoint, written};
use trace::taint::outputs::{Fate, Spends as _, TaintedOutput, follow};
use trace::taint::{Limits, Place, Way};

use super::super::bitcoin::{place, place_of, thefts};
use super::kept::Outpoints;
use super::server::Failed;
use super::walk::Walk;
use crate::answer::{Progress, counted};
use crate::exit::Failure;
use crate::terminal::Terminal;

/// Outputs whose owners are asked for together.
const TOGETHER: usize = 16;
/// Transactions of which it is remembered what they spend, though nothing of this theft.
const SEEN_MAX: usize = 100_000;
/// Amounts that are asked for of what one transaction spends. The amounts of further inputs are not known.
const AMOUNTS_MAX: usize = 1_000;
/// After this time what was fetched is kept, though more is to be asked.
const KEPT_AFTER: Duration = Duration::from_secs(30);

/// What is known of the outputs that were asked for in a round.
#[derive(Default)]
pub(super) struct Asked {
    pub(super) unspent: Outpoints,
    /// Of which it is not known, and why.
    pub(super) left: BTreeMap<Outpoint, String>,
    /// Spent by what is there.
    spent: Outpoints,
    /// Whether the server did not tell something that it may tell another time.
    pub(super) is_refused: bool,
}

impl Asked {
    fn has(&self, output: &Outpoint) -> bool {
        self.unspent.contains(output) || self.left.contains_key(output) || self.spent.contains(output)
    }
}

/// An output that holds taint, of which it is to be asked who spends it.
#[derive(Debug, Clone)]
pub(super) struct End {
    pub(super) output: Outpoint,
    /// The name of its script.
    script: String,
    /// Whether all of it is tainted.
    is_whole: bool,
}

impl Walk<'_> {
    /// Asks of all that holds taint who owns it and what spends that, and so on until nothing is left to ask.
    pub(super) fn waves(
        &mut self,
        reached: &mut Reached,
        headers: &Headers,
        limit: u64,
        terminal: &mut Terminal,
    ) -> Result<(), Failed> {
        loop {
            let mut ends = self.ends(reached)?;
            if ends.is_empty() {
                return Ok(());
            }
            let mut whole = HashSet::new();
            while !ends.is_empty() {
                whole.extend(ends.iter().filter(|end| end.is_whole).map(|end| end.output));
                let mut next = Vec::new();
                for ends in ends.chunks(TOGETHER) {
                    if self.is_new && self.since.elapsed() >= KEPT_AFTER {
                        self.keeps(reached, headers)?;
                    }
                    let (done, total) = (reached.len() as u64, self.args.most as u64);
                    let _goes_on = terminal.progress(&Progress {
                        what: "fetching transactions".to_owned(),
                        done,
                        total,
                    });
                    let added = self.asks(reached, headers, limit, ends)?;
                    next.extend(added.iter().flat_map(|id| self.wholly(reached, id, &whole)));
                }
                ends = next;
            }
        }
    }

    /// What holds taint and is unspent among what is there, but for what was asked for.
    pub(super) fn ends(&self, reached: &Reached) -> Result<Vec<End>, Failed> {
        let coins = reached.coins().map_err(|error| Failed::Doubtful(error.to_string()))?;
        let ledger = coins.ledger();
        let thefts = thefts(ledger, &self.args.theft)?;
        let place = place(ledger, &self.labels);
        let trace = follow(ledger, &thefts, self.args.method.into(), place, Limits::default(), Way::Choose)
            .map_err(|error| Failure::new(error.to_string()))?;
        let held = trace.outputs().iter().filter(|one| one.fate == Fate::Held && one.tainted > 0);
        let end = |one: &TaintedOutput| {
            let id = one.output;
            let output = Outpoint { transaction: ledger.id(id.transaction)?, output: id.index };
            if self.asked.has(&output) || ledger.spender(id).is_some() {
                return None;
            }
            let script = reached.get(&output.transaction)?.raw().scripthash(output.output)?;
            Some(End { output, script, is_whole: one.tainted == one.amount })
        };
        Ok(held.filter_map(end).collect())
    }

    /// What a transaction makes that holds taint for sure, since all that it spends is wholly tainted; nothing if that can't be said so.
    fn wholly(&self, reached: &Reached, id: &[u8; 32], whole: &HashSet<Outpoint>) -> Vec<End> {
        let Some(proven) = reached.get(id) else { return Vec::new() };
        let transaction = proven.transaction();
        if transaction.inputs.is_empty() || !transaction.inputs.iter().all(|from| whole.contains(from)) {
            return Vec::new();
        }
        let end = |(at, made): (u32, &trace::chain::bitcoin::Output)| {
            let output = Outpoint { transaction: *id, output: at };
            let is_end = made.satoshi > 0
                && place_of(&made.owner(), &self.labels) == Place::Holder
                && !self.asked.has(&output);
            let script = proven.raw().scripthash(at).filter(|_| is_end)?;
            Some(End { output, script, is_whole: true })
        };
        (0..).zip(&transaction.outputs).filter_map(end).collect()
    }

    /// Asks what spends some outputs, and adds it; gives the ids of what was added.
    fn asks(
        &mut self,
        reached: &mut Reached,
        headers: &Headers,
        limit: u64,
        ends: &[End],
    ) -> Result<Vec<[u8; 32]>, Failed> {
        if reached.len() >= self.args.most {
            let why = format!(
                "{} were fetched, and --most allows no more",
                counted(reached.len() as u64, "transaction")
            );
            self.asked.left.extend(ends.iter().map(|end| (end.output, why.clone())));
            return Ok(Vec::new());
        }
        let ends = self.changed(ends)?;
        let mut histories = Vec::with_capacity(ends.len());
        let scripts: Vec<String> = ends.iter().map(|end| end.script.clone()).collect();
        self.server.histories(&scripts, |history| histories.push(history))?;
        let (mut wanted, mut unspent) = (BTreeMap::new(), HashMap::new());
        for (end, history) in ends.iter().zip(histories) {
            let made = reached.height(&end.output.transaction).unwrap_or_default();
            let History { mentions, status } = match self.readable(end, made, history) {
                Ok(history) => history,
                Err(why) => {
                    self.asked.left.insert(end.output, why);
                    continue;
                }
            };
            let later = || mentions.iter().filter(|mention| mention.height >= made);
            let (mut is_spent, mut is_settled) = (false, true);
            for Mention { id, height } in later() {
                let is_of_others = || self.seen.get(id).is_some_and(|spends| !spends.contains(&end.output));
                match reached.get(id) {
                    Some(there) => is_spent |= there.transaction().inputs.contains(&end.output),
                    None if *height > limit => is_settled = false,
                    None if is_of_others() => {}
                    None => {
                        wanted.insert(*id, *height);
                    }
                }
            }
            if is_spent {
                self.asked.spent.insert(end.output);
            } else {
                unspent.insert(end.output, status.filter(|_| is_settled));
            }
        }
        let added = self.fetches_spenders(reached, headers, &wanted, &mut unspent)?;
        for (output, status) in unspent {
            self.asked.unspent.insert(output);
            if let Some(status) = status {
                self.looked.insert(output, status);
            } else {
                self.looked.remove(&output);
            }
        }
        Ok(added)
    }

    /// A history of the owner of an output, if it can be looked through and has what made the output; or why not.
    fn readable(
        &mut self,
        end: &End,
        made: u64,
        history: Result<History, String>,
    ) -> Result<History, String> {
        let history = history.inspect_err(|_| self.asked.is_refused = true)?;
        let count = history.mentions.len();
        if count > self.args.history {
            let (count, most) = (counted(count as u64, "transaction"), self.args.history);
            return Err(format!("its owner has {count}, and --history {most} looks through no more"));
        }
        let is_it = |mention: &Mention| mention.id == end.output.transaction && mention.height == made;
        if !history.mentions.iter().any(is_it) {
            self.asked.is_refused = true;
            let why = "the server's history of its owner does not have the transaction that made it";
            return Err(why.to_owned());
        }
        Ok(history)
    }

    /// Those of some outputs whose owners' histories are not what they were when they were looked through last; the others are unspent as before.
    fn changed<'e>(&mut self, ends: &'e [End]) -> Result<Vec<&'e End>, Failed> {
        let known: Vec<&End> = ends.iter().filter(|end| self.looked.contains_key(&end.output)).collect();
        let scripts: Vec<String> = known.iter().map(|end| end.script.clone()).collect();
        let statuses = match scripts.is_empty() {
            true => Vec::new(),
            false => self.server.statuses(&scripts)?,
        };
        for (end, status) in known.into_iter().zip(statuses) {
            if status.is_some() && status == self.looked.get(&end.output).copied() {
                self.asked.unspent.insert(end.output);
            }
        }
        Ok(ends.iter().filter(|end| !self.asked.has(&end.output)).collect())
    }

    /// Fetches transactions, and adds those that spend one of some outputs, which is then not among the unspent any more; gives their ids.
    fn fetches_spenders(
        &mut self,
        reached: &mut Reached,
        headers: &Headers,
        wanted: &BTreeMap<[u8; 32], u64>,
        unspent: &mut HashMap<Outpoint, Option<[u8; 32]>>,
    ) -> Result<Vec<[u8; 32]>, Failed> {
        let ours: HashSet<Outpoint> = unspent.keys().copied().collect();
        let mut added = Vec::new();
        let ids: Vec<[u8; 32]> = wanted.keys().copied().collect();
        for ids in ids.chunks(TOGETHER) {
            let mut raws = Vec::with_capacity(ids.len());
            self.server.transactions(reached.magic(), &ids.iter().copied().collect(), |id, raw| {
                raws.push((id, raw));
                Ok(())
            })?;
            for (id, raw) in raws {
                let spends = &raw.transaction().inputs;
                let Some(height) = wanted.get(&id).copied() else { continue };
                if spends.iter().any(|from| ours.contains(from)) {
                    for from in spends {
                        unspent.remove(from);
                        self.asked.unspent.remove(from);
                    }
                    self.proves(reached, headers, raw, height)?;
                    added.push(id);
                } else if self.seen.len() < SEEN_MAX {
                    self.seen.insert(id, spends.clone());
                }
            }
        }
        Ok(added)
    }

    /// Asks for the proof of a transaction, and for what its inputs hold, and adds it.
    pub(super) fn proves(
        &mut self,
        reached: &mut Reached,
        headers: &Headers,
        raw: Raw,
        height: u64,
    ) -> Result<(), Failed> {
        let proof = self.server.proof(&raw.transaction().id, height)?;
        let header = headers.at(height).map(|(header, _)| *header).ok_or(HeaderLie::Missing(height))?;
        let proven = Proven::check(raw, height, proof, header)?;
        let mut wants = reached.wants(&proven);
        wants.truncate(AMOUNTS_MAX);
        let wants: BTreeSet<Outpoint> = wants.into_iter().collect();
        let ids: BTreeSet<[u8; 32]> = wants.iter().map(|from| from.transaction).collect();
        let by = written(proven.id());
        self.server.transactions(reached.magic(), &ids, |transaction, raw| {
            let all = |output| Outpoint { transaction, output };
            for from in wants.range(all(0)..=all(u32::MAX)) {
                let output = raw.transaction().outputs.get(from.output as usize);
                let output = output.ok_or_else(|| {
                    let of = written(&transaction);
                    Failed::Doubtful(format!(
                        "transaction {by} spends output {} of {of}, which has fewer",
                        from.output
                    ))
                })?;
                reached.tell(*from, output.satoshi);
            }
            Ok(())
        })?;
        let is_added = reached.add(proven)?;
        self.added += usize::from(is_added);
        self.is_new |= is_added;
        Ok(())
    }
}
