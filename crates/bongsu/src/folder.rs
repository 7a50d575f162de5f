//! The data folder: what lies in it, who holds it, and its secrets.
//!
//! | file | what |
//! | --- | --- |
//! | `bongsu.toml` | configuration |
//! | `node.lock` | held (flock) by the one process that works on the folder; its text says which |
//! | `bongsu.sqlite` | the lines, opened by `line` alone |
//! | `node.key` | name and ed25519 seed, mode 0600 |
//! | `token.secret` | 256 bits that key the stored form of tokens, mode 0600 |
//! | `private.secret` | 256 bits from which the keys of private screening grow, mode 0600; made when it is first needed |
//! | `place` | by what it is told from folders of other nodes beside the same database; made when it is first needed |
//! | `admin.sock` | where a serving node takes commands, mode 0600 |
//! | `statuses` | TAXII statuses in which something waits for an operator |
//! | `push` | what waits to be sent to members, and how far they were told |
//! | `screenings.jsonl` | the record of screenings |
//! | `search.sqlite` | the index of words for searching, which is made anew if it is removed |
//! | `values.index` | the index of values, which is made anew if it is removed |
//! | `lists` | the files of sources that are lists, as they were taken last |
//! | `ca` | the node's own authority for certificates, if it has one: its key (mode 0600), its certificate, what it took back |
//! | `cases` | what was found in cases when they were traced last; made anew by `bongsu case trace` |
//! | `accesses` | who looked at what, a file for each month |
//! | `trees` | the public trees of circles' lines, and their newest cosigned checkpoints; made anew if it is removed |
//! | `witness` | the last checkpoint of each log that this node witnesses: without it, it would cosign another history |
//! | `zones` | members' zones as they were last handed out; may be removed |
//!
//! The folder itself has mode 0700. Secrets are written once, never logged, and refused when others on the
//! machine could read them.

use crate::exit::{Exit, Failure};
use crate::screening::Places;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// Bytes of each secret.
pub(crate) const SECRET_BYTES: usize = 32;
const NODE_KEY: &str = "node.key";
const TOKEN_SECRET: &str = "token.secret";
const PRIVATE_SECRET: &str = "private.secret";
const PLACE: &str = "place";

/// A data folder.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    dir: PathBuf,
}

/// The folder's lock, held as long as this value lives.
#[derive(Debug)]
pub(crate) struct Held {
    file: File,
}

/// What `init` makes.
#[derive(Clone)]
pub(crate) struct Secrets {
    /// The node's name, as in its checkpoints.
    pub name: String,
    /// Seed of the node's ed25519 key.
    pub node_seed: [u8; SECRET_BYTES],
    /// Key of the stored form of tokens.
    pub token_secret: [u8; SECRET_BYTES],
}

