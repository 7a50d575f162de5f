//! What receipts say, in the viewer's language.

use policy::Deed;

use super::super::view::View;

/// What a member did.
pub(in crate::page) const fn deed(view: &View, deed: Deed) -> &'static str {
    let korean = match deed {
        Deed::Fetched => "가져감",
        Deed::Delivered => "전달됨",
        Deed::Failed => "전달 실패",
        Deed::Answered => "회신",
        Deed::Confirmed => "확인",
        Deed::Passed => "시험 통과",
        Deed::Missed => "시험 실패",
        Deed::Shared => "공유",
        Deed::Escalated => "담당자에게 알림",
        Deed::Cleared => "사용 중지 알림",
    };
    view.say(deed.name(), korean)
}
