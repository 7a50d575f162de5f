//! The servers of a node, put together: pages, TAXII, MISP and artefacts over HTTP, zones over DNS, commands over a socket.
//!
//! They stop in order: nothing new is accepted, what is under way ends, the store closes last.

mod asks;
mod book;
mod calls;
mod cases;
mod chores;
mod escalate;
mod files;
mod follower;
mod guard;
mod listen;
pub(crate) mod log;
mod ports;
mod stall;
mod surfaces;
mod tls;
mod trees;
mod unread;
#[cfg(test)]
mod worlds;

use crate::admin;
use crate::cli::Global;
use crate::config::Config;
use crate::exit::{Exit, Failure};
use crate::folder::{Folder, Held};
use crate::monitor::Door;
use crate::monitor::figures::{Figures, Gathered};
use crate::monitor::ready::Readiness;
use crate::monitor::systemd::Systemd;
use crate::monitor::traces::Traces;
use crate::node::{self, Node};
use crate::pull::schedule;
use crate::push::Pushing;
use crate::terminal::Terminal;
use deliver::private::Private;
use deliver::push::events::Events;
use deliver::zone::notify;
use deliver::zone::server::Server as ZoneServer;
use exchange::transparency::cosign::Cosigned;
pub(crate) use follower::Follower;
use listen::Listener;
use ports::taken;
use std::net::SocketAddr;
use std::sync::Arc;
use surfaces::Surfaces;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Where a node is reached.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Addresses {
    pub http: SocketAddr,
    pub dns: Option<SocketAddr>,
    pub dns_tls: Option<SocketAddr>,
    /// Of figures, for operators.
    pub monitor: Option<SocketAddr>,
    pub tls: bool,
}

impl Addresses {
    /// The address of the pages.
    pub(crate) fn url(&self) -> String {
        format!("{}://{}", if self.tls { "https" } else { "http" }, self.http)
    }
}

/// Runs `bongsu serve` until it is told to stop.
///
/// # Errors
/// When the folder is in use, an address is taken, or a certificate can't be used.
pub(crate) fn run(global: &Global, config: Config, terminal: &mut Terminal) -> Result<Exit, Failure> {
    log::start(&config.log, global.verbose, global.quiet)?;
    if config.http.hides_clients() {
        tracing::warn!(
            "http.tls_ends_at_proxy is set without http.trusted_proxies: all that comes from the proxy counts as one caller, and whoever \
             guesses passwords keeps others from logging in; name the proxy's address there"
        );
    }
    let folder = Folder::new(global.folder());
    folder.require()?;
    small_pages();
    let held = folder.hold()?;
    let traces = Traces::start(&config.telemetry)?;
    let node = Arc::new(Node::open(&folder, config)?);
    traces.into_iter().for_each(|traces| node.monitor.trace(traces));
    let monitor = Arc::clone(&node.monitor);
    until_stopped(&folder, held, node, &mut |addresses| {
        let dns = addresses.dns.map_or_else(String::new, |dns| format!(", DNS {dns}"));
        if terminal.json() {
            let json = serde_json::json!({
                "url": addresses.url(), "dns": addresses.dns, "dns_tls": addresses.dns_tls, "monitor": addresses.monitor,
            });
            return terminal.write(format!("{json}\n").as_bytes());
        }
        terminal.note(&format!("Serving {}{dns}. Stop with Ctrl-C.", addresses.url()));
        Ok(())
    })?;
    monitor.flush();
    Ok(Exit::Done)
}

/// Memory is taken in small pages from now on: many threads that each hold a little would hold a huge page each, and a node that serves took up to
/// twice the memory, and a tenth more time for taking in. What follows transfers gains by huge pages, so that commands keep them.
fn small_pages() {
    if let Err(error) = rustix::thread::disable_transparent_huge_pages(true) {
        tracing::debug!(%error, "memory is taken in huge pages where the system offers them");
    }
}

