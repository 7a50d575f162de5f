//! The first steps: from an empty node to the first artefact that a member took, and what is missing on the way. For the node's operators.

use askama::Template;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse as _, Redirect, Response};
use gate::GateError;
use line::LineId;
use policy::{Book, Circle, CircleId, Credential, CredentialKind, Entry, Level, Member, MemberId, Right};
use stix::Tlp;

use super::people::{all, drawn_id, one};
use super::sent::not_from_here;
use super::view::Language;
use super::{Frame, Operator, Pages, Shared, Viewer, broken, making, render, words};
use crate::auth::Token;
use crate::auth::form::is_from_here;
use crate::people::is_handle;

const NAME_CHARS_MAX: usize = 200;

#[derive(Template)]
#[template(path = "start.html")]
struct StartPage {
    frame: Frame,
    steps: Vec<Step>,
    done: usize,
    levels: Vec<(&'static str, &'static str)>,
    languages: [(&'static str, &'static str); Language::ALL.len()],
    marks: Vec<String>,
    members: Vec<(String, String)>,
    may_change: bool,
    fault: Option<&'static str>,
    token: Option<(String, String)>,
}

/// One step: what is done by it, whether it is, and how it is done.
struct Step {
    is_done: bool,
    what: &'static str,
    how: &'static str,
    href: &'static str,
    command: &'static str,
}

impl Pages {
    fn steps(&self, viewer: &Viewer, book: &Book) -> Result<Vec<Step>, line::StorageError> {
        let now = (self.now)();
        let say = |english, korean| viewer.say(english, korean);
        let step = |is_done, what, how, href, command| Step { is_done, what, how, href, command };
        let members: Vec<&Member> = book.members().filter(|member| !member.ended).collect();
        let has_circle = book.circles().any(|circle| circle.members.len() > 1);
        let logs_in = |member: &&Member| {
            book.credentials_of(member.id).any(|credential| credential.holds(now)) || member.contact.is_some()
        };
        let mut is_shared = false;
        for circle in book.circles() {
            is_shared |=
                self.gate.store().look(LineId::new(circle.id.uuid()), |catalogue| catalogue.head().0 > 0)?;
        }
        let is_used = members.iter().any(|member| self.gate.standing(member.id).real(now).is_some());
        let has_person = book.people().any(|person| book.acts(person));
        Ok(vec![
            step(
                self.public_url.as_ref().is_some_and(|url| url.starts_with("https://")),
                say("Partners reach this node over TLS", "협력 기관이 TLS로 이 노드에 접속합니다"),
                say(
                    "Set the address, and a certificate, in bongsu.toml (docs/operate.md tells how; the node has a small authority of its own).",
                    "bongsu.toml에 주소와 인증서를 설정합니다(방법은 docs/operate.md에 있으며, 노드에 작은 인증 기관이 있습니다).",
                ),
                "",
                "bongsu ca init && bongsu ca server",
            ),
            step(
                has_person,
                say("People have accounts of their own", "사람마다 자기 계정이 있습니다"),
                say("So that it is known who did what.", "누가 무엇을 했는지 알 수 있게 합니다."),
                "/people",
                "",
            ),
            step(
                members.len() > 1,
                say("There are members", "회원이 있습니다"),
                say(
                    "At least two: one that shares, and one that gets it.",
                    "공유하는 쪽과 받는 쪽, 적어도 둘이 필요합니다.",
                ),
                "#member",
                "",
            ),
            step(
                has_circle,
                say("They are in a circle", "회원이 서클에 속해 있습니다"),
                say(
                    "A circle is an agreement: what is shared in it goes to its members and to nobody else.",
                    "서클은 합의입니다. 서클에 공유한 것은 그 회원에게만 갑니다.",
                ),
                "#circle",
                "",
            ),
            step(
                !members.is_empty() && members.iter().all(logs_in),
                say("Each member can fetch it, or is sent it", "회원마다 받을 방법이 있습니다"),
                say(
                    "A token for its systems, a key for its DNS server, or an address for mail.",
                    "시스템용 토큰, DNS 서버용 키, 또는 전자우편 주소입니다.",
                ),
                "#member",
                "bongsu member token HANDLE",
            ),
            step(
                is_shared,
                say("Something was shared", "공유된 것이 있습니다"),
                say("A list of values is enough.", "값 목록 하나면 됩니다."),
                "/share",
                "",
            ),
            step(
                is_used,
                say("A member took its first artefact", "회원이 처음으로 받아 갔습니다"),
                say(
                    "Its page tells how its server takes it; a receipt shows that it did.",
                    "회원의 페이지에 서버 설정 방법이 있으며, 받으면 수령 확인이 남습니다.",
                ),
                "/ladder",
                "",
            ),
        ])
    }

