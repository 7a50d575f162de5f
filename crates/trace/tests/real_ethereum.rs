//! Real answers of Ethereum's nodes: what they say moved is what another reader says.

use std::path::{Path, PathBuf};

use bongsu_trace::U256;
use bongsu_trace::chain::ethereum::{Block, Kind, ReadError};
use serde_json::{Value, json};

fn shared(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/assets/chain/ethereum").join(path)
}

/// The `result` of an answer that was recorded.
fn result(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str::<Value>(&text).unwrap()["result"].take()
}

/// The receipts that were recorded in a folder.
fn receipts(folder: &str) -> Value {
    let mut receipts: Vec<Value> = Vec::new();
    for entry in std::fs::read_dir(shared(folder)).unwrap() {
        let path = entry.unwrap().path();
        if path.to_string_lossy().contains("getTransactionReceipt") {
            receipts.push(result(&path));
        }
    }
    receipts.into()
}

fn hex(bytes: &[u8]) -> String {
    format!("0x{}", data_encoding::HEXLOWER.encode(bytes))
}

/// The DAO's tokens, as they went on 2016-06-23.
#[test]
fn tokens_move_as_another_reader_says() {
    let folder = "test_stream/blocks_1755634_1755635";
    let receipts = receipts(folder);
    // One of the two blocks was recorded; its twin is made of what the receipts say of it.
    let empty = result(&shared(&format!("{folder}/web3_response.eth_getBlockByNumber_0x1ac9f2_true.json")));
    let block = Block::read(&empty.to_string(), "[]").unwrap();
    assert_eq!((block.number, block.time, block.moved.len()), (1_755_634, 0x576b_99f5, 0));
    let transactions: Vec<Value> = receipts
        .as_array()
        .unwrap()
        .iter()
        .map(|receipt| {
            json!({"hash": receipt["transactionHash"], "from": receipt["from"], "to": receipt["to"], "value": "0x0"})
        })
        .collect();
    let block = json!({
        "hash": receipts[0]["blockHash"], "parentHash": empty["hash"], "number": "0x1ac9f3", "timestamp": "0x576b9a3a",
        "transactions": transactions,
    });
    let block = Block::read(&block.to_string(), &receipts.to_string()).unwrap();
    let expected =
        std::fs::read_to_string(shared(&format!("{folder}/expected_token_transfers.json"))).unwrap();
    let mut expected: Vec<Value> = expected.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    expected.sort_by_key(|transfer| transfer["log_index"].as_u64());
    assert!(!expected.is_empty());
    let told: Vec<Value> = block
        .moved
        .iter()
        .map(|moved| {
            let Kind::Token { log, contract } = &moved.kind else { panic!("{moved:?}") };
            json!([
                hex(contract),
                hex(&moved.from),
                hex(&moved.to),
                moved.amount.to_string(),
                hex(&moved.transaction),
                log
            ])
        })
        .collect();
    let expected: Vec<Value> = expected
        .iter()
        .map(|one| {
            let [token, from, to, hash] = ["token_address", "from_address", "to_address", "transaction_hash"]
                .map(|key| one[key].clone());
            json!([token, from, to, one["value"].to_string(), hash, one["log_index"]])
        })
        .collect();
    assert_eq!(told, expected);
}

/// What contracts pay each other, in traces of three blocks.
#[test]
fn payments_within_transactions_are_those_of_calls_that_held() {
    let folder = "test_export_traces_job/block_with_subtraces";
    let traces = result(&shared(&format!("{folder}/web3_response.trace_block_0xf4240.json")));
    let list = traces.as_array().unwrap();
    let mut hashes: Vec<&Value> = Vec::new();
    for trace in list.iter().filter(|trace| !trace["transactionHash"].is_null()) {
        if !hashes.contains(&&trace["transactionHash"]) {
            hashes.push(&trace["transactionHash"]);
        }
    }
    let zero = format!("0x{}", "00".repeat(20));
    let transactions: Vec<Value> =
        hashes.iter().map(|hash| json!({"hash": hash, "from": zero, "to": zero, "value": "0x0"})).collect();
    let hash = &list[0]["blockHash"];
    let block = json!({
        "hash": hash, "parentHash": hash, "number": "0xf4240", "timestamp": "0x56bfb415", "transactions": transactions,
    });
    let receipts: Vec<Value> = hashes
        .iter()
        .map(|transaction| json!({"transactionHash": transaction, "blockHash": hash, "contractAddress": null, "logs": []}))
        .collect();
    let mut block = Block::read(&block.to_string(), &Value::from(receipts).to_string()).unwrap();
    block.add_traces(&traces.to_string()).unwrap();
    let csv = std::fs::read_to_string(shared(&format!("{folder}/expected_traces.csv"))).unwrap();
    let mut rows = csv::Reader::from_reader(csv.as_bytes());
    let header = rows.headers().unwrap().clone();
    let column = |name: &str| {
        header.iter().position(|other| other == name).unwrap_or_else(|| panic!("{name}: {header:?}"))
    };
    let [from, to, value, kind, call, address, status] =
        ["from_address", "to_address", "value", "trace_type", "call_type", "trace_address", "status"]
            .map(column);
    let expected: Vec<[String; 3]> = rows
        .records()
        .map(|row| row.unwrap())
        .filter(|row| &row[kind] == "call" && &row[call] == "call" && !row[address].is_empty())
        .filter(|row| &row[status] == "1" && &row[value] != "0")
        .map(|row| [from, to, value].map(|at| row[at].to_owned()))
        .collect();
    let told: Vec<[String; 3]> = block
        .moved
        .iter()
        .map(|moved| [hex(&moved.from), hex(&moved.to), moved.amount.to_string()])
        .collect();
    assert_eq!(told, expected);
}

