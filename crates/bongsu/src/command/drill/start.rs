//! `bongsu drill start` and `bongsu call start`.

use crate::answer::{Answer, counted};
use crate::cli::CalledArgs;
use crate::exit::{Exit, Failure};
use crate::node::Node;
use deliver::push::webhook::Webhook;
use policy::{Book, Circle, MemberId};
use region::contact::Listed;
use region::drill::{ASKS_MAX, Definition, Event as CallEvent, Purpose, Wire, plan};
use region::{Event, text};
use serde_json::json;

/// The wires over which contacts can be asked at this moment: mail, if the node sends any and the contact has an address; the
/// member's webhook, if it has one.
///
/// # Errors
/// When what is configured can't be used.
pub(crate) fn wires(node: &Node, book: &Book) -> Result<impl Fn(&Listed) -> Vec<Wire>, Failure> {
    let sends_mail = node.mails()?.channel.mailer().is_some();
    Ok(move |listed: &Listed| {
        let mail = (sends_mail && listed.contact.mail().is_some()).then_some(Wire::Mail);
        let webhook = Webhook::of(book, listed.contact.member).map(|_| Wire::Webhook);
        mail.into_iter().chain(webhook).collect()
    })
}

pub(super) fn run(
    node: &Node,
    purpose: Purpose,
    args: &CalledArgs,
    question: &str,
) -> Result<Answer, Failure> {
    let (book, now) = (node.gate.book(), node.now());
    let circle = node.circle(&book, &args.circle)?;
    if !circle.in_force(now) {
        return Err(Failure::new(format!("circle `{}` is not in force", circle.handle)));
    }
    if node.config.http.public_url.is_none() {
        return Err(Failure::usage("http.public_url is not set, so a link would lead nowhere")
            .hint("set it in the configuration to the address under which contacts reach this node"));
    }
    let definition = definition(node, &book, circle, purpose, args, question)?;
    let wires = wires(node, &book)?;
    let (number, asked, missing, unasked) = node.region.happens(|register| {
        let (asks, missing) = plan::first(register, &book, &definition, circle, &wires, now);
        if asks.is_empty() {
            let hint = format!("`bongsu contact add` or `change` with --circle {} opens one", circle.handle);
            return Err(Failure::new("no contact that can be asked is opened to the circle").hint(hint));
        }
        text::at_most("contacts to ask", asks.len(), ASKS_MAX)
            .map_err(|error| Failure::usage(error.to_string()))?;
        let (number, asked, unasked) = (register.next_call(), contacts(&asks), unaskable(&asks));
        let began = CallEvent::Began(definition.clone());
        let event = |event| Event::Call { call: number, event };
        let events = std::iter::once(began).chain(asks).map(event).collect();
        Ok((events, (number, asked, missing, unasked)))
    })?;
    node.gate.store().wake();
    Ok(answer(&book, number, (&asked, &unasked), &missing, args))
}

fn definition(
    node: &Node,
    book: &Book,
    circle: &Circle,
    purpose: Purpose,
    args: &CalledArgs,
    question: &str,
) -> Result<Definition, Failure> {
    let member = |handle: &String| {
        let member = node.active(book, handle)?;
        match circle.members.contains(&member.id) {
            true => Ok(member.id),
            false => Err(Failure::usage(format!("`{handle}` is not in circle `{}`", circle.handle))),
        }
    };
    let question = text::line("a question", question, text::TEXT_CHARS_MAX);
    Ok(Definition {
        purpose,
        circle: circle.id,
        caller: args.caller.as_ref().map(member).transpose()?,
        members: args.members.iter().map(member).collect::<Result<_, _>>()?,
        functions: args.functions.iter().copied().map(Into::into).collect(),
        question: question.map_err(|error| Failure::usage(error.to_string()))?,
        term_s: args.term_minutes.saturating_mul(60),
        valid_s: args.valid_hours.saturating_mul(3_600),
    })
}

fn contacts(asks: &[CallEvent]) -> Vec<String> {
    let contact = |event: &CallEvent| match event {
        CallEvent::Asked { contact, .. } => Some(contact.clone()),
        _ => None,
    };
    asks.iter().filter_map(contact).collect()
}

/// Contacts to which no wire leads.
fn unaskable(asks: &[CallEvent]) -> Vec<String> {
    let contact = |event: &CallEvent| match event {
        CallEvent::Asked { contact, wires, .. } if wires.is_empty() => Some(contact.clone()),
        _ => None,
    };
    asks.iter().filter_map(contact).collect()
}

fn answer(
    book: &Book,
    number: u64,
    (asked, unasked): (&[String], &[String]),
    missing: &[(MemberId, region::contact::Function)],
    args: &CalledArgs,
) -> Answer {
    let handle = |id: MemberId| book.member(id).map(|member| member.handle.clone()).unwrap_or_default();
    let missing: Vec<String> = match args.functions.is_empty() {
        true => missing.iter().map(|(member, _)| handle(*member)).collect(),
        false => missing
            .iter()
            .map(|(member, function)| format!("{} ({})", handle(*member), function.words()))
            .collect(),
    };
    let mut text = format!(
        "Call {number}: {} asked ({}). A serving node sends the questions. Next: bongsu drill show {number}\n",
        counted(asked.len() as u64, "contact"),
        asked.join(", ")
    );
    if !missing.is_empty() {
        text.push_str(&format!("Without a contact in this circle: {}\n", missing.join(", ")));
    }
    if !unasked.is_empty() {
        text.push_str(&format!(
            "Nothing brings a question to: {} (no mail address or mail.host not set, and no webhook); their deputies are asked\n",
            unasked.join(", ")
        ));
    }
    let ending = if missing.is_empty() && unasked.is_empty() { Exit::Done } else { Exit::Findings };
    Answer::done(
        json!({"call": number, "asked": asked, "unasked": unasked, "without_contact": missing}),
        text,
    )
    .ending(ending)
}
