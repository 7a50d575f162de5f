//! Append-only lines of records, their catalogue, and their Merkle trees.
