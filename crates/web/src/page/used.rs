//! What a member really uses, by its receipts.

use deliver::DeliverError;
use gate::MISSING_MAX;
use policy::{Book, Level, Member};

use super::view::At;
use super::{Pages, Viewer, words};

/// What the page of a member shows of its receipts.
pub(super) struct Used {
    pub(super) real: Option<&'static str>,
    pub(super) proven: Option<&'static str>,
    pub(super) lags: Vec<LagRow>,
    pub(super) receipts: Vec<ReceiptRow>,
}

/// How far it is in a circle.
pub(super) struct LagRow {
    pub(super) circle: String,
    pub(super) real: Option<&'static str>,
    pub(super) upto: String,
    pub(super) head: u64,
    pub(super) missing: String,
    pub(super) is_behind: bool,
    /// When that was shown last.
    pub(super) at: Option<At>,
}

/// A receipt.
pub(super) struct ReceiptRow {
    pub(super) at: At,
    pub(super) what: String,
    pub(super) did: &'static str,
    pub(super) level: &'static str,
}

/// What a member's receipts show.
///
/// # Errors
/// [`DeliverError`].
pub(super) fn of(pages: &Pages, viewer: &Viewer, book: &Book, member: &Member) -> Result<Used, DeliverError> {
    let now = (pages.now)();
    let standing = pages.gate.standing(member.id);
    let lags = pages.gate.lags(member.id, viewer.encrypted, now)?.into_iter().map(|lag| LagRow {
        circle: book.circle(lag.circle).map(|circle| circle.title.clone()).unwrap_or_default(),
        real: lag.real.map(Level::name),
        upto: lag.upto.map_or_else(|| "–".to_owned(), |upto| upto.to_string()),
        head: lag.head,
        missing: if lag.missing >= MISSING_MAX { format!("{MISSING_MAX}+") } else { lag.missing.to_string() },
        is_behind: lag.missing > 0,
        at: lag.at.map(|at| viewer.view.at(at)),
    });
    let mut receipts = pages.gate.receipts(member.id);
    receipts.sort_by_key(|receipt| std::cmp::Reverse(receipt.at));
    Ok(Used {
        real: standing.real(now).map(Level::name),
        proven: standing.proven(now).map(Level::name),
        lags: lags.collect(),
        receipts: receipts
            .into_iter()
            .map(|receipt| ReceiptRow {
                at: viewer.view.at(receipt.at),
                what: receipt.what,
                did: words::receipts::deed(&viewer.view, receipt.deed),
                level: receipt.level.name(),
            })
            .collect(),
    })
}
