//! The terms of a circle, in the viewer's language.

use policy::{Onward, Privacy, Retention, Signatures};

use super::super::view::View;

/// How far what is shared may be passed on.
pub(in crate::page) const fn onward(view: &View, onward: Onward) -> &'static str {
    let (english, korean) = match onward {
        Onward::Forbidden => ("forbidden", "금지"),
        Onward::WithinCircle => ("within the circle", "서클 안에서만"),
        Onward::Allowed => ("as far as the marking allows", "표시가 허용하는 만큼"),
    };
    view.say(english, korean)
}

/// What is asked of signatures.
pub(in crate::page) const fn signatures(view: &View, signatures: Signatures) -> &'static str {
    let (english, korean) = match signatures {
        Signatures::Optional => {
            ("optional: whether an object is signed is shown", "선택: 객체에 서명이 있는지 보여 줍니다")
        }
        Signatures::Required => (
            "required: nothing is taken that its sender has not signed",
            "필수: 보낸 쪽이 서명하지 않은 것은 받지 않습니다",
        ),
    };
    view.say(english, korean)
}

/// What a circle says of personal data; empty if it says nothing.
pub(in crate::page) fn privacy(view: &View, privacy: &Privacy) -> String {
    if !view.is_korean() || privacy.is_silent() {
        return privacy.sentences();
    }
    let basis = match (privacy.legal_basis.as_str(), privacy.basis_reference.as_str()) {
        (basis, "") => basis.to_owned(),
        ("", reference) => reference.to_owned(),
        (basis, reference) => format!("{basis} ({reference})"),
    };
    let said = [
        ("법적 근거", basis),
        ("개인정보 종류", privacy.data_kinds.join(", ")),
        ("개인정보처리자", privacy.controller.clone()),
        ("보존 기간", kept(&privacy.retention)),
    ];
    let said = said.into_iter().filter(|(_, text)| !text.is_empty());
    said.map(|(name, text)| format!("{name}: {text}.")).collect::<Vec<_>>().join(" ")
}

fn kept(retention: &Retention) -> String {
    let term =
        |days: Option<u32>| days.map_or_else(|| "서클이 있는 동안".to_owned(), |days| format!("{days}일"));
    let types = retention.by_type.iter().map(|(object_type, days)| format!("{object_type} {}", term(*days)));
    std::iter::once(term(retention.days)).chain(types).collect::<Vec<_>>().join(", ")
}
