//! What waits to be sent to members, on the disk: one file for each member, replaced as a whole.
//!
//! A message is written, and synced, before it is sent for the first time, and is the same whenever it is sent again: so a
//! node that is killed loses none, and one whose success it could not write down is sent again under the same id. The file
//! also says how far the member was told; the two change together. Files hold no credential. They may be removed: then the
//! member is told once more of all that has changed since its subscription began.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;

use policy::MemberId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::position::Position;

const VERSION: u8 = 1;
/// Bytes of a member's file.
const FILE_BYTES_MAX: u64 = 64 << 20;
/// Messages that were given up and are kept; of more, the oldest go.
pub const DEAD_MAX: usize = 100;
/// Bytes of their bodies together; of more, the oldest go: of the longest mails, eight are kept. With what waits, and escaped as
/// JSON, they stay below the limit of a file.
pub const DEAD_BYTES_MAX: usize = 16 << 20;
/// Messages that were taken and are remembered.
pub const DONE_MAX: usize = 20;

/// A message, as it is sent every time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// What identifies it: the receiver drops a second one with the same.
    pub id: String,
    /// What is sent.
    pub body: String,
    /// How far it brings the member.
    pub upto: Position,
    /// When it was made, in microseconds since 1970.
    pub made_us: i64,
    /// From when on its day of trying counts: when it was made, or taken up again.
    pub since_us: i64,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next.
    pub next_us: i64,
    /// Why it was not taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A message that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// Its id.
    pub id: String,
    /// When it was made.
    pub made_us: i64,
    /// When it was taken.
    pub taken_us: i64,
    /// How often it was tried.
    pub attempts: u32,
}

/// What waits for a member, what was given up, and how far it was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    v: u8,
    /// The subscription; with another one, all begins anew.
    pub subscription: Uuid,
    /// How far the member was told, or will be by what waits.
    pub told: Position,
    /// How far what was taken brings the member; `None` in files written before it was noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    arrived: Option<Position>,
    /// How many messages were made.
    pub made: u64,
    /// When it was last looked whether a message is due, for what goes out at set times.
    pub looked_us: i64,
    /// What waits, in order.
    pub queue: VecDeque<Message>,
    /// What was given up, the oldest first.
    pub dead: VecDeque<Message>,
    /// What was taken last, the oldest first.
    pub done: VecDeque<Done>,
}

impl Waiting {
    /// Nothing waits, and `told` was told.
    #[must_use]
    pub fn new(subscription: Uuid, told: Position, now_us: i64) -> Self {
        let (queue, dead, done) = Default::default();
        let arrived = Some(told.clone());
        Self { v: VERSION, subscription, told, arrived, made: 0, looked_us: now_us, queue, dead, done }
    }

    /// How far what was taken brings the member: what waits or was given up may not have come to it.
    #[must_use]
    pub fn arrived(&self) -> &Position {
        self.arrived.as_ref().unwrap_or(&self.told)
    }

    /// Puts the first message aside as given up.
    pub fn give_up(&mut self) {
        self.dead.extend(self.queue.pop_front());
        let mut bytes: usize = self.dead.iter().map(|message| message.body.len()).sum();
        while self.dead.len() > DEAD_MAX || bytes > DEAD_BYTES_MAX {
            bytes -= self.dead.pop_front().map_or(bytes, |message| message.body.len());
        }
    }

    /// Takes the first message out as taken.
    pub fn take(&mut self, now_us: i64) {
        let Some(message) = self.queue.pop_front() else { return };
        let Message { id, made_us, attempts, upto, .. } = message;
        // What was taken up again is older than what was taken meanwhile.
        self.arrived = Some(if self.queue.is_empty() { self.told.clone() } else { upto });
        self.done.push_back(Done { id, made_us, taken_us: now_us, attempts });
        while self.done.len() > DONE_MAX {
            self.done.pop_front();
        }
    }

    /// Lets messages go whose text `holds` something that was erased: of what was given up, those; of what waits, all, and the
    /// member is told anew of what it has not got. Gives how many went.
    pub fn forget(&mut self, holds: impl Fn(&str) -> bool) -> usize {
        let before = self.queue.len() + self.dead.len();
        self.dead.retain(|message| !holds(&message.body));
        if self.queue.iter().any(|message| holds(&message.body)) {
            self.told = self.arrived().clone();
            self.queue.clear();
        }
        before - self.queue.len() - self.dead.len()
    }

    /// Puts what was given up back, before what waits, to be tried at once; gives how many that are.
    pub fn revive(&mut self, now_us: i64) -> usize {
        let count = self.dead.len();
        while let Some(message) = self.dead.pop_back() {
            let error = message.error.clone();
            self.queue.push_front(Message {
                attempts: 0,
                since_us: now_us,
                next_us: now_us,
                error,
                ..message
            });
        }
        count
    }
}

/// A folder with a file for each member.
#[derive(Debug, Clone)]
pub struct Outbox {
    folder: PathBuf,
}

impl Outbox {
    /// The files in `folder`, which is made when the first is written.
    #[must_use]
    pub const fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    fn path(&self, member: MemberId) -> PathBuf {
        self.folder.join(format!("{}.json", member.uuid().simple()))
    }

    /// What waits for a member; `None` if there is no file.
    ///
    /// # Errors
    /// When the file can't be read, or is none of this program's.
    pub fn read(&self, member: MemberId) -> io::Result<Option<Waiting>> {
        let file = match File::open(self.path(member)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let mut text = String::new();
        file.take(FILE_BYTES_MAX).read_to_string(&mut text)?;
        let waiting: Waiting = serde_json::from_str(&text)?;
        match waiting.v {
            VERSION => Ok(Some(waiting)),
            found => {
                let why =
                    format!("it has version {found}, this program knows {VERSION}: use a newer program");
                Err(io::Error::new(io::ErrorKind::InvalidData, why))
            }
        }
    }

    /// Keeps what waits for a member; it is on the disk when this returns.
    ///
    /// # Errors
    /// When it can't be written; then what was there before is still there.
    pub fn write(&self, member: MemberId, waiting: &Waiting) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(&serde_json::to_vec(waiting)?)?;
        file.as_file().sync_all()?;
        file.persist(self.path(member))?;
        File::open(&self.folder)?.sync_all()
    }

    /// Removes a member's file.
    ///
    /// # Errors
    /// When it is there and can't be removed.
    pub fn remove(&self, member: MemberId) -> io::Result<()> {
        match fs::remove_file(self.path(member)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}
