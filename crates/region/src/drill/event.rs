//! What happens to a call, as it is kept.

use policy::MemberId;
use serde::{Deserialize, Serialize};

use super::{Definition, Wire};
use crate::contact::Function;

/// One thing that happened to a call. Asks are named by their places, from 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// It began.
    Began(Definition),
    /// A contact is asked; its place is one more than that of the last.
    Asked {
        /// The contact's handle.
        contact: String,
        /// Its member.
        member: MemberId,
        /// What it is asked as.
        function: Function,
        /// The ask whose time had passed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        instead_of: Option<usize>,
        /// Whether it is in its hours, if that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        in_hours: Option<bool>,
        /// By which wires it goes out.
        wires: Vec<Wire>,
    },
    /// The other side took the question.
    Delivered {
        /// Which ask.
        ask: usize,
        /// By what.
        wire: Wire,
    },
    /// The other side did not take it. It is kept the first time, when the reason changes, and when it is for good.
    NotDelivered {
        /// Which ask.
        ask: usize,
        /// By what.
        wire: Wire,
        /// Why.
        why: String,
        /// Whether it is not tried again.
        is_final: bool,
    },
    /// Somebody answered over the link.
    Answered {
        /// Which ask.
        ask: usize,
        /// Who says that they answered.
        name: String,
        /// What they said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    },
    /// Its time has passed, and nobody is left to ask.
    Exhausted {
        /// Which ask.
        ask: usize,
    },
    /// It was ended: nobody else is asked, and its links answer no more.
    Closed {
        /// Why.
        reason: String,
    },
}
