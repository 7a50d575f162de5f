//! Values in prose, against texts whose values are known.

use std::collections::BTreeSet;

use bongsu_watch::{Kind, extract, mentions, normalise};
use serde_json::Value as Json;

/// What the foreign cases call the kinds that this crate has.
const KINDS: [(&str, Kind); 17] = [
    ("domains", Kind::Domain),
    ("urls", Kind::Url),
    ("urls_complete", Kind::Url),
    ("ipv4s", Kind::Ipv4),
    ("ipv4_cidrs", Kind::Ipv4),
    ("ipv6s", Kind::Ipv6),
    ("md5s", Kind::Md5),
    ("sha1s", Kind::Sha1),
    ("sha256s", Kind::Sha256),
    ("sha512s", Kind::Sha512),
    ("email_addresses", Kind::Email),
    ("monero_addresses", Kind::Wallet),
    ("bitcoin_addresses", Kind::Wallet),
    ("cves", Kind::Cve),
    ("asns", Kind::Asn),
    ("mac_addresses", Kind::Mac),
    ("registry_key_paths", Kind::RegistryKey),
];

/// Where we see it otherwise, and why.
const OTHERWISE: [(&str, &str); 1] =
    [("file_path_5", "`~/Desktop/test.py` is a file, although `.py` is a country")];

/// What a case expects, less its answer `but`: some have two readings of their URLs.
fn expected(case: &Json, but: &str) -> BTreeSet<String> {
    let mut expected = BTreeSet::new();
    for (name, values) in case["found"].as_object().unwrap().iter().filter(|(name, _)| *name != but) {
        if let Some((_, kind)) = KINDS.iter().find(|(key, _)| key == name) {
            for value in values.as_array().unwrap().iter().filter_map(Json::as_str) {
                let normal =
                    normalise(*kind, value).or_else(|_| normalise(*kind, &format!("http://{value}")));
                expected
                    .insert(format!("{kind} {}", normal.map_or(value.to_owned(), |value| value.to_string())));
            }
        } else if name.starts_with("attack_") {
            let lists = values.as_object().unwrap().values();
            expected.extend(
                lists
                    .flat_map(|list| list.as_array().unwrap())
                    .map(|id| format!("attack {}", id.as_str().unwrap())),
            );
        }
    }
    expected
}

#[test]
fn what_others_find_in_a_text_is_found() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/watch/extract/cases.jsonl");
    let mut wrong = Vec::new();
    for line in std::fs::read_to_string(path).unwrap().lines() {
        let case: Json = serde_json::from_str(line).unwrap();
        let name = case["name"].as_str().unwrap();
        if OTHERWISE.iter().any(|(other, _)| *other == name) {
            continue;
        }
        let text = case["text"].as_str().unwrap();
        let found = extract(text);
        // The cases give a URL's host and what it names further, and a network's address, once more by themselves.
        let named = found.iter().flat_map(|f| mentions(&f.value));
        let hosts = found.iter().filter_map(|f| f.value.url_host());
        let networks = found.iter().filter_map(|f| text[f.range.clone()].split_once('/'));
        let addresses = networks.filter_map(|(address, _)| normalise(Kind::Ipv4, address).ok());
        let hosts: BTreeSet<String> =
            hosts.chain(addresses).chain(named).map(|one| format!("{} {one}", one.kind())).collect();
        let found: BTreeSet<String> =
            found.iter().map(|f| format!("{} {}", f.value.kind(), f.value)).collect();
        // `urls` end at a comma and begin behind a user's name, `urls_complete` are whole; prose and addresses want different ones.
        let differs = |but: &str| {
            let expected = expected(&case, but);
            let missing: Vec<_> = expected.difference(&found).filter(|one| !hosts.contains(*one)).collect();
            let extra: Vec<_> = found.difference(&expected).collect();
            (!missing.is_empty() || !extra.is_empty())
                .then(|| format!("{name}: {text:?}\n  missing {missing:?}\n  extra {extra:?}"))
        };
        wrong.extend(differs("urls_complete").and(differs("urls")));
    }
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_a_url_names_is_told_apart() {
    let check = |url: &str, expected: &[&str]| {
        let url = normalise(Kind::Url, url).unwrap();
        let named: Vec<String> =
            mentions(&url).iter().map(|value| format!("{} {value}", value.kind())).collect();
        assert_eq!(named, expected, "{url}");
    };
    check(
        "https://evil.com/paypal.com/login.php?mail=kim%40bank.kr",
        &["domain paypal.com", "email kim@bank.kr"],
    );
    check(
        "https://evil.com/go?to=https%3A%2F%2Fworse.com%2Fx&ip=198.51.100.7",
        &["url https://worse.com/x", "ipv4 198.51.100.7"],
    );
    check("https://attack.mitre.org/techniques/T1566/002/", &["attack T1566"]);
    check("https://evil.com/a/b/setup.sh", &[]);
    assert_eq!(mentions(&normalise(Kind::Domain, "evil.com").unwrap()), []);
}

