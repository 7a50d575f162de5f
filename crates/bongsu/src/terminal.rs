//! What the user sees: answers on standard output, all else on standard error.
//!
//! A closed pipe on standard output is no failure (`bongsu … | head`). Progress bars appear only when
//! standard error is a terminal, and never with `--quiet` or `--json`.

use crate::answer::{Answer, Progress};
use crate::exit::{Exit, Failure};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{ErrorKind, IsTerminal as _, Write as _};
use std::ops::ControlFlow;

/// Shows answers, progress and failures.
pub(crate) struct Terminal {
    json: bool,
    quiet: bool,
    bar: Option<(String, ProgressBar)>,
}

impl Terminal {
    pub(crate) fn new(json: bool, quiet: bool) -> Self {
        Self { json, quiet, bar: None }
    }

    pub(crate) fn json(&self) -> bool {
        self.json
    }

    /// Shows how far the work is; always says to go on.
    pub(crate) fn progress(&mut self, progress: &Progress) -> ControlFlow<()> {
        if self.json || self.quiet || !std::io::stderr().is_terminal() {
            return ControlFlow::Continue(());
        }
        if self.bar.as_ref().is_none_or(|(what, _)| *what != progress.what) {
            self.end_bar();
            self.bar = Some((progress.what.clone(), bar(progress)));
        }
        if let Some((_, bar)) = &self.bar {
            bar.set_position(progress.done);
        }
        ControlFlow::Continue(())
    }

    fn end_bar(&mut self) {
        if let Some((_, bar)) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    /// Prints an answer and gives the code to end with.
    ///
    /// # Errors
    /// When standard output can't be written, other than because nobody reads it any more.
    pub(crate) fn answer(&mut self, answer: Answer) -> Result<Exit, Failure> {
        self.end_bar();
        let bytes = match (self.json, answer.document) {
            (true, _) => format!("{}\n", answer.json).into_bytes(),
            (false, Some(document)) => document,
            (false, None) if self.quiet => Vec::new(),
            (false, None) => with_newline(lines(&answer.text)).into_bytes(),
        };
        self.write(&bytes)?;
        Ok(answer.exit)
    }

    /// Writes `bytes` to standard output.
    ///
    /// # Errors
    /// As [`Terminal::answer`].
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let mut out = std::io::stdout().lock();
        match out.write_all(bytes).and_then(|()| out.flush()) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                Err(Failure::new(format!("standard output can't be written: {error}")))
            }
            _ => Ok(()),
        }
    }

    /// Asks something that is answered by yes or no; `None` if nobody sits there to be asked.
    pub(crate) fn ask(&mut self, question: &str) -> Option<bool> {
        if self.json || !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
            return None;
        }
        self.end_bar();
        let mut asking = std::io::stderr().lock();
        write!(asking, "{question}").and_then(|()| asking.flush()).ok()?;
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer).ok()?;
        Some(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
    }

    /// Says on standard error what is going on, unless quiet.
    pub(crate) fn note(&mut self, text: &str) {
        if !self.quiet {
            self.complain(text);
        }
    }

    /// Prints a failure on standard error.
    pub(crate) fn failure(&mut self, failure: &Failure) {
        self.end_bar();
        let text = if self.json {
            serde_json::json!({"error": {
                "message": failure.message, "hint": failure.hint, "exit": failure.exit.code(),
            }})
            .to_string()
        } else {
            let hint = failure.hint.as_ref().map(|hint| format!("\nhint: {hint}"));
            format!("error: {}{}", failure.message, hint.unwrap_or_default())
        };
        self.complain(&text);
    }

    fn complain(&mut self, text: &str) {
        // When standard error is closed, there is nobody left to tell.
        let _nobody_listens = writeln!(std::io::stderr().lock(), "{}", lines(text));
    }
}

fn with_newline(mut text: String) -> String {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

fn bar(progress: &Progress) -> ProgressBar {
    let (bar, form) = match progress.total {
        0 => (ProgressBar::new_spinner(), "{spinner} {msg} {human_pos} {elapsed}"),
        total => (ProgressBar::new(total), "{msg} {wide_bar} {percent}% {elapsed} (eta {eta})"),
    };
    let style = ProgressStyle::with_template(form).unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.with_style(style).with_message(progress.what.clone())
}

/// Lines of which a terminal obeys none, whatever names of files and texts of others stand in them: what steers it, or turns the
/// direction of writing, is spelled out.
fn lines(text: &str) -> String {
    let steers = |c: char| {
        c.is_control() && !matches!(c, '\n' | '\t')
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(steers) {
        return text.to_owned();
    }
    text.chars().fold(String::with_capacity(text.len()), |mut shown, c| {
        match steers(c) {
            true => shown.extend(c.escape_unicode()),
            false => shown.push(c),
        }
        shown
    })
}

/// A text that a terminal shows and does not obey: what steers it, or turns the direction of writing, is spelled out.
pub(crate) fn visible(text: &[u8]) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    String::from_utf8_lossy(text).chars().fold(String::new(), |mut shown, c| {
        match c {
            '\t' => shown.push(' '),
            c if steers(c) => shown.extend(c.escape_unicode()),
            c => shown.push(c),
        }
        shown
    })
}
