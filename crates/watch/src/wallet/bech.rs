//! Bech32 and bech32m: witness programmes, and whole bytes behind a chain's name.
//!
//! Sources: BIP 173, BIP 350; Cosmos SDK, "Bech32 addresses"; ZIP 32, 316 and 320; Avalanche, "Serialization".

use ::bech32::primitives::decode::{CheckedHrpstring, UncheckedHrpstring};
use ::bech32::{Bech32, Bech32m};

use super::form::{Found, Reading};
use super::letters::BECH32;
use super::{Evidence, Fault, Network};

/// Longest text in bech32 as BIP 173 has it; some chains go beyond.
const BIP173_BYTES_MAX: usize = 90;

/// Letters of the checksum.
const CHECK_LETTERS: usize = 6;

/// The two checksums.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Of BIP 173.
    Bech32,
    /// Of BIP 350.
    Bech32m,
}

/// Which specification decides over witness programmes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rules {
    /// Bech32 for every version, as it was first.
    Bip173,
    /// Bech32m from version 1 on, as it is.
    Bip350,
}

/// A witness programme.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Segwit {
    /// Which net's.
    pub network: Network,
    /// Its version, `0..=16`.
    pub version: u8,
    /// The programme, 2 to 40 bytes.
    pub program: Vec<u8>,
}

impl Segwit {
    /// The script that an output to this address has. Source: BIP 141.
    #[must_use]
    pub fn script_pubkey(&self) -> Vec<u8> {
        let version = if self.version == 0 { 0 } else { 0x50 + self.version };
        let length = u8::try_from(self.program.len()).unwrap_or(u8::MAX);
        [version, length].into_iter().chain(self.program.iter().copied()).collect()
    }
}

/// What bytes stand behind a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) encoding: Encoding,
    /// Fewest and most bytes.
    pub(super) bytes: (usize, usize),
}

/// A hash or a key of an account, as Cosmos and its kin have it.
pub(super) const ACCOUNT: Shape = Shape { encoding: Encoding::Bech32, bytes: (20, 32) };

/// Which of the two checksums a text of bech32 has.
///
/// # Errors
/// What is wrong with it.
///
/// Source: BIP 173 and BIP 350, "Bech32".
pub fn bech32(text: &str) -> Result<Encoding, Fault> {
    if text.len() > BIP173_BYTES_MAX {
        return Err(Fault::Length);
    }
    parse(text).map(|(encoding, _)| encoding)
}

/// The witness programme of a Bitcoin address.
///
/// # Errors
/// What is wrong with it.
///
/// Source: BIP 173 and BIP 350, "Segwit address format".
pub fn segwit(text: &str, rules: Rules) -> Result<Segwit, Fault> {
    let network = match human(text) {
        Some(part) if part.eq_ignore_ascii_case("bc") => Network::Main,
        Some(part) if ["tb", "bcrt"].iter().any(|test| part.eq_ignore_ascii_case(test)) => Network::Test,
        _ => return Err(Fault::Version),
    };
    witness(text, network, rules)
}

/// What stands before the last `1`.
pub(super) fn human(text: &str) -> Option<&str> {
    text.rsplit_once('1').map(|(human, _)| human)
}

/// Whether and where a human-readable part stands among these. Case is looked at later.
fn net(text: &str, main: &[&str], test: &[&str]) -> Option<Network> {
    let part = human(text)?;
    let is = |known: &&str| part.eq_ignore_ascii_case(known);
    if main.iter().any(is) { Some(Network::Main) } else { test.iter().any(is).then_some(Network::Test) }
}

/// Cuts the checksum off and tells which it was.
fn parse(text: &str) -> Result<(Encoding, CheckedHrpstring<'_>), Fault> {
    let parsed = UncheckedHrpstring::new(text).map_err(|_| misspelt(text))?;
    if parsed.data_part_ascii().len() < CHECK_LETTERS {
        Err(Fault::Length)
    } else if parsed.has_valid_checksum::<Bech32>() {
        Ok((Encoding::Bech32, parsed.remove_checksum::<Bech32>()))
    } else if parsed.has_valid_checksum::<Bech32m>() {
        Ok((Encoding::Bech32m, parsed.remove_checksum::<Bech32m>()))
    } else {
        Err(Fault::Checksum)
    }
}

