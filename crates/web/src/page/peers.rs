//! Other nodes, for the node's administrators and auditors: how it stands with each in each circle, and who has signed which
//! agreement; as a page and as JSON.

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use policy::{Agreed, Peer};
use serde::Serialize;
use serde_json::json;
use stix::Timestamp;

use super::view::At;
use super::{Frame, Operator, Pages, Shared, making, render};

/// How it stands with other nodes, as the node knows that exchanges with them.
pub trait Peers: Send + Sync {
    /// With one of them, in each circle that lies on both nodes.
    fn standing(&self, peer: &Peer) -> Vec<Standing>;
}

/// How it stands with one peer in one circle, since the node was started.
#[derive(Debug, Clone, Serialize)]
pub struct Standing {
    /// The circle's short name.
    pub circle: Option<String>,
    /// The version of its agreement that counts here.
    pub version: u32,
    /// Up to which number of the peer's line all was taken.
    pub position: u64,
    /// Up to which number of the own line all was brought, to a peer that can't pull.
    pub pushed: Option<u64>,
    /// Records of the own line that are still to be brought.
    pub to_push: Option<u64>,
    /// When it was asked last with success.
    pub success: Option<String>,
    /// Seconds since then: so old can be what is here.
    pub lag_s: Option<i64>,
    /// Why it failed last, if that was after the last success.
    pub error: Option<String>,
    /// What was added.
    pub added: u64,
    /// What was refused.
    pub refused: u64,
    /// Why something was refused last.
    pub why: Option<String>,
    /// What to do about an error, or about what is refused.
    pub todo: Option<&'static str>,
}

/// What to do about what a peer says, or what is said of it.
#[must_use]
pub fn todo(error: Option<&str>, why: Option<&str>) -> Option<&'static str> {
    both_todo(error, why).map(|(english, _)| english)
}

/// As [`todo`], in English and in Korean.
fn both_todo(error: Option<&str>, why: Option<&str>) -> Option<(&'static str, &'static str)> {
    let Some(error) = error else {
        return why.map(|_| {
            (
                "show the reason to the operators of the object's home node; what is refused holds up nothing else",
                "거부된 까닭을 그 객체의 원 노드 운영자에게 알리십시오. 거부된 것 때문에 다른 것이 막히지는 않습니다",
            )
        });
    };
    Some(match error {
        _ if error.contains("of the agreement counts") => (
            "let the same version count on both nodes: `bongsu agreement show CIRCLE`, `bongsu agreement add FILE`",
            "두 노드에서 같은 판의 협약이 발효되게 하십시오: `bongsu agreement show CIRCLE`, `bongsu agreement add FILE`",
        ),
        _ if error.contains("put back from a backup") => (
            "begin anew with `bongsu peer again NAME`: nothing comes twice",
            "`bongsu peer again NAME`으로 처음부터 다시 교환하십시오. 중복되는 것은 없습니다",
        ),
        _ if error.contains("there is no such circle") || error.contains("nothing here for you") => (
            "the other node must know this one as its peer, by the certificate that it shows, and let the agreement count",
            "상대 노드가 이 노드의 인증서로 이 노드를 피어로 등록하고 협약을 발효시켜야 합니다",
        ),
        _ if error.contains("no certificate to show") => (
            "set http.tls_cert and http.tls_key in bongsu.toml",
            "bongsu.toml에 http.tls_cert와 http.tls_key를 지정하십시오",
        ),
        _ if error.contains("evoked") => (
            "the peer's certificate was taken back: its operators have to show a new one",
            "피어의 인증서가 폐지되었습니다. 그 운영자가 새 인증서를 써야 합니다",
        ),
        _ => (
            "it is tried again by itself; if it stays, check the peer's address, its certificate and the network",
            "저절로 다시 시도합니다. 계속되면 피어의 주소와 인증서, 네트워크를 확인하십시오",
        ),
    })
}

/// An agreement or a draft of one, and who has signed it.
#[derive(Serialize)]
struct Signed {
    circle: String,
    version: u32,
    /// Whether it counts; else it is a draft.
    counts: bool,
    members: Vec<String>,
    signed: Vec<String>,
    missing: Vec<String>,
}

impl Signed {
    fn of(agreed: &Agreed, counts: bool) -> Self {
        let missing: Vec<String> = agreed.missing().into_iter().map(str::to_owned).collect();
        let members: Vec<String> =
            agreed.agreement.parties.iter().map(|party| party.handle.clone()).collect();
        let signed = members.iter().filter(|handle| !missing.contains(handle)).cloned().collect();
        let (circle, version) = (agreed.agreement.handle.clone(), agreed.agreement.version);
        Self { circle, version, counts, members, signed, missing }
    }
}

#[derive(Serialize)]
struct Row {
    name: String,
    url: String,
    key: String,
    push: bool,
    ended: bool,
    circles: Vec<Standing>,
}

#[derive(Template)]
#[template(path = "peers.html")]
struct PeersPage {
    frame: Frame,
    rows: Vec<Row>,
    agreements: Vec<Signed>,
}

impl PeersPage {
    /// A time that a standing has as a text.
    fn time(&self, text: &str) -> Option<At> {
        Timestamp::parse(text).ok().map(|at| self.frame.at(&at))
    }
}

fn rows(pages: &Pages) -> (Vec<Row>, Vec<Signed>) {
    let book = pages.gate.book();
    let row = |peer: &Peer| Row {
        name: peer.name.clone(),
        url: peer.url.clone(),
        key: peer.key.id().to_owned(),
        push: peer.push,
        ended: peer.ended,
        circles: pages.peers.standing(peer),
    };
    let counting = book.all_agreed().map(|agreed| Signed::of(agreed, true));
    let drafts = book.proposals().map(|agreed| Signed::of(agreed, false));
    (book.peers().map(row).collect(), counting.chain(drafts).collect())
}

/// For operators: which nodes there are is the node's affair, not its members'.
pub(super) async fn page(State(pages): Shared, Operator(viewer): Operator) -> Response {
    making(move || {
        let book = pages.gate.book();
        let frame = pages.frame(&book, &viewer, viewer.say("Other nodes", "다른 노드"));
        let (mut rows, agreements) = rows(&pages);
        for standing in rows.iter_mut().flat_map(|row| &mut row.circles) {
            let both = both_todo(standing.error.as_deref(), standing.why.as_deref());
            standing.todo = both.map(|(english, korean)| viewer.say(english, korean));
        }
        render(&PeersPage { frame, rows, agreements })
    })
    .await
}

pub(super) async fn json(State(pages): Shared, _: Operator) -> Response {
    making(move || {
        let (peers, agreements) = rows(&pages);
        Json(json!({"peers": peers, "agreements": agreements})).into_response()
    })
    .await
}

/// Seconds between two times, none below 0.
#[must_use]
pub fn lag_s(since: Timestamp, now: Timestamp) -> i64 {
    now.micros().saturating_sub(since.micros()).max(0) / 1_000_000
}
