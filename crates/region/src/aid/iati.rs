//! Files by the IATI standard: activities and organisations, of versions 1.01 to 2.03.
//!
//! Version 1 wrote words where version 2 has codes; they are told as codes of version 2. Elements of other namespaces are passed
//! over.
//!
//! Source: IATI standard 2.03, activity and organisation elements; "Upgrades" 2.01 for what version 1 wrote.

use std::io::{BufRead, BufReader, Read};

use encoding_rs::{Encoding, UTF_8};
use encoding_rs_io::DecodeReaderBytesBuilder;
use serde::Serialize;

use super::activity::{Activity, Budget, Text};
use super::reading::{Reading, currency, language};
use super::tree::{Document, Element, Next, Tree, XmlError};
use crate::transit::Country;

/// The faults that are kept; others are counted.
const FAULTS_MAX: usize = 1_000;
/// Bytes of the beginning in which the encoding is looked for.
const START_BYTES: usize = 256;

/// What is wrong in a file that could be read all the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// In which activity or organisation, by its identifier; empty where it has none.
    pub of: String,
    /// Where that ends in the file, in bytes from its beginning, as UTF-8.
    pub at: u64,
    /// What is wrong.
    pub why: String,
}

/// What a publisher says of its own money.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Publisher {
    /// Its identifier.
    pub identifier: String,
    /// Its names.
    pub names: Vec<Text>,
    /// All of its budget, by period.
    pub total: Vec<Budget>,
    /// Its budgets for countries, by ISO 3166-1.
    pub countries: Vec<(String, Budget)>,
}

/// One thing that a file tells.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "nearly all are the large one, which lives for a moment")]
pub enum Item {
    /// An activity.
    Activity(Activity),
    /// An organisation.
    Publisher(Publisher),
}

/// What a file was.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The version that it says it is of.
    pub version: String,
    /// How many activities it has.
    pub activities: u64,
    /// How many organisations.
    pub organisations: u64,
    /// The first thousand faults.
    pub faults: Vec<Fault>,
    /// How many there are.
    pub faulty: u64,
    /// Why it could not be read to its end, if it couldn't.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken: Option<String>,
}

/// Why nothing of a file can be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IatiError {
    /// It is no XML, or the source failed.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// It is something else.
    #[error(
        "it is no file by the IATI standard: its outermost element is <{0}>, not <iati-activities> or <iati-organisations>"
    )]
    Other(String),
    /// It has no element at all.
    #[error("it is no XML: there is no element in it")]
    Empty,
    /// Its encoding is not known.
    #[error("its encoding, `{0}`, is not known; UTF-8 is best")]
    Encoding(String),
}

/// Reads a file; `each` is given what it tells, in its order. What comes before a place that can't be read counts.
///
/// # Errors
/// [`IatiError`] where nothing can be read.
pub fn read(source: impl Read, each: &mut dyn FnMut(Item)) -> Result<Report, IatiError> {
    read_utf8(in_utf8(source)?, each)
}

/// A file in UTF-8, whatever it is written in.
///
/// # Errors
/// [`IatiError::Encoding`], or when the source fails.
pub(super) fn in_utf8<'r>(source: impl Read + 'r) -> Result<Box<dyn BufRead + 'r>, IatiError> {
    let mut source = BufReader::with_capacity(1 << 16, source);
    let encoding = declared(source.fill_buf().map_err(XmlError::from)?)?;
    if encoding == UTF_8 {
        return Ok(Box::new(source));
    }
    let decoded = DecodeReaderBytesBuilder::new().encoding(Some(encoding)).bom_override(true).build(source);
    Ok(Box::new(BufReader::with_capacity(1 << 16, decoded)))
}

