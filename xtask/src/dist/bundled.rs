//! What lies inside some crates: libraries in C that are compiled into the program, and that lists of flaws know by their own names.

use std::path::Path;

use anyhow::{Context as _, Result};

/// A library within a crate.
struct Library {
    crate_name: &'static str,
    name: &'static str,
    /// An SPDX expression.
    licence: &'static str,
    /// The header that says its version, within the crate's folder.
    header: &'static str,
    version: fn(&str) -> Option<String>,
}

const LIBRARIES: &[Library] = &[
    Library {
        crate_name: "libsqlite3-sys",
        name: "sqlite",
        licence: "blessing",
        header: "sqlite3/sqlite3.h",
        version: |header| Some(define(header, "SQLITE_VERSION")?.trim_matches('"').to_owned()),
    },
    Library {
        crate_name: "zstd-sys",
        name: "zstd",
        licence: "BSD-3-Clause OR GPL-2.0-only",
        header: "zstd/lib/zstd.h",
        version: |header| {
            let part = |name| define(header, name);
            let (major, minor) = (part("ZSTD_VERSION_MAJOR")?, part("ZSTD_VERSION_MINOR")?);
            Some(format!("{major}.{minor}.{}", part("ZSTD_VERSION_RELEASE")?))
        },
    },
    Library {
        crate_name: "libmimalloc-sys",
        name: "mimalloc",
        licence: "MIT",
        // As long as the crate's feature `v2` is off.
        header: "c_src/mimalloc/v3/include/mimalloc.h",
        // Two digits each for what follows the first: 30302.
        version: |header| {
            let number: u32 = define(header, "MI_MALLOC_VERSION")?.parse().ok()?;
            Some(format!("{}.{}.{}", number / 10_000, number / 100 % 100, number % 100))
        },
    },
];

/// What is compiled into the program from within a crate.
#[derive(Debug)]
pub(super) struct Bundled {
    pub(super) name: &'static str,
    pub(super) version: String,
    pub(super) licence: &'static str,
}

/// What the crate of this name, whose sources lie in `folder`, carries.
pub(super) fn within(crate_name: &str, folder: &Path) -> Result<Option<Bundled>> {
    let Some(library) = LIBRARIES.iter().find(|library| library.crate_name == crate_name) else {
        return Ok(None);
    };
    let path = folder.join(library.header);
    let header = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let version = (library.version)(&header)
        .with_context(|| format!("{} does not say its version as before", path.display()))?;
    Ok(Some(Bundled { name: library.name, version, licence: library.licence }))
}

/// The value of `#define NAME value`.
fn define<'a>(header: &'a str, name: &str) -> Option<&'a str> {
    header.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        (words.next() == Some("#define") && words.next() == Some(name)).then(|| words.next()).flatten()
    })
}
