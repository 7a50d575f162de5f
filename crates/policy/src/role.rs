//! What people and tokens may do: rights, roles, and the one table between them.
//!
//! A [`Right`] is what a surface asks for before it does something. A person has the rights of all its [`Role`]s; a token
//! has those of its scopes, or, if it has none, what its holder always had. Every surface asks for the same rights, so that
//! what a role may do is said in [`Role::rights`] alone; `docs/people.md` has the same table for people, and a test reads it.
//! A right never widens what a member may see: that is decided by the rules of [`crate::release`], after this.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Something that may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Right {
    /// See what the member gets: pages, lists, zones, advisories, objects.
    Read = 0,
    /// Bring objects, sightings and changes to them.
    Write = 1,
    /// Ask whether values, names or personas are known.
    Screen = 2,
    /// Let out what waits for a decision, and withdraw.
    Release = 3,
    /// Manage people and credentials.
    Admin = 4,
    /// See who did what.
    Audit = 5,
}

impl Right {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Read, Self::Write, Self::Screen, Self::Release, Self::Admin, Self::Audit];

    /// Its name, also that of the scope of a token.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Screen => "screen",
            Self::Release => "release",
            Self::Admin => "admin",
            Self::Audit => "audit",
        }
    }
}

/// Why a word is no role or right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is none of: {known}")]
pub struct UnknownWord {
    /// The word.
    pub word: String,
    /// What there is.
    pub known: String,
}

fn named<T: Copy>(all: &[T], name: fn(T) -> &'static str, word: &str) -> Result<T, UnknownWord> {
    all.iter().copied().find(|one| name(*one) == word).ok_or_else(|| UnknownWord {
        word: word.chars().take(40).collect(),
        known: all.iter().map(|one| name(*one)).collect::<Vec<_>>().join(", "),
    })
}

impl FromStr for Right {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        named(&Self::ALL, Self::name, word)
    }
}

/// A set of rights.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Rights(u8);

impl Rights {
    /// None at all.
    pub const NONE: Self = Self(0);
    /// Each there is: the node's operator.
    pub const ALL: Self = Self::of(&Right::ALL);
    /// What a member's credential has that names no scopes: all but managing people and reading the record of acts,
    /// which came later than such credentials.
    pub const MEMBER: Self = Self::of(&[Right::Read, Right::Write, Right::Screen, Right::Release]);

    /// The set of these.
    #[must_use]
    pub const fn of(rights: &[Right]) -> Self {
        let (mut set, mut at) = (0, 0);
        while at < rights.len() {
            set |= 1 << rights[at] as u8;
            at += 1;
        }
        Self(set)
    }

    /// Whether the right is among them.
    #[must_use]
    pub const fn has(self, right: Right) -> bool {
        self.0 & (1 << right as u8) != 0
    }

    /// Those of either.
    #[must_use]
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// Those that are in both.
    #[must_use]
    pub const fn within(self, others: Self) -> Self {
        Self(self.0 & others.0)
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = Right> {
        Right::ALL.into_iter().filter(move |right| self.has(*right))
    }
}

impl fmt::Display for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.iter().map(Right::name).collect::<Vec<_>>().join(", "))
    }
}

impl fmt::Debug for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rights({self})")
    }
}

impl Serialize for Rights {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.iter().map(Right::name))
    }
}

impl<'de> Deserialize<'de> for Rights {
    /// A right that is not known is an error: to leave it out would be to guess.
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let words = Vec::<String>::deserialize(from)?;
        let rights: Result<Vec<Right>, UnknownWord> = words.iter().map(|word| word.parse()).collect();
        rights.map(|rights| Self::of(&rights)).map_err(de::Error::custom)
    }
}

/// What a person does for its member, or for the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Sees what the member gets.
    Reader,
    /// Also brings objects and sightings, and screens.
    Analyst,
    /// Also lets out what waits for a second pair of eyes, and withdraws.
    Releaser,
    /// Manages people and credentials.
    Administrator,
    /// Sees who did what.
    Auditor,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Reader, Self::Analyst, Self::Releaser, Self::Administrator, Self::Auditor];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Analyst => "analyst",
            Self::Releaser => "releaser",
            Self::Administrator => "administrator",
            Self::Auditor => "auditor",
        }
    }

    /// What it may do. Who manages people, or looks at who did what, need not see intelligence for it, and has no right to.
    #[must_use]
    pub const fn rights(self) -> Rights {
        match self {
            Self::Reader => Rights::of(&[Right::Read]),
            Self::Analyst => Rights::of(&[Right::Read, Right::Write, Right::Screen]),
            Self::Releaser => Rights::of(&[Right::Read, Right::Write, Right::Screen, Right::Release]),
            Self::Administrator => Rights::of(&[Right::Admin]),
            Self::Auditor => Rights::of(&[Right::Audit]),
        }
    }
}

impl FromStr for Role {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        named(&Self::ALL, Self::name, word)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::{Right, Rights, Role};

    /// The table that people read is the table that is used.
    #[test]
    fn the_table_in_the_documentation_is_this_one() {
        let page = std::fs::read_to_string("../../docs/people.md").unwrap();
        let cells = |line: &str| -> Vec<String> {
            line.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`').to_owned()).collect()
        };
        let mut rows = page.lines().skip_while(|line| !line.starts_with("| role |"));
        let rights: Vec<Right> =
            cells(rows.next().unwrap()).iter().skip(1).map(|word| word.parse().unwrap()).collect();
        assert_eq!(rights, Right::ALL);
        let rows: Vec<Vec<String>> =
            rows.skip(1).take_while(|line| line.starts_with('|')).map(cells).collect();
        assert_eq!(rows.len(), Role::ALL.len());
        for row in rows {
            let role: Role = row[0].parse().unwrap();
            for (right, cell) in rights.iter().zip(&row[1..]) {
                assert_eq!(role.rights().has(*right), cell == "yes", "{role} {}", right.name());
            }
        }
    }

    #[test]
    fn sets_of_rights_are_read_back_and_nothing_unknown_is_read() {
        for set in 0..1 << Right::ALL.len() {
            let rights = Rights(set);
            let text = serde_json::to_string(&rights).unwrap();
            assert_eq!(serde_json::from_str::<Rights>(&text).unwrap(), rights, "{text}");
            assert_eq!(Rights::of(&rights.iter().collect::<Vec<_>>()), rights);
        }
        assert!(serde_json::from_str::<Rights>("[\"read\",\"everything\"]").is_err());
        assert!("Reader".parse::<Role>().is_err());
    }

    #[test]
    fn who_manages_or_audits_sees_no_intelligence_and_changes_none() {
        for role in [Role::Administrator, Role::Auditor] {
            assert!(role.rights().within(Rights::MEMBER).is_empty(), "{role}");
        }
        assert_eq!(Role::Reader.rights().to_string(), "read");
        assert!(!Role::Auditor.rights().has(Right::Admin) && !Role::Administrator.rights().has(Right::Audit));
    }
}
