//! Where in a document each code list is used.
//!
//! Source: IATI standard 2.03, the attributes' code lists.

use super::view::{Node, View};

/// One use of a list.
#[derive(Debug)]
pub(super) struct Use {
    /// The names of elements in one another, of which the last one has the attribute.
    pub(super) path: &'static str,
    /// The attribute; empty for the element's own text.
    pub(super) attribute: &'static str,
    /// The vocabulary that must be said for it, and by which element.
    vocabulary: Vocabulary,
    /// The list's name.
    pub(super) list: &'static str,
}

#[derive(Debug)]
enum Vocabulary {
    Any,
    /// This one, or nothing said.
    Default(&'static str),
    Said(&'static str),
    /// The element around says it.
    SaidAbove(&'static str),
}

impl Use {
    /// Whether it is about this element, whose name is the last of the path.
    pub(super) fn is_at(&self, view: View<'_>, element: Node) -> bool {
        let mut at = Some(element);
        for name in self.path.rsplit('/') {
            match at {
                Some(node) if view.name(node) == name => at = view.parent(node),
                _ => return false,
            }
        }
        let said = |of: Option<Node>| {
            let of = of?;
            let attribute = view.attributes(of).find(|one| view.name(*one) == "vocabulary")?;
            Some(view.string(attribute)).filter(|said| !said.is_empty())
        };
        match self.vocabulary {
            Vocabulary::Any => true,
            Vocabulary::Default(code) => said(Some(element)).is_none_or(|said| said == code),
            Vocabulary::Said(code) => said(Some(element)).is_some_and(|said| said == code),
            Vocabulary::SaidAbove(code) => said(view.parent(element)).is_some_and(|said| said == code),
        }
    }
}

const fn any(path: &'static str, attribute: &'static str, list: &'static str) -> Use {
    Use { path, attribute, vocabulary: Vocabulary::Any, list }
}

/// Codes whose vocabulary is this one, also if nothing is said.
const fn usual(path: &'static str, code: &'static str, list: &'static str) -> Use {
    Use { path, attribute: "code", vocabulary: Vocabulary::Default(code), list }
}

/// Codes of a vocabulary that must be said.
const fn said(path: &'static str, code: &'static str, list: &'static str) -> Use {
    Use { path, attribute: "code", vocabulary: Vocabulary::Said(code), list }
}

/// All uses.
pub(super) const USES: &[Use] = &[
    any("iati-activity", "default-currency", "Currency"),
    any("iati-organisation", "default-currency", "Currency"),
    any("value", "currency", "Currency"),
    any("forecast", "currency", "Currency"),
    any("loan-status", "currency", "Currency"),
    any("reporting-org", "type", "OrganisationType"),
    any("participating-org", "type", "OrganisationType"),
    any("provider-org", "type", "OrganisationType"),
    any("receiver-org", "type", "OrganisationType"),
    any("participating-org", "role", "OrganisationRole"),
    any("participating-org", "crs-channel-code", "CRSChannelCode"),
    any("crs-add/channel-code", "", "CRSChannelCode"),
    any("iati-activity/other-identifier", "type", "OtherIdentifierType"),
    any("iati-activity/activity-status", "code", "ActivityStatus"),
    any("iati-activity/activity-date", "type", "ActivityDateType"),
    any("iati-activity/activity-scope", "code", "ActivityScope"),
    any("iati-activity/contact-info", "type", "ContactType"),
    any("iati-activity/description", "type", "DescriptionType"),
    any("recipient-country", "code", "Country"),
    usual("recipient-region", "1", "Region"),
    any("recipient-region", "vocabulary", "RegionVocabulary"),
    any("location/location-reach", "code", "GeographicLocationReach"),
    any("location/location-class", "code", "GeographicLocationClass"),
    any("location/exactness", "code", "GeographicExactness"),
    any("location/feature-designation", "code", "LocationType"),
    any("location/location-id", "vocabulary", "GeographicVocabulary"),
    any("location/administrative", "vocabulary", "GeographicVocabulary"),
    usual("sector", "1", "Sector"),
    said("sector", "2", "SectorCategory"),
    said("sector", "7", "UNSDG-Goals"),
    said("sector", "8", "UNSDG-Targets"),
    any("sector", "vocabulary", "SectorVocabulary"),
    said("tag", "2", "UNSDG-Goals"),
    said("tag", "3", "UNSDG-Targets"),
    any("tag", "vocabulary", "TagVocabulary"),
    any("country-budget-items", "vocabulary", "BudgetIdentifierVocabulary"),
    Use {
        path: "country-budget-items/budget-item",
        attribute: "code",
        vocabulary: Vocabulary::SaidAbove("1"),
        list: "BudgetIdentifier",
    },
    any("humanitarian-scope", "type", "HumanitarianScopeType"),
    any("humanitarian-scope", "vocabulary", "HumanitarianScopeVocabulary"),
    usual("policy-marker", "1", "PolicyMarker"),
    any("policy-marker", "significance", "PolicySignificance"),
    any("policy-marker", "vocabulary", "PolicyMarkerVocabulary"),
    any("collaboration-type", "code", "CollaborationType"),
    any("default-flow-type", "code", "FlowType"),
    any("transaction/flow-type", "code", "FlowType"),
    any("default-finance-type", "code", "FinanceType"),
    any("transaction/finance-type", "code", "FinanceType"),
    usual("default-aid-type", "1", "AidType"),
    usual("transaction/aid-type", "1", "AidType"),
    said("default-aid-type", "2", "EarmarkingCategory"),
    said("transaction/aid-type", "2", "EarmarkingCategory"),
    said("default-aid-type", "3", "EarmarkingModality"),
    said("transaction/aid-type", "3", "EarmarkingModality"),
    any("default-aid-type", "vocabulary", "AidTypeVocabulary"),
    any("transaction/aid-type", "vocabulary", "AidTypeVocabulary"),
    any("default-tied-status", "code", "TiedStatus"),
    any("transaction/tied-status", "code", "TiedStatus"),
    any("iati-activity/budget", "type", "BudgetType"),
    any("iati-activity/budget", "status", "BudgetStatus"),
    any("planned-disbursement", "type", "BudgetType"),
    any("total-budget", "status", "BudgetStatus"),
    any("recipient-org-budget", "status", "BudgetStatus"),
    any("recipient-region-budget", "status", "BudgetStatus"),
    any("recipient-country-budget", "status", "BudgetStatus"),
    any("transaction/transaction-type", "code", "TransactionType"),
    any("transaction/disbursement-channel", "code", "DisbursementChannel"),
    any("document-link", "format", "FileFormat"),
    any("document-link/category", "code", "DocumentCategory"),
    any("document-link/language", "code", "Language"),
    any("related-activity", "type", "RelatedActivityType"),
    any("conditions/condition", "type", "ConditionType"),
    any("iati-activity/result", "type", "ResultType"),
    any("result/indicator", "measure", "IndicatorMeasure"),
    any("result/reference", "vocabulary", "ResultVocabulary"),
    any("indicator/reference", "vocabulary", "IndicatorVocabulary"),
    any("crs-add/other-flags", "code", "CRSAddOtherFlags"),
    any("loan-terms/repayment-type", "code", "LoanRepaymentType"),
    any("loan-terms/repayment-plan", "code", "LoanRepaymentPeriod"),
];
