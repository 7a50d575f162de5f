//! Reading a file with several threads, in its order.

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Seek};
use std::num::NonZero;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::available_parallelism;

use super::block_times::BlockTimes;
use super::mapping::Mapping;
use super::parquet::{self, Columns, Reader};
use super::parse::{Parsed, Worker};
use super::pieces::Pieces;
use super::plan::Plan;
use super::{CsvError, Form, LISTED_MAX, Malformed};
use crate::store::{Append, Growing, Names};

/// The most workers: more wait for the one who appends.
const WORKERS_MAX: usize = 16;

/// What is done with a row that can't be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnMalformed {
    /// The load stops, and nothing is stored.
    #[default]
    Stop,
    /// The row is left out, and counted.
    Skip,
}

/// How a file is read.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// What is done with rows that can't be read.
    pub malformed: OnMalformed,
    /// How many threads parse; as many as there are processors if none is said.
    pub workers: Option<NonZero<usize>>,
    /// The times of the blocks, where the file has none.
    pub block_times: Option<Arc<BlockTimes>>,
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Rows, all of them.
    pub rows: u64,
    /// Those that the mapping leaves out (`only`).
    pub passed_over: u64,
    /// Those that couldn't be read.
    pub skipped: u64,
    /// The first [`LISTED_MAX`] of these.
    pub malformed: Vec<Malformed>,
}

/// Reads a CSV or Parquet file into an append, which its first bytes tell.
///
/// What can't be read from any place, such as a pipe, can be CSV. Otherwise as [`csv()`].
///
/// # Errors
/// [`CsvError`]; then the append is gone, and the store is as it was.
pub fn file<'w>(
    append: Append<'w>,
    input: impl Read + Seek + Send + 'static,
    mapping: &Mapping,
    options: &Options,
) -> Result<(Append<'w>, Report), CsvError> {
    take_in(append, mapping, options, || any(input, mapping, options))
}

/// Reads a CSV file into an append, which is given back when all of it has been taken in.
///
/// A file may be compressed with gzip or zstd. Rows may come in any order; those that are there already are recognised and
/// counted when the append is finished. Without an index in the file, rows that are the same in everything else are taken for
/// duplicates.
///
/// # Errors
/// [`CsvError`]; then the append is gone, and the store is as it was.
pub fn csv<'w>(
    append: Append<'w>,
    input: impl Read + Send,
    mapping: &Mapping,
    options: &Options,
) -> Result<(Append<'w>, Report), CsvError> {
    take_in(append, mapping, options, || begin(input, mapping, options))
}

/// Reads a CSV file and keeps nothing: what would a load say?
///
/// # Errors
/// [`CsvError`], as [`csv()`].
pub fn check(input: impl Read + Send, mapping: &Mapping, options: &Options) -> Result<Report, CsvError> {
    look_through(begin(input, mapping, options)?, options)
}

/// Reads a CSV or Parquet file and keeps nothing: what would a load say?
///
/// # Errors
/// [`CsvError`], as [`file()`].
pub fn check_file(
    input: impl Read + Seek + Send + 'static,
    mapping: &Mapping,
    options: &Options,
) -> Result<Report, CsvError> {
    look_through(any(input, mapping, options)?, options)
}

/// A file that was opened.
struct Opened<'a> {
    rows: Rows<'a>,
    plan: Plan,
    /// Lines that were read as the header.
    lines: u64,
}

/// Where rows are from.
enum Rows<'a> {
    Text(Pieces<'a>),
    Columns(Box<Reader>),
}

/// Some rows, on their way to a worker. Of the two, one is used.
#[derive(Default)]
struct Piece {
    text: Vec<u8>,
    quotes: bool,
    columns: Columns,
}

impl Rows<'_> {
    /// Reads the next rows; false at the end.
    fn next(&mut self, piece: &mut Piece) -> Result<bool, CsvError> {
        match self {
            Self::Columns(reader) => reader.next(&mut piece.columns),
            Self::Text(pieces) => match pieces.next(&mut piece.text)? {
                Some(quotes) => {
                    piece.quotes = quotes;
                    Ok(true)
                }
                None => Ok(false),
            },
        }
    }

    const fn form(&self) -> Form {
        match self {
            Self::Text(_) => Form::Csv,
            Self::Columns(_) => Form::Parquet,
        }
    }
}

