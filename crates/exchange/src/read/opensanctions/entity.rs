//! One entity of FollowTheMoney, as its line has it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// Most values of one property that are read.
const VALUES_MAX: usize = 2_000;
/// Longest text of a property, in bytes; what is longer is left out.
const TEXT_BYTES_MAX: usize = 64 * 1024;

/// What an entity is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Someone or something that bears a name.
    Party,
    /// An address of a cryptocurrency.
    Wallet,
    /// What a list does to a party.
    Sanction,
    /// Anything else.
    Other,
}

#[derive(Debug, Deserialize)]
pub(super) struct Entity {
    pub(super) id: String,
    pub(super) schema: String,
    #[serde(default)]
    caption: Option<String>,
    #[serde(default)]
    properties: BTreeMap<String, Value>,
}

impl Entity {
    /// An entity from its line.
    pub(super) fn parse(line: &str) -> Result<Self, String> {
        let entity: Self = serde_json::from_str(line).map_err(|error| error.to_string())?;
        let is_id = !entity.id.is_empty() && entity.id.len() <= 512 && !entity.id.contains(char::is_control);
        if is_id {
            Ok(entity)
        } else {
            Err("an entity's id has 1 to 512 bytes and no control characters".to_owned())
        }
    }

    /// Texts of a property, none of them empty. A nested entity counts by its id.
    pub(super) fn texts<'e>(&'e self, property: &str) -> impl Iterator<Item = &'e str> {
        let value = self.properties.get(property);
        let list = match value {
            Some(Value::Array(list)) => list.as_slice(),
            Some(one) => std::slice::from_ref(one),
            None => &[],
        };
        let texts = list.iter().take(VALUES_MAX).filter_map(|value| match value {
            Value::String(text) => Some(text.as_str()),
            Value::Object(entity) => entity.get("id").and_then(Value::as_str),
            _ => None,
        });
        texts.map(str::trim).filter(|text| !text.is_empty() && text.len() <= TEXT_BYTES_MAX)
    }

    /// Entities that stand within this one, in the nested form.
    pub(super) fn nested(&self) -> impl Iterator<Item = Self> {
        let objects =
            self.properties.values().filter_map(Value::as_array).flatten().filter(|value| value.is_object());
        objects.take(VALUES_MAX).filter_map(|value| Self::deserialize(value).ok())
    }

    /// The caption, or the first name.
    pub(super) fn name(&self) -> Option<&str> {
        let caption =
            self.caption.as_deref().map(str::trim).filter(|text| !text.is_empty() && *text != self.id);
        caption.or_else(|| self.texts("name").next()).or_else(|| self.texts("alias").next())
    }

    /// Programmes that it names, of its own and of sanctions within it.
    pub(super) fn programmes(&self) -> Vec<String> {
        let own = |entity: &Self| {
            let ids: Vec<_> = entity.texts("programId").map(str::to_owned).collect();
            if ids.is_empty() { entity.texts("program").map(str::to_owned).collect() } else { ids }
        };
        let mut found = own(self);
        for nested in self.nested().filter(|nested| nested.role() == Role::Sanction) {
            found.extend(own(&nested));
        }
        found
    }

    pub(super) fn role(&self) -> Role {
        match self.schema.as_str() {
            "Person" | "Organization" | "Company" | "LegalEntity" | "PublicBody" | "Vessel" | "Airplane"
            | "Vehicle" | "Asset" => Role::Party,
            "CryptoWallet" => Role::Wallet,
            "Sanction" => Role::Sanction,
            _ => Role::Other,
        }
    }

    /// The class of identity in STIX.
    pub(super) fn class(&self) -> &'static str {
        match self.schema.as_str() {
            "Person" => "individual",
            "Organization" | "Company" | "PublicBody" => "organization",
            _ => "unspecified",
        }
    }
}
