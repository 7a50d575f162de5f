//! What the database's refusals mean.

use std::error::Error as _;

use postgres::Error;
use postgres::error::SqlState;

use super::super::BackendError;

impl From<Error> for BackendError {
    fn from(error: Error) -> Self {
        let Some(refusal) = error.as_db_error() else {
            let is_ours = matches!(error.source(), Some(source) if !source.is::<std::io::Error>() && !error.is_closed());
            let text = told(&error);
            return if is_ours { Self::Sql(text) } else { Self::Lost(text) };
        };
        let (code, text) = (refusal.code(), told(&error));
        match code.code() {
            _ if *code == SqlState::DISK_FULL => Self::Full,
            // Serialisation failures and deadlocks.
            "40001" | "40P01" => Self::Busy(text),
            // Locks that were not got.
            "55P03" => Self::Busy(format!("it holds rows for others, or writes them anew: {text}")),
            // Connections that ended, servers that stop, start, or are full, and those that follow another after a fail-over.
            other
                if other.starts_with("08")
                    || other.starts_with("57P")
                    || other == "53300"
                    || other == "25006" =>
            {
                Self::Lost(text)
            }
            _ => Self::Sql(text),
        }
    }
}

/// What happened, and why, in one line.
fn told(error: &Error) -> String {
    match (error.as_db_error(), error.source()) {
        (Some(refusal), _) => format!("{} ({})", refusal.message(), refusal.code().code()),
        (None, Some(source)) => format!("{error}: {source}"),
        (None, None) => error.to_string(),
    }
}
