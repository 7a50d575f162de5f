//! MISP to STIX and back, STIX to MISP and back, field by field, over every pair and event that there is; and what is
//! kept against what the MISP project's own converter recorded. What can't be held is listed in `limits`.

mod data;
mod from_misp;
mod from_stix;
mod granular;
mod limits;
mod recorded;
mod restricted;
