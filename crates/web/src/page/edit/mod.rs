//! Edit: a new version of what one has shared oneself, seen beside the old one and with who would get it before it is sent; or its
//! withdrawal. Operators do it for members whose home this node is.
//!
//! It takes two steps, as sharing does. An observable has no versions (STIX 2.1, 3.3): it can only be withdrawn.

mod change;

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use exchange::read::Options;
use gate::{Brought, Submission, Submitted};
use line::LineId;
use policy::{Book, Caller, Circle, Member, MemberId, Terms};
use serde::Deserialize;
use serde_json::Value;
use stix::{ObjectId, Timestamp, Tlp, read_head};

use self::change::{Field, Typed, change, fields, is_list};
use super::object::versions::{self, Change};
use super::objects::circles;
use super::sent::Sent;
use super::share::draft::{self, Line};
use super::share::gets::{CircleRows, Done, by};
use super::{Frame, Pages, Shared, Viewer, Who, absent, broken, making, name_of, render};

/// Objects of a list that can be taken out on the page.
const LISTED: usize = 300;
/// It says something of others' objects too, and is not edited.
const MARKING: &str = "marking-definition";

#[derive(Template)]
#[template(path = "edit.html")]
struct EditPage {
    frame: Frame,
    circle: String,
    id: String,
    name: String,
    sender: String,
    typed: Typed,
    /// The texts: property, what pages call it, its text, whether it is long.
    texts: Vec<(&'static str, &'static str, String, bool)>,
    is_indicator: bool,
    is_list: bool,
    /// Whether there can be another version of it.
    has_versions: bool,
    marks: Vec<(String, bool)>,
    /// What a list names: id, name, and whether it goes.
    named: Vec<(String, String, bool)>,
    /// Other circles in which the same was shared: handle, title, whether it is to be said there too.
    others: Vec<(String, String, bool)>,
    faults: Vec<String>,
    lines: Vec<Line>,
    changes: Vec<Change>,
    gets: Vec<CircleRows>,
    was_signed: bool,
    is_ready: bool,
    done: Option<Vec<Done>>,
    /// What became of a withdrawal.
    withdrawn: Option<String>,
}

/// What is edited.
struct Subject<'b> {
    circle: &'b Circle,
    sender: &'b Member,
    id: ObjectId,
    brought: Brought,
    value: Value,
}

/// Who brought what is edited, if whoever looks may change it.
fn sender<'b>(
    pages: &Pages,
    book: &'b Book,
    viewer: &Viewer,
    circle: &Circle,
    id: &ObjectId,
) -> Option<&'b Member> {
    let sender = match viewer.caller {
        Caller::Member(member) => member,
        Caller::Operator => {
            let newest = pages.gate.store().look(LineId::new(circle.id.uuid()), |catalogue| {
                catalogue.entry(catalogue.latest(catalogue.object(id)?)?)?.sender()
            });
            MemberId::new(newest.ok()??)
        }
    };
    // What another node brought is edited there.
    let party = book.agreed(circle.id).and_then(|agreed| agreed.agreement.party(sender));
    let is_here = party.is_none_or(|party| party.home == *pages.gate.home());
    book.member(sender).filter(|member| is_here && !member.ended)
}

/// Whether whoever looks may bring a new version of an object.
pub(super) fn is_own(pages: &Pages, book: &Book, viewer: &Viewer, circle: &Circle, id: &ObjectId) -> bool {
    let sender = sender(pages, book, viewer, circle, id).filter(|_| id.object_type() != MARKING);
    sender.is_some_and(|sender| {
        pages.gate.has_brought(sender.id, circle.id, std::slice::from_ref(id)).contains(&true)
    })
}

fn subject<'b>(
    pages: &Pages,
    book: &'b Book,
    viewer: &Viewer,
    (circle, object): (&str, &str),
) -> Result<Option<Subject<'b>>, gate::BroughtError> {
    let found = circles(book, viewer).into_iter().find(|known| known.handle == circle);
    let (Some(circle), Ok(id)) = (found, ObjectId::parse(object)) else { return Ok(None) };
    let Some(sender) = sender(pages, book, viewer, circle, &id).filter(|_| id.object_type() != MARKING)
    else {
        return Ok(None);
    };
    let Some(brought) = pages.gate.brought(sender.id, circle.id, &id)? else { return Ok(None) };
    let value: Value = serde_json::from_str(&brought.raw).unwrap_or_default();
    Ok(Some(Subject { circle, sender, id, brought, value }))
}

impl<'b> Subject<'b> {
    /// The other circles in which the sender has said the very same, with its terms there.
    fn others(&self, pages: &Pages, book: &'b Book) -> Vec<(&'b Circle, Terms)> {
        let others = book.circles_of(self.sender.id).into_iter().filter(|other| other.id != self.circle.id);
        let mut found: Vec<(&Circle, Terms)> = others
            .filter(|other| pages.gate.may_share(self.sender.id, other.id, (pages.now)()).is_ok())
            .filter_map(|other| {
                let brought = pages.gate.brought(self.sender.id, other.id, &self.id).ok()??;
                (brought.raw == self.brought.raw).then_some((other, brought.terms))
            })
            .collect();
        found.sort_by(|(a, _), (b, _)| a.title.cmp(&b.title));
        found
    }

