//! Lines in a database of PostgreSQL, or of an engine that speaks its protocol.
//!
//! Several processes append. A line's numbers are given out under its row in `line`, which the transaction that appends has
//! locked: so numbers are in the order of commits, and who reads on from a number never misses one. What is asked of the engine is
//! kept small, so that distributed ones can carry it: each row is found by its line, which comes first in the one key that rows have;
//! there are no sequences, triggers, temporary tables, or prepared statements (but for a copy's, within its transaction), and no lock but
//! that of rows; that something was
//! appended is told by NOTIFY where there is such a thing, and found by looking where there is not.

mod beside;
mod dialect;
mod failure;
mod settings;

use std::cell::RefCell;
use std::path::Path;
use std::time::{Duration, Instant};

use postgres::binary_copy::BinaryCopyInWriter;
use postgres::fallible_iterator::FallibleIterator as _;
use postgres::types::{ToSql, Type};
use postgres::{Client, Row};
use uuid::Uuid;

use super::{Backend, BackendError, Batch, HeadRow, OnRowWhile, Place, RecordRow, Role};
use crate::beside::Fence;
use crate::merkle::{Frontier, Hash};
use crate::record::{Added, LineId, RecordKind, Seq};

pub(crate) use beside::SIGNS;
pub use dialect::{Dialect, DialectError};
pub use settings::{Settings, SettingsError};

/// The version of the tables.
const SCHEMA: i64 = 2;
/// The channel on which it is told that lines have grown.
const CHANNEL: &str = "bongsu_line";
/// How soon it is looked whether others have appended, where they can't tell.
const LOOK: Duration = Duration::from_millis(50);
/// How long it is waited for those who still read what was erased.
const UNSEEN: Duration = Duration::from_secs(5);
/// How long a reader tries to reach a database that does not answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often it tries.
const AGAIN: Duration = Duration::from_millis(100);
/// How often those that make the tables at one time may be in each other's way.
const TRIES: usize = 10;

const SELECT: &str = "SELECT seq, added, kind, sender, terms, of_seq, body, erased FROM record
     WHERE line = $1 AND seq > $2 AND seq <= $3 ORDER BY seq";
/// Which of its columns is the body.
const BODY: usize = 6;
/// Bytes of an answer of which no more is wanted that are let by; of a longer one the rest is called off.
const LEFT_MAX: usize = 1024 * 1024;
const COPY: &str =
    "COPY record (line, seq, added, kind, sender, terms, of_seq, body, erased) FROM STDIN (FORMAT binary)";
/// Marks that something was erased, later than all marks that are there or were: who cleans takes away those that it saw before. Who
/// marks at the same time may share one: then both began before anybody saw it, and who cleans waits for them.
const MARK: &str = "INSERT INTO remains (since)
     SELECT greatest(coalesce(max(since), 0) + 1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint) FROM remains
     ON CONFLICT (since) DO NOTHING";
const COPIED: [Type; 9] = [
    Type::UUID,
    Type::INT8,
    Type::INT8,
    Type::INT2,
    Type::UUID,
    Type::TEXT,
    Type::INT8,
    Type::BYTEA,
    Type::BYTEA,
];

/// One connection, made again when it is lost.
pub(crate) struct Postgres {
    settings: Settings,
    role: Role,
    state: RefCell<State>,
}

struct State {
    client: Option<Client>,
    /// Whether a transaction is open: then a connection that is lost is an error, and not made again.
    within: bool,
    /// Whether it listens for what others append.
    listens: bool,
}

impl Postgres {
    /// Connects; as a writer it makes the tables if they are not there.
    pub(crate) fn open(settings: &Settings, role: Role) -> Result<Self, BackendError> {
        let this = Self::of(settings, role);
        this.reading(|client| match role {
            Role::Writer => make_tables(client, settings.dialect()),
            Role::Reader | Role::Mover | Role::Beside => version(client).map(drop),
        })?;
        Ok(this)
    }

    /// A connection that is not made yet.
    fn of(settings: &Settings, role: Role) -> Self {
        let state = State { client: None, within: false, listens: false };
        Self { settings: settings.clone(), role, state: RefCell::new(state) }
    }

