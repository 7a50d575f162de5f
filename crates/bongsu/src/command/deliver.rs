//! `bongsu deliver`: what a member gets, exactly as it gets it.

use crate::answer::Answer;
use crate::cli::{DeliverArgs, LevelArg, ListFormArg};
use crate::exit::Failure;
use crate::node::Node;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use deliver::speech::{Language, UnknownLanguage};
use deliver::{Artefact, Ask, Deliver, DeliverError, NoSuchArtefact, Options, advisory, list};
use policy::{Level, MemberId};
use serde_json::json;
use std::fs::{OpenOptions, Permissions};
use std::io::Write as _;
use std::ops::ControlFlow;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use uuid::Uuid;

/// Runs `bongsu deliver`.
///
/// # Errors
/// When the member is unknown, the level above its own, or the store fails.
pub(crate) fn run(node: &Node, args: &DeliverArgs) -> Result<Answer, Failure> {
    let book = node.gate.book();
    let member = node.active(&book, &args.to)?.id;
    let maker = node.deliver()?;
    if let Some(known) = &args.known {
        return super::follow::changed(node, args, known);
    }
    let Some(ask) = asked(args)? else {
        maker.offered(&book, member, Level::Exchange).map_err(|error| refused(args, &error))?;
        return bundle(node, member);
    };
    let (language, options) = options(args)?;
    let Artefact { content_type, file_name, body, entries, number, held: held_rules, left_out, .. } =
        make(node, args, member, ask.in_language(language), &options)?;
    let mut json = json!({
        "member": args.to, "level": ask.level().name(), "what": ask.to_string(), "content_type": content_type,
        "file_name": file_name, "entries": entries, "number": number,
        "left_out": left_out.map(|counts| json!({"kept": counts.kept, "left_out": counts.left_out})),
        "held_rules": held_rules.iter().map(|rule| json!({"id": rule.object, "name": rule.name, "why": rule.why})).collect::<Vec<_>>(),
        "held": held(&maker, member, ask.level()).map_err(|error| refused(args, &error))?,
    });
    match std::str::from_utf8(&body) {
        Ok(text) => json["text"] = text.into(),
        Err(_) => json["base64"] = STANDARD.encode(&body).into(),
    }
    Ok(Answer::document(json, body.to_vec()))
}

/// Makes an artefact as the member gets it.
pub(super) fn make(
    node: &Node,
    args: &DeliverArgs,
    member: MemberId,
    ask: Ask,
    options: &Options,
) -> Result<Artefact, Failure> {
    let make =
        |maker: &Deliver| maker.make_with(member, ask, options, true).map_err(|error| refused(args, &error));
    if ask == Ask::Zone { node.zoning(make) } else { make(&*node.deliver()?) }
}

/// The language and the options in which artefacts are asked for.
pub(super) fn options(args: &DeliverArgs) -> Result<(Option<Language>, Options), Failure> {
    let language = args.language.as_deref().map(str::parse).transpose();
    let language =
        language.map_err(|error: UnknownLanguage| Failure::usage(format!("--language: {error}")))?;
    let options = Options {
        since: args.since.clone(),
        device: args.device.clone(),
        entries: args.entries,
        line_bytes: args.line,
        left_out: args.left_out,
    };
    Ok((language, options))
}

/// Which artefact is asked for; none stands for the objects themselves.
fn asked(args: &DeliverArgs) -> Result<Option<Ask>, Failure> {
    if args.what.len() > 1 {
        return Err(Failure::usage("several artefacts are made with --follow alone")
            .hint("name one, or add --follow and a folder with --out"));
    }
    if let Some(what) = args.what.first() {
        let ask = what.parse().map_err(|error: NoSuchArtefact| Failure::usage(error.to_string()))?;
        return Ok(Some(ask));
    }
    Ok(match args.level {
        Some(LevelArg::Read) => Some(Ask::Advisory(advisory::Form::Html, None)),
        Some(LevelArg::List) | None => {
            let kind = match args.kind.as_str() {
                "all" => None,
                kind => Some(
                    kind.parse()
                        .map_err(|error: watch::value::UnknownKind| Failure::usage(error.to_string()))?,
                ),
            };
            let form = if args.form == ListFormArg::Csv { list::Form::Csv } else { list::Form::Plain };
            Some(Ask::List(kind, form))
        }
        Some(LevelArg::Block) => Some(Ask::Zone),
        Some(LevelArg::Detect) => Some(Ask::Suricata),
        Some(LevelArg::Exchange) => None,
    })
}

