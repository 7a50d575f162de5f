//! `bongsu ask`: members ask the ones who shared objects to let them go wider.

use crate::answer::{Answer, table};
use crate::cli::{AskAnswerArg, AskAnswerArgs, AskCommand, AskReleaseArgs};
use crate::exit::{Exit, Failure};
use crate::node::Node;
use gate::{AnswerError, Answerer, AskError, AskSeen, Asking, Grant, Reply};
use policy::{AskState, Book, Caller, CircleId, Wish};
use serde_json::json;
use stix::ObjectId;
use uuid::Uuid;

/// Runs `bongsu ask …`.
///
/// # Errors
/// When something named is unknown, it may not be asked or answered, or the line can't be written.
pub(crate) fn run(node: &Node, command: &AskCommand) -> Result<Answer, Failure> {
    match command {
        AskCommand::Release(args) => release(node, args),
        AskCommand::List { member, open } => list(node, member.as_deref(), *open),
        AskCommand::Show { ask, member } => show(node, ask, caller(node, member.as_deref())?),
        AskCommand::Answer(args) => answer(node, args),
    }
}

/// As whom asks are looked at.
fn caller(node: &Node, member: Option<&str>) -> Result<Caller, Failure> {
    let Some(handle) = member else { return Ok(Caller::Operator) };
    Ok(Caller::Member(node.active(&node.gate.book(), handle)?.id))
}

fn release(node: &Node, args: &AskReleaseArgs) -> Result<Answer, Failure> {
    let book = node.gate.book();
    let member = node.sender(&book, args.member.as_deref())?.id;
    let object = ObjectId::parse(&args.object)
        .map_err(|error| Failure::usage(format!("`{}`: {error}", args.object)))?;
    let to = args.to.as_deref().map(|handle| node.circle(&book, handle)).transpose()?;
    let wish = Wish {
        circle: to.map(|circle| circle.id),
        tlp: args.tlp.map(Into::into),
        without_source: args.without_source,
    };
    let circle = node.circle(&book, &args.circle)?.id;
    let asking = Asking { member, circle, object, wish, why: args.why.clone(), encrypted: true };
    let asked = node.gate.ask(asking, node.now()).map_err(|error| {
        let failure = Failure::new(format!("it was not asked: {error}"));
        match error {
            AskError::NotFound => {
                failure.hint("name a circle that the member is in, and an object that it sees there")
            }
            AskError::Nothing => failure.hint("--to CIRCLE, --tlp TLP or --without-source"),
            _ => failure,
        }
    })?;
    show(node, &asked.id.to_string(), Caller::Member(member))
}

fn list(node: &Node, member: Option<&str>, only_open: bool) -> Result<Answer, Failure> {
    let book = node.gate.book();
    let mut asks = node.gate.asks(caller(node, member)?, node.now());
    asks.retain(|seen| !only_open || seen.state == AskState::Open);
    let rows: Vec<Vec<String>> = asks.iter().map(|seen| row(&book, seen)).collect();
    let text = match rows.is_empty() {
        true => "Nothing is asked.\n".to_owned(),
        false => table(&["ASKED", "STATE", "CIRCLE", "OBJECT", "WISHES", "ASK"], &rows),
    };
    let shown: Vec<_> = asks.iter().map(|seen| web::asks::shown(&book, seen)).collect();
    Ok(Answer::done(json!({"asks": shown}), text))
}

fn handle(book: &Book, circle: CircleId) -> String {
    book.circle(circle).map_or_else(|| circle.to_string(), |circle| circle.handle.clone())
}

fn row(book: &Book, seen: &AskSeen) -> Vec<String> {
    let at = seen.at.to_string();
    vec![
        format!("{}Z", at.get(..16).unwrap_or(&at)),
        seen.state.name().to_owned(),
        handle(book, seen.circle),
        seen.object.to_string(),
        wished(book, &seen.wish),
        seen.id.to_string(),
    ]
}

