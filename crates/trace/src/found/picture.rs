//! A picture of where tainted value went: a Sankey diagram as SVG, from the theft on the left to where it is now on the right.
//!
//! Each column is a step further from the theft; the height of a box is what went through it. Small holders of a column are folded into
//! one box. Value that went back to an earlier column is not drawn, and is told below. Numbers are rounded for drawing alone.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;

use super::svg::{PALETTE, about, brief, class, escaped};
use crate::label::Category;
use crate::taint::Trace;
use crate::{Account, Asset, Flows, U256, whole};

/// How the picture is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Look<'l> {
    /// What the picture is called.
    pub title: &'l str,
    /// How the asset is called.
    pub unit: &'l str,
    /// How many digits its smallest unit is below one.
    pub decimals: u8,
    /// Columns; what is further is drawn in the last.
    pub columns_max: usize,
    /// Boxes of a column; what is beyond is folded into one.
    pub boxes_max: usize,
}

/// How an account is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Its name, or its address made short.
    pub text: String,
    /// What it is, if a label says so.
    pub category: Option<Category>,
}

const WIDTH: f64 = 1_200.0;
const HEIGHT: f64 = 560.0;
const TOP: f64 = 56.0;
const BOX_WIDTH: f64 = 14.0;
const GAP: f64 = 10.0;
/// Room for the text beside the last column's boxes.
const TEXT: f64 = 230.0;
/// Least height that a box takes, so that text beside it can be read.
const LEAST: f64 = 5.0;

/// A box: an account, or the small ones of a column together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Who {
    Theft,
    Account(Account),
    Folded(usize),
}

#[derive(Debug, Default)]
struct Node {
    column: usize,
    into: U256,
    out: U256,
    count: usize,
    first: Option<i64>,
}

impl Node {
    fn through(&self) -> U256 {
        self.into.max(self.out)
    }
}

/// Draws where one asset's taint went from these thefts on. `named` says how an account is shown.
#[must_use]
pub fn sankey(
    trace: &Trace,
    thefts: &[u64],
    flows: &impl Flows,
    asset: Asset,
    look: &Look<'_>,
    named: impl Fn(Account) -> Named,
) -> String {
    let columns = columns(trace, asset, look.columns_max.max(2));
    let column = |account: Account| columns.get(&account).copied();
    let thefts: HashSet<u64> = thefts.iter().copied().collect();
    let mut through: HashMap<Account, U256> = HashMap::new();
    let mut moves = Vec::new();
    for (number, tainted) in trace.moves() {
        let Some(transfer) = trace.transfer(flows, number).filter(|transfer| transfer.asset == asset) else {
            continue;
        };
        let Some(to) = column(transfer.to) else { continue };
        // By a theft it comes from outside, whoever gave.
        let from = column(transfer.from).filter(|_| !thefts.contains(&number));
        moves.push((transfer.from, transfer.to, from, to, tainted, transfer.time));
        let sum = through.entry(transfer.to).or_default();
        *sum = sum.saturating_add(tainted);
    }
    let kept = kept(&columns, &through, look.boxes_max.max(1));
    let who = |account: Account, column: usize| match kept.contains(&account) {
        true => Who::Account(account),
        false => Who::Folded(column),
    };
    let (mut nodes, mut links) = (BTreeMap::<Who, Node>::new(), BTreeMap::<(Who, Who), U256>::new());
    let (mut back, mut counted) = (0_usize, HashSet::new());
    for (giver, taker, from, to, tainted, time) in moves {
        let source = from.map_or(Who::Theft, |column| who(giver, column));
        let target = who(taker, to);
        if from.is_some_and(|from| from >= to) {
            back += 1;
            continue;
        }
        let node = nodes.entry(source).or_default();
        node.column = from.unwrap_or(0);
        node.out = node.out.saturating_add(tainted);
        let node = nodes.entry(target).or_default();
        node.column = to;
        node.into = node.into.saturating_add(tainted);
        node.first = Some(node.first.map_or(time, |first| first.min(time)));
        node.count += usize::from(counted.insert(taker));
        let link = links.entry((source, target)).or_default();
        *link = link.saturating_add(tainted);
    }
    drawn(&nodes, &links, back, look, named)
}

