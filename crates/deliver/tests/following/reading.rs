//! What a full reading gives: all objects read, all arrivals counted, all values judged, nothing kept.

use std::collections::HashMap;
use std::ops::ControlFlow;

use bongsu_deliver::Gathered;
use line::Seq;
use policy::{CircleId, Level, MemberId};
use serde_json::json;
use stix::{ObjectId, Timestamp, Tlp};
use watch::{Acts as _, Context, Guard, Kind, Lists, Stated, Value, actionable};

use super::world::{MEMBERS, World};

/// One value as it is handed out: the value, its indicator, the stated confidence, the mark, the circle.
pub(crate) type Row = (Value, ObjectId, Option<u8>, Tlp, String);

/// What is handed out, what a resolver may refuse, and what was kept out by which rule.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Told {
    pub(crate) entries: Vec<Row>,
    pub(crate) refusable: Vec<Value>,
    pub(crate) held: Vec<(Value, &'static str)>,
    pub(crate) tlp: Tlp,
}

pub(crate) fn told(gathered: &Gathered) -> Told {
    let row = |entry: &bongsu_deliver::Entry| {
        let found = entry.indicator();
        let circle = entry.circle().to_owned();
        (entry.value().clone(), found.object.clone(), found.confidence, entry.tlp(), circle)
    };
    let mut refusable: Vec<Value> = gathered.refusable().cloned().collect();
    refusable.sort_unstable();
    let entries: Vec<Row> = gathered.entries().map(row).collect();
    assert_eq!(entries.len(), gathered.len());
    for kind in Kind::ALL {
        assert_eq!(gathered.of_kind(kind).count(), gathered.count(kind), "{kind}");
    }
    let held: Vec<_> = gathered.held(0).map(|held| (held.value, held.hold.rule)).collect();
    assert_eq!(held.len(), gathered.held_len());
    assert!(gathered.held(1).map(|held| held.value).eq(held.iter().skip(1).map(|(value, _)| value.clone())));
    Told { entries, refusable, held, tlp: gathered.tlp() }
}

/// The indicators that came beyond the limit and are not confirmed, with when they were added: by all arrivals, counted anew.
pub(crate) fn limited(world: &World, circle: CircleId) -> Vec<(ObjectId, i64)> {
    let (arrivals, _) = world.gate.arrivals(circle, "indicator", Seq(0), u64::MAX).unwrap();
    let said = |seq: Seq| {
        let (mut values, mut pattern) = (Vec::new(), None);
        let line = line::LineId::new(circle.uuid());
        let mut on = |_, _, body: &[u8]| {
            let raw = std::str::from_utf8(body).unwrap();
            let head = stix::read_head(raw).unwrap();
            values = actionable(raw, &head).map(|found| found.values.to_vec()).unwrap_or_default();
            pattern = Stated::read(raw, &head).map(|stated| stated.pattern);
        };
        world.gate.store().bodies(line, &[seq], &mut on).unwrap();
        (values, pattern)
    };
    // What of the arrivals is held, and since when its sender's step goes.
    let mut held: HashMap<(ObjectId, i64), (MemberId, i64, i64)> = HashMap::new();
    let mut windows: HashMap<MemberId, (i64, u64, u64, Option<i64>)> = HashMap::new();
    let mut had = 0;
    for arrival in arrivals {
        let at = arrival.added.0;
        if arrival.first_added != arrival.added {
            if let Some(before) = held.get(&(arrival.id.clone(), arrival.first_added.0)).copied() {
                held.insert((arrival.id, at), before);
            }
            continue;
        }
        let most = if had < 2 { u64::MAX } else { (had * 60 / 100).max(2) };
        let window = windows.entry(arrival.sender).or_insert((at, most, 0, None));
        if at - window.0 >= 300_000_000 {
            *window = (at, most, 0, None);
        }
        had += u64::from(arrival.before.is_none());
        let (values, pattern) = said(arrival.seq);
        let before = arrival.before.map(|(seq, _)| said(seq)).unwrap_or_default();
        let new = values.iter().filter(|value| !before.0.contains(value)).count() as u64;
        window.2 += new.max(1);
        let says_no_more = new == 0 && (!values.is_empty() || pattern.is_none() || pattern == before.1);
        match arrival.before.filter(|_| says_no_more) {
            Some((_, before)) => {
                if let Some(before) = held.get(&(arrival.id.clone(), before.0)).copied() {
                    held.insert((arrival.id, at), before);
                }
            }
            None if window.2 <= window.1 => {}
            None => {
                let first = *window.3.get_or_insert(at);
                held.insert((arrival.id, at), (arrival.sender, first, at));
            }
        }
    }
    let book = world.gate.book();
    let said: Vec<serde_json::Value> =
        book.settings("guard.step.").map(|(_, text)| serde_json::from_str(text).unwrap()).collect();
    let is_confirmed = |(sender, _, at): &(MemberId, i64, i64)| {
        let of = said.iter().filter(|said| {
            said["circle"] == circle.uuid().to_string()
                && said["sender"] == sender.uuid().to_string()
                && said["first"].as_i64().unwrap() <= *at
                && *at <= said["through"].as_i64().unwrap()
        });
        let verdicts: Vec<&str> = of.map(|said| said["verdict"].as_str().unwrap()).collect();
        verdicts.contains(&"confirmed") && !verdicts.contains(&"refused")
    };
    held.into_iter().filter(|(_, held)| !is_confirmed(held)).map(|(row, _)| row).collect()
}

