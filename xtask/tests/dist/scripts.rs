//! The package's scripts, run by Debian's `dpkg` in a folder that stands for a system: set up, upgraded, taken away, with a node's data in it.
//!
//! `fakeroot` lets this be done without being root. Users and services are of the real system, so programs that stand for theirs are
//! found first and note how they are called.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::made::{Made, ran};

/// A system's folder, and what stands for programs that must not run here.
struct System {
    dir: tempfile::TempDir,
}

impl System {
    fn new() -> Self {
        let system = Self { dir: tempfile::tempdir().unwrap() };
        for folder in ["root/var/lib/dpkg/info", "root/var/lib/dpkg/updates", "root/etc", "bin"] {
            std::fs::create_dir_all(system.dir.path().join(folder)).unwrap();
        }
        // What the package depends on is no matter here.
        std::fs::write(system.root().join("var/lib/dpkg/status"), "").unwrap();
        for name in ["adduser", "systemd-sysusers", "systemctl", "chown", "getent"] {
            let path = system.dir.path().join("bin").join(name);
            let log = system.dir.path().join("calls");
            let end = if name == "getent" { 2 } else { 0 };
            let script = format!("#!/bin/sh\necho \"{name} $*\" >>{}\nexit {end}\n", log.display());
            std::fs::write(&path, script).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        system
    }

    fn root(&self) -> PathBuf {
        self.dir.path().join("root")
    }

    fn dpkg(&self, args: &[&str], file: Option<&Path>) -> String {
        let mut command = Command::new("fakeroot");
        command.arg("dpkg").arg(format!("--root={}", self.root().display()));
        command
            .args(["--force-script-chrootless", "--force-depends", "--force-bad-path"])
            .args(args)
            .args(file);
        let path = format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", self.dir.path().join("bin").display());
        let output = ran(command.env("PATH", path));
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(output.status.success(), "dpkg {args:?}: {said}");
        said
    }

    fn calls(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("calls")).unwrap_or_default()
    }
}

#[test]
fn a_nodes_data_outlives_its_package() {
    let (system, deb) = (System::new(), Made::get().deb());
    let said = system.dpkg(&["--install"], Some(&deb));
    assert!(said.contains("init --name") && said.contains("systemctl enable --now bongsu"), "{said}");
    let (root, calls) = (system.root(), system.calls());
    assert!(calls.contains("systemd-sysusers --root=") && calls.contains("bongsu.conf"), "{calls}");
    assert!(calls.contains("chown bongsu:bongsu"), "{calls}");
    assert!(!calls.contains("systemctl"), "another system's services are not touched: {calls}");
    let data = root.join("var/lib/bongsu");
    for folder in [&data, &root.join("var/backups/bongsu")] {
        let mode = std::fs::metadata(folder).unwrap().permissions().mode() & 0o7777;
        assert_eq!(mode, 0o700, "{}", folder.display());
    }
    assert!(root.join("usr/bin/bongsu").exists());

    // An upgrade, and the same again: nothing that is there is touched, nor is its mode.
    std::fs::write(data.join("node.key"), "a key").unwrap();
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o750)).unwrap();
    let chowns = system.calls().matches("chown").count();
    let said = system.dpkg(&["--install"], Some(&deb));
    assert!(!said.contains("init --name"), "it has its name already: {said}");
    assert_eq!(system.calls().matches("chown").count(), chowns);
    assert_eq!(std::fs::metadata(&data).unwrap().permissions().mode() & 0o7777, 0o750);

    system.dpkg(&["--remove", "bongsu"], None);
    assert!(!root.join("usr/bin/bongsu").exists());
    let said = system.dpkg(&["--purge", "bongsu"], None);
    assert!(said.contains("data stays in /var/lib/bongsu"), "{said}");
    assert_eq!(std::fs::read_to_string(data.join("node.key")).unwrap(), "a key");
    assert!(!root.join("var/backups/bongsu").exists(), "an empty folder tells nothing");
}

#[test]
fn scripts_are_read_by_the_shell_that_runs_them() {
    for script in ["postinst", "prerm", "postrm"] {
        let path = crate::made::root().join("packaging/deb").join(script);
        crate::made::said(Command::new("sh").arg("-n").arg(path));
    }
}
