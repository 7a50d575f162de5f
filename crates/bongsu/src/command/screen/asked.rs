//! What is asked for: values from the command line and from standard input.

use crate::cli::ScreenArgs;
use crate::exit::Failure;
use deliver::screening::Question;
use std::io::{BufRead, Read as _};
use watch::Value;
use watch::value::VALUE_BYTES_MAX;

/// Most values of one run.
const VALUES_MAX: usize = 1_000_000;

/// One thing that is asked for.
pub(super) struct Asked {
    /// As it was written.
    pub text: String,
    /// What it can be, as an open question reads it; if it is nothing that can be asked for, why.
    pub values: Result<Vec<Value>, String>,
}

/// All that is asked for, in order. Empty lines are passed over.
///
/// # Errors
/// When standard input can't be read, or there is too much.
pub(super) fn all(args: &ScreenArgs) -> Result<Vec<Asked>, Failure> {
    let mut asked = Vec::new();
    for text in &args.values {
        if text == "-" {
            lines(args, &mut std::io::stdin().lock(), &mut asked)?;
        } else {
            take(args, text, &mut asked)?;
        }
    }
    Ok(asked)
}

fn take(args: &ScreenArgs, text: &str, asked: &mut Vec<Asked>) -> Result<(), Failure> {
    if asked.len() >= VALUES_MAX {
        return Err(Failure::usage(format!("more than {VALUES_MAX} values: ask in several runs")));
    }
    let mut question = Question::of(text);
    question.kind.clone_from(&args.kind);
    let values = question.values().and_then(|values| match values.is_empty() {
        true => Err("names are not asked for privately".to_owned()),
        false => Ok(values),
    });
    asked.push(Asked { text: text.to_owned(), values });
    Ok(())
}

/// One value a line. Of a line that is longer than any value, so much is kept that it is seen to be.
fn lines(args: &ScreenArgs, from: &mut impl BufRead, asked: &mut Vec<Asked>) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("standard input can't be read: {error}"));
    let mut line = Vec::new();
    loop {
        line.clear();
        let most = VALUE_BYTES_MAX as u64 + 2;
        if from.by_ref().take(most).read_until(b'\n', &mut line).map_err(failed)? == 0 {
            return Ok(());
        }
        if !line.ends_with(b"\n") {
            from.skip_until(b'\n').map_err(failed)?;
        }
        let text = String::from_utf8_lossy(&line);
        if !text.trim().is_empty() {
            take(args, text.trim(), asked)?;
        }
    }
}
