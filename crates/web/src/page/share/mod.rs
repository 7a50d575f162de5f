//! Share: write an indicator list, a report or an incident; see before it is sent who would get what in which form and what is held back
//! or redacted; send it.
//!
//! It takes two steps, so that it works without scripts: the form is checked and shown, and what was shown is sent, with the same ids and
//! times. What members that the sender does not see would get is not told.

pub(super) mod draft;
pub(super) mod gets;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use gate::Submission;
use policy::{Book, Caller, Circle, Member};
use stix::{Timestamp, Tlp};
use uuid::Uuid;

use self::draft::{Draft, Line, Typed};
use self::gets::{CircleRows, Done, by};
use super::sent::Sent;
use super::{Frame, Pages, Shared, Viewer, Who, absent, broken, making, objects, render, words};

/// Values that are listed with what the guard says.
const LISTED: usize = 200;

#[derive(Template)]
#[template(path = "share.html")]
struct SharePage {
    frame: Frame,
    typed: Typed,
    senders: Vec<(String, String, bool)>,
    circles: Vec<(String, String, String, bool)>,
    marks: Vec<(String, bool)>,
    faults: Vec<String>,
    preview: Option<Preview>,
    /// Whether what is shown can be sent.
    is_ready: bool,
    done: Option<Vec<Done>>,
}

/// What would become of it.
struct Preview {
    lines: Vec<Line>,
    values: Vec<ValueRow>,
    more: usize,
    circles: Vec<CircleRows>,
}

/// A value that would be shared.
struct ValueRow {
    name: String,
    /// What the guard says against it.
    held: Option<String>,
    /// Whether the sender has shared it there already.
    is_known: bool,
}

pub(super) async fn form(State(pages): Shared, who: Who) -> Response {
    making(move || {
        let viewer = Viewer::of(who);
        let typed = Typed { kind: "list".to_owned(), tlp: "TLP:AMBER".to_owned(), ..Typed::default() };
        page(&pages, &viewer, typed).map_or_else(absent, |page| render(&page))
    })
    .await
}

/// Who may be the sender: a member itself; for an operator each member that is in a circle.
fn senders<'b>(pages: &Pages, book: &'b Book, viewer: &Viewer) -> Vec<&'b Member> {
    let mut all = pages.members(book, viewer);
    all.retain(|member| !book.circles_of(member.id).is_empty());
    all.sort_by_key(|member| (std::cmp::Reverse(member.level), member.name.clone()));
    all
}

fn page(pages: &Pages, viewer: &Viewer, typed: Typed) -> Option<SharePage> {
    let book = pages.gate.book();
    let senders = senders(pages, &book, viewer);
    let sender = chosen(&senders, &typed.sender)?;
    let circle = |circle: &&Circle| {
        let is_chosen = typed.has_circle(&circle.handle);
        (circle.handle.clone(), circle.title.clone(), circle.ceiling.to_string(), is_chosen)
    };
    let marks = [Tlp::Clear, Tlp::Green, Tlp::Amber, Tlp::AmberStrict, Tlp::Red].map(|tlp| {
        let text = tlp.to_string();
        let is_chosen = text == typed.tlp;
        (text, is_chosen)
    });
    Some(SharePage {
        frame: pages.frame(&book, viewer, viewer.say("Share", "공유")),
        senders: match viewer.caller {
            Caller::Operator => {
                let one = |one: &&Member| (one.handle.clone(), one.name.clone(), one.id == sender.id);
                senders.iter().map(one).collect()
            }
            Caller::Member(_) => Vec::new(),
        },
        circles: shareable(pages, &book, sender).iter().map(circle).collect(),
        marks: marks.to_vec(),
        faults: Vec::new(),
        preview: None,
        is_ready: false,
        done: None,
        typed,
    })
}

fn chosen<'m>(senders: &[&'m Member], handle: &str) -> Option<&'m Member> {
    let named = senders.iter().find(|member| member.handle == handle);
    if handle.is_empty() { senders.first().copied() } else { named.copied() }
}

/// The circles into which a member may share now.
fn shareable<'b>(pages: &Pages, book: &'b Book, sender: &Member) -> Vec<&'b Circle> {
    let mut circles = book.circles_of(sender.id);
    circles.retain(|circle| pages.gate.may_share(sender.id, circle.id, (pages.now)()).is_ok());
    circles.sort_by(|a, b| a.title.cmp(&b.title));
    circles
}

