//! Paths as rules have them, and what is refused.

use std::borrow::Cow;
use std::cell::Cell;

use super::{Look, Xpath};
use crate::aid::check::view::{Node, View};
use crate::aid::tree::{Document, Tree};

const TEXT: &str = r#"<as v="2"><a c="KR" xml:lang="en"><t>one<n>two</n></t><s v="1" p="40"/><s v="2" p="50.5"/>
<s p=""/><x:s v="9"/><r><i><f/><f/></i><f/></r><e></e></a></as>"#;

/// What expressions come to at `/as/a`: paths are told as where their nodes are, others as whether they hold.
fn tell(expression: &str, work: u64) -> String {
    let (mut root, mut tree) = (Tree::default(), Tree::default());
    let mut document = Document::new(TEXT.as_bytes());
    document.next(&mut root).unwrap();
    document.next(&mut tree).unwrap();
    let (view, left) = (View::new(&root, &tree), Cell::new(work));
    let look = Look { view, group: Some(Cow::Borrowed("2")), left: &left };
    let xpath = match Xpath::parse(expression) {
        Ok(xpath) => xpath,
        Err(error) => return error.to_string(),
    };
    match (&xpath.expression, look.nodes(&xpath, view.top())) {
        (super::Expression::Path { .. } | super::Expression::Union(_), Ok(nodes)) => {
            nodes.iter().map(|node: &Node| view.location(*node)).collect::<Vec<_>>().join(" ")
        }
        _ => look.holds(&xpath, view.top()).map_or("too much".into(), |holds| holds.to_string()),
    }
}

#[test]
fn paths_find_what_they_name() {
    let check =
        |expression: &str, expected: &str| assert_eq!(tell(expression, 10_000), expected, "{expression}");
    check("s", "/as/a/s[1] /as/a/s[2] /as/a/s[3]");
    check("s[2]/@p", "/as/a/s[2]/@p");
    check("x:s", "/as/a/x:s");
    check("@xml:lang", "/as/a/@xml:lang");
    check("@lang", "");
    check("@*", "/as/a/@c /as/a/@xml:lang");
    check("../@v", "/as/@v");
    check("/as/a/s[@v = '1' or not(@v)]", "/as/a/s[1] /as/a/s[3]");
    check("//s[@p=50.5]", "/as/a/s[2]");
    check("//f[1]", "/as/a/r/i/f[1] /as/a/r/f");
    check("r/i/f[1] | r/f", "/as/a/r/i/f[1] /as/a/r/f");
    check("r//f", "/as/a/r/i/f[1] /as/a/r/i/f[2] /as/a/r/f");
    check("r/i/f/../../f", "/as/a/r/f");
    check("s[@v = '$1']", "/as/a/s[2]");
    check("t/text()", "/as/a/t/text()");
    check("e/text()", "");
    check("r/*", "/as/a/r/i /as/a/r/f");
    check("s[@v and @p]/..", "/as/a");
    check("/as", "/as");
    check("//@v", "/as/@v /as/a/s[1]/@v /as/a/s[2]/@v /as/a/x:s/@v");
}

#[test]
fn expressions_hold_or_do_not() {
    let check = |expression: &str, expected: bool| {
        assert_eq!(tell(expression, 10_000), expected.to_string(), "{expression}");
    };
    check("count(s) = 3 and count(s/@v) >= 2", true);
    check("count(s) - count(s/@v) > 1", false);
    check("count(s)+1 <= 4.0", true);
    check("s/@v = 2", true);
    check("s/@v != '1'", true);
    check("s/@nothing != '1'", false);
    check("not(s[@v='1']/@p) or s[@v='1']/@p = 40", true);
    check("number(s[1]/@p) = s[1]/@p", true);
    check("number(s[3]/@p) = s[3]/@p", false);
    check("string(t) = 'onetwo' and t = 'onetwo'", true);
    check("starts-with(@c, 'K') and contains(@c, 'R')", true);
    check("string-length(@c) < 2 or normalize-space(' a  b ') = 'a b'", true);
    check("boolean(z) = false()", true);
    check("true() and (s or z)", true);
    check("s/@p = t/n", false);
    check("'2' = '$1'", true);
}

#[test]
fn what_is_not_read_is_said() {
    let check = |expression: &str, expected: &str| {
        let told = tell(expression, 10_000);
        assert!(told.contains(expected), "{expression}: {told}");
    };
    check("descendant::s", "the axis `descendant` is not read");
    check("last()", "the function `last` is not read");
    check("s[", "here stands what is not read");
    check("s[1", "`]` is expected");
    check("'a", "second quotation mark");
    check("s * 2", "`s * 2`, at character 3: here stands what is not read");
    check("$x", "at character 1");
    check("count()", "`count` has 0 arguments");
    check("1.2.3", "is no number");
    check("s | 1", "`|` joins paths alone");
    check("-1", "at character 1");
    check("", "here stands what is not read");
    check(&"(".repeat(100), "more than 32 parts");
    check(&"a".repeat(5_000), "longer than 4096 bytes");
}

#[test]
fn work_is_limited() {
    assert_eq!(tell("count(//s[//f]) > 0", 10_000), "true");
    assert_eq!(tell("count(//s[//f]) > 0", 50), "too much");
}
