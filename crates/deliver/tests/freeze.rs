//! Requests to freeze: what is signed comes back as it was, and stands by itself in each language.

use bongsu_deliver::Letterhead;
use bongsu_deliver::freeze::{Came, FreezeRequest, Moved, Total, VERSION, digest, note};
use bongsu_deliver::speech::Language;

fn moved(transaction: &str, from: &str, to: &str, units: &str) -> Moved {
    Moved {
        chain: "ethereum".to_owned(),
        transaction: transaction.to_owned(),
        block: 21_895_238,
        time: "2025-02-21T14:29:47.000Z".to_owned(),
        from: from.to_owned(),
        to: to.to_owned(),
        asset: "ETH".to_owned(),
        units: units.to_owned(),
        tainted_units: units.to_owned(),
        amount: "30 ETH".to_owned(),
        tainted: "30 ETH".to_owned(),
    }
}

fn request() -> FreezeRequest {
    FreezeRequest {
        bongsu_freeze_request: VERSION,
        case: "bybit-2025".to_owned(),
        number: 1,
        title: "Theft from a cold wallet\u{202e}".to_owned(),
        made: "2026-11-29T08:00:00.000Z".to_owned(),
        node: "tower.example".to_owned(),
        key: "tower.example+1a2b3c4d+AbCd".to_owned(),
        tlp: "TLP:AMBER".to_owned(),
        service: "Harbour Exchange".to_owned(),
        category: "exchange".to_owned(),
        labelled_by: vec!["exchanges.csv".to_owned()],
        totals: vec![Total {
            chain: "ethereum".to_owned(),
            asset: "ETH".to_owned(),
            units: "30000000000000000000".to_owned(),
            amount: "30 ETH".to_owned(),
            addresses: vec!["0xbbbb".to_owned()],
        }],
        thefts: vec![0],
        thefts_count: 3,
        arrivals: vec![Came { transfer: 1, path: vec![0, 1] }],
        transfers: vec![
            moved("0xb61413", "0x4766", "0xa4b2", "30000000000000000000"),
            moved("0xcccccc", "0xa4b2", "0xbbbb", "30000000000000000000"),
        ],
        method: "fifo".to_owned(),
        outputs: false,
        until: "2026-11-29T07:59:00.000Z".to_owned(),
        contact: Some("duty desk <desk@cert.example>".to_owned()),
        legal: None,
    }
}

#[test]
fn a_document_comes_back_as_it_was_and_a_newer_one_is_not_guessed_at() {
    let request = request();
    assert_eq!(FreezeRequest::from_json(&request.to_json()), Ok(request.clone()));
    let newer = request.to_json().replacen("\"bongsu-freeze-request\": 1", "\"bongsu-freeze-request\": 2", 1);
    assert!(FreezeRequest::from_json(&newer).unwrap_err().contains("version 2"));
    assert!(FreezeRequest::from_json("{}").is_err());
}

#[test]
fn what_it_says_in_english() {
    insta::assert_snapshot!(request().text(Language::of("en")));
}

#[test]
fn every_language_says_all_of_it_and_a_document_is_made_of_it() {
    for language in Language::all() {
        let text = request().text(language);
        assert!(!text.contains("freeze-"), "{text}");
        for told in [
            "Harbour Exchange",
            "0xbbbb",
            "0xb61413",
            "30 ETH",
            "desk@cert.example",
            "tower.example+1a2b3c4d+AbCd",
        ] {
            assert!(text.contains(told), "{}: {told} in {text}", language.tag());
        }
        assert!(!text.contains('\u{202e}'));
        let pdf = request().pdf(language, &Letterhead::default()).unwrap();
        assert!(pdf.starts_with(b"%PDF-"));
        let mail = request().mail(language);
        assert!(mail.subject.contains("TLP:AMBER") && !mail.text.contains("freeze-"), "{}", mail.text);
    }
}

#[test]
fn the_note_names_the_files_by_what_is_in_them() {
    let text = note(&request(), &[("request.json", b"a"), ("request.pdf", b"b")]);
    let expected = format!(
        "Bongsu freeze request\nbybit-2025 1\nsha256 {} request.json\nsha256 {} request.pdf\n",
        digest(b"a"),
        digest(b"b")
    );
    assert_eq!(text, expected);
    assert_eq!(digest(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}
