//! What the guard holds, by which rule and list, and what it lets pass.

use bongsu_watch::{Context, Guard, Kind, Lists, Value, guess, normalise};
use proptest::prelude::*;
use stix::Timestamp;

fn now() -> Timestamp {
    Timestamp::parse("2026-11-24T00:00:00Z").unwrap()
}

fn guard() -> Guard {
    let (guard, findings) = Guard::new(
        Lists::builtin(),
        &["cert.example-kr.kr", "198.41.0.0/24", "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"],
    );
    assert_eq!(findings, []);
    guard
}

fn value(text: &str) -> Value {
    guess(text).or_else(|| normalise(Kind::Domain, text).ok()).unwrap_or_else(|| panic!("{text}"))
}

fn held(text: &str) -> Option<(&'static str, Option<String>)> {
    guard().check(&value(text), &Context::new(now(), 0)).err().map(|hold| (hold.rule, hold.list))
}

#[test]
fn the_packed_lists_are_all_read() {
    let (lists, findings) = Lists::with::<&str>(&[]);
    assert_eq!(findings, []);
    assert_eq!(lists.titles().count(), 51, "50 of MISP and our own");
    assert!(lists.bytes() < 8 * 1024 * 1024, "{} bytes", lists.bytes());
}

#[test]
fn harmless_values_are_held_by_the_rule_that_fits() {
    let check = |text, rule: Option<&str>| assert_eq!(held(text).map(|hold| hold.0), rule, "{text}");
    check("google.com", Some("warning-list"));
    check("www.google.com", Some("warning-list"));
    check("mail.google.co.kr", Some("warning-list"));
    check("naver.com", Some("warning-list"));
    check("ocsp.digicert.com", Some("warning-list"));
    check("8.8.8.8", Some("warning-list"));
    check("1.1.1.0/24", Some("warning-list"));
    check("2606:4700:4700::1111", Some("warning-list"));
    check("d41d8cd98f00b204e9800998ecf8427e", Some("warning-list"));
    check("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", Some("warning-list"));
    check("co.kr", Some("public-suffix"));
    check("github.io", Some("public-suffix"));
    check("com", Some("public-suffix"));
    check("medianewsonline.com", Some("shared-host"));
    check("wordpress.com", Some("warning-list"));
    check("printer.local", Some("special-purpose"));
    check("1.0.0.10.in-addr.arpa", Some("special-purpose"));
    check("192.168.1.1", Some("special-purpose"));
    check("169.254.169.254", Some("special-purpose"));
    check("0.0.0.0/0", Some("own-asset"));
    check("0.0.0.0/4", Some("special-purpose"));
    check("fe80::1", Some("special-purpose"));
    check("::ffff:8.8.8.8", Some("special-purpose"));
    check("45.0.0.0/9", Some("too-wide"));
    check("abuse@evil-domain.com", Some("special-purpose"));
    check("www.cert.example-kr.kr", Some("own-asset"));
    check("example-kr.kr", Some("own-asset"));
    check("198.41.0.4", Some("own-asset"));
    check("bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", Some("own-asset"));
    check("https://cert.example-kr.kr/login", Some("own-asset"));
    check("http://192.168.0.1/a", Some("special-purpose"));
    check("https://google.com/", Some("warning-list"));
    check("CVE-2021-44228", Some("not-blockable"));
    // Real indicators pass: a tenant below a shared name, a page on a shared host, a bare host.
    check("exbonus.mrbasic.com", None);
    check("evil-actor.wordpress.com", None);
    check("evil.github.io", None);
    check("https://drive.google.com/uc?id=1", None);
    check("celasllc.com", None);
    check("185.142.236.226", None);
}

#[test]
fn the_list_that_holds_a_value_is_named() {
    assert_eq!(
        held("8.8.8.8").and_then(|hold| hold.1).as_deref(),
        Some("List of known IPv4 public DNS resolvers")
    );
    assert_eq!(
        held("10.0.0.1").and_then(|hold| hold.1).as_deref(),
        Some("IANA special-purpose address registries")
    );
    let hold = guard().check(&value("mail.google.com"), &Context::new(now(), 0)).unwrap_err();
    assert!(hold.message.contains("google.com"), "{hold}");
}

