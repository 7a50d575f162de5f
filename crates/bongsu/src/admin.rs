//! How a command reaches a node that is serving.
//!
//! The store is open in one process only. While `serve` runs, it takes commands on a Unix socket in its
//! data folder; the command line sends what was typed, the node runs the same function that would have run
//! here, and the answer travels back. Who may open the socket is decided by the folder's mode (0700): the
//! node's own user. One line of JSON each way, in the order request, any number of progress lines, then
//! exactly one answer or failure. Paths in a request are absolute, because the node stands in another folder.

use crate::answer::{Answer, Progress, Watcher};
use crate::cli::NodeCommand;
use crate::command;
use crate::exit::Failure;
use crate::node::Node;
use serde::{Deserialize, Serialize};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::ops::ControlFlow;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Bytes of a request: a command line, not its files.
const REQUEST_BYTES_MAX: u64 = 4 << 20;
/// Commands that run at a time; more are told to wait.
const COMMANDS_MAX: usize = 16;
/// Followers that wait for changes at a time: they wait nearly always, and keep no command from running.
const FOLLOWERS_MAX: usize = 64;
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
const PROTOCOL: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Request {
    v: u32,
    command: NodeCommand,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Reply {
    Progress(Progress),
    Answer(Answer),
    Failure(Failure),
}

/// The listening socket; removed when this value goes.
#[derive(Debug)]
pub(crate) struct Door {
    path: PathBuf,
}

impl Drop for Door {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::debug!(path = %self.path.display(), %error, "the admin socket was not there to remove");
        }
    }
}

/// Opens the socket at `path` and runs each command that comes on `node`, in threads of its own.
///
/// # Errors
/// When the socket can't be made.
pub(crate) fn open(path: &Path, node: Arc<Node>) -> Result<Door, Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(format!("the admin socket {} can't be made: {error}", path.display()))
            .hint("a path of more than 107 bytes is too long for a socket: name a shorter folder with --data")
    };
    // Whoever comes here holds the folder's lock: a socket that lies there belongs to a node that was killed.
    if path.exists() {
        std::fs::remove_file(path).map_err(failed)?;
    }
    let listener = UnixListener::bind(path).map_err(failed)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
    std::thread::Builder::new()
        .name("admin".to_owned())
        .spawn(move || accept(&listener, &node))
        .map_err(|error| Failure::new(format!("a thread for the admin socket can't be started: {error}")))?;
    Ok(Door { path: path.to_owned() })
}

/// One of so many that run at a time; free again when this value goes.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(taken: &Arc<AtomicUsize>, most: usize) -> Option<Self> {
        let place = Self(Arc::clone(taken));
        (taken.fetch_add(1, Ordering::AcqRel) < most).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

fn accept(listener: &UnixListener, node: &Arc<Node>) {
    let (running, following) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    for stream in listener.incoming() {
        let Ok(mut stream) = stream else { continue };
        let Some(place) = Place::take(&running, COMMANDS_MAX) else {
            let busy = Failure::new(format!("the node runs {COMMANDS_MAX} commands already"))
                .hint("wait until one has finished");
            let _client_may_be_gone = send(&mut stream, &Reply::Failure(busy));
            continue;
        };
        let (node, following) = (Arc::clone(node), Arc::clone(&following));
        let thread = std::thread::Builder::new().name("admin-command".to_owned());
        if let Err(error) = thread.spawn(move || serve(stream, &node, place, &following)) {
            tracing::error!(%error, "no thread for an admin command");
        }
    }
}

/// The place of a command: a follower leaves the one that it came with to others.
fn place_of(command: &NodeCommand, place: Place, following: &Arc<AtomicUsize>) -> Result<Place, Failure> {
    if !matches!(command, NodeCommand::Deliver(args) if args.known.is_some()) {
        return Ok(place);
    }
    Place::take(following, FOLLOWERS_MAX).ok_or_else(|| {
        Failure::new(format!("{FOLLOWERS_MAX} followers wait for changes already"))
            .hint("one `bongsu deliver --follow` keeps several artefacts: repeat --what")
    })
}

fn serve(mut stream: UnixStream, node: &Node, place: Place, following: &Arc<AtomicUsize>) {
    let placed =
        receive(&stream).and_then(|request| Ok((place_of(&request.command, place, following)?, request)));
    let reply = match placed {
        Ok((_place, request)) => {
            let run = std::panic::AssertUnwindSafe(|| {
                let mut watch = |progress| match send(&mut stream, &Reply::Progress(progress)) {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(_) => ControlFlow::Break(()),
                };
                command::run(node, request.command, &mut watch)
            });
            match std::panic::catch_unwind(run) {
                Ok(Ok(answer)) => Reply::Answer(answer),
                Ok(Err(failure)) => Reply::Failure(failure),
                Err(_) => Reply::Failure(
                    Failure::new("the command met a fault inside the node")
                        .hint("the node's log has the details; the node itself goes on"),
                ),
            }
        }
        Err(failure) => Reply::Failure(failure),
    };
    if let Err(error) = send(&mut stream, &reply) {
        tracing::debug!(%error, "the caller of an admin command is gone");
    }
}

fn receive(stream: &UnixStream) -> Result<Request, Failure> {
    let mut text = String::new();
    let read = stream
        .set_read_timeout(Some(REQUEST_TIMEOUT))
        .and_then(|()| BufReader::new(stream.take(REQUEST_BYTES_MAX)).read_line(&mut text));
    read.map_err(|error| Failure::new(format!("the request could not be read: {error}")))?;
    let request: Request = serde_json::from_str(&text).map_err(|error| {
        Failure::new(format!("the running node does not understand this command: {error}"))
            .hint("the running node and this program are of different versions: restart the node")
    })?;
    if request.v == PROTOCOL {
        return Ok(request);
    }
    Err(Failure::new(format!(
        "the running node speaks admin protocol {PROTOCOL}, this program {}",
        request.v
    ))
    .hint("restart the node, so that both are of one version"))
}

fn send(stream: &mut UnixStream, reply: &Reply) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(reply)?;
    line.push(b'\n');
    stream.write_all(&line)
}

/// Sends `command` to the node that listens at `path` and waits for its answer.
///
/// Gives `None` when nobody listens there.
///
/// # Errors
/// What the command itself failed with; or when the node ended in between.
pub(crate) fn ask(
    path: &Path,
    command: NodeCommand,
    watch: &mut Watcher<'_>,
) -> Result<Option<Answer>, Failure> {
    let Ok(mut stream) = UnixStream::connect(path) else { return Ok(None) };
    let gone = |error: String| {
        Failure::new(format!("the running node did not answer: {error}"))
            .hint("look at its log; what was acknowledged before is kept")
    };
    let mut line =
        serde_json::to_vec(&Request { v: PROTOCOL, command }).map_err(|error| gone(error.to_string()))?;
    line.push(b'\n');
    stream.write_all(&line).map_err(|error| gone(error.to_string()))?;
    for line in BufReader::new(&stream).lines() {
        let line = line.map_err(|error| gone(error.to_string()))?;
        match serde_json::from_str(&line).map_err(|error| gone(error.to_string()))? {
            Reply::Progress(progress) => {
                if watch(progress).is_break() {
                    return Err(Failure::new("interrupted"));
                }
            }
            Reply::Answer(answer) => return Ok(Some(answer)),
            Reply::Failure(failure) => return Err(failure),
        }
    }
    Err(gone("it closed the connection".to_owned()))
}
