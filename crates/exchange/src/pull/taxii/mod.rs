//! A TAXII 2.1 client: from a URL to a collection, a walk over its objects, and objects added to it.
//!
//! The URL that an operator was given may be that of discovery, of an API root or of the collection itself; [`Client::find`]
//! tells by what stands there. [`Walk`] goes through a collection page by page and copes with servers that page in their
//! own ways; [`add`](Client::add) sends objects in envelopes that the server takes.
//!
//! Source: OASIS TAXII 2.1; section numbers stand at each resource.

mod add;
mod cursor;
mod walk;
pub mod wire;

pub use add::Added;
pub use cursor::Cursor;
pub use walk::{PAGE_OBJECTS_MAX, Page, Walk};

use reqwest::Url;

use super::{Answer, Http, PullError, shown};
use wire::{ApiRoot, Collection, Resource};

/// The media type of TAXII 2.1 (section 1.6.8.1), in the forms that servers were seen to insist on.
const ACCEPT: [&str; 3] =
    ["application/taxii+json;version=2.1", "application/taxii+json; version=2.1", "application/taxii+json"];

/// Asks one TAXII server.
#[derive(Clone)]
pub struct Client {
    http: Http,
}

/// How often something is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tries {
    /// Once: to ask again may mean something else.
    Once,
    /// Again after failures that may pass.
    Patient,
}

/// What a collection is looked for to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// To get its objects.
    Read,
    /// To add objects.
    Write,
}

impl Use {
    const fn fits(self, collection: &Collection) -> bool {
        match self {
            Self::Read => collection.can_read,
            Self::Write => collection.can_write,
        }
    }
}

impl std::fmt::Display for Use {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Write => "written to",
        })
    }
}

/// A collection, and where it stands.
#[derive(Debug, Clone)]
pub struct Place {
    /// The collection's own URL, with a slash at its end.
    pub url: Url,
    /// Its API root's URL.
    pub root: Url,
    /// What the API root says of itself.
    pub api_root: Option<ApiRoot>,
    /// What the collection says of itself.
    pub collection: Collection,
}

/// What a server offers.
#[derive(Debug, Clone)]
pub struct Offer {
    /// The API root's URL.
    pub root: Url,
    /// What it says of itself.
    pub api_root: ApiRoot,
    /// Its collections.
    pub collections: Vec<Collection>,
}

impl Client {
    /// A client that asks through `http`.
    #[must_use]
    pub const fn new(http: Http) -> Self {
        Self { http }
    }

    /// Finds the collection that is meant: `url` is its own, or that of its API root or of discovery, and `named` is its id,
    /// alias or title. Where nothing is named, the only one that can be used so is meant.
    ///
    /// # Errors
    /// [`PullError`]; [`PullError::Unusable`] says what there is to choose from when nothing fits.
    pub async fn find(&self, url: &Url, named: Option<&str>, to: Use) -> Result<Place, PullError> {
        if let Some(place) = self.find_collection(url).await? {
            return Ok(place);
        }
        let offers = self.offers(url).await?;
        let all = || offers.iter().flat_map(|offer| offer.collections.iter().map(move |one| (offer, one)));
        let is_named = |one: &Collection| match named {
            Some(named) => one.id == named || one.alias.as_deref() == Some(named) || one.title == named,
            None => to.fits(one),
        };
        let mut fitting = all().filter(|(_, one)| is_named(one));
        match (fitting.next(), fitting.next()) {
            (Some((offer, one)), None) => Ok(Place {
                url: under(&offer.root, &["collections", &one.id]),
                root: offer.root.clone(),
                api_root: Some(offer.api_root.clone()),
                collection: one.clone(),
            }),
            (found, _) => {
                let known: Vec<String> =
                    all().map(|(_, one)| format!("{} ({})", one.id, one.title)).collect();
                let what = match (found, named) {
                    (Some(_), Some(named)) => {
                        format!("several collections are called `{named}`: name one by its id")
                    }
                    (Some(_), None) => format!("several collections can be {to}: name one"),
                    (None, Some(named)) => format!("there is no collection `{named}`"),
                    (None, None) => format!("there is no collection that can be {to}"),
                };
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                Err(PullError::Unusable { what: format!("{}: {what}; there are: {known}", shown(url)) })
            }
        }
    }

