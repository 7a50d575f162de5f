//! What an address is.

/// What kind of holder an address has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Category {
    /// A service that buys, sells and keeps assets for others.
    Exchange,
    /// A service that hides where assets come from.
    Mixer,
    /// A way from one chain to another.
    Bridge,
    /// A contract in which assets are swapped, lent or pooled.
    Pool,
    /// A service that keeps wallets or takes payments for others.
    Payment,
    /// A game of chance.
    Gambling,
    /// A market place.
    Market,
    /// Somebody on a list of sanctions.
    Sanctioned,
    /// Who stole, or was paid what was stolen.
    Theft,
    /// Who extorts.
    Ransomware,
    /// Who deceives: phishing, pyramids.
    Scam,
    /// Who pays for terror.
    Terrorism,
    /// Blocked by who issues an asset, for a reason that is not said.
    Blocked,
    /// Anything else.
    Other,
}

impl Category {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Exchange,
        Self::Mixer,
        Self::Bridge,
        Self::Pool,
        Self::Payment,
        Self::Gambling,
        Self::Market,
        Self::Sanctioned,
        Self::Theft,
        Self::Ransomware,
        Self::Scam,
        Self::Terrorism,
        Self::Blocked,
        Self::Other,
    ];

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exchange => "exchange",
            Self::Mixer => "mixer",
            Self::Bridge => "bridge",
            Self::Pool => "pool",
            Self::Payment => "payment",
            Self::Gambling => "gambling",
            Self::Market => "market",
            Self::Sanctioned => "sanctioned",
            Self::Theft => "theft",
            Self::Ransomware => "ransomware",
            Self::Scam => "scam",
            Self::Terrorism => "terrorism",
            Self::Blocked => "blocked",
            Self::Other => "other",
        }
    }

    /// Whether assets of many meet there, so that what comes out is not what went in: taint stops (rule V-9).
    #[must_use]
    pub const fn is_service(self) -> bool {
        matches!(
            self,
            Self::Exchange
                | Self::Mixer
                | Self::Bridge
                | Self::Pool
                | Self::Payment
                | Self::Gambling
                | Self::Market
        )
    }

    /// Whether who is called so did wrong, or is said to have.
    #[must_use]
    pub const fn is_bad(self) -> bool {
        matches!(
            self,
            Self::Sanctioned | Self::Theft | Self::Ransomware | Self::Scam | Self::Terrorism | Self::Blocked
        )
    }

    /// The category that a word of a list means; `None` for a word that is not known.
    ///
    /// Source: the concepts of GraphSense's tag packs (INTERPOL's Dark Web and Virtual Assets Taxonomy), the labels of Etherscan.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        let word = word.trim().to_ascii_lowercase().replace(['-', ' '], "_");
        if let Some(category) = Self::ALL.into_iter().find(|category| category.as_str() == word) {
            return Some(category);
        }
        Some(match word.as_str() {
            "mixing_service" | "tornado_cash" | "coinjoin" => Self::Mixer,
            "defi_bridge" | "ren" => Self::Bridge,
            "defi" | "defi_dex" | "defi_lending" | "defi_derivative" | "dex" => Self::Pool,
            "wallet_service" | "payment_processor" | "hosted_wallet" => Self::Payment,
            "dark_web" | "dark_market" => Self::Market,
            "sanction" | "ofac" | "ofac_sanctions_lists" => Self::Sanctioned,
            "service_hack" | "hack" | "heist" | "exploit" | "hacker" => Self::Theft,
            "extortion" => Self::Ransomware,
            "ponzi_scheme" | "phish_hack" | "phishing" | "social_engineering" | "fraud" => Self::Scam,
            "black_list" | "blacklist" => Self::Blocked,
            "service" | "organization" | "user" | "miner" | "mining_service" => Self::Other,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_category_is_known_by_its_own_name_and_by_others() {
        for category in Category::ALL {
            assert_eq!(Category::of_word(category.as_str()), Some(category));
        }
        assert_eq!(Category::of_word("phish-hack"), Some(Category::Scam));
        assert_eq!(Category::of_word("Mixing Service"), Some(Category::Mixer));
        assert_eq!(Category::of_word("no such thing"), None);
    }

    #[test]
    fn whoever_holds_the_assets_of_one_is_no_service() {
        for category in [Category::Sanctioned, Category::Theft, Category::Scam, Category::Other] {
            assert!(!category.is_service(), "{}", category.as_str());
        }
    }
}
