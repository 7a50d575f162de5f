//! Playbooks: a CACAO playbook as steps that people can follow, carried out ([`run`]), and its result shared ([`result`]).
//!
//! A playbook stands whole in an extension of a course of action and travels with it, like other intelligence: who may see the course of
//! action may see the playbook, and a new version of the one is a new version of the other. An advisory tells its actions in short; here
//! every step is told, with the ways that lead on from it.
//!
//! Source: CACAO Security Playbooks 2.0, section 4 (workflows).

pub mod result;
pub mod run;

use std::collections::HashMap;

use serde_json::Value;

use crate::advisory::playbook::{EXTENSION, kept, part, steps, ways};
use crate::advisory::story::plain;

/// Steps of a playbook that are shown and carried out; a longer one is cut there.
pub const STEPS_MAX: usize = 300;
/// Characters of a name.
const NAME_CHARS_MAX: usize = 200;

/// A playbook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Playbook {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Its steps, in the order in which they are come to.
    pub steps: Vec<Step>,
}

/// A step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its id in the playbook.
    pub id: String,
    /// Its type, as the specification has it (4.2).
    pub kind: String,
    /// Its name; that of its type if it has none.
    pub name: String,
    /// What is done or looked at; empty if the playbook says it in a tool's language alone.
    pub text: String,
    /// Whether it takes a tool.
    pub needs_tool: bool,
    /// The ways that lead on.
    pub ways: Vec<Way>,
}

/// A way that leads on from a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// When it is taken.
    pub when: When,
    /// The number of the step that it leads to, from 1; `None` where the playbook ends.
    pub to: Option<usize>,
}

/// When a way is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    /// Always, afterwards.
    Then,
    /// When it has worked.
    Worked,
    /// When it has failed.
    Failed,
    /// When what is looked at is so.
    True,
    /// When it is not so.
    False,
    /// Side by side with the others.
    Beside,
    /// In this case.
    Case(String),
}

impl When {
    fn of(way: &str) -> Self {
        match way {
            "on_completion" => Self::Then,
            "on_success" => Self::Worked,
            "on_failure" => Self::Failed,
            "on_true" => Self::True,
            "on_false" => Self::False,
            "next_steps" => Self::Beside,
            case => Self::Case(plain(case)),
        }
    }

    /// In words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Then => "then".to_owned(),
            Self::Worked => "if it worked".to_owned(),
            Self::Failed => "if it failed".to_owned(),
            Self::True => "if so".to_owned(),
            Self::False => "if not".to_owned(),
            Self::Beside => "side by side".to_owned(),
            Self::Case(case) => format!("if {case}"),
        }
    }
}

/// The playbook in a course of action, which is given as it was released; `None` if there is none or it can't be read.
#[must_use]
pub fn read(course_of_action: &str) -> Option<Playbook> {
    let object: Value = serde_json::from_str(course_of_action).ok()?;
    let playbook = kept(&object["extensions"][EXTENSION])?;
    let text = |value: &Value| value.as_str().map(plain).unwrap_or_default();
    let all = steps(&playbook);
    // The start does nothing, and an end is where ways end.
    let told: Vec<(&str, &Value)> =
        all.into_iter().filter(|(_, step)| is_step(step)).take(STEPS_MAX).collect();
    let numbers: HashMap<&str, usize> = told.iter().enumerate().map(|(at, (id, _))| (*id, at + 1)).collect();
    let steps: Vec<Step> = told.iter().map(|(id, step)| read_step(id, step, &numbers)).collect();
    let named = [&playbook["name"], &object["name"]].map(text).into_iter().find(|name| !name.is_empty());
    let name = named.unwrap_or_default().chars().take(NAME_CHARS_MAX).collect();
    (!steps.is_empty()).then(|| Playbook { name, description: text(&playbook["description"]), steps })
}

fn is_step(step: &Value) -> bool {
    step["type"].as_str().is_some_and(|kind| !matches!(kind, "start" | "end"))
}

