//! What to do about what is known.

use gate::KnownValue;
use serde::Serialize;
use watch::index::Match;
use watch::{Context, Hold, Kind, Value, normalise};

use super::Advisor;

/// What to do, for a program and for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Advice {
    /// `hold-payment`, `block`, `look` or `none`.
    pub action: &'static str,
    /// The same in a sentence or two.
    pub say: String,
    /// What it rests on, for whoever says it in another language.
    #[serde(skip)]
    pub ground: Ground,
}

/// What an advice rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ground {
    /// Nothing that says so holds now.
    NotInForce,
    /// Money goes there.
    Payment,
    /// A person is known by it, and it can change hands.
    Person,
    /// Nothing refuses values of its kind by themselves.
    LookedFor,
    /// A name is like a listed party's.
    Party,
    /// The guard holds it.
    Held(Hold),
    /// Its host is known to be bad.
    Host,
    /// It is known to be bad itself.
    Bad,
}

impl Ground {
    /// The advice that rests on it.
    fn advice(self) -> Advice {
        Advice { action: self.action(), say: self.say(), ground: self }
    }

    const fn action(&self) -> &'static str {
        match self {
            Self::NotInForce => "none",
            Self::Payment => "hold-payment",
            Self::Person | Self::LookedFor | Self::Party | Self::Held(_) => "look",
            Self::Host | Self::Bad => "block",
        }
    }

    fn say(&self) -> String {
        let said = match self {
            Self::NotInForce => {
                "Nothing holds that says so: it has ended, or has not begun. Look at the dates before you act on it."
            }
            Self::Payment => {
                "Hold the payment, do not tell the customer why yet, and have a person decide by your own rules; tell the source if money has moved already."
            }
            Self::Person => {
                "Compare with what else you know of this person before you decide: a name or a number can change hands."
            }
            Self::LookedFor => {
                "Look for it in your logs and on your machines (`bongsu hunt`); nothing refuses it by itself."
            }
            Self::Party => {
                "Compare dates, countries and other names before you decide: many bear the same name. If it is this party, hold what you owe it and follow the rules of the list."
            }
            Self::Held(hold) => return format!("Look for it, and do not refuse it by itself: {hold}."),
            Self::Host => "Refuse it: its host is known to be bad.",
            Self::Bad => "Refuse it, and look in your logs whether it was met before.",
        };
        said.to_owned()
    }
}

/// What to do about a value that is known, by what it is and by what the guard says of it.
pub(super) fn advise(known: &KnownValue, in_force: bool, advisor: &Advisor<'_>) -> Advice {
    let ground = match known.kind {
        _ if !in_force => Ground::NotInForce,
        Kind::Wallet | Kind::BankAccount => Ground::Payment,
        Kind::Account | Kind::Phone => Ground::Person,
        Kind::Mac | Kind::RegistryKey | Kind::Certificate | Kind::Ja3 | Kind::Ja4 | Kind::FileName => {
            Ground::LookedFor
        }
        _ => blocking(known, advisor),
    };
    ground.advice()
}

/// What to do about a name that is like a listed party's.
pub(super) fn of_party() -> Advice {
    Ground::Party.advice()
}

fn blocking(known: &KnownValue, advisor: &Advisor<'_>) -> Ground {
    let (now, confidence_min) = (advisor.now, advisor.profile.confidence_min);
    let value: Option<Value> = normalise(known.kind, &known.text).ok();
    let guard = advisor.guard();
    let contexts =
        known.witnesses.iter().map(|witness| Context::new(now, confidence_min).of(&witness.indicator));
    let mut holds =
        value.iter().flat_map(|value| contexts.clone().map(|context| guard.check(value, &context)));
    // One that may be acted on is enough.
    let first = holds.next();
    let hold = match first {
        Some(Err(hold)) if holds.all(|other| other.is_err()) => Some(hold),
        _ => None,
    };
    match (hold, known.by) {
        (Some(hold), _) => Ground::Held(hold),
        (None, Match::Host | Match::HostNetwork) => Ground::Host,
        (None, _) => Ground::Bad,
    }
}
