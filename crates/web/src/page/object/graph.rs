//! What an object hangs together with, as a graph that opens step by step: links open or close one object, so that it works without
//! scripts. Objects with very many neighbours are folded.

use std::collections::{HashMap, HashSet};

use line::StorageError;
use stix::ObjectId;

use super::sight::{Seen, Sight};

/// Objects that are open at once; what is beyond is passed over.
const OPEN_MAX: usize = 20;
/// Neighbours that are drawn of one object before the rest is folded.
const SHOWN: usize = 10;
/// Characters of a name in a box.
const NAME_CHARS: usize = 22;
const BOX: (u32, u32) = (180, 38);
const STEP: (u32, u32) = (290, 50);

/// A connection between two objects.
pub(super) struct Edge {
    pub(super) from: ObjectId,
    pub(super) to: ObjectId,
    pub(super) what: String,
}

/// A box of the picture.
pub(super) struct Node {
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) object_type: String,
    pub(super) name: String,
    pub(super) whole: String,
    /// Where a click leads: opened or closed.
    pub(super) href: String,
    pub(super) is_open: bool,
    pub(super) is_root: bool,
}

/// A line of the picture with what it says.
pub(super) struct Line {
    pub(super) path: String,
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) what: String,
}

/// What is drawn, and the same as a table.
#[derive(Default)]
pub(super) struct Graph {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) nodes: Vec<Node>,
    pub(super) lines: Vec<Line>,
    pub(super) folded: Vec<(u32, u32, usize)>,
    pub(super) rows: Vec<Row>,
}

/// A connection of what is looked at, in words.
pub(super) struct Row {
    pub(super) is_outward: bool,
    pub(super) what: String,
    pub(super) other: String,
    pub(super) other_type: String,
    pub(super) href: String,
}

impl Graph {
    /// The middle of a box's height.
    pub(super) const fn half(&self) -> u32 {
        BOX.1 / 2
    }

    pub(super) const fn box_width(&self) -> u32 {
        BOX.0
    }

    pub(super) const fn box_height(&self) -> u32 {
        BOX.1
    }
}

/// The connections of one object: its relationships, sightings of it, what it names and what names it.
fn edges(sight: &Sight<'_>, seen: &Seen) -> Result<Vec<Edge>, StorageError> {
    let mut found = Vec::new();
    let own = seen.value.as_object().into_iter().flatten();
    let references = own.filter(|(key, _)| key.ends_with("_ref") || key.ends_with("_refs"));
    for (key, _) in references.filter(|(key, _)| *key != "object_marking_refs" && *key != "created_by_ref") {
        let what = key.trim_end_matches("_refs").trim_end_matches("_ref").replace('_', " ");
        found.extend(seen.ids(key).map(|to| Edge { from: seen.id.clone(), to, what: what.clone() }));
    }
    for other in sight.about(&seen.id)? {
        match other.id.object_type() {
            "relationship" => {
                let ends = (other.ids("source_ref").next(), other.ids("target_ref").next());
                if let (Some(from), Some(to)) = ends {
                    let what = other.text("relationship_type").unwrap_or("related-to").to_owned();
                    found.push(Edge { from, to, what });
                }
            }
            // Told by themselves, or marks.
            "sighting" | "marking-definition" | "note" | "opinion" => {}
            object_type => {
                let what = object_type.to_owned();
                found.push(Edge { from: other.id.clone(), to: seen.id.clone(), what });
            }
        }
    }
    let mut known = HashSet::new();
    found.retain(|edge| {
        edge.from != edge.to && known.insert((edge.from.clone(), edge.to.clone(), edge.what.clone()))
    });
    Ok(found)
}

/// What an object is called.
pub(super) fn name(seen: &Seen) -> String {
    super::super::name_of(&seen.raw, &seen.id.to_string())
}

/// A name as a box has room for it; nothing of what has no name but its id, of which a part says nothing.
fn brief(name: &str, id: &ObjectId) -> String {
    if name == id.to_string() {
        return String::new();
    }
    match name.char_indices().nth(NAME_CHARS) {
        Some((at, _)) => format!("{}…", name.get(..at).unwrap_or_default()),
        None => name.to_owned(),
    }
}

/// The ids that are open, as they stand in an address.
pub(super) fn opened(text: &str) -> Vec<ObjectId> {
    text.split(',').filter_map(|id| ObjectId::parse(id).ok()).take(OPEN_MAX).collect()
}

