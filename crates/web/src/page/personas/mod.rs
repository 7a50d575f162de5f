//! An application compared with what a member's circles know of personas, by hand: pasted whole, or filled in; and contests.
//!
//! What is typed travels in the form's body, is compared and forgotten: nothing of it is kept, noted or logged.

mod contests;

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::Response;
use axum::routing::{get, post};
use exchange::persona::{APPLICATIONS_MAX, BODY_BYTES_MAX, CheckError, Checked, KnownError};
use http::StatusCode;
use policy::{Caller, MemberId, Right};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use watch::persona::{Outcome, Reason, Word};

use super::sent::Sent;
use super::{Frame, Pages, Shared, Viewer, Who, making, render, words};
use crate::auth::form::bytes_max;

/// Where signs were published: the letters of `weights.toml`, and what they stand for; Korean where that is what it is called.
const SOURCES: [(&str, &str, Option<&str>); 6] = [
    (
        "G22",
        "US Department of State, Department of the Treasury and FBI, Guidance on the Democratic People's Republic of Korea Information Technology \
         Workers, 2022-05-16",
        None,
    ),
    (
        "K22",
        "Republic of Korea, joint advisory of seven ministries and agencies on DPRK IT workers, 2022-12-08",
        Some("대한민국 7개 부처·기관, 「북한 IT 인력에 대한 정부 합동주의보」, 2022-12-08"),
    ),
    (
        "G23",
        "United States and Republic of Korea, Additional Guidance on the DPRK Information Technology Workers, 2023-10-18 (IC3 I-101823-PSA)",
        None,
    ),
    (
        "F24",
        "FBI, Democratic People's Republic of Korea Leverages U.S.-Based Individuals to Defraud U.S. Businesses and Generate Revenue, 2024-05-16 \
         (IC3 I-051624-PSA)",
        None,
    ),
    ("F25", "FBI, North Korean IT Workers Conducting Data Extortion, 2025-01-23 (IC3 I-012325-PSA)", None),
    (
        "W",
        "this project: a weight that no advisory states, chosen so that chance alone is not worth a look",
        Some(
            "이 프로젝트: 어느 권고문에도 없는 가중치. 우연만으로는 살펴볼 만한 점수가 되지 않게 정했습니다",
        ),
    ),
];

/// Applications that are shown, those with the most points first; and reasons of one. Programs get all.
const OUTCOMES_MAX: usize = 50;
const REASONS_MAX: usize = 30;
/// What could not be read that is shown.
const FINDINGS_MAX: usize = 50;
/// Bytes of what was pasted that the page shows again, so that it can be mended.
const SHOWN_AGAIN_BYTES_MAX: usize = 64 << 10;

pub(super) fn router() -> Router<Arc<Pages>> {
    let pasted = DefaultBodyLimit::max(bytes_max("/personas"));
    Router::new()
        .route("/personas", get(form).post(check).layer(pasted))
        .route("/personas/contests", get(contests::page).post(contests::contest))
        .route("/personas/contests/uphold", post(contests::uphold))
        .route("/personas/contests/withdraw", post(contests::withdraw))
}

#[derive(Template)]
#[template(path = "personas.html")]
struct PersonasPage {
    frame: Frame,
    /// The members that an operator may ask as.
    members: Vec<String>,
    filled: Filled,
    fault: Option<String>,
    told: Option<Told>,
    may_contest: bool,
}

/// What is filled in: an application as a text in any form that is read, or its fields.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Filled {
    member: String,
    application: String,
    names: String,
    emails: String,
    phones: String,
    accounts: String,
    wallets: String,
    log_ins: String,
    urls: String,
    text: String,
}

impl Filled {
    /// The fields that hold one value on each line, by the names that applications have for them.
    fn lists(&self) -> [(&'static str, &str); 7] {
        [
            ("names", &self.names),
            ("emails", &self.emails),
            ("phones", &self.phones),
            ("accounts", &self.accounts),
            ("wallets", &self.wallets),
            ("log_ins", &self.log_ins),
            ("urls", &self.urls),
        ]
    }

    /// The application that the fields make; nothing if all are empty.
    fn of_fields(&self) -> Option<String> {
        let mut object = Map::new();
        for (name, text) in self.lists() {
            let values: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
            if !values.is_empty() {
                object.insert(name.to_owned(), json!(values));
            }
        }
        if !self.text.trim().is_empty() {
            object.insert("texts".to_owned(), json!([self.text]));
        }
        (!object.is_empty()).then(|| Value::Object(object).to_string())
    }
}

/// What a check came to, as it is shown.
struct Told {
    outcomes: Vec<Outcome>,
    /// Applications that are not shown.
    more: usize,
    /// Applications in all, and those from the threshold on.
    all: usize,
    crossing: usize,
    personas: usize,
    threshold: u32,
    /// What could not be read: where, and what is wrong.
    findings: Vec<(String, String)>,
    findings_more: usize,
}

impl PersonasPage {
    fn name(&self, outcome: &Outcome) -> String {
        words::personas::application(&self.frame.view, &outcome.application)
    }

