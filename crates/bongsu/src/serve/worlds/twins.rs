//! Pairs of worlds that differ in what one member may not see: whatever that member asks, both answer alike, byte for byte.
//!
//! Each mask here says why it is there. What is masked is drawn by chance at each build, or is the root of a line, which may be known.

use exchange::transparency::proof::FORM;
use policy::{Level, Right};
use serde_json::Value;
use uuid::Uuid;

use super::build::{Built, Shown, Told};
use super::crawl::{CHANGING, Question};
use super::draw::{Draw, HEX};
use super::people::Session;
use super::{ASKED_BY_PERSON, ASKED_OF_TWINS, CHANGED, Count, Crawl, SIGHTING, Who, way};

/// Proofs that are compared in a pair.
const PROVEN: usize = 3;
/// Pages that show something drawn by chance: what binds a form before log-in, an invitation, a token, a secret for codes.
const DRAWS: [&str; 8] = [
    "/login",
    "/login/oidc",
    "/login/passkey",
    "/people",
    "/people/tokens",
    "/people/{user}/{change}",
    "/account/codes",
    "/account/passkeys",
];

/// Builds the world again with something else in the place of what one member may not see, and asks both the same as that member.
pub(super) async fn compare(mut crawl: Crawl<'_>, draw: &mut Draw) {
    let (world, seed) = (crawl.world, crawl.seed);
    let member = draw.below(world.members.len());
    let unseen = world.unseen(member);
    let twin = world.twin(member);
    let other = Built::of(&twin);
    crawl.count.unseen += unseen.len();
    // Built anew, because what was asked of the first before may have changed it.
    let one = Built::of(world);
    crawl.built = &one;
    let token = &one.tokens[member];
    let told_apart = |question: &Question, here: &Told, there: &Told, count: &mut Count| {
        // How long a line is may be known; its root is that of all that is in it.
        let is_tree = question.path.starts_with("/log/") && !question.path.ends_with("/openings")
            || question.route == "/circles/{circle}/checkpoint";
        let (mut here, mut there) = (steady(here), steady(there));
        if is_tree {
            for told in [&mut here, &mut there] {
                told.body = tree_without_hashes(&question.path, &told.body);
                told.headers.retain(|line| !line.starts_with("etag"));
            }
        }
        // Where something else in its place makes no record, or one more, the lines differ in length, and whatever tells that.
        if lengths(&one) != lengths(&other) {
            for told in [&mut here, &mut there] {
                told.body = without_size(&told.body);
            }
        }
        // How long lines are may be known: acts have their numbers in the node's, and screening says how far each list was read.
        let numbers = [
            ("/acts", "<td class=\"num\">"),
            ("/acts.csv", "\n"),
            ("/acts.json", "\"number\":"),
            ("/screen", " at "),
        ];
        for (path, before) in numbers {
            if question.path.starts_with(path) {
                for told in [&mut here, &mut there] {
                    told.body = without_numbers_behind(before, &told.body);
                    told.headers.retain(|line| !line.starts_with("content-length"));
                }
            }
        }
        if question.method == "POST" && CHANGING.iter().any(|(route, ..)| *route == question.route) {
            // MISP's numbers follow from ids, and those of what is made now are drawn by chance.
            here.body = without_numbers(&here.body);
            there.body = without_numbers(&there.body);
            for told in [&mut here, &mut there] {
                told.headers.retain(|line| !line.starts_with("content-length"));
            }
        }
        if here != there {
            count.leaks.push(format!(
                "BONGSU_WORLD={seed}: {question:?} as {member} tells the worlds apart: {}\n{:?}\nunseen {unseen:?} of {:#?}",
                difference(&here, &there),
                world.members[member],
                world.things
            ));
        }
        count.compared += 1;
    };
    for number in 0..ASKED_OF_TWINS + CHANGED {
        let way = if number < ASKED_OF_TWINS { way(draw) } else { &CHANGING[draw.below(CHANGING.len())] };
        let question = Question::drawn(way, world, (Some(member), token), &unseen, draw);
        // Whoever has a link is shown what it is for.
        if !question.shows.is_empty() {
            continue;
        }
        // What a sighting was added to is named, whatever the token may read: no-leaks.md says so.
        if question.route == SIGHTING
            && world.members[member].scopes.is_some_and(|scopes| !scopes.has(Right::Read))
        {
            continue;
        }
        let here = crawl.ask(Who::token(Some(member)), &question).await;
        let there = other.ask(question.request_with("x"), Shown::Token(token)).await;
        told_apart(&question, &here, &there, crawl.count);
        if number >= ASKED_OF_TWINS {
            let at = question.path.split('/').nth(3).unwrap_or_default();
            let look = Question::look(&format!("/api/collections/{at}/objects/?match[version]=all"));
            let (here, there) = (
                crawl.ask(Who::token(Some(member)), &look).await,
                other.ask(look.request_with("x"), Shown::Token(token)).await,
            );
            told_apart(&look, &here, &there, crawl.count);
        }
    }
    // Whatever is proven to the member is proven alike, whatever else is in the line.
    let seen = (0..world.things.len()).filter(|at| world.sees(member, *at, Level::Exchange));
    for at in seen.take(PROVEN) {
        let (thing, is_file) = (&world.things[at], draw.in_100(50));
        let question = Question::proof(&world.circles[thing.circle].handle, &thing.id, is_file);
        let here = crawl.ask(Who::token(Some(member)), &question).await;
        let there = other.ask(question.request_with("x"), Shown::Token(token)).await;
        told_apart(&question, &here, &there, crawl.count);
    }
    for clerk in (0..world.clerks.len()).filter(|clerk| world.clerks[*clerk].member == member) {
        let (here, there) = (one.log_in(world, clerk).await, other.log_in(&twin, clerk).await);
        let (Some(session), Some(there)) = (here, there) else { continue };
        crawl.sessions.insert(clerk, session.clone());
        let who = Who { member: Some(member), clerk: Some(clerk) };
        for _ in 0..ASKED_BY_PERSON {
            let question = Question::drawn(way(draw), world, (Some(member), ""), &unseen, draw);
            if !question.shows.is_empty() || DRAWS.contains(&question.route) {
                continue;
            }
            let told = crawl.ask(who, &question).await;
            let other = other.ask(question.request_with(&there.form), Shown::Session(&there)).await;
            let (told, other) = (without_form(told, &session), without_form(other, &there));
            told_apart(&question, &told, &other, crawl.count);
        }
    }
    let here = crawl.sent(member);
    crawl.built = &other;
    crawl.world = &twin;
    crawl.allowed.clear();
    let there = crawl.sent(member);
    // How long a line is may be known.
    let without_lengths = |all: &[String]| all.iter().map(|text| without_lengths(text)).collect::<Vec<_>>();
    if without_lengths(&here) != without_lengths(&there) {
        let why = format!(
            "BONGSU_WORLD={seed}: what is sent to {member} tells the worlds apart: {here:?}\n{there:?}"
        );
        crawl.count.leaks.push(why);
    }
}

