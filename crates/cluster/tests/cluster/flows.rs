//! Flows are what `bongsu region flows` says of the same sightings, wherever they are summed up.

use crate::archives::{Chance, Column, parquet};
use crate::parts::{Cluster, program, said};
use region::transit::flow::Options;
use region::transit::geo::Ranges;
use region::transit::told::told;
use region::transit::{By, Observed, read};
use region::world::Territories;
use serde_json::{Value as Json, json};
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

/// Of some addresses it is said where they are, of some twice and differently, of some only tables know.
const RANGES: &str = "192.0.2.0/25,DE\n192.0.2.128/25,FR\n198.51.100.0/24,JP\n2001:db8::/33,SG\n";

/// Rows of sightings: time, source, hops, victim, count.
pub(crate) fn sightings(seed: u64, count: u64) -> Vec<[String; 5]> {
    let mut chance = Chance(seed);
    let mut rows = Vec::new();
    for at in 0..count {
        let address = |chance: &mut Chance| match chance.below(6) {
            0 => format!("198.51.100.{}", chance.below(20)),
            1 => format!("2001:db8::{:x}", chance.below(20)),
            2 => format!("::ffff:192.0.2.{}", chance.below(250)),
            _ => format!("192.0.2.{}", chance.below(250)),
        };
        let hop = |chance: &mut Chance| {
            let role = ["", "/proxy", "/c2", "/hosting"][chance.below(4) as usize];
            let place = ["@KR", "@DE:AS64500", "@AS64501", "@US"][chance.below(4) as usize];
            match chance.below(10) {
                0 => "?".to_owned(),
                1 | 2 => format!("{place}{role}"),
                3 => format!("{}{place}{role}", address(chance)),
                _ => format!("{}{role}", address(chance)),
            }
        };
        let hops: Vec<String> = (0..chance.below(5)).map(|_| hop(&mut chance)).collect();
        let source = if chance.below(3) == 0 {
            String::new()
        } else {
            hop(&mut chance).split('/').next().unwrap_or_default().to_owned()
        };
        let victim = match chance.below(5) {
            0 => String::new(),
            1 => address(&mut chance),
            2 => "@JP:AS64502".to_owned(),
            _ => "KR".to_owned(),
        };
        let times = ["1772323200", "2026-03-01T00:00:00Z"];
        let time = match chance.below(40) {
            0 => "yesterday".to_owned(),
            1 => times[1].to_owned(),
            _ => (1_772_323_200 + at * 3_600 * (1 + chance.below(9))).to_string(),
        };
        let count = if chance.below(4) == 0 { String::new() } else { chance.below(9).to_string() };
        rows.push([time, source, hops.join(" "), victim, count]);
    }
    rows
}

fn table(rows: &[[String; 5]]) -> String {
    let lines: Vec<String> = rows.iter().map(|row| row.join(",")).collect();
    format!("time,source,hops,victim,count\n{}\n", lines.join("\n"))
}

/// A folder with sightings as Parquet, a table of addresses, and what `bongsu region flows --json` is made of says of them.
struct Ground {
    dir: TempDir,
    geo: PathBuf,
    files: Vec<Vec<[String; 5]>>,
}

impl Ground {
    fn new(files: Vec<Vec<[String; 5]>>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let geo = dir.path().join("geo.csv");
        std::fs::write(&geo, RANGES).unwrap();
        std::fs::create_dir(dir.path().join("seen")).unwrap();
        for (at, rows) in files.iter().enumerate() {
            let column = |at: usize| {
                Column::Text(
                    rows.iter().map(|row| Some(row[at].clone()).filter(|text| !text.is_empty())).collect(),
                )
            };
            let names = ["time", "source", "hops", "victim", "count"];
            let columns = names.iter().enumerate().map(|(at, name)| (*name, column(at))).collect();
            parquet(&dir.path().join(format!("seen/{at}.parquet")), columns, 70);
        }
        Self { dir, geo, files }
    }

