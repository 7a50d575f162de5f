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
mod described;
mod doing;
mod draw;
mod happen;
mod misp;
mod object;
mod oracle;
mod pages;
mod people;
mod plan;
mod routes;
mod seal;
mod sources;
mod twins;
mod wire;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use deliver::push::Before;
use deliver::push::mailing::{Mailing, Rhythm};
use deliver::push::outbox::Waiting;
use deliver::push::webhook::{Wanted, Webhook};
use parking_lot::Mutex;
use policy::{Level, MemberId, Right};
use uuid::Uuid;

use self::build::{Built, Shown, Told};
use self::crawl::{ALL, CHANGING, Question, Way};
use self::draw::{Draw, HEX, WORD};
use self::oracle::Canary;
use self::people::Session;
use self::plan::World;

/// Worlds unless another number is asked for.
const WORLDS: u64 = 10_000;
/// Every so many worlds is built twice.
const TWIN_EVERY: u64 = 3;
/// Requests of one world, and of the two of a pair.
const ASKED: usize = 18;
const ASKED_OF_TWINS: usize = 16;
const CHANGED: usize = 2;
/// Requests of each person, and of one in the two of a pair.
const ASKED_BY_PERSON: usize = 8;
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
    /// How often what was drawn happened.
    happened: BTreeMap<&'static str, usize>,
    /// What went wrong, worlds and all.
    leaks: Vec<String>,
    /// Answers by the route and the kind of status, 2 for 2xx.
    routes: BTreeMap<(&'static str, u16), usize>,
}

/// Who asks: a member by its token, somebody for it who has logged in, or nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Who {
    member: Option<usize>,
    clerk: Option<usize>,
}

impl Who {
    const fn token(member: Option<usize>) -> Self {
        Self { member, clerk: None }
    }
}

/// One world while it is crawled.
struct Crawl<'w> {
    world: &'w World,
    built: &'w Built,
    allowed: BTreeMap<(Who, Level, bool), HashSet<Canary>>,
    /// What people show who have logged in.
    sessions: BTreeMap<usize, Session>,
    /// What members have brought or asked for: whoever did may meet it again.
    brought: HashMap<Option<usize>, HashSet<Canary>>,
    count: &'w mut Count,
    seed: u64,
}

/// The canaries that stand in a text, and of a world's traces those that do.
fn met(text: &str, traces: &[Canary]) -> HashSet<Canary> {
    let lower = text.to_ascii_lowercase();
    let starts = lower.match_indices(WORD).chain(lower.match_indices(HEX)).map(|(at, _)| at);
    let words = starts.filter_map(|at| oracle::canary(&text[at..text.floor_char_boundary(at + 40)]));
    words.chain(traces.iter().filter(|trace| text.contains(trace.as_str())).cloned()).collect()
}

/// What stands around a canary.
fn around<'t>(text: &'t str, canary: &str) -> &'t str {
    let start = &canary[..8.min(canary.len())];
    let at = text.find(start).or_else(|| text.to_ascii_lowercase().find(start)).unwrap_or_default();
    let (from, to) = (
        text.floor_char_boundary(at.saturating_sub(300)),
        text.ceil_char_boundary((at + 200).min(text.len())),
    );
    &text[from..to]
}

