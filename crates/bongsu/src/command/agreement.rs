//! `bongsu agreement`: what the members of a circle that lies on several nodes agree on and sign.

use crate::answer::Answer;
use crate::cli::{AgreementCommand, CircleProfile};
use crate::command::{circle, key, member};
use crate::exit::Failure;
use crate::node::{self, Node};
use policy::federation::AGREEMENT_BYTES_MAX;
use policy::{Agreed, Agreement, Book, Circle, CircleId, Entry, Level, Member, MemberId, Party, SigningKey};
use serde_json::{Value, json};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use stix::signature::SecretKey;
use uuid::Uuid;

/// Runs `bongsu agreement …` on a node.
///
/// # Errors
/// When a name is unknown, a file can't be read, or the agreement does not count.
pub(crate) fn run(node: &Node, command: AgreementCommand) -> Result<Answer, Failure> {
    match command {
        AgreementCommand::Party { member, key } => party(node, &member, key.as_deref()),
        AgreementCommand::Draft { circle, parties, profile } => draft(node, circle, &parties, &profile),
        AgreementCommand::Propose { file } => propose(node, &file),
        AgreementCommand::Add { file: Some(file), .. } => add(node, read(&file)?),
        AgreementCommand::Add { file: None, proposed } => {
            add(node, proposal(&node.gate.book(), &proposed.unwrap_or_default())?.clone())
        }
        AgreementCommand::Show { circle, proposed: true } => document(proposal(&node.gate.book(), &circle)?),
        AgreementCommand::Show { circle, proposed: false } => {
            let book = node.gate.book();
            let id = node.circle(&book, &circle)?.id;
            let agreed = book.agreed(id).ok_or_else(|| {
                Failure::new(format!("circle `{circle}` lies on this node alone: it has no agreement"))
            })?;
            document(agreed)
        }
        command @ (AgreementCommand::Sign { .. } | AgreementCommand::Join { .. }) => {
            without_node(&command).unwrap_or_else(|| Err(Failure::usage("this needs no node")))
        }
    }
}

/// What needs no node, because members sign where their keys are.
pub(crate) fn without_node(command: &AgreementCommand) -> Option<Result<Answer, Failure>> {
    match command {
        AgreementCommand::Sign { file, key } => Some(sign(file, key)),
        AgreementCommand::Join { file, others } => Some(join(file, others)),
        _ => None,
    }
}

/// The files that a command names.
pub(crate) fn paths(command: &mut AgreementCommand) -> Vec<&mut PathBuf> {
    match command {
        AgreementCommand::Draft { parties, .. } => parties.iter_mut().collect(),
        AgreementCommand::Add { file, .. } => file.iter_mut().collect(),
        AgreementCommand::Propose { file } => vec![file],
        AgreementCommand::Sign { file, key } => vec![file, key],
        AgreementCommand::Join { file, others } => std::iter::once(file).chain(others).collect(),
        AgreementCommand::Party { .. } | AgreementCommand::Show { .. } => Vec::new(),
    }
}

fn failed(path: &Path) -> impl Fn(&dyn std::fmt::Display) -> Failure {
    move |why| Failure::new(format!("{}: {why}", path.display()))
}

