//! Functions of ours that plans use: sums of amounts, and ways. Executors know them by their names.

mod folding;
mod sum;
mod way;

pub(crate) use way::ways_of;

use datafusion::logical_expr::AggregateUDF;
use std::sync::Arc;

/// Exact sums of amounts of 256 bits, the highest byte first.
pub(crate) const AMOUNT_SUM: &str = "amount_sum";
/// The way of a sighting from its steps.
pub(crate) const WAY: &str = "way";

/// All of them.
pub(crate) fn all() -> Vec<Arc<AggregateUDF>> {
    vec![folding::function::<sum::Sum>(), folding::function::<way::Steps>()]
}

/// The one of a name.
pub(crate) fn named(name: &str) -> Option<Arc<AggregateUDF>> {
    all().into_iter().find(|function| function.name() == name)
}
