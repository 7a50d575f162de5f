//! Durable ingest over TAXII: when an answer has come, what it acknowledges is on the disk.

use std::time::Instant;

use anyhow::Result;
use bytes::Bytes;
use hyper::StatusCode;

use super::client::Client;
use super::node::{MEMBER, Node, OBJECTS};
use super::table::{Figure, Table};
use super::{bare, objects};

/// Objects in an envelope.
const ENVELOPE: u64 = 1_000;
/// Clients that send one object at a time.
const CLIENTS: u64 = 16;
/// Objects that each of them sends.
const EACH: u64 = 12_500;
/// Envelopes for the comparison.
const COMPARED: u64 = 100;
/// How the smallest status looks that a node answers one object with.
const STATUS: &[u8] = br#"{"id":"00000000-0000-4000-8000-000000000000","status":"complete","request_timestamp":"2026-09-01T08:30:00.000000Z","total_count":1,"success_count":1,"successes":[{"id":"indicator--00000000-0000-4000-8000-000000000000","version":"2026-09-01T08:30:00.000Z"}],"failure_count":0,"pending_count":0}"#;

/// One client, one envelope of 1,000 objects after the other.
pub(crate) fn envelopes(node: &Node, count: u64, table: &mut Table) -> Result<()> {
    let serving = node.serve()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let envelopes = count / ENVELOPE;
    let mut marks = Vec::with_capacity(usize::try_from(envelopes)?);
    let started = Instant::now();
    runtime.block_on(async {
        let mut client = Client::connect(&serving.host, Some((MEMBER, &node.token))).await?;
        for number in 0..envelopes {
            client.post(OBJECTS, objects::envelope(number * ENVELOPE, ENVELOPE)).await?;
            marks.push(started.elapsed().as_secs_f64());
        }
        anyhow::Ok(())
    })?;
    let all = started.elapsed().as_secs_f64();
    let memory = serving.memory_mib()?;
    let floor = bare::written_and_synced(node.dir(), COMPARED, ENVELOPE)?;
    let rate = count as f64 / all;
    table.add(&Figure {
        name: "ingest, 1,000-object envelopes, one client",
        value: rate,
        unit: "objects/s",
        goal: "≥ 100,000",
        ratio: Some(("written and synced only", rate / floor)),
    });
    // Tenths, so that a store that falls as it grows can't hide.
    let tenth = marks.len() / 10;
    let of = |from: usize, to: usize| {
        let begin = from.checked_sub(1).and_then(|at| marks.get(at)).copied().unwrap_or(0.0);
        let end = marks.get(to - 1).copied().unwrap_or(all);
        ((to - from) as u64 * ENVELOPE) as f64 / (end - begin)
    };
    let (first, last) = (of(0, tenth), of(marks.len() - tenth, marks.len()));
    table.add(&Figure {
        name: &format!("ingest, last tenth of {count}"),
        value: last,
        unit: "objects/s",
        goal: "≥ 80% of first",
        ratio: Some(("the first tenth", last / first)),
    });
    table.add(&Figure {
        name: &format!("memory after ingest of {count}"),
        value: memory,
        unit: "MiB",
        goal: "≤ 300 at 1 M",
        ratio: None,
    });
    Ok(())
}

/// Sixteen clients, one object at a time each.
pub(crate) fn singles(node: &Node, table: &mut Table) -> Result<()> {
    let serving = node.serve()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (rate, bare) = runtime.block_on(async {
        let rate = at_once(&serving.host, &node.token).await?;
        let bare = bare::serve(StatusCode::ACCEPTED, Bytes::from_static(STATUS)).await?;
        anyhow::Ok((rate, at_once(&bare, &node.token).await?))
    })?;
    table.add(&Figure {
        name: "ingest, one-object envelopes, 16 clients",
        value: rate,
        unit: "objects/s",
        goal: "≥ 20,000",
        ratio: Some(("a bare server, nothing kept", rate / bare)),
    });
    Ok(())
}

async fn at_once(host: &str, token: &str) -> Result<f64> {
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        clients.push(Client::connect(host, Some((MEMBER, token))).await?);
    }
    let started = Instant::now();
    let sending = clients.into_iter().zip(0..CLIENTS).map(|(mut client, own)| {
        tokio::spawn(async move {
            for number in own * EACH..(own + 1) * EACH {
                client.post(OBJECTS, objects::envelope(number, 1)).await?;
            }
            anyhow::Ok(())
        })
    });
    for sent in sending.collect::<Vec<_>>() {
        sent.await??;
    }
    Ok((CLIENTS * EACH) as f64 / started.elapsed().as_secs_f64())
}
