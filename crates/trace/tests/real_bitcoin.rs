//! Real blocks of Bitcoin: read as another library reads them, in order, and balanced to the last satoshi.

use std::collections::HashMap;
use std::io::{Cursor, Read as _};
use std::path::Path;

use bongsu_trace::chain::bitcoin::{
    Block, BlockError, BlockFile, Ledger, LedgerError, Magic, Outpoint, Place, order, written,
};
use bongsu_trace::taint;
use bongsu_trace::taint::outputs::{self, Fate, Method, OutputId, OutputTheft, Spends as _};
use serde_json::Value;

fn shared(name: &str) -> Vec<u8> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/assets/chain/bitcoin").join(name);
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut text = Vec::new();
    match path.extension().and_then(|end| end.to_str()) {
        Some("bz2") => drop(bzip2::read::MultiBzDecoder::new(&bytes[..]).read_to_end(&mut text).unwrap()),
        Some("gz") => drop(flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut text).unwrap()),
        _ => return bytes,
    }
    text
}

const BIG: &str = "block-0000000000000000001602407ac49862a7bca9d00f7f402db20b7be2f5de59d2.blk";

#[test]
fn a_big_block_is_read_as_another_library_reads_it() {
    let block = Block::read(&shared(BIG), Magic::MAIN.network()).unwrap();
    let expected =
        String::from_utf8(shared("expected-block-0000000000000000001602407ac498.jsonl.gz")).unwrap();
    let mut lines = expected.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let head = lines.next().unwrap();
    assert_eq!(written(&block.hash), head["block"]);
    assert_eq!(u64::from(block.time), head["time"]);
    assert_eq!(block.transactions.len() as u64, head["transactions"]);
    let (mut outputs, mut sum) = (0, 0);
    for (transaction, expected) in block.transactions.iter().zip(lines.by_ref()) {
        assert_eq!(written(&transaction.id), expected["txid"]);
        let inputs: Vec<Value> = transaction
            .inputs
            .iter()
            .map(|from| serde_json::json!([written(&from.transaction), from.output]))
            .collect();
        assert_eq!(Value::from(inputs), expected["in"]);
        for (output, expected) in transaction.outputs.iter().zip(expected["out"].as_array().unwrap()) {
            assert_eq!(output.satoshi, expected[0]);
            // That library knows fewer forms: where it names none there may be one.
            if let Some(address) = expected[1].as_str() {
                assert_eq!(output.address.as_deref(), Some(address));
            }
            outputs += 1;
            sum += output.satoshi;
        }
    }
    assert!(lines.next().is_none());
    assert_eq!(
        (Value::from(outputs), Value::from(sum)),
        (head["outputs"].clone(), head["sum_of_outputs_sat"].clone())
    );
}

/// The files in which another node's tests keep the main chain's first blocks after the very first.
#[test]
fn files_of_blocks_are_read_whole_and_put_in_order() {
    let file = shared("blocks1-256.bz2");
    let blocks: Vec<Block> =
        BlockFile::new(&file[..], Magic::MAIN, [0; 8]).map(|block| block.unwrap()).collect();
    assert_eq!(blocks.len(), 255);
    let mut places: Vec<Place> = blocks.iter().map(Place::from).collect();
    places.reverse();
    let ordered = order(&places);
    assert!(ordered.beside.is_empty());
    assert_eq!(ordered.chain, (0..255).rev().collect::<Vec<_>>());
    // Block 170 has the first payment: 50 coins, of which 10 went to Hal Finney.
    let payment = &blocks.iter().find(|block| block.transactions.len() > 1).unwrap().transactions[1];
    assert_eq!(written(&payment.id), "f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16");
    let paid: Vec<u64> = payment.outputs.iter().map(|output| output.satoshi).collect();
    assert_eq!(paid, [1_000_000_000, 4_000_000_000]);
}

