//! What is answered, as it is written in JSON.

use gate::{KnownValue, ListedParty, Listing, Witness};
use serde::Serialize;
use stix::Tlp;
use watch::names::{self, Agreement, How, MATCH};
use watch::{Kind, Value};

use super::advice::{Advice, advise};
use super::exposure::Exposure;
use super::reading::{NAME, Question, Reading};
use super::{Advisor, Found};

/// What came of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Something that holds now says that it is bad.
    Match,
    /// Only what does not hold any more, or not yet, says so.
    Past,
    /// Nothing that the member may know says so.
    Clear,
    /// It could not be read as a value, so that nothing is known of it either way.
    Unreadable,
}

impl Outcome {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::Past => "past",
            Self::Clear => "clear",
            Self::Unreadable => "unreadable",
        }
    }
}

/// What a question was read as.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReadAs {
    /// The kind of value.
    pub kind: &'static str,
    /// Its normal form, which may differ from what was asked: the same value in another spelling.
    pub value: String,
    /// The chain whose form a wallet's address has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chain: Option<&'static str>,
}

/// The answer to a question.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// What was asked.
    pub value: String,
    /// What came of it.
    pub result: Outcome,
    /// What it was read as.
    pub read_as: Vec<ReadAs>,
    /// Why it could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What is known, the nearest first.
    pub matches: Vec<Known>,
    /// Of a wallet: what it is exposed to, by chain; nothing unless the operator has set that up.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exposure: Vec<Exposure>,
}

/// A value that answers the question.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Known {
    /// By what it answers: `exact`, `parent-domain`, `cidr`, `host`, `host-cidr`; `alias` for the value itself in another spelling
    /// than the one asked for; `name` for a listed party's name that is like it.
    pub by: &'static str,
    /// The kind of the value that is known.
    pub kind: String,
    /// The value that is known.
    pub value: String,
    /// The strictest mark of what says so: how far the answer may be passed on.
    pub tlp: String,
    /// The highest confidence that is stated, 0 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<u8>,
    /// What to do.
    #[serde(rename = "do")]
    pub advice: Advice,
    /// Of a name: whose it may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub party: Option<Listed>,
    /// Who says so.
    pub sources: Vec<Source>,
}

/// A party on a list that a name may mean.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Listed {
    /// How likely it is that this party is meant, 0 to 1.
    pub score: f64,
    /// What the names differ by, the gravest first, and what else speaks for or against it.
    pub reasons: Vec<String>,
    /// The same, for whoever says it in another language: what the names differ by, and whether the dates of birth and the countries
    /// agree.
    #[serde(skip)]
    pub compared: (Vec<How>, Agreement, Agreement),
    /// `person`, `organization`, or `unknown`.
    pub schema: &'static str,
    /// Its names, the listed one first.
    pub names: Vec<String>,
    /// When it was born or founded.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub born: Vec<String>,
    /// Its countries, by ISO 3166-1 alpha-2 in small letters.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub countries: Vec<String>,
}

/// An indicator that says so.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Source {
    /// The indicator.
    pub indicator: String,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it says of itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The circle that it was shared in.
    pub circle: String,
    /// The identity that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
    /// Where more is said.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<String>,
    /// Its mark.
    pub tlp: String,
    /// The confidence that it states, 0 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<u8>,
    /// What of its confidence is left with time, 0 to 100.
    pub confidence_now: u8,
    /// From when it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<String>,
    /// Until when it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<String>,
    /// Whether it holds now.
    pub in_force: bool,
}

impl Answer {
    /// Whether a name was asked for: then a match says who may be meant, and not that it is so.
    #[must_use]
    pub fn is_of_name(&self) -> bool {
        self.read_as.iter().any(|read| read.kind == NAME)
    }

    pub(super) fn of(question: &Question, reading: &Reading, found: Found, advisor: &Advisor<'_>) -> Self {
        let read_as = match reading {
            Reading::Name => {
                vec![ReadAs { kind: NAME, value: question.value.trim().to_owned(), chain: None }]
            }
            reading => reading.values().iter().map(ReadAs::of).collect(),
        };
        let mut matches: Vec<Known> = match found {
            Found::Values(known) => {
                known.into_iter().map(|known| Known::of(question, known, advisor)).collect()
            }
            Found::Parties(parties) => {
                parties.into_iter().map(|party| Known::listed(party, advisor)).collect()
            }
        };
        matches.sort_by_key(|known| !known.is_in_force());
        let result = match reading {
            Reading::Unread(_) => Outcome::Unreadable,
            _ if matches.iter().any(Known::is_match) => Outcome::Match,
            Reading::Values(_) if !matches.is_empty() => Outcome::Past,
            Reading::Values(_) | Reading::Name => Outcome::Clear,
        };
        let why = match reading {
            Reading::Unread(why) => Some(why.clone()),
            Reading::Values(_) | Reading::Name => None,
        };
        Self { value: question.shown(), result, read_as, why, matches, exposure: Vec::new() }
    }
}

