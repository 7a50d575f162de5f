//! What is kept, as pages: docs/benchmarks.md with every figure, and the table in README.md with those that most ask for.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use super::kept::{Kept, KeptRow};
use super::readme::ROWS;
use super::table::grouped;

const PAGE: &str = "docs/benchmarks.md";
const README: &str = "README.md";
const BEGIN: &str = "<!-- figures: written by `cargo xtask bench --docs` -->\n";
const END: &str = "<!-- end of figures -->";

/// A benchmark's name, its title, and how it measures.
const GROUPS: &[(&str, &str, &str)] = &[
    (
        "ingest",
        "Ingest and paging",
        "One client posts envelopes of 1,000 indicators of about 800 bytes over TAXII, each when the one before was acknowledged, which is when it is on the disk. Then the node is started anew, and a member that did not bring them reads: the first page at once, all pages when the node has made ready what it does aside after a start. Beside it: the same bytes written to a file and synced, and one page served from memory by the same HTTP library.",
    ),
    (
        "singles",
        "Single objects",
        "Sixteen clients, one object an envelope, each answer durable; beside it a server on the same HTTP library that keeps nothing.",
    ),
    (
        "growth",
        "Growth",
        "As ingest, for ten times as many objects each time, with the lines in a file of SQLite and in PostgreSQL on the same cores: [growth.md](growth.md).",
    ),
    (
        "soak",
        "Under constant load",
        "100 objects a second that end after two minutes, in newer versions, revoked, withdrawn; lists, pages, screening; tokens made and taken back. Memory beside what is kept for each record, and open files, are to stay as they are.",
    ),
    (
        "costs",
        "What single things cost",
        "Processor time of the node alone, for the simulation in [scale.md](scale.md).",
    ),
    ("demo", "Demo", "From the start of `bongsu demo` to its first page."),
    (
        "validate",
        "Validation",
        "Every rule of STIX 2.1 over the objects of a bundle in memory, one core; beside it only their heads are read.",
    ),
    (
        "pattern",
        "Patterns",
        "STIX patterns read, and matched against observations; beside it a loop over all patterns.",
    ),
    ("misp", "MISP", "A feed of 100,000 attributes in a folder, read, converted and kept."),
    (
        "protect",
        "Protection",
        "From the POST of an indicator to its refusal by a resolver that carries the zone, while other objects come in.",
    ),
    (
        "zone",
        "Zones",
        "A zone of a million names: transferred whole into BIND, as a difference, and 200 servers told of a change.",
    ),
    (
        "hunt",
        "Hunting",
        "A million domains looked for in a DNS log of 303 MB; beside it grep with the same list.",
    ),
    (
        "screening",
        "Screening",
        "Ten million values in memory in a process of its own; and over HTTP beside the same server's bare answer.",
    ),
    ("private", "Private screening", "Evaluations in process and over HTTP, and what a filter takes."),
    (
        "pages",
        "Pages",
        "The pages that a member opens, one after the other over one connection, among so many objects that it brought itself.",
    ),
    (
        "timing",
        "Timing",
        "Whether the time of an answer tells what is forbidden from what is absent: the difference in deviations from what chance makes.",
    ),
    (
        "library",
        "Libraries",
        "The crates by themselves, each as an example in a process of its own: signatures, proofs in a tree of 100 million records, IATI, sightings, search while objects come in.",
    ),
    (
        "small",
        "A small machine",
        "A node with 100,000 indicators on one core that may use so much memory, and what happens when more comes: [small.md](small.md).",
    ),
    (
        "trace",
        "Tracing",
        "Transfers loaded and stolen ones followed: [trace-growth.md](trace-growth.md). Beside it DuckDB and igraph, which go four hops without amounts or times.",
    ),
];

/// Writes both; README's table only when all of its figures are there.
pub(super) fn write(root: &Path, kept: &Kept) -> Result<()> {
    std::fs::write(root.join(PAGE), page(kept))?;
    let missing = missing(kept);
    if !missing.is_empty() {
        eprintln!("{README} stays as it is: not measured are {}", missing.join(", "));
        return Ok(());
    }
    let readme = std::fs::read_to_string(root.join(README))?;
    std::fs::write(root.join(README), with_table(&readme, &table(kept)?)?)?;
    Ok(())
}

/// That both say what is kept.
pub(crate) fn check(root: &Path) -> Result<Vec<String>> {
    let kept = Kept::read(root)?;
    let readme = std::fs::read_to_string(root.join(README))?;
    let mut wrong = Vec::new();
    if missing(&kept).is_empty() && with_table(&readme, &table(&kept)?)? != readme {
        wrong.push(format!("{README}: its figures are not those of {}", super::kept::FILE));
    }
    if std::fs::read_to_string(root.join(PAGE)).context(PAGE)? != page(&kept) {
        wrong.push(format!("{PAGE} is not what {} makes", super::kept::FILE));
    }
    Ok(wrong)
}

