//! TLS for the HTTP server: a certificate chain and a key, from PEM files, and the authority of clients' certificates.
//!
//! With an authority, clients may show a certificate and need not: whoever shows none logs in as without it, and whoever
//! shows one that the authority did not sign gets no connection. Whose certificate it is says the book.
//!
//! The files are read again when they change, so that a renewed certificate is shown, and one that was taken back (CRL; RFC 5280,
//! section 5) gets no connection, without a restart. Sessions that began before are not resumed then, and connections that are open
//! are judged anew ([`Shown`]). What can't be used leaves everything as it was, and is told in the log.
//!
//! TLS 1.2 and 1.3 with the one provider that the binary installs (ring); HTTP/2 and HTTP/1.1 are offered.

use crate::exit::Failure;
use parking_lot::{Mutex, RwLock};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, UnixTime};
use sha2::{Digest as _, Sha256};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use web::auth::PeerCertificate;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// What HTTP clients are offered to speak.
pub(crate) const HTTP: [&[u8]; 2] = [b"h2", b"http/1.1"];
/// What DNS clients are offered to speak (RFC 7858; RFC 9103, 7.1).
pub(crate) const DNS: [&[u8]; 1] = [b"dot"];

/// The acceptor of the HTTP server, made anew when its files change.
pub(crate) struct Reloading {
    cert: PathBuf,
    key: PathBuf,
    clients: Option<Clients>,
    current: RwLock<Current>,
    /// The files as they were read last, and the number of lists by then.
    read: Mutex<(Vec<Option<Stamp>>, u64)>,
    /// Grows each time the files were read.
    readings: watch::Sender<u64>,
}

/// What the files say.
struct Current {
    acceptor: TlsAcceptor,
    verifier: Option<Arc<dyn ClientCertVerifier>>,
}

/// Who signs clients' certificates, and where it says which it took back.
#[derive(Debug, Clone)]
pub(crate) struct Clients {
    pub(crate) ca: PathBuf,
    pub(crate) crl: Option<PathBuf>,
    /// How many lists the node's own authority has written: when it grows, the files are read before anybody is served again.
    pub(crate) lists: Arc<AtomicU64>,
}

/// What tells that a file is another: device, number, size, and when it was written.
type Stamp = (u64, u64, u64, i64, i64);

fn stamp(path: &Path) -> Option<Stamp> {
    let about = std::fs::metadata(path).ok()?;
    Some((about.dev(), about.ino(), about.size(), about.mtime(), about.mtime_nsec()))
}

impl Reloading {
    /// Reads the files for the first time.
    ///
    /// # Errors
    /// As [`acceptor`].
    pub(crate) fn open(cert: &Path, key: &Path, clients: Option<Clients>) -> Result<Arc<Self>, Failure> {
        let current = current(cert, key, clients.as_ref())?;
        let reloading = Self {
            cert: cert.to_owned(),
            key: key.to_owned(),
            clients,
            current: RwLock::new(current),
            read: Mutex::default(),
            readings: watch::Sender::new(0),
        };
        *reloading.read.lock() = (reloading.stamps(), reloading.lists());
        Ok(Arc::new(reloading))
    }

    /// The acceptor as the files stand.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        self.current.read().acceptor.clone()
    }

    fn lists(&self) -> u64 {
        self.clients.as_ref().map_or(0, |clients| clients.lists.load(Ordering::Acquire))
    }

    fn stamps(&self) -> Vec<Option<Stamp>> {
        let clients = self.clients.iter();
        let more = clients.flat_map(|clients| std::iter::once(&clients.ca).chain(&clients.crl));
        [&self.cert, &self.key].into_iter().chain(more).map(|path| stamp(path)).collect()
    }

    /// Reads the files again if one has changed.
    fn look(&self) {
        let mut read = self.read.lock();
        let lists = self.lists();
        let stamps = self.stamps();
        let is_known = read.0 == stamps;
        *read = (stamps, lists);
        if is_known {
            return;
        }
        match current(&self.cert, &self.key, self.clients.as_ref()) {
            Ok(current) => {
                *self.current.write() = current;
                self.readings.send_modify(|readings| *readings += 1);
                tracing::info!("the files for TLS have changed and were read again");
            }
            Err(failure) => tracing::error!(
                "the files for TLS have changed and can't be used, so those from before hold: {}",
                failure.message
            ),
        }
    }

    /// Looks again and again, until it is aborted.
    pub(crate) async fn follow(self: Arc<Self>) {
        let mut tick = tokio::time::interval(LOOK_EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            let reloading = Arc::clone(&self);
            if let Err(error) = tokio::task::spawn_blocking(move || reloading.look()).await {
                tracing::error!(%error, "looking after the files for TLS met a fault");
            }
        }
    }
}

