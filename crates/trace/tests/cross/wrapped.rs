//! Wrapped coins, from what a node answers to the exchange: value goes from the coin into the token and back.

use std::collections::HashMap;

use bongsu_trace::chain::ethereum::{Block, Kind};
use bongsu_trace::cross::{Across, Bounds, Chain, Why, doors, follow_across};
use bongsu_trace::label::{Category, Label, Labels};
use bongsu_trace::store::{Incoming, Writer};
use bongsu_trace::taint::{Limits, Method, Place, Theft, Way};
use bongsu_trace::{Account, Store, U256};
use serde_json::{Value, json};

const TRANSFER: &str = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef";
const DEPOSIT: &str = "0xe1fffcc4923d04b559f4d29a8bfc6cda04eb5b0d3c460751c2402c5c5cc9109c";
const WITHDRAWAL: &str = "0x7fcf532c15f0a6db0bd6d0e038bea71d30d808c7d98cb3bf7268a95bf5081b65";

/// WETH on Ethereum, WETH on chains of Optimism's kind, WBNB, WPOL. Source: the contracts' pages on the chains' explorers.
const WRAPPERS: [&str; 4] = [
    "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2",
    "0x4200000000000000000000000000000000000006",
    "0xbb4cdb9cbd36b01bd1cbaebf2de08d9173bc095c",
    "0x0d500b1d8e8ef31e21c99d1db9a6444d3adf1270",
];

fn hex(bytes: &[u8]) -> String {
    format!("0x{}", data_encoding::HEXLOWER.encode(bytes))
}

fn address(byte: u8) -> String {
    hex(&[byte; 20])
}

const VICTIM: u8 = 0xa1;
const THIEF: u8 = 0xb1;
const MULE: u8 = 0xb2;
const EXCHANGE: u8 = 0xe1;

/// A block with one transaction: who sends it, to whom, with how much; its log, if it has one; and what a contract pays within it.
fn block(
    number: u8,
    (from, to, value): (&str, &str, u64),
    log: Option<(&str, &[&str], u64)>,
    inside: Option<(&str, &str, u64)>,
) -> Block {
    let (hash, transaction) = (hex(&[number; 32]), hex(&[0xf0 | number; 32]));
    let answer = json!({
        "hash": hash, "parentHash": hex(&[number - 1; 32]), "number": format!("{number:#x}"),
        "timestamp": format!("{:#x}", 1_700_000_000 + 12 * u64::from(number)),
        "transactions": [{"hash": transaction, "from": from, "to": to, "value": format!("{value:#x}")}],
    });
    let logs: Vec<Value> = log
        .map(|(event, parties, amount)| {
            let party = |party: &&str| format!("0x{}{}", "00".repeat(12), &party[2..]);
            let topics: Vec<String> =
                [event.to_owned()].into_iter().chain(parties.iter().map(party)).collect();
            json!({"address": to, "topics": topics, "data": format!("0x{amount:064x}"), "logIndex": "0x0"})
        })
        .into_iter()
        .collect();
    let receipts = json!([{"transactionHash": transaction, "blockHash": hash, "contractAddress": null, "status": "0x1", "logs": logs}]);
    let mut read = Block::read(&answer.to_string(), &receipts.to_string()).unwrap();
    let traces: Vec<Value> = inside
        .map(|(from, to, value)| {
            json!({"blockHash": hash, "transactionHash": transaction, "traceAddress": [0], "type": "call",
                   "action": {"callType": "call", "from": from, "to": to, "value": format!("{value:#x}")}})
        })
        .into_iter()
        .collect();
    read.add_traces(&Value::from(traces).to_string()).unwrap();
    read
}

/// A store with the blocks' transfers, as `trace live` lays them down.
fn stored(folder: &std::path::Path, blocks: &[Block]) -> Store {
    let mut writer = Writer::create(folder, "ethereum").unwrap();
    let mut append = writer.append();
    for block in blocks {
        for (moved, index) in block.moved.iter().zip(0..) {
            let contract = match moved.kind {
                Kind::Token { contract, .. } => Some(hex(&contract)),
                Kind::Own | Kind::Inside(_) => None,
            };
            append
                .push(&Incoming {
                    block: block.number,
                    index,
                    transaction: &hex(&moved.transaction),
                    time: i64::try_from(block.time).unwrap(),
                    from: &hex(&moved.from),
                    to: &hex(&moved.to),
                    asset: contract.as_deref().unwrap_or("COIN"),
                    amount: moved.amount,
                })
                .unwrap();
        }
    }
    append.finish().unwrap();
    Store::open(folder).unwrap()
}

