//! Fires: a circle's alert level, 1 to 5, as on the beacon towers.
//!
//! Set by rule from what arrived and what members saw, and by an analyst's word ([`LEVELS`]). A word holds until it
//! ends, but what happens after it was said can still light more fires: a word of yesterday must not hide today's attack.

use serde::{Deserialize, Serialize};
use stix::Timestamp;

use crate::member::MemberId;

const HOUR_MICROS: i64 = 3_600_000_000;
/// Hours for which news lights a second fire.
pub const NEWS_HOURS: i64 = 72;
/// Hours for which an incident, a severity or a sighting counts.
pub const ALERT_HOURS: i64 = 24;
/// Hours in which several members must have seen something for five fires.
pub const ATTACK_HOURS: i64 = 6;
/// Members that must have seen something in [`ATTACK_HOURS`] for five fires.
pub const ATTACK_MEMBERS: usize = 3;
/// Characters of the reason that an analyst gives.
pub const REASON_CHARS_MAX: usize = 300;

/// What each number of fires means.
pub const LEVELS: [(u8, &str); 5] = [
    (1, "calm"),
    (2, "something new to act on has come within three days"),
    (3, "an incident, something of high severity or a member's sighting within a day"),
    (4, "something critical, or sightings by two members within a day"),
    (5, "an attack under way: sightings by three members within six hours, or an analyst's word"),
];

/// How bad something is that arrived, as its source says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SignKind {
    /// Something to act on or to read: an indicator, a report, a campaign.
    News,
    /// An incident.
    Incident,
    /// Something of high severity.
    High,
    /// Something of critical severity.
    Critical,
    /// A member saw an indicator.
    Sighting,
}

/// Something that may light fires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sign {
    /// What it is.
    pub kind: SignKind,
    /// When it happened, never later than it arrived.
    pub at: Timestamp,
    /// When it arrived.
    pub added: Timestamp,
    /// Who brought it.
    pub by: MemberId,
}

/// An analyst's word about a circle's fires.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Word {
    /// 1 to 5.
    pub fires: u8,
    /// Why, for all members of the circle to read.
    pub reason: String,
    /// When it was said.
    #[serde(with = "crate::stored::time")]
    pub at: Timestamp,
    /// Until when it holds, exclusive.
    #[serde(with = "crate::stored::time")]
    pub until: Timestamp,
}

impl Word {
    /// Reads what [`Word::to_json`] wrote; `None` for anything else.
    #[must_use]
    pub fn from_json(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok().filter(|word: &Self| (1..=5).contains(&word.fires))
    }

    /// As it stands in the node's settings.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Why there are so many fires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// Nothing calls for more than one.
    Calm,
    /// Something new has come.
    News,
    /// An incident was shared.
    Incident,
    /// Something of high severity was shared.
    High,
    /// Something critical was shared.
    Critical,
    /// So many members saw something that is shared here.
    Seen(usize),
    /// An analyst said so, for this reason.
    Word(String),
}

impl Cause {
    /// A stable name: `calm`, `news`, `incident`, `high`, `critical`, `seen`, `word`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Calm => "calm",
            Self::News => "news",
            Self::Incident => "incident",
            Self::High => "high",
            Self::Critical => "critical",
            Self::Seen(_) => "seen",
            Self::Word(_) => "word",
        }
    }

    /// A sentence for people.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::Calm => "nothing calls for attention".to_owned(),
            Self::News => "something new to act on has come".to_owned(),
            Self::Incident => "an incident was shared".to_owned(),
            Self::High => "something of high severity was shared".to_owned(),
            Self::Critical => "something critical was shared".to_owned(),
            Self::Seen(1) => "a member saw what is shared here".to_owned(),
            Self::Seen(members) => format!("{members} members saw what is shared here"),
            Self::Word(reason) => reason.clone(),
        }
    }
}

/// A circle's alert level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fires {
    /// 1 to 5.
    pub level: u8,
    /// Why.
    pub cause: Cause,
    /// What lit them happened then; `None` while it is calm.
    pub since: Option<Timestamp>,
    /// When an analyst's word ends, if it is one that holds.
    pub until: Option<Timestamp>,
}

impl Fires {
    /// One fire.
    #[must_use]
    pub const fn calm() -> Self {
        Self { level: 1, cause: Cause::Calm, since: None, until: None }
    }

    /// How many fires these signs and this word light at `now`.
    #[must_use]
    pub fn of(signs: &[Sign], word: Option<&Word>, now: Timestamp) -> Self {
        let Some(word) = word.filter(|word| word.at <= now && now < word.until) else {
            return by_signs(signs.iter(), now);
        };
        let said = Self {
            level: word.fires.clamp(1, 5),
            cause: Cause::Word(word.reason.clone()),
            since: Some(word.at),
            until: Some(word.until),
        };
        let later = by_signs(signs.iter().filter(|sign| sign.added > word.at), now);
        if later.level > said.level { later } else { said }
    }
}

