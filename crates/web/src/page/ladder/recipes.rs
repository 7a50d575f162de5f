//! How members' own servers and devices take what they get: for each program the steps, with the member's own names filled in.
//!
//! Secrets are not filled in: a key and a token are shown once, when they are made, and stand here as `PUT-THE-SECRET-HERE` and
//! `TOKEN`. What was tried with a real program says with which.

use policy::Level;

/// Where the member's things are.
pub(super) struct Site {
    /// `https://tower.example.org`, as the member reaches the node.
    pub(super) url: String,
    /// The name or address of it alone.
    pub(super) host: String,
    /// Where DNS is served.
    pub(super) dns_port: u16,
    pub(super) handle: String,
    pub(super) zone: String,
    /// The name of the member's TSIG key, if it has one.
    pub(super) key: Option<String>,
    /// The collections of its circles.
    pub(super) collections: Vec<String>,
    /// A name that is to be refused, if the node has tests.
    pub(super) refused: Option<String>,
}

impl Site {
    fn key(&self) -> &str {
        self.key.as_deref().unwrap_or("KEY-NAME")
    }

    fn collection(&self) -> &str {
        self.collections.first().map_or("COLLECTION", String::as_str)
    }
}

/// One step: what to do, in English and Korean, into which file, and what.
pub(super) struct Step {
    pub(super) what: (&'static str, &'static str),
    pub(super) file: &'static str,
    pub(super) text: String,
}

/// A program and how it takes what a member gets.
pub(super) struct Recipe {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    /// The level that it needs.
    pub(super) level: Level,
    /// With which version all of it was tried; nothing if it was not.
    pub(super) tried: Option<&'static str>,
    /// What it is good for, and what it can't do.
    pub(super) about: (&'static str, &'static str),
    /// Whether a resolver refuses names by it, which can be tested.
    pub(super) is_resolver: bool,
    pub(super) steps: fn(&Site) -> Vec<Step>,
}

fn step(what: (&'static str, &'static str), file: &'static str, text: String) -> Step {
    Step { what, file, text }
}

/// The check at the end of a resolver's set-up.
fn looked_up(site: &Site) -> Step {
    let name = site.refused.as_deref().unwrap_or("A-NAME-FROM-THE-LIST");
    step(
        (
            "Look a listed name up. NXDOMAIN means that it is refused.",
            "목록에 있는 이름을 조회합니다. NXDOMAIN이면 차단된 것입니다.",
        ),
        "",
        format!("dig @127.0.0.1 {name} A"),
    )
}

/// A file that cron fetches, whole, if it has changed.
fn fetched(site: &Site, path: &str, to: &str, then: &str) -> String {
    let Site { url, .. } = site;
    format!(
        "*/5 * * * * root curl -sS --fail --compressed --netrc-file /etc/bongsu-netrc --etag-compare {to}.etag --etag-save {to}.etag -o {to} '{url}{path}'{then}"
    )
}

fn login(site: &Site) -> Step {
    let Site { host, handle, .. } = site;
    step(
        (
            "The log-in, in a file that root alone reads (chmod 600). The operator gives you a token: ask for one for each device.",
            "root만 읽는 파일에 로그인 정보를 둡니다(chmod 600). 토큰은 운영자에게 장비마다 따로 받습니다.",
        ),
        "/etc/bongsu-netrc",
        format!("machine {host}\n  login {handle}\n  password TOKEN"),
    )
}

fn bind(site: &Site) -> Vec<Step> {
    let Site { host, dns_port, zone, .. } = site;
    let key = site.key();
    vec![
        step(
            (
                "The key and the zone. The operator makes the key and sends you its secret once (bongsu member tsig).",
                "키와 영역입니다. 키는 운영자가 만들어 비밀값을 한 번만 보냅니다.",
            ),
            "/etc/bind/named.conf.local",
            format!(
                "key \"{key}\" {{\n    algorithm hmac-sha256;\n    secret \"PUT-THE-SECRET-HERE\";\n}};\n\nzone \"{zone}\" {{\n    type secondary;\n    primaries {{ {host} port {dns_port} key \"{key}\"; }};\n    file \"{zone}\";\n    masterfile-format text;\n    min-refresh-time 60;\n    allow-query {{ none; }};\n    allow-transfer {{ none; }};\n}};"
            ),
        ),
        step(
            (
                "The policy, inside options. primaries takes an address: put it in place of a name.",
                "옵션 안에 정책을 넣습니다. 앞의 영역에는 노드의 이름 대신 주소를 적습니다.",
            ),
            "/etc/bind/named.conf.options",
            format!(
                "response-policy {{ zone \"{zone}\" min-update-interval 0 log yes; }} qname-wait-recurse no;"
            ),
        ),
        step(
            ("Check and load.", "확인하고 적용합니다."),
            "",
            "sudo chmod 640 /etc/bind/named.conf.local\nsudo named-checkconf\nsudo rndc reconfig".to_owned(),
        ),
        looked_up(site),
    ]
}

