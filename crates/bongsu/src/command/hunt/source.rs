//! What is hunted through: files one after the other, in pieces of whole lines.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use crate::answer::Counted;
use watch::hunt::Columns;
use watch::hunt::capture::Capture;

use super::following::{Coming, Following};
use super::packets::{PacketLines, Packets};

/// Bytes of a piece, and of one that holds a single line. A longer line is cut between two words.
const PIECE_BYTES: usize = 1 << 20;
/// Bytes of which there is room at first, where a log comes bit by bit: many may be followed.
const COMING_BYTES: usize = 64 << 10;
const LINE_BYTES_MAX: usize = 4 << 20;
/// Longest word that can be a value: a cut leaves no longer one before it.
const WORD_BYTES_MAX: usize = 8 << 10;
/// Folders below one another.
const DEPTH_MAX: usize = 64;

/// Most files that are followed, each by a thread.
pub(super) const FOLLOWED_MAX: usize = 1_000;

/// The path that stands for standard input.
const STDIN: &str = "-";

/// Whole lines of one file.
#[derive(Debug)]
pub(super) struct Piece {
    /// The file.
    pub(super) file: Arc<str>,
    /// Which file it is, in the order in which they are read.
    pub(super) file_number: usize,
    /// Which piece it is, of all.
    pub(super) number: u64,
    /// Of which packets its lines are, if the file is a capture.
    pub(super) packets: Option<PacketLines>,
    /// What the columns are, if it is of a table.
    pub(super) columns: Option<Arc<Columns>>,
}

/// What could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unread {
    pub(super) path: String,
    pub(super) why: String,
}

/// Files and folders, and how far they were read.
pub(super) struct Sources {
    /// What is still to be read, the next one last.
    left: Vec<(PathBuf, usize)>,
    open: Option<Open>,
    files: usize,
    pieces: u64,
    /// What could not be read, or not to its end.
    pub(super) unread: Vec<Unread>,
    done: Arc<AtomicU64>,
    /// Set to end the reading of files that are followed; `None` if none is.
    followed: Option<Arc<AtomicBool>>,
    /// How often another file came under the name of one that is followed.
    turns: Arc<AtomicUsize>,
}

struct Open {
    name: Arc<str>,
    content: Content,
}

enum Content {
    Text(Text),
    Capture(Box<Packets>),
}

struct Text {
    from: Box<dyn Read + Send>,
    /// What was read behind the last whole line.
    rest: Vec<u8>,
    has_ended: bool,
    /// Whether it comes bit by bit: what is there is looked at before more is waited for.
    is_stream: bool,
    /// Whether it begins as a table with a head does: then heads are looked for, and what the last of them said is kept.
    is_table: bool,
    columns: Option<Arc<Columns>>,
}

impl Sources {
    /// These paths, in their order. `done` is how many bytes were read of them.
    pub(super) fn new(paths: &[PathBuf], done: Arc<AtomicU64>) -> Self {
        let left = paths.iter().rev().map(|path| (path.clone(), 0)).collect();
        let turns = Arc::default();
        Self { left, open: None, files: 0, pieces: 0, unread: Vec::new(), done, followed: None, turns }
    }

    /// The same for each file that these paths lead to by now, to be read and then followed until `stop` is set; `None` if they are
    /// more than [`FOLLOWED_MAX`].
    pub(super) fn followed(
        paths: &[PathBuf],
        done: &Arc<AtomicU64>,
        stop: &Arc<AtomicBool>,
    ) -> Option<Vec<Self>> {
        let (mut left, mut all) = (Self::new(paths, Arc::clone(done)), Vec::new());
        while let Some((path, depth)) = left.left.pop() {
            let is_folder = path != Path::new(STDIN) && path.is_dir();
            if is_folder && left.begin(&path, depth).is_ok() {
                continue;
            }
            if depth == 0 || path.is_file() {
                all.push(Self { followed: Some(Arc::clone(stop)), ..Self::new(&[path], Arc::clone(done)) });
            }
            if all.len() > FOLLOWED_MAX {
                return None;
            }
        }
        Some(all)
    }

    /// How many files were opened.
    pub(super) const fn files(&self) -> usize {
        self.files
    }

    /// Reads the next piece into `piece`; `None` when there is none.
    pub(super) fn next(&mut self, piece: &mut Vec<u8>) -> Option<Piece> {
        loop {
            let Some(open) = &mut self.open else {
                let (path, depth) = self.left.pop()?;
                if let Err(error) = self.begin(&path, depth) {
                    self.unread.push(Unread { path: path.display().to_string(), why: error.to_string() });
                }
                continue;
            };
            let name = Arc::clone(&open.name);
            // What is read now ends with the file that was read; what another begins with comes next.
            let file_number = self.files + self.turns.load(Ordering::Relaxed);
            // What was read before a fault is looked at all the same.
            let (packets, columns, faults) = match &mut open.content {
                Content::Text(text) => {
                    let fault = text.fill(piece).err();
                    (None, text.columns(piece), Vec::from_iter(fault.map(|error| error.to_string())))
                }
                Content::Capture(packets) => {
                    let (lines, faults) = packets.fill(piece);
                    (Some(lines), None, faults)
                }
            };
            self.unread.extend(faults.into_iter().map(|why| Unread { path: name.to_string(), why }));
            if piece.is_empty() && packets.as_ref().is_none_or(|packets| packets.count == 0) {
                self.open = None;
                continue;
            }
            self.pieces += 1;
            return Some(Piece { file: name, file_number, number: self.pieces - 1, packets, columns });
        }
    }

