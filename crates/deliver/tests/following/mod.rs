//! What a member gets, kept up to date change by change, is what a reading of everything would give.

mod reading;
mod rules;
mod steps;
mod world;

use std::sync::Arc;

use bongsu_deliver::{Basis, Gathered};
use policy::Level;
use proptest::prelude::*;
use stix::{ObjectId, Tlp};
use watch::{Kind, Lists, Value};

use reading::{Told, read, told};
use world::{Action, CIRCLES, MEMBERS, Mark, Share, Sight, World, actions, id};

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn what_is_kept_is_what_a_full_reading_gives(actions in prop::collection::vec((actions(), any::<bool>()), 1..40)) {
        let world = World::new();
        let mut before: Vec<Option<(Gathered, Told)>> = vec![None; MEMBERS.len() * 2];
        for (action, look) in &actions {
            world.take(action);
            // A view that was not looked at for a while has more to catch up with.
            if !look {
                continue;
            }
            for (number, member) in MEMBERS.into_iter().enumerate() {
                for (at, wanted) in [Level::List, Level::Detect].into_iter().enumerate() {
                    let kept = world.deliver.gather(member, wanted, true).unwrap();
                    let now = told(&kept);
                    prop_assert_eq!(&now, &read(&world, number, wanted), "member {} after {:?}", number, action);
                    let place = &mut before[number * 2 + at];
                    if let Some((earlier, was)) = place {
                        let between = kept.refusable_since(earlier);
                        let lacks = |of: &Told, value: &&Value| !of.refusable.contains(value);
                        prop_assert!(between.gone.iter().eq(was.refusable.iter().filter(|value| lacks(&now, value))));
                        prop_assert!(between.new.iter().eq(now.refusable.iter().filter(|value| lacks(was, value))));
                    }
                    *place = Some((kept, now));
                }
            }
        }
    }
}

/// An indicator whose marking was withdrawn is held, though nothing was said of the indicator itself; so it is when the marking
/// ends, and when it is a part of the indicator that it marks.
#[test]
fn what_another_object_held_up_goes_with_it() {
    for mark in [Mark::Definition(0), Mark::PatternDefinition(0)] {
        let world = World::new();
        let count = || world.deliver.gather(MEMBERS[1], Level::Block, true).unwrap().len();
        world.share(&Share::plain(1, mark.clone()));
        assert_eq!(count(), 0, "{mark:?}: what it says is not known yet");
        world.define(0, 0);
        assert_eq!(count(), 1, "{mark:?}");
        world.gate.withdraw(MEMBERS[0], CIRCLES[0], &[id("marking-definition", 0)], "test").unwrap();
        assert_eq!(count(), 0, "{mark:?}: withdrawn");
        world.define(1, 0);
        let other = match mark {
            Mark::Definition(_) => Mark::Definition(1),
            _ => Mark::PatternDefinition(1),
        };
        world.share(&Share::plain(2, other.clone()));
        assert_eq!(count(), 1, "{other:?}");
        world.take(&Action::Wait(4_000_000));
        assert_eq!(count(), 0, "{other:?}: its policy has ended");
    }
}

/// Members that may have the same have it once, whoever asks first and whatever came in between.
#[test]
fn members_with_the_same_rights_share_one_view() {
    let world = World::new();
    let share = |number: u128, mark: Mark| world.share(&Share::plain(number, mark));
    let gather = |number: usize, wanted| world.deliver.gather(MEMBERS[number], wanted, true).unwrap();
    share(1, Mark::None);
    share(2, Mark::Tlp(Tlp::Amber));
    assert!(gather(2, Level::List).is_same(&gather(3, Level::List)));
    assert!(
        gather(2, Level::List).is_same(&gather(3, Level::Block)),
        "the form matters only if a rule says so"
    );
    assert!(!gather(1, Level::List).is_same(&gather(0, Level::List)), "another threshold");
    share(3, Mark::Tlp(Tlp::AmberStrict));
    assert!(gather(3, Level::List).is_same(&gather(2, Level::List)));
    assert!(!gather(3, Level::List).is_same(&gather(1, Level::List)), "it may have less");
    share(4, Mark::Tlp(Tlp::Clear));
    assert!(gather(3, Level::List).is_same(&gather(2, Level::Detect)));
}

