//! A contract of 400 mappings over generated documents. The generator knows what each text should
//! become because it made the text from the result.

use super::{contract, document, legacy, mapping, rows_of};

struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

const TABLES: usize = 20;
const COLUMNS: usize = 20;
const DOCUMENTS: u64 = 40;

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Text,
    Defaulted,
    Integer,
    Decimal,
    Date,
    Enum,
    Digits,
    Bit,
}

/// Tables with an odd number have bits, which are never null, so that their row is always there.
fn kind(table: usize, column: usize) -> Kind {
    use Kind::*;
    let kinds = [Text, Integer, Decimal, Date, Enum, Digits, Defaulted];
    match table % 2 == 1 && column % 8 == 7 {
        true => Bit,
        false => kinds[(table + column) % kinds.len()],
    }
}

fn keys(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => r#""data_length": 8"#,
        Kind::Defaulted => r#""data_length": 8, "default_value": "unknown""#,
        Kind::Integer => r#""data_type": "int""#,
        Kind::Decimal => r#""data_type": "decimal", "data_length": 3"#,
        Kind::Date => r#""data_type": "date""#,
        Kind::Enum => r#""data_type": "smallint", "mapping_type": ["enum"], "enum_name": "codes""#,
        Kind::Digits => r#""data_length": 9, "mapping_type": ["numbers_only"]"#,
        Kind::Bit => r#""data_type": "bit", "mapping_type": ["char_to_bit"]"#,
    }
}

/// The text of an attribute, and the cell that it has to become; None for null.
fn cell(kind: Kind, numbers: &mut Numbers) -> (String, Option<String>) {
    if numbers.below(4) == 0 {
        return (" ".repeat(numbers.below(3) as usize), None);
    }
    match kind {
        Kind::Text | Kind::Defaulted => {
            let text = format!("w{}", numbers.below(100_000_000_000));
            let kept = text.chars().take(8).collect();
            (format!("  {text} "), Some(kept))
        }
        Kind::Integer => {
            let number = numbers.below(900_000);
            let grouped = match number {
                1000.. => format!("{},{:03}", number / 1000, number % 1000),
                _ => number.to_string(),
            };
            match numbers.below(3) {
                0 => (grouped, Some(number.to_string())),
                1 => (format!("{number}.5"), Some((number + 1).to_string())),
                _ => (format!("about {number} km"), Some(number.to_string())),
            }
        }
        Kind::Decimal => {
            let thousandths = numbers.below(90_000_000);
            let (whole, rest) = (thousandths / 1000, thousandths % 1000);
            (format!("{whole}.{rest:03}4"), Some(format!("{whole}.{rest:03}")))
        }
        Kind::Date => {
            let (year, month, day) =
                (1990 + numbers.below(50), 1 + numbers.below(12), 13 + numbers.below(15));
            let shown = format!("{year}-{month:02}-{day:02}");
            let written = match numbers.below(5) {
                0 => shown.clone(),
                1 => format!("{month}/{day}/{year}"),
                2 => format!("{day}/{month:02}/{year}"),
                3 => format!("{year}-{month}-{day} 1:02:99.5 EST"),
                _ => return ("soon".to_owned(), None),
            };
            (written, Some(shown))
        }
        Kind::Enum => match numbers.below(3) {
            0 => ("one".to_owned(), Some("1".to_owned())),
            1 => (" TWO ".to_owned(), Some("2".to_owned())),
            _ => ("three".to_owned(), None),
        },
        Kind::Digits => {
            let number = numbers.below(1_000_000_000);
            let digits = format!("{number:09}");
            (format!("({}) {}-{}", &digits[..3], &digits[3..6], &digits[6..]), Some(digits))
        }
        Kind::Bit => match numbers.below(3) {
            0 => ("y".to_owned(), Some("1".to_owned())),
            _ => ("-".to_owned(), None),
        },
    }
}

/// The text in the row for null.
fn in_place_of_null(kind: Kind) -> &'static str {
    match kind {
        Kind::Defaulted => "unknown",
        Kind::Bit => "0",
        _ => "-",
    }
}

fn wide_contract() -> String {
    let mut mappings = Vec::new();
    let mut relationships = String::new();
    for table in 0..TABLES {
        for column in 0..COLUMNS {
            let below = format!("/e{}", table / 2);
            let (name, attribute) =
                (format!("t{table:02}"), format!("a{}", table % 2 * COLUMNS + column));
            let keys = keys(kind(table, column));
            mappings.push(mapping(&name, &format!("c{column:02}"), &below, &attribute, keys));
        }
        relationships += &format!(
            r#"{{ "parent_table": "base", "child_table": "t{table:02}", "foreign_key_column": "app_id" }},"#
        );
    }
    let json = legacy(&mappings.join(",\n"), r#""codes": { "one": 1, "two": 2 }"#);
    json.replace("\"relationships\": [", &format!("\"relationships\": [{relationships}"))
}

#[test]
fn four_hundred_mappings_produce_the_same_rows_as_before() {
    let json = wide_contract();
    assert_eq!(json.matches("\"target_column\": \"c").count(), 400);
    let report = super::imported(&json).report;
    assert_eq!(report.failures(), 0, "{report}");
    let contract = contract(&json);
    let mut rows = 0;
    for seed in 1..=DOCUMENTS {
        let mut numbers = Numbers(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let mut elements = String::new();
        let mut expected: Vec<Vec<String>> = Vec::new();
        for pair in 0..TABLES / 2 {
            if numbers.below(5) == 0 {
                elements += &format!("<e{pair} a0='lost' a21='lost' a7='9'/>");
            }
            let there = numbers.below(6) > 0;
            let mut attributes = String::new();
            for table in [2 * pair, 2 * pair + 1] {
                let mut cells = Vec::new();
                let mut says_something = table % 2 == 1;
                for column in 0..COLUMNS {
                    let kind = kind(table, column);
                    let (text, value) =
                        if there { cell(kind, &mut numbers) } else { (String::new(), None) };
                    attributes += &format!(" a{}=\"{text}\"", table % 2 * COLUMNS + column);
                    says_something |= value.is_some();
                    cells.push(value.unwrap_or_else(|| in_place_of_null(kind).to_owned()));
                }
                expected.push(if says_something { vec![cells.join("|")] } else { Vec::new() });
            }
            // Without this one the element before it would be the last.
            elements += &format!("<e{pair}{}/>", if there { attributes.as_str() } else { "" });
        }
        let document = document("", &elements);
        for (table, expected) in expected.iter().enumerate() {
            let found = rows_of(&contract, &document, &format!("t{table:02}"));
            assert_eq!(found, *expected, "seed {seed}, table {table}");
            rows += found.len();
        }
    }
    assert!(rows > 500, "{rows}");
}
