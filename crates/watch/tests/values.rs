//! Each kind has one normal form, however it was spelt.

use bongsu_watch::{Kind, Value, defang, guess, normalise, refang};
use proptest::prelude::*;

fn normal(kind: Kind, text: &str) -> Option<String> {
    normalise(kind, text).ok().map(|value| value.text().to_owned())
}

#[test]
fn every_spelling_has_one_normal_form() {
    let check =
        |kind, text, expected: Option<&str>| assert_eq!(normal(kind, text).as_deref(), expected, "{text}");
    check(Kind::Domain, "Example.COM.", Some("example.com"));
    check(Kind::Domain, "bücher.example", Some("xn--bcher-kva.example"));
    check(Kind::Domain, "XN--BCHER-KVA.example", Some("xn--bcher-kva.example"));
    check(Kind::Domain, "한국.kr", Some("xn--3e0b707e.kr"));
    check(Kind::Domain, "evil[.]example[.]com", Some("evil.example.com"));
    check(Kind::Domain, "_dmarc.example.com", Some("_dmarc.example.com"));
    check(Kind::Domain, "1.2.3.4", None);
    check(Kind::Domain, "a..b", None);
    check(Kind::Domain, "-a.example", None);
    check(Kind::Domain, "exa mple.com", None);
    check(Kind::Domain, "", None);
    check(Kind::Ipv4, "8.8.8[.]8", Some("8.8.8.8"));
    check(Kind::Ipv4, "10.1.2.3/8", Some("10.0.0.0/8"));
    check(Kind::Ipv4, "1.2.3.4/32", Some("1.2.3.4"));
    check(Kind::Ipv4, "010.1.1.1", None);
    check(Kind::Ipv4, "1.2.3.256", None);
    check(Kind::Ipv6, "2001:DB8:0:0::1", Some("2001:db8::1"));
    check(Kind::Ipv6, "[2001:db8::1]", Some("2001:db8::1"));
    check(Kind::Ipv6, "2001:db8::/32", Some("2001:db8::/32"));
    check(Kind::Md5, "D41D8CD98F00B204E9800998ECF8427E", Some("d41d8cd98f00b204e9800998ecf8427e"));
    check(Kind::Md5, "d41d8cd98f00b204e9800998ecf8427", None);
    check(Kind::Email, "Bad.Guy[at]Example[.]com", Some("bad.guy@example.com"));
    check(Kind::Email, "a@b", None);
    check(Kind::Cve, "cve-2021-44228", Some("CVE-2021-44228"));
    check(Kind::Asn, "asn 1234", Some("AS1234"));
    check(Kind::Mac, "AA-BB-CC-00-11-22", Some("aa:bb:cc:00:11:22"));
    check(Kind::RegistryKey, r"HKLM\Software\X", Some(r"HKEY_LOCAL_MACHINE\Software\X"));
    check(Kind::Attack, "t1059.001", Some("T1059.001"));
    check(Kind::Attack, "T1059.1", None);
    check(Kind::Account, "@Dev-Lee.K3", Some("dev-lee.k3"));
    check(Kind::Account, "two words", None);
    check(Kind::Phone, "+44 (0)20 7946-0000", Some("+442079460000"));
    check(Kind::Phone, "tel:+82.2.405.5118", Some("+8224055118"));
    check(Kind::Phone, "0082 2 405 5118", Some("+8224055118"));
    check(Kind::Phone, "02 405 5118", None);
    check(Kind::Phone, "+82 2 405 511x", None);
    check(Kind::BankAccount, "gb33 BUKB 2020 1555 5555 55", Some("GB33BUKB20201555555555"));
    check(Kind::BankAccount, "GB34 BUKB 2020 1555 5555 55", None);
    check(Kind::BankAccount, "110-234-567890", Some("110234567890"));
    check(
        Kind::Certificate,
        "AA:bb:cc:dd:ee:ff:00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd",
        Some("aabbccddeeff00112233445566778899aabbccdd"),
    );
    check(Kind::Ja3, "E7D705A3286E19EA42F587B344EE6865", Some("e7d705a3286e19ea42f587b344ee6865"));
    check(Kind::Ja4, "T13D1516H2_8DAAF6152771_e5627efa2ab1", Some("t13d1516h2_8daaf6152771_e5627efa2ab1"));
    check(Kind::Ja4, "t13d1516h2_8daaf6152771", None);
    check(Kind::FileName, r"C:\Users\k3\Invoice Q3.EXE", Some("invoice q3.exe"));
    check(Kind::FileName, "/tmp/..", None);
}

