//! Walks over collections.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bongsu_exchange::pull::taxii::{Client, Cursor, Page, Place, Walk};
use proptest::prelude::*;

use super::fake::{Dates, Fake, Manner, More, Next, object};

/// More requests than any walk here may need.
const REQUESTS_MAX: usize = 3_000;

#[derive(Default)]
struct Got {
    objects: Vec<String>,
    findings: usize,
    cursor: Cursor,
}

impl Got {
    fn take(&mut self, page: Page) {
        self.objects.extend(page.objects);
        self.findings += page.findings.len();
        // Through its kept form, as a caller would have it.
        self.cursor = Cursor::read(&page.cursor.to_text());
    }
}

/// Walks to the end; a failure leaves the walk, and another takes it up at the cursor.
async fn walk(client: &Client, place: &Place, cursor: Cursor, limit: usize) -> Got {
    let mut got = Got { cursor, ..Got::default() };
    for _ in 0..REQUESTS_MAX {
        let mut walk = Walk::new(place.clone(), &got.cursor, limit);
        loop {
            match client.page(&mut walk).await {
                Ok(Some(page)) => got.take(page),
                Ok(None) => return got,
                Err(error) if error.passes() => break,
                Err(error) => panic!("{error}"),
            }
        }
    }
    panic!("the walk does not end");
}

fn texts(fake: &Fake) -> HashSet<String> {
    fake.objects.lock().unwrap().iter().map(|(_, text)| text.clone()).collect()
}

async fn all_come(manner: Manner, dates: &[i64], limit: usize) -> (Arc<Fake>, Got) {
    let shown = format!("{manner:?} {dates:?} limit {limit}");
    let fake = Fake::new(manner, dates);
    let (client, place) = fake.serve().await;
    let got = walk(&client, &place, Cursor::default(), limit).await;
    let missing: Vec<String> =
        texts(&fake).difference(&got.objects.iter().cloned().collect()).cloned().collect();
    assert!(missing.is_empty(), "{shown}: {} missing", missing.len());
    assert!(fake.requests.load(Ordering::SeqCst) < REQUESTS_MAX, "{shown}");
    (fake, got)
}

fn one_after_another(count: i64) -> Vec<i64> {
    (0..count).map(|number| 1_700_000_000_000_000 + number * 1_500_000).collect()
}

#[tokio::test]
async fn a_server_as_it_should_be_gives_each_object_once() {
    let (fake, got) = all_come(Manner::default(), &one_after_another(95), 10).await;
    assert_eq!((got.objects.len(), got.findings), (95, 0));
    assert_eq!(fake.requests.load(Ordering::SeqCst), 10);
    assert!(!got.cursor.is_unfinished());
}

#[tokio::test]
async fn the_next_walk_brings_what_is_new() {
    let (fake, got) = all_come(Manner::default(), &one_after_another(25), 10).await;
    let (client, place) = fake.serve().await;
    let idle = walk(&client, &place, got.cursor, 10).await;
    assert_eq!(idle.objects.len(), 1, "the last one again, in case that others were added at its date");
    let last = fake.objects.lock().unwrap().last().unwrap().0;
    // One at the very date of the last: a filter by that date alone would never see it.
    for (number, added) in [(900, last), (901, last + 1)] {
        fake.objects.lock().unwrap().push((added, object(number, added)));
    }
    let new = walk(&client, &place, idle.cursor, 10).await;
    assert_eq!(new.objects.len(), 3);
}

#[tokio::test]
async fn quirks_of_servers_lose_nothing() {
    let tied: Vec<i64> = (0..60).map(|number| 1_700_000_000_000_000 + number / 20).collect();
    for next in
        [Next::Absent, Next::Token, Next::Number, Next::Session, Next::Stuck, Next::Forgotten, Next::Gaps]
    {
        for more in [More::Honest, More::Text, More::Always] {
            for dates in [Dates::Whole, Dates::Milliseconds, Dates::Seconds, Dates::Manifest, Dates::Objects]
            {
                let manner = Manner { cap: 7, next, more, dates, fails_each: 0 };
                all_come(manner.clone(), &one_after_another(30), 7).await;
                // A whole page of one date: a larger page has all of them.
                all_come(Manner { cap: 1_000, ..manner }, &tied, 7).await;
            }
        }
    }
}

