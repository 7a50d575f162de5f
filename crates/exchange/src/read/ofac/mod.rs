//! The SDN list of the United States' Office of Foreign Assets Control: who is sanctioned, under which names, with which
//! wallets.
//!
//! Each entry becomes an identity whose id depends on OFAC's number alone, so that a newer list given with the older one
//! (`--replaces`) makes newer versions of what changed. Names, programmes, dates of birth, papers and all else stand in an
//! extension as published. Each digital currency address becomes a `cryptocurrency-wallet` observable (in the form of the published extension) that names its first holder, and an
//! indicator related to every holder, so that a compliance desk's lists have it; an address of a form that is not known to the guard has no
//! indicator, and a finding says so.
//!
//! Source: OFAC, SDN list data formats; stix2extensions, cryptocurrency-wallet.

mod entry;
mod table;
mod tree;

use std::collections::HashSet;

use serde_json::{Value, json};
use stix::Finding;
use watch::names::PARTY_EXTENSION;

use self::entry::{Entry, Item};
use super::make::{Dates, Maker};
use super::party::{self, Holder};
use super::{Options, ReadError, Sink, time, xml};

pub(super) fn read(text: &str, options: &Options, sink: &mut Sink<'_>) -> Result<(), ReadError> {
    let body = text.trim_start();
    let (entries, published) = if body.starts_with('<') {
        let root = xml::parse(body)?;
        if root.name != "sdnList" {
            let message = format!("<{}> is no SDN list: OFAC's SDN.XML has <sdnList>", root.name);
            return Err(ReadError::Xml { line: root.line, column: 1, message });
        }
        tree::read(&root, sink)
    } else if body.starts_with('{') {
        (table::read_lines(body, sink), None)
    } else {
        (table::read(body, &options.beside, sink), None)
    };
    let mut dates = Dates::of_file(options);
    if let Some(published) = published {
        let modified = if options.follows { published.max(options.as_of) } else { published };
        dates = Dates { created: published, modified, own: false };
    }
    let options = &Options { as_of: dates.modified, ..options.clone() };
    let mut make = Maker { sink, options, format: "ofac-sdn", dates, tlp: None, by: None };
    party::definition(&mut make);
    let author = make.id("identity", &["OFAC"]);
    let name = "Office of Foreign Assets Control, U.S. Department of the Treasury";
    make.object(&author, json!({"name": name, "identity_class": "organization"}), "");
    make.by = Some(author);
    let (mut seen, mut wallets) = (HashSet::new(), HashSet::new());
    for entry in &entries {
        if make.sink.stopped {
            break;
        }
        if seen.insert(entry.number.as_str()) {
            if entry.is_cut {
                let message = format!(
                    "OFAC's column ends in the middle of the remarks of {}; give SDN_COMMENTS.CSV of the same day \
                     beside the list (--beside)",
                    entry.name
                );
                make.sink.finding(Finding::warning("remarks-cut", entry.path.clone(), message));
            }
            one(entry, &mut make, &mut wallets);
        } else {
            let message = format!("the entry {} stands in the list already", entry.number);
            make.sink.finding(Finding::warning("entry-repeated", entry.path.clone(), message));
        }
    }
    Ok(())
}

fn one(entry: &Entry, make: &mut Maker<'_, '_, '_>, wallets: &mut HashSet<String>) {
    let id = make.id("identity", &[&entry.number]);
    let class = match entry.kind.as_str() {
        "individual" => "individual",
        "" | "entity" => "organization",
        _ => "unspecified",
    };
    let contacts: Vec<&str> = entry.said(&["Email Address", "Website", "Phone Number"]).collect();
    let programmes = entry.programmes.iter().map(|name| format!("ofac-programme:{name}"));
    let labels: Vec<String> = std::iter::once("ofac-sdn".to_owned()).chain(programmes).collect();
    let url = format!("https://sanctionssearch.ofac.treas.gov/Details.aspx?id={}", entry.number);
    let properties = json!({
        "name": entry.name,
        "description": entry.remarks,
        "identity_class": class,
        "contact_information": contacts.join(", "),
        "labels": labels,
        "external_references": [{"source_name": "OFAC SDN", "external_id": entry.number, "url": url}],
        "extensions": {PARTY_EXTENSION: extension(entry)},
    });
    make.object(&id, properties, &entry.path);
    // One address can be listed for several currencies: they share its chain.
    let mut listed: Vec<(String, &str)> = Vec::new();
    for (currency, address) in entry.wallets() {
        match listed.iter_mut().find(|(_, known)| *known == address) {
            Some((currencies, _)) => currencies.push_str(&format!(", {currency}")),
            None => listed.push((currency.to_owned(), address)),
        }
    }
    for (currencies, address) in listed {
        let holder = Holder {
            id: &id,
            list: "OFAC SDN",
            name: format!("{} (OFAC SDN {}, {currencies})", entry.name, entry.number),
            short: &entry.name,
            labels: &labels,
            path: &entry.path,
        };
        party::wallet(&holder, &currencies, address, make, wallets);
    }
}

fn extension(entry: &Entry) -> Value {
    let items = |items: &[Item]| -> Vec<Value> {
        items.iter().map(|item| json!({"kind": item.kind, "text": item.text})).collect()
    };
    let born: Vec<Value> = entry
        .said(&["DOB"])
        .map(|text| match day(text) {
            Some(date) => json!({"text": text, "date": date}),
            None => json!({"text": text}),
        })
        .collect();
    let mut extension = json!({
        "extension_type": "property-extension",
        "number": entry.number,
        "kind": entry.kind,
        "title": entry.title,
        "programmes": entry.programmes,
        "aliases": items(&entry.aliases),
        "addresses": entry.addresses,
        "born": born,
        "vessel": items(&entry.vessel),
        "items": items(&entry.items),
        "remarks": entry.remarks,
    });
    if let Some(members) = extension.as_object_mut() {
        members.retain(|_, value| {
            value.as_array().is_none_or(|list| !list.is_empty())
                && value.as_str().is_none_or(|text| !text.is_empty())
        });
    }
    extension
}

/// `25 Mar 1977` as a date; `circa 1947` is none.
fn day(text: &str) -> Option<String> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut parts = text.split(' ');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    let month = MONTHS.iter().position(|known| *known == month)? + 1;
    let date = format!("{year}-{month:02}-{day:0>2}");
    (parts.next().is_none() && time::lenient(&date).is_some()).then_some(date)
}
