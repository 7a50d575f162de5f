//! Many parties, and who of them may bear a name.
//!
//! Names that can be one have a key in common ([`super::keys`]). A question gathers the names under its own keys, the rarest
//! first, ranks them by how rare the keys are that they share, and compares the best with [`Name::compare`]. So an answer
//! costs a hundred comparisons, however many names there are. The index is built once from all parties and then only read:
//! a list that changed is built anew, in some seconds a million names.
//!
//! In memory: the texts, and for each key of each name four bytes and, once a key, twelve.

use hashbrown::HashMap;

use super::how::Likeness;
use super::keys::keys;
use super::name::Name;
use super::party::{Party, Strength};
use super::{Kind, MATCH, countries};

/// Most names that one question is compared with.
const COMPARED_MAX: usize = 64;
/// Most names that are gathered under a question's keys before they are ranked. The rarest keys come first.
const GATHERED_MAX: usize = 6_000;
/// Most names of one question that are asked for.
pub const ASKED_MAX: usize = 16;
/// What is left of a score for a name of which the list itself is not sure.
const WEAK: f32 = 0.95;
/// What is left of a score if the dates of birth contradict, and if no country is common.
const OTHER_BIRTH: f32 = 0.85;
const OTHER_COUNTRY: f32 = 0.95;

/// Whom one asks for.
#[derive(Debug, Clone, Default)]
pub struct Question<'q> {
    /// The names that are known, at most [`ASKED_MAX`]; the best match of any counts.
    pub names: Vec<&'q str>,
    /// Whether it is a person.
    pub kind: Kind,
    /// Dates of birth, as `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
    pub births: Vec<&'q str>,
    /// Countries, by name or by code.
    pub countries: Vec<&'q str>,
}

/// Whether what both sides say is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agreement {
    /// One side says nothing.
    Unknown,
    /// Both say the same, or one says it less exactly.
    Agrees,
    /// They contradict each other.
    Differs,
}

/// A party that may be meant.
#[derive(Debug, Clone)]
pub struct Match<'i> {
    /// Who.
    pub party: &'i Party,
    /// Which of its names matched.
    pub name: &'i str,
    /// How sure the list is of that name.
    pub strength: Strength,
    /// How alike the names are.
    pub likeness: Likeness,
    /// Likeness, less what a weak alias, another date of birth or another country take from it.
    pub score: f32,
    /// Whether the dates of birth agree.
    pub birth: Agreement,
    /// Whether a country is common.
    pub country: Agreement,
}

/// Parties by their names.
#[derive(Debug, Clone, Default)]
pub struct Index {
    parties: Vec<Party>,
    /// Party and place of the name in it, by the name's number.
    names: Vec<(u32, u16)>,
    /// Keys in order, and where each one's names begin.
    keys: Vec<(u64, u32)>,
    numbers: Vec<u32>,
}

impl Index {
    /// An index of these parties. Of more than four thousand million names the rest is left out.
    pub fn new(parties: impl IntoIterator<Item = Party>) -> Self {
        let mut index = Self { parties: parties.into_iter().collect(), ..Self::default() };
        let mut pairs: Vec<(u64, u32)> = Vec::new();
        for (at, party) in index.parties.iter().enumerate() {
            for (place, (text, _)) in party.names.iter().enumerate() {
                let (Ok(at), Ok(place)) = (u32::try_from(at), u16::try_from(place)) else { continue };
                let Ok(number) = u32::try_from(index.names.len()) else { break };
                index.names.push((at, place));
                pairs.extend(keys(&Name::read(text, party.schema)).into_iter().map(|key| (key, number)));
            }
        }
        pairs.sort_unstable();
        for (key, number) in pairs {
            if index.keys.last().is_none_or(|(last, _)| *last != key) {
                index.keys.push((key, u32::try_from(index.numbers.len()).unwrap_or(u32::MAX)));
            }
            index.numbers.push(number);
        }
        index
    }

    /// How many parties it has.
    pub fn len(&self) -> usize {
        self.parties.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.parties.is_empty()
    }

    /// The parties, in the order in which they came.
    pub fn parties(&self) -> &[Party] {
        &self.parties
    }

