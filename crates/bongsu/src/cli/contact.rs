//! What may be typed about points of contact.

use clap::{Args, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What a contact is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub(crate) enum FunctionArg {
    /// Incidents: a CERT, a SOC
    Technical,
    /// Consultations between governments
    Diplomatic,
    /// Investigations, evidence, freezing
    LawEnforcement,
}

impl From<FunctionArg> for region::contact::Function {
    fn from(function: FunctionArg) -> Self {
        match function {
            FunctionArg::Technical => Self::Technical,
            FunctionArg::Diplomatic => Self::Diplomatic,
            FunctionArg::LawEnforcement => Self::LawEnforcement,
        }
    }
}

/// `bongsu contact …`
#[derive(Debug, Subcommand, Serialize, Deserialize)]
pub(crate) enum ContactCommand {
    /// Add a contact of a member, and open it to circles
    Add(Box<ContactAddArgs>),
    /// List contacts, or those that one member may see
    List {
        /// As this member sees them
        #[arg(long = "as", value_name = "MEMBER")]
        viewer: Option<String>,
        /// Of this member alone
        #[arg(long, value_name = "MEMBER")]
        member: Option<String>,
    },
    /// Show all of one contact
    Show {
        /// The contact's handle
        #[arg(value_name = "CONTACT")]
        handle: String,
        /// As a vCard, for an address book
        #[arg(long)]
        vcard: bool,
    },
    /// Change a contact; what is not named stays
    Change(Box<ContactChangeArgs>),
    /// Note that a contact's particulars were confirmed today
    Verify {
        /// The contact's handle
        #[arg(value_name = "CONTACT")]
        handle: String,
    },
    /// Remove a contact: it is shown and asked no more
    Remove {
        /// The contact's handle
        #[arg(value_name = "CONTACT")]
        handle: String,
    },
}

/// What is known of a contact.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct ParticularsArgs {
    /// The person's position
    #[arg(long, value_name = "TEXT")]
    pub position: Option<String>,
    /// A language spoken there, the best first: ko, en
    #[arg(long = "language", value_name = "TAG")]
    pub languages: Vec<String>,
    /// When somebody answers: always, or "mon-fri 09:00-18:00, sat 10:00-13:00" [default: always]
    #[arg(long)]
    pub hours: Option<String>,
    /// Time zone of the hours, such as Asia/Seoul [default: UTC]
    #[arg(long)]
    pub zone: Option<String>,
    /// A way to reach it, the best first: mail:ADDRESS, phone:+NUMBER, mobile:+NUMBER, fax:+NUMBER, chat:SERVICE:NAME, web:https://ADDRESS
    #[arg(long = "channel", value_name = "WAY:VALUE")]
    pub channels: Vec<String>,
    /// Fingerprint of its OpenPGP key
    #[arg(long, value_name = "HEX")]
    pub fingerprint: Option<String>,
    /// The key itself, in armour
    #[arg(long, value_name = "FILE", requires = "fingerprint")]
    pub key: Option<PathBuf>,
    /// The contact of the same member that stands in for it
    #[arg(long, value_name = "CONTACT")]
    pub deputy: Option<String>,
    /// A circle whose members may see it
    #[arg(long = "circle", value_name = "CIRCLE")]
    pub circles: Vec<String>,
}

/// Options of `bongsu contact add`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct ContactAddArgs {
    /// A short name for it: small letters, digits and hyphens
    #[arg(value_name = "CONTACT")]
    pub handle: String,
    /// Whose contact it is
    #[arg(long)]
    pub member: String,
    /// What it is for
    #[arg(long, value_enum)]
    pub function: FunctionArg,
    /// Name of the person or desk
    #[arg(long)]
    pub name: String,
    #[command(flatten)]
    pub particulars: ParticularsArgs,
}

/// Options of `bongsu contact change`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct ContactChangeArgs {
    /// The contact's handle
    #[arg(value_name = "CONTACT")]
    pub handle: String,
    /// What it is for
    #[arg(long, value_enum)]
    pub function: Option<FunctionArg>,
    /// Name of the person or desk
    #[arg(long)]
    pub name: Option<String>,
    #[command(flatten)]
    pub particulars: ParticularsArgs,
    /// A circle whose members may see it no more
    #[arg(long = "close-circle", value_name = "CIRCLE")]
    pub close_circles: Vec<String>,
    /// Nobody stands in for it
    #[arg(long, conflicts_with = "deputy")]
    pub no_deputy: bool,
    /// It has no key
    #[arg(long, conflicts_with = "fingerprint")]
    pub no_key: bool,
}
