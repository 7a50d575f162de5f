//! How pages are shown to whoever looks: in which language, in which time zone, in which colours.
//!
//! What was chosen on `/display` stands in a cookie, which holds nothing else, so that it works for people with an account and
//! without. Where nothing was chosen, the browser's languages count, then the member's; times are in UTC until the page's script turns
//! them into the browser's own zone. `?lang=ko` counts for the page that it asks for.
//!
//! Pages for nobody in particular, and those that say what went wrong, are made where no viewer is at hand: [`asking`] keeps what the
//! request asks for beside its task, [`say`] and [`asked`] look there. Whoever has a viewer asks the viewer.

use std::fmt;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Request};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};
use axum::middleware::Next;
use axum::response::Response;
use jiff::tz::TimeZone;
use policy::{Book, Caller, Channel};
use region::capacity::words::Language as Spoken;
use stix::Timestamp;

use super::Pages;
use super::words::other;
use crate::auth::Actor;
use crate::auth::session::cookie;

/// The cookie.
pub(super) const COOKIE: &str = "bongsu-display";
/// Languages of a browser that are looked at.
const LANGUAGES_MAX: usize = 20;

tokio::task_local! {
    /// How the request that is answered in this task asks for pages to be shown.
    static ASKED: Arc<View>;
}

/// Answers a request, with what it asks for at hand.
pub(crate) async fn asking(request: Request, next: Next) -> Response {
    let view = Arc::new(View::of(request.headers(), request.uri(), None));
    ASKED.scope(view, next.run(request)).await
}

/// How the request that is answered asks for pages to be shown; where none is, as nobody has chosen anything.
pub(super) fn asked() -> Arc<View> {
    ASKED.try_with(Arc::clone).unwrap_or_default()
}

/// A text in the language of the request that is answered.
pub(crate) fn say<'t>(english: &'t str, korean: &'t str) -> &'t str {
    asked().say(english, korean)
}

/// As [`View::tell`], in the language of the request that is answered.
pub(crate) fn tell(english: &str, korean: &str, put: &[&dyn fmt::Display]) -> String {
    asked().tell(english, korean, put)
}

/// A language of pages. English and Korean are spoken by all of them, the others by those that a member of the level `read` opens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Language {
    #[default]
    English,
    Korean,
    French,
    Indonesian,
    Vietnamese,
}

impl Language {
    pub(super) const ALL: [Self; 5] =
        [Self::English, Self::Korean, Self::French, Self::Indonesian, Self::Vietnamese];

    /// Its tag (BCP 47).
    pub(super) const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Korean => "ko",
            Self::French => "fr",
            Self::Indonesian => "id",
            Self::Vietnamese => "vi",
        }
    }

    /// What its speakers call it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Korean => "한국어",
            Self::French => "Français",
            Self::Indonesian => "Bahasa Indonesia",
            Self::Vietnamese => "Tiếng Việt",
        }
    }

    /// That of a tag, by its primary part alone: `fr-CA` is French.
    fn known(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        Self::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(primary))
    }

    /// That of a tag; English for what is not spoken here.
    pub(super) fn of(tag: &str) -> Self {
        Self::known(tag).unwrap_or_default()
    }

    /// What rooms are asked in that speak English and Korean alone.
    pub(super) const fn spoken(self) -> Spoken {
        match self {
            Self::Korean => Spoken::Korean,
            Self::English | Self::French | Self::Indonesian | Self::Vietnamese => Spoken::English,
        }
    }
}

/// The same work, with what the request asks for at hand on whatever thread does it; what is said in the log there is the request's too.
pub(super) fn carried<T>(work: impl FnOnce() -> T) -> impl FnOnce() -> T {
    let (view, span) = (asked(), tracing::Span::current());
    move || span.in_scope(|| ASKED.sync_scope(view, work))
}

/// For how long a browser keeps what it is asked to keep: as long as browsers keep any. Source: RFC 6265bis, section 5.5.
const KEPT_S: u32 = 400 * 24 * 3_600;

