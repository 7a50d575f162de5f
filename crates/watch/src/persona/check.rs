//! Applications compared with personas and with one another.
//!
//! What matches is collected by groups of personas that are one; the outcome is that of the group with the most points, together with
//! what the application itself shows. Chance likenesses to many personas so never add up.

use std::collections::{BTreeMap, HashMap};

use stix::{ObjectId, Timestamp};

use super::alike::{Stems, is_name_only};
use super::application::Application;
use super::conduct::conduct;
use super::identifier::{Identifier, IdentifierKind as Kind};
use super::known::{Evidence, Persona, Personas};
use super::score::{Draft, EMPLOYER, Matched, Reason, Word, score};
use super::sign::Sign;
use super::text::Signature;
use super::weights::Weights;
use crate::names;

/// Most reasons of an outcome; those with the most points.
const REASONS_MAX: usize = 200;
/// Most other groups that an outcome names.
const ALSO_MAX: usize = 10;
/// Applicants with the same value whose names are compared.
const SHARERS_MAX: usize = 20;
/// Most names of an application that are compared.
const NAMES_MAX: usize = 16;
/// Bits of a perceptual hash.
const LOOK_BITS: u32 = 64;

/// What an application came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The application.
    pub application: String,
    /// Points, 0 to 100; no probability.
    pub score: u32,
    /// Whether somebody should look again. Never true for one source, or one kind of sign, alone.
    pub crosses: bool,
    /// The same in a word.
    pub word: Word,
    /// The reasons, those with the most points first. [`score`] of them is the score.
    pub reasons: Vec<Reason>,
    /// Other personas that would be worth a look by themselves.
    pub also: Vec<Also>,
}

/// Another persona to which an application is like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Also {
    /// The persona.
    pub persona: ObjectId,
    /// Its name.
    pub name: String,
    /// The points with it in place of the first.
    pub score: u32,
}

/// Checks one application by itself. Deterministic: the same input gives the same outcome.
#[must_use]
pub fn check(application: &Application, personas: &Personas, weights: &Weights, now: Timestamp) -> Outcome {
    let own = conduct(application, weights, now);
    Checking { application, personas, weights, now }.outcome(own)
}

/// Checks applications that came together: what applicants of different names share is a sign too.
#[must_use]
pub fn check_all(
    applications: &[Application],
    personas: &Personas,
    weights: &Weights,
    now: Timestamp,
) -> Vec<Outcome> {
    let mut holders: HashMap<&Identifier, Vec<usize>> = HashMap::new();
    for (at, application) in applications.iter().enumerate() {
        for identifier in application.identifiers() {
            if shared_sign(identifier.kind()).is_some() {
                holders.entry(identifier).or_default().push(at);
            }
        }
    }
    let named: Vec<Vec<names::Name>> = applications.iter().map(read_names).collect();
    let mut compared: HashMap<(usize, usize), bool> = HashMap::new();
    let mut are_unlike = |one: usize, other: usize| {
        let pair = (one.min(other), one.max(other));
        *compared.entry(pair).or_insert_with(|| are_unlike(&named[one], &named[other]))
    };
    let each = |(at, application): (usize, &Application)| {
        let mut own = conduct(application, weights, now);
        for identifier in application.identifiers() {
            let others = holders.get(identifier).map(Vec::as_slice).unwrap_or_default();
            let draft = shared(at, identifier, others, applications, &mut are_unlike);
            own.extend(draft.and_then(|draft| draft(weights, now)));
        }
        Checking { application, personas, weights, now }.outcome(own)
    };
    applications.iter().enumerate().map(each).collect()
}

/// The sign that applicants of different names have the same.
fn shared_sign(kind: Kind) -> Option<Sign> {
    match kind {
        Kind::Device => Some(Sign::SharedDevice),
        Kind::Phone => Some(Sign::SharedPhone),
        Kind::Wallet | Kind::BankAccount => Some(Sign::SharedPayment),
        Kind::Email | Kind::Account => Some(Sign::SharedAccount),
        _ => None,
    }
}

/// A reason if an applicant of another name has the same value. Two applications under one name are one person's.
fn shared<'a>(
    at: usize,
    identifier: &'a Identifier,
    others: &'a [usize],
    applications: &'a [Application],
    are_unlike: &mut impl FnMut(usize, usize) -> bool,
) -> Option<impl FnOnce(&Weights, Timestamp) -> Option<Reason> + 'a> {
    let sign = shared_sign(identifier.kind())?;
    // Who applies under the same name again and again is passed over before the others are counted.
    let name = |at: usize| applications[at].names().next();
    let others = others.iter().filter(|other| **other != at && name(**other) != name(at)).take(SHARERS_MAX);
    let other = others.copied().find(|other| are_unlike(at, *other)).map(|other| &applications[other])?;
    Some(move |weights: &Weights, now| {
        let matched = Matched {
            given: identifier.shown().to_owned(),
            known: format!("application {}", other.id),
            how: "the same".to_owned(),
        };
        let (who, date) = (EMPLOYER.to_owned(), now);
        let draft = Draft {
            sign,
            percent: 100,
            matched,
            persona: None,
            who,
            object: None,
            date,
            until: None,
            contested: None,
        };
        draft.reason(weights, now)
    })
}

