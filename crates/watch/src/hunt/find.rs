//! What of the candidates in a text is really there, in the text's order.

use std::ops::Range;
use std::sync::Arc;

use super::confirm::{How, confirm};
use super::needles::Candidate;
use super::parts::{Columns, Parts};
use super::time::written;
use crate::value::Value;
use stix::Timestamp;

/// Something that was found.
#[derive(Debug, Clone)]
pub struct Found<K> {
    /// How many lines of the text end before it.
    pub lines_before: u64,
    /// Where it stands.
    pub range: Range<usize>,
    /// What stands there, or the address that the record's parts give.
    pub text: String,
    /// By what it was found.
    pub how: How,
    /// The value that was looked for, and what is known of it.
    pub known: Arc<(Value, K)>,
}

/// Gives what really stands in `text` to `take`, until that says no, and says whether it did not. `columns` are those of a table that
/// hold at the text's beginning; `known` gives a value by its number.
///
/// # Errors
/// Those of `known`.
pub fn finds<K, E>(
    text: &[u8],
    columns: Option<Arc<Columns>>,
    candidates: &mut [Candidate],
    mut known: impl FnMut(u32) -> Result<Arc<(Value, K)>, E>,
    mut take: impl FnMut(Found<K>) -> bool,
) -> Result<bool, E> {
    candidates.sort_unstable();
    let (mut lines, mut counted) = (0, 0);
    // Most texts have no address in parts.
    let mut parts: Option<Parts<'_>> = None;
    for candidate in candidates {
        let known = known(candidate.needle)?;
        let (range, how, joined) = match confirm(text, *candidate, &known.0) {
            Some((range, how)) => (range, how, None),
            None => {
                let parts = parts.get_or_insert_with(|| Parts::of(text, columns.clone()));
                let Some((range, address)) = parts.find(*candidate, &known.0) else { continue };
                (range, How::Exact, Some(address.to_owned()))
            }
        };
        lines += memchr::memchr_iter(b'\n', &text[counted..range.start.max(counted)]).count() as u64;
        counted = range.start.max(counted);
        let stands = || String::from_utf8_lossy(&text[range.clone()]).into_owned();
        let found = Found { lines_before: lines, text: joined.unwrap_or_else(stands), how, known, range };
        if !take(found) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The line that a range of a text stands in, or the part of it that reaches so many bytes to both sides.
#[must_use]
pub fn within(text: &[u8], range: &Range<usize>, reach: usize) -> Range<usize> {
    let floor = range.start.saturating_sub(reach);
    let roof = text.len().min(range.end.saturating_add(reach));
    let start = memchr::memrchr(b'\n', &text[floor..range.start]).map_or(floor, |at| floor + at + 1);
    let end = memchr::memchr(b'\n', &text[range.end..roof]).map_or(roof, |at| range.end + at);
    start..end
}

/// Bytes of a line that are shown to both sides of what was found.
pub const SHOWN_BYTES: usize = 160;
/// Bytes before and behind what was found in which its line's beginning and date are looked for.
const LINE_BYTES_MAX: usize = 64 << 10;

/// When the line that a range of a text stands in was written, if it says so and its beginning is near.
#[must_use]
pub fn dated(text: &[u8], range: &Range<usize>) -> Option<Timestamp> {
    let line = within(text, range, LINE_BYTES_MAX);
    let begins = line.start == 0 || text[line.start - 1] == b'\n';
    written(&text[if begins { line } else { 0..0 }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hunt::Needles;
    use crate::value::{Kind, normalise};

    #[test]
    fn what_stands_in_a_text_is_given_in_its_order_with_its_line() {
        let values: Vec<Value> = [
            (Kind::Domain, "evil-k3.top"),
            (Kind::Ipv4, "45.83.64.0/24"),
            (Kind::Url, "http://bad-k3.top/in.php"),
        ]
        .into_iter()
        .map(|(kind, text)| normalise(kind, text).unwrap())
        .collect();
        let (needles, order) = Needles::of(&values);
        let text = concat!(
            "a.evil-k3.top asked 45.83.64.9\nnot-evil-k3.top\n",
            "{\"hostname\":\"bad-k3.top\",\"url\":\"/in.php\"}\nEVIL-K3.top"
        );
        let told = |most: usize| {
            let (mut candidates, mut all) = (Vec::new(), Vec::new());
            needles.candidates(text.as_bytes(), &mut candidates);
            let known = |needle: u32| {
                let value = values[order[needle as usize] as usize].clone();
                Ok::<_, std::convert::Infallible>(Arc::new((value, ())))
            };
            let is_whole = finds(text.as_bytes(), None, &mut candidates, known, |found| {
                all.push((found.lines_before, found.text, found.how.as_str()));
                all.len() < most
            });
            (all, is_whole.unwrap())
        };
        let all = [
            (0, "a.evil-k3.top".to_owned(), "below"),
            (0, "45.83.64.9".to_owned(), "inside"),
            (2, "http://bad-k3.top/in.php".to_owned(), "exact"),
            (3, "EVIL-K3.top".to_owned(), "exact"),
        ];
        assert_eq!(told(10), (all.to_vec(), true));
        assert_eq!(told(2), (all[..2].to_vec(), false));
    }

    #[test]
    fn the_line_around_something_ends_with_it() {
        let text = b"one\ntwo evil three\nfour";
        assert_eq!(&text[within(text, &(8..12), 100)], b"two evil three");
        assert_eq!(&text[within(text, &(8..12), 2)], b"o evil t");
        assert_eq!(within(text, &(0..0), usize::MAX), 0..3);
    }
}
