//! The node's own small authority for certificates: signs those of members, peers and its own server, and says which it took back.
//!
//! Its key and its certificate lie in the folder `ca` of the data folder, the key with mode 0600 like the node's other secrets. What it
//! has signed and taken back is on the node's line; the list of what was taken back (CRL; RFC 5280, section 5) is made from that anew
//! each time, and the listener reads it while it runs. Of a request (CSR; RFC 2986) nothing counts but the key in it and the proof
//! that its holder made it: whose a certificate is and what it is good for, says the operator.

mod register;

use crate::exit::Failure;
use crate::kept::Kept;
use gate::Gate;
use parking_lot::Mutex;
use policy::MemberId;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertificateSigningRequestParams,
    DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    PublicKeyData, RevocationReason, RevokedCertParams, SerialNumber,
};
use register::Register;
pub(crate) use register::{Purpose, Reason, Signed, What};
use rustls_pki_types::CertificateSigningRequestDer;
use rustls_pki_types::pem::PemObject as _;
use sha2::{Digest as _, Sha256};
use std::fs::OpenOptions;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use stix::Timestamp;
use time::OffsetDateTime;

/// Bytes of a request.
const CSR_BYTES_MAX: u64 = 64 << 10;
/// Days for which a list of what was taken back is good; it is made anew every day while the node serves.
const CRL_DAYS: i64 = 7;
/// Days before a certificate's end from which on it is warned of.
pub(crate) const SOON_DAYS: i64 = 30;
/// Clocks of others may be behind by so much.
const SLACK_MICROS: i64 = 300_000_000;
const SECOND_MICROS: i64 = 1_000_000;
const DAY_MICROS: i64 = 86_400_000_000;

/// The authority of a node; there may be none yet.
pub(crate) struct Authority {
    dir: PathBuf,
    register: Kept<Register>,
    /// Held while its files are written.
    writing: Mutex<()>,
    /// How many lists of what was taken back were written, since the node was opened.
    lists: Arc<AtomicU64>,
    /// How many certificates the latest of them has; held while one is written, so that none takes the place of a later one.
    listed: Mutex<Option<usize>>,
}

/// What is to be signed.
pub(crate) struct Wanted {
    pub(crate) purpose: Purpose,
    /// Who or what it is for: the common name.
    pub(crate) subject: String,
    /// DNS names and addresses.
    pub(crate) names: Vec<String>,
    pub(crate) days: u32,
    /// A request with the key that is to be signed, PEM; without one, a key is made.
    pub(crate) csr: Option<PathBuf>,
    pub(crate) member: Option<MemberId>,
}

/// What was signed.
pub(crate) struct Issued {
    pub(crate) signed: Signed,
    pub(crate) pem: String,
    /// SHA-256 of the certificate (DER).
    pub(crate) sha256: [u8; 32],
    /// The key in PEM, if it was made here.
    pub(crate) key: Option<String>,
}

fn failed(what: &str, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(format!("{what}: {error}"))
}

impl Authority {
    /// The authority in the folder `dir`, whether there is one or not.
    pub(crate) fn new(dir: PathBuf, gate: Gate) -> Self {
        Self {
            dir,
            register: Kept::new(gate),
            writing: Mutex::default(),
            lists: Arc::default(),
            listed: Mutex::default(),
        }
    }

