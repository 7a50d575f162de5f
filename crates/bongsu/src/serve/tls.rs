//! TLS for the HTTP server: a certificate chain and a key, from PEM files.
//!
//! TLS 1.2 and 1.3 with the one provider that the binary installs (ring); HTTP/2 and HTTP/1.1 are offered.

use crate::exit::Failure;
use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::path::Path;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

/// An acceptor with the chain in `cert` and the key in `key`.
///
/// # Errors
/// When a file can't be read, holds nothing, or the two do not belong together.
pub(crate) fn acceptor(cert: &Path, key: &Path) -> Result<TlsAcceptor, Failure> {
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
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, secret)
        .map_err(|error| unusable(key, error.to_string()))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
