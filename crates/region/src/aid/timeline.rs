//! Projects of a country over time, above what was measured there: a picture (SVG).
//!
//! Bars are projects, with a pattern for each phase so that they are told apart without colours; below them stands a line for each
//! figure. It carries its own style, loads nothing and says in words what it shows.

use std::fmt::Write as _;

use jiff::civil::Date;

use super::measured::Measured;
use super::project::{Phase, Project};
use super::words;
use crate::capacity::words::Language;
use crate::transit::Country;
use crate::world::escaped;

/// The most projects, and figures, of one picture; what is more is counted in it.
const BARS_MAX: usize = 40;
const FIGURES_MAX: usize = 8;
/// The most points of one line: more can't be told apart.
const POINTS_MAX: usize = 600;

const WIDTH: f64 = 960.0;
const LEFT: f64 = 20.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 64.0;
const ROW: f64 = 34.0;
const PANEL: f64 = 96.0;

/// Draws the projects and figures of a country, which is called `named`; `None` if there is nothing with a date.
#[must_use]
pub fn timeline(
    (country, named): (Country, &str),
    projects: &[&Project],
    measured: &[Measured],
    day: Date,
    language: Language,
) -> Option<String> {
    let of_country: Vec<&Measured> = measured.iter().filter(|one| one.country == country).collect();
    let mut bars: Vec<&Project> = projects
        .iter()
        .copied()
        .filter(|project| {
            project.countries.contains(&country) && (project.begins.is_some() || project.ends.is_some())
        })
        .collect();
    bars.sort_by_key(|project| (project.begins, project.ends));
    let days = bars.iter().flat_map(|project| [project.begins, project.ends]).flatten();
    let days = days.chain(of_country.iter().map(|one| one.at)).chain([day]);
    let (first, last) = days.fold((None, None), |(first, last): (Option<Date>, Option<Date>), day| {
        (Some(first.map_or(day, |first| first.min(day))), Some(last.map_or(day, |last| last.max(day))))
    });
    if bars.is_empty() && of_country.is_empty() {
        return None;
    }
    let scale = Scale::new(first?, last?);
    let mut figures: Vec<&str> = of_country.iter().map(|one| one.figure.as_str()).collect();
    figures.sort_unstable();
    figures.dedup();
    let (more_bars, more_figures) =
        (bars.len().saturating_sub(BARS_MAX), figures.len().saturating_sub(FIGURES_MAX));
    bars.truncate(BARS_MAX);
    figures.truncate(FIGURES_MAX);
    let panels = TOP + ROW * bars.len() as f64 + 16.0;
    let height = panels + PANEL * figures.len() as f64 + 58.0;
    let mut out = String::new();
    let (bars_count, figures_count) = (bars.len() + more_bars, figures.len() + more_figures);
    let (first, last, no_proof) = (scale.first, scale.last, words::no_proof(language));
    let (title, about) = match language {
        Language::English => (
            format!("Projects about cyber security in {named}, and what was measured there"),
            format!("{bars_count} projects and {figures_count} figures from {first} to {last}. {no_proof}"),
        ),
        Language::Korean => (
            format!("{named} 사이버보안 사업과 그곳에서 측정된 지표"),
            format!("{first}부터 {last}까지 사업 {bars_count}건, 지표 {figures_count}개. {no_proof}"),
        ),
    };
    begin(&mut out, height, (&title, &about), language);
    axis(&mut out, &scale, height - 50.0);
    let now = scale.x(day);
    let _ = write!(
        out,
        r#"<line class="now" x1="{now:.1}" y1="{TOP:.1}" x2="{now:.1}" y2="{:.1}"/>"#,
        height - 50.0
    );
    for (at, project) in bars.iter().enumerate() {
        bar(&mut out, &scale, project, TOP + ROW * at as f64, (day, language));
    }
    for (at, figure) in figures.iter().enumerate() {
        let values: Vec<&Measured> = of_country.iter().copied().filter(|one| one.figure == *figure).collect();
        panel(&mut out, &scale, (figure, language), values, panels + PANEL * at as f64);
    }
    let mut foot = no_proof.to_owned();
    if more_bars + more_figures > 0 {
        let _ = match language {
            Language::English => {
                write!(foot, " Not shown: {more_bars} more projects, {more_figures} more figures.")
            }
            Language::Korean => write!(foot, " 그리지 않음: 사업 {more_bars}건, 지표 {more_figures}개."),
        };
    }
    let _ = write!(
        out,
        r#"<text class="soft" x="{LEFT}" y="{:.1}">{}</text></svg>"#,
        height - 12.0,
        escaped(&foot)
    );
    out.push('\n');
    Some(out)
}

