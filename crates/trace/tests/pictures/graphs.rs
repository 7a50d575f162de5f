//! Graphs that open step by step.

use std::collections::{BTreeMap, BTreeSet};

use bongsu_trace::exposure::Side;
use bongsu_trace::found::Named;
use bongsu_trace::found::graph::{Click, Graph, Link, NEIGHBOURS_MAX, OPENED_MAX, Opened, View, graph};
use bongsu_trace::label::Category;
use bongsu_trace::{Account, U256};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::COIN;
use crate::xml::{Element, elements, is_harmless};

fn link(from: u32, to: u32, amount: u64) -> Link {
    let amount = U256::from(amount);
    let times = (1_740_000_000, 1_740_000_000 + i64::from(to));
    Link {
        from: Account(from),
        to: Account(to),
        amount,
        payments: 1 + u64::from(to % 3),
        first: times.0,
        last: times.1,
    }
}

fn view(opened: &[Opened]) -> View<'_> {
    View { title: "A case", unit: "ETH", decimals: 0, opened, neighbours_max: 4, hub_min: 1_000 }
}

fn named(account: Account) -> Named {
    Named { text: format!("n{}", account.0), category: None }
}

fn href(click: Click) -> Option<String> {
    Some(format!("?{click:?}"))
}

fn drawn(links: &Graph, view: &View<'_>) -> Vec<Element> {
    let elements = elements(&graph(links, view, named, href));
    is_harmless(&elements);
    elements
}

/// The boxes: corner, and what is said of each.
fn boxes(elements: &[Element]) -> Vec<(f64, f64, &Element)> {
    let is_box = |element: &&Element| element.name == "rect" && element.attribute("class").starts_with('x');
    let with_title =
        |element: &'_ Element| (element.number("x"), element.number("y"), *element.within.last().unwrap());
    let boxes = elements.iter().filter(is_box).map(with_title);
    boxes.map(|(x, y, at)| (x, y, &elements[at])).collect()
}

/// The ways: who gave, who got, and how much.
fn ways(elements: &[Element]) -> Vec<(String, String, u64)> {
    let is_way = |element: &&Element| element.name == "g" && element.attribute("class").starts_with('w');
    let told = |way: &Element| {
        let (from, rest) = way.title.split_once(" → ").unwrap();
        let (to, rest) = rest.split_once(": ").unwrap();
        let amount = rest.split(' ').next().unwrap().replace(',', "").parse().unwrap();
        (from.to_owned(), to.to_owned(), amount)
    };
    elements.iter().filter(is_way).map(told).collect()
}

#[test]
fn a_small_one_is_drawn_as_expected() {
    let links = Graph::new([
        link(0, 1, 900),
        link(1, 2, 600),
        link(1, 2, 100),
        link(1, 3, 150),
        link(1, 1, 7),
        link(2, 4, 1),
    ]);
    let opened = [Opened::new(Account(0)), Opened::new(Account(1)), Opened::new(Account(0))];
    let elements = drawn(&links, &view(&opened));
    let texts: Vec<&str> = elements
        .iter()
        .filter(|element| element.name == "text" && element.attribute("class").starts_with('k'))
        .map(|element| element.text.as_str())
        .collect();
    assert_eq!(texts, ["n0", "n1", "n2", "n3"]);
    let told = |from: &str, to: &str, amount: u64| (from.to_owned(), to.to_owned(), amount);
    assert_eq!(ways(&elements), [told("n0", "n1", 900), told("n1", "n2", 700), told("n1", "n3", 150)]);
    let boxes = boxes(&elements);
    let columns: Vec<f64> = boxes.iter().map(|(x, _, _)| *x).collect();
    assert!(columns[0] < columns[1] && columns[1] < columns[2] && columns[2] == columns[3], "{columns:?}");
    let said: Vec<(&str, &str)> =
        boxes.iter().map(|(_, _, element)| (element.attribute("href"), element.title.as_str())).collect();
    assert_eq!(said[0].0, "?Fold(Account(0))");
    assert_eq!(
        said[2],
        (
            "?Open(Account(2))",
            "open n2 (no label): got 700 ETH in 6 payments, 2025-02-19 21:20:00 to 2025-02-19 21:20:02 UTC from 1 address; \
             gave 1 ETH in 2 payments, 2025-02-19 21:20:00 to 2025-02-19 21:20:04 UTC to 1 address"
        )
    );
    // There is nobody else beside n3.
    assert_eq!(said[3].0, "");
    let widths: Vec<f64> = elements
        .iter()
        .filter(|element| element.name == "path" && element.attributes.contains_key("stroke-width"))
        .map(|element| element.number("stroke-width"))
        .collect();
    assert_eq!(widths, [16.0, 12.4, 2.7]);
}