fn unbound(site: &Site) -> Vec<Step> {
    let Site { url, zone, .. } = site;
    vec![
        step(
            (
                "Over HTTPS, with the token in the address, because Unbound can send no log-in. The file then is a password: chmod 640.",
                "Unbound는 로그인을 보낼 수 없으므로 주소에 토큰을 넣어 HTTPS로 받습니다. 이 파일은 암호와 같습니다: chmod 640.",
            ),
            "/etc/unbound/unbound.conf.d/bongsu.conf",
            format!(
                "server:\n    module-config: \"respip validator iterator\"\n    tls-cert-bundle: \"/etc/ssl/certs/ca-certificates.crt\"\n\nrpz:\n    name: {zone}\n    url: \"{url}/t/TOKEN/d/zone.rpz\"\n    zonefile: \"/var/lib/unbound/{zone}\"\n    rpz-log: yes\n    rpz-log-name: \"bongsu\""
            ),
        ),
        step(
            ("Check and load.", "확인하고 적용합니다."),
            "",
            "sudo unbound-checkconf\nsudo systemctl restart unbound".to_owned(),
        ),
        looked_up(site),
    ]
}

fn recursor(site: &Site) -> Vec<Step> {
    let Site { host, dns_port, zone, .. } = site;
    let key = site.key();
    vec![
        step(
            ("The zone, in the file that lua-config-file names.", "재귀 서버의 설정 파일에 영역을 적습니다."),
            "/etc/powerdns/recursor.lua",
            format!(
                "rpzPrimary({{\"{host}:{dns_port}\"}}, \"{zone}\", {{\n  tsigname = \"{key}\", tsigalgo = \"hmac-sha256\", tsigsecret = \"PUT-THE-SECRET-HERE\", refresh = 5\n}})"
            ),
        ),
        step(("Load.", "적용합니다."), "", "sudo rec_control reload-lua-config".to_owned()),
        looked_up(site),
    ]
}

fn kresd(site: &Site) -> Vec<Step> {
    let file = format!("/var/lib/bongsu/{}", site.zone);
    vec![
        login(site),
        step(
            (
                "Knot Resolver transfers no zones; cron fetches the file.",
                "Knot Resolver는 영역을 전송받지 못하므로 cron이 파일을 받습니다.",
            ),
            "/etc/cron.d/bongsu",
            fetched(site, "/d/zone.rpz", &file, ""),
        ),
        step(
            ("The policy; it watches the file.", "정책입니다. 파일이 바뀌면 따라갑니다."),
            "/etc/knot-resolver/kresd.conf",
            format!("policy.add(policy.rpz(policy.DENY, '{file}', true))"),
        ),
        looked_up(site),
    ]
}

fn pihole(site: &Site) -> Vec<Step> {
    let Site { url, .. } = site;
    vec![
        step(
            (
                "Add this address under Lists. It refuses names and what lies below them (Pi-hole 5.22 or later).",
                "Lists에 이 주소를 더합니다. 이름과 그 아래를 모두 차단합니다(Pi-hole 5.22 이상).",
            ),
            "",
            format!("{url}/t/TOKEN/d/list/domain.adblock.txt"),
        ),
        step(
            ("Fetch it now, and every hour.", "지금 한 번 받고, 매시간 받습니다."),
            "/etc/cron.d/bongsu",
            "7 * * * * root pihole -g".to_owned(),
        ),
        looked_up(site),
    ]
}