pub(super) async fn take(
    State(pages): Shared,
    who: Who,
    Sent(fields): Sent<Vec<(String, String)>>,
) -> Response {
    making(move || {
        let (viewer, book) = (Viewer::of(who), pages.gate.book());
        let typed = Typed::of(fields);
        let senders = senders(&pages, &book, &viewer);
        let Some(sender) = chosen(&senders, &typed.sender) else { return absent() };
        let circles = shareable(&pages, &book, sender);
        let now = (pages.now)();
        let Some(chance) = id(&pages, &typed) else { return broken(&"the system gives no random bytes") };
        // What was shown keeps its time, if that is no other than it was a while ago.
        let at = draft::shown_at(&typed.at, now).unwrap_or(now);
        let draft = draft::of(&typed, sender, &circles, (at, chance));
        let is_asked = typed.act == "send";
        let mut typed = Typed { id: chance.to_string(), at: at.to_string(), ..typed };
        let (was_shown, seal) = (typed.shown == typed.seal(), typed.seal());
        typed.shown = seal;
        let is_sent = is_asked && was_shown && draft.faults.is_empty();
        let Some(mut page) = page(&pages, &viewer, typed) else { return absent() };
        page.faults =
            draft.faults.iter().map(|(english, korean)| viewer.say(english, korean).to_owned()).collect();
        let is_changed = is_asked && !was_shown && draft.faults.is_empty();
        if is_sent {
            let parts = draft.circles.iter().map(|id| (*id, &draft.terms));
            page.done = Some(pages.sent(&viewer, &book, by(&viewer, sender), parts, &draft.objects, now));
        } else if draft.faults.is_empty() {
            match pages.preview(&viewer, &book, sender, draft, now) {
                Ok(preview) => (page.preview, page.is_ready) = (Some(preview), true),
                Err(error) => return broken(&error),
            }
        } else {
            page.preview =
                Some(Preview { lines: draft.lines, values: Vec::new(), more: 0, circles: Vec::new() });
        }
        if is_changed {
            let say = "This is not what was shown. Look at who would get what, and send it then.";
            page.faults.push(
                viewer
                    .say(say, "보여 드린 것과 다릅니다. 누가 무엇을 받는지 다시 확인한 뒤 보내십시오.")
                    .to_owned(),
            );
        }
        render(&page)
    })
    .await
}

/// The id for a report: that which was shown, else a new one.
fn id(pages: &Pages, typed: &Typed) -> Option<Uuid> {
    let shown = typed.id.parse::<Uuid>().ok().filter(|id| id.get_version_num() == 4);
    shown.or_else(|| {
        let drawn = (pages.auth.chance)()?;
        let bytes = <[u8; 16]>::try_from(drawn.get(..16)?).ok()?;
        Some(uuid::Builder::from_random_bytes(bytes).into_uuid())
    })
}

impl Pages {
    fn preview(
        &self,
        viewer: &Viewer,
        book: &Book,
        sender: &Member,
        draft: Draft,
        now: Timestamp,
    ) -> Result<Preview, Box<dyn std::error::Error>> {
        let parts = draft.circles.iter().map(|id| (*id, &draft.terms));
        let circles = self.gets(viewer, book, sender, parts, &draft.objects, now)?;
        // The guard is asked as for what the sender gets itself: whose assets others protect elsewhere is not told.
        let trial = self.deliver.trial(book, sender.id);
        let known = self.known(viewer, book, sender, &draft)?;
        let value = |object: &Submission| ValueRow {
            name: super::name_of(&object.raw, &object.head.id.to_string()),
            held: trial
                .of(&object.raw, &object.head)
                .held
                .first()
                .map(|held| words::rules::hold(&viewer.view, &held.hold)),
            is_known: known.contains(&object.head.id.to_string()),
        };
        let is_value = |object: &&Submission| object.head.object_type() == "indicator";
        let all: Vec<&Submission> = draft.objects.iter().filter(is_value).collect();
        Ok(Preview {
            values: all.iter().take(LISTED).map(|object| value(object)).collect(),
            more: all.len().saturating_sub(LISTED),
            lines: draft.lines,
            circles,
        })
    }

    /// Which of the objects the sender sees in one of the circles already.
    fn known(
        &self,
        viewer: &Viewer,
        book: &Book,
        sender: &Member,
        draft: &Draft,
    ) -> Result<std::collections::HashSet<String>, line::StorageError> {
        let mut known = std::collections::HashSet::new();
        for circle in draft.circles.iter().filter_map(|id| book.circle(*id)) {
            let Some(reader) = objects::reader(self, viewer, sender.id, circle, sender.level) else {
                continue;
            };
            let ids = draft::ids(&draft.objects);
            let query = gate::Query { limit: ids.len(), ids, ..gate::Query::default() };
            known.extend(reader.manifest(&query)?.items.iter().map(|row| row.get().id.to_string()));
        }
        Ok(known)
    }
}
