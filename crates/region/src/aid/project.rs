//! An activity, as far as it is needed to see who does what where: a few hundred bytes instead of all of it.

use hashbrown::HashMap;
use jiff::civil::Date;
use serde::Serialize;

use super::activity::{Activity, Money, Organisation, best};
use super::capability;
use super::cyber::{Certainty, Found, find};
use super::money::Sums;
use super::sdg;
use crate::transit::Country;

/// The most projects that are kept.
pub const PROJECTS_MAX: usize = 2_000_000;

/// Where a project stands at a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// It is to come.
    Planned,
    /// It is under way.
    Active,
    /// It is over.
    Ended,
    /// It was called off, or stands still.
    Stopped,
    /// Nobody says.
    Unknown,
}

impl Phase {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Active => "active",
            Self::Ended => "ended",
            Self::Stopped => "stopped",
            Self::Unknown => "unknown",
        }
    }
}

/// A project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Project {
    /// Its identifier; empty where it has none.
    pub identifier: String,
    /// Its title, in English where there is one.
    pub title: String,
    /// Who pays, by name or, where there is none, by reference; who reports it, if nobody is said to pay.
    pub donors: Vec<String>,
    /// Who reports it.
    pub reported_by: String,
    /// The countries that it is for.
    pub countries: Vec<Country>,
    /// What the source names as countries and is none of ISO 3166-1, as it stands there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<String>,
    /// Whether it names regions.
    pub is_regional: bool,
    /// Its status's code (`ActivityStatus`).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub status: String,
    /// Its first day, as it was or as it was planned.
    pub begins: Option<Date>,
    /// Its last day, likewise.
    pub ends: Option<Date>,
    /// Whether it is about cyber security, and why.
    pub cyber: Option<Found>,
    /// What it says that it builds.
    pub builds: Vec<&'static str>,
    /// The targets that it says it serves, among those of [`sdg::TARGETS`].
    pub targets: Vec<&'static str>,
    /// Its budgets: the revised ones where there are such.
    pub budget: Sums,
    /// Those budgets one by one, for whoever has rates.
    #[serde(skip)]
    pub amounts: Vec<Money>,
    /// What was committed (transactions of type 2).
    pub committed: Sums,
    /// What was disbursed or spent (types 3 and 4).
    pub spent: Sums,
    /// How many results it tells, and how many of their indicators have an actual value.
    pub results: (usize, usize),
    /// Activities that it says are its own parts, the one it is a part of, or its siblings.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<String>,
    /// When it was changed last, as it is written.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub updated: String,
}

/// The name of an organisation, else its reference.
fn name(organisation: &Organisation) -> String {
    match best(&organisation.names, "en").trim() {
        "" => organisation.reference.clone(),
        name => name.to_owned(),
    }
}

impl Project {
    /// What is needed of an activity.
    #[must_use]
    pub fn of(activity: &Activity) -> Self {
        let mut donors: Vec<String> = Vec::new();
        let reported_by = name(&activity.reporting);
        for (_, who) in activity.participants.iter().filter(|(role, _)| role == "1") {
            let name = name(who);
            if !name.is_empty() && !donors.contains(&name) {
                donors.push(name);
            }
        }
        if donors.is_empty() && !reported_by.is_empty() {
            donors.push(reported_by.clone());
        }
        let (mut countries, mut places) = (Vec::new(), Vec::new());
        for share in &activity.countries {
            match Country::parse(&share.code) {
                Ok(country) if !countries.contains(&country) => countries.push(country),
                Ok(_) => {}
                Err(_) => places.push(share.code.clone()),
            }
        }
        let (begins, ends) = activity.period();
        let revised = activity.budgets.iter().any(|budget| budget.kind == "2");
        let (mut budget, mut amounts) = (Sums::default(), Vec::new());
        for one in activity.budgets.iter().filter(|one| !revised || one.kind == "2") {
            budget.add(&one.value);
            amounts.push(one.value.clone());
        }
        let mut sums = [Sums::default(), Sums::default()];
        let [committed, spent] = &mut sums;
        for transaction in &activity.transactions {
            match transaction.kind.as_str() {
                "2" => committed.add(&transaction.value),
                "3" | "4" => spent.add(&transaction.value),
                _ => {}
            }
        }
        let [committed, spent] = sums;
        let periods = activity.results.iter().flat_map(|result| &result.indicators);
        let measured = periods
            .filter(|indicator| indicator.periods.iter().any(|(_, _, actual)| !actual.is_empty()))
            .count();
        let cyber = find(activity);
        let builds = if cyber.is_some() { capability::built(activity) } else { Vec::new() };
        Self {
            identifier: activity.identifier.clone(),
            title: activity.title_in("en").to_owned(),
            donors,
            reported_by,
            countries,
            places,
            is_regional: !activity.regions.is_empty(),
            status: activity.status.clone(),
            begins,
            ends,
            cyber,
            builds,
            targets: sdg::targets(activity).map(|target| target.code).collect(),
            budget,
            amounts,
            committed,
            spent,
            results: (activity.results.len(), measured),
            related: activity
                .related
                .iter()
                .filter(|(how, _)| matches!(how.as_str(), "1" | "2" | "3"))
                .map(|(_, which)| which.clone())
                .collect(),
            updated: activity.updated.clone(),
        }
    }

