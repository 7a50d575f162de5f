//! The finds of a hunt are the same wherever it is done.

use crate::archives::{Column, parquet};
use crate::parts::{Cluster, program, said};
use crate::watched::{expected, log, watch_file};
use serde_json::{Value as Json, json};
use std::process::Command;

/// The finds that a hunt tells, and its summary.
pub(crate) fn hunted(command: &mut Command) -> (Vec<Json>, Json) {
    told(&said(command, &[0]))
}

pub(crate) fn told(answer: &str) -> (Vec<Json>, Json) {
    let mut lines: Vec<Json> = answer.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let summary = lines.pop().unwrap()["summary"].clone();
    (lines, summary)
}

#[test]
fn a_hunt_finds_the_same_in_one_process_and_with_1_2_and_4_executors() {
    let dir = tempfile::tempdir().unwrap();
    let (watch, key) = watch_file();
    let watch_path = dir.path().join("watch.bongsu");
    std::fs::write(&watch_path, watch).unwrap();
    let folder = dir.path().join("logs");
    std::fs::create_dir(&folder).unwrap();
    let mut all = Vec::new();
    for (name, lines) in [("a.parquet", log(3_000, 40)), ("b.parquet", log(500, 7))] {
        parquet(&folder.join(name), vec![("line", Column::texts(lines.clone()))], 300);
        all.extend(expected(&format!("{}/{name}", folder.display()), &(lines.join("\n") + "\n")));
    }
    assert!(
        all.iter().any(|find| find["value"] == "http://bad-k3.top/in.php"),
        "the head of a table counts in later pieces"
    );
    let args = [
        "hunt",
        watch_path.to_str().unwrap(),
        folder.to_str().unwrap(),
        "--json",
        "--key",
        &key,
        "--parts",
        "7",
    ];
    let (finds, summary) = hunted(program().args(args));
    assert_eq!(finds, all);
    assert_eq!((&summary["finds"], &summary["files"]), (&json!(all.len()), &json!(2)));
    assert_eq!((&summary["lines"], &summary["tlp"]), (&json!(3_504), &json!("TLP:AMBER")));
    for executors in [1, 2, 4] {
        let cluster = Cluster::of(executors);
        // One that has just been started may come too late for the first.
        let has_each_worked = (0..20).any(|_| {
            let (finds, told) = hunted(&mut cluster.command(&args));
            assert_eq!(finds, all, "{executors} executors");
            for part in ["finds", "different", "files", "lines", "bytes", "watched"] {
                assert_eq!(told[part], summary[part], "{executors} executors: {part}");
            }
            cluster.executors.iter().all(|executor| executor.begun() > 0)
        });
        assert!(has_each_worked, "{executors} executors have each a part of the work");
    }
}

#[test]
fn rows_with_many_columns_are_hunted_as_the_objects_that_a_log_would_have() {
    let dir = tempfile::tempdir().unwrap();
    let (watch, _) = watch_file();
    let watch_path = dir.path().join("watch.bongsu");
    std::fs::write(&watch_path, watch).unwrap();
    let hosts = ["bad-k3.top", "good.example", "evil-k3.top"];
    let urls = ["/in.php", "/in.php", "/"];
    let path = dir.path().join("eve.parquet");
    parquet(
        &path,
        vec![
            ("hostname", Column::texts(hosts)),
            ("url", Column::texts(urls)),
            ("n", Column::Number(vec![1, 2, 3])),
        ],
        2,
    );
    let lines: Vec<String> = (0..3)
        .map(|at| format!("{{\"hostname\":\"{}\",\"url\":\"{}\",\"n\":{}}}", hosts[at], urls[at], at + 1))
        .collect();
    let all = expected(path.to_str().unwrap(), &(lines.join("\n") + "\n"));
    assert_eq!(all.len(), 2);
    let args = ["hunt", watch_path.to_str().unwrap(), path.to_str().unwrap(), "--json"];
    assert_eq!(hunted(program().args(args)).0, all);
    // JSON lines are what they are.
    let jsonl = dir.path().join("eve.jsonl");
    std::fs::write(&jsonl, lines.join("\n")).unwrap();
    let mut all = expected(jsonl.to_str().unwrap(), &(lines.join("\n") + "\n"));
    let args = ["hunt", watch_path.to_str().unwrap(), jsonl.to_str().unwrap(), "--json"];
    let (mut finds, _) = hunted(program().args(args));
    // Their members come in another order.
    for find in finds.iter_mut().chain(&mut all) {
        let text = find["text"].take();
        find["text"] = serde_json::from_str(text.as_str().unwrap()).unwrap();
    }
    assert_eq!(finds, all);
    // One column alone, and so many finds.
    let args =
        ["hunt", watch_path.to_str().unwrap(), path.to_str().unwrap(), "--json", "--column", "hostname"];
    let (finds, _) = hunted(program().args(args));
    assert_eq!(finds.iter().map(|find| find["line"].clone()).collect::<Vec<_>>(), [json!(3)]);
    let (finds, _) = hunted(program().args([&args[..3], &["--json", "--most", "1"]].concat()));
    assert_eq!(finds.len(), 1);
}