    /// Opens a file, or puts what is in a folder before all else.
    fn begin(&mut self, path: &Path, depth: usize) -> io::Result<()> {
        if depth == 0 && path == Path::new(STDIN) {
            let name = "standard input".into();
            return match &self.followed {
                Some(stop) => {
                    let from = Coming::through(io::stdin(), Arc::clone(stop))?;
                    self.read(name, from, true)
                }
                None => self.read(name, io::stdin(), true),
            };
        }
        let about = if depth == 0 { std::fs::metadata(path)? } else { std::fs::symlink_metadata(path)? };
        if about.is_dir() {
            if depth >= DEPTH_MAX {
                return Err(io::Error::other(format!("more than {DEPTH_MAX} folders below one another")));
            }
            let mut inside = std::fs::read_dir(path)?
                .map(|entry| entry.map(|entry| entry.path()))
                .collect::<Result<Vec<_>, _>>()?;
            inside.sort_unstable();
            self.left.extend(inside.into_iter().rev().map(|path| (path, depth + 1)));
            return Ok(());
        }
        // In a folder, links would lead out of it and pipes would wait.
        if depth > 0 && !about.is_file() {
            return Ok(());
        }
        let name = path.display().to_string().into();
        match &self.followed {
            Some(stop) => {
                let from = Following::open(path, Arc::clone(stop), Arc::clone(&self.turns))?;
                self.read(name, from, true)
            }
            None => self.read(name, File::open(path)?, !about.is_file()),
        }
    }

    fn read(&mut self, name: Arc<str>, from: impl Read + Send + 'static, is_stream: bool) -> io::Result<()> {
        let from = Counted::new(from, Arc::clone(&self.done));
        let (start, from) = begun(from)?;
        let from: Box<dyn Read + Send> = match start {
            [0x1f, 0x8b, ..] => {
                Box::new(flate2::bufread::MultiGzDecoder::new(BufReader::with_capacity(PIECE_BYTES, from)))
            }
            [0x28, 0xb5, 0x2f, 0xfd] => Box::new(zstd::Decoder::new(from)?),
            _ => Box::new(from),
        };
        let (start, from) = begun(from)?;
        let from: Box<dyn Read + Send> = Box::new(from);
        let content = match Capture::begins_with(start) {
            true => Content::Capture(Box::new(Packets::new(from, is_stream))),
            false => Content::Text(Text {
                from,
                rest: Vec::new(),
                has_ended: false,
                is_stream,
                is_table: start[0] == b'#',
                columns: None,
            }),
        };
        self.files += 1;
        self.open = Some(Open { name, content });
        Ok(())
    }
}

/// The first bytes, with zeros behind the end, and all that there is from the first on.
fn begun<R: Read>(mut from: R) -> io::Result<([u8; 4], impl Read + use<R>)> {
    let mut start = [0; 4];
    let (length, failed) = up_to(&mut from, &mut start);
    match failed {
        Some(error) => Err(error),
        None => Ok((start, io::Cursor::new(start).take(length as u64).chain(from))),
    }
}

impl Text {
    /// The columns at the beginning of a piece that was read.
    fn columns(&mut self, piece: &[u8]) -> Option<Arc<Columns>> {
        let before = self.columns.take();
        if self.is_table {
            self.columns = Columns::after(piece, before.clone());
        }
        before
    }

    /// Reads whole lines; nothing at the end, or behind what can't be read.
    fn fill(&mut self, piece: &mut Vec<u8>) -> io::Result<()> {
        piece.clear();
        piece.append(&mut self.rest);
        let mut searched = 0;
        while !self.has_ended {
            let length = piece.len();
            let wanted = match length {
                ..COMING_BYTES if self.is_stream => COMING_BYTES,
                ..PIECE_BYTES => PIECE_BYTES,
                _ => LINE_BYTES_MAX,
            };
            piece.resize(wanted, 0);
            let (read, failed) = match self.is_stream {
                true => once(&mut self.from, &mut piece[length..]),
                false => up_to(&mut self.from, &mut piece[length..]),
            };
            piece.truncate(length + read);
            if let Some(error) = failed {
                self.has_ended = true;
                return Err(error);
            }
            self.has_ended = if self.is_stream { read == 0 } else { piece.len() < wanted };
            if self.has_ended {
                break;
            }
            let end = memchr::memrchr(b'\n', &piece[searched..]).map(|at| searched + at + 1);
            searched = piece.len();
            let end = end.or_else(|| (piece.len() >= LINE_BYTES_MAX).then(|| between_words(piece)));
            if let Some(end) = end {
                self.rest = piece.split_off(end);
                break;
            }
        }
        Ok(())
    }
}

/// The last place between two words.
fn between_words(piece: &[u8]) -> usize {
    let is_between =
        |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b',' | b'"' | b'\'' | b'|' | b';' | 0);
    let tail = piece.len().saturating_sub(WORD_BYTES_MAX);
    piece[tail..].iter().rposition(is_between).map_or(piece.len(), |at| tail + at + 1)
}

/// Reads what is there, and waits only if that is nothing.
pub(super) fn once(from: &mut impl Read, to: &mut [u8]) -> (usize, Option<io::Error>) {
    loop {
        match from.read(to) {
            Ok(read) => return (read, None),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (0, Some(error)),
        }
    }
}

/// Fills a buffer as far as there is something to read, and says what went wrong then.
pub(super) fn up_to(from: &mut impl Read, mut to: &mut [u8]) -> (usize, Option<io::Error>) {
    let mut all = 0;
    while !to.is_empty() {
        match from.read(to) {
            Ok(0) => break,
            Ok(read) => {
                all += read;
                to = &mut to[read..];
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (all, Some(error)),
        }
    }
    (all, None)
}
