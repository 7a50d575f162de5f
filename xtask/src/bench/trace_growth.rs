//! How time and memory grow with the transfers: a page with a table, and a plot.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;

/// What some transfers took. Times to follow are the first one's and the best of the later ones, by haircut and by FIFO.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    pub(super) millions: u64,
    pub(super) load_s: f64,
    pub(super) load_processor_s: f64,
    pub(super) load_mib: f64,
    pub(super) small_ms: [(f64, f64); 2],
    pub(super) everything_ms: [(f64, f64); 2],
    pub(super) follow_mib: f64,
}

/// All that were measured, the fewest first.
#[derive(Debug, Default)]
pub(super) struct Growth {
    pub(super) points: Vec<Point>,
}

/// A line of the plot: its name, its class for the colour, and its value at a point.
type Line = (&'static str, &'static str, fn(&Point) -> f64);
/// A panel: its title, and its lines.
type Panel = (&'static str, &'static [Line]);

const PANELS: [Panel; 4] = [
    (
        "Loading, seconds",
        &[
            ("by the clock", "a", |point| point.load_s),
            ("of the processors", "b", |point| point.load_processor_s),
        ],
    ),
    (
        "Memory, MiB",
        &[("loading", "a", |point| point.load_mib), ("following", "b", |point| point.follow_mib)],
    ),
    (
        "50 thefts through everything, ms",
        &[
            ("haircut", "a", |point| point.everything_ms[0].1),
            ("FIFO", "b", |point| point.everything_ms[1].1),
        ],
    ),
    (
        "10,000 addresses reached, ms",
        &[("haircut", "a", |point| point.small_ms[0].1), ("FIFO", "b", |point| point.small_ms[1].1)],
    ),
];

/// Of a panel, in pixels.
const WIDTH: f64 = 330.0;
const HEIGHT: f64 = 210.0;
const MARGIN: f64 = 48.0;

