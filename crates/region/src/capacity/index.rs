//! Public models of maturity, read from tables: ITU's GCI, Oxford's CMM, the NCSI, and any other.
//!
//! A table is CSV with a line of names first, in one of two forms:
//!
//! - *wide*: a column with countries' codes, and a column for each indicator (`iso3,gci,legal,technical,…`);
//! - *long*: the columns `country`, `indicator` and `value`, and `max` if the scale does not follow from the model.
//!
//! Beside them there may be `name`, `year` and `model`. What the table does not say of model and year, whoever hands it in says.
//! A row that is wrong is told with its line and left out; the others count. Each figure keeps its model, year and file: figures
//! of several models are never joined into one.
//!
//! Sources: ITU, Global Cybersecurity Index 2024 (five pillars of 20 points); GCSCC Oxford, CMM 2021 (five dimensions, five
//! stages); e-Governance Academy, NCSI.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use super::country;
use crate::transit::Country;
use crate::transit::geo::Fault;

/// Bytes of a table that are read.
pub const FILE_BYTES_MAX: u64 = 32 << 20;
/// Columns of a table.
const COLUMNS_MAX: usize = 256;
/// Figures of one table.
const FIGURES_MAX: usize = 500_000;
/// Longest name of a model, an indicator or a country, in characters.
const NAME_CHARS_MAX: usize = 100;
/// The faults that are kept; others are counted.
const FAULTS_MAX: usize = 100;
/// The first year of which there are such models.
const YEAR_MIN: u16 = 2000;

/// Names of columns that hold countries' codes, the more telling first.
const CODES: [&str; 9] =
    ["iso3", "iso2", "iso", "iso_code", "country_code", "ref_area", "code", "economy", "country"];
/// Names of columns that hold what a source calls a country.
const NAMES: [&str; 4] = ["name", "country_name", "economy_name", "ref_area_label"];
/// Stages of the CMM, from the first.
const STAGES: [&str; 5] = ["start-up", "formative", "established", "strategic", "dynamic"];

/// A model whose scale is known here.
struct Known {
    handle: &'static str,
    title: &'static str,
    /// Indicators and the end of their scale.
    indicators: &'static [(&'static str, f64)],
    /// The end of the scale of what is not named, if any may stand there.
    others: Option<f64>,
}

const KNOWN: [Known; 3] = [
    Known {
        handle: "gci",
        title: "ITU Global Cybersecurity Index",
        indicators: &[
            ("gci", 100.0),
            ("legal", 20.0),
            ("technical", 20.0),
            ("organizational", 20.0),
            ("capacity", 20.0),
            ("cooperation", 20.0),
        ],
        others: None,
    },
    Known {
        handle: "cmm",
        title: "Oxford Cybersecurity Capacity Maturity Model",
        indicators: &[("d1", 5.0), ("d2", 5.0), ("d3", 5.0), ("d4", 5.0), ("d5", 5.0)],
        others: None,
    },
    Known { handle: "ncsi", title: "National Cyber Security Index", indicators: &[], others: Some(100.0) },
];

/// The title of a model; its handle, if it is not known here.
#[must_use]
pub fn title(model: &str) -> &str {
    KNOWN.iter().find(|known| known.handle == model).map_or(model, |known| known.title)
}

/// One figure of a model about a country.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// The model's handle, such as `gci`.
    pub model: String,
    /// The year that it is of.
    pub year: u16,
    /// The pillar, dimension or indicator, in small letters.
    pub indicator: String,
    /// What it says, from 0 to `max`.
    pub value: f64,
    /// The end of its scale.
    pub max: f64,
    /// The file that it stands in.
    pub source: String,
}

impl Figure {
    /// Which part of its scale it reaches, 0 to 1.
    #[must_use]
    pub fn share(&self) -> f64 {
        self.value / self.max
    }

    /// The figure as it is shown: `3.3 of 20`.
    #[must_use]
    pub fn said(&self) -> String {
        format!("{} / {}", self.value, self.max)
    }
}

/// What is said of a table by whoever hands it in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Given {
    /// The model, if the table does not say.
    pub model: Option<String>,
    /// The year, if the table does not say.
    pub year: Option<u16>,
    /// The file's name, as it is shown.
    pub source: String,
    /// The last year that may be named: that of today.
    pub year_max: u16,
}

