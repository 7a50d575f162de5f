//! The server that is asked. What it says is read here, and checked by who asks.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use exchange::pull::electrum::{Electrum, Limits, Server as Address, Trust};
use exchange::pull::rpc::{Call, RpcError, Told};
use exchange::pull::{PullError, Reach};
use serde_json::Value;
use serde_json::value::RawValue;
use trace::chain::bitcoin::electrum::{
    self as read, Header, HeaderLie, History, Proof, ProofLie, Raw, ReachedLie, ReadError,
};
use trace::chain::bitcoin::{Magic, written};

use crate::cli::TraceElectrumArgs;
use crate::command::trace::until::Until;
use crate::exit::Failure;

/// Calls that are made without waiting for each other's answers.
const TOGETHER: usize = 16;
/// What servers of ElectrumX's kind say where they are asked for too much in a time, or are too busy.
const BUSY: [i64; 2] = [-101, -102];
/// What a server may take for an answer. What does not fit together is asked for one by one.
const LIMITS: Limits = Limits {
    line_bytes_max: 16 << 20,
    batch_bytes_max: 32 << 20,
    connect_timeout: Duration::from_secs(10),
    read_timeout: Duration::from_secs(30),
    answer_timeout: Duration::from_secs(120),
};

/// Why a question has no answer.
#[derive(Debug)]
pub(super) enum Failed {
    /// The program was told to end.
    Stopped,
    /// It may have one later.
    Passing(String),
    /// It does not fit: because the chain turned between two questions, or because it is a lie.
    Doubtful(String),
    /// It will have none.
    Lasting(Failure),
}

impl From<Failure> for Failed {
    fn from(failure: Failure) -> Self {
        Self::Lasting(failure)
    }
}

impl From<HeaderLie> for Failed {
    fn from(lie: HeaderLie) -> Self {
        match lie {
            HeaderLie::Length(_) => Self::Lasting(Failure::new(lie.to_string())),
            lie => Self::Doubtful(lie.to_string()),
        }
    }
}

impl From<ProofLie> for Failed {
    fn from(lie: ProofLie) -> Self {
        Self::Doubtful(lie.to_string())
    }
}

impl From<ReachedLie> for Failed {
    fn from(lie: ReachedLie) -> Self {
        Self::Doubtful(lie.to_string())
    }
}

/// What comes of one of several calls.
enum Came {
    Told(Box<RawValue>),
    /// The server does not tell it, or more than is taken.
    Not(String),
}

/// A server, and the connection to it while there is one.
pub(super) struct Server {
    address: Address,
    trust: Trust,
    reach: Reach,
    until: Until,
    connection: Option<Electrum>,
    /// Whether it would say unasked, over this connection, when a history changes.
    is_subscribed: bool,
}

impl Server {
    /// Makes ready to ask.
    ///
    /// # Errors
    /// When the address is none, or the certificate can't be read.
    pub(super) fn new(args: &TraceElectrumArgs, stop: &Arc<AtomicBool>) -> Result<Self, Failure> {
        let address = Address::read(&args.server).ok_or_else(|| {
            Failure::usage("--server: this is no address of an Electrum server").hint(
                "write ssl://HOST:PORT, most often with port 50002; or tcp://HOST:PORT for one of your own",
            )
        })?;
        let bare = |host: &str| host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        let except: BTreeSet<String> = args.allow.iter().map(|host| bare(host)).collect();
        if !address.is_tls() && !except.contains(address.host()) {
            return Err(Failure::usage(format!(
                "{} would be asked without TLS, so that anyone on the way could change what it says",
                address.host()
            ))
            .hint(format!("use ssl://; or say --allow {} if it is a server of your own", address.host())));
        }
        let trust = match &args.certificate {
            None => Trust::System,
            Some(path) => Trust::Named(
                std::fs::read(path)
                    .map_err(|error| Failure::usage(format!("--certificate: {}: {error}", path.display())))?,
            ),
        };
        let (reach, until) = (Reach::Public { except }, Until::new(stop)?);
        Ok(Self { address, trust, reach, until, connection: None, is_subscribed: false })
    }

    /// The name by which it is told of.
    pub(super) fn host(&self) -> &str {
        self.address.host()
    }

