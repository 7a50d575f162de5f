//! Chromium, driven over WebDriver: as a desktop or a phone, light or dark, with scripts or without, in one language or another.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::blocking::Client;
use serde_json::{Value, json};

use crate::node::{client, wait};
use crate::people::PASSWORD;

/// How WebDriver names an element. Source: W3C WebDriver, section 12.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// How somebody looks at pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Looks {
    /// CSS pixels.
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) is_dark: bool,
    pub(crate) has_scripts: bool,
    /// BCP 47.
    pub(crate) language: &'static str,
}

impl Looks {
    pub(crate) const DESKTOP: Self =
        Self { width: 1200, height: 900, is_dark: false, has_scripts: true, language: "en" };
    pub(crate) const PHONE: Self = Self { width: 390, height: 844, ..Self::DESKTOP };
}

/// A Chromium of its own.
pub(crate) struct Chromium {
    driver: Child,
    client: Client,
    session: String,
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let _closed_already = self.client.delete(&self.session).send();
        let _ended_already = self.driver.kill();
        let _ended_already = self.driver.wait();
    }
}

/// A driver that answers, and its port. It takes a free port of IPv4 and ends if another process has the same of IPv6,
/// so that where many start beside each other one of them has to try again.
fn driver(folder: &Path) -> (Child, String) {
    let mut said = String::new();
    for _ in 0..8 {
        let mut command = Command::new("chromedriver");
        command.arg("--port=0").env("HOME", folder).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut driver = command
            .spawn()
            .unwrap_or_else(|error| panic!("chromedriver: {error}; scripts/setup installs it"));
        let mut out = BufReader::new(driver.stdout.take().unwrap());
        loop {
            let mut line = String::new();
            if out.read_line(&mut line).unwrap() == 0 {
                break;
            }
            if let Some((_, port)) = line.split_once("started successfully on port ") {
                let port = port.trim().trim_end_matches('.').to_owned();
                std::thread::spawn(move || std::io::copy(&mut out, &mut std::io::sink()));
                return (driver, port);
            }
            said.push_str(&line);
        }
        driver.wait().unwrap();
    }
    panic!("chromedriver ended each time it was started: {said}");
}

