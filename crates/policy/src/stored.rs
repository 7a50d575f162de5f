//! How values of `stix` stand in the JSON of entries and terms: as the words and texts that people know.

/// TLP marks, by their words.
pub(crate) mod tlp {
    use serde::{Deserialize, Deserializer, Serializer, de};
    use stix::Tlp;

    pub(crate) fn serialize<S: Serializer>(tlp: &Tlp, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(tlp.word())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Tlp, D::Error> {
        String::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}

/// TLP marks that may be absent.
pub(crate) mod tlp_option {
    use serde::{Deserialize, Deserializer, Serializer, de};
    use stix::Tlp;

    pub(crate) fn serialize<S: Serializer>(tlp: &Option<Tlp>, to: S) -> Result<S::Ok, S::Error> {
        match tlp {
            Some(tlp) => to.serialize_some(tlp.word()),
            None => to.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Tlp>, D::Error> {
        let word = Option::<String>::deserialize(from)?;
        word.map(|word| word.parse()).transpose().map_err(de::Error::custom)
    }
}

/// Ids of objects.
pub(crate) mod id {
    use serde::{Deserialize, Deserializer, Serializer, de};
    use stix::ObjectId;

    pub(crate) fn serialize<S: Serializer>(id: &ObjectId, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(id)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<ObjectId, D::Error> {
        ObjectId::parse(&String::deserialize(from)?).map_err(de::Error::custom)
    }
}

/// Timestamps, as RFC 3339.
pub(crate) mod time {
    use serde::{Deserialize, Deserializer, Serializer, de};
    use stix::Timestamp;

    pub(crate) fn serialize<S: Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(at)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        Timestamp::parse(&String::deserialize(from)?).map_err(de::Error::custom)
    }
}

/// Timestamps that may be absent.
pub(crate) mod time_option {
    use serde::{Deserialize, Deserializer, Serializer, de};
    use stix::Timestamp;

    pub(crate) fn serialize<S: Serializer>(at: &Option<Timestamp>, to: S) -> Result<S::Ok, S::Error> {
        match at {
            Some(at) => to.collect_str(at),
            None => to.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        text.map(|text| Timestamp::parse(&text)).transpose().map_err(de::Error::custom)
    }
}

/// STIX versions, as `2.0` and `2.1`.
pub(crate) mod spec_versions {
    use serde::{Deserialize, Deserializer, Serializer, de};
    use stix::SpecVersion;

    pub(crate) fn serialize<S: Serializer>(versions: &[SpecVersion], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(versions.iter().map(|version| version.as_str()))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<SpecVersion>, D::Error> {
        let words = Vec::<String>::deserialize(from)?;
        let read = |word: &String| match word.as_str() {
            "2.0" => Ok(SpecVersion::V20),
            "2.1" => Ok(SpecVersion::V21),
            other => Err(de::Error::custom(format!("`{other}` is no STIX version"))),
        };
        words.iter().map(read).collect()
    }
}

/// Public keys, as their 32 bytes in base64url.
pub(crate) mod public_key {
    use serde::{Deserialize, Deserializer, Serializer, de};
    use stix::signature::PublicKey;

    pub(crate) fn serialize<S: Serializer>(key: &PublicKey, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&key.text())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<PublicKey, D::Error> {
        PublicKey::read(&String::deserialize(from)?).map_err(de::Error::custom)
    }
}
