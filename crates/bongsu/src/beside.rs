//! Several nodes beside one database: their common secrets, and what they keep there.
//!
//! Nodes that share lines are one node to all others: they sign with one key, know tokens by one secret and blind by one. So a
//! second node's folder is made from what the first has ([`Shared`]), and each that opens the database compares its secrets with
//! the marks of those that the first has left there. A mark is a hash of 256 random bits, from which nothing can be told.

use std::fs::OpenOptions;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use line::Beside;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::exit::Failure;
use crate::folder::{Folder, SECRET_BYTES, Secrets};

/// What is kept for a while.
pub(crate) struct Passing {
    /// The room.
    pub room: &'static str,
    /// For how many seconds after its last change.
    pub seconds: u64,
    /// At most so many, the latest: whoever knocks often makes the database no larger.
    pub most: u32,
}

/// All that is kept for a while.
pub(crate) const PASSING: [Passing; 7] = [
    Passing { room: exchange::taxii::STATUSES, seconds: 86_400, most: 200_000 },
    Passing { room: exchange::taxii::STATUSES_WAITING, seconds: 90 * 86_400, most: 100_000 },
    Passing { room: web::auth::SESSIONS, seconds: 12 * 3_600, most: 100_000 },
    Passing { room: web::auth::LOCKOUTS, seconds: 86_400, most: 50_000 },
    Passing { room: web::auth::CODES, seconds: 3_600, most: 100_000 },
    Passing { room: web::auth::CHALLENGES, seconds: 900, most: 20_000 },
    Passing { room: web::auth::LOG_INS, seconds: 900, most: 20_000 },
];

/// Where marks of secrets are kept.
const ROOM: &str = "node";
const MARKS: &str = "secrets";
const VERSION: u8 = 1;
/// Bytes of a file with what nodes share.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Hashes of what all nodes beside one database must have alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Marks {
    name: String,
    key: String,
    tokens: String,
    private: String,
}

impl Marks {
    fn of(secrets: &Secrets, private: &[u8; SECRET_BYTES]) -> Self {
        let mark = |what: &str, secret: &[u8]| {
            let hash = Sha256::new().chain_update("bongsu mark 1\0").chain_update(what).chain_update("\0");
            hash.chain_update(secret).finalize().iter().map(|byte| format!("{byte:02x}")).collect()
        };
        Self {
            name: secrets.name.clone(),
            key: mark("node.key", &secrets.node_seed),
            tokens: mark("token.secret", &secrets.token_secret),
            private: mark("private.secret", private),
        }
    }

    /// The files in which these secrets are others than those.
    fn differing(&self, other: &Self) -> Vec<&'static str> {
        let files = [
            ((&self.name, &self.key) != (&other.name, &other.key), "node.key"),
            (self.tokens != other.tokens, "token.secret"),
            (self.private != other.private, "private.secret"),
        ];
        files.into_iter().filter(|(differs, _)| *differs).map(|(_, file)| file).collect()
    }
}

/// Sees that a folder's secrets are those of the other nodes beside a database; the first node leaves the marks of its own.
///
/// # Errors
/// When they are others: what one node signs or knows by them the others would refuse.
pub(crate) fn check(
    beside: &Beside,
    folder: &Folder,
    secrets: &Secrets,
    new: impl FnOnce() -> Option<[u8; SECRET_BYTES]>,
) -> Result<(), Failure> {
    let failed =
        |why: &dyn std::fmt::Display| Failure::new(format!("the database can't be asked whose it is: {why}"));
    let room = beside.room(ROOM);
    let known = || -> Result<Option<Marks>, Failure> {
        let kept = room.get(MARKS).map_err(|error| failed(&error))?;
        kept.map(|kept| serde_json::from_slice(&kept.value)).transpose().map_err(|error| failed(&error))
    };
    let refused = |files: &str| {
        Failure::new(format!(
            "this folder is not of the nodes that use the database: {files} is not theirs"
        ))
        .hint(
            "write what nodes share with `bongsu node share FILE` on one of them, and make this folder with \
             `bongsu init --beside FILE`; docs/operate.md says what to do where the others' secrets are lost",
        )
    };
    let before = known()?;
    if before.is_some() && !folder.has_private_secret() {
        return Err(refused("private.secret"));
    }
    let new = new().ok_or_else(|| Failure::new("the system gives no random bytes"))?;
    let own = Marks::of(secrets, &folder.private_secret(&new)?);
    let theirs = match before {
        Some(theirs) => theirs,
        None => {
            let text = serde_json::to_vec(&own).map_err(|error| failed(&error))?;
            match room.swap(MARKS, Some(&text), None).map_err(|error| failed(&error))? {
                Some(_) => return Ok(()),
                // Another was first.
                None => known()?.ok_or_else(|| failed(&"another node is at it; start again"))?,
            }
        }
    };
    match own.differing(&theirs) {
        files if files.is_empty() => Ok(()),
        files => Err(refused(&files.join(", "))),
    }
}

