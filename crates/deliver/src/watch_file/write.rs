//! Making a watch file.

use std::collections::BTreeSet;

use gate::NoteKey;
use policy::{Book, CircleId, Level, Member, MemberId};
use sha2::{Digest, Sha256};
use stix::Tlp;
use watch::hunt::Needles;
use watch::{Acts as _, Value};

use super::header::{Back, Block, Circle, Header, Made, first_line};
use super::reported::identity_of;
use super::values::said;
use super::{BLOCK_BYTES, Known, SAID_MAX, Said};
use crate::artefact::Artefact;
use crate::entry::Claim;
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
        let said = said(&gathered);
        let circles: BTreeSet<CircleId> = said.values().flatten().map(|(claim, _)| claim.key().0).collect();
        let tlp = said.values().flatten().map(|(_, tlp)| *tlp).fold(gathered.tlp(), Tlp::max);
        let key = self.gate.key();
        let made = Made {
            node: key.name().to_owned(),
            key: NoteKey::of(key).to_string(),
            member: profile.handle.clone(),
            tlp: tlp.to_string(),
            made: (self.now)().to_string(),
        };
        let values: Vec<(&Value, Vec<(&Claim, Tlp)>)> = said.into_iter().collect();
        let (needles, order) = Needles::of(values.iter().map(|(value, _)| *value));
        let keys: Vec<u8> = needles.keys().iter().flat_map(|key| key.to_le_bytes()).collect();
        let (mut blocks, mut body, mut lines, mut count) = (Vec::new(), Vec::new(), Vec::new(), 0);
        let unwritten = |error: &dyn std::fmt::Display| {
            DeliverError::Render(format!("the watch file can't be written: {error}"))
        };
        for (at, number) in order.iter().enumerate() {
            let Some((value, claims)) = values.get(*number as usize) else { continue };
            serde_json::to_writer(&mut lines, &known(value, claims)).map_err(|error| unwritten(&error))?;
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
        let back = self.back(&book, profile, &circles);
        let header = Header { made, back, values, expect, keys_sha256: hex(&Sha256::digest(&keys)), blocks };
        let written = serde_json::to_vec(&header).map_err(|error| unwritten(&error))?;
        let note = key.note(&header.signed_text(&written));
        let first = first_line(written.len(), note.len());
        let file = [first.as_bytes(), &written, note.as_bytes(), &keys, &body].concat();
        Ok(Artefact::new("application/octet-stream", "watch.bongsu", file, values))
    }
}

impl Deliver {
    /// How the member tells what it found of what came from these circles.
    fn back(&self, book: &Book, member: &Member, circles: &BTreeSet<CircleId>) -> Back {
        let circles = circles.iter().filter_map(|id| book.circle(*id)).map(|circle| Circle {
            handle: circle.handle.clone(),
            id: circle.id.to_string(),
            hides_members: circle.hidden_members,
        });
        Back {
            url: self.letterhead.public_url.clone(),
            identity: identity_of(member.id),
            name: if member.name.is_empty() { member.handle.clone() } else { member.name.clone() },
            secret: self.secret_of_hunts(member.id),
            circles: circles.collect(),
        }
    }
}

pub(super) fn known(value: &Value, claims: &[(&Claim, Tlp)]) -> Known {
    let said = |(claim, tlp): &(&Claim, Tlp)| {
        let indicator = claim.indicator();
        Said {
            indicator: indicator.object.to_string(),
            circle: claim.circle().to_owned(),
            tlp: tlp.to_string(),
            name: indicator.name.as_deref().map(str::to_owned),
            confidence: indicator.confidence,
            valid_from: indicator.valid_from.map(|at| at.to_string()),
            valid_until: indicator.valid_until.map(|at| at.to_string()),
        }
    };
    let (kind, value) = (value.kind().as_str().to_owned(), value.text().to_owned());
    Known { kind, value, by: claims.iter().take(SAID_MAX).map(said).collect() }
}
