//! Which values of an indicator may be acted on one by one.

use bongsu_watch::{Context, Guard, Indicator, Lists, actionable, actionable_of};

fn indicator(pattern: &str, more: &str) -> Option<Indicator> {
    let pattern = serde_json::to_string(pattern).unwrap();
    let raw = format!(
        r#"{{"type":"indicator","spec_version":"2.1","id":"indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
        "created":"2026-01-01T00:00:00.000Z","modified":"2026-01-01T00:00:00.000Z","pattern":{pattern},
        "pattern_type":"stix","valid_from":"2026-01-01T00:00:00Z","name":"n","confidence":80{more}}}"#
    );
    let head = stix::read_head(&raw).unwrap();
    let found = actionable(&raw, &head);
    assert_eq!(actionable_of(&raw, &head.id), found, "whose head is known says the same");
    found
}

fn values(pattern: &str) -> Vec<String> {
    let found = indicator(pattern, "").map(|found| found.values).unwrap_or_default();
    found.iter().map(|value| format!("{} {value}", value.kind())).collect()
}

#[test]
fn only_what_satisfies_a_pattern_alone_is_acted_on() {
    let check = |pattern, expected: &[&str]| assert_eq!(values(pattern), expected, "{pattern}");
    check("[domain-name:value = 'Evil.Example.COM']", &["domain evil.example.com"]);
    check("[url:value = 'http://evil.com']", &["url http://evil.com/"]);
    check(
        "[ipv4-addr:value = '1.2.3.4'] OR [ipv6-addr:value = '2a00::1']",
        &["ipv4 1.2.3.4", "ipv6 2a00::1"],
    );
    check("[domain-name:value = 'a.com' OR domain-name:value = 'b.com']", &["domain a.com", "domain b.com"]);
    check("[domain-name:value IN ('a.com', 'b.com', 'a.com')]", &["domain a.com", "domain b.com"]);
    check(
        "[file:hashes.'SHA-256' = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855']",
        &["sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
    );
    check(
        "[file:hashes.MD5 = 'D41D8CD98F00B204E9800998ECF8427E']",
        &["md5 d41d8cd98f00b204e9800998ecf8427e"],
    );
    check("[network-traffic:dst_ref.value = '1.2.3.4']", &["ipv4 1.2.3.4"]);
    check(
        "[cryptocurrency-wallet:value = '0x098B716B8Aaf21512996dC57EB0615e2383E2f96']",
        &["wallet 0x098b716b8aaf21512996dc57eb0615e2383e2f96"],
    );
    check("[domain-name:value = 'a.com' AND domain-name:value = 'b.com']", &[]);
    check("[domain-name:value = 'a.com'] AND [ipv4-addr:value = '1.2.3.4']", &[]);
    check("[domain-name:value = 'a.com'] FOLLOWEDBY [ipv4-addr:value = '1.2.3.4']", &[]);
    check(
        "[domain-name:value = 'a.com'] OR ([url:value = 'http://b.com/'] AND [ipv4-addr:value = '1.2.3.4'])",
        &[],
    );
    check("[domain-name:value NOT = 'a.com']", &[]);
    check("[domain-name:value != 'a.com']", &[]);
    check("[domain-name:value NOT IN ('a.com')]", &[]);
    check("[domain-name:value LIKE '%.a.com']", &[]);
    check("[domain-name:resolves_to_refs[*].value = '1.2.3.4']", &[]);
    check("[process:command_line = 'x']", &[]);
    check("[domain-name:value = 'a.com'", &[]);
}

#[test]
fn an_indicator_that_does_not_accuse_is_not_acted_on() {
    let check =
        |more, acts| assert_eq!(indicator("[domain-name:value = 'a.com']", more).is_some(), acts, "{more}");
    check("", true);
    check(r#","indicator_types":["malicious-activity"]"#, true);
    check(r#","indicator_types":["benign"]"#, false);
    check(r#","revoked":true"#, false);
    check(r#","valid_until":"not a date""#, false);
}

#[test]
fn the_guard_hands_the_indicators_words_on() {
    let more = r#","valid_until":"2027-01-01T00:00:00Z""#;
    let found = indicator("[domain-name:value = 'celasllc.com']", more).unwrap();
    assert_eq!((found.confidence, found.name.as_deref()), (Some(80), Some("n")));
    let found = found.each().next().unwrap();
    let (guard, _) = Guard::new::<&str>(Lists::none(), &[]);
    let at = |text| Context::new(stix::Timestamp::parse(text).unwrap(), 50);
    assert_eq!(guard.admit(found, &at("2026-02-01T00:00:00Z")).unwrap().get(), &found);
    assert_eq!(guard.admit(found, &at("2027-01-01T00:00:00Z")).unwrap_err().rule, "expired");
}

/// Whoever waits for the moment must neither come too late nor wait for one that has passed.
#[test]
fn the_moment_at_which_a_value_fades_is_known_beforehand() {
    for (pattern, least) in [("[domain-name:value = 'a.com']", 30), ("[ipv4-addr:value = '1.2.3.4']", 79)] {
        let found = indicator(pattern, "").unwrap();
        let decay = bongsu_watch::guard::Decay::of(found.values[0].kind());
        let at =
            |seconds: i64| Context::new(stix::Timestamp::from_micros(seconds * 1_000_000), least).of(&found);
        let now = stix::Timestamp::parse("2026-01-01T00:00:01Z").unwrap().seconds();
        let fades = decay.fades_at(&at(now)).unwrap().seconds();
        let passes = |seconds| decay.faded(&at(seconds)) >= f64::from(least);
        assert!(passes(fades - 1) && !passes(fades + 2), "{pattern} fades at {fades}");
        assert_eq!(decay.fades_at(&at(fades + 2)), None, "it has faded");
    }
}