fn page(kept: &Kept) -> String {
    let machine = &kept.machine;
    let mut page = format!(
        "# Benchmarks\n\n\
         `cargo xtask bench --docs` measures all of this with a release build and writes this page, [benchmarks.json](benchmarks.json) and README's table; \
         `cargo xtask bench ingest hunt --docs` only some of it. It takes about an hour; what has peers is compared with those that are installed. The node is its own process, \
         clients speak to it over the network of the same machine and run on the same cores, and the store lies on the disk that holds the build. Figures differ by a tenth \
         from run to run with what else the machine does. \"Goal\" is what the project asks of itself.\n\n\
         Last on: {}, {} cores, {} GiB of memory; {}; commit {}. Versions: {}.\n",
        machine.processor,
        machine.cores,
        machine.memory_gib,
        machine.system,
        machine.commit,
        machine
            .versions
            .iter()
            .map(|(name, version)| format!("{name} {version}"))
            .collect::<Vec<_>>()
            .join(", "),
    );
    for (group, title, method) in GROUPS {
        let rows: Vec<&KeptRow> = kept.figures.iter().filter(|kept| kept.row.group == *group).collect();
        if rows.is_empty() {
            continue;
        }
        // A string takes all that is written to it.
        let _never = write!(
            page,
            "\n## {title}\n\n{method}\n\n| what | measured | goal | beside it | on |\n| --- | ---: | --- | --- | --- |\n"
        );
        for KeptRow { on, row } in rows {
            let beside =
                row.ratio.as_ref().map_or_else(String::new, |of| format!("{:.2} of {}", of.ratio, of.to));
            let (name, value, unit, goal) = (&row.name, grouped(row.value), &row.unit, &row.goal);
            let _never = writeln!(page, "| {name} | {value} {unit} | {goal} | {beside} | {on} |");
        }
    }
    page
}

/// Figures that README's table wants and nobody has measured.
fn missing(kept: &Kept) -> Vec<&'static str> {
    let texts = ROWS.iter().flat_map(|[_, measured, beside]| [*measured, *beside]);
    let names = texts.flat_map(|text| text.split('{').skip(1)).filter_map(|part| part.split('}').next());
    let names = names.map(|name| name.strip_prefix("ratio ").unwrap_or(name));
    names.filter(|name| kept.find(name).is_none()).collect()
}

/// README's table.
fn table(kept: &Kept) -> Result<String> {
    let mut table = String::from("| work | measured | beside it |\n| --- | --- | --- |\n");
    for [work, measured, beside] in ROWS {
        let _never = writeln!(table, "| {work} | {} | {} |", filled(measured, kept)?, filled(beside, kept)?);
    }
    Ok(table)
}

/// A text with its figures: `{name}` is a value, `{ratio name}` the ratio beside it.
fn filled(text: &str, kept: &Kept) -> Result<String> {
    let (mut told, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) =
            after.split_once('}').with_context(|| format!("`{text}` has a `{{` without an end"))?;
        told.push_str(before);
        let find = |name: &str| {
            kept.find(name).with_context(|| format!("`{name}` was not measured, and README's table wants it"))
        };
        let value = match name.split_once(' ') {
            Some(("ratio", name)) => {
                find(name)?.ratio.as_ref().with_context(|| format!("`{name}` has nothing beside it"))?.ratio
            }
            _ => find(name)?.value,
        };
        told.push_str(&short(value));
        rest = after;
    }
    told.push_str(rest);
    Ok(told)
}

/// Two to three digits that count, thousands apart: more would promise what the next run does not keep.
fn short(value: f64) -> String {
    if value.abs() < 10.0 {
        let text = format!("{value:.2}");
        return text.strip_suffix(".00").map_or_else(|| text.clone(), str::to_owned);
    }
    let unit = 10_f64.powf((value.abs().log10().floor() - 2.0).max(0.0));
    grouped((value / unit).round() * unit)
}

fn with_table(readme: &str, table: &str) -> Result<String> {
    let Some((before, rest)) = readme.split_once(BEGIN) else {
        bail!("{README} has no place for figures: {BEGIN}")
    };
    let (_, after) = rest.split_once(END).with_context(|| format!("{README} has no {END}"))?;
    Ok(format!("{before}{BEGIN}\n{table}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::super::machine::Machine;
    use super::super::table::{Ratio, Row};
    use super::*;

    fn kept() -> Kept {
        let mut kept = Kept::default();
        let ratio = Some(Ratio { to: "a bare server".into(), ratio: 0.25 });
        let text = str::to_owned;
        kept.take(
            Machine::default(),
            "2026-11-30",
            vec![Row {
                group: text("ingest"),
                name: text("paging"),
                value: 431_234.0,
                unit: text("objects/s"),
                goal: text("≥ 300,000"),
                ratio,
            }],
        );
        kept
    }

    #[test]
    fn texts_are_filled_with_figures_and_their_ratios() {
        let told = filled("{paging} objects/s, {ratio paging} of a bare server", &kept()).unwrap();
        assert_eq!(told, "431,000 objects/s, 0.25 of a bare server");
        assert!(filled("{what is not there}", &kept()).is_err());
    }

    #[test]
    fn the_page_has_a_row_for_each_figure() {
        let page = page(&kept());
        assert!(
            page.contains("| paging | 431,234 objects/s | ≥ 300,000 | 0.25 of a bare server | 2026-11-30 |"),
            "{page}"
        );
    }

    #[test]
    fn a_table_takes_the_place_of_the_one_before() {
        let readme = format!("a\n{BEGIN}\nold\n{END}\nb");
        assert_eq!(with_table(&readme, "new\n").unwrap(), format!("a\n{BEGIN}\nnew\n\n{END}\nb"));
        assert!(with_table("nothing", "new").is_err());
    }

    #[test]
    fn every_benchmark_has_a_title() {
        let names: Vec<&str> = GROUPS.iter().map(|(name, ..)| *name).collect();
        for what in <super::super::What as clap::ValueEnum>::value_variants() {
            let name = super::super::name(*what);
            assert!(names.contains(&name.as_str()), "{name}");
        }
    }
}
