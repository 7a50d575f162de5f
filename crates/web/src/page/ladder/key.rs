//! A key with which a member's servers fetch its zone (TSIG, RFC 8945), made by the member's own administrator.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use data_encoding::BASE64;
use policy::{Credential, Entry};

use super::super::people::drawn_id;
use super::super::sent::Sent;
use super::super::{Shared, Viewer, Who, absent, broken, making};
use super::{Given, found, site, told};

/// Makes a key with which the member's servers fetch its zone, and shows its secret, once.
pub(in super::super) async fn make(
    State(pages): Shared,
    who: Who,
    Path((handle, server)): Path<(String, String)>,
    headers: HeaderMap,
    _sent: Sent<Given>,
) -> Response {
    making(move || {
        let encrypted = who.channel.encrypted;
        let viewer = Viewer::of(who);
        let Some((member, recipe)) = found(&pages, &viewer, &handle, &server) else { return absent() };
        let (Some(drawn), Some(secret)) = ((pages.auth.chance)(), (pages.auth.chance)()) else {
            return broken(&"the system gives no random bytes");
        };
        let id = drawn_id(&drawn);
        let (name, key) = Credential::tsig(id, member.id, &handle, (pages.now)(), &secret);
        if let Err(error) = pages.gate.record(viewer.by(), Entry::Credential(key)) {
            return broken(&error);
        }
        let site = site(&pages, &viewer, &member, &headers, encrypted);
        let made = Some((name, BASE64.encode(&secret)));
        let mut page = told(&pages, &viewer, &member, recipe, &site, None, made);
        page.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        page
    })
    .await
}
