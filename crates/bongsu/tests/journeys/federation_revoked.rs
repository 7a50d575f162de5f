//! A peer whose own certificate was taken back by its authority is not pulled from any more.

use std::time::Duration;

use crate::certificates::openssl;
use crate::federation::Region;
use crate::node::{port, wait};

#[test]
fn a_peer_whose_certificate_was_taken_back_is_not_asked_any_more() {
    let ports = [port(), port(), port()];
    let region = Region::new(["127.0.0.1"; 3], ports);
    let dir = std::path::Path::new(&region.path("ca.pem")).parent().unwrap().to_owned();
    std::fs::write(
        dir.join("ca.cnf"),
        "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ncrlnumber=number\ndefault_md=sha256\ndefault_crl_days=2\n",
    )
    .unwrap();
    std::fs::write(dir.join("index.txt"), "").unwrap();
    std::fs::write(dir.join("number"), "01\n").unwrap();
    let authority = "ca -config ca.cnf -keyfile ca.key -cert ca.pem";
    let list = || {
        openssl(&dir, &format!("{authority} -gencrl -out new.crl"));
        std::fs::rename(dir.join("new.crl"), dir.join("ca.crl")).unwrap();
    };
    list();
    let config = region.nodes[0].data().join("bongsu.toml");
    let with_lists = std::fs::read_to_string(&config)
        .unwrap()
        .replace("[dns]", &format!("tls_client_crl = \"{}\"\n[dns]", region.path("ca.crl")));
    std::fs::write(&config, with_lists).unwrap();
    region.peer(0, 1, true, false);
    region.peer(1, 0, false, false);
    let _servings = [0, 1].map(|at| {
        let listen = format!("127.0.0.1:{}", ports[at]);
        region.nodes[at].serve_with(&[("BONGSU__HTTP__LISTEN", &listen)])
    });
    let within = Duration::from_secs(120);
    region.import(1, 1, "a-k3.top");
    assert!(wait(within, || (region.records(0) == 1).then_some(())).is_some(), "its certificate holds");

    openssl(&dir, &format!("{authority} -revoke b.pem"));
    list();
    let error = wait(within, || {
        let peer = region.nodes[0].json(&["peer", "show", "b"]);
        peer["peers"][0]["circles"][0]["error"].as_str().map(str::to_lowercase)
    });
    let error = error.unwrap_or_else(|| panic!("{}", region.nodes[0].json(&["peer", "show", "b"])));
    assert!(error.contains("revoked"), "{error}");
    let page = |lang: &str| {
        let ca = reqwest::Certificate::from_pem(&std::fs::read(region.path("ca.pem")).unwrap()).unwrap();
        let client = reqwest::blocking::Client::builder().tls_certs_only([ca]).build().unwrap();
        let token = region.nodes[0].json(&["member", "token", "--operator"])["token"]["token"].clone();
        let request = client.get(format!("{}/peers?lang={lang}", region.urls[0]));
        let answer = request.bearer_auth(token.as_str().unwrap()).send().unwrap();
        answer.error_for_status().unwrap().text().unwrap()
    };
    let (english, korean) = (page("en"), page("ko"));
    assert!(english.contains("<h1>Other nodes</h1>") && english.contains("was taken back"), "{english}");
    assert!(
        korean.contains("<h1>다른 노드</h1>") && korean.contains("피어의 인증서가 폐지되었습니다"),
        "{korean}"
    );
    region.import(1, 2, "b-k3.top");
    assert!(
        wait(Duration::from_secs(5), || (region.records(0) > 1).then_some(())).is_none(),
        "nothing comes from it any more"
    );
}
