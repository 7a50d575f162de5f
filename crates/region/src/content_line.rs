//! Content lines, in which vCard and iCalendar are written: `NAME;PARAMETER=VALUE:VALUE`, CRLF at the end, folded.
//!
//! A line on the wire has at most 75 octets without its end; a longer one goes on after CRLF and one space. Folds stand
//! between characters, never within one, so that a reader that unfolds late still reads UTF-8. Written here: the two formats
//! share forty lines, which are less than what a crate for either of them brings.
//!
//! Source: RFC 6350, sections 3.2 and 3.4; RFC 5545, sections 3.1 and 3.3.11.

use stix::Timestamp;

/// Octets of a line on the wire, without its end.
const LINE_OCTETS_MAX: usize = 75;

/// Lines that are written one after the other.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    text: String,
}

impl Lines {
    /// Writes `name:value`; the value stands as it is.
    pub(crate) fn plain(&mut self, name: &str, value: &str) {
        self.fold(&format!("{name}:{}", clean(value)));
    }

    /// Writes `name:value` with a value of type TEXT, escaped.
    pub(crate) fn text(&mut self, name: &str, value: &str) {
        self.fold(&format!("{name}:{}", escaped(value)));
    }

    /// Writes `name:value` with a time as value: `20261129T080000Z`. Source: RFC 5545, section 3.3.5; RFC 6350, section 4.3.5.
    pub(crate) fn time(&mut self, name: &str, at: Timestamp) {
        let text = at.to_string();
        let seconds = text.get(..19).unwrap_or_default();
        self.plain(name, &format!("{}Z", seconds.replace(['-', ':'], "")));
    }

    /// What was written.
    pub(crate) fn end(self) -> String {
        self.text
    }

    fn fold(&mut self, line: &str) {
        let mut octets = 0;
        for c in line.chars() {
            if octets + c.len_utf8() > LINE_OCTETS_MAX {
                self.text.push_str("\r\n ");
                // The space counts.
                octets = 1;
            }
            self.text.push(c);
            octets += c.len_utf8();
        }
        self.text.push_str("\r\n");
    }
}

/// A value of type TEXT. Source: RFC 5545, section 3.3.11; RFC 6350, section 3.4.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | ';' | ',' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// Without what would end the line.
fn clean(value: &str) -> String {
    value.chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Unfolds as the specifications say: CRLF and one space go.
    fn unfolded(text: &str) -> Vec<String> {
        text.replace("\r\n ", "").split_terminator("\r\n").map(str::to_owned).collect()
    }

    fn unescaped(text: &str) -> String {
        let mut out = String::new();
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            match (c, c == '\\') {
                (_, true) => match chars.next().unwrap() {
                    'n' => out.push('\n'),
                    other => out.push(other),
                },
                (c, false) => out.push(c),
            }
        }
        out
    }

    #[test]
    fn what_could_begin_another_line_can_not() {
        let mut lines = Lines::default();
        lines.plain("URL", "https://a.example\r\nEND:VCARD");
        lines.text("FN", "Kim\r\nEND:VCARD; x, y\\z");
        assert_eq!(lines.end(), "URL:https://a.exampleEND:VCARD\r\nFN:Kim\\nEND:VCARD\\; x\\, y\\\\z\r\n");
    }

    proptest! {
        #[test]
        fn a_text_comes_back_from_lines_of_at_most_75_octets(texts in prop::collection::vec("[ -~\n봉수ä😀]{0,200}", 1..5)) {
            let mut lines = Lines::default();
            texts.iter().for_each(|text| lines.text("NOTE", text));
            let written = lines.end();
            for line in written.split("\r\n") {
                prop_assert!(line.len() <= LINE_OCTETS_MAX, "{line}");
                prop_assert!(!line.contains(['\r', '\n']));
            }
            let back: Vec<String> =
                unfolded(&written).iter().map(|line| unescaped(line.strip_prefix("NOTE:").unwrap())).collect();
            prop_assert_eq!(back, texts);
        }
    }
}