#[test]
fn defanged_values_are_found_where_they_stand() {
    let check = |text: &str, expected: &[(&str, &str)]| {
        let found: Vec<(String, String)> =
            extract(text).into_iter().map(|f| (f.value.to_string(), text[f.range].to_owned())).collect();
        let expected: Vec<_> = expected.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        assert_eq!(found, expected, "{text}");
    };
    check(
        "C2: hxxps[:]//evil[.]example[.]com/a.php.",
        &[("https://evil.example.com/a.php", "hxxps[:]//evil[.]example[.]com/a.php")],
    );
    check(
        "seen at evil[.]com, 1.2.3[.]4:443 and bad(dot)org",
        &[("evil.com", "evil[.]com"), ("1.2.3.4", "1.2.3[.]4"), ("bad.org", "bad(dot)org")],
    );
    check("mail kim[at]evil[.]com now", &[("kim@evil.com", "kim[at]evil[.]com")]);
    check("evil [.] com", &[("evil.com", "evil [.] com")]);
    check("접속 주소는 evil.co.kr이며", &[]);
    check("주소: evil.co.kr (차단)", &[("evil.co.kr", "evil.co.kr")]);
    check("see report.docx, e.g. version 1.2.3 of setup.py", &[]);
    check(
        "CVE-2021-44228 and CVE-2017-0144.",
        &[("CVE-2021-44228", "CVE-2021-44228"), ("CVE-2017-0144", "CVE-2017-0144")],
    );
    check("(see http://a.com/x_(y))", &[("http://a.com/x_(y)", "http://a.com/x_(y)")]);
    check("net 45.114.129.0/24 is theirs", &[("45.114.129.0/24", "45.114.129.0/24")]);
    check("2a00:1450:4001:82a::200e", &[("2a00:1450:4001:82a::200e", "2a00:1450:4001:82a::200e")]);
    check("at 12:30:45 we", &[]);
    check(
        "net 2001:db8::/32, host 2001:db8::.",
        &[("2001:db8::/32", "2001:db8::/32"), ("2001:db8::", "2001:db8::")],
    );
    check("use dead::beef; fn add:: of 1:2::", &[("dead::beef", "dead::beef"), ("1:2::", "1:2::")]);
}

