//! Who could be reached, and how fast.

use std::collections::BTreeMap;

use policy::MemberId;
use serde_json::{Value, json};
use stix::Timestamp;

use super::{Ask, Call, seconds};
use crate::contact::Looking;
use crate::register::Register;

/// How somebody answered questions over some time. What is still within its term counts nowhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reach {
    /// Questions that were answered, or whose time passed.
    pub asked: usize,
    /// Of them, answered within the agreed time.
    pub in_term: usize,
    /// Of them, answered later.
    pub late: usize,
    /// The median time to answer, in seconds, of those that were answered.
    pub median_s: Option<u64>,
    /// When an answer came last.
    pub last: Option<Timestamp>,
}

impl Reach {
    fn of(answers: Vec<Outcome>) -> Self {
        let asked = answers.len();
        let answered: Vec<_> = answers.into_iter().flatten().collect();
        let in_term = answered.iter().filter(|(_, in_term, _)| *in_term).count();
        let mut times: Vec<u64> = answered.iter().map(|(after_s, ..)| *after_s).collect();
        times.sort_unstable();
        Self {
            asked,
            in_term,
            late: answered.len() - in_term,
            median_s: times.get(times.len().saturating_sub(1) / 2).copied(),
            last: answered.iter().map(|(.., at)| *at).max_by_key(Timestamp::micros),
        }
    }

    /// Whether somebody answered at all.
    #[must_use]
    pub const fn is_reachable(&self) -> bool {
        self.in_term + self.late > 0
    }

    /// As JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({
            "asked": self.asked, "answered_in_term": self.in_term, "answered_late": self.late,
            "median_s": self.median_s, "last_answer": self.last.map(to_the_second),
        })
    }
}

/// How a member could be reached, over whoever answered for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberReach {
    /// The member.
    pub member: MemberId,
    /// Of its chains: answered in the time that its first contact had, or later by a deputy.
    pub reach: Reach,
}

/// An answer's time: in how many seconds, whether in term, when; `None` for no answer.
type Outcome = Option<(u64, bool, Timestamp)>;

/// What a question came to by `now`; `None` if it is not settled yet.
fn settled(call: &Call, ask: &Ask, now: Timestamp) -> Option<Outcome> {
    let term_s = u64::from(call.definition.term_s);
    let answer = ask.answer.as_ref().map(|answer| {
        let after_s = seconds(ask.asked, answer.at);
        (after_s, after_s <= term_s, answer.at)
    });
    let is_late = seconds(ask.asked, now) > term_s;
    let is_over = is_late || ask.is_lost() || ask.exhausted.is_some() || call.closed.is_some();
    (answer.is_some() || is_over).then_some(answer)
}

impl Register {
    /// How contacts answered the calls that the caller may know of, by handle; those that were not asked are not there. One pass
    /// over the calls.
    #[must_use]
    pub fn reaches(&self, looking: &Looking<'_>) -> BTreeMap<&str, Reach> {
        let mut all: BTreeMap<&str, Vec<Outcome>> = BTreeMap::new();
        for call in self.calls_since(looking.since) {
            for ask in call.asks.iter().filter(|ask| looking.knows_of(call, ask.member)) {
                if let Some(outcome) = settled(call, ask, looking.now) {
                    all.entry(&ask.contact).or_default().push(outcome);
                }
            }
        }
        all.into_iter().map(|(contact, outcomes)| (contact, Reach::of(outcomes))).collect()
    }

    /// How each member could be reached in the calls that the caller may know of, by member.
    #[must_use]
    pub fn reached_members(&self, looking: &Looking<'_>) -> Vec<MemberReach> {
        let mut all: BTreeMap<MemberId, Vec<Outcome>> = BTreeMap::new();
        for call in self.calls_since(looking.since) {
            let waiting = call.waiting();
            for root in call.roots() {
                let Some(first) = call.asks.get(root).filter(|ask| looking.knows_of(call, ask.member)) else {
                    continue;
                };
                let answer = call.reached(root).and_then(|(at, after_s)| {
                    let answer = call.asks.get(at)?.answer.as_ref()?;
                    Some((after_s, after_s <= u64::from(call.definition.term_s), answer.at))
                });
                // Whoever could not be asked may still have a deputy who can.
                let waits = call.chain(root).iter().any(|at| waiting.contains(at));
                let is_late = seconds(first.asked, looking.now) > u64::from(call.definition.term_s);
                if answer.is_some() || !waits || is_late {
                    all.entry(first.member).or_default().push(answer);
                }
            }
        }
        all.into_iter().map(|(member, answers)| MemberReach { member, reach: Reach::of(answers) }).collect()
    }

    fn calls_since(&self, since: Timestamp) -> impl Iterator<Item = &Call> {
        self.calls().iter().filter(move |call| call.began.micros() >= since.micros())
    }
}

