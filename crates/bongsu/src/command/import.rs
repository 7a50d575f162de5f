//! `bongsu import`: files in any of the formats, into a circle.

use crate::answer::{Answer, Watcher};
use crate::cli::ImportArgs;
use crate::command::confirm::{Begun, Numbers};
use crate::command::equivalents;
use crate::command::report;
use crate::command::source::Source;
use crate::command::terms;
use crate::exit::{Exit, Failure};
use crate::node::Node;
use exchange::read::{self, Batch, Format, Item, Mapping, Options};
use gate::{Sharing, Submission, SubmitError, Submitted, Via};
use policy::{CircleId, Intake, MemberId, Terms};
use serde_json::json;
use std::fs::File;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use stix::{Finding, ObjectId, Severity, Timestamp};

/// Objects that are submitted at once.
const BATCH: usize = 1_000;
/// Findings that are kept for the report.
const FINDINGS_MAX: usize = 10_000;

/// Where objects go.
pub(crate) struct Target {
    pub member: MemberId,
    pub circle: CircleId,
    pub terms: Terms,
    pub intake: Intake,
    /// Whether what is not signed yet is signed with the node's own key.
    pub sign: bool,
    /// Which way it comes.
    pub via: Via,
}

/// How much was seen so far.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Seen {
    taken: u64,
    refused: u64,
    warnings: u64,
}

/// What became of the files.
#[derive(Default)]
pub(crate) struct Report {
    pub added: u64,
    pub present: u64,
    pub refused: u64,
    pub quarantined: u64,
    /// Objects that wait for a second person of the member's.
    pub waiting: u64,
    pub withdrawn: u64,
    pub warnings: u64,
    pub findings: Vec<String>,
    /// Where what was added stands in the circle's line.
    pub numbers: Numbers,
    /// The first of what was added.
    fresh: Vec<ObjectId>,
    /// Those of `present` that were not looked at, because they carry no date.
    undated: u64,
}

impl Report {
    pub(crate) fn finding(&mut self, name: &str, finding: &Finding) {
        match finding.severity {
            Severity::Error => self.refuse(format!("{name}: {finding}")),
            Severity::Warning => {
                self.warnings += 1;
                self.note(format!("{name}: {finding}"));
            }
        }
    }

    /// Counts an object that was not taken, with the reason.
    pub(crate) fn refuse(&mut self, finding: String) {
        self.refused += 1;
        self.note(finding);
    }

    fn seen(&self) -> Seen {
        let taken = self.added + self.present + self.quarantined + self.waiting + self.withdrawn;
        Seen { taken, refused: self.refused, warnings: self.warnings }
    }

    /// Counts something that is odd and was taken all the same.
    pub(crate) fn warn(&mut self, finding: String) {
        self.warnings += 1;
        self.note(finding);
    }

    fn note(&mut self, finding: String) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        }
    }
}

/// Runs `bongsu import`.
///
/// # Errors
/// When a file can't be read to its end, a name is unknown or the line can't be written. What was taken before is kept.
pub(crate) fn run(node: &Node, args: &ImportArgs, watch: &mut Watcher<'_>) -> Result<Answer, Failure> {
    let book = node.gate.book();
    let target = Target {
        member: node.sender(&book, args.sender.as_deref())?.id,
        circle: node.circle(&book, &args.circle)?.id,
        terms: terms::terms(node, &book, &args.terms)?,
        intake: args.intake.map_or(Intake::Accept, Into::into),
        sign: args.sign,
        via: Via::Import,
    };
    if target.sign {
        may_sign(node, target.member)?;
    }
    may_share(node, &target, &args.circle)?;
    let (begun, mut report) = (Begun::new(node, target.member, target.circle)?, Report::default());
    let answer = take(node, &target, args, &mut report, watch);
    let confirmed = begun.confirm(node, &report.numbers);
    // What the import says of itself comes first; a step that is not confirmed waits for an operator, as others do.
    let mut answer = answer?;
    let unconfirmed = confirmed.unwrap_or_else(|failure| vec![failure.message]);
    unconfirmed.iter().for_each(|said| answer.text.push_str(&format!("  {said}\n")));
    if !unconfirmed.is_empty() {
        answer.json["unconfirmed"] = json!(unconfirmed);
        answer.exit = Exit::Findings;
    }
    Ok(answer)
}

