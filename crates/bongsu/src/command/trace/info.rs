//! `bongsu trace info`: what a store holds.

use crate::answer::Answer;
use crate::cli::TraceInfoArgs;
use crate::exit::Failure;
use crate::terminal::visible;
use serde_json::json;
use trace::Flows as _;

use super::{opened, refused, time, when};

pub(super) fn run(args: &TraceInfoArgs) -> Result<Answer, Failure> {
    let store = opened(&args.store)?;
    if args.verify {
        store.verify().map_err(|error| refused(&error))?;
    }
    let (times, places) = (store.times(), store.places());
    let json = json!({
        "chain": store.chain(), "transfers": store.len(), "addresses": store.accounts(), "assets": store.assets(),
        "first": times.map(|(first, _)| time(first).to_string()), "last": times.map(|(_, last)| time(last).to_string()),
        "first_block": places.map(|(first, _)| first.block), "last_block": places.map(|(_, last)| last.block),
        "verified": args.verify,
    });
    let mut text = format!(
        "{}: {} transfers of {} assets between {} addresses",
        visible(store.chain().as_bytes()),
        store.len(),
        store.assets(),
        store.accounts()
    );
    if let Some((first, last)) = times {
        text.push_str(&format!(", from {} to {} UTC", when(first), when(last)));
    }
    text.push('.');
    if args.verify {
        text.push_str(" Every byte is as it was written.");
    }
    Ok(Answer::done(json, text))
}
