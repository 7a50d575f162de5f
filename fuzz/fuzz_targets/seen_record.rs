#![no_main]
//! Records of what was seen: reading one takes no more than it has; the values of a run are in order and fit its part, whatever its
//! bytes; and a run written from them gives them back, with what is behind it.

use libfuzzer_sys::fuzz_target;
use watch::memory::{Day, Part, Run, RunHead, Runs, key_of, run_head, values_of};

fn is_in_order(values: &[u128], part: Part) -> bool {
    let most = match part {
        Part::Names => u128::from(u64::MAX),
        Part::Ipv4 => u128::from(u32::MAX),
        Part::Ipv6 => u128::MAX,
    };
    values.is_sorted_by(|a, b| a < b) && values.iter().all(|value| *value <= most)
}

fuzz_target!(|data: &[u8]| {
    let _other = key_of(data);
    for run in Runs::new(data).flatten() {
        let values: Vec<u128> = run.values().collect();
        assert!(values.len() == run.head.count && is_in_order(&values, run.head.part));
    }
    let Some((&mode, body)) = data.split_first() else { return };
    let part = [Part::Names, Part::Ipv4, Part::Ipv6][usize::from(mode % 3)];
    let head = RunHead { day: Day(i32::from(mode)), part, count: body.len(), bytes: body.len() };
    let values: Vec<u128> = values_of(&head, body).map_while(Result::ok).collect();
    assert!(is_in_order(&values, part));
    let run = Run::of(head.day, part, values.iter().copied());
    assert_eq!(run_head(&run.written()), Some(run.head));
    let record = [run.written(), body.to_vec()].concat();
    let read: Vec<Run> = Runs::new(record.as_slice()).take(1).flatten().collect();
    assert_eq!(read, [run]);
    assert_eq!(read[0].values().collect::<Vec<_>>(), values);
});
