//! Results of methods, as servers write them in JSON.

use bitcoin::block::Header;
use bitcoin::consensus::encode;
use bitcoin::hashes::{Hash as _, HashEngine as _, sha256};
use serde::Deserialize;

use super::super::{BLOCK_BYTES_MAX, read_id};
use super::HEADER_BYTES;

/// Most mentions of one script that are read.
pub const MENTIONS_MAX: usize = 100_000;
/// Most headers in one result. Source: `blockchain.block.headers` gives 2016 at most by recommendation.
pub const HEADERS_MAX: usize = 2_016;
/// Most hashes in a branch: a block has fewer than 2^17 transactions, as each takes 60 bytes and more.
pub const BRANCH_MAX: usize = 17;

/// Why a result is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// More transactions mention a script than are read.
    #[error("{0} transactions of one script; the limit is {MENTIONS_MAX}")]
    Mentions(usize),
    /// It is not what the protocol says.
    #[error("{0}")]
    Form(String),
}

impl ReadError {
    fn new(what: impl Into<String>) -> Self {
        Self::Form(what.into())
    }
}

impl From<serde_json::Error> for ReadError {
    fn from(error: serde_json::Error) -> Self {
        Self::Form(error.to_string())
    }
}

/// A transaction that mentions a script: pays to it, or spends what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mention {
    /// The height of its block.
    pub height: u64,
    /// Its id.
    pub id: [u8; 32],
}

#[derive(Deserialize)]
struct WireMention {
    tx_hash: String,
    height: i64,
}

/// The transactions that mention a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// Those that are in blocks, by height, each once.
    pub mentions: Vec<Mention>,
    /// What the server says of it shortly ([`status`]): another one if any transaction has come or gone, or has come into a block.
    pub status: Option<[u8; 32]>,
}

/// Reads `blockchain.scripthash.get_history`.
///
/// # Errors
/// [`ReadError`].
pub fn history(json: &str) -> Result<History, ReadError> {
    let told: Vec<WireMention> = serde_json::from_str(json)?;
    if told.len() > MENTIONS_MAX {
        return Err(ReadError::Mentions(told.len()));
    }
    let mut all = Vec::with_capacity(told.len());
    let mut status = sha256::HashEngine::default();
    for one in &told {
        let id = id(&one.tx_hash)?;
        status.input(format!("{}:{}:", one.tx_hash, one.height).as_bytes());
        // What waits for a block has 0, or -1 if what it spends waits too.
        if let Some(height) = u64::try_from(one.height).ok().filter(|height| *height > 0) {
            all.push(Mention { height, id });
        }
    }
    all.sort_unstable();
    all.dedup();
    let status = (!told.is_empty()).then(|| sha256::Hash::from_engine(status).to_byte_array());
    Ok(History { mentions: all, status })
}

/// Reads `blockchain.scripthash.subscribe`: the hash (SHA-256) of the history, as text; nothing if it is empty.
///
/// # Errors
/// [`ReadError`].
pub fn status(json: &str) -> Result<Option<[u8; 32]>, ReadError> {
    let told: Option<String> = serde_json::from_str(json)?;
    let read = |text: String| {
        let bytes = unhex(&text)?;
        bytes.try_into().map_err(|_| ReadError::new("a status has 64 hexadecimal digits"))
    };
    told.map(read).transpose()
}

/// How a transaction hangs below the root of its block's header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The block's height.
    pub height: u64,
    /// Its place among the block's transactions, from 0.
    pub position: u32,
    /// The hashes beside its own way up, in the order of bytes in which they are hashed.
    pub branch: Vec<[u8; 32]>,
}

#[derive(Deserialize)]
struct WireProof {
    block_height: u64,
    pos: u32,
    merkle: Vec<String>,
}

/// Reads `blockchain.transaction.get_merkle`.
///
/// # Errors
/// [`ReadError`].
pub fn proof(json: &str) -> Result<Proof, ReadError> {
    let told: WireProof = serde_json::from_str(json)?;
    if told.merkle.len() > BRANCH_MAX {
        return Err(ReadError::new(format!(
            "a branch of {} hashes; the limit is {BRANCH_MAX}",
            told.merkle.len()
        )));
    }
    let branch = told.merkle.iter().map(|hash| id(hash)).collect::<Result<_, _>>()?;
    Ok(Proof { height: told.block_height, position: told.pos, branch })
}

#[derive(Deserialize)]
struct WireHeaders {
    count: usize,
    hex: String,
}

/// Reads `blockchain.block.headers`, without a checkpoint.
///
/// # Errors
/// [`ReadError`].
pub fn headers(json: &str) -> Result<Vec<Header>, ReadError> {
    let told: WireHeaders = serde_json::from_str(json)?;
    if told.count > HEADERS_MAX || told.hex.len() != told.count * 2 * HEADER_BYTES {
        return Err(ReadError::new(format!(
            "{} digits for {} headers; a header has {HEADER_BYTES} bytes, and the limit is {HEADERS_MAX} headers",
            told.hex.len(),
            told.count
        )));
    }
    let bytes = unhex(&told.hex)?;
    bytes.chunks_exact(HEADER_BYTES).map(header_of).collect()
}

