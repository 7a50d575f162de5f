//! One activity while its elements are read.

use jiff::civil::Date;

use super::activity::{
    Activity, Amount, Budget, Indicator, Marker, Money, Organisation, Outcome, Share, Text, Transaction,
};
use super::iati::Faults;
use super::tree::Element;
use crate::capacity::country;
use crate::transit::Country;

/// An activity while it is read.
pub(super) struct Reading {
    pub(super) activity: Activity,
    pub(super) currency: String,
    pub(super) language: Option<String>,
}

impl Reading {
    pub(super) fn begin(element: Element<'_>, faults: &mut Faults) -> Self {
        let hierarchy = element.attribute("hierarchy");
        let activity = Activity {
            hierarchy: hierarchy.parse().ok(),
            updated: element.attribute("last-updated-datetime").to_owned(),
            ..Activity::default()
        };
        if activity.hierarchy.is_none() && !hierarchy.is_empty() {
            faults.say(format!("hierarchy `{}` is no number", short(hierarchy)));
        }
        Self {
            activity,
            currency: currency(element.attribute("default-currency")),
            language: language(element),
        }
    }

    pub(super) fn take(&mut self, element: Element<'_>, faults: &mut Faults) {
        match element.name() {
            "iati-identifier" => element.text().clone_into(&mut self.activity.identifier),
            "reporting-org" => self.activity.reporting = self.organisation(element),
            "title" => self.texts(element).into_iter().for_each(|text| self.activity.title.push(text)),
            "description" => {
                self.texts(element).into_iter().for_each(|text| self.activity.description.push(text));
            }
            "activity-status" => element.attribute("code").clone_into(&mut self.activity.status),
            "activity-date" => self.date(element, faults),
            "participating-org" => {
                let role = match element.attribute("role") {
                    role if role.eq_ignore_ascii_case("funding") => "1",
                    role if role.eq_ignore_ascii_case("accountable") => "2",
                    role if role.eq_ignore_ascii_case("extending") => "3",
                    role if role.eq_ignore_ascii_case("implementing") => "4",
                    code => code,
                };
                self.activity.participants.push((role.to_owned(), self.organisation(element)));
            }
            "recipient-country" => {
                let share = self.share(element, faults);
                match Country::parse(&share.code) {
                    Ok(country) => {
                        self.activity.countries.push(Share { code: country.code().to_owned(), ..share });
                    }
                    Err(error) => match of_three_letters(&share.code) {
                        Some(country) => {
                            faults.say(format!(
                                "recipient-country: `{}` is read as {country}; the standard wants the two letters of ISO 3166-1",
                                short(&share.code)
                            ));
                            self.activity.countries.push(Share { code: country.code().to_owned(), ..share });
                        }
                        // Kept as it is: whoever reads it decides.
                        None => {
                            faults.say(format!("recipient-country: {error}"));
                            self.activity.countries.push(share);
                        }
                    },
                }
            }
            "recipient-region" => self.activity.regions.push(self.share(element, faults)),
            "sector" => {
                let share = self.share(element, faults);
                let vocabulary = match share.vocabulary.as_str() {
                    "" | "DAC" => "1".to_owned(),
                    "DAC-3" => "2".to_owned(),
                    _ => share.vocabulary,
                };
                self.activity.sectors.push(Share { vocabulary, ..share });
            }
            "tag" => self.activity.tags.push(self.share(element, faults)),
            "policy-marker" => {
                let vocabulary = match element.attribute("vocabulary") {
                    "" | "DAC" => "1",
                    other => other,
                };
                self.activity.markers.push(Marker {
                    vocabulary: vocabulary.to_owned(),
                    code: element.attribute("code").to_owned(),
                    significance: element.attribute("significance").to_owned(),
                });
            }
            "budget" => {
                if let Some(budget) = self.budget(element, faults) {
                    self.activity.budgets.push(budget);
                }
            }
            "transaction" => {
                if let Some(transaction) = self.transaction(element, faults) {
                    self.activity.transactions.push(transaction);
                }
            }
            "result" => self.activity.results.push(self.outcome(element, faults)),
            "related-activity" => {
                let related = (element.attribute("type").to_owned(), element.attribute("ref").to_owned());
                self.activity.related.push(related);
            }
            _ => {}
        }
    }

    pub(super) fn end(self, faults: &mut Faults) -> Activity {
        if self.activity.identifier.is_empty() {
            faults.say("it has no iati-identifier");
        }
        let (first, last) = self.activity.period();
        if let (Some(first), Some(last)) = (first, last)
            && last < first
        {
            faults.say(format!("it ends on {last}, before {first}, when it begins"));
        }
        self.activity
    }

