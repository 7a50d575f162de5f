//! Methods of an Electrum server, called over one connection: a line of JSON-RPC a message, over TCP or TLS.
//!
//! Results are handed on as the texts that came. What the server says unasked (notifications) is passed over. After an error the
//! connection is of no use any more: a late answer would be taken for another's.
//!
//! Source: Electrum protocol 1.4 (ElectrumX documentation, "Protocol Basics"): messages end with a line feed.

mod trust;

use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::error::PullError;
use super::reach::Reach;
use super::rpc::{BATCH_MAX, Call, Reply, RpcError, Told, no_result, request, told};
use reqwest::Url;

pub use trust::Trust;

/// Versions of the protocol that are spoken, from and to. Later ones name things otherwise.
const VERSIONS: [&str; 2] = ["1.4", "1.4.3"];
/// Messages that are passed over while an answer is waited for.
const PASSED_MAX: usize = 1_000;
/// Characters of what a server calls itself that are kept.
const SOFTWARE_CHARS_MAX: usize = 60;

/// What is put up with.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of a line. A transaction of 4 MB takes 8.
    pub line_bytes_max: usize,
    /// Bytes of the answers to a batch together.
    pub batch_bytes_max: usize,
    /// Time in which a connection must stand, TLS included.
    pub connect_timeout: Duration,
    /// Time without a byte after which an answer is given up.
    pub read_timeout: Duration,
    /// Time after which the answers to a batch are given up, however much of them comes.
    pub answer_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            line_bytes_max: 16 << 20,
            batch_bytes_max: 64 << 20,
            connect_timeout: Duration::from_secs(15),
            read_timeout: Duration::from_secs(30),
            answer_timeout: Duration::from_secs(120),
        }
    }
}

/// Where a server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    host: String,
    port: u16,
    is_tls: bool,
}

impl Server {
    /// Reads `ssl://HOST:PORT` (TLS) or `tcp://HOST:PORT`. `None` if it is neither.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let url = text.parse::<Url>().ok()?;
        let is_tls = match url.scheme() {
            "ssl" => true,
            "tcp" => false,
            _ => return None,
        };
        let is_bare = matches!(url.path(), "" | "/") && url.username().is_empty() && url.password().is_none();
        let host = url.host_str().filter(|host| !host.is_empty() && is_bare)?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        let has_rest = url.query().is_some() || url.fragment().is_some();
        Some(Self { host, port: url.port().filter(|_| !has_rest)?, is_tls })
    }

    /// Its name or address, in lower case and without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether it is asked over TLS.
    #[must_use]
    pub const fn is_tls(&self) -> bool {
        self.is_tls
    }

    fn shown(&self) -> String {
        let bracketed = self.host.contains(':').then(|| format!("[{}]", self.host));
        let scheme = if self.is_tls { "ssl" } else { "tcp" };
        format!("{scheme}://{}:{}", bracketed.as_deref().unwrap_or(&self.host), self.port)
    }
}

/// A connection, encrypted or not.
trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// A connection to a server.
pub struct Electrum {
    shown: String,
    stream: BufReader<Box<dyn Wire>>,
    limits: Limits,
    next: u64,
    software: String,
}

