//! CVSS scores: whether they have the form of their schema, agree with their vector, and are computed rightly.
//!
//! A score says everything twice, in a vector and in properties, and a third time as a number. What differs is shown
//! with both values. Rounding is done in whole tenths as version 3.1 demands, so that no binary fraction decides.
//!
//! Source: FIRST, CVSS v2.0 (3.2), v3.0 (8), v3.1 (7 and appendix A), and their JSON schemas; CSAF 2.0, 6.1.8 to 6.1.10.

use serde_json::{Map, Value};

/// One metric: its name in the vector, its property, and its values with their names in the property.
struct Metric {
    short: &'static str,
    property: &'static str,
    values: &'static [(&'static str, &'static str)],
    is_base: bool,
}

const fn base(
    short: &'static str,
    property: &'static str,
    values: &'static [(&'static str, &'static str)],
) -> Metric {
    Metric { short, property, values, is_base: true }
}

const fn more(
    short: &'static str,
    property: &'static str,
    values: &'static [(&'static str, &'static str)],
) -> Metric {
    Metric { short, property, values, is_base: false }
}

type Values = &'static [(&'static str, &'static str)];
const AV3: Values = &[("N", "NETWORK"), ("A", "ADJACENT_NETWORK"), ("L", "LOCAL"), ("P", "PHYSICAL")];
const MAV3: Values =
    &[("X", "NOT_DEFINED"), ("N", "NETWORK"), ("A", "ADJACENT_NETWORK"), ("L", "LOCAL"), ("P", "PHYSICAL")];
const LOW_HIGH: Values = &[("L", "LOW"), ("H", "HIGH")];
const M_LOW_HIGH: Values = &[("X", "NOT_DEFINED"), ("L", "LOW"), ("H", "HIGH")];
const NONE_LOW_HIGH: Values = &[("N", "NONE"), ("L", "LOW"), ("H", "HIGH")];
const M_NONE_LOW_HIGH: Values = &[("X", "NOT_DEFINED"), ("N", "NONE"), ("L", "LOW"), ("H", "HIGH")];
const UI3: Values = &[("N", "NONE"), ("R", "REQUIRED")];
const MUI3: Values = &[("X", "NOT_DEFINED"), ("N", "NONE"), ("R", "REQUIRED")];
const SCOPE: Values = &[("U", "UNCHANGED"), ("C", "CHANGED")];
const M_SCOPE: Values = &[("X", "NOT_DEFINED"), ("U", "UNCHANGED"), ("C", "CHANGED")];
const E3: Values =
    &[("X", "NOT_DEFINED"), ("U", "UNPROVEN"), ("P", "PROOF_OF_CONCEPT"), ("F", "FUNCTIONAL"), ("H", "HIGH")];
const RL3: Values = &[
    ("X", "NOT_DEFINED"),
    ("O", "OFFICIAL_FIX"),
    ("T", "TEMPORARY_FIX"),
    ("W", "WORKAROUND"),
    ("U", "UNAVAILABLE"),
];
const RC3: Values = &[("X", "NOT_DEFINED"), ("U", "UNKNOWN"), ("R", "REASONABLE"), ("C", "CONFIRMED")];
const REQ3: Values = &[("X", "NOT_DEFINED"), ("L", "LOW"), ("M", "MEDIUM"), ("H", "HIGH")];

