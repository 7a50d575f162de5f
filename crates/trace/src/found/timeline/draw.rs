//! The picture of a timeline: above, what is held; below, what entered services.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Every, Row, Timeline};
use crate::found::svg::{PALETTE, about, cut, escaped, text_width, when};
use crate::label::Category;
use crate::{U256, whole};

const WIDTH: f64 = 1_040.0;
/// Left of the axis, for amounts.
const LEFT: f64 = 104.0;
const RIGHT: f64 = 24.0;
/// Where the panels begin, and how high they are.
const HELD_TOP: f64 = 92.0;
const HELD_HEIGHT: f64 = 150.0;
const ENTERED_TOP: f64 = 292.0;
const ENTERED_HEIGHT: f64 = 170.0;
/// Room below for times and what the colours mean.
const BOTTOM: f64 = 84.0;
/// Bars, at most; of longer cases several hours or days share one.
const BARS_MAX: i64 = 300;
const BAR_WIDTH_MAX: f64 = 36.0;
/// Times along the axis, about.
const TIMES: i64 = 7;
const SMALL: f64 = 11.0;

/// How a timeline is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Look<'l> {
    /// What the picture is called.
    pub title: &'l str,
    /// How the asset is called.
    pub unit: &'l str,
    /// How many digits its smallest unit is below one.
    pub decimals: u8,
}

/// What is drawn in one place: one row, or several where there are too many.
struct Bar {
    stolen: U256,
    entered: BTreeMap<Category, U256>,
    burnt: U256,
    held: U256,
    /// All that was stolen until its end.
    stolen_so_far: U256,
}

/// The axis of time.
struct Axis {
    first: i64,
    /// Seconds of a bar, and how many bars there would be if something happened in each.
    step: i64,
    bars: i64,
}

impl Axis {
    fn new(rows: &[Row], every: Every) -> Self {
        let first = rows.first().map_or(0, |row| row.start);
        let last = rows.last().map_or(0, |row| row.start);
        let places = last.saturating_sub(first) / every.seconds() + 1;
        let step = ((places + BARS_MAX - 1) / BARS_MAX).max(1);
        Self { first, step: step.saturating_mul(every.seconds()), bars: (places + step - 1) / step }
    }

    fn width(&self) -> f64 {
        (WIDTH - LEFT - RIGHT) / self.bars as f64
    }

    fn x(&self, bar: i64) -> f64 {
        LEFT + bar as f64 * self.width()
    }

    fn start(&self, bar: i64) -> i64 {
        self.first.saturating_add(bar.saturating_mul(self.step))
    }
}

