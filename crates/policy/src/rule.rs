//! The rules by their names.
//!
//! Each decision names the one rule that settled it. Codes are stable: audits, tests and other programs cite them.

use std::fmt;

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident $code:literal $sentence:literal;)*) => {
        /// The rule that settled a decision.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Rule {
            $($(#[$doc])* $name,)*
        }

        impl Rule {
            /// All rules.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its stable name.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// What it says, as a sentence.
            #[must_use]
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence,)* }
            }
        }
    };
}

rules! {
    /// Withdrawn.
    Withdrawn "withdrawn" "It was withdrawn by the one who shared it.";
    /// Expired.
    Expired "expired" "The time for which it was shared has passed.";
    /// The member is unknown or has ended.
    MemberEnded "member-ended" "The member does not take part any more.";
    /// The member brought it.
    Originator "originator" "The member shared it itself.";
    /// The member is not in the circle.
    CircleNotMember "circle-not-member" "The member is not in the circle.";
    /// The member may share in the circle, and get nothing from it.
    CircleWriteOnly "circle-write-only" "The member may share in the circle, and get nothing from it.";
    /// The originator is not in the circle.
    OriginatorNotMember "originator-not-member" "The one who shared it is not in the circle any more.";
    /// The circle is not in force.
    CircleNotInForce "circle-not-in-force" "The circle has not begun or has ended.";
    /// The member's level is below the form.
    LevelTooLow "level-too-low" "The form is above the member's level.";
    /// A marking is not known.
    MarkingUnknown "marking-unknown" "One of its markings is not known here, so it can't be kept.";
    /// The marks of its parts can't be read.
    MarkingMalformed "marking-malformed" "The marks of its properties can't be read, so they can't be kept.";
    /// Over the circle's ceiling.
    TlpOverCeiling "tlp-over-ceiling" "Its TLP mark is stricter than what travels in the circle.";
    /// Over the member's clearance.
    TlpOverClearance "tlp-over-clearance" "Its TLP mark is stricter than what the member may see.";
    /// TLP:RED, and the member is not named.
    TlpRedNotNamed "tlp-red-not-named" "It is TLP:RED, and the member is not named as a recipient.";
    /// The terms name recipients, and the member is not one.
    NotNamed "not-named" "It was shared with named recipients, and the member is not one of them.";
    /// PAP forbids the form.
    PapForbidsUse "pap-forbids-use" "Its PAP mark allows no action that an attacker could notice, so it may not be blocked.";
    /// The exchange policy forbids the form.
    IepForbidsUse "iep-forbids-use" "Its exchange policy does not permit acting on it.";
    /// The exchange policy is not in force.
    IepNotInForce "iep-not-in-force" "Its exchange policy has not begun or has ended.";
    /// The exchange policy wants an encrypted channel.
    IepNeedsEncryption "iep-needs-encryption" "Its exchange policy wants an encrypted channel.";
    /// Another member brought it first.
    OwnedByAnother "owned-by-another" "Another member shared this object first: its versions are the ones that count.";
    /// The circle does not take objects of this STIX version.
    SpecVersionNotTaken "spec-version-not-taken" "The circle does not take objects of this STIX version.";
    /// Embargoed.
    Embargo "embargo" "It is under embargo.";
    /// It may not be passed on.
    Onward "onward" "It may not be passed on so far.";
    /// What it refers to may not go.
    EndNotReleasable "end-not-releasable" "It makes no sense without something that may not go to the member or is not here.";
    /// Nothing would be left.
    NothingLeft "nothing-left" "Nothing would be left of it.";
    /// It names the source that is to be hidden.
    SourceNamed "source-named" "It would name the source that asked not to be named.";
    /// The source is replaced by a pseudonym.
    SourcePseudonymised "source-pseudonymised" "The source is replaced by a pseudonym.";
    /// Some properties are under a stricter mark.
    PartsRemoved "parts-removed" "Properties under a stricter mark are left out.";
    /// Some references name what the member may not see.
    ReferencesRemoved "references-removed" "References to what the member may not see are left out.";
    /// Shared in a circle of the member's.
    Circle "circle" "It was shared in a circle that the member is in.";
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence())
    }
}
