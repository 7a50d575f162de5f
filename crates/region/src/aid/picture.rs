//! Need by project as a picture (SVG): countries down, capabilities across, in each cell how the need is served.
//!
//! Colours are of Okabe and Ito's palette, as those of gaps; a sign in each cell says the same in black, so that it prints.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::coverage::{Cell, Coverage, State};
use super::words;
use crate::capacity::words::Language;
use crate::transit::Country;
use crate::world::escaped;

/// The most rows and columns that are drawn; what is more is counted.
const ROWS_MAX: usize = 260;
const COLUMNS_MAX: usize = 24;

const CELL: usize = 36;
const LINE: usize = 22;
const LEFT: usize = 220;
const TOP: usize = 150;
/// Characters of a country's name that fit.
const NAME_CHARS: usize = 30;

/// All states, the worst last.
pub const STATES: [State; 4] = [State::Covered, State::Planned, State::Over, State::Never];

const fn class(state: State) -> &'static str {
    match state {
        State::Covered => "covered",
        State::Planned => "planned",
        State::Over => "over",
        State::Never => "never",
    }
}

/// What is in a cell, in signs: how it is served, by how many, `+` for overlaps, `!` for an end with nothing after it.
#[must_use]
pub fn signs(cell: &Cell) -> String {
    let count = match cell.projects.len() {
        0 => String::new(),
        count => count.to_string(),
    };
    let overlap = if cell.overlapping > 0 { "+" } else { "" };
    let end = if cell.endings.is_empty() { "" } else { "!" };
    format!("{}{count}{overlap}{end}", words::sign(cell.state))
}

/// The capabilities of a coverage, in their order.
#[must_use]
pub fn columns(coverage: &Coverage) -> Vec<&str> {
    let all: BTreeSet<&str> = coverage.cells.iter().map(|cell| cell.need.capability.as_str()).collect();
    all.into_iter().collect()
}

/// Need by project; `named` says what a country is called.
#[must_use]
pub fn svg(coverage: &Coverage, named: impl Fn(Country) -> String, language: Language) -> String {
    let columns = columns(coverage);
    let mut rows: BTreeMap<Country, BTreeMap<&str, &Cell>> = BTreeMap::new();
    for cell in &coverage.cells {
        rows.entry(cell.need.country).or_default().insert(&cell.need.capability, cell);
    }
    let (more_rows, more_columns) =
        (rows.len().saturating_sub(ROWS_MAX), columns.len().saturating_sub(COLUMNS_MAX));
    let (shown_rows, shown_columns) = (rows.len() - more_rows, columns.len() - more_columns);
    let (width, height) = ((LEFT + CELL * shown_columns + 120).max(640), TOP + LINE * shown_rows + 74);
    let title = language.pick(("Needs by projects", "필요 역량과 원조 사업"));
    let mut out = String::with_capacity(3_000 + shown_rows * 1_000);
    // Writing to a text does not fail.
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" id=\"coverage\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"12\" role=\"img\" aria-label=\"{title}\"><title>{title}</title><style>{STYLE}</style>\
         <rect class=\"ground\" width=\"{width}\" height=\"{height}\"/>"
    );
    for (at, capability) in columns.iter().take(COLUMNS_MAX).enumerate() {
        let _ = write!(
            out,
            "<text class=\"word\" transform=\"translate({} {}) rotate(-50)\">{}</text>",
            LEFT + CELL * at + CELL / 2,
            TOP - 8,
            escaped(words::capability(capability, language))
        );
    }
    for (at, (country, cells)) in rows.iter().take(ROWS_MAX).enumerate() {
        let y = TOP + LINE * at;
        let name: String = named(*country).chars().take(NAME_CHARS).collect();
        let _ =
            write!(out, "<text class=\"word\" x=\"4\" y=\"{}\">{} {country}</text>", y + 15, escaped(&name));
        for (column, capability) in columns.iter().take(COLUMNS_MAX).enumerate() {
            if let Some(cell) = cells.get(capability) {
                draw(&mut out, cell, (LEFT + CELL * column, y), language);
            }
        }
    }
    legend(&mut out, TOP + LINE * shown_rows + 28, (more_rows, more_columns), language);
    out.push_str("</svg>\n");
    out
}

