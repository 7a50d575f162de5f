//! Tokens: what a member shows, and what the node keeps of it.
//!
//! A token is `id.secret`: the credential's id, so that it is found in one step, and 256 random bits. MISP takes keys of
//! letters and digits alone, so a token has a second spelling, both parts in hexadecimal ([`Token::misp_key`]). The node
//! keeps HMAC-SHA-256 of both under a secret of its own, which lies outside the store: whoever reads the store
//! (a backup) can neither use a credential nor try tokens against it. A slow hash would add nothing against
//! 256 random bits. Comparison takes the same time wherever the first difference is.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::fmt;
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

/// Bytes of a token's secret part.
pub const SECRET_BYTES: usize = 32;
/// Characters of a token: 32 of the id, a dot, 43 of the secret.
pub(super) const TOKEN_CHARS: usize = 76;
/// Characters of the other spelling: 32 of the id, 64 of the secret.
const KEY_CHARS: usize = 96;

/// A token in the clear; exists only while it is made or checked, and is never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// The credential's id.
    pub id: Uuid,
    secret: [u8; SECRET_BYTES],
}

/// The node's secret under which tokens are kept.
#[derive(Clone)]
pub struct TokenKey([u8; 32]);

impl Token {
    /// The token of credential `id` with a secret that the caller has drawn at random.
    pub fn new(id: Uuid, secret: [u8; SECRET_BYTES]) -> Self {
        Self { id, secret }
    }

    /// Reads what a member shows. `None` if it can't be a token.
    pub fn read(text: &str) -> Option<Self> {
        if text.len() == KEY_CHARS {
            return Self::read_key(text);
        }
        if text.len() != TOKEN_CHARS {
            return None;
        }
        let (id, secret) = text.split_once('.')?;
        let id = Uuid::try_parse(id).ok()?;
        let secret = URL_SAFE_NO_PAD.decode(secret).ok()?;
        Some(Self { id, secret: secret.try_into().ok()? })
    }

    fn read_key(text: &str) -> Option<Self> {
        let (id, secret) = text.split_at_checked(KEY_CHARS - 2 * SECRET_BYTES)?;
        let mut bytes = [0; SECRET_BYTES];
        for (byte, pair) in bytes.iter_mut().zip(secret.as_bytes().chunks_exact(2)) {
            let [high, low] = [pair.first()?, pair.get(1)?].map(|digit| char::from(*digit).to_digit(16));
            *byte = u8::try_from(high? * 16 + low?).ok()?;
        }
        Some(Self { id: Uuid::try_parse(id).ok()?, secret: bytes })
    }

    /// The same in letters and digits alone, as a MISP instance takes keys.
    pub fn misp_key(&self) -> String {
        let secret: String = self.secret.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{}{secret}", self.id.as_simple())
    }

    /// The text to show to the member, once.
    pub fn reveal(&self) -> String {
        format!("{}.{}", self.id.as_simple(), URL_SAFE_NO_PAD.encode(self.secret))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({}.…)", self.id.as_simple())
    }
}

impl TokenKey {
    /// The key with these bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// What the node keeps of `token`.
    pub fn kept(&self, token: &Token) -> [u8; 32] {
        // HMAC takes keys of any length, so this can't fail; an empty answer would match no kept hash.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return [0; 32] };
        mac.update(b"bongsu token 1");
        mac.update(token.id.as_bytes());
        mac.update(&token.secret);
        mac.finalize().into_bytes().into()
    }

    /// What follows from the key for these parts, for this use alone.
    pub(crate) fn bound(&self, what: &[u8], parts: &[&[u8]]) -> [u8; 32] {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return [0; 32] };
        // With their lengths, so that no other parts, one behind the other, are the same.
        for part in std::iter::once(&what).chain(parts) {
            mac.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    /// Whether `token` is the one of which `kept` was kept.
    pub fn matches(&self, token: &Token, kept: &[u8]) -> bool {
        self.kept(token).ct_eq(kept).into()
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::{TOKEN_CHARS, Token, TokenKey};
    use uuid::Uuid;

    fn token() -> Token {
        Token::new(Uuid::from_u128(5), [3; 32])
    }

    #[test]
    fn a_token_is_read_back_and_matches_what_was_kept() {
        let (token, key) = (token(), TokenKey::new([1; 32]));
        let text = token.reveal();
        assert_eq!(text.len(), TOKEN_CHARS);
        let read = Token::read(&text).unwrap();
        assert_eq!(read, token);
        let kept = key.kept(&token);
        assert!(key.matches(&read, &kept));
        assert!(!TokenKey::new([2; 32]).matches(&read, &kept));
        assert!(!key.matches(&Token::new(token.id, [4; 32]), &kept));
        assert!(!key.matches(&Token::new(Uuid::from_u128(6), [3; 32]), &kept));
        assert!(!key.matches(&read, &kept[..31]));
    }

    #[test]
    fn a_token_is_the_same_in_letters_and_digits_alone() {
        let key = token().misp_key();
        assert!(key.len() == super::KEY_CHARS && key.bytes().all(|b| b.is_ascii_alphanumeric()), "{key}");
        assert_eq!(Token::read(&key), Some(token()));
        assert_eq!(Token::read(&key.to_uppercase()), Some(token()));
        for bad in [&key[1..], &key.replace('3', "g"), &format!("{}é", &key[2..]), &format!("+{}", &key[1..])]
        {
            assert_eq!(Token::read(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_is_no_token_is_not_read() {
        let good = token().reveal();
        for bad in ["", ".", "x", &good[1..], &good.replace('.', "-"), &format!("{good} "), &"é".repeat(38)]
        {
            assert_eq!(Token::read(bad), None, "{bad}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!("{:?} {:?}", token(), TokenKey::new([1; 32]));
        assert_eq!(shown, "Token(00000000000000000000000000000005.…) TokenKey(…)");
    }
}
