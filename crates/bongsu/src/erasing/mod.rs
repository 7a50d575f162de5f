//! Erasure as a node does it: from the lines, and from what was derived of them and lies in the data folder.
//!
//! What is in memory alone follows the withdrawal that goes before each erasure. What lies on the disk is looked through for the
//! ids, and for the texts that the erased objects held and that tell something: files that hold one are removed where they can be
//! made anew or are no truth (zones, pending statuses, what waits to be sent to members, who are told anew then; the index of
//! values is always made anew). Of files that are kept for a reason of their own (the record of screenings, files of cases) the
//! names are given back, so that a person decides. What breaks off is taken up again ([`unfinished`]).

mod others;
mod unfinished;

use crate::exit::Failure;
use crate::leading::Work;
use crate::node::Node;
use gate::ErasePlan;
use line::erasing::hex;
use line::{Erased, LineId, Record, RecordKind, Seq};
use policy::{Account, CircleId, Entry, MemberId, Person, PersonId};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use stix::ObjectId;
use unfinished::Unfinished;

/// Bytes of a file that is looked through.
const FILE_BYTES_MAX: u64 = 256 << 20;
/// Texts of erased objects that are looked for; of more, the rest is left out.
const NEEDLES_MAX: usize = 20_000;
/// Letters of a text that tells something.
const NEEDLE_BYTES_MIN: usize = 5;
/// Objects that one turn of the chore erases.
const DUE_MAX: usize = 5_000;

/// What was done.
#[derive(Debug, Default)]
pub(crate) struct Done {
    /// Records that were erased.
    pub(crate) erased: Vec<Erased>,
    /// Files that held something of them and were removed.
    pub(crate) removed: Vec<PathBuf>,
    /// Files that hold something of them and stay.
    pub(crate) left: Vec<PathBuf>,
    /// Erasures that were broken off before and are through now.
    pub(crate) taken_up: usize,
}

impl Done {
    pub(crate) fn join(&mut self, other: Self) {
        self.erased.extend(other.erased);
        self.removed.extend(other.removed);
        self.left.extend(other.left);
        self.taken_up += other.taken_up;
    }
}

/// The user name that stands for an erased person.
fn nobody(id: PersonId) -> String {
    format!("erased-{}", id.uuid().simple())
}

fn is_nobody(person: &Person) -> bool {
    person.user == nobody(person.id)
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::new(format!("it could not be erased: {error}"))
        .hint("what was erased stays erased; the rest is kept in mind, and the serving node takes it up within a minute, or `bongsu privacy erase --due` does")
}

impl Node {
    /// Erases objects, and what was derived of them.
    ///
    /// # Errors
    /// When the lines can't be written, or the file can't be cleaned; it is safe to repeat.
    pub(crate) fn erase(&self, plans: &[ErasePlan], why: &str, reason: &str) -> Result<Done, Failure> {
        let records: Vec<(LineId, Seq)> =
            plans.iter().flat_map(|plan| plan.records.iter().copied()).collect();
        let mut needles = self.needles(plans.iter().map(|plan| plan.id.to_string()).collect(), &records)?;
        for lies in plans.iter().flat_map(|plan| &plan.in_parcels) {
            if let Ok(object) = serde_json::from_str::<Value>(&lies.text) {
                texts(&object, &mut needles);
            }
        }
        let objects = plans.iter().map(|plan| (plan.circle, plan.id.to_string())).collect();
        let (why, reason) = (why.to_owned(), reason.to_owned());
        self.erase_kept(&Unfinished { why, reason, objects, needles, ..Unfinished::default() })
    }

    /// Erases records of the node's own line.
    fn erase_own(&self, records: &[Seq], why: &str) -> Result<Done, Failure> {
        let own = records.iter().map(|seq| seq.0).collect();
        let records: Vec<(LineId, Seq)> = records.iter().map(|seq| (LineId::NODE, *seq)).collect();
        let needles = self.needles(BTreeSet::new(), &records)?;
        self.erase_kept(&Unfinished { why: why.to_owned(), own, needles, ..Unfinished::default() })
    }

