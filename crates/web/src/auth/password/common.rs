//! Passwords that everybody tries first.
//!
//! `common.bin` has the first 10,000 with 12 and more characters of the ranked list of a million that the crate
//! `passablewords` 1.0.1 ships (MIT licence, © 2017 Mike Engel): of each, in small letters, the first 8 bytes of its SHA-256, in order. So no
//! page of this project has the words themselves, and a look is a search in 80 KB.

use sha2::{Digest as _, Sha256};

static LIST: &[u8] = include_bytes!("common.bin");
const BYTES: usize = 8;

/// Whether a password is on the list, in whichever letters.
pub(super) fn is_common(password: &str) -> bool {
    let hash = Sha256::digest(password.to_lowercase());
    let Some(wanted) = hash.first_chunk::<BYTES>() else { return false };
    let (all, _) = LIST.as_chunks::<BYTES>();
    all.binary_search(wanted).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_whole_and_in_order() {
        let (all, rest) = LIST.as_chunks::<BYTES>();
        assert_eq!((all.len(), rest.len()), (10_000, 0));
        assert!(all.is_sorted_by(|one, next| one < next));
    }

    #[test]
    fn what_everybody_tries_first_is_on_it() {
        for common in
            ["123qweasdzxc", "1qaz2wsx3edc", "Q1W2E3R4T5Y6", "sonyericsson", "gfhjkmgfhjkm", "LeaveMeAlone"]
        {
            assert!(is_common(common), "{common}");
        }
        for other in ["", "a long sentence of one", "correct horse battery", "비밀번호는길수록좋습니다"]
        {
            assert!(!is_common(other), "{other}");
        }
    }
}
