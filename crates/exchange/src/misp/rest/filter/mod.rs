//! What is searched for: the filters of `restSearch` and of the event index, read into one form.
//!
//! A filter that is not known, or has a value that can't be read, is an error and no silence: a search that ignored half of
//! its conditions would answer with too much. Options that say how an answer looks and mean nothing here are let pass.
//!
//! Source: MISP 2.5 (`Event` and `MispAttribute`, `set_filter_*`), and what PyMISP sends.

#[cfg(test)]
mod law;
mod matching;
mod span;
mod terms;

use serde_json::Value as Json;
use stix::Timestamp;

pub(crate) use matching::{Subject, is_composite};
use span::Span;
use terms::{Case, Terms, TermsError};

/// Most results on a page.
pub(crate) const LIMIT_MAX: usize = 1_000_000;

/// In what form results are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Format {
    #[default]
    Json,
    Csv,
    /// Values, one a line.
    Text,
    /// A STIX 2.1 bundle.
    Stix2,
    /// File hashes, one a line.
    Hashes,
    /// MD5 of each value with its event, as in a feed's `hashes.csv`.
    Cache,
    /// How many there are.
    Count,
}

/// A truth that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Truth {
    #[default]
    Either,
    Only(bool),
}

impl Truth {
    pub(crate) fn has(self, truth: bool) -> bool {
        match self {
            Self::Either => true,
            Self::Only(wanted) => wanted == truth,
        }
    }
}

/// How an answer is to look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Events without attributes and objects.
    pub(crate) metadata: bool,
    pub(crate) attachments: bool,
    pub(crate) sightings: bool,
    pub(crate) context: bool,
    pub(crate) event_tags: bool,
    pub(crate) event_uuid: bool,
    pub(crate) group_reference_only: bool,
    pub(crate) headerless: bool,
    pub(crate) warninglists: bool,
    /// The event index in short.
    pub(crate) minimal: bool,
}

/// A search.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) format: Format,
    pub(crate) shape: Shape,
    pub(crate) limit: Option<usize>,
    /// From 1.
    pub(crate) page: usize,
    /// Columns of CSV, if they are named.
    pub(crate) columns: Vec<String>,
    /// A pattern that one of an event's or attribute's texts fits; if there is one, nothing else counts.
    pub(crate) anywhere: Option<String>,
    pub(crate) value: Terms,
    pub(crate) kind: Terms,
    pub(crate) category: Terms,
    pub(crate) relation: Terms,
    pub(crate) comment: Terms,
    pub(crate) object_name: Terms,
    pub(crate) template_uuid: Terms,
    pub(crate) template_version: Terms,
    pub(crate) info: Terms,
    pub(crate) org: Terms,
    pub(crate) tags: Terms,
    pub(crate) event_tags: Terms,
    pub(crate) event: Terms,
    pub(crate) attribute: Terms,
    pub(crate) uuid: Terms,
    pub(crate) group: Terms,
    pub(crate) threat_level: Terms,
    pub(crate) distribution: Terms,
    pub(crate) analysis: Terms,
    pub(crate) published: Truth,
    pub(crate) to_ids: Truth,
    pub(crate) deleted: Truth,
    pub(crate) has_proposal: Truth,
    /// Dates of events, both ends included.
    pub(crate) from: Option<String>,
    pub(crate) to: Option<String>,
    pub(crate) timestamp: Span,
    pub(crate) event_timestamp: Span,
    pub(crate) attribute_timestamp: Span,
    pub(crate) publish_timestamp: Span,
    pub(crate) first_seen: Span,
    pub(crate) last_seen: Span,
}

/// Why a search can't be run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FilterError {
    #[error("The filter `{0}` is not known here, and leaving it out would answer with too much.")]
    Unknown(String),
    #[error("The filter `{name}` {why}.")]
    Terms { name: String, why: TermsError },
    #[error(
        "The filter `{0}` is no time: write seconds since 1970, `7d`, `24h`, a date, or a list of two of these."
    )]
    Time(String),
    #[error("The filter `{0}` is no truth: write 0, 1, or a list of both.")]
    Truth(String),
    #[error("`{0}` is a whole number from 1.")]
    Number(String),
    #[error(
        "The format `{0}` is not offered. There are json, csv, text, stix2, hashes, cache and count here; zones and rules are at /d/zone.rpz and /d/suricata.rules."
    )]
    Format(String),
    #[error("The search is no JSON object.")]
    Shape,
}

