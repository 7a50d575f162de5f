//! The documentation held to what can be typed and configured: each call of the program on its pages, and each configuration.
//!
//! What the commands do is tried in `tests/handbook`, with which the reading of pages is shared.

#[allow(dead_code, reason = "the tests that run commands use all of it")]
#[path = "../../tests/handbook/page.rs"]
mod page;
#[allow(dead_code, reason = "the tests that run commands use all of it")]
#[path = "../../tests/handbook/statement.rs"]
mod statement;

use clap::{Command, CommandFactory as _, Parser as _};

/// Runs on a thread with room for the command line's structs, which are large where nothing is optimised.
fn with_room(run: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(32 << 20).spawn(run).unwrap();
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

#[test]
fn every_call_in_the_documentation_can_be_typed() {
    with_room(|| {
        let mut faults = Vec::new();
        let mut calls = 0;
        for page in page::pages() {
            // What is not taken for commands is looked through as well: a script inside of a unit's file, or below an output.
            for part in page.parts() {
                let text: Vec<&str> =
                    part.lines.iter().map(|line| line.strip_prefix("$ ").unwrap_or(line)).collect();
                for call in statement::calls(&text.join("\n"), "bongsu") {
                    calls += 1;
                    let typed = std::iter::once("bongsu".to_owned()).chain(call.iter().cloned());
                    if let Err(error) = super::Cli::try_parse_from(typed)
                        && error.exit_code() != 0
                    {
                        let why = error.to_string();
                        let why = why.lines().next().unwrap_or_default();
                        faults.push(format!(
                            "{}:{}: bongsu {}\n    {why}",
                            page.name,
                            part.line,
                            call.join(" ")
                        ));
                    }
                }
            }
        }
        assert!(faults.is_empty(), "{}", faults.join("\n"));
        assert!(calls > 250, "calls were found: {calls}");
    });
}

/// What begins like a command and is the name of something else.
const NO_COMMAND: &str = "bongsu private screening 1";

/// What is said of a command between backticks often leaves out what it needs; but the command and its options are there.
#[test]
fn every_command_and_option_that_is_spoken_of_is_there() {
    with_room(|| {
        let mut known = super::Cli::command();
        known.build();
        let mut faults = Vec::new();
        let mut calls = 0;
        for page in page::pages() {
            let prose: Vec<&str> = page.prose().into_iter().map(|(_, line)| line).collect();
            let prose = prose.join("\n");
            for piece in prose
                .split('`')
                .skip(1)
                .step_by(2)
                .filter(|piece| piece.starts_with("bongsu ") && *piece != NO_COMMAND)
            {
                let piece = piece.replace('\n', " ").replace(['[', ']'], "");
                for call in statement::calls(&piece, "bongsu") {
                    calls += 1;
                    if let Some(why) = unknown(&known, &call) {
                        faults.push(format!("{}: `{piece}`: {why}", page.name));
                    }
                }
            }
        }
        assert!(faults.is_empty(), "{}", faults.join("\n"));
        assert!(calls > 100, "commands were found: {calls}");
    });
}

/// What of a call is neither a command nor an option.
fn unknown(known: &Command, call: &[String]) -> Option<String> {
    let mut command = known;
    let mut words = call.iter();
    while let Some(word) = words.next() {
        if let Some(option) = word.strip_prefix("--") {
            let (name, value) =
                option.split_once('=').map_or((option, None), |(name, value)| (name, Some(value)));
            let is_it = |arg: &&clap::Arg| {
                arg.get_long() == Some(name) || arg.get_all_aliases().is_some_and(|all| all.contains(&name))
            };
            let Some(arg) = command.get_arguments().find(is_it) else {
                return Some(format!("`{}` has no option --{name}", command.get_name()));
            };
            if arg.get_action().takes_values() && value.is_none() && !arg.is_require_equals_set() {
                words.next();
            }
        } else if let Some(next) = command.find_subcommand(word) {
            command = next;
        } else if command.has_subcommands() && command.get_positionals().next().is_none() {
            // In the place of a command may stand what is to be put in: `COMMAND`, `…`.
            let is_word =
                !word.starts_with('-') && word.chars().all(|sign| sign.is_ascii_lowercase() || sign == '-');
            return is_word.then(|| format!("`{}` has no command `{word}`", command.get_name()));
        }
    }
    None
}

#[test]
fn every_configuration_in_the_documentation_can_be_read() {
    let mut faults = Vec::new();
    let mut read = 0;
    for page in page::pages() {
        for part in page.parts().iter().filter(|part| part.kind == page::Kind::Toml) {
            let text = part.lines.join("\n");
            if let Some(what) = other_table(&text) {
                assert!(
                    toml::from_str::<toml::Table>(&text).is_ok(),
                    "{}:{}: {what} is no TOML",
                    page.name,
                    part.line
                );
                continue;
            }
            // A key alone is shown where it belongs to a source.
            let text = if text.starts_with('[') { text } else { format!("{SOURCE}{text}") };
            read += 1;
            if let Err(failure) = crate::config::read_text(&text) {
                faults.push(format!("{}:{}: {}", page.name, part.line, failure.message));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(read > 15, "configurations were found: {read}");
}

/// A source without what is shown by itself.
const SOURCE: &str = "[[source]]\nname = \"a\"\nkind = \"taxii\"\nurl = \"https://a.example/\"\ncircle = \"c\"\nas = \"m\"\ncollection = \"x\"\n";

/// What a table in TOML is that is not the node's configuration.
fn other_table(text: &str) -> Option<&'static str> {
    let begins = [
        ("[[device]]", "a file of devices"),
        ("format = ", "a mapping of a table"),
        ("chain = ", "a mapping of transfers"),
    ];
    begins.iter().find(|(begin, _)| text.starts_with(begin)).map(|(_, what)| *what)
}