/// An answer without what its session's forms carry, which is drawn by chance.
fn without_form(mut told: Told, session: &Session) -> Told {
    told.body = told.body.replace(&session.form, "(a form)");
    told
}

/// How long all lines are.
fn lengths(built: &Built) -> Vec<u64> {
    let store = built.node.gate.store();
    let mut lines = store.lines();
    lines.sort_unstable();
    lines.into_iter().map(|line| store.root(line).map_or(0, |(size, _)| size)).collect()
}

/// A checkpoint, a page or a proof without how long its line is, and how many hashes lead to the root, which follows from that.
fn without_size(text: &str) -> String {
    if let Ok(mut proof) = serde_json::from_str::<Value>(text)
        && proof["form"] == FORM
    {
        proof["inclusion"] = "(hashes)".into();
        proof["checkpoint"] = without_second_line(proof["checkpoint"].as_str().unwrap_or_default()).into();
        return proof.to_string();
    }
    const NOTE: &str = "tower.test/line/";
    let text = match text.split_once(NOTE) {
        Some((before, note)) => before.to_owned() + NOTE + &without_second_line(note),
        None => text.to_owned(),
    };
    let text = without_numbers_behind("<dt>Records</dt><dd>", &text);
    let Some((before, rest)) = text.split_once("<summary>Hashes beside it") else { return text };
    before.to_owned() + rest.split_once("</details>").map_or(rest, |(_, after)| after)
}

