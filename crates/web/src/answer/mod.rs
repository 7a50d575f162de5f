//! The form through which a member answers its advisory: "seen here", without an account.
//!
//! `/answer/TICKET` is open to whoever has the link, which stands in the advisory ([`deliver::ticket`]). It shows what the
//! member has now, never what it had; what is ticked becomes a sighting in each circle that the member has it from, as the
//! member, past the same gate as all else. Looking at the page uses nothing up, so that a mail scanner that follows links
//! does no harm. An answer counts as taken once what it says and that the ticket is used are durable; until then the same
//! answer can be sent again and says nothing twice. A ticket that the node did not sign is, to whoever shows it, nothing.

mod asked;
mod given;
mod making;
mod pages;

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Form, Path, State};
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router};
use deliver::Deliver;
use deliver::speech::{Language, Speech};
use deliver::ticket::{Standing, Ticket, TicketKey, day_of};
use gate::GateError;
use parking_lot::Mutex;
use policy::{Channel, Deed, Level, Member, MemberId, Receipt};

use crate::page;
use given::{Checked, Fault, Given, written_upto};
use making::{Making, Outcome};
pub(crate) use pages::said;

/// Bytes of an answer: 300 ids and the longest texts, each letter of them escaped.
const ANSWER_BYTES_MAX: usize = 128 * 1024;
/// Under what name, and whose, answers are taken by one node at a time.
const ANSWERS: &str = "answers";

/// What answers are taken with.
struct Answers {
    deliver: Arc<Deliver>,
    /// Held from looking whether a member's ticket is good until it is used up, so that it is used once. Beside other nodes, so is what
    /// `ANSWERS` names.
    one_at_a_time: Mutex<HashMap<MemberId, Arc<Mutex<()>>>>,
}

/// The routes of the answer form.
pub fn router(deliver: Arc<Deliver>) -> Router {
    Router::new()
        .route("/answer/{ticket}", get(show).post(take))
        .route("/answer/ask/{ticket}", get(asked::show).post(asked::take))
        .layer(DefaultBodyLimit::max(ANSWER_BYTES_MAX))
        .fallback(|| async { nothing() })
        .with_state(Arc::new(Answers { deliver, one_at_a_time: Mutex::default() }))
}

/// What became of an answer that was in order.
enum Came {
    /// It was taken.
    Taken(Outcome),
    /// No circle took any of it.
    Refused,
    /// Another was quicker.
    Late,
}

/// Not there, or not signed by this node.
fn nothing() -> Response {
    page::absent()
}

/// Someone who may answer.
struct Answering<'a> {
    key: &'a TicketKey,
    ticket: Ticket,
    member: Member,
    speech: &'static Speech,
    today: u32,
    encrypted: bool,
}

impl Answers {
    /// Who shows a ticket, and how the ticket stands; `None` if it is no ticket of this node or its member has left.
    fn admit(&self, text: &str, channel: Channel) -> Option<(Answering<'_>, Standing)> {
        let key = self.deliver.letterhead().tickets.as_ref()?;
        let ticket = key.read(text)?;
        let book = self.deliver.gate.book();
        let member = book.member(ticket.member).filter(|member| !member.ended)?.clone();
        let today = day_of((self.deliver.now)());
        let speech = Language::of(&member.language).speech();
        let standing = ticket.standing(&book, today);
        // A link is as good as the advisory that it stands in, which others on its way may have read.
        let encrypted = channel.encrypted && ticket.encrypted;
        Some((Answering { key, ticket, member, speech, today, encrypted }, standing))
    }

    fn form(&self, answering: &Answering<'_>, given: &Given, fault: Option<Fault>) -> Response {
        let (member, most) = (answering.member.id, answering.ticket.tlp);
        // Before the form is made: what comes in between may not be in it.
        let upto = written_upto(&self.deliver.heads(member));
        match self.deliver.advise(member, None, answering.encrypted) {
            Ok(mut advisory) => {
                // A link is as good as the advisory that it stands in, and is handed on with it.
                advisory.values.retain(|row| row.tlp <= most);
                advisory.tlp = advisory.tlp.min(most);
                pages::form(answering.speech, &advisory, given, fault, upto)
            }
            Err(error) => page::broken(&error),
        }
    }

    fn over(&self, answering: &Answering<'_>, standing: Standing) -> Response {
        pages::over(answering.speech, standing, self.deliver.letterhead().reply_to.as_deref())
    }

    fn shown(&self, text: &str, channel: Channel) -> Response {
        match self.admit(text, channel) {
            None => nothing(),
            Some((answering, Standing::Good)) => self.form(&answering, &Given::default(), None),
            Some((answering, standing)) => self.over(&answering, standing),
        }
    }

    fn taken(&self, text: &str, channel: Channel, given: &Given) -> Response {
        let Some((answering, standing)) = self.admit(text, channel) else { return nothing() };
        if standing != Standing::Good {
            return self.over(&answering, standing);
        }
        let checked = match given.check(answering.today) {
            Ok(checked) => checked,
            Err(fault) => return self.form(&answering, given, Some(fault)),
        };
        let place = Arc::clone(self.one_at_a_time.lock().entry(answering.member.id).or_default());
        let name = format!("{ANSWERS}.{}", answering.member.id.uuid().simple());
        let came = {
            let _one_at_a_time = place.lock();
            self.deliver.gate.alone(&name, || match self.admit(text, channel) {
                Some((_, Standing::Good)) => self.share(&answering, &checked, given),
                // Another answer was taken meanwhile.
                _ => Ok(Came::Late),
            })
        };
        match came {
            Ok(Came::Taken(outcome)) => pages::thanks(answering.speech, checked.nothing, &outcome),
            Ok(Came::Refused) => self.form(&answering, given, Some(Fault::Refused)),
            Ok(Came::Late) => self.over(&answering, Standing::Used),
            Err(error) => page::broken(&error),
        }
    }

    /// Makes what was said durable, uses the ticket up, and writes the receipt.
    fn share(&self, answering: &Answering<'_>, checked: &Checked, given: &Given) -> Result<Came, GateError> {
        let making = Making { deliver: &self.deliver, answering, said: checked };
        let outcome = making.share()?;
        if outcome.is_nothing() && !checked.nothing {
            return Ok(Came::Refused);
        }
        let Answering { ticket, member, today, .. } = answering;
        let (gate, now) = (&self.deliver.gate, (self.deliver.now)());
        gate.change(member.id, |book| Ok::<_, GateError>(ticket.used_up(book, *today)))?;
        let receipt = Receipt::new(member.id, "answer", Level::Read, Deed::Answered, now);
        gate.receive(receipt.upto(given.upto(gate.heads(member.id, now))))?;
        let (handle, sightings) = (&member.handle, outcome.sightings);
        tracing::info!(member.id = %member.id, sightings, "{handle} has answered its advisory");
        Ok(Came::Taken(outcome))
    }
}

async fn show(
    State(answers): State<Arc<Answers>>,
    Extension(channel): Extension<Channel>,
    Path(text): Path<String>,
) -> Response {
    page::making(move || answers.shown(&text, channel)).await
}

async fn take(
    State(answers): State<Arc<Answers>>,
    Extension(channel): Extension<Channel>,
    Path(text): Path<String>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Response {
    let given = Given::read(fields);
    page::making(move || answers.taken(&text, channel, &given)).await
}
