//! Plots of how something grows, as SVG that goes with light and dark pages.

/// A line: its name, and its points from left to right.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) name: &'static str,
    pub(super) points: Vec<(f64, f64)>,
}

/// A panel with one or two lines.
#[derive(Debug, Clone)]
pub(super) struct Panel {
    pub(super) title: &'static str,
    pub(super) lines: Vec<Line>,
}

/// How axes are divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scale {
    /// From nothing on; what is linear is a straight line.
    Linear,
    /// Each step ten times the one before; what is linear rises one step for each to the right.
    Tens,
}

/// Of a panel, in pixels.
const WIDTH: f64 = 330.0;
const HEIGHT: f64 = 210.0;
const MARGIN: f64 = 48.0;
/// Classes of lines, which have a colour each.
const CLASSES: [&str; 3] = ["a", "b", "c"];

/// Draws panels, two beside each other. Across is what there is of it, in `unit`.
pub(super) fn draw(label: &str, unit: &str, scale: Scale, panels: &[Panel]) -> String {
    let (width, height) = (2.0 * WIDTH, panels.len().div_ceil(2) as f64 * HEIGHT);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"11\" role=\"img\" \
         aria-label=\"{label}\">\n<style>\n\
         .paper{{fill:#fff}} text{{fill:#222}} .axis{{stroke:#bbb;fill:none}} .line{{fill:none;stroke-width:2}}\n\
         .a{{stroke:#0b62a4}} .b{{stroke:#c2571a}} .c{{stroke:#3a7d2c}} text.a{{fill:#0b62a4;stroke:none}} text.b{{fill:#c2571a;stroke:none}} \
         text.c{{fill:#3a7d2c;stroke:none}}\n\
         circle.a{{fill:#0b62a4}} circle.b{{fill:#c2571a}} circle.c{{fill:#3a7d2c}}\n\
         @media (prefers-color-scheme: dark){{.paper{{fill:#16181c}} text{{fill:#ddd}} .axis{{stroke:#555}}\n\
         .a{{stroke:#6cb6ff}} .b{{stroke:#f0965a}} .c{{stroke:#7fc46b}} text.a{{fill:#6cb6ff}} text.b{{fill:#f0965a}} text.c{{fill:#7fc46b}} \
         circle.a{{fill:#6cb6ff}} circle.b{{fill:#f0965a}} circle.c{{fill:#7fc46b}}}}\n\
         </style>\n<rect class=\"paper\" width=\"{width}\" height=\"{height}\"/>\n"
    );
    for (place, panel) in panels.iter().enumerate() {
        draw_panel(panel, ((place % 2) as f64 * WIDTH, (place / 2) as f64 * HEIGHT), (unit, scale), &mut svg);
    }
    svg + "</svg>\n"
}

/// Where an axis begins and ends, and the values that are written at it.
struct Axis {
    scale: Scale,
    from: f64,
    to: f64,
    marks: Vec<f64>,
}

impl Axis {
    fn over(values: impl Iterator<Item = f64> + Clone, scale: Scale, ends_at_last: bool) -> Self {
        let most = values.clone().fold(0.0_f64, f64::max);
        match scale {
            Scale::Linear => {
                let to = if ends_at_last { most.max(f64::MIN_POSITIVE) } else { nice(most) };
                Self { scale, from: 0.0, to, marks: vec![0.0, 0.5 * to, to] }
            }
            Scale::Tens => {
                let least = values.filter(|value| *value > 0.0).fold(f64::MAX, f64::min).min(most.max(1e-9));
                let first = least.log10().floor();
                let last = most.max(1e-9).log10().ceil().max(first + 1.0);
                let steps = (last - first).round() as i32;
                let every = 1 + steps / 5;
                let marks = (0..=steps).step_by(every.unsigned_abs() as usize);
                let marks = marks.map(|step| 10_f64.powf(first + f64::from(step))).collect();
                Self { scale, from: first, to: last, marks }
            }
        }
    }

    /// From 0 to 1.
    fn place(&self, value: f64) -> f64 {
        let value = match self.scale {
            Scale::Linear => value,
            Scale::Tens => value.max(10_f64.powf(self.from)).log10(),
        };
        (value - self.from) / (self.to - self.from)
    }
}

