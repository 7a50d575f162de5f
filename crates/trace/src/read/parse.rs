//! Rows of text become rows of the store, as far as one worker can do it alone.
//!
//! Names that have a number already are looked up in what all workers share; those that have none are handed on, because numbers
//! are given out in the order of the file. Rows of Parquet come as the text that CSV would have.

use std::sync::{PoisonError, RwLock};

use super::parquet::Columns;
use super::plan::{Assets, Plan, Times};
use super::row::Rows;
use super::{Form, LISTED_MAX, Malformed, Reason, number};
use crate::U256;
use crate::read::amount::amount;
use crate::read::time::time;
use crate::store::{Batch, Growing, Key, Movement, NONE};

/// How many rows' names are looked up together.
const TOGETHER: usize = 1024;
/// About how many bytes a row has, to begin with as much memory as will be needed.
const ROW_BYTES: usize = 100;
/// How many assets a worker remembers, each at the place that its hash tells.
const ASSETS: usize = 1024;

/// What a worker makes of a piece.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    /// The rows; where a name has no number yet, without it.
    pub(super) batch: Batch,
    /// Names of accounts that have no number yet: row, side (0 gives, 1 gets), name. In the order of the file.
    pub(super) accounts: Vec<(u32, u8, Key<'static>)>,
    /// Names of assets that have no number yet: row, name, decimals.
    pub(super) assets: Vec<(u32, Key<'static>, Option<u8>)>,
    /// Decimals of assets that have one.
    pub(super) decimals: Vec<(u32, u8)>,
    /// The line of a row whose quote was still open at the end.
    pub(super) open: Option<u64>,
    /// How many lines were read.
    pub(super) lines: u64,
    /// How many rows were read.
    pub(super) rows: u64,
    /// How many were passed over, because the mapping wants only others.
    pub(super) passed: u64,
    /// How many were malformed.
    pub(super) malformed: u64,
    /// The first of these, lines counted from the piece's first, which is 0.
    pub(super) listed: Vec<Malformed>,
}

/// The accounts of the last rows, to be looked up together.
#[derive(Default)]
struct Accounts<'p> {
    keys: Vec<(u32, Key<'p>)>,
    found: Vec<u32>,
}

/// An asset that a worker remembers.
#[derive(Debug, Clone)]
struct Known {
    key: Key<'static>,
    number: Option<u32>,
    decimals: Option<u8>,
}

/// One who reads rows.
#[derive(Debug)]
pub(super) struct Worker<'a> {
    plan: &'a Plan,
    accounts: &'a RwLock<Growing>,
    assets: &'a RwLock<Growing>,
    seed: u64,
    known: Vec<Option<Known>>,
}

impl<'a> Worker<'a> {
    pub(super) fn new(plan: &'a Plan, accounts: &'a RwLock<Growing>, assets: &'a RwLock<Growing>) -> Self {
        let seed = accounts.read().unwrap_or_else(PoisonError::into_inner).seed();
        Self { plan, accounts, assets, seed, known: vec![None; ASSETS] }
    }

    /// Reads the rows of a piece of text.
    pub(super) fn text(&mut self, piece: &[u8], quotes: bool) -> Parsed {
        let mut parsed = Parsed::default();
        parsed.batch.reserve(piece.len() / ROW_BYTES);
        let mut rows = Rows::new(piece, self.plan.mapping.delimiter, quotes);
        let mut accounts = Accounts::default();
        while let Some(row) = rows.next_row() {
            let read = match row.quote {
                Some(column) => Err((Some(column), Reason::Quotes)),
                None => self.row(row.fields, &mut parsed, &mut accounts.keys),
            };
            self.count(read, (Form::Csv, row.line), &mut parsed);
            self.look_up(&mut accounts, 2 * TOGETHER, &mut parsed);
        }
        self.look_up(&mut accounts, 0, &mut parsed);
        parsed.lines = rows.lines();
        parsed.open = rows.open();
        parsed
    }