/// A checkpoint without its second line. Source: C2SP tlog-checkpoint, whose lines are origin, size, root, an empty one, and signatures.
fn without_second_line(note: &str) -> String {
    let mut lines = note.splitn(3, '\n');
    let (first, _size, rest) = (lines.next(), lines.next(), lines.next());
    // On a page the size may be followed by the end of the part that holds it.
    first.into_iter().chain(rest).collect::<Vec<_>>().join("\n")
}

/// An answer without what is drawn anew each time: ids of statuses, asks and reports, and the seal over the last.
fn steady(told: &Told) -> Told {
    Told {
        body: without_ids(&without_seal(&without_lag(&without_path(&without_root(&told.body))))),
        headers: told.headers.iter().map(|line| without_ids(line)).collect(),
        ..told.clone()
    }
}

/// A text in which each number of twelve digits or more is the same, and each number that is an id: it follows from a UUID, and may by chance have few.
fn without_numbers(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for run in text.split_inclusive(|c: char| !c.is_ascii_digit()) {
        let digits = run.trim_end_matches(|c: char| !c.is_ascii_digit());
        let is_id = !digits.is_empty() && out.ends_with("id\":\"");
        match is_id || digits.len() >= 12 {
            true => {
                out.push_str("(a number)");
                out.push_str(&run[digits.len()..]);
            }
            false => out.push_str(run),
        }
    }
    out
}

/// A message without how far each line was told.
fn without_lengths(text: &str) -> String {
    without_numbers_behind("\"upto\":", text)
}

/// A text without the numbers that stand right behind `before`.
fn without_numbers_behind(before: &str, text: &str) -> String {
    let mut parts = text.split(before);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |out, part| out + before + part.trim_start_matches(|c: char| c.is_ascii_digit()))
}

/// A page without how long lines are, which may be known, where it says how far behind a member is.
fn without_lag(text: &str) -> String {
    without_numbers_before("건 중 ", &without_numbers_before(" records behind", text))
}

/// A text without the numbers that stand right before `after`.
fn without_numbers_before(after: &str, text: &str) -> String {
    let mut parts: Vec<&str> = text.split(after).collect();
    let last = parts.pop().unwrap_or_default();
    let trimmed = parts.into_iter().map(|part| part.trim_end_matches(|c: char| c.is_ascii_digit()));
    trimmed.map(|part| part.to_owned() + after).collect::<String>() + last
}

/// A page without the root of a line in its checkpoint, which is that of all that is in it, and the signatures over it; how long the
/// line is stays. Source: C2SP tlog-checkpoint, whose lines are origin, size, root, an empty one, and signatures.
fn without_root(text: &str) -> String {
    const BEGIN: &str = "<pre>tower.test/line/";
    let Some((before, note)) = text.split_once(BEGIN) else { return text.to_owned() };
    let (note, after) = note.split_once("</pre>").unwrap_or((note, ""));
    let kept: Vec<&str> = note.lines().take(2).collect();
    format!("{before}{BEGIN}{}{after}", kept.join("\n"))
}

