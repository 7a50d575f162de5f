//! One member: what it gets in which form, and, for an operator, what was held back by which rule.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use deliver::list::{self, Form};
use deliver::{Ask, DeliverError, Gathered, advisory};
use gate::Explanation;
use line::LineId;
use policy::{Level, Member};

use super::guard::Kept;
use super::held::{self, Row};
use super::used::{self, Used};
use super::{Frame, Pages, Shared, Viewer, Who, about_member, render, words};

/// Held objects and values shown here; the rest is on a page of its own.
const HELD_MAX: usize = 20;

#[derive(Template)]
#[template(path = "member.html")]
struct MemberPage {
    frame: Frame,
    operator: bool,
    handle: String,
    name: String,
    does: &'static str,
    level: &'static str,
    clearance: String,
    country: Option<String>,
    language: String,
    assets: Vec<String>,
    zone: Option<String>,
    artefacts: Vec<Shown>,
    circles: Vec<InCircle>,
    used: Used,
    held: Vec<Row>,
    held_caption: String,
    /// Whether what it may act on is at hand.
    is_at_hand: bool,
    guarded: Vec<Kept>,
    guarded_caption: String,
}

pub(super) struct Shown {
    pub(super) form: &'static str,
    pub(super) href: String,
    pub(super) text: String,
    pub(super) entries: String,
}

struct InCircle {
    handle: String,
    title: String,
    /// How much was released, and how much of it was redacted; for operators, how much was held back.
    told: String,
    rules: Vec<RuleRow>,
}

struct RuleRow {
    held: bool,
    code: &'static str,
    meaning: &'static str,
    count: u64,
}

pub(super) async fn page(State(pages): Shared, who: Who, Path(handle): Path<String>) -> Response {
    about_member(pages, who, handle, make).await
}

fn make(pages: &Pages, viewer: &Viewer, member: &Member) -> Result<Response, DeliverError> {
    let is_at_hand = is_at_hand(pages, viewer, member)?;
    let book = pages.gate.book();
    let (mut circles, mut rows, mut held_total) = (Vec::new(), Vec::new(), 0);
    for reader in pages.readers(viewer, member.id, member.level) {
        let Some(circle) = book.circle(reader.request().circle) else { continue };
        let told = reader.explain(None, 0, HELD_MAX - rows.len().min(HELD_MAX))?;
        let line = LineId::new(circle.id.uuid());
        rows.extend(held::rows(&pages.gate, &viewer.view, line, &circle.handle, &told.items)?);
        held_total += Explanation::sum(&told.held);
        circles.push(in_circle(viewer, circle.handle.clone(), circle.title.clone(), &told));
    }
    let form = member.level.min(Level::List);
    let guarded = is_at_hand.then(|| pages.deliver.gather(member.id, form, viewer.encrypted)).transpose()?;
    let guarded_len = guarded.as_ref().map_or(0, Gathered::held_len);
    let held_shown = rows.len();
    Ok(render(&MemberPage {
        frame: pages.frame(&book, viewer, member.name.clone()),
        operator: viewer.is_operator(),
        handle: member.handle.clone(),
        name: member.name.clone(),
        does: words::does(&viewer.view, member.level),
        level: member.level.name(),
        clearance: member.clearance.to_string(),
        country: member.country.clone(),
        language: member.language.clone(),
        assets: member.own_assets.clone(),
        zone: pages
            .zone_origin
            .as_ref()
            .filter(|_| member.level >= Level::Block)
            .map(|origin| deliver::zone::name_of(&member.handle, origin)),
        artefacts: match circles.is_empty() {
            true => Vec::new(),
            false => artefacts(pages, viewer, member, is_at_hand)?,
        },
        is_at_hand,
        circles,
        used: used::of(pages, viewer, &book, member)?,
        held: rows,
        held_caption: some_of(viewer, held_shown, held_total),
        guarded_caption: some_of(viewer, guarded_len.min(HELD_MAX), guarded_len as u64),
        guarded: guarded
            .iter()
            .flat_map(|guarded| guarded.held(0).take(HELD_MAX))
            .map(|held| Kept::of(&held, &viewer.view))
            .collect(),
    }))
}

/// How many of how many are shown.
fn some_of(viewer: &Viewer, shown: usize, all: u64) -> String {
    viewer.view.tell("{} of {}", "{1}건 중 {0}건", &[&shown, &all])
}

