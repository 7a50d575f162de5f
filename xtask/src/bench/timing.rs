//! Whether the time of an answer tells what is forbidden from what is not there.
//!
//! A member that is cleared for TLP:GREEN asks, over one connection, for things that another has shared as TLP:AMBER and for things
//! that nobody has, one after the other in an order drawn by chance; and log-ins fail for people who are there, and for nobody. The two sets of times are compared by their medians and by the
//! test of Mann and Whitney (On a test of whether one of two random variables is stochastically larger than the other, 1947): its
//! statistic, divided by its most, is the chance that an answer about what is forbidden takes longer than one about what is not
//! there, 0.5 if they can't be told apart. Beside each stands a control: two sets of things that are not there.

use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use uuid::Uuid;

use super::client::Client;
use super::node::{MEMBER, Node, OBJECTS};
use super::table::{Figure, Table};

/// Things that are forbidden.
const THINGS: u64 = 1_000;
/// Answers of each kind, for each way to ask.
const SAMPLES: usize = 4_000;
/// Values of a question about many.
const VALUES: u64 = 100;
/// People who have passwords.
const PEOPLE: u64 = 8;
/// Log-ins of each kind: each takes as long as a thousand other answers.
const LOG_INS: usize = 400;
/// The member that may not see them.
const LOW: &str = "low";
/// Standard deviations beyond which a difference counts as measured: by chance alone, once in 16,000.
const MEASURED: f64 = 4.0;

/// The numbers of things: of those that are shared, and two sets of those that nobody has.
const SHARED: u64 = 0;
const ABSENT: u64 = 1 << 32;
const CONTROL: u64 = 2 << 32;

/// What is sent.
enum Sent {
    Get(String),
    Post(&'static str, String),
    Form(&'static str, String),
}

/// A way to ask: its name, of how many things, how often, and what is sent for the thing of a number.
struct Way {
    name: &'static str,
    things: u64,
    samples: usize,
    sent: fn(u64) -> Sent,
}

impl Way {
    const fn new(name: &'static str, sent: fn(u64) -> Sent) -> Self {
        Self { name, things: THINGS, samples: SAMPLES, sent }
    }
}

const WAYS: [Way; 9] = [
    Way::new("object page", |number| Sent::Get(format!("/objects/region/{}", id(number)))),
    Way::new("TAXII object", |number| Sent::Get(format!("{OBJECTS}{}/", id(number)))),
    Way::new("TAXII versions", |number| Sent::Get(format!("{OBJECTS}{}/versions/", id(number)))),
    Way::new("TAXII match[id]", |number| Sent::Get(format!("{OBJECTS}?match%5Bid%5D={}", id(number)))),
    Way::new("MISP event", |number| Sent::Get(format!("/events/view/{}", uuid(number)))),
    Way::new("MISP attribute", |number| Sent::Get(format!("/attributes/view/{}", uuid(number)))),
    Way::new("screening", |number| Sent::Get(format!("/screening/value?value={}", value(number)))),
    Way::new("screening of 100", |number| {
        let number = number - number % VALUES;
        let values: Vec<String> = (number..number + VALUES).map(value).collect();
        Sent::Post("/screening/values", json!({ "values": values }).to_string())
    }),
    // Whoever is there and gives a wrong password, and nobody.
    Way {
        name: "log-in",
        things: PEOPLE,
        samples: LOG_INS,
        sent: |number| {
            Sent::Form("/login", format!("user={}&password=not-the-right-one&code=&to=/", user(number)))
        },
    },
];

/// A user name, of as many letters whoever it is.
fn user(number: u64) -> String {
    format!("person-{number:011}")
}

/// A value, of as many letters whether anyone has it or nobody.
fn value(number: u64) -> String {
    format!("t{number:011}.evil.top")
}

fn uuid(number: u64) -> Uuid {
    let bits = u128::from(number.wrapping_mul(0x9e37_79b9_7f4a_7c15)) << 32 | u128::from(number >> 32);
    uuid::Builder::from_u128(bits)
        .with_version(uuid::Version::Random)
        .with_variant(uuid::Variant::RFC4122)
        .into_uuid()
}

fn id(number: u64) -> String {
    format!("indicator--{}", uuid(number))
}

pub(super) fn run(node: &Node, table: &mut Table) -> Result<()> {
    let added = node.json(&["member", "add", LOW, "--level", "exchange", "--clearance", "green"])?;
    node.json(&["circle", "join", "region", LOW])?;
    let token = added["token"]["token"].as_str().context("no token was shown")?.to_owned();
    let serving = node.serve()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut sender = Client::connect(&serving.host, Some((MEMBER, &node.token))).await?;
        sender.post(OBJECTS, things()).await?;
        people(node, &serving.host).await?;
        for way in WAYS {
            let name = way.name;
            // A connection of its own for each: the node closes one that was asked often.
            let mut client = Client::connect(&serving.host, Some((LOW, &token))).await?;
            client.open_form("/login").await?;
            let (forbidden, absent) = times(&mut client, &way, SHARED, ABSENT).await?;
            let (first, second) = times(&mut client, &way, CONTROL, ABSENT).await?;
            let (found, control) = (compared(&forbidden, &absent), compared(&first, &second));
            let mut figure = |what: &str, value, unit, goal| {
                table.add(&Figure {
                    name: &format!("timing: {name}, {what}"),
                    value,
                    unit,
                    goal,
                    ratio: None,
                });
            };
            figure("forbidden, median", median(&forbidden), "µs", "");
            figure("absent, median", median(&absent), "µs", "");
            figure("chance that forbidden takes longer", found.chance, "", "0.5");
            figure(
                "deviations from chance",
                found.deviations,
                "",
                if found.is_measured() { "MEASURABLE" } else { "< 4" },
            );
            figure(
                "deviations, absent and absent",
                control.deviations,
                "",
                if control.is_measured() { "NOISE" } else { "< 4" },
            );
        }
        Ok(())
    })
}

