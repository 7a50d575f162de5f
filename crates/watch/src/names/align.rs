//! The words of one name laid beside those of another.
//!
//! Each word, and each two or three words that stand together, may be one word of the other name. The best pairs are taken
//! first; what is left over is missing on one side, or different on both. The score is the mean likeness of the pairs, less
//! what is missing, and never a match where both sides have a word of their own.

use super::Kind;
use super::forms;
use super::how::{How, Likeness};
use super::word::{self, Word};

/// Score of names that differ in a word, at most.
const DIFFERENT_MAX: f32 = 0.65;
/// What a name loses for all of it missing, in a person's name: parts are often left out.
const MISSING_PERSON: f32 = 0.45;
/// And in a firm's, where `Bank` and `Bank Chile` are two.
const MISSING_FIRM: f32 = 1.2;
/// Pairs that are less alike than this leave doubt where a part is missing too, and so much is left of the score.
const NEARLY_SAME: f32 = 0.9;
const NEARLY_SAME_LOSSY: f32 = 0.925;
const DOUBTFUL: f32 = 0.9;
/// Left of a score when numbers differ, or one has none.
const OTHER_NUMBER: f32 = 0.85;
/// Above all years, a number is that of a register: another one is another ship.
const OTHER_REGISTRATION: f32 = 0.6;
const SERIES_END: u32 = 2_100;
const NO_NUMBER: f32 = 0.68;

struct Pair {
    left: std::ops::Range<usize>,
    right: std::ops::Range<usize>,
    score: f32,
    weight: f32,
    how: How,
}

/// Compares words in any order.
pub(super) fn align(left: &[Word], right: &[Word], kind: Kind) -> Likeness {
    let pairs = chosen(pairs(left, right, kind), left.len(), right.len());
    let free = |words: &[Word], taken: &dyn Fn(usize) -> bool| -> (f32, bool, Vec<u32>) {
        let (mut weight, mut heavy, mut numbers) = (0.0, false, Vec::new());
        for (at, word) in words.iter().enumerate().filter(|(at, _)| !taken(*at)) {
            // What stands behind `bin` is a father's name, and left out as one.
            let before = at.checked_sub(1).and_then(|at| words.get(at));
            let is_fathers = before.is_some_and(|before| forms::is_filial(&before.latin));
            match word.number {
                Some(number) => numbers.push(number),
                None => {
                    weight += word.weight_missing() * if is_fathers { 0.5 } else { 1.0 };
                    heavy |= word.is_heavy();
                }
            }
        }
        (weight, heavy, numbers)
    };
    let (left_free, left_heavy, left_numbers) =
        free(left, &|at| pairs.iter().any(|pair| pair.left.contains(&at)));
    let (right_free, right_heavy, right_numbers) =
        free(right, &|at| pairs.iter().any(|pair| pair.right.contains(&at)));
    let matched: f32 = pairs.iter().map(|pair| pair.weight).sum();
    if matched <= 0.0 {
        return Likeness::different(0.0);
    }
    let mut reasons: Vec<How> = pairs.iter().map(|pair| pair.how).filter(|how| *how != How::Same).collect();
    let mut score = pairs.iter().map(|pair| pair.weight * pair.score).sum::<f32>() / matched;
    if !in_order(&pairs) {
        reasons.push(How::OtherOrder);
        score -= 0.02;
    }
    match (left_numbers.is_empty(), right_numbers.is_empty()) {
        (true, true) => {}
        (false, false) => {
            let is_series = left_numbers.iter().chain(&right_numbers).all(|number| *number < SERIES_END);
            score *= if is_series { OTHER_NUMBER } else { OTHER_REGISTRATION };
            reasons.push(How::Number);
        }
        _ => {
            score *= NO_NUMBER;
            reasons.push(How::Number);
        }
    }
    let (missing, other) =
        if left_free > right_free { (left_free, right_free) } else { (right_free, left_free) };
    if missing > 0.0 {
        let part = missing / (matched + missing);
        if left_heavy || right_heavy {
            reasons.push(How::PartMissing);
            // What is there must then be the same.
            let is_lossy = reasons.iter().any(|how| matches!(how, How::Arabic | How::OtherScript));
            if score < if is_lossy { NEARLY_SAME_LOSSY } else { NEARLY_SAME } {
                score *= DOUBTFUL;
            }
            score *= 1.0 - part * if kind == Kind::Organization { MISSING_FIRM } else { MISSING_PERSON };
        } else {
            reasons.push(How::Title);
            score -= 0.02;
        }
    }
    let heavy = |words: &[Word], of: &dyn Fn(&Pair) -> std::ops::Range<usize>| {
        pairs.iter().flat_map(of).filter(|at| words.get(*at).is_some_and(Word::is_heavy)).count()
    };
    let alone = heavy(left, &|pair| pair.left.clone()).min(heavy(right, &|pair| pair.right.clone()));
    let one_word = kind != Kind::Organization && alone < 2 && (left_heavy || right_heavy);
    if left_heavy && right_heavy
        || is_reversed(left, right, &pairs)
        || other > 0.0 && is_initial_contradicted(left_free, right_free, left_heavy, right_heavy)
    {
        reasons.push(How::Different);
        score = score.min(DIFFERENT_MAX) * (1.0 - other / (matched + other));
    } else if one_word && joins(&pairs) {
        // A family or a given name alone is shared by thousands.
        score = score.min(DIFFERENT_MAX);
    }
    Likeness::of(score, reasons)
}

