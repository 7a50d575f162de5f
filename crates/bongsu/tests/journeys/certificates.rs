//! Client certificates: taxii2-client and another node log in with one, and only with one that was registered.

use std::path::Path;
use std::process::Command;

use crate::node::{Node, bundle, indicator};

/// Runs openssl in `dir`.
pub(crate) fn openssl(dir: &Path, args: &str) {
    let output = Command::new("openssl").current_dir(dir).args(args.split(' ')).output();
    let output = output.unwrap_or_else(|error| panic!("openssl: {error}; run scripts/setup"));
    assert!(output.status.success(), "{args}: {}", String::from_utf8_lossy(&output.stderr));
}

/// An authority `ca`, and what it has signed: the server `server` and the clients; another authority's client `stranger`.
pub(crate) fn certificates(dir: &Path) {
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    for authority in ["ca", "other"] {
        openssl(
            dir,
            &format!(
                "req -x509 {key} -keyout {authority}.key -out {authority}.pem -days 2 -subj /CN={authority}"
            ),
        );
    }
    std::fs::write(dir.join("server.ext"), "subjectAltName=IP:127.0.0.1,DNS:node.test\n").unwrap();
    std::fs::write(dir.join("client.ext"), "extendedKeyUsage=clientAuth\n").unwrap();
    for (name, authority) in [("server", "ca"), ("member", "ca"), ("unknown", "ca"), ("stranger", "other")] {
        let extension = if name == "server" { "server.ext" } else { "client.ext" };
        openssl(dir, &format!("req {key} -keyout {name}.key -out {name}.csr -subj /CN={name}"));
        openssl(
            dir,
            &format!(
                "x509 -req -in {name}.csr -CA {authority}.pem -CAkey {authority}.key -CAcreateserial -days 2 -extfile {extension} -out {name}.pem"
            ),
        );
    }
}

pub(crate) fn config(dir: &Path) -> String {
    let path = |name: &str| dir.join(name).display().to_string();
    format!(
        "[http]\ntls_cert = \"{}\"\ntls_key = \"{}\"\ntls_client_ca = \"{}\"\n[dns]\nenabled = false\n",
        path("server.pem"),
        path("server.key"),
        path("ca.pem")
    )
}

#[test]
fn a_registered_certificate_lets_its_member_in_and_no_other_does() {
    let node = Node::with_members();
    node.json(&[
        "circle",
        "add",
        "region",
        "--ceiling",
        "green",
        "--member",
        "exchange",
        "--member",
        "detect",
    ]);
    let file = node.file("bundle.json", bundle(&[indicator(1, "a-k3.top")]));
    node.json(&["import", &file, "--circle", "region", "--as", "detect"]);
    let dir = tempfile::tempdir().unwrap();
    certificates(dir.path());
    std::fs::write(node.data().join("bongsu.toml"), config(dir.path())).unwrap();
    let pem = |name: &str| dir.path().join(name).display().to_string();
    let told = node.json(&["credential", "add", "exchange", "--certificate", &pem("member.pem")]);
    assert_eq!(told["certificate"]["sha256"].as_str().unwrap().len(), 64, "{told}");
    let again = node.command(&["credential", "add", "detect", "--certificate", &pem("member.pem")]).output();
    assert!(!again.unwrap().status.success(), "one certificate is one member's");
    let serving = node.serve();
    assert!(serving.url.starts_with("https://"), "{}", serving.url);
    let id = node.json(&["circle", "show", "region"])["circle"]["id"].as_str().unwrap().to_owned();
    let url = format!("{}/api/collections/{id}/", serving.url);
    let ask = |own: Option<&str>| {
        let python = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.peers/venv/bin/python");
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/journeys/taxii_certificate.py");
        let mut command = Command::new(python);
        // These would count more than the authority that is named.
        command.env_remove("REQUESTS_CA_BUNDLE").env_remove("CURL_CA_BUNDLE");
        command.arg(script).args([&url, &pem("ca.pem")]);
        if let Some(own) = own {
            command.args([pem(&format!("{own}.pem")), pem(&format!("{own}.key"))]);
        }
        let output = command.output().unwrap_or_else(|error| panic!("{python}: {error}; run scripts/setup"));
        let (out, err) =
            (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        (out.trim().to_owned(), err)
    };
    let (got, error) = ask(Some("member"));
    assert_eq!(got, "1 True True", "{error}");
    for (own, said) in [(Some("unknown"), "401"), (None, "401"), (Some("stranger"), "rror")] {
        let (got, error) = ask(own);
        assert!(got.is_empty() && error.contains(said), "{own:?}: {got} {error}");
    }
    // Another node pulls with the same certificate.
    let second = Node::with_members();
    second.json(&["circle", "add", "region", "--member", "exchange"]);
    let source = format!(
        "[[source]]\nname = \"first\"\nkind = \"taxii\"\nurl = \"{url}\"\ncircle = \"region\"\nas = \"exchange\"\nca_file = \"{}\"\nauth.certificate = {{ cert_file = \"{}\", key_file = \"{}\" }}\n",
        pem("ca.pem"),
        pem("member.pem"),
        pem("member.key")
    );
    std::fs::write(second.data().join("bongsu.toml"), source).unwrap();
    assert_eq!(second.json(&["source", "pull", "first"])["sources"][0]["added"], 1);
    // Whoever shows a certificate may still log in otherwise, and none is taken once it is revoked.
    let id = told["certificate"]["id"].as_str().unwrap();
    node.json(&["credential", "revoke", id]);
    assert!(ask(Some("member")).1.contains("401"));
    let failed = second.command(&["source", "pull", "first"]).output().unwrap();
    assert!(String::from_utf8_lossy(&failed.stderr).contains("401"), "{failed:?}");
    serving.stop();
}
