//! Where a member really is: its level by its receipts, circle by circle, and what it should have and has not.

use line::{Seq, StorageError};
use policy::{CircleId, Level, MemberId, Receipt, Released, Standing};
use stix::Timestamp;

use crate::opening::Gate;
use crate::query::{Object, Query};
use crate::reader::Reader;

/// Most missing objects that are counted.
pub const MISSING_MAX: usize = 1_000;

/// A member in one of its circles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lag {
    /// The circle.
    pub circle: CircleId,
    /// The level at which it uses what it gets there; `None` if no receipt shows any use.
    pub real: Option<Level>,
    /// The level by which it is measured: its real one, or without one the level that it is offered.
    pub level: Level,
    /// How long the circle's line is.
    pub head: u64,
    /// The number up to which it has, at its real level, what it should have; `None` if no receipt says.
    pub upto: Option<u64>,
    /// When that was shown last.
    pub at: Option<Timestamp>,
    /// How many objects beyond that number it should have, at most [`MISSING_MAX`].
    pub missing: usize,
}

impl Gate {
    /// Where a member is in each of its circles. Without a real level, it is measured by the level that it is offered.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn lags(&self, member: MemberId, encrypted: bool, now: Timestamp) -> Result<Vec<Lag>, StorageError> {
        let Some(offered) = self.book().member(member).map(|member| member.level) else {
            return Ok(Vec::new());
        };
        // What was sent to it, or said of it, proves nothing.
        let mut receipts = self.receipts(member);
        receipts.retain(|receipt| receipt.deed.is_use());
        let lag = |reader: Reader| {
            let circle = reader.request().circle;
            let named = |receipt: &&Receipt| receipt.upto.iter().any(|upto| upto.circle == circle);
            // What joins no circle, such as a MISP's questions, says something about all of them.
            let about = receipts.iter().filter(|receipt| receipt.upto.is_empty() || named(receipt));
            let real = Standing::of(about).real(now);
            let level = real.unwrap_or(offered).min(offered);
            let of_level = || receipts.iter().filter(named).filter(|receipt| receipt.level == level);
            let all = of_level().flat_map(|receipt| &receipt.upto).filter(|upto| upto.circle == circle);
            let upto = all.map(|upto| upto.seq).max();
            let at = of_level().map(|receipt| receipt.at).max();
            let query = query(level, upto, MISSING_MAX);
            let missing = self.at_level(&reader, level)?.manifest(&query)?.items.len();
            Ok(Lag { circle, real, level, head: reader.head().0, upto, at, missing })
        };
        self.readers(member, offered, encrypted, now).into_iter().map(lag).collect()
    }

    /// The objects that a member is missing by what [`Gate::lags`] said of a circle, the oldest first, at most `limit`.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn missing(
        &self,
        member: MemberId,
        lag: &Lag,
        encrypted: bool,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Released<Object>>, StorageError> {
        let readers = self.readers(member, lag.level, encrypted, now);
        match readers.into_iter().find(|reader| reader.request().circle == lag.circle) {
            Some(reader) => Ok(reader.page(&query(lag.level, lag.upto, limit))?.items),
            None => Ok(Vec::new()),
        }
    }

    /// The same reader, for the form of another level.
    fn at_level(&self, reader: &Reader, wanted: Level) -> Result<Reader, StorageError> {
        let request = policy::Request { wanted, ..*reader.request() };
        let line = line::LineId::new(request.circle.uuid());
        self.reader(request).map_err(|_| StorageError::NoSuchLine { line })
    }
}

/// What a member should have beyond a number: objects for those who exchange them, for all others what can be acted on.
fn query(level: Level, upto: Option<u64>, limit: usize) -> Query {
    let types = if level == Level::Exchange { Vec::new() } else { vec!["indicator".to_owned()] };
    Query { after: Seq(upto.unwrap_or_default()), types, limit, ..Query::default() }
}