    /// The parties whose score is at least `least` (0 to 1; [`MATCH`] is usual), the best first, at most `count`.
    ///
    /// A person is never matched with an organisation. Well under a millisecond at fifty thousand names. Of the names
    /// that [`Name::compare`] holds to be one with a mistyped name, some three in a hundred are not found here: one of hundreds
    /// that are alike (Ali Hussein), or one with an error in every word. The name itself is always found.
    pub fn ask(&self, question: &Question<'_>, least: f32, count: usize) -> Vec<Match<'_>> {
        let mut best: HashMap<u32, Match<'_>> = HashMap::new();
        for text in question.names.iter().take(ASKED_MAX) {
            let asked = Name::read(text, question.kind);
            for number in self.gathered(&asked) {
                let Some((at, found)) = self.compared(&asked, number, question) else { continue };
                if found.score >= least && best.get(&at).is_none_or(|held| held.score < found.score) {
                    best.insert(at, found);
                }
            }
        }
        let mut found: Vec<_> = best.into_values().collect();
        found.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.party.id.cmp(&b.party.id)));
        found.truncate(count);
        found
    }

    /// [`Index::ask`] for what [`MATCH`] holds to be one.
    pub fn matches(&self, question: &Question<'_>, count: usize) -> Vec<Match<'_>> {
        self.ask(question, MATCH, count)
    }

    /// The names under a key.
    fn under(&self, key: u64) -> &[u32] {
        let Ok(at) = self.keys.binary_search_by_key(&key, |(key, _)| *key) else { return &[] };
        let place = |at: usize| self.keys.get(at).and_then(|(_, from)| usize::try_from(*from).ok());
        let (from, to) = (place(at).unwrap_or(0), place(at + 1).unwrap_or(self.numbers.len()));
        self.numbers.get(from..to).unwrap_or(&[])
    }

    /// The numbers of the names that share the rarest keys with a name.
    fn gathered(&self, name: &Name) -> Vec<u32> {
        let mut lists: Vec<&[u32]> = keys(name).into_iter().map(|key| self.under(key)).collect();
        lists.retain(|list| !list.is_empty());
        lists.sort_unstable_by_key(|list| list.len());
        let all = self.names.len().max(1);
        let mut ranks: HashMap<u32, f32> = HashMap::new();
        let mut gathered = 0;
        for list in lists {
            if gathered > 0 && gathered + list.len() > GATHERED_MAX {
                break;
            }
            gathered += list.len();
            let rarity = rarity(list.len(), all);
            for number in list.iter().take(GATHERED_MAX) {
                *ranks.entry(*number).or_default() += rarity;
            }
        }
        let mut ranked: Vec<_> = ranks.into_iter().collect();
        let order = |a: &(u32, f32), b: &(u32, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
        if ranked.len() > COMPARED_MAX {
            ranked.select_nth_unstable_by(COMPARED_MAX, order);
            ranked.truncate(COMPARED_MAX);
        }
        ranked.into_iter().map(|(number, _)| number).collect()
    }

    fn compared(&self, asked: &Name, number: u32, question: &Question<'_>) -> Option<(u32, Match<'_>)> {
        let (at, place) = *self.names.get(usize::try_from(number).ok()?)?;
        let party = self.parties.get(usize::try_from(at).ok()?)?;
        Some((at, question.compared(asked, party, usize::from(place))?))
    }
}

impl Question<'_> {
    /// How likely it is that a party is meant, by the name of it that matches best. `None` if it has no name, or is a person and
    /// an organisation is asked for, or the other way round.
    pub fn weigh<'p>(&self, party: &'p Party) -> Option<Match<'p>> {
        let asked: Vec<Name> =
            self.names.iter().take(ASKED_MAX).map(|text| Name::read(text, self.kind)).collect();
        let each = asked.iter().flat_map(|asked| {
            (0..party.names.len()).filter_map(move |place| self.compared(asked, party, place))
        });
        each.max_by(|a, b| a.score.total_cmp(&b.score))
    }

    fn compared<'p>(&self, asked: &Name, party: &'p Party, place: usize) -> Option<Match<'p>> {
        let (name, strength) = party.names.get(place)?;
        let other = |one, two| one == Kind::Person && two == Kind::Organization;
        if other(party.schema, self.kind) || other(self.kind, party.schema) {
            return None;
        }
        let likeness = asked.compare(&Name::read(name, party.schema));
        let birth = births(&self.births, &party.births);
        let country = common(&self.countries, &party.countries);
        let mut score = likeness.score;
        if *strength == Strength::Weak {
            score *= WEAK;
        }
        if birth == Agreement::Differs {
            score *= OTHER_BIRTH;
        }
        if country == Agreement::Differs {
            score *= OTHER_COUNTRY;
        }
        Some(Match { party, name, strength: *strength, likeness, score, birth, country })
    }
}

/// How much a key says, in bits: that of one name in a million, twenty.
fn rarity(count: usize, all: usize) -> f32 {
    let bits = |count: usize| f32::from(u16::try_from(usize::BITS - count.leading_zeros()).unwrap_or(0));
    (bits(all) - bits(count)).max(0.0) + 0.5
}

/// Dates agree where one begins as the other: `1977` and `1977-03-25`.
fn births(asked: &[&str], listed: &[String]) -> Agreement {
    let agrees = |asked: &&str| {
        listed.iter().any(|listed| listed.starts_with(*asked) || asked.starts_with(listed.as_str()))
    };
    agreement(asked.is_empty() || listed.is_empty(), asked.iter().any(agrees))
}

fn common(asked: &[&str], listed: &[String]) -> Agreement {
    let asked: Vec<_> = asked.iter().filter_map(|name| countries::code(name)).collect();
    agreement(asked.is_empty() || listed.is_empty(), asked.iter().any(|code| listed.contains(code)))
}

fn agreement(unknown: bool, agrees: bool) -> Agreement {
    match (unknown, agrees) {
        (true, _) => Agreement::Unknown,
        (false, true) => Agreement::Agrees,
        (false, false) => Agreement::Differs,
    }
}
