//! Playbooks: their steps with branches, and runs as checklists. A member sees its own runs, an operator all.

use std::ops::ControlFlow;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use deliver::playbook::result::share;
use deliver::playbook::run::{Event, Run, Started, StepState, What};
use deliver::playbook::{Playbook, Way, read};
use gate::{Object, Query};
use http::StatusCode;
use policy::{Caller, Circle, Level, MemberId, Reach, Request};
use serde::Deserialize;
use stix::{ObjectId, Timestamp};
use uuid::Uuid;

use super::sent::Sent;
use super::view::At;
use super::{Frame, Pages, Shared, Viewer, Who, absent, broken, error, making, render, words};

/// Runs and events that are shown, the newest; the rest is counted.
const ROWS: usize = 200;

/// The runs of a node.
pub trait Runs: Send + Sync {
    /// All of them, the latest first.
    ///
    /// # Errors
    /// What stands in the way of reading them.
    fn all(&self) -> Result<Vec<Run>, String>;

    /// One of them.
    ///
    /// # Errors
    /// What stands in the way of reading it.
    fn get(&self, id: Uuid) -> Result<Option<Run>, String>;

    /// Begins one.
    ///
    /// # Errors
    /// Why it can't begin.
    fn start(&self, event: &Event) -> Result<Run, String>;

    /// Has something happen in one.
    ///
    /// # Errors
    /// Why it can't happen.
    fn happens(&self, id: Uuid, event: &Event) -> Result<Run, String>;
}

#[derive(Template)]
#[template(path = "playbooks.html")]
struct ListPage {
    frame: Frame,
    playbooks: Vec<PlaybookRow>,
    runs: Vec<RunRow>,
}

struct PlaybookRow {
    href: String,
    name: String,
    circle: String,
    tlp: String,
    steps: usize,
}

struct RunRow {
    id: String,
    name: String,
    who: String,
    began: At,
    state: &'static str,
    took: String,
}

#[derive(Template)]
#[template(path = "playbook.html")]
struct PlaybookPage {
    frame: Frame,
    circle: String,
    id: String,
    playbook: Playbook,
}

impl PlaybookPage {
    /// When a way is taken.
    fn when(&self, way: &Way) -> String {
        words::playbooks::when(&self.frame.view, &way.when)
    }
}

#[derive(Template)]
#[template(path = "run.html")]
struct RunPage {
    frame: Frame,
    object: String,
    circle: String,
    version: String,
    began: At,
    state: &'static str,
    took: String,
    steps: Vec<StepRow>,
    events: Vec<EventRow>,
    shared: Option<String>,
    open: bool,
    fault: Option<String>,
}

struct StepRow {
    number: usize,
    name: String,
    text: String,
    ways: Vec<String>,
    state: &'static str,
    at: Option<At>,
    took: String,
}

struct EventRow {
    at: At,
    what: String,
    by: String,
    note: String,
}

/// What is filled in on a page of a run.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Said {
    /// The step's number.
    step: usize,
    /// `begun`, `done`, `skipped`, `failed`, `finish` or `share`.
    what: String,
    by: String,
    note: String,
}

pub(super) async fn list(State(pages): Shared, who: Who) -> Response {
    making(move || make_list(&pages, &Viewer::of(who)).unwrap_or_else(|error| broken(&error))).await
}

fn make_list(pages: &Pages, viewer: &Viewer) -> Result<Response, String> {
    let book = pages.gate.book();
    let mut playbooks = Vec::new();
    if let Caller::Member(member) = viewer.caller {
        let wanted = book.member(member).map_or(Level::Read, |member| member.level);
        for reader in pages.readers(viewer, member, wanted) {
            let circle = book.circle(reader.request().circle);
            let circle = circle.map(|circle| circle.handle.clone()).unwrap_or_default();
            let mut on = |object: policy::Released<Object>| {
                let tlp = object.tlp().to_string();
                let Object { id, raw, .. } = object.into_inner();
                if let Some(playbook) = read(&raw) {
                    let (href, steps) = (format!("/playbooks/{circle}/{id}"), playbook.steps.len());
                    playbooks.push(PlaybookRow {
                        href,
                        name: playbook.name,
                        circle: circle.clone(),
                        tlp,
                        steps,
                    });
                }
                ControlFlow::Continue(())
            };
            reader.each(&["course-of-action"], &mut on).map_err(|error| error.to_string())?;
        }
    }
    let now = (pages.now)();
    let runs = pages.runs.all()?.into_iter().filter(|run| may_see(viewer, run)).take(ROWS);
    let runs = runs.map(|run| RunRow {
        id: run.id.to_string(),
        name: run.started.name.clone(),
        who: book.member(run.started.member).map(|member| member.name.clone()).unwrap_or_default(),
        began: viewer.view.at(run.began),
        state: words::playbooks::state(&viewer.view, &run),
        took: words::playbooks::lasted(&viewer.view, run.took_micros(now)),
    });
    let runs = runs.collect();
    Ok(render(&ListPage {
        frame: pages.frame(&book, viewer, viewer.say("Playbooks", "대응 절차")),
        playbooks,
        runs,
    }))
}

