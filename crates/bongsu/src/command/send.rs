//! `bongsu source send`: what a member gets, added to a collection of its server.

use crate::answer::{Answer, Watcher};
use crate::config::Source;
use crate::exit::{Exit, Failure};
use crate::node::Node;
use crate::pull::Stopped;
use crate::pull::send::{self, Report};
use serde_json::json;

/// Runs `bongsu source send`.
///
/// # Errors
/// When the source is none that takes objects, the member gets nothing in this form, or the server can't be asked; what it
/// took before is not sent again.
pub(crate) fn run(
    node: &Node,
    source: &Source,
    handle: &str,
    from_start: bool,
    findings: usize,
    watch: &mut Watcher<'_>,
) -> Result<Answer, Failure> {
    let mut report = Report::default();
    let sent = send::send(node, source, handle, from_start, &mut report, watch);
    let Report { added, own } = report;
    sent.map_err(|stopped| failure(stopped, &source.name, added.successes))?;
    let mut text = format!(
        "{}: {} taken, {} refused, {} not decided yet.\n",
        source.name, added.successes, added.failures, added.pendings
    );
    if own > 0 {
        text.push_str(&format!("  {own} were brought by {handle}, and not sent back\n"));
    }
    for (id, reason) in added.reasons.iter().take(findings) {
        text.push_str(&format!("  {id}: {reason}\n"));
    }
    for status in &added.undecided {
        text.push_str(&format!("  not decided yet: {status}\n"));
    }
    let reasons: Vec<_> =
        added.reasons.iter().map(|(id, reason)| json!({"id": id, "reason": reason})).collect();
    let json = json!({
        "source": source.name, "as": handle, "taken": added.successes, "refused": added.failures,
        "pending": added.pendings, "own": own, "reasons": reasons, "undecided": added.undecided,
    });
    let exit = if added.failures > 0 { Exit::Findings } else { Exit::Done };
    Ok(Answer::done(json, text).ending(exit))
}

fn failure(stopped: Stopped, name: &str, taken: u64) -> Failure {
    let taken = match taken {
        0 => String::new(),
        taken => format!(" {taken} objects before that were taken; the next sending goes on behind them."),
    };
    match stopped {
        Stopped::Interrupted => Failure::new(format!("sending to {name} was stopped.{taken}")),
        Stopped::Source(error) => Failure::new(format!("{name}: {error}.{taken}"))
            .hint(format!("`bongsu source check {name}` shows what the server says; sending again is safe")),
        stopped => stopped.failure(name, 0),
    }
}
