//! What one transaction does to taint: from what goes in to what comes out. Nothing but arithmetic.

use crate::U256;

use super::Method;

/// Units in a row, all clean or all tainted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parcel {
    pub(super) amount: u128,
    pub(super) is_tainted: bool,
}

/// What goes in or comes out at one place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Piece {
    pub(super) amount: u128,
    pub(super) tainted: u128,
    /// By FIFO and LIFO, of what is partly tainted: in which order its units came.
    pub(super) parcels: Vec<Parcel>,
}

impl Piece {
    pub(super) fn clean(amount: u128) -> Self {
        Self { amount, ..Self::default() }
    }

    /// Its parcels, at least one if it holds anything.
    fn parcels(&self) -> impl DoubleEndedIterator<Item = Parcel> + '_ {
        let is_mixed = !self.parcels.is_empty();
        let whole = Parcel { amount: self.amount, is_tainted: self.tainted > 0 };
        let whole = (!is_mixed && whole.amount > 0).then_some(whole);
        self.parcels.iter().copied().chain(whole)
    }

    /// Lays units behind those that are there.
    fn push(&mut self, parcel: Parcel) {
        self.amount += parcel.amount;
        self.tainted += if parcel.is_tainted { parcel.amount } else { 0 };
        match self.parcels.last_mut() {
            Some(last) if last.is_tainted == parcel.is_tainted => last.amount += parcel.amount,
            _ => self.parcels.push(parcel),
        }
    }

    /// Writes no parcels down where one says all.
    fn tidy(mut self) -> Self {
        if self.parcels.len() == 1 {
            self.parcels = Vec::new();
        }
        self
    }

    /// Taints so much of what is clean, from the first on, that `stolen` is tainted.
    pub(super) fn taint(&mut self, method: Method, stolen: u128) {
        let mut more = stolen.saturating_sub(self.tainted);
        match method {
            Method::Poison => self.tainted = self.amount,
            Method::Haircut | Method::Tiho => self.tainted += more,
            Method::Fifo | Method::Lifo => {
                let mut after = Self::default();
                for Parcel { amount, is_tainted } in self.parcels() {
                    let part = if is_tainted { amount } else { amount.min(more) };
                    more -= if is_tainted { 0 } else { part };
                    for (amount, is_tainted) in [(part, true), (amount - part, false)] {
                        if amount > 0 {
                            after.push(Parcel { amount, is_tainted });
                        }
                    }
                }
                *self = after.tidy();
            }
        }
    }
}

/// What comes out, of so much each. What goes in is as much in sum.
pub(super) fn split(method: Method, inputs: &[Piece], amounts: &[u128]) -> Vec<Piece> {
    let tainted = inputs.iter().map(|input| input.tainted).sum();
    match method {
        Method::Poison if tainted > 0 => {
            amounts.iter().map(|amount| Piece { tainted: *amount, ..Piece::clean(*amount) }).collect()
        }
        Method::Poison => amounts.iter().map(|amount| Piece::clean(*amount)).collect(),
        Method::Haircut => haircut(tainted, amounts),
        Method::Tiho => highest_first(tainted, amounts),
        Method::Fifo => in_order(inputs.iter().flat_map(Piece::parcels), amounts),
        Method::Lifo => in_order(inputs.iter().rev().flat_map(|input| input.parcels().rev()), amounts),
    }
}

fn haircut(tainted: u128, amounts: &[u128]) -> Vec<Piece> {
    let all: u128 = amounts.iter().sum();
    let shares = amounts.iter().map(|amount| if all == 0 { (0, 0) } else { share(tainted, *amount, all) });
    let (mut shares, rests): (Vec<_>, Vec<_>) = shares.unzip();
    let left = tainted - shares.iter().sum::<u128>();
    let mut order: Vec<_> = (0..rests.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(rests[*at]));
    // What is left is less than the number of shares.
    for at in order.into_iter().take(usize::try_from(left).unwrap_or(usize::MAX)) {
        shares[at] += 1;
    }
    amounts.iter().zip(shares).map(|(amount, tainted)| Piece { tainted, ..Piece::clean(*amount) }).collect()
}

/// `tainted` × `amount` ÷ `all`, and what is left.
fn share(tainted: u128, amount: u128, all: u128) -> (u128, u128) {
    if let Some(product) = tainted.checked_mul(amount) {
        return (product / all, product % all);
    }
    let product = U256::from(tainted).wrapping_mul(U256::from(amount));
    let (share, rest) = product.div_rem(U256::from(all));
    (share.wrapping_to(), rest.wrapping_to())
}

