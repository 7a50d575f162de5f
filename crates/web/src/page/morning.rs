//! The first page of the day: what burns, what needs a decision, what to do today, and what has come since the last visit.
//!
//! When this browser was here last stands in a cookie of its own. All else follows from what other pages show, and leads there.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use gate::AskRole;
use line::{Added, LineId, Seq, StorageError};
use policy::{AskState, Book, Caller, Circle, Level, Member, MemberId, Right, SignatureState};
use stix::{ObjectId, Timestamp};

use super::contacts::DAY_MICROS;
use super::object::sight::Sight;
use super::view::{At, keep};
use super::{Frame, Pages, Shared, Viewer, Who, broken, making, name_of, objects, render, words};
use crate::auth::session::cookie;

/// The cookie.
const COOKIE: &str = "bongsu-visit";
/// After so long without a look at this page, the next is another visit.
const APART_MICROS: i64 = 30 * 60 * 1_000_000;
/// Objects that are counted of each circle, the newest.
const COUNTED: u64 = 1_000;
/// Objects that are shown of each circle, the newest.
const SHOWN: usize = 8;
/// Actions that are shown of those that partners recommend.
const ACTIONS: usize = 5;
/// Members that are named as behind.
const BEHIND: usize = 5;

#[derive(Template)]
#[template(path = "morning.html")]
struct MorningPage {
    frame: Frame,
    since: At,
    is_first: bool,
    decisions: Vec<Todo>,
    today: Vec<Todo>,
    actions: Vec<(String, String)>,
    circles: Vec<CircleNews>,
    has_circles: bool,
    /// Whether whoever looks may share.
    may_share: bool,
}

/// Something to decide or to do.
struct Todo {
    text: String,
    href: String,
    is_pressing: bool,
}

/// What burns in a circle and what has come.
struct CircleNews {
    handle: String,
    title: String,
    fires: Option<(u8, String)>,
    /// How many objects have come, and whether there are more than were counted.
    came: usize,
    is_more: bool,
    types: Vec<(String, usize)>,
    newest: Vec<Row>,
    /// How many of those that are shown carry a signature that does not hold.
    broken: usize,
}

struct Row {
    href: String,
    object_type: String,
    name: String,
    added: At,
}

/// When this browser was here before, and what its cookie is to say.
struct Visit {
    before: Option<Timestamp>,
    value: String,
}

impl Visit {
    fn of(headers: &HeaderMap, now: Timestamp) -> Self {
        let kept = cookie(headers, COOKIE).and_then(|value| value.split_once('.'));
        let time = |text: &str| text.parse().ok().filter(|micros| (0..=now.micros()).contains(micros));
        let kept: Option<(i64, i64)> = kept.and_then(|(before, last)| Some((time(before)?, time(last)?)));
        let before =
            kept.map(|(before, last)| if now.micros() - last > APART_MICROS { last } else { before });
        let value = format!("{}.{}", before.unwrap_or(now.micros()), now.micros());
        Self { before: before.map(Timestamp::from_micros), value }
    }
}

pub(super) async fn page(State(pages): Shared, who: Who, headers: HeaderMap) -> Response {
    let visit = Visit::of(&headers, (pages.now)());
    let encrypted = who.channel.encrypted;
    let is_looked_at = who.channel.looked_at;
    let made = move || make(&pages, &Viewer::of(who), is_looked_at, visit.before);
    let response = making(move || made().unwrap_or_else(|error| broken(&error))).await;
    keep(response, COOKIE, &visit.value, encrypted)
}

