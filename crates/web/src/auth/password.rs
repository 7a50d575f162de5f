//! Passwords: how they are kept, compared and chosen.
//!
//! Kept is argon2id (RFC 9106) with the parameters that OWASP names, as a PHC string. One comparison takes 19 MiB and some
//! tens of milliseconds, so that few run at a time ([`Passwords::run`]) and whoever floods the log-in is turned away before
//! memory is short. Whether there is such a user, and whether the password is right, takes the same time: where there is
//! nothing to compare with, a hash that matches nothing is compared.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use common::is_common;

/// Characters that a password has at least.
pub(crate) const PASSWORD_CHARS_MIN: usize = 12;
/// Bytes that it has at most.
pub(crate) const PASSWORD_BYTES_MAX: usize = 256;
/// Different characters that it has at least.
const DIFFERENT_MIN: usize = 5;
/// Characters that it has at least beside the words of the place.
const BESIDE_MIN: usize = 8;
/// Characters of a word that counts as one of the place: shorter ones stand in other words.
const WORD_CHARS_MIN: usize = 4;
/// Words that are the same at every node, beside the names of member and node.
const WORDS: [&str; 3] = ["bongsu", "password", "welcome"];
/// Comparisons at a time.
const AT_A_TIME: usize = 2;
/// Comparisons that wait for their turn.
const WAITING_MAX: usize = 32;
/// Memory of one hash in KiB, passes and lanes. Source: OWASP Password Storage Cheat Sheet, argon2id.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);

/// Compares passwords, few at a time.
#[derive(Debug)]
pub struct Passwords {
    permits: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    /// Of no password that anybody has.
    nobodys: OnceLock<Option<String>>,
}

/// Too many wait already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Busy;

/// Why a password is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Weak {
    #[error("A password has at least {PASSWORD_CHARS_MIN} characters; a sentence is a good one.")]
    Short,
    #[error("A password has at most {PASSWORD_BYTES_MAX} bytes.")]
    Long,
    #[error("The password has too few different characters, or your user name in it.")]
    Easy,
    #[error("The password is one of those that everybody tries first.")]
    Common,
    #[error("Without the names of this node and your organisation, too little of the password is left.")]
    OfThePlace,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            permits: Arc::new(Semaphore::new(AT_A_TIME)),
            waiting: Arc::default(),
            nobodys: OnceLock::new(),
        }
    }
}

fn argon2() -> Option<Argon2<'static>> {
    let (memory, passes, lanes) = COST;
    let params = Params::new(memory, passes, lanes, None).ok()?;
    Some(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Whether a password may be chosen. Length is what counts (NIST SP 800-63B, 3.1.1.2); no kinds of characters are asked for. `place`
/// are names of the place, such as the node's and the member's: their words don't count for its length.
pub(crate) fn check_choice(password: &str, user: &str, place: &[&str]) -> Result<(), Weak> {
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(Weak::Long);
    }
    if password.chars().count() < PASSWORD_CHARS_MIN {
        return Err(Weak::Short);
    }
    let different: std::collections::BTreeSet<char> = password.chars().collect();
    let name = user.split('@').next().unwrap_or_default();
    let has_name = name.len() > 3 && password.to_ascii_lowercase().contains(name);
    match () {
        () if different.len() < DIFFERENT_MIN || has_name => Err(Weak::Easy),
        () if is_common(password) => Err(Weak::Common),
        () if beside(password, user, place) < BESIDE_MIN => Err(Weak::OfThePlace),
        () => Ok(()),
    }
}

/// Characters of a password that are in no word of the place.
fn beside(password: &str, user: &str, place: &[&str]) -> usize {
    let names = place.iter().copied().chain([user]).map(str::to_lowercase);
    let words = names.flat_map(|name| {
        let parts = name.split(|c: char| !c.is_alphanumeric()).map(str::to_owned);
        parts.collect::<Vec<String>>()
    });
    let mut words: Vec<String> = words.chain(WORDS.map(str::to_owned)).collect();
    words.retain(|word| word.chars().count() >= WORD_CHARS_MIN);
    // The longest first: one may stand in another.
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let left = words.iter().fold(password.to_lowercase(), |left, word| left.replace(word, " "));
    left.chars().filter(|c| !c.is_whitespace()).count()
}

/// The hash of a password, as it is kept. `None` if the system has no memory for it.
pub(crate) fn hash(password: &str, salt: &[u8; 16]) -> Option<String> {
    let hash = argon2()?.hash_password_with_salt(password.as_bytes(), salt).ok()?;
    Some(hash.to_string())
}

