//! Files of others, read into a store.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Read;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bongsu_trace::read::{
    AmountError, BlockTimes, CsvError, LISTED_MAX, Malformed, Mapping, NameError, OnMalformed, Options,
    Reason, Report, TimeError, check, csv,
};
use bongsu_trace::store::{Appended, Place, Writer};
use bongsu_trace::{Flows, Store, U256};
use proptest::prelude::*;

fn shared(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/assets")).join(name)
}

fn ready(name: &str) -> Mapping {
    Mapping::parse(Mapping::ready(name).unwrap()).unwrap()
}

const HEADER: &str = "block,index,tx,time,from,to,asset,amount\n";

fn a(number: u64) -> String {
    format!("0x{number:040x}")
}

fn row(block: u64, index: u64, from: u64, to: u64, amount: &str) -> String {
    let time = 1_700_000_000 + block;
    format!("{block},{index},0x{block:08x},{time},{},{},ETH,{amount}\n", a(from), a(to))
}

/// Loads into a new store; the folder goes when it is dropped.
fn load(
    input: impl Read + Send,
    mapping: &Mapping,
    options: &Options,
) -> Result<(tempfile::TempDir, Store, Report, Appended), CsvError> {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(folder.path(), "ethereum").unwrap();
    let (append, report) = csv(writer.append(), input, mapping, options)?;
    let appended = append.finish()?;
    let store = Store::open(folder.path()).unwrap();
    store.verify().unwrap();
    Ok((folder, store, report, appended))
}

fn skip() -> Options {
    Options { malformed: OnMalformed::Skip, ..Options::default() }
}

#[test]
fn the_bybit_sample_comes_in_to_the_last_unit() {
    let file = File::open(shared("bybit-trace/transfers.csv")).unwrap();
    let (_folder, store, report, appended) = load(file, &ready("bybit-sample"), &Options::default()).unwrap();
    assert_eq!((report.rows, report.skipped, appended.added, appended.duplicates), (47, 0, 47, 0));
    let account = |start: &str| {
        let all = (0..store.accounts()).map(|number| store.address(bongsu_trace::Account(number)).unwrap());
        store.account(&all.into_iter().find(|address| address.starts_with(start)).unwrap()).unwrap()
    };
    let expected: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(shared("bybit-trace/expected.json")).unwrap()).unwrap();
    let exact = |name: &str| {
        let text = expected[name].to_string();
        bongsu_trace::read::amount(text.as_bytes(), 18).unwrap()
    };
    let true_assets: Vec<_> = expected["legitimate_contracts"]
        .as_object()
        .unwrap()
        .values()
        .map(|contract| contract.as_str().unwrap())
        .chain(["ETH"])
        .map(|name| store.asset(name).unwrap())
        .collect();
    let sum = |from: &str, to: &str, assets: &[bongsu_trace::Asset]| {
        let (from, to) = (account(from), account(to));
        let transfers = store.given(from).map(|number| store.transfer(number).unwrap());
        let chosen = transfers.filter(|transfer| transfer.to == to && assets.contains(&transfer.asset));
        chosen.map(|transfer| transfer.amount).sum::<U256>()
    };
    assert_eq!(sum("0x47666fab", "0xa4b2fd68", &true_assets), exact("hop1_to_0xa4b2fd68_eth_equivalent"));
    let eth = [store.asset("ETH").unwrap()];
    assert_eq!(sum("0xa4b2fd68", "0xdd90071d", &eth), exact("hop2_eth_to_0xdd90071d"));
    for transaction in expected["spoof_transfers"].as_array().unwrap() {
        let number =
            (0..store.len()).find(|number| store.transaction(*number).as_deref() == transaction.as_str());
        let transfer = store.transfer(number.unwrap()).unwrap();
        assert!(!true_assets.contains(&transfer.asset), "{transaction}");
    }
    assert_eq!(store.decimals(eth[0]), Some(18));
    assert_eq!(store.times(), Some((1_740_148_187, 1_741_017_383)));
}