fn make(
    pages: &Arc<Pages>,
    viewer: &Viewer,
    is_looked_at: bool,
    before: Option<Timestamp>,
) -> Result<Response, Box<dyn std::error::Error>> {
    let (book, now) = (pages.gate.book(), (pages.now)());
    let since = before.unwrap_or_else(|| Timestamp::from_micros(now.micros().saturating_sub(DAY_MICROS)));
    let own = objects::circles(&book, viewer);
    let circles = own.iter().map(|circle| pages.news(viewer, &book, circle, since));
    let circles = circles.collect::<Result<Vec<CircleNews>, StorageError>>()?;
    let mut decisions = pages.decisions(viewer, &book, is_looked_at, now)?;
    decisions.extend(circles.iter().filter(|circle| circle.broken > 0).map(|circle| Todo {
        text: format!(
            "{}: {}",
            circle.title,
            counted(
                viewer,
                circle.broken,
                "{} new object has a signature that does not hold",
                "{} new objects have a signature that does not hold",
                "서명이 맞지 않는 새 객체 {}건"
            )
        ),
        href: format!("/objects?circle={}", circle.handle),
        is_pressing: true,
    }));
    let (today, actions) = match viewer.caller {
        Caller::Member(member) => {
            let actions = pages.deliver.actions(member, viewer.encrypted)?;
            let actions =
                actions.into_iter().take(ACTIONS).map(|action| (action.name, action.text)).collect();
            (
                book.member(member).map_or(Ok(Vec::new()), |member| pages.own_tasks(viewer, member, now))?,
                actions,
            )
        }
        Caller::Operator => (pages.tasks(viewer, &book, now)?, Vec::new()),
    };
    Ok(render(&MorningPage {
        frame: pages.frame(&book, viewer, viewer.say("Today", "오늘")),
        since: viewer.view.at(since),
        is_first: before.is_none(),
        decisions,
        today,
        actions,
        has_circles: !circles.is_empty(),
        may_share: !circles.is_empty() && viewer.actor.rights.has(Right::Write),
        circles,
    }))
}

/// A number of things: one, several, and both in Korean, where `{}` stands for the number.
fn counted(viewer: &Viewer, many: usize, one: &str, several: &str, korean: &str) -> String {
    viewer.view.tell(if many == 1 { one } else { several }, korean, &[&many])
}

impl Pages {
    /// What has come into a circle since then, as far as the viewer sees it.
    fn news(
        &self,
        viewer: &Viewer,
        book: &Book,
        circle: &Circle,
        since: Timestamp,
    ) -> Result<CircleNews, StorageError> {
        let line = LineId::new(circle.id.uuid());
        let (from, head) = self
            .gate
            .store()
            .look(line, |catalogue| (catalogue.until(Added(since.micros())), catalogue.head()))
            .unwrap_or_default();
        let near = Seq(head.0.saturating_sub(COUNTED));
        let after = from.max(near);
        let (mut found, mut next) = (Vec::new(), Some(after));
        while let Some(after) = next {
            let (more, further) = match viewer.caller {
                Caller::Operator => objects::of_line(self, circle, "", after)?,
                Caller::Member(member) => objects::of_member(self, viewer, member, circle, "", after)?,
            };
            found.extend(more);
            next = further;
        }
        let mut types: BTreeMap<&str, usize> = BTreeMap::new();
        for object in &found {
            *types.entry(object.id.object_type()).or_default() += 1;
        }
        let mut types: Vec<(String, usize)> =
            types.into_iter().map(|(name, many)| (name.to_owned(), many)).collect();
        types.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let mut broken = 0;
        for object in &found {
            let state = objects::provenance(self, viewer, book, circle, object)?.state();
            broken += usize::from(state == SignatureState::Broken);
        }
        let shown = || found.iter().rev().take(SHOWN);
        let seen = self.what_was_seen(viewer, circle, shown())?;
        let row = |object: &gate::Object| {
            let id = object.id.to_string();
            let name = seen.get(&object.id).map(|what| {
                let (english, korean) = (format!("{what} was seen"), format!("{what} 목격"));
                viewer.say(&english, &korean).to_owned()
            });
            Row {
                href: format!("/objects/{}/{id}", circle.handle),
                object_type: object.id.object_type().to_owned(),
                name: name.unwrap_or_else(|| name_of(&object.raw, &id)),
                added: viewer.view.at(object.added.timestamp()),
            }
        };
        let fires = self.fires(viewer, circle)?;
        Ok(CircleNews {
            handle: circle.handle.clone(),
            title: circle.title.clone(),
            fires: fires.map(|fires| (fires.level, words::cause(&viewer.view, &fires.cause))),
            came: found.len(),
            is_more: from < near,
            types,
            newest: shown().map(row).collect(),
            broken,
        })
    }