/// What fades comes back when it is seen again, and fades again counted from then; a date to come moves nothing beyond the day on
/// which it was said, what was not seen nothing at all, and what has expired stays so.
#[test]
fn a_sighting_resets_the_age() {
    const DAY_S: i64 = 86_400;
    let world = World::new();
    let rows = || -> Vec<(Value, ObjectId)> {
        let gathered = world.deliver.gather(MEMBERS[1], Level::Block, true).unwrap();
        gathered.entries().map(|entry| (entry.value().clone(), entry.indicator().object.clone())).collect()
    };
    let sight = |number, of, ago, count| {
        let (by, circle, version, revoked, tlp) = (0, 0, 0, false, None);
        world.see(&Sight { number, of, by, circle, version, ago: Some(ago), count, revoked, tlp });
    };
    // An address of confidence 80, of which a member that takes 40 and above has half of 180 days.
    world.share(&Share { value: 2, ..Share::plain(1, Mark::None) });
    world.share(&Share { value: 0, valid_for: Some(91 * DAY_S), ..Share::plain(2, Mark::None) });
    assert_eq!(rows().len(), 2);
    world.take(&Action::Wait(91 * DAY_S));
    assert_eq!(rows().len(), 0, "one has faded, one has expired");
    let held = world.deliver.gather(MEMBERS[1], Level::Block, true).unwrap();
    assert_eq!(held.held(0).map(|held| held.hold.rule).collect::<Vec<_>>(), ["expired", "confidence"]);
    sight(1, 1, 0, Some(0));
    sight(2, 2, 0, None);
    assert_eq!(rows().len(), 0, "not seen; seen, but expired");
    let held = world.deliver.gather(MEMBERS[1], Level::Block, true).unwrap();
    let seen: Vec<bool> = held.held(0).map(|held| held.seen_last == Some(world.now())).collect();
    assert_eq!(seen, [true, false]);
    sight(3, 1, -1_000 * DAY_S, None);
    assert_eq!(rows().len(), 1);
    world.take(&Action::Wait(89 * DAY_S));
    assert_eq!(rows().len(), 1, "counted from the sighting");
    world.take(&Action::Wait(2 * DAY_S));
    assert_eq!(rows().len(), 0, "and not from the date that it says");
    sight(4, 1, 10 * DAY_S, None);
    assert_eq!(rows().len(), 1);
    world.gate.withdraw(MEMBERS[0], CIRCLES[0], &[id("sighting", 4)], "test").unwrap();
    assert_eq!(rows().len(), 0, "nobody says any more that it was seen");
}

/// Other lists and models count at once, for whoever asks next; and so do they when they are taken back.
#[test]
fn what_values_are_judged_by_can_change() {
    use watch::guard::{Decay, Models};
    let world = World::new();
    world.share(&Share::plain(1, Mark::None));
    world.share(&Share { value: 2, ..Share::plain(2, Mark::None) });
    let values = || -> Vec<String> {
        let gathered = world.deliver.gather(MEMBERS[1], Level::Block, true).unwrap();
        gathered.entries().map(|entry| entry.value().to_string()).collect()
    };
    assert_eq!(values(), ["a.evil.top", "45.10.20.30"]);
    let list = r#"{"name":"ours","type":"hostname","list":["a.evil.top"]}"#;
    let lists = Some(Arc::new(Lists::with(&[list]).0));
    world.deliver.judge_by(Basis { lists: lists.clone(), ..Basis::default() });
    assert_eq!(values(), ["45.10.20.30"]);
    let mut models = Models::default();
    models.set(Kind::Ipv4, "an hour", Decay { lifetime_days: 0.05, ..Decay::of(Kind::Ipv4) }).unwrap();
    let basis = Basis { models: Arc::new(models), ..Basis::default() };
    world.take(&Action::Wait(3_600));
    world.deliver.judge_by(basis);
    assert_eq!(values(), ["a.evil.top"]);
    let gathered = world.deliver.gather(MEMBERS[1], Level::Block, true).unwrap();
    let about = gathered.about(&watch::normalise(Kind::Ipv4, "45.10.20.30").unwrap());
    assert_eq!(about.len(), 1);
    assert_eq!(about[0].hold.as_ref().map(|hold| hold.rule), Some("confidence"));
    // 80 × (1 − 3,610 s / 4,320 s)
    assert!((about[0].score - 80.0 * (1.0 - 3_610.0 / 4_320.0)).abs() < 0.01, "{}", about[0].score);
    world.deliver.judge_by(Basis { lists: Some(Lists::none()), ..Basis::default() });
    assert_eq!(values(), ["a.evil.top", "45.10.20.30"]);
}
