//! Attacks on a node, tried over its own sockets against the real program. `docs/attacks.md` lists them, and what is not tried.

mod bombs;
mod browsers;
mod hostile;
mod inside;
mod refused;
mod requests;
mod scripts;
mod sessions;
mod signed;
mod slow;
mod tokens;
mod transport;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::node::{Serving, client};

/// Where a node listens, without the scheme.
fn address(serving: &Serving) -> &str {
    serving.url.split_once("://").unwrap().1
}

/// Sends bytes as they are on a connection of their own, and gives all that comes back until the node closes it, at most
/// for so long.
fn raw(serving: &Serving, bytes: &[u8], time: Duration) -> Vec<u8> {
    let mut stream = TcpStream::connect(address(serving)).unwrap();
    stream.set_read_timeout(Some(time)).unwrap();
    // A node may close before it has all.
    let _closed = stream.write_all(bytes);
    let mut all = Vec::new();
    let _closed_or_late = stream.read_to_end(&mut all);
    all
}

/// The statuses of the answers in what came back over HTTP/1.
fn statuses(answers: &[u8]) -> Vec<u16> {
    let text = String::from_utf8_lossy(answers).into_owned();
    let lines = text.split("HTTP/1.1 ").skip(1);
    lines.map(|line| line.get(..3).unwrap().parse().unwrap()).collect()
}

/// Whether a node serves others: somebody who comes anew, on a connection of its own.
fn serves(serving: &Serving) -> bool {
    let asked = client().get(format!("{}/healthz", serving.url)).timeout(Duration::from_secs(60)).send();
    let serves = asked.as_ref().is_ok_and(|answer| answer.status().is_success());
    if !serves {
        eprintln!("the node does not serve: {asked:?}");
    }
    serves
}
