//! Firewall sets for nftables: a whole transaction, or the sets alone.
//!
//! `nft -f` takes a file as one transaction: the old table goes and the new one comes in the same instant, so nothing passes
//! in between. The table is our own and has no other rules in it, so that it can be removed without harm.
//!
//! Source: nft(8), "Sets", "Chains", "Input file formats".

use std::fmt::{Display, Write as _};

use policy::{Level, MemberId};

use crate::artefact::Artefact;
use crate::gather::{Deliver, DeliverError};
use crate::networks::Networks;

const CONTENT_TYPE: &str = "text/plain; charset=utf-8";

impl Deliver {
    /// A table that drops what goes to listed addresses, forwarded or from the machine itself, and logs it.
    ///
    /// # Errors
    /// [`DeliverError`].
    pub fn nftables(&self, member: MemberId, encrypted: bool) -> Result<Artefact, DeliverError> {
        let (head, networks, count) = self.networks(member, encrypted)?;
        let chain = |hook: &str| {
            format!(
                "    chain {hook} {{\n        type filter hook {hook} priority filter - 10; policy accept;\n        \
                 ip daddr @blocked4 counter log prefix \"bongsu: \" level info drop\n        \
                 ip6 daddr @blocked6 counter log prefix \"bongsu: \" level info drop\n    }}\n"
            )
        };
        let body = format!(
            "{head}add table inet bongsu\ndelete table inet bongsu\ntable inet bongsu {{\n{}{}{}}}\n",
            sets("    ", &networks),
            chain("forward"),
            chain("output")
        );
        Ok(Artefact::new(CONTENT_TYPE, "nftables.conf", body, count))
    }

    /// The sets `blocked4` and `blocked6`, to be included inside a table of the member's own.
    ///
    /// # Errors
    /// [`DeliverError`].
    pub fn nftables_sets(&self, member: MemberId, encrypted: bool) -> Result<Artefact, DeliverError> {
        let (head, networks, count) = self.networks(member, encrypted)?;
        Ok(Artefact::new(CONTENT_TYPE, "nftables.sets", head + &sets("", &networks), count))
    }

    fn networks(&self, member: MemberId, encrypted: bool) -> Result<(String, Networks, usize), DeliverError> {
        let gathered = self.gather(member, Level::Block, encrypted)?;
        let networks = Networks::of(&gathered);
        let count = networks.ipv4.len() + networks.ipv6.len();
        let head = format!("# {}\n# {}: {count} networks, guarded\n", gathered.tlp(), self.title);
        Ok((head, networks, count))
    }
}

fn sets(indent: &str, networks: &Networks) -> String {
    set(indent, "blocked4", "ipv4_addr", &networks.ipv4)
        + &set(indent, "blocked6", "ipv6_addr", &networks.ipv6)
}

fn set<N: Display>(indent: &str, name: &str, of: &str, networks: &[N]) -> String {
    let mut text = format!("{indent}set {name} {{\n{indent}    type {of}; flags interval;\n");
    if !networks.is_empty() {
        let _ = writeln!(text, "{indent}    elements = {{");
        for network in networks {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{indent}        {network},");
        }
        let _ = writeln!(text, "{indent}    }}");
    }
    text + &format!("{indent}}}\n")
}
