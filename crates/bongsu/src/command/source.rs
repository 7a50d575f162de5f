//! A file that is imported or shared: opened, its format told, its date and name known.

use crate::answer::{Progress, Watcher};
use crate::cli::FormatArg;
use crate::exit::Failure;
use crate::node::Node;
use exchange::read::{self, DETECT_BYTES, Format, Options};
use policy::CircleId;
use std::fs::File;
use std::io::{Read, Seek as _};
use std::path::Path;
use stix::Timestamp;

/// An open file.
pub(crate) struct Source {
    /// Its name, without the folder.
    pub name: String,
    /// What it holds.
    pub format: Format,
    /// What is known beside what stands in it.
    pub options: Options,
    file: File,
    size: u64,
}

impl Source {
    /// Opens `path` and looks at its beginning, unless `format` says what it holds. `circle` is the one that it is for, if
    /// it is for one.
    ///
    /// # Errors
    /// When it can't be opened or read; the message names the file.
    pub(crate) fn open(
        node: &Node,
        path: &Path,
        format: FormatArg,
        circle: Option<CircleId>,
    ) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| {
            Failure::new(format!("{}: {error}", path.display()))
                .hint("is the path right? a serving node reads it itself: its user must be able to")
        };
        let mut file = File::open(path).map_err(failed)?;
        let meta = file.metadata().map_err(failed)?;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let format = match format {
            FormatArg::Auto => {
                let mut start = Vec::new();
                file.by_ref().take(DETECT_BYTES as u64).read_to_end(&mut start).map_err(failed)?;
                file.rewind().map_err(failed)?;
                read::detect(&name, &start)
            }
            FormatArg::Stix => Format::Stix,
            FormatArg::Misp => Format::Misp,
            FormatArg::Csv => Format::Csv,
            FormatArg::Plain => Format::Plain,
            FormatArg::Csaf => Format::Csaf,
            FormatArg::Cacao => Format::Cacao,
            FormatArg::Openioc => Format::OpenIoc,
            FormatArg::Ofac => Format::Ofac,
            FormatArg::Opensanctions => Format::OpenSanctions,
            FormatArg::Report => Format::Report,
        };
        // The same file gives the same dates, whenever it is read.
        let as_of = meta.modified().ok().and_then(instant_of).unwrap_or_else(|| node.now());
        let stem = name.split('.').next().unwrap_or_default().to_owned();
        let circle = circle.map(CircleId::uuid);
        let options = Options { source: Some(stem), circle, ..Options::new(as_of) };
        Ok(Self { name, format, options, file, size: meta.len() })
    }

    /// Its bytes; `watch` is told how far they are read, and may stop the reading.
    pub(crate) fn watched<'a, 'w>(self, watch: &'a mut Watcher<'w>) -> Watched<'a, 'w> {
        Watched { source: self.file, done: 0, size: self.size, what: self.name, watch, stopped: false }
    }
}

fn instant_of(time: std::time::SystemTime) -> Option<Timestamp> {
    let since = time.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(Timestamp::from_micros(i64::try_from(since.as_micros()).ok()?))
}

/// A file that says how much of it was read.
pub(crate) struct Watched<'a, 'w> {
    source: File,
    done: u64,
    size: u64,
    what: String,
    watch: &'a mut Watcher<'w>,
    stopped: bool,
}

impl Read for Watched<'_, '_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.stopped {
            return Err(std::io::Error::other("interrupted"));
        }
        let count = self.source.read(into)?;
        self.done += count as u64;
        let progress = Progress { what: self.what.clone(), done: self.done, total: self.size };
        self.stopped = (self.watch)(progress).is_break();
        Ok(count)
    }
}
