//! What is signed in a world: members' keys, and each object as it looks once it is signed, broken or signed by somebody else.

use serde_json::Value;
use stix::Timestamp;
use stix::extension;
use stix::signature::{EXTENSION, PublicKey, SecretKey, sign};

use super::oracle::Canary;
use super::plan::{SHARED_S, World};

/// Whose signature a thing carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seal {
    /// Its sender's.
    Own,
    /// Its sender's, over something else.
    Broken,
    /// One that is nobody's here.
    Stray,
    /// Another member's.
    Of(usize),
}

/// A thing as it was signed.
#[derive(Debug, Clone)]
pub(super) struct Sealed {
    /// The object's text.
    pub(super) raw: String,
    /// The signature itself: as good as a canary.
    pub(super) value: Canary,
    /// The name of the key, as good as one as well.
    pub(super) key: Canary,
}

impl World {
    /// The key of a member.
    pub(super) fn key_of(&self, member: usize) -> PublicKey {
        SecretKey::new(&self.members[member].seed).public().clone()
    }

    /// Signs what is to be signed, and notes what else stands nowhere but where it may.
    pub(super) fn seal_all(&mut self) {
        self.sealed = (0..self.things.len()).map(|at| self.sealed(at)).collect();
        let keys: Vec<PublicKey> = (0..self.members.len()).map(|at| self.key_of(at)).collect();
        let stray = SecretKey::new(&self.stray).public().id().to_owned();
        let texts = keys.iter().flat_map(|key| [key.id().to_owned(), key.text()]);
        let values = self.sealed.iter().flatten().map(|sealed| sealed.value.clone());
        let addresses = self.notices.iter().map(|notice| notice.address.clone());
        self.traces = texts.chain([stray]).chain(values).chain(addresses).collect();
        self.keys = keys.iter().map(|key| [key.id().to_owned(), key.text()]).collect();
    }

    fn sealed(&self, at: usize) -> Option<Sealed> {
        let thing = &self.things[at];
        let seal = thing.seal?;
        let key = SecretKey::new(match seal {
            Seal::Own | Seal::Broken => &self.members[thing.by].seed,
            Seal::Stray => &self.stray,
            Seal::Of(member) => &self.members[member].seed,
        });
        let when = Timestamp::from_micros((SHARED_S - 30) * 1_000_000);
        let raw = self.json(at).to_string();
        let signed = match seal {
            Seal::Broken => {
                let other = format!(r#"{{"type":"tool","id":"{}","name":"{}"}}"#, thing.id, thing.name);
                let other: Value = serde_json::from_str(&sign(&other, &key, when).unwrap()).unwrap();
                extension::with(&raw, EXTENSION, &other["extensions"][EXTENSION].to_string()).unwrap()
            }
            _ => sign(&raw, &key, when).unwrap(),
        };
        let object: Value = serde_json::from_str(&signed).unwrap();
        let jws = object["extensions"][EXTENSION]["jws"].as_str().unwrap();
        let value = jws.rsplit('.').next().unwrap().to_owned();
        Some(Sealed { raw: signed, value, key: key.public().id().to_owned() })
    }

    /// The text in which a thing is shared.
    pub(super) fn raw(&self, at: usize) -> String {
        match &self.sealed[at] {
            Some(sealed) => sealed.raw.clone(),
            None => self.json(at).to_string(),
        }
    }
}
