//! Random contracts and documents: what happens to a column is what the mapping says can happen.

use std::sync::Arc;

use chrono::Utc;
use xmlshred::contract::ParsedContract;
use xmlshred::described::{Column, Described, Effect};
use xmlshred::document::{Document, DocumentEncoding};
use xmlshred::id::AppId;
use xmlshred::offline::constants;
use xmlshred::outcome::FailureCategory;
use xmlshred::shred::{Limits, Shredder};
use xmlshred::value::Value;

/// Numbers that look random and are the same on every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % sides
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.roll(choices.len())]
    }
}

const PATHS: &[&str] = &[
    "@x",
    "@y",
    "@z",
    "b",
    "b/@x",
    "c[1]/@x",
    "c[last()]/@y",
    "c[@k = '1']/@x",
    "c[@k > 3]/@x",
    "b[@x = 7]/@y",
    "b[c/@k = 'A']/@x",
    "../@x",
    "../@n",
    "../q/@x",
    "/r/@x",
    "/r/q/@x",
    "//b/@x",
    "//c[1]/@k",
    "c[@k IN (1, 2)][1]/@x",
    ".",
    "*/@x",
    "@p:x",
];

const LITERALS: &[&str] = &[
    "'A'",
    "''",
    "' '",
    "'12'",
    "'2024-01-31'",
    "5",
    "0",
    "-1",
    "-7",
    "4.25",
    "300",
    "NULL",
    "'€'",
    "9223372036854775807",
];

const TYPES: &[&str] = &[
    "bit",
    "tinyint",
    "smallint",
    "int",
    "bigint",
    "decimal(5,2)",
    "decimal(38,0)",
    "money",
    "float",
    "real",
    "date",
    "time(7)",
    "datetime",
    "smalldatetime",
    "datetime2(7)",
    "datetimeoffset(7)",
    "char(3)",
    "varchar(9)",
    "varchar(max)",
    "nchar(2)",
    "nvarchar(1)",
    "nvarchar(20)",
    "nvarchar(max)",
    "uniqueidentifier",
    "varbinary(2)",
    "varbinary(max)",
    "xml",
];

const VALUES: &[&str] = &[
    "",
    " ",
    "1",
    "2",
    "7",
    "-3",
    "300",
    "70000",
    "9999999999",
    "9223372036854775807",
    "1.5",
    "1e300",
    "0.000001",
    "A",
    "Z",
    "x y",
    "€",
    "Ω",
    "2024-01-31",
    "9999-12-31T23:59:59.9999999",
    "0001-01-01",
    "2024-01-31T12:30:00+02:00",
    "12:30:15",
    "YQ==",
    "0xFF01",
    "[",
    "a%",
    "+02:00",
    "840",
    "true",
    "6F9619FF-8B86-D011-B42D-00C04FC964FF",
    "&lt;i/&gt;",
    "&lt;i>",
    "$ 1,234.50",
    "a long text of words",
    "99999999999999999999999999999999999999999",
];

