//! The guard: nothing passes to a blocking artefact that would break a partner.
//!
//! Every value is asked about in the same order: form, own assets, special-purpose registries, public suffixes,
//! warning lists, then the indicator's validity and its faded confidence. The first rule that holds it back is
//! named, with the list. What passes becomes a [`Guarded`], which nothing else can make; renderers of blocking
//! artefacts take nothing else.
//!
//! Source: rules L-1 to L-4.

mod decay;
mod lists;
mod models;
mod names;
mod ranges;
mod special;

pub use special::special_purpose;

use std::fmt;
use std::sync::Arc;

use stix::{Finding, Timestamp};

use crate::actionable::{Acts, Indicator};
use crate::asset::Assets;
use crate::domain;
use crate::value::{Kind, Value};

pub use decay::{CONFIDENCE_UNSTATED, Decay};
pub use lists::{ListInfo, Lists};
pub use models::{DECAY, LIFETIME_DAYS, MODEL_BYTES_MAX, ModelError, Models, from_misp};

/// Widest IPv4 network that may be blocked, as a prefix length.
pub const IPV4_PREFIX_MIN: u8 = 16;
/// Widest IPv6 network that may be blocked, as a prefix length.
pub const IPV6_PREFIX_MIN: u8 = 32;

/// What the guard asks beside the value itself.
#[derive(Debug, Clone, Copy)]
pub struct Context {
    /// The time of asking.
    pub now: Timestamp,
    /// The member's threshold, 0 to 100.
    pub confidence_min: u8,
    /// What the indicator states.
    pub confidence: Option<u8>,
    /// From when the indicator holds.
    pub valid_from: Option<Timestamp>,
    /// Until when it holds, exclusive.
    pub valid_until: Option<Timestamp>,
    /// The newest sighting; it resets the value's age.
    pub seen_last: Option<Timestamp>,
}

impl Context {
    /// A context for a member with `confidence_min`, nothing being known of the indicator.
    #[must_use]
    pub const fn new(now: Timestamp, confidence_min: u8) -> Self {
        Self { now, confidence_min, confidence: None, valid_from: None, valid_until: None, seen_last: None }
    }

    /// The same member and time, with what an indicator says of itself.
    #[must_use]
    pub const fn of(mut self, indicator: &Indicator) -> Self {
        self.confidence = indicator.confidence;
        self.valid_from = indicator.valid_from;
        self.valid_until = indicator.valid_until;
        self
    }
}

/// Why a value is held back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Stable name of the rule: `special-purpose`, `public-suffix`, `warning-list`, `own-asset`, `expired`,
    /// `not-yet-valid`, `confidence`, `shared-host`, `too-wide`, `not-blockable`.
    pub rule: &'static str,
    /// The list or registry that holds the value, if one does.
    pub list: Option<String>,
    /// A sentence for people.
    pub message: String,
}

impl Hold {
    fn new(rule: &'static str, list: Option<&str>, message: String) -> Self {
        Self { rule, list: list.map(str::to_owned), message }
    }
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.message, self.rule)
    }
}

/// Something that the guard let pass. Only the guard makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guarded<T>(T);

impl<T> Guarded<T> {
    /// What passed.
    pub const fn get(&self) -> &T {
        &self.0
    }

    /// What passed, by itself.
    pub fn into_inner(self) -> T {
        self.0
    }
}

/// Holds back what would break a partner. Cheap to make: the lists are shared.
#[derive(Debug, Clone)]
pub struct Guard {
    lists: Arc<Lists>,
    assets: Assets,
    models: Arc<Models>,
}

impl Guard {
    /// The rule that holds what no device can refuse. It is asked last, so that what it holds nothing else does.
    pub const ONLY_LOOKED_FOR: &str = "not-blockable";

    /// A guard over `lists` that also spares `own_assets`: domains with all below them, addresses, networks and
    /// other values. What can't be read among the assets is a finding.
    pub fn new<S: AsRef<str>>(lists: Arc<Lists>, own_assets: &[S]) -> (Self, Vec<Finding>) {
        let (assets, findings) = Assets::read(own_assets.iter().map(AsRef::as_ref));
        (Self { lists, assets, models: Arc::default() }, findings)
    }

    /// The same, by whose `models` confidence fades.
    #[must_use]
    pub fn fading(self, models: Arc<Models>) -> Self {
        Self { models, ..self }
    }