const V3: [Metric; 22] = [
    base("AV", "attackVector", AV3),
    base("AC", "attackComplexity", LOW_HIGH),
    base("PR", "privilegesRequired", NONE_LOW_HIGH),
    base("UI", "userInteraction", UI3),
    base("S", "scope", SCOPE),
    base("C", "confidentialityImpact", NONE_LOW_HIGH),
    base("I", "integrityImpact", NONE_LOW_HIGH),
    base("A", "availabilityImpact", NONE_LOW_HIGH),
    more("E", "exploitCodeMaturity", E3),
    more("RL", "remediationLevel", RL3),
    more("RC", "reportConfidence", RC3),
    more("CR", "confidentialityRequirement", REQ3),
    more("IR", "integrityRequirement", REQ3),
    more("AR", "availabilityRequirement", REQ3),
    more("MAV", "modifiedAttackVector", MAV3),
    more("MAC", "modifiedAttackComplexity", M_LOW_HIGH),
    more("MPR", "modifiedPrivilegesRequired", M_NONE_LOW_HIGH),
    more("MUI", "modifiedUserInteraction", MUI3),
    more("MS", "modifiedScope", M_SCOPE),
    more("MC", "modifiedConfidentialityImpact", M_NONE_LOW_HIGH),
    more("MI", "modifiedIntegrityImpact", M_NONE_LOW_HIGH),
    more("MA", "modifiedAvailabilityImpact", M_NONE_LOW_HIGH),
];

const IMPACT2: Values = &[("N", "NONE"), ("P", "PARTIAL"), ("C", "COMPLETE")];
const REQ2: Values = &[("ND", "NOT_DEFINED"), ("L", "LOW"), ("M", "MEDIUM"), ("H", "HIGH")];

const V2: [Metric; 14] = [
    base("AV", "accessVector", &[("N", "NETWORK"), ("A", "ADJACENT_NETWORK"), ("L", "LOCAL")]),
    base("AC", "accessComplexity", &[("L", "LOW"), ("M", "MEDIUM"), ("H", "HIGH")]),
    base("Au", "authentication", &[("M", "MULTIPLE"), ("S", "SINGLE"), ("N", "NONE")]),
    base("C", "confidentialityImpact", IMPACT2),
    base("I", "integrityImpact", IMPACT2),
    base("A", "availabilityImpact", IMPACT2),
    more(
        "E",
        "exploitability",
        &[
            ("ND", "NOT_DEFINED"),
            ("U", "UNPROVEN"),
            ("POC", "PROOF_OF_CONCEPT"),
            ("F", "FUNCTIONAL"),
            ("H", "HIGH"),
        ],
    ),
    more(
        "RL",
        "remediationLevel",
        &[
            ("ND", "NOT_DEFINED"),
            ("OF", "OFFICIAL_FIX"),
            ("TF", "TEMPORARY_FIX"),
            ("W", "WORKAROUND"),
            ("U", "UNAVAILABLE"),
        ],
    ),
    more(
        "RC",
        "reportConfidence",
        &[("ND", "NOT_DEFINED"), ("UC", "UNCONFIRMED"), ("UR", "UNCORROBORATED"), ("C", "CONFIRMED")],
    ),
    more(
        "CDP",
        "collateralDamagePotential",
        &[
            ("ND", "NOT_DEFINED"),
            ("N", "NONE"),
            ("L", "LOW"),
            ("LM", "LOW_MEDIUM"),
            ("MH", "MEDIUM_HIGH"),
            ("H", "HIGH"),
        ],
    ),
    more(
        "TD",
        "targetDistribution",
        &[("ND", "NOT_DEFINED"), ("N", "NONE"), ("L", "LOW"), ("M", "MEDIUM"), ("H", "HIGH")],
    ),
    more("CR", "confidentialityRequirement", REQ2),
    more("IR", "integrityRequirement", REQ2),
    more("AR", "availabilityRequirement", REQ2),
];

/// A complaint about a score: the test that fails, the property, and what is wrong.
pub(super) struct Fault {
    pub(super) test: Test,
    pub(super) property: &'static str,
    pub(super) message: String,
}

/// Which of the three tests fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Test {
    /// 6.1.8: not as the schema wants it.
    Form,
    /// 6.1.9: wrongly computed.
    Computed,
    /// 6.1.10: vector and properties differ.
    Agrees,
}