fn may_see(viewer: &Viewer, run: &Run) -> bool {
    match viewer.caller {
        Caller::Operator => true,
        Caller::Member(member) => member == run.started.member,
    }
}

/// A playbook as a member has it, with its version.
fn had(
    pages: &Pages,
    viewer: &Viewer,
    member: MemberId,
    circle: &Circle,
    id: &ObjectId,
) -> Result<Option<(Playbook, Timestamp)>, String> {
    let wanted = pages.gate.book().member(member).map_or(Level::Read, |member| member.level);
    let (now, encrypted) = ((pages.now)(), viewer.encrypted);
    let request = Request { member, circle: circle.id, wanted, encrypted, now, reach: Reach::Member };
    let Ok(reader) = pages.gate.reader(request) else { return Ok(None) };
    let page = reader.page(&Query { ids: vec![id.clone()], limit: 1, ..Query::default() });
    let page = page.map_err(|error| error.to_string())?;
    let object = page.items.into_iter().next().map(policy::Released::into_inner);
    Ok(object.and_then(|object| Some((read(&object.raw)?, object.version))))
}

pub(super) async fn one(
    State(pages): Shared,
    who: Who,
    Path((circle, id)): Path<(String, String)>,
) -> Response {
    making(move || {
        let viewer = Viewer::of(who);
        let made = make_one(&pages, &viewer, &circle, &id);
        made.map(|made| made.unwrap_or_else(absent)).unwrap_or_else(|error| broken(&error))
    })
    .await
}

fn make_one(pages: &Pages, viewer: &Viewer, handle: &str, id: &str) -> Result<Option<Response>, String> {
    let book = pages.gate.book();
    let Caller::Member(member) = viewer.caller else { return Ok(None) };
    let (Some(circle), Ok(object)) = (book.circle_by_handle(handle), ObjectId::parse(id)) else {
        return Ok(None);
    };
    let Some((playbook, _)) = had(pages, viewer, member, circle, &object)? else { return Ok(None) };
    Ok(Some(render(&PlaybookPage {
        frame: pages.frame(&book, viewer, playbook.name.clone()),
        circle: handle.to_owned(),
        id: id.to_owned(),
        playbook,
    })))
}

fn said(what: What, said: &Said) -> Event {
    Event { what, by: said.by.trim().to_owned(), note: said.note.trim().to_owned() }
}

pub(super) async fn start(
    State(pages): Shared,
    who: Who,
    Path((circle, id)): Path<(String, String)>,
    Sent(filled): Sent<Said>,
) -> Response {
    let viewer = Viewer::of(who);
    let Caller::Member(member) = viewer.caller else { return absent() };
    making(move || {
        let book = pages.gate.book();
        let (Some(circle), Ok(object)) = (book.circle_by_handle(&circle), ObjectId::parse(&id)) else {
            return absent();
        };
        let (playbook, version) = match had(&pages, &viewer, member, circle, &object) {
            Ok(Some(had)) => had,
            Ok(None) => return absent(),
            Err(error) => return broken(&error),
        };
        let started = Started::of(&playbook, member, circle.id, &id, version);
        match pages.runs.start(&said(What::Started(started), &filled)) {
            Ok(run) => Redirect::to(&format!("/runs/{}", run.id)).into_response(),
            Err(why) => {
                let why = words::fault(&viewer.view, "절차를 시작하지 못했습니다.", &why);
                let title = viewer.say("Not started", "시작하지 못함");
                error(StatusCode::UNPROCESSABLE_ENTITY, title, &why)
            }
        }
    })
    .await
}

pub(super) async fn run(State(pages): Shared, who: Who, Path(id): Path<String>) -> Response {
    making(move || {
        let viewer = Viewer::of(who);
        match pages.run_of(&viewer, &id) {
            Ok(Some(run)) => run_page(&pages, &viewer, &run, None),
            Ok(None) => absent(),
            Err(error) => broken(&error),
        }
    })
    .await
}