impl Chromium {
    pub(crate) fn start(folder: &Path) -> Self {
        let (driver, port) = driver(folder);
        let args = [
            "--headless=new",
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--disable-gpu",
            "--window-size=1000,1400",
        ];
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": {"args": args}, "webauthn:virtualAuthenticators": true,
            "goog:loggingPrefs": {"browser": "ALL"}, "timeouts": {"script": 120_000},
        }}});
        let (client, root) = (client(), format!("http://127.0.0.1:{port}/session"));
        let answer: Value = client.post(&root).json(&wanted).send().unwrap().json().unwrap();
        let id = answer["value"]["sessionId"].as_str().unwrap_or_else(|| panic!("{answer}"));
        Self { driver, session: format!("{root}/{id}"), client }
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Value {
        self.posted(path, body).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    fn posted(&self, path: &str, body: &Value) -> Result<Value, Value> {
        let answer: Value =
            self.client.post(format!("{}/{path}", self.session)).json(body).send().unwrap().json().unwrap();
        match answer["value"].get("error") {
            Some(_) => Err(answer["value"].clone()),
            None => Ok(answer["value"].clone()),
        }
    }

    pub(crate) fn get(&self, path: &str) -> Value {
        let answer: Value =
            self.client.get(format!("{}/{path}", self.session)).send().unwrap().json().unwrap();
        answer["value"].clone()
    }

    pub(crate) fn delete(&self, path: &str) {
        self.client.delete(format!("{}/{path}", self.session)).send().unwrap().error_for_status().unwrap();
    }

    /// A command of the DevTools protocol.
    fn tool(&self, command: &str, params: &Value) -> Value {
        self.post("goog/cdp/execute", &json!({"cmd": command, "params": params}))
    }

    /// Looks so at all pages from now on.
    pub(crate) fn look(&self, looks: Looks) {
        let Looks { width, height, is_dark, has_scripts, language } = looks;
        let is_phone = width < 600;
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": is_phone});
        self.tool("Emulation.setDeviceMetricsOverride", &size);
        let scheme = if is_dark { "dark" } else { "light" };
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.tool("Emulation.setEmulatedMedia", &json!({"features": features}));
        self.tool("Emulation.setScriptExecutionDisabled", &json!({"value": !has_scripts}));
        self.tool("Network.enable", &json!({}));
        self.header("Accept-Language", language);
    }

    /// Is where the clocks go so from now on.
    pub(crate) fn zone(&self, name: &str) {
        self.tool("Emulation.setTimezoneOverride", &json!({"timezoneId": name}));
    }

    /// Sends a header with every request, and no other of its own.
    fn header(&self, name: &str, value: &str) {
        self.tool("Network.setExtraHTTPHeaders", &json!({"headers": {name: value}}));
    }

    pub(crate) fn forget(&self) {
        self.tool("Network.clearBrowserCookies", &json!({}));
    }

    /// What the console said since it was asked last.
    pub(crate) fn console(&self) -> Vec<String> {
        let said = self.post("se/log", &json!({"type": "browser"}));
        let entry = |one: &Value| one["message"].as_str().unwrap_or_default().to_owned();
        said.as_array().map(|all| all.iter().map(entry).collect()).unwrap_or_default()
    }

    /// A picture of the whole page.
    pub(crate) fn shot(&self, file: &Path) {
        let shot =
            self.tool("Page.captureScreenshot", &json!({"captureBeyondViewport": true, "format": "png"}));
        let bytes = STANDARD.decode(shot["data"].as_str().unwrap()).unwrap();
        std::fs::write(file, bytes).unwrap();
    }

    pub(crate) fn go(&self, url: &str) {
        self.post("url", &json!({"url": url}));
    }

    pub(crate) fn run(&self, script: &str) -> Value {
        self.post("execute/sync", &json!({"script": script, "args": []}))
    }

    /// What a script hands to its last argument.
    pub(crate) fn run_until(&self, script: &str) -> Value {
        self.post("execute/async", &json!({"script": script, "args": []}))
    }

    pub(crate) fn element(&self, css: &str) -> String {
        let found = self.post("element", &json!({"using": "css selector", "value": css}));
        found[ELEMENT].as_str().unwrap().to_owned()
    }

    pub(crate) fn fill(&self, css: &str, text: &str) {
        self.on(css, "value", &json!({"text": text}));
    }

    pub(crate) fn click(&self, css: &str) {
        self.on(css, "click", &json!({}));
    }

    /// Does something to an element. Where the page was replaced since the element was found nothing was done, and the new page's
    /// is taken.
    fn on(&self, css: &str, what: &str, body: &Value) {
        let done = wait(Duration::from_secs(60), || {
            match self.posted(&format!("element/{}/{what}", self.element(css)), body) {
                Ok(_) => Some(()),
                Err(error) if error["error"] == "stale element reference" => None,
                Err(error) => panic!("{css}: {error}"),
            }
        });
        assert!(done.is_some(), "{css}: the page is replaced all the time");
    }

    pub(crate) fn text(&self) -> String {
        self.run("return document.body?.innerText ?? ''").as_str().unwrap_or_default().to_owned()
    }

    /// Waits until the page says something.
    pub(crate) fn says(&self, what: &str) {
        let found = wait(Duration::from_secs(60), || self.text().contains(what).then_some(()));
        assert!(found.is_some(), "never said {what:?}: {} {}", self.get("url"), self.text());
    }

    pub(crate) fn log_in(&self, url: &str, user: &str) {
        self.go(&format!("{url}/login?to=/account"));
        self.fill("#by-password [name=user]", user);
        self.fill("#by-password [name=password]", PASSWORD);
        self.click("#by-password button");
    }
}
