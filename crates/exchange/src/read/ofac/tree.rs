//! OFAC's SDN.XML: the same entries as the tables, with their items in elements.
//!
//! Source: OFAC, sdn.xsd.

use stix::{Finding, Timestamp};

use super::super::Sink;
use super::super::xml::Element;
use super::entry::{Entry, Item};

/// Entries of a list, and the date of its publication.
pub(super) fn read(root: &Element, sink: &mut Sink<'_>) -> (Vec<Entry>, Option<Timestamp>) {
    let published =
        root.child("publshInformation").map(|info| info.text_of("Publish_Date")).and_then(us_date);
    let mut entries = Vec::new();
    for element in root.all("sdnEntry") {
        let number = element.text_of("uid");
        let entry = entry(element);
        if number.is_empty() || entry.name.is_empty() {
            let message = "an entry has a uid and a lastName; it was skipped";
            sink.finding(Finding::error("entry-unread", entry.path, message));
            continue;
        }
        entries.push(entry);
    }
    (entries, published)
}

/// `01/31/2024`: this list writes the month first.
fn us_date(text: &str) -> Option<Timestamp> {
    let mut parts = text.split('/');
    let (month, day, year) = (parts.next()?, parts.next()?, parts.next()?);
    Timestamp::parse(&format!("{year}-{month:0>2}-{day:0>2}T00:00:00.000Z")).ok()
}

fn full_name(element: &Element) -> String {
    let (last, first) = (element.text_of("lastName"), element.text_of("firstName"));
    if first.is_empty() { last.to_owned() } else { format!("{last}, {first}") }
}

fn joined(element: &Element, names: &[&str]) -> String {
    let parts = names.iter().map(|name| element.text_of(name)).filter(|text| !text.is_empty());
    parts.collect::<Vec<_>>().join(", ")
}

fn entry(element: &Element) -> Entry {
    let list = |list: &'static str, item: &'static str| {
        element.child(list).into_iter().flat_map(move |found| found.all(item))
    };
    let kind = element.text_of("sdnType").to_ascii_lowercase();
    let mut entry = Entry {
        number: element.text_of("uid").to_owned(),
        name: full_name(element),
        kind: if kind == "entity" { String::new() } else { kind },
        title: element.text_of("title").to_owned(),
        remarks: element.text_of("remarks").to_owned(),
        path: format!("line {}", element.line),
        ..Entry::default()
    };
    entry.read_remarks();
    entry.programmes = list("programList", "program").map(|found| found.text.clone()).collect();
    entry.aliases.extend(list("akaList", "aka").map(|aka| {
        let category = aka.text_of("category");
        let kind = aka.text_of("type");
        let kind = if category.is_empty() { kind.to_owned() } else { format!("{kind} ({category})") };
        Item { kind, text: full_name(aka) }
    }));
    let address = ["address1", "address2", "address3", "city", "stateOrProvince", "postalCode", "country"];
    let addresses = list("addressList", "address").map(|found| joined(found, &address));
    entry.addresses = addresses.filter(|text| !text.is_empty()).collect();
    for (kind, lists, item, names) in [
        ("DOB", "dateOfBirthList", "dateOfBirthItem", &["dateOfBirth"][..]),
        ("POB", "placeOfBirthList", "placeOfBirthItem", &["placeOfBirth"]),
        ("nationality", "nationalityList", "nationality", &["country"]),
        ("citizen", "citizenshipList", "citizenship", &["country"]),
    ] {
        entry.items.extend(
            list(lists, item).map(|found| Item { kind: kind.to_owned(), text: joined(found, names) }),
        );
    }
    entry.items.extend(list("idList", "id").map(|id| {
        let mut text = id.text_of("idNumber").to_owned();
        for (name, before, after) in
            [("idCountry", " (", ")"), ("issueDate", " issued ", ""), ("expirationDate", " expires ", "")]
        {
            if !id.text_of(name).is_empty() {
                text.push_str(&format!("{before}{}{after}", id.text_of(name)));
            }
        }
        Item { kind: id.text_of("idType").to_owned(), text: text.trim().to_owned() }
    }));
    if let Some(vessel) = element.child("vesselInfo") {
        let kinds = [
            ("callSign", "call sign"),
            ("vesselType", "type"),
            ("tonnage", "tonnage"),
            ("grossRegisteredTonnage", "gross registered tonnage"),
            ("vesselFlag", "flag"),
            ("vesselOwner", "owner"),
        ];
        entry.vessel = kinds
            .into_iter()
            .filter(|(name, _)| !vessel.text_of(name).is_empty())
            .map(|(name, kind)| Item { kind: kind.to_owned(), text: vessel.text_of(name).to_owned() })
            .collect();
    }
    entry
}