/// When each indicator was seen last, by all sightings read: no later than they were said.
pub(crate) fn sightings(reader: &gate::Reader) -> HashMap<String, Timestamp> {
    let mut seen: HashMap<String, Timestamp> = HashMap::new();
    let mut on = |object: policy::Released<gate::Object>| {
        let object = object.into_inner();
        let said: serde_json::Value = serde_json::from_str(&object.raw).unwrap();
        if said["count"] != json!(0) && said["revoked"] != json!(true) {
            let at = said["last_seen"].as_str().or(said["created"].as_str()).unwrap();
            let at = Timestamp::parse(at).unwrap().min(Timestamp::from_micros(object.added.0));
            let last = seen.entry(said["sighting_of_ref"].as_str().unwrap().to_owned()).or_insert(at);
            *last = at.max(*last);
        }
        ControlFlow::Continue(())
    };
    reader.each(&["sighting"], &mut on).unwrap();
    seen
}

/// All objects read, all values judged, nothing kept.
pub(crate) fn read(world: &World, number: usize, wanted: Level) -> Told {
    let (book, now, id) = (world.gate.book(), world.now(), MEMBERS[number]);
    let assets: Vec<String> =
        MEMBERS.iter().flat_map(|id| book.member(*id).unwrap().own_assets.clone()).collect();
    let (guard, _) = Guard::new(Lists::none(), &assets);
    let context = Context::new(now, book.member(id).unwrap().confidence_min);
    let (mut entries, mut held, mut refusable) = (Vec::new(), Vec::new(), Vec::new());
    for reader in world.gate.readers(id, wanted, true, now) {
        let circle = book.circle(reader.request().circle).unwrap();
        let seen = sightings(&reader);
        let limited = limited(world, circle.id);
        let mut on = |object: policy::Released<gate::Object>| {
            let tlp = object.tlp();
            let added = object.get().added.0;
            let raw = object.into_inner().raw;
            let Some(found) = actionable(&raw, &stix::read_head(&raw).unwrap()) else {
                return ControlFlow::Continue(());
            };
            let rank = (std::cmp::Reverse(found.confidence), circle.id, found.object.uuid());
            let context = Context { seen_last: seen.get(&found.object.to_string()).copied(), ..context };
            let stopped = limited.iter().any(|row| row == &(found.object.clone(), added));
            for each in found.each() {
                let value = each.value();
                match guard.admit(each, &context).map_err(|hold| hold.rule) {
                    Ok(_) if stopped => held.push((value.clone(), rank, "step-limit")),
                    Ok(_) => {
                        refusable.extend(
                            guard.host(value, &context.of(&found)).ok().map(|host| host.get().clone()),
                        );
                        if matches!(value.kind(), Kind::Domain | Kind::Ipv4 | Kind::Ipv6) {
                            refusable.push(value.clone());
                        }
                        let row = (
                            value.clone(),
                            found.object.clone(),
                            found.confidence,
                            tlp,
                            circle.handle.clone(),
                        );
                        entries.push((value.clone(), rank, row));
                    }
                    Err(rule) => held.push((value.clone(), rank, rule)),
                }
            }
            ControlFlow::Continue(())
        };
        reader.each(&["indicator"], &mut on).unwrap();
    }
    entries.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
    entries.dedup_by(|b, a| a.0 == b.0);
    held.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
    held.dedup_by(|b, a| a.0 == b.0);
    refusable.sort_unstable();
    refusable.dedup();
    let entries: Vec<Row> = entries.into_iter().map(|(_, _, row)| row).collect();
    let held = held.into_iter().map(|(value, _, rule)| (value, rule)).collect();
    let tlp = entries.iter().map(|row| row.3).max().unwrap_or(Tlp::Clear);
    Told { entries, refusable, held, tlp }
}
