//! A notice for people, in English and Korean.

use stix::Timestamp;

use super::{Because, Notice};
use crate::transit::NOT_ATTRIBUTION;

/// What a subject line says.
#[must_use]
pub fn subject(notice: &Notice) -> String {
    format!("[Notice {}] {} is used in attacks", notice.number, notice.about.address)
}

/// One sentence.
#[must_use]
pub fn summary(notice: &Notice) -> String {
    let about = &notice.about;
    format!(
        "{} was seen in attacks {} times between {} and {}, as {}.",
        about.address,
        about.count,
        minute(about.seen.0),
        minute(about.seen.1),
        roles(notice)
    )
}

/// What was observed, line by line.
#[must_use]
pub fn evidence(notice: &Notice) -> String {
    let about = &notice.about;
    let network = about.place.network.map_or_else(|| "unknown".to_owned(), |network| network.to_string());
    let country = about.place.country.map_or("unknown", |_| "");
    let country = about.place.country.as_ref().map_or(country, |country| country.code());
    format!(
        "Address: {}\nRole: {}\nFirst seen: {}\nLast seen: {}\nTimes seen: {}\nNetwork: {network}\nCountry: {country}\n",
        about.address,
        roles(notice),
        minute(about.seen.0),
        minute(about.seen.1),
        about.count,
    )
}

/// The paragraphs of a mail.
#[must_use]
pub fn paragraphs(notice: &Notice, korean: bool) -> Vec<String> {
    let because = notice.about.because;
    let all: [&str; 4] = match korean {
        true => [
            match because {
                Because::Network => "귀 기관이 자기 망이라고 밝힌 주소가 공격에 이용되고 있습니다.",
                Because::Country => "귀국에 있는 것으로 알려진 주소가 공격에 이용되고 있습니다.",
            },
            "그 주소에서 무엇이 돌고 있는지 확인하고, 공격에 쓰이는 것을 내리거나 운영자에게 알려 주십시오. 그 다음 이 메일에 회신하여 내렸는지, 언제 내렸는지, 아니면 내릴 수 없는지 알려 주십시오.",
            "주소가 어디 있는지는 누가 공격했는지를 말하지 않습니다. 공격이 지나가는 곳은 남의 컴퓨터가 악용되는 곳입니다.",
            "같은 내용이 X-ARF 4 형식(xarf.json)으로 첨부되어 있습니다.",
        ],
        false => [
            match because {
                Because::Network => "An address in networks that you named as your own is used in attacks.",
                Because::Country => "An address that is known to be in your country is used in attacks.",
            },
            "Please find out what runs there, take down what serves attacks, or tell whoever runs it. Then answer this mail: whether and when it was taken down, or that it can't be.",
            NOT_ATTRIBUTION,
            "The same is attached in X-ARF 4 (xarf.json).",
        ],
    };
    let [why, ask, caveat, attached] = all.map(str::to_owned);
    vec![why, evidence(notice), ask, caveat, attached]
}

fn roles(notice: &Notice) -> String {
    let roles: Vec<String> = notice.about.roles.iter().map(|role| role.name().replace('-', " ")).collect();
    if roles.is_empty() { "unknown".to_owned() } else { roles.join(", ") }
}

fn minute(seconds: u32) -> String {
    let text = Timestamp::from_micros(i64::from(seconds) * 1_000_000).to_string();
    format!("{} UTC", text.get(..16).unwrap_or(&text).replace('T', " "))
}