    fn word(&self, outcome: &Outcome) -> &'static str {
        words::personas::word(&self.frame.view, outcome.word)
    }

    /// The class of its style.
    fn class(outcome: &Outcome) -> &'static str {
        match outcome.word {
            Word::Nothing => "got",
            Word::Look => "soft",
            Word::Review => "held",
        }
    }

    /// The reasons that are shown, and how many more there are.
    fn reasons(outcome: &Outcome) -> (&[Reason], usize) {
        let shown = outcome.reasons.len().min(REASONS_MAX);
        (&outcome.reasons[..shown], outcome.reasons.len() - shown)
    }

    fn sign(&self, reason: &Reason) -> &'static str {
        words::personas::sign(&self.frame.view, reason.sign)
    }

    fn how(&self, reason: &Reason) -> String {
        words::personas::how(&self.frame.view, reason)
    }

    fn given(&self, reason: &Reason) -> String {
        words::personas::value(&self.frame.view, reason, &reason.matched.given)
    }

    fn known(&self, reason: &Reason) -> String {
        words::personas::value(&self.frame.view, reason, &reason.matched.known)
    }

    fn who(&self, reason: &Reason) -> String {
        words::personas::who(&self.frame.view, &reason.source.who)
    }

    fn contested_by(&self, who: &str) -> String {
        words::personas::who(&self.frame.view, who)
    }

    /// Where signs were published, each with the language in which it is said.
    fn sources(&self) -> Vec<(&'static str, &'static str, &'static str)> {
        let told =
            |(letters, english, korean): &(&'static str, &'static str, Option<&'static str>)| match korean
                .filter(|_| self.frame.is_korean())
            {
                Some(korean) => (*letters, "ko", korean),
                None => (*letters, "en", *english),
            };
        SOURCES.iter().map(told).collect()
    }

    /// Where what a reason says can be contested.
    fn contest(&self, reason: &Reason) -> Option<String> {
        let about =
            reason.source.object.as_ref().filter(|_| self.may_contest && reason.contested.is_none())?;
        let member = match self.frame.operator {
            true => format!("member={}&", super::objects::encoded(&self.filled.member)),
            false => String::new(),
        };
        Some(format!("/personas/contests?{member}about={about}#make"))
    }

    /// How many of how many are to be looked at again.
    fn counts(&self, told: &Told) -> String {
        let Told { all, crossing, personas, threshold, more, .. } = told;
        let (mut english, mut korean) = (
            format!(
                "{crossing} of {all} applications at or above {threshold} points; compared with {personas} personas."
            ),
            format!(
                "지원서 {all}건 가운데 {crossing}건이 {threshold}점 이상입니다. 위장 인력 {personas}명과 견주었습니다."
            ),
        );
        if *more > 0 {
            english += &format!(" {more} with fewer points are not shown.");
            korean += &format!(" 점수가 낮은 {more}건은 표시하지 않았습니다.");
        }
        self.frame.say(&english, &korean).to_owned()
    }

    /// How much of what was given could not be read.
    fn unread(&self, told: &Told) -> String {
        let count = told.findings.len() + told.findings_more;
        let (english, korean) = (format!("{count} could not be read"), format!("읽지 못한 것 {count}개"));
        self.frame.say(&english, &korean).to_owned()
    }

    /// How much is compared at once.
    fn limits(&self) -> String {
        let mebibytes = BODY_BYTES_MAX >> 20;
        let english = format!(
            "Up to {mebibytes} MiB and {APPLICATIONS_MAX} applications at once. Those that are given together are compared with one another too."
        );
        let korean = format!(
            "한 번에 {mebibytes}MiB, 지원서 {APPLICATIONS_MAX}건까지 넣을 수 있습니다. 함께 넣은 지원서는 서로도 견줍니다."
        );
        self.frame.say(&english, &korean).to_owned()
    }
}

/// The members that an operator may act as; none for a member.
pub(super) fn members(pages: &Pages, viewer: &Viewer) -> Vec<String> {
    match viewer.caller {
        Caller::Operator => {
            let book = pages.gate.book();
            pages.members(&book, viewer).into_iter().map(|member| member.handle.clone()).collect()
        }
        Caller::Member(_) => Vec::new(),
    }
}

/// The member in whose name somebody asks: its own; for an operator the one that is named.
pub(super) fn whose(pages: &Pages, viewer: &Viewer, handle: &str) -> Option<MemberId> {
    match viewer.caller {
        Caller::Member(member) => Some(member),
        Caller::Operator => {
            pages.gate.book().member_by_handle(handle).filter(|member| !member.ended).map(|member| member.id)
        }
    }
}

fn page_of(pages: &Pages, viewer: &Viewer, filled: Filled) -> PersonasPage {
    let frame = pages.frame(&pages.gate.book(), viewer, viewer.say("Personas", "위장 인력"));
    let may_contest = viewer.actor.rights.has(Right::Write);
    PersonasPage { frame, members: members(pages, viewer), filled, fault: None, told: None, may_contest }
}

