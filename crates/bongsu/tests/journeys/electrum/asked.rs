//! What a server is asked, and what becomes of what it does not tell: histories that are too long, an end before all was told, blocks in which
//! nothing of the theft is.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;

use super::chain::{Chain, Lie, Running, between, laundered, lines};
use crate::node::wait;

const HISTORY: &str = "blockchain.scripthash.get_history";

/// How often histories were told, and what was last said of a block.
static HISTORIES: AtomicUsize = AtomicUsize::new(0);
static TIPS: AtomicUsize = AtomicUsize::new(0);
static STATUSES: AtomicUsize = AtomicUsize::new(0);
/// Proofs that were told, and whether further ones wait.
static PROOFS: AtomicUsize = AtomicUsize::new(0);
static IS_HELD: AtomicBool = AtomicBool::new(false);

fn counts(method: &str, _: &mut Value) {
    match method {
        HISTORY => &HISTORIES,
        "blockchain.headers.subscribe" => &TIPS,
        "blockchain.scripthash.subscribe" => &STATUSES,
        _ => return,
    }
    .fetch_add(1, Ordering::Relaxed);
}

#[test]
fn what_a_server_does_not_tell_is_not_known_and_what_it_told_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let mut chain = Chain::start(dir.path());
    let (theft, last) = laundered(&mut chain);
    // Forty outputs, more than are asked for together, that are spent at once.
    let to: Vec<(u64, u64)> = (0..40).map(|at| (16 + at % 20, 37)).collect();
    let many = chain.pay(&[(&last, 0)], &to);
    chain.mine(1);
    let spend: Vec<(&str, u32)> = (0..40).map(|output| (many.as_str(), output)).collect();
    let joined = chain.pay(&spend, &[(36, 1_470)]);
    chain.mine(1);
    chain.serves();
    let base = ["--theft", theft.as_str(), "--method", "poison"];
    let (at, lie) = between(chain.plain);

    // One owner's history is longer than is taken; what goes on elsewhere goes on.
    let lies: [(&str, Lie); 2] = [
        ("longer than 16777216 bytes", |method, told| {
            if method == HISTORY && told.as_array().unwrap().len() >= 3 {
                *told = "x".repeat(17 << 20).into();
            }
        }),
        ("100001 transactions of one script; the limit is 100000", |method, told| {
            if method == HISTORY && told.as_array().unwrap().len() >= 3 {
                let one = told[0].clone();
                *told = vec![one; 100_001].into();
            }
        }),
    ];
    for (why, told) in lies {
        *lie.lock().unwrap() = told;
        let output = chain.fetch(&at, &base);
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        let ended = lines(&output).pop().unwrap();
        // The theft and two peels, at the second of which the owner is one of many payments.
        assert_eq!((&ended["transactions"], &ended["written"]), (&3.into(), &true.into()), "{ended}");
        let left: Vec<&str> = ended["left"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert!(left.len() == 1 && left[0].contains(why), "{left:?}");
        std::fs::remove_dir_all(chain.folder.join("fetched")).unwrap();
    }

    // Who is told to end keeps what was proven, and says what was not asked for.
    *lie.lock().unwrap() = |method, _| {
        if method == "blockchain.transaction.get_merkle" && PROOFS.fetch_add(1, Ordering::Relaxed) >= 2 {
            while IS_HELD.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    };
    IS_HELD.store(true, Ordering::Relaxed);
    let mut command = chain.fetching(&at);
    command.args(base).args(["--confirmations", "0"]).stdout(Stdio::piped()).stderr(Stdio::null());
    let running = command.spawn().unwrap();
    assert!(wait(Duration::from_secs(60), || (PROOFS.load(Ordering::Relaxed) > 2).then_some(())).is_some());
    assert!(Command::new("kill").args(["-INT", &running.id().to_string()]).status().unwrap().success());
    let output = running.wait_with_output().unwrap();
    IS_HELD.store(false, Ordering::Relaxed);
    let ended = lines(&output).pop().unwrap();
    assert_eq!((&ended["event"], &ended["transactions"]), (&"ended".into(), &2.into()), "{ended}");
    assert!(ended["left"].to_string().contains("not asked for yet") && ended["written"] == true, "{ended}");
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(chain.bitcoin("fetched", &base).status.code(), Some(3), "what is kept says so too");

    // The same again goes on there.
    *lie.lock().unwrap() = |_, _| {};
    let output = chain.fetch(&at, &base);
    assert!(output.status.success(), "{output:?}");
    let ended = lines(&output).pop().unwrap();
    assert_eq!((&ended["transactions"], &ended["added"]), (&7.into(), &5.into()), "{ended}");
    chain.same(&base);
    // What is spent by a transaction that is there is not said to be unspent, whichever of the many it was asked of first.
    let kept: Value =
        serde_json::from_str(&std::fs::read_to_string(chain.folder.join("fetched/electrum.json")).unwrap())
            .unwrap();
    let unspent: Vec<&str> = kept["unspent"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(unspent.contains(&format!("{joined}:0").as_str()), "{unspent:?}");
    assert!(!unspent.iter().any(|output| output.starts_with(&many)), "{unspent:?}");
    polls(&mut chain, &base, &joined);
}

/// Where no block comes, nobody's history is asked for; where one comes, those are that are others than they were.
fn polls(chain: &mut Chain, base: &[&str], joined: &str) {
    let (at, lie) = between(chain.plain);
    *lie.lock().unwrap() = counts;
    let mut command = chain.fetching(&at);
    command.args(base).args(["--every", "1", "--confirmations", "0"]);
    let mut running = Running(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    let mut told = BufReader::new(running.0.stdout.take().unwrap()).lines().map_while(Result::ok);
    let count = |of: &AtomicUsize| of.load(Ordering::Relaxed);
    let asked_again = |times: usize| {
        let until = count(&TIPS) + times;
        assert!(wait(Duration::from_secs(60), || (count(&TIPS) >= until).then_some(())).is_some());
    };
    asked_again(2);
    let all = count(&HISTORIES);
    assert!(all > 0, "a new run asks for all");
    asked_again(3);
    assert_eq!((count(&HISTORIES), count(&STATUSES)), (all, 0));
    chain.mine(1);
    let read = told.find(|line| line.contains("\"read\"")).unwrap();
    assert!(read.contains("\"added\":0"), "{read}");
    assert_eq!(count(&HISTORIES), all, "no owner of the theft's was paid in that block");
    let statuses = count(&STATUSES);
    assert_eq!(statuses, all, "each was asked shortly instead");
    chain.pay(&[(joined, 0)], &[(37, 1_460)]);
    chain.mine(1);
    let read = told.find(|line| line.contains("\"read\"")).unwrap();
    assert!(read.contains("\"added\":1"), "{read}");
    // Of the one that paid, and of the one that it paid.
    assert_eq!(count(&HISTORIES), all + 2);
    let ended = Command::new("kill").args(["-TERM", &running.0.id().to_string()]).status().unwrap();
    assert!(ended.success() && running.0.wait().unwrap().success());
    assert!(told.last().unwrap().contains("\"written\":true"));
}