    /// The collection whose own URL this is, if it looks like one.
    async fn find_collection(&self, url: &Url) -> Result<Option<Place>, PullError> {
        let steps: Vec<&str> = url
            .path_segments()
            .map(|steps| steps.filter(|step| !step.is_empty()).collect())
            .unwrap_or_default();
        let Some(at) =
            steps.iter().rposition(|step| *step == "collections").filter(|at| at + 1 < steps.len())
        else {
            return Ok(None);
        };
        let base = |steps: &[&str]| under(&with_path(url, ""), steps);
        let (root, own) = (base(&steps[..at]), base(&steps[..at + 2]));
        let Resource::Collection(collection) = self.resource(&own).await? else {
            return Err(PullError::Malformed { url: shown(&own), what: "it is no collection".to_owned() });
        };
        // Useful for what is sent there, and not needed for reading.
        let api_root = match self.resource(&root).await {
            Ok(Resource::ApiRoot(api_root)) => Some(api_root),
            _ => None,
        };
        Ok(Some(Place { url: own, root, api_root, collection }))
    }

    /// The API roots with their collections under `url`, which is discovery's or an API root's.
    ///
    /// # Errors
    /// [`PullError`]; when one of several API roots can't be read, the others are given.
    pub async fn offers(&self, url: &Url) -> Result<Vec<Offer>, PullError> {
        let slashed = with_slash(url);
        match self.resource(&slashed).await? {
            Resource::ApiRoot(api_root) => Ok(vec![self.offer(slashed, api_root).await?]),
            Resource::Discovery { api_roots, .. } => self.discovered(&slashed, &api_roots).await,
            Resource::Collection(_) => Err(PullError::Malformed {
                url: shown(&slashed),
                what: "it is a collection, which the path does not tell".to_owned(),
            }),
        }
    }

    async fn discovered(&self, url: &Url, api_roots: &[String]) -> Result<Vec<Offer>, PullError> {
        let (mut offers, mut failure) = (Vec::new(), None);
        for named in api_roots {
            let root = match url.join(named).map(|root| with_slash(&root)) {
                Ok(root) if root.origin() == url.origin() => root,
                Ok(root) => {
                    failure.get_or_insert(PullError::Redirected { url: shown(url), to: shown(&root) });
                    continue;
                }
                Err(error) => {
                    let what = format!("the API root `{named}` is no URL: {error}");
                    failure.get_or_insert(PullError::Malformed { url: shown(url), what });
                    continue;
                }
            };
            let offer = match self.resource(&root).await {
                Ok(Resource::ApiRoot(api_root)) => self.offer(root, api_root).await,
                Ok(_) => {
                    Err(PullError::Malformed { url: shown(&root), what: "it is no API root".to_owned() })
                }
                Err(error) => Err(error),
            };
            match offer {
                Ok(offer) => offers.push(offer),
                Err(error) => drop(failure.get_or_insert(error)),
            }
        }
        match failure {
            Some(error) if offers.is_empty() => Err(error),
            _ => Ok(offers),
        }
    }

    async fn offer(&self, root: Url, api_root: ApiRoot) -> Result<Offer, PullError> {
        let is_21 = |version: &String| version.contains("2.1") && version.contains("taxii");
        if !api_root.versions.is_empty() && !api_root.versions.iter().any(is_21) {
            return Err(PullError::OldTaxii { url: shown(&root) });
        }
        let url = under(&root, &["collections"]);
        let answer = self.get(&url, Tries::Patient).await?;
        let collections = wire::collections(&answer.body)
            .map_err(|what| PullError::Malformed { url: shown(&url), what })?;
        Ok(Offer { root, api_root, collections })
    }

    async fn resource(&self, url: &Url) -> Result<Resource, PullError> {
        let answer = self.get(url, Tries::Patient).await?;
        wire::resource(&answer.body).map_err(|what| PullError::Malformed { url: shown(url), what })
    }

