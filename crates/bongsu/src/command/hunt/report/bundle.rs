//! Sightings as STIX, circle by circle.
//!
//! A sighting's id follows from its indicator, its circle, who saw it and when it was seen first; where no line has a date, the day of
//! the hunt stands for that. So the same logs, hunted again or grown, give the next version of the same sighting. It is made under
//! the watch file's secret. Where a circle hides its members from each other, nothing says whose a sighting is.
//!
//! Source: STIX 2.1, sections 4.5 (identity), 4.14 (observed data), 5.2 (sighting), 6 (observables).

use std::collections::BTreeMap;

use deliver::watch_file::{Back, Circle, Header, id_of_report};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use stix::{Timestamp, Tlp};
use uuid::Uuid;

use super::tally::{Sighted, Tally};

/// What is for one circle.
#[derive(Debug)]
pub(super) struct ForCircle {
    /// The circle's short name.
    pub(super) handle: String,
    /// Its collection's id, if the watch file names it.
    pub(super) id: Option<String>,
    /// The objects, what they refer to before them.
    pub(super) objects: Vec<Value>,
    /// How many sightings are among them.
    pub(super) sightings: usize,
}

/// What was found, for each circle.
pub(super) fn by_circle(header: &Header, tally: &Tally) -> Vec<ForCircle> {
    let mut circles: BTreeMap<&str, Vec<(&str, &Sighted)>> = BTreeMap::new();
    for ((circle, indicator), sighted) in &tally.sighted {
        circles.entry(circle).or_default().push((indicator, sighted));
    }
    let back = &header.back;
    let in_circle = |(handle, all): (&str, Vec<(&str, &Sighted)>)| {
        let circle = back.circles.iter().find(|circle| circle.handle == handle);
        let making = Making { back, circle, handle, now: tally.now };
        let mut observables: BTreeMap<String, (Value, Tlp)> = BTreeMap::new();
        let mut objects = Vec::new();
        for (indicator, sighted) in &all {
            making.sighting(indicator, sighted, &mut observables, &mut objects);
        }
        let weakest = all.iter().map(|(_, sighted)| sighted.tlp).min();
        let identity = making.by().zip(weakest).map(|(_, tlp)| identity(header, tlp));
        let observables = observables.into_values().map(|(object, tlp)| marked(object, tlp));
        let objects = identity.into_iter().chain(observables).chain(objects).collect();
        ForCircle {
            handle: handle.to_owned(),
            id: circle.map(|circle| circle.id.clone()),
            objects,
            sightings: all.len(),
        }
    };
    circles.into_iter().map(in_circle).collect()
}

/// All of it as one bundle, each object once.
pub(super) fn bundle(circles: &[ForCircle]) -> Value {
    let (mut objects, mut at): (Vec<Value>, BTreeMap<&str, usize>) = Default::default();
    for object in circles.iter().flat_map(|circle| &circle.objects) {
        let id = object["id"].as_str().unwrap_or_default();
        match at.get(id).and_then(|at| objects.get_mut(*at)) {
            // The same observable in two circles: the stricter mark holds.
            Some(known) if tlp_of(known) < tlp_of(object) => *known = object.clone(),
            Some(_) => {}
            None => {
                at.insert(id, objects.len());
                objects.push(object.clone());
            }
        }
    }
    let mut hash = Sha256::new();
    objects.iter().for_each(|object| hash.update(object.to_string()));
    let id = uuid(&hash.finalize());
    let mut bundle = json!({"type": "bundle", "id": format!("bundle--{id}")});
    if !objects.is_empty() {
        bundle["objects"] = Value::Array(objects);
    }
    bundle
}

fn tlp_of(object: &Value) -> Option<Tlp> {
    let mark = object["object_marking_refs"][0].as_str()?;
    stix::ObjectId::parse(mark).ok().as_ref().and_then(Tlp::of)
}

fn marked(mut object: Value, tlp: Tlp) -> Value {
    object["object_marking_refs"] = json!([tlp.definition_id().to_string()]);
    object
}

