//! Underlines are under the offending text, with any text before it.

use insta::assert_snapshot;
use xmlshred::screen::Screen;

use super::{diagnostics, said, with_columns};

/// The texts that the diagnostics point at.
fn pointed_at(text: &str) -> Vec<String> {
    diagnostics(text).iter().map(|d| text[d.span.clone()].to_owned()).collect()
}

#[test]
fn escapes_before_a_mistake_do_not_move_it() {
    let text = with_columns(
        r#"a = { type = "int", value = "LEN('\"\u00e9\t\\') + nope(1) + '\u0041b'" }"#,
    );
    assert_eq!(pointed_at(&text), ["nope", r"'\u0041b'"]);
    let text = with_columns(r#"a = { type = "int", value = "\t\t1\\" }"#);
    assert_eq!(pointed_at(&text), [r"\\"]);
}

#[test]
fn multi_line_strings_are_pointed_into() {
    let text = with_columns(
        "a = { type = \"int\", value = \"\"\"\n  1 +\n  nope(2) \\\n     + none(3)\"\"\" }",
    );
    assert_eq!(pointed_at(&text), ["nope", "none"]);
    let text = with_columns(
        "a = { type = \"int\", value = \"\"\"\r\n  1 \\\r\n   + nope(2)\r\n\"\"\" }\r\n",
    );
    assert_eq!(pointed_at(&text), ["nope"]);
    let text = with_columns("a = { type = \"int\", value = \"\"\"'a\"\"b' || 1 \"x\"\"\"\" }");
    assert_eq!(pointed_at(&text), ["\"x\""; 2]);
    let text = with_columns("a = { type = \"int\", value = '''\n'\\' || nope(2)''' }");
    assert_eq!(pointed_at(&text), ["nope"]);
}

#[test]
fn line_ends_of_windows_change_nothing() {
    let unix =
        with_columns("a = { type = \"int\", value = \"\"\"\n  1 +\n  nope(2) +\n  'x'\"\"\" }\n");
    let windows = unix.replace('\n', "\r\n");
    assert_eq!(pointed_at(&windows), pointed_at(&unix));
    assert_eq!(said(&windows), said(&unix));
}

#[test]
fn a_byte_order_mark_changes_nothing() {
    let text = "[contract]\nnam = 3\n";
    assert_eq!(said(&format!("\u{feff}{text}")), said(text));
}

#[test]
fn underlines_line_up_after_tabs_and_wide_characters() {
    assert_snapshot!(said(&with_columns("a\t=\t{ type = \"int\", value = \"'日本' || nope('é', e\u{301})\" }\n")), @r#"
    contract.toml:14:38: error: unknown function `nope`
     14 | a   =   { type = "int", value = "'日本' || nope('é', é)" }
        |                                            ^^^^
    hint: see the functions in docs/contract.md
    "#);
}

#[test]
fn control_characters_are_shown_and_not_sent_to_the_terminal() {
    let rendered =
        said(&with_columns("a = { type = \"int\", value = \"'\u{202e}' || nope('x')\" }\n"));
    assert!(!rendered.contains('\u{202e}'), "{rendered}");
    assert!(rendered.contains(r"\u{202e}"), "{rendered}");
}

#[test]
fn quoted_text_is_made_fit_for_one_line() {
    let text = format!("'a\n\u{1b}[31m{}'", "b".repeat(1_000));
    let found = diagnostics(&with_columns(&format!(
        "a = {{ type = \"int\", value = \"\"\"1 + {}\"\"\" }}\n",
        text.replace('\u{1b}', "\\u001b")
    )));
    let message = &found.iter().next().expect("a mistake").message;
    assert!(
        message.starts_with("`+` takes numbers, found the text 'a \\u{1b}[31mbbb"),
        "{message}"
    );
    assert!(message.ends_with('…') && message.chars().count() < 500, "{message}");
}

#[test]
fn long_lines_are_shown_around_the_mistake() {
    let padding = "@a + ".repeat(60);
    assert_snapshot!(said(&with_columns(&format!("a = {{ type = \"int\", value = \"{padding}nope(1) + {padding}1\" }}\n"))), @r#"
    contract.toml:14:330: error: unknown function `nope`
     14 | …@a + @a + @a + @a + @a + @a + @a + @a + @a + @a + @a + @a + nope(1) + @a + @a + @a + @a + @a + @a + @a + @a + @a + @a + @a + @a + @a + @a + …
        |                                                              ^^^^
    hint: see the functions in docs/contract.md
    "#);
}

#[test]
fn a_mistake_at_the_end_of_an_expression_points_behind_it() {
    assert_snapshot!(said(&with_columns("a = { type = \"int\", value = \"1 + \" }\n")), @r#"
    contract.toml:14:34: error: expected an expression, found the end
     14 | a = { type = "int", value = "1 + " }
        |                                  ^
    "#);
}

#[test]
fn colours_change_nothing_but_colours() {
    let found =
        diagnostics(&with_columns("id = 1\na = { type = \"varchar\", value = \"nope(1)\" }"));
    let coloured = found.render(Screen { has_colours: true, width: None });
    let [error, warning, note, hint] =
        [31, 33, 36, 32].map(|colour| format!("\x1b[1m\x1b[{colour}m"));
    for painted in [
        format!(": {error}error\x1b[0m: "),
        format!("{error}^^^^\x1b[0m\n"),
        format!(": {warning}warning\x1b[0m: "),
        format!("\n{hint}hint\x1b[0m: "),
    ] {
        assert!(coloured.contains(&painted), "{coloured}");
    }
    let plain = [error, warning, note, hint, "\x1b[0m".to_owned()]
        .iter()
        .fold(coloured, |text, code| text.replace(code, ""));
    assert_eq!(plain, found.to_string());
    assert!(!plain.contains('\x1b'));
}