/// What is wrong with a text that is no bech32 even before its checksum is looked at.
fn misspelt(text: &str) -> Fault {
    let has = |is: fn(&u8) -> bool| text.bytes().any(|byte| is(&byte));
    if has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase) { Fault::Case } else { Fault::Letter }
}

fn witness(text: &str, network: Network, rules: Rules) -> Result<Segwit, Fault> {
    if text.len() > BIP173_BYTES_MAX {
        return Err(Fault::Length);
    }
    let (encoding, mut parsed) = parse(text)?;
    let first = parsed.fe32_iter().next().ok_or(Fault::Length)?;
    let version = first.to_u8();
    if version > 16 {
        return Err(Fault::Version);
    }
    let expected = match rules {
        Rules::Bip350 if version > 0 => Encoding::Bech32m,
        _ => Encoding::Bech32,
    };
    if encoding != expected {
        return Err(Fault::Encoding);
    }
    parsed.remove_witness_version();
    let program: Vec<u8> = bytes(&parsed)?;
    let fine =
        if version == 0 { matches!(program.len(), 20 | 32) } else { (2..=40).contains(&program.len()) };
    if fine { Ok(Segwit { network, version, program }) } else { Err(Fault::Length) }
}

/// The whole bytes of the data part.
fn bytes(parsed: &CheckedHrpstring<'_>) -> Result<Vec<u8>, Fault> {
    let letters = parsed.data_part_ascii_no_checksum();
    let left = letters.len() * 5 % 8;
    let last = letters.last().and_then(|last| BECH32.place(last.to_ascii_lowercase())).unwrap_or_default();
    if left >= 5 || last & ((1 << left) - 1) != 0 {
        return Err(Fault::Padding);
    }
    Ok(parsed.byte_iter().collect())
}

/// A witness programme behind one of these names.
pub(super) fn read_segwit(text: &str, main: &str, test: &[&str]) -> Reading {
    let Some(network) = net(text, &[main], test) else { return Reading::No };
    witness(text, network, Rules::Bip350).map(|_| Found::checked(network, text.to_ascii_lowercase())).into()
}

/// Whole bytes behind one of these names.
pub(super) fn read_bytes(text: &str, main: &[&str], test: &[&str], shape: Shape) -> Reading {
    let Some(network) = net(text, main, test) else { return Reading::No };
    let read = || {
        let bytes = whole_bytes(text, shape.encoding)?;
        if (shape.bytes.0..=shape.bytes.1).contains(&bytes.len()) {
            Ok(Found::checked(network, text.to_ascii_lowercase()))
        } else {
            Err(Fault::Length)
        }
    };
    read().into()
}

/// The whole bytes of a text with this checksum.
pub(super) fn whole_bytes(text: &str, expected: Encoding) -> Result<Vec<u8>, Fault> {
    let (encoding, parsed) = parse(text)?;
    if encoding == expected { bytes(&parsed) } else { Err(Fault::Encoding) }
}

/// `X-` or `P-` and 20 bytes behind `avax` or `fuji`.
pub(super) fn avalanche(text: &str) -> Reading {
    if !text.starts_with(['X', 'P']) {
        return Reading::No;
    }
    match text.split_once('-') {
        Some((chain @ ("X" | "P"), rest)) => match read_bytes(rest, &["avax"], &["fuji"], ACCOUNT) {
            Reading::Is(found) => Reading::Is(Found {
                normal: format!("{chain}-{}", found.normal),
                evidence: Evidence::Checksum,
                ..found
            }),
            other => other,
        },
        _ => Reading::No,
    }
}
