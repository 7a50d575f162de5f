//! Whose certificates of Electrum servers are good: those of the system's authorities; or, since most such servers sign theirs themselves, one
//! that is named.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::PullError;

/// Whose certificates are good.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Trust {
    /// Those of the system's authorities.
    #[default]
    System,
    /// One of these, PEM, whatever name stands in it; or one that one of these has signed.
    Named(Vec<u8>),
}

impl Trust {
    /// Makes a connection to `host` an encrypted one; inside is what became of the handshake.
    ///
    /// # Errors
    /// [`PullError::Unusable`]: there are no certificates, or the host can have none.
    pub(super) async fn around(
        &self,
        stream: TcpStream,
        host: &str,
    ) -> Result<std::io::Result<TlsStream<TcpStream>>, PullError> {
        let unusable = |what: String| PullError::Unusable { what };
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| unusable(format!("{host} is no name that a certificate can have")))?;
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| unusable(error.to_string()))?;
        let mut roots = RootCertStore::empty();
        let config = match self {
            Self::System => {
                let found = rustls_native_certs::load_native_certs();
                let (added, _left_out) = roots.add_parsable_certificates(found.certs);
                if added == 0 {
                    return Err(unusable("this system names no authorities for certificates".to_owned()));
                }
                builder.with_root_certificates(roots)
            }
            Self::Named(pem) => {
                let named = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
                let named =
                    named.map_err(|error| unusable(format!("the certificate can't be read: {error}")))?;
                if named.is_empty() {
                    return Err(unusable("the file has no certificate in PEM".to_owned()));
                }
                let (_added, _left_out) = roots.add_parsable_certificates(named.clone());
                let signed =
                    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
                // Of a certificate that can sign nothing, nothing is signed.
                let signed = signed.build().ok();
                let verifier = Named { named, signed, provider };
                builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
            }
        };
        let connector = TlsConnector::from(Arc::new(config.with_no_client_auth()));
        Ok(connector.connect(name, stream).await)
    }
}

/// Knows the certificates that were named.
#[derive(Debug)]
struct Named {
    named: Vec<CertificateDer<'static>>,
    signed: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Named {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.named.iter().any(|named| named.as_ref() == shown.as_ref()) {
            return Ok(ServerCertVerified::assertion());
        }
        match &self.signed {
            Some(signed) => signed.verify_server_cert(shown, between, name, ocsp, now),
            None => Err(CertificateError::UnknownIssuer.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
