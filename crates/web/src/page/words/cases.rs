//! Cases of stolen assets, in the viewer's language.

use trace::U256;
use trace::case::{Happened, State, What};
use trace::found::Words;
use trace::label::Category;
use trace::units::{lasted as lasted_english, short, told as told_english, whole};

use super::super::view::View;

/// What an address is.
pub(in crate::page) const fn category(view: &View, category: Category) -> &'static str {
    let korean = match category {
        Category::Exchange => "거래소",
        Category::Mixer => "믹서",
        Category::Bridge => "브리지",
        Category::Pool => "풀",
        Category::Payment => "결제·지갑 서비스",
        Category::Gambling => "도박",
        Category::Market => "장터",
        Category::Sanctioned => "제재 대상",
        Category::Theft => "절취",
        Category::Ransomware => "랜섬웨어",
        Category::Scam => "사기",
        Category::Terrorism => "테러 자금",
        Category::Blocked => "발행자 차단",
        Category::Other => "기타",
    };
    view.say(category.as_str(), korean)
}

/// Where a request to freeze stands.
pub(in crate::page) const fn state(view: &View, state: State) -> &'static str {
    let korean = match state {
        State::Drafted => "작성",
        State::Sent => "발송",
        State::Acknowledged => "접수",
        State::Frozen => "동결",
        State::Refused => "거절",
        State::Released => "해제",
    };
    view.say(state.as_str(), korean)
}

/// An amount with its asset.
pub(in crate::page) fn told(view: &View, amount: U256, asset: &str, decimals: Option<u8>) -> String {
    match decimals {
        None if view.is_korean() => units(amount, asset),
        _ => told_english(amount, asset, decimals),
    }
}

fn units(amount: U256, asset: &str) -> String {
    format!("{} {}단위", short(asset), whole(amount, 0))
}

/// What the graph of a case says.
pub(in crate::page) const fn drawn(view: &View) -> &'static Words {
    const KOREAN: Words = Words {
        sum: |amount, asset, decimals| match decimals {
            None => units(amount, asset),
            _ => told_english(amount, asset, decimals),
        },
        payments: |count| format!("지급 {count}건"),
        others: "나머지",
        more: |count| format!("+ {count}곳 더"),
        more_of: |count, of, sum| format!("{of}에서 {count}곳에 더 보냄, 모두 {sum}"),
        gave: |out| format!("{out}곳에 보냄"),
        passed: |sum, out| format!("{sum}, {out}곳에 보냄"),
        got: |sum, out| format!("{sum} 받음, {out}곳에 보냄"),
    };
    match view.is_korean() {
        true => &KOREAN,
        false => &Words::ENGLISH,
    }
}

/// A span of time, in seconds.
pub(in crate::page) fn lasted(view: &View, seconds: i64) -> String {
    if !view.is_korean() {
        return lasted_english(seconds);
    }
    let (sign, seconds) = (if seconds < 0 { "-" } else { "" }, seconds.unsigned_abs());
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{sign}{seconds}초"),
        (0, 0, _) => format!("{sign}{minutes}분"),
        (0, ..) => format!("{sign}{hours}시간 {minutes}분"),
        _ => format!("{sign}{days}일 {hours}시간"),
    }
}

/// Something that happened in a case: what kind of thing, and what.
pub(in crate::page) fn happened(view: &View, happened: &Happened<'_>) -> (&'static str, String) {
    if !view.is_korean() {
        return (happened.kind(), happened.text());
    }
    match &happened.what {
        What::Opened(title) => ("사건 개시", (*title).to_owned()),
        What::Stolen(sums) => {
            let amount = told(view, sums.stolen, &sums.asset, sums.decimals);
            ("절취", format!("{}에서 {amount}", sums.chain))
        }
        What::Arrived { alert, first, within_s } => {
            let amount = told(view, alert.tainted(), &first.asset, first.decimals);
            let (service, kind) = (alert.service(), category(view, first.category));
            let within = match within_s {
                0 => String::new(),
                seconds => format!(", {} 동안", lasted(view, *seconds)),
            };
            ("유입", format!("{service}({kind})에 {amount}, 이체 {}건{within}", alert.arrivals.len()))
        }
        What::Step { number, request, step } => {
            let said = step.to.iter().chain(&step.note);
            let said = said.fold(String::new(), |said, note| format!("{said}: {note}"));
            (state(view, step.state), format!("{}에 대한 요청 {number}{said}", request.service))
        }
        What::Shared { circle, objects } => ("공유", format!("{circle}에 객체 {objects}건")),
        What::Note(note) => ("메모", (*note).to_owned()),
        What::Closed(why) => ("종결", (*why).to_owned()),
    }
}
