#![no_main]
//! Normal forms, of every kind: normalising what is normal changes nothing, defanging and its pattern lead back to it, and
//! what a device takes fits into one line of a list.

use libfuzzer_sys::fuzz_target;
use watch::actionable::{pattern_of, pattern_values};
use watch::{Kind, Value, defang, normalise};

fuzz_target!(|text: &str| {
    for kind in Kind::ALL {
        if let Ok(value) = normalise(kind, text) {
            check(kind, &value);
        }
    }
});

fn check(kind: Kind, value: &Value) {
    assert_eq!(value.kind(), kind);
    assert_eq!(normalise(kind, value.text()).as_ref(), Ok(value));
    assert_eq!(normalise(kind, &defang(value)).as_ref(), Ok(value), "defanged as {}", defang(value));
    if let Some(pattern) = pattern_of(value) {
        assert_eq!(pattern_values(&pattern), std::slice::from_ref(value), "{pattern}");
    }
    if kind.blockable() {
        assert!(!value.text().is_empty() && value.text().bytes().all(|b| b.is_ascii_graphic()), "{value:?}");
    }
    match kind {
        Kind::Ipv4 | Kind::Ipv6 => assert!(value.network().is_some()),
        Kind::Url => assert!(value.url_host().is_some(), "no host: {value}"),
        Kind::Wallet => assert!(value.chain().is_some()),
        _ => {}
    }
}
