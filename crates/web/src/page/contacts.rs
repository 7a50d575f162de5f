//! Points of contact: whom a member can reach where, as far as it may see them; as a page, as JSON and as vCards.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use deliver::calling::Asked;
use http::header;
use policy::Opened;
use region::Register;
use region::contact::{Looking, MEDIA_TYPE, Shown, Way, vcard};
use serde_json::json;
use stix::Timestamp;

use super::view::View;
use super::words::contacts as words;
use super::{Frame, Pages, Shared, Viewer, Who, absent, broken, making, render};
use crate::call::Taken;

/// Days that make a quarter: calls that began within them count.
pub(super) const QUARTER_DAYS: i64 = 91;
pub(super) const DAY_MICROS: i64 = 86_400_000_000;

/// Contacts and calls, as the node's line has them.
pub trait Region: Send + Sync {
    /// The register as it stands.
    ///
    /// # Errors
    /// What stands in the way of reading it.
    fn register(&self) -> Result<Arc<Register>, String>;

    /// Takes an answer to a call, if the link still takes one; it is durable when this returns.
    ///
    /// # Errors
    /// What stands in the way of keeping it.
    fn answer(&self, asked: Asked, name: String, text: Option<String>) -> Result<Taken, String>;
}

#[derive(Template)]
#[template(path = "contacts.html")]
struct ContactsPage {
    frame: Frame,
    operator: bool,
    days: i64,
    rows: Vec<Row>,
}

struct Row {
    handle: String,
    name: String,
    role: String,
    member: String,
    function: &'static str,
    languages: String,
    hours: String,
    open: Option<bool>,
    channels: Vec<Reached>,
    key: Option<String>,
    deputy: Option<String>,
    verified: Option<String>,
    reach: String,
}

/// A way to reach somebody, with a link if it makes one.
struct Reached {
    way: &'static str,
    value: String,
    href: Option<String>,
}

impl Pages {
    /// Whoever looks, at the last quarter.
    pub(super) fn looking<'b>(&self, book: &'b policy::Book, viewer: &Viewer) -> Looking<'b> {
        let now = (self.now)();
        let since = Timestamp::from_micros(now.micros().saturating_sub(QUARTER_DAYS * DAY_MICROS));
        Looking { book, caller: viewer.caller, since, now }
    }
}

/// Answers with what is made of the contacts that the caller may see.
async fn answer(
    pages: Arc<Pages>,
    who: Who,
    make: impl FnOnce(&Pages, &Viewer, Vec<Opened<Shown<'_>>>) -> Response + Send + 'static,
) -> Response {
    making(move || {
        let (viewer, book) = (Viewer::of(who), pages.gate.book());
        match pages.region.register() {
            Ok(register) => make(&pages, &viewer, register.contacts_for(&pages.looking(&book, &viewer))),
            Err(error) => broken(&error),
        }
    })
    .await
}

pub(super) async fn page(State(pages): Shared, who: Who) -> Response {
    answer(pages, who, |pages, viewer, contacts| {
        let (book, now) = (pages.gate.book(), (pages.now)());
        render(&ContactsPage {
            frame: pages.frame(&book, viewer, viewer.say("Contacts", "연락 창구")),
            operator: viewer.is_operator(),
            days: QUARTER_DAYS,
            rows: contacts.iter().map(|shown| row(&viewer.view, shown, now)).collect(),
        })
    })
    .await
}

fn row(view: &View, shown: &Opened<Shown<'_>>, now: Timestamp) -> Row {
    let shown = shown.get();
    let (listed, contact) = (shown.listed, &shown.listed.contact);
    let channels = contact.channels.iter().map(|channel| Reached {
        way: words::way(view, channel.way),
        value: channel.value.clone(),
        href: match channel.way {
            Way::Mail => Some(format!("mailto:{}", channel.value)),
            Way::Phone | Way::Mobile => Some(format!("tel:{}", channel.value.replace(' ', "-"))),
            Way::Web => Some(channel.value.clone()),
            Way::Fax | Way::Chat => None,
        },
    });
    Row {
        handle: listed.handle.clone(),
        name: contact.name.clone(),
        role: contact.role.clone().unwrap_or_default(),
        member: shown.member_name.clone(),
        function: words::function(view, contact.function),
        languages: contact.languages.join(", "),
        hours: format!("{} ({})", contact.hours, contact.zone),
        open: contact.answers_at(now),
        channels: channels.collect(),
        key: contact.key.as_ref().map(|key| key.fingerprint.clone()),
        deputy: shown.deputy.clone(),
        verified: listed.verified.map(|at| at.date()),
        reach: words::reach(view, &shown.reach),
    }
}

pub(super) async fn json(State(pages): Shared, who: Who) -> Response {
    answer(pages, who, |_, _, contacts| {
        let all: Vec<_> = contacts.iter().map(region::contact::json).collect();
        let headers =
            [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "private, no-cache")];
        (headers, json!({"contacts": all, "days": QUARTER_DAYS}).to_string()).into_response()
    })
    .await
}

pub(super) async fn cards(State(pages): Shared, who: Who) -> Response {
    answer(pages, who, |_, _, contacts| download("contacts.vcf", vcard(&contacts))).await
}

pub(super) async fn card(State(pages): Shared, who: Who, Path(card): Path<String>) -> Response {
    answer(pages, who, move |_, _, mut contacts| {
        let Some(handle) = card.strip_suffix(".vcf") else { return absent() };
        contacts.retain(|shown| shown.get().listed.handle == handle);
        match contacts.is_empty() {
            true => absent(),
            false => download(&card, vcard(&contacts)),
        }
    })
    .await
}

/// A file of vCards. Handles have no letter that a header can't have.
fn download(name: &str, text: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, MEDIA_TYPE.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
        (header::CACHE_CONTROL, "private, no-cache".to_owned()),
    ];
    (headers, text).into_response()
}
