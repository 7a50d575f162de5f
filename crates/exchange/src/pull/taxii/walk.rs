//! A walk over a collection, page by page, whatever way the server pages.
//!
//! The specification has two ways (section 3.5): `next`, asked with the filters of the first page, and `added_after` with
//! the date of the last object. A server may offer either. Servers were seen that say `more` and give neither, give the same
//! `next` for ever, give empty pages, leave the dates out, round them, or gave thousands of objects one date, so that
//! the second way skips those of them that did not fit on the page. So:
//!
//! - A date is asked for with one microsecond less, and what is at the date comes again.
//! - A page on which nothing is new moves the walk on by the next of [`STEPS`]; a page with something new
//!   starts them over. When they are used up, the walk ends, and says so if the server claimed that there is more.
//! - A token may stand for the server's own place in a list, which moves on with each answer, also with one that got lost on
//!   its way. Until tokens have shown to stay what they are, a page that is asked for by `next` is asked for once; if it
//!   does not come, and when a walk is taken up later, it goes on by date.
//! - What was handed over in this walk is known by a hash of its text, so that "new" means new.
//!
//! So each page has something new, or a `next` that was not seen before (a thousand times in a row at most), or uses up a step:
//! a walk over a collection that does not grow for ever ends. A server that holds more objects under one date than it
//! gives on any page, and has no `next`, can't be walked completely by anyone; the walk then says that something may be
//! missing.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};

use reqwest::Url;
use stix::{Finding, Timestamp};

use super::cursor::Cursor;
use super::wire::{self, Envelope};
use super::{Client, Place, Tries, under};
use crate::pull::{Answer, PullError, shown};

/// Most objects that are asked for on one page.
pub const PAGE_OBJECTS_MAX: usize = 10_000;
/// Objects of this walk that are known by their hashes; those beyond count as new.
const KNOWN_MAX: usize = 4_000_000;
/// Pages in a row that have nothing new and yet a `next` that is.
const BARREN_MAX: u32 = 1_000;
/// A page with so many objects that says nothing of more may not be the last: a server has such limits of its own.
const PAGE_OBJECTS_USUAL: usize = 100;
/// How often `next` may be refused before the walk gives up.
const REFUSED_MAX: u8 = 3;
/// A last date shared by more objects than this is not asked for again by the next walk: it would all come each time.
const TIED_MAX: usize = 1_000;
/// How far the server's clock is trusted when it gives no dates: what was added shortly before the walk comes again.
const MARGIN_MICROS: i64 = 300_000_000;

/// What is tried, in this order, when a page has nothing new. The date is that of the last object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Asks for a page of the most objects: what shares a date may fit on it.
    Larger,
    /// Asks for what is after the date.
    After,
    /// Asks for what is after the millisecond in which the date is: the server may have cut the date off.
    AfterMillisecond,
    /// Asks for what is after the second in which the date is.
    AfterSecond,
}

const STEPS: [Step; 4] = [Step::Larger, Step::After, Step::AfterMillisecond, Step::AfterSecond];

/// A walk over one collection.
pub struct Walk {
    place: Place,
    limit: usize,
    /// Where it began.
    since: Option<String>,
    /// The filter of the pages: all of them, as long as there is a `next`.
    added_after: Option<String>,
    next: Option<String>,
    /// The newest date seen in this walk, or known from the one before.
    reached: Option<Timestamp>,
    /// How many objects of this walk, from its end, share that date, as far as pages tell.
    tied: usize,
    /// How many of [`STEPS`] are used up.
    steps: usize,
    barren: u32,
    tokens: HashSet<u64>,
    /// Whether it was said already that objects of one date may be missing.
    told_ties: bool,
    /// How often `next` was refused since something new came, and whether it ever led anywhere.
    refused: u8,
    refused_ever: u8,
    next_works: bool,
    /// Whether a token leads to the same page each time: the server's tokens differ from page to page, or come again.
    steady: bool,
    /// The token whose answer was lost, with the filter that it belonged to.
    lost: Option<(Option<String>, String)>,
    /// The date of the server's first answer, for servers that tell no others.
    began: Option<Timestamp>,
    told_dates: bool,
    hasher: RandomState,
    known: HashSet<u64>,
    ended: bool,
}

