//! A graph that opens step by step, as SVG with links and without scripts: the addresses that were opened, and where value went from each.
//!
//! Each address stands in a column to the right of the first that leads to it. Of an address that was opened, those that got most are drawn;
//! the others are folded into one box that says how many and how much, and opens more of them. Addresses of very many payments thus
//! stay small. Every box can be reached by the keyboard, and says its address whole.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;

use super::picture::Named;
use super::svg::{about, brief, counted, cut, escaped};
use crate::U256;
use crate::units::{short, told};

/// Addresses that are opened at once, at most; the last ones count.
pub const OPENED_MAX: usize = 40;
/// Addresses that an opened one shows before the rest is folded, and how many more each opening of the fold shows.
pub const SHOWN: usize = 8;
/// Addresses that an opened one shows, at most.
const SHOWN_MAX: usize = 200;

const BOX: (f64, f64) = (176.0, 40.0);
const STEP: (f64, f64) = (264.0, 52.0);
const MARGIN: f64 = 8.0;
/// Room of a line in a box, and the size of its letters.
const ROOM: f64 = BOX.0 - 14.0;
const LETTERS: f64 = 12.0;

/// All payments of one asset from one address to another, together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// Who gave.
    pub from: String,
    /// Who got.
    pub to: String,
    /// How much of it was stolen, in the asset's smallest unit.
    pub tainted: U256,
    /// How many payments.
    pub payments: usize,
}

/// What is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Opened<'o> {
    /// Where it begins.
    pub roots: &'o [String],
    /// The addresses that were opened, each with how often its fold was.
    pub open: &'o [(String, usize)],
    /// How the asset is called.
    pub asset: &'o str,
    /// How many digits its smallest unit is below one, if that is known.
    pub decimals: Option<u8>,
    /// In which words.
    pub words: &'o Words,
}

/// What a drawing says, in a language: sums are already in words.
#[derive(Debug, Clone, Copy)]
pub struct Words {
    /// A sum of an asset, with its digits below one.
    pub sum: fn(U256, &str, Option<u8>) -> String,
    /// So many payments.
    pub payments: fn(usize) -> String,
    /// Those that are folded.
    pub others: &'static str,
    /// So many more.
    pub more: fn(usize) -> String,
    /// So many more that an address paid to, this much in all.
    pub more_of: fn(usize, &str, &str) -> String,
    /// It gave to so many.
    pub gave: fn(usize) -> String,
    /// It got this much, and paid to so many.
    pub passed: fn(&str, usize) -> String,
    /// The same in full.
    pub got: fn(&str, usize) -> String,
}

impl Words {
    /// In English.
    pub const ENGLISH: Self = Self {
        sum: told,
        payments: |count| counted(count as u64, "payment"),
        others: "the others",
        more: |count| format!("+ {count} more"),
        more_of: |count, of, sum| format!("{count} more that {of} paid to, {sum} in all"),
        gave: |out| format!("gave to {out}"),
        passed: |sum, out| format!("{sum}, to {out}"),
        got: |sum, out| format!("got {sum}, paid to {out}"),
    };
}

/// Draws it. `named` says how an address is shown; `link` gives the address of the page on which these are opened, each with how often its fold was.
#[must_use]
pub fn steps(
    flows: &[Flow],
    opened: &Opened<'_>,
    named: impl Fn(&str) -> Named,
    link: impl Fn(&[(String, usize)]) -> String,
) -> String {
    let mut given: HashMap<&str, Vec<&Flow>> = HashMap::new();
    let mut taken: HashMap<&str, U256> = HashMap::new();
    for flow in flows.iter().filter(|flow| flow.from != flow.to) {
        given.entry(&flow.from).or_default().push(flow);
        let sum = taken.entry(&flow.to).or_default();
        *sum = sum.saturating_add(flow.tainted);
    }
    for flows in given.values_mut() {
        flows.sort_by(|one, other| (other.tainted, &one.to).cmp(&(one.tainted, &other.to)));
    }
    let laid = Laid::of(&given, opened);
    let draw = Draw { laid: &laid, given: &given, taken: &taken, opened, named: &named, link: &link };
    draw.svg()
}

/// A box, and what stands in it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind<'f> {
    Address(&'f str),
    /// So many that the address before gave to, and how much in all.
    Fold {
        of: &'f str,
        count: usize,
        tainted: U256,
    },
}

#[derive(Debug)]
struct Laid<'f> {
    boxes: Vec<(Kind<'f>, usize, usize)>,
    /// Which box an address is.
    places: HashMap<&'f str, usize>,
    /// The boxes of folds, by whose they are.
    folds: BTreeMap<usize, usize>,
}

