//! An executor that is killed in the midst of the work changes nothing of what comes out.

use crate::archives::{Column, parquet};
use crate::hunts::{hunted, told};
use crate::parts::{Cluster, checked, program};
use crate::watched::{log, watch_file};
use std::process::Stdio;
use std::time::{Duration, Instant};

#[test]
fn an_executor_that_is_killed_changes_no_find() {
    let dir = tempfile::tempdir().unwrap();
    let watch_path = dir.path().join("watch.bongsu");
    std::fs::write(&watch_path, watch_file().0).unwrap();
    let path = dir.path().join("log.parquet");
    parquet(&path, vec![("line", Column::texts(log(60_000, 50)))], 200);
    let args = ["hunt", watch_path.to_str().unwrap(), path.to_str().unwrap(), "--json", "--parts", "300"];
    let (expected, _) = hunted(program().args(args));
    assert!(expected.len() >= 1_200);

    let mut cluster = Cluster::of(2);
    // Both are known to the scheduler when both have worked.
    let has_each_worked = (0..20).any(|_| {
        assert_eq!(hunted(&mut cluster.command(&args)).0, expected);
        cluster.executors.iter().all(|executor| executor.begun() > 0)
    });
    assert!(has_each_worked);
    let before = cluster.executors[0].begun();
    let mut hunt = cluster.command(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    while cluster.executors[0].begun() < before + 3 {
        assert!(begun.elapsed() < Duration::from_secs(60), "no task was done");
        assert!(hunt.try_wait().unwrap().is_none(), "it ended before the executor had worked");
        std::thread::sleep(Duration::from_millis(5));
    }
    // SIGKILL, as everybody's processes get it.
    cluster.executors[0].process.kill().unwrap();
    cluster.executors[0].process.wait().unwrap();
    assert!(hunt.try_wait().unwrap().is_none(), "it ended before the executor was killed");
    let (finds, _) = told(&checked(&hunt.wait_with_output().unwrap(), &[0]));
    assert_eq!(finds, expected);
}
