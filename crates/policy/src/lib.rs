//! Decides what may be released to whom. Pure: no I/O, no clock, no logging.
//!
//! The [`Book`] is who takes part: members, people, circles, credentials, settings, built from the node's line. A
//! [`Class`] is what a release depends on: originator, terms, markings; there are few classes, however many
//! records. [`decide`] takes the two and a [`Request`] and names the one rule that settles it. What it lets pass
//! becomes a [`Released`] value, which nothing but this crate can make, so that a renderer, a page or a zone can't be
//! given anything else. [`redact`](mod@redact) takes out what a member may not see and leaves every other byte alone.
//!
//! No rule, no release: whatever is not covered by a rule that says yes is held. The decision table, row by row, is
//! `docs/releases.md`; the tests read it.

pub mod ask;
pub mod book;
pub mod caller;
pub mod circle;
pub mod class;
pub mod credential;
pub mod federation;
pub mod fires;
pub mod member;
pub mod opened;
pub mod parcel;
pub mod person;
pub mod privacy;
pub mod provenance;
mod quota;
pub mod receipt;
pub mod redact;
pub mod release;
pub mod remark;
pub mod role;
pub mod rule;
pub mod standing;
mod stored;
pub mod terms;
pub mod zoning;

pub use ask::{Ask, AskState, Wish};
pub use book::{Book, Entry, EntryError};
pub use caller::{Caller, Channel};
pub use circle::{Access, Circle, CircleId, Onward, Signatures};
pub use class::{Class, Part};
pub use credential::{Credential, CredentialKind, Setting, TSIG_ALGORITHM, used};
pub use federation::{Agreed, Agreement, AgreementError, Party, Peer, Statement, StatementError};
pub use fires::{Cause, Fires, Word};
pub use member::{Intake, Level, Member, MemberId, Use};
pub use opened::{Opened, Opening};
pub use parcel::{FourEyes, NotReleased, Parcel, ParcelState};
pub use person::{Account, Bound, By, Invitation, Passkey, PasskeyKind, Person, PersonId};
pub use privacy::{Privacy, Retention};
pub use provenance::{Known, Lapse, Provenance, Revocation, SignatureState, Signer, SigningKey};
pub use quota::Quota;
pub use receipt::{Deed, Receipt, ReceiptError, Upto};
pub use redact::{RedactError, Removal, named, redact};
pub use release::{
    Cut, Decision, Parting, Pass, Permit, Reach, Released, Request, counts_as, decide, forbidden_selectors,
    permit, settled_until,
};
pub use remark::{Remark, RemarkError, remark};
pub use role::{Right, Rights, Role};
pub use rule::Rule;
pub use standing::{Evidence, Standing};
pub use terms::{Terms, TermsError};
pub use zoning::{ZoneAction, ZoneActionError, Zoning};