/// Why a table can't be read at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// The source failed, or it is no CSV.
    #[error(transparent)]
    Csv(#[from] csv::Error),
    /// It is too long.
    #[error("it is longer than {} MiB: take out the columns that are not needed", FILE_BYTES_MAX >> 20)]
    Long,
    /// It has too many columns.
    #[error("it has more than {COLUMNS_MAX} columns")]
    Columns,
    /// No column has codes.
    #[error(
        "it has no column with countries' codes: name one `iso3`, `iso2` or `country`; its columns are {0}"
    )]
    NoCountry(String),
    /// No column has figures.
    #[error(
        "it has no column with figures; a wide table has one for each indicator, a long one `indicator` and `value`; its columns are {0}"
    )]
    NoFigures(String),
    /// Nothing says which model it is.
    #[error(
        "it does not say which model it is of: add a column `model`, or name the model behind the file, as in `table.csv=ncsi:2023`"
    )]
    NoModel,
    /// Nothing says which year it is of.
    #[error(
        "it does not say which year it is of: add a column `year`, or name the year behind the file, as in `table.csv=gci:2024`"
    )]
    NoYear,
}

/// How the reading of a table went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Rows after the first line.
    pub rows: u64,
    /// Figures that were taken.
    pub figures: usize,
    /// What is wrong with the first hundred rows or figures that can't be taken.
    pub faults: Vec<Fault>,
    /// How many can't be taken.
    pub faulty: u64,
}

impl Report {
    fn fault(&mut self, line: u64, why: String) {
        self.faulty += 1;
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(Fault { line, why });
        }
    }
}

/// What is known of one country.
#[derive(Debug, Clone, Default, PartialEq)]
struct About {
    named: Option<String>,
    figures: Vec<Figure>,
}

/// The figures of all tables, by country.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Indices(BTreeMap<Country, About>);

impl Indices {
    /// The countries of which something is known.
    pub fn countries(&self) -> impl Iterator<Item = Country> {
        self.0.keys().copied()
    }

    /// What the source calls a country, if it says.
    #[must_use]
    pub fn named(&self, country: Country) -> Option<&str> {
        self.0.get(&country)?.named.as_deref()
    }

    /// The figures about a country: by model, then indicator, the latest year first.
    #[must_use]
    pub fn figures(&self, country: Country) -> &[Figure] {
        self.0.get(&country).map_or(&[], |about| &about.figures)
    }

    /// The latest figure of each model and indicator.
    pub fn latest(&self, country: Country) -> impl Iterator<Item = &Figure> {
        let of = |figure: &'_ Figure| (figure.model.clone(), figure.indicator.clone());
        let mut last = None;
        self.figures(country).iter().filter(move |figure| {
            let of = of(figure);
            let is_new = last.as_ref() != Some(&of);
            last = Some(of);
            is_new
        })
    }

    /// Reads a table in.
    ///
    /// # Errors
    /// [`IndexError`]; then nothing of it is taken.
    pub fn read(&mut self, source: impl Read, given: &Given) -> Result<Report, IndexError> {
        let mut table = Table::open(source, given)?;
        let (mut report, mut found) = (Report::default(), Vec::new());
        let mut record = csv::ByteRecord::new();
        while table.reader.read_byte_record(&mut record)? {
            if table.reader.position().byte() > FILE_BYTES_MAX {
                return Err(IndexError::Long);
            }
            report.rows += 1;
            let line = record.position().map_or(0, csv::Position::line);
            table.row(&record, line, given, &mut report, &mut found)?;
            if found.len() > FIGURES_MAX {
                return Err(IndexError::Long);
            }
        }
        self.take(found, &mut report);
        Ok(report)
    }

    /// Takes figures in; of two about the same the first counts.
    fn take(&mut self, found: Vec<Found>, report: &mut Report) {
        let key = |country: Country, figure: &Figure| {
            (country, figure.model.clone(), figure.indicator.clone(), figure.year)
        };
        let all = self.0.iter().flat_map(|(at, about)| about.figures.iter().map(move |one| (*at, one)));
        let mut there: BTreeSet<_> = all.map(|(at, one)| key(at, one)).collect();
        for Found { line, country, named, figure } in found {
            if !there.insert(key(country, &figure)) {
                let Figure { model, indicator, year, .. } = figure;
                let why =
                    format!("{model} {indicator} of {country} for {year} is there already: the first counts");
                report.fault(line, why);
                continue;
            }
            let about = self.0.entry(country).or_default();
            about.named = about.named.take().or(named);
            about.figures.push(figure);
            report.figures += 1;
        }
        for about in self.0.values_mut() {
            about
                .figures
                .sort_by(|a, b| (&a.model, &a.indicator, b.year).cmp(&(&b.model, &b.indicator, a.year)));
        }
    }
}