fn followed(store: &Store, wrapper: &str, method: Method) -> Across {
    let label = Label {
        name: "Wrapped".into(),
        category: Category::Pool,
        actor: None,
        source: "test".into(),
        date: None,
        confidence: 100,
    };
    let mut labels = Labels::default();
    labels.add([(wrapper.to_owned(), label)]);
    let exchange = store.account(&address(EXCHANGE)).unwrap();
    let place = |account: Account| if account == exchange { Place::Service } else { Place::Holder };
    let chain = Chain {
        name: "ethereum",
        flows: store,
        thefts: &[Theft { number: 0, stolen: None }],
        place: &place,
        doors: &doors(store, &labels),
        worths: &HashMap::new(),
    };
    follow_across(&[chain], &[], method, Limits::default(), Way::Choose, &Bounds::default()).unwrap()
}

#[test]
fn what_is_wrapped_and_unwrapped_is_followed_through_the_token() {
    let [victim, thief, mule, exchange] = [VICTIM, THIEF, MULE, EXCHANGE].map(address);
    for wrapper in WRAPPERS {
        let blocks = [
            block(1, (&victim, &thief, 1_000), None, None),
            block(2, (&thief, wrapper, 1_000), Some((DEPOSIT, &[&thief], 1_000)), None),
            block(3, (&thief, wrapper, 0), Some((TRANSFER, &[&thief, &mule], 900)), None),
            block(4, (&mule, wrapper, 0), Some((WITHDRAWAL, &[&mule], 600)), Some((wrapper, &mule, 600))),
            block(5, (&mule, &exchange, 500), None, None),
        ];
        let folder = tempfile::tempdir().unwrap();
        let store = stored(&folder.path().join("store"), &blocks);
        let (coin, token) = (store.asset("COIN").unwrap(), store.asset(wrapper).unwrap());
        for method in [Method::Fifo, Method::Haircut] {
            let across = followed(&store, wrapper, method);
            let told: Vec<_> = across
                .crossings
                .iter()
                .map(|one| (one.entered.asset, one.left.asset, one.carried, one.left.to, one.confidence))
                .collect();
            let account = |address: &str| store.account(address).unwrap();
            let amount = |amount: u64| U256::from(amount);
            assert_eq!(
                told,
                [
                    (coin, token, amount(1_000), account(&thief), 95),
                    (token, coin, amount(600), account(&mule), 95),
                ],
                "{wrapper} {method:?}"
            );
            let why = Why::Swap { same_pool: true, to_giver: true, givers: 1, assets: 1 };
            assert!(across.crossings.iter().all(|one| one.why == why), "{:?}", across.crossings);
            let sums: Vec<_> = across
                .sums()
                .iter()
                .map(|sum| {
                    [sum.stolen, sum.came, sum.held, sum.entered, sum.continued].map(|sum| sum.to::<u64>())
                })
                .collect();
            // Of the coin 100 are left with the mule, of the token 100 with the thief and 300 with the mule.
            assert_eq!(
                sums,
                [[1_000, 600, 100, 500, 1_000], [0, 1_000, 400, 0, 600]],
                "{wrapper} {method:?}"
            );
        }
    }
}

/// A contract that is none of them logs the same: its token is nothing, and what was paid to it stays with it.
#[test]
fn a_contract_that_only_logs_like_a_wrapper_gives_nothing_back() {
    let [victim, thief, exchange] = [VICTIM, THIEF, EXCHANGE].map(address);
    let other = address(0xc1);
    let blocks = [
        block(1, (&victim, &thief, 1_000), None, None),
        block(2, (&thief, &other, 1_000), Some((DEPOSIT, &[&thief], 1_000)), None),
        block(3, (&victim, &exchange, 1), None, None),
    ];
    let folder = tempfile::tempdir().unwrap();
    let store = stored(&folder.path().join("store"), &blocks);
    assert_eq!(store.assets(), 1);
    let across = followed(&store, &other, Method::Fifo);
    assert_eq!((across.crossings.len(), across.unsure.len()), (0, 0));
    assert_eq!(across.sums()[0].entered, U256::from(1_000));
}
