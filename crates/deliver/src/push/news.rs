//! What changed for one member between a position and now.

use std::collections::BTreeMap;

use gate::{Query, Reader};
use line::Seq;
use policy::{Level, MemberId};
use serde_json::{Value, json};
use stix::{ObjectId, Timestamp};

use super::artefacts::Seen;
use super::position::{Mark, Position};
use crate::fires::Burning;
use crate::gather::{Deliver, DeliverError};

/// Objects of a circle that are counted.
const COUNTED_MAX: usize = 10_000;
/// Withdrawn objects that are named; of more, the number is told.
const WITHDRAWN_MAX: usize = 1_000;

/// How often artefacts are looked at again because something came meanwhile.
const AGAIN_MAX: usize = 3;

/// What changed in a circle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CircleNews {
    /// The circle's short name.
    pub circle: String,
    /// The number after which it changed.
    pub after: u64,
    /// How long its line is now.
    pub upto: u64,
    /// How many objects that the member may have are new or have a new version that holds, by their type; all of them at
    /// most 10,000.
    pub objects: BTreeMap<String, usize>,
}

/// A circle whose fires have changed.
#[derive(Debug, Clone)]
pub struct FiresNews {
    /// How many there are now, and why.
    pub now: Burning,
    /// How many there were when the member was told last; 0 if it was not.
    pub before: u8,
}

/// What changed for a member.
#[derive(Debug, Clone, Default)]
pub struct News {
    /// The circles in which something changed.
    pub circles: Vec<CircleNews>,
    /// The names of artefacts that may have changed.
    pub artefacts: Vec<String>,
    /// Objects that the member could see and that were withdrawn, or revoked by a newer version.
    pub withdrawn: Vec<ObjectId>,
    /// Those of [`News::withdrawn`] that came before the position: the member may have been told of them.
    pub recalled: Vec<ObjectId>,
    /// Circles whose fires have changed.
    pub fires: Vec<FiresNews>,
    /// How far this brings the member.
    pub upto: Position,
}

impl News {
    /// Whether objects or artefacts have changed.
    #[must_use]
    pub fn has_changes(&self) -> bool {
        !self.circles.is_empty() || !self.artefacts.is_empty() || !self.withdrawn.is_empty()
    }

    /// Whether there are indicators among what changed, or something that indicators make.
    #[must_use]
    pub fn has_indicators(&self) -> bool {
        let is_indicator = |id: &ObjectId| id.object_type() == "indicator";
        !self.artefacts.is_empty()
            || self.withdrawn.iter().any(is_indicator)
            || self.circles.iter().any(|circle| circle.objects.contains_key("indicator"))
    }

    /// Circles with their numbers, artefacts and withdrawn ids: what a webhook and a `changed` event hold.
    #[must_use]
    pub fn changed_json(&self, at: Timestamp) -> Value {
        let circle = |news: &CircleNews| json!({"circle": news.circle, "after": news.after, "upto": news.upto, "objects": news.objects});
        let mut data = self.withdrawn_data();
        data["circles"] = self.circles.iter().map(circle).collect();
        data["artefacts"] = json!(self.artefacts);
        data["fires"] = self.fires_data();
        json!({"type": "changed", "timestamp": at.to_string(), "data": data})
    }

    /// The withdrawn ids alone: what a `withdrawn` event holds.
    #[must_use]
    pub fn withdrawn_json(&self, at: Timestamp) -> Value {
        json!({"type": "withdrawn", "timestamp": at.to_string(), "data": self.withdrawn_data()})
    }

    /// The circles whose fires have changed: what a `fires` event and a webhook for fires hold.
    #[must_use]
    pub fn fires_json(&self, at: Timestamp) -> Value {
        json!({"type": "fires", "timestamp": at.to_string(), "data": {"fires": self.fires_data()}})
    }

    fn withdrawn_data(&self) -> Value {
        let ids: Vec<String> = self.withdrawn.iter().take(WITHDRAWN_MAX).map(ToString::to_string).collect();
        json!({"withdrawn": ids, "withdrawn_more": self.withdrawn.len() - ids.len()})
    }

    fn fires_data(&self) -> Value {
        let one = |news: &FiresNews| {
            let mut one = news.now.json();
            one["before"] = json!(news.before);
            one
        };
        self.fires.iter().map(one).collect()
    }
}

/// What news are made against: the artefacts as they stood when the member was told last, if that is known; and up to where it
/// was looked for what is urgent.
#[derive(Debug, Clone, Default)]
pub struct Before {
    seen: Option<Seen>,
    pub(super) looked: Position,
}

impl Deliver {
    /// How far a member that is told now has been told: everything.
    ///
    /// # Errors
    /// [`DeliverError`].
    pub fn position(&self, member: MemberId, encrypted: bool) -> Result<Position, DeliverError> {
        let mut position = self.heads_of(member, encrypted)?;
        self.set_fires(&mut position, &self.fires(member)?);
        Ok(position)
    }