/// The encoding that the beginning of a file shows or names.
fn declared(start: &[u8]) -> Result<&'static Encoding, IatiError> {
    if let Some((encoding, _)) = Encoding::for_bom(start) {
        return Ok(encoding);
    }
    let start = start.get(..START_BYTES.min(start.len())).unwrap_or_default();
    let declaration = start.strip_prefix(b"<?xml").and_then(|rest| {
        let end = memchr::memmem::find(rest, b"?>")?;
        str::from_utf8(rest.get(..end)?).ok()
    });
    let label = declaration.and_then(|text| {
        let (_, rest) = text.split_once("encoding")?;
        let rest = rest.trim_start().strip_prefix('=')?.trim_start();
        let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        rest.get(1..)?.split(quote).next()
    });
    let Some(label) = label else { return Ok(UTF_8) };
    let known = Encoding::for_label(label.as_bytes());
    // What says so of itself in single bytes is not UTF-16.
    let known = known.map(|known| if known.is_ascii_compatible() { known } else { UTF_8 });
    known.ok_or_else(|| IatiError::Encoding(label.chars().take(40).collect()))
}

fn read_utf8(source: impl BufRead, each: &mut dyn FnMut(Item)) -> Result<Report, IatiError> {
    let mut document = Document::new(source);
    let mut tree = Tree::default();
    let mut report = Report::default();
    match document.next(&mut tree)? {
        Next::Root => {}
        Next::Element | Next::End => return Err(IatiError::Empty),
    }
    let root = tree.root().ok_or(IatiError::Empty)?;
    report.version = root.attribute("version").to_owned();
    let mut faults = Faults::default();
    match root.name() {
        "iati-activities" | "iati-organisations" => {}
        // A single activity, as examples have it.
        "iati-activity" => {
            let mut activity = Reading::begin(root, &mut faults);
            loop {
                match document.next(&mut tree) {
                    Ok(Next::Element) => {
                        tree.root().into_iter().for_each(|element| activity.take(element, &mut faults));
                    }
                    Ok(_) => break,
                    Err(error) => {
                        report.broken = Some(error.to_string());
                        break;
                    }
                }
            }
            let activity = activity.end(&mut faults);
            faults.of(&mut report, &activity.identifier, document.at());
            report.activities += 1;
            each(Item::Activity(activity));
            return Ok(report);
        }
        other => return Err(IatiError::Other(other.chars().take(60).collect())),
    }
    loop {
        match document.next(&mut tree) {
            Ok(Next::Element) => {}
            Ok(_) => return Ok(report),
            Err(error) => {
                report.broken = Some(error.to_string());
                return Ok(report);
            }
        }
        let Some(element) = tree.root() else { continue };
        match element.name() {
            "iati-activity" => {
                let mut activity = Reading::begin(element, &mut faults);
                element.children().for_each(|child| activity.take(child, &mut faults));
                let activity = activity.end(&mut faults);
                faults.of(&mut report, &activity.identifier, document.at());
                report.activities += 1;
                each(Item::Activity(activity));
            }
            "iati-organisation" => {
                let publisher = publisher(element, &mut faults);
                faults.of(&mut report, &publisher.identifier, document.at());
                report.organisations += 1;
                each(Item::Publisher(publisher));
            }
            _ => {}
        }
    }
}

/// What is wrong with what is being read.
#[derive(Default)]
pub(super) struct Faults(Vec<String>);

impl Faults {
    pub(super) fn say(&mut self, why: impl Into<String>) {
        if self.0.len() < FAULTS_MAX {
            self.0.push(why.into());
        }
    }

    fn of(&mut self, report: &mut Report, identifier: &str, at: u64) {
        for why in self.0.drain(..) {
            report.faulty += 1;
            if report.faults.len() < FAULTS_MAX {
                report.faults.push(Fault { of: identifier.to_owned(), at, why });
            }
        }
    }
}

