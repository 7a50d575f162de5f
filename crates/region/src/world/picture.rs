//! Maps: countries shaded by a number in seven steps, and flows between them as arcs.
//!
//! A map stands for a table, which says the same to those who do not see it: it has a title and a description, each country its
//! numbers. In the dark it turns round, lightest where there is most; on paper the steps are hatched, so that a printer
//! without colours tells them apart. No style stands on a single element, so that a page may name all styles by their hashes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::colour::{STEPS, ramp};
use super::project::{View, WIDTH};
use super::svg::{cut, escaped, line, number};
use super::{Territories, names, shapes};
use crate::capacity::words::Language;
use crate::transit::Country;

/// The arcs that are drawn; more would hide the map.
pub const ARCS_MAX: usize = 60;
/// Countries that are named in the map.
const LABELS_MAX: usize = 12;
/// Room under the map for the legend and the caveat.
const FOOT: f64 = 92.0;
/// Room over it for the title.
const HEAD: f64 = 34.0;

/// How a country is shaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shade {
    /// From 0, the least, up to [`STEPS`] - 1.
    pub step: usize,
    /// What its number is, for whoever points at it: `12.3 % of paths`.
    pub text: String,
}

/// What goes from one country to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arc {
    /// From where.
    pub from: Country,
    /// To where.
    pub to: Country,
    /// How much.
    pub weight: u64,
}

/// A map that is to be drawn.
#[derive(Debug, Clone)]
pub struct Map<'m> {
    /// Which part of the world.
    pub view: View,
    /// What it shows, in some words.
    pub title: &'m str,
    /// The same in a sentence or two, for those who do not see it.
    pub description: &'m str,
    /// How territories are shown.
    pub territories: &'m Territories,
    /// The countries that have a number.
    pub shades: &'m BTreeMap<Country, Shade>,
    /// Flows, the largest first; [`ARCS_MAX`] of them are drawn.
    pub arcs: &'m [Arc],
    /// What the shades say, and what each step is.
    pub legend: (&'m str, [String; STEPS]),
    /// What the arcs count, if there are any: `attacks`.
    pub counted: &'m str,
    /// What stands under it, always.
    pub caveat: &'m str,
}