/// The names of an application, ready to be compared.
fn read_names(application: &Application) -> Vec<names::Name> {
    let texts = application.names().take(NAMES_MAX);
    texts.map(|text| names::Name::read(text, names::Kind::Person)).collect()
}

/// Whether both have names, and none of one is like one of the other.
fn are_unlike(one: &[names::Name], other: &[names::Name]) -> bool {
    let mut pairs = one.iter().flat_map(|left| other.iter().map(move |right| (left, right)));
    !one.is_empty()
        && !other.is_empty()
        && pairs.all(|(left, right)| left.compare(right).score < names::MATCH)
}

/// One application on its way to an outcome.
struct Checking<'c> {
    application: &'c Application,
    personas: &'c Personas,
    weights: &'c Weights,
    now: Timestamp,
}

/// The reasons of a group of personas, one for each sign, source, object and value of the application.
type Group = BTreeMap<(Sign, String, String), Reason>;

impl Checking<'_> {
    fn outcome(&self, own: Vec<Reason>) -> Outcome {
        let mut groups: BTreeMap<usize, Group> = BTreeMap::new();
        let mut names = 0;
        for identifier in self.application.identifiers() {
            names += usize::from(identifier.kind() == Kind::Name);
            if identifier.kind() != Kind::Name || names <= NAMES_MAX {
                self.compare(identifier, &mut groups);
            }
        }
        let mut scored: Vec<(u32, bool, usize, Vec<Reason>)> = groups
            .into_iter()
            .map(|(group, reasons)| {
                let theirs: Vec<Reason> = reasons.into_values().collect();
                let is_worth = score(&theirs, self.weights) >= self.weights.look;
                let reasons = listed(theirs.into_iter().chain(own.iter().cloned()).collect());
                (score(&reasons, self.weights), is_worth, group, reasons)
            })
            .collect();
        // The most points first; a group with contested reasons alone comes before nothing.
        scored.sort_by_key(|(points, _, group, reasons)| {
            (std::cmp::Reverse(*points), std::cmp::Reverse(reasons.len()), *group)
        });
        let mut scored = scored.into_iter();
        let (points, reasons) = match scored.next() {
            Some((points, _, _, reasons)) => (points, reasons),
            None => (score(&own, self.weights), listed(own)),
        };
        let others = scored.filter(|(_, is_worth, _, _)| *is_worth).take(ALSO_MAX);
        let also = others.filter_map(|(score, _, group, _)| {
            let persona = self.personas.personas.get(group)?;
            Some(Also { persona: persona.id.clone(), name: persona.name.clone(), score })
        });
        Outcome {
            application: self.application.id.clone(),
            score: points,
            crosses: points >= self.weights.threshold,
            word: Word::of(points, self.weights),
            reasons,
            also: also.collect(),
        }
    }

    fn compare(&self, identifier: &Identifier, groups: &mut BTreeMap<usize, Group>) {
        match identifier.kind() {
            Kind::Name => self.names(identifier, groups),
            Kind::PictureLook => self.looks(identifier, groups),
            Kind::Text => self.texts(identifier, groups),
            kind => {
                let Some(sign) = exact_sign(kind) else { return };
                for place in self.personas.index.get(identifier).into_iter().flatten() {
                    self.put(sign, 100, identifier, *place, "the same".to_owned(), groups);
                }
            }
        }
        self.stems(identifier, groups);
    }

    fn names(&self, identifier: &Identifier, groups: &mut BTreeMap<usize, Group>) {
        // A name of one word is half a name.
        if is_half(identifier.text()) {
            return;
        }
        let given = names::Name::read(identifier.text(), names::Kind::Person);
        for (persona, which, known) in &self.personas.names {
            let held = &self.personas.personas[*persona].evidence[*which];
            if is_half(held.identifier.text()) {
                continue;
            }
            let likeness = given.compare(known);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a score is 0 to 1")]
            let percent = (likeness.score * 100.0).floor() as u32;
            if percent >= self.weights.name_percent {
                let how = likeness.how.to_string();
                self.put(Sign::Name, percent, identifier, (*persona, *which), how, groups);
            }
        }
    }

    fn looks(&self, identifier: &Identifier, groups: &mut BTreeMap<usize, Group>) {
        let Ok(given) = u64::from_str_radix(identifier.text(), 16) else { return };
        for (persona, which, known) in &self.personas.looks {
            let bits = (given ^ known).count_ones();
            if bits <= self.weights.picture_bits {
                let percent = 100 * (LOOK_BITS - bits) / LOOK_BITS;
                let how = format!("{bits} of {LOOK_BITS} bits differ");
                self.put(Sign::PictureAlike, percent, identifier, (*persona, *which), how, groups);
            }
        }
    }

    fn texts(&self, identifier: &Identifier, groups: &mut BTreeMap<usize, Group>) {
        let Some(given) = Signature::parse(identifier.text()) else { return };
        for (persona, which, known) in &self.personas.texts {
            let percent = given.percent(known);
            if percent >= self.weights.text_percent {
                let how = format!("about {percent}% of it is the same");
                self.put(Sign::Text, percent, identifier, (*persona, *which), how, groups);
            }
        }
    }

    fn stems(&self, identifier: &Identifier, groups: &mut BTreeMap<usize, Group>) {
        let Some(handle) = identifier.handle() else { return };
        let sign = if identifier.kind() == Kind::Email { Sign::EmailAlike } else { Sign::AccountAlike };
        let stems = Stems::of(handle);
        for place in stems.whole.iter().filter_map(|whole| self.personas.stems.get(whole)).flatten() {
            self.alike(sign, identifier, *place, "the same letters and digits", groups);
        }
        let Some(letters) = &stems.letters else { return };
        for place in self.personas.stems.get(letters).into_iter().flatten() {
            let persona = &self.personas.personas[place.0];
            let known = persona.evidence.iter().filter(|held| held.identifier.kind() == Kind::Name);
            let names = self.application.names().chain(known.map(|held| held.identifier.text()));
            if !is_name_only(letters, names) {
                self.alike(sign, identifier, *place, "the same stem", groups);
            }
        }
    }

    fn alike(
        &self,
        sign: Sign,
        identifier: &Identifier,
        place: (usize, usize),
        how: &str,
        groups: &mut BTreeMap<usize, Group>,
    ) {
        // What is the same as something of the group has its own sign, and is not alike to the rest as well.
        let group = self.personas.groups[place.0];
        let mut same = self.personas.index.get(identifier).into_iter().flatten();
        if !same.any(|(persona, _)| self.personas.groups[*persona] == group) {
            self.put(sign, 100, identifier, place, how.to_owned(), groups);
        }
    }

    fn put(
        &self,
        sign: Sign,
        percent: u32,
        given: &Identifier,
        place: (usize, usize),
        how: String,
        groups: &mut BTreeMap<usize, Group>,
    ) {
        let persona: &Persona = &self.personas.personas[place.0];
        let held: &Evidence = &persona.evidence[place.1];
        let known = held.identifier.shown().to_owned();
        let draft = Draft {
            sign,
            percent,
            matched: Matched { given: given.shown().to_owned(), known, how },
            persona: Some((persona.id.clone(), persona.name.clone())),
            who: held.who.clone(),
            object: Some(held.object.clone()),
            date: held.date,
            until: held.until,
            contested: self.personas.contest_of(persona, held).cloned(),
        };
        let Some(reason) = draft.reason(self.weights, self.now) else { return };
        let group = groups.entry(self.personas.groups[place.0]).or_default();
        let key = (sign, reason.source.who.clone(), given.text().to_owned());
        match group.get(&key) {
            Some(there) if there.points >= reason.points => {}
            _ => {
                group.insert(key, reason);
            }
        }
    }
}

