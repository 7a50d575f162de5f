//! Going past transfers that carry nothing tainted.
//!
//! By FIFO what is clean and came first leaves first, whatever comes in meanwhile. So from one transfer in which an account gives the
//! next ones can be told that take less than that: they need no turn of their own among those of all others, and are counted here, some
//! together. Those who get it count it as they count what comes from those who are not watched. Where the trace then ends before
//! some of them, these are taken back.

use crate::{Account, Flows};

use super::super::Place;
use super::super::amount::Amount;
use super::super::run::{Halt, Run};
use super::super::slot::{NONE, Rule};
use super::{Frontier, NEVER, Stop};

/// So many transfers of an account are looked at together.
const TOGETHER: usize = 8;

impl<'env, N, F, Given, Taken, G, T> Frontier<'_, 'env, N, F, Given, Taken, G, T>
where
    N: Amount + 'env,
    F: Flows + Sync,
    Given: Fn(Account, u64) -> G,
    Taken: Fn(Account, u64) -> T,
    G: Iterator<Item = u64> + Clone,
    T: Iterator<Item = u64> + Clone,
{
    /// Lets the next transfer in which an account gives wait for its turn, behind those that can be counted now.
    pub(super) fn go_on<R, P>(&mut self, run: &mut Run<'_, N, R, P>, place: u32) -> Result<(), Stop>
    where
        R: Rule<N>,
        P: Fn(Account) -> Place,
    {
        let next = self.next_given(run, place)?;
        if let Some(watched) = self.watched.get_mut(place as usize) {
            watched.waits = next.unwrap_or(NEVER);
        }
        if let Some(next) = next {
            self.due.push((next, place));
        }
        Ok(())
    }

    fn next_given<R, P>(&mut self, run: &mut Run<'_, N, R, P>, place: u32) -> Result<Option<u64>, Stop>
    where
        R: Rule<N>,
        P: Fn(Account) -> Place,
    {
        let (Some(near), Some(watched)) =
            (self.near.get(place as usize).copied(), self.watched.get_mut(place as usize))
        else {
            return Ok(None);
        };
        let Some(first) = watched.given.next() else { return Ok(None) };
        // Sums that need all 256 bits are counted strictly in order, so that it is the same transfer with which they don't fit.
        let clean = if near.is_known && !N::IS_WIDE { run.clean_first(near.slot) } else { N::default() };
        if clean.is_nothing() {
            return Ok(Some(first));
        }
        self.numbers.clear();
        self.numbers.push(first);
        self.numbers.extend(watched.given.clone().take(TOGETHER - 1));
        self.left = self.left.saturating_sub(self.numbers.len() as u64);
        self.flows.glance(&self.numbers);
        let (mut sum, mut next) = (N::default(), Some(first));
        for number in self.numbers.iter().copied() {
            let transfer = self.flows.transfer(number).ok_or(Halt::Changed(number))?;
            if let Some(asset) = run.case.assets.moved(&transfer) {
                let more = N::narrow(transfer.amount).and_then(|amount| sum.plus(amount));
                let Some(more) = more.filter(|more| *more < clean && asset as u64 == u64::from(near.asset))
                else {
                    break;
                };
                if run.case.is_theft(number) {
                    break;
                }
                sum = more;
                watched.passed = number;
                self.passed += 1;
            }
            next = watched.given.next();
        }
        watched.asset = near.asset;
        run.gave_clean(near.slot, sum);
        Ok(next)
    }

    /// Takes back what was counted of transfers from one on.
    pub(super) fn take_back<R, P>(&mut self, run: &mut Run<'_, N, R, P>, end: u64) -> Result<(), Stop>
    where
        R: Rule<N>,
        P: Fn(Account) -> Place,
    {
        for place in 0..self.watched.len() {
            let Some(watched) =
                self.watched.get(place).filter(|watched| watched.asset != NONE && watched.passed >= end)
            else {
                continue;
            };
            let asset = watched.asset as usize;
            let mut sum = N::default();
            for number in (self.given)(watched.account, end).take_while(|number| *number < watched.waits) {
                let transfer = self.flows.transfer(number).ok_or(Halt::Changed(number))?;
                if run.case.assets.moved(&transfer) == Some(asset) {
                    let more = N::narrow(transfer.amount).and_then(|amount| sum.plus(amount));
                    sum = more.ok_or(Halt::Changed(number))?;
                }
            }
            let slot = u32::try_from(place).ok().and_then(|place| self.slot(run, place, asset));
            run.give_back(slot.ok_or(Stop::LeftOff)?, sum);
        }
        Ok(())
    }
}
