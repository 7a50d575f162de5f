//! What is to be said of one value: which indicators name it for a member, how certain each still is, and what the guard says.

use stix::{ObjectId, Timestamp};
use watch::{Acts as _, Context, Hold, Value};

use crate::entry::{Claim, Claimed as _};
use crate::gather::Gathered;

/// What an indicator says of a value, and what has become of it.
#[derive(Debug, Clone)]
pub struct About {
    /// The circle in which it was shared, by its handle.
    pub circle: String,
    /// The indicator.
    pub indicator: ObjectId,
    /// The confidence that it states.
    pub confidence: Option<u8>,
    /// What is left of it, or of what counts when it states none: 0 to 100.
    pub score: f64,
    /// From when the value holds.
    pub valid_from: Option<Timestamp>,
    /// Until when.
    pub valid_until: Option<Timestamp>,
    /// When it was seen last, by the sightings that the member gets.
    pub seen_last: Option<Timestamp>,
    /// When the score falls under what counts; `None` if it never does, or is under it already.
    pub fades_at: Option<Timestamp>,
    /// What holds the value back; `None` if it goes out because of this indicator.
    pub hold: Option<Hold>,
}

impl Gathered {
    /// What the member's indicators say of a value, those first that let it out.
    #[must_use]
    pub fn about(&self, value: &Value) -> Vec<About> {
        let passed = self.view.values.get(|cell| cell.best.value().cmp(value));
        let held = self.view.held.get(|cell| cell.best.claim().value().cmp(value));
        let passed = passed.into_iter().flat_map(|cell| cell.all().map(|entry| entry.claim()));
        let held = held.into_iter().flat_map(|cell| cell.all().map(|entry| entry.claim()));
        passed.chain(held).map(|claim| self.about_claim(claim)).collect()
    }

    fn about_claim(&self, claim: &Claim) -> About {
        let (judge, said) = (&self.view.judge, claim.indicator());
        let seen_last = self.view.sightings.last(claim.key());
        let context = Context { seen_last, ..judge.context(self.at).of(said) };
        let decay = judge.guard.decay(claim.value().kind());
        About {
            circle: claim.circle().to_owned(),
            indicator: said.object.clone(),
            confidence: said.confidence,
            score: decay.faded(&context),
            valid_from: said.valid_from,
            valid_until: said.valid_until,
            seen_last,
            fades_at: decay.fades_at(&context),
            hold: judge.hold(claim, &context),
        }
    }
}
