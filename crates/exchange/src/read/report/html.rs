//! The text of an HTML page, as a reader sees it.
//!
//! Scripts, styles and what else is not shown are passed over; elements that begin a line begin one here, cells are apart;
//! elements within a line join, so that `evil<wbr>.example` and `evil<b>.example</b>` are whole. Addresses of links are not
//! text: where a link leads is the publisher's matter, what it says is the report's.
//!
//! Source: WHATWG HTML, 13.2.5 (tokenization), 15.3 (rendering of flow content).

use html5gum::{Token, Tokenizer};

/// Elements whose content is not shown.
const HIDDEN: [&[u8]; 9] =
    [b"script", b"style", b"head", b"template", b"noscript", b"iframe", b"object", b"svg", b"math"];
/// Elements that begin and end a line.
const LINES: [&[u8]; 34] = [
    b"address",
    b"article",
    b"aside",
    b"blockquote",
    b"br",
    b"caption",
    b"dd",
    b"details",
    b"div",
    b"dl",
    b"dt",
    b"fieldset",
    b"figcaption",
    b"figure",
    b"footer",
    b"form",
    b"h1",
    b"h2",
    b"h3",
    b"h4",
    b"h5",
    b"h6",
    b"header",
    b"hr",
    b"li",
    b"main",
    b"nav",
    b"ol",
    b"p",
    b"pre",
    b"section",
    b"table",
    b"tr",
    b"ul",
];
/// Elements with a gap around them.
const CELLS: [&[u8]; 5] = [b"td", b"th", b"option", b"button", b"img"];

/// The title and the text.
pub(super) fn text(page: &str) -> (Option<String>, String) {
    let mut out = Text::default();
    for token in Tokenizer::new(page).flatten() {
        match token {
            Token::StartTag(tag) => {
                let name: &[u8] = &tag.name;
                out.edge(name);
                if name == b"title" {
                    out.in_title = true;
                } else if HIDDEN.contains(&name) && !tag.self_closing {
                    out.hide(name);
                }
            }
            Token::EndTag(tag) => {
                let name: &[u8] = &tag.name;
                out.edge(name);
                out.in_title &= name != b"title";
                out.show(name);
            }
            Token::String(text) => out.add(&String::from_utf8_lossy(&text)),
            _ => {}
        }
    }
    let title = out.title.split_whitespace().collect::<Vec<_>>().join(" ");
    (Some(title).filter(|title| !title.is_empty()), out.text)
}

#[derive(Default)]
struct Text {
    text: String,
    title: String,
    in_title: bool,
    /// Which element hides what stands in it, and how many of its name are open.
    hidden: Option<(Vec<u8>, usize)>,
}

impl Text {
    fn hide(&mut self, name: &[u8]) {
        match &mut self.hidden {
            Some((hiding, depth)) if hiding == name => *depth += 1,
            Some(_) => {}
            None => self.hidden = Some((name.to_vec(), 1)),
        }
    }

    fn show(&mut self, name: &[u8]) {
        if let Some((hiding, depth)) = &mut self.hidden
            && hiding == name
        {
            *depth -= 1;
            if *depth == 0 {
                self.hidden = None;
            }
        }
        // A page may leave its head open: its body ends it.
        if name == b"body" {
            self.hidden = None;
        }
    }

    fn edge(&mut self, name: &[u8]) {
        if name == b"body" {
            self.hidden = None;
        }
        if LINES.contains(&name) {
            self.text.push('\n');
        } else if CELLS.contains(&name) {
            self.text.push(' ');
        }
    }

    fn add(&mut self, text: &str) {
        if self.in_title {
            self.title.push_str(text);
        } else if self.hidden.is_none() {
            // A soft hyphen and a zero-width space are places to break a line, and no letters.
            self.text.extend(
                text.chars().filter(|c| !matches!(c, '\u{ad}' | '\u{200b}' | '\u{feff}' | '\u{2060}')),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_what_a_reader_sees() {
        let page = "<!doctype html><head><title>A\n report</title><script>var a='hidden.test'</script></head><body>\
            <h1>Head</h1><p>evil<wbr>.exam<b>ple</b> &amp; <a href=http://link.test>there</a><br>next\
            <table><tr><td>1.1.1.1<td>2.2.2.2</table><style>p{}</style><noscript>x</noscript>end";
        let (title, text) = text(page);
        assert_eq!(title.as_deref(), Some("A report"));
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        assert_eq!(lines, ["Head", "evil.example & there", "next", "1.1.1.1 2.2.2.2", "end"]);
    }

    #[test]
    fn a_page_that_is_not_well_made_loses_nothing() {
        assert_eq!(text("<head><meta>a<body>b<svg>c</body>d").1.trim(), "bd");
        assert_eq!(text("plain < text &unknown; </x>").1, "plain < text &unknown; ");
    }
}
