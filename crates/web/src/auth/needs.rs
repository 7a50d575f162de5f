//! Which right each request asks for: one table for all surfaces.
//!
//! What is not known to be a look at something counts as a change. A request passes if its caller has one of the rights
//! named; each surface decides after that what is there for the member.

use axum::http::Method;
use exchange::misp::rest::{Deeds, deeds};
use policy::{Right, Rights};

use super::refusal::Surface;

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// One of these rights.
    OneOf(Rights),
    /// To be somebody: what is one's own, such as one's sessions.
    Anybody,
}

const fn one(right: Right) -> Need {
    Need::OneOf(Rights::of(&[right]))
}

impl Need {
    /// Of a request to a surface. `path` is without what says who asks.
    pub(super) fn of(surface: Surface, method: &Method, path: &str) -> Self {
        let reads = method == Method::GET || method == Method::HEAD;
        match surface {
            Surface::Open => Self::Anybody,
            Surface::Screening | Surface::Private => one(Right::Screen),
            // What a member asks to have opened of its circle's log changes nothing.
            Surface::Log => one(Right::Read),
            Surface::Asks if reads => one(Right::Read),
            // Whoever asks brings something in; whoever answers lets something out.
            Surface::Asks => {
                one(if path.trim_end_matches('/') == "/ask" { Right::Write } else { Right::Release })
            }
            Surface::Page | Surface::Data => page(reads, path),
            Surface::Taxii if method == Method::DELETE => one(Right::Release),
            // Who only brings objects must find the collection, and learn what became of them.
            Surface::Taxii if reads && !path.contains("/objects") && !path.contains("/manifest") => {
                Self::OneOf(Rights::of(&[Right::Read, Right::Write, Right::Release]))
            }
            Surface::Misp => match deeds(method, path) {
                Deeds::About => Self::OneOf(Rights::of(&[Right::Read, Right::Write, Right::Release])),
                Deeds::Reads => one(Right::Read),
                Deeds::Removes => one(Right::Release),
                Deeds::Changes => one(Right::Write),
            },
            Surface::Taxii | Surface::Artefact | Surface::Feed if reads => one(Right::Read),
            Surface::Taxii | Surface::Artefact | Surface::Feed => one(Right::Write),
        }
    }
}

fn page(reads: bool, path: &str) -> Need {
    let first = path.split('/').nth(1).unwrap_or_default();
    match first {
        "account" | "display" | "logout" | "with-token" => Need::Anybody,
        // What programs can ask for is no secret among those who may ask for anything.
        "openapi.json" if reads => Need::Anybody,
        "people" | "start" => one(Right::Admin),
        "acts" | "acts.csv" | "acts.json" | "accesses" => one(Right::Audit),
        "peers" | "peers.json" => Need::OneOf(Rights::of(&[Right::Admin, Right::Audit])),
        // A contest is something that is brought; what is withdrawn is let go of.
        "personas" if !reads && path == "/personas/contests/withdraw" => one(Right::Release),
        "personas" if !reads && path != "/personas" => one(Right::Write),
        "screen" | "persona" | "personas" => one(Right::Screen),
        // Looking in a log of one's own changes nothing: it reads the watch file.
        "hunt" => one(Right::Read),
        "members" if !reads && path.ends_with("/key") => one(Right::Admin),
        "members" | "share" if !reads => one(Right::Write),
        "objects" if path.ends_with("/edit") => one(Right::Write),
        "asks" if !reads && path == "/asks" => one(Right::Write),
        "playbooks" | "runs" if !reads => one(Right::Write),
        "region" if !reads && path == "/region/assessment" => one(Right::Write),
        // Two checkpoints are compared, and nothing is changed.
        "circles" if !reads && path.ends_with("/compare") => one(Right::Read),
        // Steps are settled, and what waits is let out.
        _ if !reads => one(Right::Release),
        _ => one(Right::Read),
    }
}