/// An expression, of which some are wrong.
fn expression(dice: &mut Dice, depth: usize) -> String {
    if depth == 0 {
        let paths = [PATHS, PATHS, LITERALS][dice.roll(3)];
        return dice.of(paths).to_owned();
    }
    let kind = dice.roll(58);
    let mut inner = || expression(dice, depth - 1);
    match kind {
        0..4 => dice.of(PATHS).to_owned(),
        4 => dice.of(LITERALS).to_owned(),
        5 => format!("UPPER({})", inner()),
        6 => format!("TRIM({})", inner()),
        7 => format!("LEFT({}, {})", inner(), inner()),
        8 => format!("RIGHT({}, 2)", inner()),
        9 => format!("SUBSTRING({}, {}, {})", inner(), inner(), inner()),
        10 => format!("REPLACE({}, {}, {})", inner(), inner(), inner()),
        11 => format!("LEN({})", inner()),
        12 => format!("CONCAT({}, {})", inner(), inner()),
        13 => format!("ABS({})", inner()),
        14 => format!("ROUND({}, {})", inner(), inner()),
        15 => format!("FLOOR({})", inner()),
        16 => format!("CEILING({})", inner()),
        17 => format!("POWER({}, {})", inner(), inner()),
        18 => format!("DATEADD(day, {}, {})", inner(), inner()),
        19 => format!("DATEADD(hour, {}, {})", inner(), inner()),
        20 => format!("DATEDIFF(nanosecond, {}, {})", inner(), inner()),
        21 => format!("DATEDIFF(day, {}, {})", inner(), inner()),
        22 => format!("YEAR({})", inner()),
        23 => format!("MONTH({}) + DAY({})", inner(), inner()),
        24 => format!("SWITCHOFFSET({}, {})", inner(), inner()),
        25 => format!("PARSE_DATE({}, 'dd.MM.yyyy', 'yyyy-MM-dd')", inner()),
        26 => format!("LOOKUP('strict', {})", inner()),
        27 => format!("LOOKUP('loose', {})", inner()),
        28 => format!("LOOKUP('other', {})", inner()),
        29 => format!("LOOKUP('id', {}, {})", inner(), inner()),
        30 => format!("FROM_BASE64({})", inner()),
        31 => format!("FROM_HEX({})", inner()),
        32 => format!("FLAG({}, '1', {})", inner(), inner()),
        33 => format!("DIGITS({})", inner()),
        34 => format!("NUMBER({})", inner()),
        35 => format!("FIRST_NUMBER({})", inner()),
        36 => ["APP_ID()", "ORDINAL()", "POSITION()", "NOW_UTC()", "NAME()", "PART()"]
            [dice.roll(5)]
        .to_owned(),
        37 => ["PARENT(n)", "PARENT(t)", "PARENT(id)"][dice.roll(3)].to_owned(),
        38 => ["FOLLOWING(q/@x)", "FOLLOWING(a/b/@x)", "FOLLOWING(q[@x > 1])"][dice.roll(3)]
            .to_owned(),
        39 => {
            ["STRING(b)", "STRING(.)", "INNER_XML(b[1])", "INNER_XML(c)"][dice.roll(4)].to_owned()
        }
        40 => format!(
            "{}({})",
            dice.of(&["FIRST", "LAST", "SUM", "MIN", "MAX", "COUNT"]),
            dice.of(PATHS)
        ),
        41 => format!("JOIN(b/@x, {})", inner()),
        42 => {
            let value = inner();
            format!("{}(b, {value})", dice.of(&["FIRST", "LAST", "SUM", "MIN", "MAX", "COUNT"]))
        }
        43 => format!("JOIN(b, ',', {})", inner()),
        44 => format!("MAX(CAST(b/@x AS {}))", dice.of(TYPES)),
        45 => format!("COALESCE({}, {})", inner(), inner()),
        46 => format!("NULLIF({}, {})", inner(), inner()),
        47 => format!("-({})", inner()),
        48 | 49 => {
            let (left, right) = (inner(), inner());
            format!("({left}) {} ({right})", dice.of(&["+", "-", "*", "/", "%", "||"]))
        }
        50 | 51 => {
            let value = inner();
            format!("{}({value} AS {})", dice.of(&["CAST", "TRY_CAST"]), dice.of(TYPES))
        }
        52 | 53 => {
            let (value, other) = (inner(), inner());
            format!("CASE WHEN {} THEN {value} ELSE {other} END", condition(dice, depth - 1))
        }
        54 => format!("CASE WHEN {} THEN 1 END", condition(dice, depth - 1)),
        55 => format!("CASE {} WHEN {} THEN {} WHEN 2 THEN 'B' END", inner(), inner(), inner()),
        56 => format!("LOWER(LTRIM(RTRIM({})))", inner()),
        _ => format!("CASE WHEN EXISTS({}) THEN 'y' ELSE 'n' END", dice.of(PATHS)),
    }
}

