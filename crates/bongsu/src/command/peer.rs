//! `bongsu peer`: other nodes.

use crate::answer::{Answer, table};
use crate::cli::{PeerAddArgs, PeerCommand};
use crate::command::member::check_handle;
use crate::exit::Failure;
use crate::federation::{again, standing};
use crate::node::Node;
use exchange::pull::Url;
use policy::{Entry, Peer};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use stix::signature::PublicKey;

/// Runs `bongsu peer …`.
///
/// # Errors
/// When a name is unknown or malformed, a file can't be read, or the line can't be written.
pub(crate) fn run(node: &Node, command: PeerCommand) -> Result<Answer, Failure> {
    match command {
        PeerCommand::Add(args) => add(node, args),
        PeerCommand::List => Ok(list(node, None)),
        PeerCommand::Show { name } => {
            known(node, &name)?;
            Ok(list(node, Some(&name)))
        }
        PeerCommand::Again { name } => {
            let circles = again(node, &known(node, &name)?)?;
            Ok(Answer::done(
                json!({"peer": name, "circles": circles}),
                format!(
                    "{circles} circles are exchanged with {name} from their beginning; nothing comes twice.\n"
                ),
            ))
        }
        PeerCommand::Remove { name } => {
            let peer = Peer { ended: true, ..known(node, &name)? };
            node.record(Entry::Peer(peer))?;
            Ok(Answer::done(
                json!({"removed": name}),
                format!("Nothing is exchanged with {name} any more.\n"),
            ))
        }
    }
}

fn known(node: &Node, name: &str) -> Result<Peer, Failure> {
    node.gate.book().peer(name).cloned().ok_or_else(|| {
        Failure::new(format!("there is no peer `{name}`")).hint("`bongsu peer list` shows all")
    })
}

fn add(node: &Node, args: PeerAddArgs) -> Result<Answer, Failure> {
    check_handle(&args.name)?;
    let url = args.url.unwrap_or_default();
    if !url.is_empty() && !url.parse::<Url>().is_ok_and(|url| url.scheme() == "https") {
        return Err(Failure::usage(format!("`{url}` is no address over TLS"))
            .hint("peers are known by their certificates: https://node.example"));
    }
    let text = crate::command::key::read(&args.key)?;
    let key = key_of(&text).map_err(|why| Failure::new(format!("{}: {why}", args.key.display())))?;
    if key == *node.gate.home() {
        return Err(Failure::new("this is the key of this node itself")
            .hint("take the other node's, from its /.well-known/jwks.json"));
    }
    let certificate = CertificateDer::from_pem_file(&args.certificate).map_err(|error| {
        Failure::new(format!("{}: no certificate can be read: {error}", args.certificate.display()))
    })?;
    let certificate = Sha256::digest(&certificate).to_vec();
    let authorities = args.ca.as_deref().map(crate::pull::file).transpose()?;
    let authorities = authorities
        .map(|bytes| String::from_utf8(bytes).map_err(|_| Failure::new("the authorities are no PEM")))
        .transpose()?;
    let book = node.gate.book();
    let taken = book.peers().find(|peer| {
        !peer.ended && peer.name != args.name && (peer.key == key || peer.certificate == certificate)
    });
    if let Some(other) = taken {
        return Err(Failure::new(format!("peer {} has this key or certificate already", other.name)));
    }
    let peer = Peer { name: args.name, url, key, certificate, authorities, push: args.push, ended: false };
    let json = json!({"peer": view(node, &peer)});
    let text = format!("Peer {} is known by the key {}.\n", peer.name, peer.key.id());
    node.record(Entry::Peer(peer))?;
    Ok(Answer::done(json, text))
}

/// A key, or the one Ed25519 key of a set of keys.
fn key_of(text: &str) -> Result<PublicKey, String> {
    let value: Value = serde_json::from_str(text).unwrap_or_default();
    let Some(keys) = value["keys"].as_array() else {
        return PublicKey::read(text).map_err(|error| error.to_string());
    };
    // A node's own key stands first in its set.
    let key = keys.iter().find_map(|key| PublicKey::read(&key.to_string()).ok());
    key.ok_or_else(|| "the set holds no Ed25519 key".to_owned())
}

fn view(node: &Node, peer: &Peer) -> Value {
    let circles = standing(&node.gate, &node.peers, peer, node.now());
    let certificate: String = peer.certificate.iter().map(|byte| format!("{byte:02x}")).collect();
    json!({"name": peer.name, "url": peer.url, "key": peer.key.id(), "certificate": certificate,
           "push": peer.push, "ended": peer.ended, "circles": circles})
}

fn list(node: &Node, only: Option<&str>) -> Answer {
    let book = node.gate.book();
    let shown = book.peers().filter(|peer| only.is_none_or(|name| name == peer.name));
    let views: Vec<Value> = shown.map(|peer| view(node, peer)).collect();
    let mut rows = Vec::new();
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    for peer in &views {
        let circles = peer["circles"].as_array().map(Vec::as_slice).unwrap_or_default();
        for circle in circles {
            rows.push(vec![
                text(&peer["name"]),
                text(&circle["circle"]),
                circle["position"].to_string(),
                text(&circle["success"]),
                circle["refused"].to_string(),
                text(if circle["error"].is_null() { &circle["why"] } else { &circle["error"] }),
            ]);
        }
        if circles.is_empty() {
            let state = if peer["ended"] == true { "ended" } else { "no circle" };
            rows.push(vec![text(&peer["name"]), state.to_owned()]);
        }
    }
    let told = table(&["PEER", "CIRCLE", "POSITION", "LAST SUCCESS", "REFUSED", "LAST ERROR"], &rows);
    Answer::done(json!({"peers": views}), told)
}
