//! Reports: what they name is found and shown, a person's decisions are read back, and broken files are refused.

use std::collections::HashSet;

use bongsu_exchange::read::report::{self, REPORT_BYTES_MAX, Survey, decisions, objects, review, survey};
use bongsu_exchange::read::{Format, Options, ReadError, detect, read_all};
use lopdf::content::{Content, Operation};
use lopdf::{Document, EncryptionState, EncryptionVersion, Object, Permissions, Stream, dictionary};
use stix::{Timestamp, Tlp};
use watch::{Context, Guard, Lists};

fn now() -> Timestamp {
    Timestamp::parse("2026-11-24T00:00:00Z").unwrap()
}

fn look(bytes: &[u8]) -> Result<Survey, ReadError> {
    let (guard, _) = Guard::new::<&str>(Lists::builtin(), &[]);
    survey(bytes, &guard, &Context::new(now(), 0))
}

fn named(survey: &Survey) -> Vec<String> {
    survey.candidates.iter().map(|one| format!("{} {} {}", one.place, one.value, one.count)).collect()
}

/// A PDF whose pages show these operations.
fn pdf(pages: &[Vec<Operation>]) -> Vec<u8> {
    let mut document = Document::with_version("1.5");
    let tree = document.new_object_id();
    let font = document
        .add_object(dictionary! {"Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Courier",
        "FirstChar" => 0, "Widths" => vec![Object::Integer(600); 256]});
    let resources = document.add_object(dictionary! {"Font" => dictionary! {"F1" => font}});
    let kids: Vec<Object> = pages
        .iter()
        .map(|operations| {
            let content = Content { operations: operations.clone() }.encode().unwrap();
            let content = document.add_object(Stream::new(dictionary! {}, content));
            document
                .add_object(dictionary! {"Type" => "Page", "Parent" => tree, "Contents" => content})
                .into()
        })
        .collect();
    let count = i64::try_from(kids.len()).unwrap();
    let pages = dictionary! {"Type" => "Pages", "Kids" => kids, "Count" => count, "Resources" => resources,
    "MediaBox" => vec![0.into(), 0.into(), 595.into(), 842.into()]};
    document.objects.insert(tree, Object::Dictionary(pages));
    let catalog = document.add_object(dictionary! {"Type" => "Catalog", "Pages" => tree});
    document.trailer.set("Root", catalog);
    document.compress();
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).unwrap();
    bytes
}

fn op(operator: &str, operands: Vec<Object>) -> Operation {
    Operation::new(operator, operands)
}

fn text(text: &str) -> Object {
    Object::string_literal(text)
}

