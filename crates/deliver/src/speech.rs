//! The node's words for people, language by language: advisories, the form that answers them, mails.
//!
//! A language is one file in `locales`, in Fluent, and one line of the table here. What comes from objects stays in the
//! language of its source.
//!
//! Source: Project Fluent, Syntax 1.0; RFC 5646 (language tags).

use std::str::FromStr;
use std::sync::OnceLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

/// Each language's tag and words. The first is what is spoken where a language is not there.
const FILES: [(&str, &str); 5] = [
    ("en", include_str!("../locales/en.ftl")),
    ("ko", include_str!("../locales/ko.ftl")),
    ("fr", include_str!("../locales/fr.ftl")),
    ("id", include_str!("../locales/id.ftl")),
    ("vi", include_str!("../locales/vi.ftl")),
];

/// A language that the node speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Language(usize);

/// A tag of a language that the node does not speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the node does not speak this language. It speaks en, ko, fr, id and vi")]
pub struct UnknownLanguage;

/// What is put into a message.
#[derive(Debug, Clone, Copy)]
pub enum Put<'a> {
    /// A text.
    Text(&'a str),
    /// How many.
    Count(usize),
}

/// The words of one language.
pub struct Speech {
    language: Language,
    bundle: FluentBundle<FluentResource>,
}

impl Language {
    /// All languages.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..FILES.len()).map(Self)
    }

    /// The language of a profile (BCP 47): `ko-KR` is Korean; English for what the node does not speak.
    #[must_use]
    pub fn of(tag: &str) -> Self {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        primary.to_ascii_lowercase().parse().unwrap_or(Self(0))
    }

    /// Its tag.
    #[must_use]
    pub fn tag(self) -> &'static str {
        FILES.get(self.0).map_or("en", |(tag, _)| tag)
    }

    /// Its words.
    #[must_use]
    pub fn speech(self) -> &'static Speech {
        static ALL: [OnceLock<Speech>; FILES.len()] = [const { OnceLock::new() }; FILES.len()];
        // A language is made by its place in the table alone.
        ALL[self.0].get_or_init(|| Speech::read(self))
    }
}

impl FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(text: &str) -> Result<Self, UnknownLanguage> {
        FILES.iter().position(|(tag, _)| *tag == text).map(Self).ok_or(UnknownLanguage)
    }
}

impl Speech {
    fn read(language: Language) -> Self {
        let locale: LanguageIdentifier = language.tag().parse().unwrap_or_default();
        let mut bundle = FluentBundle::new_concurrent(vec![locale]);
        // No marks of direction around what is put in: they would end up in mails, file names and what is copied out.
        bundle.set_use_isolating(false);
        let text = FILES.get(language.0).map_or("", |(_, text)| text);
        // What of a file can't be read is left out; a test of this module reads them all.
        let resource = FluentResource::try_new(text.to_owned()).unwrap_or_else(|(read, _)| read);
        bundle.add_resource_overriding(resource);
        Self { language, bundle }
    }

    /// Whose words they are.
    #[must_use]
    pub const fn language(&self) -> Language {
        self.language
    }

    /// A message without anything to put in.
    #[must_use]
    pub fn say(&self, id: &str) -> String {
        self.tell(id, &[])
    }

    /// A message about so many.
    #[must_use]
    pub fn count(&self, id: &str, count: usize) -> String {
        self.tell(id, &[("count", Put::Count(count))])
    }

    /// A message with what is put in, by the names of its variables. What is not in the file is shown by its id.
    #[must_use]
    pub fn tell(&self, id: &str, put: &[(&'static str, Put<'_>)]) -> String {
        let mut args = FluentArgs::new();
        for (name, put) in put {
            match put {
                Put::Text(text) => args.set(*name, FluentValue::from(*text)),
                Put::Count(count) => args.set(*name, FluentValue::from(*count)),
            }
        }
        let pattern = self.bundle.get_message(id).and_then(|message| message.value());
        let Some(pattern) = pattern else { return id.to_owned() };
        self.bundle.format_pattern(pattern, Some(&args), &mut Vec::new()).into_owned()
    }
}

