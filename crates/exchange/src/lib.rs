//! Protocols in and out: a TAXII 2.1 server, and readers for files of other formats.

pub mod read;
pub mod taxii;
