//! Real DNS servers as members run them, and what they answer.

use std::net::UdpSocket;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// The member's key for zone transfers.
pub(super) struct Key {
    pub(super) name: String,
    pub(super) secret: String,
}

/// A DNS server that runs as long as this lives.
pub(super) struct Resolver {
    child: Child,
    /// Its name, for people.
    pub(super) name: &'static str,
    /// Where it answers, on this machine.
    pub(super) port: u16,
}

impl Drop for Resolver {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _ended_already = self.child.wait();
    }
}

/// What makes a resolver a member's own.
pub(super) struct Policy<'a> {
    /// Where its files lie.
    pub(super) dir: &'a Path,
    /// Where it is to answer.
    pub(super) port: u16,
    /// Where the rest of the world answers.
    pub(super) world: u16,
    /// The zone that is its policy.
    pub(super) zone: &'a str,
    /// Where the node serves DNS.
    pub(super) primary: u16,
}

/// The response code of DNS for a name that does not exist.
pub(super) const NXDOMAIN: u8 = 3;

impl Resolver {
    fn start(name: &'static str, port: u16, dir: &Path, program: &str, args: &[String]) -> Result<Self> {
        let log = std::fs::File::create(dir.join(format!("{program}.{port}.log")))?;
        let child = Command::new(format!("/usr/sbin/{program}"))
            .args(args)
            .current_dir(dir)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("{program} can't be started: run scripts/setup"))?;
        Ok(Self { child, name, port })
    }

    /// BIND that knows every name under `top`, and nothing else: the rest of the world.
    pub(super) fn world(dir: &Path, port: u16) -> Result<Self> {
        let zone = "$TTL 1\n@ SOA localhost. root.localhost. 1 60 60 60 1\n@ NS localhost.\n* A 192.0.2.1\n";
        std::fs::write(dir.join("top.zone"), zone)?;
        let own = "zone \"top\" { type primary; file \"top.zone\"; };\n";
        bind("the world", dir, "world.conf", port, "recursion no;", own)
    }

    /// BIND 9, a member's resolver with its zone as policy.
    pub(super) fn bind(policy: &Policy<'_>, key: &Key) -> Result<Self> {
        let Policy { dir, port, world, zone, primary } = policy;
        let Key { name, secret } = key;
        let options = format!(
            "recursion yes; dnssec-validation no; response-policy {{ zone \"{zone}\" min-update-interval 0; }} qname-wait-recurse no;"
        );
        let zones = format!(
            "key \"{name}\" {{ algorithm hmac-sha256; secret \"{secret}\"; }};\n\
             zone \"{zone}\" {{ type secondary; primaries {{ 127.0.0.1 port {primary} key \"{name}\"; }}; file \"{port}.rpz\"; allow-query {{ any; }}; }};\n\
             zone \"top\" {{ type forward; forward only; forwarders {{ 127.0.0.1 port {world}; }}; }};\n"
        );
        bind("BIND 9", dir, &format!("bind-{port}.conf"), *port, &options, &zones)
    }

    /// Unbound, which fetches without a key.
    pub(super) fn unbound(policy: &Policy<'_>) -> Result<Self> {
        let Policy { dir, port, world, zone, primary } = policy;
        let config = format!(
            "server:\n directory: \"{dir}\"\n chroot: \"\"\n username: \"\"\n pidfile: \"{dir}/unbound.pid\"\n \
             interface: 127.0.0.1@{port}\n do-daemonize: no\n use-syslog: no\n module-config: \"respip iterator\"\n \
             do-not-query-localhost: no\nrpz:\n name: \"{zone}\"\n primary: 127.0.0.1@{primary}\n \
             allow-notify: 127.0.0.1\nforward-zone:\n name: \"top\"\n forward-addr: 127.0.0.1@{world}\n",
            dir = dir.display()
        );
        std::fs::write(dir.join("unbound.conf"), config)?;
        Self::start("Unbound", *port, dir, "unbound", &["-d", "-c", "unbound.conf"].map(str::to_owned))
    }

    /// PowerDNS Recursor, which asks once a second: it takes no notices.
    pub(super) fn recursor(policy: &Policy<'_>, key: &Key) -> Result<Self> {
        let Policy { dir, port, world, zone, primary } = policy;
        let Key { name, secret } = key;
        let lua = format!(
            "rpzPrimary({{\"127.0.0.1:{primary}\"}}, \"{zone}\", {{tsigname=\"{name}\", tsigalgo=\"hmac-sha256\", tsigsecret=\"{secret}\", refresh=1}})\n"
        );
        std::fs::write(dir.join("policy.lua"), lua)?;
        let dir_name = dir.display();
        let args = [
            format!("--config-dir={dir_name}"),
            format!("--lua-config-file={dir_name}/policy.lua"),
            format!("--socket-dir={dir_name}"),
            format!("--local-port={port}"),
            format!("--forward-zones=top=127.0.0.1:{world}"),
        ];
        let fixed = [
            "--local-address=127.0.0.1",
            "--daemon=no",
            "--dnssec=off",
            "--setuid=",
            "--setgid=",
            "--dont-query=",
            "--disable-packetcache=yes",
            "--threads=1",
        ];
        let args: Vec<String> = args.into_iter().chain(fixed.map(str::to_owned)).collect();
        Self::start("PowerDNS Recursor", *port, dir, "pdns_recursor", &args)
    }

    /// Knot Resolver 5, which transfers nothing: it reads the zone from a file, anew whenever that is replaced.
    pub(super) fn knot(policy: &Policy<'_>, file: &Path) -> Result<Self> {
        let Policy { dir, port, world, .. } = policy;
        let config = format!(
            "net.listen('127.0.0.1', {port}, {{ kind = 'dns' }})\ntrust_anchors.remove('.')\ncache.size = 10 * MB\n\
             policy.add(policy.rpz(policy.DENY, '{file}', true))\n\
             policy.add(policy.suffix(policy.STUB('127.0.0.1@{world}'), policy.todnames({{'top.'}})))\n",
            file = file.display()
        );
        let run = dir.join("kresd");
        std::fs::create_dir_all(&run)?;
        let config_file = run.join("kresd.conf");
        std::fs::write(&config_file, config)?;
        let args = ["-n", "-q", "-c"].map(str::to_owned).into_iter();
        let args: Vec<String> =
            args.chain([&config_file, &run].map(|path| path.display().to_string())).collect();
        Self::start("Knot Resolver", *port, dir, "kresd", &args)
    }

    /// What it answers to a question of type `kind`, as a whole; `None` without an answer within `patience`.
    pub(super) fn ask(&self, name: &str, kind: u16, patience: Duration) -> Result<Option<Vec<u8>>> {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.connect(("127.0.0.1", self.port))?;
        socket.set_read_timeout(Some(patience))?;
        socket.send(&question(name, kind, true))?;
        let mut answer = vec![0; 4_096];
        Ok(socket.recv(&mut answer).ok().map(|length| {
            answer.truncate(length);
            answer
        }))
    }

    /// Asks until the name does not exist any more; gives how long that took.
    pub(super) fn until_refused(&self, name: &str, since: Instant, patience: Duration) -> Result<Duration> {
        while since.elapsed() < patience {
            let answer = self.ask(name, 1, Duration::from_millis(500))?;
            if answer.and_then(|answer| answer.get(3).map(|flags| flags & 15)) == Some(NXDOMAIN) {
                return Ok(since.elapsed());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        bail!("{} does not refuse {name} after {patience:?}", self.name)
    }
}

fn bind(
    name: &'static str,
    dir: &Path,
    file: &str,
    port: u16,
    options: &str,
    zones: &str,
) -> Result<Resolver> {
    let config = format!(
        "options {{ directory \"{dir}\"; pid-file \"{dir}/{port}.pid\"; session-keyfile none; managed-keys-directory \"{dir}\"; \
         listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; allow-query {{ any; }}; empty-zones-enable no; {options} }};\n\
         controls {{ }};\n{zones}",
        dir = dir.display()
    );
    std::fs::write(dir.join(file), config)?;
    Resolver::start(name, port, dir, "named", &["-g", "-4", "-c", file].map(str::to_owned))
}

/// A query with one question (RFC 1035, 4.1).
pub(super) fn question(name: &str, kind: u16, recursion: bool) -> Vec<u8> {
    let mut query = vec![0, 7, u8::from(recursion), 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.').filter(|label| !label.is_empty()) {
        query.push(u8::try_from(label.len()).unwrap_or(0));
        query.extend_from_slice(label.as_bytes());
    }
    query.push(0);
    query.extend_from_slice(&kind.to_be_bytes());
    query.extend_from_slice(&1_u16.to_be_bytes());
    query
}

/// A port that is free at the moment.
pub(super) fn free_port() -> Result<u16> {
    Ok(UdpSocket::bind("127.0.0.1:0")?.local_addr()?.port())
}
