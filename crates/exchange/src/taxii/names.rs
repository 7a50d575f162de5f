//! The names in a request's path, with the protocol's own answer where a path names nothing.

use axum::extract::{FromRequestParts, Path};
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::error::TaxiiError;

/// What the path names. A path that is no UTF-8 names nothing that is there.
pub(super) struct Names<T>(pub(super) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Names<T> {
    type Rejection = TaxiiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, TaxiiError> {
        let named = Path::<T>::from_request_parts(parts, state).await;
        named.map(|Path(names)| Self(names)).map_err(|_| TaxiiError::not_found())
    }
}
