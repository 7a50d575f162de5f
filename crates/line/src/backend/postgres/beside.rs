//! Leases and what is kept beside lines, as statements: each of one row, found by its whole key, with the database's own clock.

use std::sync::Arc;
use std::time::Duration;

use postgres::types::Type;
use postgres::{Client, Row};
use uuid::Uuid;

use super::super::BackendError;
use super::{Postgres, Settings};
use crate::backend::Role;
use crate::beside::{Fence, Kept, Taken};

/// The database's time, in microseconds since 1970. It goes on within a statement that waited for a row.
macro_rules! now {
    () => {
        "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
    };
}

/// The same with a number of its own in its last digits, by which a change is told from what others changed to the same: within two
/// seconds before now.
macro_rules! signed {
    ($sign:literal) => {
        concat!("(", now!(), " & (-1048576)) - 1048576 + ", $sign)
    };
}
/// What such a number is below.
pub(crate) const SIGNS: i64 = 1_048_576;

const TAKE: &str = concat!(
    "INSERT INTO lease (name, holder, token, until) VALUES ($1, $2, 1, ",
    now!(),
    " + $3) ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = ",
    now!(),
    " + $3, token = lease.token + CASE WHEN lease.holder = excluded.holder AND lease.until > ",
    now!(),
    " THEN 0 ELSE 1 END WHERE lease.holder = excluded.holder OR lease.until <= ",
    now!(),
    " RETURNING token"
);
const LEFT: &str = concat!("SELECT until - ", now!(), " FROM lease WHERE name = $1");
const HOLDS: &str = "SELECT token FROM lease WHERE name = $1 AND holder = $2 AND token = $3 FOR SHARE";
const END: &str = "UPDATE lease SET until = 0 WHERE name = $1 AND holder = $2 AND token = $3";
const KEPT: &str = "SELECT key, value, version, changed FROM kept WHERE room = $1 AND key = $2";
const PAGE: &str = "SELECT key, value, version, changed FROM kept
     WHERE room = $1 AND key > $2 ORDER BY key LIMIT $3";
const KEEP: &str = concat!(
    "INSERT INTO kept (room, key, value, version, changed) VALUES ($1, $2, $3, ",
    now!(),
    ", ",
    now!(),
    ") ON CONFLICT (room, key) DO UPDATE SET value = excluded.value, changed = excluded.changed,
     version = greatest(kept.version + 1, excluded.version)"
);
const BEGIN: &str = concat!(
    "INSERT INTO kept (room, key, value, version, changed) VALUES ($1, $2, $3, ",
    now!(),
    ", ",
    signed!("$4"),
    ") ON CONFLICT (room, key) DO NOTHING RETURNING version"
);
const SWAP: &str = concat!(
    "UPDATE kept SET value = $3, version = greatest(version + 1, ",
    now!(),
    "), changed = ",
    signed!("$4"),
    " WHERE room = $1 AND key = $2 AND version = $5 RETURNING version"
);
const TAKE_AWAY: &str = "DELETE FROM kept WHERE room = $1 AND key = $2 AND version = $3";
const DROP: &str = "DELETE FROM kept WHERE room = $1 AND key = $2";
const TRIM: &str = "DELETE FROM kept WHERE room = $1 AND changed <
     (SELECT min(changed) FROM (SELECT changed FROM kept WHERE room = $1 ORDER BY changed DESC LIMIT $2) AS newest)";
const SWEEP: &str = concat!("DELETE FROM kept WHERE room = $1 AND changed < ", now!(), " - $2");

/// Where a value is kept: in which room, under which key.
type Place<'k> = (&'k str, &'k str);

impl Postgres {
    /// A connection that is made when it is first needed.
    pub(crate) fn idle(settings: &Settings, role: Role) -> Self {
        Self::of(settings, role)
    }

    /// As [`crate::beside::Beside::take`].
    pub(crate) fn take_lease(
        &mut self,
        name: &str,
        holder: Uuid,
        term: Duration,
    ) -> Result<Taken, BackendError> {
        let term = micros(term);
        self.on(|client| {
            let values: [(&(dyn postgres::types::ToSql + Sync), Type); 3] =
                [(&name, Type::TEXT), (&holder, Type::UUID), (&term, Type::INT8)];
            if let Some(row) = client.query_typed_opt(TAKE, &values)? {
                return Ok(Taken::Held(Fence { name: Arc::from(name), holder, token: row.try_get(0)? }));
            }
            let left = client.query_typed_opt(LEFT, &[(&name, Type::TEXT)])?;
            let left: i64 = left.map(|row| row.try_get(0)).transpose()?.unwrap_or_default();
            Ok(Taken::Others(Duration::from_micros(u64::try_from(left).unwrap_or_default())))
        })
    }

    /// As [`crate::beside::Beside::let_go`].
    pub(crate) fn end_lease(&mut self, fence: &Fence) -> Result<(), BackendError> {
        let Fence { name, holder, token } = fence;
        self.on(|client| {
            let values: [(&(dyn postgres::types::ToSql + Sync), Type); 3] =
                [(&&**name, Type::TEXT), (holder, Type::UUID), (token, Type::INT8)];
            client.execute_typed(END, &values)?;
            Ok(())
        })
    }