/// Has a browser keep something of no consequence to anybody else.
pub(super) fn keep(mut response: Response, name: &str, value: &str, encrypted: bool) -> Response {
    let secure = if encrypted { "; Secure" } else { "" };
    let cookie = format!("{name}={value}; Path=/; Max-Age={KEPT_S}; SameSite=Lax; HttpOnly{secure}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// In which colours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Scheme {
    /// As the browser has it.
    #[default]
    Auto,
    Light,
    Dark,
}

impl Scheme {
    pub(super) const ALL: [Self; 3] = [Self::Auto, Self::Light, Self::Dark];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    pub(super) fn of(name: &str) -> Self {
        Self::ALL.into_iter().find(|scheme| scheme.name() == name).unwrap_or_default()
    }
}

/// What was chosen, as far as something was.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Chosen {
    pub(super) language: Option<Language>,
    pub(super) zone: Option<TimeZone>,
    pub(super) scheme: Scheme,
}

impl Chosen {
    /// From names, of which those that are none count as nothing chosen: `ko`, `Asia/Seoul`, `dark`.
    pub(super) fn of(language: &str, zone: &str, scheme: &str) -> Self {
        Self {
            language: Language::ALL.into_iter().find(|known| known.tag() == language),
            zone: (!zone.is_empty()).then(|| TimeZone::get(zone).ok()).flatten(),
            scheme: Scheme::of(scheme),
        }
    }

    fn of_cookie(headers: &HeaderMap) -> Self {
        let Some(value) = cookie(headers, COOKIE) else { return Self::default() };
        let mut parts = value.splitn(3, '|');
        let mut next = || parts.next().unwrap_or_default();
        Self::of(next(), next(), next())
    }

    /// The cookie's value.
    pub(super) fn value(&self) -> String {
        let zone = self.zone.as_ref().and_then(TimeZone::iana_name).unwrap_or_default();
        format!("{}|{zone}|{}", self.language.map_or("", Language::tag), self.scheme.name())
    }
}

/// The first of a browser's languages that pages are written in. Source: RFC 9110, section 12.5.4.
fn accepted(headers: &HeaderMap) -> Option<Language> {
    let text = headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
    let mut ranges: Vec<(u32, &str)> = Vec::new();
    for range in text.split(',').take(LANGUAGES_MAX) {
        let (tag, weight) = range.split_once(';').unwrap_or((range, "q=1"));
        let weight: f32 = weight.trim().strip_prefix("q=").and_then(|q| q.parse().ok()).unwrap_or(0.0);
        ranges.push(((weight.clamp(0.0, 1.0) * 1000.0) as u32, tag.trim()));
    }
    ranges.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    let mut wanted = ranges.into_iter().filter(|(weight, _)| *weight > 0);
    wanted.find_map(|(_, tag)| Language::known(tag))
}

/// How a page is shown.
#[derive(Debug, Clone, Default)]
pub(super) struct View {
    pub(super) language: Language,
    pub(super) chosen: Chosen,
    /// The path of the page, and what was asked of it.
    pub(super) path: String,
    pub(super) here: String,
}

impl View {
    /// As a request asks for it; `own` is the member's language.
    pub(super) fn of(headers: &HeaderMap, uri: &axum::http::Uri, own: Option<&str>) -> Self {
        let chosen = Chosen::of_cookie(headers);
        let mut pairs = uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
        let asked =
            pairs.find(|(key, tag)| *key == "lang" && !tag.is_empty()).map(|(_, tag)| Language::of(tag));
        let language = asked.or(chosen.language).or_else(|| accepted(headers)).or(own.map(Language::of));
        let here = uri.path_and_query().map(ToString::to_string).unwrap_or_default();
        Self { language: language.unwrap_or_default(), chosen, path: uri.path().to_owned(), here }
    }

