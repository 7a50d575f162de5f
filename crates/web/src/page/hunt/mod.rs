//! Hunting: what a member's watch file holds and how it is used, what its hunts reported, and a look into a log that is pasted.
//!
//! What is pasted travels in the form's body, is looked through and forgotten: nothing of it is kept, noted or logged. What is found is
//! what the member's watch file says, and nothing else.

mod reported;

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::response::Response;
use axum::routing::get;
use deliver::DeliverError;
use deliver::watch_file::{Contents, Known};
use gate::NoteKey;
use http::{HeaderMap, StatusCode};
use policy::{Caller, Level, Member};
use serde::Deserialize;
use tokio::sync::Semaphore;
use watch::hunt::{Found, How, within};

use self::reported::{Reported, Reports};
use super::ladder::url_of;
use super::sent::Sent;
use super::view::At;
use super::{Frame, Pages, Shared, Viewer, Who, absent, broken, making, render, words};
use crate::auth::form::{LOG_BYTES_MAX, bytes_max};

/// Finds that are shown; the rest is counted.
const FINDS_MAX: usize = 300;
/// Who says what of a value: so many are shown.
const SAID_MAX: usize = 5;
/// Bytes of a line that are shown to both sides of what was found.
const SHOWN_BYTES: usize = 80;
/// Bytes of what was pasted that the page shows again.
const SHOWN_AGAIN_BYTES_MAX: usize = 64 << 10;
/// Looks at a time, over all members: each makes the keys of all that is looked for.
const LOOKS_MAX: usize = 2;
/// How long a look waits for its turn.
const TURN: Duration = Duration::from_secs(30);

/// The turns in which logs are looked through.
#[derive(Debug, Clone)]
pub struct Hunting(Arc<Semaphore>);

impl Default for Hunting {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(LOOKS_MAX)))
    }
}

pub(super) fn router() -> Router<Arc<Pages>> {
    let pasted = DefaultBodyLimit::max(bytes_max("/hunt"));
    Router::new().route("/hunt", get(page).post(look).layer(pasted))
}

#[derive(Template)]
#[template(path = "hunt.html")]
struct HuntPage {
    frame: Frame,
    members: Vec<(String, String, bool)>,
    handle: String,
    name: String,
    level: &'static str,
    /// Nothing for a member that gets no watch file.
    watched: Option<Watched>,
    log: String,
    fault: Option<String>,
    looked: Option<Looked>,
}

/// What a member's watch file holds, and how it is used.
struct Watched {
    values: usize,
    by_kind: Vec<(&'static str, usize)>,
    tlp: String,
    newest: Option<At>,
    href: String,
    fetch: String,
    hunt: String,
    reported: Vec<Reported>,
    /// Reports that were not looked at.
    has_more: bool,
}

/// What a look came to.
struct Looked {
    finds: Vec<Find>,
    /// Finds that are not shown.
    more: u64,
    lines: u64,
}

/// Something that was found.
struct Find {
    line: u64,
    found: String,
    how: &'static str,
    value: String,
    /// The line around it, and what stands in it: of an address in parts, its host.
    before: String,
    stands: String,
    after: String,
    said: Vec<Said>,
    more: usize,
}

/// What one indicator says.
struct Said {
    name: String,
    circle: String,
    tlp: String,
    confidence: Option<u8>,
    indicator: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    member: String,
}

/// What is filled in.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Filled {
    member: String,
    log: String,
}

impl HuntPage {
    /// How many finds in how much.
    fn counts(&self, looked: &Looked) -> String {
        let finds = looked.finds.len() as u64 + looked.more;
        let (lines, more) = (looked.lines, looked.more);
        let (mut english, mut korean) = (
            format!("{finds} found in {lines} line{}.", if lines == 1 { "" } else { "s" }),
            format!("{lines}줄에서 {finds}건을 찾았습니다."),
        );
        if more > 0 {
            english += &format!(" {more} of them are not shown.");
            korean += &format!(" 그 가운데 {more}건은 표시하지 않습니다.");
        }
        self.frame.say(&english, &korean).to_owned()
    }
}

