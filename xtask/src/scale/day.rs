//! A day, event by event.
//!
//! A node is a server with some cores and one queue: what comes is worked off in turn, as fast as all cores together. What is brought
//! goes into its home's line; each node linked with it in the circle asks within half a second, gets what it has not asked for yet,
//! and so on from there. What a node has already it takes again all the same, for that is known only by looking.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::dice::Dice;
use super::world::{Scope, World};
use crate::bench::costs::Costs;

/// A day.
pub(super) const DAY_S: f64 = 86_400.0;
/// Peers are asked so often.
const ASKED_EVERY_S: f64 = 0.5;
/// Objects in the largest batch.
const BATCH_MAX: f64 = 50_000.0;
/// Of all objects, so many go so far, in the order of [`Scope::ALL`].
const SCOPES: [f64; 4] = [0.40, 0.30, 0.25, 0.05];

/// What is simulated.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    pub(super) objects: f64,
    /// Of each node, and of hubs.
    pub(super) cores: f64,
    pub(super) hub_cores: f64,
    /// Between nodes: how long a packet takes, and how many bytes go through in a second.
    pub(super) latency_s: f64,
    pub(super) bytes_s: f64,
}

/// What a node did in the day.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Did {
    /// Processor time by what it went to, in the order of [`WORK`].
    pub(super) cpu_s: [f64; 7],
    /// Objects that came to lie here: brought by its members, and by other nodes.
    pub(super) brought: f64,
    pub(super) taken: f64,
    /// Objects that were taken although they were here.
    pub(super) again: f64,
    /// Bytes that went out to other nodes.
    pub(super) sent: f64,
    /// The longest that something had to wait for its turn.
    pub(super) longest_wait_s: f64,
}

/// What processor time goes to.
pub(super) const WORK: [&str; 7] = [
    "posted",
    "handed to nodes",
    "taken from nodes",
    "taken again",
    "read by members",
    "zones",
    "asking peers",
];

impl Did {
    pub(super) fn cpu(&self) -> f64 {
        self.cpu_s.iter().sum()
    }
}

/// What came of a day.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) nodes: Vec<Did>,
    /// By scope: from when it was posted until the last node of the circle had it, in seconds, each with how many objects.
    pub(super) spread: [Vec<(f64, f64)>; 4],
    /// By scope: objects brought.
    pub(super) brought: [f64; 4],
    /// By scope: processor time at all nodes, without asking, and objects that came to lie anywhere.
    pub(super) cpu_s: [f64; 4],
    pub(super) copies: [f64; 4],
}

/// What happens; ordered by time, and in one time by number.
#[derive(Debug, Clone, Copy)]
struct Event {
    at: f64,
    number: u64,
    node: usize,
    batch: usize,
    what: What,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum What {
    /// A member's next batch comes to be posted.
    Posts,
    /// It lies in the node's line.
    Lies,
    /// Another node asks for it.
    Asks { by: usize },
    /// It has come over the network from another.
    Comes,
}

impl PartialEq for Event {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Event {}

impl PartialOrd for Event {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Event {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.at.total_cmp(&other.at).then(self.number.cmp(&other.number))
    }
}

/// Objects that were brought together.
struct Batch {
    circle: usize,
    home: usize,
    objects: f64,
    posted: f64,
    /// The nodes that have it, or are about to.
    has: Vec<bool>,
    missing: usize,
}

struct Day<'w> {
    world: &'w World,
    costs: &'w Costs,
    plan: &'w Plan,
    dice: Dice,
    events: BinaryHeap<Reverse<Event>>,
    events_made: u64,
    batches: Vec<Batch>,
    /// When each node has worked off what it has.
    free: Vec<f64>,
    outcome: Outcome,
    /// Objects in a batch, on average.
    mean: f64,
}

/// Lives through a day.
pub(super) fn live(world: &World, costs: &Costs, plan: &Plan, seed: u64) -> Outcome {
    let mut dice = Dice::new(seed);
    let drawn = 200_000;
    let mean = (0..drawn).map(|_| dice.batch(BATCH_MAX)).sum::<f64>() / f64::from(drawn);
    let count = world.homes.len();
    let mut day = Day {
        world,
        costs,
        plan,
        dice,
        events: BinaryHeap::new(),
        events_made: 0,
        batches: Vec::new(),
        free: vec![0.0; count],
        outcome: Outcome {
            nodes: vec![Did::default(); count],
            spread: Default::default(),
            brought: [0.0; 4],
            cpu_s: [0.0; 4],
            copies: [0.0; 4],
        },
        mean,
    };
    for node in 0..count {
        day.post_later(node, 0.0);
    }
    while let Some(Reverse(event)) = day.events.pop() {
        day.happens(event);
    }
    for (home, did) in world.homes.iter().zip(&mut day.outcome.nodes) {
        did.cpu_s[6] = home.asked as f64 * costs.idle_peer_cpu_s * DAY_S;
    }
    day.outcome
}

impl Day<'_> {
    fn put(&mut self, at: f64, node: usize, batch: usize, what: What) {
        self.events_made += 1;
        self.events.push(Reverse(Event { at, number: self.events_made, node, batch, what }));
    }