    /// Where its certificate lies, for those who are to trust it.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.dir.join("ca.pem")
    }

    /// Where the list of what was taken back lies.
    pub(crate) fn crl(&self) -> PathBuf {
        self.dir.join("crl.pem")
    }

    /// How many such lists were written: a number that grows, for whoever must know of the newest.
    pub(crate) fn lists(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.lists)
    }

    fn key(&self) -> PathBuf {
        self.dir.join("ca.key")
    }

    /// Whether there is one.
    pub(crate) fn exists(&self) -> bool {
        self.certificate().exists()
    }

    /// Makes the authority. Each file is there whole or not at all, the key first: what was begun and stopped is gone on with.
    ///
    /// # Errors
    /// When there is one already, or its files can't be written.
    pub(crate) fn begin(&self, name: &str, years: u32, now: Timestamp) -> Result<Signed, Failure> {
        let _writing = self.writing.lock();
        if self.exists() {
            let own = self.all()?.into_iter().rev().find(|signed| signed.purpose == Purpose::Authority);
            // Stopped before the last of its files.
            if let Some(own) = own.filter(|_| !self.crl().exists()) {
                self.write_crl(now)?;
                return Ok(own);
            }
            return Err(Failure::new(format!("there is an authority in {} already", self.dir.display()))
                .hint("use it: `bongsu ca list` shows what it has signed; nothing was changed"));
        }
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.dir)
            .map_err(|error| failed(&self.dir.display().to_string(), &error))?;
        let key = self.begun_key()?;
        let until = later(now, i64::from(years) * 365);
        let serial = serial()?;
        let mut params = params(name, &[], &serial, now, until)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate =
            params.self_signed(&key).map_err(|error| failed("the certificate can't be made", &error))?;
        let sha256: [u8; 32] = Sha256::digest(certificate.der()).into();
        let signed = Signed {
            serial: hex(&serial),
            purpose: Purpose::Authority,
            subject: name.to_owned(),
            names: Vec::new(),
            member: None,
            credential: None,
            sha256: hex(&sha256),
            from: now,
            until,
            revoked: None,
        };
        self.note(&signed.serial, What::Signed(signed.clone()))?;
        self.write_whole(&self.certificate(), &certificate.pem(), 0o644)?;
        self.write_crl(now)?;
        Ok(signed)
    }

    /// The key of an authority that was begun and has no certificate yet, or a new one, which is written.
    fn begun_key(&self) -> Result<KeyPair, Failure> {
        let path = self.key();
        if path.exists() {
            let unusable = |error: &dyn std::fmt::Display| {
                failed(&path.display().to_string(), error)
                    .hint("there is no certificate for this key: move it away, and run it again")
            };
            let pem = std::fs::read_to_string(&path).map_err(|error| unusable(&error))?;
            return KeyPair::from_pem(&pem).map_err(|error| unusable(&error));
        }
        let key = KeyPair::generate().map_err(|error| failed("no key could be made", &error))?;
        self.write_whole(&path, &key.serialize_pem(), 0o600)?;
        Ok(key)
    }

    /// Writes a file of the authority's that is not there yet, under another name first.
    fn write_whole(&self, path: &Path, text: &str, mode: u32) -> Result<(), Failure> {
        let write = || {
            let mut file = tempfile::NamedTempFile::new_in(&self.dir)?;
            file.write_all(text.as_bytes())?;
            file.as_file().set_permissions(std::fs::Permissions::from_mode(mode))?;
            file.as_file().sync_all()?;
            file.persist_noclobber(path).map_err(|error| error.error)?;
            std::fs::File::open(&self.dir)?.sync_all()
        };
        write().map_err(|error| failed(&format!("{} can't be written", path.display()), &error))
    }

    /// The key and the certificate, to sign with.
    fn issuer(&self) -> Result<Issuer<'static, KeyPair>, Failure> {
        let absent = || {
            Failure::new("there is no authority here yet".to_owned())
                .hint("`bongsu ca init` makes one in the data folder")
        };
        if !self.exists() {
            return Err(absent());
        }
        let path = self.key();
        let of_key = |error: &dyn std::fmt::Display| failed(&path.display().to_string(), error);
        let mode = std::fs::metadata(&path).map_err(|error| of_key(&error))?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(of_key(&format!("others on this machine can read it (mode {mode:o})"))
                .hint(format!("chmod 600 {}", path.display())));
        }
        let key = std::fs::read_to_string(&path).map_err(|error| of_key(&error))?;
        let key = KeyPair::from_pem(&key).map_err(|error| of_key(&error))?;
        let path = self.certificate();
        let pem =
            std::fs::read_to_string(&path).map_err(|error| failed(&path.display().to_string(), &error))?;
        Issuer::from_ca_cert_pem(&pem, key).map_err(|error| failed(&path.display().to_string(), &error))
    }

    /// Signs a certificate. It is on the line before it is given, so that whatever is out can be taken back.
    ///
    /// # Errors
    /// When there is no authority, the request can't be taken, a name is none, or the line can't be written.
    pub(crate) fn sign(&self, wanted: &Wanted, now: Timestamp) -> Result<Issued, Failure> {
        let issuer = self.issuer()?;
        let own = self.all()?.into_iter().rev().find(|signed| signed.purpose == Purpose::Authority);
        let end = own.map_or(now, |own| own.until);
        if end <= now {
            return Err(Failure::new("the authority's own certificate has ended".to_owned())
                .hint("move the folder `ca` away and make a new one with `bongsu ca init`"));
        }
        let until = later(now, i64::from(wanted.days)).min(end);
        let serial = serial()?;
        let mut params = params(&wanted.subject, &wanted.names, &serial, now, until)?;
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = match wanted.purpose {
            Purpose::Member => vec![ExtendedKeyUsagePurpose::ClientAuth],
            Purpose::Server => vec![ExtendedKeyUsagePurpose::ServerAuth],
            Purpose::Peer | Purpose::Authority => {
                vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth]
            }
        };
        let unsigned = |error: rcgen::Error| failed("the certificate can't be made", &error);
        let (certificate, key) = match &wanted.csr {
            Some(path) => {
                let key = requested(path)?;
                (params.signed_by(&key, &issuer).map_err(unsigned)?, None)
            }
            None => {
                let key = KeyPair::generate().map_err(|error| failed("no key could be made", &error))?;
                (params.signed_by(&key, &issuer).map_err(unsigned)?, Some(key.serialize_pem()))
            }
        };
        let sha256: [u8; 32] = Sha256::digest(certificate.der()).into();
        let signed = Signed {
            serial: hex(&serial),
            purpose: wanted.purpose,
            subject: wanted.subject.clone(),
            names: wanted.names.clone(),
            member: wanted.member,
            credential: None,
            sha256: hex(&sha256),
            from: now,
            until,
            revoked: None,
        };
        self.note(&signed.serial, What::Signed(signed.clone()))?;
        Ok(Issued { signed, pem: certificate.pem(), sha256, key })
    }

    /// Notes which credential lets the holder of a certificate in.
    ///
    /// # Errors
    /// When the line can't be written.
    pub(crate) fn bind(&self, serial: &str, credential: uuid::Uuid) -> Result<(), Failure> {
        self.note(serial, What::Bound { credential })
    }

    /// Takes a certificate back, and says so in the list. What was taken back before stays as it was.
    ///
    /// # Errors
    /// When it has signed no such one, or the line or the list can't be written.
    pub(crate) fn revoke(&self, serial: &str, reason: Reason) -> Result<Signed, Failure> {
        let serial = serial.to_ascii_lowercase();
        let known = self.all()?.into_iter().find(|signed| signed.serial == serial);
        let known = known.filter(|signed| signed.purpose != Purpose::Authority).ok_or_else(|| {
            Failure::new(format!("no certificate with the serial `{serial}` was signed here"))
                .hint("`bongsu ca list` shows all")
        })?;
        if known.revoked.is_none() {
            self.note(&serial, What::Revoked { reason })?;
        }
        self.all()?
            .into_iter()
            .find(|signed| signed.serial == serial)
            .ok_or_else(|| Failure::new(format!("the certificate {serial} can't be read back")))
    }

    /// All that it has signed, its own certificate first.
    ///
    /// # Errors
    /// When the line can't be read.
    pub(crate) fn all(&self) -> Result<Vec<Signed>, Failure> {
        self.register.look(|register| Ok(register.all()))
    }

    /// Writes the list of what was taken back anew, in one step.
    ///
    /// # Errors
    /// When there is no authority, or the file can't be written.
    pub(crate) fn write_crl(&self, now: Timestamp) -> Result<String, Failure> {
        let issuer = self.issuer()?;
        let mut listed = self.listed.lock();
        let mut revoked_certs = Vec::new();
        for signed in self.all()? {
            let Some((at, reason)) = signed.revoked else { continue };
            let serial = bytes(&signed.serial)
                .ok_or_else(|| Failure::new(format!("the serial {} is none", signed.serial)))?;
            revoked_certs.push(RevokedCertParams {
                serial_number: SerialNumber::from(serial),
                revocation_time: date(at)?,
                reason_code: Some(match reason {
                    Reason::Unspecified => RevocationReason::Unspecified,
                    Reason::KeyCompromise => RevocationReason::KeyCompromise,
                    Reason::Superseded => RevocationReason::Superseded,
                    Reason::Ended => RevocationReason::CessationOfOperation,
                }),
                invalidity_date: None,
            });
        }
        let count = revoked_certs.len();
        let params = CertificateRevocationListParams {
            this_update: date(now)?,
            next_update: date(later(now, CRL_DAYS))?,
            crl_number: SerialNumber::from(u64::try_from(now.micros()).unwrap_or_default()),
            issuing_distribution_point: None,
            revoked_certs,
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let unmade = |error: rcgen::Error| failed("the list of what was taken back can't be made", &error);
        let pem = params.signed_by(&issuer).map_err(unmade)?.pem().map_err(unmade)?;
        // A listener that reads it meanwhile has the old one or the new one.
        let path = self.crl();
        let write = || {
            let mut file = tempfile::NamedTempFile::new_in(&self.dir)?;
            file.write_all(pem.as_bytes())?;
            file.as_file().sync_all()?;
            file.persist(&path).map_err(|error| error.error)
        };
        write().map_err(|error| failed(&path.display().to_string(), &error))?;
        *listed = Some(count);
        self.lists.fetch_add(1, Ordering::Release);
        Ok(pem)
    }

    /// Writes the list of what was taken back anew if more was than it has: another node beside the same database may have done so.
    ///
    /// # Errors
    /// As [`Authority::write_crl`], or when the line can't be read.
    pub(crate) fn follow(&self, now: Timestamp) -> Result<(), Failure> {
        let count = self.all()?.iter().filter(|signed| signed.revoked.is_some()).count();
        let is_listed = *self.listed.lock() == Some(count);
        if is_listed { Ok(()) } else { self.write_crl(now).map(drop) }
    }

    fn note(&self, serial: &str, what: What) -> Result<(), Failure> {
        let text = register::text(serial, what);
        self.register.happens(|_| Ok((vec![(MemberId::NODE, text)], ())))
    }
}

