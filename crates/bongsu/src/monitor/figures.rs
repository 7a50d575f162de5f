//! The figures, gathered when somebody asks: what was counted, and how everything stands.
//!
//! Every name is in docs/operate.md, and `docs/grafana.json` and `docs/alerts.yml` use no other; tests hold them to it.

use super::Monitor;
use super::process::Process;
use super::seconds_of;
use crate::node::Node;
use deliver::push::{Channel, Post};
use deliver::zone::server::Server as ZoneServer;
use line::LineId;
use policy::CircleId;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue, EncodeMetric as _, prometheus_text,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use web::auth::Auth;

/// All figures of a node.
pub(crate) struct Figures {
    registry: Registry,
}

/// Where figures are gathered from.
pub(crate) struct Gathered {
    /// The node.
    pub node: Arc<Node>,
    /// The log-in.
    pub auth: Arc<Auth>,
    /// What hands out zones, if it does.
    pub zones: Option<Arc<ZoneServer>>,
    /// Whether circles are told apart.
    pub by_circle: bool,
    /// Set while it is looked whether the store answers.
    pub looking: Arc<AtomicBool>,
}

/// How long it is waited for the store: Prometheus waits ten seconds for everything.
const PATIENCE: Duration = Duration::from_secs(2);

impl Figures {
    /// Of a node.
    pub(crate) fn new(monitor: &Monitor, gathered: Gathered) -> Self {
        let mut registry = Registry::default();
        // Those of the process have the names that every program's have.
        registry.register_collector(Box::new(OfProcess));
        let own = registry.sub_registry_with_prefix("bongsu");
        monitor.register(own);
        own.register_collector(Box::new(gathered));
        Self { registry }
    }

    /// As Prometheus reads them. Blocks.
    ///
    /// # Errors
    /// When they can't be written as text.
    pub(crate) fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        prometheus_text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

impl fmt::Debug for Gathered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gathered")
    }
}

/// Writes figures.
struct Writer<'a, 'e>(&'a mut DescriptorEncoder<'e>);

