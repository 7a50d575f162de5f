//! Nothing leaks: random worlds, built and crawled as every member, with a canary in each thing that is restricted.
//!
//! A world ([`plan`]) follows from a seed. What each member may meet in it says an [`oracle`] that shares no line with the room
//! `policy`. The world is built and asked in the process, through the router that the node serves. Whatever is answered, whichever
//! way it is asked ([`crawl`]), no canary may stand in it that the member may not meet. A share of the worlds is built twice, with
//! something else in the place of all that one member may not see: whatever that member asks, both answer alike, byte for byte.
//!
//! `BONGSU_WORLDS=N` crawls N worlds, `BONGSU_WORLD=SEED` the one of this seed, which a failure names. See docs/no-leaks.md.

mod build;
mod crawl;
mod draw;
mod oracle;
mod plan;
mod routes;

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use deliver::push::Before;
use deliver::push::mailing::{Mailing, Rhythm};
use deliver::push::outbox::Waiting;
use deliver::push::webhook::{Wanted, Webhook};
use parking_lot::Mutex;
use policy::{Level, MemberId, Right};
use uuid::Uuid;

use self::build::{Built, Told};
use self::crawl::{ALL, CHANGING, Question, Way};
use self::draw::{Draw, HEX, WORD};
use self::oracle::Canary;
use self::plan::World;

/// Worlds unless another number is asked for.
const WORLDS: u64 = 10_000;
/// Every so many worlds is built twice.
const TWIN_EVERY: u64 = 3;
/// Requests of one world, and of the two of a pair.
const ASKED: usize = 24;
const ASKED_OF_TWINS: usize = 16;
const CHANGED: usize = 2;
/// Leaks after which no more worlds are looked at.
const LEAKS_MAX: usize = 10;

/// What was crawled, over all worlds.
#[derive(Debug, Default)]
struct Count {
    requests: usize,
    /// Requests of which the answers of both worlds were compared.
    compared: usize,
    /// Canaries met where they may be.
    met: usize,
    /// Things that were hidden from the member for which a twin was built.
    unseen: usize,
    /// What went wrong, worlds and all.
    leaks: Vec<String>,
    /// Answers by the route and the kind of status, 2 for 2xx.
    routes: BTreeMap<(&'static str, u16), usize>,
}

/// One world while it is crawled.
struct Crawl<'w> {
    world: &'w World,
    built: &'w Built,
    allowed: BTreeMap<(Option<usize>, Level, bool), HashSet<Canary>>,
    /// What was sent along with what was brought: whoever brought it may meet it again.
    brought: HashSet<Canary>,
    count: &'w mut Count,
    seed: u64,
}

/// The canaries that stand in a text.
fn met(text: &str) -> HashSet<Canary> {
    let lower = text.to_ascii_lowercase();
    let starts = lower.match_indices(WORD).chain(lower.match_indices(HEX)).map(|(at, _)| at);
    starts.filter_map(|at| oracle::canary(&text[at..text.floor_char_boundary(at + 40)])).collect()
}

/// What stands around a canary.
fn around<'t>(text: &'t str, canary: &str) -> &'t str {
    let at = text.to_ascii_lowercase().find(&canary[..8.min(canary.len())]).unwrap_or_default();
    let (from, to) = (
        text.floor_char_boundary(at.saturating_sub(300)),
        text.ceil_char_boundary((at + 200).min(text.len())),
    );
    &text[from..to]
}

