//! What wallets are exposed to, for screening: the operator's transfers and labels behind [`deliver::screening::exposure`].
//!
//! Stores of transfers are mapped and not read into memory, and opened again when they have grown; files of labels are read again
//! when they have changed. How much is read for a question is bounded by the configuration; what that cuts off is said.

mod files;
mod prices;
mod told;

pub(crate) use prices::Prices;
pub(crate) use told::{Assets, Teller};

use std::sync::Arc;

use deliver::screening::exposure as answer;
use parking_lot::{Mutex, RwLock};
use trace::exposure::{ExposureError, Limits, Side, sound_exposure};
use trace::label::Labels;
use trace::{Account, Asset, Flows as _};
use watch::Value;

use crate::command::trace::time;
use crate::config;
use crate::exit::Failure;
use files::{Files, Opened, Snapshot};

/// Assets that are told of a wallet, in each direction.
const ASSETS_TOLD_MAX: usize = 20;

/// Looks at transfers for screening.
#[derive(Debug)]
pub(crate) struct Exposed {
    files: Mutex<Files>,
    /// The forms of addresses that there are transfers of; `None` for a store that is empty so far, which may be of any.
    forms: RwLock<Vec<Option<&'static str>>>,
    limits: Limits,
    prices: Prices,
}

impl Exposed {
    /// Opens what the configuration names; `None` if it names nothing.
    ///
    /// # Errors
    /// When a store or a file of labels can't be read.
    pub(crate) fn open(config: &config::Exposure) -> Result<Option<Arc<Self>>, Failure> {
        if !config.is_on() {
            return Ok(None);
        }
        let exposed = Self {
            files: Mutex::new(Files::open(config)?),
            forms: RwLock::default(),
            limits: config.limits(),
            prices: Prices::read(&config.usd)?,
        };
        exposed.now();
        Ok(Some(Arc::new(exposed)))
    }

    /// All files as they are.
    fn now(&self) -> Snapshot {
        let snapshot = self.files.lock().now();
        let forms: Vec<Option<&'static str>> = snapshot.stores.iter().map(|opened| opened.form).collect();
        if *self.forms.read() != forms {
            *self.forms.write() = forms;
        }
        snapshot
    }

    /// What a wallet is exposed to by one store's transfers.
    fn on(&self, opened: &Opened, labels: &Labels, wallet: &Value, left: &mut u64) -> answer::Exposure {
        let store = opened.store.as_ref();
        let mut told =
            answer::Exposure { cut_off: None, ..answer::Exposure::none(store.chain(), wallet, "") };
        let last = store.len().checked_sub(1).and_then(|last| store.block(last));
        told.upto = last
            .zip(store.times())
            .map(|(block, (_, latest))| answer::Upto { block, time: time(latest).to_string() });
        let teller = Teller { store, labels, prices: &self.prices };
        let Some(account) = store.account(wallet.text()) else {
            let label = labels.best(wallet.text());
            told.label = label.map(told::label);
            return told;
        };
        told.label = teller.label(account);
        told.transfers = store.count_of(account, store.len());
        let most = self.limits.transfers_max.min(*left);
        if told.transfers > most {
            told.cut_off = Some(too_many(told.transfers, most, self.limits.transfers_max));
            return told;
        }
        match self.sides(&teller, account, left) {
            Ok((sources, sinks, left_out)) => {
                (told.sources, told.sinks) = (sources, sinks);
                told.cut_off = left_off(store, &left_out);
            }
            Err(error) => {
                let chain = store.chain();
                tracing::warn!(%error, chain, "an exposure can't be told");
                told.cut_off = Some(format!("it can't be told: {error}"));
            }
        }
        told
    }

    /// Both directions, and the assets whose sums can't be true.
    fn sides(
        &self,
        teller: &Teller<'_>,
        account: Account,
        left: &mut u64,
    ) -> Result<(answer::Side, answer::Side, Vec<Asset>), ExposureError> {
        let category = |account: Account| {
            let address = teller.store.address(account)?;
            teller.labels.best(&address).map(|label| label.category)
        };
        let mut look = |side| {
            let limits = Limits { transfers_max: self.limits.transfers_max.min(*left), ..self.limits };
            let (found, left_out) = sound_exposure(teller.store, account, side, None, category, limits)?;
            // Looked at anew for each asset that is left out.
            *left = left.saturating_sub(found.read.saturating_mul(1 + left_out.len() as u64));
            Ok((teller.side(&found, Assets::Most(ASSETS_TOLD_MAX)), left_out))
        };
        let (sources, mut left_out) = look(Side::Sources)?;
        let (sinks, more) = look(Side::Sinks)?;
        left_out.extend(more);
        left_out.sort_unstable();
        left_out.dedup();
        Ok((sources, sinks, left_out))
    }
}

impl answer::Exposures for Exposed {
    fn covers(&self, wallet: &Value) -> bool {
        self.forms.read().iter().any(|form| form.is_none() || *form == wallet.chain())
    }

    fn look(&self, wallet: &Value, transfers_left: &mut u64) -> Vec<answer::Exposure> {
        let Snapshot { stores, labels } = self.now();
        let of_its_form =
            stores.iter().filter(|opened| opened.form.is_some() && opened.form == wallet.chain());
        of_its_form.map(|opened| self.on(opened, &labels, wallet, transfers_left)).collect()
    }

    fn has_prices(&self) -> bool {
        !self.prices.is_empty()
    }
}

/// Why a wallet is not looked at.
fn too_many(transfers: u64, most: u64, for_one: u64) -> String {
    match most < for_one {
        true => format!(
            "not looked at: it has {transfers} transfers, and {most} are left of those that are read for one request; ask about it by itself"
        ),
        false => format!(
            "not looked at: it has {transfers} transfers, more than the {for_one} that are read for one wallet (exposure.transfers_max)"
        ),
    }
}

/// What is said of assets that were left out.
fn left_off(store: &trace::Payments, assets: &[Asset]) -> Option<String> {
    let names: Vec<String> = assets.iter().filter_map(|asset| store.asset_name(*asset)).collect();
    (!names.is_empty())
        .then(|| format!("without {}: more of it was moved than can be true", names.join(", ")))
}
