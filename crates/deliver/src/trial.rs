//! What the guard would say of objects that are not shared yet.

use policy::{Book, MemberId};
use watch::{Acts as _, Context, Guard, Hold, Value, actionable};

use crate::entry::HeldValue;
use crate::gather::{Deliver, assets};

/// What the guard would say, for one member.
pub struct Trial {
    guard: Guard,
    context: Context,
}

/// What came of a trial.
#[derive(Debug, Default)]
pub struct Tried {
    /// How many of the object's values would pass.
    pub admitted: usize,
    /// The values that would not.
    pub held: Vec<HeldValue>,
}

impl Deliver {
    /// Asks the guard as for what `member` gets.
    #[must_use]
    pub fn trial(&self, book: &Book, member: MemberId) -> Trial {
        let basis = self.basis();
        let (guard, _) = Guard::new(basis.lists(), &assets(book, book.circles_of(member)));
        let guard = guard.fading(basis.models);
        let confidence_min = book.member(member).map_or(0, |member| member.confidence_min);
        Trial { guard, context: Context::new((self.now)(), confidence_min) }
    }
}

impl Trial {
    /// What the guard says of a value of which nothing is known but itself.
    ///
    /// # Errors
    /// The first rule that holds it back.
    pub fn of_value(&self, value: &Value) -> Result<(), Hold> {
        self.guard.check(value, &self.context)
    }

    /// What the guard says of an object's values; nothing of an object that has none.
    #[must_use]
    pub fn of(&self, raw: &str, head: &stix::Head) -> Tried {
        let mut tried = Tried::default();
        let Some(indicator) = actionable(raw, head) else { return tried };
        for each in indicator.each() {
            match self.guard.admit(each, &self.context) {
                Ok(_) => tried.admitted += 1,
                Err(hold) => {
                    tried.held.push(HeldValue { value: each.value().clone(), seen_last: None, hold })
                }
            }
        }
        tried
    }
}