/// Names and values that tell figures of one name apart.
type Labels = Vec<(&'static str, String)>;

impl Writer<'_, '_> {
    fn gauge(&mut self, name: &str, help: &str, value: impl EncodeGaugeValue + fmt::Debug) -> fmt::Result {
        let encoder = self.0.encode_descriptor(name, help, None, MetricType::Gauge)?;
        ConstGauge::new(value).encode(encoder)
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        let encoder = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        ConstCounter::new(value).encode(encoder)
    }

    fn gauges<V: EncodeGaugeValue>(
        &mut self,
        name: &str,
        help: &str,
        rows: impl IntoIterator<Item = (Labels, V)>,
    ) -> fmt::Result {
        let mut encoder = self.0.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (labels, value) in rows {
            ConstGauge::new(value).encode(encoder.encode_family(&labels)?)?;
        }
        Ok(())
    }

    fn counters<V: EncodeCounterValue>(
        &mut self,
        name: &str,
        help: &str,
        rows: impl IntoIterator<Item = (Labels, V)>,
    ) -> fmt::Result {
        let mut encoder = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (labels, value) in rows {
            ConstCounter::new(value).encode(encoder.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

fn one(name: &'static str, value: impl Into<String>) -> Labels {
    vec![(name, value.into())]
}

impl Collector for Gathered {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let to = &mut Writer(&mut encoder);
        let version = one("version", env!("CARGO_PKG_VERSION"));
        to.gauges("build_info", "The program's version", [(version, 1_i64)])?;
        self.store(to)?;
        self.lines(to)?;
        self.ways(to)?;
        self.pulls(to)?;
        self.outboxes(to)?;
        self.others(to)
    }
}

impl Gathered {
    fn store(&self, to: &mut Writer<'_, '_>) -> fmt::Result {
        let store = self.node.gate.store();
        let load = store.load();
        to.gauge("queue_appends", "Appends that wait for the writer", load.appends as u64)?;
        to.gauge("queue_bytes", "Bytes of what waits for the writer", load.bytes as u64)?;
        to.gauge("queue_bytes_max", "Bytes that may wait; beyond it, 503", load.bytes_max as u64)?;
        let lags = load.lags.iter().map(|(name, lag)| (one("follower", *name), lag.as_secs_f64()));
        let behind = "Seconds for which at most what came has not been worked in, by who follows the lines";
        to.gauges("follower_lag_seconds", behind, lags)?;
        to.gauge("search_lag_records", "Records that are not in the index of words", self.node.search.lag())?;
        let (reachable, bytes) = self.look();
        to.gauge("store_reachable", "Whether the lines can be read: 1 or 0", i64::from(reachable))?;
        to.gauges(
            "store_bytes",
            "Bytes that the lines take on the disk, or in the database",
            bytes.map(|bytes| (Labels::new(), bytes)),
        )
    }

    /// Whether the store answers, and how large it is. A database that is away is asked by one thread alone, however often this is.
    fn look(&self) -> (bool, Option<u64>) {
        if self.looking.swap(true, Ordering::Relaxed) {
            return (false, None);
        }
        let (send, looked) = std::sync::mpsc::channel();
        let (store, looking) = (self.node.gate.store().clone(), Arc::clone(&self.looking));
        let look = move || {
            let told = (store.check().is_ok(), store.bytes());
            looking.store(false, Ordering::Relaxed);
            // Whoever asked may have gone.
            let _asked = send.send(told);
        };
        match std::thread::Builder::new().name("figures".to_owned()).spawn(look) {
            Ok(_thread) => looked.recv_timeout(PATIENCE).unwrap_or((false, None)),
            Err(_) => {
                self.looking.store(false, Ordering::Relaxed);
                (false, None)
            }
        }
    }

    fn lines(&self, to: &mut Writer<'_, '_>) -> fmt::Result {
        let gate = &self.node.gate;
        let book = gate.book();
        let size = |line: LineId| gate.store().root(line).map_or(0, |(size, _)| size);
        let lines = gate.store().lines();
        to.gauge("lines", "Lines: the node's own, and some for each circle", lines.len() as u64)?;
        let all: u64 = lines.iter().map(|line| size(*line)).sum();
        to.gauge("records", "Records in all lines", all)?;
        let circles = book.circles().filter(|_| self.by_circle);
        let of = |id: CircleId| size(LineId::new(id.uuid()));
        let rows = circles.map(|circle| (one("circle", circle.handle.clone()), of(circle.id)));
        to.gauges("circle_records", "Records in a circle's line, if monitor.by_circle is set", rows)?;
        let members = book.members().filter(|member| !member.ended).count();
        to.gauge("members", "Members that take part", members as u64)
    }

    fn ways(&self, to: &mut Writer<'_, '_>) -> fmt::Result {
        let rows =
            self.node.gate.tally().into_iter().map(|(way, fate, count)| {
                (vec![("way", way.to_owned()), ("outcome", fate.to_owned())], count)
            });
        to.counters("objects", "Objects that came, by the way they came and what became of them", rows)
    }

    fn pulls(&self, to: &mut Writer<'_, '_>) -> fmt::Result {
        let sources = self.node.config.sources.iter();
        let counts: Vec<_> =
            sources.map(|source| (&source.name, self.node.pulls.counts(&source.name))).collect();
        let label = |name: &String| one("source", name.clone());
        let running = counts.iter().map(|(name, count)| (label(name), i64::from(count.running)));
        to.gauges("pull_running", "Whether a source is being pulled: 1 or 0", running)?;
        let ended = counts.iter().flat_map(|(name, count)| {
            [("ok", count.ok), ("failed", count.failed)].map(|(outcome, ended)| {
                (vec![("source", (*name).clone()), ("outcome", outcome.to_owned())], ended)
            })
        });
        to.counters("pulls", "Pulls of a source that ended", ended)?;
        let last = counts
            .iter()
            .filter_map(|(name, count)| Some((label(name), seconds_of(count.last_ok?.micros()))));
        let when = "When a pull of a source last came to its end, in seconds since 1970";
        to.gauges("pull_last_success_timestamp_seconds", when, last)
    }

    fn outboxes(&self, to: &mut Writer<'_, '_>) -> fmt::Result {
        let now_us = self.node.now().micros();
        let depths: Vec<_> = [
            self.node.webhooks().ok().map(|post| depth(&*post)),
            self.node.mails().ok().map(|post| depth(&*post)),
        ]
        .into_iter()
        .flatten()
        .collect();
        let of = |channel: &'static str| one("channel", channel);
        let waiting = depths.iter().map(|(channel, depth)| (of(channel), depth.waiting));
        to.gauges("outbox_messages", "Messages that wait to be taken", waiting)?;
        let dead = depths.iter().map(|(channel, depth)| (of(channel), depth.given_up));
        to.gauges("outbox_given_up", "Messages that were given up and are kept", dead)?;
        let oldest = depths.iter().map(|(channel, depth)| {
            let age_us = depth.oldest_us.map_or(0, |made_us| now_us.saturating_sub(made_us).max(0));
            (of(channel), seconds_of(age_us))
        });
        to.gauges("outbox_oldest_seconds", "Age of the oldest message that waits", oldest)
    }

    fn others(&self, to: &mut Writer<'_, '_>) -> fmt::Result {
        to.counter(
            "pace_refused",
            "Requests that came faster than the limits allow",
            self.auth.pace.refused(),
        )?;
        let counts = self.zones.as_ref().map(|zones| zones.counts());
        let rows = counts.into_iter().flatten().map(|(kind, count)| (one("kind", kind), count));
        to.counters("zone_answers", "DNS queries for zones, by what was answered", rows)
    }
}

/// The process.
#[derive(Debug)]
struct OfProcess;

impl Collector for OfProcess {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let to = &mut Writer(&mut encoder);
        let Some(process) = Process::now() else { return Ok(()) };
        to.gauge("process_threads", "Threads", process.threads)?;
        to.counters("process_cpu_seconds", "Seconds of processors' time", [(Labels::new(), process.cpu_s)])?;
        to.gauge("process_resident_memory_bytes", "Bytes of memory that are held", process.resident_bytes)?;
        to.gauge("process_virtual_memory_bytes", "Bytes of addresses", process.virtual_bytes)?;
        to.gauge("process_open_fds", "Files that are open", process.open_fds)?;
        to.gauge("process_max_fds", "Files that may be open", process.max_fds)?;
        to.gauge("process_start_time_seconds", "When the process began, since 1970", process.start_s)
    }
}

fn depth<C: Channel>(post: &Post<C>) -> (&'static str, deliver::push::Depth) {
    (C::NAME, post.depth())
}
