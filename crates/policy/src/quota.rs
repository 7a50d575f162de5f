//! How much a member may bring: a setting of the node's for each member that has one of its own.

use serde::{Deserialize, Serialize};

use crate::book::{Book, Entry};
use crate::credential::Setting;
use crate::member::MemberId;

/// What the settings' names begin with.
const PREFIX: &str = "quota.";

/// How much a member may bring; `None` is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// Objects and new versions of objects in a day of UTC, over all circles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objects_a_day: Option<u64>,
    /// Bytes of all that it brought and that is kept, over all circles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
}

impl Quota {
    /// Whether nothing is limited.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.objects_a_day.is_none() && self.bytes.is_none()
    }

    /// The quota that was set for a member, if one was.
    #[must_use]
    pub fn of(book: &Book, member: MemberId) -> Option<Self> {
        book.setting(&format!("{PREFIX}{member}")).and_then(|text| serde_json::from_str(text).ok())
    }

    /// The entry that sets it for a member; `None` lets the node's own count again.
    #[must_use]
    pub fn entry(member: MemberId, quota: Option<Self>) -> Entry {
        let text = |quota: Self| serde_json::to_string(&quota).unwrap_or_default();
        Entry::Setting(Setting { name: format!("{PREFIX}{member}"), value: quota.map(text) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_is_set_and_taken_back() {
        let (mut book, member) = (Book::default(), MemberId::NODE);
        assert_eq!(Quota::of(&book, member), None);
        for quota in [Quota { objects_a_day: Some(5), bytes: None }, Quota::default()] {
            book.apply(Quota::entry(member, Some(quota)));
            assert_eq!(Quota::of(&book, member), Some(quota));
        }
        book.apply(Quota::entry(member, None));
        assert_eq!(Quota::of(&book, member), None);
    }
}
