//! `bongsu trace electrum`: what was stolen of Bitcoin, fetched from an Electrum server from output to output.

mod kept;
mod server;
mod walk;
mod wave;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use serde_json::json;

pub(super) use self::kept::{blocks, document, is_at};
use self::server::{Failed, Server};
use self::walk::{Told, Walk};
use super::labels;
use super::live::tell;
use crate::answer::{Answer, counted};
use crate::cli::TraceElectrumArgs;
use crate::command::interrupted;
use crate::exit::{Exit, Failure};
use crate::terminal::{Terminal, visible};

/// The first and the longest wait for a server that gives no answer; it doubles each time.
const WAIT_FIRST: Duration = Duration::from_secs(1);
const WAIT_MAX: Duration = Duration::from_secs(60);
/// How often in a row answers may not fit before they are taken for a lie: the chain may turn between two questions.
const DOUBTS_MAX: u32 = 3;
/// The wait between two of these.
const DOUBT_WAIT: Duration = Duration::from_millis(500);

pub(super) fn run(args: &TraceElectrumArgs, terminal: &mut Terminal) -> Result<Answer, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    interrupted::sets(&stop)?;
    let labels = labels::read(&args.labels, &mut |note| terminal.note(note))?;
    let server = Server::new(args, &stop)?;
    let mut walk = Walk::new(args, labels, server)?;
    let (mut wait, mut doubts) = (WAIT_FIRST, 0);
    loop {
        match walk.round(terminal) {
            Ok(()) if args.once => break,
            Ok(()) => {
                (wait, doubts) = (WAIT_FIRST, 0);
                if !walk.server.waits(Duration::from_secs(args.every)) {
                    break;
                }
            }
            Err(Failed::Stopped) => break,
            Err(Failed::Lasting(failure)) => return Err(failure),
            Err(Failed::Doubtful(what)) => {
                doubts += 1;
                if doubts >= DOUBTS_MAX {
                    return Err(walk.server.lies(&what));
                }
                if !walk.server.waits(DOUBT_WAIT) {
                    break;
                }
            }
            Err(Failed::Passing(why)) if args.once => {
                return Err(Failure::new(why).hint(
                    "the same again goes on behind what is kept, and without --once it waits for the server",
                ));
            }
            Err(Failed::Passing(why)) => {
                let seconds = wait.as_secs();
                let event = json!({"event": "waiting", "why": why, "again_in_s": seconds});
                tell(terminal, &event, &format!("{why}; asked again in {seconds} s"))?;
                if !walk.server.waits(wait) {
                    break;
                }
                wait = (wait * 2).min(WAIT_MAX);
            }
        }
    }
    Ok(answer(&walk.told()))
}

fn answer(told: &Told) -> Answer {
    let json = json!({
        "event": "ended", "chain": told.chain, "upto": told.upto, "transactions": told.transactions, "added": told.added,
        "dropped": told.dropped, "reorganisations": told.reorganisations, "left": told.left, "written": !told.is_unwritten,
    });
    let mut text =
        format!("{}, {} of them new", counted(told.transactions as u64, "transaction"), told.added);
    if let Some(upto) = told.upto {
        text.push_str(&format!("; asked up to block {upto}"));
    }
    text.push('.');
    if told.reorganisations > 0 {
        text.push_str(&format!(
            " The chain went another way {} times: {} dropped.",
            told.reorganisations,
            counted(told.dropped as u64, "transaction")
        ));
    }
    if told.is_unwritten {
        text.push_str(" It ended before all thefts were there: what came since is not written.");
    }
    for left in &told.left {
        text.push_str(&format!("\nNot all is known: {}", visible(left.as_bytes())));
    }
    match told.left.is_empty() {
        true => Answer::done(json, text),
        false => Answer::done(json, text).ending(Exit::Findings),
    }
}
