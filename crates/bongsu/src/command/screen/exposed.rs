//! What is shown of what a wallet is exposed to.

use deliver::screening::exposure::{Exposure, OfAsset, Row, Side};
use trace::U256;
use trace::units::{short, told};

use crate::answer::table;
use crate::terminal::visible;

/// What the columns are.
const COLUMNS: [&str; 8] = ["WAY", "ASSET", "KIND", "DIRECT", "INDIRECT", "SHARE", "HOPS", "MOST OF IT"];

/// In lines.
pub(super) fn shown(exposure: &Exposure) -> String {
    let mut text = format!("  on {}: {}", plain(&exposure.chain), transfers(exposure));
    if let Some(upto) = &exposure.upto {
        text.push_str(&format!("; known up to {} (block {})", upto.time, upto.block));
    }
    if let Some(label) = &exposure.label {
        let (name, category, source) = (plain(&label.name), label.category, plain(&label.source));
        text.push_str(&format!("; it is {name} ({category}), says {source}"));
    }
    text.push('\n');
    if let Some(why) = &exposure.cut_off {
        text.push_str(&format!("  {}\n", plain(why)));
    }
    let sides = [("from", &exposure.sources), ("to", &exposure.sinks)];
    let rows: Vec<Vec<String>> = sides.iter().flat_map(|(way, side)| rows(way, side)).collect();
    if !rows.is_empty() {
        text.extend(table(&COLUMNS, &rows).lines().map(|line| format!("    {line}\n")));
    }
    for (way, side) in sides.iter().filter(|(_, side)| side.assets_left_off > 0) {
        text.push_str(&format!("  {way}: {} assets more are not shown\n", side.assets_left_off));
    }
    text
}

fn transfers(exposure: &Exposure) -> String {
    match exposure.transfers {
        0 => "no transfer of it is known".to_owned(),
        1 => "1 transfer".to_owned(),
        count => format!("{count} transfers"),
    }
}

fn rows(way: &str, side: &Side) -> Vec<Vec<String>> {
    let of =
        |asset: &OfAsset| -> Vec<Vec<String>> { asset.rows.iter().map(|one| row(way, asset, one)).collect() };
    side.assets.iter().flat_map(of).collect()
}

fn row(way: &str, asset: &OfAsset, row: &Row) -> Vec<String> {
    let amount = |digits: &str| {
        let amount: U256 = digits.parse().unwrap_or(U256::ZERO);
        plain(&told(amount, &asset.asset, asset.decimals))
    };
    let mut parties: Vec<String> = row
        .largest
        .iter()
        .map(|party| match party.label.as_deref().filter(|name| !name.is_empty()) {
            Some(name) => plain(name),
            None => short(&plain(&party.address)),
        })
        .collect();
    parties.dedup();
    vec![
        way.to_owned(),
        short(&plain(&asset.asset)),
        row.kind.to_owned(),
        amount(&row.direct),
        amount(&row.indirect),
        format!("{}.{:02} %", row.ppm / 10_000, row.ppm / 100 % 100),
        row.hops_least.to_string(),
        parties.join(", "),
    ]
}

/// What came from outside must not steer a terminal.
fn plain(text: &str) -> String {
    visible(text.as_bytes())
}