    /// The names of what sightings are of, as far as the viewer sees it.
    fn what_was_seen<'o>(
        &self,
        viewer: &Viewer,
        circle: &Circle,
        objects: impl Iterator<Item = &'o gate::Object>,
    ) -> Result<BTreeMap<ObjectId, String>, StorageError> {
        let of = |object: &gate::Object| {
            let of = stix::head::property(&object.raw, "sighting_of_ref")?;
            Some((object.id.clone(), ObjectId::parse(&of).ok()?))
        };
        let of: Vec<(ObjectId, ObjectId)> =
            objects.filter(|object| object.id.object_type() == "sighting").filter_map(of).collect();
        let sight = Sight::of(self, viewer, circle);
        let all = sight.newest(of.iter().map(|(_, of)| of.clone()).collect())?;
        let name = |id: &ObjectId| {
            let seen = all.iter().find(|one| one.id == *id)?;
            Some(name_of(&seen.raw, &id.to_string()))
        };
        Ok(of.iter().filter_map(|(sighting, of)| Some((sighting.clone(), name(of)?))).collect())
    }

    /// What waits for somebody's decision.
    fn decisions(
        &self,
        viewer: &Viewer,
        book: &Book,
        is_looked_at: bool,
        now: Timestamp,
    ) -> Result<Vec<Todo>, Box<dyn std::error::Error>> {
        let mut all = Vec::new();
        let mut add = |many: usize, is_pressing: bool, href: String, text: String| {
            if many > 0 {
                all.push(Todo { text, href, is_pressing });
            }
        };
        if let Caller::Member(member) = viewer.caller {
            let waits =
                if is_looked_at { gate::Waits::default() } else { self.gate.parcels_waiting(member, now) };
            add(
                waits.parcels,
                true,
                "/releases".to_owned(),
                counted(
                    viewer,
                    waits.parcels,
                    "{} release waits for a second person of yours",
                    "{} releases wait for a second person of yours",
                    "두 번째 담당자의 승인을 기다리는 배포 {}건",
                ),
            );
        }
        let asks = self.gate.asks(viewer.caller, now);
        let open =
            asks.iter().filter(|ask| ask.state == AskState::Open && ask.role != AskRole::Asker).count();
        add(
            open,
            true,
            "/asks".to_owned(),
            counted(
                viewer,
                open,
                "{} ask for a wider release waits for an answer",
                "{} asks for a wider release wait for an answer",
                "답을 기다리는 공개 범위 확대 요청 {}건",
            ),
        );
        let (_, notices) = self.transit.counts(match viewer.caller {
            Caller::Member(member) => Some(member),
            Caller::Operator => None,
        })?;
        add(
            notices,
            false,
            "/region/notices".to_owned(),
            counted(
                viewer,
                notices,
                "{} notice waits for a takedown",
                "{} notices wait for a takedown",
                "차단을 기다리는 요청 {}건",
            ),
        );
        if !viewer.is_operator() {
            return Ok(all);
        }
        let left = if viewer.actor.rights.has(Right::Admin) { self.steps_left(viewer, book)? } else { 0 };
        add(
            left,
            false,
            "/start".to_owned(),
            counted(
                viewer,
                left,
                "{} of the first steps is left",
                "{} of the first steps are left",
                "처음 설정 가운데 {}가지가 남았습니다",
            ),
        );
        for circle in book.circles() {
            let many = self.gate.quarantine_count(circle.id)?;
            add(
                many,
                false,
                format!("/circles/{}/quarantine", circle.handle),
                format!(
                    "{}: {}",
                    circle.title,
                    counted(
                        viewer,
                        many,
                        "{} object in quarantine waits for a decision",
                        "{} objects in quarantine wait for a decision",
                        "검역 중 결정을 기다리는 객체 {}건",
                    )
                ),
            );
        }
        let steps = self.deliver.steps()?.iter().filter(|step| step.waiting > 0).count();
        add(
            steps,
            true,
            "/steps".to_owned(),
            counted(
                viewer,
                steps,
                "{} sudden growth is held until you look at it",
                "{} sudden growths are held until you look at them",
                "확인할 때까지 보류된 대량 변경 {}건",
            ),
        );
        for case in self.cases.all()?.iter().filter(|case| case.closed.is_none()) {
            let waiting = case.figures().waiting;
            add(
                waiting,
                true,
                format!("/cases/{}", case.handle),
                format!(
                    "{}: {}",
                    case.definition.title,
                    counted(
                        viewer,
                        waiting,
                        "{} request to freeze has no answer",
                        "{} requests to freeze have no answer",
                        "답이 없는 동결 요청 {}건",
                    )
                ),
            );
        }
        let register = self.region.register()?;
        for call in register.calls().iter().rev().filter(|call| call.closed.is_none()) {
            let (reached, asked) = call.score();
            add(
                asked - reached.min(asked),
                true,
                format!("/drills/{}", call.number),
                counted(
                    viewer,
                    asked - reached.min(asked),
                    "{} contact was called and has not answered",
                    "{} contacts were called and have not answered",
                    "호출에 답하지 않은 창구 {}곳",
                ),
            );
        }
        Ok(all)
    }

    /// What a member does today.
    fn own_tasks(
        &self,
        viewer: &Viewer,
        member: &Member,
        now: Timestamp,
    ) -> Result<Vec<Todo>, Box<dyn std::error::Error>> {
        let mut all = Vec::new();
        let wanted = if member.level == Level::Read { Level::Read } else { Level::List };
        let root = Self::artefact_root(viewer, member);
        let mut read = |text: String| {
            let href = format!("{root}/advisory.html{}", viewer.advisory_language(member));
            all.push(Todo { text, href, is_pressing: false });
        };
        match self.deliver.is_at_hand(member.id, wanted, viewer.encrypted)? {
            true => match self.deliver.gather(member.id, wanted, viewer.encrypted)?.len() {
                0 => {}
                values => read(counted(
                    viewer,
                    values,
                    "{} value to look for or refuse: read the advisory",
                    "{} values to look for or refuse: read the advisory",
                    "찾거나 차단할 값 {}개: 권고문을 읽으십시오",
                )),
            },
            false => read(
                viewer
                    .say(
                        "values to look for or refuse: read the advisory",
                        "찾거나 차단할 값: 권고문을 읽으십시오",
                    )
                    .to_owned(),
            ),
        }
        let missing = self.missing(viewer, member.id, now)?;
        if missing > 0 && member.level > Level::Read {
            let text = counted(
                viewer,
                missing,
                "{} object that you may have was not fetched",
                "{} objects that you may have were not fetched",
                "받을 수 있으나 아직 가져가지 않은 객체 {}건",
            );
            all.push(Todo { text, href: format!("/members/{}/missing", member.handle), is_pressing: true });
        }
        let real = self.gate.standing(member.id).real(now);
        if member.level > Level::Read && real.is_none_or(|real| real < member.level) {
            let real = real.map_or_else(|| viewer.say("no use", "없음"), Level::name);
            let text = viewer.view.tell(
                "You are offered the level {}, and your receipts show {}: see what is missing",
                "{} 단계를 쓸 수 있으나 실제 사용은 {}입니다: 빠진 것을 확인하십시오",
                &[&member.level.name(), &real],
            );
            all.push(Todo { text, href: format!("/members/{}/test", member.handle), is_pressing: false });
        }
        Ok(all)
    }

    /// What operators look after today: members that do not get what they should.
    fn tasks(
        &self,
        viewer: &Viewer,
        book: &Book,
        now: Timestamp,
    ) -> Result<Vec<Todo>, Box<dyn std::error::Error>> {
        let mut behind: Vec<(usize, &Member)> = Vec::new();
        for member in book.members().filter(|member| !member.ended && member.level > Level::Read) {
            let missing = self.missing(viewer, member.id, now)?;
            if missing > 0 {
                behind.push((missing, member));
            }
        }
        behind.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.handle.cmp(&b.1.handle)));
        let todo = |(missing, member): (usize, &Member)| Todo {
            text: format!(
                "{}: {}",
                member.name,
                counted(
                    viewer,
                    missing,
                    "{} object was not fetched",
                    "{} objects were not fetched",
                    "가져가지 않은 객체 {}건",
                )
            ),
            href: format!("/members/{}/missing", member.handle),
            is_pressing: false,
        };
        Ok(behind.into_iter().take(BEHIND).map(todo).collect())
    }

    fn missing(&self, viewer: &Viewer, member: MemberId, now: Timestamp) -> Result<usize, StorageError> {
        Ok(self.gate.lags(member, viewer.encrypted, now)?.iter().map(|lag| lag.missing).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::super::view::{Language, View};
    use super::*;
    use crate::auth::Actor;

    #[test]
    fn the_morning_is_said_in_the_ladders_languages() {
        let template = include_str!("../../templates/morning.html");
        for (language, read) in [
            (Language::French, "3 valeurs à rechercher ou à bloquer : lisez l’avis"),
            (Language::Indonesian, "3 nilai yang perlu dicari atau diblokir: bacalah imbauan"),
            (Language::Vietnamese, "3 giá trị cần tìm hoặc chặn: hãy đọc bản cảnh báo"),
        ] {
            let view = Arc::new(View { language, ..View::default() });
            let actor = Actor { person: None, rights: policy::Rights::ALL, session: None };
            let caller = Caller::Member(MemberId::NODE);
            let viewer = Viewer { caller, encrypted: true, actor, view: Arc::clone(&view) };
            let text = counted(
                &viewer,
                3,
                "{} value to look for or refuse: read the advisory",
                "{} values to look for or refuse: read the advisory",
                "찾거나 차단할 값 {}개: 권고문을 읽으십시오",
            );
            let (rooms, doors) = super::super::rooms::around(&viewer, &view);
            let news = CircleNews {
                handle: "c".to_owned(),
                title: "C".to_owned(),
                fires: Some((2, words::cause(&view, &policy::Cause::Seen(4)))),
                came: 0,
                is_more: false,
                types: Vec::new(),
                newest: Vec::new(),
                broken: 0,
            };
            let page = MorningPage {
                since: view.at(Timestamp::from_micros(0)),
                frame: Frame {
                    title: viewer.say("Today", "오늘").to_owned(),
                    view,
                    rooms,
                    doors,
                    ..Frame::default()
                },
                is_first: true,
                decisions: Vec::new(),
                today: vec![Todo { text, href: "/d/advisory.html".to_owned(), is_pressing: false }],
                actions: Vec::new(),
                circles: vec![news],
                has_circles: true,
                may_share: true,
            };
            let html = page.render().unwrap();
            let head = format!("<html lang=\"{}\"", language.tag());
            assert!(html.contains(&head) && html.contains(read), "{html}");
            for (english, _) in words::templates::said(template) {
                // Of more words than one: a single one can be that of another language, or the name of a style.
                assert!(!english.contains(' ') || !html.contains(english), "{english}: {html}");
            }
            assert!(!html.contains("members saw") && !html.contains(">Intelligence<"), "{html}");
        }
    }

    #[test]
    fn a_visit_begins_after_half_an_hour_away() {
        let minute = |number: i64| Timestamp::from_micros(number * 60_000_000);
        let at = |cookie: &str, now| {
            let mut headers = HeaderMap::new();
            headers.insert("cookie", format!("a=1; {cookie}").parse().unwrap());
            Visit::of(&headers, now)
        };
        let told = |visit: &Visit| format!("{COOKIE}={}", visit.value);
        let first = at("x=y", minute(1_000));
        assert_eq!(first.before, None);
        let second = at(&told(&first), minute(1_010));
        assert_eq!(second.before, Some(minute(1_000)));
        let third = at(&told(&second), minute(1_041));
        assert_eq!(third.before, Some(minute(1_010)));
        // What nobody set, and times to come, count for nothing.
        for cookie in
            ["bongsu-visit=1", "bongsu-visit=a.b", "bongsu-visit=0.99999999999999", "bongsu-visit=-1.5"]
        {
            assert_eq!(at(cookie, minute(2_000)).before, None, "{cookie}");
        }
    }
}
