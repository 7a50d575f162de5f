//! Everything that a member received, looked for in the tree.
//!
//! Objects are read over TAXII, the way by which they come to the member's systems, from where the last audit ended. The node
//! opens their leaves; what is computed from the object's own bytes must be the leaf that stands in the tree. A redacted copy must
//! be signed by the node, and the commitment in it must be the one in the leaf.

use std::collections::HashMap;

use gate::{REDACTION, commitment_of};
use reqwest::Url;
use sha2::{Digest as _, Sha256};

use super::state::State;
use super::tiles::{Tiles, TilesError};
use super::{Asked, AuditError, LineReport, Watch, under};
use crate::pull::taxii::{Client, Use, Walk};
use crate::pull::{Http, PullError, shown};
use crate::transparency::{OBJECTS_MAX, Opened, Question, ROOT, Told, Wanted};

/// What became of an object.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    Whole,
    Redacted,
    /// It came after the checkpoint.
    Later,
    /// The node has erased it since it was read, and its leaf is there.
    Erased,
    /// The node does not open it.
    Unopened,
    /// It does not hold.
    Wrong(String),
}

/// Looks for all objects that came since the last audit.
pub(super) async fn check(
    http: &Http,
    asked: &Asked,
    told: &Told,
    (tiles, size): (&mut Tiles, u64),
    state: &State,
    report: &mut LineReport,
    watch: &mut Watch<'_>,
) -> Result<(), AuditError> {
    let client = Client::new(http.clone());
    let collection = under(&asked.url, &["api", "collections", &told.circle, ""]);
    let place = client.find(&collection, None, Use::Read).await?;
    let mut walk = Walk::new(place, &state.cursor()?, OBJECTS_MAX);
    // As long as all that came before is in the tree, the next audit need not look at it again.
    let mut goes_on = true;
    while let Some(page) = client.page(&mut walk).await? {
        for objects in page.objects.chunks(OBJECTS_MAX) {
            let mut openings = ask(http, asked, told, objects).await?;
            for raw in objects {
                let found = one(raw, &mut openings, asked, (tiles, size)).await?;
                goes_on &= matches!(found, Found::Whole | Found::Redacted | Found::Erased);
                note(found, raw, http, &collection, report).await?;
            }
        }
        if goes_on {
            state.keep_cursor(&page.cursor)?;
        }
        if !watch(&told.handle, report.objects) {
            return Err(AuditError::Stopped);
        }
    }
    Ok(())
}

async fn note(
    found: Found,
    raw: &str,
    http: &Http,
    collection: &Url,
    report: &mut LineReport,
) -> Result<(), AuditError> {
    let id = stix::head::property(raw, "id").unwrap_or_default();
    match found {
        Found::Whole => report.objects += 1,
        Found::Redacted => {
            report.objects += 1;
            report.redacted += 1;
        }
        Found::Erased => report.erased += 1,
        Found::Later => report.later += 1,
        Found::Wrong(why) => report.find(format!("{id}: {why}")),
        // What was withdrawn, or superseded, since it was read is not opened and not there either.
        Found::Unopened if !is_there(http, collection, &id, raw).await? => {}
        Found::Unopened => {
            report.find(format!("{id}: the node gives it and does not say where it stands in the log"))
        }
    }
    Ok(())
}

