//! Contests of what is said of personas: those that are open, a form for another, and answers by the member that said it.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use exchange::persona::{ContestError, Saying, say, seen_in};
use gate::Submitted;
use http::StatusCode;
use line::StorageError;
use policy::{Book, By, Caller, CircleId, Member, MemberId, Right};
use serde::Deserialize;
use stix::ObjectId;
use watch::persona::{Contest, EXPLANATION_BYTES_MAX, Verdict};

use super::super::sent::Sent;
use super::super::view::At;
use super::super::{Frame, Pages, Shared, Viewer, Who, absent, broken, making, name_of, render, words};
use super::whose;

/// Contests that are shown; the rest is counted.
const ROWS: usize = 100;

#[derive(Template)]
#[template(path = "contests.html")]
struct ContestsPage {
    frame: Frame,
    /// The members that an operator may act as, with their names and whether it is the one.
    members: Vec<(String, String, bool)>,
    /// The one that is acted as.
    member: String,
    /// Circles in which the member can contest something: handle, title, and whether it is chosen.
    circles: Vec<(String, String, bool)>,
    filled: Filled,
    fault: Option<String>,
    done: Option<&'static str>,
    rows: Vec<Row>,
    more: usize,
    /// Whether contests are shown, can be made, and what is contested can be withdrawn.
    may_see: bool,
    may_write: bool,
    may_withdraw: bool,
    reason_max: usize,
}

/// An open contest.
struct Row {
    at: At,
    who: String,
    about: String,
    name: String,
    why: String,
    /// Handle and title.
    circle: (String, String),
    /// Whether the member is the one who said it.
    is_own: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    member: String,
    about: String,
}

/// What is filled in.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Filled {
    member: String,
    about: String,
    circle: String,
    reason: String,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    Contest,
    Uphold,
    Withdraw,
}

pub(super) async fn page(State(pages): Shared, who: Who, Query(asked): Query<Asked>) -> Response {
    let viewer = Viewer::of(who);
    let Some(member) = chosen(&pages, &viewer, &asked.member) else { return absent() };
    let filled = Filled { about: asked.about, ..Filled::default() };
    shown(&pages, viewer, member, filled, Ok(None)).await
}

/// The member that is looked at: one's own; for an operator the one that is named, else the first that is in a circle.
fn chosen(pages: &Pages, viewer: &Viewer, handle: &str) -> Option<MemberId> {
    if viewer.is_operator() && handle.is_empty() {
        let book = pages.gate.book();
        let all = pages.members(&book, viewer);
        let first = all.iter().rev().find(|member| !book.circles_of(member.id).is_empty());
        return first.or(all.last()).map(|member| member.id);
    }
    whose(pages, viewer, handle)
}

pub(super) async fn contest(State(pages): Shared, who: Who, Sent(filled): Sent<Filled>) -> Response {
    take(pages, who, filled, Deed::Contest).await
}

pub(super) async fn uphold(State(pages): Shared, who: Who, Sent(filled): Sent<Filled>) -> Response {
    take(pages, who, filled, Deed::Uphold).await
}

pub(super) async fn withdraw(State(pages): Shared, who: Who, Sent(filled): Sent<Filled>) -> Response {
    take(pages, who, filled, Deed::Withdraw).await
}

async fn take(pages: Arc<Pages>, who: Who, filled: Filled, deed: Deed) -> Response {
    let viewer = Viewer::of(who);
    let Some(member) = whose(&pages, &viewer, &filled.member) else { return absent() };
    let (to, viewer_of, asked) = (Arc::clone(&pages), viewer.clone(), filled);
    let work = move || {
        let told = to.do_it(&viewer_of, member, &asked, deed);
        (told, asked)
    };
    let (told, asked) = match tokio::task::spawn_blocking(super::super::view::carried(work)).await {
        Ok(done) => done,
        Err(error) => return broken(&error),
    };
    // What was done needs not be filled in once more.
    let filled = if told.is_ok() { Filled::default() } else { asked };
    shown(&pages, viewer, member, filled, told.map(Some)).await
}

