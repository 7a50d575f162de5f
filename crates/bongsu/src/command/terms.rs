//! The terms of a submission, from what was typed.

use crate::cli::TermsArgs;
use crate::exit::Failure;
use crate::node::Node;
use policy::{Book, Terms};
use stix::Timestamp;

/// What was typed, as terms.
///
/// # Errors
/// When a time is malformed or a recipient unknown.
pub(crate) fn terms(node: &Node, book: &Book, args: &TermsArgs) -> Result<Terms, Failure> {
    let time =
        |option: &str, text: &Option<String>| text.as_deref().map(|text| instant(option, text)).transpose();
    let recipients = args
        .recipients
        .iter()
        .map(|handle| Ok(node.member(book, handle)?.id))
        .collect::<Result<_, Failure>>()?;
    Ok(Terms {
        ceiling: args.tlp.map(Into::into),
        embargo_until: time("--embargo-until", &args.embargo_until)?,
        expires: time("--expires", &args.expires)?,
        recipients,
        onward: args.onward.map(Into::into),
        pseudonymise: args.pseudonymise,
    })
}

/// An instant, from RFC 3339 or a date, which means its midnight in UTC.
///
/// # Errors
/// When it is neither.
pub(crate) fn instant(option: &str, text: &str) -> Result<Timestamp, Failure> {
    let read = Timestamp::parse(text).or_else(|error| match text.len() {
        10 => Timestamp::parse(&format!("{text}T00:00:00Z")),
        _ => Err(error),
    });
    read.map_err(|error| {
        Failure::usage(format!("{option} `{text}` is no time: {error}"))
            .hint("write 2026-12-31 or 2026-12-31T12:00:00Z")
    })
}

#[cfg(test)]
mod tests {
    use super::instant;

    #[test]
    fn a_date_is_its_midnight() {
        assert_eq!(instant("--x", "2026-12-31").unwrap(), instant("--x", "2026-12-31T00:00:00Z").unwrap());
        for bad in ["", "tomorrow", "2026-13-01", "2026-12-31 12:00"] {
            assert!(instant("--x", bad).unwrap_err().message.contains("--x"), "{bad}");
        }
    }
}