fn parse(worker: &mut Worker<'_>, form: Form, piece: &Piece) -> Parsed {
    match form {
        Form::Csv => worker.text(&piece.text, piece.quotes),
        Form::Parquet => worker.columns(&piece.columns),
    }
}

/// Opens a file and reads all of it into an append.
fn take_in<'w, 'a>(
    mut append: Append<'w>,
    mapping: &Mapping,
    options: &Options,
    open: impl FnOnce() -> Result<Opened<'a>, CsvError>,
) -> Result<(Append<'w>, Report), CsvError> {
    if let Some(file) = mapping.chain()
        && file != append.chain()
    {
        return Err(CsvError::Chain { file: file.to_owned(), store: append.chain().to_owned() });
    }
    let Opened { rows, plan, lines } = open()?;
    let (accounts, assets) = append.names();
    let mut tally = Tally { report: Report::default(), lines, malformed: options.malformed };
    let read = Crew { plan: &plan, accounts: &accounts, assets: &assets, form: rows.form() };
    read.run(rows, workers(options), |parsed| {
        let parsed = tally.count(parsed)?;
        keep(&mut append, parsed)
    })
    .map_err(|error| tally.place(error))?;
    Ok((append, tally.report))
}

/// Reads all of a file for what is wrong with it.
fn look_through(opened: Opened<'_>, options: &Options) -> Result<Report, CsvError> {
    let Opened { mut rows, plan, lines } = opened;
    let nothing = || RwLock::new(Growing::new(Names::default()));
    let (accounts, assets) = (nothing(), nothing());
    let mut tally = Tally { report: Report::default(), lines, malformed: options.malformed };
    let mut worker = Worker::new(&plan, &accounts, &assets);
    let mut piece = Piece::default();
    while rows.next(&mut piece).map_err(|error| tally.place(error))? {
        tally.count(parse(&mut worker, rows.form(), &piece))?;
    }
    Ok(tally.report)
}

/// Opens a file in the form that its first bytes tell.
fn any<'a>(
    mut input: impl Read + Seek + Send + 'static,
    mapping: &Mapping,
    options: &Options,
) -> Result<Opened<'a>, CsvError> {
    let mut start = Vec::new();
    let magic = parquet::MAGIC.len() as u64;
    input.by_ref().take(magic).read_to_end(&mut start).map_err(CsvError::Read)?;
    if start == parquet::ENCRYPTED {
        return Err(CsvError::Parquet { what: "it is encrypted".to_owned() });
    }
    if start != parquet::MAGIC {
        return begin(Cursor::new(start).chain(input), mapping, options);
    }
    let (reader, plan) = Reader::open(Box::new(input), mapping, options)?;
    Ok(Opened { rows: Rows::Columns(Box::new(reader)), plan, lines: 0 })
}

/// Opens a CSV file, reads its first line and lays the mapping over it.
fn begin<'a>(
    input: impl Read + Send + 'a,
    mapping: &Mapping,
    options: &Options,
) -> Result<Opened<'a>, CsvError> {
    let mut pieces = Pieces::new(input)?;
    let header = if mapping.header { Some(pieces.header(mapping.delimiter)?) } else { None };
    let plan = Plan::new(mapping, header.as_deref(), options.block_times.as_ref())?;
    let lines = pieces.lines();
    Ok(Opened { rows: Rows::Text(pieces), plan, lines })
}

fn workers(options: &Options) -> usize {
    let there = || available_parallelism().map_or(1, NonZero::get);
    options.workers.map_or_else(there, NonZero::get).min(WORKERS_MAX)
}

/// Gives new names their numbers, and hands the rows on.
fn keep(append: &mut Append<'_>, mut parsed: Parsed) -> Result<(), CsvError> {
    append.number_accounts(&parsed.accounts, &mut parsed.batch)?;
    for (row, key, decimals) in parsed.assets {
        let number = append.asset(&key)?;
        parsed.batch.set_asset(row, number);
        parsed.decimals.extend(decimals.map(|decimals| (number, decimals)));
    }
    for (asset, decimals) in parsed.decimals {
        append.set_decimals_of(asset, decimals)?;
    }
    Ok(append.add(parsed.batch)?)
}

/// Counts what was read.
struct Tally {
    report: Report,
    lines: u64,
    malformed: OnMalformed,
}

