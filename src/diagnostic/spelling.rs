//! The nearest known name to a misspelt one.

use std::cmp::Reverse;

/// The candidate that `name` most probably stands for: the same ignoring case, or so few edits
/// away that it can hardly be chance. A forgotten letter is likelier than a wrong one, so the
/// longer of two candidates that are equally near wins.
pub(crate) fn nearest<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let wanted = folded(name);
    let allowed = (wanted.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .take(MOST_COMPARED)
        .map(|candidate| (strsim::osa_distance(&wanted, &folded(candidate)), candidate))
        .filter(|(edits, _)| *edits <= allowed)
        .min_by_key(|(edits, candidate)| (*edits, Reverse(candidate.len())))
        .map(|(_, candidate)| candidate)
}

/// ``did you mean `x`?`` or, where nothing is near, the candidates.
pub(crate) fn suggestion<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str> + Clone,
) -> Option<String> {
    if let Some(near) = nearest(name, candidates.clone()) {
        return Some(format!("did you mean `{near}`?"));
    }
    let listed = candidates.into_iter().take(MOST_LISTED + 1);
    let all: Vec<_> = listed.map(|c| format!("`{c}`")).collect();
    match all.as_slice() {
        [] => None,
        [only] => Some(format!("the only one is {only}")),
        few if few.len() <= MOST_LISTED => Some(format!("one of {}", few.join(", "))),
        _ => None,
    }
}

/// More names than this are not compared: a long list with many mistakes must not take minutes.
const MOST_COMPARED: usize = 1_000;

/// More names than this are not worth listing in a hint.
const MOST_LISTED: usize = 12;

/// Longer names are compared by their beginning.
const LONGEST: usize = 128;

fn folded(name: &str) -> String {
    name.chars().flat_map(char::to_lowercase).take(LONGEST).collect()
}
