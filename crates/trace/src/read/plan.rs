//! A mapping laid over the columns of one file.

use std::sync::Arc;

use super::block_times::BlockTimes;
use super::mapping::{Addresses, Column, Field, Mapping, Unit};
use super::parquet::Role;
use super::time::{TimeForm, time};
use super::{CsvError, NameError, Reason};
use crate::store::Key;

/// A column, and what an empty field of it means.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) column: usize,
    pub(super) empty: Option<Key<'static>>,
}

/// Where times are from.
#[derive(Debug, Clone)]
pub(super) enum Times {
    Column { column: usize, form: TimeForm, empty: Option<u32> },
    Blocks(Arc<BlockTimes>),
}

/// Where assets are from.
#[derive(Debug, Clone)]
pub(super) enum Assets {
    Column(Source),
    Name(Key<'static>),
}

/// Where each value of a row is from; columns count from 0.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) mapping: Mapping,
    names: Vec<String>,
    /// How many fields a row has to have, if a first line says so.
    pub(super) width: Option<usize>,
    pub(super) block: Option<usize>,
    pub(super) index: Option<usize>,
    pub(super) transaction: Option<usize>,
    pub(super) from: Source,
    pub(super) to: Source,
    pub(super) times: Times,
    pub(super) amounts: Vec<usize>,
    pub(super) asset: Assets,
    pub(super) only: Vec<(usize, Vec<Vec<u8>>)>,
}

impl Plan {
    /// Finds the columns that a mapping names. `header` has the names of the file's first line; none if it has no such line.
    pub(super) fn new(
        mapping: &Mapping,
        header: Option<&[String]>,
        times: Option<&Arc<BlockTimes>>,
    ) -> Result<Self, CsvError> {
        let names = header.unwrap_or_default();
        let find = |column: &Column| place(column, names, header.is_some());
        let field = |field: &Field| find(&field.column);
        let source = |column: &Column, empty: &Option<String>| -> Result<Source, CsvError> {
            Ok(Source { column: find(column)?, empty: empty.as_deref().and_then(key) })
        };
        let times = match (&mapping.time.column, times) {
            (Some(column), _) => {
                let form = mapping.time.form;
                let empty = mapping.time.empty.as_ref().map(|text| time(text.as_bytes(), form));
                let empty = empty.transpose().map_err(CsvError::EmptyTime)?;
                Times::Column { column: find(column)?, form, empty }
            }
            (None, Some(times)) => Times::Blocks(Arc::clone(times)),
            (None, None) => return Err(CsvError::NoBlockTimes),
        };
        let asset = match (&mapping.asset.column, &mapping.asset.name) {
            (Some(column), _) => Assets::Column(source(column, &mapping.asset.empty)?),
            (None, name) => Assets::Name(name.as_deref().and_then(key).unwrap_or(Key::Hex([0; 20]))),
        };
        let only = mapping.only.iter().map(|only| {
            let texts = only.is.iter().map(|text| text.as_bytes().to_vec()).collect();
            Ok((find(&only.column)?, texts))
        });
        let mut plan = Self {
            names: names.to_vec(),
            width: header.map(<[String]>::len),
            block: mapping.block.as_ref().map(field).transpose()?,
            index: mapping.index.as_ref().map(field).transpose()?,
            transaction: mapping.transaction.as_ref().map(field).transpose()?,
            from: source(&mapping.from.column, &mapping.from.empty)?,
            to: source(&mapping.to.column, &mapping.to.empty)?,
            times,
            amounts: mapping.amount.columns().map(find).collect::<Result<_, _>>()?,
            asset,
            only: only.collect::<Result<_, CsvError>>()?,
            mapping: mapping.clone(),
        };
        plan.only.shrink_to_fit();
        Ok(plan)
    }

    /// The columns that are read, each with what it is taken for; one that is taken for several things comes several times.
    pub(super) fn roles(&self) -> Vec<(usize, Role)> {
        let as_role = |role| move |column: &usize| (*column, role);
        let mut roles: Vec<_> = self.amounts.iter().map(as_role(Role::Amount)).collect();
        if let Times::Column { column, .. } = &self.times {
            roles.push((*column, Role::Time));
        }
        roles.extend([&self.block, &self.index].into_iter().flatten().map(as_role(Role::Number)));
        let asset = match &self.asset {
            Assets::Column(source) => Some(&source.column),
            Assets::Name(_) => None,
        };
        let names = [Some(&self.from.column), Some(&self.to.column), asset, self.transaction.as_ref()];
        roles.extend(names.into_iter().flatten().map(as_role(Role::Name)));
        roles.extend(self.only.iter().map(|(column, _)| (*column, Role::Only)));
        roles
    }

    /// A column as people know it.
    pub(super) fn name(&self, column: usize) -> String {
        self.names.get(column).cloned().unwrap_or_else(|| format!("{}", column + 1))
    }

    /// Whether amounts are in whole coins.
    pub(super) fn whole(&self) -> bool {
        self.mapping.amount.unit == Unit::Whole
    }

    /// An account's name.
    #[inline]
    pub(super) fn account<'a>(&self, text: &'a [u8], source: &Source) -> Result<Key<'a>, Reason> {
        if text.is_empty()
            && let Some(key) = &source.empty
        {
            return Ok(key.clone());
        }
        match Key::parse(text)? {
            Key::Text(_) if self.mapping.addresses == Addresses::Hex20 => Err(NameError::Length.into()),
            key => Ok(key),
        }
    }
}

/// A name out of a mapping, which was checked when that was read.
fn key(text: &str) -> Option<Key<'static>> {
    Key::parse(text.as_bytes()).ok().map(Key::into_owned)
}

fn place(column: &Column, names: &[String], header: bool) -> Result<usize, CsvError> {
    let missing = |name: &str| CsvError::Column { name: name.to_owned(), names: names.to_vec() };
    match column {
        Column::Number(number) => {
            let place = number.checked_sub(1).filter(|place| !header || *place < names.len());
            place.filter(|place| *place < super::COLUMNS_MAX).ok_or_else(|| missing(&number.to_string()))
        }
        Column::Name(name) => names.iter().position(|known| known == name).ok_or_else(|| missing(name)),
    }
}
