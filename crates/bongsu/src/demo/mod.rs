//! `bongsu demo`: a whole node with real intelligence, on loopback, gone when it ends.
//!
//! Two circles and five members, one at each level. What is imported is real and published (see `demo-data/SOURCE.md`); the
//! members are invented. Some of it is held back on purpose, so that the pages have something to explain.

mod scene;

use crate::cli::Global;
use crate::command::{credential, init};
use crate::config::Config;
use crate::exit::{Exit, Failure};
use crate::folder::Folder;
use crate::node::Node;
use crate::serve::{self, Addresses};
use crate::terminal::Terminal;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;

/// What the visitor can log in with.
pub(crate) struct Keys {
    pub exchange: String,
    pub list: String,
    pub tsig: credential::MadeTsig,
}

/// Runs the demo until it is told to stop.
///
/// # Errors
/// When no folder can be made, or the named one holds something else.
pub(crate) fn run(
    global: &Global,
    environment: Vec<(String, String)>,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let temporary = match &global.data {
        Some(_) => None,
        None => Some(tempfile::Builder::new().prefix("bongsu-demo-").tempdir().map_err(|error| {
            Failure::new(format!("no temporary folder can be made: {error}")).hint("name one with --data")
        })?),
    };
    let dir = temporary
        .as_ref()
        .map_or_else(|| global.folder().to_owned(), |temporary| temporary.path().join("node"));
    let config = config(global, &dir, environment)?;
    serve::log::start(&config.log, global.verbose, true)?;
    let folder = Folder::new(&dir);
    let fresh = !folder.is_node();
    if fresh {
        init::create(&folder, "demo.bongsu")?;
    }
    let held = folder.hold()?;
    let node = Arc::new(Node::open(&folder, config)?);
    if fresh {
        terminal.note("Setting up two circles and five members, and importing real intelligence …");
        scene::set(&node)?;
    }
    let keys = scene::keys(&node)?;
    let kept = temporary.is_none().then_some(dir.as_path());
    serve::until_stopped(&folder, held, node, &mut |addresses| {
        terminal.write(welcome(addresses, &keys, kept).as_bytes())
    })?;
    if let Some(temporary) = temporary {
        temporary
            .close()
            .map_err(|error| Failure::new(format!("the temporary folder could not be removed: {error}")))?;
    }
    Ok(Exit::Done)
}

/// The configuration: the usual one, open to this machine, on free ports when the usual ones are taken.
fn config(global: &Global, dir: &Path, environment: Vec<(String, String)>) -> Result<Config, Failure> {
    let named = |key: &str| environment.iter().any(|(name, _)| name == key);
    let (http_named, dns_named) = (named("BONGSU__HTTP__LISTEN"), named("BONGSU__DNS__LISTEN"));
    let mut config = Config::read(global.config.as_deref(), dir, environment)?;
    let free = |wanted: SocketAddr| match TcpListener::bind(wanted) {
        Ok(_) => wanted,
        Err(_) => SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
    };
    if !http_named {
        config.http.listen = free(config.http.listen);
    }
    if !dns_named {
        config.dns.listen = free(config.dns.listen);
    }
    if !config.http.listen.ip().is_loopback() {
        return Err(Failure::usage(
            "the demo's pages are open without log-in, so it listens on loopback only",
        )
        .hint(
            "unset BONGSU__HTTP__LISTEN; for a node that others reach, use `bongsu init` and `bongsu serve`",
        ));
    }
    config.web.open_on_loopback = true;
    Ok(config)
}

fn welcome(addresses: &Addresses, keys: &Keys, kept: Option<&Path>) -> String {
    let url = addresses.url();
    let program = std::env::args().next().unwrap_or_else(|| "bongsu".to_owned());
    let dig = addresses.dns.map_or_else(String::new, |dns| {
        format!(
            "\n  The zone that its resolver transfers (dig comes with bind9-dnsutils):\n    \
             dig @{} -p {} -y hmac-sha256:{}:{} {}.rpz.bongsu AXFR | head\n",
            dns.ip(),
            dns.port(),
            keys.tsig.name,
            keys.tsig.secret,
            scene::BLOCK,
        )
    });
    let end = match kept {
        Some(dir) => format!("Ctrl-C ends it; the node stays in {}.", dir.display()),
        None => "Ctrl-C ends it and leaves nothing behind.".to_owned(),
    };
    format!(
        "\nBongsu's demo is running. Open {url}/ to see what each member got, and what was held back and why.\n\n\
         Try, in another terminal:\n\n  \
         What a ministry without tools reads:\n    curl -s {url}/as/{read}/d/advisory.html > advisory.html\n\n  \
         The domains that a firewall imports, with its own credential:\n    curl -s -u {list}:{list_token} {url}/d/list/domain.txt | head\n{dig}\n  \
         TAXII 2.1, as a threat-intelligence team uses it:\n    \
         curl -s -H 'Accept: application/taxii+json;version=2.1' -u {exchange}:{exchange_token} {url}/api/collections/\n    \
         curl -s -H 'Accept: application/taxii+json;version=2.1' -u {exchange}:{exchange_token} '{url}/api/collections/{circle}/objects/?match\\[type\\]=intrusion-set'\n\n  \
         Whether any of it was seen in your own logs, with one file and no node:\n    \
         curl -s {url}/as/{detect}/d/watch.bongsu > watch.bongsu\n    \
         {program} hunt --watch watch.bongsu /var/log\n\n{end}\n",
        read = scene::READ,
        list = scene::LIST,
        list_token = keys.list,
        exchange = scene::EXCHANGE,
        exchange_token = keys.exchange,
        circle = scene::REGION,
        detect = scene::DETECT,
    )
}
