//! How much of its files SQLite holds in memory.

use rusqlite::Connection;

use crate::backend::BackendError;
use crate::failure::StorageError;

/// Bounds what all connections of this process hold of files of SQLite, together: a connection that would go beyond it takes the place
/// of pages of its own that were not asked for lately. What is asked for at one time is held in any case.
///
/// Source: SQLite, "Limit Heap Size" (`soft_heap_limit`).
///
/// # Errors
/// [`StorageError`] if SQLite does not take it.
pub fn limit(bytes: u32) -> Result<(), StorageError> {
    let set = Connection::open_in_memory()
        .and_then(|connection| connection.pragma_update(None, "soft_heap_limit", bytes));
    set.map_err(|error| BackendError::from(error).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_bounded_is_bounded_for_all_connections() {
        let bound = || -> i64 {
            let connection = Connection::open_in_memory().unwrap();
            connection.pragma_query_value(None, "soft_heap_limit", |row| row.get(0)).unwrap()
        };
        limit(64 << 20).unwrap();
        assert_eq!(bound(), 64 << 20);
        limit(0).unwrap();
        assert_eq!(bound(), 0);
    }
}
