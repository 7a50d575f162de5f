//! `bongsu case share`: what was found, as STIX, to the circles that the case names.
//!
//! Addresses go as wallets with an indicator each, so that every member's screening knows them as soon as they are in the line. What went
//! before is not sent again.

use crate::answer::{Answer, counted};
use crate::cli::CaseShareArgs;
use crate::command::import::{Report, Target, may_share, submit};
use crate::command::trace::found::Found;
use crate::command::trace::time;
use crate::exit::{Exit, Failure};
use crate::node::Node;
use gate::{Submission, Via};
use policy::{Intake, Terms};
use serde_json::json;
use std::collections::HashSet;
use stix::Tlp;
use trace::case::Event;
use trace::found::{Paid, Reached, Told, stix};
use trace::taint::Place;
use trace::{Flows as _, U256};

use super::followed;
use super::retrace::service;

/// Payments at services that are shared, the earliest first.
const PAID_MAX: usize = 5_000;
/// Objects that are submitted at once.
const BATCH: usize = 1_000;

/// Addresses that are shared if nothing else is said.
pub(super) const MOST: usize = 10_000;

/// Shares with the case's circles, as the node's own member.
///
/// # Errors
/// As [`run`].
pub(super) fn all(node: &Node, handle: &str) -> Result<(), Failure> {
    let args =
        CaseShareArgs { handle: handle.to_owned(), circles: Vec::new(), tlp: None, sender: None, most: MOST };
    run(node, &args).map(drop)
}

pub(super) fn run(node: &Node, args: &CaseShareArgs) -> Result<Answer, Failure> {
    let (definition, opened, traced) = node.cases.look(|cases| {
        let case = cases.get(&args.handle)?;
        let traced = case.traced.as_ref().map_or(case.opened, |(at, _)| *at);
        Ok((case.definition.clone(), case.opened, traced))
    })?;
    let named = if args.circles.is_empty() { &definition.circles } else { &args.circles };
    if named.is_empty() {
        return Err(Failure::usage("the case names no circle").hint(format!(
            "name one with --circle, or for good with `bongsu case change {} --circle CIRCLE`",
            args.handle
        )));
    }
    let book = node.gate.book();
    let sender = node.sender(&book, args.sender.as_deref())?;
    let (reached, paid, began) = followed(&definition, |found| {
        let founds = &found.founds;
        let began =
            founds.iter().flat_map(|found| found.thefts.first().and_then(|first| found.transfer(*first)));
        Ok((reached(founds, args.most), paid(founds), began.map(|transfer| transfer.time).min()))
    })?;
    let key = format!("{}/{}/{opened}", node.gate.key().name(), args.handle);
    let (mut text, mut told, mut exit) = (String::new(), Vec::new(), Exit::Done);
    for handle in named {
        let circle = node.circle(&book, handle)?;
        let tlp: Tlp = args.tlp.map_or(circle.ceiling, Into::into);
        let objects = stix(
            &Told {
                key: &key,
                title: &definition.title,
                method: &definition.method,
                began: began.map_or(opened, time),
                // What was found has changed then, and not since.
                modified: traced,
                tlp: Some(tlp),
            },
            &reached,
            &paid,
        );
        let target = Target {
            member: sender.id,
            circle: circle.id,
            terms: Terms::default(),
            intake: Intake::Accept,
            sign: false,
            via: Via::Node,
        };
        may_share(node, &target, handle)?;
        let mut report = Report::default();
        let mut batch = Vec::with_capacity(BATCH);
        for raw in objects {
            let head = stix::read_head(&raw).map_err(|finding| Failure::new(finding.to_string()))?;
            batch.push(Submission { raw, head });
            if batch.len() == BATCH {
                submit(node, &target, &args.handle, &mut batch, &mut report)?;
            }
        }
        submit(node, &target, &args.handle, &mut batch, &mut report)?;
        let added = usize::try_from(report.added).unwrap_or(usize::MAX);
        if added > 0 {
            let event = Event::Shared { circle: handle.clone(), objects: added };
            node.cases.happens(&args.handle, |_| Ok((vec![event], ())))?;
        }
        if report.refused > 0 {
            exit = Exit::Findings;
        }
        text.push_str(&format!(
            "{handle}: {} added, {} there already, {} refused.\n",
            counted(report.added, "object"),
            report.present,
            report.refused
        ));
        report.findings.iter().take(20).for_each(|finding| text.push_str(&format!("  {finding}\n")));
        told.push(json!({
            "circle": handle, "added": report.added, "present": report.present, "refused": report.refused,
            "findings": report.findings,
        }));
    }
    Ok(Answer::done(json!({"case": args.handle, "addresses": reached.len(), "circles": told}), text)
        .ending(exit))
}

/// The addresses that stolen value came through, the nearest to a theft first.
pub(crate) fn reached(founds: &[Found<'_>], most: usize) -> Vec<Reached> {
    let mut all = Vec::new();
    for found in founds {
        let payments = found.payments;
        let mut known = HashSet::new();
        for holder in found.trace.holders() {
            // What has no address can't be looked for.
            let Some(address) = payments.wallet(holder.account) else { continue };
            // Whoever a label knows as something else than a thief is not to be blocked for what came to it.
            let is_known = found.labels.best(&address).is_some_and(|label| !label.category.is_bad());
            if is_known || !known.insert(holder.account) {
                continue;
            }
            let Some(first) = payments.transfer(holder.number) else { continue };
            all.push(Reached {
                address,
                chain: payments.chain().to_owned(),
                asset: payments.asset_name(holder.asset).unwrap_or_default(),
                first: first.time,
                transaction: payments.named(holder.number).unwrap_or_default(),
                hop: holder.hop,
            });
        }
    }
    all.sort_by(|one, other| {
        (one.hop, one.first, &one.address).cmp(&(other.hop, other.first, &other.address))
    });
    all.truncate(most);
    all
}

/// Thefts and arrivals at services, by transaction.
pub(crate) fn paid(founds: &[Found<'_>]) -> Vec<Paid> {
    let mut all = Vec::new();
    for found in founds {
        let (payments, thefts): (_, HashSet<u64>) = (found.payments, found.thefts.iter().copied().collect());
        let stolen = found.trace.moves().filter(|(number, _)| thefts.contains(number));
        let stolen: Vec<(u64, U256, Option<String>)> =
            stolen.map(|(number, tainted)| (number, tainted, None)).collect();
        let entries = found.trace.entries().iter().filter(|entry| entry.place == Place::Service);
        let entered = entries.map(|entry| (entry.number, entry.tainted, Some(service(found, entry.to).0)));
        for (number, tainted, service) in stolen.into_iter().chain(entered) {
            let Some(transfer) = found.transfer(number) else { continue };
            all.push(Paid {
                transaction: payments.transaction(number).unwrap_or_default(),
                asset: payments.asset_name(transfer.asset).unwrap_or_default(),
                decimals: payments.decimals(transfer.asset),
                time: transfer.time,
                from: payments.wallet(transfer.from).unwrap_or_default(),
                to: payments.wallet(transfer.to).unwrap_or_default(),
                service,
                amount: transfer.amount,
                tainted,
            });
        }
    }
    all.sort_by(|one, other| (one.time, &one.transaction).cmp(&(other.time, &other.transaction)));
    all.dedup();
    all.truncate(PAID_MAX);
    all
}
