//! Precision and recall over the threshold, as an SVG picture that follows the reader's light or dark mode and runs nothing.

use std::fmt::Write as _;

use super::calibrate::{Calibration, Row};
use super::weights::Weights;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 400.0;
/// The plot's edges: left, top, right, bottom.
const EDGES: (f64, f64, f64, f64) = (60.0, 40.0, 620.0, 340.0);

const STYLE: &str = "svg{color-scheme:light dark;font:14px system-ui,sans-serif}.ground{fill:#fff}.ink{fill:#222}.rule{stroke:#999;stroke-width:1;fill:none}\
.precision{stroke:#0b5fa5;fill:none;stroke-width:3}.recall{stroke:#b3450f;fill:none;stroke-width:3;stroke-dasharray:8 4}.mark{stroke:#666;stroke-dasharray:2 4}\
@media(prefers-color-scheme:dark){.ground{fill:#16181c}.ink{fill:#e8e8e8}.rule{stroke:#666}.precision{stroke:#6cb6ff}.recall{stroke:#ff9a5c}.mark{stroke:#aaa}}";

fn across(threshold: u32) -> f64 {
    EDGES.0 + (EDGES.2 - EDGES.0) * f64::from(threshold) / 100.0
}

fn up(share: f64) -> f64 {
    EDGES.3 - (EDGES.3 - EDGES.1) * share
}

/// Points of a line; where nothing is found there is no precision, and the line ends.
fn points(calibration: &Calibration, share: fn(&Row) -> Option<f64>) -> String {
    let points = calibration
        .rows
        .iter()
        .filter_map(|row| share(row).map(|share| format!("{:.1},{:.1}", across(row.threshold), up(share))));
    points.collect::<Vec<_>>().join(" ")
}

/// The picture: both curves, and where `look` and `threshold` lie.
#[must_use]
pub fn curve(calibration: &Calibration, weights: &Weights) -> String {
    let (left, top, right, bottom) = EDGES;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-labelledby=\"title\">\
        <title id=\"title\">Precision and recall of persona scores over the threshold</title><style>{STYLE}</style>\
        <rect class=\"ground\" width=\"{WIDTH}\" height=\"{HEIGHT}\"/>"
    );
    // Writing to a string does not fail.
    for share in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let y = up(share);
        let _ = write!(svg, "<path class=\"rule\" d=\"M{left} {y:.1}H{right}\"/>");
        let _ = write!(
            svg,
            "<text class=\"ink\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{:.0}%</text>",
            left - 8.0,
            y + 5.0,
            share * 100.0
        );
    }
    for threshold in [0, 20, 40, 60, 80, 100] {
        let _ = write!(
            svg,
            "<text class=\"ink\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{threshold}</text>",
            across(threshold),
            bottom + 20.0
        );
    }
    for (name, threshold) in [("look", weights.look), ("threshold", weights.threshold)] {
        let x = across(threshold);
        let _ = write!(
            svg,
            "<path class=\"mark\" d=\"M{x:.1} {top}V{bottom}\"/><text class=\"ink\" x=\"{:.1}\" y=\"{:.1}\">{name}</text>",
            x + 4.0,
            top - 6.0
        );
    }
    let _ = write!(svg, "<polyline class=\"precision\" points=\"{}\"/>", points(calibration, Row::precision));
    let _ = write!(svg, "<polyline class=\"recall\" points=\"{}\"/>", points(calibration, Row::recall));
    let foot = HEIGHT - 14.0;
    let _ = writeln!(
        svg,
        "<path class=\"precision\" d=\"M{left} {0}h40\"/><text class=\"ink\" x=\"{1}\" y=\"{foot}\">precision</text>\
        <path class=\"recall\" d=\"M{2} {0}h40\"/><text class=\"ink\" x=\"{3}\" y=\"{foot}\">recall</text>\
        <text class=\"ink\" x=\"{right}\" y=\"{foot}\" text-anchor=\"end\">points</text></svg>",
        foot - 5.0,
        left + 48.0,
        left + 160.0,
        left + 208.0
    );
    svg
}
