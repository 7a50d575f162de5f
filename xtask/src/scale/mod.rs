//! `cargo xtask scale`: a day of a federation, simulated with what single things were measured to cost.
//!
//! What comes out is no better than what goes in: the costs are those of `cargo xtask bench costs`, how much is brought and how far it
//! goes are assumptions, which docs/scale.md names. What it is good for is proportions: what grows fastest, and what breaks first.

mod day;
mod dice;
mod told;
mod world;

use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use crate::bench::costs::{Costs, FILE};
use day::{Outcome, Plan};
use dice::Dice;
use world::{Links, Size, World};

/// The page with the tables.
const PAGE: &str = "docs/scale.md";
/// Between these two lines stand the tables.
const BEGIN: &str = "<!-- made by cargo xtask scale --docs -->";
const END: &str = "<!-- end -->";
/// How much more is brought, step by step.
const GROWTH: [f64; 5] = [1.0, 2.0, 4.0, 8.0, 16.0];

/// Options of `cargo xtask scale`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// Nodes
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(2..=10_000))]
    nodes: u32,
    /// Nodes in a region
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(2..=1_000))]
    region: u32,
    /// Members, at all nodes together
    #[arg(long, default_value_t = 5_000)]
    members: u32,
    /// Objects that are brought in a day, at all nodes together
    #[arg(long, default_value_t = 10_000_000)]
    objects: u32,
    /// Cores of a node
    #[arg(long, default_value_t = 2)]
    cores: u32,
    /// Memory of a node, in GiB
    #[arg(long, default_value_t = 24)]
    memory: u32,
    /// Days after which memory and starts are looked at
    #[arg(long, default_value_t = 30)]
    days: u32,
    /// Where chance begins
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Write the tables into docs/scale.md
    #[arg(long)]
    docs: bool,
}

/// One day that was simulated.
struct Lived {
    world: World,
    outcome: Outcome,
}

/// Simulates, and prints the tables.
pub(crate) fn run(args: &Args) -> Result<()> {
    ensure!(args.objects > 0 && args.cores > 0, "without objects or cores nothing happens");
    let text = std::fs::read_to_string(FILE)
        .with_context(|| format!("{FILE} can't be read; `cargo xtask bench costs --docs` makes it"))?;
    let costs: Costs =
        serde_json::from_str(&text).with_context(|| format!("{FILE} is not what it was made as"))?;
    let tables = tables(args, &costs);
    if !args.docs {
        print!("{tables}");
        return Ok(());
    }
    let page = std::fs::read_to_string(PAGE).with_context(|| format!("{PAGE} can't be read"))?;
    std::fs::write(Path::new(PAGE), put_in(&page, &tables)?)
        .with_context(|| format!("{PAGE} can't be written"))
}

/// The page with other tables.
fn put_in(page: &str, tables: &str) -> Result<String> {
    let (before, rest) = page.split_once(BEGIN).with_context(|| format!("{PAGE} has no line `{BEGIN}`"))?;
    let (_, after) = rest.split_once(END).with_context(|| format!("{PAGE} has no line `{END}`"))?;
    Ok(format!("{before}{BEGIN}\n\n{tables}\n{END}{after}"))
}

fn tables(args: &Args, costs: &Costs) -> String {
    let live = |links, more: f64, hub_cores: f64| {
        let size = Size {
            nodes: args.nodes as usize,
            members: args.members as usize,
            region: args.region as usize,
            small_circles: 3,
        };
        let world = World::new(&size, links, &mut Dice::new(args.seed));
        let cores = f64::from(args.cores);
        let objects = f64::from(args.objects) * more;
        let plan = Plan { objects, cores, hub_cores: hub_cores * cores, latency_s: 0.1, bytes_s: 12.5e6 };
        let outcome = day::live(&world, costs, &plan, args.seed);
        Lived { world, outcome }
    };
    let star = live(Links::Star, 1.0, 1.0);
    let mut text = told::inputs(costs);
    text += &told::per_million(costs, &star.outcome);
    text += &told::spread(&star.outcome);
    text += &told::work(&star);
    let mesh = live(Links::Mesh, 1.0, 1.0);
    text += &told::nodes(args, costs, &[("star", &star), ("mesh", &mesh)]);
    drop(mesh);
    for (title, more_cores) in [
        ("Hubs as all others", 1.0),
        ("Hubs with four times the cores (four nodes beside one database)", 4.0),
    ] {
        let grown: Vec<_> = GROWTH.iter().map(|more| (*more, live(Links::Star, *more, more_cores))).collect();
        text += &told::growth(args, costs, (title, more_cores * f64::from(args.cores)), &grown);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_take_the_place_of_older_ones_and_nothing_else_changes() {
        let page = format!("# A\n\n{BEGIN}\nold\n{END}\n\nrest\n");
        let new = put_in(&page, "| new |\n").unwrap();
        assert_eq!(new, format!("# A\n\n{BEGIN}\n\n| new |\n\n{END}\n\nrest\n"));
        assert_eq!(put_in(&new, "| new |\n").unwrap(), new);
        assert!(put_in("# A\n", "x").is_err());
    }
}
