//! Signs that an application shows by itself: what governments' advisories say that infiltrators do.
//!
//! Each is common among honest people too, so that they count little and together no more than their cap.

use jiff::tz::{TimeZone, TimeZoneDatabase};
use stix::Timestamp;

use super::application::Application;
use super::score::{Draft, EMPLOYER, Matched, Reason};
use super::sign::Sign;
use super::weights::Weights;

const HOUR_MICROS: i64 = 3_600_000_000;

/// The reasons that the application itself gives.
pub(super) fn conduct(application: &Application, weights: &Weights, now: Timestamp) -> Vec<Reason> {
    let mut found = Vec::new();
    let mut put = |sign, given: String, known: String, date| {
        let matched = Matched { given, known, how: "seen".to_owned() };
        let draft = Draft {
            sign,
            percent: 100,
            matched,
            persona: None,
            who: EMPLOYER.to_owned(),
            object: None,
            date,
            until: None,
            contested: None,
        };
        found.extend(draft.reason(weights, now));
    };
    if let Some((countries, at)) = countries(application, weights) {
        let known = format!("{} countries within {} hours", weights.log_in_countries, weights.log_in_hours);
        put(Sign::LogInCountries, countries.join(", "), known, at);
    }
    for (sign, names) in
        [(Sign::RemoteDesktop, &weights.remote_desktop), (Sign::KvmOverIp, &weights.kvm_over_ip)]
    {
        let seen = application
            .tools
            .iter()
            .find_map(|tool| Some((tool, names.iter().find(|name| names_it(tool, name))?)));
        if let Some((tool, name)) = seen {
            put(sign, tool.clone(), name.clone(), now);
        }
    }
    if let Some((stated, seen)) = zones(application, weights, now) {
        put(Sign::TimeZones, seen.to_owned(), format!("stated: {stated}"), now);
    }
    let drop = match (&application.lives_at, &application.ship_to) {
        (Some(home), Some(to)) if plain(home) != plain(to) => Some((to.clone(), format!("home: {home}"))),
        _ if application.mail_drop => Some(("a mail drop".to_owned(), "told by the employer".to_owned())),
        _ => None,
    };
    if let Some((given, known)) = drop {
        put(Sign::MailDrop, given, known, now);
    }
    for (sign, is_so, what) in [
        (Sign::Vpn, application.vpn, "a VPN or proxy"),
        (Sign::VideoRefused, application.video_refused, "no video"),
        (Sign::DocumentsAltered, application.documents_altered, "an altered document"),
        (Sign::VirtualAssetPay, application.virtual_asset_pay, "pay in virtual assets"),
    ] {
        if is_so {
            put(sign, what.to_owned(), "told by the employer".to_owned(), now);
        }
    }
    found
}

/// The countries of log-ins of which enough lie within the hours, and when the last of them was; the newest such, if there are several.
fn countries(application: &Application, weights: &Weights) -> Option<(Vec<String>, Timestamp)> {
    let mut seen: Vec<(Timestamp, &str)> =
        application.log_ins.iter().filter_map(|one| Some((one.at, one.country.as_deref()?))).collect();
    seen.sort_unstable();
    let within = i64::from(weights.log_in_hours) * HOUR_MICROS;
    let mut first = 0;
    let mut found = None;
    for (last, (at, _)) in seen.iter().enumerate() {
        while at.micros().saturating_sub(seen[first].0.micros()) > within {
            first += 1;
        }
        let mut countries: Vec<String> =
            seen[first..=last].iter().map(|(_, country)| (*country).to_owned()).collect();
        countries.sort_unstable();
        countries.dedup();
        if countries.len() >= weights.log_in_countries {
            found = Some((countries, *at));
        }
    }
    found
}

/// A text without what is no letter or digit, in lower case, words with one space between them.
fn plain(text: &str) -> String {
    let lower = text.to_lowercase();
    let words: Vec<&str> =
        lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

fn names_it(tool: &str, name: &str) -> bool {
    format!(" {} ", plain(tool)).contains(&format!(" {} ", plain(name)))
}

/// The stated time zone, and one that was seen and is too far from it.
fn zones<'a>(application: &'a Application, weights: &Weights, now: Timestamp) -> Option<(&'a str, &'a str)> {
    let stated = application.time_zone.as_deref()?;
    let database = TimeZoneDatabase::bundled();
    let home = offset(&database, stated, now)?;
    let most = i64::from(weights.time_zone_hours) * 3_600;
    let far = |zone: &&String| {
        let Some(away) = offset(&database, zone, now) else { return false };
        // The clock is round: 13 hours ahead is 11 behind.
        let apart = (home - away).rem_euclid(86_400);
        apart.min(86_400 - apart) > most
    };
    application.time_zones_seen.iter().find(far).map(|seen| (stated, seen.as_str()))
}

/// Seconds that a zone is ahead of UTC: a name of the IANA database, or `+09:00`, `UTC+9`, `-0330`.
fn offset(database: &TimeZoneDatabase, zone: &str, now: Timestamp) -> Option<i64> {
    if let Ok(known) = database.get(zone) {
        return ahead(&known, now);
    }
    let rest = zone.strip_prefix("UTC").or_else(|| zone.strip_prefix("GMT")).unwrap_or(zone).trim();
    let sign = if rest.starts_with('-') { -1 } else { 1 };
    let digits: String = rest.strip_prefix(['+', '-'])?.chars().filter(char::is_ascii_digit).collect();
    let (hours, minutes) = match digits.len() {
        1 | 2 => (digits.as_str(), "0"),
        3 => digits.split_at(1),
        4 => digits.split_at(2),
        _ => return None,
    };
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 3_600 + minutes * 60))
}

fn ahead(zone: &TimeZone, now: Timestamp) -> Option<i64> {
    let now = jiff::Timestamp::from_microsecond(now.micros()).ok()?;
    Some(i64::from(zone.to_offset(now).seconds()))
}
