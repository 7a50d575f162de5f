//! What the system says of this process, under the names that Prometheus' own libraries give it.
//!
//! Source: proc(5); Prometheus, "Writing client libraries", section "Process metrics".

use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Ticks of a second, as Linux tells them to programs (`USER_HZ`).
const TICKS_PER_S: f64 = 100.0;

/// How the process stands.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Process {
    /// Seconds of processors' time that it took.
    pub cpu_s: f64,
    /// Bytes of memory that it holds.
    pub resident_bytes: u64,
    /// Bytes of its addresses.
    pub virtual_bytes: u64,
    /// Threads.
    pub threads: u64,
    /// When it began, in seconds since 1970.
    pub start_s: f64,
    /// Files that are open.
    pub open_fds: u64,
    /// How many may be.
    pub max_fds: u64,
}

impl Process {
    /// As it stands now; `None` where the system does not say.
    pub(super) fn now() -> Option<Self> {
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        let uptime = fs::read_to_string("/proc/uptime").ok()?;
        let limits = fs::read_to_string("/proc/self/limits").ok()?;
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let mut process = Self::of(&stat, &uptime, since.as_secs_f64())?;
        let status = fs::read_to_string("/proc/self/status").ok()?;
        process.resident_bytes = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok())
            .map_or(0, |kib| kib << 10);
        process.max_fds = limits
            .lines()
            .find_map(|line| line.strip_prefix("Max open files"))
            .and_then(|line| line.split_whitespace().next()?.parse().ok())
            .unwrap_or_default();
        // The folder that is being read is one of them.
        process.open_fds = (fs::read_dir("/proc/self/fd").ok()?.count() as u64).saturating_sub(1);
        Some(process)
    }

    #[expect(clippy::cast_precision_loss, reason = "ticks, as seconds")]
    fn of(stat: &str, uptime: &str, now_s: f64) -> Option<Self> {
        // The program's name may hold anything, and ends with the last parenthesis.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
        let up_s: f64 = uptime.split_whitespace().next()?.parse().ok()?;
        Some(Self {
            cpu_s: (field(14)? + field(15)?) as f64 / TICKS_PER_S,
            threads: field(20)?,
            start_s: now_s - up_s + field(22)? as f64 / TICKS_PER_S,
            virtual_bytes: field(23)?,
            ..Self::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Process;

    #[test]
    fn a_process_is_read_whatever_its_name() {
        let stat = "42 (a) b) S 1 1 1 0 -1 4194560 1 0 0 0 250 50 0 0 20 0 9 0 1000 1048576 10 18446744073709551615 0";
        let process = Process::of(stat, "100.00 55.0\n", 1_000_000.0).unwrap();
        assert_eq!((process.cpu_s, process.threads), (3.0, 9));
        assert_eq!(process.virtual_bytes, 1_048_576);
        assert!((process.start_s - 999_910.0).abs() < 0.001);
        assert_eq!(Process::of("42 (x) S", "1 1", 0.0), None);
    }

    #[test]
    fn this_process_is_found() {
        let process = Process::now().unwrap();
        assert!(process.resident_bytes > 1 << 20 && process.threads > 0 && process.open_fds > 0);
        assert!(process.max_fds >= process.open_fds);
    }
}