fn condition(dice: &mut Dice, depth: usize) -> String {
    let kind = dice.roll(8);
    let mut inner = || expression(dice, depth);
    match kind {
        0 | 1 => {
            let (left, right) = (inner(), inner());
            format!("({left}) {} ({right})", dice.of(&["=", "<>", "<", "<=", ">", ">="]))
        }
        2 => format!("({}) IN ({}, {})", inner(), inner(), inner()),
        3 => format!("({}) BETWEEN ({}) AND ({})", inner(), inner(), inner()),
        4 => format!("({}) LIKE ({})", inner(), inner()),
        5 => format!("({}) IS NOT NULL", inner()),
        6 => format!("({}) IS EMPTY", inner()),
        _ => {
            let (left, right) = (inner(), inner());
            format!("NOT (({left}) = ({right}) OR @x = 'A') AND @y IS NULL")
        }
    }
}

/// A contract with a column `c` of any kind.
fn contract(dice: &mut Dice) -> String {
    let depth = 1 + dice.roll(3);
    let mut column = format!("type = \"{}\"", dice.of(TYPES));
    column += &format!(", value = '''{}'''", expression(dice, depth));
    let options = [
        ", required = true",
        ", on_error = \"null\"",
        ", too_long = \"truncate\"",
        ", blank = \"keep\"",
        ", default = \"1\"",
    ];
    for option in options {
        if dice.roll(4) == 0 {
            column += option;
        }
    }
    let document = dice.of(&[
        "",
        "white_space = \"strip\"\n",
        "date_formats = [\"dd.MM.yyyy\"]\n",
        "attribute_names = \"ignore-case\"\n",
        "namespaces = \"ignore\"\n",
        "namespaces = { p = [\"urn:p\", \"urn:q\"] }\n",
    ]);
    let each = dice.of(&["/r/p/a", "/r/p/a", "SPLIT(/r/p/a/@y, ' ')"]);
    let rows = match dice.roll(4) {
        0 => format!("[[tables.rows]]\nc = '''{}'''\n[[tables.rows]]\n", expression(dice, depth)),
        _ => String::new(),
    };
    let parent = dice.of(&["", "[[tables.rows]]\nt = \"'1'\"\n[[tables.rows]]\nt = \"@x\"\n"]);
    let left = dice.of(&["", "where = \"@x <> '1'\"\n", "distinct = { by = [\"@x\"] }\n"]);
    let lost = dice.of(&["null", "error"]);
    let key = dice.of(&["@k", "CAST(@k AS int)", "@k + 1"]);
    format!(
        "[contract]\nname = \"t\"\n[document]\nroot = \"r\"\n{document}\
         [lookups.strict]\nvalues = {{ A = 1, 7 = 2 }}\n\
         [lookups.loose]\nvalues = {{ A = \"a\", 1 = \"one\" }}\non_blank = \"null\"\non_unmapped = \"null\"\n\
         [lookups.other]\nvalues = {{ 1 = 10, 2 = 20 }}\non_blank = \"value\"\nblank_value = 0\n\
         on_unmapped = \"value\"\nunmapped_value = 400\n\
         [keys.id]\neach = \"//c\"\nkey = \"{key}\"\non_unmapped = \"{lost}\"\n\
         [[tables]]\nname = \"p\"\neach = \"/r/p\"\napp_column = \"id\"\nprimary_key = [\"id\", \"n\"]\n{left}[tables.columns]\n\
         id = {{ type = \"int\", value = \"APP_ID()\" }}\nn = {{ type = \"int\", value = \"ORDINAL()\" }}\n\
         t = {{ type = \"nvarchar(20)\", value = \"@n\" }}\n{parent}\
         [[tables]]\nname = \"s\"\neach = \"{each}\"\napp_column = \"id\"\n\
         foreign_key = {{ columns = [\"id\", \"n\"], references = \"p\" }}\n[tables.columns]\n\
         id = {{ type = \"int\", value = \"APP_ID()\" }}\nn = {{ type = \"int\", value = \"POSITION()\" }}\n\
         c = {{ {column} }}\n{rows}"
    )
}

