//! `bongsu trace transfers`: what an address gave and got.

use crate::answer::{Answer, table};
use crate::cli::TraceTransfersArgs;
use crate::exit::Failure;
use crate::terminal::visible;
use serde_json::{Value, json};
use trace::{Flows as _, Store};

use super::{account, address, amount, opened, time, when};
use trace::units::short;

pub(super) fn run(args: &TraceTransfersArgs) -> Result<Answer, Failure> {
    let store = opened(&args.store)?;
    let account = account(&store, &args.address)?;
    let numbers: Vec<u64> = store.of(account).skip(args.from).take(args.most).collect();
    let rows: Vec<Vec<String>> = numbers
        .iter()
        .filter_map(|number| {
            let transfer = store.transfer(*number)?;
            let (way, other) = match transfer.from == account {
                true => ("to", transfer.to),
                false => ("from", transfer.from),
            };
            let transaction = short(&store.transaction(*number).unwrap_or_default());
            Some(vec![
                when(transfer.time),
                way.to_owned(),
                address(&store, other),
                amount(&store, transfer.asset, transfer.amount),
                visible(transaction.as_bytes()),
            ])
        })
        .collect();
    let shown: Vec<Value> = numbers.iter().filter_map(|number| transfer(&store, *number)).collect();
    let text = match rows.is_empty() {
        true => "No transfers beyond these.".to_owned(),
        false => table(&["TIME (UTC)", "", "ADDRESS", "AMOUNT", "TRANSACTION"], &rows),
    };
    Ok(Answer::done(json!({"address": store.address(account), "transfers": shown}), text))
}

/// A transfer for programs: its amount in the asset's smallest unit, as text.
pub(crate) fn transfer(store: &Store, number: u64) -> Option<Value> {
    let transfer = store.transfer(number)?;
    Some(json!({
        "number": number, "transaction": store.transaction(number), "time": time(transfer.time).to_string(),
        "block": store.place(number).map(|place| place.block),
        "from": store.address(transfer.from), "to": store.address(transfer.to), "asset": store.asset_name(transfer.asset),
        "amount": transfer.amount.to_string(), "decimals": store.decimals(transfer.asset),
    }))
}
