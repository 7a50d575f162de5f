//! Files with sightings and with tables of addresses: which form they have, and reading them.

use crate::exit::Failure;
use flate2::read::MultiGzDecoder;
use region::transit::geo::{Locate, Mmdb, NoTable, Ranges, Tables};
use region::transit::published::{self, Form, Said};
use region::transit::{Country, Observed, Place, Role, read};
use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

/// Most files of a folder.
const FOLDER_MAX: usize = 10_000;
/// The largest table in MaxMind's form: it is read whole.
const MMDB_BYTES_MAX: u64 = 2 << 30;

/// What tells whether files are still those that were read: paths, sizes and times.
pub(super) type Print = Vec<(PathBuf, u64, Option<SystemTime>)>;

/// Files, and those in folders, with size and time.
pub(super) fn print(paths: &[PathBuf]) -> Print {
    let files = paths.iter().flat_map(|path| within(path).unwrap_or_else(|_| vec![path.clone()]));
    let one = |path: PathBuf| {
        let metadata = std::fs::metadata(&path).ok();
        let size = metadata.as_ref().map_or(0, std::fs::Metadata::len);
        (path, size, metadata.and_then(|metadata| metadata.modified().ok()))
    };
    files.map(one).collect()
}

/// A file, or the files in a folder, by name.
fn within(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(path)?.take(FOLDER_MAX) {
        let path = entry?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// A file or folder with sightings, and what it does not say of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    /// Where it is.
    pub path: PathBuf,
    /// In which form of others it is; `None` for our own.
    form: Option<Form>,
    role: Option<Role>,
    victim: Option<Country>,
}

impl FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((path, said)) = text.rsplit_once('=') else {
            return Ok(Self { path: text.into(), form: None, role: None, victim: None });
        };
        let (rest, victim) = match said.split_once('@') {
            Some((rest, code)) => (rest, Some(Country::parse(code).map_err(|error| error.to_string())?)),
            None => (said, None),
        };
        let (form, role) = match rest.split_once('/') {
            Some((form, role)) => (
                form,
                Some(Role::of(role).ok_or_else(|| format!("`{role}` is no role, such as c2 or proxy"))?),
            ),
            None => (rest, None),
        };
        let all = || Form::ALL.map(Form::name).join(", ");
        let form = Form::of(form).ok_or_else(|| format!("`{form}` is no form that is read: {}", all()))?;
        Ok(Self { path: path.into(), form: Some(form), role, victim })
    }
}

/// What of a file could not be read.
#[derive(Debug, Clone)]
pub(crate) struct Unread {
    pub path: PathBuf,
    pub rows: u64,
    pub faulty: u64,
    /// The first that is wrong, with its line.
    pub first: String,
}

impl fmt::Display for Unread {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, rows, faulty, first } = self;
        write!(out, "{}: {faulty} of {rows} rows are left out; {first}", path.display())
    }
}

/// One file of a source as it was read, without where addresses are.
pub(super) struct Part {
    pub(super) observed: Observed,
    pub(super) unread: Option<Unread>,
}

/// Reads one of a source's files.
///
/// # Errors
/// When it can't be read at all.
pub(super) fn part(source: &Source, path: &Path) -> Result<Part, Failure> {
    let mut observed = Observed::default();
    let report = one(&mut observed, source, path, &NoTable)
        .map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?;
    Ok(Part { observed, unread: unread(path, &report) })
}

fn unread(path: &Path, report: &read::Report) -> Option<Unread> {
    let first = report.faults.first().map(|fault| format!("line {}: {}", fault.line, fault.why));
    (report.faulty > 0).then(|| Unread {
        path: path.to_owned(),
        rows: report.rows,
        faulty: report.faulty,
        first: first.unwrap_or_default(),
    })
}