#[tokio::test]
async fn more_of_one_date_than_any_page_holds_is_said_to_be_missing() {
    let dates =
        [vec![1_700_000_000_000_000; 12], one_after_another(5).iter().map(|at| at + 9_000_000).collect()]
            .concat();
    let fake = Fake::new(Manner { cap: 5, next: Next::Absent, ..Manner::default() }, &dates);
    let (client, place) = fake.serve().await;
    let got = walk(&client, &place, Cursor::default(), 5).await;
    assert!(got.findings > 0, "it is said");
    assert_eq!(got.objects.iter().collect::<HashSet<_>>().len(), 10, "and the walk goes on behind them");
    // With a `next`, the same server loses nothing.
    all_come(Manner { cap: 5, ..Manner::default() }, &dates, 5).await;
}

#[tokio::test]
async fn thousands_of_one_date_do_not_come_each_time() {
    let dates = vec![1_700_000_000_000_000; 2_500];
    let (fake, got) =
        all_come(Manner { cap: 1_000, next: Next::Session, ..Manner::default() }, &dates, 1_000).await;
    let (client, place) = fake.serve().await;
    assert_eq!(walk(&client, &place, got.cursor, 1_000).await.objects.len(), 0);
}

#[tokio::test]
async fn a_walk_that_breaks_off_is_taken_up_at_its_cursor() {
    let fake = Fake::new(Manner::default(), &one_after_another(50));
    let (client, place) = fake.serve().await;
    let mut first = Walk::new(place.clone(), &Cursor::default(), 10);
    let mut got = Got::default();
    for _ in 0..2 {
        got.take(client.page(&mut first).await.unwrap().unwrap());
    }
    assert!(got.cursor.is_unfinished());
    fake.requests.store(0, Ordering::SeqCst);
    let rest = walk(&client, &place, got.cursor, 10).await;
    assert_eq!((got.objects.len(), rest.objects.len()), (20, 31), "the last one comes again");
    assert_eq!(fake.requests.load(Ordering::SeqCst), 4);
}

fn manner() -> impl Strategy<Value = Manner> {
    let next = prop::sample::select(vec![
        Next::Absent,
        Next::Token,
        Next::Number,
        Next::Session,
        Next::Stuck,
        Next::Forgotten,
        Next::Gaps,
    ]);
    let more = prop::sample::select(vec![More::Honest, More::Text, More::Always]);
    let dates = prop::sample::select(vec![
        Dates::Whole,
        Dates::Milliseconds,
        Dates::Seconds,
        Dates::Manifest,
        Dates::Objects,
    ]);
    (1..12_usize, next, more, dates, prop::sample::select(vec![0, 2, 3, 5]))
        .prop_map(|(cap, next, more, dates, fails_each)| Manner { cap, next, more, dates, fails_each })
}

/// The most objects that share a date, as the server tells dates.
fn most_of_one_date(dates: &[i64], manner: &Manner) -> usize {
    let unit = match manner.dates {
        Dates::Milliseconds => 1_000,
        Dates::Seconds => 1_000_000,
        _ => 1,
    };
    let count = |at: i64| dates.iter().filter(|other| other.div_euclid(unit) == at.div_euclid(unit)).count();
    dates.iter().map(|at| count(*at)).max().unwrap_or_default()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]
    #[test]
    fn every_object_comes_and_the_walk_ends(
        manner in manner(),
        steps in prop::collection::vec(prop::sample::select(vec![0_i64, 1, 400, 900_000, 5_000_000]), 0..40),
        limit in 1..15_usize,
    ) {
        let dates: Vec<i64> = steps
            .iter()
            .scan(1_700_000_000_000_000_i64, |at, step| {
                *at += step;
                Some(*at)
            })
            .collect();
        // An answer that is lost takes its place in a session with it.
        let loses_place = manner.next == Next::Session && manner.fails_each > 0;
        let by_date = loses_place || matches!(manner.next, Next::Absent | Next::Stuck | Next::Forgotten);
        let can_be_walked = !by_date || most_of_one_date(&dates, &manner) <= manner.cap;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            if can_be_walked {
                all_come(manner, &dates, limit).await;
                return;
            }
            let fake = Fake::new(manner.clone(), &dates);
            let (client, place) = fake.serve().await;
            let got = walk(&client, &place, Cursor::default(), limit).await;
            let all = got.objects.iter().collect::<HashSet<_>>().len() == dates.len();
            assert!(all || got.findings > 0, "{manner:?} {dates:?}: what is missing is said");
        });
    }
}
