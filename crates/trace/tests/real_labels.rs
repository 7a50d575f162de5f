//! Labels of real lists: all are read, and known addresses are what they are known for.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use bongsu_trace::label::{Category, Columns, Labels, normal, table, tag_pack};

fn shared(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/assets/labels").join(path)
}

fn unpacked(path: &Path) -> String {
    let mut text = String::new();
    let file = std::fs::File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    text
}

#[test]
fn every_tag_of_every_pack_is_read() {
    let (mut labels, mut packs, mut told) = (Labels::default(), 0, Vec::new());
    for entry in std::fs::read_dir(shared("tagpacks")).unwrap() {
        let path = entry.unwrap().path();
        if !path.to_string_lossy().ends_with(".yaml.gz") || path.to_string_lossy().contains("actorpack") {
            continue;
        }
        let text = unpacked(&path);
        let is_ofac = path.ends_with("ofac.yaml.gz");
        let otherwise = if is_ofac { Category::Sanctioned } else { Category::Other };
        let (read, findings) =
            tag_pack(&text, otherwise).unwrap_or_else(|error| panic!("{}: {error:?}", path.display()));
        // Each tag has its address on a line of its own.
        let tags = text.lines().filter(|line| line.trim_start_matches([' ', '-']).starts_with("address:"));
        assert_eq!(read.len() + findings.len(), tags.count(), "{}", path.display());
        told.extend(findings);
        labels.add(read);
        packs += 1;
    }
    assert!(packs >= 29, "{packs} packs");
    // One has a remark behind its address.
    assert!(told.len() == 1 && told[0].code == "label-address", "{told:?}");
    for (address, category) in [
        ("3NDzzVxiLBUs1WPvVGRfCYDTAD2Ua2PvW4", Category::Sanctioned),
        ("1LAScEFHGkfpyjtFzA4g9283JmL2cYR9Tx", Category::Mixer),
        ("34xp4vRoCGJym3xR7yCVPFHoCNxv4Twseo", Category::Exchange),
        ("14QZ2wB8b8ZQNgb978Lwptdc8Vhv5aZQM2", Category::Theft),
        ("1421chCK32pV32Tw5MQbiUiKWKvnmj7d91", Category::Terrorism),
        ("0xC25167FFA19B4D9D03C7D5AA4682C7063F345B66", Category::Pool),
    ] {
        let best = labels.best(address).unwrap_or_else(|| panic!("{address}"));
        assert_eq!(best.category, category, "{address}: {best:?}");
        assert!(best.source.starts_with("http"), "{best:?}");
    }
    // A mixer that is sanctioned is a mixer nevertheless, and a thief that is sanctioned is none.
    let mixer = labels.service("3NDzzVxiLBUs1WPvVGRfCYDTAD2Ua2PvW4").unwrap();
    assert_eq!((mixer.name.as_str(), mixer.category), ("Blender.io", Category::Mixer));
    assert_eq!(labels.service("0x098B716B8Aaf21512996dC57EB0615e2383E2f96"), None);
}

#[test]
fn tables_of_etherscan_are_read_whole() {
    let columns = |address: &str, name: &str, otherwise| Columns {
        address: address.to_owned(),
        name: Some(name.to_owned()),
        category: None,
        otherwise,
        source: "etherscan".into(),
        date: Some("2023-10-02".into()),
        confidence: 40,
    };
    let mut labels = Labels::default();
    for (file, category) in [
        ("binance", Category::Exchange),
        ("bridge", Category::Bridge),
        ("tornado-cash", Category::Mixer),
        ("ofac-sanctions-lists", Category::Sanctioned),
        ("blocked", Category::Blocked),
    ] {
        let text = std::fs::read(shared(&format!("etherscan/{file}.csv"))).unwrap();
        let (read, findings) = table(&text, &columns("Address", "Name Tag", category)).unwrap();
        assert!(findings.is_empty(), "{file}: {findings:?}");
        assert_eq!(read.len(), bytecount(&text) - 1, "{file}");
        labels.add(read);
    }
    let binance = labels.best("0x3F5CE5FBFe3E9af3971dD833D26bA9b5C936f0bE").unwrap();
    assert_eq!((binance.name.as_str(), binance.category), ("Binance", Category::Exchange));
    let text = unpacked(&shared("phishing_scams.csv.gz"));
    let mut phishing = columns("address", "etherscan_tag", Category::Scam);
    phishing.category = Some("etherscan_labels".to_owned());
    let (read, findings) = table(text.as_bytes(), &phishing).unwrap();
    assert!(findings.is_empty() && read.len() > 3_000, "{}: {findings:?}", read.len());
    assert!(read.iter().all(|(address, _)| normal(address) == address.to_ascii_lowercase()));
}

/// Rows, the header one of them.
fn bytecount(text: &[u8]) -> usize {
    text.iter().filter(|byte| **byte == b'\n').count()
}
