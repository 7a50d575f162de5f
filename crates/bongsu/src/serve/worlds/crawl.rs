//! Every way to ask a node, with what a member may guess: one entry or more for each route, which `routes` compares with the code.

use http::{Method, Request};
use policy::Level;
use serde_json::{Value, json};

use super::draw::Draw;
use super::misp::MISP;
use super::oracle::Canary;
use super::pages::PAGES;
use super::plan::World;
use axum::body::Body;

/// A route, and how it is asked. In a path, `{c}` is a circle's handle, `{o}` an object's id, `{u}` its UUID, `{v}` a word or a value,
/// `{m}` a member's handle, `{t}` the member's token, `{k}` a contact's handle, `{a}` an ask and `{w}` its originator's link, `{r}` a run,
/// `{l}` the link of a contact that was called; in a body, `{j}` is an object as it was shared.
pub(super) type Way = (&'static str, &'static str, &'static str, &'static str);

/// What devices, programs and other nodes ask.
const PROGRAMS: &[Way] = &[
    ("/ask", "GET", "/ask", ""),
    ("/ask", "POST", "/ask", r#"{"circle":"{c}","object":"{o}","why":"x","to":"{c}"}"#),
    ("/ask", "POST", "/ask", r#"{"circle":"{c}","object":"{o}","why":"x","tlp":"clear"}"#),
    ("/ask/{ask}", "GET", "/ask/{u}", ""),
    ("/ask/{ask}", "GET", "/ask/{a}", ""),
    ("/ask/{ask}", "POST", "/ask/{a}", r#"{"answer":"no"}"#),
    ("/ask/{ask}", "POST", "/ask/{u}", r#"{"answer":"yes"}"#),
    ("/answer/{ticket}", "GET", "/answer/{v}", ""),
    ("/answer/{ticket}", "POST", "/answer/{v}", "said=x"),
    ("/answer/ask/{ticket}", "GET", "/answer/ask/{v}", ""),
    ("/answer/ask/{ticket}", "POST", "/answer/ask/{v}", "answer=yes"),
    ("/answer/ask/{ticket}", "GET", "/answer/ask/{w}", ""),
    ("/answer/ask/{ticket}", "POST", "/answer/ask/{w}", "answer=no&said=x"),
    ("/call/{link}", "GET", "/call/{v}", ""),
    ("/call/{link}", "POST", "/call/{v}", "name=x"),
    ("/call/{link}", "GET", "/call/{l}", ""),
    ("/call/{link}", "POST", "/call/{l}", "name="),
    ("/d/events", "GET", "/d/events", ""),
    ("/d/test", "GET", "/d/test", ""),
    ("/d/test.sh", "GET", "/d/test.sh", ""),
    ("/d/test/alert", "POST", "/d/test/alert", "{}"),
    ("/d/test/resolver", "POST", "/d/test/resolver", "{}"),
    ("/federation/collections/{circle}/objects/", "GET", "/federation/collections/{c}/objects/", ""),
    (
        "/federation/collections/{circle}/objects/",
        "POST",
        "/federation/collections/{c}/objects/",
        r#"{"objects":[{"id":"{o}"}]}"#,
    ),
    (
        "/federation/agreements/{circle}/signatures/",
        "POST",
        "/federation/agreements/{c}/signatures/",
        r#"{"digest":"00","signatures":{}}"#,
    ),
    ("/log", "GET", "/log", ""),
    ("/log/{circle}/checkpoint", "GET", "/log/{c}/checkpoint", ""),
    ("/log/{circle}/tile/{*tile}", "GET", "/log/{c}/tile/entries/000.p/3", ""),
    ("/log/{circle}/openings", "POST", "/log/{c}/openings", r#"{"objects":[{"id":"{o}"}]}"#),
    ("/log/{circle}/openings", "POST", "/log/{c}/openings", r#"{"records":[1,2,3,4,5]}"#),
    ("/persona/check", "POST", "/persona/check", r#"{"name":"{v}"}"#),
    (
        "/persona/check",
        "POST",
        "/persona/check",
        r#"[{"id":"A","names":["{v}"],"emails":["{v}+x@{v}.top"],"accounts":["github/{v}"]}]"#,
    ),
    ("/private/key", "GET", "/private/key", ""),
    ("/private/filter", "GET", "/private/filter", ""),
    ("/private/evaluate", "POST", "/private/evaluate", "{}"),
    ("/witness/add-checkpoint", "POST", "/witness/add-checkpoint", "old 0\n\n{c}\n"),
    ("/screening/value", "GET", "/screening/value?value={v}", ""),
    ("/screening/value", "GET", "/screening/value?value={v}.top", ""),
    (
        "/screening/values",
        "POST",
        "/screening/values",
        r#"{"values":["{v}","{v}.top","http://{v}.top/{v}"]}"#,
    ),
    ("/screening/openapi.json", "GET", "/screening/openapi.json", ""),
    (
        "/match/{dataset}",
        "POST",
        "/match/default",
        r#"{"queries":{"q":{"schema":"Person","properties":{"name":["{v}"]}}}}"#,
    ),
    ("/api/v1/address/{address}", "GET", "/api/v1/address/{v}", ""),
    ("/api/risk/v2/entities", "POST", "/api/risk/v2/entities", r#"{"address":"{v}"}"#),
    ("/api/risk/v2/entities/{address}", "GET", "/api/risk/v2/entities/{v}", ""),
    ("/public/v1/sanctions/screening", "POST", "/public/v1/sanctions/screening", r#"[{"address":"{v}"}]"#),
];

/// Artefacts, by the names of `deliver::Ask`.
const ARTEFACTS: &[Way] = &[
    ("advisory.html", "GET", "/d/advisory.html", ""),
    ("advisory.html", "GET", "/d/advisory.html?lang=ko", ""),
    ("advisory.txt", "GET", "/d/advisory.txt", ""),
    ("advisory.pdf", "GET", "/d/advisory.pdf", ""),
    ("advisory.eml", "GET", "/d/advisory.eml", ""),
    ("fires.txt", "GET", "/d/fires.txt", ""),
    ("fires.json", "GET", "/d/fires.json", ""),
    ("zone.rpz", "GET", "/d/zone.rpz", ""),
    ("nftables.conf", "GET", "/d/nftables.conf", ""),
    ("nftables.sets", "GET", "/d/nftables.sets", ""),
    ("suricata.rules", "GET", "/d/suricata.rules", ""),
    ("suricata-files.rules", "GET", "/d/suricata-files.rules", ""),
    ("suricata-datasets.rules", "GET", "/d/suricata-datasets.rules", ""),
    ("datasets/domain.lst", "GET", "/d/datasets/domain.lst", ""),
    ("datasets/md5.lst", "GET", "/d/datasets/md5.lst", ""),
    ("datasets/sha256.lst", "GET", "/d/datasets/sha256.lst", ""),
    ("zeek.intel", "GET", "/d/zeek.intel", ""),
    ("sigma.yml", "GET", "/d/sigma.yml", ""),
    ("yara.yar", "GET", "/d/yara.yar", ""),
    ("shared.sigma.yml", "GET", "/d/shared.sigma.yml", ""),
    ("shared-suricata.rules", "GET", "/d/shared-suricata.rules", ""),
    ("shared-snort.rules", "GET", "/d/shared-snort.rules", ""),
    ("patterns.jsonl", "GET", "/d/patterns.jsonl", ""),
    ("watch.bongsu", "GET", "/d/watch.bongsu", ""),
    ("/d/{*name}", "GET", "/d/list/all.csv", ""),
    ("/d/{*name}", "GET", "/d/list/all.csv?left-out", ""),
    ("/d/{*name}", "GET", "/d/list/domain.hosts.txt", ""),
    ("/d/{*name}", "GET", "/d/list/url.txt", ""),
    ("/d/{*name}", "GET", "/d/list/wallet.csv", ""),
    ("/d/{*name}", "GET", "/d/list/sha256.txt?since=1", ""),
    ("/d/{*name}", "GET", "/d/list/ipv4.cidr.txt?entries=2", ""),
    ("/d/{*name}", "GET", "/d/{v}", ""),
];

/// TAXII 2.1.
const TAXII: &[Way] = &[
    ("/taxii2", "GET", "/taxii2/", ""),
    ("/api", "GET", "/api/", ""),
    ("/api/status/{status}", "GET", "/api/status/{u}/", ""),
    ("/api/collections", "GET", "/api/collections/", ""),
    ("/api/collections/{collection}", "GET", "/api/collections/{c}/", ""),
    (
        "/api/collections/{collection}/manifest",
        "GET",
        "/api/collections/{c}/manifest/?match[version]=all",
        "",
    ),
    ("/api/collections/{collection}/manifest", "GET", "/api/collections/{c}/manifest/", ""),
    ("/api/collections/{collection}/objects", "GET", "/api/collections/{c}/objects/", ""),
    ("/api/collections/{collection}/objects", "GET", "/api/collections/{c}/objects/?limit=1", ""),
    ("/api/collections/{collection}/objects", "GET", "/api/collections/{c}/objects/?match[version]=all", ""),
    ("/api/collections/{collection}/objects", "GET", "/api/collections/{c}/objects/?match[id]={o}", ""),
    (
        "/api/collections/{collection}/objects",
        "GET",
        "/api/collections/{c}/objects/?match[type]=relationship",
        "",
    ),
    ("/api/collections/{collection}/objects/{object}", "GET", "/api/collections/{c}/objects/{o}/", ""),
    (
        "/api/collections/{collection}/objects/{object}/versions",
        "GET",
        "/api/collections/{c}/objects/{o}/versions/",
        "",
    ),
];

/// Requests that change the world: they come last.
const CHANGES: &[Way] = &[
    (
        "/api/collections/{collection}/objects",
        "POST",
        "/api/collections/{c}/objects/",
        r#"{"objects":[{j}]}"#,
    ),
    ("/api/collections/{collection}/objects/{object}", "DELETE", "/api/collections/{c}/objects/{o}/", ""),
    ("/members/{member}/setup/{server}/key", "POST", "/members/{m}/setup/bind/key", "form=x"),
    ("/objects/{circle}/{object}/withdraw", "POST", "/objects/{c}/{o}/withdraw", "reason=x&form=x"),
    (
        "/personas/contests/withdraw",
        "POST",
        "/personas/contests/withdraw",
        "about={o}&circle={c}&reason=x&form=x",
    ),
    ("events/delete", "POST", "/events/delete/{u}", "{}"),
    ("attributes/delete", "POST", "/attributes/delete/{u}", "{}"),
    (
        "/api/collections/{collection}/objects",
        "POST",
        "/api/collections/{c}/objects/",
        r#"{"objects":[{j}]}"#,
    ),
    (
        "/api/collections/{collection}/objects",
        "POST",
        "/api/collections/{c}/objects/",
        r#"{"objects":[{j}]}"#,
    ),
    ("sightings/add", "POST", "/sightings/add", r#"{"value":"{v}.top"}"#),
    ("sightings/add", "POST", "/sightings/add/{u}", "{}"),
    ("tags/attachtagtoobject", "POST", "/tags/attachTagToObject", r#"{"uuid":"{u}","tag":"x"}"#),
    ("attributes/add", "POST", "/attributes/add/{u}", r#"{"type":"domain","value":"{v}.top"}"#),
    ("events/edit", "POST", "/events/edit/{u}", r#"{"Event":{"info":"x"}}"#),
    ("events/add", "POST", "/events/add", r#"{"Event":{"uuid":"{u}","info":"{v}","Attribute":[]}}"#),
    ("events/publish", "POST", "/events/publish/{u}", "{}"),
    ("events/alert", "POST", "/events/alert/{u}", "{}"),
    ("events/unpublish", "POST", "/events/unpublish/{u}", "{}"),
    ("attributes/edit", "POST", "/attributes/edit/{u}", r#"{"comment":"x"}"#),
    ("objects/add", "POST", "/objects/add/{u}", r#"{"name":"file","Attribute":[]}"#),
    ("objects/edit", "POST", "/objects/edit/{u}", r#"{"comment":"x"}"#),
    ("objects/delete", "POST", "/objects/delete/{u}", "{}"),
    (
        "objectreferences/add",
        "POST",
        "/object_references/add",
        r#"{"object_uuid":"{u}","referenced_uuid":"{u}","relationship_type":"x"}"#,
    ),
    (
        "sightings/bulksavesightings",
        "POST",
        "/sightings/bulkSaveSightings/{u}",
        r#"[{"attribute_uuid":"{u}","type":"0"}]"#,
    ),
    ("sightings/delete", "POST", "/sightings/delete/{u}", "{}"),
    ("tags/removetagfromobject", "POST", "/tags/removeTagFromObject", r#"{"uuid":"{u}","tag":"x"}"#),
    ("shadowattributes/add", "POST", "/shadow_attributes/add/{u}", r#"{"type":"domain","value":"{v}.top"}"#),
    (
        "shadowattributes/edit",
        "POST",
        "/shadow_attributes/edit/{u}",
        r#"{"type":"domain","value":"{v}.top"}"#,
    ),
    ("shadowattributes/delete", "POST", "/shadow_attributes/delete/{u}", "{}"),
    ("shadowattributes/accept", "POST", "/shadow_attributes/accept/{u}", "{}"),
    ("shadowattributes/discard", "POST", "/shadow_attributes/discard/{u}", "{}"),
    (
        "analystdata/pushanalystdata",
        "POST",
        "/analyst_data/pushAnalystData",
        r#"{"Note":{"uuid":"{u}","note":"x","object_uuid":"{u}","object_type":"Event"}}"#,
    ),
];

pub(super) const ALL: [&[Way]; 5] = [PAGES, PROGRAMS, ARTEFACTS, TAXII, MISP];
pub(super) const CHANGING: &[Way] = CHANGES;

/// A request, as often as it is made.
#[derive(Debug, Clone)]
pub(super) struct Question {
    pub(super) route: &'static str,
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) body: String,
    /// A header beside what all have.
    pub(super) header: Option<(&'static str, String)>,
    /// What the answer may show whoever asks: that of the link in its path.
    pub(super) shows: Vec<Canary>,
}

impl Question {
    /// A look at a path.
    pub(super) fn look(path: &str) -> Self {
        Self {
            route: "*",
            method: "GET",
            path: path.to_owned(),
            body: String::new(),
            header: None,
            shows: Vec::new(),
        }
    }

    /// A look at the proof of an object, as a file if it is one.
    pub(super) fn proof(circle: &str, object: &str, is_file: bool) -> Self {
        let (route, ends) = match is_file {
            true => ("/objects/{circle}/{object}/proof.json", ".json"),
            false => ("/objects/{circle}/{object}/proof", ""),
        };
        Self { route, ..Self::look(&format!("/objects/{circle}/{object}/proof{ends}")) }
    }

    /// A way with what a member guesses: the things at `guessed`, and circles and members at random, its own among them.
    pub(super) fn drawn(
        way: &Way,
        world: &World,
        (member, token): (Option<usize>, &str),
        guessed: &[usize],
        draw: &mut Draw,
    ) -> Self {
        let (route, method, path, body) = *way;
        let known = !guessed.is_empty() && draw.in_100(50);
        let at = if known { draw.of(guessed) } else { draw.below(world.things.len()) };
        let thing = &world.things[at];
        let made_up = draw.in_100(10);
        let object =
            if made_up { format!("{}--{}", thing.kind.object_type(), draw.uuid()) } else { thing.id.clone() };
        let own: Vec<&str> = world
            .circles
            .iter()
            .filter(|circle| member.is_some_and(|member| circle.stays(member)))
            .map(|circle| circle.handle.as_str())
            .collect();
        let circle = match draw.below(10) {
            0 => draw.word(),
            1 => world.circles[draw.below(world.circles.len())].handle.clone(),
            2..6 if !own.is_empty() => draw.of(&own).to_owned(),
            _ => world.circles[thing.circle].handle.clone(),
        };
        let word = match draw.below(10) {
            0 => draw.word(),
            1..3 => thing.said.clone(),
            3..5 => thing.name.clone(),
            _ => thing.value.clone(),
        };
        let party = member.filter(|_| draw.in_100(50)).unwrap_or_else(|| draw.below(4));
        let member = if made_up { draw.word() } else { world.members[party].handle.clone() };
        let desk = world.contacts.first().map_or_else(|| draw.word(), |desk| desk.handle.clone());
        let uuid = object.split_once("--").map_or("", |(_, uuid)| uuid).to_owned();
        let plea = world.pleas.iter().find(|plea| plea.made.is_some());
        let ask = plea.and_then(|plea| plea.made).unwrap_or_else(|| draw.uuid()).to_string();
        let ask_link = plea.map_or_else(|| draw.word(), |plea| plea.link.clone());
        let run = world.runs.first().map_or_else(|| draw.uuid(), |run| run.id).to_string();
        let call = world.calls.iter().find(|call| call.link.is_some());
        let link = call.and_then(|call| call.link.clone()).unwrap_or_else(|| draw.word());
        let shows = match (plea, call) {
            (Some(plea), _) if path.contains("{w}") => world.shown_by_ask_link(plea),
            (_, Some(call)) if path.contains("{l}") => world.shown_by_call_link(call),
            _ => Vec::new(),
        };
        let shared = match body.contains("{j}") {
            true if object == thing.id => world.raw(at),
            true => guess(&world.json(at), &object).to_string(),
            false => String::new(),
        };
        let fill = |text: &str| {
            text.replace("{c}", &circle)
                .replace("{o}", &object)
                .replace("{u}", &uuid)
                .replace("{v}", &word)
                .replace("{m}", &member)
                .replace("{k}", &desk)
                .replace("{t}", token)
                .replace("{a}", &ask)
                .replace("{w}", &ask_link)
                .replace("{r}", &run)
                .replace("{l}", &link)
                .replace("{j}", &shared)
        };
        let (path, body) = (fill(path), fill(body));
        let other = match draw.below(12) {
            0 if method == "GET" => "HEAD",
            1 if method == "GET" => "OPTIONS",
            _ => method,
        };
        Self { route, method: other, path, body, header: None, shows }
    }

    /// For which level's form it asks.
    pub(super) fn wanted(&self) -> Level {
        let path = self.path.split('?').next().unwrap_or_default();
        let path =
            path.strip_prefix("/t/").and_then(|rest| rest.find('/').map(|at| &rest[at..])).unwrap_or(path);
        match path {
            _ if path.starts_with("dns ") => Level::Block,
            _ if path.starts_with("/d/list/") => Level::List,
            "/d/zone.rpz" | "/d/nftables.conf" | "/d/nftables.sets" => Level::Block,
            _ if path.starts_with("/d/advisory") || path.starts_with("/d/fires") => Level::Read,
            "/d/events" | "/d/test" | "/d/test.sh" | "/d/manifest.json" => Level::Read,
            "/d/bundle.json" => Level::Exchange,
            _ if path.starts_with("/d/") => Level::Detect,
            _ if path.starts_with("/api/collections") => Level::Exchange,
            "/hunt" => Level::Detect,
            _ => Level::Read,
        }
    }

    /// As it is asked with the token that forms carry.
    pub(super) fn request_with(&self, form: &str) -> Request<Body> {
        match self.body.strip_suffix("form=x") {
            Some(body) => Self { body: format!("{body}form={form}"), ..self.clone() }.request(),
            None => self.request(),
        }
    }

    fn request(&self) -> Request<Body> {
        let method: Method = self.method.parse().unwrap();
        // What can't stand in an address is written as it must.
        let path = self.path.replace('[', "%5B").replace(']', "%5D").replace(' ', "%20");
        let is_json = self.body.starts_with(['{', '[']);
        let mut request = Request::builder().method(method).uri(path).header("host", "tower.test");
        if self.path.starts_with("/api/collections") && self.method == "POST" {
            request = request.header("content-type", "application/taxii+json;version=2.1");
        } else if !self.body.is_empty() {
            let form = "application/x-www-form-urlencoded";
            request = request.header("content-type", if is_json { "application/json" } else { form });
        }
        let accepts = match self.path.as_str() {
            path if path.starts_with("/api/") || path.starts_with("/taxii2") => {
                "application/taxii+json;version=2.1"
            }
            _ => "*/*",
        };
        request = request.header("accept", accepts);
        if let Some((name, value)) = &self.header {
            request = request.header(*name, value);
        }
        request.body(Body::from(self.body.clone())).unwrap()
    }
}

/// An object under the id that is guessed, otherwise as it was shared.
fn guess(object: &Value, id: &str) -> Value {
    let mut object = object.clone();
    object["id"] = json!(id);
    object
}
