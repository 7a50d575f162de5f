//! What an applicant gave, and what an employer saw of the applicant.

use stix::Timestamp;

use super::identifier::{Identifier, IdentifierKind, owner, profile};
use super::text::Signature;

/// Most values of an application.
pub const VALUES_MAX: usize = 1_000;
/// Longest text of a field that is kept as it is, in bytes.
const TEXT_BYTES_MAX: usize = 1024;

/// One application. It has no field for where somebody comes from, so that nothing of it can be compared (rule W-2).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Application {
    /// What the employer calls it.
    pub id: String,
    /// What can be the same as another's, each once, in the order given.
    pub(super) identifiers: Vec<Identifier>,
    /// Log-ins, in the order given.
    pub log_ins: Vec<LogIn>,
    /// Programs and devices seen, as written.
    pub tools: Vec<String>,
    /// Whether a VPN or proxy was seen that the employer does not provide.
    pub vpn: bool,
    /// The time zone that the applicant states: a name of the IANA database, or an offset.
    pub time_zone: Option<String>,
    /// Time zones that were seen: a device's, or the hours of work.
    pub time_zones_seen: Vec<String>,
    /// Where the applicant says to live.
    pub lives_at: Option<String>,
    /// Where the device is to be sent.
    pub ship_to: Option<String>,
    /// Whether the place that the device is to be sent to is a mail drop.
    pub mail_drop: bool,
    /// Whether video was refused.
    pub video_refused: bool,
    /// Whether a document was found to be altered.
    pub documents_altered: bool,
    /// Whether pay is wanted in virtual assets.
    pub virtual_asset_pay: bool,
}

/// A log-in, as an employer's record has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogIn {
    /// When.
    pub at: Timestamp,
    /// The country that the address is in; compared with those of other log-ins, and with nothing else.
    pub country: Option<String>,
}

impl Application {
    /// An application without anything in it.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), ..Self::default() }
    }

    /// What can be the same as another's.
    #[must_use]
    pub fn identifiers(&self) -> &[Identifier] {
        &self.identifiers
    }

    /// Its names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.of(IdentifierKind::Name).map(Identifier::text)
    }

    pub(super) fn of(&self, kind: IdentifierKind) -> impl Iterator<Item = &Identifier> {
        self.identifiers.iter().filter(move |identifier| identifier.kind() == kind)
    }

    /// Adds an identifier, and those that follow from it: the account whose profile a page is, the owner of a repository.
    ///
    /// # Errors
    /// What it should have been.
    pub fn add(&mut self, kind: IdentifierKind, text: &str) -> Result<(), &'static str> {
        if kind == IdentifierKind::Page {
            // A page of a repository is that, and the address of a profile is that account; neither is a work of its own.
            let repository = Identifier::read(IdentifierKind::Repository, text).ok();
            if repository.as_ref().and_then(owner).is_some() {
                return self.add(IdentifierKind::Repository, text);
            }
            if profile(text).is_some() {
                return self.add(IdentifierKind::Account, text);
            }
        }
        let found = Identifier::read(kind, text)?;
        let account = if kind == IdentifierKind::Repository { owner(&found) } else { None };
        self.put(found)?;
        account.map_or(Ok(()), |account| self.put(account))
    }

    fn put(&mut self, identifier: Identifier) -> Result<(), &'static str> {
        if self.identifiers.contains(&identifier) {
            return Ok(());
        }
        if self.values() >= VALUES_MAX {
            return Err("one of at most 1,000 values of an application");
        }
        self.identifiers.push(identifier);
        Ok(())
    }

    /// Adds a text by its signature; one that is too short to be compared is left out.
    ///
    /// # Errors
    /// When there are too many values.
    pub fn add_text(&mut self, text: &str) -> Result<(), &'static str> {
        let Some(signature) = Signature::of(text) else { return Ok(()) };
        self.put(Identifier::read(IdentifierKind::Text, &signature.to_string())?)
    }

    /// Adds a log-in; its address, if it is public, is an identifier too.
    ///
    /// # Errors
    /// When there are too many values, or the address is none.
    pub fn add_log_in(
        &mut self,
        at: Timestamp,
        country: Option<&str>,
        address: Option<&str>,
    ) -> Result<(), &'static str> {
        if self.values() >= VALUES_MAX {
            return Err("one of at most 1,000 values of an application");
        }
        let country = country.map(str::trim).filter(|country| !country.is_empty());
        self.log_ins.push(LogIn { at, country: country.map(|country| cut(country).to_uppercase()) });
        let Some(address) = address else { return Ok(()) };
        match address.trim().parse::<std::net::IpAddr>() {
            Err(_) => Err("an IP address"),
            Ok(_) => {
                Identifier::read(IdentifierKind::Address, address).map_or(Ok(()), |found| self.put(found))
            }
        }
    }

    /// Adds a program or device that was seen.
    ///
    /// # Errors
    /// When there are too many values.
    pub fn add_tool(&mut self, name: &str) -> Result<(), &'static str> {
        if self.values() >= VALUES_MAX {
            return Err("one of at most 1,000 values of an application");
        }
        self.tools.push(cut(name.trim()).to_owned());
        Ok(())
    }

    /// Adds a time zone that was seen.
    ///
    /// # Errors
    /// When there are too many values.
    pub fn add_time_zone_seen(&mut self, zone: &str) -> Result<(), &'static str> {
        if self.values() >= VALUES_MAX {
            return Err("one of at most 1,000 values of an application");
        }
        self.time_zones_seen.push(cut(zone.trim()).to_owned());
        Ok(())
    }

    fn values(&self) -> usize {
        self.identifiers.len() + self.log_ins.len() + self.tools.len() + self.time_zones_seen.len()
    }
}

/// A text cut to what a field keeps, between two characters.
pub(super) fn cut(text: &str) -> &str {
    let mut end = text.len().min(TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
