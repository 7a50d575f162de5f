//! The way of a sighting from its steps: places in order, neighbours of one place made one, as [`region::transit::flow`] looks at it.

use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _};
use datafusion::arrow::datatypes::{DataType, Int64Type, UInt8Type, UInt32Type};
use datafusion::common::{Result, exec_err};
use region::transit::Role;

use super::folding::Fold;

/// Stands where nobody knows where.
const UNKNOWN: u32 = u32::MAX;

/// Steps in any order: place in the order, place in the world, whether it is where it came from.
#[derive(Debug, Default)]
pub(super) struct Steps(Vec<(u32, u32, bool)>);

impl Fold for Steps {
    const NAME: &'static str = super::WAY;

    fn arguments() -> Vec<Vec<DataType>> {
        vec![vec![DataType::UInt32, DataType::Int64, DataType::UInt8]]
    }

    fn update(&mut self, values: &[ArrayRef], row: usize) -> Result<()> {
        let [pos, spot, role] = values else { return exec_err!("a step has three parts") };
        let pos =
            pos.as_primitive_opt::<UInt32Type>().filter(|pos| pos.is_valid(row)).map(|pos| pos.value(row));
        let spot = spot
            .as_primitive_opt::<Int64Type>()
            .filter(|spot| spot.is_valid(row))
            .map(|spot| spot.value(row));
        let role = role
            .as_primitive_opt::<UInt8Type>()
            .filter(|role| role.is_valid(row))
            .map(|role| role.value(row));
        let Some(pos) = pos else { return exec_err!("a step does not say the how manieth it is") };
        let spot = spot.and_then(|spot| u32::try_from(spot).ok()).unwrap_or(UNKNOWN);
        self.0.push((pos, spot, pos == 0 && role == Some(Role::Source as u8)));
        Ok(())
    }

    fn merge(&mut self, state: &[u8]) -> Result<()> {
        let (steps, rest) = state.as_chunks::<9>();
        if !rest.is_empty() {
            return exec_err!("steps have nine bytes each");
        }
        self.0.extend(steps.iter().map(|[a, b, c, d, e, f, g, h, source]| {
            (u32::from_be_bytes([*a, *b, *c, *d]), u32::from_be_bytes([*e, *f, *g, *h]), *source == 1)
        }));
        Ok(())
    }

    fn state(&self) -> Vec<u8> {
        let bytes = |(pos, spot, source): &(u32, u32, bool)| {
            let [a, b, c, d] = pos.to_be_bytes();
            let [e, f, g, h] = spot.to_be_bytes();
            [a, b, c, d, e, f, g, h, u8::from(*source)]
        };
        self.0.iter().flat_map(bytes).collect()
    }

    fn finish(&self) -> Option<Vec<u8>> {
        let mut steps = self.0.clone();
        steps.sort_unstable();
        let has_source = steps.first().is_some_and(|(_, _, source)| *source);
        let mut spots: Vec<u32> = steps.into_iter().map(|(_, spot, _)| spot).collect();
        spots.dedup();
        let bytes = spots.into_iter().flat_map(u32::to_be_bytes);
        (!self.0.is_empty()).then(|| std::iter::once(u8::from(has_source)).chain(bytes).collect())
    }

    fn size(&self) -> usize {
        self.0.capacity() * size_of::<(u32, u32, bool)>()
    }
}

/// What the bytes of a way say: whether it begins where it came from, and its places, of which the last is the victim's.
pub(crate) fn ways_of(bytes: &[u8]) -> Option<(bool, Vec<Option<u32>>)> {
    let (has_source, rest) = bytes.split_first()?;
    let (spots, rest) = rest.as_chunks::<4>();
    let spot = |bytes: &[u8; 4]| Some(u32::from_be_bytes(*bytes)).filter(|spot| *spot != UNKNOWN);
    (rest.is_empty() && !spots.is_empty()).then(|| (*has_source == 1, spots.iter().map(spot).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_come_in_any_order_and_neighbours_become_one() {
        let mut steps = Steps(vec![(2, 7, false), (0, 9, true)]);
        let more = Steps(vec![(3, UNKNOWN, false), (1, 7, false), (4, UNKNOWN, false), (5, 9, false)]);
        steps.merge(&more.state()).unwrap();
        let way = ways_of(&steps.finish().unwrap()).unwrap();
        assert_eq!(way, (true, vec![Some(9), Some(7), None, Some(9)]));
        assert!(steps.merge(&[1; 10]).is_err());
        assert_eq!(Steps::default().finish(), None);
        for broken in [b"".as_slice(), b"\x01", b"\x01\0\0\0"] {
            assert_eq!(ways_of(broken), None);
        }
    }
}
