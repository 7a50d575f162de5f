//! Notices as X-ARF reports, against the format's own schemas.

use bongsu_region::notice::{About, Because, Event, Notices, xarf};
use bongsu_region::transit::{Place, Role};
use policy::MemberId;
use serde_json::{Value, json};
use stix::Timestamp;
use uuid::Uuid;

/// A type's schema with the core's beside it: both refer within themselves alone.
fn schema(of_type: &str) -> Value {
    let mut core: Value = serde_json::from_str(include_str!("xarf/xarf-core.json")).unwrap();
    let own: Value = serde_json::from_str(of_type).unwrap();
    let definitions = core["$defs"].take();
    core.as_object_mut().unwrap().retain(|key, _| !key.starts_with('$'));
    json!({"$schema": own["$schema"], "$defs": definitions, "allOf": [core, own["allOf"][1]]})
}

#[test]
fn reports_keep_to_the_schemas() {
    for (roles, text) in [
        (vec![Role::CommandAndControl], include_str!("xarf/infrastructure-botnet.json")),
        (vec![Role::Proxy, Role::Hosting], include_str!("xarf/infrastructure-compromised-server.json")),
        (vec![], include_str!("xarf/infrastructure-compromised-server.json")),
    ] {
        let about = About {
            member: MemberId::new(Uuid::from_u128(7)),
            address: "2001:db8::9".parse().unwrap(),
            place: Place::default(),
            roles,
            seen: (1_772_323_200, 1_772_496_000),
            count: 12,
            because: Because::Country,
        };
        let mut notices = Notices::default();
        notices.apply(Event::Drafted(Box::new(about)), Timestamp::from_micros(1_772_500_000_000_000));
        let reporter = xarf::Reporter { name: "Tower CERT".into(), mail: "cert@tower.example".into() };
        let mut report = xarf::report(notices.get(1).unwrap(), &reporter);
        let validator = jsonschema::options().should_validate_formats(true).build(&schema(text)).unwrap();
        let wrong: Vec<String> = validator.iter_errors(&report).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{wrong:?}: {report}");
        // The schema does find what is wrong.
        report["report_id"] = json!("1");
        assert!(!validator.is_valid(&report));
    }
}