impl Crawl<'_> {
    /// What whoever shows this member's token may meet: less, if the token does not read.
    fn allowed(&mut self, who: Who, wanted: Level, is_sent: bool) -> &HashSet<Canary> {
        let world = self.world;
        self.allowed.entry((who, wanted, is_sent)).or_insert_with(|| {
            let Some(member) = who.member.filter(|member| !world.members[*member].ended) else {
                return HashSet::new();
            };
            // What is sent is sent to the member, whatever its token may.
            let scopes = world.members[member].scopes.filter(|_| !is_sent);
            let reads = match who.clerk {
                Some(clerk) => world.clerks[clerk].may(Right::Read),
                None => scopes.is_none_or(|scopes| scopes.has(Right::Read) || scopes.has(Right::Screen)),
            };
            let people = world.people_seen(member, who.clerk);
            let people = people.into_iter().filter_map(oracle::canary);
            if reads {
                return people.chain(world.allowed(member, wanted)).collect();
            }
            // It finds the circles, and learns what became of what it brings.
            let nothing = World { pleas: Vec::new(), runs: Vec::new(), ..world.without_things() };
            people.chain(nothing.allowed(member, wanted)).collect()
        })
    }

    async fn ask(&mut self, who: Who, question: &Question) -> Told {
        let session = who.clerk.map(|clerk| &self.sessions[&clerk]);
        let shown = match (session, who.member) {
            (Some(session), _) => Shown::Session(session),
            (None, Some(member)) => Shown::Token(&self.built.tokens[member]),
            (None, None) => Shown::Nothing,
        };
        let form = session.map_or("x", |session| session.form.as_str());
        let told = self.built.ask(question.request_with(form), shown).await;
        self.count.requests += 1;
        *self.count.routes.entry((question.route, told.status.as_u16() / 100)).or_default() += 1;
        self.check(who, question, &told);
        told
    }

    /// That nothing was told that may not be.
    fn check(&mut self, who: Who, question: &Question, told: &Told) {
        let (seed, member) = (self.seed, who.member);
        if told.status.is_server_error() && told.status != 501 {
            self.count.leaks.push(format!("BONGSU_WORLD={seed}: {question:?} fails: {told:?}"));
        }
        let world = self.world;
        let traces = &world.traces;
        let mut asked = met(&format!("{} {} {:?}", question.path, question.body, question.header), traces);
        asked.extend(question.shows.iter().cloned());
        // Who shows a signature shows the name of its key, in base64.
        let shown = world.sealed.iter().flatten().filter(|sealed| asked.contains(&sealed.value));
        let keys: Vec<Canary> = shown.map(|sealed| sealed.key.clone()).collect();
        asked.extend(keys);
        let stays =
            CHANGING.iter().any(|(route, ..)| *route == question.route) || KEPT.contains(&question.route);
        let brought = self.brought.entry(member).or_default();
        // Whoever audits a member sees what its people looked at.
        if question.method == "POST" && stays || who.clerk.is_some() {
            brought.extend(asked.iter().cloned());
        }
        asked.extend(brought.iter().cloned());
        let headers: String = told.headers.iter().map(|line| format!("{line}\n")).collect();
        let text = format!("{headers}\n{}", told.body);
        let is_sent =
            !question.path.starts_with('/') || question.route == SIGHTING || question.route == "pack";
        let met = met(&text, traces);
        let allowed = self.allowed(who, question.wanted(), is_sent);
        let mut leaked: Vec<&Canary> =
            met.iter().filter(|canary| !asked.contains(*canary) && !allowed.contains(*canary)).collect();
        if let (Some(member), Some(brought)) = (member, self.brought.get(&member)) {
            let wanted = question.wanted();
            leaked.retain(|canary| {
                let thing = self.world.thing_of(canary);
                !thing.is_some_and(|at| self.world.has_own_ends(member, at, wanted, brought))
            });
        }
        if let Some(canary) = leaked.first() {
            let whose = self.world.whose(canary);
            let (clerk, who) = (
                who.clerk.map(|clerk| &self.world.clerks[clerk]),
                member.map(|member| &self.world.members[member]),
            );
            self.count.leaks.push(format!(
                "BONGSU_WORLD={seed}: {question:?} as {member:?} ({who:?} {clerk:?}) shows {canary}, which is {whose}:\n{}\nof {:#?}",
                around(&text, canary),
                self.world.things
            ));
        }
        let count = met.len();
        self.count.met += count;
        self.check_sources(who, question, told);
    }

    /// Asks, and then asks on: the next page, what a page links to, the same again with its tag.
    async fn follow(&mut self, who: Who, question: Question, draw: &mut Draw) {
        let told = self.ask(who, &question).await;
        if question.method != "GET" || !told.status.is_success() {
            return;
        }
        let tag = told.headers.iter().find_map(|line| line.strip_prefix("etag: "));
        if let Some(tag) = tag.filter(|_| draw.in_100(30)) {
            let again = Question { header: Some(("if-none-match", tag.to_owned())), ..question.clone() };
            self.ask(who, &again).await;
        }
        let links: Vec<&str> =
            told.body.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let links: Vec<&str> = links.into_iter().filter(|link| link.starts_with('/')).collect();
        if !links.is_empty() && draw.in_100(50) {
            let link = draw.of(&links).replace("&amp;", "&");
            self.ask(who, &Question::look(&link)).await;
        }
        let next = told.body.split("\"next\":\"").nth(1).and_then(|rest| rest.split('"').next());
        if let Some(next) = next {
            let joint = if question.path.contains('?') { '&' } else { '?' };
            let on = Question { path: format!("{}{joint}next={next}", question.path), ..question };
            self.ask(who, &on).await;
        }
    }

    /// What few paths lead to: asks, runs and calls, for those whom they are about and for others.
    async fn beside(&mut self, draw: &mut Draw) {
        let (world, mut looks) = (self.world, Vec::new());
        for plea in &world.pleas {
            let Some(id) = plea.made.filter(|_| draw.in_100(60)) else { continue };
            let by = world.things[plea.thing].by;
            looks.push((
                {
                    let other = draw.below(4);
                    draw.of(&[plea.asker, by, by, other])
                },
                format!("/asks/{id}"),
            ));
        }
        for run in world.runs.iter().filter(|run| run.ran) {
            looks.push((
                {
                    let other = draw.below(4);
                    draw.of(&[run.member, other])
                },
                format!("/runs/{}", run.id),
            ));
        }
        if !world.calls.is_empty() && draw.in_100(20) {
            looks.push((draw.below(4), "/drills/1".to_owned()));
        }
        if !world.notices.is_empty() && draw.in_100(50) {
            looks.push((draw.below(4), "/region/notices".to_owned()));
        }
        for at in 0..world.things.len() {
            let thing = &world.things[at];
            // Whose signature it is, is not for all who see it; nor is whose a thing is that does not say so.
            let is_one = |member: &usize| {
                let is_anothers = world.signer(at).is_some_and(|signer| !world.knows(*member, signer));
                (is_anothers || thing.pseudonymise && thing.by != *member)
                    && world.sees(*member, at, Level::Read)
            };
            // Whose it is, is for those who see it and know its sender, if it says so.
            let is_anothers = |member: &usize| thing.by != *member && world.sees(*member, at, Level::Read);
            let named = (0..world.members.len()).find(is_anothers).filter(|_| draw.in_100(15));
            if let Some(member) = (0..world.members.len()).find(is_one).or(named) {
                let circle = &world.circles[thing.circle].handle;
                let proof = Question::proof(circle, &thing.id, draw.in_100(50));
                self.ask(Who::token(Some(member)), &proof).await;
                looks.push((member, format!("/objects/{circle}/{}", thing.id)));
            }
        }
        for (member, path) in looks {
            self.ask(Who::token(Some(member)), &Question::look(&path)).await;
        }
    }

    /// Logs somebody in and looks around as that one. Who has ended, or whose member has, is not let in.
    async fn as_person(&mut self, at: usize, draw: &mut Draw) {
        let (world, clerk) = (self.world, &self.world.clerks[at]);
        let session = self.built.log_in(world, at).await;
        let acts = !clerk.ended && !world.members[clerk.member].ended;
        if session.is_some() != acts {
            self.count.leaks.push(format!("BONGSU_WORLD={}: {clerk:?} logs in: {session:?}", self.seed));
        }
        *self.count.happened.entry("sessions").or_default() += usize::from(session.is_some());
        let Some(session) = session else { return };
        self.sessions.insert(at, session);
        let (member, guessed) = (clerk.member, world.unseen(clerk.member));
        for _ in 0..ASKED_BY_PERSON {
            let way = if draw.in_100(70) { draw.of(&ALL[0].iter().collect::<Vec<_>>()) } else { way(draw) };
            let question = Question::drawn(way, world, (Some(member), ""), &guessed, draw);
            self.follow(Who { member: Some(member), clerk: Some(at) }, question, draw).await;
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
            self.check(Who::token(Some(member)), &Question::look(path), &told);
            *self.count.routes.entry((if path == "mail" { "mail" } else { "webhook" }, 2)).or_default() += 1;
            all.push(draft.body);
        }
        all
    }
}

