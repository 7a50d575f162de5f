//! Whether a plan can be met by different observations at fitting times.
//!
//! Three facts carry it. First, every condition on times becomes a filter on single observations once one instant
//! is chosen: `FOLLOWEDBY` an instant between its sides, `WITHIN` the beginning of its window. Second, once all choices
//! (instants, and the side of an `OR`) are made, what is left is a flow, see [`flow`](super::flow). Third, a choice that
//! is still open can be relaxed to a demand on all that might serve it, and if the relaxed flow fails, no
//! choice can succeed; that check comes before each choice. Instants that leave no more observations than another
//! one are not tried, repetitions are tried in one order, and the instants of `FOLLOWEDBY` are narrowed by
//! bisection. With no `REPEATS` over a choice, the cost is at most (observations to the number of choices) flows; what
//! goes beyond the steps that are given is given up.
//!
//! An observation that lasted from `first` to `last` may have been made at any instant of it, chosen anew for each
//! condition, as the reference matcher has it.
//!
//! Source: STIX 2.1, sections 9.5, 9.5.1.

use std::collections::{BTreeMap, HashMap};

use super::flow::{Demand, Steps, assign};
use super::observe::Observations;
use super::plan::Plan;
use super::{CHOICES_MAX, MatchError, STEPS_MAX};

/// An observation that serves a test.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    pub(super) name: u32,
    pub(super) count: u64,
    pub(super) first: i128,
    pub(super) last: i128,
}

/// Observations that may have been made at or before `first_max` and at or after `last_min`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Filter {
    first_max: i128,
    last_min: i128,
}

impl Filter {
    const ALL: Self = Self { first_max: i128::MAX, last_min: i128::MIN };

    fn until(self, instant: i128) -> Self {
        Self { first_max: self.first_max.min(instant), ..self }
    }

    fn from(self, instant: i128) -> Self {
        Self { last_min: self.last_min.max(instant), ..self }
    }
}

/// What one demand may take.
struct Supply {
    /// In the order of their first instants.
    candidates: Vec<Candidate>,
    /// The longest span of one of them.
    longest: i128,
}

impl Supply {
    fn new(mut candidates: Vec<Candidate>) -> Self {
        candidates.sort_unstable_by_key(|candidate| (candidate.first, candidate.name));
        candidates.dedup_by_key(|candidate| candidate.name);
        let longest = candidates.iter().map(|candidate| candidate.last - candidate.first).max();
        Self { candidates, longest: longest.unwrap_or(0) }
    }

    /// Those that pass the filter, as many as `enough` observations need.
    fn take(&self, filter: Filter, enough: u64, steps: &mut Steps) -> Result<Vec<(u32, u64)>, MatchError> {
        let earliest = filter.last_min.saturating_sub(self.longest);
        let from = self.candidates.partition_point(|candidate| candidate.first < earliest);
        let mut taken = Vec::new();
        let mut stock = 0_u64;
        let mut looked = 1;
        for candidate in &self.candidates[from..] {
            if candidate.first > filter.first_max || stock >= enough {
                break;
            }
            looked += 1;
            if candidate.last >= filter.last_min {
                taken.push((candidate.name, candidate.count));
                stock = stock.saturating_add(candidate.count);
            }
        }
        steps.take(looked)?;
        Ok(taken)
    }
}

/// A plan whose instants to try are known.
enum Node {
    Some { supply: usize, times: u64 },
    All(Vec<Node>),
    Between { inner: Box<Node>, start: i128, stop: i128 },
    Repeat { inner: Box<Node>, times: u64 },
    Choice(Choice),
}

enum Choice {
    /// `supply` and `need` are what the whole is relaxed to.
    One {
        sides: Vec<Node>,
        supply: usize,
        need: u64,
    },
    Follow {
        before: Box<Node>,
        after: Box<Node>,
        instants: Vec<i128>,
    },
    Within {
        inner: Box<Node>,
        nanos: i128,
        begins: Vec<i128>,
    },
}

/// The observations that satisfy `plan`, ascending; `candidates` are those of each test.
pub(super) fn solve(
    plan: &Plan,
    observations: &Observations,
    candidates: &[Vec<u32>],
) -> Result<Option<Vec<usize>>, MatchError> {
    let lists = candidates.iter().map(|names| {
        let candidate = |name: &u32| {
            let observation = observations.get(usize::try_from(*name).ok()?)?;
            let (first, last) = observation.span();
            Some(Candidate { name: *name, count: observation.count(), first, last })
        };
        names.iter().filter_map(candidate).collect()
    });
    let found = solve_candidates(plan, &lists.collect::<Vec<Vec<_>>>(), STEPS_MAX)?;
    Ok(found.map(|names| names.iter().filter_map(|name| usize::try_from(*name).ok()).collect()))
}

