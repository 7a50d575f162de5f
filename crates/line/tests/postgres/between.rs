//! What stands between a store and its server: it counts what goes through, and cuts a connection where a test wants it.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bongsu_line::Database;
use parking_lot::Mutex;

use crate::server::{Server, dialect};

/// The name of a server's socket in its folder.
const SOCKET: &str = ".s.PGSQL.5432";
/// How an answer ends: ready for the next question, outside of a transaction.
const READY: &[u8] = b"Z\0\0\0\x05I";

/// Whether the server hears what is cut off.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// It never hears it.
    Unheard,
    /// It does it, and its answer is lost.
    Unanswered,
}

/// What is done when a connection was cut, before it can be made again.
type Then = Box<dyn FnOnce() + Send>;

struct Inner {
    server: PathBuf,
    /// Bytes that came from the server.
    came: AtomicU64,
    next: Mutex<Option<(&'static str, Cut, Then)>>,
}

/// Stands between a store and its server.
pub(crate) struct Between {
    folder: tempfile::TempDir,
    inner: Arc<Inner>,
}

impl Between {
    pub(crate) fn new(server: &Server) -> Self {
        let folder = tempfile::Builder::new().prefix("between").tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join(SOCKET)).unwrap();
        let server = server.folder().join(SOCKET);
        let inner = Arc::new(Inner { server, came: AtomicU64::new(0), next: Mutex::default() });
        let of_all = Arc::clone(&inner);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (client, inner) = (client.unwrap(), Arc::clone(&of_all));
                // What was to be done after a cut is done before anybody is let in again.
                drop(inner.next.lock());
                std::thread::spawn(move || inner.between(client));
            }
        });
        Self { folder, inner }
    }

    /// How a database is reached through it.
    pub(crate) fn settings(&self, database: &str) -> Database {
        let address = format!("host={} user=bongsu dbname={database}", self.folder.path().display());
        Database::new(&address, None, None).unwrap().speaking(dialect().parse().unwrap())
    }

    /// Bytes that have come from the server.
    pub(crate) fn came(&self) -> u64 {
        self.inner.came.load(Ordering::SeqCst)
    }

    /// Cuts the connection over which the next question goes in which this text stands.
    pub(crate) fn cut(&self, text: &'static str, cut: Cut, then: impl FnOnce() + Send + 'static) {
        *self.inner.next.lock() = Some((text, cut, Box::new(then)));
    }

    /// Whether nothing is to be cut any more.
    pub(crate) fn has_cut(&self) -> bool {
        self.inner.next.lock().is_none()
    }
}

impl Inner {
    fn between(&self, mut client: UnixStream) {
        let mut server = UnixStream::connect(&self.server).unwrap();
        let (mut from, mut to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
        let is_mute = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let is_mute = &is_mute;
            let answers = scope.spawn(move || {
                let mut buffer = vec![0; 64 * 1024];
                while let Ok(count @ 1..) = from.read(&mut buffer) {
                    self.came.fetch_add(count as u64, Ordering::SeqCst);
                    let answer = &buffer[..count];
                    let goes_on = match is_mute.load(Ordering::SeqCst) {
                        true => !answer.ends_with(READY),
                        false => to.write_all(answer).is_ok(),
                    };
                    if !goes_on {
                        return;
                    }
                }
                let _gone = to.shutdown(Shutdown::Both);
            });
            let mut buffer = vec![0; 64 * 1024];
            while let Ok(count @ 1..) = client.read(&mut buffer) {
                let question = &buffer[..count];
                let has = |text: &str| question.windows(text.len()).any(|window| window == text.as_bytes());
                let mut next = self.next.lock();
                if let Some((_, cut, then)) = next.take_if(|(text, ..)| has(text)) {
                    if cut == Cut::Unanswered {
                        is_mute.store(true, Ordering::SeqCst);
                        server.write_all(question).unwrap();
                        answers.join().unwrap();
                    }
                    then();
                    break;
                }
                drop(next);
                if server.write_all(question).is_err() {
                    break;
                }
            }
            let _gone = (client.shutdown(Shutdown::Both), server.shutdown(Shutdown::Both));
        });
    }
}
