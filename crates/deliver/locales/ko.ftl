# 권고문, 회신 양식, 메일의 문구. 원본 객체에서 온 내용은 원래 언어로 둔다.

language = 한국어
heading = 보안 권고
dateline = { $node } · { $date } (UTC) · 수신: { $member }

tlp-clear = 누구에게나 공유할 수 있습니다.
tlp-green = 귀 기관이 속한 공동체 안에서 공유할 수 있으나, 공개해서는 안 됩니다.
tlp-amber = 스스로를 보호하기 위해 필요한 사람에 한해, 기관 내부와 고객에게 공유할 수 있습니다.
tlp-amber-strict = 기관을 보호하기 위해 필요한 사람에 한해, 기관 내부에서만 공유할 수 있습니다.
tlp-red = 받는 분만 보십시오. 다른 사람에게 전달하지 마십시오.

alert = 경보 단계
fires = { $circle }: 봉화 5개 중 { $fires }개, { $why }
fires-calm = 주의할 일이 없습니다
fires-news = 새로 조치할 것이 들어왔습니다
fires-incident = 사고가 공유되었습니다
fires-high = 심각도가 높은 것이 공유되었습니다
fires-critical = 매우 심각한 것이 공유되었습니다
fires-seen = { $count ->
   *[other] 회원 { $count }곳에서 공유된 것을 발견했습니다
}

happened = 무슨 일이 있었나
nothing-told = 협력 기관이 확인할 지표만 공유했고 별도의 보고서는 없습니다.
also-known = 다른 이름: { $names }
more-told = 보고서, 조직, 캠페인 { $count }건이 더 알려져 있습니다.
told-report = 보고서
told-incident = 사고
told-campaign = 캠페인
told-intrusion-set = 공격 조직
told-threat-actor = 공격자
told-vulnerability = 취약점

concerned = 누가 대상인가
concerned-unknown = 출처에 특정 분야나 국가가 없습니다. 귀 기관도 대상일 수 있다고 보십시오.

today = 오늘 할 일
hand-on = 이 문서를 네트워크 담당자에게 전달하십시오
hand-on-text = 아래 표의 항목을 DNS 서버, 방화벽 또는 메일 서버에서 차단해 달라고 요청하십시오.
look = 이미 있었는지 확인하십시오
look-text = 메일 서버, 프록시, DNS 서버의 로그에서 아래 값을 가능한 한 오래된 기록까지 검색하십시오.
stop = 더 이상 유효하지 않은 값에 대한 조치를 멈추십시오
stop-text = 아래 두 번째 표에 있는 값의 차단을 풀어 달라고 요청하십시오.
meets = 현재 쓰이는 수법 가운데 { $count }가지에 대응합니다.
for-it = 전산 담당 부서가 할 일: { $what }
for-it-alone = 이 단계는 전산 담당 부서가 자체 도구로 할 수 있습니다.

keep = 보존하고 회신할 내용
keep-first = 무언가 발견되면 아직 아무것도 바꾸지 마십시오
keep-first-text = 컴퓨터를 끄지 마십시오. 네트워크에서 분리하고, 시각을 적고, 로그를 보존한 뒤 연락하십시오.
keep-which = 어떤 값을 보았는지
keep-when = 언제, 몇 대의 컴퓨터에서 보았는지
keep-nothing = 아무것도 보지 못했다면 그렇게 알려 주십시오. 그것도 도움이 됩니다.
answer-here = 로그인 없이 여기에서 회신하십시오. 이 링크는 { $until }(UTC)까지 한 번만 쓸 수 있습니다.
answer-to = 다음 주소로 이메일을 보내셔도 됩니다: { $address }
answer-sender = 이 문서를 보낸 곳에 회신하십시오.

call = 연락할 곳
no-contact = 지정된 연락처가 없습니다. 이 문서를 보낸 곳에 회신하십시오.

