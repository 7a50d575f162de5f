//! The file's text and the environment become one [`Config`].
//!
//! The file is read strictly first, so that its errors show their line; then each variable is laid over it
//! and read again, so that an error names the variable.

use super::Config;
use crate::exit::Failure;
use toml::{Table, Value};

const PREFIX: &str = "BONGSU__";

/// Reads `text` and lays the variables over it.
///
/// # Errors
/// As [`Config::read`].
pub(super) fn read(
    text: &str,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Config, Failure> {
    let mut config: Config = toml::from_str(text).map_err(|error| from_toml(text, &error))?;
    let mut table: Table = toml::from_str(text).map_err(|error| from_toml(text, &error))?;
    let mut variables: Vec<(String, String)> =
        environment.into_iter().filter(|(name, _)| name.starts_with(PREFIX)).collect();
    variables.sort();
    for (name, value) in variables {
        lay_over(&mut table, &name, &value)?;
        config = Value::Table(table.clone()).try_into().map_err(|error: toml::de::Error| {
            Failure::usage(format!("the environment variable {name} is refused: {}", error.message())).hint(
                "names are BONGSU__SECTION__KEY, as in bongsu.toml; `bongsu init` writes one with all keys",
            )
        })?;
    }
    Ok(config)
}

fn lay_over(table: &mut Table, name: &str, value: &str) -> Result<(), Failure> {
    let path = name[PREFIX.len()..].to_lowercase();
    let Some((section, key)) = path.split_once("__") else {
        return Err(Failure::usage(format!("the environment variable {name} names no key"))
            .hint("names are BONGSU__SECTION__KEY, such as BONGSU__HTTP__LISTEN"));
    };
    let section = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
    match section {
        Value::Table(section) => {
            section.insert(key.to_owned(), typed(value));
            Ok(())
        }
        _ => Err(Failure::usage(format!("the environment variable {name} names a key inside a value"))),
    }
}

/// A value as TOML would read it: a number, a truth value, else text.
fn typed(value: &str) -> Value {
    if let Ok(number) = value.parse::<i64>() {
        return Value::Integer(number);
    }
    match value {
        "true" => Value::Boolean(true),
        "false" => Value::Boolean(false),
        text => Value::String(text.to_owned()),
    }
}

fn from_toml(text: &str, error: &toml::de::Error) -> Failure {
    let line = error.span().map(|span| {
        let before = text.get(..span.start).unwrap_or(text);
        let number = before.matches('\n').count() + 1;
        (number, text.lines().nth(number - 1).unwrap_or_default().trim().to_owned())
    });
    let message = match line {
        Some((number, content)) => format!("line {number}, `{content}`: {}", error.message()),
        None => error.message().to_owned(),
    };
    Failure::usage(message)
        .hint("`bongsu init` in a new folder writes a file with all keys and their meaning")
}