    /// Reads rows of columns.
    pub(super) fn columns(&mut self, columns: &Columns) -> Parsed {
        let mut parsed = Parsed::default();
        parsed.batch.reserve(columns.rows());
        let mut accounts = Accounts::default();
        let mut fields = vec![b"".as_slice(); self.plan.width.unwrap_or(0)];
        for row in 0..columns.rows() {
            let mut bad = None;
            for (place, column) in columns.iter() {
                if let Some(field) = fields.get_mut(place) {
                    *field = column.text(row);
                }
                bad = bad.or_else(|| Some((place, column.bad(row)?)));
            }
            let read = match bad {
                Some((place, reason)) if self.is_wanted(&fields) => Err((Some(place), reason.clone())),
                Some(_) => Ok(false),
                None => self.row(&fields, &mut parsed, &mut accounts.keys),
            };
            self.count(read, (Form::Parquet, row as u64), &mut parsed);
            self.look_up(&mut accounts, 2 * TOGETHER, &mut parsed);
        }
        self.look_up(&mut accounts, 0, &mut parsed);
        parsed.lines = columns.rows() as u64;
        parsed
    }

    /// Counts a row, and notes what is wrong with it.
    #[inline]
    fn count(
        &self,
        read: Result<bool, (Option<usize>, Reason)>,
        (form, line): (Form, u64),
        parsed: &mut Parsed,
    ) {
        parsed.rows += 1;
        match read {
            Ok(true) => {}
            Ok(false) => parsed.passed += 1,
            Err((column, reason)) => {
                parsed.malformed += 1;
                if parsed.listed.len() < LISTED_MAX {
                    let column = column.map(|column| self.plan.name(column));
                    parsed.listed.push(Malformed { form, line, column, reason });
                }
            }
        }
    }

    /// Whether the mapping wants a row.
    #[inline]
    fn is_wanted(&self, fields: &[&[u8]]) -> bool {
        let wanted = |(column, texts): &(usize, Vec<Vec<u8>>)| {
            texts.iter().any(|text| *text == field(fields, *column))
        };
        self.plan.only.iter().all(wanted)
    }

