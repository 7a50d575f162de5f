//! `bongsu pattern`: patterns checked, and matched against observed data. Needs no node and no data folder.

mod ask;
mod check;

use crate::answer::Answer;
use crate::cli::PatternCommand;
use crate::exit::Failure;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Runs one of the commands.
///
/// # Errors
/// When a file can't be read, or a pattern that was typed is none.
pub(crate) fn run(command: &PatternCommand) -> Result<Answer, Failure> {
    match command {
        PatternCommand::Check(args) => check::run(args),
        PatternCommand::Match(args) => ask::run(args),
    }
}

/// A file, or standard input for `-`.
fn open(path: &Path) -> Result<Box<dyn Read>, Failure> {
    if path == Path::new("-") {
        return Ok(Box::new(std::io::stdin().lock()));
    }
    let file = File::open(path).map_err(|error| unreadable(path, &error))?;
    Ok(Box::new(file))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::usage(format!("{}: {error}", path.display())).hint("is the path right?")
}

/// The patterns in a file, one a line, with their line numbers; empty lines and comments are left out.
fn lines(path: &Path) -> Result<Vec<(usize, String)>, Failure> {
    let mut text = String::new();
    open(path)?.read_to_string(&mut text).map_err(|error| unreadable(path, &error))?;
    let numbered = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
    let patterns = numbered.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    Ok(patterns.map(|(at, line)| (at, line.to_owned())).collect())
}

/// What came from outside, without what would move the cursor of a terminal.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
