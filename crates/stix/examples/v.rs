//! x
#![allow(warnings)]
use bongsu_stix as stix;
use std::io::Read;
fn main() {
    let bytes = std::fs::read("/work/shared/data/stix/attack/enterprise-attack-20.json.gz").unwrap();
    let mut all = vec![];
    flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut all).unwrap();
    let mut objects = vec![];
    stix::bundle::read(&all[..], &Default::default(), |i| {
        if let stix::bundle::Item::Object { raw, .. } = i {
            objects.push(raw.to_owned())
        }
        std::ops::ControlFlow::Continue(())
    })
    .unwrap();
    let rounds: u32 = std::env::args().nth(1).map_or(15, |a| a.parse().unwrap());
    let mut best = f64::MAX;
    let mut n = 0usize;
    for _ in 0..rounds {
        let t = std::time::Instant::now();
        for o in &objects {
            stix::validate(o, &mut |f| n += 1);
        }
        best = best.min(t.elapsed().as_secs_f64());
    }
    println!("{} objects/s, {} findings", objects.len() as f64 / best, n / rounds as usize);
    let mut best = f64::MAX;
    for _ in 0..rounds.min(15) {
        let t = std::time::Instant::now();
        for o in &objects {
            n += stix::read_head(o).is_ok() as usize;
        }
        best = best.min(t.elapsed().as_secs_f64());
    }
    println!("{} heads/s {n}", objects.len() as f64 / best);
}
