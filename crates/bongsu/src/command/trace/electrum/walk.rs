//! From the theft on: who owns what holds taint is asked for, and what spends it is fetched, until nothing is left to ask.

use std::collections::{BTreeSet, HashMap};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use serde_json::json;
use trace::chain::bitcoin::electrum::{BACK_MAX, HeaderLie, Headers, Raw, Reached, Turn, hash_of, have_come};
use trace::chain::bitcoin::{Magic, Outpoint, read_id, written};
use trace::label::Labels;

use super::super::live::tell;
use super::kept::{Folder, left};
use super::server::{Failed, Server};
use super::wave::Asked;
use crate::answer::{Progress, counted};
use crate::cli::TraceElectrumArgs;
use crate::exit::Failure;
use crate::terminal::{Terminal, visible};

/// How often a chain may turn while its headers are read.
const TURNS_MAX: u32 = 3;
/// What a run did.
pub(super) struct Told {
    pub(super) chain: Option<&'static str>,
    pub(super) upto: Option<u64>,
    pub(super) transactions: usize,
    pub(super) added: usize,
    pub(super) dropped: usize,
    pub(super) reorganisations: usize,
    pub(super) left: Vec<String>,
    /// Whether some of it was not written, since not all thefts were there yet.
    pub(super) is_unwritten: bool,
}

/// A theft that is fetched.
pub(super) struct Walk<'a> {
    pub(super) args: &'a TraceElectrumArgs,
    pub(super) labels: Labels,
    pub(super) server: Server,
    folder: Folder,
    /// The thefts' transactions.
    stolen: BTreeSet<[u8; 32]>,
    checkpoints: Vec<(u64, [u8; 32])>,
    reached: Option<Reached>,
    headers: Option<Headers>,
    /// What transactions spend that were looked at and not kept.
    pub(super) seen: HashMap<[u8; 32], Vec<Outpoint>>,
    /// Outputs that were unspent, with nothing to come that was known, and what the server shortly said of their owners' histories then.
    pub(super) looked: HashMap<Outpoint, [u8; 32]>,
    /// What is known of the outputs that were asked for in this round.
    pub(super) asked: Asked,
    /// The last block up to which it is asked.
    upto: Option<(u64, [u8; 32])>,
    /// The last block up to which all was asked and answered, by this run.
    done: Option<(u64, [u8; 32])>,
    /// When something was written last, and whether something has come since.
    pub(super) since: Instant,
    pub(super) is_new: bool,
    pub(super) added: usize,
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
            looked: HashMap::new(),
            asked: Asked::default(),
            upto: None,
            done: None,
            since: Instant::now(),
            is_new: false,
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
            is_unwritten: self.is_new,
        }
    }

    /// Asks for all that is there now, and keeps it; also where it is told to end, or the server is gone, before that was all.
    pub(super) fn round(&mut self, terminal: &mut Terminal) -> Result<(), Failed> {
        let mut reached = match self.reached.take() {
            Some(reached) => reached,
            None => Reached::new(self.magic()?),
        };
        // What was added before something went wrong stays: it is proven.
        let ended = self.rounds(&mut reached, terminal);
        self.server.hangs_up();
        let kept = match (&ended, self.headers.take()) {
            (Err(Failed::Stopped | Failed::Passing(_)), Some(headers))
                if self.is_new && self.stolen.iter().all(|id| reached.height(id).is_some()) =>
            {
                let kept = self.keeps(&mut reached, &headers);
                self.headers = Some(headers);
                kept
            }
            (_, headers) => {
                self.headers = headers;
                Ok(())
            }
        };
        self.reached = Some(reached);
        kept.and(ended)
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
        (self.asked, self.upto) = (Asked::default(), None);
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
        self.is_new |= dropped > 0;
        if dropped > 0 || turned.is_some() {
            (self.done, self.looked) = (None, HashMap::new());
        }
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
        let upto = headers.at(limit).map(|(_, hash)| (limit, *hash));
        if upto.is_some() && upto == self.done && found.is_empty() {
            // No other block counts than those up to which all was asked.
            return Ok(());
        }
        self.upto = upto;
        for (raw, height) in found {
            self.proves(reached, headers, raw, height)?;
        }
        self.waves(reached, headers, limit, terminal)?;
        self.done = upto.filter(|_| !self.asked.is_refused);
        // The rule or the labels may be others than before, though no transaction is new.
        let is_settled_anew = reached.settle(upto, self.asked.unspent.clone(), self.asked.left.clone());
        let is_new = is_settled_anew || reached.len() != before || self.is_new;
        if is_new {
            self.writes(reached, headers)?;
        }
        if is_new && terminal.json() {
            let (all, added) = (reached.len(), reached.len().saturating_sub(before));
            let event =
                json!({"event": "read", "upto": limit, "head": head, "added": added, "transactions": all});
            tell(terminal, &event, "")?;
        }
        Ok(())
    }

    /// Keeps what is there, though more is to be asked.
    pub(super) fn keeps(&mut self, reached: &mut Reached, headers: &Headers) -> Result<(), Failed> {
        let mut left = self.asked.left.clone();
        let why = "it was not asked for yet; the same again goes on";
        left.extend(self.ends(reached)?.into_iter().map(|end| (end.output, why.to_owned())));
        reached.settle(self.upto, self.asked.unspent.clone(), left);
        self.writes(reached, headers)
    }

    fn writes(&mut self, reached: &Reached, headers: &Headers) -> Result<(), Failed> {
        self.folder.write(headers, reached)?;
        (self.since, self.is_new) = (Instant::now(), false);
        Ok(())
    }

    /// A theft's transaction, and the height at which one of its outputs' histories has it.
    fn finds(&mut self, magic: Magic, id: &[u8; 32]) -> Result<(Raw, u64), Failed> {
        let mut raw = None;
        self.server.transactions(magic, &BTreeSet::from([*id]), |_, told| {
            raw = Some(told);
            Ok(())
        })?;
        let host = self.server.host().to_owned();
        let missing =
            |why: &str| Failed::Passing(format!("{host} has transaction {} in no block{why}", written(id)));
        let raw = raw.ok_or_else(|| missing(""))?;
        let mut why = String::new();
        for output in 0..raw.transaction().outputs.len() {
            let Some(script) = raw.scripthash(u32::try_from(output).unwrap_or(u32::MAX)) else { continue };
            let mut height = None;
            self.server.histories(&[script], |history| match history {
                Ok(history) => {
                    let mention = history.mentions.iter().find(|mention| mention.id == *id);
                    height = mention.map(|mention| mention.height);
                }
                Err(refused) => why = format!(" that is known: {refused}"),
            })?;
            if let Some(height) = height {
                return Ok((raw, height));
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
                    have_come(next, &told, now())?;
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
            have_come(start, &told, now())?;
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
}

/// Seconds since 1970-01-01 UTC.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// A header that no reorganisation puts another in the place of: as far behind the last as one may go back, or the first.
fn settled(headers: &Headers) -> Option<(u64, [u8; 32])> {
    let at = headers.next().saturating_sub(1 + BACK_MAX).max(headers.first());
    headers.at(at).map(|(_, hash)| (at, *hash))
}