#[test]
fn a_file_under_a_key_with_room_at_its_end_is_read_and_what_is_broken_is_told() {
    let key = [7, 0, 255, 3, 9, 11, 13, 200];
    let file = shared("blocks1-256.bz2");
    let mut veiled: Vec<u8> = file.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
    veiled.extend([0; 100_000]);
    assert_eq!(BlockFile::new(&veiled[..], Magic::MAIN, key).filter(Result::is_ok).count(), 255);
    assert_eq!(BlockFile::new(&veiled[..], Magic::MAIN, key).filter(Result::is_err).count(), 0);
    // Without its key nothing is found, and said so.
    let told: Vec<_> = BlockFile::new(&veiled[..], Magic::MAIN, [0; 8]).collect();
    assert!(told.len() == 1 && told[0].is_err(), "{told:?}");
    // One bit of a block changed: that block is told, and all others are there.
    let mut changed = file.clone();
    changed[5_000] ^= 1;
    let (good, bad): (Vec<_>, Vec<_>) =
        BlockFile::new(&changed[..], Magic::MAIN, [0; 8]).partition(Result::is_ok);
    assert_eq!((good.len(), bad.len()), (254, 1), "{bad:?}");
    // A file that breaks off.
    let cut = &file[..file.len() - 10];
    let told: Vec<_> = BlockFile::new(Cursor::new(cut), Magic::MAIN, [0; 8]).collect();
    assert!(told.len() == 255 && told[254].as_ref().unwrap_err().why.contains("ends within"));
}

/// Numbers as btcd writes them: seven bits a byte, each further one counted on. Source: btcd, `blockchain/compress.go`.
fn number(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    loop {
        let byte = bytes[0];
        *bytes = &bytes[1..];
        value = value << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return value;
        }
        value += 1;
    }
}

/// Satoshi as btcd packs them: zeros at the end are counted.
fn satoshi(packed: u64) -> u64 {
    if packed == 0 {
        return 0;
    }
    let (rest, exponent) = ((packed - 1) / 10, (packed - 1) % 10);
    let value = if exponent < 9 { (rest / 9) * 10 + rest % 9 + 1 } else { rest + 1 };
    value * 10_u64.pow(exponent as u32)
}

/// Block 277647 with the outputs that it spends: what goes in comes out, and the finder gets its coins and the fees.
#[test]
fn a_block_balances_with_what_it_spends() {
    let block = shared("277647.dat.bz2");
    // Kept with the mark and the length before it, or without.
    let bytes = if block.starts_with(&[0xf9, 0xbe, 0xb4, 0xd9]) { &block[8..] } else { &block[..] };
    let block = Block::read(bytes, Magic::MAIN.network()).unwrap();
    let store = shared("277647.utxostore.bz2");
    let (mut spent, mut rest) = (HashMap::new(), &store[..]);
    while !rest.is_empty() {
        let (hash, tail) = rest.split_at(32);
        let numbers = [&tail[..4], &tail[4..8]].map(|four| u32::from_le_bytes(four.try_into().unwrap()));
        let (entry, tail) = tail[8..].split_at(numbers[1] as usize);
        let mut entry = entry;
        let _height = number(&mut entry);
        let outpoint = Outpoint { transaction: hash.try_into().unwrap(), output: numbers[0] };
        spent.insert(outpoint, satoshi(number(&mut entry)));
        rest = tail;
    }
    let (mut fees, mut made) = (0, HashMap::new());
    for transaction in &block.transactions {
        let paid: u64 = transaction.outputs.iter().map(|output| output.satoshi).sum();
        for (output, at) in transaction.outputs.iter().zip(0..) {
            made.insert(Outpoint { transaction: transaction.id, output: at }, output.satoshi);
        }
        if transaction.inputs.is_empty() {
            continue;
        }
        let held: u64 = transaction
            .inputs
            .iter()
            .map(|from| *spent.get(from).or(made.get(from)).unwrap_or_else(|| panic!("{from:?}")))
            .sum();
        assert!(held >= paid, "{}", written(&transaction.id));
        fees += held - paid;
    }
    let coins: u64 = block.transactions[0].outputs.iter().map(|output| output.satoshi).sum();
    assert_eq!(coins, 2_500_000_000 + fees);
}

#[test]
fn bytes_that_are_no_block_are_told() {
    let (big, main) = (shared(BIG), Magic::MAIN.network());
    assert!(matches!(Block::read(&[], main), Err(BlockError::Form(_))));
    assert!(matches!(Block::read(&big[..big.len() - 1], main), Err(BlockError::Form(_))));
    assert!(matches!(Block::read(&[big.clone(), vec![0]].concat(), main), Err(BlockError::Form(_))));
    assert_eq!(Block::read(&vec![0; 4_000_001], main), Err(BlockError::TooLarge(4_000_001)));
    let changed = |at: usize| {
        let mut bytes = big.clone();
        bytes[at] ^= 1;
        Block::read(&bytes, main)
    };
    assert_eq!(changed(76), Err(BlockError::Work));
    assert_eq!(changed(40), Err(BlockError::Root));
    for name in [
        "mainnet_block_000000000000000000000c835b2adcaedc20fdf6ee440009c249452c726dafae.raw",
        "testnet_block_000000000000045e0b1660b6445b5e5c5ab63c9a4f956be7e1e69be04fa4497b.raw",
    ] {
        let magic = if name.starts_with("main") { Magic::MAIN } else { Magic::TEST };
        let block = Block::read(&shared(name), magic.network()).unwrap();
        assert!(name.contains(&written(&block.hash)));
    }
}

