//! A disk that is full at random moments: a small file system of its own, and something else that takes its room.

use std::fs;
use std::path::Path;
use std::process::Command;

use bongsu_line::{Outcome, StorageError, Store};

use crate::check::{Acknowledged, whole};
use crate::dice::Dice;
use crate::work::{Append, lines};

/// Bytes of the file system.
const DISK_BYTES: usize = 4 << 20;
const ROUNDS_PER_STORE: u64 = 10;

/// Runs [`inside`] where it may mount a file system; gives how many records were acknowledged.
pub(crate) fn rounds(dice: &mut Dice, rounds: u64) -> u64 {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("unshare");
    command.args(["-Urm", "sh", "-c"]);
    command.arg(format!("mount -t tmpfs -o size={DISK_BYTES} none \"$2\" && exec \"$0\" \"$@\""));
    command.arg(std::env::current_exe().unwrap()).arg("full").arg(folder.path());
    command.arg(dice.below(u64::MAX).to_string()).arg(rounds.to_string());
    let output = command.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
    out.trim().parse().unwrap()
}

/// Fills the disk in which `disk` lies, again and again, and says at the end how many records were acknowledged.
pub(crate) fn inside(disk: &Path, seed: u64, rounds: u64) {
    let mut dice = Dice::new(seed);
    let (folder, ballast) = (disk.join("node"), disk.join("ballast"));
    let (mut acknowledged, mut count, mut next) = (Acknowledged::new(), 0, 0);
    for round in 0..rounds {
        if round % ROUNDS_PER_STORE == 0 {
            count += acknowledged.len();
            acknowledged.clear();
            let _not_there_at_first = fs::remove_dir_all(&folder);
        }
        let sent = next;
        let (store, mut there) = whole(&folder, &acknowledged, |number| number < sent, next);
        next += 100;
        let room = free(disk);
        fs::write(&ballast, vec![7; room.saturating_sub(dice.within(0..300_000))]).unwrap();
        append_until_it_fails(&store, &mut dice, &mut next, &mut there);
        // Reads go on.
        for line in lines() {
            let (size, _) = store.root(line).unwrap();
            let last = store.records(line, bongsu_line::Seq(size.saturating_sub(1)), 1).unwrap();
            assert_eq!(last.len(), usize::from(size > 0));
        }
        match dice.below(3) {
            // It is ended, in whatever room there is, and begins again once there is more.
            0 => {
                drop(store);
                fs::remove_file(&ballast).unwrap();
            }
            // There is room again, and it goes on by itself.
            1 => {
                fs::remove_file(&ballast).unwrap();
                let append = Append { line: lines()[0], first: next, count: 3 };
                next += 3;
                note(&store, append, &mut there).unwrap();
                drop(store);
            }
            // Some room comes, a little at a time.
            _ => {
                for _ in 0..3 {
                    let now = fs::metadata(&ballast).unwrap().len();
                    fs::File::options().write(true).open(&ballast).unwrap().set_len(now / 2).unwrap();
                    append_some(&store, &mut dice, &mut next, &mut there);
                }
                fs::remove_file(&ballast).unwrap();
                drop(store);
            }
        }
        acknowledged = there;
    }
    println!("{}", count + acknowledged.len());
}

fn free(disk: &Path) -> usize {
    let output = Command::new("df").args(["--output=avail", "-B1"]).arg(disk).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().nth(1).unwrap().trim().parse().unwrap()
}

fn note(store: &Store, append: Append, there: &mut Acknowledged) -> Result<(), StorageError> {
    let outcomes = store.append(append.line, append.drafts())?;
    for (number, outcome) in (append.first..).zip(outcomes) {
        let Outcome::Appended { seq, added } = outcome else { panic!("{outcome:?}") };
        there.insert((append.line, seq), (number, added));
    }
    Ok(())
}

/// Appends, now and then the same again, until the disk is full.
fn append_until_it_fails(store: &Store, dice: &mut Dice, next: &mut u64, there: &mut Acknowledged) {
    for _ in 0..10_000 {
        let append = Append { line: lines()[dice.within(0..4)], first: *next, count: 1 + dice.below(30) };
        *next += append.count;
        if let Err(error) = note(store, append, there) {
            assert!(matches!(error, StorageError::Full), "{error}");
            assert!(error.to_string().contains("make room"), "it says what to do: {error}");
            return;
        }
    }
    panic!("the disk was never full");
}

fn append_some(store: &Store, dice: &mut Dice, next: &mut u64, there: &mut Acknowledged) {
    for _ in 0..5 {
        let append = Append { line: lines()[dice.within(0..4)], first: *next, count: 1 + dice.below(30) };
        *next += append.count;
        match note(store, append, there) {
            Ok(()) | Err(StorageError::Full) => {}
            Err(error) => panic!("{error}"),
        }
    }
}