#[test]
fn token_transfers_of_ethereum_etl_come_in_with_their_blocks_times() {
    let folder = shared("chain/ethereum/test_extract_token_transfers_job/logs");
    let file = || File::open(folder.join("expected_token_transfers.csv")).unwrap();
    let mapping = ready("ethereum-etl-token-transfers");
    assert!(matches!(load(file(), &mapping, &Options::default()), Err(CsvError::NoBlockTimes)));
    let times =
        BlockTimes::read("number,timestamp\n1452581,1462545000\n".as_bytes(), "number", "timestamp").unwrap();
    let options = Options { block_times: Some(Arc::new(times)), ..Options::default() };
    let (_folder, store, report, _) = load(file(), &mapping, &options).unwrap();
    assert_eq!((report.rows, store.len()), (2, 2));
    let first = store.transfer(0).unwrap();
    assert_eq!((first.amount.to_string().as_str(), first.time), ("109000000000000000000", 1_462_545_000));
    assert_eq!(store.place(0), Some(Place { block: 1_452_581, index: 3 }));
    let hash = "0x5cb4fc2e3d217f3c286358d6bc042259c8befb0dabe450567a987f5770043157";
    assert_eq!(store.transaction(0).as_deref(), Some(hash));
    let other =
        BlockTimes::read("number,timestamp\n7,1462545000\n".as_bytes(), "number", "timestamp").unwrap();
    let options = Options { block_times: Some(Arc::new(other)), ..Options::default() };
    let Err(CsvError::Malformed(malformed)) = load(file(), &mapping, &options) else { panic!() };
    assert_eq!(malformed.reason, Reason::NoTime { block: 1_452_581 });
}

