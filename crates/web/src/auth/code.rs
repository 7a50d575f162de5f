//! Codes beside the password: from an app (TOTP, RFC 6238), or one of those printed for when the device is lost.
//!
//! The secret of the app is made from the node's key and a random part, and only that part is kept, so that a copy of the
//! store makes no codes. A code is taken in its own half minute, the one before and the one after, and each one once: what was
//! used is remembered, and after a start no code is taken that may have been used before it. A recovery code is taken once; the node keeps keyed
//! hashes of those that are left.
//!
//! Source: RFC 4226, section 5.3; RFC 6238, sections 4 and 5.2.

use std::collections::HashMap;

use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use line::Beside;
use parking_lot::Mutex;
use policy::{Account, PersonId};
use sha1::Sha1;
use stix::Timestamp;
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use super::shared::Spent;
use super::token::TokenKey;

/// Length of a step, in seconds.
const STEP_SECONDS: i64 = 30;
/// Digits of a code; the figure below is the first number that has one more.
const DIGITS: usize = 6;
const BEYOND: u32 = 1_000_000;
/// Bytes of a secret. Source: RFC 4226, section 4, R6 (at least 16, better 20).
const SECRET_BYTES: usize = 20;
/// Recovery codes that are made at a time.
pub(crate) const RECOVERY_CODES: usize = 10;
/// Bytes of one: 80 bits, 16 letters.
const RECOVERY_BYTES: usize = 10;

/// The codes that were used.
#[derive(Debug)]
pub struct Codes {
    /// The step of the latest code that was taken, by person and random part: a new app is counted by itself.
    used: Mutex<HashMap<(PersonId, Uuid), i64>>,
    /// The last step of which a code may have been taken before this process began: what was used then is not known.
    begun: i64,
    /// Where several nodes serve: the latest codes that any of them took, which are known after a start as well.
    shared: Option<Spent>,
}

/// The secret of a person's app.
pub(crate) struct Secret {
    bytes: [u8; SECRET_BYTES],
    /// The random part from which it follows.
    part: Uuid,
}

impl Secret {
    /// The one that follows from the random part.
    pub(crate) fn of(key: &TokenKey, person: PersonId, part: Uuid) -> Self {
        let made = key.bound(b"bongsu codes 1", &[person.uuid().as_bytes(), part.as_bytes()]);
        let mut bytes = [0; SECRET_BYTES];
        bytes.copy_from_slice(&made[..SECRET_BYTES]);
        Self { bytes, part }
    }

    /// As people type it into an app.
    pub(crate) fn text(&self) -> String {
        BASE32_NOPAD.encode(&self.bytes)
    }

    /// As apps read it from a picture. Source: the key URI format of Google Authenticator.
    pub(crate) fn uri(&self, node: &str, user: &str) -> String {
        let plain = |text: &str| -> String {
            text.chars().filter(|c| c.is_ascii_alphanumeric() || ".-_".contains(*c)).collect()
        };
        let (node, user) = (plain(node), user.replace('@', "%40").replace('+', "%2B"));
        format!("otpauth://totp/{node}:{user}?secret={}&issuer={node}", self.text())
    }

    /// The code of a step.
    fn code(&self, step: i64) -> String {
        // HMAC takes keys of any length.
        let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(&self.bytes) else { return String::new() };
        mac.update(&step.to_be_bytes());
        let hash = mac.finalize().into_bytes();
        let at = usize::from(hash[19] & 0xf);
        let word = u32::from_be_bytes([hash[at], hash[at + 1], hash[at + 2], hash[at + 3]]);
        format!("{:0DIGITS$}", (word & 0x7fff_ffff) % BEYOND)
    }

    /// The step of which `typed` is the code, if it is one near `now`.
    fn step_of(&self, typed: &str, now: Timestamp) -> Option<i64> {
        let present = step(now);
        let mut found = None;
        for step in [present - 1, present, present + 1] {
            // All three are compared, however early one fits.
            if bool::from(self.code(step).as_bytes().ct_eq(typed.as_bytes())) {
                found = Some(step);
            }
        }
        found
    }
}

