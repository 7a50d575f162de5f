//! The exchanges recorded of the OASIS reference server, replayed here.

use std::collections::HashMap;
use std::path::Path;

use serde_json::Value;

use crate::compare::{differences, translated};
use crate::server::Server;

/// Where the recorded answer and the specification (or a choice that it leaves to the server) differ.
const EXCEPTIONS: &[(&str, &str)] = &[(
    "one good, one bad",
    "5.5 and 4.3: an envelope is answered with a status, and what could not be added is a failure in it; the reference \
     server answers 422 although it has added the first object",
)];

/// Whether the specification leaves an answer open, and this node answers where the reference server refuses or redirects:
/// `*/*` in `Accept` (1.6.8), and a path without the slash at its end (3.1).
fn is_answered_here(name: &str, recorded: &Value) -> bool {
    name == "discovery accept any" && recorded["status"] == 406 || recorded["status"] == 308
}

fn shared(name: &str) -> String {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/taxii/reference-server"));
    std::fs::read_to_string(path.join(name)).unwrap()
}

async fn replay(data: &Value, case: &Value) -> Vec<String> {
    let name = case["name"].as_str().unwrap();
    let server = Server::new(data);
    let (mut found, mut next) = (Vec::new(), HashMap::new());
    for step in case["steps"].as_array().unwrap() {
        let (request, recorded) = (&step["request"], &step["response"]);
        let path = translated(&server, request["path"].as_str().unwrap(), &next);
        let body = request.get("raw").and_then(Value::as_str).map(str::to_owned);
        let body = body.or_else(|| request.get("body").map(Value::to_string));
        let answer = server.ask(request["method"].as_str().unwrap(), &path, &request["headers"], body).await;
        match is_answered_here(name, recorded) {
            false => found.extend(differences(&server, &path, recorded, &answer)),
            true if answer.status == 200 => {}
            true => found.push(format!("{path}: {} where this node answers", answer.status)),
        }
        if let Some(token) = recorded["body"]["next"].as_str() {
            let mine: Value = serde_json::from_str(&answer.body).unwrap_or_default();
            next.insert(token.to_owned(), mine["next"].as_str().unwrap_or_default().to_owned());
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_exchanges_of_the_reference_server_agree() {
    let data: Value = serde_json::from_str(&shared("default_data.json")).unwrap();
    let (mut cases, mut wrong, mut excepted) = (0, Vec::new(), Vec::new());
    for line in shared("exchanges.jsonl").lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        cases += 1;
        let found = replay(&data, &case).await;
        let name = case["name"].as_str().unwrap().to_owned();
        match EXCEPTIONS.iter().any(|(known, _)| *known == name) {
            true if found.is_empty() => wrong.push(format!("{name}: agrees, so it is no exception")),
            true => excepted.push(name),
            false => wrong.extend(found.into_iter().map(|found| format!("{name}: {found}"))),
        }
    }
    assert!(wrong.is_empty(), "{} of {cases} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(cases >= 61 && excepted.len() * 100 <= cases * 3, "{excepted:?} of {cases}");
    println!("{cases} cases, {} agree, exceptions: {excepted:?}", cases - excepted.len());
}
