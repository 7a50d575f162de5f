//! How good scores are on applications of which it is known what they were: precision and recall at each threshold.
//!
//! Source: C. Manning, P. Raghavan, H. Schütze, "Introduction to Information Retrieval", section 8.3 and 8.4.

/// The highest threshold.
const THRESHOLD_MAX: u32 = 100;
/// Thresholds are this far apart.
const STEP: u32 = 5;

/// An application of which it is known what it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Labelled {
    /// Its score.
    pub score: u32,
    /// Whether it was a persona's.
    pub is_persona: bool,
}

/// What comes of one threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The threshold, from which on an application counts as found.
    pub threshold: u32,
    /// Personas that are found.
    pub found: usize,
    /// Others that are found.
    pub wrong: usize,
    /// Personas that are not found.
    pub missed: usize,
    /// Others that are not found.
    pub passed: usize,
}

impl Row {
    /// The share of personas among what is found; `None` if nothing is.
    #[must_use]
    pub fn precision(&self) -> Option<f64> {
        ratio(self.found, self.found + self.wrong)
    }

    /// The share of personas that are found; `None` if there are none.
    #[must_use]
    pub fn recall(&self) -> Option<f64> {
        ratio(self.found, self.found + self.missed)
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of applications are small")]
fn ratio(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Rows for thresholds of 5, 10, … 100.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calibration {
    /// The rows, by threshold.
    pub rows: Vec<Row>,
}

/// Counts what comes of each threshold.
#[must_use]
pub fn calibrate(labelled: &[Labelled]) -> Calibration {
    let count = |threshold: u32, is_found: bool, is_persona: bool| {
        labelled
            .iter()
            .filter(|one| (one.score >= threshold) == is_found && one.is_persona == is_persona)
            .count()
    };
    let row = |threshold: u32| Row {
        threshold,
        found: count(threshold, true, true),
        wrong: count(threshold, true, false),
        missed: count(threshold, false, true),
        passed: count(threshold, false, false),
    };
    Calibration { rows: (1..=THRESHOLD_MAX / STEP).map(|step| row(step * STEP)).collect() }
}
