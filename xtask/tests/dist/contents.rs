//! What is in the package and the archive.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::made::{EPOCH, Made, dist, files, one, program, root, said};

#[test]
fn two_runs_give_the_same_bytes_and_sums_that_hold() {
    let (made, again) = (Made::get(), tempfile::tempdir().unwrap());
    dist(again.path());
    let names = |folder: &Path| -> Vec<String> {
        files(folder).iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&made.out()), names(again.path()));
    assert_eq!(names(again.path()).len(), 4);
    for (one, other) in files(&made.out()).iter().zip(files(again.path())) {
        assert!(std::fs::read(one).unwrap() == std::fs::read(&other).unwrap(), "{} differs", one.display());
    }
    said(Command::new("sha256sum").current_dir(again.path()).args(["--check", "--strict", "SHA256SUMS"]));
}

#[test]
fn the_package_says_what_it_needs_and_holds_nothing_of_this_machine() {
    let made = Made::get();
    let info = said(Command::new("dpkg-deb").arg("--info").arg(made.deb()));
    let field = |name: &str| {
        let line = info.lines().find_map(|line| line.trim().strip_prefix(&format!("{name}: ")));
        line.unwrap_or_else(|| panic!("no {name}: {info}")).to_owned()
    };
    assert_eq!(
        (field("Package"), field("Maintainer")),
        ("bongsu".into(), "Keeper <keeper@example.org>".into())
    );
    // Debian's own reckoning of what the program needs comes to the same packages, and to no newer ones: it does not know what the
    // loader must be able to do.
    let debian = tempfile::tempdir().unwrap();
    std::fs::create_dir(debian.path().join("debian")).unwrap();
    let control = "Source: bongsu\n\nPackage: bongsu\nArchitecture: any\n";
    std::fs::write(debian.path().join("debian/control"), control).unwrap();
    let mut command = Command::new("dpkg-shlibdeps");
    let reckoned = said(command.current_dir(debian.path()).arg("-O").arg(program()));
    let reckoned = reckoned.trim().strip_prefix("shlibs:Depends=").unwrap();
    let version = |needed: &str| -> Vec<u32> {
        let digits = needed.split_once(">= ").unwrap().1.trim_end_matches(')');
        digits.split('.').map(|part| part.parse().unwrap()).collect()
    };
    let depends = field("Depends");
    let ours: Vec<&str> = depends.strip_prefix("adduser, ").unwrap().split(", ").collect();
    let theirs: Vec<&str> = reckoned.split(", ").collect();
    assert_eq!(ours.len(), theirs.len(), "{ours:?} {theirs:?}");
    for (our, their) in ours.iter().zip(theirs) {
        assert_eq!(our.split(' ').next(), their.split(' ').next());
        assert!(version(our) >= version(their), "{our} is less than {their}");
    }

    let contents = said(Command::new("dpkg-deb").arg("--contents").arg(made.deb()));
    for line in contents.lines() {
        let mut words = line.split_whitespace();
        let (mode, owner) = (words.next().unwrap(), words.next().unwrap());
        assert_eq!(owner, "root/root", "{line}");
        let name = line.rsplit(' ').next().unwrap();
        let is_program = name == "./usr/bin/bongsu";
        let right = if mode.starts_with('d') || is_program { "rwxr-xr-x" } else { "rw-r--r--" };
        assert_eq!(&mode[1..], right, "{line}");
        // 2026-09-21, as it was told.
        assert!(line.contains("2026-09-21"), "not the time of SOURCE_DATE_EPOCH={EPOCH}: {line}");
    }
    for name in [
        "usr/lib/systemd/system/bongsu.service",
        "usr/lib/sysusers.d/bongsu.conf",
        "usr/share/man/man1/bongsu.1.gz",
        "usr/share/man/man1/bongsu-member-add.1.gz",
        "usr/share/bash-completion/completions/bongsu",
        "usr/share/doc/bongsu/copyright",
        "usr/share/doc/bongsu/changelog.gz",
        "usr/share/doc/bongsu/third-party.txt.gz",
        "usr/share/doc/bongsu/docs/operate.md",
    ] {
        assert!(contents.contains(&format!("./{name}\n")), "{name} is missing");
    }
    let home = root();
    for file in files(&made.tree()).iter().filter(|file| !file.ends_with("usr/bin/bongsu")) {
        let bytes = std::fs::read(file).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(home.to_str().unwrap()), "{} names this machine's folders", file.display());
    }
    let sums = said(Command::new("dpkg-deb").args(["--info"]).arg(made.deb()).arg("md5sums"));
    let sums_file = made.tree().join("../md5sums");
    std::fs::write(&sums_file, sums).unwrap();
    said(
        Command::new("md5sum")
            .current_dir(made.tree())
            .args(["--check", "--strict", "--quiet"])
            .arg(sums_file),
    );
}

