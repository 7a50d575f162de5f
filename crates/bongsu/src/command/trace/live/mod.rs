//! `bongsu trace live`: a chain of Ethereum's kind, read from a node block by block into a store.

mod kept;
mod node;

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use trace::chain::ethereum::{Block, Follower, Lie, Step, network};

use self::kept::{Kept, Pending};
use self::node::{Failed, Node};
use crate::answer::{Answer, Progress, counted};
use crate::cli::TraceLiveArgs;
use crate::command::interrupted;
use crate::exit::Failure;
use crate::terminal::Terminal;

/// Blocks, and transfers, that are kept together: a crash costs no more than reading them again.
const BLOCKS_TOGETHER: usize = 64;
const TRANSFERS_TOGETHER: usize = 50_000;
/// After this time they are kept, however few they are.
const KEPT_AFTER: Duration = Duration::from_secs(10);
/// The first and the longest wait for a node that gives no answer; it doubles each time.
const WAIT_FIRST: Duration = Duration::from_secs(1);
const WAIT_MAX: Duration = Duration::from_secs(60);

pub(super) fn run(args: &TraceLiveArgs, terminal: &mut Terminal) -> Result<Answer, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    interrupted::sets(&stop)?;
    let asking = Asking { node: Node::new(args, &stop)?, is_once: args.once, gave_up: Cell::new(None) };
    let Some(chain) = asking.patiently(terminal, Node::chain)? else { return asking.ends(nothing()) };
    let network = network(chain);
    let Some(newest) = asking.patiently(terminal, Node::head)? else { return asking.ends(nothing()) };
    let newest = newest.saturating_sub(args.confirmations);
    let kept = Kept::open(&args.store, chain, network, args.from, newest, terminal)?;
    let follower = kept.follower();
    let begins = kept.next();
    let mut live = Live {
        asking,
        args,
        terminal,
        kept,
        follower,
        pending: Pending::default(),
        since: Instant::now(),
        head: newest,
        told: Told { begins, ..Told::default() },
    };
    live.goes()?;
    let answer = live.answer();
    live.asking.ends(answer)
}

/// The answer of a run that was told to end before it began.
fn nothing() -> Answer {
    Answer::done(json!({"event": "ended", "blocks": 0, "added": 0}), "Nothing was read.")
}

/// What a run did.
#[derive(Debug, Default)]
struct Told {
    begins: u64,
    added: u64,
    dropped: u64,
    reorganisations: u64,
}

/// Asks a node, and waits for one that gives no answer.
struct Asking {
    node: Node,
    is_once: bool,
    /// Why it is not asked any more.
    gave_up: Cell<Option<Failure>>,
}

impl Asking {
    /// What a node is asked for, again until it answers; `None` if the program is told to end, or it is not asked again.
    fn patiently<T>(
        &self,
        terminal: &mut Terminal,
        what: impl Fn(&Node) -> Result<T, Failed>,
    ) -> Result<Option<T>, Failure> {
        let mut wait = WAIT_FIRST;
        loop {
            let why = match what(&self.node) {
                Ok(answer) => return Ok(Some(answer)),
                Err(Failed::Stopped) => return Ok(None),
                Err(Failed::Lasting(failure)) => return Err(failure),
                Err(Failed::Passing(why)) => why,
            };
            if self.is_once {
                self.gave_up.set(Some(Failure::new(why).hint(
                    "what came before is in the store; the same again goes on behind it, and without --once it waits for the node",
                )));
                return Ok(None);
            }
            let seconds = wait.as_secs();
            let event = json!({"event": "waiting", "why": why, "again_in_s": seconds});
            tell(terminal, &event, &format!("{why}; asked again in {seconds} s"))?;
            if !self.node.waits(wait) {
                return Ok(None);
            }
            wait = (wait * 2).min(WAIT_MAX);
        }
    }

    /// How a run ends: with its answer, unless the node gave none.
    fn ends(&self, answer: Answer) -> Result<Answer, Failure> {
        self.gave_up.take().map_or(Ok(answer), Err)
    }
}

/// Tells what happens: a line of JSON on standard output, or a text on standard error.
pub(super) fn tell(terminal: &mut Terminal, event: &Value, text: &str) -> Result<(), Failure> {
    match terminal.json() {
        true => terminal.write(format!("{event}\n").as_bytes()),
        false => {
            terminal.note(text);
            Ok(())
        }
    }
}

/// A chain that is followed.
struct Live<'a> {
    asking: Asking,
    args: &'a TraceLiveArgs,
    terminal: &'a mut Terminal,
    kept: Kept,
    follower: Follower,
    pending: Pending,
    /// When something was kept last.
    since: Instant,
    /// The newest block of the chain.
    head: u64,
    told: Told,
}

