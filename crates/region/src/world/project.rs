//! From degrees to places on paper: the Equal Earth projection, which keeps areas true, so that no country looks larger than it is.
//!
//! Source: Šavrič, Patterson and Jenny, "The Equal Earth map projection", 2018, equations 1 to 8.

use crate::capacity::words::Language;

/// Which part of the world is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum View {
    /// All of it but the Antarctic, with the Pacific in the middle.
    World,
    /// From the Arabian Sea to Hawaii.
    IndoPacific,
}

/// Coefficients of the projection.
const A: [f64; 4] = [1.340_264, -0.081_106, 0.000_893, 0.003_796];

/// Where degrees come to lie, in units of the Earth's radius, `east` counted from the middle of the map.
pub(super) fn equal_earth(east: f64, north: f64) -> (f64, f64) {
    let [a1, a2, a3, a4] = A;
    let root = 3.0_f64.sqrt();
    let theta = (root / 2.0 * north.to_radians().sin()).asin();
    let square = theta * theta;
    let sixth = square * square * square;
    let stretch = 9.0 * a4 * sixth * square + 7.0 * a3 * sixth + 3.0 * a2 * square + a1;
    let x = 2.0 * root * east.to_radians() * theta.cos() / (3.0 * stretch);
    let y = theta * (a4 * sixth * square + a3 * sixth + a2 * square + a1);
    (x, y)
}

impl View {
    /// Both.
    pub const ALL: [Self; 2] = [Self::World, Self::IndoPacific];

    /// Its name, as it stands in addresses.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::World => "world",
            Self::IndoPacific => "indo-pacific",
        }
    }

    /// The view of a name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|view| view.name() == name)
    }

    /// What it is called.
    #[must_use]
    pub const fn title(self, language: Language) -> &'static str {
        language.pick(match self {
            Self::World => ("World", "세계"),
            Self::IndoPacific => ("Indo-Pacific", "인도·태평양"),
        })
    }

    /// The meridian in the middle.
    const fn middle(self) -> f64 {
        match self {
            Self::World => 150.0,
            Self::IndoPacific => 130.0,
        }
    }

    /// What is shown: west, east of the middle, south, north, in degrees.
    const fn bounds(self) -> [f64; 4] {
        match self {
            Self::World => [-180.0, 180.0, -58.0, 84.0],
            Self::IndoPacific => [-74.0, 76.0, -50.0, 58.0],
        }
    }

    /// How large the picture of the map is: width and height.
    #[must_use]
    pub fn size(self) -> (f64, f64) {
        let (scale, left, top) = self.fit();
        let [_, east, south, north] = self.bounds();
        let widest = if south < 0.0 && north > 0.0 { 0.0 } else { south };
        let (right, _) = equal_earth(east, widest);
        let (_, bottom) = equal_earth(0.0, south);
        (((right - left) * scale).round(), ((top - bottom) * scale).round())
    }

    fn fit(self) -> (f64, f64, f64) {
        let [west, east, _, north] = self.bounds();
        let (left, _) = equal_earth(west, 0.0);
        let (right, _) = equal_earth(east, 0.0);
        let (_, top) = equal_earth(0.0, north);
        (WIDTH / (right - left), left, top)
    }

    /// East of the middle, from -180 up to 180.
    fn turned(self, east: f64) -> f64 {
        (east - self.middle() + 180.0).rem_euclid(360.0) - 180.0
    }

    /// Where a point comes to lie; `None` outside of what is shown.
    #[must_use]
    pub fn place(self, (east, north): (f64, f64)) -> Option<(f64, f64)> {
        let turned = self.turned(east);
        let [west, most_east, south, most_north] = self.bounds();
        let is_in = (west..=most_east).contains(&turned) && (south..=most_north).contains(&north);
        is_in.then(|| self.on_paper(turned, north))
    }

    fn on_paper(self, turned: f64, north: f64) -> (f64, f64) {
        let (scale, left, top) = self.fit();
        let (x, y) = equal_earth(turned, north);
        ((x - left) * scale, (top - y) * scale)
    }

    /// What of a ring is shown, on paper. One that goes over the edge of the map is drawn on both sides.
    pub(super) fn ring(self, ring: &[(f64, f64)]) -> Vec<Vec<(f64, f64)>> {
        // What goes around a pole has no inside on this map: the Antarctic, which isn't shown.
        let turns = match (ring.first(), ring.last()) {
            (Some(first), Some(last)) => (first.0 - last.0).abs() > 180.0,
            _ => true,
        };
        if turns {
            return Vec::new();
        }
        let shown = [-720.0, -360.0, 0.0, 360.0].into_iter().map(|shift| {
            let [west, east, south, north] = self.bounds();
            let mut points: Vec<(f64, f64)> =
                ring.iter().map(|(x, y)| (x - self.middle() + shift, *y)).collect();
            points = clipped(&points, |point| point.0 >= west, |from, to| on_meridian(from, to, west));
            points = clipped(&points, |point| point.0 <= east, |from, to| on_meridian(from, to, east));
            points = clipped(&points, |point| point.1 >= south, |from, to| on_parallel(from, to, south));
            points = clipped(&points, |point| point.1 <= north, |from, to| on_parallel(from, to, north));
            bent(&points).into_iter().map(|(x, y)| self.on_paper(x, y)).collect::<Vec<_>>()
        });
        shown.filter(|points| points.len() > 2).collect()
    }

    /// The edge of what is shown.
    pub(super) fn edge(self) -> Vec<(f64, f64)> {
        let [west, east, south, north] = self.bounds();
        let corners = [(west, south), (west, north), (east, north), (east, south), (west, south)];
        bent(&corners).into_iter().map(|(x, y)| self.on_paper(x, y)).collect()
    }
}

