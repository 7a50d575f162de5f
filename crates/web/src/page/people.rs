//! People and credentials, for whoever manages them: a member's administrator its own, the node's staff all people and the
//! operator's own credentials.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Form, Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use policy::{
    Account, Book, Caller, Credential, CredentialKind, Entry, MemberId, Person, PersonId, Right, Rights, Role,
};
use stix::Timestamp;
use uuid::Uuid;

use super::log_in::not_from_here;
use super::view::{At, View};
use super::{Frame, Pages, Shared, Viewer, Who, absent, broken, making, render, words};
use crate::auth::Token;
use crate::auth::form::is_from_here;
use crate::people::{self, PeopleError, Wanted};

const DAY_MICROS: i64 = 86_400_000_000;
/// Days for which a token may be good, as on the command line.
const DAYS_MAX: i64 = 36_500;

#[derive(Template)]
#[template(path = "people.html")]
struct PeoplePage {
    frame: Frame,
    whose: String,
    rows: Vec<Row>,
    members: Vec<String>,
    /// Roles and scopes to choose from: their names, and what they are called.
    all_roles: Vec<(&'static str, &'static str)>,
    scopes: Vec<(&'static str, &'static str)>,
    credentials: Vec<CredentialRow>,
    secret: Option<Secret>,
    fault: Option<String>,
}

struct Row {
    user: String,
    name: String,
    member: String,
    logs_in: &'static str,
    /// Whether it can do nothing before it has a second factor.
    lacks_second: bool,
    roles: Vec<RoleRow>,
    is_own: bool,
}

struct RoleRow {
    name: &'static str,
    text: &'static str,
    has: bool,
}

struct CredentialRow {
    id: String,
    kind: &'static str,
    /// Whose it is, before its scopes; empty if it is no person's.
    whose: String,
    /// For what it is good, if not for all.
    scopes: Option<String>,
    made: At,
    revoked: bool,
    until: Option<At>,
    used: Option<At>,
    holds: bool,
}

/// What is shown once.
struct Secret {
    title: String,
    text: String,
}

/// The fields of a form, of which one may come several times.
type Fields = Form<Vec<(String, String)>>;

pub(super) fn one<'f>(fields: &'f [(String, String)], name: &str) -> &'f str {
    fields.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
}