/// What one request brought.
#[derive(Debug, Clone)]
pub struct Page {
    /// The objects that are new in this walk, each in its own bytes.
    pub objects: Vec<String>,
    /// How many objects came that were handed over before.
    pub repeated: usize,
    /// Where the walk stands, once these objects are taken in.
    pub cursor: Cursor,
    /// Bytes of the answer.
    pub bytes: usize,
    /// What was odd about it.
    pub findings: Vec<Finding>,
}

impl Walk {
    /// A walk that goes on at `cursor` and asks for `limit` objects a page.
    #[must_use]
    pub fn new(place: Place, cursor: &Cursor, limit: usize) -> Self {
        let instant = |text: &Option<String>| text.as_deref().and_then(|text| Timestamp::parse(text).ok());
        Self {
            place,
            limit: limit.clamp(1, PAGE_OBJECTS_MAX),
            since: cursor.since.clone(),
            added_after: cursor.since.clone(),
            next: cursor.next.clone(),
            reached: instant(&cursor.reached).max(instant(&cursor.since)),
            tied: 0,
            steps: 0,
            barren: 0,
            tokens: HashSet::new(),
            told_ties: false,
            refused: 0,
            refused_ever: 0,
            next_works: false,
            steady: false,
            lost: None,
            began: None,
            told_dates: false,
            hasher: RandomState::new(),
            known: HashSet::new(),
            ended: false,
        }
        .resumed(cursor)
    }

    /// A walk that was left goes on at the date that it had reached.
    fn resumed(mut self, cursor: &Cursor) -> Self {
        if cursor.reached.is_some() {
            self.by_date();
        }
        self
    }

    /// Goes on by date, if one is known.
    fn by_date(&mut self) {
        self.next = None;
        if let Some(reached) = self.reached {
            self.ask_after(before(reached));
        }
    }

    /// Sets the filter. Tokens belong to theirs.
    fn ask_after(&mut self, date: String) {
        if self.added_after.as_ref() != Some(&date) {
            self.tokens.clear();
        }
        self.added_after = Some(date);
    }

    /// Where it walks.
    #[must_use]
    pub const fn place(&self) -> &Place {
        &self.place
    }

    fn url(&self, name: &str, next: Option<&String>) -> Url {
        let mut url = under(&self.place.url, &[name]);
        {
            let mut query = url.query_pairs_mut();
            query.append_pair("limit", &self.limit.to_string());
            if let Some(added_after) = &self.added_after {
                query.append_pair("added_after", added_after);
            }
            if let Some(next) = next {
                query.append_pair("next", next);
            }
        }
        url
    }

    /// Keeps what is new.
    fn sift(&mut self, objects: Vec<String>) -> (Vec<String>, usize) {
        let count = objects.len();
        let (known, hasher) = (&mut self.known, &self.hasher);
        let is_new = |raw: &String| {
            let hash = hasher.hash_one(raw);
            if known.len() < KNOWN_MAX { known.insert(hash) } else { !known.contains(&hash) }
        };
        let new: Vec<String> = objects.into_iter().filter(is_new).collect();
        let repeated = count - new.len();
        (new, repeated)
    }

    /// Takes note of the date of a page's last object, and how many of the page have it.
    fn reach(&mut self, first: Option<Timestamp>, last: Option<Timestamp>, count: usize) {
        let Some(last) = last else { return };
        self.told_dates = true;
        if self.reached.is_none_or(|reached| last > reached) {
            // Where the walk has come further, the steps begin anew, though nothing was new there.
            (self.reached, self.tied, self.steps) = (Some(last), 0, 0);
        }
        if first == Some(last) && self.reached == Some(last) {
            self.tied += count;
        }
    }

    /// Whether an envelope with so many objects says that there is more, or may mean it.
    fn may_have_more(&self, envelope: &Envelope, count: usize) -> bool {
        envelope.more.unwrap_or(count >= self.limit.min(PAGE_OBJECTS_USUAL))
    }

    /// A server whose `next` never led anywhere is walked by date.
    const fn trusts_next(&self) -> bool {
        self.next_works || self.refused_ever < 2
    }

