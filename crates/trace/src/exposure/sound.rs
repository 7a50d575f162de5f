//! Exposure in spite of assets that can't be true.
//!
//! Anybody can make a token, give 2^256 - 1 units of it to whom he likes, and so make the sums of that address overflow. Who screens must
//! not be kept by it from all that the address has otherwise: such an asset is left out, and told.

use super::{Exposure, ExposureError, Limits, Side, exposure};
use crate::label::Category;
use crate::{Account, Asset, Flows, Transfer, U256};

/// Assets that are left out at most. Each of them costs as much again as the whole.
pub const ASSETS_LEFT_OUT_MAX: usize = 4;

/// The same as [`exposure`], without assets of which more came together than can be true; those are told beside it.
///
/// # Errors
/// [`ExposureError`]: transfers that can't be read; overflow in more than [`ASSETS_LEFT_OUT_MAX`] assets.
pub fn sound_exposure(
    flows: &impl Flows,
    account: Account,
    side: Side,
    until: Option<u64>,
    category: impl Fn(Account) -> Option<Category>,
    limits: Limits,
) -> Result<(Exposure, Vec<Asset>), ExposureError> {
    let mut sound = Without { flows, left_out: Vec::new() };
    loop {
        match exposure(&sound, account, side, until, &category, limits) {
            Err(ExposureError::Overflow { account, number }) => {
                let overflow = ExposureError::Overflow { account, number };
                let asset = flows.transfer(number).ok_or(overflow)?.asset;
                if sound.left_out.len() == ASSETS_LEFT_OUT_MAX || sound.left_out.contains(&asset) {
                    return Err(overflow);
                }
                sound.left_out.push(asset);
            }
            Ok(exposure) => return Ok((exposure, sound.left_out)),
            Err(error) => return Err(error),
        }
    }
}

/// Transfers of which some assets move nothing.
struct Without<'f, F> {
    flows: &'f F,
    left_out: Vec<Asset>,
}

impl<F: Flows> Flows for Without<'_, F> {
    fn len(&self) -> u64 {
        self.flows.len()
    }

    fn transfer(&self, number: u64) -> Option<Transfer> {
        let transfer = self.flows.transfer(number)?;
        let amount = if self.left_out.contains(&transfer.asset) { U256::ZERO } else { transfer.amount };
        Some(Transfer { amount, ..transfer })
    }

    fn glance(&self, numbers: &[u64]) {
        self.flows.glance(numbers);
    }

    fn of(&self, account: Account) -> impl Iterator<Item = u64> + Clone + '_ {
        self.flows.of(account)
    }

    fn count_of(&self, account: Account, before: u64) -> u64 {
        self.flows.count_of(account, before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Listed(Vec<Transfer>);

    impl Flows for Listed {
        fn len(&self) -> u64 {
            self.0.len() as u64
        }

        fn transfer(&self, number: u64) -> Option<Transfer> {
            self.0.get(usize::try_from(number).ok()?).copied()
        }

        fn of(&self, account: Account) -> impl Iterator<Item = u64> + Clone + '_ {
            let is_of = move |transfer: &Transfer| transfer.from == account || transfer.to == account;
            (0..).zip(&self.0).filter(move |(_, transfer)| is_of(transfer)).map(|(number, _)| number)
        }
    }

    fn paid(from: u32, to: u32, asset: u32, amount: U256) -> Transfer {
        Transfer { from: Account(from), to: Account(to), asset: Asset(asset), amount, time: 0 }
    }

    fn sources(flows: &Listed) -> Result<(Exposure, Vec<Asset>), ExposureError> {
        let mixer = |account: Account| (account == Account(9)).then_some(Category::Mixer);
        sound_exposure(flows, Account(1), Side::Sources, None, mixer, Limits::default())
    }

    #[test]
    fn a_token_with_impossible_sums_hides_nothing_else() {
        let fair = [paid(9, 2, 0, U256::from(30)), paid(2, 1, 0, U256::from(30))];
        let (clean, none) = sources(&Listed(fair.to_vec())).unwrap();
        assert!(none.is_empty());
        // To the address itself, and to the one before it.
        let spoiled = [paid(7, 1, 5, U256::MAX), paid(8, 1, 5, U256::MAX)];
        let before = [paid(7, 2, 6, U256::MAX), paid(8, 2, 6, U256::MAX), paid(2, 1, 6, U256::ONE)];
        let flows = Listed([&spoiled[..], &before, &fair].concat());
        let (told, left_out) = sources(&flows).unwrap();
        assert_eq!(left_out, [Asset(5), Asset(6)]);
        assert_eq!((&told.rows, told.totals.len()), (&clean.rows, 1));
        assert_eq!(told.rows[0].amount(), U256::from(30));
    }

    #[test]
    fn too_many_of_them_are_an_error() {
        let spoiled = |asset: u32| [paid(7, 1, asset, U256::MAX), paid(8, 1, asset, U256::MAX)];
        let flows = |count: u32| Listed((0..count).flat_map(spoiled).collect());
        assert_eq!(sources(&flows(4)).unwrap().1.len(), ASSETS_LEFT_OUT_MAX);
        assert!(matches!(sources(&flows(5)), Err(ExposureError::Overflow { .. })));
    }
}
