//! For each account the transfers in which it gives, and those in which it gets.
//!
//! Two lists of row numbers, ordered by account and then by row, and one entry for each account that occurs: its number and where
//! its rows begin in either list (three times four bytes); they end where the next account's begin. A directory over the upper
//! bits of the account's number leads to the few entries among which it is. Where most accounts of the store occur, the lists are
//! made by counting; where few do, by sorting.

/// Bytes of an entry.
pub(super) const ENTRY: usize = 12;
/// Counting is used when the store has at most so many times as many accounts as the segment has rows.
const COUNT_RATIO: usize = 4;

/// Rows by account, for one side.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Lists {
    /// The accounts that `starts` speaks of; without them, all from 0 on.
    accounts: Option<Vec<u32>>,
    /// Where each account's rows begin, and, last, where all end.
    starts: Vec<u32>,
    /// The rows.
    pub(super) rows: Vec<u32>,
}

impl Lists {
    /// Orders rows by account. `columns` has, piece by piece, the account of each row; all are below `accounts`.
    pub(super) fn of<'a>(columns: impl Iterator<Item = &'a [u32]> + Clone, accounts: u32) -> Self {
        let rows: usize = columns.clone().map(<[u32]>::len).sum();
        if accounts as usize <= rows.saturating_mul(COUNT_RATIO) {
            Self::counted(columns, rows, accounts as usize)
        } else {
            Self::sorted(columns, rows)
        }
    }

    fn counted<'a>(columns: impl Iterator<Item = &'a [u32]> + Clone, rows: usize, accounts: usize) -> Self {
        // Counts stand two places behind their account and become, summed up, the starts one place behind it. Each row that is
        // put down moves its account's start on, to the end of the account, which is the next one's start.
        let mut starts = vec![0_u32; accounts + 2];
        for account in columns.clone().flatten() {
            if let Some(count) = starts.get_mut(*account as usize + 2) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut ordered = vec![0; rows];
        for (row, account) in columns.flatten().enumerate() {
            if let Some(start) = starts.get_mut(*account as usize + 1) {
                if let Some(place) = ordered.get_mut(*start as usize) {
                    *place = row as u32;
                }
                *start += 1;
            }
        }
        starts.pop();
        Self { accounts: None, starts, rows: ordered }
    }

    fn sorted<'a>(columns: impl Iterator<Item = &'a [u32]>, rows: usize) -> Self {
        let mut keys = Vec::with_capacity(rows);
        keys.extend(
            columns.flatten().enumerate().map(|(row, account)| u64::from(*account) << 32 | row as u64),
        );
        keys.sort_unstable();
        let (mut accounts, mut starts) = (Vec::new(), Vec::new());
        for (place, key) in keys.iter().enumerate() {
            let account = (key >> 32) as u32;
            if accounts.last() != Some(&account) {
                accounts.push(account);
                starts.push(place as u32);
            }
        }
        starts.push(keys.len() as u32);
        Self { accounts: Some(accounts), starts, rows: keys.iter().map(|key| *key as u32).collect() }
    }

    /// Accounts that have rows, with the end of their rows.
    fn ends(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        let pairs = self.starts.iter().zip(self.starts.iter().skip(1)).enumerate();
        pairs.filter(|(_, (start, end))| start < end).map(|(place, (_, end))| {
            let account = match &self.accounts {
                Some(accounts) => accounts.get(place).copied().unwrap_or(u32::MAX),
                None => place as u32,
            };
            (account, *end)
        })
    }
}

/// Gives an entry for each account that has rows on either side, ascending, and one more where all rows end.
pub(super) fn entries(given: &Lists, taken: &Lists, mut each: impl FnMut([u32; 3])) {
    let (mut givers, mut takers) = (given.ends().peekable(), taken.ends().peekable());
    let (mut gave, mut took) = (0, 0);
    loop {
        let account = match (givers.peek(), takers.peek()) {
            (Some(giver), Some(taker)) => giver.0.min(taker.0),
            (Some(one), None) | (None, Some(one)) => one.0,
            (None, None) => break,
        };
        each([account, gave, took]);
        if let Some(giver) = givers.next_if(|giver| giver.0 == account) {
            gave = giver.1;
        }
        if let Some(taker) = takers.next_if(|taker| taker.0 == account) {
            took = taker.1;
        }
    }
    each([u32::MAX, gave, took]);
}

/// How many lower bits of an account's number the directory leaves out: it has about half as many places as there are entries.
pub(super) fn shift(entries: usize, last: u32) -> u32 {
    let wanted = (entries / 2).max(1) as u64;
    (0..31).find(|shift| u64::from(last >> shift) < wanted).unwrap_or(31)
}

/// The directory: for each value of the upper bits, how many accounts are before it; and, last, how many there are.
pub(super) fn directory(accounts: &[u32], shift: u32) -> Vec<u32> {
    let buckets = accounts.last().map_or(0, |last| (last >> shift) as usize + 1);
    let mut directory = Vec::with_capacity(buckets + 1);
    for (place, account) in accounts.iter().enumerate() {
        let bucket = (account >> shift) as usize;
        while directory.len() <= bucket {
            directory.push(place as u32);
        }
    }
    directory.push(accounts.len() as u32);
    directory
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn counting_and_sorting_agree_with_a_filter(
            pieces in prop::collection::vec(prop::collection::vec(0..40_u32, 0..30), 0..5),
            others in prop::collection::vec(0..40_u32, 0..90),
        ) {
            let columns = || pieces.iter().map(Vec::as_slice);
            let flat: Vec<u32> = pieces.concat();
            let counted = Lists::counted(columns(), flat.len(), 40);
            let sorted = Lists::sorted(columns(), flat.len());
            let other = Lists::sorted([others.as_slice()].into_iter(), others.len());
            prop_assert_eq!(&counted.rows, &sorted.rows);
            let mut all = Vec::new();
            entries(&counted, &other, |entry| all.push(entry));
            let mut same = Vec::new();
            entries(&sorted, &other, |entry| same.push(entry));
            prop_assert_eq!(&all, &same);
            for pair in all.windows(2) {
                let [account, gave, took] = pair[0];
                let rows = &counted.rows[gave as usize..pair[1][1] as usize];
                let expected: Vec<u32> = (0..flat.len() as u32).filter(|row| flat[*row as usize] == account).collect();
                prop_assert_eq!(rows, expected);
                let rows = &other.rows[took as usize..pair[1][2] as usize];
                let expected: Vec<u32> = (0..others.len() as u32).filter(|row| others[*row as usize] == account).collect();
                prop_assert_eq!(rows, expected);
            }
            let accounts: Vec<u32> = all.iter().map(|entry| entry[0]).filter(|account| *account < u32::MAX).collect();
            let shift = shift(accounts.len(), accounts.last().copied().unwrap_or(0));
            let directory = directory(&accounts, shift);
            for (place, account) in accounts.iter().enumerate() {
                let bucket = (account >> shift) as usize;
                prop_assert!((directory[bucket]..directory[bucket + 1]).contains(&(place as u32)));
            }
        }
    }
}
