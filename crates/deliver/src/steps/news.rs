//! What versions of indicators say that the ones before them did not.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use gate::{Arrival, Gate};
use line::{LineId, Seq, StorageError};
use policy::CircleId;
use sha2::{Digest as _, Sha256};
use watch::actionable::pattern_values;
use watch::{Stated, Value};

/// Versions read at a time, and how many values they may have together; one alone may have more.
const VERSIONS_AT_ONCE: usize = 1_000;
const VALUES_AT_ONCE: u64 = 100_000;
/// Longest pattern that is kept until it is compared.
const PATTERN_BYTES_KEPT: usize = 4 * 1024;

/// A version of an indicator, and the one before of the same sender.
#[derive(Debug, Clone, Copy)]
pub(super) struct Version {
    seq: Seq,
    before: Option<Seq>,
    values_max: Option<u16>,
}

impl Version {
    pub(super) fn of(arrival: &Arrival) -> Self {
        let before = arrival.before.map(|(seq, _)| seq);
        Self { seq: arrival.seq, before, values_max: arrival.values_max }
    }

    /// The most that it can count; `u64::MAX` if that is not known.
    pub(super) fn values_max(&self) -> u64 {
        self.values_max.map_or(u64::MAX, |values| u64::from(values).max(1))
    }
}

/// What an indicator says to look for.
#[derive(Default)]
struct Said {
    /// Of its pattern and the pattern's language; `None` if it asks for nothing.
    digest: Option<[u8; 32]>,
    values: Values,
}

/// The values of an indicator.
enum Values {
    /// They stand in this pattern, which is short. It is parsed only if another stands before it.
    In(String),
    Are(HashSet<Value>),
}

impl Default for Values {
    fn default() -> Self {
        Self::Are(HashSet::new())
    }
}

impl Values {
    fn read(&self) -> Cow<'_, HashSet<Value>> {
        match self {
            Self::In(pattern) => Cow::Owned(pattern_values(pattern).into_iter().collect()),
            Self::Are(values) => Cow::Borrowed(values),
        }
    }
}

impl Said {
    fn read(body: &[u8]) -> Self {
        let raw = String::from_utf8_lossy(body);
        let Some(stated) = stix::read_head(&raw).ok().and_then(|head| Stated::read(&raw, &head)) else {
            return Self::default();
        };
        let digest = Sha256::new().chain_update(&stated.pattern_type).chain_update([0]);
        let digest = Some(digest.chain_update(&stated.pattern).finalize().into());
        let values = match stated.is_stix() {
            false => Values::default(),
            true if stated.pattern.len() <= PATTERN_BYTES_KEPT => Values::In(stated.pattern),
            true => Values::Are(pattern_values(&stated.pattern).into_iter().collect()),
        };
        Self { digest, values }
    }

    /// How many values it has that `before` had not; a pattern without values is one by itself.
    fn news(&self, before: &Self) -> u64 {
        if self.digest.is_none() || self.digest == before.digest {
            return 0;
        }
        let values = self.values.read();
        match values.is_empty() {
            true => 1,
            false => values.difference(&before.values.read()).count() as u64,
        }
    }
}

/// How many values each version has that the one before had not: 0 if it says no more. A pattern that holds no values, such as a
/// rule, counts as one.
pub(super) fn news(gate: &Gate, circle: CircleId, versions: &[Version]) -> Result<Vec<u64>, StorageError> {
    let (mut news, mut rest) = (Vec::with_capacity(versions.len()), versions);
    let nothing = Said::default();
    while !rest.is_empty() {
        let (some, later) = rest.split_at(at_once(rest));
        let mut seqs: Vec<Seq> =
            some.iter().flat_map(|version| [Some(version.seq), version.before]).flatten().collect();
        seqs.sort_unstable();
        seqs.dedup();
        let mut said: HashMap<Seq, Said> = HashMap::with_capacity(seqs.len());
        gate.store().bodies(LineId::new(circle.uuid()), &seqs, &mut |seq, _, body| {
            said.insert(seq, Said::read(body));
        })?;
        let of = |seq: Option<Seq>| seq.and_then(|seq| said.get(&seq)).unwrap_or(&nothing);
        news.extend(some.iter().map(|version| of(Some(version.seq)).news(of(version.before))));
        rest = later;
    }
    Ok(news)
}

/// How many of the first are read at once: at least one.
fn at_once(versions: &[Version]) -> usize {
    let mut values: u64 = 0;
    let fits = |version: &&Version| {
        values = values.saturating_add(version.values_max());
        values <= VALUES_AT_ONCE
    };
    versions.iter().take(VERSIONS_AT_ONCE).take_while(fits).count().max(1)
}
