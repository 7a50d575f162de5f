//! Passkeys: made and removed on a person's own page, shown to log in.
//!
//! The forms need the node's script, and stay hidden without it. A passkey alone lets its person in if the device knows who holds
//! it; beside a password, it takes the place of a code.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Form, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, Uri, header};
use policy::person::PASSKEYS_MAX;
use policy::{Account, Book, Entry, Passkey, Person};
use serde::Deserialize;

use super::account::{Changed, Given as Proving, Proof, answered, change};
use super::log_in::{From, NotChanged, Trial, by, path_of};
use super::view::{At, View, say};
use super::{Pages, Shared, Viewer, Who, absent, making};
use crate::auth::Auth;
use crate::auth::passkey::{Shown, challenge_of, registered};

/// Characters of what a person calls a passkey.
const NAME_CHARS_MAX: usize = 60;

/// What the script needs to ask for a passkey.
pub(super) struct Asking {
    pub(super) challenge: String,
    pub(super) host: String,
}

/// A passkey, as its person sees it.
pub(super) struct Row {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) added: At,
}

impl Row {
    pub(super) fn of(view: &View, key: &Passkey) -> Self {
        Self { id: key.id.clone(), name: key.name.clone(), added: view.at(key.added) }
    }
}

/// What the browser said when a passkey was shown.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Given {
    form: String,
    to: String,
    user: String,
    password: String,
    id: String,
    client: String,
    data: String,
    signature: String,
    person: String,
}

/// A new passkey, or a change of one.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Made {
    password: String,
    code: String,
    name: String,
    id: String,
    client: String,
    attestation: String,
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// The node's script.
pub(super) async fn script() -> Response {
    let headers =
        [(header::CONTENT_TYPE, "text/javascript; charset=utf-8"), (header::CACHE_CONTROL, "max-age=300")];
    (headers, include_str!("../passkey.js")).into_response()
}

impl Pages {
    /// What a page needs to ask for a passkey of whoever shows `bound`; `None` where none are taken.
    pub(super) fn asking(&self, bound: &[u8]) -> Option<Asking> {
        let relying = self.auth.relying.as_ref()?;
        let challenge = self.auth.challenges.draw(&(self.auth.chance)()?, bound, Instant::now());
        Some(Asking { challenge, host: relying.id.clone() })
    }
}

/// Whose log-in it is, if the passkey is right, and the name and the password beside it, if they are typed. Gives the account as
/// it is after that.
fn judge(auth: &Auth, given: &Given, bound: &[u8]) -> Option<Account> {
    let (book, now) = (auth.newest_book(), Instant::now());
    let beside = !given.password.is_empty();
    let locked = beside && auth.lockout.is_locked(&given.user, now);
    if beside {
        auth.lockout.failed(&given.user, now);
    }
    let found = shown(auth, &book, given, bound, !beside);
    let named = |person: &Person| Person::user_of(&given.user).is_ok_and(|user| user == person.user);
    let account = found.as_ref().and_then(|(person, ..)| book.account(person.id));
    if beside {
        // The password is compared whatever is wrong with the passkey, so that time tells nothing.
        let whose = Person::user_of(&given.user).ok().and_then(|user| book.person_by_user(&user));
        let kept =
            whose.and_then(|person| book.account(person.id)).and_then(|account| account.password.as_deref());
        let matches = auth.passwords.matches(&given.password, kept);
        if !matches || locked || !found.as_ref().is_some_and(|(person, ..)| named(person)) {
            return None;
        }
    }
    let (_, key, count) = found?;
    let account = counted(auth, account?, key, count)?;
    if beside {
        auth.lockout.clear(&given.user);
    }
    Some(account)
}

/// The person whose passkey was shown, the passkey, and its new count.
fn shown<'b>(
    auth: &Auth,
    book: &'b Book,
    given: &Given,
    bound: &[u8],
    alone: bool,
) -> Option<(&'b Person, &'b Passkey, u32)> {
    let relying = auth.relying.as_ref()?;
    let signature = decoded(&given.signature)?;
    let shown = Shown { client: decoded(&given.client)?, data: decoded(&given.data)?, signature };
    let challenge = challenge_of(&shown.client)?;
    if !auth.challenges.take(&challenge, bound, Instant::now()) {
        return None;
    }
    let (person, key) = book.person_by_passkey(&given.id)?;
    // Whom the device means must be whose key it is (section 7.2, step 6).
    let handle = decoded(&given.person)?;
    if handle != person.id.uuid().as_bytes() && (alone || !handle.is_empty()) {
        return None;
    }
    match shown.check(key, &challenge, relying, alone) {
        Ok(count) => Some((person, key, count)),
        Err(wrong) => {
            tracing::warn!(person.id = %person.id, %wrong, "a passkey was not taken");
            None
        }
    }
}

/// Keeps the new count of a passkey; a device that does not count costs no record.
fn counted(auth: &Auth, account: &Account, key: &Passkey, count: u32) -> Option<Account> {
    if count == key.count {
        return Some(account.clone());
    }
    let mut made = None;
    let changed = auth.gate.change(by(auth, account), |book| {
        let mut now = book.account(account.person).ok_or(NotChanged)?.clone();
        // Two at once with one count are a copy's.
        let kept = now.passkeys.iter_mut().find(|kept| kept.id == key.id && kept.count < count);
        kept.ok_or(NotChanged)?.count = count;
        made = Some(now.clone());
        Ok::<_, NotChanged>(Entry::Account(now))
    });
    changed.ok().and(made)
}

