//! The figures, as they come: a row at once for people, one JSON object at the end for programs.

use serde_json::{Map, Value, json};

/// Collects rows.
pub(crate) struct Table {
    json: bool,
    rows: Map<String, Value>,
}

/// One figure.
pub(crate) struct Figure<'a> {
    /// What was measured.
    pub(crate) name: &'a str,
    /// How much.
    pub(crate) value: f64,
    /// Of what.
    pub(crate) unit: &'a str,
    /// What it is to be, as text: `≥ 100,000`.
    pub(crate) goal: &'a str,
    /// What it is compared with, and the ratio to it.
    pub(crate) ratio: Option<(&'a str, f64)>,
}

impl Table {
    pub(crate) fn new(json: bool) -> Self {
        if !json {
            println!("{:<44} {:>14} {:<10} {:<12} ratio", "what", "measured", "unit", "goal");
        }
        Self { json, rows: Map::new() }
    }

    pub(crate) fn add(&mut self, figure: &Figure<'_>) {
        let Figure { name, value, unit, goal, ratio } = figure;
        if !self.json {
            let ratio = ratio.map_or_else(String::new, |(to, ratio)| format!("{ratio:.2} of {to}"));
            println!("{name:<44} {:>14} {unit:<10} {goal:<12} {ratio}", grouped(*value));
        }
        let ratio = ratio.map(|(to, ratio)| json!({ "to": to, "ratio": ratio }));
        self.rows.insert(
            (*name).to_owned(),
            json!({ "value": value, "unit": unit, "goal": goal, "ratio": ratio }),
        );
    }

    pub(crate) fn finish(self) {
        if self.json {
            println!("{}", Value::Object(self.rows));
        }
    }
}

/// A number as people read it: thousands apart, two digits below ten.
fn grouped(value: f64) -> String {
    if value.abs() < 10.0 {
        return format!("{value:.2}");
    }
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