    /// Carries an erasure out; it is kept in mind until it is through.
    fn erase_kept(&self, unfinished: &Unfinished) -> Result<Done, Failure> {
        let _one_at_a_time = self.erasing.lock();
        let kept = unfinished.keep(self.gate.store().folder())?;
        self.carry_out(unfinished, &kept)
    }

    /// Takes up what was broken off: erasures that are kept in mind, what is left of them in lines of releases, and the cleaning of the
    /// store's file.
    ///
    /// # Errors
    /// As [`Node::erase`].
    pub(crate) fn take_up_erasures(&self) -> Result<Done, Failure> {
        let _one_at_a_time = self.erasing.lock();
        let mut done = Done::default();
        for path in unfinished::all(self.gate.store().folder())? {
            done.join(self.carry_out(&Unfinished::read(&path)?, &path)?);
            done.taken_up += 1;
        }
        // What lies in the lines is seen to by one node.
        let leads = self.leads.has(Work::Chores).is_some() || !self.gate.is_shared();
        if leads && self.gate.has_old_parcels() {
            let erased =
                self.gate.erase(MemberId::NODE, &json!({"why": "taken up"}), &[], "").map_err(failed)?;
            done.join(self.clean(erased, &BTreeSet::new())?);
            done.taken_up += 1;
        }
        // A node that was stopped, or whose disk was full, before it had cleaned up.
        if leads && self.gate.store().has_remains().map_err(failed)? {
            done.join(self.clean(Vec::new(), &BTreeSet::new())?);
            done.taken_up += 1;
        }
        Ok(done)
    }

    /// All steps of an erasure, also those that were done before; in the end it need not be kept in mind any more.
    fn carry_out(&self, unfinished: &Unfinished, kept: &Path) -> Result<Done, Failure> {
        let note = json!({"why": unfinished.why});
        let mut of_circles: BTreeMap<CircleId, Vec<ObjectId>> = BTreeMap::new();
        for (circle, id) in &unfinished.objects {
            of_circles.entry(*circle).or_default().push(ObjectId::parse(id).map_err(failed)?);
        }
        let mut plans = Vec::new();
        for (circle, ids) in of_circles {
            plans.extend(self.gate.all_erasable(circle, &ids).map_err(failed)?);
        }
        let mut erased = Vec::new();
        if !plans.is_empty() || self.gate.has_old_parcels() {
            erased = self.gate.erase(MemberId::NODE, &note, &plans, &unfinished.reason).map_err(failed)?;
        }
        let own: Vec<(LineId, Seq)> = unfinished.own().map(|seq| (LineId::NODE, seq)).collect();
        erased.extend(self.gate.store().erase(MemberId::NODE.uuid(), &note, &own).map_err(failed)?);
        unfinished.keep_needles(kept).map_err(failed)?;
        let done = self.clean(erased, &unfinished.needles)?;
        std::fs::remove_file(kept).map_err(failed)?;
        Ok(done)
    }

    /// Erases all whose retention is over. For the chore, and by hand.
    ///
    /// # Errors
    /// As [`Node::erase`].
    pub(crate) fn erase_due(&self) -> Result<Done, Failure> {
        let mut done = self.take_up_erasures()?;
        let plans = self.due()?;
        if !plans.is_empty() {
            done.join(self.erase(&plans, "retention", "its retention is over")?);
        }
        let (people, contacts) = self.long_gone()?;
        for user in people {
            done.join(self.erase_person(&user)?);
        }
        for handle in contacts {
            done.join(self.erase_contact(&handle)?);
        }
        Ok(done)
    }

