//! Sees to asks for a wider release: carries out what was allowed before the node was stopped, and tells both sides by mail.
//!
//! A mail goes to the member's contact, if the node sends mails and the contact has an address; all else is seen on the page. That it
//! was taken, or never will be, is on the node's line. One that is not taken for now is tried again after a rest.

use crate::node::Node;
use deliver::asks::{answered_mail, asking_mail};
use deliver::mail::{Content, Mailer, address};
use parking_lot::Mutex;
use policy::ask::Whom;
use policy::{Ask, AskState, Book, Caller, Member};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Time after which no further mail is begun before the next look: a node that stops waits for this and one mail.
const MAILING: Duration = Duration::from_secs(20);
/// Rest after a mail that was not taken; twice as long after each further time, up to the longest.
const REST: Duration = Duration::from_secs(60);
const REST_MAX: Duration = Duration::from_secs(6 * 3_600);

/// Asks whose mail is tried again, and when.
#[derive(Debug, Default)]
pub(super) struct Telling {
    resting: Mutex<BTreeMap<Uuid, (Instant, Duration)>>,
}

impl Telling {
    /// Carries out and tells what there is.
    ///
    /// # Errors
    /// When the store can't be read or written.
    pub(super) fn run(&self, node: &Node) -> Result<(), anyhow::Error> {
        let finished = node.gate.finish_asks(node.now())?;
        if finished > 0 {
            tracing::info!(finished, "asks that had been allowed were carried out");
        }
        let released = node.gate.finish_releases(node.now())?;
        if released > 0 {
            tracing::info!(released, "releases that had been approved were carried out");
        }
        let untold = node.gate.asks_to_tell();
        if untold.is_empty() {
            return Ok(());
        }
        let post = node.mails().map_err(|failure| anyhow::anyhow!(failure.message))?;
        let Some(mailer) = post.channel.mailer() else { return Ok(()) };
        let (book, until) = (node.gate.book(), Instant::now() + MAILING);
        for ask in untold {
            let is_resting =
                self.resting.lock().get(&ask.id).is_some_and(|(again, _)| Instant::now() < *again);
            if is_resting || Instant::now() >= until || node.leads.is_stopping() {
                continue;
            }
            if let Some((whom, to, content)) = mail_of(node, &book, &ask)? {
                self.send(node, mailer, (&ask, whom), (&to, content))?;
            }
        }
        Ok(())
    }

    fn send(
        &self,
        node: &Node,
        mailer: &Mailer,
        (ask, whom): (&Ask, Whom),
        (to, content): (&str, Content),
    ) -> Result<(), anyhow::Error> {
        let what = match whom {
            Whom::Originator => "asked",
            Whom::Asker => "answered",
        };
        // The same each time, so that a mail server that took it twice can tell.
        let id = mailer.id(&format!("ask.{what}.{}", ask.id.simple()));
        let message = mailer.message(to, &id, node.now(), content)?;
        let runtime = crate::pull::runtime().map_err(|failure| anyhow::anyhow!(failure.message))?;
        let failed = match runtime.block_on(mailer.send(to, &message)) {
            Ok(()) => None,
            Err(not) if not.is_final => Some(not.why),
            Err(not) => {
                let mut resting = self.resting.lock();
                let rest =
                    resting.get(&ask.id).map_or(REST, |(_, rest)| rest.saturating_mul(2).min(REST_MAX));
                resting.insert(ask.id, (Instant::now() + rest, rest));
                let (why, again_s) = (not.why, rest.as_secs());
                tracing::warn!(ask = %ask.id, why, again_s, "a mail about an ask was not taken");
                return Ok(());
            }
        };
        if let Some(why) = &failed {
            tracing::warn!(ask = %ask.id, why, "the mail server refuses a mail about an ask");
        }
        self.resting.lock().remove(&ask.id);
        Ok(node.gate.ask_told(ask.id, whom, failed)?)
    }
}

/// The mail that is due about an ask: to whom, to which address, what.
fn mail_of(node: &Node, book: &Book, ask: &Ask) -> Result<Option<(Whom, String, Content)>, anyhow::Error> {
    let now = node.now();
    let deliver = node.deliver().map_err(|failure| anyhow::anyhow!(failure.message))?;
    let (letterhead, name) = (deliver.letterhead(), node.gate.key().name());
    let whom = if ask.answered.is_none() { Whom::Originator } else { Whom::Asker };
    let member = match whom {
        Whom::Originator if ask.state(now) != AskState::Open => return Ok(None),
        Whom::Originator => ask.asked.originator,
        // What became of it is part of what is told.
        Whom::Asker if ask.state(now) == AskState::Granted => return Ok(None),
        Whom::Asker => ask.asked.asker,
    };
    let Some(member) = book.member(member).filter(|member| !member.ended) else { return Ok(None) };
    let Some(seen) = node.gate.ask_seen(ask.id, Caller::Member(member.id), now) else { return Ok(None) };
    let content = match whom {
        Whom::Originator => asking_mail(name, letterhead, book, member, &seen),
        Whom::Asker => answered_mail(name, letterhead, book, member, &seen),
    };
    Ok(mailbox(member).zip(content).map(|(to, content)| (whom, to, content)))
}

fn mailbox(member: &Member) -> Option<String> {
    member.contact.as_deref().and_then(address).map(|address| address.to_string())
}
