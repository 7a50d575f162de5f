//! How fast sightings become flows and a choice of where to help. Every measurement is a line of JSON.
//!
//! ```text
//! transit_speed generate FILE ROWS     a table of sightings over 1,000 networks in 50 countries
//! transit_speed read FILE              reads it, sums it up, and chooses whom to help
//! ```

use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Instant;

use bongsu_region::transit::flow::{Options, flows};
use bongsu_region::transit::geo::Locate;
use bongsu_region::transit::{By, Country, Network, Observed, Place, between, help, read, route, stay};
use serde_json::json;

/// The program's own, so that what is measured is what it does.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ADDRESSES: u64 = 300_000;
const NETWORKS: u32 = 1_000;
const COUNTRIES: usize = 50;

type Done = Result<(), Box<dyn Error>>;

fn main() -> Done {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["generate", file, rows] => generate(file, rows.parse()?),
        ["read", file] => measure(file),
        _ => Err("usage: generate FILE ROWS | read FILE".into()),
    }
}

/// Numbers that look random and are the same each time (splitmix64).
fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

/// An address; few of them are used most.
fn address(row: u64, hop: u64) -> Ipv4Addr {
    let drawn = mixed(row * 8 + hop);
    let part = (drawn >> 40) as f64 / (1_u64 << 24) as f64;
    let number = (ADDRESSES as f64 * part * part * part) as u64;
    Ipv4Addr::from_bits(mixed(number) as u32)
}

fn generate(file: &str, rows: u64) -> Done {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(file)?);
    writeln!(out, "time,source,hops,victim,count")?;
    let countries: Vec<Country> = Country::all().step_by(5).collect();
    for row in 0..rows {
        let time = 1_750_000_000 + row * 30_000_000 / rows.max(1);
        write!(out, "{time},{},", address(row, 0))?;
        let roles = ["proxy", "vpn-exit", "c2", "device"];
        for hop in 1..=1 + mixed(row) % 3 {
            let role = roles[(mixed(row + hop) % 4) as usize];
            write!(out, "{}{}/{role}", if hop == 1 { "" } else { " " }, address(row, hop))?;
        }
        writeln!(out, ",{},1", countries[(mixed(row ^ 77) % 20) as usize])?;
    }
    out.flush()?;
    println!("{}", json!({"what": "generate", "rows": rows, "bytes": std::fs::metadata(file)?.len()}));
    Ok(())
}

/// A table of networks and their countries.
struct Made(Vec<Country>);

impl Locate for Made {
    fn place(&self, address: IpAddr) -> Place {
        let IpAddr::V4(address) = address else { return Place::default() };
        let network = (mixed(address.to_bits().into()) % u64::from(NETWORKS)) as u32;
        Place {
            country: self.0.get(network as usize % COUNTRIES).copied(),
            network: Some(Network(network + 1)),
        }
    }
}

fn measure(file: &str) -> Done {
    let tables = Made(Country::all().step_by(5).collect());
    let mut observed = Observed::default();
    let began = Instant::now();
    let report = read::table(&mut observed, File::open(file)?, &tables)?;
    let read = began.elapsed();
    let (countries, networks) =
        (flows(&observed, Options::by(By::Country)), flows(&observed, Options::by(By::Network)));
    let whole = began.elapsed();
    println!(
        "{}",
        json!({"what": "into flows", "rows": report.rows, "faulty": report.faulty, "read_s": read.as_secs_f64(), "s": whole.as_secs_f64(),
               "addresses": observed.infrastructure().len(), "edges": [countries.edges.len(), networks.edges.len()]})
    );
    for (flows, by) in [(&countries, By::Country), (&networks, By::Network)] {
        let began = Instant::now();
        let routes = route::routes(&observed, by, 20);
        let routed = began.elapsed();
        let centre = between::betweenness(flows.spots.len(), &flows.edges);
        let centred = began.elapsed();
        let stays = stay::stays(&observed, &[], by, stay::Terms::default());
        println!(
            "{}",
            json!({"what": "told", "by": by, "spots": flows.spots.len(), "routes": routes.len(), "routes_ms": ms(routed), "betweenness_ms": ms(centred - routed),
                   "stays_ms": ms(began.elapsed() - centred), "central": centre.is_some(), "stays": stays.len()})
        );
        let began = Instant::now();
        let coverage = help::sooner(&observed, by, 30);
        let covered = began.elapsed();
        let choice = help::choose(&coverage, help::Bounds { most: 50, budget: None }, |_| 1);
        println!(
            "{}",
            json!({"what": "plan", "by": by, "groups": coverage.groups.len(), "coverage_ms": ms(covered),
                   "choose_ms": ms(began.elapsed() - covered), "removes": choice.removes / choice.total as f64,
                   "naive": help::by_volume(&coverage, 50).removes / choice.total as f64})
        );
    }
    Ok(())
}

fn ms(time: std::time::Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