pub(super) fn all<'f>(fields: &'f [(String, String)], name: &'f str) -> impl Iterator<Item = &'f str> {
    fields.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// The member for which the viewer manages; `None` is the node.
const fn own_member(viewer: &Viewer) -> Option<MemberId> {
    match viewer.caller {
        Caller::Operator => None,
        Caller::Member(member) => Some(member),
    }
}

/// The scopes that a token made on the page may have. Who manages people must not make itself what it may not do: `admin` and
/// `audit` are for people, and what lets something out takes somebody who may. A member's programs read, write and screen without
/// its administrator; the node's staff gives nothing that it does not have.
const fn scopes_for(own: Option<MemberId>, rights: Rights) -> Rights {
    let theirs = Rights::MEMBER.within(rights);
    match own {
        None => theirs,
        Some(_) => Rights::of(&[Right::Read, Right::Write, Right::Screen]).and(theirs),
    }
}

/// Whether the viewer may change what people do, or end them. For a member, [`people::set_roles`] and [`people::end`] ask for a
/// person; whoever shows the node's token must have all that an operator has, not `admin` alone.
fn may_change_people(viewer: &Viewer) -> Result<(), PeopleError> {
    let is_enough = viewer.actor.person.is_some() || viewer.actor.rights.has(Right::Release);
    is_enough.then_some(()).ok_or(PeopleError::NeedsPerson)
}

impl Pages {
    fn people_page(&self, viewer: &Viewer, fault: Option<String>, secret: Option<Secret>) -> Response {
        let (book, now) = (self.gate.book(), (self.now)());
        let own = own_member(viewer);
        let handle = |id: Option<MemberId>| {
            id.and_then(|id| book.member(id))
                .map_or_else(|| viewer.say("the node", "노드").to_owned(), |member| member.handle.clone())
        };
        let mut shown: Vec<&Person> = book
            .people()
            .filter(|person| book.acts(person) && (own.is_none() || person.member == own))
            .collect();
        shown.sort_by_key(|person| (handle(person.member), person.user.clone()));
        let credentials: Vec<&Credential> = match own {
            None => book.operator_credentials().collect(),
            Some(member) => book.credentials_of(member).collect(),
        };
        let mut members: Vec<String> =
            self.members(&book, viewer).into_iter().map(|member| member.handle.clone()).collect();
        members.sort();
        let refused = fault.is_some();
        let mut page = render(&PeoplePage {
            frame: self.frame(&book, viewer, viewer.say("People", "사람")),
            whose: handle(own),
            rows: shown
                .into_iter()
                .map(|person| self.person_row(&book, viewer, person, handle(person.member)))
                .collect(),
            members,
            all_roles: Role::ALL.map(|role| (role.name(), words::people::role(&viewer.view, role))).to_vec(),
            scopes: scopes_for(own, viewer.actor.rights)
                .iter()
                .map(|right| (right.name(), words::people::right(&viewer.view, right)))
                .collect(),
            credentials: credentials
                .into_iter()
                .map(|one| credential_row(&book, &viewer.view, one, now))
                .collect(),
            secret,
            fault,
        });
        page.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if refused {
            *page.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
        }
        page
    }

    fn person_row(&self, book: &Book, viewer: &Viewer, person: &Person, member: String) -> Row {
        let account = book.account(person.id);
        let logs_in = match account {
            Some(Account { password: Some(_), codes: Some(_), .. }) => {
                viewer.say("password and codes", "비밀번호와 코드")
            }
            Some(account) if account.password.is_some() && account.has_second() => {
                viewer.say("password and passkeys", "비밀번호와 패스키")
            }
            Some(Account { password: Some(_), .. }) => viewer.say("password alone", "비밀번호만"),
            Some(Account { bound: Some(_), .. }) => viewer.say("log-in elsewhere", "외부 로그인"),
            Some(Account { invitation: Some(_), .. }) => viewer.say("invited", "초대됨"),
            _ => viewer.say("not yet", "아직 없음"),
        };
        let roles = Role::ALL.into_iter().map(|role| RoleRow {
            name: role.name(),
            text: words::people::role(&viewer.view, role),
            has: person.roles.contains(&role),
        });
        Row {
            user: person.user.clone(),
            name: person.name.clone(),
            member,
            logs_in,
            lacks_second: self.auth.second.is_lacking(book, person),
            roles: roles.collect(),
            is_own: viewer.actor.person == Some(person.id),
        }
    }

    /// The link by which a person sets its password.
    fn link(&self, view: &View, user: &str, token: &Token) -> Secret {
        let root = self.public_url.as_deref().unwrap_or_default().trim_end_matches('/');
        Secret {
            title: match view.is_korean() {
                false => format!("The link for {user}, good for seven days"),
                true => format!("{user}의 링크, 7일 동안 유효"),
            },
            text: format!("{root}/welcome/{}", token.reveal()),
        }
    }
}

fn credential_row(book: &Book, view: &View, credential: &Credential, now: Timestamp) -> CredentialRow {
    let person = credential.person.and_then(|id| book.person(id)).map(|person| format!("{}: ", person.user));
    CredentialRow {
        id: credential.id.simple().to_string(),
        kind: match credential.kind {
            CredentialKind::Token { .. } => view.say("token", "토큰"),
            CredentialKind::Tsig { .. } => view.say("TSIG key", "TSIG 키"),
            CredentialKind::Certificate { .. } => view.say("certificate", "인증서"),
        },
        whose: person.unwrap_or_default(),
        scopes: credential.scopes.map(|scopes| words::people::rights(view, scopes)),
        made: view.at(credential.created),
        revoked: credential.revoked,
        until: credential.expires.map(|at| view.at(at)),
        used: book.used(credential.id).map(|at| view.at(Timestamp::from_micros(at))),
        holds: credential.holds(now),
    }
}

pub(super) async fn page(State(pages): Shared, who: Who) -> Response {
    making(move || pages.people_page(&Viewer::of(who), None, None)).await
}

/// Runs a change, once it is known to come from a page of this node.
async fn changing(
    pages: Arc<Pages>,
    who: Who,
    (headers, uri): (HeaderMap, Uri),
    work: impl FnOnce(&Pages, &Viewer) -> Result<Option<Secret>, PeopleError> + Send + 'static,
) -> Response {
    if !is_from_here(&headers, &uri) {
        return not_from_here();
    }
    making(move || {
        let viewer = Viewer::of(who);
        match work(&pages, &viewer) {
            Ok(None) => Redirect::to("/people").into_response(),
            Ok(secret) => pages.people_page(&viewer, None, secret),
            Err(PeopleError::NoPerson) => absent(),
            Err(PeopleError::Gate(error)) => broken(&error),
            Err(error) => {
                let fault = words::accounts::not_changed(&viewer.view, &error);
                pages.people_page(&viewer, Some(fault), None)
            }
        }
    })
    .await
}

fn roles(fields: &[(String, String)]) -> std::collections::BTreeSet<Role> {
    all(fields, "role").filter_map(|word| word.parse().ok()).collect()
}

pub(super) async fn add(
    State(pages): Shared,
    who: Who,
    headers: HeaderMap,
    uri: Uri,
    Form(fields): Fields,
) -> Response {
    changing(pages, who, (headers, uri), move |pages, viewer| {
        let (now, auth, book) = ((pages.now)(), &pages.auth, pages.gate.book());
        let (Some(drawn), Some(secret)) = ((auth.chance)(), (auth.chance)()) else { return Err(no_chance()) };
        let member = match (own_member(viewer), one(&fields, "member")) {
            (Some(own), _) => Some(own),
            (None, "") => None,
            (None, handle) => Some(book.member_by_handle(handle).ok_or(PeopleError::NoMember)?.id),
        };
        let id = PersonId::new(drawn_id(&drawn));
        let (account, token) = people::invited(&auth.tokens, secret, Account::new(id, now), now);
        let (user, name) = (one(&fields, "user").to_owned(), one(&fields, "name").to_owned());
        let wanted = Wanted { id, member, user, name, roles: roles(&fields) };
        let person = people::add(&pages.gate, viewer.by(), wanted, account)?;
        Ok(Some(pages.link(&viewer.view, &person.user, &token)))
    })
    .await
}

pub(super) async fn change(
    State(pages): Shared,
    who: Who,
    Path((user, change)): Path<(String, String)>,
    headers: HeaderMap,
    uri: Uri,
    Form(fields): Fields,
) -> Response {
    changing(pages, who, (headers, uri), move |pages, viewer| {
        let (by, now, auth) = (viewer.by(), (pages.now)(), &pages.auth);
        match change.as_str() {
            "roles" => {
                may_change_people(viewer)?;
                people::set_roles(&pages.gate, by, &user, |_| roles(&fields)).map(|()| None)
            }
            "end" => {
                may_change_people(viewer)?;
                people::end(&pages.gate, by, &user, now).map(|()| None)
            }
            "reset" => {
                let secret = (auth.chance)().ok_or_else(no_chance)?;
                let token = people::reset(&pages.gate, by, &user, (&auth.tokens, secret), now)?;
                Ok(Some(pages.link(&viewer.view, &user, &token)))
            }
            _ => Err(PeopleError::NoPerson),
        }
    })
    .await
}

pub(super) async fn make_token(
    State(pages): Shared,
    who: Who,
    headers: HeaderMap,
    uri: Uri,
    Form(fields): Fields,
) -> Response {
    changing(pages, who, (headers, uri), move |pages, viewer| {
        let (now, auth) = ((pages.now)(), &pages.auth);
        let scopes: Vec<Right> = all(&fields, "scope").filter_map(|word| word.parse().ok()).collect();
        let scopes = Rights::of(&scopes);
        let days = one(&fields, "days").parse::<i64>().ok().filter(|days| (1..=DAYS_MAX).contains(days));
        let (Some(days), false) = (days, scopes.is_empty()) else { return Err(PeopleError::BadToken) };
        if scopes.within(scopes_for(own_member(viewer), viewer.actor.rights)) != scopes {
            return Err(PeopleError::Scopes);
        }
        let (Some(drawn), Some(secret)) = ((auth.chance)(), (auth.chance)()) else { return Err(no_chance()) };
        let id = drawn_id(&drawn);
        let token = Token::new(id, secret);
        let credential = Credential {
            id,
            member: own_member(viewer),
            created: now,
            expires: Some(Timestamp::from_micros(now.micros() + days * DAY_MICROS)),
            revoked: false,
            person: None,
            scopes: Some(scopes),
            kind: CredentialKind::Token { hash: auth.tokens.kept(&token).to_vec() },
        };
        pages.gate.record(viewer.by(), Entry::Credential(credential))?;
        let title = match viewer.view.is_korean() {
            false => format!("The token, for: {scopes}"),
            true => format!("토큰, 용도: {}", words::people::rights(&viewer.view, scopes)),
        };
        Ok(Some(Secret { title, text: token.reveal() }))
    })
    .await
}

pub(super) async fn revoke(
    State(pages): Shared,
    who: Who,
    Path(id): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    changing(pages, who, (headers, uri), move |pages, viewer| {
        let own = own_member(viewer);
        pages.gate.change(viewer.by(), |book| {
            let found = Uuid::try_parse(&id).ok().and_then(|id| book.credential(id));
            let found = found.filter(|credential| credential.member == own).ok_or(PeopleError::NoPerson)?;
            Ok::<_, PeopleError>(Entry::Credential(Credential { revoked: true, ..found.clone() }))
        })?;
        Ok(None)
    })
    .await
}

/// An identity of bytes drawn at random.
pub(super) fn drawn_id(drawn: &[u8; 32]) -> Uuid {
    uuid::Builder::from_random_bytes(drawn.first_chunk().copied().unwrap_or_default()).into_uuid()
}

fn no_chance() -> PeopleError {
    tracing::error!("the system gives no random bytes");
    PeopleError::NoChance
}

#[cfg(test)]
mod tests {
    use super::scopes_for;
    use policy::{MemberId, Right, Rights, Role};
    use uuid::Uuid;

    #[test]
    fn a_token_from_the_page_is_for_no_more_than_its_maker_may_give() {
        let member = Some(MemberId::new(Uuid::from_u128(1)));
        let plain = Rights::of(&[Right::Read, Right::Write, Right::Screen]);
        let admin = Role::Administrator.rights();
        let both = admin.and(Role::Releaser.rights());
        assert_eq!(scopes_for(member, admin), plain);
        assert_eq!(scopes_for(member, both), Rights::MEMBER);
        assert_eq!(scopes_for(member, Rights::ALL), Rights::MEMBER);
        assert_eq!(scopes_for(None, admin), Rights::NONE);
        assert_eq!(scopes_for(None, admin.and(Role::Reader.rights())), Role::Reader.rights());
        assert_eq!(scopes_for(None, Rights::ALL), Rights::MEMBER, "never for managing or auditing");
    }
}