impl Map<'_> {
    /// The map as SVG.
    #[must_use]
    pub fn svg(&self) -> String {
        let (width, height) = self.view.size();
        let whole = height + HEAD + FOOT;
        let id = format!("map-{}", self.view.name());
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" id=\"{id}\" class=\"map\" viewBox=\"0 0 {width} {whole}\" role=\"img\" \
             aria-labelledby=\"{id}-title {id}-description\">\n<title id=\"{id}-title\">{}</title>\n<desc id=\"{id}-description\">{} {}</desc>\n",
            escaped(self.title),
            escaped(self.description),
            escaped(self.caveat),
        );
        let _ = write!(svg, "<style>{}</style>\n<defs>{}</defs>\n", style(&id), definitions(&id));
        let _ = writeln!(svg, "<text class=\"heading\" x=\"0\" y=\"22\">{}</text>", escaped(self.title));
        let _ = writeln!(svg, "<g transform=\"translate(0 {HEAD})\">");
        let _ = writeln!(svg, "<path class=\"sea\" d=\"{}z\"/>", line(&self.view.edge()));
        self.countries(&mut svg);
        self.flows(&mut svg, &id);
        self.labels(&mut svg);
        svg.push_str("</g>\n");
        self.foot(&mut svg, height + HEAD);
        svg.push_str("</svg>\n");
        svg
    }

    fn countries(&self, svg: &mut String) {
        let mut drawn: BTreeSet<Country> = BTreeSet::new();
        for shape in shapes() {
            let country = self.territories.of_shape(shape);
            let rings: Vec<String> = shape
                .rings
                .iter()
                .flat_map(|ring| self.view.ring(ring))
                .map(|ring| format!("{}z", line(&ring)))
                .collect();
            if rings.is_empty() {
                continue;
            }
            drawn.extend(country);
            let name = country.map_or_else(|| shape.name.clone(), |country| self.territories.name(country));
            let data = rings.concat();
            let shade = country.and_then(|country| self.shades.get(&country));
            let _ = match shade {
                Some(shade) => writeln!(
                    svg,
                    "<path class=\"s{}\" d=\"{data}\"><title>{}: {}</title></path>",
                    shade.step.min(STEPS - 1),
                    escaped(&name),
                    escaped(&shade.text)
                ),
                None => writeln!(
                    svg,
                    "<path class=\"none\" d=\"{data}\"><title>{}</title></path>",
                    escaped(&name)
                ),
            };
        }
        // Those too small for a shape are a circle.
        for (country, shade) in self.shades.iter().filter(|(country, _)| !drawn.contains(country)) {
            let Some((x, y)) = self.at(*country) else { continue };
            let _ = writeln!(
                svg,
                "<circle class=\"s{}\" cx=\"{}\" cy=\"{}\" r=\"4\"><title>{}: {}</title></circle>",
                shade.step.min(STEPS - 1),
                number(x),
                number(y),
                escaped(&self.territories.name(*country)),
                escaped(&shade.text)
            );
        }
    }

    fn at(&self, country: Country) -> Option<(f64, f64)> {
        self.view.place(names().get(&country)?.at)
    }

    fn flows(&self, svg: &mut String, id: &str) {
        let arcs: Vec<&Arc> = self.arcs.iter().take(ARCS_MAX).collect();
        let most = arcs.iter().map(|arc| arc.weight).max().unwrap_or(1).max(1) as f64;
        // The largest on top.
        for arc in arcs.into_iter().rev() {
            let (Some(from), Some(to)) = (self.at(arc.from), self.at(arc.to)) else { continue };
            let (dx, dy) = (to.0 - from.0, to.1 - from.1);
            let length = dx.hypot(dy);
            if length < 1.0 {
                continue;
            }
            // To the left of its way, so that there and back are two; and it ends before its place, which its head points at.
            let bend = (0.22 * length).min(110.0);
            let middle =
                ((from.0 + to.0) / 2.0 + dy / length * bend, (from.1 + to.1) / 2.0 - dx / length * bend);
            let back = (to.0 - middle.0, to.1 - middle.1);
            let room = 5.0_f64.min(length / 3.0) / back.0.hypot(back.1).max(1.0);
            let end = (to.0 - back.0 * room, to.1 - back.1 * room);
            let stroke = 0.7 + 3.8 * (arc.weight as f64 / most).sqrt();
            let _ = writeln!(
                svg,
                "<path class=\"arc\" stroke-width=\"{}\" marker-end=\"url(#{id}-head)\" d=\"M{} {}Q{} {} {} {}\"><title>{} {} {}: {} {}</title></path>",
                number(stroke),
                number(from.0),
                number(from.1),
                number(middle.0),
                number(middle.1),
                number(end.0),
                number(end.1),
                escaped(&self.territories.name(arc.from)),
                self.territories.language.pick(("to", "→")),
                escaped(&self.territories.name(arc.to)),
                arc.weight,
                escaped(self.counted),
            );
        }
    }

    /// Names those with the most, as far as their names don't lie over each other.
    fn labels(&self, svg: &mut String) {
        let mut most: Vec<(&Country, &Shade)> = self.shades.iter().collect();
        most.sort_by_key(|(country, shade)| (std::cmp::Reverse(shade.step), **country));
        let mut taken: Vec<(f64, f64, f64)> = Vec::new();
        for (country, shade) in most {
            if taken.len() >= LABELS_MAX || shade.step == 0 {
                break;
            }
            let Some((x, y)) = self.at(*country) else { continue };
            let name = cut(&self.territories.name(*country), 18);
            let wide = name.chars().count() as f64 * 6.6;
            let x = x.clamp(wide / 2.0, WIDTH - wide / 2.0);
            let y = y + 16.0;
            if taken.iter().any(|(other, level, room)| {
                (other - x).abs() < (room + wide) / 2.0 && (level - y).abs() < 13.0
            }) {
                continue;
            }
            taken.push((x, y, wide));
            let _ = writeln!(
                svg,
                "<text class=\"label\" x=\"{}\" y=\"{}\">{}</text>",
                number(x),
                number(y),
                escaped(&name)
            );
        }
    }

    fn foot(&self, svg: &mut String, top: f64) {
        let (says, steps) = &self.legend;
        let _ = writeln!(
            svg,
            "<text class=\"says\" x=\"0\" y=\"{}\">{}</text>",
            number(top + 16.0),
            escaped(says)
        );
        let each = 104.0;
        for (at, step) in steps.iter().enumerate() {
            let x = at as f64 * each;
            let _ = writeln!(
                svg,
                "<rect class=\"s{at}\" x=\"{0}\" y=\"{1}\" width=\"22\" height=\"14\"/><text class=\"says\" x=\"{2}\" y=\"{3}\">{4}</text>",
                number(x),
                number(top + 26.0),
                number(x + 28.0),
                number(top + 37.5),
                escaped(step)
            );
        }
        let x = STEPS as f64 * each;
        let _ = writeln!(
            svg,
            "<rect class=\"none\" x=\"{0}\" y=\"{1}\" width=\"22\" height=\"14\"/><text class=\"says\" x=\"{2}\" y=\"{3}\">{4}</text>",
            number(x),
            number(top + 26.0),
            number(x + 28.0),
            number(top + 37.5),
            self.territories.language.pick(("nothing seen or shown", "관측되지 않았거나 표시하지 않음")),
        );
        if !self.arcs.is_empty() {
            let more = self.arcs.len().saturating_sub(ARCS_MAX);
            let counted = escaped(self.counted);
            let says = match (self.territories.language, more) {
                (Language::English, 0) => format!(
                    "Arcs: {counted} from one country straight to the next, wider where there are more."
                ),
                (Language::English, more) => format!(
                    "Arcs: {counted} from one country straight to the next, wider where there are more; {more} smaller ones are not drawn."
                ),
                (Language::Korean, 0) => {
                    format!("곡선: 한 국가에서 다음 국가로 바로 가는 {counted}. 많을수록 굵습니다.")
                }
                (Language::Korean, more) => format!(
                    "곡선: 한 국가에서 다음 국가로 바로 가는 {counted}. 많을수록 굵으며 작은 것 {more}개는 그리지 않았습니다."
                ),
            };
            let _ = writeln!(svg, "<text class=\"says\" x=\"0\" y=\"{}\">{says}</text>", number(top + 60.0));
        }
        let _ = writeln!(
            svg,
            "<text class=\"caveat\" x=\"0\" y=\"{}\">{}</text>",
            number(top + 82.0),
            escaped(self.caveat)
        );
    }
}