/// The key in a request whose holder has proved that it is its own.
fn requested(path: &Path) -> Result<rcgen::PublicKey, Failure> {
    let unusable = |why: &dyn std::fmt::Display| {
        failed(&path.display().to_string(), why).hint(
            "it is a certificate request in PEM, such as `openssl req -new` makes, for a key of P-256, P-384, Ed25519 or RSA",
        )
    };
    let file = std::fs::File::open(path).map_err(|error| unusable(&error))?;
    let mut text = String::new();
    file.take(CSR_BYTES_MAX).read_to_string(&mut text).map_err(|error| unusable(&error))?;
    let der =
        CertificateSigningRequestDer::from_pem_slice(text.as_bytes()).map_err(|error| unusable(&error))?;
    let request = CertificateSigningRequestParams::from_der(&der).map_err(|error| unusable(&error))?;
    // What is signed must be the very key that was asked for, its kind included.
    let key = request.public_key.subject_public_key_info();
    if !der.windows(key.len()).any(|part| part == key) {
        return Err(unusable(&"its key does not fit how it was signed"));
    }
    Ok(request.public_key)
}

fn params(
    subject: &str,
    names: &[String],
    serial: &[u8],
    from: Timestamp,
    until: Timestamp,
) -> Result<CertificateParams, Failure> {
    let mut params = CertificateParams::new(names.to_vec())
        .map_err(|error| Failure::usage(format!("a name can't stand in a certificate: {error}")))?;
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, subject);
    params.distinguished_name = name;
    params.serial_number = Some(SerialNumber::from_slice(serial));
    params.not_before = date(Timestamp::from_micros(from.micros() - SLACK_MICROS))?;
    params.not_after = date(until)?;
    Ok(params)
}

/// A serial that nobody can tell beforehand: 128 bits, positive (RFC 5280, section 4.1.2.2).
fn serial() -> Result<[u8; 16], Failure> {
    let random = crate::command::init::random()?;
    let mut serial = [0; 16];
    serial.copy_from_slice(&random[..16]);
    serial[0] = serial[0] & 0x7f | 0x40;
    Ok(serial)
}

/// Certificates know whole seconds.
fn date(at: Timestamp) -> Result<OffsetDateTime, Failure> {
    OffsetDateTime::from_unix_timestamp(at.micros().div_euclid(SECOND_MICROS))
        .map_err(|error| failed("a date can't stand in a certificate", &error))
}

fn later(now: Timestamp, days: i64) -> Timestamp {
    Timestamp::from_micros(now.micros().saturating_add(days.saturating_mul(DAY_MICROS)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn bytes(hex: &str) -> Option<Vec<u8>> {
    let pairs = (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok());
    pairs.collect()
}

/// Writes a file that must not be there yet.
///
/// # Errors
/// When it is, or can't be written.
pub(crate) fn write_new(path: &Path, text: &str, mode: u32) -> Result<(), Failure> {
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    write().map_err(|error| failed(&format!("{} can't be written", path.display()), &error))
}
