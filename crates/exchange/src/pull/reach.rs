//! Where requests may go: to the host that an operator wrote, unless its name comes to lead inside; or to public addresses alone,
//! for hosts that a member named.
//!
//! A name is looked up once, and the connection goes to an address that was looked at: a name that leads elsewhere the next
//! time leads nowhere.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::error::PullError;

/// Where a server may be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Reach {
    /// Anywhere.
    #[default]
    Anywhere,
    /// At the address that stands in the URL, or at a public address of the name that stands there: whoever keeps the name of a
    /// partner's server can't make the node ask its own machine, or others beside it.
    Outside,
    /// At a public address. Redirections are not followed, and no proxy is asked.
    Public {
        /// Hosts that may be anywhere: names in lower case, or addresses, without ports and brackets.
        except: BTreeSet<String>,
    },
}

impl Reach {
    /// Looks at the address that stands in a URL. Names are looked at when they are looked up.
    ///
    /// # Errors
    /// [`PullError::NotPublic`].
    pub(super) fn check(&self, url: &Url) -> Result<(), PullError> {
        let Self::Public { except } = self else { return Ok(()) };
        let host = url.host_str().unwrap_or_default().to_ascii_lowercase();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        match host.parse::<IpAddr>().ok().and_then(watch::guard::special_purpose) {
            Some(why) if !except.contains(host) => {
                Err(PullError::NotPublic { host: host.to_owned(), why: why.to_owned() })
            }
            _ => Ok(()),
        }
    }

    /// The addresses of a host to which a connection may go. `host` is a name, or an address without brackets.
    ///
    /// # Errors
    /// [`PullError::NotPublic`]; [`PullError::Unreachable`] if the name is not known.
    pub(super) async fn addresses(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, PullError> {
        let host = host.to_ascii_lowercase();
        let is_free = match self {
            Self::Anywhere => true,
            Self::Outside => host == "localhost" || host.parse::<IpAddr>().is_ok(),
            Self::Public { except } => except.contains(&host),
        };
        looked_up(host, port, is_free).await
    }
}

/// The addresses that a host has: all if it is free to be anywhere, or else the public ones.
async fn looked_up(host: String, port: u16, is_free: bool) -> Result<Vec<SocketAddr>, PullError> {
    let failed = |why: String| PullError::Unreachable { url: host.clone(), why };
    let all =
        tokio::net::lookup_host((host.as_str(), port)).await.map_err(|error| failed(error.to_string()))?;
    let all: Vec<SocketAddr> = all.collect();
    let why = |address: &SocketAddr| watch::guard::special_purpose(address.ip()).filter(|_| !is_free);
    let may: Vec<SocketAddr> = all.iter().filter(|address| why(address).is_none()).copied().collect();
    match (may.is_empty(), all.first().and_then(why)) {
        (true, Some(why)) => Err(PullError::NotPublic { host, why: why.to_owned() }),
        (true, None) => Err(failed("the name has no address".to_owned())),
        (false, _) => Ok(may),
    }
}

/// Looks names up and gives public addresses alone.
pub(super) struct Resolver {
    except: Arc<BTreeSet<String>>,
}

impl Resolver {
    /// Gives public addresses alone, but for `localhost`, which is what it says.
    pub(super) fn outside() -> Self {
        Self::new(BTreeSet::from(["localhost".to_owned()]))
    }

    pub(super) fn new(except: BTreeSet<String>) -> Self {
        Self { except: Arc::new(except) }
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let except = Arc::clone(&self.except);
        Box::pin(async move {
            let host = name.as_str().to_ascii_lowercase();
            let is_free = except.contains(&host);
            match looked_up(host, 0, is_free).await {
                Ok(all) => Ok(Box::new(all.into_iter()) as Addrs),
                // What the name is of is told by whoever asks.
                Err(PullError::Unreachable { why, .. }) => Err(why.into()),
                Err(error) => Err(error.into()),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_is_not_public_is_asked_only_if_it_is_allowed() {
        let reach = Reach::Public { except: BTreeSet::from(["127.0.0.1".to_owned(), "::1".to_owned()]) };
        let check = |url: &str| reach.check(&url.parse().unwrap()).is_ok();
        for good in [
            "https://127.0.0.1/x",
            "https://[::1]:8443/",
            "https://45.10.20.30/",
            "https://a.example/",
            "https://[2606:4700::1]/",
        ] {
            assert!(check(good), "{good}");
        }
        for bad in [
            "https://127.0.0.2/",
            "https://10.0.0.1/",
            "https://169.254.169.254/latest/",
            "https://2130706434/",
            "https://0x7f.2/",
            "https://[::ffff:10.0.0.1]/",
            "https://[fe80::1]/",
            "https://0.0.0.0/",
            "https://[::]/",
        ] {
            assert!(!check(bad), "{bad}");
        }
        assert!(Reach::Anywhere.check(&"http://127.0.0.2/".parse().unwrap()).is_ok());
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_leads_nowhere() {
        let look = |except: &[&str]| {
            let resolver = Resolver::new(except.iter().map(|host| (*host).to_owned()).collect());
            resolver.resolve("localhost".parse().unwrap())
        };
        let told = look(&[]).await.err().unwrap().to_string();
        assert!(told.contains("localhost is loopback"), "{told}");
        assert!(look(&["localhost"]).await.is_ok_and(|mut found| found.next().is_some()));
    }
}
