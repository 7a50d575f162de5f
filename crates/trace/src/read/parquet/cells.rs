//! One column of one row group, read a few rows at a time.

use parquet::basic::{LogicalType, TimeUnit, Type};
use parquet::column::page::PageReader;
use parquet::column::reader::ColumnReaderImpl;
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, FixedLenByteArray, FixedLenByteArrayType, Int32Type,
    Int64Type,
};
use parquet::errors::ParquetError;
use parquet::schema::types::{ColumnDescPtr, ColumnDescriptor};

use crate::read::Reason;
use crate::read::mapping::{BinaryForm, DECIMALS_MAX};

use super::VALUE_BYTES_MAX;
use super::column::{Column, decimal, long_decimal, name, short, text, unsigned, whole};

/// What a mapping takes a column for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::read) enum Role {
    Amount,
    Time,
    /// A block or an index.
    Number,
    Name,
    /// What says whether a row is wanted.
    Only,
}

/// How the values of a column become text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Text,
    /// Bytes that are a name.
    Name,
    /// Bytes that are a whole number.
    Unsigned,
    Whole {
        signed: bool,
    },
    Decimal(u8),
    /// So many in a second, since 1970-01-01 UTC.
    Time(i64),
    Truth,
}

/// The shape of a column's values, or why they can't be taken for what the mapping takes them.
pub(super) fn shape(of: &ColumnDescriptor, role: Role, binary: BinaryForm) -> Result<Shape, &'static str> {
    const NO_TIME: &str = "this is no time of day and date";
    if of.max_rep_level() > 0 {
        return Err("it has several values in a row");
    }
    let shape = match (of.physical_type(), of.logical_type_ref()) {
        (Type::FLOAT | Type::DOUBLE, _) if role == Role::Amount => {
            return Err(
                "numbers with a floating point aren't exact, and amounts have to be; write the file with \
                        decimals, whole numbers or text",
            );
        }
        (Type::FLOAT | Type::DOUBLE, _) => return Err("numbers with a floating point aren't exact"),
        (Type::INT96, _) => {
            return Err(
                "this old form of a time doesn't say whether it is local or UTC; write the file with TIMESTAMP",
            );
        }
        (_, Some(LogicalType::Decimal(about))) => decimals(about.scale)?,
        (Type::BOOLEAN, _) => Shape::Truth,
        (Type::INT64, Some(LogicalType::Timestamp(about))) => Shape::Time(match about.unit {
            TimeUnit::MILLIS => 1_000,
            TimeUnit::MICROS => 1_000_000,
            TimeUnit::NANOS => 1_000_000_000,
        }),
        (Type::INT32 | Type::INT64, None) => converted(of)?,
        (Type::INT32 | Type::INT64, Some(LogicalType::Integer(about))) => {
            Shape::Whole { signed: about.is_signed }
        }
        (Type::INT32 | Type::INT64, _) => return Err(NO_TIME),
        (Type::BYTE_ARRAY, None) if converted(of)? == Shape::Text || binary == BinaryForm::Text => {
            Shape::Text
        }
        (Type::BYTE_ARRAY, Some(LogicalType::String | LogicalType::Enum | LogicalType::Json)) => Shape::Text,
        (Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY, None) => match (converted(of)?, role) {
            (decimal @ Shape::Decimal(_), _) => decimal,
            (_, Role::Amount) => Shape::Unsigned,
            _ => Shape::Name,
        },
        _ => return Err("values of its type aren't read"),
    };
    let fixed = of.physical_type() == Type::FIXED_LEN_BYTE_ARRAY;
    if fixed && !usize::try_from(of.type_length()).is_ok_and(|bytes| (1..=VALUE_BYTES_MAX).contains(&bytes)) {
        return Err("its values are longer than any that can be meant");
    }
    match (shape, role) {
        (Shape::Time(_), Role::Time) | (Shape::Truth, Role::Only) => Ok(shape),
        (Shape::Time(_), _) => Err("it is a time"),
        (Shape::Truth, _) => Err("it is true or false"),
        (Shape::Name | Shape::Unsigned, Role::Time | Role::Number) => Err("it is bytes"),
        _ => Ok(shape),
    }
}