/// A certificate that a client has shown, for as long as its connection is open. A handshake proves it for a moment; what counts is
/// whether it holds when something is asked.
pub(crate) struct Shown {
    chain: Vec<CertificateDer<'static>>,
    certificate: PeerCertificate,
    tls: Arc<Reloading>,
    judged: Mutex<Judged>,
}

struct Judged {
    /// By which reading of the files.
    reading: u64,
    at: Instant,
    holds: bool,
}

impl Shown {
    /// The certificate that the client has shown, if it has shown one; it is verified by then.
    pub(crate) fn on(connection: &ServerConnection, tls: &Arc<Reloading>) -> Option<Self> {
        let chain = connection.peer_certificates()?.to_vec();
        let certificate = PeerCertificate(Sha256::digest(chain.first()?).into());
        // By which files it was verified is not known, so that the first request judges it again.
        let judged = Mutex::new(Judged { reading: u64::MAX, at: Instant::now(), holds: true });
        Some(Self { chain, certificate, tls: Arc::clone(tls), judged })
    }

    /// Its fingerprint.
    pub(crate) const fn certificate(&self) -> PeerCertificate {
        self.certificate
    }

    /// Whether it holds: by the authorities and lists as they stand, and by the clock.
    ///
    /// About 100 microseconds after the files have changed, and once a second; next to nothing otherwise.
    pub(crate) fn holds(&self) -> bool {
        if self.tls.lists() != self.tls.read.lock().1 {
            self.tls.look();
        }
        let mut judged = self.judged.lock();
        let reading = *self.tls.readings.borrow();
        if judged.reading != reading || judged.at.elapsed() >= LOOK_EVERY {
            *judged = Judged { reading, at: Instant::now(), holds: self.is_verified() };
        }
        judged.holds
    }

    fn is_verified(&self) -> bool {
        let verifier = self.tls.current.read().verifier.clone();
        let (Some(verifier), Some((own, above))) = (verifier, self.chain.split_first()) else { return false };
        verifier.verify_client_cert(own, above, UnixTime::now()).is_ok()
    }

    /// Waits until the files say that it holds no more.
    pub(crate) async fn ends(&self) {
        let mut readings = self.tls.readings.subscribe();
        while self.holds() {
            // The sender lives as long as this does.
            let _still_there = readings.changed().await;
        }
    }
}

fn current(cert: &Path, key: &Path, from: Option<&Clients>) -> Result<Current, Failure> {
    let verifier = from.map(clients).transpose()?;
    Ok(Current { acceptor: acceptor(cert, key, verifier.clone(), &HTTP)?, verifier })
}

/// An acceptor with the chain in `cert` and the key in `key`.
///
/// # Errors
/// When a file can't be read, holds nothing, or the two do not belong together.
pub(crate) fn acceptor(
    cert: &Path,
    key: &Path,
    clients: Option<Arc<dyn ClientCertVerifier>>,
    protocols: &[&[u8]],
) -> Result<TlsAcceptor, Failure> {
    let unusable = |path: &Path, why: String| {
        Failure::usage(format!("{} can't be used for TLS: {why}", path.display()))
            .hint("http.tls_cert is the chain and http.tls_key the private key, both in PEM")
    };
    let chain = CertificateDer::pem_file_iter(cert)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unusable(cert, error.to_string()))?;
    if chain.is_empty() {
        return Err(unusable(cert, "there is no certificate in it".to_owned()));
    }
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| unusable(key, error.to_string()))?;
    let builder = match clients {
        None => ServerConfig::builder().with_no_client_auth(),
        Some(verifier) => ServerConfig::builder().with_client_cert_verifier(verifier),
    };
    let mut config =
        builder.with_single_cert(chain, secret).map_err(|error| unusable(key, error.to_string()))?;
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// What checks the certificates of clients against their authorities, and what those took back.
fn clients(Clients { ca: path, crl, .. }: &Clients) -> Result<Arc<dyn ClientCertVerifier>, Failure> {
    let unusable = |why: String| {
        Failure::usage(format!("{} can't be used for clients' certificates: {why}", path.display())).hint(
            "http.tls_client_ca is the authority that signs them, in PEM; several may stand in one file",
        )
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| unusable(error.to_string()))? {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
    }
    let mut builder = WebPkiClientVerifier::builder(Arc::new(roots)).allow_unauthenticated();
    if let Some(path) = crl {
        let unusable = |why: String| {
            Failure::usage(format!("{} can't be used for what authorities took back: {why}", path.display()))
                .hint("http.tls_client_crl has their lists (CRL), in PEM; `bongsu ca crl` writes the node's own")
        };
        let lists = CertificateRevocationListDer::pem_file_iter(path)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| unusable(error.to_string()))?;
        if lists.is_empty() {
            return Err(unusable("there is no list in it".to_owned()));
        }
        builder = builder.with_crls(lists).only_check_end_entity_revocation();
    }
    builder.build().map_err(|error| unusable(error.to_string()))
}