fn draw(out: &mut String, cell: &Cell, (x, y): (usize, usize), language: Language) {
    let told = format!(
        "{} {}: {}",
        cell.need.country,
        words::capability(&cell.need.capability, language),
        words::state(cell.state, language)
    );
    let _ = write!(
        out,
        "<g><title>{}</title><rect class=\"{}\" x=\"{x}\" y=\"{y}\" width=\"{CELL}\" height=\"{LINE}\"/>\
         <text class=\"sign\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text></g>",
        escaped(&told),
        class(cell.state),
        x + CELL / 2,
        y + 15,
        signs(cell)
    );
}

fn legend(out: &mut String, y: usize, (rows, columns): (usize, usize), language: Language) {
    for (at, state) in STATES.into_iter().enumerate() {
        let x = 4 + at * 130;
        let _ = write!(
            out,
            "<rect class=\"{}\" x=\"{x}\" y=\"{}\" width=\"16\" height=\"16\"/><text class=\"sign\" x=\"{}\" y=\"{y}\" text-anchor=\"middle\">{}</text>\
             <text class=\"word\" x=\"{}\" y=\"{y}\">{}</text>",
            class(state),
            y - 12,
            x + 8,
            words::sign(state),
            x + 22,
            words::state(state, language)
        );
    }
    let mut note = language
        .pick((
            "Number: projects. +: several donors at one time. !: it ends, and nothing follows.",
            "숫자: 사업 수. +: 여러 공여자가 동시에 지원. !: 곧 끝나며 후속 사업 없음.",
        ))
        .to_owned();
    if rows + columns > 0 {
        let _ = write!(
            note,
            " {}: {rows} + {columns}",
            language.pick(("Not drawn (rows + columns)", "그리지 않음(행 + 열)"))
        );
    }
    let _ = write!(out, "<text class=\"word\" x=\"4\" y=\"{}\">{}</text>", y + 28, escaped(&note));
}

const STYLE: &str = "#coverage .ground{fill:#fff}#coverage .word{fill:#1b1f24}#coverage .sign{fill:#000}#coverage rect{stroke:#767676;stroke-width:.5}#coverage .ground{stroke:none}\
#coverage .covered{fill:#56b4e9}#coverage .planned{fill:#f0e442}#coverage .over{fill:#d9d9d9}#coverage .never{fill:#e8853d}\
@media (prefers-color-scheme:dark){#coverage .ground{fill:#1c1f25}#coverage .word{fill:#e8e6e1}}\
@media print{#coverage .ground{fill:#fff}#coverage .word{fill:#000}}";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aid::Need;
    use crate::aid::coverage::coverage;
    use jiff::civil::date;

    #[test]
    fn a_picture_says_in_signs_what_it_says_in_colours_and_escapes_names() {
        let need = |code: &str, capability: &str| Need {
            country: Country::parse(code).unwrap(),
            capability: capability.to_owned(),
            reasons: Vec::new(),
            weight: 1.0,
        };
        let told = coverage(&[need("KH", "skills"), need("VN", "<b>-networks")], &[], date(2026, 6, 1));
        let svg = svg(&told, |country| format!("<{country}>"), Language::Korean);
        assert!(svg.contains("&lt;KH&gt;") && !svg.contains("<KH>") && !svg.contains("<b>"));
        for state in STATES {
            assert!(svg.contains(words::sign(state)) && svg.contains(class(state)), "{state:?}");
        }
        let mut reader = quick_xml::Reader::from_str(&svg);
        while reader.read_event().unwrap() != quick_xml::events::Event::Eof {}
    }
}