#[test]
fn a_plain_report_is_surveyed() {
    let source = "Beacon report\n\nC2 at evil-k3[.]top and evil-k3.top, see www.google.com.\nCVE-2021-44228 by AS1234, T1059.001.\n";
    let found = look(source.as_bytes()).unwrap();
    assert_eq!((found.kind, found.title.as_deref()), ("text", Some("Beacon report")));
    assert_eq!(
        named(&found),
        [
            "line 3 evil-k3.top 2",
            "line 3 www.google.com 1",
            "line 4 CVE-2021-44228 1",
            "line 4 AS1234 1",
            "line 4 T1059.001 1"
        ]
    );
    assert_eq!(
        found.candidates.iter().map(report::Candidate::is_held).collect::<Vec<_>>(),
        [false, true, false, false, false]
    );
    assert_eq!(
        found.candidates[0].context,
        "Beacon report C2 at evil-k3[.]top and evil-k3.top, see www.google.com. CVE-2021-44228 by AS12"
    );
    let all: HashSet<_> = found.candidates.iter().map(|one| one.value.clone()).collect();
    let batch = objects(&found, &all, &Options::new(now()));
    let kinds: Vec<&str> = batch.objects.iter().map(|object| object.head.object_type()).collect();
    assert_eq!(kinds, ["indicator", "indicator", "vulnerability", "autonomous-system", "report"]);
    assert!(batch.objects[4].raw.contains(r#""external_id":"T1059.001""#));
    assert!(objects(&found, &HashSet::new(), &Options::new(now())).objects.is_empty());
    let again = objects(&look(source.as_bytes()).unwrap(), &all, &Options::new(now()));
    assert!(
        batch.objects.iter().map(|object| &object.raw).eq(again.objects.iter().map(|object| &object.raw))
    );
}

/// A report that said TLP:RED at its head went out at the circle's ceiling.
#[test]
fn what_a_report_says_of_its_mark_counts() {
    let check = |text: &str, said: Option<Tlp>, expected: Option<Tlp>| {
        let survey = look(text.as_bytes()).unwrap();
        let accepted = survey.candidates.iter().map(|one| one.value.clone()).collect();
        let batch = objects(&survey, &accepted, &Options { tlp: said, ..Options::new(now()) });
        assert!(!batch.objects.is_empty());
        for object in &batch.objects {
            let marks: Vec<_> = expected.iter().map(|tlp| tlp.definition_id()).collect();
            assert_eq!(object.head.markings, marks, "{text}");
        }
    };
    check("<html><p>TLP:RED</p> evil-k3.top", None, Some(Tlp::Red));
    check("TLP:GREEN and below TLP:AMBER+STRICT: evil-k3.top", None, Some(Tlp::AmberStrict));
    check("TLP: AMBER evil-k3.top", None, Some(Tlp::Amber));
    check("TLP:RED evil-k3.top", Some(Tlp::Green), Some(Tlp::Green));
    check("tlp:redirected, TLP: evil-k3.top", None, None);
}

#[test]
fn sentences_and_foreign_markup_are_no_list() {
    let prose = "The actors sent mails to several ministries in the region.\nThe link led to evil-k3.top, where a page asked for a password.\n";
    assert_eq!(detect("a.txt", prose.as_bytes()), Format::Report);
    assert_eq!(detect("a.xml", b"<un><name>x</name><site>evil-k3.top</site></un>"), Format::Report);
    let list = "# made each night by the node of the ministry of all things\n0.0.0.0 evil-k3.top # seen twice\n||bad.top^\n198.51.100.7\n";
    assert_eq!(detect("a.txt", list.as_bytes()), Format::Plain);
    let remarked = "evil-k3.top # where the mails of last week led their readers to\n198.51.100.7 its server until the end of the month\n";
    assert_eq!(detect("a.txt", remarked.as_bytes()), Format::Plain);
}

#[test]
fn nothing_is_read_of_a_report_without_confirmation() {
    let error = read_all(&b"evil-k3.top"[..], Format::Report, &Options::new(now())).unwrap_err();
    assert!(matches!(error, ReadError::Unconfirmed));
}

#[test]
fn decisions_come_back_as_they_were_made() {
    let found = look(b"evil-k3[.]top, HKLM\\Software\\A B\\C, www.google.com").unwrap();
    let list = review(&found);
    let (accepted, findings) = decisions(&found, &list);
    assert_eq!(findings, []);
    let passed: HashSet<_> =
        found.candidates.iter().filter(|one| !one.is_held()).map(|one| one.value.clone()).collect();
    assert_eq!(accepted, passed);
    let other = "+\tdomain\twww.google.com\t# yes, really\n- domain evil-k3.top\n+\tdomain\tother.test\n\n# a comment\n-\tdomain\tevil-k3.top\n+\tdomain\tevil-k3.top\n";
    let (accepted, findings) = decisions(&found, other);
    assert_eq!(accepted.iter().map(|value| value.text()).collect::<Vec<_>>(), ["www.google.com"]);
    let told: Vec<String> =
        findings.iter().map(|finding| format!("{} {}", finding.code, finding.path)).collect();
    assert_eq!(told, ["review-line line 2", "review-unknown line 3", "review-repeated line 7"]);
}

#[test]
fn glyphs_are_put_together_by_where_they_stand() {
    let at = |x: i64, y: i64| op("Td", vec![x.into(), y.into()]);
    let page = vec![
        op("BT", vec![]),
        op("Tf", vec!["F1".into(), 10.into()]),
        at(50, 800),
        // One word in three pieces without a gap (six a glyph), then a gap, then the next line.
        op("Tj", vec![text("evil-")]),
        at(30, 0),
        op("Tj", vec![text("k3")]),
        op("TJ", vec![vec![text("[.]"), 0.into(), text("t"), 50.into(), text("op")].into()]),
        at(90, 0),
        op("Tj", vec![text("next")]),
        at(-120, -14),
        op("TJ", vec![vec![text("45.114"), text(".129.7"), Object::Integer(-2_000), text("8.8.8.8")].into()]),
        at(0, -14),
        op("Tj", vec![text("see kim@lure-")]),
        at(0, -14),
        op("Tj", vec![text("k4.top.")]),
        at(0, -14),
        op("Tj", vec![text("Next")]),
        op("ET", vec![]),
    ];
    let found = look(&pdf(&[page, vec![op("BT", vec![]), op("ET", vec![])]])).unwrap();
    assert_eq!(found.kind, "pdf");
    assert_eq!(
        named(&found),
        ["page 1 evil-k3.top 1", "page 1 45.114.129.7 1", "page 1 8.8.8.8 1", "page 1 kim@lure-k4.top 1"]
    );
    assert_eq!(
        found.candidates[0].context,
        "evil-k3[.]top next 45.114.129.7 8.8.8.8 see kim@lure-k4.top. Next"
    );
    assert_eq!(found.findings, []);
}

#[test]
fn a_pdf_without_text_says_so() {
    let found = look(&pdf(&[vec![op("re", vec![0.into(), 0.into(), 9.into(), 9.into()])]])).unwrap();
    assert_eq!(found.findings.iter().map(|finding| finding.code).collect::<Vec<_>>(), ["pdf-no-text"]);
}

/// Each byte of a sound file is broken once, and the file is cut off at each place: nothing panics, hangs or grows.
#[test]
fn broken_pdfs_are_refused_or_read_in_part() {
    let page = vec![
        op("BT", vec![]),
        op("Tf", vec!["F1".into(), 10.into()]),
        op("Tj", vec![text("evil-k3.top")]),
        op("ET", vec![]),
    ];
    let sound = pdf(&[page]);
    let mut modern = Vec::new();
    Document::load_mem(&sound).unwrap().save_modern(&mut modern).unwrap();
    for sound in [sound, modern] {
        for at in 0..sound.len() {
            let mut broken = sound.clone();
            broken[at] = broken[at].wrapping_add(97);
            let _any = look(&broken);
            let _any = look(&sound[..at]);
        }
        assert_eq!(named(&look(&sound).unwrap()), ["page 1 evil-k3.top 1"]);
    }
    let error = look(b"%PDF-1.7\nnothing").unwrap_err();
    assert!(matches!(error, ReadError::Report(_)), "{error}");
}

/// A stream of some kilobytes that unpacks to a hundred megabytes.
#[test]
fn what_unpacks_too_far_is_told() {
    let mut operations = vec![op("BT", vec![]), op("Tf", vec!["F1".into(), 10.into()])];
    operations.extend(std::iter::repeat_n(op("Tj", vec![text(&"a".repeat(1_000))]), 20_000));
    let small =
        vec![op("BT", vec![]), op("Tf", vec!["F1".into(), 10.into()]), op("Tj", vec![text("evil-k3.top")])];
    let bomb = pdf(&[operations, small]);
    assert!(bomb.len() < 1024 * 1024, "{}", bomb.len());
    let found = look(&bomb).unwrap();
    assert_eq!(
        found.findings.iter().map(|finding| (finding.code, finding.path.as_str())).collect::<Vec<_>>(),
        [("pdf-page", "page 1")]
    );
    assert_eq!(named(&found), ["page 2 evil-k3.top 1"], "the other page is read");
}

#[test]
fn reports_are_told_by_their_first_bytes() {
    assert_eq!(detect("x", b"%PDF-1.7"), Format::Report);
    assert_eq!(detect("x", b"\n<!DOCTYPE html><p>"), Format::Report);
    assert_eq!(detect("x.txt", b"evil-k3.top\n"), Format::Plain);
    let long = vec![b'a'; REPORT_BYTES_MAX + 1];
    assert!(matches!(look(&long), Err(ReadError::TooLarge { .. })));
}

fn said(words: &str) -> Vec<Operation> {
    vec![
        op("BT", vec![]),
        op("Tf", vec!["F1".into(), 10.into()]),
        op("Tj", vec![text(words)]),
        op("ET", vec![]),
    ]
}

/// Objects in object streams, tables that are wrong, trailers that are missing, versions of one object: what is there is read.
#[test]
fn pdfs_are_read_however_they_were_written() {
    let sound = pdf(&[said("evil-k3.top")]);
    let mut modern = Vec::new();
    Document::load_mem(&sound).unwrap().save_modern(&mut modern).unwrap();
    assert!(memchr::memmem::find(&modern, b"ObjStm").is_some());
    assert_eq!(named(&look(&modern).unwrap()), ["page 1 evil-k3.top 1"]);

    let seed = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/seeds/report/pdf-object-stream");
    assert_eq!(named(&look(&std::fs::read(seed).unwrap()).unwrap()), ["page 1 evil-k3.top 1"]);

    // Without its cross-reference stream, which is also its trailer.
    let table = memchr::memmem::find(&sound, b"/XRef").unwrap();
    let cut = memchr::memmem::rfind(&sound[..table], b"endobj").unwrap();
    assert_eq!(named(&look(&sound[..cut]).unwrap()), ["page 1 evil-k3.top 1"]);
    let root = Document::load_mem(&sound).unwrap().trailer.get(b"Root").unwrap().as_reference().unwrap().0;
    let trailer = format!("trailer << /Root {root} 0 R >> startxref 5");
    assert_eq!(
        named(&look(&[&sound[..cut], trailer.as_bytes()].concat()).unwrap()),
        ["page 1 evil-k3.top 1"]
    );

    let (number, content) = {
        let document = Document::load_mem(&sound).unwrap();
        let page = document.page_iter().next().unwrap();
        let content = Content { operations: said("evil-k4.top") }.encode().unwrap();
        (document.get_page_contents(page)[0].0, String::from_utf8(content).unwrap())
    };
    // Its length stands in another object; and the object before it has no end.
    let newer = format!(
        "\n{number} 0 obj << /Title (a \\( stream endobj) /Length 900 0 R >> stream\r\n{content}\r\nendstream endobj\n899 0 obj [ 1\n900 0 obj {} endobj\n",
        content.len()
    );
    assert_eq!(named(&look(&[&sound, newer.as_bytes()].concat()).unwrap()), ["page 1 evil-k4.top 1"]);
}

/// Trailers, texts and comments without end, streams whose length is wrong: all bytes are looked at a few times at most.
#[test]
fn long_pdfs_of_nothing_are_read_in_one_pass() {
    for part in ["trailer%", "trailer((", "1 0 obj(", "1 0 obj%", "1 0 obj<<", "9 9 9 obj ", "endobj "] {
        let bytes = format!("%PDF-1.7\n{}", part.repeat(4_000_000 / part.len()));
        let error = look(bytes.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("no catalog") || error.contains("2000000 values"), "{part}: {error}");
    }
}

#[test]
fn encrypted_pdfs_are_read_if_they_ask_for_no_password() {
    let encrypted = |user_password: &str| {
        let mut document = Document::load_mem(&pdf(&[said("evil-k3.top")])).unwrap();
        let id = Object::string_literal("0123456789abcdef");
        document.trailer.set("ID", vec![id.clone(), id]);
        let version = EncryptionVersion::V2 {
            document: &document,
            owner_password: "owner",
            user_password,
            key_length: 128,
            permissions: Permissions::all(),
        };
        let state = EncryptionState::try_from(version).unwrap();
        document.encrypt(&state).unwrap();
        let mut bytes = Vec::new();
        document.save_to(&mut bytes).unwrap();
        bytes
    };
    assert_eq!(named(&look(&encrypted("")).unwrap()), ["page 1 evil-k3.top 1"]);
    let error = look(&encrypted("secret")).unwrap_err();
    assert_eq!(error.to_string(), "the PDF is encrypted; save it without a password");
}
