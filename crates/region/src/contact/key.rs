//! OpenPGP keys of contacts: the fingerprint, and the key itself if the node has it.
//!
//! The node encrypts nothing with it and says nothing of its worth: it hands the key on as it got it. Whoever imports it
//! compares the fingerprint over another way.
//!
//! Source: RFC 9580, sections 5.5.4 (fingerprints of version 4 and 6) and 6.2 (armour).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// Bytes of a key in armour.
pub const KEY_BYTES_MAX: usize = 64 * 1024;
const ARMOUR_BEGIN: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
const ARMOUR_END: &str = "-----END PGP PUBLIC KEY BLOCK-----";

/// An OpenPGP key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// Its fingerprint: 40 or 64 capital hexadecimal digits.
    pub fingerprint: String,
    /// The key in armour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub armour: Option<String>,
}

/// Why something is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The fingerprint.
    #[error("`{0}` is no fingerprint: it has 40 hexadecimal digits, or 64 for a key of version 6")]
    Fingerprint(String),
    /// The key.
    #[error("the file is no public OpenPGP key in armour of at most {KEY_BYTES_MAX} bytes")]
    Armour,
}

impl Key {
    /// A key by its fingerprint, as people write it, with the key in armour if there is one.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn new(fingerprint: &str, armour: Option<&str>) -> Result<Self, KeyError> {
        let digits: String = fingerprint.chars().filter(|c| !c.is_whitespace()).collect();
        let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !matches!(digits.len(), 40 | 64) || !is_hex {
            return Err(KeyError::Fingerprint(fingerprint.chars().take(100).collect()));
        }
        let armour = armour.map(|text| checked(text).ok_or(KeyError::Armour)).transpose()?;
        Ok(Self { fingerprint: digits.to_ascii_uppercase(), armour })
    }

    /// Where the key is, for a vCard: the key itself, else its fingerprint.
    #[must_use]
    pub fn uri(&self) -> String {
        match &self.armour {
            Some(armour) => format!("data:application/pgp-keys;base64,{}", STANDARD.encode(armour)),
            None => format!("openpgp4fpr:{}", self.fingerprint),
        }
    }
}

fn checked(text: &str) -> Option<String> {
    let text = text.trim();
    let inner = text.strip_prefix(ARMOUR_BEGIN)?.strip_suffix(ARMOUR_END)?;
    // A second block could be a private key.
    let is_clean = text.len() <= KEY_BYTES_MAX && !inner.contains("-----") && text.is_ascii();
    is_clean.then(|| format!("{text}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_fingerprint_and_a_public_block() {
        let fingerprint = "0123 4567 89ab cdef 0123  4567 89AB CDEF 0123 4567";
        let key = Key::new(fingerprint, None).unwrap();
        assert_eq!(key.fingerprint, "0123456789ABCDEF0123456789ABCDEF01234567");
        assert_eq!(key.uri(), "openpgp4fpr:0123456789ABCDEF0123456789ABCDEF01234567");
        let armour = format!("{ARMOUR_BEGIN}\n\nmDME\n{ARMOUR_END}");
        assert!(
            Key::new(fingerprint, Some(&armour))
                .unwrap()
                .uri()
                .starts_with("data:application/pgp-keys;base64,LS0t")
        );
        let private = armour.replace("PUBLIC", "PRIVATE");
        let both = format!("{ARMOUR_BEGIN}\nmDME\n-----BEGIN PGP PRIVATE KEY BLOCK-----\n{ARMOUR_END}");
        let long = format!("{ARMOUR_BEGIN}\n{}\n{ARMOUR_END}", "m".repeat(KEY_BYTES_MAX));
        for bad in ["", "mDME", &private, &both, &long] {
            assert_eq!(Key::new(fingerprint, Some(bad)), Err(KeyError::Armour));
        }
        for bad in ["", "0123", &"g".repeat(40), &"0".repeat(41)] {
            assert!(matches!(Key::new(bad, None), Err(KeyError::Fingerprint(_))), "{bad}");
        }
    }
}
