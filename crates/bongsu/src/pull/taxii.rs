//! Sources that speak TAXII 2.1.

use super::{Pulled, Stopped, Watch, http, standing, take_in, target, url};
use crate::answer::Progress;
use crate::config::Source;
use crate::node::Node;
use exchange::pull::PullError;
use exchange::pull::taxii::wire::Collection;
use exchange::pull::taxii::{Client, Cursor, Place, Use, Walk};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// As [`super::pull`].
///
/// # Errors
/// As [`super::pull`].
pub(super) async fn pull(
    node: &Node,
    source: &Source,
    pulled: &mut Pulled,
    watch: &mut Watch<'_>,
) -> Result<(), Stopped> {
    let target = target(node, source)?;
    let (client, place) = find(source).await?;
    if !place.collection.can_read {
        return Err(Stopped::Source(unreadable(&place)));
    }
    let cursor = standing::since(node, source).map(|text| Cursor::read(&text)).unwrap_or_default();
    let mut walk = Walk::new(place, &cursor, source.page());
    while let Some(page) = client.page(&mut walk).await? {
        pulled.pages += 1;
        pulled.bytes += page.bytes as u64;
        for finding in page.findings {
            pulled.report.warn(format!("{}: {finding}", source.name));
        }
        take_in(node, &target, source, page.objects, &mut pulled.report)?;
        // Only now: what the cursor leaves behind is durable.
        standing::keep(node, source, page.cursor.to_text())?;
        let done = pulled.report.added + pulled.report.present + pulled.report.refused;
        if watch(Progress { what: source.name.clone(), done, total: 0 }).is_break() {
            return Err(Stopped::Interrupted);
        }
    }
    Ok(())
}

async fn find(source: &Source) -> Result<(Client, Place), Stopped> {
    let client = Client::new(http(source)?);
    let place = client.find(&url(source)?, source.collection.as_deref(), Use::Read).await?;
    Ok((client, place))
}

fn unreadable(place: &Place) -> PullError {
    let reason = "can_read of the collection is false for this log-in".to_owned();
    PullError::Refused { url: place.url.to_string(), status: 403, reason }
}

/// As [`super::check`].
///
/// # Errors
/// As [`super::check`].
pub(super) async fn check(node: &Node, source: &Source) -> Result<(Value, String), Stopped> {
    target(node, source)?;
    let (client, place) = find(source).await?;
    let offers = client.offers(&place.root).await.unwrap_or_default();
    let read = match place.collection.can_read {
        true => client.page(&mut Walk::new(place.clone(), &Cursor::default(), 1)).await.map(|_| ()),
        false => Err(unreadable(&place)),
    };
    let mut text = format!(
        "{} ({})\n  API root    {}\n  collection  {} ({})\n  reading     {}\n",
        source.name,
        source.kind.name(),
        place.root,
        place.collection.id,
        place.collection.title,
        read.as_ref().map_or_else(ToString::to_string, |()| "works".to_owned()),
    );
    let collections: Vec<&Collection> = offers.iter().flat_map(|offer| &offer.collections).collect();
    for one in &collections {
        let rights = match (one.can_read, one.can_write) {
            (true, true) => "read and write",
            (true, false) => "read",
            (false, true) => "write",
            (false, false) => "none",
        };
        // Writing to a String does not fail.
        let _always = writeln!(text, "  it offers   {} ({}): {rights}", one.id, one.title);
    }
    let shown = |one: &&Collection| {
        json!({"id": one.id, "title": one.title, "alias": one.alias, "can_read": one.can_read,
               "can_write": one.can_write, "media_types": one.media_types})
    };
    let json = json!({
        "source": source.name, "kind": source.kind.name(), "api_root": place.root.as_str(),
        "collection": shown(&&place.collection),
        "collections": collections.iter().map(shown).collect::<Vec<_>>(),
        "reads": read.is_ok(), "error": read.err().map(|error| error.to_string()),
    });
    Ok((json, text))
}