impl Pages {
    /// The run with this id, if whoever looks may see it.
    fn run_of(&self, viewer: &Viewer, id: &str) -> Result<Option<Run>, String> {
        let Ok(id) = id.parse::<Uuid>() else { return Ok(None) };
        Ok(self.runs.get(id)?.filter(|run| may_see(viewer, run)))
    }
}

fn run_page(pages: &Pages, viewer: &Viewer, run: &Run, fault: Option<String>) -> Response {
    let (book, view) = (pages.gate.book(), &viewer.view);
    let circle = book.circle(run.started.circle);
    let object = ObjectId::parse(&run.started.object).ok();
    // The words of its steps, as long as the member has the playbook in that version.
    let playbook = circle.zip(object).and_then(|(circle, object)| {
        let (playbook, version) = had(pages, viewer, run.started.member, circle, &object).ok()??;
        (version.to_string() == run.started.version).then_some(playbook)
    });
    let steps = run.steps.iter().enumerate().map(|(at, progress)| {
        let step = playbook.as_ref().and_then(|playbook| playbook.steps.get(at));
        let way = |way: &Way| {
            let when = words::playbooks::when(view, &way.when);
            match way.to {
                Some(to) => format!("{when}: {} {to}", view.say("step", "단계")),
                None => format!("{when}: {}", view.say("the end", "끝")),
            }
        };
        StepRow {
            number: at + 1,
            name: progress.named.name.clone(),
            text: step.map(|step| step.text.clone()).unwrap_or_default(),
            ways: step.map(|step| step.ways.iter().map(way).collect()).unwrap_or_default(),
            state: match progress.state {
                Some((state, _)) => words::playbooks::step(view, state),
                None => view.say("open", "남음"),
            },
            at: progress.state.map(|(_, at)| view.at(at)),
            took: match progress.took_micros {
                took if took > 0 => words::playbooks::lasted(view, took),
                _ => String::new(),
            },
        }
    });
    let steps = steps.collect();
    let events = run.events.iter().rev().take(ROWS).map(|(at, event)| EventRow {
        at: view.at(*at),
        what: words::playbooks::happened(view, &event.what),
        by: event.by.clone(),
        note: event.note.clone(),
    });
    let status = if fault.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let mut response = render(&RunPage {
        frame: pages.frame(&book, viewer, run.started.name.clone()),
        object: run.started.object.clone(),
        circle: circle.map(|circle| circle.handle.clone()).unwrap_or_default(),
        version: run.started.version.clone(),
        began: view.at(run.began),
        state: words::playbooks::state(view, run),
        took: words::playbooks::lasted(view, run.took_micros((pages.now)())),
        steps,
        events: events.collect(),
        shared: run.shared.as_ref().map(|(_, id)| id.clone()),
        open: run.finished.is_none(),
        fault,
    });
    *response.status_mut() = status;
    response
}

pub(super) async fn happens(
    State(pages): Shared,
    who: Who,
    Path(id): Path<String>,
    Sent(filled): Sent<Said>,
) -> Response {
    making(move || {
        let viewer = Viewer::of(who);
        let run = match pages.run_of(&viewer, &id) {
            Ok(Some(run)) => run,
            Ok(None) => return absent(),
            Err(error) => return broken(&error),
        };
        match happen(&pages, &viewer, &run, &filled) {
            Ok(()) => Redirect::to(&format!("/runs/{}", run.id)).into_response(),
            Err(why) => run_page(&pages, &viewer, &run, Some(why)),
        }
    })
    .await
}

fn happen(pages: &Arc<Pages>, viewer: &Viewer, run: &Run, filled: &Said) -> Result<(), String> {
    let (view, person) = (&viewer.view, viewer.actor.person);
    let state = StepState::ALL.into_iter().find(|state| state.name() == filled.what);
    let what = match (state, filled.what.as_str()) {
        (Some(state), _) => What::Step { step: filled.step, state },
        (None, "finish") => What::Finished,
        // The same result is the same note, which is there already.
        (None, "share") if run.shared.is_some() => return Ok(()),
        (None, "share") => {
            let shared = share(&pages.gate, run, person, (pages.now)());
            What::Shared(shared.map_err(|error| words::playbooks::not_shared(view, &error))?)
        }
        _ => {
            let why = view.say("Say what became of the step.", "단계가 어떻게 되었는지 고르십시오.");
            return Err(why.to_owned());
        }
    };
    let event = said(what, filled);
    // It is judged once more where it is written; what is wrong with it now is said in the viewer's language.
    run.check(&event).map_err(|error| words::playbooks::not_noted(view, &error))?;
    let noted = pages.runs.happens(run.id, &event);
    noted.map(drop).map_err(|why| words::fault(view, "기록하지 못했습니다.", &why))
}