#[test]
fn names_and_links_are_text_and_never_commands() {
    let links = Graph::new([link(0, 1, 5)]);
    let opened = [Opened::new(Account(0))];
    let wicked = "\"><script>alert(1)</script>&amp;\u{202e}\u{0}'";
    let named = |_: Account| Named { text: wicked.to_owned(), category: Some(Category::Mixer) };
    let view = View { title: wicked, unit: "<E&\">", ..view(&opened) };
    let picture = graph(&links, &view, named, |_| Some(format!("/x?a=\"{wicked}\"&b=<1>")));
    let elements = elements(&picture);
    is_harmless(&elements);
    assert!(!picture.contains("<script") && !picture.contains('\u{202e}') && !picture.contains('\u{0}'));
    let link = elements.iter().find(|element| element.name == "a").unwrap();
    assert!(link.attribute("href").starts_with("/x?a=\"\"><script>"));
    assert!(link.title.contains("<script>alert(1)</script>&amp;"));
    assert!(elements.iter().any(|element| element.name == "tspan" && element.text == "mixer"));
}

#[test]
fn a_hub_starts_folded_and_its_pages_show_everybody_once() {
    let links =
        Graph::new((0..1_003).map(|at| link(0, 10 + at, 2_000 - u64::from(at))).chain([link(1, 0, 9)]));
    let (mut opened, mut seen) = (Opened::new(Account(0)), BTreeSet::new());
    let mut pages = 0;
    loop {
        let view = View { neighbours_max: 50, ..view(std::slice::from_ref(&opened)) };
        let elements = drawn(&links, &view);
        let shown: BTreeSet<String> = ways(&elements)
            .into_iter()
            .filter(|way| way.1.starts_with('n') && way.0 == "n0")
            .map(|way| way.1)
            .collect();
        if pages == 0 {
            assert!(shown.is_empty());
            let folded = boxes(&elements);
            let told: Vec<&str> = folded.iter().map(|(_, _, element)| element.title.as_str()).collect();
            assert!(
                told.iter().any(
                    |told| told.starts_with("show some of + 1,003 more: 1,503,497 ETH in 2,006 payments")
                ),
                "{told:?}"
            );
        }
        assert!(shown.iter().all(|name| seen.insert(name.clone())), "page {pages}");
        let next = format!("?{:?}", Click::Page { account: Account(0), side: Side::Sinks, page: pages + 1 });
        if !elements.iter().any(|element| element.attribute("href") == next) {
            break;
        }
        pages += 1;
        opened.sinks_page = pages;
    }
    assert_eq!((seen.len(), pages), (1_003, 21));
    // A page that there is not is the last one, and leads back.
    opened.sinks_page = usize::MAX;
    let back = format!("?{:?}", Click::Page { account: Account(0), side: Side::Sinks, page: 20 });
    let elements = drawn(&links, &View { neighbours_max: usize::MAX, ..view(&[opened]) });
    assert!(elements.iter().any(|element| element.attribute("href") == back));
    assert!(boxes(&elements).len() <= NEIGHBOURS_MAX + 4);
}

