//! Applications are read from every format, compared with personas, and the outcome explains itself.

use bongsu_watch::persona::{
    Application, Builder, EXTENSION, Labelled, Outcome, Personas, ReadError, Sign, Signature, Verdict,
    WEIGHTS, Weights, Word, calibrate, check, check_all, curve, opinion, read, score,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use stix::{ObjectId, Timestamp, read_head};

const NOW: &str = "2026-11-01T00:00:00Z";
const SAID: &str = "2026-10-01T00:00:00.000Z";

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn id(object_type: &str, number: u32) -> String {
    format!("{object_type}--00000000-0000-4000-8000-{number:012}")
}

fn identity(number: u32, name: &str, labels: &[&str]) -> Value {
    json!({"type": "identity", "spec_version": "2.1", "id": id("identity", number), "created": SAID, "modified": SAID,
        "name": name, "identity_class": "individual", "labels": labels})
}

fn known(number: u32, name: &str, fields: Value) -> Value {
    let mut object = identity(number, name, &["it-worker"]);
    object["extensions"] = json!({(EXTENSION): fields});
    object
}

fn observable(object_type: &str, number: u32, fields: Value) -> Value {
    let mut object = json!({"type": object_type, "spec_version": "2.1", "id": id(object_type, number)});
    object.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    object
}

fn joined(number: u32, source: &Value, named: &str, target: &Value) -> Value {
    json!({"type": "relationship", "spec_version": "2.1", "id": id("relationship", number), "created": SAID, "modified": SAID,
        "relationship_type": named, "source_ref": source["id"], "target_ref": target["id"]})
}

fn personas(objects: &[(Value, &str)]) -> Personas {
    let mut builder = Builder::default();
    for (object, who) in objects {
        let raw = object.to_string();
        builder
            .add(&raw, &read_head(&raw).unwrap(), Some(who), stix::Timestamp::from_micros(i64::MAX))
            .unwrap();
    }
    builder.build(&Weights::default())
}

fn one(text: &str) -> Application {
    let read = read(text.as_bytes()).unwrap();
    assert_eq!(read.findings, [], "{text}");
    assert_eq!(read.applications.len(), 1, "{text}");
    read.applications[0].clone()
}

fn checked(application: &Value, personas: &Personas) -> Outcome {
    let outcome = check(&one(&application.to_string()), personas, &Weights::default(), at(NOW));
    assert_eq!(score(&outcome.reasons, &Weights::default()), outcome.score, "the reasons make the score");
    outcome
}

fn signs(outcome: &Outcome) -> Vec<&str> {
    outcome.reasons.iter().map(|reason| reason.sign.code()).collect()
}

const TEXT: &str = "I have built and maintained decentralised exchanges for seven years, with a focus on automated market makers, \
    and led a team of four engineers that rewrote the matching engine of a lending protocol in Rust while keeping the old one running";

/// A persona that says everything, invented.
fn pony() -> Value {
    let signature = Signature::of(TEXT).unwrap().to_string();
    known(
        1,
        "Casper Lindqvist",
        json!({
            "emails": ["pony.jackal77@gmail.com"], "accounts": ["github/ponyjackal"], "phones": ["+1 (201) 555-0123"],
            "wallets": ["0x00000000000000000000000000000000000000aa"], "bank_accounts": ["GB82 WEST 1234 5698 7654 32"],
            "addresses": ["203.0.113.7"], "devices": ["SN-4711-AB"], "picture_hashes": ["d41d8cd98f00b204e9800998ecf8427e"],
            "picture_phashes": ["ff00ff00ff00ff00"], "document_hashes": ["e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
            "urls": ["https://pony.example.org/work"], "repositories": ["https://github.com/ponyjackal/swap.git"],
            "text_signatures": [signature],
        }),
    )
}

#[test]
fn each_thing_that_is_the_same_is_a_reason_by_itself() {
    let personas = personas(&[(pony(), "alpha")]);
    for (fields, expected) in [
        (json!({"emails": ["ponyjackal77+jobs@googlemail.com"]}), "email"),
        (json!({"emails": ["ponyjackal@proton.me"]}), "email-alike"),
        (json!({"emails": ["pony_jackal77@proton.me"]}), "email-alike"),
        (json!({"accounts": ["https://www.github.com/PonyJackal/"]}), "account"),
        (json!({"accounts": [{"service": "Upwork", "name": "pony-jackal-dev"}]}), "account-alike"),
        (json!({"wallets": ["ponyjackal.eth"]}), "account-alike"),
        (json!({"wallets": ["0x00000000000000000000000000000000000000AA"]}), "wallet"),
        (json!({"bank_accounts": ["gb82west12345698765432"]}), "bank-account"),
        (json!({"phones": ["tel:001-201-555-0123"]}), "phone"),
        (json!({"log_ins": [{"at": "2026-10-20T00:00:00Z", "address": "203.0.113.7"}]}), "address"),
        (json!({"devices": ["sn-4711-ab"]}), "device"),
        (json!({"picture_hashes": ["D41D8CD98F00B204E9800998ECF8427E"]}), "picture"),
        (json!({"picture_phashes": ["ff00ff00ff00ff01"]}), "picture-alike"),
        (
            json!({"document_hashes": ["E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"]}),
            "document",
        ),
        (json!({"urls": ["http://pony.example.org/work/?from=cv"]}), "page"),
        (json!({"texts": [format!("About me. {}", TEXT.to_uppercase())]}), "text"),
        (json!({"names": ["LINDQVIST, Casper"]}), "name"),
    ] {
        let outcome = checked(&fields, &personas);
        assert_eq!(signs(&outcome), [expected], "{fields}");
        let reason = &outcome.reasons[0];
        assert!(reason.points > 0 && !outcome.crosses, "{fields}: {reason:?}");
        assert_eq!((reason.source.who.as_str(), reason.date), ("alpha", at(SAID)));
        assert!(reason.expiry > at(NOW) && !reason.source.from.is_empty());
        assert_eq!(reason.source.object.as_ref().unwrap().to_string(), id("identity", 1));
    }
    let repository = checked(&json!({"repositories": ["git@github.com:ponyjackal/swap.git"]}), &personas);
    assert_eq!(signs(&repository), ["account", "repository"]);
    for fields in [
        json!({"names": ["Casper"]}),
        json!({"emails": ["casper.lindqvist@example.org", "jackal@example.org"]}),
        json!({"phones": ["+1 201 555 0124"], "picture_phashes": ["00ff00ff00ff00ff"], "texts": ["I build things"]}),
        json!({"log_ins": ["2026-10-20T00:00:00Z 10.0.0.1"]}),
        json!({"urls": ["https://example.org"]}),
    ] {
        assert_eq!(checked(&fields, &personas).reasons, [], "{fields}");
    }
}

#[test]
fn one_source_alone_never_crosses_and_a_second_one_does() {
    let everything = json!({
        "names": ["Casper Lindqvist"], "emails": ["ponyjackal77@gmail.com"], "phones": ["+12015550123"],
        "wallets": ["0x00000000000000000000000000000000000000aa"], "devices": ["SN-4711-AB"], "texts": [TEXT],
    });
    let alone = checked(&everything, &personas(&[(pony(), "alpha")]));
    assert_eq!((alone.score, alone.crosses, alone.word), (45, false, Word::Look));
    // The same again under another id by the same member is the same source.
    let mut again = pony();
    again["id"] = json!(id("identity", 2));
    assert!(!checked(&everything, &personas(&[(pony(), "alpha"), (again.clone(), "alpha")])).crosses);
    assert!(checked(&everything, &personas(&[(pony(), "alpha"), (again, "beta")])).crosses);
    let mut seen = everything;
    seen["video_refused"] = json!(true);
    assert!(checked(&seen, &personas(&[(pony(), "alpha")])).crosses, "the employer saw something too");
}

#[test]
fn what_an_employer_saw_never_crosses_alone() {
    let application = json!({
        "names": ["Mary Cotter"], "log_ins": ["2026-10-30T08:00:00Z 198.51.100.1 US", "2026-10-30T09:00:00Z 203.0.113.9 DE"],
        "tools": ["AnyDesk 8.0", "PiKVM v4"], "vpn": true, "video_refused": "yes", "documents_altered": true,
        "time_zone": "America/New_York", "time_zones_seen": ["UTC+9"], "virtual_asset_pay": true,
        "lives_at": "1 Main St, Springfield", "ship_to": "9 Freight Rd, Shelbyville",
    });
    let outcome = checked(&application, &Personas::default());
    let mut found = signs(&outcome);
    found.sort_unstable();
    let expected = [
        "documents-altered",
        "kvm-over-ip",
        "log-in-countries",
        "mail-drop",
        "remote-desktop",
        "time-zones",
        "video-refused",
        "virtual-asset-pay",
        "vpn",
    ];
    assert_eq!((found, outcome.score, outcome.crosses), (expected.to_vec(), 35, false));
    let honest = json!({
        "names": ["Mary Cotter"], "log_ins": ["2026-10-30T08:00:00Z 198.51.100.1 US", "2026-10-31T09:00:00Z 203.0.113.9 DE"],
        "tools": ["Visual Studio Code", "Vncouver fonts"], "vpn": "no", "time_zone": "America/New_York",
        "time_zones_seen": ["America/Chicago"], "lives_at": "1 Main St., Springfield", "ship_to": "1 Main St, Springfield",
    });
    assert_eq!(checked(&honest, &Personas::default()).reasons, []);
}

#[test]
fn what_applicants_of_different_names_share_is_a_sign_and_two_tries_of_one_are_none() {
    let table = "id,names,devices,phones,bank_accounts\na,Mary Cotter,SN-1234,+12015550100,DE89370400440532013000\n\
        b,Cotter Mary,SN-1234,,\nc,Ingrid Solheim,SN-1234,,DE89 3704 0044 0532 0130 00\nd,Ana Pires,SN-9999,,\n";
    let read = read(table.as_bytes()).unwrap();
    let outcomes = check_all(&read.applications, &Personas::default(), &Weights::default(), at(NOW));
    let told: Vec<_> = outcomes.iter().map(|one| (one.application.as_str(), signs(one), one.score)).collect();
    assert_eq!(
        told,
        [
            ("a", vec!["shared-device", "shared-payment"], 45),
            ("b", vec!["shared-device"], 25),
            ("c", vec!["shared-device", "shared-payment"], 45),
            ("d", vec![], 0),
        ]
    );
}

#[test]
fn relationships_and_groupings_join_observables_and_affiliation_joins_nothing() {
    let wallet = observable(
        "cryptocurrency-wallet",
        1,
        json!({"value": "0x00000000000000000000000000000000000000bb"}),
    );
    let mail = observable("email-addr", 1, json!({"value": "zebra.walnut@example.org"}));
    let account =
        observable("user-account", 1, json!({"account_type": "github", "account_login": "zebrawalnut"}));
    let person = identity(5, "Nils Bergstrom", &["it-worker"]);
    let victim = identity(6, "Ola Nordmann", &[]);
    let grouping = json!({"type": "grouping", "spec_version": "2.1", "id": id("grouping", 1), "created": SAID, "modified": SAID,
        "name": "zebra", "context": "suspicious-activity", "labels": ["persona"], "object_refs": [account["id"]]});
    let objects = [
        joined(1, &person, "uses", &wallet),
        joined(2, &person, "impersonates", &victim),
        person,
        victim,
        wallet,
        mail.clone(),
        account.clone(),
        grouping,
    ];
    let known = personas(&objects.map(|object| (object, "alpha")));
    assert_eq!(known.len(), 2);
    assert_eq!(
        signs(&checked(&json!({"wallets": ["0x00000000000000000000000000000000000000bb"]}), &known)),
        ["wallet"]
    );
    assert_eq!(signs(&checked(&json!({"accounts": ["github/zebrawalnut"]}), &known)), ["account"]);
    assert_eq!(
        signs(&checked(&json!({"names": ["Ola Nordmann"]}), &known)),
        [""; 0],
        "a victim is no persona"
    );
    assert_eq!(
        signs(&checked(&json!({"emails": ["zebra.walnut@example.org"]}), &known)),
        ["email-alike"],
        "only alike"
    );

    let liked = json!({"type": "grouping", "spec_version": "2.1", "id": id("grouping", 2), "created": SAID, "modified": SAID,
        "name": "affiliated", "context": "unspecified", "labels": ["affiliated"], "object_refs": [account["id"], mail["id"]]});
    assert!(personas(&[(liked, "alpha"), (mail, "alpha"), (account, "alpha")]).is_empty());
}

#[test]
fn what_is_contested_counts_nothing_until_its_source_answers() {
    let persona = ObjectId::parse(&id("identity", 1)).unwrap();
    let said = |number, verdict, when: &str| {
        let id = ObjectId::parse(&id("opinion", number)).unwrap();
        serde_json::from_str::<Value>(&opinion(
            &id,
            verdict,
            &persona,
            None,
            "that is my own mailbox",
            at(when),
        ))
        .unwrap()
    };
    let application = json!({"emails": ["ponyjackal77@gmail.com"]});
    let contest = (said(1, Verdict::Contested, "2026-10-05T00:00:00Z"), "beta");
    let open = personas(&[(pony(), "alpha"), contest.clone()]);
    let outcome = checked(&application, &open);
    assert_eq!((outcome.score, signs(&outcome)), (0, vec!["email"]));
    let told = outcome.reasons[0].contested.as_ref().unwrap();
    assert_eq!((told.who.as_str(), told.explanation.as_str()), ("beta", "that is my own mailbox"));
    assert_eq!(open.contests().len(), 1);
    let points = |more: (Value, &str)| {
        checked(&application, &personas(&[(pony(), "alpha"), contest.clone(), more])).score
    };
    assert_eq!(points((said(2, Verdict::Upheld, "2026-10-06T00:00:00Z"), "alpha")), 35);
    assert_eq!(
        points((said(2, Verdict::Upheld, "2026-10-06T00:00:00Z"), "gamma")),
        0,
        "not the source's word"
    );
    assert_eq!(points((said(2, Verdict::Upheld, "2026-10-04T00:00:00Z"), "alpha")), 0, "said before");
    let mut newer = pony();
    newer["modified"] = json!("2026-10-07T00:00:00.000Z");
    assert_eq!(points((newer.clone(), "alpha")), 35, "corrected, and the mailbox is still there");
    newer["extensions"][EXTENSION]["emails"] = json!([]);
    assert_eq!(points((newer.clone(), "alpha")), 10, "corrected: its handle is alike");
    newer["revoked"] = json!(true);
    assert_eq!(points((newer, "alpha")), 0);
}

/// Whatever date an object gives itself, it was said when it came.
#[test]
fn who_dates_ahead_can_be_contested_and_answered() {
    let mut later = pony();
    later["modified"] = json!("2099-01-01T00:00:00.000Z");
    let about = ObjectId::parse(later["id"].as_str().unwrap()).unwrap();
    let contest = |date: &str| {
        let contest = ObjectId::parse(&id("opinion", 1)).unwrap();
        opinion(&contest, Verdict::Contested, &about, None, "wrong person", at(date))
    };
    let counts = |contested: &str, came: &str| {
        let mut builder = Builder::default();
        let raw = later.to_string();
        builder.add(&raw, &read_head(&raw).unwrap(), Some("alpha"), at("2026-10-02T00:00:00Z")).unwrap();
        let raw = contest(contested);
        builder.add(&raw, &read_head(&raw).unwrap(), Some("beta"), at(came)).unwrap();
        builder.build(&Weights::default()).contests().len()
    };
    assert_eq!(counts("2026-10-05T00:00:00Z", "2026-10-05T00:00:00Z"), 1);
    assert_eq!(counts("2099-10-05T00:00:00Z", "2026-10-01T00:00:00Z"), 0, "what came later corrects it");
}

/// What is shared in one circle under another's id changes nothing there.
#[test]
fn a_circle_says_nothing_of_anothers_objects() {
    let part = |objects: &[Value]| {
        let mut builder = Builder::default();
        for object in objects {
            let raw = object.to_string();
            builder.add(&raw, &read_head(&raw).unwrap(), Some("mallory"), at(NOW)).unwrap();
        }
        builder.part(&Weights::default())
    };
    let mut revoked = pony();
    (revoked["revoked"], revoked["modified"]) = (json!(true), json!("2026-10-20T00:00:00.000Z"));
    let mut bare = identity(1, "Somebody Else", &[]);
    bare["modified"] = json!("2026-10-20T00:00:00.000Z");
    let application = json!({"emails": ["pony.jackal77@gmail.com"]});
    let alone = checked(&application, &Personas::of([part(&[pony()])])).score;
    assert!(alone > 0);
    for other in [revoked, bare] {
        assert_eq!(checked(&application, &Personas::of([part(&[pony()]), part(&[other])])).score, alone);
    }
    let twice = Personas::of([part(&[pony()]), part(&[pony()])]);
    assert_eq!((twice.len(), checked(&application, &twice).score), (1, alone));
}

/// Of those who are not named nobody can tell that one answers for what he said himself.
#[test]
fn the_unnamed_uphold_nothing_and_a_contested_tie_joins_nobody() {
    let contest = |verdict, number, about: &Value| -> (Value, &str) {
        let about = ObjectId::parse(about["id"].as_str().unwrap()).unwrap();
        let contest = ObjectId::parse(&id("opinion", number)).unwrap();
        let text = opinion(&contest, verdict, &about, None, "wrong", at("2026-10-05T00:00:00Z"));
        (serde_json::from_str(&text).unwrap(), "unnamed")
    };
    let open = personas(&[
        (pony(), "unnamed"),
        contest(Verdict::Contested, 1, &pony()),
        contest(Verdict::Upheld, 2, &pony()),
    ]);
    assert_eq!(open.contests().len(), 1);

    let (one, two) = (
        known(1, "Casper Lindqvist", json!({"emails": ["pony.jackal77@gmail.com"]})),
        known(2, "Other Person", json!({"phones": ["+1 (201) 555-0123"]})),
    );
    let tie = joined(9, &one, "related-to", &two);
    let application = json!({"emails": ["pony.jackal77@gmail.com"], "phones": ["+1 201 555 0123"]});
    let said = [(one, "alpha"), (two, "beta"), (tie.clone(), "beta")];
    let joined = checked(&application, &personas(&said)).score;
    let about = contest(Verdict::Contested, 3, &tie);
    let parted = checked(&application, &personas(&[&said[..], &[about]].concat())).score;
    assert!(parted < joined, "{parted} {joined}");
}

#[test]
fn a_sign_ends_and_a_future_date_does_not_outlive_now() {
    let mut old = pony();
    for name in ["created", "modified"] {
        old[name] = json!("2026-08-01T00:00:00.000Z");
    }
    let application = json!({"addresses": ["203.0.113.7"]});
    assert_eq!(checked(&application, &personas(&[(old, "alpha")])).reasons, [], "60 days are over");
    let mut future = pony();
    future["modified"] = json!("2099-01-01T00:00:00.000Z");
    let outcome = checked(&application, &personas(&[(future, "alpha")]));
    assert_eq!(outcome.reasons[0].date, at(NOW));
}

#[test]
fn every_format_gives_the_same_application() {
    let card = "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Mary Cotter\r\nBDAY:19800101\r\nGENDER:F\r\nBIRTHPLACE:Cork\r\n\
        item1.EMAIL;TYPE=work:mary@exam\r\n ple.org\r\nTEL;VALUE=uri;TYPE=\"voice,home\":tel:+1-201-555-0100;ext=7\r\n\
        URL:https://github.com/mcotter\r\nX-SOCIALPROFILE;TYPE=linkedin:https://www.linkedin.com/in/mcotter\r\nEND:VCARD\r\n";
    let resume = json!({
        "basics": {"name": "Mary Cotter", "email": "mary@example.org", "phone": "+1 201 555 0100",
            "location": {"countryCode": "IE", "city": "Cork"},
            "profiles": [{"network": "GitHub", "username": "mcotter"}, {"url": "https://linkedin.com/in/mcotter"}]},
        "languages": [{"language": "Irish", "fluency": "Native speaker"}], "education": [{"institution": "UCC"}],
    });
    let ours = json!({
        "names": "Mary Cotter", "emails": ["mary@example.org"], "phones": ["0012015550100"], "nationality": "IE",
        "accounts": [{"service": "github", "name": "MCotter"}, "linkedin/mcotter"],
    });
    let table = "full_name;skip,Name,E-mail,email,phone,account,nationality\n\
        x,Mary Cotter,x,mary@example.org,+1-201-555-0100,github/mcotter;linkedin/mcotter,IE\n";
    let sorted = |text: &str| {
        let mut found = one(text).identifiers().to_vec();
        found.sort_unstable();
        found
    };
    let expected = sorted(card);
    assert_eq!(expected.len(), 5, "{expected:?}");
    for text in [resume.to_string(), ours.to_string(), format!("[{ours}]"), table.to_owned()] {
        assert_eq!(sorted(&text), expected, "{text}");
    }
    let lines = read(format!("{ours}\n\n{ours}\n").as_bytes()).unwrap();
    assert_eq!(lines.applications.len(), 2);
}

#[test]
fn bad_input_is_told_by_its_place_and_the_rest_kept() {
    let text = r#"[{"names": ["A B"], "wallets": ["0x12", "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdr"], "vpn": "perhaps", "emails": [7]}, 5, {"x": 1}]"#;
    let told = read(text.as_bytes()).unwrap();
    let places: Vec<_> = told.findings.iter().map(|finding| (finding.code, finding.path.as_str())).collect();
    assert_eq!(
        places,
        [
            ("value-malformed", "[0].wallets[0]"),
            ("value-malformed", "[0].wallets[1]"),
            ("not-yes-or-no", "[0].vpn"),
            ("value-malformed", "[0].emails[0]"),
            ("application-malformed", "[1]"),
            ("nothing-known", "[2]"),
        ]
    );
    assert!(told.findings.iter().all(|finding| !finding.message.contains("bc1q")), "values are not repeated");
    assert_eq!(told.applications[0].names().collect::<Vec<_>>(), ["A B"]);
    assert_eq!(read(b""), Err(ReadError::Empty));
    assert_eq!(read(b"names\n\xff"), Err(ReadError::NotText { at: 6 }));
    assert!(matches!(read(b"{\"names\": "), Err(ReadError::Form(_))));
    assert!(matches!(read(b"what,is,this\n1,2,3\n"), Err(ReadError::Form(_))));
    assert!(matches!(read(&"[".repeat(100_000).into_bytes()), Err(ReadError::Form(_))));
    let big = vec![b' '; bongsu_watch::persona::FILE_BYTES_MAX + 1];
    assert!(matches!(read(&big), Err(ReadError::TooLarge { .. })));
    let many = "names\n".to_owned() + &"A B\n".repeat(10_001);
    assert_eq!(read(many.as_bytes()), Err(ReadError::TooMany));
    let wide = json!({"names": (0..2_000).map(|number| format!("Name {number}")).collect::<Vec<_>>()});
    let told = read(wide.to_string().as_bytes()).unwrap();
    assert_eq!((told.applications[0].identifiers().len(), told.findings.len()), (1_000, 1_000));
}

#[test]
fn weights_that_break_their_promise_are_refused() {
    let check = |from: &str, to: &str, part: &str| {
        assert!(WEIGHTS.contains(from));
        let error = Weights::parse(&WEIGHTS.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(error.contains(part), "{to}: {error}");
    };
    check("one_source_max = 45", "one_source_max = 50", "one_source_max is 50; it must be 0 to 49");
    check("payment = 40", "payment = 50", "families.payment is 50");
    check("vpn = { points = 4", "vpn = { points = 400", "signs.vpn.points is 400");
    check("threshold = 50", "threshold = \"many\"", "threshold");
    check("look = 20", "look = 20\nlooks = 1", "looks");
    check("network = 10\n", "", "families.network is missing");
    assert!(Sign::ALL.iter().all(|sign| WEIGHTS.contains(&format!("\n{} = {{ points", sign.code()))));
}

#[test]
fn precision_and_recall_are_counted_and_drawn() {
    let labelled = [(90, true), (45, true), (45, false), (10, true), (0, false)];
    let labelled = labelled.map(|(score, is_persona)| Labelled { score, is_persona });
    let calibration = calibrate(&labelled);
    let row = calibration.rows.iter().find(|row| row.threshold == 45).unwrap();
    assert_eq!((row.found, row.wrong, row.missed, row.passed), (2, 1, 1, 1));
    assert_eq!((row.precision(), row.recall()), (Some(2.0 / 3.0), Some(2.0 / 3.0)));
    assert_eq!(calibration.rows.last().unwrap().precision(), None);
    let svg = curve(&calibration, &Weights::default());
    assert!(svg.starts_with("<svg") && svg.contains("prefers-color-scheme:dark") && !svg.contains("<script"));
    assert_eq!(svg.matches("<polyline").count(), 2);
}

/// What says where somebody comes from, in every format; the values differ.
fn with_traits(traits: &[String; 6]) -> [String; 4] {
    let [nation, birth, gender, place, faith, tongue] = traits;
    let ours = json!({
        "id": "x", "names": ["Casper Lindqvist"], "emails": ["ponyjackal77@gmail.com"], "nationality": nation,
        "birth_date": birth, "gender": gender, "place_of_birth": place, "ethnicity": faith, "accent": tongue, "citizenship": [nation],
    });
    let resume = json!({
        "basics": {"name": "Casper Lindqvist", "email": "ponyjackal77@gmail.com", "birth": birth, "gender": gender,
            "location": {"countryCode": nation, "city": place}},
        "languages": [{"language": tongue}], "education": [{"institution": faith}],
    });
    let cell = |text: &String| text.replace(['"', '\n', '\r'], "");
    let quoted =
        [nation, birth, gender, place, faith, tongue].map(|text| format!("\"{}\"", cell(text))).join(",");
    let table = format!(
        "nationality,birth date,gender,place of birth,ethnicity,accent,names,email\n{quoted},Casper Lindqvist,ponyjackal77@gmail.com\n"
    );
    let plain = |text: &String| text.chars().filter(|c| !c.is_control()).collect::<String>();
    let card = format!(
        "BEGIN:VCARD\nFN:Casper Lindqvist\nBDAY:{}\nGENDER:{}\nBIRTHPLACE:{}\nLANG:{}\nX-NATIONALITY:{}\nX-ETHNICITY:{}\nEMAIL:ponyjackal77@gmail.com\nEND:VCARD\n",
        plain(birth),
        plain(gender),
        plain(place),
        plain(tongue),
        plain(nation),
        plain(faith)
    );
    [ours.to_string(), resume.to_string(), table, card]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn where_somebody_comes_from_changes_nothing(one in [(); 6].map(|()| ".{0,12}"), other in [(); 6].map(|()| ".{0,12}")) {
        let (personas, weights) = (personas(&[(pony(), "alpha")]), Weights::default());
        for (one, other) in with_traits(&one).iter().zip(&with_traits(&other)) {
            let (one, other) = (read(one.as_bytes()).unwrap(), read(other.as_bytes()).unwrap());
            prop_assert_eq!(&one, &other);
            prop_assert_eq!(one.findings.len(), 0);
            let outcome = |read: &bongsu_watch::persona::Read| check(&read.applications[0], &personas, &weights, at(NOW));
            prop_assert_eq!(outcome(&one).score, 45);
            prop_assert_eq!(outcome(&one), outcome(&other));
        }
    }

    #[test]
    fn the_score_follows_from_the_reasons_and_grows_with_them(picked in prop::collection::vec(any::<bool>(), 12), two in any::<bool>()) {
        let fields = [
            ("emails", json!(["ponyjackal77@gmail.com"])), ("phones", json!(["+12015550123"])), ("devices", json!(["SN-4711-AB"])),
            ("wallets", json!(["0x00000000000000000000000000000000000000aa"])), ("names", json!(["Casper Lindqvist"])),
            ("accounts", json!(["github/ponyjackal"])), ("vpn", json!(true)), ("tools", json!(["AnyDesk"])),
            ("video_refused", json!(true)), ("texts", json!([TEXT])), ("virtual_asset_pay", json!(true)), ("addresses", json!(["203.0.113.7"])),
        ];
        let mut second = pony();
        second["id"] = json!(id("identity", 2));
        let objects = if two { vec![(pony(), "alpha"), (second, "beta")] } else { vec![(pony(), "alpha")] };
        let (personas, weights) = (personas(&objects), Weights::default());
        let (mut application, mut last) = (json!({"id": "x"}), 0);
        for ((name, value), _) in fields.into_iter().zip(picked).filter(|(_, picked)| *picked) {
            application[name] = value;
            let outcome = checked(&application, &personas);
            prop_assert!(outcome.score >= last, "{} after {last}", outcome.score);
            last = outcome.score;
            prop_assert_eq!(outcome.crosses, outcome.score >= weights.threshold);
            let mut sources: Vec<&str> = outcome.reasons.iter().map(|reason| reason.source.who.as_str()).collect();
            sources.sort_unstable();
            sources.dedup();
            prop_assert!(sources.len() > 1 || !outcome.crosses, "one source alone");
            for reason in &outcome.reasons {
                prop_assert_eq!(reason.points, reason.weight * reason.percent / 100);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_normal_form_stays_as_it_is(text in "(https?://|git@|www\\.|\\+|00)?[a-zA-Z0-9./:@+~ -]{1,40}(\\.git|\\.eth|/)?") {
        use bongsu_watch::persona::IdentifierKind as Kind;
        for kind in [Kind::Name, Kind::Email, Kind::Account, Kind::Phone, Kind::Wallet, Kind::BankAccount, Kind::Address, Kind::Device,
            Kind::Page, Kind::Repository] {
            if let Ok(found) = bongsu_watch::persona::Identifier::read(kind, &text) {
                prop_assert_eq!(bongsu_watch::persona::Identifier::read(kind, found.text()), Ok(found.clone()), "{:?}", found);
            }
        }
    }
}
