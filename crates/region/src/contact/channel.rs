//! Ways to reach a contact: mail, telephone, fax, chat, a page.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Bytes of an address or number.
pub(super) const VALUE_BYTES_MAX: usize = 254;
/// Digits of an international telephone number. Source: ITU-T E.164, section 6.
const DIGITS: std::ops::RangeInclusive<usize> = 5..=15;

/// By what a contact is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// Mail.
    Mail,
    /// Telephone, on a desk.
    Phone,
    /// Telephone, carried.
    Mobile,
    /// Fax.
    Fax,
    /// A chat service, as a URI: `signal:+8225550100`, `xmpp:duty@cert.example`.
    Chat,
    /// A page.
    Web,
}

impl Way {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Mail, Self::Phone, Self::Mobile, Self::Fax, Self::Chat, Self::Web];

    /// Its name, as on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Phone => "phone",
            Self::Mobile => "mobile",
            Self::Fax => "fax",
            Self::Chat => "chat",
            Self::Web => "web",
        }
    }

    fn fits(self, value: &str) -> bool {
        match self {
            Self::Mail => value.split_once('@').is_some_and(|(user, host)| {
                !user.is_empty()
                    && !host.is_empty()
                    && !host.contains('@')
                    && !value.contains([' ', '<', '>'])
            }),
            Self::Phone | Self::Mobile | Self::Fax => {
                let digits = value.bytes().filter(u8::is_ascii_digit).count();
                let is_part = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '-' | '.' | '(' | ')');
                value.strip_prefix('+').is_some_and(|rest| rest.chars().all(is_part))
                    && DIGITS.contains(&digits)
            }
            Self::Chat => value.split_once(':').is_some_and(|(scheme, rest)| {
                let is_scheme =
                    scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
                // A page would be shown as a link.
                let is_page = ["http", "https", "javascript", "data"]
                    .iter()
                    .any(|other| scheme.eq_ignore_ascii_case(other));
                is_scheme && !scheme.is_empty() && !is_page && !rest.is_empty() && !rest.contains(' ')
            }),
            Self::Web => {
                value.strip_prefix("https://").is_some_and(|rest| !rest.is_empty())
                    && !value.contains([' ', '"', '<', '>'])
            }
        }
    }
}

/// One way to reach a contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channel {
    /// By what.
    pub way: Way,
    /// The address or number there.
    pub value: String,
}

/// Why a text is no channel.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChannelError {
    /// Its first word names no way.
    #[error(
        "`{0}` names no way: write mail:ADDRESS, phone:+NUMBER, mobile:+NUMBER, fax:+NUMBER, chat:SERVICE:NAME or web:https://ADDRESS"
    )]
    Way(String),
    /// What follows does not fit it.
    #[error("`{value}` can't be reached by {}: {}", way.name(), hint(*way))]
    Value {
        /// By what.
        way: Way,
        /// The address or number.
        value: String,
    },
}

const fn hint(way: Way) -> &'static str {
    match way {
        Way::Mail => "write it as duty@cert.example",
        Way::Phone | Way::Mobile | Way::Fax => "write it with + and the country's code, as +82 2 555 0100",
        Way::Chat => "write it as SERVICE:NAME, such as signal:+8225550100",
        Way::Web => "write it as https://cert.example/report",
    }
}

/// As on the command line: `mail:duty@cert.example`.
impl FromStr for Channel {
    type Err = ChannelError;

    fn from_str(text: &str) -> Result<Self, ChannelError> {
        let named = text.split_once(':');
        let way = named.and_then(|(word, _)| Way::ALL.into_iter().find(|way| way.name() == word));
        let (Some(way), Some((_, value))) = (way, named) else {
            return Err(ChannelError::Way(text.chars().take(VALUE_BYTES_MAX).collect()));
        };
        let value = value.trim();
        let is_clean = value.len() <= VALUE_BYTES_MAX && !value.chars().any(char::is_control);
        match is_clean && way.fits(value) {
            true => Ok(Self { way, value: value.to_owned() }),
            false => Err(ChannelError::Value { way, value: value.chars().take(VALUE_BYTES_MAX).collect() }),
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.way.name(), self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_is_a_way_and_what_fits_it() {
        for good in [
            "mail:duty@cert.example",
            "phone:+82 (2) 555-0100",
            "mobile:+821055501000",
            "fax:+1.555.0100",
            "chat:signal:+8225550100",
            "chat:matrix:@duty:cert.example",
            "web:https://cert.example/report",
        ] {
            assert_eq!(good.parse::<Channel>().map(|channel| channel.to_string()), Ok(good.to_owned()));
        }
        let long = format!("mail:{}@a.example", "a".repeat(VALUE_BYTES_MAX));
        for bad in [
            "",
            "duty@cert.example",
            "pigeon:home",
            "mail:duty",
            "mail:a@b@c",
            "mail:Kim <a@b.example>",
            "mail:a@b.example\r\nBcc: c@d.example",
            "phone:02 555 0100",
            "phone:+82",
            "phone:+82 two",
            "phone:+1234567890123456",
            "chat:signal",
            "chat:javascript:alert(1)",
            "web:javascript:alert(1)",
            "web:http://cert.example",
            &long,
        ] {
            assert!(bad.parse::<Channel>().is_err(), "{bad}");
        }
    }
}
