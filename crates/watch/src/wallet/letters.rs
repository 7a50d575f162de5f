//! The letters of the alphabets in which addresses are written, and the number that each stands for.

/// An alphabet of up to 58 letters of ASCII.
pub(super) struct Letters {
    places: [u8; 256],
}

/// What stands in place of a number for what is no letter.
const NONE: u8 = u8::MAX;

/// The letters of bech32 and CashAddr. Source: BIP 173.
pub(super) const BECH32_LETTERS: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
pub(super) static BECH32: Letters = Letters::of(BECH32_LETTERS);
/// Bitcoin's base58.
pub(super) static BASE58: Letters =
    Letters::of(b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz");
/// Lisk's base32. Source: LIP 18.
pub(super) static LISK: Letters = Letters::of(b"zxvcpmbn3465o978uyrtkqew2adsjhfg");

impl Letters {
    const fn of(alphabet: &[u8]) -> Self {
        let mut places = [NONE; 256];
        let mut at = 0;
        while at < alphabet.len() {
            places[alphabet[at] as usize] = at as u8;
            at += 1;
        }
        Self { places }
    }

    /// The number that a letter stands for.
    pub(super) fn place(&self, letter: u8) -> Option<u8> {
        Some(self.places[usize::from(letter)]).filter(|place| *place != NONE)
    }

    /// Whether all of `text` is letters of this alphabet.
    pub(super) fn spell(&self, text: &str) -> bool {
        text.bytes().all(|byte| self.places[usize::from(byte)] != NONE)
    }
}
