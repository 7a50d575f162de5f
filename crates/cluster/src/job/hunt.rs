//! `bongsu-cluster hunt`: the finds of `bongsu hunt`, in archives.

use anyhow::{Result, bail};
use datafusion::arrow::array::AsArray as _;
use datafusion::arrow::datatypes::{Int64Type, UInt32Type, UInt64Type};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::physical_plan::execute_stream;
use datafusion::prelude::SessionContext;
use futures_util::StreamExt as _;
use serde_json::json;
use std::collections::{BTreeMap, HashSet};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;
use stix::Timestamp;

use super::told::{Out, at, bytes, numbers, text, visible};
use crate::archive::{Archive, Form, Pieces};
use crate::cli::HuntArgs;
use crate::engine::{self, Engine};
use crate::kernel::{Hunt, Kept, Kernel, KernelTable, Lines, Watched};

/// The longest head of a table that is looked for at a file's beginning, in bytes.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// Hunts. It ends as `grep` does: 0 if something was found, 1 if nothing was, 2 for errors.
///
/// # Errors
/// When an archive or the watch file can't be read, or the cluster fails.
pub(super) async fn run(args: &HuntArgs) -> Result<ExitCode> {
    let begun = Instant::now();
    let engine = Engine::at(args.place.scheduler.as_deref()).await?;
    let session = engine::session(args.place.parts())?;
    let archive = Arc::new(Archive::open(&session.state(), &args.archives).await?);
    let lines = lines(&archive, args.column.as_deref())?;
    let columns = match &lines {
        Lines::Column(name) => archive.column(name).into_iter().collect(),
        Lines::Objects => (0..archive.schema.fields().len()).collect(),
    };
    let pieces = Pieces { archive: Arc::clone(&archive), columns, parts: args.place.parts() };
    let runtime = session.runtime_env();
    let hunt = Hunt {
        watch: Kept::now(&runtime, &args.watch).await?,
        key: args.key.clone(),
        heads: if lines == Lines::Objects { BTreeMap::new() } else { heads(&session, &pieces).await? },
        lines,
    };
    let watched = hunt.watched(&runtime).await.map_err(|error| error.context(args.watch.clone()))?;
    let table = KernelTable { pieces, kernel: Kernel::Hunt(hunt) };
    session.register_table("finds", Arc::new(table))?;
    let frame = session.sql("SELECT * FROM finds ORDER BY file, line, place").await?;
    let mut rows = engine.sorted(&session, frame).await?;
    let mut telling = Telling::new(args, &archive, &watched);
    while !telling.has_enough() {
        let Some(rows) = rows.next().await? else { break };
        telling.take(&rows)?;
    }
    telling.end(begun)
}

/// What of a row is looked through.
fn lines(archive: &Archive, column: Option<&str>) -> Result<Lines> {
    if let Some(name) = column {
        return match archive.column(name) {
            Some(_) => Ok(Lines::Column(name.to_owned())),
            None => bail!("the archive has no column {name}; it has {}", archive.columns().join(", ")),
        };
    }
    let mut columns = archive.columns();
    match (columns.pop(), columns.is_empty()) {
        (Some(only), true) => Ok(Lines::Column(only)),
        (Some(_), false) => Ok(Lines::Objects),
        (None, _) => bail!("the archive has no columns"),
    }
}

/// The heads of tables (lines that begin with `#`) at the beginnings of files of several pieces.
async fn heads(session: &SessionContext, pieces: &Pieces) -> Result<BTreeMap<u32, String>> {
    let mut heads = BTreeMap::new();
    if pieces.archive.form != Form::Parquet {
        return Ok(heads);
    }
    for (number, first) in pieces.archive.first_pieces() {
        let only = Pieces { archive: Arc::new(first), columns: pieces.columns.clone(), parts: 1 };
        let mut stream = execute_stream(only.plan()?, session.state().task_ctx())?;
        let Some(rows) = stream.next().await.transpose()? else { continue };
        let Some(column) = rows.columns().first() else { continue };
        let Ok(column) =
            datafusion::arrow::compute::cast(column, &datafusion::arrow::datatypes::DataType::Utf8)
        else {
            continue;
        };
        let Some(texts) = column.as_string_opt::<i32>() else { continue };
        let mut head = String::new();
        for line in texts.iter().map_while(|line| line.filter(|line| line.starts_with('#'))) {
            if head.len() + line.len() > HEAD_BYTES_MAX {
                break;
            }
            head.push_str(line);
            head.push('\n');
        }
        if !head.is_empty() {
            heads.insert(number, head);
        }
    }
    Ok(heads)
}