#[test]
fn what_can_only_be_one_thing_is_taken_for_it() {
    let kind = |text| guess(text).map(|value| value.kind());
    assert_eq!(kind("+82 2-405-5118"), Some(Kind::Phone));
    assert_eq!(kind("DE89 3704 0044 0532 0130 00"), Some(Kind::BankAccount));
    assert_eq!(kind("DE89.3704.0044.0532.0130.00"), Some(Kind::BankAccount));
    assert_eq!(kind("no73relaykit.com"), Some(Kind::Domain), "whose letters without the dot are a good IBAN");
    assert_eq!(kind("t13d1516h2_8daaf6152771_e5627efa2ab1"), Some(Kind::Ja4));
    assert_eq!(kind("AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD"), Some(Kind::Certificate));
    assert_eq!(kind("DE88 3704 0044 0532 0130 00"), None);
    assert_eq!(kind("+12"), None);
}

#[test]
fn urls_have_one_normal_form() {
    let check =
        |text, expected: Option<&str>| assert_eq!(normal(Kind::Url, text).as_deref(), expected, "{text}");
    check("HTTP://Example.COM", Some("http://example.com/"));
    check("hxxps[:]//evil[.]example/a b", Some("https://evil.example/a%20b"));
    check("http://example.com:80/a/../b/./c", Some("http://example.com/b/c"));
    check("https://example.com:8443/?q=1#f", Some("https://example.com:8443/?q=1#f"));
    check("http://0x7f.1/", Some("http://127.0.0.1/"));
    check("http://2130706433", Some("http://127.0.0.1/"));
    check("http://[2001:DB8::1]:8080/x", Some("http://[2001:db8::1]:8080/x"));
    check("http:\\\\example.com\\a", Some("http://example.com/a"));
    check("http://user:pw@example.com/", Some("http://user:pw@example.com/"));
    check("http://example.com/%7Ea", Some("http://example.com/%7Ea"));
    check("http://exa mple.com/", None);
    check("http://", None);
    check("http://a:99999/", None);
    check("example.com/a", None);
    check("javascript:alert(1)", None);
}

#[test]
fn wallets_are_told_by_form_and_checksum() {
    let check = |text, chain: Option<&str>| {
        assert_eq!(normalise(Kind::Wallet, text).ok().and_then(|value| value.chain()), chain, "{text}");
    };
    check("1EfMVkxQQuZfBdocpJu6RUsCJvenQWbQyE", Some("btc"));
    check("1EfMVkxQQuZfBdocpJu6RUsCJvenQWbQyF", None);
    check("bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", Some("btc"));
    check("BC1QAR0SRRR7XFKVY5L643LYDNW9RE59GTZZWF5MDQ", Some("btc"));
    check("bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdz", None);
    check("0x098B716B8Aaf21512996dC57EB0615e2383E2f96", Some("eth"));
    check("TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", Some("trx"));
    check("rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh", Some("xrp"));
    check("qpf2cphc5dkuclkqur7lhj2yuqq9pk3hmukle77vhq", Some("bch"));
    check("bitcoincash:qpf2cphc5dkuclkqur7lhj2yuqq9pk3hmukle77vhq", Some("bch"));
    check("qpf2cphc5dkuclkqur7lhj2yuqq9pk3hmukle77vhp", None);
    check("hello", None);
}