    /// People that have ended, and contacts that were removed, so long ago that nothing is to be kept of them: user names and
    /// handles.
    ///
    /// # Errors
    /// When the line can't be read.
    pub(crate) fn long_gone(&self) -> Result<(Vec<String>, Vec<String>), Failure> {
        const DAY_US: i64 = 86_400_000_000;
        let until = self
            .now()
            .micros()
            .saturating_sub(i64::from(self.config.privacy.removed_days).saturating_mul(DAY_US));
        let mut ended: BTreeMap<PersonId, i64> = BTreeMap::new();
        let mut removed: BTreeMap<String, i64> = BTreeMap::new();
        let mut known: BTreeSet<String> = BTreeSet::new();
        self.own(&mut |record, text| match record.kind {
            RecordKind::Person => {
                if let Ok(Entry::Person(person)) = Entry::from_json(text) {
                    match person.ended {
                        true => drop(ended.entry(person.id).or_insert(record.added.0)),
                        false => drop(ended.remove(&person.id)),
                    }
                }
            }
            RecordKind::Region => match region::Event::from_json(text) {
                Ok(region::Event::Contact { handle, .. }) => {
                    removed.remove(&handle);
                    known.insert(handle);
                }
                Ok(region::Event::ContactRemoved { handle }) => drop(removed.insert(handle, record.added.0)),
                _ => {}
            },
            _ => {}
        })?;
        let book = self.gate.book();
        let people = ended.into_iter().filter(|(_, at)| *at <= until).filter_map(|(id, _)| book.person(id));
        let people = people.filter(|person| !is_nobody(person)).map(|person| person.user.clone()).collect();
        let contacts = removed.into_iter().filter(|(handle, at)| *at <= until && known.contains(handle));
        Ok((people, contacts.map(|(handle, _)| handle).collect()))
    }

    /// The objects whose retention is over, at most some thousands.
    ///
    /// # Errors
    /// When a line can't be read.
    pub(crate) fn due(&self) -> Result<Vec<ErasePlan>, Failure> {
        let (book, now) = (self.gate.book(), self.now());
        let mut plans = Vec::new();
        for circle in book.circles().filter(|circle| !circle.privacy.retention.is_endless()) {
            let retention = &circle.privacy.retention;
            let is_over = |object_type: &str, arrived| retention.is_over(object_type, arrived, now);
            plans.extend(
                self.gate.due_for_erasure(circle.id, DUE_MAX - plans.len(), is_over).map_err(failed)?,
            );
        }
        Ok(plans)
    }

    /// The records of an ended person; those that stand for it from now on name nobody. Nothing is written yet.
    ///
    /// # Errors
    /// When there is no such person, or it has not ended.
    pub(crate) fn erasable_person(&self, user: &str) -> Result<(Person, Vec<Seq>), Failure> {
        let book = self.gate.book();
        let person = book.people().find(|person| person.user == user).cloned();
        let person = person.ok_or_else(|| {
            Failure::new(format!("there is no person `{user}`")).hint("`bongsu person list --all` shows all")
        })?;
        if is_nobody(&person) {
            return Ok((person, Vec::new()));
        }
        if !person.ended {
            return Err(Failure::new(format!("{user} still acts"))
                .hint(format!("end it first: bongsu person end {user}")));
        }
        let seqs = self.own_records(RecordKind::Person, |text| match Entry::from_json(text) {
            Ok(Entry::Person(other)) => other.id == person.id,
            Ok(Entry::Account(account)) => account.person == person.id,
            _ => false,
        })?;
        Ok((person, seqs))
    }

    /// Erases what was kept of an ended person: its id stays, so that what it did is still told from what others did.
    ///
    /// # Errors
    /// As [`Node::erasable_person`], or as [`Node::erase`].
    pub(crate) fn erase_person(&self, user: &str) -> Result<Done, Failure> {
        let (person, seqs) = self.erasable_person(user)?;
        if seqs.is_empty() {
            return Ok(Done::default());
        }
        let nobody = Person {
            user: nobody(person.id),
            name: "erased".to_owned(),
            roles: BTreeSet::new(),
            ..person.clone()
        };
        let account = Account::new(person.id, self.now());
        self.gate.change_all(MemberId::NODE, |_| {
            Ok::<_, Failure>(vec![Entry::Person(nobody), Entry::Account(account)])
        })?;
        self.erase_own(&seqs, "a person that has ended")
    }

