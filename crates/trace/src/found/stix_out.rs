//! What was found as STIX 2.1: wallets and transactions in the form of the published extensions, an indicator for each address that stolen
//! value came through, and the case that joins them.
//!
//! An object's id follows from the address, the transaction or the case, and what it says from when value first came there: the same trace
//! gives the same objects, byte for byte, and a longer one only adds to them. The incident and the grouping alone have new versions.
//! Addresses of services are wallets here, as ends of transactions, and never indicators: their customers did nothing.
//!
//! Source: STIX 2.1, sections 4.3, 4.7, 4.8; stix2extensions, cryptocurrency-wallet and cryptocurrency-transaction.

use std::collections::HashSet;

use serde_json::{Map, Value, json};
use stix::id::OBSERVABLE_NAMESPACE;
use stix::{Timestamp, Tlp};
use uuid::Uuid;

use crate::U256;
use crate::units::whole;

/// The published definitions of the two observables.
const WALLET_EXTENSION: &str = "extension-definition--be78509e-6958-51b1-8b26-d17ee0eba2d7";
const TRANSACTION_EXTENSION: &str = "extension-definition--151d042d-4dcf-5e44-843f-1024440318e5";
/// Ours: what a number of JSON can't say exactly, and of what theft it is.
pub const STOLEN_EXTENSION: &str = "extension-definition--6c1f3a58-3f0e-4a57-9d61-2b7f0c8e94d3";
/// The namespace of incidents, groupings, indicators and relationships: UUIDv5 of `type LF case LF what`.
const NAMESPACE: Uuid = Uuid::from_u128(0x1f6d_20c7_93a4_4be5_a7d2_5c08_e1b9_4f36);
/// When the extension was defined, 2026-11-29, and who defined it.
const DEFINED: &str = "2026-11-29T00:00:00.000Z";
const AUTHOR: &str = "identity--e8b06c4a-5d37-4f19-8c2e-a4917bd0f365";

/// The case, as all its objects have it.
#[derive(Debug, Clone)]
pub struct Told<'t> {
    /// What tells it from other cases, in the node and elsewhere: part of each id.
    pub key: &'t str,
    /// What people call it.
    pub title: &'t str,
    /// By which rule it was followed.
    pub method: &'t str,
    /// When the first theft was.
    pub began: Timestamp,
    /// The version's time.
    pub modified: Timestamp,
    /// How it is marked.
    pub tlp: Option<Tlp>,
}

/// An address that stolen value came to, and that no label calls a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// The address.
    pub address: String,
    /// The chain.
    pub chain: String,
    /// What came.
    pub asset: String,
    /// When it first came, in seconds since 1970-01-01 UTC.
    pub first: i64,
    /// By which transaction.
    pub transaction: String,
    /// How many transfers that was from the theft.
    pub hop: u32,
}

/// A transfer that a partner should see: a theft, or an arrival at a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paid {
    /// The transaction.
    pub transaction: String,
    /// What was paid.
    pub asset: String,
    /// How many digits its smallest unit is below one.
    pub decimals: Option<u8>,
    /// When, in seconds since 1970-01-01 UTC.
    pub time: i64,
    /// Who gave; empty if that is not known.
    pub from: String,
    /// Who got; empty if there is no address.
    pub to: String,
    /// The service, if it is one.
    pub service: Option<String>,
    /// How much, in the smallest unit.
    pub amount: U256,
    /// How much of it was stolen.
    pub tainted: U256,
}

/// The objects of a case, each as JSON, in an order in which each comes after what it names.
#[must_use]
pub fn stix(told: &Told<'_>, reached: &[Reached], paid: &[Paid]) -> Vec<String> {
    let mut objects = Objects { told, made: Vec::new(), ids: HashSet::new(), refs: Vec::new() };
    objects.definition();
    let incident = objects.incident();
    for one in reached {
        objects.reached(one, &incident);
    }
    let mut at = 0;
    while let Some(first) = paid.get(at) {
        // Payments of one transaction are one object: its id follows from the transaction alone.
        let same = paid[at..].iter().take_while(|one| one.transaction == first.transaction).count();
        objects.transaction(&paid[at..at + same]);
        at += same;
    }
    objects.grouping();
    objects.made
}

