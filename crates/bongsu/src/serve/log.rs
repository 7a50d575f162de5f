//! Where log lines go: standard error, as text or as one JSON object a line.
//!
//! Each line says when, how bad, and from which part of the program; what is said while a request is answered has its id, which the
//! answer has too. A line never holds a credential or the content of a restricted object; whoever writes one sees to that.

use crate::config::{Log, LogFormat};
use crate::exit::Failure;
use tracing_subscriber::EnvFilter;

/// Starts logging as configured, or louder for each `-v`, or errors only for `--quiet`.
///
/// # Errors
/// When the configured level is no filter.
pub(crate) fn start(log: &Log, verbose: u8, quiet: bool) -> Result<(), Failure> {
    let level = match (quiet, verbose) {
        (true, _) => "error",
        (false, 0) => &log.level,
        (false, 1) => "debug",
        (false, _) => "trace",
    };
    let filter = EnvFilter::try_new(level).map_err(|error| {
        Failure::usage(format!("log.level `{level}` is no filter: {error}"))
            .hint("error, warn, info, debug, trace, or such as info,bongsu_exchange=debug")
    })?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second start (a test, the demo inside another command) keeps the first.
    let started = match log.format {
        // The span says which request a line belongs to.
        LogFormat::Json => builder.json().flatten_event(true).with_span_list(false).try_init(),
        LogFormat::Text => builder.with_ansi(false).with_target(false).try_init(),
    };
    if let Err(error) = started {
        tracing::debug!(%error, "logging had started before");
    }
    Ok(())
}