/// The styles of one map: by its id, since the hatching of print is its own.
fn style(id: &str) -> String {
    let mut style = format!(
        "#{id}{{width:100%;height:auto;font:13px system-ui,sans-serif}}#{id} .sea{{fill:#f3f6fa;stroke:#c9d2de;stroke-width:.8}}\
         #{id} .none{{fill:#dcdfe4}}#{id} .none,#{id} path[class^=s],#{id} circle,#{id} rect{{stroke:#fff;stroke-width:.4}}\
         #{id} circle{{stroke:#333;stroke-width:.7}}#{id} .arc{{fill:none;stroke:#b3124e;stroke-opacity:.62}}#{id} .tip{{fill:#b3124e}}\
         #{id} text{{fill:#1c2430}}#{id} .heading{{font-size:17px;font-weight:600}}#{id} .caveat{{font-size:12.5px;font-style:italic}}\
         #{id} .label{{font-size:11.5px;text-anchor:middle;paint-order:stroke;stroke:#fff;stroke-width:2.6;stroke-linejoin:round}}"
    );
    let part = |at: usize| at as f64 / (STEPS - 1) as f64;
    for at in 0..STEPS {
        let _ = write!(style, "#{id} .s{at}{{fill:{}}}", ramp(1.0 - part(at)));
    }
    let _ = write!(
        style,
        "@media (prefers-color-scheme:dark){{#{id} .sea{{fill:#151b24;stroke:#3a4452}}#{id} .none{{fill:#333b47}}\
         #{id} .none,#{id} path[class^=s],#{id} rect{{stroke:#151b24}}#{id} circle{{stroke:#ddd}}#{id} .arc{{stroke:#ff8ab5}}#{id} .tip{{fill:#ff8ab5}}\
         #{id} text{{fill:#e7ebf1}}#{id} .label{{stroke:#151b24}}"
    );
    for at in 0..STEPS {
        let _ = write!(style, "#{id} .s{at}{{fill:{}}}", ramp(part(at)));
    }
    let _ = write!(
        style,
        "}}@media print{{#{id} .sea{{fill:#fff;stroke:#777}}#{id} .none{{fill:#fff;stroke:#999}}#{id} text{{fill:#000}}#{id} .label{{stroke:#fff}}\
         #{id} path[class^=s],#{id} circle,#{id} rect{{stroke:#333}}#{id} .arc{{stroke:#000;stroke-opacity:.8}}#{id} .tip{{fill:#000}}"
    );
    for at in 0..STEPS {
        let _ = write!(style, "#{id} .s{at}{{fill:url(#{id}-p{at})}}");
    }
    style.push('}');
    style
}

