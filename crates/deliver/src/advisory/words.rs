//! The advisory's own words, language by language. What comes from objects stays in the language of its source.

use watch::Kind;

/// All words of an advisory.
pub(super) struct Words {
    pub(super) lang: &'static str,
    pub(super) heading: &'static str,
    pub(super) prepared_for: &'static str,
    pub(super) happened: &'static str,
    pub(super) nothing_told: &'static str,
    pub(super) also_known: &'static str,
    pub(super) more_actors: &'static str,
    pub(super) concerned: &'static str,
    pub(super) concerned_unknown: &'static str,
    pub(super) today: &'static str,
    pub(super) hand_on: &'static str,
    pub(super) hand_on_text: &'static str,
    pub(super) look: &'static str,
    pub(super) look_text: &'static str,
    pub(super) keep: &'static str,
    pub(super) keep_text: &'static str,
    pub(super) meets: &'static str,
    pub(super) values: &'static str,
    pub(super) values_text: &'static str,
    pub(super) no_values: &'static str,
    pub(super) more_values: &'static str,
    pub(super) kind: &'static str,
    pub(super) value: &'static str,
    pub(super) what: &'static str,
    pub(super) since: &'static str,
    pub(super) report: &'static str,
    pub(super) report_text: &'static str,
    pub(super) call: &'static str,
    pub(super) no_contact: &'static str,
    kinds: [&'static str; 6],
}

impl Words {
    /// The plural of a kind of value.
    pub(super) fn kind(&self, kind: Kind) -> &'static str {
        let [domains, urls, addresses, files, mailboxes, wallets] = self.kinds;
        match kind {
            Kind::Domain => domains,
            Kind::Url => urls,
            Kind::Ipv4 | Kind::Ipv6 => addresses,
            Kind::Email => mailboxes,
            Kind::Wallet => wallets,
            _ => files,
        }
    }
}

/// The words for a language tag (BCP 47); English if there are none.
pub(super) fn of(language: &str) -> &'static Words {
    match language.split(['-', '_']).next() {
        Some("ko") => &KOREAN,
        _ => &ENGLISH,
    }
}

static ENGLISH: Words = Words {
    lang: "en",
    heading: "Security advisory",
    prepared_for: "Prepared for",
    happened: "What happened",
    nothing_told: "Your partners shared values to look for, without a report about them.",
    also_known: "Also known as",
    more_actors: "more groups and campaigns are known to your partners.",
    concerned: "Who is concerned",
    concerned_unknown: "The sources name no sector or country. Assume that you may be concerned.",
    today: "What to do today",
    hand_on: "Give this page to whoever runs your network",
    hand_on_text: "Ask them to block what stands in the table below, at the DNS server, the firewall or the mail server.",
    look: "Look whether it was here",
    look_text: "Search the logs of the mail server, the proxy and the DNS server for the values below, as far back as they go.",
    keep: "If you find something, change nothing yet",
    keep_text: "Do not switch the computer off. Take it off the network, note the time, keep the logs, and call.",
    meets: "Meets this many of the methods that are in use:",
    values: "What to look for",
    values_text: "Dots are bracketed so that nobody follows a link by accident. Never open these addresses.",
    no_values: "There is nothing to look for at the moment.",
    more_values: "more values are not shown here; ask for a list for your devices.",
    kind: "Kind",
    value: "Value",
    what: "Belongs to",
    since: "Since",
    report: "What to report back",
    report_text: "Say if you saw one of these values: which one, when, on how many computers. Also tell us if you did not: that helps as well.",
    call: "Whom to call",
    no_contact: "No contact is given. Answer to whoever sent you this page.",
    kinds: ["domains", "web pages", "network addresses", "files (by hash)", "mail senders", "wallets"],
};

static KOREAN: Words = Words {
    lang: "ko",
    heading: "보안 권고",
    prepared_for: "수신",
    happened: "무슨 일이 있었나",
    nothing_told: "협력 기관이 확인할 지표만 공유했고 별도의 보고서는 없습니다.",
    also_known: "다른 이름",
    more_actors: "개의 조직과 캠페인이 더 알려져 있습니다.",
    concerned: "누가 대상인가",
    concerned_unknown: "출처에 특정 분야나 국가가 없습니다. 귀 기관도 대상일 수 있다고 보십시오.",
    today: "오늘 할 일",
    hand_on: "이 문서를 네트워크 담당자에게 전달하십시오",
    hand_on_text: "아래 표의 항목을 DNS 서버, 방화벽 또는 메일 서버에서 차단해 달라고 요청하십시오.",
    look: "이미 있었는지 확인하십시오",
    look_text: "메일 서버, 프록시, DNS 서버의 로그에서 아래 값을 가능한 한 오래된 기록까지 검색하십시오.",
    keep: "무언가 발견되면 아직 아무것도 바꾸지 마십시오",
    keep_text: "컴퓨터를 끄지 마십시오. 네트워크에서 분리하고, 시각을 적고, 로그를 보존한 뒤 연락하십시오.",
    meets: "현재 쓰이는 수법 가운데 대응되는 수:",
    values: "무엇을 찾을 것인가",
    values_text: "실수로 접속하지 않도록 점을 괄호로 묶었습니다. 이 주소를 절대 열지 마십시오.",
    no_values: "지금은 찾을 값이 없습니다.",
    more_values: "개의 값은 여기에 싣지 않았습니다. 장비용 목록을 요청하십시오.",
    kind: "종류",
    value: "값",
    what: "관련 대상",
    since: "시작",
    report: "회신할 내용",
    report_text: "이 값 가운데 하나라도 보았다면 어떤 값을, 언제, 몇 대의 컴퓨터에서 보았는지 알려 주십시오. 보지 못했다는 회신도 도움이 됩니다.",
    call: "연락할 곳",
    no_contact: "지정된 연락처가 없습니다. 이 문서를 보낸 곳에 회신하십시오.",
    kinds: ["도메인", "웹 페이지", "네트워크 주소", "파일(해시)", "메일 발신자", "지갑 주소"],
};