/// As [`solve`], over bare candidates and with so many steps.
pub(super) fn solve_candidates(
    plan: &Plan,
    candidates: &[Vec<Candidate>],
    steps: u64,
) -> Result<Option<Vec<u32>>, MatchError> {
    if let Plan::Some { tests, times: 1 } = plan {
        let first = tests.iter().filter_map(|test| candidates.get(*test)).flatten();
        return Ok(first.map(|candidate| candidate.name).min().map(|name| vec![name]));
    }
    let mut maker = Maker { candidates, supplies: Vec::new(), known: HashMap::new() };
    let node = maker.node(plan);
    let mut solver = Solver { supplies: maker.supplies, steps: Steps::new(steps) };
    let task = Task { node: &node, filter: Filter::ALL, times: 1, from: 0 };
    solver.search(vec![task], Wanted::new(), 0)
}

/// Makes nodes of plans, and one supply for each set of tests.
struct Maker<'c> {
    candidates: &'c [Vec<Candidate>],
    supplies: Vec<Supply>,
    known: HashMap<Vec<usize>, usize>,
}

impl Maker<'_> {
    fn node(&mut self, plan: &Plan) -> Node {
        match plan {
            Plan::Some { tests, times } => Node::Some { supply: self.supply(tests.clone()), times: *times },
            Plan::All(parts) => Node::All(parts.iter().map(|part| self.node(part)).collect()),
            Plan::Between(inner, start, stop) => {
                Node::Between { inner: Box::new(self.node(inner)), start: *start, stop: *stop }
            }
            Plan::Repeat(inner, times) => Node::Repeat { inner: Box::new(self.node(inner)), times: *times },
            Plan::One(parts) => {
                let supply = self.supply(tests_of(plan));
                let need = parts.iter().map(need).min().unwrap_or(u64::MAX);
                let sides = parts.iter().map(|part| self.node(part)).collect();
                Node::Choice(Choice::One { sides, supply, need })
            }
            Plan::Follow(before, after) => {
                let instants = self.instants(before, after);
                let (before, after) = (Box::new(self.node(before)), Box::new(self.node(after)));
                Node::Choice(Choice::Follow { before, after, instants })
            }
            Plan::Within(inner, nanos) => {
                let begins = self.begins(inner, *nanos);
                Node::Choice(Choice::Within { inner: Box::new(self.node(inner)), nanos: *nanos, begins })
            }
        }
    }

    fn supply(&mut self, mut tests: Vec<usize>) -> usize {
        tests.sort_unstable();
        tests.dedup();
        if let Some(at) = self.known.get(&tests) {
            return *at;
        }
        let lists = tests.iter().filter_map(|test| self.candidates.get(*test));
        self.supplies.push(Supply::new(lists.flatten().copied().collect()));
        self.known.insert(tests, self.supplies.len() - 1);
        self.supplies.len() - 1
    }

    /// Instants between the sides: for each end of an observation of the second, the latest beginning of one of the
    /// first that is not after it. Any other instant lets the same of the second pass and fewer of the first.
    fn instants(&mut self, before: &Plan, after: &Plan) -> Vec<i128> {
        let (before, after) = (self.supply(tests_of(before)), self.supply(tests_of(after)));
        let firsts = &self.supplies[before].candidates;
        let ends = self.supplies[after].candidates.iter().map(|candidate| candidate.last);
        let mut instants: Vec<i128> = ends
            .filter_map(|end| {
                let count = firsts.partition_point(|candidate| candidate.first <= end);
                count.checked_sub(1).and_then(|at| firsts.get(at)).map(|candidate| candidate.first)
            })
            .collect();
        instants.sort_unstable();
        instants.dedup();
        instants
    }

    /// Beginnings of windows: ends of observations at which the window reaches one that it did not reach before.
    fn begins(&mut self, inner: &Plan, nanos: i128) -> Vec<i128> {
        let supply = self.supply(tests_of(inner));
        let candidates = &self.supplies[supply].candidates;
        let mut ends: Vec<i128> = candidates.iter().map(|candidate| candidate.last).collect();
        ends.sort_unstable();
        let mut reached = 0;
        ends.retain(|end| {
            let count = candidates.partition_point(|candidate| candidate.first <= *end + nanos);
            let more = count > reached;
            reached = reached.max(count);
            more
        });
        ends
    }
}

