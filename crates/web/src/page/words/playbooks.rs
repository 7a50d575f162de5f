//! Playbooks and their runs, and verdicts about large steps, in the viewer's language.

use deliver::StepVerdict;
use deliver::playbook::When;
use deliver::playbook::result::ResultError;
use deliver::playbook::run::{EVENTS_MAX, NAME_CHARS_MAX, NOTE_CHARS_MAX, Run, RunError, StepState, What};

use super::super::view::View;

/// When a way is taken.
pub(in crate::page) fn when(view: &View, when: &When) -> String {
    let korean = match when {
        When::Then => "그다음",
        When::Worked => "성공하면",
        When::Failed => "실패하면",
        When::True => "그러하면",
        When::False => "아니면",
        When::Beside => "동시에",
        When::Case(case) => &format!("{case}이면"),
    };
    view.say(&when.words(), korean).to_owned()
}

/// What became of a step.
pub(in crate::page) const fn step(view: &View, state: StepState) -> &'static str {
    let korean = match state {
        StepState::Begun => "시작함",
        StepState::Done => "마침",
        StepState::Skipped => "건너뜀",
        StepState::Failed => "실패",
    };
    view.say(state.name(), korean)
}

/// How a run stands.
pub(in crate::page) const fn state(view: &View, run: &Run) -> &'static str {
    if run.finished.is_some() { view.say("finished", "끝남") } else { view.say("under way", "진행 중") }
}

/// What happened in a run.
pub(in crate::page) fn happened(view: &View, what: &What) -> String {
    match what {
        What::Started(_) => view.say("started", "시작함").to_owned(),
        What::Step { step: number, state } if view.is_korean() => {
            format!("{number}단계: {}", step(view, *state))
        }
        What::Step { step: number, state } => format!("step {number}: {}", state.name()),
        What::Finished => view.say("finished", "끝냄").to_owned(),
        What::Shared(_) => view.say("its result was shared", "결과를 공유함").to_owned(),
    }
}

/// How long it took, the two largest units: `2 h 5 min`.
pub(in crate::page) fn lasted(view: &View, micros: i64) -> String {
    let english = deliver::playbook::run::lasted(micros);
    if !view.is_korean() {
        return english;
    }
    let unit = |word: &str| match word {
        "d" => "일",
        "h" => "시간",
        "min" => "분",
        _ => "초",
    };
    let words: Vec<&str> = english.split(' ').collect();
    let parts = words.chunks(2).filter_map(|pair| pair.first().zip(pair.get(1)));
    parts.map(|(count, word)| format!("{count}{}", unit(word))).collect::<Vec<_>>().join(" ")
}

/// Why something does not happen in a run.
pub(in crate::page) fn not_noted(view: &View, error: &RunError) -> String {
    let korean = match error {
        RunError::Finished => "이미 끝난 실행입니다. 다시 하려면 절차를 새로 시작하십시오.".to_owned(),
        RunError::Unfinished => "아직 끝나지 않았습니다. 끝낸 뒤에 결과를 공유하십시오.".to_owned(),
        RunError::NoStep { step, count } => format!("{step}단계는 없습니다. 단계는 1에서 {count}까지입니다."),
        RunError::TooLong => {
            format!("메모는 {NOTE_CHARS_MAX}자, 이름은 {NAME_CHARS_MAX}자를 넘을 수 없습니다.")
        }
        RunError::Full => {
            format!("이 실행에 기록할 수 있는 {EVENTS_MAX}건이 모두 찼습니다. 실행을 끝내십시오.")
        }
        RunError::Again => "이미 시작했습니다.".to_owned(),
        other => super::fault(view, "기록할 수 없습니다.", other),
    };
    view.say(&error.to_string(), &korean).to_owned()
}

/// Why a result is not shared.
pub(in crate::page) fn not_shared(view: &View, error: &ResultError) -> String {
    match error {
        ResultError::Run(error) => not_noted(view, error),
        ResultError::Gone => {
            view.say(&error.to_string(), "이 절차를 더는 받을 수 없어 결과도 공유할 수 없습니다.").to_owned()
        }
        other => super::fault(view, "결과를 공유하지 못했습니다.", other),
    }
}

/// What was decided about a step beyond the limit.
pub(in crate::page) const fn verdict(view: &View, verdict: StepVerdict) -> &'static str {
    let korean = match verdict {
        StepVerdict::Confirmed => "확인함",
        StepVerdict::Refused => "거부함",
    };
    view.say(verdict.as_str(), korean)
}

#[cfg(test)]
mod tests {
    use super::super::super::view::Language;
    use super::*;

    #[test]
    fn spans_of_time_have_the_units_of_their_language() {
        let korean = View { language: Language::Korean, ..View::default() };
        let second = 1_000_000;
        for (seconds, english, told) in
            [(0, "0 s", "0초"), (200, "3 min 20 s", "3분 20초"), (93_600, "1 d 2 h", "1일 2시간")]
        {
            assert_eq!(lasted(&View::default(), seconds * second), english);
            assert_eq!(lasted(&korean, seconds * second), told);
        }
    }
}
