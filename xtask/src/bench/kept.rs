//! The figures that are kept in docs/benchmarks.json: of each the last, with the day, the version and the machine.

use std::path::Path;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use super::machine::Machine;
use super::table::Row;

/// Where they are kept, from the root of the project.
pub(crate) const FILE: &str = "docs/benchmarks.json";

/// All figures, in the order in which their groups first came.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// The machine and what ran on it when the last of them was measured.
    pub(crate) machine: Machine,
    pub(crate) figures: Vec<KeptRow>,
}

/// A figure and when it was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct KeptRow {
    /// The day, as `2026-11-30`.
    pub(crate) on: String,
    #[serde(flatten)]
    pub(crate) row: Row,
}

impl Kept {
    /// What is kept under `root`; nothing if nothing was kept yet.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let file = root.join(FILE);
        if !file.exists() {
            return Ok(Self::default());
        }
        serde_json::from_str(&std::fs::read_to_string(&file)?).context(FILE)
    }

    /// Takes new figures in: one of the same name in the same group goes, others stay.
    pub(crate) fn take(&mut self, machine: Machine, on: &str, rows: Vec<Row>) {
        self.machine = machine;
        for row in rows {
            let new = KeptRow { on: on.to_owned(), row };
            let is_it =
                |kept: &&mut KeptRow| kept.row.group == new.row.group && kept.row.name == new.row.name;
            if let Some(old) = self.figures.iter_mut().find(is_it) {
                *old = new;
                continue;
            }
            let group_ends = self.figures.iter().rposition(|kept| kept.row.group == new.row.group);
            self.figures.insert(group_ends.map_or(self.figures.len(), |at| at + 1), new);
        }
    }

    /// A figure by its name.
    pub(crate) fn find(&self, name: &str) -> Option<&Row> {
        self.figures.iter().map(|kept| &kept.row).find(|row| row.name == name)
    }

    pub(crate) fn write(&self, root: &Path) -> Result<()> {
        Ok(std::fs::write(root.join(FILE), serde_json::to_string_pretty(self)? + "\n")?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(group: &str, name: &str, value: f64) -> Row {
        let text = str::to_owned;
        Row { group: text(group), name: text(name), value, unit: text("s"), goal: String::new(), ratio: None }
    }

    #[test]
    fn a_new_figure_takes_the_place_of_the_old_one_and_groups_stay_together() {
        let mut kept = Kept::default();
        kept.take(Machine::default(), "2026-01-01", vec![row("a", "x", 1.0), row("b", "x", 2.0)]);
        kept.take(Machine::default(), "2026-01-02", vec![row("a", "y", 3.0), row("a", "x", 4.0)]);
        let told: Vec<_> = kept
            .figures
            .iter()
            .map(|kept| (kept.on.as_str(), kept.row.group.as_str(), kept.row.name.as_str(), kept.row.value))
            .collect();
        assert_eq!(
            told,
            [("2026-01-02", "a", "x", 4.0), ("2026-01-02", "a", "y", 3.0), ("2026-01-01", "b", "x", 2.0)]
        );
    }
}
