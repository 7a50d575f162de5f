//! One sighting from fields that somebody else has told apart, such as the columns of a column store.

use super::words::{count_of, hop_of, put, put_source, time_of, victim_of};
use crate::transit::observed::ObserveError;
use crate::transit::{Hop, Place};
use std::net::IpAddr;

/// What a sighting's fields say, each as [`super::table`] reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// When, in seconds since 1970-01-01 UTC.
    pub time: u32,
    /// The source, if it was seen, and the hops, in order.
    pub hops: Vec<Hop>,
    /// Where the victim is, as far as it is said.
    pub victim: Place,
    /// The victim's address, which tables may know more of.
    pub victim_address: Option<IpAddr>,
    /// How often it was seen.
    pub count: u32,
}

impl Written {
    /// Reads the fields; those that are not there are empty.
    ///
    /// # Errors
    /// What is wrong with the first that is, in words.
    pub fn read<'t>(
        time: &str,
        source: &str,
        hops: impl IntoIterator<Item = &'t str>,
        victim: &str,
        count: &str,
    ) -> Result<Self, String> {
        let seconds = time_of(time.trim())?;
        let count = count_of(count.trim())?;
        let mut read = Vec::new();
        put_source(&mut read, source.trim())?;
        let each = hops.into_iter().flat_map(|text| text.trim().split([' ', ';']));
        for hop in each.filter(|text| !text.is_empty()) {
            put(&mut read, 0, hop_of(hop)?)?;
        }
        let victim = victim_of(victim.trim())?;
        let time = u32::try_from(seconds).map_err(|_| ObserveError::Time(seconds).to_string())?;
        Ok(Self { time, hops: read, victim: victim.place, victim_address: victim.address, count })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transit::geo::NoTable;
    use crate::transit::{Observed, Sighting, read};
    use proptest::prelude::*;

    fn field() -> impl Strategy<Value = String> {
        prop_oneof![
            "[0-9]{1,11}",
            Just(String::new()),
            Just("?".to_owned()),
            Just("@RU".to_owned()),
            Just("KR".to_owned()),
            Just("203.0.113.9/proxy ? 192.0.2.1@DE:AS64500/c2;@FR".to_owned()),
            Just("192.0.2.1/king".to_owned()),
            Just("2001:db8::1@QQ".to_owned()),
        ]
    }

    proptest! {
        #[test]
        fn a_row_says_what_it_says_in_a_table(
            time in field(), source in field(), hops in field(), victim in field(), count in field(),
        ) {
            let table = format!("time,source,hops,victim,count\n{time},{source},{hops},{victim},{count}\n");
            let mut expected = Observed::default();
            let report = read::table(&mut expected, table.as_bytes(), &NoTable).unwrap();
            let mut found = Observed::default();
            match Written::read(&time, &source, [hops.as_str()], &victim, &count) {
                Err(why) => prop_assert_eq!(&report.faults[0].why, &why),
                Ok(one) => {
                    let sighting =
                        Sighting { time: one.time.into(), hops: &one.hops, victim: one.victim, count: one.count };
                    found.add(&sighting, &NoTable).unwrap();
                    prop_assert_eq!(report.faulty, 0);
                }
            }
            prop_assert!(found.sightings().eq(expected.sightings()));
            prop_assert_eq!(found.infrastructure(), expected.infrastructure());
        }
    }
}
