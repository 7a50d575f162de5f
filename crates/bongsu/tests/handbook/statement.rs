//! What a shell makes of commands on a page: statements, which may go over several lines, and in them the calls of one program.

use super::page::{Kind, Page, Part};

/// One thing that a reader would let a shell do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Statement {
    /// The number of its first line on the page.
    pub(crate) line: usize,
    /// Which part of the page's code it stands in.
    pub(crate) part: usize,
    /// As a shell takes it.
    pub(crate) text: String,
}

impl Statement {
    /// On one line and without remarks, as it is named where something is said about it.
    pub(crate) fn name(&self) -> String {
        let lines = self.text.lines().map(|line| bare(line).trim().trim_end_matches('\\').trim());
        lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

/// A line without a remark at its end.
fn bare(line: &str) -> &str {
    let begins = |(at, _): &(usize, &str)| *at == 0 || line[..*at].ends_with(char::is_whitespace);
    let quoted = |at: usize| {
        let before = &line[..at];
        !before.matches('\'').count().is_multiple_of(2) || !before.matches('"').count().is_multiple_of(2)
    };
    let remark = line.match_indices('#').find(|found| begins(found) && !quoted(found.0));
    remark.map_or(line, |(at, _)| &line[..at])
}

/// All statements of a page, in order.
pub(crate) fn statements(page: &Page) -> Vec<Statement> {
    let parts = page.parts();
    let commands = parts.iter().enumerate().filter(|(_, part)| part.kind == Kind::Commands);
    commands.flat_map(|(number, part)| of_part(number, part)).collect()
}

fn of_part(number: usize, part: &Part) -> Vec<Statement> {
    if part.lines[0].starts_with("#!") {
        return vec![Statement { line: part.line, part: number, text: part.lines.join("\n") }];
    }
    let prompted = part.lines.iter().any(|line| line.starts_with("$ "));
    let mut found: Vec<Statement> = Vec::new();
    let mut depth = 0_usize;
    let mut goes_on = false;
    for (index, line) in part.lines.iter().enumerate() {
        let typed = match line.strip_prefix("$ ") {
            Some(typed) => typed,
            None if prompted && !goes_on => continue,
            None => line,
        };
        let code = bare(typed).trim();
        if goes_on || depth > 0 {
            let last = found.last_mut().expect("something goes on");
            last.text = format!("{}\n{typed}", last.text);
        } else if code.is_empty() {
            continue;
        } else {
            found.push(Statement { line: part.line + index, part: number, text: typed.to_owned() });
        }
        let opens = code.starts_with("for ") || code.starts_with("while ") || code.contains("| while ");
        depth = (depth + usize::from(opens))
            .saturating_sub(usize::from(code.starts_with("done") || code.ends_with("; done")));
        goes_on = ["\\", "|", "&&", "||"].iter().any(|sign| code.ends_with(sign));
    }
    found
}

/// The calls of `program` in a text for a shell: the words behind its name.
pub(crate) fn calls(text: &str, program: &str) -> Vec<Vec<String>> {
    let commands = words(text);
    commands.into_iter().filter_map(|command| behind(&command, program)).collect()
}

/// The words behind a program's name where it is what a command runs, also through programs that run others.
fn behind(command: &[String], program: &str) -> Option<Vec<String>> {
    let mut words = command.iter();
    while let Some(word) = words.next() {
        let name = word.rsplit('/').next().unwrap_or_default();
        // A setting may end with a folder of the program's name; in a unit of systemd one setting is a command.
        let is_setting = word.contains('=') && !word.starts_with("ExecStart=");
        if name == program && !is_setting {
            return Some(words.cloned().collect());
        }
        match name {
            "sudo" | "env" | "runuser" | "exec" | "do" | "then" | "--" => {}
            "-u" => {
                words.next();
            }
            _ if word.split_once('=').is_some_and(|(name, _)| name.to_uppercase() == name) => {}
            _ => return None,
        }
    }
    None
}

/// The simple commands of a text, in words as a shell takes them apart, without what they are redirected to.
fn words(text: &str) -> Vec<Vec<String>> {
    let mut commands = vec![Vec::new()];
    let mut word: Option<String> = None;
    let mut redirected = false;
    let put = |word: &mut Option<String>, commands: &mut Vec<Vec<String>>, redirected: &mut bool| {
        if let Some(word) = word.take()
            && !std::mem::take(redirected)
        {
            commands.last_mut().expect("there is one").push(word);
        }
    };
    let mut signs = text.chars().peekable();
    while let Some(sign) = signs.next() {
        match sign {
            '\\' => match signs.next() {
                Some('\n') | None => {}
                Some(other) => word.get_or_insert_default().push(other),
            },
            '\'' => word.get_or_insert_default().extend(signs.by_ref().take_while(|sign| *sign != '\'')),
            '"' => word.get_or_insert_default().extend(signs.by_ref().take_while(|sign| *sign != '"')),
            '$' if signs.peek() == Some(&'(') => {
                let taken: String = signs.by_ref().take_while(|sign| *sign != ')').collect();
                word.get_or_insert_default().push_str(&format!("${taken})"));
            }
            '#' if word.is_none() => while signs.next_if(|sign| *sign != '\n').is_some() {},
            ' ' | '\t' => put(&mut word, &mut commands, &mut redirected),
            '>' | '<' => {
                // The number of what is redirected is no word.
                let numbered =
                    word.as_ref().is_some_and(|word| word.bytes().all(|byte| byte.is_ascii_digit()));
                word = word.filter(|_| !numbered);
                put(&mut word, &mut commands, &mut redirected);
                redirected = true;
            }
            '|' | '&' | ';' | '\n' => {
                put(&mut word, &mut commands, &mut redirected);
                redirected = false;
                commands.push(Vec::new());
            }
            other => word.get_or_insert_default().push(other),
        }
    }
    put(&mut word, &mut commands, &mut redirected);
    commands
}

#[cfg(test)]
mod tests {
    use super::{Page, calls, statements};

    fn page(code: &str) -> Page {
        let code: String = code.lines().map(|line| format!("    {line}\n")).collect();
        Page { name: "a.md".to_owned(), text: format!("\n{code}") }
    }

    #[test]
    fn a_statement_may_go_over_several_lines() {
        let found = statements(&page(
            "bongsu member add cert \\\n    --level list   # a remark\n# look\ncurl x | while read a; do\n    echo \"#$a\"\ndone\n\
             grep a b |\n  sort\n\nbongsu verify",
        ));
        let names: Vec<String> = found.iter().map(super::Statement::name).collect();
        assert_eq!(
            names,
            [
                "bongsu member add cert --level list",
                "curl x | while read a; do echo \"#$a\" done",
                "grep a b | sort",
                "bongsu verify"
            ]
        );
        assert_eq!(found.iter().map(|one| one.line).collect::<Vec<_>>(), [2, 5, 8, 11]);
        assert_eq!(found.iter().map(|one| one.part).collect::<Vec<_>>(), [0, 0, 0, 1]);
    }

    #[test]
    fn below_a_prompt_stands_what_is_printed() {
        let found = statements(&page("$ bongsu screen a\na: KNOWN\n$ bongsu verify"));
        assert_eq!(
            found.iter().map(super::Statement::name).collect::<Vec<_>>(),
            ["bongsu screen a", "bongsu verify"]
        );
    }

    #[test]
    fn calls_are_found_wherever_a_shell_would_make_them() {
        let found = |text: &str| calls(text, "bongsu").iter().map(|call| call.join("|")).collect::<Vec<_>>();
        assert_eq!(found("bongsu a 'b c' \"d e\" f\\ g # h"), ["a|b c|d e|f g"]);
        assert_eq!(found("sudo -u bongsu /usr/bin/bongsu a > b"), ["a"]);
        assert_eq!(found("A__B=1 bongsu a; true && bongsu b | tee bongsu"), ["a", "b"]);
        assert_eq!(found("runuser -u bongsu -- /usr/local/bin/bongsu --quiet a \"$to\""), ["--quiet|a|$to"]);
        assert_eq!(found("ExecStart=/usr/local/bin/bongsu serve\nPaths=/var/lib/bongsu"), ["serve"]);
        assert_eq!(found("id=$(bongsu a); chown bongsu x"), Vec::<String>::new());
        assert_eq!(found("bongsu a \\\n  --b c 2> d"), ["a|--b|c"]);
    }
}
