//! The fires of a member's circles, the same in every form: a line for shell scripts, JSON, TXT records.

use policy::fires::LEVELS;
use policy::{Cause, Circle, Fires, MemberId};
use serde_json::{Value, json};
use stix::Tlp;

use crate::advisory::story::visible;
use crate::artefact::Artefact;
use crate::gather::{Deliver, DeliverError};
use crate::speech::{Put, Speech};

/// A circle's fires, as everybody in it is shown them.
#[derive(Debug, Clone)]
pub struct Burning {
    /// The circle's short name.
    pub circle: String,
    /// The circle's title.
    pub title: String,
    /// Its fires.
    pub fires: Fires,
    /// What the sentence that says why counts as marked with: an analyst's words as what is shared in the circle.
    pub tlp: Tlp,
}

impl Burning {
    /// A circle with its fires.
    #[must_use]
    pub fn of(circle: &Circle, fires: Fires) -> Self {
        let tlp = if matches!(fires.cause, Cause::Word(_)) { circle.ceiling } else { Tlp::Clear };
        Self { circle: circle.handle.clone(), title: circle.title.clone(), fires, tlp }
    }

    /// As JSON: `circle`, `title`, `fires` (1 to 5), `means`, `cause`, `why`, `since`, `until`.
    #[must_use]
    pub fn json(&self) -> Value {
        let fires = &self.fires;
        let means = LEVELS.iter().find(|(level, _)| *level == fires.level).map(|(_, means)| *means);
        json!({
            "circle": self.circle, "title": self.title, "fires": fires.level, "means": means,
            "cause": fires.cause.code(), "why": fires.cause.sentence(),
            "since": fires.since.map(|at| at.to_string()), "until": fires.until.map(|at| at.to_string()),
        })
    }

    /// Four words and a sentence: the circle, 1 to 5, since when (or `-`), the cause's name, why.
    #[must_use]
    pub fn line(&self) -> String {
        format!("{} {}", self.words(), self.fires.cause.sentence())
    }

    /// The circle, its fires and why, in words for people.
    pub(crate) fn told(&self, speech: &Speech) -> String {
        let (fires, why) = (Put::Count(self.fires.level.into()), why(speech, &self.fires.cause));
        speech
            .tell("fires", &[("circle", Put::Text(&self.title)), ("fires", fires), ("why", Put::Text(&why))])
    }

    /// The first four words of [`Burning::line`], which never hold more than letters, digits and `-:.`.
    #[must_use]
    pub fn words(&self) -> String {
        let since = self.fires.since.map_or_else(|| "-".to_owned(), |at| at.to_string());
        format!("{} {} {since} {}", self.circle, self.fires.level, self.fires.cause.code())
    }
}

/// Why there are so many fires; an analyst's reason stays in the analyst's language.
fn why(speech: &Speech, cause: &Cause) -> String {
    match cause {
        Cause::Calm => speech.say("fires-calm"),
        Cause::News => speech.say("fires-news"),
        Cause::Incident => speech.say("fires-incident"),
        Cause::High => speech.say("fires-high"),
        Cause::Critical => speech.say("fires-critical"),
        Cause::Seen(members) => speech.count("fires-seen", *members),
        Cause::Word(reason) => visible(reason),
    }
}

impl Deliver {
    /// The fires of the member's circles that are in force, by the circles' short names.
    ///
    /// # Errors
    /// [`DeliverError`].
    pub fn fires(&self, member: MemberId) -> Result<Vec<Burning>, DeliverError> {
        let (book, now) = (self.gate.book(), (self.now)());
        let mut burning = Vec::new();
        for circle in book.circles_of(member) {
            if circle.shows_fires(member, now) {
                burning.push(Burning::of(circle, self.gate.fires(circle.id, now)?));
            }
        }
        burning.sort_by(|a, b| a.circle.cmp(&b.circle));
        Ok(burning)
    }

    /// A line for each circle ([`Burning::line`]).
    ///
    /// # Errors
    /// [`DeliverError`].
    pub fn fires_text(&self, member: MemberId) -> Result<Artefact, DeliverError> {
        let burning = self.fires(member)?;
        let text: String = burning.iter().map(|one| one.line() + "\n").collect();
        Ok(Artefact::new("text/plain; charset=utf-8", "fires.txt", text, burning.len()))
    }

    /// A list of [`Burning::json`] under `circles`.
    ///
    /// # Errors
    /// [`DeliverError`].
    pub fn fires_json(&self, member: MemberId) -> Result<Artefact, DeliverError> {
        let burning = self.fires(member)?;
        let text = json!({"circles": burning.iter().map(Burning::json).collect::<Vec<_>>()}).to_string();
        Ok(Artefact::new("application/json", "fires.json", text + "\n", burning.len()))
    }
}
