//! The door between lines and partners: everything that reaches a member goes through here.
//!
//! A [`Gate`] joins a store of lines with the book of who takes part. A [`Reader`] is one member's view of one
//! circle in one form: its pages hold [`policy::Released`] values and nothing else, and what the member may not see is,
//! for it, not there: not in pages, not in counts, not in what is "last" or "more". Decisions are made per class
//! and kept until the book changes or a date that they depend on comes. What a circle's releases depend on is that
//! circle's line and the book alone, so that nothing in one circle shows in another.
//!
//! Records go in here as well ([`Gate::submit`]), because who may share what is the same question.

mod absent;
mod acts;
mod arrivals;
mod asks;
mod audience;
mod brought;
mod checkpoint;
mod classes;
pub mod commitment;
mod cosignature;
mod decisions;
mod definitions;
mod dry_run;
mod embargo;
mod equivalents;
mod erase;
mod explain;
mod federation;
mod fires;
mod following;
mod intake;
mod key;
mod known;
mod lag;
mod listed;
mod note;
mod opening;
mod parcels;
mod provenance;
mod quarantine;
mod query;
mod quota;
mod reader;
mod recall;
mod receipts;
mod redacted;
mod said;
mod since;
mod submit;
mod tally;
mod touched;
mod tree;
mod view;
mod withdrawals;

pub use acts::{Act, ActKind, Acts, ActsAsked, Done};
pub use arrivals::Arrival;
pub use asks::{
    AnswerError, AnswerSeen, Answerer, AskError, AskRole, AskSeen, Asking, Grant, OPEN_MAX, Reply,
};
pub use audience::Audience;
pub use brought::{Brought, BroughtError};
pub use checkpoint::{Checkpoint, line_of};
pub use classes::ClassSeen;
pub use commitment::Opening;
pub use cosignature::{Cosigner, SignedBy, WitnessKey};
pub use dry_run::{DryRun, DryRunRow, Fate};
pub use equivalents::EQUIVALENTS_MAX;
pub use erase::{EraseFault, ErasePlan};
pub use explain::{Count, Explanation, HeldItem};
pub use federation::{ExchangeError, FederationError, Given, Taken, digest};
pub use fires::severity;
pub use key::NodeKey;
pub use known::{KnownValue, WITNESSES_MAX, Witness};
pub use lag::{Lag, MISSING_MAX};
pub use listed::{ListedParty, Listing};
pub use note::{NoteError, NoteKey};
pub use opening::{Gate, GateError, NotFound};
pub use parcels::{Became, BecameOf, Goes, Lies, ReleaseError, Waits};
pub use provenance::SignatureCount;
pub use quarantine::{QuarantineState, Quarantined, Verdict};
pub use query::{ManifestRow, Object, Page, Query, VersionMatch};
pub use quota::{OverQuota, Used};
pub use reader::Reader;
pub use recall::{Outstanding, Patience, RECALLS_MAX, Recall, Recipient, Whether, cleared};
pub use redacted::{REDACTION, commitment_of};
pub use said::Said;
pub use submit::{Sharing, Submission, SubmitError, Submitted, Told};
pub use tally::Via;
pub use touched::Touched;
pub use tree::{FOLDER as TREES, OPENINGS_MAX, Openings};
pub use withdrawals::Withdrawal;
