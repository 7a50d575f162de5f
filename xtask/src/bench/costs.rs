//! What single things cost a node in processor time, bytes on the disk and memory: what `cargo xtask scale` reckons with.
//!
//! Each figure is the processor time (user and system) that the node's own process took, of real work over the network, divided by how
//! much of it there was. What clients take is not counted.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::client::Client;
use super::node::{MEMBER, Node, OBJECTS, READER};
use super::objects;
use super::table::{Figure, Table};
use super::zone::{difference, serial};

/// Where the figures are kept.
pub(crate) const FILE: &str = "docs/scale-costs.json";
/// Objects in an envelope.
const ENVELOPE: u64 = 1_000;
/// Objects that nodes bring each other.
const FEDERATED: u64 = 100_000;
/// Members with a zone, and objects that change it.
const ZONES: u64 = 20;
const CHANGES: u64 = 20_000;
/// Of these, so many at a time: a difference fits into one message.
const CHANGED: u64 = 250;
/// Empty pages that are asked for.
const EMPTY: u64 = 2_000;
/// How long nodes stand idle.
const IDLE: Duration = Duration::from_secs(20);
/// How long it is waited for something at most.
const PATIENCE: Duration = Duration::from_secs(300);

/// What things cost. Processor time is in seconds for a million, or for one where it says so.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Costs {
    /// A million objects posted over TAXII, 1,000 an envelope.
    pub(crate) ingest_cpu_s: f64,
    /// A million objects handed out over TAXII, 1,000 a page.
    pub(crate) page_cpu_s: f64,
    /// A million objects handed to another node.
    pub(crate) give_cpu_s: f64,
    /// A million objects taken from another node, new ones.
    pub(crate) take_cpu_s: f64,
    /// A million objects that another node brought before.
    pub(crate) again_cpu_s: f64,
    /// A million changes of a member's zone: so many objects times so many members with zones of their own.
    pub(crate) zone_cpu_s: f64,
    /// One question of a member that brings nothing new.
    pub(crate) empty_cpu_s: f64,
    /// A second of two nodes that are peers in one circle and have nothing to bring each other; of one of the two.
    pub(crate) idle_peer_cpu_s: f64,
    /// A start over a million objects.
    pub(crate) start_s: f64,
    /// Bytes of an object, as it came.
    pub(crate) object_bytes: f64,
    /// Bytes on the disk for each object: the line, the index of words, the public tree.
    pub(crate) stored_bytes: f64,
    /// Bytes on the disk for each object that another node brought.
    pub(crate) taken_bytes: f64,
    /// Bytes of memory for each object, of a node that serves.
    pub(crate) memory_bytes: f64,
    /// Bytes of memory of a node that has none.
    pub(crate) memory_empty_bytes: f64,
}

/// Measures everything, and writes [`FILE`] if it is to be kept.
pub(crate) fn run(program: &Path, dir: &Path, count: u64, keep: bool, table: &mut Table) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let one = runtime.block_on(alone(&Node::new(program, &dir.join("alone"))?, count))?;
    let zone_cpu_s = runtime.block_on(zones(&Node::new(program, &dir.join("zones"))?))?;
    let nodes = federated(program, dir)?;
    let costs = Costs { zone_cpu_s, ..nodes.costs(one) };
    let mut add = |name: &str, value: f64, unit: &str| {
        table.add(&Figure { name, value, unit, goal: "", ratio: None });
    };
    add("a million objects posted", costs.ingest_cpu_s, "CPU s");
    add("a million objects handed out", costs.page_cpu_s, "CPU s");
    add("a million objects handed to another node", costs.give_cpu_s, "CPU s");
    add("a million objects taken from another node", costs.take_cpu_s, "CPU s");
    add("a million that another brought before", costs.again_cpu_s, "CPU s");
    add("a million changes of zones", costs.zone_cpu_s, "CPU s");
    add("a question that brings nothing", costs.empty_cpu_s * 1e6, "CPU µs");
    add("an idle peer, for each second", costs.idle_peer_cpu_s * 1e3, "CPU ms");
    add("a start over a million objects", costs.start_s, "s");
    add("an object as it came", costs.object_bytes, "bytes");
    add("an object on the disk", costs.stored_bytes, "bytes");
    add("an object of another node on the disk", costs.taken_bytes, "bytes");
    add("an object in memory", costs.memory_bytes, "bytes");
    add("a node without objects in memory", costs.memory_empty_bytes / 1_048_576.0, "MiB");
    if keep {
        let text = format!("{}\n", serde_json::to_string_pretty(&costs)?);
        std::fs::write(FILE, text).with_context(|| format!("{FILE} can't be written"))?;
    }
    Ok(())
}

