//! Consultations as an iCalendar feed, to which a calendar subscribes.
//!
//! Times are UTC. The same consultations are the same bytes: DTSTAMP is the last change and not the time of asking, and SEQUENCE
//! counts the changes, so that a calendar that reads again replaces what it had. What was called off stays, as CANCELLED.
//!
//! Source: RFC 5545, sections 3.6.1 (VEVENT), 3.8.7 (DTSTAMP, SEQUENCE); RFC 7986, sections 5.1 (NAME) and 5.7 (REFRESH-INTERVAL).

use policy::{Book, Opened};

use crate::consultation::Arranged;
use crate::content_line::Lines;

/// The media type. Source: RFC 5545, section 8.1.
pub const MEDIA_TYPE: &str = "text/calendar; charset=utf-8";

/// A feed of consultations. Identifiers end in the node's name.
#[must_use]
pub fn feed(node: &str, book: &Book, consultations: &[Opened<&Arranged>]) -> String {
    let mut lines = Lines::default();
    lines.plain("BEGIN", "VCALENDAR");
    lines.plain("VERSION", "2.0");
    lines.plain("PRODID", "-//Bongsu//consultations//EN");
    lines.plain("CALSCALE", "GREGORIAN");
    lines.text("NAME", &format!("Consultations ({node})"));
    lines.text("X-WR-CALNAME", &format!("Consultations ({node})"));
    lines.plain("REFRESH-INTERVAL;VALUE=DURATION", "PT1H");
    for arranged in consultations {
        event(&mut lines, node, book, arranged.get());
    }
    lines.plain("END", "VCALENDAR");
    lines.end()
}

fn event(lines: &mut Lines, node: &str, book: &Book, arranged: &Arranged) {
    let consultation = &arranged.consultation;
    lines.plain("BEGIN", "VEVENT");
    lines.plain("UID", &format!("{}@{node}", arranged.id));
    lines.time("DTSTAMP", arranged.changed);
    lines.time("CREATED", arranged.added);
    lines.time("LAST-MODIFIED", arranged.changed);
    lines.plain("SEQUENCE", &arranged.changes.to_string());
    lines.time("DTSTART", consultation.begins);
    lines.time("DTEND", consultation.ends);
    lines.text("SUMMARY", &consultation.title);
    if let Some(place) = &consultation.place {
        lines.text("LOCATION", place);
    }
    let names: Vec<&str> =
        consultation.members.iter().filter_map(|id| Some(book.member(*id)?.name.as_str())).collect();
    let mut said = vec![format!("{} consultation: {}", consultation.kind(), names.join(", "))];
    said.extend(consultation.agenda.iter().map(|agenda| format!("Agenda: {agenda}")));
    said.extend(consultation.outcome.iter().map(|outcome| format!("Outcome: {outcome}")));
    lines.text("DESCRIPTION", &said.join("\n"));
    lines.plain("CATEGORIES", consultation.kind());
    lines.plain("STATUS", if consultation.cancelled { "CANCELLED" } else { "CONFIRMED" });
    lines.plain("END", "VEVENT");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consultation::tests::consultation;
    use policy::Caller;
    use stix::Timestamp;

    #[test]
    fn the_same_consultations_are_the_same_bytes() {
        let at = Timestamp::from_micros;
        let mut arranged = Arranged::new("grid".to_owned(), consultation(), at(1_000_000));
        let book = Book::default();
        let made = |arranged: &Arranged| {
            let opened = book.opened(Caller::Operator, arranged.consultation.opening(), at(5), arranged);
            feed("tower.test", &book, &opened.into_iter().collect::<Vec<_>>())
        };
        let first = made(&arranged);
        assert_eq!(first, made(&arranged));
        for line in
            ["DTSTART:20261201T050000Z\r\n", "SUMMARY:Grid\\; the second\\, and last\r\n", "SEQUENCE:0\r\n"]
        {
            assert!(first.contains(line), "{first}");
        }
        let uid = |text: &str| text.split("UID:").nth(1).unwrap().split("\r\n").next().unwrap().to_owned();
        let cancelled = crate::consultation::Consultation { cancelled: true, ..consultation() };
        arranged.change(cancelled, at(9_000_000));
        let second = made(&arranged);
        assert_eq!(uid(&first), uid(&second));
        assert!(second.contains("SEQUENCE:1\r\n") && second.contains("STATUS:CANCELLED\r\n"), "{second}");
        assert!(second.contains("DTSTAMP:19700101T000009Z\r\n"), "{second}");
    }
}
