//! The picture of boxes and ways whose places are known.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::layout::{BOX_HEIGHT, BOX_WIDTH, Layout};
use super::scene::{Scene, Way, What};
use super::{Click, Sum, View};
use crate::found::picture::Named;
use crate::found::svg::{PALETTE, about, brief, class, counted, cut, escaped, text_width, when};
use crate::label::Category;
use crate::{Account, whole};

/// Free room around the picture; ways that go sideways bulge into it.
const MARGIN: f64 = 48.0;
/// Room for the title.
const TOP: f64 = 84.0;
/// Room for what the colours mean.
const BOTTOM: f64 = 64.0;
/// Least width of the picture.
const WIDTH_MIN: f64 = 640.0;
/// How wide the way of the largest amount is, and the smallest ways are.
const WAY_MAX: f64 = 16.0;
const WAY_MIN: f64 = 1.0;
/// How far a way bends between columns, and how far it bulges if it comes back to its own.
const BEND: f64 = 56.0;
const SIDEWAYS: f64 = 44.0;
/// Between a box' edge and its text; the coloured band is in it.
const INSET: f64 = 14.0;
/// Room for the sign that a box opens or folds.
const SIGN: f64 = 22.0;
/// Size of letters: the name's, and the rest's.
const LARGE: f64 = 13.0;
const SMALL: f64 = 11.0;
/// Bold letters are so much wider.
const BOLD: f64 = 1.1;
/// How many ways are told in words.
const TOLD_MAX: usize = 20;

pub(super) struct Drawing<'d, N, H> {
    pub(super) scene: &'d Scene,
    pub(super) layout: &'d Layout,
    pub(super) view: &'d View<'d>,
    pub(super) named: N,
    pub(super) href: H,
}

/// A side of a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Edge {
    Left,
    Right,
}

/// Where a way begins or ends at a side of a box.
struct Port {
    /// How high what is next on the way is.
    next: f64,
    way: usize,
    begins: bool,
}

/// Where a way leaves a box and where it comes in.
struct Ends {
    from: (f64, f64),
    to: (f64, f64),
    edges: (Edge, Edge),
}

