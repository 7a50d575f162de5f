//! What systemd is told of the service: that it is ready, that it is stopping, that it still runs.
//!
//! Source: sd_notify(3): datagrams to the socket that `NOTIFY_SOCKET` names, `WATCHDOG=1` at least every `WATCHDOG_USEC` microseconds.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// Whom to tell.
#[derive(Debug, Clone, Default)]
pub(crate) struct Systemd {
    socket: Option<OsString>,
    every: Option<Duration>,
}

impl Systemd {
    /// As the environment says; nobody is told, if it says nothing.
    pub(crate) fn of_environment() -> Self {
        let watchdog = std::env::var("WATCHDOG_USEC").ok().and_then(|text| text.parse::<u64>().ok());
        let is_ours = std::env::var("WATCHDOG_PID").map_or(true, |pid| pid.parse() == Ok(std::process::id()));
        Self {
            socket: std::env::var_os("NOTIFY_SOCKET"),
            // Half of it, as the manual says.
            every: watchdog
                .filter(|micros| is_ours && *micros > 1)
                .map(|micros| Duration::from_micros(micros / 2)),
        }
    }

    /// Tells something; that it can't be told is no reason not to serve.
    pub(crate) fn tell(&self, what: &str) {
        let Some(socket) = &self.socket else { return };
        if let Err(error) = send(socket, what) {
            tracing::warn!(%error, "systemd can't be told that {what}");
        }
    }

    /// Tells that the service still runs, as often as is asked for; never ends.
    pub(crate) async fn watchdog(self) {
        let Some(every) = self.every else { return std::future::pending().await };
        let mut tick = tokio::time::interval(every);
        loop {
            tick.tick().await;
            self.tell("WATCHDOG=1");
        }
    }
}

fn send(socket: &OsStr, what: &str) -> io::Result<()> {
    let address = match socket.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
        _ => SocketAddr::from_pathname(socket)?,
    };
    UnixDatagram::unbound()?.send_to_addr(what.as_bytes(), &address).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn systemd_is_told_over_its_socket() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let systemd = Systemd { socket: Some(path.into()), every: Some(Duration::from_millis(10)) };
        let told = || {
            let mut buffer = [0; 64];
            let length = socket.recv(&mut buffer).unwrap();
            String::from_utf8_lossy(&buffer[..length]).into_owned()
        };
        systemd.tell("READY=1");
        assert_eq!(told(), "READY=1");
        let watchdog = tokio::spawn(systemd.watchdog());
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!([told(), told()], ["WATCHDOG=1", "WATCHDOG=1"]);
        watchdog.abort();
        Systemd::default().tell("READY=1");
    }
}
