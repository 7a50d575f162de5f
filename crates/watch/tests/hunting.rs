//! Hunting finds what a slow and obvious search finds, whatever stands around it, and nothing else.

use std::collections::BTreeSet;
use std::net::IpAddr;

use bongsu_watch as watch;
use proptest::prelude::*;
use watch::hunt::{How, Needles, confirm};
use watch::{Kind, Value, normalise};

fn value(kind: Kind, text: &str) -> Value {
    normalise(kind, text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The value, the part of the text and how.
type Hit = (String, String, How);

fn hunt(text: &[u8], values: &[Value]) -> BTreeSet<Hit> {
    let (needles, order) = Needles::of(values);
    let needles = Needles::from_keys(needles.keys().to_vec(), needles.expect().clone()).unwrap();
    let mut candidates = Vec::new();
    needles.candidates(text, &mut candidates);
    let hit = |candidate: &watch::hunt::Candidate| {
        let value = &values[order[candidate.needle as usize] as usize];
        let (range, how) = confirm(text, *candidate, value)?;
        Some((value.text().to_owned(), String::from_utf8_lossy(&text[range]).into_owned(), how))
    };
    candidates.iter().filter_map(hit).collect()
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._".contains(&byte) || byte >= 0x80
}

/// The IPv6 address that a run of letters, digits and colons is, behind the name of a field and before a mark.
fn addresses(run: &str) -> Option<(IpAddr, &str)> {
    let is_name = |label: &str| label.bytes().any(|byte| !byte.is_ascii_hexdigit() && byte != b'.');
    let colon =
        run.match_indices(':').rfind(|(at, _)| is_name(run[..*at].rsplit(':').next().unwrap_or_default()));
    let run = match colon {
        Some((at, _)) if run[at + 1..].starts_with(':') => return None,
        Some((at, _)) => &run[at + 1..],
        None => run,
    };
    let cut = run.strip_suffix([':', '.']).unwrap_or(run);
    let found = [run, cut].into_iter().find_map(|text| Some((text.parse::<IpAddr>().ok()?, text)))?;
    found.0.is_ipv6().then_some(found)
}

/// An address that tcpdump writes with a port behind it.
fn without_port(word: &str) -> Option<&str> {
    let (address, port) = word.rsplit_once('.')?;
    let is_port = port.parse::<u16>().is_ok_and(|number| number.to_string() == port) && port != "0";
    (is_port && address.parse::<IpAddr>().is_ok()).then_some(address)
}

/// Each value against each word, one after the other.
fn slowly(text: &[u8], values: &[Value]) -> BTreeSet<Hit> {
    let mut hits = BTreeSet::new();
    let mut hit =
        |value: &Value, found: &str, how| hits.insert((value.text().to_owned(), found.to_owned(), how));
    let words = text.split(|byte| !is_word(*byte)).filter_map(|word| std::str::from_utf8(word).ok());
    let colons =
        text.split(|byte| !is_word(*byte) && *byte != b':').filter_map(|word| std::str::from_utf8(word).ok());
    let colons = colons.filter_map(addresses);
    let words: Vec<&str> =
        words.map(|word| word.trim_matches(['.', '-'])).filter(|word| word.len() <= 512).collect();
    for value in values {
        for word in &words {
            match value.kind() {
                Kind::Domain => {
                    let Ok(name) = normalise(Kind::Domain, word) else { continue };
                    if name == *value {
                        hit(value, word, How::Exact);
                    } else if name.text().ends_with(&format!(".{}", value.text())) {
                        hit(value, word, How::Below);
                    }
                }
                Kind::Ipv4 => {
                    let word = without_port(word).unwrap_or(word);
                    let Ok(address) = word.parse::<IpAddr>() else { continue };
                    let is_network = value.text().contains('/');
                    if value.network().is_some_and(|network| network.contains(&address)) {
                        hit(value, word, if is_network { How::Inside } else { How::Exact });
                    }
                }
                kind @ (Kind::Sha256 | Kind::Wallet)
                    if normalise(kind, word).is_ok_and(|found| found == *value) =>
                {
                    hit(value, word, How::Exact);
                }
                _ => {}
            }
        }
        if value.kind() == Kind::Ipv6 {
            for (address, word) in colons.clone() {
                let is_network = value.text().contains('/');
                if value.network().is_some_and(|network| network.contains(&address)) {
                    hit(value, word, if is_network { How::Inside } else { How::Exact });
                }
            }
        }
    }
    hits
}

const HASH: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const WALLET: &str = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa";

fn values() -> Vec<Value> {
    vec![
        value(Kind::Domain, "evil.com"),
        value(Kind::Domain, "b.evil.com"),
        value(Kind::Domain, "a.co"),
        value(Kind::Domain, "봉수.com"),
        value(Kind::Ipv4, "10.1.2.3"),
        value(Kind::Ipv4, "10.1.0.0/16"),
        value(Kind::Ipv4, "10.1.2.0/24"),
        value(Kind::Ipv6, "2001:db8::1"),
        value(Kind::Ipv6, "2001:db8::/32"),
        value(Kind::Sha256, HASH),
        value(Kind::Wallet, WALLET),
    ]
}

fn piece() -> impl Strategy<Value = String> {
    let known = [
        "evil.com",
        "EVIL.com",
        "b.evil.com",
        "x.b.evil.com",
        "devil.com",
        "evil.com.",
        "-evil.com",
        "evil.community",
        "a.co",
        "a.com",
        "봉수.com",
        "www.봉수.com",
        "xn--2w2bx1m.com",
        "10.1.2.3",
        "10.1.2.30",
        "10.1.2.3.443",
        "10.1.2.3.65536",
        "10.1.2",
        "10.1.02.3",
        "110.1.2.3",
        "1770000000.10",
        "2001:db8::1",
        "2001:DB8:0::1",
        "2001:db9::1",
        "12:00:01",
        "evil",
        "com",
        "",
        HASH,
        WALLET,
        "1a1zp1ep5qgefi2dmptftl5slmv7divfna",
    ];
    prop_oneof![
        4 => proptest::sample::select(known.to_vec()).prop_map(str::to_owned),
        1 => "[a-c.1:-]{0,12}",
        1 => Just(HASH.to_ascii_uppercase()),
    ]
}

fn between() -> impl Strategy<Value = String> {
    let known = [" ", "\t", "\n", ",", "\"", "/", "=", "[", "(", "|", "\0", "@", "<b>"];
    prop_oneof![
        8 => proptest::sample::select(known.to_vec()).prop_map(str::to_owned),
        1 => (0_usize..90).prop_map(|length| " ".repeat(length)),
        1 => Just(String::new()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]
    #[test]
    fn what_is_found_is_what_an_obvious_search_finds(
        pieces in proptest::collection::vec((between(), piece()), 0..40), bytes in proptest::collection::vec(any::<u8>(), 0..80)
    ) {
        let text: String = pieces.into_iter().flat_map(|(between, piece)| [between, piece]).collect();
        // What the end of an escape leaves of a word is a matter of its own.
        prop_assume!(!text.contains('%') && !text.contains("\u{1b}["));
        for text in [text.into_bytes(), bytes] {
            prop_assert_eq!(hunt(&text, &values()), slowly(&text, &values()), "{:?}", String::from_utf8_lossy(&text));
        }
    }
}

#[test]
fn real_lines_give_what_stands_in_them() {
    let wanted = [
        value(Kind::Domain, "evil-k3.top"),
        value(Kind::Url, "http://evil-k3.top/in.php?id=1"),
        value(Kind::Url, "https://198.51.100.7:8443/x"),
        value(Kind::Email, "ceo@evil-k3.top"),
        value(Kind::Mac, "00:11:22:33:44:55"),
        value(Kind::RegistryKey, r"HKCU\Software\Microsoft\Windows\CurrentVersion\Run\Updater K3"),
        value(Kind::Ipv6, "2001:db8::/32"),
        value(Kind::Ipv4, "203.0.113.9"),
        value(Kind::Cve, "CVE-2021-44228"),
        value(Kind::Account, "dev-lee.k3"),
        value(Kind::Phone, "+82 2 405 5118"),
        value(Kind::BankAccount, "GB33BUKB20201555555555"),
        value(Kind::FileName, "Invoice Q3.exe"),
        value(Kind::Ja4, "t13d1516h2_8daaf6152771_e5627efa2ab1"),
        value(Kind::Ja3, "e7d705a3286e19ea42f587b344ee6865"),
    ];
    for (line, expected) in [
        (r#"{"user":"Dev-Lee.K3","home":"dev-lee.k33"}"#, &["dev-lee.k3 exact"][..]),
        ("login of @dev-lee.k3.", &["dev-lee.k3 exact"]),
        ("xdev-lee.k3 dev-lee.k3.example", &[]),
        ("call +8224055118, or 8224055118", &["+8224055118 exact"]),
        ("to gb33bukb20201555555555", &["GB33BUKB20201555555555 exact"]),
        (r"C:\Users\a\INVOICE Q3.EXE opened", &["invoice q3.exe exact"]),
        ("invoice q3.exe.txt", &[]),
        ("ja4=t13d1516h2_8daaf6152771_e5627efa2ab1", &["t13d1516h2_8daaf6152771_e5627efa2ab1 exact"]),
        ("ja3 E7D705A3286E19EA42F587B344EE6865", &["e7d705a3286e19ea42f587b344ee6865 exact"]),
        (r#"{"dns":{"rrname":"www.evil-k3.top"}}"#, &["evil-k3.top below"]),
        (
            "GET http://evil-k3.top/in.php?id=1, 200",
            &["evil-k3.top exact", "http://evil-k3.top/in.php?id=1 exact"],
        ),
        (
            "see (http://evil-k3.top/in.php?id=1).",
            &["evil-k3.top exact", "http://evil-k3.top/in.php?id=1 exact"],
        ),
        ("GET http://evil-k3.top/in.php?id=12", &["evil-k3.top exact"]),
        (
            r#"{"url":"http:\/\/evil-k3.top\/in.php?id=1","n":1}"#,
            &["evil-k3.top exact", "http://evil-k3.top/in.php?id=1 exact"],
        ),
        (r#"{"url":"http:\/\/evil-k3.top\/in.php?id=1\/2"}"#, &["evil-k3.top exact"]),
        ("IP 10.0.0.1.5353 > 203.0.113.9.443: Flags [S]", &["203.0.113.9 exact"]),
        ("203.0.113.9.65536 203.0.113.9.1.2 203.0.113.9.", &["203.0.113.9 exact"]),
        ("CONNECT https://198.51.100.7:8443/x HTTP/1.1", &["https://198.51.100.7:8443/x exact"]),
        ("u=http%3A%2F%2Fevil-k3.top%2Fin.php", &["evil-k3.top exact"]),
        ("\u{1b}[1;31mevil-k3.top\u{1b}[0m", &["evil-k3.top exact"]),
        ("from=<CEO@Evil-K3.top>, size=3", &["ceo@evil-k3.top exact", "evil-k3.top exact"]),
        ("to=ceo@evil-k3.top", &["ceo@evil-k3.top exact", "evil-k3.top exact"]),
        ("vice-ceo@evil-k3.top", &["evil-k3.top exact"]),
        ("DHCPACK to 00:11:22:33:44:55 via eth0", &["00:11:22:33:44:55 exact"]),
        ("mac 00-11-22-33-44-55", &["00:11:22:33:44:55 exact"]),
        (
            r#"{"TargetObject":"HKEY_CURRENT_USER\\Software\\Microsoft\\Windows\\CurrentVersion\\Run\\Updater K3"}"#,
            &[r"HKEY_CURRENT_USER\Software\Microsoft\Windows\CurrentVersion\Run\Updater K3 exact"],
        ),
        (r"HKCU\Software\Microsoft\Windows\CurrentVersion\Run\Updater K33", &[]),
        ("[2001:db8::7]:443 CVE-2021-44228", &["2001:db8::/32 inside"]),
        ("2001:db8::7: no route", &["2001:db8::/32 inside"]),
        ("src:2001:db8::7 x2001:db8::7 2001:db8::7x", &["2001:db8::/32 inside"]),
        ("12:00:01 not-evil-k3.top evil-k3.top.example 198.51.100.7", &[]),
    ] {
        let found = hunt(line.as_bytes(), &wanted);
        let found: BTreeSet<String> =
            found.iter().map(|(value, _, how)| format!("{value} {}", how.as_str())).collect();
        let expected: BTreeSet<String> = expected.iter().map(|text| (*text).to_owned()).collect();
        assert_eq!(found, expected, "{line}");
    }
}

#[test]
fn much_of_nothing_is_nothing() {
    for text in
        [vec![0; 1 << 20], vec![b'.'; 1 << 20], vec![b':'; 1 << 20], "a@".repeat(1 << 19).into_bytes()]
    {
        assert!(hunt(&text, &values()).is_empty());
    }
}

/// Letters' case says nothing in some addresses, and is all in others.
#[test]
fn wallets_are_found_in_every_spelling_of_their_case() {
    let evm = "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed";
    let values = [
        value(Kind::Wallet, evm),
        value(Kind::Wallet, "BC1QAR0SRRR7XFKVY5L643LYDNW9RE59GTZZWF5MDQ"),
        value(Kind::Wallet, WALLET),
    ];
    let spellings = [
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0X5AAEB6053F3E94C9B9A09F33669435E7EF1BEAED",
        // No checksum of EIP-55, but a log that counts letters as it likes means this account.
        "0x5Aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
        "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
        WALLET,
    ];
    for text in spellings {
        let line = format!("to={text}, amount=1\n");
        let found: Vec<String> =
            hunt(line.as_bytes(), &values).into_iter().map(|(_, found, _)| found).collect();
        assert_eq!(found, [text]);
    }
    assert_eq!(hunt(WALLET.to_lowercase().as_bytes(), &values), BTreeSet::new());
}