/// Logs in with a passkey.
pub(super) async fn log_in(
    State(pages): Shared,
    from: From,
    uri: Uri,
    headers: HeaderMap,
    Form(given): Form<Given>,
) -> Response {
    let (to, form) = (path_of(&given.to), given.form.clone());
    let failed = |pages: &Pages, channel, to| {
        let what = say(
            "The passkey, or the name or password beside it, is not right; or there were too many tries, and some time must pass.",
            "패스키나 함께 적은 이름, 비밀번호가 맞지 않거나, 시도가 너무 많아 시간이 지나야 합니다.",
        );
        pages.log_in_page((&headers, channel), to, String::new(), what)
    };
    let trial = Trial { from, uri: &uri, headers: &headers, form: &form, to };
    trial.run(&pages, move |auth, bound| judge(auth, &given, bound), failed).await
}

/// What a person calls a passkey.
fn named(view: &View, text: &str) -> Result<String, String> {
    let name = text.trim();
    let fits = (1..=NAME_CHARS_MAX).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    let wrong = || {
        let english = "A passkey's name has 1 to {} characters.";
        view.tell(english, "패스키의 이름은 1자에서 {}자까지입니다.", &[&NAME_CHARS_MAX])
    };
    fits.then(|| name.to_owned()).ok_or_else(wrong)
}

fn proof(who: Who, from: From, headers: HeaderMap, made: &Made) -> Proof {
    Proof::of(who, from, headers, &Proving::of(&made.password, &made.code))
}

/// Adds a passkey.
pub(super) async fn add(
    State(pages): Shared,
    who: Who,
    from: From,
    headers: HeaderMap,
    Form(made): Form<Made>,
) -> Response {
    let proof = proof(who, from, headers, &made);
    let viewer = proof.viewer.clone();
    let name = match named(&viewer.view, &made.name) {
        Ok(name) => name,
        Err(fault) => return answered(pages, viewer, Changed::Not(fault)).await,
    };
    let Some((session, _)) = viewer.actor.session else { return absent() };
    let view = Arc::clone(&viewer.view);
    let changed = change(&pages, proof, move |pages, account| {
        let not = || {
            let korean = "브라우저의 패스키를 받지 못했습니다. 화면을 다시 열어 한 번 더 시도하십시오.";
            view.say("The browser's passkey was not taken. Open the page again, and try once more.", korean)
                .to_owned()
        };
        let auth = &pages.auth;
        let relying = auth.relying.as_ref().ok_or_else(not)?;
        let client = decoded(&made.client).ok_or_else(not)?;
        let attestation = decoded(&made.attestation).ok_or_else(not)?;
        let challenge = challenge_of(&client).ok_or_else(not)?;
        if !auth.challenges.take(&challenge, session.bytes(), Instant::now()) {
            return Err(not());
        }
        let new = registered((&client, &attestation), &challenge, relying).map_err(|wrong| {
            tracing::info!(%wrong, "a new passkey was not taken");
            not()
        })?;
        if account.passkeys.len() >= PASSKEYS_MAX {
            let english = "You have {} passkeys, as many as may be; remove one first.";
            let korean = "패스키가 한도인 {}개입니다. 먼저 하나를 없애십시오.";
            return Err(view.tell(english, korean, &[&PASSKEYS_MAX]));
        }
        if auth.gate.book().person_by_passkey(&new.id).is_some() {
            return Err(view.say("This passkey is there already.", "이미 있는 패스키입니다.").to_owned());
        }
        let added = (auth.now)();
        account.passkeys.push(Passkey {
            id: new.id,
            kind: new.kind,
            key: new.key,
            name,
            added,
            count: new.count,
        });
        Ok(())
    });
    let changed = changed.await;
    answered(pages, viewer, changed).await
}

/// Removes a passkey.
pub(super) async fn remove(
    State(pages): Shared,
    who: Who,
    from: From,
    headers: HeaderMap,
    Form(made): Form<Made>,
) -> Response {
    let proof = proof(who, from, headers, &made);
    let viewer = proof.viewer.clone();
    let changed = change(&pages, proof, move |_, account| {
        account.passkeys.retain(|key| key.id != made.id);
        Ok(())
    });
    let changed = changed.await;
    answered(pages, viewer, changed).await
}

/// Calls a passkey something else, which changes nothing of how one logs in.
pub(super) async fn rename(State(pages): Shared, who: Who, Form(made): Form<Made>) -> Response {
    let viewer = Viewer::of(who);
    let name = match named(&viewer.view, &made.name) {
        Ok(name) => name,
        Err(fault) => return answered(pages, viewer, Changed::Not(fault)).await,
    };
    making(move || {
        let Some((_, account)) = pages.own(&viewer) else { return absent() };
        let changed = pages.gate.change(viewer.by(), |book| {
            let mut now = book.account(account.person).ok_or(NotChanged)?.clone();
            now.passkeys.iter_mut().find(|key| key.id == made.id).ok_or(NotChanged)?.name = name;
            Ok::<_, NotChanged>(Entry::Account(now))
        });
        match changed {
            Ok(()) => Redirect::to("/account#passkeys").into_response(),
            Err(NotChanged) => absent(),
        }
    })
    .await
}
