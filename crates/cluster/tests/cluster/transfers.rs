//! Sums of transfers are exact, and what is taken out for a trace comes to what the whole comes to.

use crate::archives::{Chance, Column, parquet};
use crate::parts::{Cluster, program, said};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use trace::read::{Mapping, Options};
use trace::store::Writer;
use trace::taint::{Limits, Method, Place, Theft, Way, follow};
use trace::{Flows as _, Store, U256};

/// block, index, tx, from, to, asset, amount, time
type Row = [String; 8];

/// Transfers between a few addresses, some of them of more than 64 and of more than 128 bits.
fn transfers(seed: u64, count: u64) -> Vec<Row> {
    let mut chance = Chance(seed);
    let mut rows = Vec::new();
    for at in 0..count {
        let address = |number: u64| format!("0x{number:040x}");
        let amount = match chance.below(12) {
            0 => "0".to_owned(),
            1 => format!("{}000000000000000000000000000000000000000000", 1 + chance.below(9)),
            2 => format!("{}000000000000000000000", 1 + chance.below(9)),
            _ => (1 + chance.below(1_000_000)).to_string(),
        };
        let asset = ["ETH", "0x00000000000000000000000000000000000000AA"][chance.below(2) as usize];
        rows.push([
            (1_000 + at / 3).to_string(),
            (at % 3).to_string(),
            format!("0x{at:064x}"),
            address(chance.below(60)),
            address(chance.below(60)),
            asset.to_owned(),
            amount,
            (1_772_323_200 + at * 900).to_string(),
        ]);
    }
    rows
}

const NAMES: [&str; 8] = ["block", "index", "tx", "from", "to", "asset", "amount", "time"];

fn written(path: &Path, rows: &[Row]) {
    let column = |at: usize| match NAMES[at] {
        "block" | "index" | "time" => {
            Column::Number(rows.iter().map(|row| row[at].parse().unwrap()).collect())
        }
        _ => Column::texts(rows.iter().map(|row| row[at].clone())),
    };
    parquet(path, NAMES.iter().enumerate().map(|(at, name)| (*name, column(at))).collect(), 40);
}

type Sums = BTreeMap<(String, String, String), [U256; 2]>;

fn expected(rows: &[Row]) -> Sums {
    let mut sums = Sums::new();
    for row in rows {
        let (amount, days): (U256, i64) = (row[6].parse().unwrap(), row[7].parse::<i64>().unwrap() / 86_400);
        let day = stix::Timestamp::from_micros(days * 86_400_000_000).to_string()[..10].to_owned();
        for (side, address) in [&row[3], &row[4]].into_iter().enumerate() {
            sums.entry((address.clone(), day.clone(), row[5].to_lowercase().replace("eth", "ETH")))
                .or_default()[side] += amount;
        }
    }
    sums
}

fn told(answer: &str) -> Sums {
    let mut sums = Sums::new();
    for line in answer.lines() {
        let sum: Json = serde_json::from_str(line).unwrap();
        let text = |name: &str| sum[name].as_str().unwrap_or_else(|| panic!("{line}")).to_owned();
        let both = [text("given").parse().unwrap(), text("got").parse().unwrap()];
        assert!(sums.insert((text("address"), text("day"), text("asset")), both).is_none(), "{line}");
    }
    sums
}

#[test]
fn sums_by_address_day_and_asset_are_exact_here_and_on_a_cluster() {
    let dir = tempfile::tempdir().unwrap();
    let rows = transfers(5, 600);
    written(&dir.path().join("t.parquet"), &rows);
    let path = dir.path().join("t.parquet").display().to_string();
    let args = ["transfers", "sums", &path, "--by", "address,day,asset", "--json", "--parts", "4"];
    let sums = expected(&rows);
    assert!(sums.values().flatten().any(|sum| *sum > U256::from(u128::MAX)));
    assert_eq!(told(&said(program().args(args), &[0])), sums);
    let cluster = Cluster::of(2);
    assert_eq!(told(&said(&mut cluster.command(&args), &[0])), sums);
    // All of a day, once for each transfer.
    let answer = said(program().args(["transfers", "sums", &path, "--by", "asset", "--json"]), &[0]);
    let moved: U256 = answer
        .lines()
        .map(|line| {
            serde_json::from_str::<Json>(line).unwrap()["moved"].as_str().unwrap().parse::<U256>().unwrap()
        })
        .sum();
    assert_eq!(moved, rows.iter().map(|row| row[6].parse::<U256>().unwrap()).sum::<U256>());
}

