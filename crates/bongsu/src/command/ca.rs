//! `bongsu ca`: certificates of the node's own authority.

use crate::answer::{Answer, table};
use crate::authority::{Purpose, Reason, SOON_DAYS, Signed, Wanted, bytes, write_new};
use crate::cli::{CaCommand, CaIssueArgs, ReasonArg};
use crate::command::credential;
use crate::exit::{Exit, Failure};
use crate::node::Node;
use policy::{Book, Credential, Entry, MemberId};
use serde_json::{Value, json};
use stix::Timestamp;

const DAY_MICROS: i64 = 86_400_000_000;

impl From<ReasonArg> for Reason {
    fn from(reason: ReasonArg) -> Self {
        match reason {
            ReasonArg::Unspecified => Self::Unspecified,
            ReasonArg::KeyCompromise => Self::KeyCompromise,
            ReasonArg::Superseded => Self::Superseded,
            ReasonArg::Ended => Self::Ended,
        }
    }
}

/// Runs `bongsu ca …`.
///
/// # Errors
/// When there is no authority, a member or serial is unknown, a file can't be read or written, or the line can't.
pub(crate) fn run(node: &Node, command: CaCommand) -> Result<Answer, Failure> {
    match command {
        CaCommand::Init { name, years } => init(node, name, years),
        CaCommand::Issue(args) => issue(node, &args),
        CaCommand::List => list(node),
        CaCommand::Revoke { serial, reason } => revoke(node, &serial, reason.into()),
        CaCommand::Crl => crl(node),
    }
}

fn view(book: &Book, signed: &Signed, now: Timestamp) -> Value {
    json!({
        "serial": signed.serial, "purpose": signed.purpose.name(), "subject": signed.subject,
        "names": signed.names, "sha256": signed.sha256,
        "member": signed.member.and_then(|id| book.member(id)).map(|member| member.handle.clone()),
        "credential": signed.credential.map(|id| id.simple().to_string()),
        "from": signed.from.to_string(), "until": signed.until.to_string(),
        "revoked": signed.revoked.map(|(at, _)| at.to_string()),
        "state": state(signed, now),
    })
}

fn state(signed: &Signed, now: Timestamp) -> &'static str {
    match signed.revoked {
        Some(_) => "revoked",
        None if signed.until <= now => "ended",
        None if ends_soon(signed, now) => "ends soon",
        None => "good",
    }
}

/// Whether a certificate that holds ends within a month.
pub(crate) fn ends_soon(signed: &Signed, now: Timestamp) -> bool {
    let left = signed.until.micros() - now.micros();
    signed.revoked.is_none() && (0..=SOON_DAYS * DAY_MICROS).contains(&left)
}

fn init(node: &Node, name: Option<String>, years: u32) -> Result<Answer, Failure> {
    let name = name.unwrap_or_else(|| format!("{} authority", node.gate.key().name()));
    let now = node.now();
    let signed = node.authority.begin(&name, years, now)?;
    let (ca, crl) = (node.authority.certificate(), node.authority.crl());
    let text = format!(
        "The authority `{name}` is made, good until {}. Partners trust {}.\nIn bongsu.toml, so that clients may show what it signs:\n\n\
         [http]\ntls_client_ca = \"{}\"\ntls_client_crl = \"{}\"\n\n\
         Next: bongsu ca issue --member MEMBER --csr FILE --out FILE\n",
        signed.until,
        ca.display(),
        ca.display(),
        crl.display()
    );
    let view = view(&node.gate.book(), &signed, now);
    Ok(Answer::done(json!({"authority": view, "certificate": ca, "crl": crl}), text))
}

