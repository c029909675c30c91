//! How alike the names of columns, tables and paths are.

use crate::drafting::names::snake;

/// What a column's name and a path have in common.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub(super) enum Likeness {
    /// Some words; from [`Likeness::LEAST`] to 1.
    Words(f64),
    /// The name is that of the last steps of the path.
    End,
    /// The name is that of all steps below the row element, with or without the row's own.
    Whole,
}

/// Some words, and all of them without anything between.
#[derive(Debug)]
struct Words {
    words: Vec<String>,
    whole: String,
}

impl Words {
    fn new(words: Vec<String>) -> Self {
        Self { whole: words.concat(), words }
    }
}

/// A column's name, once for all paths.
#[derive(Debug)]
pub(super) struct ColumnName {
    own: Words,
    /// Without the table's words before it.
    without: Words,
    letters: u64,
}

impl ColumnName {
    pub(super) fn new(column: &str, table: &str) -> Self {
        let own = words(column);
        let without = without_table(&own, &words(table));
        Self { letters: letters(&own), without: Words::new(without), own: Words::new(own) }
    }

    /// The name in the two forms in which it may be that of a path's end.
    pub(super) fn wholes(&self) -> [&str; 2] {
        [&self.own.whole, &self.without.whole]
    }
}

/// The names of the steps of a path, the row element's first, once for all columns.
#[derive(Debug)]
pub(super) struct PathNames {
    /// The path's ends, the longest first.
    ends: Vec<Words>,
    letters: u64,
}

impl PathNames {
    pub(super) fn new<'n>(path: impl Iterator<Item = &'n str>) -> Self {
        let steps: Vec<Vec<String>> = path.map(words).collect();
        let letters = steps.iter().map(|step| letters(step)).fold(0, |all, own| all | own);
        let ends = (0..steps.len()).map(|from| Words::new(steps[from..].concat()));
        Self { ends: ends.collect(), letters }
    }

    /// The names that a column of a path's end has.
    pub(super) fn wholes(&self) -> impl Iterator<Item = &str> {
        self.ends.iter().map(|end| end.whole.as_str())
    }
}

impl Likeness {
    /// Names with less in common are not alike.
    pub(super) const LEAST: f64 = 0.6;

    /// Of a column's name and a path.
    pub(super) fn of(column: &ColumnName, path: &PathNames) -> Option<Self> {
        // Words that are alike begin alike.
        if column.letters & path.letters == 0 {
            return None;
        }
        let wholes = column.wholes();
        if let Some(from) = path.ends.iter().position(|end| wholes.contains(&end.whole.as_str())) {
            return Some(if from <= 1 { Self::Whole } else { Self::End });
        }
        let shares = path.ends.iter().map(|end| {
            share(&column.own.words, &end.words).max(share(&column.without.words, &end.words))
        });
        let most = shares.fold(0.0, f64::max);
        (most >= Self::LEAST).then_some(Self::Words(most))
    }

    /// Of a table's name and an element's, both perhaps in the plural.
    pub(super) fn of_table(table: &str, element: &str) -> Option<Self> {
        let (table, element) = (singular(table), singular(element));
        if table.concat() == element.concat() {
            return Some(Self::Whole);
        }
        let share = share(&table, &element);
        match table.concat().ends_with(&element.concat()) {
            true => Some(Self::End),
            false => (share >= Self::LEAST).then_some(Self::Words(share)),
        }
    }

    /// A measure to add up.
    pub(super) fn weight(self) -> f64 {
        match self {
            Self::Whole => 2.0,
            Self::End => 1.2,
            Self::Words(share) => share / 2.0,
        }
    }
}

/// `CustName` and `cust_name` as `cust` and `name`.
fn words(name: &str) -> Vec<String> {
    // Marks alone, such as `%`, are like themselves only.
    if !name.contains(char::is_alphanumeric) {
        return vec![name.to_owned()];
    }
    snake(name).split('_').map(str::to_owned).collect()
}

/// The name without the table's words before it: `contact_name` of `contact`.
fn without_table(column: &[String], table: &[String]) -> Vec<String> {
    match column.strip_prefix(table) {
        Some(rest) if !rest.is_empty() => rest.to_vec(),
        _ => column.to_vec(),
    }
}

