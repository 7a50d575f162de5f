//! Whom a call asks first, and whom next.

use std::collections::BTreeMap;

use policy::{Book, Circle, MemberId};
use stix::Timestamp;

use super::{Call, Definition, Event, Wire};
use crate::contact::{Function, Listed};
use crate::register::Register;

/// A member and function for which nobody can be asked, because no contact is opened to the circle.
pub type Missing = (MemberId, Function);

/// Over which wires a contact of a member can be asked.
pub trait Wires {
    /// Those that are there for this contact at this moment.
    fn of(&self, contact: &Listed) -> Vec<Wire>;
}

impl<F: Fn(&Listed) -> Vec<Wire>> Wires for F {
    fn of(&self, contact: &Listed) -> Vec<Wire> {
        self(contact)
    }
}

/// The first asks of a call: for each member and function, the contact that is nobody's deputy there. What is missing is told
/// for members without any contact that the circle may see, and for functions that were named.
#[must_use]
pub fn first(
    register: &Register,
    book: &Book,
    definition: &Definition,
    circle: &Circle,
    wires: &impl Wires,
    now: Timestamp,
) -> (Vec<Event>, Vec<Missing>) {
    let is_asked = |id: &MemberId| {
        let takes_part = book.member(*id).is_some_and(|member| !member.ended);
        takes_part && (definition.members.is_empty() || definition.members.contains(id))
    };
    // Whoever asks does not ask itself.
    let members = circle.members.iter().filter(|id| is_asked(id) && definition.caller != Some(**id));
    let (mut asks, mut missing) = (Vec::new(), Vec::new());
    for member in members {
        let here = opened(register, book, circle, *member);
        for function in Function::ALL {
            let is_named = definition.functions.contains(&function);
            if !is_named && !definition.functions.is_empty() {
                continue;
            }
            match foremost(&here, function) {
                Some(listed) => asks.push(asked(listed, None, wires, now)),
                None if is_named => missing.push((*member, function)),
                None => {}
            }
        }
        if here.is_empty() && definition.functions.is_empty() {
            missing.push((*member, Function::Technical));
        }
    }
    (asks, missing)
}

/// The contact that stands in for the one of `ask`: its deputy, if that is opened to the circle and was not asked in the same
/// chain. `None` if nobody is left.
#[must_use]
pub fn next(
    register: &Register,
    book: &Book,
    call: &Call,
    ask: usize,
    wires: &impl Wires,
    now: Timestamp,
) -> Option<Event> {
    let before = call.asks.get(ask)?;
    let circle = book.circle(call.definition.circle)?;
    let here: BTreeMap<&str, &Listed> = opened(register, book, circle, before.member)
        .into_iter()
        .map(|listed| (listed.handle.as_str(), listed))
        .collect();
    let root = call.roots().find(|root| call.chain(*root).contains(&ask))?;
    let asked_already: Vec<&str> =
        call.chain(root).into_iter().filter_map(|at| Some(call.asks.get(at)?.contact.as_str())).collect();
    let deputy = register.contact(&before.contact)?.contact.deputy.as_deref()?;
    let listed = here.get(deputy).filter(|_| !asked_already.contains(&deputy))?;
    match asked(listed, Some(ask), wires, now) {
        // The chain is one function's, whatever else its deputy does.
        Event::Asked { contact, member, instead_of, in_hours, wires, .. } => {
            Some(Event::Asked { contact, member, function: before.function, instead_of, in_hours, wires })
        }
        _ => None,
    }
}

/// The contacts of a member that a circle may see.
fn opened<'r>(register: &'r Register, book: &Book, circle: &Circle, member: MemberId) -> Vec<&'r Listed> {
    let is_open = |listed: &&Listed| {
        listed.contact.member == member
            && listed.contact.circles.contains(&circle.id)
            && book.opens(circle, &[member])
    };
    register.contacts().filter(is_open).collect()
}

/// The contact of a function that is nobody's deputy; of several the first by handle.
fn foremost<'r>(here: &[&'r Listed], function: Function) -> Option<&'r Listed> {
    let of: Vec<&&'r Listed> = here.iter().filter(|listed| listed.contact.function == function).collect();
    let stands_in = |handle: &str| of.iter().any(|other| other.contact.deputy.as_deref() == Some(handle));
    // Two that stand in for each other: one of them begins.
    let first = of.iter().find(|listed| !stands_in(&listed.handle)).or_else(|| of.first());
    first.map(|listed| **listed)
}

