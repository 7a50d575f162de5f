//! What may be typed about webhooks and mails.

use clap::{Args, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};

/// `bongsu member webhook …`
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct WebhookArgs {
    pub handle: String,
    /// Post there what changes for the member, from now on; prints the secret of the signatures, once
    #[arg(long, value_name = "URL", conflicts_with = "off")]
    pub url: Option<String>,
    /// What is posted
    #[arg(long = "for", value_enum, default_value_t = WantedArg::All, requires = "url")]
    pub wanted: WantedArg,
    /// Post nothing any more; what waits is dropped
    #[arg(long)]
    pub off: bool,
}

/// What a webhook is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub(crate) enum WantedArg {
    /// Everything that changes
    All,
    /// Indicators and what is made of them
    Indicators,
    /// Fires alone
    Fires,
}

impl From<WantedArg> for deliver::push::webhook::Wanted {
    fn from(wanted: WantedArg) -> Self {
        match wanted {
            WantedArg::All => Self::All,
            WantedArg::Indicators => Self::Indicators,
            WantedArg::Fires => Self::Fires,
        }
    }
}

/// `bongsu webhook …`
#[derive(Debug, Subcommand, Serialize, Deserialize)]
pub(crate) enum WebhookCommand {
    /// List webhooks with what waits for them
    List,
    /// List what was given up after a day of failures
    Dead(DeadArgs),
}

/// What was given up.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct DeadArgs {
    /// Try it again at once, for another day
    #[arg(long)]
    pub retry: bool,
    /// Of this member alone
    #[arg(long, value_name = "HANDLE")]
    pub member: Option<String>,
}
