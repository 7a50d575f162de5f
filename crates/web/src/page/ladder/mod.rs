//! The ladder: what a member gets in the forms of its level, how its own servers take it, and whether they refuse what they should.

pub(super) mod key;
mod recipes;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use deliver::level_up;
use deliver::level_up::probe::Probe;
use policy::{Caller, CredentialKind, Level, Member, Right};
use serde::Deserialize;

use self::recipes::{ALL, Recipe, Site};
use super::member::{Shown, artefacts, is_at_hand};
use super::sent::Sent;
use super::view::At;
use super::{Frame, Pages, Shared, Viewer, Who, absent, broken, making, render, words};

#[derive(Template)]
#[template(path = "ladder.html")]
struct LadderPage {
    frame: Frame,
    members: Vec<(String, String, bool)>,
    handle: String,
    name: String,
    level: &'static str,
    does: &'static str,
    artefacts: Vec<Shown>,
    /// Whether how much is in it is at hand.
    is_at_hand: bool,
    servers: Vec<Server>,
    higher: Vec<Server>,
}

/// A program whose set-up is told.
struct Server {
    id: &'static str,
    name: &'static str,
    level: &'static str,
    about: &'static str,
}

impl Server {
    fn of(viewer: &Viewer, recipe: &Recipe) -> Self {
        let about = viewer.say(recipe.about.0, recipe.about.1);
        Self { id: recipe.id, name: recipe.name, level: recipe.level.name(), about }
    }
}

#[derive(Template)]
#[template(path = "setup.html")]
struct SetupPage {
    frame: Frame,
    handle: String,
    name: &'static str,
    about: &'static str,
    tried: Option<&'static str>,
    level: &'static str,
    is_offered: bool,
    needs_key: bool,
    /// Whether whoever looks may make one.
    may_make: bool,
    /// A key that was just made, and its secret.
    made: Option<(String, String)>,
    /// Whether a zone is transferred to it.
    is_zone: bool,
    is_plain: bool,
    steps: Vec<(&'static str, &'static str, String)>,
    test: Option<Test>,
    id: &'static str,
}

/// The test of a resolver.
struct Test {
    /// When the test was passed last, if that counts still.
    proven: Option<At>,
    refused: Option<String>,
    resolver: Option<String>,
    /// What it came to, if it was just done: whether the resolver refuses, and the sentence.
    result: Option<(bool, &'static str)>,
    may_ask: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    member: String,
}

#[derive(Deserialize)]
pub(super) struct Given {}

/// The member that is looked at: one's own; for an operator the one that is named, else the first.
fn chosen<'m>(members: &[&'m Member], handle: &str) -> Option<&'m Member> {
    let named = members.iter().find(|member| member.handle == handle);
    if handle.is_empty() { members.first().copied() } else { named.copied() }
}

pub(super) async fn page(State(pages): Shared, who: Who, Query(asked): Query<Asked>) -> Response {
    making(move || {
        let (viewer, book) = (Viewer::of(who), pages.gate.book());
        let members = pages.members(&book, &viewer);
        let Some(member) = chosen(&members, &asked.member) else { return absent() };
        let counted = is_at_hand(&pages, &viewer, member)
            .and_then(|is_at_hand| Ok((is_at_hand, artefacts(&pages, &viewer, member, is_at_hand)?)));
        let (is_at_hand, artefacts) = match counted {
            Ok(counted) => counted,
            Err(error) => return broken(&error),
        };
        let (open, higher): (Vec<&Recipe>, Vec<&Recipe>) =
            ALL.iter().partition(|recipe| recipe.level <= member.level);
        let servers =
            |recipes: Vec<&Recipe>| recipes.into_iter().map(|recipe| Server::of(&viewer, recipe)).collect();
        render(&LadderPage {
            frame: pages.frame(&book, &viewer, viewer.say("Ladder", "사다리")),
            members: match viewer.caller {
                Caller::Operator => {
                    let one = |one: &&Member| (one.handle.clone(), one.name.clone(), one.id == member.id);
                    members.iter().map(one).collect()
                }
                Caller::Member(_) => Vec::new(),
            },
            handle: member.handle.clone(),
            name: member.name.clone(),
            level: member.level.name(),
            does: words::does(&viewer.view, member.level),
            artefacts,
            is_at_hand,
            servers: servers(open),
            higher: servers(higher),
        })
    })
    .await
}

/// The node's address without a slash at its end: the one that it is known by, else the one that whoever looks asked for.
pub(super) fn url_of(pages: &Pages, headers: &HeaderMap, encrypted: bool) -> String {
    let asked = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("NODE");
    let scheme = if encrypted { "https" } else { "http" };
    let url = pages.public_url.clone().unwrap_or_else(|| format!("{scheme}://{asked}"));
    url.trim_end_matches('/').to_owned()
}