    /// How values of a kind fade.
    #[must_use]
    pub fn decay(&self, kind: Kind) -> Decay {
        self.models.of(kind).1
    }

    /// The rules in the order in which a value of a kind is asked about: [`Guard::check`] names the first that holds it.
    #[must_use]
    pub const fn rules(kind: Kind) -> &'static [&'static str] {
        match kind {
            Kind::Domain => &RULES_OF_DOMAINS,
            Kind::Ipv4 | Kind::Ipv6 => &RULES_OF_NETWORKS,
            Kind::Url => &RULES_OF_URLS,
            Kind::Email => &RULES_OF_MAILBOXES,
            _ => &RULES_OF_OTHERS,
        }
    }

    /// Whether `value` may go into a blocking artefact. Some hundred nanoseconds.
    ///
    /// # Errors
    /// [`Hold`]: the first rule that holds it back.
    pub fn check(&self, value: &Value, context: &Context) -> Result<(), Hold> {
        self.check_harm(value)?;
        self.check_validity(value, context)?;
        // Last: what nothing else holds can still be looked for, in logs and when someone asks.
        if value.kind().blockable() {
            return Ok(());
        }
        let message = format!("a value of kind {} names nothing that a device can refuse", value.kind());
        Err(Hold::new(Self::ONLY_LOOKED_FOR, None, message))
    }

    /// Lets an indicator's value pass.
    ///
    /// # Errors
    /// [`Hold`]: the first rule that holds it back.
    pub fn admit<T: Acts>(&self, acts: T, context: &Context) -> Result<Guarded<T>, Hold> {
        self.check(acts.value(), &context.of(acts.indicator()))?;
        Ok(Guarded(acts))
    }

    /// The host that may be refused because of a URL: only if the URL names the whole host and nobody shares it.
    ///
    /// # Errors
    /// [`Hold`] with the rule `shared-host` (L-2) for a URL with a path, and whatever holds the host itself.
    pub fn host(&self, url: &Value, context: &Context) -> Result<Guarded<Value>, Hold> {
        let host = url.url_host().filter(|_| url.is_whole_host()).ok_or_else(|| {
            let message = format!("{url} is one page; its host may serve others, so the host is not refused");
            Hold::new("shared-host", None, message)
        })?;
        self.check(&host, context)?;
        Ok(Guarded(host))
    }

    /// The part of [`Guard::check`] that does not depend on time or confidence.
    fn check_harm(&self, value: &Value) -> Result<(), Hold> {
        if let Some(asset) = self.assets.hit(value) {
            let message = format!("{value} would hit {asset}, which belongs to a member");
            return Err(Hold::new("own-asset", Some("own assets"), message));
        }
        match value.kind() {
            Kind::Domain => self.check_domain(value.text()),
            Kind::Ipv4 | Kind::Ipv6 => self.check_network(value),
            Kind::Url => self.check_url(value),
            Kind::Email => check_email(value.text()).and_then(|()| self.check_listed(value)),
            _ => self.check_listed(value),
        }
    }

    fn check_domain(&self, name: &str) -> Result<(), Hold> {
        if let Some(special) = domain::special_use(name) {
            let message = format!("{name} is or lies under {special}, a special-use name");
            return Err(Hold::new("special-purpose", Some("IANA special-use domain names"), message));
        }
        if domain::is_public_suffix(name) {
            let message = format!("under {name} many can register names; refusing it would refuse them all");
            return Err(Hold::new("public-suffix", Some("Public Suffix List"), message));
        }
        match self.lists.name(name) {
            None => Ok(()),
            Some(hit) => {
                let message = match hit.by {
                    names::By::Shared => format!("{name} is shared by many (list: {})", hit.list),
                    names::By::Itself => format!("{name} is on the list: {}", hit.list),
                    names::By::Above => format!("{name} lies under {}, on the list: {}", hit.entry, hit.list),
                    names::By::Below => format!("{name} stands above a name on the list: {}", hit.list),
                };
                let rule = if hit.by == names::By::Shared { "shared-host" } else { "warning-list" };
                Err(Hold::new(rule, Some(hit.list), message))
            }
        }
    }

    fn check_network(&self, value: &Value) -> Result<(), Hold> {
        let Some(network) = value.network() else {
            return Err(Hold::new("not-blockable", None, format!("{value} is no network")));
        };
        if let Some(registry) = special::purpose(&network) {
            let message = format!("{value} touches {registry}");
            return Err(Hold::new(
                "special-purpose",
                Some("IANA special-purpose address registries"),
                message,
            ));
        }
        let shortest = if network.addr().is_ipv4() { IPV4_PREFIX_MIN } else { IPV6_PREFIX_MIN };
        if network.prefix_len() < shortest {
            let message = format!("{value} is wider than /{shortest}; refusing it would refuse bystanders");
            return Err(Hold::new("too-wide", None, message));
        }
        match self.lists.network(&network) {
            None => Ok(()),
            Some(list) => {
                Err(Hold::new("warning-list", Some(list), format!("{value} touches the list: {list}")))
            }
        }
    }

    /// A page on a shared host may be listed as a page. A URL that names all of its host is that host.
    fn check_url(&self, value: &Value) -> Result<(), Hold> {
        let Some(host) = value.url_host() else {
            return Err(Hold::new("not-blockable", None, format!("{value} has no host")));
        };
        if value.is_whole_host() {
            self.check_harm(&host)?;
            return self.check_listed(value);
        }
        if let Some(special) =
            (host.kind() == Kind::Domain).then(|| domain::special_use(host.text())).flatten()
        {
            let message = format!("{value} lies under {special}, a special-use name");
            return Err(Hold::new("special-purpose", Some("IANA special-use domain names"), message));
        }
        if let Some(registry) = host.network().and_then(|network| special::purpose(&network)) {
            let message = format!("the host of {value} touches {registry}");
            return Err(Hold::new(
                "special-purpose",
                Some("IANA special-purpose address registries"),
                message,
            ));
        }
        self.check_listed(value)
    }

    fn check_listed(&self, value: &Value) -> Result<(), Hold> {
        match self.lists.text(value) {
            None => Ok(()),
            Some(list) => {
                Err(Hold::new("warning-list", Some(list), format!("{value} is on the list: {list}")))
            }
        }
    }

    fn check_validity(&self, value: &Value, context: &Context) -> Result<(), Hold> {
        if let Some(until) = context.valid_until.filter(|until| *until <= context.now) {
            return Err(Hold::new("expired", None, format!("{value} was valid until {until}")));
        }
        if let Some(from) = context.valid_from.filter(|from| *from > context.now) {
            return Err(Hold::new("not-yet-valid", None, format!("{value} is valid from {from} only")));
        }
        let (model, decay) = self.models.of(value.kind());
        if decay.is_under(context) {
            let (score, least) = (decay.faded(context), decay.least(context));
            let taken = match least > context.confidence_min {
                true => format!("the decay model `{model}` takes {least} and above"),
                false => format!("this member takes {least} and above"),
            };
            let message = format!("confidence in {value} has faded to {score:.0}; {taken}");
            return Err(Hold::new("confidence", None, message));
        }
        Ok(())
    }
}