/// The coins of block 9, part of which was the first payment ever, followed through the first blocks of the chain.
#[test]
fn the_first_payments_are_followed_from_coin_to_coin() {
    let file = shared("blocks1-256.bz2");
    let mut ledger = Ledger::default();
    for block in BlockFile::new(&file[..], Magic::MAIN, [0; 8]) {
        ledger.add(&block.unwrap()).unwrap();
    }
    assert_eq!((ledger.fees(), ledger.unknown()), (0, 0));
    let first =
        ledger.number(&bytes("0437cd7f8525ceed2324359c2d0ba26006d92d856a9c20fa0241106ee5a597c9")).unwrap();
    let theft = OutputTheft { output: OutputId { transaction: first, index: 0 }, stolen: None };
    for method in [Method::Poison, Method::Haircut, Method::Fifo, Method::Lifo, Method::Tiho] {
        let place = |_| taint::Place::Holder;
        let [swept, reached] = [taint::Way::Sweep, taint::Way::Frontier].map(|way| {
            outputs::follow(&ledger, &[theft], method, place, taint::Limits::default(), way).unwrap()
        });
        // All was clean before, so that all methods say the same: 50 coins, 10 of them with who got the first payment.
        let total = swept.total();
        assert_eq!((total.stolen, total.held), (5_000_000_000, 5_000_000_000), "{method:?}");
        assert_eq!(total, reached.total());
        let held: Vec<_> = swept.outputs().iter().filter(|output| output.fate == Fate::Held).collect();
        let finney = "1Q2TWHE3GMdB6BZKafqwxXtWAWgFt5Jvm3";
        let owner = ledger.account(finney);
        assert!(
            owner.is_some() && held.iter().any(|output| ledger.output(output.output).unwrap().owner == owner)
        );
    }
}

fn bytes(id: &str) -> [u8; 32] {
    let mut bytes: [u8; 32] = data_encoding::HEXLOWER.decode(id.as_bytes()).unwrap().try_into().unwrap();
    bytes.reverse();
    bytes
}

#[test]
fn blocks_that_are_not_of_one_chain_are_told_and_change_nothing() {
    let file = shared("blocks1-256.bz2");
    let blocks: Vec<Block> =
        BlockFile::new(&file[..], Magic::MAIN, [0; 8]).map(|block| block.unwrap()).collect();
    let mut ledger = Ledger::default();
    blocks.iter().for_each(|block| ledger.add(block).unwrap());
    let spends = blocks.iter().find(|block| block.transactions.len() > 1).unwrap();
    let (count, fees) = (ledger.len(), ledger.fees());
    // Under another id, so that it is another transaction that spends the same.
    let mut again = spends.clone();
    again.transactions[0].id = [1; 32];
    again.transactions[1].id = [2; 32];
    assert!(matches!(ledger.add(&again), Err(LedgerError::SpentTwice { .. })));
    let mut beyond = again.clone();
    beyond.transactions[1].inputs[0].output = 7;
    assert!(matches!(ledger.add(&beyond), Err(LedgerError::NoOutput { output: 7, .. })));
    let mut rich = again.clone();
    let unspent = blocks.last().unwrap().transactions[0].id;
    rich.transactions[1].inputs[0] = Outpoint { transaction: unspent, output: 0 };
    rich.transactions[1].outputs[0].satoshi = 6_000_000_000;
    assert!(matches!(ledger.add(&rich), Err(LedgerError::Unbalanced(_))));
    assert_eq!((ledger.len(), ledger.fees(), ledger.number(&[1; 32])), (count, fees, None));
    assert_eq!(ledger.spender(OutputId { transaction: count - 1, index: 0 }), None);
    // What it spends is not there: clean, and counted.
    let mut unknown = again;
    unknown.transactions[1].inputs[0].transaction = [3; 32];
    ledger.add(&unknown).unwrap();
    assert_eq!((ledger.len(), ledger.unknown()), (count + 2, 1));
}
