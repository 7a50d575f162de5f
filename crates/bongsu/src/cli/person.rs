//! What may be typed about people.

use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};

/// `bongsu person …`
#[derive(Debug, Subcommand, Serialize, Deserialize)]
pub(crate) enum PersonCommand {
    /// Add a person and print the link by which it sets its password, once
    Add(PersonAddArgs),
    /// List people
    List {
        /// Only this member's
        #[arg(long, value_name = "MEMBER")]
        member: Option<String>,
        /// Also those that have ended
        #[arg(long)]
        all: bool,
    },
    /// Change what a person does
    Role {
        /// User name
        user: String,
        /// Role that it gets, repeatable
        #[arg(long, value_name = "ROLE", required_unless_present = "remove")]
        add: Vec<String>,
        /// Role that it loses, repeatable
        #[arg(long, value_name = "ROLE")]
        remove: Vec<String>,
    },
    /// Take a person's password, codes, passkeys and log-in elsewhere away, end its sessions, and print a new link, once
    Reset {
        /// User name
        user: String,
    },
    /// End a person: its sessions and tokens stop
    End {
        /// User name
        user: String,
    },
    /// Show who did what, the latest first
    Acts {
        /// Only what is about this member, or was done by it
        #[arg(long, value_name = "MEMBER")]
        member: Option<String>,
        /// Go on below this number
        #[arg(long, value_name = "NUMBER")]
        before: Option<u64>,
        /// Acts to show
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1_000))]
        limit: u16,
    },
}

/// `bongsu person add …`
#[derive(Debug, Args, Serialize, Deserialize)]
#[command(group = clap::ArgGroup::new("whom").required(true))]
pub(crate) struct PersonAddArgs {
    /// User name: a-z, 0-9 and . _ - + @; an e-mail address can be one
    pub user: String,
    /// For which member it acts
    #[arg(long, value_name = "MEMBER", group = "whom")]
    pub member: Option<String>,
    /// It acts for the node: it is of the operator's staff
    #[arg(long, group = "whom")]
    pub node: bool,
    /// Its name [default: the user name]
    #[arg(long)]
    pub name: Option<String>,
    /// It logs in at the node's provider (OpenID Connect), which names it so; no link is printed
    #[arg(long, value_name = "SUBJECT")]
    pub oidc: Option<String>,
    /// What it does: reader, analyst, releaser, administrator or auditor; repeatable
    #[arg(long = "role", value_name = "ROLE", required = true)]
    pub roles: Vec<String>,
}
