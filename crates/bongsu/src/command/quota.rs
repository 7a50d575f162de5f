//! `bongsu member quota`: how much members have brought, and how much they may.

use crate::answer::{Answer, table};
use crate::cli::QuotaArgs;
use crate::exit::Failure;
use crate::node::Node;
use policy::{Member, Quota};
use serde_json::{Value, json};

/// Shows quotas, or changes one.
///
/// # Errors
/// When there is no such member, or the line can't be written.
pub(crate) fn run(node: &Node, args: &QuotaArgs) -> Result<Answer, Failure> {
    let Some(handle) = &args.handle else {
        let book = node.gate.book();
        let members: Vec<&Member> = book.members().filter(|member| !member.ended).collect();
        return Ok(shown(node, &members));
    };
    let book = node.gate.book();
    let member = node.active(&book, handle)?;
    let limit = |given: Option<u64>, kept: Option<u64>| match given {
        None => kept,
        Some(0) => None,
        Some(most) => Some(most),
    };
    if args.usual {
        node.record(Quota::entry(member.id, None))?;
    } else if args.objects_a_day.is_some() || args.bytes.is_some() {
        let kept = node.gate.quota(member.id);
        let quota = Quota {
            objects_a_day: limit(args.objects_a_day, kept.objects_a_day),
            bytes: limit(args.bytes, kept.bytes),
        };
        node.record(Quota::entry(member.id, Some(quota)))?;
    }
    Ok(shown(node, &[member]))
}

fn shown(node: &Node, members: &[&Member]) -> Answer {
    let book = node.gate.book();
    let (mut rows, mut json) = (Vec::new(), Vec::new());
    let most = |limit: Option<u64>| limit.map_or_else(|| "-".to_owned(), |limit| limit.to_string());
    for member in members {
        let (quota, used) = (node.gate.quota(member.id), node.gate.used(member.id, node.now()));
        let own = Quota::of(&book, member.id).is_some();
        rows.push(vec![
            member.handle.clone(),
            used.objects_today.to_string(),
            most(quota.objects_a_day),
            used.bytes.to_string(),
            most(quota.bytes),
            if own { "its own" } else { "the node's" }.to_owned(),
        ]);
        json.push(json!({
            "member": member.handle, "objects_today": used.objects_today, "objects_a_day": quota.objects_a_day,
            "bytes": used.bytes, "bytes_max": quota.bytes, "own": own,
        }));
    }
    let titles = ["MEMBER", "TODAY", "A DAY", "BYTES", "AT MOST", "WHOSE"];
    Answer::done(Value::Array(json), table(&titles, &rows))
}
