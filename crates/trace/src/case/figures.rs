//! What a case comes to: how much can still be stopped, and how fast services acted.

use crate::U256;
use crate::label::Category;

use super::{Case, State, Sums};

/// How one asset on one chain stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// Stolen here, or come here by bridges and swaps, in the asset's smallest unit.
    pub stolen: U256,
    /// With holders without a label: it is stopped when it comes to a service that was told of it.
    pub held: U256,
    /// At services that keep assets for their customers and have neither frozen it nor said no.
    pub at_services: U256,
    /// Frozen.
    pub frozen: U256,
    /// In mixers, pools and other places where nobody can be asked, or after a service refused or let go.
    pub lost: U256,
    /// Gone on by a bridge or a swap: counted where it is now.
    pub crossed: U256,
    /// Burnt.
    pub burnt: U256,
}

impl Standing {
    /// How much can still be stopped.
    #[must_use]
    pub fn stoppable(&self) -> U256 {
        self.held.saturating_add(self.at_services)
    }
}

/// The times of a case's requests, in seconds; medians of those that came so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// From the first arrival at a service until the request went out.
    pub to_send: Option<i64>,
    /// From there until the service said that it had it.
    pub to_acknowledge: Option<i64>,
    /// From the first arrival until the freeze.
    pub to_freeze: Option<i64>,
    /// How many requests led to a freeze.
    pub frozen: usize,
    /// How many were refused and not frozen since.
    pub refused: usize,
    /// How many wait for an answer.
    pub waiting: usize,
}

/// Whether a service of this kind keeps assets for customers, and so can freeze them.
const fn can_freeze(category: Category) -> bool {
    matches!(category, Category::Exchange | Category::Payment | Category::Gambling)
}

impl Case {
    /// How an asset stands: what was found last, with what services did since.
    #[must_use]
    pub fn standing(&self, sums: &Sums) -> Standing {
        let mut standing = Standing {
            stolen: sums.stolen.saturating_add(sums.came),
            held: sums.held,
            crossed: sums.crossed,
            burnt: sums.burnt,
            ..Standing::default()
        };
        let is_of =
            |arrival: &&super::Arrival| (&arrival.chain, &arrival.asset) == (&sums.chain, &sums.asset);
        for arrival in self.alerts.iter().flat_map(|alert| &alert.arrivals).filter(is_of) {
            let state = self
                .requests
                .iter()
                .rev()
                .find(|one| one.arrivals.contains(arrival))
                .map(super::Request::state);
            let part = match state {
                Some(State::Frozen) => &mut standing.frozen,
                Some(State::Refused | State::Released) => &mut standing.lost,
                _ if can_freeze(arrival.category) => &mut standing.at_services,
                _ => &mut standing.lost,
            };
            *part = part.saturating_add(arrival.tainted);
        }
        // What went on by a bridge is not lost there.
        standing.lost = standing.lost.saturating_sub(standing.crossed);
        standing
    }

    /// How fast requests went and were answered.
    #[must_use]
    pub fn figures(&self) -> Figures {
        let (mut send, mut acknowledge, mut freeze) = (Vec::new(), Vec::new(), Vec::new());
        let mut figures = Figures::default();
        for request in &self.requests {
            let sent = request.when(State::Sent).map(|at| at.seconds());
            let acknowledged = request.when(State::Acknowledged).map(|at| at.seconds());
            send.extend(sent.zip(request.arrived()).map(|(sent, arrived)| sent.saturating_sub(arrived)));
            acknowledge.extend(acknowledged.zip(sent).map(|(done, sent)| done.saturating_sub(sent)));
            freeze.extend(request.to_freeze());
            match request.state() {
                State::Frozen => figures.frozen += 1,
                State::Refused => figures.refused += 1,
                State::Sent | State::Acknowledged => figures.waiting += 1,
                State::Drafted | State::Released => {}
            }
        }
        (figures.to_send, figures.to_acknowledge, figures.to_freeze) =
            (median(send), median(acknowledge), median(freeze));
        figures
    }
}

/// The one in the middle; of an even number the earlier of the two.
fn median(mut seconds: Vec<i64>) -> Option<i64> {
    seconds.sort_unstable();
    seconds.get(seconds.len().checked_sub(1)? / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::super::tests::arrival;
    use super::super::{Alert, Definition, Event, Request, Step};
    use super::*;
    use stix::Timestamp;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_micros(second * 1_000_000)
    }

    fn step(state: State, second: i64) -> Step {
        Step { state, at: at(second), note: None, to: None }
    }

    #[test]
    fn what_services_do_moves_value_from_one_place_to_another_and_loses_none() {
        let definition: Definition =
            serde_json::from_str(r#"{"title":"","chains":[],"method":"fifo"}"#).unwrap();
        let mut case = Case::open("theft", definition, at(0));
        let mut mixed = arrival("3", "tornado", 20);
        mixed.category = Category::Mixer;
        for one in [arrival("1", "okx", 30), arrival("2", "binance", 10), mixed] {
            case.apply(Event::Alert(Alert { arrivals: vec![one] }), at(1));
        }
        let amount = U256::from::<u64>;
        let sums = Sums {
            chain: "ethereum".to_owned(),
            asset: "ETH".to_owned(),
            decimals: None,
            stolen: amount(100),
            came: U256::ZERO,
            held: amount(40),
            entered: amount(60),
            crossed: U256::ZERO,
            burnt: U256::ZERO,
            holders: 1,
            began: 0,
            until: 0,
        };
        let sum = |standing: &Standing| {
            [standing.held, standing.at_services, standing.frozen, standing.lost, standing.burnt]
                .map(|part| part.to::<u64>())
        };
        assert_eq!(sum(&case.standing(&sums)), [40, 40, 0, 20, 0]);
        for (service, transaction, tainted) in [("okx", "1", 30), ("binance", "2", 10)] {
            let arrivals = vec![arrival(transaction, service, tainted)];
            let (service, document) = (service.to_owned(), String::new());
            let steps = vec![step(State::Drafted, 100)];
            case.apply(Event::Drafted(Request { service, arrivals, document, steps }), at(100));
        }
        for (request, state, second) in [
            (1, State::Sent, 160),
            (2, State::Sent, 400),
            (1, State::Acknowledged, 170),
            (1, State::Frozen, 200),
            (2, State::Refused, 500),
        ] {
            case.apply(Event::Step { request, step: step(state, second) }, at(second));
        }
        let standing = case.standing(&sums);
        assert_eq!(sum(&standing), [40, 0, 30, 30, 0]);
        assert_eq!(standing.stoppable(), amount(40));
        let figures = case.figures();
        assert_eq!(
            (figures.to_send, figures.to_acknowledge, figures.to_freeze),
            (Some(60), Some(10), Some(100))
        );
        assert_eq!((figures.frozen, figures.refused, figures.waiting), (1, 1, 0));
    }

    #[test]
    fn a_median_of_nothing_is_nothing() {
        assert_eq!((median(Vec::new()), median(vec![7]), median(vec![9, 1])), (None, Some(7), Some(1)));
    }
}
