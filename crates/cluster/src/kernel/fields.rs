//! Columns as text: what stands in a row, whatever type its column has.

use datafusion::arrow::array::{Array, ArrayRef, AsArray as _, BinaryArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::{Result, plan_err};
use std::sync::Arc;

/// What bytes without a type are in text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bytes {
    /// The text itself, whatever its encoding.
    Text,
    /// `0x` and hexadecimal digits.
    Hex,
}

/// A column as text; null is empty.
#[derive(Debug)]
pub(super) struct Texts {
    bytes: BinaryArray,
    is_hex: bool,
}

impl Texts {
    /// A column, by its name for what is said of it. Times become whole seconds, or milliseconds if that is wanted.
    ///
    /// # Errors
    /// For types that are no text, number, time or bytes, and for floating-point numbers: no sum of those is exact.
    pub(super) fn of(column: &ArrayRef, name: &str, bytes: Bytes) -> Result<Self> {
        let as_text = |column: &ArrayRef| -> Result<BinaryArray> {
            Ok(cast(&cast(column, &DataType::Utf8)?, &DataType::Binary)?.as_binary::<i32>().clone())
        };
        let is_bytes = matches!(
            column.data_type(),
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_)
        );
        let text = match column.data_type() {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => as_text(column)?,
            whole if whole.is_integer() || whole.is_decimal() => as_text(column)?,
            DataType::Timestamp(..) => {
                let whole = cast(column, &DataType::Timestamp(TimeUnit::Microsecond, None))?;
                let whole = cast(&whole, &DataType::Int64)?;
                let seconds: datafusion::arrow::array::Int64Array = whole
                    .as_primitive::<datafusion::arrow::datatypes::Int64Type>()
                    .unary(|micros| micros.div_euclid(1_000_000));
                as_text(&(Arc::new(seconds) as ArrayRef))?
            }
            _ if is_bytes => cast(column, &DataType::Binary)?.as_binary::<i32>().clone(),
            DataType::Dictionary(_, values) => {
                return Self::of(&cast(column, values)?, name, bytes);
            }
            other => return plan_err!("the column {name} is of the type {other}, which is not read"),
        };
        Ok(Self { bytes: text, is_hex: is_bytes && bytes == Bytes::Hex })
    }

    /// What stands in a row, in `room` if it has to be written anew.
    pub(super) fn get<'t>(&'t self, row: usize, room: &'t mut Vec<u8>) -> &'t [u8] {
        if self.bytes.is_null(row) {
            return b"";
        }
        let value = self.bytes.value(row);
        if !self.is_hex {
            return value;
        }
        room.clear();
        room.extend_from_slice(b"0x");
        room.extend_from_slice(const_hex::encode(value).as_bytes());
        room
    }

    /// The same as text; what is no UTF-8 is told by a sign.
    pub(super) fn text(&self, row: usize) -> std::borrow::Cow<'_, str> {
        if self.bytes.is_null(row) {
            return "".into();
        }
        String::from_utf8_lossy(self.bytes.value(row))
    }

    /// The bytes of a row as they are.
    pub(super) fn bytes(&self, row: usize) -> &[u8] {
        if self.bytes.is_null(row) { b"" } else { self.bytes.value(row) }
    }
}
