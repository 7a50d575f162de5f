//! The keys that sign objects: the node's own and its members', as one set that libraries read.
//!
//! A JSON web key set (RFC 7517, section 5), with what is known of each key in the words of OpenID Federation 1.0 (section 8.7, historical
//! keys): `nbf` and `exp`, and `revoked` with its time and reason, in seconds since 1970; and whose it is (`member`, `handle`,
//! `name`). Keys that have ended or were revoked stay in it: what they signed before is still to be checked. A caller is
//! given the keys of those that it may know of, and no others (rule P-8).

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::header;
use policy::{Caller, SigningKey};
use serde_json::{Value, json};

use super::{Pages, Shared, Viewer, Who, making};

/// Where the set stands (RFC 8615).
pub(super) const PATH: &str = "/.well-known/jwks.json";
/// Source: RFC 7517, section 8.5.1.
const MEDIA_TYPE: &str = "application/jwk-set+json";

pub(super) async fn set(State(pages): Shared, who: Who) -> Response {
    making(move || {
        let headers = [(header::CONTENT_TYPE, MEDIA_TYPE), (header::CACHE_CONTROL, "private, no-cache")];
        (headers, make(&pages, &Viewer::of(who)).to_string()).into_response()
    })
    .await
}

fn make(pages: &Pages, viewer: &Viewer) -> Value {
    let book = pages.gate.book();
    let is_known = |key: &&SigningKey| match viewer.caller {
        Caller::Operator => true,
        Caller::Member(member) => book.may_know(member, key.member),
    };
    let member_s = |key: &SigningKey| {
        let mut jwk = key.key.jwk();
        let member = book.member(key.member);
        jwk["member"] = key.member.to_string().into();
        jwk["handle"] = member.map(|member| member.handle.clone()).into();
        jwk["name"] = member.map(|member| member.name.clone()).into();
        jwk["nbf"] = key.from.seconds().into();
        if let Some(expires) = key.expires {
            jwk["exp"] = expires.seconds().into();
        }
        if let Some(revoked) = &key.revoked {
            jwk["revoked"] = json!({"revoked_at": revoked.since.seconds(), "reason": revoked.reason});
        }
        jwk
    };
    let own = pages.gate.key().object_key().public();
    let mut keys: Vec<Value> = book.signing_keys().filter(is_known).map(member_s).collect();
    // Where it is registered as a member's, it is that one's; whoever may not know of that member is told of the node alone.
    if book.signing_key(own.id()).is_none_or(|key| !is_known(&key)) {
        let mut jwk = own.jwk();
        jwk["name"] = pages.title.clone().into();
        keys.insert(0, jwk);
    }
    json!({"keys": keys})
}
