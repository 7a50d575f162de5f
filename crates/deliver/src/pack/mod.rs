//! Offline packs: all that a member gets, as one signed archive that is carried into a network without a connection, and the
//! receipt that is carried back.
//!
//! A pack is a ZIP archive with the artefacts, `manifest.json` (what is in it, for whom, up to which numbers), `manifest.note`
//! (the manifest's hash, signed by the node, a C2SP signed note), `SHA256SUMS` for tools that every system has, and a secret
//! that is this pack's alone: what is made with it, a receipt or a code of twelve characters, proves that one held the pack.
//! docs/offline.md describes both for people.

mod archive;
mod back;
mod make;
mod manifest;

pub use archive::{Opened, SECRET};
pub use back::{Back, Body, code, read_back, same_code};
pub use make::Extra;
pub use manifest::{Circle, File, Manifest};

/// Largest file in a pack, and all of them, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 30;
const PACK_BYTES_MAX: u64 = 2 << 30;
/// Files in a pack.
const FILES_MAX: usize = 500;

/// Why a pack or a receipt is not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// No archive, or one that is damaged.
    #[error("it can't be read as a ZIP archive: {0}")]
    Archive(#[from] zip::result::ZipError),
    /// Reading or writing failed.
    #[error("it can't be read: {0}")]
    Io(#[from] std::io::Error),
    /// A file of every pack is not there.
    #[error("`{0}` is not in it, so it is no pack of Bongsu, or not a whole one")]
    Lacks(String),
    /// A file that no pack has.
    #[error("`{0}` is in it and not in its manifest: it was added later")]
    Added(String),
    /// Two files of one name: some readers take the first, others the last.
    #[error("it holds a name twice: it was changed after it was made")]
    Twice,
    /// A file is not what the manifest says.
    #[error("`{name}` is not what the manifest says: {why}")]
    Changed {
        /// Which.
        name: String,
        /// In which way.
        why: String,
    },
    /// The signature.
    #[error("manifest.note: {0}")]
    Note(#[from] gate::NoteError),
    /// The manifest or a receipt has another form.
    #[error("{0} can't be read: {1}")]
    Form(&'static str, String),
    /// More than a pack may hold.
    #[error("it holds too much: {0}")]
    TooMuch(String),
    /// The receipt's code does not hold.
    #[error("the receipt's code does not hold: it was changed, or made by one who did not hold the pack")]
    Code,
    /// An artefact could not be made.
    #[error(transparent)]
    Deliver(#[from] crate::DeliverError),
}
