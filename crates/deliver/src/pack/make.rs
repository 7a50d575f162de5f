//! Making a pack: each artefact that the member's level has, and what says what they are.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gate::NoteKey;
use line::LineId;
use policy::{Level, MemberId};
use sha2::{Digest, Sha256};
use stix::{Timestamp, Tlp};
use uuid::Uuid;

use super::archive::{MANIFEST, NOTE, SECRET, SUMS, sums, write};
use super::manifest::{Circle, File, Manifest};
use super::{PackError, back};
use crate::ask::Ask;
use crate::gather::{Deliver, DeliverError};
use crate::hex::hex;

/// An artefact that is made elsewhere.
#[derive(Debug, Clone)]
pub struct Extra {
    /// Its name in the pack.
    pub name: String,
    /// The level that it belongs to.
    pub level: Level,
    /// How many values or objects it holds.
    pub entries: usize,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Deliver {
    /// Everything that the member gets, as a pack with this id, and its manifest. Receipts for it are taken until `expires`.
    ///
    /// # Errors
    /// [`PackError`].
    pub fn pack(
        &self,
        member: MemberId,
        id: Uuid,
        expires: Timestamp,
        extras: Vec<Extra>,
    ) -> Result<(Manifest, Vec<u8>), PackError> {
        let (book, now) = (self.gate.book(), (self.now)());
        let profile = self.offered(&book, member, Level::Read)?;
        // Before the artefacts: what comes in between is in them, and not promised.
        let upto = self.heads(member);
        let mut parts: Vec<Extra> = extras;
        for ask in Ask::each().filter(|ask| ask.level() <= profile.level) {
            let is_list = matches!(ask, Ask::List(..));
            if is_list && self.holds(member, ask, true)? == 0 {
                continue;
            }
            let artefact = match self.make(member, ask, true) {
                // A node without fonts makes no document, one without an address no mail: the other forms say the same.
                Err(DeliverError::Unset { .. }) => continue,
                made => made?,
            };
            let (entries, bytes) = (artefact.entries, artefact.body.to_vec());
            parts.push(Extra { name: ask.to_string(), level: ask.level(), entries, bytes });
        }
        let (mut contents, mut files) = (BTreeMap::new(), BTreeMap::new());
        for part in parts {
            let (level, entries) = (Some(part.level.name().to_owned()), Some(part.entries));
            files.insert(part.name.clone(), file(&part.name, level, entries, &part.bytes));
            contents.insert(part.name, part.bytes);
        }
        let mut circles = Vec::new();
        for upto in &upto {
            let Some(circle) = book.circle(upto.circle) else { continue };
            let checkpoint =
                self.gate.checkpoint(LineId::new(circle.id.uuid())).map_err(DeliverError::from)?;
            contents.insert(format!("checkpoints/{}.txt", circle.handle), checkpoint.note.into_bytes());
            circles.push(Circle { id: circle.id.uuid(), name: circle.handle.clone(), number: upto.seq });
        }
        let key = self.gate.key();
        let secret = key.pack_secret(id);
        contents.insert(SECRET.to_owned(), format!("{}\n", STANDARD.encode(secret)).into_bytes());
        let tlp = self.strictest(member, profile.level, now)?.to_string();
        let about =
            About { node: key.name(), member: &profile.handle, tlp: &tlp, code: &back::code(&secret) };
        contents.insert("README.txt".to_owned(), about.text().into_bytes());
        for (name, bytes) in &contents {
            files.entry(name.clone()).or_insert_with(|| file(name, None, None, bytes));
        }
        let manifest = Manifest {
            bongsu_pack: Manifest::VERSION,
            id,
            node: key.name().to_owned(),
            key: NoteKey::of(key).to_string(),
            member: profile.handle.clone(),
            level: profile.level.name().to_owned(),
            tlp,
            made: now.to_string(),
            expires: expires.to_string(),
            circles,
            files: files.into_values().collect(),
        };
        let form = |error: serde_json::Error| PackError::Form(MANIFEST, error.to_string());
        let written = serde_json::to_string_pretty(&manifest).map_err(form)? + "\n";
        // What is written here is what is read elsewhere, within the same limits.
        Manifest::read(&written)?;
        contents.insert(NOTE.to_owned(), key.note(&manifest.signed_text(&written)).into_bytes());
        contents.insert(MANIFEST.to_owned(), written.into_bytes());
        let lines = contents.iter().map(|(name, bytes)| (name.as_str(), hex(&Sha256::digest(bytes))));
        let sums = sums(lines);
        contents.insert(SUMS.to_owned(), sums.into_bytes());
        Ok((manifest, write(&contents)?))
    }
}

impl Deliver {
    /// The strictest mark of all that the member may have in the forms of its level and of `read`, indicators and others.
    fn strictest(&self, member: MemberId, level: Level, now: Timestamp) -> Result<Tlp, DeliverError> {
        let mut strictest = Tlp::Clear;
        for wanted in [Level::Read, level] {
            for reader in self.gate.readers(member, wanted, true, now) {
                reader.each(&[], &mut |object| {
                    strictest = strictest.max(object.tlp());
                    ControlFlow::Continue(())
                })?;
            }
        }
        Ok(strictest)
    }
}

fn file(name: &str, level: Option<String>, entries: Option<usize>, bytes: &[u8]) -> File {
    let sha256 = hex(&Sha256::digest(bytes));
    File { name: name.to_owned(), level, entries, bytes: bytes.len() as u64, sha256 }
}

/// What the person who unpacks it reads first.
struct About<'a> {
    node: &'a str,
    member: &'a str,
    tlp: &'a str,
    code: &'a str,
}

impl About<'_> {
    fn text(&self) -> String {
        let Self { node, member, tlp, code } = self;
        format!(
            "{tlp}\n\n\
             This pack was made by {node} for {member}. Nobody else may have it.\n\n\
             1. Check that nothing was damaged or changed:\n\
             \x20  sha256sum -c SHA256SUMS\n\
             \x20  Better, with the program bongsu and the node's key, which you have on paper or by telephone:\n\
             \x20  bongsu pack verify FILE.zip --key KEY\n\
             2. advisory.html says what happened and what to do. Take the lists, zones and rules that your systems can use.\n\
             3. Say what you applied, so that the node knows that you are protected. One of:\n\
             \x20  bongsu pack receipt FILE.zip --by \"YOUR NAME\" --out RECEIPT, and carry RECEIPT back;\n\
             \x20  or, once everything is applied, read this code to the node's operator over the telephone:\n\n\
             \x20  {code}\n"
        )
    }
}