#[test]
fn nothing_opened_and_unknown_addresses_are_pictures_too() {
    let links = Graph::new([link(0, 1, 5)]);
    assert!(boxes(&drawn(&links, &view(&[]))).is_empty());
    assert_eq!(boxes(&drawn(&Graph::default(), &view(&[Opened::new(Account(7))]))).len(), 1);
    let many: Vec<Opened> = (0..150).map(|at| Opened::new(Account(at))).collect();
    let elements = drawn(&links, &view(&many));
    assert_eq!(boxes(&elements).len(), OPENED_MAX);
    assert!(elements.iter().any(|element| element.text.contains("; 50 more can't be opened at once")));
}

#[test]
fn the_largest_amounts_are_drawn() {
    let most = Link { amount: U256::MAX, ..link(0, 1, 0) };
    let links = Graph::new([most, most, Link { to: Account(2), ..most }]);
    let elements = drawn(&links, &view(&[Opened::new(Account(0))]));
    let is_number = |element: &Element| {
        element.attributes.values().all(|value| !value.contains("NaN") && !value.contains("inf"))
    };
    assert!(elements.iter().all(is_number));
}

#[test]
fn where_there_is_no_link_there_is_none() {
    let links = Graph::new((1..30).map(|to| link(0, to, COIN)));
    let picture = graph(&links, &view(&[Opened::new(Account(0))]), named, |_| None);
    assert!(!picture.contains("<a ") && !picture.contains("class=\"s\""));
}

fn opened() -> impl Strategy<Value = Vec<Opened>> {
    let one = (0..14_u32, 0..4_usize, 0..4_usize);
    vec(
        one.prop_map(|(account, sources_page, sinks_page)| Opened {
            account: Account(account),
            sources_page,
            sinks_page,
        }),
        1..6,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn what_is_drawn_is_whole_and_lies_apart(
        rows in vec((0..14_u32, 0..14_u32, 1..1_000_u64), 0..60),
        opened in opened(),
        neighbours_max in 1..6_usize,
        hub_min in prop_oneof![Just(usize::MAX), 1..12_usize],
    ) {
        let links: Vec<Link> = rows.iter().map(|(from, to, amount)| link(*from, *to, *amount)).collect();
        let view = View { neighbours_max, hub_min, ..view(&opened) };
        let elements = drawn(&Graph::new(links), &view);
        // Each opened address has one box.
        let mut ids: BTreeSet<u32> = BTreeSet::new();
        for one in opened.iter().filter(|one| ids.insert(one.account.0)) {
            let fold = format!("?{:?}", Click::Fold(one.account));
            prop_assert_eq!(elements.iter().filter(|element| element.attribute("href") == fold).count(), 1);
        }
        // Ways and folded boxes add up to all that it got and gave.
        let mut sums: BTreeMap<(String, bool), u64> = BTreeMap::new();
        for (from, to, amount) in ways(&elements) {
            *sums.entry((from, true)).or_default() += amount;
            *sums.entry((to, false)).or_default() += amount;
        }
        for id in ids {
            let side = |gives: bool| -> u64 {
                let mine = |row: &&(u32, u32, u64)| row.0 != row.1 && id == if gives { row.0 } else { row.1 };
                rows.iter().filter(mine).map(|row| row.2).sum()
            };
            for gives in [true, false] {
                let sum = sums.get(&(format!("n{id}"), gives)).copied().unwrap_or_default();
                prop_assert_eq!(sum, side(gives), "n{} gives: {}", id, gives);
            }
        }
        // Boxes lie apart, and within the picture.
        let (width, height) = (elements[0].number("width"), elements[0].number("height"));
        let boxes = boxes(&elements);
        for (at, (x, y, _)) in boxes.iter().enumerate() {
            prop_assert!(*x >= 0.0 && x + 216.0 <= width && *y >= 0.0 && y + 58.0 <= height);
            for (other_x, other_y, _) in &boxes[..at] {
                prop_assert!((x - other_x).abs() >= 216.0 || (y - other_y).abs() >= 58.0 + 10.0);
            }
        }
    }
}