fn block(transactions: &Value) -> String {
    let hash = hex(&[1; 32]);
    json!({"hash": hash, "parentHash": hash, "number": "0x1", "timestamp": "0x2", "transactions": transactions}).to_string()
}

/// Ether that is wrapped, and that is unwrapped again, as WETH9 logs it; a contract that is none logs the same.
#[test]
fn a_wrapped_coin_is_a_token_that_its_contract_pays_and_gets() {
    let wrapper = "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2";
    let deposit = "0xe1fffcc4923d04b559f4d29a8bfc6cda04eb5b0d3c460751c2402c5c5cc9109c";
    let withdrawal = "0x7fcf532c15f0a6db0bd6d0e038bea71d30d808c7d98cb3bf7268a95bf5081b65";
    let (payer, hash) = (hex(&[7; 20]), hex(&[2; 32]));
    let owner = format!("0x{}{}", "00".repeat(12), &payer[2..]);
    let amount = format!("0x{:064x}", 5);
    let log = |address: &str, topics: Value, index: u8| json!({"address": address, "topics": topics, "data": amount, "logIndex": format!("{index:#x}")});
    let logs = json!([
        log(wrapper, json!([deposit, owner]), 0),
        log(wrapper, json!([withdrawal, owner]), 1),
        log(&hex(&[6; 20]), json!([deposit, owner]), 2),
        log(wrapper, json!([deposit, hex(&[8; 32])]), 3),
        log(wrapper, json!([deposit]), 4),
    ]);
    let transactions = json!([{"hash": hash, "from": payer, "to": wrapper, "value": "0x5"}]);
    let receipts = json!([{"transactionHash": hash, "blockHash": hex(&[1; 32]), "contractAddress": null, "status": "0x1", "logs": logs}]);
    let read = Block::read(&block(&transactions), &receipts.to_string()).unwrap();
    let told: Vec<(bool, String, String)> =
        read.moved.iter().map(|moved| (moved.kind == Kind::Own, hex(&moved.from), hex(&moved.to))).collect();
    let (payer, wrapper) = (payer.as_str().to_owned(), wrapper.to_owned());
    assert_eq!(
        told,
        [
            (true, payer.clone(), wrapper.clone()),
            (false, wrapper.clone(), payer.clone()),
            (false, payer, wrapper)
        ]
    );
    assert!(read.moved.iter().all(|moved| moved.amount == U256::from(5)));
}

#[test]
fn what_failed_or_pays_nothing_moves_nothing_and_what_does_not_fit_is_told() {
    let [one, other, third] = [2, 3, 4].map(|byte| hex(&[byte; 32]));
    let (payer, paid) = (hex(&[7; 20]), hex(&[8; 20]));
    let transactions = json!([
        {"hash": one, "from": payer, "to": paid, "value": "0xde0b6b3a7640000"},
        {"hash": other, "from": payer, "to": paid, "value": "0x5"},
        {"hash": third, "from": payer, "to": null, "value": "0x7"},
    ]);
    let receipt = |hash: &str, status: &str, logs: Value| {
        json!({"transactionHash": hash, "blockHash": hex(&[1; 32]), "contractAddress": if hash == third { Value::from(hex(&[9; 20])) } else { Value::Null },
               "status": status, "logs": logs})
    };
    let transfer = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef";
    let topic = |byte: u8| format!("0x{}{}", "00".repeat(12), hex(&[byte; 20]).trim_start_matches("0x"));
    let log = |topics: Value, data: &str| json!({"address": hex(&[6; 20]), "topics": topics, "data": data, "logIndex": "0x0"});
    let most = format!("0x{}", "ff".repeat(32));
    let logs = json!([
        log(json!([transfer, topic(7), topic(8)]), &most),
        log(json!([transfer, topic(7), topic(8), hex(&[1; 32])]), "0x"),
        log(json!([transfer, topic(7)]), &most),
        log(json!([transfer, topic(7), hex(&[8; 32])]), &most),
        log(json!([transfer, topic(7), topic(8)]), "0x01"),
    ]);
    let receipts = json!([
        receipt(&one, "0x1", logs),
        receipt(&other, "0x0", json!([])),
        receipt(&third, "0x1", json!([]))
    ]);
    let read = Block::read(&block(&transactions), &receipts.to_string()).unwrap();
    let told: Vec<(u32, String, U256)> =
        read.moved.iter().map(|moved| (moved.place, hex(&moved.to), moved.amount)).collect();
    let ether = U256::from(1_000_000_000_000_000_000_u64);
    assert_eq!(told, [(0, paid.clone(), ether), (0, paid, U256::MAX), (2, hex(&[9; 20]), U256::from(7))]);
    // A receipt is missing, is of another block, or is there twice.
    let less = json!([receipts[0], receipts[1]]).to_string();
    assert!(
        matches!(Block::read(&block(&transactions), &less), Err(ReadError::Receipts(hash)) if hash == third)
    );
    let twice = json!([receipts[0], receipts[1], receipts[2], receipts[2]]).to_string();
    assert!(matches!(Block::read(&block(&transactions), &twice), Err(ReadError::Receipts(_))));
    let other = receipts.to_string().replace(&hex(&[1; 32]), &hex(&[5; 32]));
    assert_eq!(Block::read(&block(&transactions), &other), Err(ReadError::OtherBlock("receipts")));
    for (key, value) in [("value", "1"), ("value", "0x"), ("value", "0xg"), ("from", "0x12"), ("hash", "0x")]
    {
        let mut wrong = transactions.clone();
        wrong[0][key] = value.into();
        let told = Block::read(&block(&wrong), &receipts.to_string());
        assert!(matches!(told, Err(ReadError::Form { what: "block", .. })), "{key} {value}: {told:?}");
    }
}
