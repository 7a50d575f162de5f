//! The steps of a CACAO playbook, in the order in which they are taken, for people.
//!
//! A playbook stands whole, in base64, in an extension of its course of action. Of its workflow the actions are told: what
//! a person does by hand as it is written, what needs a tool as something for the IT service. Which way a branch goes
//! people see for themselves, so all its ways are told, the one that is taken when something is so first.
//!
//! Source: CACAO Security Playbooks 2.0, sections 4 (workflows) and 5 (commands); Course of Action extension for Security
//! Playbooks 3.0.0.

use std::collections::{HashSet, VecDeque};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::story::plain;

/// The extension of a course of action in which a playbook is kept.
pub(crate) const EXTENSION: &str = "extension-definition--1e1c1bd7-c527-4215-8e18-e199e74da57c";
/// Bytes of a playbook that is looked at, in base64.
const PLAYBOOK_BYTES_MAX: usize = 1024 * 1024;
/// Steps of a playbook that are looked at, and of which is told.
pub(crate) const STEPS_MAX: usize = 1_000;
const PARTS_MAX: usize = 12;

/// One thing that a playbook has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What is done; empty if the playbook says it in a tool's language alone.
    pub text: String,
    /// Whether it takes a tool.
    pub needs_tool: bool,
}

/// What a playbook has done, out of the extension that holds it; nothing if it can't be read.
#[must_use]
pub fn parts(extension: &Value) -> Vec<Part> {
    kept(extension).map(|playbook| walk(&playbook)).unwrap_or_default()
}

/// The playbook that an extension holds; `None` if it can't be read.
pub(crate) fn kept(extension: &Value) -> Option<Value> {
    let kept = extension["playbook_base64"].as_str()?;
    if kept.len() > PLAYBOOK_BYTES_MAX {
        return None;
    }
    serde_json::from_slice(&STANDARD.decode(kept).ok()?).ok()
}

/// The steps of a workflow in the order in which they are come to, each once, with its id.
pub(crate) fn steps(playbook: &Value) -> Vec<(&str, &Value)> {
    let mut waiting: VecDeque<&str> = playbook["workflow_start"].as_str().into_iter().collect();
    let (mut seen, mut steps) = (HashSet::new(), Vec::new());
    while let Some(id) = waiting.pop_front() {
        if seen.len() == STEPS_MAX || !seen.insert(id) {
            continue;
        }
        let step = &playbook["workflow"][id];
        steps.push((id, step));
        waiting.extend(ways(step).into_iter().map(|(_, to)| to));
    }
    steps
}

/// Where a step leads, and by which property; of a switch, in which case.
pub(crate) fn ways(step: &Value) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    for way in ["next_steps", "on_true", "on_success", "on_completion", "on_false", "on_failure"] {
        match &step[way] {
            Value::String(next) => found.push((way, next.as_str())),
            Value::Array(several) => {
                found.extend(several.iter().filter_map(Value::as_str).map(|to| (way, to)))
            }
            _ => {}
        }
    }
    let cases = step["cases"].as_object().into_iter().flatten();
    found.extend(cases.filter_map(|(case, to)| Some((case.as_str(), to.as_str()?))));
    found
}

fn walk(playbook: &Value) -> Vec<Part> {
    let actions = steps(playbook).into_iter().filter(|(_, step)| step["type"] == "action");
    actions.filter_map(|(_, step)| part(step)).take(PARTS_MAX).collect()
}

/// What an action is for people.
pub(crate) fn part(step: &Value) -> Option<Part> {
    let commands = step["commands"].as_array().map_or(&[][..], Vec::as_slice);
    let needs_tool = commands.iter().any(|command| command["type"] != "manual");
    let text = |value: &Value| value.as_str().map(plain).filter(|text| !text.is_empty());
    let described = text(&step["description"]).or_else(|| text(&step["name"]));
    let by_hand = || {
        let commands = commands.iter().filter(|command| command["type"] == "manual");
        commands
            .filter_map(|command| text(&command["command"]).or_else(|| coded(command)))
            .collect::<Vec<_>>()
    };
    let told = match needs_tool {
        true => described.unwrap_or_default(),
        false => plain(&described.into_iter().chain(by_hand()).collect::<Vec<_>>().join(" ")),
    };
    (needs_tool || !told.is_empty()).then_some(Part { text: told, needs_tool })
}

fn coded(command: &Value) -> Option<String> {
    let bytes = STANDARD.decode(command["command_b64"].as_str()?).ok()?;
    String::from_utf8(bytes).ok().map(|text| plain(&text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(workflow: &Value) -> Vec<Part> {
        let playbook = json!({"workflow_start": "start--1", "workflow": workflow}).to_string();
        parts(&json!({"playbook_base64": STANDARD.encode(playbook)}))
    }

    fn part(text: &str, needs_tool: bool) -> Part {
        Part { text: text.to_owned(), needs_tool }
    }

    #[test]
    fn actions_are_told_in_the_order_in_which_they_are_taken() {
        let workflow = json!({
            "start--1": {"type": "start", "on_completion": "action--2"},
            "action--2": {"type": "action", "name": "Call", "commands": [{"type": "manual", "command": "Call the bank."}],
                "on_completion": "if-condition--3"},
            "if-condition--3": {"type": "if-condition", "on_false": "action--5", "on_true": "action--4"},
            "action--4": {"type": "action", "description": "Block the sender.", "commands": [{"type": "bash", "command": "x"}]},
            "action--5": {"type": "action", "commands": [{"type": "ssh", "command": "y"}], "on_completion": "action--2"},
        });
        let all = [part("Call Call the bank.", false), part("Block the sender.", true), part("", true)];
        assert_eq!(told(&workflow), all);
    }

    #[test]
    fn what_is_no_playbook_has_nothing_done() {
        for extension in
            [json!(null), json!({}), json!({"playbook_base64": "!"}), json!({"playbook_base64": "e30="})]
        {
            assert_eq!(parts(&extension), []);
        }
        let too_long = "A".repeat(PLAYBOOK_BYTES_MAX + 1);
        assert_eq!(parts(&json!({"playbook_base64": too_long})), []);
        assert_eq!(told(&json!({"start--1": {"type": "start", "on_completion": "start--1"}})), []);
    }
}
