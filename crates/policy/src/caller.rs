//! Who asks, and over what.
//!
//! Both are made where credentials and connections are known, and travel beside a request.

use crate::member::MemberId;

/// Who asks, already authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Caller {
    /// An operator of this node.
    Operator,
    /// A member.
    Member(MemberId),
}

/// What a request came over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Channel {
    /// Whether nobody between the member and the node can read along.
    pub encrypted: bool,
    /// Whether an operator looks at what the member gets, so that it proves nothing about the member.
    pub looked_at: bool,
}
