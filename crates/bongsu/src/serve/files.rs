//! How many files and sockets the process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Fewer than this many are too few for all the connections that the servers take: the pages' 2,000, 1,000 each for DNS and
/// DNS over TLS, and what the node has open itself.
const WANTED: u64 = 4_500;

/// Takes as many as the system allows: what a shell or a service starts with, often 1,024, is less than the servers' limits.
pub(super) fn raise() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let now = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(error) => {
            tracing::debug!(%error, "the limit of open files could not be raised");
            limit.current
        }
    };
    if let Some(files) = now.filter(|files| *files < WANTED) {
        tracing::warn!(
            "this process may open {files} files and sockets; allow {WANTED} (`ulimit -n`, LimitNOFILE), or strangers can use them up"
        );
    }
}