/// The width of all maps.
pub(super) const WIDTH: f64 = 960.0;

/// What of a polygon lies on one side (Sutherland and Hodgman, 1974).
fn clipped(
    points: &[(f64, f64)],
    is_in: impl Fn((f64, f64)) -> bool,
    cross: impl Fn((f64, f64), (f64, f64)) -> (f64, f64),
) -> Vec<(f64, f64)> {
    let mut kept = Vec::with_capacity(points.len());
    let Some(mut before) = points.last().copied() else { return kept };
    for point in points.iter().copied() {
        if is_in(point) != is_in(before) {
            kept.push(cross(before, point));
        }
        if is_in(point) {
            kept.push(point);
        }
        before = point;
    }
    kept
}

fn on_meridian(from: (f64, f64), to: (f64, f64), at: f64) -> (f64, f64) {
    (at, from.1 + (to.1 - from.1) * (at - from.0) / (to.0 - from.0))
}

fn on_parallel(from: (f64, f64), to: (f64, f64), at: f64) -> (f64, f64) {
    (from.0 + (to.0 - from.0) * (at - from.1) / (to.1 - from.1), at)
}

/// Meridians are bent on this map: long ways get points between.
fn bent(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut all = Vec::with_capacity(points.len());
    let mut before: Option<(f64, f64)> = None;
    for point in points.iter().copied() {
        if let Some((x, y)) = before {
            let pieces = ((point.1 - y).abs() / 4.0).ceil().max(1.0) as u32;
            for piece in 1..pieces {
                let part = f64::from(piece) / f64::from(pieces);
                all.push((x + (point.0 - x) * part, y + (point.1 - y) * part));
            }
        }
        all.push(point);
        before = Some(point);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_projection_is_the_published_one() {
        // By the equations, computed independently with PROJ's +proj=eqearth on a sphere of radius 1.
        for ((east, north), (x, y)) in [
            ((0.0, 0.0), (0.0, 0.0)),
            ((180.0, 0.0), (2.706_629_988, 0.0)),
            ((0.0, 90.0), (0.0, 1.317_362_759)),
        ] {
            let (is_x, is_y) = equal_earth(east, north);
            assert!((is_x - x).abs() < 1e-6 && (is_y - y).abs() < 1e-6, "{east} {north}: {is_x} {is_y}");
        }
        // It keeps areas: a band of the sphere from 30° to 31° has the area 2π(sin 31° − sin 30°).
        let strip = (0..1000).map(|piece| {
            let north = 30.0 + f64::from(piece) / 1000.0;
            let (right, _) = equal_earth(180.0, north + 0.0005);
            2.0 * right * (equal_earth(0.0, north + 0.001).1 - equal_earth(0.0, north).1)
        });
        let area: f64 = strip.sum();
        let sphere = std::f64::consts::TAU * (31.0_f64.to_radians().sin() - 30.0_f64.to_radians().sin());
        assert!((area / sphere - 1.0).abs() < 1e-6, "{area} {sphere}");
    }

    #[test]
    fn what_goes_over_the_edge_is_drawn_on_both_sides() {
        // The world's edge lies at 30° west: a square around it.
        let ring = [(-40.0, 0.0), (-20.0, 0.0), (-20.0, 10.0), (-40.0, 10.0), (-40.0, 0.0)];
        let parts = View::World.ring(&ring);
        assert_eq!(parts.len(), 2);
        let middle = WIDTH / 2.0;
        assert!(parts.iter().any(|part| part.iter().all(|point| point.0 < middle)));
        assert!(parts.iter().any(|part| part.iter().all(|point| point.0 > middle)));
        assert!(View::IndoPacific.ring(&ring).is_empty());
    }

    #[test]
    fn places_outside_of_the_view_are_nowhere() {
        assert!(View::IndoPacific.place((2.3, 48.9)).is_none());
        let (x, y) = View::IndoPacific.place((127.0, 37.5)).unwrap();
        let (width, height) = View::IndoPacific.size();
        assert!((0.0..width).contains(&x) && (0.0..height).contains(&y));
        assert!(View::World.place((2.3, 48.9)).is_some());
        assert_eq!(View::of("indo-pacific"), Some(View::IndoPacific));
    }
}
