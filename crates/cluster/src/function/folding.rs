//! Functions that sum up many rows, in parts that are joined: here what DataFusion wants of such, over what a [`Fold`] does with one row.

use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _, BinaryBuilder, BooleanArray};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, ScalarValue, exec_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, Signature, Volatility,
};
use std::fmt::Debug;
use std::hash::Hash;
use std::marker::PhantomData;
use std::sync::Arc;

/// What becomes of the rows of one group. What is known halfway is bytes, and so is what comes out.
pub(super) trait Fold: Debug + Default + Send + Sync + 'static {
    /// The function's name.
    const NAME: &'static str;

    /// The types of its arguments, one list for each way to call it.
    fn arguments() -> Vec<Vec<DataType>>;

    /// Takes a row.
    ///
    /// # Errors
    /// When it can't be.
    fn update(&mut self, values: &[ArrayRef], row: usize) -> Result<()>;

    /// Takes what another part knows.
    ///
    /// # Errors
    /// When it can't be.
    fn merge(&mut self, state: &[u8]) -> Result<()>;

    /// What is known.
    fn state(&self) -> Vec<u8>;

    /// What comes out; `None` of no rows.
    fn finish(&self) -> Option<Vec<u8>>;

    /// The bytes that it takes in memory besides itself.
    fn size(&self) -> usize;
}

/// A function of a fold.
pub(super) fn function<F: Fold>() -> Arc<AggregateUDF> {
    let calls = F::arguments().into_iter().map(datafusion::logical_expr::TypeSignature::Exact).collect();
    let signature = Signature::one_of(calls, Volatility::Immutable);
    Arc::new(AggregateUDF::from(Folding::<F> { signature, fold: PhantomData }))
}

#[derive(Debug)]
struct Folding<F> {
    signature: Signature,
    fold: PhantomData<fn() -> F>,
}

impl<F> PartialEq for Folding<F> {
    fn eq(&self, other: &Self) -> bool {
        self.signature == other.signature
    }
}

impl<F> Eq for Folding<F> {}

impl<F> Hash for Folding<F> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.signature.hash(state);
    }
}

impl<F: Fold> AggregateUDFImpl for Folding<F> {
    fn name(&self) -> &str {
        F::NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Binary)
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        Ok(vec![Arc::new(Field::new(format!("{}[folded]", args.name), DataType::Binary, true))])
    }

    fn accumulator(&self, _: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(One(F::default())))
    }

    fn groups_accumulator_supported(&self, _: AccumulatorArgs<'_>) -> bool {
        true
    }

    fn create_groups_accumulator(&self, _: AccumulatorArgs<'_>) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(Groups::<F>(Vec::new())))
    }
}

/// All rows as one group.
#[derive(Debug)]
struct One<F>(F);

impl<F: Fold> Accumulator for One<F> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let rows = values.first().map_or(0, |column| column.len());
        (0..rows).try_for_each(|row| self.0.update(values, row))
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Binary(self.0.finish()))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.0.size()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::Binary(Some(self.0.state()))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let states = folded(states)?;
        states.iter().flatten().try_for_each(|state| self.0.merge(state))
    }
}

/// Many groups at once.
#[derive(Debug)]
struct Groups<F>(Vec<F>);

impl<F: Fold> Groups<F> {
    fn grown(&mut self, groups: usize) {
        if self.0.len() < groups {
            self.0.resize_with(groups, F::default);
        }
    }
}

impl<F: Fold> GroupsAccumulator for Groups<F> {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        count: usize,
    ) -> Result<()> {
        self.grown(count);
        for (row, group) in groups.iter().enumerate() {
            let is_taken = filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row));
            if let Some(fold) = self.0.get_mut(*group).filter(|_| is_taken) {
                fold.update(values, row)?;
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let mut column = BinaryBuilder::new();
        for fold in emit_to.take_needed(&mut self.0) {
            column.append_option(fold.finish());
        }
        Ok(Arc::new(column.finish()))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let mut column = BinaryBuilder::new();
        for fold in emit_to.take_needed(&mut self.0) {
            column.append_value(fold.state());
        }
        Ok(vec![Arc::new(column.finish())])
    }

    fn merge_batch(&mut self, values: &[ArrayRef], groups: &[usize], count: usize) -> Result<()> {
        self.grown(count);
        let states = folded(values)?;
        for (state, group) in states.iter().zip(groups) {
            if let (Some(fold), Some(state)) = (self.0.get_mut(*group), state) {
                fold.merge(state)?;
            }
        }
        Ok(())
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let rows = values.first().map_or(0, |column| column.len());
        let mut column = BinaryBuilder::new();
        for row in 0..rows {
            let mut fold = F::default();
            if filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row)) {
                fold.update(values, row)?;
            }
            column.append_value(fold.state());
        }
        Ok(vec![Arc::new(column.finish())])
    }

    fn size(&self) -> usize {
        self.0.capacity() * size_of::<F>() + self.0.iter().map(Fold::size).sum::<usize>()
    }
}

fn folded(states: &[ArrayRef]) -> Result<&datafusion::arrow::array::BinaryArray> {
    match states.first().and_then(|column| column.as_binary_opt::<i32>()) {
        Some(column) => Ok(column),
        None => exec_err!("what a part knows is no bytes"),
    }
}