fn by_signs<'s>(signs: impl Iterator<Item = &'s Sign> + Clone, now: Timestamp) -> Fires {
    let within = |hours: i64| {
        let from = now.micros().saturating_sub(hours * HOUR_MICROS);
        move |sign: &&Sign| sign.at.micros() > from && sign.at <= now
    };
    let newest = |kind: SignKind, hours: i64| {
        signs.clone().filter(within(hours)).filter(|sign| sign.kind == kind).map(|sign| sign.at).max()
    };
    // Each member by its newest sighting.
    let sighters = |hours: i64| {
        let mut seen: Vec<(MemberId, Timestamp)> = Vec::new();
        for sign in signs.clone().filter(within(hours)).filter(|sign| sign.kind == SignKind::Sighting) {
            match seen.iter_mut().find(|(by, _)| *by == sign.by) {
                Some((_, at)) => *at = (*at).max(sign.at),
                None => seen.push((sign.by, sign.at)),
            }
        }
        let since = seen.iter().map(|(_, at)| *at).max();
        (seen.len(), since)
    };
    let lit = |level, cause, since| Fires { level, cause, since, until: None };
    let (attacked, since) = sighters(ATTACK_HOURS);
    if attacked >= ATTACK_MEMBERS {
        return lit(5, Cause::Seen(attacked), since);
    }
    let (seen, since) = sighters(ALERT_HOURS);
    if let Some(at) = newest(SignKind::Critical, ALERT_HOURS) {
        return lit(4, Cause::Critical, Some(at));
    }
    if seen >= 2 {
        return lit(4, Cause::Seen(seen), since);
    }
    if seen == 1 {
        return lit(3, Cause::Seen(1), since);
    }
    for (kind, hours, level, cause) in [
        (SignKind::High, ALERT_HOURS, 3, Cause::High),
        (SignKind::Incident, ALERT_HOURS, 3, Cause::Incident),
        (SignKind::High, NEWS_HOURS, 2, Cause::News),
        (SignKind::Critical, NEWS_HOURS, 2, Cause::News),
        (SignKind::Incident, NEWS_HOURS, 2, Cause::News),
        (SignKind::News, NEWS_HOURS, 2, Cause::News),
    ] {
        if let Some(at) = newest(kind, hours) {
            return lit(level, cause, Some(at));
        }
    }
    Fires::calm()
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn hour(hours: i64) -> Timestamp {
        Timestamp::from_micros(hours * HOUR_MICROS)
    }

    fn sign(kind: SignKind, by: u128, hours: i64) -> Sign {
        Sign { kind, at: hour(hours), added: hour(hours), by: MemberId::new(Uuid::from_u128(by)) }
    }

    #[test]
    fn fires_are_lit_by_what_happened_and_go_out_again() {
        let level = |signs: &[Sign], now| Fires::of(signs, None, hour(now)).level;
        assert_eq!(level(&[], 100), 1);
        let news = [sign(SignKind::News, 1, 100)];
        assert_eq!([level(&news, 100), level(&news, 171), level(&news, 172)], [2, 2, 1]);
        let incident = [sign(SignKind::Incident, 1, 100)];
        assert_eq!([level(&incident, 123), level(&incident, 124), level(&incident, 172)], [3, 2, 1]);
        assert_eq!(level(&[sign(SignKind::Critical, 1, 100)], 101), 4);
        let seen = |by: &[(u128, i64)]| -> Vec<Sign> {
            by.iter().map(|(by, at)| sign(SignKind::Sighting, *by, *at)).collect()
        };
        assert_eq!(level(&seen(&[(1, 100), (1, 101), (1, 102)]), 103), 3, "one member, however often");
        assert_eq!(level(&seen(&[(1, 90), (2, 100)]), 103), 4);
        let three = seen(&[(1, 98), (2, 100), (3, 101)]);
        assert_eq!([level(&three, 103), level(&three, 104)], [5, 4], "three members within six hours");
        assert_eq!(level(&[sign(SignKind::Sighting, 1, 200)], 100), 1, "what lies ahead lights nothing");
    }

    #[test]
    fn a_word_holds_until_it_ends_and_hides_nothing_that_comes_after_it() {
        let word = |fires| Word { fires, reason: "drill".to_owned(), at: hour(100), until: hour(110) };
        let before = [sign(SignKind::Critical, 1, 99)];
        let (calmed, raised) = (word(1), word(5));
        assert_eq!(Fires::of(&before, Some(&calmed), hour(101)).level, 1, "an analyst has looked at it");
        assert_eq!(Fires::of(&before, Some(&calmed), hour(110)).level, 4, "the word has ended");
        assert_eq!(Fires::of(&[], Some(&raised), hour(109)).level, 5);
        let after = [sign(SignKind::Incident, 1, 102)];
        let lit = Fires::of(&after, Some(&calmed), hour(103));
        assert_eq!((lit.level, lit.cause), (3, Cause::Incident));
        assert_eq!(Word::from_json(&raised.to_json()), Some(raised));
        assert_eq!(Word::from_json("{}"), None);
    }
}