    /// The connection, made if there is none.
    fn client<'s>(&self, state: &'s mut State) -> Result<&'s mut Client, BackendError> {
        if state.client.as_ref().is_none_or(Client::is_closed) {
            if state.within {
                return Err(BackendError::Lost("the connection ended".to_owned()));
            }
            state.listens = false;
            state.client = Some(self.settings.connect(self.role)?);
        }
        state.client.as_mut().ok_or_else(|| BackendError::Lost("no connection".to_owned()))
    }

    /// Does something over the connection; what it did half is lost with the connection.
    fn on<T>(&self, act: impl FnOnce(&mut Client) -> Result<T, BackendError>) -> Result<T, BackendError> {
        let mut state = self.state.borrow_mut();
        let outcome = act(self.client(&mut state)?);
        if let Err(BackendError::Lost(_)) = &outcome {
            state.client = None;
        }
        outcome
    }

    /// Reads something, again if the connection is lost meanwhile.
    fn reading<T>(
        &self,
        mut read: impl FnMut(&mut Client) -> Result<T, BackendError>,
    ) -> Result<T, BackendError> {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.on(&mut read) {
                Err(error) if error.is_passing() && !self.state.borrow().within && Instant::now() < until => {
                    std::thread::sleep(AGAIN);
                }
                outcome => return outcome,
            }
        }
    }
}

impl Backend for Postgres {
    fn heads(&self) -> Result<Vec<HeadRow>, BackendError> {
        let rows = self.reading(|client| {
            let rows = client.query_typed("SELECT id, size, root FROM line ORDER BY made, id", &[]);
            rows.map_err(BackendError::from)
        })?;
        (1..).zip(&rows).map(|(no, row)| head(no, row)).collect()
    }

    fn scan_while(
        &self,
        line: Place,
        after: Seq,
        until: Seq,
        on: &mut OnRowWhile<'_>,
    ) -> Result<(), BackendError> {
        let id = line.id.uuid();
        let is_within = self.state.borrow().within;
        let (mut after, mut has_enough, mut is_cut) = (after, false, false);
        self.reading(|client| {
            if has_enough {
                // The connection was lost while what was left was let by.
                return Ok(());
            }
            let (from, to) = (stored(after), stored(until));
            let values: [(&(dyn ToSql + Sync), Type); 3] =
                [(&id, Type::UUID), (&from, Type::INT8), (&to, Type::INT8)];
            let (mut rows, mut left) = (client.query_typed_raw(SELECT, values)?, 0);
            while let Some(row) = rows.next()? {
                if has_enough {
                    left += row.try_get::<_, &[u8]>(BODY)?.len();
                    is_cut = left > LEFT_MAX && !is_within;
                    if is_cut { break } else { continue }
                }
                let row = record(line, &row)?;
                has_enough = on(&row).is_break();
                // Whoever is told of it is not told again when the connection is lost.
                after = row.seq;
            }
            Ok(())
        })
        .map(|()| {
            if is_cut {
                self.cut()
            }
        })
    }

    fn hold_still(&self) -> Result<(), BackendError> {
        // Nobody waits for what takes as long as that anyway: it waits for who writes tables anew.
        const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL lock_timeout = 0";
        self.reading(|client| Ok(client.batch_execute(BEGIN)?))?;
        self.state.borrow_mut().within = true;
        Ok(())
    }

    fn look_on(&self) -> Result<(), BackendError> {
        self.state.borrow_mut().within = false;
        self.on(|client| Ok(client.batch_execute("COMMIT")?))
    }

    fn begin(&mut self, lines: &[Place]) -> Result<Vec<HeadRow>, BackendError> {
        self.abandon();
        let mut lines = lines.to_vec();
        // All in one order, so that two that append to the same lines do not wait for each other.
        lines.sort_unstable();
        let heads = self.on(|client| {
            client.batch_execute("BEGIN")?;
            lines.iter().map(|line| locked(client, *line)).collect()
        });
        match &heads {
            Ok(_) => self.state.borrow_mut().within = true,
            Err(_) => self.roll_back(),
        }
        heads
    }

    fn hold(&mut self, fences: &[Fence]) -> Result<Vec<bool>, BackendError> {
        match fences.is_empty() {
            true => Ok(Vec::new()),
            false => self.on(|client| beside::hold(client, fences)),
        }
    }

    fn commit(&mut self, batch: &Batch<'_>) -> Result<(), BackendError> {
        let began = self.state.borrow().within;
        let tells = self.settings.dialect().tells();
        let outcome = self.on(|client| {
            if !began {
                client.batch_execute("BEGIN")?;
            }
            copy(client, batch)?;
            erase(client, batch)?;
            // What is written into these statements are numbers, and hexadecimal digits.
            client.batch_execute(&heads_text(batch, tells))?;
            Ok(client.batch_execute("COMMIT")?)
        });
        match &outcome {
            Ok(()) => self.state.borrow_mut().within = false,
            Err(_) => self.roll_back(),
        }
        outcome
    }

    fn abandon(&mut self) {
        if self.state.borrow().within {
            self.roll_back();
        }
    }

    fn has_remains(&self) -> Result<bool, BackendError> {
        self.reading(|client| {
            let row = client.query_typed_one("SELECT EXISTS (SELECT 1 FROM remains)", &[])?;
            Ok(row.try_get(0)?)
        })
    }

