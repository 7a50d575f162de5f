//! `bongsu member test`: a member's levels put to the test with its own systems.

use crate::answer::{Answer, table};
use crate::exit::Failure;
use crate::node::Node;
use deliver::DeliverError;
use deliver::level_up::probe::{Probe, Probed};
use deliver::level_up::{self, Rung};
use policy::Member;

fn failed(error: &DeliverError) -> Failure {
    Failure::new(format!("the test could not be run: {error}"))
}

/// Asks the member's resolver, if it may be asked, grades what was seen, and shows what is missing.
///
/// # Errors
/// When the member is unknown or the store fails.
pub(crate) fn run(node: &Node, handle: &str) -> Result<Answer, Failure> {
    let book = node.gate.book();
    let member = node.active(&book, handle)?;
    let deliver = node.deliver()?;
    let probed = ask(&deliver, member)?;
    if let Some(probed) = &probed {
        deliver.probed(member, probed).map_err(|error| failed(&error))?;
    }
    let rungs = deliver.grade(member.id).map_err(|error| failed(&error))?;
    let names = deliver.test_names(member.id, node.now());
    let hold = deliver.test_hold(member.id).map_err(|error| failed(&error))?;
    let mut json = level_up::shown(&rungs, names.as_ref(), hold.as_ref());
    json["member"] = member.handle.clone().into();
    json["resolver_asked"] = probed.is_some().into();
    let rows: Vec<Vec<String>> = rungs.iter().flat_map(rows).collect();
    let mut text = table(&["LEVEL", "PROVEN", "SEEN", "WHAT IS NEEDED", "HOW"], &rows);
    match (&names, &probed) {
        (None, _) => text.push_str("No domain for tests: set test.domain, so that lists, zones and rules can be tested.\n"),
        (Some(names), None) => text.push_str(&format!(
            "Its resolver was not asked: none is named. A script behind it does the same: /d/test.sh\nFor a rule to fire, look up {}\n",
            names.below
        )),
        (Some(_), Some(probed)) => text.push_str(&said(*probed)),
    }
    if let Some(hold) = hold {
        text.push_str(&format!("The guard holds the test entry: {hold}. Set another test.domain.\n"));
    }
    Ok(Answer::done(json, text))
}

fn ask(deliver: &deliver::Deliver, member: &Member) -> Result<Option<Probed>, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(format!("the resolver can't be asked: {error}")))?;
    Ok(runtime.block_on(level_up::ask(deliver, member)))
}

fn rows(rung: &Rung) -> Vec<Vec<String>> {
    let proven = rung
        .proven
        .map_or_else(|| "no".to_owned(), |at| at.to_string().get(..10).unwrap_or_default().to_owned());
    let row = |(need, is_seen): &(level_up::Need, bool)| {
        vec![
            rung.level.to_string(),
            proven.clone(),
            if *is_seen { "yes" } else { "no" }.to_owned(),
            need.sentence().to_owned(),
            if *is_seen { String::new() } else { need.how().to_owned() },
        ]
    };
    rung.needs.iter().map(row).collect()
}

fn said(probed: Probed) -> String {
    let what = |probe: Probe| match probe {
        Probe::Refused => "refuses",
        Probe::LetThrough => "lets through",
        Probe::Unknown => "says nothing about",
    };
    format!(
        "Its resolver {} the test entry and {} a name below it.\n",
        what(probed.entry),
        what(probed.below)
    )
}
