//! Where the database is, and how it is reached.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use postgres::config::SslMode;
use postgres::{CancelToken, Client, Config, NoTls};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::super::{BackendError, Role};
use super::Dialect;

/// How long to wait for an answer to a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// How soon it is asked whether the other side is still there, and after what silence it is not.
const ALIVE: Duration = Duration::from_secs(5);
const GONE: Duration = Duration::from_secs(20);

/// What is set for those who append: what is committed is on the disk; who hangs in the middle of a transaction does not keep the others
/// from a line for long, and who waits for them tries again.
const WRITER: &str =
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
     SET idle_in_transaction_session_timeout = '10s';
     SET lock_timeout = '20s'";

/// The same for those who keep leases and values: a node that stands still in the middle must not keep others from taking over.
const BESIDE: &str = "SET idle_in_transaction_session_timeout = '5s'; SET lock_timeout = '5s'";

/// Who reads does not wait for longer while tables are written anew: whoever asked is told so within the half minute for which a reader
/// tries.
const READER: &str = "SET lock_timeout = '10s'";

/// Where a database of PostgreSQL is, and how it is reached.
#[derive(Clone)]
pub struct Settings {
    config: Config,
    tls: Option<Arc<ClientConfig>>,
    dialect: Dialect,
}

/// Why a database can't be reached as it was named.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// Its address can't be read.
    #[error(
        "the database's address can't be read: {0}; write it as postgresql://user@host/database, or host=… user=… dbname=…"
    )]
    Address(String),
    /// The password stands in the address, where many can read it.
    #[error("the database's address has a password in it: give it in a file of its own")]
    Password,
    /// The certificates that are to be trusted can't be read.
    #[error("the database's certificate authorities can't be read: {0}")]
    Authorities(String),
}

impl Settings {
    /// Reads an address in one of libpq's two forms, which must not have the password in it. Sources: PostgreSQL 15, 34.1.1 (connection strings).
    ///
    /// Over a network TLS is used if the server offers it, and always with `sslmode=require`; the server's certificate must come from
    /// one of the authorities in `authorities` (PEM), or from one that this system trusts if none is given.
    ///
    /// # Errors
    /// [`SettingsError`].
    pub fn new(
        address: &str,
        password: Option<&[u8]>,
        authorities: Option<&[u8]>,
    ) -> Result<Self, SettingsError> {
        // The parser's own message names what is wrong, and not the password.
        let mut config: Config =
            address.parse().map_err(|error: postgres::Error| SettingsError::Address(error.to_string()))?;
        if config.get_password().is_some() {
            return Err(SettingsError::Password);
        }
        if let Some(password) = password {
            config.password(password);
        }
        config.connect_timeout(CONNECT).application_name("bongsu");
        // A server that is gone without a word is found out.
        config.keepalives_idle(ALIVE).keepalives_interval(ALIVE).tcp_user_timeout(GONE);
        let tls = match config.get_ssl_mode() {
            SslMode::Disable => None,
            _ => Some(Arc::new(client_config(authorities)?)),
        };
        Ok(Self { config, tls, dialect: Dialect::default() })
    }

    /// The same database, of this kind of engine.
    #[must_use]
    pub fn speaking(self, dialect: Dialect) -> Self {
        Self { dialect, ..self }
    }

    pub(super) const fn dialect(&self) -> Dialect {
        self.dialect
    }

    pub(super) fn connect(&self, role: Role) -> Result<Client, BackendError> {
        let mut client = match &self.tls {
            Some(tls) => self.config.connect(MakeRustlsConnect::new(ClientConfig::clone(tls))),
            None => self.config.connect(NoTls),
        }?;
        match role {
            Role::Writer => client.batch_execute(WRITER)?,
            Role::Beside => client.batch_execute(&format!("{WRITER}; {BESIDE}"))?,
            Role::Reader => client.batch_execute(READER)?,
            // Nobody waits for it.
            Role::Mover => {}
        }
        Ok(client)
    }

    /// Calls off what is under way on a connection. Where that can't be said, it goes on to its end.
    pub(super) fn call_off(&self, token: &CancelToken) {
        let _said = match &self.tls {
            Some(tls) => token.cancel_query(MakeRustlsConnect::new(ClientConfig::clone(tls))),
            None => token.cancel_query(NoTls),
        };
    }
}

fn client_config(authorities: Option<&[u8]>) -> Result<ClientConfig, SettingsError> {
    let mut roots = RootCertStore::empty();
    match authorities {
        Some(pem) => {
            for certificate in CertificateDer::pem_slice_iter(pem) {
                let certificate =
                    certificate.map_err(|error| SettingsError::Authorities(error.to_string()))?;
                roots.add(certificate).map_err(|error| SettingsError::Authorities(error.to_string()))?;
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| SettingsError::Authorities(error.to_string()))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

impl fmt::Debug for Settings {
    /// Without the password.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Settings").field("hosts", &self.config.get_hosts()).finish_non_exhaustive()
    }
}
