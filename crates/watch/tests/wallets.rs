//! Addresses of virtual assets: vectors of others, what a form with something wrong in it is called, and laws.

use std::path::{Path, PathBuf};

use bongsu_watch::wallet::{
    self, ADDRESS_BYTES_MAX, Address, Encoding, Evidence, Fault, Judged, Nets, Network, Refused, Rules,
    Wrong, bech32, check, judge, segwit,
};
use bongsu_watch::{Kind, normalise};
use proptest::prelude::*;
use serde_json::Value as Json;

fn shared(path: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/assets")).join(path)
}

fn lines(path: &str) -> Vec<Json> {
    let text = std::fs::read_to_string(shared(path)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Where the vectors and a specification differ, the specification decides.
const DIFFERING: [(&str, &str, &str); 1] =
    [("eos", "123456789012", "EOSIO, naming conventions: of the digits, names have 1 to 5 alone")];

#[test]
fn vectors_of_many_currencies() {
    let vectors = lines("address-vectors/multicoin.jsonl");
    assert!(vectors.len() >= 400);
    let mut differing = Vec::new();
    for vector in vectors {
        let text = |name: &str| vector[name].as_str();
        let nets = match text("network") {
            Some("testnet") => Nets::Test,
            Some("both") => Nets::Both,
            _ => Nets::Main,
        };
        let (address, currency) = (text("address").unwrap(), text("currency").unwrap());
        let checked = check(address, currency, text("chain"), nets);
        let known = DIFFERING.iter().any(|(coin, differs, _)| *coin == currency && *differs == address);
        if (checked.is_ok() == vector["valid"].as_bool().unwrap()) == known {
            differing.push(format!("{vector} {checked:?}"));
        }
    }
    assert!(differing.is_empty(), "{}: {}", differing.len(), differing.join("\n"));
}

#[test]
fn vectors_of_bech32_and_of_witness_programmes() {
    let hex = |bytes: Vec<u8>| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    for vector in lines("address-vectors/bech32.jsonl") {
        let (value, valid) = (vector["value"].as_str().unwrap(), vector["valid"].as_bool().unwrap());
        if vector["kind"] == "string" {
            let expected = if vector["encoding"] == "bech32" { Encoding::Bech32 } else { Encoding::Bech32m };
            assert_eq!(bech32(value) == Ok(expected), valid, "{vector}");
            continue;
        }
        let rules = if vector["bip"] == "0173" { Rules::Bip173 } else { Rules::Bip350 };
        let script = segwit(value, rules).map(|found| hex(found.script_pubkey()));
        assert_eq!(script.is_ok(), valid, "{vector} {script:?}");
        if let Ok(script) = script {
            assert_eq!(vector["script_pubkey"], script, "{vector}");
        }
    }
}

/// What OFAC has under Bitcoin, but is Tron's, checksum and all; and under Monero, but is 32 bytes that are no address.
const OF_ANOTHER_CHAIN: &str = "TUCsTq7TofTCJRRoHk6RvhMoS2mJLm5Yzq";
const NO_ADDRESS: &str = "5be5543ff73456ab9f2d207887e2af87322c651ea1a873c5b25b7ffae456c320";

#[test]
fn every_address_that_ofac_lists_is_one_of_its_currency() {
    let (mut seen, mut refused) = (0, Vec::new());
    for file in std::fs::read_dir(shared("ofac-addresses")).unwrap().map(|file| file.unwrap().path()) {
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        let Some(currency) =
            name.strip_prefix("sanctioned_addresses_").and_then(|name| name.strip_suffix(".txt"))
        else {
            continue;
        };
        for address in std::fs::read_to_string(&file).unwrap().lines() {
            seen += 1;
            match check(address, currency, None, Nets::Main) {
                Ok(found) => {
                    let value = normalise(Kind::Wallet, address).unwrap();
                    assert_eq!(value.text(), found.normal, "{currency} {address}");
                    assert!(value.chain().is_some());
                }
                Err(_) => refused.push(address.to_owned()),
            }
        }
    }
    assert!(seen >= 600, "{seen}");
    refused.sort();
    assert_eq!(refused, [NO_ADDRESS, OF_ANOTHER_CHAIN]);
    assert_eq!(address(OF_ANOTHER_CHAIN).chain, "trx");
}

fn address(text: &str) -> Address {
    match judge(text) {
        Judged::Address(address) => address,
        other => panic!("{text}: {other:?}"),
    }
}

fn wrong(text: &str) -> (&'static str, Fault) {
    match judge(text) {
        Judged::Wrong(Wrong { chain, why }) => (chain, why),
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn what_is_wrong_is_said() {
    let check = |text, chain, why| assert_eq!(wrong(text), (chain, why), "{text}");
    check("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", "btc", Fault::Checksum);
    check("TNDzfERDpxLDS2w1q6yaFC7pzqaSQ3Bg3", "trx", Fault::Length);
    check("5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ", "btc", Fault::Secret);
    check("bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdz", "btc", Fault::Checksum);
    check("bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdQ", "btc", Fault::Case);
    check("bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdb", "btc", Fault::Letter);
    check("BC13W508D6QEJXTDG4Y5R3ZARVARY0C5XW7KN40WF2", "btc", Fault::Version);
    check("bc1zw508d6qejxtdg4y5r3zarvaryvg6kdaj", "btc", Fault::Encoding);
    check(
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v8n0nx0muaewav253zgeav",
        "btc",
        Fault::Length,
    );
    check("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v07qwwzcrf", "btc", Fault::Padding);
    check("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD", "eth", Fault::Checksum);
    check("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe", "eth", Fault::Length);
    check("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeO", "eth", Fault::Letter);
    check("TNDzfERDpxLDS2w1q6yaFC7pzqaSQ3Bg31", "trx", Fault::Checksum);
    check("rG1QQv2nh2gr7RCZ1P8YYcBUKCCN633jCN", "xrp", Fault::Checksum);
    check("qpf2cphc5dkuclkqur7lhj2yuqq9pk3hmukle77vhp", "bch", Fault::Checksum);
    check("xrb_1f5e4w33ndqbkx4bw5jtp13kp5xghebfxcmw9hdt1f7goid1s4373w6tjdgu", "xno", Fault::Checksum);
    check("SAB5556L5AN5KSR5WF7UOEFDCIODEWEO7H2UR4S5R62DFTQOGLKOVZDY", "xlm", Fault::Secret);
    check("GADE5QJ2TY7S5ZB65Q43DFGWYWCPHIYDJ2326KZGAGBN7AE5UY6JVDRRA", "xlm", Fault::Length);
    check("3My3KZgFQ3CrVHgz6vGRt8787sH4oAA1qp8", "waves", Fault::Checksum);
    check(
        "addr1qxy3w62dupy9pzmpdfzxz4k240w5vawyagl5m9djqquyymrtm3grn7gpnjh7rwh2dy62hk8639lt6kzn32yxq960usnq9pexvu",
        "ada",
        Fault::Checksum,
    );
    for text in
        ["", "hello", "1.2.3.4", "0x", "bc1", "1111", "evil.example", "ripple:", "봉수", "0x9ec7 40d6"]
    {
        assert_eq!(judge(text), Judged::Unknown, "{text}");
    }
    let long = "1".repeat(1 << 20);
    assert_eq!(judge(&long), Judged::Unknown);
    assert_eq!(judge(&"1".repeat(ADDRESS_BYTES_MAX)), Judged::Unknown);
    assert_eq!(check_main(&long, "btc"), Err(Refused::Form("btc")));
}

fn check_main(text: &str, currency: &str) -> Result<Address, Refused> {
    check(text, currency, None, Nets::Main)
}

/// The text of the refusal, which a person reads.
#[test]
fn a_refusal_says_what_to_do() {
    let said = |text, currency, chain| check(text, currency, chain, Nets::Main).unwrap_err().to_string();
    let doge = "DPS6iZj7roHquvwRYXNBua9QtKPzigUUhM";
    assert_eq!(said(doge, "btc", None), "has no form of an address of btc");
    assert!(said(doge, "florin", None).starts_with("`florin` is no currency that is known here"));
    assert!(said(doge, "doge", Some("moon")).starts_with("`moon` is no chain that is known here"));
    assert_eq!(
        said("mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn", "btc", None),
        "is an address of btc, but of a test net"
    );
    let mistyped = "DPS6iZj7roHquvwRYXNBua9QtKPzigUUhN";
    let checksum = "its checksum is wrong: a letter is mistyped, missing or in the wrong case";
    assert_eq!(said(mistyped, "doge", None), format!("looks like an address of doge, but {checksum}"));
    let error = normalise(Kind::Wallet, mistyped).unwrap_err().to_string();
    assert!(error.contains("checksum"), "{error}");
}

/// One account, one text, in whatever spelling it came.
#[test]
fn one_account_has_one_normal_form() {
    let check = |spellings: &[&str], chain, expected: &str| {
        for text in spellings {
            let value = normalise(Kind::Wallet, text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!((value.text(), value.chain()), (expected, Some(chain)), "{text}");
        }
    };
    let evm = "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed";
    check(
        &[
            evm,
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "0X5AAEB6053F3E94C9B9A09F33669435E7EF1BEAED",
            "ethereum:0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed?value=1",
        ],
        "eth",
        evm,
    );
    let cash = "qpf2cphc5dkuclkqur7lhj2yuqq9pk3hmukle77vhq";
    let named = format!("bitcoincash:{cash}");
    check(&[cash, &named, &named.to_uppercase(), &cash.to_uppercase()], "bch", cash);
    let segwit = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";
    check(&[segwit, &segwit.to_uppercase(), &format!("bitcoin:{segwit}?amount=0.1&label=x")], "btc", segwit);
    // XLS-5d, test vectors: the same account without a tag, with tag 1 and with tag 14.
    let classic = "r9cZA1mLK5R5Am25ArfXFmqgNwjZgnfk59";
    let tagged = [
        "X7AcgcsBL6XDcUb289X4mJ8djcdyKaB5hJDWMArnXr61cqZ",
        "X7AcgcsBL6XDcUb289X4mJ8djcdyKaGZMhc9YTE92ehJ2Fu",
        "X7AcgcsBL6XDcUb289X4mJ8djcdyKaGo2K5VpXpmCqbV2gS",
    ];
    check(&[&[classic], tagged.as_slice()].concat(), "xrp", classic);
    assert_eq!(tagged.map(|text| address(text).tag), [None, Some(1), Some(14)]);
    // SEP-23, valid test cases: a muxed account and its account.
    check(
        &["MA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVAAAAAAAAAAAAAJLK"],
        "xlm",
        "GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGZ",
    );
    let nem = "NBZMQO7ZPBYNBDUR7F75MAKA2S3DHDCIFG775N3D";
    check(&[nem, "NBZMQO-7ZPBYN-BDUR7F-75MAKA-2S3DHD-CIFG77-5N3D"], "xem", nem);
    let nano = "1111111111111111111111111111111111111111111111111111hifc8npp";
    check(&[&format!("xrb_{nano}"), &format!("nano_{nano}")], "xno", &format!("nano_{nano}"));
    // TEP-2, examples: an account that bounces, one that does not, raw.
    check(
        &[
            "EQDKbjIcfM6ezt8KjKJJLshZJJSqX7XOA4ff-W72r5gqPrHF",
            "UQDKbjIcfM6ezt8KjKJJLshZJJSqX7XOA4ff-W72r5gqPuwA",
            "EQDKbjIcfM6ezt8KjKJJLshZJJSqX7XOA4ff+W72r5gqPrHF",
            "0:ca6e321c7cce9ecedf0a8ca2492ec8592494aa5fb5ce0387dff96ef6af982a3e",
        ],
        "ton",
        "EQDKbjIcfM6ezt8KjKJJLshZJJSqX7XOA4ff-W72r5gqPrHF",
    );
}

/// Vectors of the chains' own specifications, for forms that the sets above do not have.
#[test]
fn the_specifications_own_examples() {
    let check = |text, chain| assert_eq!(address(text).chain, chain, "{text}");
    check("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAY5HFKQ", "algo");
    check("lskdxc4ta5j43jp9ro3f8zqbxta9fn6jwzjucw7yt", "lsk");
    check("f17uoq6tp427uzv7fztkbsnn64iwotfrristwpryy", "fil");
    check("cosmos1hsk6jryyqjfhp5dhc55tc9jtckygx0eph6dd02", "atom");
    assert!(check_main("0.0.123-vfmkw", "hbar").is_ok());
    assert_eq!(address("0.0.123-esxsf").network, Network::Test);
    assert_eq!(address("0.0.123").evidence, Evidence::Shape);
    assert_eq!(
        check_main("0.0.123-vfmkx", "hbar"),
        Err(Wrong { chain: "hbar", why: Fault::Checksum }.into())
    );
}

/// Nothing of worth moves on test nets: their addresses are known, but stand on no list.
#[test]
fn addresses_of_test_nets_are_no_wallets() {
    for (text, chain) in [
        ("mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn", "btc"),
        ("tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx", "btc"),
        ("bchtest:pr6m7j9njldwwzlg9v7v53unlr4jkmx6eyvwc0uz5t", "bch"),
        ("t2UNzUUx8mWBCRYPRezvA363EYXyEpHokyi", "zec"),
        ("T719a5UwUCnEs54UsxG9CJYYDhwmFCqkr7wxCcNcfZ6p5GZ", "xrp"),
    ] {
        let found = address(text);
        assert_eq!((found.chain, found.network), (chain, Network::Test), "{text}");
        let error = normalise(Kind::Wallet, text).unwrap_err().to_string();
        assert!(error.contains("test net"), "{error}");
    }
}

#[test]
fn the_two_spellings_of_bitcoin_cash_lead_to_each_other() {
    // CashAddr, "Examples of address translation".
    for (old, new) in [
        ("1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggu", "qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a"),
        ("1KXrWXciRDZUpQwQmuM1DbwsKDLYAYsVLR", "qr95sy3j9xwd2ap32xkykttr4cvcu7as4y0qverfuy"),
        ("3CWFddi6m4ndiGyKqzYvsFYagqDLPVMTzC", "ppm2qsznhks23z7629mms6s4cwef74vcwvn0h829pq"),
    ] {
        assert_eq!(wallet::twin(old).as_deref(), Some(new));
        assert_eq!(wallet::twin(new).as_deref(), Some(old));
    }
    assert_eq!(wallet::twin("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"), None);
    assert_eq!(wallet::twin("hello"), None);
}

#[test]
fn chains_that_share_a_form_are_all_told() {
    let told = wallet::currencies("DFFJhnQNZf8rf67tYnesPu7MuGUpYtzv7Z");
    assert!(["doge", "dgb", "xvg", "pivx"].iter().all(|chain| told.contains(chain)), "{told:?}");
    assert_eq!(wallet::currencies("nothing"), Vec::<&str>::new());
}

/// One address of each form whose checksum finds every changed letter, or all but one in 2³². (SS58 has 16 bits of a hash.)
const CHECKED: [&str; 21] = [
    "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
    "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
    "qpf2cphc5dkuclkqur7lhj2yuqq9pk3hmukle77vhq",
    "TNDzfERDpxLDS2w1q6yaFC7pzqaSQ3Bg3r",
    "rG1QQv2nh2gr7RCZ1P8YYcBUKCCN633jCn",
    "47zQ5LAivg6hNCgijXSEFVLX7mke1bgM6YGLFaANDoJbgXDymcAAZvvMNt2PmMpqEe5qRy2zyfMYXdwpmdyitiFh84xnPG2",
    "Ae2tdPwUPEZKmwoy3AU3cXb5Chnasj6mvVNxV1H11997q3VW5ihbSfQwGpm",
    "addr1qxy3w62dupy9pzmpdfzxz4k240w5vawyagl5m9djqquyymrtm3grn7gpnjh7rwh2dy62hk8639lt6kzn32yxq960usnq9pexvt",
    "GB7KKHHVYLDIZEKYJPAJUOTBE5E3NJAXPSDZK7O6O44WR3EBRO5HRPVT",
    "tz1Lhf4J9Qxoe3DZ2nfe8FGDnvVj7oKjnMY6",
    "GONISIUAYDOMHM7VURRAAAP5H6OAWRRBCPXEIOZO3QI7TZKR5GTAQ7WK7Y",
    "nano_13ezf4od79h1tgj9aiu4djzcmmguendtjfuhwfukhuucboua8cpoihmh8byo",
    "NBZMQO7ZPBYNBDUR7F75MAKA2S3DHDCIFG775N3D",
    "3P93mVrYnQ4ahaRMYwA2BeWY32eDxTpLVEs",
    "DsYuxtvGRfN8rncXAndtLUpJm55F77K17RA",
    "t1U9yhDa5XEjgfnTgZoKddeSiEN1aoLkQxq",
    "cro1yjjlx5qsrj5rxn5xtd5rkm6dcqzlchxkrvsmg6",
    "lskdxc4ta5j43jp9ro3f8zqbxta9fn6jwzjucw7yt",
    "f17uoq6tp427uzv7fztkbsnn64iwotfrristwpryy",
    "EQDKbjIcfM6ezt8KjKJJLshZJJSqX7XOA4ff-W72r5gqPrHF",
];

/// Every letter of every address above in turn made every other. Filecoin's first letter names the network alone and is in no checksum
/// (Filecoin specification, "Addresses"): there `t` in the place of `f` is the test network's address.
#[test]
fn one_changed_letter_never_passes() {
    for right in CHECKED {
        assert!(normalise(Kind::Wallet, right).is_ok());
        for (at, was) in right.char_indices() {
            for letter in ('1'..='9')
                .chain('a'..='z')
                .chain('A'..='Z')
                .filter(|letter| !letter.eq_ignore_ascii_case(&was))
            {
                let changed = format!("{}{letter}{}", &right[..at], &right[at + 1..]);
                if let Judged::Address(found) = judge(&changed) {
                    let other_network = at == 0 && found.chain == "fil" && found.network == Network::Test;
                    assert!(found.evidence != Evidence::Checksum || other_network, "{changed} {found:?}");
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn what_is_normal_stays_so(bytes in prop::collection::vec(any::<u8>(), 20), which in 0..CHECKED.len()) {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        for text in [format!("0x{hex}"), format!("hx{hex}"), format!("xdc{hex}"), CHECKED[which].to_owned()] {
            if let Judged::Address(found) = judge(&text) {
                prop_assert_eq!(&address(&found.normal).normal, &found.normal);
            }
        }
    }

    #[test]
    fn nothing_written_breaks_it(text in "\\PC{0,200}", form in "(bc1|0x|addr1|zs1|bitcoincash:|xrb_|lsk|f1|0:|X-avax1|G|T|r)[0-9a-zA-Z:.-]{0,120}") {
        for text in [text, form] {
            let told = wallet::currencies(&text);
            match judge(&text) {
                Judged::Address(found) => {
                    prop_assert!(found.network == Network::Test || told.contains(&found.chain), "{found:?} {told:?}");
                    let again = check(&found.normal, found.chain, None, Nets::Both).unwrap();
                    prop_assert_eq!(&again.normal, &found.normal);
                }
                Judged::Wrong(wrong) => prop_assert!(check(&text, wrong.chain, None, Nets::Both).is_err()),
                Judged::Unknown => prop_assert!(told.is_empty(), "{told:?}"),
            }
        }
    }
}