    /// The first block's header.
    pub(super) fn first(&mut self) -> Result<Header, Failed> {
        let told = self.one(Call::new("blockchain.block.header", [0.into()]))?;
        self.read(read::first_header(&told))
    }

    /// The last block's height and header.
    pub(super) fn tip(&mut self) -> Result<(u64, Header), Failed> {
        let told = self.one(Call::new("blockchain.headers.subscribe", []))?;
        self.read(read::tip(&told))
    }

    /// Headers in a row: as many, or fewer.
    pub(super) fn headers(&mut self, start: u64, count: u64) -> Result<Vec<Header>, Failed> {
        let count = count.min(read::HEADERS_MAX as u64);
        let told = self.one(Call::new("blockchain.block.headers", [start.into(), count.into()]))?;
        let mut headers = self.read(read::headers(&told))?;
        headers.truncate(usize::try_from(count).unwrap_or(usize::MAX));
        Ok(headers)
    }

    /// The transactions that mention each of these scripts, or why they are not told: each is handed on as it comes, in order.
    pub(super) fn histories(
        &mut self,
        scripts: &[String],
        mut each: impl FnMut(Result<History, String>),
    ) -> Result<(), Failed> {
        let calls = scripts.iter().map(|script| (script, "blockchain.scripthash.get_history"));
        self.scripts(calls, |came| {
            each(match came.map(|told| read::history(told.get())) {
                Ok(Ok(history)) => Ok(history),
                Ok(Err(error @ ReadError::Mentions(_))) => Err(error.to_string()),
                Ok(Err(error)) => return Err(error),
                Err(why) => Err(why),
            });
            Ok(())
        })
    }

    /// What the server says shortly of these scripts' histories, where it does, in order.
    pub(super) fn statuses(&mut self, scripts: &[String]) -> Result<Vec<Option<[u8; 32]>>, Failed> {
        let calls = scripts.iter().map(|script| (script, "blockchain.scripthash.subscribe"));
        let mut all = Vec::with_capacity(scripts.len());
        self.is_subscribed = true;
        self.scripts(calls, |came| {
            all.push(came.map_or(Ok(None), |told| read::status(told.get()))?);
            Ok(())
        })?;
        Ok(all)
    }

    /// Ends the connection if the server would say unasked, over it, what nobody listens for.
    pub(super) fn hangs_up(&mut self) {
        if std::mem::take(&mut self.is_subscribed) {
            self.connection = None;
        }
    }

