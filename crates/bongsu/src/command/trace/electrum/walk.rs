//! From the theft on: who owns what holds taint is asked for, and what spends it is fetched, until nothing is left to ask.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

use serde_json::json;
use trace::chain::bitcoin::electrum::{BACK_MAX, HeaderLie, Headers, Proven, Raw, Reached, Turn, hash_of};
use trace::chain::bitcoin::{Magic, Outpoint, read_id, written};
use trace::label::Labels;
use trace::taint::outputs::{Fate, OutputId, Spends as _, follow};
use trace::taint::{Limits, Way};

use super::super::bitcoin::{place, thefts};
use super::super::live::tell;
use super::kept::{Folder, Outpoints, left};
use super::server::{Failed, Server};
use crate::answer::{Progress, counted};
use crate::cli::TraceElectrumArgs;
use crate::exit::Failure;
use crate::terminal::{Terminal, visible};

/// Outputs whose owners are asked for together.
const TOGETHER: usize = 16;
/// Transactions of which it is remembered what they spend, though nothing of this theft.
const SEEN_MAX: usize = 100_000;
/// Amounts that are asked for of what one transaction spends. The amounts of further inputs are not known.
const AMOUNTS_MAX: usize = 1_000;
/// How often a chain may turn while its headers are read.
const TURNS_MAX: u32 = 3;
/// After this time what was fetched is kept, though more is to be asked.
const KEPT_AFTER: Duration = Duration::from_secs(30);

/// What a run did.
pub(super) struct Told {
    pub(super) chain: Option<&'static str>,
    pub(super) upto: Option<u64>,
    pub(super) transactions: usize,
    pub(super) added: usize,
    pub(super) dropped: usize,
    pub(super) reorganisations: usize,
    pub(super) left: Vec<String>,
}

/// What is known of the outputs that were asked for in a round.
#[derive(Default)]
struct Asked {
    unspent: Outpoints,
    left: BTreeMap<Outpoint, String>,
}

impl Asked {
    fn has(&self, output: &Outpoint) -> bool {
        self.unspent.contains(output) || self.left.contains_key(output)
    }
}

/// A theft that is fetched.
pub(super) struct Walk<'a> {
    args: &'a TraceElectrumArgs,
    labels: Labels,
    pub(super) server: Server,
    folder: Folder,
    /// The thefts' transactions.
    stolen: BTreeSet<[u8; 32]>,
    checkpoints: Vec<(u64, [u8; 32])>,
    reached: Option<Reached>,
    headers: Option<Headers>,
    /// What transactions spend that were looked at and not kept.
    seen: HashMap<[u8; 32], Vec<Outpoint>>,
    since: Instant,
    added: usize,
    dropped: usize,
    reorganisations: usize,
}

impl<'a> Walk<'a> {
    /// Opens the folder, and reads what was fetched before.
    ///
    /// # Errors
    /// When it can't be read, or what was typed makes no sense.
    pub(super) fn new(args: &'a TraceElectrumArgs, labels: Labels, server: Server) -> Result<Self, Failure> {
        let id = |text: &String| {
            let id = text.split([':', '=']).next().and_then(read_id);
            id.ok_or_else(|| {
                Failure::usage(format!("--theft: `{}` names no output", visible(text.as_bytes()))).hint(
                    "write TXID, TXID:VOUT or TXID:VOUT=SATOSHI: 64 hexadecimal digits, and whole numbers",
                )
            })
        };
        let checkpoint = |text: &String| {
            let read = || {
                let (height, hash) = text.split_once(':')?;
                Some((height.parse::<u32>().ok()?.into(), read_id(hash)?))
            };
            read().ok_or_else(|| Failure::usage("--checkpoint: write HEIGHT:HASH, as in 0:000000000019d6…"))
        };
        let folder = Folder::open(&args.store)?;
        let reached = folder.reached()?;
        let headers = match &reached {
            Some(reached) => folder.headers(reached.magic())?,
            None => None,
        };
        Ok(Self {
            stolen: args.theft.iter().map(id).collect::<Result<_, _>>()?,
            checkpoints: args.checkpoint.iter().map(checkpoint).collect::<Result<_, _>>()?,
            args,
            labels,
            server,
            folder,
            reached,
            headers,
            seen: HashMap::new(),
            since: Instant::now(),
            added: 0,
            dropped: 0,
            reorganisations: 0,
        })
    }