fn take(
    node: &Node,
    target: &Target,
    args: &ImportArgs,
    report: &mut Report,
    watch: &mut Watcher<'_>,
) -> Result<Answer, Failure> {
    let started = Instant::now();
    let extras = Extras::read(args)?;
    if args.replaces.is_some() && args.files.len() != 1 {
        return Err(Failure::usage("--replaces names the older file of one list").hint("name one newer file"));
    }
    let mut sources = Vec::new();
    for path in &args.files {
        let mut source = Source::open(node, path, args.format, Some(target.circle))?;
        extras.add(&mut source);
        sources.push(source);
    }
    let asked = args.yes || args.accept.is_some() || args.review.is_some();
    if sources.iter().any(|source| source.format == Format::Report) {
        return report::run(node, target, args, sources, &mut report.numbers, watch);
    }
    if asked {
        return Err(Failure::usage("--yes, --accept and --review are for reports")
            .hint("for a text to be read as one, add --format report"));
    }
    for source in sources {
        let (name, format, before) = (source.name.clone(), source.format, report.seen());
        match &args.replaces {
            Some(older) => replace(node, target, older, source, &extras, args, report, watch)?,
            None => {
                let (name, format, options) = (source.name.clone(), source.format, source.options.clone());
                stream(node, target, &name, source.watched(watch), format, &options, report)?;
            }
        }
        remark(&name, format, before, report);
    }
    if report.undated > 0 && target.terms != Terms::default() {
        let undated = report.undated;
        report.warn(format!(
            "{undated} objects carry no date and are there already: they keep the terms that they came with; withdraw them first to share them under others"
        ));
    }
    for said in equivalents::told(node, target.circle, &report.fresh)? {
        report.warn(said);
    }
    let seconds = started.elapsed().as_secs_f64();
    let shown = report.findings.iter().take(args.findings);
    let mut text = format!(
        "{} added, {} there already, {} refused, {} quarantined, {} withdrawn, {} warnings in {seconds:.1} s.\n",
        report.added, report.present, report.refused, report.quarantined, report.withdrawn, report.warnings
    );
    shown.for_each(|finding| text.push_str(&format!("  {finding}\n")));
    let more = report.findings.len().saturating_sub(args.findings);
    if more > 0 {
        text.push_str(&format!("  … and {more} more: --findings {} shows them\n", report.findings.len()));
    }
    if report.quarantined > 0 {
        text.push_str(&format!("Next: bongsu quarantine list {}\n", args.circle));
    }
    if report.waiting > 0 {
        text.push_str(&format!("{} wait for a second person. Next: bongsu release list\n", report.waiting));
    }
    let json = json!({
        "circle": args.circle, "waiting": report.waiting, "added": report.added, "present": report.present, "refused": report.refused,
        "quarantined": report.quarantined, "withdrawn": report.withdrawn, "warnings": report.warnings, "findings": report.findings, "seconds": seconds,
    });
    let exit = if report.refused + report.quarantined > 0 { Exit::Findings } else { Exit::Done };
    Ok(Answer::done(json, text).ending(exit))
}

/// Says of a file what its counts do not: that nothing was in it, or that it is probably something else.
fn remark(name: &str, format: Format, before: Seen, report: &mut Report) {
    let now = report.seen();
    if now == before {
        report.warn(format!("{name}: nothing in it can be shared; it was read as {}", format.as_str()));
    } else if format == Format::Stix && now.taken == before.taken && now.refused > before.refused {
        report.note(format!(
            "{name}: nothing in it is STIX; for other JSON, --map names what its fields mean (docs/formats.md)"
        ));
    }
}