/// Whether the node still gives these bytes.
async fn is_there(http: &Http, collection: &Url, id: &str, raw: &str) -> Result<bool, AuditError> {
    let mut url = under(collection, &["objects", id, ""]);
    url.query_pairs_mut().append_pair("match[version]", "all");
    match http.get(&url, "application/taxii+json;version=2.1").await {
        Ok(answer) => Ok(String::from_utf8_lossy(&answer.body).contains(raw)),
        Err(PullError::Refused { status: 404, .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// What was opened, by id, and the numbers of what was erased.
#[derive(Default)]
struct Openings {
    opened: HashMap<String, Vec<gate::Opening>>,
    erased: HashMap<String, u64>,
}

/// The openings of these objects, by id.
async fn ask(http: &Http, asked: &Asked, told: &Told, objects: &[String]) -> Result<Openings, AuditError> {
    let url = under(&asked.url, &[ROOT.trim_start_matches('/'), &told.circle, "openings"]);
    let wanted = objects.iter().filter_map(|raw| {
        let head = stix::read_head(raw).ok()?;
        // An object without versions of its own has those of its arrivals.
        let version = stix::head::property(raw, "modified");
        Some(Wanted { id: head.id.to_string(), version })
    });
    let (mut waiting, mut openings) = (vec![wanted.collect::<Vec<_>>()], Openings::default());
    while let Some(wanted) = waiting.pop().filter(|wanted| !wanted.is_empty()) {
        let question = Question { objects: wanted };
        let body = serde_json::to_string(&question).unwrap_or_default();
        let answer = http.post(&url, "application/json", "application/json", &body).await?;
        let opened: Opened = serde_json::from_slice(&answer.body)
            .map_err(|error| PullError::Malformed { url: shown(&url), what: error.to_string() })?;
        let mut wanted = question.objects;
        if opened.more && wanted.len() > 1 {
            let rest = wanted.split_off(wanted.len() / 2);
            waiting.extend([rest, wanted]);
            continue;
        }
        for opening in &opened.openings {
            if let Some(read) = opening.read() {
                openings.opened.entry(opening.id.clone()).or_default().push(read);
            }
        }
        openings.erased.extend(opened.erased.into_iter().map(|erased| (erased.id, erased.number)));
    }
    Ok(openings)
}

async fn one(
    raw: &str,
    openings: &mut Openings,
    asked: &Asked,
    (tiles, size): (&mut Tiles, u64),
) -> Result<Found, AuditError> {
    let hash = Sha256::digest(raw).into();
    let id = stix::head::property(raw, "id").unwrap_or_default();
    if let Some(number) = openings.erased.get(&id) {
        return erased(*number, tiles, size).await;
    }
    let of_id = openings.opened.get(&id).map(Vec::as_slice).unwrap_or_default();
    let whole = of_id.iter().find(|opening| opening.is_of(&hash));
    let (opening, found) = match whole {
        Some(opening) => (opening, Found::Whole),
        None if raw.contains(REDACTION) => {
            let Some(commitment) = commitment_of(raw, &asked.key) else {
                return Ok(Found::Wrong(
                    "it says that it is a redacted copy, and the node has not signed it so".to_owned(),
                ));
            };
            match of_id.iter().find(|opening| opening.content == commitment) {
                Some(opening) => (opening, Found::Redacted),
                None => return Ok(Found::Unopened),
            }
        }
        None => return Ok(Found::Unopened),
    };
    if opening.seq.0 > size {
        return Ok(Found::Later);
    }
    let number = opening.seq.0;
    let leaf = match number.checked_sub(1) {
        Some(index) => tiles.leaf(index).await,
        None => Ok(None),
    };
    match leaf {
        Ok(Some(leaf)) if leaf == opening.leaf() => Ok(found),
        Ok(_) => {
            Ok(Found::Wrong(format!("record {number} of the log, which it is said to be, is another one")))
        }
        Err(TilesError::Pull(error)) => Err(error.into()),
        Err(error) => Ok(Found::Wrong(error.to_string())),
    }
}

/// What was erased can't be opened; that its record is still in the log can be seen.
async fn erased(number: u64, tiles: &mut Tiles, size: u64) -> Result<Found, AuditError> {
    if number > size {
        return Ok(Found::Later);
    }
    let leaf = match number.checked_sub(1) {
        Some(index) => tiles.leaf(index).await,
        None => Ok(None),
    };
    match leaf {
        Ok(Some(_)) => Ok(Found::Erased),
        Ok(None) => {
            Ok(Found::Wrong(format!("the node says that it erased it, and the log has no record {number}")))
        }
        Err(TilesError::Pull(error)) => Err(error.into()),
        Err(error) => Ok(Found::Wrong(error.to_string())),
    }
}
