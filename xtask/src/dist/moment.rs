//! When the release was made: a time that is the same whenever and wherever it is made again.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result, ensure};

/// The variable by which builds are told their time. Source: reproducible-builds.org, "SOURCE_DATE_EPOCH specification".
pub(super) const VARIABLE: &str = "SOURCE_DATE_EPOCH";

/// A time in whole seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment(u64);

impl Moment {
    /// What `SOURCE_DATE_EPOCH` says, else the time of the commit that is checked out at `root`.
    pub(super) fn of(root: &Path) -> Result<Self> {
        let text = match std::env::var(VARIABLE) {
            Ok(text) => text,
            Err(_) => {
                let output =
                    Command::new("git").args(["log", "-1", "--format=%ct"]).current_dir(root).output();
                let output = output.with_context(|| format!("git does not run; set {VARIABLE}"))?;
                ensure!(output.status.success(), "{} is no checkout of git; set {VARIABLE}", root.display());
                String::from_utf8(output.stdout)?
            }
        };
        let seconds = text.trim().parse().with_context(|| format!("{VARIABLE} is `{}`", text.trim()))?;
        Ok(Self(seconds))
    }

    /// Seconds since 1970.
    pub(super) const fn seconds(self) -> u64 {
        self.0
    }

    pub(super) fn time(self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(self.0)
    }

    /// As RFC 3339 has it.
    pub(super) fn rfc_3339(self) -> String {
        let micros = i64::try_from(self.0).unwrap_or(i64::MAX).saturating_mul(1_000_000);
        stix::Timestamp::from_micros(micros).to_string()
    }

    /// As mails and Debian's changelogs have it.
    pub(super) fn rfc_5322(self) -> Result<String> {
        let output = Command::new("date")
            .env("LC_ALL", "C")
            .args(["--utc", "--rfc-email", "--date"])
            .arg(format!("@{}", self.0))
            .output()
            .context("date does not run")?;
        ensure!(output.status.success(), "date: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }
}
