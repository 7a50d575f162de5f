//! Norms, measures and consultations, in the viewer's language.

use region::consultation::Consultation;
use region::measure::Source;
use region::norms::{Norm, Stage};

use super::super::view::View;

/// What a norm is about, in short.
pub(in crate::page) const fn norm(view: &View, norm: Norm) -> &'static str {
    let korean = match norm {
        Norm::A => "안보와 안정을 위해 협력합니다",
        Norm::B => "누구의 책임인지 말하기 전에 사고에 관해 알려진 것을 모두 살핍니다",
        Norm::C => "자국 영토가 다른 나라에 대한 불법 행위에 쓰이지 않게 합니다",
        Norm::D => "범죄와 테러에 맞서 서로 돕습니다",
        Norm::E => "인권과 사생활을 존중합니다",
        Norm::F => "주요 기반시설을 해치지 않습니다",
        Norm::G => "자국의 주요 기반시설을 보호합니다",
        Norm::H => "지원 요청에 응합니다",
        Norm::I => "공급망을 온전히 지키고 숨은 악성 기능이 들어가지 않게 합니다",
        Norm::J => "취약점을 알리고 해결책을 나눕니다",
        Norm::K => "침해사고 대응팀을 해치지 않고, 대응팀을 공격에 쓰지 않습니다",
    };
    view.say(norm.title(), korean)
}

/// How far a member is.
pub(in crate::page) const fn stage(view: &View, stage: Stage) -> &'static str {
    let korean = match stage {
        Stage::NotBegun => "시작 전",
        Stage::Planned => "계획",
        Stage::Partly => "일부 이행",
        Stage::Kept => "이행",
    };
    view.say(stage.words(), korean)
}

/// The list in which a measure stands.
pub(in crate::page) const fn source(view: &View, source: Source) -> &'static str {
    match source {
        Source::Osce | Source::Arf => source.name(),
        Source::Own => view.say(source.name(), "자체"),
    }
}

/// Among how many a consultation is.
pub(in crate::page) fn kind(view: &View, consultation: &Consultation) -> &'static str {
    let korean = match consultation.members.len() {
        0..=2 => "양자",
        3 => "3자",
        _ => "다자",
    };
    view.say(consultation.kind(), korean)
}
