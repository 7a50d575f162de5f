//! What a viewer sees of a circle's objects: an operator the line itself, a member what its reader releases.

use gate::Object;
use line::{LineId, Seq, StorageError};
use policy::{Book, Caller, Circle, Level, MemberId, Provenance, Reach, Request};

use super::{Pages, Viewer};

/// Objects fetched at a time, and bytes.
const STRIDE: usize = 500;
const STRIDE_BYTES: usize = 16 * 1024 * 1024;

pub(super) fn circles<'b>(book: &'b Book, viewer: &Viewer) -> Vec<&'b Circle> {
    let mut circles: Vec<&Circle> = match viewer.caller {
        Caller::Operator => book.circles().collect(),
        Caller::Member(member) => book.circles_of(member),
    };
    circles.sort_by(|a, b| a.title.cmp(&b.title));
    circles
}

pub(super) fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

pub(super) fn of_line(
    pages: &Pages,
    circle: &Circle,
    object_type: &str,
    after: Seq,
) -> Result<(Vec<Object>, Option<Seq>), StorageError> {
    let line = LineId::new(circle.id.uuid());
    let store = pages.gate.store();
    let (entries, head) = store.look(line, |catalogue| {
        let last = (after.0 + 1..=catalogue.head().0).filter_map(|seq| {
            let entry = catalogue.entry(Seq(seq)).filter(line::Entry::last)?;
            let named = catalogue.object_type(entry.object()?);
            (object_type.is_empty() || named == object_type).then_some((
                Seq(seq),
                entry.version(),
                entry.spec_version(),
                entry.id()?,
            ))
        });
        (last.take(STRIDE).collect::<Vec<_>>(), catalogue.head())
    })?;
    let seqs: Vec<Seq> = entries.iter().map(|(seq, ..)| *seq).collect();
    let mut found = Vec::with_capacity(entries.len());
    let mut known = entries.into_iter().peekable();
    store.bodies(line, &seqs, &mut |seq, added, body| {
        if let Some((_, version, spec_version, id)) = known.next_if(|(known, ..)| *known == seq) {
            let raw = String::from_utf8_lossy(body).into_owned();
            found.push(Object { id, seq, added, version, spec_version, whole: true, raw });
        }
    })?;
    let next = seqs.last().copied().filter(|last| seqs.len() == STRIDE && *last < head);
    Ok((found, next))
}

pub(super) fn reader(
    pages: &Pages,
    viewer: &Viewer,
    member: MemberId,
    circle: &Circle,
    wanted: Level,
) -> Option<gate::Reader> {
    let (now, reach, encrypted) = ((pages.now)(), Reach::Member, viewer.encrypted);
    let request = Request { member, circle: circle.id, wanted, encrypted, now, reach };
    pages.gate.reader(request).ok()
}

pub(super) fn of_member(
    pages: &Pages,
    viewer: &Viewer,
    member: MemberId,
    circle: &Circle,
    object_type: &str,
    after: Seq,
) -> Result<(Vec<Object>, Option<Seq>), StorageError> {
    let level = pages.gate.book().member(member).map_or(Level::Read, |member| member.level);
    let Some(reader) = reader(pages, viewer, member, circle, level) else { return Ok((Vec::new(), None)) };
    let types = if object_type.is_empty() { Vec::new() } else { vec![object_type.to_owned()] };
    let page = reader.page(&gate::Query {
        after,
        types,
        limit: STRIDE,
        bytes_max: Some(STRIDE_BYTES),
        ..gate::Query::default()
    })?;
    Ok((page.items.into_iter().map(policy::Released::into_inner).collect(), page.next))
}

/// Whose signature an object carries, as the viewer may know it.
pub(super) fn provenance(
    pages: &Pages,
    viewer: &Viewer,
    book: &Book,
    circle: &Circle,
    object: &Object,
) -> Result<Provenance, StorageError> {
    let Caller::Member(member) = viewer.caller else {
        return Ok(pages.gate.provenance_of(circle.id, object.seq)?.unwrap_or(Provenance::NotSigned));
    };
    let level = book.member(member).map_or(Level::Read, |member| member.level);
    let reader = reader(pages, viewer, member, circle, level);
    Ok(reader.map_or(Provenance::NotSigned, |reader| reader.provenance(object)))
}
