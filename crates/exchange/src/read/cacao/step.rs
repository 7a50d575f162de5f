//! Steps of a workflow: what each type must have, where it leads, and whether the workflow ends.
//!
//! Source: CACAO Security Playbooks 2.0, sections 4 (workflows) and 5 (commands).

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::check::Check;
use super::text;

type Steps = Map<String, Value>;

/// What a step of a type has: needed properties; properties that lead to one step; whether it may lead on as all do.
struct Form {
    name: &'static str,
    needed: &'static [&'static str],
    leads: &'static [&'static str],
}

const FORMS: [Form; 8] = [
    Form { name: "start", needed: &[], leads: &["on_completion"] },
    Form { name: "end", needed: &[], leads: &[] },
    Form {
        name: "action",
        needed: &["commands", "agent"],
        leads: &["on_completion", "on_success", "on_failure"],
    },
    Form {
        name: "playbook-action",
        needed: &["playbook_id"],
        leads: &["on_completion", "on_success", "on_failure"],
    },
    Form { name: "parallel", needed: &["next_steps"], leads: &["on_completion", "on_success", "on_failure"] },
    Form {
        name: "if-condition",
        needed: &["condition", "on_true"],
        leads: &["on_true", "on_false", "on_completion", "on_success", "on_failure"],
    },
    Form {
        name: "while-condition",
        needed: &["condition", "on_true"],
        leads: &["on_true", "on_completion", "on_success", "on_failure"],
    },
    Form {
        name: "switch-condition",
        needed: &["switch", "cases"],
        leads: &["on_completion", "on_success", "on_failure"],
    },
];

/// Commands: the type, and of which properties one must be there.
const COMMANDS: [(&str, &[&str]); 13] = [
    ("manual", &["command", "command_b64"]),
    ("bash", &["command", "command_b64"]),
    ("powershell", &["command", "command_b64"]),
    ("ssh", &["command", "command_b64"]),
    ("http-api", &["command"]),
    ("openc2-http", &["content_b64"]),
    ("caldera-cmd", &["command", "command_b64"]),
    ("elastic", &["command_b64"]),
    ("jupyter", &["command_b64"]),
    ("kestrel", &["command_b64"]),
    ("sigma", &["command_b64"]),
    ("yara", &["command_b64"]),
    ("attack-cmd", &["command", "command_b64"]),
];

/// Where a step leads.
fn targets(step: &Value) -> Vec<(String, &str)> {
    let form = FORMS.iter().find(|form| step["type"] == form.name);
    let mut found = Vec::new();
    for name in form.map_or(&[][..], |form| form.leads) {
        if let Some(id) = step.get(*name) {
            found.push(((*name).to_owned(), text(id)));
        }
    }
    for (at, id) in step["next_steps"].as_array().into_iter().flatten().enumerate() {
        found.push((format!("next_steps[{at}]"), text(id)));
    }
    for (case, id) in step["cases"].as_object().into_iter().flatten() {
        found.push((format!("cases.{case}"), text(id)));
    }
    found
}

pub(super) fn check(check: &mut Check<'_>, steps: &Steps, id: &str, step: &Value) {
    let path = format!("workflow.{id}");
    let object_type = text(&step["type"]);
    check.id(&Value::String(id.to_owned()), Some(object_type), &path);
    let Some(form) = FORMS.iter().find(|form| form.name == object_type) else {
        check.error(
            "cacao-step",
            format!("{path}.type"),
            format!("`{object_type}` is no type of step (4.1)"),
        );
        return;
    };
    for needed in form.needed {
        if step.get(*needed).is_none_or(Value::is_null) {
            let message = format!("a step of the type {object_type} has it (4)");
            check.error("cacao-step", format!("{path}.{needed}"), message);
        }
    }
    for name in ["on_completion", "on_success", "on_failure"] {
        if step.get(name).is_some() && !form.leads.contains(&name) {
            let message = format!("a step of the type {object_type} must not have it (4)");
            check.error("cacao-step", format!("{path}.{name}"), message);
        }
    }
    if step.get("on_completion").is_some()
        && (step.get("on_success").is_some() || step.get("on_failure").is_some())
    {
        let message = "a step has either on_completion, or on_success and on_failure (4.1)";
        check.error("cacao-step", format!("{path}.on_completion"), message);
    }
    for (name, target) in targets(step) {
        if !steps.contains_key(target) {
            let message = format!("there is no step `{}` (4)", target.chars().take(80).collect::<String>());
            check.error("cacao-reference", format!("{path}.{name}"), message);
        }
    }
    if object_type == "parallel" && step["next_steps"].as_array().is_none_or(|list| list.len() < 2) {
        check.warning(
            "cacao-step",
            format!("{path}.next_steps"),
            "fewer than two steps run side by side (4.7)",
        );
    }
    if object_type == "action" {
        commands(check, step, &path);
    }
    agents(check, step, &path);
    check.variables(&step["step_variables"], &format!("{path}.step_variables"));
}

