#![no_main]
//! Tickets of answer links: what is read is what was signed, letter by letter, and nothing else is read.

use deliver::ticket::TicketKey;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let key = TicketKey::new(&[5; 32]);
    if let Some(ticket) = key.read(text) {
        assert_eq!(key.sign(&ticket), text);
        assert_eq!(TicketKey::new(&[6; 32]).read(text), None);
    }
});