#[test]
fn a_page_never_becomes_a_block_of_its_host() {
    let context = Context::new(now(), 0);
    let host = |text| {
        guard().host(&value(text), &context).map(|host| host.get().to_string()).map_err(|hold| hold.rule)
    };
    assert_eq!(host("https://drive.google.com/uc?id=1"), Err("shared-host"));
    assert_eq!(host("https://celasllc.com/a"), Err("shared-host"));
    assert_eq!(host("https://celasllc.com"), Ok("celasllc.com".to_owned()));
    assert_eq!(host("https://google.com"), Err("warning-list"));
}

#[test]
fn validity_and_confidence_are_counted_to_the_instant() {
    let at = |text| Some(Timestamp::parse(text).unwrap());
    let base = Context { confidence: Some(80), ..Context::new(now(), 50) };
    let check = |context: Context, kind, text, rule: Option<&str>| {
        let value = normalise(kind, text).unwrap();
        assert_eq!(guard().check(&value, &context).err().map(|hold| hold.rule), rule, "{context:?}");
    };
    let domain = |context, rule| check(context, Kind::Domain, "celasllc.com", rule);
    domain(base, None);
    domain(Context { valid_until: Some(now()), ..base }, Some("expired"));
    domain(Context { valid_until: at("2026-11-24T00:00:00.000001Z"), ..base }, None);
    domain(Context { valid_from: Some(now()), ..base }, None);
    domain(Context { valid_from: at("2026-11-24T00:00:00.000001Z"), ..base }, Some("not-yet-valid"));
    domain(Context { confidence: Some(49), ..base }, Some("confidence"));
    domain(Context { confidence: Some(50), ..base }, None);
    // An address fades in half a year, a file hardly; a sighting makes it young again.
    let old = Context { valid_from: at("2026-06-24T00:00:00Z"), ..base };
    check(old, Kind::Ipv4, "185.142.236.226", Some("confidence"));
    check(Context { seen_last: at("2026-11-01T00:00:00Z"), ..old }, Kind::Ipv4, "185.142.236.226", None);
    check(old, Kind::Md5, "002fd493096214a9a44d82acb7f1ac30", None);
}

#[test]
fn lists_can_be_added_and_bad_ones_are_findings() {
    let own = r#"{"name":"Ours","type":"hostname","version":1,"list":["our-partner.net",".wide.net","185.142.236.0/24","not a value"]}"#;
    let regex = r#"{"name":"R","type":"regex","version":1,"list":["/x/"]}"#;
    let (lists, findings) = Lists::with(&[own, regex, "{"]);
    assert_eq!(
        findings.iter().map(|f| f.code).collect::<Vec<_>>(),
        ["list-entry-unread", "list-unread", "list-unread"]
    );
    let (guard, _) = Guard::new::<&str>(lists.into(), &[]);
    for text in ["our-partner.net", "a.our-partner.net", "x.wide.net", "185.142.236.226"] {
        let hold = guard.check(&value(text), &Context::new(now(), 0)).unwrap_err();
        assert_eq!((hold.rule, hold.list.as_deref()), ("warning-list", Some("Ours")), "{text}");
    }
}