/// Draws what hangs together with `root`. `page` is the address of the object's page, `circle` the circle's handle.
pub(super) fn draw(
    sight: &Sight<'_>,
    root: &Seen,
    open: &[ObjectId],
    page: &str,
    circle: &str,
) -> Result<Graph, StorageError> {
    let link = |open: &[ObjectId]| {
        let open: Vec<String> = open.iter().map(ObjectId::to_string).collect();
        format!("{page}?open={}#graph", open.join(","))
    };
    let mut places: HashMap<ObjectId, (u32, u32)> = HashMap::from([(root.id.clone(), (0, 0))]);
    let mut columns: Vec<u32> = vec![1];
    let mut graph = Graph::default();
    let mut lines: Vec<Edge> = Vec::new();
    let mut waiting = vec![Seen {
        id: root.id.clone(),
        version: root.version,
        value: root.value.clone(),
        raw: root.raw.clone(),
        seq: root.seq,
    }];
    let mut drawn: Vec<(Seen, bool)> = Vec::new();
    while !waiting.is_empty() {
        let mut next = Vec::new();
        for seen in waiting {
            let is_root = seen.id == root.id;
            let is_open = is_root || open.contains(&seen.id);
            if is_open {
                let column = places.get(&seen.id).map_or(0, |(column, _)| *column) as usize + 1;
                let edges = edges(sight, &seen)?;
                let other =
                    |edge: &Edge| if edge.from == seen.id { edge.to.clone() } else { edge.from.clone() };
                let mut ids: Vec<ObjectId> = edges.iter().map(other).collect();
                ids.sort_unstable_by_key(ObjectId::to_string);
                ids.dedup();
                let mut neighbours = sight.newest(ids)?;
                neighbours.sort_by_cached_key(|one| (one.id.object_type().to_owned(), name(one)));
                if is_root {
                    graph.rows = rows(&edges, &neighbours, root, circle);
                }
                let hidden = neighbours.len().saturating_sub(SHOWN);
                for neighbour in neighbours.into_iter().take(SHOWN) {
                    let known = places.contains_key(&neighbour.id);
                    if !known {
                        if columns.len() <= column {
                            columns.resize(column + 1, 0);
                        }
                        let Some(row) = columns.get_mut(column) else { continue };
                        places.insert(neighbour.id.clone(), (column as u32, *row));
                        *row += 1;
                    }
                    let joins = edges.iter().filter(|edge| other(edge) == neighbour.id);
                    lines.extend(joins.map(|edge| Edge {
                        from: edge.from.clone(),
                        to: edge.to.clone(),
                        what: edge.what.clone(),
                    }));
                    if !known {
                        next.push(neighbour);
                    }
                }
                if hidden > 0 {
                    if columns.len() <= column {
                        columns.resize(column + 1, 0);
                    }
                    if let Some(row) = columns.get_mut(column) {
                        graph.folded.push((column as u32 * STEP.0, *row * STEP.1, hidden));
                        *row += 1;
                    }
                }
            }
            drawn.push((seen, is_open));
        }
        waiting = next;
    }
    for (seen, is_open) in drawn {
        let Some((column, row)) = places.get(&seen.id) else { continue };
        let is_root = seen.id == root.id;
        let mut toggled: Vec<ObjectId> = open.iter().filter(|id| **id != seen.id).cloned().collect();
        if !is_open {
            toggled.push(seen.id.clone());
        }
        let whole = name(&seen);
        graph.nodes.push(Node {
            x: column * STEP.0,
            y: row * STEP.1,
            object_type: seen.id.object_type().to_owned(),
            name: brief(&whole, &seen.id),
            whole,
            href: if is_root { format!("{page}#graph") } else { link(&toggled) },
            is_open,
            is_root,
        });
    }
    let mut known = HashSet::new();
    for edge in lines {
        let (Some(from), Some(to)) = (places.get(&edge.from), places.get(&edge.to)) else { continue };
        if known.insert((from, to, edge.what.clone())) {
            graph.lines.push(line(*from, *to, edge.what));
        }
    }
    graph.width = (columns.len() as u32).saturating_sub(1) * STEP.0 + BOX.0;
    graph.height = columns.iter().max().copied().unwrap_or(1).saturating_sub(1) * STEP.1 + BOX.1;
    Ok(graph)
}

/// From the side of one box to that of another.
fn line(from: (u32, u32), to: (u32, u32), what: String) -> Line {
    let middle = |(column, row): (u32, u32)| (column * STEP.0, row * STEP.1 + BOX.1 / 2);
    let (left, right) = if from.0 <= to.0 { (from, to) } else { (to, from) };
    let ((x1, y1), (x2, y2)) = (middle(left), middle(right));
    let (x1, x2) = if left.0 == right.0 { (x1 + BOX.0, x2 + BOX.0) } else { (x1 + BOX.0, x2) };
    let bend = if left.0 == right.0 { x1 + 40 } else { x1.midpoint(x2) };
    let path = format!("M{x1} {y1}C{bend} {y1} {bend} {y2} {x2} {y2}");
    // Nearer to the side at which one of many ends, so that words do not lie on each other.
    let (x, y) = ((x1 + x2 * 3) / 4, (y1 + y2 * 5) / 6);
    Line { path, x, y, what }
}

fn rows(edges: &[Edge], neighbours: &[Seen], root: &Seen, circle: &str) -> Vec<Row> {
    let by_id: HashMap<&ObjectId, &Seen> = neighbours.iter().map(|seen| (&seen.id, seen)).collect();
    let row = |edge: &Edge| {
        let is_outward = edge.from == root.id;
        let other = by_id.get(if is_outward { &edge.to } else { &edge.from })?;
        Some(Row {
            is_outward,
            what: edge.what.clone(),
            other: name(other),
            other_type: other.id.object_type().to_owned(),
            href: format!("/objects/{circle}/{}", other.id),
        })
    };
    let mut rows: Vec<Row> = edges.iter().filter_map(row).collect();
    rows.sort_by(|a, b| (&a.what, &a.other).cmp(&(&b.what, &b.other)));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ids_are_opened_and_not_too_many() {
        let id = "malware--00000000-0000-4000-8000-000000000001";
        assert_eq!(opened(&format!("{id},x,,<script>")).len(), 1);
        assert_eq!(opened(&vec![id; 100].join(",")).len(), OPEN_MAX);
    }

    #[test]
    fn lines_go_from_side_to_side() {
        assert_eq!(line((0, 0), (1, 2), "uses".to_owned()).path, "M180 19C235 19 235 119 290 119");
        assert_eq!(line((1, 2), (0, 0), "uses".to_owned()).path, "M180 19C235 19 235 119 290 119");
    }
}