    pub(super) fn told(&self) -> Told {
        let reached = self.reached.as_ref();
        Told {
            chain: reached.map(|reached| reached.magic().chain()),
            upto: reached.and_then(Reached::upto).map(|(height, _)| height),
            transactions: reached.map_or(0, Reached::len),
            added: self.added,
            dropped: self.dropped,
            reorganisations: self.reorganisations,
            left: reached.map(left).unwrap_or_default(),
        }
    }

    /// Asks for all that is there now, and keeps it.
    pub(super) fn round(&mut self, terminal: &mut Terminal) -> Result<(), Failed> {
        let mut reached = match self.reached.take() {
            Some(reached) => reached,
            None => Reached::new(self.magic()?),
        };
        // What was added before something went wrong stays: it is proven.
        let ended = self.rounds(&mut reached, terminal);
        self.reached = Some(reached);
        ended
    }

    /// The chain that was asked for, if the server is of it by its first block: whoever may choose the chain may make one at no cost.
    fn magic(&mut self) -> Result<Magic, Failed> {
        let magic = Magic::from(self.args.network);
        match Headers::around(magic, 0).push(self.server.first()?) {
            Ok(()) => Ok(magic),
            Err(_) => Err(Failed::Lasting(
                Failure::usage(format!("{} is not of {}", self.server.host(), magic.chain()))
                    .hint("name another server, or another --network"),
            )),
        }
    }

    fn rounds(&mut self, reached: &mut Reached, terminal: &mut Terminal) -> Result<(), Failed> {
        let magic = reached.magic();
        if magic != Magic::from(self.args.network) {
            return Err(Failed::Lasting(self.other_chain(magic)));
        }
        let mut headers = match self.headers.take() {
            Some(headers) => headers,
            None => {
                self.magic()?;
                Headers::around(magic, u64::MAX)
            }
        };
        let ended = self.fetches(reached, &mut headers, terminal);
        self.headers = Some(headers);
        ended
    }

    fn other_chain(&self, magic: Magic) -> Failure {
        Failure::usage(format!(
            "{} holds {}, and another is asked for",
            self.args.store.display(),
            magic.chain()
        ))
        .hint("say its --network, or name the folder of the other chain, or a new one")
    }

