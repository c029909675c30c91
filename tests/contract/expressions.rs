//! The expression language: precedence, names, and back to text.

use proptest::collection::vec;
use proptest::prelude::*;
use xmlshred::contract::expr::ast::{
    BinaryOp, Expr, ExprKind, Function, Origin, Path, Predicate, Read, Span, Step,
};
use xmlshred::contract::expr::parser::{parse, Names};
use xmlshred::value::functions::DatePart;
use xmlshred::value::{Decimal, SqlType};

/// The tree of a text without mistakes.
fn tree(text: &str, names: Names<'_>) -> Expr {
    let parsed = parse(text, names);
    assert_eq!(parsed.mistakes, [], "in {text:?}");
    parsed.tree
}

/// The text printed again, every operator with its operands in parentheses.
fn grouped(text: &str) -> String {
    fn group(expr: &Expr) -> String {
        match &expr.kind {
            ExprKind::Binary { op, left, right } => {
                format!("({} {} {})", group(left), op.symbol(), group(right))
            }
            ExprKind::Not(operand) => format!("(NOT {})", group(operand)),
            ExprKind::Negate(operand) => format!("(-{})", group(operand)),
            ExprKind::IsNull { operand, negated } => {
                format!("({} IS {}NULL)", group(operand), if *negated { "NOT " } else { "" })
            }
            ExprKind::Between { operand, low, high, .. } => {
                format!("({} BETWEEN {} AND {})", group(operand), group(low), group(high))
            }
            _ => expr.to_string(),
        }
    }
    group(&tree(text, Names::Paths))
}

#[test]
fn operators_bind_as_in_sql() {
    for (text, wanted) in [
        ("1 + 2 * 3 - 4", "((1 + (2 * 3)) - 4)"),
        ("a || b + c", "((a || b) + c)"),
        ("a / b / c % d", "(((a / b) / c) % d)"),
        ("-a * b", "((-a) * b)"),
        ("a - -b", "(a - (-b))"),
        ("NOT a = b AND c = d OR e = f", "(((NOT (a = b)) AND (c = d)) OR (e = f))"),
        ("a = 1 OR b = 2 AND c = 3", "((a = 1) OR ((b = 2) AND (c = 3)))"),
        ("NOT NOT a IS NULL", "(NOT (NOT (a IS NULL)))"),
        ("a + 1 BETWEEN 2 AND 3 + 4 AND c = 5", "(((a + 1) BETWEEN 2 AND (3 + 4)) AND (c = 5))"),
        ("a < b + 1 AND NOT b IS NOT NULL", "((a < (b + 1)) AND (NOT (b IS NOT NULL)))"),
    ] {
        assert_eq!(grouped(text), wanted);
    }
}

#[test]
fn names_take_the_longest_xml_name_and_blanks_divide() {
    for (text, wanted) in [
        ("@a-b", "@a-b"),
        ("@a - b", "(@a - b)"),
        ("a.b/c-1", "a.b/c-1"),
        ("a / b", "(a / b)"),
        ("a/b", "a/b"),
        ("p:a/@q:b", "p:a/@q:b"),
        ("größe/@naïve", "größe/@naïve"),
        ("contact [ @kind = 'x' ] / 2", "(contact[@kind = 'x'] / 2)"),
    ] {
        assert_eq!(grouped(text), wanted);
    }
}

#[test]
fn words_of_the_language_are_read_in_any_case() {
    let text = "case when Not a is Null and b in (1) then Upper(c) else cast(d as INT) end";
    let wanted = "CASE WHEN NOT a IS NULL AND b IN (1) THEN UPPER(c) ELSE CAST(d AS int) END";
    assert_eq!(tree(text, Names::Paths).to_string(), wanted);
}

