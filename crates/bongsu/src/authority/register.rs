//! What the authority has signed and taken back, as the node's line has it.

use crate::kept::Sum;
use line::RecordKind;
use policy::MemberId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use stix::Timestamp;
use uuid::Uuid;

/// The version of the stored form.
const VERSION: u8 = 1;

/// What a certificate is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Purpose {
    /// To sign others.
    Authority,
    /// A member logs in with it.
    Member,
    /// Another node shows it, as a client and as a server.
    Peer,
    /// This node's server shows it.
    Server,
}

impl Purpose {
    /// Its name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Authority => "authority",
            Self::Member => "member",
            Self::Peer => "peer",
            Self::Server => "server",
        }
    }
}

/// Why a certificate was taken back. Source: RFC 5280, section 5.3.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Reason {
    /// It is not said.
    Unspecified,
    /// Somebody else may have the key.
    KeyCompromise,
    /// There is a newer one.
    Superseded,
    /// What it was for has ended.
    Ended,
}

/// A certificate that was signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Signed {
    /// Its serial, in hexadecimal.
    pub(crate) serial: String,
    pub(crate) purpose: Purpose,
    /// The common name.
    pub(crate) subject: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) names: Vec<String>,
    /// Whom it lets in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) member: Option<MemberId>,
    /// By which credential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) credential: Option<Uuid>,
    /// SHA-256 of its DER, in hexadecimal.
    pub(crate) sha256: String,
    #[serde(with = "micros")]
    pub(crate) from: Timestamp,
    #[serde(with = "micros")]
    pub(crate) until: Timestamp,
    /// When it was taken back, and why; known from another record.
    #[serde(skip)]
    pub(crate) revoked: Option<(Timestamp, Reason)>,
}

/// Instants as microseconds since 1970-01-01T00:00:00Z.
mod micros {
    use serde::{Deserialize, Deserializer, Serializer};
    use stix::Timestamp;

    pub(super) fn serialize<S: Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_i64(at.micros())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        i64::deserialize(from).map(Timestamp::from_micros)
    }
}

/// Something that happened to a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum What {
    /// It was signed.
    Signed(Signed),
    /// A credential lets its holder in.
    Bound {
        /// Which.
        credential: Uuid,
    },
    /// It was taken back.
    Revoked {
        /// Why.
        reason: Reason,
    },
}

#[derive(Serialize, Deserialize)]
struct Stored {
    v: u8,
    serial: String,
    what: What,
}

/// The stored form.
pub(super) fn text(serial: &str, what: What) -> String {
    let stored = Stored { v: VERSION, serial: serial.to_owned(), what };
    serde_json::to_string(&stored).unwrap_or_default()
}

/// All certificates, in the order in which they were signed.
#[derive(Debug, Default)]
pub(super) struct Register {
    order: Vec<String>,
    signed: BTreeMap<String, Signed>,
}

impl Register {
    pub(super) fn all(&self) -> Vec<Signed> {
        self.order.iter().filter_map(|serial| self.signed.get(serial)).cloned().collect()
    }
}

impl Sum for Register {
    const KIND: RecordKind = RecordKind::Certificate;
    const WHAT: &'static str = "the certificate";

    fn take(&mut self, text: &str, at: Timestamp) -> Result<(), impl std::fmt::Display> {
        let stored: Stored = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if stored.v != VERSION {
            return Err(format!("version {}; this program knows {VERSION}", stored.v));
        }
        match (stored.what, self.signed.get_mut(&stored.serial)) {
            (What::Signed(signed), None) => {
                self.order.push(stored.serial.clone());
                self.signed.insert(stored.serial, signed);
            }
            (What::Bound { credential }, Some(signed)) => signed.credential = Some(credential),
            // The first word holds: a certificate that was taken back stays so.
            (What::Revoked { reason }, Some(signed)) if signed.revoked.is_none() => {
                signed.revoked = Some((at, reason));
            }
            _ => {}
        }
        Ok(())
    }
}
