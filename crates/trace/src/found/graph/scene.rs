//! Which boxes and ways there are.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use super::{Click, Graph, Link, NEIGHBOURS_MAX, OPENED_MAX, Opened, Sum, View, other};
use crate::Account;
use crate::exposure::Side;

pub(super) const SIDES: [Side; 2] = [Side::Sources, Side::Sinks];

/// What a box stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// An address, with all that it got and gave.
    Account { account: Account, got: Sum, gave: Sum, is_opened: bool, has_more: bool },
    /// Those of one side of an opened address who are not drawn, and the page that draws some of them.
    Folded { sum: Sum, are_larger: bool, click: Click },
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Way {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) sum: Sum,
}

/// Boxes and ways between them.
#[derive(Debug)]
pub(super) struct Scene {
    /// The opened addresses come first, in their order.
    pub(super) boxes: Vec<What>,
    pub(super) ways: Vec<Way>,
    pub(super) opened: usize,
    /// How many addresses were to be opened and are not.
    pub(super) left_out: usize,
}

impl Scene {
    pub(super) fn new(graph: &Graph, view: &View<'_>) -> Self {
        let mut seen = BTreeSet::new();
        let mut opened: Vec<Opened> =
            view.opened.iter().filter(|opened| seen.insert(opened.account)).copied().collect();
        let left_out = opened.len().saturating_sub(OPENED_MAX);
        opened.truncate(OPENED_MAX);
        let mut accounts: Vec<Account> = opened.iter().map(|opened| opened.account).collect();
        let mut places: HashMap<Account, usize> =
            accounts.iter().enumerate().map(|(at, account)| (*account, at)).collect();
        for (opened, side) in opened.iter().flat_map(|opened| SIDES.map(|side| (opened, side))) {
            let window = window(graph, opened, side, view);
            for link in graph.beside(opened.account, side).skip(window.start).take(window.len()) {
                let other = other(link, side);
                places.entry(other).or_insert_with(|| {
                    accounts.push(other);
                    accounts.len() - 1
                });
            }
        }
        let mut scene = Self { boxes: Vec::new(), ways: Vec::new(), opened: opened.len(), left_out };
        scene.add_ways(graph, &opened, &places);
        let mut drawn = vec![0; accounts.len()];
        for end in scene.ways.iter().flat_map(|way| [way.from, way.to]) {
            drawn[end] += 1;
        }
        let account = |(at, account): (usize, Account)| {
            let [got, gave] = SIDES.map(|side| graph.sum(account, side));
            let has_more = drawn[at] < got.others + gave.others;
            What::Account { account, got, gave, is_opened: at < opened.len(), has_more }
        };
        scene.boxes = accounts.into_iter().enumerate().map(account).collect();
        for (at, opened) in opened.iter().enumerate() {
            for side in SIDES {
                scene.add_folded(graph, view, (at, opened), side, &places);
            }
        }
        scene
    }

    /// Draws what went between an opened address and any other that is drawn.
    fn add_ways(&mut self, graph: &Graph, opened: &[Opened], places: &HashMap<Account, usize>) {
        let mut drawn = BTreeSet::new();
        for (opened, side) in opened.iter().flat_map(|opened| SIDES.map(|side| (opened, side))) {
            let mut numbers = Cow::Borrowed(graph.numbers(opened.account, side));
            if numbers.len() > places.len() {
                // Of a hub there are few to look for, and very many to look at.
                let between = |other: &Account| match side {
                    Side::Sources => graph.between(*other, opened.account),
                    Side::Sinks => graph.between(opened.account, *other),
                };
                let mut found: Vec<u32> = places.keys().filter_map(between).collect();
                found.sort_unstable();
                numbers = Cow::Owned(found);
            }
            for &number in numbers.iter() {
                let link = &graph.links[number as usize];
                let (Some(from), Some(to)) = (places.get(&link.from), places.get(&link.to)) else { continue };
                if drawn.insert(number) {
                    self.ways.push(Way { from: *from, to: *to, sum: Sum::of([link].into_iter()) });
                }
            }
        }
    }

    /// Folds those of a side who are not drawn: those of earlier pages into one box, those of later ones into another.
    fn add_folded(
        &mut self,
        graph: &Graph,
        view: &View<'_>,
        (at, opened): (usize, &Opened),
        side: Side,
        places: &HashMap<Account, usize>,
    ) {
        let window = window(graph, opened, side, view);
        let page = page(graph, opened, side, view);
        let is_folded = |link: &&Link| !places.contains_key(&other(link, side));
        let larger = Sum::of(graph.beside(opened.account, side).take(window.start).filter(is_folded));
        let is_mine = |way: &&Way| at == if side == Side::Sources { way.to } else { way.from };
        // Folded boxes have their places behind those of all addresses.
        let is_drawn = |way: &&Way| way.from.max(way.to) < places.len();
        let drawn = self.ways.iter().filter(is_mine).filter(is_drawn);
        let rest = drawn.fold(graph.sum(opened.account, side), |rest, way| rest.without(&way.sum));
        let rest = rest.without(&larger);
        let account = opened.account;
        for (sum, are_larger, page) in [(larger, true, page.saturating_sub(1)), (rest, false, page + 1)] {
            if sum.others == 0 {
                continue;
            }
            let folded = self.boxes.len();
            self.boxes.push(What::Folded { sum, are_larger, click: Click::Page { account, side, page } });
            let (from, to) = match side {
                Side::Sources => (folded, at),
                Side::Sinks => (at, folded),
            };
            self.ways.push(Way { from, to, sum });
        }
    }
}

fn is_hub(graph: &Graph, account: Account, view: &View<'_>) -> bool {
    SIDES.map(|side| graph.numbers(account, side).len()).iter().sum::<usize>() >= view.hub_min
}

fn on_page(view: &View<'_>) -> usize {
    view.neighbours_max.clamp(1, NEIGHBOURS_MAX)
}

/// The page that is drawn: the one that is asked for, or the last one.
fn page(graph: &Graph, opened: &Opened, side: Side, view: &View<'_>) -> usize {
    let count = graph.numbers(opened.account, side).len();
    let last = count.saturating_sub(1) / on_page(view) + usize::from(is_hub(graph, opened.account, view));
    opened.page(side).min(last)
}

/// Which of a side are drawn, by their rank.
fn window(graph: &Graph, opened: &Opened, side: Side, view: &View<'_>) -> Range<usize> {
    let (count, on_page) = (graph.numbers(opened.account, side).len(), on_page(view));
    let page = match (is_hub(graph, opened.account, view), page(graph, opened, side, view)) {
        (true, 0) => return 0..0,
        (true, page) => page - 1,
        (false, page) => page,
    };
    let start = (page * on_page).min(count);
    let end = (start + on_page).min(count);
    // One that would be folded alone is drawn too.
    start..if end + 1 == count { count } else { end }
}
