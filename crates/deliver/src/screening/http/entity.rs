//! The form of Chainalysis' API for entities: what an address is, and to which categories it is exposed, in US dollars.
//!
//! Source: Chainalysis, "Address Screening API" (later "Entity Risking API"), `GET /api/risk/v2/entities/{address}` with a key in `Token`, and
//! `POST /api/risk/v2/entities`, by which an address was once made known beforehand; `exposureType` and `direction` as of May 2024.
//! What it says is ours, in their words:
//!
//! - `exposures` are in dollars alone, so that assets without a price are not in them; `riskReason` says how many those are. What is not
//!   known whose it is, has no category there either, and is left out.
//! - `risk` is `Severe` for what is known and holds, or is labelled as a wrongdoer's itself; `High` if something came from a wrongdoer or went to
//!   one directly, `Medium` if indirectly, priced or not; else `Low`. It knows no thresholds: those are the caller's own.
//! - `triggers` are rules of their customers', of which a node has none.
//!
//! What can't be read, or can't be looked at, is refused: `Low` would say that it is clean.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Number;

use super::chainalysis::{Identification, identifications};
use super::{Refused, Who, ask, member_of};
use crate::screening::exposure::{Cents, Exposure, Row, Side};
use crate::screening::{Answer, Extent, Outcome, Question, Screening};

#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entity {
    address: String,
    risk: &'static str,
    risk_reason: Option<String>,
    cluster: Option<Cluster>,
    address_identifications: Vec<Identification>,
    exposures: Vec<Exposed>,
    triggers: [(); 0],
    status: &'static str,
}

#[derive(Debug, PartialEq, Serialize)]
struct Cluster {
    name: String,
    category: &'static str,
}

#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Exposed {
    category: &'static str,
    value: Number,
    exposure_type: &'static str,
    direction: &'static str,
}

/// What is made known.
#[derive(Deserialize, Serialize)]
pub(super) struct Named {
    address: String,
}

pub(super) async fn register(
    State(screening): State<Arc<Screening>>,
    who: Who,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<Named>), Refused> {
    member_of(who.0.0)?;
    is_offered(&screening)?;
    let named: Named = serde_json::from_slice(&body?).map_err(Refused::unreadable)?;
    let read = Question::of_kind(named.address.as_str(), "wallet").values();
    read.map_err(|why| Refused::new(StatusCode::BAD_REQUEST, why))?;
    Ok((StatusCode::CREATED, Json(named)))
}

pub(super) async fn entity(
    State(screening): State<Arc<Screening>>,
    who: Who,
    Path(address): Path<String>,
) -> Result<Json<Entity>, Refused> {
    is_offered(&screening)?;
    let question = Question::of_kind(address, "wallet");
    let answers = ask(screening, who, ("entity", Extent::Exposed), vec![question]).await?;
    // One question has one answer.
    let answer = answers.results.into_iter().next();
    answer.as_ref().map_or_else(|| Err(Refused::unreadable("nothing is asked")), told).map(Json)
}

fn is_offered(screening: &Screening) -> Result<(), Refused> {
    if screening.exposing.as_ref().is_some_and(|exposing| exposing.has_prices()) {
        return Ok(());
    }
    let text = "This form tells exposure in US dollars, and this node has no transfers or no prices to tell it by (exposure.stores, exposure.usd); /screening/value tells it without.";
    Err(Refused::new(StatusCode::NOT_FOUND, text))
}

fn told(answer: &Answer) -> Result<Entity, Refused> {
    if answer.result == Outcome::Unreadable {
        return Err(Refused::new(StatusCode::BAD_REQUEST, answer.why.clone().unwrap_or_default()));
    }
    if let Some(why) = answer.exposure.iter().find_map(cut_off) {
        return Err(Refused::new(StatusCode::UNPROCESSABLE_ENTITY, why));
    }
    let in_force = answer.matches.iter().filter(|known| known.is_in_force());
    let identified: Vec<Identification> = in_force.flat_map(identifications).collect();
    let label = answer.exposure.iter().find_map(|exposure| exposure.label.as_ref());
    let is_own = !identified.is_empty() || label.is_some_and(|label| label.illicit);
    let (risk, why) = risk(&answer.exposure, is_own);
    let reasons = why
        .map(str::to_owned)
        .into_iter()
        .chain(unpriced(&answer.exposure))
        .chain(left_off(&answer.exposure));
    let reasons: Vec<String> = reasons.collect();
    Ok(Entity {
        address: answer.value.clone(),
        risk,
        risk_reason: (!reasons.is_empty()).then(|| reasons.join("; ")),
        cluster: label.map(|label| Cluster { name: label.name.clone(), category: category(label.category) }),
        address_identifications: identified,
        exposures: exposures(&answer.exposure),
        triggers: [],
        status: "COMPLETE",
    })
}

