//! What came in and was refused as it came: too large, malformed, sent from another's page. The log tells who sent it and where, never
//! what it was: it may be a secret, or somebody's text.
//!
//! Lines are few, whatever is sent: so many in a minute from one network, and so many from all. What goes beyond is counted, and the
//! first line of a later minute says how many there were.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use axum::http::{Method, StatusCode};
use parking_lot::Mutex;
use uuid::Uuid;

use super::limit::network;
use super::refusal::Surface;

/// Lines in a minute about one network.
const LINES_EACH: u32 = 10;
/// Lines in a minute about all.
const LINES: u32 = 100;
const MINUTE: Duration = Duration::from_secs(60);

/// Whether an answer refuses what was sent for what it is, or for how much it is. Whose right it is, is told elsewhere.
pub(super) fn is_refusal(surface: Surface, status: StatusCode) -> bool {
    match status {
        StatusCode::BAD_REQUEST
        | StatusCode::LENGTH_REQUIRED
        | StatusCode::PAYLOAD_TOO_LARGE
        | StatusCode::URI_TOO_LONG
        | StatusCode::UNSUPPORTED_MEDIA_TYPE
        | StatusCode::UNPROCESSABLE_ENTITY
        | StatusCode::TOO_MANY_REQUESTS
        | StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => true,
        // On pages that are open to all: a form of another's page, a password over an open channel, a signature that does not hold.
        StatusCode::FORBIDDEN => surface == Surface::Open,
        _ => false,
    }
}

/// A request that was refused.
pub(super) struct Input {
    pub(super) surface: Surface,
    pub(super) method: Method,
    pub(super) status: StatusCode,
    /// The credential, or the person, if one is known.
    pub(super) holder: Option<Uuid>,
    pub(super) peer: IpAddr,
}

impl Input {
    /// A method's name; what somebody makes up is content too.
    fn method(&self) -> &'static str {
        let known = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"];
        known.into_iter().find(|name| *name == self.method.as_str()).unwrap_or("other")
    }
}

/// Tells in the log what was refused.
#[derive(Debug, Default)]
pub struct Refused {
    minute: Mutex<Option<Minute>>,
}

#[derive(Debug)]
struct Minute {
    begun: Instant,
    lines: u32,
    by_network: HashMap<IpAddr, u32>,
    /// Of which no line tells.
    untold: u64,
}

impl Minute {
    fn begin(now: Instant) -> Self {
        Self { begun: now, lines: 0, by_network: HashMap::new(), untold: 0 }
    }
}

impl Refused {
    /// Counts one from `peer`. Gives how many went untold before, if a line is to tell of this one.
    fn count(&self, peer: IpAddr, now: Instant) -> Option<u64> {
        let mut kept = self.minute.lock();
        let minute = kept.get_or_insert_with(|| Minute::begin(now));
        if now.saturating_duration_since(minute.begun) >= MINUTE {
            *minute = Minute { untold: minute.untold, ..Minute::begin(now) };
        }
        // No more networks than there are lines are ever remembered.
        let told = match minute.lines < LINES {
            true => Some(minute.by_network.entry(network(peer)).or_default()),
            false => None,
        };
        match told.filter(|told| **told < LINES_EACH) {
            Some(told) => {
                *told += 1;
                minute.lines += 1;
                Some(std::mem::take(&mut minute.untold))
            }
            None => {
                minute.untold = minute.untold.saturating_add(1);
                None
            }
        }
    }

    /// Tells of a request that was refused.
    pub(super) fn note(&self, input: &Input, now: Instant) {
        let Some(untold) = self.count(input.peer, now) else { return };
        let who = input.holder.map_or_else(|| "nobody who is known".to_owned(), |id| id.to_string());
        let (method, status, peer, surface) =
            (input.method(), input.status.as_u16(), input.peer, input.surface);
        tracing::info!(
            holder = who,
            %peer,
            ?surface,
            method,
            status,
            untold,
            "an input was refused: {method} of {who} from {peer}, answered with {status}"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn from(number: u32) -> IpAddr {
        IpAddr::V4(Ipv4Addr::from(0xc633_6400 + number))
    }

    #[test]
    fn lines_are_few_and_say_how_many_they_leave_out() {
        let (refused, now) = (Refused::default(), Instant::now());
        let told = (0..50).filter(|_| refused.count(from(1), now).is_some()).count();
        assert_eq!(told, 10, "of one network");
        assert_eq!(refused.count(from(2), now), Some(40), "another's is told, with how many were not");
        let told = (0..5_000).filter(|number| refused.count(from(*number), now).is_some()).count();
        assert_eq!(told, 100 - 11, "of all");
        let kept = refused.minute.lock().as_ref().map(|minute| minute.by_network.len());
        assert!(kept.unwrap() <= 100, "{kept:?}");
        assert_eq!(refused.count(from(7), now + MINUTE - Duration::from_millis(1)), None);
        // Of the 5,000, 89 had a line, one of which told of one that had none.
        assert_eq!(refused.count(from(7), now + MINUTE), Some(5_000 - 89 - 1 + 1));
        assert_eq!(refused.count(from(7), now + MINUTE), Some(0));
    }

    #[test]
    fn what_somebody_makes_up_is_in_no_line() {
        let method = Method::from_bytes(b"SECRET-K3").unwrap();
        let (status, peer) = (StatusCode::BAD_REQUEST, from(1));
        let input = Input { surface: Surface::Page, method, status, holder: None, peer };
        assert_eq!(input.method(), "other");
        assert!(is_refusal(Surface::Taxii, StatusCode::PAYLOAD_TOO_LARGE));
        assert!(is_refusal(Surface::Open, StatusCode::FORBIDDEN));
        for status in [StatusCode::OK, StatusCode::NOT_FOUND, StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN]
        {
            assert!(!is_refusal(Surface::Page, status), "{status}");
        }
    }
}
