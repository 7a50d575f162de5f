//! Power that fails in the middle of a write: what was synced is on the disk, of what was written since there may be any part.
//!
//! The files are copied when something is acknowledged, and again after more was appended. From the two are made what a disk may
//! hold in between: the log cut off anywhere, its sectors behind the last sync old, new, empty or of something else; the file with
//! some of the pages that the log is being moved into; and a log that was begun anew over an old one.

use std::fs;
use std::ops::Range;
use std::path::Path;

use crate::check::{Acknowledged, whole};
use crate::dice::Dice;
use crate::work::{Append, lines, open};

const FILE: &str = "bongsu.sqlite";
const LOG: &str = "bongsu.sqlite-wal";
const INDEX: &str = "bongsu.sqlite-shm";
/// Bytes before the first frame of a log, and before the page of each. Source: SQLite, "WAL-mode File Format", 1 and 2.
const LOG_HEAD: usize = 32;
const FRAME_HEAD: usize = 24;
/// Stores that are torn again and again before a new one is begun.
const TURNS_PER_STORE: u64 = 4;
/// What is made of each pair of copies.
const TAILS: u64 = 8;
const MOVES: u64 = 3;
const RESTARTS: u64 = 3;

/// The files as they were at one moment.
#[derive(Clone)]
struct Copy {
    file: Vec<u8>,
    log: Vec<u8>,
}

impl Copy {
    fn of(folder: &Path) -> Self {
        Self {
            file: fs::read(folder.join(FILE)).unwrap(),
            log: fs::read(folder.join(LOG)).unwrap_or_default(),
        }
    }

    fn put(&self, folder: &Path, dice: &mut Dice) {
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join(FILE), &self.file).unwrap();
        fs::write(folder.join(LOG), &self.log).unwrap();
        // The log's index is never synced.
        if dice.one_in(2) {
            fs::write(folder.join(INDEX), noise(dice, 32_768)).unwrap();
        }
    }

    /// Where the frames of the log's present turn end; those behind are of an earlier one.
    fn end(&self) -> usize {
        let Some(head) = self.log.get(..LOG_HEAD) else { return self.log.len() };
        let page = u32::from_be_bytes(head[8..12].try_into().unwrap()) as usize;
        let frames = self.log[LOG_HEAD..].chunks_exact(FRAME_HEAD + page);
        LOG_HEAD + frames.take_while(|frame| frame[8..16] == head[16..24]).count() * (FRAME_HEAD + page)
    }
}

fn noise(dice: &mut Dice, bytes: usize) -> Vec<u8> {
    (0..bytes).map(|_| dice.below(256) as u8).collect()
}

/// One store that is torn again and again, and what it has acknowledged.
struct Torn<'d> {
    dice: &'d mut Dice,
    folder: tempfile::TempDir,
    acknowledged: Acknowledged,
    /// The next number that was never sent.
    next: u64,
    rounds: u64,
    rounds_max: u64,
    count: u64,
}

pub(crate) fn rounds(dice: &mut Dice, rounds_max: u64) -> u64 {
    let folder = memory();
    let mut torn =
        Torn { dice, folder, acknowledged: Acknowledged::new(), next: 0, rounds: 0, rounds_max, count: 0 };
    let mut turn = 0;
    while torn.rounds < rounds_max {
        if turn % TURNS_PER_STORE == 0 {
            torn.count += torn.acknowledged.len() as u64;
            (torn.folder, torn.acknowledged) = (memory(), Acknowledged::new());
        }
        turn += 1;
        torn.turn();
    }
    torn.count + torn.acknowledged.len() as u64
}

/// In memory where there is such a place: it is the test that loses what was not synced.
fn memory() -> tempfile::TempDir {
    let place = Path::new("/dev/shm");
    if place.is_dir() { tempfile::tempdir_in(place) } else { tempfile::tempdir() }.unwrap()
}