/// Reads `blockchain.block.header`, without a checkpoint.
///
/// # Errors
/// [`ReadError`].
pub fn first_header(json: &str) -> Result<Header, ReadError> {
    header_of(&unhex(&serde_json::from_str::<String>(json)?)?)
}

#[derive(Deserialize)]
struct WireTip {
    height: u64,
    hex: String,
}

/// Reads `blockchain.headers.subscribe`: the last block's height, and its header.
///
/// # Errors
/// [`ReadError`].
pub fn tip(json: &str) -> Result<(u64, Header), ReadError> {
    let told: WireTip = serde_json::from_str(json)?;
    // Heights are given to servers as 32 bits by some.
    match u32::try_from(told.height) {
        Ok(height) => Ok((height.into(), header_of(&unhex(&told.hex)?)?)),
        Err(_) => Err(ReadError::new(format!("no chain has {} blocks", told.height))),
    }
}

/// Reads `blockchain.transaction.get`, not verbose: the transaction's bytes.
///
/// # Errors
/// [`ReadError`].
pub fn raw(json: &str) -> Result<Vec<u8>, ReadError> {
    let text: String = serde_json::from_str(json)?;
    match text.len() > 2 * BLOCK_BYTES_MAX {
        true => Err(ReadError::new(format!("a transaction of more than {BLOCK_BYTES_MAX} bytes"))),
        false => unhex(&text),
    }
}

pub(super) fn header_of(bytes: &[u8]) -> Result<Header, ReadError> {
    encode::deserialize(bytes).map_err(|error| ReadError::new(format!("no header: {error}")))
}

pub(super) fn unhex(text: &str) -> Result<Vec<u8>, ReadError> {
    const_hex::decode(text).map_err(|error| ReadError::new(format!("no hexadecimal digits: {error}")))
}

/// An identifier as people write it.
pub(super) fn id(text: &str) -> Result<[u8; 32], ReadError> {
    read_id(text).ok_or_else(|| ReadError::new("a hash has 64 hexadecimal digits"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_for_a_block_is_no_mention_and_none_is_read_twice() {
        let one = "00".repeat(31) + "01";
        let two = "00".repeat(31) + "02";
        let json = format!(
            r#"[{{"tx_hash":"{two}","height":9}},{{"tx_hash":"{one}","height":7,"fee":3}},{{"tx_hash":"{two}","height":9}},
               {{"tx_hash":"{one}","height":0,"fee":1}},{{"tx_hash":"{two}","height":-1}}]"#
        );
        let read = history(&json).unwrap();
        // As a server makes it: `TXID:HEIGHT:` of each, in its order.
        let text = format!("{two}:9:{one}:7:{two}:9:{one}:0:{two}:-1:");
        assert_eq!(read.status, Some(sha256::Hash::hash(text.as_bytes()).to_byte_array()));
        assert_eq!(status(&format!("\"{}\"", const_hex::encode(read.status.unwrap()))).unwrap(), read.status);
        assert_eq!(status("null").unwrap(), None);
        assert!(status("\"00\"").is_err() && status("7").is_err());
        let read = read.mentions;
        assert_eq!(read.iter().map(|one| (one.height, one.id[0])).collect::<Vec<_>>(), [(7, 1), (9, 2)]);
        assert_eq!(history("[]").unwrap(), History { mentions: Vec::new(), status: None });
        for bad in ["null", "{}", r#"[{"tx_hash":"12","height":1}]"#, r#"[{"tx_hash":7,"height":1}]"#] {
            assert!(matches!(history(bad), Err(ReadError::Form(_))), "{bad}");
        }
        let many = vec![format!(r#"{{"tx_hash":"{one}","height":7}}"#); MENTIONS_MAX + 1].join(",");
        assert_eq!(history(&format!("[{many}]")), Err(ReadError::Mentions(MENTIONS_MAX + 1)));
    }

    #[test]
    fn limits_are_told() {
        let hash = "ab".repeat(32);
        let branch = |count: usize| {
            let branch = vec![format!("\"{hash}\""); count].join(",");
            proof(&format!(r#"{{"block_height":5,"pos":1,"merkle":[{branch}]}}"#))
        };
        assert_eq!(branch(BRANCH_MAX).unwrap().branch.len(), BRANCH_MAX);
        assert!(branch(BRANCH_MAX + 1).unwrap_err().to_string().contains("the limit is 17"));
        let told = headers(r#"{"count":2,"hex":"00","max":2016}"#).unwrap_err();
        assert!(told.to_string().contains("2 digits for 2 headers"), "{told}");
        assert!(headers(r#"{"count":18446744073709551615,"hex":""}"#).is_err());
        assert_eq!(headers(r#"{"count":0,"hex":"","max":2016}"#).unwrap(), []);
        assert!(tip(&format!(r#"{{"height":4294967296,"hex":"{}"}}"#, "00".repeat(80))).is_err());
        assert!(raw(&format!("\"{}\"", "0".repeat(2 * BLOCK_BYTES_MAX + 2))).is_err());
        assert!(raw("\"0g\"").is_err() && raw("7").is_err() && first_header("\"00\"").is_err());
    }
}
