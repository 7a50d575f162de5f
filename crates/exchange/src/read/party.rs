//! What the readers of sanctions lists make alike: the extension that holds what STIX has no property for, and wallets.
//!
//! Each address becomes a `cryptocurrency-wallet` observable, in the form of the published extension, that names its first
//! holder, and an indicator related to every holder, so that a compliance desk's lists have it. An address of a form that the
//! guard does not know has no indicator, and a finding says so.
//!
//! Source: stix2extensions, cryptocurrency-wallet.

use std::collections::HashSet;

use serde_json::json;
use stix::{Finding, Timestamp};
use uuid::Uuid;
use watch::names::PARTY_EXTENSION;
use watch::{Kind, normalise};

use super::Options;
use super::indicator::{self, Said};
use super::make::{Dates, Maker};

/// The published definition of the wallet observable.
const WALLET_EXTENSION: &str = "extension-definition--be78509e-6958-51b1-8b26-d17ee0eba2d7";

/// Whose wallet it is, and who says so.
pub(super) struct Holder<'h> {
    /// The identity's id.
    pub(super) id: &'h str,
    /// The list's name: part of the indicator's id, so that a newer file gives the same indicator.
    pub(super) list: &'h str,
    /// The indicator's name.
    pub(super) name: String,
    /// The holder's.
    pub(super) short: &'h str,
    pub(super) labels: &'h [String],
    pub(super) path: &'h str,
}

/// The extension's definition: the same in every list, whatever its date.
pub(super) fn definition(make: &mut Maker<'_, '_, '_>) {
    let dates = make.dates;
    if let Ok(at) = Timestamp::parse("2026-11-24T00:00:00.000Z") {
        make.dates = Dates { created: at, modified: at, own: false };
    }
    make.definition(
        PARTY_EXTENSION,
        "Sanctioned party",
        "What a sanctions list says of a party, as published.",
        "Properties, each absent where the list says nothing: `number`, `kind`, `title` and `remarks` are strings; \
         `programmes`, `addresses`, `countries` and `topics` are lists of strings; `aliases`, `vessel` and `items` are lists \
         of objects with the strings `kind` and `text`; `born` is a list of objects with `text` and, if the day is known, \
         `date` (YYYY-MM-DD).",
    );
    make.dates = dates;
}

/// Hands on a wallet with its indicator. `wallets` holds the addresses that were handed on.
pub(super) fn wallet(
    holder: &Holder<'_>,
    currency: &str,
    address: &str,
    make: &mut Maker<'_, '_, '_>,
    wallets: &mut HashSet<String>,
) {
    // The published extension makes the id of the bare address, in the specification's namespace.
    let id = format!(
        "cryptocurrency-wallet--{}",
        Uuid::new_v5(&stix::id::OBSERVABLE_NAMESPACE, address.as_bytes())
    );
    let is_new = wallets.insert(address.to_owned());
    if is_new {
        // A relationship would say the same, but readers that do not know the type refuse one that leads to it.
        let properties = json!({
            "value": address, "holder_ref": holder.id,
            "extensions": {WALLET_EXTENSION: {"extension_type": "new-sco"}},
        });
        make.observable_as(&id, properties, holder.path);
    }
    match normalise(Kind::Wallet, address) {
        Ok(value) => {
            let said = Said {
                name: Some(holder.name.clone()),
                labels: holder.labels.to_vec(),
                confidence: make.options.confidence.or(Some(95)),
                ..Said::default()
            };
            // The id must not depend on the file's name, so that a newer file gives the same indicator.
            let options = Options { source: Some(holder.list.to_owned()), ..make.options.clone() };
            if !is_new || indicator::hand_on(&value, &said, &options, holder.path, make.sink) {
                let indicator = format!("indicator--{}", indicator::id(options.source.as_deref(), &value));
                let said = format!("a {currency} address of this party, says the {} list", holder.list);
                make.relate(&indicator, "related-to", holder.id, Some(&said), holder.path);
            }
        }
        Err(_) => {
            let message = format!(
                "`{address}` ({currency}) has no form of address that the guard knows: it is kept as a wallet of \
                 {}, but no indicator was made, so it stands on no list",
                holder.short
            );
            make.sink.finding(Finding::warning("wallet-form", holder.path, message));
        }
    }
}
