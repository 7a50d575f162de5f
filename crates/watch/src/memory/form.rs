//! How a record is written, and how it is read, with suspicion.

use std::io::{self, BufRead, Read};

use sha2::{Digest, Sha256};

use super::{Day, Key, Part, RUN_VALUES_MAX};

const MAGIC: &[u8; 14] = b"bongsu-seen 1\n";

/// Bytes before the first run.
pub const HEADER_BYTES: usize = MAGIC.len() + 16;
/// Bytes of a run's head: day, part, how many values, how many bytes, and the first sixteen bytes of the SHA-256 of all that.
pub const RUN_HEADER_BYTES: usize = 32;
/// Longest value, in bytes: 128 bits, seven in each.
const VALUE_BYTES_MAX: usize = 19;

/// The beginning of a record.
#[must_use]
pub fn head(key: &Key) -> [u8; HEADER_BYTES] {
    let mut head = [0; HEADER_BYTES];
    head[..MAGIC.len()].copy_from_slice(MAGIC);
    head[MAGIC.len()..].copy_from_slice(key.bytes());
    head
}

/// The key that a record's beginning has; `None` if it is the beginning of something else.
#[must_use]
pub fn key_of(head: &[u8]) -> Option<Key> {
    let key = head.strip_prefix(MAGIC)?.first_chunk()?;
    Some(Key::new(*key))
}

/// What a run is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunHead {
    /// The day.
    pub day: Day,
    /// What it holds.
    pub part: Part,
    /// How many values.
    pub count: usize,
    /// How many bytes these take.
    pub bytes: usize,
}

/// The values of a day, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// What it is of.
    pub head: RunHead,
    body: Vec<u8>,
}

impl Run {
    /// A run of values that are in order, each once; at most [`RUN_VALUES_MAX`].
    #[must_use]
    pub fn of(day: Day, part: Part, values: impl IntoIterator<Item = u128>) -> Self {
        let (mut body, mut count, mut next) = (Vec::new(), 0, 0_u128);
        for value in values.into_iter().take(RUN_VALUES_MAX) {
            write(&mut body, value.wrapping_sub(next));
            next = value.wrapping_add(1);
            count += 1;
        }
        body.shrink_to_fit();
        Self { head: RunHead { day, part, count, bytes: body.len() }, body }
    }

    /// Its bytes in a record.
    #[must_use]
    pub fn written(&self) -> Vec<u8> {
        let mut written = Vec::with_capacity(RUN_HEADER_BYTES + self.body.len());
        written.extend_from_slice(&self.head.day.0.to_le_bytes());
        written.extend_from_slice(&[self.head.part.code(), 0, 0, 0]);
        // Both are below 2^32: a run has a million values at most.
        written.extend_from_slice(&(self.head.count as u32).to_le_bytes());
        written.extend_from_slice(&(self.head.bytes as u32).to_le_bytes());
        let check = check(&written, &self.body);
        written.extend_from_slice(&check);
        written.extend_from_slice(&self.body);
        written
    }

    /// Its values.
    pub fn values(&self) -> impl Iterator<Item = u128> + '_ {
        values_of(&self.head, self.body.as_slice()).map_while(Result::ok)
    }
}

fn check(head: &[u8], body: &[u8]) -> [u8; 16] {
    let digest = Sha256::new().chain_update(head).chain_update(body).finalize();
    let mut check = [0; 16];
    check.copy_from_slice(&digest[..16]);
    check
}

fn write(to: &mut Vec<u8>, mut value: u128) {
    while value >= 0x80 {
        // The lowest seven bits.
        to.push(value as u8 | 0x80);
        value >>= 7;
    }
    to.push(value as u8);
}

/// The values of a run, read from its bytes one by one; what is none ends it.
pub fn values_of<R: BufRead>(head: &RunHead, from: R) -> impl Iterator<Item = io::Result<u128>> + use<R> {
    let (mut bytes, mut next, mut left) = (from.bytes(), Some(0_u128), head.count);
    let limit = if head.part.bits() == 128 { u128::MAX } else { (1 << head.part.bits()) - 1 };
    let bad = || io::Error::new(io::ErrorKind::InvalidData, "a run of other values than its head says");
    std::iter::from_fn(move || {
        left = left.checked_sub(1)?;
        let read = read(&mut bytes).and_then(|step| {
            let value = next.and_then(|next| next.checked_add(step)).filter(|value| *value <= limit);
            next = value.and_then(|value| value.checked_add(1));
            value.ok_or_else(bad)
        });
        if read.is_err() {
            left = 0;
        }
        Some(read)
    })
}

fn read(bytes: &mut impl Iterator<Item = io::Result<u8>>) -> io::Result<u128> {
    let mut value = 0_u128;
    for place in 0..VALUE_BYTES_MAX as u32 {
        let byte = bytes.next().unwrap_or(Err(io::ErrorKind::UnexpectedEof.into()))?;
        value |= u128::from(byte & 0x7f) << (7 * place).min(127);
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(io::Error::new(io::ErrorKind::InvalidData, "a value is too long"))
}

/// What is wrong with a part of a record.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// It can't be read.
    #[error("it can't be read from byte {at} on: {error}")]
    Io {
        /// Where.
        at: u64,
        /// Why.
        error: io::Error,
    },
    /// A run was changed; the ones behind it can be read.
    #[error("what stands at byte {at} was changed")]
    Changed {
        /// Where it begins.
        at: u64,
    },
    /// It ends within a run, or goes on with something else.
    #[error("it is not whole from byte {at} on")]
    Cut {
        /// Where the last whole run ends.
        at: u64,
    },
}

