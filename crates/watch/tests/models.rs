//! Decay models: ours, MISP's, and what makes no sense.

use std::sync::Arc;

use bongsu_watch::guard::{CONFIDENCE_UNSTATED, Decay, ModelError, Models, from_misp};
use bongsu_watch::{Context, Guard, Kind, Lists, normalise};
use stix::Timestamp;

/// The form in which MISP exports a model; values and weights are our own.
const MISP: &str = r#"{
    "name": "Addresses of scanners", "uuid": "7b3a6c0e-3f0e-4e6e-9d8a-2f8c3b1d5e6f", "description": "x", "version": "1",
    "formula": "Polynomial", "ref": [], "attribute_types": ["ip-src", "ip-dst"],
    "parameters": {"lifetime": 10, "decay_speed": 2, "threshold": 30, "default_base_score": 80,
        "base_score_config": {"estimative-language:confidence-in-analytic-judgment": 0.5}, "settings": {}}
}"#;

#[test]
fn kinds_have_the_model_of_their_own() {
    let mut models = Models::default();
    for kind in Kind::ALL {
        assert_eq!(models.of(kind), ("built in", Decay::of(kind)), "{kind}");
    }
    let other = Decay { lifetime_days: 7.0, ..Decay::of(Kind::Mac) };
    models.set(Kind::Mac, "week", other).unwrap();
    for kind in Kind::ALL {
        let expected = if kind == Kind::Mac { ("week", other) } else { ("built in", Decay::of(kind)) };
        assert_eq!(models.of(kind), expected, "{kind}");
    }
}

#[test]
fn a_model_of_misp_fades_as_misp_computes() {
    let (name, decay) = from_misp(MISP).unwrap();
    assert_eq!(name, "Addresses of scanners");
    assert_eq!(decay, Decay { lifetime_days: 10.0, decay: 2.0, threshold: 30, unstated: 80 });
    let seen = Timestamp::parse("2026-11-01T00:00:00Z").unwrap();
    let after = |days: i64, confidence_min| {
        let now = Timestamp::from_micros(seen.micros() + days * 86_400_000_000);
        Context { valid_from: Some(seen), ..Context::new(now, confidence_min) }
    };
    // 80 × (1 − (t/10)^(1/2)): formula 3 of the paper.
    for (days, score) in [(0, 80.0), (1, 54.702), (4, 29.403), (10, 0.0), (11, 0.0)] {
        let faded = decay.faded(&after(days, 0));
        assert!((faded - score).abs() < 0.001, "after {days} days: {faded}");
    }
    // The model's threshold counts where the member's is lower: 30 is reached at 10 × (50/80)^2 days.
    let fades = decay.fades_at(&after(0, 0)).unwrap();
    assert_eq!(fades.seconds() - seen.seconds(), 337_501);
    assert_eq!(decay.least(&after(0, 40)), 40);
    let mut models = Models::default();
    models.set(Kind::Ipv4, &name, decay).unwrap();
    let (guard, _) = Guard::new::<&str>(Lists::none(), &[]);
    let guard = guard.fading(Arc::new(models));
    let address = normalise(Kind::Ipv4, "185.142.236.226").unwrap();
    assert!(guard.check(&address, &after(3, 0)).is_ok());
    let hold = guard.check(&address, &after(4, 0)).unwrap_err();
    assert_eq!(hold.rule, "confidence");
    assert!(hold.message.ends_with("the decay model `Addresses of scanners` takes 30 and above"), "{hold}");
    assert!(guard.check(&normalise(Kind::Domain, "celasllc.com").unwrap(), &after(4, 0)).is_ok());
}

#[test]
fn models_are_read_in_the_forms_in_which_they_are_found() {
    let texts = MISP.replace("\"lifetime\": 10", "\"lifetime\": \"10\"");
    assert_eq!(from_misp(&texts), from_misp(MISP));
    let packed = r#"{"name":"a","parameters":"{\"lifetime\": 3, \"decay_speed\": 1.5}"}"#;
    let bare = Decay { lifetime_days: 3.0, decay: 1.5, threshold: 0, unstated: CONFIDENCE_UNSTATED };
    assert_eq!(from_misp(packed), Ok(("a".to_owned(), bare)));
}

#[test]
fn what_makes_no_sense_is_said() {
    let said = |from: &str, to: &str| from_misp(&MISP.replace(from, to)).unwrap_err();
    let out = |error: &ModelError| matches!(error, ModelError::OutOfRange { .. });
    for (from, to, message) in [
        ("\"lifetime\": 10", "\"lifetime\": 0", "lifetime_days is 0; it must be 0.04 to 36500"),
        ("\"lifetime\": 10", "\"lifetime\": 40000", "lifetime_days is 40000; it must be 0.04 to 36500"),
        ("\"decay_speed\": 2", "\"decay_speed\": -1", "decay is -1; it must be 0.01 to 100"),
        ("\"threshold\": 30", "\"threshold\": 101", "threshold is 101; it must be 0 to 100"),
    ] {
        let error = said(from, to);
        assert!(out(&error), "{error:?}");
        assert_eq!(error.to_string(), message);
    }
    assert_eq!(said("Polynomial", "Exponential"), ModelError::Formula("Exponential".to_owned()));
    assert!(matches!(said("\"lifetime\": 10", "\"lifetime\": \"ten\""), ModelError::Form(_)));
    assert!(matches!(from_misp("[]"), Err(ModelError::Form(_))));
    let large = format!("{MISP}{}", " ".repeat(bongsu_watch::guard::MODEL_BYTES_MAX));
    assert!(matches!(from_misp(&large), Err(ModelError::TooLarge { .. })));
    let mut models = Models::default();
    let nan = Decay { decay: f64::NAN, ..Decay::of(Kind::Url) };
    assert!(out(&models.set(Kind::Url, "x", nan).unwrap_err()));
    assert_eq!(models, Models::default());
}

/// Where it falls slowly at first, what is left can't be told from the threshold for hours; it falls all the same, once.
#[test]
fn what_begins_at_the_threshold_is_under_it_a_second_later() {
    let seen = Timestamp::parse("2026-11-01T00:00:00Z").unwrap();
    let at = |seconds: i64| {
        let now = Timestamp::from_micros(seen.micros() + seconds * 1_000_000);
        Context { valid_from: Some(seen), confidence: Some(50), ..Context::new(now, 50) }
    };
    let decay = Decay::of(Kind::Sha256);
    assert!(!decay.is_under(&at(0)));
    assert_eq!(decay.fades_at(&at(0)).map(|fades| fades.seconds() - seen.seconds()), Some(1));
    assert!(decay.is_under(&at(1)) && decay.is_under(&at(1_000_000)));
    assert_eq!(decay.fades_at(&at(1)), None);
    assert!(decay.is_under(&Context { confidence: Some(49), ..at(0) }));
}
