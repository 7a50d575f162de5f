//! `bongsu member zone`: what a member's resolver answers, who is told of changes, who may fetch without a key.

use crate::answer::Answer;
use crate::cli::ZoneArgs;
use crate::exit::Failure;
use crate::node::Node;
use deliver::zone::{catalog_of, name_of};
use policy::zoning::ADDRESSES_MAX;
use policy::{Entry, Level, Member, Zoning};
use serde_json::json;
use std::net::{IpAddr, SocketAddr};
use stix::Timestamp;

/// The port of DNS.
const PORT: u16 = 53;
const DAY_MICROS: i64 = 86_400_000_000;

/// Changes what is named, and shows what holds.
///
/// # Errors
/// When the member is unknown, a value is malformed or there are too many.
pub(crate) fn run(node: &Node, args: &ZoneArgs) -> Result<Answer, Failure> {
    let (book, now) = (node.gate.book(), node.now());
    let before = node.member(&book, &args.handle)?.zone.clone();
    let after = changed(args, before.clone(), now)?;
    if after != before {
        node.change(|book| {
            let member = node.member(book, &args.handle)?.clone();
            Ok(Entry::Member(Member { zone: changed(args, member.zone.clone(), now)?, ..member }))
        })?;
    }
    let book = node.gate.book();
    let member = node.member(&book, &args.handle)?;
    Ok(shown(node, member, now))
}

fn changed(args: &ZoneArgs, mut zone: Zoning, now: Timestamp) -> Result<Zoning, Failure> {
    if let Some(action) = &args.action {
        zone.action =
            action.parse().map_err(|error: policy::ZoneActionError| Failure::usage(error.to_string()))?;
    }
    if let Some(days) = args.trial_days {
        let until = now.micros().saturating_add(i64::from(days).saturating_mul(DAY_MICROS));
        zone.trial_until = (days > 0).then(|| Timestamp::from_micros(until));
    }
    if let Some(name_servers) = args.name_servers {
        zone.name_servers = name_servers;
    }
    if args.no_notify {
        zone.notify.clear();
    } else if !args.notify.is_empty() {
        zone.notify = args.notify.iter().map(|text| address(text)).collect::<Result<_, _>>()?;
    }
    if args.no_from {
        zone.from.clear();
    } else if !args.from.is_empty() {
        zone.from = args.from.iter().map(|text| network(text)).collect::<Result<_, _>>()?;
    }
    if zone.notify.len().max(zone.from.len()) > ADDRESSES_MAX {
        return Err(Failure::usage(format!("more than {ADDRESSES_MAX} addresses of one kind")));
    }
    Ok(zone)
}

/// The address of a DNS server, with the usual port if none is named.
///
/// # Errors
/// When it is none.
pub(crate) fn address(text: &str) -> Result<SocketAddr, Failure> {
    let with_port = text.parse().ok();
    with_port
        .or_else(|| text.parse::<IpAddr>().ok().map(|address| SocketAddr::new(address, PORT)))
        .ok_or_else(|| {
            Failure::usage(format!("`{text}` is no address of a DNS server"))
                .hint("an address, with a port if it is not 53: 192.0.2.1, 192.0.2.1:5353, [2001:db8::1]:53")
        })
}

fn network(text: &str) -> Result<ipnet::IpNet, Failure> {
    let network = text.parse().ok();
    network.or_else(|| text.parse::<IpAddr>().ok().map(ipnet::IpNet::from)).ok_or_else(|| {
        Failure::usage(format!("`{text}` is no address or network"))
            .hint("such as 192.0.2.1, 192.0.2.0/28 or 2001:db8::/64")
    })
}

fn shown(node: &Node, member: &Member, now: Timestamp) -> Answer {
    let (zone, origin) = (&member.zone, node.config.dns.origin());
    let (name, catalog) = (name_of(&member.handle, origin), catalog_of(&member.handle, origin));
    let offered = member.level >= Level::Block && node.config.dns.enabled && !member.ended;
    let trial = zone.trial_until.filter(|until| now < *until);
    let json = json!({
        "member": member.handle, "zone": name, "catalog": catalog, "offered": offered,
        "action": zone.action.to_string(), "trial_until": trial.map(|until| until.to_string()),
        "name_servers": zone.name_servers, "notify": zone.notify, "from": zone.from,
    });
    let list =
        |texts: Vec<String>, none: &str| if texts.is_empty() { none.to_owned() } else { texts.join(" ") };
    let notify = zone.notify.iter().map(ToString::to_string).collect();
    let from = zone.from.iter().map(ToString::to_string).collect();
    let action = match trial {
        Some(until) => format!("logs only until {until}, then {}", zone.action),
        None => zone.action.to_string(),
    };
    let mut text = format!(
        "{name}\n  answers       {action}\n  name servers  {}\n  notified      {}\n  without key   {}\n  catalog       {catalog}\n",
        if zone.name_servers { "listed domains are refused as name servers too" } else { "not looked at" },
        list(notify, "nobody: servers find changes when they refresh"),
        list(from, "from nowhere"),
    );
    if !offered {
        let why = match () {
            () if member.ended => "its membership has ended".to_owned(),
            () if member.level < Level::Block => format!("its level is {}", member.level),
            () => "dns.enabled is false in the configuration".to_owned(),
        };
        text.push_str(&format!("It is not handed out over DNS: {why}.\n"));
    }
    Answer::done(json, text)
}
