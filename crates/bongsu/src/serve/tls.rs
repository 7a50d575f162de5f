//! TLS for the HTTP server: a certificate chain and a key, from PEM files, and the authority of clients' certificates.
//!
//! With an authority, clients may show a certificate and need not: whoever shows none logs in as without it, and whoever
//! shows one that the authority did not sign gets no connection. Whose certificate it is says the book.
//!
//! TLS 1.2 and 1.3 with the one provider that the binary installs (ring); HTTP/2 and HTTP/1.1 are offered.

use crate::exit::Failure;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest as _, Sha256};
use std::path::Path;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;
use web::auth::PeerCertificate;

/// What HTTP clients are offered to speak.
pub(crate) const HTTP: [&[u8]; 2] = [b"h2", b"http/1.1"];
/// What DNS clients are offered to speak (RFC 7858; RFC 9103, 7.1).
pub(crate) const DNS: [&[u8]; 1] = [b"dot"];

/// An acceptor with the chain in `cert` and the key in `key`.
///
/// # Errors
/// When a file can't be read, holds nothing, or the two do not belong together.
pub(crate) fn acceptor(
    cert: &Path,
    key: &Path,
    client_ca: Option<&Path>,
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
        Some(path) => ServerConfig::builder().with_client_cert_verifier(clients(path)?),
    };
    let mut config =
        builder.with_single_cert(chain, secret).map_err(|error| unusable(key, error.to_string()))?;
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// What checks the certificates of clients against the authorities in `path`.
fn clients(path: &Path) -> Result<Arc<dyn ClientCertVerifier>, Failure> {
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
    WebPkiClientVerifier::builder(Arc::new(roots))
        .allow_unauthenticated()
        .build()
        .map_err(|error| unusable(error.to_string()))
}

/// The fingerprint of the certificate that the client has shown, if it has shown one; it is verified by then.
pub(crate) fn peer_certificate(connection: &ServerConnection) -> Option<PeerCertificate> {
    let shown = connection.peer_certificates()?.first()?;
    Some(PeerCertificate(Sha256::digest(shown).into()))
}
