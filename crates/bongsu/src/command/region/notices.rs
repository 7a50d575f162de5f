//! `bongsu region notices`: drafted from what was observed, sent to members' contacts, followed until what they are about is gone.

use crate::answer::{Answer, counted, table};
use crate::cli::{NoticeStateArg, NoticesCommand};
use crate::exit::Failure;
use crate::node::Node;
use crate::transit::{Looking, Notices, about, keepers};
use deliver::mail::{Attached, Content, Mailer};
use deliver::speech::Language;
use policy::{Book, Caller, Member};
use region::Register;
use region::contact::Function;
use region::notice::{Event, NOTE_CHARS_MAX, NOTICES_MAX, Notice, Sending, State, Step, text, xarf};
use region::text::line;
use region::transit::By;
use region::transit::told::lasted;
use serde_json::{Value, json};
use uuid::Uuid;

/// Runs `bongsu region notices …`.
///
/// # Errors
/// When there is no such notice, it can't be sent, or the line can't be read or written.
pub(super) fn run(node: &Node, command: &NoticesCommand) -> Result<Answer, Failure> {
    match command {
        NoticesCommand::List => list(node),
        NoticesCommand::Draft { member, days, most } => draft(node, member.as_deref(), *days, *most),
        NoticesCommand::Show { notice, xarf } => show(node, notice.number, *xarf),
        NoticesCommand::Send { notice, to, by_hand } => {
            send(node, notice.number, to.as_deref(), by_hand.as_deref())
        }
        NoticesCommand::State { notice, state, at, note } => {
            let state = match state {
                NoticeStateArg::Acknowledged => State::Acknowledged,
                NoticeStateArg::TakenDown => State::TakenDown,
                NoticeStateArg::Refused => State::Refused,
                NoticeStateArg::CameBack => State::CameBack,
            };
            let note = note.as_deref().map(|note| line("a note", note, NOTE_CHARS_MAX));
            let note = note.transpose().map_err(|error| Failure::usage(error.to_string()))?;
            happens(node, notice.number, Step { state, at: node.since(at.as_deref())?, to: None, note })
        }
    }
}

fn absent(notices: &Notices, number: u64) -> Failure {
    let failure = Failure::usage(format!("there is no notice {number}"));
    match notices.all().is_empty() {
        true => failure.hint("`bongsu region notices draft` drafts those that are due"),
        false => failure.hint("`bongsu region notices list` shows all"),
    }
}

/// A notice as JSON.
fn json(book: &Book, notice: &Notice) -> Value {
    let steps = notice.steps.iter().map(|step| {
        json!({"state": step.state.name(), "at": step.at.to_string(), "to": step.to, "note": step.note})
    });
    json!({
        "notice": notice.number, "member": book.member(notice.about.member).map(|member| member.handle.clone()),
        "address": notice.about.address, "country": notice.about.place.country, "network": notice.about.place.network,
        "roles": notice.about.roles, "because": notice.about.because, "state": notice.state().name(),
        "sending": notice.sending, "takedown_s": notice.takedown_s(), "steps": steps.collect::<Vec<_>>(),
    })
}

fn list(node: &Node) -> Result<Answer, Failure> {
    let book = node.gate.book();
    node.transit.notices.look(|notices| {
        let row = |notice: &Notice| {
            let member = book.member(notice.about.member).map(|member| member.handle.clone());
            let last = notice.steps.last().map(|step| step.at.to_string()).unwrap_or_default();
            vec![
                notice.number.to_string(),
                member.unwrap_or_default(),
                notice.about.address.to_string(),
                match &notice.sending {
                    Some(_) => format!("{}, being sent", notice.state().name()),
                    None => notice.state().name().to_owned(),
                },
                last.get(..16).unwrap_or_default().replace('T', " "),
                notice.takedown_s().map_or_else(|| "-".to_owned(), lasted),
            ]
        };
        let rows: Vec<Vec<String>> = notices.all().iter().map(row).collect();
        let text = match rows.is_empty() {
            true => "No notices. `bongsu region notices draft` drafts those that are due.\n".to_owned(),
            false => table(&["NOTICE", "MEMBER", "ADDRESS", "STATE", "SINCE (UTC)", "TAKEDOWN"], &rows),
        };
        let all: Vec<Value> = notices.all().iter().map(|notice| json(&book, notice)).collect();
        Ok(Answer::done(json!({"notices": all}), text))
    })
}

