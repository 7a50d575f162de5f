//! Sources: what a node takes from other servers by itself.
//!
//! A pull goes through what a source has, a page at a time: the page's objects (or events) are shared in the source's circle,
//! and when they are durable, where the source stands is written to the node's own line. A pull that breaks off is taken up
//! there; what comes twice is known by then. One pull of a source runs at a time, whoever asks for it: a command, or
//! [`schedule`], which asks while the node serves. What kind of source it is matters in [`pull`] and [`check`] alone.

mod list;
mod misp;
pub(crate) mod schedule;
pub(crate) mod send;
mod standing;
mod taxii;

use crate::answer::Progress;
use crate::command::import::{Report, Target, submit};
use crate::config::{Auth, Kind, Source};
use crate::exit::Failure;
use crate::node::Node;
use exchange::pull::{Credentials, Http, Limits, PullError, Reach, Remote, Url};
use gate::{Submission, Via};
use serde_json::Value;
use std::collections::{BTreeMap, HashSet};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub(crate) use standing::{forget, since};

/// Bytes of a file with a secret.
const SECRET_BYTES_MAX: u64 = 1 << 20;

/// Why a pull ended before its end.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// Another pull of the source is under way.
    Running,
    /// It was told to stop.
    Interrupted,
    /// The source gave nothing (more).
    Source(PullError),
    /// The node could not take it in.
    Node(Failure),
}

impl From<PullError> for Stopped {
    fn from(error: PullError) -> Self {
        Self::Source(error)
    }
}

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Self {
        Self::Node(failure)
    }
}

impl Stopped {
    /// For how long the source asked to be left alone.
    pub(crate) const fn asked_for(&self) -> Option<Duration> {
        match self {
            Self::Source(PullError::Busy { after, .. }) => Some(*after),
            _ => None,
        }
    }

    /// What it means for a command.
    pub(crate) fn failure(self, name: &str, kept: u64) -> Failure {
        let kept = match kept {
            0 => String::new(),
            kept => {
                format!(" {kept} objects before that are in the circle; the next pull goes on behind them.")
            }
        };
        match self {
            Self::Running => Failure::new(format!("source {name} is being pulled already"))
                .hint("wait until that pull is done; `bongsu source list` shows it"),
            Self::Interrupted => Failure::new(format!("the pull of source {name} was stopped.{kept}")),
            Self::Source(error) => {
                Failure::new(format!("source {name}: {error}.{kept}")).hint(hint(&error, name))
            }
            Self::Node(failure) => {
                Failure { message: format!("source {name}: {}", failure.message), ..failure }
            }
        }
    }
}

impl std::fmt::Display for Stopped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Running => f.write_str("a pull is under way already"),
            Self::Interrupted => f.write_str("it was told to stop"),
            Self::Source(error) => error.fmt(f),
            Self::Node(failure) => failure.fmt(f),
        }
    }
}

fn hint(error: &PullError, name: &str) -> String {
    match error.status() {
        None if matches!(error, PullError::TooLarge { .. }) => {
            "with TAXII, a smaller `page` makes answers shorter".to_owned()
        }
        Some(401) => "are user and password, token, key or certificate right, and do they hold?".to_owned(),
        Some(403) => "this log-in may not read there: ask the source's operator".to_owned(),
        Some(404) => format!("`bongsu source check {name}` shows what the server offers"),
        _ => format!("`bongsu source check {name}` shows what the server says; pulling again is safe"),
    }
}

/// What pulls did since the node was opened.
#[derive(Debug, Clone, Default)]
pub(crate) struct Last {
    /// When the last pull ended.
    pub ended: Option<stix::Timestamp>,
    /// How many objects it added.
    pub added: u64,
    /// Why it ended early, if it did.
    pub error: Option<String>,
}

/// Which sources are being pulled, and how the last pulls went.
#[derive(Debug, Default)]
pub(crate) struct Pulls {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    running: HashSet<String>,
    last: BTreeMap<String, Last>,
    counts: BTreeMap<String, Counts>,
}

/// How often a source was pulled since the node was opened.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    /// Whether it is being pulled.
    pub running: bool,
    /// Pulls that came to their end.
    pub ok: u64,
    /// Pulls that broke off.
    pub failed: u64,
    /// When one last came to its end.
    pub last_ok: Option<stix::Timestamp>,
}

/// A source that is being pulled, as long as this lives.
struct Running<'a> {
    pulls: &'a Pulls,
    name: String,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.pulls.lock().running.remove(&self.name);
    }
}

impl Pulls {
    // What is kept here stays whole whoever panicked.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, name: &str) -> Option<Running<'_>> {
        self.lock().running.insert(name.to_owned()).then(|| Running { pulls: self, name: name.to_owned() })
    }

    /// How often a source was pulled.
    pub(crate) fn counts(&self, name: &str) -> Counts {
        let inner = self.lock();
        let counts = inner.counts.get(name).copied().unwrap_or_default();
        Counts { running: inner.running.contains(name), ..counts }
    }

    fn ended(&self, name: &str, last: Last) {
        let mut inner = self.lock();
        let counts = inner.counts.entry(name.to_owned()).or_default();
        match last.error {
            None => (counts.ok, counts.last_ok) = (counts.ok + 1, last.ended),
            Some(_) => counts.failed += 1,
        }
        inner.last.insert(name.to_owned(), last);
    }

    /// Whether a source is being pulled, and how the last pull went.
    pub(crate) fn of(&self, name: &str) -> (bool, Last) {
        let inner = self.lock();
        (inner.running.contains(name), inner.last.get(name).cloned().unwrap_or_default())
    }
}

