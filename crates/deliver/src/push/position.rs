//! How far a member was told: a number and the fires of each of its circles.
//!
//! Written as one word, which also is the `id` of a server-sent event: `1`, then for each circle `;UUID:NUMBER:FIRES`, in the
//! circles' order. A member gives it back as `Last-Event-ID`, so it is read as anything from outside; whatever it says, it
//! leads to nothing but what the member may have.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use policy::CircleId;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::Uuid;

/// Longest text that is read, in bytes: some 1,000 circles.
const POSITION_BYTES_MAX: usize = 60 * 1024;
const VERSION: &str = "1";

/// How far a member was told of one circle.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Mark {
    /// The number of its line.
    pub seq: u64,
    /// Its fires, 1 to 5; 0 if they were not told.
    pub fires: u8,
}

/// How far a member was told. What is not in it was not told at all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Position {
    circles: BTreeMap<CircleId, Mark>,
}

/// Why a text is no position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PositionError {
    /// It is too long.
    #[error("a position has at most {POSITION_BYTES_MAX} bytes")]
    TooLong,
    /// It has another form.
    #[error("that is no position: it begins with `1`, then has `;CIRCLE:NUMBER:FIRES` for each circle")]
    Form,
}

impl Position {
    /// What was told of a circle.
    #[must_use]
    pub fn of(&self, circle: CircleId) -> Mark {
        self.circles.get(&circle).copied().unwrap_or_default()
    }

    /// All circles of which something was told.
    pub fn circles(&self) -> impl Iterator<Item = (CircleId, Mark)> {
        self.circles.iter().map(|(circle, mark)| (*circle, *mark))
    }

    /// Notes what was told of a circle.
    pub fn set(&mut self, circle: CircleId, mark: Mark) {
        self.circles.insert(circle, mark);
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(VERSION)?;
        let mut circles = self.circles.iter();
        circles.try_for_each(|(id, mark)| write!(f, ";{}:{}:{}", id.uuid().simple(), mark.seq, mark.fires))
    }
}

impl FromStr for Position {
    type Err = PositionError;

    fn from_str(text: &str) -> Result<Self, PositionError> {
        if text.len() > POSITION_BYTES_MAX {
            return Err(PositionError::TooLong);
        }
        let mut parts = text.split(';');
        if parts.next() != Some(VERSION) {
            return Err(PositionError::Form);
        }
        let circle = |part: &str| {
            let mut fields = part.split(':');
            let (id, seq, fires) = (fields.next()?, fields.next()?, fields.next()?);
            let fires = fires.parse().ok().filter(|fires| *fires <= 5)?;
            let mark = Mark { seq: seq.parse().ok()?, fires };
            fields.next().is_none().then_some((CircleId::new(Uuid::try_parse(id).ok()?), mark))
        };
        let circles = parts.map(|part| circle(part).ok_or(PositionError::Form)).collect::<Result<_, _>>()?;
        Ok(Self { circles })
    }
}

impl Serialize for Position {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Position {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_read_as_it_is_written_and_nothing_else_is() {
        let mut position = Position::default();
        assert_eq!("1".parse(), Ok(position.clone()));
        position.set(CircleId::new(Uuid::from_u128(7)), Mark { seq: 12, fires: 3 });
        position.set(CircleId::new(Uuid::from_u128(8)), Mark { seq: u64::MAX, fires: 0 });
        assert_eq!(position.to_string().parse(), Ok(position.clone()));
        let id = Uuid::from_u128(7).simple();
        for bad in [
            "",
            "2",
            "1;",
            "1;x:1:1",
            &format!("1;{id}:1"),
            &format!("1;{id}:1:6"),
            &format!("1;{id}:-1:1"),
            &format!("1;{id}:1:1:1"),
        ] {
            assert_eq!(bad.parse::<Position>(), Err(PositionError::Form), "{bad}");
        }
        let long = format!("1{}", ";".repeat(POSITION_BYTES_MAX));
        assert_eq!(long.parse::<Position>(), Err(PositionError::TooLong));
    }
}
