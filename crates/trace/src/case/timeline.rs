//! What happened in a case when.

use stix::Timestamp;

use super::{Alert, Arrival, Case, Request, Step, Sums};
use crate::units::{lasted, told};

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened<'c> {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: What<'c>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What<'c> {
    /// The case was opened, under this title.
    Opened(&'c str),
    /// It was stolen.
    Stolen(&'c Sums),
    /// It came to a service.
    Arrived {
        /// The alert.
        alert: &'c Alert,
        /// What came first.
        first: &'c Arrival,
        /// Seconds until the last came.
        within_s: i64,
    },
    /// A request came to another state.
    Step {
        /// The request's number, from 1.
        number: usize,
        /// The request.
        request: &'c Request,
        /// The step.
        step: &'c Step,
    },
    /// What is known was shared.
    Shared {
        /// The circle's handle.
        circle: &'c str,
        /// How many objects.
        objects: usize,
    },
    /// Somebody noted this.
    Note(&'c str),
    /// The case was closed, for this reason.
    Closed(&'c str),
}

impl Happened<'_> {
    /// What kind of thing: `stolen`, `arrived`, `opened`, `shared`, `note`, `closed`, or the state that a request came to.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match &self.what {
            What::Opened(_) => "opened",
            What::Stolen(_) => "stolen",
            What::Arrived { .. } => "arrived",
            What::Step { step, .. } => step.state.as_str(),
            What::Shared { .. } => "shared",
            What::Note(_) => "note",
            What::Closed(_) => "closed",
        }
    }

    /// What happened, in words.
    #[must_use]
    pub fn text(&self) -> String {
        match &self.what {
            What::Opened(text) | What::Note(text) | What::Closed(text) => (*text).to_owned(),
            What::Stolen(sums) => {
                format!("{} on {}", told(sums.stolen, &sums.asset, sums.decimals), sums.chain)
            }
            What::Arrived { alert, first, within_s } => {
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
                if *within_s > 0 {
                    text.push_str(&format!(" within {}", lasted(*within_s)));
                }
                text
            }
            What::Step { number, request, step } => {
                let said = step.to.iter().chain(&step.note);
                let said = said.fold(String::new(), |said, note| format!("{said}: {note}"));
                format!("request {number} to {}{said}", request.service)
            }
            What::Shared { circle, objects } => {
                let objects =
                    if *objects == 1 { "1 object".to_owned() } else { format!("{objects} objects") };
                format!("{objects} with {circle}")
            }
        }
    }
}

impl Case {
    /// All that is known of its course, the earliest first. What came to a service in one alert is one line.
    #[must_use]
    pub fn timeline(&self) -> Vec<Happened<'_>> {
        let mut all = vec![Happened { at: self.opened, what: What::Opened(&self.definition.title) }];
        for sums in self.traced.iter().flat_map(|(_, sums)| sums).filter(|sums| !sums.stolen.is_zero()) {
            all.push(Happened { at: seconds(sums.began), what: What::Stolen(sums) });
        }
        for alert in &self.alerts {
            let (Some(first), Some(last)) = (alert.arrivals.first(), alert.arrivals.last()) else { continue };
            let within_s = last.time.saturating_sub(first.time).max(0);
            all.push(Happened { at: seconds(first.time), what: What::Arrived { alert, first, within_s } });
        }
        for (at, request) in self.requests.iter().enumerate() {
            let step = |step| What::Step { number: at + 1, request, step };
            all.extend(request.steps.iter().map(|one| Happened { at: one.at, what: step(one) }));
        }
        for (at, circle, objects) in &self.shared {
            all.push(Happened { at: *at, what: What::Shared { circle, objects: *objects } });
        }
        all.extend(self.notes.iter().map(|(at, note)| Happened { at: *at, what: What::Note(note) }));
        if let Some((at, why)) = &self.closed {
            all.push(Happened { at: *at, what: What::Closed(why) });
        }
        all.sort_by_key(|one| one.at.micros());
        all
    }
}

fn seconds(time: i64) -> Timestamp {
    Timestamp::from_micros(time.saturating_mul(1_000_000))
}
