//! What waits to be sent to members, on the disk: one file for each member, replaced as a whole; or, where several nodes serve beside
//! one database, one value there, compared and set. What lies in files from when a node served alone moves there.
//!
//! A message is written, and synced, before it is sent for the first time, and is the same whenever it is sent again: so a
//! node that is killed loses none, and one whose success it could not write down is sent again under the same id. The file
//! also says how far the member was told; the two change together. Files hold no credential. They may be removed: then the
//! member is told once more of all that has changed since its subscription began.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use line::{Beside, Room, StorageError};
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

/// Where what waits is kept: a folder with a file for each member, or a room of the database that nodes share.
#[derive(Clone)]
pub struct Outbox {
    place: Place,
}

#[derive(Clone)]
enum Place {
    Folder(PathBuf),
    /// The room, under what its keys begin, and the folder in which it was kept while this node was alone.
    Room(Arc<dyn Values>, &'static str, PathBuf),
}

/// A room of the database, as far as it is needed here.
trait Values: Send + Sync {
    /// What is kept under a key, and its version.
    fn get(&self, key: &str) -> Result<Option<(Vec<u8>, i64)>, StorageError>;
    /// As [`Room::swap`].
    fn swap(&self, key: &str, value: &[u8], version: Option<i64>) -> Result<Option<i64>, StorageError>;
    /// Takes a value away.
    fn remove(&self, key: &str) -> Result<(), StorageError>;
}

impl Values for Room {
    fn get(&self, key: &str) -> Result<Option<(Vec<u8>, i64)>, StorageError> {
        Ok(Self::get(self, key)?.map(|kept| (kept.value, kept.version)))
    }

    fn swap(&self, key: &str, value: &[u8], version: Option<i64>) -> Result<Option<i64>, StorageError> {
        Self::swap(self, key, Some(value), version)
    }

    fn remove(&self, key: &str) -> Result<(), StorageError> {
        Self::remove(self, key).map(drop)
    }
}

/// The version of what is kept for a member, where others may change it meanwhile.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Version(Option<i64>);

impl Outbox {
    /// The files in `folder`, which is made when the first is written.
    #[must_use]
    pub const fn new(folder: PathBuf) -> Self {
        Self { place: Place::Folder(folder) }
    }

    /// Kept in the database, where the node that takes over finds it; `channel` tells this outbox from others. What lies in `folder`
    /// from when this node was alone is gone on with.
    #[must_use]
    pub fn beside(beside: &Beside, channel: &'static str, folder: PathBuf) -> Self {
        Self { place: Place::Room(Arc::new(beside.room("push")), channel, folder) }
    }

    /// Whether other nodes may change what is kept.
    #[must_use]
    pub const fn is_shared(&self) -> bool {
        matches!(self.place, Place::Room(..))
    }

    /// What waits for a member, with its version; `None` if nothing is kept.
    ///
    /// # Errors
    /// When it can't be read, or is none of this program's.
    pub fn read(&self, member: MemberId) -> io::Result<Option<(Waiting, Version)>> {
        let kept = match &self.place {
            Place::Folder(_) => None,
            Place::Room(room, channel, _) => room.get(&key_of(channel, member)).map_err(io::Error::other)?,
        };
        let (text, version) = match (kept, &self.place) {
            (Some((text, version)), _) => (text, Version(Some(version))),
            (None, Place::Folder(folder) | Place::Room(.., folder)) => {
                let Some(text) = read(&folder.join(file_of(member)))? else { return Ok(None) };
                (text, Version::default())
            }
        };
        Ok(Some((parse(&text)?, version)))
    }

    /// Lets go what is kept for a member.
    ///
    /// # Errors
    /// When it is there and can't be removed.
    pub fn remove(&self, member: MemberId) -> io::Result<()> {
        if let Place::Room(room, channel, _) = &self.place {
            room.remove(&key_of(channel, member)).map_err(io::Error::other)?;
        }
        let (Place::Folder(folder) | Place::Room(.., folder)) = &self.place;
        remove(&folder.join(file_of(member)))
    }

    /// Moves what lies in the folder from when this node was alone to where all nodes see it, unless something is kept there already. If
    /// others may have erased something since, no text moves with it: members are told anew of what they have not got.
    ///
    /// # Errors
    /// When something can't be kept or removed: it is safe to repeat.
    pub fn move_in(&self, may_hold_erased: bool) -> io::Result<()> {
        let Place::Room(room, channel, folder) = &self.place else { return Ok(()) };
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            if !entry.file_type()?.is_file() {
                continue;
            }
            let path = entry.path();
            let member = path.file_stem().and_then(|name| Uuid::try_parse(name.to_str()?).ok());
            // What is no member's, or can't be read, was never whole, or is of a newer program: members are told once more of all then.
            let waiting = read(&path)?.and_then(|text| parse(&text).ok());
            if let (Some(member), Some(mut waiting)) = (member.map(MemberId::new), waiting) {
                if may_hold_erased {
                    waiting.forget(|_| true);
                }
                let text = serde_json::to_vec(&waiting)?;
                // Where another was quicker, or has gone on long since, what it keeps holds.
                room.swap(&key_of(channel, member), &text, None).map_err(io::Error::other)?;
            }
            remove(&path)?;
        }
        Ok(())
    }

