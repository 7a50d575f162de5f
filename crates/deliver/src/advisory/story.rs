//! What an advisory tells: taken out of released objects, never out of thin air.

use std::collections::HashMap;
use std::ops::ControlFlow;

use gate::{Object, Query, Reader};
use policy::{Book, Provenance, Released};
use serde::Deserialize;
use stix::{ObjectId, Tlp};

use super::content::{Action, Happened, Signature};
use super::playbook;
use crate::gather::DeliverError;
use crate::telling;

/// Actors and campaigns that are told of; the rest is counted.
const ACTORS_MAX: usize = 6;
/// Courses of action that are recommended: those that meet most of what is used.
const STEPS_MAX: usize = 8;
/// Bytes of a description that are looked at: what is told of it, with room for links and marks.
const TEXT_BYTES_MAX: usize = 8 * 1024;
/// Characters of a description that are told.
const TEXT_CHARS_MAX: usize = 360;

/// Characters of a name that are told.
const NAME_CHARS_MAX: usize = 160;
/// Other names of one group that are told, and who is said to be concerned.
const ALIASES_MAX: usize = 12;
const CONCERNED_MAX: usize = 40;

/// What is told in an advisory, as far as objects tell it.
pub(super) struct Story {
    pub(super) happened: Vec<Happened>,
    pub(super) more_happened: usize,
    pub(super) concerned: Vec<String>,
    pub(super) actions: Vec<Action>,
    pub(super) tlp: Tlp,
}

#[derive(Deserialize)]
struct Wire {
    #[serde(rename = "type")]
    object_type: String,
    id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    modified: String,
    #[serde(default)]
    relationship_type: String,
    #[serde(default)]
    source_ref: String,
    #[serde(default)]
    target_ref: String,
    #[serde(default)]
    revoked: bool,
    #[serde(default)]
    x_mitre_deprecated: bool,
    #[serde(default)]
    extensions: HashMap<String, serde_json::Value>,
    /// Which reader gave it.
    #[serde(skip)]
    reader: usize,
}

#[derive(Default)]
struct Telling {
    actors: Vec<Wire>,
    actions: Vec<Wire>,
    places: HashMap<String, (String, Tlp)>,
    targets: Vec<(String, Tlp)>,
    meets: HashMap<String, usize>,
}

impl Story {
    /// What the readers' circles tell.
    pub(super) fn of(book: &Book, readers: &[Reader]) -> Result<Self, DeliverError> {
        let (mut told, mut tlp) = (Telling::default(), Tlp::Clear);
        let others = ["course-of-action", "relationship", "identity", "location"];
        let types: Vec<&str> = telling::happened().chain(others).collect();
        for (at, reader) in readers.iter().enumerate() {
            reader.each(&types, &mut |object| {
                if told.take(at, &object) {
                    tlp = tlp.max(object.tlp());
                }
                ControlFlow::Continue(())
            })?;
        }
        let signed = |wire: &Wire| match readers.get(wire.reader) {
            Some(reader) if wire.extensions.contains_key(stix::signature::EXTENSION) => {
                signature(book, reader, &wire.id)
            }
            _ => Ok(None),
        };
        told.into_story(tlp, signed)
    }
}

/// The courses of action that the readers' circles recommend, those first that meet most of what is used.
pub(super) fn actions(readers: &[Reader]) -> Result<Vec<Action>, DeliverError> {
    let mut told = Telling::default();
    for types in [["course-of-action"], ["relationship"]] {
        for (at, reader) in readers.iter().enumerate() {
            reader.each(&types, &mut |object| {
                let _shown = told.take(at, &object);
                ControlFlow::Continue(())
            })?;
        }
        if told.actions.is_empty() {
            break;
        }
    }
    Ok(told.actions())
}

impl Telling {
    /// Takes an object in; whether its text will be shown.
    fn take(&mut self, reader: usize, object: &Released<Object>) -> bool {
        let Ok(mut wire) = serde_json::from_str::<Wire>(&object.get().raw) else { return false };
        if wire.revoked || wire.x_mitre_deprecated {
            return false;
        }
        match wire.object_type.as_str() {
            "relationship" => {
                match wire.relationship_type.as_str() {
                    "mitigates" => *self.meets.entry(wire.source_ref).or_default() += 1,
                    "targets" => self.targets.push((wire.target_ref, object.tlp())),
                    _ => {}
                }
                false
            }
            "identity" | "location" => {
                self.places.insert(wire.id, (wire.name, object.tlp()));
                false
            }
            "course-of-action" => {
                self.actions.push(wire);
                true
            }
            _ => {
                wire.reader = reader;
                self.actors.push(wire);
                true
            }
        }
    }

