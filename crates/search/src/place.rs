//! Where a record stands, as one number that grows with time over all lines: the row of the index.

use line::Added;

/// Bits of a row that are its line's; those above are its time.
const SLOT_BITS: u32 = 11;
/// Most lines that an index holds.
pub(crate) const SLOTS_MAX: u16 = 1 << SLOT_BITS;

/// The number of a line in the index.
pub(crate) type Slot = u16;

/// A record: its line, and its time, which no two records of a line share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    pub(crate) added: Added,
    pub(crate) slot: Slot,
}

impl Place {
    /// The row. Times from 1970 to the year 2112 have rows of their own; others share the first or the last.
    pub(crate) const fn row(self) -> i64 {
        const LAST: i64 = i64::MAX >> SLOT_BITS;
        let time = match self.added.0 {
            ..0 => 0,
            time if time > LAST => LAST,
            time => time,
        };
        time << SLOT_BITS | self.slot as i64
    }

    pub(crate) const fn of(row: i64) -> Self {
        let slot = (row & (SLOTS_MAX as i64 - 1)) as Slot;
        Self { added: Added(row >> SLOT_BITS), slot }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_in_the_order_of_time_and_come_back() {
        let mut before = -1;
        for (time, slot) in
            [(0, 0), (0, 2_047), (1, 0), (1_764_000_000_000_000, 3), (4_490_000_000_000_000, 0)]
        {
            let place = Place { added: Added(time), slot };
            assert_eq!(Place::of(place.row()), place);
            assert!(place.row() > before);
            before = place.row();
        }
        assert_eq!(Place::of(Place { added: Added(-5), slot: 7 }.row()), Place { added: Added(0), slot: 7 });
        assert!(Place { added: Added(i64::MAX), slot: 7 }.row() > before);
    }
}