values = 무엇을 찾을 것인가
values-text = 실수로 접속하지 않도록 점을 괄호로 묶었습니다. 이 주소를 절대 열지 마십시오.
no-values = 지금은 찾을 값이 없습니다.
more-values = 값 { $count }개는 여기에 싣지 않았습니다. 장비용 목록을 요청하십시오.
column-kind = 종류
column-value = 값
column-name = 관련 대상
column-since = 시작일
column-why = 이유
column-until = 날짜
counts-domain = 도메인: { $count }
counts-url = 웹 페이지: { $count }
counts-address = 네트워크 주소: { $count }
counts-file = 파일(해시): { $count }
counts-mail = 메일 발신자: { $count }
counts-wallet = 지갑 주소: { $count }
kind-domain = 도메인
kind-url = 웹 페이지
kind-address = 주소
kind-file = 파일
kind-mail = 메일 발신자
kind-wallet = 지갑

gone = 더 이상 유효하지 않은 값
gone-text = 지난 7일 동안 협력 기관이 철회했거나 기한이 끝난 값입니다. 차단과 검색을 멈추십시오.
gone-withdrawn = 철회됨
gone-expired = 기한 만료

page = 최신판
page-here = 이 문서의 최신판은 다음 주소에 있습니다. 귀 기관의 계정으로 로그인하십시오.
page-nowhere = 최신판은 이 문서를 보낸 곳에 요청하십시오.
code-alt = { $url } 주소를 여는 스캔용 코드
page-number = { $number }쪽
cut = 문서가 너무 길어 전부 인쇄할 수 없습니다. 나머지는 생략했습니다.

mail-subject = [{ $tlp }] [{ $fires }/5] 보안 권고, { $date }

digest-urgent = 긴급: { $what }
digest-look = 확인할 내용이 있으니 로그인하십시오
digest-fires-changed = 경보 단계가 바뀌었습니다
digest-heading-urgent = 긴급: { $node }
digest-alert = 봉화
digest-fires-of = { $circle }: 봉화 5개 중 { $fires }개
digest-new = 새로 들어온 것
digest-told = 보고서와 사고
digest-nameless = 이름 없음
digest-more = 여기에 싣지 않은 것이 { $count }건 더 있습니다.
digest-gone = 철회
digest-withdrawn = 철회 { $count }건
digest-gone-text = { $what }: 앞서 알려 드린 내용이 더 이상 유효하지 않습니다. 목록을 다시 받으십시오.
digest-red = 메일로 보내지 않는 내용
digest-red-text = 메일로 보내지 않는 내용이 있습니다. 로그인하여 확인하십시오.
digest-do = 할 일
digest-attached = 할 일은 이 메일에 첨부된 권고문에 있습니다.
digest-attached-and-there = 할 일은 이 메일에 첨부된 권고문에 있습니다. 최신판은 다음 주소에 있습니다:
digest-missing = 할 일은 권고문에 있으나 이 메일에 첨부하지 못했습니다. 로그인하여 확인하십시오.
digest-missing-but-there = 할 일은 권고문에 있으나 이 메일에 첨부하지 못했습니다. 로그인하여 다음 주소에서 확인하십시오:
digest-there = 할 일은 권고문에 있습니다. 로그인하여 다음 주소에서 확인하십시오:

news-attack-pattern = 공격 기법 { $count }건
news-campaign = 캠페인 { $count }건
news-course-of-action = 대응 방안 { $count }건
news-grouping = 정보 묶음 { $count }건
news-identity = 기관·인물 정보 { $count }건
news-incident = 사고 { $count }건
news-indicator = 지표 { $count }개
news-infrastructure = 공격 인프라 { $count }건
news-intrusion-set = 공격 조직 { $count }개
news-malware = 악성코드 { $count }건
news-note = 분석 메모 { $count }건
news-observed-data = 관측 데이터 { $count }건
news-relationship = 관계 정보 { $count }건
news-report = 보고서 { $count }건
news-sighting = 탐지 정보 { $count }건
news-threat-actor = 공격자 { $count }건
news-vulnerability = 취약점 { $count }건
news-other = { $type } 유형 객체 { $count }개
news-rest = 그 밖의 유형 객체 { $count }개

overdue = 기한 초과: 철회된 정보가 아직 쓰이고 있습니다
overdue-text = { $circle } 공유 그룹에서 객체 { $count }개가 철회되었으나, { $member }에는 이전에 받은 다음 항목이 남아 있습니다: { $artefacts }.
overdue-please = 다시 받도록 조치하시거나, 더 이상 쓰지 않는다고 { $node }에 알려 주십시오.