fn document(dice: &mut Dice) -> String {
    let mut text = format!("<r x=\"{}\" xmlns:p=\"urn:p\" xmlns:q=\"urn:q\">", dice.of(VALUES));
    for _ in 0..1 + dice.roll(2) {
        text += &format!("<p n=\"{}\" x=\"{}\">", dice.of(VALUES), dice.of(VALUES));
        for _ in 0..1 + dice.roll(2) {
            text += "<a";
            for name in ["x", "y", "z", "p:x", "q:x"] {
                if dice.roll(4) > 0 {
                    text += &format!(" {name}=\"{}\"", dice.of(VALUES));
                }
            }
            text += ">";
            for _ in 0..dice.roll(4) {
                let name = dice.of(&["b", "c"]);
                let [x, y, k, t] = [0; 4].map(|_| dice.of(VALUES));
                text +=
                    &format!("<{name} x=\"{x}\" y=\"{y}\" k=\"{k}\">{t}<c k=\"{k}\"/></{name}>");
            }
            text += &format!("{}</a>", dice.of(VALUES));
            if dice.roll(2) == 0 {
                text += &format!("<q x=\"{}\"/>", dice.of(VALUES));
            }
        }
        text += "</p>";
    }
    text + "</r>"
}

/// The effects that are listed for a column.
fn effects(column: &Column) -> Vec<Effect> {
    let all = column.values.iter().flat_map(|value| &value.consequences);
    all.map(|consequence| consequence.effect).collect()
}

#[test]
fn what_happens_to_a_column_is_listed_for_it() {
    let mut dice = Dice(20_261_128);
    let (mut contracts, mut failures, mut nulls) = (0, 0, 0);
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..8_000 {
        let text = contract(&mut dice);
        let Ok(mut parsed) = ParsedContract::parse(&text, "contract.toml") else { continue };
        constants::examine(&mut parsed);
        if parsed.diagnostics.errors() > 0 {
            continue;
        }
        contracts += 1;
        let described = Described::of(&parsed);
        let tables: Vec<_> =
            described.tables.iter().flat_map(|t| t.rules[0].columns.iter()).collect();
        let mut shredder = Shredder::new(Arc::clone(&parsed.contract), Limits::default());
        for _ in 0..6 {
            let source = document(&mut dice);
            let bytes = source.clone().into_bytes();
            let encoding = DocumentEncoding::Utf8;
            let read = Document { bytes, encoding };
            let id = AppId([7, 5_000_000_000][dice.roll(2)]);
            let told = || {
                let columns = tables.iter().flat_map(|c| &c.values);
                format!(
                    "{:#?}\n{source}\n{text}",
                    columns.map(|v| &v.consequences).collect::<Vec<_>>()
                )
            };
            match shredder.shred(id, Utc::now(), Some(&read)) {
                Ok(rows) => {
                    for (rows, table) in rows.iter().zip(&described.tables) {
                        for column in &table.rules[0].columns {
                            let mut values = rows.iter().map(|row| &row[column.position]);
                            if values.any(|value| *value == Value::Null) {
                                nulls += 1;
                                let is_told = effects(column).contains(&Effect::Null);
                                assert!(
                                    is_told && column.default.is_none(),
                                    "{}: null\n{}",
                                    column.name,
                                    told()
                                );
                            }
                        }
                    }
                }
                Err(failure) => {
                    let category = failure.category;
                    failures += 1;
                    seen.insert(category);
                    let is_told = match &failure.column {
                        Some(name) => {
                            let table = described
                                .tables
                                .iter()
                                .find(|t| Some(&t.name) == failure.table.as_ref());
                            let mut columns = table.expect("a table").rules[0].columns.iter();
                            let column =
                                columns.find(|column| column.name == *name).expect("a column");
                            effects(column).contains(&Effect::Fails(category))
                        }
                        // A predicate's.
                        None => {
                            tables.iter().flat_map(|c| &c.values).flat_map(|v| &v.consequences).any(
                                |told| {
                                    told.effect == Effect::Fails(category)
                                        && told.case.starts_with("in a predicate")
                                },
                            )
                        }
                    };
                    assert!(is_told, "{failure:#?}\n{}", told());
                }
            }
        }
    }
    assert!(
        contracts > 2_500 && failures > 3_000 && nulls > 1_500,
        "{contracts} {failures} {nulls}"
    );
    for category in [
        FailureCategory::BadValue,
        FailureCategory::TooLong,
        FailureCategory::ManyValues,
        FailureCategory::MissingRequired,
        FailureCategory::UnmappedLookup,
    ] {
        assert!(seen.contains(&category), "{category} did not happen");
    }
}
