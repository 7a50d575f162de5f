//! Openings and assessments of a node, as its line has them, and the tables of public models, read again when they change.

use crate::config::{IndexTable, Region};
use crate::exit::Failure;
use crate::kept::{Kept, Sum};
use crate::node;
use crate::transit::{NoticeBook, Notices};
use gate::Gate;
use line::RecordKind;
use parking_lot::Mutex;
use policy::MemberId;
use region::capacity::country::Naming;
use region::capacity::evidence::Takedown;
use region::capacity::index::{Given, Indices, Report};
use region::capacity::register::{Capacity, Event};
use region::capacity::sim3::Assessment;
use region::transit::lasting::median;
use std::collections::BTreeMap;
use std::fs::File;
use std::sync::Arc;
use std::time::SystemTime;
use stix::Timestamp;

/// The register, shared by whoever looks at it.
#[derive(Default)]
struct Shared(Arc<Capacity>);

impl Sum for Shared {
    const KIND: RecordKind = RecordKind::Capacity;
    const WHAT: &'static str = "openings and assessments";

    fn take(&mut self, text: &str, at: Timestamp) -> Result<(), impl std::fmt::Display> {
        Event::from_json(text).map(|event| Arc::make_mut(&mut self.0).apply(event, at))
    }
}

/// How the reading of a table went.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    /// The file, as the configuration names it.
    pub file: String,
    /// What was read, or why nothing could be.
    pub read: Result<Report, String>,
}

/// When tables changed last, and how long they are: by this it is known that they are others.
type Stamps = Vec<Option<(SystemTime, u64)>>;

#[derive(Default)]
struct Tables {
    stamps: Option<Stamps>,
    indices: Arc<Indices>,
    told: Vec<Told>,
}

/// Openings, assessments and public models.
pub(crate) struct CapacityBook {
    kept: Kept<Shared>,
    tables: Vec<IndexTable>,
    naming: Naming,
    read: Mutex<Tables>,
    notices: Arc<NoticeBook>,
}

/// How long members took from notice to takedown, with those that wait up to now.
fn takedowns(notices: &Notices, now: Timestamp) -> BTreeMap<MemberId, Takedown> {
    let mut asked: BTreeMap<MemberId, Vec<(u32, Option<u32>)>> = BTreeMap::new();
    for notice in notices.all() {
        asked.entry(notice.about.member).or_default().extend(notice.asked());
    }
    let upto = u32::try_from(now.seconds()).unwrap_or(u32::MAX);
    let sum = |asked: Vec<(u32, Option<u32>)>| {
        let settled = asked.iter().filter(|(_, gone)| gone.is_some()).count();
        let time =
            |(told, gone): &(u32, Option<u32>)| (gone.unwrap_or(upto).saturating_sub(*told), gone.is_some());
        let median = median(asked.iter().map(time).collect())?;
        let last = asked.iter().filter_map(|(_, gone)| *gone).max();
        Some(Takedown {
            settled,
            waiting: asked.len() - settled,
            median_h: u64::from(median.seconds / 3_600),
            at_least: median.at_least,
            last: last.map_or(now, |last| Timestamp::from_micros(i64::from(last) * 1_000_000)),
        })
    };
    asked.into_iter().filter_map(|(member, asked)| Some((member, sum(asked)?))).collect()
}

impl CapacityBook {
    /// Those of the node behind this door. Nothing is read yet.
    ///
    /// # Errors
    /// When the configuration makes no sense.
    pub(crate) fn new(gate: Gate, config: &Region, notices: Arc<NoticeBook>) -> Result<Self, Failure> {
        Ok(Self {
            notices,
            kept: Kept::new(gate),
            tables: config.tables()?,
            naming: Naming::new(config.naming()?),
            read: Mutex::default(),
        })
    }

    /// Openings and assessments as they stand.
    ///
    /// # Errors
    /// When the line can't be read.
    pub(crate) fn register(&self) -> Result<Arc<Capacity>, Failure> {
        self.kept.look(|shared| Ok(Arc::clone(&shared.0)))
    }

    /// Has happen what `make` makes of them as they stand, in the name of a member, as [`Kept::happens`].
    ///
    /// # Errors
    /// What `make` fails with, or when the line can't be written; then nothing has happened.
    pub(crate) fn happens<T>(
        &self,
        make: impl FnOnce(&Capacity) -> Result<(MemberId, Event, T), Failure>,
    ) -> Result<T, Failure> {
        self.kept.happens(|shared| {
            make(&shared.0).map(|(member, event, told)| (vec![(member, event.to_json())], told))
        })
    }

    /// The public models, and how the reading of each table went.
    pub(crate) fn indices(&self) -> (Arc<Indices>, Vec<Told>) {
        let mut read = self.read.lock();
        let stamp = |table: &IndexTable| {
            let about = std::fs::metadata(&table.path).ok()?;
            Some((about.modified().ok()?, about.len()))
        };
        let stamps: Stamps = self.tables.iter().map(stamp).collect();
        if read.stamps.as_ref() != Some(&stamps) {
            *read = self.read_all(stamps);
        }
        (Arc::clone(&read.indices), read.told.clone())
    }

    fn read_all(&self, stamps: Stamps) -> Tables {
        let year_max = node::now().date().get(..4).and_then(|year| year.parse().ok()).unwrap_or(u16::MAX);
        let (mut indices, mut told) = (Indices::default(), Vec::new());
        for table in &self.tables {
            let file = table.path.display().to_string();
            let name = table.path.file_name().map(|name| name.to_string_lossy().into_owned());
            let given = Given {
                model: table.model.clone(),
                year: table.year,
                source: name.unwrap_or_else(|| file.clone()),
                year_max,
            };
            let opened = File::open(&table.path).map_err(|error| format!("it can't be opened: {error}"));
            let read =
                opened.and_then(|source| indices.read(source, &given).map_err(|error| error.to_string()));
            match &read {
                Ok(report) if report.faulty > 0 => {
                    tracing::warn!(file, faulty = report.faulty, "{} figures are left out", report.faulty);
                }
                Ok(_) => {}
                Err(why) => tracing::warn!(file, "a table of a public model is left out: {why}"),
            }
            told.push(Told { file, read });
        }
        Tables { stamps: Some(stamps), indices: Arc::new(indices), told }
    }

    /// How countries are called.
    pub(crate) const fn naming(&self) -> &Naming {
        &self.naming
    }
}

impl web::page::Capacities for CapacityBook {
    fn register(&self) -> Result<Arc<Capacity>, String> {
        Self::register(self).map_err(|failure| failure.message)
    }

    fn indices(&self) -> Arc<Indices> {
        Self::indices(self).0
    }

    fn naming(&self) -> &Naming {
        Self::naming(self)
    }

    fn takedowns(&self) -> BTreeMap<MemberId, Takedown> {
        let found = self.notices.look(|notices| Ok(takedowns(notices, node::now())));
        found.unwrap_or_else(|failure| {
            tracing::error!(error = %failure.message, "notices could not be read");
            BTreeMap::new()
        })
    }

    fn assess(&self, assessment: Assessment) -> Result<(), String> {
        assessment.check().map_err(|error| error.to_string())?;
        let kept = self.happens(|_| Ok((assessment.member, Event::Assessed(assessment), ())));
        kept.map_err(|failure| failure.message)
    }
}