/// All tests of a plan.
fn tests_of(plan: &Plan) -> Vec<usize> {
    match plan {
        Plan::Some { tests, .. } => tests.clone(),
        Plan::All(parts) | Plan::One(parts) => parts.iter().flat_map(tests_of).collect(),
        Plan::Follow(before, after) => [tests_of(before), tests_of(after)].concat(),
        Plan::Within(inner, _) | Plan::Between(inner, ..) | Plan::Repeat(inner, _) => tests_of(inner),
    }
}

/// The fewest observations that meet a plan.
fn need(plan: &Plan) -> u64 {
    match plan {
        Plan::Some { times, .. } => *times,
        Plan::All(parts) => parts.iter().map(need).fold(0, u64::saturating_add),
        Plan::One(parts) => parts.iter().map(need).min().unwrap_or(u64::MAX),
        Plan::Follow(before, after) => need(before).saturating_add(need(after)),
        Plan::Within(inner, _) | Plan::Between(inner, ..) => need(inner),
        Plan::Repeat(inner, times) => need(inner).saturating_mul(*times),
    }
}

/// A node to be met, so many times, under a filter.
#[derive(Clone, Copy)]
struct Task<'n> {
    node: &'n Node,
    filter: Filter,
    times: u64,
    /// The first choice that is tried: repetitions are tried in order.
    from: usize,
}

/// What one choice leads to.
type Parts<'n> = [Option<Task<'n>>; 2];

/// Demands under filters, equal ones together.
type Wanted = BTreeMap<(usize, Filter), u64>;

struct Solver {
    supplies: Vec<Supply>,
    steps: Steps,
}

