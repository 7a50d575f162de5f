//! A graph as SVG that opens step by step, without scripts: addresses that were opened, and who is beside them.
//!
//! An address that is opened is drawn with those who gave to it (left) and those who got of it (right), the largest first; the rest of a
//! side is folded into one box, which opens the next page of them. Every box that can be opened or folded is a link, which the
//! caller makes ([`Click`]), so that the whole state is in the page's address: which addresses are opened, and at which page each
//! of their sides is ([`Opened`]). A hub starts with all who are beside it folded.
//!
//! What is drawn is whole: for each opened address and side, what its ways and its folded boxes say adds up to all that it got
//! or gave. Columns are hops from the first opened address, by the fewest; value that goes back or sideways is drawn with dashes. Numbers
//! are rounded for drawing alone, and the full ones are in the texts that appear when one points at something.

mod draw;
mod layout;
mod scene;

use std::cmp::Reverse;
use std::collections::HashMap;

use super::picture::Named;
use crate::exposure::Side;
use crate::taint::Trace;
use crate::{Account, Asset, Flows, U256};

/// How many addresses can be opened in one picture. Those beyond are not.
pub const OPENED_MAX: usize = 100;
/// How many of a side are drawn at once, at most, whatever [`View::neighbours_max`] says.
pub const NEIGHBOURS_MAX: usize = 50;

/// How many links a graph can have; those beyond are left out. At 80 bytes each, memory ends before.
pub const LINKS_MAX: u32 = u32::MAX;

/// What went from one address to another, in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// Who gave.
    pub from: Account,
    /// Who got.
    pub to: Account,
    /// How much, in the asset's smallest unit.
    pub amount: U256,
    /// In how many payments.
    pub payments: u64,
    /// When the first came, in seconds since 1970-01-01 UTC.
    pub first: i64,
    /// When the last came.
    pub last: i64,
}

/// Payments, added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Sum {
    pub(super) amount: U256,
    pub(super) payments: u64,
    /// When the first and the last came, if that is known.
    pub(super) times: Option<(i64, i64)>,
    /// With how many others.
    pub(super) others: u64,
}

impl Sum {
    fn of<'l>(links: impl Iterator<Item = &'l Link>) -> Self {
        let mut sum = Self::default();
        for link in links {
            sum.amount = sum.amount.saturating_add(link.amount);
            sum.payments = sum.payments.saturating_add(link.payments);
            let (first, last) = sum.times.unwrap_or((link.first, link.last));
            sum.times = Some((first.min(link.first), last.max(link.last)));
            sum.others += 1;
        }
        sum
    }

    /// What is left without another; when it came is not known.
    fn without(self, other: &Self) -> Self {
        Self {
            amount: self.amount.saturating_sub(other.amount),
            payments: self.payments.saturating_sub(other.payments),
            times: None,
            others: self.others.saturating_sub(other.others),
        }
    }
}

/// Accounts with so many on one side have their sums counted once, so that a picture with a hub needs not look at all beside it.
const SUMMED_MIN: usize = 256;

/// Who gave how much of one asset to whom.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    /// Ascending by who gave and who got.
    links: Vec<Link>,
    /// Indices among the links, by who got and by who gave, then the largest first.
    taken: Vec<u32>,
    given: Vec<u32>,
    sums: HashMap<(Account, Side), Sum>,
}

impl Graph {
    /// A graph of links, in any order. Those between the same two are added up; those from an address to itself are left out.
    #[must_use]
    pub fn new(links: impl IntoIterator<Item = Link>) -> Self {
        let mut links: Vec<Link> = links.into_iter().filter(|link| link.from != link.to).collect();
        links.sort_unstable_by_key(|link| (link.from, link.to));
        links.dedup_by(|link, sum| {
            let is_same = (link.from, link.to) == (sum.from, sum.to);
            if is_same {
                sum.amount = sum.amount.saturating_add(link.amount);
                sum.payments = sum.payments.saturating_add(link.payments);
                (sum.first, sum.last) = (sum.first.min(link.first), sum.last.max(link.last));
            }
            is_same
        });
        links.truncate(LINKS_MAX as usize);
        let mut graph = Self::default();
        graph.taken = (0..).take(links.len()).collect();
        graph.given = graph.taken.clone();
        let link = |at: &u32| &links[*at as usize];
        graph.taken.sort_unstable_by_key(|at| (link(at).to, Reverse(link(at).amount), link(at).from));
        graph.given.sort_unstable_by_key(|at| (link(at).from, Reverse(link(at).amount), link(at).to));
        for (side, numbers) in [(Side::Sources, &graph.taken), (Side::Sinks, &graph.given)] {
            let account = |at: &u32| mine(link(at), side);
            let long = numbers.chunk_by(|one, other| account(one) == account(other));
            for numbers in long.filter(|numbers| numbers.len() >= SUMMED_MIN) {
                graph.sums.insert((account(&numbers[0]), side), Sum::of(numbers.iter().map(link)));
            }
        }
        graph.links = links;
        graph
    }