impl Growth {
    /// Writes `trace-growth.md` and `trace-growth.svg`.
    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        std::fs::write(folder.join("trace-growth.svg"), self.plot())?;
        std::fs::write(folder.join("trace-growth.md"), self.page())?;
        Ok(())
    }

    fn page(&self) -> String {
        let mut page = "# How tracing grows\n\n\
            Made by `cargo xtask bench trace --docs` (`--full` for the last row). Transfers between a fifth as many accounts, of which few have \
            most; CSV of 144 bytes a row, from 100 million on packed with zstd. Loading is durable. \"First\" is the first answer of a process, of files that the system has in \
            memory; \"again\" the best of three more. Whatever else runs makes all of it slower; what loading took of the processors shows by how much.\n\n\
            ![Time and memory by the number of transfers](trace-growth.svg)\n\n\
            | transfers | load | of the processors | memory | 10,000 reached, haircut: first, again | FIFO | 50 thefts through all, haircut | FIFO |\n\
            | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n"
            .to_owned();
        for point in &self.points {
            let pair = |(first, again): (f64, f64)| format!("{first:.0}, {again:.0} ms");
            let [small, everything] = [point.small_ms, point.everything_ms].map(|both| both.map(pair));
            // A string takes all that is written to it.
            let _never = writeln!(
                page,
                "| {} million | {:.1} s | {:.1} s | {:.0} MiB | {} | {} | {} | {} |",
                point.millions,
                point.load_s,
                point.load_processor_s,
                point.load_mib,
                small[0],
                small[1],
                everything[0],
                everything[1]
            );
        }
        page
    }

    fn plot(&self) -> String {
        let (width, height) = (2.0 * WIDTH, 2.0 * HEIGHT);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"11\" role=\"img\" \
             aria-label=\"Time and memory by the number of transfers\">\n<style>\n\
             .paper{{fill:#fff}} text{{fill:#222}} .axis{{stroke:#bbb;fill:none}} .line{{fill:none;stroke-width:2}}\n\
             .a{{stroke:#0b62a4}} .b{{stroke:#c2571a}} text.a{{fill:#0b62a4;stroke:none}} text.b{{fill:#c2571a;stroke:none}}\n\
             circle.a{{fill:#0b62a4}} circle.b{{fill:#c2571a}}\n\
             @media (prefers-color-scheme: dark){{.paper{{fill:#16181c}} text{{fill:#ddd}} .axis{{stroke:#555}}\n\
             .a{{stroke:#6cb6ff}} .b{{stroke:#f0965a}} text.a{{fill:#6cb6ff}} text.b{{fill:#f0965a}} circle.a{{fill:#6cb6ff}} circle.b{{fill:#f0965a}}}}\n\
             </style>\n<rect class=\"paper\" width=\"{width}\" height=\"{height}\"/>\n"
        );
        for (place, panel) in PANELS.iter().enumerate() {
            let at = ((place % 2) as f64 * WIDTH, (place / 2) as f64 * HEIGHT);
            self.panel(panel, at, &mut svg);
        }
        svg + "</svg>\n"
    }

    fn panel(&self, (title, lines): &Panel, (left, top): (f64, f64), svg: &mut String) {
        let most = |of: &dyn Fn(&Point) -> f64| self.points.iter().map(of).fold(0.0_f64, f64::max);
        let last = most(&|point| point.millions as f64).max(1.0);
        let highest = nice(lines.iter().map(|(.., of)| most(of)).fold(0.0_f64, f64::max));
        let (from, to) = (left + MARGIN, left + WIDTH - 18.0);
        let (floor, ceiling) = (top + HEIGHT - 30.0, top + 34.0);
        let x = |millions: f64| from + millions / last * (to - from);
        let y = |value: f64| floor - value / highest * (floor - ceiling);
        let mut add = |text: String| svg.push_str(&(text + "\n"));
        add(format!("<text x=\"{from}\" y=\"{}\" font-weight=\"bold\">{title}</text>", top + 16.0));
        add(format!("<path class=\"axis\" d=\"M{from} {ceiling}V{floor}H{to}\"/>"));
        for part in [0.0, 0.5, 1.0] {
            let value = highest * part;
            add(format!(
                "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                from - 6.0,
                y(value) + 4.0,
                value
            ));
            let millions = last * part;
            let unit = if part == 1.0 { " M" } else { "" };
            add(format!(
                "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{millions}{unit}</text>",
                x(millions),
                floor + 16.0
            ));
        }
        for (number, (name, class, of)) in lines.iter().enumerate() {
            let places: Vec<_> =
                self.points.iter().map(|point| (x(point.millions as f64), y(of(point)))).collect();
            let path: Vec<_> = places.iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
            add(format!("<path class=\"line {class}\" d=\"M{}\"/>", path.join("L")));
            places.iter().for_each(|(x, y)| {
                add(format!("<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\"/>"))
            });
            let under = top + 48.0 + number as f64 * 15.0;
            add(format!("<text class=\"{class}\" x=\"{}\" y=\"{under}\">{name}</text>", from + 8.0));
        }
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
    fn a_plot_has_every_point_and_a_page_every_row() {
        let point = |millions: u64| Point {
            millions,
            load_s: millions as f64,
            load_processor_s: 1.5 * millions as f64,
            load_mib: 100.0,
            small_ms: [(4.0, 3.0); 2],
            everything_ms: [(9.0, 8.0); 2],
            follow_mib: 50.0,
        };
        let growth = Growth { points: [1, 2, 10].map(point).to_vec() };
        let plot = growth.plot();
        assert_eq!(plot.matches("<circle").count(), 3 * 2 * PANELS.len());
        assert!(!plot.contains("NaN") && !plot.contains("inf"));
        assert_eq!(growth.page().matches(" million |").count(), 3);
    }

    #[test]
    fn axes_end_at_round_numbers() {
        for (value, expected) in [(0.7, 0.8), (3.0, 4.0), (41.0, 50.0), (100.0, 100.0), (101.0, 200.0)] {
            assert!((nice(value) - expected).abs() < 1e-9, "{value}: {}", nice(value));
        }
    }
}