    fn scrub(&self) -> Result<(), BackendError> {
        let statements = self.settings.dialect().scrub();
        // A row that was changed stands in the table beside the new one until it is written anew, and stays as long as somebody may
        // still see it.
        self.on(|client| {
            // What is erased from now on by others has a later mark, which stays: its row may be written anew before it is erased.
            let marked = client.query_typed_one("SELECT max(since) FROM remains", &[])?;
            let marked: Option<i64> = marked.try_get(0)?;
            if !statements.is_empty() && !is_unseen(client)? {
                let why = "something that began before is still under way on its server; what was erased is written anew later";
                return Err(BackendError::Busy(why.to_owned()));
            }
            for statement in statements {
                client.batch_execute(statement)?;
            }
            if let Some(marked) = marked {
                client.execute_typed("DELETE FROM remains WHERE since <= $1", &[(&marked, Type::INT8)])?;
            }
            Ok(())
        })
    }

    fn backup(&self, to: &Path) -> Result<(), BackendError> {
        crate::moving::into_file(self, to)
    }

    fn bytes(&self) -> Result<Option<u64>, BackendError> {
        const SIZE: &str = "SELECT pg_total_relation_size('record')";
        // Engines that only speak PostgreSQL's protocol may not know it.
        Ok(self
            .on(|client| Ok(client.query_typed_one(SIZE, &[])?.try_get::<_, i64>(0)?))
            .map_or_else(|_unknown| None, |bytes| u64::try_from(bytes).ok()))
    }

    fn fault(&self) -> Result<Option<String>, BackendError> {
        // PostgreSQL checks pages as it reads them, if it was set up to; what it can't read is an error of the scan.
        Ok(None)
    }

    fn wait(&self, timeout: Duration) -> Result<(), BackendError> {
        let mut state = self.state.borrow_mut();
        self.client(&mut state)?;
        if !self.settings.dialect().tells() {
            drop(state);
            std::thread::sleep(timeout.min(LOOK));
            return Ok(());
        }
        let listens = std::mem::replace(&mut state.listens, true);
        let client = self.client(&mut state)?;
        if !listens {
            // What was appended before it listened is to be looked for.
            return Ok(client.batch_execute(&format!("LISTEN {CHANNEL}"))?);
        }
        let mut notes = client.notifications();
        notes.timeout_iter(timeout).next()?;
        // One look is enough for all of them.
        let mut more = notes.iter();
        while more.next()?.is_some() {}
        Ok(())
    }
}

impl Postgres {
    /// Calls off what is under way, and lets the connection go: what is called off late would otherwise be what is asked next.
    fn cut(&self) {
        if let Some(client) = self.state.borrow_mut().client.take() {
            self.settings.call_off(&client.cancel_token());
        }
    }

    /// Ends a transaction of which nothing is to stay.
    fn roll_back(&self) {
        let mut state = self.state.borrow_mut();
        state.within = false;
        if let Some(client) = state.client.as_mut()
            && client.batch_execute("ROLLBACK").is_err()
        {
            state.client = None;
        }
    }
}

/// Waits until nobody can see any more what was there before now; whether that came in time. Whoever looks sees what was there when
/// the oldest transaction began that writes on the whole server, so these are waited for as well.
fn is_unseen(client: &mut Client) -> Result<bool, BackendError> {
    const SEEN: &str =
        "SELECT age(pg_snapshot_xmin(pg_current_snapshot())::xid) >= age($1::text::xid) OR EXISTS
         (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
         AND backend_xmin IS NOT NULL AND age(backend_xmin) >= age($1::text::xid))";
    let now: String = client.query_typed_one("SELECT pg_current_xact_id()::xid::text", &[])?.try_get(0)?;
    let until = Instant::now() + UNSEEN;
    loop {
        if !client.query_typed_one(SEEN, &[(&now, Type::TEXT)])?.try_get::<_, bool>(0)? {
            return Ok(true);
        }
        if Instant::now() > until {
            return Ok(false);
        }
        std::thread::sleep(LOOK);
    }
}

fn make_tables(client: &mut Client, dialect: Dialect) -> Result<(), BackendError> {
    let mut tries = 1..=TRIES;
    loop {
        let are_new = match version(client) {
            Ok(SCHEMA) => return Ok(()),
            // A later program's tables are left as they are.
            Err(error @ BackendError::Schema { .. }) => return Err(error),
            found => found.is_err(),
        };
        // Another process may make them at the same time; then one of the two is refused.
        let is_last = tries.next() == Some(TRIES);
        match client.batch_execute(&dialect.tables(are_new)) {
            Ok(()) => return version(client).map(drop),
            Err(error) if is_last => return Err(error.into()),
            Err(_) => std::thread::sleep(AGAIN),
        }
    }
}

