//! What is found is told: sums, shapes and the picture of a theft that was written by hand.

use bongsu_trace::found::{Bounds, Look, Named, Shape, holdings, patterns, sankey, services};
use bongsu_trace::label::{Category, Label};
use bongsu_trace::store::Memory;
use bongsu_trace::taint::{Limits, Method, Place, Theft, Trace, Way, follow};
use bongsu_trace::{Account, Asset, Transfer, U256};

const DAY: i64 = 86_400;

/// Transfers: from, to, how much, on which day.
fn list(transfers: &[(u32, u32, u64, i64)]) -> Memory {
    let transfer = |(from, to, amount, day): &(u32, u32, u64, i64)| Transfer {
        from: Account(*from),
        to: Account(*to),
        asset: Asset(0),
        amount: U256::from(*amount),
        time: day * DAY,
    };
    transfers.iter().map(transfer).collect::<Vec<_>>().into()
}

/// What was stolen by the first transfer, followed. From 100 on, accounts are services.
fn followed(flows: &Memory) -> Trace {
    let theft = Theft { number: 0, stolen: None };
    let place = |account: Account| if account.0 >= 100 { Place::Service } else { Place::Holder };
    follow(flows, &[theft], Method::Fifo, place, Limits::default(), Way::Choose).unwrap()
}

fn label(name: &str, category: Category) -> Label {
    let (name, source) = (name.to_owned(), "https://example.org".into());
    Label { name, category, actor: Some("kraken".into()), source, date: None, confidence: 80 }
}

#[test]
fn what_came_to_a_service_is_summed_over_its_addresses() {
    let flows =
        list(&[(0, 1, 1_000, 0), (1, 100, 300, 1), (1, 101, 200, 2), (1, 102, 100, 3), (1, 2, 50, 4)]);
    let trace = followed(&flows);
    let (exchange, mixer) = (label("Kraken 4", Category::Exchange), label("Tornado", Category::Mixer));
    let found = services(&trace, |account| match account.0 {
        100 | 101 => Some(&exchange),
        102 => Some(&mixer),
        _ => None,
    });
    let told: Vec<_> = found
        .iter()
        .map(|service| {
            (
                service.category,
                service.tainted,
                service.entries.len(),
                service.addresses.len(),
                service.first / DAY,
                service.last / DAY,
            )
        })
        .collect();
    let amount = |amount: u64| U256::from(amount);
    assert_eq!(
        told,
        [(Category::Exchange, amount(500), 2, 2, 1, 2), (Category::Mixer, amount(100), 1, 1, 3, 3)]
    );
    let held: Vec<_> = holdings(&trace).iter().map(|one| (one.account.0, one.tainted)).collect();
    assert_eq!(held, [(1, amount(350)), (2, amount(50))]);
}

fn shapes(transfers: &[(u32, u32, u64, i64)]) -> Vec<(u32, Shape)> {
    let flows = list(transfers);
    let found = patterns(&followed(&flows), &flows, 100 * DAY, &Bounds::default());
    found.into_iter().map(|pattern| (pattern.account.0, pattern.shape)).collect()
}

#[test]
fn shapes_are_seen_and_what_is_none_is_not() {
    // Each passes on most and peels a little off, until an exchange gets the rest.
    let peel: Vec<(u32, u32, u64, i64)> = std::iter::once((0, 1, 1_000, 90))
        .chain((1..6).flat_map(|at| {
            [
                (at, 50 + at, 20, 90 + i64::from(at)),
                (at, at + 1, 1_000 - u64::from(at) * 20, 90 + i64::from(at)),
            ]
        }))
        .collect();
    let chain = (1..7).map(Account).collect();
    assert_eq!(shapes(&peel), [(1, Shape::PeelChain(chain))]);
    assert_eq!(shapes(&peel[..7]), [], "three links are no chain");

    let split: Vec<_> =
        std::iter::once((0, 1, 1_000, 99)).chain((2..14).map(|to| (1, to, 10 * u64::from(to), 99))).collect();
    assert_eq!(shapes(&split), [(1, Shape::FanOut(12))]);
    let joined: Vec<_> =
        split.iter().copied().chain((2..14).map(|from| (from, 20, 10 * u64::from(from), 99))).collect();
    assert_eq!(shapes(&joined), [(1, Shape::FanOut(12)), (20, Shape::FanIn(12))]);
    let slow: Vec<_> =
        split.iter().map(|(from, to, amount, _)| (*from, *to, *amount, 70 + 2 * i64::from(*to))).collect();
    assert_eq!(shapes(&slow), [], "not in a day");

    let equal: Vec<_> = std::iter::once((0, 1, 1_000, 99)).chain((2..8).map(|to| (1, to, 100, 99))).collect();
    assert_eq!(shapes(&equal), [(1, Shape::EqualParts(6))]);

    assert_eq!(shapes(&[(0, 1, 9, 10), (1, 100, 9, 50)]), [(1, Shape::Dormant { woke: true })]);
    assert_eq!(shapes(&[(0, 1, 9, 10)]), [(1, Shape::Dormant { woke: false })]);
    assert_eq!(shapes(&[(0, 1, 9, 90), (1, 100, 9, 95)]), []);
}

#[test]
fn the_picture_shows_where_it_went_and_nothing_of_it_is_a_command() {
    let mut transfers = vec![(0, 1, 1_000, 0), (1, 100, 400, 1), (2, 1, 1, 2), (1, 2, 100, 2), (2, 1, 60, 3)];
    transfers.extend((10..40).map(|to| (1, to, 2, 4)));
    let flows = list(&transfers);
    let trace = followed(&flows);
    let look =
        Look { title: "The \"<theft>\" & more", unit: "ETH", decimals: 2, columns_max: 6, boxes_max: 5 };
    let named = |account: Account| match account.0 {
        100 => Named { text: "<script>Kraken</script>".to_owned(), category: Some(Category::Exchange) },
        number => Named { text: format!("holder {number}"), category: None },
    };
    let svg = sankey(&trace, &[0], &flows, Asset(0), &look, named);
    assert!(!svg.contains("<script>") && !svg.contains("<theft>"));
    // It is XML.
    let mut open = Vec::new();
    for part in svg.split('<').skip(1) {
        let tag = part.split('>').next().unwrap();
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name.to_owned())),
            None if tag.ends_with('/') => {}
            None => open.push(tag.split(' ').next().unwrap().to_owned()),
        }
    }
    assert!(open.is_empty(), "{open:?}");
    for text in [
        "stolen",
        "class=\"exchange\"",
        "holder 1",
        "more",
        "10 ETH</title>",
        ": 4 ETH</title>",
        "1 transfer to addresses",
    ] {
        assert!(svg.contains(text), "{text}: {svg}");
    }
    assert!(svg.matches("<rect").count() <= 1 + 1 + 6);
}