/// A version's metrics and the values that a score gives them.
struct Score<'s> {
    wire: &'s Map<String, Value>,
    metrics: &'static [Metric],
    given: Vec<(&'static str, &'static str)>,
}

/// What is wrong with the score in `cvss_v2` or `cvss_v3`, by the member's name.
pub(super) fn faults(member: &str, score: &Value) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut form = |property, message: String| faults.push(Fault { test: Test::Form, property, message });
    let Some(wire) = score.as_object() else {
        form("", "a score is an object".to_owned());
        return faults;
    };
    let version = wire.get("version").and_then(Value::as_str).unwrap_or_default();
    let (metrics, start): (&'static [Metric], String) = match (member, version) {
        ("cvss_v2", "2.0") => (&V2, String::new()),
        ("cvss_v3", "3.0" | "3.1") => (&V3, format!("CVSS:{version}/")),
        _ => {
            form("version", format!("`{version}` is no version of {member}"));
            return faults;
        }
    };
    let vector = wire.get("vectorString").and_then(Value::as_str);
    let given = match vector.map(|vector| read_vector(vector, &start, metrics)) {
        None => {
            form("vectorString", "the vector is missing".to_owned());
            return faults;
        }
        Some(Err(message)) => {
            form("vectorString", message);
            return faults;
        }
        Some(Ok(given)) => given,
    };
    let score = Score { wire, metrics, given };
    score.properties(&mut faults);
    if faults.iter().all(|fault| fault.test != Test::Form) {
        score.numbers(member == "cvss_v3", version == "3.1", &mut faults);
    }
    faults
}

fn read_vector(
    vector: &str,
    start: &str,
    metrics: &'static [Metric],
) -> Result<Vec<(&'static str, &'static str)>, String> {
    let rest = vector.strip_prefix(start).ok_or_else(|| format!("the vector does not begin with {start}"))?;
    let mut given: Vec<(&str, &str)> = Vec::new();
    for part in rest.split('/') {
        let known = part.split_once(':').and_then(|(name, value)| {
            let metric = metrics.iter().find(|metric| metric.short == name)?;
            Some((metric.short, metric.values.iter().find(|(short, _)| *short == value)?.0))
        });
        let pair = known.ok_or_else(|| format!("`{part}` is no metric of this version"))?;
        if given.iter().any(|(name, _)| *name == pair.0) {
            return Err(format!("the metric {} stands there twice", pair.0));
        }
        given.push(pair);
    }
    let missing =
        metrics.iter().find(|metric| metric.is_base && given.iter().all(|pair| pair.0 != metric.short));
    missing.map_or(Ok(given), |metric| Err(format!("the metric {} is missing", metric.short)))
}

/// What a band of severity is called. Source: CVSS v3.1, table 14.
fn severity(tenths: i64) -> &'static str {
    match tenths {
        ..=0 => "NONE",
        1..=39 => "LOW",
        40..=69 => "MEDIUM",
        70..=89 => "HIGH",
        90.. => "CRITICAL",
    }
}

