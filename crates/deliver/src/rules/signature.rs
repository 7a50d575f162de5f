//! Signatures of Suricata and Snort, as far as it takes to tell whether a partner's may stand among others.
//!
//! Source: Suricata user guide 7.0, "Rules Format"; Snort 2.9 manual, 3.1 and 3.2.

/// Options that name a file beside the rules, or a program: neither goes with a rule that is passed on.
const BESIDE: [&str; 8] =
    ["dataset", "datarep", "filemd5", "filesha1", "filesha256", "iprep", "lua", "luajit"];
/// Options by which a rule does more than alert: it changes, refuses or passes traffic, or writes it down.
const ACTING: [&str; 11] = [
    "bypass",
    "replace",
    "filestore",
    "tag",
    "logto",
    "react",
    "resp",
    "session",
    "activates",
    "activated_by",
    "count",
];
/// Ids that this node's own rules have (see `suricata.rs`).
const OWN: std::ops::RangeFrom<u32> = crate::suricata::SID_FIRST - 1_000..;
/// Variables that Suricata's and Snort's own configuration sets.
const VARIABLES: [&str; 26] = [
    "HOME_NET",
    "EXTERNAL_NET",
    "HTTP_SERVERS",
    "SMTP_SERVERS",
    "SQL_SERVERS",
    "DNS_SERVERS",
    "TELNET_SERVERS",
    "AIM_SERVERS",
    "DC_SERVERS",
    "DNP3_SERVER",
    "DNP3_CLIENT",
    "MODBUS_CLIENT",
    "MODBUS_SERVER",
    "ENIP_CLIENT",
    "ENIP_SERVER",
    "HTTP_PORTS",
    "SHELLCODE_PORTS",
    "ORACLE_PORTS",
    "SSH_PORTS",
    "DNP3_PORTS",
    "MODBUS_PORTS",
    "FILE_DATA_PORTS",
    "FTP_PORTS",
    "GENEVE_PORTS",
    "VXLAN_PORTS",
    "TEREDO_PORTS",
];

/// Longest line, in bytes. Suricata reads 8,192 at a time and takes what follows for another rule.
const LINE_BYTES_MAX: usize = 8_000;

/// The ids of a text's signatures, in their order.
///
/// # Errors
/// Why they may not stand in one file with others.
pub fn read(text: &str) -> Result<Vec<u32>, String> {
    let mut sids = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        // A comment is never continued, so that nothing hides behind one.
        let is_rule = !line.trim().is_empty() && !line.trim_start().starts_with('#');
        if line.len() > LINE_BYTES_MAX {
            return Err(format!("line {} has more than {LINE_BYTES_MAX} bytes", number + 1));
        }
        if !is_rule {
            continue;
        }
        let mut rule = line.trim().to_owned();
        while let Some(begun) = rule.strip_suffix('\\') {
            let Some((_, more)) = lines.next() else { break };
            rule = format!("{begun}{}", more.trim());
        }
        if rule.len() > LINE_BYTES_MAX {
            return Err(format!("line {}: the rule has more than {LINE_BYTES_MAX} bytes", number + 1));
        }
        let sid = signature(&rule).map_err(|why| format!("line {}: {why}", number + 1))?;
        if sids.contains(&sid) {
            return Err(format!("line {}: two rules have the sid {sid}", number + 1));
        }
        sids.push(sid);
    }
    if sids.is_empty() { Err("there is no rule in it".to_owned()) } else { Ok(sids) }
}