/// Reads the runs of a record, behind its head.
#[derive(Debug)]
pub struct Runs<R> {
    from: R,
    at: u64,
    has_ended: bool,
}

impl<R: Read> Runs<R> {
    /// What stands behind a record's head.
    pub const fn new(from: R) -> Self {
        Self { from, at: HEADER_BYTES as u64, has_ended: false }
    }

    /// Where in the record the next run begins.
    #[must_use]
    pub const fn at(&self) -> u64 {
        self.at
    }

    fn run(&mut self) -> Result<Option<Run>, Damage> {
        let at = self.at;
        let io = |error| Damage::Io { at, error };
        let mut written = Vec::new();
        (&mut self.from).take(RUN_HEADER_BYTES as u64).read_to_end(&mut written).map_err(io)?;
        if written.is_empty() {
            return Ok(None);
        }
        let cut = || Damage::Cut { at };
        let (head, stated) = read_head(&written).ok_or_else(cut)?;
        let mut body = Vec::new();
        (&mut self.from).take(head.bytes as u64).read_to_end(&mut body).map_err(io)?;
        if body.len() != head.bytes {
            return Err(cut());
        }
        self.at += (RUN_HEADER_BYTES + head.bytes) as u64;
        let run = Run { head, body };
        let is_whole = check(&written[..16], &run.body) == stated
            && values_of(&head, run.body.as_slice()).all(|value| value.is_ok());
        if is_whole { Ok(Some(run)) } else { Err(Damage::Changed { at }) }
    }
}

impl<R: Read> Iterator for Runs<R> {
    type Item = Result<Run, Damage>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.has_ended {
            return None;
        }
        let run = self.run();
        self.has_ended = matches!(run, Ok(None) | Err(Damage::Io { .. } | Damage::Cut { .. }));
        run.transpose()
    }
}

/// What a run is of, by its first bytes; `None` if it is none.
#[must_use]
pub fn run_head(written: &[u8]) -> Option<RunHead> {
    read_head(written).map(|(head, _)| head)
}

fn read_head(written: &[u8]) -> Option<(RunHead, [u8; 16])> {
    let (day, rest) = written.split_first_chunk::<4>()?;
    let ([part, zeros @ ..], rest) = rest.split_first_chunk::<4>()?;
    let (count, rest) = rest.split_first_chunk::<4>()?;
    let (bytes, rest) = rest.split_first_chunk::<4>()?;
    let stated = rest.first_chunk::<16>()?;
    let part = Part::ALL.into_iter().find(|known| known.code() == *part)?;
    let [count, bytes] = [count, bytes].map(|number| u32::from_le_bytes(*number) as usize);
    let fits = count <= RUN_VALUES_MAX && (count..=count * VALUE_BYTES_MAX).contains(&bytes);
    let head = RunHead { day: Day(i32::from_le_bytes(*day)), part, count, bytes };
    (fits && *zeros == [0; 3]).then_some((head, *stated))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read_all(record: &[u8]) -> (Vec<Run>, Vec<Damage>) {
        let (mut runs, mut damages) = (Vec::new(), Vec::new());
        for run in Runs::new(record) {
            match run {
                Ok(run) => runs.push(run),
                Err(damage) => damages.push(damage),
            }
        }
        (runs, damages)
    }

    proptest! {
        #[test]
        fn values_come_back(values in proptest::collection::btree_set(any::<u128>(), 0..200), day: i32) {
            let run = Run::of(Day(day), Part::Ipv6, values.iter().copied());
            let (runs, damages) = read_all(&run.written());
            prop_assert!(damages.is_empty());
            prop_assert_eq!(runs[0].values().collect::<Vec<_>>(), values.into_iter().collect::<Vec<_>>());
            prop_assert_eq!(runs[0].head.day, Day(day));
        }

        #[test]
        fn a_record_that_was_changed_gives_what_is_whole(at in 0_usize..2_000, turn in 1_u8..) {
            let runs: Vec<Run> =
                (0..5).map(|day| Run::of(Day(day), Part::Names, (0..40).map(|value| value * 1_000_003))).collect();
            let mut record: Vec<u8> = runs.iter().flat_map(Run::written).collect();
            let length = runs[0].written().len();
            let at = at % record.len();
            record[at] ^= turn;
            let (read, damages) = read_all(&record);
            prop_assert!(!damages.is_empty());
            prop_assert!(read.len() >= at / length && read.iter().all(|run| runs.contains(run)));
        }
    }

    #[test]
    fn what_breaks_off_costs_the_last_run_alone() {
        let run = Run::of(Day(1), Part::Ipv4, [5, 6, 4_000_000_000]);
        let record = [run.written(), run.written()].concat();
        for length in run.written().len() + 1..record.len() {
            let (runs, damages) = read_all(&record[..length]);
            assert_eq!(runs.len(), 1, "{length}");
            assert!(
                matches!(damages[..], [Damage::Cut { at }] if at == (HEADER_BYTES + run.written().len()) as u64)
            );
        }
    }
}
