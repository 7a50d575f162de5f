//! When credentials were last used, without a write for each request.
//!
//! A use is noted here if the line knows of none in the last hour, and written down with all others that were noted
//! ([`Uses::take`]), so that each credential costs the line at most one value an hour. A request whose credential was written
//! down a short time ago takes no lock.

use std::collections::BTreeMap;

use parking_lot::Mutex;
use policy::Book;
use stix::Timestamp;
use uuid::Uuid;

/// For how long a use that was written down stands for those after it, in microseconds.
const HOUR_MICROS: i64 = 3_600 * 1_000_000;

/// What was noted and not written yet.
#[derive(Debug, Default)]
pub struct Uses {
    noted: Mutex<BTreeMap<Uuid, i64>>,
}

impl Uses {
    /// Notes that a credential was used at `now`.
    pub fn note(&self, book: &Book, credential: Uuid, now: Timestamp) {
        let hour = now.micros() - now.micros().rem_euclid(HOUR_MICROS);
        if book.used(credential).is_none_or(|used| used < hour) {
            self.noted.lock().insert(credential, hour);
        }
    }

    /// Takes what is to be written down: credentials, and the hour in microseconds since 1970-01-01T00:00:00Z.
    pub fn take(&self) -> BTreeMap<Uuid, i64> {
        std::mem::take(&mut *self.noted.lock())
    }
}

#[cfg(test)]
mod tests {
    use super::{HOUR_MICROS, Uses};
    use policy::{Book, Entry};
    use stix::Timestamp;
    use uuid::Uuid;

    #[test]
    fn a_credential_is_written_down_once_an_hour_however_often_it_is_used() {
        let (uses, mut book) = (Uses::default(), Book::default());
        let id = Uuid::from_u128(1);
        let at = |hours: i64, micros: i64| Timestamp::from_micros(hours * HOUR_MICROS + micros);
        for micros in 0..1_000 {
            uses.note(&book, id, at(5, micros));
        }
        assert_eq!(uses.take(), [(id, 5 * HOUR_MICROS)].into());
        book.apply(Entry::Setting(policy::used(id, 5 * HOUR_MICROS)));
        uses.note(&book, id, at(5, 7));
        assert!(uses.take().is_empty());
        uses.note(&book, id, at(6, 0));
        assert_eq!(uses.take(), [(id, 6 * HOUR_MICROS)].into());
    }
}