    fn fetches(
        &mut self,
        reached: &mut Reached,
        headers: &mut Headers,
        terminal: &mut Terminal,
    ) -> Result<(), Failed> {
        let before = reached.len();
        // Headers begin at or before the first theft, and what is known to be there.
        let missing: Vec<[u8; 32]> =
            self.stolen.iter().filter(|id| reached.height(id).is_none()).copied().collect();
        let found = missing.into_iter().map(|id| self.finds(reached.magic(), &id));
        let found = found.collect::<Result<Vec<(Raw, u64)>, Failed>>()?;
        let known = self.stolen.iter().filter_map(|id| reached.height(id));
        let heights = known.chain(found.iter().map(|(_, height)| *height));
        let lowest = heights.chain(self.checkpoints.iter().map(|(height, _)| *height)).min();
        let around = Headers::around(reached.magic(), lowest.unwrap_or_default());
        let kept = (headers.first() > around.first()).then(|| std::mem::replace(headers, around));
        let turned = self.syncs(headers, terminal)?;
        // What goes back further is to lead to what was kept: only a reorganisation that took more work puts another in its place.
        if let Some((height, hash)) = kept.as_ref().and_then(settled)
            && headers.at(height).is_none_or(|(_, there)| *there != hash)
        {
            let what = format!("block {height} is to be {}, as before, and is not", written(&hash));
            *headers = kept.unwrap_or_else(|| Headers::around(reached.magic(), u64::MAX));
            return Err(Failed::Lasting(self.server.lies(&what)));
        }
        for (height, hash) in &self.checkpoints {
            if headers.at(*height).is_none_or(|(_, there)| there != hash) {
                let told = headers.shown(*height);
                let what = format!("block {height} is to be {}, and is said to be {told}", written(hash));
                return Err(Failed::Lasting(self.server.lies(&what)));
            }
        }
        let dropped = reached.keep_on(headers);
        self.dropped += dropped;
        if let Some(from) = turned {
            self.reorganisations += 1;
            let event = json!({"event": "reorganised", "from": from, "dropped": dropped});
            let text = format!(
                "the chain went another way at block {from}: {} dropped",
                counted(dropped as u64, "transaction")
            );
            tell(terminal, &event, &text)?;
        }
        let head = headers.tip().map_or(0, |(height, _)| height);
        let limit = head.checked_sub(self.args.confirmations);
        let unconfirmed = |id: &[u8; 32]| {
            let host = self.server.host();
            Failed::Passing(format!(
                "{host} has transaction {} with fewer than {} blocks behind it",
                written(id),
                self.args.confirmations
            ))
        };
        let limit = match (limit, found.iter().find(|(_, height)| limit.is_none_or(|limit| *height > limit)))
        {
            (Some(limit), None) => limit,
            (_, first) => return Err(unconfirmed(first.map_or(&[0; 32], |(raw, _)| &raw.transaction().id))),
        };
        for (raw, height) in found {
            self.proves(reached, headers, raw, height)?;
        }
        let asked = self.waves(reached, headers, limit, terminal)?;
        let upto = headers.at(limit).map(|(_, hash)| (limit, *hash));
        // The rule or the labels may be others than before, though no transaction is new.
        let is_settled_anew = reached.settle(upto, asked.unspent, asked.left);
        let is_new = is_settled_anew || reached.len() != before || dropped > 0;
        if is_new {
            self.folder.write(headers, reached)?;
            self.since = Instant::now();
        }
        if is_new && terminal.json() {
            let (all, added) = (reached.len(), reached.len().saturating_sub(before));
            let event =
                json!({"event": "read", "upto": limit, "head": head, "added": added, "transactions": all});
            tell(terminal, &event, "")?;
        }
        Ok(())
    }

    /// A theft's transaction, and the height at which one of its outputs' histories has it.
    fn finds(&mut self, magic: Magic, id: &[u8; 32]) -> Result<(Raw, u64), Failed> {
        let mut raws = self.server.transactions(magic, &BTreeSet::from([*id]))?;
        let host = self.server.host().to_owned();
        let missing =
            |why: &str| Failed::Passing(format!("{host} has transaction {} in no block{why}", written(id)));
        let raw = raws.remove(id).ok_or_else(|| missing(""))?;
        let mut why = String::new();
        for output in 0..raw.transaction().outputs.len() {
            let Some(script) = raw.scripthash(u32::try_from(output).unwrap_or(u32::MAX)) else { continue };
            for history in self.server.histories(&[script])? {
                match history {
                    Ok(mentions) => {
                        if let Some(mention) = mentions.iter().find(|mention| mention.id == *id) {
                            return Ok((raw, mention.height));
                        }
                    }
                    Err(refused) => why = format!(" that is known: {refused}"),
                }
            }
        }
        Err(missing(&why))
    }

