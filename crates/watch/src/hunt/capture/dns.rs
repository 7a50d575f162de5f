//! Questions and answers of DNS, as far as they can be read.

use std::fmt::Write as _;

use domain::base::iana::{Opcode, Rcode, Rtype};
use domain::base::{Message, ParsedName};
use domain::rdata::AllRecordData;

use super::file::Stamp;
use super::line::{Observed, Way};

/// Bytes of text that a message gives at most. What a name server sends in 64 KiB is a third of this; names that point to names
/// that point to names would be a hundred times as much.
const TEXT_BYTES_MAX: usize = 256 << 10;

type Data<'a> = AllRecordData<&'a [u8], ParsedName<&'a [u8]>>;

/// Whether DNS, mDNS or LLMNR is spoken there.
pub(super) const fn is_port(port: u16) -> bool {
    matches!(port, 53 | 5353 | 5355)
}

/// Tells a message: its questions, and the data of its records. A record's name is told where it is neither the one that was asked
/// for nor the one that the record before leads to.
pub(super) fn message(bytes: &[u8], stamp: Stamp, way: Way, to: &mut Observed) {
    let Ok(message) = Message::from_octets(bytes) else { return };
    let head = message.header();
    let mut text = String::from(if head.qr() { "answer" } else { "query" });
    if head.opcode() != Opcode::QUERY {
        // Writing to a string does not fail.
        let _ = write!(text, " {}", head.opcode());
    }
    if head.rcode() != Rcode::NOERROR {
        let _ = write!(text, " {}", head.rcode());
    }
    let mut name = None;
    let mut questions = message.question();
    let (mut count, mut has_records) = (0, false);
    for question in questions.by_ref() {
        let Ok(question) = question else { break };
        let before = if count > 0 { ";" } else { "" };
        let _ = write!(text, "{before} {} {}", question.qname(), question.qtype());
        count += 1;
        name = Some(*question.qname());
        if text.len() > TEXT_BYTES_MAX {
            break;
        }
    }
    let mut section = questions.answer().ok();
    while let Some(records) = &mut section {
        for record in records.by_ref() {
            let Ok(record) = record else { break };
            if record.rtype() == Rtype::OPT {
                continue;
            }
            text.push_str(if has_records { ";" } else { ":" });
            has_records = true;
            if name.as_ref().is_none_or(|name| *name != record.owner()) {
                let _ = write!(text, " {}", record.owner());
            }
            let _ = write!(text, " {}", record.rtype());
            if let Ok(Some(record)) = record.to_record::<Data<'_>>() {
                match record.data() {
                    AllRecordData::Unknown(_) => {}
                    data => {
                        let _ = write!(text, " {data}");
                    }
                }
                if let AllRecordData::Cname(to) = record.data() {
                    name = Some(*to.cname());
                }
            }
            if text.len() > TEXT_BYTES_MAX {
                break;
            }
        }
        if text.len() > TEXT_BYTES_MAX {
            break;
        }
        section = section.and_then(|records| records.next_section().ok().flatten());
    }
    if count > 0 || has_records {
        to.tell(stamp, way, format_args!("dns {text}"));
    }
}
