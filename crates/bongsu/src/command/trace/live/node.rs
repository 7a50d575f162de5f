//! The node that is asked for blocks. Nothing that it says is believed before it fits together.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use exchange::pull::rpc::{BATCH_MAX, Call, Refusal, Rpc, RpcError, Told};
use exchange::pull::{Http, Limits, PullError, Reach, Remote, Url};
use serde_json::json;
use serde_json::value::RawValue;
use trace::chain::ethereum::{Block, ReadError, transactions};

use crate::cli::TraceLiveArgs;
use crate::command::trace::until::Until;
use crate::exit::Failure;
use crate::node;

/// Blocks that are asked for at once.
const TOGETHER: usize = 8;
/// How often a block is asked for whose parts do not fit: it may be replaced between two questions.
const TRIES: u32 = 3;
/// The wait between two of them.
const AGAIN_AFTER: Duration = Duration::from_millis(500);
/// What is put up with. A block of the busiest chains with its receipts has some 10 MB.
const LIMITS: Limits = Limits {
    answer_bytes_max: 128 << 20,
    connect_timeout: Duration::from_secs(10),
    read_timeout: Duration::from_secs(30),
    answer_timeout: Duration::from_secs(120),
    attempts: 1,
    wait_first: Duration::from_secs(1),
    wait_max: Duration::from_secs(1),
};
/// The method that gives the receipts of a block at once.
const OF_BLOCK: &str = "eth_getBlockReceipts";
/// The call of a token's `decimals()`. Source: ERC-20; the first four bytes of the hash of its signature.
const DECIMALS: &str = "0x313ce567";
/// Most digits below one that an amount of 256 bits can have.
const DECIMALS_MAX: u8 = 77;

/// Why a question has no answer.
#[derive(Debug)]
pub(super) enum Failed {
    /// The program was told to end.
    Stopped,
    /// It may have one later.
    Passing(String),
    /// It will have none.
    Lasting(Failure),
}

/// How receipts are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Receipts {
    /// Those of a block at once, by [`OF_BLOCK`].
    OfBlock,
    /// Each by itself: the node does not know the other.
    OfEach,
}

/// A node of a chain.
pub(super) struct Node {
    rpc: Rpc,
    until: Until,
    receipts: Cell<Receipts>,
    /// Whether calls go in batches, and of how many blocks.
    together: Cell<usize>,
    in_batches: Cell<bool>,
    has_traces: bool,
    /// The host, for messages: the rest of the address may hold a key.
    pub(super) host: String,
}

impl Node {
    /// Makes ready to ask, until `stop` is set.
    ///
    /// # Errors
    /// When the address is none, or would be asked without TLS.
    pub(super) fn new(args: &TraceLiveArgs, stop: &Arc<AtomicBool>) -> Result<Self, Failure> {
        let bare = |host: &str| host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        let except: BTreeSet<String> = args.allow.iter().map(|host| bare(host)).collect();
        let url = args.node.parse::<Url>().ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let url = url.filter(|url| url.host_str().is_some()).ok_or_else(|| {
            Failure::usage("--node: this is no address of a node")
                .hint("name it as its operator does, such as https://node.example.org/rpc")
        })?;
        let host = bare(url.host_str().unwrap_or_default());
        if url.scheme() == "http" && !except.contains(&host) {
            return Err(Failure::usage(format!(
                "{host} would be asked without TLS, so that anyone on the way could change what it says"
            ))
            .hint(format!("use https://; or say --allow {host} if it is a node of your own")));
        }
        let remote = Remote { limits: LIMITS, reach: Reach::Public { except }, ..Remote::default() };
        let http = Http::new(remote, Arc::new(node::now)).map_err(|error| Failure::new(error.to_string()))?;
        Ok(Self {
            rpc: Rpc::new(http, url),
            until: Until::new(stop)?,
            receipts: Cell::new(Receipts::OfBlock),
            together: Cell::new(TOGETHER),
            in_batches: Cell::new(true),
            has_traces: args.traces,
            host,
        })
    }

    /// The chain's number.
    pub(super) fn chain(&self) -> Result<u64, Failed> {
        self.number("eth_chainId")
    }

