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

/// `bongsu member mail …`
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct MailArgs {
    pub handle: String,
    /// Address that is told, from now on
    #[arg(long, value_name = "ADDRESS")]
    pub to: Option<String>,
    /// When what is not urgent is told [default: daily]
    #[arg(long, value_enum)]
    pub digest: Option<DigestArg>,
    /// Hour of daily digests [default: 7]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=23))]
    pub hour: Option<u8>,
    /// Time zone of that hour, such as Asia/Seoul [default: UTC]
    #[arg(long, value_name = "ZONE")]
    pub zone: Option<String>,
    /// How the advisory comes with each mail [default: attached]
    #[arg(long, value_enum)]
    pub advisory: Option<AdvisoryArg>,
}

/// How the advisory comes with a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub(crate) enum AdvisoryArg {
    /// As PDF, in the member's language; never one with TLP:RED in it
    Attached,
    /// By its address alone
    Linked,
}

/// When a digest goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub(crate) enum DigestArg {
    /// At each full hour
    Hourly,
    /// At one hour of each day
    Daily,
    /// Never: only what is urgent is sent
    Urgent,
    /// No mail at all; what waits is dropped
    Off,
}

/// `bongsu mail …`
#[derive(Debug, Subcommand, Serialize, Deserialize)]
pub(crate) enum MailCommand {
    /// List members' mails: what waits, what the server took, what it refused
    List,
    /// List what was given up
    Dead(DeadArgs),
    /// Send a mail now, to see whether the configured server takes it
    Test {
        /// Address
        #[arg(long, value_name = "ADDRESS")]
        to: String,
    },
}
