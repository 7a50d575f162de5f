//! Changes to people: the rules that hold wherever they are made, on a page or at the command line.
//!
//! Each function makes one change in the node's line, in the name of who does it. Nobody changes roles of his or her own, so
//! that an administrator who wants to release needs another one to agree; and a member's token changes nobody's.

use std::collections::BTreeSet;

use gate::{Gate, GateError};
use policy::person::{BadUser, NAME_CHARS_MAX};
use policy::{Account, Book, By, Entry, Invitation, MemberId, Person, PersonId, Role};
use stix::Timestamp;

use crate::auth::{Token, TokenKey};

/// How long an invitation is good: seven days, in microseconds.
pub const INVITATION_MICROS: i64 = 7 * 24 * 3_600 * 1_000_000;
/// People who may act at a time, of a whole node.
pub const PEOPLE_MAX: usize = 10_000;
/// People who may act at a time for one member, so that none takes the places of all.
pub const PEOPLE_OF_MEMBER_MAX: usize = 500;

/// Why a change was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PeopleError {
    /// The user name has another form.
    #[error(transparent)]
    BadUser(#[from] BadUser),
    /// Somebody who acts has it.
    #[error("there is a person `{0}` already")]
    Taken(String),
    /// The name is empty or too long.
    #[error("a name has 1 to {NAME_CHARS_MAX} characters, none of which controls a terminal")]
    BadName,
    /// Somebody who acts logs in with it.
    #[error("another person here is bound to that log-in elsewhere")]
    Bound,
    /// There is no such member that takes part.
    #[error("there is no such member, or its membership has ended")]
    NoMember,
    /// There is no such person, or not for the one who asks.
    #[error("there is no such person, or it has ended")]
    NoPerson,
    /// A person without a role could do nothing.
    #[error("a person has at least one role; to stop a person, end it")]
    NoRole,
    /// Somebody else has to.
    #[error("nobody changes roles of his or her own, or ends the own account: ask another administrator")]
    Own,
    /// A token has nobody of whom the record could tell that it changed its own.
    #[error(
        "roles are changed and people ended by a person who has logged in, or at the command line, not by a token"
    )]
    NeedsPerson,
    /// There are too many.
    #[error("there are {0} people already, as many as may be; end those who no longer act")]
    TooMany(usize),
    /// A token that could do what its maker must not give.
    #[error(
        "a token made on the page is never for admin or audit, and for release only if you may release; for the node, only for what you may do yourself"
    )]
    Scopes,
    /// A token that nobody asked for in full.
    #[error("a token is good for at least one right, and for 1 to 36500 days")]
    BadToken,
    /// There are no random bytes.
    #[error("the system gives no random bytes; try again")]
    NoChance,
    /// The line can't be written.
    #[error(transparent)]
    Gate(#[from] GateError),
}

/// Somebody who is to act.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Its identity, drawn anew.
    pub id: PersonId,
    /// For whom it acts.
    pub member: Option<MemberId>,
    /// What it will type to log in, as it was given.
    pub user: String,
    /// Its name.
    pub name: String,
    /// What it will do.
    pub roles: BTreeSet<Role>,
}

/// The account of a person, with a new invitation, and what stands in its link.
#[must_use]
pub fn invited(key: &TokenKey, secret: [u8; 32], mut account: Account, now: Timestamp) -> (Account, Token) {
    let token = Token::new(account.person.uuid(), secret);
    let expires = Timestamp::from_micros(now.micros().saturating_add(INVITATION_MICROS));
    account.invitation = Some(Invitation { hash: key.kept(&token).to_vec(), expires });
    (account, token)
}

/// That one more may act for `member`; `None` is the node, whose staff has no limit of its own.
fn check_room(book: &Book, member: Option<MemberId>) -> Result<(), PeopleError> {
    if book.people().filter(|known| !known.ended).count() >= PEOPLE_MAX {
        return Err(PeopleError::TooMany(PEOPLE_MAX));
    }
    let is_of_it = |known: &&Person| known.member == member && book.acts(known);
    if member.is_some() && book.people().filter(is_of_it).count() >= PEOPLE_OF_MEMBER_MAX {
        return Err(PeopleError::TooMany(PEOPLE_OF_MEMBER_MAX));
    }
    Ok(())
}

/// Adds a person who can log in once the link with `account`'s invitation was followed.
///
/// # Errors
/// [`PeopleError`]: then nothing has changed.
pub fn add(gate: &Gate, by: By, wanted: Wanted, account: Account) -> Result<Person, PeopleError> {
    let user = Person::user_of(&wanted.user)?;
    let name = wanted.name.trim().to_owned();
    let count = name.chars().count();
    if !(1..=NAME_CHARS_MAX).contains(&count) || name.chars().any(char::is_control) {
        return Err(PeopleError::BadName);
    }
    if wanted.roles.is_empty() {
        return Err(PeopleError::NoRole);
    }
    let Wanted { id, member, roles, .. } = wanted;
    let person = Person { id, member, user, name, roles, ended: false };
    gate.change_all(by, |book| {
        if book.person_by_user(&person.user).is_some_and(|known| !known.ended) {
            return Err(PeopleError::Taken(person.user.clone()));
        }
        if !book.acts(&person) {
            return Err(PeopleError::NoMember);
        }
        if account.bound.as_ref().is_some_and(|bound| book.person_by_bound(bound).is_some()) {
            return Err(PeopleError::Bound);
        }
        check_room(book, person.member)?;
        Ok(vec![Entry::Person(person.clone()), Entry::Account(account)])
    })?;
    Ok(person)
}