impl<'f> Laid<'f> {
    fn of(given: &HashMap<&'f str, Vec<&'f Flow>>, opened: &Opened<'f>) -> Self {
        let mut laid = Self { boxes: Vec::new(), places: HashMap::new(), folds: BTreeMap::new() };
        let mut rows: Vec<usize> = Vec::new();
        let mut put = |laid: &mut Self, kind: Kind<'f>, column: usize| {
            rows.resize(rows.len().max(column + 1), 0);
            if let Kind::Address(address) = kind {
                laid.places.insert(address, laid.boxes.len());
            }
            laid.boxes.push((kind, column, rows[column]));
            rows[column] += 1;
        };
        for root in opened.roots.iter().filter(|root| given.contains_key(root.as_str())) {
            if !laid.places.contains_key(root.as_str()) {
                put(&mut laid, Kind::Address(root), 0);
            }
        }
        let times: HashMap<&str, usize> = opened
            .open
            .iter()
            .rev()
            .take(OPENED_MAX)
            .map(|(address, times)| (address.as_str(), *times))
            .collect();
        let mut at = 0;
        while let Some((kind, column, _)) = laid.boxes.get(at).cloned() {
            if let Kind::Address(address) = kind
                && let (Some(times), Some(flows)) = (times.get(address), given.get(address))
            {
                let most = SHOWN.saturating_mul(times + 1).min(SHOWN_MAX);
                // One that would be folded alone is shown.
                let most = if flows.len() == most + 1 { most + 1 } else { most };
                for flow in flows.iter().take(most) {
                    if !laid.places.contains_key(flow.to.as_str()) {
                        put(&mut laid, Kind::Address(&flow.to), column + 1);
                    }
                }
                let rest = flows.get(most..).unwrap_or_default();
                if !rest.is_empty() {
                    let tainted = rest.iter().fold(U256::ZERO, |sum, flow| sum.saturating_add(flow.tainted));
                    laid.folds.insert(at, laid.boxes.len());
                    put(&mut laid, Kind::Fold { of: address, count: rest.len(), tainted }, column + 1);
                }
            }
            at += 1;
        }
        laid
    }

    fn corner(&self, at: usize) -> (f64, f64) {
        let (_, column, row) = &self.boxes[at];
        (MARGIN + *column as f64 * STEP.0, MARGIN + *row as f64 * STEP.1)
    }
}

struct Draw<'d, 'f, N, L> {
    laid: &'d Laid<'f>,
    given: &'d HashMap<&'f str, Vec<&'f Flow>>,
    taken: &'d HashMap<&'f str, U256>,
    opened: &'d Opened<'f>,
    named: &'d N,
    link: &'d L,
}

