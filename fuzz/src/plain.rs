//! JSON as a tree that keeps what `serde_json::Value` forgets: keys that stand twice, and their order.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// The key under which `serde_json` hides raw values. A text that holds it means something else to a `Value`.
pub const PRIVATE: &str = "$serde_json::private";

/// A JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tree {
    /// Anything without parts.
    Leaf,
    /// An array.
    List(Vec<Tree>),
    /// An object, with every key as often as it stands.
    Object(Vec<(String, Tree)>),
}

impl Tree {
    /// The tree of a text; `None` if it is no JSON.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// Whether some object in it has a key twice.
    #[must_use]
    pub fn repeats(&self) -> bool {
        match self {
            Self::Leaf => false,
            Self::List(parts) => parts.iter().any(Self::repeats),
            Self::Object(entries) => {
                let keys: HashSet<&String> = entries.iter().map(|(key, _)| key).collect();
                keys.len() < entries.len() || entries.iter().any(|(_, value)| value.repeats())
            }
        }
    }

    /// How many arrays and objects lie around its innermost value.
    #[must_use]
    pub fn depth(&self) -> usize {
        match self {
            Self::Leaf => 0,
            Self::List(parts) => 1 + parts.iter().map(Self::depth).max().unwrap_or(0),
            Self::Object(entries) => 1 + entries.iter().map(|(_, value)| value.depth()).max().unwrap_or(0),
        }
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Read)
    }
}

struct Read;

impl<'de> Visitor<'de> for Read {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Tree, E> {
        Ok(Tree::Leaf)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Tree, E> {
        Ok(Tree::Leaf)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Tree, E> {
        Ok(Tree::Leaf)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Tree, E> {
        Ok(Tree::Leaf)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Tree, E> {
        Ok(Tree::Leaf)
    }

    fn visit_unit<E: Error>(self) -> Result<Tree, E> {
        Ok(Tree::Leaf)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Tree, A::Error> {
        let mut parts = Vec::new();
        while let Some(part) = seq.next_element()? {
            parts.push(part);
        }
        Ok(Tree::List(parts))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Tree::Object(entries))
    }
}

/// The text as a value, if nothing in it can be told in two ways.
#[must_use]
pub fn value(text: &str) -> Option<Value> {
    let clear = Tree::of(text).is_some_and(|tree| !tree.repeats()) && !text.contains(PRIVATE);
    if clear { serde_json::from_str(text).ok() } else { None }
}