impl World {
    /// The world with nothing in it: as it is for who may not read.
    fn without_things(&self) -> Self {
        let (things, contacts, grants, sealed) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { things, contacts, grants, sealed, ..self.clone() }
    }

    /// The thing that a canary is of, or whose signature it is.
    fn thing_of(&self, canary: &str) -> Option<usize> {
        let is = |text: &str| oracle::canary(text).as_deref() == Some(canary);
        let said = self.things[..self.planned].iter().position(|thing| {
            [&thing.id, &thing.name, &thing.said, &thing.value].into_iter().any(|text| is(text))
        });
        said.or_else(|| {
            self.sealed.iter().position(|one| one.as_ref().is_some_and(|one| one.value == canary))
        })
    }

    /// Whose a canary is, for whoever reads of a leak.
    fn whose(&self, canary: &str) -> String {
        if let Some(at) = self.thing_of(canary) {
            let thing = &self.things[at];
            return format!("of thing {at}: {thing:?}, in {:?}", self.circles[thing.circle]);
        }
        let is = |text: &str| oracle::canary(text).as_deref() == Some(canary);
        let member = self
            .members
            .iter()
            .find(|party| is(&party.handle) || is(&party.name) || is(&party.id.to_string()));
        let circle =
            self.circles.iter().find(|ring| is(&ring.handle) || is(&ring.title) || is(&ring.id.to_string()));
        let signed = self
            .sealed
            .iter()
            .position(|one| one.as_ref().is_some_and(|one| one.value == *canary || one.key == *canary));
        let signed = signed.map(|at| format!("signature of {:?}", self.things[at]));
        let clerk = self.clerks.iter().find(|clerk| is(&clerk.user) || is(&clerk.name));
        let key = self.keys.iter().position(|key| key.iter().any(|text| text == canary));
        format!(
            "of {member:?} {circle:?} {:?} {signed:?} key of {key:?} {clerk:?} {:?} {:?} {:?}",
            self.contacts, self.pleas, self.runs, self.calls
        )
    }
}