impl Folder {
    pub(crate) fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.dir.join("bongsu.toml")
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.dir.join("admin.sock")
    }

    pub(crate) fn authority(&self) -> PathBuf {
        self.dir.join("ca")
    }

    pub(crate) fn cases(&self) -> PathBuf {
        self.dir.join("cases")
    }

    pub(crate) fn zones(&self) -> PathBuf {
        self.dir.join("zones")
    }

    pub(crate) fn screening(&self) -> Places {
        Places { index: self.dir.join("values.index"), record: self.dir.join("screenings.jsonl") }
    }

    pub(crate) fn search(&self) -> PathBuf {
        self.dir.join(search::FILE)
    }

    pub(crate) fn lists(&self) -> PathBuf {
        self.dir.join("lists")
    }

    pub(crate) fn push(&self) -> PathBuf {
        self.dir.join("push")
    }

    pub(crate) fn witness(&self) -> PathBuf {
        self.dir.join("witness")
    }

    /// Where it is kept who looked at what.
    pub(crate) fn accesses(&self) -> PathBuf {
        self.dir.join("accesses")
    }

    pub(crate) fn statuses(&self) -> PathBuf {
        self.dir.join("statuses")
    }

    /// Whether `init` was here.
    pub(crate) fn is_node(&self) -> bool {
        self.dir.join(NODE_KEY).exists()
    }

    /// Whether the secret of private screening was made.
    pub(crate) fn has_private_secret(&self) -> bool {
        self.dir.join(PRIVATE_SECRET).exists()
    }

    /// By what this folder is told from those of other nodes beside the same database; `new` becomes it where there is none.
    ///
    /// # Errors
    /// When it can't be read or written.
    pub(crate) fn place(&self, new: uuid::Uuid) -> Result<uuid::Uuid, Failure> {
        let path = self.dir.join(PLACE);
        if !path.exists() {
            self.write_secret(PLACE, &format!("{new}\n"))?;
        }
        let text = self.read_secret(PLACE)?;
        uuid::Uuid::try_parse(text.trim()).map_err(|_| {
            Failure::new(format!("{} is damaged: no UUID", path.display()))
                .hint("remove it: the record of screenings of this node begins anew then")
        })
    }

    /// Whether there are lines in a file here.
    pub(crate) fn has_file(&self) -> bool {
        std::fs::metadata(self.dir.join(line::store::FILE)).is_ok_and(|file| file.len() > 0)
    }

    /// Makes the folder with its secrets.
    ///
    /// # Errors
    /// When the folder is a node's already, or can't be written.
    pub(crate) fn create(&self, secrets: &Secrets) -> Result<(), Failure> {
        if self.is_node() {
            return Err(Failure::new(format!("{} is a node's folder already", self.dir.display()))
                .hint("use it, or name another one with --data; nothing was changed"));
        }
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.dir);
        made.map_err(|error| self.failed("made", &error))?;
        // A folder that was there before is the node's own from here on.
        let closed = std::fs::set_permissions(&self.dir, std::fs::Permissions::from_mode(0o700));
        closed.map_err(|error| self.failed("closed to others", &error))?;
        // An `init` that was ended between its two secrets left the first. Where there are lines, their tokens hang on it.
        if !self.dir.join(line::store::FILE).exists() {
            let _not_there = std::fs::remove_file(self.dir.join(TOKEN_SECRET));
        }
        self.write_secret(TOKEN_SECRET, &format!("{}\n", STANDARD.encode(secrets.token_secret)))?;
        let key = format!("{}\n{}\n", secrets.name, STANDARD.encode(secrets.node_seed));
        self.write_secret(NODE_KEY, &key)
    }

    /// Makes sure that this is a node's folder.
    ///
    /// # Errors
    /// When it is not.
    pub(crate) fn require(&self) -> Result<(), Failure> {
        match self.dir.join(NODE_KEY).try_exists() {
            Ok(true) => return Ok(()),
            Ok(false) => {}
            Err(error) => {
                return Err(self.failed("looked into", &error).hint("run bongsu as the node's own user"));
            }
        }
        Err(Failure::new(format!("{} is no node's folder: {NODE_KEY} is missing", self.dir.display()))
            .hint("make one with `bongsu init`, or name yours with --data or BONGSU_DATA"))
    }

    /// Reads the secrets.
    ///
    /// # Errors
    /// When this is no node's folder, or a secret is damaged or readable by others.
    pub(crate) fn secrets(&self) -> Result<Secrets, Failure> {
        self.require()?;
        let key = self.read_secret(NODE_KEY)?;
        let (name, seed) = key.split_once('\n').unwrap_or((&key, ""));
        Ok(Secrets {
            name: name.to_owned(),
            node_seed: self.decode(NODE_KEY, seed)?,
            token_secret: self.decode(TOKEN_SECRET, &self.read_secret(TOKEN_SECRET)?)?,
        })
    }

    /// Takes the folder for this process and writes into the lock file who that is.
    ///
    /// # Errors
    /// [`Exit::Busy`] when another process has it.
    pub(crate) fn hold(&self) -> Result<Held, Failure> {
        let path = self.dir.join("node.lock");
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
        let mut file = file.map_err(|error| self.failed("opened", &error))?;
        match file.try_lock() {
            Ok(()) => {
                let mut held = Held { file };
                held.say(&format!("pid {}", std::process::id()));
                Ok(held)
            }
            Err(TryLockError::WouldBlock) => {
                let mut who = String::new();
                let _unreadable_is_unknown = file.read_to_string(&mut who);
                Err(Failure {
                    exit: Exit::Busy,
                    message: format!(
                        "{} is in use by another bongsu ({})",
                        self.dir.display(),
                        if who.trim().is_empty() { "unknown" } else { who.trim() }
                    ),
                    hint: Some("wait until it has finished, or stop it".to_owned()),
                })
            }
            Err(TryLockError::Error(error)) => Err(self.failed("locked", &error)),
        }
    }

    /// The secret of private screening; where there is none yet, `new` becomes it.
    ///
    /// # Errors
    /// When it can't be read or written, is damaged, or readable by others.
    pub(crate) fn private_secret(&self, new: &[u8; SECRET_BYTES]) -> Result<[u8; SECRET_BYTES], Failure> {
        if !self.dir.join(PRIVATE_SECRET).exists() {
            self.write_secret(PRIVATE_SECRET, &format!("{}\n", STANDARD.encode(new)))?;
        }
        self.decode(PRIVATE_SECRET, &self.read_secret(PRIVATE_SECRET)?)
    }

    /// Writes a secret that is not there yet: whole, or not at all.
    fn write_secret(&self, name: &str, text: &str) -> Result<(), Failure> {
        let path = self.dir.join(name);
        let write = || {
            let mut file = tempfile::NamedTempFile::new_in(&self.dir)?;
            file.write_all(text.as_bytes())?;
            file.as_file().sync_all()?;
            file.persist_noclobber(&path)?;
            File::open(&self.dir)?.sync_all()
        };
        write().map_err(|error| Failure::new(format!("{} can't be written: {error}", path.display())))
    }

    fn read_secret(&self, name: &str) -> Result<String, Failure> {
        let path = self.dir.join(name);
        let read = || {
            let mut file = File::open(&path)?;
            let mode = file.metadata()?.permissions().mode();
            let mut text = String::new();
            file.read_to_string(&mut text)?;
            Ok::<_, std::io::Error>((mode, text))
        };
        let (mode, text) =
            read().map_err(|error| Failure::new(format!("{} can't be read: {error}", path.display())))?;
        if mode & 0o077 != 0 {
            return Err(Failure::new(format!(
                "{} can be read by others on this machine (mode {:03o})",
                path.display(),
                mode & 0o777
            ))
            .hint(format!("chmod 600 {}", path.display())));
        }
        Ok(text)
    }

    fn decode(&self, name: &str, text: &str) -> Result<[u8; SECRET_BYTES], Failure> {
        let bytes = STANDARD.decode(text.trim()).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.ok_or_else(|| {
            Failure::new(format!(
                "{} is damaged: not {SECRET_BYTES} bytes in base64",
                self.dir.join(name).display()
            ))
            .hint("put it back from a backup; without it, what was made with it can't be checked")
        })
    }

    fn failed(&self, what: &str, error: &std::io::Error) -> Failure {
        let failure = Failure::new(format!("{} can't be {what}: {error}", self.dir.display()));
        match error.kind() {
            ErrorKind::NotFound => failure.hint("make a node with `bongsu init`, or name yours with --data"),
            ErrorKind::PermissionDenied => failure.hint("run as the user who owns the folder"),
            ErrorKind::ReadOnlyFilesystem => {
                failure.hint("mount it writable, then start again; `bongsu verify` reads it as it is")
            }
            ErrorKind::StorageFull => failure.hint("make room on its disk, then start again"),
            _ => failure,
        }
    }
}