    /// What is recommended.
    fn actions(&mut self) -> Vec<Action> {
        let meets = |wire: &Wire| self.meets.get(&wire.id).copied().unwrap_or(0);
        self.actions.sort_by(|a, b| {
            let has_playbook = |wire: &Wire| wire.extensions.contains_key(playbook::EXTENSION);
            let by_playbook = has_playbook(b).cmp(&has_playbook(a));
            by_playbook.then_with(|| meets(b).cmp(&meets(a))).then_with(|| a.name.cmp(&b.name))
        });
        let actions = self.actions.iter().take(STEPS_MAX).map(|wire| Action {
            name: name(&wire.name),
            text: plain(&wire.description),
            meets: meets(wire),
            parts: wire.extensions.get(playbook::EXTENSION).map(playbook::parts).unwrap_or_default(),
        });
        actions.collect()
    }

    fn into_story(
        mut self,
        mut tlp: Tlp,
        signed: impl Fn(&Wire) -> Result<Option<Signature>, DeliverError>,
    ) -> Result<Story, DeliverError> {
        let rank = |wire: &Wire| telling::one(&wire.object_type);
        self.actors.sort_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| b.modified.cmp(&a.modified)));
        let more_happened = self.actors.len().saturating_sub(ACTORS_MAX);
        let actions = self.actions();
        // That somebody is a target is as confidential as who it is.
        let targets = self.targets.iter().filter_map(|(target, said)| {
            let (place, of_place) = self.places.get(target)?;
            Some((name(place), *said.max(of_place)))
        });
        let mut concerned: Vec<(String, Tlp)> = targets.collect();
        concerned.sort();
        concerned.dedup_by(|other, kept| other.0 == kept.0);
        concerned.truncate(CONCERNED_MAX);
        tlp = concerned.iter().map(|(_, of)| *of).fold(tlp, Tlp::max);
        let concerned = concerned.into_iter().map(|(name, _)| name).collect();
        let told = self.actors.into_iter().take(ACTORS_MAX);
        let happened = told.map(|wire| Ok(Happened { signature: signed(&wire)?, ..Happened::from(wire) }));
        Ok(Story {
            actions,
            more_happened,
            concerned,
            tlp,
            happened: happened.collect::<Result<_, DeliverError>>()?,
        })
    }
}

impl From<Wire> for Happened {
    fn from(wire: Wire) -> Self {
        let others = wire.aliases.iter().filter(|alias| **alias != wire.name).take(ALIASES_MAX);
        Self {
            kind: telling::one(&wire.object_type).map_or("told-report", |(_, message)| message),
            names: others.map(|alias| name(alias)).collect(),
            text: plain(&wire.description),
            name: name(&wire.name),
            signature: None,
        }
    }
}

/// What the signature of an object proves to the one who reads.
fn signature(book: &Book, reader: &Reader, id: &str) -> Result<Option<Signature>, DeliverError> {
    let Ok(id) = ObjectId::parse(id) else { return Ok(None) };
    let page = reader.page(&Query { ids: vec![id], limit: 1, ..Query::default() })?;
    let provenance = page.items.first().map(|object| reader.provenance(object.get()));
    Ok(match provenance {
        None | Some(Provenance::NotSigned | Provenance::Copied) => None,
        Some(Provenance::Signed(signer)) => {
            let named = signer.member.and_then(|member| book.member(member));
            // The node's own key, for its operators, is no member's.
            Some(named.map_or(Signature::ByMember, |member| Signature::By(name(&member.name))))
        }
        Some(_) => Some(Signature::Unproven),
    })
}

/// A name in one line, without what would turn the text around it, and not too long.
pub(crate) fn name(text: &str) -> String {
    let shown = visible(text);
    match shown.char_indices().nth(NAME_CHARS_MAX) {
        Some((end, _)) => format!("{} …", shown.get(..end).unwrap_or_default().trim_end()),
        None => shown,
    }
}

