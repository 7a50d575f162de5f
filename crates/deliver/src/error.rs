//! Why there is no artefact: what the member asked for, or what failed here.

use line::StorageError;
use policy::Level;

/// Why there is no artefact.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeliverError {
    /// The member is not there or has left.
    #[error("there is no such member")]
    NoMember,
    /// The form is above the member's level.
    #[error(
        "level {wanted} is above your level, {offered}: you are offered {offered} and what stands below it"
    )]
    LevelTooLow {
        /// The member's level.
        offered: Level,
        /// What was asked for.
        wanted: Level,
    },
    /// The store.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The node's line.
    #[error(transparent)]
    Gate(#[from] gate::GateError),
    /// A page could not be rendered.
    #[error("the artefact can't be rendered: {0}")]
    Render(String),
    /// The node is not set up to make this form.
    #[error("{why}: set `{key}`")]
    Unset {
        /// What is to be set, and where.
        key: &'static str,
        /// What is missing.
        why: String,
    },
    /// The list's changes since the number given can't be told.
    #[error(
        "what has changed since `{0}` is not known here: the number is too old, of another member or of before a restart; fetch the whole list"
    )]
    NumberUnknown(String),
    /// A device that is not known.
    #[error(
        "no device `{0}` is known; `bongsu devices` shows those that are, and entries=N says a limit of your own"
    )]
    DeviceUnknown(String),
    /// Zones are given out by another of several nodes.
    #[error("zones are given out by another node of these now: ask the next one")]
    Elsewhere,
    /// The options do not go with the artefact.
    #[error("{0}")]
    NotFor(&'static str),
}
