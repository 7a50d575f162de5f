//! The node's own authority, against openssl and curl: certificates from requests and with keys, taken back without a restart.

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use crate::node::{Node, in_a_file, wait};

fn run(dir: &Path, program: &str, args: &[&str]) -> Output {
    let output = Command::new(program).current_dir(dir).args(args).output();
    output.unwrap_or_else(|error| panic!("{program}: {error}; run scripts/setup"))
}

pub(crate) fn openssl(dir: &Path, args: &str) -> (bool, String) {
    let output = run(dir, "openssl", &args.split(' ').collect::<Vec<_>>());
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

/// The status that curl gets with a certificate; 0 if there is no connection.
fn curl(dir: &Path, url: &str, own: Option<&str>) -> u16 {
    let mut args = vec!["-s", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", "ca.pem"];
    let files = own.map(|own| (format!("{own}.pem"), format!("{own}.key")));
    if let Some((cert, key)) = &files {
        args.extend(["--cert", cert, "--key", key]);
    }
    args.push(url);
    String::from_utf8(run(dir, "curl", &args).stdout).unwrap().trim().parse().unwrap()
}

#[test]
fn certificates_are_signed_shown_and_taken_back_while_the_node_runs() {
    let node = Node::with_members();
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).display().to_string();
    let made = node.json(&["ca", "init", "--name", "Tower authority"]);
    let (ca, crl) = (made["certificate"].as_str().unwrap(), made["crl"].as_str().unwrap());
    std::fs::copy(ca, dir.path().join("ca.pem")).unwrap();
    assert!(!node.command(&["ca", "init"]).output().unwrap().status.success(), "there is one");
    let mode = Command::new("stat").args(["-c", "%a"]).arg(node.data().join("ca/ca.key")).output().unwrap();
    assert_eq!(mode.stdout, b"600\n");

    // A server's with a key made here; members' from requests of openssl, with keys of several kinds, and one with a key.
    let server = |name: &str| {
        let (cert, key) = (at(&format!("{name}.pem")), at(&format!("{name}.key")));
        let names = ["ca", "issue", "--server", "--name", "node.test", "--name", "127.0.0.1"];
        let out = ["--out", &cert, "--key-out", &key, "--days", "20"];
        node.json(&[&names[..], &out[..]].concat())["certificate"].clone()
    };
    let signed = server("server");
    for (name, kind) in [
        ("ec", "ec -pkeyopt ec_paramgen_curve:prime256v1"),
        ("p384", "ec -pkeyopt ec_paramgen_curve:secp384r1 -sha384"),
        ("rsa", "rsa:2048"),
        ("ed", "ed25519"),
    ] {
        // What is asked for beside the key counts for nothing.
        let made = openssl(
            dir.path(),
            &format!(
                "req -newkey {kind} -nodes -keyout {name}.key -out {name}.csr -subj /CN=root -addext basicConstraints=CA:TRUE"
            ),
        );
        assert!(made.0, "{}", made.1);
        let (csr, out) = (at(&format!("{name}.csr")), at(&format!("{name}.pem")));
        node.json(&["ca", "issue", "--member", "exchange", "--csr", &csr, "--out", &out]);
        let text = openssl(dir.path(), &format!("x509 -in {name}.pem -noout -text")).1;
        assert!(text.contains("CN = exchange") || text.contains("CN=exchange"), "{text}");
        assert!(text.contains("TLS Web Client Authentication") && !text.contains("CA:TRUE"), "{text}");
        let verified =
            openssl(dir.path(), &format!("verify -CAfile ca.pem -crl_check -CRLfile {crl} {name}.pem"));
        assert!(verified.0, "{name}: {}", verified.1);
    }
    let (out, key) = (at("peer.pem"), at("peer.key"));
    node.json(&["ca", "issue", "--peer", "north.test", "--out", &out, "--key-out", &key]);
    assert!(openssl(dir.path(), "verify -purpose sslserver -CAfile ca.pem peer.pem").0);
    let again = ["ca", "issue", "--peer", "x", "--out", &out, "--key-out", &at("other.key")];
    assert!(!node.command(&again).output().unwrap().status.success(), "no file is written over");
    // A request that was changed after it was signed proves nothing.
    let der = openssl(dir.path(), "req -in ec.csr -outform DER -out bad.der");
    assert!(der.0, "{}", der.1);
    let mut bytes = std::fs::read(dir.path().join("bad.der")).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(dir.path().join("bad.der"), bytes).unwrap();
    assert!(openssl(dir.path(), "req -inform DER -in bad.der -out bad.csr").0);
    for (name, text) in [
        ("bad.csr", None),
        ("junk.csr", Some("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n")),
    ] {
        if let Some(text) = text {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        let refused = node.command(&[
            "ca",
            "issue",
            "--member",
            "exchange",
            "--csr",
            &at(name),
            "--out",
            &at("no.pem"),
        ]);
        assert!(!{ refused }.output().unwrap().status.success(), "{name}");
    }

    let config = format!(
        "[http]\ntls_cert = \"{}\"\ntls_key = \"{}\"\ntls_client_ca = \"{ca}\"\ntls_client_crl = \"{crl}\"\n[dns]\nenabled = false\n",
        at("server.pem"),
        at("server.key")
    );
    std::fs::write(node.data().join("bongsu.toml"), config).unwrap();
    let serving = node.serve();
    let url = format!("{}/api/collections/", serving.url);
    let get = |own: Option<&str>| curl(dir.path(), &url, own);
    for own in ["ec", "p384", "rsa", "ed"] {
        assert_eq!(get(Some(own)), 200, "{own}");
    }
    assert_eq!((get(None), get(Some("peer"))), (401, 401), "no certificate, and one that lets nobody in");

    let listed = node.json(&["ca", "list"]);
    let all = listed["certificates"].as_array().unwrap();
    assert_eq!(all.len(), 7, "{listed}");
    assert!(all.iter().any(|one| one["purpose"] == "server" && one["state"] == "ends soon"), "{listed}");
    let serial_of = |name: &str| {
        let told = openssl(dir.path(), &format!("x509 -in {name}.pem -noout -serial")).1;
        told.trim().trim_start_matches("serial=").to_ascii_lowercase()
    };
    // The member's credential ends with its certificate, and the listener lets it not even connect.
    let serial = serial_of("ec");
    let taken = node.json(&["ca", "revoke", &serial, "--reason", "key-compromise"]);
    assert_eq!(taken["certificate"]["state"], "revoked", "{taken}");
    assert_ne!(get(Some("ec")), 200);
    assert!(wait(Duration::from_secs(30), || (get(Some("ec")) == 0).then_some(())).is_some());
    assert_eq!(get(Some("rsa")), 200, "the others go on");
    let verified = openssl(dir.path(), &format!("verify -CAfile ca.pem -crl_check -CRLfile {crl} ec.pem"));
    assert!(!verified.0 && verified.1.contains("revoked"), "{}", verified.1);
    let text = openssl(dir.path(), &format!("crl -in {crl} -CAfile ca.pem -noout -text")).1;
    assert!(text.contains("verify OK") && text.to_ascii_lowercase().contains(&serial), "{text}");
    assert!(text.contains("Key Compromise"), "{text}");

    // A list that can't be read changes nothing; a renewed server certificate is shown.
    std::fs::write(crl, "no list").unwrap();
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!((get(Some("rsa")), get(Some("ec"))), (200, 0));
    node.json(&["ca", "crl"]);
    server("renewed");
    for file in ["pem", "key"] {
        std::fs::rename(
            dir.path().join(format!("renewed.{file}")),
            dir.path().join(format!("server.{file}")),
        )
        .unwrap();
    }
    let address = serving.url.trim_start_matches("https://").to_owned();
    let shown = || {
        let command = format!(
            "openssl s_client -connect {address} </dev/null 2>/dev/null | openssl x509 -noout -serial"
        );
        String::from_utf8(run(dir.path(), "sh", &["-c", &command]).stdout).unwrap().to_ascii_lowercase()
    };
    let old = signed["serial"].as_str().unwrap();
    assert!(
        wait(Duration::from_secs(30), || (!shown().contains(old) && shown().contains("serial"))
            .then_some(()))
        .is_some()
    );
    assert_eq!((get(Some("rsa")), get(Some("ec"))), (200, 0));
    serving.stop();
    // What was signed and taken back is on the line.
    let serving = node.serve();
    let listed = node.json(&["ca", "list"])["certificates"].to_string();
    assert!(listed.contains("\"revoked\"") && listed.contains(&serial), "{listed}");
    assert_ne!(curl(dir.path(), &format!("{}/api/collections/", serving.url), Some("ec")), 200);
    serving.stop();
    node.json(&["verify"]);
}

#[test]
fn an_authority_that_was_begun_and_stopped_is_gone_on_with() {
    let node = Node::new();
    let at = |name: &str| node.data().join("ca").join(name);
    let made = node.json(&["ca", "init", "--name", "Tower authority"]);
    let key = std::fs::read(at("ca.key")).unwrap();
    // Stopped after the key, and before the list.
    for gone in [&["ca.pem", "crl.pem"][..], &["crl.pem"]] {
        gone.iter().for_each(|name| std::fs::remove_file(at(name)).unwrap());
        let again = node.json(&["ca", "init", "--name", "Tower authority"]);
        assert_eq!(again["authority"]["state"], "good", "{again}");
        assert_eq!(std::fs::read(at("ca.key")).unwrap(), key, "no second key");
        assert!(at("crl.pem").exists());
    }
    let dir = tempfile::tempdir().unwrap();
    let out = |name: &str| dir.path().join(name).display().to_string();
    node.json(&[
        "ca",
        "issue",
        "--server",
        "--name",
        "node.test",
        "--out",
        &out("s.pem"),
        "--key-out",
        &out("s.key"),
    ]);
    let (ca, crl) = (made["certificate"].as_str().unwrap(), made["crl"].as_str().unwrap());
    let verified = openssl(dir.path(), &format!("verify -CAfile {ca} -crl_check -CRLfile {crl} s.pem"));
    assert!(verified.0, "{}", verified.1);
    assert!(!node.command(&["ca", "init"]).output().unwrap().status.success(), "there is one");
    // What is no key is not made one.
    std::fs::remove_file(at("ca.pem")).unwrap();
    std::fs::write(at("ca.key"), "no key").unwrap();
    let refused = node.command(&["ca", "init"]).output().unwrap();
    assert!(String::from_utf8_lossy(&refused.stderr).contains("move it away"), "{refused:?}");
    assert_eq!(std::fs::read(at("ca.key")).unwrap(), b"no key");
}

#[test]
fn a_backup_has_the_authority_and_the_record_of_screenings_and_they_hold_after_it_is_put_back() {
    let node = in_a_file(Node::with_members);
    let serving = node.serve();
    node.json(&["ca", "init"]);
    node.text(&serving, "list", "/screening/value?value=asked-k3.top");
    let copy = node.dir.path().join("copy.sqlite");
    let told = node.json(&["backup", copy.to_str().unwrap()]);
    assert_eq!(
        told["files"],
        serde_json::json!(["ca/ca.key", "ca/ca.pem", "ca/crl.pem", "screenings.jsonl"]),
        "{told}"
    );
    let again = node.command(&["backup", copy.to_str().unwrap()]).output().unwrap();
    assert_eq!(again.status.code(), Some(1));
    serving.stop();
    let beside = node.dir.path().join("copy.sqlite.files");
    let mode = |path: &Path| {
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(path).unwrap().permissions())
    };
    assert_eq!((mode(&beside) & 0o077, mode(&beside.join("ca/ca.key")) & 0o077), (0, 0));

    // As docs/operate.md puts it back.
    let old = node.dir.path().join("damaged");
    std::fs::rename(node.data(), &old).unwrap();
    let made = run(node.dir.path(), "install", &["-d", "-m", "0700", node.data().to_str().unwrap()]);
    assert!(made.status.success());
    for name in ["node.key", "token.secret", "bongsu.toml"] {
        if old.join(name).exists() {
            std::fs::copy(old.join(name), node.data().join(name)).unwrap();
        }
    }
    std::fs::copy(&copy, node.data().join("bongsu.sqlite")).unwrap();
    let files = format!("{}/.", beside.display());
    assert!(run(node.dir.path(), "cp", &["-a", &files, node.data().to_str().unwrap()]).status.success());
    node.json(&["verify"]);
    let asked = node.json(&["audit", "screenings", "--value", "asked-k3.top"]);
    assert!(asked.to_string().contains("\"list\""), "{asked}");
    let out = node.dir.path().join("member.pem").display().to_string();
    let key = node.dir.path().join("member.key").display().to_string();
    let issued =
        node.json(&["ca", "issue", "--server", "--name", "node.test", "--out", &out, "--key-out", &key]);
    assert_eq!(issued["certificate"]["state"], "good", "{issued}");
}
