//! A key with which a member's servers fetch its zone (TSIG, RFC 8945), made by the member's own administrator.

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::Response;
use data_encoding::BASE64;
use policy::{Credential, CredentialKind, Entry};

use super::super::asks::{not_from_here, unread};
use super::super::people::drawn_id;
use super::super::{Shared, Viewer, Who, absent, broken, making};
use super::{Given, found, site, told};
use crate::auth::form::is_from_here;

/// Makes a key with which the member's servers fetch its zone, and shows its secret, once.
pub(in super::super) async fn make(
    State(pages): Shared,
    who: Who,
    Path((handle, server)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
    given: Result<Form<Given>, FormRejection>,
) -> Response {
    if !is_from_here(&headers, &uri) {
        return not_from_here();
    }
    if let Err(fault) = given {
        return unread(&fault);
    }
    making(move || {
        let encrypted = who.channel.encrypted;
        let viewer = Viewer::of(who);
        let Some((member, recipe)) = found(&pages, &viewer, &handle, &server) else { return absent() };
        let (Some(drawn), Some(secret)) = ((pages.auth.chance)(), (pages.auth.chance)()) else {
            return broken(&"the system gives no random bytes");
        };
        let id = drawn_id(&drawn);
        let name = format!("{handle}-{}", id.simple().to_string().split_off(24));
        let kind = CredentialKind::Tsig {
            name: name.clone(),
            algorithm: "hmac-sha256".to_owned(),
            secret: secret.to_vec(),
        };
        let credential = Credential {
            id,
            member: Some(member.id),
            created: (pages.now)(),
            expires: None,
            revoked: false,
            person: None,
            scopes: None,
            kind,
        };
        if let Err(error) = pages.gate.record(viewer.by(), Entry::Credential(credential)) {
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
