//! What is needed for a level, in the viewer's language.

use deliver::level_up::Need;

use super::super::view::View;

/// What must be seen, in a sentence.
pub(in crate::page) const fn need(view: &View, need: Need) -> &'static str {
    let korean = match need {
        Need::Read => "누군가 권고문을 열었거나 답했습니다",
        Need::List => "시험 항목이 든 목록을 가져갔습니다",
        Need::Refused => "DNS 서버나 방화벽이 시험 항목을 차단합니다",
        Need::Zone => "시험 항목이 든 존을 가져갔습니다",
        Need::RefusedBelow => "DNS 서버가 시험 항목 아래의 이름을 차단합니다",
        Need::Rules => "시험 항목이 든 탐지 규칙을 가져갔습니다",
        Need::Fired => "시험 항목으로 가는 해롭지 않은 접속에 탐지 규칙이 반응했습니다",
        Need::Fetched => "TAXII나 MISP로 객체를 읽었습니다",
        Need::Shared => "TAXII나 MISP로 무언가를 공유했습니다",
    };
    view.say(need.sentence(), korean)
}

/// What to do for it.
pub(in crate::page) const fn how(view: &View, need: Need) -> &'static str {
    let korean = match need {
        Need::Read => "회원 자신의 로그인으로 /d/advisory.html을 열거나 권고문의 회신 양식을 쓰십시오",
        Need::List => "장비가 /d/list/domain.txt나 다른 형식의 목록을 가져가게 하십시오",
        Need::Refused | Need::RefusedBelow => {
            "그 DNS 서버를 쓰는 컴퓨터에서 스크립트 /d/test.sh를 실행하거나 DNS 서버의 주소를 지정하십시오: bongsu member set HANDLE --resolver ADDRESS"
        }
        Need::Zone => "DNS 서버가 존을 전송받게 하거나 /d/zone.rpz를 읽게 하십시오",
        Need::Rules => {
            "탐지 장비가 /d/suricata.rules, /d/zeek.intel이나 도메인이 든 다른 규칙을 가져가게 하십시오"
        }
        Need::Fired => {
            "탐지 장비 뒤에서 시험 이름을 조회하고 경보를 보내십시오: eve.json이나 intel.log의 그 줄을 /d/test/alert로 POST"
        }
        Need::Fetched => "TAXII 클라이언트로 컬렉션을 읽거나 MISP로 이벤트를 읽으십시오",
        Need::Shared => "컬렉션에 객체를 더하거나 이벤트를 보내십시오",
    };
    view.say(need.how(), korean)
}
