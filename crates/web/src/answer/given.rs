//! What was put into the form, and whether it makes sense.

use std::collections::HashSet;

use deliver::advisory::VALUES_MAX;
use deliver::ticket::{day_of, written};
use policy::{CircleId, Upto};
use stix::{ObjectId, Timestamp};

/// Characters of a text and of a name.
pub(super) const TEXT_CHARS_MAX: usize = 2_000;
const NAME_CHARS_MAX: usize = 200;
/// Most that a sighting counts. Source: STIX 2.1, section 5.2 (`count`).
const COUNT_MAX: u32 = 999_999_999;

/// The fields as they came.
#[derive(Debug, Clone, Default)]
pub(super) struct Given {
    pub(super) seen: HashSet<String>,
    pub(super) first: String,
    pub(super) last: String,
    pub(super) count: String,
    pub(super) other: String,
    pub(super) remark: String,
    pub(super) name: String,
    pub(super) nothing: bool,
    /// How far the circles were when the form was made.
    pub(super) upto: String,
}

/// The fields as they are meant.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Checked {
    pub(super) seen: Vec<ObjectId>,
    pub(super) first: Option<Timestamp>,
    pub(super) last: Option<Timestamp>,
    pub(super) count: Option<u32>,
    /// What else is said, in one text.
    pub(super) text: Option<String>,
    /// Who can be asked.
    pub(super) name: Option<String>,
    /// Whether the member says that it found nothing.
    pub(super) nothing: bool,
}

/// What does not make sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nothing is said.
    Empty,
    /// Two things are said that can't both be.
    Both,
    /// A day.
    Date,
    /// A number.
    Count,
    /// A text is too long.
    Long,
    /// No circle took any of it.
    Refused,
}

impl Given {
    /// Reads the form's fields; of one that comes twice the last counts, and what the form does not have is nothing.
    pub(super) fn read(fields: Vec<(String, String)>) -> Self {
        let mut given = Self::default();
        for (name, value) in fields {
            let value = value.trim();
            match name.as_str() {
                "seen" if given.seen.len() < VALUES_MAX => drop(given.seen.insert(value.to_owned())),
                "first" => value.clone_into(&mut given.first),
                "last" => value.clone_into(&mut given.last),
                "count" => value.clone_into(&mut given.count),
                "other" => value.clone_into(&mut given.other),
                "remark" => value.clone_into(&mut given.remark),
                "name" => value.clone_into(&mut given.name),
                "upto" => value.clone_into(&mut given.upto),
                "nothing" => given.nothing = !value.is_empty(),
                _ => {}
            }
        }
        given
    }

    /// How far the circles were when the form was made, and never farther than they are.
    pub(super) fn upto(&self, heads: Vec<Upto>) -> Vec<Upto> {
        let stated: Vec<(CircleId, u64)> = self.upto.split(' ').filter_map(pair).collect();
        let of = |head: Upto| {
            let (_, seq) = stated.iter().find(|(circle, _)| *circle == head.circle)?;
            Some(Upto { seq: head.seq.min(*seq), ..head })
        };
        heads.into_iter().filter_map(of).collect()
    }

    /// # Errors
    /// What does not make sense, seen on the day `today`.
    pub(super) fn check(&self, today: u32) -> Result<Checked, Fault> {
        let long = [&self.other, &self.remark].iter().any(|text| text.chars().count() > TEXT_CHARS_MAX);
        if long || self.name.chars().count() > NAME_CHARS_MAX {
            return Err(Fault::Long);
        }
        let says_something = !self.seen.is_empty() || !self.other.is_empty();
        match (self.nothing, says_something) {
            (true, true) => return Err(Fault::Both),
            (false, false) => return Err(Fault::Empty),
            _ => {}
        }
        let (first, last) = (day(&self.first, today)?, day(&self.last, today)?);
        if first.zip(last).is_some_and(|(first, last)| last < first) {
            return Err(Fault::Date);
        }
        let count = match self.count.as_str() {
            "" => None,
            text => {
                Some(text.parse().ok().filter(|count| (1..=COUNT_MAX).contains(count)).ok_or(Fault::Count)?)
            }
        };
        let mut seen: Vec<ObjectId> = self.seen.iter().filter_map(|id| ObjectId::parse(id).ok()).collect();
        seen.sort_unstable();
        let texts = [&self.other, &self.remark].into_iter().filter(|text| !text.is_empty());
        let text = texts.map(String::as_str).collect::<Vec<_>>().join("\n\n");
        let said = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let (text, name) = (said(&text), said(&self.name));
        Ok(Checked { seen, first, last, count, text, name, nothing: self.nothing })
    }
}

