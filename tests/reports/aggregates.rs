//! Totals over repeated elements.

use std::fmt::Write;
use std::time::{Duration, Instant};

use super::{contract, failure, mistakes, rows};

fn lines(columns: &str) -> String {
    format!(
        "[contract]\nname = \"lines\"\n[document]\nroot = \"order\"\n[lookups.rate]\nvalues = {{ full = 25, low = 10 }}\n\
         [[tables]]\nname = \"line\"\neach = \"/order/line\"\napp_column = \"app_id\"\n[tables.columns]\n\
         app_id = {{ type = \"int\", value = \"APP_ID()\" }}\n{columns}"
    )
}

#[test]
fn case_25_a_total_is_computed_once_for_all_rows() {
    let contract = contract(&lines(
        "amount = { type = \"decimal(9,2)\", value = \"@amount\" }\n\
         total = { type = \"decimal(12,2)\", value = \"SUM(../line/@amount)\" }\n\
         share = { type = \"decimal(9,6)\", value = \"NUMBER(@amount) / SUM(../line/@amount)\" }\n\
         all = { type = \"decimal(12,2)\", value = \"SUM(//line, NUMBER(@amount) * 2)\" }\n\
         longest = { type = \"int\", value = \"MAX(LEN(/order/line/@amount))\" }\n\
         last = { type = \"decimal(9,2)\", value = \"LAST(../line[tag = 'x']/@amount)\" }\n\
         rate = { type = \"int\", value = \"MAX(LOOKUP('rate', ../line/@rate))\" }\n",
    ));
    let mut document = String::from("<order>");
    for line in 0..20_000 {
        write!(document, "<line amount='{line}.50' rate='low'><tag>x</tag></line>").unwrap();
    }
    document.push_str("</order>");
    // Below anything the totals are those of the element around.
    let below = lines(
        "total = { type = \"decimal(12,2)\", value = \"SUM(../line/@amount)\" }\n\
         twice = { type = \"decimal(12,2)\", value = \"SUM(../line, @amount * 2)\" }\n\
         last = { type = \"decimal(9,2)\", value = \"LAST(../line[tag = 'x']/@amount)\" }\n\
         next = { type = \"decimal(9,2)\", value = \"FOLLOWING(line/@amount)\" }\n\
         rate = { type = \"int\", value = \"LOOKUP('rate', @rate)\" }\n",
    );
    let below = super::contract(&below.replace("/order/line", "//line"));
    let began = Instant::now();
    let found = rows(&below, &document, "line");
    assert!(began.elapsed() < Duration::from_secs(20), "it took {:?}", began.elapsed());
    assert_eq!(found[0], "200000000.00|400000000.00|19999.50|1.50|10");
    assert_eq!(found[19_999], "200000000.00|400000000.00|19999.50|-|10");
    let began = Instant::now();
    let found = rows(&contract, &document, "line");
    // Minutes where each row went over all lines; the bound is for machines that do much besides.
    assert!(began.elapsed() < Duration::from_secs(20), "it took {:?}", began.elapsed());
    assert_eq!(found.len(), 20_000);
    assert_eq!(found[1], "1.50|200000000.00|0.000000|400000000.00|8|19999.50|10");
    assert_eq!(found[19_999], "19999.50|200000000.00|0.000100|400000000.00|8|19999.50|10");
}

#[test]
fn an_expression_is_evaluated_for_each_element() {
    let text = "[contract]\nname = \"orders\"\n[document]\nroot = \"orders\"\n[[tables]]\nname = \"order\"\n\
        each = \"/orders/order\"\napp_column = \"app_id\"\n[tables.columns]\n\
        app_id = { type = \"int\", value = \"APP_ID()\" }\n\
        net = { type = \"decimal(12,2)\", value = \"SUM(lines/line, quantity * price)\" }\n\
        most = { type = \"int\", value = \"MAX(lines/line, SUM(part/@n) * quantity)\" }\n\
        first = { type = \"date\", value = \"MIN(lines/line, CAST(due AS date))\" }\n\
        dear = { type = \"int\", value = \"COUNT(lines/line, CASE WHEN price > 5 THEN 1 END)\" }\n\
        items = { type = \"nvarchar(99)\", value = \"JOIN(lines/line[quantity > 0], '; ', @sku || ' x ' || quantity || COALESCE(' ' || STRING(note), ''))\" }\n\
        every = { type = \"int\", value = \"SUM(../order/lines/line, quantity)\" }\n\
        anywhere = { type = \"int\", value = \"SUM(//line[price], quantity * COUNT(part))\" }\n";
    let document = "<orders><order><lines>\
        <line sku='A'><quantity>2</quantity><price>1.25</price><due>2026-02-01</due><note>be <b>quick</b></note><part n='1'/><part n='4'/></line>\
        <line sku='B'><quantity>3</quantity><price>10</price><due>2026-01-15</due><part n='2'/></line>\
        <line sku='C'><quantity>0</quantity></line></lines></order><order/></orders>";
    assert_eq!(
        rows(&contract(text), document, "order"),
        ["32.50|10|2026-01-15|1|A x 2 be quick; B x 3|5|7", "-|-|-|0|-|5|7"]
    );
    let bad = document.replace("<price>10</price>", "\n<price>ten</price>");
    let failure = failure(&contract(text), &bad);
    assert_eq!((failure.column.as_deref(), failure.line), (Some("net"), Some(2)));
    assert_eq!(failure.path.as_deref(), Some("/orders/order[1]/lines/line[2]/price"));
}

