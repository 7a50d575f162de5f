//! Applicants who may be infiltrating IT workers, recognised with reasons that a person can read and contest.
//!
//! An [`Application`] is what an applicant gave and what an employer saw; a [`Persona`] is a false identity that a member of a
//! circle describes in STIX. [`check_all`] compares them and gives for each application an [`Outcome`]: reasons, each with what matched
//! what, its weight, who says it, since when and until when, and a score that is the sum of the reasons under caps that stand in a
//! readable file ([`Weights`]). One source alone, or one kind of sign alone, never crosses the threshold (rule W-3), and what is
//! contested counts nothing until it is reviewed (rule W-4).
//!
//! Where somebody comes from is no input (rule W-2): an application has no field for nationality, ethnicity, place or date of birth,
//! gender or citizenship, so that they are dropped where a file is read. A score is a reason to look, never a finding
//! about a person. Pure: no I/O, no clock, and nothing of an applicant in a log.
//!
//! Source: the joint advisories named in `weights.toml`; REQUIREMENTS W-1 to W-5.

mod alike;
mod application;
mod calibrate;
mod check;
mod conduct;
mod contest;
mod curve;
mod group;
mod identifier;
mod known;
mod read;
mod score;
mod sign;
mod stix_objects;
mod text;
mod weights;

pub use application::{Application, LogIn, VALUES_MAX};
pub use calibrate::{Calibration, Labelled, Row, calibrate};
pub use check::{Also, Outcome, check, check_all};
pub use contest::{Contest, EXPLANATION_BYTES_MAX, Verdict, opinion};
pub use curve::curve;
pub use identifier::{Identifier, IdentifierKind};
pub use known::{Builder, Evidence, OBJECTS_MAX, Part, Persona, Personas, TooMany, UNNAMED};
pub use read::{APPLICATIONS_MAX, FILE_BYTES_MAX, Read, ReadError, read};
pub use score::{Matched, Reason, Source, Word, score};
pub use sign::{Family, Sign};
pub use stix_objects::{EXTENSION, OBSERVABLES};
pub use text::{Signature, TEXT_WORDS_MIN};
pub use weights::{WEIGHTS, WEIGHTS_BYTES_MAX, Weight, Weights, WeightsError};