    /// Goes on after a page; gives what was odd.
    fn go_on(&mut self, envelope: &Envelope, count: usize, any_new: bool) -> Option<Finding> {
        let claimed = envelope.more == Some(true);
        let goes_on = claimed || any_new && self.may_have_more(envelope, count);
        if !goes_on {
            self.ended = true;
            return None;
        }
        if any_new {
            (self.steps, self.barren) = (0, 0);
        } else {
            self.barren += 1;
        }
        if let Some(next) = &envelope.next {
            let differs = self.next.as_ref().is_some_and(|asked| asked != next);
            let again = self.lost.take_if(|(filter, token)| *filter == self.added_after && token == next);
            self.steady |= differs || again.is_some();
            if again.is_some() {
                self.tokens.clear();
            }
        }
        let fresh = envelope.next.as_ref().is_some_and(|next| self.tokens.insert(self.hasher.hash_one(next)));
        match &envelope.next {
            // A token may stand for the server's own place in its list, and be the same each time.
            Some(next) if self.trusts_next() && (any_new || fresh && self.barren < BARREN_MAX) => {
                self.next = Some(next.clone());
                None
            }
            _ => self.step(any_new, claimed, count),
        }
    }

    /// Goes on by the date: from it if something was new, else by the next step.
    fn step(&mut self, any_new: bool, claimed: bool, count: usize) -> Option<Finding> {
        self.next = None;
        let Some(reached) = self.reached else {
            self.ended = true;
            return claimed.then(|| {
                missing("it says that there is more, and neither how nor from which date to go on")
            });
        };
        if any_new {
            self.ask_after(before(reached));
            return None;
        }
        // A server whose dates grow with each request gets no further than one whose tokens do.
        let step = STEPS.get(self.steps).copied().filter(|_| self.barren < 2 * BARREN_MAX);
        self.steps += 1;
        match step {
            Some(Step::Larger) => {
                self.limit = PAGE_OBJECTS_MAX;
                self.ask_after(before(reached));
            }
            Some(Step::After) => {
                self.ask_after(reached.to_string());
                if !std::mem::replace(&mut self.told_ties, true) {
                    return Some(missing(&format!(
                        "as many objects as it gives on a page, {count}, were added at {reached}"
                    )));
                }
            }
            Some(Step::AfterMillisecond) => self.ask_after(cut(reached, 1_000).to_string()),
            Some(Step::AfterSecond) => self.ask_after(cut(reached, 1_000_000).to_string()),
            None => {
                self.ended = true;
                return Some(missing(
                    "it says that there is more, and gives nothing new however it is asked",
                ));
            }
        }
        None
    }

    /// Where the walk stands.
    fn cursor(&self) -> Cursor {
        if self.ended {
            let since = match self.reached {
                Some(reached) if self.told_dates && self.tied > TIED_MAX => Some(reached.to_string()),
                Some(reached) if self.told_dates => Some(before(reached)),
                // Nothing came, or nothing that said when it was added.
                _ if self.known.is_empty() => self.since.clone(),
                _ => {
                    self.began.map(|began| Timestamp::from_micros(began.micros() - MARGIN_MICROS).to_string())
                }
            };
            return Cursor::at(since);
        }
        let mut cursor = Cursor::at(self.added_after.clone());
        cursor.reached = self.reached.filter(|_| self.told_dates).map(|reached| reached.to_string());
        cursor.next = self.next.clone().filter(|_| self.steady && cursor.reached.is_none());
        cursor
    }
}

impl Client {
    /// The next page of a walk; `None` when it has ended.
    ///
    /// # Errors
    /// [`PullError`]: the walk stands where it stood, and can be gone on with, or taken up later at the last page's cursor.
    pub async fn page(&self, walk: &mut Walk) -> Result<Option<Page>, PullError> {
        if walk.ended {
            return Ok(None);
        }
        let answer = loop {
            let by_token = walk.next.is_some();
            let tries = if by_token && !walk.steady { Tries::Once } else { Tries::Patient };
            match self.get(&walk.url("objects", walk.next.as_ref()), tries).await {
                Ok(answer) => break answer,
                Err(error) if by_token && is_expired(&error) && walk.refused < REFUSED_MAX => {
                    walk.refused += 1;
                    walk.refused_ever = walk.refused_ever.saturating_add(1);
                    walk.by_date();
                }
                Err(error) if tries == Tries::Once && error.passes() => {
                    walk.refused_ever = walk.refused_ever.saturating_add(1);
                    let token = walk.next.take();
                    walk.by_date();
                    walk.lost = token.map(|token| (walk.added_after.clone(), token));
                }
                Err(error) => return Err(error),
            }
        };
        walk.next_works |= walk.next.is_some();
        let url = walk.url("objects", walk.next.as_ref());
        walk.began = walk.began.or_else(|| date(&answer));
        let malformed = |what| PullError::Malformed { url: shown(&url), what };
        let mut envelope = wire::envelope(&answer.body).map_err(malformed)?;
        let objects = std::mem::take(&mut envelope.objects);
        let count = objects.len();
        let ids: HashSet<String> = objects.iter().filter_map(|raw| stix::head::property(raw, "id")).collect();
        let own = ends(objects.iter().filter_map(|raw| self.own_date(raw)));
        let (objects, repeated) = walk.sift(objects);
        // A `next` that leads nowhere leaves the date to go on by.
        let by_date = envelope.next.is_none() || objects.is_empty() || !walk.trusts_next();
        let is_needed = by_date && walk.may_have_more(&envelope, count);
        let (first, last) = match self.told_dates(&answer) {
            (_, None) if is_needed && !ids.is_empty() => self.dates(walk, &ids).await.or(own).unzip(),
            told => told,
        };
        walk.reach(first, last, objects.len());
        let finding = walk.go_on(&envelope, count, !objects.is_empty());
        if !objects.is_empty() {
            walk.refused = 0;
        }
        let findings = finding.into_iter().collect();
        Ok(Some(Page { objects, repeated, cursor: walk.cursor(), bytes: answer.body.len(), findings }))
    }