fn read_step(id: &str, step: &Value, numbers: &HashMap<&str, usize>) -> Step {
    let text = |name: &str| step[name].as_str().map(plain).unwrap_or_default();
    let kind = step["type"].as_str().unwrap_or_default().to_owned();
    let (told, needs_tool) = match kind.as_str() {
        "action" => part(step).map_or((String::new(), false), |part| (part.text, part.needs_tool)),
        _ => {
            let parts = ["description", "condition", "switch", "playbook_id"].map(text);
            (parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" "), false)
        }
    };
    let name: String = text("name").chars().take(NAME_CHARS_MAX).collect();
    let ways = ways(step).into_iter();
    let ways = ways.map(|(way, to)| Way { when: When::of(way), to: numbers.get(to).copied() });
    Step {
        id: id.to_owned(),
        name: if name.is_empty() { kind.replace('-', " ") } else { name },
        text: told,
        needs_tool,
        ways: ways.collect(),
        kind,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::json;

    pub(crate) fn course_of_action(workflow: &Value) -> String {
        let playbook = json!({"name": "Phishing", "description": "What to do.", "workflow_start": "start--1", "workflow": workflow});
        let kept = STANDARD.encode(playbook.to_string());
        json!({"type": "course-of-action", "name": "P", "extensions": {EXTENSION: {"playbook_base64": kept}}})
            .to_string()
    }

    pub(crate) fn phishing() -> String {
        course_of_action(&json!({
            "start--1": {"type": "start", "on_completion": "action--2"},
            "action--2": {"type": "action", "name": "Call", "commands": [{"type": "manual", "command": "Call the bank."}],
                "on_completion": "if-condition--3"},
            "if-condition--3": {"type": "if-condition", "name": "Paid?", "condition": "money left", "on_true": "action--4",
                "on_false": "end--6"},
            "action--4": {"type": "action", "commands": [{"type": "bash", "command": "x"}], "on_success": "end--6",
                "on_failure": "action--2"},
            "end--6": {"type": "end"},
        }))
    }

    #[test]
    fn steps_come_in_order_with_their_branches() {
        let playbook = read(&phishing()).unwrap();
        assert_eq!((playbook.name.as_str(), playbook.description.as_str()), ("Phishing", "What to do."));
        let told: Vec<(&str, &str, bool)> = playbook
            .steps
            .iter()
            .map(|step| (step.name.as_str(), step.text.as_str(), step.needs_tool))
            .collect();
        assert_eq!(
            told,
            [("Call", "Call Call the bank.", false), ("Paid?", "money left", false), ("action", "", true)]
        );
        let ways: Vec<Vec<(String, Option<usize>)>> = playbook
            .steps
            .iter()
            .map(|step| step.ways.iter().map(|way| (way.when.words(), way.to)).collect())
            .collect();
        let way = |when: &str, to| (when.to_owned(), to);
        assert_eq!(
            ways,
            [
                vec![way("then", Some(2))],
                vec![way("if so", Some(3)), way("if not", None)],
                vec![way("if it worked", None), way("if it failed", Some(1))],
            ]
        );
    }

    #[test]
    fn what_is_no_playbook_is_none() {
        for text in ["", "{}", "[]", r#"{"extensions":{}}"#, &course_of_action(&json!({}))] {
            assert_eq!(read(text), None, "{text}");
        }
        let mut chain = serde_json::Map::new();
        chain.insert("start--1".to_owned(), json!({"type": "start", "on_completion": "a0"}));
        for at in 0..STEPS_MAX + 5 {
            chain.insert(
                format!("a{at}"),
                json!({"type": "action", "name": "x", "on_completion": format!("a{}", at + 1)}),
            );
        }
        let long = read(&course_of_action(&Value::Object(chain))).unwrap();
        assert_eq!((long.steps.len(), long.steps[STEPS_MAX - 1].ways[0].to), (STEPS_MAX, None));
    }
}