/// Serves `node` until SIGINT or SIGTERM; `ready` is called once everything listens.
///
/// # Errors
/// As [`run`].
pub(crate) fn until_stopped(
    folder: &Folder,
    mut held: Held,
    node: Arc<Node>,
    ready: &mut dyn FnMut(&Addresses) -> Result<(), Failure>,
) -> Result<(), Failure> {
    files::raise();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("threads can't be started: {error}")))?;
    runtime.block_on(async {
        let mut signals = Signals::new()?;
        let (stop, stopped) = watch::channel(false);
        let (addresses, mut servers) = start(folder, &node, stopped).await?;
        held.say(&format!("pid {}, {}", std::process::id(), addresses.url()));
        let door = admin::open(&folder.socket(), Arc::clone(&node))?;
        let dns = addresses.dns.map(|dns| dns.to_string());
        tracing::info!(url = addresses.url(), dns = dns.as_deref(), "serving");
        ready(&addresses)?;
        let systemd = Systemd::of_environment();
        systemd.tell("READY=1");
        let watchdog = tokio::spawn(systemd.clone().watchdog());
        let fault = tokio::select! {
            () = signals.wait() => None,
            // Where nothing can fail so, nothing is said.
            Some(fault) = servers.faults.recv() => Some(fault),
        };
        systemd.tell("STOPPING=1");
        watchdog.abort();
        tracing::info!("stopping: requests under way may finish");
        drop(door);
        // The receivers live in the servers; when none is left, there is nobody to tell.
        let _nobody = stop.send(true);
        let sent_until = node.leads.stop();
        servers.http.await.map_err(|error| Failure::new(format!("the HTTP server ended badly: {error}")))?;
        servers.others.into_iter().for_each(|server| server.abort());
        // What was taken and could not be noted is sent once more, by the node that takes over or after the start.
        let has_ended = node.leads.ended(sent_until).await;
        if !has_ended {
            tracing::info!(
                "something that is being sent, or a case that is being followed, is not waited for"
            );
        }
        servers.pushing.end().await;
        for alone in servers.alone {
            // One that panicked has said so in the log.
            let _ended = alone.await;
        }
        for follower in servers.followers {
            let _ended = tokio::task::spawn_blocking(|| follower.end()).await;
        }
        if let Err(error) = node.seal_screenings().and_then(|()| node.keep_values()) {
            tracing::error!(%error, "the record of screenings, or the index of values, could not be written");
        }
        if let Err(error) = chores::write_uses(&node, &servers.auth) {
            tracing::error!(%error, "when credentials were last used could not be written");
        }
        if let Err(error) = node.gate.write_receipts(true) {
            tracing::error!(%error, "the last receipts could not be written");
        }
        for pull in servers.pulls {
            // A pull that panicked has said so in the log.
            let _ended = pull.await;
        }
        let leads = Arc::clone(&node.leads);
        let _let_go = tokio::task::spawn_blocking(move || leads.let_go(has_ended)).await;
        fault.map_or(Ok(()), Err)
    })
}

struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> Result<Self, Failure> {
        let failed = |error: std::io::Error| Failure::new(format!("signals can't be received: {error}"));
        let interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
        Ok(Self { interrupt, terminate: signal(SignalKind::terminate()).map_err(failed)? })
    }

    async fn wait(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

struct Servers {
    http: tokio::task::JoinHandle<()>,
    /// What pulls sources: it ends by itself, so that nothing is cut off in the middle of a page.
    pulls: Vec<tokio::task::JoinHandle<()>>,
    others: Vec<tokio::task::JoinHandle<()>>,
    followers: Vec<Follower>,
    /// What this node does only while no other does.
    alone: Vec<tokio::task::JoinHandle<()>>,
    /// Why the node can't go on.
    faults: tokio::sync::mpsc::Receiver<Failure>,
    pushing: Pushing,
    auth: Arc<web::auth::Auth>,
}

async fn start(
    folder: &Folder,
    node: &Arc<Node>,
    stopped: watch::Receiver<bool>,
) -> Result<(Addresses, Servers), Failure> {
    let http = &node.config.http;
    let socket = TcpListener::bind(http.listen).await.map_err(taken(http.listen))?;
    let tls = match (&http.tls_cert, &http.tls_key) {
        (Some(cert), Some(key)) => {
            let clients = http.tls_client_ca.clone();
            let lists = node.authority.lists();
            let clients = clients.map(|ca| tls::Clients { ca, crl: http.tls_client_crl.clone(), lists });
            Some(tls::Reloading::open(cert, key, clients)?)
        }
        _ => None,
    };
    let local = socket.local_addr().map_err(taken(http.listen))?;
    let mut addresses =
        Addresses { http: local, dns: None, dns_tls: None, monitor: None, tls: tls.is_some() };
    node.aid.begin();
    let mut others = chores::begin(node);
    others.push(tokio::spawn(guard::follow(Arc::clone(node), guard::hangups()?)));
    others.extend(tls.iter().map(|tls| tokio::spawn(Arc::clone(tls).follow())));
    let (fail, faults) = tokio::sync::mpsc::channel(1);
    let mut followers: Vec<Follower> = book::follow(node, fail)?.into_iter().collect();
    let mut alone = vec![book::zones(node, &node.deliver()?, &stopped)];
    let mut zones = None;
    if node.config.dns.enabled {
        let (tcp, udp, bound) = ports::both(node.config.dns.listen).await?;
        let origin = node.config.dns.origin().to_owned();
        let over_tls = node.config.dns.tls_listen.is_some();
        let server = Arc::new(ZoneServer::new(node.deliver()?, origin, over_tls));
        addresses.dns = Some(bound);
        if let (Some(listen), Some(cert), Some(key)) =
            (node.config.dns.tls_listen, &http.tls_cert, &http.tls_key)
        {
            let (tcp, udp, bound) = ports::both(listen).await?;
            addresses.dns_tls = Some(bound);
            let acceptor = tls::acceptor(cert, key, None, &tls::DNS)?;
            others.push(tokio::spawn(dns_ended(Arc::clone(&server).run_tls(tcp, udp, acceptor))));
        }
        others.push(tokio::spawn(dns_ended(Arc::clone(&server).run(tcp, udp))));
        zones = Some(Arc::clone(&server));
        followers.push(follow(server)?);
    }
    forget(node).await;
    alone.extend(book::leases(node, &stopped));
    let pushing = Pushing::start(node, &stopped)?;
    let told = Events::new(pushing.pulse.clone(), stopped.clone());
    let private = private(node, folder)?;
    if let Some(private) = &private {
        let (private, store) = (Arc::clone(private), node.gate.store().clone());
        followers.push(Follower::start("private", store, move |stop| private.follow(stop))?);
    }
    let cosigned = Arc::new(node.gate.store().beside().map(Cosigned::beside).unwrap_or_default());
    let finds = Arc::clone(&node.search);
    // Who searches is told how far the index is; what comes in goes before it.
    let store = node.gate.store().clone();
    followers.push(Follower::start_behind("search", store, move |stop| finds.follow_until(stop))?);
    followers.push(trees::follow(node)?);
    followers.extend(trees::cosign(node, &cosigned)?);
    let surfaces = Surfaces::of(node, folder, told, private, cosigned)?;
    others.push(chores::uses(node, surfaces.auth()));
    let listener = Listener { socket, tls, http: http.clone() };
    let mut pulls = schedule::start(node, &stopped);
    pulls.push(crate::federation::start(node, &stopped));
    let auth = Arc::clone(surfaces.auth());
    if let Some(listen) = node.config.monitor.listen {
        let door = Door::open(listen, node.config.monitor.token()?).await?;
        addresses.monitor = door.address().ok();
        let by_circle = node.config.monitor.by_circle;
        let gathered = Gathered {
            node: Arc::clone(node),
            auth: Arc::clone(&auth),
            zones,
            by_circle,
            looking: Arc::default(),
        };
        let figures = Figures::new(&node.monitor, gathered);
        others.push(tokio::spawn(door.serve(figures, Readiness::new(node.gate.store().clone()))));
    }
    let http = tokio::spawn(listen::run(listener, surfaces, stopped));
    Ok((addresses, Servers { http, pulls, others, followers, alone, faults, pushing, auth }))
}

/// Lets go what others have erased while this node was stopped, before any of it could be sent.
async fn forget(node: &Arc<Node>) {
    let node = Arc::clone(node);
    let forgotten = tokio::task::spawn_blocking(move || node.forget_what_others_erased()).await;
    if let Ok(Err(error)) = forgotten {
        tracing::warn!(%error, "what others erased could not be taken out yet; tried again");
    }
}

async fn dns_ended(server: impl Future<Output = std::io::Result<()>>) {
    if let Err(error) = server.await {
        tracing::error!(%error, "a DNS server ended");
    }
}

/// Follows zones, and has members' servers told of changes.
fn follow(server: Arc<ZoneServer>) -> Result<Follower, Failure> {
    let (store, runtime) = (server.deliver.gate.store().clone(), tokio::runtime::Handle::current());
    Follower::start("zones", store, move |stop| notify::follow(&server, &runtime, stop))
}

/// Private screening, if it is offered.
fn private(node: &Node, folder: &Folder) -> Result<Option<Arc<Private>>, Failure> {
    if !node.config.private.enabled {
        return Ok(None);
    }
    let no_chance = || Failure::new("the system gives no random bytes");
    let secret = folder.private_secret(&node::seed().ok_or_else(no_chance)?)?;
    let settings = node.config.private.settings()?;
    let private = Private::new(node.deliver()?, secret, settings, Arc::new(node::seed));
    Ok(Some(Arc::new(match node.gate.store().beside() {
        Some(beside) => private.beside(beside),
        None => private,
    })))
}