fn text_of(path: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let limit = u64::try_from(AGREEMENT_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
    let read = std::fs::File::open(path).and_then(|file| file.take(limit).read_to_string(&mut text));
    read.map_err(|error| failed(path)(&error))?;
    Ok(text)
}

fn read(path: &Path) -> Result<Agreed, Failure> {
    Agreed::read(&text_of(path)?).map_err(|error| failed(path)(&error))
}

fn pretty(value: &impl serde::Serialize) -> Result<(Value, String), Failure> {
    let odd = |error: serde_json::Error| Failure::new(error.to_string());
    let text = serde_json::to_string_pretty(value).map_err(odd)? + "\n";
    Ok((serde_json::to_value(value).map_err(odd)?, text))
}

fn document(value: &impl serde::Serialize) -> Result<Answer, Failure> {
    let (json, text) = pretty(value)?;
    Ok(Answer::done(json, text))
}

fn party(node: &Node, handle: &str, key: Option<&str>) -> Result<Answer, Failure> {
    let book = node.gate.book();
    let member = node.active(&book, handle)?;
    let now = node.now();
    let mut keys = book.signing_keys().filter(|one| {
        one.member == member.id && one.revoked.is_none() && one.expires.is_none_or(|expires| now < expires)
    });
    let found = match key {
        Some(name) => keys.find(|one| one.key.id() == name),
        None => keys.next().filter(|_| keys.next().is_none()),
    };
    let found = found.ok_or_else(|| {
        Failure::new(format!(
            "`{handle}` has no key for signatures, or several: which is to sign is not clear"
        ))
        .hint(
            "`bongsu member key add` registers one, `bongsu member key list` shows all; name one with --key",
        )
    })?;
    document(&Party {
        member: member.id,
        handle: member.handle.clone(),
        name: member.name.clone(),
        clearance: member.clearance,
        home: node.gate.home().clone(),
        key: found.key.clone(),
        from: Some(found.from),
    })
}

fn draft(
    node: &Node,
    handle: String,
    parties: &[PathBuf],
    profile: &CircleProfile,
) -> Result<Answer, Failure> {
    member::check_handle(&handle)?;
    let book = node.gate.book();
    let before = book.circle_by_handle(&handle);
    let version = match before {
        None => 1,
        Some(circle) => {
            let agreed = book.agreed(circle.id).ok_or_else(|| {
                Failure::new(format!("circle `{handle}` lies on this node alone"))
                    .hint("draft the agreement under another short name: what is in a circle was shared among its members")
            })?;
            agreed.agreement.version.saturating_add(1)
        }
    };
    let mut circle = before.cloned().unwrap_or_else(|| Circle::new(CircleId::new(Uuid::new_v4()), handle));
    circle::apply(profile, &mut circle)?;
    let read = |path: &PathBuf| {
        serde_json::from_str::<Party>(&text_of(path)?)
            .map_err(|error| failed(path)(&format!("it is no party: {error}")))
    };
    let parties = parties.iter().map(read).collect::<Result<Vec<Party>, Failure>>()?;
    let mut agreement = Agreement::of(&circle, parties);
    agreement.version = version;
    let agreed = Agreed::draft(agreement);
    // What can't be read back must not be given to partners.
    let (_, text) = pretty(&agreed)?;
    document(&Agreed::read(&text).map_err(|error| Failure::new(error.to_string()))?)
}

fn sign(file: &Path, secret: &Path) -> Result<Answer, Failure> {
    let mut agreed = read(file)?;
    let secret = SecretKey::read(&key::read(secret)?).map_err(|error| failed(secret)(&error))?;
    let member = agreed.sign(&secret, node::now()).map_err(|error| failed(file)(&error))?;
    let handle = agreed.agreement.party(member).map(|party| party.handle.clone()).unwrap_or_default();
    write(file, &agreed, &format!("Signed for {handle}."))
}

fn join(file: &Path, others: &[PathBuf]) -> Result<Answer, Failure> {
    let mut agreed = read(file)?;
    for path in others {
        agreed.join(read(path)?).map_err(|error| failed(path)(&error))?;
    }
    write(file, &agreed, "Joined.")
}

fn write(file: &Path, agreed: &Agreed, told: &str) -> Result<Answer, Failure> {
    std::fs::write(file, pretty(agreed)?.1).map_err(|error| failed(file)(&error))?;
    let missing = agreed.missing();
    let rest = match missing.is_empty() {
        true => {
            "All its members have signed it: `bongsu agreement add` on each node lets it count.".to_owned()
        }
        false => format!("Not signed yet by: {}.", missing.join(", ")),
    };
    Ok(Answer::done(json!({"missing": missing}), format!("{told} {rest}\n")))
}

/// The draft about a circle that was noted here.
fn proposal<'b>(book: &'b Book, handle: &str) -> Result<&'b Agreed, Failure> {
    book.proposals().find(|draft| draft.agreement.handle == handle).ok_or_else(|| {
        Failure::new(format!("no draft of an agreement of circle `{handle}` is noted here"))
            .hint("`bongsu agreement propose FILE` notes one; once it counts, `bongsu agreement show` has it")
    })
}

/// Notes a draft, so that its signatures come and go by themselves between the nodes that it names.
fn propose(node: &Node, file: &Path) -> Result<Answer, Failure> {
    let Agreed { agreement, signatures } = read(file)?;
    if agreement.at_home(node.gate.home()).next().is_none() {
        return Err(failed(file)(&"it names no member of this node"));
    }
    let mut agreed = Agreed::draft(agreement);
    let signers: Vec<MemberId> = signatures.keys().copied().collect();
    let held = agreed.take(signatures);
    if let Some(member) = signers.iter().find(|member| !held.contains_key(member)) {
        return Err(failed(file)(&format!("the signature of member {member} does not hold")));
    }
    let counts = node.gate.book().agreed(agreed.agreement.circle).map(|known| known.agreement.version);
    if counts.is_some_and(|version| version >= agreed.agreement.version) {
        return Err(failed(file)(&format!("version {} counts here already", counts.unwrap_or_default())));
    }
    node.change(|book| {
        let before = book.proposal(agreed.agreement.circle);
        if let Some(before) = before.filter(|before| before.agreement == agreed.agreement) {
            for (member, jws) in &before.signatures {
                agreed.signatures.entry(*member).or_insert_with(|| jws.clone());
            }
        }
        Ok(Entry::Proposal(Box::new(agreed.clone())))
    })?;
    let (missing, handle) = (agreed.missing(), &agreed.agreement.handle);
    let rest = match missing.is_empty() {
        true => format!("All have signed it: `bongsu agreement add --proposed {handle}` lets it count."),
        false => format!("Not signed yet by: {}.", missing.join(", ")),
    };
    let text = format!(
        "The draft about circle {handle} is noted: peers that it names bring their signatures. {rest}\n"
    );
    Ok(Answer::done(
        json!({"circle": handle, "digest": gate::digest(&agreed.agreement), "missing": missing}),
        text,
    ))
}

