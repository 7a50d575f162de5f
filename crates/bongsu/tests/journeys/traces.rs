//! Stolen assets are followed by an analyst with a file of transfers and nothing else.

use std::process::{Command, Output};

use serde_json::Value;

use crate::node::shared;

fn trace(folder: &std::path::Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bongsu"));
    command.env_clear().current_dir(folder).arg("trace").args(args).output().unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
}

const VICTIM: &str = "0x47666fab8bd0ac7003bce3f5c3585383f09486e2";
const THIEF: &str = "0xa4b2fd68593b6f34e51cb9edb66e71c1b4ab449e";

/// A folder with the store of the theft from Bybit in it.
fn bybit() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let file = shared("assets/bybit-trace/transfers.csv");
    let load = ["--json", "load", "bybit", file.to_str().unwrap(), "--mapping", "bybit-sample"];
    let loaded = json(&trace(dir.path(), &load));
    assert_eq!((&loaded["added"], &loaded["duplicates"]), (&47.into(), &0.into()));
    // The same again adds nothing.
    let again = json(&trace(dir.path(), &load));
    assert_eq!((&again["added"], &again["duplicates"]), (&0.into(), &47.into()));
    dir
}

/// The sum that an outcome says of an asset, in its smallest unit.
fn total(outcome: &Value, asset: &str, which: &str) -> u128 {
    let totals = outcome["totals"].as_array().unwrap();
    let total = totals
        .iter()
        .find(|total| total["asset"]["name"] == asset)
        .unwrap_or_else(|| panic!("{asset}: {outcome}"));
    total[which].as_str().unwrap().parse().unwrap()
}

#[test]
fn the_theft_from_bybit_is_followed_hop_by_hop_and_poisoned_addresses_are_not() {
    let dir = bybit();
    let expected = std::fs::read_to_string(shared("assets/bybit-trace/expected.json")).unwrap();
    let expected: Value = serde_json::from_str(&expected).unwrap();
    let csv = std::fs::read_to_string(shared("assets/bybit-trace/transfers.csv")).unwrap();
    let swap = format!("{THIEF}=ETH");
    for method in ["fifo", "lifo", "haircut", "poison"] {
        let follow = [
            "--json",
            "follow",
            "bybit",
            "--victim",
            VICTIM,
            "--thief",
            THIEF,
            "--swapped",
            &swap,
            "--method",
            method,
            "--out",
            "moves.csv",
            "--out",
            "way.svg",
            "--out",
            "graph.graphml",
        ];
        let outcome = json(&trace(dir.path(), &follow));
        // What went in the first hop, in ether or what stands for it.
        let assets = expected["legitimate_contracts"].as_object().unwrap();
        let staked: u128 = assets
            .iter()
            .filter(|(name, _)| *name != "cmETH")
            .map(|(_, contract)| total(&outcome, contract.as_str().unwrap(), "stolen"))
            .sum();
        let ether = 1_000_000_000_000_000_000_u128;
        assert_eq!(staked + ether, 98_376_547_918 * ether / 1_000_000, "{method}");
        // All of it is still somewhere, to the last unit.
        for asset in ["ETH"].into_iter().chain(assets.values().filter_map(Value::as_str)) {
            if method != "poison" && asset != assets["cmETH"] {
                let [stolen, held, entered, burnt] =
                    ["stolen", "held", "entered", "burnt"].map(|which| total(&outcome, asset, which));
                assert_eq!(stolen, held + entered + burnt, "{method} {asset}");
            }
        }
        // What was swapped and passed on: 98,048.7948 to the second address, and 0.1 elsewhere.
        let moves = std::fs::read_to_string(dir.path().join("moves.csv")).unwrap();
        let second: u128 = moves
            .lines()
            .filter(|line| line.contains(&format!("{THIEF},0xdd90071d52f20e85c89802e5dc1ec0a7b6475f92,ETH")))
            .map(|line| line.rsplit(',').next().unwrap().parse::<u128>().unwrap())
            .sum();
        assert_eq!(second, 980_487_948 * ether / 10_000, "{method}");
        for spoofed in expected["spoof_transfers"].as_array().unwrap() {
            assert!(!moves.contains(spoofed.as_str().unwrap()), "{method}: {spoofed}");
        }
        // Look-alikes are those to which nothing but worthless tokens went.
        let spoofs: Vec<&str> = csv
            .lines()
            .skip(1)
            .map(|line| line.split(',').collect::<Vec<_>>())
            .filter(|row| !row[7].is_empty() && !assets.values().any(|contract| contract == row[7]))
            .map(|row| row[4])
            .filter(|to| !csv.lines().any(|line| line.contains(&format!("{to},")) && line.contains(",ETH,")))
            .collect();
        assert!(spoofs.len() >= 8, "{spoofs:?}");
        for address in spoofs {
            assert!(
                !outcome.to_string().contains(address) && !moves.contains(address),
                "{method}: {address}"
            );
        }
        let holders = outcome["holders"].as_array().unwrap();
        let third =
            holders.iter().find(|holder| holder["address"] == "0xf302572594a68aa8f951fae64ed3ae7da41c72be");
        let third = third.unwrap_or_else(|| panic!("{method}: {outcome}"));
        assert_eq!(third["tainted"], (10_000 * ether).to_string(), "{method}");
    }
    let svg = std::fs::read_to_string(dir.path().join("way.svg")).unwrap();
    assert!(svg.starts_with("<svg") && svg.contains("0xf30257…1c72be"));
    assert!(dir.path().join("way.2.svg").exists() && dir.path().join("way.3.svg").exists());
    assert!(std::fs::read_to_string(dir.path().join("graph.graphml")).unwrap().contains("<node id="));
}

