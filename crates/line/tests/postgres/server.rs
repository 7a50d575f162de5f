//! A server of PostgreSQL for the tests, which ends with them.

use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A running server, in a folder of its own, reached over a socket there.
pub(crate) struct Server {
    folder: PathBuf,
    /// Ends the server when its input ends: with this process, however that ends.
    keeper: Child,
    /// Says a line when it has done what it was told.
    said: BufReader<ChildStdout>,
}

/// Runs the servers in the folders that are named until its input ends; then they are ended, and the first folder goes, in which the
/// others lie. PostgreSQL refuses to run as root.
const KEEP: &str = r#"
    programs=$1 preload=$2; shift 2
    as=()
    if [ "$(id -u)" = 0 ]; then
        as=(setpriv --reuid=postgres --regid=postgres --clear-groups)
        chown postgres "$@"
    fi
    cd "$1"
    for folder in "$@"; do
        "${as[@]}" "$programs/initdb" -D "$folder/data" -U bongsu -A trust --no-sync >initdb.log 2>&1 || { cat initdb.log >&2; exit 1; }
    done
    declare -A server
    # In a session of its own, so that all that it has begun can be killed. A process that is killed is attached to the shared memory
    # for a moment longer than it can be found, and the next server does not start then: it is started until it answers.
    start() {
        while :; do
            setsid "${as[@]}" "$programs/postgres" -D "$1/data" -k "$1" -c listen_addresses= -c max_connections=200 \
                -c autovacuum=on -c log_min_messages=fatal -c "shared_preload_libraries=$preload" >>"$1/server.log" 2>&1 &
            server[$1]=$!
            while kill -0 ${server[$1]} 2>/dev/null; do
                "$programs/pg_isready" -q -h "$1" && return
                sleep 0.05
            done
            wait ${server[$1]}
        done
    }
    stop() { kill -INT ${server[$1]}; wait ${server[$1]}; }
    for folder in "$@"; do start "$folder"; done
    while read -r order; do
        for folder in "$@"; do
            case $order in
                kill) while pkill -9 -s ${server[$folder]}; do sleep 0.02; done; wait ${server[$folder]}; start "$folder" ;;
                stop) stop "$folder" ;;
                start) start "$folder" ;;
            esac
        done
        echo done
    done
    for folder in "$@"; do stop "$folder"; done
    rm -rf "$1"
"#;

/// Whether the tests are run on Citus, by hand (CONTRIBUTING.md says how): a coordinator and two workers.
fn is_citus() -> bool {
    match std::env::var("BONGSU_TEST_ENGINE").as_deref() {
        Ok("citus") => true,
        Ok(other) => panic!("BONGSU_TEST_ENGINE is `{other}`: it can be `citus`, or not be there"),
        Err(_) => false,
    }
}

/// The folder of the server's programs; the newest there is.
fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql");
    let versions = versions.unwrap_or_else(|error| panic!("scripts/setup installs PostgreSQL: {error}"));
    let of = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.ok()?.path();
        Some((path.file_name()?.to_str()?.parse::<u32>().ok()?, path.join("bin")))
    };
    versions.filter_map(of).max().unwrap().1
}

fn address(folder: &Path, database: &str) -> String {
    format!("host={} user=bongsu dbname={database}", folder.display())
}

fn client(folder: &Path, database: &str) -> postgres::Client {
    postgres::Client::connect(&address(folder, database), postgres::NoTls).unwrap()
}

/// What the server is to a node's configuration.
pub(crate) fn dialect() -> &'static str {
    if is_citus() { "citus" } else { "postgres" }
}

impl Server {
    pub(crate) fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("pg").tempdir().unwrap().keep();
        let mut command = Command::new("bash");
        command.args(["-c", KEEP, "keep"]).arg(programs()).arg(if is_citus() { "citus" } else { "" });
        command.arg(&folder);
        for worker in Self::workers(&folder) {
            std::fs::create_dir(&worker).unwrap();
            command.arg(worker);
        }
        let mut keeper = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let said = BufReader::new(keeper.stdout.take().unwrap());
        let server = Self { folder, keeper, said };
        server.wait();
        server
    }

    /// The one that tests share which do not disturb it.
    pub(crate) fn shared() -> &'static Self {
        static SERVER: OnceLock<Server> = OnceLock::new();
        SERVER.get_or_init(Self::start)
    }

    /// The folders of those beside it that keep its shards.
    fn workers(folder: &Path) -> Vec<PathBuf> {
        let names: &[&str] = if is_citus() { &["worker1", "worker2"] } else { &[] };
        names.iter().map(|name| folder.join(name)).collect()
    }

    fn folders(&self) -> impl Iterator<Item = PathBuf> + use<> {
        std::iter::once(self.folder.clone()).chain(Self::workers(&self.folder))
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Waits until it answers, and those that keep its shards.
    pub(crate) fn wait(&self) {
        let until = Instant::now() + Duration::from_secs(60);
        for folder in self.folders() {
            while let Err(error) = postgres::Client::connect(&address(&folder, "postgres"), postgres::NoTls) {
                assert!(Instant::now() < until, "{error}: {}", self.log());
                std::thread::sleep(Duration::from_millis(50));
            }
        }
    }

    fn log(&self) -> String {
        ["initdb.log", "server.log"]
            .map(|name| std::fs::read_to_string(self.folder.join(name)).unwrap_or_default())
            .concat()
    }

    /// Has the servers killed and started again, as after a loss of power; or stopped, or started.
    pub(crate) fn order(&mut self, order: &str) {
        use std::io::{BufRead as _, Write as _};
        writeln!(self.keeper.stdin.as_mut().unwrap(), "{order}").unwrap();
        self.said.read_line(&mut String::new()).unwrap();
    }

    pub(crate) fn address(&self, database: &str) -> String {
        address(&self.folder, database)
    }

    pub(crate) fn client(&self, database: &str) -> postgres::Client {
        client(&self.folder, database)
    }

    /// The folder of each server that has a part of a database, and a connection to it.
    pub(crate) fn each(&self, database: &str) -> impl Iterator<Item = (PathBuf, postgres::Client)> {
        self.folders().map(move |folder| (folder.clone(), client(&folder, database)))
    }

    /// Makes a database that is there one that the workers share.
    fn spread(&self, name: &str) {
        let mut coordinator = self.client(name);
        coordinator.batch_execute("CREATE EXTENSION citus").unwrap();
        let here = self.folder.display();
        coordinator.batch_execute(&format!("SELECT citus_set_coordinator_host('{here}', 5432)")).unwrap();
        for worker in Self::workers(&self.folder) {
            client(&worker, "postgres").batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
            client(&worker, name).batch_execute("CREATE EXTENSION citus").unwrap();
            let add = format!("SELECT citus_add_node('{}', 5432)", worker.display());
            coordinator.batch_execute(&add).unwrap();
        }
    }

    /// A new database: its name.
    pub(crate) fn database(&self) -> String {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let name = format!("t{}", NEXT.fetch_add(1, Ordering::Relaxed));
        self.client("postgres").batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
        if is_citus() {
            self.spread(&name);
        }
        name
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ended = self.keeper.wait();
    }
}
