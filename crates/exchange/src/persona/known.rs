//! The personas that a member may see, out of the lines of its circles.

use std::ops::ControlFlow;

use gate::{Gate, NotFound, Object, Query, Reader};
use line::StorageError;
use policy::{Level, MemberId, Reach, Request};
use stix::Timestamp;
use watch::persona::{Builder, Personas, TooMany, UNNAMED, Weights};

/// Observables that are asked for at a time.
const IDS_AT_ONCE: usize = 1_000;

/// Why a member's personas can't be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KnownError {
    /// The store. Safe to repeat.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The member is in no such circle any more.
    #[error(transparent)]
    NotFound(#[from] NotFound),
    /// There are too many.
    #[error(transparent)]
    TooMany(#[from] TooMany),
}

/// The personas that a member may see, over all its circles.
///
/// Who brought an object is its source, whatever it says of itself; those who are not named are one source in each circle.
///
/// # Errors
/// [`KnownError`].
pub fn known(
    gate: &Gate,
    member: MemberId,
    encrypted: bool,
    weights: &Weights,
    now: Timestamp,
) -> Result<Personas, KnownError> {
    let book = gate.book();
    let mut parts = Vec::new();
    for circle in book.circles_of(member).into_iter().filter(|circle| circle.access(member).reads()) {
        let request =
            Request { member, circle: circle.id, wanted: Level::Read, encrypted, now, reach: Reach::Member };
        let reader = gate.reader(request)?;
        let source = |id: &stix::ObjectId| -> Result<String, StorageError> {
            let said = reader.said_by(id)?;
            let named = said.first().and_then(|said| said.member).and_then(|member| book.member(member));
            Ok(named.map_or_else(|| UNNAMED.to_owned(), |member| member.handle.clone()))
        };
        let mut builder = Builder::default();
        let mut failed: Result<(), KnownError> = Ok(());
        let take = |object: &Object, builder: &mut Builder| -> Result<(), KnownError> {
            let Ok(head) = stix::read_head(&object.raw) else { return Ok(()) };
            if Builder::is_only_listed(&object.raw) {
                return Ok(());
            }
            let came = Timestamp::from_micros(object.added.0);
            Ok(builder.add(&object.raw, &head, Some(&source(&head.id)?), came)?)
        };
        reader.each(&["identity", "grouping", "report", "relationship", "opinion"], &mut |object| {
            failed = take(object.get(), &mut builder);
            if failed.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        failed?;
        observables(&reader, &mut builder)?;
        // Each circle by itself: who shares an object in one can't change what another says under the same id.
        parts.push(builder.part(weights));
    }
    Ok(Personas::of(parts))
}

/// Takes in the observables that the others name, and the listed parties that groupings name.
fn observables(reader: &Reader, builder: &mut Builder) -> Result<(), KnownError> {
    for ids in builder.wanted().chunks(IDS_AT_ONCE) {
        let mut query = Query { ids: ids.to_vec(), limit: IDS_AT_ONCE, ..Query::default() };
        loop {
            let page = reader.page(&query)?;
            for object in &page.items {
                let Object { raw, added, .. } = object.get();
                if let Ok(head) = stix::read_head(raw) {
                    builder.add(raw, &head, None, Timestamp::from_micros(added.0))?;
                }
            }
            let Some(next) = page.next else { break };
            query.after = next;
        }
    }
    Ok(())
}
