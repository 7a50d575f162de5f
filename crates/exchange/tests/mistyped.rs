//! A wallet's address with a letter wrong is told as that, whatever file it stands in: skipped in silence it would look clean.

use bongsu_exchange::read::{Format, Options, read_all};
use stix::Timestamp;

const KEY: &str = "5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ";

fn told(text: &str, format: Format) -> Vec<String> {
    let options = Options::new(Timestamp::parse("2026-11-24T00:00:00Z").unwrap());
    let batch = read_all(text.as_bytes(), format, &options).unwrap();
    assert_eq!(batch.objects.len(), 1, "what is right beside it is kept");
    batch.findings.iter().map(|finding| finding.message.clone()).collect()
}

#[test]
fn a_mistyped_address_is_told_as_that() {
    let checksum = "its checksum is wrong: a letter is mistyped, missing or in the wrong case";
    let (right, wrong) = ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb");
    let evm = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD";
    let plain = told(&format!("{right}\n{wrong}\n{evm}\n{KEY}\n"), Format::Plain);
    assert_eq!(plain.len(), 3);
    assert!(
        plain[0].starts_with(&format!("`{wrong}` looks like an address of btc, but {checksum}")),
        "{plain:?}"
    );
    assert!(plain[1].contains("address of eth") && plain[1].contains("checksum"), "{plain:?}");
    assert!(plain[2].contains("secret key") && !plain[2].contains(KEY), "{plain:?}");
    let table = told(&format!("wallet,name\n{right},a\n{wrong},b\n{KEY},c\n"), Format::Csv);
    assert_eq!(table.len(), 2);
    assert!(table[0].contains(checksum) && !table[1].contains(KEY), "{table:?}");
}
