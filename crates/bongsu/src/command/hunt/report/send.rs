//! Sightings sent to the node that made the watch file, over TAXII 2.1.

use std::path::Path;
use std::sync::Arc;

use crate::cli::ReportArgs;
use crate::exit::Failure;
use crate::pull::{file, runtime};
use deliver::watch_file::Header;
use exchange::pull::taxii::{Client, Use};
use exchange::pull::{Credentials, Http, Limits, PullError, Reach, Remote, Url};

use super::bundle::ForCircle;

/// The variable with the member's token.
const TOKEN: &str = "BONGSU_TOKEN";
/// How often a request is made before it is given up.
const ATTEMPTS: u32 = 3;

/// The node that is told.
pub(super) struct Node {
    url: Url,
    client: Client,
}

/// What became of what was sent.
#[derive(Debug, Default)]
pub(super) struct Sent {
    /// Sightings that the node took.
    pub(super) taken: usize,
    /// What it did not take: id and reason.
    pub(super) refused: Vec<(String, String)>,
}

impl Node {
    /// Makes ready to ask the node.
    ///
    /// # Errors
    /// When its address is not known or can't be trusted, or there is no credential.
    pub(super) fn new(args: &ReportArgs, header: &Header, is_proven: bool) -> Result<Self, Failure> {
        let url = url(args, header, is_proven)?;
        let authorities = args.ca_file.as_deref().map(file).transpose()?;
        let limits = Limits { attempts: ATTEMPTS, ..Limits::default() };
        let remote = Remote {
            credentials: credentials(args)?,
            authorities,
            limits,
            reach: Reach::Anywhere,
            ..Remote::default()
        };
        let http = Http::new(remote, Arc::new(crate::node::now));
        let http = http.map_err(|error| Failure::usage(error.to_string()))?;
        Ok(Self { url, client: Client::new(http) })
    }

    /// The node's name in the network.
    pub(super) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// Sends what is for the circles; `sent` says what was taken, also when it fails.
    ///
    /// # Errors
    /// [`PullError`]: sending again is safe.
    pub(super) fn send(&self, circles: &[ForCircle], sent: &mut Sent) -> Result<(), Failure> {
        let runtime = runtime()?;
        for circle in circles {
            let Some(id) = &circle.id else {
                let why = format!("the watch file does not say which collection circle {} is", circle.handle);
                sent.refused.push((circle.handle.clone(), why));
                continue;
            };
            runtime.block_on(self.send_to(id, circle, sent)).map_err(|error| failure(&error, circle))?;
        }
        Ok(())
    }

    async fn send_to(&self, id: &str, circle: &ForCircle, sent: &mut Sent) -> Result<(), PullError> {
        let mut url = self.url.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["api", "collections", id, ""]);
        }
        let place = self.client.find(&url, None, Use::Write).await?;
        if !place.collection.can_write {
            let why = format!("this member may not share in circle {} (can_write is false)", circle.handle);
            sent.refused.push((circle.handle.clone(), why));
            return Ok(());
        }
        let objects: Vec<String> = circle.objects.iter().map(ToString::to_string).collect();
        let added = self.client.add(&place, &objects).await?;
        // Identities and observables that are there already in other words stay as they are.
        let is_told = |id: &String| id.starts_with("sighting--") || id.starts_with("observed-data--");
        let refused: Vec<_> = added.reasons.into_iter().filter(|(id, _)| is_told(id)).collect();
        let untaken = refused.iter().filter(|(id, _)| id.starts_with("sighting--")).count();
        sent.taken += circle.sightings.saturating_sub(untaken);
        sent.refused.extend(refused);
        Ok(())
    }
}

fn failure(error: &PullError, circle: &ForCircle) -> Failure {
    let hint = match error.status() {
        Some(401) => "is the token (or certificate) right, and does it hold?",
        Some(403) => "this member may not share there: ask the node's operator",
        Some(404) => "is this the node that made the watch file, and the token of the member that it is for?",
        _ => "is the node reached from here? sending again is safe: what it has counts once",
    };
    Failure::new(format!("circle {}: {error}", circle.handle)).hint(hint)
}

fn url(args: &ReportArgs, header: &Header, is_proven: bool) -> Result<Url, Failure> {
    let text = match (&args.to, &header.back.url) {
        (Some(to), _) => to,
        (None, Some(url)) if is_proven => url,
        (None, Some(url)) => {
            return Err(Failure::usage(format!(
                "the watch file says that its node is at {}, and nothing proves who made it",
                url.escape_debug()
            ))
            .hint("name the node's key with --key, or its address with --to"));
        }
        (None, None) => {
            return Err(Failure::usage("the watch file does not say where its node is")
                .hint("name the node's address with --to https://NODE"));
        }
    };
    let shown = || text.escape_debug();
    let mut url: Url =
        text.parse().map_err(|error| Failure::usage(format!("`{}` is no address: {error}", shown())))?;
    let is_here = url.host_str().is_some_and(|host| {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
    });
    match url.scheme() {
        "https" => {}
        "http" if is_here => {}
        "http" => {
            return Err(Failure::usage(format!(
                "`{}` is not encrypted: the token and what was found would be read on the way",
                shown()
            ))
            .hint("use the node's address with https://"));
        }
        _ => return Err(Failure::usage(format!("`{}` begins with neither https:// nor http://", shown()))),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Failure::usage(
            "the node's address has a user or password in it, which others on this machine can see",
        )
        .hint("use --token-file"));
    }
    // The addresses by which TAXII's clients know the node are its own too.
    let path = url.path().trim_end_matches('/');
    let path = ["/taxii2", "/api"].iter().find_map(|end| path.strip_suffix(end)).unwrap_or(path).to_owned();
    url.set_path(&path);
    Ok(url)
}

fn credentials(args: &ReportArgs) -> Result<Credentials, Failure> {
    if let Some(path) = &args.certificate {
        return Ok(Credentials::Certificate { pem: file(path)? });
    }
    let token = match &args.token_file {
        Some(path) => token_in(path)?,
        None => std::env::var(TOKEN).map_err(|_| {
            Failure::usage("there is no token for the node")
                .hint(format!("name a file with it by --token-file, or set {TOKEN}"))
        })?,
    };
    Ok(Credentials::Bearer { token: token.trim().to_owned() })
}

fn token_in(path: &Path) -> Result<String, Failure> {
    String::from_utf8(file(path)?).map_err(|_| Failure::new(format!("{} is no text", path.display())))
}
