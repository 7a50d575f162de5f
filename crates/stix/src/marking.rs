//! Markings: who may see, and what may be done.
//!
//! TLP marks are known by their ids, so that they hold before any definition arrives; PAP, FIRST IEP and
//! plain statements are read from marking definitions. A definition that is none of these is
//! [`Definition::Unknown`], and whoever decides about releases treats it as a rule that can't be met.
//!
//! Source: STIX 2.1, section 7.2; FIRST TLP 2.0; FIRST IEP 2.0; the OASIS TLP 2.0 marking extension.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::finding::Finding;
use crate::id::ObjectId;
use crate::time::Timestamp;

/// Most granular markings that one object may have.
pub const GRANULAR_MARKINGS_MAX: usize = 1_000;

/// The Traffic Light Protocol, from the widest to the narrowest audience. Source: FIRST TLP 2.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tlp {
    /// No limit on disclosure (TLP 1: WHITE).
    Clear,
    /// Within the community.
    Green,
    /// Within the organisation and its clients, on a need-to-know basis.
    Amber,
    /// Within the organisation only.
    AmberStrict,
    /// For the eyes and ears of individual recipients only.
    Red,
}

const TLP_2: [(u128, Tlp); 5] = [
    (0x9486_8c89_83c2_464b_929b_a1a8_aa3c_8487, Tlp::Clear),
    (0xbab4_a63c_aed9_4cf5_a766_dfca_5aba_c2bb, Tlp::Green),
    (0x55d9_20b0_5e8b_4f79_9ee9_91f8_68d9_b421, Tlp::Amber),
    (0x939a_9414_2ddd_4d32_a0cd_375e_a402_b003, Tlp::AmberStrict),
    (0xe828_b379_4e03_4974_9ac4_e53a_884c_97c1, Tlp::Red),
];
const TLP_1: [(u128, Tlp); 4] = [
    (0x613f_2e26_407d_48c7_9eca_b8e9_1df9_9dc9, Tlp::Clear),
    (0x3409_8fce_860f_48ae_8e50_ebd3_cc5e_41da, Tlp::Green),
    (0xf88d_31f6_486f_44da_b317_0133_3bde_0b82, Tlp::Amber),
    (0x5e57_c739_391a_4eb3_b6be_7d15_ca92_d5ed, Tlp::Red),
];

impl Tlp {
    /// All five, from the widest to the narrowest.
    pub const ALL: [Self; 5] = [Self::Clear, Self::Green, Self::Amber, Self::AmberStrict, Self::Red];

    /// The mark that a marking definition's id stands for, in TLP 2.0 or TLP 1.
    #[must_use]
    pub fn of(id: &ObjectId) -> Option<Self> {
        if id.object_type() != "marking-definition" {
            return None;
        }
        let uuid = id.uuid().as_u128();
        TLP_2.iter().chain(&TLP_1).find(|(known, _)| *known == uuid).map(|(_, tlp)| *tlp)
    }

    /// The id of the TLP 2.0 marking definition.
    #[must_use]
    pub fn definition_id(self) -> ObjectId {
        let uuid = TLP_2.iter().find(|(_, tlp)| *tlp == self).map_or(0, |(uuid, _)| *uuid);
        match ObjectId::new("marking-definition", Uuid::from_u128(uuid)) {
            Ok(id) => id,
            Err(_) => unreachable!("`marking-definition` is a type name"),
        }
    }

    /// The word after `TLP:`, as FIRST writes it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Clear => "CLEAR",
            Self::Green => "GREEN",
            Self::Amber => "AMBER",
            Self::AmberStrict => "AMBER+STRICT",
            Self::Red => "RED",
        }
    }
}

impl fmt::Display for Tlp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TLP:{}", self.word())
    }
}

/// Why a text is no TLP mark.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no TLP mark; use clear, green, amber, amber+strict or red")]
pub struct TlpError(pub String);

impl FromStr for Tlp {
    type Err = TlpError;

    /// Reads `TLP:AMBER+STRICT`, `amber-strict`, `white`, … in any case.
    fn from_str(text: &str) -> Result<Self, TlpError> {
        let word = text.trim().to_ascii_lowercase();
        let word = word.strip_prefix("tlp").unwrap_or(&word);
        match word.trim_start_matches([':', '-', '_', ' ']).trim() {
            "clear" | "white" => Ok(Self::Clear),
            "green" => Ok(Self::Green),
            "amber" => Ok(Self::Amber),
            "amber+strict" | "amber-strict" | "amber_strict" | "amber strict" => Ok(Self::AmberStrict),
            "red" | "ex:chr" => Ok(Self::Red),
            _ => Err(TlpError(text.chars().take(40).collect())),
        }
    }
}

