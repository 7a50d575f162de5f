//! Sockets that a node listens on.

use crate::exit::Failure;
use std::io::{Error, ErrorKind};
use std::net::SocketAddr;
use tokio::net::{TcpListener, UdpSocket};

/// How often a port of the system's choice is asked for, until it is free for TCP and for UDP.
const ATTEMPTS: usize = 32;

/// What is said where an address can't be had.
pub(super) fn taken(address: SocketAddr) -> impl Fn(Error) -> Failure {
    move |error| {
        Failure::new(format!("{address} can't be listened on: {error}"))
            .hint("is another program on that port? set http.listen or dns.listen in the configuration")
    }
}

/// TCP and UDP on the same port, as resolvers ask for zones (RFC 7766), and where that is.
///
/// The system chooses a port (0) for TCP alone: one that is taken for UDP is left and another one asked for.
///
/// # Errors
///
/// Says which address can't be listened on.
pub(super) async fn both(listen: SocketAddr) -> Result<(TcpListener, UdpSocket, SocketAddr), Failure> {
    both_by(listen, UdpSocket::bind).await
}

/// As [`both`], where `udp` opens the second socket.
async fn both_by(
    listen: SocketAddr,
    udp: impl AsyncFn(SocketAddr) -> Result<UdpSocket, Error>,
) -> Result<(TcpListener, UdpSocket, SocketAddr), Failure> {
    let mut left = if listen.port() == 0 { ATTEMPTS } else { 1 };
    loop {
        left -= 1;
        let tcp = TcpListener::bind(listen).await.map_err(taken(listen))?;
        let bound = tcp.local_addr().map_err(taken(listen))?;
        match udp(bound).await {
            Ok(udp) => return Ok((tcp, udp, bound)),
            Err(error) if error.kind() == ErrorKind::AddrInUse && left > 0 => {}
            Err(error) => return Err(taken(bound)(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[tokio::test]
    async fn a_port_that_is_taken_for_udp_is_left_for_another() {
        let others = Mutex::new(Vec::new());
        let (tcp, udp, bound) = both_by(SocketAddr::from(([127, 0, 0, 1], 0)), async |address| {
            if others.lock().unwrap().len() < 3 {
                others.lock().unwrap().push(std::net::UdpSocket::bind(address).unwrap());
            }
            UdpSocket::bind(address).await
        })
        .await
        .unwrap();
        assert_eq!((tcp.local_addr().unwrap(), udp.local_addr().unwrap()), (bound, bound));
        assert_eq!(others.lock().unwrap().len(), 3);
    }

    #[tokio::test]
    async fn a_port_that_was_asked_for_is_had_or_refused() {
        let other = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = other.local_addr().unwrap();
        let failure = both(address).await.map(|_| ()).unwrap_err();
        assert!(failure.message.contains(&format!("{address} can't be listened on")), "{}", failure.message);
    }
}