/// Options that mean nothing here: what they would add is not there, or is always there.
const NO_MATTER: &[&str] = &[
    "allowproposalblocking",
    "circle",
    "excludedecayed",
    "excludegalaxy",
    "excludelocaltags",
    "extended",
    "includealltags",
    "includeanalystdata",
    "includecorrelations",
    "includedecayscore",
    "includeeventcorrelations",
    "includefeedcorrelations",
    "includefulldecayscore",
    "includegalaxy",
    "includeproposals",
    "includerelatedtags",
    "includeservercorrelations",
    "includewarninglisthits",
    "includegranularcorrelations",
    "flatten",
    "ignore",
    "noeventreports",
    "noshadowattributes",
    "nosightings",
    "order",
    "direction",
    "sort",
    "desc",
    "sightingtimestamp",
    "showfavouritesonly",
    "email",
];

impl Filter {
    /// Reads `restSearch`'s filters; of one that comes twice the last counts.
    pub(crate) fn read<'p>(
        parameters: impl IntoIterator<Item = (&'p str, &'p Json)>,
        now: Timestamp,
    ) -> Result<Self, FilterError> {
        let mut filter = Self { page: 1, deleted: Truth::Only(false), ..Self::default() };
        for (name, value) in parameters {
            filter.take(name, value, now)?;
        }
        Ok(filter)
    }

    /// Reads the event index's filters, which have names of their own and look for parts of texts.
    pub(crate) fn read_index<'p>(
        parameters: impl IntoIterator<Item = (&'p str, &'p Json)>,
        now: Timestamp,
    ) -> Result<Self, FilterError> {
        let mut filter = Self { page: 1, deleted: Truth::Only(false), ..Self::default() };
        for (name, value) in parameters {
            let plain = plain(name);
            let plain = plain.strip_prefix("search").filter(|rest| !rest.is_empty()).unwrap_or(&plain);
            let value = alternatives(value);
            match plain {
                "datefrom" => filter.take("from", &value, now)?,
                "dateuntil" => filter.take("to", &value, now)?,
                "threatlevel" => filter.take("threat_level_id", &value, now)?,
                "tag" => filter.take("tags", &value, now)?,
                "attribute" | "value" => filter.take("value", &part_of_text(&value), now)?,
                "eventinfo" => filter.info = terms(name, &part_of_text(&value), Case::Folded)?,
                "all" => filter.take("searchall", &part_of_text(&value), now)?,
                _ => filter.take(plain, &value, now)?,
            }
        }
        Ok(filter)
    }

    fn take(&mut self, name: &str, value: &Json, now: Timestamp) -> Result<(), FilterError> {
        let known = plain(name);
        if self.take_shape(&known, name, value)? || self.take_times(&known, name, value, now)? {
            return Ok(());
        }
        let (terms, case) = match known.as_str() {
            "value" => (&mut self.value, Case::Kept),
            "type" => (&mut self.kind, Case::Kept),
            "category" => (&mut self.category, Case::Kept),
            "objectrelation" => (&mut self.relation, Case::Kept),
            "comment" => (&mut self.comment, Case::Kept),
            "objectname" => (&mut self.object_name, Case::Kept),
            "objecttemplateuuid" => (&mut self.template_uuid, Case::Folded),
            "objecttemplateversion" => (&mut self.template_version, Case::Kept),
            "eventinfo" => (&mut self.info, Case::Kept),
            "org" | "orgc" | "orgcid" | "orgid" => (&mut self.org, Case::Folded),
            "tags" | "tag" => (&mut self.tags, Case::Folded),
            "eventtags" => (&mut self.event_tags, Case::Folded),
            "eventid" | "eventuuid" => (&mut self.event, Case::Folded),
            "attributeid" | "id" => (&mut self.attribute, Case::Folded),
            "uuid" => (&mut self.uuid, Case::Folded),
            "sharinggroup" | "sharinggroupid" => (&mut self.group, Case::Folded),
            "threatlevelid" => (&mut self.threat_level, Case::Kept),
            "distribution" => (&mut self.distribution, Case::Kept),
            "analysis" => (&mut self.analysis, Case::Kept),
            "published" => return truth(name, value, &mut self.published),
            "toids" => return truth(name, value, &mut self.to_ids),
            "deleted" if is_absent(value) => return Ok(()),
            "deleted" => return truth(name, value, &mut self.deleted),
            "hasproposal" => return truth(name, value, &mut self.has_proposal),
            "searchall" | "quickfilter" => return self.take_anywhere(name, value),
            known if NO_MATTER.contains(&known) => return Ok(()),
            // What is empty asks for nothing.
            _ if is_nothing(value) => return Ok(()),
            _ => return Err(FilterError::Unknown(name.chars().take(80).collect())),
        };
        let all_events = known == "eventid" && value.as_str() == Some("all");
        *terms = if all_events { Terms::default() } else { self::terms(name, value, case)? };
        if known == "type" {
            mail_is_both(terms).map_err(|why| FilterError::Terms { name: name.to_owned(), why })?;
        }
        Ok(())
    }

    fn take_shape(&mut self, known: &str, name: &str, value: &Json) -> Result<bool, FilterError> {
        let flag = match known {
            "metadata" => &mut self.shape.metadata,
            "withattachments" => &mut self.shape.attachments,
            "includesightings" => &mut self.shape.sightings,
            "includecontext" => &mut self.shape.context,
            "includeeventtags" => &mut self.shape.event_tags,
            "includeeventuuid" | "includeuuid" => &mut self.shape.event_uuid,
            "sgreferenceonly" => &mut self.shape.group_reference_only,
            "headerless" => &mut self.shape.headerless,
            "enforcewarninglist" => &mut self.shape.warninglists,
            "minimal" => &mut self.shape.minimal,
            "limit" => {
                self.limit = number(name, value)?.map(|limit| limit.min(LIMIT_MAX));
                return Ok(true);
            }
            "page" => {
                self.page = number(name, value)?.unwrap_or(1);
                return Ok(true);
            }
            "returnformat" => {
                self.format = format(value)?;
                return Ok(true);
            }
            "requestedattributes" => {
                self.columns = match value {
                    Json::String(text) => text.split(',').map(|column| column.trim().to_owned()).collect(),
                    Json::Array(list) => list.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
                    _ => Vec::new(),
                };
                self.columns.retain(|column| !column.is_empty());
                return Ok(true);
            }
            _ => return Ok(false),
        };
        *flag = !is_nothing(value);
        Ok(true)
    }

    fn take_times(
        &mut self,
        known: &str,
        name: &str,
        value: &Json,
        now: Timestamp,
    ) -> Result<bool, FilterError> {
        let span = match known {
            "from" | "to" => {
                let date = date(value, now).ok_or_else(|| FilterError::Time(name.to_owned()))?;
                *(if known == "from" { &mut self.from } else { &mut self.to }) = date;
                return Ok(true);
            }
            "date" => {
                let span = Span::read(value, now).ok_or_else(|| FilterError::Time(name.to_owned()))?;
                (self.from, self.to) = span.dates();
                return Ok(true);
            }
            "last" | "publishtimestamp" => &mut self.publish_timestamp,
            "timestamp" => &mut self.timestamp,
            "eventtimestamp" => &mut self.event_timestamp,
            "attributetimestamp" => &mut self.attribute_timestamp,
            "firstseen" => &mut self.first_seen,
            "lastseen" => &mut self.last_seen,
            _ => return Ok(false),
        };
        *span = Span::read(value, now).ok_or_else(|| FilterError::Time(name.to_owned()))?;
        Ok(true)
    }

    /// What is looked for everywhere; `value` beside a mere switch is what is meant.
    fn take_anywhere(&mut self, name: &str, value: &Json) -> Result<(), FilterError> {
        let text = match value {
            Json::String(text) if matches!(text.as_str(), "" | "0") => None,
            Json::String(text) => Some(text.clone()),
            Json::Number(number) => Some(number.to_string()),
            Json::Bool(true) => Some("1".to_owned()),
            _ => None,
        };
        if text.as_ref().is_some_and(|text| text.len() > terms::PATTERN_BYTES_MAX) {
            return Err(FilterError::Terms { name: name.to_owned(), why: TermsError::TooLong });
        }
        self.anywhere = text.map(|text| text.to_lowercase());
        Ok(())
    }

    /// Where a page begins in the results, and how many are on it.
    pub(crate) fn window(&self) -> (usize, usize) {
        match self.limit {
            Some(limit) => (limit.saturating_mul(self.page.saturating_sub(1)), limit),
            None => (0, usize::MAX),
        }
    }
}