impl Crawl<'_> {
    /// What whoever shows this member's token may meet: less, if the token does not read.
    fn allowed(&mut self, member: Option<usize>, wanted: Level, is_sent: bool) -> &HashSet<Canary> {
        let world = self.world;
        self.allowed.entry((member, wanted, is_sent)).or_insert_with(|| {
            let Some(member) = member.filter(|member| !world.members[*member].ended) else {
                return HashSet::new();
            };
            // What is sent is sent to the member, whatever its token may.
            let scopes = world.members[member].scopes.filter(|_| !is_sent);
            let reads = scopes.is_none_or(|scopes| scopes.has(Right::Read) || scopes.has(Right::Screen));
            if reads {
                return world.allowed(member, wanted);
            }
            // It finds the circles, and learns what became of what it brings.
            let nothing =
                World { things: Vec::new(), contacts: Vec::new(), grants: Vec::new(), ..world.clone() };
            nothing.allowed(member, wanted)
        })
    }

    async fn ask(&mut self, member: Option<usize>, question: &Question) -> Told {
        let token = member.map(|member| self.built.tokens[member].as_str());
        let told = self.built.ask(question.request(), token).await;
        self.count.requests += 1;
        *self.count.routes.entry((question.route, told.status.as_u16() / 100)).or_default() += 1;
        self.check(member, question, &told);
        told
    }

    /// That nothing was told that may not be.
    fn check(&mut self, member: Option<usize>, question: &Question, told: &Told) {
        let seed = self.seed;
        if told.status.is_server_error() && told.status != 501 {
            self.count.leaks.push(format!("BONGSU_WORLD={seed}: {question:?} fails: {told:?}"));
        }
        let mut asked = met(&format!("{} {} {:?}", question.path, question.body, question.header));
        if question.method == "POST" {
            self.brought.extend(asked.iter().cloned());
        }
        asked.extend(self.brought.iter().cloned());
        let headers: String = told.headers.iter().map(|line| format!("{line}\n")).collect();
        let text = format!("{headers}\n{}", told.body);
        let is_sent = !question.path.starts_with('/') || question.route == SIGHTING;
        let allowed = self.allowed(member, question.wanted(), is_sent);
        let met = met(&text);
        let leaked: Vec<&Canary> =
            met.iter().filter(|canary| !asked.contains(*canary) && !allowed.contains(*canary)).collect();
        if let Some(canary) = leaked.first() {
            let whose = self.world.whose(canary);
            let who = member.map(|member| &self.world.members[member]);
            self.count.leaks.push(format!(
                "BONGSU_WORLD={seed}: {question:?} as {member:?} ({who:?}) shows {canary}, which is {whose}:\n{}\nof {:#?}",
                around(&text, canary),
                self.world.things
            ));
        }
        let count = met.len();
        self.count.met += count;
    }

    /// Asks, and then asks on: the next page, what a page links to, the same again with its tag.
    async fn follow(&mut self, member: Option<usize>, question: Question, draw: &mut Draw) {
        let told = self.ask(member, &question).await;
        if question.method != "GET" || !told.status.is_success() {
            return;
        }
        let tag = told.headers.iter().find_map(|line| line.strip_prefix("etag: "));
        if let Some(tag) = tag.filter(|_| draw.in_100(30)) {
            let again = Question { header: Some(("if-none-match", tag.to_owned())), ..question.clone() };
            self.ask(member, &again).await;
        }
        let links: Vec<&str> =
            told.body.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let links: Vec<&str> = links.into_iter().filter(|link| link.starts_with('/')).collect();
        if !links.is_empty() && draw.in_100(50) {
            let link = draw.of(&links).replace("&amp;", "&");
            self.ask(member, &Question::look(&link)).await;
        }
        let next = told.body.split("\"next\":\"").nth(1).and_then(|rest| rest.split('"').next());
        if let Some(next) = next {
            let joint = if question.path.contains('?') { '&' } else { '?' };
            let on = Question { path: format!("{}{joint}next={next}", question.path), ..question };
            self.ask(member, &on).await;
        }
    }

    /// What is sent to a member by itself: the body of its webhook's message, and its mail.
    fn sent(&mut self, member: usize) -> Vec<String> {
        let (node, id) = (&self.built.node, MemberId::new(self.world.members[member].id));
        let (deliver, from) = (node.deliver().unwrap(), self.built.told[member].clone());
        let number = Uuid::from_u128(0xabcd_9999);
        let webhook =
            Webhook::new(number, "https://x.example/".into(), Wanted::All, vec![1; 32], from.clone());
        let mut waiting = Waiting::new(number, from.clone(), 0);
        let posted = webhook.draft(&deliver, id, &waiting, &mut Before::default());
        let mailing = Mailing::new(number, "x@x.example".into(), Rhythm::Hourly, from);
        let mailed = mailing.draft(&deliver, id, &mut waiting, &mut Before::default(), |content, _| {
            Ok(format!("{}\n{}\n{}", content.subject, content.text, content.html))
        });
        let mut all = Vec::new();
        for (path, draft) in [("webhook", posted), ("mail", mailed)] {
            let Ok(Some(draft)) = draft else { continue };
            let headers = std::collections::BTreeSet::new();
            let told = Told { status: http::StatusCode::OK, headers, body: draft.body.clone() };
            self.check(Some(member), &Question::look(path), &told);
            *self.count.routes.entry((if path == "mail" { "mail" } else { "webhook" }, 2)).or_default() += 1;
            all.push(draft.body);
        }
        all
    }
}

