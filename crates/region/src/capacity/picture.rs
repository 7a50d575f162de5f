//! The matrix of countries by capability as a picture (SVG), as a table (CSV), and as JSON.
//!
//! Colours are of Okabe and Ito's palette, which is told apart with any colour vision; a sign in each cell says the same in black
//! on white.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::capability::Capability;
use super::evidence::{Evidence, What};
use super::gap::{Cell, Row, State};
use super::words::Language;
use crate::aid::Need;
use crate::text::harmless;
use crate::world::escaped;

const CELL: usize = 26;
const LINE: usize = 22;
const LEFT: usize = 260;
const TOP: usize = 150;
/// Characters of a row's title that fit.
const TITLE_CHARS: usize = 38;

const fn colour(state: State) -> &'static str {
    match state {
        State::NotCalled => "#ffffff",
        State::There => "#56b4e9",
        State::Partly => "#f0e442",
        State::Missing => "#d55e00",
        State::Unknown => "#d9d9d9",
    }
}

/// The matrix as SVG: a line for each row, a column for each capability, and what the signs mean.
#[must_use]
pub fn svg(rows: &[Row], language: Language) -> String {
    let (width, height) = (LEFT + CELL * Capability::COUNT + 130, TOP + LINE * rows.len() + 60);
    let title = language.pick(("Countries by capability: gaps", "국가별 역량: 격차"));
    let mut out = String::with_capacity(2_000 + rows.len() * 1_200);
    // Writing to a text does not fail.
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"matrix\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"12\" role=\"img\" aria-label=\"{title}\"><title>{title}</title>\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>"
    );
    for (at, capability) in Capability::ALL.into_iter().enumerate() {
        let (x, y) = (LEFT + CELL * at + CELL / 2 + 4, TOP - 8);
        let _ = write!(
            out,
            "<text transform=\"translate({x} {y}) rotate(-50)\" fill=\"#000000\">{}</text>",
            capability.words(language)
        );
    }
    for (at, row) in rows.iter().enumerate() {
        let y = TOP + LINE * at;
        let title: String = row.title().chars().take(TITLE_CHARS).collect();
        let _ = write!(out, "<text x=\"4\" y=\"{}\" fill=\"#000000\">{}</text>", y + 15, escaped(&title));
        for (column, cell) in row.cells.iter().enumerate() {
            let x = LEFT + CELL * column;
            let _ = write!(
                out,
                "<rect x=\"{x}\" y=\"{y}\" width=\"{CELL}\" height=\"{LINE}\" fill=\"{}\" stroke=\"#767676\" stroke-width=\"0.5\"/>\
                 <text x=\"{}\" y=\"{}\" text-anchor=\"middle\" fill=\"#000000\">{}</text>",
                colour(cell.state),
                x + CELL / 2,
                y + 15,
                cell.state.sign()
            );
        }
    }
    let y = TOP + LINE * rows.len() + 30;
    for (at, state) in State::ALL.into_iter().enumerate() {
        let x = 4 + at * 118;
        let _ = write!(
            out,
            "<rect x=\"{x}\" y=\"{}\" width=\"16\" height=\"16\" fill=\"{}\" stroke=\"#767676\" stroke-width=\"0.5\"/>\
             <text x=\"{}\" y=\"{y}\" text-anchor=\"middle\" fill=\"#000000\">{}</text>\
             <text x=\"{}\" y=\"{y}\" fill=\"#000000\">{}</text>",
            y - 12,
            colour(state),
            x + 8,
            state.sign(),
            x + 20,
            state.words(language)
        );
    }
    out.push_str("</svg>\n");
    out
}

