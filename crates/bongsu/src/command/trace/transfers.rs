//! `bongsu trace transfers`: what an address gave and got.

use crate::answer::{Answer, table};
use crate::cli::TraceTransfersArgs;
use crate::exit::Failure;
use crate::terminal::visible;
use serde_json::{Value, json};
use trace::{Flows as _, Payments, Transfer};

use super::{account, address, amount, opened, time, when};
use trace::units::short;

pub(super) fn run(args: &TraceTransfersArgs) -> Result<Answer, Failure> {
    let payments = Payments::from(opened(&args.store)?);
    let account = account(&payments, &args.address)?;
    let numbers: Vec<u64> = payments.of(account).skip(args.from).take(args.most).collect();
    let rows: Vec<Vec<String>> = numbers
        .iter()
        .filter_map(|number| {
            let transfer = payments.transfer(*number)?;
            let (way, other) = match transfer.from == account {
                true => ("to", transfer.to),
                false => ("from", transfer.from),
            };
            let transaction = short(&payments.transaction(*number).unwrap_or_default());
            Some(vec![
                when(transfer.time),
                way.to_owned(),
                address(&payments, other),
                amount(&payments, transfer.asset, transfer.amount),
                visible(transaction.as_bytes()),
            ])
        })
        .collect();
    let shown: Vec<Value> = numbers.iter().filter_map(|number| transfer(&payments, *number)).collect();
    let text = match rows.is_empty() {
        true => "No transfers beyond these.".to_owned(),
        false => table(&["TIME (UTC)", "", "ADDRESS", "AMOUNT", "TRANSACTION"], &rows),
    };
    Ok(Answer::done(json!({"address": payments.address(account), "transfers": shown}), text))
}

/// A transfer for programs: its amount in the asset's smallest unit, as text.
pub(crate) fn transfer(payments: &Payments, number: u64) -> Option<Value> {
    payments.transfer(number).map(|transfer| told(payments, number, &transfer))
}

/// The same of one whose giver is known better. One of Bitcoin says which of its transaction's outputs it is.
pub(super) fn told(payments: &Payments, number: u64, transfer: &Transfer) -> Value {
    let mut value = json!({
        "number": number, "transaction": payments.transaction(number), "time": time(transfer.time).to_string(),
        "block": payments.block(number),
        "from": payments.address(transfer.from), "to": payments.address(transfer.to), "asset": payments.asset_name(transfer.asset),
        "amount": transfer.amount.to_string(), "decimals": payments.decimals(transfer.asset),
    });
    if let Some(output) = payments.output(number) {
        value["output"] = json!(output);
    }
    value
}
