//! Files that kernels need, fetched once by each process.
//!
//! A plan names such a file by its address and its hash. Whoever runs the plan fetches it from there, makes sure that it is the one
//! that was meant, and keeps what it made of it, by the hash. So a watch file of a hundred megabytes is not in every task, and no task
//! works with another one than was named, whatever became of the file meanwhile.

use datafusion::common::{DataFusionError, Result, exec_err};
use datafusion::datasource::listing::ListingTableUrl;
use datafusion::execution::runtime_env::RuntimeEnv;
use object_store::ObjectStoreExt as _;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};
use tokio::sync::OnceCell;

/// The largest file that is fetched whole.
const BYTES_MAX: u64 = 4 << 30;
/// What is kept at a time.
const KEPT_MAX: usize = 8;

/// A file, by where it is and what is in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// Its address, which every executor must be able to read.
    pub(crate) url: String,
    /// The SHA-256 of its bytes, in hexadecimal.
    pub(crate) sha256: String,
}

type Made = Arc<dyn Any + Send + Sync>;
type Slot = Arc<OnceCell<Made>>;

/// By hash, and by what was made of it.
static ALL: LazyLock<Mutex<HashMap<(String, String), Slot>>> = LazyLock::new(Mutex::default);

impl Kept {
    /// A file as it is now.
    ///
    /// # Errors
    /// When it can't be read.
    pub(crate) async fn now(runtime: &RuntimeEnv, name: &str) -> Result<Self> {
        let url = ListingTableUrl::parse(name)?;
        let kept = Self { url: url.as_str().to_owned(), sha256: String::new() };
        let bytes =
            kept.fetch(runtime).await.map_err(|error| error.context(format!("{name} can't be read")))?;
        Ok(Self { sha256: const_hex::encode(Sha256::digest(&bytes)), ..kept })
    }

    /// What was made of the file, or is now; `what` says what that is.
    ///
    /// # Errors
    /// When the file can't be read or is another one, and those of `make`.
    pub(crate) async fn made<T: Any + Send + Sync>(
        &self,
        runtime: &RuntimeEnv,
        what: &str,
        make: impl FnOnce(Vec<u8>) -> Result<T>,
    ) -> Result<Arc<T>> {
        let slot = {
            let mut all = ALL.lock();
            let key = (self.sha256.clone(), what.to_owned());
            if all.len() >= KEPT_MAX && !all.contains_key(&key) {
                all.clear();
            }
            Arc::clone(all.entry(key).or_default())
        };
        let made = slot.get_or_try_init(|| async {
            let bytes = self.fetch(runtime).await?;
            if const_hex::encode(Sha256::digest(&bytes)) != self.sha256 {
                return exec_err!("{} is another file here than where the work was given out", self.url);
            }
            Ok::<Made, DataFusionError>(Arc::new(make(bytes)?))
        });
        match Arc::clone(made.await?).downcast::<T>() {
            Ok(made) => Ok(made),
            Err(_) => exec_err!("{} is kept as something else", self.url),
        }
    }

    async fn fetch(&self, runtime: &RuntimeEnv) -> Result<Vec<u8>> {
        let url = ListingTableUrl::parse(&self.url)?;
        let store = runtime.object_store(url.object_store())?;
        let got = store.get(url.prefix()).await?;
        if got.meta.size > BYTES_MAX {
            return exec_err!("{} has {} bytes and {BYTES_MAX} are allowed", self.url, got.meta.size);
        }
        Ok(got.bytes().await?.to_vec())
    }
}
