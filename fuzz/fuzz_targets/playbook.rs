#![no_main]
//! Playbooks in advisories: whatever a workflow is, few steps are told, each in one line without anything that hides or turns
//! text, and a step without words only where a tool does it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use deliver::advisory::playbook_parts;
use libfuzzer_sys::fuzz_target;
use serde_json::json;

fuzz_target!(|text: &str| {
    let parts = playbook_parts(&json!({"playbook_base64": STANDARD.encode(text)}));
    assert!(parts.len() <= 12, "{}", parts.len());
    for part in &parts {
        assert!(part.needs_tool || !part.text.is_empty(), "{part:?}");
        assert!(
            !part.text.chars().any(|c| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c)),
            "{part:?}"
        );
        assert!(part.text.chars().count() <= 400, "{part:?}");
    }
    assert_eq!(parts, playbook_parts(&json!({"playbook_base64": STANDARD.encode(text)})));
});
