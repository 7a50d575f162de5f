//! Stores by their addresses: local files, and buckets that speak S3 if that was built in.
//!
//! What a bucket asks for (keys, region, endpoint) stands in the environment of each process, under the names that AWS's own tools use;
//! nothing of it is in a plan.

use datafusion::common::{Result, plan_err};
use datafusion::execution::object_store::ObjectStoreRegistry;
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use url::Url;

/// The stores that were opened, by their addresses.
#[derive(Debug, Default)]
pub(super) struct Stores {
    opened: Mutex<HashMap<String, Arc<dyn ObjectStore>>>,
}

impl ObjectStoreRegistry for Stores {
    fn register_store(&self, url: &Url, store: Arc<dyn ObjectStore>) -> Option<Arc<dyn ObjectStore>> {
        self.opened.lock().insert(key(url), store)
    }

    fn get_store(&self, url: &Url) -> Result<Arc<dyn ObjectStore>> {
        let mut opened = self.opened.lock();
        if let Some(store) = opened.get(&key(url)) {
            return Ok(Arc::clone(store));
        }
        let store = open(url)?;
        opened.insert(key(url), Arc::clone(&store));
        Ok(store)
    }
}

fn key(url: &Url) -> String {
    format!("{}://{}", url.scheme(), url.host_str().unwrap_or_default())
}

fn open(url: &Url) -> Result<Arc<dyn ObjectStore>> {
    match url.scheme() {
        "file" => Ok(Arc::new(LocalFileSystem::new())),
        "s3" => bucket(url),
        other => plan_err!("{other}:// is no store that is read: local files and s3:// are"),
    }
}

#[cfg(feature = "s3")]
fn bucket(url: &Url) -> Result<Arc<dyn ObjectStore>> {
    use object_store::aws::AmazonS3Builder;
    let store = AmazonS3Builder::from_env().with_bucket_name(url.host_str().unwrap_or_default()).build()?;
    Ok(Arc::new(store))
}

#[cfg(not(feature = "s3"))]
fn bucket(url: &Url) -> Result<Arc<dyn ObjectStore>> {
    plan_err!("{url} is a bucket, and this bongsu-cluster was built without the feature s3")
}