    /// The next batch of a node's members: by day three times as many come as by night.
    fn post_later(&mut self, node: usize, mut at: f64) {
        let home = &self.world.homes[node];
        let mean_rate = self.plan.objects * home.weight / self.mean / DAY_S;
        // Thinned: as often as at the height of the day, and then perhaps not.
        let height = mean_rate * 1.5;
        loop {
            at += self.dice.wait(height);
            if at >= DAY_S {
                return;
            }
            let hour = at / 3_600.0 + home.offset_h;
            let rate = mean_rate * (1.0 + 0.5 * ((hour - 9.0) / 24.0 * std::f64::consts::TAU).sin());
            if self.dice.unit() * height < rate {
                break;
            }
        }
        let mut drawn = self.dice.unit();
        let scope = SCOPES.iter().position(|part| {
            drawn -= part;
            drawn < 0.0
        });
        let of_scope = scope.and_then(|scope| home.circles.get(scope)).filter(|circles| !circles.is_empty());
        let circles = of_scope.unwrap_or(&home.circles[0]);
        let circle = circles[self.dice.below(circles.len())];
        let nodes = &self.world.circles[circle].nodes;
        let mut has = vec![false; self.world.homes.len()];
        has[node] = true;
        let objects = self.dice.batch(BATCH_MAX);
        self.batches.push(Batch { circle, home: node, objects, posted: at, has, missing: nodes.len() });
        self.put(at, node, self.batches.len() - 1, What::Posts);
    }

    /// Has a node work: when it is through.
    fn work(&mut self, node: usize, scope: Scope, now: f64, parts: &[(usize, f64)]) -> f64 {
        let did = &mut self.outcome.nodes[node];
        let mut cpu = 0.0;
        for (what, seconds) in parts {
            did.cpu_s[*what] += seconds;
            cpu += seconds;
        }
        self.outcome.cpu_s[scope as usize] += cpu;
        did.longest_wait_s = did.longest_wait_s.max(self.free[node] - now);
        let cores = if self.world.homes[node].is_hub { self.plan.hub_cores } else { self.plan.cores };
        // Asking peers goes on all the time, and takes its part.
        let asking = self.world.homes[node].asked as f64 * self.costs.idle_peer_cpu_s;
        self.free[node] = self.free[node].max(now) + cpu / (cores - asking).max(0.01 * cores);
        self.free[node]
    }

    fn happens(&mut self, Event { at, node, batch, what, .. }: Event) {
        let (circle, objects) = (self.batches[batch].circle, self.batches[batch].objects);
        let scope = self.world.circles[circle].scope;
        let million = objects / 1e6;
        match what {
            What::Posts => {
                self.outcome.nodes[node].brought += objects;
                self.outcome.brought[scope as usize] += objects;
                let done = self.work(node, scope, at, &[(0, million * self.costs.ingest_cpu_s)]);
                self.put(done, node, batch, What::Lies);
                self.post_later(node, at);
            }
            What::Lies => self.lies(at, node, batch, scope),
            What::Asks { by } => {
                let done = self.work(node, scope, at, &[(1, million * self.costs.give_cpu_s)]);
                let bytes = objects * self.costs.object_bytes;
                self.outcome.nodes[node].sent += bytes;
                self.put(done + self.plan.latency_s + bytes / self.plan.bytes_s, by, batch, What::Comes);
            }
            What::Comes if self.batches[batch].has[node] => {
                self.outcome.nodes[node].again += objects;
                self.work(node, scope, at, &[(3, million * self.costs.again_cpu_s)]);
            }
            What::Comes => {
                self.batches[batch].has[node] = true;
                self.outcome.nodes[node].taken += objects;
                let done = self.work(node, scope, at, &[(2, million * self.costs.take_cpu_s)]);
                self.put(done, node, batch, What::Lies);
            }
        }
    }