fn draft(node: &Node, handle: Option<&str>, days: u32, most: usize) -> Result<Answer, Failure> {
    let book = node.gate.book();
    let only = handle.map(|handle| node.active(&book, handle)).transpose()?;
    let looking =
        Looking { caller: Caller::Operator, encrypted: true, circle: None, by: By::Country, now: node.now() };
    let ground = node.transit.observed(&looking)?;
    let (_, last) = ground.observed.times().unwrap_or_default();
    // What claims to have been seen in the future silences nothing.
    let last = last.min(u32::try_from(node.now().seconds()).unwrap_or(u32::MAX));
    let since = last.saturating_sub(days.saturating_mul(86_400));
    let keepers = keepers(&book);
    let made = node.transit.notices.happens(|notices| {
        let room = NOTICES_MAX.saturating_sub(notices.all().len()).min(most);
        let first = notices.all().len() as u64 + 1;
        let mut due: Vec<_> = ground
            .observed
            .infrastructure()
            .iter()
            .filter_map(|one| about(&keepers, notices, one, since))
            .filter(|about| only.is_none_or(|member| member.id == about.member))
            .collect();
        // What was seen most is told first.
        due.sort_by_key(|about| (std::cmp::Reverse(about.count), about.address));
        due.truncate(room);
        let made: Vec<(u64, String, String)> = (first..)
            .zip(&due)
            .map(|(number, about)| {
                let member = book.member(about.member).map(|member| member.handle.clone());
                (number, member.unwrap_or_default(), about.address.to_string())
            })
            .collect();
        Ok((due.into_iter().map(|about| Event::Drafted(Box::new(about))).collect(), made))
    })?;
    let rows: Vec<Vec<String>> = made
        .iter()
        .map(|(number, member, address)| vec![number.to_string(), member.clone(), address.clone()])
        .collect();
    let text = match rows.is_empty() {
        true => "No notice is due: nothing that was observed lately stands with a member and has none.\n"
            .to_owned(),
        false => format!(
            "{}Drafted: {}. Look at one: bongsu region notices show NUMBER; then: bongsu region notices send NUMBER\n",
            table(&["NOTICE", "MEMBER", "ADDRESS"], &rows),
            counted(rows.len() as u64, "notice")
        ),
    };
    let made: Vec<Value> = made
        .into_iter()
        .map(|(number, member, address)| json!({"notice": number, "member": member, "address": address}))
        .collect();
    Ok(Answer::done(json!({"drafted": made}), text))
}

/// Who reports: the node, under the address from which its mails come.
fn reporter(node: &Node) -> xarf::Reporter {
    let name = node.gate.key().name().to_owned();
    let mail = node.config.mail.answers_to().or_else(|| node.config.advisory.reply_to.clone());
    xarf::Reporter { mail: mail.unwrap_or_else(|| format!("abuse@{name}")), name }
}

fn one(node: &Node, number: u64) -> Result<Notice, Failure> {
    node.transit.notices.look(|notices| notices.get(number).cloned().ok_or_else(|| absent(notices, number)))
}

fn show(node: &Node, number: u64, is_report: bool) -> Result<Answer, Failure> {
    let notice = one(node, number)?;
    let book = node.gate.book();
    let report = xarf::report(&notice, &reporter(node));
    if is_report {
        let text = format!("{report:#}\n");
        return Ok(Answer::done(report, text));
    }
    let is_korean = book.member(notice.about.member).is_some_and(|member| member.language.starts_with("ko"));
    let text =
        format!("{}\n\n{}\n", text::subject(&notice), text::paragraphs(&notice, is_korean).join("\n\n"));
    let mut all = json(&book, &notice);
    all["text"] = json!(text);
    all["xarf"] = report;
    Ok(Answer::done(all, text))
}

/// The address of a member's technical contact, else the one of its profile.
fn address(register: &Register, member: &Member) -> Option<String> {
    let mut contacts = register.contacts().filter(|listed| listed.contact.member == member.id);
    let technical = contacts
        .find(|listed| listed.contact.function == Function::Technical && listed.contact.mail().is_some());
    let technical = technical.and_then(|listed| listed.contact.mail().map(str::to_owned));
    technical.or_else(|| member.contact.clone().filter(|contact| deliver::mail::is_address(contact)))
}

