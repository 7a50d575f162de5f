//! The files that names stand for.

use datafusion::catalog::Session;
use datafusion::common::{Result, plan_err};
use datafusion::datasource::listing::ListingTableUrl;
use datafusion::execution::object_store::ObjectStoreUrl;
use futures_util::TryStreamExt as _;
use object_store::ObjectMeta;

use super::{FILES_MAX, Form};

/// The files behind paths, folders, patterns and addresses, each with the name by which it is told; of folders those that have the name of an
/// archive. They are in the order in which they were named, those of one folder by name.
///
/// # Errors
/// When there is none, when they are in several stores, and when a store can't be reached.
pub(crate) async fn named(
    state: &dyn Session,
    names: &[String],
) -> Result<(ObjectStoreUrl, Vec<(String, ObjectMeta)>)> {
    let mut found = Vec::new();
    let mut all_in: Option<ObjectStoreUrl> = None;
    for name in names {
        let url = ListingTableUrl::parse(name)?;
        let store_url = url.object_store();
        if all_in.as_ref().is_some_and(|other| *other != store_url) {
            return plan_err!("{name} is in another store than what is named before it; name each by itself");
        }
        let store = state.runtime_env().object_store(&store_url)?;
        all_in = Some(store_url);
        let is_one = !url.is_collection() && url.get_glob().is_none();
        let listed = url.list_all_files(state, &*store, "").await?;
        let mut files: Vec<ObjectMeta> =
            listed.try_collect().await.map_err(|error| error.context(format!("{name} can't be read")))?;
        if files.is_empty() && is_one {
            return plan_err!("{name} is not there");
        }
        files.sort_by(|one, other| one.location.cmp(&other.location));
        for file in files {
            let shown = if is_one { name.clone() } else { below(name, &url, &file) };
            if is_one || Form::of(&shown).is_some() {
                found.push((shown, file));
            }
        }
        if found.len() > FILES_MAX {
            return plan_err!("these are more than {FILES_MAX} files");
        }
    }
    match all_in {
        Some(store) if !found.is_empty() => Ok((store, found)),
        _ => plan_err!("{} has no archive in it (.parquet, .csv, .jsonl)", names.join(", ")),
    }
}

/// How a file of a folder is called.
fn below(name: &str, url: &ListingTableUrl, file: &ObjectMeta) -> String {
    let rest = file.location.as_ref().strip_prefix(url.prefix().as_ref()).unwrap_or(file.location.as_ref());
    let rest = rest.trim_start_matches('/');
    match url.get_glob() {
        None => format!("{}/{rest}", name.trim_end_matches('/')),
        // What stands before a pattern is the folder.
        Some(_) => {
            let folder = name.find(['*', '?', '[']).map_or(name, |at| &name[..at]);
            format!("{}/{rest}", folder.rsplit_once('/').map_or(".", |(folder, _)| folder))
        }
    }
}