/// What belongs to the files: a mapping, other tables of the same list.
struct Extras {
    mapping: Option<Arc<Mapping>>,
    beside: Vec<String>,
    source: Option<String>,
}

impl Extras {
    fn read(args: &ImportArgs) -> Result<Self, Failure> {
        let failed =
            |path: &Path, error: &dyn std::fmt::Display| Failure::new(format!("{}: {error}", path.display()));
        let mapping = match &args.map {
            None => None,
            Some(path) => {
                let text = std::fs::read_to_string(path).map_err(|error| failed(path, &error))?;
                let mapping = Mapping::parse(&text).map_err(|error| Failure {
                    exit: Exit::Usage,
                    ..failed(path, &error).hint("docs/formats.md says what a mapping holds")
                })?;
                Some(Arc::new(mapping))
            }
        };
        let mut beside = Vec::new();
        for path in &args.beside {
            let file = File::open(path).map_err(|error| failed(path, &error))?;
            beside.push(read::text_of(file).map_err(|error| failed(path, &error))?);
        }
        Ok(Self { mapping, beside, source: args.source.clone() })
    }

    fn add(&self, source: &mut Source) {
        source.options.beside.clone_from(&self.beside);
        source.options.mapping.clone_from(&self.mapping);
        if self.source.is_some() {
            source.options.source.clone_from(&self.source);
        }
        if self.mapping.is_some() {
            source.format = Format::Mapped;
        }
    }
}

/// Takes in what a newer file of a list changes of an older one.
#[expect(clippy::too_many_arguments, reason = "what a command knows, handed on once")]
fn replace(
    node: &Node,
    target: &Target,
    older: &Path,
    mut newer: Source,
    extras: &Extras,
    args: &ImportArgs,
    report: &mut Report,
    watch: &mut Watcher<'_>,
) -> Result<(), Failure> {
    let path = older;
    let mut older = Source::open(node, path, args.format, Some(target.circle))?;
    extras.add(&mut older);
    let failed = |name: &str, error: &dyn std::fmt::Display| Failure::new(format!("{name}: {error}"));
    let (name, format, mut options) = (older.name.clone(), older.format, older.options.clone());
    let mut before =
        read::read_all(older.watched(watch), format, &options).map_err(|error| failed(&name, &error))?;
    // A list that follows its predecessor under a name of its own each time stands under the first one's.
    if !is_here(node, target, &before) && options.source != newer.options.source {
        let mut again = Source::open(node, path, args.format, Some(target.circle))?;
        extras.add(&mut again);
        options.source.clone_from(&newer.options.source);
        before =
            read::read_all(again.watched(watch), format, &options).map_err(|error| failed(&name, &error))?;
    }
    if !is_here(node, target, &before) {
        return Err(Failure::new(format!("nothing of {name} is in circle {}", args.circle)).hint(
            "was it imported under another name? --source names the list as it was then; nothing was changed",
        ));
    }
    newer.options.source.clone_from(&options.source);
    // A list without dates of its own has its file's, and a copied file may look older than what it replaces.
    let after = |time: Timestamp| Timestamp::from_micros(time.micros().saturating_add(1_000_000));
    newer.options.as_of = newer.options.as_of.max(after(options.as_of));
    let ids: Vec<ObjectId> = before.objects.iter().map(|object| object.head.id.clone()).collect();
    let held = node.gate.latest_version(target.member, target.circle, &ids);
    if let Some(held) = held.filter(|held| *held > newer.options.as_of) {
        newer.options.as_of = after(held);
    }
    let (name, format, options) = (newer.name.clone(), newer.format, newer.options.clone());
    let after =
        read::read_all(newer.watched(watch), format, &options).map_err(|error| failed(&name, &error))?;
    let change = read::difference(&before, after);
    batch(node, target, &name, change, report)
}

