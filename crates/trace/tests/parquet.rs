//! Parquet files, of other writers and of the test's own, read into a store.
//!
//! What stands in `written` was made by `written/make.py` with pyarrow and DuckDB.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{Cursor, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bongsu_trace::read::{
    AmountError, CsvError, Form, Malformed, Mapping, OnMalformed, Options, Reason, Report, TimeError,
    check_file, csv, file,
};
use bongsu_trace::store::Writer;
use bongsu_trace::{Flows as _, Store};
use parquet::data_type::{ByteArray, ByteArrayType, Int32Type, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use proptest::prelude::*;

const MAPPING: &str = r#"
addresses = "hex20"
block = { column = "block" }
index = { column = "index" }
transaction = { column = "tx" }
from = { column = "from" }
to = { column = "to", empty = "created" }
time = { column = "time", form = "unix" }
amount = { column = "amount", unit = "smallest" }
asset = { column = "asset", empty = "ETH" }
[[only]]
column = "status"
is = ["true"]
"#;

fn written(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/written")).join(name)
}

fn mapping(text: &str) -> Mapping {
    Mapping::parse(text).unwrap()
}

/// All that a store says, as text.
fn dump(store: &Store) -> String {
    let mut text = String::new();
    for number in 0..store.len() {
        let (transfer, place) = (store.transfer(number).unwrap(), store.place(number).unwrap());
        let _ = writeln!(text, "{transfer:?} {place:?} {:?}", store.transaction(number));
    }
    (0..store.accounts()).for_each(|account| {
        let _ = writeln!(text, "{:?}", store.address(bongsu_trace::Account(account)));
    });
    (0..store.assets()).for_each(|asset| {
        let asset = bongsu_trace::Asset(asset);
        let _ = writeln!(text, "{:?} {:?}", store.asset_name(asset), store.decimals(asset));
    });
    text
}

fn load(
    input: impl Read + Seek + Send + 'static,
    mapping: &Mapping,
    options: &Options,
) -> Result<(String, Report), CsvError> {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(folder.path(), "ethereum").unwrap();
    let (append, report) = file(writer.append(), input, mapping, options)?;
    append.finish()?;
    Ok((dump(writer.store()), report))
}

fn refused(input: impl Read + Seek + Send + 'static, mapping: &Mapping) -> String {
    load(input, mapping, &Options::default()).unwrap_err().to_string()
}

fn skip() -> Options {
    Options { malformed: OnMalformed::Skip, ..Options::default() }
}

#[test]
fn files_of_two_writers_in_every_packing_make_the_same_store_as_their_csv() {
    let mapping = mapping(MAPPING);
    let expected =
        load(File::open(written("transfers.csv")).unwrap(), &mapping, &Options::default()).unwrap();
    assert_eq!((expected.1.rows, expected.1.passed_over), (70, 7));
    let mut files = 0;
    for entry in fs::read_dir(written("")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if !name.ends_with(".parquet") || name.starts_with("refused") {
            continue;
        }
        let found = load(File::open(&path).unwrap(), &mapping, &Options::default());
        let found = found.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(found == expected, "{name}: {} and not {}", found.0, expected.0);
        files += 1;
    }
    assert_eq!(files, 11);
}

#[test]
fn what_cannot_be_exact_or_bounded_is_refused_by_name_and_with_the_reason() {
    let mapping = mapping(MAPPING);
    for (name, expected) in [
        (
            "double",
            "the column amount is of the type DOUBLE: numbers with a floating point aren't exact, and amounts",
        ),
        (
            "int96",
            "the column time is of the type INT96: this old form of a time doesn't say whether it is local",
        ),
        (
            "lz4",
            "the column amount of the Parquet file can't be read in its group 1 of rows: it is packed with LZ4, which isn't read; write the file with snappy, zstd or gzip",
        ),
    ] {
        let error = refused(File::open(written(&format!("refused_{name}.parquet"))).unwrap(), &mapping);
        assert!(error.contains(expected), "{error}");
    }
    let bytes = fs::read(written("pyarrow_bytes_ms.parquet")).unwrap();
    for (change, into, expected) in [
        ("\"from\"", "\"time\"", "the column time is of the type INT64 (Timestamp"),
        ("\"index\"", "\"status\"", "the column status is of the type BOOLEAN: it is true or false"),
        ("\"block\"", "\"tx\"", "the column tx is of the type BYTE_ARRAY: it is bytes"),
        ("\"amount\"", "\"time\"", ": it is a time"),
        (
            "\"from\"",
            "\"sender\"",
            "the mapping names the column \"sender\", and the file has [\"block\", \"index\"",
        ),
    ] {
        let mapping = Mapping::parse(&MAPPING.replacen(change, into, 1)).unwrap();
        let error = refused(Cursor::new(bytes.clone()), &mapping);
        assert!(error.contains(expected), "{error}");
    }
}

fn shared(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/assets")).join(name)
}

#[test]
fn the_bybit_sample_as_parquet_makes_the_same_store_as_its_csv() {
    let path = shared("bybit-trace/transfers.csv");
    let mut rows = csv::Reader::from_path(&path).unwrap();
    let names: Vec<String> = rows.headers().unwrap().iter().map(str::to_owned).collect();
    let rows: Vec<_> = rows.records().map(Result::unwrap).collect();
    let schema: String = names.iter().map(|name| format!("optional binary {name} (string);")).collect();
    let mut bytes = Vec::new();
    let schema = Arc::new(parse_message_type(&format!("message m {{ {schema} }}")).unwrap());
    let mut writer = SerializedFileWriter::new(&mut bytes, schema, Arc::default()).unwrap();
    for rows in rows.chunks(10) {
        let mut group = writer.next_row_group().unwrap();
        for column in 0..names.len() {
            let texts = || rows.iter().map(|row| &row[column]);
            let values: Vec<_> = texts().filter(|text| !text.is_empty()).map(ByteArray::from).collect();
            let levels: Vec<i16> = texts().map(|text| (!text.is_empty()).into()).collect();
            let mut one = group.next_column().unwrap().unwrap();
            one.typed::<ByteArrayType>().write_batch(&values, Some(&levels), None).unwrap();
            one.close().unwrap();
        }
        group.close().unwrap();
    }
    writer.close().unwrap();
    let mapping = mapping(Mapping::ready("bybit-sample").unwrap());
    let (expected, report) = load(File::open(path).unwrap(), &mapping, &Options::default()).unwrap();
    assert_eq!(report.rows, 47);
    let found = load(Cursor::new(bytes.clone()), &mapping, &Options::default()).unwrap();
    assert_eq!(found.1, report);
    for (found, expected) in found.0.lines().zip(expected.lines()) {
        assert_eq!(found, expected);
    }
    assert!(found.0 == expected, "one store has more than the other");

    // From a pipe, it can't be read.
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(folder.path(), "ethereum").unwrap();
    let Err(error) = csv(writer.append(), bytes.as_slice(), &mapping, &Options::default()) else { panic!() };
    assert!(error.to_string().contains("from any place"), "{error}");
}

/// A file with a column of numbers and one of text, both of which can be null.
fn two_columns(rows: &[(Option<i64>, Option<&str>)], kind: &str, properties: WriterProperties) -> Vec<u8> {
    let schema = format!("message m {{ optional {kind}; optional binary b (string); }}");
    let mut bytes = Vec::new();
    let schema = Arc::new(parse_message_type(&schema).unwrap());
    let mut writer = SerializedFileWriter::new(&mut bytes, schema, Arc::new(properties)).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let levels: Vec<i16> = rows.iter().map(|row| row.0.is_some().into()).collect();
    let values: Vec<i64> = rows.iter().filter_map(|row| row.0).collect();
    if kind.starts_with("int32") {
        let values: Vec<i32> = values.iter().map(|value| *value as i32).collect();
        column.typed::<Int32Type>().write_batch(&values, Some(&levels), None).unwrap();
    } else {
        column.typed::<Int64Type>().write_batch(&values, Some(&levels), None).unwrap();
    }
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let levels: Vec<i16> = rows.iter().map(|row| row.1.is_some().into()).collect();
    let values: Vec<_> = rows.iter().filter_map(|row| row.1).map(ByteArray::from).collect();
    column.typed::<ByteArrayType>().write_batch(&values, Some(&levels), None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();
    bytes
}

/// `a` is the amount, `b` who gives, and the time the same for all: column `a` is that too.
const TWO: &str = r#"
from = { column = "b" }
to = { column = "b" }
time = { column = 1, form = "unix", empty = "1700000000" }
amount = { column = "a", unit = "smallest" }
asset = { name = "X" }
"#;

#[test]
fn rows_that_cannot_be_read_are_told_by_row_and_column_and_skipped_only_if_asked() {
    let long = "x".repeat(2_000);
    let rows = [
        (Some(1), Some("one")),
        (Some(-1), Some("two")),
        (None, Some("three")),
        (Some(3), None),
        (Some(4), Some("a b")),
        (Some(5), Some(&long)),
        (Some(6), Some("six")),
    ];
    let bytes = two_columns(&rows, "int64 a", WriterProperties::default());
    let two = mapping(TWO);
    let (text, report) = load(Cursor::new(bytes.clone()), &two, &skip()).unwrap();
    assert_eq!((report.rows, report.skipped, text.matches("Transfer").count()), (7, 5, 2));
    let told: Vec<String> = report.malformed.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "row 2, column a: it is before 1970 or after 2106-02-07",
            "row 3, column a: it isn't a decimal number",
            "row 4, column b: it is empty",
            "row 5, column b: it has spaces, control characters or isn't UTF-8",
            "row 6, column b: it has 2000 bytes and 1024 are allowed",
        ]
    );
    assert_eq!(check_file(Cursor::new(bytes.clone()), &two, &skip()).unwrap(), report);
    let Err(CsvError::Malformed(first)) = load(Cursor::new(bytes), &two, &Options::default()) else {
        panic!()
    };
    let reason = Reason::Time(TimeError::Range);
    assert_eq!(first, Malformed { form: Form::Parquet, line: 2, column: Some("a".to_owned()), reason });
}

