//! An open node: the gate over its store, the key of its tokens, its configuration, the clock.

use crate::aid::AidBook;
use crate::authority::Authority;
use crate::beside;
use crate::capacity::CapacityBook;
use crate::cases::CaseBook;
use crate::config::Config;
use crate::exit::Failure;
use crate::folder::Folder;
use crate::guarding;
use crate::leading::{Leads, Work};
use crate::monitor::Monitor;
use crate::pull::Pulls;
use crate::push::mails::Mails;
use crate::push::webhooks::Webhooks;
use crate::push::{MailPost, WebhookPost, chance};
use crate::region::RegionBook;
use crate::runs::RunBook;
use crate::screening::Places;
use crate::transit::{NoticeBook, Transit};
use deliver::calling::CallKey;
use deliver::push::outbox::Outbox;
use deliver::push::{Channel as _, Post};
use deliver::screening::Screening;
use deliver::ticket::TicketKey;
use deliver::{Deliver, Letterhead};
use gate::{Gate, NodeKey};
use line::store::Clock;
use line::{LineId, OpenError, Options, Store};
use parking_lot::Mutex;
use policy::{Book, Circle, Entry, Member, MemberId};
use search::Search;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use stix::Timestamp;
use uuid::Uuid;
use web::auth::TokenKey;
use web::looks::Looks;

/// A node whose data folder is open.
pub(crate) struct Node {
    /// The door to its lines.
    pub gate: Gate,
    /// The key under which tokens are kept.
    pub tokens: TokenKey,
    /// How it is configured.
    pub config: Config,
    /// What of the work that one node does at a time this one does.
    pub leads: Arc<Leads>,
    /// By what its folder is told from those of other nodes beside the same database; nothing where it is the only one.
    pub place: Option<Uuid>,
    /// Counts what it does.
    pub monitor: Arc<Monitor>,
    /// The clock.
    clock: Clock,
    /// Which sources are being pulled, and how the last pulls went.
    pub pulls: Pulls,
    /// Where what waits to be sent to members is kept.
    pub push: PathBuf,
    /// Where the files of sources that are lists are kept.
    pub lists: PathBuf,
    /// Where members' zones are kept.
    zones: PathBuf,
    /// Where the index of values and the record of screenings are kept.
    pub places: Places,
    pub(crate) screening: Mutex<Option<Arc<Screening>>>,
    /// The node's own authority for certificates.
    pub authority: Authority,
    /// The cases of stolen assets.
    pub cases: Arc<CaseBook>,
    /// Mails about alerts of cases that were not taken yet.
    pub alerting: crate::command::case::Alerting,
    /// The playbooks that are carried out.
    pub runs: Arc<RunBook>,
    /// Where what was found in cases is kept.
    pub case_files: PathBuf,
    /// Who looked at what.
    pub looks: Arc<Looks>,
    /// How it stands with other nodes.
    pub peers: Arc<crate::federation::Peers>,
    /// Contacts and calls.
    pub region: Arc<RegionBook>,
    /// Openings, assessments and public models.
    pub capacity: Arc<CapacityBook>,
    /// What attacks pass through, and notices.
    pub transit: Arc<Transit>,
    /// Aid projects.
    pub aid: Arc<AidBook>,
    /// Finds objects.
    pub search: Arc<Search>,
    /// The key of links by which contacts answer calls.
    calls: CallKey,
    /// The key of links by which members answer advisories.
    tickets: TicketKey,
    webhooks: OnceLock<WebhookPost>,
    mails: OnceLock<MailPost>,
    deliver: Mutex<Option<Delivering>>,
    /// Held while something is erased: what is under way is not taken up beside it.
    pub(crate) erasing: Mutex<()>,
}

/// What makes artefacts, and the files of lists that it goes without.
struct Delivering {
    deliver: Arc<Deliver>,
    bad: BTreeSet<PathBuf>,
}

impl From<gate::GateError> for Failure {
    fn from(error: gate::GateError) -> Self {
        Self::new(format!("the entry could not be written: {error}"))
    }
}

/// Microseconds since 1970-01-01T00:00:00Z, by this machine's clock.
fn clock() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// Whether nothing was ever recorded in it.
fn is_empty(store: &Store) -> bool {
    store.root(LineId::NODE).is_ok_and(|(size, _)| size == 0)
}

