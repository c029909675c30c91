//! What the `[[tables]]` of one name have in common, and how tables reference each other.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::checks::Checks;
use crate::contract::draft::{ColumnDraft, Draft, ForeignKeyDraft, Located, TableDraft};
use crate::contract::expr::ast::Path;
use crate::contract::expr::check::Parent;
use crate::contract::identifier::{same_name, NameIndex};
use crate::contract::target::{ForeignKey, OnExisting, TargetColumn, TargetTable};
use crate::diagnostic::{spelling, Diagnostic};
use crate::value::SqlType;

/// The target tables in load order.
pub(in crate::contract) struct Targets {
    targets: Vec<Target>,
    names: NameIndex,
    /// By the index of a `[[tables]]`.
    of_tables: HashMap<usize, usize>,
}

/// One target table, and which `[[tables]]` fill it.
pub(in crate::contract) struct Target {
    pub(super) name: String,
    /// Indices of the `[[tables]]`, never empty.
    rules: Vec<usize>,
    pub(super) columns: Vec<TargetColumn>,
    names: NameIndex,
    pub(super) primary_key: Vec<String>,
    app_column: Option<String>,
    foreign_key: Option<ForeignKey>,
    on_existing: OnExisting,
}

impl Target {
    pub(super) fn column(&self, name: &str) -> Option<usize> {
        self.names.get(name)
    }

    /// Writes the names of columns in keys as the columns are written.
    fn spell_names(&mut self) {
        let keys = self.foreign_key.iter_mut().flat_map(|key| &mut key.columns);
        for name in self.primary_key.iter_mut().chain(keys) {
            if let Some(column) = self.names.get(name) {
                name.clone_from(&self.columns[column].name);
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
        self.index_of_table(index).map(|target| &self.targets[target])
    }

    /// Index of the target that a `[[tables]]` fills, in load order.
    pub(in crate::contract) fn index_of_table(&self, index: usize) -> Option<usize> {
        self.of_tables.get(&index).copied()
    }

    /// What `PARENT(column)` reads in a `[[tables]]`.
    pub(super) fn parent<'t>(&'t self, draft: &Draft, index: usize) -> Parent<'t> {
        let table = &draft.tables[index];
        let target = self.of_table(index);
        let Some(key) = target.and_then(|target| target.foreign_key.as_ref()) else {
            return match table.name.is_none() || table.foreign_key.is_some() {
                true => Parent::Unknown,
                false => Parent::None,
            };
        };
        let Some(parent) = self.names.get(&key.references) else { return Parent::Unknown };
        let parent = &self.targets[parent];
        let within = |each: &Path| {
            let mut outer = parent.rules.iter().filter_map(|i| draft.tables[*i].each.as_ref());
            outer.any(|outer| each.may_lie_in(&outer.tree))
        };
        let apart = table.each.as_ref().is_some_and(|each| !within(&each.tree));
        let Target { name, columns, primary_key: key, .. } = parent;
        Parent::Table { name, columns, key, apart }
    }

