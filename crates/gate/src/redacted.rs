//! Redacted copies: made, marked as such, and signed by the node.
//!
//! A copy says in `x_bongsu_redaction` by which node it was made and commits to the original. The commitment is hidden
//! by a nonce that only the node can compute, so that nobody can try guesses of what was removed against it; the
//! node can open it later to show that the copy was honest. The signature is over the canonical JSON (RFC 8785) of the
//! copy without `signature`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use line::{Entry, LineId, ObjectIx};
use policy::{Cut, Part, Released, Removal, Rule, forbidden_selectors};
use sha2::{Digest as _, Sha256};
use std::collections::HashSet;
use stix::ObjectId;
use stix::Tlp;
use stix::marking::read_granular;

use crate::key::NodeKey;
use crate::view::View;

/// What of an entry's object may go out under `cut`.
pub(crate) fn copy(
    view: &View<'_>,
    entry: &Entry<'_>,
    cut: Cut,
    forbidden: &HashSet<ObjectIx>,
) -> Result<Released<String>, Rule> {
    let line = LineId::new(view.request.circle.uuid());
    let mut raw = None;
    let read = view.inner.store.bodies(line, &[entry.seq], &mut |_, _, body| {
        raw = String::from_utf8(body.to_vec()).ok();
    });
    // What can't be read can't be released; reading it for a page says why.
    let raw = raw.filter(|_| read.is_ok()).ok_or(Rule::NothingLeft)?;
    let (removal, staying) = removal(view, entry, cut, forbidden, &raw)?;
    let copy = cut
        .with_parts(staying)
        .release(&raw, &removal)
        .map_err(|_| Rule::MarkingMalformed)?
        .ok_or(Rule::NothingLeft)?;
    if removal == Removal::default() {
        return Ok(copy);
    }
    copy.and_then(|text| signed(&text, &raw, &view.inner.key)).ok_or(Rule::NothingLeft)
}

/// What must go, and the strictest mark of the parts that stay.
fn removal(
    view: &View<'_>,
    entry: &Entry<'_>,
    cut: Cut,
    forbidden: &HashSet<ObjectIx>,
    raw: &str,
) -> Result<(Removal, Option<Tlp>), Rule> {
    let resolved = view.resolve(entry.class()).ok_or(Rule::MarkingUnknown)?;
    let mut removal = Removal {
        references: forbidden.iter().filter_map(|object| view.catalogue.id(*object)).collect(),
        ..Removal::default()
    };
    let mut staying = None;
    if resolved.granular {
        let granular = read_granular(raw).map_err(|_| Rule::MarkingMalformed)?;
        let parts: Vec<Part> = granular
            .into_iter()
            .map(|part| {
                let (tlp, definitions, unknown_marking) = view.markings(part.marking.iter());
                Part { selectors: part.selectors, tlp, definitions, unknown_marking }
            })
            .collect();
        let class = resolved.class(false);
        removal.selectors = forbidden_selectors(&view.standing.book, view.request, &class, &parts);
        let goes = |part: &&Part| part.selectors.iter().any(|selector| removal.selectors.contains(selector));
        staying = parts.iter().filter(|part| !goes(part)).filter_map(|part| part.tlp).max();
    }
    if cut.conceals_source() {
        let creator = stix::head::property(raw, "created_by_ref").and_then(|id| ObjectId::parse(&id).ok());
        let stands_for = view.inner.key.pseudonym(resolved.originator.uuid(), view.request.circle.uuid());
        let pseudonym = ObjectId::new("identity", stands_for).ok();
        removal.pseudonym = creator.zip(pseudonym);
    }
    Ok((removal, staying))
}

/// The copy with its redaction stated and signed.
fn signed(text: &str, original: &str, key: &NodeKey) -> Option<String> {
    let nonce = key.derive("redaction", &[&Sha256::digest(original)]);
    let commitment = Sha256::new().chain_update(nonce).chain_update(original).finalize();
    let hex: String = commitment.iter().map(|byte| format!("{byte:02x}")).collect();
    let inside = text.trim_end().strip_suffix('}')?;
    let note = serde_json::json!({ "node": key.name(), "key": key.id(), "commitment": hex });
    let unsigned: serde_json::Value =
        serde_json::from_str(&format!("{inside},\"x_bongsu_redaction\":{note}}}")).ok()?;
    let canonical = serde_json_canonicalizer::to_vec(&unsigned).ok()?;
    let signature = STANDARD.encode(key.sign(&canonical));
    let note =
        serde_json::json!({ "node": key.name(), "key": key.id(), "commitment": hex, "signature": signature });
    Some(format!("{inside},\"x_bongsu_redaction\":{note}}}"))
}
