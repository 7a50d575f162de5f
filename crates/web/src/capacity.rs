//! Gaps as somebody may see them: gathered from the circles, the receipts, the calls, what members opened, and public models.
//!
//! What threats call for is told from what the one who looks may see itself, in the circles that it shares with the member whose
//! row it is; what is there from what that member opened to it. So nothing in a row follows from what the one who looks may not see.
//! An operator sees what the lines have.

use std::collections::{BTreeMap, BTreeSet};

use gate::{Gate, Query};
use line::{LineId, Seq, StorageError};
use policy::{Caller, Circle, CircleId, Level, Member, MemberId};
use region::Register;
use region::capacity::Capability;
use region::capacity::aggregate::{Group, K_DEFAULT, Shown, aggregates};
use region::capacity::country::{self, Naming};
use region::capacity::evidence::{
    Basis, Evidence, Lag, Levels, Measured, Returned, Takedown, Verdict, of_assessment, of_figures,
};
use region::capacity::gap::{Party, Row};
use region::capacity::index::Indices;
use region::capacity::opening::Kind;
use region::capacity::register::Capacity;
use region::capacity::threat::Demand;
use region::capacity::words::Language;
use region::contact::Looking;
use region::drill::Reach;
use region::transit::Country;
use stix::Timestamp;

/// Records of a circle that are looked at, the newest.
pub const RECENT: u64 = 2_000;
/// Bytes of their texts.
const RECENT_BYTES_MAX: usize = 16 << 20;
/// Types that tell of threats.
const TELLING: [&str; 8] = [
    "attack-pattern",
    "campaign",
    "indicator",
    "infrastructure",
    "intrusion-set",
    "malware",
    "threat-actor",
    "vulnerability",
];
/// Days for which a list of wallets that was fetched counts, as any receipt.
const USED_DAYS: i64 = 30;
const DAY_MICROS: i64 = 86_400_000_000;

/// What gaps are told from.
pub struct Sources<'s> {
    /// The door to the circles.
    pub gate: &'s Gate,
    /// Calls and drills.
    pub register: &'s Register,
    /// Openings and assessments.
    pub capacity: &'s Capacity,
    /// Public models.
    pub indices: &'s Indices,
    /// How countries are called.
    pub naming: &'s Naming,
    /// How long members took to take things down.
    pub takedowns: &'s BTreeMap<MemberId, Takedown>,
}

/// Gaps as somebody may see them.
#[derive(Debug, Clone, Default)]
pub struct Matrix {
    /// Members first, by handle, then countries by their letters.
    pub rows: Vec<Row>,
    /// What is said of circles without saying it of anybody: handle, title, and how many fall short.
    pub aggregates: Vec<(String, String, Shown)>,
}

/// Who looks, and how.
#[derive(Clone, Copy)]
pub struct Look<'b> {
    /// Who, and when.
    pub looking: Looking<'b>,
    /// Whether what may travel encrypted alone may be shown.
    pub encrypted: bool,
    /// In which language.
    pub language: Language,
}

/// The matrix of members and countries by capability.
///
/// # Errors
/// When a circle's line can't be read.
pub fn matrix(sources: &Sources<'_>, look: &Look<'_>) -> Result<Matrix, StorageError> {
    let looking = &look.looking;
    let demands = sources.demands(look)?;
    let mut all = Demand::default();
    demands.values().for_each(|demand| all.join(demand));
    let mut rows = Vec::new();
    let mut opened = BTreeSet::new();
    let mut members: Vec<&Member> = looking.book.members().filter(|member| !member.ended).collect();
    members.sort_by(|a, b| a.handle.cmp(&b.handle));
    for member in members {
        let circles = shared(looking, member.id, demands.keys());
        let measured = sources.measured(looking, member, &circles)?;
        let assessed = sources.capacity.assessment(member.id);
        let assessed = assessed.and_then(|one| sources.capacity.shows(looking, member.id, Kind::Sim3, one));
        let is_own = looking.caller == Caller::Member(member.id);
        if !is_own && measured.kinds().next().is_none() && assessed.is_none() {
            continue;
        }
        opened.insert(member.id);
        let mut demand = Demand::default();
        circles.iter().filter_map(|circle| demands.get(circle)).for_each(|one| demand.join(one));
        let mut evidence = measured.evidence();
        evidence.extend(assessed.map(|one| of_assessment(one.get())).unwrap_or_default());
        let country = member.country.as_deref().and_then(|code| country::of(code).ok());
        if let Some(country) = country {
            evidence.extend(of_figures(sources.indices.latest(country)));
        }
        let party = Party { handle: member.handle.clone(), name: member.name.clone() };
        rows.push(Row::of(sources.named(country, look.language), Some(party), &demand, &evidence));
    }
    for country in sources.indices.countries() {
        let evidence = of_figures(sources.indices.latest(country));
        rows.push(Row::of(sources.named(Some(country), look.language), None, &all, &evidence));
    }
    Ok(Matrix { rows, aggregates: sources.aggregates(looking, &opened) })
}

