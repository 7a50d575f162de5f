//! The kernel of flows: sightings as steps, one row for each hop and one for the victim.
//!
//! Where an address is, is what was said of it last in all files, and what tables say where nothing was said (as
//! [`region::transit::Observed`] has it). That is known only when all rows are seen. So a step carries both: what is said here, with the
//! order in which it was said in front, and what the tables say.

use datafusion::arrow::array::{
    Array as _, ArrayRef, AsArray as _, Decimal128Builder, Int64Builder, StringBuilder, UInt8Builder,
    UInt32Builder, UInt64Builder,
};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::{Result, plan_err};
use datafusion::execution::runtime_env::RuntimeEnv;
use flate2::read::MultiGzDecoder;
use region::transit::geo::{Locate, Mmdb, Ranges, Tables};
use region::transit::read::Written;
use region::transit::{Country, Network, Place, Role};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::sync::Arc;

use super::fields::{Bytes, Texts};
use super::{At, Kept, Worker};
use crate::archive::said;

/// Sightings as steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Steps {
    /// Tables of addresses, the first that knows is believed.
    pub(crate) tables: Vec<Kept>,
}

/// What a row is.
pub(crate) const HOP: u8 = 0;
/// A victim: one for each sighting.
pub(crate) const VICTIM: u8 = 1;
/// How many rows were read, and how many of them are wrong.
pub(crate) const ROWS: u8 = 2;

pub(super) fn schema() -> SchemaRef {
    let field = |name: &str, kind: DataType, may_lack: bool| Field::new(name, kind, may_lack);
    Arc::new(Schema::new(vec![
        field("kind", DataType::UInt8, false),
        field("file", DataType::UInt32, false),
        field("row", DataType::UInt64, false),
        field("pos", DataType::UInt32, false),
        field("address", DataType::Utf8, true),
        field("said_country", DataType::Decimal128(38, 0), true),
        field("said_network", DataType::Decimal128(38, 0), true),
        field("country", DataType::Int64, true),
        field("network", DataType::Int64, true),
        field("role", DataType::UInt8, true),
        field("time", DataType::Int64, true),
        field("count", DataType::UInt64, false),
        field("faulty", DataType::UInt64, true),
        field("why", DataType::Utf8, true),
    ]))
}

/// A country as a number.
pub(crate) fn number_of(country: Country) -> i64 {
    country.code().bytes().fold(0, |number, letter| number << 8 | i64::from(letter))
}

/// The country of a number.
pub(crate) fn country_of(number: i64) -> Option<Country> {
    let letters = u16::try_from(number).ok()?.to_be_bytes();
    Country::parse(str::from_utf8(&letters).ok()?).ok()
}

impl Steps {
    /// The columns that are read, of those that are there.
    pub(crate) const COLUMNS: [&str; 5] = ["time", "source", "hops", "victim", "count"];

    pub(super) async fn worker(&self, runtime: &RuntimeEnv) -> Result<Box<dyn Worker>> {
        Ok(Box::new(Stepping { tables: self.opened(runtime).await? }))
    }

    /// The tables, opened.
    ///
    /// # Errors
    /// When one can't be read.
    pub(crate) async fn opened(&self, runtime: &RuntimeEnv) -> Result<Tables> {
        let mut tables: Vec<Box<dyn Locate + Send + Sync>> = Vec::new();
        for table in &self.tables {
            let is_mmdb = table.url.ends_with(".mmdb");
            let open = |bytes: Vec<u8>| match is_mmdb {
                true => Mmdb::of(bytes).map(Table::Mmdb).map_err(said),
                false => {
                    let read = match bytes.starts_with(&[0x1f, 0x8b]) {
                        true => Ranges::read(MultiGzDecoder::new(bytes.as_slice())),
                        false => Ranges::read(bytes.as_slice()),
                    };
                    let read = read.map_err(said)?;
                    match read.faults.first() {
                        Some(fault) if read.ranges.is_empty() => {
                            plan_err!(
                                "{}: no row of it is a range; line {}: {}",
                                table.url,
                                fault.line,
                                fault.why
                            )
                        }
                        _ => Ok(Table::Ranges(read.ranges)),
                    }
                }
            };
            tables.push(Box::new(Shared(table.made(runtime, "table of addresses", open).await?)));
        }
        Ok(Tables(tables))
    }
}

enum Table {
    Mmdb(Mmdb),
    Ranges(Ranges),
}

struct Shared(Arc<Table>);

impl Locate for Shared {
    fn place(&self, address: IpAddr) -> Place {
        match &*self.0 {
            Table::Mmdb(table) => table.place(address),
            Table::Ranges(table) => table.place(address),
        }
    }
}

struct Stepping {
    tables: Tables,
}

impl Worker for Stepping {
    fn take(&mut self, at: At, rows: &RecordBatch) -> Result<RecordBatch> {
        let texts = |name: &str| {
            rows.column_by_name(name).map(|column| Texts::of(column, name, Bytes::Text)).transpose()
        };
        let (Some(times), Some(hops)) = (texts("time")?, rows.column_by_name("hops")) else {
            return plan_err!(
                "sightings have the columns time and hops, and may have source, victim and count"
            );
        };
        let hops = Hops::of(hops)?;
        let [source, victim, count] = [texts("source")?, texts("victim")?, texts("count")?];
        let (mut made, mut faulty, mut why) = (Made::default(), 0, None);
        for row in 0..rows.num_rows() {
            let or_none = |texts: &Option<Texts>| {
                texts.as_ref().map_or_else(String::new, |texts| texts.text(row).into())
            };
            let each = hops.get(row);
            let read = Written::read(
                &times.text(row),
                &or_none(&source),
                each.iter().map(String::as_str),
                &or_none(&victim),
                &or_none(&count),
            );
            let number = at.row + row as u64;
            match read {
                Ok(read) => made.put((at.file, number), &read, &self.tables),
                Err(fault) => {
                    faulty += 1;
                    why.get_or_insert_with(|| format!("row {}: {fault}", number + 1));
                }
            }
        }
        made.tally(at, rows.num_rows() as u64, faulty, why);
        made.finish()
    }
}

