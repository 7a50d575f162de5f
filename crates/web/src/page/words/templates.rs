//! What templates say themselves is said in English and Korean; [`super::other`] sees to the other languages. The pages as they come out are another test's, over the real program;
//! this one sees the branches, too, that are hardly ever taken.

use std::path::Path;

/// Templates that speak by their readers' language in another way.
const OTHERS: &[&str] = &["answer.html", "answered.html", "asked.html", "call.html", "linked.html"];
/// Names and codes that Korean writes in Latin letters too.
const KEPT: &str = "Bongsu PDF CSV JSON SVG XML PGP TLP IATI doctype iCalendar vCard Open CSIRT Foundation YYYY MM DD KH KR SG VN GOV takedown";

/// How texts are said.
const CALLS: [&str; 2] = [".say(\"", ".halves(\""];

/// A template as it is where Korean is spoken, with nothing where something is put in.
fn korean(template: &str) -> String {
    let (mut kept, mut rest) = (String::new(), template);
    // Of each block that is open: whether it is what is said to those who do not speak Korean.
    let mut open: Vec<Option<bool>> = Vec::new();
    while let Some(at) = rest.find("{{").into_iter().chain(rest.find("{%")).min() {
        if !open.contains(&Some(true)) {
            kept.push_str(&rest[..at]);
        }
        let (tag, after) =
            rest[at + 2..].split_once(if rest[at..].starts_with("{{") { "}}" } else { "%}" }).unwrap();
        let is_block = rest[at..].starts_with("{%");
        let tag = tag.trim_matches(['-', ' ']);
        match tag.split(' ').next().unwrap_or_default() {
            _ if !is_block => {}
            "if" => open.push((tag == "if frame.is_korean()").then_some(false)),
            "for" | "match" | "block" => open.push(None),
            "else" => {
                if let Some(last @ Some(false)) = open.last_mut() {
                    *last = Some(true);
                }
            }
            "endif" | "endfor" | "endmatch" | "endblock" => {
                open.pop();
            }
            _ => {}
        }
        rest = after;
    }
    assert!(open.is_empty(), "blocks are closed");
    kept + rest
}

/// The texts of a page of HTML: between its elements, and in attributes that are shown.
fn texts(html: &str) -> Vec<&str> {
    let mut texts = Vec::new();
    for attribute in ["aria-label=\"", "placeholder=\"", "alt=\"", "title=\""] {
        texts.extend(html.split(attribute).skip(1).filter_map(|rest| rest.split('"').next()));
    }
    let mut is_code = false;
    for piece in html.split('<') {
        let (tag, text) = piece.split_once('>').unwrap_or(("", piece));
        let name = tag.split([' ', '\n']).next().unwrap_or_default();
        match name {
            "code" | "pre" | "script" | "style" => is_code = true,
            "/code" | "/pre" | "/script" | "/style" => is_code = false,
            _ => {}
        }
        if !is_code {
            texts.push(text);
        }
    }
    texts
}

/// Words in Latin letters.
fn foreign(text: &str) -> Vec<&str> {
    let entity = |word: &str| matches!(word, "amp" | "quot" | "nbsp");
    let words = text.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| word.len() > 1);
    words.filter(|word| !KEPT.split(' ').any(|kept| kept == *word) && !entity(word)).collect()
}

/// What is said in English and Korean by `frame.say` and `frame.halves`.
pub(in crate::page) fn said(template: &str) -> Vec<(&str, &str)> {
    let both = |rest: &'_ str| -> Option<(usize, usize, usize)> {
        let middle = rest.find("\", \"")?;
        let end = rest.find("\")")?;
        (middle < end).then_some((middle, middle + 4, end))
    };
    let calls = CALLS.into_iter().flat_map(|call| template.split(call).skip(1));
    calls.filter_map(|rest| both(rest).map(|(a, b, c)| (&rest[..a], &rest[b..c]))).collect()
}

#[test]
fn no_template_speaks_english_alone() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    let (mut faults, mut read) = (Vec::new(), 0);
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if OTHERS.contains(&name.as_str()) {
            continue;
        }
        read += 1;
        let template = std::fs::read_to_string(&path).unwrap();
        let flat = korean(&template);
        for text in texts(&flat) {
            let words = foreign(text);
            if !words.is_empty() {
                faults.push(format!("{name}: {words:?}"));
            }
        }
        let calls = said(&template);
        let many: usize = CALLS.into_iter().map(|call| template.matches(call).count()).sum();
        assert_eq!(calls.len(), many, "{name}: a call that is not understood");
        for (english, korean) in calls {
            let is_hangul = |c: char| ('가'..='힣').contains(&c);
            if !korean.contains(is_hangul) && !foreign(english).is_empty() || english.contains(is_hangul) {
                faults.push(format!("{name}: `{english}` is `{korean}`"));
            }
        }
    }
    assert!(read > 20 && faults.is_empty(), "of {read} templates:\n{}", faults.join("\n"));
}

#[test]
fn what_is_said_in_english_alone_is_found() {
    let text = "{% if frame.is_korean() %}값 {{ n }}개{% if a %} b{% endif %}{% else %}{{ n }} values{% endif %} <code>ls</code> gone <a title=\"there\">";
    let flat = korean(text);
    let found: Vec<&str> = texts(&flat).into_iter().flat_map(foreign).collect();
    assert_eq!(found, ["there", "gone"]);
}
