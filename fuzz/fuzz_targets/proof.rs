#![no_main]
//! Proofs of objects as files: what is read is written back the same, and a proof holds only if every part of it is the one that was
//! proven: whatever is put in the place of a part of a good one makes it fail.

use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use exchange::transparency::proof::Proof;
use gate::commitment::to_content;
use gate::{Checkpoint, NodeKey, NoteKey};
use libfuzzer_sys::fuzz_target;
use line::merkle::{self, Hash};
use line::{Added, LineId, Seq};
use sha2::{Digest as _, Sha256};

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let Ok(proof) = Proof::read(&text) else { return };
    let again = Proof::read(&proof.to_text()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(again, proof);
    let good = good();
    let holds = |proof: &Proof| proof.check(&good.key, &[], 0).holds();
    // Other signatures below the checkpoint are no part of what is proven.
    let signed = |proof: &Proof| {
        Checkpoint::read_unverified(&proof.checkpoint).map(|checkpoint| checkpoint.text().to_owned())
    };
    let same = |proof: &Proof| {
        let proof = Proof { checkpoint: good.checkpoint.clone(), ..proof.clone() };
        proof == *good
    };
    if holds(&proof) {
        assert!(same(&proof) && signed(&proof) == signed(good));
    }
    let parts: [fn(&mut Proof, &Proof); 9] = [
        |one, other| one.key = other.key.clone(),
        |one, other| one.object.clone_from(&other.object),
        |one, other| one.number = other.number,
        |one, other| one.added = other.added,
        |one, other| one.when_salt = other.when_salt,
        |one, other| one.about = other.about,
        |one, other| one.content = other.content,
        |one, other| one.content_salt = other.content_salt,
        |one, other| one.inclusion.clone_from(&other.inclusion),
    ];
    for put in parts {
        let mut mixed = good.clone();
        put(&mut mixed, &proof);
        assert_eq!(holds(&mixed), mixed == *good);
    }
    let mixed = Proof { checkpoint: proof.checkpoint.clone(), ..good.clone() };
    assert!(!holds(&mixed) || signed(&mixed) == signed(good));
});

/// The proof of the third of five records.
fn good() -> &'static Proof {
    static GOOD: OnceLock<Proof> = OnceLock::new();
    GOOD.get_or_init(|| {
        let (node, object) = (NodeKey::new("tower.test", &[7; 32]), r#"{"type":"tool","id":"tool--1"}"#);
        let salt = [3; 32];
        let mut proof = Proof {
            key: NoteKey::of(&node),
            object: object.to_owned(),
            number: Seq(3),
            added: Added(1_790_000_000_000_000),
            when_salt: [1; 32],
            about: [2; 32],
            content: to_content(&salt, &Sha256::digest(object).into()),
            content_salt: Some(salt),
            inclusion: Vec::new(),
            checkpoint: String::new(),
        };
        let mut leaves: Vec<Hash> = (0..5).map(|at| [at; 32]).collect();
        leaves[2] = proof.leaf();
        proof.inclusion = merkle::inclusion(&leaves, 2).unwrap_or_default();
        let (origin, root) = (node.origin(LineId::NODE), STANDARD.encode(merkle::root(&leaves)));
        proof.checkpoint = node.note(&format!("{origin}\n5\n{root}\n"));
        assert!(proof.check(&proof.key, &[], 0).holds());
        proof
    })
}