#[test]
fn printing_adds_no_parentheses_that_are_not_needed() {
    for text in [
        "(a + b) * c",
        "a + b * c",
        "a - (b - c)",
        "NOT (a = 1 OR b = 2) AND c = 3",
        "(a IS NULL AND b = 1 OR c = 2) AND d = 3",
        "-(a + b)",
        "- -a",
        "a LIKE 'x' || b",
        "CASE a WHEN 1 THEN b OR c ELSE d END",
        "'it''s' || ./left || ./count || ../left",
        "a NOT BETWEEN 1 AND 2 AND b NOT IN (1, 2) AND c NOT LIKE 'x%'",
        "contact[@a = 'x' AND @b <> ''][2][last()]/@zip",
        "child[@a IS NOT NULL]/@b",
        "/r/a/@b || //a/@b || ../../@x || ../a/b || .. || .",
        "DATEADD(month, 1, DATEDIFF(day, @a, @b))",
        "JOIN(p/@x, ', ') || COALESCE(@a, 0.50)",
    ] {
        assert_eq!(tree(text, Names::Paths).to_string(), text);
    }
}

#[test]
fn columns_are_quoted_where_their_names_need_it() {
    let columns = ["order".into(), "a b".into(), "x]y".into(), "case".into(), "name".into()];
    let text = "ORDER = 1 AND [A B] = 2 AND [x]]y] = 3 AND [case] = 4 AND name = 5";
    let printed = tree(text, Names::Columns(&columns)).to_string();
    assert_eq!(printed, "order = 1 AND [a b] = 2 AND [x]]y] = 3 AND [case] = 4 AND name = 5");
}

#[test]
fn depth_is_bounded_and_width_is_not() {
    let deep = |text: &str| {
        let mistakes = parse(text, Names::Paths).mistakes;
        assert!(mistakes.iter().any(|m| m.message.contains("too deeply")), "{mistakes:?}");
    };
    deep(&"(".repeat(10_000));
    deep(&"NOT ".repeat(10_000));
    deep(&"- ".repeat(10_000));
    deep(&"a[".repeat(10_000));
    deep(&"CASE WHEN ".repeat(10_000));
    deep(&"UPPER(".repeat(10_000));
    deep(&format!("1{}", " + 1".repeat(10_000)));
    deep(&format!("a{}", " = 1".repeat(10_000)));
    tree(&format!("@a IN (1{})", ", 1".repeat(10_000)), Names::Paths);
    tree(&format!("CASE{} END", " WHEN @a = 1 AND @b = 2 THEN 1".repeat(10_000)), Names::Paths);
}

fn expr(kind: ExprKind) -> Expr {
    Expr { kind, span: Span::default() }
}

fn boxed(expr: Expr) -> Box<Expr> {
    Box::new(expr)
}

/// Names of elements and attributes, words of the language among them.
fn name() -> impl Strategy<Value = String> + Clone {
    prop_oneof![
        "[A-Za-z_é][A-Za-z0-9_.é-]{0,5}",
        "[a-z]{1,2}:[a-z][a-z.-]{0,3}",
        prop_oneof![
            Just("left"),
            Just("And"),
            Just("case"),
            Just("COUNT"),
            Just("last"),
            Just("cast"),
            Just("day"),
            Just("null"),
            Just("true"),
        ]
        .prop_map(str::to_owned),
    ]
}

fn read() -> impl Strategy<Value = Read> + Clone {
    prop_oneof![Just(Read::Text), name().prop_map(Read::Attribute)]
}

/// What a predicate sees: attributes and own text of its element, and paths into it.
fn inside(fewest: usize) -> impl Strategy<Value = Expr> + Clone {
    let position = (1..9u32).prop_map(Predicate::Position);
    let step = (name(), vec(position, 0..2)).prop_map(|(name, predicates)| Step {
        name,
        predicates,
        span: Span::default(),
    });
    (vec(step, fewest..3), read()).prop_map(|(steps, read)| {
        expr(ExprKind::Path(Path { origin: Origin::Row { up: 0 }, steps, read }))
    })
}

fn predicate() -> impl Strategy<Value = Predicate> + Clone {
    let condition = (inside(0), inside(0), comparison()).prop_map(|(left, right, op)| {
        let (left, right) = (boxed(left), boxed(right));
        Predicate::Condition(expr(ExprKind::Binary { op, left, right }))
    });
    let exists = inside(1).prop_map(|path| {
        let (function, arguments) = (Function::Exists, vec![path]);
        Predicate::Condition(expr(ExprKind::Call { function, arguments }))
    });
    let position = (1..9u32).prop_map(Predicate::Position);
    prop_oneof![position, Just(Predicate::Last), condition, exists]
}