    /// The tainted value of one asset that a trace followed.
    #[must_use]
    pub fn of(trace: &Trace, flows: &impl Flows, asset: Asset) -> Self {
        let link = |(number, amount): (u64, U256)| {
            let transfer = flows.transfer(number).filter(|transfer| transfer.asset == asset)?;
            let (from, to, time) = (transfer.from, transfer.to, transfer.time);
            Some(Link { from, to, amount, payments: 1, first: time, last: time })
        };
        Self::new(trace.moves().filter_map(link))
    }

    /// What was given to an account, or by it, the largest first.
    pub fn beside(&self, account: Account, side: Side) -> impl ExactSizeIterator<Item = &Link> + '_ {
        self.numbers(account, side).iter().map(|at| &self.links[*at as usize])
    }

    fn numbers(&self, account: Account, side: Side) -> &[u32] {
        let numbers = match side {
            Side::Sources => &self.taken,
            Side::Sinks => &self.given,
        };
        let of = |at: &u32| mine(&self.links[*at as usize], side);
        let start = numbers.partition_point(|at| of(at) < account);
        let count = numbers[start..].partition_point(|at| of(at) == account);
        &numbers[start..start + count]
    }

    fn sum(&self, account: Account, side: Side) -> Sum {
        let known = self.sums.get(&(account, side)).copied();
        known.unwrap_or_else(|| Sum::of(self.beside(account, side)))
    }

    /// The number of the link between two.
    fn between(&self, from: Account, to: Account) -> Option<u32> {
        let at = self.links.binary_search_by_key(&(from, to), |link| (link.from, link.to)).ok()?;
        u32::try_from(at).ok()
    }
}

/// On whose side a link is: who got it, for sources.
const fn mine(link: &Link, side: Side) -> Account {
    match side {
        Side::Sources => link.to,
        Side::Sinks => link.from,
    }
}

/// Who is on the other side of a link.
const fn other(link: &Link, side: Side) -> Account {
    match side {
        Side::Sources => link.from,
        Side::Sinks => link.to,
    }
}

/// An address that is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opened {
    /// Which.
    pub account: Account,
    /// Which page of those who gave to it is drawn, from 0. Of a hub, page 0 draws nobody.
    pub sources_page: usize,
    /// Which page of those who got of it is drawn.
    pub sinks_page: usize,
}

impl Opened {
    /// An address that has just been opened.
    #[must_use]
    pub const fn new(account: Account) -> Self {
        Self { account, sources_page: 0, sinks_page: 0 }
    }

    const fn page(&self, side: Side) -> usize {
        match side {
            Side::Sources => self.sources_page,
            Side::Sinks => self.sinks_page,
        }
    }
}

/// What following a link is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Click {
    /// Open this address too.
    Open(Account),
    /// Fold this address.
    Fold(Account),
    /// Draw this page of one side of an opened address.
    Page {
        /// Which address.
        account: Account,
        /// Which side.
        side: Side,
        /// Which page.
        page: usize,
    },
}

/// What is drawn, and how.
#[derive(Debug, Clone, Copy)]
pub struct View<'v> {
    /// What the picture is called.
    pub title: &'v str,
    /// How the asset is called.
    pub unit: &'v str,
    /// How many digits its smallest unit is below one.
    pub decimals: u8,
    /// The addresses that are opened; the first one is where hops are counted from. One that is named again is left out.
    pub opened: &'v [Opened],
    /// How many of each side of an opened address are drawn at once, from 1 to [`NEIGHBOURS_MAX`].
    pub neighbours_max: usize,
    /// An address with so many others beside it starts folded.
    pub hub_min: usize,
}

/// Draws a graph.
///
/// `named` says how an account is shown: its name, or its whole address, which is cut where it is too long; `href` gives the link for
/// a click, or `None` if there is to be none.
#[must_use]
pub fn graph(
    graph: &Graph,
    view: &View<'_>,
    named: impl Fn(Account) -> Named,
    href: impl Fn(Click) -> Option<String>,
) -> String {
    let scene = scene::Scene::new(graph, view);
    let layout = layout::layout(&scene);
    draw::Drawing { scene: &scene, layout: &layout, view, named, href }.svg()
}
