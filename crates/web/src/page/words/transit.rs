//! What attacks pass through, notices, and figures beside projects, in the viewer's language. What pictures say too is in
//! [`region::transit::words`].

use region::aid::measured::Verdict;
use region::notice::State;
use region::transit::Role;
use region::transit::stay::Stay;
use region::transit::told::percent;

use super::super::view::View;

/// Whether a figure moved.
pub(in crate::page) const fn verdict(view: &View, verdict: Verdict) -> &'static str {
    let korean = match verdict {
        Verdict::Better => "나아짐",
        Verdict::Worse => "나빠짐",
        Verdict::Rose => "늘어남",
        Verdict::Fell => "줄어듦",
        Verdict::NotMoved => "변화 없음",
        Verdict::NotKnown => "알 수 없음: 값이 너무 적음",
    };
    view.say(verdict.words(), korean)
}

/// As what an address was used.
pub(in crate::page) fn role(view: &View, role: Role) -> String {
    let korean = match role {
        Role::Source => "출발지",
        Role::CommandAndControl => "명령·제어",
        Role::Proxy => "프록시",
        Role::VpnExit => "VPN 출구",
        Role::Hosting => "호스팅",
        Role::CompromisedDevice => "침해된 기기",
        Role::Drop => "유출 자료 저장",
        Role::Unknown => "알 수 없음",
    };
    view.say(&role.name().replace('-', " "), korean).to_owned()
}

/// How a notice stands.
pub(in crate::page) fn notice(view: &View, state: State) -> &'static str {
    let korean = match state {
        State::Drafted => "초안",
        State::Sent => "보냄",
        State::Acknowledged => "접수함",
        State::TakenDown => "차단됨",
        State::Refused => "거부됨",
        State::CameBack => "다시 나타남",
    };
    view.say(state.name(), korean)
}

/// Seconds as days, hours or minutes: `3.5 d`.
pub(in crate::page) fn lasted(view: &View, seconds: u32) -> String {
    let english = region::transit::told::lasted(seconds);
    if !view.is_korean() {
        return english;
    }
    match english.split_once(' ') {
        Some((count, "min")) => format!("{count}분"),
        Some((count, "h")) => format!("{count}시간"),
        Some((count, _)) => format!("{count}일"),
        None => english,
    }
}

/// From a notice to takedown in the median: `3 days`, or `at least 3 days; 2 wait`.
pub(in crate::page) fn until_gone(view: &View, stay: &Stay) -> Option<String> {
    if !view.is_korean() {
        return region::transit::told::until_gone(stay);
    }
    let median = stay.until_gone?;
    let at_least = if median.at_least { " 이상" } else { "" };
    let waiting = if stay.waiting > 0 { format!("; 대기 {}건", stay.waiting) } else { String::new() };
    Some(format!("{}{at_least}{waiting}", lasted(view, median.seconds)))
}

/// Between which bounds a share lies.
pub(in crate::page) fn bounds(view: &View, least: f64, most: f64) -> String {
    match view.is_korean() {
        true => format!("{} – {}", percent(least), percent(most)),
        false => format!("{} to {}", percent(least), percent(most)),
    }
}
