//! `bongsu member mail` and `bongsu mail`: whom members have told by mail, and what became of it.

use crate::answer::{Answer, table};
use crate::cli::{AdvisoryArg, DigestArg, MailArgs, MailCommand};
use crate::command::outbox::{self, dead};
use crate::exit::Failure;
use crate::node::Node;
use deliver::mail::{Content, Mailer, mailbox};
use deliver::push::Position;
use deliver::push::mailing::{AdvisoryBy, Mailing, Rhythm};
use deliver::speech::Language;
use policy::{Entry, Member, Setting};
use serde_json::json;
use uuid::Uuid;

/// Runs `bongsu member mail …`.
///
/// # Errors
/// When the member is unknown, an address or a zone is none, or the line can't be written.
pub(crate) fn set(node: &Node, args: &MailArgs) -> Result<Answer, Failure> {
    let book = node.gate.book();
    let member = node.active(&book, &args.handle)?;
    let before = Mailing::of(&book, member.id);
    let is_timed = args.digest.is_some() || args.hour.is_some() || args.zone.is_some();
    let is_shown = !is_timed && args.to.is_none() && args.advisory.is_none();
    if is_shown {
        return Ok(shown(node, member, before.as_ref()));
    }
    let name = Mailing::setting(member.id);
    if args.digest == Some(DigestArg::Off) {
        node.record(Entry::Setting(Setting { name, value: None }))?;
        let removed = node.outbox("mail").remove(member.id);
        removed.map_err(|error| Failure::new(format!("what waits can't be dropped: {error}")))?;
        return Ok(shown(node, member, None));
    }
    let mailing = changed(node, member, before, args)?;
    node.record(Entry::Setting(Setting { name, value: Some(mailing.to_json()) }))?;
    Ok(shown(node, member, Some(&mailing)))
}

fn changed(
    node: &Node,
    member: &Member,
    before: Option<Mailing>,
    args: &MailArgs,
) -> Result<Mailing, Failure> {
    let mut mailing = match (before, &args.to) {
        (Some(before), None) => before,
        (Some(before), Some(to)) if before.to == *to => before,
        (before, Some(to)) => {
            mailbox(to).map_err(|error| Failure::usage(error.to_string()))?;
            match before {
                Some(mut moved) => {
                    moved.from = arrived(node, member, &moved)?;
                    (moved.id, moved.to) = (Uuid::now_v7(), to.clone());
                    moved
                }
                None => {
                    let from = node.deliver()?.position(member.id, false);
                    let from = from.map_err(|error| Failure::new(error.to_string()))?;
                    Mailing::new(Uuid::now_v7(), to.clone(), Rhythm::Daily, from)
                }
            }
        }
        (None, None) => {
            let none = Failure::usage(format!("{} has no address for mail", member.handle));
            return Err(none.hint("give one with --to ADDRESS"));
        }
    };
    match args.digest {
        Some(DigestArg::Hourly) => mailing.rhythm = Rhythm::Hourly,
        Some(DigestArg::Daily) => mailing.rhythm = Rhythm::Daily,
        Some(DigestArg::Urgent) => mailing.rhythm = Rhythm::Urgent,
        Some(DigestArg::Off) | None => {}
    }
    match args.advisory {
        Some(AdvisoryArg::Attached) => mailing.advisory = AdvisoryBy::Attached,
        Some(AdvisoryArg::Linked) => mailing.advisory = AdvisoryBy::Linked,
        None => {}
    }
    if let Some(hour) = args.hour {
        mailing.hour = hour;
    }
    if let Some(zone) = &args.zone {
        if !Mailing::is_zone(zone) {
            return Err(
                Failure::usage(format!("there is no time zone `{zone}`")).hint("such as Asia/Seoul or UTC")
            );
        }
        mailing.zone.clone_from(zone);
    }
    Ok(mailing)
}

