//! Other nodes: their circles are pulled from them, and pushed to those that can't pull, while the node serves.
//!
//! Each peer has a task of its own. Where it stands is kept in the node's line, and only after what came is durable: a pull that
//! breaks off is taken up there. After a failure the connection is made anew, because a dead one can look alive for long,
//! and the waits stay short, so that the end of a partition is seen within seconds.

use crate::exit::Failure;
use crate::leading::{Lead, Work};
use crate::node::Node;
use exchange::pull::{Credentials, Http, Limits, PullError, Reach, Remote, Url};
use line::{LineId, Seq};
use parking_lot::Mutex;
use policy::{Book, CircleId, Entry, Peer, Setting};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use stix::Timestamp;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use web::federation::{Envelope, MEDIA_TYPE, PAGE, Signatures, envelope};
use web::page::peers;

/// The pause between two looks at a peer.
const PAUSE: Duration = Duration::from_millis(500);
/// The longest pause after failures.
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// How often signatures under drafts are exchanged.
const SIGNATURES: Duration = Duration::from_secs(5);
/// How often new peers are looked for.
const PEERS: Duration = Duration::from_secs(1);
/// Pages that are taken of a circle before the next one's turn.
const PAGES_MAX: usize = 100;
const JSON: &str = "application/json";
/// Bytes of a page.
const PAGE_BYTES_MAX: usize = 64 << 20;
/// Bytes of a file with lists of what authorities took back.
const CRL_BYTES_MAX: u64 = 64 << 20;

/// How it stands with one circle of one peer, since the node was opened.
#[derive(Debug, Clone, Default)]
pub(crate) struct Standing {
    /// When it was asked last with success.
    pub success: Option<Timestamp>,
    /// Why it failed last, if that was after the last success.
    pub error: Option<String>,
    /// What was added.
    pub added: u64,
    /// What was refused.
    pub refused: u64,
    /// Why something was refused last.
    pub why: Option<String>,
    /// Up to where there was looked under a version of the agreement, each way: of what brings nothing no position is kept, as it would
    /// be a record each time, and it need not be looked through again either.
    looked: [Option<(u32, Seq)>; 2],
    /// How often all was to be exchanged anew.
    round: u64,
}

/// How it stands with peers.
#[derive(Debug, Default)]
pub(crate) struct Peers(Mutex<BTreeMap<(String, CircleId), Standing>>);

impl Peers {
    /// With one peer and circle.
    pub(crate) fn of(&self, peer: &str, circle: CircleId) -> Standing {
        self.0.lock().get(&(peer.to_owned(), circle)).cloned().unwrap_or_default()
    }

    /// Where to go on, and in which round: behind what was exchanged, and what brought nothing.
    fn begin(&self, book: &Book, way: Way, peer: &str, (circle, version): (CircleId, u32)) -> (Seq, u64) {
        let standing = self.of(peer, circle);
        let looked = standing.looked[way as usize].filter(|(of, _)| *of == version);
        let kept = position(book, way, peer, circle, version);
        (looked.map_or(kept, |(_, seq)| seq.max(kept)), standing.round)
    }

    /// Notes that there is nothing new up to a number, unless all is to be exchanged anew since the round began.
    fn looked(&self, peer: &str, circle: CircleId, way: Way, (version, seq): (u32, Seq), round: u64) {
        self.tell(peer, circle, |standing| {
            if standing.round == round {
                standing.looked[way as usize] = Some((version, seq));
            }
        });
    }

    fn tell(&self, peer: &str, circle: CircleId, change: impl FnOnce(&mut Standing)) {
        change(self.0.lock().entry((peer.to_owned(), circle)).or_default());
    }
}

/// Which way a cursor is for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Way {
    From,
    To,
}

fn setting(way: Way, peer: &str, circle: CircleId) -> String {
    let way = match way {
        Way::From => "from",
        Way::To => "to",
    };
    format!("federation.{way}.{peer}.{circle}")
}

