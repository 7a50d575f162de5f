//! The set of outputs that is published: small, the same bytes for the same outputs, and with false positives at a known rate.
//!
//! Each of `n` outputs is brought to a number below `n · 2³²`, the numbers are put in order, and the steps from one to the next are
//! written in a Golomb-Rice code: the step's upper bits as so many ones and a zero, its lower 32 bits as they are, the highest bit
//! first; the last byte is filled with zeros. That takes about 33.6 bits a value. A value that is not in the set is taken for one
//! that is with a chance of at most 2⁻³².
//!
//! Source: Golomb-coded sets as in BIP 158, section "Golomb-Coded Sets", with P = 32 and M = 2³².

use super::Output;

/// A value that is not there is found with a chance of one in two to the power of this.
pub const RATE_BITS: u32 = 32;
/// Most outputs.
const OUTPUTS_MAX: usize = 50_000_000;

/// A set of outputs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Set {
    /// In order. Two outputs may have one number.
    numbers: Vec<u64>,
}

/// Why bytes are no set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SetError {
    /// More values than are put up with.
    #[error("it has more than {OUTPUTS_MAX} values")]
    TooMany,
    /// The bytes end before the values do.
    #[error("it ends before its last value")]
    Short,
    /// There is something behind the last value.
    #[error("something follows its last value")]
    Long,
    /// A value beyond those that a set of its size has.
    #[error("it has a value beyond its range")]
    Range,
}

impl Set {
    /// The set of these outputs.
    #[must_use]
    pub fn of(outputs: &[Output]) -> Self {
        let mut numbers: Vec<u64> = outputs.iter().map(|output| number(*output, outputs.len())).collect();
        numbers.sort_unstable();
        Self { numbers }
    }

    /// How many outputs are in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// Whether an output is in it, or, with a chance of one in 2³², is taken for one that is.
    #[must_use]
    pub fn has(&self, output: Output) -> bool {
        self.numbers.binary_search(&number(output, self.numbers.len())).is_ok()
    }

    /// Its bytes.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        let mut bits = Writer { bytes: Vec::with_capacity(self.numbers.len() * 17 / 4 + 1), filled: 0 };
        let mut last = 0;
        for number in &self.numbers {
            let step = number - last;
            (0..step >> RATE_BITS).for_each(|_| bits.put(1, 1));
            bits.put(0, 1);
            bits.put(step & u64::from(u32::MAX), RATE_BITS);
            last = *number;
        }
        bits.bytes
    }

    /// Reads a set of `count` outputs. Takes eight bytes of memory for each.
    ///
    /// # Errors
    /// [`SetError`].
    pub fn read(bytes: &[u8], count: usize) -> Result<Self, SetError> {
        if count > OUTPUTS_MAX {
            return Err(SetError::TooMany);
        }
        // So that no memory is taken for values that can't be there.
        if bytes.len().saturating_mul(8) / (RATE_BITS as usize + 1) < count {
            return Err(SetError::Short);
        }
        let range = (count as u64) << RATE_BITS;
        let (mut bits, mut numbers, mut last) = (Reader { bytes, at: 0 }, Vec::with_capacity(count), 0_u64);
        for _ in 0..count {
            let upper = bits.ones()?;
            let step = upper.checked_shl(RATE_BITS).filter(|step| step >> RATE_BITS == upper);
            let step = step.ok_or(SetError::Range)? | bits.take(RATE_BITS)?;
            last = last.checked_add(step).filter(|number| *number < range).ok_or(SetError::Range)?;
            numbers.push(last);
        }
        if bits.is_at_end() { Ok(Self { numbers }) } else { Err(SetError::Long) }
    }
}

/// The number of an output in a set of so many: a multiplication spreads outputs evenly over the range.
fn number(output: Output, count: usize) -> u64 {
    ((u128::from(output.0) * ((count as u128) << RATE_BITS)) >> 64) as u64
}

struct Writer {
    bytes: Vec<u8>,
    /// Bits of the last byte that are taken; 0 if a new one is to begin.
    filled: u32,
}

impl Writer {
    /// Writes the lowest `count` bits of `bits`, the highest first.
    fn put(&mut self, bits: u64, count: u32) {
        let mut left = count;
        while left > 0 {
            if self.filled == 0 {
                self.bytes.push(0);
            }
            let some = left.min(8 - self.filled);
            let piece = (bits >> (left - some)) as u8 & (u8::MAX >> (8 - some));
            if let Some(byte) = self.bytes.last_mut() {
                *byte |= piece << (8 - self.filled - some);
            }
            self.filled = (self.filled + some) % 8;
            left -= some;
        }
    }
}

struct Reader<'b> {
    bytes: &'b [u8],
    /// In bits.
    at: usize,
}

impl Reader<'_> {
    fn bit(&mut self) -> Result<bool, SetError> {
        let byte = self.bytes.get(self.at / 8).ok_or(SetError::Short)?;
        let bit = byte >> (7 - self.at % 8) & 1 == 1;
        self.at += 1;
        Ok(bit)
    }

    /// How many ones stand before the next zero, which is taken with them.
    fn ones(&mut self) -> Result<u64, SetError> {
        let mut ones = 0;
        while self.bit()? {
            ones += 1;
        }
        Ok(ones)
    }

    /// So many bits.
    fn take(&mut self, count: u32) -> Result<u64, SetError> {
        let (mut bits, mut left) = (0, count as usize);
        while left > 0 {
            let byte = *self.bytes.get(self.at / 8).ok_or(SetError::Short)?;
            let here = 8 - self.at % 8;
            let some = left.min(here);
            let piece = byte >> (here - some) & (u8::MAX >> (8 - some));
            bits = bits << some | u64::from(piece);
            self.at += some;
            left -= some;
        }
        Ok(bits)
    }

    /// Whether nothing but zeros that fill the last byte is left.
    fn is_at_end(&self) -> bool {
        let filling = self.bytes.get(self.at / 8).is_none_or(|byte| byte & (u8::MAX >> (self.at % 8)) == 0);
        self.at.div_ceil(8) == self.bytes.len() && filling
    }
}