fn highest_first(tainted: u128, amounts: &[u128]) -> Vec<Piece> {
    let mut pieces: Vec<_> = amounts.iter().map(|amount| Piece::clean(*amount)).collect();
    let fee = amounts.len().saturating_sub(1);
    let mut order: Vec<_> = (0..fee).collect();
    order.sort_by_key(|at| std::cmp::Reverse(amounts[*at]));
    let mut left = tainted;
    for at in order.into_iter().chain([fee]) {
        if let Some(piece) = pieces.get_mut(at) {
            piece.tainted = piece.amount.min(left);
            left -= piece.tainted;
        }
    }
    pieces
}

fn in_order(parcels: impl Iterator<Item = Parcel>, amounts: &[u128]) -> Vec<Piece> {
    let mut parcels = parcels;
    let mut next = parcels.next();
    let fill = |amount: &u128| {
        let mut piece = Piece::default();
        while piece.amount < *amount
            && let Some(Parcel { amount: there, is_tainted }) = next
        {
            let part = there.min(amount - piece.amount);
            piece.push(Parcel { amount: part, is_tainted });
            next =
                if part < there { Some(Parcel { amount: there - part, is_tainted }) } else { parcels.next() };
        }
        piece.tidy()
    };
    amounts.iter().map(fill).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tainted(amount: u128) -> Piece {
        Piece { tainted: amount, ..Piece::clean(amount) }
    }

    fn check(method: Method, inputs: &[Piece], amounts: &[u128], expected: &[u128]) {
        let pieces = split(method, inputs, amounts);
        assert_eq!(pieces.iter().map(|piece| piece.tainted).collect::<Vec<_>>(), expected, "{method:?}");
        assert_eq!(pieces.iter().map(|piece| piece.amount).collect::<Vec<_>>(), amounts, "{method:?}");
    }

    #[test]
    fn example_three_in_tenths() {
        let inputs = [tainted(30), Piece::clean(70)];
        check(Method::Poison, &inputs, &[40, 60, 0], &[40, 60, 0]);
        check(Method::Haircut, &inputs, &[40, 60, 0], &[12, 18, 0]);
        check(Method::Fifo, &inputs, &[40, 60, 0], &[30, 0, 0]);
        check(Method::Lifo, &inputs, &[40, 60, 0], &[0, 30, 0]);
        check(Method::Tiho, &inputs, &[40, 60, 0], &[0, 30, 0]);
    }

    #[test]
    fn example_four_in_tenths() {
        let inputs = [tainted(50), Piece::clean(50)];
        check(Method::Haircut, &inputs, &[90, 10], &[45, 5]);
        check(Method::Fifo, &inputs, &[90, 10], &[50, 0]);
        check(Method::Lifo, &inputs, &[90, 10], &[40, 10]);
        check(Method::Tiho, &inputs, &[90, 10], &[50, 0]);
    }

    #[test]
    fn example_five_as_outputs() {
        check(Method::Haircut, &[tainted(1), Piece::clean(2)], &[1, 1, 1, 0], &[1, 0, 0, 0]);
        check(Method::Haircut, &[tainted(2), Piece::clean(2)], &[1, 1, 1, 1], &[1, 1, 0, 0]);
        check(Method::Haircut, &[tainted(5), Piece::clean(5)], &[3, 7, 0], &[2, 3, 0]);
    }

    #[test]
    fn tiho_takes_the_fee_last_however_high_it_is() {
        let inputs = [Piece::clean(10), tainted(25)];
        check(Method::Tiho, &inputs, &[5, 10, 20], &[5, 10, 10]);
        check(Method::Tiho, &[Piece::clean(8), tainted(12)], &[8, 8, 4], &[8, 4, 0]);
    }

    #[test]
    fn products_of_the_highest_amounts_are_exact() {
        let most = u128::from(u64::MAX) * 1_000_000;
        check(
            Method::Haircut,
            &[tainted(most), Piece::clean(most)],
            &[most, most, 0],
            &[most / 2, most / 2, 0],
        );
    }

    #[test]
    fn stolen_units_come_first_and_count_what_is_tainted_already() {
        let mut piece = Piece::default();
        for (amount, is_tainted) in [(2, false), (3, true), (5, false)] {
            piece.push(Parcel { amount, is_tainted });
        }
        piece.taint(Method::Fifo, 7);
        let expected = [Parcel { amount: 7, is_tainted: true }, Parcel { amount: 3, is_tainted: false }];
        assert_eq!((piece.tainted, piece.parcels), (7, expected.to_vec()));
    }
}