impl Electrum {
    /// Connects, and agrees on a version of the protocol.
    ///
    /// # Errors
    /// [`RpcError`].
    pub async fn connect(
        server: &Server,
        trust: &Trust,
        reach: &Reach,
        limits: Limits,
    ) -> Result<Self, RpcError> {
        let shown = server.shown();
        let failed = |why: String| PullError::Unreachable { url: shown.clone(), why };
        let stands = async {
            let addresses = reach.addresses(&server.host, server.port).await?;
            let stream =
                TcpStream::connect(&addresses[..]).await.map_err(|error| failed(error.to_string()))?;
            // Small questions are not to wait for each other.
            stream.set_nodelay(true).map_err(|error| failed(error.to_string()))?;
            Ok::<Box<dyn Wire>, PullError>(match server.is_tls {
                false => Box::new(stream),
                true => {
                    let stream = trust.around(stream, &server.host).await?;
                    Box::new(stream.map_err(|error| failed(format!("TLS: {error}")))?)
                }
            })
        };
        let stream = timeout(limits.connect_timeout, stands).await;
        let stream = stream.map_err(|_| failed("no connection stands in time".to_owned()))??;
        let mut server = Self {
            shown,
            stream: BufReader::with_capacity(64 << 10, stream),
            limits,
            next: 0,
            software: String::new(),
        };
        let name = concat!("bongsu ", env!("CARGO_PKG_VERSION"));
        let call = Call::new("server.version", [name.into(), VERSIONS.as_slice().into()]);
        let told = server.call(&call).await?;
        let told: (String, String) =
            serde_json::from_str(told.get()).map_err(|error| server.malformed(error.to_string()))?;
        server.software =
            told.0.chars().filter(|character| !character.is_control()).take(SOFTWARE_CHARS_MAX).collect();
        Ok(server)
    }

    /// What the server says it is.
    #[must_use]
    pub fn software(&self) -> &str {
        &self.software
    }

    /// Calls one method.
    ///
    /// # Errors
    /// [`RpcError`].
    pub async fn call(&mut self, call: &Call) -> Result<Box<serde_json::value::RawValue>, RpcError> {
        let told = self.batch(std::slice::from_ref(call)).await?;
        let told = told.into_iter().next().ok_or_else(|| self.malformed(no_result(call.method)))?;
        told.map_err(RpcError::Refused)
    }

    /// Calls several methods, without waiting for one answer before the next question. The results are in the order of the calls.
    ///
    /// # Errors
    /// [`RpcError`]; never [`RpcError::Refused`].
    pub async fn batch(&mut self, calls: &[Call]) -> Result<Vec<Told>, RpcError> {
        if calls.len() > BATCH_MAX {
            return Err(RpcError::TooMany(calls.len()));
        }
        let answers = timeout(self.limits.answer_timeout, self.answers(calls)).await;
        answers.map_err(|_| self.unreachable("the answers take too long"))?
    }

    async fn answers(&mut self, calls: &[Call]) -> Result<Vec<Told>, RpcError> {
        let first = self.next;
        self.next = self.next.saturating_add(calls.len() as u64);
        let mut text = String::new();
        for (id, call) in (first..).zip(calls) {
            text.push_str(&request(id, call).to_string());
            text.push('\n');
        }
        let sent = async {
            self.stream.write_all(text.as_bytes()).await?;
            self.stream.flush().await
        };
        sent.await.map_err(|error| self.unreachable(&error.to_string()))?;
        let mut all: Vec<Option<Told>> = calls.iter().map(|_| None).collect();
        let (mut missing, mut passed, mut left) = (calls.len(), 0, self.limits.batch_bytes_max);
        while missing > 0 {
            let line = self.line(left).await?;
            left -= line.len();
            let reply: Reply =
                serde_json::from_slice(&line).map_err(|error| self.malformed(error.to_string()))?;
            if reply.method.is_some() {
                passed += 1;
                if passed > PASSED_MAX {
                    return Err(self
                        .malformed("it says much that was not asked for, and no answer".to_owned())
                        .into());
                }
                continue;
            }
            let id = reply.id;
            let at = id.and_then(|id| usize::try_from(id.checked_sub(first)?).ok());
            let place = at.and_then(|at| Some((calls.get(at)?, all.get_mut(at)?)));
            let Some((call, place @ None)) = place else {
                return Err(self.malformed(not_asked(id, &told("", reply).1.err())).into());
            };
            *place = Some(match told(call.method, reply).1 {
                Ok(result) => Ok(result.ok_or_else(|| self.malformed(no_result(call.method)))?),
                Err(refusal) => Err(refusal),
            });
            missing -= 1;
        }
        Ok(all.into_iter().flatten().collect())
    }

