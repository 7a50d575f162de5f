//! One client: one connection, one request after the other.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

const TAXII: &str = "application/taxii+json;version=2.1";

/// A connection with a credential.
pub(crate) struct Client {
    send: SendRequest<Full<Bytes>>,
    host: String,
    authorization: String,
    /// What a page has set, and what forms carry that were shown with it.
    cookie: String,
    form: String,
}

impl Client {
    /// Connects to `host` (address and port), with a user and its token if it has one.
    pub(crate) async fn connect(host: &str, credential: Option<(&str, &str)>) -> Result<Self> {
        let credential =
            credential.map(|(user, token)| format!("Basic {}", STANDARD.encode(format!("{user}:{token}"))));
        let stream = TcpStream::connect(host).await.with_context(|| format!("{host} does not answer"))?;
        stream.set_nodelay(true)?;
        let (send, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let (authorization, host) = (credential.unwrap_or_default(), host.to_owned());
        Ok(Self { send, host, authorization, cookie: String::new(), form: String::new() })
    }

    async fn ask(&mut self, method: Method, path: &str, body: String) -> Result<(StatusCode, Bytes)> {
        let mut request = Request::builder()
            .method(&method)
            .uri(path)
            .header("host", &self.host)
            .header("accept", if path.starts_with("/api/") { TAXII } else { "*/*" });
        if !self.authorization.is_empty() {
            request = request.header("authorization", &self.authorization);
        }
        if method == Method::POST {
            request = request.header("content-type", TAXII);
        }
        self.send.ready().await?;
        let response = self.send.send_request(request.body(Full::new(body.into()))?).await?;
        let status = response.status();
        let body =
            tokio::time::timeout(Duration::from_secs(60), response.into_body().collect()).await??.to_bytes();
        Ok((status, body))
    }

    /// Posts an envelope; everything in it must be taken.
    pub(crate) async fn post(&mut self, path: &str, envelope: String) -> Result<()> {
        let (status, body) = self.ask(Method::POST, path, envelope).await?;
        let taken = memchr::memmem::rfind(&body, b"\"failure_count\":0,").is_some();
        if status != StatusCode::ACCEPTED || !taken {
            bail!(
                "{status}: {}",
                String::from_utf8_lossy(body.get(..body.len().min(400)).unwrap_or_default())
            );
        }
        Ok(())
    }

    /// Posts a body, and gives what is answered.
    pub(crate) async fn post_for(&mut self, path: &str, body: String) -> Result<Bytes> {
        let (status, body) = self.ask(Method::POST, path, body).await?;
        if status != StatusCode::OK {
            bail!("{path}: {status}: {}", String::from_utf8_lossy(&body));
        }
        Ok(body)
    }

    /// Looks at what may not be there, and gives the status of the answer once all of it has come.
    pub(crate) async fn look(&mut self, path: &str) -> Result<StatusCode> {
        Ok(self.ask(Method::GET, path, String::new()).await?.0)
    }

    /// Posts JSON, and gives the status of the answer once all of it has come.
    pub(crate) async fn post_and_look(&mut self, path: &str, body: String) -> Result<StatusCode> {
        Ok(self.ask(Method::POST, path, body).await?.0)
    }

    /// Opens a page that has a form, whose fields [`Client::fill_in`] then sends.
    pub(crate) async fn open_form(&mut self, path: &str) -> Result<()> {
        let request = Request::builder().uri(path).header("host", &self.host);
        self.send.ready().await?;
        let page = self.send.send_request(request.body(Full::default())?).await?;
        let cookies = page.headers().get_all("set-cookie").iter().filter_map(|set| set.to_str().ok());
        let cookies: Vec<&str> = cookies.filter_map(|set| set.split(';').next()).collect();
        self.cookie = cookies.join("; ");
        let page = page.into_body().collect().await?.to_bytes();
        let page = String::from_utf8_lossy(&page);
        let form = page.split_once("name=\"form\" value=\"").and_then(|(_, rest)| rest.split('"').next());
        form.context("the page has no form")?.clone_into(&mut self.form);
        Ok(())
    }

    /// Sends a form's fields, which need no escapes; gives the status of the answer once all of it has come.
    pub(crate) async fn fill_in(&mut self, path: &str, fields: &str) -> Result<StatusCode> {
        ensure!(!self.form.is_empty(), "no form was opened");
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header("host", &self.host)
            .header("origin", format!("http://{}", self.host))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("cookie", &self.cookie);
        let body = format!("{fields}&form={}", self.form);
        self.send.ready().await?;
        let response = self.send.send_request(request.body(Full::new(body.into()))?).await?;
        let status = response.status();
        tokio::time::timeout(Duration::from_secs(60), response.into_body().collect()).await??;
        Ok(status)
    }

    /// Gets a page.
    pub(crate) async fn get(&mut self, path: &str) -> Result<Bytes> {
        let (status, body) = self.ask(Method::GET, path, String::new()).await?;
        if status != StatusCode::OK {
            bail!("{path}: {status}: {}", String::from_utf8_lossy(&body));
        }
        Ok(body)
    }
}
