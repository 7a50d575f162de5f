//! Where help removes most: what would not have come through, had places acted sooner or blocked more often; beside the ranking by
//! volume. As a page, and as JSON, CSV and SVG.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use region::transit::help::{Bounds, Choice};
use region::transit::plan::{Level, Plan, Wish, place_cost};
use region::transit::told::{name, percent};
use region::transit::{By, Spot, words};
use region::world::Territories;
use serde::Deserialize;

use super::objects::encoded;
use super::region::{circles, file_of, picture};
use super::{Frame, Pages, Shared, Viewer, Who, absent, broken, making, not_askable, render};

/// Places that are chosen, unless another number is asked for, and at most.
const PLACES: usize = 10;
const PLACES_MAX: usize = 200;
/// Costs that may be named.
const COSTS_MAX: usize = 300;

/// What is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    /// `country` or `network`.
    by: String,
    /// `takedown=DAYS` or `blocking=PART`.
    level: String,
    most: String,
    budget: String,
    /// What places cost, with spaces between them: `SG=3 VN=2`.
    costs: String,
    circle: String,
}

impl Asked {
    fn by(&self) -> By {
        if self.by == "network" { By::Network } else { By::Country }
    }

    /// What is wished, or what is wrong with it.
    fn wish(&self) -> Result<Wish, String> {
        let level = match self.level.trim() {
            "" => Level::Takedown(7),
            typed => typed.parse().map_err(|error: region::transit::plan::LevelError| error.to_string())?,
        };
        let most = match self.most.trim() {
            "" => PLACES,
            typed => match typed.parse() {
                Ok(most) if (1..=PLACES_MAX).contains(&most) => most,
                _ => return Err(format!("write a number of places from 1 to {PLACES_MAX}, not `{typed}`")),
            },
        };
        let budget = match self.budget.trim() {
            "" => None,
            typed => match typed.parse() {
                Ok(budget) => Some(budget),
                Err(_) => {
                    return Err(format!("`{typed}` is no budget: write a whole number, or leave it out"));
                }
            },
        };
        if self.costs.split_whitespace().count() > COSTS_MAX {
            return Err(format!("name the costs of at most {COSTS_MAX} places"));
        }
        let costs = self.costs.split_whitespace().map(place_cost);
        let costs = costs.collect::<Result<BTreeMap<Spot, u64>, _>>().map_err(|error| error.to_string())?;
        Ok(Wish { level, bounds: Bounds { most, budget }, costs })
    }

    fn query(&self, by: &str, circle: &str, language: &str) -> String {
        let fields = [
            ("by", by),
            ("level", &self.level),
            ("most", &self.most),
            ("budget", &self.budget),
            ("costs", &self.costs),
            ("circle", circle),
        ];
        let mut query = format!("lang={language}");
        for (key, value) in fields.into_iter().filter(|(_, value)| !value.is_empty()) {
            query.push_str(&format!("&{key}={}", encoded(value)));
        }
        query
    }
}

/// The routes.
pub(super) fn router() -> Router<Arc<Pages>> {
    Router::new()
        .route("/region/where", get(page))
        .route("/region/where.csv", get(csv))
        .route("/region/where.json", get(json))
        .route("/region/where.svg", get(svg))
}

/// Answers with what is made of a choice among the places that the caller may see.
async fn answer(
    pages: Arc<Pages>,
    who: Who,
    asked: Asked,
    make: impl FnOnce(&Pages, &Viewer, &Asked, &Plan) -> Response + Send + 'static,
) -> Response {
    making(move || {
        let (viewer, book) = (Viewer::of(who), pages.gate.book());
        let Some(looking) = pages.transit_asked(&book, &viewer, &asked.circle, asked.by()) else {
            return absent();
        };
        let wish = match asked.wish() {
            Ok(wish) => wish,
            Err(why) => return not_askable(&viewer, &why),
        };
        match pages.transit.help(&looking, &wish) {
            Ok(plan) => make(&pages, &viewer, &asked, &plan),
            Err(error) => broken(&error),
        }
    })
    .await
}

#[derive(Template)]
#[template(path = "where.html")]
struct WherePage {
    frame: Frame,
    caveat: &'static str,
    asked: Asked,
    attacks: u64,
    words: String,
    sides: [Side; 2],
    picture: String,
    map: Option<String>,
    guarantee: String,
    limits: &'static str,
    query: String,
    circles: Vec<(String, String, bool)>,
}

struct Side {
    title: &'static str,
    rows: Vec<Row>,
}

struct Row {
    name: String,
    cost: u64,
    adds: String,
    upto: String,
    alone: String,
}

fn side(title: &'static str, choice: &Choice, territories: &Territories) -> Side {
    let total = choice.total.max(1) as f64;
    let mut upto = 0.0;
    let row = |one: &region::transit::help::Chosen| {
        upto += one.removes;
        Row {
            name: name(one.spot, territories),
            cost: one.cost,
            adds: percent(one.removes / total),
            upto: percent(upto / total),
            alone: percent(one.alone / total),
        }
    };
    Side { title, rows: choice.chosen.iter().map(row).collect() }
}

async fn page(State(pages): Shared, who: Who, Query(asked): Query<Asked>) -> Response {
    answer(pages, who, asked, |pages, viewer, asked, plan| {
        let (book, territories) = (pages.gate.book(), pages.territories(viewer));
        let language = viewer.view.spoken();
        let by = if asked.by() == By::Network { "network" } else { "country" };
        let own = circles(&book, viewer);
        let circles = own
            .iter()
            .map(|circle| (circle.handle.clone(), circle.title.clone(), circle.handle == asked.circle));
        render(&WherePage {
            frame: pages.frame(&book, viewer, viewer.say("Where help removes most", "지원 효과가 큰 곳")),
            caveat: words::caveat(language),
            attacks: plan.chosen.total,
            words: words::level(&plan.level, language),
            sides: [
                side(viewer.say("By what each adds", "추가 효과순"), &plan.chosen, &territories),
                side(viewer.say("By volume alone", "단순 규모순"), &plan.naive, &territories),
            ],
            picture: match plan.chosen.chosen.is_empty() {
                true => String::new(),
                false => plan.svg(&territories),
            },
            map: plan.map(&territories),
            guarantee: words::guarantee(plan, language),
            limits: words::limits(language),
            query: asked.query(by, &asked.circle, language.tag()),
            circles: circles.collect(),
            asked: Asked {
                by: by.to_owned(),
                level: plan.level.to_string(),
                most: plan.bounds.most.to_string(),
                budget: asked.budget.clone(),
                costs: asked.costs.clone(),
                circle: asked.circle.clone(),
            },
        })
    })
    .await
}

async fn csv(State(pages): Shared, who: Who, Query(asked): Query<Asked>) -> Response {
    answer(pages, who, asked, |pages, _, _, plan| {
        file_of("text/csv; charset=utf-8", Some("where.csv"), plan.csv(&pages.transit.territories()))
    })
    .await
}

async fn json(State(pages): Shared, who: Who, Query(asked): Query<Asked>) -> Response {
    answer(pages, who, asked, |pages, _, _, plan| {
        file_of("application/json", None, plan.json(&pages.transit.territories()).to_string())
    })
    .await
}

async fn svg(State(pages): Shared, who: Who, Query(asked): Query<Asked>) -> Response {
    answer(pages, who, asked, |pages, viewer, _, plan| picture(plan.svg(&pages.territories(viewer)))).await
}
