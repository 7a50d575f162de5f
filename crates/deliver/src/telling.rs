//! Types of objects as people are told of them: which of them tell what happened, and what so many of one are called.

/// Types that tell what happened, the most telling first, each with the message that names it.
const TELLING: [(&str, &str); 6] = [
    ("incident", "told-incident"),
    ("report", "told-report"),
    ("campaign", "told-campaign"),
    ("intrusion-set", "told-intrusion-set"),
    ("threat-actor", "told-threat-actor"),
    ("vulnerability", "told-vulnerability"),
];
/// How many of them an advisory tells of: a vulnerability by itself has not happened to anybody yet.
const HAPPENED: usize = 5;

/// Types that tell what happened, the most telling first.
pub(crate) fn telling() -> impl Iterator<Item = &'static str> {
    TELLING.into_iter().map(|(object_type, _)| object_type)
}

/// Those of [`telling`] that an advisory tells of, in the same order.
pub(crate) fn happened() -> impl Iterator<Item = &'static str> {
    telling().take(HAPPENED)
}

/// Its place among those that tell what happened, and the message that names one.
pub(crate) fn one(object_type: &str) -> Option<(usize, &'static str)> {
    let at = TELLING.iter().position(|(known, _)| *known == object_type)?;
    TELLING.get(at).map(|(_, id)| (at, *id))
}

/// The message that counts what is new of a type; `None` for types that have no word of their own.
pub(crate) fn counted(object_type: &str) -> Option<&'static str> {
    Some(match object_type {
        "attack-pattern" => "news-attack-pattern",
        "campaign" => "news-campaign",
        "course-of-action" => "news-course-of-action",
        "grouping" => "news-grouping",
        "identity" => "news-identity",
        "incident" => "news-incident",
        "indicator" => "news-indicator",
        "infrastructure" => "news-infrastructure",
        "intrusion-set" => "news-intrusion-set",
        "malware" => "news-malware",
        "note" => "news-note",
        "observed-data" => "news-observed-data",
        "relationship" => "news-relationship",
        "report" => "news-report",
        "sighting" => "news-sighting",
        "threat-actor" => "news-threat-actor",
        "vulnerability" => "news-vulnerability",
        _ => return None,
    })
}