impl Timeline {
    /// Draws it as SVG.
    #[must_use]
    pub fn svg(&self, look: &Look<'_>) -> String {
        let axis = Axis::new(&self.rows, self.every);
        let bars = self.bars(&axis);
        let height = ENTERED_TOP + ENTERED_HEIGHT + BOTTOM;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"timeline\" width=\"{WIDTH:.0}\" height=\"{height:.0}\" \
             viewBox=\"0 0 {WIDTH:.0} {height:.0}\" role=\"img\" aria-label=\"{0}\">\
             <title>{0}</title><desc>{1}</desc><style>{STYLE}{PALETTE}</style>\
             <text class=\"h\" x=\"{RIGHT}\" y=\"32\">{2}</text>",
            escaped(look.title),
            escaped(&self.described(look)),
            escaped(&cut(look.title, WIDTH - 2.0 * RIGHT, 17.0 * 1.1)),
        );
        let each = if axis.step > self.every.seconds() {
            format!("each {} days", axis.step / Every::Day.seconds())
        } else if self.every == Every::Hour {
            "each hour".to_owned()
        } else {
            "each day".to_owned()
        };
        let headings = [
            (HELD_TOP, format!("stolen so far (dashed) and still held, {}", look.unit)),
            (ENTERED_TOP, format!("entered services, {}, {each}", look.unit)),
        ];
        for (top, heading) in headings {
            let heading = escaped(&cut(&heading, WIDTH - 2.0 * RIGHT, 13.0));
            let _ = write!(svg, "<text class=\"p\" x=\"{RIGHT}\" y=\"{:.1}\">{heading}</text>", top - 18.0);
        }
        let most = |of: fn(&Bar) -> U256| bars.values().map(of).max().unwrap_or_default();
        let held =
            Scale::new(most(|bar| bar.stolen_so_far.max(bar.held)), look.decimals, HELD_TOP, HELD_HEIGHT);
        let entered = Scale::new(most(Bar::gone), look.decimals, ENTERED_TOP, ENTERED_HEIGHT);
        held.draw(&mut svg);
        entered.draw(&mut svg);
        draw_held(&mut svg, &bars, &axis, &held);
        for (place, bar) in &bars {
            draw_bar(&mut svg, bar, &axis, *place, &entered, look);
        }
        self.draw_times(&mut svg, &axis);
        self.draw_legend(&mut svg, look, height - 22.0);
        svg.push_str("</svg>\n");
        svg
    }

    fn bars(&self, axis: &Axis) -> BTreeMap<i64, Bar> {
        let mut bars: BTreeMap<i64, Bar> = BTreeMap::new();
        let mut stolen_so_far = U256::ZERO;
        for row in &self.rows {
            let place = row.start.saturating_sub(axis.first) / axis.step;
            let nothing = || Bar {
                stolen: U256::ZERO,
                entered: BTreeMap::new(),
                burnt: U256::ZERO,
                held: U256::ZERO,
                stolen_so_far: U256::ZERO,
            };
            let bar = bars.entry(place).or_insert_with(nothing);
            bar.stolen = bar.stolen.saturating_add(row.stolen);
            bar.burnt = bar.burnt.saturating_add(row.burnt);
            for (category, amount) in &row.entered {
                let sum = bar.entered.entry(*category).or_default();
                *sum = sum.saturating_add(*amount);
            }
            bar.held = row.held;
            stolen_so_far = stolen_so_far.saturating_add(row.stolen);
            bar.stolen_so_far = stolen_so_far;
        }
        bars
    }

    /// The picture in words.
    fn described(&self, look: &Look<'_>) -> String {
        let amount = |amount: U256| format!("{} {}", whole(amount, look.decimals), look.unit);
        let (Some(first), Some(last)) = (self.rows.first(), self.rows.last()) else {
            return "Nothing happened.".to_owned();
        };
        let stolen = self.rows.iter().fold(U256::ZERO, |sum, row| sum.saturating_add(row.stolen));
        let mut text = format!(
            "From {} to {} UTC {} were stolen",
            when(first.start),
            when(last.start.saturating_add(self.every.seconds())),
            amount(stolen)
        );
        for (category, sum) in self.entered() {
            let _ = write!(text, "; {} entered: {}", amount(sum), category.as_str());
        }
        let burnt = self.rows.iter().fold(U256::ZERO, |sum, row| sum.saturating_add(row.burnt));
        if !burnt.is_zero() {
            let _ = write!(text, "; {} burnt", amount(burnt));
        }
        let _ = write!(text, "; {} still held.", amount(last.held));
        text
    }

    fn draw_times(&self, svg: &mut String, axis: &Axis) {
        let every = ((axis.bars + TIMES - 1) / TIMES).max(1);
        for bar in (0..axis.bars).step_by(usize::try_from(every).unwrap_or(1)) {
            let text = when(axis.start(bar));
            let text = text.get(..if self.every == Every::Hour { 16 } else { 10 }).unwrap_or_default();
            let (x, y) = (axis.x(bar), ENTERED_TOP + ENTERED_HEIGHT);
            let room = WIDTH - x;
            if text_width(text, SMALL) <= room {
                let _ = write!(
                    svg,
                    "<path class=\"a\" d=\"M{x:.1} {y:.1}v5\"/><text class=\"n\" x=\"{x:.1}\" y=\"{:.1}\">{text}</text>",
                    y + 18.0
                );
            }
        }
    }

    fn draw_legend(&self, svg: &mut String, look: &Look<'_>, y: f64) {
        let mut x = LEFT;
        let burnt = self.rows.iter().fold(U256::ZERO, |sum, row| sum.saturating_add(row.burnt));
        let sums =
            self.entered().into_iter().map(|(category, sum)| (category.as_str(), category.as_str(), sum));
        let burnt = (!burnt.is_zero()).then_some(("folded", "burnt", burnt));
        for (class, name, sum) in sums.chain(burnt) {
            let sum = crate::found::svg::brief(sum, look.decimals);
            let text = format!("{name} {sum}");
            let _ = write!(
                svg,
                "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{:.1}\" width=\"10\" height=\"10\" rx=\"2\"/><text class=\"n\" x=\"{:.1}\" y=\"{y:.1}\">{text}</text>",
                y - 9.0,
                x + 16.0
            );
            x += 16.0 + text_width(&text, SMALL) + 18.0;
        }
    }
}