/// How it stands with peers, for pages.
pub(crate) struct Shown {
    pub(crate) gate: gate::Gate,
    pub(crate) peers: Arc<Peers>,
    pub(crate) now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

impl peers::Peers for Shown {
    fn standing(&self, peer: &Peer) -> Vec<peers::Standing> {
        standing(&self.gate, &self.peers, peer, (self.now)())
    }
}

/// How it stands with a peer in each circle that lies on both nodes.
pub(crate) fn standing(
    gate: &gate::Gate,
    known: &Peers,
    peer: &Peer,
    now: Timestamp,
) -> Vec<peers::Standing> {
    let book = gate.book();
    let one = |(circle, version): (CircleId, u32)| {
        let Standing { success, error, added, refused, why, .. } = known.of(&peer.name, circle);
        let head = gate.store().look(LineId::new(circle.uuid()), |catalogue| catalogue.head().0);
        let stands = |way: Way| known.begin(&book, way, &peer.name, (circle, version)).0.0;
        let pushed = peer.push.then(|| stands(Way::To));
        peers::Standing {
            circle: book.circle(circle).map(|circle| circle.handle.clone()),
            version,
            position: stands(Way::From),
            pushed,
            to_push: pushed.map(|pushed| head.unwrap_or_default().saturating_sub(pushed)),
            success: success.map(|at| at.to_string()),
            lag_s: success.map(|at| peers::lag_s(at, now)),
            todo: peers::todo(error.as_deref(), why.as_deref()),
            error,
            added,
            refused,
            why,
        }
    };
    gate.circles_with(&peer.key).into_iter().map(one).collect()
}

/// Up to where a line was exchanged with a peer under this version of the agreement; a new version begins anew, because new
/// members may see what is old.
fn position(book: &Book, way: Way, peer: &str, circle: CircleId, version: u32) -> Seq {
    let kept = book.setting(&setting(way, peer, circle)).and_then(|text| text.split_once(' '));
    let kept = kept.filter(|(of, _)| *of == version.to_string());
    Seq(kept.and_then(|(_, seq)| seq.parse().ok()).unwrap_or_default())
}

fn keep(node: &Node, way: Way, peer: &str, circle: CircleId, version: u32, seq: Seq) -> Result<(), Failure> {
    let value = Some(format!("{version} {}", seq.0));
    node.record(Entry::Setting(Setting { name: setting(way, peer, circle), value }))
}

/// Forgets up to where circles were exchanged with a peer, so that all is exchanged anew; what is there already is known by then.
pub(crate) fn again(node: &Node, peer: &Peer) -> Result<usize, Failure> {
    let circles = node.gate.circles_with(&peer.key);
    for (circle, _) in &circles {
        for way in [Way::From, Way::To] {
            node.record(Entry::Setting(Setting { name: setting(way, &peer.name, *circle), value: None }))?;
        }
        node.peers.tell(&peer.name, *circle, |standing| {
            standing.round += 1;
            standing.looked = Default::default();
        });
    }
    Ok(circles.len())
}

/// Starts what exchanges with all peers while this node has that work, until `stopped` turns true.
pub(crate) fn start(node: &Arc<Node>, stopped: &watch::Receiver<bool>) -> JoinHandle<()> {
    let exchanging = Arc::clone(node);
    node.leads
        .run(Work::Peers, stopped, move |lead, stopped| with_all(Arc::clone(&exchanging), lead, stopped))
}

async fn with_all(node: Arc<Node>, lead: Lead, mut stopped: watch::Receiver<bool>) {
    let mut tasks: BTreeMap<String, JoinHandle<()>> = BTreeMap::new();
    loop {
        let book = node.gate.book();
        let named: BTreeSet<&str> =
            book.peers().filter(|peer| reaches(peer)).map(|peer| peer.name.as_str()).collect();
        for name in named {
            if tasks.get(name).is_none_or(JoinHandle::is_finished) {
                let task = run(Arc::clone(&node), name.to_owned(), lead.clone(), stopped.clone());
                tasks.insert(name.to_owned(), tokio::spawn(task));
            }
        }
        drop(book);
        tokio::select! {
            () = tokio::time::sleep(PEERS) => {}
            _ = stopped.changed() => break,
        }
    }
    for task in tasks.into_values() {
        // A task that panicked has said so in the log.
        let _ended = task.await;
    }
}

/// Does what blocks on a thread of its own, under the lease.
async fn blocking<T: Send + 'static>(
    lead: &Lead,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, String> {
    let lead = lead.clone();
    tokio::task::spawn_blocking(move || lead.within(work)).await.map_err(|error| error.to_string())
}

fn reaches(peer: &Peer) -> bool {
    !peer.ended && !peer.url.is_empty()
}

/// Exchanges with one peer until it is changed or ended, or the node stops.
async fn run(node: Arc<Node>, name: String, lead: Lead, mut stopped: watch::Receiver<bool>) {
    let Some(peer) = node.gate.book().peer(&name).cloned() else { return };
    let (mut client, mut pause) = (None, PAUSE);
    let mut lists = lists_written(&node);
    let mut signatures_due = Instant::now();
    loop {
        if node.gate.book().peer(&name) != Some(&peer) {
            return;
        }
        // What authorities take back holds at once: a connection that was made before is not gone on with.
        let lists_now = lists_written(&node);
        if lists_now != lists {
            (client, lists) = (None, lists_now);
        }
        let mut failed = false;
        for (circle, version) in node.gate.circles_with(&peer.key) {
            let exchanged = tokio::select! {
                exchanged = exchange(&node, &peer, &lead, &mut client, (circle, version)) => exchanged,
                _ = stopped.changed() => return,
            };
            let now = node.now();
            match exchanged {
                Ok(()) => node.peers.tell(&name, circle, |standing| {
                    (standing.success, standing.error) = (Some(now), None);
                }),
                Err(error) => {
                    failed = true;
                    if node.peers.of(&name, circle).error.is_none() {
                        tracing::warn!(peer = name, circle.id = %circle, "peer {name} can't be reached, and is tried again: {error}");
                    }
                    node.peers.tell(&name, circle, |standing| standing.error = Some(error));
                }
            }
        }
        if signatures_due <= Instant::now() {
            signatures_due = Instant::now() + SIGNATURES;
            let exchanged = tokio::select! {
                exchanged = signatures(&node, &peer, &lead, &mut client) => exchanged,
                _ = stopped.changed() => return,
            };
            // A peer that has not noted the draft yet says that there is none; it is asked again.
            if let Err(error) = exchanged {
                tracing::debug!(peer = name, "no signatures come from peer {name} yet: {error}");
            }
        }
        if failed {
            client = None;
        }
        pause = if failed { (pause * 2).min(PAUSE_MAX) } else { PAUSE };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = stopped.changed() => return,
        }
    }
}

