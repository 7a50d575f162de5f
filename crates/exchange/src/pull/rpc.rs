//! Methods of another server, called over JSON-RPC 2.0: one, or many in a batch.
//!
//! Answers are handed on as the texts that came, for the caller to read. Only what can be repeated is to be called.
//!
//! Source: JSON-RPC 2.0 specification, sections 4 to 6. Servers that leave `jsonrpc` out are put up with.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::error::PullError;
use super::http::{Http, shown};
use reqwest::Url;

/// Calls in one batch, at most.
pub const BATCH_MAX: usize = 100;
/// Characters of a server's message that are passed on.
const MESSAGE_CHARS_MAX: usize = 300;
/// What is sent, and expected.
const JSON: &str = "application/json";

/// A call of a method.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Its name.
    pub method: &'static str,
    /// What it is called with, in order.
    pub params: Vec<Value>,
}

impl Call {
    /// A call of `method` with `params`.
    pub fn new(method: &'static str, params: impl Into<Vec<Value>>) -> Self {
        Self { method, params: params.into() }
    }
}

/// A server's refusal of one call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{method}: {message} ({code})")]
pub struct Refusal {
    /// The method.
    pub method: &'static str,
    /// The server's number for it.
    pub code: i64,
    /// The server's words, cut to a few and without control characters.
    pub message: String,
}

/// Why a call has no result.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum RpcError {
    /// The server gave no answer that is one.
    #[error(transparent)]
    Pull(#[from] PullError),
    /// It refuses.
    #[error("{0}")]
    Refused(Refusal),
    /// More calls than go in one batch: the caller's mistake.
    #[error("{0} calls at once; the limit is {BATCH_MAX}")]
    TooMany(usize),
}

/// A result, or why there is none, of one call of a batch.
pub type Told = Result<Box<RawValue>, Refusal>;

/// Calls methods of one server.
#[derive(Clone)]
pub struct Rpc {
    http: Http,
    url: Url,
    next: Arc<AtomicU64>,
}

#[derive(Deserialize)]
pub(super) struct Reply {
    pub(super) id: Option<u64>,
    /// What is called: of what a server says unasked, where the connection is one that stays.
    pub(super) method: Option<String>,
    #[serde(default, deserialize_with = "there")]
    result: Option<Box<RawValue>>,
    error: Option<Fault>,
}

/// A result that is `null` is one.
fn there<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(deserializer).map(Some)
}

#[derive(Deserialize)]
struct Fault {
    #[serde(default)]
    code: i64,
    #[serde(default)]
    message: String,
}

impl Rpc {
    /// Makes ready to call methods at `url`.
    #[must_use]
    pub fn new(http: Http, url: Url) -> Self {
        Self { http, url, next: Arc::new(AtomicU64::new(1)) }
    }

    /// Calls one method. The result is its JSON; `null` if it is none.
    ///
    /// # Errors
    /// [`RpcError`]. After [`RpcError::Pull`] it may be tried again, if [`PullError::passes`].
    pub async fn call(&self, call: &Call) -> Result<Box<RawValue>, RpcError> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let body = self.post(&request(id, call)).await?;
        let reply: Reply = self.read(&body)?;
        match told(call.method, reply) {
            (_, Err(refusal)) => Err(RpcError::Refused(refusal)),
            (Some(got), _) if got != id => Err(self.malformed(format!("it answers call {got}, not {id}"))),
            (None, _) => Err(self.malformed("the answer does not say of which call it is".to_owned())),
            (_, Ok(result)) => result.ok_or_else(|| self.malformed(no_result(call.method))),
        }
    }

    /// Calls several methods at once. The results are in the order of the calls, whatever the server's is.
    ///
    /// # Errors
    /// As [`Rpc::call`]; [`RpcError::Refused`] if the server refuses all at once, as those do that know no batches;
    /// [`RpcError::TooMany`].
    pub async fn batch(&self, calls: &[Call]) -> Result<Vec<Told>, RpcError> {
        if calls.len() > BATCH_MAX {
            return Err(RpcError::TooMany(calls.len()));
        }
        let Some(method) = calls.first().map(|call| call.method) else { return Ok(Vec::new()) };
        let first = self.next.fetch_add(calls.len() as u64, Ordering::Relaxed);
        let requests: Vec<Value> = (first..).zip(calls).map(|(id, call)| request(id, call)).collect();
        let body = self.post(&Value::from(requests)).await?;
        if body.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'[') {
            let reply: Reply = self.read(&body)?;
            return match told(method, reply).1 {
                Err(refusal) => Err(RpcError::Refused(refusal)),
                Ok(_) => Err(self.malformed("one answer to several calls".to_owned())),
            };
        }
        let replies: Vec<Reply> = self.read(&body)?;
        let mut all: Vec<Option<Told>> = calls.iter().map(|_| None).collect();
        for reply in replies {
            let at = reply.id.and_then(|id| usize::try_from(id.checked_sub(first)?).ok());
            let place = at.and_then(|at| Some((calls.get(at)?, all.get_mut(at)?)));
            let Some((call, place @ None)) = place else {
                return Err(self.malformed("it answers a call that was not made, or one twice".to_owned()));
            };
            *place = Some(match told(call.method, reply).1 {
                Ok(result) => Ok(result.ok_or_else(|| self.malformed(no_result(call.method)))?),
                Err(refusal) => Err(refusal),
            });
        }
        let all: Option<Vec<Told>> = all.into_iter().collect();
        all.ok_or_else(|| self.malformed("it answers some of the calls and not all".to_owned()))
    }

    async fn post(&self, body: &Value) -> Result<Vec<u8>, RpcError> {
        Ok(self.http.post(&self.url, JSON, JSON, &body.to_string()).await?.body)
    }

    fn read<'a, T: Deserialize<'a>>(&self, body: &'a [u8]) -> Result<T, RpcError> {
        serde_json::from_slice(body).map_err(|error| self.malformed(error.to_string()))
    }

    fn malformed(&self, what: String) -> RpcError {
        PullError::Malformed { url: shown(&self.url), what }.into()
    }
}

