//! What went through bridges and swaps, for people and programs.

use std::fmt::Write as _;

use serde_json::{Value, json};
use trace::U256;
use trace::cross::Crossing;
use trace::units::told;

use super::across::Followed;
use super::out::moved;
use crate::answer::table;
use crate::terminal::visible;

/// What was followed, and what may belong together and was not.
pub(crate) fn json(followed: &Followed<'_>) -> Value {
    let all = |crossings: &[Crossing]| -> Vec<Value> {
        crossings.iter().filter_map(|one| crossing(followed, one)).collect()
    };
    json!({"followed": all(&followed.across.crossings), "unsure": all(&followed.across.unsure)})
}

/// A crossing for programs: amounts in the smallest unit, as texts.
fn crossing(followed: &Followed<'_>, one: &Crossing) -> Option<Value> {
    let entered = followed.founds.get(one.entered.chain)?;
    let left = followed.founds.get(one.left.chain)?;
    let by: Vec<Value> = one.entered.numbers.iter().filter_map(|number| moved(entered, *number)).collect();
    Some(json!({
        "from_chain": entered.payments.chain(), "to_chain": left.payments.chain(), "entered": by,
        "tainted": one.entered.tainted.to_string(), "left": moved(left, one.left.number),
        "carried": one.carried.to_string(), "confidence": one.confidence, "delay": one.delay(), "why": one.why.to_string(),
    }))
}

/// What crossed, for people, from what programs get.
pub(crate) fn shown(crossings: &Value, most: usize, text: &mut String) {
    for (list, what) in
        [("followed", "Bridges and swaps"), ("unsure", "May belong together, and is not followed")]
    {
        let all = crossings[list].as_array().map_or(&[][..], Vec::as_slice);
        let rows: Vec<Vec<String>> = all.iter().take(most).filter_map(row).collect();
        if !rows.is_empty() {
            let header = ["PAID OUT (UTC)", "ENTERED", "CAME OUT", "SURE", "WHY"];
            let _ = write!(text, "\n{what}\n{}", table(&header, &rows));
            if all.len() > most {
                let _ = writeln!(text, "and {} more: --most N shows them", all.len() - most);
            }
        }
    }
}

fn row(one: &Value) -> Option<Vec<String>> {
    let sum = |transfer: &Value, units: &Value| {
        let units = U256::from_str_radix(units.as_str()?, 10).ok()?;
        let decimals = transfer["decimals"].as_u64().and_then(|decimals| u8::try_from(decimals).ok());
        Some(visible(told(units, transfer["asset"].as_str()?, decimals).as_bytes()))
    };
    let (entered, left) = (one["entered"].get(0)?, &one["left"]);
    let text = |value: &Value| visible(value.as_str().unwrap_or_default().as_bytes());
    let time = text(&left["time"]);
    Some(vec![
        time.get(..19).unwrap_or(&time).replace('T', " "),
        format!("{} on {}", sum(entered, &one["tainted"])?, text(&one["from_chain"])),
        format!("{} on {}", sum(left, &one["carried"])?, text(&one["to_chain"])),
        format!("{} %", one["confidence"]),
        text(&one["why"]),
    ])
}
