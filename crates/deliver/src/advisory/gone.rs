//! What a member had of late and is not to act on any more.

use gate::{Query, Reader};
use stix::{Timestamp, Tlp};
use watch::{Acts as _, Indicator, Value, defang};

use super::content::{Gone, Group, Why};
use super::story::visible;
use crate::entry::Claimed as _;
use crate::gather::{DeliverError, Gathered};

/// How far back is looked, in microseconds: seven days.
const SINCE_MICROS: i64 = 7 * 86_400 * 1_000_000;
/// Values that are told, the latest.
const GONE_MAX: usize = 100;
/// Indicators whose withdrawal is looked at, the latest.
const WITHDRAWN_MAX: usize = 1_000;

/// What was withdrawn or has expired in the last seven days, the latest first, and the strictest mark of it.
pub(super) fn of(
    readers: &[Reader],
    gathered: &Gathered,
    now: Timestamp,
) -> Result<(Vec<Gone>, Tlp), DeliverError> {
    let since = Timestamp::from_micros(now.micros().saturating_sub(SINCE_MICROS));
    let gone = |value: &Value, why, at| Gone {
        group: Group::of(value.kind()),
        value: visible(&defang(value)),
        why,
        at,
    };
    let expired = gathered.expired(since);
    let mut all: Vec<(Gone, Tlp)> =
        expired.map(|(value, at, tlp)| (gone(value, Why::Expired, at), tlp)).collect();
    for reader in readers {
        let after = reader.start(&Query { added_after: Some(since), ..Query::default() });
        for withdrawn in reader.withdrawals(after, &["indicator"])?.iter().rev().take(WITHDRAWN_MAX) {
            let Some(had) = reader.as_had(withdrawn)? else { continue };
            let (tlp, at) = (had.tlp(), Timestamp::from_micros(withdrawn.at.0));
            let Some(indicator) = looked_for(had.get()) else { continue };
            let values = indicator.values.iter().filter(|value| gathered.admitted(value, &indicator, at));
            all.extend(values.map(|value| (gone(value, Why::Withdrawn, at), tlp)));
        }
    }
    all.sort_by(|(a, _), (b, _)| b.at.cmp(&a.at).then_with(|| a.value.cmp(&b.value)));
    let mut seen = std::collections::HashSet::new();
    all.retain(|(gone, _)| seen.insert(gone.value.clone()));
    all.truncate(GONE_MAX);
    let tlp = all.iter().map(|(_, tlp)| *tlp).max().unwrap_or(Tlp::Clear);
    Ok((all.into_iter().map(|(gone, _)| gone).collect(), tlp))
}

impl Gathered {
    /// Values that could be acted on until their time ran out, after `since`, each with that instant and its mark; those that
    /// something else still says to act on are not among them.
    fn expired(&self, since: Timestamp) -> impl Iterator<Item = (&Value, Timestamp, Tlp)> {
        self.view.held.iter().filter_map(move |cell| {
            let claim = cell.best.claim();
            let (value, indicator) = (claim.value(), claim.indicator());
            let ended = indicator.valid_until.filter(|until| since < *until && *until <= self.at)?;
            let before = Timestamp::from_micros(ended.micros() - 1);
            self.admitted(value, indicator, before).then(|| (value, ended, cell.best.mark()))
        })
    }

    /// Whether a value could be acted on at an earlier instant because of an indicator, and can't be now.
    fn admitted(&self, value: &Value, indicator: &Indicator, then: Timestamp) -> bool {
        let context = self.view.judge.context(then).of(indicator);
        !self.view.has(value) && self.view.judge.guard.check(value, &context).is_ok()
    }
}

/// What an indicator said to look for.
fn looked_for(raw: &str) -> Option<Indicator> {
    watch::actionable(raw, &stix::read_head(raw).ok()?)
}
