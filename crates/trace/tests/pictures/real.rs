//! The theft from Bybit, drawn.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use bongsu_trace::found::timeline::{Every, Look, timeline};
use bongsu_trace::found::{Flow, Named, Opened, Words, roots, steps};
use bongsu_trace::label::Category;
use bongsu_trace::read::{Mapping, Options, csv};
use bongsu_trace::store::Writer;
use bongsu_trace::taint::{Limits, Method, Place, Theft, Way, follow};
use bongsu_trace::{Account, Flows as _, U256};

use super::COIN;
use super::xml::{elements, is_harmless};

const VICTIM: &str = "0x47666fab8bd0ac7003bce3f5c3585383f09486e2";
const THIEF: &str = "0xa4b2fd68593b6f34e51cb9edb66e71c1b4ab449e";
const SECOND: &str = "0xdd90071d52f20e85c89802e5dc1ec0a7b6475f92";
/// Those that look like the second address, and got nothing but worthless tokens.
const LOOK_ALIKES: [&str; 2] =
    ["0xdd901921594c5ba04c5971295db8931073365f92", "0xdd909975592c01a18adb8c545f18b0a37f915f92"];

fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/assets/bybit-trace/transfers.csv")
}

#[test]
fn the_theft_from_bybit_is_drawn_without_its_poisoned_look_alikes() {
    let folder = tempfile::tempdir().unwrap();
    let mapping = Mapping::parse(Mapping::ready("bybit-sample").unwrap()).unwrap();
    let mut writer = Writer::create(&folder.path().join("store"), "ethereum").unwrap();
    let input = File::open(sample()).unwrap_or_else(|error| panic!("{}: {error}", sample().display()));
    csv(writer.append(), input, &mapping, &Options::default()).unwrap().0.finish().unwrap();
    let store = writer.store();
    let account = |address: &str| store.account(address).unwrap();
    let (victim, thief) = (account(VICTIM), account(THIEF));
    let asset = store.asset("ETH").unwrap();
    let is_theft = |number: &u64| {
        let transfer = store.transfer(*number).unwrap();
        transfer.asset == asset && [victim, thief].contains(&transfer.from)
    };
    let thefts = (0..store.len()).filter(is_theft).map(|number| Theft { number, stolen: None });
    let thefts: Vec<Theft> = thefts.collect();
    // That this one is an exchange is made up.
    let exchange = account("0x723a7084028421994d4a7829108d63ab44658315");
    let place = |account: Account| if account == exchange { Place::Service } else { Place::Holder };
    let trace = follow(store, &thefts, Method::Fifo, place, Limits::default(), Way::Choose).unwrap();

    let mut sums: BTreeMap<(String, String), (U256, usize)> = BTreeMap::new();
    for (number, tainted) in trace.moves() {
        let transfer = store.transfer(number).unwrap();
        let [from, to] = [transfer.from, transfer.to].map(|account| store.address(account).unwrap());
        let sum = sums.entry((from, to)).or_default();
        *sum = (sum.0 + tainted, sum.1 + 1);
    }
    let flows =
        sums.into_iter().map(|((from, to), (tainted, payments))| Flow { from, to, tainted, payments });
    let flows: Vec<Flow> = flows.collect();
    let open = [VICTIM, THIEF, SECOND].map(|address| (address.to_owned(), 0));
    let view = Opened {
        roots: &roots(&flows),
        open: &open,
        asset: "ETH",
        decimals: Some(18),
        words: &Words::ENGLISH,
    };
    let named = |address: &str| {
        let category = (store.account(address) == Some(exchange)).then_some(Category::Exchange);
        Named { text: String::new(), category }
    };
    let picture = steps(&flows, &view, named, |open| format!("?{open:?}"));
    let drawn = elements(&picture);
    is_harmless(&drawn);
    let said = |text: &str| drawn.iter().any(|element| element.title.contains(text));
    assert!(said(&format!("{THIEF} → {SECOND}: 98,048.7948 ETH, 3 payments")), "{picture}");
    assert!(said("6 more that"), "{picture}");
    for address in LOOK_ALIKES {
        assert!(store.account(address).is_some() && !picture.contains(address));
    }

    let line = timeline(&trace, store, asset, |account| (account == exchange).then_some(Category::Exchange));
    assert_eq!(line.every, Every::Hour);
    let entered: Vec<_> = line.entered().into_iter().collect();
    assert_eq!(entered, [(Category::Exchange, U256::from(10_000) * U256::from(COIN))]);
    let held = U256::from(880_488_948) * U256::from(COIN / 10_000);
    assert_eq!(line.rows.last().unwrap().held, held);
    is_harmless(&elements(&line.svg(&Look { title: "Bybit", unit: "ETH", decimals: 18 })));
}