    /// The number of the newest block.
    pub(super) fn head(&self) -> Result<u64, Failed> {
        self.number("eth_blockNumber")
    }

    /// The hash of a block by its number; `None` if there is none.
    pub(super) fn hash(&self, number: u64) -> Result<Option<[u8; 32]>, Failed> {
        let block = self.call(&Call::new("eth_getBlockByNumber", [hex(number), false.into()]))?;
        if block.get() == "null" {
            return Ok(None);
        }
        match Block::head(block.get()) {
            Ok((got, hash)) if got == number => Ok(Some(hash)),
            Ok((got, _)) => Err(self.lies(&format!("block {number} was asked for, and {got} came"))),
            Err(error) => Err(self.lies(&format!("block {number}: {error}"))),
        }
    }

    /// Some blocks from `first` on: one, or more, but not beyond `last`.
    pub(super) fn blocks(&self, first: u64, last: u64) -> Result<Vec<Block>, Failed> {
        let count = last.saturating_sub(first).saturating_add(1).min(self.together.get() as u64);
        let calls: Vec<Call> = (first..first + count).flat_map(|number| self.calls(number)).collect();
        let mut told = match self.all(&calls) {
            Err(Failed::Passing(_)) if count > 1 => {
                // Fewer at once may be what the node puts up with; if not, that is told then.
                self.together.set(1);
                return self.blocks(first, first);
            }
            told => told?.into_iter(),
        };
        let mut blocks = Vec::with_capacity(count as usize);
        for number in first..first + count {
            match self.parts(number, &mut told).and_then(|parts| self.read(number, &parts)) {
                Ok(Some(block)) => blocks.push(block),
                Ok(None) if blocks.is_empty() => blocks.push(self.again(number)?),
                // What came before is good; this one is asked for again.
                Ok(None) => break,
                Err(Failed::Passing(_)) if !blocks.is_empty() => break,
                Err(failed) => return Err(failed),
            }
        }
        self.together.set((self.together.get() * 2).min(TOGETHER));
        Ok(blocks)
    }

    /// What is asked for a block.
    fn calls(&self, number: u64) -> Vec<Call> {
        let mut calls = vec![Call::new("eth_getBlockByNumber", [hex(number), true.into()])];
        if self.receipts.get() == Receipts::OfBlock {
            calls.push(Call::new(OF_BLOCK, [hex(number)]));
        }
        if self.has_traces {
            calls.push(Call::new("trace_block", [hex(number)]));
        }
        calls
    }

    /// The digits below one of tokens, by their contracts, as far as these say it.
    pub(super) fn decimals(&self, contracts: &[String]) -> Result<Vec<Option<u8>>, Failed> {
        let mut all = Vec::with_capacity(contracts.len());
        for contracts in contracts.chunks(BATCH_MAX) {
            let call = |contract: &String| {
                Call::new("eth_call", [json!({"to": contract, "data": DECIMALS}), "latest".into()])
            };
            let told = self.all(&contracts.iter().map(call).collect::<Vec<_>>())?;
            all.extend(told.into_iter().map(|told| {
                let text: String = serde_json::from_str(told.ok()?.get()).ok()?;
                let digits = text.strip_prefix("0x").filter(|digits| digits.len() == 64)?;
                u8::from_str_radix(digits, 16).ok().filter(|decimals| *decimals <= DECIMALS_MAX)
            }));
        }
        Ok(all)
    }

    /// Waits, but not longer than the program is to run; says whether it is to go on.
    pub(super) fn waits(&self, time: Duration) -> bool {
        self.until.waits(time)
    }

    /// A block whose parts did not fit, asked for some more times.
    fn again(&self, number: u64) -> Result<Block, Failed> {
        for _ in 1..TRIES {
            if !self.waits(AGAIN_AFTER) {
                return Err(Failed::Stopped);
            }
            let parts = self.parts(number, &mut self.all(&self.calls(number))?.into_iter())?;
            if let Some(block) = self.read(number, &parts)? {
                return Ok(block);
            }
        }
        Err(self.lies(&format!(
            "block {number} was asked for {TRIES} times, and each time receipts or traces of another block came"
        )))
    }