impl Torn<'_> {
    fn turn(&mut self) {
        let path = self.folder.path().join("node");
        let days = i64::try_from(self.dice.below(3)).unwrap() - 1;
        let store = open(&path, days);
        let many = self.dice.below(6);
        self.append(&store, many);
        let (before, known) = (Copy::of(&path), self.acknowledged.clone());
        let more = 1 + self.dice.below(4);
        self.append(&store, more);
        let after = Copy::of(&path);
        for _ in 0..TAILS {
            let mut torn = before.clone();
            torn.log = self.tail(&before, &after.log);
            self.round(&torn, &known);
        }
        // Closing moves the log into the file.
        drop(store);
        let moved = Copy::of(&path);
        let known = self.acknowledged.clone();
        for _ in 0..MOVES {
            let file = self.mixed(&after.file, &moved.file);
            self.round(&Copy { file, log: after.log.clone() }, &known);
        }
        // A log that begins anew does so over what it held before, once the file has all of it.
        let store = open(&path, days);
        self.append(&store, 2);
        let anew = Copy::of(&path).log;
        drop(store);
        for _ in 0..RESTARTS {
            let mut log = after.log.clone();
            log.resize(log.len().max(anew.len()), 0);
            // Its head is synced before anything else of it is written.
            if !self.dice.one_in(4) {
                let mut newer = log.clone();
                newer[..anew.len()].copy_from_slice(&anew);
                log = self.mixed(&log, &newer);
            }
            log[..LOG_HEAD].copy_from_slice(&anew[..LOG_HEAD]);
            self.round(&Copy { file: moved.file.clone(), log }, &known);
        }
    }

    fn append(&mut self, store: &bongsu_line::Store, many: u64) {
        for _ in 0..many {
            let (line, count) = (lines()[self.dice.within(0..4)], 1 + self.dice.below(20));
            let append = Append { line, first: self.next, count };
            self.next += count;
            let outcomes = store.append(line, append.drafts()).unwrap();
            for (number, outcome) in (append.first..).zip(outcomes) {
                let bongsu_line::Outcome::Appended { seq, added } = outcome else { panic!("{outcome:?}") };
                self.acknowledged.insert((line, seq), (number, added));
            }
        }
    }

    /// Starts from what a disk may hold; now and then it is torn again there, and the store goes on from it.
    fn round(&mut self, torn: &Copy, known: &Acknowledged) {
        if self.rounds == self.rounds_max {
            return;
        }
        self.rounds += 1;
        let folder = memory();
        torn.put(folder.path(), self.dice);
        let sent = self.next;
        let (store, there) = whole(folder.path(), known, |number| number < sent, sent);
        self.next += 100;
        if self.dice.one_in(4) {
            let again = Copy::of(folder.path());
            drop(store);
            let folder = memory();
            again.put(folder.path(), self.dice);
            let sent = self.next;
            drop(whole(folder.path(), &there, |number| number < sent, sent));
            self.next += 100;
        }
    }

    /// The log as it was synced, and behind that some of what came later.
    fn tail(&mut self, before: &Copy, after: &[u8]) -> Vec<u8> {
        let end = before.end();
        let mut log = after.to_vec();
        log.truncate(log.len().max(end));
        assert_eq!(log.get(..end), before.log.get(..end), "what was synced stays as it is");
        let behind = end..log.len();
        match self.dice.below(7) {
            0 => log.truncate(self.dice.within(end..behind.end + 1)),
            1 => {
                let from = self.dice.within(end..behind.end + 1);
                log[from..].fill(0);
            }
            2 => {
                for _ in 0..=self.dice.below(8) {
                    let at = self.dice.within(behind.clone());
                    log[at] ^= 1 << self.dice.below(8);
                }
            }
            3 => {
                let at = self.dice.within(behind.clone());
                let long = self.dice.within(0..9_000);
                log.truncate(at);
                log.extend(noise(self.dice, long));
            }
            4 => {
                let pieces = sectors(behind, 4_096);
                let (one, two) = (self.dice.within(0..pieces.len()), self.dice.within(0..pieces.len()));
                let (one, two) = (pieces[one].clone(), pieces[two].clone());
                let (long, kept) = (one.len().min(two.len()), log.clone());
                log[one.start..one.start + long].copy_from_slice(&kept[two.start..two.start + long]);
                log[two.start..two.start + long].copy_from_slice(&kept[one.start..one.start + long]);
            }
            way => {
                let size = if way == 5 { 512 } else { 4_096 };
                for sector in sectors(behind, size) {
                    match self.dice.below(4) {
                        0 => log[sector].fill(0),
                        1 => {
                            for at in sector {
                                log[at] = before.log.get(at).copied().unwrap_or_default();
                            }
                        }
                        2 if self.dice.one_in(4) => {
                            let other = noise(self.dice, sector.len());
                            log[sector].copy_from_slice(&other);
                        }
                        _ => {}
                    }
                }
            }
        }
        log
    }

    /// Each sector from either.
    fn mixed(&mut self, old: &[u8], new: &[u8]) -> Vec<u8> {
        let mut mixed = new.to_vec();
        let share = 1 + self.dice.below(8);
        for sector in sectors(0..new.len(), if self.dice.one_in(2) { 512 } else { 4_096 }) {
            if !self.dice.one_in(share) {
                for at in sector {
                    mixed[at] = old.get(at).copied().unwrap_or_default();
                }
            }
        }
        mixed
    }
}

/// The sectors of a range of bytes; the first begins where the range does.
fn sectors(range: Range<usize>, size: usize) -> Vec<Range<usize>> {
    let first = range.start / size;
    let all = (first..range.end.div_ceil(size)).map(|at| at * size..(at + 1) * size);
    all.map(|sector| sector.start.max(range.start)..sector.end.min(range.end)).collect()
}