impl<N: Fn(&str) -> Named, L: Fn(&[(String, usize)]) -> String> Draw<'_, '_, N, L> {
    fn svg(&self) -> String {
        let corners = (0..self.laid.boxes.len()).map(|at| self.laid.corner(at));
        let (width, height) =
            corners.fold((0.0_f64, 0.0_f64), |(width, height), (x, y)| (width.max(x), height.max(y)));
        let (width, height) = (width + BOX.0 + MARGIN, height + BOX.1 + MARGIN);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"steps\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\">{STYLE}"
        );
        self.lines(&mut svg);
        for at in 0..self.laid.boxes.len() {
            self.drawn(at, &mut svg);
        }
        svg.push_str("</svg>\n");
        svg
    }

    fn sum(&self, tainted: U256) -> String {
        (self.opened.words.sum)(tainted, self.opened.asset, self.opened.decimals)
    }

    /// The same as short as has room in a box.
    fn brief(&self, tainted: U256) -> String {
        match self.opened.decimals {
            Some(decimals) => format!("{} {}", brief(tainted, decimals), short(self.opened.asset)),
            None => self.sum(tainted),
        }
    }

    /// Lines between all boxes between which something was paid.
    fn lines(&self, svg: &mut String) {
        let most =
            self.given.values().flatten().map(|flow| about(flow.tainted)).fold(f64::MIN_POSITIVE, f64::max);
        for (at, (kind, column, _)) in self.laid.boxes.iter().enumerate() {
            let Kind::Address(address) = kind else { continue };
            for flow in self.given.get(address).into_iter().flatten() {
                let Some(to) = self.laid.places.get(flow.to.as_str()) else { continue };
                let thick = (about(flow.tainted) / most * 9.0).max(1.0);
                let payments = (self.opened.words.payments)(flow.payments);
                let title = format!("{} → {}: {}, {payments}", flow.from, flow.to, self.sum(flow.tainted));
                let back = self.laid.boxes[*to].1 <= *column;
                self.line(at, *to, if back { "b" } else { "l" }, thick, &title, svg);
            }
            if let Some(fold) = self.laid.folds.get(&at) {
                self.line(at, *fold, "l", 1.0, self.opened.words.others, svg);
            }
        }
    }

    fn line(&self, from: usize, to: usize, class: &str, thick: f64, title: &str, svg: &mut String) {
        let ((x, y), (to_x, to_y)) = (self.laid.corner(from), self.laid.corner(to));
        let (left, a, b) = (x + BOX.0, y + BOX.1 / 2.0, to_y + BOX.1 / 2.0);
        // What goes back is drawn below the boxes, from right to right.
        let (right, bend) = if class == "b" {
            (to_x + BOX.0, left.max(to_x + BOX.0) + 44.0)
        } else {
            (to_x, f64::midpoint(left, to_x))
        };
        // Writing to a string does not fail.
        let _ = write!(
            svg,
            "<path class=\"{class}\" stroke-width=\"{thick:.1}\" d=\"M{left:.1} {a:.1}C{bend:.1} {a:.1} {bend:.1} {b:.1} {right:.1} {b:.1}\"><title>{}</title></path>",
            escaped(title)
        );
    }

    fn drawn(&self, at: usize, svg: &mut String) {
        let (x, y) = self.laid.corner(at);
        let (class, first, second, title, href) = match &self.laid.boxes[at].0 {
            Kind::Address(address) => self.address(address),
            Kind::Fold { of, count, tainted } => {
                let words = self.opened.words;
                let title = (words.more_of)(*count, of, &self.sum(*tainted));
                let href = Some(self.opening(of, |times| Some(times.map_or(0, |times| times + 1))));
                ("folded", (words.more)(*count), self.brief(*tainted), title, href)
            }
        };
        let text = |text: &str| escaped(&cut(text, ROOM, LETTERS));
        let drawn = format!(
            "<rect class=\"{class}\" x=\"{x:.0}\" y=\"{y:.0}\" width=\"{:.0}\" height=\"{:.0}\" rx=\"5\"/>\
             <text x=\"{:.0}\" y=\"{:.0}\">{}</text><text class=\"n\" x=\"{:.0}\" y=\"{:.0}\">{}</text>",
            BOX.0,
            BOX.1,
            x + 8.0,
            y + 16.0,
            text(&first),
            x + 8.0,
            y + 32.0,
            text(&second)
        );
        let title = escaped(&title);
        let _ = match href {
            Some(href) => write!(svg, "<a href=\"{}\"><title>{title}</title>{drawn}</a>", escaped(&href)),
            None => write!(svg, "<g><title>{title}</title>{drawn}</g>"),
        };
    }

    /// How an address is drawn: class, two lines, what it says in full, and where it leads.
    fn address(&self, address: &str) -> (&'static str, String, String, String, Option<String>) {
        let named = (self.named)(address);
        let class = match named.category {
            Some(category) if category.is_service() => "service",
            Some(category) if category.is_bad() => "bad",
            _ => "holder",
        };
        let out = self.given.get(address).map_or(0, Vec::len);
        let is_open = self.opened.open.iter().any(|(open, _)| open == address);
        let sign = match (out, is_open) {
            (0, _) => "",
            (_, true) => "▾ ",
            (_, false) => "▸ ",
        };
        let got = self.taken.get(address).copied().unwrap_or_default();
        let second = match (got.is_zero(), out) {
            (true, out) => (self.opened.words.gave)(out),
            (false, 0) => self.brief(got),
            (false, out) => (self.opened.words.passed)(&self.brief(got), out),
        };
        let name = if named.text.is_empty() { short(address) } else { named.text };
        let title = format!("{name}, {address}: {}", (self.opened.words.got)(&self.sum(got), out));
        let href =
            (out > 0).then(|| self.opening(address, |times| if times.is_some() { None } else { Some(0) }));
        (class, format!("{sign}{name}"), second, title, href)
    }

    /// The page on which one address is opened otherwise: `change` gets how often its fold was opened, `None` if it is not open.
    fn opening(&self, address: &str, change: impl Fn(Option<usize>) -> Option<usize>) -> String {
        let mut open: Vec<(String, usize)> = self.opened.open.to_vec();
        let before = open.iter().find(|(open, _)| open == address).map(|(_, times)| *times);
        open.retain(|(open, _)| open != address);
        if let Some(times) = change(before) {
            open.push((address.to_owned(), times));
        }
        let drop = open.len().saturating_sub(OPENED_MAX);
        (self.link)(&open[drop..])
    }
}

