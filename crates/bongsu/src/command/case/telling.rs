//! Who is told that something came to a service.

use crate::answer::counted;
use crate::command::trace::when;
use crate::exit::Failure;
use crate::node::Node;
use deliver::mail::Content;
use deliver::speech::Language;
use trace::case::{Alert, Definition};
use uuid::Uuid;

use super::retrace::amount;

/// Alerts of which a mail tells one by one.
const TOLD_MAX: usize = 50;

/// Mails alerts to those who are to be told.
///
/// # Errors
/// When no mail server is configured, or it does not take a mail.
pub(super) fn mail(
    node: &Node,
    handle: &str,
    definition: &Definition,
    alerts: &[Alert],
) -> Result<(), Failure> {
    if definition.alerts_to.is_empty() || alerts.is_empty() {
        return Ok(());
    }
    let post = node.mails()?;
    let mailer = post.channel.mailer().ok_or_else(|| {
        Failure::usage("the case has addresses for alerts, but mail.host is not set in the configuration")
    })?;
    let lines: Vec<String> = alerts.iter().take(TOLD_MAX).filter_map(line).collect();
    let more = alerts.len().saturating_sub(TOLD_MAX);
    let more = if more > 0 { format!("\nand {} more", counted(more as u64, "alert")) } else { String::new() };
    let told = format!("{}{more}", lines.join("\n"));
    let next = format!(
        "bongsu case show {handle} has all of it; bongsu case request {handle} SERVICE drafts a request to freeze."
    );
    // Who the thief went to is for those who follow the case.
    let subject = format!("[TLP:AMBER] Stolen assets came to a service: {}", definition.title);
    let runtime = crate::pull::runtime()?;
    for to in &definition.alerts_to {
        let content = Content::of(Language::of("en"), subject.clone(), &[&told, &next]);
        let id = mailer.id(&format!("alert.{}", Uuid::now_v7().simple()));
        let message = mailer.message(to, &id, node.now(), content);
        let message = message.map_err(|error| Failure::usage(error.to_string()))?;
        runtime.block_on(mailer.send(to, &message)).map_err(|not| {
            Failure::new(format!("the mail server did not take the alert to {to}: {}", not.why))
        })?;
    }
    Ok(())
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
