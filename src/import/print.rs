//! The contract as TOML that a person would write.

use std::ops::Range;

use super::dates;
use super::legacy::EnumValue;
use super::output::{toml_string, Column, Lookup, Output, Row, Table};
use crate::contract::expr::ast::{BinaryOp, Expr, ExprKind};

/// A part of the printed contract that can be left out when it turns out to be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Lookup(usize),
    Table(usize),
    Column(usize, usize),
    Row(usize, usize),
}

/// The text, and where its parts stand in it, outer before inner.
pub(super) struct Printed {
    pub(super) text: String,
    pub(super) parts: Vec<(Range<usize>, Part)>,
}

/// Lines are broken where they grow longer than this.
const WIDTH: usize = 100;

pub(super) fn print(output: &Output) -> Printed {
    let mut printer = Printer { text: String::new(), parts: Vec::new() };
    printer.header(output);
    for (index, lookup) in output.lookups.iter().enumerate() {
        printer.part(Part::Lookup(index), |printer| printer.lookup(lookup));
    }
    for (index, table) in output.tables.iter().enumerate() {
        printer.part(Part::Table(index), |printer| printer.table(index, table));
    }
    Printed { text: printer.text, parts: printer.parts }
}

struct Printer {
    text: String,
    parts: Vec<(Range<usize>, Part)>,
}

impl Printer {
    fn line(&mut self, line: impl AsRef<str>) {
        self.text.push_str(line.as_ref().trim_end());
        self.text.push('\n');
    }

    fn comment(&mut self, text: &str) {
        for line in filled(text.split_whitespace(), WIDTH - 2) {
            self.line(format!("# {line}"));
        }
    }

    fn part(&mut self, part: Part, write: impl FnOnce(&mut Self)) {
        let index = self.parts.len();
        let start = self.text.len();
        self.parts.push((start..start, part));
        write(self);
        self.parts[index].0.end = self.text.len();
    }

    fn header(&mut self, output: &Output) {
        self.comment(
            "Translated by `xmlshred contract import`. A remark behind a column says what is \
             different on purpose; docs/import.md says why, and what to look at before the first run.",
        );
        self.line("");
        self.line("[contract]");
        self.line(format!("name = {}", toml_string(&output.name)));
        if let Some(schema) = &output.target_schema {
            self.line(format!("target_schema = {}", toml_string(schema)));
        }
        self.line("");
        if let Some(source) = &output.source {
            self.comment(&format!(
                "The documents were in {source}: where they are is said when the pipeline is \
                 installed, with --source-table."
            ));
        }
        self.line("[document]");
        self.line(format!("root = {}", toml_string(&output.root)));
        self.list("require", &output.require);
        self.line(format!(
            "key = {}  # has to be the id under which the document is stored",
            toml_string(&output.key)
        ));
        self.line("attribute_names = \"ignore-case\"");
        self.line("white_space = \"strip\"");
        self.list("date_formats", &dates::PATTERNS.map(str::to_owned));
        self.line(
            "date_match = \"lenient\"  # 61 seconds are 59, and text after a time is passed over",
        );
    }

    /// An array of strings, on one line where it fits.
    fn list(&mut self, key: &str, items: &[String]) {
        let strings: Vec<String> = items.iter().map(|item| toml_string(item)).collect();
        let one_line = format!("{key} = [{}]", strings.join(", "));
        if one_line.chars().count() <= WIDTH {
            return self.line(one_line);
        }
        self.line(format!("{key} = ["));
        for string in strings {
            self.line(format!("  {string},"));
        }
        self.line("]");
    }

    fn lookup(&mut self, lookup: &Lookup) {
        let name = toml_key(&lookup.name);
        self.line("");
        self.line(format!("[lookups.{name}]"));
        self.line("match = \"exact-then-ignore-case\"");
        match &lookup.otherwise {
            None => {
                self.line("on_blank = \"null\"");
                self.line("on_unmapped = \"null\"");
            }
            Some(value) => {
                let value = lookup_value(value);
                self.line("on_blank = \"value\"");
                self.line(format!("blank_value = {value}"));
                self.line("on_unmapped = \"value\"");
                self.line(format!("unmapped_value = {value}"));
            }
        }
        self.line(format!("[lookups.{name}.values]"));
        let keys: Vec<String> = lookup.values.iter().map(|(code, _)| toml_key(code)).collect();
        let width = keys.iter().map(|key| key.chars().count()).max().unwrap_or(0);
        for (key, (_, value)) in keys.iter().zip(&lookup.values) {
            self.line(format!("{key:width$} = {}", lookup_value(value)));
        }
    }

