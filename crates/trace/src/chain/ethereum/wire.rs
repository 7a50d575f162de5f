//! Answers as nodes write them. Source: Ethereum execution API specification (`eth_getBlockByNumber`, `eth_getTransactionReceipt`,
//! `eth_getBlockReceipts`), OpenEthereum's `trace_block`.

use serde::Deserialize;
use serde::de::{Deserializer, Error};

use crate::U256;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Block {
    pub(super) hash: Hash,
    pub(super) parent_hash: Hash,
    #[serde(deserialize_with = "number")]
    pub(super) number: u64,
    #[serde(deserialize_with = "number")]
    pub(super) timestamp: u64,
    pub(super) transactions: Vec<Transaction>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Head {
    pub(super) hash: Hash,
    #[serde(deserialize_with = "number")]
    pub(super) number: u64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Transaction {
    pub(super) hash: Hash,
    pub(super) from: Address,
    pub(super) to: Option<Address>,
    #[serde(deserialize_with = "amount")]
    pub(super) value: U256,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Receipt {
    pub(super) transaction_hash: Hash,
    pub(super) block_hash: Hash,
    pub(super) contract_address: Option<Address>,
    /// Since the Byzantium fork; before it, failed transactions can't be told from others by their receipts.
    #[serde(default, deserialize_with = "maybe_number")]
    pub(super) status: Option<u64>,
    pub(super) logs: Vec<Log>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Log {
    pub(super) address: Address,
    pub(super) topics: Vec<Hash>,
    pub(super) data: String,
    #[serde(deserialize_with = "number")]
    pub(super) log_index: u64,
    #[serde(default)]
    pub(super) removed: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Trace {
    pub(super) action: Action,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) result: Option<Made>,
    pub(super) error: Option<String>,
    pub(super) block_hash: Hash,
    pub(super) transaction_hash: Option<Hash>,
    pub(super) trace_address: Vec<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Action {
    pub(super) call_type: Option<String>,
    pub(super) from: Option<Address>,
    pub(super) to: Option<Address>,
    #[serde(default, deserialize_with = "maybe_amount")]
    pub(super) value: Option<U256>,
    pub(super) address: Option<Address>,
    pub(super) refund_address: Option<Address>,
    #[serde(default, deserialize_with = "maybe_amount")]
    pub(super) balance: Option<U256>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Made {
    pub(super) address: Option<Address>,
}

/// 20 bytes, `0x` and 40 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Address(pub(super) [u8; 20]);

/// 32 bytes, `0x` and 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Hash(pub(super) [u8; 32]);

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
        bytes(&text).map(Self).ok_or_else(|| D::Error::custom("an address is `0x` and 40 hexadecimal digits"))
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
        bytes(&text).map(Self).ok_or_else(|| D::Error::custom("a hash is `0x` and 64 hexadecimal digits"))
    }
}

/// So many bytes in hexadecimal digits behind `0x`.
pub(super) fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let digits = text.strip_prefix("0x")?;
    data_encoding::HEXLOWER_PERMISSIVE.decode_len(digits.len()).ok().filter(|length| *length == N)?;
    data_encoding::HEXLOWER_PERMISSIVE.decode_mut(digits.as_bytes(), &mut bytes).ok()?;
    Some(bytes)
}

fn read_amount(text: &str) -> Option<U256> {
    let digits = text.strip_prefix("0x").filter(|digits| (1..=64).contains(&digits.len()))?;
    digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| U256::from_str_radix(digits, 16).ok())?
}

fn amount<'de, D: Deserializer<'de>>(deserializer: D) -> Result<U256, D::Error> {
    let text = <std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
    read_amount(&text).ok_or_else(|| D::Error::custom("a quantity is `0x` and 1 to 64 hexadecimal digits"))
}

fn maybe_amount<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<U256>, D::Error> {
    let text = Option::<std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
    let read = |text: std::borrow::Cow<'_, str>| {
        read_amount(&text)
            .ok_or_else(|| D::Error::custom("a quantity is `0x` and 1 to 64 hexadecimal digits"))
    };
    text.map(read).transpose()
}

fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    u64::try_from(amount(deserializer)?).map_err(|_| D::Error::custom("a number beyond 64 bits"))
}

fn maybe_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let number = maybe_amount(deserializer)?.map(u64::try_from);
    number.transpose().map_err(|_| D::Error::custom("a number beyond 64 bits"))
}