/// The Permissible Actions Protocol: what may be done with what was learnt, from the freest to the strictest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pap {
    /// Anything (formerly WHITE).
    Clear,
    /// Active measures, such as blocking.
    Green,
    /// Passive cross-checks only.
    Amber,
    /// Nothing that an attacker could notice.
    Red,
}

impl FromStr for Pap {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let word = text.trim().to_ascii_lowercase();
        match word.strip_prefix("pap").ok_or(())?.trim_start_matches([':', '-', '_', ' ']) {
            "clear" | "white" => Ok(Self::Clear),
            "green" => Ok(Self::Green),
            "amber" => Ok(Self::Amber),
            "red" => Ok(Self::Red),
            _ => Err(()),
        }
    }
}

/// What a recipient may do. Source: FIRST IEP 2.0, permitted_actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PermittedActions {
    /// Nothing but to read.
    None,
    /// Ask the originator first.
    ContactForInstruction,
    /// What shows inside one's own network only.
    InternallyVisible,
    /// What shows outside, through others.
    ExternallyVisibleIndirect,
    /// What shows outside.
    ExternallyVisibleDirect,
}

/// An information exchange policy: what rules need of it, and none of its sender's words. Source: FIRST IEP 2.0.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Iep {
    /// Its TLP mark, which counts like any other.
    pub tlp: Option<Tlp>,
    /// What may be done; absent means anything.
    pub permitted_actions: Option<PermittedActions>,
    /// Whether it may travel over encrypted channels only.
    pub encrypt_in_transit: bool,
    /// Whether the originator must not be named.
    pub attribution_forbidden: bool,
    /// Whether it must not be handed on unmodified for money.
    pub unmodified_resale_forbidden: bool,
    /// From when it holds.
    pub start: Option<Timestamp>,
    /// Until when it holds.
    pub end: Option<Timestamp>,
}

/// What a marking definition says. It keeps no text from outside, so that a copy costs the same whoever wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Definition {
    /// A TLP mark.
    Tlp(Tlp),
    /// A PAP mark.
    Pap(Pap),
    /// An information exchange policy.
    Iep(Box<Iep>),
    /// Words, such as a copyright notice: they travel with the object and limit nothing.
    Statement,
    /// Something that this program does not know and therefore can't keep.
    Unknown,
}

/// Reads what a marking definition says.
///
/// Beside the forms of STIX 2.1 it takes those seen in the field: TLP under the wrong id, `tlp:clear` in a TLP 1
/// definition, OpenCTI's `x_opencti_definition`, PAP as statement, IEP as `iep` definition or property.
///
/// # Errors
/// A [`Finding`] when the text is no JSON object or an IEP is malformed.
///
/// Source: STIX 2.1, sections 7.2.1.1 to 7.2.1.4.
pub fn read_definition(raw: &str) -> Result<Definition, Finding> {
    let object: Value =
        serde_json::from_str(raw).map_err(|error| Finding::error("json", "", error.to_string()))?;
    let definition = &object["definition"];
    if object["definition_type"].as_str().is_some_and(|kind| kind.to_ascii_lowercase().starts_with("iep")) {
        return read_iep(definition).map(|iep| Definition::Iep(Box::new(iep)));
    }
    let known = object["id"].as_str().and_then(|id| ObjectId::parse(id).ok()).and_then(|id| Tlp::of(&id));
    let extension = object["extensions"]
        .as_object()
        .and_then(|extensions| extensions.values().find_map(|extension| extension["tlp_2_0"].as_str()));
    let said = object["definition"]["tlp"].as_str().or(extension).and_then(|word| word.parse().ok());
    if let Some(tlp) = known.max(said) {
        return Ok(Definition::Tlp(tlp));
    }
    for holder in [&object["definition"]["iep"], &object["iep"]] {
        if holder.is_object() {
            return read_iep(holder).map(|iep| Definition::Iep(Box::new(iep)));
        }
    }
    let words =
        [&definition["statement"], &object["x_opencti_definition"], &definition["pap"], &object["name"]];
    for word in words.iter().filter_map(|word| word.as_str()) {
        if let Ok(pap) = word.parse() {
            return Ok(Definition::Pap(pap));
        }
        if word.trim().get(..3).is_some_and(|start| start.eq_ignore_ascii_case("tlp"))
            && let Ok(tlp) = word.parse()
        {
            return Ok(Definition::Tlp(tlp));
        }
    }
    if let Some(pap) = definition["pap"].as_str().and_then(|word| format!("pap:{word}").parse().ok()) {
        return Ok(Definition::Pap(pap));
    }
    match definition["statement"].as_str() {
        Some(_) => Ok(Definition::Statement),
        None => Ok(Definition::Unknown),
    }
}

