//! Objects added to a collection (section 5.5): in envelopes that the server takes, with what became of each.

use std::time::Duration;

use super::wire::{self, Status};
use super::{ACCEPT, Client, Place, Tries, check_media_type, under};
use crate::pull::{PullError, shown};

/// Most objects of one envelope.
const ENVELOPE_OBJECTS_MAX: usize = 5_000;
/// Bytes of an envelope where the API root names no limit.
const ENVELOPE_BYTES_DEFAULT: u64 = 10_000_000;
/// Bytes of `{"objects":[]}`.
const FRAME_BYTES: usize = 14;
/// How often a status is asked for again: for about a minute. What waits longer waits for a person.
const POLLS_MAX: u32 = 6;
/// The longest wait between two times.
const POLL_MAX: Duration = Duration::from_secs(30);

/// What became of objects that were added.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Added {
    /// How many the server took.
    pub successes: u64,
    /// How many it did not take.
    pub failures: u64,
    /// How many it had not decided on when it was asked for the last time.
    pub pendings: u64,
    /// Those that were not taken, as far as they are named: id and reason.
    pub reasons: Vec<(String, String)>,
    /// The addresses of statuses in which something is still undecided.
    pub undecided: Vec<String>,
}

impl Added {
    fn take(&mut self, place: &Place, status: Status) {
        if let Some(id) = status.id.filter(|_| !status.complete && status.pending_count > 0) {
            self.undecided.push(shown(&under(&place.root, &["status", &id])));
        }
        self.successes += status.success_count;
        self.failures += status.failure_count;
        self.pendings += status.pending_count;
        self.reasons.extend(status.failures);
    }

    /// Adds what became of more objects.
    pub fn append(&mut self, other: Self) {
        self.successes += other.successes;
        self.failures += other.failures;
        self.pendings += other.pendings;
        self.reasons.extend(other.reasons);
        self.undecided.extend(other.undecided);
    }
}

impl Client {
    /// Adds objects, each in its own bytes, and waits until the server says what became of them. Safe to repeat: a server
    /// that has a version already leaves it as it is.
    ///
    /// # Errors
    /// [`PullError`]: what was sent before may have been taken.
    pub async fn add(&self, place: &Place, objects: &[String]) -> Result<Added, PullError> {
        let named = place.api_root.as_ref().and_then(|root| root.max_content_length);
        let bytes_max = usize::try_from(named.unwrap_or(ENVELOPE_BYTES_DEFAULT)).unwrap_or(usize::MAX);
        let mut added = Added::default();
        // What stands last is sent next.
        let mut waiting: Vec<&[String]> = vec![objects];
        while let Some(objects) = waiting.pop().filter(|objects| !objects.is_empty()) {
            let (now, later) = objects.split_at(fitting(objects, bytes_max));
            if !later.is_empty() {
                waiting.push(later);
            }
            let alone = now.len() == 1;
            let long = now.iter().map(String::len).sum::<usize>() + FRAME_BYTES > bytes_max;
            let sent = if long { Err(too_long(place)) } else { self.envelope(place, now).await };
            match sent {
                Ok(status) => added.take(place, self.settled(place, status).await?),
                Err(error) if error.status() == Some(413) && !alone => {
                    let (first, second) = now.split_at(now.len() / 2);
                    waiting.extend([second, first]);
                }
                Err(error) if error.status() == Some(413) => {
                    let id = now.first().and_then(|raw| stix::head::property(raw, "id")).unwrap_or_default();
                    added.failures += 1;
                    added.reasons.push((id, format!("it is longer than the server takes: {error}")));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(added)
    }

    async fn envelope(&self, place: &Place, objects: &[String]) -> Result<Status, PullError> {
        let url = under(&place.url, &["objects"]);
        let body = format!("{{\"objects\":[{}]}}", objects.join(","));
        // As for what is got, with the next way to write the media type where one does not suit the server.
        let mut refused = None;
        for name in ACCEPT {
            match self.http.post(&url, name, name, &body).await {
                Err(error) if matches!(error.status(), Some(406 | 415)) => {
                    refused.get_or_insert(error);
                }
                answer => {
                    let answer = check_media_type(&url, answer?)?;
                    let status = wire::status(&answer.body);
                    return status.map_err(|what| PullError::Malformed { url: shown(&url), what });
                }
            }
        }
        Err(refused.unwrap_or_else(|| PullError::OldTaxii { url: shown(&url) }))
    }

    /// Asks for a status again until it is complete.
    async fn settled(&self, place: &Place, mut status: Status) -> Result<Status, PullError> {
        let mut wait = self.http.limits().wait_first;
        for _ in 0..POLLS_MAX {
            let Some(id) = status.id.clone().filter(|_| !status.complete && status.pending_count > 0) else {
                break;
            };
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(POLL_MAX);
            let url = under(&place.root, &["status", &id]);
            let answer = self.get(&url, Tries::Patient).await?;
            status =
                wire::status(&answer.body).map_err(|what| PullError::Malformed { url: shown(&url), what })?;
        }
        Ok(status)
    }
}

/// How many objects from the beginning fit into an envelope; one at least.
fn fitting(objects: &[String], bytes_max: usize) -> usize {
    let mut bytes = FRAME_BYTES;
    let fits = |object: &&String| {
        bytes = bytes.saturating_add(object.len() + 1);
        bytes <= bytes_max
    };
    objects.iter().take(ENVELOPE_OBJECTS_MAX).take_while(fits).count().max(1).min(objects.len())
}

fn too_long(place: &Place) -> PullError {
    PullError::Refused { url: shown(&place.url), status: 413, reason: "over max_content_length".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn envelopes_are_as_long_as_the_server_takes() {
        let objects: Vec<String> = (0..4).map(|_| "x".repeat(10)).collect();
        assert_eq!(fitting(&objects, FRAME_BYTES + 22), 2);
        assert_eq!(fitting(&objects, FRAME_BYTES + 21), 1);
        assert_eq!(fitting(&objects, 0), 1, "one goes alone, and is refused alone");
        assert_eq!(fitting(&objects, usize::MAX), 4);
        assert_eq!(fitting(&[], 100), 0);
    }
}