/// In which column each account is: as many steps from the theft as it was first reached by.
fn columns(trace: &Trace, asset: Asset, columns_max: usize) -> HashMap<Account, usize> {
    let mut columns = HashMap::new();
    let holders =
        trace.holders().filter(|holder| holder.asset == asset).map(|holder| (holder.account, holder.hop));
    let entries =
        trace.entries().iter().filter(|entry| entry.asset == asset).map(|entry| (entry.to, entry.hop));
    for (account, hop) in holders.chain(entries) {
        let column = (hop as usize).min(columns_max - 1);
        columns.entry(account).and_modify(|least: &mut usize| *least = column.min(*least)).or_insert(column);
    }
    columns
}

/// The accounts that have a box of their own: those through which most went, in each column.
fn kept(
    columns: &HashMap<Account, usize>,
    through: &HashMap<Account, U256>,
    boxes_max: usize,
) -> HashSet<Account> {
    let mut by_column = BTreeMap::<usize, Vec<(U256, Account)>>::new();
    for (account, column) in columns {
        let sum = through.get(account).copied().unwrap_or_default();
        by_column.entry(*column).or_default().push((sum, *account));
    }
    let mut kept = HashSet::new();
    for mut accounts in by_column.into_values() {
        accounts.sort_unstable_by(|one, other| (other.0, one.1).cmp(&(one.0, other.1)));
        // One that would be folded alone has its box.
        let room = if accounts.len() <= boxes_max + 1 { accounts.len() } else { boxes_max };
        kept.extend(accounts.into_iter().take(room).map(|(_, account)| account));
    }
    kept
}

