//! One trace while it is made: the tainted outputs that are unspent, and what a transaction does to them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use hashbrown::{HashMap, HashSet};

use crate::Account;

use super::result::{Fate, OutputTotal, OutputTrace, TaintedOutput};
use super::split::{Parcel, Piece, split};
use super::{Input, Method, Output, OutputId, OutputTaintError, Spends, Transaction};
use crate::taint::result::{Ended, Limit};
use crate::taint::slot::NONE;
use crate::taint::{FRONTIER_PART, Limits, Place, Way};

/// A theft with its amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stolen {
    pub(super) output: OutputId,
    pub(super) amount: u64,
}

pub(super) struct Run<'s, S, P> {
    spends: &'s S,
    /// Ascending.
    thefts: Vec<Stolen>,
    thefts_past: usize,
    method: Method,
    place: P,
    limits: Limits,
    outputs: Vec<TaintedOutput>,
    /// By index among the outputs: of those who are held and partly tainted, by FIFO and LIFO, in which order their units came.
    parcels: Vec<Vec<Parcel>>,
    /// Those who are held, as indices among the outputs.
    held: HashMap<OutputId, u32>,
    fees: Vec<(u64, u128)>,
    stolen: Vec<(OutputId, u128)>,
    total: OutputTotal,
    unexplained: u128,
    passed: u64,
    /// The transactions in which something tainted is spent or stolen.
    due: BinaryHeap<Reverse<u64>>,
}

/// What goes into a transaction.
struct Inputs {
    pieces: Vec<Piece>,
    /// The indices of the tainted ones among the outputs.
    tainted: Vec<u32>,
    unexplained: u128,
}

impl<'s, S: Spends, P: Fn(Account) -> Place> Run<'s, S, P> {
    pub(super) fn new(spends: &'s S, thefts: Vec<Stolen>, method: Method, place: P, limits: Limits) -> Self {
        let due = thefts.iter().map(|theft| Reverse(theft.output.transaction)).collect();
        Self {
            spends,
            thefts,
            thefts_past: 0,
            method,
            place,
            limits,
            outputs: Vec::new(),
            parcels: Vec::new(),
            held: HashMap::new(),
            fees: Vec::new(),
            stolen: Vec::new(),
            total: OutputTotal::default(),
            unexplained: 0,
            passed: 0,
            due,
        }
    }

    pub(super) fn follow(mut self, way: Way) -> Result<OutputTrace, OutputTaintError> {
        let mut left = match way {
            Way::Choose => self.spends.len() / FRONTIER_PART,
            Way::Frontier => u64::MAX,
            Way::Sweep => 0,
        };
        let mut transaction = Transaction::default();
        while left > 0
            && let Some(Reverse(number)) = self.due.pop()
        {
            // Several that are due in one transaction come one after another.
            while self.due.peek() == Some(&Reverse(number)) {
                self.due.pop();
            }
            left -= 1;
            if let Some(limit) = self.read_and_step(number, &mut transaction)? {
                return Ok(self.finish(Ended::AtLimit { limit, next: number }, Way::Frontier));
            }
        }
        let Some(Reverse(first)) = self.due.pop() else {
            return Ok(self.finish(Ended::Complete, Way::Frontier));
        };
        for number in first..self.spends.len() {
            if let Some(limit) = self.read_and_step(number, &mut transaction)? {
                return Ok(self.finish(Ended::AtLimit { limit, next: number }, Way::Sweep));
            }
        }
        Ok(self.finish(Ended::Complete, Way::Sweep))
    }

    fn read_and_step(
        &mut self,
        number: u64,
        transaction: &mut Transaction,
    ) -> Result<Option<Limit>, OutputTaintError> {
        if !self.spends.read(number, transaction) {
            return Err(OutputTaintError::Changed { number, count: self.spends.len() });
        }
        Ok(self.step(number, transaction))
    }

    /// Follows one transaction, unless that would go past a limit.
    fn step(&mut self, number: u64, transaction: &Transaction) -> Option<Limit> {
        let later = &self.thefts[self.thefts_past..];
        let is_theft = |theft: &Stolen| theft.output.transaction == number;
        let thefts = later.iter().take_while(|theft| is_theft(theft)).count();
        let is_held = |input: &Input| matches!(input, Input::Output(id) if self.held.contains_key(id));
        if thefts == 0 && !transaction.inputs.iter().any(is_held) {
            return None;
        }
        let inputs = self.inputs(number, transaction);
        let mut amounts: Vec<_> =
            transaction.outputs.iter().map(|output| u128::from(output.amount)).collect();
        let all: u128 = inputs.pieces.iter().map(|input| input.amount).sum();
        amounts.push(all - amounts.iter().sum::<u128>());
        let mut pieces = split(self.method, &inputs.pieces, &amounts);
        let mut stolen = Vec::with_capacity(thefts);
        for theft in &later[..thefts] {
            if let Some(piece) = pieces.get_mut(theft.output.index as usize) {
                stolen.push((theft.output, u128::from(theft.amount).saturating_sub(piece.tainted)));
                piece.taint(self.method, u128::from(theft.amount));
            }
        }
        let limit = self.limit(&inputs, &pieces);
        if limit.is_none() {
            self.thefts_past += thefts;
            self.total.stolen += stolen.iter().map(|(_, newly)| newly).sum::<u128>();
            self.stolen.extend(stolen);
            self.spend(number, transaction, &inputs, pieces, thefts);
        }
        limit
    }

