//! TLS for the HTTP server: a certificate chain and a key, from PEM files, and the authority of clients' certificates.
//!
//! With an authority, clients may show a certificate and need not: whoever shows none logs in as without it, and whoever
//! shows one that the authority did not sign gets no connection. Whose certificate it is says the book.
//!
//! The files are read again when they change, so that a renewed certificate is shown, and one that was taken back (CRL; RFC 5280,
//! section 5) gets no connection, without a restart. Sessions that began before are not resumed then. What can't be used leaves
//! everything as it was, and is told in the log.
//!
//! TLS 1.2 and 1.3 with the one provider that the binary installs (ring); HTTP/2 and HTTP/1.1 are offered.

use crate::exit::Failure;
use parking_lot::{Mutex, RwLock};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use sha2::{Digest as _, Sha256};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
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
    current: RwLock<TlsAcceptor>,
    /// The files as they were read last.
    read: Mutex<Vec<Option<Stamp>>>,
}

/// Who signs clients' certificates, and where it says which it took back.
#[derive(Debug, Clone)]
pub(crate) struct Clients {
    pub(crate) ca: PathBuf,
    pub(crate) crl: Option<PathBuf>,
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
        let acceptor = acceptor(cert, key, clients.as_ref(), &HTTP)?;
        let reloading = Self {
            cert: cert.to_owned(),
            key: key.to_owned(),
            clients,
            current: RwLock::new(acceptor),
            read: Mutex::default(),
        };
        *reloading.read.lock() = reloading.stamps();
        Ok(Arc::new(reloading))
    }

    /// The acceptor as the files stand.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        self.current.read().clone()
    }

    fn stamps(&self) -> Vec<Option<Stamp>> {
        let clients = self.clients.iter();
        let more = clients.flat_map(|clients| std::iter::once(&clients.ca).chain(&clients.crl));
        [&self.cert, &self.key].into_iter().chain(more).map(|path| stamp(path)).collect()
    }

    /// Reads the files again if one has changed.
    fn look(&self) {
        let stamps = self.stamps();
        let mut read = self.read.lock();
        if *read == stamps {
            return;
        }
        *read = stamps;
        match acceptor(&self.cert, &self.key, self.clients.as_ref(), &HTTP) {
            Ok(acceptor) => {
                *self.current.write() = acceptor;
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

/// An acceptor with the chain in `cert` and the key in `key`.
///
/// # Errors
/// When a file can't be read, holds nothing, or the two do not belong together.
pub(crate) fn acceptor(
    cert: &Path,
    key: &Path,
    client_ca: Option<&Clients>,
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
    let builder = match client_ca {
        None => ServerConfig::builder().with_no_client_auth(),
        Some(from) => ServerConfig::builder().with_client_cert_verifier(clients(from)?),
    };
    let mut config =
        builder.with_single_cert(chain, secret).map_err(|error| unusable(key, error.to_string()))?;
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// What checks the certificates of clients against their authorities, and what those took back.
fn clients(Clients { ca: path, crl }: &Clients) -> Result<Arc<dyn ClientCertVerifier>, Failure> {
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

/// The fingerprint of the certificate that the client has shown, if it has shown one; it is verified by then.
pub(crate) fn peer_certificate(connection: &ServerConnection) -> Option<PeerCertificate> {
    let shown = connection.peer_certificates()?.first()?;
    Some(PeerCertificate(Sha256::digest(shown).into()))
}