/// A number as it stands at an axis.
fn told(value: f64) -> String {
    match value {
        value if value >= 1e6 => format!("{} M", value / 1e6),
        value if value >= 1e4 => format!("{} k", value / 1e3),
        value if value != 0.0 && value < 0.01 => format!("{value:.3}"),
        value => format!("{}", (value * 1e3).round() / 1e3),
    }
}

fn draw_panel(panel: &Panel, (left, top): (f64, f64), (unit, scale): (&str, Scale), svg: &mut String) {
    let points = || panel.lines.iter().flat_map(|line| line.points.iter().copied());
    let across = Axis::over(points().map(|point| point.0), scale, true);
    let up = Axis::over(points().map(|point| point.1), scale, false);
    let (from, to) = (left + MARGIN, left + WIDTH - 18.0);
    let (floor, ceiling) = (top + HEIGHT - 30.0, top + 34.0);
    let x = |value: f64| from + across.place(value) * (to - from);
    let y = |value: f64| floor - up.place(value) * (floor - ceiling);
    let mut add = |text: String| svg.push_str(&(text + "\n"));
    add(format!("<text x=\"{from}\" y=\"{}\" font-weight=\"bold\">{}</text>", top + 16.0, panel.title));
    add(format!("<path class=\"axis\" d=\"M{from} {ceiling}V{floor}H{to}\"/>"));
    for value in &up.marks {
        let (x, y) = (from - 6.0, y(*value) + 4.0);
        add(format!("<text x=\"{x}\" y=\"{y:.1}\" text-anchor=\"end\">{}</text>", told(*value)));
    }
    for (number, value) in across.marks.iter().enumerate() {
        let unit = if number + 1 == across.marks.len() { unit } else { "" };
        let (x, y) = (x(*value), floor + 16.0);
        add(format!("<text x=\"{x:.1}\" y=\"{y}\" text-anchor=\"middle\">{}{unit}</text>", told(*value)));
    }
    for (number, (line, class)) in panel.lines.iter().zip(CLASSES.iter().cycle()).enumerate() {
        let places: Vec<_> = line.points.iter().map(|point| (x(point.0), y(point.1))).collect();
        let path: Vec<_> = places.iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
        add(format!("<path class=\"line {class}\" d=\"M{}\"/>", path.join("L")));
        for (x, y) in &places {
            add(format!("<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\"/>"));
        }
        let under = top + 48.0 + number as f64 * 15.0;
        add(format!("<text class=\"{class}\" x=\"{}\" y=\"{under}\">{}</text>", from + 8.0, line.name));
    }
}

/// A round number that isn't less.
fn nice(value: f64) -> f64 {
    let ten = 10_f64.powf(value.max(1e-9).log10().floor());
    [1.0, 2.0, 4.0, 5.0, 8.0, 10.0]
        .into_iter()
        .map(|step| step * ten)
        .find(|round| *round >= value)
        .unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_is_drawn_on_either_scale() {
        let line = |name| Line { name, points: vec![(1e4, 0.0), (1e5, 3.0), (1e7, 410.0)] };
        let panel = Panel { title: "Memory", lines: vec![line("one"), line("other")] };
        for scale in [Scale::Linear, Scale::Tens] {
            let plot =
                draw("How it grows", " objects", scale, &[panel.clone(), panel.clone(), panel.clone()]);
            assert_eq!(plot.matches("<circle").count(), 3 * 2 * 3);
            assert!(!plot.contains("NaN") && !plot.contains("inf"), "{plot}");
            assert!(plot.contains("10 M objects"));
        }
    }

    #[test]
    fn axes_end_at_round_numbers() {
        for (value, expected) in [(0.7, 0.8), (3.0, 4.0), (41.0, 50.0), (100.0, 100.0), (101.0, 200.0)] {
            assert!((nice(value) - expected).abs() < 1e-9, "{value}: {}", nice(value));
        }
        let tens = Axis::over([3.0, 410.0].into_iter(), Scale::Tens, false);
        assert_eq!(
            tens.marks.iter().map(|mark| mark.round()).collect::<Vec<_>>(),
            [1.0, 10.0, 100.0, 1000.0]
        );
        assert!(tens.place(1.0).abs() < 1e-9 && (tens.place(1000.0) - 1.0).abs() < 1e-9);
    }
}
