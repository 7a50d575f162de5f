//! The law of searches: what is found is what a slow plain reading of the same search finds in the same events.
//!
//! The plain way works on the JSON that clients get, term by term and without anything prepared; the two share no code but
//! what shows an event.

use std::collections::HashMap;

use policy::{Circle, CircleId, Onward};
use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};
use stix::{Timestamp, Tlp};
use uuid::Uuid;

use super::{Filter, Subject};
use crate::misp::rest::dress;
use crate::misp::rest::view::{View, all_attributes};
use crate::misp::wire::Event;

const NOW: i64 = 1_700_000_000;

fn uuid(number: u128) -> Uuid {
    Uuid::from_u128(0x5f3e_7f7c_1c5c_4d8b_9a53_0000_0000_0000 + number)
}

fn view(events: Vec<Event>) -> View {
    let circle = Circle {
        title: String::new(),
        ceiling: Tlp::Green,
        onward: Onward::Allowed,
        ..Circle::new(CircleId::new(Uuid::from_u128(0xcc)), "c")
    };
    View::new(&circle, events, &HashMap::new(), 0)
}

/// Pick one of a few, so that searches meet what is there.
fn one(of: &'static [&'static str]) -> impl Strategy<Value = &'static str> + Clone {
    prop::sample::select(of)
}

const TYPES: &[&str] = &["domain", "ip-dst", "ip-dst|port", "md5"];
const VALUES: &[&str] = &["a.example", "b.example", "198.51.100.7|80", "198.51.100.7", "A.example", "x_y"];
const TAGS: &[&str] = &["x:one", "x:two", "X:Two", "tlp:amber", "y"];
const INFOS: &[&str] = &["first", "second wave", "third"];
const ORGS: &[&str] = &["CERT", "CIRCL"];

prop_compose! {
    fn attribute()(kind in one(TYPES), value in one(VALUES), to_ids: bool, comment in one(&["", "seen", "not seen"]),
        tags in prop::collection::vec(one(TAGS), 0..2), at in 0_i64..4, deleted in 0_u8..5) -> Json
    {
        let tags: Vec<Json> = tags.iter().map(|tag| json!({ "name": tag })).collect();
        json!({ "type": kind, "value": value, "to_ids": to_ids, "comment": comment, "Tag": tags, "deleted": deleted == 0,
            "category": if kind == "md5" { "Payload delivery" } else { "Network activity" },
            "timestamp": (NOW - at * 100_000).to_string() })
    }
}

prop_compose! {
    fn event()(info in one(INFOS), org in one(ORGS), published: bool, threat in 1_u8..5, day in 1_u8..5,
        distribution in one(&["", "1", "2", "3"]),
        parts in prop::collection::vec(attribute(), 0..4), tags in prop::collection::vec(one(TAGS), 0..3)) -> Json
    {
        let tags: Vec<Json> = tags.iter().map(|tag| json!({ "name": tag })).collect();
        json!({ "info": info, "Orgc": { "name": org }, "published": published, "Attribute": parts, "Tag": tags,
            "threat_level_id": threat.to_string(), "date": format!("2023-11-0{day}"), "distribution": distribution,
            "timestamp": (NOW - 500_000).to_string(), "publish_timestamp": (NOW - 200_000).to_string() })
    }
}

/// Events with UUIDs of their own.
fn events() -> impl Strategy<Value = Vec<Event>> {
    prop::collection::vec(event(), 1..4).prop_map(|mut events| {
        let mut next = 0;
        for event in &mut events {
            next += 1;
            event["uuid"] = uuid(next).to_string().into();
            for attribute in event["Attribute"].as_array_mut().unwrap() {
                next += 1;
                attribute["uuid"] = uuid(next).to_string().into();
            }
        }
        events.into_iter().map(|event| serde_json::from_value(event).unwrap()).collect()
    })
}

fn terms(of: &'static [&'static str]) -> impl Strategy<Value = Json> {
    let term = (one(of), 0_u8..6).prop_map(|(term, how)| match how {
        0 => format!("%{}%", &term[..term.len() / 2]),
        1 => format!("{}%", &term[..1]),
        2 => format!("!{term}"),
        _ => term.to_owned(),
    });
    let plain = prop::collection::vec(one(of), 0..2);
    prop_oneof![
        term.clone().prop_map(Json::from),
        prop::collection::vec(term, 0..3).prop_map(Json::from),
        (plain.clone(), plain.clone(), plain)
            .prop_map(|(or, and, not)| json!({ "OR": or, "AND": and, "NOT": not })),
    ]
}