    /// The numbers of the member's circles, without fires.
    fn heads_of(&self, member: MemberId, encrypted: bool) -> Result<Position, DeliverError> {
        self.offered(&self.gate.book(), member, Level::Read)?;
        let mut position = Position::default();
        for reader in self.gate.readers(member, Level::Read, encrypted, (self.now)()) {
            position.set(reader.request().circle, Mark { seq: reader.head().0, fires: 0 });
        }
        Ok(position)
    }

    fn set_fires(&self, position: &mut Position, burning: &[Burning]) {
        let book = self.gate.book();
        for one in burning {
            if let Some(circle) = book.circle_by_handle(&one.circle) {
                let seq = position.of(circle.id).seq;
                position.set(circle.id, Mark { seq, fires: one.fires.level });
            }
        }
    }

    /// What changed in the fires of a member's circles, and nothing else.
    ///
    /// # Errors
    /// [`DeliverError`].
    pub(crate) fn news_of_fires(&self, member: MemberId, told: &Position) -> Result<News, DeliverError> {
        let (mut upto, burning) = (self.heads_of(member, true)?, self.fires(member)?);
        self.set_fires(&mut upto, &burning);
        Ok(News { fires: self.changed_fires(burning, told), upto, ..News::default() })
    }

    fn changed_fires(&self, burning: Vec<Burning>, told: &Position) -> Vec<FiresNews> {
        let book = self.gate.book();
        let before = |burning: &Burning| {
            book.circle_by_handle(&burning.circle).map_or(0, |circle| told.of(circle.id).fires)
        };
        let fires = burning.into_iter().map(|now| FiresNews { before: before(&now), now });
        fires.filter(|fires| fires.before != fires.now.fires.level).collect()
    }

    /// What changed for a member since it was told up to `told`. `before` is brought up to date, if something has changed.
    ///
    /// # Errors
    /// [`DeliverError`].
    pub(crate) fn news(
        &self,
        member: MemberId,
        told: &Position,
        encrypted: bool,
        before: &mut Before,
    ) -> Result<News, DeliverError> {
        let mut upto = self.heads_of(member, encrypted)?;
        let mut seen = self.seen(member, encrypted)?;
        for _ in 0..AGAIN_MAX {
            let now = self.heads_of(member, encrypted)?;
            if now == upto {
                break;
            }
            upto = now;
            seen = self.seen(member, encrypted)?;
        }
        // Where lines never rest, artefacts may be ahead of the numbers: those that they are ahead by are named again.
        let is_ahead = self.heads_of(member, encrypted)? != upto;
        let burning = self.fires(member)?;
        self.set_fires(&mut upto, &burning);
        let book = self.gate.book();
        let mut news = News { upto, ..News::default() };
        for reader in self.gate.readers(member, Level::Read, encrypted, (self.now)()) {
            let Some(circle) = book.circle(reader.request().circle) else { continue };
            let (after, upto) = (told.of(circle.id).seq, news.upto.of(circle.id).seq);
            // A line that is shorter than what was told was restored from a backup: its numbers begin anew.
            let after = if after > upto { 0 } else { after };
            let was_empty = news.withdrawn.len();
            let objects = changes(&reader, after, upto, &mut news)?;
            if !objects.is_empty() || news.withdrawn.len() > was_empty {
                news.circles.push(CircleNews { circle: circle.handle.clone(), after, upto, objects });
            }
        }
        news.fires = self.changed_fires(burning, told);
        let is_known = before.seen.is_some();
        // What was not looked at before can't be compared: all are named if there is a reason to look.
        if is_known || news.has_changes() {
            news.artefacts = seen.changed_since(before.seen.as_ref());
        }
        before.seen = (!is_ahead).then_some(seen);
        Ok(news)
    }
}

/// What of a circle is new for a reader behind `after`, by type; withdrawn and revoked objects go into `news`. A revoked one
/// that the member never had otherwise is neither.
fn changes(
    reader: &Reader,
    after: u64,
    upto: u64,
    news: &mut News,
) -> Result<BTreeMap<String, usize>, DeliverError> {
    let mut objects = BTreeMap::new();
    if after == upto {
        return Ok(objects);
    }
    let query = Query { after: Seq(after), limit: COUNTED_MAX, ..Query::default() };
    let rows = reader.manifest(&query)?.items;
    for row in rows.iter().filter(|row| row.get().seq.0 <= upto && !row.get().revoked) {
        *objects.entry(row.get().id.object_type().to_owned()).or_default() += 1;
    }
    for withdrawn in reader.withdrawals(Seq(after), &[])?.into_iter().filter(|one| one.seq.0 <= upto) {
        if withdrawn.first.0 <= after {
            news.recalled.push(withdrawn.id.clone());
        }
        news.withdrawn.push(withdrawn.id);
    }
    Ok(objects)
}