    /// What is kept under a key.
    pub(crate) fn kept(&mut self, room: &str, key: &str) -> Result<Option<Kept>, BackendError> {
        self.on(|client| {
            let row = client.query_typed_opt(KEPT, &[(&room, Type::TEXT), (&key, Type::TEXT)])?;
            row.map(|row| kept(&row)).transpose()
        })
    }

    /// What is kept under keys behind `after`.
    pub(crate) fn page(&mut self, room: &str, after: &str, limit: u32) -> Result<Vec<Kept>, BackendError> {
        let limit = i64::from(limit);
        self.on(|client| {
            let values: [(&(dyn postgres::types::ToSql + Sync), Type); 3] =
                [(&room, Type::TEXT), (&after, Type::TEXT), (&limit, Type::INT8)];
            client.query_typed(PAGE, &values)?.iter().map(kept).collect()
        })
    }

    /// Keeps a value, whatever was there.
    pub(crate) fn keep(
        &mut self,
        (room, key): Place<'_>,
        value: &[u8],
        fences: &[Fence],
    ) -> Result<(), BackendError> {
        self.under(fences, |client| {
            let values: [(&(dyn postgres::types::ToSql + Sync), Type); 3] =
                [(&room, Type::TEXT), (&key, Type::TEXT), (&value, Type::BYTEA)];
            client.execute_typed(KEEP, &values)?;
            Ok(())
        })
    }

    /// As [`crate::beside::Room::swap`]; the change has this sign, a number below [`SIGNS`].
    pub(crate) fn swap(
        &mut self,
        (room, key): Place<'_>,
        value: Option<&[u8]>,
        (version, sign): (Option<i64>, i64),
        fences: &[Fence],
    ) -> Result<Option<i64>, BackendError> {
        self.under(fences, |client| {
            let (at, under) = ((&room as _, Type::TEXT), (&key as _, Type::TEXT));
            let signed = (&sign as _, Type::INT8);
            let row = match (value, version) {
                (Some(value), None) => {
                    client.query_typed_opt(BEGIN, &[at, under, (&value, Type::BYTEA), signed])?
                }
                (Some(value), Some(version)) => {
                    let version = (&version as _, Type::INT8);
                    client.query_typed_opt(SWAP, &[at, under, (&value as _, Type::BYTEA), signed, version])?
                }
                (None, Some(version)) => {
                    let gone = client.execute_typed(TAKE_AWAY, &[at, under, (&version, Type::INT8)])?;
                    return Ok((gone > 0).then_some(0));
                }
                (None, None) => return Ok(None),
            };
            Ok(row.map(|row| row.try_get(0)).transpose()?)
        })
    }

    /// Takes a value away; whether it was there.
    pub(crate) fn drop_kept(
        &mut self,
        (room, key): Place<'_>,
        fences: &[Fence],
    ) -> Result<bool, BackendError> {
        self.under(fences, |client| {
            Ok(client.execute_typed(DROP, &[(&room, Type::TEXT), (&key, Type::TEXT)])? > 0)
        })
    }

    /// Takes away what was not changed for so long.
    pub(crate) fn sweep(&mut self, room: &str, older: Duration) -> Result<u64, BackendError> {
        let older = micros(older);
        self.on(|client| Ok(client.execute_typed(SWEEP, &[(&room, Type::TEXT), (&older, Type::INT8)])?))
    }

    /// Takes away what was changed longest ago, beyond so many.
    pub(crate) fn trim(&mut self, room: &str, most: u32) -> Result<u64, BackendError> {
        let most = i64::from(most);
        self.on(|client| Ok(client.execute_typed(TRIM, &[(&room, Type::TEXT), (&most, Type::INT8)])?))
    }

    /// Does something in one transaction with the look at the leases under which it is done.
    fn under<T>(
        &mut self,
        fences: &[Fence],
        act: impl FnOnce(&mut Client) -> Result<T, BackendError>,
    ) -> Result<T, BackendError> {
        if fences.is_empty() {
            return self.on(act);
        }
        let done = self.on(|client| {
            client.batch_execute("BEGIN")?;
            if !hold(client, fences)?.into_iter().all(|holds| holds) {
                return Err(BackendError::Fenced);
            }
            let done = act(client)?;
            client.batch_execute("COMMIT")?;
            Ok(done)
        });
        if done.is_err() {
            self.roll_back();
        }
        done
    }
}

/// Which of the leases are held as they were; nobody else takes them until the transaction ends.
pub(super) fn hold(client: &mut Client, fences: &[Fence]) -> Result<Vec<bool>, BackendError> {
    let holds = |Fence { name, holder, token }: &Fence| {
        let values: [(&(dyn postgres::types::ToSql + Sync), Type); 3] =
            [(&&**name, Type::TEXT), (holder, Type::UUID), (token, Type::INT8)];
        Ok(client.query_typed_opt(HOLDS, &values)?.is_some())
    };
    fences.iter().map(holds).collect()
}

fn kept(row: &Row) -> Result<Kept, BackendError> {
    Ok(Kept {
        key: row.try_get(0)?,
        value: row.try_get(1)?,
        version: row.try_get(2)?,
        changed_us: row.try_get(3)?,
    })
}

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX / 2)
}
