//! An exposure as it is told: numbers of accounts and assets become addresses and names.

use deliver::screening::exposure as told;
use trace::exposure::{End, Exposure, Row, Total, parts_per_million};
use trace::label::{Label, Labels};
use trace::{Account, Payments};

use super::Prices;

/// How many assets are told at most; all if it is not said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Assets {
    /// All of them, in the order of their numbers.
    All,
    /// So many: those in which a wrongdoer was met first, then those in which somebody with a label was, and of these those with most
    /// transfers. Whoever moves worthless tokens about pushes nobody off.
    Most(usize),
}

/// Whom an asset was met at: a wrongdoer counts most, and then anybody with a label.
fn weight(exposure: &Exposure, total: &Total) -> u8 {
    let rows = exposure.rows.iter().filter(|row| row.asset == total.asset);
    let of = |row: &Row| match row.end {
        end if end.is_bad() => 2,
        End::Label(_) => 1,
        _ => 0,
    };
    rows.map(of).max().unwrap_or_default()
}

/// Tells exposures of a store's accounts.
pub(crate) struct Teller<'a> {
    /// The transfers.
    pub store: &'a Payments,
    /// Whose addresses are.
    pub labels: &'a Labels,
    /// What assets are worth.
    pub prices: &'a Prices,
}

impl Teller<'_> {
    /// One direction.
    pub(crate) fn side(&self, exposure: &Exposure, assets: Assets) -> told::Side {
        let mut totals: Vec<&Total> = exposure.totals.iter().collect();
        let mut assets_left_off = 0;
        if let Assets::Most(most) = assets {
            totals.sort_by_cached_key(|total| std::cmp::Reverse((weight(exposure, total), total.transfers)));
            assets_left_off = totals.len().saturating_sub(most);
            totals.truncate(most);
        }
        let assets = totals.into_iter().map(|total| self.asset(exposure, total)).collect();
        told::Side { assets, assets_left_off, read: exposure.read }
    }

    fn asset(&self, exposure: &Exposure, total: &Total) -> told::OfAsset {
        let name = self.store.asset_name(total.asset).unwrap_or_default();
        let decimals = self.store.decimals(total.asset);
        let rows = exposure.shares(total.asset).into_iter();
        told::OfAsset {
            rows: rows.map(|(row, ppm)| self.row(row, ppm, &name, decimals)).collect(),
            asset: name,
            decimals,
            amount: total.amount.to_string(),
            transfers: total.transfers,
        }
    }

    fn row(&self, row: &Row, ppm: u32, asset: &str, decimals: Option<u8>) -> told::Row {
        let (direct, indirect) = (row.direct(), row.indirect());
        let share = parts_per_million(&[direct, indirect]).first().copied().unwrap_or(0);
        let worth = |amount| self.prices.worth(asset, decimals, amount);
        let largest = row.largest.iter().map(|party| told::Party {
            label: self.label(party.account).map(|label| label.name),
            address: self.address(party.account),
            amount: party.amount.to_string(),
            hops: party.hops_least,
        });
        #[expect(clippy::cast_precision_loss, reason = "hops, of which there are few")]
        let hops_mean = row.hops_mean_thousandths() as f64 / 1_000.0;
        told::Row {
            kind: row.end.as_str(),
            known: !row.end.is_unknown(),
            illicit: row.end.is_bad(),
            ppm,
            direct_ppm: u32::try_from(u64::from(ppm) * u64::from(share) / 1_000_000).unwrap_or(ppm),
            usd: worth(direct)
                .zip(worth(indirect))
                .map(|(direct, indirect)| told::InDollars { direct, indirect }),
            direct: direct.to_string(),
            indirect: indirect.to_string(),
            hops_least: row.hops_least(),
            hops_mean,
            addresses: row.addresses,
            largest: largest.collect(),
        }
    }

    fn address(&self, account: Account) -> String {
        self.store.address(account).unwrap_or_default()
    }

    /// Whose an address is.
    pub(crate) fn label(&self, account: Account) -> Option<told::Label> {
        self.labels.best(&self.address(account)).map(label)
    }
}

/// A label.
pub(super) fn label(label: &Label) -> told::Label {
    told::Label {
        name: label.name.clone(),
        category: label.category.as_str(),
        illicit: label.category.is_bad(),
        source: label.source.as_ref().to_owned(),
    }
}
