//! Published allegations (for tests alone) as personas, and ordinary people: what is found, and who is left in peace.

use std::path::{Path, PathBuf};

use bongsu_watch::persona::{
    Builder, EXTENSION, Labelled, Outcome, Personas, Weights, calibrate, check, read, score,
};
use serde_json::{Value, json};
use stix::{Timestamp, read_head};

fn shared(path: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).join(path)
}

fn text(path: &str) -> String {
    std::fs::read_to_string(shared(path)).unwrap()
}

fn now() -> Timestamp {
    Timestamp::parse("2026-11-01T00:00:00Z").unwrap()
}

fn alleged() -> Vec<Value> {
    text("personas/it-workers/personas.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn list(one: &Value, names: &[&str]) -> Vec<Value> {
    names.iter().flat_map(|name| one[*name].as_array().cloned().unwrap_or_default()).collect()
}

/// The fields of an application.
fn fields(one: &Value) -> Value {
    let mut names = list(one, &["aliases"]);
    names.push(one["persona"].clone());
    let accounts: Vec<String> = list(one, &["code_accounts"])
        .iter()
        .map(|name| format!("github/{}", name.as_str().unwrap()))
        .collect();
    json!({"names": names, "emails": one["emails"], "accounts": accounts, "wallets": list(one, &["wallets", "ens"])})
}

fn personas(who: &[&str]) -> Personas {
    personas_but(who, usize::MAX)
}

/// The alleged personas without one of them.
fn personas_but(who: &[&str], left_out: usize) -> Personas {
    let mut builder = Builder::default();
    for (member, name) in who.iter().enumerate() {
        for (number, one) in alleged().iter().enumerate().filter(|(number, _)| *number != left_out) {
            let raw = json!({
                "type": "identity", "spec_version": "2.1", "id": format!("identity--00000000-0000-4000-8000-{member:06}{number:06}"),
                "created": "2026-10-01T00:00:00.000Z", "modified": "2026-10-01T00:00:00.000Z", "name": one["persona"],
                "identity_class": "individual", "labels": ["it-worker"], "extensions": {(EXTENSION): fields(one)},
            })
            .to_string();
            builder
                .add(&raw, &read_head(&raw).unwrap(), Some(name), stix::Timestamp::from_micros(i64::MAX))
                .unwrap();
        }
    }
    builder.build(&Weights::default())
}

fn outcome(application: &Value, personas: &Personas) -> Outcome {
    let told = read(application.to_string().as_bytes()).unwrap();
    let outcome = check(&told.applications[0], personas, &Weights::default(), now());
    assert_eq!(score(&outcome.reasons, &Weights::default()), outcome.score);
    outcome
}

/// People without any tie to the personas: names of the whole world, with mailboxes made from them.
fn ordinary() -> Vec<Value> {
    let mut people = Vec::new();
    for file in ["negatives_global.csv", "negatives_us.csv"] {
        let told = read(text(&format!("assets/name-matching/{file}")).as_bytes()).unwrap();
        for (number, application) in told.applications.iter().enumerate() {
            let name = application.names().next().unwrap().to_owned();
            let plain: String =
                name.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_lowercase();
            let mut one = json!({"names": [name]});
            if plain.len() > 3 {
                one["emails"] = json!([format!("{plain}{}@gmail.com", 1_950 + number % 60)]);
                one["accounts"] = json!([format!("github/{plain}")]);
            }
            people.push(one);
        }
    }
    assert!(people.len() > 200, "{}", people.len());
    people
}

/// What the same person gives when it applies elsewhere under another name, one tie at a time.
fn ties() -> Vec<Value> {
    let mut ties = Vec::new();
    for one in alleged() {
        for mailbox in list(&one, &["emails"]) {
            let (local, host) = mailbox.as_str().unwrap().split_once('@').unwrap();
            ties.push(
                json!({"names": ["Ana Pires"], "emails": [format!("{local}+cv@{host}").to_uppercase()]}),
            );
        }
        for account in list(&one, &["code_accounts"]) {
            ties.push(json!({"names": ["Ana Pires"], "urls": [format!("https://github.com/{}/", account.as_str().unwrap())]}));
        }
        for wallet in list(&one, &["wallets", "ens"]) {
            ties.push(json!({"names": ["Ana Pires"], "wallets": [wallet.as_str().unwrap().to_lowercase()]}));
        }
    }
    ties
}

#[test]
fn ties_are_found_and_ordinary_people_are_left_in_peace() {
    let (personas, weights) = (personas(&["alpha"]), Weights::default());
    let score = |application: &Value| outcome(application, &personas).score;
    let people: Vec<u32> = ordinary().iter().map(score).collect();
    let found: Vec<u32> = ties().iter().map(score).collect();
    let labelled = |scores: &[u32], is_persona| {
        scores.iter().map(|score| Labelled { score: *score, is_persona }).collect::<Vec<_>>()
    };
    let all = [labelled(&found, true), labelled(&people, false)].concat();
    let calibration = calibrate(&all);
    let row = calibration.rows.iter().find(|row| row.threshold == weights.look).unwrap();
    eprintln!("{} ties, {} people; at {}: {row:?}", found.len(), people.len(), weights.look);
    assert_eq!((row.wrong, row.missed), (0, 0), "{row:?}");
    assert!(all.iter().all(|one| one.score < weights.threshold), "one source");
}

#[test]
fn a_second_source_or_what_the_employer_saw_lets_ties_cross() {
    let two = personas(&["alpha", "beta"]);
    let cross = |application: &Value, personas: &Personas| outcome(application, personas).crosses;
    let whole: Vec<Value> = alleged().iter().map(fields).collect();
    let crossing = whole.iter().filter(|one| cross(one, &two)).count();
    // Without a wallet there is a mailbox, an account and a name: one or two families.
    let with_wallet = alleged().iter().filter(|one| !list(one, &["wallets"]).is_empty()).count();
    eprintln!("{crossing} of {} cross, {with_wallet} have a wallet", whole.len());
    assert!(crossing >= with_wallet);
    assert!(ordinary().iter().all(|one| !cross(one, &two)));
}

#[test]
fn mere_affiliation_yields_no_suspicion() {
    let accounts: Value = serde_json::from_str(&text("personas/x-accounts/accounts.json")).unwrap();
    let accounts = accounts["accounts"].as_array().unwrap();
    assert!(accounts.len() > 50);
    let mut builder = Builder::default();
    let mut refs = Vec::new();
    for (number, account) in accounts.iter().enumerate() {
        let id = format!("user-account--00000000-0000-4000-8000-{number:012}");
        let raw = json!({"type": "user-account", "spec_version": "2.1", "id": id, "account_type": "twitter",
            "account_login": account["handle"]});
        refs.push(id);
        let raw = raw.to_string();
        builder
            .add(&raw, &read_head(&raw).unwrap(), Some("alpha"), stix::Timestamp::from_micros(i64::MAX))
            .unwrap();
    }
    let grouping = json!({"type": "grouping", "spec_version": "2.1", "id": "grouping--00000000-0000-4000-8000-000000000001",
        "created": "2026-10-01T00:00:00.000Z", "modified": "2026-10-01T00:00:00.000Z", "context": "unspecified",
        "labels": ["dprk-affiliated"], "object_refs": refs})
    .to_string();
    builder
        .add(&grouping, &read_head(&grouping).unwrap(), Some("alpha"), stix::Timestamp::from_micros(i64::MAX))
        .unwrap();
    let affiliated = builder.build(&Weights::default());
    assert!(affiliated.is_empty());
    let workers = personas(&["alpha"]);
    for account in accounts {
        let application = json!({"accounts": [{"service": "x", "name": account["handle"]}]});
        assert_eq!(outcome(&application, &affiliated).reasons, []);
        assert!(outcome(&application, &workers).score < Weights::default().look, "{account}");
    }
}

#[test]
fn a_script_or_a_spelling_alone_is_no_sign() {
    let personas = personas(&["alpha"]);
    for name in ["김민준", "이서연", "박지훈", "Kim Min-jun", "Ri Chol Su", "최영희", "王伟", "Нгуен Ван Ань"]
    {
        assert_eq!(outcome(&json!({"names": [name]}), &personas).score, 0, "{name}");
    }
}

#[test]
fn a_persona_that_nobody_named_is_found_by_what_it_shares_with_others() {
    let whole: Vec<Value> = alleged().iter().map(fields).collect();
    let scores: Vec<u32> = (0..whole.len())
        .map(|left_out| outcome(&whole[left_out], &personas_but(&["alpha"], left_out)).score)
        .collect();
    let found = scores.iter().filter(|score| **score >= Weights::default().look).count();
    eprintln!("{found} of {} are found without having been named: {scores:?}", scores.len());
    // Two of them use one account; the others share nothing that was published.
    assert_eq!(found, 2, "{scores:?}");
}
