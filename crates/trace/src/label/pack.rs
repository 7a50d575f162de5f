//! GraphSense's tag packs: YAML with what holds for all tags at its top, and a list of tags that may say otherwise.
//!
//! Source: graphsense-tagpack-tool, "TagPack schema" (fields, inheritance from the header, confidence levels).

use std::sync::Arc;

use serde::Deserialize;
use stix::Finding;

use super::{Category, Label, Read, day, is_address, short};

/// Longest pack, in bytes.
const PACK_BYTES_MAX: usize = 64 << 20;
/// Values of YAML in a pack: some ten a tag.
const NODES_MAX: usize = 5_000_000;
/// How sure a pack is that does not say so.
const CONFIDENCE_UNSAID: u8 = 30;

/// What holds for all tags of a pack, or for one.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Said {
    label: Option<String>,
    source: Option<String>,
    category: Option<String>,
    abuse: Option<String>,
    concepts: Vec<String>,
    confidence: Option<String>,
    lastmod: Option<String>,
    actor: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Pack {
    title: Option<String>,
    #[serde(flatten)]
    said: Said,
    tags: Vec<Tag>,
}

#[derive(Debug, Deserialize)]
struct Tag {
    address: Option<String>,
    #[serde(flatten)]
    said: Said,
}

/// Reads a tag pack.
///
/// A tag of which neither itself nor the pack says what it is gets `otherwise`: packs of sanctioned addresses say it in words. One without an address, or with something that can be none, is
/// left out and told. What a tag does not say, the pack says for it.
///
/// # Errors
/// A [`Finding`] when the text is too long, no YAML, or no tag pack.
pub fn tag_pack(text: &str, otherwise: Category) -> Result<Read, Finding> {
    if text.len() > PACK_BYTES_MAX {
        let message = format!("the tag pack has {} bytes; the limit is {PACK_BYTES_MAX}", text.len());
        return Err(Finding::error("label-file-too-large", "", message));
    }
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_nodes: NODES_MAX, max_events: 2 * NODES_MAX, max_aliases: 0 },
        with_snippet: false,
    };
    let pack: Pack = serde_saphyr::from_str_with_options(text, options)
        .map_err(|error| Finding::error("label-pack", "", format!("no tag pack: {error}")))?;
    let (mut labels, mut findings) = (Vec::with_capacity(pack.tags.len()), Vec::new());
    let mut shared = Shared::default();
    for (at, tag) in pack.tags.into_iter().enumerate() {
        let path = || format!("tags[{at}]");
        let Some(address) = tag.address.as_deref().map(str::trim).filter(|address| is_address(address))
        else {
            findings.push(Finding::error(
                "label-address",
                path(),
                "no address, or something that can be none",
            ));
            continue;
        };
        match label(&tag.said, &pack.said, pack.title.as_deref(), &mut shared) {
            Some(mut label) => {
                if label.category == Category::Other {
                    label.category = otherwise;
                }
                labels.push((address.to_owned(), label));
            }
            None => {
                findings.push(Finding::error("label-source", path(), "nobody says so: `source` is missing"))
            }
        }
    }
    Ok((labels, findings))
}

/// Texts that many labels share.
#[derive(Default)]
struct Shared(std::collections::HashSet<Arc<str>>);

impl Shared {
    fn one(&mut self, text: String) -> Arc<str> {
        if let Some(known) = self.0.get(text.as_str()) {
            return Arc::clone(known);
        }
        let new: Arc<str> = text.into();
        self.0.insert(Arc::clone(&new));
        new
    }
}

/// What a tag says, and the pack for it; `None` if nobody is named who says so.
fn label(tag: &Said, pack: &Said, title: Option<&str>, shared: &mut Shared) -> Option<Label> {
    let either = |part: fn(&Said) -> &Option<String>| part(tag).as_deref().or(part(pack).as_deref());
    let source = either(|said| &said.source).map(short).filter(|source| !source.is_empty())?;
    let actor = either(|said| &said.actor).map(short).map(|actor| shared.one(actor));
    let name = either(|said| &said.label).or(actor.as_deref()).or(title).map(short).unwrap_or_default();
    let confidence = either(|said| &said.confidence).map_or(CONFIDENCE_UNSAID, confidence);
    let date = either(|said| &said.lastmod).and_then(day);
    let date = date.map(|date| shared.one(date.as_ref().to_owned()));
    Some(Label { name, category: category(tag, pack), actor, source: shared.one(source), date, confidence })
}

/// What is done there before what it is: an exchange's wallet that was used in a theft is the thief's.
fn category(tag: &Said, pack: &Said) -> Category {
    let words = |said: &Said| {
        let words = said.abuse.iter().chain(&said.category).chain(&said.concepts);
        words.filter_map(|word| Category::of_word(word)).find(|category| *category != Category::Other)
    };
    words(tag).or_else(|| words(pack)).unwrap_or(Category::Other)
}

/// GraphSense's words for how sure a tag is, on the scale of STIX (rungs of our own).
fn confidence(word: &str) -> u8 {
    match word {
        "ownership" | "override" | "ledger_immanent" => 95,
        "authority_data" | "manual_transaction" => 90,
        "service_data" | "service_api" => 80,
        "trusted_provider" | "forensic" => 70,
        "forensic_investigation" | "untrusted_transaction" => 50,
        "web_crawl" | "heuristic" => 40,
        _ => CONFIDENCE_UNSAID,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_tag_does_not_say_the_pack_says() {
        let pack = "title: T\nsource: https://example.org\nlabel: Blender\ncategory: mixing_service\nlastmod: 2022-05-16\n\
                    confidence: authority_data\ntags:\n- address: 1421chCK32pV32Tw5MQbiUiKWKvnmj7d91\n\
                    - address: '0xc25167ffa19b4d9d03c7d5aa4682c7063f345b66'\n  label: '01'\n  abuse: service_hack\n  actor: x\n\
                    - label: nobody\n- address: <script>\n";
        let (labels, findings) = tag_pack(pack, Category::Other).unwrap();
        assert_eq!(labels.len(), 2);
        let (first, second) = (&labels[0].1, &labels[1].1);
        assert_eq!((first.name.as_str(), first.category, first.confidence), ("Blender", Category::Mixer, 90));
        assert_eq!(first.date.as_deref(), Some("2022-05-16"));
        assert_eq!((second.name.as_str(), second.category), ("01", Category::Theft));
        assert_eq!(second.actor.as_deref(), Some("x"));
        let places: Vec<&str> = findings.iter().map(|finding| finding.path.as_str()).collect();
        assert_eq!(places, ["tags[2]", "tags[3]"]);
    }

    #[test]
    fn what_is_no_pack_is_told() {
        for text in ["", "tags", "tags: 7", "{", "a: &a [*a]\ntags: *a", "tags: [", &"[".repeat(10_000)] {
            assert!(tag_pack(text, Category::Other).is_err(), "{text}");
        }
        let unsaid = "title: T\ntags:\n- address: 1421chCK32pV32Tw5MQbiUiKWKvnmj7d91\n";
        let (labels, findings) = tag_pack(unsaid, Category::Other).unwrap();
        assert!(labels.is_empty() && findings[0].code == "label-source");
    }
}
