//! Tokens and TSIG keys: made here, shown once, kept as the node needs them; client certificates: made elsewhere, known
//! here by their fingerprints.

use crate::answer::Answer;
use crate::cli::CredentialCommand;
use crate::command::init::random;
use crate::exit::Failure;
use crate::node::Node;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use policy::{Credential, CredentialKind, Entry, MemberId, Person, Right, Rights, TSIG_ALGORITHM};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::path::Path;
use stix::Timestamp;
use uuid::Uuid;
use web::auth::{OPERATOR, Token};
use web::people;

/// Runs `bongsu credential …`.
///
/// # Errors
/// When the member is unknown or has ended, the file holds no certificate, or the line can't be written.
pub(crate) fn run(node: &Node, command: CredentialCommand) -> Result<Answer, Failure> {
    match command {
        CredentialCommand::Add { handle, certificate, days } => {
            add_certificate(node, &handle, &certificate, days)
        }
        CredentialCommand::Revoke { id } => revoke(node, &id),
    }
}

fn add_certificate(node: &Node, handle: &str, file: &Path, days: Option<u32>) -> Result<Answer, Failure> {
    let certificate = CertificateDer::from_pem_file(file).map_err(|error| {
        Failure::new(format!("{}: no certificate can be read: {error}", file.display()))
            .hint("it is the member's own certificate in PEM, without its key; the node never needs the key")
    })?;
    let sha256: [u8; 32] = Sha256::digest(&certificate).into();
    let fingerprint: String = sha256.iter().map(|byte| format!("{byte:02x}")).collect();
    let created = node.now();
    let expires = days.map(|days| Timestamp::from_micros(created.micros() + i64::from(days) * DAY_MICROS));
    let id = bind(node, handle, sha256, expires)?;
    let usable = match node.config.http.tls_client_ca {
        Some(_) => "",
        None => "\nIt is of use once http.tls_client_ca names the authority that signed it.",
    };
    let text = format!("{handle} is let in by the certificate with SHA-256 {fingerprint}.{usable}\n");
    let json = json!({"member": handle, "certificate": {
        "id": id.simple().to_string(), "sha256": fingerprint, "expires": expires.map(|at| at.to_string()),
    }});
    Ok(Answer::done(json, text))
}

/// Lets a member in by the certificate with this SHA-256 (of its DER); gives the credential's id.
///
/// # Errors
/// When the member has ended, the certificate lets somebody in already, or the line can't be written.
pub(crate) fn bind(
    node: &Node,
    handle: &str,
    sha256: [u8; 32],
    expires: Option<Timestamp>,
) -> Result<Uuid, Failure> {
    let (id, created) = (Uuid::now_v7(), node.now());
    node.change(|book| {
        let member = node.active(book, handle)?.id;
        if let Some(known) = book.certificate(&sha256).filter(|known| known.holds(created)) {
            return Err(Failure::new(format!(
                "this certificate lets a member in already (credential {})",
                known.id.simple()
            ))
            .hint("revoke that one first with `bongsu credential revoke ID`"));
        }
        let kind = CredentialKind::Certificate { sha256: sha256.to_vec() };
        Ok(Entry::Credential(Credential {
            id,
            member: Some(member),
            created,
            expires,
            revoked: false,
            person: None,
            scopes: None,
            kind,
        }))
    })?;
    Ok(id)
}

const DAY_MICROS: i64 = 86_400_000_000;

/// A token that was just made, in the clear.
pub(crate) struct Made {
    pub id: String,
    pub token: String,
    /// The same in letters and digits alone.
    pub misp_key: String,
    pub expires: Option<String>,
}

/// Whose a token is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Holder<'p> {
    /// The node's operator's.
    Operator,
    /// A member's.
    Member(MemberId),
    /// A person's.
    Person(&'p Person),
}

/// Makes a token.
///
/// # Errors
/// When there are no random bytes or the line can't be written.
pub(crate) fn make_token(
    node: &Node,
    holder: Holder<'_>,
    scopes: Option<Rights>,
    days: Option<u32>,
) -> Result<Made, Failure> {
    let token = Token::new(Uuid::now_v7(), random()?);
    let created = node.now();
    let expires = days.map(|days| Timestamp::from_micros(created.micros() + i64::from(days) * DAY_MICROS));
    let (member, person) = match holder {
        Holder::Operator => (None, None),
        Holder::Member(member) => (Some(member), None),
        Holder::Person(person) => (person.member, Some(person.id)),
    };
    node.record(Entry::Credential(Credential {
        id: token.id,
        member,
        created,
        expires,
        revoked: false,
        person,
        scopes,
        kind: CredentialKind::Token { hash: node.tokens.kept(&token).to_vec() },
    }))?;
    Ok(Made {
        id: token.id.simple().to_string(),
        token: token.reveal(),
        misp_key: token.misp_key(),
        expires: expires.map(|at| at.to_string()),
    })
}

