//! A region: how partners reach each other and come to trust each other, what attacks pass through, and which aid there is.
//!
//! [`transit`] says which countries and networks attacks cross, and where help would remove most, [`world`] draws it, [`notice`] asks members to take
//! down what attacks use; [`capacity`] says where members and countries fall short of what the threats seen call for, and who may see
//! that; [`aid`] reads aid projects.
//! The rest, contacts, calls and drills, norms, measures and consultations, is what small [events](register::Event) add up to, in the order of the node's line ([`register::Register`]):
//! [`contact`] says whom to reach at a member, and when and how; [`drill`] is a question to such people, as an exercise or in
//! earnest, and how fast they answered; [`norms`] is what states say of the 11 norms; [`measure`] what was promised between
//! them, [`consultation`] when they meet, and [`calendar`] the same as iCalendar. Names and telephone numbers are personal
//! data: what is shown to a member is a [`policy::Opened`] value. Pure: no file, socket, clock or log; who sends a question
//! over which wire is known above.

pub mod aid;
pub mod calendar;
pub mod capacity;
pub mod consultation;
pub mod contact;
mod content_line;
pub mod drill;
mod instant;
pub mod measure;
pub mod norms;
pub mod notice;
pub mod register;
mod rows;
pub mod stored;
pub mod text;
pub mod transit;
pub mod world;

pub use register::{Event, Register};
