//! That programs are told of every route: what the node's description ([`web::openapi`]) leaves out stands here, with the reason.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::crawl::{ALL, CHANGING, Way};

/// Routes that are not described, by why.
const LEFT_OUT: [(&str, &[&str]); 6] = [
    (
        "a page for people, who are shown what programs ask elsewhere",
        &[
            "/",
            "/accesses",
            "/acts",
            "/asks",
            "/asks/{ask}",
            "/cases",
            "/cases/{case}",
            "/cases/{case}/graph",
            "/circles",
            "/circles/{circle}",
            "/circles/{circle}/compare",
            "/circles/{circle}/quarantine",
            "/confidence",
            "/contacts",
            "/display",
            "/drills",
            "/drills/{call}",
            "/hunt",
            "/ladder",
            "/members/{member}",
            "/members/{member}/guard",
            "/members/{member}/held",
            "/members/{member}/missing",
            "/members/{member}/setup/{server}",
            "/members/{member}/setup/{server}/key",
            "/members/{member}/test",
            "/objects",
            "/objects/{circle}/{object}",
            "/objects/{circle}/{object}/edit",
            "/objects/{circle}/{object}/proof",
            "/objects/{circle}/{object}/withdraw",
            "/peers",
            "/people",
            "/people/credentials/{id}/revoke",
            "/people/tokens",
            "/people/{user}/{change}",
            "/personas",
            "/personas/contests",
            "/personas/contests/uphold",
            "/personas/contests/withdraw",
            "/playbooks",
            "/playbooks/{circle}/{object}",
            "/recalls",
            "/region",
            "/region/assessment",
            "/region/flows",
            "/region/gaps",
            "/region/gaps/{place}",
            "/region/notices",
            "/region/opened",
            "/region/plan",
            "/region/projects",
            "/region/where",
            "/releases",
            "/releases/{release}",
            "/releases/{release}/objects",
            "/runs/{run}",
            "/screen",
            "/share",
            "/start",
            "/steps",
            "/steps/{step}/{verdict}",
        ],
    ),
    (
        "log-in of people, over forms that carry the session's token",
        &[
            "/account",
            "/account/codes",
            "/account/codes/remove",
            "/account/passkeys",
            "/account/passkeys/name",
            "/account/passkeys/remove",
            "/account/password",
            "/account/sessions/end",
            "/login",
            "/login/oidc",
            "/login/oidc/callback",
            "/login/passkey",
            "/logout",
            "/welcome/{invitation}",
            "/with-token",
        ],
    ),
    ("a form behind a signed link in a mail", &["/answer/ask/{ticket}", "/answer/{ticket}", "/call/{link}"]),
    (
        "what pages are made of, or their own scripts ask",
        &["/live", "/page.js", "/passkey.js", "/proof.js", "/search.js", "/style.css"],
    ),
    ("what /log/{circle}/checkpoint gives, as a download for people", &["/circles/{circle}/checkpoint"]),
    (
        "a part of the description, by itself; and guesses that are no route",
        &["/objects/openapi.json", "/region/gaps/openapi.json", "*"],
    ),
];

/// Whether a step of a path is what a template has there.
fn is_step(template: &str, step: &str) -> bool {
    match (template.split_once('{'), template.split_once('}')) {
        (Some((before, _)), Some((_, after))) => {
            step.len() > before.len() + after.len() && step.starts_with(before) && step.ends_with(after)
        }
        _ => template == step,
    }
}

fn steps(path: &str) -> Vec<&str> {
    path.trim_end_matches('/').split('/').collect()
}

/// Whether a way is asked as a template says.
fn fits(template: &str, (route, _, path, _): Way) -> bool {
    let (template, path) = (steps(template), steps(path.split('?').next().unwrap()));
    let is_alike = template.len() == path.len()
        && template.iter().zip(path).all(|(template, step)| is_step(template, step));
    // MISP's routes are a controller and an action, however they are written.
    let action: Vec<String> =
        template.iter().skip(1).take(2).map(|word| word.to_ascii_lowercase().replace('_', "")).collect();
    let is_misp = !route.starts_with('/') && action.join("/") == route;
    is_alike || is_misp || route.replace("{*", "{") == template.join("/")
}

#[test]
fn the_description_has_every_route_that_is_not_left_out_and_no_other() {
    let described: Value = serde_json::from_str(web::openapi::whole().unwrap()).unwrap();
    let described: BTreeSet<(&str, &str)> = described["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| {
            item.as_object().unwrap().keys().map(|method| (path.as_str(), method.as_str()))
        })
        .collect();
    let ways: Vec<&Way> = ALL.into_iter().flatten().chain(CHANGING).collect();
    let left_out: BTreeSet<&str> = LEFT_OUT.iter().flat_map(|(_, routes)| *routes).copied().collect();

    // A route is described if one of the ways to ask it is.
    let (mut routes, mut met) = (BTreeMap::<(&str, &str), bool>::new(), BTreeSet::new());
    for way in &ways {
        let (route, method, ..) = **way;
        let is_misp = !route.starts_with('/');
        let found = described.iter().filter(|(template, described)| {
            (is_misp || described.eq_ignore_ascii_case(method)) && fits(template, **way)
        });
        let found: Vec<_> = found.collect();
        *routes.entry((route, method)).or_default() |= !found.is_empty();
        met.extend(found.into_iter().map(|(template, _)| *template));
    }
    let missing: Vec<_> =
        routes.iter().filter(|((route, _), is_told)| !**is_told && !left_out.contains(route)).collect();
    assert!(
        missing.is_empty(),
        "describe them in their room's openapi.json, or say here why not: {missing:?}"
    );
    let told: Vec<_> =
        routes.iter().filter(|((route, _), is_told)| **is_told && left_out.contains(route)).collect();
    assert!(told.is_empty(), "they are said to be left out: {told:?}");
    let gone: Vec<_> =
        left_out.iter().filter(|route| !routes.keys().any(|(known, _)| known == *route)).collect();
    assert!(gone.is_empty(), "there are no such routes: {gone:?}");
    let unknown: Vec<_> = described.iter().filter(|(path, _)| !met.contains(path)).collect();
    assert!(unknown.is_empty(), "they are described, and there is no way to ask them: {unknown:?}");
}