    /// A text in the viewer's language. The other languages are looked up by the English text, and stay English where they have none.
    pub(super) const fn say<'t>(&self, english: &'t str, korean: &'t str) -> &'t str {
        let found = match self.language {
            Language::English => None,
            Language::Korean => Some(korean),
            Language::French => other::of(other::FRENCH, english),
            Language::Indonesian => other::of(other::INDONESIAN, english),
            Language::Vietnamese => other::of(other::VIETNAMESE, english),
        };
        match found {
            Some(text) => text,
            None => english,
        }
    }

    /// A text with things put in: `{}` is the next of them, `{0}` the first, wherever it stands in that language.
    pub(super) fn tell(&self, english: &str, korean: &str, put: &[&dyn fmt::Display]) -> String {
        let mut parts = self.say(english, korean).split('{');
        let mut told = parts.next().unwrap_or_default().to_owned();
        let mut next = 0;
        for part in parts {
            let (number, rest) = part.split_once('}').unwrap_or(("", part));
            let at = number.parse().unwrap_or(next);
            told.extend(put.get(at).map(ToString::to_string));
            told.push_str(rest);
            next = at + 1;
        }
        told
    }

    /// A text before and after its `{}`, where an element of the page stands.
    pub(super) fn halves<'t>(&self, english: &'t str, korean: &'t str) -> (&'t str, &'t str) {
        let text = self.say(english, korean);
        text.split_once("{}").unwrap_or((text, ""))
    }

    /// What rooms are asked in that speak English and Korean alone.
    pub(super) const fn spoken(&self) -> Spoken {
        self.language.spoken()
    }

    /// A time in the viewer's zone.
    pub(super) fn at(&self, time: Timestamp) -> At {
        At { time, zone: self.chosen.zone.clone() }
    }

    /// The zone's name.
    pub(super) fn zone(&self) -> &str {
        self.chosen.zone.as_ref().and_then(TimeZone::iana_name).unwrap_or("UTC")
    }
}

/// A time as an element of a page: to the minute in the viewer's zone, with UTC to the second on hover.
#[derive(Debug, Clone)]
pub(super) struct At {
    time: Timestamp,
    zone: Option<TimeZone>,
}

impl fmt::Display for At {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.time.to_string();
        let utc = text.get(..19).unwrap_or(&text).replace('T', " ");
        let zoned = self.zone.clone().zip(jiff::Timestamp::from_microsecond(self.time.micros()).ok());
        let local = match zoned {
            Some((zone, time)) => zone.to_datetime(time).strftime("%Y-%m-%d %H:%M").to_string(),
            None => utc.get(..16).unwrap_or(&utc).to_owned(),
        };
        // No finer than a second: how many records came between two times is nobody's business.
        write!(out, "<time datetime=\"{}Z\" title=\"{utc} UTC\">{local}</time>", utc.replace(' ', "T"))
    }
}

// It writes nothing but digits and what is written here.
impl askama::filters::HtmlSafe for At {}

/// Who asks for a page, over what, and how it is to be shown.
#[derive(Debug, Clone)]
pub(crate) struct Who {
    pub(super) caller: Caller,
    pub(super) channel: Channel,
    pub(super) actor: Actor,
    pub(super) view: Arc<View>,
}

impl Who {
    /// The language that a member is written to in.
    fn own(book: &Book, caller: Caller) -> Option<&str> {
        match caller {
            Caller::Member(member) => book.member(member).map(|member| member.language.as_str()),
            Caller::Operator => None,
        }
    }
}

impl FromRequestParts<Arc<Pages>> for Who {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, pages: &Arc<Pages>) -> Result<Self, StatusCode> {
        let known = |parts: &Parts| {
            let of = &parts.extensions;
            Some((*of.get::<Caller>()?, *of.get::<Channel>()?, *of.get::<Actor>()?))
        };
        // The log-in puts them there before anything else is called.
        let (caller, channel, actor) = known(parts).ok_or(StatusCode::INTERNAL_SERVER_ERROR)?;
        let book = pages.gate.book();
        let view = Arc::new(View::of(&parts.headers, &parts.uri, Self::own(&book, caller)));
        Ok(Self { caller, channel, actor, view })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(cookie: &str, languages: &str, path: &str, own: Option<&str>) -> View {
        let mut headers = HeaderMap::new();
        if !cookie.is_empty() {
            headers.insert(header::COOKIE, format!("a=b; {COOKIE}={cookie}").parse().unwrap());
        }
        if !languages.is_empty() {
            headers.insert(header::ACCEPT_LANGUAGE, languages.parse().unwrap());
        }
        View::of(&headers, &path.parse().unwrap(), own)
    }

