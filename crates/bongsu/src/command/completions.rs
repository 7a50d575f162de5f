//! `bongsu completions`: a script that lets a shell complete our command line.

use crate::answer::Answer;
use crate::cli::Cli;
use clap::CommandFactory as _;
use clap_complete::Shell;

/// The script for `shell`.
pub(crate) fn run(shell: Shell) -> Answer {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "bongsu", &mut script);
    let json = serde_json::json!({"shell": shell.to_string(), "script": String::from_utf8_lossy(&script)});
    Answer::document(json, script)
}
