//! What the configured files say, kept as long as they do not change: of many only those that did are read again.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use parking_lot::Mutex;
use region::transit::Observed;
use region::transit::geo::Tables;

use super::files::{self, Part, Print, Unread};
use crate::config;
use crate::exit::Failure;

/// What was read from files.
pub(crate) struct Ground {
    pub observed: Observed,
    /// What could not be read of it.
    pub unread: Vec<Unread>,
}

/// By what it is known that a file is another.
type Stamp = (u64, Option<SystemTime>);

/// All of it, as it was read last.
#[derive(Default)]
struct Kept {
    tables: Option<(Print, Arc<Tables>)>,
    /// By the source's place in the configuration and the file's path. What was moved into the whole has no stamp.
    parts: BTreeMap<(usize, PathBuf), (Option<Stamp>, Part)>,
    print: Print,
    number: u64,
    ground: Option<Arc<Ground>>,
}

/// The files that the configuration names.
#[derive(Default)]
pub(super) struct Files(Mutex<Kept>);

impl Files {
    /// What the files say, its number, which is another once something changed, and where addresses are.
    ///
    /// # Errors
    /// When a file can't be read at all.
    pub(super) fn ground(&self, config: &config::Region) -> Result<(u64, Arc<Tables>, Arc<Ground>), Failure> {
        let mut kept = self.0.lock();
        let tables = kept.tables(config)?;
        let mut print = files::print(&config.geo);
        let mut named = Vec::new();
        for (at, source) in config.sources()?.into_iter().enumerate() {
            for (path, bytes, modified) in files::print(std::slice::from_ref(&source.path)) {
                print.push((path.clone(), bytes, modified));
                named.push((at, source.clone(), path, (bytes, modified)));
            }
        }
        if let Some(ground) = kept.ground.as_ref().filter(|_| kept.print == print) {
            return Ok((kept.number, tables, Arc::clone(ground)));
        }
        let mut parts = BTreeMap::new();
        for (at, source, path, stamp) in named {
            let before = kept.parts.remove(&(at, path.clone()));
            let part = match before.filter(|(before, _)| before.as_ref() == Some(&stamp)) {
                Some((_, part)) => part,
                None => read(&source, &path)?,
            };
            parts.insert((at, path), (Some(stamp), part));
        }
        let ground = Arc::new(joined(&mut parts, &tables)?);
        kept.parts = parts;
        kept.number += 1;
        (kept.print, kept.ground) = (print, Some(Arc::clone(&ground)));
        Ok((kept.number, tables, ground))
    }
}

impl Kept {
    fn tables(&mut self, config: &config::Region) -> Result<Arc<Tables>, Failure> {
        let print = files::print(&config.geo);
        if let Some((before, tables)) = &self.tables
            && *before == print
        {
            return Ok(Arc::clone(tables));
        }
        let tables = Arc::new(files::geo(&config.geo)?);
        self.tables = Some((print, Arc::clone(&tables)));
        Ok(tables)
    }
}

fn read(source: &files::Source, path: &std::path::Path) -> Result<Part, Failure> {
    let part = files::part(source, path)?;
    if let Some(unread) = &part.unread {
        tracing::warn!(file = %unread.path.display(), rows = unread.faulty, "rows of {} are left out: {}", unread.path.display(), unread.first);
    }
    Ok(part)
}

/// All parts as one. What is the only part is not kept twice: if it changes, it is read again anyway.
fn joined(
    parts: &mut BTreeMap<(usize, PathBuf), (Option<Stamp>, Part)>,
    tables: &Tables,
) -> Result<Ground, Failure> {
    let unread = parts.values().filter_map(|(_, part)| part.unread.clone()).collect();
    let is_one = parts.len() == 1;
    let mut observed = Observed::default();
    for ((_, path), (stamp, part)) in parts.iter_mut() {
        if is_one {
            observed = std::mem::take(&mut part.observed);
            *stamp = None;
            continue;
        }
        observed
            .join(&part.observed)
            .map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?;
    }
    observed.locate(tables);
    Ok(Ground { observed, unread })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_is_read_again_and_the_rest_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let row = |address: &str| {
            format!("time,source,hops,victim,count\n2026-03-01T00:00:00Z,,{address}@SG/c2,KR,1\n")
        };
        std::fs::write(path("a.csv"), row("192.0.2.1")).unwrap();
        let config = config::Region {
            observed: vec![folder.path().display().to_string()],
            ..config::Region::default()
        };
        let files = Files::default();
        let look = || files.ground(&config).unwrap();
        let (number, _, first) = look();
        assert_eq!((first.observed.len(), look().0), (1, number));
        std::fs::write(path("b.csv"), row("192.0.2.2")).unwrap();
        let (second, _, both) = look();
        assert_eq!((both.observed.len(), second), (2, number + 1));
        // Of two files, the one that did not change is known without reading it.
        std::fs::write(path("b.csv"), format!("{}yesterday,,192.0.2.3,KR,1\n", row("192.0.2.4"))).unwrap();
        let (_, _, changed) = look();
        assert_eq!((changed.observed.len(), changed.unread.len()), (2, 1));
        assert!(changed.observed.of_address("192.0.2.4".parse().unwrap()).is_some());
        assert!(changed.observed.of_address("192.0.2.2".parse().unwrap()).is_none());
        std::fs::remove_file(path("a.csv")).unwrap();
        assert_eq!(look().2.observed.len(), 1);
        std::fs::write(path("a.csv"), row("192.0.2.9")).unwrap();
        assert_eq!(look().2.observed.len(), 2);
    }
}
