#![no_main]
//! URLs: the normal form names the host that browsers would go to, by an independent reader of the WHATWG standard, and that
//! reader leaves scheme, host and port of the normal form as they are.

use libfuzzer_sys::fuzz_target;
use watch::{Kind, normalise, refang};

fuzz_target!(|text: &str| {
    let Ok(value) = normalise(Kind::Url, text) else { return };
    let theirs = url::Url::parse(value.text()).unwrap_or_else(|error| panic!("{value}: {error}"));
    let special = ["http", "https", "ftp", "ws", "wss"].contains(&theirs.scheme());
    if !special {
        return;
    }
    let host = value.url_host().map(|host| host.text().to_owned());
    let plain = |url: &url::Url| {
        url.host_str().map(|host| host.trim_matches(['[', ']']).trim_end_matches('.').to_owned())
    };
    assert_eq!(host, plain(&theirs), "{value}");
    let start = &theirs[url::Position::BeforeScheme..url::Position::BeforeUsername];
    assert!(value.text().starts_with(start), "{value} is {theirs}");
    if let Ok(original) = url::Url::parse(refang(text.trim()).as_ref()) {
        // A blank inside can hide a defanged scheme, which is undone afterwards.
        if original.scheme() != theirs.scheme() {
            return;
        }
        assert_eq!(host, plain(&original), "{value} was {original}");
        assert_eq!(original.port(), theirs.port(), "{value} was {original}");
    }
});
