//! Commitments: what a leaf of a circle's public tree is made of, so that it binds the node and tells nobody anything.
//!
//! The tree of a line is read by all members of the circle and its roots by witnesses, while a record may be for few. So a leaf
//! holds no hash of what can be guessed: it holds three commitments, each the SHA-256 of 32 bytes that only the node can compute
//! (a salt) and of what is committed to. [`Commitment::when`] is to the record's time; [`Commitment::about`] to its kind, who
//! brought it, under which terms, and which record it repeats; [`Commitment::content`] to the object's bytes. Who gets the object
//! whole gets the salts of time and content (an [`Opening`]) and so can compute the leaf; who gets a redacted copy gets the salt of
//! the time alone, and finds the commitment to the content in the copy. Who brought it is opened to nobody.
//!
//! The salts grow from the node's key, so nothing is kept for them; what is erased can stay committed to as long as its hash is
//! kept. docs/transparency.md has the form for other implementations.

use hmac::{Hmac, KeyInit as _, Mac as _};
use line::merkle::{self, Hash};
use line::{Added, LineId, Record, Seq, StorageError, Store};
use sha2::{Digest as _, Sha256};
use stix::{ObjectId, Timestamp};

use crate::key::NodeKey;

/// The version of a leaf, which its data begins with.
const VERSION: u8 = 2;

/// A salt.
pub type Salt = [u8; 32];

/// What a leaf holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Commitment {
    /// To the time.
    pub when: Hash,
    /// To kind, sender, terms, and what is repeated.
    pub about: Hash,
    /// To the bytes.
    pub content: Hash,
}

impl Commitment {
    /// The leaf's hash in the tree.
    #[must_use]
    pub fn leaf(&self) -> Hash {
        let mut data = [VERSION; 97];
        data[1..33].copy_from_slice(&self.when);
        data[33..65].copy_from_slice(&self.about);
        data[65..].copy_from_slice(&self.content);
        merkle::leaf(&data)
    }
}

/// The commitment to a time.
#[must_use]
pub fn to_time(salt: &Salt, added: Added) -> Hash {
    Sha256::new().chain_update(salt).chain_update(added.0.to_be_bytes()).finalize().into()
}

/// The commitment to bytes with this SHA-256.
#[must_use]
pub fn to_content(salt: &Salt, hash: &Hash) -> Hash {
    Sha256::new().chain_update(salt).chain_update(hash).finalize().into()
}

/// The first record with the bytes of this one: what is announced again has those of the record that it repeats.
///
/// # Errors
/// [`StorageError`].
pub(crate) fn first_of(store: &Store, line: LineId, seq: Seq) -> Result<Seq, StorageError> {
    let mut first = seq;
    loop {
        let record = store.records(line, Seq(first.0.saturating_sub(1)), 1)?.into_iter().next();
        match record.and_then(|record| record.of) {
            // An earlier number each time, so this ends.
            Some(earlier) if earlier < first => first = earlier,
            _ => return Ok(first),
        }
    }
}

/// What lets a member compute the leaf of an object that it got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// The object.
    pub id: ObjectId,
    /// Its version.
    pub version: Timestamp,
    /// The record's number; its leaf's index is one less.
    pub seq: Seq,
    /// When it was added.
    pub added: Added,
    /// The salt of [`Commitment::when`].
    pub when_salt: Salt,
    /// As it stands in the leaf.
    pub about: Hash,
    /// As it stands in the leaf.
    pub content: Hash,
    /// The salt of the content, for who gets the object whole.
    pub content_salt: Option<Salt>,
}

impl Opening {
    /// The leaf that it opens.
    #[must_use]
    pub fn leaf(&self) -> Hash {
        let when = to_time(&self.when_salt, self.added);
        Commitment { when, about: self.about, content: self.content }.leaf()
    }

    /// Whether it is of bytes with this SHA-256. What has no salt of the content is of no bytes: look for
    /// [`Opening::content`] in the copy.
    #[must_use]
    pub fn is_of(&self, hash: &Hash) -> bool {
        self.content_salt.is_some_and(|salt| to_content(&salt, hash) == self.content)
    }
}

/// Makes the commitments of one line.
pub(crate) struct Committer {
    salts: Option<Hmac<Sha256>>,
}

impl Committer {
    pub(crate) fn new(key: &NodeKey, line: LineId) -> Self {
        let seed = key.derive("commitments", &[line.uuid().as_bytes()]);
        // HMAC takes keys of any length, so it is there.
        Self { salts: Hmac::new_from_slice(&seed).ok() }
    }

    fn salt(&self, part: &str, seq: Seq) -> Salt {
        let mac = self.salts.clone().map(|mac| mac.chain_update(part).chain_update(seq.0.to_be_bytes()));
        mac.map(|mac| mac.finalize().into_bytes().into()).unwrap_or_default()
    }

