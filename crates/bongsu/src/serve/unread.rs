//! Answers that are given before a request's body was read: refusals, mostly.
//!
//! The rest of such a body is still on its way. A socket that is closed meanwhile tells its peer that the connection broke,
//! and what was answered may be lost with it: who sends something too long would see a broken pipe, and not how long it may be.
//! So the answer says that the connection ends (RFC 9112, section 9.6), and what still comes is taken and thrown away until
//! the peer closes too, but not for ever, and not for long where the node stops. Over HTTP/2 a stream is reset without the connection, so there it is
//! not needed.

use axum::http::header::{CONNECTION, HeaderValue};
use axum::response::Response;
use hyper::Version;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use std::io;
use std::io::IoSlice;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;

/// Time in which a peer may go on sending what is not read any more.
const LINGER: Duration = Duration::from_secs(30);
/// The same where the node stops.
const LINGER_STOP: Duration = Duration::from_secs(1);
/// Bytes that are thrown away at a time.
const TAKEN: usize = 16 << 10;

/// Whether a body that came on a connection was left unread.
#[derive(Debug, Clone, Default)]
pub(super) struct Unread(Arc<AtomicBool>);

impl Unread {
    /// A request's body, watched.
    pub(super) fn watch(&self, request: hyper::Request<Incoming>) -> hyper::Request<Watched> {
        let unread = (request.version() < Version::HTTP_2).then(|| self.clone());
        request.map(|body| Watched { body, unread })
    }

    /// Says in the answer that the connection ends, if it has to.
    pub(super) fn tell(&self, answer: &mut Response) {
        if self.is_left() {
            answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
    }

    fn is_left(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A body that tells when it is given up before its end.
pub(super) struct Watched<B: Body = Incoming> {
    body: B,
    unread: Option<Unread>,
}

impl<B: Body + Unpin> Body for Watched<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if frame.is_none() {
            self.unread = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B: Body> Drop for Watched<B> {
    fn drop(&mut self) {
        if let Some(unread) = self.unread.take().filter(|_| !self.body.is_end_stream()) {
            unread.0.store(true, Ordering::Relaxed);
        }
    }
}

/// A socket that is closed only when its peer has seen what it was answered, if a body was left unread.
pub(super) struct Lingering<T> {
    socket: T,
    unread: Unread,
    stop: watch::Receiver<bool>,
    linger: Duration,
    /// Runs from the moment at which our side was closed, until it was waited long enough.
    closed: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

/// Waits as long as a peer may go on; less from when the node stops.
async fn enough(linger: Duration, mut stop: watch::Receiver<bool>) {
    let stops = async {
        // Who could stop it is gone: that is a stop as well.
        drop(stop.wait_for(|stops| *stops).await);
        tokio::time::sleep(LINGER_STOP).await;
    };
    tokio::select! {
        () = stops => {}
        () = tokio::time::sleep(linger) => {}
    }
}

impl<T> Lingering<T> {
    /// `stop` turns true when the node stops.
    pub(super) fn new(socket: T, unread: Unread, stop: watch::Receiver<bool>) -> Self {
        Self { socket, unread, stop, linger: LINGER, closed: None }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Lingering<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(context, buffer)
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Lingering<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.closed.is_none() {
            ready!(Pin::new(&mut this.socket).poll_shutdown(context))?;
            if !this.unread.is_left() {
                return Poll::Ready(Ok(()));
            }
        }
        let (linger, stop) = (this.linger, &this.stop);
        let closed = this.closed.get_or_insert_with(|| Box::pin(enough(linger, stop.clone())));
        if closed.as_mut().poll(context).is_ready() {
            return Poll::Ready(Ok(()));
        }
        let mut taken = [0; TAKEN];
        loop {
            let mut buffer = ReadBuf::new(&mut taken);
            let read = ready!(Pin::new(&mut this.socket).poll_read(context, &mut buffer));
            // A peer that breaks off has seen enough.
            if read.is_err() || buffer.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::{BodyExt as _, Full};
    use hyper::body::Bytes;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    fn watched(bytes: &'static [u8]) -> (Watched<Full<Bytes>>, Unread) {
        let unread = Unread::default();
        (Watched { body: Full::new(Bytes::from_static(bytes)), unread: Some(unread.clone()) }, unread)
    }

    #[tokio::test]
    async fn a_body_is_left_if_it_is_given_up_before_its_end() {
        let (empty, unread) = watched(b"");
        drop(empty);
        assert!(!unread.is_left(), "there was nothing to read");

        let (whole, unread) = watched(b"a body");
        assert_eq!(whole.collect().await.unwrap().to_bytes(), "a body");
        assert!(!unread.is_left());

        let (refused, unread) = watched(b"a body");
        drop(refused);
        assert!(unread.is_left());
        let mut answer = Response::default();
        unread.tell(&mut answer);
        assert_eq!(answer.headers()[CONNECTION], "close");
    }

    #[tokio::test]
    async fn a_socket_takes_what_still_comes_before_it_is_closed() {
        let unread = Unread::default();
        let (ours, mut theirs) = tokio::io::duplex(16);
        let (_stop, stops) = watch::channel(false);
        let mut ours = Lingering::new(ours, unread.clone(), stops);
        unread.0.store(true, Ordering::Relaxed);
        let closing = tokio::spawn(async move { ours.shutdown().await });
        theirs.write_all(&[0; 1_000]).await.unwrap();
        assert_eq!(theirs.read(&mut [0; 16]).await.unwrap(), 0, "our side is closed");
        assert!(!closing.is_finished());
        drop(theirs);
        closing.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn who_goes_on_for_ever_is_left_and_who_owes_nothing_is_not_waited_for() {
        let unread = Unread::default();
        let (ours, theirs) = tokio::io::duplex(16);
        let (_stop, stops) = watch::channel(false);
        let mut ours =
            Lingering { linger: Duration::from_millis(50), ..Lingering::new(ours, unread.clone(), stops) };
        ours.shutdown().await.unwrap();
        assert!(ours.closed.is_none());
        unread.0.store(true, Ordering::Relaxed);
        ours.shutdown().await.unwrap();
        drop(theirs);
    }

    #[tokio::test]
    async fn a_node_that_stops_waits_for_nobody_for_long() {
        let unread = Unread::default();
        unread.0.store(true, Ordering::Relaxed);
        let (ours, theirs) = tokio::io::duplex(16);
        let (stop, stops) = watch::channel(false);
        let mut ours =
            Lingering { linger: Duration::from_secs(86_400), ..Lingering::new(ours, unread, stops) };
        let closing = tokio::spawn(async move { ours.shutdown().await });
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(!closing.is_finished());
        stop.send_replace(true);
        closing.await.unwrap().unwrap();
        drop(theirs);
    }
}