fn windows(site: &Site) -> Vec<Step> {
    let Site { url, handle, .. } = site;
    vec![
        step(
            (
                "Windows' DNS server takes no response-policy zone; its query policies do the same for some thousand names. A script for the task scheduler, as administrator, every 15 minutes.",
                "Windows DNS 서버는 응답 정책 영역을 받지 못하지만, 질의 정책으로 수천 개까지 같은 일을 합니다. 작업 스케줄러에서 관리자 권한으로 15분마다 실행할 스크립트입니다.",
            ),
            "C:\\Bongsu\\refuse.ps1",
            format!(
                "$pair = [Convert]::ToBase64String([Text.Encoding]::ASCII.GetBytes(\"{handle}:TOKEN\"))\n$list = Invoke-WebRequest -UseBasicParsing '{url}/d/list/domain.bare.txt' -Headers @{{ Authorization = \"Basic $pair\" }}\n$names = $list.Content -split \"`n\" | Where-Object {{ $_ }} | Select-Object -First 5000\nGet-DnsServerQueryResolutionPolicy | Where-Object Name -like 'bongsu-*' | Remove-DnsServerQueryResolutionPolicy -Force\n$at = 0\nforeach ($name in $names) {{\n  $at++\n  Add-DnsServerQueryResolutionPolicy -Name \"bongsu-$at\" -Action DENY -FQDN \"EQ,$name,*.$name\" | Out-Null\n}}"
            ),
        ),
        step(
            ("Look a listed name up.", "목록에 있는 이름을 조회합니다."),
            "",
            format!(
                "Resolve-DnsName -Server 127.0.0.1 {}",
                site.refused.as_deref().unwrap_or("A-NAME-FROM-THE-LIST")
            ),
        ),
    ]
}

fn firewall(site: &Site) -> Vec<Step> {
    let Site { url, .. } = site;
    vec![
        step(
            (
                "Firewall, Aliases: a new alias of the type URL Table (IPs), refreshed every hour or less.",
                "Firewall의 Aliases에서 URL Table (IPs) 유형의 별칭을 새로 만들고, 한 시간 이내로 갱신하게 합니다.",
            ),
            "",
            format!("{url}/t/TOKEN/d/list/ipv4.cidr.txt\n{url}/t/TOKEN/d/list/ipv6.cidr.txt"),
        ),
        step(
            (
                "A rule on the inside interface that blocks and logs what goes to the alias, before all that let things out.",
                "내부 인터페이스에서 별칭으로 나가는 것을 차단하고 기록하는 규칙을, 허용 규칙보다 앞에 둡니다.",
            ),
            "",
            "block log quick from any to <bongsu>".to_owned(),
        ),
        step(
            (
                "Names: in OPNsense under Services, Unbound DNS, Blocklist; in pfSense with pfBlockerNG under DNSBL.",
                "도메인은 OPNsense에서는 Services, Unbound DNS, Blocklist에, pfSense에서는 pfBlockerNG의 DNSBL에 넣습니다.",
            ),
            "",
            format!("{url}/t/TOKEN/d/list/domain.bare.txt"),
        ),
    ]
}

fn nftables(site: &Site) -> Vec<Step> {
    let file = "/var/lib/bongsu/nftables.conf";
    vec![
        login(site),
        step(
            (
                "Fetched by cron and loaded in one step when it has changed.",
                "cron이 받아, 바뀌었으면 한 번에 적용합니다.",
            ),
            "/etc/cron.d/bongsu",
            fetched(site, "/d/nftables.conf", file, &format!(" && nft -f {file}")),
        ),
        step(
            ("What it refuses and has counted.", "차단하는 것과 센 수를 봅니다."),
            "",
            "sudo nft list table inet bongsu".to_owned(),
        ),
    ]
}

fn suricata(site: &Site) -> Vec<Step> {
    let file = "/var/lib/suricata/rules/bongsu.rules";
    vec![
        login(site),
        step(
            (
                "Fetched by cron; Suricata loads the rules anew.",
                "cron이 받고, Suricata가 규칙을 다시 읽습니다.",
            ),
            "/etc/cron.d/bongsu",
            fetched(site, "/d/suricata.rules", file, " && suricatasc -c ruleset-reload-nonblocking"),
        ),
        step(
            ("Beside the other rule files.", "다른 규칙 파일 옆에 적습니다."),
            "/etc/suricata/suricata.yaml",
            "rule-files:\n  - bongsu.rules".to_owned(),
        ),
        step(("Check.", "확인합니다."), "", format!("sudo suricata -T -S {file}")),
    ]
}

fn zeek(site: &Site) -> Vec<Step> {
    let file = "/var/lib/bongsu/zeek.intel";
    vec![
        login(site),
        step(
            ("Fetched by cron; Zeek reads it anew by itself.", "cron이 받으면 Zeek가 스스로 다시 읽습니다."),
            "/etc/cron.d/bongsu",
            fetched(site, "/d/zeek.intel", file, ""),
        ),
        step(
            ("Where Zeek finds it.", "Zeek가 찾을 곳을 적습니다."),
            "local.zeek",
            format!("@load frameworks/intel/seen\nredef Intel::read_files += {{ \"{file}\" }};"),
        ),
    ]
}

