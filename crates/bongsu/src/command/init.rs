//! `bongsu init`: a data folder with key, secret and a commented configuration file.

use crate::answer::Answer;
use crate::beside::Shared;
use crate::cli::InitArgs;
use crate::command::credential;
use crate::config::{Config, TEMPLATE};
use crate::exit::Failure;
use crate::folder::{Folder, SECRET_BYTES, Secrets};
use crate::node::Node;
use serde_json::json;
use std::path::Path;

/// Makes the folder and the operator's first token.
///
/// # Errors
/// When the folder is a node's already, can't be written, the name is no key name, or the database that is configured does not answer.
pub(crate) fn run(dir: &Path, args: &InitArgs, config: Config) -> Result<Answer, Failure> {
    let folder = Folder::new(dir);
    if let Some(from) = &args.beside {
        return beside(&folder, from);
    }
    create(&folder, &args.name)?;
    write_template(&folder)?;
    let held = folder.hold()?;
    // What the environment or a file that was there before says of the database holds from the first record on.
    let node = Node::open(&folder, config).map_err(|failure| match failure.hint {
        Some(_) => failure,
        None => failure.hint(
            "the folder is made; when this is mended, `bongsu member token --operator` makes the operator's token",
        ),
    })?;
    let made = credential::make_token(&node, credential::Holder::Operator, None, None)?;
    drop(node);
    drop(held);
    let config = folder.config();
    let text = format!(
        "Node {} is ready in {}.\n\
         Operator's token, shown this once: {}\n\
         Next: bongsu member add HANDLE --name NAME --level LEVEL\n      \
         bongsu circle add HANDLE --member MEMBER\n      \
         bongsu serve    (configuration: {})\n",
        args.name,
        dir.display(),
        made.token,
        config.display()
    );
    let json = json!({
        "data": dir, "name": args.name, "config": config,
        "operator": {"id": made.id, "token": made.token, "expires": made.expires},
    });
    Ok(Answer::done(json, text))
}

/// Writes the commented configuration, where there is none.
fn write_template(folder: &Folder) -> Result<(), Failure> {
    if folder.config().exists() {
        return Ok(());
    }
    std::fs::write(folder.config(), TEMPLATE)
        .map_err(|error| Failure::new(format!("{} can't be written: {error}", folder.config().display())))
}

/// Makes the folder of another node beside the same database.
fn beside(folder: &Folder, from: &Path) -> Result<Answer, Failure> {
    let shared = Shared::read(from)?;
    shared.make(folder)?;
    write_template(folder)?;
    let (dir, config, name) = (folder.dir(), folder.config(), shared.name());
    let text = format!(
        "Another folder of node {name} is ready in {}: tokens, keys and members are those that there are.\n\
         Next: look through {} (addresses, files, database.url), then bongsu serve\n",
        dir.display(),
        config.display()
    );
    Ok(Answer::done(json!({"data": dir, "name": name, "config": config}), text))
}

/// Makes the folder with fresh secrets.
///
/// # Errors
/// As [`run`].
pub(crate) fn create(folder: &Folder, name: &str) -> Result<(), Failure> {
    // A C2SP signed note's key name holds no space and no plus.
    if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c == '+' || c.is_control()) {
        return Err(Failure::usage(format!("`{name}` can't be the node's name"))
            .hint("it stands in signed checkpoints: no spaces, no +; usually a domain name"));
    }
    folder.create(&Secrets { name: name.to_owned(), node_seed: random()?, token_secret: random()? })
}

/// Random bytes from the operating system.
///
/// # Errors
/// When it has none to give.
pub(crate) fn random() -> Result<[u8; SECRET_BYTES], Failure> {
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::new(format!("the operating system gives no random bytes: {error}")))?;
    Ok(bytes)
}