    /// Reads a row; false if it is passed over.
    #[inline]
    fn row<'p>(
        &mut self,
        fields: &[&'p [u8]],
        parsed: &mut Parsed,
        keys: &mut Vec<(u32, Key<'p>)>,
    ) -> Result<bool, (Option<usize>, Reason)> {
        let plan = self.plan;
        if let Some(expected) = plan.width
            && fields.len() != expected
        {
            return Err((None, Reason::Fields { found: fields.len(), expected }));
        }
        if !self.is_wanted(fields) {
            return Ok(false);
        }
        let at = |column: usize| move |reason: Reason| (Some(column), reason);
        let whole =
            |column: &Option<usize>| column.map(|column| number(field(fields, column)).map_err(at(column)));
        let block = whole(&plan.block).transpose()?;
        let index = whole(&plan.index).transpose()?.unwrap_or(0);
        let index = u32::try_from(index).map_err(|_| (plan.index, Reason::Large))?;
        let time = self.time(fields, block)?;
        let from = plan.account(field(fields, plan.from.column), &plan.from).map_err(at(plan.from.column))?;
        let to = plan.account(field(fields, plan.to.column), &plan.to).map_err(at(plan.to.column))?;
        let asset = self.asset(fields)?;
        let decimals = if plan.whole() {
            let column = plan.amounts.first().copied();
            let known = self.known.get(asset).and_then(Option::as_ref).and_then(|known| known.decimals);
            known.ok_or((column, Reason::Decimals))?
        } else {
            0
        };
        let amount = self.amount(fields, decimals)?;
        let transaction = plan.transaction.map_or(b"".as_slice(), |column| field(fields, column));
        let row = parsed.batch.len() as u32;
        parsed
            .batch
            .transactions
            .push_text(transaction)
            .map_err(|reason| (plan.transaction, reason.into()))?;
        let asset = self.note_asset(asset, row, parsed);
        let movement = Movement { from: NONE, to: NONE, asset, time, amount };
        parsed.batch.push_movement((block.unwrap_or(u64::from(time)), index), &movement);
        keys.push((from.hash(self.seed), from));
        keys.push((to.hash(self.seed), to));
        Ok(true)
    }

    #[inline]
    fn time(&self, fields: &[&[u8]], block: Option<u64>) -> Result<u32, (Option<usize>, Reason)> {
        match &self.plan.times {
            Times::Column { column, form, empty } => {
                let text = field(fields, *column);
                match empty {
                    Some(time) if text.is_empty() => Ok(*time),
                    _ => time(text, *form).map_err(|reason| (Some(*column), reason.into())),
                }
            }
            Times::Blocks(times) => {
                let block = block.unwrap_or_default();
                times.get(block).ok_or((self.plan.block, Reason::NoTime { block }))
            }
        }
    }

    fn amount(&self, fields: &[&[u8]], decimals: u8) -> Result<U256, (Option<usize>, Reason)> {
        let mut sum = U256::ZERO;
        for column in &self.plan.amounts {
            let one =
                amount(field(fields, *column), decimals).map_err(|reason| (Some(*column), reason.into()))?;
            if one != sum && !one.is_zero() && !sum.is_zero() {
                return Err((Some(*column), Reason::Amounts));
            }
            sum = sum.max(one);
        }
        Ok(sum)
    }

    /// The place at which the row's asset is remembered.
    #[inline]
    fn asset(&mut self, fields: &[&[u8]]) -> Result<usize, (Option<usize>, Reason)> {
        let plan = self.plan;
        let key = match &plan.asset {
            Assets::Name(key) => key.clone(),
            Assets::Column(source) => {
                let text = field(fields, source.column);
                match &source.empty {
                    Some(key) if text.is_empty() => key.clone(),
                    _ => Key::parse(text).map_err(|reason| (Some(source.column), reason.into()))?,
                }
            }
        };
        let place = key.hash(self.seed) as usize % ASSETS;
        let known = self.known.get(place).and_then(Option::as_ref);
        if known.is_none_or(|known| known.key != key)
            && let Some(slot) = self.known.get_mut(place)
        {
            let decimals = plan.mapping.decimals(&key);
            *slot = Some(Known { key: key.into_owned(), number: None, decimals });
        }
        Ok(place)
    }

    /// The number of a remembered asset for a row that is certain to be kept; without one it is handed on.
    #[inline]
    fn note_asset(&mut self, place: usize, row: u32, parsed: &mut Parsed) -> u32 {
        let Some(known) = self.known.get_mut(place).and_then(Option::as_mut) else { return 0 };
        if let Some(number) = known.number {
            return number;
        }
        let assets = self.assets.read().unwrap_or_else(PoisonError::into_inner);
        known.number = assets.find(&known.key);
        match known.number {
            Some(number) => {
                parsed.decimals.extend(known.decimals.map(|decimals| (number, decimals)));
                number
            }
            None => {
                parsed.assets.push((row, known.key.clone(), known.decimals));
                0
            }
        }
    }

    /// Puts the numbers of the last rows' accounts into them, if there are at least so many.
    #[inline]
    fn look_up(&self, accounts: &mut Accounts<'_>, least: usize, parsed: &mut Parsed) {
        let Accounts { keys, found } = accounts;
        if keys.len() < least {
            return;
        }
        let first = parsed.batch.len() - keys.len() / 2;
        self.accounts.read().unwrap_or_else(PoisonError::into_inner).find_all(keys, found);
        for (place, (number, (_, key))) in found.iter().zip(keys.drain(..)).enumerate() {
            let (row, side) = ((first + place / 2) as u32, place % 2);
            if *number == NONE {
                parsed.accounts.push((row, side as u8, key.into_owned()));
            } else {
                parsed.batch.set_account(row, side, *number);
            }
        }
    }
}

/// A row's field; nothing behind the last one, where no first line says how many there are.
#[inline]
fn field<'p>(fields: &[&'p [u8]], column: usize) -> &'p [u8] {
    fields.get(column).copied().unwrap_or_default()
}
