//! Contacts, drills and calls, in the viewer's language.

use region::contact::{Function, Way};
use region::drill::{Purpose, Reach, State, Wire};

use super::super::view::View;

/// What a contact is for.
pub(in crate::page) const fn function(view: &View, function: Function) -> &'static str {
    let korean = match function {
        Function::Technical => "기술",
        Function::Diplomatic => "외교",
        Function::LawEnforcement => "수사",
    };
    view.say(function.words(), korean)
}

/// By what somebody is reached.
pub(in crate::page) const fn way(view: &View, way: Way) -> &'static str {
    let korean = match way {
        Way::Mail => "전자우편",
        Way::Phone => "전화",
        Way::Mobile => "휴대전화",
        Way::Fax => "팩스",
        Way::Chat => "메신저",
        Way::Web => "웹",
    };
    view.say(way.name(), korean)
}

/// By what a question went out.
pub(in crate::page) const fn wire(view: &View, wire: Wire) -> &'static str {
    let korean = match wire {
        Wire::Mail => "전자우편",
        Wire::Webhook => "웹훅",
    };
    view.say(wire.name(), korean)
}

/// What a call is for.
pub(in crate::page) const fn purpose(view: &View, purpose: Purpose) -> &'static str {
    let korean = match purpose {
        Purpose::Drill => "훈련",
        Purpose::Emergency => "긴급 호출",
    };
    view.say(purpose.name(), korean)
}

/// How a call stands.
pub(in crate::page) const fn state(view: &View, state: State) -> &'static str {
    let korean = match state {
        State::Closed => "종료",
        State::AllReached => "모두 응답",
        State::NobodyLeft => "더 물을 곳 없음",
        State::Waiting => "응답 대기",
    };
    view.say(state.name(), korean)
}

/// How somebody answered.
pub(in crate::page) fn reach(view: &View, reach: &Reach) -> String {
    if reach.asked == 0 {
        return view.say("not asked", "호출한 적 없음").to_owned();
    }
    let answered = reach.in_term + reach.late;
    let median = reach.median_s.map(|median_s| lasted(view, median_s));
    let mut told = view.tell("answered {} of {}", "{1}회 중 {0}회 응답", &[&answered, &reach.asked]);
    if reach.late > 0 {
        told.push_str(&view.tell(", {} of them late", ", 늦은 응답 {}회", &[&reach.late]));
    }
    told.extend(median.map(|median| view.tell(", median {}", ", 중앙값 {}", &[&median])));
    told
}

/// A span of time, in seconds.
pub(in crate::page) fn lasted(view: &View, seconds: u64) -> String {
    match (seconds, seconds / 60, seconds / 3_600) {
        (0..=119, ..) => view.tell("{} s", "{}초", &[&seconds]),
        (120..=7_199, minutes, _) => view.tell("{} min", "{}분", &[&minutes]),
        (_, minutes, hours) => view.tell("{} h {} min", "{}시간 {}분", &[&hours, &(minutes % 60)]),
    }
}