/// What many share is never refused as a whole; what one tenant has below it may be, where tenants have names of their own.
#[test]
fn shared_hosting_is_held_and_its_tenants_are_not() {
    const SHARED: [&str; 3] = ["public-suffix", "shared-host", "warning-list"];
    for name in [
        // Free hosting and pages.
        "github.io",
        "gitlab.io",
        "pages.dev",
        "workers.dev",
        "netlify.app",
        "vercel.app",
        "web.app",
        "firebaseapp.com",
        "herokuapp.com",
        "glitch.me",
        "surge.sh",
        "onrender.com",
        "fly.dev",
        "azurewebsites.net",
        "cloudfront.net",
        "blogspot.com",
        "wordpress.com",
        "weebly.com",
        "wixsite.com",
        "webflow.io",
        "tistory.com",
        "000webhostapp.com",
        // Dynamic DNS and tunnels.
        "duckdns.org",
        "ddns.net",
        "no-ip.org",
        "hopto.org",
        "zapto.org",
        "mrbasic.com",
        "ngrok.io",
        "ngrok-free.app",
        "trycloudflare.com",
        "serveo.net",
        // Cloud storage.
        "s3.amazonaws.com",
        "blob.core.windows.net",
        "storage.googleapis.com",
        "r2.dev",
        "nyc3.digitaloceanspaces.com",
    ] {
        let rule = held(name).map(|hold| hold.0);
        assert!(rule.is_some_and(|rule| SHARED.contains(&rule)), "{name}: {rule:?}");
        let tenant = format!("evil-login-k3.{name}");
        assert_eq!(held(&tenant), None, "{tenant}");
        assert_eq!(held(&format!("https://evil-login-k3.{name}/a.php")), None, "{tenant}");
    }
    // Hosts of files, pastes and links whose tenants are pages: the page may be listed, the host not refused.
    for name in [
        "drive.google.com",
        "docs.google.com",
        "sites.google.com",
        "dropbox.com",
        "dl.dropboxusercontent.com",
        "1drv.ms",
        "onedrive.live.com",
        "mega.nz",
        "mediafire.com",
        "cdn.discordapp.com",
        "discord.com",
        "raw.githubusercontent.com",
        "pastebin.com",
        "t.me",
        "api.telegram.org",
        "bit.ly",
        "tinyurl.com",
        "t.co",
        "is.gd",
        "gofile.io",
        "file.io",
        "transfer.sh",
        "catbox.moe",
        "ipfs.io",
        "archive.org",
        "linktr.ee",
    ] {
        let rule = held(name).map(|hold| hold.0);
        assert!(rule.is_some_and(|rule| SHARED.contains(&rule)), "{name}: {rule:?}");
        assert_eq!(held(&format!("https://{name}/evil-login-k3/a.php")), None, "{name}");
    }
    // Addresses behind which many stand: networks for delivery, clouds, mail.
    for address in [
        "104.16.1.1",
        "172.67.1.1",
        "2606:4700::6810:1",
        "151.101.1.1",
        "23.32.1.1",
        "52.216.1.1",
        "34.80.0.1",
        "209.85.220.41",
        "2a04:4e42::1",
    ] {
        assert_eq!(held(address).map(|hold| hold.0), Some("warning-list"), "{address}");
    }
}

/// What is switched off holds nothing more, and the others hold what they held.
#[test]
fn a_list_can_be_switched_off_by_its_title() {
    let own = r#"{"name":"Ours","type":"hostname","version":1,"list":["our-partner.net"]}"#;
    let resolvers = "List of known IPv4 public DNS resolvers";
    let off: Vec<String> = [resolvers, "Ours", "Nobody's"].map(str::to_owned).to_vec();
    let (lists, findings) = Lists::without(&[own], &off);
    assert_eq!(findings.len(), 1);
    assert_eq!((findings[0].code, findings[0].path.as_str()), ("list-unknown", "off[2]"));
    assert_eq!(lists.titles().count(), Lists::builtin().titles().count() - 1);
    let (guard, _) = Guard::new::<&str>(lists.into(), &[]);
    let hold = |text| guard.check(&value(text), &Context::new(now(), 0)).err().map(|hold| hold.rule);
    assert!(held("9.9.9.9").is_some());
    assert_eq!(hold("9.9.9.9"), None);
    assert_eq!(hold("our-partner.net"), None);
    assert_eq!(hold("2606:4700:4700::1111"), Some("warning-list"));
    assert_eq!(hold("google.com"), Some("warning-list"));
}

#[test]
fn lists_are_told_with_the_number_of_their_entries() {
    let own = r#"{"name":"Ours","type":"hostname","version":1,"list":["our-partner.net", "not a value"]}"#;
    for lists in [Lists::with(&[own]).0, Lists::without(&[own], &["x".to_owned()]).0] {
        let all: Vec<_> = lists.all().collect();
        assert_eq!(all.len(), 52);
        let last = all.last().unwrap();
        assert_eq!((last.title.as_str(), last.entries, last.is_own), ("Ours", 1, true));
        assert_eq!(all.iter().filter(|list| list.is_own).count(), 1);
        let empty = all.iter().find(|list| list.title == "List of known hashes for empty files").unwrap();
        assert_eq!(empty.entries, 6);
    }
    assert_eq!(Lists::check(own, "a.json"), Ok(()));
    assert_eq!(Lists::check("{", "a.json").unwrap_err().code, "list-unread");
}

