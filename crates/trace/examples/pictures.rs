//! Draws the theft from Bybit, to look at: `pictures TRANSFERS.csv FOLDER` writes SVG files, and a page for each that shows it light and dark.

use std::error::Error;
use std::fs::File;
use std::path::Path;

use bongsu_trace::exposure::Side;
use bongsu_trace::found::Named;
use bongsu_trace::found::graph::{Click, Graph, Link, Opened, View, graph};
use bongsu_trace::found::timeline::{Look, timeline};
use bongsu_trace::label::Category;
use bongsu_trace::read::{Mapping, Options, csv};
use bongsu_trace::store::Writer;
use bongsu_trace::taint::{Limits, Method, Place, Theft, Way, follow};
use bongsu_trace::{Account, Flows as _, U256};

const VICTIM: &str = "0x47666fab8bd0ac7003bce3f5c3585383f09486e2";
const THIEF: &str = "0xa4b2fd68593b6f34e51cb9edb66e71c1b4ab449e";
const SECOND: &str = "0xdd90071d52f20e85c89802e5dc1ec0a7b6475f92";
/// Nobody's service: they stand for some, so that there is something to be seen.
const SERVICES: [(&str, &str, Category); 3] = [
    (
        "0x723a7084028421994d4a7829108d63ab44658315",
        "Some exchange <with a long name & a sign>, wallet 4",
        Category::Exchange,
    ),
    ("0x1512fcb09463a61862b73ec09b9b354af1790268", "Some bridge", Category::Bridge),
    ("0x54acab846901bdbdc553a675d97240511e4bfba2", "Some mixer", Category::Mixer),
];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, folder] = arguments.as_slice() else {
        return Err("usage: pictures TRANSFERS.csv FOLDER".into());
    };
    let (folder, place) = (Path::new(folder), tempfile::tempdir()?);
    std::fs::create_dir_all(folder)?;
    let mapping = Mapping::parse(Mapping::ready("bybit-sample").unwrap_or_default())?;
    let mut writer = Writer::create(&place.path().join("store"), "ethereum")?;
    let append = writer.append();
    csv(append, File::open(file)?, &mapping, &Options::default())?.0.finish()?;
    let store = writer.store();
    let account = |address: &str| store.account(address).ok_or("an address is missing");
    let (victim, thief, second) = (account(VICTIM)?, account(THIEF)?, account(SECOND)?);
    let asset = store.asset("ETH").ok_or("there is no ETH")?;
    let pays = |number: &u64| {
        let transfer = store.transfer(*number);
        transfer.is_some_and(|one| one.asset == asset && [victim, thief].contains(&one.from))
    };
    // What the thief paid in ETH came of what was stolen in other assets, and counts as stolen.
    let thefts: Vec<Theft> =
        (0..store.len()).filter(pays).map(|number| Theft { number, stolen: None }).collect();
    let label = |account: Account| {
        let address = store.address(account)?;
        SERVICES.iter().find(|(service, _, _)| *service == address)
    };
    let place = |account: Account| label(account).map_or(Place::Holder, |_| Place::Service);
    let trace = follow(store, &thefts, Method::Fifo, place, Limits::default(), Way::Choose)?;
    let named = |account: Account| match (label(account), account) {
        (Some((_, name, category)), _) => Named { text: (*name).to_owned(), category: Some(*category) },
        (None, one) if one == victim => {
            Named { text: "Bybit, cold wallet".to_owned(), category: Some(Category::Exchange) }
        }
        (None, one) if one == thief => {
            Named { text: "Bybit's thief".to_owned(), category: Some(Category::Theft) }
        }
        _ => Named { text: store.address(account).unwrap_or_default(), category: None },
    };
    let href = |click: Click| Some(format!("?click={click:?}&more=\"1\""));
    let opened = [victim, thief, second].map(Opened::new);
    let title = "What was stolen from Bybit, in ether";
    let view = View { title, unit: "ETH", decimals: 18, opened: &opened, neighbours_max: 8, hub_min: 200 };
    write(folder, "graph", &graph(&Graph::of(&trace, store, asset), &view, named, href))?;
    let look = Look { title, unit: "ETH", decimals: 18 };
    let line = timeline(&trace, store, asset, |account| label(account).map(|(_, _, category)| *category));
    write(folder, "timeline", &line.svg(&look))?;
    print!("{}", line.csv());
    write(folder, "hub", &hub(href))
}

/// A hub with many beside it, and ways in circles.
fn hub(href: impl Fn(Click) -> Option<String>) -> String {
    let link = |from: u32, to: u32, amount: u64, time: i64| Link {
        from: Account(from),
        to: Account(to),
        amount: U256::from(amount) * U256::from(10_000_000_000_000_000_u64),
        payments: 1 + u64::from(from) % 7,
        first: 1_740_000_000 + time,
        last: 1_740_000_000 + time * 3,
    };
    let crowd = (0..4_312).map(|at| link(1, 1_000 + at, 100_000 / (u64::from(at) + 1), i64::from(at) * 600));
    let some = [
        link(0, 1, 900_000, 1),
        link(0, 2, 500_000, 1),
        link(2, 3, 300_000, 4),
        link(2, 4, 200_000, 4),
        link(3, 4, 80_000, 5),
        link(4, 5, 120_000, 6),
        link(5, 2, 90_000, 7),
        link(5, 0, 10_000, 8),
        link(6, 5, 45_000, 9),
        link(6, 4, 5_000, 9),
        link(5, 1, 33_000, 9),
        link(4, 1_003, 1_000, 9),
    ];
    let graph_of = Graph::new(crowd.chain(some));
    let page = Opened { sinks_page: 2, ..Opened::new(Account(1)) };
    let opened = [
        Opened::new(Account(0)),
        page,
        Opened::new(Account(2)),
        Opened::new(Account(4)),
        Opened::new(Account(5)),
    ];
    let named = |account: Account| Named {
        text: match account.0 {
            4 => "봉수 거래소 (아주 긴 이름의 서비스입니다)".to_owned(),
            number => format!("0x{number:040x}"),
        },
        category: Category::ALL.get(account.0 as usize % 40).copied(),
    };
    let view = View {
        title: "A hub",
        unit: "ETH",
        decimals: 18,
        opened: &opened,
        neighbours_max: 6,
        hub_min: 1_000,
    };
    assert!(graph_of.beside(Account(1), Side::Sinks).len() == 4_312);
    graph(&graph_of, &view, named, href)
}

fn write(folder: &Path, name: &str, svg: &str) -> Result<(), Box<dyn Error>> {
    std::fs::write(folder.join(format!("{name}.svg")), svg)?;
    let page = format!(
        "<!doctype html><meta charset=utf-8><meta name=color-scheme content=\"light dark\"><body>{svg}"
    );
    std::fs::write(folder.join(format!("{name}.html")), page)?;
    Ok(())
}