#[test]
fn a_cell_is_guessed_in_whatever_spelling() {
    let check = |text, expected: Option<(Kind, &str)>| {
        let found = guess(text);
        assert_eq!(found.as_ref().map(|value| (value.kind(), value.text())), expected, "{text}");
    };
    check("mailto:'A.b+c@Evil.com", Some((Kind::Email, "a.b+c@evil.com")));
    check("evil[.]com", Some((Kind::Domain, "evil.com")));
    check("*.evil.com", Some((Kind::Domain, "evil.com")));
    check("evil.com:8443", Some((Kind::Domain, "evil.com")));
    check("evil.com/gate.php", Some((Kind::Url, "http://evil.com/gate.php")));
    check("hXXp://evil.com/gate.php", Some((Kind::Url, "http://evil.com/gate.php")));
    check("1.2.3.4:443", Some((Kind::Ipv4, "1.2.3.4")));
    check("[2a00::1]:443", Some((Kind::Ipv6, "2a00::1")));
    check("\"1.2.3[.]4\"", Some((Kind::Ipv4, "1.2.3.4")));
    check("abc.onion", Some((Kind::Domain, "abc.onion")));
    check("someone(at)evil(dot)com", Some((Kind::Email, "someone@evil.com")));
    check("/gate.php", None);
    check("report.docx", None);
    check("nonsense", None);
    check("", None);
}

/// Brackets in brackets were undone level by level, each time over the whole text: seconds for one value.
#[test]
fn spellings_within_spellings_are_undone_as_deep_as_people_write_them() {
    assert_eq!(refang("a[[.]]b"), "a.b");
    let deep = format!("a{}.{}b", "[".repeat(400_000), "]".repeat(400_000));
    assert_eq!(refang(&deep), deep, "left as it is");
    let blanks = format!("a[{}.]b", " ".repeat(400_000));
    assert_eq!(refang(&blanks), blanks);
}

/// Encoding and cutting could make a defanged spelling of what was none, so that a second reading had another host.
#[test]
fn a_value_has_one_reading() {
    for (kind, text) in [(Kind::Url, "hxxp\tS://u-k3.top/"), (Kind::RegistryKey, "HKLM\\a \\")] {
        if let Ok(value) = normalise(kind, text) {
            assert_eq!(normalise(kind, value.text()), Ok(value.clone()), "{text}");
        }
    }
}

/// Browsers read `0x1f` at the end of a name as an address, past the registries that addresses are held against.
#[test]
fn names_that_are_read_as_addresses_are_none() {
    for text in ["http://0x../", "http://a.0x1f../", "http://a.0x/"] {
        assert!(normalise(Kind::Url, text).is_err(), "{text}");
    }
    assert_eq!(
        normalise(Kind::Url, "http://0x7f.1/").unwrap().text(),
        "http://127.0.0.1/",
        "asked as an address"
    );
    assert!(normalise(Kind::Domain, "a.example.").is_ok(), "one dot at the end is the root's");
    assert!(normalise(Kind::Domain, "a.example..").is_err());
}

#[test]
fn defanging_leaves_schemes_alone_that_only_begin_with_http() {
    let value = normalise(Kind::Url, "httpx://a-k3.top/").unwrap();
    assert_eq!(refang(&defang(&value)), value.text());
}

#[test]
fn a_range_covers_the_spelling_that_its_value_ends_in() {
    for found in bongsu_watch::extract("see [:[://] and a[.]b-k3[.]top[.]") {
        assert!(found.range.start < found.range.end, "{found:?}");
    }
}

/// A provider's shared space was taken for no name at all, so that its list said nothing of the guard.
#[test]
fn a_public_suffix_that_is_listed_is_a_name() {
    for suffix in ["sa.com", "co.kr", "github.io"] {
        assert_eq!(guess(suffix), normalise(Kind::Domain, suffix).ok(), "{suffix}");
    }
    for other in ["com", "report.docx", "a.b"] {
        assert_eq!(guess(other), None, "{other}");
    }
}

fn domain() -> impl Strategy<Value = String> {
    "[a-z0-9]{1,12}(-[a-z0-9]{1,5})?\\.(com|org|co\\.kr|net)"
}