/// In lower case without underscores and brackets.
fn plain(name: &str) -> String {
    let name = name.chars().take(80).filter(|c| !matches!(c, '_' | '[' | ']'));
    name.map(|c| c.to_ascii_lowercase()).collect()
}

fn is_nothing(value: &Json) -> bool {
    match value {
        Json::Null | Json::Bool(false) => true,
        Json::Number(number) => number.as_i64() == Some(0),
        Json::String(text) => matches!(text.as_str(), "" | "0" | "false"),
        Json::Array(list) => list.is_empty(),
        Json::Object(parts) => parts.is_empty(),
        Json::Bool(true) => false,
    }
}

fn is_absent(value: &Json) -> bool {
    value.is_null() || value.as_str() == Some("")
}

/// What a view of one event shows of what was taken back: nothing, it too (`1`, `[0, 1]`), or it alone (`only`).
pub(crate) fn deleted_in_view(value: &Json) -> Truth {
    let mut asked = Truth::Only(false);
    match value.as_str() {
        Some("only") => Truth::Only(true),
        _ if truth("deleted", value, &mut asked).is_err() || is_absent(value) => Truth::Only(false),
        _ if asked == Truth::Only(true) => Truth::Either,
        _ => asked,
    }
}

fn terms(name: &str, value: &Json, case: Case) -> Result<Terms, FilterError> {
    Terms::read(value, case).map_err(|why| FilterError::Terms { name: name.to_owned(), why })
}

