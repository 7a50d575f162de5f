//! How central each country or network is to what flows: betweenness on the graph of hops.
//!
//! Between two that are neighbours on a path lies a way; it is the shorter the more flows over it (length 1 ÷ flow). Betweenness of
//! one is the sum, over all pairs of others, of the share of shortest ways between them that lead over it. Unlike the share of paths
//! it tells who would be crossed by flows that take other ways than today's.
//!
//! Source: Freeman 1977 (betweenness); Brandes, "A faster algorithm for betweenness centrality", 2001, section 4 (weighted graphs);
//! REQUIREMENTS T-3.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BinaryHeap};

use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

/// The most places for which it is computed: time grows with their number times that of the ways between them.
pub const SPOTS_MAX: usize = 2_000;

/// Lengths that differ by less than this part of them are one length: sums of the same lengths in another order.
const SAME: f64 = 1e-12;

/// The betweenness of each of `count`, not normalised, from what flows straight from one to another. `None` if there are too many.
#[must_use]
pub fn betweenness(count: usize, edges: &BTreeMap<(u32, u32), u64>) -> Option<Vec<f64>> {
    if count > SPOTS_MAX {
        return None;
    }
    let mut starts = vec![0_usize; count + 1];
    let inside = |at: u32| (at as usize) < count;
    let edges =
        edges.iter().filter(|((from, to), flow)| inside(*from) && inside(*to) && from != to && **flow > 0);
    let ways: Vec<(u32, f64)> = edges
        .inspect(|((from, _), _)| {
            if let Some(start) = starts.get_mut(*from as usize + 1) {
                *start += 1;
            }
        })
        .map(|((_, to), flow)| (*to, 1.0 / *flow as f64))
        .collect();
    let mut sum = 0;
    for start in &mut starts {
        sum += *start;
        *start = sum;
    }
    let graph = Graph { starts, ways };
    let add = |mut sums: Vec<f64>, more: &[f64]| {
        sums.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
        sums
    };
    // Each start's part is summed up in the order of starts, so that the result is the same each time.
    let pieces: Vec<Vec<f64>> = (0..count.div_ceil(PIECE))
        .into_par_iter()
        .map(|piece| {
            let mut search = Search::new(count);
            let starts = piece * PIECE..((piece + 1) * PIECE).min(count);
            starts.fold(vec![0.0; count], |sums, start| add(sums, search.from(&graph, start)))
        })
        .collect();
    Some(pieces.iter().fold(vec![0.0; count], |sums, piece| add(sums, piece)))
}

/// Starts that one thread takes at a time.
const PIECE: usize = 32;

struct Graph {
    starts: Vec<usize>,
    ways: Vec<(u32, f64)>,
}

impl Graph {
    fn ways(&self, from: usize) -> &[(u32, f64)] {
        match (self.starts.get(from), self.starts.get(from + 1)) {
            (Some(start), Some(end)) => self.ways.get(*start..*end).unwrap_or_default(),
            _ => &[],
        }
    }
}

/// What is known of one place in a search.
#[derive(Clone)]
struct Node {
    length: f64,
    /// How many shortest ways lead here; a number that can be large.
    ways: f64,
    before: Vec<u32>,
    is_settled: bool,
    /// What of the ways that lead on leads over here.
    part: f64,
}

struct Search {
    nodes: Vec<Node>,
    settled: Vec<u32>,
    open: BinaryHeap<Near>,
    parts: Vec<f64>,
}

struct Near {
    length: f64,
    at: u32,
}

impl Ord for Near {
    /// The nearest is the greatest.
    fn cmp(&self, other: &Self) -> Ordering {
        other.length.total_cmp(&self.length).then(other.at.cmp(&self.at))
    }
}

impl PartialOrd for Near {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Near {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Near {}

impl Search {
    fn new(count: usize) -> Self {
        let node =
            Node { length: f64::INFINITY, ways: 0.0, before: Vec::new(), is_settled: false, part: 0.0 };
        Self {
            nodes: vec![node; count],
            settled: Vec::new(),
            open: BinaryHeap::new(),
            parts: vec![0.0; count],
        }
    }