impl World {
    /// Whose a canary is, for whoever reads of a leak.
    fn whose(&self, canary: &str) -> String {
        let is = |text: &str| oracle::canary(text).as_deref() == Some(canary);
        for (at, thing) in self.things.iter().enumerate() {
            if [&thing.id, &thing.name, &thing.said, &thing.value].into_iter().any(|text| is(text)) {
                return format!("of thing {at}: {thing:?}, in {:?}", self.circles[thing.circle]);
            }
        }
        let member = self
            .members
            .iter()
            .find(|party| is(&party.handle) || is(&party.name) || is(&party.id.to_string()));
        let circle =
            self.circles.iter().find(|ring| is(&ring.handle) || is(&ring.title) || is(&ring.id.to_string()));
        format!("of {member:?} {circle:?} {:?}", self.contacts)
    }
}

/// MISP's way of saying that something was seen.
const SIGHTING: &str = "sightings/add";

/// The ways for one request, each as often as the others, whatever their number.
fn way(draw: &mut Draw) -> &'static Way {
    let ways = ALL[draw.below(ALL.len())];
    &ways[draw.below(ways.len())]
}

/// An answer without what is drawn anew each time: ids of statuses and asks.
fn steady(told: &Told) -> Told {
    Told {
        body: without_ids(&without_root(&told.body)),
        headers: told.headers.iter().map(|line| without_ids(line)).collect(),
        ..told.clone()
    }
}