/// An envelope of what the member may not see.
fn things() -> String {
    let mark = stix::Tlp::Amber.definition_id().to_string();
    let thing = |number| {
        json!({
            "type": "indicator", "spec_version": "2.1", "id": id(number), "created": "2026-01-01T00:00:00.000Z",
            "modified": "2026-01-01T00:00:00.000Z", "valid_from": "2026-01-01T00:00:00Z", "pattern_type": "stix",
            "pattern": format!("[domain-name:value = '{}']", value(number)), "object_marking_refs": [mark],
        })
    };
    json!({"objects": (0..THINGS).map(thing).collect::<Vec<_>>()}).to_string()
}

/// People who have set their passwords.
async fn people(node: &Node, host: &str) -> Result<()> {
    for number in 0..PEOPLE {
        let user = user(number);
        let added =
            node.json(&["person", "add", &user, "--name", &user, "--member", MEMBER, "--role", "reader"])?;
        let link = added["link"].as_str().context("no link was shown")?;
        let mut client = Client::connect(host, None).await?;
        client.open_form(link).await?;
        let set = client.fill_in(link, "new=a-long-enough-password&again=a-long-enough-password").await?;
        ensure!(set == hyper::StatusCode::SEE_OTHER, "{link}: {set}");
    }
    Ok(())
}

/// Times in microseconds of answers about things numbered from `one` and from `other`, which must all be the same but for what was
/// asked.
async fn times(client: &mut Client, way: &Way, one: u64, other: u64) -> Result<(Vec<f64>, Vec<f64>)> {
    let (mut ones, mut others) = (Vec::with_capacity(way.samples), Vec::with_capacity(way.samples));
    let (mut chance, mut status) = (0x2545_f491_4f6c_dd1d_u64, None);
    while ones.len() < way.samples || others.len() < way.samples {
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        let is_one = match (ones.len() < way.samples, others.len() < way.samples) {
            (true, true) => chance & 1 == 0,
            (is_one, _) => is_one,
        };
        let number = (chance >> 16) % way.things + if is_one { one } else { other };
        let sent = (way.sent)(number);
        let begun = Instant::now();
        let told = match sent {
            Sent::Get(path) => client.look(&path).await?,
            Sent::Post(path, body) => client.post_and_look(path, body).await?,
            Sent::Form(path, fields) => client.fill_in(path, &fields).await?,
        };
        let took = begun.elapsed().as_secs_f64() * 1e6;
        ensure!(
            *status.get_or_insert(told) == told,
            "{}: {told}, where others were answered {status:?}",
            way.name
        );
        if is_one { ones.push(took) } else { others.push(took) }
    }
    Ok((ones, others))
}

fn median(times: &[f64]) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

struct Compared {
    chance: f64,
    deviations: f64,
}

impl Compared {
    fn is_measured(&self) -> bool {
        self.deviations.abs() >= MEASURED
    }
}

/// The test of Mann and Whitney, in its normal approximation. Equal times are so rare that they need no correction.
fn compared(ones: &[f64], others: &[f64]) -> Compared {
    let marked = |is_one: bool| move |time: &f64| (*time, is_one);
    let mut all: Vec<(f64, bool)> =
        ones.iter().map(marked(true)).chain(others.iter().map(marked(false))).collect();
    all.sort_by(|one, other| one.0.total_cmp(&other.0));
    let ranks: f64 =
        (1_u32..).zip(&all).filter(|(_, (_, is_one))| *is_one).map(|(rank, _)| f64::from(rank)).sum();
    let (n, m) = (ones.len() as f64, others.len() as f64);
    let statistic = ranks - n * (n + 1.0) / 2.0;
    let deviation = (n * m * (n + m + 1.0) / 12.0).sqrt();
    Compared { chance: statistic / (n * m), deviations: (statistic - n * m / 2.0) / deviation }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_measured_and_what_does_not_is_not() {
        let times =
            |shift: f64| -> Vec<f64> { (0..1_000).map(|at| f64::from(at * 7 % 1_000) + shift).collect() };
        let same = compared(&times(0.0), &times(0.5));
        assert!(!same.is_measured() && (same.chance - 0.5).abs() < 0.01, "{}", same.chance);
        let longer = compared(&times(100.0), &times(0.0));
        assert!(longer.is_measured() && longer.chance > 0.55, "{}", longer.chance);
        assert!(compared(&times(0.0), &times(100.0)).deviations < -MEASURED);
    }
}