impl Passwords {
    /// Whether `password` is the one of which `kept` was kept. Takes as long where there is nothing to compare with.
    pub(crate) fn matches(&self, password: &str, kept: Option<&str>) -> bool {
        let nobodys = || self.nobodys.get_or_init(|| hash("nobody has this one", &[7; 16])).as_deref();
        let Some(hash) = kept.or_else(nobodys) else { return false };
        let fits = password.len() <= PASSWORD_BYTES_MAX;
        let password = if fits { password } else { "" };
        let matches =
            argon2().is_some_and(|argon2| argon2.verify_password(password.as_bytes(), hash).is_ok());
        matches && fits && kept.is_some()
    }

    /// Runs work that compares or hashes, off the threads that serve connections. Work that has begun runs to its end, and
    /// keeps its place until then, also when the request that asked for it is gone: else whoever hangs up at once would have
    /// more run at a time than may.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let place = Waiting::enter(&self.waiting)?;
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| Busy)?;
        let held = move || {
            let _held = (place, permit);
            work()
        };
        tokio::task::spawn_blocking(held).await.map_err(|_| Busy)
    }
}

/// One of those that wait or run; gone when this value goes.
struct Waiting(Arc<AtomicUsize>);

impl Waiting {
    fn enter(count: &Arc<AtomicUsize>) -> Result<Self, Busy> {
        let place = Self(Arc::clone(count));
        if count.fetch_add(1, Ordering::AcqRel) < WAITING_MAX + AT_A_TIME { Ok(place) } else { Err(Busy) }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_matches_its_own_hash_alone() {
        let passwords = Passwords::default();
        let kept = hash("correct horse battery", &[1; 16]).unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert!(passwords.matches("correct horse battery", Some(&kept)));
        for wrong in ["correct horse batter", "", &"x".repeat(PASSWORD_BYTES_MAX + 1)] {
            assert!(!passwords.matches(wrong, Some(&kept)), "{wrong}");
        }
        assert!(!passwords.matches("nobody has this one", None), "what stands in for nobody lets nobody in");
        assert!(!passwords.matches("correct horse battery", Some("no hash")));
        assert_ne!(kept, hash("correct horse battery", &[2; 16]).unwrap());
    }

    #[test]
    fn what_can_be_guessed_is_not_taken() {
        let check = |password: &str| {
            check_choice(
                password,
                "kim.lee@cert.example",
                &["tower.test", "korea-cert", "National Response Centre"],
            )
        };
        assert_eq!(check("a long sentence of one"), Ok(()));
        assert_eq!(check("비밀번호는길수록좋습니다"), Ok(()));
        assert_eq!(check("elevenchars"), Err(Weak::Short));
        assert_eq!(check("aaaabbbbaaaabbbb"), Err(Weak::Easy));
        assert_eq!(check("my name is Kim.Lee"), Err(Weak::Easy));
        assert_eq!(check(&"abcdef".repeat(50)), Err(Weak::Long));
        assert_eq!(check("1Q2W3E4R5T6Y"), Err(Weak::Common));
        for of_the_place in
            ["Response2026!", "bongsu-tower-7", "Korea.Cert.123", "Welcome-Bongsu-9", "national centre"]
        {
            assert_eq!(check(of_the_place), Err(Weak::OfThePlace), "{of_the_place}");
        }
        assert_eq!(check("the tower of Korea burns at dusk"), Ok(()), "with enough beside them");
    }

    #[test]
    fn places_are_counted_and_given_back() {
        let count = Arc::new(AtomicUsize::new(0));
        let held: Vec<_> = (0..WAITING_MAX + AT_A_TIME).map(|_| Waiting::enter(&count)).collect();
        assert!(held.iter().all(Result::is_ok) && Waiting::enter(&count).is_err());
        drop(held);
        assert_eq!(count.load(Ordering::Acquire), 0);
    }

    #[tokio::test]
    async fn a_request_that_is_gone_frees_nothing_while_its_work_runs() {
        let passwords = Passwords::default();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let run = passwords.run(move || ended.recv().is_ok());
        assert!(tokio::time::timeout(std::time::Duration::from_millis(50), run).await.is_err());
        assert_eq!(passwords.permits.available_permits(), AT_A_TIME - 1);
        assert_eq!(passwords.waiting.load(Ordering::Acquire), 1);
        end.send(()).unwrap();
        let all = passwords.permits.acquire_many(u32::try_from(AT_A_TIME).unwrap()).await;
        assert!(all.is_ok());
        assert_eq!(passwords.waiting.load(Ordering::Acquire), 0);
    }
}