struct Scale {
    first: Date,
    last: Date,
    days: f64,
}

impl Scale {
    fn new(first: Date, last: Date) -> Self {
        let days = f64::from(first.until(last).map_or(0, |span| span.get_days())).max(1.0);
        Self { first, last, days }
    }

    fn x(&self, day: Date) -> f64 {
        let day = f64::from(self.first.until(day).map_or(0, |span| span.get_days()));
        LEFT + (WIDTH - LEFT - RIGHT) * (day / self.days).clamp(0.0, 1.0)
    }
}

fn begin(out: &mut String, height: f64, (title, about): (&str, &str), language: Language) {
    let (title, about) = (escaped(title), escaped(about));
    let [active, planned, ended] =
        [Phase::Active, Phase::Planned, Phase::Ended].map(|phase| words::phase(phase, language));
    let other = language.pick(("stopped, or not known", "중단 또는 알 수 없음"));
    let _ = write!(
        out,
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0}" role="img" aria-labelledby="t d" font-family="system-ui, sans-serif" font-size="12"><title id="t">{title}</title><desc id="d">{about}</desc>
<style>text{{fill:#1b1f24}}.soft{{fill:#57606a}}.grid{{stroke:#d0d7de}}.now{{stroke:#1b1f24;stroke-dasharray:2 3}}.bar{{stroke:#0b4f6c;stroke-width:1}}.active{{fill:#0b4f6c}}.planned{{fill:url(#p)}}.ended{{fill:#9fc3d1}}.other{{fill:#fff}}.line{{fill:none;stroke:#9a3412;stroke-width:2}}.dot{{fill:#9a3412}}.back{{fill:#fff}}
@media (prefers-color-scheme:dark){{text{{fill:#e6edf3}}.soft{{fill:#9198a1}}.grid{{stroke:#30363d}}.now{{stroke:#e6edf3}}.back{{fill:#0d1117}}.bar{{stroke:#7cc4e0}}.active{{fill:#7cc4e0}}.ended{{fill:#274b5a}}.other{{fill:#0d1117}}.line{{stroke:#f0a070}}.dot{{fill:#f0a070}}}}</style>
<defs><pattern id="p" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="6" height="6" class="other"/><rect width="3" height="6" class="active"/></pattern></defs>
<rect class="back" width="{WIDTH}" height="{height:.0}"/><text x="{LEFT}" y="24" font-size="16" font-weight="600">{title}</text>
<g transform="translate({LEFT} 34)"><rect class="bar active" width="16" height="10"/><text x="22" y="10">{active}</text><rect class="bar planned" x="100" width="16" height="10"/><text x="122" y="10">{planned}</text><rect class="bar ended" x="190" width="16" height="10"/><text x="212" y="10">{ended}</text><rect class="bar other" x="260" width="16" height="10"/><text x="282" y="10">{other}</text></g>
"##
    );
}

fn axis(out: &mut String, scale: &Scale, bottom: f64) {
    let years = i32::from(scale.first.year())..=i32::from(scale.last.year());
    let step = (years.clone().count() / 12 + 1) as i32;
    for year in years.filter(|year| year % step == 0) {
        let Ok(day) = Date::new(year as i16, 1, 1) else { continue };
        if day < scale.first {
            continue;
        }
        let x = scale.x(day);
        let _ = write!(
            out,
            r#"<line class="grid" x1="{x:.1}" y1="{TOP:.1}" x2="{x:.1}" y2="{bottom:.1}"/><text class="soft" x="{x:.1}" y="{:.1}" text-anchor="middle">{year}</text>"#,
            bottom + 16.0
        );
    }
    out.push('\n');
}

fn bar(out: &mut String, scale: &Scale, project: &Project, top: f64, (day, language): (Date, Language)) {
    let phase = project.phase(day);
    let class = match phase {
        Phase::Active => "active",
        Phase::Planned => "planned",
        Phase::Ended => "ended",
        Phase::Stopped | Phase::Unknown => "other",
    };
    let begins = scale.x(project.begins.unwrap_or(scale.first));
    let ends = scale.x(project.ends.unwrap_or(scale.last));
    let width = (ends - begins).max(3.0);
    let who = project.donors.join(", ");
    let text = format!("{}: {}", short(&who, 30), short(&project.title, 90));
    // What begins late is told from its end backwards, so that it stays in the picture.
    let (x, anchor) = if begins > WIDTH / 2.0 { (begins + width, "end") } else { (begins, "start") };
    let told =
        format!("{who}: {} ({}), {}", project.title, project.identifier, words::phase(phase, language));
    let _ = write!(
        out,
        r#"<g><title>{}</title><rect class="bar {class}" x="{begins:.1}" y="{:.1}" width="{width:.1}" height="10"/><text x="{x:.1}" y="{:.1}" text-anchor="{anchor}">{}</text></g>"#,
        escaped(&told),
        top + 16.0,
        top + 12.0,
        escaped(&text)
    );
    out.push('\n');
}

fn panel(
    out: &mut String,
    scale: &Scale,
    (figure, language): (&str, Language),
    mut values: Vec<&Measured>,
    top: f64,
) {
    values.sort_by_key(|one| one.at);
    let step = values.len().div_ceil(POINTS_MAX).max(1);
    let (least, most) = values
        .iter()
        .fold((f64::MAX, f64::MIN), |(least, most), one| (least.min(one.value), most.max(one.value)));
    let (base, height) = (top + PANEL - 22.0, PANEL - 46.0);
    let range = if most > least { most - least } else { 1.0 };
    let points: Vec<(f64, f64)> = values
        .iter()
        .step_by(step)
        .map(|one| (scale.x(one.at), base - height * (one.value - least) / range))
        .collect();
    let (about, to) = (words::figure(figure, language), language.pick((" to ", "–")));
    let name = format!("{}: {}{to}{}", short(about, 90), round(least), round(most));
    let _ = write!(
        out,
        r#"<line class="grid" x1="{LEFT}" y1="{base:.1}" x2="{:.1}" y2="{base:.1}"/><text x="{LEFT}" y="{:.1}">{}</text><polyline class="line" points=""#,
        WIDTH - RIGHT,
        top + 12.0,
        escaped(&name)
    );
    for (x, y) in &points {
        let _ = write!(out, "{x:.1},{y:.1} ");
    }
    out.push_str("\"/>");
    if points.len() <= 60 {
        for (x, y) in &points {
            let _ = write!(out, r#"<circle class="dot" cx="{x:.1}" cy="{y:.1}" r="2.5"/>"#);
        }
    }
    out.push('\n');
}

fn round(value: f64) -> String {
    ((value * 100.0).round() / 100.0).to_string()
}

fn short(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aid::activity::Activity;
    use jiff::civil::date;

    #[test]
    fn a_picture_has_each_project_each_figure_and_the_caveat() {
        let country = Country::parse("KH").unwrap();
        let mut project = Project::of(&Activity::default());
        project.title = "Training <&> \"tools\"".into();
        project.donors = vec!["KOICA".into()];
        project.countries = vec![country];
        (project.begins, project.ends) = (Some(date(2024, 3, 1)), Some(date(2025, 9, 1)));
        let measured: Vec<Measured> = (1..=12)
            .map(|month| Measured {
                country,
                figure: "level".into(),
                at: date(2025, month, 1),
                value: f64::from(month / 4),
            })
            .collect();
        let drawn = |language| {
            timeline((country, "Cam<bodia>"), &[&project], &measured, date(2026, 1, 1), language).unwrap()
        };
        let svg = drawn(Language::English);
        assert!(svg.contains("KOICA: Training &lt;&amp;&gt; &quot;tools&quot;"), "{svg}");
        assert_eq!((svg.matches("class=\"bar ended\"").count(), svg.matches("<circle").count()), (2, 12));
        assert!(svg.contains(words::no_proof(Language::English)) && svg.contains(">2025</text>"));
        assert!(svg.contains("<title id=\"t\">Projects about cyber security in Cam&lt;bodia&gt;, "), "{svg}");
        let korean = drawn(Language::Korean);
        assert!(
            korean
                .contains("<title id=\"t\">Cam&lt;bodia&gt; 사이버보안 사업과 그곳에서 측정된 지표</title>"),
            "{korean}"
        );
        // What others wrote alone stays as it is.
        let own = korean
            .replace("KOICA: Training &lt;&amp;&gt; &quot;tools&quot;", "")
            .replace("Cam&lt;bodia&gt;", "");
        let letters = own
            .split(['<', '>'])
            .skip(2)
            .step_by(2)
            .filter(|text| !text.contains(['{', ';']))
            .collect::<String>();
        assert!(!letters.chars().any(|letter| letter.is_ascii_alphabetic()), "{letters}");
        let elsewhere = (Country::parse("VN").unwrap(), "Vietnam");
        assert!(timeline(elsewhere, &[&project], &measured, date(2026, 1, 1), Language::English).is_none());
    }
}
