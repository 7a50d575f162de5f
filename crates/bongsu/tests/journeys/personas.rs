//! Applications are checked with what circles know; who is wrongly named has a way out that reaches everybody.

use serde_json::{Value, json};

use crate::node::{Node, bundle, id, now};

const EXTENSION: &str = "extension-definition--6d0ab6a4-4c0f-4f25-9f57-2c8e1f6e0b3d";

/// An invented persona.
fn persona() -> Value {
    json!({
        "type": "identity", "spec_version": "2.1", "id": id("identity", 1), "created": now(), "modified": now(),
        "name": "Casper Lindqvist", "identity_class": "individual", "labels": ["it-worker"],
        "extensions": {(EXTENSION): {
            "extension_type": "property-extension", "wallets": ["0x00000000000000000000000000000000000000aa"],
            "emails": ["pony.jackal77@gmail.com"],
        }},
    })
}

#[test]
fn a_contest_goes_to_the_originator_and_its_correction_to_everybody() {
    let node = Node::with_members();
    node.json(&["circle", "add", "region", "--member", "exchange", "--member", "detect"]);
    let file = node.file("persona.json", bundle(&[persona()]));
    node.json(&["import", &file, "--circle", "region", "--as", "exchange"]);
    let application = json!({
        "id": "A-17", "names": ["Ana Pires"], "wallets": ["0x00000000000000000000000000000000000000AA"], "tools": ["AnyDesk"],
    });
    let applicant = node.file("applicant.json", application.to_string());
    let check =
        |member: &str| node.json(&["persona", "check", &applicant, "--as", member])["outcomes"][0].clone();
    let told = check("detect");
    assert_eq!(
        (&told["score"], &told["crosses"], &told["word"]),
        (&json!(52), &json!(true), &json!("review"))
    );
    let reason = &told["reasons"][0];
    assert_eq!((&reason["sign"], &reason["source"]["who"]), (&json!("wallet"), &json!("exchange")));
    assert_eq!(reason["source"]["object"], json!(id("identity", 1)));
    let outside = check("block");
    assert_eq!(
        (&outside["score"], outside["reasons"].as_array().map(Vec::len)),
        (&json!(12), Some(1)),
        "not in the circle"
    );

    let serving = node.serve();
    let post = |member: &str, body: String| {
        let request = serving.client.post(format!("{}/persona/check", serving.url));
        request.basic_auth(member, Some(&node.tokens[member])).body(body).send().unwrap()
    };
    let asked =
        |member: &str| post(member, application.to_string()).json::<Value>().unwrap()["outcomes"][0].clone();
    assert_eq!(asked("detect")["reasons"][0], check("detect")["reasons"][0], "the same over HTTP");
    assert_eq!(asked("block")["score"], json!(12));
    assert_eq!(post("detect", "{".to_owned()).status(), 422);
    let stranger = serving.client.post(format!("{}/persona/check", serving.url)).body("{}").send().unwrap();
    assert_eq!(stranger.status(), 401);

    // The applicant objects, through the member that has looked at it.
    let contest = node.json(&[
        "persona",
        "contest",
        &id("identity", 1),
        "--circle",
        "region",
        "--as",
        "detect",
        "--reason",
        "the wallet is a charity's",
    ]);
    for told in [check("detect"), asked("exchange")] {
        let wallet = told["reasons"]
            .as_array()
            .unwrap()
            .iter()
            .find(|reason| reason["sign"] == "wallet")
            .unwrap()
            .clone();
        assert_eq!((&told["score"], &wallet["points"]), (&json!(12), &json!(0)), "{told}");
        assert_eq!(
            (&wallet["contested"]["who"], &wallet["contested"]["id"]),
            (&json!("detect"), &contest["contest"])
        );
    }
    let open = node.json(&["persona", "contests", "--as", "exchange"]);
    assert_eq!(open["contests"][0]["explanation"], json!("the wallet is a charity's"));
    assert_eq!(node.json(&["persona", "contests", "--as", "block"])["contests"], json!([]));

    // Another's word does not settle it, the originator's does; a second contest is met by a withdrawal.
    let review = |member: &str, what: [&str; 2]| {
        let args = ["persona", "review", &id("identity", 1), "--circle", "region", "--as", member];
        node.json(&[&args[..], &what].concat());
    };
    review("detect", ["--uphold", "I think so"]);
    assert_eq!(asked("detect")["score"], json!(12));
    review("exchange", ["--uphold", "the charity confirmed that it was robbed"]);
    assert_eq!(asked("detect")["score"], json!(52));
    review("exchange", ["--withdraw", "the wallet is a charity's"]);
    for told in [check("detect"), asked("detect"), asked("exchange")] {
        assert_eq!(
            (&told["score"], told["reasons"].as_array().map(Vec::len)),
            (&json!(12), Some(1)),
            "{told}"
        );
    }
    let recalls = node.json(&["recall", "list", "--all"]);
    assert_eq!(
        (&recalls["recalls"][0]["id"], &recalls["recalls"][0]["reason"]),
        (&json!(id("identity", 1)), &json!("the wallet is a charity's"))
    );
}

#[test]
fn a_bundle_is_enough_and_a_calibration_is_drawn() {
    let node = Node::new();
    let personas = node.file("persona.json", bundle(&[persona()]));
    let labelled = "{\"label\": true, \"emails\": [\"ponyjackal77@gmail.com\"]}\n{\"label\": false, \"names\": [\"Ana Pires\"]}\n";
    let labelled = node.file("labelled.jsonl", labelled);
    let picture = node.dir.path().join("curve.svg");
    let args =
        ["persona", "calibrate", &labelled, "--personas", &personas, "--out", picture.to_str().unwrap()];
    let told = node.json(&args);
    let row = told["rows"].as_array().unwrap().iter().find(|row| row["points"] == 20).unwrap().clone();
    assert_eq!((&row["precision"], &row["recall"]), (&json!(1.0), &json!(1.0)));
    assert!(std::fs::read_to_string(picture).unwrap().starts_with("<svg"));

    let table = node.file(
        "people.csv",
        "names,email,devices\n\u{1b}[31mAna Pires,ponyjackal77@gmail.com,SN-1234\nMary Cotter,x,SN-1234\n",
    );
    let mut command = node.command(&["persona", "check", &table, "--personas", &personas]);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(3), "one value is no mailbox");
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["outcomes"][0]["score"], json!(60), "{told}");
    assert_eq!(told["outcomes"][1]["reasons"][0]["sign"], json!("shared-device"));
}