#[test]
fn the_archive_has_the_same_files_and_its_program_runs() {
    let (made, unpacked) = (Made::get(), tempfile::tempdir().unwrap());
    let archive = one(&made.out(), ".tar.gz");
    let mut tar = Command::new("tar");
    said(tar.args(["--extract", "--gzip", "--file"]).arg(archive).arg("--directory").arg(unpacked.path()));
    let top = std::fs::read_dir(unpacked.path()).unwrap().next().unwrap().unwrap().path();
    let name = top.file_name().unwrap().to_str().unwrap().to_owned();
    assert!(name.starts_with("bongsu-") && name.ends_with(std::env::consts::ARCH), "{name}");
    let tree = |folder: &Path| -> Vec<(String, Vec<u8>)> {
        let name = |path: &Path| path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
        files(folder).iter().map(|path| (name(path), std::fs::read(path).unwrap())).collect()
    };
    // Debian's changelog is for Debian's tools alone.
    let mut package = tree(&made.tree());
    package.retain(|(name, _)| name != "usr/share/doc/bongsu/changelog.gz");
    let archive = tree(&top);
    let names = |files: &[(String, Vec<u8>)]| files.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&archive), names(&package));
    assert!(archive == package, "a file differs between the package and the archive");
    let version = said(Command::new(top.join("usr/bin/bongsu")).arg("--version"));
    assert_eq!(version.trim(), format!("bongsu {}", env!("CARGO_PKG_VERSION")));
}

#[test]
fn each_page_of_the_manual_is_rendered_without_a_warning() {
    let man = Made::get().tree().join("usr/share/man/man1");
    let pages = files(&man);
    assert!(pages.len() > 100, "{} pages", pages.len());
    for page in &pages {
        let mut command = Command::new("man");
        let output =
            crate::made::ran(command.args(["--warnings", "--local-file"]).arg(page).env("MANWIDTH", "80"));
        let warned = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && warned.is_empty(), "{}: {warned}", page.display());
        let name = page.file_name().unwrap().to_str().unwrap().trim_end_matches(".1.gz");
        assert!(String::from_utf8_lossy(&output.stdout).contains(name), "{} is empty", page.display());
    }
}

#[test]
fn completions_are_read_and_complete() {
    let tree = Made::get().tree();
    let bash = tree.join("usr/share/bash-completion/completions/bongsu");
    said(Command::new("bash").arg("-n").arg(&bash));
    // What bash does at Tab after `bongsu mem`: it calls the function with the words so far.
    let tab = r#"source "$1"; COMP_WORDS=(bongsu mem); COMP_CWORD=1; _bongsu bongsu mem bongsu; echo "${COMPREPLY[@]}""#;
    let completed = said(Command::new("bash").args(["-c", tab, "bash"]).arg(&bash));
    assert_eq!(completed.trim(), "member");
    let text = |name: &str| std::fs::read_to_string(tree.join(name)).unwrap();
    assert!(text("usr/share/zsh/vendor-completions/_bongsu").starts_with("#compdef bongsu"));
    assert!(text("usr/share/fish/vendor_completions.d/bongsu.fish").contains("complete -c bongsu"));
}

#[test]
fn the_bill_of_materials_is_valid_and_whole() {
    let file = one(&Made::get().out(), ".cdx.json");
    let check = "import sys; sys.path.insert(0, sys.argv[1])
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(open(sys.argv[2]).read())
sys.exit(str(wrong) if wrong else 0)";
    let python = root().join(".peers/venv/bin/python");
    said(Command::new(python).args(["-c", check]).arg(root().join(".peers/cyclonedx")).arg(&file));

    let bill: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let components = bill["components"].as_array().unwrap();
    let find = |name: &str| {
        let found = components.iter().find(|component| component["name"] == name);
        found.unwrap_or_else(|| panic!("no {name}"))
    };
    assert_eq!(bill["metadata"]["component"]["name"], "bongsu");
    for name in ["tokio", "rustls", "ring", "libsqlite3-sys", "bongsu-line", "sqlite", "zstd", "mimalloc"] {
        assert_eq!(find(name)["scope"], "required", "{name} is in the program");
    }
    for name in ["serde_derive", "syn", "cc"] {
        assert_eq!(find(name)["scope"], "excluded", "{name} takes part in compiling alone");
    }
    for name in ["proptest", "insta", "datafusion", "ballista-core"] {
        assert!(
            !components.iter().any(|component| component["name"] == name),
            "{name} is in no program here"
        );
    }
    // The checksums are those of the lock file, the licences are told, and everything is somebody's dependency.
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let dependencies = bill["dependencies"].as_array().unwrap();
    for component in components {
        assert!(!component["licenses"][0]["expression"].as_str().unwrap().is_empty(), "{component}");
        if let Some(hash) = component["hashes"][0]["content"].as_str() {
            assert!(lock.contains(&format!("checksum = \"{hash}\"")), "{component}");
        }
        let reference = &component["bom-ref"];
        let needed = |one: &Value| one["dependsOn"].as_array().is_some_and(|on| on.contains(reference));
        assert!(dependencies.iter().any(needed), "nobody needs {reference}");
        assert!(dependencies.iter().any(|one| one["ref"] == *reference), "{reference} has no row");
    }
}
