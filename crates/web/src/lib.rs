//! Pages for people and the log-in that stands around all HTTP surfaces.
//!
//! [`auth`] turns credentials into a [`policy::Caller`]; [`page`] shows an operator what each member got and what was held
//! back and why, and a member what it gets; [`answer`] takes what members say to their advisories, and what originators answer over signed
//! links, [`call`] what contacts answer to calls; [`capacity`] gathers where members and countries fall short; [`asks`] is how programs ask for a wider release, [`looks`] who looked at what, [`openapi`] describes all of it to programs. Pages work without scripts. What a member sees comes from
//! [`gate::Reader`] alone; an operator's pages may look at lines themselves.

pub mod answer;
pub mod asks;
pub mod auth;
pub mod call;
pub mod capacity;
pub mod federation;
pub mod looks;
pub mod openapi;
pub mod page;
pub mod people;