/// One node: what comes in, what goes out, what stays.
async fn alone(node: &Node, count: u64) -> Result<Costs> {
    let before = bytes_in(node.dir())?;
    let serving = node.serve()?;
    let empty = serving.memory_mib()? * 1_048_576.0;
    let mut client = Client::connect(&serving.host, Some((MEMBER, &node.token))).await?;
    let mut sent = 0;
    let began = serving.processor_s()?;
    for number in 0..count / ENVELOPE {
        let envelope = objects::envelope(number * ENVELOPE, ENVELOPE);
        sent += envelope.len();
        client.post(OBJECTS, envelope).await?;
    }
    // What follows aside (the index of words, the public tree) is a cost of ingest too.
    let ingest = serving.settled(PATIENCE)? - began;
    let memory = serving.memory_mib()? * 1_048_576.0;
    drop(serving);
    let stored = bytes_in(node.dir())? - before;
    let started = Instant::now();
    let serving = node.serve()?;
    let start_s = started.elapsed().as_secs_f64();
    serving.settled(PATIENCE)?;
    let mut client = Client::connect(&serving.host, Some((READER, &node.reader_token))).await?;
    let began = serving.processor_s()?;
    let (mut next, mut pages) = (String::new(), 0_u64);
    loop {
        let page = client.get(&format!("{OBJECTS}?limit={ENVELOPE}{next}")).await?;
        pages += 1;
        let head = String::from_utf8_lossy(page.get(..page.len().min(80)).unwrap_or_default()).into_owned();
        let Some((_, rest)) = head.split_once("\"next\":\"") else { break };
        next = format!("&next={}", rest.split('"').next().context("`next` has an end")?);
    }
    ensure!(pages >= count / ENVELOPE, "{pages} pages of {ENVELOPE} came, not all of {count} objects");
    let paged = serving.processor_s()? - began;
    let began = serving.processor_s()?;
    for _ in 0..EMPTY {
        client.get(&format!("{OBJECTS}?added_after=2999-01-01T00:00:00Z")).await?;
    }
    let asked = serving.processor_s()? - began;
    let (million, each) = (1e6 / count as f64, 1.0 / count as f64);
    Ok(Costs {
        ingest_cpu_s: ingest * million,
        page_cpu_s: paged * million,
        give_cpu_s: 0.0,
        take_cpu_s: 0.0,
        again_cpu_s: 0.0,
        zone_cpu_s: 0.0,
        empty_cpu_s: asked / EMPTY as f64,
        idle_peer_cpu_s: 0.0,
        start_s: start_s * million,
        object_bytes: sent as f64 * each,
        stored_bytes: stored as f64 * each,
        taken_bytes: 0.0,
        memory_bytes: (memory - empty).max(0.0) * each,
        memory_empty_bytes: empty,
    })
}