    /// A block of its parts; nothing if they are of several blocks, as when one is replaced between two questions.
    fn read(&self, number: u64, parts: &Parts) -> Result<Option<Block>, Failed> {
        let read = Block::read(parts.block.get(), &parts.receipts).and_then(|mut block| {
            if let Some(traces) = &parts.traces {
                block.add_traces(traces.get())?;
            }
            Ok(block)
        });
        match read {
            Ok(block) => Ok(Some(block)),
            Err(ReadError::OtherBlock(_)) => Ok(None),
            Err(error) => Err(self.lies(&format!("block {number}: {error}"))),
        }
    }

    /// The parts of a block among the results that came.
    fn parts(&self, number: u64, told: &mut impl Iterator<Item = Told>) -> Result<Parts, Failed> {
        let mut next = || told.next().ok_or_else(|| self.lies("answers are missing"));
        let block = self.result(next()?)?;
        if block.get() == "null" {
            return Err(Failed::Passing(format!("{} has no block {number} yet", self.host)));
        }
        let receipts = match self.receipts.get() {
            Receipts::OfBlock => {
                let receipts = self.result(next()?)?;
                if receipts.get() == "null" {
                    return Err(self.not_yet(number));
                }
                Some(receipts.get().to_owned())
            }
            Receipts::OfEach => None,
        };
        let traces = self.has_traces.then(next).transpose()?;
        let traces = traces.map(|traces| {
            traces.map_err(|refusal| {
                Failed::Lasting(
                    Failure::new(format!("{} gives no traces: {refusal}", self.host))
                        .hint("without --traces, what contracts pay within transactions is left out"),
                )
            })
        });
        let receipts = match receipts {
            Some(receipts) => receipts,
            None => self.receipts_of_each(number, block.get())?,
        };
        Ok(Parts { block, receipts, traces: traces.transpose()? })
    }

    /// The receipts of a block's transactions, each asked for by itself.
    fn receipts_of_each(&self, number: u64, block: &str) -> Result<String, Failed> {
        let hashes = transactions(block).map_err(|error| self.lies(&format!("block {number}: {error}")))?;
        let mut receipts: Vec<Box<RawValue>> = Vec::with_capacity(hashes.len());
        for hashes in hashes.chunks(BATCH_MAX) {
            let call = |hash: &String| Call::new("eth_getTransactionReceipt", [hash.as_str().into()]);
            for told in self.all(&hashes.iter().map(call).collect::<Vec<_>>())? {
                let receipt = self.result(told)?;
                if receipt.get() == "null" {
                    return Err(self.not_yet(number));
                }
                receipts.push(receipt);
            }
        }
        Ok(serde_json::to_string(&receipts).unwrap_or_default())
    }

    fn not_yet(&self, number: u64) -> Failed {
        Failed::Passing(format!("{} has no receipts of block {number} yet", self.host))
    }

    fn number(&self, method: &'static str) -> Result<u64, Failed> {
        let result = self.call(&Call::new(method, []))?;
        let text: Option<String> = serde_json::from_str(result.get()).ok();
        let number = text.and_then(|text| u64::from_str_radix(text.strip_prefix("0x")?, 16).ok());
        number.ok_or_else(|| self.lies(&format!("{method} gives no number")))
    }

    fn call(&self, call: &Call) -> Result<Box<RawValue>, Failed> {
        self.asked(self.rpc.call(call))
    }

    /// Calls all of them: in batches, or one by one where the node knows no batches. Of a node that does not give receipts by the block
    /// that is kept in mind.
    fn all(&self, calls: &[Call]) -> Result<Vec<Told>, Failed> {
        let told = match self.in_batches.get() {
            true => match self.asked_plainly(self.rpc.batch(calls))? {
                Err(RpcError::Refused(_)) => {
                    self.in_batches.set(false);
                    self.one_by_one(calls)?
                }
                told => told.map_err(|error| self.failed(error))?,
            },
            false => self.one_by_one(calls)?,
        };
        let refused = |told: &Told| told.as_ref().is_err_and(|refusal| refusal.method == OF_BLOCK);
        if told.iter().any(refused) && self.receipts.get() == Receipts::OfBlock {
            self.receipts.set(Receipts::OfEach);
            let kept = calls.iter().zip(told).filter(|(call, _)| call.method != OF_BLOCK);
            return Ok(kept.map(|(_, told)| told).collect());
        }
        Ok(told)
    }

