//! What comes back for a pack: a receipt, or a code that is read over the telephone.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use uuid::Uuid;

use super::PackError;
use crate::hex::hex;

/// The version of the form.
const VERSION: u8 = 1;
/// Longest receipt that is read, in bytes: it holds its pack's manifest.
pub(super) const BACK_BYTES_MAX: usize = 4 << 20;
/// What a receipt names at most, and the longest of it, in bytes.
const NAMED_MAX: usize = 10_000;
const TEXT_BYTES_MAX: usize = 2_000;

/// What was done with a pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Body {
    /// The receipt's own id: each is taken once.
    pub id: Uuid,
    /// The pack's.
    pub pack: Uuid,
    /// Who says so.
    pub by: String,
    /// When, by the clock there, RFC 3339.
    pub at: String,
    /// The artefacts that were applied, by their names in the pack.
    pub applied: Vec<String>,
    /// Values that were seen there.
    pub seen: Vec<String>,
}

/// A receipt as it is carried back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Back {
    bongsu_pack_receipt: u8,
    /// What was done.
    pub body: Body,
    /// The pack's manifest, as it is written.
    pub manifest: String,
    /// The note over it.
    pub note: String,
    code: String,
}

fn mac(secret: &[u8; 32], purpose: &str, bytes: &[u8]) -> [u8; 32] {
    // HMAC takes keys of any length, so this can't fail.
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(secret) else { return [0; 32] };
    mac.chain_update(purpose).chain_update([0]).chain_update(bytes).finalize().into_bytes().into()
}

impl Back {
    /// A receipt that only who holds the pack can make.
    #[must_use]
    pub fn new(body: Body, manifest: String, note: String, secret: &[u8; 32]) -> Self {
        let code = hex(&body.code(secret));
        Self { bongsu_pack_receipt: VERSION, body, manifest, note, code }
    }

    /// As it is carried.
    ///
    /// # Errors
    /// When it is longer than what is read.
    pub fn written(&self) -> Result<String, PackError> {
        let form = |error: serde_json::Error| PackError::Form("the receipt", error.to_string());
        let text = serde_json::to_string_pretty(self).map_err(form)? + "\n";
        read_back(&text).map(|_| text)
    }

    /// Whether it was made with the secret, as it is.
    ///
    /// # Errors
    /// [`PackError::Code`].
    pub fn check(&self, secret: &[u8; 32]) -> Result<(), PackError> {
        same(&hex(&self.body.code(secret)), &self.code).then_some(()).ok_or(PackError::Code)
    }
}

impl Body {
    fn code(&self, secret: &[u8; 32]) -> [u8; 32] {
        // Always in this order, so that it is the same text here and there.
        mac(secret, "bongsu pack receipt 1", serde_json::to_string(self).unwrap_or_default().as_bytes())
    }
}

/// Compares without telling by the time where they differ.
fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |found, (a, b)| found | (a ^ b)) == 0
}

/// Reads a receipt; its code is not checked yet.
///
/// # Errors
/// When it has another form or names too much.
pub fn read_back(text: &str) -> Result<Back, PackError> {
    let bad = |why: String| PackError::Form("the receipt", why);
    if text.len() > BACK_BYTES_MAX {
        return Err(bad(format!("it is longer than {BACK_BYTES_MAX} bytes")));
    }
    let back: Back = serde_json::from_str(text).map_err(|error| bad(error.to_string()))?;
    if back.bongsu_pack_receipt != VERSION {
        let found = back.bongsu_pack_receipt;
        return Err(bad(format!("it has version {found}, this program knows {VERSION}")));
    }
    let body = &back.body;
    let named = body.applied.len() + body.seen.len();
    if named > NAMED_MAX {
        return Err(bad(format!("it names {named} files and values; {NAMED_MAX} are taken")));
    }
    let is_bad = |text: &String| text.len() > TEXT_BYTES_MAX || text.chars().any(char::is_control);
    let is_bad = body.applied.iter().any(is_bad)
        || body.seen.iter().any(is_bad)
        || is_bad(&body.by)
        || is_bad(&body.at);
    match is_bad {
        true => {
            Err(bad(format!("it holds a text that is longer than {TEXT_BYTES_MAX} bytes or no plain text")))
        }
        false => Ok(back),
    }
}

/// The signs of a code: no I, L, O, U, which are misread or misheard. Source: Crockford's base 32.
const SIGNS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const SIGNS_A_CODE: usize = 12;

/// The code that says "all of the pack was applied": 60 bits as three groups of four signs.
#[must_use]
pub fn code(secret: &[u8; 32]) -> String {
    let [a, b, c, d, e, f, g, h, ..] = mac(secret, "bongsu pack applied all 1", b"");
    let bits = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
    let sign =
        |at: usize| SIGNS.get((bits >> (59 - 5 * at) & 31) as usize).map_or('0', |sign| char::from(*sign));
    let signs: Vec<char> = (0..SIGNS_A_CODE).map(sign).collect();
    let groups: Vec<String> = signs.chunks(4).map(|group| group.iter().collect()).collect();
    groups.join("-")
}

/// Whether a code that was heard and typed is this one: in any case, with any spaces and dashes, an O for a zero.
#[must_use]
pub fn same_code(typed: &str, code: &str) -> bool {
    let plain = |text: &str| -> String {
        let signs = text.chars().filter(|sign| !sign.is_whitespace() && *sign != '-');
        let read = signs.map(|sign| match sign.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            sign => sign,
        });
        read.collect()
    };
    same(&plain(typed), &plain(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body() -> Body {
        let text = |text: &str| text.to_owned();
        Body {
            id: Uuid::from_u128(1),
            pack: Uuid::from_u128(2),
            by: text("Kim"),
            at: text("2026-09-01T00:00:00Z"),
            applied: vec![text("zone.rpz")],
            seen: vec![text("a-k3.top")],
        }
    }

    #[test]
    fn a_receipt_holds_with_its_packs_secret_and_as_it_was_made() {
        let made = Back::new(body(), "manifest".to_owned(), "note".to_owned(), &[1; 32]);
        let read = read_back(&made.written().unwrap()).unwrap();
        assert_eq!(read, made);
        assert!(read.check(&[1; 32]).is_ok());
        assert!(matches!(read.check(&[2; 32]), Err(PackError::Code)));
        let mut changed = read.clone();
        changed.body.seen.push("b-k3.top".to_owned());
        assert!(matches!(changed.check(&[1; 32]), Err(PackError::Code)));
        let long = Back::new(
            Body { applied: vec![String::new(); NAMED_MAX], ..body() },
            String::new(),
            String::new(),
            &[1; 32],
        );
        assert!(long.written().is_err());
        assert!(read_back("{}").is_err() && read_back(&" ".repeat(BACK_BYTES_MAX + 1)).is_err());
    }

    #[test]
    fn a_code_is_read_as_it_is_heard() {
        let made = code(&[1; 32]);
        assert_eq!((made.len(), made.matches('-').count()), (14, 2));
        assert!(same_code(&made, &made) && same_code(&made.to_lowercase().replace('-', " "), &made));
        assert!(same_code("OIL0-1111-2222", "0110-1111-2222"));
        assert!(!same_code(&code(&[2; 32]), &made) && !same_code("", &made));
    }
}