/// Why it was not looked at, if it was not: an empty list would say that it is exposed to nothing.
fn cut_off(exposure: &Exposure) -> Option<String> {
    let is_empty = |side: &Side| side.assets.is_empty();
    exposure.cut_off.clone().filter(|_| is_empty(&exposure.sources) && is_empty(&exposure.sinks))
}

fn sides(exposure: &Exposure) -> [(&'static str, &Side); 2] {
    [("incoming", &exposure.sources), ("outgoing", &exposure.sinks)]
}

fn rows(exposures: &[Exposure]) -> impl Iterator<Item = (&'static str, &Row)> {
    let sides = exposures.iter().flat_map(sides);
    sides.flat_map(|(way, side)| side.assets.iter().flat_map(|asset| &asset.rows).map(move |row| (way, row)))
}

fn risk(exposures: &[Exposure], is_own: bool) -> (&'static str, Option<&'static str>) {
    let met = |is: fn(&Row) -> bool| rows(exposures).any(|(_, row)| row.illicit && is(row));
    match () {
        () if is_own => ("Severe", Some("it is known to be a wrongdoer's")),
        () if met(|row| row.direct != "0") => ("High", Some("directly exposed to a wrongdoer")),
        () if met(|_| true) => ("Medium", Some("indirectly exposed to a wrongdoer")),
        () => ("Low", None),
    }
}

/// How many assets are not looked at here, since a wallet has too many; those in which a wrongdoer was met come first.
fn left_off(exposures: &[Exposure]) -> Option<String> {
    let count: usize = exposures.iter().flat_map(sides).map(|(_, side)| side.assets_left_off).sum();
    (count > 0).then(|| format!("{count} assets more are not told"))
}

/// How many assets are not in the exposures, since they have no price.
fn unpriced(exposures: &[Exposure]) -> Option<String> {
    let mut names: Vec<(&str, &str)> = Vec::new();
    for exposure in exposures {
        for asset in sides(exposure).into_iter().flat_map(|(_, side)| &side.assets) {
            if asset.rows.iter().any(|row| row.known && row.usd.is_none()) {
                names.push((&exposure.chain, &asset.asset));
            }
        }
    }
    names.sort_unstable();
    names.dedup();
    (!names.is_empty())
        .then(|| format!("assets without a price are left out of the exposures: {}", names.len()))
}

fn exposures(exposures: &[Exposure]) -> Vec<Exposed> {
    let mut sums: BTreeMap<(&'static str, &'static str, &'static str), Cents> = BTreeMap::new();
    // What a wallet holds still, or an unlabelled one, is of no category.
    for (way, row) in rows(exposures).filter(|(_, row)| row.known && row.kind != "held") {
        let Some(usd) = row.usd else { continue };
        for (how, Cents(cents)) in [("direct", usd.direct), ("indirect", usd.indirect)] {
            if cents > 0 {
                let sum = sums.entry((category(row.kind), how, way)).or_default();
                *sum = Cents(sum.0.saturating_add(cents));
            }
        }
    }
    let told = sums.into_iter().filter_map(|((category, exposure_type, direction), cents)| {
        let value = cents.to_string().parse::<f64>().ok().and_then(Number::from_f64)?;
        Some(Exposed { category, value, exposure_type, direction })
    });
    told.collect()
}

/// What they call our categories, as far as they have a word that says the same.
fn category(ours: &str) -> &'static str {
    match ours {
        "exchange" => "exchange",
        "mixer" => "mixing",
        "bridge" => "bridge",
        "pool" => "smart contract",
        "payment" => "merchant services",
        "gambling" => "gambling",
        "sanctioned" => "sanctions",
        "theft" => "stolen funds",
        "ransomware" => "ransomware",
        "scam" => "scam",
        "terrorism" => "terrorist financing",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screening::exposure::{InDollars, Label, OfAsset};

    fn row(kind: &'static str, direct: u128, indirect: u128) -> Row {
        Row {
            kind,
            known: !kind.starts_with("unknown"),
            illicit: kind == "sanctioned",
            direct: direct.to_string(),
            indirect: indirect.to_string(),
            ppm: 500_000,
            direct_ppm: 0,
            hops_least: 1,
            hops_mean: 1.0,
            addresses: 1,
            largest: Vec::new(),
            usd: Some(InDollars { direct: Cents(direct), indirect: Cents(indirect) }),
        }
    }

    fn exposed(sources: Vec<Row>, sinks: Vec<Row>) -> Answer {
        let side = |rows: Vec<Row>| {
            let of = |rows| OfAsset {
                asset: "ETH".into(),
                decimals: Some(2),
                amount: "0".into(),
                transfers: 1,
                rows,
            };
            let assets = if rows.is_empty() { Vec::new() } else { vec![of(rows)] };
            Side { assets, ..Side::default() }
        };
        let exposure = Exposure {
            chain: "ethereum".into(),
            address: "0x00".into(),
            rule: "haircut",
            upto: None,
            label: None,
            transfers: 1,
            cut_off: None,
            sources: side(sources),
            sinks: side(sinks),
        };
        Answer {
            value: "0x00".into(),
            result: Outcome::Clear,
            read_as: Vec::new(),
            why: None,
            matches: Vec::new(),
            exposure: vec![exposure],
        }
    }

    #[test]
    fn exposures_are_summed_by_category_way_and_distance() {
        let mut unpriced = row("mixer", 7, 0);
        unpriced.usd = None;
        let sources = vec![
            row("sanctioned", 0, 150),
            row("sanctioned", 0, 5),
            row("mixer", 2, 0),
            row("unknown: too far", 9, 9),
            unpriced,
        ];
        let told = told(&exposed(sources, vec![row("exchange", 1_000, 0), row("held", 3, 0)])).unwrap();
        let one = |category, value: f64, exposure_type, direction| serde_json::json!({"category": category, "value": value, "exposureType": exposure_type, "direction": direction});
        assert_eq!(
            serde_json::to_value(&told).unwrap(),
            serde_json::json!({
                "address": "0x00", "risk": "Medium",
                "riskReason": "indirectly exposed to a wrongdoer; assets without a price are left out of the exposures: 1",
                "cluster": null, "addressIdentifications": [],
                "exposures": [
                    one("exchange", 10.0, "direct", "outgoing"),
                    one("mixing", 0.02, "direct", "incoming"),
                    one("sanctions", 1.55, "indirect", "incoming"),
                ],
                "triggers": [], "status": "COMPLETE",
            })
        );
    }

    #[test]
    fn the_word_for_its_risk_is_the_gravest_that_holds() {
        let risk = |answer: &Answer| told(answer).unwrap().risk;
        assert_eq!(risk(&exposed(vec![row("exchange", 1, 0)], Vec::new())), "Low");
        assert_eq!(risk(&exposed(Vec::new(), vec![row("sanctioned", 0, 1)])), "Medium");
        assert_eq!(risk(&exposed(Vec::new(), vec![row("sanctioned", 1, 0)])), "High");
        let mut own = exposed(Vec::new(), Vec::new());
        own.exposure[0].label =
            Some(Label { name: "K3".into(), category: "theft", illicit: true, source: "list".into() });
        let told = told(&own).unwrap();
        assert_eq!((told.risk, told.cluster.unwrap().category), ("Severe", "stolen funds"));
    }

    #[test]
    fn what_was_not_looked_at_is_not_told_to_be_clean() {
        let mut unread = exposed(Vec::new(), Vec::new());
        unread.exposure[0].cut_off = Some("not looked at: it has 9 transfers".into());
        assert_eq!(told(&unread).unwrap_err().status, StatusCode::UNPROCESSABLE_ENTITY);
        let mut mistyped = exposed(Vec::new(), Vec::new());
        mistyped.result = Outcome::Unreadable;
        assert_eq!(told(&mistyped).unwrap_err().status, StatusCode::BAD_REQUEST);
    }
}
