//! What can't be held, each with why; docs/misp.md has the same list in words.

/// Fields of a MISP element that don't come back, and why.
pub(crate) const MISP_FIELDS: [(&str, &str); 9] = [
    ("Org", "who holds the event on one instance; the creator, Orgc, comes back"),
    ("id", "numbers of one instance"),
    ("RelatedEvent", "one instance's correlations"),
    ("event_creator_email", "a person's address, which no instance hands to another organisation either"),
    ("attribute_count", "counted anew"),
    ("value", "of a deleted attribute: it was taken back"),
    ("comment", "of a deleted attribute: it was taken back"),
    ("Tag", "of a deleted attribute: it was taken back"),
    ("malware_filename", "added by PyMISP when it unpacks a sample, no field of the format"),
];

/// Properties of a STIX object that MISP has no place for, by type.
pub(crate) const STIX_PROPERTIES: [(&str, &str, &str); 6] = [
    ("identity", "created", "a creator is MISP's organisation: name and UUID"),
    ("identity", "modified", "a creator is MISP's organisation: name and UUID"),
    ("identity", "identity_class", "a creator is MISP's organisation: name and UUID"),
    ("identity", "contact_information", "a creator is MISP's organisation: name and UUID"),
    ("identity", "roles", "a creator is MISP's organisation: name and UUID"),
    ("identity", "sectors", "a creator is MISP's organisation: name and UUID"),
];

/// Objects that don't come back as they were: the file, a part of the id, and why. Each is told by a finding.
pub(crate) const STIX_WHOLE: [(&str, &str, &str); 3] = [
    ("sighting-of-observed-data", "sighting--", "MISP has sightings of attributes, not of malware"),
    (
        "archive-file",
        "file--98522db6",
        "MISP's template of a file has no role for the version of an archive's format",
    ),
    (
        "2025-08-11-rise-in-AI",
        "indicator--037accdb",
        "the bundle has two objects of this id: one replaces the other",
    ),
];

/// What the recorded converter keeps and we don't: the file, a part of what is said to be lost, and why.
pub(crate) const RECORDED: [(&str, &str, &str); 7] = [
    ("attribute_del", "", "a deleted attribute is taken back here, and an indicator there"),
    ("image", "image/png", "the converter guesses the type of a picture from its name"),
    (
        "Country",
        "Country meta information",
        "the converter puts the galaxy's description before the cluster's",
    ),
    (
        "Regions",
        "Regions based on UN M49",
        "the converter puts the galaxy's description before the cluster's",
    ),
    ("2025-06-24-01flip", "email-dst", "an address is `email` unless something says that it received"),
    ("2024-06-10-OriginLogger", "email-dst", "an address is `email` unless something says that it received"),
    (
        "2025-08-11-rise-in-AI",
        "gosupersonic.email",
        "the bundle has two objects of this id: one replaces the other",
    ),
];