impl Score<'_> {
    fn value(&self, short: &str) -> &'static str {
        self.given.iter().find(|(name, _)| *name == short).map_or("X", |(_, value)| *value)
    }

    fn properties(&self, faults: &mut Vec<Fault>) {
        for metric in self.metrics {
            let Some(said) = self.wire.get(metric.property) else { continue };
            let said = said.as_str().unwrap_or_default();
            let Some((short, _)) = metric.values.iter().find(|(_, name)| *name == said) else {
                let message = format!("`{said}` is no value of {}", metric.property);
                faults.push(Fault { test: Test::Form, property: metric.property, message });
                continue;
            };
            let in_vector =
                self.given.iter().find(|(name, _)| *name == metric.short).map(|(_, value)| *value);
            let undefined = matches!(*short, "X" | "ND");
            if in_vector != Some(*short) && !(in_vector.is_none() && undefined) {
                let message = format!(
                    "{} says {said}, the vector {}:{}",
                    metric.property,
                    metric.short,
                    in_vector.unwrap_or("nothing")
                );
                faults.push(Fault { test: Test::Agrees, property: metric.property, message });
            }
        }
        let numbers = ["baseScore", "temporalScore", "environmentalScore"];
        for property in numbers {
            let number = self.wire.get(property);
            let fine = number.is_none_or(|number| number.as_f64().is_some_and(|n| (0.0..=10.0).contains(&n)));
            if !fine || property == "baseScore" && number.is_none() {
                let message = format!("{property} is a number from 0 to 10");
                faults.push(Fault { test: Test::Form, property, message });
            }
        }
        if self.metrics.len() == V3.len() {
            for property in ["baseSeverity", "temporalSeverity", "environmentalSeverity"] {
                let said = self.wire.get(property);
                let known = ["NONE", "LOW", "MEDIUM", "HIGH", "CRITICAL"];
                let fine = said.is_none_or(|said| said.as_str().is_some_and(|said| known.contains(&said)));
                if !fine || property == "baseSeverity" && said.is_none() {
                    let message = format!("{property} is one of {}", known.join(", "));
                    faults.push(Fault { test: Test::Form, property, message });
                }
            }
        }
    }

    fn numbers(&self, is_v3: bool, is_v31: bool, faults: &mut Vec<Fault>) {
        let computed = if is_v3 { self.compute_v3(is_v31) } else { self.compute_v2() };
        let names = [
            ("baseScore", "baseSeverity"),
            ("temporalScore", "temporalSeverity"),
            ("environmentalScore", "environmentalSeverity"),
        ];
        for ((number, band), tenths) in names.into_iter().zip(computed) {
            let said = self.wire.get(number).and_then(Value::as_f64);
            #[expect(clippy::cast_possible_truncation, reason = "checked to be 0 to 10")]
            let said_tenths = said.map(|said| (said * 10.0).round() as i64);
            if said_tenths.is_some_and(|said| said != tenths) {
                let message = format!(
                    "{number} is {}, computed from the vector {}.{}",
                    said.unwrap_or_default(),
                    tenths / 10,
                    tenths % 10
                );
                faults.push(Fault { test: Test::Computed, property: number, message });
            }
            let said = self.wire.get(band).and_then(Value::as_str).filter(|_| is_v3);
            if said.is_some_and(|said| said != severity(tenths)) {
                let message =
                    format!("{band} is {}, computed {}", said.unwrap_or_default(), severity(tenths));
                faults.push(Fault { test: Test::Computed, property: band, message });
            }
        }
    }

    /// The modified metric's value, or the base metric's where it is not defined.
    fn modified(&self, short: &str) -> &'static str {
        let modified = self.metrics.iter().find(|metric| metric.short.strip_prefix('M') == Some(short));
        match modified.map(|metric| self.value(metric.short)) {
            None | Some("X") => self.value(short),
            Some(value) => value,
        }
    }

    /// Base, temporal and environmental score of version 3, in tenths.
    fn compute_v3(&self, is_v31: bool) -> [i64; 3] {
        let up = |score: f64| roundup(score, is_v31);
        let cia = |value: &str| -> f64 {
            match value {
                "H" => 0.56,
                "L" => 0.22,
                _ => 0.0,
            }
        };
        let exploit = |get: &dyn Fn(&str) -> &'static str, changed: bool| {
            let vector = match get("AV") {
                "N" => 0.85,
                "A" => 0.62,
                "L" => 0.55,
                _ => 0.2,
            };
            let complexity = if get("AC") == "L" { 0.77 } else { 0.44 };
            let privileges = match (get("PR"), changed) {
                ("N", _) => 0.85,
                ("L", true) => 0.68,
                ("L", false) => 0.62,
                (_, true) => 0.5,
                (_, false) => 0.27,
            };
            let interaction = if get("UI") == "N" { 0.85 } else { 0.62 };
            8.22 * vector * complexity * privileges * interaction
        };
        let base_of = |impact: f64, exploit: f64, changed: bool| match (impact <= 0.0, changed) {
            (true, _) => 0,
            (false, true) => up((1.08 * (impact + exploit)).min(10.0)),
            (false, false) => up((impact + exploit).min(10.0)),
        };
        let changed = self.value("S") == "C";
        let inner =
            1.0 - (1.0 - cia(self.value("C"))) * (1.0 - cia(self.value("I"))) * (1.0 - cia(self.value("A")));
        let impact =
            if changed { 7.52 * (inner - 0.029) - 3.25 * (inner - 0.02).powi(15) } else { 6.42 * inner };
        let base = base_of(impact, exploit(&|short| self.value(short), changed), changed);

        let requirement = |short| match self.value(short) {
            "L" => 0.5,
            "H" => 1.5,
            _ => 1.0,
        };
        let changed = self.modified("S") == "C";
        let left = |short, of| 1.0 - cia(self.modified(short)) * requirement(of);
        let inner = (1.0 - left("C", "CR") * left("I", "IR") * left("A", "AR")).min(0.915);
        let impact = match (changed, is_v31) {
            (false, _) => 6.42 * inner,
            (true, true) => 7.52 * (inner - 0.029) - 3.25 * (inner * 0.9731 - 0.02).powi(13),
            (true, false) => 7.52 * (inner - 0.029) - 3.25 * (inner - 0.02).powi(15),
        };
        let modified = base_of(impact, exploit(&|short| self.modified(short), changed), changed);
        let time = self.temporal_v3();
        [base, up(tenths(base) * time), up(tenths(modified) * time)]
    }

    fn temporal_v3(&self) -> f64 {
        let maturity = match self.value("E") {
            "U" => 0.91,
            "P" => 0.94,
            "F" => 0.97,
            _ => 1.0,
        };
        let level = match self.value("RL") {
            "O" => 0.95,
            "T" => 0.96,
            "W" => 0.97,
            _ => 1.0,
        };
        let confidence = match self.value("RC") {
            "U" => 0.92,
            "R" => 0.96,
            _ => 1.0,
        };
        maturity * level * confidence
    }

    /// Base, temporal and environmental score of version 2, in tenths.
    fn compute_v2(&self) -> [i64; 3] {
        let cia = |short| -> f64 {
            match self.value(short) {
                "C" => 0.660,
                "P" => 0.275,
                _ => 0.0,
            }
        };
        let requirement = |short| match self.value(short) {
            "L" => 0.5,
            "H" => 1.51,
            _ => 1.0,
        };
        let vector = match self.value("AV") {
            "N" => 1.0,
            "A" => 0.646,
            _ => 0.395,
        };
        let complexity = match self.value("AC") {
            "L" => 0.71,
            "M" => 0.61,
            _ => 0.35,
        };
        let authentication = match self.value("Au") {
            "N" => 0.704,
            "S" => 0.56,
            _ => 0.45,
        };
        let exploit = 20.0 * vector * complexity * authentication;
        let base_of = |impact: f64| {
            let factor = if impact == 0.0 { 0.0 } else { 1.176 };
            nearest((0.6 * impact + 0.4 * exploit - 1.5) * factor)
        };
        let impact = 10.41 * (1.0 - (1.0 - cia("C")) * (1.0 - cia("I")) * (1.0 - cia("A")));
        let left = |short, of| 1.0 - cia(short) * requirement(of);
        let adjusted = (10.41 * (1.0 - left("C", "CR") * left("I", "IR") * left("A", "AR"))).min(10.0);
        let time = self.temporal_v2();
        let damage = match self.value("CDP") {
            "L" => 0.1,
            "LM" => 0.3,
            "MH" => 0.4,
            "H" => 0.5,
            _ => 0.0,
        };
        let spread = match self.value("TD") {
            "N" => 0.0,
            "L" => 0.25,
            "M" => 0.75,
            _ => 1.0,
        };
        let adjusted_time = tenths(nearest(tenths(base_of(adjusted)) * time));
        let environment = nearest((adjusted_time + (10.0 - adjusted_time) * damage) * spread);
        [base_of(impact), nearest(tenths(base_of(impact)) * time), environment]
    }

    fn temporal_v2(&self) -> f64 {
        let exploit = match self.value("E") {
            "U" => 0.85,
            "POC" => 0.9,
            "F" => 0.95,
            _ => 1.0,
        };
        let level = match self.value("RL") {
            "OF" => 0.87,
            "TF" => 0.9,
            "W" => 0.95,
            _ => 1.0,
        };
        let confidence = match self.value("RC") {
            "UC" => 0.9,
            "UR" => 0.95,
            _ => 1.0,
        };
        exploit * level * confidence
    }
}

