//! `bongsu persona`: applications compared with personas, contests of what is said, and how good the scores are.
//!
//! With `--personas BUNDLE` it needs no node. Nothing of an application is kept.

mod calibrate;
mod check;
mod contest;

use crate::answer::Answer;
use crate::cli::{PersonaCommand, PersonasArgs};
use crate::exit::Failure;
use crate::node::{self, Node};
use std::fs::File;
use std::ops::ControlFlow;
use std::path::Path;
use stix::bundle::{self, Item, Limits};
use watch::persona::{Builder, FILE_BYTES_MAX, Personas, WEIGHTS_BYTES_MAX, Weights};

pub(crate) use calibrate::picture;

/// Runs `bongsu persona …` on an open node.
///
/// # Errors
/// When a file or the circles can't be read, a name is unknown, or the line can't be written.
pub(crate) fn run(node: &Node, command: &PersonaCommand) -> Result<Answer, Failure> {
    match command {
        PersonaCommand::Check(args) => check::run(args, &Known::of(Some(node), &args.known)?),
        PersonaCommand::Calibrate(args) => calibrate::run(args, &Known::of(Some(node), &args.known)?),
        PersonaCommand::Contest(args) => contest::contest(node, args),
        PersonaCommand::Contests(args) => contest::list(node, args),
        PersonaCommand::Review(args) => contest::review(node, args),
    }
}

/// Runs a command for which a bundle has the personas; `None` for one that needs a node.
///
/// # Errors
/// As [`run`].
pub(crate) fn without_node(command: &mut PersonaCommand) -> Option<Result<Answer, Failure>> {
    command.known().filter(|known| known.personas.is_some())?;
    Some(match command {
        PersonaCommand::Check(args) => {
            Known::of(None, &args.known).and_then(|known| check::run(args, &known))
        }
        PersonaCommand::Calibrate(args) => {
            Known::of(None, &args.known).and_then(|known| calibrate::run(args, &known))
        }
        PersonaCommand::Contest(_) | PersonaCommand::Contests(_) | PersonaCommand::Review(_) => return None,
    })
}

/// What applications are compared with.
struct Known {
    personas: Personas,
    weights: Weights,
    findings: Vec<String>,
}

impl Known {
    fn of(node: Option<&Node>, args: &PersonasArgs) -> Result<Self, Failure> {
        let weights = args.weights.as_deref().map(weights).transpose()?.unwrap_or_default();
        let mut findings = Vec::new();
        let personas = match (&args.personas, node) {
            (Some(path), _) => of_bundle(path, &weights, &mut findings)?,
            (None, Some(node)) => of_node(node, args.member.as_deref(), &weights)?,
            (None, None) => Personas::default(),
        };
        Ok(Self { personas, weights, findings })
    }
}

fn weights(path: &Path) -> Result<Weights, Failure> {
    let text = String::from_utf8(bytes(path, WEIGHTS_BYTES_MAX)?).map_err(|_| {
        Failure::usage(format!("{}: the file of weights is no text in UTF-8", path.display()))
    })?;
    Weights::parse(&text).map_err(|error| {
        Failure::usage(format!("{}: {error}", path.display()))
            .hint("docs/personas.md says what a file of weights holds")
    })
}

/// A file's bytes, at most one more than `most`, so that what is too long is seen to be.
fn bytes(path: &Path, most: usize) -> Result<Vec<u8>, Failure> {
    use std::io::Read as _;
    let failed = |error: std::io::Error| Failure::new(format!("{} can't be read: {error}", path.display()));
    let mut bytes = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    File::open(path).map_err(failed)?.take(limit).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

fn of_bundle(path: &Path, weights: &Weights, findings: &mut Vec<String>) -> Result<Personas, Failure> {
    let name = path.display().to_string();
    let file = File::open(path).map_err(|error| Failure::new(format!("{name} can't be read: {error}")))?;
    let (mut builder, mut full) = (Builder::default(), None);
    let read = bundle::read(file, &Limits::default(), |item| match item {
        Item::Object { raw, .. } => {
            let added = match stix::read_head(raw) {
                Ok(head) => builder.add(raw, &head, None, node::now()),
                Err(finding) => {
                    findings.push(format!("{name}: {finding}"));
                    Ok(())
                }
            };
            full = added.err();
            if full.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }
        Item::Bad { finding, .. } => {
            findings.push(format!("{name}: {finding}"));
            ControlFlow::Continue(())
        }
    });
    if let Some(error) = full {
        return Err(Failure::new(format!("{name}: {error}")));
    }
    read.map_err(|error| Failure::new(format!("{name}: {error}")))?;
    Ok(builder.build(weights))
}

fn of_node(node: &Node, member: Option<&str>, weights: &Weights) -> Result<Personas, Failure> {
    let book = node.gate.book();
    let member = node.sender(&book, member)?.id;
    exchange::persona::known(&node.gate, member, true, weights, node::now())
        .map_err(|error| Failure::new(format!("the personas could not be read: {error}")))
}

/// The applications of a file.
fn applications(path: &Path) -> Result<watch::persona::Read, Failure> {
    let name = path.display();
    watch::persona::read(&bytes(path, FILE_BYTES_MAX)?).map_err(|error| {
        Failure::new(format!("{name}: {error}")).hint("docs/personas.md shows what an application looks like")
    })
}
