//! Sees to recalls that are overdue: each is brought before the member's contact, once: in the log, and by mail if the node sends
//! mails and the contact has an address. A mail that is not taken is tried again, and the receipt waits for it.

use crate::command::recall::recalls;
use crate::exit::Failure;
use crate::node::Node;
use deliver::advisory::mail::address;
use deliver::digest::Digest;
use gate::{Recall, Whether};
use policy::{CircleId, Deed, Member, MemberId, Receipt, Upto};
use std::collections::BTreeMap;

/// Days that are looked back.
const DAYS: u16 = 30;

/// Brings what is newly overdue before the members' contacts.
pub(crate) fn escalate(node: &Node) -> Result<(), anyhow::Error> {
    let book = node.gate.book();
    let recalls = recalls(node, &book.circles().collect::<Vec<_>>(), DAYS)?;
    for ((member, circle), overdue) in overdue(&recalls) {
        let Some(member) = book.member(member) else { continue };
        let Some(named) = book.circle(circle) else { continue };
        let farthest = overdue.iter().map(|recall| recall.seq.0).max().unwrap_or_default();
        let what = format!("escalation {circle}");
        let told = node.gate.receipts(member.id).into_iter().filter(|receipt| receipt.what == what);
        let told = told.flat_map(|receipt| receipt.upto).map(|upto| upto.seq).max().unwrap_or_default();
        if farthest <= told {
            continue;
        }
        if let Err(why) = mail(node, member, &named.title, &overdue, farthest) {
            tracing::warn!(member = member.handle, %why, "a mail about an overdue recall was not taken; tried again");
            continue;
        }
        tell(member, &named.handle, overdue.len());
        let upto = vec![Upto { circle, seq: farthest }];
        let receipt = Receipt::new(member.id, what, member.level, Deed::Escalated, node.now()).upto(upto);
        node.gate.receive(receipt)?;
    }
    Ok(())
}

/// What is overdue, by member and circle.
fn overdue(recalls: &[Recall]) -> BTreeMap<(MemberId, CircleId), Vec<&Recall>> {
    let mut all: BTreeMap<_, Vec<&Recall>> = BTreeMap::new();
    for recall in recalls {
        for one in recall.recipients.iter().filter(|one| one.whether == Whether::Overdue) {
            all.entry((one.member, recall.circle)).or_default().push(recall);
        }
    }
    all
}

/// Writes to the member's contact. No intelligence stands in it: what is overdue, it finds where it log in.
fn mail(
    node: &Node,
    member: &Member,
    circle: &str,
    overdue: &[&Recall],
    farthest: u64,
) -> Result<(), String> {
    let post = node.mails().map_err(|failure: Failure| failure.message)?;
    let to = member.contact.as_deref().and_then(address);
    let (Some(mailer), Some(to)) = (post.channel.mailer(), to) else { return Ok(()) };
    let of_member =
        overdue.iter().flat_map(|recall| &recall.recipients).filter(|one| one.member == member.id);
    let mut whats: Vec<&str> =
        of_member.flat_map(|one| &one.outstanding).map(|artefact| artefact.what.as_str()).collect();
    whats.sort_unstable();
    whats.dedup();
    let (count, node_name) = (overdue.len(), node.gate.key().name());
    let objects = if count == 1 { "1 object was".to_owned() } else { format!("{count} objects were") };
    let text = format!(
        "{objects} withdrawn in the circle {circle}, and {} still has what was fetched before: {}.\n\nPlease have it fetched \
         again, or confirm to {node_name} that it is out of use.\n",
        member.name,
        whats.join(", "),
    );
    let html =
        format!("<!doctype html><p>{}</p>", text.replace('&', "&amp;").replace('<', "&lt;").trim_end());
    let html = html.replace("\n\n", "</p><p>");
    let digest = Digest {
        subject: format!("[TLP:AMBER] Overdue: withdrawn and still in use ({node_name})"),
        html,
        text,
    };
    let id = mailer.id(&format!(
        "recall.{}.{farthest}.{}",
        overdue.first().map_or_else(String::new, |recall| recall.circle.to_string()),
        member.id
    ));
    let to = to.to_string();
    let message = mailer.message(&to, &id, node.now(), &digest).map_err(|error| error.to_string())?;
    let runtime = crate::pull::runtime().map_err(|failure| failure.message)?;
    match runtime.block_on(mailer.send(&to, &message)) {
        Err(not) if !not.is_final => Err(not.why),
        Err(not) => {
            tracing::warn!(
                member = member.handle,
                why = not.why,
                "the mail server refuses a mail to the contact"
            );
            Ok(())
        }
        Ok(()) => Ok(()),
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