const RULES_OF_DOMAINS: [&str; 9] = [
    "not-blockable",
    "own-asset",
    "special-purpose",
    "public-suffix",
    "shared-host",
    "warning-list",
    "expired",
    "not-yet-valid",
    "confidence",
];
const RULES_OF_NETWORKS: [&str; 8] = [
    "not-blockable",
    "own-asset",
    "special-purpose",
    "too-wide",
    "warning-list",
    "expired",
    "not-yet-valid",
    "confidence",
];
const RULES_OF_URLS: [&str; 10] = [
    "not-blockable",
    "own-asset",
    "special-purpose",
    "public-suffix",
    "too-wide",
    "shared-host",
    "warning-list",
    "expired",
    "not-yet-valid",
    "confidence",
];
const RULES_OF_MAILBOXES: [&str; 7] = [
    "not-blockable",
    "own-asset",
    "special-purpose",
    "warning-list",
    "expired",
    "not-yet-valid",
    "confidence",
];
const RULES_OF_OTHERS: [&str; 6] =
    ["own-asset", "warning-list", "expired", "not-yet-valid", "confidence", "not-blockable"];

/// Mailboxes that every domain must have: a sender forges them, a partner needs them. Source: RFC 2142.
const ROLES: [&str; 8] = ["abuse", "noc", "security", "soc", "postmaster", "hostmaster", "webmaster", "cert"];

fn check_email(address: &str) -> Result<(), Hold> {
    let name = address.split('@').next().unwrap_or_default();
    if ROLES.contains(&name) {
        let message = format!("{address} is a role mailbox that partners write to");
        return Err(Hold::new("special-purpose", Some("RFC 2142 mailbox names"), message));
    }
    Ok(())
}
