//! `bongsu deliver --follow`: artefacts as files, written anew at each change, for programs that read files.
//!
//! A file is replaced in one step, so that who reads it never sees half of one. The node that serves is asked over its socket,
//! and answers when something has changed; while it restarts, the files stay as they are.

use crate::admin;
use crate::answer::Answer;
use crate::cli::{DeliverArgs, NodeCommand};
use crate::exit::{Exit, Failure};
use crate::folder::Folder;
use crate::node::Node;
use crate::terminal::Terminal;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use deliver::{Ask, Gathered, NoSuchArtefact};
use policy::Level;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// Time after which the node answers although nothing has changed.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often is looked though no line has grown: validity ends, confidence fades.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Pause before a node that went away, or could not make an artefact, is asked again.
const PAUSE: Duration = Duration::from_secs(1);

/// One artefact that is another than the one that was known.
#[derive(Debug, Serialize, Deserialize)]
struct Changed {
    what: String,
    tag: String,
    entries: usize,
    /// Base64.
    bytes: String,
}

/// The node's side: waits until an artefact is another than the one that is known, and gives those that are.
///
/// # Errors
/// When the member is unknown, there is no such artefact, or the level is above the member's.
pub(super) fn changed(node: &Node, args: &DeliverArgs, known: &[String]) -> Result<Answer, Failure> {
    let (maker, until) = (node.deliver()?, Instant::now() + PATIENCE);
    let (language, options) = super::deliver::options(args)?;
    let mut asks = Vec::new();
    for what in &args.what {
        let ask: Ask = what.parse().map_err(|error: NoSuchArtefact| Failure::usage(error.to_string()))?;
        asks.push(ask.in_language(language));
    }
    let refused = |error| super::deliver::refused(args, &error);
    let mut grown = node.gate.store().wait_for_growth(0, Duration::ZERO);
    let mut behind: BTreeMap<Level, Gathered> = BTreeMap::new();
    loop {
        let member = node.active(&node.gate.book(), &args.to)?.id;
        let mut found = Vec::new();
        let levels: BTreeSet<Level> = asks.iter().map(|ask| ask.level()).collect();
        for level in levels {
            // What lies behind is looked at first, and made into artefacts only if it is another.
            let gathered = maker.gather(member, level, true).map_err(refused)?;
            if behind.get(&level).is_some_and(|before| before.is_same(&gathered)) {
                continue;
            }
            behind.insert(level, gathered);
            for (at, ask) in asks.iter().enumerate().filter(|(_, ask)| ask.level() == level) {
                let made = super::deliver::make(node, args, member, *ask, &options)?;
                let (what, tag) = (ask.to_string(), made.etag());
                if known.get(at) != Some(&tag) {
                    let bytes = STANDARD.encode(&made.body);
                    found.push(Changed { what, tag, entries: made.entries, bytes });
                }
            }
        }
        if !found.is_empty() || Instant::now() >= until {
            return Ok(Answer::done(serde_json::json!({"changed": found}), ""));
        }
        let before = grown;
        grown = node.gate.store().wait_for_growth(grown, LOOK_EVERY);
        if grown != before {
            // Artefacts tell of more than values: of fires, of rules, of what a device needs most.
            behind.clear();
        }
    }
}

/// Follows until it is killed, or what is asked for is not to be had.
///
/// # Errors
/// When no node serves the folder at first, it refuses, or a file can't be written.
pub(crate) fn run(folder: &Path, args: &DeliverArgs, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let socket = Folder::new(folder).socket();
    let mut known = vec![String::new(); args.what.len()];
    let (mut is_first, mut is_gone) = (true, false);
    loop {
        let asked = DeliverArgs { known: Some(known.clone()), ..args.clone() };
        let answer =
            match admin::ask(&socket, NodeCommand::Deliver(asked), &mut |_| ControlFlow::Continue(())) {
                Ok(Some(answer)) => answer,
                Ok(None) if is_first => {
                    return Err(Failure::new("no node serves this folder, so nothing will change")
                        .hint("start it with `bongsu serve`; without --follow, the artefact is made once"));
                }
                Err(failure) if is_first || failure.exit == Exit::Usage => return Err(failure),
                Ok(None) | Err(_) => {
                    if !is_gone {
                        terminal.note("The node does not answer; the files stay, and it is asked again.");
                    }
                    is_gone = true;
                    std::thread::sleep(PAUSE);
                    continue;
                }
            };
        (is_first, is_gone) = (false, false);
        let strange =
            |error: serde_json::Error| Failure::new(format!("the node's answer can't be read: {error}"));
        let found: Vec<Changed> = serde_json::from_value(answer.json["changed"].clone()).map_err(strange)?;
        let mut written = Vec::new();
        for changed in found {
            let path = path_of(args, &changed.what)?;
            let bytes = STANDARD
                .decode(&changed.bytes)
                .map_err(|error| Failure::new(format!("the node's answer can't be read: {error}")))?;
            replace(&path, &bytes)
                .map_err(|error| Failure::new(format!("{} can't be written: {error}", path.display())))?;
            let (what, entries) = (&changed.what, changed.entries);
            terminal.note(&format!("{what}: {entries} entries, {} bytes.", bytes.len()));
            for (at, asked) in args.what.iter().enumerate() {
                if *asked == changed.what
                    && let Some(known) = known.get_mut(at)
                {
                    known.clone_from(&changed.tag);
                }
            }
            written.push(changed.what);
        }
        if let Some(then) = args.then.as_ref().filter(|_| !written.is_empty()) {
            run_then(then, &written, terminal);
        }
    }
}

/// One artefact goes into the file that is named; several into files of their names in the folder that is named.
fn path_of(args: &DeliverArgs, what: &str) -> Result<PathBuf, Failure> {
    let out = args.out.as_ref().ok_or_else(|| Failure::usage("--follow needs --out"))?;
    Ok(if args.what.len() > 1 { out.join(what) } else { out.clone() })
}

/// Replaces a file in one step, durably.
fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new().prefix(".bongsu-").tempfile_in(folder)?;
    // Who serves it is seldom who writes it. A file that is there keeps its mode.
    let mode = std::fs::metadata(path).map_or(0o644, |found| found.permissions().mode() & 0o777);
    file.as_file().set_permissions(std::fs::Permissions::from_mode(mode))?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map(|_| ()).map_err(|error| error.error)
}

/// Runs what is to follow a change. That it failed is told, and no reason to stop.
fn run_then(then: &str, written: &[String], terminal: &mut Terminal) {
    let ended = Command::new("sh").arg("-c").arg(then).env("BONGSU_CHANGED", written.join(" ")).status();
    match ended {
        Ok(status) if status.success() => {}
        Ok(status) => terminal.note(&format!("`{then}` ended with {status}; the files are written.")),
        Err(error) => terminal.note(&format!("`{then}` can't be run: {error}; the files are written.")),
    }
}