#[test]
fn what_is_wrong_in_a_row_that_is_not_wanted_is_no_matter() {
    let rows = [(Some(7), Some("a")), (Some(8), Some(&*"x".repeat(2_000)))];
    let bytes = two_columns(&rows, "int64 a", WriterProperties::default());
    let only = mapping(&format!("{TWO}\n[[only]]\ncolumn = \"a\"\nis = [\"7\"]"));
    let report = check_file(Cursor::new(bytes), &only, &Options::default()).unwrap();
    assert_eq!((report.rows, report.passed_over, report.skipped), (2, 1, 0));
}

#[test]
fn numbers_of_every_type_are_read_as_they_are_meant() {
    for (kind, value, expected) in [
        ("int64 a", i64::MAX, Ok("9223372036854775807")),
        ("int64 a (integer(64,false))", -1, Ok("18446744073709551615")),
        ("int32 a (integer(32,false))", -1, Ok("4294967295")),
        ("int32 a", -1, Err(AmountError::Negative)),
        ("int32 a (decimal(9,2))", 12_300, Ok("123")),
        ("int64 a (decimal(18,2))", 12_345, Err(AmountError::Fine(0))),
        ("int64 a (decimal(18,3))", -5_000, Err(AmountError::Negative)),
    ] {
        let text = TWO.replace("column = 1, form = \"unix\", empty = \"1700000000\"", "blocks = true");
        let text = format!("block = {{ column = \"b\" }}\n{text}");
        let bytes = two_columns(&[(Some(value), Some("7"))], kind, WriterProperties::default());
        let times = bongsu_trace::read::BlockTimes::read("n,t\n7,1700000000\n".as_bytes(), "n", "t").unwrap();
        let options = Options { block_times: Some(Arc::new(times)), ..Options::default() };
        match (load(Cursor::new(bytes), &mapping(&text), &options), expected) {
            (Ok((store, _)), Ok(expected)) => {
                assert!(store.contains(&format!("amount: {expected}")), "{kind}: {store}")
            }
            (Err(CsvError::Malformed(told)), Err(expected)) => {
                assert_eq!(told.reason, Reason::Amount(expected), "{kind}")
            }
            (other, _) => panic!("{kind}: {other:?}"),
        }
    }
}