/// How far the mails that were taken bring a member.
fn arrived(node: &Node, member: &Member, mailing: &Mailing) -> Result<Position, Failure> {
    let waiting = node.outbox("mail").read(member.id);
    let waiting = waiting.map_err(|error| Failure::new(format!("what waits can't be read: {error}")))?;
    let waiting = waiting.map(|(waiting, _)| waiting).filter(|waiting| waiting.subscription == mailing.id);
    Ok(waiting.map_or_else(|| mailing.from.clone(), |waiting| waiting.arrived().clone()))
}

fn shown(node: &Node, member: &Member, mailing: Option<&Mailing>) -> Answer {
    let handle = &member.handle;
    let mut text = match mailing {
        None => format!("{handle} is told nothing by mail. Next: bongsu member mail {handle} --to ADDRESS\n"),
        Some(mailing) => {
            let when = match mailing.rhythm {
                Rhythm::Daily => format!("daily at {}:00, {}", mailing.hour, mailing.zone),
                rhythm => rhythm.name().to_owned(),
            };
            let advisory = mailing.advisory.name();
            format!(
                "{handle} is told at {} ({when}), and at once what is urgent. The advisory is {advisory}.\n",
                mailing.to
            )
        }
    };
    if node.config.mail.host.is_none() {
        text.push_str("No mail is sent: mail.host is not set in the configuration.\n");
    }
    let mailing = mailing.map(|mailing| {
        json!({
            "to": mailing.to, "digest": mailing.rhythm.name(), "hour": mailing.hour, "zone": mailing.zone,
            "advisory": mailing.advisory.name(),
        })
    });
    Answer::done(json!({"member": handle, "mail": mailing}), text)
}

/// Runs `bongsu mail …`.
///
/// # Errors
/// When no server is configured, the member is unknown, or what waits can't be read or written.
pub(crate) fn run(node: &Node, command: &MailCommand) -> Result<Answer, Failure> {
    let post = node.mails()?;
    let none = || {
        Failure::usage("mail.host is not set in the configuration").hint("docs/push.md says what mail needs")
    };
    let mailer = post.channel.mailer().ok_or_else(none)?;
    match command {
        MailCommand::Test { to } => test(node, mailer, to),
        MailCommand::Dead(args) => dead(node, &post, args),
        MailCommand::List => {
            let book = node.gate.book();
            let (mut rows, mut all) = (Vec::new(), Vec::new());
            for (member, waiting) in outbox::waiting(node, &post, None)? {
                let Some(mailing) = Mailing::of(&book, member.id) else { continue };
                let mut json = outbox::json(&member.handle, &waiting);
                json["to"] = json!(mailing.to);
                json["digest"] = json!(mailing.rhythm.name());
                all.push(json);
                let first = [member.handle.clone(), mailing.to, mailing.rhythm.name().to_owned()];
                rows.push([&first[..], &outbox::row(&waiting)].concat());
            }
            let text = match rows.is_empty() {
                true => {
                    "Nobody is told by mail yet. Next: bongsu member mail HANDLE --to ADDRESS\n".to_owned()
                }
                false => table(&[&["MEMBER", "TO", "DIGEST"][..], &outbox::HEADER].concat(), &rows),
            };
            Ok(Answer::done(json!({"mails": all}), text))
        }
    }
}

fn test(node: &Node, mailer: &Mailer, to: &str) -> Result<Answer, Failure> {
    let title = node.gate.key().name();
    let text = format!("This is a test of {title}: its mails reach you.");
    let subject = format!("[TLP:CLEAR] Test ({title})");
    let content = Content::of(Language::of("en"), subject, &[&text]);
    let id = mailer.id(&format!("test.{}", Uuid::now_v7().simple()));
    let message = mailer.message(to, &id, node.now(), content);
    let message = message.map_err(|error| Failure::usage(error.to_string()))?;
    let sent = crate::pull::runtime()?.block_on(mailer.send(to, &message));
    sent.map_err(|not| Failure::new(format!("the mail server did not take the mail: {}", not.why)))?;
    Ok(Answer::done(
        json!({"to": to, "id": id, "taken": true}),
        format!("The mail server took a mail to {to}."),
    ))
}