/// The addresses at which a graph begins: those that gave by a theft, or that nobody gave to.
#[must_use]
pub fn roots(flows: &[Flow]) -> Vec<String> {
    let taken: HashSet<&str> = flows.iter().map(|flow| flow.to.as_str()).collect();
    let mut roots: Vec<&str> =
        flows.iter().map(|flow| flow.from.as_str()).filter(|from| !taken.contains(from)).collect();
    roots.sort_unstable();
    roots.dedup();
    roots.into_iter().map(str::to_owned).collect()
}

const STYLE: &str = "<style>.steps text{font:12px system-ui,sans-serif;fill:#1b1b1f}.steps .n{fill:#5c5c66}.steps path{fill:none;stroke:#8a94a6;\
stroke-opacity:.45}.steps .b{stroke-dasharray:5 4}.steps rect{fill:#f4f5f8;stroke:#9aa3b5}.steps .service{fill:#e2f3ea;stroke:#1f7a4d}.steps .bad{fill:#f8e5f8;\
stroke:#8e24aa}.steps .folded{fill:none;stroke-dasharray:4 3}.steps a:hover rect,.steps a:focus rect{stroke-width:2.5}.steps a:focus{outline:none}\
@media (prefers-color-scheme:dark){.steps text{fill:#e6e6ea}.steps .n{fill:#a9a9b3}.steps rect{fill:#23252b;stroke:#6b7488}.steps .service{fill:#16342a;\
stroke:#57b98a}.steps .bad{fill:#33203a;stroke:#c98bdc}.steps .folded{fill:none}}</style>";

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(from: &str, to: &str, tainted: u64) -> Flow {
        Flow { from: from.to_owned(), to: to.to_owned(), tainted: U256::from(tainted), payments: 1 }
    }

    /// A theft from `v` by `t`, who pays to 30 others; the largest, `h29`, pays back to `t` and on to `x<"`.
    fn flows() -> Vec<Flow> {
        let hub = (0..30).map(|number| flow("t", &format!("h{number:02}"), 10 + number));
        [flow("v", "t", 735), flow("h29", "t", 3), flow("h29", "x<\"", 5)].into_iter().chain(hub).collect()
    }

    fn drawn(open: &[(&str, usize)]) -> String {
        let flows = flows();
        let roots = roots(&flows);
        let open: Vec<(String, usize)> =
            open.iter().map(|(address, times)| ((*address).to_owned(), *times)).collect();
        let opened =
            Opened { roots: &roots, open: &open, asset: "ETH", decimals: Some(0), words: &Words::ENGLISH };
        let named = |address: &str| Named { text: address.to_owned(), category: None };
        let link = |open: &[(String, usize)]| {
            open.iter().map(|(address, times)| format!("&open={address}:{times}")).collect()
        };
        steps(&flows, &opened, named, link)
    }

    fn rects(svg: &str) -> usize {
        svg.matches("<rect").count()
    }

    #[test]
    fn it_begins_with_the_victim_and_opens_one_after_the_other() {
        assert_eq!(rects(&drawn(&[])), 1);
        assert_eq!(rects(&drawn(&[("v", 0)])), 2);
        let hub = drawn(&[("v", 0), ("t", 0)]);
        // Eight of thirty, and the fold with the sum of the others.
        assert_eq!(rects(&hub), 2 + SHOWN + 1);
        let rest: u64 = (0..22).map(|number| 10 + number).sum();
        assert!(hub.contains("+ 22 more") && hub.contains(&format!("{rest} ETH in all")), "{hub}");
        let more = drawn(&[("v", 0), ("t", 1)]);
        assert!(rects(&more) == 2 + 2 * SHOWN + 1 && more.contains("+ 14 more"));
        assert_eq!(rects(&drawn(&[("v", 0), ("t", 3)])), 2 + 30);
    }

    #[test]
    fn what_goes_back_is_a_line_and_no_second_box() {
        let svg = drawn(&[("v", 0), ("t", 0), ("h29", 0)]);
        assert_eq!((rects(&svg), svg.matches("class=\"b\"").count()), (2 + SHOWN + 1 + 1, 1));
    }

    #[test]
    fn links_open_what_is_closed_and_close_what_is_open() {
        let svg = drawn(&[("v", 0), ("t", 0)]);
        assert!(svg.contains("<a href=\"&amp;open=t:0\">"), "closing v leaves t: {svg}");
        assert!(svg.contains("<a href=\"&amp;open=v:0&amp;open=t:0&amp;open=h29:0\">"), "{svg}");
        assert!(svg.contains("<a href=\"&amp;open=v:0&amp;open=t:1\">"), "{svg}");
    }

    #[test]
    fn what_comes_from_outside_stays_text() {
        let svg = drawn(&[("v", 0), ("t", 0), ("h29", 0)]);
        assert!(svg.contains("x&lt;&quot;") && !svg.contains("x<\""), "{svg}");
    }
}