    /// Brings the headers up to the server's last block; gives the first block that is another one than before, if there is one.
    fn syncs(&mut self, headers: &mut Headers, terminal: &mut Terminal) -> Result<Option<u64>, Failed> {
        let (height, tip) = self.server.tip()?;
        let tip = hash_of(&tip);
        let (mut turned, mut turns) = (None::<u64>, 0);
        let begun = headers.next();
        loop {
            let next = headers.next();
            match headers.at(height) {
                // A server that is behind is behind.
                Some((_, hash)) if *hash == tip => return Ok(turned),
                Some(_) => {}
                None if height < headers.first() => {
                    return Err(Failed::Passing(format!("{} has {height} blocks yet", self.server.host())));
                }
                None => {
                    let told = self.server.headers(next, height - next + 1)?;
                    let Some(first) = told.first() else { return Err(HeaderLie::Missing(next).into()) };
                    let links = headers
                        .tip()
                        .is_none_or(|(_, hash)| *AsRef::<[u8; 32]>::as_ref(&first.prev_blockhash) == hash);
                    if links {
                        for header in told {
                            headers.push(header)?;
                        }
                        let (done, total) =
                            (headers.next().saturating_sub(begun), (height + 1).saturating_sub(begun));
                        let _goes_on =
                            terminal.progress(&Progress { what: "reading headers".to_owned(), done, total });
                        continue;
                    }
                }
            }
            let start = next.saturating_sub(BACK_MAX).max(headers.first());
            let count = (height + 1).saturating_sub(start);
            let told = if count > 0 { self.server.headers(start, count)? } else { Vec::new() };
            match headers.turn(start, &told)? {
                Turn::Turned { from } if turns < TURNS_MAX => {
                    turns += 1;
                    turned = Some(turned.map_or(from, |before| before.min(from)));
                }
                Turn::Turned { .. } | Turn::Same => return Err(HeaderLie::Parent(next).into()),
                Turn::Lighter => {
                    return Err(Failed::Passing(format!(
                        "{} is on a chain that took no more work than the one that is kept, and is not followed there",
                        self.server.host()
                    )));
                }
            }
        }
    }

    /// Follows what is there, asks who owns what it leaves unspent and what spends that, and so on until nothing is left to ask.
    fn waves(
        &mut self,
        reached: &mut Reached,
        headers: &Headers,
        limit: u64,
        terminal: &mut Terminal,
    ) -> Result<Asked, Failed> {
        let mut asked = Asked::default();
        loop {
            let ends = self.ends(reached, &asked)?;
            if ends.is_empty() {
                return Ok(asked);
            }
            if self.since.elapsed() >= KEPT_AFTER {
                let mut left = asked.left.clone();
                let why = "it was not asked for yet; the same again goes on".to_owned();
                left.extend(ends.iter().map(|(output, _)| (*output, why.clone())));
                reached.settle(
                    headers.at(limit).map(|(_, hash)| (limit, *hash)),
                    asked.unspent.clone(),
                    left,
                );
                self.folder.write(headers, reached)?;
                self.since = Instant::now();
            }
            for ends in ends.chunks(TOGETHER) {
                let (done, total) = (reached.len() as u64, self.args.most as u64);
                let _goes_on =
                    terminal.progress(&Progress { what: "fetching transactions".to_owned(), done, total });
                self.asks(reached, headers, limit, ends, &mut asked)?;
            }
        }
    }

    /// What holds taint and is unspent among what is there, but for what was asked for, with the names of its scripts.
    fn ends(&self, reached: &Reached, asked: &Asked) -> Result<Vec<(Outpoint, String)>, Failed> {
        let coins = reached.coins().map_err(|error| Failed::Doubtful(error.to_string()))?;
        let ledger = coins.ledger();
        let thefts = thefts(ledger, &self.args.theft)?;
        let place = place(ledger, &self.labels);
        let trace = follow(ledger, &thefts, self.args.method.into(), place, Limits::default(), Way::Choose)
            .map_err(|error| Failure::new(error.to_string()))?;
        let held = trace.outputs().iter().filter(|one| one.fate == Fate::Held && one.tainted > 0);
        let end = |id: OutputId| {
            let output = Outpoint { transaction: ledger.id(id.transaction)?, output: id.index };
            if asked.has(&output) || ledger.spender(id).is_some() {
                return None;
            }
            let script = reached.get(&output.transaction)?.raw().scripthash(output.output)?;
            Some((output, script))
        };
        Ok(held.filter_map(|one| end(one.output)).collect())
    }