    /// The records of a removed contact.
    ///
    /// # Errors
    /// When it was not removed, or nothing is kept of it.
    pub(crate) fn erasable_contact(&self, handle: &str) -> Result<Vec<Seq>, Failure> {
        if self.region.register()?.contact(handle).is_some() {
            return Err(Failure::new(format!("`{handle}` is a contact"))
                .hint(format!("remove it first: bongsu contact remove {handle}")));
        }
        let seqs = self.own_records(RecordKind::Region, |text| {
            matches!(region::Event::from_json(text), Ok(region::Event::Contact { handle: other, .. }) if other == handle)
        })?;
        match seqs.is_empty() {
            true => Err(Failure::new(format!("nothing is kept of a contact `{handle}`"))
                .hint("handles are as `bongsu contact list` showed them")),
            false => Ok(seqs),
        }
    }

    /// Erases what was kept of a removed contact.
    ///
    /// # Errors
    /// As [`Node::erasable_contact`], or as [`Node::erase`].
    pub(crate) fn erase_contact(&self, handle: &str) -> Result<Done, Failure> {
        self.erase_own(&self.erasable_contact(handle)?, "a contact that was removed")
    }

    /// Erases people and contacts again to which these records of the node's line belong, as far as they have ended or were removed
    /// here too.
    ///
    /// # Errors
    /// As [`Node::erase`].
    pub(crate) fn erase_own_again(&self, records: &[(RecordKind, String)]) -> Result<Done, Failure> {
        let (mut people, mut contacts) = (BTreeSet::<PersonId>::new(), BTreeSet::<String>::new());
        for (kind, text) in records {
            match (kind, Entry::from_json(text), region::Event::from_json(text)) {
                (RecordKind::Person, Ok(Entry::Person(person)), _) => people.extend([person.id]),
                (RecordKind::Region, _, Ok(region::Event::Contact { handle, .. })) => {
                    contacts.extend([handle])
                }
                _ => {}
            }
        }
        let mut done = Done::default();
        let book = self.gate.book();
        for person in people.into_iter().filter_map(|id| book.person(id)).filter(|person| person.ended) {
            done.join(self.erase_person(&person.user)?);
        }
        let register = self.region.register()?;
        for handle in contacts.into_iter().filter(|handle| register.contact(handle).is_none()) {
            done.join(self.erase_contact(&handle)?);
        }
        Ok(done)
    }

    /// The records of one kind of the node's line that are meant.
    fn own_records(&self, kind: RecordKind, is_meant: impl Fn(&str) -> bool) -> Result<Vec<Seq>, Failure> {
        let mut found = Vec::new();
        self.own(&mut |record, text| {
            found.extend((record.kind == kind && is_meant(text)).then_some(record.seq))
        })?;
        Ok(found)
    }

    /// Tells of all records of the node's line that are there, with their texts.
    ///
    /// # Errors
    /// When the line can't be read.
    pub(crate) fn own(&self, on: &mut dyn FnMut(&Record, &str)) -> Result<(), Failure> {
        let mut after = Seq(0);
        loop {
            let records =
                self.gate.store().records(LineId::NODE, after, line::store::RECORDS_MAX).map_err(failed)?;
            let Some(last) = records.last() else { return Ok(()) };
            after = last.seq;
            for record in records.iter().filter(|record| record.erased.is_none()) {
                on(record, &String::from_utf8_lossy(&record.body));
            }
        }
    }

    /// What to look for in files: ids, and the texts of what is to be erased.
    fn needles(&self, ids: BTreeSet<String>, records: &[(LineId, Seq)]) -> Result<BTreeSet<String>, Failure> {
        let mut needles = ids;
        for (line, seq) in records {
            let found = self.gate.store().records(*line, Seq(seq.0.saturating_sub(1)), 1).map_err(failed)?;
            for record in found {
                if let Ok(object) = serde_json::from_slice::<Value>(&record.body) {
                    texts(&object, &mut needles);
                }
            }
        }
        Ok(needles)
    }