/// What another node beside the same database needs: secrets, the authority for certificates if there is one, and the configuration
/// to begin with.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Shared {
    v: u8,
    name: String,
    node_seed: String,
    token_secret: String,
    private_secret: String,
    /// Files of the authority, by their names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    authority: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    config: Option<String>,
}

impl Shared {
    /// What this folder has.
    ///
    /// # Errors
    /// When a secret can't be read, or one that is still to be made not written.
    pub(crate) fn of(folder: &Folder, new: &[u8; SECRET_BYTES]) -> Result<Self, Failure> {
        let secrets = folder.secrets()?;
        let mut authority = Vec::new();
        if folder.authority().is_dir() {
            let unread = |error: std::io::Error| {
                Failure::new(format!("{} can't be read: {error}", folder.authority().display()))
            };
            for entry in std::fs::read_dir(folder.authority()).map_err(unread)? {
                let entry = entry.map_err(unread)?;
                if entry.file_type().map_err(unread)?.is_file() {
                    let bytes = std::fs::read(entry.path()).map_err(unread)?;
                    authority
                        .push((entry.file_name().to_string_lossy().into_owned(), STANDARD.encode(bytes)));
                }
            }
            authority.sort();
        }
        Ok(Self {
            v: VERSION,
            name: secrets.name,
            node_seed: STANDARD.encode(secrets.node_seed),
            token_secret: STANDARD.encode(secrets.token_secret),
            private_secret: STANDARD.encode(folder.private_secret(new)?),
            authority,
            config: std::fs::read_to_string(folder.config()).ok(),
        })
    }

    /// Writes it to a file that is not there yet, for its owner alone.
    ///
    /// # Errors
    /// When it is there, or can't be written.
    pub(crate) fn write(&self, to: &Path) -> Result<(), Failure> {
        let text = serde_json::to_vec_pretty(self).map_err(std::io::Error::other);
        let written = text.and_then(|mut text| {
            text.push(b'\n');
            new_file(to, &text)
        });
        written.map_err(|error| {
            Failure::new(format!("{} can't be written: {error}", to.display()))
                .hint("name a file that is not there yet")
        })
    }