/// The form that older writers name, before there were logical types.
fn converted(of: &ColumnDescriptor) -> Result<Shape, &'static str> {
    use parquet::basic::ConvertedType as Old;
    Ok(match of.converted_type() {
        Old::UTF8 | Old::ENUM | Old::JSON => Shape::Text,
        Old::DECIMAL => decimals(of.type_scale())?,
        Old::TIMESTAMP_MILLIS => Shape::Time(1_000),
        Old::TIMESTAMP_MICROS => Shape::Time(1_000_000),
        Old::UINT_8 | Old::UINT_16 | Old::UINT_32 | Old::UINT_64 => Shape::Whole { signed: false },
        Old::NONE | Old::INT_8 | Old::INT_16 | Old::INT_32 | Old::INT_64 => Shape::Whole { signed: true },
        _ => return Err("values of its type aren't read"),
    })
}

fn decimals(scale: i32) -> Result<Shape, &'static str> {
    let scale = u8::try_from(scale).ok().filter(|scale| *scale <= DECIMALS_MAX);
    scale.map(Shape::Decimal).ok_or("it has more decimals than any asset")
}

/// A column that is read a few rows at a time.
pub(super) trait Cells: Send {
    /// Adds at most so many rows to a column, and gives how many there were.
    fn next(&mut self, most: usize, into: &mut Column) -> Result<usize, ParquetError>;
}

/// Puts the values of the pages into the form; `None` if they aren't of a type that has it.
pub(super) fn cells(of: ColumnDescPtr, pages: Box<dyn PageReader>, shape: Shape) -> Option<Box<dyn Cells>> {
    Some(match of.physical_type() {
        Type::BOOLEAN => typed::<BoolType>(of, pages, |truth, into| {
            into.push(|into| text(if *truth { b"true" } else { b"false" }, into));
        }),
        Type::INT32 => match shape {
            Shape::Whole { signed: false } => typed::<Int32Type>(of, pages, |value, into| {
                into.push(|into| {
                    short(u64::from(*value as u32), into);
                    Ok(())
                });
            }),
            _ => typed::<Int32Type>(of, pages, move |value, into| number(i64::from(*value), shape, into)),
        },
        Type::INT64 => typed::<Int64Type>(of, pages, move |value, into| number(*value, shape, into)),
        Type::BYTE_ARRAY => typed::<ByteArrayType>(of, pages, move |value: &ByteArray, into| {
            bytes(value.data(), shape, into);
        }),
        Type::FIXED_LEN_BYTE_ARRAY => {
            typed::<FixedLenByteArrayType>(of, pages, move |value: &FixedLenByteArray, into| {
                bytes(value.data(), shape, into);
            })
        }
        Type::INT96 | Type::FLOAT | Type::DOUBLE => return None,
    })
}

#[inline]
fn number(value: i64, shape: Shape, into: &mut Column) {
    into.push(|into| {
        match shape {
            Shape::Decimal(scale) => decimal(value, scale, into),
            Shape::Time(a_second) => whole(value.div_euclid(a_second), into),
            Shape::Whole { signed: false } => short(value as u64, into),
            _ => whole(value, into),
        }
        Ok(())
    });
}

#[inline]
fn bytes(value: &[u8], shape: Shape, into: &mut Column) {
    into.push(|into| -> Result<(), Reason> {
        match shape {
            Shape::Decimal(scale) => long_decimal(value, scale, into),
            Shape::Unsigned => unsigned(value, into),
            Shape::Name => name(value, into),
            _ => text(value, into),
        }
    });
}

struct Typed<T: DataType, W> {
    reader: ColumnReaderImpl<T>,
    write: W,
    values: Vec<T::T>,
    levels: Vec<i16>,
    /// The level of a value that is there.
    there: i16,
}

fn typed<T: DataType>(
    of: ColumnDescPtr,
    pages: Box<dyn PageReader>,
    write: impl Fn(&T::T, &mut Column) + Send + 'static,
) -> Box<dyn Cells> {
    let there = of.max_def_level();
    let reader = ColumnReaderImpl::new(of, pages);
    Box::new(Typed::<T, _> { reader, write, values: Vec::new(), levels: Vec::new(), there })
}

impl<T: DataType, W: Fn(&T::T, &mut Column) + Send> Cells for Typed<T, W> {
    fn next(&mut self, most: usize, into: &mut Column) -> Result<usize, ParquetError> {
        self.values.clear();
        self.levels.clear();
        let (rows, ..) = self.reader.read_records(most, Some(&mut self.levels), None, &mut self.values)?;
        if self.there == 0 {
            self.values.iter().for_each(|value| (self.write)(value, into));
            return Ok(rows);
        }
        let mut values = self.values.iter();
        for level in &self.levels {
            match values.as_slice() {
                [value, ..] if *level == self.there => {
                    (self.write)(value, into);
                    values.next();
                }
                _ => into.push_null(),
            }
        }
        Ok(rows)
    }
}