fn publisher(element: Element<'_>, faults: &mut Faults) -> Publisher {
    let reading = Reading {
        activity: Activity::default(),
        currency: currency(element.attribute("default-currency")),
        language: language(element),
    };
    let mut publisher = Publisher::default();
    for child in element.children() {
        match child.name() {
            "organisation-identifier" | "iati-identifier" => {
                child.text().clone_into(&mut publisher.identifier)
            }
            "name" => publisher.names.extend(reading.texts(child)),
            "total-budget" => publisher.total.extend(reading.budget(child, faults)),
            "recipient-country-budget" => {
                let code = child.child("recipient-country").map_or("", |country| country.attribute("code"));
                match Country::parse(code) {
                    Ok(country) => {
                        let budget = reading.budget(child, faults);
                        publisher.countries.extend(budget.map(|budget| (country.code().to_owned(), budget)));
                    }
                    Err(error) => faults.say(format!("recipient-country-budget: {error}")),
                }
            }
            _ => {}
        }
    }
    if publisher.identifier.is_empty() {
        faults.say("it has no organisation-identifier");
    }
    publisher
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aid::activity::Amount;

    fn all(bytes: &[u8]) -> (Vec<Item>, Report) {
        let mut items = Vec::new();
        let report = read(bytes, &mut |item| items.push(item)).unwrap();
        (items, report)
    }

    const NEW: &str = r#"<iati-activities version="2.03"><iati-activity default-currency="USD" hierarchy="1" xml:lang="EN">
        <iati-identifier> KR-1 </iati-identifier><title><narrative>Cyber drill</narrative><narrative xml:lang="ko">사이버 훈련</narrative></title>
        <activity-status code="2"/><activity-date type="2" iso-date="2025-01-01"/><activity-date type="3" iso-date="2024-12-31Z"/>
        <recipient-country code="vn" percentage="60"/><recipient-country code="ZZ"/>
        <sector code="22040" percentage="100"/><tag vocabulary="3" code="9.c"/><ext:thing>x</ext:thing>
        <budget type="1"><period-start iso-date="2025-01-01"/><period-end iso-date="soon"/><value currency="krw" value-date="2025-06-30">5,160.50</value></budget>
        <budget><value>-3</value></budget><transaction><value value-date="2025-01-01">x</value></transaction></iati-activity><iati-activity/></iati-activities>"#;

    #[test]
    fn an_activity_is_told_and_what_is_wrong_in_it() {
        let (items, report) = all(NEW.as_bytes());
        let Item::Activity(activity) = &items[0] else { panic!("{items:?}") };
        assert_eq!((activity.identifier.as_str(), activity.title_in("ko-KR")), ("KR-1", "사이버 훈련"));
        assert_eq!(activity.title_in("fr"), "Cyber drill");
        let countries: Vec<&str> = activity.countries.iter().map(|share| share.code.as_str()).collect();
        assert_eq!(countries, ["VN", "ZZ"]);
        assert_eq!(activity.sectors[0].vocabulary, "1");
        assert_eq!(
            (activity.budgets[0].value.amount.to_string(), activity.budgets[0].value.currency.as_str()),
            ("5160.5".into(), "KRW")
        );
        assert_eq!((activity.budgets.len(), activity.transactions.len()), (2, 0));
        let faults: Vec<String> =
            report.faults.iter().map(|fault| format!("{}: {}", fault.of, fault.why)).collect();
        insta::assert_snapshot!(faults.join("\n"), @r"
        KR-1: recipient-country: `ZZ` is no country: two letters of ISO 3166-1 stand for one, like KR
        KR-1: period-end: `soon` is no day (2026-01-31)
        KR-1: budget: no value-date: it can't be converted
        KR-1: budget: -3 is negative
        KR-1: transaction: `x` is no amount
        KR-1: it ends on 2024-12-31, before 2025-01-01, when it begins
        : it has no iati-identifier
        ");
        assert_eq!((report.activities, report.faulty, report.broken), (2, 7, None));
    }

    #[test]
    fn version_1_comes_to_the_same() {
        let old = r#"<iati-activities version="1.02"><iati-activity default-currency="GBP"><iati-identifier>GB-1</iati-identifier>
            <title xml:lang="en">Old</title><title xml:lang="fr">Vieux</title><participating-org role="Funding" ref="GB">UK</participating-org>
            <activity-date type="start-actual" iso-date="2010-02-01">1 Feb</activity-date><sector vocabulary="DAC" code="15110"/>
            <transaction><transaction-type code="D">Disbursement</transaction-type><value value-date="2010-03-01">10</value></transaction>
            </iati-activity></iati-activities>"#;
        let (items, report) = all(old.as_bytes());
        let Item::Activity(activity) = &items[0] else { panic!("{items:?}") };
        assert_eq!((activity.title_in("fr"), activity.title.len()), ("Vieux", 2));
        assert_eq!(
            (activity.participants[0].0.as_str(), activity.participants[0].1.names[0].text.as_str()),
            ("1", "UK")
        );
        assert_eq!(
            (activity.sectors[0].vocabulary.as_str(), activity.transactions[0].kind.as_str()),
            ("1", "3")
        );
        assert_eq!(activity.period().0, Some(jiff::civil::date(2010, 2, 1)));
        assert_eq!((report.version.as_str(), report.faulty), ("1.02", 0));
    }

    #[test]
    fn three_letters_are_read_as_the_two_and_told() {
        let text = r#"<iati-activities version="2.03"><iati-activity><iati-identifier>A</iati-identifier><recipient-country code="KHM" percentage="40"/>
            <recipient-country code="vnm"/><recipient-country code="QQQ"/><recipient-country code="410"/></iati-activity></iati-activities>"#;
        let (items, report) = all(text.as_bytes());
        let Item::Activity(activity) = &items[0] else { panic!("{items:?}") };
        let countries: Vec<&str> = activity.countries.iter().map(|share| share.code.as_str()).collect();
        assert_eq!(countries, ["KH", "VN", "QQQ", "410"]);
        assert_eq!(activity.countries[0].percentage, Amount::parse("40"));
        let why: Vec<&str> = report.faults.iter().map(|fault| fault.why.as_str()).collect();
        assert_eq!(
            why[0],
            "recipient-country: `KHM` is read as KH; the standard wants the two letters of ISO 3166-1"
        );
        assert!(why[1].contains("`vnm` is read as VN") && why[2].contains("`QQQ` is no country"), "{why:?}");
        assert_eq!(why.len(), 4);
    }

    #[test]
    fn encodings_are_what_they_say() {
        let text = "<?xml version='1.0' encoding='ENC'?><iati-activity><title>Zürich</title></iati-activity>";
        let title = |bytes: &[u8]| match &all(bytes).0[0] {
            Item::Activity(activity) => activity.title[0].text.clone(),
            other => panic!("{other:?}"),
        };
        let latin: Vec<u8> = text.replace("ENC", "ISO-8859-1").chars().map(|letter| letter as u8).collect();
        assert_eq!(title(&latin), "Zürich");
        let wide: Vec<u8> = std::iter::once(0xfeff_u16)
            .chain(text.replace("ENC", "UTF-16").encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(title(&wide), "Zürich");
        assert_eq!(title(text.replace("ENC", "utf-8").as_bytes()), "Zürich");
        let unknown = read(text.as_bytes(), &mut |_| {}).unwrap_err();
        assert_eq!(unknown.to_string(), "its encoding, `ENC`, is not known; UTF-8 is best");
        // Said to be UTF-8, and isn't: what is before it counts, and it is told.
        let broken = [
            b"<iati-activities><iati-activity/><iati-activity><title>Z\xfc".as_slice(),
            b"</title></iati-activity></iati-activities>",
        ]
        .concat();
        let (items, report) = all(&broken);
        assert_eq!(items.len(), 1);
        assert!(report.broken.is_some());
    }

    #[test]
    fn what_is_something_else_is_refused() {
        let check = |text: &str, expected: &str| {
            let error = read(text.as_bytes(), &mut |_| {}).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        check("<html/>", "its outermost element is <html>");
        check("hello", "there is no element");
        check("", "there is no element");
        check("<!DOCTYPE x><iati-activities/>", "a document type definition");
    }

    #[test]
    fn an_organisation_tells_its_budgets() {
        let text = r#"<iati-organisations version="2.03"><iati-organisation default-currency="EUR"><organisation-identifier>XI-1</organisation-identifier>
            <name><narrative>EU</narrative></name><total-budget><period-start iso-date="2025-01-01"/><value value-date="2025-01-01">1</value></total-budget>
            <recipient-country-budget><recipient-country code="KH"/><value value-date="2025-01-01">2</value></recipient-country-budget>
            <recipient-country-budget><recipient-country code=""/><value value-date="2025-01-01">2</value></recipient-country-budget>
            </iati-organisation></iati-organisations>"#;
        let (items, report) = all(text.as_bytes());
        let Item::Publisher(publisher) = &items[0] else { panic!("{items:?}") };
        assert_eq!((publisher.total.len(), publisher.countries[0].0.as_str()), (1, "KH"));
        assert_eq!((report.organisations, report.faulty), (1, 1));
    }
}
