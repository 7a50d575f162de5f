//! Who is told that something came to a service.
//!
//! The case has what is still to be told ([`trace::case::ToTell`]), so that a mail that a server does not take is not lost: it is tried again
//! after a rest, twice as long each time, for a day; then it is given up, as is one that is refused for good. `bongsu case show` says which.

use crate::answer::counted;
use crate::command::trace::when;
use crate::exit::Failure;
use crate::node::Node;
use crate::terminal::visible;
use deliver::mail::Content;
use deliver::speech::Language;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::time::{Duration, Instant};
use trace::case::{Alert, Case, Event, ToTell};
use uuid::Uuid;

use super::retrace::amount;

/// Alerts of which a mail tells one by one.
const TOLD_MAX: usize = 50;
/// Rest after a mail that was not taken; twice as long after each further time, up to the longest.
const REST: Duration = Duration::from_secs(5);
const REST_MAX: Duration = Duration::from_secs(1_800);
/// After how long a mail is given up.
const GIVEN_UP_US: i64 = 86_400_000_000;
/// Time after which no further mail is begun in one turn.
const MAILING: Duration = Duration::from_secs(20);
/// Longest reason that is kept, in characters.
const WHY_CHARS_MAX: usize = 500;

/// A case and an address.
type Key = (String, String);

/// Which mails about alerts rest until when, and how long they rest then.
#[derive(Debug, Default)]
pub(crate) struct Alerting(Mutex<HashMap<Key, (Instant, Duration)>>);

impl Alerting {
    /// Sends all that is to be told and does not rest, of all cases.
    ///
    /// # Errors
    /// When the line can't be read or written.
    pub(crate) fn run(&self, node: &Node) -> Result<(), Failure> {
        let handles: Vec<String> = node.cases.look(|cases| {
            let waits = cases.all().filter(|case| case.mails().any(|(_, waiting)| !waiting.is_over));
            Ok(waits.map(|case| case.handle.clone()).collect())
        })?;
        let until = Instant::now() + MAILING;
        handles.iter().take_while(|_| Instant::now() < until).try_for_each(|handle| self.tell(node, handle))
    }

    /// Sends what is to be told of a case and does not rest. What a server does not take is kept in mind and is no failure.
    ///
    /// # Errors
    /// When the line can't be read or written.
    pub(crate) fn tell(&self, node: &Node, handle: &str) -> Result<(), Failure> {
        // One at a time, so that nobody is told twice.
        let mut resting = self.0.lock();
        let waiting: Vec<(String, ToTell)> = node.cases.look(|cases| {
            let waiting = cases.get(handle)?.mails().filter(|(_, waiting)| !waiting.is_over);
            Ok(waiting.map(|(to, waiting)| (to.to_owned(), waiting.clone())).collect())
        })?;
        let until = Instant::now() + MAILING;
        for (to, waiting) in waiting {
            let key = (handle.to_owned(), to);
            let is_resting = resting.get(&key).is_some_and(|(again, _)| Instant::now() < *again);
            if is_resting || Instant::now() >= until || node.leads.is_stopping() {
                continue;
            }
            let to = key.1.clone();
            let event = match send(node, handle, &to, &waiting)? {
                None => {
                    resting.remove(&key);
                    Some(Event::Told { to })
                }
                Some((why, is_final)) => {
                    let late = node.now().micros().saturating_sub(waiting.since.micros()) > GIVEN_UP_US;
                    let is_over = is_final || late;
                    match is_over {
                        true => resting.remove(&key),
                        false => {
                            let rest = resting.get(&key).map_or(REST, |(_, rest)| *rest);
                            let next = rest.saturating_mul(2).min(REST_MAX);
                            resting.insert(key, (Instant::now() + rest, next))
                        }
                    };
                    let why: String = why.chars().take(WHY_CHARS_MAX).collect();
                    tracing::warn!(case = handle, why, is_over, "a mail about an alert was not taken");
                    // Only what is new, so that a server that is away for a day writes no hundred lines.
                    let is_new = waiting.why.as_ref() != Some(&why) || is_over;
                    is_new.then_some(Event::Untold { to, why, is_final: is_over })
                }
            };
            node.cases.happens(handle, |_| Ok((event.into_iter().collect(), ())))?;
        }
        Ok(())
    }
}

/// Sends one address what it is still to be told; why it was not taken, and whether that is for good.
fn send(node: &Node, handle: &str, to: &str, waiting: &ToTell) -> Result<Option<(String, bool)>, Failure> {
    let (title, alerts) = node.cases.look(|cases| {
        let case = cases.get(handle)?;
        Ok((case.definition.title.clone(), case.untold(waiting).to_vec()))
    })?;
    // What a chain took back meanwhile is nothing to tell.
    if alerts.is_empty() {
        return Ok(None);
    }
    let post = node.mails()?;
    let Some(mailer) = post.channel.mailer() else {
        return Ok(Some(("mail.host is not set in the configuration".to_owned(), false)));
    };
    let lines: Vec<String> = alerts.iter().take(TOLD_MAX).filter_map(line).collect();
    let more = alerts.len().saturating_sub(TOLD_MAX);
    let more = if more > 0 { format!("\nand {} more", counted(more as u64, "alert")) } else { String::new() };
    let told = format!("{}{more}", lines.join("\n"));
    let next = format!(
        "bongsu case show {handle} has all of it; bongsu case request {handle} SERVICE drafts a request to freeze."
    );
    // Who the thief went to is for those who follow the case.
    let subject = format!("[TLP:AMBER] Stolen assets came to a service: {title}");
    let content = Content::of(Language::of("en"), subject, &[&told, &next]);
    // The same each time, so that a mail server that took it twice can tell.
    let named = format!("{handle} {to} {} {}", waiting.since, alerts.len());
    let id = mailer.id(&format!("alert.{}", Uuid::new_v5(&Uuid::NAMESPACE_OID, named.as_bytes()).simple()));
    let message = match mailer.message(to, &id, node.now(), content) {
        Ok(message) => message,
        Err(error) => return Ok(Some((error.to_string(), true))),
    };
    let sent = crate::pull::runtime()?.block_on(mailer.send(to, &message));
    Ok(sent.err().map(|not| (not.why, not.is_final)))
}

/// Whom a case's alerts could not be told yet, or at all, and why.
pub(super) fn waiting(case: &Case) -> Vec<String> {
    let said = |(to, waiting): (&str, &ToTell)| {
        let why = waiting.why.as_deref().unwrap_or("it was not tried yet");
        let then = if waiting.is_over { "is not tried again" } else { "is tried again by the serving node" };
        visible(format!("the mail to {to} {then}: {why}").as_bytes())
    };
    case.mails().map(said).collect()
}

fn line(alert: &Alert) -> Option<String> {
    let first = alert.arrivals.first()?;
    Some(format!(
        "{} UTC: {} to {} ({}), transaction {}",
        when(first.time),
        amount(alert.tainted(), &first.asset, first.decimals),
        alert.service(),
        first.category.as_str(),
        first.transaction
    ))
}
