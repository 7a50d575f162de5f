//! `bongsu case new`, `change`, `note`, `close` and `reopen`.

use crate::answer::Answer;
use crate::cases::Cases;
use crate::cli::{CaseChangeArgs, CaseNewArgs, CaseNoteArgs, FollowedArgs};
use crate::command::trace::across::{self, chain_at};
use crate::command::trace::found::{method, method_name, thefts};
use crate::command::trace::{kept, labels, to_log};
use crate::exit::Failure;
use crate::node::Node;
use serde_json::json;
use std::path::{Path, PathBuf};
use trace::case::{Chain, Definition, Event, HANDLE_BYTES_MAX, TEXT_CHARS_MAX, is_handle};
use trace::label::{Category, Labels};
use trace::taint;

pub(super) fn new(node: &Node, args: &CaseNewArgs) -> Result<Answer, Failure> {
    if !is_handle(&args.handle) {
        return Err(Failure::usage(format!("`{}` can't be a case's handle", args.handle)).hint(format!(
            "small letters, digits and hyphens, at most {HANDLE_BYTES_MAX}, as in bybit-2025"
        )));
    }
    let definition = Definition {
        title: line(&args.title)?,
        chains: across::chains(&args.store, &args.also, &args.stolen)?,
        method: method_name(args.method.into()).to_owned(),
        labels: followed_labels(&args.followed.ways.labels)?,
        pairings: args.followed.ways.pairings.clone(),
        worths: args.followed.ways.worths.clone(),
        circles: args.followed.circles.clone(),
        share_at_once: args.followed.share_at_once,
        alerts_to: args.followed.alert_to.clone(),
        legal: args.followed.legal.as_deref().map(line).transpose()?,
        contact: args.followed.contact.as_deref().map(line).transpose()?,
    };
    let found = check(node, &definition)?;
    node.cases.happens(&args.handle, |cases| match cases.has(&args.handle) {
        true => Err(Failure::new(format!("there is a case `{}` already", args.handle)).hint(format!(
            "`bongsu case show {0}` shows it, `bongsu case change {0}` changes it",
            args.handle
        ))),
        false => Ok((vec![Event::Opened(definition.clone())], ())),
    })?;
    let text = format!(
        "Case {} is open: {found} by which it was stolen. Next: bongsu case trace {0}\n",
        args.handle
    );
    Ok(Answer::done(json!({"case": args.handle, "definition": definition}), text))
}

pub(super) fn change(node: &Node, args: &CaseChangeArgs) -> Result<Answer, Failure> {
    let (before, first) = node.cases.look(|cases| {
        let case = cases.get(&args.handle)?;
        let store = case.definition.chains.first().map(|chain| chain.store.clone()).unwrap_or_default();
        Ok((case.definition.clone(), store))
    })?;
    let mut definition = before.clone();
    if let Some(title) = &args.title {
        definition.title = line(title)?;
    }
    if let Some(method) = args.method {
        method_name(method.into()).clone_into(&mut definition.method);
    }
    let at = args.store.clone().unwrap_or(first);
    let chain = chain(&mut definition, &at);
    args.stolen.put(chain);
    followed(&mut definition, &args.followed)?;
    if definition == before {
        return Err(
            Failure::usage("nothing is to be changed").hint("`bongsu case change --help` lists what can be")
        );
    }
    check(node, &definition)?;
    node.cases.happens(&args.handle, |cases| {
        let now = cases.get(&args.handle)?;
        match now.definition == before {
            true => Ok((vec![Event::Changed(definition.clone())], ())),
            false => Err(Failure::new("the case was changed by somebody else meanwhile").hint("try again")),
        }
    })?;
    let text = format!("Changed. Next: bongsu case trace {}\n", args.handle);
    Ok(Answer::done(json!({"case": args.handle, "definition": definition}), text))
}

pub(super) fn note(node: &Node, args: &CaseNoteArgs) -> Result<Answer, Failure> {
    happens(node, args, Event::Note, "Written.\n")
}

pub(super) fn close(node: &Node, args: &CaseNoteArgs) -> Result<Answer, Failure> {
    happens(node, args, Event::Closed, "Closed. `bongsu case reopen` takes it up again.\n")
}

