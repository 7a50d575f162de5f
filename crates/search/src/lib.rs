//! Search: over all circles of whoever looks, the newest first, while somebody types.
//!
//! An index in a file of its own says where words stand, in which circle, and of which class ([`gate::ClassSeen`]). It is derived: it
//! follows the lines, and is made anew if it is removed, if something was erased, or if it does not fit the lines. It says where to
//! look and no more. What it gives is read through the [`gate::Reader`] of whoever looks, and what comes out there, perhaps a
//! redacted copy, must itself hold all that was asked for. So pages, what is "more", and how far a page goes depend on what may
//! be seen and on nothing else.

mod asked;
mod find;
mod following;
mod index;
mod place;
mod words;

pub use asked::{Asked, CONFIDENCE_MAX, TEXT_BYTES_MAX, WORDS_ASKED_MAX};
pub use find::{Cursor, Found, Looking, PAGE_MAX, Search, Seen};
pub use index::{FILE, SearchError};
pub use words::{WORD_BYTES_MAX, WORDS_MAX};
