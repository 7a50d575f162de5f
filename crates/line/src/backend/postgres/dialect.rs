//! Engines that speak PostgreSQL's protocol, and what is different about their tables.
//!
//! All statements that read and write are the same for all; what an engine is told besides is how to spread the tables. A line is the
//! unit: all of it lies in one place, and each unique key begins with it. Of these, PostgreSQL is what the tests run on, and Citus is run
//! by hand (CONTRIBUTING.md says how); the other two are written by what their manuals say.

use std::fmt;
use std::str::FromStr;

/// An engine that speaks PostgreSQL's protocol.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dialect {
    /// PostgreSQL itself.
    #[default]
    Postgres,
    /// Citus: PostgreSQL whose tables are spread over several.
    Citus,
    /// YugabyteDB.
    Yugabyte,
    /// CockroachDB.
    Cockroach,
}

/// It is none of those that are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it must be postgres, citus, yugabyte or cockroach")]
pub struct DialectError;

impl FromStr for Dialect {
    type Err = DialectError;

    fn from_str(text: &str) -> Result<Self, DialectError> {
        match text {
            "postgres" => Ok(Self::Postgres),
            "citus" => Ok(Self::Citus),
            "yugabyte" => Ok(Self::Yugabyte),
            "cockroach" => Ok(Self::Cockroach),
            _ => Err(DialectError),
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Postgres => "postgres",
            Self::Citus => "citus",
            Self::Yugabyte => "yugabyte",
            Self::Cockroach => "cockroach",
        })
    }
}

/// The planner's samples would keep what is erased.
const UNSAMPLED: &str = "
ALTER TABLE record ALTER COLUMN body SET STATISTICS 0;
ALTER TABLE record ALTER COLUMN terms SET STATISTICS 0;
ALTER TABLE kept ALTER COLUMN value SET STATISTICS 0;
";

/// Says that the tables are there; the last of all.
const VERSIONS: &str = "INSERT INTO tables (version) VALUES (1), (2) ON CONFLICT DO NOTHING";

/// Spreads lines over the nodes, each whole and beside its head; what is small stays on the coordinator.
const SPREAD: &str = "
SELECT create_distributed_table('line', 'id') WHERE NOT EXISTS
    (SELECT 1 FROM citus_tables WHERE table_name = 'line'::regclass);
SELECT create_distributed_table('record', 'line', colocate_with => 'line') WHERE NOT EXISTS
    (SELECT 1 FROM citus_tables WHERE table_name = 'record'::regclass);
";

impl Dialect {
    /// The statements that make the tables, or what those of an earlier version lack.
    pub(super) fn tables(self, are_new: bool) -> String {
        let tables = include_str!("tables.sql");
        match self {
            Self::Postgres => format!("{tables}{UNSAMPLED}{VERSIONS}"),
            // Of a table that is spread, it refuses to say what is sampled.
            Self::Citus if are_new => format!("{tables}{UNSAMPLED}{SPREAD}{VERSIONS}"),
            Self::Citus => format!("{tables}{VERSIONS}"),
            // A line is found by its hash, and its records lie in order.
            Self::Yugabyte => {
                let tables =
                    tables.replace("PRIMARY KEY (line, seq)\n)", "PRIMARY KEY (line HASH, seq ASC)\n)");
                format!("{tables}{VERSIONS}")
            }
            // Ranges of keys are split by themselves, and a line's records lie in one.
            Self::Cockroach => format!("{tables}{VERSIONS}"),
        }
    }

    /// Whether those who wait can be told that something was appended; else they look again after a while.
    pub(super) const fn tells(self) -> bool {
        matches!(self, Self::Postgres | Self::Citus)
    }

    /// What writes tables anew without what was erased; engines that have nothing of the kind do it by themselves, in their own time.
    pub(super) const fn scrub(self) -> &'static [&'static str] {
        match self {
            Self::Postgres | Self::Citus => &["VACUUM (FULL) record", "VACUUM (FULL) kept"],
            Self::Yugabyte | Self::Cockroach => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Dialect;

    #[test]
    fn dialects_differ_in_how_tables_are_spread_and_in_nothing_else() {
        for name in ["postgres", "citus", "yugabyte", "cockroach"] {
            let dialect: Dialect = name.parse().unwrap();
            assert_eq!(dialect.to_string(), name);
            let tables = dialect.tables(true);
            for table in ["line", "record", "remains", "lease", "kept", "tables"] {
                assert!(tables.contains(&format!("CREATE TABLE IF NOT EXISTS {table} (")), "{name} {table}");
            }
            let is_spread = tables.contains("create_distributed_table('record', 'line'");
            assert_eq!(is_spread, dialect == Dialect::Citus);
            assert_eq!(tables.contains("(line HASH, seq ASC)"), dialect == Dialect::Yugabyte);
            assert!(tables.ends_with("ON CONFLICT DO NOTHING"), "what says that all is there comes last");
            assert!(dialect.tables(false).ends_with("ON CONFLICT DO NOTHING"));
        }
        assert!("mysql".parse::<Dialect>().is_err());
    }
}