fn path() -> impl Strategy<Value = Path> {
    let step = (name(), vec(predicate(), 0..2)).prop_map(|(name, predicates)| Step {
        name,
        predicates,
        span: Span::default(),
    });
    let relative = ((0..3u32).prop_map(|up| Origin::Row { up }), vec(step.clone(), 0..3));
    let absolute = (prop_oneof![Just(Origin::Document), Just(Origin::Anywhere)], vec(step, 1..3));
    let start = prop_oneof![relative, absolute];
    (start, read()).prop_map(|((origin, steps), read)| Path { origin, steps, read })
}

fn comparison() -> impl Strategy<Value = BinaryOp> + Clone {
    use BinaryOp::*;
    prop::sample::select(vec![Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual])
}

fn operator() -> impl Strategy<Value = BinaryOp> {
    use BinaryOp::*;
    let others = vec![Add, Subtract, Multiply, Divide, Modulo, Concat, And, Or];
    prop_oneof![comparison(), prop::sample::select(others)]
}

fn sql_type() -> impl Strategy<Value = SqlType> {
    prop::sample::select(vec![
        SqlType::Int,
        SqlType::Decimal { precision: 12, scale: 2 },
        SqlType::NVarChar(None),
        SqlType::Char(5),
        SqlType::DateTime2(3),
        SqlType::UniqueIdentifier,
    ])
}

fn plain_function() -> impl Strategy<Value = Function> {
    prop::sample::select(vec![
        Function::Coalesce,
        Function::Left,
        Function::Name,
        Function::Count,
        Function::First,
        Function::Lookup,
        Function::NowUtc,
    ])
}

fn date_part() -> impl Strategy<Value = DatePart> {
    prop::sample::select(vec![DatePart::Year, DatePart::Day, DatePart::Week, DatePart::Nanosecond])
}

/// Any tree that a text could have given, as far as the parser is concerned.
fn any_expr(leaf: BoxedStrategy<Expr>) -> impl Strategy<Value = Expr> {
    let literal = prop_oneof![
        Just(ExprKind::Null),
        "[a-z' \\[é日\"\\\\]{0,6}".prop_map(ExprKind::Text),
        (0..=i64::MAX).prop_map(ExprKind::Integer),
        (0..1_000_000i128, 0..9u8)
            .prop_map(|(units, scale)| ExprKind::Decimal(Decimal { units, scale })),
    ];
    let leaf = prop_oneof![2 => literal.prop_map(expr), 3 => leaf];
    leaf.prop_recursive(6, 60, 4, |inner| {
        let pair = (inner.clone(), inner.clone());
        let kind = prop_oneof![
            4 => (operator(), pair.clone()).prop_map(|(op, (left, right))| {
                ExprKind::Binary { op, left: boxed(left), right: boxed(right) }
            }),
            1 => inner.clone().prop_map(|x| ExprKind::Not(boxed(x))),
            1 => inner.clone().prop_map(|x| ExprKind::Negate(boxed(x))),
            1 => (inner.clone(), any::<bool>())
                .prop_map(|(x, negated)| ExprKind::IsNull { operand: boxed(x), negated }),
            1 => (inner.clone(), any::<bool>())
                .prop_map(|(x, negated)| ExprKind::IsEmpty { operand: boxed(x), negated }),
            1 => (inner.clone(), vec(inner.clone(), 1..4), any::<bool>())
                .prop_map(|(x, list, negated)| ExprKind::In { operand: boxed(x), list, negated }),
            1 => (pair.clone(), any::<bool>()).prop_map(|((x, pattern), negated)| {
                ExprKind::Like { operand: boxed(x), pattern: boxed(pattern), negated }
            }),
            1 => (inner.clone(), pair.clone(), any::<bool>())
                .prop_map(|(x, (low, high), negated)| ExprKind::Between {
                    operand: boxed(x), low: boxed(low), high: boxed(high), negated,
                }),
            1 => (prop::option::of(inner.clone()), vec(pair.clone(), 1..3), prop::option::of(inner.clone()))
                .prop_map(|(operand, whens, otherwise)| ExprKind::Case {
                    operand: operand.map(boxed), whens, otherwise: otherwise.map(boxed),
                }),
            1 => (inner.clone(), sql_type(), any::<bool>())
                .prop_map(|(x, sql_type, or_null)| ExprKind::Cast { operand: boxed(x), sql_type, or_null }),
            1 => (plain_function(), vec(inner.clone(), 0..4))
                .prop_map(|(function, arguments)| ExprKind::Call { function, arguments }),
            1 => (date_part(), pair).prop_map(|(part, (a, b))| ExprKind::Call {
                function: Function::DateAdd,
                arguments: vec![expr(ExprKind::DatePart(part)), a, b],
            }),
        ];
        kind.prop_map(expr)
    })
}

