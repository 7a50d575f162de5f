//! A hundred thousand real indicators, among them planted what nobody may block: no planted one passes, each is held by the
//! rule that fits, and no real one is held by a rule or list that does not have it, by a look-up of its own in the list's file.

#[path = "real/mod.rs"]
mod real;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use bongsu_watch::{Context, Guard, Hold, Kind, Lists, Value, guess, normalise};
use flate2::read::GzDecoder;
use ipnet::IpNet;
use real::{real, shared, unpacked, value};
use serde_json::Value as Json;
use stix::Timestamp;

const REAL: usize = 100_000;
const OWN: [&str; 3] = ["cert.ministry-kr.kr", "198.41.0.0/24", "ops@partner-kr.kr"];

/// The lists that are compiled in, as their file has them.
struct Files {
    /// Entries by their list's title.
    lists: HashMap<String, HashSet<String>>,
    networks: HashMap<String, Vec<IpNet>>,
    suffixes: HashSet<String>,
}

impl Files {
    fn read() -> Self {
        let packed = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/data/warninglists.jsonl.gz"));
        let (mut lists, mut networks) = (HashMap::new(), HashMap::new());
        for line in unpacked(packed).lines() {
            let list: Json = serde_json::from_str(line).unwrap();
            let title = list["name"].as_str().unwrap().trim().to_owned();
            let entries: HashSet<String> = list["list"]
                .as_array()
                .unwrap()
                .iter()
                .map(|entry| entry.as_str().unwrap().trim().trim_start_matches(['*', '.']).to_lowercase())
                .collect();
            let network = |entry: &String| {
                entry
                    .parse::<IpNet>()
                    .ok()
                    .or_else(|| entry.parse::<std::net::IpAddr>().ok().map(IpNet::from))
            };
            networks.insert(title.clone(), entries.iter().filter_map(network).collect());
            lists.insert(title, entries);
        }
        let suffixes = unpacked(&shared("watch/psl/public_suffix_list.dat.gz"));
        let suffixes =
            suffixes.lines().map(str::trim).filter(|line| !line.starts_with("//")).map(str::to_owned);
        Self { lists, networks, suffixes: suffixes.collect() }
    }

    /// Whether a list has a value, a name above it, or one below it.
    fn has(&self, title: &str, value: &Value) -> bool {
        let host = value.url_host();
        match value.kind() {
            Kind::Ipv4 | Kind::Ipv6 => {
                let network = value.network().unwrap();
                let touches = |other: &IpNet| other.contains(&network) || network.contains(other);
                self.networks[title].iter().any(touches)
            }
            Kind::Url => {
                let whole = value.text().trim_end_matches('/').to_owned();
                self.lists[title].contains(&whole) || host.is_some_and(|host| self.has(title, &host))
            }
            _ => {
                let text = value.text();
                let mut above = text.match_indices('.').map(|(at, _)| &text[at + 1..]);
                let entries = &self.lists[title];
                entries.contains(text)
                    || above.any(|name| entries.contains(name))
                    || entries.iter().any(|entry| entry.ends_with(&format!(".{text}")))
            }
        }
    }

    fn is_suffix(&self, name: &str) -> bool {
        let parent = name.split_once('.').map_or("", |(_, parent)| parent);
        self.suffixes.contains(name) || self.suffixes.contains(&format!("*.{parent}"))
    }
}

/// Whether a hold is right, as far as the files tell.
fn is_named(files: &Files, value: &Value, hold: &Hold) -> bool {
    let list = hold.list.as_deref().unwrap_or_default();
    match hold.rule {
        "warning-list" => files.has(list, value),
        // Our own list has no file; its names are shared by many, and stand for themselves alone.
        "shared-host" if list == "Shared hosting known to Bongsu" => hold.message.contains(value.text()),
        "shared-host" => files.lists[list].contains(value.url_host().as_ref().unwrap_or(value).text()),
        "public-suffix" => files.is_suffix(value.url_host().as_ref().unwrap_or(value).text()),
        "special-purpose" => is_special(value),
        _ => false,
    }
}

