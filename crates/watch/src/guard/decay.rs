//! How confidence fades with age.
//!
//! score × max(0, 1 − (age / lifetime)^(1 / decay)): an address changes hands within months, a file stays what it
//! is. A new sighting resets the age. Source: Iklody, Wagener, Dulaunoy, Mokaddem, Vandeplas: Decaying Indicators of
//! Compromise (2018), formula 3; rule L-4. The parameters are ours.

use stix::Timestamp;

use super::Context;
use crate::value::Kind;

/// What counts when an indicator states no confidence.
pub const CONFIDENCE_UNSTATED: u8 = 50;

const DAY_SECONDS: f64 = 86_400.0;

/// How values of a kind fade.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decay {
    /// After how many days nothing is left.
    pub lifetime_days: f64,
    /// Under 1: slowly at first, then fast. 1: evenly. Above 1: fast at first.
    pub decay: f64,
}

impl Decay {
    /// The parameters of a kind.
    #[must_use]
    pub const fn of(kind: Kind) -> Self {
        let (lifetime_days, decay) = match kind {
            Kind::Ipv4 | Kind::Ipv6 => (180.0, 1.0),
            Kind::Url => (180.0, 0.7),
            Kind::Domain => (730.0, 0.7),
            Kind::Email => (730.0, 0.5),
            Kind::Md5 | Kind::Sha1 | Kind::Sha256 | Kind::Sha512 => (3_650.0, 0.3),
            Kind::Wallet => (3_650.0, 0.5),
            Kind::Cve | Kind::Asn | Kind::Mac | Kind::RegistryKey | Kind::Attack => (1_825.0, 0.5),
        };
        Self { lifetime_days, decay }
    }
}

/// The confidence left in a value, 0 to 100.
#[must_use]
pub fn faded(kind: Kind, context: &Context) -> f64 {
    let score = f64::from(context.confidence.unwrap_or(CONFIDENCE_UNSTATED).min(100));
    let Some(since) = context.seen_last.max(context.valid_from) else {
        return score;
    };
    let Decay { lifetime_days, decay } = Decay::of(kind);
    #[expect(clippy::cast_precision_loss, reason = "seconds between two dates are far below 2^53")]
    let age_days = context.now.seconds().saturating_sub(since.seconds()).max(0) as f64 / DAY_SECONDS;
    score * (1.0 - (age_days / lifetime_days).powf(1.0 / decay)).max(0.0)
}

/// When the confidence in a value falls under the member's threshold; `None` if it never does, or is under it already.
///
/// To the second, and rather one too early than too late: who acts on it asks [`faded`] again.
#[must_use]
pub fn fades_at(kind: Kind, context: &Context) -> Option<Timestamp> {
    let score = f64::from(context.confidence.unwrap_or(CONFIDENCE_UNSTATED).min(100));
    let least = f64::from(context.confidence_min);
    let since = context.seen_last.max(context.valid_from)?;
    if least <= 0.0 || faded(kind, context) < least {
        return None;
    }
    let Decay { lifetime_days, decay } = Decay::of(kind);
    let age_s = (1.0 - least / score).max(0.0).powf(decay) * lifetime_days * DAY_SECONDS;
    #[expect(clippy::cast_possible_truncation, reason = "an age is at most a lifetime, some 10^8 seconds")]
    let at = since.seconds().saturating_add(age_s.floor() as i64);
    // What has not faded yet fades later than now, whatever rounding says.
    let at = at.max(context.now.seconds().saturating_add(1));
    Some(Timestamp::from_micros(at.saturating_mul(1_000_000)))
}
