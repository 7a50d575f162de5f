//! Whom the node pulls from: one `[[source]]` table each.
//!
//! Secrets lie in files of their own, which are read at each pull, so that they can be changed without a restart.

use crate::exit::Failure;
use policy::Intake;
use policy::Terms;
use serde::{Deserialize, Deserializer, de};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;
use stix::Tlp;

/// Most sources.
const SOURCES_MAX: usize = 1_000;
/// Objects that are asked for at a time, if nothing is said.
const PAGE: usize = 1_000;

/// A server that the node pulls from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Source {
    /// Its short name, `[a-z0-9-]{1,63}`: in commands, in logs, and where it stands is kept under it.
    pub name: String,
    /// What it speaks.
    pub kind: Kind,
    /// Its address.
    pub url: String,
    /// Which collection: id, alias or title. Not needed when the address is the collection's, or there is only one.
    pub collection: Option<String>,
    /// Circle that it is shared in.
    pub circle: String,
    /// Member that shares it.
    #[serde(rename = "as")]
    pub sender: String,
    /// How the node logs in there.
    #[serde(default)]
    pub auth: Auth,
    /// Authorities that are trusted for its certificate instead of the system's, PEM.
    pub ca_file: Option<PathBuf>,
    /// How often it is asked.
    #[serde(default = "every")]
    pub every: Every,
    /// Objects that are asked for at a time, of a source that is paged.
    pub page: Option<usize>,
    /// Counts every object as marked at least with this TLP.
    #[serde(default, deserialize_with = "tlp")]
    pub tlp: Option<Tlp>,
    /// What becomes of objects that break a rule of STIX.
    #[serde(default)]
    pub objects: Intake,
    /// Its name may lead to an address that is not public.
    #[serde(default)]
    pub inside: bool,
}

/// What a source speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// TAXII 2.1.
    Taxii,
    /// The files of a MISP feed.
    MispFeed,
    /// MISP's REST API.
    Misp,
    /// One file, such as a sanctions list.
    List,
}

impl Kind {
    /// Its name, as in the configuration.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Taxii => "taxii",
            Self::MispFeed => "misp-feed",
            Self::Misp => "misp",
            Self::List => "list",
        }
    }
}

/// How the node logs in at a source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Auth {
    /// Not at all.
    #[default]
    None,
    /// HTTP Basic.
    #[serde(rename_all = "snake_case")]
    Basic { user: String, password_file: PathBuf },
    /// A bearer token.
    #[serde(rename_all = "snake_case")]
    Bearer { token_file: PathBuf },
    /// A key alone, as MISP takes it.
    #[serde(rename_all = "snake_case")]
    Key { key_file: PathBuf },
    /// A client certificate.
    #[serde(rename_all = "snake_case")]
    Certificate { cert_file: PathBuf, key_file: PathBuf },
}

/// A span of time, written as `30s`, `5m`, `2h` or `1d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Every(pub Duration);

impl Every {
    /// Reads `30s`, `5m`, `2h` or `1d`; a second to thirty days.
    fn parse(text: &str) -> Option<Self> {
        let unit = text.chars().last()?;
        let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
        let seconds = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            _ => return None,
        };
        let span = number.checked_mul(seconds).filter(|span| (1..=30 * 86_400).contains(span))?;
        Some(Self(Duration::from_secs(span)))
    }
}

impl fmt::Display for Every {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let units = [(86_400, 'd'), (3_600, 'h'), (60, 'm'), (1, 's')];
        match units.iter().find(|(unit, _)| seconds.is_multiple_of(*unit)) {
            Some((unit, name)) => write!(f, "{}{name}", seconds / unit),
            None => write!(f, "{seconds}s"),
        }
    }
}

impl<'de> Deserialize<'de> for Every {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(&text).ok_or_else(|| {
            de::Error::custom(format!(
                "`{text}` is no interval; write such as \"30s\", \"5m\", \"2h\" or \"1d\""
            ))
        })
    }
}

fn every() -> Every {
    Every(Duration::from_secs(300))
}

fn tlp<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Tlp>, D::Error> {
    String::deserialize(from)?.parse().map(Some).map_err(de::Error::custom)
}

impl Source {
    /// Objects that are asked for at a time.
    pub(crate) fn page(&self) -> usize {
        self.page.unwrap_or(PAGE)
    }

    /// The terms under which its objects are shared.
    pub(crate) fn terms(&self) -> Terms {
        Terms { ceiling: self.tlp, ..Terms::default() }
    }
}