/// Whether the member has brought any of its indicators, whose ids depend on the list's name; if it has none, all is well.
fn is_here(node: &Node, target: &Target, batch: &Batch) -> bool {
    let indicators = batch.objects.iter().filter(|object| object.head.object_type() == "indicator");
    let ids: Vec<ObjectId> = indicators.map(|object| object.head.id.clone()).collect();
    ids.is_empty() || node.gate.has_brought(target.member, target.circle, &ids).contains(&true)
}

/// Takes in what was read already.
///
/// # Errors
/// As [`run`].
pub(crate) fn batch(
    node: &Node,
    target: &Target,
    name: &str,
    batch: Batch,
    report: &mut Report,
) -> Result<(), Failure> {
    for finding in batch.findings {
        report.finding(name, &finding);
    }
    let mut waiting = Vec::with_capacity(BATCH);
    for object in batch.objects {
        if !object.dated && has_brought(node, target, &object.head.id) {
            report.present += 1;
            report.undated += 1;
            continue;
        }
        waiting.push(Submission { raw: object.raw, head: object.head });
        if waiting.len() >= BATCH {
            made(node, target, name, &mut waiting, report)?;
        }
    }
    made(node, target, name, &mut waiting, report)?;
    for withdrawal in &batch.withdrawals {
        withdraw(node, target, &withdrawal.id, &withdrawal.reason, report)?;
    }
    Ok(())
}

/// Whether what the node's own key signs counts as signed by the member.
///
/// # Errors
/// When the key is not known as the member's, or does not hold.
pub(crate) fn may_sign(node: &Node, member: MemberId) -> Result<(), Failure> {
    let book = node.gate.book();
    let key = book.signing_key(node.gate.key().object_key().public().id());
    match key.is_some_and(|key| key.member == member && key.holds(node.now()).is_ok()) {
        true => Ok(()),
        false => {
            Err(Failure::new("the node's own key is not known as a key of this member's, or does not hold")
                .hint(
                    "`bongsu member key add MEMBER --node` says so, for the organisation that runs the node",
                ))
        }
    }
}

/// Whether the member may share in the circle at all, so that nothing is read for nothing.
///
/// # Errors
/// When it is not in the circle, or the circle is not in force.
pub(crate) fn may_share(node: &Node, target: &Target, handle: &str) -> Result<(), Failure> {
    node.gate.may_share(target.member, target.circle, node.now()).map(|_| ()).map_err(|error| match error {
        SubmitError::NotFound(_) => Failure::new(format!("the member is not in circle {handle}")).hint(
            format!("let it join with `bongsu circle join {handle} MEMBER`, or name another with --as"),
        ),
        error => {
            Failure::new(format!("circle {handle}: {error}")).hint(format!("`bongsu circle show {handle}`"))
        }
    })
}

/// Takes everything in that `source` holds.
///
/// # Errors
/// As [`run`].
pub(crate) fn stream(
    node: &Node,
    target: &Target,
    name: &str,
    source: impl Read,
    format: Format,
    options: &Options,
    report: &mut Report,
) -> Result<(), Failure> {
    let mut batch = Vec::with_capacity(BATCH);
    let mut failure = None;
    let send = if format == Format::Misp { made } else { submit };
    let read = read::read(source, format, options, &mut |item| {
        let outcome = match item {
            Item::Object(object) if !object.dated && has_brought(node, target, &object.head.id) => {
                report.present += 1;
                report.undated += 1;
                Ok(())
            }
            Item::Object(object) => {
                batch.push(Submission { raw: object.raw, head: object.head });
                if batch.len() < BATCH { Ok(()) } else { send(node, target, name, &mut batch, report) }
            }
            Item::Withdrawal(withdrawal) => send(node, target, name, &mut batch, report)
                .and_then(|()| withdraw(node, target, &withdrawal.id, &withdrawal.reason, report)),
            Item::Finding(finding) => {
                report.finding(name, &finding);
                Ok(())
            }
        };
        match outcome {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failure = Some(error);
                ControlFlow::Break(())
            }
        }
    });
    if let Some(failure) = failure {
        return Err(failure);
    }
    send(node, target, name, &mut batch, report)?;
    read.map(|_| ()).map_err(|error| {
        let failure = Failure::new(format!("{name}: {error}"));
        match report.added + report.present {
            0 => failure,
            kept => failure.hint(format!(
                "{kept} objects before that are in the circle; importing the file again adds none of them twice"
            )),
        }
    })
}

