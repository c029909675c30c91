//! What the catalog says of a table: how it is declared, and which features it has beyond plain ones.
//!
//! A column of the catalog that came after SQL Server 2016 is read from `*`: a server that does not have it does not
//! send it, and none has to be asked first what it has. They are `sys.tables.is_edge` and `sys.columns.graph_type`
//! (2017), and `sys.tables.ledger_type` (2022).

use super::features::{ColumnFeatures, TableFeatures};
use crate::declared::{DeclaredColumn, DeclaredKey, DeclaredTable};
use crate::store::sqlserver::connection::Connection;
use crate::store::sqlserver::contract_sql::{bracketed, literal};
use crate::store::sqlserver::fault::Result;
use crate::store::sqlserver::record::Record;

/// A table of the catalog.
pub struct Look {
    /// Without columns where there is no such table, as of a view or a synonym.
    pub table: DeclaredTable,
    /// The types of its columns.
    pub types: Vec<FoundType>,
    /// Also of what is not a table.
    pub features: TableFeatures,
}

/// The type of a column in the catalog.
pub struct FoundType {
    pub name: String,
    /// In bytes; -1 is max.
    pub max_length: i64,
    pub precision: i64,
    pub scale: i64,
}

/// The queries that [`read`] reads. The first also finds what is not a table, and the server's own columns of a
/// graph are among those of the third.
pub fn queries(schema: &str, name: &str) -> String {
    let object = literal(&format!("{}.{}", bracketed(schema), bracketed(name)));
    format!(
        "SELECT
    RTRIM(o.type) AS object_type,
    d.is_memory_optimized_elevate_to_snapshot_on AS elevates_to_snapshot,
    t.*
FROM sys.objects AS o
LEFT OUTER JOIN sys.tables AS t ON o.object_id = t.object_id
INNER JOIN sys.databases AS d ON d.name = DB_NAME()
WHERE o.object_id = OBJECT_ID({object});

IF OBJECT_ID(N'sys.security_predicates') IS NULL
    SELECT 0 AS security_predicates;
ELSE
    SELECT COUNT(*) AS security_predicates
    FROM sys.security_predicates AS p
    INNER JOIN sys.security_policies AS s ON p.object_id = s.object_id
    WHERE p.target_object_id = OBJECT_ID({object})
        AND s.is_enabled = 1;

SELECT
    COALESCE(TYPE_NAME(c.system_type_id), TYPE_NAME(c.user_type_id)) AS type_name,
    CASE WHEN c.is_computed = 1 OR c.generated_always_type <> 0 OR c.system_type_id = 189 THEN 1 ELSE 0 END
        AS is_generated,
    CASE WHEN c.default_object_id <> 0 THEN 1 ELSE 0 END AS has_default,
    c.*
FROM sys.columns AS c
WHERE c.object_id = OBJECT_ID({object});

SELECT COL_NAME(k.object_id, k.column_id) AS name
FROM sys.indexes AS i
INNER JOIN sys.index_columns AS k ON i.object_id = k.object_id AND i.index_id = k.index_id
WHERE i.object_id = OBJECT_ID({object}, N'U')
    AND i.is_primary_key = 1
ORDER BY k.key_ordinal;

SELECT
    OBJECT_NAME(f.referenced_object_id) AS name,
    CONVERT(int, k.constraint_object_id) AS key_id,
    COL_NAME(k.parent_object_id, k.parent_column_id) AS column_name,
    COL_NAME(k.referenced_object_id, k.referenced_column_id) AS referenced_name
FROM sys.foreign_keys AS f
INNER JOIN sys.foreign_key_columns AS k ON f.object_id = k.constraint_object_id
WHERE f.parent_object_id = OBJECT_ID({object}, N'U')
ORDER BY k.constraint_object_id, k.constraint_column_id;
"
    )
}