#[test]
fn a_wrong_row_is_told_and_left_out_only_if_that_was_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.csv");
    std::fs::write(
        &path,
        "block,index,tx,from,to,asset,amount,time\n1,0,x,a,b,ETH,5,7\n1,1,x,a,b,ETH,-5,7\n",
    )
    .unwrap();
    let output = program().args(["transfers", "sums", "--json"]).arg(&path).output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{err}");
    assert!(err.contains("row 2, column amount: it is negative"), "{err}");
    let output = program().args(["transfers", "sums", "--json", "--skip"]).arg(&path).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("1 rows are left out"));
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 2);
    let max = U256::MAX.to_string();
    std::fs::write(
        &path,
        format!("block,index,tx,from,to,asset,amount,time\n1,0,x,a,b,ETH,{max},7\n1,1,x,a,b,ETH,1,7\n"),
    )
    .unwrap();
    let output = program().args(["transfers", "sums", "--json"]).arg(&path).output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && err.contains("more than 2^256 - 1"), "{err}");
}

/// Who holds what is tainted, by name and asset.
fn traced(
    dir: &Path,
    name: &str,
    file: &Path,
    theft: &Row,
    method: Method,
) -> BTreeMap<(String, String), [U256; 3]> {
    let folder = dir.join(format!("{name}-{method:?}"));
    let mut writer = Writer::create(&folder, "ethereum").unwrap();
    let mapping = Mapping::parse(Mapping::ready("bongsu").unwrap()).unwrap();
    let (append, _) =
        trace::read::file(writer.append(), File::open(file).unwrap(), &mapping, &Options::default()).unwrap();
    append.finish().unwrap();
    drop(writer);
    let store = Store::open(&folder).unwrap();
    let number =
        (0..store.len()).find(|number| store.transaction(*number).as_ref() == Some(&theft[2])).unwrap();
    let thefts = [Theft { number, stolen: None }];
    let found = follow(&store, &thefts, method, |_| Place::Holder, Limits::default(), Way::Sweep).unwrap();
    let holder = |holder: trace::taint::Holder| {
        let key = (store.address(holder.account).unwrap(), store.asset_name(holder.asset).unwrap());
        (key, [holder.balance, holder.tainted, holder.unexplained])
    };
    found.holders().map(holder).collect()
}

#[test]
fn a_trace_of_what_was_reached_comes_to_what_a_trace_of_all_comes_to() {
    let dir = tempfile::tempdir().unwrap();
    let mut chance = Chance(11);
    // Sparse, so that a part is reached and not all.
    let mut rows = transfers(7, 500);
    for row in &mut rows {
        row[3] = format!("0x{:040x}", chance.below(110));
        row[4] = format!("0x{:040x}", chance.below(110));
        row[6] = (1 + chance.below(1_000)).to_string();
    }
    let theft = rows.iter_mut().find(|row| row[3] != row[4]).unwrap();
    theft[6] = "1000000".to_owned();
    let theft = theft.clone();
    let whole = dir.path().join("whole.parquet");
    written(&whole, &rows);
    let cluster = Cluster::of(2);
    let path = whole.display().to_string();
    for (name, at) in [("here", None), ("cluster", Some(&cluster))] {
        let out = dir.path().join(format!("{name}.csv"));
        let out_text = out.display().to_string();
        let args = [
            "transfers",
            "reached",
            &path,
            "--from",
            &theft[4],
            "--since",
            &theft[7],
            "--out",
            &out_text,
            "--parts",
            "3",
        ];
        said(
            &mut at.map_or_else(
                || {
                    let mut own = program();
                    own.args(args);
                    own
                },
                |cluster| cluster.command(&args),
            ),
            &[0],
        );
        let lines = std::fs::read_to_string(&out).unwrap().lines().count() - 1;
        assert!(lines > 10 && lines < rows.len(), "{lines} of {} transfers", rows.len());
        for method in [Method::Fifo, Method::Haircut, Method::Poison] {
            let part = traced(dir.path(), name, &out, &theft, method);
            assert!(part.len() > 3);
            assert_eq!(
                part,
                traced(dir.path(), &format!("{name}-whole"), &whole, &theft, method),
                "{method:?}"
            );
        }
        assert!(
            !program().args(args).output().unwrap().status.success(),
            "what is there is not written over"
        );
    }
}