/// The sign that an identifier is a persona's.
fn exact_sign(kind: Kind) -> Option<Sign> {
    match kind {
        Kind::Email => Some(Sign::Email),
        Kind::Account => Some(Sign::Account),
        Kind::Phone => Some(Sign::Phone),
        Kind::Wallet => Some(Sign::Wallet),
        Kind::BankAccount => Some(Sign::BankAccount),
        Kind::Address => Some(Sign::Address),
        Kind::Device => Some(Sign::Device),
        Kind::Picture => Some(Sign::Picture),
        Kind::Document => Some(Sign::Document),
        Kind::Page => Some(Sign::Page),
        Kind::Repository => Some(Sign::Repository),
        Kind::Name | Kind::PictureLook | Kind::Text => None,
    }
}

/// Whether a name is one word of an alphabet. Scripts that write names without spaces have whole names in one word.
fn is_half(name: &str) -> bool {
    let has_signs =
        |c: char| matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}');
    name.split_whitespace().count() < 2 && !(name.chars().any(has_signs) && name.chars().count() >= 2)
}

/// The reasons in the order in which they are read.
fn listed(mut reasons: Vec<Reason>) -> Vec<Reason> {
    reasons.sort_by(|one, other| {
        let key = |reason: &Reason| (std::cmp::Reverse(reason.points), reason.sign);
        key(one).cmp(&key(other)).then_with(|| one.matched.given.cmp(&other.matched.given))
    });
    reasons.truncate(REASONS_MAX);
    reasons
}
