//! People who act for members, and what they see once they have logged in: over `/login`, as a browser does.

use std::collections::BTreeSet;

use axum::body::Body;
use http::{Request, StatusCode};
use policy::{Account, Entry, MemberId, Person, PersonId, Right, Rights, Role};
use stix::Timestamp;
use uuid::Uuid;

use super::build::{Built, Shown, Told};
use super::draw::Draw;
use super::plan::World;

/// The password of them all, and its hash, which is quickly made.
const PASSWORD: &str = "a-long-enough-password";
const HASH: &str = "$argon2id$v=19$m=8,t=1,p=1$d29ybGRzLXNhbHQtMDAwMQ$ybnc/9XkFvOinEkS+JaNEA";

/// Somebody who acts for a member.
#[derive(Debug, Clone)]
pub(super) struct Clerk {
    pub(super) member: usize,
    pub(super) user: String,
    pub(super) name: String,
    pub(super) roles: Vec<Role>,
    /// Whether it ends once all is shared.
    pub(super) ended: bool,
}

/// What somebody shows who has logged in.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) cookie: String,
    /// What its forms carry.
    pub(super) form: String,
}

impl Clerk {
    pub(super) fn drawn(draw: &mut Draw) -> Self {
        const ROLES: [&[Role]; 7] = [
            &[Role::Reader],
            &[Role::Analyst],
            &[Role::Releaser],
            &[Role::Administrator],
            &[Role::Auditor],
            &[Role::Reader, Role::Administrator],
            &[Role::Releaser, Role::Auditor],
        ];
        Self {
            member: draw.below(4),
            user: draw.word(),
            name: draw.word(),
            roles: draw.of(&ROLES).to_vec(),
            ended: draw.in_100(10),
        }
    }

    /// What it may do (docs/people.md).
    pub(super) fn may(&self, right: Right) -> bool {
        let has = |role| self.roles.contains(&role);
        let reads = has(Role::Reader) || has(Role::Analyst) || has(Role::Releaser);
        match right {
            Right::Read => reads,
            Right::Write | Right::Screen => has(Role::Analyst) || has(Role::Releaser),
            Right::Release => has(Role::Releaser),
            Right::Admin => has(Role::Administrator),
            Right::Audit => has(Role::Auditor),
        }
    }
}

impl World {
    /// What stands in the book of a clerk, once it has ended too.
    pub(super) fn clerk(&self, at: usize, is_end: bool, now: Timestamp) -> [Entry; 2] {
        let clerk = &self.clerks[at];
        let number = 0xabcd_1000_4000_8000_0000_0000_0000_0000 + u128::try_from(at).unwrap();
        let id = PersonId::new(Uuid::from_u128(number));
        let person = Person {
            id,
            member: Some(MemberId::new(self.members[clerk.member].id)),
            user: clerk.user.clone(),
            name: clerk.name.clone(),
            roles: clerk.roles.iter().copied().collect::<BTreeSet<_>>(),
            ended: is_end && clerk.ended,
        };
        let account = Account { password: Some(HASH.to_owned()), ..Account::new(id, now) };
        [Entry::Person(person), Entry::Account(account)]
    }

    /// What somebody may see of people: itself; of its own member's, an administrator and an auditor all.
    pub(super) fn people_seen(&self, member: usize, by: Option<usize>) -> Vec<&str> {
        let by = by.map(|at| &self.clerks[at]);
        let scopes = self.members[member].scopes;
        let has = |right| match by {
            Some(clerk) => clerk.may(right),
            None => scopes.is_some_and(|scopes: Rights| scopes.has(right)),
        };
        let sees_all = has(Right::Admin) || has(Right::Audit);
        let is_seen = |clerk: &&Clerk| {
            let is_own = by.is_some_and(|by| by.user == clerk.user);
            clerk.member == member && (is_own || sees_all)
        };
        self.clerks.iter().filter(is_seen).flat_map(|clerk| [&*clerk.user, &*clerk.name]).collect()
    }
}

/// A field of a form on a page.
fn field<'p>(page: &'p str, name: &str) -> Option<&'p str> {
    page.split_once(&format!("name=\"{name}\" value=\""))?.1.split('"').next()
}

/// The cookie that an answer sets.
fn cookie(told: &Told) -> Option<String> {
    let set = told.headers.iter().find_map(|line| line.strip_prefix("set-cookie: "))?;
    set.split(';').next().map(str::to_owned)
}

impl Built {
    /// Logs somebody in; nothing if it is not let in.
    pub(super) async fn log_in(&self, world: &World, at: usize) -> Option<Session> {
        let request = |method: &str, path: &str, cookie: &str, body: String| {
            let form = "application/x-www-form-urlencoded";
            let request = Request::builder().method(method).uri(path).header("host", "tower.test");
            request.header("content-type", form).header("cookie", cookie).body(Body::from(body)).unwrap()
        };
        let page = self.ask(request("GET", "/login", "", String::new()), Shown::Safe).await;
        let (bound, form) = (cookie(&page).unwrap(), field(&page.body, "form").unwrap());
        let body = format!("user={}&password={PASSWORD}&code=&to=/&form={form}", world.clerks[at].user);
        let told = self.ask(request("POST", "/login", &bound, body), Shown::Safe).await;
        if told.status != StatusCode::SEE_OTHER {
            assert_eq!(told.status, StatusCode::UNAUTHORIZED, "{told:?}");
            return None;
        }
        let cookie = cookie(&told).unwrap();
        let page = self.ask(request("GET", "/account", &cookie, String::new()), Shown::Safe).await;
        let form = field(&page.body, "form").unwrap_or_else(|| panic!("{page:?}")).to_owned();
        Some(Session { cookie, form })
    }
}
