//! Private screening: who asks learns whether its value is known, and who answers learns nothing of the value.
//!
//! An oblivious pseudorandom function stands between the two. The node has a [`Key`] and publishes the function's outputs for all
//! values that it knows, as a [`Set`]. Who asks blinds its values ([`Question`]), has the node evaluate what is blinded, takes the
//! blinding off, and looks the outputs up in the set. A proof in the [`Answer`] shows that the node used the key that it published
//! for everyone. Without the node nobody computes an output, so the set alone says how many values there are and no more.
//!
//! A value is asked for as [`probes`] has it: itself, the domains and networks above it, the host in it. The function's input is
//! the context string, the kind's name and the normal form, with a zero byte after each of the first two.
//!
//! Source: RFC 9497, mode VOPRF (0x01), suite ristretto255-SHA512.

mod ask;
mod key;
mod probe;
mod set;
mod wire;

pub use ask::Question;
pub use key::Key;
pub use probe::{Shape, probes};
pub use set::{RATE_BITS, Set, SetError};
pub use wire::{Answer, ELEMENTS_MAX, Element, Request, RequestError};

use crate::value::Value;

/// The name of the suite, as RFC 9497, section 4.1, has it.
pub const SUITE: &str = "ristretto255-SHA512";

/// Questions are asked in multiples of so many elements, so that their number says less.
pub const ELEMENTS_STEP: usize = 16;

type Suite = voprf::Ristretto255;

/// Keeps these inputs apart from those of any other use of the same function.
const CONTEXT: &[u8] = b"bongsu private screening 1";

/// What the function gives for a value, cut to its first 64 bits, the highest byte first: what is looked up in a [`Set`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Output(pub u64);

impl Output {
    /// Cuts what the function gives, 64 bytes.
    fn of(whole: &[u8]) -> Self {
        Self(whole.iter().take(8).fold(0, |cut, byte| cut << 8 | u64::from(*byte)))
    }
}

/// Why there is no outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PrivateError {
    /// A value that the function does not take.
    #[error("value {0} can't be blinded")]
    Value(usize),
    /// More values than one question may have.
    #[error("one question has at most {ELEMENTS_MAX} values")]
    TooMany,
    /// An element that is no encoding of an element, or that of the identity.
    #[error("element {0} is no element of {SUITE}, or its identity")]
    Element(usize),
    /// Not as many elements as were asked for.
    #[error("{answered} elements answer {asked}")]
    Count {
        /// How many were asked for.
        asked: usize,
        /// How many came.
        answered: usize,
    },
    /// The public key is none.
    #[error("the public key is no key of {SUITE}")]
    PublicKey,
    /// The proof is none, or does not hold.
    #[error("the proof does not hold: the answer was not computed with the key that is published")]
    Proof,
    /// No key can be derived.
    #[error("no key can be derived from this secret")]
    Derive,
}

/// The function's input for a value.
fn input(value: &Value) -> Vec<u8> {
    [CONTEXT, b"\0", value.kind().as_str().as_bytes(), b"\0", value.text().as_bytes()].concat()
}
