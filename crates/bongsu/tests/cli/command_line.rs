//! What a person or a script meets on the command line: help, wrong input, configuration, exit codes.

use crate::shell::{Shell, bare, ended};

#[test]
fn help_says_what_there_is() {
    let shell = Shell::empty();
    insta::assert_snapshot!(
        ended(bare(&shell.path("")).arg("--help").env("COLUMNS", "100").output().unwrap()).out
    );
}

#[test]
fn wrong_use_ends_with_2_and_says_why() {
    let shell = Shell::peers();
    for args in [
        &["nonsense"][..],
        &["import"],
        &["member", "add", "x", "--level", "boss"],
        &["member", "add", "Not a handle"],
        &["member", "add", "operator"],
        &["member", "add", "x", "--country", "Korea"],
        &["circle", "add", "c", "--ends", "tomorrow"],
        &["circle", "add", "c", "--starts", "2026-02-01", "--ends", "2026-01-01"],
        &["import", "f", "--circle", "peers", "--as", "cert", "--tlp", "pink"],
        &["--quiet", "-v", "member", "list"],
        &["share", "--circle", "peers"],
    ] {
        let (code, err) = shell.fails(args);
        assert_eq!(code, 2, "{args:?}: {err}");
        assert!(err.starts_with("error: "), "{args:?}: {err}");
    }
}

#[test]
fn what_is_not_there_is_said_with_what_to_do() {
    let shell = Shell::peers();
    let check = |args: &[&str], part: &str| {
        let (code, err) = shell.fails(args);
        assert_eq!(code, 1, "{args:?}: {err}");
        assert!(err.contains(part) && err.contains("hint: "), "{args:?}: {err}");
    };
    check(&["member", "show", "nobody"], "`nobody`");
    check(&["circle", "show", "nothing"], "`nothing`");
    check(&["member", "add", "cert"], "already");
    check(&["circle", "add", "peers"], "already");
    check(&["circle", "join", "peers", "nobody"], "`nobody`");
    check(&["member", "token", "--revoke", "0"], "`0`");
    check(&["init"], "already");
    check(
        &["import", "/nonexistent/file.json", "--circle", "peers", "--as", "cert"],
        "/nonexistent/file.json",
    );
    check(&["import", "/nonexistent/file.json", "--circle", "peers"], "--as");
    let here = shell.file("taken", "x");
    check(&["backup", &here], "exists");
}

