//! Why a change to people was not made, in the viewer's language.

use policy::person::{NAME_CHARS_MAX, USER_CHARS_MAX};

use super::super::view::View;
use crate::people::PeopleError;

/// Why a change to people was not made, as a sentence.
pub(in crate::page) fn not_changed(view: &View, error: &PeopleError) -> String {
    let korean = match error {
        PeopleError::BadUser(_) => {
            format!(
                "사용자 이름은 영문 소문자와 숫자, . _ - + @로 {USER_CHARS_MAX}자까지이며, 글자나 숫자로 시작해야 하고 `operator`는 쓸 수 없습니다."
            )
        }
        PeopleError::Taken(user) => format!("`{user}`라는 사람이 이미 있습니다."),
        PeopleError::BadName => format!("이름은 1자에서 {NAME_CHARS_MAX}자까지이며 제어 문자를 쓸 수 없습니다."),
        PeopleError::Bound => "이곳의 다른 사람이 그 외부 로그인에 연결되어 있습니다.".to_owned(),
        PeopleError::NoMember => "그런 회원이 없거나 참여가 끝났습니다.".to_owned(),
        PeopleError::NoPerson => "그런 사람이 없거나 종료되었습니다.".to_owned(),
        PeopleError::NoRole => {
            "사람에게는 역할이 하나 이상 있어야 합니다. 더 일하지 못하게 하려면 종료하십시오.".to_owned()
        }
        PeopleError::Own => {
            "자기 역할을 바꾸거나 자기 계정을 종료할 수 없습니다. 다른 관리자에게 요청하십시오.".to_owned()
        }
        PeopleError::NeedsPerson => {
            "역할을 바꾸거나 사람을 종료하는 일은 토큰이 아니라 로그인한 사람이 하거나 명령줄에서 합니다.".to_owned()
        }
        PeopleError::TooMany(most) => {
            format!("이미 사람이 {most}명으로 한도에 이르렀습니다. 더 일하지 않는 사람을 종료하십시오.")
        }
        PeopleError::Scopes => {
            "화면에서 만드는 토큰에는 admin과 audit 권한을 줄 수 없고, release 권한은 본인에게 있을 때만 줄 수 있습니다. 노드의 토큰에는 본인에게 있는 권한만 줄 수 있습니다.".to_owned()
        }
        PeopleError::BadToken => "토큰에는 권한이 하나 이상 있어야 하고 기한은 1일에서 36500일까지입니다.".to_owned(),
        PeopleError::NoChance => "시스템이 난수를 주지 않습니다. 다시 시도하십시오.".to_owned(),
        PeopleError::Gate(error) => super::fault(view, "기록하지 못했습니다.", error),
    };
    view.say(&format!("{error}."), &korean).to_owned()
}
