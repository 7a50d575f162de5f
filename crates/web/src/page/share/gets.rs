//! Who would get what is not sent yet, in which form, and by which rule it is redacted or held back; and what became of it when it was sent.
//! What members that the sender does not see would get is not told.

use std::collections::{BTreeMap, HashSet};

use gate::{Fate, NotFound, Submission, Submitted};
use policy::{Book, By, CircleId, Level, Member, MemberId, Rule, Terms};
use stix::{ObjectId, Timestamp};

use super::super::{Pages, Viewer, words};

/// The members of a circle and what each would get.
pub(in super::super) struct CircleRows {
    pub(in super::super) title: String,
    pub(in super::super) members: Vec<MemberRow>,
    pub(in super::super) is_hidden: bool,
}

/// A member and what it would get.
pub(in super::super) struct MemberRow {
    pub(in super::super) name: String,
    pub(in super::super) level: &'static str,
    pub(in super::super) does: &'static str,
    pub(in super::super) whole: usize,
    pub(in super::super) redacted: usize,
    pub(in super::super) held: usize,
    pub(in super::super) why: Vec<(&'static str, String)>,
}

/// What one member would get, summed up.
struct Sum {
    level: Level,
    whole: usize,
    redacted: usize,
    held: usize,
    kept_out: usize,
    /// The rules by which something is redacted or held back.
    rules: BTreeMap<&'static str, Rule>,
}

impl Sum {
    const fn of(level: Level) -> Self {
        Self { level, whole: 0, redacted: 0, held: 0, kept_out: 0, rules: BTreeMap::new() }
    }
}

/// What became of it in one circle.
pub(in super::super) struct Done {
    pub(in super::super) circle: String,
    pub(in super::super) title: String,
    pub(in super::super) added: usize,
    pub(in super::super) present: usize,
    pub(in super::super) waiting: usize,
    /// How many of them the guard keeps out of what devices and readers get.
    pub(in super::super) kept_out: usize,
    pub(in super::super) refused: Vec<String>,
}

impl Done {
    /// Whether nothing of it came to anything.
    pub(in super::super) const fn is_nothing(&self) -> bool {
        self.added + self.present + self.waiting == 0
    }
}

impl Pages {
    /// The objects that the guard keeps out of lists, zones, rules and advisories, and why. It is asked as for what the sender gets
    /// itself: whose assets others protect elsewhere is not told.
    pub(in super::super) fn kept_out(
        &self,
        book: &Book,
        sender: MemberId,
        objects: &[Submission],
    ) -> HashSet<ObjectId> {
        let trial = self.deliver.trial(book, sender);
        let is_out = |object: &&Submission| !trial.of(&object.raw, &object.head).held.is_empty();
        objects.iter().filter(is_out).map(|object| object.head.id.clone()).collect()
    }

    /// Who would get it, circle by circle, each under its terms.
    pub(in super::super) fn gets<'t>(
        &self,
        viewer: &Viewer,
        book: &Book,
        sender: &Member,
        parts: impl Iterator<Item = (CircleId, &'t Terms)>,
        objects: &[Submission],
        now: Timestamp,
    ) -> Result<Vec<CircleRows>, NotFound> {
        let seen = |circle, member: MemberId| {
            viewer.is_operator() || book.visible_members(sender.id, circle).iter().any(|one| one.id == member)
        };
        let kept_out = self.kept_out(book, sender.id, objects);
        let mut circles = Vec::new();
        for (id, terms) in parts {
            let Some(circle) = book.circle(id) else { continue };
            let told = self.gate.dry_run(&[id], sender.id, terms, objects, now)?;
            let mut by_member: BTreeMap<MemberId, Sum> = BTreeMap::new();
            for row in told.rows.iter().filter(|row| seen(circle.id, row.member)) {
                let sum = by_member.entry(row.member).or_insert_with(|| Sum::of(row.form));
                // Who exchanges gets the object itself; all others what the guard lets pass.
                if row.fate != Fate::Hold && row.form < Level::Exchange && kept_out.contains(&row.object) {
                    (sum.held, sum.kept_out) = (sum.held + 1, sum.kept_out + 1);
                    continue;
                }
                match row.fate {
                    Fate::Release => sum.whole += 1,
                    Fate::Redact => sum.redacted += 1,
                    Fate::Hold => sum.held += 1,
                }
                if row.fate != Fate::Release {
                    sum.rules.insert(row.rule.code(), row.rule);
                }
            }
            let member = |(id, sum): (MemberId, Sum)| {
                let member = book.member(id).filter(|member| !member.ended)?;
                let why = |(code, rule)| (code, words::rules::rule(&viewer.view, rule).to_owned());
                let guard = viewer.say(
                    "the guard keeps it out of lists, zones, rules and advisories",
                    "보호 장치가 목록, 영역, 규칙, 권고문에서 뺌",
                );
                let guard = (sum.kept_out > 0).then(|| ("guard", guard.to_owned()));
                Some(MemberRow {
                    name: member.name.clone(),
                    level: sum.level.name(),
                    does: words::does(&viewer.view, sum.level),
                    whole: sum.whole,
                    redacted: sum.redacted,
                    held: sum.held,
                    why: guard.into_iter().chain(sum.rules.into_iter().map(why)).collect(),
                })
            };
            let mut members: Vec<MemberRow> = by_member.into_iter().filter_map(member).collect();
            members.sort_by(|a, b| a.name.cmp(&b.name));
            circles.push(CircleRows {
                title: circle.title.clone(),
                members,
                is_hidden: circle.hidden_members && !viewer.is_operator(),
            });
        }
        Ok(circles)
    }

    /// Shares it, in each circle under its terms.
    pub(in super::super) fn sent<'t>(
        &self,
        viewer: &Viewer,
        book: &Book,
        by: By,
        parts: impl Iterator<Item = (CircleId, &'t Terms)>,
        objects: &[Submission],
        now: Timestamp,
    ) -> Vec<Done> {
        let kept_out = self.kept_out(book, by.member, objects).len();
        let mut all = Vec::new();
        for (id, terms) in parts {
            let Some(circle) = book.circle(id) else { continue };
            let mut done = Done {
                circle: circle.handle.clone(),
                title: circle.title.clone(),
                added: 0,
                present: 0,
                waiting: 0,
                kept_out,
                refused: Vec::new(),
            };
            // What was shared before in this circle began as it began.
            let mut all_here = objects.to_vec();
            let told = exchange::keep_created(&self.gate, by.member, id, &mut all_here)
                .map_err(gate::SubmitError::from)
                .and_then(|()| self.gate.submit(by, id, terms, all_here, now));
            match told {
                Ok(told) => {
                    for (object, told) in objects.iter().zip(told) {
                        match (told.complaint(), &told) {
                            (Some(_), Submitted::Waiting(_)) => done.waiting += 1,
                            (Some(complaint), _) => {
                                done.refused.push(format!("{}: {complaint}", object.head.id))
                            }
                            (None, Submitted::Present) => done.present += 1,
                            (None, _) => done.added += 1,
                        }
                    }
                }
                Err(error) => done.refused.push(format!(
                    "{}: {error}",
                    viewer.say("Nothing was taken here", "여기에는 아무것도 받아들여지지 않았습니다")
                )),
            }
            all.push(done);
        }
        all
    }
}

/// Who acts: a person or system of the viewer's, or the sender for whom an operator acts.
pub(in super::super) fn by(viewer: &Viewer, sender: &Member) -> By {
    match viewer.caller {
        policy::Caller::Operator => By { member: sender.id, person: None },
        policy::Caller::Member(_) => viewer.by(),
    }
}
