#![no_main]
//! The guard: a value that would hit a member's own asset is held, a URL of a whole host is held when the host is, and an
//! asset more lets nothing more through. The first line is the asset, the second the value.

use libfuzzer_sys::fuzz_target;
use stix::Timestamp;
use watch::{Context, Guard, Kind, Lists, Value, guess, normalise};

fuzz_target!(|text: &str| {
    let Some((asset, cell)) = text.split_once('\n') else { return };
    let Some(value) = guess(cell).filter(|value| value.kind().blockable()) else { return };
    let context = Context::new(Timestamp::from_micros(0), 0);
    let (bare, _) = Guard::new::<&str>(Lists::builtin(), &[]);
    let (guard, unread) = Guard::new(Lists::builtin(), &[asset]);
    let held = |guard: &Guard, value: &Value| guard.check(value, &context).is_err();
    let (own, _) = Guard::new(Lists::none(), &[value.text()]);
    assert!(held(&own, &value), "its own value is not spared: {value}");
    if held(&bare, &value) {
        assert!(held(&guard, &value), "an asset lets {value} through");
    }
    if let Some(host) = value.url_host().filter(|_| value.is_whole_host()) {
        for guard in [&bare, &guard] {
            assert!(!held(guard, &host) || held(guard, &value), "{value} with {asset}");
        }
    }
    if let Some(asset) = guess(asset).filter(|_| unread.is_empty()) {
        hits(&guard, &asset, &value, &context);
    }
});

/// By the plain meaning of "would hit".
fn hits(guard: &Guard, asset: &Value, value: &Value, context: &Context) {
    let below = |name: &str, above: &str| name == above || name.ends_with(&format!(".{above}"));
    let hit = match (asset.kind(), value.kind()) {
        (Kind::Domain, Kind::Domain) => {
            below(value.text(), asset.text()) || below(asset.text(), value.text())
        }
        (Kind::Ipv4 | Kind::Ipv6, Kind::Ipv4 | Kind::Ipv6) => {
            asset.network().zip(value.network()).is_some_and(|(a, b)| a.contains(&b) || b.contains(&a))
        }
        (Kind::Url, Kind::Domain) => asset.url_host().as_ref() == Some(value),
        _ => asset == value,
    };
    let inside = normalise(Kind::Domain, &format!("a.{value}")).ok();
    assert!(!hit || guard.check(value, context).is_err(), "{value} would hit {asset}");
    if let Some(inside) = inside.filter(|_| value.kind() == Kind::Domain && asset == value) {
        assert!(guard.check(&inside, context).is_err(), "{inside} lies under {asset}");
    }
}