struct Objects<'t> {
    told: &'t Told<'t>,
    made: Vec<String>,
    ids: HashSet<String>,
    /// What the grouping names.
    refs: Vec<String>,
}

impl Objects<'_> {
    fn id(&self, object_type: &str, what: &str) -> String {
        let name = format!("{object_type}\n{}\n{what}", self.told.key);
        format!("{object_type}--{}", Uuid::new_v5(&NAMESPACE, name.as_bytes()))
    }

    fn push(&mut self, id: &str, mut object: Map<String, Value>) {
        if !self.ids.insert(id.to_owned()) {
            return;
        }
        if let Some(tlp) = self.told.tlp {
            object.insert("object_marking_refs".to_owned(), json!([tlp.definition_id().to_string()]));
        }
        self.made.push(Value::Object(object).to_string());
    }

    /// A domain or relationship object with these dates.
    fn object(&mut self, id: &str, created: Timestamp, modified: Timestamp, properties: Value) {
        let object_type = id.split("--").next().unwrap_or_default();
        let head = json!({
            "type": object_type, "spec_version": "2.1", "id": id,
            "created": created.to_string(), "modified": modified.to_string(),
        });
        let parts = [head, properties].into_iter().filter_map(|part| match part {
            Value::Object(part) => Some(part),
            _ => None,
        });
        self.push(id, parts.flatten().filter(|(_, value)| !value.is_null()).collect());
    }

    /// What our extension is: nobody's secret, and the same in every case.
    fn definition(&mut self) {
        let author = json!({
            "type": "identity", "spec_version": "2.1", "id": AUTHOR, "created": DEFINED, "modified": DEFINED,
            "name": "Bongsu", "identity_class": "system",
        });
        let definition = json!({
            "type": "extension-definition", "spec_version": "2.1", "id": STOLEN_EXTENSION, "created_by_ref": AUTHOR,
            "created": DEFINED, "modified": DEFINED, "name": "Stolen virtual assets", "version": "1.0.0",
            "description": "What a trace of stolen virtual assets says of a transaction, exactly.",
            "schema": "Property `payments`: a list of objects with the strings `from`, `to`, `asset`, `amount` and `tainted` (whole \
                       numbers of the asset's smallest unit), the number `decimals` if it is known, and `service` if the payment went to one.",
            "extension_types": ["property-extension"],
        });
        self.made.extend([author.to_string(), definition.to_string()]);
    }

    fn incident(&mut self) -> String {
        let id = self.id("incident", "");
        let told = self.told;
        let description = format!(
            "Stolen virtual assets, followed by {} from {} on. Whose an address is can be wrong; what was paid is on the chain.",
            told.method, told.began
        );
        self.object(&id, told.began, told.modified, json!({"name": told.title, "description": description}));
        self.refs.push(id.clone());
        id
    }

    fn wallet(&mut self, address: &str) -> String {
        let id =
            format!("cryptocurrency-wallet--{}", Uuid::new_v5(&OBSERVABLE_NAMESPACE, address.as_bytes()));
        let wallet = json!({
            "type": "cryptocurrency-wallet", "spec_version": "2.1", "id": id, "value": address,
            "extensions": {WALLET_EXTENSION: {"extension_type": "new-sco"}},
        });
        if let Value::Object(wallet) = wallet {
            self.push(&id, wallet);
        }
        self.refs.push(id.clone());
        id
    }

    fn reached(&mut self, one: &Reached, incident: &str) {
        self.wallet(&one.address);
        let first = seconds(one.first);
        let indicator = self.id("indicator", &one.address);
        if self.ids.contains(&indicator) {
            return;
        }
        let quoted = one.address.replace('\\', "\\\\").replace('\'', "\\'");
        let name = format!("{}: {}", self.told.title, one.address);
        let payments = if one.hop == 1 { "1 payment".to_owned() } else { format!("{} payments", one.hop) };
        let day = first.to_string();
        let description = format!(
            "{} of the theft came here on {} UTC, {payments} from it (transaction {}, {}). Followed by {}.",
            one.asset,
            day.get(..19).unwrap_or(&day).replace('T', " "),
            one.transaction,
            one.chain,
            self.told.method
        );
        self.object(
            &indicator,
            first,
            first,
            json!({
                "name": name, "description": description, "indicator_types": ["malicious-activity"],
                "pattern": format!("[cryptocurrency-wallet:value = '{quoted}']"), "pattern_type": "stix",
                "valid_from": first.to_string(), "confidence": confidence(self.told.method), "labels": ["stolen-virtual-assets"],
            }),
        );
        let relationship = self.id("relationship", &one.address);
        self.object(
            &relationship,
            first,
            first,
            json!({"relationship_type": "related-to", "source_ref": indicator, "target_ref": incident}),
        );
        self.refs.push(indicator);
    }

    fn transaction(&mut self, paid: &[Paid]) {
        let Some(first) = paid.first() else { return };
        let id = format!(
            "cryptocurrency-transaction--{}",
            Uuid::new_v5(&OBSERVABLE_NAMESPACE, first.transaction.as_bytes())
        );
        let ends = |objects: &mut Self, of: fn(&Paid) -> &str| -> Vec<Value> {
            // Who spent what is not in the blocks has no address.
            paid.iter()
                .filter(|one| !of(one).is_empty())
                .map(|one| {
                    let wallet = objects.wallet(of(one));
                    // A number of JSON: what is exact stands in our extension.
                    let amount = one
                        .decimals
                        .and_then(|decimals| whole(one.amount, decimals).replace(',', "").parse().ok());
                    json!({"address_ref": wallet, "amount": amount.unwrap_or(0.0_f64)})
                })
                .collect()
        };
        let (input, output) = (ends(self, |one| &one.from), ends(self, |one| &one.to));
        let payments: Vec<Value> = paid
            .iter()
            .map(|one| {
                let mut payment = json!({
                    "from": one.from, "to": one.to, "asset": one.asset, "amount": one.amount.to_string(),
                    "tainted": one.tainted.to_string(),
                });
                if let Some(decimals) = one.decimals {
                    payment["decimals"] = json!(decimals);
                }
                if let Some(service) = &one.service {
                    payment["service"] = json!(service);
                }
                payment
            })
            .collect();
        let transaction = json!({
            "type": "cryptocurrency-transaction", "spec_version": "2.1", "id": id, "symbol": first.asset,
            "value": first.transaction, "execution_time": seconds(first.time).to_string(), "input": input, "output": output,
            "extensions": {
                TRANSACTION_EXTENSION: {"extension_type": "new-sco"},
                STOLEN_EXTENSION: {"extension_type": "property-extension", "payments": payments},
            },
        });
        if let Value::Object(mut transaction) = transaction {
            transaction.retain(|_, value| value.as_array().is_none_or(|list| !list.is_empty()));
            self.push(&id, transaction);
        }
        self.refs.push(id);
    }

    fn grouping(&mut self) {
        let id = self.id("grouping", "");
        let told = self.told;
        let mut refs = std::mem::take(&mut self.refs);
        let mut seen = HashSet::new();
        refs.retain(|id| seen.insert(id.clone()));
        self.object(
            &id,
            told.began,
            told.modified,
            json!({"name": told.title, "context": "suspicious-activity", "object_refs": refs}),
        );
    }
}