#[expect(clippy::cast_precision_loss, reason = "tenths of a score are at most 100")]
fn tenths(score: i64) -> f64 {
    score as f64 / 10.0
}

#[expect(clippy::cast_possible_truncation, reason = "scores are 0 to 10")]
fn nearest(score: f64) -> i64 {
    (score * 10.0).round() as i64
}

/// Up to the next tenth. Source: CVSS v3.1, appendix A; v3.0 rounds the bare number, where binary noise is cut here.
#[expect(clippy::cast_possible_truncation, reason = "scores are 0 to 10")]
fn roundup(score: f64, is_v31: bool) -> i64 {
    if is_v31 {
        let whole = (score * 100_000.0).round() as i64;
        return if whole % 10_000 == 0 { whole / 10_000 } else { whole / 10_000 + 1 };
    }
    (score * 10.0 - 1e-9).ceil() as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(member: &str, version: &str, vector: &str, expected: [i64; 3]) {
        let wire =
            json!({"version": version, "vectorString": vector, "baseScore": 0.0, "baseSeverity": "NONE"});
        let wire = wire.as_object().unwrap();
        let metrics: &'static [Metric] = if member == "cvss_v2" { &V2 } else { &V3 };
        let start = if member == "cvss_v2" { String::new() } else { format!("CVSS:{version}/") };
        let given = read_vector(vector, &start, metrics).unwrap();
        let score = Score { wire, metrics, given };
        let computed =
            if member == "cvss_v2" { score.compute_v2() } else { score.compute_v3(version == "3.1") };
        assert_eq!(computed, expected, "{vector}");
    }

    /// Examples of the CVSS documents (v3.1 examples 1, 2, 4, 20; v2 guide 3.3.1 to 3.3.3).
    #[test]
    fn scores_are_computed_as_the_documents_examples() {
        check("cvss_v3", "3.1", "CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", [64, 64, 64]);
        check("cvss_v3", "3.1", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", [98, 98, 98]);
        check("cvss_v3", "3.1", "CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", [31, 31, 31]);
        check("cvss_v3", "3.0", "CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N/E:P/RL:O/RC:C", [61, 55, 55]);
        check("cvss_v3", "3.1", "CVSS:3.1/AV:L/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", [0, 0, 0]);
        check(
            "cvss_v2",
            "2.0",
            "AV:N/AC:L/Au:N/C:N/I:N/A:C/E:F/RL:OF/RC:C/CDP:H/TD:H/CR:M/IR:M/AR:H",
            [78, 64, 92],
        );
        check("cvss_v2", "2.0", "AV:N/AC:L/Au:N/C:C/I:C/A:C/E:F/RL:OF/RC:C", [100, 83, 83]);
        check("cvss_v2", "2.0", "AV:L/AC:H/Au:N/C:C/I:C/A:C/E:POC/RL:OF/RC:C", [62, 49, 49]);
    }
}