#[test]
fn what_came_to_a_labelled_service_has_stopped_there() {
    let dir = bybit();
    // The exchange of staked ether, labelled as an analyst would.
    std::fs::write(
        dir.path().join("own.csv"),
        "address,label,category\n0x6bB000067005450704003100632eb93ea00c0000,Swap A,dex\n0xfe837a3530dd566401d35befcd55582af7c4dffc,\"=cmd()\",exchange\n",
    )
    .unwrap();
    let follow = [
        "--json",
        "follow",
        "bybit",
        "--victim",
        VICTIM,
        "--thief",
        THIEF,
        "--labels",
        "own.csv",
        "--path",
        "0xfe837a3530dd566401d35befcd55582af7c4dffc",
    ];
    let outcome = json(&trace(dir.path(), &follow));
    let services: Vec<(&Value, &Value)> = outcome["services"]
        .as_array()
        .unwrap()
        .iter()
        .map(|service| (&service["name"], &service["category"]))
        .collect();
    assert_eq!(services, [(&"Swap A".into(), &"pool".into()), (&"=cmd()".into(), &"exchange".into())]);
    let steth = "0xae7ab96520de3a18e5e111b5eaab095312d7fe84";
    assert!(total(&outcome, steth, "entered") > total(&outcome, steth, "held"));
    let shown = trace(dir.path(), &follow[1..]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    for text in [
        "Services that it entered",
        "Swap A",
        "Who holds it",
        "How it came there",
        "0x73b35018",
        "90,375.547918",
    ] {
        assert!(shown.contains(text), "{text}: {shown}");
    }
}

#[test]
fn what_is_wrong_is_told_and_nothing_is_loaded_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let told = |args: &[&str], code: i32| {
        let output = trace(dir.path(), args);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let header = "hop,tx,time,from,to,amount,asset,contract\n";
    let good = "1,0xdd5cd734,2025-02-21T14:29:47Z,0x47666fab8bd0ac7003bce3f5c3585383f09486e2,0xa4b2fd68593b6f34e51cb9edb66e71c1b4ab449e,1,ETH,\n";
    let bad = good.replace(",1,ETH", ",-1,ETH");
    std::fs::write(dir.path().join("rows.csv"), format!("{header}{good}{bad}")).unwrap();
    let load = ["load", "store", "rows.csv", "--mapping", "bybit-sample"];
    let said = told(&load, 1);
    assert!(said.contains("line 3") && said.contains("amount") && said.contains("--skip"), "{said}");
    assert_eq!(json(&trace(dir.path(), &["--json", "info", "store"]))["transfers"], 0);
    let skipped = trace(dir.path(), &["load", "store", "rows.csv", "--mapping", "bybit-sample", "--skip"]);
    assert_eq!(skipped.status.code(), Some(3));
    assert!(
        String::from_utf8_lossy(&skipped.stdout)
            .contains("1 transfer added, 0 there already, 1 that can't be read")
    );
    assert!(told(&["load", "store", "rows.csv", "--mapping", "nothing"], 2).contains("ethereum-etl"));
    assert!(told(&["info", "nowhere"], 1).contains("bongsu trace load"));
    let follow = ["follow", "store", "--victim", VICTIM];
    assert!(told(&follow, 2).contains("--thief"));
    assert!(told(&[&follow[..], &["--thief", "0x12"]].concat(), 2).contains("0x12"));
    assert!(
        told(&[&follow[..], &["--transaction", "0xffff"]].concat(), 1).contains("bongsu trace transfers")
    );
    assert!(told(&[&follow[..], &["--thief", THIEF, "--out", "x.doc"]].concat(), 2).contains(".svg"));
    assert!(
        told(&[&follow[..], &["--thief", THIEF, "--labels", "rows.csv=nonsense"]].concat(), 2)
            .contains("exchange")
    );
}

/// A thief pays into two deposit addresses of an exchange, from two addresses, and keeps some.
#[test]
fn deposit_addresses_are_told_and_counted_as_entered_if_that_is_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let at = |number: u8| format!("0x{number:040x}");
    let ether = |amount: u64| format!("{amount}000000000000000");
    let hour = |hours: u64| format!("{}", 1_700_000_000 + hours * 3_600);
    let mut rows = "block,index,tx,time,from,to,asset,amount\n".to_owned();
    for (place, (from, to, amount, hours)) in [
        (1, 2, 100_000, 0),
        (2, 3, 40_000, 1),
        (2, 4, 30_000, 2),
        // Deposit addresses: each passes on at once, less a fee.
        (3, 9, 39_999, 3),
        (4, 8, 10_000, 3),
        (8, 9, 9_999, 4),
        (4, 7, 5_000, 5),
        (7, 9, 4_999, 6),
        (2, 7, 2_000, 7),
        (7, 9, 2_000, 8),
    ]
    .into_iter()
    .enumerate()
    {
        let (time, from, to, amount) = (hour(hours), at(from), at(to), ether(amount));
        rows.push_str(&format!("{},0,0x{:064x},{time},{from},{to},ETH,{amount}\n", place + 1, place + 1));
    }
    std::fs::write(dir.path().join("rows.csv"), rows).unwrap();
    std::fs::write(
        dir.path().join("labels.csv"),
        format!("address,name,category\n{},Exchange A,exchange\n", at(9)),
    )
    .unwrap();
    let loaded = json(&trace(
        dir.path(),
        &["--json", "load", "store", "rows.csv", "--mapping", "bongsu", "--chain", "ethereum"],
    ));
    assert_eq!(loaded["added"], 10, "{loaded}");
    let (victim, thief) = (at(1), at(2));
    let follow = |more: &[&str]| {
        let base =
            ["--json", "follow", "store", "--victim", &victim, "--thief", &thief, "--labels", "labels.csv"];
        json(&trace(dir.path(), &[&base[..], more].concat()))
    };
    let plain = follow(&[]);
    assert!(plain["deposits"].is_null());
    let told = follow(&["--clusters"]);
    assert_eq!(told["totals"], plain["totals"], "clusters alone change no sum");
    let addresses = told["deposits"]["addresses"].as_array().unwrap();
    let addresses: Vec<&str> = addresses.iter().map(|one| one["address"].as_str().unwrap()).collect();
    assert_eq!(addresses, [at(3), at(8), at(7)], "in the order in which they came");
    // 2 and 4 paid into 7.
    assert_eq!(told["deposits"]["customers"], serde_json::json!([[at(2), at(4)]]));
    let counted = follow(&["--deposits"]);
    let milli = 1_000_000_000_000_000_u128;
    assert_eq!(total(&counted, "ETH", "entered"), 57_000 * milli);
    assert_eq!(total(&counted, "ETH", "held"), 43_000 * milli);
    assert_eq!(counted["services"][0]["name"], "Exchange A");
}

