//! The rules of a playbook: properties, ids, dates, references between its parts.
//!
//! What a MUST of the specification demands is an error; what it merely advises, or what breaks nothing that runs, is a
//! warning. Steps are checked by [`step`](super::step).
//!
//! Source: CACAO Security Playbooks 2.0, sections 3 (playbook), 6 (authentication), 7 (agents and targets), 8 (extensions),
//! 9 (markings), 10 (data types).

use std::collections::HashSet;

use serde_json::{Map, Value};
use stix::{Finding, ObjectId, Timestamp};

use super::{step, text};

/// Most steps of one playbook.
const STEPS_MAX: usize = 100_000;

/// Types of agents and targets that have properties of their own which they must have.
const AGENTS: [(&str, Option<&str>); 10] = [
    ("group", None),
    ("individual", None),
    ("location", None),
    ("organization", None),
    ("sector", Some("sector")),
    ("http-api", Some("address")),
    ("linux", Some("address")),
    ("net-address", Some("address")),
    ("security-category", Some("category")),
    ("ssh", Some("address")),
];

/// The findings of one playbook.
pub(super) struct Check<'p> {
    pub(super) playbook: &'p Value,
    pub(super) findings: Vec<Finding>,
}

pub(super) fn check(playbook: &Value) -> Vec<Finding> {
    let mut check = Check { playbook, findings: Vec::new() };
    if !playbook.is_object() {
        check.error("cacao-form", "", "a playbook is an object");
        return check.findings;
    }
    check.properties();
    check.definitions();
    check.workflow();
    check.markings();
    check.findings
}

impl<'p> Check<'p> {
    pub(super) fn error(&mut self, code: &'static str, path: impl Into<String>, message: impl Into<String>) {
        self.findings.push(Finding::error(code, path, message));
    }

    pub(super) fn warning(
        &mut self,
        code: &'static str,
        path: impl Into<String>,
        message: impl Into<String>,
    ) {
        self.findings.push(Finding::warning(code, path, message));
    }

