//! What may be typed about personal data.

use clap::{Args, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `bongsu privacy …`
#[derive(Debug, Subcommand, Serialize, Deserialize)]
pub(crate) enum PrivacyCommand {
    /// The record of processing activities (GDPR, article 30), circle by circle
    Register {
        /// Its form; with --json it is JSON in any case
        #[arg(long, value_enum, default_value = "text")]
        form: RegisterForm,
    },
    /// Erase: objects, what was due, or what was kept of a person or contact; the lines keep what proves them
    Erase(EraseArgs),
    /// Correct a property of an object about a person: a new version goes out, and the ones before are withdrawn
    Correct(CorrectArgs),
    /// List what was corrected, and why
    Corrections,
    /// List what was erased, by ids and hashes alone, to keep beside backups
    Erasures,
    /// Erase again what a list of `bongsu privacy erasures` names, after a backup was put back
    Replay {
        /// The list, JSON
        file: PathBuf,
    },
    /// Find what the node holds of a person: in circles, among people and contacts, in its records
    Find {
        /// Name (in any script), mail address or handle
        text: String,
    },
    /// All that was found of a person as one document, with sources, purposes, legal bases and recipients
    Export {
        /// Name (in any script), mail address or handle
        text: String,
    },
    /// Requests of people about their data: received, answered, what was done, and by when it must be
    #[command(subcommand)]
    Request(RequestCommand),
    /// Who looked at what, the latest first
    Accesses(AccessesArgs),
}

/// The form of the record of processing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub(crate) enum RegisterForm {
    Text,
    Json,
    Csv,
}

/// Options of `bongsu privacy erase`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct EraseArgs {
    /// Ids of objects
    #[arg(value_name = "ID", required_unless_present_any = ["due", "person", "contact"])]
    pub ids: Vec<String>,
    /// In this circle alone [default: in all]
    #[arg(long, value_name = "CIRCLE")]
    pub circle: Option<String>,
    /// All whose retention is over, as the serving node does by itself
    #[arg(long, conflicts_with_all = ["ids", "person", "contact"])]
    pub due: bool,
    /// What was kept of a person that has ended, by its user name
    #[arg(long, value_name = "USER", conflicts_with_all = ["ids", "contact"])]
    pub person: Option<String>,
    /// What was kept of a contact that was removed, by its handle
    #[arg(long, value_name = "HANDLE", conflicts_with = "ids")]
    pub contact: Option<String>,
    /// What members are told when an object is withdrawn for it; name nobody in it
    #[arg(long, value_name = "TEXT", default_value = "erased")]
    pub reason: String,
    /// Only say what would be erased
    #[arg(long)]
    pub dry_run: bool,
}

/// Options of `bongsu privacy correct`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct CorrectArgs {
    /// The object's id
    #[arg(value_name = "ID")]
    pub id: String,
    /// What a property is to be, such as `name=Kim` or `aliases.0=Lee`; what is JSON is taken as that
    #[arg(long, value_name = "NAME=VALUE", required_unless_present = "remove")]
    pub set: Vec<String>,
    /// A property that is taken out
    #[arg(long, value_name = "NAME")]
    pub remove: Vec<String>,
    /// Why; members read it where a version is withdrawn, so name nobody in it
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// In this circle alone [default: in all]
    #[arg(long, value_name = "CIRCLE")]
    pub circle: Option<String>,
    /// Only say what would be corrected
    #[arg(long)]
    pub dry_run: bool,
}

/// `bongsu privacy request …`
#[derive(Debug, Subcommand, Serialize, Deserialize)]
pub(crate) enum RequestCommand {
    /// Note a request; prints its number and by when it must be answered
    Open {
        /// What is asked: access, correction, erasure, restriction or objection
        #[arg(value_enum)]
        what: RequestedArg,
        /// Of whom, in words that tell the request from others; it is kept until the request is erased
        subject: String,
    },
    /// Note what was done, or why not
    Answer {
        /// The request's number
        number: u64,
        /// What was done
        done: String,
    },
    /// List requests; ends with 3 if one is overdue
    List,
}

/// What a person asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RequestedArg {
    Access,
    Correction,
    Erasure,
    Restriction,
    Objection,
}

/// Options of `bongsu privacy accesses`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct AccessesArgs {
    /// Only what was looked at under this id or word
    #[arg(long, value_name = "TEXT")]
    pub of: Option<String>,
    /// Only what this person looked at, by user name or handle
    #[arg(long, value_name = "USER")]
    pub by: Option<String>,
    /// Looks to show
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub limit: u16,
}