/// The lists of what authorities took back.
fn lists_in(path: &Path) -> Result<Vec<u8>, String> {
    let unread = |why: String| format!("{} (http.tls_client_crl) can't be read: {why}", path.display());
    match std::fs::metadata(path).map_err(|error| unread(error.to_string()))?.len() {
        length if length > CRL_BYTES_MAX => {
            Err(unread(format!("it has {length} bytes; the limit is {CRL_BYTES_MAX}")))
        }
        _ => std::fs::read(path).map_err(|error| unread(error.to_string())),
    }
}

/// When the lists of what authorities took back were written last, and how long they are; `None` without lists.
fn lists_written(node: &Node) -> Option<(SystemTime, u64)> {
    let about = std::fs::metadata(node.config.http.tls_client_crl.as_ref()?).ok()?;
    Some((about.modified().ok()?, about.len()))
}

fn http(node: &Node, peer: &Peer) -> Result<Http, String> {
    let tls = &node.config.http;
    let (Some(cert), Some(key)) = (&tls.tls_cert, &tls.tls_key) else {
        return Err("this node has no certificate to show: set http.tls_cert and http.tls_key".to_owned());
    };
    let read = |path: &Path| crate::pull::file(path).map_err(|failure| failure.message);
    let pem = [read(cert)?, b"\n".to_vec(), read(key)?].concat();
    let limits = Limits {
        answer_bytes_max: PAGE_BYTES_MAX,
        connect_timeout: Duration::from_secs(4),
        read_timeout: Duration::from_secs(4),
        answer_timeout: Duration::from_secs(120),
        attempts: 1,
        ..Limits::default()
    };
    let authorities = peer.authorities.clone().map(String::into_bytes);
    let (credentials, reach) = (Credentials::Certificate { pem }, Reach::Anywhere);
    let revoked = tls.tls_client_crl.as_deref().map(lists_in).transpose()?;
    let remote = Remote { credentials, authorities, revoked, limits, reach };
    Http::new(remote, Arc::new(crate::node::now)).map_err(|error| error.to_string())
}

/// Takes all that is new at a peer in a circle, and brings it what is new here if it can't pull.
async fn exchange(
    node: &Arc<Node>,
    peer: &Peer,
    lead: &Lead,
    client: &mut Option<Http>,
    (circle, version): (CircleId, u32),
) -> Result<(), String> {
    let http = match client {
        Some(http) => http,
        None => client.insert(http(node, peer)?),
    };
    let base = format!("{}/federation/collections/{circle}/objects/", peer.url.trim_end_matches('/'));
    pull(node, peer, (lead, &*http), (&base, circle, version)).await?;
    match peer.push {
        true => push(node, peer, (lead, &*http), (&base, circle, version)).await,
        false => Ok(()),
    }
}

