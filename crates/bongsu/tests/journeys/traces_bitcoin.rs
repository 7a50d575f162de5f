//! Stolen coins are followed through real blocks of Bitcoin, as a node keeps them.

use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::node::shared;

const BIG: &str =
    "assets/chain/bitcoin/block-0000000000000000001602407ac49862a7bca9d00f7f402db20b7be2f5de59d2.blk";
/// The coins of block 9, of which the first payment ever was made.
const FIRST: &str = "0437cd7f8525ceed2324359c2d0ba26006d92d856a9c20fa0241106ee5a597c9";

fn bitcoin(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bongsu"));
    command.env_clear().current_dir(folder).args(["--json", "trace", "bitcoin"]).args(args).output().unwrap()
}

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The blocks 1 to 255, as a file of a node.
fn blocks() -> Vec<u8> {
    let (file, mut blocks) =
        (std::fs::File::open(shared("assets/chain/bitcoin/blocks1-256.bz2")).unwrap(), Vec::new());
    bzip2::read::MultiBzDecoder::new(file).read_to_end(&mut blocks).unwrap();
    blocks
}

#[test]
fn the_first_payments_are_followed_through_a_folder_of_a_node() {
    let dir = tempfile::tempdir().unwrap();
    // In two files, the second block first, under a key, and with room at an end.
    let (blocks, key) = (blocks(), [3, 1, 4, 1, 5, 9, 2, 6]);
    let length = |at: usize| 8 + u32::from_le_bytes(blocks[at + 4..at + 8].try_into().unwrap()) as usize;
    let (one, two) = (length(0), length(length(0)));
    let first = [&blocks[one..one + two], &blocks[..one]].concat();
    let veiled = |bytes: &[u8]| {
        bytes.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect::<Vec<u8>>()
    };
    let folder = dir.path().join("blocks");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("xor.dat"), key).unwrap();
    std::fs::write(folder.join("blk00000.dat"), [veiled(&first), vec![0; 5_000]].concat()).unwrap();
    std::fs::write(folder.join("blk00001.dat"), veiled(&blocks[one + two..])).unwrap();
    std::fs::write(folder.join("rev00000.dat"), "no blocks").unwrap();
    std::fs::write(
        dir.path().join("labels.csv"),
        "address,name,category\n1Q2TWHE3GMdB6BZKafqwxXtWAWgFt5Jvm3,Finney,exchange\n",
    )
    .unwrap();
    for method in ["fifo", "lifo", "haircut", "poison", "tiho"] {
        let told = json(&bitcoin(dir.path(), &["blocks", "--theft", FIRST, "--method", method]));
        assert_eq!((&told["blocks"]["count"], &told["blocks"]["beside"]), (&255.into(), &0.into()));
        assert_eq!(told["total"]["held"], "5000000000", "{method}");
        assert_eq!(told["holders"][0]["tainted"], "1800000000");
    }
    let args = [
        "blocks",
        "--theft",
        &format!("{FIRST}:0=1500000000"),
        "--labels",
        "labels.csv",
        "--out",
        "all.csv",
        "--out",
        "all.graphml",
    ];
    let told = json(&bitcoin(dir.path(), &args));
    // By FIFO, what was stolen of it came first: ten coins to the first payee, and five to the next.
    let total = |which: &str| told["total"][which].as_str().unwrap().parse::<u64>().unwrap();
    assert_eq!(
        (total("stolen"), total("entered"), total("held")),
        (1_500_000_000, 1_000_000_000, 500_000_000)
    );
    assert_eq!(told["services"][0]["name"], "Finney");
    let rows = std::fs::read_to_string(dir.path().join("all.csv")).unwrap();
    assert!(rows.contains("f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16:0"), "{rows}");
    assert!(std::fs::read_to_string(dir.path().join("all.graphml")).unwrap().contains("Finney"));
}