    /// Asks what spends some outputs, and adds it.
    fn asks(
        &mut self,
        reached: &mut Reached,
        headers: &Headers,
        limit: u64,
        ends: &[(Outpoint, String)],
        asked: &mut Asked,
    ) -> Result<(), Failed> {
        if reached.len() >= self.args.most {
            let why = format!(
                "{} were fetched, and --most allows no more",
                counted(reached.len() as u64, "transaction")
            );
            asked.left.extend(ends.iter().map(|(output, _)| (*output, why.clone())));
            return Ok(());
        }
        let scripts: Vec<String> = ends.iter().map(|(_, script)| script.clone()).collect();
        let histories = self.server.histories(&scripts)?;
        let mut wanted: BTreeMap<[u8; 32], u64> = BTreeMap::new();
        for ((output, _), history) in ends.iter().zip(histories) {
            let mentions = match history {
                Ok(mentions) if mentions.len() <= self.args.history => mentions,
                Ok(mentions) => {
                    let why = format!(
                        "its owner has {}, and --history {} looks through no more",
                        counted(mentions.len() as u64, "transaction"),
                        self.args.history
                    );
                    asked.left.insert(*output, why);
                    continue;
                }
                Err(refused) => {
                    asked.left.insert(*output, refused);
                    continue;
                }
            };
            let made = reached.height(&output.transaction).unwrap_or_default();
            if !mentions.iter().any(|mention| mention.id == output.transaction && mention.height == made) {
                let why = "the server's history of its owner does not have the transaction that made it";
                asked.left.insert(*output, why.to_owned());
                continue;
            }
            let later = mentions.iter().filter(|mention| mention.height >= made && mention.height <= limit);
            for mention in later.filter(|mention| reached.height(&mention.id).is_none()) {
                let is_of_others = self.seen.get(&mention.id).is_some_and(|spends| !spends.contains(output));
                if !is_of_others {
                    wanted.insert(mention.id, mention.height);
                }
            }
            asked.unspent.insert(*output);
        }
        let ours: BTreeSet<Outpoint> = ends.iter().map(|(output, _)| *output).collect();
        let ids: Vec<[u8; 32]> = wanted.keys().copied().collect();
        for ids in ids.chunks(TOGETHER) {
            let raws = self.server.transactions(reached.magic(), &ids.iter().copied().collect())?;
            for (id, raw) in raws {
                let spends = &raw.transaction().inputs;
                let Some(height) = wanted.get(&id).copied() else { continue };
                if spends.iter().any(|from| ours.contains(from)) {
                    asked.unspent.retain(|output| !spends.contains(output));
                    self.proves(reached, headers, raw, height)?;
                } else if self.seen.len() < SEEN_MAX {
                    self.seen.insert(id, spends.clone());
                }
            }
        }
        Ok(())
    }

    /// Asks for the proof of a transaction, and for what its inputs hold, and adds it.
    fn proves(
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
        let ids: BTreeSet<[u8; 32]> = wants.iter().map(|from| from.transaction).collect();
        let before = self.server.transactions(reached.magic(), &ids)?;
        for from in wants {
            let made = before.get(&from.transaction).map(Raw::transaction);
            let output = made.and_then(|made| made.outputs.get(from.output as usize));
            let output = output.ok_or_else(|| {
                let (by, of) = (written(proven.id()), written(&from.transaction));
                Failed::Doubtful(format!(
                    "transaction {by} spends output {} of {of}, which has fewer",
                    from.output
                ))
            })?;
            reached.tell(from, output.satoshi);
        }
        self.added += usize::from(reached.add(proven)?);
        Ok(())
    }
}

/// A header that no reorganisation puts another in the place of: as far behind the last as one may go back, or the first.
fn settled(headers: &Headers) -> Option<(u64, [u8; 32])> {
    let at = headers.next().saturating_sub(1 + BACK_MAX).max(headers.first());
    headers.at(at).map(|(_, hash)| (at, *hash))
}
