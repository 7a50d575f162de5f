//! The test entry: a harmless indicator that the node shares in each circle, so that tests go the way of real intelligence.

use std::collections::BTreeMap;

use gate::{Gate, Query, Sharing, Submission, SubmitError};
use line::{LineId, Seq};
use policy::{CircleId, Entry, Intake, Level, MemberId, Setting, Terms, Upto};
use serde_json::json;
use stix::{ObjectId, Timestamp, Tlp};
use watch::{Context, Guard, Hold, Kind, normalise};

use crate::gather::{Deliver, DeliverError, assets};

const DAY_MICROS: i64 = 86_400_000_000;
/// Days after which the entry is shared in a new version, so that its confidence does not fade.
const RENEW_DAYS: i64 = 90;
/// The setting that names the domain of the entries that are shared.
const SETTING: &str = "test.domain";
/// The label by which people and programs know the entry.
pub const LABEL: &str = "bongsu-test";

/// The name that stands in the entry.
#[must_use]
pub fn name(domain: &str) -> String {
    format!("refuse.{domain}")
}

/// The entry's id in a circle: always the same for one node and domain.
fn id(gate: &Gate, circle: CircleId, domain: &str) -> Option<ObjectId> {
    let derived = gate.key().derive("test entry", &[circle.uuid().as_bytes(), domain.as_bytes()]);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&derived[..16]);
    // Version 4, as strict readers of STIX want it.
    ObjectId::new("indicator", uuid::Builder::from_random_bytes(bytes).into_uuid()).ok()
}

/// Sees that each circle that is in force has the entry of `domain` and no other's: shares it where it is not there or grows
/// old, and withdraws that of an earlier domain. Gives how many were shared.
///
/// # Errors
/// [`SubmitError`]: what was not done is done the next time.
pub fn keep(gate: &Gate, domain: Option<&str>, now: Timestamp) -> Result<usize, SubmitError> {
    let book = gate.book();
    let earlier = book.setting(SETTING).map(str::to_owned);
    let gone = earlier.as_deref().filter(|earlier| Some(*earlier) != domain);
    let mut shared = 0;
    for circle in book.circles().filter(|circle| circle.in_force(now)) {
        if let Some(id) = gone.and_then(|earlier| id(gate, circle.id, earlier)) {
            gate.withdraw(MemberId::NODE, circle.id, &[id], "the tests have another domain")?;
        }
        if let Some(domain) = domain {
            shared += usize::from(share(gate, circle.id, domain, now)?);
        }
    }
    if earlier.as_deref() != domain {
        let setting = Setting { name: SETTING.to_owned(), value: domain.map(str::to_owned) };
        gate.record(MemberId::NODE, Entry::Setting(setting))
            .map_err(|error| SubmitError::Storage(line::StorageError::Backend(error.to_string())))?;
    }
    Ok(shared)
}

fn share(gate: &Gate, circle: CircleId, domain: &str, now: Timestamp) -> Result<bool, SubmitError> {
    let Some(id) = id(gate, circle, domain) else { return Ok(false) };
    let line = LineId::new(circle.uuid());
    let (created, newest) = gate
        .store()
        .look(line, |catalogue| {
            let object = catalogue.object(&id)?;
            let first = catalogue.all_versions(object).map(|version| version.version()).min();
            let newest =
                catalogue.latest(object).and_then(|seq| catalogue.entry(seq)).map(|entry| entry.version());
            Some((first, newest))
        })?
        .unwrap_or_default();
    if newest.is_some_and(|at| now.micros() - at.micros() < RENEW_DAYS * DAY_MICROS) {
        return Ok(false);
    }
    // To the millisecond, which every reader of STIX takes.
    let at = Timestamp::from_micros(now.micros() / 1_000 * 1_000);
    let name = name(domain);
    let raw = json!({
        "type": "indicator", "spec_version": "2.1", "id": id.to_string(),
        "created": created.unwrap_or(at).to_string(), "modified": at.to_string(), "valid_from": at.to_string(),
        "name": format!("Test entry {name}: harmless, refused on purpose"),
        "description": "By this entry members test that their systems refuse and report what is shared here. Nobody is attacked from it.",
        "pattern": format!("[domain-name:value = '{name}']"), "pattern_type": "stix", "confidence": 100,
        "labels": [LABEL], "object_marking_refs": [Tlp::Clear.definition_id().to_string()],
    })
    .to_string();
    let Ok(head) = stix::read_head(&raw) else { return Ok(false) };
    let terms = Terms::default();
    let sharing =
        Sharing { member: MemberId::NODE, person: None, circle, terms: &terms, intake: Intake::Accept };
    let told = gate.share(&sharing, vec![Submission { raw, head }], now)?;
    Ok(told.iter().all(|told| told.complaint().is_none()))
}

impl Deliver {
    /// What holds the test entry back from what the member acts on, if something does: above all an own asset of a member of one of
    /// its circles, which the test's domain lies under or above. Then levels whose test needs the entry can't be proven.
    ///
    /// # Errors
    /// [`DeliverError`].
    pub fn test_hold(&self, member: MemberId) -> Result<Option<Hold>, DeliverError> {
        let Some(domain) = &self.test_domain else { return Ok(None) };
        let asked = self.readers(member, Level::Read, true)?;
        let circles = asked.readers.iter().filter_map(|reader| asked.book.circle(reader.request().circle));
        let (guard, _) = Guard::new(self.basis().lists(), &assets(&asked.book, circles));
        // The configuration takes no domain of which there is no normal form.
        let Ok(value) = normalise(Kind::Domain, &name(domain)) else { return Ok(None) };
        Ok(guard.check(&value, &Context::new(asked.now, 0)).err())
    }
}

/// Where the entry stands in a member's circles.
#[derive(Debug, Default)]
pub struct Numbers(BTreeMap<CircleId, Seq>);

impl Numbers {
    /// Whether who is up to these numbers has the entry, from any circle.
    #[must_use]
    pub fn is_within(&self, upto: &[Upto]) -> bool {
        upto.iter().any(|upto| self.0.get(&upto.circle).is_some_and(|seq| seq.0 <= upto.seq))
    }
}

/// Where the entry stands in the circles of a member.
///
/// # Errors
/// [`DeliverError`].
pub(super) fn numbers(deliver: &Deliver, member: MemberId) -> Result<Numbers, DeliverError> {
    let Some(domain) = &deliver.test_domain else { return Ok(Numbers::default()) };
    let mut numbers = BTreeMap::new();
    for reader in deliver.gate.readers(member, Level::Read, true, (deliver.now)()) {
        let circle = reader.request().circle;
        let Some(id) = id(&deliver.gate, circle, domain) else { continue };
        let page = reader.manifest(&Query { ids: vec![id], limit: 1, ..Query::default() })?;
        numbers.extend(page.items.first().map(|row| (circle, row.get().seq)));
    }
    Ok(Numbers(numbers))
}