fn issue(node: &Node, args: &CaIssueArgs) -> Result<Answer, Failure> {
    let (book, now) = (node.gate.book(), node.now());
    let member = args.member.as_deref().map(|handle| node.active(&book, handle)).transpose()?;
    let (purpose, subject) = match (member, &args.peer, args.name.first()) {
        (_, Some(peer), _) => (Purpose::Peer, peer.clone()),
        (Some(member), None, _) => (Purpose::Member, member.handle.clone()),
        (None, None, Some(name)) => (Purpose::Server, name.clone()),
        (None, None, None) => {
            return Err(Failure::usage("a server's certificate needs --name".to_owned()));
        }
    };
    for path in args.key_out.iter().chain([&args.out]) {
        if path.exists() {
            return Err(Failure::new(format!("{} is there already", path.display()))
                .hint("name another file, or move it away first; nothing was signed"));
        }
    }
    let wanted = Wanted {
        purpose,
        subject,
        names: args.name.clone(),
        days: args.days,
        csr: args.csr.clone(),
        member: member.map(|member| member.id),
    };
    let issued = node.authority.sign(&wanted, now)?;
    let serial = &issued.signed.serial;
    let unwritten = |failure: Failure| {
        failure.hint(format!("it is signed: take it back with `bongsu ca revoke {serial}`, and sign another"))
    };
    write_new(&args.out, &issued.pem, 0o644).map_err(unwritten)?;
    if let (Some(path), Some(key)) = (&args.key_out, &issued.key) {
        write_new(path, key, 0o600).map_err(unwritten)?;
    }
    let mut signed = issued.signed.clone();
    if let Some(member) = member {
        let id = credential::bind(node, &member.handle, issued.sha256, Some(signed.until))?;
        node.authority.bind(serial, id)?;
        signed.credential = Some(id);
    }
    let lets_in = member.map_or_else(String::new, |member| format!(" It lets {} in at once.", member.handle));
    let text = format!(
        "Signed {} for {}, serial {serial}, good until {}: {}.{lets_in}\n",
        signed.purpose.name(),
        signed.subject,
        signed.until,
        args.out.display()
    );
    Ok(Answer::done(json!({"certificate": view(&node.gate.book(), &signed, now)}), text))
}

fn list(node: &Node) -> Result<Answer, Failure> {
    let (book, now) = (node.gate.book(), node.now());
    let all = node.authority.all()?;
    let views: Vec<Value> = all.iter().map(|signed| view(&book, signed, now)).collect();
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|signed| {
            vec![
                signed.serial.clone(),
                signed.purpose.name().to_owned(),
                signed.subject.clone(),
                signed.until.to_string(),
                state(signed, now).to_owned(),
            ]
        })
        .collect();
    let text = match rows.is_empty() {
        true => "Nothing is signed yet. Next: bongsu ca init\n".to_owned(),
        false => table(&["SERIAL", "FOR", "NAME", "UNTIL", "STATE"], &rows),
    };
    let soon = all.iter().any(|signed| ends_soon(signed, now));
    let exit = if soon { Exit::Findings } else { Exit::Done };
    Ok(Answer::done(json!({"certificates": views}), text).ending(exit))
}

fn revoke(node: &Node, serial: &str, reason: Reason) -> Result<Answer, Failure> {
    let now = node.now();
    let signed = node.authority.revoke(serial, reason)?;
    // First what needs no file: even if the list can't be written, nobody gets in with it.
    let book = node.gate.book();
    let hash: Option<[u8; 32]> = bytes(&signed.sha256).and_then(|hash| hash.try_into().ok());
    let by_hash = hash.and_then(|hash| book.certificate(&hash));
    let known = signed.credential.and_then(|id| book.credential(id)).or(by_hash);
    if let Some(known) = known.filter(|known| !known.revoked) {
        let taken_back = Credential { revoked: true, ..known.clone() };
        node.gate.record(MemberId::NODE, Entry::Credential(taken_back))?;
    }
    node.authority.write_crl(now)?;
    let text = format!("The certificate {} of {} is taken back.\n", signed.serial, signed.subject);
    Ok(Answer::done(json!({"certificate": view(&node.gate.book(), &signed, now)}), text))
}

fn crl(node: &Node) -> Result<Answer, Failure> {
    let pem = node.authority.write_crl(node.now())?;
    Ok(Answer::done(json!({"file": node.authority.crl(), "crl": pem}), pem))
}

/// Keeps up the list of what was taken back with what other nodes beside the same database take back.
///
/// # Errors
/// When the list can't be written or the line not read.
pub(crate) fn follow(node: &Node) -> Result<(), Failure> {
    if !node.gate.is_shared() || !node.authority.exists() {
        return Ok(());
    }
    node.authority.follow(node.now())
}

/// Keeps the list of what was taken back fresh, and warns of what ends soon.
///
/// # Errors
/// When the list can't be written or the line not read.
pub(crate) fn keep(node: &Node) -> Result<(), Failure> {
    if !node.authority.exists() {
        return Ok(());
    }
    let now = node.now();
    node.authority.write_crl(now)?;
    for signed in node.authority.all()?.iter().filter(|signed| ends_soon(signed, now)) {
        tracing::warn!(
            serial = signed.serial,
            "the certificate of {} ({}) ends at {}: sign another with `bongsu ca issue`",
            signed.subject,
            signed.purpose.name(),
            signed.until
        );
    }
    Ok(())
}