/// What zones take: the same objects with members whose servers take the differences of their zones, and without.
async fn zones(node: &Node) -> Result<f64> {
    let names: Vec<String> = (0..ZONES).map(|number| format!("zone{number}")).collect();
    let mut took = [0.0; 2];
    for (round, took) in (0_u64..).zip(&mut took) {
        let zones: Vec<String> = match round {
            0 => Vec::new(),
            _ => names.iter().map(|name| format!("{name}.rpz.bongsu")).collect(),
        };
        for name in names.iter().take(zones.len()) {
            node.block_member(name)?;
            node.json(&["member", "zone", name, "--from", "127.0.0.1"])?;
        }
        let serving = node.serve()?;
        let dns = serving.dns.context("the node serves no DNS")?;
        let mut held = zones.iter().map(|zone| serial(zone, dns)).collect::<Result<Vec<_>>>()?;
        serving.settled(PATIENCE)?;
        let mut client = Client::connect(&serving.host, Some((MEMBER, &node.token))).await?;
        let began = serving.processor_s()?;
        for number in 0..CHANGES / CHANGED {
            let first = round * CHANGES + number * CHANGED;
            client.post(OBJECTS, objects::envelope_in("top", first, CHANGED)).await?;
            for (zone, held) in zones.iter().zip(&mut held) {
                let (records, _) = difference(zone, dns, *held)?;
                ensure!(records as u64 > CHANGED, "{records} records of {zone} for {CHANGED} objects");
                *held = serial(zone, dns)?;
            }
        }
        *took = serving.settled(PATIENCE)? - began;
    }
    Ok((took[1] - took[0]).max(0.0) * 1e6 / (ZONES * CHANGES) as f64)
}

/// What nodes take to bring each other objects, in seconds for all of them.
struct Federated {
    give: f64,
    take: f64,
    /// Of the third, which two others bring the same.
    take_twice: f64,
    /// For each second and peer.
    idle: f64,
    stored: u64,
}

impl Federated {
    fn costs(&self, one: Costs) -> Costs {
        let million = 1e6 / FEDERATED as f64;
        Costs {
            give_cpu_s: self.give * million,
            take_cpu_s: self.take * million,
            again_cpu_s: (self.take_twice - self.take).max(0.0) * million,
            idle_peer_cpu_s: self.idle,
            taken_bytes: self.stored as f64 / FEDERATED as f64,
            ..one
        }
    }
}

/// A node of a circle, with its certificate.
struct Home {
    node: Node,
    name: &'static str,
    port: u16,
}

fn federated(program: &Path, dir: &Path) -> Result<Federated> {
    let files = Files(dir.join("files"));
    std::fs::create_dir(&files.0)?;
    let homes = ["a", "b", "c"].map(|name| {
        let node = Node::bare(program, &dir.join(name))?;
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        anyhow::Ok(Home { node, name, port })
    });
    let [a, b, c] = homes;
    let (a, b, c) = (a?, b?, c?);
    certificates(&files, [&a, &b, &c])?;
    agree(&files, [&a, &b, &c])?;
    let text = objects::envelope(0, FEDERATED).replacen("{\"objects\"", BUNDLE, 1);
    std::fs::write(files.at("objects.json"), text)?;
    a.node.json(&["import", &files.text("objects.json"), "--circle", "sea", "--as", "ma"])?;
    let before = bytes_in(b.node.dir())?;
    b.peer(&a, &files)?;
    a.peer(&b, &files)?;
    let first = a.node.serve_at(a.port)?;
    let began = first.settled(PATIENCE)?;
    let second = b.node.serve_at(b.port)?;
    all_there(&b.node)?;
    let take = second.settled(PATIENCE)?;
    let give = first.settled(PATIENCE)? - began;
    let began = second.processor_s()?;
    std::thread::sleep(IDLE);
    let idle = (second.processor_s()? - began) / IDLE.as_secs_f64();
    let stored = bytes_in(b.node.dir())? - before;
    for other in [&a, &b] {
        other.peer(&c, &files)?;
        c.peer(other, &files)?;
    }
    let third = c.node.serve_at(c.port)?;
    all_there(&c.node)?;
    let take_twice = third.settled(PATIENCE)?;
    Ok(Federated { give, take, take_twice, idle, stored })
}

/// How a bundle begins that is made of an envelope.
const BUNDLE: &str =
    "{\"type\":\"bundle\",\"id\":\"bundle--0b9c1d5e-8a41-4e0f-9a55-2a6f2a1b7c3d\",\"objects\"";

/// Files that the nodes have in common.
struct Files(PathBuf);

impl Files {
    fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn text(&self, name: &str) -> String {
        self.at(name).display().to_string()
    }