answer = 무엇을 보았는지 협력 기관에 알려 주십시오
answer-intro = { $member }에서 본 항목을 표시하십시오. 표시한 항목은 이를 공유한 그룹에 귀 기관 이름의 탐지 정보로 전달됩니다.
answer-column = 보았음
answer-values = 귀 기관에 공유된 값
answer-first = 처음 본 날(UTC)
answer-last = 마지막으로 본 날(UTC)
answer-count = 횟수 또는 컴퓨터 대수
answer-other = 그 밖에 본 것
answer-remark = 참고 사항
answer-name = 문의할 수 있는 담당자
answer-nothing = 읽고 확인했으며 아무것도 발견하지 못했습니다.
answer-send = 보내기
answer-once = 한 번만 보낼 수 있습니다. 단추를 누르기 전에는 아무것도 전송되지 않습니다.
answer-thanks = 감사합니다
answer-thanks-seen = 탐지 정보 { $count }건을 협력 기관에 전달했습니다.
answer-thanks-nothing = 회신을 기록했습니다. 아무것도 발견하지 못했다는 회신도 도움이 됩니다.
answer-thanks-note = 적어 주신 내용을 협력 기관에 전달했습니다.
answer-lost = 값 { $count }개는 더 이상 귀 기관에 공유되지 않아 전달하지 않았습니다.
answer-untaken = 일부 공유 그룹은 귀 기관의 보고를 받지 않으므로 그곳에는 전달하지 않았습니다.
answer-used = 이미 사용한 링크입니다
answer-used-text = 이 링크로 이미 회신을 받았으며, 링크는 한 번만 쓸 수 있습니다. 더 알릴 내용이 있으면 새 권고문을 요청하십시오.
answer-over = 기한이 지난 링크입니다
answer-over-text = 권고문의 링크는 30일 동안 쓸 수 있습니다. 새 권고문을 요청하십시오.
answer-fault = 다시 확인해 주십시오
answer-fault-empty = 값을 하나 이상 표시하거나, 본 것을 적거나, 아무것도 발견하지 못했다고 표시하십시오.
answer-fault-both = 아무것도 발견하지 못했다는 표시와 무언가 보았다는 표시가 함께 있습니다. 어느 쪽입니까?
answer-fault-date = 날짜는 2026-09-02처럼 적고, 미래일 수 없으며, 처음 본 날이 마지막 날보다 늦을 수 없습니다.
answer-fault-count = 숫자는 1에서 999999999 사이여야 합니다.
answer-fault-long = 글이 { $limit }자보다 깁니다.
answer-fault-refused = 아무것도 전달하지 못했습니다. 전화하거나 권고문을 보낸 곳에 알려 주십시오.