impl Solver {
    /// Meets all tasks and all that is wanted, or finds that it can't be done.
    fn search(
        &mut self,
        mut tasks: Vec<Task<'_>>,
        mut wanted: Wanted,
        depth: usize,
    ) -> Result<Option<Vec<u32>>, MatchError> {
        if depth > CHOICES_MAX {
            return Err(self.steps.spent());
        }
        let mut open: Vec<(Task<'_>, &Choice)> = Vec::new();
        while let Some(task) = tasks.pop() {
            self.steps.take(1)?;
            match task.node {
                Node::Some { supply, times } => {
                    want(&mut wanted, *supply, task.filter, times.saturating_mul(task.times));
                }
                Node::All(parts) => tasks.extend(parts.iter().rev().map(|node| Task { node, ..task })),
                Node::Between { inner, start, stop } => {
                    // `stop` itself is outside.
                    let filter = task.filter.from(*start).until(stop.saturating_sub(1));
                    if start >= stop {
                        return Ok(None);
                    }
                    tasks.push(Task { node: inner, filter, ..task });
                }
                Node::Repeat { inner, times } => {
                    tasks.push(Task { node: inner, times: times.saturating_mul(task.times), ..task });
                }
                Node::Choice(choice) => open.push((task, choice)),
            }
        }
        let Some((task, choice)) = open.pop() else { return self.flow(wanted) };
        let rest: Vec<Task<'_>> = open.iter().map(|(task, _)| *task).collect();
        let again = |from: usize| Task { times: task.times - 1, from, ..task };
        let mut relaxed = wanted.clone();
        for task in rest.iter().chain([&again(task.from)]) {
            self.relax(task, &mut relaxed)?;
        }
        for (number, parts) in self.worth_trying(task, choice, &relaxed)? {
            let mut tasks = rest.clone();
            if task.times > 1 {
                tasks.push(again(number));
            }
            tasks.extend(parts.iter().flatten());
            if self.possible(&relaxed, parts.iter().flatten())?
                && let Some(found) = self.search(tasks, wanted.clone(), depth + 1)?
            {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The choices that are left to try, with what each leads to.
    fn worth_trying<'n>(
        &mut self,
        task: Task<'n>,
        choice: &'n Choice,
        relaxed: &Wanted,
    ) -> Result<Vec<(usize, Parts<'n>)>, MatchError> {
        let once = |node: &'n Node, filter: Filter| Some(Task { node, filter, times: 1, from: 0 });
        let range = match choice {
            Choice::One { sides, .. } => task.from..sides.len(),
            Choice::Within { begins, .. } => task.from..begins.len(),
            Choice::Follow { before, after, instants } => {
                // A later instant lets more of the first side pass and fewer of the second.
                let first = |at: i128| [once(before, task.filter.until(at)), None];
                let second = |at: i128| [once(after, task.filter.from(at)), None];
                let low = self.bisect(instants, task.from, |this, at| {
                    Ok(!this.possible(relaxed, first(at).iter().flatten())?)
                })?;
                let high = self
                    .bisect(instants, low, |this, at| this.possible(relaxed, second(at).iter().flatten()))?;
                low..high
            }
        };
        self.steps.take(range.len())?;
        let parts = |at: usize| match choice {
            Choice::One { sides, .. } => [once(&sides[at], task.filter), None],
            Choice::Follow { before, after, instants } => {
                [once(before, task.filter.until(instants[at])), once(after, task.filter.from(instants[at]))]
            }
            Choice::Within { inner, nanos, begins } => {
                [once(inner, task.filter.from(begins[at]).until(begins[at] + nanos)), None]
            }
        };
        Ok(range.map(|at| (at, parts(at))).collect())
    }

    /// The first of `instants` from `low` on for which `holds` is false, when it is true up to some instant.
    fn bisect(
        &mut self,
        instants: &[i128],
        low: usize,
        mut holds: impl FnMut(&mut Self, i128) -> Result<bool, MatchError>,
    ) -> Result<usize, MatchError> {
        let (mut low, mut high) = (low, instants.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if holds(self, instants[middle])? { low = middle + 1 } else { high = middle }
        }
        Ok(low)
    }

    /// Whether what is wanted and `tasks`, relaxed, can be met. If not, neither can they unrelaxed.
    fn possible<'n>(
        &mut self,
        wanted: &Wanted,
        tasks: impl Iterator<Item = &'n Task<'n>>,
    ) -> Result<bool, MatchError> {
        let mut wanted = wanted.clone();
        for task in tasks {
            self.relax(task, &mut wanted)?;
        }
        Ok(self.flow(wanted)?.is_some())
    }

    /// Adds what a task wants at least, whatever is chosen in it.
    fn relax(&mut self, task: &Task<'_>, wanted: &mut Wanted) -> Result<(), MatchError> {
        self.steps.take(1)?;
        if task.times == 0 {
            return Ok(());
        }
        match task.node {
            Node::Some { supply, times } => {
                want(wanted, *supply, task.filter, times.saturating_mul(task.times));
            }
            Node::All(parts) => {
                for node in parts {
                    self.relax(&Task { node, ..*task }, wanted)?;
                }
            }
            Node::Between { inner, start, stop } => {
                let filter = task.filter.from(*start).until(stop.saturating_sub(1));
                self.relax(&Task { node: inner, filter, ..*task }, wanted)?;
            }
            Node::Repeat { inner, times } => {
                let times = times.saturating_mul(task.times);
                self.relax(&Task { node: inner, times, ..*task }, wanted)?;
            }
            Node::Choice(Choice::One { supply, need, .. }) => {
                want(wanted, *supply, task.filter, need.saturating_mul(task.times));
            }
            Node::Choice(Choice::Follow { before, after, .. }) => {
                self.relax(&Task { node: before, ..*task }, wanted)?;
                self.relax(&Task { node: after, ..*task }, wanted)?;
            }
            Node::Choice(Choice::Within { inner, .. }) => {
                self.relax(&Task { node: inner, ..*task }, wanted)?;
            }
        }
        Ok(())
    }

    fn flow(&mut self, wanted: Wanted) -> Result<Option<Vec<u32>>, MatchError> {
        let enough = wanted.values().fold(0_u64, |sum, need| sum.saturating_add(*need));
        let mut demands = Vec::with_capacity(wanted.len());
        for ((supply, filter), need) in wanted {
            let of = self.supplies[supply].take(filter, enough, &mut self.steps)?;
            demands.push(Demand { need, of });
        }
        assign(demands, &mut self.steps)
    }
}

fn want(wanted: &mut Wanted, supply: usize, filter: Filter, need: u64) {
    let sum = wanted.entry((supply, filter)).or_default();
    *sum = sum.saturating_add(need);
}