    pub(crate) fn when_salt(&self, seq: Seq) -> Salt {
        self.salt("when", seq)
    }

    /// The salt of bytes with this SHA-256, which record `first` was the first to have. It is of that record alone: whoever shares
    /// its guess of what was taken out of a copy is opened a record of its own, whose salt tells nothing of the copy's original.
    pub(crate) fn content_salt(&self, first: Seq, hash: &Hash) -> Salt {
        let mac = self.salts.clone().map(|mac| mac.chain_update("content"));
        let mac = mac.map(|mac| mac.chain_update(first.0.to_be_bytes()).chain_update(hash));
        mac.map(|mac| mac.finalize().into_bytes().into()).unwrap_or_default()
    }

    /// The commitment to these bytes. Redacted copies commit to their originals with the same one, so that a copy can be found in
    /// the tree, also after its original was announced again.
    pub(crate) fn content(&self, first: Seq, hash: &Hash) -> Hash {
        to_content(&self.content_salt(first, hash), hash)
    }

    /// The commitments to a record whose bytes have this SHA-256; record `first` was the first to have them ([`first_of`]).
    pub(crate) fn commitment(&self, record: &Record, first: Seq, hash: &Hash) -> Commitment {
        let about = Sha256::new()
            .chain_update(self.salt("about", record.seq))
            .chain_update([record.kind.stored()])
            .chain_update(record.sender.as_bytes())
            .chain_update(record.of.map_or(0, |of| of.0).to_be_bytes())
            .chain_update(Sha256::digest(record.terms.as_deref().unwrap_or("")));
        Commitment {
            when: to_time(&self.when_salt(record.seq), record.added),
            about: about.finalize().into(),
            content: self.content(first, hash),
        }
    }
}

#[cfg(test)]
mod tests {
    use line::RecordKind;
    use uuid::Uuid;

    use super::*;

    fn record(seq: u64) -> Record {
        Record {
            seq: Seq(seq),
            added: Added(5),
            kind: RecordKind::Object,
            sender: Uuid::from_u128(1),
            terms: None,
            of: None,
            body: b"{}".to_vec(),
            erased: None,
        }
    }

    #[test]
    fn a_leaf_says_nothing_of_what_is_the_same_and_binds_everything() {
        let (key, other) = (NodeKey::new("tower.test", &[7; 32]), NodeKey::new("tower.test", &[8; 32]));
        let line = LineId::new(Uuid::from_u128(9));
        let hash: Hash = Sha256::digest(b"{}").into();
        let committer = Committer::new(&key, line);
        let leaf = |record: &Record, hash: &Hash| committer.commitment(record, record.seq, hash).leaf();
        let first = leaf(&record(1), &hash);
        let again = Committer::new(&key, line).commitment(&record(1), Seq(1), &hash).leaf();
        assert_eq!(first, again, "it stays");
        assert_ne!(first, leaf(&record(2), &hash), "the same record under another number");
        let of_another = Committer::new(&other, line).commitment(&record(1), Seq(1), &hash).leaf();
        assert_ne!(first, of_another, "another node");
        let elsewhere = Committer::new(&key, LineId::new(Uuid::from_u128(8)));
        assert_ne!(first, elsewhere.commitment(&record(1), Seq(1), &hash).leaf(), "another line");
        let changes: [fn(&mut Record); 5] = [
            |record| record.added = Added(6),
            |record| record.kind = RecordKind::Again,
            |record| record.sender = Uuid::from_u128(2),
            |record| record.terms = Some("{}".into()),
            |record| record.of = Some(Seq(1)),
        ];
        for change in changes {
            let mut changed = record(1);
            change(&mut changed);
            assert_ne!(leaf(&changed, &hash), first);
        }
        assert_ne!(leaf(&record(1), &[0; 32]), first);
    }

    /// Who shared the same bytes elsewhere was opened the salt of a copy's commitment, and could try its guess against it.
    #[test]
    fn the_salt_of_the_content_is_of_one_record_and_of_what_repeats_it() {
        let key = NodeKey::new("tower.test", &[7; 32]);
        let hash: Hash = Sha256::digest(b"{}").into();
        let [here, elsewhere] =
            [9, 8].map(|number| Committer::new(&key, LineId::new(Uuid::from_u128(number))));
        let salt = here.content_salt(Seq(1), &hash);
        assert_ne!(salt, here.content_salt(Seq(2), &hash), "the same bytes, brought again");
        assert_ne!(salt, elsewhere.content_salt(Seq(1), &hash), "another line");
        assert_ne!(salt, here.content_salt(Seq(1), &[0; 32]), "other bytes under the number");
        let repeat = Record { of: Some(Seq(1)), kind: RecordKind::Again, ..record(3) };
        let content = here.commitment(&record(1), Seq(1), &hash).content;
        assert_eq!(here.commitment(&repeat, Seq(1), &hash).content, content);
        assert_eq!(to_content(&salt, &hash), content);
    }
}