/// How sure it is that stolen value came to an address, on the scale of STIX 2.1 (appendix A): by poison, anything that can have.
fn confidence(method: &str) -> u8 {
    if method == "poison" { 30 } else { 75 }
}

fn seconds(time: i64) -> Timestamp {
    Timestamp::from_micros(time.saturating_mul(1_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paid(transaction: &str, to: &str, amount: u64) -> Paid {
        Paid {
            transaction: transaction.to_owned(),
            asset: "ETH".to_owned(),
            decimals: Some(18),
            time: 1_740_148_187,
            from: "0x4766".to_owned(),
            to: to.to_owned(),
            service: None,
            amount: U256::from(amount),
            tainted: U256::from(amount),
        }
    }

    fn made(modified: i64) -> Vec<String> {
        let told = Told {
            key: "tower.example/theft",
            title: "The theft",
            method: "fifo",
            began: seconds(1_740_148_187),
            modified: seconds(modified),
            tlp: Some(Tlp::Green),
        };
        let reached = Reached {
            address: "0xa4b2'\\".to_owned(),
            chain: "ethereum".to_owned(),
            asset: "ETH".to_owned(),
            first: 1_740_148_200,
            transaction: "0xb61413".to_owned(),
            hop: 1,
        };
        let paid =
            [paid("0xb61413", "0xa4b2'\\", 5), paid("0xb61413", "0xdd90", 7), paid("0xcc", "0xdd90", 1)];
        stix(&told, &[reached.clone(), reached], &paid)
    }

    #[test]
    fn all_of_it_is_good_stix_and_each_object_comes_once_after_what_it_names() {
        let objects = made(1_740_150_000);
        let mut known = HashSet::new();
        for raw in &objects {
            let head = stix::read_head(raw).unwrap_or_else(|finding| panic!("{raw}: {finding}"));
            stix::validate(raw, &mut |finding| {
                assert!(finding.severity != ::stix::Severity::Error, "{raw}: {finding}")
            });
            for reference in
                serde_json::from_str::<Value>(raw).unwrap()["object_refs"].as_array().into_iter().flatten()
            {
                assert!(known.contains(reference.as_str().unwrap()), "{reference} in {raw}");
            }
            assert!(known.insert(head.id.to_string()), "{} twice", head.id);
        }
        let of = |object_type: &str| known.iter().filter(|id| id.starts_with(object_type)).count();
        assert_eq!(
            (of("cryptocurrency-wallet"), of("cryptocurrency-transaction"), of("indicator")),
            (3, 2, 1)
        );
    }

    /// Who spends what is not in the blocks, or is paid what nobody can spend, has no address.
    #[test]
    fn an_end_that_is_not_known_is_left_out() {
        let (from, to) = (String::new(), "1Q2TWHE3".to_owned());
        let told = Told {
            key: "theft",
            title: "The theft",
            method: "fifo",
            began: seconds(1),
            modified: seconds(1),
            tlp: None,
        };
        let objects = stix(&told, &[], &[Paid { from, to, ..paid("f4184f", "", 5) }]);
        let of = |kind: &str| -> Vec<Value> {
            let all = objects.iter().map(|raw| serde_json::from_str::<Value>(raw).unwrap());
            all.filter(|object| object["type"] == kind).collect()
        };
        let transaction = &of("cryptocurrency-transaction")[0];
        assert!(transaction.get("input").is_none());
        assert_eq!(transaction["output"].as_array().unwrap().len(), 1);
        assert_eq!(of("cryptocurrency-wallet").len(), 1);
    }

    #[test]
    fn a_later_trace_gives_new_versions_of_the_case_alone() {
        let (one, later) = (made(1_740_150_000), made(1_740_160_000));
        let changed: Vec<String> = one
            .iter()
            .zip(&later)
            .filter(|(one, later)| one != later)
            .map(|(one, _)| stix::read_head(one).unwrap().id.object_type().to_owned())
            .collect();
        assert_eq!(changed, ["incident", "grouping"]);
    }

    #[test]
    fn a_transaction_has_the_id_that_the_extension_gives_it() {
        let id = Uuid::new_v5(&OBSERVABLE_NAMESPACE, b"3FZbgi29cpjq2GjdwV8eyHuJJnkLtktZc5");
        assert_eq!(id.to_string(), "d3b3642a-9759-5078-9fae-3a868238889c");
    }
}