impl Tally {
    fn count(&mut self, parsed: Parsed) -> Result<Parsed, CsvError> {
        self.report.rows += parsed.rows;
        self.report.passed_over += parsed.passed;
        self.report.skipped += parsed.malformed;
        for malformed in &parsed.listed {
            let malformed = Malformed { line: self.lines + malformed.line + 1, ..malformed.clone() };
            if self.malformed == OnMalformed::Stop {
                return Err(CsvError::Malformed(malformed));
            }
            if self.report.malformed.len() < LISTED_MAX {
                self.report.malformed.push(malformed);
            }
        }
        if let Some(open) = parsed.open {
            return Err(CsvError::OpenQuote { line: self.lines + open + 1 });
        }
        self.lines += parsed.lines;
        Ok(parsed)
    }

    /// Says in which line a row begins that has no end.
    fn place(&self, error: CsvError) -> CsvError {
        match error {
            CsvError::LongRow { .. } => CsvError::LongRow { line: self.lines + 1 },
            other => other,
        }
    }
}

/// What travels to a worker: the piece, and its number.
type Job = (u64, Piece);
/// What a worker gives back: the piece's number, the piece, to be used again, and what it made of it.
type Done = (u64, Result<(Piece, Parsed), CsvError>);

/// What all threads share.
struct Crew<'a> {
    plan: &'a Plan,
    accounts: &'a RwLock<Growing>,
    assets: &'a RwLock<Growing>,
    form: Form,
}

impl Crew<'_> {
    /// Reads all pieces, and gives what becomes of them to `each`, in their order.
    fn run(
        &self,
        rows: Rows<'_>,
        workers: usize,
        mut each: impl FnMut(Parsed) -> Result<(), CsvError>,
    ) -> Result<(), CsvError> {
        // There are no more pieces on their way than buffers, so that memory is bounded.
        let buffers = 2 * workers + 2;
        let (free, empty) = channel();
        (0..buffers).for_each(|_| drop(free.send(Piece::default())));
        let (send_job, jobs) = sync_channel(buffers);
        let (send_done, done) = sync_channel(buffers + 1);
        let jobs = Mutex::new(jobs);
        std::thread::scope(|scope| {
            let failed = send_done.clone();
            scope.spawn(move || cut(rows, &empty, &send_job, &failed));
            for _ in 0..workers {
                let (jobs, send_done) = (&jobs, send_done.clone());
                scope.spawn(move || self.work(jobs, &send_done));
            }
            drop(send_done);
            in_order(done, free, &mut each)
        })
    }

    fn work(&self, jobs: &Mutex<Receiver<Job>>, done: &SyncSender<Done>) {
        let mut worker = Worker::new(self.plan, self.accounts, self.assets);
        loop {
            let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok((number, piece)) = job else { return };
            let parsed = parse(&mut worker, self.form, &piece);
            if done.send((number, Ok((piece, parsed)))).is_err() {
                return;
            }
        }
    }
}

/// Cuts a file into pieces, one for each empty buffer that comes.
fn cut(mut rows: Rows<'_>, empty: &Receiver<Piece>, jobs: &SyncSender<Job>, failed: &SyncSender<Done>) {
    for number in 0.. {
        let Ok(mut piece) = empty.recv() else { return };
        match rows.next(&mut piece) {
            Ok(true) => {
                if jobs.send((number, piece)).is_err() {
                    return;
                }
            }
            Ok(false) => return,
            Err(error) => {
                // Who takes the results may have ended already.
                let _ = failed.send((number, Err(error)));
                return;
            }
        }
    }
}

/// Takes what comes in any order, and gives it on in its own.
fn in_order(
    done: Receiver<Done>,
    free: Sender<Piece>,
    each: &mut impl FnMut(Parsed) -> Result<(), CsvError>,
) -> Result<(), CsvError> {
    let mut early = BTreeMap::new();
    let mut next = 0;
    for (number, result) in done {
        early.insert(number, result);
        while let Some(result) = early.remove(&next) {
            let (buffer, parsed) = result?;
            // Who cuts may have come to the end already.
            let _ = free.send(buffer);
            each(parsed)?;
            next += 1;
        }
    }
    if early.is_empty() { Ok(()) } else { Err(CsvError::Worker) }
}