/// MISP's way of saying that something was seen.
const SIGHTING: &str = "sightings/add";

/// Routes that keep what is posted, beside those that bring objects.
const KEPT: [&str; 4] = ["/ask", "/asks", "/d/test/alert", "/people"];

/// The ways for one request, each as often as the others, whatever their number.
fn way(draw: &mut Draw) -> &'static Way {
    let ways = ALL[draw.below(ALL.len())];
    &ways[draw.below(ways.len())]
}

async fn crawl_world(seed: u64, count: &mut Count) {
    let mut world = World::of(seed);
    let built = Built::of(&world);
    world.learn(&built.facts);
    let mut draw = world.draw.clone();
    let mut crawl = Crawl {
        world: &world,
        built: &built,
        allowed: BTreeMap::new(),
        sessions: BTreeMap::new(),
        brought: HashMap::new(),
        count,
        seed,
    };
    for (what, often) in world.happened() {
        *crawl.count.happened.entry(what).or_default() += often;
    }
    for plea in world.pleas.iter().filter(|plea| plea.made.is_some()) {
        let to = plea.wish.to.is_none_or(|to| world.circles[to].members.contains(&plea.asker));
        if !to || !world.had(plea.asker, plea.thing) {
            crawl
                .count
                .leaks
                .push(format!("BONGSU_WORLD={seed}: it was asked for what is not seen: {plea:?}"));
        }
    }
    for _ in 0..ASKED {
        let member = (!draw.in_100(5)).then(|| draw.below(world.members.len()));
        let guessed = member.map(|member| world.unseen(member)).unwrap_or_default();
        let token = member.map_or("", |member| built.tokens[member].as_str());
        let mut question = Question::drawn(way(&mut draw), &world, (member, token), &guessed, &mut draw);
        if question.route == "/d/events" && draw.in_100(50) {
            // From the beginning on: all that there is to tell.
            question.header = Some(("last-event-id", "1".to_owned()));
        }
        crawl.follow(Who::token(member), question, &mut draw).await;
    }
    crawl.beside(&mut draw).await;
    for clerk in 0..world.clerks.len() {
        crawl.as_person(clerk, &mut draw).await;
    }
    crawl.transfers(&mut draw);
    if draw.in_100(5) {
        crawl.packed(draw.below(world.members.len()));
    }
    for member in 0..world.members.len() {
        if draw.in_100(10) {
            crawl.sent(member);
        }
    }
    if seed.is_multiple_of(TWIN_EVERY) {
        twins::compare(crawl, &mut draw).await;
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
    // More than there are cores: a world waits for its node's writer, and for news that may not come.
    let threads = (2 * std::thread::available_parallelism().map_or(2, usize::from)).min(16);
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
    println!("{:?}", total.happened);
    for ((route, status), count) in &total.routes {
        println!("{count:>8} {status}xx {route}");
    }
    if one.is_none() && worlds >= WORLDS {
        let answered: HashSet<&str> = total.routes.keys().map(|(route, _)| *route).collect();
        for (route, ..) in ALL.into_iter().flatten().chain(CHANGING) {
            assert!(answered.contains(route), "{route} was never asked");
        }
        assert!(total.unseen > 1_000 && total.met > 10_000, "{total:?}");
        let seldom = total.happened.iter().find(|(_, often)| **often < 50);
        assert!(seldom.is_none(), "{seldom:?} of {:?}", total.happened);
    }
}

impl Count {
    fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.compared += other.compared;
        self.met += other.met;
        self.unseen += other.unseen;
        self.leaks.extend(other.leaks);
        for (what, count) in other.happened {
            *self.happened.entry(what).or_default() += count;
        }
        for (route, count) in other.routes {
            *self.routes.entry(route).or_default() += count;
        }
    }
}