fn singular(name: &str) -> Vec<String> {
    let mut words = words(name);
    // `tbl_contact` and `dim_contact`, as some write it.
    if words.len() > 1 && ["tbl", "tb", "t", "dim", "fact", "stg"].contains(&words[0].as_str()) {
        words.remove(0);
    }
    if let Some(last) = words.last_mut() {
        if let Some(stem) = last.strip_suffix("ies") {
            *last = format!("{stem}y");
        } else if let Some(stem) = last.strip_suffix('s').filter(|stem| !stem.ends_with('s')) {
            *last = stem.to_owned();
        }
    }
    words
}

/// A bit for each letter with which a word begins, and for each set of words that mean the same.
fn letters(words: &[String]) -> u64 {
    let bits = words.iter().map(|word| {
        let first = word.chars().next().map_or(0, |first| u64::from(u32::from(first)) % 60);
        let same = SAME.iter().position(|same| same.contains(&word.as_str()));
        1 << first | same.map_or(0, |at| 1 << (60 + at))
    });
    bits.fold(0, |all, own| all | own)
}

/// Words that mean the same.
const SAME: [&[&str]; 2] = [&["no", "number", "num", "nr"], &["zip", "postcode", "postal"]];

/// The share of words that both have, from 0 to 1.
fn share(one: &[String], other: &[String]) -> f64 {
    let mut left: Vec<&String> = other.iter().collect();
    let mut both = 0_u32;
    for word in one {
        if let Some(at) = left.iter().position(|candidate| is_same_word(word, candidate)) {
            left.remove(at);
            both += 1;
        }
    }
    2.0 * f64::from(both) / (one.len() + other.len()) as f64
}

/// Words that mean the same, or of which one is short for the other: `qty`, `quantity`.
fn is_same_word(one: &str, other: &str) -> bool {
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    short == long
        || SAME.iter().any(|words| words.contains(&short) && words.contains(&long))
        || short.len() >= 2 && is_short_for(short, long)
}

/// Whether a word has the letters of another in their order, with its first one.
fn is_short_for(short: &str, long: &str) -> bool {
    let mut letters = long.chars();
    short.chars().next() == long.chars().next()
        && short.chars().all(|wanted| letters.any(|letter| letter == wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn likeness(column: &str, table: &str, path: &str) -> Option<Likeness> {
        Likeness::of(&ColumnName::new(column, table), &PathNames::new(path.split('/')))
    }

    #[test]
    fn names_are_the_same_in_any_way_of_writing_them() {
        for (column, path) in [
            ("first_name", "contact/FirstName"),
            ("FirstName", "contact/first-name"),
            ("contact_id", "contact/id"),
            ("contact_id", "contact/con/contactId"),
            ("address_city", "contact/Address/City"),
            ("contact_city", "contact/city"),
        ] {
            let found = likeness(column, "contact", path);
            assert!(found >= Some(Likeness::End), "{column} {path}: {found:?}");
        }
        assert_eq!(likeness("city", "contact", "contact/address/city"), Some(Likeness::End));
        assert_eq!(likeness("city", "contact", "contact/city"), Some(Likeness::Whole));
    }

    #[test]
    fn short_words_are_alike_and_others_are_not() {
        for (column, path) in [
            ("qty", "line/quantity"),
            ("order_no", "order/OrderNumber"),
            ("amt_due", "a/AmountDue"),
        ] {
            assert!(matches!(likeness(column, "t", path), Some(Likeness::Words(_))), "{column}");
        }
        for (column, path) in [("city", "line/quantity"), ("status", "order/created")] {
            assert_eq!(likeness(column, "t", path), None, "{column}");
        }
    }

    #[test]
    fn tables_are_named_in_the_plural_and_with_prefixes() {
        assert_eq!(Likeness::of_table("OrderLines", "order-line"), Some(Likeness::Whole));
        assert_eq!(Likeness::of_table("tbl_Category", "Categories"), Some(Likeness::Whole));
        assert_eq!(Likeness::of_table("purchase_order_lines", "line"), Some(Likeness::End));
        assert_eq!(Likeness::of_table("phone", "address"), None);
    }
}