    /// Gets a resource, with the next way to write the media type where one is not acceptable (406).
    async fn get(&self, url: &Url, tries: Tries) -> Result<Answer, PullError> {
        let mut refused = None;
        for accept in ACCEPT {
            let answer = match tries {
                Tries::Once => self.http.get_once(url, accept).await,
                Tries::Patient => self.http.get(url, accept).await,
            };
            match answer {
                Ok(answer) => return check_media_type(url, answer),
                Err(error) if error.status() == Some(406) => drop(refused.insert(error)),
                Err(error) => return Err(error),
            }
        }
        // Whoever knows no spelling of 2.1 may know 2.0.
        let old = self.http.get(url, "application/vnd.oasis.taxii+json; version=2.0").await;
        let is_old = old.is_ok_and(|answer| {
            answer.header("content-type").is_some_and(|name| name.contains("vnd.oasis.taxii"))
        });
        match refused.filter(|_| !is_old) {
            Some(error) => Err(error),
            None => Err(PullError::OldTaxii { url: shown(url) }),
        }
    }
}

/// Refuses what says that it is something else than TAXII 2.1 or JSON.
fn check_media_type(url: &Url, answer: Answer) -> Result<Answer, PullError> {
    let Some(name) = answer.header("content-type").map(str::to_ascii_lowercase) else { return Ok(answer) };
    let (kind, parameters) = name.split_once(';').unwrap_or((&name, ""));
    let version = parameters.split(';').find_map(|parameter| {
        let (key, value) = parameter.split_once('=')?;
        (key.trim() == "version").then(|| value.trim().trim_matches('"').to_owned())
    });
    let is_json = matches!(kind.trim(), "application/json" | "text/json" | "text/plain")
        || kind.trim().ends_with("+json");
    match (kind.trim(), version.as_deref()) {
        (kind, _) if kind.starts_with("application/vnd.oasis.") => {
            Err(PullError::OldTaxii { url: shown(url) })
        }
        ("application/taxii+json", Some("2.0")) => Err(PullError::OldTaxii { url: shown(url) }),
        (kind, _) if !is_json => Err(PullError::Malformed {
            url: shown(url),
            what: format!("it answers `{kind}`; is this the address of a TAXII server?"),
        }),
        _ => Ok(answer),
    }
}

fn with_path(url: &Url, path: &str) -> Url {
    let mut url = url.clone();
    url.set_path(path);
    url.set_query(None);
    url.set_fragment(None);
    url
}

fn with_slash(url: &Url) -> Url {
    let path = format!("{}/", url.path().trim_end_matches('/'));
    with_path(url, &path)
}

/// The URL of what stands under another, with a slash at its end (section 3.1).
fn under(url: &Url, steps: &[&str]) -> Url {
    let mut url = with_path(url, url.path());
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(steps).push("");
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_put_together_with_slashes() {
        let root: Url = "https://a.example/x/api1?y#z".parse().unwrap();
        assert_eq!(
            under(&root, &["collections", "a b/c"]).as_str(),
            "https://a.example/x/api1/collections/a%20b%2Fc/"
        );
        assert_eq!(with_slash(&root).as_str(), "https://a.example/x/api1/");
        assert_eq!(under(&with_path(&root, ""), &[]).as_str(), "https://a.example/");
    }

    #[test]
    fn media_types_are_told_apart_however_they_are_written() {
        let check = |name: &str| {
            let headers = http::HeaderMap::from_iter([(http::header::CONTENT_TYPE, name.parse().unwrap())]);
            let answer = Answer { status: http::StatusCode::OK, headers, body: Vec::new() };
            check_media_type(&"https://a.example/".parse().unwrap(), answer)
        };
        for good in [
            "application/taxii+json;version=2.1",
            "application/taxii+json; version=2.1",
            "Application/TAXII+json",
            "application/json; charset=utf-8",
            "application/stix+json;version=2.1",
        ] {
            assert!(check(good).is_ok(), "{good}");
        }
        for old in ["application/vnd.oasis.taxii+json; version=2.0", "application/taxii+json;version=2.0"] {
            assert!(matches!(check(old), Err(PullError::OldTaxii { .. })), "{old}");
        }
        assert!(matches!(check("text/html"), Err(PullError::Malformed { .. })));
    }
}