/// Networks that no list may ever hold, as the registries have them; written anew here to check the guard's table.
const SPECIAL: [&str; 18] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "fc00::/7",
    "fe80::/10",
    "2001:db8::/32",
];

proptest! {
    #[test]
    fn no_special_purpose_address_ever_passes(which in 0..SPECIAL.len(), bits in any::<u128>()) {
        let network: ipnet::IpNet = SPECIAL[which].parse().unwrap();
        let address = match network {
            ipnet::IpNet::V4(net) => {
                let host = u32::try_from(bits & u128::from(net.hostmask().to_bits())).unwrap();
                std::net::IpAddr::from(std::net::Ipv4Addr::from(net.network().to_bits() | host))
            }
            ipnet::IpNet::V6(net) => std::net::IpAddr::from(std::net::Ipv6Addr::from(net.network().to_bits() | (bits & net.hostmask().to_bits()))),
        };
        let kind = if address.is_ipv4() { Kind::Ipv4 } else { Kind::Ipv6 };
        let (guard, _) = Guard::new::<&str>(Lists::none(), &[]);
        let hold = guard.check(&normalise(kind, &address.to_string()).unwrap(), &Context::new(now(), 0)).unwrap_err();
        prop_assert_eq!(hold.rule, "special-purpose");
    }

    #[test]
    fn a_higher_threshold_never_lets_more_pass(low in 0_u8..=100, high in 0_u8..=100, confidence in 0_u8..=100, days in 0_i64..2_000) {
        let (low, high) = (low.min(high), low.max(high));
        let (guard, _) = Guard::new::<&str>(Lists::none(), &[]);
        let from = Timestamp::from_micros(now().micros() - days * 86_400_000_000);
        let context = |min| Context { confidence: Some(confidence), valid_from: Some(from), ..Context::new(now(), min) };
        for text in ["celasllc.com", "185.142.236.226", "002fd493096214a9a44d82acb7f1ac30"] {
            let value = value(text);
            if guard.check(&value, &context(high)).is_ok() {
                prop_assert!(guard.check(&value, &context(low)).is_ok());
            }
        }
    }
}

/// An entry of a warning list that is a URL of a whole host never held: only its host was asked about.
#[test]
fn a_listed_url_of_a_whole_host_is_held() {
    let list = r#"{"name":"ours","type":"string","version":1,"list":["http://listed-k3.top"]}"#;
    let (lists, findings) = Lists::with(&[list]);
    assert_eq!(findings, []);
    let (guard, _) = Guard::new::<&str>(std::sync::Arc::new(lists), &[]);
    let hold = guard.check(&value("http://listed-k3.top/"), &Context::new(now(), 0)).unwrap_err();
    assert_eq!(hold.rule, "warning-list", "{hold}");
    assert!(guard.check(&value("http://other-k3.top/"), &Context::new(now(), 0)).is_ok());
}

/// Two inputs that the fuzzer kept: the guard let a listed whole-host URL pass (its fault, mended), and the plain version
/// took `evil.co\`` for a name (its own fault: lists are written by machines, and what is unread is said).
#[test]
fn what_the_fuzzer_saw_in_lists_is_held_or_said() {
    let first = r#"{"name":"a","type":"hostname","list":["evil.co`","2.2.3.0/24","evil.co"]}"#;
    let second =
        r#"{"name":"b","slug":"dynamic-dns","list":["d.net","http://e.com98ecf8427e","2001:db9::/32"]}"#;
    let (lists, findings) = Lists::with(&[first, second]);
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!((findings[0].code, findings[0].path.as_str()), ("list-entry-unread", "lists[0]"));
    assert!(findings[0].message.starts_with("1 entries of `a`"), "{findings:?}");
    let (guard, _) = Guard::new::<&str>(std::sync::Arc::new(lists), &[]);
    let hold = |kind, text| {
        guard
            .check(&normalise(kind, text).unwrap(), &Context::new(now(), 0))
            .map_err(|hold| hold.list.unwrap())
    };
    assert_eq!(hold(Kind::Domain, "evil.co"), Err("a".to_owned()));
    assert_eq!(hold(Kind::Ipv4, "2.2.3.4"), Err("a".to_owned()));
    assert_eq!(hold(Kind::Domain, "d.net"), Err("b".to_owned()));
    assert_eq!(hold(Kind::Url, "http://e.com98ecf8427e/"), Err("b".to_owned()));
    assert_eq!(hold(Kind::Domain, "tenant.d.net"), Ok(()));
}