    /// Cleans the store's file and the data folder of what was erased.
    fn clean(&self, erased: Vec<Erased>, needles: &BTreeSet<String>) -> Result<Done, Failure> {
        self.gate.store().scrub().map_err(failed)?;
        self.gate.forget_values(&self.places.index).map_err(failed)?;
        self.search.forget().map_err(failed)?;
        let mut done = Done { erased, ..Done::default() };
        if (self.push.exists() || self.gate.is_shared()) && !needles.is_empty() {
            let holds = |text: &str| needles.iter().any(|needle| text.contains(needle.as_str()));
            for member in self.gate.book().members() {
                self.webhooks()?.forget(member.id, &holds).map_err(failed)?;
                self.mails()?.forget(member.id, &holds).map_err(failed)?;
            }
        }
        self.forget_in_rooms(needles)?;
        let folder = self.gate.store().folder().to_owned();
        let mut waiting = vec![folder.clone()];
        while let Some(next) = waiting.pop() {
            for entry in std::fs::read_dir(&next).map_err(failed)?.flatten() {
                let path = entry.path();
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => waiting.push(path),
                    Ok(kind) if kind.is_file() && is_looked_at(&folder, &path) && holds(&path, needles) => {
                        match is_made_anew(&folder, &path) {
                            true => {
                                std::fs::remove_file(&path).map_err(failed)?;
                                done.removed.push(path);
                            }
                            false => done.left.push(path),
                        }
                    }
                    _ => {}
                }
            }
        }
        Ok(done)
    }
}

/// Whether a file may hold something of objects: the store was cleaned, and trees hold commitments.
fn is_looked_at(folder: &Path, path: &Path) -> bool {
    let inside = path.strip_prefix(folder).unwrap_or(path);
    let first = inside.components().next().map(|part| part.as_os_str().to_string_lossy().into_owned());
    !matches!(
        first.as_deref(),
        Some(
            "trees"
                | "witness"
                | unfinished::FOLDER
                | "accesses"
                | "node.key"
                | "token.secret"
                | "private.secret"
                | "bongsu.toml"
                | "place"
                | others::FILE
        )
    ) && ![line::store::FILE, search::FILE].iter().any(|name| inside.to_string_lossy().starts_with(name))
}

fn is_made_anew(folder: &Path, path: &Path) -> bool {
    ["zones", "statuses", "push"].iter().any(|name| path.starts_with(folder.join(name)))
}

fn holds(path: &Path, needles: &BTreeSet<String>) -> bool {
    if std::fs::metadata(path).is_ok_and(|about| about.len() > FILE_BYTES_MAX) {
        return false;
    }
    let Ok(bytes) = std::fs::read(path) else { return false };
    needles.iter().any(|needle| memchr::memmem::find(&bytes, needle.as_bytes()).is_some())
}

/// The texts of an object that tell something: not its type, dates, ids of others and the like.
fn texts(value: &Value, needles: &mut BTreeSet<String>) {
    const SAY_NOTHING: [&str; 12] = [
        "type",
        "spec_version",
        "created",
        "modified",
        "created_by_ref",
        "object_marking_refs",
        "pattern_type",
        "valid_from",
        "identity_class",
        "relationship_type",
        "source_ref",
        "target_ref",
    ];
    if needles.len() >= NEEDLES_MAX {
        return;
    }
    match value {
        Value::String(text) => {
            // A pattern's values stand between quotes, and they are what zones and lists have.
            let parts = text.split('\'').skip(1).step_by(2).filter(|_| text.starts_with('['));
            let all = std::iter::once(text.as_str()).chain(parts);
            needles.extend(
                all.filter(|text| text.len() >= NEEDLE_BYTES_MIN && text.len() <= 4_096).map(str::to_owned),
            );
        }
        Value::Array(values) => values.iter().for_each(|value| texts(value, needles)),
        Value::Object(properties) => {
            let telling = properties.iter().filter(|(name, _)| !SAY_NOTHING.contains(&name.as_str()));
            telling.for_each(|(_, value)| texts(value, needles));
        }
        _ => {}
    }
}

/// What was erased, as it is told: ids and hashes alone.
pub(crate) fn told(erased: &Erased) -> Value {
    json!({
        "line": erased.line.uuid(), "number": erased.seq.0, "body": hex(&erased.body),
        "id": erased.id.as_ref().map(ToString::to_string),
    })
}