/// A text without control characters, marks of direction and noncharacters, with single spaces.
///
/// Source: Unicode Standard Annex 9, section 2 (explicit directional formatting characters); Unicode Standard, 23.7
/// (noncharacters: no font has them, and a document that must be readable may not hold them).
pub(crate) fn visible(text: &str) -> String {
    let is_hidden = |c: char| {
        matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
            || (c.is_control() && !c.is_whitespace())
            || is_noncharacter(c)
    };
    let kept: String = text.chars().filter(|c| !is_hidden(*c)).collect();
    kept.split_whitespace().collect::<Vec<_>>().join(" ")
}

const fn is_noncharacter(c: char) -> bool {
    c as u32 & 0xfffe == 0xfffe || matches!(c, '\u{fdd0}'..='\u{fdef}')
}

/// A description in plain words: links by their texts, no citations, no marks of code, not too long.
///
/// Linear in what is looked at: where one link does not end, no later one does, so that is looked for once.
pub(crate) fn plain(text: &str) -> String {
    let mut rest = text.get(..text.floor_char_boundary(TEXT_BYTES_MAX)).unwrap_or_default();
    let (mut out, mut links) = (String::new(), true);
    while let Some(at) = rest.find(['(', '[', '<', '`']) {
        out.push_str(rest.get(..at).unwrap_or_default());
        let tail = rest.get(at..).unwrap_or_default();
        let link = if links && tail.starts_with('[') { link(tail) } else { None };
        links &= link.is_some() || !tail.starts_with('[');
        let (kept, length) = link.unwrap_or_else(|| mark(tail));
        out.push_str(kept);
        rest = tail.get(length..).unwrap_or_default();
    }
    out.push_str(rest);
    shortened(&visible(&out))
}

/// The text of the link that `text` begins with, and how many bytes the link has; `None` if no link ends in it.
fn link(text: &str) -> Option<(&str, usize)> {
    let middle = text.find("](")?;
    let end = text.get(middle..)?.find(')')?;
    Some((text.get(1..middle)?, middle + end + 1))
}

/// What is left of the mark that `text` begins with, and how many bytes of it that was.
fn mark(text: &str) -> (&str, usize) {
    if text.starts_with("(Citation:") {
        return ("", text.find(')').map_or(text.len(), |end| end + 1));
    }
    for tag in ["<code>", "</code>", "<br>", "`"] {
        if text.starts_with(tag) {
            return ("", tag.len());
        }
    }
    let first = text.chars().next().map_or(1, char::len_utf8);
    (text.get(..first).unwrap_or_default(), first)
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= TEXT_CHARS_MAX {
        return text.to_owned();
    }
    let cut: String = text.chars().take(TEXT_CHARS_MAX).collect();
    let end = cut.rfind(". ").map_or(cut.len(), |at| at + 1);
    format!("{} …", cut.get(..end).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_document_can_hold_is_left_out() {
        assert_eq!(name("a\u{fffe}b\u{fdd0}\u{1ffff} \u{202e}c"), "ab c");
    }

    #[test]
    fn descriptions_lose_their_markup_and_nothing_else() {
        let text = "[Kimsuky](https://attack.mitre.org/groups/G0094) used <code>x</code> (in [1] 2019).(Citation: A)(Citation: B) `End`";
        assert_eq!(plain(text), "Kimsuky used x (in [1] 2019). End");
        assert_eq!(plain("a (Citation: never closed"), "a");
        assert_eq!(plain("[ä](b"), "[ä](b");
        assert!(plain(&"word. ".repeat(400)).ends_with("word. …"));
        assert_eq!(plain("a\u{202e}b\nc\u{7}d"), "ab cd");
        assert_eq!(name(&"ä".repeat(NAME_CHARS_MAX + 1)), format!("{} …", "ä".repeat(NAME_CHARS_MAX)));
    }

    /// Each bracket looked for its end through all the rest, so that a description of 1.6 MB held up its readers.
    #[test]
    fn a_description_of_brackets_alone_takes_no_time() {
        let started = std::time::Instant::now();
        let brackets = "[".repeat(1_600_000);
        assert_eq!(plain(&brackets), format!("{} …", "[".repeat(TEXT_CHARS_MAX)));
        assert_eq!(plain(&"[](".repeat(1_600_000)), format!("{} …", "[](".repeat(TEXT_CHARS_MAX / 3)));
        assert!(started.elapsed() < std::time::Duration::from_secs(2), "{:?}", started.elapsed());
        let cut_inside_a_character = format!("{}ä", "a".repeat(TEXT_BYTES_MAX - 1));
        assert!(plain(&cut_inside_a_character).starts_with("aaa"));
    }
}
