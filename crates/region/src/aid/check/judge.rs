//! What a rule says of an element.

use std::borrow::Cow;
use std::cell::Cell;

use jiff::{Timestamp, ToSpan as _, tz::Offset};

use super::codelist::Codelists;
use super::ruleset::{All, Kind, Rule, When};
use super::view::{Node, View};
use super::xpath::{Look, TooMuch, Xpath};

/// What a rule comes to.
pub(super) enum Verdict {
    /// It holds, or it is not about this.
    Kept,
    /// It doesn't, because of these.
    Broken(Vec<Node>),
    /// What it needs is not there.
    Unjudged(&'static str),
}

/// What rules are judged by, beside the document.
pub(super) struct Ground<'g> {
    pub(super) now: Timestamp,
    pub(super) codelists: &'g Codelists,
}

/// Judges one rule at one element; each verdict is given with the rule, which is another one in a loop.
///
/// # Errors
/// When it asks for more work than is left.
pub(super) fn judge<'r, 'v>(
    rule: &'r Rule,
    at: Node,
    view: View<'v>,
    left: &'v Cell<u64>,
    ground: &Ground<'_>,
    each: &mut dyn FnMut(&'r Rule, Verdict),
) -> Result<(), TooMuch> {
    let look = Look { view, group: None, left };
    if let Some(condition) = &rule.condition
        && !look.holds(condition, at)?
    {
        return Ok(());
    }
    let Kind::Loop { groups, rules } = &rule.kind else {
        each(rule, Judge { look, at, ground }.verdict(rule)?);
        return Ok(());
    };
    let mut texts: Vec<Cow<'v, str>> = Vec::new();
    for node in look.nodes(groups, at)? {
        let text = look.say(node)?;
        look.work(texts.len())?;
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    for group in texts {
        for rule in rules {
            let look = Look { view, group: Some(group.clone()), left };
            let applies = match &rule.condition {
                Some(condition) => look.holds(condition, at)?,
                None => true,
            };
            if applies {
                each(rule, Judge { look, at, ground }.verdict(rule)?);
            }
        }
    }
    Ok(())
}

struct Judge<'v, 'g> {
    look: Look<'v>,
    at: Node,
    ground: &'g Ground<'g>,
}

impl<'v> Judge<'v, '_> {
    fn verdict(&self, rule: &Rule) -> Result<Verdict, TooMuch> {
        let nodes = self.all(&rule.paths)?;
        let broken =
            |is_kept: bool, nodes: Vec<Node>| if is_kept { Verdict::Kept } else { Verdict::Broken(nodes) };
        Ok(match &rule.kind {
            Kind::NoMoreThanOne => broken(nodes.len() <= 1, nodes),
            Kind::AtLeastOne => broken(!nodes.is_empty(), nodes),
            Kind::OnlyOneOf { excluded } => {
                let others = self.all(excluded)?;
                broken(nodes.len() == usize::from(others.is_empty()), nodes)
            }
            Kind::OneOrAll { one, all } => {
                if self.look.nodes(one, self.at)?.is_empty() {
                    let without = self.without(*all)?;
                    broken(without.is_empty(), without)
                } else {
                    Verdict::Kept
                }
            }
            Kind::Dependent => {
                let mut found = 0;
                for path in &rule.paths {
                    found += usize::from(!self.look.nodes(path, self.at)?.is_empty());
                }
                broken(found == 0 || found == rule.paths.len(), nodes)
            }
            Kind::Sum { is_strict: false, .. } if nodes.is_empty() => Verdict::Kept,
            Kind::Sum { of, .. } => {
                let mut sum = 0.0;
                for node in &nodes {
                    sum += lenient(&self.look.say(*node)?);
                }
                // As far as the standard's own validator looks: four digits behind the point.
                broken((sum - of).abs() < 0.000_05, nodes)
            }
            Kind::Regex { regex, is_wanted } => {
                self.each(nodes, |text| text.is_empty() || regex.is_match(text) == *is_wanted)?
            }
            Kind::StartsWith { prefixes, separator } => {
                let prefixes = self.all(prefixes)?;
                self.look.work(nodes.len().saturating_mul(prefixes.len()))?;
                let prefixes =
                    prefixes.iter().map(|node| self.look.say(*node)).collect::<Result<Vec<_>, _>>()?;
                self.each(nodes, |text| {
                    prefixes.iter().any(|prefix| {
                        text.strip_prefix(prefix.as_ref()).is_some_and(|rest| rest.starts_with(separator))
                    })
                })?
            }
            Kind::Registered => match self.ground.codelists.is_agency("") {
                None => Verdict::Unjudged("it needs the code list OrganisationRegistrationAgency"),
                Some(_) => self.each(nodes, |text| {
                    // What stands before the second hyphen.
                    let end = text.match_indices('-').nth(1).map_or(text.len(), |(at, _)| at);
                    let agency = text.get(..end).unwrap_or_default();
                    self.ground.codelists.is_agency(agency).unwrap_or(false)
                })?,
            },
            Kind::Unique => {
                let mut seen = hashbrown::HashSet::new();
                let mut is_kept = true;
                for node in &nodes {
                    is_kept &= seen.insert(self.look.say(*node)?);
                }
                broken(is_kept, nodes)
            }
            Kind::EvaluatesToTrue { what } => broken(self.look.holds(what, self.at)?, nodes),
            Kind::IfThen { condition, then } => {
                let is_kept = !self.look.holds(condition, self.at)? || self.look.holds(then, self.at)?;
                broken(is_kept, nodes)
            }
            Kind::Range { least, most } => self.each(nodes, |text| {
                let number = lenient(text);
                least.is_none_or(|least| least <= number) && most.is_none_or(|most| number <= most)
            })?,
            Kind::NoSpaces => self.each(nodes, |text| text == text.trim())?,
            Kind::NoPercent => self.each(nodes, |text| !text.contains('%'))?,
            Kind::DateOrder { .. }
            | Kind::DateNow { .. }
            | Kind::TimeLimit { .. }
            | Kind::BetweenDates { .. } => self.dates(&rule.kind)?,
            Kind::Loop { .. } => Verdict::Kept,
        })
    }

    /// Whether times stand as they should. What is no date, or is not there, is not judged.
    fn dates(&self, kind: &Kind) -> Result<Verdict, TooMuch> {
        let (is_kept, whens) = match kind {
            Kind::DateOrder { less, more } => {
                let pair = (self.time(less)?, self.time(more)?);
                let is_kept = !matches!(pair, (Some(less), Some(more)) if less > more);
                (is_kept, vec![less, more])
            }
            Kind::DateNow { date } => {
                (self.time(date)?.is_none_or(|date| date <= self.ground.now), vec![date])
            }
            Kind::TimeLimit { start, end } => {
                let last = self.time(start)?.and_then(|start| {
                    let day = Offset::UTC.to_datetime(start).checked_add(1.year()).ok()?;
                    Offset::UTC.to_timestamp(day).ok()
                });
                let is_kept = !matches!((last, self.time(end)?), (Some(last), Some(end)) if end > last);
                (is_kept, vec![start, end])
            }
            Kind::BetweenDates { date, start, end } => {
                let is_kept = match (self.time(date)?, self.time(start)?, self.time(end)?) {
                    (Some(date), start, end) => {
                        start.is_none_or(|start| start <= date) && end.is_none_or(|end| date <= end)
                    }
                    _ => true,
                };
                (is_kept, vec![date, start, end])
            }
            _ => (true, Vec::new()),
        };
        if is_kept {
            return Ok(Verdict::Kept);
        }
        let mut nodes = Vec::new();
        for when in whens {
            if let When::At(path) = when {
                nodes.extend(self.look.nodes(path, self.at)?.first());
            }
        }
        Ok(Verdict::Broken(nodes))
    }

    fn all(&self, paths: &[Xpath]) -> Result<Vec<Node>, TooMuch> {
        let mut all = Vec::new();
        for path in paths {
            all.extend(self.look.nodes(path, self.at)?);
        }
        Ok(all)
    }

    /// Those of the nodes whose text is not as it should be.
    fn each(&self, nodes: Vec<Node>, is_right: impl Fn(&str) -> bool) -> Result<Verdict, TooMuch> {
        let mut wrong = Vec::new();
        for node in nodes {
            if !is_right(&self.look.say(node)?) {
                wrong.push(node);
            }
        }
        Ok(if wrong.is_empty() { Verdict::Kept } else { Verdict::Broken(wrong) })
    }

    /// What lacks what all must have.
    fn without(&self, all: All) -> Result<Vec<Node>, TooMuch> {
        let view = self.look.view;
        self.look.work(view.within(self.at).count())?;
        let has_attribute = |node: Node, name: &str| view.attributes(node).any(|one| view.name(one) == name);
        let has_child =
            |node: Node, names: &[&str]| view.children(node).any(|child| names.contains(&view.name(child)));
        let lacks = |node: &Node| match (all, view.name(*node)) {
            (All::Language, "narrative") => !has_attribute(*node, "xml:lang"),
            (All::Currency, "value" | "forecast" | "loan-status") => !has_attribute(*node, "currency"),
            (All::Sector, "transaction") => !has_child(*node, &["sector"]),
            (All::Place, "transaction") => !has_child(*node, &["recipient-country", "recipient-region"]),
            _ => false,
        };
        Ok(match all {
            All::Language | All::Currency => view.within(self.at).filter(lacks).collect(),
            All::Sector | All::Place => view.children(self.at).filter(lacks).collect(),
        })
    }

    fn time(&self, when: &When) -> Result<Option<Timestamp>, TooMuch> {
        let path = match when {
            When::Now => return Ok(Some(self.ground.now)),
            When::At(path) => path,
        };
        let Some(node) = self.look.nodes(path, self.at)?.first().copied() else { return Ok(None) };
        let view = self.look.view;
        // A path may end at the element: the day is its attribute, or, as version 1 also had it, its text.
        let attribute = view.attributes(node).find(|one| view.name(*one) == "iso-date");
        Ok(time(&view.string(attribute.unwrap_or(node))))
    }
}

/// A number, as the standard's own validator reads them: nothing is 0, and what is none is in no sum and within no bounds.
fn lenient(text: &str) -> f64 {
    match text.trim() {
        "" => 0.0,
        text => text.parse().ok().filter(|number: &f64| number.is_finite()).unwrap_or(f64::NAN),
    }
}

/// A day or a time; without a zone it is UTC.
fn time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let day: jiff::civil::Date = text.get(..10)?.parse().ok()?;
    let rest = text.get(10..)?;
    let (clock, zone) = match rest.strip_prefix('T') {
        Some(rest) => {
            let end = rest.find(['Z', '+', '-']).unwrap_or(rest.len());
            (rest.get(..end)?.parse().ok()?, rest.get(end..)?)
        }
        None => (jiff::civil::Time::midnight(), rest),
    };
    let seconds = match zone {
        "" | "Z" => 0,
        zone => {
            let sign = if zone.starts_with('-') { -1 } else { 1 };
            let (hours, minutes) = zone.get(1..)?.split_once(':')?;
            sign * (hours
                .parse::<i32>()
                .ok()?
                .checked_mul(3600)?
                .checked_add(minutes.parse::<i32>().ok()?.checked_mul(60)?)?)
        }
    };
    Offset::from_seconds(seconds).ok()?.to_timestamp(day.to_datetime(clock)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_the_schema_has_them() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(time(text).map(|time| time.to_string()).as_deref(), expected, "{text}");
        };
        check("2014-09-10", Some("2014-09-10T00:00:00Z"));
        check("2014-09-10Z", Some("2014-09-10T00:00:00Z"));
        check("2014-09-10+02:00", Some("2014-09-09T22:00:00Z"));
        check(" 2014-09-10T07:15:37 ", Some("2014-09-10T07:15:37Z"));
        check("2014-09-10T07:15:37.5-01:30", Some("2014-09-10T08:45:37.5Z"));
        for bad in [
            "",
            "2014",
            "2014-13-01",
            "2014-09-10T",
            "2014-09-10x",
            "2014-09-10+99:00",
            "10/09/2014",
            "2014-09-10+9999999999:1",
        ] {
            check(bad, None);
        }
    }
}
