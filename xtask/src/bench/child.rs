//! A program that runs as its own process, and what it took.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

/// What a process took, and said.
#[derive(Debug)]
pub(super) struct Took {
    pub(super) time: Duration,
    /// Of all its threads on a processor, as it was last seen.
    pub(super) processor: Duration,
    /// The most memory that it had, in MiB.
    pub(super) memory: f64,
    pub(super) said: String,
}

/// Runs a program to its end.
pub(super) fn measured(command: &mut Command) -> Result<Took> {
    let started = Instant::now();
    let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let about = format!("/proc/{}", child.id());
    let watcher = std::thread::spawn(move || {
        let (mut memory, mut processor) = (0_u64, 0_u64);
        // The highest so far, as the kernel keeps it.
        while let Some(now) =
            fs::read_to_string(format!("{about}/status")).ok().as_deref().and_then(high_water)
        {
            memory = memory.max(now);
            let stat = fs::read_to_string(format!("{about}/stat")).unwrap_or_default();
            processor = processor.max(ticks(&stat).unwrap_or(0));
            std::thread::sleep(Duration::from_millis(2));
        }
        (memory, processor)
    });
    let output = child.wait_with_output()?;
    let time = started.elapsed();
    ensure!(output.status.success(), "{command:?} failed: {}", output.status);
    let (memory, processor) = watcher.join().unwrap_or_default();
    Ok(Took {
        time,
        // A tick is a hundredth of a second wherever Linux runs.
        processor: Duration::from_millis(processor * 10),
        memory: memory as f64 / 1024.0,
        said: String::from_utf8(output.stdout)?,
    })
}

fn high_water(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

/// Ticks on a processor, for the program and for the system: the 14th and 15th fields; the second one, the name, ends with `)`.
fn ticks(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}
