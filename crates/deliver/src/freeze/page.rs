//! A request as blocks of text in one language: what the paper and the plain text have in common.

use super::{Came, FreezeRequest, Moved};
use crate::advisory::page::{Block, Page, Step, Table, handling};
use crate::advisory::story::visible;
use crate::speech::{Language, Put, Speech};

/// Arrivals in the table; the rest is counted, and all stand in the JSON.
const ARRIVALS_MAX: usize = 100;
/// Paths that are printed, and transfers of one of them.
const PATHS_MAX: usize = 5;
const HOPS_MAX: usize = 60;
/// Addresses of the service that are listed.
const ADDRESSES_MAX: usize = 40;

/// The request in a language.
pub(super) fn page(request: &FreezeRequest, language: Language) -> Page {
    let speech = language.speech();
    let date = request.made.get(..10).unwrap_or_default().to_owned();
    let service = visible(&request.service);
    let put = [
        ("node", Put::Text(&request.node)),
        ("date", Put::Text(&date)),
        ("service", Put::Text(&service)),
        ("case", Put::Text(&request.case)),
        ("number", Put::Count(request.number)),
    ];
    let mut blocks = Vec::new();
    asked(speech, request, &mut blocks);
    heading(speech, "freeze-came", &mut blocks);
    let came = request.arrivals.iter().filter_map(|came| request.transfers.get(came.transfer));
    table(speech, came, ARRIVALS_MAX, request.arrivals.len(), &mut blocks);
    heading(speech, "freeze-stolen", &mut blocks);
    blocks.push(Block::Text(visible(&request.title)));
    let thefts = request.thefts.iter().filter_map(|at| request.transfers.get(*at));
    table(speech, thefts, super::THEFTS_MAX, request.thefts_count, &mut blocks);
    paths(speech, request, &mut blocks);
    how(speech, request, &mut blocks);
    who(speech, request, &mut blocks);
    let tlp = request.tlp();
    Page {
        speech,
        tlp,
        handling: speech.say(handling(tlp)),
        heading: speech.say("freeze-heading"),
        dateline: speech.tell("freeze-dateline", &put),
        date,
        blocks,
    }
}

fn heading(speech: &Speech, id: &'static str, blocks: &mut Vec<Block>) {
    blocks.push(Block::Heading(id, speech.say(id)));
}

fn asked(speech: &Speech, request: &FreezeRequest, blocks: &mut Vec<Block>) {
    heading(speech, "freeze-asked", blocks);
    let service = visible(&request.service);
    blocks.push(Block::Text(speech.tell("freeze-please", &[("service", Put::Text(&service))])));
    let line = |total: &super::Total| {
        let put = [("amount", Put::Text(&total.amount)), ("chain", Put::Text(&total.chain))];
        speech.tell("freeze-total", &put)
    };
    blocks.push(Block::Bullets(request.totals.iter().map(line).collect()));
    let steps = ["freeze-do-hold", "freeze-do-keep", "freeze-do-tell"].map(|id| Step {
        title: speech.say(id),
        text: speech.say(match id {
            "freeze-do-hold" => "freeze-do-hold-text",
            "freeze-do-keep" => "freeze-do-keep-text",
            _ => "freeze-do-tell-text",
        }),
        parts: Vec::new(),
    });
    blocks.push(Block::Steps(steps.into()));
    blocks.push(Block::Subheading(speech.say("freeze-addresses")));
    let addresses: Vec<&String> = request.totals.iter().flat_map(|total| &total.addresses).collect();
    let mut shown: Vec<String> =
        addresses.iter().take(ADDRESSES_MAX).map(|address| visible(address)).collect();
    shown.dedup();
    blocks.push(Block::Bullets(shown));
    if addresses.len() > ADDRESSES_MAX {
        blocks.push(Block::Soft(speech.count("freeze-more", addresses.len() - ADDRESSES_MAX)));
    }
}

fn table<'m>(
    speech: &Speech,
    moved: impl Iterator<Item = &'m Moved>,
    most: usize,
    all: usize,
    blocks: &mut Vec<Block>,
) {
    let row = |moved: &Moved| {
        let time = moved.time.get(..19).unwrap_or(&moved.time).replace('T', " ");
        let way =
            format!("{}: {} → {}", visible(&moved.transaction), visible(&moved.from), visible(&moved.to));
        vec![time, way, moved.amount.clone(), moved.tainted.clone()]
    };
    let head =
        ["freeze-when", "freeze-payment", "freeze-amount", "freeze-tainted"].map(|id| speech.say(id)).into();
    let rows: Vec<Vec<String>> = moved.take(most).map(row).collect();
    let shown = rows.len();
    blocks.push(Block::Table(Table { head, rows }));
    if all > shown {
        blocks.push(Block::Soft(speech.count("freeze-more", all - shown)));
    }
}

/// The paths of the first arrivals: the same path is told once.
fn paths(speech: &Speech, request: &FreezeRequest, blocks: &mut Vec<Block>) {
    heading(speech, "freeze-path", blocks);
    let mut told: Vec<&[usize]> = Vec::new();
    for Came { path, .. } in &request.arrivals {
        let before = path.split_last().map_or(&[][..], |(_, before)| before);
        if told.len() < PATHS_MAX && !path.is_empty() && !told.contains(&before) {
            told.push(before);
            blocks.push(Block::Subheading(speech.count("freeze-path-number", told.len())));
            let moved = path.iter().filter_map(|at| request.transfers.get(*at));
            table(speech, moved, HOPS_MAX, path.len(), blocks);
        }
    }
    blocks.push(Block::Soft(speech.say("freeze-path-all")));
}

fn how(speech: &Speech, request: &FreezeRequest, blocks: &mut Vec<Block>) {
    heading(speech, "freeze-how", blocks);
    blocks.push(Block::Text(speech.say(match request.method.as_str() {
        "lifo" => "freeze-lifo",
        "haircut" => "freeze-haircut",
        "poison" => "freeze-poison",
        "tiho" => "freeze-tiho",
        _ => "freeze-fifo",
    })));
    let until = request.until.get(..19).unwrap_or(&request.until).replace('T', " ");
    let sources: Vec<String> = request.labelled_by.iter().map(|source| visible(source)).collect();
    let sources = sources.join(", ");
    let mut assumed = vec![
        speech.say("freeze-assume-order"),
        speech.say("freeze-assume-service"),
        speech.tell("freeze-assume-label", &[("sources", Put::Text(&sources))]),
        speech.tell("freeze-assume-until", &[("until", Put::Text(&until))]),
    ];
    if request.outputs {
        assumed.insert(0, speech.say("freeze-outputs"));
    }
    blocks.push(Block::Bullets(assumed));
}

fn who(speech: &Speech, request: &FreezeRequest, blocks: &mut Vec<Block>) {
    heading(speech, "freeze-ground", blocks);
    blocks.push(Block::Text(match &request.legal {
        Some(legal) => visible(legal),
        None => speech.say("freeze-no-order"),
    }));
    heading(speech, "freeze-who", blocks);
    let contact = request.contact.as_deref().map(visible);
    blocks.push(Block::Text(match &contact {
        Some(contact) => speech.tell("freeze-contact", &[("contact", Put::Text(contact))]),
        None => speech.tell("freeze-contact", &[("contact", Put::Text(&request.node))]),
    }));
    blocks.push(Block::Soft(speech.tell("freeze-genuine", &[("key", Put::Text(&request.key))])));
}
