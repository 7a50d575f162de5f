//! What an advisory says: pure data, made once from what was released, from which each form is rendered.

use stix::{Timestamp, Tlp};
use watch::Kind;

pub use super::playbook::Part;
use crate::fires::Burning;
use crate::speech::Language;

/// Everything that an advisory says to one member.
#[derive(Debug, Clone)]
pub struct Advisory {
    /// The language that it speaks; what comes from objects stays in the language of its source.
    pub language: Language,
    /// The strictest mark of what is in it.
    pub tlp: Tlp,
    /// The node's title.
    pub node: String,
    /// The member's name.
    pub member: String,
    /// The day on which it was made; days are those of UTC.
    pub date: String,
    /// The fires of its circles.
    pub fires: Vec<Burning>,
    /// What happened, the most telling first.
    pub happened: Vec<Happened>,
    /// How much more is known.
    pub more_happened: usize,
    /// Sectors, countries and organisations that are said to be targets.
    pub concerned: Vec<String>,
    /// What partners recommend to do.
    pub actions: Vec<Action>,
    /// Whom to reach.
    pub contacts: Vec<Contact>,
    /// How many values there are of each group of kinds.
    pub counts: Vec<(Group, usize)>,
    /// What to look for, the newest first.
    pub values: Vec<Row>,
    /// How many values are not in the table.
    pub more_values: usize,
    /// What the member had and is not to act on any more.
    pub gone: Vec<Gone>,
    /// Where its newest version is.
    pub page: Option<String>,
    /// Where it can be answered without an account.
    pub answer: Option<Answer>,
    /// The address for answers by mail.
    pub reply_to: Option<String>,
}

/// A report, an incident, a campaign, a group or an attacker.
#[derive(Debug, Clone)]
pub struct Happened {
    /// The message that names its type.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// Its other names.
    pub names: Vec<String>,
    /// What is told of it.
    pub text: String,
    /// What its signature proves; `None` if it has none.
    pub signature: Option<Signature>,
}

/// What a signature proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signature {
    /// That the member of this name says so.
    By(String),
    /// That a member says so which is not to be named.
    ByMember,
    /// Nothing: it is broken, or its key is not known or did not hold.
    Unproven,
}

/// Something that partners recommend to do.
#[derive(Debug, Clone)]
pub struct Action {
    /// Its name.
    pub name: String,
    /// What is to be done.
    pub text: String,
    /// How many of the techniques in use it meets.
    pub meets: usize,
    /// The steps of its playbook, if it has one.
    pub parts: Vec<Part>,
}

/// Whom to reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// Who it is.
    pub name: String,
    /// How to reach them.
    pub contact: String,
}

/// A value to look for.
#[derive(Debug, Clone)]
pub struct Row {
    /// What it counts as marked with.
    pub tlp: Tlp,
    /// What kind of value.
    pub group: Group,
    /// The value, defanged.
    pub value: String,
    /// What it belongs to.
    pub name: String,
    /// From which day on.
    pub since: String,
    /// The indicator's id.
    pub indicator: String,
}

/// A value that is not to be acted on any more.
#[derive(Debug, Clone)]
pub struct Gone {
    /// What kind of value.
    pub group: Group,
    /// The value, defanged.
    pub value: String,
    /// Why.
    pub why: Why,
    /// Since when.
    pub at: Timestamp,
}

/// Why a value is not to be acted on any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The one who shared it took it back.
    Withdrawn,
    /// Its time ran out.
    Expired,
}

/// Where an advisory can be answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The address.
    pub url: String,
    /// The last day on which it works.
    pub until: String,
}

/// Kinds of values, as people tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Domains.
    Domain,
    /// Web pages.
    Url,
    /// Network addresses.
    Address,
    /// Files, by their hashes.
    File,
    /// Mail senders.
    Mail,
    /// Wallets.
    Wallet,
}

impl Group {
    /// The group of a kind.
    #[must_use]
    pub const fn of(kind: Kind) -> Self {
        match kind {
            Kind::Domain => Self::Domain,
            Kind::Url => Self::Url,
            Kind::Ipv4 | Kind::Ipv6 => Self::Address,
            Kind::Email => Self::Mail,
            Kind::Wallet => Self::Wallet,
            _ => Self::File,
        }
    }

    /// The message that names one.
    #[must_use]
    pub const fn one(self) -> &'static str {
        match self {
            Self::Domain => "kind-domain",
            Self::Url => "kind-url",
            Self::Address => "kind-address",
            Self::File => "kind-file",
            Self::Mail => "kind-mail",
            Self::Wallet => "kind-wallet",
        }
    }

    /// The message that counts them.
    #[must_use]
    pub const fn several(self) -> &'static str {
        match self {
            Self::Domain => "counts-domain",
            Self::Url => "counts-url",
            Self::Address => "counts-address",
            Self::File => "counts-file",
            Self::Mail => "counts-mail",
            Self::Wallet => "counts-wallet",
        }
    }
}