/// The cells as CSV, a line each, with their reasons.
#[must_use]
pub fn csv(rows: &[Row], language: Language) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let header = ["country", "name", "member", "capability", "state", "basis", "reasons"];
    // What is written to memory does not fail.
    let _ = writer.write_record(header);
    for row in rows {
        for cell in &row.cells {
            let _ = writer.write_record([
                row.country.map(|country| country.code().to_owned()).unwrap_or_default(),
                harmless(row.name.clone()),
                row.member.as_ref().map(|party| party.handle.clone()).unwrap_or_default(),
                cell.capability.name().to_owned(),
                cell.state.name().to_owned(),
                cell.basis.map(|basis| basis.name().to_owned()).unwrap_or_default(),
                harmless(cell.reasons(language).join("; ")),
            ]);
        }
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

/// Needs as the table that [`crate::aid::need::read`] reads.
#[must_use]
pub fn needs_csv(needs: &[Need]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // What is written to memory does not fail.
    let _ = writer.write_record(["country", "capability", "reasons", "weight"]);
    for need in needs {
        let reasons: Vec<String> = need.reasons.iter().map(|reason| reason.replace(';', ",")).collect();
        let _ = writer.write_record([
            need.country.code(),
            &need.capability,
            &harmless(reasons.join("; ")),
            &need.weight.to_string(),
        ]);
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

/// A row as JSON, with the reasons of each cell.
#[must_use]
pub fn json(row: &Row, language: Language) -> Value {
    json!({
        "country": row.country.map(|country| country.code().to_owned()),
        "iso3": row.country.map(super::country::alpha3),
        "name": row.name,
        "member": row.member.as_ref().map(|party| &party.handle),
        "place": row.place(),
        "cells": row.cells.iter().map(|cell| cell_json(cell, language)).collect::<Vec<_>>(),
    })
}

fn cell_json(cell: &Cell, language: Language) -> Value {
    let calls = cell.calls.iter().map(
        |(threat, seen)| json!({"threat": threat.name(), "seen": seen.count, "last": seen.last.to_string()}),
    );
    let evidence = cell.evidence.iter().map(|one| evidence_json(one, language));
    json!({
        "capability": cell.capability.name(), "state": cell.state.name(), "gap": cell.state.is_gap(),
        "basis": cell.basis.map(super::evidence::Basis::name),
        "called_for_by": calls.collect::<Vec<_>>(), "evidence": evidence.collect::<Vec<_>>(),
    })
}

fn evidence_json(one: &Evidence, language: Language) -> Value {
    let mut shown = json!({
        "basis": one.basis.name(), "verdict": one.verdict.words(Language::English), "what": one.words(language), "of": one.day,
    });
    if let What::Public(figure) = &one.what {
        shown["figure"] = json!({
            "model": figure.model, "year": figure.year, "indicator": figure.indicator, "value": figure.value,
            "max": figure.max, "source": figure.source,
        });
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::super::evidence::{Basis, Verdict};
    use super::super::gap::Party;
    use super::super::gap::tests::{demand, evidence};
    use super::*;

    fn row() -> Row {
        let country = super::super::country::of("KH").unwrap();
        let there = [(Capability::DnsFiltering, evidence(Basis::Measured, Verdict::Partly))];
        let party = Party { handle: "kh".to_owned(), name: "=<CERT> & \"co\"".to_owned() };
        Row::of((Some(country), "Cambodia".to_owned()), Some(party), &demand(), &there)
    }

    #[test]
    fn a_picture_says_in_signs_what_it_says_in_colours_and_escapes_names() {
        let svg = svg(&[row()], Language::Korean);
        assert!(svg.contains("&lt;CERT&gt; &amp; &quot;co&quot;") && !svg.contains("<CERT"));
        for state in State::ALL {
            assert!(svg.contains(state.sign()) && svg.contains(colour(state)), "{state:?}");
        }
        let mut reader = quick_xml::Reader::from_str(&svg);
        while reader.read_event().unwrap() != quick_xml::events::Event::Eof {}
    }

    #[test]
    fn a_table_has_a_line_for_each_cell_and_no_formulas() {
        let hostile = Row { name: "=1+1".to_owned(), ..row() };
        let text = csv(&[row(), hostile], Language::English);
        assert_eq!(text.lines().count(), 1 + 2 * Capability::COUNT);
        let first = text.lines().nth(1).unwrap();
        assert!(first.starts_with("KH,Cambodia,kh,dns-filtering,partly,measured,"), "{first}");
        assert!(text.contains("'=1+1") && !text.contains(",=1+1"));
    }

    #[test]
    fn json_has_figures_with_their_sources() {
        let shown = json(&row(), Language::English);
        assert_eq!(shown["iso3"], "KHM");
        assert_eq!(shown["cells"][0]["called_for_by"][0]["seen"], 3);
        assert_eq!(shown["cells"][0]["evidence"][0]["of"], "2026-11-01");
    }
}
