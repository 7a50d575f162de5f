//! How a run ends: the exit codes and the failure that carries one.
//!
//! Every command ends with one of the codes below; they are part of the program's face and do not change.
//! A [`Failure`] says what went wrong (with where and why) and what to do next, as two texts, so that both
//! a person and a script can use it.

use std::fmt;
use std::process::ExitCode;

/// The process's exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Exit {
    /// Everything that was asked for was done.
    Done,
    /// It could not be done; nothing, or only what the message says, was changed.
    Failed,
    /// The command line or the configuration makes no sense.
    Usage,
    /// It was done, and there is something to look at: refused objects, findings, a line that does not verify.
    Findings,
    /// Another bongsu has the data folder open and can't be asked to do it.
    Busy,
}

impl Exit {
    /// The number that the shell sees.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Findings => 3,
            Self::Busy => 4,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Why a command stopped, and what to do about it.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub(crate) struct Failure {
    /// The code with which the process ends.
    pub exit: Exit,
    /// What, where, why.
    pub message: String,
    /// What to do next, if there is something.
    pub hint: Option<String>,
}

impl Failure {
    /// A failure without a hint.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { exit: Exit::Failed, message: message.into(), hint: None }
    }

    /// Wrong use: a value that makes no sense where it stands.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, ..Self::new(message) }
    }

    /// The same failure with what to do next.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(failure) => failure,
            Err(error) => Self::new(format!("{error:#}")),
        }
    }
}
