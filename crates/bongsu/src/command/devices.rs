//! `bongsu devices`: the devices whose limits are known, with where their figures stand.

use crate::answer::{Answer, table};
use crate::config::Config;
use crate::exit::Failure;
use deliver::{Device, Devices};
use serde_json::{Value, json};

/// Runs `bongsu devices`.
///
/// # Errors
/// When the configured file of devices can't be read.
pub(crate) fn run(config: &Config) -> Result<Answer, Failure> {
    let devices = known(config)?;
    let rows: Vec<Vec<String>> = devices.iter().map(row).collect();
    let sources = devices.iter().map(|device| {
        let note = device.note.as_ref().map_or_else(String::new, |note| format!(" {note}"));
        format!("{}: {}.{note}\n", device.name, device.source)
    });
    let text = table(&["DEVICE", "ENTRIES", "BYTES", "TAKES", "TITLE"], &rows)
        + "\n\n"
        + &sources.collect::<String>();
    Ok(Answer::done(json!({"devices": devices.iter().map(shape).collect::<Vec<_>>()}), text.trim_end()))
}

/// The devices that are compiled in, with those of the configured file.
///
/// # Errors
/// When the configured file of devices can't be read.
pub(crate) fn known(config: &Config) -> Result<Devices, Failure> {
    let Some(file) = &config.deliver.devices else { return Ok(Devices::default()) };
    let unreadable = |error: &dyn std::fmt::Display| {
        Failure::usage(format!("the devices in {} can't be read: {error}", file.display()))
            .hint("deliver.devices names a file in the form of crates/deliver/devices.toml; docs/administrator.md shows it")
    };
    let text = std::fs::read_to_string(file).map_err(|error| unreadable(&error))?;
    Devices::with(&text).map_err(|error| unreadable(&error))
}

fn row(device: &Device) -> Vec<String> {
    let limits = &device.limits;
    let number = |most: Option<usize>| most.map_or_else(|| "-".to_owned(), |most| most.to_string());
    let kinds = limits.kinds.as_ref().map_or_else(
        || "all".to_owned(),
        |kinds| kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(","),
    );
    vec![device.name.clone(), number(limits.entries), number(limits.bytes), kinds, device.title.clone()]
}

fn shape(device: &Device) -> Value {
    let limits = &device.limits;
    let of = limits.entries_of.iter().map(|(kind, most)| (kind.as_str().to_owned(), json!(most)));
    json!({
        "name": device.name, "title": device.title, "source": device.source, "note": device.note,
        "entries": limits.entries, "entries_of": of.collect::<serde_json::Map<_, _>>(), "line_bytes": limits.line_bytes,
        "bytes": limits.bytes, "networks": limits.networks, "comments": limits.comments,
        "kinds": limits.kinds.as_ref().map(|kinds| kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>()),
    })
}