    /// A batch lies in a node's line: its members get it, and nodes that are linked ask for it.
    fn lies(&mut self, at: f64, node: usize, batch: usize, scope: Scope) {
        let one = &mut self.batches[batch];
        one.missing -= 1;
        if one.missing == 0 {
            self.outcome.spread[scope as usize].push((at - one.posted, one.objects));
        }
        let (million, circle, home) = (one.objects / 1e6, one.circle, one.home);
        self.outcome.copies[scope as usize] += one.objects;
        let (readers, zones) = (self.world.homes[node].readers, self.world.homes[node].zones);
        self.work(
            node,
            scope,
            at,
            &[(4, million * readers * self.costs.page_cpu_s), (5, million * zones * self.costs.zone_cpu_s)],
        );
        let world = self.world;
        for other in world.circles[circle].linked(node) {
            // A node is not handed what its own members brought.
            if *other != home {
                let asked = at + self.dice.unit() * ASKED_EVERY_S + self.plan.latency_s;
                self.put(asked, node, batch, What::Asks { by: *other });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::world::{Links, Size};
    use super::*;

    const COSTS: Costs = Costs {
        ingest_cpu_s: 20.0,
        page_cpu_s: 4.0,
        give_cpu_s: 40.0,
        take_cpu_s: 80.0,
        again_cpu_s: 10.0,
        zone_cpu_s: 1.0,
        empty_cpu_s: 1e-4,
        idle_peer_cpu_s: 1e-3,
        start_s: 3.0,
        object_bytes: 800.0,
        stored_bytes: 1_000.0,
        taken_bytes: 1_500.0,
        memory_bytes: 200.0,
        memory_empty_bytes: 5e7,
    };
    const SIZE: Size = Size { nodes: 40, members: 1_000, region: 10, small_circles: 2 };
    const PLAN: Plan = Plan { objects: 1e5, cores: 2.0, hub_cores: 2.0, latency_s: 0.1, bytes_s: 1e7 };

    fn outcome(links: Links, plan: &Plan) -> Outcome {
        live(&World::new(&SIZE, links, &mut Dice::new(7)), &COSTS, plan, 11)
    }

    fn sum(outcome: &Outcome, of: impl Fn(&Did) -> f64) -> f64 {
        outcome.nodes.iter().map(of).sum()
    }

    /// However nodes are linked, all of a circle get what is brought once; the rest of what a mesh brings is taken again.
    #[test]
    fn all_get_all_and_a_mesh_brings_it_more_often() {
        let [star, mesh] = [Links::Star, Links::Mesh].map(|links| outcome(links, &PLAN));
        for one in [&star, &mesh] {
            let copies: f64 = one.copies.iter().sum();
            assert!((copies - sum(one, |did| did.brought + did.taken)).abs() < 1e-6 * copies);
            // Each scope's copies are its objects times how many nodes have them.
            for (scope, nodes) in [(Scope::Home, 1.0), (Scope::Region, 10.0), (Scope::World, 40.0)] {
                let (brought, copies) = (one.brought[scope as usize], one.copies[scope as usize]);
                assert!(brought > 0.0 && (copies - brought * nodes).abs() < 1e-6 * copies, "{scope:?}");
            }
            let spread = one.spread.iter().flatten().map(|(_, objects)| objects).sum::<f64>();
            assert!(
                (spread - one.brought.iter().sum::<f64>()).abs() < 1e-6 * spread,
                "each came to its last node"
            );
            let work = sum(one, |did| did.cpu_s[..6].iter().sum());
            assert!((work - one.cpu_s.iter().sum::<f64>()).abs() < 1e-6 * work);
        }
        assert!(sum(&mesh, |did| did.again) > 3.0 * sum(&star, |did| did.again));
    }

    #[test]
    fn ten_times_as_much_takes_as_much_work_for_each_copy() {
        let [one, ten] = [3e5, 3e6].map(|objects| outcome(Links::Star, &Plan { objects, ..PLAN }));
        // What is brought, and how far it goes, differs by chance, as the largest batches are rare: so the work is told for each copy.
        let work = |outcome: &Outcome| {
            sum(outcome, |did| did.cpu_s[..6].iter().sum()) / outcome.copies.iter().sum::<f64>()
        };
        let brought = ten.brought.iter().sum::<f64>() / one.brought.iter().sum::<f64>();
        assert!((5.0..20.0).contains(&brought), "{brought}");
        let each = work(&ten) / work(&one);
        assert!((0.5..2.0).contains(&each), "{each}");
    }

    /// Nothing comes before a packet and a question could have.
    #[test]
    fn nothing_is_faster_than_the_network() {
        let outcome = outcome(Links::Star, &PLAN);
        let earliest =
            outcome.spread[Scope::World as usize].iter().map(|(after, _)| *after).fold(f64::MAX, f64::min);
        assert!(earliest >= 2.0 * PLAN.latency_s, "{earliest}");
    }
}