#[test]
fn what_was_found_is_good_stix_and_the_same_each_time() {
    let dir = bybit();
    let swap = format!("{THIEF}=ETH");
    let write = |name: &str| {
        let follow = [
            "--json",
            "follow",
            "bybit",
            "--victim",
            VICTIM,
            "--thief",
            THIEF,
            "--swapped",
            &swap,
            "--out",
            name,
        ];
        json(&trace(dir.path(), &follow));
        std::fs::read_to_string(dir.path().join(name)).unwrap()
    };
    let bundle = write("one.stix");
    assert_eq!(bundle, write("two.stix"));
    let validated = Command::new(env!("CARGO_BIN_EXE_bongsu"))
        .env_clear()
        .args(["--json", "validate", dir.path().join("one.stix").to_str().unwrap()])
        .output()
        .unwrap();
    assert!(validated.status.success(), "{}", String::from_utf8_lossy(&validated.stdout));
    let bundle: Value = serde_json::from_str(&bundle).unwrap();
    let of = |kind: &str| {
        bundle["objects"].as_array().unwrap().iter().filter(|object| object["type"] == kind).count()
    };
    assert!(of("indicator") > 10 && of("cryptocurrency-transaction") >= 9 && of("incident") == 1);
}

#[test]
fn an_address_is_screened_by_what_it_got_from_whom_directly_and_through_others() {
    let dir = bybit();
    let labels = format!("address,name,category\n{VICTIM},Cold wallet,exchange\n{THIEF},Thief,theft\n");
    std::fs::write(dir.path().join("labels.csv"), labels).unwrap();
    let look = |address: &str, more: &[&str]| {
        let args = [&["--json", "exposure", "bybit", address, "--labels", "labels.csv"][..], more].concat();
        json(&trace(dir.path(), &args))
    };
    let ether = |outcome: &Value, side: &str| {
        let assets = outcome[side]["assets"].as_array().unwrap().clone();
        assets.into_iter().find(|asset| asset["asset"] == "ETH").unwrap()
    };
    // Got all of its ether from the thief, and passed it on.
    let second = look("0xdd90071d52f20e85c89802e5dc1ec0a7b6475f92", &[]);
    let row = ether(&second, "sources")["rows"][0].clone();
    assert_eq!(
        (&row["kind"], &row["hops_least"], &row["indirect"]),
        (&"theft".into(), &1.into(), &"0".into()),
        "{row}"
    );
    // One hop further it is indirect; without looking further, it is not known.
    let third = "0xf302572594a68aa8f951fae64ed3ae7da41c72be";
    let rows = ether(&look(third, &[]), "sources")["rows"].clone();
    assert_eq!(
        (&rows[0]["kind"], &rows[0]["direct"], &rows[0]["hops_least"]),
        (&"theft".into(), &"0".into(), &2.into()),
        "{rows}"
    );
    let rows = ether(&look(third, &["--hops", "1"]), "sources")["rows"].clone();
    assert_eq!(
        (&rows[0]["kind"], &rows[0]["ppm"]),
        (&"unknown: too far".into(), &1_000_000.into()),
        "{rows}"
    );
    for side in ["sources", "sinks"] {
        for asset in second[side]["assets"].as_array().unwrap() {
            let rows = asset["rows"].as_array().unwrap();
            let units = |row: &Value, part: &str| row[part].as_str().unwrap().parse::<u128>().unwrap();
            let sum: u128 = rows.iter().map(|row| units(row, "direct") + units(row, "indirect")).sum();
            assert_eq!(sum.to_string(), asset["amount"].as_str().unwrap());
            assert_eq!(rows.iter().map(|row| row["ppm"].as_u64().unwrap()).sum::<u64>(), 1_000_000);
        }
    }
}

