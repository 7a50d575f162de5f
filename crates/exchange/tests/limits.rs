//! Documents that are short and would take gigabytes as trees are refused, with the limit; what stands beside them is read.

use std::sync::Arc;

use bongsu_exchange::read::{Batch, Format, Mapping, Options, ReadError, read_all};
use stix::Timestamp;

fn options() -> Options {
    Options::new(Timestamp::parse("2026-11-24T00:00:00Z").unwrap())
}

fn read(text: &str, format: Format) -> Result<Batch, ReadError> {
    read_all(text.as_bytes(), format, &options())
}

fn codes(batch: &Batch) -> Vec<(&'static str, &str)> {
    batch.findings.iter().map(|finding| (finding.code, finding.path.as_str())).collect()
}

const MANY: usize = 1_000_000;

#[test]
fn an_event_has_so_many_elements_at_most() {
    let empty = format!(r#"{{"Event":{{"info":"x","Attribute":[{}{{}}]}}}}"#, "{},".repeat(MANY));
    let sound = r#"{"Event":{"info":"y","uuid":"5c0627d3-0d38-4b8d-b4a6-8d0c0a3b9c11","distribution":"3"}}"#;
    assert_eq!(codes(&read(&empty, Format::Misp).unwrap()), [("misp-too-large", "")]);
    let batch = read(&format!("[{empty},{sound}]"), Format::Misp).unwrap();
    assert_eq!(codes(&batch), [("misp-too-large", "[0]")]);
    assert!(batch.findings[0].message.contains("1000000 objects"), "{}", batch.findings[0]);
    assert!(!batch.objects.is_empty());
    let deep = format!("{}{sound}{}", "[".repeat(9), "]".repeat(9));
    assert_eq!(codes(&read(&deep, Format::Misp).unwrap()), [("misp-too-large", "[0][0][0][0][0]")]);
}

#[test]
fn advisories_playbooks_and_rows_have_so_many_values_at_most() {
    let refused = |text: &str, format: Format, expected: &str| {
        let error = read(text, format).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    let objects = format!(r#"{{"document":[{}{{}}]}}"#, "{},".repeat(MANY));
    refused(&objects, Format::Csaf, "more than 1000000 objects in one document");
    let values = format!(r#"{{"document":[{}1]}}"#, "1,".repeat(8 * MANY));
    refused(&values, Format::Csaf, "more than 8000000 values in one document");
    refused(&format!("[{}1]", "1,".repeat(10_000)), Format::Cacao, "more than 10000 playbooks");
    let batch = read(&format!("[{objects}]"), Format::Cacao).unwrap();
    assert_eq!(codes(&batch), [("cacao-too-large", "[0]")]);
    let long = " ".repeat(64 * 1024 * 1024 + 1);
    for format in [Format::Csaf, Format::Cacao, Format::OpenIoc] {
        refused(&long, format, "longer than 67108864 bytes");
    }

    let mapping = Mapping::parse("format = \"jsonl\"\n[[value]]\nfrom = \"v\"\ntype = \"domain\"\n").unwrap();
    let options = Options { mapping: Some(Arc::new(mapping)), ..options() };
    let lines = format!("{objects}\n{{\"v\":\"evil-k3.top\"}}\n");
    let batch = read_all(lines.as_bytes(), Format::Mapped, &options).unwrap();
    assert_eq!((codes(&batch), batch.objects.len()), (vec![("row-too-large", "line 1")], 1));
}

#[test]
fn xml_has_so_many_elements_and_a_list_so_many_entries_at_most() {
    let items = "<a b='c'/>".repeat(1_500_001);
    let error = read(&format!("<ioc>{items}</ioc>"), Format::OpenIoc).unwrap_err().to_string();
    assert!(error.contains("more than 3000000 elements and attributes"), "{error}");
    let rows: String = (0..500_003).map(|at| format!("{at},A,-0-,B\n")).collect();
    let batch = read(&rows, Format::Ofac).unwrap();
    assert_eq!(codes(&batch), [("ofac-too-large", "")]);
    assert!(batch.findings[0].message.ends_with("3 were left out"), "{}", batch.findings[0]);
}