#[test]
fn block_times_are_read_from_ethereum_etl_too_and_have_to_agree() {
    let path = shared("chain/ethereum/test_export_blocks_job/block_with_logs/expected_blocks.csv");
    BlockTimes::read(File::open(path).unwrap(), "number", "timestamp").unwrap();
    let read = |text: &'static str| BlockTimes::read(text.as_bytes(), "number", "timestamp");
    read("number,timestamp\n1,5\n1,5\n").unwrap();
    for (text, expected) in [
        ("number,timestamp\n1,5\n1,6\n", "line 3, column timestamp: another time"),
        ("number,timestamp\n1\n", "line 2, column number: it has 1 fields"),
        ("number,timestamp\nx,1\n", "line 2, column number: it isn't a whole number"),
        ("number,timestamp\n1,now\n", "line 2, column timestamp: it isn't a time"),
        ("block,timestamp\n", "number"),
        ("", "empty"),
    ] {
        let error = read(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn transactions_of_ethereum_etl_come_in_with_their_long_inputs() {
    let path = shared("chain/ethereum/test_export_blocks_job/block_with_logs/expected_transactions.csv");
    let rows = fs::read_to_string(&path).unwrap().lines().count() as u64 - 1;
    let file = File::open(path).unwrap();
    let (_folder, store, report, _) =
        load(file, &ready("ethereum-etl-transactions"), &Options::default()).unwrap();
    assert_eq!((report.rows, store.len()), (rows, rows));
    assert_eq!(store.place(1), Some(Place { block: 483_920, index: 1 }));
    assert_eq!(store.times(), Some((1_446_561_880, 1_446_561_880)));
}

#[test]
fn exports_of_etherscan_come_in() {
    let transactions = format!(
        "\u{feff}\"Transaction Hash\",\"Blockno\",\"UnixTimestamp\",\"DateTime (UTC)\",\"From\",\"To\",\"ContractAddress\",\
         \"Value_IN(ETH)\",\"Value_OUT(ETH)\",\"Status\"\r\n\
         \"0xab\",\"7\",\"1740148187\",\"2025-02-21 14:29:47\",\"{}\",\"{}\",\"\",\"0\",\"1.5\",\"\"\r\n\
         \"0xac\",\"8\",\"1740148199\",\"2025-02-21 14:29:59\",\"{}\",\"\",\"{}\",\"0\",\"0\",\"\"\r\n\
         \"0xad\",\"9\",\"1740148211\",\"2025-02-21 14:30:11\",\"{}\",\"{}\",\"\",\"3\",\"0\",\"Error(0)\"\r\n",
        a(1),
        a(2),
        a(1),
        a(3),
        a(2),
        a(1),
    );
    let loaded = load(transactions.as_bytes(), &ready("etherscan-transactions"), &Options::default());
    let (_folder, store, report, _) = loaded.unwrap();
    assert_eq!((report.rows, report.passed_over, store.len()), (3, 1, 2));
    assert_eq!(store.transfer(0).unwrap().amount.to_string(), "1500000000000000000");
    assert_eq!(store.address(store.transfer(1).unwrap().to).as_deref(), Some("created-contract"));

    let tokens = |contract: &str, value: &str| {
        format!(
            "\"Transaction Hash\",\"Blockno\",\"UnixTimestamp\",\"DateTime (UTC)\",\"From\",\"To\",\"TokenValue\",\
             \"USDValueDayOfTx\",\"ContractAddress\",\"TokenName\",\"TokenSymbol\"\n\
             \"0xab\",\"7\",\"1740148187\",\"2025-02-21 14:29:47\",\"{}\",\"{}\",\"{value}\",\"$1,234.50\",\"{contract}\",\
             \"a \"\"name\"\", with\nits own line\",\"X\"\n",
            a(1),
            a(2),
        )
    };
    let usdt = "0xdAC17F958D2ee523a2206206994597C13D831ec7";
    let one = |contract: &str, value: &str| {
        load(tokens(contract, value).as_bytes(), &ready("etherscan-tokens"), &Options::default())
            .map(|(_folder, store, ..)| store.transfer(0).unwrap().amount.to_string())
    };
    assert_eq!(one(usdt, "12.345678").unwrap(), "12345678");
    let reason = |result| match result {
        Err(CsvError::Malformed(Malformed { line: 2, reason, .. })) => reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(reason(one(usdt, "12.3456789")), Reason::Amount(AmountError::Fine(6)));
    assert_eq!(reason(one(usdt, "1,234.5")), Reason::Amount(AmountError::Separator));
    assert_eq!(reason(one(&a(9), "1")), Reason::Decimals);
}

/// What is said about one row between two good ones.
fn told(bad: &str) -> Malformed {
    let text = format!("{HEADER}{}{bad}\n{}", row(1, 0, 1, 2, "5"), row(9, 0, 1, 2, "5"));
    let mapping = ready("bongsu");
    let Err(CsvError::Malformed(told)) = load(text.as_bytes(), &mapping, &Options::default()) else {
        panic!("{bad} was taken");
    };
    let (_folder, store, report, _) = load(text.as_bytes(), &mapping, &skip()).unwrap();
    assert_eq!((report.rows, report.skipped, store.len()), (3, 1, 2), "{bad}");
    assert_eq!(report.malformed, std::slice::from_ref(&told));
    assert_eq!(check(text.as_bytes(), &mapping, &skip()).unwrap(), report);
    told
}

#[test]
fn each_malformed_kind_is_told_with_line_column_and_reason() {
    let good = row(5, 0, 1, 2, "5");
    let good = good.trim_end();
    let cases = [
        (good.replace("5,0,", "x,0,"), Some("block"), Reason::Number),
        (good.replace("5,0,", ",0,"), Some("block"), Reason::Number),
        (good.replace("5,0,", "-5,0,"), Some("block"), Reason::Number),
        (good.replace("5,0,", "99999999999999999999,0,"), Some("block"), Reason::Large),
        (good.replace("5,0,", "5,4294967296,"), Some("index"), Reason::Large),
        (good.replace("0x00000005", "a b"), Some("tx"), Reason::Name(NameError::Characters)),
        (good.replace("0x00000005", &"f".repeat(200)), Some("tx"), Reason::Name(NameError::Long(200))),
        (good.replace("1700000005", "yesterday"), Some("time"), Reason::Time(TimeError::Form)),
        (good.replace("1700000005", ""), Some("time"), Reason::Time(TimeError::Form)),
        (good.replace("1700000005", "1700000005000"), Some("time"), Reason::Time(TimeError::Range)),
        (good.replace(&a(1), ""), Some("from"), Reason::Name(NameError::Empty)),
        (good.replace(&a(2), "0xyz"), Some("to"), Reason::Name(NameError::Hex)),
        (good.replace("ETH", ""), Some("asset"), Reason::Name(NameError::Empty)),
        (good.replace("ETH,5", "ETH,"), Some("amount"), Reason::Amount(AmountError::Form)),
        (good.replace("ETH,5", "ETH,-5"), Some("amount"), Reason::Amount(AmountError::Negative)),
        (good.replace("ETH,5", "ETH,0.5"), Some("amount"), Reason::Amount(AmountError::Fine(0))),
        (good.replace("ETH,5", "ETH,\"5,000\""), Some("amount"), Reason::Amount(AmountError::Separator)),
        (good.replace("ETH,5", "ETH,1e78"), Some("amount"), Reason::Amount(AmountError::Large)),
        (good.replace("ETH,5", "ETH,\"5\"0"), Some("amount"), Reason::Quotes),
        (good.replace(",ETH", ""), None, Reason::Fields { found: 7, expected: 8 }),
        (format!("{good},x"), None, Reason::Fields { found: 9, expected: 8 }),
        ("x".to_owned(), None, Reason::Fields { found: 1, expected: 8 }),
    ];
    for (bad, column, reason) in cases {
        let told = told(&bad);
        assert_eq!((told.line, told.column.as_deref(), &told.reason), (3, column, &reason), "{bad}");
    }
}

#[test]
fn what_is_skipped_is_counted_and_the_first_hundred_are_told() {
    let mut text = HEADER.to_owned();
    for number in 0..1_000 {
        text += &row(number, 0, 1, 2, if number % 2 == 0 { "1" } else { "-1" });
    }
    let (_folder, store, report, _) = load(text.as_bytes(), &ready("bongsu"), &skip()).unwrap();
    assert_eq!((report.rows, report.skipped, store.len()), (1_000, 500, 500));
    let lines: Vec<u64> = report.malformed.iter().map(|malformed| malformed.line).collect();
    assert_eq!(lines, (0..LISTED_MAX as u64).map(|number| number * 2 + 3).collect::<Vec<_>>());
    assert_eq!(report.malformed[0].to_string(), "line 3, column amount: it is negative");
}

#[test]
fn self_transfers_and_zero_amounts_are_kept() {
    let text = format!("{HEADER}{}{}", row(1, 0, 7, 7, "5"), row(1, 1, 7, 8, "0"));
    let (_folder, store, ..) = load(text.as_bytes(), &ready("bongsu"), &Options::default()).unwrap();
    let account = store.account(&a(7)).unwrap();
    assert_eq!(store.of(account).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(store.transfer(0).unwrap().to, account);
    assert_eq!(store.transfer(1).unwrap().amount, U256::ZERO);
}

#[test]
fn the_largest_amount_comes_in_exactly() {
    let max = U256::MAX.to_string();
    let text =
        format!("{HEADER}{}{}", row(1, 0, 1, 2, &max), row(2, 0, 1, 2, "79228162514264337593543950336"));
    let (_folder, store, ..) = load(text.as_bytes(), &ready("bongsu"), &Options::default()).unwrap();
    assert_eq!(store.transfer(0).unwrap().amount, U256::MAX);
    assert_eq!(store.transfer(1).unwrap().amount, U256::from(1_u128 << 96));
}

#[test]
fn duplicates_are_counted_and_what_only_looks_alike_is_not() {
    let mut text = HEADER.to_owned();
    for _ in 0..100_000 {
        text += &row(3, 1, 1, 2, "5");
    }
    for other in [row(3, 2, 1, 2, "5"), row(3, 1, 1, 2, "6"), row(3, 1, 2, 1, "5"), row(4, 1, 1, 2, "5")] {
        text += &other;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(folder.path(), "ethereum").unwrap();
    let mapping = ready("bongsu");
    for expected in [(5, 99_999), (0, 100_004)] {
        let (append, report) = csv(writer.append(), text.as_bytes(), &mapping, &Options::default()).unwrap();
        let appended = append.finish().unwrap();
        assert_eq!((appended.added, appended.duplicates), expected);
        assert_eq!(report.rows, 100_004);
    }
}

#[test]
fn compressed_files_are_read_and_broken_ones_told() {
    let text = format!("{HEADER}{}{}", row(1, 0, 1, 2, "5"), row(2, 0, 2, 3, "6"));
    let mut gzip = flate2::read::GzEncoder::new(text.as_bytes(), flate2::Compression::fast());
    let mut packed = Vec::new();
    gzip.read_to_end(&mut packed).unwrap();
    // Two members, one after the other, are one file.
    let tail = row(3, 0, 3, 4, "7");
    flate2::read::GzEncoder::new(tail.as_bytes(), flate2::Compression::fast())
        .read_to_end(&mut packed)
        .unwrap();
    let zstd = zstd::encode_all(text.as_bytes(), 1).unwrap();
    for (bytes, rows) in [(packed, 3), (zstd, 2)] {
        let (_folder, store, ..) = load(bytes.as_slice(), &ready("bongsu"), &Options::default()).unwrap();
        assert_eq!(store.len(), rows);
        let cut = &bytes[..bytes.len() - 9];
        assert!(matches!(load(cut, &ready("bongsu"), &Options::default()), Err(CsvError::Read(_))));
    }
}

#[test]
fn columns_can_be_told_by_number_and_fixed() {
    let mapping = Mapping::parse(
        "delimiter = \"\\t\"
         header = false
         from = { column = 2 }
         to = { column = 3 }
         time = { column = 1, form = \"text\" }
         amount = { column = 4, unit = \"whole\" }
         asset = { name = \"TRX\", decimals = { TRX = 6 } }",
    )
    .unwrap();
    let text = "2025-02-21 14:29:47\tTa\tTb\t1.5\n2025-02-21T14:29:46Z\tTb\tTc\t1e3\r\n\n";
    let (_folder, store, ..) = load(text.as_bytes(), &mapping, &Options::default()).unwrap();
    assert_eq!(store.transfer(0).unwrap().amount, U256::from(1_000_000_000_u64));
    assert_eq!(store.place(1), Some(Place { block: 1_740_148_187, index: 0 }));
    assert_eq!((store.decimals(store.asset("TRX").unwrap()), store.transaction(0)), (Some(6), None));
    let Err(CsvError::Malformed(told)) =
        load("2025-02-21 14:29:47\tTa\n".as_bytes(), &mapping, &Options::default())
    else {
        panic!();
    };
    assert_eq!((told.line, told.column.as_deref()), (1, Some("3")));
}

#[test]
fn files_that_cannot_be_meant_are_refused() {
    let mapping = ready("bongsu");
    let error = |text: &str| load(text.as_bytes(), &mapping, &Options::default()).unwrap_err().to_string();
    assert!(error("").contains("empty"));
    assert!(error("block,index\n").contains("the file has [\"block\", \"index\"]"));
    let chain = Mapping::parse(&format!("chain = \"tron\"\n{}", Mapping::ready("bongsu").unwrap())).unwrap();
    let refused = load(HEADER.as_bytes(), &chain, &Options::default());
    assert!(matches!(refused, Err(CsvError::Chain { .. })));
    let (_folder, store, ..) = load(HEADER.as_bytes(), &mapping, &Options::default()).unwrap();
    assert_eq!(store.len(), 0);
}

#[test]
fn a_row_without_end_is_told_and_memory_stays_bounded() {
    let open = format!("{HEADER}{}5,0,\"", row(1, 0, 1, 2, "5"));
    let endless = open.as_bytes().chain(std::io::repeat(b'x').take(1 << 30));
    let Err(CsvError::LongRow { line }) = load(endless, &ready("bongsu"), &skip()) else { panic!() };
    assert!((2..=3).contains(&line), "{line}");
    let open = format!("{open}\n{}", row(6, 0, 1, 2, "5"));
    let loaded = load(open.as_bytes(), &ready("bongsu"), &skip());
    assert!(matches!(loaded, Err(CsvError::OpenQuote { line: 3 })));
    let header = std::io::repeat(b'x').take(1 << 30);
    assert!(matches!(load(header, &ready("bongsu"), &skip()), Err(CsvError::LongRow { line: 1 })));
}

#[test]
fn nobody_puts_a_row_into_the_name_of_a_token() {
    let mapping = Mapping::parse(&Mapping::ready("bongsu").unwrap().replace("tx", "note")).unwrap();
    let header = HEADER.replace("tx", "note").trim_end().to_owned() + ",symbol\n";
    let good = row(1, 0, 1, 2, "5").trim_end().to_owned();
    let text = format!("{header}{good},\"X\n{good},Y\"\n{good},Z\n");
    let (_folder, store, report, appended) = load(text.as_bytes(), &mapping, &Options::default()).unwrap();
    assert_eq!((report.rows, store.len(), appended.duplicates), (2, 1, 1));
}

#[test]
fn a_failed_load_leaves_the_store_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(folder.path(), "ethereum").unwrap();
    let mut text = HEADER.to_owned();
    (0..100_000).for_each(|number| text += &row(number, 0, number, 2, "5"));
    text += &row(100_000, 0, 1, 2, "-5");
    let failed = csv(writer.append(), text.as_bytes(), &ready("bongsu"), &Options::default());
    assert!(matches!(failed, Err(CsvError::Malformed(Malformed { line: 100_002, .. }))));
    assert_eq!((writer.store().len(), writer.store().accounts()), (0, 0));
    let names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
}

/// All that a store says, as text.
fn dump(store: &Store) -> String {
    let mut text = String::new();
    for number in 0..store.len() {
        let (transfer, place) = (store.transfer(number).unwrap(), store.place(number).unwrap());
        let _ = writeln!(text, "{transfer:?} {place:?} {:?}", store.transaction(number));
    }
    for account in 0..store.accounts() {
        let account = bongsu_trace::Account(account);
        let _ = writeln!(text, "{:?} {:?}", store.address(account), store.of(account).collect::<Vec<_>>());
    }
    text
}

#[test]
fn the_number_of_workers_and_pieces_changes_nothing_and_order_is_made() {
    let mut rows: Vec<String> = (0..60_000_u64)
        .map(|n| row(n / 7, n % 7, n * n % 5_003, n * 31 % 4_001, &(u128::from(n) << (n % 100)).to_string()))
        .collect();
    let sorted = HEADER.to_owned() + &rows.concat();
    let options = |workers| Options { workers: NonZero::new(workers), ..Options::default() };
    let loaded = |text: &str, workers| {
        let (_folder, store, ..) = load(text.as_bytes(), &ready("bongsu"), &options(workers)).unwrap();
        dump(&store)
    };
    let one = loaded(&sorted, 1);
    assert_eq!(one.lines().next().map(|line| line.starts_with("Transfer { from: Account(0)")), Some(true));
    assert!(loaded(&sorted, 3) == one, "workers change what is stored");
    // In another order, numbers of names differ; what they are of doesn't.
    rows.reverse();
    rows.rotate_left(1_234);
    let (_folder, store, ..) =
        load((HEADER.to_owned() + &rows.concat()).as_bytes(), &ready("bongsu"), &options(2)).unwrap();
    rows.sort_by_key(|row| {
        let mut fields = row.split(',').map(|field| field.parse::<u64>().unwrap_or(0));
        (fields.next(), fields.next())
    });
    for (number, row) in (0..).zip(&rows) {
        let transfer = store.transfer(number).unwrap();
        let fields: Vec<&str> = row.trim_end().split(',').collect();
        assert_eq!(store.address(transfer.from).as_deref(), Some(fields[4]));
        assert_eq!(store.address(transfer.to).as_deref(), Some(fields[5]));
        assert_eq!(transfer.amount.to_string(), fields[7]);
        assert_eq!(store.transaction(number).as_deref(), Some(fields[2]));
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(prop_oneof![Just(b','), Just(b'"'), Just(b'\n'), any::<u8>()], 0..200)) {
        let text = [HEADER.as_bytes(), &bytes].concat();
        let _ = check(text.as_slice(), &ready("bongsu"), &skip());
        let _ = check(bytes.as_slice(), &ready("bongsu"), &Options::default());
    }
}