    #[test]
    fn what_was_chosen_counts_then_the_browser_then_the_member() {
        let language = |cookie, languages, path, own| view(cookie, languages, path, own).language.tag();
        assert_eq!(language("", "", "/", None), "en");
        assert_eq!(language("", "", "/", Some("ko")), "ko");
        assert_eq!(language("", "de-DE,de;q=0.9,ko;q=0.8,en;q=0.7", "/", None), "ko");
        assert_eq!(language("", "fr-FR,fr;q=0.9,ko;q=0.8,en;q=0.7", "/", None), "fr");
        assert_eq!(language("", "ko;q=0.5,en-US", "/", Some("ko")), "en");
        assert_eq!(language("", "ko;q=0, de", "/", None), "en");
        assert_eq!(language("", "kok, vi-VN", "/", None), "vi");
        assert_eq!(language("", "de", "/", Some("id-ID")), "id");
        assert_eq!(language("vi||auto", "en", "/x?lang=fr", None), "fr");
        assert_eq!(language("", "fr", "/x?lang=de", None), "en");
        assert_eq!(language("ko||auto", "en", "/", None), "ko");
        assert_eq!(language("ko||auto", "en", "/x?lang=en", None), "en");
        assert_eq!(language("xx|Mars/Base|purple", "\u{e9}", "/", Some("ko")), "ko");
    }

    #[test]
    fn a_choice_comes_back_from_its_cookie() {
        for (language, zone, scheme) in [
            ("ko", "Asia/Seoul", "dark"),
            ("", "", "auto"),
            ("vi", "", "auto"),
            ("en", "America/Bogota", "light"),
        ] {
            let chosen = Chosen::of(language, zone, scheme);
            assert_eq!(chosen.value(), format!("{language}|{zone}|{scheme}"));
            assert_eq!(view(&chosen.value(), "", "/", None).chosen, chosen);
        }
    }

    #[test]
    fn things_are_put_where_the_language_has_them() {
        let korean = View { language: Language::Korean, ..View::default() };
        let told =
            |view: &View, put: &[&dyn fmt::Display]| view.tell("{} of {}: {x", "{1}의 {0}, {}{5}", put);
        assert_eq!(told(&View::default(), &[&"{1}", &2]), "{1} of 2: x");
        assert_eq!(told(&korean, &[&"a", &"b"]), "b의 a, b");
        assert_eq!(korean.halves("in {} now", "지금 {}에"), ("지금 ", "에"));
        assert_eq!(View::default().halves("none", "없음"), ("none", ""));
    }

    #[tokio::test]
    async fn what_a_request_asks_for_is_at_hand_on_other_threads_too() {
        assert_eq!(say("a", "b"), "a");
        let korean = Arc::new(view("", "ko", "/", None));
        let said = ASKED.scope(korean, async {
            let work = carried(|| say("a", "b"));
            (say("a", "b"), tokio::task::spawn_blocking(work).await.unwrap())
        });
        assert_eq!(said.await, ("b", "b"));
    }

    #[test]
    fn times_are_in_the_zone_with_utc_beside() {
        let time = Timestamp::parse("2026-03-29T23:30:05.25Z").unwrap();
        assert_eq!(
            view("|Asia/Seoul|", "", "/", None).at(time).to_string(),
            "<time datetime=\"2026-03-29T23:30:05Z\" title=\"2026-03-29 23:30:05 UTC\">2026-03-30 08:30</time>"
        );
        assert!(view("", "", "/", None).at(time).to_string().ends_with(">2026-03-29 23:30</time>"));
    }
}