    /// None when a table's rows cannot be found by application, which was reported.
    pub(in crate::contract) fn into_tables(self) -> Option<Vec<TargetTable>> {
        let tables = self.targets.into_iter().map(|target| {
            let app_column = target.app_column.as_deref().map(|name| target.column(name));
            Some(TargetTable {
                app_column: match app_column {
                    Some(column) => Some(column?),
                    None => None,
                },
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
        let names = NameIndex::of(targets.iter().map(|target| target.name.as_str()));
        for index in 0..targets.len() {
            self.reference(&targets, &names, index);
        }
        let parents: Vec<_> = targets.iter().map(|target| parent(&names, target)).collect();
        self.cycles(&targets, &parents);
        spell_references(&mut targets, &parents);
        let targets = load_order(targets, &parents);
        let tables = targets.iter().enumerate();
        let of_tables = tables.flat_map(|(at, target)| target.rules.iter().map(move |i| (*i, at)));
        let names = NameIndex::of(targets.iter().map(|target| target.name.as_str()));
        Targets { of_tables: of_tables.collect(), names, targets }
    }

    /// The `[[tables]]` of each name, in contract order.
    fn groups(&mut self) -> Vec<(String, Vec<usize>)> {
        let mut groups: Vec<(String, Vec<usize>)> = Vec::new();
        let mut names = NameIndex::default();
        for (index, table) in self.draft.tables.iter().enumerate() {
            let Some(name) = &table.name else { continue };
            match names.insert(&name.value, groups.len()) {
                Some(group) => {
                    let (other, rules) = &mut groups[group];
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
        let columns = self.columns(&tables);
        let mut target = Target {
            name,
            names: NameIndex::of(columns.iter().map(|column| column.name.as_str())),
            columns,
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
        // Without an application's column the rows are found through the foreign key.
        let sought = match (&target.app_column, &target.foreign_key) {
            (None, Some(key)) => key.columns.as_slice(),
            (app_column, _) => app_column.as_slice(),
        };
        for name in target.primary_key.iter().chain(sought) {
            if let Some(column) = target.names.get(name) {
                target.columns[column].required = true;
            }
        }
        self.missing_columns(&tables, &target);
        self.limits(&tables, &target);
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
        let mut names = NameIndex::default();
        for column in tables.iter().flat_map(|table| &table.columns) {
            match names.insert(&column.name.value, columns.len()) {
                Some(known) => {
                    let (known, first) = &mut columns[known];
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
                        identity: column.identity(),
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
        self.flag_agrees(column, "required", &column.required, &first.required);
        self.flag_agrees(column, "identity", &column.identity, &first.identity);
        if column.is_generated() != first.is_generated() && column.identity.is_none() {
            let message = format!("`{}` is an identity column earlier", column.name.value);
            let hint = "write `identity = true` here as well";
            self.report(Diagnostic::error(column.name.span.clone(), message).hint(hint));
        }
    }

    fn flag_agrees<T: PartialEq>(
        &mut self,
        column: &ColumnDraft,
        key: &str,
        this: &Option<Located<T>>,
        first: &Option<Located<T>>,
    ) {
        let (Some(this), Some(first)) = (this, first) else { return };
        if this.value != first.value {
            let message = format!("`{key}` of `{}` differs from an earlier one", column.name.value);
            let hint = "use one value in all `[[tables]]` of one name";
            let differs = Diagnostic::error(this.span.clone(), message).hint(hint);
            self.report(differs.related(first.span.clone(), "first here"));
        }
    }

    /// Columns that one `[[tables]]` of a target lacks although they are required.
    fn missing_columns(&mut self, tables: &[&TableDraft], target: &Target) {
        for table in tables {
            let own = NameIndex::of(table.columns.iter().map(|c| c.name.value.as_str()));
            let has = |name: &str| own.get(name).is_some();
            let needed = target.columns.iter().filter(|c| c.required && !c.is_generated());
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

    fn reference(&mut self, targets: &[Target], names: &NameIndex, index: usize) {
        let child = &targets[index];
        let Some(key) =
            self.declared_key(child).map(|key| (key.span.clone(), key.value.references.clone()))
        else {
            return;
        };
        let (span, references) = key;
        let Some(parent) = names.get(&references.value).map(|parent| &targets[parent]) else {
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
            if theirs.is_generated() {
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
    fn cycles(&mut self, targets: &[Target], parents: &[Option<usize>]) {
        // The start of the last way that came by.
        let mut passed: Vec<Option<usize>> = vec![None; targets.len()];
        for start in 0..targets.len() {
            let mut circle = vec![start];
            let mut at = start;
            while let Some(next) = parents[at] {
                if next == start {
                    self.cycle(targets, &circle);
                    break;
                }
                // A circle is reported where it begins; this one does not contain `start`.
                if next < start || passed[next] == Some(start) {
                    break;
                }
                passed[next] = Some(start);
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

fn parent(names: &NameIndex, target: &Target) -> Option<usize> {
    names.get(&target.foreign_key.as_ref()?.references)
}

/// Writes the names of parents as the parents are written.
fn spell_references(targets: &mut [Target], parents: &[Option<usize>]) {
    for (index, parent) in parents.iter().enumerate() {
        let Some(parent) = parent else { continue };
        let name = targets[*parent].name.clone();
        if let Some(key) = &mut targets[index].foreign_key {
            key.references = name;
        }
    }
}

/// Parents first, otherwise as they are. What is in a circle comes last.
fn load_order(targets: Vec<Target>, parents: &[Option<usize>]) -> Vec<Target> {
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); targets.len()];
    let mut ready = BinaryHeap::new();
    for (index, parent) in parents.iter().enumerate() {
        match parent {
            Some(parent) => children[*parent].push(index),
            None => ready.push(Reverse(index)),
        }
    }
    let mut targets: Vec<_> = targets.into_iter().map(Some).collect();
    let mut ordered = Vec::with_capacity(targets.len());
    while let Some(Reverse(index)) = ready.pop() {
        ordered.extend(targets[index].take());
        ready.extend(children[index].iter().copied().map(Reverse));
    }
    ordered.extend(targets.into_iter().flatten());
    ordered
}

fn names_agree(a: &[Located<String>], b: &[Located<String>]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_name(&a.value, &b.value))
}

fn keys_agree(a: &ForeignKeyDraft, b: &ForeignKeyDraft) -> bool {
    names_agree(&a.columns, &b.columns) && same_name(&a.references.value, &b.references.value)
}
