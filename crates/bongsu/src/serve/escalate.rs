//! Sees to recalls that are overdue: each is brought before the member's contact, once: in the log, and by mail if the node sends
//! mails and the contact has an address. A mail that is not taken is tried again after a rest, and the receipt waits for it.

use crate::node::Node;
use deliver::mail::{Mailer, address};
use deliver::overdue::overdue as overdue_mail;
use gate::Recall;
use parking_lot::Mutex;
use policy::{Circle, CircleId, Deed, Level, Member, MemberId, Receipt, Upto};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};
use stix::Timestamp;

/// Days that are looked back.
const DAYS: i64 = 30;
const HOUR_MICROS: i64 = 3_600_000_000;
/// Time in which the mail server must take a mail about it; a node that stops waits no longer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Rest after a mail that was not taken.
const REST: Duration = Duration::from_secs(300);

/// What is overdue with one member in one circle, of what systems fetch or of what people read.
#[derive(Default)]
struct Overdue<'r> {
    recalls: Vec<&'r Recall>,
    whats: BTreeSet<&'r str>,
}

/// Brings overdue recalls before members' contacts.
#[derive(Default)]
pub(super) struct Escalation {
    rests_until: Mutex<Option<Instant>>,
}

impl Escalation {
    /// Brings what is newly overdue before the members' contacts.
    ///
    /// # Errors
    /// When the store can't be read or written, or the mail server does not take a mail.
    pub(super) fn run(&self, node: &Node) -> Result<(), anyhow::Error> {
        if self.rests_until.lock().is_some_and(|until| Instant::now() < until) {
            return Ok(());
        }
        let (book, now) = (node.gate.book(), node.now());
        let ago = |hours: i64| Timestamp::from_micros(now.micros().saturating_sub(hours * HOUR_MICROS));
        let patience = node.config.recall.patience();
        for circle in book.circles() {
            for level in [Level::List, Level::Read] {
                // Of one kind, what was withdrawn earlier is due earlier: one number says how far it was told.
                let due = (ago(DAYS * 24), ago(patience.of(level).into()));
                let recalls = node.gate.recalls(circle.id, due, patience, now)?;
                for (member, overdue) in overdue(&recalls, level == Level::Read) {
                    let Some(member) = book.member(member).filter(|member| !member.ended) else { continue };
                    self.bring(node, member, circle, &overdue, level)?;
                }
            }
        }
        Ok(())
    }

    fn bring(
        &self,
        node: &Node,
        member: &Member,
        circle: &Circle,
        overdue: &Overdue<'_>,
        level: Level,
    ) -> Result<(), anyhow::Error> {
        let what = of(circle.id, level);
        let told = node.gate.receipts(member.id).into_iter().filter(|receipt| receipt.what == what);
        let told = told.flat_map(|receipt| receipt.upto).map(|upto| upto.seq).max().unwrap_or_default();
        let farthest = overdue.recalls.iter().map(|recall| recall.seq.0).max().unwrap_or_default();
        if farthest <= told {
            return Ok(());
        }
        if let Err(error) = mail(node, member, circle, overdue, &format!("{what}.{farthest}")) {
            *self.rests_until.lock() = Some(Instant::now() + REST);
            return Err(error);
        }
        tell(member, &circle.handle, overdue.recalls.len());
        let upto = vec![Upto { circle: circle.id, seq: farthest }];
        let receipt = Receipt::new(member.id, what, member.level, Deed::Escalated, node.now()).upto(upto);
        Ok(node.gate.receive(receipt)?)
    }
}

/// What receipts of it are about.
fn of(circle: CircleId, level: Level) -> String {
    match level {
        Level::Read => format!("escalation of reading {circle}"),
        _ => format!("escalation {circle}"),
    }
}

/// What is overdue, by member.
fn overdue(recalls: &[Recall], of_people: bool) -> BTreeMap<MemberId, Overdue<'_>> {
    let mut all: BTreeMap<_, Overdue<'_>> = BTreeMap::new();
    for recall in recalls {
        for one in &recall.recipients {
            let open = one.outstanding.iter().filter(|artefact| (artefact.level == Level::Read) == of_people);
            let mut whats = open.map(|artefact| artefact.what.as_str()).peekable();
            if whats.peek().is_some() {
                let overdue = all.entry(one.member).or_default();
                overdue.recalls.push(recall);
                overdue.whats.extend(whats);
            }
        }
    }
    all
}

/// Writes to the member's contact, if the node sends mails and the contact has an address.
fn mail(
    node: &Node,
    member: &Member,
    circle: &Circle,
    overdue: &Overdue<'_>,
    name: &str,
) -> Result<(), anyhow::Error> {
    let post = node.mails().map_err(|failure| anyhow::anyhow!(failure.message))?;
    let to = member.contact.as_deref().and_then(address);
    let (Some(mailer), Some(to)) = (post.channel.mailer(), to) else { return Ok(()) };
    let artefacts: Vec<&str> = overdue.whats.iter().copied().collect();
    let content = overdue_mail(node.gate.key().name(), member, circle, overdue.recalls.len(), &artefacts);
    let id = mailer.id(&format!("{}.{}", name.replace(' ', "."), member.id));
    let message = mailer.message(to.as_ref(), &id, node.now(), content)?;
    send(mailer, to.as_ref(), &message, member)
}

fn send(mailer: &Mailer, to: &str, message: &str, member: &Member) -> Result<(), anyhow::Error> {
    let runtime = crate::pull::runtime().map_err(|failure| anyhow::anyhow!(failure.message))?;
    let sent = runtime.block_on(async { tokio::time::timeout(PATIENCE, mailer.send(to, message)).await });
    match sent {
        Ok(Ok(())) => Ok(()),
        Ok(Err(not)) if not.is_final => {
            let why = not.why;
            tracing::warn!(member = member.handle, why, "the mail server refuses a mail to the contact");
            Ok(())
        }
        Ok(Err(not)) => {
            Err(anyhow::anyhow!("the mail to the contact of {} was not taken: {}", member.handle, not.why))
        }
        Err(_) => Err(anyhow::anyhow!(
            "the mail server has not taken the mail to the contact of {} in time",
            member.handle
        )),
    }
}

fn tell(member: &Member, circle: &str, count: usize) {
    let contact = member.contact.as_deref().unwrap_or("no contact is known");
    tracing::warn!(
        member = member.handle,
        circle,
        contact,
        "{count} withdrawn objects still lie with {}, and the time for it is over: call its contact",
        member.name
    );
}