    fn write(&self, name: &str, value: &Value) -> Result<String> {
        std::fs::write(self.at(name), value.to_string())?;
        Ok(self.text(name))
    }
}

impl Home {
    /// Has this node ask another.
    fn peer(&self, other: &Self, files: &Files) -> Result<()> {
        let (key, certificate) =
            (files.text(&format!("{}.node", other.name)), files.text(&format!("{}.pem", other.name)));
        let (url, ca) = (format!("https://127.0.0.1:{}", other.port), files.text("ca.pem"));
        self.node.json(&[
            "peer",
            "add",
            other.name,
            "--url",
            &url,
            "--key",
            &key,
            "--certificate",
            &certificate,
            "--ca",
            &ca,
        ])?;
        Ok(())
    }
}

/// An authority at the first node signs for all, and each is set up to serve with what it got.
fn certificates(files: &Files, homes: [&Home; 3]) -> Result<()> {
    let made = homes[0].node.json(&["ca", "init"])?;
    std::fs::copy(
        made["certificate"].as_str().context("an authority has a certificate")?,
        files.at("ca.pem"),
    )?;
    for home in homes {
        let (cert, key) =
            (files.text(&format!("{}.pem", home.name)), files.text(&format!("{}.key", home.name)));
        homes[0].node.json(&[
            "ca",
            "issue",
            "--peer",
            home.name,
            "--name",
            "127.0.0.1",
            "--out",
            &cert,
            "--key-out",
            &key,
        ])?;
        let ca = files.text("ca.pem");
        let config = format!(
            "[http]\ntls_cert = \"{cert}\"\ntls_key = \"{key}\"\ntls_client_ca = \"{ca}\"\n[dns]\nenabled = false\n"
        );
        std::fs::write(home.node.dir().join("bongsu.toml"), config)?;
    }
    Ok(())
}

/// A member of each signs one agreement.
fn agree(files: &Files, homes: [&Home; 3]) -> Result<()> {
    let mut draft: Vec<String> =
        ["agreement", "draft", "sea", "--ceiling", "amber", "--title", "Sea"].map(str::to_owned).into();
    for Home { node, name, .. } in homes {
        let (member, secret) = (format!("m{name}"), files.text(&format!("m{name}.key")));
        node.json(&["member", "add", &member, "--level", "exchange", "--clearance", "amber"])?;
        let made = node.json(&["sign", "--new-key", &secret])?;
        let public = files.write(&format!("m{name}.pub"), &made["public"])?;
        node.json(&["member", "key", "add", &member, &public])?;
        let party = node.json(&["agreement", "party", &member])?;
        std::fs::write(
            files.at(&format!("{name}.node")),
            party["home"].as_str().context("a party has a home")?,
        )?;
        draft.extend(["--party".to_owned(), files.write(&format!("{name}.party"), &party)?]);
    }
    let draft: Vec<&str> = draft.iter().map(String::as_str).collect();
    let agreement = files.write("sea.agreement", &homes[0].node.json(&draft)?)?;
    for Home { node, name, .. } in homes {
        node.json(&["agreement", "sign", &agreement, "--key", &files.text(&format!("m{name}.key"))])?;
    }
    for Home { node, .. } in homes {
        node.json(&["agreement", "add", &agreement])?;
    }
    Ok(())
}

/// Waits until a node has all that was brought into the circle.
fn all_there(node: &Node) -> Result<()> {
    let until = Instant::now() + PATIENCE;
    loop {
        let records =
            node.json(&["circle", "show", "sea"])?["circle"]["records"].as_u64().unwrap_or_default();
        if records >= FEDERATED {
            return Ok(());
        }
        if Instant::now() > until {
            bail!(
                "{records} of {FEDERATED} objects came in {} s: {}",
                PATIENCE.as_secs(),
                node.json(&["peer", "list"])?
            );
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Bytes of all files in a folder and below.
fn bytes_in(dir: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let meta = entry.metadata()?;
        bytes += if meta.is_dir() { bytes_in(&entry.path())? } else { meta.len() };
    }
    Ok(bytes)
}
