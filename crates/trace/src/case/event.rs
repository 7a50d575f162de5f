//! What happens to a case, as it is kept.

use serde::{Deserialize, Serialize};

use super::{Alert, Definition, Request, Step, Sums};

/// The version of the stored form.
const VERSION: u8 = 1;

/// One thing that happened to a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// It was opened.
    Opened(Definition),
    /// It is about this from now on.
    Changed(Definition),
    /// It was traced, and what is where has changed since the last time.
    Traced(Vec<Sums>),
    /// Something came to a service.
    Alert(Alert),
    /// These mail addresses are to be told of the alerts that come now.
    ToTell {
        /// The addresses.
        to: Vec<String>,
    },
    /// The mail server has taken what one of them was to be told.
    Told {
        /// The address.
        to: String,
    },
    /// It has not, for another reason than before.
    Untold {
        /// The address.
        to: String,
        /// Why.
        why: String,
        /// Whether it is not tried any more.
        is_final: bool,
    },
    /// These arrivals are not there any more, by their keys: the chain went another way, or a label changed.
    Gone(Vec<String>),
    /// A request to freeze was drafted; its number is one more than that of the last.
    Drafted(Request),
    /// A request came to another state.
    Step {
        /// The request's number, from 1.
        request: usize,
        /// What happened to it.
        step: Step,
    },
    /// What was found went to a circle.
    Shared {
        /// The circle's handle.
        circle: String,
        /// How many objects.
        objects: usize,
    },
    /// Somebody wrote something to it.
    Note(String),
    /// It was closed, for this reason.
    Closed(String),
    /// It goes on.
    Reopened,
}

#[derive(Serialize, Deserialize)]
struct Stored<H, E> {
    v: u8,
    case: H,
    event: E,
}

/// Why a text is no event.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// It has another form.
    #[error("the event of a case can't be read: {0}")]
    Form(#[from] serde_json::Error),
    /// It was written by a newer program.
    #[error("the event of a case has version {0}, this program knows {VERSION}: use a newer program")]
    Version(u8),
}

impl Event {
    /// The stored form, with the case's handle: `{"v":1,"case":"theft","event":{…}}`.
    #[must_use]
    pub fn to_json(&self, handle: &str) -> String {
        serde_json::to_string(&Stored { v: VERSION, case: handle, event: self }).unwrap_or_default()
    }

    /// Reads the stored form: the case's handle, and what happened.
    ///
    /// # Errors
    /// [`EventError`].
    pub fn from_json(text: &str) -> Result<(String, Self), EventError> {
        #[derive(Deserialize)]
        struct Version {
            v: u8,
        }
        let Version { v } = serde_json::from_str(text)?;
        if v != VERSION {
            return Err(EventError::Version(v));
        }
        let stored: Stored<String, Self> = serde_json::from_str(text)?;
        Ok((stored.case, stored.event))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_back_as_they_were() {
        let arrivals = vec![super::super::tests::arrival("1", "okx", 7)];
        for event in [Event::Note("봉수".to_owned()), Event::Reopened, Event::Alert(Alert { arrivals })] {
            let (handle, back) = Event::from_json(&event.to_json("theft")).unwrap();
            assert_eq!((handle.as_str(), back), ("theft", event));
        }
    }

    #[test]
    fn what_a_newer_program_wrote_is_not_guessed_at() {
        let told = Event::from_json(r#"{"v":2,"case":"theft","event":{"burnt":1}}"#).unwrap_err();
        assert!(matches!(told, EventError::Version(2)), "{told}");
        assert!(Event::from_json(r#"{"v":1,"case":"theft","event":{"burnt":1}}"#).is_err());
        assert!(Event::from_json("").is_err());
    }
}
