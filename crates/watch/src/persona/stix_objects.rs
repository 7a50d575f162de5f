//! What STIX objects say that identifies a persona.
//!
//! Besides the observables of STIX 2.1, those that others use for what it has no type for: `cryptocurrency-wallet`, `phone-number`,
//! `bank-account`, `device` and `persona`, with or without `x-` before them; and our extension of an identity, which holds the fields
//! of an application.
//!
//! Source: STIX 2.1, sections 4.6 (identity) and 6; OpenCTI's data model for the types that STIX lacks.

use serde_json::{Map, Value};

use super::identifier::{Identifier, IdentifierKind as Kind};
use super::read::fields;
use crate::extract;

/// The extension of an identity with what is known of a persona.
pub const EXTENSION: &str = "extension-definition--6d0ab6a4-4c0f-4f25-9f57-2c8e1f6e0b3d";

/// Types of observables that can identify a persona.
pub const OBSERVABLES: [&str; 18] = [
    "user-account",
    "email-addr",
    "ipv4-addr",
    "ipv6-addr",
    "url",
    "domain-name",
    "mac-addr",
    "file",
    "artifact",
    "cryptocurrency-wallet",
    "x-cryptocurrency-wallet",
    "phone-number",
    "x-phone-number",
    "bank-account",
    "x-bank-account",
    "device",
    "x-device",
    "persona",
];

/// The identifiers that an observable gives.
pub(super) fn of_observable(object_type: &str, object: &Map<String, Value>) -> Vec<Identifier> {
    let text = |name: &str| object.get(name).and_then(Value::as_str);
    let one = |kind: Kind, names: &[&str]| {
        names
            .iter()
            .filter_map(|name| text(name))
            .filter_map(|value| Identifier::read(kind, value).ok())
            .collect()
    };
    match object_type.strip_prefix("x-").unwrap_or(object_type) {
        "user-account" => account(&text),
        "email-addr" => [one(Kind::Email, &["value"]), one(Kind::Name, &["display_name"])].concat(),
        "ipv4-addr" | "ipv6-addr" => one(Kind::Address, &["value"]),
        "mac-addr" => one(Kind::Device, &["value"]),
        "device" => one(Kind::Device, &["value", "serial_number", "fingerprint"]),
        "cryptocurrency-wallet" => one(Kind::Wallet, &["value", "address"]),
        "phone-number" => one(Kind::Phone, &["value"]),
        "bank-account" => one(Kind::BankAccount, &["iban", "account_number", "value"]),
        "persona" => one(Kind::Name, &["persona_name"]),
        "url" | "domain-name" => text("value").map(of_page).unwrap_or_default(),
        "file" | "artifact" => hashes(object),
        _ => Vec::new(),
    }
}

/// What identifies the bearer of an identity: names, mailboxes of its contact, and our extension.
pub(super) fn of_identity(object: &Map<String, Value>) -> Vec<Identifier> {
    let extension =
        object.get("extensions").and_then(|extensions| extensions.get(EXTENSION)).and_then(Value::as_object);
    let mut found: Vec<Identifier> = Vec::new();
    let mut put = |identifier: Identifier| {
        if !found.contains(&identifier) {
            found.push(identifier);
        }
    };
    if let Some(name) = object.get("name").and_then(Value::as_str) {
        Identifier::read(Kind::Name, name).into_iter().for_each(&mut put);
    }
    if let Some(contact) = object.get("contact_information").and_then(Value::as_str) {
        let mailboxes = extract(contact).into_iter().map(|found| found.value);
        let mailboxes = mailboxes.filter(|value| value.kind() == crate::value::Kind::Email);
        mailboxes.filter_map(|value| Identifier::read(Kind::Email, value.text()).ok()).for_each(&mut put);
    }
    let told = extension.map(fields);
    told.iter().flat_map(|told| told.identifiers()).cloned().for_each(put);
    found
}

fn account<'o>(text: &impl Fn(&str) -> Option<&'o str>) -> Vec<Identifier> {
    let service = text("account_type").unwrap_or_default();
    let handles = ["account_login", "user_id"].into_iter().filter_map(text);
    let mut found: Vec<Identifier> = handles
        .filter_map(|handle| match handle.contains('@') {
            true => Identifier::read(Kind::Email, handle).ok(),
            false => Identifier::read(Kind::Account, &format!("{service}/{handle}")).ok(),
        })
        .collect();
    found.dedup();
    // A display name of several words is a person's; of one, it is a handle that anyone can take.
    let name = text("display_name").filter(|name| name.split_whitespace().count() > 1);
    found.extend(name.and_then(|name| Identifier::read(Kind::Name, name).ok()));
    found
}

fn of_page(address: &str) -> Vec<Identifier> {
    let mut page = super::Application::default();
    // What is no page identifies nobody.
    let _left_out = page.add(Kind::Page, address);
    page.identifiers().to_vec()
}

fn hashes(object: &Map<String, Value>) -> Vec<Identifier> {
    let mime = object.get("mime_type").and_then(Value::as_str).unwrap_or_default();
    let kind = if mime.starts_with("image/") { Kind::Picture } else { Kind::Document };
    let hashes = object.get("hashes").and_then(Value::as_object).into_iter().flatten();
    let hashes =
        hashes.filter_map(|(algorithm, value)| Some((algorithm.to_ascii_lowercase(), value.as_str()?)));
    hashes
        .filter_map(|(algorithm, value)| {
            let is_look = ["phash", "dhash", "ahash"].iter().any(|look| algorithm.ends_with(look));
            Identifier::read(if is_look { Kind::PictureLook } else { kind }, value).ok()
        })
        .collect()
}