fn misp(site: &Site) -> Vec<Step> {
    let Site { url, .. } = site;
    vec![
        step(
            (
                "Sync Actions, Remote Servers, New Servers: this node is a MISP to MISP. The key is a token of yours.",
                "Sync Actions의 Remote Servers에서 New Servers로 더합니다. MISP에게 이 노드는 또 하나의 MISP입니다. 키는 받은 토큰입니다.",
            ),
            "",
            format!("Base URL: {url}/misp\nAuthkey:  TOKEN\nPull: yes, Push: yes"),
        ),
        step(
            (
                "Or as a feed, to read alone: Sync Actions, Feeds, Add Feed, format MISP Feed.",
                "읽기만 하려면 Sync Actions의 Feeds에서 MISP Feed 형식으로 더합니다.",
            ),
            "",
            format!("{url}/misp/feed/{}/\nAuthorization: Bearer TOKEN", site.collection()),
        ),
    ]
}

fn opencti(site: &Site) -> Vec<Step> {
    let Site { url, handle, .. } = site;
    let collections = match site.collections.is_empty() {
        true => site.collection().to_owned(),
        false => site.collections.join(", or "),
    };
    vec![step(
        (
            "A TAXII feed of OpenCTI's own for each circle. Its connector external-import/taxii2 loses objects with several circles.",
            "서클마다 OpenCTI에 내장된 TAXII 피드를 하나씩 더합니다. 커넥터는 서클이 여럿이면 객체를 놓칩니다.",
        ),
        "",
        format!(
            "Data > Ingestion > TAXII feeds > Create\nTAXII server URL:  {url}/api/\nTAXII version:     TAXII 2.1\nTAXII collection:  {collections}\nAuthentication:    Basic, user {handle}, password TOKEN"
        ),
    )]
}

fn sentinel(site: &Site) -> Vec<Step> {
    let Site { url, handle, .. } = site;
    vec![step(
        (
            "Data connectors, Threat intelligence - TAXII: one server for each circle.",
            "Data connectors의 Threat intelligence - TAXII에서 서클마다 서버를 하나씩 더합니다.",
        ),
        "",
        format!(
            "API root URL:  {url}/api/\nCollection ID: {}\nUser name:     {handle}\nPassword:      TOKEN\nPolling:       once an hour",
            site.collection()
        ),
    )]
}

fn splunk(site: &Site) -> Vec<Step> {
    let Site { url, .. } = site;
    vec![step(
        (
            "Enterprise Security, Threat Intelligence Management, New, Line oriented.",
            "Enterprise Security의 Threat Intelligence Management에서 Line oriented를 새로 만듭니다.",
        ),
        "",
        format!(
            "URL:                  {url}/t/TOKEN/d/list/domain.bare.txt\nInterval:             300\nFields:               domain:$1,description:bongsu\nDelimiting regex:     ,"
        ),
    )]
}