    /// Where it stands at a day: by its status, and by its dates where the status says nothing or is older than they are.
    ///
    /// Source: IATI code list `ActivityStatus`.
    #[must_use]
    pub fn phase(&self, day: Date) -> Phase {
        match (self.status.as_str(), self.begins, self.ends) {
            ("5" | "6", _, _) => Phase::Stopped,
            ("3" | "4", _, _) => Phase::Ended,
            (_, _, Some(ends)) if ends < day => Phase::Ended,
            (_, Some(begins), _) if begins > day => Phase::Planned,
            ("1", _, _) => Phase::Planned,
            ("2", _, _) | (_, Some(_), Some(_)) => Phase::Active,
            _ => Phase::Unknown,
        }
    }

    /// From when to when it is, as far as that is known: what has no end goes on.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        let begins_before = |one: &Self, two: &Self| match (one.begins, two.ends) {
            (Some(begins), Some(ends)) => begins <= ends,
            _ => true,
        };
        begins_before(self, other) && begins_before(other, self)
    }
}

/// Projects of many files. Of two with one identifier, the one that was changed last counts.
#[derive(Debug, Default)]
pub struct Projects {
    all: Vec<Project>,
    by_identifier: HashMap<String, usize>,
    /// Activities that were seen.
    pub seen: u64,
    /// How many of them stood there before, in this file or another.
    pub repeated: u64,
    /// How many were not kept, because there are too many.
    pub left_out: u64,
}

impl Projects {
    /// Takes an activity in, if `keep` says so.
    pub fn take(&mut self, activity: &Activity, keep: impl Fn(&Project) -> bool) {
        self.seen += 1;
        self.put(Project::of(activity), keep);
    }

    /// Takes in what others have seen, such as those of one file of many, if `keep` says so.
    pub fn join(&mut self, others: &Self, keep: impl Fn(&Project) -> bool) {
        for project in &others.all {
            self.put(project.clone(), &keep);
        }
        self.seen += others.seen;
        self.repeated += others.repeated;
        self.left_out += others.left_out;
    }

    /// The same, the surest to be about cyber security first.
    #[must_use]
    pub fn by_certainty(mut self) -> Vec<Project> {
        self.all
            .sort_by_key(|project| std::cmp::Reverse(project.cyber.as_ref().map(|found| found.certainty)));
        self.all
    }

    fn put(&mut self, project: Project, keep: impl Fn(&Project) -> bool) {
        let known = (!project.identifier.is_empty())
            .then(|| self.by_identifier.get(&project.identifier).copied())
            .flatten();
        if let Some(known) = known {
            self.repeated += 1;
            if let Some(before) = self.all.get_mut(known)
                && before.updated <= project.updated
            {
                *before = project;
            }
        } else if !keep(&project) {
        } else if self.all.len() >= PROJECTS_MAX {
            self.left_out += 1;
        } else {
            if !project.identifier.is_empty() {
                self.by_identifier.insert(project.identifier.clone(), self.all.len());
            }
            self.all.push(project);
        }
    }

    /// All that were kept, in their order.
    #[must_use]
    pub fn all(&self) -> &[Project] {
        &self.all
    }
}

