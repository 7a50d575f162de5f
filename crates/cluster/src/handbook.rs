//! The documentation held to what can be typed: each call of this program on its pages.
//!
//! How pages are read is shared with the tests of the node's program, in whose `tests/handbook` commands are run.

#[allow(dead_code, reason = "the tests that run commands use all of it")]
#[path = "../../bongsu/tests/handbook/page.rs"]
mod page;
#[allow(dead_code, reason = "the tests that run commands use all of it")]
#[path = "../../bongsu/tests/handbook/statement.rs"]
mod statement;

use clap::Parser as _;

#[test]
fn every_call_in_the_documentation_can_be_typed() {
    let mut faults = Vec::new();
    let mut calls = 0;
    for page in page::pages() {
        for part in page.parts() {
            for call in statement::calls(&part.lines.join("\n"), "bongsu-cluster") {
                calls += 1;
                let typed = std::iter::once("bongsu-cluster".to_owned()).chain(call.iter().cloned());
                if let Err(error) = crate::cli::Args::try_parse_from(typed)
                    && error.exit_code() != 0
                {
                    faults.push(format!(
                        "{}:{}: bongsu-cluster {}: {error}",
                        page.name,
                        part.line,
                        call.join(" ")
                    ));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(calls > 5, "calls were found: {calls}");
}
