//! `bongsu case request`, `document`, `send` and `answer`: a service is asked to freeze, and what it did.

use crate::answer::Answer;
use crate::cli::{AnsweredArg, CaseAnswerArgs, CaseDocumentArgs, CaseRequestArgs, CaseSendArgs, RequestArgs};
use crate::command::trace::across::Followed;
use crate::command::trace::found::Found;
use crate::command::trace::{UNKNOWN, time};
use crate::exit::Failure;
use crate::node::Node;
use deliver::freeze::{Came, FreezeRequest, Moved, THEFTS_MAX, Total, VERSION, note};
use deliver::mail::Attached;
use deliver::speech::Language;
use gate::NoteKey;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use stix::{Timestamp, Tlp};
use trace::U256;
use trace::case::{Arrival, Case, Definition, Event, Request, State, Step, WRONG_STEP};
use trace::cross::Crossing;
use trace::taint::{Entry, Place};
use trace::units::lasted;
use uuid::Uuid;

use super::followed;
use super::retrace::{amount, arrival};

/// Arrivals of one request, and arrivals whose whole path is told.
const ARRIVALS_MAX: usize = 5_000;
const PATHS_MAX: usize = 500;
/// Transfers of a request's document.
const TRANSFERS_MAX: usize = 20_000;
/// Crossings on one path.
const CROSSINGS_MAX: usize = 32;

pub(super) fn draft(node: &Node, args: &CaseRequestArgs) -> Result<Answer, Failure> {
    let (definition, service, wanted) =
        node.cases.look(|cases| wanted(cases.get(&args.handle)?, &args.service))?;
    let now = node.now();
    let mut request = followed(&definition, |found| {
        let keys: BTreeSet<String> = wanted.iter().map(Arrival::key).collect();
        Ok(document_of(node, &definition, found, &keys, now))
    })?;
    if request.arrivals.is_empty() {
        return Err(Failure::new("what came to that service is not in the transfers any more")
            .hint(format!("bongsu case trace {}", args.handle)));
    }
    request.case.clone_from(&args.handle);
    request.service.clone_from(&service);
    request.tlp = Tlp::from(args.tlp).to_string();
    let number = node.cases.happens(&args.handle, |cases| {
        let case = cases.get(&args.handle)?;
        request.number = case.requests.len() + 1;
        let step = Step { state: State::Drafted, at: now, note: None, to: None };
        let drafted = Request {
            service: service.clone(),
            arrivals: wanted,
            document: request.to_json(),
            steps: vec![step],
        };
        Ok((vec![Event::Drafted(drafted)], request.number))
    })?;
    let totals: Vec<&str> = request.totals.iter().map(|total| total.amount.as_str()).collect();
    let text = format!(
        "Request {number} to {service} is drafted: {}.\nLook at it: bongsu case document {1} {number} --out DIR\n\
         Then send it: bongsu case send {1} {number} --to ADDRESS\n",
        totals.join(", "),
        args.handle
    );
    Ok(Answer::done(json!({"case": args.handle, "request": number, "document": request}), text))
}

/// What came to a service and is in no request yet, or in one that came to nothing.
fn wanted(case: &Case, named: &str) -> Result<(Definition, String, Vec<Arrival>), Failure> {
    let all: Vec<&Arrival> = case.arrivals(named).collect();
    let Some(first) = all.first() else {
        let services: BTreeSet<&str> = case.alerts.iter().map(trace::case::Alert::service).collect();
        let services: Vec<&str> = services.into_iter().take(20).collect();
        let hint = match services.is_empty() {
            true => format!("bongsu case trace {} looks again", case.handle),
            false => format!("something came to {}", services.join(", ")),
        };
        return Err(Failure::usage(format!("nothing came to a service `{named}`")).hint(hint));
    };
    let service = first.service.clone();
    let asked = |arrival: &&Arrival| case.requests.iter().any(|request| request.arrivals.contains(arrival));
    let fresh: Vec<Arrival> =
        all.into_iter().filter(|arrival| !asked(arrival)).take(ARRIVALS_MAX).cloned().collect();
    match fresh.is_empty() {
        true => Err(Failure::new(format!("all that came to {service} is in a request already"))
            .hint(format!("bongsu case show {}", case.handle))),
        false => Ok((case.definition.clone(), service, fresh)),
    }
}

/// The transfers of a document, each once.
#[derive(Default)]
struct Transfers {
    all: Vec<Moved>,
    by_number: HashMap<(usize, u64), usize>,
}

