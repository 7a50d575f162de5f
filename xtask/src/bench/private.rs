//! Private screening: evaluations in process and over HTTP, and what a filter takes.
//!
//! In process on two threads, a question of 1,024 elements each time. Over HTTP two members' connections post such questions to a node
//! whose allowance is large. The filter is that of 100,000 domains, evaluated on one core.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use watch::private::{Answer, ELEMENTS_MAX, Key, Output, Question, Request, Set};
use watch::{Kind, Value, normalise};

use super::client::Client;
use super::node::{MEMBER, Node, READER};
use super::table::{Figure, Table};

const VALUES: usize = 100_000;
const QUESTIONS: usize = 20;
/// Time in which a filter must be ready.
const READY: Duration = Duration::from_secs(300);

pub(super) fn run(program: &Path, dir: &Path, table: &mut Table) -> Result<()> {
    let mut figure = |name: &str, value, unit, goal| {
        table.add(&Figure { name, value, unit, goal, ratio: None });
    };
    let values = (0..VALUES).map(|at| normalise(Kind::Domain, &format!("a{at}.evil.top")));
    let values = values.collect::<Result<Vec<Value>, _>>()?;
    let key = Key::derive(&[7; 32], 1)?;
    let asked = values.get(..ELEMENTS_MAX).context("there are as many")?;
    let question = Question::new(asked, [1; 32])?;
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let work = || (0..QUESTIONS).try_for_each(|_| key.evaluate(question.elements(), [2; 32]).map(drop));
        let threads = [scope.spawn(work), scope.spawn(work)];
        threads
            .into_iter()
            .try_for_each(|thread| Ok::<_, anyhow::Error>(thread.join().ok().context("it panicked")??))
    })?;
    let evaluated = (2 * QUESTIONS * ELEMENTS_MAX) as f64;
    figure(
        "private: evaluations in process, 2 threads",
        evaluated / begun.elapsed().as_secs_f64(),
        "/s",
        "≥ 5,000",
    );

    let begun = Instant::now();
    let outputs = values.iter().map(|value| key.output(value)).collect::<Result<Vec<Output>, _>>()?;
    figure("private: 100,000 values evaluated, 1 core", begun.elapsed().as_secs_f64(), "s", "");
    let begun = Instant::now();
    let set = Set::of(&outputs).write();
    figure("private: the set of these, written", begun.elapsed().as_secs_f64() * 1e3, "ms", "");
    figure("private: the set, a value", set.len() as f64 / VALUES as f64, "bytes", "");
    over_http(program, dir, &values, &mut figure)
}

fn over_http(
    program: &Path,
    dir: &Path,
    values: &[Value],
    figure: &mut impl FnMut(&str, f64, &'static str, &'static str),
) -> Result<()> {
    let node = Node::new(program, &dir.join("node"))?;
    let config = node.dir().join("bongsu.toml");
    let text = std::fs::read_to_string(&config)?;
    let text = text
        .replace("burst = 10000", "burst = 100000000")
        .replace("per_hour = 10000", "per_hour = 100000000");
    std::fs::write(&config, text)?;
    let list = dir.join("domains.txt");
    std::fs::write(&list, values.iter().map(Value::text).collect::<Vec<_>>().join("\n"))?;
    node.json(&[
        "import",
        list.to_str().context("a path that is no text")?,
        "--circle",
        "region",
        "--as",
        MEMBER,
    ])?;
    let serving = node.serve()?;
    let host = serving.host.clone();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut one = Client::connect(&host, Some((MEMBER, &node.token))).await?;
        let begun = Instant::now();
        let filter = loop {
            match one.get("/private/filter").await {
                Ok(filter) => break filter,
                Err(error) if begun.elapsed() > READY => return Err(error),
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        };
        figure("private: a filter of 100,000, first ready", begun.elapsed().as_secs_f64(), "s", "");
        figure("private: its size", filter.len() as f64 / 1024.0, "KiB", "");
        let keys: serde_json::Value = serde_json::from_slice(&one.get("/private/key").await?)?;
        let epoch = keys["keys"][0]["epoch"].as_u64().and_then(|epoch| u32::try_from(epoch).ok());
        let question = Question::new(values.iter().take(ELEMENTS_MAX), [1; 32])?;
        let request = Request { epoch: epoch.context("no epoch")?, elements: question.elements().to_vec() };
        let body = serde_json::to_string(&request)?;
        // Only now: the node closes a connection that is idle for long.
        let mut other = Client::connect(&host, Some((READER, &node.reader_token))).await?;
        let begun = Instant::now();
        for _ in 0..QUESTIONS {
            let (path, ask) = ("/private/evaluate", || body.clone());
            let (first, second) = tokio::join!(one.post_for(path, ask()), other.post_for(path, ask()));
            for answer in [first?, second?] {
                let answer: Answer = serde_json::from_slice(&answer)?;
                ensure!(answer.elements.len() == ELEMENTS_MAX, "not all was answered");
            }
        }
        let evaluated = (2 * QUESTIONS * ELEMENTS_MAX) as f64;
        figure(
            "private: evaluations over HTTP, 1,024 each",
            evaluated / begun.elapsed().as_secs_f64(),
            "/s",
            "≥ 5,000",
        );
        Ok(())
    })
}