    /// What goes into a transaction; as much as comes out at least.
    fn inputs(&self, number: u64, transaction: &Transaction) -> Inputs {
        let mut inputs = Inputs { pieces: Vec::new(), tainted: Vec::new(), unexplained: 0 };
        let mut spent = HashSet::new();
        // The first of which no amount is known, and whether that is explained.
        let mut open = None;
        for input in &transaction.inputs {
            let known = match *input {
                Input::Output(id) => {
                    if let Some(index) = self.held.get(&id).filter(|index| spent.insert(**index)) {
                        inputs.tainted.push(*index);
                        inputs.pieces.push(self.piece(*index));
                        continue;
                    }
                    let earlier = Some(id).filter(|id| id.transaction < number);
                    earlier.and_then(|id| self.spends.output(id)).map(|output| u128::from(output.amount))
                }
                Input::Unknown(amount) => {
                    let amount = amount.map(u128::from);
                    inputs.unexplained += amount.unwrap_or_default();
                    amount
                }
                Input::Coinbase => None,
            };
            if known.is_none() && open.is_none() {
                open = Some((inputs.pieces.len(), *input == Input::Coinbase));
            }
            inputs.pieces.push(Piece::clean(known.unwrap_or_default()));
        }
        let out: u128 = transaction.outputs.iter().map(|output| u128::from(output.amount)).sum();
        let missing = out.saturating_sub(inputs.pieces.iter().map(|input| input.amount).sum());
        match open {
            Some((at, _)) => inputs.pieces[at].amount = missing,
            None if missing > 0 => inputs.pieces.insert(0, Piece::clean(missing)),
            None => {}
        }
        if !open.is_some_and(|(_, is_minted)| is_minted) {
            inputs.unexplained += missing;
        }
        inputs
    }

    /// A tainted output as an input.
    fn piece(&self, index: u32) -> Piece {
        let output = &self.outputs[index as usize];
        let parcels = self.parcels[index as usize].clone();
        Piece { amount: output.amount.into(), tainted: output.tainted.into(), parcels }
    }

    /// The limit that a transaction would go past.
    fn limit(&mut self, inputs: &Inputs, pieces: &[Piece]) -> Option<Limit> {
        let new = pieces.iter().filter(|piece| piece.tainted > 0).count();
        let most = pieces.iter().map(|piece| piece.parcels.len()).max().unwrap_or_default();
        let passed: usize = inputs.pieces.iter().map(|piece| piece.parcels.len()).sum();
        self.passed = self.passed.saturating_add(passed as u64);
        if self.outputs.len() + new > self.limits.reached_max.min(NONE as usize) {
            return Some(Limit::Reached);
        }
        (most > self.limits.parcels_max as usize || self.passed > self.limits.passed_max)
            .then_some(Limit::Parcels)
    }

    /// Spends what is tainted, and notes what comes out tainted.
    fn spend(
        &mut self,
        number: u64,
        transaction: &Transaction,
        inputs: &Inputs,
        mut pieces: Vec<Piece>,
        thefts: usize,
    ) {
        for index in &inputs.tainted {
            let spent = &mut self.outputs[*index as usize];
            spent.fate = Fate::Spent { by: number };
            self.held.remove(&spent.output);
            self.parcels[*index as usize] = Vec::new();
            self.total.held -= u128::from(spent.tainted);
        }
        self.unexplained += inputs.unexplained;
        let fee = pieces.pop().unwrap_or_default();
        if fee.tainted > 0 {
            self.fees.push((number, fee.tainted));
            self.total.burnt += fee.tainted;
        }
        // The way back to a theft goes over the input that is nearest to one.
        let source = inputs.tainted.iter().copied().min_by_key(|index| self.outputs[*index as usize].hop);
        let hop = source.map_or(0, |source| self.outputs[source as usize].hop).saturating_add(1);
        let stolen = self.thefts[self.thefts_past - thefts..self.thefts_past].to_vec();
        for (index, (output, piece)) in (0..).zip(transaction.outputs.iter().zip(pieces)) {
            let output_id = OutputId { transaction: number, index };
            let is_stolen = stolen.binary_search_by_key(&output_id, |theft| theft.output).is_ok();
            let (source, hop) = if is_stolen { (NONE, 1) } else { (source.unwrap_or(NONE), hop) };
            if piece.tainted > 0 {
                self.make(output_id, *output, transaction.time, piece, source, hop);
            }
        }
    }

    /// Notes an output that is tainted.
    fn make(
        &mut self,
        output: OutputId,
        Output { owner, amount }: Output,
        time: i64,
        piece: Piece,
        source: u32,
        hop: u32,
    ) {
        let fate = match owner.map_or(Place::Holder, &self.place) {
            Place::Holder => Fate::Held,
            Place::Service => Fate::Entered,
            Place::Nobody => Fate::Burnt,
        };
        let sum = match fate {
            Fate::Entered => &mut self.total.entered,
            Fate::Burnt => &mut self.total.burnt,
            Fate::Held | Fate::Spent { .. } => &mut self.total.held,
        };
        *sum += piece.tainted;
        let is_held = fate == Fate::Held;
        if is_held {
            self.held.insert(output, u32::try_from(self.outputs.len()).unwrap_or(NONE));
            self.due.extend(self.spends.spender(output).filter(|by| *by > output.transaction).map(Reverse));
        }
        self.parcels.push(if is_held { piece.parcels } else { Vec::new() });
        let tainted = u64::try_from(piece.tainted).unwrap_or(amount);
        self.outputs.push(TaintedOutput { output, owner, time, amount, tainted, hop, source, fate });
    }

    fn finish(self, ended: Ended, way: Way) -> OutputTrace {
        let Self { outputs, fees, stolen, total, unexplained, .. } = self;
        OutputTrace { ended, way, outputs, fees, stolen, total, unexplained }
    }
}