/// Of these circles those through which one that looks knows a member: all for an operator and for oneself, else those that both are in.
fn shared<'c>(
    looking: &Looking<'_>,
    owner: MemberId,
    circles: impl Iterator<Item = &'c CircleId>,
) -> BTreeSet<CircleId> {
    let is_own = matches!(looking.caller, Caller::Operator) || looking.caller == Caller::Member(owner);
    let through = |circle: &Circle| circle.members.contains(&owner) && (is_own || !circle.hidden_members);
    circles.copied().filter(|id| looking.book.circle(*id).is_some_and(through)).collect()
}

impl Sources<'_> {
    fn named(&self, country: Option<Country>, language: Language) -> (Option<Country>, String) {
        let name = country.map(|country| self.naming.name(country, self.indices.named(country), language));
        (country, name.unwrap_or_default().to_owned())
    }

    /// The threats that were seen lately in each circle of the one who looks.
    fn demands(&self, look: &Look<'_>) -> Result<BTreeMap<CircleId, Demand>, StorageError> {
        let looking = &look.looking;
        let mut demands = BTreeMap::new();
        match looking.caller {
            Caller::Operator => {
                for circle in looking.book.circles().filter(|circle| circle.in_force(looking.now)) {
                    demands.insert(circle.id, self.of_line(circle.id, looking.since)?);
                }
            }
            Caller::Member(member) => {
                for reader in self.gate.readers(member, Level::Read, look.encrypted, looking.now) {
                    let query = Query {
                        after: Seq(reader.head().0.saturating_sub(RECENT)),
                        added_after: Some(looking.since),
                        types: TELLING.map(str::to_owned).to_vec(),
                        limit: usize::try_from(RECENT).unwrap_or(usize::MAX),
                        bytes_max: Some(RECENT_BYTES_MAX),
                        ..Query::default()
                    };
                    let mut demand = Demand::default();
                    for object in &reader.page(&query)?.items {
                        demand.take(&object.get().raw, object.get().added.timestamp());
                    }
                    demands.insert(reader.request().circle, demand);
                }
            }
        }
        Ok(demands)
    }

    /// The same from a circle's line itself.
    fn of_line(&self, circle: CircleId, since: Timestamp) -> Result<Demand, StorageError> {
        let (store, line) = (self.gate.store(), LineId::new(circle.uuid()));
        let seqs: Vec<Seq> = store.look(line, |catalogue| {
            let head = catalogue.head().0;
            let recent = (head.saturating_sub(RECENT) + 1..=head).filter_map(|seq| {
                let entry = catalogue.entry(Seq(seq)).filter(|entry| entry.last() && entry.counts())?;
                let is_new = entry.added().timestamp() >= since;
                (is_new && TELLING.contains(&catalogue.object_type(entry.object()?))).then_some(Seq(seq))
            });
            recent.collect()
        })?;
        let mut demand = Demand::default();
        store.bodies(line, &seqs, &mut |_, added, body| {
            demand.take(&String::from_utf8_lossy(body), added.timestamp());
        })?;
        Ok(demand)
    }

    /// What was measured of a member, of the kinds that the one who looks may see.
    fn measured(
        &self,
        looking: &Looking<'_>,
        member: &Member,
        circles: &BTreeSet<CircleId>,
    ) -> Result<Measured, StorageError> {
        let shows = |kind| self.capacity.shows(looking, member.id, kind, ()).is_some();
        Ok(Measured {
            levels: shows(Kind::Level).then(|| self.levels(member, looking.now)),
            lag: if shows(Kind::Lag) { self.lag(member.id, circles)? } else { None },
            reach: if shows(Kind::Reach) { self.reach(looking, member.id) } else { None },
            sightings: match shows(Kind::Sightings) {
                true => Some(self.returned(member.id, circles, looking.since)?),
                false => None,
            },
            takedown: self.takedowns.get(&member.id).copied().filter(|_| shows(Kind::Takedown)),
        })
    }

    fn levels(&self, member: &Member, now: Timestamp) -> Levels {
        let receipts = self.gate.receipts(member.id);
        let used = || receipts.iter().filter(|receipt| receipt.deed.is_use());
        let since = now.micros().saturating_sub(USED_DAYS * DAY_MICROS);
        let wallets =
            used().filter(|receipt| receipt.what.contains("wallet") && receipt.at.micros() >= since);
        Levels {
            offered: member.level,
            real: self.gate.standing(member.id).real(now),
            last: used().map(|receipt| receipt.at).max(),
            wallets: wallets.map(|receipt| receipt.at).max(),
        }
    }

    /// How far it is behind, by its receipts and the lines' lengths, in the circle in which that is the largest part.
    fn lag(&self, member: MemberId, circles: &BTreeSet<CircleId>) -> Result<Option<Lag>, StorageError> {
        let receipts = self.gate.receipts(member);
        let mut worst: Option<Lag> = None;
        for circle in circles {
            let had = receipts.iter().filter(|receipt| receipt.deed.is_use());
            let had = had.flat_map(|receipt| receipt.upto.iter().map(move |upto| (upto, receipt.at)));
            let had = had.filter(|(upto, _)| upto.circle == *circle);
            let Some((seq, last)) = had.map(|(upto, at)| (upto.seq, at)).max() else { continue };
            let of = self.gate.store().look(LineId::new(circle.uuid()), |catalogue| catalogue.head().0)?;
            let lag = Lag { behind: of.saturating_sub(seq), of, last };
            let is_worse = |known: &Lag| {
                u128::from(lag.behind) * u128::from(known.of.max(1))
                    > u128::from(known.behind) * u128::from(of.max(1))
            };
            if worst.as_ref().is_none_or(is_worse) {
                worst = Some(lag);
            }
        }
        Ok(worst)
    }

    fn reach(&self, looking: &Looking<'_>, member: MemberId) -> Option<Reach> {
        let all = self.register.reached_members(looking);
        all.into_iter().find(|one| one.member == member).map(|one| one.reach)
    }

    /// Sightings that a member shared since a time.
    fn returned(
        &self,
        member: MemberId,
        circles: &BTreeSet<CircleId>,
        since: Timestamp,
    ) -> Result<Returned, StorageError> {
        let mut returned = Returned::default();
        for circle in circles {
            let found = self.gate.store().look(LineId::new(circle.uuid()), |catalogue| {
                let head = catalogue.head().0;
                let recent = (head.saturating_sub(RECENT) + 1..=head).filter_map(|seq| {
                    let entry = catalogue.entry(Seq(seq)).filter(|entry| entry.last() && entry.counts())?;
                    let is_own = entry.sender() == Some(member.uuid());
                    let is_sighting = catalogue.object_type(entry.object()?) == "sighting";
                    let at = entry.added().timestamp();
                    (is_own && is_sighting && at >= since).then_some(at)
                });
                recent.collect::<Vec<Timestamp>>()
            })?;
            returned.count += found.len();
            returned.last = returned.last.max(found.into_iter().max());
        }
        Ok(returned)
    }

    /// What may be said of the circles of the one who looks, without those that it sees anyway. It rests on levels and
    /// assessments, and on nothing that follows from objects.
    fn aggregates(&self, looking: &Looking<'_>, seen: &BTreeSet<MemberId>) -> Vec<(String, String, Shown)> {
        let Caller::Member(viewer) = looking.caller else { return Vec::new() };
        let takes_part = |id: &MemberId| looking.book.member(*id).is_some_and(|member| !member.ended);
        let group = |circle: &Circle| {
            let others = circle.members.iter().filter(|id| takes_part(id) && !seen.contains(id));
            Group {
                circle: circle.id,
                k: circle.aggregate_from.unwrap_or(K_DEFAULT),
                others: others.copied().collect(),
            }
        };
        let tells = |circle: &&Circle| {
            circle.in_force(looking.now) && !circle.hidden_members && circle.access(viewer).reads()
        };
        let groups = looking.book.circles_of(viewer).into_iter().filter(tells).map(group).collect();
        let short = |id: MemberId| self.short(looking, id);
        let shown = aggregates(groups, Capability::COUNT, short);
        let titled = |shown: Shown| {
            let circle = looking.book.circle(shown.circle)?;
            Some((circle.handle.clone(), circle.title.clone(), shown))
        };
        let mut all: Vec<_> = shown.into_iter().filter_map(titled).collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all
    }

    /// Of which capabilities a member falls short by its level and by its own word. How it could be reached is shown elsewhere to whoever
    /// shares its contacts, who could tell the rest from a sum with it.
    fn short(&self, looking: &Looking<'_>, id: MemberId) -> Vec<bool> {
        let Some(member) = looking.book.member(id) else { return vec![false; Capability::COUNT] };
        let measured = Measured { levels: Some(self.levels(member, looking.now)), ..Measured::default() };
        let mut evidence = measured.evidence();
        evidence.extend(self.capacity.assessment(id).map(of_assessment).unwrap_or_default());
        Capability::ALL.map(|capability| falls_short(&evidence, capability)).to_vec()
    }
}

/// Whether evidence says that less than all of a capability is there: that of the most telling basis counts, and in it the least.
fn falls_short(evidence: &[(Capability, Evidence)], capability: Capability) -> bool {
    let about = || evidence.iter().filter(|(of, _)| *of == capability).map(|(_, one)| one);
    let basis: Option<Basis> = about().map(|one| one.basis).max();
    about().filter(|one| Some(one.basis) == basis).any(|one| one.verdict < Verdict::There)
}
