//! Servers whose certificates their authorities took back.
//!
//! With lists of what was taken back (CRL; RFC 5280, section 5), a server's own certificate is looked up in its authority's list. A server
//! whose authority has no list there is taken as without lists: the lists are those of partners, and not of everybody.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};

use super::error::PullError;

/// What a client speaks, the better first.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// How a client speaks TLS that trusts these authorities but for what they took back; `own` is its certificate with its key. All
/// are PEM.
///
/// # Errors
/// [`PullError::Unusable`]: one can't be read.
pub(super) fn config(
    authorities: &[u8],
    lists: &[u8],
    own: Option<&[u8]>,
) -> Result<ClientConfig, PullError> {
    let unusable = |what: &str, error: &dyn std::fmt::Display| PullError::Unusable {
        what: format!("{what} can't be used: {error}"),
    };
    let authority = |error: &dyn std::fmt::Display| unusable("the authority's certificate", error);
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(authorities) {
        let certificate = certificate.map_err(|error| authority(&error))?;
        roots.add(certificate).map_err(|error| authority(&error))?;
    }
    let lists = CertificateRevocationListDer::pem_slice_iter(lists).collect::<Result<Vec<_>, _>>();
    let lists = lists.map_err(|error| unusable("what authorities took back (CRL)", &error))?;
    let verifier = WebPkiServerVerifier::builder(Arc::new(roots))
        .with_crls(lists)
        .only_check_end_entity_revocation()
        .allow_unknown_revocation_status()
        .build()
        .map_err(|error| unusable("the authority's certificate or what it took back (CRL)", &error))?;
    let builder = ClientConfig::builder().with_webpki_verifier(verifier);
    let mut config = match own {
        None => builder.with_no_client_auth(),
        Some(pem) => {
            let own = |error: &dyn std::fmt::Display| unusable("the client certificate with its key", error);
            let chain = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
            let chain = chain.map_err(|error| own(&error))?;
            let key = PrivateKeyDer::from_pem_slice(pem).map_err(|error| own(&error))?;
            builder.with_client_auth_cert(chain, key).map_err(|error| own(&error))?
        }
    };
    config.alpn_protocols = PROTOCOLS.iter().map(|protocol| protocol.to_vec()).collect();
    Ok(config)
}