impl Bar {
    /// What is held no more.
    fn gone(&self) -> U256 {
        self.entered.values().fold(self.burnt, |sum, amount| sum.saturating_add(*amount))
    }
}

fn draw_held(svg: &mut String, bars: &BTreeMap<i64, Bar>, axis: &Axis, scale: &Scale) {
    let Some((first, bar)) = bars.first_key_value() else { return };
    let base = HELD_TOP + HELD_HEIGHT;
    let mut area = format!("M{:.1} {base:.1}", axis.x(*first));
    let mut line = format!("M{:.1} {:.1}", axis.x(*first), base - scale.height(bar.stolen_so_far));
    for (place, bar) in bars {
        let _ = write!(area, "H{:.1}V{:.1}", axis.x(*place), base - scale.height(bar.held));
        let _ = write!(line, "H{:.1}V{:.1}", axis.x(*place), base - scale.height(bar.stolen_so_far));
    }
    let right = WIDTH - RIGHT;
    let _ = write!(
        svg,
        "<path class=\"d\" d=\"{area}H{right:.1}V{base:.1}Z\"/><path class=\"r\" d=\"{line}H{right:.1}\"/>"
    );
}

fn draw_bar(svg: &mut String, bar: &Bar, axis: &Axis, place: i64, scale: &Scale, look: &Look<'_>) {
    let amount = |amount: U256| format!("{} {}", whole(amount, look.decimals), look.unit);
    let mut title = format!("{} UTC", when(axis.start(place)));
    if !bar.stolen.is_zero() {
        let _ = write!(title, "; stolen: {}", amount(bar.stolen));
    }
    for (category, sum) in &bar.entered {
        let _ = write!(title, "; {}: {}", category.as_str(), amount(*sum));
    }
    if !bar.burnt.is_zero() {
        let _ = write!(title, "; burnt: {}", amount(bar.burnt));
    }
    let _ = write!(title, "; held then: {}", amount(bar.held));
    let (step, base) = (axis.width(), ENTERED_TOP + ENTERED_HEIGHT);
    let width = (step * 0.82).clamp(1.0, BAR_WIDTH_MAX);
    let x = axis.x(place) + (step - width) / 2.0;
    // All of the place shows what happened in it, whatever the height of the bar.
    let _ = write!(
        svg,
        "<g class=\"b\"><title>{}</title><rect class=\"e\" x=\"{:.2}\" y=\"{HELD_TOP}\" width=\"{step:.2}\" height=\"{:.1}\"/>",
        escaped(&title),
        axis.x(place),
        base - HELD_TOP
    );
    let mut below = U256::ZERO;
    let burnt = (!bar.burnt.is_zero()).then_some(("folded", bar.burnt));
    for (class, sum) in bar.entered.iter().map(|(category, sum)| (category.as_str(), *sum)).chain(burnt) {
        let bottom = base - scale.height(below);
        below = below.saturating_add(sum);
        let height = (bottom - (base - scale.height(below))).max(1.0);
        let _ = write!(
            svg,
            "<rect class=\"{class}\" x=\"{x:.2}\" y=\"{:.1}\" width=\"{width:.2}\" height=\"{height:.1}\"/>",
            bottom - height
        );
    }
    svg.push_str("</g>");
}