impl Transfers {
    fn add(&mut self, at: usize, found: &Found<'_>, number: u64, tainted: U256) -> Option<usize> {
        if let Some(known) = self.by_number.get(&(at, number)) {
            return Some(*known);
        }
        let (payments, transfer) = (found.payments, found.transfer(number)?);
        let asset = payments.asset_name(transfer.asset).unwrap_or_default();
        let decimals = payments.decimals(transfer.asset);
        self.all.push(Moved {
            chain: payments.chain().to_owned(),
            transaction: payments.named(number).unwrap_or_default(),
            block: payments.block(number).unwrap_or_default(),
            time: time(transfer.time).to_string(),
            from: payments.address(transfer.from).unwrap_or_else(|| UNKNOWN.to_owned()),
            to: payments.address(transfer.to).unwrap_or_else(|| UNKNOWN.to_owned()),
            units: transfer.amount.to_string(),
            tainted_units: tainted.to_string(),
            amount: amount(transfer.amount, &asset, decimals),
            tainted: amount(tainted, &asset, decimals),
            asset,
        });
        self.by_number.insert((at, number), self.all.len() - 1);
        Some(self.all.len() - 1)
    }
}

/// What came of one asset: how much, its digits, to which addresses.
type Sum = (U256, Option<u8>, BTreeSet<String>);

/// The document about the arrivals with these keys. Case, number, service and mark are for the caller to set.
fn document_of(
    node: &Node,
    definition: &Definition,
    followed: &Followed<'_>,
    keys: &BTreeSet<String>,
    now: Timestamp,
) -> FreezeRequest {
    let founds = &followed.founds;
    let (mut transfers, mut thefts, mut arrivals) = (Transfers::default(), Vec::new(), Vec::new());
    let mut totals: BTreeMap<(String, String), Sum> = BTreeMap::new();
    let (mut category, mut labelled_by, mut until) = (String::new(), BTreeSet::new(), 0);
    let tainted: Vec<HashMap<u64, U256>> = founds.iter().map(|found| found.trace.moves().collect()).collect();
    let add = |transfers: &mut Transfers, at: usize, number: u64| {
        let tainted = tainted.get(at)?.get(&number).copied().unwrap_or_default();
        transfers.add(at, founds.get(at)?, number, tainted)
    };
    let stolen: Vec<(usize, u64)> = stolen(followed).collect();
    for (at, number) in stolen.iter().take(THEFTS_MAX) {
        thefts.extend(add(&mut transfers, *at, *number));
    }
    for (at, found) in founds.iter().enumerate() {
        let asked: Vec<(&Entry, Arrival)> = found
            .trace
            .entries()
            .iter()
            .filter(|entry| entry.place == Place::Service)
            .map(|entry| (entry, arrival(found, entry)))
            .filter(|(_, arrival)| keys.contains(&arrival.key()))
            .collect();
        if asked.is_empty() {
            continue;
        }
        until = until.max(found.payments.times().map_or(0, |(_, last)| last));
        for (entry, arrival) in asked {
            let path = match arrivals.len() < PATHS_MAX && transfers.all.len() < TRANSFERS_MAX {
                true => way(followed, at, found.trace.path_of(entry)),
                false => Vec::new(),
            };
            let path = path.into_iter().filter_map(|(at, number)| add(&mut transfers, at, number)).collect();
            let Some(transfer) = transfers.add(at, found, entry.number, entry.tainted) else { continue };
            arrivals.push(Came { transfer, path });
            arrival.category.as_str().clone_into(&mut category);
            for label in found.labels.of(&arrival.to).iter().filter(|label| label.category.is_service()) {
                let date = label.date.as_deref().map_or_else(String::new, |date| format!(" ({date})"));
                labelled_by.insert(format!("{}{date}", label.source));
            }
            let total = totals.entry((arrival.chain, arrival.asset)).or_default();
            total.0 = total.0.saturating_add(arrival.tainted);
            total.1 = arrival.decimals;
            total.2.insert(arrival.to);
        }
    }
    let total = |((chain, asset), (units, decimals, addresses)): ((String, String), Sum)| Total {
        amount: amount(units, &asset, decimals),
        units: units.to_string(),
        addresses: addresses.into_iter().collect(),
        chain,
        asset,
    };
    FreezeRequest {
        bongsu_freeze_request: VERSION,
        case: String::new(),
        number: 0,
        title: definition.title.clone(),
        made: now.to_string(),
        node: node.gate.key().name().to_owned(),
        key: NoteKey::of(node.gate.key()).to_string(),
        tlp: String::new(),
        service: String::new(),
        category,
        labelled_by: labelled_by.into_iter().take(20).collect(),
        totals: totals.into_iter().map(total).collect(),
        thefts_count: stolen.len(),
        thefts,
        arrivals,
        transfers: transfers.all,
        method: definition.method.clone(),
        outputs: founds.iter().any(|found| found.payments.is_of_outputs()),
        until: time(until).to_string(),
        contact: definition.contact.clone(),
        legal: definition.legal.clone(),
    }
}