/// Brings a peer the signatures that are here of drafts which name it, and takes in those that it has.
async fn signatures(
    node: &Arc<Node>,
    peer: &Peer,
    lead: &Lead,
    client: &mut Option<Http>,
) -> Result<(), String> {
    for (circle, digest, signatures) in node.gate.signatures_with(peer) {
        let http = match client {
            Some(http) => http,
            None => client.insert(http(node, peer)?),
        };
        let base = peer.url.trim_end_matches('/');
        let url = format!("{base}/federation/agreements/{circle}/signatures/");
        let url: Url = url.parse().map_err(|error| format!("{url}: {error}"))?;
        let body = serde_json::to_string(&Signatures { digest: digest.clone(), signatures });
        let body = body.map_err(|error| error.to_string())?;
        let answer = http.post(&url, JSON, JSON, &body).await.map_err(|error| error.to_string())?;
        let told: Signatures = serde_json::from_slice(&answer.body)
            .map_err(|error| format!("its answer holds no signatures: {error}"))?;
        let (working, by) = (Arc::clone(node), peer.clone());
        let work = move || working.gate.exchange_signatures(circle, &by, &digest, told.signatures);
        let taken = blocking(lead, work).await?;
        taken.map_err(|error| error.to_string())?;
    }
    Ok(())
}

async fn pull(
    node: &Arc<Node>,
    peer: &Peer,
    (lead, http): (&Lead, &Http),
    (base, circle, version): (&str, CircleId, u32),
) -> Result<(), String> {
    let said = |error: PullError| error.to_string();
    let (mut after, round) = node.peers.begin(&node.gate.book(), Way::From, &peer.name, (circle, version));
    // The peer's other circles have their turn too, however much there is of this one.
    for _ in 0..PAGES_MAX {
        let url: Url = format!("{base}?next={}&agreement={version}", after.0)
            .parse()
            .map_err(|error| format!("{base}: {error}"))?;
        let answer = http.get_once(&url, MEDIA_TYPE).await.map_err(said)?;
        let said_to_be = answer.header("content-type").unwrap_or_default();
        if !said_to_be.trim_start().starts_with("application/taxii+json") {
            return Err(format!(
                "its answer is `{said_to_be}` and no TAXII: is this a node, and its federation?"
            ));
        }
        let envelope: Envelope = serde_json::from_slice(&answer.body)
            .map_err(|error| format!("its answer is no envelope: {error}"))?;
        let until = envelope.next.as_deref().and_then(|next| next.parse().ok()).map(Seq);
        let until = until.ok_or("its answer does not say where to go on (`next`)")?;
        // Whoever says that there is more, and does not get on, would be asked for ever.
        if until < after || (until == after && (envelope.more || !envelope.objects.is_empty())) {
            return Err(format!("it goes on at {} after {}, which is no progress", until.0, after.0));
        }
        if envelope.objects.is_empty() {
            node.peers.looked(&peer.name, circle, Way::From, (version, until), round);
        } else {
            let texts: Vec<String> = envelope.objects.iter().map(|text| text.get().to_owned()).collect();
            let (working, by) = (Arc::clone(node), peer.clone());
            let work = move || -> Result<(), String> {
                let taken = working.gate.take(circle, &by, &texts, working.now());
                let taken = taken.map_err(|error| error.to_string())?;
                if let Some(why) = taken.why.first() {
                    tracing::warn!(peer = by.name, circle.id = %circle, refused = taken.refused, "peer {} brought what is refused, such as: {why}", by.name);
                }
                working.peers.tell(&by.name, circle, |standing| {
                    standing.added += taken.added;
                    standing.refused += taken.refused;
                    standing.why = taken.why.first().cloned().or(standing.why.take());
                });
                keep(&working, Way::From, &by.name, circle, version, until).map_err(|failure| failure.message)
            };
            blocking(lead, work).await??;
        }
        after = until;
        if !envelope.more {
            break;
        }
    }
    Ok(())
}

async fn push(
    node: &Arc<Node>,
    peer: &Peer,
    (lead, http): (&Lead, &Http),
    (base, circle, version): (&str, CircleId, u32),
) -> Result<(), String> {
    let url: Url =
        format!("{base}?agreement={version}").parse().map_err(|error| format!("{base}: {error}"))?;
    loop {
        let (after, round) = node.peers.begin(&node.gate.book(), Way::To, &peer.name, (circle, version));
        let (giving, to) = (Arc::clone(node), peer.clone());
        let work = move || giving.gate.give(circle, &to, after, PAGE, giving.now());
        let given = blocking(lead, work).await?;
        let given = given.map_err(|error| error.to_string())?;
        if given.until <= after {
            return Ok(());
        }
        let until = given.until;
        if given.texts.is_empty() {
            node.peers.looked(&peer.name, circle, Way::To, (version, until), round);
        } else {
            let told = http.post(&url, MEDIA_TYPE, MEDIA_TYPE, &envelope(&given)).await;
            told.map_err(|error| error.to_string())?;
            let (keeping, name) = (Arc::clone(node), peer.name.clone());
            let work = move || keep(&keeping, Way::To, &name, circle, version, until);
            let kept = blocking(lead, work).await?;
            kept.map_err(|failure| failure.message)?;
        }
        if !given.more {
            return Ok(());
        }
    }
}