    /// Reads it.
    ///
    /// # Errors
    /// When it can't be read, is none, or can be read by others on this machine.
    pub(crate) fn read(from: &Path) -> Result<Self, Failure> {
        let unread = |why: &dyn std::fmt::Display| {
            Failure::new(format!("{} can't be used: {why}", from.display()))
                .hint("`bongsu node share FILE` writes it, on a node that is there")
        };
        let file = std::fs::File::open(from).map_err(|error| unread(&error))?;
        let mode = file.metadata().map_err(|error| unread(&error))?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(Failure::new(format!(
                "{} can be read by others on this machine (mode {:03o}), and secrets are in it",
                from.display(),
                mode & 0o777
            ))
            .hint(format!("chmod 600 {}", from.display())));
        }
        let mut text = String::new();
        file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(|error| unread(&error))?;
        let shared: Self = serde_json::from_str(&text).map_err(|error| unread(&error))?;
        match shared.v {
            VERSION => Ok(shared),
            found => Err(unread(&format!("it has version {found}, this program knows {VERSION}"))),
        }
    }

    /// Makes a folder with it.
    ///
    /// # Errors
    /// When the folder is a node's already or can't be written, or something in here is damaged.
    pub(crate) fn make(&self, folder: &Folder) -> Result<(), Failure> {
        let secret = |what: &str, text: &str| -> Result<[u8; SECRET_BYTES], Failure> {
            let bytes = STANDARD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
            bytes.ok_or_else(|| Failure::new(format!("{what} in the file is damaged")))
        };
        // A name there leads nowhere but into the folder.
        if let Some((name, _)) = self.authority.iter().find(|(name, _)| !is_name(name)) {
            return Err(Failure::new(format!("`{name}` in the file is no file's name")));
        }
        let private = secret("private_secret", &self.private_secret)?;
        let decoded = |(name, text): &(String, String)| {
            let bytes = STANDARD.decode(text);
            let bytes =
                bytes.map_err(|error| Failure::new(format!("{name} in the file is damaged: {error}")))?;
            Ok((folder.authority().join(name), bytes))
        };
        let authority = self.authority.iter().map(decoded).collect::<Result<Vec<_>, Failure>>()?;
        folder.create(&Secrets {
            name: self.name.clone(),
            node_seed: secret("node_seed", &self.node_seed)?,
            token_secret: secret("token_secret", &self.token_secret)?,
        })?;
        folder.private_secret(&private)?;
        let failed = |path: &Path, error: &std::io::Error| {
            Failure::new(format!("{} can't be written: {error}", path.display()))
        };
        if !authority.is_empty() {
            let made = std::fs::create_dir_all(folder.authority()).and_then(|()| {
                std::fs::set_permissions(folder.authority(), PermissionsExt::from_mode(0o700))
            });
            made.map_err(|error| failed(&folder.authority(), &error))?;
        }
        let config = self.config.as_ref().filter(|_| !folder.config().exists());
        let config = config.map(|config| (folder.config(), config.clone().into_bytes()));
        for (path, bytes) in authority.into_iter().chain(config) {
            new_file(&path, &bytes).map_err(|error| failed(&path, &error))?;
        }
        Ok(())
    }

    /// The node's name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

/// Writes a file that is not there yet, for its owner alone.
fn new_file(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_made_from_what_another_shares_and_from_nothing_that_others_can_read() {
        let dir = tempfile::tempdir().unwrap();
        let (one, other) = (Folder::new(&dir.path().join("one")), Folder::new(&dir.path().join("other")));
        let secrets = Secrets { name: "n.test".into(), node_seed: [7; 32], token_secret: [9; 32] };
        one.create(&secrets).unwrap();
        std::fs::write(one.config(), "# mine\n").unwrap();
        std::fs::create_dir(one.authority()).unwrap();
        std::fs::write(one.authority().join("key.pem"), "KEY").unwrap();
        let file = dir.path().join("shared.json");
        Shared::of(&one, &[5; 32]).unwrap().write(&file).unwrap();
        assert!(Shared::of(&one, &[6; 32]).unwrap().write(&file).is_err(), "nothing is overwritten");
        Shared::read(&file).unwrap().make(&other).unwrap();
        let made = other.secrets().unwrap();
        assert_eq!((made.name.as_str(), made.node_seed, made.token_secret), ("n.test", [7; 32], [9; 32]));
        assert_eq!(other.private_secret(&[8; 32]).unwrap(), [5; 32]);
        assert_eq!(std::fs::read(other.authority().join("key.pem")).unwrap(), b"KEY");
        assert_eq!(std::fs::read_to_string(other.config()).unwrap(), "# mine\n");
        assert!(Shared::read(&file).unwrap().make(&other).is_err(), "it is a node's already");
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o640)).unwrap();
        assert!(Shared::read(&file).err().unwrap().message.contains("640"));
        let marks = |private| Marks::of(&secrets, &[private; 32]);
        assert_eq!(marks(5).differing(&marks(5)), [""; 0]);
        assert_eq!(marks(5).differing(&marks(6)), ["private.secret"]);
    }

    #[test]
    fn names_in_the_file_lead_nowhere_else() {
        for bad in ["", ".", "..", "../x", "a/b", "a\\b", ".hidden"] {
            assert!(!is_name(bad), "{bad}");
        }
        assert!(is_name("authority.pem"));
    }
}