#[test]
fn files_that_are_cut_or_are_not_what_they_say_are_told() {
    let rows = vec![(Some(5), Some("x")); 2];
    let bytes = two_columns(&rows, "int64 a", WriterProperties::default());
    for (end, expected) in
        [(4, "it ends before"), (bytes.len() - 1, "copied to its end"), (40, "copied to its end")]
    {
        let error = refused(Cursor::new(bytes[..end].to_vec()), &mapping(TWO));
        assert!(error.contains(expected), "{error}");
    }
    let mut long = bytes.clone();
    let tail = long.len() - 8;
    long[tail..tail + 4].copy_from_slice(&(17_u32 << 20).to_le_bytes());
    assert!(refused(Cursor::new(long), &mapping(TWO)).contains("footer is longer than 16 MiB"));
    let mut encrypted = bytes;
    encrypted.splice(..4, *b"PARE");
    assert!(refused(Cursor::new(encrypted), &mapping(TWO)).contains("encrypted"));
}

#[test]
fn a_column_with_several_values_in_a_row_is_refused() {
    let schema =
        Arc::new(parse_message_type("message m { required int64 a; repeated binary b (string); }").unwrap());
    let mut bytes = Vec::new();
    SerializedFileWriter::new(&mut bytes, schema, Arc::default()).unwrap().close().unwrap();
    let error = refused(Cursor::new(bytes), &mapping(TWO));
    assert!(error.contains("several values in a row"), "{error}");
}