/// A text in which each number of twelve digits or more is the same.
fn without_numbers(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for run in text.split_inclusive(|c: char| !c.is_ascii_digit()) {
        let digits = run.trim_end_matches(|c: char| !c.is_ascii_digit());
        match digits.len() >= 12 {
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
    let mut parts = text.split("\"upto\":");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |out, part| out + part.trim_start_matches(|c: char| c.is_ascii_digit()))
}

/// A page without the checkpoint of a line, whose root is that of all that is in it.
fn without_root(text: &str) -> String {
    let Some((before, root)) = text.split_once("<pre>tower.test/line/") else { return text.to_owned() };
    format!("{before}{}", root.split_once("</pre>").map_or("", |(_, after)| after))
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

async fn crawl_world(seed: u64, count: &mut Count) {
    let world = World::of(seed);
    let built = Built::of(&world);
    let mut draw = world.draw.clone();
    let mut crawl = Crawl {
        world: &world,
        built: &built,
        allowed: BTreeMap::new(),
        brought: HashSet::new(),
        count,
        seed,
    };
    for _ in 0..ASKED {
        let member = (!draw.in_100(5)).then(|| draw.below(world.members.len()));
        let guessed = member.map(|member| world.unseen(member)).unwrap_or_default();
        let token = member.map_or("", |member| built.tokens[member].as_str());
        let mut question = Question::drawn(way(&mut draw), &world, (member, token), &guessed, &mut draw);
        if question.route == "/d/events" && draw.in_100(50) {
            // From the beginning on: all that there is to tell.
            question.header = Some(("last-event-id", "1".to_owned()));
        }
        crawl.follow(member, question, &mut draw).await;
    }
    for member in 0..world.members.len() {
        if draw.in_100(10) {
            crawl.sent(member);
        }
    }
    if seed.is_multiple_of(TWIN_EVERY) {
        compare(crawl, &mut draw).await;
    }
}

/// Builds the world again with something else in the place of what one member may not see, and asks both the same as that member.
async fn compare(mut crawl: Crawl<'_>, draw: &mut Draw) {
    let (world, seed) = (crawl.world, crawl.seed);
    let member = draw.below(world.members.len());
    let unseen = world.unseen(member);
    let other = Built::of(&world.twin(member));
    crawl.count.unseen += unseen.len();
    // Built anew, because what was asked of the first before may have changed it.
    let one = Built::of(world);
    crawl.built = &one;
    let token = &one.tokens[member];
    let told_apart = |question: &Question, here: &Told, there: &Told, count: &mut Count| {
        // How long a line is may be known; its root is that of all that is in it.
        let is_tree = question.path.starts_with("/log/") && !question.path.ends_with("/openings");
        let (mut here, mut there) = (steady(here), steady(there));
        if question.method == "POST" {
            // MISP's numbers follow from ids, and those of what is made now are drawn by chance.
            here.body = without_numbers(&here.body);
            there.body = without_numbers(&there.body);
            for told in [&mut here, &mut there] {
                told.headers.retain(|line| !line.starts_with("content-length"));
            }
        }
        if here.status != there.status || !is_tree && here != there {
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
        // What a sighting was added to is named, whatever the token may read: no-leaks.md says so.
        if question.route == SIGHTING
            && world.members[member].scopes.is_some_and(|scopes| !scopes.has(Right::Read))
        {
            continue;
        }
        let here = crawl.ask(Some(member), &question).await;
        let there = other.ask(question.request(), Some(token)).await;
        told_apart(&question, &here, &there, crawl.count);
        if number >= ASKED_OF_TWINS {
            let at = question.path.split('/').nth(3).unwrap_or_default();
            let look = Question::look(&format!("/api/collections/{at}/objects/?match[version]=all"));
            let (here, there) =
                (crawl.ask(Some(member), &look).await, other.ask(look.request(), Some(token)).await);
            told_apart(&look, &here, &there, crawl.count);
        }
    }
    let here = crawl.sent(member);
    crawl.built = &other;
    let twin = world.twin(member);
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

/// What was logged, over all worlds.
#[derive(Clone, Default)]
struct Logged(std::sync::Arc<Mutex<Vec<u8>>>);

impl io::Write for Logged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name)
        .ok()
        .map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

#[test]
fn no_world_leaks() {
    let logged = Logged::default();
    let to = logged.clone();
    let _set = tracing_subscriber::fmt()
        .with_env_filter("info")
        .with_ansi(false)
        .with_writer(move || to.clone())
        .try_init();
    let one = number("BONGSU_WORLD");
    let worlds = number("BONGSU_WORLDS").unwrap_or(WORLDS);
    let (first, end) = one.map_or((0, worlds), |seed| (seed, seed + 1));
    let next = AtomicU64::new(first);
    let total = Mutex::new(Count::default());
    let threads = std::thread::available_parallelism().map_or(2, usize::from).min(8);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                let mut count = Count::default();
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        break;
                    }
                    runtime.block_on(crawl_world(seed, &mut count));
                    if count.leaks.len() >= LEAKS_MAX {
                        break;
                    }
                }
                total.lock().add(count);
            });
        }
    });
    let total = total.into_inner();
    let text = String::from_utf8_lossy(&logged.0.lock()).into_owned();
    for line in text.lines() {
        assert!(!line.contains(WORD), "the log shows a canary: {line}");
    }
    assert!(total.leaks.is_empty(), "{}", total.leaks.join("\n\n"));
    println!(
        "{} worlds, {} requests, {} compared with a twin's, {} things unseen there, {} canaries met where they may be, {} lines logged",
        end - first,
        total.requests,
        total.compared,
        total.unseen,
        total.met,
        text.lines().count()
    );
    for ((route, status), count) in &total.routes {
        println!("{count:>8} {status}xx {route}");
    }
    if one.is_none() && worlds >= WORLDS {
        let answered: HashSet<&str> = total.routes.keys().map(|(route, _)| *route).collect();
        for (route, ..) in ALL.into_iter().flatten().chain(CHANGING) {
            assert!(answered.contains(route), "{route} was never asked");
        }
        assert!(total.unseen > 1_000 && total.met > 10_000, "{total:?}");
    }
}

impl Count {
    fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.compared += other.compared;
        self.met += other.met;
        self.unseen += other.unseen;
        self.leaks.extend(other.leaks);
        for (route, count) in other.routes {
            *self.routes.entry(route).or_default() += count;
        }
    }
}