/// Who asks for senders or recipients of mail means addresses of which neither is said as well.
fn mail_is_both(terms: &mut Terms) -> Result<(), TermsError> {
    let asks = terms.any.iter().any(|kind| matches!(kind, "email-src" | "email-dst"));
    if asks { terms.add_any("email") } else { Ok(()) }
}

fn truth(name: &str, value: &Json, truth: &mut Truth) -> Result<(), FilterError> {
    let one = |value: &Json| match value {
        Json::Bool(truth) => Some(*truth),
        Json::Number(number) if number.as_i64() == Some(0) => Some(false),
        Json::Number(number) if number.as_i64() == Some(1) => Some(true),
        Json::String(text) => match text.to_ascii_lowercase().as_str() {
            "0" | "false" | "exclude" => Some(false),
            "1" | "true" | "only" => Some(true),
            _ => None,
        },
        _ => None,
    };
    let wrong = || FilterError::Truth(name.to_owned());
    *truth = match value {
        Json::Null => Truth::Either,
        Json::String(text) if text.is_empty() => Truth::Either,
        Json::Array(list) => {
            let truths = list.iter().map(one).collect::<Option<Vec<_>>>().ok_or_else(wrong)?;
            match truths.split_first() {
                Some((first, rest)) if rest.iter().all(|other| other == first) => Truth::Only(*first),
                _ => Truth::Either,
            }
        }
        one_value => Truth::Only(one(one_value).ok_or_else(wrong)?),
    };
    Ok(())
}

fn number(name: &str, value: &Json) -> Result<Option<usize>, FilterError> {
    let number = match value {
        _ if is_nothing(value) => return Ok(None),
        Json::Number(number) => number.as_u64(),
        Json::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    let number = number.and_then(|number| usize::try_from(number).ok());
    number.map(Some).ok_or_else(|| FilterError::Number(name.to_owned()))
}

fn format(value: &Json) -> Result<Format, FilterError> {
    let name = value.as_str().unwrap_or_default();
    Ok(match name.to_ascii_lowercase().as_str() {
        "" | "json" => Format::Json,
        "csv" => Format::Csv,
        "text" => Format::Text,
        "stix2" => Format::Stix2,
        "hashes" => Format::Hashes,
        "cache" => Format::Cache,
        "count" => Format::Count,
        _ => return Err(FilterError::Format(name.chars().take(40).collect())),
    })
}

/// A date, or the date of a time. The outer `None` for what is neither.
fn date(value: &Json, now: Timestamp) -> Option<Option<String>> {
    match value {
        Json::Null | Json::Bool(false) => Some(None),
        Json::String(text) if text.is_empty() => Some(None),
        value => Some(Some(span::date(span::instant(value, now)?)?)),
    }
}

/// In the index, alternatives stand in one text, with `|` between.
fn alternatives(value: &Json) -> Json {
    match value {
        Json::String(text) if text.contains('|') => {
            Json::Array(text.split('|').map(|part| Json::String(part.to_owned())).collect())
        }
        value => value.clone(),
    }
}

/// The same, where a part of a text is enough.
fn part_of_text(value: &Json) -> Json {
    match value {
        Json::String(text) if !text.is_empty() => {
            let (not, text) = text.strip_prefix('!').map_or(("", text.as_str()), |rest| ("!", rest));
            Json::String(format!("{not}%{}%", text.trim_matches('%')))
        }
        Json::Array(list) => Json::Array(list.iter().map(part_of_text).collect()),
        value => value.clone(),
    }
}

/// Organisations that are asked for, by name, UUID or number.
#[derive(Debug, Clone, Default)]
pub(crate) struct Orgs(Terms);

impl Orgs {
    pub(crate) fn read(value: &Json) -> Result<Self, FilterError> {
        Ok(Self(terms("org_id", value, Case::Folded)?))
    }

    pub(crate) fn has(&self, org: Option<&crate::misp::wire::Org>) -> bool {
        let org = super::dress::org(org);
        self.0.is_empty() || self.0.hold_for([org.name.as_str(), org.uuid.as_str(), org.id.as_str()])
    }
}

/// Times that are asked for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Times(Span);

impl Times {
    pub(crate) fn read(value: &Json, now: Timestamp) -> Option<Self> {
        Span::read(value, now).map(Self)
    }

    pub(crate) fn has(self, seconds: i64) -> bool {
        self.0.has(seconds)
    }
}
