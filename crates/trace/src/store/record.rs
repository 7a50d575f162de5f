//! A transfer in 28 bytes.
//!
//! `from` (4 bytes), `to` (4), time in seconds (4), asset (3), whether the amount is elsewhere (1), amount (12), all little-endian.
//! Twelve bytes hold 79 thousand million coins of 18 decimals; what doesn't fit is in a list of its own, and the twelve bytes say
//! at which place.

use super::error::StoreError;
use crate::U256;

/// Bytes of a record.
pub(crate) const RECORD: usize = 28;
/// How many assets a store can hold.
pub(crate) const ASSETS_MAX: u32 = 1 << 24;

const TIME: usize = 8;
/// From here on a record says what it moves, and not who gives and gets.
pub(crate) const ASSET: usize = 12;
const WIDE: usize = 15;
const AMOUNT: usize = 16;

/// A transfer as it is stored: accounts and assets by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Movement {
    pub(crate) from: u32,
    pub(crate) to: u32,
    pub(crate) asset: u32,
    pub(crate) time: u32,
    pub(crate) amount: U256,
}

/// An amount as it is in a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stored {
    /// The amount itself.
    Here(u128),
    /// The place in the list of the wide ones.
    Wide(u64),
}

/// The record of a movement. A wide amount is to be put into the list by the caller, who says at which place.
#[inline]
pub(crate) fn encode(movement: &Movement, amount: Stored) -> [u8; RECORD] {
    let mut record = [0; RECORD];
    record[..4].copy_from_slice(&movement.from.to_le_bytes());
    record[4..TIME].copy_from_slice(&movement.to.to_le_bytes());
    record[TIME..ASSET].copy_from_slice(&movement.time.to_le_bytes());
    record[ASSET..WIDE].copy_from_slice(&movement.asset.to_le_bytes()[..3]);
    let (wide, amount) = match amount {
        Stored::Here(amount) => (0, amount),
        Stored::Wide(place) => (1, u128::from(place)),
    };
    record[WIDE] = wide;
    record[AMOUNT..].copy_from_slice(&amount.to_le_bytes()[..RECORD - AMOUNT]);
    record
}

/// An amount that fits into a record.
#[inline]
pub(crate) fn narrow(amount: &U256) -> Option<u128> {
    let [low, high, third, fourth] = *amount.as_limbs();
    (high >> 32 == 0 && third == 0 && fourth == 0).then_some(u128::from(low) | u128::from(high) << 64)
}

/// What a record says; of a wide amount only the place.
#[inline]
pub(crate) fn decode(record: &[u8; RECORD]) -> (Movement, Stored) {
    let (asset, stored) = decode_amount(record);
    let amount = match stored {
        Stored::Here(amount) => widened(amount),
        Stored::Wide(_) => U256::ZERO,
    };
    let number = |at: usize| number_at(record, at);
    (Movement { from: number(0), to: number(4), asset, time: number(TIME), amount }, stored)
}

/// Which asset a record moves, and how much; of a wide amount only the place.
#[inline]
pub(crate) fn decode_amount(record: &[u8; RECORD]) -> (u32, Stored) {
    let number = |at: usize| number_at(record, at);
    let low = u64::from(number(AMOUNT)) | u64::from(number(AMOUNT + 4)) << 32;
    let stored = match record[WIDE] {
        0 => Stored::Here(u128::from(low) | u128::from(number(AMOUNT + 8)) << 64),
        _ => Stored::Wide(low),
    };
    (number(ASSET) & (ASSETS_MAX - 1), stored)
}

/// An amount that was in a record.
#[inline]
pub(crate) const fn widened(amount: u128) -> U256 {
    U256::from_limbs([amount as u64, (amount >> 64) as u64, 0, 0])
}

#[inline]
fn number_at(record: &[u8; RECORD], at: usize) -> u32 {
    let [a, b, c, d] = [record[at], record[at + 1], record[at + 2], record[at + 3]];
    u32::from_le_bytes([a, b, c, d])
}

/// Changes who gives (`side` 0) or gets (1) in a record among many.
pub(crate) fn set_account(records: &mut [u8], row: usize, side: usize, account: u32) {
    set(records, row, side * 4, &account.to_le_bytes());
}

/// Changes the asset in a record among many.
pub(crate) fn set_asset(records: &mut [u8], row: usize, asset: u32) {
    set(records, row, ASSET, &asset.to_le_bytes()[..3]);
}

/// Changes the place of a wide amount in a record among many.
pub(crate) fn set_place(records: &mut [u8], row: usize, place: u64) {
    set(records, row, AMOUNT, &place.to_le_bytes());
}

fn set(records: &mut [u8], row: usize, at: usize, bytes: &[u8]) {
    let from = row * RECORD + at;
    if let Some(place) = records.get_mut(from..from + bytes.len()) {
        place.copy_from_slice(bytes);
    }
}

/// A time as it is stored.
///
/// # Errors
/// [`StoreError::Time`] before 1970 or after 2106.
pub(crate) fn stored_time(time: i64) -> Result<u32, StoreError> {
    u32::try_from(time).map_err(|_| StoreError::Time { time })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_goes_in_comes_out(from: u32, to: u32, time: u32, asset in 0..ASSETS_MAX, high in 0..1_u64 << 33, low: u64) {
            let amount = U256::from_limbs([low, high, 0, 0]);
            let movement = Movement { from, to, asset, time, amount };
            match narrow(&amount) {
                Some(here) => {
                    let (back, stored) = decode(&encode(&movement, Stored::Here(here)));
                    prop_assert_eq!(back, movement);
                    prop_assert_eq!(stored, Stored::Here(here));
                }
                None => {
                    prop_assert!(amount >= U256::from(1_u128 << 96));
                    let (back, stored) = decode(&encode(&movement, Stored::Wide(low)));
                    prop_assert_eq!(back, Movement { amount: U256::ZERO, ..movement });
                    prop_assert_eq!(stored, Stored::Wide(low));
                }
            }
        }
    }

    #[test]
    fn a_record_among_many_is_changed_and_its_neighbours_are_not() {
        let movement = Movement { from: 1, to: 2, asset: 3, time: 4, amount: U256::from(5) };
        let mut records = [encode(&movement, Stored::Here(5)); 3].concat();
        set_account(&mut records, 1, 0, 77);
        set_account(&mut records, 1, 1, 78);
        set_asset(&mut records, 1, 79);
        let all: Vec<_> =
            records.chunks_exact(RECORD).map(|record| decode(record.first_chunk().unwrap()).0).collect();
        assert_eq!(all, [movement, Movement { from: 77, to: 78, asset: 79, ..movement }, movement]);
    }
}
