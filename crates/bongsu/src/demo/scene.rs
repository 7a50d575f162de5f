//! The demo's circles, members and intelligence.

use super::Keys;
use crate::command::credential::{self, Holder};
use crate::command::import::{Report, Target, stream};
use crate::exit::Failure;
use crate::node::Node;
use exchange::read::{Format, Options};
use policy::{Circle, CircleId, Entry, Level, Member, MemberId, Terms, Word};
use stix::{Timestamp, Tlp};
use uuid::Uuid;

pub(super) const EXCHANGE: &str = "cert";
pub(super) const DETECT: &str = "bank";
pub(super) const BLOCK: &str = "isp";
pub(super) const LIST: &str = "exchange-desk";
pub(super) const READ: &str = "ministry";
pub(super) const REGION: &str = "region";
const ASSETS: &str = "assets";

const DAY_MICROS: i64 = 86_400_000_000;

const ATTACK: &[u8] = include_bytes!("../../demo-data/attack-dprk.json.gz");
const MALTRAIL: &[u8] = include_bytes!("../../demo-data/maltrail-dprk.csv.gz");
const THREATFOX: &[u8] = include_bytes!("../../demo-data/threatfox-dprk.csv");
const WALLETS: &[u8] = include_bytes!("../../demo-data/ofac-wallets.csv");

/// Makes members and circles and shares everything.
pub(super) fn set(node: &Node) -> Result<(), Failure> {
    for member in members() {
        node.record(Entry::Member(member))?;
    }
    let book = node.gate.book();
    let id = |handle: &str| Ok::<_, Failure>(node.member(&book, handle)?.id);
    let all = [EXCHANGE, DETECT, BLOCK, LIST, READ].into_iter().map(id).collect::<Result<Vec<_>, _>>()?;
    let some = [EXCHANGE, DETECT, LIST].into_iter().map(id).collect::<Result<Vec<_>, _>>()?;
    let sender = id(EXCHANGE)?;
    let region = circle(
        REGION,
        "Regional early warning",
        "What everyone in the region must know today",
        Tlp::Green,
        all,
    );
    let assets = circle(
        ASSETS,
        "Stolen virtual assets",
        "Wallets and hosts of current thefts",
        Tlp::AmberStrict,
        some,
    );
    let (region_id, assets_id) = (region.id, assets.id);
    let now = node.now();
    node.record(Entry::Circle(region))?;
    node.record(Entry::Circle(assets))?;
    let to = |circle, terms| Target {
        member: sender,
        circle,
        terms,
        intake: policy::Intake::Accept,
        sign: false,
        via: gate::Via::Import,
    };
    let tomorrow = Timestamp::from_micros(now.micros() + DAY_MICROS);
    let word = Word {
        fires: 3,
        reason: "wallets of a current theft are moving".to_owned(),
        at: now,
        until: tomorrow,
    };
    node.gate.say(MemberId::NODE, assets_id, Some(&word))?;
    let embargoed = Terms { embargo_until: Some(tomorrow), ..Terms::default() };
    take(node, &to(region_id, Terms::default()), "attack-dprk.json.gz", ATTACK, Format::Stix)?;
    take(node, &to(region_id, Terms::default()), "maltrail-dprk.csv.gz", MALTRAIL, Format::Csv)?;
    take(node, &to(region_id, embargoed), "ofac-wallets.csv", WALLETS, Format::Csv)?;
    take(node, &to(assets_id, Terms::default()), "ofac-wallets.csv", WALLETS, Format::Csv)?;
    take(node, &to(assets_id, Terms::default()), "threatfox-dprk.csv", THREATFOX, Format::Csv)
}

fn take(node: &Node, target: &Target, name: &str, bytes: &[u8], format: Format) -> Result<(), Failure> {
    let stem = name.split('.').next().unwrap_or_default();
    let options = Options { source: Some(stem.to_owned()), ..Options::new(node.now()) };
    let mut report = Report::default();
    stream(node, target, name, bytes, format, &options, &mut report)?;
    tracing::debug!(name, added = report.added, refused = report.refused, "the demo took a file in");
    Ok(())
}

/// Fresh credentials for the commands that the demo prints.
pub(super) fn keys(node: &Node) -> Result<Keys, Failure> {
    let book = node.gate.book();
    let token = |handle: &str| {
        Ok::<_, Failure>(
            credential::make_token(node, Holder::Member(node.member(&book, handle)?.id), None, Some(1))?
                .token,
        )
    };
    let tsig = credential::make_tsig(node, node.member(&book, BLOCK)?.id, BLOCK)?;
    Ok(Keys { exchange: token(EXCHANGE)?, list: token(LIST)?, tsig })
}

fn circle(handle: &str, title: &str, purpose: &str, ceiling: Tlp, members: Vec<MemberId>) -> Circle {
    Circle {
        title: title.to_owned(),
        purpose: purpose.to_owned(),
        ceiling,
        members,
        ..Circle::new(CircleId::new(Uuid::new_v4()), handle)
    }
}

fn members() -> [Member; 5] {
    let member = |handle: &str, name: &str, level, clearance| Member {
        name: name.to_owned(),
        level,
        clearance,
        ..Member::new(MemberId::new(Uuid::new_v4()), handle)
    };
    let contact = |text: &str| Some(text.to_owned());
    [
        Member {
            contact: contact("duty desk, +00 555 0100, cert@cert.example"),
            ..member(EXCHANGE, "National CERT", Level::Exchange, Tlp::AmberStrict)
        },
        Member {
            sectors: vec!["financial-services".to_owned()],
            own_assets: vec!["bank.example".to_owned()],
            ..member(DETECT, "Harbour Bank SOC", Level::Detect, Tlp::Amber)
        },
        Member {
            own_assets: vec!["isp.example".to_owned()],
            confidence_min: 20,
            ..member(BLOCK, "Coastal ISP", Level::Block, Tlp::Green)
        },
        member(LIST, "Virtual-asset exchange, compliance desk", Level::List, Tlp::AmberStrict),
        Member {
            language: "ko".to_owned(),
            ..member(READ, "Ministry of Fisheries", Level::Read, Tlp::Green)
        },
    ]
}
