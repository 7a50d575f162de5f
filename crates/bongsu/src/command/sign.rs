//! `bongsu sign`: signatures on files of STIX, and whether they hold. Needs no node but for the node's own key.
//!
//! Objects are signed where they stand in their file; every other byte of it stays as it is.

use crate::answer::Answer;
use crate::cli::SignArgs;
use crate::command::init::random;
use crate::command::key;
use crate::exit::{Exit, Failure};
use crate::folder::Folder;
use crate::node;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use stix::signature::{self, PublicKey, SecretKey};
use stix::{ObjectId, Timestamp, Tlp};

/// Longest file that is signed or checked, in bytes: it is held in memory.
const FILE_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// Longest list of public keys, in bytes.
const KEYS_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Findings that are printed; all of them are counted.
const FINDINGS_MAX: usize = 100;

/// Runs `bongsu sign`.
///
/// # Errors
/// When a file can't be read or written, or holds no STIX or no key.
pub(crate) fn run(args: &SignArgs, folder: &Path) -> Result<Answer, Failure> {
    if let Some(path) = &args.new_key {
        return new_key(path);
    }
    let Some(file) = &args.file else { return Err(Failure::usage("no file is named")) };
    let text = text_of(file, FILE_BYTES_MAX)?;
    match args.check {
        true => check(&text, args.keys.as_deref()),
        false => sign(&text, &secret(args.key.as_deref(), folder)?, args),
    }
}

fn text_of(path: &Path, limit: u64) -> Result<String, Failure> {
    let source: Box<dyn Read> = match path.to_str() {
        Some("-") => Box::new(std::io::stdin().lock()),
        _ => {
            Box::new(File::open(path).map_err(|error| Failure::new(format!("{}: {error}", path.display())))?)
        }
    };
    let mut text = String::new();
    let read = source.take(limit + 1).read_to_string(&mut text);
    read.map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
    match text.len() as u64 > limit {
        true => Err(Failure::new(format!("{} has more than {limit} bytes", path.display())).hint("split it")),
        false => Ok(text),
    }
}

fn new_key(path: &Path) -> Result<Answer, Failure> {
    let key = SecretKey::new(&random()?);
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(format!("{}\n", key.jwk()).as_bytes())?;
        file.sync_all()
    };
    write().map_err(|error| Failure::new(format!("{} can't be written: {error}", path.display())))?;
    let public = key.public().jwk();
    Ok(Answer::done(json!({"key": key.public().id(), "public": public}), format!("{public}\n")))
}

/// The key to sign with: the one in the file, or the node's own.
fn secret(path: Option<&Path>, folder: &Path) -> Result<SecretKey, Failure> {
    let Some(path) = path else {
        return Ok(SecretKey::new(&Folder::new(folder).secrets()?.node_seed));
    };
    let failed = |why: String| Failure::new(format!("{}: {why}", path.display()));
    let mode = std::fs::metadata(path).map_err(|error| failed(error.to_string()))?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(failed(format!("others on this machine can read it (mode {:03o})", mode & 0o777))
            .hint(format!("chmod 600 {}", path.display())));
    }
    SecretKey::read(&key::read(path)?)
        .map_err(|error| failed(error.to_string()).hint("`bongsu sign --new-key FILE` makes a secret key"))
}

/// The objects of a bundle or envelope, or the one object that the text is.
fn objects(text: &str) -> Result<Vec<&str>, Failure> {
    let no_stix = |why: &dyn std::fmt::Display| {
        Failure::new(format!("the file is no STIX object, bundle or envelope: {why}"))
    };
    let body = text.trim_start_matches('\u{feff}').trim();
    let listed = stix::bundle::envelope(body).map_err(|finding| no_stix(&finding))?;
    if !listed.is_empty() {
        return Ok(listed.into_iter().map(serde_json::value::RawValue::get).collect());
    }
    stix::read_head(body).map_err(|finding| no_stix(&finding))?;
    Ok(vec![body])
}

/// What happened to a file's objects.
#[derive(Default)]
struct Report {
    signed: usize,
    before: usize,
    fixed: usize,
    /// Objects to which libraries add something when they write them anew.
    fragile: usize,
    findings: Vec<String>,
    failed: usize,
}

fn sign(text: &str, key: &SecretKey, args: &SignArgs) -> Result<Answer, Failure> {
    let (now, mut report) = (node::now(), Report::default());
    let (mut made, mut done) = (String::with_capacity(text.len() * 2), 0);
    for object in objects(text)? {
        // The object is a part of the text, which is what tells where it stands.
        let start = object.as_ptr() as usize - text.as_ptr() as usize;
        made.push_str(text.get(done..start).unwrap_or_default());
        made.push_str(&one(object, key, now, args.again, &mut report));
        done = start + object.len();
    }
    made.push_str(text.get(done..).unwrap_or_default());
    let Report { signed, before, fixed, fragile, findings, failed } = report;
    let exit = if failed == 0 { Exit::Done } else { Exit::Findings };
    let mut told = format!("{signed} signed with the key {}", key.public().id());
    if before > 0 {
        told.push_str(&format!(", {before} signed before"));
    }
    if fixed > 0 {
        told.push_str(&format!(", {fixed} markings that are the same everywhere left as they are"));
    }
    told.push_str(".\n");
    if fragile > 0 {
        told.push_str(&format!(
            "{fragile} of them lack `pattern_version`, or write times without milliseconds: some libraries add these, and break \
             the signature.\n"
        ));
    }
    findings.iter().for_each(|finding| told.push_str(&format!("  {finding}\n")));
    let json = json!({"key": key.public().id(), "signed": signed, "before": before, "fixed": fixed,
        "fragile": fragile, "failed": failed, "findings": findings});
    match &args.out {
        Some(path) => {
            std::fs::write(path, made)
                .map_err(|error| Failure::new(format!("{} can't be written: {error}", path.display())))?;
            Ok(Answer::done(json, told).ending(exit))
        }
        None if failed > 0 => {
            let first = findings.first().map(String::as_str).unwrap_or_default();
            Err(Failure::new(format!("{failed} can't be signed, such as {first}"))
                .hint("name a file with --out to have the others signed"))
        }
        None => Ok(Answer::document(json, made.into_bytes())),
    }
}