    /// The narratives of an element, or, as version 1 has it, its own text.
    pub(super) fn texts(&self, element: Element<'_>) -> Vec<Text> {
        let of = |element: Element<'_>, outer: &Option<String>| {
            let language = language(element).or_else(|| outer.clone()).or_else(|| self.language.clone());
            Text { language, text: element.text().to_owned() }
        };
        let outer = language(element);
        let narratives = element.children().filter(|child| child.name() == "narrative");
        let mut texts: Vec<Text> = narratives.map(|narrative| of(narrative, &outer)).collect();
        if texts.is_empty() {
            texts.push(of(element, &None));
        }
        texts.retain(|text| !text.text.is_empty());
        texts
    }

    fn organisation(&self, element: Element<'_>) -> Organisation {
        Organisation {
            reference: element.attribute("ref").to_owned(),
            kind: element.attribute("type").to_owned(),
            names: self.texts(element),
        }
    }

    fn share(&self, element: Element<'_>, faults: &mut Faults) -> Share {
        let said = element.attribute("percentage");
        let percentage = Amount::parse(said.trim_end_matches('%'));
        if percentage.is_none() && !said.is_empty() {
            faults.say(format!("{}: percentage `{}` is no number", element.name(), short(said)));
        }
        Share {
            vocabulary: element.attribute("vocabulary").to_owned(),
            code: element.attribute("code").to_owned(),
            percentage,
            names: self.texts(element),
        }
    }

    fn date(&mut self, element: Element<'_>, faults: &mut Faults) {
        let Some(date) = date(element, faults) else { return };
        let dates = &mut self.activity.dates;
        let place = match element.attribute("type") {
            "1" | "start-planned" => &mut dates.planned_start,
            "2" | "start-actual" => &mut dates.actual_start,
            "3" | "end-planned" => &mut dates.planned_end,
            "4" | "end-actual" => &mut dates.actual_end,
            other => return faults.say(format!("activity-date: type `{}` is not known", short(other))),
        };
        *place = Some(date);
    }

    fn money(&self, element: Element<'_>, faults: &mut Faults) -> Option<Money> {
        let Some(value) = element.child("value") else {
            faults.say(format!("{}: it has no value", element.name()));
            return None;
        };
        let Some(amount) = Amount::parse(value.text()) else {
            faults.say(format!("{}: `{}` is no amount", element.name(), short(value.text())));
            return None;
        };
        let said = currency(value.attribute("currency"));
        let currency = if said.is_empty() { self.currency.clone() } else { said };
        if currency.is_empty() {
            faults.say(format!("{}: {amount} of no currency: it can't be compared", element.name()));
        }
        let day = value.attribute("value-date");
        let date = day_of(day);
        if date.is_none() {
            let said = if day.is_empty() {
                "no value-date".to_owned()
            } else {
                format!("value-date `{}`", short(day))
            };
            faults.say(format!("{}: {said}: it can't be converted", element.name()));
        }
        Some(Money { amount, currency, date })
    }

    pub(super) fn budget(&self, element: Element<'_>, faults: &mut Faults) -> Option<Budget> {
        let value = self.money(element, faults)?;
        if value.amount < Amount(0) {
            faults.say(format!("budget: {} is negative", value.amount));
        }
        let mut day = |name: &str| element.child(name).and_then(|child| date(child, faults));
        Some(Budget {
            kind: element.attribute("type").to_owned(),
            period: (day("period-start"), day("period-end")),
            value,
        })
    }

    fn transaction(&self, element: Element<'_>, faults: &mut Faults) -> Option<Transaction> {
        let value = self.money(element, faults)?;
        let code = element.child("transaction-type").map_or("", |kind| kind.attribute("code"));
        let kind = match code {
            "IF" => "1",
            "C" => "2",
            "D" => "3",
            "E" => "4",
            "IR" => "5",
            "LR" => "6",
            "R" => "7",
            "QP" => "8",
            "QS" => "9",
            "CG" => "10",
            code => code,
        };
        let date = element.child("transaction-date").and_then(|child| date(child, faults));
        Some(Transaction { kind: kind.to_owned(), date, value })
    }

    fn outcome(&self, element: Element<'_>, faults: &mut Faults) -> Outcome {
        let title =
            |element: Element<'_>| element.child("title").map(|title| self.texts(title)).unwrap_or_default();
        let value = |element: Element<'_>, name: &str| {
            element.child(name).map_or("", |child| child.attribute("value")).to_owned()
        };
        let indicators = element.children().filter(|child| child.name() == "indicator").map(|indicator| {
            let periods = indicator.children().filter(|child| child.name() == "period").map(|period| {
                let end = period.child("period-end").and_then(|end| date(end, faults));
                (end, value(period, "target"), value(period, "actual"))
            });
            Indicator {
                title: title(indicator),
                baseline: value(indicator, "baseline"),
                periods: periods.collect(),
            }
        });
        let indicators = indicators.collect();
        Outcome { kind: element.attribute("type").to_owned(), title: title(element), indicators }
    }
}

/// The country of three letters, which some publishers write.
fn of_three_letters(code: &str) -> Option<Country> {
    let code = code.trim();
    let is_of_letters = code.len() == 3 && code.bytes().all(|letter| letter.is_ascii_alphabetic());
    is_of_letters.then(|| country::of(code).ok()).flatten()
}

pub(super) fn language(element: Element<'_>) -> Option<String> {
    let said = element.attribute("lang");
    (!said.is_empty()).then(|| said.to_ascii_lowercase())
}

/// A currency's three letters; empty for what is none.
pub(super) fn currency(text: &str) -> String {
    let is_one = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    if is_one { text.to_ascii_uppercase() } else { String::new() }
}

/// The day of an element: its `iso-date`, or, as version 1 also had it, its text.
fn date(element: Element<'_>, faults: &mut Faults) -> Option<Date> {
    let said = match element.attribute("iso-date") {
        "" => element.text(),
        said => said,
    };
    let date = day_of(said);
    if date.is_none() {
        let what = element.name();
        faults.say(match said {
            "" => format!("{what}: it has no iso-date"),
            said => format!("{what}: `{}` is no day (2026-01-31)", short(said)),
        });
    }
    date
}

/// The day of a text that may go on with a time or a zone.
fn day_of(text: &str) -> Option<Date> {
    text.get(..10)?.parse().ok()
}

fn short(text: &str) -> String {
    text.chars().take(40).collect()
}