pub(super) fn request(id: u64, call: &Call) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": call.method, "params": call.params})
}

pub(super) fn no_result(method: &str) -> String {
    format!("{method} has neither a result nor an error")
}

/// What a reply says, and of which call.
pub(super) fn told(
    method: &'static str,
    reply: Reply,
) -> (Option<u64>, Result<Option<Box<RawValue>>, Refusal>) {
    let result = match reply.error {
        Some(Fault { code, message }) => {
            let message = message.chars().filter(|character| !character.is_control());
            Err(Refusal { method, code, message: message.take(MESSAGE_CHARS_MAX).collect() })
        }
        None => Ok(reply.result),
    };
    (reply.id, result)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::Router;
    use axum::routing::post;
    use stix::Timestamp;

    use super::*;
    use crate::pull::{Limits, Remote};

    /// A server that answers each request by `answers`.
    async fn rpc(answers: fn(Value) -> Value) -> Rpc {
        let router = Router::new().route(
            "/",
            post(async move |body: String| answers(serde_json::from_str(&body).unwrap()).to_string()),
        );
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let limits = Limits { attempts: 1, read_timeout: Duration::from_secs(5), ..Limits::default() };
        let now = Arc::new(|| Timestamp::parse("2026-11-24T12:00:00Z").unwrap());
        Rpc::new(Http::new(Remote { limits, ..Remote::default() }, now).unwrap(), url)
    }

    fn calls(count: usize) -> Vec<Call> {
        (0..count).map(|at| Call::new("double", [Value::from(at)])).collect()
    }

    fn reply(request: &Value) -> Value {
        match request["params"][0].as_u64().unwrap() {
            7 => {
                json!({"jsonrpc": "2.0", "id": request["id"], "error": {"code": -32601, "message": "no\u{1b}[1m seven"}})
            }
            9 => json!({"jsonrpc": "2.0", "id": request["id"], "result": null}),
            number => json!({"jsonrpc": "2.0", "id": request["id"], "result": number * 2}),
        }
    }

    #[tokio::test]
    async fn results_come_in_the_order_of_the_calls() {
        let rpc = rpc(|asked| match asked {
            Value::Array(all) => all.iter().rev().map(reply).collect(),
            one => reply(&one),
        })
        .await;
        assert_eq!(rpc.call(&calls(5)[4]).await.unwrap().get(), "8");
        let told = rpc.batch(&calls(10)).await.unwrap();
        let results: Vec<&str> = told.iter().filter_map(|told| Some(told.as_ref().ok()?.get())).collect();
        assert_eq!(results, ["0", "2", "4", "6", "8", "10", "12", "16", "null"]);
        let refused = told[7].as_ref().unwrap_err();
        assert_eq!((refused.code, refused.message.as_str()), (-32601, "no[1m seven"));
        assert!(matches!(rpc.call(&calls(8)[7]).await, Err(RpcError::Refused(_))));
        assert!(rpc.batch(&[]).await.unwrap().is_empty());
        assert!(matches!(rpc.batch(&calls(101)).await, Err(RpcError::TooMany(101))));
    }

    /// What the answers below are no answers for.
    async fn bad(answers: fn(Value) -> Value) -> String {
        let rpc = rpc(answers).await;
        let (one, all) = (rpc.call(&calls(1)[0]).await.err(), rpc.batch(&calls(3)).await.err());
        format!("{:?} {:?}", one.map(|error| error.to_string()), all.map(|error| error.to_string()))
    }

    #[tokio::test]
    async fn answers_to_other_calls_are_told() {
        let told = bad(|asked| match asked {
            Value::Array(all) => all.iter().take(2).map(reply).collect(),
            mut one => {
                one["id"] = 77_000.into();
                reply(&one)
            }
        });
        let told = told.await;
        assert!(told.contains("answers call 77000") && told.contains("some of the calls"), "{told}");
        let told = bad(|asked| match asked {
            Value::Array(all) => [&all[0], &all[0], &all[1]].into_iter().map(reply).collect(),
            _ => json!({"result": 1}),
        });
        let told = told.await;
        assert!(told.contains("does not say of which") && told.contains("one twice"), "{told}");
        let told = bad(|asked| match asked {
            Value::Array(_) => json!({"id": null, "error": {"code": -32600, "message": "no batches"}}),
            one => json!({"id": one["id"]}),
        });
        let told = told.await;
        assert!(told.contains("neither a result") && told.contains("no batches (-32600)"), "{told}");
        let told = bad(|_| "hello".into()).await;
        assert!(told.matches("does not know").count() == 2, "{told}");
    }
}