fn value() -> impl Strategy<Value = Value> {
    let make = |kind: Kind| move |text: String| normalise(kind, &text).unwrap();
    prop_oneof![
        domain().prop_map(make(Kind::Domain)),
        any::<u32>().prop_map(|bits| std::net::Ipv4Addr::from(bits).to_string()).prop_map(make(Kind::Ipv4)),
        any::<u128>().prop_map(|bits| std::net::Ipv6Addr::from(bits).to_string()).prop_map(make(Kind::Ipv6)),
        (domain(), "[a-zA-Z0-9/._?=&-]{0,30}")
            .prop_map(|(host, path)| format!("http://{host}/{path}"))
            .prop_map(make(Kind::Url)),
        ("[a-z0-9]{1,10}", domain())
            .prop_map(|(name, host)| format!("{name}@{host}"))
            .prop_map(make(Kind::Email)),
        "[0-9a-f]{64}".prop_map(make(Kind::Sha256)),
    ]
}

proptest! {
    #[test]
    fn normalising_what_is_normal_changes_nothing(text in "\\PC{0,60}") {
        for kind in Kind::ALL {
            if let Ok(value) = normalise(kind, &text) {
                prop_assert_eq!(normalise(kind, value.text()), Ok(value.clone()), "{:?} of {:?}", kind, text);
            }
        }
    }

    #[test]
    fn normalising_urls_is_idempotent(text in "(http|ftp|tcp)://[a-zA-Z0-9.%-]{1,20}(:[0-9]{0,4})?[ -~]{0,40}") {
        if let Ok(value) = normalise(Kind::Url, &text) {
            prop_assert_eq!(normalise(Kind::Url, value.text()), Ok(value.clone()), "{}", text);
        }
    }

    #[test]
    fn refanging_what_was_defanged_gives_it_back(value in value()) {
        prop_assert_eq!(refang(&defang(&value)).into_owned(), value.text());
        prop_assert_eq!(normalise(value.kind(), &defang(&value)), Ok(value.clone()));
        prop_assert_eq!(guess(&defang(&value)), Some(value));
    }

    #[test]
    fn refanging_twice_changes_nothing_more(text in "[a-zA-Z0-9 \\[\\](){}.:/@\\\\-]{0,40}") {
        let once = refang(&text).into_owned();
        prop_assert_eq!(refang(&once).into_owned(), once);
    }

    #[test]
    fn every_range_found_lies_in_the_text(text in "\\PC{0,120}") {
        for found in bongsu_watch::extract(&text) {
            prop_assert!(text.get(found.range.clone()).is_some_and(|part| !part.is_empty()), "{:?}", found);
        }
    }
}

/// What was kept under another form must be made anew: whoever changes a normal form raises [`bongsu_watch::value::FORM`], and this.
#[test]
fn the_normal_form_is_that_of_its_number() {
    use sha2::Digest as _;
    let texts = [
        (Kind::Domain, "WWW.Bücher-K3.example."),
        (Kind::Url, "HxxP://Evil-K3[.]example:80/%7ea/../b?c#d"),
        (Kind::Ipv4, "198.51.100.007"),
        (Kind::Ipv4, "198.51.100.129/24"),
        (Kind::Ipv6, "2001:DB8:0:0::1"),
        (Kind::Md5, "D41D8CD98F00B204E9800998ECF8427E"),
        (Kind::Sha256, "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"),
        (Kind::Email, "Some.Body@Evil-K3.EXAMPLE"),
        (Kind::Account, "@Some_Body"),
        (Kind::Phone, "+82 (0)2-1234-5678"),
        (Kind::BankAccount, "gb82 west 1234 5698 7654 32"),
        (Kind::Wallet, "0xde709f2102306220921060314715629080e2fb77"),
        (Kind::Wallet, "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a"),
        (Kind::Wallet, "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"),
        (Kind::Certificate, "AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD"),
        (Kind::Mac, "00-1B-44-11-3A-B7"),
        (Kind::RegistryKey, "HKLM\\Software\\Evil"),
        (Kind::FileName, "Evil.EXE"),
    ];
    let forms: Vec<String> = texts
        .iter()
        .map(|(kind, text)| {
            normalise(*kind, text).map_or_else(|_| "-".to_owned(), |value| value.text().to_owned())
        })
        .collect();
    let digest = sha2::Sha256::digest(forms.join("\n"));
    let digest: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    assert_eq!((bongsu_watch::value::FORM, digest.as_str()), (1, "d74c69f6bca7"), "{forms:#?}");
}
