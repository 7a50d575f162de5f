//! The bill of materials, as CycloneDX 1.6 in JSON. Source: ECMA-424, "CycloneDX Bill of materials specification".
//!
//! `cargo cyclonedx` makes such a file for each crate of a workspace, after a tool of its own was installed; here it is one file for the
//! one program, with what the crates carry inside, and `required` apart from what only takes part in compiling.

use anyhow::Result;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Release;
use super::parts::{Key, Part, Parts};

/// The bill's text: the same for the same program and the same lock file.
pub(super) fn text(release: &Release<'_>, parts: &Parts) -> Result<String> {
    let root = reference(&parts.program, parts);
    let mut components = Vec::new();
    let mut dependencies = Vec::new();
    for (key, part) in &parts.all {
        if *key != parts.program {
            components.push(component(key, part, parts));
        }
        let mut needs: Vec<String> = part.needs.iter().map(|need| reference(need, parts)).collect();
        if let Some(bundled) = &part.bundled {
            let purl = format!("pkg:generic/{}@{}", bundled.name, bundled.version);
            components.push(json!({
                "type": "library", "bom-ref": purl, "name": bundled.name, "version": bundled.version,
                "scope": scope(part), "licenses": [{"expression": bundled.licence}], "purl": purl,
                "description": format!("compiled into {} {}", key.0, key.1),
            }));
            dependencies.push(json!({"ref": purl}));
            needs.push(purl);
        }
        if *key == parts.program {
            needs.extend(standard_library(release).map(|(purl, _)| purl));
        }
        dependencies.push(json!({"ref": reference(key, parts), "dependsOn": needs}));
    }
    if let Some((purl, component)) = standard_library(release) {
        dependencies.push(json!({"ref": purl}));
        components.push(component);
    }
    let licence = parts.all.get(&parts.program).map_or("", |part| part.licence.as_str());
    let mut bill = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": release.moment.rfc_3339(),
            "tools": {"components": [{"type": "application", "name": "xtask", "version": release.version}]},
            "component": {
                "type": "application", "bom-ref": root, "name": parts.program.0, "version": release.version,
                "description": "Exchange node for threat intelligence between unequal partners",
                "licenses": [{"expression": licence}], "purl": format!("{root}?arch={}", release.program.machines()),
                "hashes": [{"alg": "SHA-256", "content": release.program.sha256}],
            },
        },
        "components": components,
        "dependencies": dependencies,
    });
    // Named after what it says, so that it is the same when it is made again.
    let number = Uuid::new_v5(&Uuid::NAMESPACE_URL, bill.to_string().as_bytes());
    bill["serialNumber"] = Value::String(format!("urn:uuid:{number}"));
    Ok(format!("{}\n", serde_json::to_string_pretty(&bill)?))
}

fn component(key: &Key, part: &Part, parts: &Parts) -> Value {
    let (name, version) = key;
    let mut component = json!({
        "type": "library", "bom-ref": reference(key, parts), "name": name, "version": version, "scope": scope(part),
        "licenses": [{"expression": part.licence}],
    });
    if let Some(checksum) = &part.checksum {
        component["hashes"] = json!([{"alg": "SHA-256", "content": checksum}]);
        component["purl"] = Value::String(reference(key, parts));
    }
    component
}

/// What takes part in compiling alone is no part of what is delivered.
const fn scope(part: &Part) -> &'static str {
    if part.is_delivered { "required" } else { "excluded" }
}

/// A package's name in the bill: its purl, of those from the registry.
fn reference((name, version): &Key, parts: &Parts) -> String {
    let part = parts.all.get(&(name.clone(), version.clone()));
    match part.and_then(|part| part.checksum.as_ref()) {
        // A plus in a purl's version is escaped.
        Some(_) => format!("pkg:cargo/{name}@{}", version.replace('+', "%2B")),
        None => format!("pkg:generic/{name}@{version}"),
    }
}

/// Rust's own library, which is in every program of Rust's.
fn standard_library(release: &Release<'_>) -> Option<(String, Value)> {
    let version = release.program.rust.as_deref()?;
    let purl = format!("pkg:generic/rust-std@{version}");
    let component = json!({
        "type": "library", "bom-ref": purl, "name": "rust-std", "version": version, "scope": "required",
        "licenses": [{"expression": "MIT OR Apache-2.0"}], "purl": purl,
    });
    Some((purl, component))
}