impl Held {
    /// Writes into the lock file who holds it, for whoever finds it held. A full disk takes no such line, and is no reason not to
    /// serve what is there.
    pub(crate) fn say(&mut self, who: &str) {
        let mut write = || {
            self.file.set_len(0)?;
            self.file.rewind()?;
            self.file.write_all(format!("{who}\n").as_bytes())
        };
        if let Err(error) = write() {
            tracing::warn!(%error, "the lock file can't be written: it does not say who holds the folder");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Folder, Secrets};
    use crate::exit::Exit;
    use std::os::unix::fs::PermissionsExt as _;

    fn secrets() -> Secrets {
        Secrets { name: "n.test".into(), node_seed: [7; 32], token_secret: [9; 32] }
    }

    #[test]
    fn secrets_come_back_and_are_for_the_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::new(&dir.path().join("node"));
        assert!(folder.secrets().is_err());
        folder.create(&secrets()).unwrap();
        let back = folder.secrets().unwrap();
        assert_eq!((back.name.as_str(), back.node_seed, back.token_secret), ("n.test", [7; 32], [9; 32]));
        assert!(folder.create(&secrets()).is_err());
        let unfinished = Folder::new(&dir.path().join("unfinished"));
        std::fs::create_dir(unfinished.dir()).unwrap();
        std::fs::write(unfinished.dir().join("token.secret"), "").unwrap();
        unfinished.create(&secrets()).unwrap();
        assert_eq!(unfinished.secrets().unwrap().token_secret, [9; 32], "begun again");
        let key = folder.dir().join("node.key");
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(folder.secrets().err().unwrap().message.contains("640"));
        assert_eq!(folder.private_secret(&[1; 32]).unwrap(), [1; 32]);
        assert_eq!(folder.private_secret(&[2; 32]).unwrap(), [1; 32], "it stays what it was");
        let mode = std::fs::metadata(folder.dir().join("private.secret")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_held_folder_says_by_whom() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::new(dir.path());
        let mut held = folder.hold().unwrap();
        held.say("pid 42, http://127.0.0.1:1");
        let failure = folder.hold().unwrap_err();
        assert_eq!(failure.exit, Exit::Busy);
        assert!(failure.message.contains("pid 42, http"), "{}", failure.message);
        drop(held);
        assert!(folder.hold().is_ok());
    }
}