/// The thefts themselves, without what came by crossings: chain and transfer.
fn stolen<'f>(followed: &'f Followed<'_>) -> impl Iterator<Item = (usize, u64)> + 'f {
    let thefts = followed.founds.iter().enumerate();
    let thefts = thefts.flat_map(|(at, found)| found.thefts.iter().map(move |number| (at, *number)));
    thefts.filter(|(at, number)| crossing(followed, *at, *number).is_none())
}

/// By which crossing a transfer came.
fn crossing<'f>(followed: &'f Followed<'_>, at: usize, number: u64) -> Option<&'f Crossing> {
    followed.across.crossings.iter().find(|one| (one.left.chain, one.left.number) == (at, number))
}

/// A path on one chain, with what lies before it on others: chain and transfer, the theft first.
fn way(followed: &Followed<'_>, at: usize, path: Vec<u64>) -> Vec<(usize, u64)> {
    let mut whole: Vec<(usize, u64)> = path.into_iter().map(|number| (at, number)).collect();
    for _ in 0..CROSSINGS_MAX {
        let Some((at, first)) = whole.first().copied() else { break };
        let Some(entered) = crossing(followed, at, first).map(|one| &one.entered) else { break };
        let Some(found) = followed.founds.get(entered.chain) else { break };
        let mut entries = found.trace.entries().iter();
        let Some(entry) = entries.find(|entry| entered.numbers.first() == Some(&entry.number)) else { break };
        let before = found.trace.path_of(entry).into_iter().map(|number| (entered.chain, number));
        whole.splice(0..0, before);
    }
    whole
}

/// A request as it was drafted.
fn drafted(node: &Node, args: &RequestArgs) -> Result<FreezeRequest, Failure> {
    node.cases.look(|cases| {
        let case = cases.get(&args.handle)?;
        let request = case.request(args.number).ok_or_else(|| no_request(case, args.number))?;
        FreezeRequest::from_json(&request.document)
            .map_err(|error| Failure::new(format!("the request can't be read: {error}")))
    })
}

fn no_request(case: &Case, number: usize) -> Failure {
    let failure = Failure::usage(format!("case `{}` has no request {number}", case.handle));
    match case.requests.len() {
        0 => failure.hint(format!("bongsu case request {} SERVICE drafts one", case.handle)),
        count => failure.hint(format!("it has 1 to {count}: bongsu case show {}", case.handle)),
    }
}

/// The three files of a request.
struct Files {
    stem: String,
    pdf: Vec<u8>,
    json: String,
    signature: String,
}

impl Files {
    fn of(node: &Node, request: &FreezeRequest, language: Language) -> Result<Self, Failure> {
        let deliver = node.deliver()?;
        let pdf =
            request.pdf(language, deliver.letterhead()).map_err(|error| Failure::new(error.to_string()))?;
        let (json, stem) = (request.to_json(), format!("{}-request-{}", request.case, request.number));
        let (json_name, pdf_name) = (format!("{stem}.json"), format!("{stem}.pdf"));
        let text = note(request, &[(&json_name, json.as_bytes()), (&pdf_name, &pdf)]);
        Ok(Self { signature: node.gate.key().note(&text), stem, pdf, json })
    }
}

fn language(tag: &str) -> Result<Language, Failure> {
    tag.parse().map_err(|error| Failure::usage(format!("--language {tag}: {error}")))
}

pub(super) fn document(node: &Node, args: &CaseDocumentArgs) -> Result<Answer, Failure> {
    let files = Files::of(node, &drafted(node, &args.request)?, language(&args.language)?)?;
    std::fs::create_dir_all(&args.out)
        .map_err(|error| Failure::new(format!("{} can't be made: {error}", args.out.display())))?;
    let mut written = Vec::new();
    for (end, bytes) in
        [("pdf", files.pdf.as_slice()), ("json", files.json.as_bytes()), ("sig", files.signature.as_bytes())]
    {
        let path = args.out.join(format!("{}.{end}", files.stem));
        std::fs::write(&path, bytes)
            .map_err(|error| Failure::new(format!("{} can't be written: {error}", path.display())))?;
        written.push(path);
    }
    let shown: Vec<String> = written.iter().map(|path| format!("{}\n", path.display())).collect();
    Ok(Answer::done(
        json!({"case": args.request.handle, "request": args.request.number, "files": written}),
        shown.concat(),
    ))
}