/// Whether a project is about cyber security, as sure as is asked for.
#[must_use]
pub fn is_cyber(project: &Project, at_least: Certainty) -> bool {
    project.cyber.as_ref().is_some_and(|found| found.certainty >= at_least)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aid::iati::{Item, read};
    use jiff::civil::date;

    fn projects(text: &str) -> Projects {
        let mut projects = Projects::default();
        let text = format!(r#"<iati-activities version="2.03">{text}</iati-activities>"#);
        read(text.as_bytes(), &mut |item| {
            if let Item::Activity(activity) = item {
                projects.take(&activity, |_| true);
            }
        })
        .unwrap();
        projects
    }

    #[test]
    fn what_counts_is_kept() {
        let told = projects(
            r#"<iati-activity default-currency="KRW" last-updated-datetime="2026-01-01"><iati-identifier>KR-1</iati-identifier><reporting-org ref="KR-GOV-010"><narrative>Korea</narrative></reporting-org>
            <title><narrative xml:lang="ko">사이버</narrative><narrative xml:lang="en">CSIRT for Cambodia</narrative></title>
            <participating-org role="1" ref="KR-KOICA"/><participating-org role="4" ref="KR-KISA"/>
            <recipient-country code="KH"/><recipient-country code="QZ"/><tag vocabulary="3" code="17.8"/>
            <budget type="1"><value value-date="2026-01-01">5</value></budget><budget type="2"><value value-date="2026-01-01">7</value></budget>
            <transaction><transaction-type code="3"/><value currency="USD" value-date="2026-01-01">2</value></transaction>
            <related-activity type="1" ref="KR-0"/><related-activity type="5" ref="KR-9"/></iati-activity>"#,
        );
        let project = &told.all()[0];
        assert_eq!(
            (project.title.as_str(), project.donors.as_slice()),
            ("CSIRT for Cambodia", &["KR-KOICA".to_owned()][..])
        );
        assert_eq!(project.countries, [Country::parse("KH").unwrap()]);
        assert_eq!((project.places[0].as_str(), project.targets[0]), ("QZ", "17.8"));
        assert_eq!((project.budget.told(), project.spent.told()), ("7 KRW".to_owned(), "2 USD".to_owned()));
        assert_eq!(
            (project.builds.as_slice(), project.related.as_slice()),
            (&["incident-response"][..], &["KR-0".to_owned()][..])
        );
        assert!(is_cyber(project, Certainty::Sure));
    }

    #[test]
    fn the_newest_of_one_identifier_counts() {
        let one = |updated: &str, title: &str| {
            format!(
                "<iati-activity last-updated-datetime='{updated}'><iati-identifier>A</iati-identifier><title><narrative>{title}</narrative></title></iati-activity>"
            )
        };
        let told = projects(&format!(
            "{}{}{}<iati-activity/>",
            one("2026-01-01", "a"),
            one("2026-02-01", "b"),
            one("2025-01-01", "c")
        ));
        assert_eq!((told.all().len(), told.seen, told.repeated), (2, 4, 2));
        assert_eq!(told.all()[0].title, "b");
        // Of several files it is the same.
        let mut joined = Projects::default();
        for (updated, title) in [("2026-01-01", "a"), ("2026-02-01", "b"), ("2025-01-01", "c")] {
            joined.join(&projects(&one(updated, title)), |_| true);
        }
        assert_eq!((joined.all().len(), joined.seen, joined.repeated), (1, 3, 2));
        assert_eq!(joined.all()[0].title, "b");
    }

    #[test]
    fn a_project_stands_somewhere_at_each_day() {
        let day = date(2026, 6, 1);
        let check = |status: &str, begins: Option<&str>, ends: Option<&str>, expected: Phase| {
            let mut project = Project::of(&Activity::default());
            project.status = status.into();
            project.begins = begins.map(|date| date.parse().unwrap());
            project.ends = ends.map(|date| date.parse().unwrap());
            assert_eq!(project.phase(day), expected, "{status} {begins:?} {ends:?}");
        };
        check("2", Some("2026-01-01"), Some("2026-12-31"), Phase::Active);
        check("2", Some("2026-01-01"), Some("2026-05-31"), Phase::Ended);
        check("", Some("2026-01-01"), Some("2026-06-01"), Phase::Active);
        check("", Some("2026-06-02"), None, Phase::Planned);
        check("1", None, None, Phase::Planned);
        check("2", None, None, Phase::Active);
        check("5", Some("2026-01-01"), Some("2026-12-31"), Phase::Stopped);
        check("4", None, None, Phase::Ended);
        check("", None, None, Phase::Unknown);
        check("", Some("2026-01-01"), None, Phase::Unknown);
    }
}