/// Pictures and STIX are made from payments, as on every chain, and `follow` reads blocks as it reads stores.
#[test]
fn what_was_found_in_blocks_is_drawn_and_is_good_stix() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("blk00000.dat"), blocks()).unwrap();
    let label = "address,name,category\n1Q2TWHE3GMdB6BZKafqwxXtWAWgFt5Jvm3,Finney,exchange\n";
    std::fs::write(dir.path().join("labels.csv"), label).unwrap();
    let run = |verb: &str, more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bongsu"));
        let args =
            [&["trace", verb, "blk00000.dat", "--theft", FIRST, "--labels", "labels.csv"], more].concat();
        command.env_clear().current_dir(dir.path()).args(args).output().unwrap()
    };
    let mut drawn = Vec::new();
    for verb in ["bitcoin", "follow"] {
        let shown = run(verb, &["--svg", "--out", "way.svg", "--svg=other.svg", "--out", "found.stix"]);
        assert_eq!(shown.status.code(), Some(2), "{verb}: once is enough: {shown:?}");
        let shown = run(verb, &["--svg", "--out", "way.svg", "--out", "found.stix"]);
        assert!(shown.status.success(), "{verb}: {shown:?}");
        let svg = String::from_utf8(shown.stdout).unwrap();
        assert!(svg.starts_with("<svg") && svg.contains("Finney") && svg.contains("BTC"), "{verb}: {svg}");
        assert_eq!(svg, std::fs::read_to_string(dir.path().join("way.svg")).unwrap());
        assert!(run(verb, &["--svg=other.svg"]).status.success());
        assert_eq!(svg, std::fs::read_to_string(dir.path().join("other.svg")).unwrap());
        drawn.push((svg, std::fs::read_to_string(dir.path().join("found.stix")).unwrap()));
    }
    assert_eq!(drawn[0], drawn[1], "both ways to the same");
    let bundle: Value = serde_json::from_str(&drawn[0].1).unwrap();
    let objects = bundle["objects"].as_array().unwrap();
    let of = |kind: &str, property: &str| -> Vec<&str> {
        let of = objects.iter().filter(|object| object["type"] == kind);
        of.map(|object| object[property].as_str().unwrap()).collect()
    };
    assert!(
        of("cryptocurrency-transaction", "value")
            .contains(&"f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16")
    );
    let indicators = of("indicator", "pattern").join(" ");
    assert!(
        indicators.contains("12cbQLTFMXRnSzktFkuoG3eHoMeFtpTu3S") && !indicators.contains("1Q2TWHE3"),
        "{indicators}"
    );
    let mut validate = Command::new(env!("CARGO_BIN_EXE_bongsu"));
    let stix = dir.path().join("found.stix");
    let validated =
        validate.env_clear().args(["--json", "validate", stix.to_str().unwrap()]).output().unwrap();
    assert!(validated.status.success(), "{}", String::from_utf8_lossy(&validated.stdout));
    let outcome = run("follow", &["--out", "all.json", "--path", "1Q2TWHE3GMdB6BZKafqwxXtWAWgFt5Jvm3"]);
    let text = String::from_utf8(outcome.stdout).unwrap();
    for told in [
        "1 output stolen on bitcoin",
        "10 BTC",
        "Finney",
        "How it came there",
        "12cbQLTFMXRnSzktFkuoG3eHoMeFtpTu3S",
    ] {
        assert!(text.contains(told), "{told}: {text}");
    }
    let all: Value = serde_json::from_slice(&std::fs::read(dir.path().join("all.json")).unwrap()).unwrap();
    let total = &all["totals"][0];
    assert_eq!(
        [&total["stolen"], &total["held"], &total["entered"]],
        ["5000000000", "4000000000", "1000000000"]
    );
    assert_eq!((&all["thefts"][0]["output"], &all["thefts"][0]["block"]), (&0.into(), &9.into()));
}