/// The page, with what was done, or why it was not.
async fn shown(
    pages: &Arc<Pages>,
    viewer: Viewer,
    member: MemberId,
    filled: Filled,
    told: Result<Option<&'static str>, String>,
) -> Response {
    let may_see = viewer.actor.rights.has(Right::Screen);
    let contests = match may_see {
        true => pages.personas.contests(member, viewer.encrypted).await,
        false => Ok(Vec::new()),
    };
    let pages = Arc::clone(pages);
    making(move || {
        let contests = match contests {
            Ok(contests) => contests,
            Err(error) => return broken(&error),
        };
        let is_fault = told.is_err();
        match made(&pages, &viewer, member, filled, told, &contests) {
            Ok(Some(page)) => {
                let mut response = render(&page);
                if is_fault {
                    *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
                }
                response
            }
            Ok(None) => absent(),
            Err(error) => broken(&error),
        }
    })
    .await
}

fn made(
    pages: &Pages,
    viewer: &Viewer,
    member: MemberId,
    filled: Filled,
    told: Result<Option<&'static str>, String>,
    contests: &[Contest],
) -> Result<Option<ContestsPage>, StorageError> {
    let (book, now) = (pages.gate.book(), (pages.now)());
    let Some(profile) = book.member(member) else { return Ok(None) };
    let rows = contests.iter().take(ROWS).map(|contest| pages.row(viewer, &book, member, contest));
    let rows: Vec<Row> = rows.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
    // What is to be contested is in some circle already.
    let about = ObjectId::parse(filled.about.trim()).ok();
    let near = match &about {
        Some(about) => seen_in(&pages.gate, member, viewer.encrypted, now, about)?,
        None => Vec::new(),
    };
    let near = near.first().and_then(|here| book.circle(here.circle)).map(|circle| circle.handle.clone());
    let wanted = if filled.circle.is_empty() { near.unwrap_or_default() } else { filled.circle.clone() };
    let mut circles = book.circles_of(member);
    circles.retain(|circle| pages.gate.may_share(member, circle.id, now).is_ok());
    circles.sort_by(|a, b| a.title.cmp(&b.title));
    let (done, fault) = match told {
        Ok(done) => (done, None),
        Err(why) => (None, Some(why)),
    };
    let rights = viewer.actor.rights;
    let one = |one: &&Member| (one.handle.clone(), one.name.clone(), one.id == member);
    Ok(Some(ContestsPage {
        frame: pages.frame(&book, viewer, viewer.say("Contests of personas", "위장 인력에 대한 이의")),
        members: match viewer.caller {
            Caller::Operator => pages.members(&book, viewer).iter().map(one).collect(),
            Caller::Member(_) => Vec::new(),
        },
        member: profile.handle.clone(),
        circles: circles
            .iter()
            .map(|circle| (circle.handle.clone(), circle.title.clone(), circle.handle == wanted))
            .collect(),
        filled,
        fault,
        done,
        more: contests.len().saturating_sub(ROWS),
        rows,
        may_see: rights.has(Right::Screen),
        may_write: rights.has(Right::Write),
        may_withdraw: rights.has(Right::Release),
        reason_max: EXPLANATION_BYTES_MAX,
    }))
}

impl Pages {
    /// A contest as it is shown; nothing if it has gone meanwhile.
    fn row(
        &self,
        viewer: &Viewer,
        book: &Book,
        member: MemberId,
        contest: &Contest,
    ) -> Result<Option<Row>, StorageError> {
        let seen = |id: &ObjectId| seen_in(&self.gate, member, viewer.encrypted, (self.now)(), id);
        let Some(opinion) = seen(&contest.id)?.into_iter().next() else { return Ok(None) };
        let Some(circle) = book.circle(opinion.circle) else { return Ok(None) };
        let about = seen(&contest.about)?.into_iter().find(|about| about.circle == opinion.circle);
        let id = contest.about.to_string();
        Ok(Some(Row {
            at: viewer.view.at(contest.at),
            who: words::personas::who(&viewer.view, &contest.who),
            name: about.as_ref().map(|about| name_of(&about.raw, &id)).unwrap_or_default(),
            about: id,
            why: contest.explanation.clone(),
            circle: (circle.handle.clone(), circle.title.clone()),
            is_own: about.is_some_and(|about| about.is_own),
        }))
    }