/// `Abdullah bin Omar` and `Omar bin Abdullah` are father and son.
fn is_reversed(left: &[Word], right: &[Word], pairs: &[Pair]) -> bool {
    let is_filial =
        |words: &[Word], at: usize| words.get(at).is_some_and(|word| forms::is_filial(&word.latin));
    let other = |at: usize| pairs.iter().find(|pair| pair.left.contains(&at)).map(|pair| pair.right.start);
    (1..left.len()).filter(|at| is_filial(left, *at)).any(|at| match (other(at - 1), other(at + 1)) {
        (Some(child), Some(parent)) => parent + 2 == child && is_filial(right, parent + 1),
        _ => false,
    })
}

/// One of the words pairs is not a run of words.
fn joins(pairs: &[Pair]) -> bool {
    pairs.iter().all(|pair| pair.left.len() == 1 && pair.right.len() == 1)
}

/// An initial that fits no name of the other side, where that side has a name left.
fn is_initial_contradicted(left: f32, right: f32, left_heavy: bool, right_heavy: bool) -> bool {
    let initial = |free: f32, heavy: bool| !heavy && free >= 1.0;
    initial(left, left_heavy) && (right_heavy || initial(right, right_heavy))
        || initial(right, right_heavy) && left_heavy
}

fn pairs(left: &[Word], right: &[Word], kind: Kind) -> Vec<Pair> {
    let mut found = Vec::with_capacity(left.len() + right.len());
    let mut add =
        |l: std::ops::Range<usize>, r: std::ops::Range<usize>, score: f32, how: How, weight: f32| {
            found.push(Pair { left: l, right: r, score, weight, how });
        };
    for (l, left_word) in left.iter().enumerate() {
        for (r, right_word) in right.iter().enumerate() {
            if let Some((score, how)) = word::likeness(left_word, right_word) {
                if how == How::Initials && kind == Kind::Organization {
                    continue;
                }
                let weight = (left_word.weight() + right_word.weight()) / 2.0;
                add(l..l + 1, r..r + 1, score, how, weight);
            }
        }
    }
    for (words, others, is_left) in [(left, right, true), (right, left, false)] {
        for count in 2..=3 {
            for (at, run) in words.windows(count).enumerate() {
                let letters: usize = run.iter().map(|word| word.latin.len()).sum();
                for (other_at, other) in others.iter().enumerate() {
                    // Letters without vowels make half a word.
                    let spread = if run.iter().all(|word| word.is_lossy()) { letters } else { 3 };
                    if other.latin.len() < 4 || other.latin.len().abs_diff(letters) > spread {
                        continue;
                    }
                    if let Some((score, how)) = joined(run, other) {
                        let (l, r) = (at..at + count, other_at..other_at + 1);
                        let (l, r) = if is_left { (l, r) } else { (r, l) };
                        let own: f32 = run.iter().map(Word::weight).sum();
                        add(l, r, score, how, (own + other.weight()) / 2.0);
                    }
                }
            }
        }
    }
    found
}

/// Two or three words as one.
fn joined(run: &[Word], other: &Word) -> Option<(f32, How)> {
    let first = run.first()?;
    let latin: String = run.iter().map(|word| word.latin.as_str()).collect();
    let (score, how) = word::likeness(&Word::new(&latin, "", first.script), other)?;
    (score > 0.82 && how != How::Initials)
        .then_some((score - 0.02, if how == How::Same { How::Joined } else { how }))
}

/// The best pairs that do not overlap.
fn chosen(mut pairs: Vec<Pair>, lefts: usize, rights: usize) -> Vec<Pair> {
    let rank = |pair: &Pair| pair.score * pair.weight * pair.score;
    pairs.sort_by(|a, b| rank(b).total_cmp(&rank(a)));
    let (mut left, mut right) = (vec![false; lefts], vec![false; rights]);
    let is_free = |taken: &[bool], range: &std::ops::Range<usize>| {
        taken.get(range.clone()).is_some_and(|taken| !taken.contains(&true))
    };
    pairs.retain(|pair| {
        let free = is_free(&left, &pair.left) && is_free(&right, &pair.right);
        if free {
            left.get_mut(pair.left.clone()).into_iter().flatten().for_each(|taken| *taken = true);
            right.get_mut(pair.right.clone()).into_iter().flatten().for_each(|taken| *taken = true);
        }
        free
    });
    pairs.sort_by_key(|pair| pair.left.start);
    pairs
}

fn in_order(pairs: &[Pair]) -> bool {
    pairs.windows(2).all(|two| matches!(two, [a, b] if a.right.start < b.right.start))
}