/// A chain of 25 payments in one block, the change of each spent by the next.
#[test]
fn clusters_say_which_unspent_outputs_are_one_holders() {
    let dir = tempfile::tempdir().unwrap();
    let block = shared(BIG);
    let theft = "691f33f9381e08d254682e86e29693dad2ee7b8925515a08742fb85e6fe2f596";
    let base = [block.to_str().unwrap(), "--theft", theft];
    let plain = json(&bitcoin(dir.path(), &base));
    let sum = |told: &Value, of: &str| told["total"][of].as_str().unwrap().parse::<u64>().unwrap();
    assert_eq!(sum(&plain, "stolen"), sum(&plain, "held") + sum(&plain, "entered") + sum(&plain, "burnt"));
    assert!(sum(&plain, "burnt") > 0 && plain["clusters"].is_null());
    assert_eq!(
        plain["outputs"].as_array().unwrap().iter().map(|one| one["hop"].as_u64().unwrap()).max(),
        Some(25)
    );
    let told = json(&bitcoin(dir.path(), &[&base[..], &["--clusters"]].concat()));
    assert_eq!(told["total"], plain["total"], "clusters change no sum");
    assert_eq!(
        (&told["clusters"]["inputs_joined"], &told["clusters"]["coin_joins"]),
        (&13.into(), &1.into())
    );
    assert_eq!(told["clusters"]["change"], serde_json::json!([]), "guesses are off");
    let guessed = json(&bitcoin(dir.path(), &[&base[..], &["--clusters", "--change", "one-time"]].concat()));
    assert_eq!(guessed["clusters"]["change"][0]["name"], "one-time");
    assert!(guessed["clusters"]["change"][0]["joined"].as_u64() > Some(0));
    let known = |told: &Value| {
        told["holders"]
            .as_array()
            .unwrap()
            .iter()
            .map(|holder| holder["known_addresses"].as_u64().unwrap())
            .sum::<u64>()
    };
    assert!(
        known(&guessed) >= known(&told)
            && told["holders"].as_array().unwrap().len() <= plain["holders"].as_array().unwrap().len()
    );
}

#[test]
fn what_is_no_block_or_no_theft_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let told = |args: &[&str], code: i32| {
        let output = bitcoin(dir.path(), args);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let mut blocks = blocks();
    std::fs::write(dir.path().join("blk00000.dat"), &blocks).unwrap();
    std::fs::write(dir.path().join("text"), "no block").unwrap();
    std::fs::create_dir(dir.path().join("empty")).unwrap();
    assert!(told(&["text", "--theft", FIRST], 2).contains("there is no block"));
    assert!(told(&["empty", "--theft", FIRST], 2).contains("blk*.dat"));
    assert!(told(&["gone", "--theft", FIRST], 2).contains("gone"));
    assert!(told(&["blk00000.dat", "--theft", &FIRST.replace('0', "1")], 2).contains("no transaction"));
    assert!(told(&["blk00000.dat", "--theft", "12"], 2).contains("TXID"));
    assert!(told(&["blk00000.dat", "--theft", &format!("{FIRST}:7")], 2).contains("has 1 outputs"));
    assert!(told(&["blk00000.dat", "--theft", &format!("{FIRST}:0=9999999999")], 1).contains("9999999999"));
    assert!(told(&["blk00000.dat", "--theft", FIRST, "--change", "reused"], 2).contains("--clusters"));
    assert!(told(&["blk00000.dat", "--theft", FIRST, "--out", "x.doc"], 2).contains(".graphml"));
    assert!(told(&["blk00000.dat", "--theft", FIRST, "--network", "test"], 2).contains("--network"));
    // A bit of a late block is changed: it and what came behind it is not in the chain any more, and that is told.
    let at = blocks.len() - 150;
    blocks[at] ^= 1;
    std::fs::write(dir.path().join("blk00000.dat"), &blocks).unwrap();
    let said = told(&["blk00000.dat", "--theft", FIRST], 3);
    assert!(said.contains("blk00000.dat: at byte"), "{said}");
}
