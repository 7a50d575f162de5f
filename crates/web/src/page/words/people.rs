//! Roles, rights and passwords, in the viewer's language.

use policy::{Right, Rights, Role};

use super::super::view::View;
use crate::auth::password::{PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN, Weak};

/// What somebody is here.
pub(in crate::page) const fn role(view: &View, role: Role) -> &'static str {
    let korean = match role {
        Role::Reader => "열람자",
        Role::Analyst => "분석가",
        Role::Releaser => "배포 승인자",
        Role::Administrator => "관리자",
        Role::Auditor => "감사자",
    };
    view.say(role.name(), korean)
}

/// What somebody may do.
pub(in crate::page) const fn right(view: &View, right: Right) -> &'static str {
    let korean = match right {
        Right::Read => "열람",
        Right::Write => "공유",
        Right::Screen => "값 조회",
        Right::Release => "배포 승인",
        Right::Admin => "관리",
        Right::Audit => "감사",
    };
    view.say(right.name(), korean)
}

/// All that somebody may do.
pub(in crate::page) fn rights(view: &View, rights: Rights) -> String {
    rights.iter().map(|one| right(view, one)).collect::<Vec<_>>().join(", ")
}

/// Why a password is not taken.
pub(in crate::page) fn weak(view: &View, weak: Weak) -> String {
    let (english, korean, limit) = match weak {
        Weak::Short => (
            "A password has at least {} characters; a sentence is a good one.",
            "비밀번호는 {}자 이상이어야 합니다. 문장을 쓰면 좋습니다.",
            PASSWORD_CHARS_MIN,
        ),
        Weak::Long => (
            "A password has at most {} bytes.",
            "비밀번호는 {}바이트를 넘을 수 없습니다.",
            PASSWORD_BYTES_MAX,
        ),
        Weak::Easy => (
            "The password has too few different characters, or your user name in it.",
            "비밀번호에 서로 다른 글자가 너무 적거나 사용자 이름이 들어 있습니다.",
            0,
        ),
        Weak::Common => (
            "The password is one of those that everybody tries first.",
            "누구나 가장 먼저 시도하는 비밀번호입니다.",
            0,
        ),
        Weak::OfThePlace => (
            "Without the names of this node and your organisation, too little of the password is left.",
            "노드와 기관의 이름을 빼면 비밀번호에 남는 것이 너무 적습니다.",
            0,
        ),
    };
    view.tell(english, korean, &[&limit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_say_of_a_weak_password_what_the_command_line_says() {
        for one in [Weak::Short, Weak::Long, Weak::Easy, Weak::Common, Weak::OfThePlace] {
            assert_eq!(weak(&View::default(), one), one.to_string());
        }
    }
}
