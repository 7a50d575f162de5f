//! How events are stored: as JSON with a version, `{"v":1,"event":{…}}`.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The version of the stored form.
const VERSION: u8 = 1;

#[derive(Serialize, Deserialize)]
struct Stored<E> {
    v: u8,
    event: E,
}

/// Why a text is no event.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// It has another form.
    #[error("the event can't be read: {0}")]
    Form(#[from] serde_json::Error),
    /// It was written by a newer program.
    #[error("the event has version {0}, this program knows {VERSION}: use a newer program")]
    Version(u8),
}

/// The stored form of an event.
pub(crate) fn written(event: &impl Serialize) -> String {
    serde_json::to_string(&Stored { v: VERSION, event }).unwrap_or_default()
}

/// Reads the stored form.
///
/// # Errors
/// [`EventError`].
pub(crate) fn read<E: DeserializeOwned>(text: &str) -> Result<E, EventError> {
    #[derive(Deserialize)]
    struct Version {
        v: u8,
    }
    let Version { v } = serde_json::from_str(text)?;
    if v != VERSION {
        return Err(EventError::Version(v));
    }
    Ok(serde_json::from_str::<Stored<E>>(text)?.event)
}
