//! The database in which the lines are kept, if they are in none of the data folder's files.

use std::path::PathBuf;

use line::{Database as Settings, Dialect};
use serde::Deserialize;

use crate::exit::Failure;

/// What `takeover_s` may be. A shorter time would be lost to a slow answer of the database.
const TAKEOVER_MIN_S: u64 = 2;
const TAKEOVER_MAX_S: u64 = 600;

/// The database. Without an address, lines are kept in a file of SQLite in the data folder.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Database {
    /// Where it is: an address of PostgreSQL's, without a password.
    pub url: Option<String>,
    /// File with the password.
    pub password_file: Option<PathBuf>,
    /// Authorities that are trusted for its certificate instead of the system's, PEM.
    pub ca_file: Option<PathBuf>,
    /// Seconds after which other nodes take over what one does at a time, if that one is not heard of any more.
    pub takeover_s: u64,
    /// Whether this node may do what one of several does at a time.
    pub leads: bool,
    /// What kind of engine it is: `postgres`, `citus`, `yugabyte` or `cockroach`.
    pub dialect: String,
    /// Bytes that may wait to be written, wherever lines are kept; beyond it, who brings more is told to come again.
    pub waiting_bytes_max: usize,
    /// Bytes of files of SQLite that are held in memory, of lines and of the index of words together; 0 is what each needs to be quick.
    pub cache_bytes_max: u32,
}

impl Default for Database {
    fn default() -> Self {
        Self {
            url: None,
            password_file: None,
            ca_file: None,
            takeover_s: 10,
            leads: true,
            dialect: Dialect::default().to_string(),
            waiting_bytes_max: line::Options::default().waiting_bytes_max,
            cache_bytes_max: 0,
        }
    }
}

impl Database {
    pub(super) fn check(&self) -> Result<(), Failure> {
        if !(TAKEOVER_MIN_S..=TAKEOVER_MAX_S).contains(&self.takeover_s) {
            return Err(Failure::usage(format!(
                "database.takeover_s is {}: it must be {TAKEOVER_MIN_S} to {TAKEOVER_MAX_S}",
                self.takeover_s
            )));
        }
        self.dialect()?;
        match &self.url {
            Some(url) => Settings::new(url, None, None).map(drop).map_err(|error| {
                Failure::usage(format!("database.url: {error}"))
                    .hint("such as postgresql://bongsu@db.example/bongsu?sslmode=require; the password stands in database.password_file")
            }),
            None if self.password_file.is_some() || self.ca_file.is_some() => {
                Err(Failure::usage("database.password_file or database.ca_file is set without database.url"))
            }
            None => Ok(()),
        }
    }

    fn dialect(&self) -> Result<Dialect, Failure> {
        self.dialect
            .parse()
            .map_err(|error| Failure::usage(format!("database.dialect is {}: {error}", self.dialect)))
    }

    /// How it is reached; `None` if there is none.
    ///
    /// # Errors
    /// When a file can't be read, or what is in it can't be used.
    pub(crate) fn settings(&self) -> Result<Option<Settings>, Failure> {
        let Some(url) = &self.url else { return Ok(None) };
        let read = |what: &str, path: &PathBuf| {
            std::fs::read(path)
                .map_err(|error| Failure::new(format!("{what}: {} can't be read: {error}", path.display())))
        };
        let password =
            self.password_file.as_ref().map(|path| read("database.password_file", path)).transpose()?;
        let authorities = self.ca_file.as_ref().map(|path| read("database.ca_file", path)).transpose()?;
        let settings =
            Settings::new(url, password.as_deref().map(<[u8]>::trim_ascii), authorities.as_deref());
        let settings = settings.map_err(|error| Failure::usage(format!("database: {error}")))?;
        Ok(Some(settings.speaking(self.dialect()?)))
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    fn said(text: &str) -> Option<String> {
        toml::from_str::<Config>(text).unwrap().check().err().map(|failure| failure.message)
    }

    #[test]
    fn a_database_is_named_by_an_address_without_a_password() {
        assert_eq!(said("[database]\nurl = \"postgresql://bongsu@db.example/bongsu\""), None);
        let secret = said("[database]\nurl = \"postgresql://bongsu:hunter2@db.example/bongsu\"").unwrap();
        assert!(secret.contains("password") && !secret.contains("hunter2"), "{secret}");
        assert!(said("[database]\nurl = \"postgresql://[\"").is_some());
        assert!(said("[database]\ndialect = \"mysql\"").unwrap().contains("citus"));
        assert_eq!(said("[database]\ndialect = \"citus\""), None);
        assert!(said("[database]\ntakeover_s = 1").unwrap().contains("2 to 600"));
        assert!(said("[database]\nca_file = \"ca.pem\"").unwrap().contains("without database.url"));
    }
}