    fn expected(&self, by: By, has_tables: bool) -> Json {
        let text = if has_tables { RANGES } else { "" };
        let tables = Ranges::read(text.as_bytes()).unwrap().ranges;
        let mut observed = Observed::default();
        for rows in &self.files {
            read::table(&mut observed, table(rows).as_bytes(), &tables).unwrap();
        }
        told(&observed, &[], Options::by(by)).json(1_000, &Territories::default())
    }

    fn args(&self, by: &str, has_tables: bool) -> Vec<String> {
        let mut args =
            ["flows", "--json", "--top", "1000", "--parts", "5", "--by", by].map(str::to_owned).to_vec();
        if has_tables {
            args.extend(["--geo".to_owned(), self.geo.display().to_string()]);
        }
        args.push(self.dir.path().join("seen").display().to_string());
        args
    }
}

fn flowed(command: &mut Command) -> (Json, Json) {
    let mut answer: Json = serde_json::from_str(&said(command, &[0, 3])).unwrap();
    let unread = answer.as_object_mut().unwrap().remove("unread").unwrap();
    (answer, unread)
}

#[test]
fn flows_are_the_same_in_one_process_and_with_1_2_and_4_executors() {
    let ground = Ground::new(vec![sightings(1, 400), sightings(2, 300)]);
    let cases =
        [("country", By::Country, true), ("network", By::Network, true), ("country", By::Country, false)];
    for (name, by, has_tables) in cases {
        let (told, unread) = flowed(program().args(ground.args(name, has_tables)));
        assert_eq!(told, ground.expected(by, has_tables), "{name}");
        let unread = unread.as_array().unwrap();
        assert!(
            unread.len() == 2 && unread[0].as_str().unwrap().contains("are left out; row "),
            "{unread:?}"
        );
    }
    for executors in [1, 2, 4] {
        let cluster = Cluster::of(executors);
        for (name, by, has_tables) in &cases[..2] {
            let args = ground.args(name, *has_tables);
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            let (told, _) = flowed(&mut cluster.command(&args));
            assert_eq!(told, ground.expected(*by, *has_tables), "{name} with {executors} executors");
        }
    }
}

#[test]
fn tables_and_lines_of_json_say_the_same_and_nothing_is_nothing() {
    let rows: Vec<[String; 5]> = sightings(3, 120).into_iter().filter(|row| row[0] != "yesterday").collect();
    let ground = Ground::new(vec![rows.clone()]);
    let expected = ground.expected(By::Country, false);
    let csv = ground.dir.path().join("seen.csv");
    std::fs::write(&csv, table(&rows)).unwrap();
    let (told, unread) = flowed(program().args(["flows", "--json", "--top", "1000"]).arg(&csv));
    assert_eq!((told, unread), (expected.clone(), json!([])));
    let object = |row: &[String; 5]| {
        let hops: Vec<&str> = row[2].split(' ').filter(|hop| !hop.is_empty()).collect();
        let count: u32 = row[4].parse().unwrap_or(1);
        json!({"time": row[0], "source": row[1], "hops": hops, "victim": row[3], "count": count}).to_string()
    };
    let jsonl = ground.dir.path().join("seen.jsonl");
    std::fs::write(&jsonl, rows.iter().map(object).collect::<Vec<_>>().join("\n")).unwrap();
    let (told, _) = flowed(program().args(["flows", "--json", "--top", "1000"]).arg(&jsonl));
    assert_eq!(told, expected);
    let none = ground.dir.path().join("none.csv");
    std::fs::write(&none, "time,hops\n").unwrap();
    let (told, _) = flowed(program().args(["flows", "--json"]).arg(&none));
    assert_eq!((&told["attacks"], &told["rows"]), (&json!(0), &json!([])));
}

#[test]
fn attacks_within_one_period_keep_their_times() {
    let row = |time: &str, hops: &str| [time, "@RU", hops, "KR", "2"].map(str::to_owned);
    let ground = Ground::new(vec![vec![
        row("1772323200", "192.0.2.1 @FR"),
        row("1772330000", "192.0.2.1 @FR"),
        row("1772325000", "?"),
    ]]);
    let (told, _) = flowed(program().args(ground.args("country", true)));
    assert_eq!(told, ground.expected(By::Country, true));
}
