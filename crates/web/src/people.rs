//! Changes to people: the rules that hold wherever they are made, on a page or at the command line.
//!
//! Each function makes one change in the node's line, in the name of who does it. Nobody changes roles of his or her own, so
//! that an administrator who wants to release needs another one to agree.

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
    /// There are too many.
    #[error("there are {PEOPLE_MAX} people already")]
    TooMany,
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
        if book.people().filter(|known| !known.ended).count() >= PEOPLE_MAX {
            return Err(PeopleError::TooMany);
        }
        Ok(vec![Entry::Person(person.clone()), Entry::Account(account)])
    })?;
    Ok(person)
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
    gate.change_all(by, |book| {
        let person = managed(book, by, user)?;
        if by.person == Some(person.id) {
            return Err(PeopleError::Own);
        }
        let account = Account::new(person.id, now);
        Ok(vec![Entry::Person(Person { ended: true, ..person.clone() }), Entry::Account(account)])
    })
}

/// Takes a person's password and codes away and lets out a new invitation: for whoever has forgotten or lost them, or when
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