/// Whether a request is part of setting a second factor up, or ends the session: all that one without may do, where one is demanded.
pub(super) fn sets_up(method: &Method, path: &str) -> bool {
    match path {
        "/account/codes" | "/display" => matches!(*method, Method::GET | Method::HEAD | Method::POST),
        "/account" => matches!(*method, Method::GET | Method::HEAD),
        "/account/passkeys" | "/logout" => *method == Method::POST,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{Need, Surface, one, sets_up};
    use axum::http::Method;
    use policy::{Right, Rights};

    #[test]
    fn each_request_asks_for_its_right() {
        let check = |method: Method, path: &str, right: Right| {
            assert_eq!(Need::of(Surface::of(path), &method, path), one(right), "{method} {path}");
        };
        let (get, post, delete) = (Method::GET, Method::POST, Method::DELETE);
        for path in ["/", "/objects", "/members/isp", "/d/list/all.txt", "/api/collections/x/objects/"] {
            check(get.clone(), path, Right::Read);
        }
        check(Method::HEAD, "/d/zone.rpz", Right::Read);
        check(get.clone(), "/api/collections/x/manifest/", Right::Read);
        for path in ["/misp/events/restSearch", "/events/index", "/attributes/rest_search.json"] {
            check(post.clone(), path, Right::Read);
        }
        for path in ["/api/collections/x/objects/", "/d/test/alert", "/events/add", "/misp/sightings/add"] {
            check(post.clone(), path, Right::Write);
        }
        check(get.clone(), "/log/x/checkpoint", Right::Read);
        check(post.clone(), "/log/x/openings", Right::Read);
        check(Method::PUT, "/events/edit/1", Right::Write);
        check(post.clone(), "/events/whatever", Right::Write);
        check(delete.clone(), "/api/collections/x/objects/indicator--1/", Right::Release);
        for method in [&post, &delete] {
            for path in ["/misp/events/delete/1", "/sightings/delete/1", "/misp/sightings/delete/1"] {
                check(method.clone(), path, Right::Release);
            }
        }
        check(post.clone(), "/steps/x/confirm", Right::Release);
        check(post.clone(), "/whatever/comes", Right::Release);
        for path in ["/ask", "/asks", "/playbooks/c/o", "/runs/x", "/region/assessment"] {
            check(get.clone(), path, Right::Read);
            check(post.clone(), path, Right::Write);
        }
        for path in ["/ask/x", "/asks/x", "/releases/x"] {
            check(post.clone(), path, Right::Release);
        }
        for path in ["/screen", "/screening/values", "/match/sanctions", "/private/key", "/persona/check"] {
            check(get.clone(), path, Right::Screen);
            check(post.clone(), path, Right::Screen);
        }
        for path in ["/personas", "/personas/contests"] {
            check(get.clone(), path, Right::Screen);
        }
        check(post.clone(), "/personas", Right::Screen);
        for path in ["/personas/contests", "/personas/contests/uphold", "/personas/whatever"] {
            check(post.clone(), path, Right::Write);
        }
        check(post.clone(), "/personas/contests/withdraw", Right::Release);
        check(get.clone(), "/hunt", Right::Read);
        check(post.clone(), "/hunt", Right::Read);
        check(post.clone(), "/people", Right::Admin);
        for path in ["/acts", "/acts.csv", "/acts.json"] {
            check(get.clone(), path, Right::Audit);
        }
        check(post.clone(), "/circles/region/compare", Right::Read);
        check(post.clone(), "/circles/region", Right::Release);
        check(get.clone(), "/accesses", Right::Audit);
        let staff = Need::OneOf(Rights::of(&[Right::Admin, Right::Audit]));
        for path in ["/peers", "/peers.json"] {
            assert_eq!(Need::of(Surface::of(path), &get, path), staff, "{path}");
        }
        let any = Need::OneOf(Rights::of(&[Right::Read, Right::Write, Right::Release]));
        for path in ["/taxii2/", "/api/collections/", "/api/status/x/", "/servers/getVersion"] {
            assert_eq!(Need::of(Surface::of(path), &get, path), any, "{path}");
        }
        assert_eq!(Need::of(Surface::of("/openapi.json"), &get, "/openapi.json"), Need::Anybody);
        for path in ["/account", "/account/sessions/end", "/logout"] {
            assert_eq!(Need::of(Surface::of(path), &post, path), Need::Anybody, "{path}");
        }
    }

    #[test]
    fn whoever_lacks_a_second_factor_sets_one_up_and_does_nothing_else() {
        let (get, post) = (Method::GET, Method::POST);
        for (method, path) in [
            (&get, "/account"),
            (&get, "/account/codes"),
            (&post, "/account/codes"),
            (&post, "/account/passkeys"),
            (&post, "/logout"),
            (&post, "/display"),
        ] {
            assert!(sets_up(method, path), "{method} {path}");
        }
        for (method, path) in [
            (&get, "/"),
            (&get, "/people"),
            (&get, "/d/list/all.txt"),
            (&get, "/api/collections/"),
            (&get, "/openapi.json"),
            (&get, "/account/"),
            (&post, "/account"),
            (&post, "/account/password"),
            (&post, "/account/codes/remove"),
            (&post, "/account/passkeys/remove"),
            (&post, "/account/passkeys/name"),
            (&post, "/account/sessions/end"),
            (&post, "/people"),
            (&Method::DELETE, "/account/codes"),
        ] {
            assert!(!sets_up(method, path), "{method} {path}");
        }
    }
}
