//! Addresses of virtual assets: of which chain a text is an address, and if it is nearly one, what is wrong with it.
//!
//! [`judge`] knows an address by its form and checksum alone; [`check`] is told the currency. Both read the same table
//! of currencies and forms. A text that has a chain's form and a wrong checksum is [`Wrong`], never just unknown: a
//! person mistyped, and an address that is silently not found would look clean.
//!
//! One account has one normal form: what can be written in several ways (letters' case, a prefix, a tag for the
//! receiver's books) is written in one. Only the two ways of Bitcoin Cash stay apart, because its older one is also
//! Bitcoin's: [`twin`] gives the other. Addresses of test nets are told as such and are no [`crate::Kind::Wallet`]:
//! nothing of worth moves there, and the same keys on the main net have another address, which is the one to list.
//!
//! Sources: each form's module names its specification.

mod base32;
mod base58;
mod bech;
mod blake256;
mod cardano;
mod cash;
mod check;
mod cryptonote;
mod currencies;
mod form;
mod hexadecimal;
mod judge;
mod letters;
mod lisk;
mod names;
mod ripple;
mod stellar;
mod substrate;
mod tokens;
mod ton;

pub use bech::{Encoding, Rules, Segwit, bech32, segwit};
pub use cash::twin;
pub use check::{Nets, Refused, check, currencies};
pub use judge::judge;

/// Longest text that is looked at as an address, in bytes: a unified address of Zcash with all its receivers fits.
pub const ADDRESS_BYTES_MAX: usize = 512;

/// Which of a chain's nets an address belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Network {
    /// The net on which the currency has worth.
    Main,
    /// A net for trying things out.
    Test,
    /// The form is the same on both.
    Either,
}

/// What speaks for a text's being an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Evidence {
    /// A checksum that fits.
    Checksum,
    /// A form that little else has.
    Form,
    /// A form that other things have too, such as hashes of transactions.
    Shape,
}

/// An address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Address {
    /// The chain by its ticker: `btc`, `eth` (for all EVM chains), `xmr`, …. The best known of those that share the form.
    pub chain: &'static str,
    /// The one text for this account.
    pub normal: String,
    /// Where it is used.
    pub network: Network,
    /// How sure it is.
    pub evidence: Evidence,
    /// The receiver's own number for whom it is, which some forms carry (XRP Ledger, Stellar). No part of the account.
    pub tag: Option<u64>,
}

/// What a text is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Judged {
    /// An address.
    Address(Address),
    /// Nearly an address.
    Wrong(Wrong),
    /// No form that is known.
    Unknown,
}

/// A text that has a chain's form, but is no address of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("looks like an address of {chain}, but {why}")]
pub struct Wrong {
    /// The chain whose form it has, by its ticker.
    pub chain: &'static str,
    /// What is wrong.
    pub why: Fault,
}

/// What is wrong with an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The checksum does not fit the rest.
    #[error("its checksum is wrong: a letter is mistyped, missing or in the wrong case")]
    Checksum,
    /// Too many or too few letters.
    #[error("its length is wrong")]
    Length,
    /// Bits that only fill up are not zero, or too many.
    #[error("the bits that fill it up are wrong")]
    Padding,
    /// A version, witness version or type that does not exist.
    #[error("its version or type does not exist")]
    Version,
    /// Large and small letters are mixed where they may not be, or the wrong ones are used.
    #[error("it mixes large and small letters")]
    Case,
    /// A letter that the form does not have.
    #[error("it has a letter that such addresses do not have")]
    Letter,
    /// Bech32 where bech32m must be, or the other way round.
    #[error("it has the checksum of bech32 in place of bech32m, or the other way round")]
    Encoding,
    /// It is no address but the key that owns one.
    #[error("it is a secret key: whoever sees it can spend what it holds")]
    Secret,
}

impl Fault {
    /// What is wanted instead, as the end of "not a wallet: …".
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::Checksum => {
                "an address whose checksum fits: a letter is mistyped, missing or in the wrong case"
            }
            Self::Length => "an address of the right length",
            Self::Padding => "an address whose filling bits are right",
            Self::Version => "an address of a version or type that exists",
            Self::Case => "an address in letters of one case",
            Self::Letter => "an address: it has a letter that such addresses do not have",
            Self::Encoding => "an address with the checksum of its version: bech32 and bech32m are swapped",
            Self::Secret => "an address: it is a secret key",
        }
    }
}

/// The normal form, if `text` is an address that counts on a main net.
///
/// # Errors
/// What is missing, as the end of "not a wallet: …".
pub(crate) fn normal(text: &str) -> Result<String, &'static str> {
    match judge(text) {
        Judged::Address(address) if address.network == Network::Test => {
            Err("an address of a main net: it is of a test net")
        }
        Judged::Address(address) => Ok(address.normal),
        Judged::Wrong(wrong) => Err(wrong.why.reason()),
        Judged::Unknown => Err("an address of a known chain"),
    }
}

/// The chain whose address form `text` has.
pub(crate) fn chain(text: &str) -> Option<&'static str> {
    match judge(text) {
        Judged::Address(address) if address.network != Network::Test => Some(address.chain),
        _ => None,
    }
}

/// As [`chain`], but only for forms that words of prose do not have by chance.
pub(crate) fn strict_chain(text: &str) -> Option<&'static str> {
    if text.len() < STRICT_BYTES_MIN {
        return None;
    }
    match judge(text) {
        Judged::Address(address)
            if address.network != Network::Test && address.evidence != Evidence::Shape =>
        {
            Some(address.chain)
        }
        _ => None,
    }
}

/// Shorter addresses exist, but so do other words.
const STRICT_BYTES_MIN: usize = 25;
