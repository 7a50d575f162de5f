//! A server of PostgreSQL for the tests, which ends with them.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A running server, in a folder of its own, reached over a socket there.
pub(crate) struct Server {
    folder: PathBuf,
    /// Ends the server when its input ends: with this process, however that ends.
    keeper: Child,
}

/// Runs the server until its input ends; then the server is ended, and its folder goes. PostgreSQL refuses to run as root.
const KEEP: &str = r#"
    folder=$1; programs=$2
    as=()
    if [ "$(id -u)" = 0 ]; then
        as=(setpriv --reuid=postgres --regid=postgres --clear-groups)
        chown postgres "$folder"
    fi
    cd "$folder"
    "${as[@]}" "$programs/initdb" -D "$folder/data" -U bongsu -A trust --no-sync >initdb.log 2>&1 || { cat initdb.log >&2; exit 1; }
    start() { "${as[@]}" "$programs/postgres" -D "$folder/data" -k "$folder" -c listen_addresses= -c max_connections=200 \
        -c autovacuum=on -c log_min_messages=fatal >>server.log 2>&1 & server=$!; }
    start
    while read -r order; do
        case $order in
            kill) kill -9 $server $(pgrep -P $server); wait $server; start ;;
            stop) kill -INT $server; wait $server ;;
            start) start ;;
        esac
    done
    kill -INT $server; wait $server
    rm -rf "$folder"
"#;

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

impl Server {
    pub(crate) fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("pg").tempdir().unwrap().keep();
        let mut command = Command::new("bash");
        command.args(["-c", KEEP, "keep"]).arg(&folder).arg(programs());
        let keeper = command.stdin(Stdio::piped()).spawn().unwrap();
        let server = Self { folder, keeper };
        server.wait();
        server
    }

    /// The one that tests share which do not disturb it.
    pub(crate) fn shared() -> &'static Self {
        static SERVER: OnceLock<Server> = OnceLock::new();
        SERVER.get_or_init(Self::start)
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Waits until it answers.
    pub(crate) fn wait(&self) {
        let until = Instant::now() + Duration::from_secs(60);
        while let Err(error) =
            self.address("postgres").parse::<postgres::Config>().unwrap().connect(postgres::NoTls)
        {
            assert!(Instant::now() < until, "{error}: {}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn log(&self) -> String {
        ["initdb.log", "server.log"]
            .map(|name| std::fs::read_to_string(self.folder.join(name)).unwrap_or_default())
            .concat()
    }

    /// Has the server killed and started again, as after a loss of power; or stopped, or started.
    pub(crate) fn order(&mut self, order: &str) {
        use std::io::Write as _;
        writeln!(self.keeper.stdin.as_mut().unwrap(), "{order}").unwrap();
    }

    pub(crate) fn address(&self, database: &str) -> String {
        format!("host={} user=bongsu dbname={database}", self.folder.display())
    }

    pub(crate) fn client(&self, database: &str) -> postgres::Client {
        postgres::Client::connect(&self.address(database), postgres::NoTls).unwrap()
    }

    /// A new database: its name.
    pub(crate) fn database(&self) -> String {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let name = format!("t{}", NEXT.fetch_add(1, Ordering::Relaxed));
        self.client("postgres").batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
        name
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ended = self.keeper.wait();
    }
}
