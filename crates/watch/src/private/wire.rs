//! A question and its answer as they travel: JSON, with elements and the proof in base64.
//!
//! ```json
//! {"epoch": 20789, "elements": ["…", "…"]}
//! {"epoch": 20789, "elements": ["…", "…"], "proof": "…"}
//! ```

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Elements of one question.
pub const ELEMENTS_MAX: usize = 1_024;
/// Bytes of one question: its elements in base64, with quotes, commas, and room for spaces.
const REQUEST_BYTES_MAX: usize = ELEMENTS_MAX * 64 + 1_024;

/// An element of the group as it is written: 32 bytes, of which not all are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element(pub [u8; 32]);

/// What a node is asked to evaluate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// With the key of which epoch.
    pub epoch: u32,
    /// The blinded elements.
    pub elements: Vec<Element>,
}

/// What it answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// With the key of which epoch.
    pub epoch: u32,
    /// The evaluated elements, in the order of those that were asked for.
    pub elements: Vec<Element>,
    /// The proof that one key was used for all, and which.
    #[serde(with = "proof")]
    pub proof: [u8; 64],
}

/// Why a question is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// It is too long.
    #[error(
        "it has more than {ELEMENTS_MAX} elements, or more than {REQUEST_BYTES_MAX} bytes: ask in several parts"
    )]
    TooLong,
    /// It asks for nothing.
    #[error("it has no elements")]
    Empty,
    /// It has another form.
    #[error("it is not {{\"epoch\": NUMBER, \"elements\": [BASE64 OF 32 BYTES, …]}}: {0}")]
    Form(String),
}

impl Request {
    /// Bytes beyond which a question is not read.
    pub const BYTES_MAX: usize = REQUEST_BYTES_MAX;

    /// Reads a question. Whether its elements are any, [`super::Key::evaluate`] says.
    ///
    /// # Errors
    /// [`RequestError`].
    pub fn read(bytes: &[u8]) -> Result<Self, RequestError> {
        if bytes.len() > REQUEST_BYTES_MAX {
            return Err(RequestError::TooLong);
        }
        let request: Self =
            serde_json::from_slice(bytes).map_err(|error| RequestError::Form(error.to_string()))?;
        match request.elements.len() {
            0 => Err(RequestError::Empty),
            1..=ELEMENTS_MAX => Ok(request),
            _ => Err(RequestError::TooLong),
        }
    }
}

impl Serialize for Element {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&base64::display::Base64Display::new(&self.0, &STANDARD))
    }
}

impl<'de> Deserialize<'de> for Element {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        bytes(from).map(Self)
    }
}

/// So many bytes, no more and no less, in base64.
fn bytes<'de, D: Deserializer<'de>, const N: usize>(from: D) -> Result<[u8; N], D::Error> {
    let text = std::borrow::Cow::<str>::deserialize(from)?;
    let bytes = STANDARD.decode(text.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| D::Error::custom(format!("not {N} bytes in base64")))
}

mod proof {
    use super::{Deserializer, STANDARD, Serializer, bytes};

    pub(super) fn serialize<S: Serializer>(proof: &[u8; 64], to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&base64::display::Base64Display::new(proof, &STANDARD))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<[u8; 64], D::Error> {
        bytes(from)
    }
}