/// Numbers of circles as the form holds them.
pub(super) fn written_upto(heads: &[Upto]) -> String {
    heads.iter().map(|head| format!("{}:{}", head.circle, head.seq)).collect::<Vec<_>>().join(" ")
}

fn pair(text: &str) -> Option<(CircleId, u64)> {
    let (circle, seq) = text.split_once(':')?;
    Some((circle.parse().ok()?, seq.parse().ok()?))
}

fn day(text: &str, today: u32) -> Result<Option<Timestamp>, Fault> {
    if text.is_empty() {
        return Ok(None);
    }
    let at = Timestamp::parse(&format!("{text}T00:00:00Z")).map_err(|_| Fault::Date)?;
    let is_day = text == written(day_of(at)) && day_of(at) <= today;
    is_day.then_some(Some(at)).ok_or(Fault::Date)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: u32 = 20_698;

    fn check(fields: &[(&str, &str)]) -> Result<Checked, Fault> {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Given::read(fields.collect()).check(TODAY)
    }

    #[test]
    fn what_makes_no_sense_is_told() {
        let seen = ("seen", "indicator--00000000-0000-4000-8000-000000000001");
        let long = "ä".repeat(TEXT_CHARS_MAX + 1);
        for (fields, fault) in [
            (vec![], Fault::Empty),
            (vec![("remark", "hello")], Fault::Empty),
            (vec![seen, ("nothing", "1")], Fault::Both),
            (vec![("other", "a.example"), ("nothing", "1")], Fault::Both),
            (vec![seen, ("first", "2026-09-03")], Fault::Date),
            (vec![seen, ("first", "2026-02-30")], Fault::Date),
            (vec![seen, ("first", "1.9.2026")], Fault::Date),
            (vec![seen, ("first", "2026-09-01"), ("last", "2026-08-31")], Fault::Date),
            (vec![seen, ("count", "0")], Fault::Count),
            (vec![seen, ("count", "1000000000")], Fault::Count),
            (vec![seen, ("count", "many")], Fault::Count),
            (vec![seen, ("other", long.as_str())], Fault::Long),
            (vec![seen, ("name", long.as_str())], Fault::Long),
        ] {
            assert_eq!(check(&fields).err(), Some(fault), "{fields:?}");
        }
    }

    #[test]
    fn what_makes_sense_is_read() {
        let seen = ("seen", "indicator--00000000-0000-4000-8000-000000000001");
        let both =
            [seen, seen, ("first", "2026-09-01"), ("last", "2026-09-02"), ("count", " 3 "), ("unknown", "x")];
        let checked = check(&both).unwrap();
        assert_eq!((checked.seen.len(), checked.count, checked.text), (1, Some(3), None));
        assert_eq!(checked.last.map(|at| at.to_string()), Some("2026-09-02T00:00:00.000Z".to_owned()));
        let text = check(&[("other", "a.example"), ("remark", "twice"), ("name", "Kim")]).unwrap();
        assert_eq!((text.text.as_deref(), text.name.as_deref()), (Some("a.example\n\ntwice"), Some("Kim")));
        assert!(check(&[("nothing", "1")]).unwrap().nothing);
        let many: Vec<(String, String)> =
            (0..VALUES_MAX + 5).map(|n| ("seen".to_owned(), n.to_string())).collect();
        assert_eq!(Given::read(many).seen.len(), VALUES_MAX);
    }
}