fn commands(check: &mut Check<'_>, step: &Value, path: &str) {
    let commands = step["commands"].as_array().map_or(&[][..], Vec::as_slice);
    if commands.is_empty() {
        check.error("cacao-command", format!("{path}.commands"), "an action has one command or more (4.5)");
    }
    for (at, command) in commands.iter().enumerate() {
        let path = format!("{path}.commands[{at}]");
        let object_type = text(&command["type"]);
        match COMMANDS.iter().find(|(known, _)| *known == object_type) {
            _ if object_type.is_empty() => {
                check.error("cacao-command", format!("{path}.type"), "a command has a type (5.1)");
            }
            Some((_, one_of)) if !one_of.iter().any(|name| command[*name].is_string()) => {
                let message = format!("a command of the type {object_type} has {} (5)", one_of.join(" or "));
                check.error("cacao-command", path, message);
            }
            Some(_) => {}
            None => {
                let message = format!("`{object_type}` is not in command-type-ov (5.2)");
                check.warning("cacao-vocabulary", format!("{path}.type"), message);
            }
        }
    }
}

/// The agent is defined, and so is each target.
fn agents(check: &mut Check<'_>, step: &Value, path: &str) {
    let known = |check: &Check<'_>, id: &str, lists: &[&str]| {
        lists.iter().any(|name| check.dictionary(name).is_some_and(|all| all.contains_key(id)))
    };
    if let Some(id) = step.get("agent")
        && !known(check, text(id), &["agent_definitions"])
    {
        let message = format!("`{}` is not in agent_definitions (4.5)", text(id));
        check.error("cacao-reference", format!("{path}.agent"), message);
    }
    for (at, id) in step["targets"].as_array().into_iter().flatten().enumerate() {
        if !known(check, text(id), &["target_definitions", "agent_definitions"]) {
            // A MUST, but the standard's own example (locky-bart-mbc) breaks it, and what runs is said by the agent.
            let message = format!("`{}` is not in target_definitions (4.5)", text(id));
            check.warning("cacao-reference", format!("{path}.targets[{at}]"), message);
        }
    }
}

/// From the start an end is reached (4.4), and every step is reached.
pub(super) fn ends(check: &mut Check<'_>, steps: &Steps) {
    let mut waiting = vec![text(&check.playbook["workflow_start"])];
    if let Some(exception) = check.playbook.get("workflow_exception") {
        waiting.push(text(exception));
    }
    let mut seen = HashSet::new();
    let mut ended = false;
    while let Some(id) = waiting.pop() {
        let Some((key, step)) = steps.get_key_value(id) else { continue };
        if seen.insert(key.as_str()) {
            ended |= step["type"] == "end";
            waiting.extend(targets(step).into_iter().map(|(_, target)| target));
        }
    }
    if !ended && !seen.is_empty() {
        check.error(
            "cacao-endless",
            "workflow",
            "no way through the workflow comes to a step of the type end (4.4)",
        );
    }
    for id in steps.keys().filter(|id| !seen.contains(id.as_str())) {
        check.warning("cacao-unreached", format!("workflow.{id}"), "no way through the workflow comes here");
    }
}
