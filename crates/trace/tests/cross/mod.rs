//! Crossings through their public face: examples with each kind of pair, and laws on random chains.

mod books;
mod examples;
mod laws;
mod wrapped;