    /// Members of a dictionary of the playbook.
    pub(super) fn dictionary(&self, name: &str) -> Option<&'p Map<String, Value>> {
        self.playbook.get(name).and_then(Value::as_object)
    }

    /// Whether a text is `type--UUID` with that type, or with any.
    pub(super) fn id(&mut self, value: &Value, object_type: Option<&str>, path: &str) -> bool {
        let found = ObjectId::parse(text(value)).ok();
        let fine = found.is_some_and(|id| object_type.is_none_or(|wanted| id.object_type() == wanted));
        if !fine {
            let wanted = object_type.unwrap_or("type");
            let shown: String = text(value).chars().take(80).collect();
            self.error("cacao-id", path, format!("`{shown}` is no identifier {wanted}--UUID (10.10)"));
        }
        fine
    }

    fn properties(&mut self) {
        let playbook = self.playbook;
        for (name, wanted) in [("type", "playbook"), ("spec_version", "cacao-2.0")] {
            if playbook[name] != wanted {
                self.error("cacao-form", name, format!("the value must be `{wanted}` (3.1)"));
            }
        }
        if text(&playbook["name"]).is_empty() {
            self.error("cacao-form", "name", "a playbook has a name (3.1)");
        }
        self.id(&playbook["id"], Some("playbook"), "id");
        self.id(&playbook["created_by"], Some("identity"), "created_by");
        for (name, object_type) in [("derived_from", "playbook"), ("related_to", "playbook")] {
            for (at, id) in playbook[name].as_array().into_iter().flatten().enumerate() {
                self.id(id, Some(object_type), &format!("{name}[{at}]"));
            }
        }
        self.dates();
        for name in ["priority", "severity", "impact"] {
            let fine =
                playbook.get(name).is_none_or(|value| value.as_u64().is_some_and(|value| value <= 100));
            if !fine {
                self.error("cacao-form", name, "the value is a whole number from 0 to 100 (3.1)");
            }
        }
        for name in ["playbook_types", "playbook_activities", "industry_sectors", "labels"] {
            let texts = |list: &Vec<Value>| !list.is_empty() && list.iter().all(Value::is_string);
            if !playbook.get(name).is_none_or(|value| value.as_array().is_some_and(texts)) {
                self.error("cacao-form", name, "the value is a list of one text or more (3.1)");
            }
        }
        if playbook.get("revoked").is_some_and(|value| !value.is_boolean()) {
            self.error("cacao-form", "revoked", "the value is true or false (3.1)");
        }
        for (at, reference) in playbook["external_references"].as_array().into_iter().flatten().enumerate() {
            if text(&reference["name"]).is_empty() {
                let path = format!("external_references[{at}].name");
                self.error("cacao-form", path, "a reference has a name (10.8)");
            }
        }
        self.variables(&playbook["playbook_variables"], "playbook_variables");
    }

    fn dates(&mut self) {
        let playbook = self.playbook;
        let mut dates = Vec::new();
        for name in ["created", "modified", "valid_from", "valid_until"] {
            let date = playbook.get(name).map(|value| Timestamp::parse(text(value)).ok());
            let missing = date.is_none() && matches!(name, "created" | "modified");
            if missing || date == Some(None) {
                self.error(
                    "cacao-time",
                    name,
                    "the value is a timestamp such as 2023-02-19T08:00:24.918Z (10.21)",
                );
            }
            dates.push(date.flatten());
        }
        let pairs = [
            (0, 1, "modified", "it lies before `created`"),
            (2, 3, "valid_until", "it is not after `valid_from`"),
        ];
        for (first, second, path, message) in pairs {
            if let (Some(one), Some(other)) = (dates[first], dates[second])
                && (other < one || second == 3 && other == one)
            {
                self.error("cacao-time", path, format!("{message} (3.1)"));
            }
        }
    }

    /// Names of variables: `__name__`. Source: 10.23.
    pub(super) fn variables(&mut self, variables: &Value, path: &str) {
        for (name, variable) in variables.as_object().into_iter().flatten() {
            let inner = name.strip_prefix("__").and_then(|name| name.strip_suffix("__")).unwrap_or_default();
            let fine = name.len() <= 250
                && inner.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && inner.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
            if !fine {
                self.error(
                    "cacao-variable",
                    format!("{path}.{name}"),
                    "a variable is called __name__ (10.23)",
                );
            }
            if !variable["type"].is_string() {
                self.error("cacao-variable", format!("{path}.{name}.type"), "a variable has a type (10.23)");
            }
        }
    }

    /// Agents, targets, authentication, markings and extensions: each under its own id.
    fn definitions(&mut self) {
        for name in ["agent_definitions", "target_definitions"] {
            for (id, one) in self.dictionary(name).into_iter().flatten() {
                let path = format!("{name}.{id}");
                let object_type = text(&one["type"]);
                self.id(&Value::String(id.clone()), Some(object_type), &path);
                if text(&one["name"]).is_empty() {
                    self.error("cacao-agent", format!("{path}.name"), "an agent or target has a name (7.1)");
                }
                match AGENTS.iter().find(|(known, _)| *known == object_type) {
                    Some((_, Some(needed))) if one.get(*needed).is_none() => {
                        let message = format!("an agent or target of the type {object_type} has it (7)");
                        self.error("cacao-agent", format!("{path}.{needed}"), message);
                    }
                    Some(_) => {}
                    None => {
                        let message = format!("`{object_type}` is not in agent-target-type-ov (7.2)");
                        self.warning("cacao-vocabulary", format!("{path}.type"), message);
                    }
                }
                self.authentication(one, &path);
            }
        }
        for name in ["authentication_info_definitions", "data_marking_definitions", "extension_definitions"] {
            for (id, one) in self.dictionary(name).into_iter().flatten() {
                let path = format!("{name}.{id}");
                let object_type = text(&one["type"]);
                self.id(&Value::String(id.clone()), Some(object_type), &path);
                if name == "extension_definitions" {
                    for needed in ["name", "created_by", "schema", "version"] {
                        if !one[needed].is_string() {
                            self.error("cacao-extension", format!("{path}.{needed}"), "it is missing (8.1)");
                        }
                    }
                }
            }
        }
    }

    fn authentication(&mut self, agent: &Value, path: &str) {
        let Some(id) = agent.get("authentication_info") else { return };
        let known =
            self.dictionary("authentication_info_definitions").is_some_and(|all| all.contains_key(text(id)));
        if !known {
            let message = format!("`{}` is not in authentication_info_definitions (6)", text(id));
            self.error("cacao-reference", format!("{path}.authentication_info"), message);
        }
    }

    fn workflow(&mut self) {
        let Some(steps) = self.dictionary("workflow") else {
            self.error("cacao-form", "workflow", "a playbook has a workflow (3.1)");
            return;
        };
        if steps.is_empty() || steps.len() > STEPS_MAX {
            self.error("cacao-form", "workflow", format!("a workflow has 1 to {STEPS_MAX} steps (3.1)"));
            return;
        }
        for (id, one) in steps {
            step::check(self, steps, id, one);
        }
        let start = &self.playbook["workflow_start"];
        if self.id(start, None, "workflow_start") {
            match steps.get(text(start)) {
                None => self.error("cacao-reference", "workflow_start", "there is no such step (3.1)"),
                Some(first) if first["type"] != "start" => {
                    let message = "the workflow does not begin with a step of the type start (4.3)";
                    self.warning("cacao-start", "workflow_start", message);
                }
                Some(_) => {}
            }
        }
        if let Some(exception) = self.playbook.get("workflow_exception")
            && !steps.contains_key(text(exception))
        {
            let message = "there is no such step: what fails is not caught (3.1)";
            self.warning("cacao-exception", "workflow_exception", message);
        }
        step::ends(self, steps);
    }

    fn markings(&mut self) {
        let known = self.dictionary("data_marking_definitions");
        let mut seen = HashSet::new();
        for (at, id) in self.playbook["markings"].as_array().into_iter().flatten().enumerate() {
            let path = format!("markings[{at}]");
            if !self.id(id, None, &path) {
                continue;
            }
            let id = text(id);
            let is_tlp = id.starts_with("marking-tlp--");
            if !is_tlp && !known.is_some_and(|known| known.contains_key(id)) {
                self.error("cacao-reference", path, "the marking is not in data_marking_definitions (9)");
            } else if !seen.insert(id) {
                self.warning("cacao-marking", path, "the marking stands there twice");
            }
        }
    }
}
