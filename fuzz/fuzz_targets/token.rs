#![no_main]
//! Tokens: what is read reveals itself as the text that it was read from, in one of its two spellings and but for the case of
//! what is hexadecimal, and matches what was kept of it alone.

use libfuzzer_sys::fuzz_target;
use web::auth::{Token, TokenKey};

fuzz_target!(|text: &str| {
    let Some(token) = Token::read(text) else { return };
    let revealed = token.reveal();
    if text.contains('.') {
        assert!(revealed.eq_ignore_ascii_case(text), "{revealed} was {text}");
        assert_eq!(
            revealed.split_once('.').map(|(_, secret)| secret),
            text.split_once('.').map(|(_, secret)| secret)
        );
    } else {
        assert!(token.misp_key().eq_ignore_ascii_case(text), "{} was {text}", token.misp_key());
    }
    for spelling in [revealed, token.misp_key()] {
        assert_eq!(Token::read(&spelling).as_ref(), Some(&token));
    }
    let key = TokenKey::new([1; 32]);
    let kept = key.kept(&token);
    assert!(key.matches(&token, &kept));
    let other = Token::new(token.id, [5; 32]);
    assert_eq!(key.matches(&other, &kept), other == token);
});
