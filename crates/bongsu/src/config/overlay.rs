//! The file's text and the environment become one [`Config`].
//!
//! The file is read strictly first, so that its errors show their line; then each variable is laid over it
//! and read again, so that an error names the variable.

use super::Config;
use crate::exit::Failure;
use toml::{Table, Value};

const PREFIX: &str = "BONGSU__";

/// Reads the file's `text`, as configuration and as the table that it is.
///
/// # Errors
/// What is wrong in it, with its line.
pub(super) fn file(text: &str) -> Result<(Config, Table), Failure> {
    let config: Config = toml::from_str(text).map_err(|error| from_toml(text, &error))?;
    let table: Table = toml::from_str(text).map_err(|error| from_toml(text, &error))?;
    Ok((config, table))
}

/// Lays the variables over what the file says.
///
/// # Errors
/// The variable that can't be taken, and why.
pub(super) fn lay(
    mut config: Config,
    mut table: Table,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Config, Failure> {
    let mut variables: Vec<(String, String)> =
        environment.into_iter().filter(|(name, _)| name.starts_with(PREFIX)).collect();
    variables.sort();
    for (name, text) in variables {
        // A number or truth value first; where that does not fit, the text as it stands.
        let laid = with(&table, &name, typed(&text))?;
        let read = |table: &Table| Value::Table(table.clone()).try_into::<Config>();
        (config, table) = match read(&laid) {
            Ok(config) => (config, laid),
            Err(error) => {
                let plain = with(&table, &name, Value::String(text))?;
                let config = read(&plain).map_err(|_| refused(&name, &error))?;
                (config, plain)
            }
        };
    }
    Ok(config)
}

fn refused(name: &str, error: &toml::de::Error) -> Failure {
    Failure::usage(format!("the environment variable {name} is refused: {}", error.message()))
        .hint("names are BONGSU__SECTION__KEY, as in bongsu.toml; `bongsu init` writes one with all keys")
}

/// The table with one more value, under the key that the variable's name says.
fn with(table: &Table, name: &str, value: Value) -> Result<Table, Failure> {
    let mut table = table.clone();
    lay_over(&mut table, name, value)?;
    Ok(table)
}

fn lay_over(table: &mut Table, name: &str, value: Value) -> Result<(), Failure> {
    let path = name[PREFIX.len()..].to_lowercase();
    let Some((section, key)) = path.split_once("__") else {
        return Err(Failure::usage(format!("the environment variable {name} names no key"))
            .hint("names are BONGSU__SECTION__KEY, such as BONGSU__HTTP__LISTEN"));
    };
    let section = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
    match section {
        Value::Table(section) => {
            section.insert(key.to_owned(), value);
            Ok(())
        }
        _ => Err(Failure::usage(format!("the environment variable {name} names a key inside a value"))),
    }
}

/// A value as TOML would read it: a number, a truth value, a list, else text.
fn typed(value: &str) -> Value {
    if let Ok(number) = value.parse::<i64>() {
        return Value::Integer(number);
    }
    match value {
        "true" => Value::Boolean(true),
        "false" => Value::Boolean(false),
        text => list(text).unwrap_or_else(|| Value::String(text.to_owned())),
    }
}

fn list(text: &str) -> Option<Value> {
    let mut table: Table = toml::from_str(&format!("list = {text}")).ok()?;
    table.remove("list").filter(Value::is_array)
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