#[test]
fn rows_below_anything_total_what_is_around_them() {
    let text = lines("n = { type = \"int\", value = \"SUM(../line, @q * @p)\" }\n")
        .replace("/order/line", "//line");
    let text = text.replace("[lookups.rate]\nvalues = { full = 25, low = 10 }\n", "");
    let document =
        "<order><a><line q='2' p='3'/><line q='1' p='1'/></a><line q='5' p='5'/></order>";
    assert_eq!(rows(&contract(&text), document, "line"), ["7", "7", "25"]);
}

#[test]
fn an_expression_sees_its_own_element() {
    let said =
        |value: &str| mistakes(&lines(&format!("n = {{ type = \"int\", value = \"{value}\" }}\n")));
    for (value, message, hint) in [
        (
            "SUM(part, @a * ../@b)",
            "this path leaves the aggregate's element",
            "an aggregate sees its own element: ",
        ),
        (
            "SUM(part, ORDINAL())",
            "`ORDINAL` is not allowed here",
            "an aggregate's expression sees the element's attributes, ",
        ),
        (
            "SUM(part/@a, @b)",
            "SUM takes a path to elements before the expression",
            "for example `SUM(line, @a * @b)`",
        ),
        (
            "SUM(., @b)",
            "SUM takes a path to elements before the expression",
            "for example `SUM(line, @a * @b)`",
        ),
        (
            "SUM(part/@a * part/@b)",
            "SUM takes one path, found `part/@a` and `part/@b`",
            "name the elements first, then the expression for each: `SUM(line, @a * @b)`",
        ),
        (
            "SUM(part, @a, @b)",
            "SUM takes 1 or 2 arguments, not 3",
            "write `SUM(path, [expression])`: ",
        ),
        (
            "SUM(part, 'x')",
            "SUM takes numbers, found the text 'x'",
            "write a number without quotes",
        ),
        ("COUNT(part, @a > 1)", "expected a value, found a condition", "turn it into a value: "),
    ] {
        let found = said(value);
        assert!(found.contains(&format!("error: {message}\n")), "{found}");
        assert!(found.contains(&format!("hint: {hint}")), "{found}");
    }
}

#[test]
fn the_first_and_the_last_element_take_an_expression() {
    let contract = contract(
        "[contract]\nname = \"t\"\n[document]\nroot = \"r\"\n[[tables]]\nname = \"t\"\neach = \"/r/o\"\n\
         app_column = \"app_id\"\n[tables.columns]\napp_id = { type = \"int\", value = \"APP_ID()\" }\n\
         first = { type = \"decimal(9,2)\", value = \"FIRST(l, @q * p)\" }\n\
         last = { type = \"decimal(9,2)\", value = \"LAST(l, @q * p)\" }\n\
         big = { type = \"nvarchar(9)\", value = \"LAST(l[@q > 1], @n || '!')\" }\n\
         sum = { type = \"decimal(9,2)\", value = \"FIRST(l, @q) + LAST(//l, @q)\" }\n",
    );
    let document = "<r><o><l n='a' q='2'><p>1.5</p></l><l n='b' q='3'><p>2</p></l><l n='c' q='1'><p>4</p></l></o>\
                    <o/><o><l n='d' q='9'/></o></r>";
    assert_eq!(rows(&contract, document, "t"), ["3.00|4.00|b!|11.00", "-|-|-|-", "-|-|d!|18.00"]);
    // A failure is one of the element that was chosen.
    let failure = failure(&contract, "<r><o><l q='1'/><l q='x'/></o></r>");
    assert_eq!(failure.path.as_deref(), Some("/r/o/l[2]/@q"));
}