fn add(node: &Node, agreed: Agreed) -> Result<Answer, Failure> {
    agreed.verify().map_err(|error| Failure::new(format!("the agreement does not count: {error}")))?;
    let agreement = agreed.agreement.clone();
    node.gate.change_all(MemberId::NODE, |book| {
        let fits = |why: String| Failure::new(format!("the agreement can't be taken: {why}"));
        let known = book.agreed(agreement.circle).map(|known| &known.agreement);
        match known {
            Some(known) if known.version >= agreement.version && *known != agreement => {
                return Err(fits(format!("version {} counts already", known.version)));
            }
            None if book.circle(agreement.circle).is_some() => {
                return Err(fits("its circle lies on this node alone".to_owned()));
            }
            _ => {}
        }
        let other = book.circle_by_handle(&agreement.handle).filter(|circle| circle.id != agreement.circle);
        if other.is_some() {
            return Err(fits(format!("there is another circle `{}` here", agreement.handle)));
        }
        let mut entries = Vec::new();
        for party in &agreement.parties {
            entries.extend(entries_of(node, book, party).map_err(fits)?);
        }
        if agreement.at_home(node.gate.home()).next().is_none() {
            return Err(fits("it names no member of this node".to_owned()));
        }
        let mut circle = agreement.to_circle();
        // What members did not agree on is each node's own.
        if let Some(before) = book.circle(circle.id) {
            circle.privacy = before.privacy.clone();
            circle.four_eyes = agreement.four_eyes.or(before.four_eyes);
            circle.access = before.access.clone();
            circle.spec_versions = before.spec_versions.clone();
            circle.hidden_members = before.hidden_members;
        }
        entries.push(Entry::Circle(circle));
        entries.push(Entry::Agreement(Box::new(agreed)));
        Ok(entries)
    })?;
    let text = format!(
        "Version {} of the agreement of circle {} counts here: {} members.\n",
        agreement.version,
        agreement.handle,
        agreement.parties.len()
    );
    let json =
        json!({"circle": agreement.handle, "id": agreement.circle.to_string(), "version": agreement.version});
    Ok(Answer::done(json, text))
}

/// What the book needs to know of a party: nothing of a member of this node, itself of another's.
fn entries_of(node: &Node, book: &Book, party: &Party) -> Result<Vec<Entry>, String> {
    let (handle, known) = (&party.handle, book.member(party.member));
    let key_holder = book.signing_key(party.key.id()).map(|key| key.member);
    if party.home == *node.gate.home() {
        return match known {
            Some(member) if !member.ended && key_holder == Some(member.id) => match member.clearance {
                clearance if clearance == party.clearance => Ok(Vec::new()),
                clearance => {
                    Err(format!("`{handle}` is cleared for {clearance} here, not for {}", party.clearance))
                }
            },
            _ => Err(format!("`{handle}` is no member of this node with that key")),
        };
    }
    // Whom this node has itself nobody else can claim, and a member has one home.
    let mut elsewhere = book.all_agreed().filter_map(|agreed| agreed.agreement.party(party.member));
    if known.is_some() && !elsewhere.any(|before| before.home == party.home) {
        return Err(format!("`{handle}` has another home"));
    }
    if book.member_by_handle(handle).is_some_and(|other| other.id != party.member && !other.ended) {
        return Err(format!("there is another member `{handle}` here"));
    }
    if key_holder.is_some_and(|holder| holder != party.member) {
        return Err(format!("the key of `{handle}` is another member's here"));
    }
    let new = Member::new(party.member, handle.clone());
    let member = Member {
        handle: handle.clone(),
        name: party.name.clone(),
        clearance: party.clearance,
        level: Level::Exchange,
        ..known.cloned().unwrap_or(new)
    };
    let mut entries = vec![Entry::Member(member)];
    // It holds from when its home says, on all nodes, and not from when each of them has heard of it.
    let from = party.from.unwrap_or(stix::Timestamp::from_micros(0));
    match book.signing_key(party.key.id()) {
        None => {
            let (key, member) = (party.key.clone(), party.member);
            entries.push(Entry::SigningKey(SigningKey { key, member, from, expires: None, revoked: None }));
        }
        Some(known) if known.from != from => {
            entries.push(Entry::SigningKey(SigningKey { from, ..known.clone() }));
        }
        Some(_) => {}
    }
    Ok(entries)
}