fn in_circle(viewer: &Viewer, handle: String, title: String, told: &Explanation) -> InCircle {
    let row = |held: bool| {
        move |count: &gate::Count| RuleRow {
            held,
            code: count.rule.code(),
            meaning: words::rules::rule(&viewer.view, count.rule),
            count: count.objects,
        }
    };
    let out = told.released.iter().chain(&told.redacted).map(row(false));
    let redacted = Explanation::sum(&told.redacted);
    let (released, held) = (Explanation::sum(&told.released) + redacted, Explanation::sum(&told.held));
    let (english, korean) = match viewer.is_operator() {
        true => (
            "{} released, {} of them redacted, {} held back.",
            "전달 {}건, 그 가운데 가린 것 {}건, 보류 {}건",
        ),
        false => ("{} released, {} of them redacted.", "전달 {}건, 그 가운데 가린 것 {}건"),
    };
    InCircle {
        handle,
        title,
        told: viewer.view.tell(english, korean, &[&released, &redacted, &held]),
        rules: out.chain(told.held.iter().map(row(true))).collect(),
    }
}

/// Whether what a page counts of a member is at hand.
pub(super) fn is_at_hand(pages: &Pages, viewer: &Viewer, member: &Member) -> Result<bool, DeliverError> {
    pages.deliver.is_at_hand(member.id, member.level.min(Level::Detect), viewer.encrypted)
}

/// What a member gets, and how much is in it if that is at hand.
pub(super) fn artefacts(
    pages: &Pages,
    viewer: &Viewer,
    member: &Member,
    is_at_hand: bool,
) -> Result<Vec<Shown>, DeliverError> {
    let (deliver, root) = (&pages.deliver, Pages::artefact_root(viewer, member));
    let say = |english: &str, korean: &str| viewer.say(english, korean).to_owned();
    let mut asks = vec![
        (Ask::Advisory(advisory::Form::Html, None), say("Advisory", "권고문")),
        (Ask::Advisory(advisory::Form::Pdf, None), say("Advisory to print", "인쇄용 권고문")),
        (Ask::Advisory(advisory::Form::Text, None), say("Advisory as text", "텍스트 권고문")),
        (
            Ask::List(None, Form::Csv),
            say("All values with what is known of them (CSV)", "모든 값과 그에 관해 알려진 것(CSV)"),
        ),
    ];
    asks.extend(list::KINDS.map(|kind| {
        let text = format!("{}: {}", viewer.say("List", "목록"), words::kind(&viewer.view, kind));
        (Ask::List(Some(kind), Form::Plain), text)
    }));
    asks.extend([
        (Ask::Zone, say("Response-policy zone", "DNS 대응 정책 영역(RPZ)")),
        (Ask::Nftables, say("Firewall table for nftables", "nftables 방화벽 표")),
        (Ask::Suricata, say("Suricata rules", "Suricata 탐지 규칙")),
        (Ask::SuricataFiles, say("Suricata rules for files", "Suricata 파일 탐지 규칙")),
        (Ask::Zeek, say("Zeek intelligence", "Zeek 침해지표")),
        (Ask::Watch, say("Watch file for bongsu hunt", "bongsu hunt용 감시 파일")),
        (Ask::Sigma, say("Sigma rules", "Sigma 탐지 규칙")),
    ]);
    let mut shown = Vec::new();
    for (ask, text) in asks.into_iter().filter(|(ask, _)| ask.level() <= member.level) {
        let entries = is_at_hand.then(|| deliver.holds(member.id, ask, viewer.encrypted)).transpose()?;
        // A list of nothing is no news; that a zone is empty is.
        if entries != Some(0) || !matches!(ask, Ask::List(Some(_), _)) {
            let entries = entries.map_or_else(|| "…".to_owned(), |entries| entries.to_string());
            let form = ask.level().name();
            let language = match ask {
                Ask::Advisory(..) => viewer.advisory_language(member),
                _ => String::new(),
            };
            shown.push(Shown { form, href: format!("{root}/{ask}{language}"), text, entries });
        }
    }
    if member.level == Level::Exchange {
        let href = root.strip_suffix("/d").unwrap_or_default().to_owned();
        shown.push(Shown {
            form: Level::Exchange.name(),
            href: format!("{href}/api/collections/"),
            text: say("TAXII 2.1 collections", "TAXII 2.1 컬렉션"),
            entries: String::new(),
        });
    }
    Ok(shown)
}
