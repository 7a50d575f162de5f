//! `bongsu person`: people, their roles, and who did what.

use std::collections::BTreeSet;

use crate::answer::{Answer, table};
use crate::cli::{PersonAddArgs, PersonCommand};
use crate::command::init::random;
use crate::exit::Failure;
use crate::node::Node;

use gate::ActsAsked;
use line::Seq;
use policy::{Account, Book, By, MemberId, Person, PersonId, Role};
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;
use web::auth::Token;
use web::people::{self, PeopleError, Wanted};

impl From<PeopleError> for Failure {
    fn from(error: PeopleError) -> Self {
        match error {
            PeopleError::BadUser(_) | PeopleError::BadName | PeopleError::NoRole => {
                Self::usage(error.to_string())
            }
            PeopleError::NoPerson => Self::new(error.to_string()).hint("`bongsu person list` shows all"),
            error => Self::new(error.to_string()),
        }
    }
}

/// Runs `bongsu person …`.
///
/// # Errors
/// When a member, person or role is unknown, or the line can't be written.
pub(crate) fn run(node: &Node, command: PersonCommand) -> Result<Answer, Failure> {
    let by = By::from(MemberId::NODE);
    match command {
        PersonCommand::Add(args) => add(node, args),
        PersonCommand::List { member, all } => list(node, member.as_deref(), all),
        PersonCommand::Role { user, add, remove } => {
            let (add, remove) = (roles(&add)?, roles(&remove)?);
            people::set_roles(&node.gate, by, &user, |had| {
                had.union(&add).filter(|role| !remove.contains(role)).copied().collect()
            })?;
            shown(node, &user, "now acts as")
        }
        PersonCommand::Reset { user } => {
            let token = people::reset(&node.gate, by, &user, (&node.tokens, random()?), node.now())?;
            let answer = shown(node, &user, "can't log in until it follows its link; it acts as")?;
            Ok(with_link(node, answer, &token))
        }
        PersonCommand::End { user } => {
            people::end(&node.gate, by, &user, node.now())?;
            let text = format!("The person {user} has ended: its sessions and tokens stop.");
            Ok(Answer::done(json!({"ended": user}), text))
        }
        PersonCommand::Acts { member, before, limit } => {
            acts(node, member.as_deref(), before, usize::from(limit))
        }
    }
}

fn roles(words: &[String]) -> Result<BTreeSet<Role>, Failure> {
    let read = |word: &String| word.parse().map_err(|error| Failure::usage(format!("no role: {error}")));
    words.iter().map(read).collect()
}

fn add(node: &Node, args: PersonAddArgs) -> Result<Answer, Failure> {
    let member = match &args.member {
        Some(handle) => Some(node.active(&node.gate.book(), handle)?.id),
        None => None,
    };
    let (id, now) = (PersonId::new(Uuid::now_v7()), node.now());
    let account = Account {
        bound: args.oidc.as_deref().map(|subject| node.config.oidc.bound(subject)).transpose()?,
        ..Account::new(id, now)
    };
    let (account, token) = match account.bound {
        Some(_) => (account, None),
        None => {
            let (account, token) = people::invited(&node.tokens, random()?, account, now);
            (account, Some(token))
        }
    };
    let (name, roles) = (args.name.unwrap_or_else(|| args.user.clone()), roles(&args.roles)?);
    let wanted = Wanted { id, member, user: args.user, name, roles };
    let person = people::add(&node.gate, MemberId::NODE.into(), wanted, account)?;
    let answer = shown(node, &person.user, "acts as")?;
    Ok(match token {
        Some(token) => with_link(node, answer, &token),
        None => answer,
    })
}

/// A person as it is shown.
#[derive(Serialize)]
struct View {
    user: String,
    name: String,
    member: Option<String>,
    roles: Vec<&'static str>,
    password: bool,
    codes: bool,
    elsewhere: bool,
    passkeys: usize,
    invited: bool,
    /// Whether it can do nothing before it has a second factor.
    needs_second_factor: bool,
    ended: bool,
}

fn view(node: &Node, book: &Book, person: &Person) -> View {
    let account = book.account(person.id);
    View {
        user: person.user.clone(),
        name: person.name.clone(),
        member: person.member.and_then(|id| book.member(id)).map(|member| member.handle.clone()),
        roles: person.roles.iter().map(|role| role.name()).collect(),
        password: account.is_some_and(|account| account.password.is_some()),
        codes: account.is_some_and(|account| account.codes.is_some()),
        elsewhere: account.is_some_and(|account| account.bound.is_some()),
        passkeys: account.map_or(0, |account| account.passkeys.len()),
        invited: account.is_some_and(|account| account.invitation.is_some()),
        needs_second_factor: !person.ended && node.config.people.second_factor().is_lacking(book, person),
        ended: person.ended,
    }
}