/// One object, signed if it can be.
fn one(object: &str, key: &SecretKey, now: Timestamp, again: bool, report: &mut Report) -> String {
    let mut failed = |name: &str, why: String| {
        report.failed += 1;
        if report.findings.len() < FINDINGS_MAX {
            report.findings.push(format!("{name}: {why}"));
        }
        object.to_owned()
    };
    let head = match stix::read_head(object) {
        Ok(head) => head,
        Err(finding) => return failed("an object", finding.to_string()),
    };
    if Tlp::of(&head.id).is_some() {
        report.fixed += 1;
        return object.to_owned();
    }
    let is_signed = signature::is_signed(object);
    if is_signed && !again {
        report.before += 1;
        return object.to_owned();
    }
    let bare = if is_signed { signature::unsigned(object) } else { None };
    match signature::sign(bare.as_deref().unwrap_or(object), key, now) {
        Ok(made) => {
            report.signed += 1;
            report.fragile += usize::from(is_fragile(object, head.object_type()));
            made
        }
        Err(error) => failed(&head.id.to_string(), error.to_string()),
    }
}

/// Whether libraries that write the object anew add something to it that breaks the signature: python-stix2 gives an indicator
/// its `pattern_version`, and times their milliseconds.
fn is_fragile(object: &str, object_type: &str) -> bool {
    let property = |name: &str| stix::head::property(object, name);
    let is_short =
        |name: &str| property(name).is_some_and(|text| text.len() < "2026-01-01T00:00:00.000Z".len());
    let no_version = object_type == "indicator" && property("pattern_version").is_none();
    no_version || is_short("created") || is_short("modified")
}

/// Keys by their names, each with whose it is and what else is known of it.
type Keys = HashMap<String, (PublicKey, String)>;

fn known(path: &Path) -> Result<Keys, Failure> {
    let failed = |why: &dyn std::fmt::Display| {
        Failure::new(format!("{}: no set of keys: {why}", path.display()))
            .hint("a node gives it under /.well-known/jwks.json")
    };
    let set: Value = serde_json::from_str(&text_of(path, KEYS_BYTES_MAX)?).map_err(|error| failed(&error))?;
    let listed = set.get("keys").and_then(Value::as_array).ok_or_else(|| failed(&"it has no `keys`"))?;
    let mut keys = Keys::new();
    for one in listed {
        // Keys of other kinds may stand beside (RFC 7517, section 5).
        let Ok(key) = PublicKey::read(&one.to_string()) else { continue };
        let text = |name: &str| one.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let revoked = one.pointer("/revoked/revoked_at").and_then(Value::as_i64);
        let revoked = revoked.map(|at| Timestamp::from_micros(at.saturating_mul(1_000_000)));
        let since = revoked.map(|at| format!(" (revoked as of {at})")).unwrap_or_default();
        keys.insert(key.id().to_owned(), (key, format!("{}{since}", text("name"))));
    }
    Ok(keys)
}

fn check(text: &str, keys: Option<&Path>) -> Result<Answer, Failure> {
    let keys = keys.map(known).transpose()?.unwrap_or_default();
    let (mut rows, mut told, mut all) = (Vec::new(), String::new(), true);
    for object in objects(text)? {
        let id = stix::head::property(object, "id").unwrap_or_default();
        if ObjectId::parse(&id).is_ok_and(|id| Tlp::of(&id).is_some()) {
            continue;
        }
        let (state, what) = state(object, &keys);
        all &= state == "signed";
        told.push_str(&format!("{id}: {what}\n"));
        rows.push(json!({"id": id, "state": state, "signature": what}));
    }
    let exit = if all { Exit::Done } else { Exit::Findings };
    Ok(Answer::done(json!({"objects": rows}), told).ending(exit))
}

fn state(object: &str, keys: &Keys) -> (&'static str, String) {
    match signature::read(object) {
        Ok(None) => ("not-signed", "not signed".to_owned()),
        Err(broken) => ("broken", format!("broken: {broken}")),
        Ok(Some(signature)) => match keys.get(signature.key()) {
            None => {
                ("key-unknown", format!("signed with the key {}, which is not in --keys", signature.key()))
            }
            Some((key, name)) => match signature.verify(key) {
                Err(broken) => ("broken", format!("broken: {broken}")),
                Ok(()) => {
                    let at = signature.at().to_string();
                    let at = at.get(..19).unwrap_or(&at);
                    let by = if name.is_empty() { "an unnamed member" } else { name };
                    ("signed", format!("signed by {by}, key {}, at {at}Z by its own word", signature.key()))
                }
            },
        },
    }
}