impl Known {
    fn of(question: &Question, known: KnownValue, advisor: &Advisor<'_>) -> Self {
        let mut sources: Vec<Source> =
            known.witnesses.iter().map(|witness| Source::of(witness, known.kind, advisor)).collect();
        // The most certain first, of those that hold.
        sources.sort_by_key(|source| (!source.in_force, std::cmp::Reverse(source.confidence_now)));
        let tlp = known.witnesses.iter().map(|witness| witness.object.tlp()).max().unwrap_or(Tlp::Red);
        let in_force = sources.iter().any(|source| source.in_force);
        let advice = advise(&known, in_force, advisor);
        let is_spelled_so = known.by != watch::index::Match::Exact || question.value.trim() == known.text;
        Self {
            by: if is_spelled_so { known.by.as_str() } else { "alias" },
            kind: known.kind.as_str().to_owned(),
            value: known.text,
            tlp: tlp.to_string(),
            confidence: sources.iter().filter_map(|source| source.confidence).max(),
            advice,
            party: None,
            sources,
        }
    }

    fn listed(found: ListedParty, advisor: &Advisor<'_>) -> Self {
        let ListedParty { party, name, score, reasons, birth, country, listings } = found;
        let said = [
            (birth, "the dates of birth agree", "other dates of birth"),
            (country, "a country in common", "no country in common"),
        ];
        let said = said.into_iter().filter_map(|(said, same, other)| match said {
            Agreement::Unknown => None,
            Agreement::Agrees => Some(same.to_owned()),
            Agreement::Differs => Some(other.to_owned()),
        });
        let schema = match party.schema {
            names::Kind::Person => "person",
            names::Kind::Organization => "organization",
            names::Kind::Unknown => "unknown",
        };
        let tlp = listings.iter().map(|listing| listing.object.tlp()).max().unwrap_or(Tlp::Red);
        let told = Listed {
            score: (f64::from(score) * 100.0).round() / 100.0,
            reasons: reasons.iter().map(ToString::to_string).chain(said).collect(),
            compared: (reasons, birth, country),
            schema,
            names: party.names.into_iter().map(|(name, _)| name).collect(),
            born: party.births,
            countries: party.countries,
        };
        Self {
            by: NAME,
            kind: NAME.to_owned(),
            value: name,
            tlp: tlp.to_string(),
            confidence: None,
            advice: super::advice::of_party(),
            party: Some(told),
            sources: listings.iter().map(|listing| Source::of_listing(listing, advisor)).collect(),
        }
    }

    /// Whether it is an answer to act on: something that holds now says so, and a name is alike enough.
    fn is_match(&self) -> bool {
        self.is_in_force() && self.party.as_ref().is_none_or(|party| party.score >= f64::from(MATCH))
    }

    /// Whether something that holds now says so.
    #[must_use]
    pub fn is_in_force(&self) -> bool {
        self.sources.iter().any(|source| source.in_force)
    }
}

/// What is told of an indicator beside what it says to look for.
#[derive(Debug, Default, serde::Deserialize)]
struct About {
    name: Option<String>,
    description: Option<String>,
    created_by_ref: Option<String>,
    #[serde(default)]
    external_references: Vec<Reference>,
}

#[derive(Debug, serde::Deserialize)]
struct Reference {
    url: Option<String>,
}

impl Source {
    fn of(witness: &Witness, kind: Kind, advisor: &Advisor<'_>) -> Self {
        let indicator = &witness.indicator;
        let about: About = serde_json::from_str(&witness.object.get().raw).unwrap_or_default();
        let now = advisor.now;
        let context = watch::Context::new(now, 0).of(indicator);
        let faded = advisor.guard().decay(kind).faded(&context);
        let has_begun = indicator.valid_from.is_none_or(|from| from <= now);
        let has_ended = indicator.valid_until.is_some_and(|until| until <= now);
        let book = advisor.screening.deliver.gate.book();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 100")]
        let confidence_now = faded.round().clamp(0.0, 100.0) as u8;
        Self {
            indicator: indicator.object.to_string(),
            name: indicator.name.as_deref().map(str::to_owned),
            description: about.description,
            circle: book.circle(witness.circle).map(|circle| circle.handle.clone()).unwrap_or_default(),
            created_by: about.created_by_ref,
            references: about.external_references.into_iter().filter_map(|reference| reference.url).collect(),
            tlp: witness.object.tlp().to_string(),
            confidence: indicator.confidence,
            confidence_now,
            valid_from: indicator.valid_from.map(|at| at.to_string()),
            valid_until: indicator.valid_until.map(|at| at.to_string()),
            in_force: has_begun && !has_ended,
        }
    }

    /// Who lists a party: as long as it is on the list, it holds.
    fn of_listing(listing: &Listing, advisor: &Advisor<'_>) -> Self {
        let object = listing.object.get();
        let about: About = serde_json::from_str(&object.raw).unwrap_or_default();
        let book = advisor.screening.deliver.gate.book();
        Self {
            indicator: object.id.to_string(),
            name: about.name,
            description: about.description,
            circle: book.circle(listing.circle).map(|circle| circle.handle.clone()).unwrap_or_default(),
            created_by: about.created_by_ref,
            references: about.external_references.into_iter().filter_map(|reference| reference.url).collect(),
            tlp: listing.object.tlp().to_string(),
            confidence: None,
            confidence_now: 100,
            valid_from: None,
            valid_until: None,
            in_force: true,
        }
    }
}

impl ReadAs {
    fn of(value: &Value) -> Self {
        Self { kind: value.kind().as_str(), value: value.text().to_owned(), chain: value.chain() }
    }
}