    /// The next line, without its end; at most so long.
    async fn line(&mut self, most: usize) -> Result<Vec<u8>, PullError> {
        let mut line = Vec::new();
        let (most, limit_bytes) = match most < self.limits.line_bytes_max {
            true => (most, self.limits.batch_bytes_max),
            false => (self.limits.line_bytes_max, self.limits.line_bytes_max),
        };
        loop {
            let part = timeout(self.limits.read_timeout, self.stream.fill_buf()).await;
            let part = match part {
                Ok(Ok([])) => return Err(self.unreachable("the connection was ended")),
                Ok(Ok(part)) => part,
                Ok(Err(error)) => return Err(self.unreachable(&error.to_string())),
                Err(_) => return Err(self.unreachable("nothing comes")),
            };
            let end = memchr::memchr(b'\n', part);
            let taken = end.unwrap_or(part.len());
            if line.len() + taken > most {
                return Err(PullError::TooLarge { url: self.shown.clone(), limit_bytes });
            }
            line.extend_from_slice(&part[..taken]);
            self.stream.consume(taken + usize::from(end.is_some()));
            if end.is_some() {
                return Ok(line);
            }
        }
    }

    fn unreachable(&self, why: &str) -> PullError {
        PullError::Unreachable { url: self.shown.clone(), why: why.to_owned() }
    }

    fn malformed(&self, what: String) -> PullError {
        PullError::Malformed { url: self.shown.clone(), what }
    }
}

