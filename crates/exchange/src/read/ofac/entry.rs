//! One entry of the list, whichever file it came from, and what its remarks say.
//!
//! OFAC's tables have the dates of birth, papers, mail addresses and wallets of an entry in one text, `remarks`, items apart
//! by semicolons; the XML has them in elements. Both become the same items here, so that both files give the same objects.

/// Something that is said of an entry, in OFAC's own words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Item {
    /// What it is: `Passport`, `Email Address`, `Digital Currency Address - XBT`, ….
    pub(super) kind: String,
    /// What it says, with place and dates as published.
    pub(super) text: String,
}

/// One entry.
#[derive(Debug, Clone, Default)]
pub(super) struct Entry {
    /// OFAC's number of the entry: it stays the same from list to list.
    pub(super) number: String,
    /// The name as published: `KIM, Yong Chol` for persons.
    pub(super) name: String,
    /// `individual`, `vessel`, `aircraft`, or empty for everything else.
    pub(super) kind: String,
    pub(super) programmes: Vec<String>,
    pub(super) title: String,
    /// Call sign, type, tonnage, flag and owner of a vessel.
    pub(super) vessel: Vec<Item>,
    pub(super) aliases: Vec<Item>,
    pub(super) addresses: Vec<String>,
    pub(super) items: Vec<Item>,
    /// Remarks as they came.
    pub(super) remarks: String,
    /// The remarks are cut off, and nothing said how they go on.
    pub(super) is_cut: bool,
    /// Where it stands.
    pub(super) path: String,
}

const WALLET: &str = "Digital Currency Address - ";

/// What items of remarks begin with, longest first where one begins another.
const KINDS: [&str; 18] = [
    "DOB",
    "POB",
    "nationality",
    "citizen",
    "Gender",
    "Email Address",
    "Website",
    "Phone Number",
    "Passport",
    "National ID No.",
    "Identification Number",
    "Tax ID No.",
    "Registration Number",
    "Organization Established Date",
    "Organization Type:",
    "SWIFT/BIC",
    "Linked To:",
    "Vessel Registration Identification",
];

impl Entry {
    /// Takes the remarks apart. A text within quotes may hold semicolons.
    pub(super) fn read_remarks(&mut self) {
        let remarks = self.remarks.clone();
        let mut parts = parts(&remarks);
        if self.is_cut
            && let Some(cut) = parts.pop()
        {
            // Half an address is another address, or none.
            self.items.push(Item { kind: "remark (cut off)".to_owned(), text: cut.trim().to_owned() });
        }
        for part in parts {
            let part = part.trim().trim_end_matches('.').trim();
            let bare = part.strip_prefix("alt. ").unwrap_or(part);
            if let Some(name) = alias(bare) {
                self.aliases.push(Item { kind: "a.k.a. (remarks)".to_owned(), text: name.to_owned() });
            } else if let Some(rest) = bare.strip_prefix(WALLET) {
                let (currency, address) = rest.split_once(' ').unwrap_or(("", rest));
                self.items
                    .push(Item { kind: format!("{WALLET}{currency}"), text: address.trim().to_owned() });
            } else if let Some(kind) = KINDS.into_iter().find(|kind| bare.starts_with(kind)) {
                let text = bare.get(kind.len()..).unwrap_or_default().trim().to_owned();
                self.items.push(Item { kind: kind.trim_end_matches(':').to_owned(), text });
            } else if !part.is_empty() {
                self.items.push(Item { kind: "remark".to_owned(), text: part.to_owned() });
            }
        }
    }

    /// Currency and address of each wallet.
    pub(super) fn wallets(&self) -> impl Iterator<Item = (&str, &str)> {
        self.items.iter().filter_map(|item| Some((item.kind.strip_prefix(WALLET)?, item.text.as_str())))
    }

    /// What is said under one of `kinds`.
    pub(super) fn said<'e>(&'e self, kinds: &'e [&str]) -> impl Iterator<Item = &'e str> {
        self.items.iter().filter(|item| kinds.contains(&item.kind.as_str())).map(|item| item.text.as_str())
    }
}

/// The name in `a.k.a. 'KOMID'`.
fn alias(part: &str) -> Option<&str> {
    let rest = part
        .strip_prefix("a.k.a. ")
        .or_else(|| part.strip_prefix("f.k.a. "))
        .or_else(|| part.strip_prefix("n.k.a. "))?;
    let name = rest.trim().trim_start_matches('\'').trim_end_matches('\'');
    (!name.is_empty()).then_some(name)
}

/// The items of remarks.
fn parts(remarks: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = remarks;
    while !rest.is_empty() {
        // `a.k.a. 'A; B'`: the quote ends where a semicolon or the text's end follows it.
        let quoted = alias(rest.trim_start()).is_some() && rest.contains("'");
        let end = match quoted.then(|| quote_end(rest)).flatten() {
            Some(end) => end,
            None => rest.find(';').unwrap_or(rest.len()),
        };
        let (part, more) = rest.split_at(end);
        found.push(part);
        rest = more.strip_prefix(';').unwrap_or(more);
    }
    found
}

fn quote_end(rest: &str) -> Option<usize> {
    let start = rest.find('\'')? + 1;
    let from = rest.get(start..)?;
    let close = ["';", "'.", "' ;"].iter().filter_map(|close| from.find(close)).min();
    Some(close.map_or(rest.len(), |at| start + at + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remarks_are_taken_apart() {
        let remarks = "DOB 25 Mar 1977; alt. DOB 1976; POB Wuhan City, Hubei, China; Digital Currency Address - XBT \
                       12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h; alt. Digital Currency Address - ETH 0xab; Chinese Commercial \
                       Code 7346; a.k.a. 'ZHOU; William'; a.k.a. 'YAN, Steven'.";
        let mut entry = Entry { remarks: remarks.to_owned(), ..Entry::default() };
        entry.read_remarks();
        assert_eq!(entry.said(&["DOB"]).collect::<Vec<_>>(), ["25 Mar 1977", "1976"]);
        assert_eq!(entry.said(&["POB"]).collect::<Vec<_>>(), ["Wuhan City, Hubei, China"]);
        let wallets: Vec<_> = entry.wallets().collect();
        assert_eq!(wallets, [("XBT", "12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h"), ("ETH", "0xab")]);
        let aliases: Vec<_> = entry.aliases.iter().map(|alias| alias.text.as_str()).collect();
        assert_eq!(aliases, ["ZHOU; William", "YAN, Steven"]);
        assert_eq!(entry.said(&["remark"]).collect::<Vec<_>>(), ["Chinese Commercial Code 7346"]);
    }
}
