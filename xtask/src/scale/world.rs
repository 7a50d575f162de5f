//! Who there is: nodes in regions, circles over nodes, and over which links nodes bring each other what is shared.

use super::dice::Dice;

/// How the nodes of a region are linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Links {
    /// Each with the region's first, the hub; hubs with each other.
    Star,
    /// Each with each; the first ones of regions with each other.
    Mesh,
}

/// How many of what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub(super) nodes: usize,
    pub(super) members: usize,
    /// Nodes in a region.
    pub(super) region: usize,
    /// Circles of two or three nodes, for each node.
    pub(super) small_circles: usize,
}

/// How far something goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Scope {
    /// To the members of its home node.
    Home,
    /// To one or two other nodes.
    Small,
    /// To a region.
    Region,
    /// To all.
    World,
}

impl Scope {
    pub(super) const ALL: [Self; 4] = [Self::Home, Self::Small, Self::Region, Self::World];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Home => "one node",
            Self::Small => "two or three nodes",
            Self::Region => "a region",
            Self::World => "all nodes",
        }
    }
}

/// A circle, as far as nodes are concerned.
#[derive(Debug, Clone)]
pub(super) struct Circle {
    pub(super) scope: Scope,
    pub(super) nodes: Vec<usize>,
    /// Those of `nodes` with which each of them is linked, by its place there; as numbers of nodes.
    pub(super) links: Vec<Vec<usize>>,
}

impl Circle {
    fn new(scope: Scope, nodes: Vec<usize>, is_linked: impl Fn(usize, usize) -> bool) -> Self {
        let of = |one: usize| {
            nodes.iter().copied().filter(|other| *other != one && is_linked(one, *other)).collect()
        };
        let links = nodes.iter().map(|one| of(*one)).collect();
        Self { scope, nodes, links }
    }

    /// The nodes with which one of the circle is linked in it.
    pub(super) fn linked(&self, node: usize) -> &[usize] {
        let place = self.nodes.iter().position(|one| *one == node);
        place.and_then(|place| self.links.get(place)).map_or(&[], Vec::as_slice)
    }
}

/// A node.
#[derive(Debug, Clone, Default)]
pub(super) struct Home {
    /// Its part of all that is brought.
    pub(super) weight: f64,
    /// Members that read over TAXII, and that have zones; others cost little and are left out.
    pub(super) readers: f64,
    pub(super) zones: f64,
    /// Its circles, by scope.
    pub(super) circles: [Vec<usize>; 4],
    /// Pairs of peer and circle: each is asked twice a second.
    pub(super) asked: usize,
    /// Hours by which its day is later.
    pub(super) offset_h: f64,
    pub(super) is_hub: bool,
}

/// All of it.
#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) homes: Vec<Home>,
    pub(super) circles: Vec<Circle>,
}

/// Of a hundred members, so many read over TAXII and so many have zones; the others get mails, lists and files of rules.
const READERS: f64 = 0.10;
const ZONES: f64 = 0.25;

impl World {
    /// Node number k brings 1/(k+1) as much as the first one, in an order that has nothing to do with regions.
    pub(super) fn new(size: &Size, links: Links, dice: &mut Dice) -> Self {
        let region_of = |node: usize| node / size.region;
        let is_hub = |node: usize| node.is_multiple_of(size.region);
        let mut ranks: Vec<usize> = (0..size.nodes).collect();
        dice.shuffle(&mut ranks);
        let total: f64 = (1..=size.nodes).map(|rank| 1.0 / rank as f64).sum();
        let mut homes: Vec<Home> = ranks
            .iter()
            .enumerate()
            .map(|(node, rank)| {
                let weight = 1.0 / (rank + 1) as f64 / total;
                // Half of the members are spread evenly, half go with what is brought.
                let members = size.members as f64 * (0.5 / size.nodes as f64 + 0.5 * weight);
                Home {
                    weight,
                    readers: members * READERS,
                    zones: members * ZONES,
                    offset_h: region_of(node) as f64 * 24.0 * size.region as f64 / size.nodes as f64,
                    is_hub: is_hub(node),
                    ..Home::default()
                }
            })
            .collect();
        let mut circles = Vec::new();
        for node in 0..size.nodes {
            circles.push(Circle::new(Scope::Home, vec![node], |_, _| false));
        }
        let within = move |one: usize, other: usize| links == Links::Mesh || is_hub(one) || is_hub(other);
        for first in (0..size.nodes).step_by(size.region) {
            let nodes = (first..(first + size.region).min(size.nodes)).collect();
            circles.push(Circle::new(Scope::Region, nodes, within));
        }
        circles.push(Circle::new(Scope::World, (0..size.nodes).collect(), |one, other| {
            if region_of(one) == region_of(other) { within(one, other) } else { is_hub(one) && is_hub(other) }
        }));
        // Those who have a small circle are linked directly: what is for one member alone takes no way over others.
        for node in 0..size.nodes {
            for _ in 0..size.small_circles {
                let mut nodes = vec![node];
                while nodes.len() < 2 + dice.below(2) {
                    let other = dice.below(size.nodes);
                    if !nodes.contains(&other) {
                        nodes.push(other);
                    }
                }
                circles.push(Circle::new(Scope::Small, nodes, |_, _| true));
            }
        }
        for (number, circle) in circles.iter().enumerate() {
            for node in &circle.nodes {
                homes[*node].circles[circle.scope as usize].push(number);
                homes[*node].asked += circle.linked(*node).len();
            }
        }
        Self { homes, circles }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_circle_holds_together_over_its_links() {
        let size = Size { nodes: 45, members: 900, region: 20, small_circles: 3 };
        for links in [Links::Star, Links::Mesh] {
            let world = World::new(&size, links, &mut Dice::new(1));
            assert!((world.homes.iter().map(|home| home.weight).sum::<f64>() - 1.0).abs() < 1e-9);
            for circle in &world.circles {
                let mut reached = vec![circle.nodes[0]];
                let mut at = 0;
                while let Some(node) = reached.get(at).copied() {
                    for other in circle.linked(node) {
                        assert!(circle.linked(*other).contains(&node), "links go both ways");
                        if !reached.contains(other) {
                            reached.push(*other);
                        }
                    }
                    at += 1;
                }
                assert_eq!(reached.len(), circle.nodes.len(), "{circle:?}");
            }
        }
    }
}
