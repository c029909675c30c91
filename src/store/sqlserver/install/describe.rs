//! `MS_Description` of every object, which SSMS shows: the first words of its file's header.

use super::files::{Kind, Names, SqlFile};
use crate::store::sqlserver::contract_sql::literal;

/// The longest value of an extended property that fits with any text, in characters.
const MOST_CHARACTERS: usize = 3_500;

/// The description of an object, or of a column of a table.
#[derive(Debug, PartialEq, Eq)]
pub struct Description {
    kind: &'static str,
    object: &'static str,
    column: Option<String>,
    text: String,
}

/// The batch that describes the objects of these files, again where they are described already.
pub fn batch(files: &[SqlFile], names: &Names) -> String {
    batch_of(files.iter().flat_map(describe), names)
}

/// A generated object, by the header that its text begins with.
pub fn by_header(kind: &'static str, object: &'static str, text: &str) -> Description {
    let header = text.strip_prefix("/*\n").and_then(|rest| rest.split_once("*/"));
    let (header, _) = header.unwrap_or_default();
    Description { kind, object, column: None, text: first_words(header) }
}

/// The batch with these descriptions.
pub fn batch_of(described: impl Iterator<Item = Description>, names: &Names) -> String {
    let row = |described: Description| {
        let column = described.column.map_or("NULL".to_owned(), |column| literal(&column));
        let text: String = described.text.chars().take(MOST_CHARACTERS).collect();
        format!(
            "('{}', {}, {column}, {})",
            described.kind,
            literal(described.object),
            literal(&names.fill(&text))
        )
    };
    let rows: Vec<String> = described.map(row).collect();
    BATCH.replace("$(Rows)", &rows.join(",\n")).replace("$(Schema)", names.schema())
}

const BATCH: &str = "DECLARE @described TABLE
(
    ordinal int IDENTITY (1, 1) NOT NULL PRIMARY KEY,
    kind varchar(9) NOT NULL,
    object_name nvarchar(128) NOT NULL,
    column_name nvarchar(128) NULL,
    description nvarchar(3500) NOT NULL
);
DECLARE @ordinal int = 1;
DECLARE @kind varchar(9);
DECLARE @object_name nvarchar(128);
DECLARE @column_kind varchar(6);
DECLARE @column_name nvarchar(128);
DECLARE @description nvarchar(3500);

INSERT INTO @described (kind, object_name, column_name, description)
VALUES
$(Rows);

WHILE EXISTS (SELECT 1 FROM @described AS d WHERE d.ordinal = @ordinal)
BEGIN
    SELECT
        @kind = d.kind,
        @object_name = d.object_name,
        @column_kind = CASE WHEN d.column_name IS NOT NULL THEN 'COLUMN' END,
        @column_name = d.column_name,
        @description = d.description
    FROM @described AS d
    WHERE d.ordinal = @ordinal;

    IF EXISTS
    (
        SELECT 1
        FROM sys.extended_properties AS p
        WHERE p.class = 1
            AND p.major_id = OBJECT_ID(N'[$(Schema)].' + QUOTENAME(@object_name))
            AND p.minor_id = COALESCE(COLUMNPROPERTY(p.major_id, @column_name, 'ColumnId'), 0)
            AND p.name = N'MS_Description'
    )
    BEGIN
        EXEC sys.sp_dropextendedproperty
            @name = N'MS_Description',
            @level0type = 'SCHEMA',
            @level0name = N'$(Schema)',
            @level1type = @kind,
            @level1name = @object_name,
            @level2type = @column_kind,
            @level2name = @column_name;
    END;

    EXEC sys.sp_addextendedproperty
        @name = N'MS_Description',
        @value = @description,
        @level0type = 'SCHEMA',
        @level0name = N'$(Schema)',
        @level1type = @kind,
        @level1name = @object_name,
        @level2type = @column_kind,
        @level2name = @column_name;

    SET @ordinal = @ordinal + 1;
END;
";