/// What a pull tells on its way, and whether it may go on.
pub(crate) type Watch<'a> = dyn FnMut(Progress) -> ControlFlow<()> + Send + 'a;

/// What a pull brought.
#[derive(Default)]
pub(crate) struct Pulled {
    /// What became of its objects.
    pub report: Report,
    /// Pages that were asked for.
    pub pages: u64,
    /// Bytes of the answers.
    pub bytes: u64,
}

/// Pulls everything that is new at a source. `pulled` says what was taken in, also when it fails.
///
/// # Errors
/// [`Stopped`]: what was taken in before is kept, and so is where the source stands.
pub(crate) async fn pull(
    node: &Node,
    source: &Source,
    pulled: &mut Pulled,
    watch: &mut Watch<'_>,
) -> Result<(), Stopped> {
    let _running = node.pulls.begin(&source.name).ok_or(Stopped::Running)?;
    let began = std::time::Instant::now();
    let outcome = match source.kind {
        Kind::Taxii => taxii::pull(node, source, pulled, watch).await,
        Kind::MispFeed | Kind::Misp => misp::pull(node, source, pulled, watch).await,
        Kind::List => list::pull(node, source, pulled, watch).await,
    };
    let last = Last {
        ended: Some(node.now()),
        added: pulled.report.added,
        error: outcome.as_ref().err().map(ToString::to_string),
    };
    node.monitor.pulled(&source.name, began.elapsed(), outcome.is_ok());
    node.pulls.ended(&source.name, last);
    outcome
}

/// What a source offers, and whether it can be read: as JSON and for people.
///
/// # Errors
/// [`Stopped`].
pub(crate) async fn check(node: &Node, source: &Source) -> Result<(Value, String), Stopped> {
    match source.kind {
        Kind::Taxii => taxii::check(node, source).await,
        Kind::MispFeed | Kind::Misp => misp::check(node, source).await,
        Kind::List => list::check(node, source).await,
    }
}

/// Where a source's objects go.
fn target(node: &Node, source: &Source) -> Result<Target, Failure> {
    let book = node.gate.book();
    let member = node.active(&book, &source.sender)?.id;
    let circle = node.circle(&book, &source.circle)?.id;
    let target = Target {
        member,
        circle,
        terms: source.terms(),
        intake: source.objects,
        sign: false,
        via: Via::Source,
    };
    crate::command::import::may_share(node, &target, &source.circle)?;
    Ok(target)
}

/// Shares a page's objects, as `bongsu import` does with those of a file.
fn take_in(
    node: &Node,
    target: &Target,
    source: &Source,
    objects: Vec<String>,
    report: &mut Report,
) -> Result<(), Failure> {
    let mut batch = Vec::with_capacity(objects.len().min(1_000));
    for raw in objects {
        match stix::read_head(&raw) {
            Ok(head) => batch.push(Submission { raw, head }),
            Err(finding) => report.refuse(format!("{}: {finding}", source.name)),
        }
        if batch.len() == 1_000 {
            submit(node, target, &source.name, &mut batch, report)?;
        }
    }
    submit(node, target, &source.name, &mut batch, report)
}

/// What a command asks a source on.
///
/// # Errors
/// When the system gives none.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("the network can't be used: {error}")))
}

/// Makes ready to ask a source: reads its secrets and certificates.
fn http(source: &Source) -> Result<Http, Stopped> {
    http_with(source, Limits::default())
}

/// [`http`] with other limits.
fn http_with(source: &Source, limits: Limits) -> Result<Http, Stopped> {
    let secret = |path: &Path| -> Result<String, Failure> {
        let text = String::from_utf8(file(path)?);
        text.map(|text| text.trim_end_matches(['\r', '\n']).to_owned())
            .map_err(|_| Failure::new(format!("{} is no text", path.display())))
    };
    let credentials = match &source.auth {
        Auth::None => Credentials::Nothing,
        Auth::Basic { user, password_file } => {
            Credentials::Basic { user: user.clone(), password: secret(password_file)? }
        }
        Auth::Bearer { token_file } => Credentials::Bearer { token: secret(token_file)? },
        Auth::Key { key_file } => Credentials::Key { key: secret(key_file)? },
        Auth::Certificate { cert_file, key_file } => {
            let pem = [file(cert_file)?, b"\n".to_vec(), file(key_file)?].concat();
            Credentials::Certificate { pem }
        }
    };
    let authorities = source.ca_file.as_deref().map(file).transpose()?;
    let reach = if source.inside { Reach::Anywhere } else { Reach::Outside };
    let remote = Remote { credentials, authorities, limits, reach, ..Remote::default() };
    Ok(Http::new(remote, Arc::new(crate::node::now))?)
}

fn url(source: &Source) -> Result<Url, Failure> {
    source.url.parse().map_err(|error| Failure::usage(format!("`{}` is no address: {error}", source.url)))
}

/// The bytes of a file with a secret or certificates.
///
/// # Errors
/// When it can't be read.
pub(crate) fn file(path: &Path) -> Result<Vec<u8>, Failure> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(SECRET_BYTES_MAX).read_to_end(&mut bytes));
    read.map_err(|error| {
        Failure::new(format!("{} can't be read: {error}", path.display()))
            .hint("a serving node reads it itself: its user must be able to")
    })?;
    Ok(bytes)
}