/// The time by this machine's clock.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_micros(clock())
}

/// 32 random bytes of the system; `None` if it has none.
pub(crate) fn seed() -> Option<[u8; 32]> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).ok().map(|()| seed)
}

impl Node {
    /// Opens the store in `folder`, which this process must hold.
    ///
    /// # Errors
    /// When secrets are missing or the store is damaged.
    pub(crate) fn open(folder: &Folder, config: Config) -> Result<Self, Failure> {
        Self::open_by(Arc::new(clock), folder, config)
    }

    /// As [`Node::open`], with another clock than this machine's.
    ///
    /// # Errors
    /// As [`Node::open`].
    pub(crate) fn open_by(clock: Clock, folder: &Folder, config: Config) -> Result<Self, Failure> {
        let secrets = folder.secrets()?;
        let monitor = Arc::new(Monitor::default());
        if config.database.cache_bytes_max > 0 {
            line::cache::limit(config.database.cache_bytes_max)
                .map_err(|error| Failure::new(format!("database.cache_bytes_max: {error}")))?;
        }
        let options = Options {
            database: config.database.settings()?,
            waiting_bytes_max: config.database.waiting_bytes_max,
            on_group: Some(monitor.on_group()),
            ..Options::default()
        };
        let store = Store::open(folder.dir(), &options, Arc::clone(&clock)).map_err(|error| match error {
            OpenError::Damaged { .. } => Failure::new(error.to_string()).hint(
                "`bongsu verify` says what else is wrong; docs/operate.md says how to restore a backup",
            ),
            OpenError::Newer { .. } => Failure::new(error.to_string()).hint(
                "nothing was changed. Going back to an older program means restoring a backup from before the upgrade: docs/operate.md, Upgrade",
            ),
            error => Failure::new(error.to_string()),
        })?;
        if config.database.url.is_some() && is_empty(&store) && folder.has_file() {
            return Err(Failure::new("the database has no lines, and the file in the data folder has some")
                .hint("move them with `bongsu migrate database`, or leave database.url out of the configuration"));
        }
        let mut place = None;
        if let Some(beside) = store.beside() {
            beside::check(beside, folder, &secrets, seed)?;
            // What has a record already goes on with the seals that it had.
            let has_record = folder.screening().record.exists();
            place = Some(folder.place(if has_record { Uuid::nil() } else { Uuid::new_v4() })?);
        }
        let term = Duration::from_secs(config.database.takeover_s);
        let leads = Arc::new(Leads::new(store.beside(), term));
        let gate = Gate::open(store, NodeKey::new(&secrets.name, &secrets.node_seed))
            .map_err(|error| Failure::new(error.to_string()))?;
        gate.set_usual_quota(config.quota.quota());
        let notices = Arc::new(NoticeBook::new(gate.clone()));
        let capacity = Arc::new(CapacityBook::new(gate.clone(), &config.region, Arc::clone(&notices))?);
        Ok(Self {
            authority: Authority::new(folder.authority(), gate.clone()),
            leads,
            place,
            cases: Arc::new(CaseBook::new(gate.clone())),
            alerting: Default::default(),
            runs: Arc::new(RunBook::new(gate.clone())),
            case_files: folder.cases(),
            peers: Arc::default(),
            region: Arc::new(RegionBook::new(gate.clone())),
            transit: Arc::new(Transit::new(
                gate.clone(),
                config.region.clone(),
                notices,
                Arc::clone(&capacity),
            )),
            capacity,
            aid: Arc::new(AidBook::new(config.region.projects.clone())),
            search: Arc::new(Search::new(gate.clone(), folder.search())),
            looks: Arc::new(Looks::new(folder.accesses())),
            calls: CallKey::new(&secrets.token_secret),
            gate,
            tokens: TokenKey::new(secrets.token_secret),
            config,
            monitor,
            clock,
            pulls: Pulls::default(),
            push: folder.push(),
            lists: folder.lists(),
            zones: folder.zones(),
            places: folder.screening(),
            screening: Mutex::default(),
            tickets: TicketKey::new(&secrets.token_secret),
            deliver: Mutex::default(),
            erasing: Mutex::default(),
            webhooks: OnceLock::new(),
            mails: OnceLock::new(),
        })
    }

