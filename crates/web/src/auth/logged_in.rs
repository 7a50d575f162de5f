//! Who has logged in: by a session, as the book stands now.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use policy::{Book, Caller, Rights};

use super::form::FormToken;
use super::room::aside;
use super::{Actor, Admitted, Auth};

/// Sessions that are looked up in a database at a time.
pub(super) const LOOK_UPS: usize = 8;

impl Auth {
    /// The book with all that other nodes wrote to it until now, as far as it can be read: for log-ins, which are few, and are not to be
    /// judged by a password or a passkey that was taken away a moment ago.
    pub(crate) fn newest_book(&self) -> Arc<Book> {
        if self.gate.is_shared()
            && let Err(error) = aside(|| self.gate.read_on())
        {
            tracing::warn!(%error, "what other nodes wrote can't be read");
        }
        self.gate.book()
    }

    /// Who has logged in, by the cookie of a session. Anybody can make such a cookie up: where that has to be asked of a database, it is by
    /// turns, and counts as a request of the address.
    ///
    /// # Errors
    /// With the time to wait, when the address asks too fast.
    pub(super) async fn of_session(
        self: &Arc<Self>,
        book: &Arc<Book>,
        cookie: &str,
        peer: IpAddr,
    ) -> Result<Option<Admitted>, Duration> {
        let now = Instant::now();
        if self.sessions.is_at_hand(cookie, now) {
            return Ok(self.logged_in(book, cookie));
        }
        if let Some(after) = self.pace.ask(None, peer, now) {
            return Err(after);
        }
        let Ok(_turn) = self.look_ups.acquire().await else { return Ok(None) };
        let (auth, book, cookie) = (Arc::clone(self), Arc::clone(book), cookie.to_owned());
        // Who fails to be looked up is not logged in.
        Ok(tokio::task::spawn_blocking(move || auth.logged_in(&book, &cookie)).await.ok().flatten())
    }

    /// Who has logged in, by the cookie of a session.
    fn logged_in(&self, book: &Book, cookie: &str) -> Option<Admitted> {
        let (id, session) = self.sessions.find(cookie, Instant::now())?;
        let is_current =
            |book: &Book| book.account(session.person).is_some_and(|account| session.is_of(account));
        // It may have begun at another node, with an account that is new there and not known here yet.
        let newest = if is_current(book) { None } else { Some(self.newest_book()) };
        let book = newest.as_deref().unwrap_or(book);
        let person = book.person(session.person).filter(|person| book.acts(person))?;
        let account = book.account(person.id).filter(|account| session.is_of(account))?;
        let caller = person.member.map_or(Caller::Operator, Caller::Member);
        let form = FormToken::of(&self.tokens, id.bytes());
        // By the book of the moment: a new role counts for a session that is open.
        let is_weak = !session.elsewhere && !account.has_second();
        let lacks = is_weak && self.second.is_demanded_of(book, person);
        let rights = if lacks { Rights::NONE } else { person.rights() };
        let actor = Actor { person: Some(person.id), rights, session: Some((id, form)) };
        Some(Admitted { caller, actor, holder: Some(person.id.uuid()) })
    }
}
