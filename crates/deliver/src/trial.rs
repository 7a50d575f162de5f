//! What the guard would say of objects that are not shared yet.

use policy::{Book, MemberId};
use watch::{Acts, Context, Guard, Indicator, Value, actionable};

use crate::entry::HeldValue;
use crate::gather::Deliver;

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
        let circles = book.circles_of(member);
        let members = circles.iter().flat_map(|circle| &circle.members).filter_map(|id| book.member(*id));
        let assets: Vec<String> = members.flat_map(|member| member.own_assets.iter().cloned()).collect();
        let (guard, _) = Guard::new(self.lists(), &assets);
        let confidence_min = book.member(member).map_or(0, |member| member.confidence_min);
        Trial { guard, context: Context::new((self.now)(), confidence_min) }
    }
}

struct Each<'i>(&'i Indicator, &'i Value);

impl Acts for Each<'_> {
    fn value(&self) -> &Value {
        self.1
    }

    fn indicator(&self) -> &Indicator {
        self.0
    }
}

impl Trial {
    /// What the guard says of an object's values; nothing of an object that has none.
    #[must_use]
    pub fn of(&self, raw: &str, head: &stix::Head) -> Tried {
        let mut tried = Tried::default();
        let Some(indicator) = actionable(raw, head) else { return tried };
        for value in &indicator.values {
            match self.guard.admit(Each(&indicator, value), &self.context) {
                Ok(_) => tried.admitted += 1,
                Err(hold) => tried.held.push(HeldValue { value: value.clone(), hold }),
            }
        }
        tried
    }
}
