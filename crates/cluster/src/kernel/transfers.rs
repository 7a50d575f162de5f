//! The kernel of transfers: rows as a mapping reads them, with names in one spelling and exact amounts.

use datafusion::arrow::array::{
    ArrayRef, BooleanBuilder, FixedSizeBinaryBuilder, Int64Builder, StringBuilder, UInt32Builder,
    UInt64Builder,
};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::{Result, exec_err};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use trace::read::{Laid, Mapping};

use super::fields::{Bytes, Texts};
use super::{At, Worker};
use crate::archive::said;

/// Transfers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Transfers {
    /// The mapping's text, in TOML.
    pub(crate) mapping: String,
    /// The names of all the archive's columns, which the mapping is laid over.
    pub(crate) names: Vec<String>,
    /// Whether rows that can't be read are left out.
    pub(crate) skips: bool,
}

pub(super) fn schema() -> SchemaRef {
    let field = |name: &str, kind: DataType| Field::new(name, kind, true);
    Arc::new(Schema::new(vec![
        Field::new("file", DataType::UInt32, false),
        Field::new("row", DataType::UInt64, false),
        field("block", DataType::UInt64),
        field("index", DataType::UInt32),
        field("tx", DataType::Utf8),
        field("from", DataType::Utf8),
        field("to", DataType::Utf8),
        field("asset", DataType::Utf8),
        field("amount", DataType::FixedSizeBinary(32)),
        field("time", DataType::Int64),
        // Whether the amount is more than nothing.
        field("moves", DataType::Boolean),
        // Of the rows that are left out: how many, and what is wrong with the first. All else is missing there.
        field("faulty", DataType::UInt64),
        field("why", DataType::Utf8),
    ]))
}

impl Transfers {
    /// The mapping, laid over the columns.
    ///
    /// # Errors
    /// When it is none, or names a column that is not there.
    pub(crate) fn laid(&self) -> Result<Laid> {
        let mapping = Mapping::parse(&self.mapping).map_err(said)?;
        Laid::over(&mapping, &self.names).map_err(said)
    }

    pub(super) fn worker(&self) -> Result<Box<dyn Worker>> {
        let laid = self.laid()?;
        Ok(Box::new(Reading { columns: laid.columns(), laid, transfers: self.clone() }))
    }
}

struct Reading {
    transfers: Transfers,
    laid: Laid,
    columns: Vec<usize>,
}

impl Worker for Reading {
    fn take(&mut self, at: At, rows: &RecordBatch) -> Result<RecordBatch> {
        let names = &self.transfers.names;
        let mut texts: Vec<(usize, Texts)> = Vec::with_capacity(self.columns.len());
        for place in &self.columns {
            let name = names.get(*place).map_or("", String::as_str);
            if let Some(column) = rows.column_by_name(name) {
                texts.push((*place, Texts::of(column, name, Bytes::Hex)?));
            }
        }
        let mut rooms = vec![Vec::new(); texts.len()];
        let (mut made, mut faulty, mut why) = (Made::new(), 0_u64, None);
        for row in 0..rows.num_rows() {
            let mut fields = vec![b"".as_slice(); names.len()];
            for ((place, texts), room) in texts.iter().zip(&mut rooms) {
                if let Some(field) = fields.get_mut(*place) {
                    *field = texts.get(row, room);
                }
            }
            let number = at.row + row as u64;
            match self.laid.read(&fields, number + 1) {
                Ok(Some(transfer)) => made.put(at.file, number, &transfer)?,
                Ok(None) => {}
                Err(fault) if self.transfers.skips => {
                    faulty += 1;
                    why.get_or_insert_with(|| fault.to_string());
                }
                Err(fault) => return exec_err!("{fault}"),
            }
        }
        if let Some(why) = why {
            made.fault(at, faulty, &why);
        }
        made.finish()
    }
}

struct Made {
    file: UInt32Builder,
    row: UInt64Builder,
    block: UInt64Builder,
    index: UInt32Builder,
    texts: [StringBuilder; 4],
    amount: FixedSizeBinaryBuilder,
    time: Int64Builder,
    moves: BooleanBuilder,
    faulty: UInt64Builder,
    why: StringBuilder,
}

impl Made {
    fn new() -> Self {
        Self {
            file: UInt32Builder::new(),
            row: UInt64Builder::new(),
            block: UInt64Builder::new(),
            index: UInt32Builder::new(),
            texts: std::array::from_fn(|_| StringBuilder::new()),
            amount: FixedSizeBinaryBuilder::new(32),
            time: Int64Builder::new(),
            moves: BooleanBuilder::new(),
            faulty: UInt64Builder::new(),
            why: StringBuilder::new(),
        }
    }

    fn put(&mut self, file: u32, number: u64, transfer: &trace::read::Row) -> Result<()> {
        self.file.append_value(file);
        self.row.append_value(number);
        self.block.append_value(transfer.block);
        self.index.append_value(transfer.index);
        let texts = [&transfer.transaction, &transfer.from, &transfer.to, &transfer.asset];
        self.texts.iter_mut().zip(texts).for_each(|(column, text)| column.append_value(text));
        self.amount.append_value(transfer.amount.to_be_bytes::<32>())?;
        self.time.append_value(transfer.time.into());
        self.moves.append_value(!transfer.amount.is_zero());
        self.faulty.append_null();
        self.why.append_null();
        Ok(())
    }

    fn fault(&mut self, at: At, faulty: u64, why: &str) {
        self.file.append_value(at.file);
        self.row.append_value(at.row);
        self.block.append_null();
        self.index.append_null();
        self.texts.iter_mut().for_each(StringBuilder::append_null);
        self.amount.append_null();
        self.time.append_null();
        self.moves.append_null();
        self.faulty.append_value(faulty);
        self.why.append_value(why);
    }

    fn finish(mut self) -> Result<RecordBatch> {
        let [tx, from, to, asset] = &mut self.texts;
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.file.finish()),
            Arc::new(self.row.finish()),
            Arc::new(self.block.finish()),
            Arc::new(self.index.finish()),
            Arc::new(tx.finish()),
            Arc::new(from.finish()),
            Arc::new(to.finish()),
            Arc::new(asset.finish()),
            Arc::new(self.amount.finish()),
            Arc::new(self.time.finish()),
            Arc::new(self.moves.finish()),
            Arc::new(self.faulty.finish()),
            Arc::new(self.why.finish()),
        ];
        Ok(RecordBatch::try_new(schema(), columns)?)
    }
}