/// Tells finds as they come.
struct Telling<'a> {
    args: &'a HuntArgs,
    archive: &'a Archive,
    watched: &'a Watched,
    out: Out,
    finds: u64,
    different: HashSet<String>,
    lines: u64,
    bytes: u64,
}

impl<'a> Telling<'a> {
    fn new(args: &'a HuntArgs, archive: &'a Archive, watched: &'a Watched) -> Self {
        let (out, different) = (Out::new(), HashSet::new());
        Self { args, archive, watched, out, finds: 0, different, lines: 0, bytes: 0 }
    }

    fn has_enough(&self) -> bool {
        self.out.is_closed || self.args.most.is_some_and(|most| self.finds >= most)
    }

    fn take(&mut self, rows: &RecordBatch) -> Result<()> {
        let files = numbers::<UInt32Type>(rows, "file")?;
        let lines = numbers::<UInt64Type>(rows, "line")?;
        let values = numbers::<UInt32Type>(rows, "value")?;
        let times = numbers::<Int64Type>(rows, "at")?;
        let (read, size) = (numbers::<UInt64Type>(rows, "lines")?, numbers::<UInt64Type>(rows, "bytes")?);
        for row in 0..rows.num_rows() {
            if self.has_enough() {
                break;
            }
            self.lines += at(read, row).unwrap_or(0);
            self.bytes += at(size, row).unwrap_or(0);
            let Some(value) = at(values, row) else { continue };
            let known = self.watched.known(value)?;
            let (value, said) = &*known;
            let (file, line) = (self.archive.name(files.value(row)), lines.value(row));
            let found = text(rows, "found", row)?.unwrap_or_default();
            let how = text(rows, "how", row)?.unwrap_or_default();
            let excerpt = bytes(rows, "text", row)?.unwrap_or_default();
            let told = if self.args.json {
                let time = at(times, row).map(|micros| Timestamp::from_micros(micros).to_string());
                json!({
                    "file": file, "line": line, "found": found, "how": how, "value": value.text(), "kind": said.kind,
                    "by": said.by, "text": String::from_utf8_lossy(excerpt), "at": time,
                })
                .to_string()
            } else {
                let who = said.by.first().map(|by| {
                    let name = by.name.as_deref().filter(|name| *name != value.text());
                    let name = name.map(|name| format!(" {name},")).unwrap_or_default();
                    let sure = by.confidence.map(|sure| format!(", confidence {sure}")).unwrap_or_default();
                    visible(format!(" —{name} {}, {}{sure}, {}", by.circle, by.tlp, by.indicator).as_bytes())
                });
                let what = match found == value.text() {
                    true => visible(found.as_bytes()),
                    false => visible(format!("{found} ({how} {})", value.text()).as_bytes()),
                };
                let (file, who) = (visible(file.as_bytes()), who.unwrap_or_default());
                format!("{file}:{line}: {what}{who}\n    {}", visible(excerpt))
            };
            self.out.line(&told)?;
            self.finds += 1;
            self.different.insert(said.value.clone());
        }
        Ok(())
    }

    fn end(mut self, begun: Instant) -> Result<ExitCode> {
        let (seconds, made) = (begun.elapsed().as_secs_f64(), &self.watched.header.made);
        let (files, watched) = (self.archive.files.len(), self.watched.header.values);
        if self.args.json {
            let summary = json!({"summary": {
                "finds": self.finds, "different": self.different.len(), "files": files, "lines": self.lines,
                "bytes": self.bytes, "watched": watched, "tlp": made.tlp, "seconds": seconds,
            }});
            self.out.line(&summary.to_string())?;
        } else {
            eprintln!(
                "{} finds of {} values; {watched} values looked for in {} lines of {files} files, {:.1} MB in {seconds:.2} s. {}",
                self.finds,
                self.different.len(),
                self.lines,
                self.bytes as f64 / 1e6,
                made.tlp
            );
        }
        self.out.end()?;
        Ok(ExitCode::from(u8::from(self.finds == 0)))
    }
}
