//! What a member opened to whom, and what was opened to it.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use policy::{Book, Caller};
use region::capacity::opening::{Kept, Target};
use region::capacity::words::Language;

use super::super::view::At;
use super::super::{Frame, Pages, Shared, Viewer, Who, broken, making, render};
use super::language;

#[derive(Template)]
#[template(path = "gaps_opened.html")]
struct OpenedPage {
    frame: Frame,
    operator: bool,
    rows: Vec<Line>,
}

struct Line {
    number: u64,
    owner: String,
    to: String,
    kinds: String,
    at: At,
    until: Option<At>,
    act: String,
    /// When it was taken back, and by which act, for its owner.
    withdrawn: Option<(At, String)>,
    state: &'static str,
}

pub(super) async fn page(State(pages): Shared, who: Who) -> Response {
    making(move || {
        let (viewer, book) = (Viewer::of(who), pages.gate.book());
        let language = language(&viewer);
        let register = match pages.capacity.register() {
            Ok(register) => register,
            Err(error) => return broken(&error),
        };
        let openings = register.openings_for(&pages.looking(&book, &viewer));
        render(&OpenedPage {
            frame: pages.frame(&book, &viewer, language.pick(("Opened", "공개 내역"))),
            operator: viewer.is_operator(),
            rows: openings.iter().map(|kept| line(&pages, &viewer, &book, kept.get(), language)).collect(),
        })
    })
    .await
}

fn line(pages: &Pages, viewer: &Viewer, book: &Book, kept: &Kept, language: Language) -> Line {
    let opening = &kept.opening;
    let handle = |id| book.member(id).map(|member| member.handle.clone()).unwrap_or_default();
    // Who was named sees its own name, and whoever sees through a circle is in it.
    let to = match opening.to {
        Target::Member(member) => handle(member),
        Target::Circle(circle) => book.circle(circle).map(|circle| circle.handle.clone()).unwrap_or_default(),
    };
    let is_owner = viewer.is_operator() || viewer.caller == Caller::Member(opening.owner);
    let kinds: Vec<&str> = opening.kinds.iter().map(|kind| kind.words(language)).collect();
    let state = match (&kept.withdrawn, kept.holds((pages.now)())) {
        (_, true) => ("holds", "유효"),
        (Some(_), _) => ("taken back", "철회됨"),
        (None, false) => ("over", "만료됨"),
    };
    Line {
        number: kept.number,
        owner: handle(opening.owner),
        to,
        kinds: if kinds.is_empty() { language.pick(("all", "전부")).to_owned() } else { kinds.join(", ") },
        at: viewer.view.at(kept.at),
        until: opening.until.map(|at| viewer.view.at(at)),
        act: opening.act.clone(),
        withdrawn: kept
            .withdrawn
            .as_ref()
            .filter(|_| is_owner)
            .map(|(at, act)| (viewer.view.at(*at), act.clone())),
        state: language.pick(state),
    }
}