/// What a file's header says about its object and its columns.
fn describe(file: &SqlFile) -> Vec<Description> {
    let kind = match file.kind() {
        Kind::Table => "TABLE",
        Kind::Module(kind) => kind,
        Kind::Migration | Kind::Other => return Vec::new(),
    };
    let object = file.object();
    let text = file.text.replace("\r\n", "\n");
    let header = text.split_once("/*\n").and_then(|(_, rest)| rest.split_once("*/"));
    let (header, body) = header.unwrap_or_default();
    let own = Description { kind, object, column: None, text: first_words(header) };
    let columns = columns(header, body).into_iter().map(|(column, text)| Description {
        kind,
        object,
        column: Some(column),
        text,
    });
    [own].into_iter().chain(columns.filter(|_| kind == "TABLE")).collect()
}

/// The section `Purpose:` or `Answers:`, or the first paragraph of a header without sections.
fn first_words(header: &str) -> String {
    let section = ["Purpose:", "Answers:"].iter().find_map(|name| header.strip_prefix(name));
    let text = section.unwrap_or(header);
    let goes_on = |line: &&str| match section {
        Some(_) => line.starts_with(' '),
        None => !line.is_empty(),
    };
    let lines = text.lines().take_while(goes_on);
    lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

/// The lines `column  what it is`, with those that continue them.
fn columns(header: &str, body: &str) -> Vec<(String, String)> {
    let mut columns: Vec<(String, String)> = Vec::new();
    let mut is_open = false;
    for line in header.lines() {
        let name = line.split(' ').next().unwrap_or_default();
        let starts = !name.is_empty()
            && line[name.len()..].starts_with("  ")
            && body.contains(&format!("\n        {name} "));
        if !name.is_empty() {
            is_open = starts;
        }
        let text = line[name.len()..].split_whitespace().collect::<Vec<_>>().join(" ");
        match (starts, is_open, columns.last_mut()) {
            (true, _, _) => columns.push((name.to_owned(), text)),
            (false, true, Some((_, described))) if !text.is_empty() => {
                described.push(' ');
                described.push_str(&text);
            }
            _ => is_open = false,
        }
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlserver::install::FILES;

    #[test]
    fn every_object_is_described_by_its_header() {
        for file in FILES {
            let described = describe(file);
            let is_object = matches!(file.kind(), Kind::Table | Kind::Module(_));
            assert_eq!(!described.is_empty(), is_object, "{}", file.name);
            for Description { object, column, text, .. } in described {
                assert!(text.len() > 10 && !text.contains("*/"), "{object} {column:?}: {text}");
                assert!(text.chars().count() <= MOST_CHARACTERS, "{object}: {text}");
            }
        }
    }

    #[test]
    fn a_header_is_told_from_its_sections_and_columns() {
        let view = "Answers:    How many,\n            and of what?\nColumns:    state: ready\n";
        assert_eq!(first_words(view), "How many, and of what?");
        let table = "The queue: all of it\nand more.\n\nstate   0 or 1\n        or 2\nother   no column\n\nNo state.\n";
        assert_eq!(first_words(table), "The queue: all of it and more.");
        let body = "\n        state tinyint NOT NULL,\n";
        assert_eq!(columns(table, body), [("state".to_owned(), "0 or 1 or 2".to_owned())]);
    }

    #[test]
    fn columns_that_need_it_are_described() {
        let names = Names::in_schema("s");
        let batch = batch(FILES, &names);
        for row in [
            "('TABLE', N'processing_queue', N'state', N'0 ready, 1 claimed, 2 quarantined')",
            "('TABLE', N'processing_log', N'has_rows', N'",
            "('PROCEDURE', N'usp_Pause', NULL, N'",
            "('VIEW', N'vw_QueueStatus', NULL, N'How many applications are left",
        ] {
            assert!(batch.contains(row), "{row} is not in\n{batch}");
        }
        assert!(!batch.contains("$("), "{batch}");
    }

    #[test]
    fn a_generated_procedure_is_described_by_its_header() {
        let text = "/*\nPurpose:    Loads\n            rows.\nParameters: none\n*/\nCREATE";
        assert_eq!(by_header("PROCEDURE", "usp_LoadApps", text).text, "Loads rows.");
    }
}
