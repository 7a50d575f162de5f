//! `bongsu init`: a data folder with key, secret and a commented configuration file.

use crate::answer::Answer;
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
/// When the folder is a node's already, can't be written, or the name is no key name.
pub(crate) fn run(dir: &Path, args: &InitArgs) -> Result<Answer, Failure> {
    let folder = Folder::new(dir);
    create(&folder, &args.name)?;
    if !folder.config().exists() {
        std::fs::write(folder.config(), TEMPLATE).map_err(|error| {
            Failure::new(format!("{} can't be written: {error}", folder.config().display()))
        })?;
    }
    let held = folder.hold()?;
    let node = Node::open(&folder, Config::default())?;
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