fn step(now: Timestamp) -> i64 {
    now.micros().div_euclid(STEP_SECONDS * 1_000_000)
}

impl Codes {
    /// None used yet, in a process that begins at `now`.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        // The code of the step after the present one is taken too.
        Self { used: Mutex::default(), begun: step(now) + 1, shared: None }
    }

    /// Those that any of the nodes took that serve beside a database.
    #[must_use]
    pub fn beside(beside: &Beside) -> Self {
        Self { used: Mutex::default(), begun: i64::MIN, shared: Some(Spent::codes(beside)) }
    }

    /// Whether `typed` is a code of this secret that was not used yet; from then on it is used.
    pub(crate) fn take(&self, person: PersonId, secret: &Secret, typed: &str, now: Timestamp) -> bool {
        self.take_after(self.begun, person, secret, typed, now)
    }

    /// As [`Codes::take`], for a secret with which nobody logs in yet: no code of it was used before this process began.
    pub(crate) fn take_first(&self, person: PersonId, secret: &Secret, typed: &str, now: Timestamp) -> bool {
        self.take_after(i64::MIN, person, secret, typed, now)
    }

    fn take_after(&self, least: i64, person: PersonId, secret: &Secret, typed: &str, now: Timestamp) -> bool {
        let typed: String = typed.chars().filter(char::is_ascii_digit).collect();
        if let Some(shared) = &self.shared {
            let key = format!("{}.{}", person.uuid().simple(), secret.part.simple());
            return secret.step_of(&typed, now).is_some_and(|step| shared.advance(&key, step));
        }
        let mut used = self.used.lock();
        let last = used.get(&(person, secret.part)).copied().unwrap_or(least);
        match secret.step_of(&typed, now).filter(|step| *step > last) {
            Some(taken) => {
                // Of a person's other secrets, what is too old to be taken anyway need not be remembered.
                let oldest = step(now) - 1;
                used.retain(|(of, _), step| *of != person || *step >= oldest);
                used.insert((person, secret.part), taken);
                true
            }
            None => false,
        }
    }
}

/// New recovery codes, as they are shown, and what is kept of them.
pub(crate) fn recovery(key: &TokenKey, person: PersonId, seed: &[u8; 32]) -> (Vec<String>, Vec<Vec<u8>>) {
    let made = (0..RECOVERY_CODES).map(|number| {
        let number = u8::try_from(number).unwrap_or_default();
        let bytes = key.bound(b"bongsu recovery code 1", &[seed, &[number]]);
        let text = BASE32_NOPAD.encode(&bytes[..RECOVERY_BYTES]);
        let kept = kept(key, person, &text);
        let parts: Vec<&str> = [0, 4, 8, 12].iter().filter_map(|at| text.get(*at..at + 4)).collect();
        (parts.join("-"), kept)
    });
    made.unzip()
}

fn kept(key: &TokenKey, person: PersonId, code: &str) -> Vec<u8> {
    key.bound(b"bongsu recovery 1", &[person.uuid().as_bytes(), code.as_bytes()]).to_vec()
}