/// One folder of texts, each with values of one kind that must be found and some that must not: what each file is of, and what
/// of its "Bad" part is such a value all the same, with the reason. Files of kinds that are not looked for here (paths, cards, names
/// to be looked up, user agents) are left out; so are Monero "wallets" that are 64 hexadecimal digits, which is a hash.
const TYPES: [(&str, &[Kind], &[&str]); 17] = [
    ("generic_autonomous_system_number", &[Kind::Asn], &[]),
    ("generic_cryptocurrency_eth_wallet", &[Kind::Wallet], &[]),
    // Well-formed: a number has four digits or more, whatever they are (CVE, "CVE ID Syntax").
    ("generic_cve_id", &[Kind::Cve], &["CVE-2022-000012"]),
    ("generic_email_address", &[Kind::Email], &[]),
    ("generic_file_hash_md5", &[Kind::Md5], &[]),
    ("generic_file_hash_sha_1", &[Kind::Sha1], &[]),
    ("generic_file_hash_sha_256", &[Kind::Sha256], &[]),
    ("generic_file_hash_sha_512", &[Kind::Sha512], &[]),
    // Addresses with ports and networks are other types there; here each is the address or the network that it is.
    ("generic_ipv4_address_only", &[Kind::Ipv4], &["1.1.1.2:80", "1.1.1.3/8"]),
    ("generic_ipv4_address_cidr", &[Kind::Ipv4], &["1.1.1.2", "1.1.1.3:80"]),
    ("generic_ipv4_address_port", &[Kind::Ipv4], &["1.1.1.2", "1.1.1.3/24", "1.1.1.4:400000"]),
    (
        "generic_ipv6_address_only",
        &[Kind::Ipv6],
        &[
            "2001:db8::",
            "2001:0db8:85a3:0000:0000:8a2e:0370:7335/32",
            "[2001:0db8:85a3:0000:0000:8a2e:0370:7336]:80",
        ],
    ),
    (
        "generic_ipv6_address_cidr",
        &[Kind::Ipv6],
        &[
            "2001:0db8:85a3:0000:0000:8a2e:0370:7335",
            "[2001:0db8:85a3:0000:0000:8a2e:0370:7336]:80",
            "2001:0db8:85a3:0000:0000:8a2e:0370:7337/400000",
        ],
    ),
    (
        "generic_ipv6_address_port",
        &[Kind::Ipv6],
        &[
            "2001:0db8:85a3:0000:0000:8a2e:0370:7335/32",
            "2001:0db8:85a3:0000:0000:8a2e:0370:7336",
            "[2001:0db8:85a3:0000:0000:8a2e:0370:7336]:400000",
        ],
    ),
    ("generic_mac_address", &[Kind::Mac], &[]),
    ("generic_mitre_attack_enterprise", &[Kind::Attack], &[]),
    // A URL with a path is another type there.
    ("generic_url", &[Kind::Url], &["https://amazon.co.uk/path/index.html", "http://3.3.3.3/path/"]),
];

fn extraction(path: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/stix/extraction/");
    std::fs::read_to_string(format!("{folder}{path}")).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn values_of_one_kind_are_told_from_what_looks_like_them() {
    let mut wrong = Vec::new();
    for (file, kinds, also) in TYPES {
        let text = extraction(&format!("extraction_types/{file}.txt"));
        let (good, bad) = text.split_once("====Bad====").unwrap();
        let lines = |part: &str| -> Vec<String> {
            part.lines()
                .map(str::trim)
                .filter(|line| !line.is_empty() && !line.starts_with('='))
                .map(str::to_owned)
                .collect()
        };
        let found = |line: &str| extract(line).iter().any(|found| kinds.contains(&found.value.kind()));
        for line in lines(good) {
            if !found(&line) {
                wrong.push(format!("{file}: {line} is not found: {:?}", extract(&line)));
            }
        }
        for line in lines(bad) {
            if found(&line) != also.contains(&line.as_str()) {
                wrong.push(format!("{file}: {line}: {:?}", extract(&line)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn values_in_reports_are_found_whole() {
    let check = |path: &str, expected: &[&str]| {
        let found: Vec<String> = extract(&extraction(path))
            .iter()
            .map(|found| format!("{} {}", found.value.kind(), found.value))
            .collect();
        assert_eq!(found, expected, "{path}");
    };
    check(
        "manually_generated_reports/attack_flow_demo.txt",
        &["email test@test.com", "domain bad.com", "ipv4 1.1.1.1", "attack T1630.001"],
    );
    check(
        "manually_generated_reports/basic_relationship.txt",
        &["domain fakedomain.com", "ipv4 1.1.1.1", "domain fakedomain.com", "email fakedomain@email.com"],
    );
    check(
        "manually_generated_reports/test_extraction_boundary.txt",
        &["url https://subdomain.google.com/file.txt"],
    );
    check(
        "manually_generated_reports/known_whitelist_match.txt",
        &["domain google.com", "domain dogesec.com"],
    );
    check("manually_generated_reports/bad_vulmatch_lookups.txt", &["cve CVE-2026-99999"]);
    check("manually_generated_reports/not_security_content.txt", &[]);
    // `_198.0.103.8_` is written in italics: there, and in the others, an address stands by itself. In `Some198.0.103.9text`
    // none does.
    check(
        "manually_generated_reports/test_extraction_escapes.txt",
        &[
            "ipv4 198.0.103.1",
            "ipv4 198.0.103.2",
            "ipv4 198.0.103.3",
            "ipv4 198.0.103.4",
            "ipv4 198.0.103.5",
            "ipv4 198.0.103.6",
            "ipv4 198.0.103.7",
            "ipv4 198.0.103.8",
            "ipv4 198.0.103.10",
        ],
    );
}