/// All of them.
pub(super) const ALL: &[Recipe] = &[
    Recipe {
        id: "bind",
        name: "BIND 9",
        level: Level::Block,
        tried: Some("9.18"),
        about: (
            "A response-policy zone by transfer, told of changes: a second or so after it was shared, a name is refused.",
            "응답 정책 영역을 전송받고 변경을 통보받습니다. 공유 뒤 1초쯤이면 이름이 차단됩니다.",
        ),
        is_resolver: true,
        steps: bind,
    },
    Recipe {
        id: "unbound",
        name: "Unbound",
        level: Level::Block,
        tried: Some("1.17"),
        about: (
            "A response-policy zone over HTTPS, asked for every minute.",
            "응답 정책 영역을 HTTPS로 1분마다 받습니다.",
        ),
        is_resolver: true,
        steps: unbound,
    },
    Recipe {
        id: "recursor",
        name: "PowerDNS Recursor",
        level: Level::Block,
        tried: Some("4.8"),
        about: (
            "A response-policy zone by transfer, asked for every few seconds.",
            "응답 정책 영역을 몇 초마다 확인하여 전송받습니다.",
        ),
        is_resolver: true,
        steps: recursor,
    },
    Recipe {
        id: "knot-resolver",
        name: "Knot Resolver",
        level: Level::Block,
        tried: Some("5.6"),
        about: (
            "A response-policy zone as a file; rules for names, not for addresses.",
            "응답 정책 영역을 파일로 받습니다. 이름 규칙만 적용되고 주소 규칙은 적용되지 않습니다.",
        ),
        is_resolver: true,
        steps: kresd,
    },
    Recipe {
        id: "pihole",
        name: "Pi-hole",
        level: Level::List,
        tried: None,
        about: ("A list of names, every hour.", "도메인 목록을 매시간 받습니다."),
        is_resolver: true,
        steps: pihole,
    },
    Recipe {
        id: "windows",
        name: "Windows DNS",
        level: Level::List,
        tried: None,
        about: (
            "Query policies from a list, up to some thousand names (Windows Server 2016 or later). For more, let it forward to a resolver with the zone.",
            "목록으로 질의 정책을 만듭니다. 수천 개까지 적당합니다(Windows Server 2016 이상). 더 많으면 영역을 받는 DNS 서버로 전달하게 하십시오.",
        ),
        is_resolver: true,
        steps: windows,
    },
    Recipe {
        id: "firewall",
        name: "pfSense, OPNsense",
        level: Level::List,
        tried: None,
        about: ("Lists of addresses, networks and names.", "주소, 네트워크, 도메인 목록을 받습니다."),
        is_resolver: false,
        steps: firewall,
    },
    Recipe {
        id: "nftables",
        name: "nftables",
        level: Level::Block,
        tried: Some("1.0"),
        about: (
            "A table of its own for addresses and networks.",
            "주소와 네트워크를 차단하는 별도의 테이블입니다.",
        ),
        is_resolver: false,
        steps: nftables,
    },
    Recipe {
        id: "suricata",
        name: "Suricata",
        level: Level::Detect,
        tried: Some("7.0"),
        about: ("Rules that alert and drop nothing.", "경보만 내고 차단하지 않는 규칙입니다."),
        is_resolver: false,
        steps: suricata,
    },
    Recipe {
        id: "zeek",
        name: "Zeek",
        level: Level::Detect,
        tried: None,
        about: ("A file for the Intelligence Framework.", "Intelligence Framework용 파일입니다."),
        is_resolver: false,
        steps: zeek,
    },
    Recipe {
        id: "misp",
        name: "MISP",
        level: Level::Exchange,
        tried: Some("PyMISP 2.5"),
        about: (
            "Both ways, as if this node were a MISP; or a feed.",
            "이 노드를 MISP처럼 여겨 양방향으로 주고받거나, 피드로 받습니다.",
        ),
        is_resolver: false,
        steps: misp,
    },
    Recipe {
        id: "opencti",
        name: "OpenCTI",
        level: Level::Exchange,
        tried: None,
        about: ("TAXII 2.1, with the feeds that it has built in.", "내장된 TAXII 2.1 피드로 받습니다."),
        is_resolver: false,
        steps: opencti,
    },
    Recipe {
        id: "sentinel",
        name: "Microsoft Sentinel",
        level: Level::Exchange,
        tried: None,
        about: ("TAXII 2.1, with the data connector for it.", "TAXII 2.1 데이터 커넥터로 받습니다."),
        is_resolver: false,
        steps: sentinel,
    },
    Recipe {
        id: "splunk",
        name: "Splunk Enterprise Security",
        level: Level::List,
        tried: None,
        about: ("A list as a threat-intelligence source.", "목록을 위협 정보 원천으로 받습니다."),
        is_resolver: false,
        steps: splunk,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_steps_with_the_members_own_names() {
        let site = Site {
            url: "https://tower.example.org".to_owned(),
            host: "tower.example.org".to_owned(),
            dns_port: 8453,
            handle: "ministry".to_owned(),
            zone: "ministry.rpz.bongsu".to_owned(),
            key: None,
            collections: vec!["c-1".to_owned()],
            refused: Some("t.example.net".to_owned()),
        };
        let mut ids: Vec<&str> = Vec::new();
        for recipe in ALL {
            let steps = (recipe.steps)(&site);
            let text: String = steps.iter().map(|step| step.text.as_str()).collect();
            assert!(text.contains("tower.example.org"), "{}", recipe.id);
            assert_eq!(recipe.is_resolver, text.contains("t.example.net"), "{}", recipe.id);
            assert!(steps.iter().all(|step| !step.what.1.is_ascii()), "{}", recipe.id);
            ids.push(recipe.id);
        }
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), ALL.len());
    }
}