    fn table(&mut self, index: usize, table: &Table) {
        self.line("");
        self.comment(&table.about);
        self.line("[[tables]]");
        self.line(format!("name = {}", toml_string(&table.name)));
        self.line(format!("each = {}", toml_string(&table.each)));
        if !table.primary_key.is_empty() {
            self.list("primary_key", &table.primary_key);
        }
        self.line(format!("app_column = {}", toml_string(&table.app_column)));
        if let Some((column, parent)) = &table.foreign_key {
            let (column, parent) = (toml_string(column), toml_string(parent));
            self.line(format!("foreign_key = {{ columns = [{column}], references = {parent} }}"));
        }
        if let Some(where_) = &table.where_ {
            self.expression("where", where_);
        }
        if let Some(distinct) = &table.distinct {
            let by: Vec<String> = distinct.by.iter().map(|e| toml_string(&e.to_string())).collect();
            let prefer = distinct.prefer.as_ref();
            let prefer = prefer.map(|e| format!(", prefer = {}", toml_string(&e.to_string())));
            self.line(format!(
                "distinct = {{ by = [{}], keep = \"{}\"{} }}",
                by.join(", "),
                distinct.keep,
                prefer.unwrap_or_default()
            ));
        }
        if let Some(kept) = table.kept() {
            self.expression("keep_when", &kept);
        }
        self.columns(index, table);
        for (number, row) in table.rows.iter().enumerate() {
            self.part(Part::Row(index, number), |printer| printer.row(row));
        }
    }

    fn columns(&mut self, index: usize, table: &Table) {
        self.line("[tables.columns]");
        let names: Vec<String> = table.columns.iter().map(|c| toml_key(&c.name)).collect();
        let types: Vec<String> = table
            .columns
            .iter()
            .map(|c| format!("type = {}", toml_string(&c.sql_type.to_string())))
            .collect();
        let longest = |texts: &[String]| texts.iter().map(|t| t.chars().count()).max().unwrap_or(0);
        let (name_width, type_width) = (longest(&names), longest(&types) + 1);
        for (number, column) in table.columns.iter().enumerate() {
            let rest = column_keys(column);
            let comma = if rest.is_empty() { "" } else { "," };
            let name = &names[number];
            let sql_type = format!("{}{comma}", types[number]);
            let padded = match rest.is_empty() {
                true => sql_type,
                false => format!("{sql_type:type_width$} "),
            };
            let note = column.note.as_deref().map(single_line);
            let note = note.map_or(String::new(), |note| format!("  # {note}"));
            self.part(Part::Column(index, number), |printer| {
                printer.line(format!("{name:name_width$} = {{ {padded}{rest} }}{note}"));
            });
        }
        for missing in &table.missing {
            self.comment(&format!("NOT TRANSLATED: {missing}"));
        }
    }

    fn row(&mut self, row: &Row) {
        self.line("[[tables.rows]]");
        if let Some(when) = &row.when {
            self.expression("when", when);
        }
        for (name, value) in &row.values {
            self.expression(&toml_key(name), value);
        }
    }

    fn expression(&mut self, key: &str, expr: &Expr) {
        let written = written(expr, key.chars().count() + 3, 0);
        self.line(format!("{key} = {written}"));
    }
}

/// What follows a column's type.
fn column_keys(column: &Column) -> String {
    let mut keys = Vec::new();
    let mut block = None;
    if let Some(value) = &column.value {
        match written(value, 50, 4) {
            string if string.contains('\n') => block = Some(format!("value = {string}")),
            string => keys.push(format!("value = {string}")),
        }
    }
    if let Some(default) = &column.default {
        keys.push(format!("default = {default}"));
    }
    if column.required {
        keys.push("required = true".to_owned());
    }
    if column.truncate {
        keys.push("too_long = \"truncate\"".to_owned());
    }
    if column.on_error_null {
        keys.push("on_error = \"null\"".to_owned());
    }
    // A value of several lines reads best at the end.
    keys.extend(block);
    keys.join(", ")
}

/// An expression as a TOML string: on one line where it fits behind `before` characters, else on
/// several, indented.
fn written(expr: &Expr, before: usize, indent: usize) -> String {
    let one_line = toml_string(&expr.to_string());
    if before + one_line.chars().count() <= WIDTH + 20 {
        return one_line;
    }
    let lines = broken(expr);
    if lines.len() < 2 {
        return one_line;
    }
    let blanks = " ".repeat(indent);
    let lines: Vec<String> =
        lines.iter().map(|line| format!("{blanks}{}", escaped(line))).collect();
    format!("\"\"\"\n{}\"\"\"", lines.join("\n"))
}