    /// Contests something, upholds it or withdraws it, and says what was done, or why not.
    fn do_it(
        &self,
        viewer: &Viewer,
        member: MemberId,
        filled: &Filled,
        deed: Deed,
    ) -> Result<&'static str, String> {
        let book = self.gate.book();
        let missing = || words::personas::not_said(&viewer.view, &ContestError::Missing);
        let own = book.circles_of(member).into_iter().find(|circle| circle.handle == filled.circle);
        let circle = own.map(|circle| circle.id).ok_or_else(missing)?;
        let about = ObjectId::parse(filled.about.trim()).map_err(|_| missing())?;
        let reason = filled.reason.trim();
        let verdict = match deed {
            Deed::Withdraw => return self.take_back(viewer, member, circle, &about, reason),
            Deed::Contest => Verdict::Contested,
            Deed::Uphold => Verdict::Upheld,
        };
        let by = match viewer.caller {
            Caller::Operator => By { member, person: None },
            Caller::Member(_) => viewer.by(),
        };
        let chance = (self.auth.chance)().and_then(|drawn| <[u8; 16]>::try_from(drawn.get(..16)?).ok());
        let chance = chance.ok_or_else(|| {
            tracing::error!("the system gives no random bytes");
            viewer.say("It failed; try again.", "하지 못했습니다. 다시 시도하십시오.").to_owned()
        })?;
        let saying = Saying {
            by,
            circle,
            encrypted: viewer.encrypted,
            verdict,
            about: &about,
            reason,
            id: uuid::Builder::from_random_bytes(chance).into_uuid(),
            now: (self.now)(),
        };
        let taken =
            say(&self.gate, &saying).map_err(|error| words::personas::not_said(&viewer.view, &error))?;
        Ok(match (taken.waits, verdict) {
            (true, _) => viewer.say(
                "It waits until another person of yours releases it.",
                "귀 기관의 다른 사람이 승인할 때까지 기다립니다.",
            ),
            (false, Verdict::Contested) => viewer.say(
                "It is contested. What it says counts nothing until the one who shared it corrects, withdraws or upholds it.",
                "이의를 냈습니다. 공유한 쪽이 고치거나 철회하거나 유지할 때까지 점수에 넣지 않습니다.",
            ),
            (false, Verdict::Upheld) => viewer.say(
                "It is upheld. It counts again if you are the one who shared it.",
                "유지한다고 답했습니다. 공유한 쪽의 답이면 다시 점수에 넣습니다.",
            ),
        })
    }

    fn take_back(
        &self,
        viewer: &Viewer,
        member: MemberId,
        circle: CircleId,
        about: &ObjectId,
        reason: &str,
    ) -> Result<&'static str, String> {
        let not_said = |error: &ContestError| words::personas::not_said(&viewer.view, error);
        if reason.is_empty() || reason.len() > EXPLANATION_BYTES_MAX {
            return Err(not_said(&ContestError::Reason));
        }
        let told = self.gate.withdraw(member, circle, std::slice::from_ref(about), reason);
        let told = told.map_err(|error| not_said(&error.into()))?;
        match told.first() {
            Some(Submitted::Appended { .. } | Submitted::Present) => {
                Ok(viewer.say("It is withdrawn everywhere.", "모든 곳에서 철회했습니다."))
            }
            _ => Err(not_said(&ContestError::Missing)),
        }
    }
}