/// A figure on its way.
struct Found {
    line: u64,
    country: Country,
    named: Option<String>,
    figure: Figure,
}

/// Where figures stand in a row.
enum Figures {
    Wide(Vec<(usize, String)>),
    Long { indicator: usize, value: usize, max: Option<usize> },
}

/// A table whose first line was read.
struct Table<R> {
    reader: csv::Reader<R>,
    country: usize,
    named: Option<usize>,
    year: Option<usize>,
    model: Option<usize>,
    /// The model that the columns show.
    shown: Option<&'static str>,
    figures: Figures,
}

impl<R: Read> Table<std::io::Take<R>> {
    fn open(source: R, given: &Given) -> Result<Self, IndexError> {
        let mut reader =
            csv::ReaderBuilder::new().flexible(true).from_reader(source.take(FILE_BYTES_MAX + 1));
        let header = reader.byte_headers()?;
        if header.len() > COLUMNS_MAX {
            return Err(IndexError::Columns);
        }
        let names: Vec<String> = header.iter().map(|name| plain(name).to_lowercase()).collect();
        let at =
            |wanted: &[&str]| wanted.iter().find_map(|wanted| names.iter().position(|name| name == wanted));
        let said = || names.join(", ").chars().take(300).collect::<String>();
        let country = at(&CODES).ok_or_else(|| IndexError::NoCountry(said()))?;
        let (named, year, model) = (at(&NAMES), at(&["year", "time_period"]), at(&["model"]));
        let (indicator, value) =
            (at(&["indicator", "dimension"]), at(&["value", "score", "stage", "obs_value"]));
        let shown = match () {
            () if at(&["gci"]).is_some() => Some("gci"),
            () if at(&["d1"]).is_some() && at(&["d5"]).is_some() => Some("cmm"),
            () => None,
        };
        if model.is_none() && given.model.is_none() && shown.is_none() {
            return Err(IndexError::NoModel);
        }
        if year.is_none() && given.year.is_none() {
            return Err(IndexError::NoYear);
        }
        let figures = match (indicator, value) {
            (Some(indicator), Some(value)) => Figures::Long { indicator, value, max: at(&["max"]) },
            _ => {
                let about = [Some(country), named, year, model];
                // Other names and codes of the country are no figures.
                let is_figure = |at: usize, name: &str| {
                    !about.contains(&Some(at))
                        && !CODES.contains(&name)
                        && !NAMES.contains(&name)
                        && !name.is_empty()
                };
                let all = names.iter().enumerate().filter(|(at, name)| is_figure(*at, name));
                Figures::Wide(all.map(|(at, name)| (at, name.clone())).collect())
            }
        };
        if matches!(&figures, Figures::Wide(all) if all.is_empty()) {
            return Err(IndexError::NoFigures(said()));
        }
        Ok(Self { reader, country, named, year, model, shown, figures })
    }
}

impl<R> Table<R> {
    fn row(
        &self,
        record: &csv::ByteRecord,
        line: u64,
        given: &Given,
        report: &mut Report,
        found: &mut Vec<Found>,
    ) -> Result<(), IndexError> {
        let field = |at: usize| plain(record.get(at).unwrap_or_default());
        let or_none = |at: Option<usize>| at.map(field).filter(|text| !text.is_empty());
        let country = match country::of(&field(self.country)) {
            Ok(country) => country,
            Err(error) => {
                report.fault(line, error.to_string());
                return Ok(());
            }
        };
        let named = or_none(self.named).map(|name| name.chars().take(NAME_CHARS_MAX).collect::<String>());
        let model = or_none(self.model).map(|name| name.to_lowercase());
        let model = model.or_else(|| given.model.clone()).or_else(|| self.shown.map(str::to_owned));
        let model = model.ok_or(IndexError::NoModel)?;
        let year = match or_none(self.year) {
            None => given.year.ok_or(IndexError::NoYear)?,
            Some(text) => match text
                .parse::<u16>()
                .ok()
                .filter(|year| (YEAR_MIN..=given.year_max).contains(year))
            {
                Some(year) => year,
                None => {
                    let text: String = text.chars().take(20).collect();
                    report.fault(line, format!("`{text}` is no year from {YEAR_MIN} to {}", given.year_max));
                    return Ok(());
                }
            },
        };
        let mut put =
            |indicator: String, text: &str, max: Option<&str>| match figure(&model, indicator, text, max) {
                Ok(Some((indicator, value, max))) => {
                    let source = given.source.clone();
                    let figure = Figure { model: model.clone(), year, indicator, value, max, source };
                    found.push(Found { line, country, named: named.clone(), figure });
                }
                Ok(None) => {}
                Err(why) => report.fault(line, why),
            };
        match &self.figures {
            Figures::Wide(all) => {
                all.iter().for_each(|(at, indicator)| put(indicator.clone(), &field(*at), None));
            }
            Figures::Long { indicator, value, max } => {
                put(field(*indicator).to_lowercase(), &field(*value), or_none(*max).as_deref());
            }
        }
        Ok(())
    }
}