    fn one_by_one(&self, calls: &[Call]) -> Result<Vec<Told>, Failed> {
        let mut all = Vec::with_capacity(calls.len());
        for call in calls {
            all.push(match self.asked_plainly(self.rpc.call(call))? {
                Ok(result) => Ok(result),
                Err(RpcError::Refused(refusal)) => Err(refusal),
                Err(error) => return Err(self.failed(error)),
            });
        }
        Ok(all)
    }

    fn asked<T>(&self, asked: impl Future<Output = Result<T, RpcError>>) -> Result<T, Failed> {
        self.asked_plainly(asked)?.map_err(|error| self.failed(error))
    }

    fn asked_plainly<T>(
        &self,
        asked: impl Future<Output = Result<T, RpcError>>,
    ) -> Result<Result<T, RpcError>, Failed> {
        self.until.given(asked).ok_or(Failed::Stopped)
    }

    fn result(&self, told: Told) -> Result<Box<RawValue>, Failed> {
        told.map_err(|refusal| self.failed(RpcError::Refused(refusal)))
    }

    fn failed(&self, error: RpcError) -> Failed {
        let host = &self.host;
        match error {
            RpcError::Pull(PullError::Unreachable { why, .. }) => {
                Failed::Passing(format!("{host} gives no answer: {why}"))
            }
            RpcError::Pull(PullError::Busy { status, after, .. }) => {
                Failed::Passing(format!("{host} is busy ({status}), for {} s at least", after.as_secs()))
            }
            RpcError::Pull(PullError::Refused { status, reason, .. }) if status >= 500 => {
                Failed::Passing(format!("{host} fails: {status} {reason}"))
            }
            RpcError::Pull(PullError::Refused { status, reason, .. }) => Failed::Lasting(
                Failure::new(format!("{host} refuses: {status} {reason}"))
                    .hint("is the address right, with the key if it needs one?"),
            ),
            RpcError::Pull(PullError::TooLarge { limit_bytes, .. }) => {
                Failed::Passing(format!("{host} answers with more than {limit_bytes} bytes"))
            }
            RpcError::Pull(PullError::Malformed { what, .. }) => Failed::Lasting(
                Failure::new(format!("{host} answers what JSON-RPC does not know: {what}"))
                    .hint("is it a node's address for JSON-RPC over HTTP?"),
            ),
            RpcError::Pull(error @ PullError::NotPublic { .. }) => Failed::Lasting(
                Failure::usage(error.to_string())
                    .hint(format!("say --allow {host} if it is a node of your own")),
            ),
            RpcError::Refused(refusal) => self.refused(&refusal),
            RpcError::Pull(error) => Failed::Lasting(Failure::new(format!("{host} can't be asked: {error}"))),
            error => Failed::Lasting(Failure::new(format!("{host} can't be asked: {error}"))),
        }
    }

    /// What a node refuses by a number that stands for "never" in JSON-RPC, it refuses for good.
    fn refused(&self, refusal: &Refusal) -> Failed {
        let told = format!("{} refuses {refusal}", self.host);
        match refusal.code {
            -32_700 | -32_602..=-32_600 => Failed::Lasting(Failure::new(told)),
            _ => Failed::Passing(told),
        }
    }

    /// What can't be true, by which no transfer was changed.
    pub(super) fn lies(&self, what: &str) -> Failed {
        Failed::Lasting(
            Failure::new(format!("what {} says does not fit: {what}", self.host)).hint(
                "the store holds what came before; the same again goes on there, better with another node",
            ),
        )
    }
}

/// What makes a block.
struct Parts {
    block: Box<RawValue>,
    receipts: String,
    traces: Option<Box<RawValue>>,
}

fn hex(number: u64) -> serde_json::Value {
    format!("{number:#x}").into()
}
