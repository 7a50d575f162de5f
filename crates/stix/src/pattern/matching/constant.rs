//! Constants against values: what is comparable with what, and how.
//!
//! | constant | compared with |
//! | --- | --- |
//! | integer, float | numbers, by value |
//! | string | strings by code points; binary properties by bytes, if all characters are below U+0100 |
//! | `b'…'`, `h'…'` | binary properties by bytes; strings likewise |
//! | boolean | booleans, for equality alone |
//! | timestamp | strings that are timestamps, by instant |
//!
//! Everything else is unequal, and neither less nor greater. Strings are compared as they are, not normalised.
//!
//! Source: STIX 2.1, sections 9.2.1 (constants), 9.6.1 to 9.6.4.

use std::cmp::Ordering;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Number, Value};

use super::super::Literal;
use super::observe::nanos;
use crate::time::Timestamp;

/// Trailing bits that padding leaves over are taken as they come.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A constant, decoded.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Constant {
    Text(Box<str>),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    Bytes(Box<[u8]>),
    Instant(i128),
}

/// What a set may hold one of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    Boolean,
    Bytes,
    Instant,
}

impl Constant {
    /// Literals come out of the parser, which has checked their digits.
    pub(super) fn new(literal: &Literal) -> Self {
        match literal {
            Literal::Text(text) => Self::Text(text.as_str().into()),
            Literal::Integer(number) => Self::Integer(*number),
            Literal::Float(text) => Self::Float(text.parse().unwrap_or(f64::NAN)),
            Literal::Boolean(truth) => Self::Boolean(*truth),
            Literal::Binary(text) => Self::Bytes(base64(text).unwrap_or_default().into()),
            Literal::Hex(text) => Self::Bytes(hex(text).unwrap_or_default().into()),
            Literal::Timestamp(at) => Self::Instant(nanos(*at)),
        }
    }

    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Text(_) => Kind::Text,
            Self::Integer(_) | Self::Float(_) => Kind::Number,
            Self::Boolean(_) => Kind::Boolean,
            Self::Bytes(_) => Kind::Bytes,
            Self::Instant(_) => Kind::Instant,
        }
    }
}

/// A value that an object path leads to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Seen<'a> {
    /// As JSON has it.
    Json(&'a Value),
    /// A binary property, decoded.
    Bytes(&'a [u8]),
}

/// How a value stands to a constant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    /// In this order; the value first.
    Ordered(Ordering),
    /// Both booleans: equal or not, and without order.
    Unordered(bool),
    /// A string with characters that are no bytes, against bytes: unequal, neither less nor greater.
    NoBytes,
    /// Of kinds that are not compared.
    Incomparable,
    /// The value should be a timestamp and is none.
    NoInstant,
}

impl Relation {
    pub(super) fn is_equal(self) -> bool {
        matches!(self, Self::Ordered(Ordering::Equal) | Self::Unordered(true))
    }
}

pub(super) fn relate(seen: Seen<'_>, constant: &Constant) -> Relation {
    match (seen, constant) {
        (Seen::Bytes(value), Constant::Bytes(wanted)) => Relation::Ordered(value.cmp(wanted)),
        (Seen::Bytes(value), Constant::Text(wanted)) => match latin(wanted) {
            Some(wanted) => Relation::Ordered(value.cmp(&wanted)),
            None => Relation::NoBytes,
        },
        (Seen::Json(Value::String(value)), Constant::Text(wanted)) => {
            Relation::Ordered(value.as_str().cmp(wanted))
        }
        (Seen::Json(Value::String(value)), Constant::Bytes(wanted)) => match latin(value) {
            Some(value) => Relation::Ordered(value.as_slice().cmp(wanted)),
            None => Relation::NoBytes,
        },
        (Seen::Json(Value::String(value)), Constant::Instant(wanted)) => match Timestamp::parse(value) {
            Ok(at) => Relation::Ordered(nanos(at).cmp(wanted)),
            Err(_) => Relation::NoInstant,
        },
        (Seen::Json(Value::Number(value)), Constant::Integer(wanted)) => numbers(value, *wanted),
        (Seen::Json(Value::Number(value)), Constant::Float(wanted)) => {
            let order = match integer(value) {
                Some(whole) => whole_to_float(whole, *wanted),
                None => value.as_f64().and_then(|value| value.partial_cmp(wanted)),
            };
            order.map_or(Relation::Incomparable, Relation::Ordered)
        }
        (Seen::Json(Value::Bool(value)), Constant::Boolean(wanted)) => Relation::Unordered(value == wanted),
        _ => Relation::Incomparable,
    }
}

fn integer(value: &Number) -> Option<i128> {
    value.as_i64().map(i128::from).or_else(|| value.as_u64().map(i128::from))
}

fn numbers(value: &Number, wanted: i64) -> Relation {
    let order = match integer(value) {
        Some(whole) => Some(whole.cmp(&i128::from(wanted))),
        None => {
            value.as_f64().and_then(|value| whole_to_float(i128::from(wanted), value)).map(Ordering::reverse)
        }
    };
    order.map_or(Relation::Incomparable, Relation::Ordered)
}

/// Exact, also where a float can't hold the integer.
fn whole_to_float(whole: i128, float: f64) -> Option<Ordering> {
    if float.is_nan() {
        return None;
    }
    let cut = float.trunc();
    let order = whole.cmp(&(cut as i128));
    let rest = 0.0_f64.partial_cmp(&(float - cut)).unwrap_or(Ordering::Equal);
    Some(if float.is_finite() { order.then(rest) } else { 0.0_f64.total_cmp(&float) })
}

/// The bytes of a text whose characters are all below U+0100.
fn latin(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect()
}

pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text).ok()
}

pub(super) fn hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let bytes = text.as_bytes();
    if !bytes.len().is_multiple_of(2) {
        return None;
    }
    bytes.chunks_exact(2).map(|pair| u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok()).collect()
}