    /// Keeps what waits for a member in the place of that version; it is durable when this returns. Gives its new version.
    ///
    /// # Errors
    /// When it can't be written, or another node has changed it since; then what was there before is still there.
    pub fn write(&self, member: MemberId, waiting: &Waiting, version: Version) -> io::Result<Version> {
        let text = serde_json::to_vec(waiting)?;
        match &self.place {
            Place::Folder(folder) => {
                fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
                let mut file = tempfile::NamedTempFile::new_in(folder)?;
                file.write_all(&text)?;
                file.as_file().sync_all()?;
                file.persist(folder.join(file_of(member)))?;
                File::open(folder)?.sync_all()?;
                Ok(Version::default())
            }
            Place::Room(room, channel, folder) => {
                let kept = room.swap(&key_of(channel, member), &text, version.0);
                let Some(new) = kept.map_err(io::Error::other)? else {
                    return Err(io::Error::other("another node has changed it meanwhile; tried again"));
                };
                // What was gone on with is in the database now: nobody would take out of the file what others erase.
                if let Err(error) = remove(&folder.join(file_of(member))) {
                    tracing::warn!(%error, "what was kept for a member while this node was alone can't be removed");
                }
                Ok(Version(Some(new)))
            }
        }
    }
}

/// What is in a file; `None` if it is not there.
fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let mut text = Vec::new();
    file.take(FILE_BYTES_MAX).read_to_end(&mut text)?;
    Ok(Some(text))
}

fn parse(text: &[u8]) -> io::Result<Waiting> {
    let waiting: Waiting = serde_json::from_slice(text)?;
    match waiting.v {
        VERSION => Ok(waiting),
        found => {
            let why = format!("it has version {found}, this program knows {VERSION}: use a newer program");
            Err(io::Error::new(io::ErrorKind::InvalidData, why))
        }
    }
}

/// Removes a file, if it is there.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn file_of(member: MemberId) -> String {
    format!("{}.json", member.uuid().simple())
}

fn key_of(channel: &str, member: MemberId) -> String {
    format!("{channel}.{}", member.uuid().simple())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use parking_lot::Mutex;

    use super::*;

    const M: MemberId = MemberId::new(Uuid::from_u128(5));

    /// A room in memory.
    #[derive(Default)]
    struct InMemory(Mutex<BTreeMap<String, (Vec<u8>, i64)>>);

    impl Values for InMemory {
        fn get(&self, key: &str) -> Result<Option<(Vec<u8>, i64)>, StorageError> {
            Ok(self.0.lock().get(key).cloned())
        }

        fn swap(&self, key: &str, value: &[u8], version: Option<i64>) -> Result<Option<i64>, StorageError> {
            let mut kept = self.0.lock();
            if kept.get(key).map(|(_, version)| *version) != version {
                return Ok(None);
            }
            let new = version.unwrap_or_default() + 1;
            kept.insert(key.to_owned(), (value.to_vec(), new));
            Ok(Some(new))
        }

        fn remove(&self, key: &str) -> Result<(), StorageError> {
            self.0.lock().remove(key);
            Ok(())
        }
    }

    /// What waits for a member, with a text in it, kept in a file while the node was alone.
    fn alone(folder: &Path) -> Waiting {
        let mut waiting = Waiting::new(Uuid::from_u128(9), Position::default(), 1);
        (waiting.made, waiting.looked_us) = (7, 7);
        waiting.queue.push_back(Message {
            id: "one".to_owned(),
            body: "evil.top".to_owned(),
            upto: Position::default(),
            made_us: 2,
            since_us: 2,
            attempts: 1,
            next_us: 3,
            error: None,
        });
        waiting.dead.extend(waiting.queue.front().cloned());
        Outbox::new(folder.to_owned()).write(M, &waiting, Version::default()).unwrap();
        waiting
    }

    fn beside(folder: &Path) -> (Outbox, Arc<InMemory>) {
        let room = Arc::new(InMemory::default());
        (Outbox { place: Place::Room(Arc::clone(&room) as _, "webhook", folder.to_owned()) }, room)
    }

    fn files(folder: &Path) -> usize {
        fs::read_dir(folder).unwrap().count()
    }

    #[test]
    fn a_file_from_when_the_node_was_alone_goes_once_it_is_gone_on_with() {
        let dir = tempfile::tempdir().unwrap();
        let old = alone(dir.path());
        let (outbox, _) = beside(dir.path());
        let (mut waiting, version) = outbox.read(M).unwrap().unwrap();
        assert_eq!((&waiting, files(dir.path())), (&old, 1));
        waiting.take(4);
        let version = outbox.write(M, &waiting, version).unwrap();
        assert_eq!(files(dir.path()), 0, "it would keep what others erase");
        assert_eq!(outbox.read(M).unwrap(), Some((waiting, version)));
    }

    #[test]
    fn what_was_kept_alone_moves_in_without_texts_that_others_may_have_erased() {
        for may_hold_erased in [false, true] {
            let dir = tempfile::tempdir().unwrap();
            let old = alone(dir.path());
            fs::write(dir.path().join(".tmp1"), "evil.top").unwrap();
            let (outbox, room) = beside(dir.path());
            outbox.move_in(may_hold_erased).unwrap();
            assert_eq!(files(dir.path()), 0);
            let (waiting, _) = outbox.read(M).unwrap().unwrap();
            assert_eq!((waiting.made, &waiting.told), (7, &old.told));
            let holds = |(text, _): &(Vec<u8>, i64)| String::from_utf8_lossy(text).contains("evil.top");
            assert_eq!(room.0.lock().values().any(holds), !may_hold_erased);
            outbox.move_in(may_hold_erased).unwrap();
        }
    }

    #[test]
    fn what_is_kept_beside_the_database_is_not_overwritten_by_what_was_kept_alone() {
        let dir = tempfile::tempdir().unwrap();
        let (outbox, _) = beside(dir.path());
        let newer = Waiting::new(Uuid::from_u128(9), Position::default(), 50);
        let version = outbox.write(M, &newer, Version::default()).unwrap();
        alone(dir.path());
        outbox.move_in(false).unwrap();
        assert_eq!((outbox.read(M).unwrap(), files(dir.path())), (Some((newer, version)), 0));
    }
}