#[derive(Deserialize)]
struct IepWire {
    tlp: Option<String>,
    permitted_actions: Option<String>,
    encrypt_in_transit: Option<String>,
    attribution: Option<String>,
    unmodified_resale: Option<String>,
    start_date: Option<String>,
    end_date: Option<String>,
}

fn read_iep(value: &Value) -> Result<Iep, Finding> {
    let bad = |path: &str, message: String| Finding::error("iep-malformed", path, message);
    let wire = IepWire::deserialize(value).map_err(|error| bad("definition", error.to_string()))?;
    let word = |text: &Option<String>| {
        text.as_deref().map(|text| text.trim().to_ascii_uppercase().replace(['_', '-'], " "))
    };
    let permitted_actions = match word(&wire.permitted_actions).as_deref() {
        None => None,
        Some("NONE") => Some(PermittedActions::None),
        Some("CONTACT FOR INSTRUCTION") => Some(PermittedActions::ContactForInstruction),
        Some("INTERNALLY VISIBLE ACTIONS") => Some(PermittedActions::InternallyVisible),
        Some("EXTERNALLY VISIBLE INDIRECT ACTIONS") => Some(PermittedActions::ExternallyVisibleIndirect),
        Some("EXTERNALLY VISIBLE DIRECT ACTIONS") => Some(PermittedActions::ExternallyVisibleDirect),
        Some(other) => {
            let other: String = other.chars().take(40).collect();
            return Err(bad("permitted_actions", format!("`{other}` is no permitted action of IEP 2.0")));
        }
    };
    let time = |path: &str, text: &Option<String>| {
        text.as_deref()
            .filter(|text| !text.is_empty())
            .map(Timestamp::parse)
            .transpose()
            .map_err(|error| bad(path, error.to_string()))
    };
    let tlp = match &wire.tlp {
        Some(text) => Some(text.parse().map_err(|error: TlpError| bad("tlp", error.to_string()))?),
        None => None,
    };
    Ok(Iep {
        tlp,
        permitted_actions,
        encrypt_in_transit: word(&wire.encrypt_in_transit).as_deref() == Some("MUST"),
        attribution_forbidden: word(&wire.attribution).as_deref() == Some("MUST NOT"),
        unmodified_resale_forbidden: word(&wire.unmodified_resale).as_deref() == Some("MUST NOT"),
        start: time("start_date", &wire.start_date)?,
        end: time("end_date", &wire.end_date)?,
    })
}

/// One granular marking: a mark, or a language, for some properties. Source: STIX 2.1, section 7.2.3.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Granular {
    /// The marking definition, unless it is a language mark.
    pub marking: Option<ObjectId>,
    /// The language of the selected properties.
    pub lang: Option<String>,
    /// Which properties, in the selector syntax of section 7.2.3.1.
    pub selectors: Vec<String>,
}

