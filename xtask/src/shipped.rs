//! What is shipped and told: the systemd unit and its drop-in stand in the docs word for word, and the recipe of the image names files that
//! are there.

use std::path::Path;

use anyhow::{Context as _, Result};

/// Files of `packaging`, and the page that shows each as an indented block.
const SHOWN: &[(&str, &str)] = &[
    ("packaging/bongsu.service", "docs/operate.md"),
    ("packaging/dns-port.conf", "docs/operate.md"),
    ("packaging/small.conf", "docs/small.md"),
];
/// The image's recipe.
const RECIPE: &str = "packaging/Containerfile";

pub(crate) fn check(root: &Path, faults: &mut Vec<String>) -> Result<()> {
    let read = |name: &str| std::fs::read_to_string(root.join(name)).with_context(|| name.to_owned());
    for (file, page) in SHOWN {
        if !shows(&read(page)?, &read(file)?) {
            faults.push(format!("{page} does not show {file} as it is"));
        }
    }
    let recipe = read(RECIPE)?;
    faults.extend(
        copied(&recipe)
            .filter(|file| !root.join(file).exists())
            .map(|file| format!("{RECIPE} copies {file}, which is not there")),
    );
    Ok(())
}

/// Whether a page has a text as a block of its own.
fn shows(page: &str, text: &str) -> bool {
    let block: String = text.lines().map(|line| format!("    {line}").trim_end().to_owned() + "\n").collect();
    page.contains(&block)
}

/// What the recipe takes from the project's folder, without what is built.
fn copied(recipe: &str) -> impl Iterator<Item = &str> {
    recipe.lines().filter_map(|line| {
        let mut words = line.strip_prefix("COPY ")?.split_whitespace();
        words.next().filter(|word| !word.starts_with("--") && !word.starts_with("target/"))
    })
}

#[cfg(test)]
mod tests {
    use super::{copied, shows};

    #[test]
    fn a_page_shows_a_file_or_does_not() {
        let (page, text) =
            ("Put it there:\n\n    [Unit]\n    A=b\n\n    [Service]\n\nthen\n", "[Unit]\nA=b\n\n[Service]\n");
        assert!(shows(page, text));
        assert!(!shows(&page.replace("A=b", "A=c"), text));
        assert!(!shows(page, "[Unit]\nA=b\nC=d\n"));
    }

    #[test]
    fn what_a_recipe_copies_is_found() {
        let recipe =
            "COPY . .\nCOPY --from=x /a /b\nCOPY packaging/ready /c\nCOPY target/release/bongsu /d\n";
        assert_eq!(copied(recipe).collect::<Vec<_>>(), [".", "packaging/ready"]);
    }
}
