//! Where the boxes are: columns by hops, in each column an order that crosses few ways, and heights near to those beside.
//!
//! A way over several columns has a lane through each column between, which is placed as the boxes are, so that it passes behind none.
//!
//! Source: Sugiyama, Tagawa, Toda: Methods for Visual Understanding of Hierarchical System Structures (1981), for lanes and for ordering
//! by the mean of those beside; the heights are those nearest to their means that keep order and distance (isotonic regression).

use std::cmp::Reverse;
use std::collections::VecDeque;

use super::scene::{Scene, What};
use crate::U256;

pub(super) const BOX_WIDTH: f64 = 216.0;
pub(super) const BOX_HEIGHT: f64 = 58.0;
/// Room of a way that passes between boxes.
const LANE_HEIGHT: f64 = 20.0;
/// Between boxes of a column.
const GAP: f64 = 14.0;
/// Between columns.
const ALLEY: f64 = 120.0;
/// How often order and heights are made better, from the left and from the right in turn; the last few times heights alone.
const SWEEPS: usize = 14;
const SWEEPS_IN_ORDER: usize = 4;

/// The left upper corner of a box, and its column.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Spot {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) column: usize,
}

/// Where all is; no box overlaps another, and no lane a box. The first column is at 0, and so is what is highest.
pub(super) struct Layout {
    /// By box.
    pub(super) spots: Vec<Spot>,
    /// By way, the middle of its lane in each column that it passes: the column's left edge, and the height; in the order of the way.
    pub(super) lanes: Vec<Vec<(f64, f64)>>,
    /// How high all of it is.
    pub(super) height: f64,
}

/// Boxes, and behind them lanes.
struct Places {
    columns: Vec<Vec<usize>>,
    heights: Vec<f64>,
    /// Who is beside each in another column.
    beside: Vec<Vec<usize>>,
    /// The middle of each.
    middles: Vec<f64>,
}

pub(super) fn layout(scene: &Scene) -> Layout {
    let mut column_of = columns(scene);
    let count = column_of.iter().max().map_or(0, |last| last + 1);
    let mut places = Places {
        columns: vec![Vec::new(); count],
        heights: vec![BOX_HEIGHT; scene.boxes.len()],
        beside: vec![Vec::new(); scene.boxes.len()],
        middles: Vec::new(),
    };
    let lanes: Vec<Vec<usize>> =
        scene.ways.iter().map(|way| places.lanes(way.from, way.to, &mut column_of)).collect();
    for (at, column) in column_of.iter().enumerate() {
        places.columns[*column].push(at);
    }
    for column in &mut places.columns {
        column.sort_by_key(|at| match scene.boxes.get(*at) {
            Some(What::Folded { are_larger, .. }) => {
                (if *are_larger { 0 } else { 3 }, Reverse(U256::ZERO), *at)
            }
            Some(What::Account { got, gave, .. }) => (1, Reverse(got.amount.max(gave.amount)), *at),
            None => (2, Reverse(U256::ZERO), *at),
        });
    }
    places.settle_all();
    let edge = |at: usize, side: f64| places.middles[at] + side * places.heights[at] / 2.0;
    let all = 0..places.heights.len();
    let top = all.clone().map(|at| edge(at, -1.0)).fold(f64::INFINITY, f64::min);
    let bottom = all.map(|at| edge(at, 1.0)).fold(f64::NEG_INFINITY, f64::max);
    let x = |at: usize| column_of[at] as f64 * (BOX_WIDTH + ALLEY);
    let spot = |at: usize| Spot { x: x(at), y: edge(at, -1.0) - top, column: column_of[at] };
    let lane = |lane: &Vec<usize>| lane.iter().map(|at| (x(*at), places.middles[*at] - top)).collect();
    Layout {
        spots: (0..scene.boxes.len()).map(spot).collect(),
        lanes: lanes.iter().map(lane).collect(),
        height: (bottom - top).max(0.0),
    }
}

impl Places {
    /// Adds the lanes of a way; `column_of` says in which column each is.
    fn lanes(&mut self, from: usize, to: usize, column_of: &mut Vec<usize>) -> Vec<usize> {
        let (first, last) = (column_of[from], column_of[to]);
        if first == last {
            return Vec::new();
        }
        let between: Vec<usize> =
            if first < last { (first + 1..last).collect() } else { (last + 1..first).rev().collect() };
        let lanes = between.into_iter().map(|column| {
            column_of.push(column);
            self.heights.push(LANE_HEIGHT);
            self.beside.push(Vec::new());
            column_of.len() - 1
        });
        let lanes: Vec<usize> = lanes.collect();
        let mut before = from;
        for at in lanes.iter().copied().chain([to]) {
            self.beside[before].push(at);
            self.beside[at].push(before);
            before = at;
        }
        lanes
    }