    /// The key of links by which contacts answer calls.
    pub(crate) const fn call_key(&self) -> &CallKey {
        &self.calls
    }

    /// The time.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_micros((self.clock)())
    }

    /// When something happened: the time that was typed, or now. What is to come has not happened.
    ///
    /// # Errors
    /// When it is no time, or still to come.
    pub(crate) fn since(&self, typed: Option<&str>) -> Result<Timestamp, Failure> {
        let now = self.now();
        let Some(typed) = typed else { return Ok(now) };
        let at = Timestamp::parse(typed).map_err(|error| {
            Failure::usage(format!("`{typed}` is no time: {error}")).hint("write it as 2026-11-29T08:00:00Z")
        })?;
        match at.micros() > now.micros() {
            true => Err(Failure::usage(format!("{at} is still to come"))),
            false => Ok(at),
        }
    }

    /// What gives the time, for whoever asks it often.
    pub(crate) fn times(&self) -> Arc<dyn Fn() -> Timestamp + Send + Sync> {
        let clock = Arc::clone(&self.clock);
        Arc::new(move || Timestamp::from_micros(clock()))
    }

    /// Writes an entry about a member, circle, credential or setting.
    ///
    /// # Errors
    /// When the line can't be written; then nothing has changed.
    pub(crate) fn record(&self, entry: Entry) -> Result<(), Failure> {
        let recorded = self.gate.record(MemberId::NODE, entry);
        recorded.map_err(|error| Failure::new(format!("the entry could not be written: {error}")))
    }

    /// Changes the book by what `make` makes of it as it stands; no other change comes in between.
    ///
    /// # Errors
    /// What `make` fails with, or when the line can't be written; then nothing has changed.
    pub(crate) fn change(&self, make: impl FnOnce(&Book) -> Result<Entry, Failure>) -> Result<(), Failure> {
        self.gate.change(MemberId::NODE, make)
    }

    /// The member with this handle, an ended one too.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn member<'b>(&self, book: &'b Book, handle: &str) -> Result<&'b Member, Failure> {
        book.member_by_handle(handle).ok_or_else(|| {
            Failure::new(format!("there is no member `{handle}`"))
                .hint("`bongsu member list` shows all; `bongsu member add` adds one")
        })
    }

    /// The member with this handle, if it takes part.
    ///
    /// # Errors
    /// When there is none, or it has ended.
    pub(crate) fn active<'b>(&self, book: &'b Book, handle: &str) -> Result<&'b Member, Failure> {
        let member = self.member(book, handle)?;
        match member.ended {
            true => Err(Failure::new(format!("the membership of `{handle}` has ended"))
                .hint("add a new member with `bongsu member add`")),
            false => Ok(member),
        }
    }

    /// The circle with this handle.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn circle<'b>(&self, book: &'b Book, handle: &str) -> Result<&'b Circle, Failure> {
        book.circle_by_handle(handle).ok_or_else(|| {
            Failure::new(format!("there is no circle `{handle}`"))
                .hint("`bongsu circle list` shows all; `bongsu circle add` adds one")
        })
    }

    /// The member that shares: the one named by `--as`, else the configured one.
    ///
    /// # Errors
    /// When neither is named, or it does not take part.
    pub(crate) fn sender<'b>(&self, book: &'b Book, named: Option<&str>) -> Result<&'b Member, Failure> {
        let configured = Some(self.config.node.member.as_str()).filter(|handle| !handle.is_empty());
        match named.or(configured) {
            Some(handle) => self.active(book, handle),
            None => Err(Failure::new("no member is named that shares this")
                .hint("name it with --as MEMBER, or set node.member in the configuration")),
        }
    }

    /// What makes artefacts.
    ///
    /// # Errors
    /// When the configured folder of lists, or a model, can't be read.
    pub(crate) fn deliver(&self) -> Result<Arc<Deliver>, Failure> {
        let mut kept = self.deliver.lock();
        if let Some(kept) = &*kept {
            return Ok(Arc::clone(&kept.deliver));
        }
        let read = guarding::read(&self.config.guard)?;
        let title = self.gate.key().name().to_owned();
        let deliver = Deliver::new(self.gate.clone(), None, title, self.times());
        deliver.judge_by(read.basis);
        let (http, advisory) = (&self.config.http, &self.config.advisory);
        let letterhead = Letterhead::new(
            http.public_url.clone(),
            advisory.reply_to.clone().or_else(|| self.config.mail.answers_to()),
            advisory.fonts.clone(),
            Some(self.tickets.clone()),
        );
        let devices = crate::command::devices::known(&self.config)?;
        let deliver = deliver.keeping(self.zones.clone()).testing(self.config.test.domain.clone());
        let deliver = match self.gate.is_shared() {
            true => {
                let leads = Arc::clone(&self.leads);
                deliver.zoning_while(Arc::new(move || leads.has_somehow(Work::Zones)))
            }
            false => deliver,
        };
        let deliver = Arc::new(deliver.knowing(devices).under(letterhead));
        *kept = Some(Delivering { deliver: Arc::clone(&deliver), bad: read.bad });
        Ok(deliver)
    }

    /// Makes what may be a zone: where several nodes share a database, while none but this one gives zones out.
    ///
    /// # Errors
    /// When another node gives them out; as what `make` fails with.
    pub(crate) fn zoning<T>(&self, make: impl FnOnce(&Deliver) -> Result<T, Failure>) -> Result<T, Failure> {
        let deliver = self.deliver()?;
        if !self.gate.is_shared() {
            return make(&deliver);
        }
        self.leads.by_hand(Work::Zones, |for_this_alone| {
            if !deliver.gives_zones() {
                self.gate.read_on().map_err(|error| Failure::new(error.to_string()))?;
                deliver.begin_zones();
            }
            let made = make(&deliver);
            if for_this_alone {
                deliver.end_zones();
            }
            made
        })
    }

    /// Where what waits on a channel is kept: in the folder, or where all nodes beside the database see it.
    pub(crate) fn outbox(&self, channel: &'static str) -> Outbox {
        match self.gate.store().beside() {
            Some(beside) => Outbox::beside(beside, channel, self.push.join(channel)),
            None => Outbox::new(self.push.join(channel)),
        }
    }

    /// What posts to members' webhooks.
    ///
    /// # Errors
    /// When the configured folder of lists or the webhooks' authorities can't be read.
    pub(crate) fn webhooks(&self) -> Result<WebhookPost, Failure> {
        if let Some(post) = self.webhooks.get() {
            return Ok(Arc::clone(post));
        }
        let (deliver, outbox) = (self.deliver()?, self.outbox(Webhooks::NAME));
        let channel = Webhooks::new(Arc::clone(&deliver), &self.config, Arc::clone(&self.monitor))?;
        let post = Post::new(channel, deliver, outbox, chance);
        Ok(Arc::clone(self.webhooks.get_or_init(|| Arc::new(post))))
    }

    /// What sends mails to members.
    ///
    /// # Errors
    /// When the configured folder of lists or the mail server's password or authority can't be read.
    pub(crate) fn mails(&self) -> Result<MailPost, Failure> {
        if let Some(post) = self.mails.get() {
            return Ok(Arc::clone(post));
        }
        let (deliver, outbox) = (self.deliver()?, self.outbox(Mails::NAME));
        let channel = Mails::new(Arc::clone(&deliver), &self.config, Arc::clone(&self.monitor))?;
        let post = Post::new(channel, deliver, outbox, chance);
        Ok(Arc::clone(self.mails.get_or_init(|| Arc::new(post))))
    }

    /// Reads warning lists and models again, and judges all by them.
    ///
    /// # Errors
    /// When something can't be read that could be before; then all stays as it was.
    pub(crate) fn read_guard_again(&self) -> Result<(), Failure> {
        let mut kept = self.deliver.lock();
        let Some(kept) = &mut *kept else { return Ok(()) };
        let read = guarding::read(&self.config.guard)?;
        if let Some(path) = read.bad.difference(&kept.bad).next() {
            return Err(Failure::new(format!(
                "the warning list {} can't be used any more, so the lists stay as they were",
                path.display()
            ))
            .hint("mend the file, or remove it if it is not to count"));
        }
        kept.bad = read.bad;
        kept.deliver.judge_by(read.basis);
        // Zones are made anew by whoever waits for a line to grow.
        self.gate.store().wake();
        Ok(())
    }
}
