#![no_main]
//! Entries of the node's line: what is read is stored as what reads back the same, and a book takes it in.

use libfuzzer_sys::fuzz_target;
use policy::{Book, Entry};

fuzz_target!(|text: &str| {
    let Ok(entry) = Entry::from_json(text) else { return };
    let stored = entry.to_json();
    let again = Entry::from_json(&stored).unwrap_or_else(|error| panic!("{stored}: {error}"));
    assert_eq!(again, entry, "stored as {stored}");
    let mut book = Book::default();
    book.apply(entry.clone());
    book.apply(again);
    match entry {
        Entry::Member(member) => assert_eq!(book.member(member.id), Some(&member)),
        Entry::Circle(circle) => assert_eq!(book.circle(circle.id), Some(&circle)),
        Entry::Credential(credential) => assert_eq!(book.credential(credential.id), Some(&credential)),
        Entry::SigningKey(key) => assert_eq!(book.signing_key(key.key.id()), Some(&key)),
        Entry::Person(person) => assert_eq!(book.person(person.id), Some(&person)),
        Entry::Account(account) => assert_eq!(book.account(account.person), Some(&account)),
        Entry::Peer(peer) => assert_eq!(book.peer(&peer.name), Some(&peer)),
        Entry::Agreement(agreed) => assert_eq!(book.agreed(agreed.agreement.circle), Some(&*agreed)),
        Entry::Proposal(agreed) => assert_eq!(book.proposal(agreed.agreement.circle), Some(&*agreed)),
        // When a credential was used last is no setting that anybody asks for by name.
        Entry::Setting(setting) if setting.name.starts_with("used.") => {}
        Entry::Setting(setting) => assert_eq!(book.setting(&setting.name), setting.value.as_deref()),
    }
});