    fn settle_all(&mut self) {
        self.middles = vec![0.0; self.heights.len()];
        for column in &self.columns {
            let mut below = 0.0;
            for at in column {
                self.middles[*at] = below + self.heights[*at] / 2.0;
                below += self.heights[*at] + GAP;
            }
        }
        for sweep in 0..SWEEPS {
            for step in 0..self.columns.len() {
                let column = if sweep % 2 == 0 { step } else { self.columns.len() - 1 - step };
                self.settle(column, sweep + SWEEPS_IN_ORDER < SWEEPS);
            }
        }
    }

    /// Puts what is in a column near to the mean of those beside it, and in their order if that may change.
    fn settle(&mut self, column: usize, may_change: bool) {
        let mean = |at: usize| match self.beside[at].as_slice() {
            [] => self.middles[at],
            others => others.iter().map(|other| self.middles[*other]).sum::<f64>() / others.len() as f64,
        };
        let mut wanted: Vec<(f64, usize)> = self.columns[column].iter().map(|at| (mean(*at), *at)).collect();
        if may_change {
            wanted.sort_by(|one, other| one.0.total_cmp(&other.0));
        }
        // Where each middle is if all are stacked from 0 on.
        let mut below = 0.0;
        let stacked = wanted.iter().map(|(_, at)| {
            let middle = below + self.heights[*at] / 2.0;
            below += self.heights[*at] + GAP;
            middle
        });
        let stacked: Vec<f64> = stacked.collect();
        // Groups that touch, each with the sum of how far they want to be moved from there, and how many they are.
        let mut groups: Vec<(f64, usize)> = Vec::new();
        for ((wanted, _), stacked) in wanted.iter().zip(&stacked) {
            groups.push((wanted - stacked, 1));
            while let [.., (before, many), (last, few)] = groups.as_mut_slice() {
                if *before / *many as f64 <= *last / *few as f64 {
                    break;
                }
                *before += *last;
                *many += *few;
                groups.pop();
            }
        }
        let shifts = groups.iter().flat_map(|(sum, count)| vec![sum / *count as f64; *count]);
        for (place, ((shift, (_, at)), stacked)) in shifts.zip(&wanted).zip(&stacked).enumerate() {
            self.middles[*at] = shift + stacked;
            self.columns[column][place] = *at;
        }
    }
}

/// In which column each box is.
///
/// Whoever value comes to from the first opened address is as many columns right of it as it takes hops, at least. All others are
/// one column right or left of who is nearest to them.
fn columns(scene: &Scene) -> Vec<usize> {
    let mut steps: Vec<Vec<(usize, i64)>> = vec![Vec::new(); scene.boxes.len()];
    for way in &scene.ways {
        steps[way.from].push((way.to, 1));
        steps[way.to].push((way.from, -1));
    }
    let mut columns: Vec<Option<i64>> = vec![None; scene.boxes.len()];
    let spread = |columns: &mut Vec<Option<i64>>, mut queue: VecDeque<usize>, is_ahead_only: bool| {
        while let Some(at) = queue.pop_front() {
            let column = columns[at].unwrap_or_default();
            for (other, step) in steps[at].iter().filter(|(_, step)| !is_ahead_only || *step > 0) {
                if columns[*other].is_none() {
                    columns[*other] = Some(column + step);
                    queue.push_back(*other);
                }
            }
        }
    };
    if let Some(first) = columns.first_mut() {
        *first = Some(0);
        spread(&mut columns, VecDeque::from([0]), true);
        let ahead = (0..columns.len()).filter(|at| columns[*at].is_some()).collect();
        spread(&mut columns, ahead, false);
    }
    // Opened addresses come first, so that each part that does not hang together with the first begins with one.
    for at in 0..columns.len() {
        if columns[at].is_none() {
            columns[at] = Some(0);
            spread(&mut columns, VecDeque::from([at]), false);
        }
    }
    let columns: Vec<i64> = columns.into_iter().map(Option::unwrap_or_default).collect();
    let least = columns.iter().copied().min().unwrap_or_default();
    columns.into_iter().map(|column| usize::try_from(column - least).unwrap_or_default()).collect()
}