/// Fit for a multi-line string.
fn escaped(line: &str) -> String {
    let string = toml_string(line);
    string[1..string.len() - 1].to_owned()
}

/// A CASE or a chain of conditions on several lines; anything else on one.
fn broken(expr: &Expr) -> Vec<String> {
    match &expr.kind {
        ExprKind::Case { operand, whens, otherwise } => {
            let operand = operand.as_ref().map_or(String::new(), |e| format!(" {e}"));
            let mut lines = vec![format!("CASE{operand}")];
            for (when, then) in whens {
                lines.extend(branch(when, then));
            }
            if let Some(otherwise) = otherwise {
                lines.extend(nested("  ELSE", otherwise));
            }
            lines.push("END".to_owned());
            lines
        }
        ExprKind::Binary { op: op @ (BinaryOp::And | BinaryOp::Or), .. } => {
            let mut parts = Vec::new();
            operands(expr, *op, &mut parts);
            let words = parts.iter().enumerate().map(|(number, part)| match number {
                0 => beside(part, *op),
                _ => format!("{} {}", op.symbol(), beside(part, *op)),
            });
            let words: Vec<String> = words.collect();
            filled(words.iter().map(String::as_str), WIDTH - 4)
        }
        ExprKind::Call { function, arguments } if arguments.iter().any(is_case) => {
            let mut lines = vec![format!("{}(", function.name())];
            for (number, argument) in arguments.iter().enumerate() {
                let comma = if number + 1 < arguments.len() { "," } else { "" };
                let argument = broken(argument).join("\n") + comma;
                lines.extend(argument.lines().map(|line| format!("  {line}")));
            }
            lines.push(")".to_owned());
            lines
        }
        _ => vec![expr.to_string()],
    }
}

fn is_case(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Case { .. })
}

/// `WHEN … THEN …`: on one line, or with its conditions below each other.
fn branch(when: &Expr, then: &Expr) -> Vec<String> {
    let one_line = format!("  WHEN {when} THEN");
    if one_line.chars().count() + then.to_string().chars().count() <= WIDTH {
        return nested(&one_line, then);
    }
    let conditions = broken(when);
    let [first, rest @ ..] = conditions.as_slice() else { return nested(&one_line, then) };
    let mut lines = vec![format!("  WHEN {first}")];
    lines.extend(rest.iter().map(|line| format!("    {line}")));
    lines.extend(nested("    THEN", then));
    lines
}

/// A CASE inside another begins on the line of its WHEN only when that stays short.
fn nested(before: &str, expr: &Expr) -> Vec<String> {
    let one_line = format!("{before} {expr}");
    if one_line.chars().count() <= WIDTH || !matches!(expr.kind, ExprKind::Case { .. }) {
        return vec![one_line];
    }
    let inner = broken(expr).into_iter().map(|line| format!("    {line}"));
    std::iter::once(before.to_owned()).chain(inner).collect()
}

/// The operands of a chain of one operator.
fn operands<'e>(expr: &'e Expr, wanted: BinaryOp, parts: &mut Vec<&'e Expr>) {
    match &expr.kind {
        ExprKind::Binary { op, left, right } if *op == wanted => {
            operands(left, wanted, parts);
            parts.push(right);
        }
        _ => parts.push(expr),
    }
}

/// An operand, in parentheses where the other operator binds less tightly.
fn beside(expr: &Expr, op: BinaryOp) -> String {
    match &expr.kind {
        ExprKind::Binary { op: BinaryOp::Or, .. } => format!("({expr})"),
        ExprKind::Binary { op: BinaryOp::And, .. } if op == BinaryOp::And => format!("({expr})"),
        _ => expr.to_string(),
    }
}

/// Words in lines of at most so many characters.
fn filled<'w>(words: impl Iterator<Item = &'w str>, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn single_line(text: &str) -> String {
    let visible = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(visible).collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn lookup_value(value: &EnumValue) -> String {
    match value {
        EnumValue::Number(number) => match number.to_string() {
            text if number.is_i64() || !text.contains('e') && text.contains('.') => text,
            text => toml_string(&text),
        },
        EnumValue::Text(text) => toml_string(text),
    }
}

fn toml_key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    match !name.is_empty() && name.chars().all(bare) {
        true => name.to_owned(),
        false => toml_string(name),
    }
}