fn shown(node: &Node, user: &str, says: &str) -> Result<Answer, Failure> {
    let book = node.gate.book();
    let person = people::managed(&book, MemberId::NODE.into(), user)?;
    let view = view(node, &book, person);
    let text = format!("{} ({}) {says} {}.\n", view.user, view.name, view.roles.join(", "));
    Ok(Answer::done(json!({"person": view}), text))
}

/// The link by which a person sets its password: shown once, as a token is.
fn with_link(node: &Node, mut answer: Answer, token: &Token) -> Answer {
    let root = node.config.http.public_url.as_deref().unwrap_or_default().trim_end_matches('/');
    let link = format!("{root}/welcome/{}", token.reveal());
    let days = people::INVITATION_MICROS / 86_400_000_000;
    answer.text.push_str(&format!("Link to set a password, shown this once, good for {days} days: {link}\n"));
    if root.is_empty() {
        answer.text.push_str("Put the node's address before it, or set http.public_url.\n");
    }
    answer.json["link"] = link.into();
    answer
}

fn list(node: &Node, member: Option<&str>, all: bool) -> Result<Answer, Failure> {
    let book = node.gate.book();
    let member = member.map(|handle| node.member(&book, handle).map(|member| member.id)).transpose()?;
    let wanted = |person: &&Person| {
        (all || book.acts(person)) && member.is_none_or(|member| person.member == Some(member))
    };
    let mut views: Vec<View> = book.people().filter(wanted).map(|person| view(node, &book, person)).collect();
    views.sort_by(|a, b| (&a.member, &a.user).cmp(&(&b.member, &b.user)));
    let row = |view: &View| {
        let ways = [
            (view.password, "password"),
            (view.codes, "codes"),
            (view.passkeys > 0, "passkeys"),
            (view.elsewhere, "elsewhere"),
        ];
        let ways: Vec<&str> = ways.into_iter().filter(|(has, _)| *has).map(|(_, way)| way).collect();
        let logs_in = match (view.ended, ways.is_empty()) {
            (true, _) => "ended".to_owned(),
            (false, true) => "not yet".to_owned(),
            (false, false) => ways.join(", "),
        };
        let logs_in = match view.needs_second_factor {
            true => format!("{logs_in} (needs a second factor)"),
            false => logs_in,
        };
        let member = view.member.clone().unwrap_or_else(|| "(node)".to_owned());
        vec![view.user.clone(), member, view.roles.join(" "), logs_in, view.name.clone()]
    };
    let rows: Vec<Vec<String>> = views.iter().map(row).collect();
    let text = match rows.is_empty() {
        true => "No people yet. Next: bongsu person add USER --member MEMBER --role ROLE".to_owned(),
        false => table(&["USER", "MEMBER", "ROLES", "LOGS IN WITH", "NAME"], &rows),
    };
    Ok(Answer::done(json!({"people": views}), text))
}

fn acts(node: &Node, member: Option<&str>, before: Option<u64>, limit: usize) -> Result<Answer, Failure> {
    let book = node.gate.book();
    let member = member.map(|handle| node.member(&book, handle).map(|member| member.id)).transpose()?;
    let asked = ActsAsked { of: member, before: before.map(Seq), ..ActsAsked::default() };
    let found = node.gate.acts(&asked, limit);
    let found = found.map_err(|error| Failure::new(format!("the node's line can't be read: {error}")))?;
    let rows: Vec<Vec<String>> = found
        .acts
        .iter()
        .map(|act| vec![act.seq.0.to_string(), act.at.to_string(), act.who(&book), act.sentence(&book)])
        .collect();
    let json: Vec<_> = rows
        .iter()
        .zip(&found.acts)
        .map(|(row, act)| json!({"number": act.seq.0, "at": row[1], "who": row[2], "what": row[3]}))
        .collect();
    let before = found.before.map(|before| before.0);
    let mut text = table(&["NUMBER", "AT", "WHO", "WHAT"], &rows);
    if let Some(before) = before {
        text.push_str(&format!("Further down: --before {before}\n"));
    }
    Ok(Answer::done(json!({"acts": json, "before": before}), text))
}
