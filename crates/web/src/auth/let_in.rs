//! Telling that it is known whose a request is, and whose an answer.

use std::sync::Arc;

/// Is told once it is known whose a request is; an extension of the connection's requests, for whoever keeps places for them.
#[derive(Clone)]
pub struct LetIn(Arc<dyn Fn() + Send + Sync>);

impl LetIn {
    /// Calls `told`.
    pub fn new(told: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::new(told))
    }

    /// It is known whose the request is.
    pub fn tell(&self) {
        (self.0)();
    }
}

/// The answer is for somebody who was let in; an extension of the answer.
#[derive(Debug, Clone, Copy)]
pub struct Known;
