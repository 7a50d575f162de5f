//! What happened in a case when.

use stix::Timestamp;

use super::Case;
use crate::units::{lasted, told};

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened {
    /// When.
    pub at: Timestamp,
    /// What kind of thing: `stolen`, `arrived`, `opened`, `shared`, `note`, `closed`, or the state that a request came to.
    pub kind: &'static str,
    /// What.
    pub text: String,
}

impl Case {
    /// All that is known of its course, the earliest first. What came to a service in one alert is one line.
    #[must_use]
    pub fn timeline(&self) -> Vec<Happened> {
        let mut all = vec![Happened { at: self.opened, kind: "opened", text: self.definition.title.clone() }];
        for sums in self.traced.iter().flat_map(|(_, sums)| sums).filter(|sums| !sums.stolen.is_zero()) {
            let text = format!("{} on {}", told(sums.stolen, &sums.asset, sums.decimals), sums.chain);
            all.push(Happened { at: seconds(sums.began), kind: "stolen", text });
        }
        for alert in &self.alerts {
            let (Some(first), Some(last)) = (alert.arrivals.first(), alert.arrivals.last()) else { continue };
            let mut text = format!(
                "{} to {} ({}), {}",
                told(alert.tainted(), &first.asset, first.decimals),
                alert.service(),
                first.category.as_str(),
                match alert.arrivals.len() {
                    1 => "1 transfer".to_owned(),
                    count => format!("{count} transfers"),
                },
            );
            if last.time > first.time {
                text.push_str(&format!(" within {}", lasted(last.time.saturating_sub(first.time))));
            }
            all.push(Happened { at: seconds(first.time), kind: "arrived", text });
        }
        for (at, request) in self.requests.iter().enumerate() {
            for step in &request.steps {
                let said = step
                    .to
                    .iter()
                    .chain(&step.note)
                    .fold(String::new(), |said, note| format!("{said}: {note}"));
                let text = format!("request {} to {}{said}", at + 1, request.service);
                all.push(Happened { at: step.at, kind: step.state.as_str(), text });
            }
        }
        for (at, circle, objects) in &self.shared {
            let objects = if *objects == 1 { "1 object".to_owned() } else { format!("{objects} objects") };
            all.push(Happened { at: *at, kind: "shared", text: format!("{objects} with {circle}") });
        }
        for (at, note) in &self.notes {
            all.push(Happened { at: *at, kind: "note", text: note.clone() });
        }
        if let Some((at, why)) = &self.closed {
            all.push(Happened { at: *at, kind: "closed", text: why.clone() });
        }
        all.sort_by_key(|one| one.at.micros());
        all
    }
}

fn seconds(time: i64) -> Timestamp {
    Timestamp::from_micros(time.saturating_mul(1_000_000))
}