/// Reads the granular markings of an object.
///
/// # Errors
/// A [`Finding`] when they are malformed or more than [`GRANULAR_MARKINGS_MAX`]: an object whose markings can't be read is not to be shared.
pub fn read_granular(raw: &str) -> Result<Vec<Granular>, Finding> {
    #[derive(Deserialize)]
    struct Wire {
        marking_ref: Option<String>,
        lang: Option<String>,
        selectors: Vec<String>,
    }
    #[derive(Deserialize)]
    struct Holder {
        #[serde(default)]
        granular_markings: Vec<Wire>,
    }
    let bad = |message: String| Finding::error("granular-malformed", "granular_markings", message);
    let holder: Holder = serde_json::from_str(raw).map_err(|error| bad(error.to_string()))?;
    if holder.granular_markings.len() > GRANULAR_MARKINGS_MAX {
        let count = holder.granular_markings.len();
        let message = format!("{count} granular markings; the limit is {GRANULAR_MARKINGS_MAX}");
        return Err(Finding::error("granular-markings-too-many", "granular_markings", message));
    }
    let read = |wire: Wire| {
        let marking = wire
            .marking_ref
            .as_deref()
            .map(ObjectId::parse)
            .transpose()
            .map_err(|error| bad(error.to_string()))?;
        if marking.is_none() && wire.lang.is_none() {
            return Err(bad("neither `marking_ref` nor `lang`".to_owned()));
        }
        if wire.selectors.is_empty() {
            return Err(bad("no selectors".to_owned()));
        }
        Ok(Granular { marking, lang: wire.lang, selectors: wire.selectors })
    };
    holder.granular_markings.into_iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition(body: &str) -> Definition {
        let id =
            r#""type":"marking-definition","id":"marking-definition--11111111-1111-4111-8111-111111111111""#;
        read_definition(&format!("{{{id},{body}}}")).unwrap()
    }

    #[test]
    fn each_mark_is_known_by_its_own_id_and_word() {
        for tlp in Tlp::ALL {
            assert_eq!(Tlp::of(&tlp.definition_id()), Some(tlp));
            assert_eq!(tlp.to_string().parse(), Ok(tlp));
        }
        assert_eq!("white".parse(), Ok(Tlp::Clear));
        assert!("purple".parse::<Tlp>().is_err());
    }

    #[test]
    fn definitions_are_read_in_every_form_seen_in_the_field() {
        let check = |body, expected| assert_eq!(definition(body), expected, "{body}");
        check(r#""definition_type":"tlp","definition":{"tlp":"amber"}"#, Definition::Tlp(Tlp::Amber));
        check(
            r#""extensions":{"extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d":{"extension_type":"property-extension","tlp_2_0":"amber+strict"}}"#,
            Definition::Tlp(Tlp::AmberStrict),
        );
        check(
            r#""definition_type":"statement","definition":{"statement":"PAP:RED"}"#,
            Definition::Pap(Pap::Red),
        );
        check(r#""definition_type":"PAP","x_opencti_definition":"PAP:AMBER""#, Definition::Pap(Pap::Amber));
        check(
            r#""definition_type":"statement","x_opencti_definition":"TLP:AMBER+STRICT""#,
            Definition::Tlp(Tlp::AmberStrict),
        );
        check(
            r#""definition_type":"statement","definition":{"statement":"Copyright"}"#,
            Definition::Statement,
        );
        check(r#""definition_type":"acs","definition":{"x":1}"#, Definition::Unknown);
    }

    /// Definitions are copied for each object and part that they mark: a megabyte of words was copied each time.
    #[test]
    fn a_definition_keeps_none_of_its_words() {
        let words = "w".repeat(1 << 20);
        let statement = format!(r#""definition_type":"statement","definition":{{"statement":"{words}"}}"#);
        assert_eq!(definition(&statement), Definition::Statement);
        let policy = format!(r#""definition_type":"iep","definition":{{"name":"{words}","tlp":"red"}}"#);
        assert!(format!("{:?}", definition(&policy)).len() < 1_000);
        let wrong = format!(r#"{{"definition_type":"iep","definition":{{"permitted_actions":"{words}"}}}}"#);
        assert!(read_definition(&wrong).unwrap_err().to_string().len() < 1_000);
    }

    #[test]
    fn so_many_granular_markings_are_read_and_not_one_more() {
        let object = |count: usize| {
            let marks = vec![r#"{"lang":"en","selectors":["name"]}"#; count].join(",");
            format!(
                r#"{{"type":"tool","spec_version":"2.1","id":"tool--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f","granular_markings":[{marks}]}}"#
            )
        };
        let most = object(GRANULAR_MARKINGS_MAX);
        assert_eq!(read_granular(&most).unwrap().len(), GRANULAR_MARKINGS_MAX);
        assert!(crate::read_head(&most).unwrap().granular && !crate::read_head(&object(0)).unwrap().granular);
        let over = object(GRANULAR_MARKINGS_MAX + 1);
        assert_eq!(read_granular(&over).unwrap_err().code, "granular-markings-too-many");
        assert_eq!(crate::read_head(&over).unwrap_err().code, "granular-markings-too-many");
    }

    /// A text where the list belongs was taken for no marks at all, and the object went out whole.
    #[test]
    fn granular_markings_that_are_no_list_are_seen_and_not_read() {
        for marks in [r#""name""#, "null", "{}", "7"] {
            let object = format!(
                r#"{{"type":"tool","id":"tool--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f","granular_markings":{marks}}}"#
            );
            assert!(
                crate::read_head(&object).unwrap().granular && read_granular(&object).is_err(),
                "{marks}"
            );
        }
    }

    #[test]
    fn an_exchange_policy_is_read_as_rules() {
        let Definition::Iep(iep) = definition(
            r#""definition_type":"iep","definition":{"name":"p","tlp":"GREEN","permitted_actions":"NONE","encrypt_in_transit":"MUST","attribution":"MUST NOT","end_date":"2030-01-01T00:00:00Z"}"#,
        ) else {
            panic!("no IEP")
        };
        assert_eq!(iep.tlp, Some(Tlp::Green));
        assert_eq!(iep.permitted_actions, Some(PermittedActions::None));
        assert!(iep.encrypt_in_transit && iep.attribution_forbidden);
        assert!(iep.end.is_some());
    }
}
