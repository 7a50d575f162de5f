//! Personas that are one: those that share what only one has, and those that a relationship joins.

use std::collections::HashMap;

use super::identifier::{Identifier, IdentifierKind as Kind};

/// What more personas than this share joins none of them: it belongs to a service.
const SHARED_MAX: usize = 20;

/// Whether it can join personas: a name, an address or a page can be anyone's.
fn joins(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Email
            | Kind::Account
            | Kind::Phone
            | Kind::Wallet
            | Kind::BankAccount
            | Kind::Device
            | Kind::Document
    )
}

/// For each of `count` personas the number of its group, which is that of the group's first persona.
pub(super) fn groups(
    count: usize,
    index: &HashMap<Identifier, Vec<(usize, usize)>>,
    joined: &[(usize, usize)],
) -> Vec<usize> {
    let mut first: Vec<usize> = (0..count).collect();
    for (identifier, held) in index {
        if joins(identifier.kind()) && held.len() <= SHARED_MAX {
            for pair in held.windows(2) {
                join(&mut first, pair[0].0, pair[1].0);
            }
        }
    }
    for (one, other) in joined {
        join(&mut first, *one, *other);
    }
    (0..count).map(|at| root(&mut first, at)).collect()
}

fn root(first: &mut [usize], at: usize) -> usize {
    let mut at = at;
    while first[at] != at {
        first[at] = first[first[at]];
        at = first[at];
    }
    at
}

/// The lower number leads, so that the order of joining makes no difference.
fn join(first: &mut [usize], one: usize, other: usize) {
    let (one, other) = (root(first, one), root(first, other));
    first[one.max(other)] = one.min(other);
}
