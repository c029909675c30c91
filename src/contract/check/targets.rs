//! What the `[[tables]]` of one name have in common, and how tables reference each other.

use super::checks::Checks;
use crate::contract::draft::{ColumnDraft, ForeignKeyDraft, Located, TableDraft};
use crate::contract::identifier::same_name;
use crate::contract::target::{ForeignKey, OnExisting, TargetColumn, TargetTable};
use crate::diagnostic::{spelling, Diagnostic};
use crate::value::SqlType;

/// The target tables in load order.
pub(in crate::contract) struct Targets {
    targets: Vec<Target>,
}

/// One target table, and which `[[tables]]` fill it.
pub(in crate::contract) struct Target {
    name: String,
    /// Indices of the `[[tables]]`, never empty.
    rules: Vec<usize>,
    columns: Vec<TargetColumn>,
    primary_key: Vec<String>,
    app_column: Option<String>,
    foreign_key: Option<ForeignKey>,
    on_existing: OnExisting,
}

impl Target {
    fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|c| same_name(&c.name, name))
    }

    /// Writes the names of columns in keys as the columns are written.
    fn spell_names(&mut self) {
        let keys = self.foreign_key.iter_mut().flat_map(|key| &mut key.columns);
        for name in self.primary_key.iter_mut().chain(keys) {
            if let Some(column) = self.columns.iter().find(|c| same_name(&c.name, name)) {
                name.clone_from(&column.name);
            }
        }
    }

    /// Whether the column is never null.
    pub(super) fn is_required(&self, name: &str) -> bool {
        self.column(name).is_some_and(|index| self.columns[index].required)
    }
}

impl Targets {
    /// The target that a `[[tables]]` fills.
    pub(super) fn of_table(&self, index: usize) -> Option<&Target> {
        self.targets.iter().find(|target| target.rules.contains(&index))
    }

    /// Index of the target that a `[[tables]]` fills, in load order.
    pub(in crate::contract) fn index_of_table(&self, index: usize) -> Option<usize> {
        self.targets.iter().position(|target| target.rules.contains(&index))
    }

    /// None when a table lacks its application's column, which was reported.
    pub(in crate::contract) fn into_tables(self) -> Option<Vec<TargetTable>> {
        let tables = self.targets.into_iter().map(|target| {
            Some(TargetTable {
                app_column: target.column(target.app_column.as_deref()?)?,
                name: target.name,
                columns: target.columns,
                primary_key: target.primary_key,
                foreign_key: target.foreign_key,
                on_existing: target.on_existing,
            })
        });
        tables.collect()
    }
}