/// What is referred to: heads of arcs, and hatching that grows denser.
fn definitions(id: &str) -> String {
    let mut all = format!(
        "<marker id=\"{id}-head\" viewBox=\"0 0 8 8\" refX=\"4\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" markerUnits=\"userSpaceOnUse\" \
         orient=\"auto\"><path class=\"tip\" d=\"M0 0L8 4L0 8z\"/></marker>"
    );
    for at in 0..STEPS {
        let stroke = 0.4 + at as f64 * 0.55;
        let crossed = if at >= 4 { "M0 0L6 6M-1 5L1 7M5 -1L7 1" } else { "" };
        let lines = if at == 0 { "M3 3h.1" } else { "M0 6L6 0M-1 1L1 -1M5 7L7 5" };
        let _ = write!(
            all,
            "<pattern id=\"{id}-p{at}\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\"><rect width=\"6\" height=\"6\" fill=\"#fff\" \
             stroke=\"none\"/><path d=\"{lines}{crossed}\" fill=\"none\" stroke=\"#000\" stroke-width=\"{}\"/></pattern>",
            number(stroke)
        );
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn country(code: &str) -> Country {
        Country::parse(code).unwrap()
    }

    fn drawn(view: View) -> String {
        let shade = |step, text: &str| Shade { step, text: text.into() };
        let shades = BTreeMap::from([
            (country("SG"), shade(6, "12.3 % of paths")),
            (country("VN"), shade(3, "0.7 % of paths")),
            (country("DE"), shade(5, "4 % of <paths>")),
        ]);
        let arcs = [
            Arc { from: country("SG"), to: country("KR"), weight: 90 },
            Arc { from: country("VN"), to: country("SG"), weight: 10 },
            Arc { from: country("KR"), to: country("KR"), weight: 5 },
        ];
        let legend: [String; STEPS] = std::array::from_fn(|at| format!("step {at}"));
        let territories = Territories::default();
        Map {
            view,
            title: "What passes through",
            description: "Singapore most.",
            territories: &territories,
            shades: &shades,
            arcs: &arcs,
            legend: ("Share", legend),
            counted: "attacks",
            caveat: crate::transit::NOT_ATTRIBUTION,
        }
        .svg()
    }

    #[test]
    fn a_map_says_what_it_shows_and_what_it_does_not() {
        for view in View::ALL {
            let svg = drawn(view);
            assert!(svg.contains(crate::transit::NOT_ATTRIBUTION));
            assert!(svg.contains("role=\"img\"") && svg.contains("<desc id="), "{view:?}");
            // Too small for a shape.
            assert!(svg.contains("<circle class=\"s6\"") && svg.contains("Singapore: 12.3 % of paths"));
            assert_eq!(svg.matches("class=\"arc\"").count(), 2, "one that goes nowhere is none");
            assert!(!svg.contains("style=\""), "styles on elements count for nothing on the node's pages");
            assert!(svg.contains("prefers-color-scheme:dark") && svg.contains("@media print"));
            assert!(svg.len() < 150_000, "{}", svg.len());
            // Every letter of it is XML.
            let mut reader = quick_xml::Reader::from_str(&svg);
            while !matches!(reader.read_event().unwrap(), quick_xml::events::Event::Eof) {}
        }
        assert!(drawn(View::World).contains("Germany: 4 % of &lt;paths&gt;"));
        assert!(!drawn(View::IndoPacific).contains("Germany"));
    }

    #[test]
    fn a_small_map_is_drawn_as_it_was() {
        // All but the shapes, which have a test of their own.
        let svg = drawn(View::IndoPacific);
        let told: Vec<&str> = svg
            .lines()
            .filter(|line| {
                !line.starts_with("<style")
                    && !line.starts_with("<defs")
                    && !line.starts_with("<path class=\"none\"")
                    && !line.contains("class=\"sea\"")
            })
            .map(|line| line.get(..line.len().min(300)).unwrap_or(line))
            .collect();
        insta::assert_snapshot!(told.join("\n"));
    }
}
