//! Observations given to demands: each demand gets as many as it needs of those that it may take, none given twice.
//!
//! A maximum flow between demands and observations, where an observation can be given as often as it was observed. The
//! demand with the fewest to choose from goes first; what can't be given directly is found along an augmenting path.
//! No demand needs more candidates than all demands together want, which keeps the network small.
//!
//! Source: Ford and Fulkerson, "Maximal flow through a network", 1956, with paths found breadth first.

use std::collections::{HashMap, VecDeque};

use super::MatchError;

/// Steps that are left.
#[derive(Debug)]
pub(super) struct Steps {
    limit: u64,
    left: u64,
}

impl Steps {
    pub(super) fn new(limit: u64) -> Self {
        Self { limit, left: limit }
    }

    /// Takes so many steps.
    pub(super) fn take(&mut self, count: usize) -> Result<(), MatchError> {
        match self.left.checked_sub(u64::try_from(count).unwrap_or(u64::MAX)) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(self.spent()),
        }
    }

    pub(super) fn spent(&self) -> MatchError {
        MatchError::TooExpensive { steps: self.limit }
    }
}

/// So many observations of these.
#[derive(Debug, Clone)]
pub(super) struct Demand {
    pub(super) need: u64,
    /// Observations and how often each was observed.
    pub(super) of: Vec<(u32, u64)>,
}

struct Network {
    /// Each demand's edges: observation, and how much flows.
    edges: Vec<Vec<(usize, u64)>>,
    names: Vec<u32>,
    free: Vec<u64>,
    /// Each observation's edges, as demand and place.
    back: Vec<Vec<(usize, usize)>>,
}

/// The observations given, each named once; `None` if the demands can't all be met.
pub(super) fn assign(mut demands: Vec<Demand>, steps: &mut Steps) -> Result<Option<Vec<u32>>, MatchError> {
    let stock = |demand: &Demand| demand.of.iter().fold(0_u64, |sum, (_, count)| sum.saturating_add(*count));
    if demands.iter().any(|demand| stock(demand) < demand.need) {
        return Ok(None);
    }
    demands.sort_by_cached_key(stock);
    let mut network = Network { edges: Vec::new(), names: Vec::new(), free: Vec::new(), back: Vec::new() };
    let mut known = HashMap::new();
    for (number, demand) in demands.iter().enumerate() {
        steps.take(demand.of.len() + 1)?;
        let mut left = demand.need;
        let mut edges = Vec::with_capacity(demand.of.len());
        for (name, count) in &demand.of {
            let at = *known.entry(*name).or_insert_with(|| {
                network.names.push(*name);
                network.free.push(*count);
                network.back.push(Vec::new());
                network.names.len() - 1
            });
            let taken = left.min(network.free[at]);
            network.free[at] -= taken;
            left -= taken;
            network.back[at].push((number, edges.len()));
            edges.push((at, taken));
        }
        network.edges.push(edges);
        while left > 0 {
            let more = network.augment(number, left, steps)?;
            if more == 0 {
                return Ok(None);
            }
            left -= more;
        }
    }
    Ok(Some(network.given()))
}

impl Network {
    /// Finds a way to give `demand` more by giving others something else; how much more it got.
    fn augment(&mut self, demand: usize, left: u64, steps: &mut Steps) -> Result<u64, MatchError> {
        steps.take(self.names.len() + self.edges.len())?;
        // How each observation and each demand was reached: by which edge of which demand.
        let mut to_observation: Vec<Option<(usize, usize)>> = vec![None; self.names.len()];
        let mut to_demand: Vec<Option<(usize, usize)>> = vec![None; self.edges.len()];
        let mut queue = VecDeque::from([demand]);
        while let Some(from) = queue.pop_front() {
            steps.take(self.edges[from].len() + 1)?;
            for place in 0..self.edges[from].len() {
                let (at, _) = self.edges[from][place];
                if to_observation[at].is_some() {
                    continue;
                }
                to_observation[at] = Some((from, place));
                if self.free[at] > 0 {
                    return Ok(self.shift(demand, at, left, &to_observation, &to_demand));
                }
                steps.take(self.back[at].len())?;
                for (other, place) in &self.back[at] {
                    if *other != demand && to_demand[*other].is_none() && self.edges[*other][*place].1 > 0 {
                        to_demand[*other] = Some((at, *place));
                        queue.push_back(*other);
                    }
                }
            }
        }
        Ok(0)
    }

    /// Moves what can be moved along the path that ends at the observation `end`.
    fn shift(
        &mut self,
        demand: usize,
        end: usize,
        left: u64,
        to_observation: &[Option<(usize, usize)>],
        to_demand: &[Option<(usize, usize)>],
    ) -> u64 {
        let mut path = Vec::new();
        let mut at = end;
        let mut amount = left.min(self.free[end]);
        while let Some((from, place)) = to_observation[at] {
            path.push((from, place, true));
            if from == demand {
                break;
            }
            let Some((before, place)) = to_demand[from] else { break };
            amount = amount.min(self.edges[from][place].1);
            path.push((from, place, false));
            at = before;
        }
        for (from, place, gives) in path {
            let flow = &mut self.edges[from][place].1;
            *flow = if gives { *flow + amount } else { *flow - amount };
        }
        self.free[end] -= amount;
        amount
    }

    fn given(&self) -> Vec<u32> {
        let used = self.edges.iter().flatten().filter(|(_, flow)| *flow > 0);
        let mut names: Vec<u32> = used.map(|(at, _)| self.names[*at]).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}