    fn scripts<'a>(
        &mut self,
        calls: impl Iterator<Item = (&'a String, &'static str)>,
        mut each: impl FnMut(Result<&RawValue, String>) -> Result<(), ReadError>,
    ) -> Result<(), Failed> {
        let calls: Vec<Call> =
            calls.map(|(script, method)| Call::new(method, [script.as_str().into()])).collect();
        for calls in calls.chunks(TOGETHER) {
            for came in self.some(calls)? {
                let read = match &came {
                    Came::Told(told) => each(Ok(told.as_ref())),
                    Came::Not(why) => each(Err(why.clone())),
                };
                self.read(read)?;
            }
        }
        Ok(())
    }

    /// Transactions by their ids, each of which its bytes have: each is handed on as it comes.
    pub(super) fn transactions(
        &mut self,
        magic: Magic,
        ids: &BTreeSet<[u8; 32]>,
        mut each: impl FnMut([u8; 32], Raw) -> Result<(), Failed>,
    ) -> Result<(), Failed> {
        let ids: Vec<[u8; 32]> = ids.iter().copied().collect();
        for ids in ids.chunks(TOGETHER) {
            let call = |id: &[u8; 32]| Call::new("blockchain.transaction.get", [written(id).into()]);
            let calls: Vec<Call> = ids.iter().map(call).collect();
            for (id, came) in ids.iter().zip(self.some(&calls)?) {
                let told = match came {
                    Came::Told(told) => told,
                    Came::Not(why) => return Err(Failed::Passing(why)),
                };
                let bytes = self.read(read::raw(told.get()))?;
                each(*id, Raw::read(magic, id, bytes)?)?;
            }
        }
        Ok(())
    }

    /// How a transaction hangs below the root of the block at a height.
    pub(super) fn proof(&mut self, id: &[u8; 32], height: u64) -> Result<Proof, Failed> {
        let params: [Value; 2] = [written(id).into(), height.into()];
        let told = self.one(Call::new("blockchain.transaction.get_merkle", params))?;
        self.read(read::proof(&told))
    }

    fn one(&mut self, call: Call) -> Result<String, Failed> {
        match self.some(std::slice::from_ref(&call))?.into_iter().next() {
            Some(Came::Told(told)) => Ok(told.get().to_owned()),
            Some(Came::Not(why)) => Err(Failed::Passing(why)),
            None => Err(Failed::Passing(format!("{} does not answer {}", self.host(), call.method))),
        }
    }

    /// Calls some, together; if the answers are too long for that, one by one.
    fn some(&mut self, calls: &[Call]) -> Result<Vec<Came>, Failed> {
        if let Some(came) = self.together(calls)? {
            return Ok(came);
        }
        let mut all = Vec::with_capacity(calls.len());
        for call in calls {
            let came = match calls.len() {
                1 => None,
                _ => self.together(std::slice::from_ref(call))?.and_then(|mut came| came.pop()),
            };
            let too_long = || {
                let bytes = LIMITS.line_bytes_max;
                Came::Not(format!(
                    "the answer of {} to {} is longer than {bytes} bytes",
                    self.host(),
                    call.method
                ))
            };
            all.push(came.unwrap_or_else(too_long));
        }
        Ok(all)
    }

    /// Calls all of them, over a new connection if there is none; nothing if the answers are too long.
    fn together(&mut self, calls: &[Call]) -> Result<Option<Vec<Came>>, Failed> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                let connects = Electrum::connect(&self.address, &self.trust, &self.reach, LIMITS);
                self.until.given(connects).ok_or(Failed::Stopped)?.map_err(|error| self.failed(error))?
            }
        };
        // After an error the connection is of no use any more.
        let told = match self.until.given(connection.batch(calls)).ok_or(Failed::Stopped)? {
            Ok(told) => told,
            Err(RpcError::Pull(PullError::TooLarge { .. })) => return Ok(None),
            Err(error) => return Err(self.failed(error)),
        };
        self.connection = Some(connection);
        let came = |told: Told| match told {
            Ok(result) => Ok(Came::Told(result)),
            Err(refusal) if BUSY.contains(&refusal.code) => Err(Failed::Passing(self.refusing(&refusal))),
            Err(refusal) => Ok(Came::Not(self.refusing(&refusal))),
        };
        told.into_iter().map(came).collect::<Result<_, _>>().map(Some)
    }

    /// Waits, but not longer than the program is to run; says whether it is to go on.
    pub(super) fn waits(&self, time: Duration) -> bool {
        self.until.waits(time)
    }

    fn read<T>(&self, read: Result<T, ReadError>) -> Result<T, Failed> {
        read.map_err(|error| Failed::Lasting(self.lies(&error.to_string())))
    }

    fn refusing(&self, refusal: &exchange::pull::rpc::Refusal) -> String {
        format!("{} refuses {refusal}", self.host())
    }

    fn failed(&self, error: RpcError) -> Failed {
        let host = self.host();
        match error {
            RpcError::Pull(PullError::Unreachable { why, .. }) => {
                Failed::Passing(format!("{host} gives no answer: {why}"))
            }
            RpcError::Pull(PullError::Malformed { what, .. }) => Failed::Lasting(
                Failure::new(format!("{host} answers what Electrum's protocol does not know: {what}"))
                    .hint("is it the address of an Electrum server, with the port for ssl:// or for tcp://?"),
            ),
            RpcError::Pull(error @ PullError::NotPublic { .. }) => Failed::Lasting(
                Failure::usage(error.to_string())
                    .hint(format!("say --allow {host} if it is a server of your own")),
            ),
            RpcError::Refused(refusal) => Failed::Passing(self.refusing(&refusal)),
            error => Failed::Lasting(Failure::new(format!("{host} can't be asked: {error}"))),
        }
    }

    /// What can't be true, by which nothing that is kept was changed.
    pub(super) fn lies(&self, what: &str) -> Failure {
        Failure::new(format!("what {} says does not fit: {what}", self.host())).hint(
            "what is kept was not changed by it; the same again goes on there, better with another server",
        )
    }
}