/// Lists given at run time lie over the shared ones: one walk up the names sees both.
#[test]
fn lists_of_ones_own_and_those_compiled_in_hold_together() {
    let own = r#"{"name":"own","list":["google.com","tenant.wordpress.com"]}"#;
    let (lists, findings) = Lists::with(&[own]);
    assert_eq!(findings, []);
    assert_eq!(lists.titles().count(), Lists::builtin().titles().count() + 1);
    let (guard, _) = Guard::new::<&str>(std::sync::Arc::new(lists), &[]);
    let hold = |text| guard.check(&value(text), &Context::new(now(), 0)).err().map(|hold| hold.list.unwrap());
    assert_eq!(hold("tenant.wordpress.com").as_deref(), Some("own"));
    assert_eq!(hold("below.tenant.wordpress.com").as_deref(), Some("own"));
    assert_eq!(hold("other.wordpress.com"), None, "many share the name above it");
    assert!(hold("google.com").is_some_and(|list| list != "own"), "the first list is named");
    assert!(hold("8.8.8.8").is_some());
}

/// An entry as the writers of lists spell it, with the value that it must hold.
fn entry() -> impl Strategy<Value = (String, Kind)> {
    let name = "(EVIL|evil|a-b|x_y|xn--80ak6aa92e|0)(\\.[a-f0-9]{1,4}){0,2}\\.(co|com|CO\\.KR|net|io)\\.?";
    prop_oneof![
        name.prop_map(|text| (text, Kind::Domain)),
        (name, "(:80|:8080)?", "(/|/x|)")
            .prop_map(|(name, port, path)| (format!("http://{name}{port}{path}"), Kind::Url)),
        ("[a-z.]{1,5}", name).prop_map(|(local, name)| (format!("{local}@{name}"), Kind::Email)),
        any::<u32>().prop_map(|bits| (std::net::Ipv4Addr::from(bits).to_string(), Kind::Ipv4)),
        (any::<u32>(), 0_u8..=32)
            .prop_map(|(bits, length)| (format!("{}/{length}", std::net::Ipv4Addr::from(bits)), Kind::Ipv4)),
        (any::<u128>(), 0_u8..=128)
            .prop_map(|(bits, length)| (format!("{}/{length}", std::net::Ipv6Addr::from(bits)), Kind::Ipv6)),
        "[0-9a-fA-F]{32}".prop_map(|text| (text, Kind::Md5)),
        "[0-9a-f]{64}".prop_map(|text| (text, Kind::Sha256)),
    ]
}

proptest! {
    #[test]
    fn what_is_on_a_list_is_held_however_it_is_spelt(entries in proptest::collection::vec(entry(), 1..8), shared in any::<bool>()) {
        let texts: Vec<&str> = entries.iter().map(|(text, _)| text.as_str()).collect();
        let slug = if shared { "dynamic-dns" } else { "ours" };
        let list = serde_json::json!({"name": "ours", "slug": slug, "list": texts}).to_string();
        let (lists, _) = Lists::with(&[list]);
        let (guard, _) = Guard::new::<&str>(std::sync::Arc::new(lists), &[]);
        for (text, kind) in &entries {
            if let Ok(value) = normalise(*kind, text) {
                prop_assert!(guard.check(&value, &Context::new(now(), 0)).is_err(), "{text}");
            }
        }
    }
}