    /// What of the shortest ways from `start` to all others leads over each.
    fn from(&mut self, graph: &Graph, start: usize) -> &[f64] {
        for node in &mut self.nodes {
            node.before.clear();
            (node.length, node.ways, node.is_settled, node.part) = (f64::INFINITY, 0.0, false, 0.0);
        }
        self.settled.clear();
        if let Some(node) = self.nodes.get_mut(start) {
            (node.length, node.ways) = (0.0, 1.0);
            self.open.push(Near { length: 0.0, at: start as u32 });
        }
        while let Some(Near { at, .. }) = self.open.pop() {
            let Some(node) = self.nodes.get_mut(at as usize).filter(|node| !node.is_settled) else {
                continue;
            };
            node.is_settled = true;
            let (length, ways) = (node.length, node.ways);
            self.settled.push(at);
            for (to, more) in graph.ways(at as usize) {
                let Some(next) = self.nodes.get_mut(*to as usize).filter(|next| !next.is_settled) else {
                    continue;
                };
                let whole = length + more;
                if (whole - next.length).abs() <= SAME * whole {
                    next.ways += ways;
                    next.before.push(at);
                } else if whole < next.length {
                    (next.length, next.ways) = (whole, ways);
                    next.before.clear();
                    next.before.push(at);
                    self.open.push(Near { length: whole, at: *to });
                }
            }
        }
        self.parts.fill(0.0);
        for at in self.settled.iter().rev().copied() {
            let Some(node) = self.nodes.get_mut(at as usize) else { continue };
            let (part, ways, before) = (node.part, node.ways, std::mem::take(&mut node.before));
            for from in &before {
                if let Some(from) = self.nodes.get_mut(*from as usize) {
                    from.part += from.ways / ways * (1.0 + part);
                }
            }
            if let Some(node) = self.nodes.get_mut(at as usize) {
                node.before = before;
            }
            if let Some(place) = self.parts.get_mut(at as usize).filter(|_| at as usize != start) {
                *place = part;
            }
        }
        &self.parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Straight from the definition: all shortest ways between all pairs, by Floyd and Warshall, counted by lengths.
    fn by_definition(count: usize, edges: &BTreeMap<(u32, u32), u64>) -> Vec<f64> {
        let way = |from: usize, to: usize| {
            let flow = edges.get(&(from as u32, to as u32)).copied().filter(|flow| *flow > 0 && from != to);
            flow.map_or(f64::INFINITY, |flow| 1.0 / flow as f64)
        };
        let straight = |from: usize, to: usize| if from == to { 0.0 } else { way(from, to) };
        let mut length: Vec<Vec<f64>> =
            (0..count).map(|from| (0..count).map(|to| straight(from, to)).collect()).collect();
        for over in 0..count {
            let onward = length[over].clone();
            for row in &mut length {
                let first = row[over];
                row.iter_mut().zip(&onward).for_each(|(whole, onward)| *whole = whole.min(first + onward));
            }
        }
        let same = |a: f64, b: f64| a.is_finite() && (a - b).abs() <= 1e-9;
        // How many shortest ways: of the ways to all neighbours before, those that are shortest. Nearest first.
        let mut ways = vec![vec![0.0; count]; count];
        for from in 0..count {
            let mut order: Vec<usize> = (0..count).collect();
            order.sort_by(|a, b| length[from][*a].total_cmp(&length[from][*b]));
            ways[from][from] = 1.0;
            for to in order.into_iter().filter(|to| *to != from) {
                ways[from][to] = (0..count)
                    .filter(|last| {
                        *last != to && same(length[from][to], length[from][*last] + way(*last, to))
                    })
                    .map(|last| ways[from][last])
                    .sum();
            }
        }
        let over = |at: usize| {
            let mut sum = 0.0;
            for from in (0..count).filter(|from| *from != at) {
                for to in (0..count).filter(|to| *to != at && *to != from) {
                    if same(length[from][to], length[from][at] + length[at][to]) {
                        sum += ways[from][at] * ways[at][to] / ways[from][to];
                    }
                }
            }
            sum
        };
        (0..count).map(over).collect()
    }

    proptest! {
        #[test]
        fn it_is_what_the_definition_says(
            edges in prop::collection::btree_map((0..9_u32, 0..9_u32), 0..4_u64, 0..40),
        ) {
            let got = betweenness(9, &edges).unwrap();
            for (got, expected) in got.iter().zip(by_definition(9, &edges)) {
                prop_assert!((got - expected).abs() < 1e-9, "{got} {expected}");
            }
        }
    }

    #[test]
    fn who_lies_on_the_only_way_has_all_of_it() {
        let edges = BTreeMap::from([((0, 1), 5), ((1, 2), 5), ((2, 3), 1)]);
        assert_eq!(betweenness(4, &edges), Some(vec![0.0, 2.0, 2.0, 0.0]));
        assert_eq!(betweenness(0, &BTreeMap::new()), Some(Vec::new()));
        assert_eq!(betweenness(SPOTS_MAX + 1, &BTreeMap::new()), None);
    }
}
