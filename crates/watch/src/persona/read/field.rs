//! The fields of an application by their names, whatever the format.

use stix::Timestamp;

use super::Read;
use crate::persona::application::{Application, cut};
use crate::persona::identifier::IdentifierKind as Kind;

/// What a field fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Id,
    Identifier(Kind),
    FullText,
    LogIn,
    Tool,
    Vpn,
    TimeZone,
    TimeZoneSeen,
    LivesAt,
    ShipTo,
    MailDrop,
    VideoRefused,
    DocumentsAltered,
    VirtualAssetPay,
}

/// Names of fields, ours first.
const FIELDS: &[(&str, Field)] = &[
    ("id", Field::Id),
    ("names", Field::Identifier(Kind::Name)),
    ("name", Field::Identifier(Kind::Name)),
    ("full_name", Field::Identifier(Kind::Name)),
    ("aliases", Field::Identifier(Kind::Name)),
    ("emails", Field::Identifier(Kind::Email)),
    ("email", Field::Identifier(Kind::Email)),
    ("accounts", Field::Identifier(Kind::Account)),
    ("account", Field::Identifier(Kind::Account)),
    ("handles", Field::Identifier(Kind::Account)),
    ("phones", Field::Identifier(Kind::Phone)),
    ("phone", Field::Identifier(Kind::Phone)),
    ("wallets", Field::Identifier(Kind::Wallet)),
    ("wallet", Field::Identifier(Kind::Wallet)),
    ("bank_accounts", Field::Identifier(Kind::BankAccount)),
    ("bank_account", Field::Identifier(Kind::BankAccount)),
    ("iban", Field::Identifier(Kind::BankAccount)),
    ("addresses", Field::Identifier(Kind::Address)),
    ("ips", Field::Identifier(Kind::Address)),
    ("devices", Field::Identifier(Kind::Device)),
    ("device", Field::Identifier(Kind::Device)),
    ("picture_hashes", Field::Identifier(Kind::Picture)),
    ("picture_phashes", Field::Identifier(Kind::PictureLook)),
    ("document_hashes", Field::Identifier(Kind::Document)),
    ("urls", Field::Identifier(Kind::Page)),
    ("url", Field::Identifier(Kind::Page)),
    ("repositories", Field::Identifier(Kind::Repository)),
    ("texts", Field::FullText),
    ("text", Field::FullText),
    ("text_signatures", Field::Identifier(Kind::Text)),
    ("log_ins", Field::LogIn),
    ("tools", Field::Tool),
    ("vpn", Field::Vpn),
    ("time_zone", Field::TimeZone),
    ("time_zones_seen", Field::TimeZoneSeen),
    ("lives_at", Field::LivesAt),
    ("ship_to", Field::ShipTo),
    ("mail_drop", Field::MailDrop),
    ("video_refused", Field::VideoRefused),
    ("documents_altered", Field::DocumentsAltered),
    ("virtual_asset_pay", Field::VirtualAssetPay),
];

/// The field of this name, in either case, words joined as one likes.
pub(super) fn field(name: &str) -> Option<Field> {
    let plain: String = name
        .trim()
        .chars()
        .map(|c| if matches!(c, ' ' | '-') { '_' } else { c.to_ascii_lowercase() })
        .collect();
    FIELDS.iter().find(|(known, _)| *known == plain).map(|(_, field)| *field)
}

/// Takes one value into an application. An empty one says nothing.
pub(super) fn take(application: &mut Application, field: Field, value: &str, path: &str, read: &mut Read) {
    let value = value.trim();
    if value.is_empty() {
        return;
    }
    let flag = |read: &mut Read| match yes(value) {
        Some(yes) => yes,
        None => {
            read.warn("not-yes-or-no", path, "is neither yes nor no; left out");
            false
        }
    };
    let taken = match field {
        Field::Id => {
            cut(value).clone_into(&mut application.id);
            Ok(())
        }
        Field::Identifier(kind) => application.add(kind, value),
        Field::FullText => application.add_text(value),
        Field::LogIn => log_in(application, value),
        Field::Tool => application.add_tool(value),
        Field::TimeZone => {
            application.time_zone = Some(cut(value).to_owned());
            Ok(())
        }
        Field::TimeZoneSeen => application.add_time_zone_seen(value),
        Field::LivesAt => {
            application.lives_at = Some(cut(value).to_owned());
            Ok(())
        }
        Field::ShipTo => {
            application.ship_to = Some(cut(value).to_owned());
            Ok(())
        }
        Field::Vpn => {
            application.vpn |= flag(read);
            Ok(())
        }
        Field::MailDrop => {
            application.mail_drop |= flag(read);
            Ok(())
        }
        Field::VideoRefused => {
            application.video_refused |= flag(read);
            Ok(())
        }
        Field::DocumentsAltered => {
            application.documents_altered |= flag(read);
            Ok(())
        }
        Field::VirtualAssetPay => {
            application.virtual_asset_pay |= flag(read);
            Ok(())
        }
    };
    if let Err(wanted) = taken {
        read.warn("value-malformed", path, format!("is not {wanted}; left out, the rest is kept"));
    }
}

fn yes(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "yes" | "y" | "1" => Some(true),
        "false" | "no" | "n" | "0" => Some(false),
        _ => None,
    }
}

/// `2026-01-31T08:00:00Z 203.0.113.7 FR`: a time, then in any order an address and a country, either of which may be missing.
fn log_in(application: &mut Application, value: &str) -> Result<(), &'static str> {
    let mut words = value.split_whitespace();
    let at = words.next().and_then(|time| Timestamp::parse(time).ok());
    let at = at.ok_or("a log-in: a time in UTC (2026-01-31T08:00:00Z), an address, a country")?;
    let (mut address, mut country) = (None, None);
    for word in words {
        match word.contains(['.', ':']) {
            true => address = Some(word),
            false => country = Some(word),
        }
    }
    application.add_log_in(at, country, address)
}
