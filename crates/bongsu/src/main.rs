//! The node's command line.
fn main() {}