/// What to say of an answer that was not asked for. Without a number it says that the server understood nothing, mostly.
fn not_asked(id: Option<u64>, refusal: &Option<super::rpc::Refusal>) -> String {
    match (id, refusal) {
        (None, Some(refusal)) => format!("it says `{}` and not to which call", refusal.message),
        _ => "it answers a call that was not made, or one twice".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tokio::net::TcpListener;

    use super::*;

    type Says = fn(&Value) -> String;

    /// A server that says of each line that comes what `says`, and is connected to.
    async fn server(says: Says) -> Result<Electrum, RpcError> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let mut stream = BufReader::new(stream);
                let mut line = String::new();
                while stream.read_line(&mut line).await.is_ok_and(|count| count > 0) {
                    let asked: Value = serde_json::from_str(&line).unwrap();
                    let text = match asked["method"] == "server.version" && asked["params"][1][0] == "1.4" {
                        true => answer(&asked, &json!(["Test\u{1b} 1", "1.4"])),
                        false => says(&asked),
                    };
                    // Who asked may be gone.
                    let _is_gone = stream.write_all(text.as_bytes()).await;
                    let _is_gone = stream.flush().await;
                    if text.is_empty() {
                        return;
                    }
                    line.clear();
                }
            }
        });
        let limits = Limits {
            line_bytes_max: 1_000,
            batch_bytes_max: 100_000,
            read_timeout: Duration::from_secs(20),
            ..Limits::default()
        };
        let server = Server::read(&format!("tcp://{at}")).unwrap();
        Electrum::connect(&server, &Trust::System, &Reach::Anywhere, limits).await
    }

    fn answer(asked: &Value, result: &Value) -> String {
        format!("{}\n", json!({"jsonrpc": "2.0", "id": asked["id"], "result": result}))
    }

    fn calls(count: u64) -> Vec<Call> {
        (0..count).map(|at| Call::new("double", [Value::from(at)])).collect()
    }

    #[tokio::test]
    async fn answers_come_in_the_order_of_the_calls_and_what_was_not_asked_is_passed_over() {
        let server = server(|asked| {
            let number = asked["params"][0].as_u64().unwrap();
            let id = asked["id"].as_u64().unwrap();
            let notice = "{\"jsonrpc\":\"2.0\",\"method\":\"blockchain.headers.subscribe\",\"params\":[{\"height\":7}]}\n";
            match number {
                // The answer to the next one comes first.
                1 => format!("{notice}{}", answer(&json!({"id": id + 1}), &json!(4))),
                2 => answer(&json!({"id": id - 1}), &json!(2)),
                3 => format!("{}\n", json!({"id": id, "error": {"code": 1, "message": "no three"}})),
                _ => answer(asked, &json!(number * 2)),
            }
        });
        let mut server = server.await.unwrap();
        assert_eq!(server.software(), "Test 1");
        let told = server.batch(&calls(5)).await.unwrap();
        let results: Vec<&str> =
            told.iter().map(|told| told.as_ref().map_or("none", |told| told.get())).collect();
        assert_eq!(results, ["0", "2", "4", "none", "8"]);
        assert_eq!(told[3].as_ref().unwrap_err().to_string(), "double: no three (1)");
        assert!(matches!(server.call(&calls(4)[3]).await, Err(RpcError::Refused(_))));
        assert_eq!(server.call(&calls(8)[7]).await.unwrap().get(), "14");
        assert!(matches!(server.batch(&calls(101)).await, Err(RpcError::TooMany(101))));
        assert!(server.batch(&[]).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn what_is_no_answer_is_told() {
        let cases: [(Says, &str); 9] = [
            (|_| "hello\n".to_owned(), "does not know"),
            (|asked| answer(&json!({"id": asked["id"].as_u64().unwrap() + 9}), &json!(1)), "not made"),
            (
                |_| format!("{}\n", json!({"id": null, "error": {"code": -32600, "message": "excessive"}})),
                "excessive",
            ),
            (|asked| format!("{}\n", json!({"id": asked["id"]})), "neither a result"),
            (|_| "x".repeat(2_000), "longer than 1000 bytes"),
            (
                |asked| {
                    format!("{{\"method\":\"noise\",\"params\":[\"{}\"]}}\n", "x".repeat(900)).repeat(100)
                        + &answer(asked, &json!(1))
                        + &format!("{{\"method\":\"noise\",\"params\":[\"{}\"]}}\n", "x".repeat(900))
                            .repeat(30)
                },
                "longer than 100000 bytes",
            ),
            (|_| String::new(), "the connection was ended"),
            (|_| "{\"method\":\"noise\",\"params\":[]}\n".repeat(1_100), "not asked for"),
            (|asked| format!("{}{}", answer(asked, &json!(1)), answer(asked, &json!(2))), "one twice"),
        ];
        for (says, why) in cases {
            let mut server = server(says).await.unwrap();
            let told = server.batch(&calls(2)).await.unwrap_err().to_string();
            assert!(told.contains(why), "{why}: {told}");
        }
    }

    #[tokio::test]
    async fn a_server_is_only_where_it_may_be() {
        for bad in [
            "http://a.example:1",
            "tcp://a.example",
            "tcp://:50001",
            "ssl://u@a.example:1",
            "ssl://a.example:1/x",
            "a",
        ] {
            assert_eq!(Server::read(bad), None, "{bad}");
        }
        let server = Server::read("ssl://[2001:DB8::1]:50002").unwrap();
        assert_eq!(
            (server.host(), server.is_tls(), server.shown().as_str()),
            ("2001:db8::1", true, "ssl://[2001:db8::1]:50002")
        );
        let reach = Reach::Public { except: std::collections::BTreeSet::new() };
        // Also as a number, which the system takes for an address.
        for inside in
            ["tcp://127.0.0.1:9", "tcp://localhost:9", "tcp://2130706433:9", "tcp://[::ffff:10.0.0.1]:9"]
        {
            let server = Server::read(inside).unwrap();
            let told = Electrum::connect(&server, &Trust::System, &reach, Limits::default()).await;
            let told = told.err().unwrap();
            assert!(matches!(told, RpcError::Pull(PullError::NotPublic { .. })), "{inside}: {told}");
        }
    }
}
