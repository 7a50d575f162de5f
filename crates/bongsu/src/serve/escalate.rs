//! Sees to recalls that are overdue: each is brought before the member's contact, once.

use crate::command::recall::recalls;
use crate::node::Node;
use gate::{Recall, Whether};
use policy::{CircleId, Deed, Member, MemberId, Receipt, Upto};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How often overdue recalls are looked for.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// Days that are looked back.
const DAYS: u16 = 30;

/// Looks for overdue recalls until it is dropped.
pub(super) async fn run(node: Arc<Node>) {
    let mut tick = tokio::time::interval(LOOK_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let node = Arc::clone(&node);
        match tokio::task::spawn_blocking(move || escalate(&node)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "overdue recalls could not be looked for; tried again"),
            Err(error) => tracing::error!(%error, "looking for overdue recalls failed"),
        }
    }
}

/// Brings what is newly overdue before the members' contacts.
pub(crate) fn escalate(node: &Node) -> Result<(), anyhow::Error> {
    let book = node.gate.book();
    let recalls = recalls(node, &book.circles().collect::<Vec<_>>(), DAYS)?;
    for ((member, circle), overdue) in overdue(&recalls) {
        let Some(member) = book.member(member) else { continue };
        let handle = book.circle(circle).map(|circle| circle.handle.as_str()).unwrap_or_default();
        let farthest = overdue.iter().map(|recall| recall.seq.0).max().unwrap_or_default();
        let what = format!("escalation {circle}");
        let told = node.gate.receipts(member.id).into_iter().filter(|receipt| receipt.what == what);
        let told = told.flat_map(|receipt| receipt.upto).map(|upto| upto.seq).max().unwrap_or_default();
        if farthest <= told {
            continue;
        }
        tell(member, handle, overdue.len());
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