/// Whether the member has brought the object to the circle already: what others observed is not its own word.
pub(crate) fn has_brought(node: &Node, target: &Target, id: &ObjectId) -> bool {
    let brought = node.gate.has_brought(target.member, target.circle, std::slice::from_ref(id));
    brought.first().is_some_and(|brought| *brought)
}

/// Shares what comes of a source that has no `created`: it keeps the one that it has in the circle.
fn made(
    node: &Node,
    target: &Target,
    name: &str,
    batch: &mut Vec<Submission>,
    report: &mut Report,
) -> Result<(), Failure> {
    exchange::keep_created(&node.gate, target.member, target.circle, batch)
        .map_err(|error| Failure::new(format!("{name}: {error}")))?;
    submit(node, target, name, batch, report)
}

/// Shares what waits in `batch`, and counts what became of it.
///
/// # Errors
/// As [`run`].
pub(crate) fn submit(
    node: &Node,
    target: &Target,
    name: &str,
    batch: &mut Vec<Submission>,
    report: &mut Report,
) -> Result<(), Failure> {
    if batch.is_empty() {
        return Ok(());
    }
    let mut objects = std::mem::take(batch);
    if target.sign {
        let signed = node.gate.sign_for(target.member, target.circle, &mut objects, node.now());
        signed.map_err(|error| Failure::new(format!("{name}: {error}")))?;
    }
    let ids: Vec<ObjectId> = objects.iter().map(|object| object.head.id.clone()).collect();
    let sharing = Sharing {
        member: target.member,
        person: None,
        circle: target.circle,
        terms: &target.terms,
        intake: target.intake,
    };
    let told = node.gate.via(target.via).share(&sharing, objects, node.now()).map_err(|error| {
        Failure::new(format!("{name}: {error}"))
            .hint("is the member in the circle, and is the circle in force?")
    })?;
    for (id, told) in ids.iter().zip(told) {
        match (told.complaint(), told) {
            (_, Submitted::Appended { seq, findings, .. }) => {
                report.added += 1;
                report.numbers.add(seq);
                if report.fresh.len() < equivalents::COMPARED_MAX {
                    report.fresh.push(id.clone());
                }
                report.warnings += findings.len() as u64;
                findings.iter().for_each(|finding| report.note(format!("{name}: {id}: {finding}")));
            }
            (Some(complaint), Submitted::Quarantined(_)) => {
                report.quarantined += 1;
                report.note(format!("{name}: {id}: {complaint}"));
            }
            (Some(complaint), Submitted::Waiting(_)) => {
                if report.waiting == 0 {
                    report.note(format!("{name}: {id}: {complaint}"));
                }
                report.waiting += 1;
            }
            (Some(complaint), _) => report.refuse(format!("{name}: {id}: {complaint}")),
            (None, _) => report.present += 1,
        }
    }
    Ok(())
}

fn withdraw(
    node: &Node,
    target: &Target,
    id: &ObjectId,
    reason: &str,
    report: &mut Report,
) -> Result<(), Failure> {
    let told = node.gate.withdraw(target.member, target.circle, std::slice::from_ref(id), reason);
    match told.map_err(|error| Failure::new(error.to_string()))?.first() {
        Some(Submitted::Appended { .. }) => report.withdrawn += 1,
        Some(Submitted::Refused(refusal)) => report.note(format!("{id}: not withdrawn: {refusal}")),
        _ => {}
    }
    Ok(())
}