/// The column of hops: text, or a list of texts.
enum Hops {
    Text(Texts),
    List(datafusion::arrow::array::ListArray, Texts),
}

impl Hops {
    fn of(column: &ArrayRef) -> Result<Self> {
        match column.as_list_opt::<i32>() {
            Some(list) => Ok(Self::List(list.clone(), Texts::of(list.values(), "hops", Bytes::Text)?)),
            None => Ok(Self::Text(Texts::of(column, "hops", Bytes::Text)?)),
        }
    }

    fn get(&self, row: usize) -> Vec<String> {
        match self {
            Self::Text(texts) => vec![texts.text(row).into()],
            Self::List(list, _) if list.is_null(row) => Vec::new(),
            Self::List(list, texts) => {
                let offsets = list.value_offsets();
                let end = |at: usize| offsets.get(at).and_then(|end| usize::try_from(*end).ok()).unwrap_or(0);
                (end(row)..end(row + 1)).map(|at| texts.text(at).into()).collect()
            }
        }
    }
}

#[derive(Default)]
struct Made {
    kind: UInt8Builder,
    file: UInt32Builder,
    row: UInt64Builder,
    pos: UInt32Builder,
    address: StringBuilder,
    said_country: Vec<Option<i128>>,
    said_network: Vec<Option<i128>>,
    country: Int64Builder,
    network: Int64Builder,
    role: UInt8Builder,
    time: Int64Builder,
    count: UInt64Builder,
    faulty: UInt64Builder,
    why: StringBuilder,
}

impl Made {
    fn put(&mut self, (file, row): (u32, u64), read: &Written, tables: &Tables) {
        for (hop, pos) in read.hops.iter().zip(0_u32..) {
            self.begin(HOP, (file, row, pos), read);
            // Later files, rows and hops have larger numbers.
            let order = i128::from(file) << 46 | i128::from(row & ((1 << 40) - 1)) << 6 | i128::from(pos);
            let in_order = |code: i64| order << 32 | i128::from(code);
            let (country, network) = codes(hop.place);
            match hop.address {
                Some(address) => {
                    let address = address.to_canonical();
                    self.address.append_value(address.to_string());
                    self.said_country.push(country.map(in_order));
                    self.said_network.push(network.map(in_order));
                    self.place(tables.place(address));
                }
                None => {
                    self.address.append_null();
                    self.said_country.push(None);
                    self.said_network.push(None);
                    self.place(hop.place);
                }
            }
            self.role.append_value(hop.role as u8);
        }
        self.begin(VICTIM, (file, row, read.hops.len() as u32), read);
        self.address.append_null();
        self.said_country.push(None);
        self.said_network.push(None);
        let found = read.victim_address.map(|address| tables.place(address)).unwrap_or_default();
        self.place(read.victim.or(found));
        self.role.append_null();
    }

    fn begin(&mut self, kind: u8, (file, row, pos): (u32, u64, u32), read: &Written) {
        self.kind.append_value(kind);
        self.file.append_value(file);
        self.row.append_value(row);
        self.pos.append_value(pos);
        self.time.append_value(read.time.into());
        self.count.append_value(read.count.into());
        self.faulty.append_null();
        self.why.append_null();
    }

    fn place(&mut self, place: Place) {
        let (country, network) = codes(place);
        self.country.append_option(country);
        self.network.append_option(network);
    }

    fn tally(&mut self, at: At, rows: u64, faulty: u64, why: Option<String>) {
        self.kind.append_value(ROWS);
        self.file.append_value(at.file);
        self.row.append_value(at.row);
        self.pos.append_value(0);
        self.address.append_null();
        self.said_country.push(None);
        self.said_network.push(None);
        self.place(Place::default());
        self.role.append_null();
        self.time.append_null();
        self.count.append_value(rows);
        self.faulty.append_value(faulty);
        self.why.append_option(why);
    }

    fn finish(mut self) -> Result<RecordBatch> {
        let decimals = |all: Vec<Option<i128>>| -> Result<ArrayRef> {
            let mut builder = Decimal128Builder::with_capacity(all.len()).with_precision_and_scale(38, 0)?;
            all.into_iter().for_each(|one| builder.append_option(one));
            Ok(Arc::new(builder.finish()))
        };
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.kind.finish()),
            Arc::new(self.file.finish()),
            Arc::new(self.row.finish()),
            Arc::new(self.pos.finish()),
            Arc::new(self.address.finish()),
            decimals(self.said_country)?,
            decimals(self.said_network)?,
            Arc::new(self.country.finish()),
            Arc::new(self.network.finish()),
            Arc::new(self.role.finish()),
            Arc::new(self.time.finish()),
            Arc::new(self.count.finish()),
            Arc::new(self.faulty.finish()),
            Arc::new(self.why.finish()),
        ];
        Ok(RecordBatch::try_new(schema(), columns)?)
    }
}

fn codes(place: Place) -> (Option<i64>, Option<i64>) {
    (place.country.map(number_of), place.network.map(|Network(number)| i64::from(number)))
}

/// A role by its number.
pub(crate) fn role_of(number: u8) -> Option<Role> {
    Role::ALL.get(usize::from(number)).copied()
}