fn search() -> impl Strategy<Value = Json> {
    let choices = prop_oneof![
        terms(TYPES).prop_map(|value| ("type", value)),
        terms(VALUES).prop_map(|value| ("value", value)),
        terms(TAGS).prop_map(|value| ("tags", value)),
        terms(TAGS).prop_map(|value| ("event_tags", value)),
        terms(INFOS).prop_map(|value| ("eventinfo", value)),
        terms(ORGS).prop_map(|value| ("org", value)),
        terms(&["seen", "not seen"]).prop_map(|value| ("comment", value)),
        terms(&["Network activity", "Payload delivery"]).prop_map(|value| ("category", value)),
        terms(&["1", "2", "3"]).prop_map(|value| ("distribution", value)),
        any::<bool>().prop_map(|value| ("published", value.into())),
        any::<bool>().prop_map(|value| ("to_ids", u8::from(value).into())),
        (1_u8..5).prop_map(|value| ("threat_level_id", value.into())),
        (1_u8..5).prop_map(|day| ("from", format!("2023-11-0{day}").into())),
        (1_u8..5).prop_map(|day| ("to", format!("2023-11-0{day}").into())),
        (0_i64..6).prop_map(|days| ("timestamp", format!("{days}d").into())),
        (0_i64..6, 0_i64..6)
            .prop_map(|(a, b)| ("attribute_timestamp", json!([format!("{a}d"), format!("{b}d")]))),
        (1_u128..9).prop_map(|number| ("uuid", uuid(number).to_string().into())),
        (1_u128..9).prop_map(|number| ("eventid", uuid(number).to_string().into())),
        Just(("deleted", json!([0, 1]))),
    ];
    prop::collection::vec(choices, 0..4).prop_map(|pairs| {
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>().into()
    })
}

/// The plain way from here on.
struct Plain<'a> {
    event: &'a Json,
    search: &'a Json,
}

fn texts(list: &Json, name: &str) -> Vec<String> {
    list.as_array().into_iter().flatten().map(|one| one[name].as_str().unwrap().to_owned()).collect()
}

fn fits(term: &str, text: &str, folds: bool) -> bool {
    let fold = |text: &str| if folds { text.to_lowercase() } else { text.to_owned() };
    let (term, text) = (fold(term), fold(text));
    if !term.starts_with('%') && !term.ends_with('%') {
        return term == text;
    }
    fn like(pattern: &[char], text: &[char]) -> bool {
        match pattern {
            [] => text.is_empty(),
            ['%', rest @ ..] => (0..=text.len()).any(|at| like(rest, &text[at..])),
            ['_', rest @ ..] => !text.is_empty() && like(rest, &text[1..]),
            [c, rest @ ..] => text.first() == Some(c) && like(rest, &text[1..]),
        }
    }
    like(&term.chars().collect::<Vec<_>>(), &text.chars().collect::<Vec<_>>())
}

/// Which terms are alternatives, which must all be there, which must not.
fn roles(value: &Json) -> [Vec<String>; 3] {
    let list = |value: &Json| -> Vec<String> {
        let one = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        match value {
            Json::Null => Vec::new(),
            Json::Array(list) => list.iter().map(one).collect(),
            value => vec![one(value)],
        }
    };
    if value.is_object() {
        return [list(&value["OR"]), list(&value["AND"]), list(&value["NOT"])];
    }
    let (not, any): (Vec<String>, Vec<String>) =
        list(value).into_iter().partition(|term| term.starts_with('!'));
    [any, Vec::new(), not.into_iter().map(|term| term[1..].to_owned()).collect()]
}

fn holds(value: &Json, found: &[String], folds: bool) -> bool {
    let [any, all, not] = roles(value);
    let has = |term: &String| found.iter().any(|text| fits(term, text, folds));
    (any.is_empty() || any.iter().any(has)) && all.iter().all(has) && !not.iter().any(has)
}

fn is_empty(value: &Json) -> bool {
    roles(value).iter().all(Vec::is_empty)
}

fn ago(text: &str) -> i64 {
    NOW - text.trim_end_matches('d').parse::<i64>().unwrap() * 86_400
}

