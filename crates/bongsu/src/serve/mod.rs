//! The servers of a node, put together: pages, TAXII, MISP and artefacts over HTTP, zones over DNS, commands over a socket.
//!
//! They stop in order: nothing new is accepted, what is under way ends, the store closes last.

mod asks;
mod calls;
mod cases;
mod chores;
mod escalate;
mod files;
mod follower;
mod guard;
mod listen;
pub(crate) mod log;
mod stall;
mod surfaces;
mod tls;
mod trees;
#[cfg(test)]
mod worlds;

use crate::admin;
use crate::cli::Global;
use crate::config::Config;
use crate::exit::{Exit, Failure};
use crate::folder::{Folder, Held};
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
use std::net::SocketAddr;
use std::sync::Arc;
use surfaces::Surfaces;
use tokio::net::{TcpListener, UdpSocket};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Where a node is reached.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Addresses {
    pub http: SocketAddr,
    pub dns: Option<SocketAddr>,
    pub dns_tls: Option<SocketAddr>,
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
    let folder = Folder::new(global.folder());
    folder.require()?;
    let held = folder.hold()?;
    let node = Arc::new(Node::open(&folder, config)?);
    until_stopped(&folder, held, node, &mut |addresses| {
        let dns = addresses.dns.map_or_else(String::new, |dns| format!(", DNS {dns}"));
        if terminal.json() {
            let json = serde_json::json!({"url": addresses.url(), "dns": addresses.dns, "dns_tls": addresses.dns_tls});
            return terminal.write(format!("{json}\n").as_bytes());
        }
        terminal.note(&format!("Serving {}{dns}. Stop with Ctrl-C.", addresses.url()));
        Ok(())
    })?;
    Ok(Exit::Done)
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
        let (addresses, servers) = start(folder, &node, stopped).await?;
        held.say(&format!("pid {}, {}", std::process::id(), addresses.url()));
        let door = admin::open(&folder.socket(), Arc::clone(&node))?;
        let dns = addresses.dns.map(|dns| dns.to_string());
        tracing::info!(url = addresses.url(), dns = dns.as_deref(), "serving");
        ready(&addresses)?;
        signals.wait().await;
        tracing::info!("stopping: requests under way may finish");
        drop(door);
        // The receivers live in the servers; when none is left, there is nobody to tell.
        let _nobody = stop.send(true);
        servers.http.await.map_err(|error| Failure::new(format!("the HTTP server ended badly: {error}")))?;
        servers.others.into_iter().for_each(|server| server.abort());
        servers.pushing.end().await;
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
        Ok(())
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
    pushing: Pushing,
    auth: Arc<web::auth::Auth>,
}

async fn start(
    folder: &Folder,
    node: &Arc<Node>,
    stopped: watch::Receiver<bool>,
) -> Result<(Addresses, Servers), Failure> {
    let http = &node.config.http;
    let taken = |address: SocketAddr| {
        move |error: std::io::Error| {
            Failure::new(format!("{address} can't be listened on: {error}"))
                .hint("is another program on that port? set http.listen or dns.listen in the configuration")
        }
    };
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
    let mut addresses = Addresses { http: local, dns: None, dns_tls: None, tls: tls.is_some() };
    node.aid.begin();
    let mut others = chores::begin(node);
    others.push(tokio::spawn(guard::follow(Arc::clone(node), guard::hangups()?)));
    others.extend(tls.iter().map(|tls| tokio::spawn(Arc::clone(tls).follow())));
    let mut followers = Vec::new();
    if node.config.dns.enabled {
        let listen = node.config.dns.listen;
        let tcp = TcpListener::bind(listen).await.map_err(taken(listen))?;
        let bound = tcp.local_addr().map_err(taken(listen))?;
        let udp = UdpSocket::bind(bound).await.map_err(taken(bound))?;
        let origin = node.config.dns.origin().to_owned();
        let over_tls = node.config.dns.tls_listen.is_some();
        let server = Arc::new(ZoneServer::new(node.deliver()?, origin, over_tls));
        addresses.dns = Some(bound);
        if let (Some(listen), Some(cert), Some(key)) =
            (node.config.dns.tls_listen, &http.tls_cert, &http.tls_key)
        {
            let tcp = TcpListener::bind(listen).await.map_err(taken(listen))?;
            let bound = tcp.local_addr().map_err(taken(listen))?;
            let udp = UdpSocket::bind(bound).await.map_err(taken(bound))?;
            addresses.dns_tls = Some(bound);
            let acceptor = tls::acceptor(cert, key, None, &tls::DNS)?;
            others.push(tokio::spawn(dns_ended(Arc::clone(&server).run_tls(tcp, udp, acceptor))));
        }
        others.push(tokio::spawn(dns_ended(Arc::clone(&server).run(tcp, udp))));
        followers.push(follow(server)?);
    }
    let pushing = Pushing::start(node, &stopped)?;
    let told = Events::new(pushing.pulse.clone(), stopped.clone());
    let private = private(node, folder)?;
    if let Some(private) = &private {
        let (private, store) = (Arc::clone(private), node.gate.store().clone());
        followers.push(Follower::start("private", store, move |stop| private.follow(stop))?);
    }
    let cosigned = Arc::new(Cosigned::default());
    let finds = Arc::clone(&node.search);
    followers
        .push(Follower::start("search", node.gate.store().clone(), move |stop| finds.follow_until(stop))?);
    followers.push(trees::follow(node)?);
    followers.extend(trees::cosign(node, &cosigned)?);
    let surfaces = Surfaces::of(node, folder, told, private, cosigned)?;
    others.push(chores::uses(node, surfaces.auth()));
    let listener = Listener { socket, tls, http: http.clone() };
    let mut pulls = schedule::start(node, &stopped);
    pulls.push(crate::federation::start(node, &stopped));
    let auth = Arc::clone(surfaces.auth());
    let http = tokio::spawn(listen::run(listener, surfaces, stopped));
    Ok((addresses, Servers { http, pulls, others, followers, pushing, auth }))
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
    Ok(Some(Arc::new(Private::new(node.deliver()?, secret, settings, Arc::new(node::seed)))))
}
