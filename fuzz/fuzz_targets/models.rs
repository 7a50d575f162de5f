#![no_main]
//! MISP's decaying models: what is read makes sense, fades from what is stated down to nothing and never rises, and the moment at
//! which it falls under the threshold is the one that is told beforehand, and the one that the score itself says.

use libfuzzer_sys::fuzz_target;
use stix::Timestamp;
use watch::Context;
use watch::guard::{DECAY, LIFETIME_DAYS, from_misp};

const DAY: i64 = 86_400_000_000;

fuzz_target!(|text: &str| {
    let Ok((_, decay)) = from_misp(text) else { return };
    assert!(LIFETIME_DAYS.contains(&decay.lifetime_days) && DECAY.contains(&decay.decay));
    assert!(decay.threshold <= 100 && decay.unstated <= 100);
    let from = Timestamp::from_micros(1_700_000_000_000_000);
    let at = |micros: i64| Context {
        valid_from: Some(from),
        ..Context::new(Timestamp::from_micros(from.micros() + micros), 0)
    };
    let (mut last, least) = (f64::from(decay.unstated), f64::from(decay.threshold));
    for days in [0, 1, 7, 30, 365, 3_650, 36_501] {
        let left = decay.faded(&at(days * DAY));
        assert!((0.0..=last).contains(&left), "{left} after {days} days, {last} before");
        last = left;
    }
    assert!(last == 0.0, "nothing is left after a century: {last}");
    if let Some(fades) = decay.fades_at(&at(0)) {
        let after = fades.micros() - from.micros();
        assert!(!decay.is_under(&at(0)) && !decay.is_under(&at(after - 1)) && decay.is_under(&at(after)));
        assert_eq!(decay.fades_at(&at(after)), None);
    }
    // More than a rounding above the threshold is not under it, less is.
    for days in [0, 1, 7, 30, 365] {
        let (left, context) = (decay.faded(&at(days * DAY)), at(days * DAY));
        assert!(left < least + 0.01 || !decay.is_under(&context), "{left} after {days} days");
        assert!(left >= least - 0.01 || decay.is_under(&context), "{left} after {days} days");
    }
});
