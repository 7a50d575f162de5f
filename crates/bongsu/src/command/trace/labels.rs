//! Labels from files.

use std::io::Read as _;
use std::path::Path;

use crate::exit::Failure;
use flate2::bufread::MultiGzDecoder;
use trace::label::{Category, Columns, Labels, table, tag_pack};

/// Longest file, in bytes, when it is unpacked.
const FILE_BYTES_MAX: u64 = 256 << 20;
/// How sure a table is.
const TABLE_CONFIDENCE: u8 = 40;
/// What columns of tables are called, in the order in which they are looked for.
const ADDRESS: [&str; 3] = ["address", "Address", "banned_address"];
const NAME: [&str; 6] = ["name", "Name Tag", "label", "Label", "etherscan_tag", "wallet_tag"];
const CATEGORY: [&str; 4] = ["category", "Category", "etherscan_labels", "type"];

/// Reads files of labels, each with `=CATEGORY` behind it or not. What can't be read in them is told.
pub(crate) fn read(files: &[String], note: &mut dyn FnMut(&str)) -> Result<Labels, Failure> {
    let mut labels = Labels::default();
    for named in files {
        let (path, otherwise) = match named.rsplit_once('=') {
            Some((path, word)) => {
                let category = Category::of_word(word).ok_or_else(|| {
                    let known = Category::ALL.map(Category::as_str).join(", ");
                    Failure::usage(format!("`{word}` is no category")).hint(format!("there are {known}"))
                })?;
                (Path::new(path), category)
            }
            None => (Path::new(named.as_str()), Category::Other),
        };
        let wrong =
            |finding: stix::Finding| Failure::usage(format!("{}: {}", path.display(), finding.message));
        let text = unpacked(path)?;
        let (read, findings) = match has_end(path, "csv") {
            true => table(text.as_bytes(), &columns(&text, path, otherwise)?).map_err(wrong)?,
            false => tag_pack(&text, otherwise).map_err(wrong)?,
        };
        labels.add(read);
        for finding in findings {
            note(&format!("{}: {}: {}", path.display(), finding.path, finding.message));
        }
    }
    Ok(labels)
}

/// Whether a file's name has this end, before that of its packing.
fn has_end(path: &Path, end: &str) -> bool {
    let is = |path: &Path, end: &str| path.extension().is_some_and(|found| found.eq_ignore_ascii_case(end));
    match is(path, "gz") {
        true => is(Path::new(path.file_stem().unwrap_or_default()), end),
        false => is(path, end),
    }
}

fn unpacked(path: &Path) -> Result<String, Failure> {
    let failed = |error: std::io::Error| Failure::usage(format!("{}: {error}", path.display()));
    let bytes = std::fs::read(path).map_err(failed)?;
    let mut text = Vec::new();
    let read = match bytes.starts_with(&[0x1f, 0x8b]) {
        true => MultiGzDecoder::new(&bytes[..]).take(FILE_BYTES_MAX).read_to_end(&mut text),
        false => (&bytes[..]).take(FILE_BYTES_MAX).read_to_end(&mut text),
    };
    if read.map_err(failed)? as u64 == FILE_BYTES_MAX {
        return Err(Failure::usage(format!("{} is longer than {FILE_BYTES_MAX} bytes", path.display())));
    }
    String::from_utf8(text).map_err(|_| Failure::usage(format!("{} is no text", path.display())))
}

/// What a table's columns are, by their names.
fn columns(text: &str, path: &Path, otherwise: Category) -> Result<Columns, Failure> {
    let header = text.lines().next().unwrap_or_default().trim_start_matches('\u{feff}');
    let names: Vec<&str> = header.split(',').map(|name| name.trim().trim_matches('"')).collect();
    let one = |known: &[&str]| known.iter().find(|name| names.contains(name)).map(|name| (*name).to_owned());
    let address = one(&ADDRESS).ok_or_else(|| {
        Failure::usage(format!("{}: no column has addresses", path.display()))
            .hint(format!("call it {}", ADDRESS.join(", or ")))
    })?;
    let source = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(Columns {
        address,
        name: one(&NAME),
        category: one(&CATEGORY),
        otherwise,
        source: source.as_ref().into(),
        date: None,
        confidence: TABLE_CONFIDENCE,
    })
}
