//! Of whom a second factor is demanded.
//!
//! Codes from an app and passkeys are second factors here, since with them a password alone lets nobody in; so is a log-in at the
//! provider, whose own they are (how well it must have asked is said to it: [`super::oidc`]). Whoever is to have one and has logged in
//! by a password alone gets a session that does nothing but set one up, or end. Tokens are not people's log-ins, and stay as they are.

use std::collections::BTreeSet;

use policy::{Account, Book, Person, Role};

/// Of whom one is demanded. By default of nobody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SecondFactor {
    /// Of whoever has one of these roles.
    pub roles: BTreeSet<Role>,
    /// Of whoever acts for one of these members, by their handles.
    pub members: BTreeSet<String>,
}

impl SecondFactor {
    /// Whether one is demanded of `person`, as it acts now.
    #[must_use]
    pub fn is_demanded_of(&self, book: &Book, person: &Person) -> bool {
        let member = person.member.and_then(|id| book.member(id));
        !self.roles.is_disjoint(&person.roles)
            || member.is_some_and(|member| self.members.contains(&member.handle))
    }

    /// Whether `person` is to have one, and could log in with none. One that is bound to whom a provider names has that one's.
    #[must_use]
    pub fn is_lacking(&self, book: &Book, person: &Person) -> bool {
        let has = |account: &Account| account.has_second() || account.bound.is_some();
        self.is_demanded_of(book, person) && !book.account(person.id).is_some_and(has)
    }

    /// Handles that are no member's: of whoever is meant by them, nothing is demanded.
    pub fn unknown<'s>(&'s self, book: &'s Book) -> impl Iterator<Item = &'s str> {
        self.members.iter().map(String::as_str).filter(|handle| book.member_by_handle(handle).is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::{Bound, Entry, Member, MemberId, PersonId};
    use stix::Timestamp;
    use uuid::Uuid;

    fn person(number: u128, member: Option<MemberId>, roles: &[Role]) -> Person {
        Person {
            id: PersonId::new(Uuid::from_u128(number)),
            member,
            user: format!("p{number}"),
            name: format!("P {number}"),
            roles: roles.iter().copied().collect(),
            ended: false,
        }
    }

    #[test]
    fn it_is_demanded_by_role_and_by_member() {
        let (one, other) = (MemberId::new(Uuid::from_u128(10)), MemberId::new(Uuid::from_u128(11)));
        let mut book = Book::default();
        book.apply(Entry::Member(Member::new(one, "one")));
        book.apply(Entry::Member(Member::new(other, "other")));
        let demanded = SecondFactor {
            roles: [Role::Releaser, Role::Administrator].into(),
            members: ["other".to_owned(), "nobody".to_owned()].into(),
        };
        let is = |person: &Person| demanded.is_demanded_of(&book, person);
        assert!(is(&person(1, Some(one), &[Role::Reader, Role::Administrator])));
        assert!(is(&person(1, None, &[Role::Releaser])));
        assert!(is(&person(1, Some(other), &[Role::Reader])));
        assert!(!is(&person(1, Some(one), &[Role::Analyst, Role::Auditor])));
        assert!(!SecondFactor::default().is_demanded_of(&book, &person(1, Some(other), &Role::ALL)));
        assert_eq!(demanded.unknown(&book).collect::<Vec<_>>(), ["nobody"]);
    }

    #[test]
    fn whoever_has_one_or_a_providers_lacks_none() {
        let demanded = SecondFactor { roles: [Role::Reader].into(), members: BTreeSet::new() };
        let kim = person(1, None, &[Role::Reader]);
        let with = |change: &dyn Fn(&mut Account)| {
            let mut book = Book::default();
            book.apply(Entry::Person(kim.clone()));
            let mut account = Account::new(kim.id, Timestamp::from_micros(1));
            change(&mut account);
            book.apply(Entry::Account(account));
            demanded.is_lacking(&book, &kim)
        };
        assert!(with(&|_| ()) && with(&|account| account.password = Some("x".to_owned())));
        assert!(!with(&|account| account.codes = Some(Uuid::from_u128(1))));
        let bound = Bound { issuer: "https://id.test".to_owned(), subject: "kim".to_owned() };
        assert!(!with(&|account| account.bound = Some(bound.clone())));
        assert!(demanded.is_lacking(&Book::default(), &kim), "who has no account has none");
        assert!(!SecondFactor::default().is_lacking(&Book::default(), &kim));
    }
}
