//! PDFs of some kilobytes that are made to take gigabytes: each is refused or read in part, says why, and takes little.
//!
//! One test in a program of its own, since the memory is that of the whole process.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails says so by panicking")]

use std::io::Write as _;

use bongsu_exchange::read::report::{Survey, survey};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use lopdf::{Document, Object, Stream, dictionary};
use stix::Timestamp;
use watch::{Context, Guard, Lists};

/// Most memory that reading these documents may take, in KiB.
const PEAK_KIB_MAX: u64 = 1024 * 1024;

fn look(bytes: &[u8]) -> Result<Survey, String> {
    let (guard, _) = Guard::new::<&str>(Lists::builtin(), &[]);
    let now = Timestamp::parse("2026-11-24T00:00:00Z").unwrap();
    survey(bytes, &guard, &Context::new(now, 0)).map_err(|error| error.to_string())
}

/// What came of a document: why it was refused, or the findings.
fn told(bytes: &[u8]) -> String {
    assert!(bytes.len() < 256 * 1024, "{} bytes are not small", bytes.len());
    match look(bytes) {
        Ok(survey) => {
            survey.findings.iter().map(|f| format!("{} {}: {}", f.code, f.path, f.message)).collect()
        }
        Err(error) => error,
    }
}

/// A document of one page, whose content and fonts are given.
fn document(content: &[u8], fonts: impl FnOnce(&mut Document) -> lopdf::Dictionary) -> Document {
    let mut document = Document::with_version("1.5");
    let tree = document.new_object_id();
    let fonts = fonts(&mut document);
    let content = document.add_object(Stream::new(dictionary! {}, content.to_vec()));
    let resources = dictionary! {"Font" => fonts};
    let page = document.add_object(
        dictionary! {"Type" => "Page", "Parent" => tree, "Contents" => content, "Resources" => resources},
    );
    let pages = dictionary! {"Type" => "Pages", "Kids" => vec![page.into()], "Count" => 1};
    document.objects.insert(tree, Object::Dictionary(pages));
    let catalog = document.add_object(dictionary! {"Type" => "Catalog", "Pages" => tree});
    document.trailer.set("Root", catalog);
    document
}

fn saved(mut document: Document) -> Vec<u8> {
    document.compress();
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).unwrap();
    bytes
}

fn one_font(document: &mut Document) -> lopdf::Dictionary {
    let font = dictionary! {"Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Courier"};
    dictionary! {"F1" => document.add_object(font)}
}

const SAID: &[u8] = b"BT /F1 10 Tf (evil-k3.top) Tj ET";

/// A document with object streams beside its page, each of an index and a content.
fn packed(streams: impl Iterator<Item = (String, Vec<u8>)>) -> Vec<u8> {
    let mut bytes = saved(document(SAID, one_font));
    for (at, (index, content)) in streams.enumerate() {
        let mut packed = ZlibEncoder::new(Vec::new(), Compression::best());
        packed.write_all(&[index.as_bytes(), &content].concat()).unwrap();
        let packed = packed.finish().unwrap();
        let (first, length) = (index.len(), packed.len());
        let head = format!(
            "\n{} 0 obj <</Type /ObjStm /N 1 /First {first} /Filter /FlateDecode /Length {length}>> stream\n",
            at + 900
        );
        bytes.extend([head.as_bytes(), &packed, b"\nendstream endobj"].concat());
    }
    bytes
}

fn peak_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_ascii_whitespace().nth(1)?.parse().ok()
}

#[test]
fn small_documents_take_little_memory() {
    let check = |bytes: &[u8], expected: &str| {
        let told = told(bytes);
        assert!(told.contains(expected), "{expected}: {told}");
    };

    // Many objects of one object stream that are one stretch of bytes.
    let one = |index: String, content: Vec<u8>| packed([(index, content)].into_iter());
    let list = |count: usize| [b"[".as_slice(), &b"0 ".repeat(count), b"]"].concat();
    let index: String = (100..20_100).map(|number| format!("{number} 0 ")).collect();
    check(&one(index, list(100_000)), "share one place");
    // The same, each a byte further on: a text begins at each and ends at the end.
    let index: String = (0..20_000).map(|at| format!("{} {at} ", at + 1_000)).collect();
    let texts = [b"(".repeat(20_000), b"x".repeat(1_000_000), b")".repeat(20_000)].concat();
    assert_eq!(told(&one(index, texts)), "");
    // Many values, in one stream and in many.
    check(&one("1000 0 ".to_owned(), list(7_000_000)), "2000000 values");
    check(&packed((0..100).map(|at| (format!("{} 0 ", at + 1_000), list(50_000)))), "2000000 values");
    // Objects of the file within one another.
    let mut nested = b"%PDF-1.5\n".to_vec();
    (1..5_000).for_each(|number| {
        nested.extend(format!("{number} 0 obj <</Length {}>>stream\n", 200_000).as_bytes());
    });
    nested.extend(b"endstream endobj ");
    check(&nested, "no catalog");

    // Content and fonts that are far larger in memory than they are decoded.
    check(&saved(document(&b"0 ".repeat(6_000_000), one_font)), "operators and operands");
    let letters = |said: &str| {
        let said = format!("1 beginbfrange\n{said}\nendbfrange\n");
        saved(document(SAID, |document| {
            let letters = document.add_object(Stream::new(dictionary! {}, said.into_bytes()));
            let font = document.add_object(dictionary! {"Type" => "Font", "Subtype" => "Type0",
            "BaseFont" => "X", "Encoding" => "Identity-H", "ToUnicode" => letters});
            dictionary! {"F1" => font}
        }))
    };
    check(&letters("<00000000> <ffffffff> <0041>"), "pdf-fonts");
    check(&letters(&format!("<0000> <ffff> <{}>", "0041".repeat(10_000))), "pdf-fonts");
    let list = format!("<0000> <ffff> [{}]", "<0041> ".repeat(10_000));
    let cuts: String = (0..30_000).map(|at| format!("\n<{0:04x}> <{0:04x}> <0041>", at * 2)).collect();
    check(&letters(&(list + &cuts)), "pdf-fonts");
    let wide = saved(document(SAID, |document| {
        let inner = dictionary! {"Type" => "Font", "W" => vec![0.into(), 65_535.into(), 500.into()]};
        let inner = document.add_object(inner);
        let fonts = (1..3_000).map(|number| {
            let font = dictionary! {"Type" => "Font", "DescendantFonts" => vec![inner.into()]};
            (format!("F{number}"), document.add_object(font))
        });
        let mut all = lopdf::Dictionary::new();
        fonts.for_each(|(name, font)| all.set(name, font));
        all
    }));
    let found = look(&wide).unwrap();
    assert_eq!((found.candidates.len(), found.findings.len()), (1, 0));

    if let Some(peak) = peak_kib() {
        assert!(peak < PEAK_KIB_MAX, "{peak} KiB");
    }
}
