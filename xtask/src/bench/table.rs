//! The figures, as they come: a row at once for people, one JSON object at the end for programs, and a list to keep.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Collects rows.
pub(crate) struct Table {
    json: bool,
    group: String,
    rows: Vec<Row>,
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

/// A figure as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    /// What was being measured when it came: the benchmark's name.
    pub(crate) group: String,
    pub(crate) name: String,
    pub(crate) value: f64,
    pub(crate) unit: String,
    pub(crate) goal: String,
    pub(crate) ratio: Option<Ratio>,
}

/// What a figure is compared with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ratio {
    pub(crate) to: String,
    pub(crate) ratio: f64,
}

impl Table {
    pub(crate) fn new(json: bool) -> Self {
        if !json {
            println!("{:<44} {:>14} {:<10} {:<12} ratio", "what", "measured", "unit", "goal");
        }
        Self { json, group: String::new(), rows: Vec::new() }
    }

    /// What comes now belongs to this benchmark.
    pub(crate) fn about(&mut self, group: &str) {
        group.clone_into(&mut self.group);
    }

    pub(crate) fn add(&mut self, figure: &Figure<'_>) {
        let Figure { name, value, unit, goal, ratio } = figure;
        if !self.json {
            let ratio = ratio.map_or_else(String::new, |(to, ratio)| format!("{ratio:.2} of {to}"));
            println!("{name:<44} {:>14} {unit:<10} {goal:<12} {ratio}", grouped(*value));
        }
        let text = |text: &str| text.to_owned();
        let ratio = ratio.map(|(to, ratio)| Ratio { to: text(to), ratio });
        let group = self.group.clone();
        self.rows.push(Row {
            group,
            name: text(name),
            value: *value,
            unit: text(unit),
            goal: text(goal),
            ratio,
        });
    }

    /// Prints what programs read, and gives the rows.
    pub(crate) fn finish(self) -> Vec<Row> {
        if self.json {
            let of = |row: &Row| {
                let Row { value, unit, goal, ratio, .. } = row;
                (row.name.clone(), json!({ "value": value, "unit": unit, "goal": goal, "ratio": ratio }))
            };
            println!("{}", Value::Object(self.rows.iter().map(of).collect::<Map<_, _>>()));
        }
        self.rows
    }
}

/// A number as people read it: thousands apart, two digits below ten.
pub(crate) fn grouped(value: f64) -> String {
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
