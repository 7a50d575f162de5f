//! How confidence fades with age.
//!
//! score × max(0, 1 − (age / lifetime)^(1 / decay)): an address changes hands within months, a file stays what it
//! is. A new sighting resets the age. Source: Iklody, Wagener, Dulaunoy, Mokaddem, Vandeplas: Decaying Indicators of
//! Compromise (2018), formula 3; rule L-4. The parameters are ours, unless an operator gives others.

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
    /// Under what confidence a value counts for nobody, 0 to 100, whatever less a member takes.
    pub threshold: u8,
    /// The confidence of an indicator that states none, 0 to 100.
    pub unstated: u8,
}

impl Decay {
    /// The parameters of a kind, unless others are given.
    #[must_use]
    pub const fn of(kind: Kind) -> Self {
        let (lifetime_days, decay) = match kind {
            Kind::Ipv4 | Kind::Ipv6 => (180.0, 1.0),
            Kind::Url => (180.0, 0.7),
            Kind::Domain => (730.0, 0.7),
            Kind::Email => (730.0, 0.5),
            Kind::Md5 | Kind::Sha1 | Kind::Sha256 | Kind::Sha512 => (3_650.0, 0.3),
            Kind::Wallet | Kind::BankAccount => (3_650.0, 0.5),
            Kind::Certificate => (730.0, 0.5),
            Kind::Cve | Kind::Asn | Kind::Mac | Kind::RegistryKey | Kind::Attack => (1_825.0, 0.5),
            Kind::Account | Kind::Phone | Kind::Ja3 | Kind::Ja4 | Kind::FileName => (1_825.0, 0.5),
        };
        Self { lifetime_days, decay, threshold: 0, unstated: CONFIDENCE_UNSTATED }
    }

    fn score(&self, context: &Context) -> f64 {
        f64::from(context.confidence.unwrap_or(self.unstated).min(100))
    }

    /// The least confidence that counts: the member's, or the model's if that is more.
    #[must_use]
    pub const fn least(&self, context: &Context) -> u8 {
        if self.threshold > context.confidence_min { self.threshold } else { context.confidence_min }
    }

    /// The confidence left in a value, 0 to 100.
    #[must_use]
    pub fn faded(&self, context: &Context) -> f64 {
        let score = self.score(context);
        let Some(since) = context.seen_last.max(context.valid_from) else {
            return score;
        };
        #[expect(clippy::cast_precision_loss, reason = "seconds between two dates are far below 2^53")]
        let age_days = context.now.seconds().saturating_sub(since.seconds()).max(0) as f64 / DAY_SECONDS;
        score * (1.0 - (age_days / self.lifetime_days).powf(1.0 / self.decay)).max(0.0)
    }

    /// Whether the confidence in a value is under the threshold.
    ///
    /// It is decided by the instant at which it falls, and not by what is left: that differs from the threshold by less than a
    /// number can say for hours, where it falls slowly at first.
    #[must_use]
    pub fn is_under(&self, context: &Context) -> bool {
        self.score(context) < f64::from(self.least(context))
            || self.falls_at(context).is_some_and(|at| at <= context.now)
    }

    /// When the confidence in a value falls under the threshold, to the second; `None` if it never does, or is under it already.
    #[must_use]
    pub fn fades_at(&self, context: &Context) -> Option<Timestamp> {
        self.falls_at(context).filter(|at| *at > context.now)
    }

    /// The first second at which what was enough to begin with is not any more.
    fn falls_at(&self, context: &Context) -> Option<Timestamp> {
        let (score, least) = (self.score(context), f64::from(self.least(context)));
        let since = context.seen_last.max(context.valid_from)?;
        if least <= 0.0 || score < least {
            return None;
        }
        let age_s = (1.0 - least / score).max(0.0).powf(self.decay) * self.lifetime_days * DAY_SECONDS;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "an age is at most a lifetime, some 10^9 seconds"
        )]
        let at = since.seconds().saturating_add(age_s.floor() as i64).saturating_add(1);
        Some(Timestamp::from_micros(at.saturating_mul(1_000_000)))
    }
}