/// The account without the recovery code that was typed; `None` if it is none of those left.
pub(crate) fn without_recovery(key: &TokenKey, account: &Account, typed: &str) -> Option<Account> {
    let plain: String =
        typed.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase();
    let shown = kept(key, account.person, &plain);
    let mut left = account.clone();
    left.recovery.retain(|kept| !bool::from(kept.as_slice().ct_eq(&shown)));
    (left.recovery.len() < account.recovery.len()).then_some(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERSON: PersonId = PersonId::new(Uuid::from_u128(1));

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn plain_secret() -> Secret {
        Secret { bytes: *b"12345678901234567890", part: Uuid::from_u128(1) }
    }

    /// Source: RFC 6238, appendix B (its codes have eight digits, of which these are the last six).
    #[test]
    fn codes_are_those_of_the_specification() {
        let secret = plain_secret();
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(secret.code(step(at(seconds))), code, "{seconds}");
        }
        assert_eq!(secret.text(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }

    #[test]
    fn a_code_is_taken_near_its_time_and_once() {
        let secret = plain_secret();
        let code = |seconds| secret.code(step(at(seconds)));
        let codes = Codes::new(at(900));
        let take = |typed: &str, seconds| codes.take(PERSON, &secret, typed, at(seconds));
        assert!(!take(&code(1_000), 1_061) && !take(&code(1_100), 1_039), "too late, too early");
        assert!(take(&code(1_000), 1_030) && !take(&code(1_000), 1_030), "once");
        assert!(!take(&code(970), 1_000), "none from before one that was used");
        let spaced = format!("{} {}", &code(1_050)[..3], &code(1_050)[3..]);
        assert!(take(&spaced, 1_040), "the clock of the device is ahead");
        assert!(!take("", 2_000) && !take("12345", 2_000));
        let after_a_start = Codes::new(at(2_010));
        assert!(
            !after_a_start.take(PERSON, &secret, &code(2_010), at(2_011)),
            "it may have been used before"
        );
        assert!(!after_a_start.take(PERSON, &secret, &code(2_040), at(2_041)), "so may the next one");
        assert!(after_a_start.take(PERSON, &secret, &code(2_070), at(2_041)));
    }

    #[test]
    fn codes_move_to_a_new_app_in_one_half_minute() {
        let key = TokenKey::new([1; 32]);
        let (old, new) =
            (Secret::of(&key, PERSON, Uuid::from_u128(8)), Secret::of(&key, PERSON, Uuid::from_u128(9)));
        let (codes, now) = (Codes::new(at(900)), at(1_000));
        assert!(codes.take(PERSON, &old, &old.code(step(now)), now));
        assert!(codes.take_first(PERSON, &new, &new.code(step(now)), now));
        assert!(!codes.take_first(PERSON, &new, &new.code(step(now)), now), "once");
        assert!(!codes.take(PERSON, &new, &new.code(step(now)), now), "nor to log in");
        assert!(!codes.take(PERSON, &old, &old.code(step(now)), now), "the old one's is remembered");
        let after_a_start = Codes::new(now);
        assert!(after_a_start.take_first(PERSON, &new, &new.code(step(now)), now), "nobody had it before");
        let later = at(1_120);
        assert!(codes.take(PERSON, &new, &new.code(step(later)), later));
        assert_eq!(codes.used.lock().len(), 1, "the old app is forgotten");
    }

    #[test]
    fn recovery_codes_are_taken_once_each() {
        let key = TokenKey::new([1; 32]);
        let (shown, kept) = recovery(&key, PERSON, &[5; 32]);
        assert_eq!((shown.len(), kept.len()), (RECOVERY_CODES, RECOVERY_CODES));
        let mut account = Account::new(PERSON, at(1));
        account.recovery = kept;
        for code in &shown {
            assert_eq!(code.len(), 19, "{code}");
            let left = without_recovery(&key, &account, &code.to_lowercase()).unwrap();
            assert_eq!(left.recovery.len(), account.recovery.len() - 1);
            assert!(without_recovery(&key, &left, code).is_none());
            account = left;
        }
        assert!(account.recovery.is_empty());
        assert_ne!(recovery(&key, PERSON, &[6; 32]).0, shown);
    }

    #[test]
    fn the_secret_is_not_what_is_kept() {
        let (key, part) = (TokenKey::new([1; 32]), Uuid::from_u128(9));
        let secret = Secret::of(&key, PERSON, part);
        assert_ne!(secret.bytes, Secret::of(&TokenKey::new([2; 32]), PERSON, part).bytes);
        assert_ne!(secret.bytes, Secret::of(&key, PersonId::new(Uuid::from_u128(2)), part).bytes);
        let uri = secret.uri("tower.test", "kim@cert.example");
        assert!(uri.starts_with("otpauth://totp/tower.test:kim%40cert.example?secret="), "{uri}");
    }
}
