//! What the key of an epoch gives for values, computed once for all members.
//!
//! Values are known by two keyed hashes of 64 bits, so that a million takes some 50 MB whatever their texts are.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};

use watch::Value;
use watch::private::Output;

#[derive(Default)]
pub(super) struct Outputs {
    epoch: u32,
    hashers: [RandomState; 2],
    known: HashMap<[u64; 2], Output>,
}

impl Outputs {
    fn name(&self, value: &Value) -> [u64; 2] {
        self.hashers.each_ref().map(|hasher| hasher.hash_one(value))
    }

    /// Those of the values that are not known in this epoch. Makes room for them: if they would be more than `most` with all that
    /// is known, what is known of others is forgotten.
    pub(super) fn missing<'v>(&mut self, epoch: u32, values: &[&'v Value], most: usize) -> Vec<&'v Value> {
        if self.epoch != epoch {
            self.known = HashMap::new();
            self.epoch = epoch;
        }
        let missing: Vec<&Value> =
            values.iter().copied().filter(|value| !self.known.contains_key(&self.name(value))).collect();
        if !missing.is_empty() && self.known.len() + missing.len() > most {
            let names = values.iter().map(|value| self.name(value));
            let kept = names.filter_map(|name| Some((name, *self.known.get(&name)?)));
            self.known = kept.collect();
        }
        missing
    }

    /// Keeps what was computed, if it is still of use.
    pub(super) fn keep(&mut self, epoch: u32, outputs: &[(&Value, Output)]) {
        if self.epoch == epoch {
            for (value, output) in outputs {
                self.known.insert(self.name(value), *output);
            }
        }
    }

    /// The outputs of these values, if all are known in this epoch.
    pub(super) fn all(&self, epoch: u32, values: &[&Value]) -> Option<Vec<Output>> {
        let known = |value: &&Value| self.known.get(&self.name(value)).copied();
        if self.epoch == epoch { values.iter().map(known).collect() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use watch::{Kind, normalise};

    #[test]
    fn what_is_kept_has_a_limit_and_an_epoch() {
        let values: Vec<Value> =
            (0..6).map(|at| normalise(Kind::Domain, &format!("a{at}.example")).unwrap()).collect();
        let all: Vec<&Value> = values.iter().collect();
        let mut outputs = Outputs::default();
        let computed = |values: &[&'_ Value]| -> Vec<(Value, Output)> {
            values.iter().map(|value| ((*value).clone(), Output(value.text().len() as u64))).collect()
        };
        let keep = |outputs: &mut Outputs, epoch, values: &[&Value]| {
            let computed = computed(values);
            let borrowed: Vec<(&Value, Output)> =
                computed.iter().map(|(value, output)| (value, *output)).collect();
            outputs.keep(epoch, &borrowed);
        };
        assert_eq!(outputs.missing(30, &all[..4], 4).len(), 4);
        keep(&mut outputs, 30, &all[..4]);
        assert_eq!(outputs.all(30, &all[..4]).unwrap().len(), 4);
        assert_eq!(outputs.missing(30, &all[3..6], 4), &all[4..6], "one is known");
        keep(&mut outputs, 30, &all[4..6]);
        assert_eq!(outputs.known.len(), 3, "the others had to go");
        assert!(outputs.all(30, &all[..4]).is_none());
        assert_eq!(outputs.missing(60, &all[3..6], 4).len(), 3, "another epoch has another key");
        keep(&mut outputs, 30, &all[..1]);
        assert!(outputs.known.is_empty(), "what comes too late is of no use");
    }
}