    /// How many of the first steps are left, for whoever looks after them.
    pub(super) fn steps_left(&self, viewer: &Viewer, book: &Book) -> Result<usize, line::StorageError> {
        Ok(self.steps(viewer, book)?.iter().filter(|step| !step.is_done).count())
    }

    fn start_page(
        &self,
        viewer: &Viewer,
        fault: Option<&'static str>,
        token: Option<(String, String)>,
    ) -> Result<Response, line::StorageError> {
        let book = self.gate.book();
        let steps = self.steps(viewer, &book)?;
        let mut members = self.members(&book, viewer);
        members.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(render(&StartPage {
            frame: self.frame(&book, viewer, viewer.say("First steps", "처음 설정")),
            done: steps.iter().filter(|step| step.is_done).count(),
            steps,
            languages: Language::ALL.map(|language| (language.tag(), language.name())),
            levels: Level::ALL.map(|level| (level.name(), words::does(&viewer.view, level))).to_vec(),
            marks: [Tlp::Clear, Tlp::Green, Tlp::Amber, Tlp::AmberStrict, Tlp::Red]
                .map(|tlp| tlp.to_string())
                .to_vec(),
            members: members.into_iter().map(|member| (member.handle.clone(), member.name.clone())).collect(),
            may_change: viewer.actor.rights.has(Right::Admin),
            fault,
            token,
        }))
    }
}

pub(super) async fn page(State(pages): Shared, Operator(viewer): Operator) -> Response {
    making(move || pages.start_page(&viewer, None, None).unwrap_or_else(|error| broken(&error))).await
}

/// Why something was not added.
enum Fault {
    /// Said on the page, in English and Korean.
    Said(&'static str, &'static str),
    Gate(GateError),
}

impl From<GateError> for Fault {
    fn from(error: GateError) -> Self {
        Self::Gate(error)
    }
}

const HANDLE: Fault = Fault::Said(
    "A handle has 1 to 63 of a-z, 0-9 and -, not at an end; `operator` is taken.",
    "핸들은 a-z, 0-9, -로 된 1~63자이며 -로 시작하거나 끝나지 않습니다. operator는 쓸 수 없습니다.",
);
const TAKEN: Fault =
    Fault::Said("That handle is taken; choose another.", "이미 쓰는 핸들입니다. 다른 것을 고르십시오.");
const NAME: Fault = Fault::Said("A name has 1 to 200 characters.", "이름은 1~200자입니다.");

pub(super) async fn add(
    State(pages): Shared,
    Operator(viewer): Operator,
    headers: HeaderMap,
    uri: Uri,
    Form(fields): Form<Vec<(String, String)>>,
) -> Response {
    if !is_from_here(&headers, &uri) {
        return not_from_here();
    }
    making(move || {
        let made = match one(&fields, "what") {
            "member" => pages.add_member(&viewer, &fields),
            _ => pages.add_circle(&viewer, &fields).map(|()| None),
        };
        let shown = match made {
            Ok(None) => return Redirect::to("/start").into_response(),
            Ok(token) => pages.start_page(&viewer, None, token),
            Err(Fault::Said(english, korean)) => {
                pages.start_page(&viewer, Some(viewer.say(english, korean)), None)
            }
            Err(Fault::Gate(error)) => return broken(&error),
        };
        shown.unwrap_or_else(|error| broken(&error))
    })
    .await
}

