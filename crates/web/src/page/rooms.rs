//! The ways through the pages: rooms, and in each its doors. One table for all pages.

use policy::Right;

use super::view::View;
use super::{Frame, Viewer};

/// A way to a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Door {
    pub(super) href: &'static str,
    pub(super) text: &'static str,
    /// Whether it leads to the page that is looked at.
    pub(super) is_here: bool,
}

/// Who is shown a way.
#[derive(Clone, Copy)]
enum To {
    All,
    Members,
    Operators,
}

/// A page, in English and Korean, who is shown it and who may open it.
type Page = (&'static str, &'static str, &'static str, To, Right);
/// A room: what it is called, and its pages, of which it opens with the first that may be opened.
type Room = (&'static str, &'static str, &'static [Page]);

const ROOMS: &[Room] = &[
    ("Today", "오늘", &[("/", "Today", "오늘", To::All, Right::Read)]),
    (
        "Intelligence",
        "정보",
        &[
            ("/objects", "Search", "검색", To::All, Right::Read),
            ("/share", "Share", "공유", To::All, Right::Write),
            ("/releases", "Releases", "배포 승인", To::Members, Right::Read),
            ("/asks", "Asks", "공개 요청", To::All, Right::Read),
            ("/playbooks", "Playbooks", "대응 절차", To::All, Right::Read),
            ("/steps", "Steps", "대량 변경", To::Operators, Right::Read),
            ("/recalls", "Recalls", "회수", To::Operators, Right::Read),
        ],
    ),
    (
        "Circles",
        "서클",
        &[
            ("/circles", "Circles and members", "서클과 회원", To::All, Right::Read),
            ("/contacts", "Contacts", "연락 창구", To::All, Right::Read),
            ("/drills", "Drills and calls", "훈련과 호출", To::All, Right::Read),
            ("/confidence", "Confidence building", "신뢰 구축", To::All, Right::Read),
            ("/peers", "Other nodes", "다른 노드", To::Operators, Right::Audit),
        ],
    ),
    ("Ladder", "사다리", &[("/ladder", "Forms and set-up", "형태와 설정", To::All, Right::Read)]),
    ("Screen", "조회", &[("/screen", "Screen values", "값 조회", To::All, Right::Screen)]),
    (
        "Personas",
        "위장 인력",
        &[
            ("/personas", "Check an application", "지원서 확인", To::All, Right::Screen),
            ("/personas/contests", "Contests", "이의", To::All, Right::Screen),
        ],
    ),
    ("Hunt", "로그 조사", &[("/hunt", "Was it here?", "로그에 있었는가", To::All, Right::Read)]),
    ("Stolen assets", "도난 자산", &[("/cases", "Cases", "사건", To::Operators, Right::Read)]),
    (
        "Region",
        "지역",
        &[
            ("/region", "Overview", "개요", To::All, Right::Read),
            ("/region/flows", "Flows", "경유 현황", To::All, Right::Read),
            ("/region/where", "Where help removes most", "지원 효과가 큰 곳", To::All, Right::Read),
            ("/region/notices", "Notices", "차단 요청", To::All, Right::Read),
            ("/region/gaps", "Gaps", "격차", To::All, Right::Read),
            ("/region/projects", "Aid projects", "원조 사업", To::All, Right::Read),
            ("/region/plan", "Plan", "계획", To::All, Right::Read),
        ],
    ),
    (
        "Administration",
        "관리",
        &[
            ("/start", "First steps", "처음 설정", To::Operators, Right::Admin),
            ("/people", "People and tokens", "사람과 토큰", To::All, Right::Admin),
            ("/acts", "Who did what", "행위 기록", To::All, Right::Audit),
            ("/accesses", "Who looked at what", "열람 기록", To::All, Right::Audit),
        ],
    ),
];

/// Pages without a door of their own, and the one through which they are entered.
const BEHIND: &[(&str, &str)] = &[
    ("/members", "/circles"),
    ("/runs", "/playbooks"),
    ("/region/assessment", "/region/gaps"),
    ("/region/opened", "/region/gaps"),
];

/// How much of a path leads to a door; nothing if it leads elsewhere.
fn reaches(door: &str, path: &str) -> Option<usize> {
    let is_under = path.strip_prefix(door).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    (path == door || door != "/" && is_under).then_some(door.len())
}

/// The door through which a page is entered.
fn door_of(path: &str) -> Option<&'static str> {
    let own = ROOMS.iter().flat_map(|(.., pages)| pages.iter()).map(|(href, ..)| (*href, *href));
    let all = own.chain(BEHIND.iter().copied());
    let near = all.filter_map(|(from, door)| Some((reaches(from, path)?, door)));
    near.max_by_key(|(length, _)| *length).map(|(_, door)| door)
}

/// The rooms that may be entered, and the doors of the one that the viewer is in, if it has more than one.
pub(super) fn around(viewer: &Viewer, view: &View) -> (Vec<Door>, Vec<Door>) {
    let (here, operator) = (door_of(&view.path), viewer.is_operator());
    let is_offered = |(_, _, _, to, right): &&Page| {
        let is_theirs = match to {
            To::All => true,
            To::Members => !operator,
            To::Operators => operator,
        };
        is_theirs && viewer.actor.rights.has(*right)
    };
    let (mut rooms, mut doors) = (Vec::new(), Vec::new());
    for (english, korean, pages) in ROOMS {
        let open: Vec<&Page> = pages.iter().filter(is_offered).collect();
        let Some((first, ..)) = open.first() else { continue };
        let is_here = open.iter().any(|(href, ..)| Some(*href) == here);
        rooms.push(Door { href: first, text: view.say(english, korean), is_here });
        if is_here && open.len() > 1 {
            let door = |(href, english, korean, ..): &&Page| Door {
                href,
                text: view.say(english, korean),
                is_here: Some(*href) == here,
            };
            doors = open.iter().map(door).collect();
        }
    }
    (rooms, doors)
}

impl Frame {
    /// What the room is called that the viewer is in.
    pub(super) fn room(&self) -> &'static str {
        self.rooms.iter().find(|door| door.is_here).map_or("", |door| door.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_in_the_room_of_its_nearest_door() {
        for (path, door) in [
            ("/", Some("/")),
            ("/objects/c/indicator--1", Some("/objects")),
            ("/region/gaps/KR", Some("/region/gaps")),
            ("/region", Some("/region")),
            ("/region/opened", Some("/region/gaps")),
            ("/members/isp/held", Some("/circles")),
            ("/personas/contests/uphold", Some("/personas/contests")),
            ("/regional", None),
        ] {
            assert_eq!(door_of(path), door, "{path}");
        }
    }

    #[test]
    fn each_page_has_one_door() {
        let mut all: Vec<&str> =
            ROOMS.iter().flat_map(|(.., pages)| pages.iter()).map(|(href, ..)| *href).collect();
        let many = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), many);
    }
}
