//! A mapping laid over columns that somebody else reads, row by row.

use super::mapping::Mapping;
use super::plan::{Assets, Plan, Source, Times};
use super::time::time;
use super::{CsvError, Form, Malformed, Reason, amount, number};
use crate::U256;
use crate::store::Key;

/// A mapping laid over the columns of one file. Times that stand in a file of blocks are not read so.
#[derive(Debug, Clone)]
pub struct Laid {
    plan: Plan,
}

/// One transfer with names in place of numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The block, or the time in seconds where the mapping knows no block.
    pub block: u64,
    /// The place in the block.
    pub index: u32,
    /// The transaction's identifier as it stands there; empty if there is none.
    pub transaction: String,
    /// Who gives: hexadecimal digits in lower case where the name is made of them.
    pub from: String,
    /// Who gets.
    pub to: String,
    /// What.
    pub asset: String,
    /// When, in seconds since 1970-01-01 UTC.
    pub time: u32,
    /// How much, in the asset's smallest unit.
    pub amount: U256,
}

impl Laid {
    /// Lays a mapping over columns of these names.
    ///
    /// # Errors
    /// [`CsvError`] when one that it names is missing, or when it needs the times of blocks.
    pub fn over(mapping: &Mapping, names: &[String]) -> Result<Self, CsvError> {
        Plan::new(mapping, Some(names), None).map(|plan| Self { plan })
    }

    /// The places of the columns that are read, ascending, each once.
    #[must_use]
    pub fn columns(&self) -> Vec<usize> {
        let mut columns: Vec<usize> = self.plan.roles().into_iter().map(|(column, _)| column).collect();
        columns.sort_unstable();
        columns.dedup();
        columns
    }

    /// Reads a row; `None` if the mapping wants only others. `fields` has all columns in order; null is empty, bytes are
    /// `0x` and their digits. `at` is the row's number from 1, for what is wrong with it.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn read(&self, fields: &[&[u8]], at: u64) -> Result<Option<Row>, Malformed> {
        self.row(fields).map_err(|(column, reason)| Malformed {
            form: Form::Parquet,
            line: at,
            column: column.map(|column| self.plan.name(column)),
            reason,
        })
    }

    fn row(&self, fields: &[&[u8]]) -> Result<Option<Row>, (Option<usize>, Reason)> {
        let plan = &self.plan;
        let field = |column: usize| fields.get(column).copied().unwrap_or_default();
        if !plan.only.iter().all(|(column, texts)| texts.iter().any(|text| *text == field(*column))) {
            return Ok(None);
        }
        let at = |column: usize| move |reason: Reason| (Some(column), reason);
        let whole = |column: Option<usize>| {
            column.map(|column| number(field(column)).map_err(at(column))).transpose()
        };
        let block = whole(plan.block)?;
        let index = whole(plan.index)?.unwrap_or(0);
        let index = u32::try_from(index).map_err(|_| (plan.index, Reason::Large))?;
        let time = match &plan.times {
            Times::Column { column, form, empty } => match (field(*column), empty) {
                (b"", Some(time)) => *time,
                (text, _) => time(text, *form).map_err(|reason| (Some(*column), reason.into()))?,
            },
            Times::Blocks(times) => {
                let block = block.unwrap_or_default();
                times.get(block).ok_or((plan.block, Reason::NoTime { block }))?
            }
        };
        let account = |source: &Source| plan.account(field(source.column), source).map_err(at(source.column));
        let (from, to) = (account(&plan.from)?.text(), account(&plan.to)?.text());
        let asset = match &plan.asset {
            Assets::Name(key) => key.clone(),
            Assets::Column(source) => match (field(source.column), &source.empty) {
                (b"", Some(key)) => key.clone(),
                (text, _) => Key::parse(text).map_err(|reason| (Some(source.column), reason.into()))?,
            },
        };
        let decimals = match plan.whole() {
            true => {
                let column = plan.amounts.first().copied();
                plan.mapping.decimals(&asset).ok_or((column, Reason::Decimals))?
            }
            false => 0,
        };
        let mut sum = U256::ZERO;
        for column in &plan.amounts {
            let one = amount(field(*column), decimals).map_err(|reason| (Some(*column), reason.into()))?;
            if one != sum && !one.is_zero() && !sum.is_zero() {
                return Err((Some(*column), Reason::Amounts));
            }
            sum = sum.max(one);
        }
        let transaction = plan.transaction.map_or(b"".as_slice(), field);
        Ok(Some(Row {
            block: block.unwrap_or(u64::from(time)),
            index,
            transaction: String::from_utf8_lossy(transaction).into_owned(),
            from,
            to,
            asset: asset.text(),
            time,
            amount: sum,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laid(mapping: &str, names: &[&str]) -> Result<Laid, CsvError> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        Laid::over(&Mapping::parse(mapping).unwrap(), &names)
    }

    #[test]
    fn a_row_is_read_as_the_mapping_says_and_faults_name_their_column() {
        let mapping = "from = { column = \"from\" }\nto = { column = \"to\", empty = \"created\" }\n\
            time = { column = \"time\", form = \"unix\" }\namount = { column = \"value\", unit = \"whole\" }\n\
            asset = { column = \"asset\", decimals = { ETH = 2 } }\n[[only]]\ncolumn = \"status\"\nis = [\"1\"]\n";
        let laid = laid(mapping, &["time", "from", "to", "asset", "value", "status", "more"]).unwrap();
        assert_eq!(laid.columns(), [0, 1, 2, 3, 4, 5]);
        let address = format!("0x{}", "AB".repeat(20));
        let read = |value: &str, status: &str| {
            let fields = ["7", &address, "", "ETH", value, status, "x"].map(str::as_bytes);
            laid.read(&fields, 9)
        };
        let row = read("1.5", "1").unwrap().unwrap();
        assert_eq!((row.from, row.to.as_str(), row.block), (address.to_lowercase(), "created", 7));
        assert_eq!(row.amount, U256::from(150));
        assert_eq!(read("1.5", "0").unwrap(), None);
        let fault = read("1.555", "1").unwrap_err().to_string();
        assert!(fault.starts_with("row 9, column value: it has more digits"), "{fault}");
    }

    #[test]
    fn what_it_can_not_be_laid_over_is_told() {
        let bongsu = Mapping::ready("bongsu").unwrap();
        let error = laid(bongsu, &["block"]).unwrap_err().to_string();
        assert!(error.contains("names the column"), "{error}");
        let blocks = Mapping::ready("ethereum-etl-token-transfers").unwrap();
        let names = [
            "token_address",
            "from_address",
            "to_address",
            "value",
            "transaction_hash",
            "log_index",
            "block_number",
        ];
        assert!(matches!(laid(blocks, &names), Err(CsvError::NoBlockTimes)));
    }
}
