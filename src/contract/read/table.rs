//! `[[tables]]`

use std::collections::HashSet;

use super::reader::Reader;
use super::section::{Section, Value};
use crate::contract::draft::{
    ColumnDraft, DistinctDraft, ForeignKeyDraft, Located, Placed, RowDraft, TableDraft,
};
use crate::contract::expr::ast::{Expr, ExprKind, Function, Origin, Path, Read};
use crate::contract::expr::check::DocumentScope;
use crate::contract::expr::parser::Names;
use crate::contract::identifier::NameIndex;
use crate::contract::model::{Keep, Split};
use crate::contract::target::OnExisting;
use crate::diagnostic::{spelling, Diagnostic};

const KEYS: [&str; 11] = [
    "name",
    "each",
    "primary_key",
    "app_column",
    "foreign_key",
    "where",
    "distinct",
    "keep_when",
    "on_existing",
    "columns",
    "rows",
];

const ON_EXISTING: [(&str, OnExisting); 3] =
    [("fail", OnExisting::Fail), ("skip", OnExisting::Skip), ("replace", OnExisting::Replace)];

const FOREIGN_KEY: &str = "`foreign_key = { columns = [\"app_id\"], references = \"app_base\" }`";
const DISTINCT: &str = "`distinct = { by = [\"@id\"], keep = \"last\", prefer = \"…\" }`";
const ROWS: &str = "begin each with `[[tables.rows]]`";