impl<N: Fn(Account) -> Named, H: Fn(Click) -> Option<String>> Drawing<'_, N, H> {
    pub(super) fn svg(&self) -> String {
        let right = self.layout.spots.iter().map(|spot| spot.x).fold(0.0, f64::max);
        let width = (right + BOX_WIDTH + 2.0 * MARGIN).max(WIDTH_MIN);
        let height = self.layout.height + TOP + BOTTOM;
        let title = escaped(&cut(self.view.title, width - 2.0 * MARGIN, 17.0 * BOLD));
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"graph\" width=\"{width:.0}\" height=\"{height:.0}\" \
             viewBox=\"0 0 {width:.0} {height:.0}\" role=\"group\" aria-labelledby=\"graph-title graph-text\"><title id=\"graph-title\">{}</title>\
             <desc id=\"graph-text\">{}</desc><style>{STYLE}{PALETTE}</style>\
             <text class=\"h\" x=\"{MARGIN}\" y=\"32\">{title}</text><text class=\"n\" x=\"{MARGIN}\" y=\"54\">{}</text>",
            escaped(self.view.title),
            escaped(&self.described()),
            escaped(&cut(&self.subtitle(), width - 2.0 * MARGIN, SMALL)),
        );
        let ends = self.ends();
        let most = self.scene.ways.iter().map(|way| about(way.sum.amount)).fold(f64::MIN_POSITIVE, f64::max);
        for ((way, ends), lanes) in self.scene.ways.iter().zip(&ends).zip(&self.layout.lanes) {
            let thick = (about(way.sum.amount) / most * WAY_MAX).max(WAY_MIN);
            self.draw_way(&mut svg, way, ends, lanes, thick);
        }
        for (what, spot) in self.scene.boxes.iter().zip(&self.layout.spots) {
            self.draw_box(&mut svg, what, spot.x + MARGIN, spot.y + TOP);
        }
        self.draw_legend(&mut svg, width, height - BOTTOM + 34.0);
        svg.push_str("</svg>\n");
        svg
    }

    fn subtitle(&self) -> String {
        let folded: u64 = self
            .scene
            .boxes
            .iter()
            .map(|what| match what {
                What::Folded { sum, .. } => sum.others,
                What::Account { .. } => 0,
            })
            .sum();
        let drawn = self.scene.boxes.iter().filter(|what| matches!(what, What::Account { .. })).count();
        let mut text = format!("{} opened, {} drawn", counted(self.scene.opened as u64, "address"), drawn);
        if folded > 0 {
            let _ = write!(text, ", {} folded", whole(crate::U256::from(folded), 0));
        }
        if self.scene.left_out > 0 {
            let _ = write!(text, "; {} more can't be opened at once", self.scene.left_out);
        }
        let _ = write!(text, "; amounts in {}", self.view.unit);
        text
    }

    /// Where ways end: at each side of a box they are spread, in the order of where they come from.
    fn ends(&self) -> Vec<Ends> {
        let spots = &self.layout.spots;
        let edges = |way: &Way| match spots[way.from].column.cmp(&spots[way.to].column) {
            Ordering::Less => (Edge::Right, Edge::Left),
            Ordering::Equal => (Edge::Right, Edge::Right),
            Ordering::Greater => (Edge::Left, Edge::Right),
        };
        let edges: Vec<(Edge, Edge)> = self.scene.ways.iter().map(edges).collect();
        let mut ports: BTreeMap<(usize, Edge), Vec<Port>> = BTreeMap::new();
        for (at, (way, (from, to))) in self.scene.ways.iter().zip(&edges).enumerate() {
            let lanes = &self.layout.lanes[at];
            let middle = |at: usize| spots[at].y + BOX_HEIGHT / 2.0;
            let next = lanes.first().map_or(middle(way.to), |lane| lane.1);
            let last = lanes.last().map_or(middle(way.from), |lane| lane.1);
            ports.entry((way.from, *from)).or_default().push(Port { next, way: at, begins: true });
            ports.entry((way.to, *to)).or_default().push(Port { next: last, way: at, begins: false });
        }
        let mut ends: Vec<Ends> =
            edges.into_iter().map(|edges| Ends { from: (0.0, 0.0), to: (0.0, 0.0), edges }).collect();
        for ((place, edge), mut ports) in ports {
            ports.sort_by(|one, other| one.next.total_cmp(&other.next).then(one.way.cmp(&other.way)));
            let spot = spots[place];
            let x = spot.x + MARGIN + if edge == Edge::Right { BOX_WIDTH } else { 0.0 };
            let pitch = BOX_HEIGHT / (ports.len() + 1) as f64;
            for (nth, port) in ports.into_iter().enumerate() {
                let point = (x, spot.y + TOP + pitch * (nth + 1) as f64);
                if port.begins {
                    ends[port.way].from = point;
                } else {
                    ends[port.way].to = point;
                }
            }
        }
        ends
    }

    fn draw_way(&self, svg: &mut String, way: &Way, ends: &Ends, lanes: &[(f64, f64)], thick: f64) {
        let ((x, y), (to_x, to_y)) = (ends.from, ends.to);
        let (tip, half) = (9.0, (thick / 2.0 + 2.5).max(4.0));
        let is_ahead = ends.edges == (Edge::Right, Edge::Left);
        let back = if ends.edges.1 == Edge::Left { -1.0 } else { 1.0 };
        let mut path = format!("M{x:.1} {y:.1}");
        let mut here = (x, y);
        let mut curve = |to: (f64, f64), bends: (f64, f64)| {
            let _ = write!(
                path,
                "C{:.1} {:.1} {:.1} {:.1} {:.1} {:.1}",
                here.0 + bends.0,
                here.1,
                to.0 + bends.1,
                to.1,
                to.0,
                to.1
            );
            here = to;
        };
        for (left, middle) in lanes {
            let (left, middle) = (left + MARGIN, middle + TOP);
            let (into, out) = if is_ahead { (left, left + BOX_WIDTH) } else { (left + BOX_WIDTH, left) };
            let bend = if is_ahead { BEND } else { -BEND };
            curve((into, middle), (bend, -bend));
            curve((out, middle), (0.0, 0.0));
        }
        let end = (to_x + back * (tip - 1.0), to_y);
        curve(
            end,
            match ends.edges {
                (Edge::Right, Edge::Right) => (SIDEWAYS, SIDEWAYS),
                (Edge::Left, _) => (-BEND, BEND),
                _ => (BEND, -BEND),
            },
        );
        let [from, to] = [way.from, way.to].map(|at| self.name(&self.scene.boxes[at]));
        let title = format!("{from} → {to}: {}", self.told(&way.sum));
        let _ = write!(
            svg,
            "<g class=\"{}\"><title>{}</title><path stroke-width=\"{thick:.1}\" d=\"{path}\"/>\
             <path class=\"t\" d=\"M{to_x:.1} {to_y:.1}L{:.1} {:.1}V{:.1}Z\"/></g>",
            if is_ahead { "w" } else { "w b" },
            escaped(&title),
            to_x + back * tip,
            to_y - half,
            to_y + half,
        );
    }

    fn draw_box(&self, svg: &mut String, what: &What, x: f64, y: f64) {
        let Text { class, category, lines, title, click, sign, is_bold } = self.text(what);
        let link = click.and_then(|click| (self.href)(click));
        let (open, close) = match &link {
            Some(href) => {
                (format!("<a href=\"{}\" aria-label=\"{}\">", escaped(href), escaped(&title)), "</a>")
            }
            None => ("<g>".to_owned(), "</g>"),
        };
        let kind = match (what, is_bold) {
            (What::Folded { .. }, _) => "x f",
            (_, true) => "x o",
            _ => "x",
        };
        let _ = write!(
            svg,
            "{open}<title>{}</title><rect class=\"{kind}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{BOX_WIDTH}\" height=\"{BOX_HEIGHT}\" rx=\"5\"/>\
             <rect class=\"{class}\" x=\"{:.1}\" y=\"{:.1}\" width=\"5\" height=\"{:.0}\" rx=\"2\"/>",
            escaped(&title),
            x + 4.0,
            y + 5.0,
            BOX_HEIGHT - 10.0,
        );
        let room = BOX_WIDTH - INSET - 6.0;
        for (line, text) in lines.iter().enumerate() {
            let (size, room, class) = match line {
                0 if is_bold => (LARGE * BOLD, room - SIGN, "k"),
                0 => (LARGE, room - SIGN, "k0"),
                _ => (SMALL, room, "n"),
            };
            let baseline = y + [19.0, 35.0, 50.0][line.min(2)];
            let word = category.filter(|_| line == 2).map_or("", |category| category.as_str());
            let used = text_width(word, SMALL * BOLD);
            let _ = write!(
                svg,
                "<text class=\"{class}\" x=\"{:.1}\" y=\"{baseline:.1}\"><tspan class=\"c\">{word}</tspan>{}</text>",
                x + INSET,
                escaped(&cut(text, room - used, size)),
            );
        }
        if link.is_some() {
            let (middle, line) = (x + BOX_WIDTH - 13.0, y + 14.0);
            let _ = write!(
                svg,
                "<path class=\"s\" d=\"M{:.1} {line:.1}h9{}\"/>",
                middle - 4.5,
                if sign == Sign::Plus { "m-4.5 -4.5v9" } else { "" }
            );
        }
        svg.push_str(close);
    }

    /// What is written in a box.
    fn text(&self, what: &What) -> Text {
        let decimals = self.view.decimals;
        match what {
            What::Account { account, got, gave, is_opened, has_more } => {
                let named = (self.named)(*account);
                let amount = |word: &str, sum: &Sum| {
                    (sum.others > 0).then(|| format!("{word} {}", brief(sum.amount, decimals)))
                };
                let amounts: Vec<String> =
                    [amount("in", got), amount("out", gave)].into_iter().flatten().collect();
                let others = |word: &str, sum: &Sum| {
                    (sum.others > 0).then(|| format!("{word} {}", whole(crate::U256::from(sum.others), 0)))
                };
                let others: Vec<String> =
                    [others("from", got), others("to", gave)].into_iter().flatten().collect();
                let kind = if named.category.is_some() { " · " } else { "no label · " };
                let (click, sign, verb) = match (is_opened, has_more) {
                    (true, _) => (Some(Click::Fold(*account)), Sign::Minus, "fold "),
                    (false, true) => (Some(Click::Open(*account)), Sign::Plus, "open "),
                    (false, false) => (None, Sign::Plus, ""),
                };
                let sides =
                    [("got", "from", got), ("gave", "to", gave)].map(|(did, with, sum)| match sum.others {
                        0 => format!("{did} nothing"),
                        others => format!("{did} {} {with} {}", self.told(sum), counted(others, "address")),
                    });
                let title = format!(
                    "{verb}{} ({}): {}",
                    named.text,
                    named.category.map_or("no label", |category| category.as_str()),
                    sides.join("; "),
                );
                Text {
                    class: class(named.category),
                    category: named.category,
                    lines: [named.text, amounts.join(" · "), format!("{kind}{}", others.join(", "))],
                    title,
                    click,
                    sign,
                    is_bold: *is_opened,
                }
            }
            What::Folded { sum, are_larger, click } => {
                let name = self.name(what);
                let verb = if *are_larger { "back to" } else { "show some of" };
                Text {
                    class: "folded",
                    category: None,
                    title: format!("{verb} {name}: {}", self.told(sum)),
                    lines: [
                        name,
                        format!("{} {}", brief(sum.amount, decimals), self.view.unit),
                        format!("folded · {}", counted(sum.payments, "payment")),
                    ],
                    click: Some(*click),
                    sign: Sign::Plus,
                    is_bold: false,
                }
            }
        }
    }

    fn name(&self, what: &What) -> String {
        match what {
            What::Account { account, .. } => (self.named)(*account).text,
            What::Folded { sum, are_larger, .. } => {
                let count = whole(crate::U256::from(sum.others), 0);
                if *are_larger { format!("{count} larger") } else { format!("+ {count} more") }
            }
        }
    }

    /// A sum in full.
    fn told(&self, sum: &Sum) -> String {
        let mut text = format!(
            "{} {} in {}",
            whole(sum.amount, self.view.decimals),
            self.view.unit,
            counted(sum.payments, "payment")
        );
        match sum.times {
            Some((first, last)) if first == last => {
                let _ = write!(text, ", {} UTC", when(first));
            }
            Some((first, last)) => {
                let _ = write!(text, ", {} to {} UTC", when(first), when(last));
            }
            None => {}
        }
        text
    }

    /// The picture in words, for those who don't see it: the largest ways.
    fn described(&self) -> String {
        let mut ways: Vec<&Way> = self.scene.ways.iter().collect();
        ways.sort_by_key(|way| (std::cmp::Reverse(way.sum.amount), way.from, way.to));
        let told = ways.into_iter().take(TOLD_MAX).map(|way| {
            let [from, to] = [way.from, way.to].map(|at| self.name(&self.scene.boxes[at]));
            format!("{from} to {to}: {} {}", whole(way.sum.amount, self.view.decimals), self.view.unit)
        });
        told.collect::<Vec<_>>().join("; ")
    }

    /// What the colours mean that occur.
    fn draw_legend(&self, svg: &mut String, width: f64, y: f64) {
        let (mut classes, mut x, mut y) = (BTreeSet::new(), MARGIN, y);
        for what in &self.scene.boxes {
            classes.insert(match what {
                What::Account { account, .. } => (0, (self.named)(*account).category),
                What::Folded { .. } => (1, None),
            });
        }
        for (order, category) in classes {
            let (class, text) = match (order, category) {
                (0, Some(category)) => (category.as_str(), category.as_str()),
                (0, None) => ("holder", "no label"),
                _ => ("folded", "folded"),
            };
            let room = 16.0 + text_width(text, SMALL) + 18.0;
            if x + room > width - MARGIN && x > MARGIN {
                (x, y) = (MARGIN, y + 18.0);
            }
            let _ = write!(
                svg,
                "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{:.1}\" width=\"10\" height=\"10\" rx=\"2\"/><text class=\"n\" x=\"{:.1}\" y=\"{y:.1}\">{text}</text>",
                y - 9.0,
                x + 16.0
            );
            x += room;
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Plus,
    Minus,
}

struct Text {
    class: &'static str,
    category: Option<Category>,
    lines: [String; 3],
    /// All of it, in full.
    title: String,
    click: Option<Click>,
    sign: Sign,
    is_bold: bool,
}

const STYLE: &str = ".graph text{font:11px system-ui,sans-serif;fill:#1b1b1f}.graph .h{font-size:17px;font-weight:600}.graph .n{fill:#5c5c66}\
.graph .k,.graph .k0{font-size:13px}.graph .k,.graph .c{font-weight:600}.graph .c{fill:#1b1b1f}.graph .x{fill:#fff;stroke:#c3c7d1}\
.graph .o{stroke:#5b6b8c;stroke-width:1.5}.graph .f{stroke-dasharray:4 3;fill:#f4f5f8}.graph .s{stroke:#5c5c66;stroke-width:1.6;fill:none}\
.graph .w{opacity:.45}.graph .w:hover{opacity:.85}.graph .w path{fill:none;stroke:#6d7a92}.graph .w .t{fill:#6d7a92;stroke:none}\
.graph .b path{stroke-dasharray:5 4}.graph a:hover .x{stroke:#1a5fb4}.graph a:focus{outline:none}\
.graph a:focus-visible .x{stroke:#1a5fb4;stroke-width:3;stroke-dasharray:none}\
@media (prefers-color-scheme:dark){.graph text,.graph .c{fill:#e6e6ea}.graph .n{fill:#a9a9b3}.graph .x{fill:#26272d;stroke:#4b4e59}\
.graph .o{stroke:#9aa7bd}.graph .f{fill:#1e1f24}.graph .s{stroke:#c3c7d1}.graph .w path{stroke:#9aa7bd}.graph .w .t{fill:#9aa7bd}\
.graph a:hover .x,.graph a:focus-visible .x{stroke:#78aeed}}";