impl Checks<'_> {
    pub(super) fn targets(&mut self) -> Targets {
        let mut targets: Vec<Target> = Vec::new();
        for (name, rules) in self.groups() {
            targets.push(self.target(name, rules));
        }
        for index in 0..targets.len() {
            self.reference(&targets, index);
        }
        self.cycles(&targets);
        spell_references(&mut targets);
        Targets { targets: load_order(targets) }
    }

    /// The `[[tables]]` of each name, in contract order.
    fn groups(&mut self) -> Vec<(String, Vec<usize>)> {
        let mut groups: Vec<(String, Vec<usize>)> = Vec::new();
        for (index, table) in self.draft.tables.iter().enumerate() {
            let Some(name) = &table.name else { continue };
            match groups.iter_mut().find(|(other, _)| same_name(other, &name.value)) {
                Some((other, rules)) => {
                    rules.push(index);
                    if *other != name.value {
                        let message = format!("`{}` and `{other}` differ in case only", name.value);
                        let hint = format!("write `{other}`: they are one table");
                        self.report(Diagnostic::error(name.span.clone(), message).hint(hint));
                    }
                }
                None => groups.push((name.value.clone(), vec![index])),
            }
        }
        groups
    }

    fn target(&mut self, name: String, rules: Vec<usize>) -> Target {
        let tables: Vec<&TableDraft> = rules.iter().map(|i| &self.draft.tables[*i]).collect();
        let primary_key = self.agreed(
            &tables,
            "primary_key",
            |t| t.primary_key.clone(),
            |a, b| names_agree(a, b),
        );
        let app_column =
            self.agreed(&tables, "app_column", |t| t.app_column.clone(), |a, b| same_name(a, b));
        let foreign_key =
            self.agreed(&tables, "foreign_key", |t| t.foreign_key.clone(), keys_agree);
        let on_existing =
            self.agreed(&tables, "on_existing", |t| t.on_existing.clone(), |a, b| a == b);
        let primary_key: Vec<String> =
            primary_key.map_or(Vec::new(), |key| key.into_iter().map(|name| name.value).collect());
        let mut target = Target {
            name,
            columns: self.columns(&tables),
            primary_key,
            app_column,
            foreign_key: foreign_key.map(|key| ForeignKey {
                columns: key.columns.into_iter().map(|name| name.value).collect(),
                references: key.references.value,
            }),
            on_existing: on_existing.unwrap_or_default(),
            rules,
        };
        target.spell_names();
        for column in &mut target.columns {
            let is = |name: &String| same_name(name, &column.name);
            column.required |= target.primary_key.iter().chain(&target.app_column).any(is);
        }
        self.missing_columns(&tables, &target);
        target
    }

    /// The `key` of the first `[[tables]]` that has one; the others have the same or none.
    fn agreed<T>(
        &mut self,
        tables: &[&TableDraft],
        key: &str,
        get: impl Fn(&TableDraft) -> Option<Located<T>>,
        agree: impl Fn(&T, &T) -> bool,
    ) -> Option<T> {
        let mut said = tables.iter().filter_map(|table| get(table));
        let first = said.next()?;
        for other in said.filter(|other| !agree(&other.value, &first.value)) {
            let message = format!("`{key}` differs from the table's first `[[tables]]`");
            let hint = "use one value in all `[[tables]]` of one name, or leave it out";
            let differs = Diagnostic::error(other.span, message).hint(hint);
            self.report(differs.related(first.span.clone(), "first here"));
        }
        Some(first.value)
    }

    /// All columns of all rules, each where it is named first.
    fn columns(&mut self, tables: &[&TableDraft]) -> Vec<TargetColumn> {
        let mut columns: Vec<(TargetColumn, &ColumnDraft)> = Vec::new();
        for column in tables.iter().flat_map(|table| &table.columns) {
            let same = |(_, other): &&mut (TargetColumn, &ColumnDraft)| {
                same_name(&other.name.value, &column.name.value)
            };
            match columns.iter_mut().find(same) {
                Some((known, first)) => {
                    known.required |= column.is_required();
                    let first = *first;
                    self.columns_agree(column, first);
                }
                None => columns.push((
                    TargetColumn {
                        name: column.name.value.clone(),
                        // Without a type there is an error, and this one is never used.
                        sql_type: column.sql_type.as_ref().map_or(SqlType::Int, |t| t.value),
                        required: column.is_required(),
                        identity: column.is_identity(),
                    },
                    column,
                )),
            }
        }
        columns.into_iter().map(|(column, _)| column).collect()
    }

    fn columns_agree(&mut self, column: &ColumnDraft, first: &ColumnDraft) {
        if let (Some(this), Some(other)) = (&column.sql_type, &first.sql_type) {
            if this.value != other.value {
                let message = format!(
                    "`{}` is {} here and {} earlier",
                    column.name.value, this.value, other.value
                );
                let hint = "use one type in all `[[tables]]` of one name";
                let differs = Diagnostic::error(this.span.clone(), message).hint(hint);
                self.report(differs.related(other.span.clone(), "first here"));
            }
        }
        let flags = [
            ("required", &column.required, &first.required),
            ("identity", &column.identity, &first.identity),
        ];
        for (key, this, other) in flags {
            let (Some(this), Some(other)) = (this, other) else { continue };
            if this.value != other.value {
                let message =
                    format!("`{key}` of `{}` differs from an earlier one", column.name.value);
                let hint = "use one value in all `[[tables]]` of one name";
                let differs = Diagnostic::error(this.span.clone(), message).hint(hint);
                self.report(differs.related(other.span.clone(), "first here"));
            }
        }
        if column.is_identity() != first.is_identity() && column.identity.is_none() {
            let message = format!("`{}` is an identity column earlier", column.name.value);
            let hint = "write `identity = true` here as well";
            self.report(Diagnostic::error(column.name.span.clone(), message).hint(hint));
        }
    }

    /// Columns that one `[[tables]]` of a target lacks although they are required.
    fn missing_columns(&mut self, tables: &[&TableDraft], target: &Target) {
        for table in tables {
            let has = |name: &str| table.columns.iter().any(|c| same_name(&c.name.value, name));
            let needed = target.columns.iter().filter(|c| c.required && !c.identity);
            for column in needed.filter(|c| !has(&c.name)) {
                let message = format!("missing required column `{}`", column.name);
                let hint =
                    "add it: another `[[tables]]` of this name requires it, or has it in its key";
                self.report(Diagnostic::error(table.header.clone(), message).hint(hint));
            }
            if let Some(key) = &target.foreign_key {
                let own = table.foreign_key.is_some();
                for name in key
                    .columns
                    .iter()
                    .filter(|name| !own && !has(name) && target.column(name).is_some())
                {
                    let message =
                        format!("missing column `{name}`, which refers to `{}`", key.references);
                    let hint = "add the column";
                    self.report(Diagnostic::error(table.header.clone(), message).hint(hint));
                }
            }
        }
    }

    /// The first `[[tables]]` of a target that declares the foreign key.
    fn declared_key(&self, target: &Target) -> Option<&Located<ForeignKeyDraft>> {
        target.rules.iter().find_map(|index| self.draft.tables[*index].foreign_key.as_ref())
    }

    fn reference(&mut self, targets: &[Target], index: usize) {
        let child = &targets[index];
        let Some(key) =
            self.declared_key(child).map(|key| (key.span.clone(), key.value.references.clone()))
        else {
            return;
        };
        let (span, references) = key;
        let Some(parent) = targets.iter().find(|t| same_name(&t.name, &references.value)) else {
            let message = format!("unknown table `{}`", references.value);
            let hint =
                spelling::suggestion(&references.value, targets.iter().map(|t| t.name.as_str()));
            return self.report(Diagnostic::error(references.span, message).maybe_hint(hint));
        };
        let Some(foreign_key) = &child.foreign_key else { return };
        let (ours, theirs) = (&foreign_key.columns, &parent.primary_key);
        if theirs.is_empty() {
            let message = format!("the table `{}` has no primary key to refer to", parent.name);
            let hint = format!("add a `primary_key` to `{}`", parent.name);
            return self.report(Diagnostic::error(references.span, message).hint(hint));
        }
        if ours.len() != theirs.len() {
            let message = format!(
                "{} cannot refer to a primary key of {}",
                crate::figures::counted(ours.len(), "column"),
                crate::figures::counted(theirs.len(), "column"),
            );
            let hint = format!(
                "name as many columns as the primary key of `{}` has: {}",
                parent.name,
                theirs.join(", ")
            );
            return self.report(Diagnostic::error(span, message).hint(hint));
        }
        self.key_types(child, parent, foreign_key, &span);
    }

    fn key_types(
        &mut self,
        child: &Target,
        parent: &Target,
        key: &ForeignKey,
        span: &std::ops::Range<usize>,
    ) {
        for (our_name, their_name) in key.columns.iter().zip(&parent.primary_key) {
            let (Some(ours), Some(theirs)) = (child.column(our_name), parent.column(their_name))
            else {
                continue;
            };
            let (ours, theirs) = (&child.columns[ours], &parent.columns[theirs]);
            if ours.sql_type != theirs.sql_type {
                let message = format!(
                    "`{our_name}` is {}, but `{}.{their_name}` is {}",
                    ours.sql_type, parent.name, theirs.sql_type
                );
                let hint = "use the types of the primary key";
                self.report(Diagnostic::error(span.clone(), message).hint(hint));
            }
            if theirs.identity {
                let message = format!(
                    "no row can refer to the identity column `{}.{their_name}`",
                    parent.name
                );
                let hint = "refer to a table whose primary key comes from the document";
                self.report(Diagnostic::error(span.clone(), message).hint(hint));
            }
        }
    }

    /// Reports each circle of references once, at the foreign key of its first table.
    fn cycles(&mut self, targets: &[Target]) {
        for start in 0..targets.len() {
            let mut circle = vec![start];
            let mut at = start;
            while let Some(next) = parent(targets, at) {
                if next == start {
                    self.cycle(targets, &circle);
                    break;
                }
                // A circle is reported where it begins; this one does not contain `start`.
                if next < start || circle.contains(&next) {
                    break;
                }
                circle.push(next);
                at = next;
            }
        }
    }

    fn cycle(&mut self, targets: &[Target], circle: &[usize]) {
        let Some(key) = self.declared_key(&targets[circle[0]]) else { return };
        let span = key.span.clone();
        let names: Vec<_> =
            circle.iter().chain(&circle[..1]).map(|i| format!("`{}`", targets[*i].name)).collect();
        let message = format!("circular references between tables: {}", names.join(" -> "));
        let hint = "remove one of the references: parents are loaded before children";
        self.report(Diagnostic::error(span, message).hint(hint));
    }
}