#[test]
fn nobody_makes_a_small_file_of_rows_without_end() {
    // Two million nulls are a few bytes.
    let rows = vec![(None, None); 2_000_000];
    let properties = WriterProperties::builder().set_data_page_row_count_limit(usize::MAX).build();
    let bytes = two_columns(&rows, "int64 a", properties);
    assert!(bytes.len() < 3_000, "{}", bytes.len());
    let error = refused(Cursor::new(bytes), &mapping(TWO));
    assert!(error.contains("more rows than fit into its bytes"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_rows_in_any_pages_come_back(
        rows in prop::collection::vec((prop::option::of(0..2_000_000_000_i64), prop::option::of("[a-c]{0,2}")), 0..300),
        page in 1..100_usize,
        dictionary: bool,
        second: bool,
        beginnings: bool,
    ) {
        use parquet::{basic::Encoding, file::properties::WriterVersion};
        let version = if second { WriterVersion::PARQUET_2_0 } else { WriterVersion::PARQUET_1_0 };
        let encoding = if beginnings { Encoding::DELTA_BYTE_ARRAY } else { Encoding::DELTA_LENGTH_BYTE_ARRAY };
        let properties = WriterProperties::builder().set_data_page_row_count_limit(page).set_write_batch_size(page)
            .set_dictionary_enabled(dictionary).set_column_encoding("b".into(), encoding)
            .set_writer_version(version).build();
        let given: Vec<_> = rows.iter().map(|(a, b)| (*a, b.as_deref())).collect();
        let bytes = two_columns(&given, "int64 a", properties);
        let mut text = "a,b\n".to_owned();
        for (a, b) in &rows {
            let _ = writeln!(text, "{},{}", a.map(|a| a.to_string()).unwrap_or_default(), b.clone().unwrap_or_default());
        }
        let two = mapping(TWO);
        let (found, there) = load(Cursor::new(bytes), &two, &skip()).unwrap();
        let (expected, said) = load(Cursor::new(text.into_bytes()), &two, &skip()).unwrap();
        prop_assert_eq!(found, expected);
        prop_assert_eq!((there.rows, there.skipped), (said.rows, said.skipped));
    }

    #[test]
    fn no_changed_byte_makes_it_panic(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6), which in 0..3_usize) {
        let name = ["duckdb_zstd_v2", "pyarrow_delta", "pyarrow_snappy_v1"][which];
        let mut bytes = fs::read(written(&format!("{name}.parquet"))).unwrap();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _told = check_file(Cursor::new(bytes), &mapping(MAPPING), &skip());
    }
}
