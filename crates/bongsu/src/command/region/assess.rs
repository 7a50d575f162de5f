//! `bongsu region assess`: a member's word about itself by SIM3, from a file or question by question.

use crate::answer::Answer;
use crate::cli::AssessArgs;
use crate::exit::Failure;
use crate::node::Node;
use region::capacity::register::Event;
use region::capacity::sim3::{self, ALL, Assessment, FILE_BYTES_MAX, LEVEL_MAX, MODEL, level_words};
use region::capacity::words::Language;
use serde_json::json;
use std::collections::BTreeMap;
use std::io::{self, BufRead, IsTerminal as _, Read, Write};
use std::path::Path;

use super::gaps::language;

/// Reads the levels, where the command was typed: the node that serves stands elsewhere.
///
/// # Errors
/// When the file can't be read, or something in it is no parameter or level.
pub(crate) fn read_input(args: &mut AssessArgs) -> Result<(), Failure> {
    let spoken = language(args.language.as_deref())?;
    let (stdin, stderr) = (io::stdin(), io::stderr());
    let is_asked = stdin.is_terminal() && stderr.is_terminal();
    args.levels = match args.file.take() {
        Some(path) if path != Path::new("-") => {
            let unread =
                |error: io::Error| Failure::new(format!("{} can't be read: {error}", path.display()));
            let file = std::fs::File::open(&path).map_err(unread)?;
            levels(&path.display().to_string(), file)?
        }
        None if is_asked => {
            let asked = ask(spoken, stdin.lock(), stderr.lock());
            asked.map_err(|error| Failure::new(format!("the terminal can't be read: {error}")))?
        }
        _ => levels("standard input", stdin.lock())?,
    };
    Ok(())
}

fn levels(name: &str, source: impl Read) -> Result<BTreeMap<String, u8>, Failure> {
    let mut text = String::new();
    let read = source.take(FILE_BYTES_MAX as u64 + 1).read_to_string(&mut text);
    read.map_err(|error| Failure::new(format!("{name} can't be read: {error}")))?;
    sim3::read(&text).map_err(|error| {
        Failure::usage(format!("{name}: {error}"))
            .hint("a line for each parameter that you know, such as `O-1 3`")
    })
}

/// Asks each question. An empty line leaves it out, `q` ends.
fn ask(spoken: Language, mut from: impl BufRead, mut to: impl Write) -> io::Result<BTreeMap<String, u8>> {
    let mut levels = BTreeMap::new();
    writeln!(to, "{MODEL}, Open CSIRT Foundation")?;
    for level in 0..=LEVEL_MAX {
        writeln!(to, "  {level}  {}", level_words(level, spoken))?;
    }
    let how = ("An empty line: not known. q: the end.", "빈 줄: 모름. q: 끝.");
    writeln!(to, "{}", spoken.pick(how))?;
    for parameter in &ALL {
        loop {
            write!(to, "{:<5} {} [0-{LEVEL_MAX}] ", parameter.number, parameter.question(spoken))?;
            to.flush()?;
            let mut line = String::new();
            let count = from.by_ref().take(1_000).read_line(&mut line)?;
            if count == 0 || line.trim() == "q" {
                return Ok(levels);
            }
            match sim3::answer("", parameter.number, &line) {
                Ok(answer) => {
                    levels.extend(answer.map(|(number, level)| (number.to_owned(), level)));
                    break;
                }
                Err(error) => writeln!(to, "{error}")?,
            }
        }
    }
    Ok(levels)
}

/// Enters an assessment.
///
/// # Errors
/// When the member is unknown, nothing is answered, or the line can't be written.
pub(super) fn run(node: &Node, args: AssessArgs) -> Result<Answer, Failure> {
    let book = node.gate.book();
    let member = node.active(&book, &args.member)?.id;
    let day = args.day.unwrap_or_else(|| node.now().date());
    let assessment = Assessment { member, day: day.clone(), levels: args.levels };
    assessment.check().map_err(|error| Failure::usage(error.to_string()))?;
    let count = assessment.levels.len();
    node.capacity.happens(|_| Ok((member, Event::Assessed(assessment), ())))?;
    let text = format!(
        "{count} of {} parameters of {} are kept, as of {day}. {} alone sees them, until it opens them.\n",
        ALL.len(),
        args.member,
        args.member
    );
    Ok(Answer::done(json!({"member": args.member, "model": MODEL, "day": day, "parameters": count}), text))
}

#[cfg(test)]
mod tests {
    use super::{Language, ask};

    #[test]
    fn questions_are_asked_until_they_are_answered_left_out_or_ended() {
        let mut told = Vec::new();
        let levels = ask(Language::Korean, "3\n\n7\n2\nq\n".as_bytes(), &mut told).unwrap();
        assert_eq!(levels.into_iter().collect::<Vec<_>>(), [("O-1".to_owned(), 3), ("O-3".to_owned(), 2)]);
        let told = String::from_utf8(told).unwrap();
        assert!(!told.contains("팀 회의") && told.contains("levels go from 0 to 4"), "{told}");
        assert_eq!(ask(Language::English, "".as_bytes(), Vec::new()).unwrap().len(), 0);
    }
}
