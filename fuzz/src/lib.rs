//! What several targets share: the slow, plain versions that parsers are held against, and a node to talk to.
//!
//! A target reads one input and panics where the parser and its oracle differ. Nothing here is fast or complete; it is
//! as short as it can be, so that one can see that it is right.

pub mod node;
pub mod plain;
pub mod reading;
