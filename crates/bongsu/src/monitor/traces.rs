//! Traces over OpenTelemetry: spans of requests, commits, pulls and deliveries, sent to a collector over OTLP (HTTP, protobuf).
//!
//! A span says which route, how it ended and how long it took. It names no object, no member and no address, because a collector is
//! another system with other readers. Who asks may bring a trace of its own (W3C Trace Context); whether it is sent is decided here, by
//! its id, and not by the one who asks. What can't be sent is dropped, and costs requests nothing.

use crate::config::Telemetry;
use crate::exit::Failure;
use axum::http::HeaderMap;
use opentelemetry::propagation::{Extractor, TextMapPropagator as _};
use opentelemetry::trace::{
    Span as _, SpanBuilder, SpanKind, Status, TraceContextExt as _, Tracer as _, TracerProvider as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider};
use std::time::{Duration, SystemTime};

/// How long the collector may take for a batch.
const PATIENCE: Duration = Duration::from_secs(5);

/// Sends spans.
pub(crate) struct Traces {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

/// A span that has begun.
pub(crate) struct Span(opentelemetry_sdk::trace::Span);

struct Headers<'h>(&'h HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(axum::http::HeaderName::as_str).collect()
    }
}

/// The trace that a request is part of.
fn parent(headers: &HeaderMap) -> Context {
    match headers.contains_key("traceparent") {
        true => TraceContextPropagator::new().extract_with_context(&Context::new(), &Headers(headers)),
        false => Context::new(),
    }
}

/// The id of the trace that a request says it is part of.
pub(super) fn trace_id(headers: &HeaderMap) -> Option<String> {
    let parent = parent(headers);
    let span = parent.span();
    let context = span.span_context();
    context.is_valid().then(|| context.trace_id().to_string())
}

impl Traces {
    /// Begins, if a collector is named. Not to be called on a thread of the runtime.
    ///
    /// # Errors
    /// When the address can't be used.
    pub(crate) fn start(config: &Telemetry) -> Result<Option<Self>, Failure> {
        let Some(otlp) = &config.otlp else { return Ok(None) };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(otlp)
            .with_timeout(PATIENCE)
            .build()
            .map_err(|error| Failure::usage(format!("telemetry.otlp is `{otlp}`: {error}")))?;
        // What the environment says of the machine is not told.
        let resource = Resource::builder_empty()
            .with_service_name("bongsu")
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_sampler(Sampler::TraceIdRatioBased(config.share))
            .with_resource(resource)
            .build();
        let tracer = provider.tracer("bongsu");
        Ok(Some(Self { provider, tracer }))
    }

    /// Begins the span of a request.
    pub(super) fn request(&self, headers: &HeaderMap) -> Span {
        let builder = SpanBuilder::from_name("request").with_kind(SpanKind::Server);
        Span(self.tracer.build_with_context(builder, &parent(headers)))
    }

    /// Tells of something that took so long and has ended now.
    pub(super) fn past(
        &self,
        name: &'static str,
        kind: SpanKind,
        took: Duration,
        told: Vec<KeyValue>,
        well: bool,
    ) {
        let builder = SpanBuilder::from_name(name).with_kind(kind).with_start_time(super::since(took));
        let mut span = self.tracer.build_with_context(builder, &Context::new());
        if span.is_recording() {
            span.set_attributes(told);
            if !well {
                span.set_status(Status::error(""));
            }
        }
        span.end_with_timestamp(SystemTime::now());
    }

    /// Sends what is not sent yet.
    pub(super) fn end(&self) {
        if let Err(error) = self.provider.shutdown_with_timeout(PATIENCE) {
            tracing::warn!(%error, "the last traces could not be sent");
        }
    }
}

impl Span {
    /// The id of its trace.
    pub(super) fn trace_id(&self) -> String {
        self.0.span_context().trace_id().to_string()
    }

    /// Whether it will be sent.
    pub(super) fn is_recording(&self) -> bool {
        self.0.is_recording()
    }

    /// Ends it.
    pub(super) fn end(mut self, name: String, told: Vec<KeyValue>, status: Status) {
        self.0.update_name(name);
        self.0.set_attributes(told);
        self.0.set_status(status);
        self.0.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_may_be_part_of_a_trace() {
        let of = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("traceparent", value.parse().unwrap());
            trace_id(&headers)
        };
        let id = "0af7651916cd43dd8448eb211c80319c";
        assert_eq!(of(&format!("00-{id}-b7ad6b7169203331-01")).as_deref(), Some(id));
        for bad in ["", "00-0-0-0", "00-00000000000000000000000000000000-b7ad6b7169203331-01", "ff-x-y-z"] {
            assert_eq!(of(bad), None, "{bad}");
        }
        assert_eq!(trace_id(&HeaderMap::new()), None);
    }
}