impl Live<'_> {
    /// Follows until there is no more, or the program is told to end.
    fn goes(&mut self) -> Result<(), Failure> {
        while let Some(head) = self.asking.patiently(self.terminal, Node::head)? {
            self.head = head;
            // Where nothing is confirmed yet, there is nothing to read: not the first block either.
            let confirmed = head.checked_sub(self.args.confirmations);
            let last =
                confirmed.map(|confirmed| self.args.until.map_or(confirmed, |until| until.min(confirmed)));
            let goes_on = match last {
                Some(last) if self.follower.next() <= last => self.reads(last)?,
                _ => self.waits()?,
            };
            if !goes_on {
                break;
            }
        }
        // What a chain that is still going back would drop, may yet be its own.
        if self.follower.is_settled() {
            self.keeps()?;
        }
        Ok(())
    }

    /// Reads up to this block; says whether to go on.
    fn reads(&mut self, last: u64) -> Result<bool, Failure> {
        while self.follower.next() <= last {
            let first = self.follower.next();
            let asked = |node: &Node| node.blocks(first, last);
            let Some(blocks) = self.asking.patiently(self.terminal, asked)? else { return Ok(false) };
            for block in blocks {
                if !self.takes(block)? {
                    break;
                }
            }
            let is_much = self.pending.blocks.len() >= BLOCKS_TOGETHER
                || self.pending.transfers() >= TRANSFERS_TOGETHER
                || self.since.elapsed() >= KEPT_AFTER;
            if is_much && self.follower.is_settled() {
                self.keeps()?;
            }
            let begun = self.kept.begun();
            let (done, total) = (first.saturating_sub(begun), last.saturating_sub(begun).saturating_add(1));
            let _goes_on =
                self.terminal.progress(&Progress { what: "reading blocks".to_owned(), done, total });
        }
        self.keeps()?;
        Ok(true)
    }

    /// Takes a block; says whether the next one that came can follow.
    fn takes(&mut self, block: Block) -> Result<bool, Failure> {
        let step = self.follower.take(block.number, block.hash, block.parent);
        match step.map_err(|lie| self.lied(&lie))? {
            Step::Add => {
                self.pending.blocks.push(block);
                Ok(true)
            }
            Step::Back { from } => {
                self.pending.back(from, self.kept.next());
                Ok(false)
            }
            Step::Known => {
                Err(self.lied_of(&format!("block {} has the hash of an earlier one", block.number)))
            }
        }
    }

    /// Where there is nothing new: looks whether the last block is still the chain's, keeps what there is, and waits. Says whether to go on.
    fn waits(&mut self) -> Result<bool, Failure> {
        if let Some(number) = self.follower.next().checked_sub(1).filter(|_| self.follower.tip().is_some()) {
            let number = number.min(self.head);
            let asked = |node: &Node| node.hash(number);
            let Some(hash) = self.asking.patiently(self.terminal, asked)? else { return Ok(false) };
            if let Some(hash) = hash {
                let step = self.follower.check(number, hash).map_err(|lie| self.lied(&lie))?;
                if let Step::Back { from } = step {
                    self.pending.back(from, self.kept.next());
                    return Ok(true);
                }
            }
        }
        if self.follower.is_settled() {
            self.keeps()?;
        }
        let is_done = self.args.until.is_some_and(|until| self.follower.next() > until);
        if is_done || self.args.once {
            return Ok(false);
        }
        Ok(self.asking.node.waits(Duration::from_secs(self.args.every)))
    }

    /// Keeps what is pending.
    fn keeps(&mut self) -> Result<(), Failure> {
        self.since = Instant::now();
        if self.pending.is_empty() {
            return Ok(());
        }
        let contracts = self.kept.without_decimals(&self.pending.blocks);
        // What a token's amounts are called is no reason to wait, or to end.
        let decimals = self.asking.node.decimals(&contracts).unwrap_or_default();
        let decimals: Vec<(String, u8)> = contracts
            .into_iter()
            .zip(decimals)
            .filter_map(|(contract, decimals)| Some((contract, decimals?)))
            .collect();
        let pending = std::mem::take(&mut self.pending);
        let appended = self.kept.commit(&pending, &self.follower, &decimals)?;
        self.told.added += appended.added;
        self.told.dropped += appended.dropped;
        if let Some(from) = pending.drop_from {
            self.told.reorganisations += 1;
            self.told.begins = self.told.begins.min(from);
            let event = json!({"event": "reorganised", "from": from, "dropped": appended.dropped});
            let dropped = counted(appended.dropped, "transfer");
            tell(
                self.terminal,
                &event,
                &format!("the chain went another way at block {from}: {dropped} dropped"),
            )?;
        }
        if self.terminal.json()
            && let (Some(first), Some(last)) = (pending.blocks.first(), pending.blocks.last())
        {
            let event = json!({
                "event": "read", "from": first.number, "to": last.number, "head": self.head, "added": appended.added,
            });
            tell(self.terminal, &event, "")?;
        }
        Ok(())
    }

    fn lied(&self, lie: &Lie) -> Failure {
        self.lied_of(&lie.to_string())
    }

    fn lied_of(&self, what: &str) -> Failure {
        match self.asking.node.lies(what) {
            Failed::Lasting(failure) => failure,
            Failed::Stopped | Failed::Passing(_) => Failure::new(what),
        }
    }

    fn answer(&self) -> Answer {
        let (next, told) = (self.kept.next(), &self.told);
        let blocks = next.saturating_sub(told.begins);
        let json = json!({
            "event": "ended", "from": told.begins, "next": next, "blocks": blocks, "added": told.added, "dropped": told.dropped,
            "reorganisations": told.reorganisations, "head": self.head,
        });
        let mut text = match blocks {
            0 => format!("No new blocks; the next is {next}."),
            _ => format!(
                "{} read, {} to {}: {} added.",
                counted(blocks, "block"),
                told.begins,
                next - 1,
                counted(told.added, "transfer")
            ),
        };
        if told.reorganisations > 0 {
            text.push_str(&format!(
                " The chain went another way {} times: {} dropped.",
                told.reorganisations,
                counted(told.dropped, "transfer")
            ));
        }
        Answer::done(json, text)
    }
}