pub(super) fn refused(args: &DeliverArgs, error: &DeliverError) -> Failure {
    match error {
        DeliverError::LevelTooLow { offered, wanted } => {
            Failure::new(format!("{} is at level {offered}, below `{wanted}`", args.to)).hint(format!(
                "name --level {offered} or a level below it, or raise its level with `bongsu member set`"
            ))
        }
        DeliverError::NumberUnknown(_) => Failure::new(error.to_string())
            .hint("leave --since out; numbers are those of a node that serves, since it was last started"),
        DeliverError::NotFor(_) | DeliverError::DeviceUnknown(_) => Failure::usage(error.to_string()),
        error => Failure::new(error.to_string()),
    }
}

/// What the guard kept out of the artefact, and why.
fn held(maker: &Deliver, member: MemberId, level: Level) -> Result<Vec<serde_json::Value>, DeliverError> {
    let gathered = maker.gather(member, level, true)?;
    let shown = gathered.held(0).map(|held| {
        json!({"value": held.value.text(), "kind": held.value.kind().as_str(), "rule": held.hold.rule, "why": held.hold.message,
            "seen_last": held.seen_last.map(|date| date.to_string())})
    });
    Ok(shown.collect())
}

/// Everything that the member may read, as a STIX bundle with each object's own bytes.
pub(crate) fn bundle(node: &Node, member: MemberId) -> Result<Answer, Failure> {
    let mut text = format!("{{\"type\":\"bundle\",\"id\":\"bundle--{}\",\"objects\":[", Uuid::new_v4());
    let mut entries = 0;
    for reader in node.gate.readers(member, Level::Exchange, true, node.now()) {
        let read = reader.each(&[], &mut |object| {
            if entries > 0 {
                text.push(',');
            }
            text.push_str(&object.get().raw);
            entries += 1;
            ControlFlow::Continue(())
        });
        read.map_err(|error| Failure::new(error.to_string()))?;
    }
    text.push_str("]}\n");
    let json = json!({
        "level": "exchange", "content_type": "application/stix+json;version=2.1", "file_name": "bundle.json",
        "entries": entries, "text": text,
    });
    Ok(Answer::document(json, text.into_bytes()))
}

/// Who may read a file that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readers {
    /// Whom the process lets read its files.
    Usual,
    /// Its owner alone.
    Owner,
}

/// Writes the document of an answer to a file. What the answer says of it stays, without the document itself.
///
/// # Errors
/// When it can't be written.
pub(crate) fn write(mut answer: Answer, out: &Path, readers: Readers) -> Result<Answer, Failure> {
    let Some(document) = answer.document.take() else { return Ok(answer) };
    write_file(&document, out, readers)
        .map_err(|error| Failure::new(format!("{} can't be written: {error}", out.display())))?;
    let bytes = document.len();
    answer.text = format!("{}: {} entries, {bytes} bytes.", out.display(), answer.json["entries"]);
    if let Some(json) = answer.json.as_object_mut() {
        json.retain(|name, _| !matches!(name.as_str(), "text" | "base64"));
        json.insert("out".to_owned(), json!(out));
        json.insert("bytes".to_owned(), json!(bytes));
    }
    Ok(answer)
}

fn write_file(document: &[u8], out: &Path, readers: Readers) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    if readers == Readers::Owner {
        options.mode(0o600);
    }
    let mut file = options.open(out)?;
    // One that was there keeps its mode otherwise; what is no file, such as a terminal, has its own.
    if readers == Readers::Owner && file.metadata()?.is_file() {
        file.set_permissions(Permissions::from_mode(0o600))?;
    }
    file.write_all(document)
}
