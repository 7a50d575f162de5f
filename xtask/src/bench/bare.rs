//! What there is to be compared with: the same bytes without a node.

use std::convert::Infallible;
use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::objects;

/// Objects a second when envelopes are only written to a file and synced, one after the other.
pub(crate) fn written_and_synced(dir: &Path, envelopes: u64, per_envelope: u64) -> Result<f64> {
    let mut file = tempfile::tempfile_in(dir)?;
    let started = Instant::now();
    for number in 0..envelopes {
        file.write_all(objects::envelope(number * per_envelope, per_envelope).as_bytes())?;
        file.sync_data()?;
    }
    Ok((envelopes * per_envelope) as f64 / started.elapsed().as_secs_f64())
}

/// Serves from the same HTTP library: reads each request whole and answers with `answer`. Gives its address.
pub(crate) async fn serve(status: StatusCode, answer: Bytes) -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let host = listener.local_addr()?.to_string();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = answer.clone();
            let service = service_fn(move |request: Request<Incoming>| {
                let answer = answer.clone();
                async move {
                    // Whatever came is read to its end, as a server has to.
                    let _body = request.into_body().collect().await;
                    let mut response = Response::new(Full::new(answer));
                    *response.status_mut() = status;
                    Ok::<_, Infallible>(response)
                }
            });
            tokio::spawn(async move {
                // A client that goes away is no failure of the measurement.
                let _ = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    });
    Ok(host)
}