pub(super) fn reopen(node: &Node, handle: &str) -> Result<Answer, Failure> {
    node.cases.happens(handle, |cases| match cases.get(handle)?.closed {
        Some(_) => Ok((vec![Event::Reopened], ())),
        None => Err(Failure::new(format!("case `{handle}` is open"))),
    })?;
    Ok(Answer::done(json!({"case": handle}), format!("Open again. Next: bongsu case trace {handle}\n")))
}

fn happens(
    node: &Node,
    args: &CaseNoteArgs,
    event: fn(String) -> Event,
    told: &str,
) -> Result<Answer, Failure> {
    let text = line(&args.text)?;
    node.cases.happens(&args.handle, |cases: &Cases| {
        cases.get(&args.handle)?;
        Ok((vec![event(text)], ()))
    })?;
    Ok(Answer::done(json!({"case": args.handle}), told))
}

/// The chain with this store; it is added if the case has none.
fn chain<'d>(definition: &'d mut Definition, store: &Path) -> &'d mut Chain {
    let at = definition.chains.iter().position(|chain| chain.store == store).unwrap_or_else(|| {
        definition.chains.push(chain_at(store));
        definition.chains.len() - 1
    });
    &mut definition.chains[at]
}

fn followed(definition: &mut Definition, args: &FollowedArgs) -> Result<(), Failure> {
    for label in followed_labels(&args.ways.labels)? {
        if !definition.labels.contains(&label) {
            definition.labels.push(label);
        }
    }
    for circle in &args.circles {
        if !definition.circles.contains(circle) {
            definition.circles.push(circle.clone());
        }
    }
    definition.pairings = args.ways.pairings.clone().or(definition.pairings.take());
    definition.worths = args.ways.worths.clone().or(definition.worths.take());
    definition.share_at_once |= args.share_at_once;
    for address in &args.alert_to {
        if !definition.alerts_to.contains(address) {
            definition.alerts_to.push(address.clone());
        }
    }
    if let Some(legal) = &args.legal {
        definition.legal = Some(line(legal)?);
    }
    if let Some(contact) = &args.contact {
        definition.contact = Some(line(contact)?);
    }
    Ok(())
}

/// Files of labels with their whole paths: a serving node stands in another folder.
fn followed_labels(named: &[String]) -> Result<Vec<String>, Failure> {
    let whole = |named: &String| {
        let (path, category) = match named.rsplit_once('=') {
            Some((path, word)) if Category::of_word(word).is_some() => (path, Some(word)),
            _ => (named.as_str(), None),
        };
        let path: PathBuf = std::path::absolute(path)
            .map_err(|error| Failure::usage(format!("`{path}` is no path: {error}")))?;
        let path = path.display();
        Ok(category.map_or_else(|| path.to_string(), |category| format!("{path}={category}")))
    };
    named.iter().map(whole).collect()
}

/// Whether a case can be followed as it is defined; says how many payments were thefts.
fn check(node: &Node, definition: &Definition) -> Result<String, Failure> {
    let book = node.gate.book();
    for circle in &definition.circles {
        node.circle(&book, circle)?;
    }
    if let Some(wrong) = definition.alerts_to.iter().find(|address| !deliver::mail::is_address(address)) {
        return Err(Failure::usage(format!("`{wrong}` is no mail address")));
    }
    let _labels: Labels = labels::read(&definition.labels, &mut |_| ())?;
    let _pairings = across::pairings(definition.pairings.as_ref(), &mut |_| ())?;
    let method = method(&definition.method)?;
    let (mut count, mut all) = (0, Vec::new());
    for chain in &definition.chains {
        let payments = kept::open(&chain.store, &mut to_log)?;
        if !payments.is_of_outputs() {
            // What can't be followed later is told now.
            taint::Method::try_from(method).map_err(|error| Failure::usage(error.to_string()))?;
        }
        count += thefts(&payments, chain)?.len() as u64;
        all.push(payments);
    }
    let _worths = across::worths(definition.worths.as_ref(), &all)?;
    Ok(crate::answer::counted(count, "payment"))
}

/// A text that people write to a case.
fn line(text: &str) -> Result<String, Failure> {
    let text = text.trim();
    match text.is_empty() || text.chars().count() > TEXT_CHARS_MAX || text.chars().any(char::is_control) {
        true => Err(Failure::usage(format!("a text is one line of 1 to {TEXT_CHARS_MAX} characters"))),
        false => Ok(text.to_owned()),
    }
}
