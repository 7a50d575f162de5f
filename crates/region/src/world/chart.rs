//! What helping places one after the other removes, as two lines: chosen by what each adds, and by volume alone.

use std::fmt::Write as _;

use super::svg::{cut, escaped, number};
use crate::capacity::words::Language;

/// The rows that are drawn.
pub const ROWS_MAX: usize = 40;
const WIDTH: f64 = 960.0;
const ROW: f64 = 24.0;
const HEAD: f64 = 64.0;

/// One way to choose, and what came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// What was chosen.
    pub name: String,
    /// The share removed with this one and those before it, from 0 to 1.
    pub upto: f64,
    /// The share that it adds.
    pub adds: f64,
}

/// Two ways to choose, side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct Beside<'c> {
    /// In which language it is labelled.
    pub language: Language,
    /// What it shows.
    pub title: &'c str,
    /// What each side is called, and what it chose.
    pub sides: [(&'c str, &'c [Row]); 2],
    /// What stands under it: what is proved, and what it does not say.
    pub notes: &'c [&'c str],
}

impl Beside<'_> {
    /// The picture as SVG.
    #[must_use]
    pub fn svg(&self) -> String {
        let rows = self.sides.iter().map(|(_, rows)| rows.len().min(ROWS_MAX)).max().unwrap_or(0);
        let foot = HEAD + rows as f64 * ROW;
        let height = foot + 24.0 + self.notes.len() as f64 * 18.0;
        let told = self.sides.map(|(name, rows)| {
            let upto = rows.last().map_or(0.0, |row| row.upto);
            match self.language {
                Language::English => {
                    format!("{name}: {:.1} % removed by {} places.", upto * 100.0, rows.len())
                }
                Language::Korean => format!("{name}: {}곳이 {:.1} %를 없앰.", rows.len(), upto * 100.0),
            }
        });
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" id=\"beside\" class=\"map\" viewBox=\"0 0 {WIDTH} {}\" role=\"img\" aria-labelledby=\"beside-title beside-description\">\n\
             <title id=\"beside-title\">{}</title>\n<desc id=\"beside-description\">{} {}</desc>\n<style>{STYLE}</style>\n\
             <text class=\"heading\" x=\"0\" y=\"22\">{}</text>\n",
            number(height),
            escaped(self.title),
            escaped(&told.join(" ")),
            escaped(&self.notes.join(" ")),
            escaped(self.title),
        );
        let most =
            self.sides.iter().flat_map(|(_, rows)| rows.iter().map(|row| row.upto)).fold(0.0, f64::max);
        for (side, (name, rows)) in self.sides.iter().enumerate() {
            let left = side as f64 * (WIDTH / 2.0 + 10.0);
            let _ = writeln!(
                svg,
                "<text class=\"side\" x=\"{}\" y=\"48\">{}</text>",
                number(left),
                escaped(name)
            );
            for (at, row) in rows.iter().take(ROWS_MAX).enumerate() {
                let y = HEAD + at as f64 * ROW;
                // All bars to one scale, the longest to the edge.
                let long = |part: f64| if most > 0.0 { part / most * 240.0 } else { 0.0 };
                let (whole, adds) = (long(row.upto), long(row.adds.min(row.upto)));
                let (more, sum) = (row.adds * 100.0, row.upto * 100.0);
                let told = match self.language {
                    Language::English => format!("{more:.2} % more, {sum:.2} % in all"),
                    Language::Korean => format!("{more:.2} % 추가, 누적 {sum:.2} %"),
                };
                let _ = writeln!(
                    svg,
                    "<text class=\"name\" x=\"{0}\" y=\"{1}\">{2}</text><rect class=\"before\" x=\"{3}\" y=\"{4}\" width=\"{5}\" height=\"14\"/>\
                     <rect class=\"adds{side}\" x=\"{6}\" y=\"{4}\" width=\"{7}\" height=\"14\"><title>{2}: {8}</title></rect>\
                     <text class=\"sum\" x=\"{10}\" y=\"{1}\">{9:.1} %</text>",
                    number(left),
                    number(y + 13.0),
                    escaped(&format!("{}. {}", at + 1, cut(&row.name, 22))),
                    number(left + 160.0),
                    number(y + 2.0),
                    number((whole - adds).max(0.0)),
                    number(left + 160.0 + (whole - adds).max(0.0)),
                    number(adds.max(0.5)),
                    told,
                    sum,
                    number(left + 168.0 + whole),
                );
            }
        }
        for (at, note) in self.notes.iter().enumerate() {
            let _ = writeln!(
                svg,
                "<text class=\"note\" x=\"0\" y=\"{}\">{}</text>",
                number(foot + 22.0 + at as f64 * 18.0),
                escaped(note)
            );
        }
        svg.push_str("</svg>\n");
        svg
    }
}

const STYLE: &str = "#beside{width:100%;height:auto;font:13px system-ui,sans-serif}#beside text{fill:#1c2430}#beside .heading{font-size:17px;font-weight:600}\
#beside .side{font-weight:600}#beside .note{font-size:12.5px;font-style:italic}#beside .before{fill:#c3cad4}#beside .adds0{fill:#1f5fa8}#beside .adds1{fill:#b07d00}\
@media (prefers-color-scheme:dark){#beside text{fill:#e7ebf1}#beside .before{fill:#46505e}#beside .adds0{fill:#6fb1ff}#beside .adds1{fill:#f0c33c}}\
@media print{#beside text{fill:#000}#beside .before{fill:#ddd}#beside .adds0{fill:#000}#beside .adds1{fill:#777}}";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_stand_side_by_side() {
        let row = |name: &str, upto, adds| Row { name: name.into(), upto, adds };
        let (chosen, naive) =
            ([row("SG", 0.4, 0.4), row("NL", 0.7, 0.3)], [row("SG", 0.4, 0.4), row("<DE>", 0.5, 0.1)]);
        let svg = Beside {
            language: Language::English,
            title: "Where help removes most",
            sides: [("By what each adds", &chosen), ("By volume", &naive)],
            notes: &["At least 63 % of the best."],
        }
        .svg();
        insta::assert_snapshot!(
            svg.lines().filter(|line| !line.starts_with("<style")).collect::<Vec<_>>().join("\n")
        );
    }
}
