//! Names of tables and columns: short, in small letters, and free.

use std::collections::{HashMap, HashSet};

use super::table::Table;
use crate::profile::{Node, NodeId, Profile};

/// In UTF-16 units. SQL Server allows 128, and 116 for temporary tables, of which one is named after
/// the table.
const LONGEST: usize = 100;

/// Names each table by its row element; where several have that name, by what is around it too.
pub(super) fn name_tables(profile: &Profile, tables: &mut [Table], taken: &[String]) {
    let taken: Vec<&str> = taken.iter().map(String::as_str).collect();
    let is_new = |table: &&mut Table| table.old.is_none();
    let lines: Vec<Line> =
        tables.iter_mut().filter(is_new).map(|table| line_of(profile, table)).collect();
    let free = Free { taken: &taken, if_reserved: "s" };
    let names = distinct(&lines, &vec![1; lines.len()], &free);
    for (table, name) in tables.iter_mut().filter(is_new).zip(names) {
        table.name = name;
    }
}

/// What a table is named after.
fn line_of(profile: &Profile, table: &Table) -> Line {
    match &table.siblings {
        Some(siblings) => {
            let mut line = Line::of(profile, &profile.line(table.node));
            line.names.push(siblings.stem.clone());
            line
        }
        None => Line::of(profile, &profile.line(table.node)),
    }
}

/// The names of the elements around something, and its own.
pub(super) struct Line {
    names: Vec<String>,
    is_attribute: bool,
}

impl Line {
    /// A name alone.
    pub(super) fn named(name: &str) -> Self {
        Self { names: vec![name.to_owned()], is_attribute: false }
    }

    pub(super) fn of(profile: &Profile, nodes: &[NodeId]) -> Self {
        Self {
            names: nodes.iter().map(|node| profile[*node].name.local.clone()).collect(),
            is_attribute: nodes.last().is_some_and(|last| profile[*last].is_attribute),
        }
    }
}

/// What makes a name free.
pub(super) struct Free<'n> {
    /// Names that it must not be.
    pub(super) taken: &'n [&'n str],
    /// What is behind a word of T-SQL to make a name of it.
    pub(super) if_reserved: &'static str,
}

/// A free name for each line: as many of its last names as make it unique, at least so many.
pub(super) fn distinct(lines: &[Line], least: &[usize], free: &Free<'_>) -> Vec<String> {
    let taken: HashSet<&str> = free.taken.iter().copied().collect();
    let named = |at: usize, length: usize| {
        let names = &lines[at].names;
        joined(&names[names.len().saturating_sub(length)..])
    };
    let mut lengths = least.to_vec();
    let mut names: Vec<String> = (0..lines.len()).map(|at| named(at, lengths[at])).collect();
    loop {
        let mut holders: HashMap<&str, usize> = HashMap::new();
        names.iter().for_each(|name| *holders.entry(name).or_default() += 1);
        let is_taken = |name: &str| holders[name] > 1 || taken.contains(name);
        let grow = |at: &usize| {
            let name = names[*at].as_str();
            (is_taken(name) || is_reserved(name)) && lengths[*at] < lines[*at].names.len()
        };
        let growing: Vec<usize> = (0..lines.len()).filter(grow).collect();
        if growing.is_empty() {
            return numbered(lines, names, free);
        }
        for at in growing {
            lengths[at] += 1;
            names[at] = named(at, lengths[at]);
        }
    }
}

/// What is still not free gets a number, an attribute before that a word.
fn numbered(lines: &[Line], names: Vec<String>, free: &Free<'_>) -> Vec<String> {
    let mut used: HashSet<String> = free.taken.iter().map(|name| (*name).to_owned()).collect();
    // Where many have one name, each begins behind the number of the last one.
    let mut numbers: HashMap<String, u32> = HashMap::new();
    let mut chosen: Vec<String> = Vec::with_capacity(names.len());
    for (name, line) in names.into_iter().zip(lines) {
        let name = if is_reserved(&name) { name + free.if_reserved } else { name };
        let attribute = line.is_attribute.then(|| format!("{name}_attr"));
        let whole = std::iter::once(name.clone()).chain(attribute);
        let candidate = whole.into_iter().find(|candidate| !used.contains(candidate));
        let candidate = candidate.unwrap_or_else(|| {
            let number = numbers.entry(name.clone()).or_insert(1);
            loop {
                *number += 1;
                let numbered = format!("{name}_{number}");
                if !used.contains(&numbered) {
                    return numbered;
                }
            }
        });
        used.insert(candidate.clone());
        chosen.push(candidate);
    }
    chosen
}

