//! `cargo xtask dist`: from a release build to what is handed out: a package for Debian, an archive, the bill of materials, sums.
//!
//! Two runs over the same program at the same commit give the same bytes: times are those of the commit (or `SOURCE_DATE_EPOCH`),
//! names are sorted, owners are numbers, and nothing of this machine is written. The program itself is not built here.

mod archive;
mod bundled;
mod deb;
mod moment;
mod notices;
mod parts;
mod program;
mod sbom;
mod stage;
mod sums;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::tidy;
use moment::Moment;
use parts::Parts;
use program::Program;

/// What the package is called.
const NAME: &str = "bongsu";

/// Options of `cargo xtask dist`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The program that is packed, built before
    #[arg(long, value_name = "FILE", default_value = "target/packed/bongsu")]
    program: PathBuf,
    /// Where the files go
    #[arg(long, value_name = "DIR", default_value = "target/dist")]
    out: PathBuf,
    /// The same program built for this machine, if the packed one is for another: it writes the manual and the completions
    #[arg(long, value_name = "FILE")]
    with: Option<PathBuf>,
    /// Who answers for the package, as Debian writes it
    #[arg(
        long,
        value_name = "NAME <ADDRESS>",
        env = "BONGSU_MAINTAINER",
        default_value = "Bongsu <bongsu@localhost>"
    )]
    maintainer: String,
    /// Pack quickly and not small: to try things
    #[arg(long)]
    quick: bool,
}

/// What all parts of a release need to know.
pub(crate) struct Release<'a> {
    /// The project's folder.
    root: &'a Path,
    /// The project's version.
    version: String,
    program: Program,
    moment: Moment,
    maintainer: &'a str,
    quick: bool,
}

/// Makes the files.
pub(crate) fn run(args: &Args) -> Result<()> {
    let program = Program::read(&args.program)?;
    let metadata = tidy::metadata(Some(program.triple))?;
    let root = metadata.workspace_root.as_std_path();
    let package = metadata.workspace_packages().into_iter().find(|package| package.name.as_str() == NAME);
    let version = package.context("the workspace has no package of this name")?.version.to_string();
    let release = Release {
        root,
        version,
        program,
        moment: Moment::of(root)?,
        maintainer: &args.maintainer,
        quick: args.quick,
    };
    let parts = Parts::of(&metadata, root, release.program.triple)?;
    std::fs::create_dir_all(&args.out).with_context(|| args.out.display().to_string())?;
    let bill = sbom::text(&release, &parts)?;
    let notices = notices::text(root, &parts)?;

    // What lies in it goes into both packages; the folder's name is the archive's first.
    let work = tempfile::Builder::new().prefix("dist-").tempdir_in(&args.out)?;
    let tree = work.path().join(archive::folder(&release));
    let maker = args.with.as_deref().unwrap_or(&args.program);
    stage::fill(&release, maker, &tree, &stage::Made { bill: &bill, notices: &notices })?;
    let made = [
        archive::make(&release, &tree, &args.out)?,
        deb::make(&release, &tree, &args.out)?,
        write(&args.out.join("bongsu.cdx.json"), bill.as_bytes())?,
    ];
    let sums = sums::write(&args.out, &made)?;
    for file in made.iter().chain([&sums]) {
        println!("{} ({} bytes)", file.display(), std::fs::metadata(file)?.len());
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Result<PathBuf> {
    std::fs::write(path, bytes).with_context(|| path.display().to_string())?;
    Ok(path.to_owned())
}