impl Reader<'_> {
    pub(super) fn table(&mut self, section: &Section<'_>, scope: &DocumentScope) -> TableDraft {
        let section = &self.titled(section);
        self.known_keys(section, &KEYS);
        let name = self.required(section, "name").and_then(|value| self.identifier(value));
        let each = self.required(section, "each").and_then(|value| self.source(value));
        let (each, split) = each.unzip();
        let split = split.flatten();
        let columns = self.required(section, "columns").map_or(Vec::new(), |value| {
            let hint = "write `[tables.columns]`, then one column per line";
            let columns = self.section("columns", value, hint);
            columns.map_or(Vec::new(), |columns| self.columns(&columns, scope))
        });
        let has_parent = section.get("foreign_key").is_some();
        let app_column = match section.get("app_column") {
            // Without one, the rows are those of the parent's rows.
            None if has_parent => None,
            _ => self.required(section, "app_column"),
        };
        let app_column = app_column.and_then(|value| self.filled_string("app_column", value));
        TableDraft {
            header: section.span.clone(),
            name,
            each,
            split,
            primary_key: section.get("primary_key").and_then(|v| self.names("primary_key", v)),
            app_column,
            foreign_key: section.get("foreign_key").and_then(|value| self.foreign_key(value)),
            where_: section.get("where").and_then(|v| self.condition("where", v, Names::Paths)),
            distinct: section.get("distinct").and_then(|value| self.distinct(value)),
            keep_when: section.get("keep_when").and_then(|v| self.keep_when(v, &columns)),
            on_existing: self.word(section, "on_existing", &ON_EXISTING),
            rows: section.get("rows").map_or(Vec::new(), |value| self.rows(value, &columns)),
            columns,
        }
    }

    /// The same section, called by the table's name in messages.
    fn titled<'v>(&self, section: &Section<'v>) -> Section<'v> {
        let name = section.get("name").and_then(|name| name.get_ref().as_str());
        let title = match name {
            Some(name) => format!("the table `{name}`"),
            None => "this `[[tables]]`".to_owned(),
        };
        section.titled(title)
    }

    /// A path to elements, or `SPLIT` of what they have.
    fn source(&mut self, value: &Value<'_>) -> Option<(Placed<Path>, Option<Split>)> {
        let split = format!("{}(", Function::Split.name());
        let text = value.get_ref().as_str().unwrap_or_default().trim_start();
        if !text.get(..split.len()).is_some_and(|start| start.eq_ignore_ascii_case(&split)) {
            return self.each(value).map(|each| (each, None));
        }
        let Placed { tree, map, broken } = self.expression("each", value, Names::Paths)?;
        if broken {
            return None;
        }
        let parts = match tree.kind {
            ExprKind::Call { function: Function::Split, arguments } => match arguments.as_slice() {
                [Expr { kind: ExprKind::Path(path), .. }, Expr { kind: ExprKind::Text(by), .. }] => {
                    Some((path.clone(), by.clone()))
                }
                _ => None,
            },
            _ => None,
        };
        let found = parts.filter(|(path, separator)| {
            !matches!(path.origin, Origin::Row { .. }) && !separator.is_empty()
        });
        let Some((path, separator)) = found else {
            let message = "invalid SPLIT in `each`";
            let hint = "write an absolute path and a separator: `SPLIT(/root/item/@tags, ',')`";
            self.report(Diagnostic::error(map.content(), message).hint(hint));
            return None;
        };
        let split = Split { read: path.read.clone(), separator };
        let tree = Path { read: Read::Text, ..path };
        Some((Placed { tree, map, broken }, Some(split)))
    }

    fn each(&mut self, value: &Value<'_>) -> Option<Placed<Path>> {
        let path = self.absolute_path("each", value)?;
        if !path.broken && path.tree.read != Read::Text {
            let message = "`each` must be a path to elements, found one to an attribute";
            let hint = "end it with the element, and read the attribute in a column: `@name`";
            self.report(Diagnostic::error(path.whole(), message).hint(hint));
            return None;
        }
        Some(path)
    }

    fn foreign_key(&mut self, value: &Value<'_>) -> Option<Located<ForeignKeyDraft>> {
        let section = self.section("foreign_key", value, FOREIGN_KEY)?;
        self.known_keys(&section, &["columns", "references"]);
        let columns = self.required(&section, "columns");
        let columns = columns.and_then(|value| self.names("columns", value));
        let references = self.required(&section, "references");
        let references = references.and_then(|value| self.filled_string("references", value));
        let key = ForeignKeyDraft { columns: columns?.value, references: references? };
        Some(Located { value: key, span: value.span() })
    }

    fn distinct(&mut self, value: &Value<'_>) -> Option<DistinctDraft> {
        let section = self.section("distinct", value, DISTINCT)?;
        self.known_keys(&section, &["by", "keep", "prefer"]);
        let by = self.required(&section, "by");
        let by: Vec<_> = by.map_or(Vec::new(), |value| {
            let list = self.array("by", value);
            if matches!(value.get_ref(), toml::de::DeValue::Array(array) if array.is_empty()) {
                let message = "`by` is empty";
                self.report(Diagnostic::error(value.span(), message).hint(DISTINCT));
            }
            list.iter().filter_map(|item| self.expression("by", item, Names::Paths)).collect()
        });
        let keep = self.word(&section, "keep", &[("first", Keep::First), ("last", Keep::Last)]);
        let prefer = section.get("prefer");
        let prefer = prefer.and_then(|value| self.expression("prefer", value, Names::Paths));
        Some(DistinctDraft { by, keep: keep.map(|k| k.value).unwrap_or_default(), prefer })
    }

    fn keep_when(&mut self, value: &Value<'_>, columns: &[ColumnDraft]) -> Option<Placed<Expr>> {
        if self.lossy {
            return None;
        }
        let names: Vec<String> = columns.iter().map(|c| c.name.value.clone()).collect();
        self.condition("keep_when", value, Names::Columns(&names))
    }

    fn rows(&mut self, value: &Value<'_>, columns: &[ColumnDraft]) -> Vec<RowDraft> {
        let rows = self.array("rows", value);
        if rows.is_empty() {
            let message = "`rows` is empty";
            self.report(Diagnostic::error(value.span(), message).hint(ROWS));
        }
        let mut drafts = Vec::new();
        let index = NameIndex::of(columns.iter().map(|column| column.name.value.as_str()));
        for value in rows {
            let section = self.section("rows", value, ROWS);
            drafts.extend(section.map(|section| self.row(&section, columns, &index)));
        }
        drafts
    }

    fn row(
        &mut self,
        section: &Section<'_>,
        columns: &[ColumnDraft],
        names: &NameIndex,
    ) -> RowDraft {
        let mut row = RowDraft {
            span: section.span.clone(),
            when: None,
            values: Vec::new(),
            unreadable: Vec::new(),
        };
        let mut seen = HashSet::new();
        for (key, value) in section.entries() {
            if key.value == "when" {
                row.when = self.condition("when", value, Names::Paths);
                continue;
            }
            let Some(index) = names.get(&key.value) else {
                let message = format!("unknown column `{}`", key.value);
                let names = columns.iter().map(|c| c.name.value.as_str()).chain(["when"]);
                let hint = spelling::suggestion(&key.value, names);
                self.report_absent(Diagnostic::error(key.span, message).maybe_hint(hint));
                continue;
            };
            if !seen.insert(index) {
                let message = format!("duplicate column `{}`", key.value);
                self.report(Diagnostic::error(key.span, message).hint("keep one of the two"));
                continue;
            }
            match self.expression(&key.value, value, Names::Paths) {
                Some(expr) => row.values.push((index, expr)),
                None => row.unreadable.push(index),
            }
        }
        row
    }
}
