//! The MISP server over its router: what is found in every form is the same, what is changed is changed once and by whose it
//! is, and what can't be taken is told with its reason.

mod changing;
mod delivered;
mod node;
mod saying;
mod searching;
