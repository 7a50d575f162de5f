//! A plan as activities by the IATI standard, version 2.03: one for each part, in its pipeline.
//!
//! The order of elements is the schema's. No money is written: a draft has none. What has no baseline has no baseline element, and no
//! target, because the standard's rules want values in both.
//!
//! Source: IATI activities schema 2.03; standard ruleset 2.03.

use jiff::Timestamp;

use super::plan::{Part, Plan, Sign};

/// The activities, as one file. `made` is when.
#[must_use]
pub fn iati(plan: &Plan, made: Timestamp) -> String {
    let made = made.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let mut out = Writer(String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"));
    out.open("iati-activities", &[("version", "2.03"), ("generated-datetime", &made)]);
    for part in &plan.parts {
        activity(&mut out, plan, part, &made);
    }
    out.close("iati-activities");
    out.0
}

fn activity(out: &mut Writer, plan: &Plan, part: &Part, made: &str) {
    let (begins, ends) = (plan.period.0.to_string(), plan.period.1.to_string());
    let drafter = &plan.drafter;
    out.open("iati-activity", &[("xml:lang", "en"), ("last-updated-datetime", made), ("hierarchy", "1")]);
    out.text("iati-identifier", &[], &part.identifier);
    let who = [("ref", drafter.reference.as_str()), ("type", drafter.kind.as_str())];
    out.narrated("reporting-org", &who, &drafter.name);
    out.narrated("title", &[], &format!("Cyber security in {}: {}", part.country, part.about));
    out.narrated("description", &[("type", "1")], &described(part));
    out.narrated("description", &[("type", "2")], &format!("In {}: {}.", part.country, part.about));
    let accountable = [who[0], ("type", drafter.kind.as_str()), ("role", "2")];
    out.narrated("participating-org", &accountable, &drafter.name);
    out.empty("activity-status", &[("code", "1")]);
    out.empty("activity-date", &[("type", "1"), ("iso-date", &begins)]);
    out.empty("activity-date", &[("type", "3"), ("iso-date", &ends)]);
    // 4: national.
    out.empty("activity-scope", &[("code", "4")]);
    out.empty("recipient-country", &[("code", part.country.code()), ("percentage", "100")]);
    out.empty("sector", &[("vocabulary", "1"), ("code", part.sector), ("percentage", "100")]);
    for target in &part.targets {
        out.empty("tag", &[("vocabulary", "3"), ("code", target)]);
    }
    if !part.signs.is_empty() {
        // 2: an outcome.
        out.open("result", &[("type", "2")]);
        out.narrated("title", &[], &capitalised(&part.about));
        for sign in &part.signs {
            indicator(out, sign, (&begins, &ends));
        }
        out.close("result");
    }
    out.close("iati-activity");
}

fn indicator(out: &mut Writer, sign: &Sign, (begins, ends): (&str, &str)) {
    // 1: a count of something, 2: a part of a hundred.
    let measure = if sign.figure == "reached" { "2" } else { "1" };
    let ascending = if sign.more_is_better { "1" } else { "0" };
    out.open("indicator", &[("measure", measure), ("ascending", ascending)]);
    out.narrated("title", &[], &capitalised(sign.about));
    if let Some((at, value)) = sign.baseline {
        let (day, year) = (at.to_string(), at.year().to_string());
        out.empty("baseline", &[("year", &year), ("iso-date", &day), ("value", &value.to_string())]);
    }
    out.open("period", &[]);
    out.empty("period-start", &[("iso-date", begins)]);
    out.empty("period-end", &[("iso-date", ends)]);
    if let Some(target) = sign.target {
        out.empty("target", &[("value", &target.to_string())]);
    }
    out.close("period");
    out.close("indicator");
}

/// Why, and who is there, in sentences.
fn described(part: &Part) -> String {
    let mut text = format!("Drafted from what is missing: {}.", part.about);
    let mut say = |sentence: String| {
        text.push(' ');
        text.push_str(sentence.trim_end_matches('.'));
        text.push('.');
    };
    part.why.iter().for_each(|why| say(capitalised(why)));
    if let Some(share) = part.removes.filter(|share| *share > 0.0) {
        let percent = (share * 1000.0).round() / 10.0;
        say(format!(
            "Of the attacks that were seen, {percent} % would not have come through had this country acted sooner"
        ));
    }
    if !part.beside.is_empty() {
        let all: Vec<String> =
            part.beside.iter().map(|one| format!("{} ({})", one.title, one.identifier)).collect();
        say(format!("Other projects on the same need: {}", all.join("; ")));
    }
    text
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + letters.as_str())
}

/// Writes elements; what is not allowed in XML is left out.
struct Writer(String);

impl Writer {
    fn begin(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.0.push('<');
        self.0.push_str(name);
        for (key, value) in attributes {
            self.0.push(' ');
            self.0.push_str(key);
            self.0.push_str("=\"");
            self.escaped(value);
            self.0.push('"');
        }
    }

    fn open(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.begin(name, attributes);
        self.0.push_str(">\n");
    }

    fn close(&mut self, name: &str) {
        self.0.push_str("</");
        self.0.push_str(name);
        self.0.push_str(">\n");
    }

    fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.begin(name, attributes);
        self.0.push_str("/>\n");
    }

    fn text(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) {
        self.begin(name, attributes);
        self.0.push('>');
        self.escaped(text);
        self.close(name);
    }

    fn narrated(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) {
        self.open(name, attributes);
        self.text("narrative", &[], text);
        self.close(name);
    }

    fn escaped(&mut self, text: &str) {
        for letter in text.chars() {
            match letter {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\t' | '\n' | '\r' => self.0.push(' '),
                // XML 1.0, production 2: no other control characters, and not these two.
                '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
                letter => self.0.push(letter),
            }
        }
    }
}
