//! The signs and the families that cap them. What each weighs, and where it was published, stands in `weights.toml`.

use serde::Deserialize;

macro_rules! signs {
    ($($(#[$doc:meta])* $name:ident $code:literal $family:ident $sentence:literal;)*) => {
        /// One sign that an application can show.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        #[non_exhaustive]
        pub enum Sign {
            $($(#[$doc])* $name,)*
        }

        impl Sign {
            /// All signs.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its stable name, as in the file of weights.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// The family that caps it.
            #[must_use]
            pub const fn family(self) -> Family {
                match self { $(Self::$name => Family::$family,)* }
            }

            /// What it says, as a sentence.
            #[must_use]
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence,)* }
            }
        }
    };
}

/// Signs that say nearly the same; together they count no more than their family's cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Family {
    /// Names.
    Name,
    /// Mailboxes and handles.
    Account,
    /// Wallets and bank accounts.
    Payment,
    /// Telephone numbers.
    Phone,
    /// Addresses on the network.
    Network,
    /// Devices.
    Device,
    /// Pictures and documents.
    Picture,
    /// Portfolios: pages, repositories, texts.
    Work,
    /// What advisories say that infiltrators do.
    Conduct,
}

impl Family {
    /// All families.
    pub const ALL: [Self; 9] = [
        Self::Name,
        Self::Account,
        Self::Payment,
        Self::Phone,
        Self::Network,
        Self::Device,
        Self::Picture,
        Self::Work,
        Self::Conduct,
    ];

    /// Its stable name, as in the file of weights.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Account => "account",
            Self::Payment => "payment",
            Self::Phone => "phone",
            Self::Network => "network",
            Self::Device => "device",
            Self::Picture => "picture",
            Self::Work => "work",
            Self::Conduct => "conduct",
        }
    }
}

signs! {
    /// A name is like a persona's.
    Name "name" Name "The name is like that of a persona. Many people share a name.";
    /// A mailbox is a persona's.
    Email "email" Account "The mailbox is one of a persona.";
    /// A mailbox is like one of a persona.
    EmailAlike "email-alike" Account "The mailbox has the same stem as a name that a persona uses.";
    /// An account is a persona's.
    Account "account" Account "The account is one of a persona.";
    /// A handle is like one of a persona.
    AccountAlike "account-alike" Account "The handle has the same stem as a name that a persona uses.";
    /// A wallet is a persona's.
    Wallet "wallet" Payment "The wallet is one of a persona.";
    /// A bank account is a persona's.
    BankAccount "bank-account" Payment "The bank account is one of a persona.";
    /// A telephone number is a persona's.
    Phone "phone" Phone "The telephone number is one of a persona.";
    /// An address on the network was used by a persona.
    Address "address" Network "A log-in came from an address that a persona used. Addresses are shared and change hands.";
    /// A device is a persona's.
    Device "device" Device "The device is one of a persona.";
    /// A picture is a persona's, bit by bit.
    Picture "picture" Picture "The picture is the same file as one of a persona.";
    /// A picture looks like one of a persona.
    PictureAlike "picture-alike" Picture "The picture's perceptual hash is close to that of a persona's picture.";
    /// A document is a persona's.
    Document "document" Picture "The document is one of a persona.";
    /// A repository is a persona's.
    Repository "repository" Work "The repository is one that a persona shows as its own.";
    /// A page is a persona's.
    Page "page" Work "The page is one that a persona shows as its own.";
    /// A text is a persona's.
    Text "text" Work "The text is largely the same as one of a persona.";
    /// Another applicant has the same device.
    SharedDevice "shared-device" Device "An applicant of another name uses the same device.";
    /// Another applicant has the same telephone number.
    SharedPhone "shared-phone" Phone "An applicant of another name gives the same telephone number.";
    /// Another applicant has the same payment address.
    SharedPayment "shared-payment" Payment "An applicant of another name is paid at the same address.";
    /// Another applicant has the same mailbox or account.
    SharedAccount "shared-account" Account "An applicant of another name gives the same mailbox or account.";
    /// Log-ins came from several countries in a short time.
    LogInCountries "log-in-countries" Conduct "Log-ins came from several countries in a short time.";
    /// A program for remote control is used.
    RemoteDesktop "remote-desktop" Conduct "A program for remote control was seen on the device.";
    /// A keyboard and screen over the network are used.
    KvmOverIp "kvm-over-ip" Conduct "A keyboard, screen and mouse over the network (KVM over IP) were seen.";
    /// A VPN is used.
    Vpn "vpn" Conduct "Log-ins came through a VPN or a proxy that the employer does not provide. Many honest people use one.";
    /// Video is refused.
    VideoRefused "video-refused" Conduct "The applicant did not want to appear on video.";
    /// Documents were altered.
    DocumentsAltered "documents-altered" Conduct "A document was found to be altered.";
    /// Time zones do not fit.
    TimeZones "time-zones" Conduct "Work was seen at hours of another time zone than the stated one.";
    /// Pay is wanted in virtual assets.
    VirtualAssetPay "virtual-asset-pay" Conduct "Pay is wanted in virtual assets.";
    /// The laptop goes elsewhere.
    MailDrop "mail-drop" Conduct "The device is to be sent to another place than the stated home.";
}
