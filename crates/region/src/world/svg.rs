//! What all pictures have in common: escaping, numbers, and text that fits.

/// A text as it may stand in XML: signs that end something are escaped, those that may not stand there or turn the writing round
/// are replaced.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}' => {
                escaped.push('\u{fffd}')
            }
            letter if letter.is_control() => escaped.push('\u{fffd}'),
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// A place in a picture, to a tenth.
pub(super) fn number(number: f64) -> String {
    let text = format!("{number:.1}");
    match text.strip_suffix(".0") {
        Some("-0") => "0".to_owned(),
        Some(whole) => whole.to_owned(),
        None => text,
    }
}

/// A line through points, as the data of a path; points closer than a tenth are one.
pub(super) fn line(points: &[(f64, f64)]) -> String {
    let mut data = String::new();
    let mut last: Option<(i64, i64)> = None;
    for (x, y) in points {
        let at = ((x * 10.0).round() as i64, (y * 10.0).round() as i64);
        if last == Some(at) {
            continue;
        }
        let (dx, dy) = last.map_or(at, |last| (at.0 - last.0, at.1 - last.1));
        data.push(if last.is_none() { 'M' } else { 'l' });
        data.push_str(&number(dx as f64 / 10.0));
        data.push(' ');
        data.push_str(&number(dy as f64 / 10.0));
        last = Some(at);
    }
    data
}

/// A text cut to so many letters.
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let start: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", start.trim_end())
}
