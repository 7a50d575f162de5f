//! The database in which the lines are kept, if they are in none of the data folder's files.

use std::path::PathBuf;

use line::Database as Settings;
use serde::Deserialize;

use crate::exit::Failure;

/// The database. Without an address, lines are kept in a file of SQLite in the data folder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Database {
    /// Where it is: an address of PostgreSQL's, without a password.
    pub url: Option<String>,
    /// File with the password.
    pub password_file: Option<PathBuf>,
    /// Authorities that are trusted for its certificate instead of the system's, PEM.
    pub ca_file: Option<PathBuf>,
}

impl Database {
    pub(super) fn check(&self) -> Result<(), Failure> {
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
        settings.map(Some).map_err(|error| Failure::usage(format!("database: {error}")))
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
        assert!(said("[database]\nca_file = \"ca.pem\"").unwrap().contains("without database.url"));
    }
}