fn named(fields: &[(String, String)]) -> Result<(String, String), Fault> {
    let (handle, name) = (one(fields, "handle").trim(), one(fields, "name").trim());
    let fits = (1..=NAME_CHARS_MAX).contains(&name.chars().count()) && !name.contains(char::is_control);
    match (is_handle(handle), fits) {
        (false, _) => Err(HANDLE),
        (true, false) => Err(NAME),
        (true, true) => Ok((handle.to_owned(), name.to_owned())),
    }
}

impl Pages {
    /// Adds a member and, if that is asked for, makes it a token, which is shown once: its name and the token.
    fn add_member(
        &self,
        viewer: &Viewer,
        fields: &[(String, String)],
    ) -> Result<Option<(String, String)>, Fault> {
        let (handle, name) = named(fields)?;
        let broken = Fault::Said(
            "The system gives no random bytes; try again.",
            "시스템에서 난수를 얻지 못했습니다. 다시 시도하십시오.",
        );
        let chance = || (self.auth.chance)();
        let (Some(id), Some(token_id), Some(secret)) = (chance(), chance(), chance()) else {
            return Err(broken);
        };
        let contact = one(fields, "contact").trim();
        if !contact.is_empty() && (!contact.contains('@') || contact.contains(char::is_whitespace)) {
            return Err(Fault::Said("That is no mail address.", "전자우편 주소가 아닙니다."));
        }
        let member = Member {
            name,
            level: Level::ALL
                .into_iter()
                .find(|level| level.name() == one(fields, "level"))
                .unwrap_or(Level::Read),
            clearance: one(fields, "clearance").parse().unwrap_or(Tlp::Amber),
            language: Language::of(one(fields, "language")).tag().to_owned(),
            contact: Some(contact.to_owned()).filter(|contact| !contact.is_empty()),
            ..Member::new(MemberId::new(drawn_id(&id)), handle)
        };
        let token = Token::new(drawn_id(&token_id), secret);
        let credential = (!one(fields, "token").is_empty()).then(|| Credential {
            id: drawn_id(&token_id),
            member: Some(member.id),
            created: (self.now)(),
            expires: None,
            revoked: false,
            person: None,
            scopes: None,
            kind: CredentialKind::Token { hash: self.auth.tokens.kept(&token).to_vec() },
        });
        let shown = credential.is_some().then(|| (member.name.clone(), token.reveal()));
        self.gate.change_all(viewer.by(), |book| {
            if book.member_by_handle(&member.handle).is_some() {
                return Err(TAKEN);
            }
            Ok(std::iter::once(Entry::Member(member)).chain(credential.map(Entry::Credential)).collect())
        })?;
        Ok(shown)
    }

    fn add_circle(&self, viewer: &Viewer, fields: &[(String, String)]) -> Result<(), Fault> {
        let (handle, title) = named(fields)?;
        let Some(id) = (self.auth.chance)() else {
            return Err(Fault::Said(
                "The system gives no random bytes; try again.",
                "시스템에서 난수를 얻지 못했습니다. 다시 시도하십시오.",
            ));
        };
        let purpose: String = one(fields, "purpose").trim().chars().take(1_000).collect();
        let ceiling = one(fields, "ceiling").parse().unwrap_or(Tlp::Amber);
        self.gate.change(viewer.by(), |book| {
            if book.circle_by_handle(&handle).is_some() {
                return Err(TAKEN);
            }
            let members: Vec<MemberId> =
                all(fields, "member").filter_map(|handle| Some(book.member_by_handle(handle)?.id)).collect();
            Ok(Entry::Circle(Circle {
                title,
                purpose,
                ceiling,
                members,
                ..Circle::new(CircleId::new(drawn_id(&id)), handle)
            }))
        })
    }
}