impl std::fmt::Debug for Speech {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Speech({})", self.language.tag())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    /// The messages of a file, each with the variables that it has.
    fn messages(text: &str) -> BTreeMap<String, (BTreeSet<String>, String)> {
        let mut all: BTreeMap<String, (BTreeSet<String>, String)> = BTreeMap::new();
        let mut last = String::new();
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            if let Some((id, _)) =
                line.split_once(" = ").filter(|_| line.starts_with(|c: char| c.is_ascii_lowercase()))
            {
                last = id.to_owned();
                assert!(!all.contains_key(id), "{id} stands there twice");
            }
            let (variables, words) = all.entry(last.clone()).or_default();
            let names = line.split("{ $").skip(1).filter_map(|rest| rest.split([' ', '}']).next());
            variables.extend(names.map(str::to_owned));
            words.push_str(line.strip_prefix(&format!("{last} = ")).unwrap_or(line));
        }
        all
    }

    #[test]
    fn every_language_has_every_message_with_the_same_variables() {
        let english = messages(FILES[0].1);
        assert!(english.len() > 80, "{}", english.len());
        for (tag, text) in FILES {
            FluentResource::try_new(text.to_owned())
                .unwrap_or_else(|(_, errors)| panic!("{tag}: {errors:?}"));
            let here = messages(text);
            let names = |all: &BTreeMap<String, (BTreeSet<String>, String)>| {
                all.iter().map(|(id, (variables, _))| (id.clone(), variables.clone())).collect::<Vec<_>>()
            };
            assert_eq!(names(&here), names(&english), "{tag}");
        }
    }

    /// `Incident` and `Report` are words of other languages as well, so what is compared is the text as a whole.
    #[test]
    fn nothing_is_left_in_english_by_accident() {
        let english = messages(FILES[0].1);
        for (tag, text) in &FILES[1..] {
            for (id, (_, words)) in messages(text) {
                assert_ne!(words, english[&id].1, "{tag}: {id}");
                let is_written_so = match *tag {
                    "ko" => words.chars().any(|c| ('가'..='힣').contains(&c)),
                    _ => true,
                };
                assert!(is_written_so, "{tag}: {id}: {words}");
            }
        }
    }

    /// The ids with this beginning that stand in a table of a source.
    fn asked_for<'s>(sources: &'s [&'s str], beginning: &'s str) -> impl Iterator<Item = &'s str> {
        let texts = sources.iter().flat_map(|source| source.split('"'));
        texts.filter(move |text| {
            text.starts_with(beginning) && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
        })
    }

    #[test]
    fn what_is_asked_for_is_there() {
        let sources = [
            include_str!("advisory/page.rs"),
            include_str!("asks.rs"),
            include_str!("advisory/content.rs"),
            include_str!("advisory/pdf/draw.rs"),
            include_str!("advisory/pdf/flow.rs"),
            include_str!("advisory/mail.rs"),
            include_str!("calling/mod.rs"),
            include_str!("digest.rs"),
            include_str!("fires.rs"),
            include_str!("freeze/mod.rs"),
            include_str!("freeze/page.rs"),
            include_str!("overdue.rs"),
            include_str!("telling.rs"),
            include_str!("../templates/advisory.html"),
        ];
        let english = messages(FILES[0].1);
        let asked = sources
            .iter()
            .flat_map(|source| source.split(['"']))
            .filter(|text| text.contains('-') && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'));
        let known: Vec<&str> = asked.filter(|text| english.contains_key(*text)).collect();
        assert!(known.len() > 60, "{known:?}");
        for id in ["told-", "news-", "freeze-"].into_iter().flat_map(|start| asked_for(&sources, start)) {
            assert!(english.contains_key(id), "{id} is in no file");
        }
        for source in sources {
            for call in ["say(\"", "count(\"", "tell(\""] {
                for id in source.split(call).skip(1).filter_map(|rest| rest.split('"').next()) {
                    assert!(english.contains_key(id), "{id} is in no file");
                }
            }
        }
    }

    #[test]
    fn a_profile_finds_its_language_and_a_count_its_plural() {
        let tags = ["ko-KR", "FR", "vi", "id_ID", "en-GB", "de", ""].map(|tag| Language::of(tag).tag());
        assert_eq!(tags, ["ko", "fr", "vi", "id", "en", "en", "en"]);
        assert_eq!("ko-KR".parse::<Language>(), Err(UnknownLanguage));
        let says = |tag: &str, count| Language::of(tag).speech().count("meets", count);
        assert_eq!(says("en", 1), "Meets one of the methods that are in use.");
        assert_eq!(says("en", 3), "Meets 3 of the methods that are in use.");
        assert_eq!(says("fr", 1), "Répond à une des méthodes employées.");
        assert_eq!(says("ko", 1), "현재 쓰이는 수법 가운데 1가지에 대응합니다.");
    }
}