/// Whether a text can be the handle of a member or a circle: it stands in addresses, names of zones and log-ins.
#[must_use]
pub fn is_handle(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text != crate::auth::OPERATOR
}

/// The person with this user name, if it acts and is one that `by` manages: the node all, a member its own.
///
/// # Errors
/// [`PeopleError::NoPerson`].
pub fn managed<'b>(book: &'b Book, by: By, user: &str) -> Result<&'b Person, PeopleError> {
    let user = Person::user_of(user).map_err(|_| PeopleError::NoPerson)?;
    let found = book.person_by_user(&user).filter(|person| !person.ended);
    let is_ones_own = |person: &&Person| by.member == MemberId::NODE || person.member == Some(by.member);
    found.filter(is_ones_own).ok_or(PeopleError::NoPerson)
}

/// That `by` may change what people do: a person may, and the operator at the command line. Whether a token of the node is enough,
/// only the page can tell.
fn check_is_somebody(by: By) -> Result<(), PeopleError> {
    let is_enough = by.person.is_some() || by.member == MemberId::NODE;
    is_enough.then_some(()).ok_or(PeopleError::NeedsPerson)
}

/// Changes what a person does.
///
/// # Errors
/// [`PeopleError`]: then nothing has changed.
pub fn set_roles(
    gate: &Gate,
    by: By,
    user: &str,
    roles: impl FnOnce(&BTreeSet<Role>) -> BTreeSet<Role>,
) -> Result<(), PeopleError> {
    check_is_somebody(by)?;
    gate.change(by, |book| {
        let person = managed(book, by, user)?;
        let roles = roles(&person.roles);
        if by.person == Some(person.id) {
            return Err(PeopleError::Own);
        }
        if roles.is_empty() {
            return Err(PeopleError::NoRole);
        }
        Ok(Entry::Person(Person { roles, ..person.clone() }))
    })
}

/// Ends a person: it acts no more, and can't log in.
///
/// # Errors
/// [`PeopleError`]: then nothing has changed.
pub fn end(gate: &Gate, by: By, user: &str, now: Timestamp) -> Result<(), PeopleError> {
    check_is_somebody(by)?;
    gate.change_all(by, |book| {
        let person = managed(book, by, user)?;
        if by.person == Some(person.id) {
            return Err(PeopleError::Own);
        }
        let account = Account::new(person.id, now);
        Ok(vec![Entry::Person(Person { ended: true, ..person.clone() }), Entry::Account(account)])
    })
}

/// Takes a person's password, codes, passkeys and binding away and lets out a new invitation: for whoever has forgotten or lost them, or when
/// somebody else may know them. Its sessions end.
///
/// # Errors
/// [`PeopleError`]: then nothing has changed.
pub fn reset(
    gate: &Gate,
    by: By,
    user: &str,
    (key, secret): (&TokenKey, [u8; 32]),
    now: Timestamp,
) -> Result<Token, PeopleError> {
    let mut made = None;
    gate.change(by, |book| {
        let person = managed(book, by, user)?;
        let (account, token) = invited(key, secret, Account::new(person.id, now), now);
        made = Some(token);
        Ok::<_, PeopleError>(Entry::Account(account))
    })?;
    made.ok_or(PeopleError::NoPerson)
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::Member;
    use uuid::Uuid;

    fn member(number: u128) -> MemberId {
        MemberId::new(Uuid::from_u128(number))
    }

    fn person(number: u128, member: Option<MemberId>) -> Person {
        Person {
            id: PersonId::new(Uuid::from_u128(number)),
            member,
            user: format!("p{number}"),
            name: format!("P {number}"),
            roles: BTreeSet::from([Role::Reader]),
            ended: false,
        }
    }

    #[test]
    fn a_member_has_so_many_people_and_others_still_have_room() {
        let (one, other) = (member(1), member(2));
        let mut book = Book::default();
        book.apply(Entry::Member(Member::new(one, "one")));
        book.apply(Entry::Member(Member::new(other, "other")));
        let most = PEOPLE_OF_MEMBER_MAX as u128;
        for number in 0..most {
            assert!(check_room(&book, Some(one)).is_ok(), "{number}");
            book.apply(Entry::Person(person(number, Some(one))));
        }
        let full = check_room(&book, Some(one)).unwrap_err();
        assert!(full.to_string().starts_with("there are 500 people already"), "{full}");
        assert!(check_room(&book, Some(other)).is_ok() && check_room(&book, None).is_ok());
        book.apply(Entry::Person(Person { ended: true, ..person(0, Some(one)) }));
        assert!(check_room(&book, Some(one)).is_ok(), "who has ended takes no place");
        for number in most..=PEOPLE_MAX as u128 {
            book.apply(Entry::Person(person(number, None)));
        }
        let full = check_room(&book, Some(other)).unwrap_err();
        assert!(full.to_string().starts_with("there are 10000 people already"), "{full}");
    }

    #[test]
    fn a_members_token_changes_nobody() {
        let by = |member, person| By { member, person };
        let kim = Some(PersonId::new(Uuid::from_u128(1)));
        assert!(matches!(check_is_somebody(by(member(1), None)), Err(PeopleError::NeedsPerson)));
        assert!(check_is_somebody(by(member(1), kim)).is_ok());
        assert!(check_is_somebody(MemberId::NODE.into()).is_ok());
    }
}
