//! The server that is asked. What it says is read here, and checked by who asks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use exchange::pull::electrum::{Electrum, Limits, Server as Address, Trust};
use exchange::pull::rpc::{Call, RpcError, Told};
use exchange::pull::{PullError, Reach};
use serde_json::Value;
use trace::chain::bitcoin::electrum::{
    self as read, Header, HeaderLie, Mention, Proof, ProofLie, Raw, ReachedLie, ReadError,
};
use trace::chain::bitcoin::{Magic, written};

use crate::cli::TraceElectrumArgs;
use crate::command::trace::until::Until;
use crate::exit::Failure;

/// Calls that are made without waiting for each other's answers.
const TOGETHER: usize = 16;
/// What servers of ElectrumX's kind say where they are asked for too much in a time, or are too busy.
const BUSY: [i64; 2] = [-101, -102];
/// What a server may take for an answer.
const LIMITS: Limits = Limits {
    line_bytes_max: 16 << 20,
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
        Self::Doubtful(lie.to_string())
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

/// A history, or why the server does not tell it.
pub(super) type History = Result<Vec<Mention>, String>;

/// A server, and the connection to it while there is one.
pub(super) struct Server {
    address: Address,
    trust: Trust,
    reach: Reach,
    until: Until,
    connection: Option<Electrum>,
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
        Ok(Self { address, trust, reach, until, connection: None })
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

    /// The transactions that mention each of these scripts.
    pub(super) fn histories(&mut self, scripts: &[String]) -> Result<Vec<History>, Failed> {
        let call = |script: &String| Call::new("blockchain.scripthash.get_history", [script.as_str().into()]);
        let told = self.all(&scripts.iter().map(call).collect::<Vec<_>>())?;
        let read = |told: Told| match told {
            Ok(result) => Ok(Ok(self.read(read::mentions(result.get()))?)),
            Err(refusal) if BUSY.contains(&refusal.code) => Err(Failed::Passing(self.refusing(&refusal))),
            Err(refusal) => Ok(Err(self.refusing(&refusal))),
        };
        told.into_iter().map(read).collect()
    }

    /// Transactions by their ids, each of which its bytes have.
    pub(super) fn transactions(
        &mut self,
        magic: Magic,
        ids: &BTreeSet<[u8; 32]>,
    ) -> Result<BTreeMap<[u8; 32], Raw>, Failed> {
        let call = |id: &[u8; 32]| Call::new("blockchain.transaction.get", [written(id).into()]);
        let told = self.all(&ids.iter().map(call).collect::<Vec<_>>())?;
        let mut all = BTreeMap::new();
        for (id, told) in ids.iter().zip(told) {
            let result = told.map_err(|refusal| Failed::Passing(self.refusing(&refusal)))?;
            let bytes = self.read(read::raw(result.get()))?;
            all.insert(*id, Raw::read(magic, id, bytes)?);
        }
        Ok(all)
    }

    /// How a transaction hangs below the root of the block at a height.
    pub(super) fn proof(&mut self, id: &[u8; 32], height: u64) -> Result<Proof, Failed> {
        let params: [Value; 2] = [written(id).into(), height.into()];
        let told = self.one(Call::new("blockchain.transaction.get_merkle", params))?;
        self.read(read::proof(&told))
    }

    fn one(&mut self, call: Call) -> Result<String, Failed> {
        let told = self.all(std::slice::from_ref(&call))?.into_iter().next();
        match told {
            Some(Ok(result)) => Ok(result.get().to_owned()),
            Some(Err(refusal)) => Err(Failed::Passing(self.refusing(&refusal))),
            None => Err(Failed::Passing(format!("{} does not answer {}", self.host(), call.method))),
        }
    }

    /// Calls all of them, over a new connection if there is none.
    fn all(&mut self, calls: &[Call]) -> Result<Vec<Told>, Failed> {
        let mut told = Vec::with_capacity(calls.len());
        for calls in calls.chunks(TOGETHER) {
            let mut connection = match self.connection.take() {
                Some(connection) => connection,
                None => {
                    let connects = Electrum::connect(&self.address, &self.trust, &self.reach, LIMITS);
                    self.until.given(connects).ok_or(Failed::Stopped)?.map_err(|error| self.failed(error))?
                }
            };
            let answers = self.until.given(connection.batch(calls)).ok_or(Failed::Stopped)?;
            told.extend(answers.map_err(|error| self.failed(error))?);
            // After an error it is of no use any more.
            self.connection = Some(connection);
        }
        Ok(told)
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