    /// When a page's first and last object were added, as the manifest says it.
    async fn dates(&self, walk: &Walk, ids: &HashSet<String>) -> Option<(Timestamp, Timestamp)> {
        let rows = match self.get(&walk.url("manifest", None), Tries::Patient).await {
            Ok(answer) => wire::manifest(&answer.body).unwrap_or_default(),
            Err(error) => {
                tracing::debug!(%error, "the server tells no dates and has no manifest: {error}");
                return None;
            }
        };
        let rows = rows.iter().filter(|row| ids.contains(&row.id));
        ends(rows.filter_map(|row| Timestamp::parse(&row.date_added).ok()))
    }

    /// The date that an object bears itself. What claims to be of the future must not carry the walk there.
    fn own_date(&self, raw: &str) -> Option<Timestamp> {
        let text = stix::head::property(raw, "modified").or_else(|| stix::head::property(raw, "created"))?;
        Timestamp::parse(&text).ok().filter(|at| *at <= self.http.now())
    }

    /// When a page's first and last object were added, as its headers say. What lies ahead of both clocks, the server's and
    /// ours, is not believed: all that is added until then would be passed over.
    fn told_dates(&self, answer: &Answer) -> (Option<Timestamp>, Option<Timestamp>) {
        let clock = date(answer).map_or(self.http.now(), |date| date.max(self.http.now()));
        let latest = Timestamp::from_micros(clock.micros().saturating_add(MARGIN_MICROS));
        let told = |name: &str| {
            let at = answer.header(name).and_then(|text| Timestamp::parse(text.trim()).ok());
            at.filter(|at| *at <= latest)
        };
        (told("x-taxii-date-added-first"), told("x-taxii-date-added-last"))
    }
}

fn ends(dates: impl Iterator<Item = Timestamp>) -> Option<(Timestamp, Timestamp)> {
    dates.fold(None, |ends, at| match ends {
        None => Some((at, at)),
        Some((first, last)) => Some((at.min(first), at.max(last))),
    })
}

/// Whether a server does not know a `next` (any more).
fn is_expired(error: &PullError) -> bool {
    matches!(error.status(), Some(400 | 404 | 410 | 416 | 422))
}

/// What the server's clock said.
fn date(answer: &Answer) -> Option<Timestamp> {
    let at = httpdate::parse_http_date(answer.header("date")?).ok()?;
    let since = at.duration_since(std::time::SystemTime::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_micros()).ok().map(Timestamp::from_micros)
}

/// Just before an instant, so that what is at it is after it.
fn before(at: Timestamp) -> String {
    Timestamp::from_micros(at.micros().saturating_sub(1)).to_string()
}

/// The end of the unit in which an instant is.
fn cut(at: Timestamp, unit_micros: i64) -> Timestamp {
    let micros = at.micros();
    Timestamp::from_micros(micros.saturating_add(unit_micros - micros.rem_euclid(unit_micros)))
}

fn missing(what: &str) -> Finding {
    let what = format!("the server's pages can't be walked to their end: {what}; something may be missing");
    Finding::warning("taxii-walk-cut", "", what)
}
