//! What is acknowledged was synced before: watched from outside, call by call, with strace.

use std::process::Command;

use crate::dice::Dice;

/// Appends so many times, and sees that nothing is said while something of the log is not on the disk.
pub(crate) fn rounds(dice: &mut Dice, rounds: u64) -> u64 {
    let folder = tempfile::tempdir().unwrap();
    let calls = folder.path().join("calls");
    let mut command = Command::new("strace");
    command.args(["-f", "-y", "-s", "0", "-e", "trace=write,pwrite64,fsync,fdatasync", "-o"]).arg(&calls);
    command.arg(std::env::current_exe().unwrap()).arg("child").arg(folder.path().join("node"));
    let output = command.args([dice.below(1 << 20).to_string(), rounds.to_string()]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).unwrap();
    let (mut written, mut synced, mut answers) = (false, 0, 0);
    for call in std::fs::read_to_string(&calls).unwrap().lines() {
        let is = |names: [&str; 2]| names.iter().any(|name| call.contains(name));
        let (ended, of_log) = (call.ends_with("= 0"), call.contains("bongsu.sqlite-wal>"));
        if call.contains(" write(1<") {
            assert!(!written, "an answer before the log was synced: {call}");
            answers += 1;
        } else if of_log && is([" write(", " pwrite64("]) {
            written = true;
        } else if ended && (of_log && is([" fsync(", " fdatasync("]) || call.contains("sync resumed>")) {
            (written, synced) = (false, synced + 1);
        }
    }
    assert!(answers == rounds && synced >= rounds, "{answers} answers, {synced} syncs of {rounds} appends");
    said.lines().count() as u64
}