freeze-heading = 도난 가상자산 동결 요청
freeze-dateline = { $node } · { $date } (UTC) · 수신: { $service } · 사건 { $case }, 요청 { $number }
freeze-asked = 요청 사항
freeze-please = 도난당한 가상자산이 귀사({ $service })의 것으로 표시된 주소로 들어왔습니다. 아직 보유하고 있는 것을 동결해 주십시오.
freeze-total = { $chain } 체인의 { $amount }
freeze-addresses = 자산이 들어온 귀사의 주소
freeze-do-hold = 동결
freeze-do-hold-text = 입금된 계정의 잔액을 묶고 대기 중인 출금을 멈추십시오. 일부가 이미 나갔으면 남은 것을 동결하십시오.
freeze-do-keep = 기록 보존
freeze-do-keep-text = 고객이 누구인지, 어떻게 접속했는지, 어디로 보냈는지 보존하여 당국이 요청할 수 있게 하십시오.
freeze-do-tell = 회신
freeze-do-tell-text = 보유 여부, 동결 금액, 귀사의 문서 번호를 알려 주십시오. 동결할 수 없다면 그것도, 그리고 어디로 갔는지도 알려 주십시오.
freeze-came = 귀사로 들어온 것
freeze-stolen = 도난당한 것
freeze-path = 들어온 경로
freeze-path-number = 경로 { $count }
freeze-path-all = 첨부한 JSON 파일에 모든 지급과 경로가 최소 단위 금액으로 들어 있습니다.
freeze-how = 확인 방법
freeze-fifo = 지급을 체인의 순서대로 추적했습니다. 주소에서 먼저 나가는 것은 먼저 들어온 것입니다(선입선출).
freeze-lifo = 지급을 체인의 순서대로 추적했습니다. 주소에서 먼저 나가는 것은 나중에 들어온 것입니다(후입선출).
freeze-haircut = 지급을 체인의 순서대로 추적했습니다. 각 지급에는 그 보유액과 같은 비율로 도난분이 들어 있다고 봅니다.
freeze-poison = 지급을 체인의 순서대로 추적했습니다. 도난분이 조금이라도 든 보유액에서 나간 지급은 모두 도난분으로 보므로 합계가 도난액보다 클 수 있습니다.
freeze-assume-order = 지급은 그 전에 들어온 것만 옮깁니다. 금액은 최소 단위까지 정확합니다.
freeze-assume-service = 추적은 자산이 서비스에 들어가는 곳에서 끝납니다. 서비스가 다시 지급한 것은 추적하지 않습니다.
freeze-assume-label = 주소가 귀사의 것이라는 근거: { $sources }. 틀렸다면 알려 주십시오.
freeze-assume-until = { $until } (UTC)까지의 지급을 살펴보았습니다.
freeze-ground = 법적 근거
freeze-no-order = 이 요청에는 법원이나 당국의 명령이 없습니다. 명령이 있을 때까지 귀사의 약관과 법에 따라 조치해 주시기를 요청합니다.
freeze-who = 요청인
freeze-contact = 회신처: { $contact }
freeze-genuine = 세 번째 파일은 키 { $key } 로 서명되었고 이 문서의 SHA-256을 담고 있습니다. 키는 이 문서가 온 길과 다른 길로 확인하십시오.
freeze-when = 시각 (UTC)
freeze-payment = 거래, 보낸 주소와 받은 주소
freeze-amount = 금액
freeze-tainted = 그중 도난분
freeze-more = { $count ->
   *[other] JSON 파일에 { $count }건이 더 있습니다.
}
freeze-subject = [{ $tlp }] 도난 가상자산 동결 요청: { $case }, { $number }호, { $service } 귀중
freeze-mail = 도난당한 가상자산({ $case })이 귀사의 것으로 표시된 주소로 들어왔습니다. 동결해 주십시오: { $amount }.
freeze-attached = 요청 문서, 모든 지급이 담긴 프로그램용 JSON, 서명을 첨부합니다.

call-subject-drill = 훈련: 회신해 주십시오
call-subject-emergency = 긴급: 지금 회신해 주십시오
call-drill = 이것은 훈련이며 실제 상황이 아닙니다. { $caller }에서 { $circle } 그룹의 연락 담당자와 연락이 되는지 확인합니다.
call-emergency = 훈련이 아닙니다. { $caller }에서 { $circle } 그룹의 연락 담당자를 찾습니다.
call-deputy = 앞선 담당자가 약속한 시간 안에 회신하지 않아 대리 담당자에게 묻습니다.
call-link = 로그인 없이 여기에서 회신하십시오. 이 링크는 { $until }(UTC)까지 한 번만 쓸 수 있습니다: { $link }
call-term = { $minutes }분 안에 회신해 주십시오. 그 뒤에는 대리 담당자에게 묻습니다.
call-title-drill = 훈련
call-title-emergency = 긴급 상황
call-name = 성명
call-text = 회신 내용
call-send = 회신하기
call-thanks-text = 회신을 기록했습니다. 이 창을 닫으셔도 됩니다.
call-used-text = 이 링크로 이미 회신을 받았으며, 링크는 한 번만 쓸 수 있습니다. 더 알릴 내용이 있으면 문의한 곳에 전화하십시오.
call-over-text = 회신 기한이 지났거나 호출이 끝났습니다.
call-fault-name = 성명을 한 줄로 적어 주십시오.
