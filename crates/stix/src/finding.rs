//! What is wrong with foreign data, said so that its sender can mend it.
//!
//! Reading gives what was good *and* a list of findings; a finding never stops the reading of what stands
//! beside it.

use std::fmt;

/// How grave a [`Finding`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The object is kept; its sender should look at it.
    Warning,
    /// The object is refused.
    Error,
}

/// One complaint about one place in foreign data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Stable name of the rule that was broken, such as `id-malformed`.
    pub code: &'static str,
    /// Whether the object is refused.
    pub severity: Severity,
    /// Where: a JSON path such as `objects[3].id`, or `line 7`.
    pub path: String,
    /// What is wrong, why, and what to do.
    pub message: String,
}

impl Finding {
    /// A finding that refuses the object.
    pub fn error(code: &'static str, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code, severity: Severity::Error, path: path.into(), message: message.into() }
    }

    /// A finding with which the object is kept.
    pub fn warning(code: &'static str, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code, severity: Severity::Warning, path: path.into(), message: message.into() }
    }

    /// The same finding seen from one level further out: `prefix` goes before its path.
    #[must_use]
    pub fn within(mut self, prefix: &str) -> Self {
        self.path = match (prefix.is_empty(), self.path.is_empty()) {
            (true, _) => self.path,
            (false, true) => prefix.to_owned(),
            (false, false) => format!("{prefix}.{}", self.path),
        };
        self
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            write!(f, "{} [{}]", self.message, self.code)
        } else {
            write!(f, "{}: {} [{}]", self.path, self.message, self.code)
        }
    }
}
