//! How what was reached is kept: a document in JSON that has all that proves it, and is checked whenever it is read.

use std::collections::{BTreeMap, BTreeSet};

use bitcoin::consensus::{Params, encode};
use serde::{Deserialize, Serialize};

use super::super::{Magic, Outpoint, read_id, written};
use super::proof::{Proven, Raw};
use super::wire::{ReadError, header_of, id, unhex};
use super::{BRANCH_MAX, Proof, Reached};

/// Longest document, in bytes.
pub const FORM_BYTES_MAX: usize = 1 << 30;
/// The form's name.
const FORM: &str = "bongsu-electrum-1";
/// Most satoshi that there can be.
const SATOSHI_MAX: u64 = 2_100_000_000_000_000;

/// Why a document is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FormError(String);

impl FormError {
    fn of(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

impl From<ReadError> for FormError {
    fn from(error: ReadError) -> Self {
        Self::of(error)
    }
}

#[derive(Serialize, Deserialize)]
struct Form {
    form: String,
    chain: String,
    upto: Option<Place>,
    blocks: Vec<FormBlock>,
    unspent: Vec<String>,
    left: Vec<Left>,
}

#[derive(Serialize, Deserialize)]
struct Place {
    height: u64,
    hash: String,
}

#[derive(Serialize, Deserialize)]
struct FormBlock {
    height: u64,
    header: String,
    transactions: Vec<FormTransaction>,
}

#[derive(Serialize, Deserialize)]
struct FormTransaction {
    position: u32,
    branch: Vec<String>,
    raw: String,
    /// Amounts of inputs whose transactions are not here, by the inputs' places.
    spent: BTreeMap<u32, u64>,
}

#[derive(Serialize, Deserialize)]
struct Left {
    output: String,
    why: String,
}

/// An output as people name it.
fn outpoint(text: &str) -> Result<Outpoint, FormError> {
    let read = || {
        let (id, output) = text.split_once(':')?;
        Some(Outpoint { transaction: read_id(id)?, output: output.parse().ok()? })
    };
    read().ok_or_else(|| FormError("an output is TXID:VOUT".to_owned()))
}

fn named(output: &Outpoint) -> String {
    format!("{}:{}", written(&output.transaction), output.output)
}

impl Reached {
    /// All of it as a document.
    #[must_use]
    pub fn written(&self) -> String {
        let transaction = |one: &Proven| {
            let inputs = one.transaction().inputs.iter().zip(0..);
            let spent = inputs.filter_map(|(from, at)| Some((at, *self.amounts.get(from)?)));
            FormTransaction {
                position: one.proof.position,
                branch: one.proof.branch.iter().map(written).collect(),
                raw: const_hex::encode(&one.raw.bytes),
                spent: spent.collect(),
            }
        };
        let block = |(height, part): (&u64, &super::reached::Part)| FormBlock {
            height: *height,
            header: const_hex::encode(encode::serialize(&part.header)),
            transactions: part.transactions.values().map(transaction).collect(),
        };
        let form = Form {
            form: FORM.to_owned(),
            chain: self.magic.chain().to_owned(),
            upto: self.upto.map(|(height, hash)| Place { height, hash: written(&hash) }),
            blocks: self.blocks.iter().map(block).collect(),
            unspent: self.unspent.iter().map(named).collect(),
            left: self
                .left
                .iter()
                .map(|(output, why)| Left { output: named(output), why: why.clone() })
                .collect(),
        };
        // Names and numbers alone, which JSON can say.
        serde_json::to_string(&form).unwrap_or_default()
    }

    /// Reads [`Reached::written`], and checks all that it says again: that transactions are those that are named, in blocks that were
    /// worked for. That these blocks are of one chain, [`Reached::keep_on`] says.
    ///
    /// # Errors
    /// [`FormError`].
    pub fn read(bytes: &[u8]) -> Result<Self, FormError> {
        if bytes.len() > FORM_BYTES_MAX {
            return Err(FormError(format!("it has {} bytes; the limit is {FORM_BYTES_MAX}", bytes.len())));
        }
        let form: Form = serde_json::from_slice(bytes).map_err(FormError::of)?;
        if form.form != FORM {
            return Err(FormError("it is of another form".to_owned()));
        }
        let magic =
            [Magic::MAIN, Magic::TEST, Magic::REGTEST].into_iter().find(|magic| magic.chain() == form.chain);
        let mut reached =
            Self::new(magic.ok_or_else(|| FormError("it is of no chain that is known".to_owned()))?);
        for block in form.blocks {
            let header = header_of(&unhex(&block.header)?)?;
            header.validate_pow(header.target()).map_err(FormError::of)?;
            if header.target() > Params::new(reached.magic.network()).max_attainable_target {
                return Err(FormError("a block was not worked for as its chain asks".to_owned()));
            }
            for one in block.transactions {
                reached.take(block.height, header, one)?;
            }
        }
        let upto = form.upto.map(|place| Ok::<_, FormError>((place.height, id(&place.hash)?))).transpose()?;
        let unspent =
            form.unspent.iter().map(|output| outpoint(output)).collect::<Result<BTreeSet<_>, _>>()?;
        let left = form.left.into_iter().map(|left| Ok::<_, FormError>((outpoint(&left.output)?, left.why)));
        let left = left.collect::<Result<BTreeMap<_, _>, _>>()?;
        reached.settle(upto, unspent, left);
        // An amount is told where its transaction is not there.
        reached.amounts = reached
            .amounts
            .iter()
            .filter(|(output, _)| reached.height(&output.transaction).is_none())
            .map(|(output, satoshi)| (*output, *satoshi))
            .collect();
        Ok(reached)
    }

    fn take(
        &mut self,
        height: u64,
        header: bitcoin::block::Header,
        one: FormTransaction,
    ) -> Result<(), FormError> {
        if one.branch.len() > BRANCH_MAX {
            return Err(FormError("a branch is too long".to_owned()));
        }
        let branch = one.branch.iter().map(|hash| id(hash)).collect::<Result<_, _>>()?;
        let bytes = unhex(&one.raw)?;
        let raw = Raw::any(self.magic, bytes).map_err(FormError::of)?;
        let proof = Proof { height, position: one.position, branch };
        let proven = Proven::check(raw, height, proof, header).map_err(FormError::of)?;
        for (at, satoshi) in one.spent {
            let from = proven.transaction().inputs.get(at as usize).copied();
            let from = from.filter(|_| satoshi <= SATOSHI_MAX);
            self.tell(
                from.ok_or_else(|| FormError("an amount is of no input, or too high".to_owned()))?,
                satoshi,
            );
        }
        self.add(proven).map_err(FormError::of)?;
        Ok(())
    }
}