impl Plain<'_> {
    fn of_event(&self, name: &str, value: &Json) -> Option<bool> {
        let text = |name: &str| vec![self.event[name].as_str().unwrap_or_default().to_owned()];
        Some(match name {
            "eventinfo" => holds(value, &text("info"), false),
            "org" => holds(value, &texts(&json!([self.event["Orgc"]]), "name"), true),
            "published" => self.event["published"] == *value,
            "distribution" => holds(value, &text("distribution"), false),
            "threat_level_id" => self.event["threat_level_id"].as_str() == Some(&value.to_string()),
            "from" => value.as_str() <= self.event["date"].as_str(),
            "to" => self.event["date"].as_str() <= value.as_str(),
            "eventid" => self.event["uuid"] == *value,
            "event_tags" => holds(value, &texts(&self.event["Tag"], "name"), true),
            "deleted" => true,
            _ => return None,
        })
    }

    fn of_attribute(&self, name: &str, value: &Json, attribute: &Json) -> bool {
        let text = |name: &str| vec![attribute[name].as_str().unwrap_or_default().to_owned()];
        let at: i64 = text("timestamp")[0].parse().unwrap();
        match name {
            "type" => holds(value, &text("type"), false),
            "category" => holds(value, &text("category"), false),
            "comment" => holds(value, &text("comment"), false),
            "value" => {
                let mut found = text("value");
                if attribute["type"].as_str().unwrap().contains('|')
                    && let Some((a, b)) = found[0].clone().split_once('|')
                {
                    found.extend([a.to_owned(), b.to_owned()]);
                }
                holds(value, &found, false)
            }
            "to_ids" => attribute["to_ids"].as_bool().map(u8::from).unwrap() == value.as_u64().unwrap() as u8,
            "timestamp" => ago(value.as_str().unwrap()) <= at,
            "attribute_timestamp" => {
                let ends = [0, 1].map(|end| ago(value[end].as_str().unwrap()));
                ends.iter().min().unwrap() <= &at && &at <= ends.iter().max().unwrap()
            }
            "uuid" => attribute["uuid"] == *value || self.event["uuid"] == *value,
            "tags" => {
                let found = [texts(&self.event["Tag"], "name"), texts(&attribute["Tag"], "name")].concat();
                holds(value, &found, true)
            }
            other => panic!("{other}"),
        }
    }

    /// What was taken back is there only for those who ask for it.
    fn counts(&self, attribute: &Json) -> bool {
        attribute["deleted"] == false || self.search.get("deleted").is_some()
    }

    fn has_attribute(&self, attribute: &Json) -> bool {
        if !self.counts(attribute) {
            return false;
        }
        self.search.as_object().unwrap().iter().all(|(name, value)| {
            self.of_event(name, value).unwrap_or_else(|| self.of_attribute(name, value, attribute))
        })
    }

    fn has_event(&self) -> bool {
        let all = self.event["Attribute"].as_array().unwrap();
        let parts: Vec<&Json> = all.iter().filter(|part| self.counts(part)).collect();
        self.search.as_object().unwrap().iter().all(|(name, value)| {
            if let Some(told) = self.of_event(name, value) {
                return told;
            }
            match name.as_str() {
                "timestamp" => {
                    ago(value.as_str().unwrap()) <= self.event["timestamp"].as_str().unwrap().parse().unwrap()
                }
                "tags" => {
                    let own = texts(&self.event["Tag"], "name");
                    let parts = parts.iter().flat_map(|part| texts(&part["Tag"], "name"));
                    let all: Vec<String> = own.iter().cloned().chain(parts).collect();
                    let [any, and, not] = roles(value);
                    holds(&json!({ "NOT": not }), &own, true)
                        && holds(&json!({ "OR": any, "AND": and }), &all, true)
                }
                "uuid" => self.event["uuid"] == *value || all.iter().any(|part| part["uuid"] == *value),
                name if !matches!(name, "to_ids" | "attribute_timestamp") && is_empty(value) => true,
                name => parts.iter().any(|part| self.of_attribute(name, value, part)),
            }
        })
    }
}

proptest! {
    #[test]
    fn a_search_finds_what_the_plain_way_finds(events in events(), search in search()) {
        let view = view(events);
        let parameters = search.as_object().unwrap().iter().map(|(name, value)| (name.as_str(), value));
        let now = Timestamp::from_micros(NOW * 1_000_000);
        let filter = Filter::read(parameters, now).unwrap_or_else(|error| panic!("{search}: {error}"));
        for at in 0..view.events.len() {
            let subject = Subject::new(&view, at).unwrap();
            let shown = serde_json::to_value(dress::event(&view, at).unwrap()).unwrap();
            let plain = Plain { event: &shown, search: &search };
            prop_assert_eq!(filter.has_event(&subject), plain.has_event(), "{} {}", search, shown);
            for ((attribute, object), part) in all_attributes(subject.event).zip(shown["Attribute"].as_array().unwrap()) {
                let found = filter.within(&subject).has(attribute, object);
                prop_assert_eq!(found, plain.has_attribute(part), "{} {}", search, part);
            }
        }
    }
}
