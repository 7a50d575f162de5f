//! Sums of amounts, exact to the last unit: integers of 256 bits, with the highest byte first. What is more is an error and never cut.

use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Result, exec_err};
use trace::U256;

use super::folding::Fold;

/// A sum, and whether anything was summed.
#[derive(Debug, Default)]
pub(super) struct Sum(Option<U256>);

impl Sum {
    fn add(&mut self, amount: &[u8]) -> Result<()> {
        let Ok(amount) = <[u8; 32]>::try_from(amount) else {
            return exec_err!("an amount has 32 bytes and not {}", amount.len());
        };
        let sum = self.0.unwrap_or(U256::ZERO).checked_add(U256::from_be_bytes(amount));
        match sum {
            Some(sum) => self.0 = Some(sum),
            None => return exec_err!("a sum is more than 2^256 - 1 smallest units"),
        }
        Ok(())
    }
}

impl Fold for Sum {
    const NAME: &'static str = super::AMOUNT_SUM;

    fn arguments() -> Vec<Vec<DataType>> {
        vec![vec![DataType::FixedSizeBinary(32)], vec![DataType::Binary]]
    }

    fn update(&mut self, values: &[ArrayRef], row: usize) -> Result<()> {
        let Some(column) = values.first() else { return Ok(()) };
        if column.is_null(row) {
            return Ok(());
        }
        match column.as_fixed_size_binary_opt() {
            Some(column) => self.add(column.value(row)),
            None => match column.as_binary_opt::<i32>() {
                Some(column) => self.add(column.value(row)),
                None => exec_err!("{} is no type of amounts", column.data_type()),
            },
        }
    }

    fn merge(&mut self, state: &[u8]) -> Result<()> {
        if state.is_empty() { Ok(()) } else { self.add(state) }
    }

    fn state(&self) -> Vec<u8> {
        self.finish().unwrap_or_default()
    }

    fn finish(&self) -> Option<Vec<u8>> {
        self.0.map(|sum| sum.to_be_bytes::<32>().to_vec())
    }

    fn size(&self) -> usize {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(amounts: &[u128]) -> Sum {
        let mut sum = Sum::default();
        for amount in amounts {
            sum.add(&U256::from(*amount).to_be_bytes::<32>()).unwrap();
        }
        sum
    }

    #[test]
    fn what_is_too_much_is_an_error_and_nothing_is_none() {
        assert_eq!(of(&[]).finish(), None);
        assert_eq!(of(&[0]).finish(), Some(vec![0; 32]));
        let mut sum = of(&[1]);
        let error = sum.merge(&[0xff; 32]).unwrap_err().to_string();
        assert!(error.contains("more than 2^256 - 1"), "{error}");
        assert!(sum.merge(&[1; 31]).is_err());
    }

    proptest! {
        #[test]
        fn parts_come_to_the_whole(amounts in prop::collection::vec(any::<u128>(), 0..40), at in 0_usize..40) {
            let (left, right) = amounts.split_at(at.min(amounts.len()));
            let mut joined = of(left);
            joined.merge(&of(right).state()).unwrap();
            let whole = amounts.iter().fold(U256::ZERO, |sum, one| sum + U256::from(*one));
            let expected = (!amounts.is_empty()).then(|| whole.to_be_bytes::<32>().to_vec());
            prop_assert_eq!(joined.finish(), expected);
        }
    }
}