/// By what something was found.
fn how(viewer: &Viewer, how: How) -> &'static str {
    match how {
        How::Exact => "",
        How::Below => viewer.say("below", "상위 도메인"),
        How::Inside => viewer.say("inside", "속한 대역"),
    }
}

/// The member that is looked at: one's own; for an operator the one that is named, else the first that gets a watch file.
fn chosen<'m>(members: &[&'m Member], handle: &str) -> Option<&'m Member> {
    if handle.is_empty() {
        let first = members.iter().find(|member| member.level >= Level::Detect);
        return first.or(members.first()).copied();
    }
    members.iter().find(|member| member.handle == handle).copied()
}

async fn page(State(pages): Shared, who: Who, headers: HeaderMap, Query(asked): Query<Asked>) -> Response {
    making(move || {
        let encrypted = who.channel.encrypted;
        let viewer = Viewer::of(who);
        match made(&pages, &viewer, &asked.member, &headers, encrypted) {
            Ok(Some(page)) => render(&page),
            Ok(None) => absent(),
            Err(error) => broken(&error),
        }
    })
    .await
}

async fn look(State(pages): Shared, who: Who, headers: HeaderMap, Sent(filled): Sent<Filled>) -> Response {
    let turn = tokio::time::timeout(TURN, Arc::clone(&pages.hunting.0).acquire_owned()).await;
    making(move || {
        let encrypted = who.channel.encrypted;
        let viewer = Viewer::of(who);
        let mut page = match made(&pages, &viewer, &filled.member, &headers, encrypted) {
            Ok(Some(page)) => page,
            Ok(None) => return absent(),
            Err(error) => return broken(&error),
        };
        let say = |english: &str, korean: &str| Some(viewer.say(english, korean).to_owned());
        // A member without a watch file is told what it would need, and nothing else.
        if page.watched.is_some() {
            match turn {
                _ if filled.log.trim().is_empty() => {
                    page.fault = say("Paste the lines of a log.", "로그의 줄을 붙여 넣으십시오.");
                }
                _ if filled.log.len() > LOG_BYTES_MAX => {
                    page.fault = say(
                        "At most 1 MiB is looked through here. For more, take the watch file to the logs.",
                        "여기에서는 1MiB까지 봅니다. 더 많으면 감시 파일을 로그가 있는 곳으로 가져가십시오.",
                    );
                }
                Ok(Ok(_turn)) => match looked(&pages, &viewer, &page.handle, filled.log.as_bytes()) {
                    Ok(looked) => page.looked = Some(looked),
                    Err(error) => return broken(&error),
                },
                _ => {
                    page.fault = say(
                        "Others are looking; try again in a minute.",
                        "다른 쪽이 찾고 있습니다. 잠시 뒤 다시 시도하십시오.",
                    );
                }
            }
        }
        if filled.log.len() <= SHOWN_AGAIN_BYTES_MAX {
            page.log = filled.log;
        }
        let mut response = render(&page);
        if page.fault.is_some() {
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
        }
        response
    })
    .await
}