#[test]
fn a_folder_without_a_node_is_said_to_be_one() {
    let shell = Shell::empty();
    let (code, err) = shell.fails(&["member", "list"]);
    assert_eq!(code, 1);
    insta::assert_snapshot!(err, @r"
    error: DIR/node is no node's folder: node.key is missing
    hint: make one with `bongsu init`, or name yours with --data or BONGSU_DATA
    ");
}

#[test]
fn an_error_of_the_configuration_shows_file_and_line() {
    let shell = Shell::node();
    let config = shell.file("wrong.toml", "[http]\nlisten = \"127.0.0.1:0\"\n\n[dns]\nenable = true\n");
    let (code, err) = shell.fails(&["--config", &config, "member", "list"]);
    assert_eq!(code, 2);
    insta::assert_snapshot!(err, @r"
    error: DIR/wrong.toml: line 5, `enable = true`: unknown field `enable`, expected one of `enabled`, `listen`, `tls_listen`, `origin`
    hint: `bongsu init` in a new folder writes a file with all keys and their meaning
    ");
}

#[test]
fn a_variable_that_names_no_key_is_named() {
    let shell = Shell::node();
    let mut command = shell.command(&["member", "list"]);
    let ended = ended(command.env("BONGSU__HTTP__PORT", "80").output().unwrap());
    assert_eq!(ended.code, 2);
    assert!(ended.err.contains("BONGSU__HTTP__PORT") && ended.err.contains("`port`"), "{}", ended.err);
}

#[test]
fn errors_are_json_when_answers_are() {
    let shell = Shell::node();
    let (code, err) = shell.fails(&["--json", "member", "show", "nobody"]);
    assert_eq!(code, 1);
    let error: serde_json::Value = serde_json::from_str(&err).unwrap();
    assert_eq!(error["error"]["exit"], 1);
    assert!(error["error"]["message"].as_str().unwrap().contains("nobody"));
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let shell = Shell::node();
    let key = shell.data().join("token.secret");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let (_, err) = shell.fails(&["member", "list"]);
    assert!(err.contains("token.secret") && err.contains("chmod 600"), "{err}");
}

#[test]
fn completions_are_made_for_each_shell() {
    let shell = Shell::empty();
    for name in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(shell.ok(&["completions", name]).contains("bongsu"), "{name}");
    }
}

#[test]
fn the_manual_has_a_page_for_each_command() {
    let shell = Shell::empty();
    let folder = shell.path("man");
    let made = shell.json(&["man", folder.to_str().unwrap()]);
    let pages: Vec<&str> =
        made["pages"].as_array().unwrap().iter().map(|page| page.as_str().unwrap()).collect();
    // The commands that help shows, each with its own below it.
    for page in ["bongsu.1", "bongsu-serve.1", "bongsu-member-add.1", "bongsu-trace-bitcoin.1"] {
        assert!(pages.contains(&page), "{page} in {pages:?}");
    }
    let help = shell.ok(&["--help"]);
    let commands = help.split_once("Commands:").unwrap().1.split_once("Options:").unwrap().0;
    let named = commands.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    for name in named.filter(|name| !name.is_empty() && *name != "help") {
        assert!(pages.contains(&format!("bongsu-{name}.1").as_str()), "{name} in {pages:?}");
    }
    let add = std::fs::read_to_string(folder.join("bongsu-member-add.1")).unwrap();
    assert!(add.contains("clearance") && add.contains("bongsu"), "{add}");
    let taken = shell.file("taken", "");
    let (code, err) = shell.fails(&["man", &taken]);
    assert!(code == 1 && err.contains("can't be written to"), "{err}");
}

#[test]
fn known_devices_are_shown_with_their_limits_and_sources() {
    let shell = Shell::node();
    let known = shell.json(&["devices"]);
    let named = |name: &str| {
        let devices = known["devices"].as_array().unwrap();
        devices.iter().find(|device| device["name"] == name).cloned().unwrap()
    };
    assert_eq!(named("fortigate")["entries"], 131_072);
    assert!(
        known["devices"]
            .as_array()
            .unwrap()
            .iter()
            .all(|device| device["source"].as_str().unwrap().len() > 20)
    );
    let file = shell.file("devices.toml", "[[device]]\nname = \"fortigate\"\ntitle = \"Ours\"\nsource = \"measured in our hall\"\nentries = 9\n");
    let mut command = shell.command(&["devices"]);
    let ended = ended(command.env("BONGSU__DELIVER__DEVICES", &file).output().unwrap());
    assert!(ended.out.contains("measured in our hall") && !ended.out.contains("131072,"), "{}", ended.out);
    let wrong = shell.file("wrong.toml", "[[device]]\nname = \"x\"\n");
    let mut command = shell.command(&["devices"]);
    let ended = self::ended(command.env("BONGSU__DELIVER__DEVICES", &wrong).output().unwrap());
    assert_eq!(ended.code, 2);
    assert!(ended.err.contains("wrong.toml") && ended.err.contains("title"), "{}", ended.err);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    use std::io::Read as _;
    use std::process::Stdio;
    let shell = Shell::empty();
    let mut child = shell.command(&["completions", "bash"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut few = [0; 10];
    child.stdout.take().unwrap().read_exact(&mut few).unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn work_for_a_cluster_is_handed_over_and_it_is_said_if_the_other_program_is_not_there() {
    use std::os::unix::fs::PermissionsExt as _;
    let shell = Shell::empty();
    // What stands beside this program is asked first: here nothing does.
    let (own, program) = (env!("CARGO_BIN_EXE_bongsu"), shell.path("bongsu"));
    if std::fs::hard_link(own, &program).is_err() {
        std::fs::copy(own, &program).unwrap();
    }
    let run = |args: &[&str]| {
        ended(
            std::process::Command::new(&program)
                .env_clear()
                .env("PATH", "/nonexistent")
                .args(args)
                .output()
                .unwrap(),
        )
    };
    let hunt =
        ["hunt", "--watch", "w.bongsu", "--cluster", "df://h:1", "--most", "3", "--json", "a.parquet", "b"];
    let refused = run(&hunt);
    assert_eq!(refused.code, 2, "{}", refused.err);
    assert!(refused.err.contains("bongsu-cluster") && refused.err.contains("\"hint\":"), "{}", refused.err);
    let other = shell.path("bongsu-cluster");
    std::fs::write(&other, "#!/bin/sh\necho \"$@\"\nexit 3\n").unwrap();
    std::fs::set_permissions(&other, std::fs::Permissions::from_mode(0o755)).unwrap();
    let handed = run(&hunt);
    assert_eq!(
        handed.out, "hunt --scheduler df://h:1 --json --most=3 -- w.bongsu a.parquet b\n",
        "{}",
        handed.err
    );
    assert_eq!(handed.code, 3);
    let handed =
        run(&["region", "flows", "--cluster", "df://h:1", "--by", "network", "--geo", "g.mmdb", "s.parquet"]);
    assert_eq!(
        handed.out, "flows --scheduler df://h:1 --by=network --top=20 --geo g.mmdb -- s.parquet\n",
        "{}",
        handed.err
    );
    assert_eq!(run(&["hunt", "--watch", "w", "--cluster", "df://h:1", "--follow", "a"]).code, 2);
}
