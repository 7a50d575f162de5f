//! Circles, and for each member what it got and what was held back.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use gate::Explanation;
use line::LineId;
use policy::{Caller, Circle, Level};

use super::{Frame, Link, Pages, Shared, Viewer, Who, broken, links, making, render, words};

#[derive(Template)]
#[template(path = "circles.html")]
struct CirclesPage {
    frame: Frame,
    operator: bool,
    circles: Vec<CircleCard>,
    members: Vec<MemberRow>,
}

pub(super) struct CircleCard {
    handle: String,
    title: String,
    purpose: String,
    ceiling: String,
    fires: Option<(u8, String)>,
    members: usize,
    records: u64,
    in_force: bool,
}

struct MemberRow {
    handle: String,
    name: String,
    level: &'static str,
    real: Option<&'static str>,
    clearance: String,
    released: u64,
    redacted: u64,
    held: u64,
    artefacts: Vec<Link>,
}

pub(super) async fn page(State(pages): Shared, who: Who) -> Response {
    making(move || make(&pages, &Viewer::of(who))).await
}

fn make(pages: &Arc<Pages>, viewer: &Viewer) -> Response {
    let book = pages.gate.book();
    let mut circles: Vec<&Circle> = match viewer.caller {
        Caller::Operator => book.circles().collect(),
        Caller::Member(member) => book.circles_of(member),
    };
    circles.sort_by(|a, b| a.handle.cmp(&b.handle));
    let mut cards = Vec::new();
    for circle in circles {
        let fires = match pages.fires(viewer, circle) {
            Ok(fires) => fires,
            Err(error) => return broken(&error),
        };
        cards.push(CircleCard {
            handle: circle.handle.clone(),
            title: circle.title.clone(),
            purpose: circle.purpose.clone(),
            ceiling: circle.ceiling.to_string(),
            fires: fires.map(|fires| (fires.level, words::cause(&viewer.view, &fires.cause))),
            members: match viewer.caller {
                Caller::Operator => circle.members.len(),
                Caller::Member(member) => book.visible_members(member, circle.id).len(),
            },
            records: pages
                .gate
                .store()
                .look(LineId::new(circle.id.uuid()), |c| c.head().0)
                .unwrap_or_default(),
            in_force: circle.in_force((pages.now)()),
        });
    }
    let mut rows = Vec::new();
    for member in pages.members(&book, viewer) {
        let mut sums = [0_u64; 3];
        for reader in pages.readers(viewer, member.id, member.level) {
            let told = match reader.explain(None, 0, 0) {
                Ok(told) => told,
                Err(error) => return broken(&error),
            };
            for (sum, counts) in sums.iter_mut().zip([&told.released, &told.redacted, &told.held]) {
                *sum += Explanation::sum(counts);
            }
        }
        let [released, redacted, held] = sums;
        rows.push(MemberRow {
            handle: member.handle.clone(),
            name: member.name.clone(),
            level: member.level.name(),
            real: pages.gate.standing(member.id).real((pages.now)()).map(Level::name),
            clearance: member.clearance.to_string(),
            released: released + redacted,
            redacted,
            held,
            artefacts: links(viewer, &Pages::artefact_root(viewer, member), member.level),
        });
    }
    let operator = viewer.is_operator();
    render(&CirclesPage {
        operator,
        frame: pages.frame(&book, viewer, viewer.say("Circles and members", "서클과 회원")),
        circles: cards,
        members: rows,
    })
}
