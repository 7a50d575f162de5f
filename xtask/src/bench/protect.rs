//! Time to protect: from the POST of an indicator to the refusal of its name by real resolvers, each a member's own.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::client::Client;
use super::node::{MEMBER, Node, OBJECTS};
use super::objects;
use super::resolver::{Policy, Resolver, free_port};
use super::table::{Figure, Table};

/// Indicators that are timed.
const TIMED: u64 = 200;
/// Others that arrive each second meanwhile.
const OTHERS_A_SECOND: u64 = 10;
/// Time for a resolver to have the zone at first, or one name.
const PATIENCE: Duration = Duration::from_secs(60);
const RESOLVERS: [&str; 4] = ["bind", "unbound", "recursor", "knot"];
/// Those that take notices.
const TOLD: [&str; 2] = ["bind", "unbound"];

pub(crate) fn run(program: &Path, dir: &Path, table: &mut Table) -> Result<()> {
    let node = Node::new(program, &dir.join("node"))?;
    let mut keys = Vec::new();
    let ports = [free_port()?, free_port()?, free_port()?, free_port()?];
    for (member, port) in RESOLVERS.into_iter().zip(ports) {
        keys.push(node.block_member(member)?);
        let address = format!("127.0.0.1:{port}");
        if TOLD.contains(&member) {
            node.json(&["member", "zone", member, "--notify", &address])?;
        }
    }
    node.json(&["member", "zone", "unbound", "--from", "127.0.0.1"])?;
    let serving = node.serve()?;
    let dns = serving.dns.context("the node serves no DNS")?;
    let world = Resolver::world(dir, free_port()?)?;
    let zones = RESOLVERS.map(|member| format!("{member}.rpz.bongsu"));
    let policy =
        |of: usize| Policy { dir, port: ports[of], world: world.port, zone: &zones[of], primary: dns };
    let file = dir.join("knot.rpz");
    let _following = node.follow("knot", "zone.rpz", &file)?;
    let resolvers = [
        Resolver::bind(&policy(0), &keys[0])?,
        Resolver::unbound(&policy(1))?,
        Resolver::recursor(&policy(2), &keys[2])?,
        Resolver::knot(&policy(3), &file)?,
    ];
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let connect = || runtime.block_on(Client::connect(&serving.host, Some((MEMBER, &node.token))));
    let (mut posting, mut others) = (connect()?, connect()?);
    let post = |client: &mut Client, number: u64| {
        runtime.block_on(client.post(OBJECTS, objects::envelope_in("top", number, 1)))
    };
    post(&mut posting, 0)?;
    let first = Instant::now();
    for resolver in &resolvers {
        resolver.until_refused(&objects::domain_in("top", 0), first, PATIENCE)?;
    }
    let done = AtomicBool::new(false);
    let times = std::thread::scope(|scope| -> Result<Vec<Vec<Duration>>> {
        let noise = scope.spawn(|| -> Result<()> {
            let (began, mut count) = (Instant::now(), 0);
            while !done.load(Ordering::Relaxed) {
                let envelope = objects::envelope_in("top", 1_000_000 + count, 1);
                runtime.block_on(others.post(OBJECTS, envelope))?;
                count += 1;
                // By the clock, however long a post takes.
                let next = began + Duration::from_millis(1_000 * count / OTHERS_A_SECOND);
                std::thread::sleep(next.saturating_duration_since(Instant::now()));
            }
            Ok(())
        });
        let mut times = vec![Vec::new(); resolvers.len()];
        let timed = (1..=TIMED).try_for_each(|number| -> Result<()> {
            let name = objects::domain_in("top", number);
            // Not in step with a resolver that asks by the clock.
            std::thread::sleep(Duration::from_millis(objects::scattered(number) % 1_000));
            let since = Instant::now();
            post(&mut posting, number)?;
            let asked: Vec<_> = resolvers
                .iter()
                .map(|resolver| {
                    let name = name.clone();
                    scope.spawn(move || resolver.until_refused(&name, since, PATIENCE))
                })
                .collect();
            for (times, asked) in times.iter_mut().zip(asked) {
                times.push(asked.join().map_err(|_| anyhow::anyhow!("a client panicked"))??);
            }
            Ok(())
        });
        done.store(true, Ordering::Relaxed);
        noise.join().map_err(|_| anyhow::anyhow!("a client panicked"))??;
        timed.map(|()| times)
    })?;
    for (resolver, mut times) in resolvers.iter().zip(times) {
        times.sort_unstable();
        for (name, at) in [("half", times.len() / 2), ("99 of 100", times.len() * 99 / 100)] {
            let time = times.get(at).or(times.last()).context("nothing was timed")?;
            table.add(&Figure {
                name: &format!("posted to refused, {}, {name}", resolver.name),
                value: time.as_secs_f64(),
                unit: "s",
                goal: if at > times.len() / 2 { "≤ 1" } else { "" },
                ratio: None,
            });
        }
    }
    Ok(())
}
