//! What may be typed about searching.

use clap::Args;
use serde::{Deserialize, Serialize};

/// Options of `bongsu search`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub(crate) struct SearchArgs {
    /// Words that must all be there, the last one perhaps in part; or an object's id; none finds everything
    #[arg(value_name = "WORD")]
    pub words: Vec<String>,
    /// Only in this circle
    #[arg(long, value_name = "CIRCLE")]
    pub circle: Option<String>,
    /// Only of this type; may be given several times
    #[arg(long = "type", value_name = "TYPE")]
    pub types: Vec<String>,
    /// Only what counts as this; may be given several times
    #[arg(long, value_name = "TLP")]
    pub tlp: Vec<String>,
    /// Only what this member shared
    #[arg(long, value_name = "MEMBER")]
    pub source: Option<String>,
    /// Only what was added at this time or later
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// Only what was added before this time
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Only what is at least so confident
    #[arg(long, value_name = "0-100", default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=100))]
    pub confidence: u8,
    /// Only what names this value, whole
    #[arg(long, value_name = "VALUE")]
    pub value: Option<String>,
    /// As this member sees it
    #[arg(long = "as", value_name = "MEMBER")]
    pub member: Option<String>,
    /// Most objects that are shown
    #[arg(long, value_name = "COUNT", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub limit: u16,
}
