//! A draft without mistakes to the model.

use super::check::Targets;
use super::draft::{ColumnDraft, Draft, KeyDraft, Placed, RowDraft, TableDraft};
use super::identifier::NameIndex;
use super::model::{ColumnRule, Distinct, DocumentRules, KeyRule, Model, RowTemplate, TableRule};
use super::target::{Identity, TargetTable};

/// None when something is missing; the checks have reported that.
pub(super) fn lower(draft: Draft, targets: Targets) -> Option<(Model, Vec<TargetTable>)> {
    let indices: Vec<_> =
        (0..draft.tables.len()).map(|index| targets.index_of_table(index)).collect();
    let targets = targets.into_tables()?;
    let tables = draft.tables.into_iter().zip(indices);
    let names: Vec<_> = targets
        .iter()
        .map(|target| NameIndex::of(target.columns.iter().map(|column| column.name.as_str())))
        .collect();
    let tables = tables.map(|(table, index)| table_rule(table, index?, &targets, &names));
    let document = draft.document;
    let roots: Vec<String> = document.roots.into_iter().map(|root| root.value).collect();
    if roots.is_empty() {
        return None;
    }
    let model = Model {
        name: draft.name,
        target_schema: draft.target_schema,
        document: DocumentRules {
            roots,
            require: document.require.into_iter().map(|path| path.tree).collect(),
            key: document.key.map(|path| path.tree),
            unwrap: document.unwrap.map(|path| path.tree),
            ignore_case_attributes: document.ignore_case_attributes,
            check: document.check,
            strip: document.strip,
            date_formats: document.date_formats,
            namespaces: document.namespaces,
            ignore_namespaces: document.ignore_namespaces,
        },
        lookups: draft.lookups.into_iter().map(|l| l.lookup).collect(),
        keys: draft.keys.into_iter().map(key_rule).collect::<Option<_>>()?,
        tables: tables.collect::<Option<_>>()?,
    };
    Some((model, targets))
}

fn key_rule(key: KeyDraft) -> Option<KeyRule> {
    Some(KeyRule {
        name: key.name.value,
        each: key.each?.tree,
        key: key.key?.tree,
        must_be_found: key.must_be_found,
    })
}

fn table_rule(
    table: TableDraft,
    index: usize,
    targets: &[TargetTable],
    names: &[NameIndex],
) -> Option<TableRule> {
    let (target, names) = (&targets[index], &names[index]);
    Some(TableRule {
        name: table.name?.value,
        target: index,
        each: table.each?.tree,
        split: table.split,
        where_: table.where_.map(tree),
        distinct: table.distinct.map(|distinct| Distinct {
            by: distinct.by.into_iter().map(tree).collect(),
            keep: distinct.keep,
            prefer: distinct.prefer.map(tree),
        }),
        keep_when: table.keep_when.map(tree),
        columns: table
            .columns
            .into_iter()
            .map(|column| column_rule(column, target, names))
            .collect::<Option<_>>()?,
        rows: table.rows.into_iter().map(row_template).collect(),
    })
}

fn column_rule(column: ColumnDraft, target: &TargetTable, names: &NameIndex) -> Option<ColumnRule> {
    let name = column.name.value.clone();
    let target_column = names.get(&name)?;
    let identity = column.identity();
    Some(ColumnRule {
        name,
        target_column,
        sql_type: column.sql_type?.value,
        value: column.value.map(tree),
        default: column.default.map(|default| default.value),
        required: target.columns[target_column].required && identity != Identity::Generated,
        too_long: column.too_long,
        blank_keep: column.blank_keep,
        on_error_null: column.on_error_null,
        identity,
    })
}

fn row_template(row: RowDraft) -> RowTemplate {
    RowTemplate {
        when: row.when.map(tree),
        values: row.values.into_iter().map(|(column, expr)| (column, expr.tree)).collect(),
    }
}

fn tree<T>(placed: Placed<T>) -> T {
    placed.tree
}
