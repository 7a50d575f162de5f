//! What is said of a text that is no value: that it is nearly a wallet's address, if it is.
//!
//! A mistyped address that is skipped as some unknown text would later look as if nobody had named it.

use watch::wallet::{Fault, Judged, judge};

/// Letters of a text that are shown.
const SHOWN_MAX: usize = 80;

/// The text and what it is not; or what is wrong with the address that it nearly is. A secret key is not shown.
pub(super) fn unread(text: &str, what: &str) -> String {
    let shown: String = text.chars().take(SHOWN_MAX).collect();
    match judge(text.trim()) {
        Judged::Wrong(wrong) if wrong.why == Fault::Secret => format!("what stands here {wrong}"),
        Judged::Wrong(wrong) => format!("`{shown}` {wrong}"),
        _ => format!("`{shown}` {what}"),
    }
}