/// A time to the second: a finer one would tell how many records came between two.
fn to_the_second(at: Timestamp) -> String {
    Timestamp::from_micros(at.seconds().saturating_mul(1_000_000)).to_string()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{answered, asked, at, definition};
    use super::super::{Definition, Event};
    use super::*;
    use policy::{Book, Caller, Circle, Entry, Member};
    use uuid::Uuid;

    fn register(calls: Vec<Vec<(i64, Event)>>) -> Register {
        let mut register = Register::default();
        for (number, events) in (1..).zip(calls) {
            let began = events.first().map_or(0, |(second, _)| *second);
            let begun = crate::Event::Call { call: number, event: Event::Began(definition()) };
            register.apply(begun, at(began));
            for (second, event) in events {
                register.apply(crate::Event::Call { call: number, event }, at(second));
            }
        }
        register
    }

    #[test]
    fn a_contact_is_measured_by_its_own_answers() {
        let register = register(vec![
            vec![(100, asked("a", None)), (160, answered(0))],
            vec![
                (10_000, asked("a", None)),
                (11_000, asked("b", Some(0))),
                (11_060, answered(1)),
                (12_000, answered(0)),
            ],
            vec![(20_000, asked("a", None))],
            vec![(99_950, asked("a", None))],
        ]);
        let book = Book::default();
        let looking =
            |since| Looking { book: &book, caller: Caller::Operator, since: at(since), now: at(100_000) };
        let of = |since, contact: &str| register.reaches(&looking(since)).remove(contact).unwrap_or_default();
        let reach = of(0, "a");
        assert_eq!((reach.asked, reach.in_term, reach.late), (3, 1, 1), "the last is within its term");
        assert_eq!((reach.median_s, reach.last), (Some(60), Some(at(12_000))));
        assert_eq!(of(0, "b").in_term, 1);
        let newer = of(15_000, "a");
        assert_eq!((newer.asked, newer.is_reachable()), (1, false));
        let members = register.reached_members(&looking(0));
        assert_eq!(members.len(), 1);
        let reach = &members[0].reach;
        assert_eq!((reach.asked, reach.in_term, reach.late, reach.median_s), (3, 1, 1, Some(60)));
        assert_eq!(of(0, "nobody"), Reach::default());
    }

    #[test]
    fn a_call_of_nobody_measures_nobody() {
        let empty = Definition { question: "?".to_owned(), ..definition() };
        let mut register = Register::default();
        register.apply(crate::Event::Call { call: 1, event: Event::Began(empty) }, at(5));
        let book = Book::default();
        let looking = Looking { book: &book, caller: Caller::Operator, since: at(0), now: at(9) };
        assert_eq!(register.reached_members(&looking), []);
    }

    /// Who can't be asked at all is not reachable, without waiting for the time to pass; a deputy may still save it.
    #[test]
    fn what_can_not_be_asked_counts_at_once() {
        let unaskable = |contact: &str, instead_of| match asked(contact, instead_of) {
            Event::Asked { contact, member, function, in_hours, .. } => {
                Event::Asked { contact, member, function, instead_of, in_hours, wires: Vec::new() }
            }
            other => other,
        };
        let (book, mut events) =
            (Book::default(), vec![(100, unaskable("a", None)), (101, asked("b", Some(0)))]);
        let counts = |events: &[(i64, Event)]| {
            let register = register(vec![events.to_vec()]);
            let looking = Looking { book: &book, caller: Caller::Operator, since: at(0), now: at(110) };
            let of = |contact| register.reaches(&looking).get(contact).map_or(0, |reach| reach.asked);
            (of("a"), of("b"), register.reached_members(&looking).len())
        };
        assert_eq!(counts(&events), (1, 0, 0));
        events.push((105, Event::Exhausted { ask: 1 }));
        assert_eq!(counts(&events), (1, 1, 1));
    }

    /// What is asked in a circle is told to those who are in it, and to who was asked.
    #[test]
    fn nobody_learns_of_calls_in_circles_that_it_is_not_in() {
        let ids = [1, 2, 3].map(|number| MemberId::new(Uuid::from_u128(number)));
        let mut book = Book::default();
        for (id, handle) in ids.into_iter().zip(["asked", "partner", "stranger"]) {
            book.apply(Entry::Member(Member::new(id, handle)));
        }
        let mut circle = Circle::new(definition().circle, "region");
        circle.members = ids[..2].to_vec();
        book.apply(Entry::Circle(circle));
        let register = register(vec![vec![(100, asked("a", None)), (160, answered(0))]]);
        let counts = ids.map(|id| {
            let looking = Looking { book: &book, caller: Caller::Member(id), since: at(0), now: at(9_000) };
            (
                register.reaches(&looking).get("a").map_or(0, |reach| reach.asked),
                register.reached_members(&looking).len(),
            )
        });
        assert_eq!(counts, [(1, 1), (1, 1), (0, 0)]);
    }
}