    fn page(&self, pages: &Pages, viewer: &Viewer, book: &Book, typed: Typed) -> EditPage {
        let object_type = self.id.object_type();
        let name = name_of(&self.brought.raw, &self.id.to_string());
        let text = |(key, english, korean, is_long): &Field| {
            (*key, viewer.say(english, korean), typed.texts.get(*key).cloned().unwrap_or_default(), *is_long)
        };
        let marks = Tlp::ALL.map(|tlp| (tlp.to_string(), tlp.to_string() == typed.tlp));
        let refs = self.value.get("object_refs").and_then(Value::as_array).filter(|_| is_list(object_type));
        let ids = refs.into_iter().flatten().filter_map(Value::as_str).take(LISTED);
        let named = ids.map(|id| {
            let brought = ObjectId::parse(id)
                .ok()
                .and_then(|id| pages.gate.brought(self.sender.id, self.circle.id, &id).ok()?);
            let name = brought.map_or_else(|| id.to_owned(), |brought| name_of(&brought.raw, id));
            (id.to_owned(), name, typed.drop.iter().any(|gone| gone == id))
        });
        let is_first = typed.at.is_empty();
        let other = |(circle, _): (&Circle, Terms)| {
            let is_chosen = is_first || typed.circles.contains(&circle.handle);
            (circle.handle.clone(), circle.title.clone(), is_chosen)
        };
        EditPage {
            frame: pages.frame(book, viewer, viewer.say("Edit", "고치기")),
            circle: self.circle.handle.clone(),
            id: self.id.to_string(),
            name,
            sender: if viewer.is_operator() { self.sender.name.clone() } else { String::new() },
            texts: fields(object_type).iter().map(text).collect(),
            is_indicator: object_type == "indicator",
            is_list: is_list(object_type),
            has_versions: self.value.get("modified").is_some(),
            marks: marks.to_vec(),
            named: named.collect(),
            others: self.others(pages, book).into_iter().map(other).collect(),
            faults: Vec::new(),
            lines: Vec::new(),
            changes: Vec::new(),
            gets: Vec::new(),
            was_signed: false,
            is_ready: false,
            done: None,
            withdrawn: None,
            typed,
        }
    }
}

pub(super) async fn form(
    State(pages): Shared,
    who: Who,
    Path((circle, object)): Path<(String, String)>,
) -> Response {
    making(move || {
        let (viewer, book) = (Viewer::of(who), pages.gate.book());
        match subject(&pages, &book, &viewer, (&circle, &object)) {
            Ok(Some(subject)) => {
                let typed = Typed::begin(&subject.value, subject.id.object_type(), subject.brought.version);
                render(&subject.page(&pages, &viewer, &book, typed))
            }
            Ok(None) => absent(),
            Err(error) => broken(&error),
        }
    })
    .await
}

pub(super) async fn take(
    State(pages): Shared,
    who: Who,
    Path((circle, object)): Path<(String, String)>,
    Sent(fields): Sent<Vec<(String, String)>>,
) -> Response {
    making(move || {
        let (viewer, book) = (Viewer::of(who), pages.gate.book());
        match subject(&pages, &book, &viewer, (&circle, &object)) {
            Ok(Some(subject)) if subject.value.get("modified").is_some() => {
                edited(&pages, &viewer, &book, &subject, Typed::of(fields))
            }
            Ok(_) => absent(),
            Err(error) => broken(&error),
        }
    })
    .await
}

