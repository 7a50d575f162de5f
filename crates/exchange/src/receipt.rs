//! Receipts of what members' own systems read: how far in a circle's line that brought them.

use gate::Gate;
use line::Seq;
use policy::{Book, CircleId, Deed, Level, Receipt, Request, Upto};

/// From which number of a line to which an answer leaves nothing out.
pub(crate) struct Span {
    pub(crate) after: Seq,
    pub(crate) upto: Seq,
}

/// What receipts about a circle over `protocol` are about.
pub(crate) fn receipt_of(book: &Book, protocol: &str, circle: CircleId) -> String {
    let handle = book.circle(circle).map_or_else(|| circle.to_string(), |circle| circle.handle.clone());
    format!("{protocol} {handle}")
}

/// The farthest number in a circle that receipts about it over `protocol` say.
pub(crate) fn known(gate: &Gate, protocol: &str, request: &Request) -> u64 {
    let what = receipt_of(&gate.book(), protocol, request.circle);
    let receipts = gate.receipts(request.member).into_iter().filter(|receipt| receipt.what == what);
    receipts.flat_map(|receipt| receipt.upto).map(|upto| upto.seq).max().unwrap_or_default()
}

/// Notes what a member's own system has read: how far it is, if it went on from where it was. An answer from further on leaves
/// something out, and says only that the circle was read.
pub(crate) fn received(gate: &Gate, protocol: &str, request: &Request, answer: Option<Span>) {
    let known = known(gate, protocol, request);
    let seq = answer.filter(|answer| answer.after.0 <= known).map_or(0, |answer| answer.upto.0);
    let what = receipt_of(&gate.book(), protocol, request.circle);
    let receipt = Receipt::new(request.member, what, Level::Exchange, Deed::Fetched, request.now);
    gate.note(receipt.upto(vec![Upto { circle: request.circle, seq }]));
}