/// The version of the tables.
fn version(client: &mut Client) -> Result<i64, BackendError> {
    let row = client.query_typed_one("SELECT max(version) FROM tables", &[])?;
    let found = row.try_get::<_, Option<i64>>(0)?.unwrap_or_default();
    if found > SCHEMA { Err(BackendError::Schema { found, known: SCHEMA }) } else { Ok(found) }
}

/// The head of a line, which nobody else changes until the transaction ends.
fn locked(client: &mut Client, line: Place) -> Result<HeadRow, BackendError> {
    const LOCK: &str = "SELECT id, size, root FROM line WHERE id = $1 FOR UPDATE";
    let id = line.id.uuid();
    if let Some(row) = client.query_typed_opt(LOCK, &[(&id, Type::UUID)])? {
        return head(line.no, &row);
    }
    client.execute_typed(
        "INSERT INTO line (id, made, size, root)
         VALUES ($1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, 0, $2) ON CONFLICT (id) DO NOTHING",
        &[(&id, Type::UUID), (&Frontier::default().root().as_slice(), Type::BYTEA)],
    )?;
    head(line.no, &client.query_typed_one(LOCK, &[(&id, Type::UUID)])?)
}

fn copy(client: &mut Client, batch: &Batch<'_>) -> Result<(), BackendError> {
    let mut writer = BinaryCopyInWriter::new(client.copy_in(COPY)?, &COPIED);
    for row in &batch.records {
        writer.write(&[
            &row.line.id.uuid(),
            &stored(row.seq),
            &row.added.0,
            &i16::from(row.kind.stored()),
            &row.sender,
            &row.terms,
            &row.of.map(stored),
            &row.body,
            &row.erased.as_ref().map(Hash::as_slice),
        ])?;
    }
    writer.finish()?;
    Ok(())
}

fn erase(client: &mut Client, batch: &Batch<'_>) -> Result<(), BackendError> {
    for row in &batch.erasures {
        client.execute_typed(
            "UPDATE record SET body = $1, erased = $2 WHERE line = $3 AND seq = $4 AND erased IS NULL",
            &[
                (&row.stub, Type::BYTEA),
                (&row.body.as_slice(), Type::BYTEA),
                (&row.line.id.uuid(), Type::UUID),
                (&stored(row.seq), Type::INT8),
            ],
        )?;
    }
    if !batch.erasures.is_empty() {
        client.batch_execute(MARK)?;
    }
    Ok(())
}

/// What says how the lines stand now, and tells it.
fn heads_text(batch: &Batch<'_>, tells: bool) -> String {
    let mut text = String::new();
    for HeadRow { id, size, root, .. } in &batch.heads {
        let (id, root) = (id.uuid(), crate::erasing::hex(root));
        text += &format!("UPDATE line SET size = {size}, root = '\\x{root}' WHERE id = '{id}';\n");
    }
    match tells {
        true => text + "NOTIFY " + CHANNEL,
        false => text,
    }
}

fn head(no: i64, row: &Row) -> Result<HeadRow, BackendError> {
    let id = LineId::new(row.try_get::<_, Uuid>(0)?);
    let changed = |what: &str| BackendError::Changed { line: id, what: what.to_owned() };
    let size =
        u64::try_from(row.try_get::<_, i64>(1)?).map_err(|_| changed("its size is no number of records"))?;
    let root = row.try_get::<_, &[u8]>(2)?.try_into().map_err(|_| changed("its root is no hash"))?;
    Ok(HeadRow { no, id, size, root })
}

fn record<'r>(line: Place, row: &'r Row) -> Result<RecordRow<'r>, BackendError> {
    let seq = row.try_get::<_, i64>(0)?;
    let seq = Seq(u64::try_from(seq).unwrap_or_default());
    let damaged = |what| BackendError::Damaged { line: line.id, seq, what };
    let kind = u8::try_from(row.try_get::<_, i16>(2)?).ok().and_then(RecordKind::from_stored);
    let erased = row.try_get::<_, Option<&[u8]>>(7)?;
    Ok(RecordRow {
        line,
        seq,
        added: Added(row.try_get(1)?),
        kind: kind.ok_or_else(|| damaged("unknown kind"))?,
        sender: row.try_get(3)?,
        terms: row.try_get(4)?,
        of: row.try_get::<_, Option<i64>>(5)?.map(|of| Seq(of.cast_unsigned())),
        body: row.try_get(6)?,
        erased: erased
            .map(|hash| hash.try_into().map_err(|_| damaged("what was erased has no hash")))
            .transpose()?,
    })
}

/// A number as the database has it.
const fn stored(seq: Seq) -> i64 {
    seq.0.cast_signed()
}
