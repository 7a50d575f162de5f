//! A request to a service to freeze stolen virtual assets: one document that stands by itself (rule V-10).
//!
//! [`FreezeRequest`] is what it says; its JSON is what is kept and signed. From that, and nothing else, come the document to print
//! ([`FreezeRequest::pdf`]) and the text of a mail ([`FreezeRequest::text`]), in a language that the node speaks. [`note`] binds the two
//! files to the node's key.

mod page;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use stix::Tlp;

use crate::advisory::{paper, plain_text};
use crate::error::DeliverError;
use crate::hex::hex;
use crate::letterhead::Letterhead;
use crate::mail::Content;
use crate::speech::{Language, Put};

/// The version of the form.
pub const VERSION: u8 = 1;
/// Longest document that is read, in bytes.
pub const DOCUMENT_BYTES_MAX: usize = 8 << 20;

/// What a service is asked to freeze, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct FreezeRequest {
    /// [`VERSION`].
    pub bongsu_freeze_request: u8,
    /// The case's handle.
    pub case: String,
    /// The request's number in the case, from 1.
    pub number: usize,
    /// What people call the case.
    pub title: String,
    /// When it was made, RFC 3339.
    pub made: String,
    /// The node that makes it.
    pub node: String,
    /// The key with which it is signed, as `bongsu pack key` shows it.
    pub key: String,
    /// How it is marked (TLP 2.0).
    pub tlp: String,
    /// The service that is asked.
    pub service: String,
    /// What kind of service it is said to be.
    pub category: String,
    /// Who says that the addresses are the service's: source and date of each label.
    pub labelled_by: Vec<String>,
    /// What it is asked to freeze, by chain and asset.
    pub totals: Vec<Total>,
    /// What was stolen, as indices among `transfers`; at most [`THEFTS_MAX`] of them.
    pub thefts: Vec<usize>,
    /// How many thefts there are.
    pub thefts_count: usize,
    /// What came to the service, in order.
    pub arrivals: Vec<Came>,
    /// The transfers that thefts, arrivals and paths name.
    pub transfers: Vec<Moved>,
    /// By which rule taint was passed on: `fifo`, `lifo`, `haircut`, `poison` or `tiho`.
    pub method: String,
    /// Whether some of it lies in outputs, as on Bitcoin.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub outputs: bool,
    /// The time of the last transfer that was looked at, RFC 3339.
    pub until: String,
    /// Whom the service can ask.
    pub contact: Option<String>,
    /// The law or order that it stands on.
    pub legal: Option<String>,
}

/// Thefts that a request lists.
pub const THEFTS_MAX: usize = 50;

/// A sum of one asset on one chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Total {
    /// The chain.
    pub chain: String,
    /// The asset.
    pub asset: String,
    /// How much, as a whole number of the smallest unit.
    pub units: String,
    /// The same for people: `98,048.8948 ETH`.
    pub amount: String,
    /// To which of the service's addresses.
    pub addresses: Vec<String>,
}

/// Something stolen that came to the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Came {
    /// The transfer by which it came, as an index among the transfers.
    pub transfer: usize,
    /// The transfers from a theft to it, the theft first; empty if the path is not told.
    pub path: Vec<usize>,
}

/// A transfer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Moved {
    /// The chain.
    pub chain: String,
    /// The transaction.
    pub transaction: String,
    /// Its block.
    pub block: u64,
    /// When, RFC 3339.
    pub time: String,
    /// Who gave.
    pub from: String,
    /// Who got.
    pub to: String,
    /// The asset.
    pub asset: String,
    /// How much, as a whole number of the smallest unit.
    pub units: String,
    /// How much of it was stolen, likewise.
    pub tainted_units: String,
    /// Both for people.
    pub amount: String,
    /// How much of it was stolen, for people.
    pub tainted: String,
}

impl FreezeRequest {
    /// The document: JSON with line breaks, always the same for the same request.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).map(|text| text + "\n").unwrap_or_default()
    }

    /// Reads a document.
    ///
    /// # Errors
    /// A text that says what is wrong with it.
    pub fn from_json(text: &str) -> Result<Self, String> {
        if text.len() > DOCUMENT_BYTES_MAX {
            return Err(format!("it has {} bytes; the limit is {DOCUMENT_BYTES_MAX}", text.len()));
        }
        let read: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        match read.bongsu_freeze_request {
            VERSION => Ok(read),
            other => Err(format!("it has version {other}, this program knows {VERSION}")),
        }
    }

    fn tlp(&self) -> Tlp {
        self.tlp.parse().unwrap_or(Tlp::Amber)
    }

    /// The document to print.
    ///
    /// # Errors
    /// [`DeliverError::Unset`] if no font has the letters of the language; [`DeliverError::Render`].
    pub fn pdf(&self, language: Language, letterhead: &Letterhead) -> Result<Vec<u8>, DeliverError> {
        paper(&page::page(self, language), letterhead.fonts())
    }

    /// The document as plain text.
    #[must_use]
    pub fn text(&self, language: Language) -> String {
        plain_text(&page::page(self, language))
    }

    /// A mail that it goes with. What is attached says all of it.
    #[must_use]
    pub fn mail(&self, language: Language) -> Content {
        let speech = language.speech();
        let put = [
            ("service", Put::Text(&self.service)),
            ("case", Put::Text(&self.title)),
            ("tlp", Put::Text(&self.tlp)),
            ("number", Put::Count(self.number)),
        ];
        let subject = speech.tell("freeze-subject", &put);
        let totals: Vec<&str> = self.totals.iter().map(|total| total.amount.as_str()).collect();
        let asked = speech.tell("freeze-mail", &[("amount", Put::Text(&totals.join(", "))), put[1]]);
        let attached = speech.say("freeze-attached");
        let contact = self
            .contact
            .as_deref()
            .map(|contact| speech.tell("freeze-contact", &[("contact", Put::Text(contact))]));
        let paragraphs: Vec<&str> =
            [asked.as_str(), &attached].into_iter().chain(contact.as_deref()).collect();
        Content::of(language, subject, &paragraphs)
    }
}

/// The text that the node signs: which files belong to a request, by their SHA-256. As a C2SP signed note it is the third file.
#[must_use]
pub fn note(request: &FreezeRequest, files: &[(&str, &[u8])]) -> String {
    let mut text = format!("Bongsu freeze request\n{} {}\n", request.case, request.number);
    for (name, bytes) in files {
        text.push_str(&format!("sha256 {} {name}\n", digest(bytes)));
    }
    text
}

/// A file's SHA-256 in hexadecimal digits.
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}
