//! Whether somebody is known by the certificate of a connection: asked at each request, because it can end while the connection is open.

use policy::Credential;

use super::{Auth, PeerCertificate};

impl Auth {
    /// Whether a member or another node is known by a certificate, as the book stands.
    #[must_use]
    pub fn is_known(&self, certificate: &PeerCertificate) -> bool {
        let book = self.gate.book();
        let holds = |credential: &Credential| {
            let takes_part = |id| book.member(id).is_some_and(|member| !member.ended);
            credential.member.is_none_or(takes_part)
                && !book.rights_of(credential, self.gate.ends_by((self.now)())).is_empty()
        };
        book.peer_with(&certificate.0).is_some() || book.certificate(&certificate.0).is_some_and(holds)
    }
}