fn wished(book: &Book, wish: &Wish) -> String {
    let circle = wish.circle.map(|circle| format!("into {}", handle(book, circle)));
    let tlp = wish.tlp.map(|tlp| format!("{tlp}"));
    let source = wish.without_source.then(|| "without its source".to_owned());
    [circle, tlp, source].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn seen(node: &Node, ask: &str, caller: Caller) -> Result<AskSeen, Failure> {
    let seen = ask.parse::<Uuid>().ok().and_then(|id| node.gate.ask_seen(id, caller, node.now()));
    seen.ok_or_else(|| {
        Failure::usage(format!("there is no ask `{ask}`")).hint("`bongsu ask list` shows all, with their ids")
    })
}

fn show(node: &Node, ask: &str, caller: Caller) -> Result<Answer, Failure> {
    let (book, seen) = (node.gate.book(), seen(node, ask, caller)?);
    let member = |member: Option<policy::MemberId>, nobody: &str| {
        let known = member.map(|member| book.member(member).map_or("operator", |known| &known.handle));
        known.unwrap_or(nobody).to_owned()
    };
    let mut text = format!("Ask {}: {}.\n", seen.id, seen.state.name());
    let mut line = |what: &str, said: &str| text.push_str(&format!("  {what:<12} {said}\n"));
    line("object", &format!("{} in {}", seen.object, handle(&book, seen.circle)));
    line("wishes", &wished(&book, &seen.wish));
    line("what for", &seen.why);
    line("asked", &format!("{} by {}", seen.at, member(seen.asker, "a member of the circle")));
    if seen.originator.is_some() {
        line("decides", &format!("{}, until {}", member(seen.originator, ""), seen.until));
    }
    if let Some(answer) = &seen.answer {
        let allowed = answer.grant.as_ref().map_or_else(|| "no".to_owned(), |grant| wished(&book, grant));
        let way = answer.way.map_or_else(String::new, |way| format!(", by {}", way.name()));
        line("answered", &format!("{}{way}: {allowed}", answer.at));
        if !answer.said.is_empty() {
            line("said", &answer.said);
        }
    }
    for done in &seen.done {
        let taken = match done.refused.as_deref() {
            None => "there".to_owned(),
            Some("") => "not taken".to_owned(),
            Some(why) => format!("not taken: {why}"),
        };
        line("done", &format!("{} in {}: {taken}", done.object, handle(&book, done.circle)));
    }
    for (at, whom, failed) in &seen.told {
        let whom = match whom {
            policy::ask::Whom::Originator => "the one who decides",
            policy::ask::Whom::Asker => "the one who asks",
        };
        let how = failed.as_ref().map_or_else(|| "by mail".to_owned(), |why| format!("not: {why}"));
        line("told", &format!("{whom}, {at}, {how}"));
    }
    let exit = if seen.state == AskState::Failed { Exit::Findings } else { Exit::Done };
    Ok(Answer::done(web::asks::shown(&book, &seen), text).ending(exit))
}

fn answer(node: &Node, args: &AskAnswerArgs) -> Result<Answer, Failure> {
    let caller = caller(node, args.member.as_deref())?;
    let seen = seen(node, &args.ask, caller)?;
    let by = match caller {
        Caller::Operator => Answerer::Operator,
        Caller::Member(member) => Answerer::Member(member),
    };
    let grant = match args.answer {
        AskAnswerArg::Yes => Grant::Whole,
        AskAnswerArg::No => Grant::Nothing,
        AskAnswerArg::Less => Grant::Less(Wish {
            circle: seen.wish.circle.filter(|_| args.circle),
            tlp: args.tlp.map(Into::into),
            without_source: args.without_source,
        }),
    };
    let taken = node.gate.answer_ask(seen.id, by, Reply { grant, said: args.say.clone() }, node.now());
    if let Err(error @ AnswerError::Waits { parcel }) = &taken {
        let text = format!("{error}.\nNext: bongsu release show {parcel}\n");
        return Ok(Answer::done(json!({"waits": parcel.to_string()}), text));
    }
    taken.map_err(|error| {
        let failure = Failure::new(format!("the answer was not taken: {error}"));
        match error {
            AnswerError::NotFound => {
                failure.hint("only the one who shared the object answers, or an operator for it")
            }
            _ => failure,
        }
    })?;
    show(node, &args.ask, caller)
}
