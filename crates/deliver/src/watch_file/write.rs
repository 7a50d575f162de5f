//! Making a watch file.

use std::collections::BTreeMap;

use gate::NoteKey;
use policy::{Level, MemberId};
use sha2::{Digest, Sha256};
use watch::Value;
use watch::hunt::Needles;

use super::header::{Block, Header, Made, first_line};
use super::{BLOCK_BYTES, Known, SAID_MAX, Said};
use crate::artefact::Artefact;
use crate::entry::Entry;
use crate::gather::{Deliver, DeliverError};
use crate::hex::hex;

/// How hard blocks are compressed: the default of zstd.
const COMPRESSION: i32 = 3;

impl Deliver {
    /// The member's watch file.
    ///
    /// # Errors
    /// [`DeliverError`].
    pub fn watch_file(&self, member: MemberId, encrypted: bool) -> Result<Artefact, DeliverError> {
        let book = self.gate.book();
        let profile = self.offered(&book, member, Level::Detect)?;
        let gathered = self.gather(member, Level::Detect, encrypted)?;
        let mut said: BTreeMap<&Value, Vec<&Entry>> = BTreeMap::new();
        for entry in gathered.entries() {
            said.entry(entry.value()).or_default().push(entry);
        }
        let key = self.gate.key();
        let made = Made {
            node: key.name().to_owned(),
            key: NoteKey::of(key).to_string(),
            member: profile.handle.clone(),
            tlp: gathered.tlp().to_string(),
            made: (self.now)().to_string(),
        };
        let values: Vec<(&Value, Vec<&Entry>)> = said.into_iter().collect();
        let (needles, order) = Needles::of(values.iter().map(|(value, _)| *value));
        let keys: Vec<u8> = needles.keys().iter().flat_map(|key| key.to_le_bytes()).collect();
        let (mut blocks, mut body, mut lines, mut count) = (Vec::new(), Vec::new(), Vec::new(), 0);
        let unwritten = |error: &dyn std::fmt::Display| {
            DeliverError::Render(format!("the watch file can't be written: {error}"))
        };
        for (at, number) in order.iter().enumerate() {
            let Some((value, entries)) = values.get(*number as usize) else { continue };
            serde_json::to_writer(&mut lines, &known(value, entries)).map_err(|error| unwritten(&error))?;
            lines.push(b'\n');
            count += 1;
            if lines.len() >= BLOCK_BYTES || at + 1 == order.len() {
                let block = zstd::bulk::compress(&lines, COMPRESSION).map_err(|error| unwritten(&error))?;
                blocks.push(Block { lines: count, bytes: block.len(), sha256: hex(&Sha256::digest(&block)) });
                body.extend_from_slice(&block);
                lines.clear();
                count = 0;
            }
        }
        let (values, expect) = (needles.len(), needles.expect().clone());
        let header = Header { made, values, expect, keys_sha256: hex(&Sha256::digest(&keys)), blocks };
        let written = serde_json::to_vec(&header).map_err(|error| unwritten(&error))?;
        let note = key.note(&header.signed_text(&written));
        let first = first_line(written.len(), note.len());
        let file = [first.as_bytes(), &written, note.as_bytes(), &keys, &body].concat();
        Ok(Artefact::new("application/octet-stream", "watch.bongsu", file, values))
    }
}

fn known(value: &Value, entries: &[&Entry]) -> Known {
    let said = |entry: &&Entry| {
        let indicator = entry.indicator();
        Said {
            indicator: indicator.object.to_string(),
            circle: entry.circle().to_owned(),
            tlp: entry.tlp().to_string(),
            name: indicator.name.as_deref().map(str::to_owned),
            confidence: indicator.confidence,
            valid_from: indicator.valid_from.map(|at| at.to_string()),
            valid_until: indicator.valid_until.map(|at| at.to_string()),
        }
    };
    let (kind, value) = (value.kind().as_str().to_owned(), value.text().to_owned());
    Known { kind, value, by: entries.iter().take(SAID_MAX).map(said).collect() }
}
