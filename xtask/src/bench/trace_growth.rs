//! How time and memory grow with the transfers: a page with a table, and a plot.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;

use super::plot::{self, Line, Panel, Scale};

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

/// A line of the plot: its name, and its value at a point.
type Of = (&'static str, fn(&Point) -> f64);

const PANELS: [(&str, [Of; 2]); 4] = [
    (
        "Loading, seconds",
        [("by the clock", |point| point.load_s), ("of the processors", |point| point.load_processor_s)],
    ),
    ("Memory, MiB", [("loading", |point| point.load_mib), ("following", |point| point.follow_mib)]),
    (
        "50 thefts through everything, ms",
        [("haircut", |point| point.everything_ms[0].1), ("FIFO", |point| point.everything_ms[1].1)],
    ),
    (
        "10,000 addresses reached, ms",
        [("haircut", |point| point.small_ms[0].1), ("FIFO", |point| point.small_ms[1].1)],
    ),
];

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
        let line = |(name, of): &Of| {
            let points = self.points.iter().map(|point| (point.millions as f64 * 1e6, of(point))).collect();
            Line { name, points }
        };
        let panel = |(title, lines): &(&'static str, [Of; 2])| Panel {
            title,
            lines: lines.iter().map(line).collect(),
        };
        let panels: Vec<Panel> = PANELS.iter().map(panel).collect();
        plot::draw("Time and memory by the number of transfers", "", Scale::Linear, &panels)
    }
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
        assert_eq!(growth.page().matches(" million |").count(), 3);
    }
}
