//! Shapes in TopoJSON: lines that neighbours share, each once, as differences of small numbers.
//!
//! Source: the TopoJSON Format Specification, sections 2.1.2 (transforms), 2.1.4 (arc indexes) and 2.2 (geometry objects).

use serde::Deserialize;

use super::Shape;
use crate::transit::Country;

#[derive(Deserialize)]
struct Topology {
    transform: Transform,
    arcs: Vec<Vec<(i64, i64)>>,
    objects: Objects,
}

#[derive(Deserialize)]
struct Transform {
    scale: (f64, f64),
    translate: (f64, f64),
}

#[derive(Deserialize)]
struct Objects {
    countries: Countries,
}

#[derive(Deserialize)]
struct Countries {
    geometries: Vec<Geometry>,
}

#[derive(Deserialize)]
struct Geometry {
    #[serde(default)]
    id: String,
    properties: Properties,
    #[serde(flatten)]
    drawn: Drawn,
}

#[derive(Deserialize)]
struct Properties {
    name: String,
}

#[derive(Deserialize)]
#[serde(tag = "type", content = "arcs")]
enum Drawn {
    Polygon(Vec<Vec<i64>>),
    MultiPolygon(Vec<Vec<Vec<i64>>>),
}

/// Reads shapes; `country` says which one has a number. What is no topology has none.
pub(super) fn read(bytes: &[u8], country: impl Fn(&str) -> Option<Country>) -> Vec<Shape> {
    let Ok(topology) = serde_json::from_slice::<Topology>(bytes) else { return Vec::new() };
    let Transform { scale, translate } = topology.transform;
    let arcs: Vec<Vec<(f64, f64)>> = topology
        .arcs
        .iter()
        .map(|arc| {
            let mut at = (0, 0);
            let point = |step: &(i64, i64)| {
                at = (at.0 + step.0, at.1 + step.1);
                (at.0 as f64 * scale.0 + translate.0, at.1 as f64 * scale.1 + translate.1)
            };
            arc.iter().map(point).collect()
        })
        .collect();
    let shape = |geometry: Geometry| {
        let rings: Vec<Vec<i64>> = match geometry.drawn {
            Drawn::Polygon(rings) => rings,
            Drawn::MultiPolygon(polygons) => polygons.into_iter().flatten().collect(),
        };
        Shape {
            country: country(&geometry.id),
            name: geometry.properties.name,
            rings: rings.iter().map(|ring| joined(&arcs, ring)).collect(),
        }
    };
    topology.objects.countries.geometries.into_iter().map(shape).collect()
}

/// The points of a ring. A negative number is an arc gone backwards; each begins where the one before ends.
fn joined(arcs: &[Vec<(f64, f64)>], ring: &[i64]) -> Vec<(f64, f64)> {
    let mut points: Vec<(f64, f64)> = Vec::new();
    for number in ring {
        let at = usize::try_from(if *number < 0 { !*number } else { *number }).unwrap_or(usize::MAX);
        let Some(arc) = arcs.get(at) else { continue };
        let skip = usize::from(!points.is_empty());
        match *number < 0 {
            true => points.extend(arc.iter().rev().skip(skip)),
            false => points.extend(arc.iter().skip(skip)),
        }
    }
    // Over the 180th meridian longitudes go on.
    let mut last: Option<f64> = None;
    for point in &mut points {
        if let Some(last) = last {
            point.0 -= ((point.0 - last) / 360.0).round() * 360.0;
        }
        last = Some(point.0);
    }
    points
}