async fn form(State(pages): Shared, who: Who) -> Response {
    making(move || render(&page_of(&pages, &Viewer::of(who), Filled::default()))).await
}

async fn check(State(pages): Shared, who: Who, Sent(filled): Sent<Filled>) -> Response {
    let viewer = Viewer::of(who);
    let (pasted, of_fields) = (&filled.application, filled.of_fields());
    let pasted = Some(pasted).filter(|text| !text.trim().is_empty());
    let told = match (whose(&pages, &viewer, &filled.member), pasted, of_fields) {
        (None, ..) => Err(viewer
            .say("Say as which member you ask.", "어느 회원으로서 확인하는지 고르십시오.")
            .to_owned()),
        (_, Some(_), Some(_)) => Err(viewer
            .say(
                "Paste an application or fill in its fields, not both.",
                "지원서를 붙여 넣거나 항목을 채우되, 둘 다 하지는 마십시오.",
            )
            .to_owned()),
        (_, None, None) => Err(viewer
            .say("Nothing is given to compare.", "견줄 것이 없습니다. 지원서를 넣으십시오.")
            .to_owned()),
        (Some(member), Some(text), None) => checked(&pages, &viewer, member, text.clone()).await,
        (Some(member), None, Some(text)) => checked(&pages, &viewer, member, text).await,
    };
    making(move || {
        let is_short = filled.application.len() <= SHOWN_AGAIN_BYTES_MAX;
        let application = if is_short { filled.application.clone() } else { String::new() };
        let mut page = page_of(&pages, &viewer, Filled { application, ..filled });
        match told {
            Ok(told) => {
                page.told = Some(told);
                render(&page)
            }
            Err(fault) => {
                page.fault = Some(fault);
                let mut response = render(&page);
                *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
                response
            }
        }
    })
    .await
}

/// Has applications checked, in turn with those of programs.
async fn checked(pages: &Pages, viewer: &Viewer, member: MemberId, text: String) -> Result<Told, String> {
    let checked = pages.personas.check(member, viewer.encrypted, text).await;
    let checked = checked.map_err(|error| {
        if let CheckError::Known(error @ (KnownError::Storage(_) | KnownError::NotFound(_))) = &error {
            tracing::error!(%error, "personas could not be read");
        }
        words::personas::not_checked(&viewer.view, &error)
    })?;
    Ok(told(viewer, checked, pages.personas.weights.threshold))
}

fn told(viewer: &Viewer, checked: Checked, threshold: u32) -> Told {
    let Checked { mut outcomes, findings, findings_more, personas } = checked;
    let (all, crossing) = (outcomes.len(), outcomes.iter().filter(|outcome| outcome.crosses).count());
    outcomes.sort_by_key(|outcome| std::cmp::Reverse(outcome.score));
    outcomes.truncate(OUTCOMES_MAX);
    let unshown = findings.len().saturating_sub(FINDINGS_MAX);
    let shown = findings.iter().take(FINDINGS_MAX);
    Told {
        more: all - outcomes.len(),
        outcomes,
        all,
        crossing,
        personas,
        threshold,
        findings: shown
            .map(|finding| (finding.path.clone(), words::personas::finding(&viewer.view, finding)))
            .collect(),
        findings_more: findings_more + unshown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_make_an_application_of_what_is_filled_in() {
        let filled = Filled {
            names: " Ana Pires \r\n\r\nA. Pires".to_owned(),
            log_ins: "2026-10-30T08:00:00Z 203.0.113.9 KR".to_owned(),
            text: "first line\nsecond \"line\"".to_owned(),
            ..Filled::default()
        };
        let made = filled.of_fields().unwrap();
        let expected = json!({
            "names": ["Ana Pires", "A. Pires"], "log_ins": ["2026-10-30T08:00:00Z 203.0.113.9 KR"],
            "texts": ["first line\nsecond \"line\""],
        });
        assert_eq!(serde_json::from_str::<Value>(&made).unwrap(), expected);
        let read = watch::persona::read(made.as_bytes()).unwrap();
        assert!(read.findings.is_empty() && read.applications.len() == 1, "{read:?}");
        assert_eq!(Filled { emails: " \n ".to_owned(), ..Filled::default() }.of_fields(), None);
    }

    #[test]
    fn every_letter_of_the_weights_is_told() {
        let weights = watch::persona::Weights::default();
        for weight in weights.signs.values() {
            let letters = weight.from.split(':').next().unwrap_or_default();
            for letter in letters.split([',', ';']).map(str::trim) {
                assert!(SOURCES.iter().any(|(known, ..)| *known == letter), "{letter} in {}", weight.from);
            }
        }
    }

    #[test]
    fn every_field_of_the_form_is_one_that_is_read() {
        for (name, _) in Filled::default().lists() {
            let told = watch::persona::read(json!({name: []}).to_string().as_bytes()).unwrap();
            assert!(told.findings.is_empty(), "{name}: {:?}", told.findings);
        }
    }
}