fn asked(listed: &Listed, instead_of: Option<usize>, wires: &impl Wires, now: Timestamp) -> Event {
    let contact = &listed.contact;
    Event::Asked {
        contact: listed.handle.clone(),
        member: contact.member,
        function: contact.function,
        instead_of,
        in_hours: contact.answers_at(now),
        wires: wires.of(listed),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{at, definition};
    use super::*;
    use crate::contact::Contact;
    use crate::contact::tests::contact;
    use policy::{CircleId, Entry, Member};
    use uuid::Uuid;

    const MEMBER: MemberId = MemberId::new(Uuid::from_u128(1));
    const OTHER: MemberId = MemberId::new(Uuid::from_u128(2));

    fn world(contacts: &[(&str, Option<&str>)]) -> (Register, Book, Circle) {
        let mut book = Book::default();
        book.apply(Entry::Member(Member::new(MEMBER, "cert")));
        book.apply(Entry::Member(Member::new(OTHER, "isp")));
        let mut circle = Circle::new(CircleId::new(Uuid::from_u128(9)), "region");
        circle.members = vec![MEMBER, OTHER];
        book.apply(Entry::Circle(circle.clone()));
        let mut register = Register::default();
        for (handle, deputy) in contacts {
            let contact = Contact { deputy: deputy.map(str::to_owned), ..contact(handle) };
            register.apply(crate::Event::Contact { handle: (*handle).to_owned(), contact }, at(1));
        }
        (register, book, circle)
    }

    fn wires(_: &Listed) -> Vec<Wire> {
        vec![Wire::Mail]
    }

    fn who(event: &Event) -> &str {
        match event {
            Event::Asked { contact, .. } => contact,
            _ => "",
        }
    }

    #[test]
    fn who_is_nobodys_deputy_is_asked_first_and_the_chain_ends() {
        // The deputy's own deputy is the first again.
        let (register, book, circle) = world(&[("b", Some("c")), ("a", None), ("c", Some("b"))]);
        let (first, missing) = first(&register, &book, &definition(), &circle, &wires, at(9));
        assert_eq!(first.iter().map(who).collect::<Vec<_>>(), ["a"]);
        assert_eq!(missing, [(OTHER, Function::Technical)]);

        let (register, book, circle) = world(&[("a", Some("b")), ("b", Some("c")), ("c", Some("a"))]);
        let (first, _) = super::first(&register, &book, &definition(), &circle, &wires, at(9));
        let mut call = Call::new(1, definition(), at(10));
        let mut asks = first;
        let mut said = Vec::new();
        while let Some(event) = asks.pop() {
            said.push(who(&event).to_owned());
            call.apply(event, at(10));
            asks.extend(next(&register, &book, &call, call.asks.len() - 1, &wires, at(11)));
        }
        assert_eq!(said, ["a", "b", "c"], "nobody twice");
    }

    #[test]
    fn a_function_that_nobody_has_is_told() {
        let (register, book, circle) = world(&[("a", None)]);
        let asked =
            Definition { functions: vec![Function::Diplomatic], members: vec![MEMBER], ..definition() };
        let (first, missing) = first(&register, &book, &asked, &circle, &wires, at(9));
        assert_eq!((first.len(), missing), (0, vec![(MEMBER, Function::Diplomatic)]));
        let own = Definition { caller: Some(MEMBER), ..definition() };
        assert!(super::first(&register, &book, &own, &circle, &wires, at(9)).0.is_empty(), "not itself");
    }

    #[test]
    fn who_is_not_opened_to_the_circle_is_not_asked() {
        let (mut register, book, mut circle) = world(&[("a", Some("b")), ("b", None)]);
        let closed = Contact { circles: Vec::new(), ..contact("b") };
        register.apply(crate::Event::Contact { handle: "b".to_owned(), contact: closed }, at(2));
        let (first, _) = first(&register, &book, &definition(), &circle, &wires, at(9));
        let mut call = Call::new(1, definition(), at(10));
        first.into_iter().for_each(|event| call.apply(event, at(10)));
        assert_eq!(next(&register, &book, &call, 0, &wires, at(11)), None);
        circle.hidden_members = true;
        assert!(super::first(&register, &book, &definition(), &circle, &wires, at(9)).0.is_empty());
    }
}