/// Reads the answers to [`queries`], which come next.
pub fn read(
    schema: &str,
    name: &str,
    sets: &mut impl Iterator<Item = Vec<Record>>,
) -> Result<Look> {
    let mut next = || sets.next().unwrap_or_default();
    let (object, predicates, all, key, references) = (next(), next(), next(), next(), next());
    let features = features(object.first(), predicates.first(), &all)?;
    let is_table = features.object_type == "U";
    let columns = all.iter().filter(|_| is_table).filter_map(|record| column(record).transpose());
    let (columns, types) = columns.collect::<Result<Vec<_>>>()?.into_iter().unzip();
    let primary_key = key.iter().map(|record| record.get("name")).collect::<Result<_>>()?;
    let foreign_keys = foreign_keys(&references)?;
    let (schema, name) = (schema.to_owned(), name.to_owned());
    let table = DeclaredTable { schema, name, columns, primary_key, foreign_keys };
    Ok(Look { table, types, features })
}

/// Asks for one table.
pub fn look_at(connection: &mut Connection, schema: &str, name: &str) -> Result<Look> {
    read(schema, name, &mut connection.batch(&queries(schema, name))?.into_iter())
}

fn features(
    object: Option<&Record>,
    predicates: Option<&Record>,
    columns: &[Record],
) -> Result<TableFeatures> {
    let Some(found) = object else { return Ok(TableFeatures::default()) };
    Ok(TableFeatures {
        object_type: found.get("object_type")?,
        temporal_type: found.get_if_known("temporal_type")?,
        ledger_type: found.get_if_known("ledger_type")?,
        is_external: found.get_if_known("is_external")?,
        is_filetable: found.get_if_known("is_filetable")?,
        is_edge: found.get_if_known("is_edge")?,
        is_memory_optimized: found.get_if_known("is_memory_optimized")?,
        elevates_to_snapshot: found.get_if_known("elevates_to_snapshot")?,
        security_predicates: predicates
            .map_or(Ok(0), |record| record.get("security_predicates"))?,
        columns: columns.iter().map(column_features).collect::<Result<_>>()?,
    })
}

fn column_features(record: &Record) -> Result<ColumnFeatures> {
    Ok(ColumnFeatures {
        name: record.get("name")?,
        is_column_set: record.get_if_known("is_column_set")?,
        is_masked: record.get_if_known("is_masked")?,
        encryption_type: record.get_if_known("encryption_type")?,
    })
}

/// A declared column and its type: nothing of one that the server adds to the nodes and edges of a graph.
fn column(record: &Record) -> Result<Option<(DeclaredColumn, FoundType)>> {
    if record.get_if_known::<i64>("graph_type")? != 0 {
        return Ok(None);
    }
    let found = FoundType {
        name: record.get::<String>("type_name")?.to_lowercase(),
        max_length: record.get("max_length")?,
        precision: record.get("precision")?,
        scale: record.get("scale")?,
    };
    let column = DeclaredColumn {
        name: record.get("name")?,
        sql_type: shown(&found),
        nullable: record.get("is_nullable")?,
        identity: record.get("is_identity")?,
        computed: record.get("is_generated")?,
        has_default: record.get("has_default")?,
    };
    Ok(Some((column, found)))
}

fn foreign_keys(records: &[Record]) -> Result<Vec<DeclaredKey>> {
    let mut keys: Vec<(i64, DeclaredKey)> = Vec::new();
    for record in records {
        let id = record.get("key_id")?;
        if keys.last().is_none_or(|(last, _)| *last != id) {
            keys.push((id, DeclaredKey { parent: record.get("name")?, ..DeclaredKey::default() }));
        }
        let (_, key) = keys.last_mut().expect("one was added");
        key.columns.push(record.get("column_name")?);
        key.references.push(record.get("referenced_name")?);
    }
    Ok(keys.into_iter().map(|(_, key)| key).collect())
}

/// The type as DDL writes it.
fn shown(found: &FoundType) -> String {
    let FoundType { name, max_length, precision, scale } = found;
    match name.as_str() {
        "decimal" | "numeric" => format!("{name}({precision},{scale})"),
        "time" | "datetime2" | "datetimeoffset" => format!("{name}({scale})"),
        "char" | "varchar" | "nchar" | "nvarchar" | "binary" | "varbinary" => {
            let per_char = if name.starts_with('n') { 2 } else { 1 };
            match max_length {
                -1 => format!("{name}(max)"),
                bytes => format!("{name}({})", bytes / per_char),
            }
        }
        _ => name.clone(),
    }
}
