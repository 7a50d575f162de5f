//! What devices hold of a list, as their makers document it.
//!
//! The known ones stand in `devices.toml`, which is compiled in; an operator's own file adds to them, or gives other figures.

use std::collections::BTreeMap;

use serde::Deserialize;
use watch::{Kind, Value};

/// The devices that are compiled in.
const BUILT_IN: &str = include_str!("../devices.toml");
/// Longest file of an operator's own, in bytes, and most devices in it.
const FILE_BYTES_MAX: usize = 1 << 20;
const DEVICES_MAX: usize = 1_000;

/// What a device holds of one list. The default holds everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Most entries.
    pub entries: Option<usize>,
    /// Most entries by kind, where they differ.
    pub entries_of: BTreeMap<Kind, usize>,
    /// Most bytes of a line, without its end.
    pub line_bytes: Option<usize>,
    /// Most bytes of the list.
    pub bytes: Option<usize>,
    /// The kinds that it takes; `None` for all.
    pub kinds: Option<Vec<Kind>>,
    /// Whether an address may be a network.
    pub networks: bool,
    /// Whether there may be comment lines.
    pub comments: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            entries: None,
            entries_of: BTreeMap::new(),
            line_bytes: None,
            bytes: None,
            kinds: None,
            networks: true,
            comments: true,
        }
    }
}

impl Limits {
    /// Whether the device takes a value at all, in a line of so many bytes.
    #[must_use]
    pub fn takes(&self, value: &Value, line_bytes: usize) -> bool {
        let is_network = matches!(value.kind(), Kind::Ipv4 | Kind::Ipv6) && value.text().contains('/');
        self.kinds.as_ref().is_none_or(|kinds| kinds.contains(&value.kind()))
            && (self.networks || !is_network)
            && self.line_bytes.is_none_or(|most| line_bytes <= most)
    }

    /// Most entries of a kind.
    #[must_use]
    pub fn entries_of(&self, kind: Kind) -> usize {
        self.entries_of.get(&kind).copied().or(self.entries).unwrap_or(usize::MAX)
    }

    /// Most entries of a list of one kind, or of several.
    #[must_use]
    pub fn entries_in_all(&self, kind: Option<Kind>) -> usize {
        kind.map_or_else(|| self.entries.unwrap_or(usize::MAX), |kind| self.entries_of(kind))
    }
}

/// A device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// How it is asked for.
    pub name: String,
    /// What it is.
    pub title: String,
    /// Where its figures stand.
    pub source: String,
    /// What else one should know.
    pub note: Option<String>,
    /// What it holds.
    pub limits: Limits,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    device: Vec<Wire>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    name: String,
    title: String,
    source: String,
    note: Option<String>,
    entries: Option<usize>,
    #[serde(default)]
    entries_of: BTreeMap<String, usize>,
    line_bytes: Option<usize>,
    bytes: Option<usize>,
    kinds: Option<Vec<String>>,
    #[serde(default = "yes")]
    networks: bool,
    #[serde(default = "yes")]
    comments: bool,
}

const fn yes() -> bool {
    true
}

/// Why a file of devices can't be taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DevicesError {
    /// It is longer than a megabyte, or has too many devices.
    #[error("the file is larger than {FILE_BYTES_MAX} bytes or has more than {DEVICES_MAX} devices")]
    TooLarge,
    /// It is no TOML of this form; the message has line and column.
    #[error("{0}")]
    Form(#[from] toml::de::Error),
    /// A device's entry makes no sense.
    #[error("the device `{name}`: {what}")]
    Device {
        /// Its name.
        name: String,
        /// What is wrong.
        what: String,
    },
}

/// Devices by their names.
#[derive(Debug, Clone)]
pub struct Devices(BTreeMap<String, Device>);

impl Default for Devices {
    /// Those that are compiled in.
    fn default() -> Self {
        // A test reads them.
        Self(read(BUILT_IN).unwrap_or_default())
    }
}

impl Devices {
    /// Those that are compiled in, with those of an operator's own file, which count where both have a name.
    ///
    /// # Errors
    /// [`DevicesError`].
    pub fn with(text: &str) -> Result<Self, DevicesError> {
        let Self(mut devices) = Self::default();
        devices.extend(read(text)?);
        Ok(Self(devices))
    }

    /// The one with this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Device> {
        self.0.get(name)
    }

    /// All, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Device> {
        self.0.values()
    }
}

fn read(text: &str) -> Result<BTreeMap<String, Device>, DevicesError> {
    if text.len() > FILE_BYTES_MAX {
        return Err(DevicesError::TooLarge);
    }
    let file: File = toml::from_str(text)?;
    if file.device.len() > DEVICES_MAX {
        return Err(DevicesError::TooLarge);
    }
    let mut devices = BTreeMap::new();
    for wire in file.device {
        let name = wire.name.clone();
        let device = device(wire).map_err(|what| DevicesError::Device { name: name.clone(), what })?;
        if devices.insert(name.clone(), device).is_some() {
            return Err(DevicesError::Device { name, what: "it stands there twice".to_owned() });
        }
    }
    Ok(devices)
}

fn device(wire: Wire) -> Result<Device, String> {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
    if wire.name.is_empty() || !wire.name.chars().all(is_plain) {
        return Err("a name has small letters, digits, `-` and `.`".to_owned());
    }
    if wire.source.trim().is_empty() {
        return Err("it names no source of its figures".to_owned());
    }
    let kind = |name: &str| name.parse::<Kind>().map_err(|error| error.to_string());
    let entries_of: Result<_, String> =
        wire.entries_of.iter().map(|(name, most)| Ok((kind(name)?, *most))).collect();
    let kinds: Option<Result<Vec<Kind>, String>> =
        wire.kinds.map(|kinds| kinds.iter().map(|name| kind(name)).collect());
    let limits = Limits {
        entries: wire.entries,
        entries_of: entries_of?,
        line_bytes: wire.line_bytes,
        bytes: wire.bytes,
        kinds: kinds.transpose()?,
        networks: wire.networks,
        comments: wire.comments,
    };
    Ok(Device { name: wire.name, title: wire.title, source: wire.source, note: wire.note, limits })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_compiled_in_are_read_and_an_operators_own_count_over_them() {
        assert!(Devices::default().iter().count() >= 10, "{:?}", read(BUILT_IN).err());
        let own = "[[device]]\nname = \"fortigate\"\ntitle = \"Ours\"\nsource = \"measured\"\nentries = 7\nentries_of = { url = 3 }\n";
        let devices = Devices::with(own).unwrap();
        let limits = &devices.get("fortigate").unwrap().limits;
        assert_eq!((limits.entries_of(Kind::Domain), limits.entries_of(Kind::Url)), (7, 3));
        assert!(devices.get("paloalto").is_some());
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said() {
        let check = |text: &str, part: &str| {
            let why = Devices::with(text).unwrap_err().to_string();
            assert!(why.contains(part), "{text}: {why}");
        };
        let good = "[[device]]\nname = \"a\"\ntitle = \"A\"\nsource = \"b\"\n";
        assert!(Devices::with(good).is_ok());
        check(&good.replace("title", "tilte"), "line 3");
        check(&good.replace("\"a\"", "\"A b\""), "small letters");
        check(&good.replace("\"b\"", "\"\""), "source");
        check(&format!("{good}kinds = [\"domian\"]"), "domian");
        check(&format!("{good}{good}"), "twice");
        check(&" ".repeat(FILE_BYTES_MAX + 1), "larger");
    }
}
