//! What threats call for: nine capabilities, and the rule table from kinds of threat to them.

use serde::{Deserialize, Serialize};

use super::words::Language;

/// Something that a country or member can do against threats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Capability {
    /// Names that are known to be bad are not resolved.
    DnsFiltering,
    /// Sensors raise alerts on connections.
    NetworkDetection,
    /// Mail that lures is kept out.
    MailFiltering,
    /// Own logs are looked through for what is known.
    LogHunting,
    /// Attackers' infrastructure in its networks is taken down.
    TakedownHandling,
    /// Somebody answers, at night too.
    PointOfContact,
    /// Payments to bad addresses are stopped.
    VirtualAssetScreening,
    /// Weaknesses are known and mended.
    VulnerabilityHandling,
    /// What is found is shared with partners.
    IntelligenceSharing,
}

impl Capability {
    /// How many there are.
    pub const COUNT: usize = 9;
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; Self::COUNT] = [
        Self::DnsFiltering,
        Self::NetworkDetection,
        Self::MailFiltering,
        Self::LogHunting,
        Self::TakedownHandling,
        Self::PointOfContact,
        Self::VirtualAssetScreening,
        Self::VulnerabilityHandling,
        Self::IntelligenceSharing,
    ];

    /// Its name, for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DnsFiltering => "dns-filtering",
            Self::NetworkDetection => "network-detection",
            Self::MailFiltering => "mail-filtering",
            Self::LogHunting => "log-hunting",
            Self::TakedownHandling => "takedown-handling",
            Self::PointOfContact => "point-of-contact",
            Self::VirtualAssetScreening => "virtual-asset-screening",
            Self::VulnerabilityHandling => "vulnerability-handling",
            Self::IntelligenceSharing => "intelligence-sharing",
        }
    }

    /// In words.
    #[must_use]
    pub const fn words(self, language: Language) -> &'static str {
        language.pick(match self {
            Self::DnsFiltering => ("DNS filtering", "DNS 차단"),
            Self::NetworkDetection => ("Network detection", "네트워크 탐지"),
            Self::MailFiltering => ("Mail filtering", "메일 차단"),
            Self::LogHunting => ("Log hunting", "로그 추적"),
            Self::TakedownHandling => ("Takedown handling", "인프라 차단 조치"),
            Self::PointOfContact => ("Point of contact", "연락 창구"),
            Self::VirtualAssetScreening => ("Virtual-asset screening", "가상자산 심사"),
            Self::VulnerabilityHandling => ("Vulnerability handling", "취약점 관리"),
            Self::IntelligenceSharing => ("Intelligence sharing", "정보 공유"),
        })
    }

    /// The capability with this name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}