/// The member. Its versions are those of the watch file; a node that knows it already keeps what it has.
fn identity(header: &Header, tlp: Tlp) -> Value {
    let made = Timestamp::parse(&header.made.made).unwrap_or(Timestamp::from_micros(0));
    let object = json!({
        "type": "identity", "spec_version": "2.1", "id": header.back.identity, "created": millis(made),
        "modified": millis(made), "name": header.back.name, "identity_class": "organization",
    });
    marked(object, tlp)
}

struct Making<'a> {
    back: &'a Back,
    circle: Option<&'a Circle>,
    handle: &'a str,
    now: Timestamp,
}

impl Making<'_> {
    /// Who saw it, if that may be said.
    fn by(&self) -> Option<&str> {
        let hides = self.circle.is_some_and(|circle| circle.hides_members);
        (!hides).then_some(self.back.identity.as_str())
    }

    fn sighting(
        &self,
        indicator: &str,
        sighted: &Sighted,
        observables: &mut BTreeMap<String, (Value, Tlp)>,
        objects: &mut Vec<Value>,
    ) {
        let times = sighted.times();
        // Nothing is modified before it was created.
        let created =
            times.map_or_else(|| format!("{}T00:00:00.000Z", self.now.date()), |(first, _)| millis(first));
        let modified = millis(self.now).max(created.clone());
        let id = |object_type: &str| format!("{object_type}--{}", self.id(object_type, indicator, &created));
        let mut refs = Vec::new();
        for value in &sighted.found {
            let Some(object) = watch::observable(value) else { continue };
            let id = object["id"].as_str().unwrap_or_default().to_owned();
            refs.push(id.clone());
            let known = observables.entry(id).or_insert_with(|| (Value::Object(object), sighted.tlp));
            known.1 = known.1.max(sighted.tlp);
        }
        let mut sighting = json!({
            "type": "sighting", "spec_version": "2.1", "id": id("sighting"), "created": created, "modified": modified,
            "count": sighted.count, "sighting_of_ref": indicator,
        });
        let by = |object: &mut Value| {
            if let Some(by) = self.by() {
                object["created_by_ref"] = json!(by);
            }
        };
        by(&mut sighting);
        if let Some(by) = self.by() {
            sighting["where_sighted_refs"] = json!([by]);
        }
        if let Some((first, last)) = times {
            (sighting["first_seen"], sighting["last_seen"]) =
                (json!(first.to_string()), json!(last.to_string()));
        }
        match times.filter(|_| !refs.is_empty()) {
            Some((first, last)) => {
                let mut observed = json!({
                    "type": "observed-data", "spec_version": "2.1", "id": id("observed-data"), "created": created,
                    "modified": modified, "first_observed": first.to_string(), "last_observed": last.to_string(),
                    "number_observed": sighted.count, "object_refs": refs,
                });
                by(&mut observed);
                sighting["observed_data_refs"] = json!([observed["id"]]);
                objects.push(marked(observed, sighted.tlp));
            }
            // Observed data must say when (4.14), so what was seen without a date is named here.
            None if !sighted.found.is_empty() => {
                let found: Vec<&str> = sighted.found.iter().map(watch::Value::text).collect();
                sighting["description"] =
                    json!(format!("Found without a date that can be believed: {}", found.join(", ")));
            }
            None => {}
        }
        objects.push(marked(sighting, sighted.tlp));
    }

    fn id(&self, object_type: &str, indicator: &str, first: &str) -> Uuid {
        let circle = self.circle.map_or(self.handle, |circle| circle.id.as_str());
        id_of_report(self.back, object_type, circle, indicator, first)
    }
}

/// Version 4, as STIX 2.1 (2.9) wants of ids that follow from no content.
fn uuid(hash: &[u8]) -> Uuid {
    let bytes = hash.first_chunk::<16>().copied().unwrap_or_default();
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

/// An instant in milliseconds, as versions have it. Source: STIX 2.1, section 3.2.
fn millis(at: Timestamp) -> String {
    let text = Timestamp::from_micros(at.micros()).to_string();
    let (seconds, fraction) = text.trim_end_matches('Z').split_once('.').unwrap_or((&text, ""));
    format!("{seconds}.{fraction:0<3.3}Z")
}
