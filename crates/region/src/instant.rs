//! Times as STIX writes them.

use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};
use stix::Timestamp;

pub(crate) fn serialize<S: Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(at)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
    let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
    Timestamp::parse(&text).map_err(|error| D::Error::custom(format!("`{text}`: {error}")))
}