/// A field as text, without what does not belong to it.
fn plain(field: &[u8]) -> String {
    String::from_utf8_lossy(field).trim_start_matches('\u{feff}').trim().to_owned()
}

/// An indicator, its value and the end of its scale; nothing where the table has no figure.
fn figure(
    model: &str,
    indicator: String,
    text: &str,
    max: Option<&str>,
) -> Result<Option<(String, f64, f64)>, String> {
    if matches!(text, "" | "-" | "." | ".." | "n/a" | "N/A" | "NA" | "na") {
        return Ok(None);
    }
    if indicator.is_empty() || indicator.chars().count() > NAME_CHARS_MAX {
        return Err(format!("an indicator has a name of 1 to {NAME_CHARS_MAX} characters"));
    }
    let known = KNOWN.iter().find(|known| known.handle == model);
    let scale = match known {
        Some(known) => {
            let of = known.indicators.iter().find(|(name, _)| *name == indicator);
            of.map(|(_, max)| *max).or(known.others)
        }
        None => None,
    };
    let said = max.map(|text| text.parse::<f64>().ok().filter(|max| max.is_finite() && *max > 0.0));
    let max = match (scale, said) {
        (_, Some(None)) => return Err(format!("the end of the scale of {indicator} is no number above 0")),
        (Some(scale), None) => scale,
        // Where any indicator may stand, the table knows its scale best.
        (_, Some(Some(max))) if known.is_none_or(|known| known.others.is_some()) => max,
        (Some(scale), Some(_)) => scale,
        (None, _) if known.is_some() => return Err(format!("{model} has no indicator `{indicator}`")),
        (None, _) => {
            return Err(format!("the scale of `{indicator}` is not known: add a column `max` with its end"));
        }
    };
    let stage = STAGES.iter().position(|stage| text.eq_ignore_ascii_case(stage) && model == "cmm");
    let value = match stage {
        Some(at) => at as f64 + 1.0,
        None => text.parse::<f64>().map_err(|_| {
            let text: String = text.chars().take(20).collect();
            format!("{indicator} is `{text}`, which is no number")
        })?,
    };
    match value.is_finite() && (0.0..=max).contains(&value) {
        true => Ok(Some((indicator, value, max))),
        false => Err(format!("{indicator} is {value}, and its scale goes from 0 to {max}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn given(model: &str, year: u16) -> Given {
        let model = Some(model.to_owned()).filter(|model| !model.is_empty());
        Given {
            model,
            year: Some(year).filter(|year| *year > 0),
            source: "table.csv".to_owned(),
            year_max: 2026,
        }
    }

    fn read(text: &str, given: &Given) -> (Indices, Report) {
        let mut indices = Indices::default();
        let report = indices.read(text.as_bytes(), given).unwrap();
        (indices, report)
    }

    fn refused(text: &str, given: &Given) -> String {
        Indices::default().read(text.as_bytes(), given).unwrap_err().to_string()
    }

    fn country(code: &str) -> Country {
        country::of(code).unwrap()
    }

    #[test]
    fn a_wide_table_keeps_model_year_and_source_of_each_figure() {
        let text =
            "\u{feff}ISO3,name,GCI,legal,technical\nKOR,\"Korea, Rep.\",99.8,20,19.9\nLAO,,38.2,9.1,\n";
        let (indices, report) = read(text, &given("", 2024));
        assert_eq!((report.rows, report.figures, report.faulty), (2, 5, 0));
        assert_eq!(indices.named(country("KR")), Some("Korea, Rep."));
        let legal = indices.latest(country("KR")).find(|one| one.indicator == "legal").unwrap();
        assert_eq!((legal.model.as_str(), legal.year, legal.value, legal.max), ("gci", 2024, 20.0, 20.0));
        assert_eq!((legal.source.as_str(), legal.share()), ("table.csv", 1.0));
        assert_eq!(indices.figures(country("LA")).len(), 2, "nothing is made up of what is empty");
    }

    #[test]
    fn a_long_table_and_stages_in_words_are_read() {
        let text = "country,year,dimension,stage\nKH,2019,D1,Formative\nKH,2023,D1,established\nKH,2023,D6,dynamic\n";
        let (indices, report) = read(text, &given("cmm", 0));
        assert_eq!(report.faults, [Fault { line: 4, why: "cmm has no indicator `d6`".to_owned() }]);
        let latest: Vec<_> = indices.latest(country("KH")).map(|one| (one.year, one.value)).collect();
        assert_eq!(latest, [(2023, 3.0)], "the latest year comes first");
        let (indices, _) =
            read("iso2,model,year,indicator,value,max\nKH,ncsi,2023,policy,4,7\n", &given("", 0));
        assert_eq!(indices.figures(country("KH"))[0].max, 7.0);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line_and_the_rest_is_kept() {
        let text = "iso3,gci,legal\nKOR,99,20\nQQQ,1,1\n,1,1\nJPN,97,21\nTHA,x,5\nKOR,98,-1\nVNM,NaN,inf\n";
        let (indices, report) = read(text, &given("gci", 2024));
        let told: Vec<(u64, &str)> = report.faults.iter().map(|one| (one.line, one.why.as_str())).collect();
        assert_eq!(
            told,
            [
                (
                    3,
                    "`QQQ` is no country's code: two or three letters or three digits of ISO 3166-1, such as KR, KOR or 410"
                ),
                (4, "no country is named; write two or three letters of ISO 3166-1, such as KR or KOR"),
                (5, "legal is 21, and its scale goes from 0 to 20"),
                (6, "gci is `x`, which is no number"),
                (7, "legal is -1, and its scale goes from 0 to 20"),
                (8, "gci is NaN, and its scale goes from 0 to 100"),
                (8, "legal is inf, and its scale goes from 0 to 20"),
                (7, "gci gci of KR for 2024 is there already: the first counts"),
            ]
        );
        assert_eq!((report.figures, indices.countries().count()), (4, 3));
        let (_, report) =
            read("iso3,year,gci\nKOR,1999,1\nKOR,2027,1\nKOR,soon,1\nKOR,2020,1\n", &given("", 0));
        assert_eq!((report.faulty, report.figures), (3, 1));
    }

    #[test]
    fn what_a_table_does_not_say_is_asked_for() {
        assert!(
            refused("org id,publisher,score,year\nx,y,1,2016\n", &given("ncsi", 0))
                .contains("org id, publisher")
        );
        assert!(refused("iso3,legal\nKOR,1\n", &given("", 2024)).contains("=ncsi:2023"));
        assert!(refused("iso3,gci\nKOR,1\n", &given("", 0)).contains("=gci:2024"));
        assert!(refused("iso3,year\nKOR,2024\n", &given("gci", 0)).contains("no column with figures"));
        assert!(refused("", &given("gci", 2024)).contains("no column"));
        let wide = format!("iso3{}\n", ",x".repeat(COLUMNS_MAX));
        assert!(refused(&wide, &given("gci", 2024)).contains("columns"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Whatever stands in a table: no figure is beyond its scale, and each row is taken or told.
        #[test]
        fn no_figure_is_beyond_its_scale(rows in prop::collection::vec(("(KOR|JPN|QQQ|)", "(-?[0-9]{1,3}(\\.[0-9])?|x|)"), 0..20)) {
            let text: String = rows.iter().map(|(code, value)| format!("{code},{value}\n")).collect();
            let (indices, report) = read(&format!("iso3,gci\n{text}"), &given("gci", 2024));
            let all = indices.countries().flat_map(|one| indices.figures(one).to_vec()).collect::<Vec<_>>();
            prop_assert!(all.iter().all(|one| (0.0..=one.max).contains(&one.value)));
            prop_assert_eq!(all.len(), report.figures);
            let empty = rows.iter().filter(|(code, value)| value.is_empty() && !matches!(code.as_str(), "QQQ" | "")).count();
            // A line of nothing at all but a comma names no country.
            prop_assert_eq!(report.figures as u64 + report.faulty + empty as u64, report.rows);
        }
    }
}