/// A page, or a proof as a file, without the hashes of a line's tree beside and above a record, which are those of all that is in it,
/// and the signatures over them; how many they are, and all that is said of the record itself, stays.
fn without_path(text: &str) -> String {
    if let Ok(mut proof) = serde_json::from_str::<Value>(text)
        && proof["form"] == FORM
    {
        for hash in proof["inclusion"].as_array_mut().into_iter().flatten() {
            *hash = "(a hash)".into();
        }
        let note = proof["checkpoint"].as_str().unwrap_or_default();
        proof["checkpoint"] = tree_without_hashes("/checkpoint", note).into();
        // They cover ids that were made up by chance; the object's text stands beside them.
        for part in ["content", "content_salt"] {
            if let Some(hash) = proof["record"].get_mut(part) {
                *hash = "(a hash)".into();
            }
        }
        return proof.to_string();
    }
    let text = without_commitments(text);
    const BEGIN: &str = r#"<code class="tree">"#;
    let mut parts = text.split(BEGIN);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |out, part| out + BEGIN + part.split_once("</code>").map_or(part, |(_, rest)| rest))
}

/// A proof's page without the hashes of the object and of its record, which cover ids that were made up by chance; the object itself
/// is compared on its own page.
fn without_commitments(text: &str) -> String {
    const BEGIN: &str = "<code>";
    if !text.contains("/proof.json") || !text.contains(r#"<ol class="steps">"#) {
        return text.to_owned();
    }
    let is_hash = |code: &str| {
        let is_hex = code.len() == 64 && code.bytes().all(|b| b.is_ascii_hexdigit());
        is_hex || code.len() == 44 && code.ends_with('=') && !code.contains(' ')
    };
    let mut parts = text.split(BEGIN);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |out, part| {
        let code = part.split("</code>").next().unwrap_or_default();
        out + BEGIN + if is_hash(code) { &part[code.len()..] } else { part }
    })
}

/// A page without the seal over what is shared, a hash that covers the report's id.
fn without_seal(text: &str) -> String {
    const BEGIN: &str = r#"name="shown" value=""#;
    let mut parts = text.split(BEGIN);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |out, part| out + BEGIN + part.trim_start_matches(|c: char| c.is_ascii_hexdigit()))
}

/// Where two answers part.
fn difference(here: &Told, there: &Told) -> String {
    if here.status != there.status {
        return format!("{} and {}\n{}\n---\n{}", here.status, there.status, here.body, there.body);
    }
    let parts = here.body.bytes().zip(there.body.bytes()).position(|(here, there)| here != there);
    let at = parts.unwrap_or_else(|| here.body.len().min(there.body.len()));
    let near = |text: &str| {
        let (from, to) = (
            text.floor_char_boundary(at.saturating_sub(200)),
            text.ceil_char_boundary((at + 200).min(text.len())),
        );
        text[from..to].to_owned()
    };
    let headers: Vec<_> = here.headers.symmetric_difference(&there.headers).collect();
    format!("{headers:?}\n{}\n---\n{}", near(&here.body), near(&there.body))
}

/// A text in which each id that the node made up by chance is the same.
fn without_ids(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        // The number of a list's state begins with that of the process.
        let start = rest.get(..17).filter(|start| {
            start.ends_with('-')
                && start.bytes().take(16).all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        });
        if let Some(start) = start {
            out.push_str("(a start)");
            rest = &rest[start.len()..];
            continue;
        }
        let id = rest
            .get(..36)
            .filter(|id| Uuid::try_parse(id).is_ok_and(|id| matches!(id.get_version_num(), 4 | 7)));
        if let Some(id) = id.filter(|id| !id.starts_with(HEX)) {
            out.push_str("(an id)");
            rest = &rest[id.len()..];
        } else {
            out.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    out
}

/// What the public tree hands out without its hashes and the signatures over them: of a checkpoint its origin and size, of a tile
/// nothing, for its length is in the headers.
fn tree_without_hashes(path: &str, body: &str) -> String {
    match path.contains("/checkpoint") {
        true => body.lines().take(2).collect::<Vec<_>>().join("\n"),
        false => String::new(),
    }
}