/// A theft goes into a bridge on one chain, comes out on another, is swapped in a pool there, and rests.
#[test]
fn what_crosses_is_followed_at_the_command_line_too() {
    let dir = tempfile::tempdir().unwrap();
    let [victim, thief, bridge, other, mule, pool, last] =
        ["11", "22", "33", "44", "55", "66", "77"].map(|two| format!("0x{}", two.repeat(20)));
    let token = format!("0x{}", "99".repeat(20));
    let header = "block,index,tx,time,from,to,asset,amount\n";
    std::fs::write(
        dir.path().join("one.csv"),
        format!(
            "{header}1,0,0xaa01,2026-11-01T10:00:00Z,{victim},{thief},ETH,9000\n2,0,0xaa02,2026-11-01T10:05:00Z,{thief},{bridge},ETH,9000\n"
        ),
    )
    .unwrap();
    std::fs::write(
        dir.path().join("two.csv"),
        format!(
            "{header}7,0,0xbb01,2026-11-01T18:30:00Z,{other},{mule},ETH,8500\n8,0,0xbb02,2026-11-01T19:00:00Z,{mule},{pool},ETH,8000\n\
             8,1,0xbb02,2026-11-01T19:00:00Z,{pool},{mule},{token},77\n9,0,0xbb03,2026-11-01T20:00:00Z,{mule},{last},{token},77\n"
        ),
    )
    .unwrap();
    std::fs::write(
        dir.path().join("mapping.toml"),
        "block = { column = \"block\" }\nindex = { column = \"index\" }\ntransaction = { column = \"tx\" }\n\
         from = { column = \"from\" }\nto = { column = \"to\" }\ntime = { column = \"time\" }\n\
         amount = { column = \"amount\", unit = \"smallest\" }\nasset = { column = \"asset\", other-decimals = 3 }\n",
    )
    .unwrap();
    for (chain, file) in [("ethereum", "one.csv"), ("arbitrum", "two.csv")] {
        let load = ["--json", "load", chain, file, "--mapping", "mapping.toml", "--chain", chain];
        assert!(json(&trace(dir.path(), &load))["added"].as_u64() > Some(0));
    }
    std::fs::write(
        dir.path().join("labels.csv"),
        format!("address,name,category\n{bridge},Span,bridge\n{other},Span,bridge\n{pool},Swap A,dex\n"),
    )
    .unwrap();
    std::fs::write(
        dir.path().join("pairings.csv"),
        "from_chain,from_transaction,to_chain,to_transaction\nethereum,0xaa02,arbitrum,0xbb01\n",
    )
    .unwrap();
    std::fs::write(
        dir.path().join("worths.csv"),
        format!("chain,asset,name\nethereum,ETH,E\narbitrum,ETH,E\narbitrum,{token},T\n"),
    )
    .unwrap();
    let follow = |more: &[&str]| {
        let base = [
            "follow",
            "ethereum",
            "--also",
            "arbitrum",
            "--victim",
            &victim,
            "--thief",
            &thief,
            "--labels",
            "labels.csv",
        ];
        trace(dir.path(), &[&base[..], more].concat())
    };
    // Without a table nothing fits: it is too late and too little.
    let alone = json(&follow(&["--json"]));
    assert_eq!(
        (&alone["crossings"]["followed"], &alone["totals"][0]["entered"]),
        (&Value::Array(Vec::new()), &"9000".into())
    );
    let forms = ["all.json", "all.csv", "all.graphml", "all.svg", "all.stix"];
    let outs: Vec<&str> = forms.iter().flat_map(|form| ["--out", form]).collect();
    let with = [&["--json", "--pairings", "pairings.csv", "--worths", "worths.csv"][..], &outs].concat();
    let found = json(&follow(&with));
    let crossed = found["crossings"]["followed"].as_array().unwrap();
    let ways: Vec<(&str, &str, &str)> = crossed
        .iter()
        .map(|one| {
            let text = |key: &str| one[key].as_str().unwrap();
            (text("from_chain"), text("to_chain"), text("carried"))
        })
        .collect();
    assert_eq!(ways, [("ethereum", "arbitrum", "8500"), ("arbitrum", "arbitrum", "77")], "{found}");
    assert!(crossed[0]["why"].as_str().unwrap().contains("table of pairings"));
    let sum = |chain: &str, asset: &str, part: &str| {
        let sums = found["sums"].as_array().unwrap();
        let sum = sums.iter().find(|sum| sum["chain"] == chain && sum["asset"] == asset).unwrap();
        sum[part].as_str().unwrap().parse::<u64>().unwrap()
    };
    assert_eq!(
        ["stolen", "continued", "entered", "held"].map(|part| sum("ethereum", "ETH", part)),
        [9_000, 9_000, 0, 0]
    );
    assert_eq!(["came", "continued", "held"].map(|part| sum("arbitrum", "ETH", part)), [8_500, 8_000, 500]);
    assert_eq!(["came", "held"].map(|part| sum("arbitrum", &token, part)), [77, 77]);
    assert_eq!(found["also"][0]["holders"].as_array().unwrap().len(), 2);
    let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&read("all.json")).unwrap(), found);
    let rows = read("all.csv");
    assert!(
        rows.lines().any(|row| row.starts_with("ethereum,")) && rows.contains("arbitrum,2026-11-01T20:00:00"),
        "{rows}"
    );
    let graph = read("all.graphml");
    assert!(
        [&victim, &bridge, &other, &last].iter().all(|address| graph.contains(address.as_str())),
        "{graph}"
    );
    // A picture for each asset on each chain.
    assert!(
        read("all.svg").contains("on ethereum")
            && read("all.2.svg").contains("on arbitrum")
            && read("all.3.svg").contains("on arbitrum")
    );
    assert!(read("all.stix").contains(&last) && !read("all.stix").contains(&format!("value = '{bridge}'")));
    let text = String::from_utf8(follow(&["--pairings", "pairings.csv", "--path", &last]).stdout).unwrap();
    for told in [
        "1 transfer stolen on ethereum",
        "came on arbitrum",
        "Bridges and swaps",
        "gone on by a bridge or a swap",
        "How it came there",
    ] {
        assert!(text.contains(told), "{told}: {text}");
    }
    let shown = follow(&["--pairings", "pairings.csv", "--svg"]);
    assert!(String::from_utf8(shown.stdout).unwrap().starts_with("<svg"));
    assert!(String::from_utf8(shown.stderr).unwrap().contains("2 more pictures"));
}