fn parent(targets: &[Target], index: usize) -> Option<usize> {
    let references = &targets[index].foreign_key.as_ref()?.references;
    targets.iter().position(|target| same_name(&target.name, references))
}

/// Writes the names of parents as the parents are written.
fn spell_references(targets: &mut [Target]) {
    for index in 0..targets.len() {
        let Some(parent) = parent(targets, index) else { continue };
        let name = targets[parent].name.clone();
        if let Some(key) = &mut targets[index].foreign_key {
            key.references = name;
        }
    }
}

/// Parents first, otherwise as they are. What is in a circle comes last.
fn load_order(targets: Vec<Target>) -> Vec<Target> {
    let parents: Vec<_> = (0..targets.len()).map(|index| parent(&targets, index)).collect();
    let mut order: Vec<usize> = Vec::new();
    loop {
        let placed = |index: &usize| order.contains(index);
        let mut waiting = (0..targets.len()).filter(|index| !placed(index));
        let next = waiting.find(|index| parents[*index].is_none_or(|parent| placed(&parent)));
        match next {
            Some(index) => order.push(index),
            None => break,
        }
    }
    order.extend((0..targets.len()).filter(|i| !order.contains(i)).collect::<Vec<_>>());
    let mut targets: Vec<_> = targets.into_iter().map(Some).collect();
    order.into_iter().filter_map(|index| targets[index].take()).collect()
}

fn names_agree(a: &[Located<String>], b: &[Located<String>]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_name(&a.value, &b.value))
}

fn keys_agree(a: &ForeignKeyDraft, b: &ForeignKeyDraft) -> bool {
    names_agree(&a.columns, &b.columns) && same_name(&a.references.value, &b.references.value)
}
