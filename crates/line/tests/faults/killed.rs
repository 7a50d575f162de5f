//! kill -9 at random moments, and files that can't grow for a while.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bongsu_line::{Added, Seq};

use crate::check::{Acknowledged, whole};
use crate::dice::Dice;
use crate::work::{NUMBERS, lines};

/// Rounds on one store: the later ones have a history of faults behind them.
const ROUNDS_PER_STORE: u64 = 20;
/// Numbers of one round: those of all appenders.
const ROUND: u64 = 4 * NUMBERS;
/// From here on are the numbers with which it is checked that a store goes on.
const CHECKS: u64 = 1 << 60;
/// How long it is waited for what must come; it does not decide what is right.
const PATIENCE: Duration = Duration::from_secs(60);

/// A process that appends until it is killed, and what it has said so far.
struct Appending {
    child: Child,
    said: Arc<Mutex<Vec<String>>>,
    listener: JoinHandle<()>,
}

impl Appending {
    fn begin(folder: &Path, first: u64) -> Self {
        // A file beyond its limit is an error of the write and not the end of the process.
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"]);
        command.arg(std::env::current_exe().unwrap()).arg("child").arg(folder);
        command.args([first.to_string(), u64::MAX.to_string()]);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let said = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&said);
        let listener = std::thread::spawn(move || {
            let mut line = String::new();
            // A line that does not end was not said.
            while out.read_line(&mut line).unwrap() > 0 && line.ends_with('\n') {
                into.lock().unwrap().push(line.trim_end().to_owned());
                line.clear();
            }
            out.read_to_string(&mut line).unwrap();
        });
        Self { child, said, listener }
    }

    fn count(&self, is_meant: fn(&str) -> bool) -> usize {
        self.said.lock().unwrap().iter().filter(|line| is_meant(line)).count()
    }

    /// Waits for `more` lines of a kind.
    fn wait_for(&mut self, is_meant: fn(&str) -> bool, more: usize) {
        let (wanted, until) = (self.count(is_meant) + more, Instant::now() + PATIENCE);
        while self.count(is_meant) < wanted {
            assert!(Instant::now() < until, "it goes on by itself: {:?}", self.said.lock().unwrap().last());
            assert_eq!(self.child.try_wait().unwrap(), None, "it lives");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Lets no file grow beyond `bytes`, or any again.
    fn limit(&self, bytes: Option<u64>) {
        let limit = bytes.map_or_else(|| "unlimited".to_owned(), |bytes| bytes.to_string());
        let mut command = Command::new("prlimit");
        command.arg(format!("--pid={}", self.child.id())).arg(format!("--fsize={limit}:unlimited"));
        assert!(command.status().unwrap().success());
    }

    /// Kills it, and gives what it had said.
    fn kill(mut self, acknowledged: &mut Acknowledged) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.listener.join().unwrap();
        for line in self.said.lock().unwrap().iter().filter(|line| is_acknowledgement(line)) {
            let numbers: Vec<i64> = line.split(' ').map(|number| number.parse().unwrap()).collect();
            let [at, number, seq, added] = numbers[..] else { panic!("{line}") };
            let place = (lines()[usize::try_from(at).unwrap()], Seq(seq.cast_unsigned()));
            let twice = acknowledged.insert(place, (number.cast_unsigned(), Added(added)));
            assert_eq!(twice, None, "one place is acknowledged once");
        }
    }
}

fn is_acknowledgement(line: &str) -> bool {
    !line.starts_with("failed ")
}

/// Kills at random moments: while the store opens, between its first writes, in the middle of work.
pub(crate) fn rounds(dice: &mut Dice, rounds: u64) -> u64 {
    stores(rounds, |_, _| {
        let most = if dice.one_in(4) { 3_000 } else { 25_000 };
        std::thread::sleep(Duration::from_micros(dice.below(most)));
    })
}

/// As [`rounds`], but files can't grow for a while, wherever in a write that may begin; half of the processes are killed
/// meanwhile, of the others work has to go on once they can grow again.
pub(crate) fn limited(dice: &mut Dice, rounds: u64) -> u64 {
    stores(rounds, |appending, folder| {
        appending.wait_for(is_acknowledgement, 1);
        std::thread::sleep(Duration::from_micros(dice.below(5_000)));
        let log = std::fs::metadata(folder.join("bongsu.sqlite-wal")).map_or(0, |log| log.len());
        appending.limit(Some(dice.below(log + 65_536)));
        appending.wait_for(|line| line.starts_with("failed "), 1);
        if dice.one_in(2) {
            appending.limit(None);
            appending.wait_for(is_acknowledgement, 1);
        }
    })
}

fn stores(rounds: u64, mut disturb: impl FnMut(&mut Appending, &Path)) -> u64 {
    let mut count = 0;
    let mut folder = tempfile::tempdir().unwrap();
    let mut acknowledged = Acknowledged::new();
    for round in 0..rounds {
        if round % ROUNDS_PER_STORE == 0 {
            count += acknowledged.len() as u64;
            (folder, acknowledged) = (tempfile::tempdir().unwrap(), Acknowledged::new());
        }
        let path = folder.path();
        let mut appending = Appending::begin(path, round * ROUND);
        disturb(&mut appending, path);
        appending.kill(&mut acknowledged);
        let next = CHECKS + round * 100;
        let was_sent =
            |number| number < (round + 1) * ROUND || (CHECKS..CHECKS + round * 100).contains(&number);
        let (store, there) = whole(path, &acknowledged, was_sent, next);
        // What was not acknowledged but is there has been seen, and must stay as well.
        acknowledged = there;
        drop(store);
    }
    count + acknowledged.len() as u64
}