fn drawn(
    nodes: &BTreeMap<Who, Node>,
    links: &BTreeMap<(Who, Who), U256>,
    back: usize,
    look: &Look<'_>,
    named: impl Fn(Account) -> Named,
) -> String {
    let mut columns = BTreeMap::<usize, Vec<Who>>::new();
    for (who, node) in nodes {
        columns.entry(node.column).or_default().push(*who);
    }
    let last = columns.keys().next_back().copied().unwrap_or(1).max(1);
    let step = (WIDTH - TEXT - BOX_WIDTH) / last as f64;
    let most = columns
        .values()
        .map(|column| {
            let sum: f64 = column.iter().map(|who| about(nodes[who].through())).sum();
            (sum, column.len())
        })
        .fold((0.0_f64, 1_usize), |most, one| (most.0.max(one.0), most.1.max(one.1)));
    let scale = (HEIGHT - TOP - GAP * most.1 as f64).max(100.0) / most.0.max(f64::MIN_POSITIVE);
    let mut places = HashMap::<Who, (f64, f64, f64)>::new();
    for (column, who) in &mut columns {
        who.sort_by(|one, other| nodes[other].through().cmp(&nodes[one].through()).then(one.cmp(other)));
        let mut y = TOP;
        for who in who.iter() {
            let height = (about(nodes[who].through()) * scale).max(1.0);
            places.insert(*who, (*column as f64 * step, y, height));
            y += height.max(LEAST) + GAP;
        }
    }
    let height = places.values().map(|(_, y, height)| y + height).fold(HEIGHT, f64::max) + 40.0;
    let title = escaped(look.title);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH:.0} {height:.0}\" role=\"img\" aria-label=\"{title}\">\
         <title>{title}</title><desc>{}</desc><style>{STYLE}{PALETTE}</style><text class=\"h\" x=\"0\" y=\"20\">{title}</text>",
        escaped(&described(nodes, links, look, &named))
    );
    let (mut given, mut taken) = (HashMap::<Who, f64>::new(), HashMap::<Who, f64>::new());
    for ((from, to), amount) in links {
        let (Some((x, y, _)), Some((to_x, to_y, _))) = (places.get(from), places.get(to)) else { continue };
        let thick = (about(*amount) * scale).max(0.5);
        let start = given.entry(*from).or_default();
        let end = taken.entry(*to).or_default();
        let (a, b) = (y + *start + thick / 2.0, to_y + *end + thick / 2.0);
        (*start, *end) = (*start + thick, *end + thick);
        let (left, right) = (x + BOX_WIDTH, *to_x);
        let middle = f64::midpoint(left, right);
        // Writing to a string does not fail.
        let _ = write!(
            svg,
            "<path class=\"l\" stroke-width=\"{thick:.1}\" d=\"M{left:.1} {a:.1}C{middle:.1} {a:.1} {middle:.1} {b:.1} {right:.1} {b:.1}\">\
             <title>{} → {}: {} {}</title></path>",
            escaped(&text(*from, nodes, &named)),
            escaped(&text(*to, nodes, &named)),
            whole(*amount, look.decimals),
            escaped(look.unit)
        );
    }
    for (who, (x, y, tall)) in places.iter().collect::<BTreeMap<_, _>>() {
        let class = match who {
            Who::Theft => "theft",
            Who::Folded(_) => "folded",
            Who::Account(account) => class(named(*account).category),
        };
        let (text, amount) =
            (escaped(&text(*who, nodes, &named)), whole(nodes[who].through(), look.decimals));
        let _ = write!(
            svg,
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{BOX_WIDTH}\" height=\"{tall:.1}\" rx=\"2\"><title>{text}: {amount} {}</title></rect>",
            escaped(look.unit)
        );
        // Text beside boxes that have room for it.
        if *tall >= 9.0 || nodes[who].column == last {
            let amount = brief(nodes[who].through(), look.decimals);
            let _ = write!(
                svg,
                "<text x=\"{:.1}\" y=\"{:.1}\">{text} <tspan class=\"n\">{amount}</tspan></text>",
                x + BOX_WIDTH + 4.0,
                y + (tall / 2.0).max(3.0) + 4.0
            );
        }
    }
    if back > 0 {
        let transfers = if back == 1 { "1 transfer" } else { &format!("{back} transfers") };
        let _ = write!(
            svg,
            "<text class=\"n\" x=\"0\" y=\"{:.0}\">{transfers} to addresses that were reached as early or earlier are not drawn.</text>",
            height - 12.0
        );
    }
    svg.push_str("</svg>\n");
    svg
}

const STYLE: &str = "text{font:12px system-ui,sans-serif;fill:#1b1b1f}.h{font-size:16px;font-weight:600}.n{fill:#5c5c66}\
.l{fill:none;stroke:#8a94a6;stroke-opacity:.35}.l:hover{stroke-opacity:.7}@media (prefers-color-scheme:dark){text{fill:#e6e6ea}.n{fill:#a9a9b3}.l{stroke:#9aa7bd}}";

fn text(who: Who, nodes: &BTreeMap<Who, Node>, named: &impl Fn(Account) -> Named) -> String {
    match who {
        Who::Theft => "stolen".to_owned(),
        Who::Account(account) => named(account).text,
        Who::Folded(_) => format!("{} more", nodes[&who].count),
    }
}

/// The picture in words, for those who don't see it: the largest ways.
fn described(
    nodes: &BTreeMap<Who, Node>,
    links: &BTreeMap<(Who, Who), U256>,
    look: &Look<'_>,
    named: &impl Fn(Account) -> Named,
) -> String {
    let mut ways: Vec<(&(Who, Who), &U256)> = links.iter().collect();
    ways.sort_by(|one, other| other.1.cmp(one.1).then(one.0.cmp(other.0)));
    let ways = ways.into_iter().take(20).map(|((from, to), amount)| {
        let amount = whole(*amount, look.decimals);
        format!("{} to {}: {amount} {}", text(*from, nodes, named), text(*to, nodes, named), look.unit)
    });
    ways.collect::<Vec<_>>().join("; ")
}