/// An axis of amounts, from 0 to a round number.
struct Scale {
    top: f64,
    height: f64,
    /// Whole coins between two lines, in units of ten to the power of `power`, and how many lines there are.
    step: u64,
    power: i32,
    lines: u32,
    decimals: u8,
}

impl Scale {
    fn new(most: U256, decimals: u8, top: f64, height: f64) -> Self {
        let most = about(most) / 10_f64.powi(i32::from(decimals));
        // The largest of 1, 2 and 5 times a power of ten that gives at least three lines.
        let rough = if most > 0.0 { most / 3.0 } else { 0.34 };
        let power = rough.log10().floor() as i32;
        let scaled = rough / 10_f64.powi(power);
        let step = if scaled >= 5.0 { 5 } else { 1 + u64::from(scaled >= 2.0) };
        let lines = (most / (step as f64 * 10_f64.powi(power)) - 1e-9).ceil().clamp(1.0, 12.0) as u32;
        Self { top, height, step, power, lines, decimals }
    }

    fn height(&self, amount: U256) -> f64 {
        let most = f64::from(self.lines) * self.step as f64 * 10_f64.powi(self.power);
        about(amount) / 10_f64.powi(i32::from(self.decimals)) / most * self.height
    }

    fn draw(&self, svg: &mut String) {
        for line in 0..=self.lines {
            let y = self.top + self.height * (1.0 - f64::from(line) / f64::from(self.lines));
            let count = U256::from(u64::from(line) * self.step);
            let digits = u8::try_from(self.power.unsigned_abs()).unwrap_or(u8::MAX);
            let text = match self.power < 0 {
                true => whole(count, digits),
                false => whole(count.saturating_mul(U256::from(10).saturating_pow(U256::from(digits))), 0),
            };
            let _ = write!(
                svg,
                "<path class=\"{}\" d=\"M{LEFT} {y:.1}H{:.1}\"/><text class=\"n y\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                if line == 0 { "a" } else { "g" },
                WIDTH - RIGHT,
                LEFT - 8.0,
                y + 4.0,
                cut(&text, LEFT - 12.0, SMALL)
            );
        }
    }
}

const STYLE: &str = ".timeline text{font:11px system-ui,sans-serif;fill:#1b1b1f}.timeline .h{font-size:17px;font-weight:600}\
.timeline .p{font-size:13px;font-weight:600}.timeline .n{fill:#5c5c66}.timeline .y{text-anchor:end}.timeline .g{stroke:#e2e4ea}\
.timeline .a{stroke:#8a94a6}.timeline .d{fill:#5b6b8c;fill-opacity:.45;stroke:#5b6b8c;stroke-width:1.5}.timeline .r{fill:none;stroke:#b3261e;stroke-width:1.5;stroke-dasharray:6 4}.timeline .e{fill:#000;fill-opacity:0}\
.timeline .b:hover .e{fill-opacity:.06}@media (prefers-color-scheme:dark){.timeline text{fill:#e6e6ea}.timeline .n{fill:#a9a9b3}\
.timeline .g{stroke:#35373f}.timeline .d{fill:#9aa7bd;fill-opacity:.35;stroke:#9aa7bd}.timeline .r{stroke:#f2867d}.timeline .b:hover .e{fill:#fff;fill-opacity:.08}}";