/// Where the member's things are, as whoever looks reaches the node.
fn site(pages: &Pages, viewer: &Viewer, member: &Member, headers: &HeaderMap, encrypted: bool) -> Site {
    let book = pages.gate.book();
    let url = url_of(pages, headers, encrypted);
    let authority = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
    let authority = authority.split('/').next().unwrap_or(authority);
    let host = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => authority.split_once(':').map_or(authority, |(host, _)| host),
    };
    let now = (pages.now)();
    let key = book.credentials_of(member.id).find_map(|credential| match &credential.kind {
        CredentialKind::Tsig { name, .. } if credential.holds(now) => Some(name.to_string()),
        _ => None,
    });
    let readers = pages.readers(viewer, member.id, Level::Read);
    Site {
        host: host.to_owned(),
        dns_port: pages.dns_port.unwrap_or(53),
        handle: member.handle.clone(),
        zone: deliver::zone::name_of(&member.handle, pages.zone_origin.as_deref().unwrap_or("rpz.bongsu")),
        key,
        collections: readers.iter().map(|reader| reader.request().circle.to_string()).collect(),
        refused: pages.deliver.test_names(member.id, now).map(|names| names.below),
        url,
    }
}

pub(super) async fn setup(
    State(pages): Shared,
    who: Who,
    Path((handle, server)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    making(move || {
        let encrypted = who.channel.encrypted;
        let viewer = Viewer::of(who);
        match found(&pages, &viewer, &handle, &server) {
            Some((member, recipe)) => {
                let site = site(&pages, &viewer, &member, &headers, encrypted);
                told(&pages, &viewer, &member, recipe, &site, None, None)
            }
            None => absent(),
        }
    })
    .await
}

/// A member that the viewer may look at, and a recipe, by what stands in a path.
fn found(pages: &Pages, viewer: &Viewer, handle: &str, server: &str) -> Option<(Member, &'static Recipe)> {
    let book = pages.gate.book();
    let member = pages.members(&book, viewer).into_iter().find(|member| member.handle == handle)?;
    Some((member.clone(), ALL.iter().find(|recipe| recipe.id == server)?))
}

fn told(
    pages: &Pages,
    viewer: &Viewer,
    member: &Member,
    recipe: &'static Recipe,
    site: &Site,
    result: Option<Probe>,
    made: Option<(String, String)>,
) -> Response {
    let rungs = match pages.deliver.rungs(member.id) {
        Ok(rungs) => rungs,
        Err(error) => return broken(&error),
    };
    let proven = rungs.into_iter().find(|rung| rung.level == recipe.level).and_then(|rung| rung.proven);
    let is_zone = ["bind", "recursor"].contains(&recipe.id);
    let steps = (recipe.steps)(site).into_iter();
    let result = result.map(|probe| (probe == Probe::Refused, sentence(viewer, probe)));
    let test = recipe.is_resolver.then(|| Test {
        proven: proven.filter(|_| result.is_none()).map(|at| viewer.view.at(at)),
        refused: site.refused.clone(),
        resolver: member.resolver.map(|resolver| resolver.to_string()),
        result,
        may_ask: viewer.actor.rights.has(Right::Write),
    });
    let title = format!("{}: {}", viewer.say("Set up", "설정"), recipe.name);
    render(&SetupPage {
        frame: pages.frame(&pages.gate.book(), viewer, title),
        handle: member.handle.clone(),
        name: recipe.name,
        about: viewer.say(recipe.about.0, recipe.about.1),
        tried: recipe.tried,
        level: recipe.level.name(),
        is_offered: recipe.level <= member.level,
        needs_key: is_zone && site.key.is_none(),
        may_make: viewer.actor.rights.has(Right::Admin) && recipe.level <= member.level,
        made,
        is_zone,
        is_plain: site.url.starts_with("http://"),
        steps: steps.map(|step| (viewer.say(step.what.0, step.what.1), step.file, step.text)).collect(),
        test,
        id: recipe.id,
    })
}

fn sentence(viewer: &Viewer, probe: Probe) -> &'static str {
    let (english, korean) = match probe {
        Probe::Refused => {
            ("Protected: your resolver refuses the test name.", "보호됨: DNS 서버가 시험 이름을 거부합니다.")
        }
        Probe::LetThrough => (
            "Not protected: your resolver answers the test name. Look whether the policy is loaded, and whether your clients use this server.",
            "보호되지 않음: DNS 서버가 시험 이름에 답합니다. 정책이 적용되었는지, 단말이 이 서버를 쓰는지 확인하십시오.",
        ),
        Probe::Unknown => (
            "Not known: your resolver does not answer this node, or finds not even the name that is to be found.",
            "알 수 없음: DNS 서버가 이 노드에 답하지 않거나, 찾아야 할 이름도 찾지 못합니다.",
        ),
    };
    viewer.say(english, korean)
}

/// Asks the member's resolver for the test names, keeps what it showed, and tells it.
pub(super) async fn test(
    State(pages): Shared,
    who: Who,
    Path((handle, server)): Path<(String, String)>,
    headers: HeaderMap,
    _sent: Sent<Given>,
) -> Response {
    let encrypted = who.channel.encrypted;
    let viewer = Viewer::of(who);
    let Some((member, recipe)) = found(&pages, &viewer, &handle, &server) else { return absent() };
    let probed = level_up::ask(&pages.deliver, &member).await;
    making(move || {
        let kept = probed.as_ref().map_or(Ok(()), |probed| pages.deliver.probed(&member, probed));
        if let Err(error) = kept.and_then(|()| pages.deliver.grade(member.id).map(drop)) {
            return broken(&error);
        }
        let site = site(&pages, &viewer, &member, &headers, encrypted);
        let below = probed.map_or(Probe::Unknown, |probed| probed.below);
        told(&pages, &viewer, &member, recipe, &site, Some(below), None)
    })
    .await
}