/// The special-purpose registries of IANA, IPv4 and IPv6, with the multicast space beside them.
/// Source: IANA IPv4 and IPv6 Special-Purpose Address Registries; RFC 5771, RFC 4291.
const SPECIAL: [&str; 43] = [
    "0.0.0.0/8",
    "0.0.0.0/32",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.0.0/29",
    "192.0.0.8/32",
    "192.0.0.9/32",
    "192.0.0.10/32",
    "192.0.0.170/32",
    "192.0.0.171/32",
    "192.0.2.0/24",
    "192.31.196.0/24",
    "192.52.193.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "192.175.48.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "255.255.255.255/32",
    "::1/128",
    "::/128",
    "::ffff:0:0/96",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "100:0:0:1::/64",
    "2001::/23",
    "2001:2::/48",
    "2001:db8::/32",
    "2002::/16",
    "2620:4f:8000::/48",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
    "ff00::/8",
];

fn is_special(value: &Value) -> bool {
    let host = value.url_host();
    let value = host.as_ref().unwrap_or(value);
    match value.network() {
        Some(network) => SPECIAL.iter().any(|special| {
            let special: IpNet = special.parse().unwrap();
            special.contains(&network) || network.contains(&special)
        }),
        None => {
            let names =
                ["local", "test", "invalid", "localhost", "onion", "arpa", "internal", "alt", "example"];
            names.iter().any(|name| value.text().rsplit('.').next() == Some(*name))
        }
    }
}

/// What nobody may block, with the rules that may say so.
fn planted(files: &Files) -> Vec<(Value, &'static [&'static str])> {
    let mut planted: Vec<(Value, &'static [&'static str])> = Vec::new();
    for title in ["Top 1000 website from Alexa", "Top 1000 websites from Cisco Umbrella"] {
        let rules = &["warning-list", "public-suffix", "shared-host", "special-purpose"];
        planted.extend(files.lists[title].iter().filter_map(|name| Some((value(name)?, &rules[..]))));
    }
    for title in ["List of known IPv4 public DNS resolvers", "List of known IPv6 public DNS resolvers"] {
        let rules = &["warning-list", "special-purpose"];
        planted.extend(files.lists[title].iter().filter_map(|address| Some((value(address)?, &rules[..]))));
    }
    for network in SPECIAL.iter().map(|text| text.parse::<IpNet>().unwrap()) {
        for text in [network.to_string(), network.network().to_string(), network.broadcast().to_string()] {
            planted.push((value(&text).unwrap_or_else(|| panic!("{text}")), &["special-purpose"]));
        }
    }
    let own = [
        "cert.ministry-kr.kr",
        "www.cert.ministry-kr.kr",
        "ministry-kr.kr",
        "198.41.0.4",
        "ops@partner-kr.kr",
    ];
    planted.extend(own.map(|text| (value(text).unwrap(), &["own-asset"][..])));
    planted
}

#[test]
fn of_a_hundred_thousand_real_indicators_none_planted_passes_and_none_real_is_lost_without_a_name() {
    let (guard, findings) = Guard::new(Lists::builtin(), &OWN);
    assert_eq!(findings, []);
    let context = Context::new(Timestamp::parse("2026-11-24T00:00:00Z").unwrap(), 0);
    let files = Files::read();
    let planted = planted(&files);
    assert!(planted.len() > 60_000, "{}", planted.len());
    for (value, rules) in &planted {
        match guard.check(value, &context) {
            Ok(()) => panic!("{value} passes"),
            Err(hold) => {
                assert!(rules.contains(&hold.rule), "{value}: {hold}");
                assert!(Guard::rules(value.kind()).contains(&hold.rule), "{value}: {hold}");
            }
        }
    }
    let mut real = real();
    for (value, _) in &planted {
        real.remove(value);
    }
    assert!(real.len() >= REAL, "{} real indicators are at hand", real.len());
    let (mut passed, mut held, mut wrong) = (0, BTreeMap::<&str, usize>::new(), Vec::new());
    for value in &real {
        let Err(hold) = guard.check(value, &context) else {
            passed += 1;
            continue;
        };
        *held.entry(hold.rule).or_default() += 1;
        if !is_named(&files, value, &hold) {
            wrong.push(format!("{value}: {hold}"));
        }
    }
    eprintln!("{} planted held; of {} real ones {passed} pass, held: {held:?}", planted.len(), real.len());
    assert!(
        wrong.is_empty(),
        "{} held by what does not have them: {:#?}",
        wrong.len(),
        &wrong[..wrong.len().min(20)]
    );
    assert!(passed * 100 > real.len() * 95, "what the guard holds of real ones is the exception: {held:?}");
}
