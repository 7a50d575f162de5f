//! The `created` of what is read from formats that have no such time: that of the first version, whatever became of the
//! dates that it is read from.

use gate::{Gate, Submission};
use line::StorageError;
use policy::{CircleId, MemberId};
use stix::{Head, Timestamp};

/// Gives objects the `created` that the member's earlier versions have in the circle. MISP's is read from the event's date,
/// which can be corrected, a list's from its file's, while `created` stays (STIX 2.1, section 3.6).
///
/// # Errors
/// [`StorageError`].
pub fn keep_created(
    gate: &Gate,
    member: MemberId,
    circle: CircleId,
    submissions: &mut [Submission],
) -> Result<(), StorageError> {
    let heads: Vec<&Head> = submissions.iter().map(|one| &one.head).collect();
    for (at, created) in gate.created_before(member, circle, &heads)? {
        if let Some(one) = submissions.get_mut(at)
            && let Some(with) = with_created(one, created)
        {
            *one = with;
        }
    }
    Ok(())
}

/// The object with another `created`; `None` where that would be later than its version, or changes nothing.
fn with_created(one: &Submission, created: Timestamp) -> Option<Submission> {
    let before = one.head.created.filter(|before| *before != created)?;
    if one.head.modified.is_none_or(|modified| modified < created) {
        return None;
    }
    let raw =
        one.raw.replacen(&format!("\"created\":\"{before}\""), &format!("\"created\":\"{created}\""), 1);
    let head = stix::read_head(&raw).ok().filter(|head| head.created == Some(created))?;
    Some(Submission { raw, head })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn created_alone_is_changed_and_never_behind_the_version() {
        let raw = r#"{"type":"note","spec_version":"2.1","id":"note--00000000-0000-4000-8000-000000000001","created":"2026-09-02T00:00:00.000Z","modified":"2026-09-03T00:00:00.000Z","content":"\"created\":\"2026-09-02T00:00:00.000Z\"","object_refs":["note--00000000-0000-4000-8000-000000000002"]}"#;
        let one = Submission { raw: raw.to_owned(), head: stix::read_head(raw).unwrap() };
        let at = |text: &str| Timestamp::parse(text).unwrap();
        let with = with_created(&one, at("2026-09-01T00:00:00.000Z")).unwrap();
        assert_eq!(with.raw, raw.replacen("\"created\":\"2026-09-02", "\"created\":\"2026-09-01", 1));
        assert_eq!(with.head.modified, one.head.modified);
        assert!(with_created(&one, at("2026-09-02T00:00:00.000Z")).is_none());
        assert!(with_created(&one, at("2026-09-04T00:00:00.000Z")).is_none());
    }
}