fn signature(rule: &str) -> Result<u32, String> {
    let (head, rest) = rule.split_once('(').ok_or("the rule has no options in parentheses")?;
    let mut words = head.split_whitespace();
    match words.next() {
        Some("alert") => {}
        Some(action) => {
            return Err(format!(
                "the action `{action}` is not `alert`: it would let pass or refuse what no guard has seen"
            ));
        }
        None => return Err("the rule has no action".to_owned()),
    }
    let words: Vec<&str> = words.collect();
    if words.len() < 6 || !words.iter().any(|word| matches!(*word, "->" | "<>")) {
        return Err("the rule's head lacks protocol, addresses, ports or direction".to_owned());
    }
    let variables = words.iter().flat_map(|word| word.split('$').skip(1));
    for variable in variables {
        let name =
            variable.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
        if !VARIABLES.contains(&name) {
            return Err(format!("the variable `${name}` is not set on every sensor"));
        }
    }
    let mut sid = None;
    for (name, value) in options(rest)? {
        match name.as_str() {
            "sid" => sid = value.parse::<u32>().ok(),
            name if ACTING.contains(&name) => return Err(format!("`{name}` does more than alert")),
            name if BESIDE.contains(&name) => return Err(format!("`{name}` needs what is not in the rule")),
            _ => {}
        }
    }
    match sid.filter(|sid| *sid > 0) {
        None => Err("the rule has no sid".to_owned()),
        Some(sid) if OWN.contains(&sid) => Err(format!("the sid {sid} is one of this node's own")),
        Some(sid) => Ok(sid),
    }
}

/// The options, each with its value.
fn options(text: &str) -> Result<Vec<(String, String)>, String> {
    let (mut options, mut option, mut is_quoted) = (Vec::new(), String::new(), false);
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                option.push(c);
                option.extend(chars.next());
            }
            '"' => {
                is_quoted = !is_quoted;
                option.push(c);
            }
            ';' if !is_quoted => {
                let (name, value) = option.split_once(':').unwrap_or((&option, ""));
                options.push((name.trim().to_owned(), value.trim().to_owned()));
                option.clear();
            }
            c => option.push(c),
        }
    }
    match (is_quoted, option.trim()) {
        (true, _) => Err("a quote does not end".to_owned()),
        (false, ")") => Ok(options),
        (false, _) => Err("the last option does not end, or the parenthesis".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_stand_among_others_is_told_from_what_may_not() {
        let good = "alert http $HOME_NET any -> [$EXTERNAL_NET,!10.0.0.1] $HTTP_PORTS (msg:\"a; \\\" (b)\"; content:\"|22|\\;\"; sid:7; rev:2;)";
        assert_eq!(
            read(&format!("# a comment\n{good}\n\n{}", good.replace("sid:7", "sid:8"))),
            Ok(vec![7, 8])
        );
        assert_eq!(read("alert tcp any any -> any any ( \\\n msg:\"x\"; sid:9; )"), Ok(vec![9]));
        let check = |text: &str, part: &str| {
            let why = read(text).unwrap_err();
            assert!(why.contains(part), "{text}: {why}");
        };
        check("", "no rule");
        check("alert tcp any any -> any any", "parentheses");
        check(&good.replace("alert", "pass"), "`pass`");
        for option in ["bypass", "filestore", "logto:\"x\"", "tag:session,5,packets"] {
            check(&good.replace("sid:7", &format!("{option}; sid:7")), "more than alert");
        }
        let hidden = good.replace("alert", "pass");
        check(&format!("{good}\n# {}{hidden}", "a".repeat(8_189)), "line 2 has more than 8000 bytes");
        check(&good.replace("->", ""), "head");
        check(&good.replace("$HTTP_PORTS", "$OUR_PORTS"), "$OUR_PORTS");
        check(&good.replace("sid:7;", ""), "no sid");
        check(&good.replace("sid:7", "sid:1000000001"), "own");
        check(&good.replace("rev:2;)", "rev:2"), "does not end");
        check(&good.replace("(b)\"", "(b)"), "quote");
        check(&good.replace("rev:2", "lua:x.lua"), "`lua`");
        check(&format!("# a comment \\\npass ip any any -> any any (sid:3;)\n{good}"), "`pass`");
        check(&good.replace("msg:\"a", &format!("msg:\"{}", "a".repeat(9_000))), "8000 bytes");
        check(&format!("{good}\n{good}"), "line 2: two rules");
    }
}
