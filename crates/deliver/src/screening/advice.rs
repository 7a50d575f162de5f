//! What to do about what is known.

use gate::KnownValue;
use serde::Serialize;
use watch::index::Match;
use watch::{Context, Kind, Value, normalise};

use super::Advisor;

/// What to do, for a program and for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Advice {
    /// `hold-payment`, `block`, `look` or `none`.
    pub action: &'static str,
    /// The same in a sentence or two.
    pub say: String,
}

/// What to do about a value that is known, by what it is and by what the guard says of it.
pub(super) fn advise(known: &KnownValue, in_force: bool, advisor: &Advisor<'_>) -> Advice {
    let say = |action, say: &str| Advice { action, say: say.to_owned() };
    if !in_force {
        return say(
            "none",
            "Nothing holds that says so: it has ended, or has not begun. Look at the dates before you act on it.",
        );
    }
    match known.kind {
        Kind::Wallet | Kind::BankAccount => say(
            "hold-payment",
            "Hold the payment, do not tell the customer why yet, and have a person decide by your own rules; tell the source if money has moved already.",
        ),
        Kind::Account | Kind::Phone => say(
            "look",
            "Compare with what else you know of this person before you decide: a name or a number can change hands.",
        ),
        Kind::Mac | Kind::RegistryKey | Kind::Certificate | Kind::Ja3 | Kind::Ja4 | Kind::FileName => say(
            "look",
            "Look for it in your logs and on your machines (`bongsu hunt`); nothing refuses it by itself.",
        ),
        _ => blocking(known, advisor),
    }
}

/// What to do about a name that is like a listed party's.
pub(super) fn of_party() -> Advice {
    let say = "Compare dates, countries and other names before you decide: many bear the same name. If it is this party, hold what you owe it and follow the rules of the list.";
    Advice { action: "look", say: say.to_owned() }
}

fn blocking(known: &KnownValue, advisor: &Advisor<'_>) -> Advice {
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
        (Some(hold), _) => {
            Advice { action: "look", say: format!("Look for it, and do not refuse it by itself: {hold}.") }
        }
        (None, Match::Host | Match::HostNetwork) => {
            Advice { action: "block", say: "Refuse it: its host is known to be bad.".to_owned() }
        }
        (None, _) => Advice {
            action: "block",
            say: "Refuse it, and look in your logs whether it was met before.".to_owned(),
        },
    }
}
