//! Applications compared with the personas of a member's circles, and contests of what is said of personas: what the command line, the
//! pages and programs share, and the server of `POST /persona/check`.
//!
//! What a member may not see is, for it, not known. Nothing of an application is kept or logged.

mod answer;
mod check;
mod contesting;
mod known;
mod told;

pub use answer::router;
pub use check::{APPLICATIONS_MAX, BODY_BYTES_MAX, CheckError, Checked, PersonaCheck};
pub use contesting::{ContestError, Here, Saying, Taken, say, seen_in};
pub use known::{KnownError, known};
pub use told::{contest, outcome};