/// `bongsu member token`.
///
/// # Errors
/// When the member or person is unknown or has ended, or a scope is none.
pub(crate) fn token(
    node: &Node,
    handle: Option<&str>,
    user: Option<&str>,
    scopes: &[String],
    days: Option<u32>,
) -> Result<Answer, Failure> {
    let book = node.gate.book();
    let holder = match (handle, user) {
        (Some(handle), _) => Holder::Member(node.active(&book, handle)?.id),
        (None, Some(user)) => Holder::Person(people::managed(&book, MemberId::NODE.into(), user)?),
        (None, None) => Holder::Operator,
    };
    let read = |word: &String| word.parse().map_err(|error| Failure::usage(format!("no scope: {error}")));
    let rights = scopes.iter().map(read).collect::<Result<Vec<Right>, Failure>>()?;
    let scopes = (!rights.is_empty()).then(|| Rights::of(&rights));
    let made = make_token(node, holder, scopes, days)?;
    let who = handle.or(user).unwrap_or(OPERATOR);
    let misp = match scopes {
        Some(scopes) => format!("It is good for: {scopes}. For MISP"),
        None => "For MISP".to_owned(),
    };
    let text = format!(
        "Token of {who}, shown this once: {}\nUse it as a Bearer token, or as the password of user {who}.\n\
         {misp}, which takes letters and digits alone, the same is: {}\n",
        made.token, made.misp_key
    );
    let mut token =
        json!({"id": made.id, "token": made.token, "misp_key": made.misp_key, "expires": made.expires});
    if let Some(scopes) = scopes {
        token["scopes"] = scopes.iter().map(Right::name).collect();
    }
    let json = json!({"member": handle, "token": token});
    Ok(Answer::done(json, text))
}

/// `bongsu member token --revoke`.
///
/// # Errors
/// When no such credential is known.
pub(crate) fn revoke(node: &Node, id: &str) -> Result<Answer, Failure> {
    let book = node.gate.book();
    let found = Uuid::try_parse(id).ok().and_then(|id| book.credential(id));
    let Some(credential) = found else {
        return Err(Failure::new(format!("no credential has the id `{id}`"))
            .hint("`bongsu member show HANDLE` lists ids; it is the part of a token before the dot"));
    };
    let revoked = Credential { revoked: true, ..credential.clone() };
    node.record(Entry::Credential(revoked))?;
    Ok(Answer::done(json!({"revoked": id}), format!("Credential {id} is revoked.")))
}

/// `bongsu member tsig`.
///
/// # Errors
/// When the member is unknown or has ended.
pub(crate) fn tsig(node: &Node, handle: &str) -> Result<Answer, Failure> {
    let book = node.gate.book();
    let member = node.active(&book, handle)?.id;
    let made = make_tsig(node, member, handle)?;
    let (name, algorithm, secret) = (&made.name, TSIG_ALGORITHM, &made.secret);
    let zone = deliver::zone::name_of(handle, node.config.dns.origin());
    let address = node.config.dns.listen;
    let seen = match address.ip().is_loopback() || address.ip().is_unspecified() {
        true => "    // the node's address and port, as the resolver sees them\n",
        false => "",
    };
    let text = format!(
        "TSIG key of {handle}, shown this once. For BIND 9:\n\n\
         key \"{name}\" {{ algorithm {algorithm}; secret \"{secret}\"; }};\n\
         zone \"{zone}\" {{\n    type secondary;\n{seen}    primaries {{ {} port {} key \"{name}\"; }};\n    \
         file \"{zone}.zone\";\n    min-refresh-time 60;\n}};\n\
         options {{ response-policy {{ zone \"{zone}\" min-update-interval 0; }} qname-wait-recurse no; }};\n\n\
         Next: bongsu member zone {handle} --notify ADDRESS, with the address of that server, so that it is told of changes.\n",
        address.ip(),
        address.port(),
    );
    let json = json!({"member": handle, "tsig": {
        "id": made.id, "name": name, "algorithm": algorithm, "secret": secret, "zone": zone,
    }});
    Ok(Answer::done(json, text))
}

/// A TSIG key that was just made.
pub(crate) struct MadeTsig {
    pub id: String,
    pub name: String,
    pub secret: String,
}

/// Makes a TSIG key for `member`; its name starts with the member's handle.
///
/// # Errors
/// When there are no random bytes or the line can't be written.
pub(crate) fn make_tsig(node: &Node, member: MemberId, handle: &str) -> Result<MadeTsig, Failure> {
    let id = Uuid::now_v7();
    let secret = random()?;
    // The last digits of a version 7 UUID are random.
    let (name, key) = Credential::tsig(id, member, handle, node.now(), &secret);
    node.record(Entry::Credential(key))?;
    Ok(MadeTsig { id: id.simple().to_string(), name, secret: STANDARD.encode(secret) })
}