/// Checks what the form alone does not say.
///
/// # Errors
/// What makes no sense.
pub(super) fn check(sources: &[Source]) -> Result<(), Failure> {
    if sources.len() > SOURCES_MAX {
        return Err(Failure::usage(format!(
            "there are {} sources; the limit is {SOURCES_MAX}",
            sources.len()
        )));
    }
    for (at, source) in sources.iter().enumerate() {
        let name = &source.name;
        let is_name = |name: &str| {
            let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            (1..=63).contains(&name.len()) && name.chars().all(is_part)
        };
        let wrong = match () {
            () if !is_name(name) => "a source's name is of a-z, 0-9 and -, 63 at most",
            () if sources.iter().take(at).any(|other| other.name == *name) => "two sources have this name",
            () if !source.url.starts_with("https://") && !source.url.starts_with("http://") => {
                "its url begins with neither https:// nor http://"
            }
            () if exchange::pull::Url::parse(&source.url).is_err() => "its url is no address",
            () if exchange::pull::Url::parse(&source.url)
                .is_ok_and(|url| !url.username().is_empty() || url.password().is_some()) =>
            {
                "its url has a user or password in it, which would be shown and kept; use auth with a file"
            }
            () if source.kind != Kind::Taxii && (source.collection.is_some() || source.page.is_some()) => {
                "collection and page are for sources of the kind taxii"
            }
            () if matches!(source.kind, Kind::Taxii | Kind::List)
                && matches!(source.auth, Auth::Key { .. }) =>
            {
                "auth.key is for sources of the kinds misp and misp-feed; others take auth.bearer"
            }
            () if source.page == Some(0) => "page is 0: nothing would come",
            () => continue,
        };
        return Err(Failure::usage(format!("source `{name}`: {wrong}")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn read(more: &str) -> Result<Config, String> {
        let text = format!(
            "[[source]]\nname = \"a\"\nkind = \"taxii\"\nurl = \"https://a.example/taxii2/\"\ncircle = \"c\"\nas = \"m\"\n{more}"
        );
        let config: Config = toml::from_str(&text).map_err(|error| error.to_string())?;
        config.check().map_err(|failure| failure.message)?;
        Ok(config)
    }

    #[test]
    fn a_source_has_defaults_and_is_read_strictly() {
        let source = read("").unwrap().sources.remove(0);
        assert_eq!((source.every, source.page(), source.objects), (every(), 1_000, Intake::Accept));
        assert_eq!(source.auth, Auth::None);
        let full = "every = \"2h\"\ntlp = \"amber\"\nobjects = \"quarantine\"\nca_file = \"/ca\"\ncollection = \"x\"\n\
                    auth.basic = { user = \"u\", password_file = \"/p\" }";
        let source = read(full).unwrap().sources.remove(0);
        assert_eq!(source.auth, Auth::Basic { user: "u".to_owned(), password_file: "/p".into() });
        assert_eq!(source.terms().ceiling, Some(Tlp::Amber));
        let feed = "[[source]]\nname = \"b\"\nkind = \"misp-feed\"\nurl = \"https://b\"\ncircle = \"c\"\nas = \"m\"\n\
                    auth.key = { key_file = \"/k\" }";
        let source = read(feed).unwrap().sources.remove(1);
        assert_eq!((source.kind.name(), source.auth), ("misp-feed", Auth::Key { key_file: "/k".into() }));
        assert!(read("[source.auth.certificate]\ncert_file = \"/c\"\nkey_file = \"/k\"").is_ok());
        let with_password = "[[source]]\nname = \"b\"\nkind = \"taxii\"\nurl = \"https://u:p@b/\"\ncircle = \"c\"\nas = \"m\"";
        assert!(read(with_password).is_err_and(|message| !message.contains("u:p")));
        for bad in [
            "colour = 1",
            "objects = \"maybe\"",
            "every = \"5\"",
            "every = \"0s\"",
            "every = \"31d\"",
            "every = \"18446744073709551615d\"",
            "tlp = \"pink\"",
            "page = 0",
            "auth.basic = { user = \"u\" }",
            "auth.basic = { user = \"u\", password_file = \"/p\", password = \"x\" }",
            "auth.magic = {}",
            "auth.key = { key_file = \"/k\" }",
            "[[source]]\nname = \"b\"\nkind = \"misp\"\nurl = \"https://b\"\ncircle = \"c\"\nas = \"m\"\npage = 5",
            "[[source]]\nname = \"b\"\nkind = \"misp-feed\"\nurl = \"https://b\"\ncircle = \"c\"\nas = \"m\"\ncollection = \"x\"",
            "[[source]]\nname = \"a\"\nkind = \"taxii\"\nurl = \"https://b\"\ncircle = \"c\"\nas = \"m\"",
            "[[source]]\nname = \"B\"\nkind = \"taxii\"\nurl = \"https://b\"\ncircle = \"c\"\nas = \"m\"",
            "[[source]]\nname = \"b\"\nkind = \"taxii\"\nurl = \"file:///b\"\ncircle = \"c\"\nas = \"m\"",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_interval_is_shown_as_it_is_written() {
        for text in ["1s", "90s", "5m", "2h", "30d"] {
            assert_eq!(Every::parse(text).unwrap().to_string(), text);
        }
    }
}
