//! Old TLS, weak ciphers, plain HTTP where TLS is spoken, and what an answer over TLS says; asked by openssl and curl.

use std::process::Command;
use std::time::Duration;

use super::{raw, statuses};
use crate::certificates::{certificates, config};
use crate::node::Node;

/// What `openssl s_client` makes of a connection: whether it stands, and all that was said.
fn shake(to: &str, options: &[&str]) -> (bool, String) {
    let output = Command::new("openssl")
        .args(["s_client", "-connect", to])
        .args(options)
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("openssl: {error}; run scripts/setup"));
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    let stands =
        output.status.success() && !said.contains("Cipher is (NONE)") && !said.contains("Cipher    : 0000");
    (stands, said)
}

#[test]
fn old_tls_and_weak_ciphers_are_not_spoken() {
    let node = Node::with_members();
    certificates(node.dir.path());
    std::fs::write(node.data().join("bongsu.toml"), config(node.dir.path())).unwrap();
    let serving = node.serve();
    let to = serving.url.trim_start_matches("https://");
    for good in [
        &["-tls1_3"][..],
        &["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"],
        &["-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305"],
    ] {
        let (stands, said) = shake(to, good);
        assert!(stands, "{good:?}: {said}");
    }
    // The client is let do it: level 0 allows what its own rules would refuse.
    let weak: [&[&str]; 9] = [
        &["-tls1", "-cipher", "ALL:@SECLEVEL=0"],
        &["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"],
        &["-tls1_2", "-cipher", "AES128-SHA:@SECLEVEL=0"],
        &["-tls1_2", "-cipher", "AES256-GCM-SHA384:@SECLEVEL=0"],
        &["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0"],
        &["-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-SHA384:@SECLEVEL=0"],
        &["-tls1_2", "-cipher", "NULL:aNULL:eNULL:@SECLEVEL=0"],
        &["-tls1_2", "-cipher", "DHE:@SECLEVEL=0"],
        &["-tls1_2", "-cipher", "PSK:@SECLEVEL=0"],
    ];
    for bad in weak {
        let (stands, said) = shake(to, bad);
        assert!(!stands, "{bad:?}: {said}");
    }
    let (_, said) = shake(to, &["-tls1_2", "-cipher", "ALL"]);
    assert!(said.contains("Compression: NONE"), "{said}");
    assert!(
        !said.contains("Renegotiation is supported") && said.contains("Secure Renegotiation IS supported"),
        "{said}"
    );
    serving.stop();
}

#[test]
fn a_port_that_speaks_tls_answers_nothing_plain_and_says_so_for_a_year() {
    let node = Node::with_members();
    certificates(node.dir.path());
    std::fs::write(node.data().join("bongsu.toml"), config(node.dir.path())).unwrap();
    let serving = node.serve();
    for plain in ["GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"] {
        let answer = raw(&serving, plain.as_bytes(), Duration::from_secs(15));
        assert!(statuses(&answer).is_empty(), "{}", String::from_utf8_lossy(&answer));
    }
    let ca = node.dir.path().join("ca.pem").display().to_string();
    for path in ["/login", "/healthz", "/nothing", "/api/", "/d/list/all.txt"] {
        let url = format!("{}{path}", serving.url);
        let output = Command::new("curl")
            .args(["-s", "-i", "--cacert", &ca, "-H", "accept: text/html", &url])
            .output();
        let said = String::from_utf8(
            output.unwrap_or_else(|error| panic!("curl: {error}; run scripts/setup")).stdout,
        )
        .unwrap();
        let lower = said.to_ascii_lowercase();
        assert!(lower.contains("strict-transport-security: max-age=31536000"), "{path}: {said}");
        for cookie in lower.lines().filter(|line| line.starts_with("set-cookie:")) {
            assert!(
                cookie.contains("__host-") && cookie.contains("; secure") && cookie.contains("; httponly"),
                "{cookie}"
            );
        }
        assert_eq!(path == "/login", lower.contains("set-cookie: __host-bongsu-form"), "{path}: {said}");
    }
    serving.stop();
}