/// Reads a file or folder into what is observed; gives the files of which not all could be read.
///
/// # Errors
/// When one can't be read at all.
pub(crate) fn observed(
    observed: &mut Observed,
    source: &Source,
    tables: &(impl Locate + Sync),
) -> Result<Vec<Unread>, Failure> {
    let failed =
        |path: &Path, error: &dyn std::fmt::Display| Failure::usage(format!("{}: {error}", path.display()));
    let mut all = Vec::new();
    for path in within(&source.path).map_err(|error| failed(&source.path, &error))? {
        let report = one(observed, source, &path, tables).map_err(|error| failed(&path, &error))?;
        all.extend(unread(&path, &report));
    }
    Ok(all)
}

fn one(
    observed: &mut Observed,
    source: &Source,
    path: &Path,
    tables: &(impl Locate + Sync),
) -> Result<read::Report, read::ReadError> {
    let modified = std::fs::metadata(path)?.modified().ok();
    let opened = opened(path)?;
    match source.form {
        Some(form) => {
            let time = modified
                .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
                .map_or(0, |since| since.as_secs());
            let time = i64::try_from(time).unwrap_or(i64::MAX);
            let said = Said {
                role: source.role.unwrap_or(form.role()),
                victim: Place { country: source.victim, network: None },
                time,
            };
            published::read(observed, form, said, BufReader::new(opened), tables)
        }
        None => {
            let name = path.to_string_lossy();
            let name = name.strip_suffix(".gz").unwrap_or(&name);
            match name.ends_with(".jsonl") || name.ends_with(".ndjson") {
                true => read::json_lines(observed, BufReader::new(opened), tables),
                false => read::table(observed, opened, tables),
            }
        }
    }
}

/// A file; unpacked, if it is packed with gzip.
fn opened(path: &Path) -> std::io::Result<Box<dyn Read + Send>> {
    let mut reader = BufReader::with_capacity(1 << 18, File::open(path)?);
    match reader.fill_buf()?.starts_with(&[0x1f, 0x8b]) {
        true => Ok(Box::new(MultiGzDecoder::new(reader))),
        false => Ok(Box::new(reader)),
    }
}

/// Opens tables of addresses.
///
/// # Errors
/// When one can't be read.
pub(crate) fn geo(paths: &[PathBuf]) -> Result<Tables, Failure> {
    let mut tables: Vec<Box<dyn Locate + Send + Sync>> = Vec::new();
    for path in paths {
        let failed = |error: &dyn std::fmt::Display| Failure::usage(format!("{}: {error}", path.display()));
        if path.extension().is_some_and(|end| end == "mmdb") {
            let mut bytes = Vec::new();
            let file = File::open(path).map_err(|error| failed(&error))?;
            file.take(MMDB_BYTES_MAX).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
            tables.push(Box::new(Mmdb::of(bytes).map_err(|error| failed(&error))?));
            continue;
        }
        let read =
            Ranges::read(opened(path).map_err(|error| failed(&error))?).map_err(|error| failed(&error))?;
        if read.ranges.is_empty() && read.faulty > 0 {
            let first = read.faults.first().map(|fault| format!("line {}: {}", fault.line, fault.why));
            return Err(failed(&format!("no row of it is a range; {}", first.unwrap_or_default()))
                .hint("a table is CSV with first,last,value or prefix,value, or a file in MaxMind's form that ends in .mmdb"));
        }
        if read.faulty > 0 {
            tracing::warn!(file = %path.display(), rows = read.faulty, "rows of a table of addresses are left out");
        }
        tables.push(Box::new(read.ranges));
    }
    Ok(Tables(tables))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_says_its_form_role_and_victims() {
        let of = |text: &str| text.parse::<Source>();
        assert_eq!(of("a.csv").unwrap().form, None);
        let one = of("/x=y/ssh.log=sshd/proxy@kr").unwrap();
        assert_eq!((one.path, one.form), (PathBuf::from("/x=y/ssh.log"), Some(Form::Sshd)));
        assert_eq!((one.role, one.victim), (Some(Role::Proxy), Country::parse("KR").ok()));
        for (bad, why) in [("a=ssh", "no form"), ("a=sshd/king", "king"), ("a=sshd@QQ", "QQ")] {
            assert!(of(bad).unwrap_err().contains(why), "{bad}");
        }
    }
}
