//! JSON on pages is JSON, but for what is left out (`…`).

use crate::page::{Kind, pages};

/// A text without what stands for something left out, outside of strings.
fn whole(text: &str) -> String {
    let mut kept = String::new();
    let mut within = false;
    let mut escaped = false;
    for sign in text.chars() {
        if sign == '"' && !escaped {
            within = !within;
        }
        escaped = sign == '\\' && !escaped;
        if sign != '…' || within {
            kept.push(sign);
            continue;
        }
        let before = kept.trim_end().len();
        kept.truncate(before);
        if kept.ends_with(',') {
            kept.pop();
        }
    }
    kept
}

#[test]
fn what_looks_like_json_is_json() {
    let mut faults = Vec::new();
    let mut read = 0;
    for page in pages() {
        for part in page.parts().iter().filter(|part| part.kind == Kind::Json) {
            let text = whole(&part.lines.join("\n"));
            let text = if text.starts_with('"') { format!("{{{text}}}") } else { text };
            read += 1;
            // Several values may follow each other, one a line.
            let values: Result<Vec<serde_json::Value>, _> =
                serde_json::Deserializer::from_str(&text).into_iter().collect();
            if let Err(error) = values {
                faults.push(format!("{}:{}: {error}", page.name, part.line));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(read > 3, "pages with JSON were found: {read}");
}

#[test]
fn what_is_left_out_takes_its_comma_along() {
    for (text, wanted) in [
        ("{\"a\": 1, …}", "{\"a\": 1}"),
        ("[…]", "[]"),
        ("{\"a\": \"x…\", …, \"b\": 2}", "{\"a\": \"x…\", \"b\": 2}"),
    ] {
        assert_eq!(whole(text), wanted);
    }
}