fn send(node: &Node, number: u64, to: Option<&str>, by_hand: Option<&str>) -> Result<Answer, Failure> {
    let notices = &node.transit.notices;
    let going = notices.going(number)?;
    let notice = one(node, number)?;
    let at = node.now();
    // Whether it can be sent is asked before it goes.
    notice.check(State::Sent, at).map_err(|error| Failure::usage(error.to_string()))?;
    if let Some(whom) = by_hand {
        let whom = line("whom", whom, NOTE_CHARS_MAX).map_err(|error| Failure::usage(error.to_string()))?;
        return happens(node, number, Step { state: State::Sent, at, to: Some(whom), note: None });
    }
    let book = node.gate.book();
    let member = book.member(notice.about.member).filter(|member| !member.ended);
    let member = member.ok_or_else(|| Failure::new("the member takes part no more"))?;
    let to = match to {
        Some(to) => to.to_owned(),
        None => address(&*node.region.register()?, member).ok_or_else(|| {
            Failure::usage(format!("no contact of {} has an address for mail", member.handle)).hint(
                "`bongsu contact add` adds one; or name it with --to, or note how it went with --by-hand",
            )
        })?,
    };
    let post = node.mails()?;
    let mailer = post.channel.mailer().ok_or_else(|| {
        Failure::usage("mail.host is not set in the configuration").hint(
            "docs/push.md says what mail needs; or print it with `bongsu region notices show` and note how it went with --by-hand",
        )
    })?;
    // What is about to go stands on the line before it goes, and is the same each time.
    let new = Sending { at, to, id: mailer.id(&format!("notice.{number}.{}", Uuid::now_v7().simple())) };
    let sending = match notice.sending.clone().filter(|sending| sending.to == new.to) {
        Some(sending) => sending,
        None => {
            message(node, mailer, &notice, member, &new)?;
            notices.happens(|_| Ok((vec![Event::Sending { notice: number, sending: new.clone() }], new)))?
        }
    };
    if !going.is_taken(&sending.id) {
        let message = message(node, mailer, &notice, member, &sending)?;
        if let Err(not) = crate::pull::runtime()?.block_on(mailer.send(&sending.to, &message)) {
            if not.is_final {
                let event = Event::NotSent { notice: number, id: sending.id };
                notices.happens(|_| Ok((vec![event], ())))?;
            }
            return Err(Failure::new(format!("the mail server did not take the notice: {}", not.why))
                .hint("sent again, it is the same mail, under the same id"));
        }
        going.taken(&sending.id);
    }
    let step = Step { state: State::Sent, at: node.now(), to: Some(sending.to), note: None };
    let answer = happens(node, number, step).map_err(|failure| {
        Failure::new(format!("the mail server took the notice, and that is not noted: {}", failure.message))
            .hint("`bongsu region notices send` again, or with --by-hand, notes it")
    })?;
    going.noted(&sending.id);
    Ok(answer)
}

/// The mail of a notice: the same each time for the same sending.
fn message(
    node: &Node,
    mailer: &Mailer,
    notice: &Notice,
    member: &Member,
    sending: &Sending,
) -> Result<String, Failure> {
    let is_korean = member.language.starts_with("ko");
    let language: Language = if is_korean { "ko" } else { "en" }
        .parse()
        .map_err(|error| Failure::new(format!("the mail can't be written: {error}")))?;
    let paragraphs = text::paragraphs(notice, is_korean);
    let paragraphs: Vec<&str> = paragraphs.iter().map(String::as_str).collect();
    let mut content = Content::of(language, text::subject(notice), &paragraphs);
    let report = xarf::report(notice, &reporter(node));
    content.attached = vec![Attached {
        name: "xarf.json".to_owned(),
        content_type: "application/json",
        bytes: format!("{report:#}\n").into_bytes(),
    }];
    let message = mailer.message(&sending.to, &sending.id, sending.at, content);
    message.map_err(|error| Failure::usage(error.to_string()))
}

/// Writes a step, and tells how the notice stands then.
fn happens(node: &Node, number: u64, step: Step) -> Result<Answer, Failure> {
    let (state, to) = (step.state, step.to.clone());
    node.transit.notices.happens(|notices| {
        let notice = notices.get(number).ok_or_else(|| absent(notices, number))?;
        notice.check(step.state, step.at).map_err(|error| {
            Failure::usage(error.to_string())
                .hint("drafted → sent → acknowledged → taken-down or refused; taken-down → came-back → sent")
        })?;
        Ok((vec![Event::Step { notice: number, step }], ()))
    })?;
    let notice = one(node, number)?;
    let mut text = match to {
        Some(to) => format!(
            "Notice {number} went to {to}. What became of it: bongsu region notices state {number} taken-down\n"
        ),
        None => format!("Notice {number}: {}.\n", state.name()),
    };
    if let (State::TakenDown, Some(seconds)) = (state, notice.takedown_s()) {
        text.push_str(&format!("From the notice to takedown: {}.\n", lasted(seconds)));
    }
    Ok(Answer::done(json(&node.gate.book(), &notice), text))
}