pub(super) fn send(node: &Node, args: &CaseSendArgs) -> Result<Answer, Failure> {
    let RequestArgs { handle, number } = &args.request;
    let sent = node.since(args.at.as_deref())?;
    // Whether it can be sent is asked before it goes.
    node.cases.look(|cases| check(cases.get(handle)?, *number, State::Sent, sent).map(drop))?;
    let whom = match (&args.to, &args.by_hand) {
        (Some(to), _) => {
            mail(node, &args.request, to, language(&args.language)?)?;
            to.clone()
        }
        (None, whom) => whom.clone().unwrap_or_default(),
    };
    let step = Step { state: State::Sent, at: sent, note: None, to: Some(whom.clone()) };
    happens(node, &args.request, step)?;
    let text = format!(
        "Request {number} went to {whom}. When the service answers: bongsu case answer {handle} {number} acknowledged|frozen|refused\n"
    );
    Ok(Answer::done(json!({"case": handle, "request": number, "state": "sent", "to": whom}), text))
}

fn mail(node: &Node, args: &RequestArgs, to: &str, language: Language) -> Result<(), Failure> {
    let request = drafted(node, args)?;
    let files = Files::of(node, &request, language)?;
    let post = node.mails()?;
    let mailer = post.channel.mailer().ok_or_else(|| {
        Failure::usage("mail.host is not set in the configuration")
            .hint("docs/push.md says what mail needs; or write the files with `bongsu case document` and note how they went with --by-hand")
    })?;
    let mut content = request.mail(language);
    let file = |end: &str, content_type, bytes| Attached {
        name: format!("{}.{end}", files.stem),
        content_type,
        bytes,
    };
    content.attached = vec![
        file("pdf", "application/pdf", files.pdf),
        file("json", "application/json", files.json.into_bytes()),
        // No text: whoever passes it on must not break its lines another way.
        file("sig", "application/octet-stream", files.signature.into_bytes()),
    ];
    let id = mailer.id(&format!("freeze.{}", Uuid::now_v7().simple()));
    let message = mailer.message(to, &id, node.now(), content);
    let message = message.map_err(|error| Failure::usage(error.to_string()))?;
    let sent = crate::pull::runtime()?.block_on(mailer.send(to, &message));
    sent.map_err(|not| Failure::new(format!("the mail server did not take the request: {}", not.why)))
}

pub(super) fn answer(node: &Node, args: &CaseAnswerArgs) -> Result<Answer, Failure> {
    let RequestArgs { handle, number } = &args.request;
    let state = match args.state {
        AnsweredArg::Acknowledged => State::Acknowledged,
        AnsweredArg::Frozen => State::Frozen,
        AnsweredArg::Refused => State::Refused,
        AnsweredArg::Released => State::Released,
    };
    let step = Step { state, at: node.since(args.at.as_deref())?, note: args.note.clone(), to: None };
    let request = happens(node, &args.request, step)?;
    let mut text = format!("Request {number} to {}: {}.\n", request.service, state.as_str());
    if let (State::Frozen, Some(seconds)) = (state, request.to_freeze()) {
        text.push_str(&format!("From arrival to freeze: {}.\n", lasted(seconds)));
    }
    let json =
        json!({"case": handle, "request": number, "state": state.as_str(), "to_freeze": request.to_freeze()});
    Ok(Answer::done(json, text))
}

fn check(case: &Case, number: usize, next: State, at: Timestamp) -> Result<&Request, Failure> {
    let request = case.request(number).ok_or_else(|| no_request(case, number))?;
    match request.check(next, at) {
        Ok(()) => Ok(request),
        Err(error) => Err(Failure::usage(error.to_string()).hint(WRONG_STEP)),
    }
}

/// Writes a step, and gives the request as it is then.
fn happens(node: &Node, args: &RequestArgs, step: Step) -> Result<Request, Failure> {
    node.cases.happens(&args.handle, |cases| {
        let mut request = check(cases.get(&args.handle)?, args.number, step.state, step.at)?.clone();
        request.steps.push(step.clone());
        Ok((vec![Event::Step { request: args.number, step }], request))
    })
}