/// The steps in one name: `billTo/Address` is `bill_to_address`; an attribute that follows an element
/// of its own name is not named twice.
fn joined(line: &[String]) -> String {
    let mut parts: Vec<String> = Vec::new();
    for name in line {
        let part = snake(name);
        if parts.last() != Some(&part) {
            parts.push(part);
        }
    }
    cut(&parts.join("_"))
}

/// `billToAddress` as `bill_to_address`, `VATNumber` as `vat_number`.
pub(super) fn snake(name: &str) -> String {
    let characters: Vec<char> = name.chars().collect();
    let mut snake = String::with_capacity(name.len() + 4);
    for (at, c) in characters.iter().enumerate() {
        if !c.is_alphanumeric() {
            if !snake.is_empty() && !snake.ends_with('_') {
                snake.push('_');
            }
            continue;
        }
        let before = at.checked_sub(1).map(|before| characters[before]);
        let after = characters.get(at + 1);
        let begins_word = c.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase()
                    || before.is_numeric()
                    || before.is_uppercase() && after.is_some_and(|after| after.is_lowercase())
            });
        if begins_word && !snake.ends_with('_') {
            snake.push('_');
        }
        snake.extend(c.to_lowercase());
    }
    let snake = snake.trim_end_matches('_');
    match snake.chars().next() {
        None => "value".to_owned(),
        Some(first) if first.is_numeric() => format!("n{snake}"),
        Some(_) => snake.to_owned(),
    }
}

/// A name that is too long keeps its end, and a hash of the whole before it.
fn cut(name: &str) -> String {
    if name.encode_utf16().count() <= LONGEST {
        return name.to_owned();
    }
    let hash = name.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    });
    let mut end: Vec<char> = name.chars().rev().take(LONGEST / 2).collect();
    end.reverse();
    format!("h{:07x}_{}", hash & 0x0FFF_FFFF, String::from_iter(end).trim_start_matches('_'))
}

/// How the last step of an id is named.
const IDS: &str = "id no nr num number key code ref uuid guid seq sequence";

/// Whether a name is that of an id.
pub(super) fn is_id(node: &Node) -> bool {
    let name = snake(&node.name.local);
    let last = name.rsplit('_').next().unwrap_or_default();
    // `conid`, as some write it.
    is_bare_id(last) || name.ends_with("id")
}

/// Whether a name says no more than that it is an id.
pub(super) fn is_bare_id(name: &str) -> bool {
    IDS.split_whitespace().any(|id| id == name)
}

/// Words that T-SQL allows as names in brackets only. From Microsoft's page "Reserved keywords".
const RESERVED: &str = " add all alter and any as asc authorization backup begin between break browse bulk by cascade \
    case check checkpoint close clustered coalesce collate column commit compute constraint contains containstable \
    continue convert create cross current current_date current_time current_timestamp current_user cursor database \
    dbcc deallocate declare default delete deny desc disk distinct distributed double drop dump else end errlvl escape \
    except exec execute exists exit external fetch file fillfactor for foreign freetext freetexttable from full \
    function goto grant group having holdlock identity identity_insert identitycol if in index inner insert intersect \
    into is join key kill left like lineno load merge national nocheck nonclustered not null nullif of off offsets on \
    open opendatasource openquery openrowset openxml option or order outer over percent pivot plan precision primary \
    print proc procedure public raiserror read readtext reconfigure references replication restore restrict return \
    revert revoke right rollback rowcount rowguidcol rule save schema securityaudit select semantickeyphrasetable \
    semanticsimilaritydetailstable semanticsimilaritytable session_user set setuser shutdown some statistics \
    system_user table tablesample textsize then to top tran transaction trigger truncate try_convert tsequal union \
    unique unpivot update updatetext use user values varying view waitfor when where while with within writetext ";

/// Whether a name needs brackets in T-SQL.
pub(super) fn is_reserved(name: &str) -> bool {
    RESERVED.split_whitespace().any(|word| word.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_small_letters() {
        for (name, expected) in [
            ("billToAddress", "bill_to_address"),
            ("VATNumber", "vat_number"),
            ("CtrlSum", "ctrl_sum"),
            ("PmtInfId", "pmt_inf_id"),
            ("con-id", "con_id"),
            ("ISO3166", "iso3166"),
            ("line2Text", "line2_text"),
            ("A", "a"),
            ("_", "value"),
        ] {
            assert_eq!(snake(name), expected, "{name}");
        }
    }

    #[test]
    fn a_long_name_is_cut_and_stays_its_own() {
        let (a, b) = (format!("a{}", "x".repeat(200)), format!("b{}", "x".repeat(200)));
        assert!(cut(&a).len() <= LONGEST && cut(&a) != cut(&b));
    }

    #[test]
    fn words_of_tsql_are_reserved() {
        assert!(is_reserved("order") && is_reserved("add") && is_reserved("writetext"));
        assert!(!is_reserved("order_no"));
    }
}
