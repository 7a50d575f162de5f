//! Cases over time.

use std::collections::BTreeMap;

use bongsu_trace::found::timeline::{Every, Look, Timeline, timeline};
use bongsu_trace::label::Category;
use bongsu_trace::store::Memory;
use bongsu_trace::taint::{Limits, Method, Place, Theft, Trace, Way, follow};
use bongsu_trace::{Account, Asset, Transfer, U256};
use proptest::collection::vec;
use proptest::prelude::*;

use super::xml::{Element, elements, is_harmless};

const HOUR: i64 = 3_600;

/// From 100 on exchanges, from 200 on mixers; 300 burns.
fn category(account: Account) -> Option<Category> {
    match account.0 {
        300.. => None,
        200.. => Some(Category::Mixer),
        100.. => Some(Category::Exchange),
        _ => None,
    }
}

fn place(account: Account) -> Place {
    match account.0 {
        300.. => Place::Nobody,
        100.. => Place::Service,
        _ => Place::Holder,
    }
}

/// Transfers by giver, receiver, amount and time; the first ones are thefts.
fn followed(rows: &[(u32, u32, u64, i64)], thefts: usize) -> (Memory, Trace) {
    let transfer = |(from, to, amount, time): &(u32, u32, u64, i64)| Transfer {
        from: Account(*from),
        to: Account(*to),
        asset: Asset(0),
        amount: U256::from(*amount),
        time: *time,
    };
    let flows: Memory = rows.iter().map(transfer).collect::<Vec<_>>().into();
    let thefts: Vec<Theft> = (0..thefts as u64).map(|number| Theft { number, stolen: None }).collect();
    let trace = follow(&flows, &thefts, Method::Haircut, place, Limits::default(), Way::Choose).unwrap();
    (flows, trace)
}

fn line(rows: &[(u32, u32, u64, i64)], thefts: usize) -> Timeline {
    let (flows, trace) = followed(rows, thefts);
    timeline(&trace, &flows, Asset(0), category)
}

const LOOK: Look<'static> = Look { title: "A <case> & more", unit: "ETH", decimals: 2 };

fn drawn(line: &Timeline) -> Vec<Element> {
    let elements = elements(&line.svg(&LOOK));
    is_harmless(&elements);
    elements
}

#[test]
fn a_short_case_goes_by_the_hour() {
    let line = line(
        &[
            (0, 1, 1_000, 10 * HOUR),
            (1, 100, 300, 11 * HOUR + 5),
            (1, 200, 200, 11 * HOUR + 3_599),
            (1, 101, 100, 15 * HOUR),
            (1, 300, 50, 15 * HOUR),
        ],
        1,
    );
    assert_eq!(line.every, Every::Hour);
    assert_eq!(
        line.csv(),
        "start,stolen,exchange,mixer,burnt,held\n\
         1970-01-01T10:00:00.000000Z,1000,0,0,0,1000\n\
         1970-01-01T11:00:00.000000Z,0,300,200,0,500\n\
         1970-01-01T15:00:00.000000Z,0,100,0,50,350\n"
    );
    let elements = drawn(&line);
    let titles: Vec<&str> =
        elements.iter().filter(|element| element.name == "g").map(|element| element.title.as_str()).collect();
    assert_eq!(
        titles,
        [
            "1970-01-01 10:00:00 UTC; stolen: 10 ETH; held then: 10 ETH",
            "1970-01-01 11:00:00 UTC; exchange: 3 ETH; mixer: 2 ETH; held then: 5 ETH",
            "1970-01-01 15:00:00 UTC; exchange: 1 ETH; burnt: 0.5 ETH; held then: 3.5 ETH",
        ]
    );
    let words = &elements.iter().find(|element| element.name == "desc").unwrap().text;
    assert_eq!(
        words,
        "From 1970-01-01 10:00:00 to 1970-01-01 16:00:00 UTC 10 ETH were stolen; 4 ETH entered: exchange; 2 ETH entered: mixer; \
         0.5 ETH burnt; 3.5 ETH still held."
    );
}

#[test]
fn a_long_case_goes_by_the_day_and_is_drawn_in_few_bars() {
    let mut rows = vec![(0, 1, 100_000, 0)];
    rows.extend((1..=2_000).map(|day| (1, 100, 10, day * 24 * HOUR + 7)));
    let line = line(&rows, 1);
    assert_eq!((line.every, line.rows.len()), (Every::Day, 2_001));
    assert_eq!(line.rows[2_000].held, U256::from(80_000));
    let elements = drawn(&line);
    let bars = elements.iter().filter(|element| element.name == "g").count();
    assert!((200..=300).contains(&bars), "{bars}");
    assert!(elements.iter().any(|element| element.text.contains("each 7 days")));
}

#[test]
fn where_nothing_happened_there_is_an_empty_picture() {
    let (flows, trace) = followed(&[(0, 1, 5, 0)], 1);
    let line = timeline(&trace, &flows, Asset(7), category);
    assert!(line.rows.is_empty());
    assert_eq!(line.csv(), "start,stolen,burnt,held\n");
    let elements = drawn(&line);
    assert!(elements.iter().all(|element| element.attributes.values().all(|value| !value.contains("NaN"))));
}

proptest! {
    #[test]
    fn it_adds_up_to_what_the_trace_says(
        rows in vec((0..6_u32, prop_oneof![0..6_u32, 100..103_u32, 200..202_u32, Just(300)], 1..100_u64, 0..200_i64), 1..40),
        thefts in 1..4_usize,
    ) {
        let mut rows: Vec<_> = rows.into_iter().filter(|row| row.0 != row.1).map(|row| (row.0, row.1, row.2, row.3 * HOUR)).collect();
        rows.sort_by_key(|row| row.3);
        prop_assume!(!rows.is_empty());
        let (flows, trace) = followed(&rows, thefts.min(rows.len()));
        let line = timeline(&trace, &flows, Asset(0), category);
        let total = trace.totals()[0];
        let stolen = line.rows.iter().fold(U256::ZERO, |sum, row| sum + row.stolen);
        let entered = line.entered().into_values().fold(U256::ZERO, |sum, amount| sum + amount);
        let burnt = line.rows.iter().fold(U256::ZERO, |sum, row| sum + row.burnt);
        let held = line.rows.last().map(|row| row.held).unwrap_or_default();
        prop_assert_eq!((stolen, entered, burnt, held), (total.stolen, total.entered, total.burnt, total.held));
        prop_assert!(line.rows.windows(2).all(|pair| pair[0].start < pair[1].start));
        // By category it is what came to the addresses of each.
        let mut sums: BTreeMap<Category, U256> = BTreeMap::new();
        for entry in trace.entries() {
            if let Some(category) = category(entry.to) {
                *sums.entry(category).or_default() += entry.tainted;
            }
        }
        prop_assert_eq!(line.entered(), sums);
        drawn(&line);
    }
}