/// The tree's form without its places.
fn form(expr: &Expr) -> String {
    let debug = format!("{expr:?}");
    let mut parts = debug.split("Span { start: ");
    let first = parts.next().unwrap_or_default().to_owned();
    let rest = parts.map(|part| part.split_once('}').map_or("", |(_, rest)| rest));
    rest.fold(first, |form, part| form + part)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn what_is_printed_is_parsed_as_the_same_tree(
        tree in any_expr(path().prop_map(|p| expr(ExprKind::Path(p))).boxed())
    ) {
        let printed = tree.to_string();
        let parsed = parse(&printed, Names::Paths);
        prop_assert_eq!(&parsed.mistakes, &[], "in {}", printed);
        prop_assert_eq!(form(&parsed.tree), form(&tree), "in {}", printed);
    }

    #[test]
    fn what_is_printed_for_a_row_is_parsed_as_the_same_tree(
        tree in any_expr(
            prop::sample::select(COLUMNS.to_vec()).prop_map(|c| expr(ExprKind::Column(c.into()))).boxed()
        )
    ) {
        let printed = tree.to_string();
        let columns: Vec<String> = COLUMNS.iter().map(|c| (*c).to_owned()).collect();
        let parsed = parse(&printed, Names::Columns(&columns));
        prop_assert_eq!(&parsed.mistakes, &[], "in {}", printed);
        prop_assert_eq!(form(&parsed.tree), form(&tree), "in {}", printed);
    }

    #[test]
    fn any_text_is_parsed_without_a_panic(text in "[a-z@/.\\[\\]()'\"<>=!|+*%,0-9A-Z é日-]{0,60}") {
        for names in [Names::Paths, Names::Columns(&["a".to_owned()])] {
            for mistake in parse(&text, names).mistakes {
                let range = mistake.span.start as usize..mistake.span.end as usize;
                prop_assert!(text.get(range).is_some(), "{mistake:?} in {text:?}");
            }
        }
    }

    #[test]
    fn any_words_are_parsed_without_a_panic(words in vec(prop::sample::select(WORDS.to_vec()), 0..25)) {
        let text = words.join(" ");
        for mistake in parse(&text, Names::Paths).mistakes {
            let range = mistake.span.start as usize..mistake.span.end as usize;
            prop_assert!(text.get(range).is_some(), "{mistake:?} in {text:?}");
        }
    }
}

const COLUMNS: [&str; 6] = ["a", "first_name", "order by", "CASE", "x]y", "count"];

const WORDS: [&str; 34] = [
    "AND",
    "OR",
    "NOT",
    "IS",
    "NULL",
    "EMPTY",
    "IN",
    "(",
    ")",
    "LIKE",
    "BETWEEN",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "CAST(",
    "AS",
    "int",
    "DATEADD(",
    "day",
    ",",
    "@a",
    "p/@x",
    "//x",
    "[",
    "]",
    "'t'",
    "1",
    "1.5",
    "=",
    "-",
    "/",
    "NOW_UTC()",
];
