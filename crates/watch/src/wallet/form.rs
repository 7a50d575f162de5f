//! The forms that addresses have, and the one door to read a text as one of them.

use super::judge::Text;
use super::{Evidence, Fault, Network};
use super::{
    base32, base58, bech, cardano, cash, cryptonote, hexadecimal, lisk, names, ripple, stellar, substrate,
    ton,
};

/// What a text is when read as one form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reading {
    /// Something else.
    No,
    /// Nearly such an address.
    Wrong(Fault),
    /// Such an address.
    Is(Found),
}

/// An address, before its chain is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) network: Network,
    pub(super) normal: String,
    pub(super) evidence: Evidence,
    pub(super) tag: Option<u64>,
}

impl Found {
    /// An address with a checksum.
    pub(super) fn checked(network: Network, normal: impl Into<String>) -> Self {
        Self { network, normal: normal.into(), evidence: Evidence::Checksum, tag: None }
    }

    /// An address that is known by its form alone.
    pub(super) fn formed(evidence: Evidence, normal: impl Into<String>) -> Self {
        Self { network: Network::Either, normal: normal.into(), evidence, tag: None }
    }
}

impl From<Result<Found, Fault>> for Reading {
    fn from(result: Result<Found, Fault>) -> Self {
        match result {
            Ok(found) => Self::Is(found),
            Err(fault) => Self::Wrong(fault),
        }
    }
}

/// Versions of a base58check address: what stands before its 20 bytes, on the main net and on test nets.
pub(super) type Versions = &'static [&'static [u8]];

/// A form of addresses.
#[derive(Debug, Clone, Copy)]
pub(super) enum Form {
    /// Base58check of a version and 20 bytes.
    Base58 { main: Versions, test: Versions },
    /// As base58check, with BLAKE-256.
    Decred { main: Versions, test: Versions },
    /// Witness programmes by human-readable parts.
    Segwit { main: &'static str, test: &'static [&'static str] },
    /// Bech32 of whole bytes by human-readable parts.
    Bech { main: &'static [&'static str], test: &'static [&'static str], shape: bech::Shape },
    /// CashAddr by prefixes.
    Cash { main: &'static str, test: &'static [&'static str], kind: cash::Kind },
    /// 20 bytes in hexadecimal with the checksum of EIP-55 in its letters' case.
    Evm,
    /// As [`Form::Evm`], or with the checksum of EIP-1191 for these chains.
    Rsk,
    /// As [`Form::Evm`], with `xdc` in place of `0x`.
    Xdc,
    /// `hx` or `cx` and 20 bytes.
    Icon,
    /// `0x` and 32 bytes.
    Move,
    /// 38 bytes in hexadecimal, the last six a checksum.
    Sia,
    /// 32 bytes in hexadecimal, the first four a checksum.
    Icp,
    /// Classic and X-addresses of the XRP Ledger.
    Ripple,
    /// Keys with a tag: standard, integrated and subaddresses.
    Cryptonote { main: &'static [u64], test: &'static [u64] },
    /// Byron's addresses of Cardano.
    Byron,
    /// Shelley's addresses of Cardano.
    Shelley,
    /// SS58 with one of these prefixes.
    Substrate(&'static [u16]),
    /// Strkey of Stellar.
    Stellar,
    /// Nano and its kin, by prefixes; the first is the usual one.
    Nano(&'static [&'static str]),
    /// 32 bytes in base32 with the end of their SHA-512/256.
    Algorand,
    /// NEM's base32.
    Nem,
    /// Symbol's base32.
    Symbol,
    /// Filecoin's base32 by protocol.
    Filecoin,
    /// Waves: base58 with BLAKE2b and Keccak.
    Waves,
    /// 32 bytes in base58.
    Solana,
    /// TON, friendly or raw.
    Ton,
    /// Lisk's base32 and, before it, a number with `L`.
    Lisk,
    /// Names of accounts of EOSIO.
    Eos,
    /// Names of accounts of IOST.
    Iost,
    /// Names of accounts of NEAR.
    Near,
    /// Numbers of accounts of Hedera.
    Hedera,
    /// Addresses of Avalanche's X- and P-chain.
    Avalanche,
}

impl Form {
    /// Whether a text of this form needs no word of what it is.
    pub(super) const fn is_told_by_itself(self) -> bool {
        !matches!(self, Self::Eos | Self::Iost | Self::Near)
    }

    /// What `text` is as this form.
    pub(super) fn read(self, text: &Text<'_>) -> Reading {
        let whole = text;
        let text = text.text;
        match self {
            Self::Base58 { main, test } => base58::read(whole, base58::Check::Sha256d, main, test),
            Self::Decred { main, test } => base58::read(whole, base58::Check::Blake256d, main, test),
            Self::Segwit { main, test } => bech::read_segwit(text, main, test),
            Self::Bech { main, test, shape } => bech::read_bytes(text, main, test, shape),
            Self::Cash { main, test, kind } => cash::read(text, main, test, kind),
            Self::Evm => hexadecimal::evm(text, &[]),
            Self::Rsk => hexadecimal::evm(text, &["30", "31"]),
            Self::Xdc => hexadecimal::xdc(text),
            Self::Icon => hexadecimal::icon(text),
            Self::Move => hexadecimal::move_account(text),
            Self::Sia => hexadecimal::sia(text),
            Self::Icp => hexadecimal::icp(text),
            Self::Ripple => ripple::read(text),
            Self::Cryptonote { main, test } => cryptonote::read(text, main, test),
            Self::Byron => cardano::byron(whole),
            Self::Shelley => cardano::shelley(text),
            Self::Substrate(prefixes) => substrate::read(whole, prefixes),
            Self::Stellar => stellar::read(text),
            Self::Nano(prefixes) => base32::nano(text, prefixes),
            Self::Algorand => base32::algorand(text),
            Self::Nem => base32::nem(text),
            Self::Symbol => base32::symbol(text),
            Self::Filecoin => base32::filecoin(text),
            Self::Waves => base58::waves(whole),
            Self::Solana => base58::solana(whole),
            Self::Ton => ton::read(text),
            Self::Lisk => lisk::read(text),
            Self::Eos => names::eos(text),
            Self::Iost => names::iost(text),
            Self::Near => names::near(text),
            Self::Hedera => names::hedera(text),
            Self::Avalanche => bech::avalanche(text),
        }
    }
}