/// Shows what would become of it, or sends what was shown.
fn edited(
    pages: &Arc<Pages>,
    viewer: &Viewer,
    book: &Book,
    subject: &Subject<'_>,
    mut typed: Typed,
) -> Response {
    let now = (pages.now)();
    // A version follows the one before it, also where a clock is behind.
    let follows = Timestamp::from_micros(subject.brought.version.micros().saturating_add(1_000));
    let at = draft::shown_at(&typed.at, now).unwrap_or(now).max(follows);
    let is_asked = typed.act == "send";
    typed.at = at.to_string();
    let (was_shown, seal) = (typed.shown == typed.seal(), typed.seal());
    typed.shown = seal;
    let version = subject.brought.version.to_string();
    let is_overtaken = typed.was != version;
    let (mut faults, mut lines) = (Vec::new(), Vec::new());
    if is_overtaken {
        faults.push(draft::fault(
            "A newer version has come since. Open the page anew: it begins with what that one says.",
            "그 사이에 새 판이 들어왔습니다. 화면을 새로 열면 그 판의 내용에서 시작합니다.",
        ));
    }
    let is_list = is_list(subject.id.object_type());
    let added = match is_list && !typed.values.trim().is_empty() {
        true => {
            let options = Options {
                source: Some(subject.sender.handle.clone()),
                tlp: typed.tlp.parse().ok(),
                confidence: typed.confidence.trim().parse().ok(),
                labels: draft::labels(&typed.labels),
                ..Options::new(at)
            };
            draft::values(&typed.values, &options, None, &mut lines, &mut faults)
        }
        false => Vec::new(),
    };
    let ids: Vec<String> = added.iter().map(|object| object.head.id.to_string()).collect();
    let made = change(&subject.brought.raw, &typed, &ids, at).map_err(|found| faults.extend(found)).ok();
    let made = made.and_then(|made| match read_head(&made.raw) {
        Ok(head) => Some((made, head)),
        Err(error) => {
            faults.push(draft::fault(&error.to_string(), &error.to_string()));
            None
        }
    });
    let others = subject.others(pages, book);
    let chosen = others.into_iter().filter(|(circle, _)| typed.circles.contains(&circle.handle));
    let here = std::iter::once((subject.circle, subject.brought.terms.clone()));
    let all: Vec<(&Circle, Terms)> = here.chain(chosen).collect();
    let mut page = subject.page(pages, viewer, book, typed);
    page.lines = lines;
    if let Some((made, head)) = made.filter(|_| faults.is_empty()) {
        // A ceiling that came with the old mark goes with it.
        let anew = |terms: Terms| Terms {
            ceiling: made.tlp.or(terms.ceiling).filter(|_| terms.ceiling.is_some()),
            ..terms
        };
        let parts: Vec<(_, Terms)> =
            all.into_iter().map(|(circle, terms)| (circle.id, anew(terms))).collect();
        let parts = || parts.iter().map(|(id, terms)| (*id, terms));
        let value: Value = serde_json::from_str(&made.raw).unwrap_or_default();
        page.changes = versions::changes(&subject.value, &value);
        page.changes.retain(|change| change.property != "modified");
        page.was_signed = made.was_signed;
        let objects: Vec<Submission> =
            added.into_iter().chain([Submission { raw: made.raw, head }]).collect();
        if page.changes.is_empty() && objects.len() == 1 {
            faults.push(draft::fault("Nothing is changed.", "바뀐 것이 없습니다."));
        } else if is_asked && was_shown {
            let sender = subject.sender;
            page.done = Some(pages.sent(viewer, book, by(viewer, sender), parts(), &objects, now));
        } else {
            match pages.gets(viewer, book, subject.sender, parts(), &objects, now) {
                Ok(gets) => (page.gets, page.is_ready) = (gets, true),
                Err(error) => return broken(&error),
            }
            if is_asked {
                faults.push(draft::fault(
                    "This is not what was shown. Look at what would change, and send it then.",
                    "보여 드린 것과 다릅니다. 무엇이 바뀌는지 다시 확인한 뒤 보내십시오.",
                ));
            }
        }
    }
    page.faults = faults.iter().map(|(english, korean)| viewer.say(english, korean).to_owned()).collect();
    render(&page)
}

/// Why something is withdrawn.
#[derive(Deserialize)]
pub(super) struct Why {
    #[serde(default)]
    reason: String,
}

/// Characters of a reason.
const REASON_CHARS_MAX: usize = 2_000;

pub(super) async fn withdraw(
    State(pages): Shared,
    who: Who,
    Path((circle, object)): Path<(String, String)>,
    Sent(why): Sent<Why>,
) -> Response {
    let reason = why.reason.trim().chars().take(REASON_CHARS_MAX).collect::<String>();
    making(move || {
        let (viewer, book) = (Viewer::of(who), pages.gate.book());
        let subject = match subject(&pages, &book, &viewer, (&circle, &object)) {
            Ok(Some(subject)) => subject,
            Ok(None) => return absent(),
            Err(error) => return broken(&error),
        };
        let typed = Typed::begin(&subject.value, subject.id.object_type(), subject.brought.version);
        let mut page = subject.page(&pages, &viewer, &book, typed);
        if reason.is_empty() {
            let fault = viewer.say("Say why it is withdrawn.", "철회하는 까닭을 적으십시오.");
            page.faults.push(fault.to_owned());
            return render(&page);
        }
        let ids = std::slice::from_ref(&subject.id);
        match pages.gate.withdraw(subject.sender.id, subject.circle.id, ids, &reason) {
            Ok(told) => match told.first() {
                Some(Submitted::Appended { .. } | Submitted::Present) => page.withdrawn = Some(reason),
                other => {
                    let what = other.and_then(Submitted::complaint);
                    page.faults.push(what.unwrap_or_else(|| {
                        viewer.say("It could not be withdrawn.", "철회하지 못했습니다.").to_owned()
                    }));
                }
            },
            Err(error) => page.faults.push(error.to_string()),
        }
        render(&page)
    })
    .await
}