fn made(
    pages: &Pages,
    viewer: &Viewer,
    handle: &str,
    headers: &HeaderMap,
    encrypted: bool,
) -> Result<Option<HuntPage>, HuntError> {
    let book = pages.gate.book();
    let members = pages.members(&book, viewer);
    let named = if viewer.is_operator() { handle } else { "" };
    let Some(member) = chosen(&members, named) else { return Ok(None) };
    let watched = match member.level >= Level::Detect {
        true => Some(pages.watched(viewer, member, &url_of(pages, headers, encrypted))?),
        false => None,
    };
    let one = |one: &&Member| (one.handle.clone(), one.name.clone(), one.id == member.id);
    Ok(Some(HuntPage {
        frame: pages.frame(&book, viewer, viewer.say("Hunt", "로그 조사")),
        members: match viewer.caller {
            Caller::Operator => members.iter().map(one).collect(),
            Caller::Member(_) => Vec::new(),
        },
        handle: member.handle.clone(),
        name: member.name.clone(),
        level: member.level.name(),
        watched,
        log: String::new(),
        fault: None,
        looked: None,
    }))
}

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
enum HuntError {
    #[error(transparent)]
    Deliver(#[from] DeliverError),
    #[error(transparent)]
    Search(#[from] search::SearchError),
    #[error(transparent)]
    Storage(#[from] line::StorageError),
}

impl Pages {
    fn watched(&self, viewer: &Viewer, member: &Member, url: &str) -> Result<Watched, HuntError> {
        let contents = self.deliver.watch_contents(member.id, viewer.encrypted)?;
        let Reports { rows, has_more } = self.reported(viewer, member)?;
        let values = contents.values();
        let Contents { by_kind, tlp, newest } = contents;
        let kind = |(kind, count): (watch::Kind, usize)| (words::kind(&viewer.view, kind), count);
        let key = NoteKey::of(self.gate.key());
        Ok(Watched {
            values,
            by_kind: by_kind.into_iter().map(kind).collect(),
            tlp: tlp.to_string(),
            newest: newest.map(|at| viewer.view.at(at)),
            href: format!("{}/watch.bongsu", Self::artefact_root(viewer, member)),
            fetch: format!("curl -sS --fail -u {}:TOKEN -O {url}/d/watch.bongsu", member.handle),
            hunt: format!("bongsu hunt --watch watch.bongsu --key '{key}' /var/log"),
            reported: rows,
            has_more,
        })
    }
}

/// Looks through a log for what the member's watch file holds.
fn looked(pages: &Pages, viewer: &Viewer, handle: &str, log: &[u8]) -> Result<Looked, HuntError> {
    let book = pages.gate.book();
    let member = book.member_by_handle(handle).ok_or(DeliverError::NoMember)?;
    let (mut finds, mut more) = (Vec::new(), 0);
    pages.deliver.look_in(member.id, viewer.encrypted, log, |found| {
        match finds.len() < FINDS_MAX {
            true => finds.push(find(viewer, log, found)),
            false => more += 1,
        }
        true
    })?;
    let lines = log.split_inclusive(|byte| *byte == b'\n').count() as u64;
    Ok(Looked { finds, more, lines })
}

fn find(viewer: &Viewer, log: &[u8], found: Found<Known>) -> Find {
    let Found { lines_before, range, text, how: by, known } = found;
    let around = within(log, &range, SHOWN_BYTES);
    let shown = |range: std::ops::Range<usize>| String::from_utf8_lossy(&log[range]).into_owned();
    let (value, known) = &*known;
    let said = known.by.iter().take(SAID_MAX).map(|said| Said {
        name: said.name.clone().filter(|name| name != value.text()).unwrap_or_default(),
        circle: said.circle.clone(),
        tlp: said.tlp.clone(),
        confidence: said.confidence,
        indicator: said.indicator.clone(),
    });
    Find {
        line: lines_before + 1,
        how: how(viewer, by),
        value: value.text().to_owned(),
        before: shown(around.start..range.start),
        stands: shown(range.clone()),
        after: shown(range.end..around.end),
        found: text,
        said: said.collect(),
        more: known.by.len().saturating_sub(SAID_MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stix::Tlp;

    fn member(handle: &str, level: Level) -> Member {
        Member { level, ..Member::new(policy::MemberId::new(uuid::Uuid::nil()), handle) }
    }

    #[test]
    fn an_operator_begins_with_a_member_that_gets_a_watch_file() {
        let (read, detect) = (member("read", Level::Read), member("detect", Level::Detect));
        let all = [&read, &detect];
        let handle = |named: &str| chosen(&all, named).map(|member| member.handle.as_str());
        assert_eq!((handle(""), handle("read"), handle("none")), (Some("detect"), Some("read"), None));
        assert_eq!(chosen(&all[..1], "").map(|member| member.handle.as_str()), Some("read"));
        let contents = Contents {
            by_kind: vec![(watch::Kind::Url, 2), (watch::Kind::Mac, 1)],
            tlp: Tlp::Green,
            newest: None,
        };
        assert_eq!(contents.values(), 3);
    }
}
