//! `bongsu import` with files of every format: what becomes of them, what is said, how it ends.

use crate::shell::Shell;

const IMPORT: [&str; 5] = ["import", "--circle", "peers", "--as", "cert"];

fn import(more: &[&str]) -> Vec<String> {
    IMPORT.iter().chain(more).map(|arg| (*arg).to_owned()).collect()
}

fn taken(shell: &Shell, more: &[&str]) -> serde_json::Value {
    let args = import(more);
    shell.json(&args.iter().map(String::as_str).collect::<Vec<_>>())
}

const PLAYBOOK: &str = r#"{"type":"playbook","spec_version":"cacao-2.0","id":"playbook--fe85f68d-1960-4596-96a2-228113e143cf",
"name":"Isolate","created_by":"identity--351b1469-64b4-4778-8d93-f7949a88990d","created":"2023-02-19T01:09:00.000Z",
"modified":"2023-02-19T01:09:00.000Z","workflow_start":"start--fa16a4e9-e6b9-4658-b464-ca1632ff57f4","workflow":{
"start--fa16a4e9-e6b9-4658-b464-ca1632ff57f4":{"type":"start","on_completion":"end--116cdac5-63f1-4d8f-b3a8-e5667936e9b6"},
"end--116cdac5-63f1-4d8f-b3a8-e5667936e9b6":{"type":"end"}}}"#;
const IOC: &str = r#"<ioc id="6d2a1b03-b216-4cd8-9a9e-8827af6ebf93" last-modified="2011-10-28T19:28:20"><short_description>Zeus</short_description>
<authored_date>2010-01-01T00:00:00</authored_date><definition><Indicator operator="OR"><IndicatorItem condition="is">
<Context search="Network/DNS"/><Content>evil-k3.top</Content></IndicatorItem></Indicator></definition></ioc>"#;
const SDN: &str = "36,\"AERO\",-0- ,\"CUBA\",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \n\
    9,\"KIM, Yong\",individual,\"DPRK3\",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,\"DOB 25 Mar 1977; Digital Currency Address - XBT 12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h.\"\n";

/// Each is told by its content, and taken again adds nothing.
#[test]
fn formats_are_told_by_their_content() {
    let shell = Shell::peers();
    let check = |name: &str, content: &str, added: u64| {
        let file = shell.file(name, content);
        assert_eq!(taken(&shell, &[&file])["added"], added, "{name}");
        let again = taken(&shell, &[&file]);
        assert_eq!((again["added"].as_u64(), again["refused"].as_u64()), (Some(0), Some(0)), "{name}");
    };
    // The course of action and the definition of its extension.
    check("playbook.json", PLAYBOOK, 2);
    check("zeus.ioc", IOC, 2);
    // The definition with its author, the office, two parties, a wallet, its indicator and a relationship.
    check("sdn.csv", SDN, 8);
    let list = shell.ok(&["deliver", "--to", "cert", "--level", "list", "--kind", "wallet"]);
    assert!(list.contains("12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h"), "{list}");
}

#[test]
fn a_newer_list_updates_and_withdraws() {
    let shell = Shell::peers();
    let older = shell.file("sdn-old.csv", SDN);
    taken(&shell, &[&older]);
    let lines: Vec<&str> = SDN.lines().collect();
    // One party is renamed, the other is gone with its wallet.
    let newer = shell.file(
        "sdn-new.csv",
        format!("{}\n{}\n", lines[0].replace("AERO", "AERO-CARIBBEAN"), lines[0].replace("36", "37")),
    );
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(60);
    std::fs::File::options().write(true).open(&newer).unwrap().set_modified(later).unwrap();
    let told = taken(&shell, &[&newer, "--replaces", &older]);
    assert_eq!((told["added"].as_u64(), told["withdrawn"].as_u64()), (Some(2), Some(4)), "{told}");
    let list = shell.ok(&["deliver", "--to", "cert", "--level", "list", "--kind", "wallet"]);
    assert!(!list.contains("12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h"), "{list}");
    let bundle = shell.ok(&["deliver", "--to", "cert", "--level", "exchange"]);
    assert!(bundle.contains("AERO-CARIBBEAN"), "{bundle}");
}

#[test]
fn a_mapping_names_the_fields() {
    let shell = Shell::peers();
    let map = shell.file(
        "feed.toml",
        "format = \"csv\"\ndelimiter = \";\"\n[[value]]\nfrom = \"what\"\n[defaults]\ntlp = \"green\"\n",
    );
    let feed = shell.file("feed.txt", "who;what\nKim;evil-k3.top\nLee;nonsense here\n");
    let args = import(&[&feed, "--map", &map]);
    let ended = shell.run(&args.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(ended.code, 3, "{}{}", ended.out, ended.err);
    assert!(
        ended.out.contains("1 added") && ended.out.contains("line 3, what: `nonsense here` is no value"),
        "{}",
        ended.out
    );
    let bad = shell.file("bad.toml", "format = \"csv\"\n[[value]]\nform = \"what\"\n");
    let args = import(&[&feed, "--map", &bad]);
    let (code, err) = shell.fails(&args.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(code, 2);
    assert!(
        err.contains("bad.toml") && err.contains("line 3, column 1") && err.contains("docs/formats.md"),
        "{err}"
    );
}

#[test]
fn a_report_is_shown_and_not_shared_until_confirmed() {
    let shell = Shell::peers();
    let file = shell.file("note.txt", "Beacon\nC2: evil-k3[.]top, seen with www.google.com\n");
    let out =
        shell.ok(&import(&[&file, "--format", "report"]).iter().map(String::as_str).collect::<Vec<_>>());
    insta::assert_snapshot!(out);
    assert!(!shell.ok(&["deliver", "--to", "cert", "--level", "exchange"]).contains("evil-k3"));
    assert_eq!(taken(&shell, &[&file, "--format", "report", "--yes"])["reports"][0]["added"], 2);
    assert!(shell.ok(&["deliver", "--to", "cert", "--level", "list"]).contains("evil-k3.top"));
    for more in [&["--yes", "--accept", "x"][..], &["--review", "x", "--yes"]] {
        let args = import(&[&[file.as_str()], more].concat());
        assert_eq!(shell.fails(&args.iter().map(String::as_str).collect::<Vec<_>>()).0, 2);
    }
    let list = shell.file("list.txt", "evil-k3.top\n");
    let (code, err) = shell.fails(&import(&[&list, "--yes"]).iter().map(String::as_str).collect::<Vec<_>>());
    assert!(code == 2 && err.contains("--format report"), "{err}");
}
