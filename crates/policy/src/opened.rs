//! What members open to circles beside intelligence: whom to reach, what they promise, when they meet.
//!
//! Such an entry has owners and the circles that it is opened to, and no mark. Operators see all of them and owners their
//! own; whoever gets what is shared in one of those circles sees it as long as the circle is in force and an owner is in
//! it. A circle whose members are hidden from each other opens nothing, because each entry would say who is in it. What may
//! be shown becomes an [`Opened`] value, which nothing but this crate can make.

use stix::Timestamp;

use crate::book::Book;
use crate::caller::Caller;
use crate::circle::{Circle, CircleId};
use crate::member::MemberId;

/// A value that may be shown to the caller that it was decided for. Nothing but this crate makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opened<T>(T);

impl<T> Opened<T> {
    /// The value.
    #[must_use]
    pub const fn get(&self) -> &T {
        &self.0
    }
}

/// Whose an entry is, and to which circles it is opened.
#[derive(Debug, Clone, Copy)]
pub struct Opening<'a> {
    /// The members that it is about.
    pub owners: &'a [MemberId],
    /// The circles that may see it.
    pub circles: &'a [CircleId],
}

impl Book {
    /// `value`, if `caller` may see what has this opening.
    pub fn opened<T>(
        &self,
        caller: Caller,
        opening: Opening<'_>,
        now: Timestamp,
        value: T,
    ) -> Option<Opened<T>> {
        let may_see = match caller {
            Caller::Operator => true,
            Caller::Member(member) => self.may_see(member, opening, now),
        };
        may_see.then_some(Opened(value))
    }

    /// `value`, if `caller` may see what an owner opened to these members by name and to these circles. A member that is named sees
    /// it whether it is in a circle with the owner or not, as long as both take part.
    pub fn opened_to<T>(
        &self,
        caller: Caller,
        (owner, members): (MemberId, &[MemberId]),
        circles: &[CircleId],
        now: Timestamp,
        value: T,
    ) -> Option<Opened<T>> {
        let takes_part = |id: MemberId| self.member(id).is_some_and(|member| !member.ended);
        let is_named = match caller {
            Caller::Member(member) => members.contains(&member) && takes_part(member) && takes_part(owner),
            Caller::Operator => false,
        };
        match is_named {
            true => Some(Opened(value)),
            false => self.opened(caller, Opening { owners: &[owner], circles }, now, value),
        }
    }

    /// Whether an entry can be opened to a circle: not if its members are hidden from each other, nor if no owner is in it.
    #[must_use]
    pub fn opens(&self, circle: &Circle, owners: &[MemberId]) -> bool {
        let takes_part = |owner: &&MemberId| self.member(**owner).is_some_and(|member| !member.ended);
        !circle.hidden_members && owners.iter().filter(takes_part).any(|owner| circle.members.contains(owner))
    }

    fn may_see(&self, member: MemberId, opening: Opening<'_>, now: Timestamp) -> bool {
        if self.member(member).is_none_or(|member| member.ended) {
            return false;
        }
        let through = |circle: &Circle| {
            circle.in_force(now) && circle.access(member).reads() && self.opens(circle, opening.owners)
        };
        opening.owners.contains(&member)
            || opening.circles.iter().filter_map(|id| self.circle(*id)).any(through)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::circle::Access;
    use crate::{Entry, Member};
    use uuid::Uuid;

    const OWNER: MemberId = MemberId::new(Uuid::from_u128(1));
    const PARTNER: MemberId = MemberId::new(Uuid::from_u128(2));
    const STRANGER: MemberId = MemberId::new(Uuid::from_u128(3));
    const CIRCLE: CircleId = CircleId::new(Uuid::from_u128(9));

    fn book(change: impl FnOnce(&mut Circle)) -> Book {
        let mut book = Book::default();
        for (id, handle) in [(OWNER, "owner"), (PARTNER, "partner"), (STRANGER, "stranger")] {
            book.apply(Entry::Member(Member::new(id, handle)));
        }
        let mut circle = Circle::new(CIRCLE, "region");
        circle.members = vec![OWNER, PARTNER];
        change(&mut circle);
        book.apply(Entry::Circle(circle));
        book
    }

    fn sees(book: &Book, caller: Caller) -> bool {
        let opening = Opening { owners: &[OWNER], circles: &[CIRCLE] };
        book.opened(caller, opening, Timestamp::from_micros(50), ()).is_some()
    }

    #[test]
    fn an_entry_is_seen_by_its_owner_and_by_its_circles() {
        let book = book(|_| ());
        let seen =
            [Caller::Operator, Caller::Member(OWNER), Caller::Member(PARTNER), Caller::Member(STRANGER)];
        assert_eq!(seen.map(|caller| sees(&book, caller)), [true, true, true, false]);
        let unopened = Opening { owners: &[OWNER], circles: &[] };
        assert!(book.opened(Caller::Member(PARTNER), unopened, Timestamp::from_micros(50), ()).is_none());
    }

    #[test]
    fn a_circle_opens_nothing_that_it_does_not_hold_open() {
        let changes: [fn(&mut Circle); 5] = [
            |circle| circle.hidden_members = true,
            |circle| circle.ends = Some(Timestamp::from_micros(50)),
            |circle| circle.starts = Some(Timestamp::from_micros(51)),
            |circle| circle.access.extend([(PARTNER, Access::Write)]),
            |circle| circle.members.retain(|member| *member != OWNER),
        ];
        for (turn, change) in changes.into_iter().enumerate() {
            let book = book(change);
            assert!(!sees(&book, Caller::Member(PARTNER)), "{turn}");
            assert!(sees(&book, Caller::Member(OWNER)), "{turn}: its own");
        }
    }

    #[test]
    fn what_is_opened_to_a_member_by_name_is_seen_by_that_one_alone() {
        let book = book(|_| ());
        let sees = |caller| {
            let now = Timestamp::from_micros(50);
            book.opened_to(caller, (OWNER, &[STRANGER]), &[], now, ()).is_some()
        };
        let all =
            [Caller::Operator, Caller::Member(OWNER), Caller::Member(PARTNER), Caller::Member(STRANGER)];
        assert_eq!(all.map(sees), [true, true, false, true]);
    }

    #[test]
    fn who_has_ended_sees_nothing_and_is_not_shown() {
        let mut book = book(|_| ());
        let end = |id: MemberId, handle: &str| {
            let mut member = Member::new(id, handle);
            member.ended = true;
            Entry::Member(member)
        };
        book.apply(end(PARTNER, "partner"));
        assert!(!sees(&book, Caller::Member(PARTNER)));
        book.apply(Entry::Member(Member::new(PARTNER, "partner")));
        book.apply(end(OWNER, "owner"));
        assert!(!sees(&book, Caller::Member(PARTNER)) && !sees(&book, Caller::Member(OWNER)));
    }
}
