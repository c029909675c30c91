//! The tables of a script, such as one that SSMS writes: CREATE TABLE, the keys and defaults that
//! ALTER TABLE adds, and CREATE TYPE. It ignores everything else.

use super::tokens::{tokens, Token};
use super::{DeclaredColumn, DeclaredKey, DeclaredTable};

/// Why a script could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{line}: {message}")]
pub struct ScriptError {
    /// Where, from 1.
    pub line: usize,
    /// What is wrong there.
    pub message: String,
}

/// The tables that a script declares, in its order.
///
/// # Errors
/// The parentheses of a declaration do not match, or a table or a column is declared twice.
pub fn read_script(text: &str) -> Result<Vec<DeclaredTable>, ScriptError> {
    let tokens = tokens(text.strip_prefix('\u{feff}').unwrap_or(text));
    let mut reader = Reader { tables: Vec::new(), types: Vec::new() };
    let mut cursor = Cursor { tokens: &tokens };
    while let Some((token, _)) = cursor.tokens.first() {
        let (is_create, is_alter) = (token.is("CREATE"), token.is("ALTER"));
        cursor.skip(1);
        if is_create && cursor.take("TABLE") {
            reader.create_table(&mut cursor)?;
        } else if is_create && cursor.take("TYPE") {
            reader.create_type(&mut cursor)?;
        } else if is_alter && cursor.take("TABLE") {
            reader.alter_table(&mut cursor)?;
        }
    }
    Ok(reader.tables)
}

/// A type that a script names, and whether it may be null.
struct NamedType {
    name: String,
    sql_type: String,
    nullable: bool,
}

struct Reader {
    tables: Vec<DeclaredTable>,
    types: Vec<NamedType>,
}

impl Reader {
    fn create_table(&mut self, cursor: &mut Cursor<'_>) -> Result<(), ScriptError> {
        let line = cursor.line();
        let Some((schema, name)) = cursor.name() else { return Ok(()) };
        let Some(mut inside) = cursor.group()? else { return Ok(()) };
        let is_it = |known: &DeclaredTable| {
            known.name.eq_ignore_ascii_case(&name) && known.schema.eq_ignore_ascii_case(&schema)
        };
        if self.tables.iter().any(is_it) {
            return Err(ScriptError { line, message: format!("duplicate table `{name}`") });
        }
        let mut table = DeclaredTable { schema, name, ..DeclaredTable::default() };
        while let Some(mut element) = inside.until_comma()? {
            self.element(&mut table, &mut element)?;
        }
        self.tables.push(table);
        Ok(())
    }

    fn create_type(&mut self, cursor: &mut Cursor<'_>) -> Result<(), ScriptError> {
        let Some((_, name)) = cursor.name() else { return Ok(()) };
        if cursor.take("FROM") {
            let (sql_type, _) = self.sql_type(cursor)?;
            let nullable = !(cursor.take("NOT") && cursor.take("NULL"));
            self.types.push(NamedType { name, sql_type, nullable });
        }
        Ok(())
    }

    fn alter_table(&mut self, cursor: &mut Cursor<'_>) -> Result<(), ScriptError> {
        let Some((schema, name)) = cursor.name() else { return Ok(()) };
        if cursor.take("WITH") {
            cursor.skip(1);
        }
        if !cursor.take("ADD") {
            return Ok(());
        }
        let mut statement = cursor.statement();
        let is_it = |table: &DeclaredTable| {
            table.name.eq_ignore_ascii_case(&name) && table.schema.eq_ignore_ascii_case(&schema)
        };
        let Some(at) = self.tables.iter().position(is_it) else { return Ok(()) };
        let mut table = std::mem::take(&mut self.tables[at]);
        while let Some(mut element) = statement.until_comma()? {
            self.element(&mut table, &mut element)?;
        }
        self.tables[at] = table;
        Ok(())
    }

    /// A column or a constraint.
    fn element(
        &self,
        table: &mut DeclaredTable,
        element: &mut Cursor<'_>,
    ) -> Result<(), ScriptError> {
        if element.take("CONSTRAINT") {
            element.skip(1);
        }
        if element.take("PRIMARY") {
            let columns = element.first_group()?;
            for column in &mut table.columns {
                column.nullable &=
                    !columns.iter().any(|key| key.eq_ignore_ascii_case(&column.name));
            }
            table.primary_key = columns;
        } else if element.take("FOREIGN") {
            let columns = element.first_group()?;
            element.skip_to("REFERENCES");
            if let Some((_, parent)) = element.name() {
                let references = element.names_in_group()?;
                table.foreign_keys.push(DeclaredKey { parent, columns, references });
            }
        } else if element.take("DEFAULT") {
            element.operand()?;
            let of = if element.take("FOR") { element.name() } else { None };
            let of = of.map_or(String::new(), |(_, name)| name);
            for column in &mut table.columns {
                column.has_default |= column.name.eq_ignore_ascii_case(&of);
            }
        } else if !["UNIQUE", "CHECK", "INDEX", "PERIOD", "CONNECTION"]
            .iter()
            .any(|k| element.take(k))
        {
            self.column(table, element)?;
        }
        Ok(())
    }

    fn column(
        &self,
        table: &mut DeclaredTable,
        element: &mut Cursor<'_>,
    ) -> Result<(), ScriptError> {
        let line = element.line();
        let Some(name) = element.one_name() else { return Ok(()) };
        if table.column(&name).is_some() {
            return Err(ScriptError { line, message: format!("duplicate column `{name}`") });
        }
        if element.take("AS") {
            let computed =
                DeclaredColumn { name, nullable: true, computed: true, ..Default::default() };
            table.columns.push(computed);
            return Ok(());
        }
        let (sql_type, nullable) = self.sql_type(element)?;
        let computed = ["timestamp", "rowversion"].contains(&sql_type.as_str());
        let mut column =
            DeclaredColumn { name, sql_type, nullable, computed, ..Default::default() };
        while let Some((token, _)) = element.tokens.first() {
            let token = token.clone();
            element.skip(1);
            match token {
                Token::Word(word) => self.clause(table, &mut column, &word, element)?,
                // What a clause has in parentheses is its own.
                Token::Sign('(') => element.close()?,
                _ => {}
            }
        }
        column.nullable &= !column.identity;
        table.columns.push(column);
        Ok(())
    }

    /// What a column says behind its type.
    fn clause(
        &self,
        table: &mut DeclaredTable,
        column: &mut DeclaredColumn,
        word: &str,
        element: &mut Cursor<'_>,
    ) -> Result<(), ScriptError> {
        match word.to_ascii_uppercase().as_str() {
            "NOT" if element.take("NULL") => column.nullable = false,
            "NULL" => column.nullable = true,
            "IDENTITY" => column.identity = true,
            "DEFAULT" => {
                column.has_default = true;
                element.operand()?;
            }
            "PRIMARY" => {
                table.primary_key = vec![column.name.clone()];
                column.nullable = false;
            }
            "REFERENCES" => {
                if let Some((_, parent)) = element.name() {
                    let columns = vec![column.name.clone()];
                    let references = element.names_in_group()?;
                    table.foreign_keys.push(DeclaredKey { parent, columns, references });
                }
            }
            "GENERATED" => column.computed = true,
            "CONSTRAINT" | "COLLATE" => element.skip(1),
            // ON DELETE SET NULL says nothing of the column itself.
            "ON" => {
                element.skip(1);
                if element.take("SET") {
                    element.skip(1);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// A type as DDL writes it, and whether columns of it may be null if they do not say so.
    fn sql_type(&self, cursor: &mut Cursor<'_>) -> Result<(String, bool), ScriptError> {
        let Some((_, name)) = cursor.name() else { return Ok((String::new(), true)) };
        let mut name = name.to_ascii_lowercase();
        if let Some(named) = self.types.iter().find(|known| known.name.eq_ignore_ascii_case(&name))
        {
            return Ok((named.sql_type.clone(), named.nullable));
        }
        if name == "sysname" {
            return Ok(("nvarchar(128)".to_owned(), false));
        }
        if name == "national" {
            name = if cursor.take("CHARACTER") || cursor.take("CHAR") { "nchar" } else { "ntext" }
                .to_owned();
        }
        if name == "double" && cursor.take("PRECISION") {
            name = "float".to_owned();
        }
        if cursor.take("VARYING") {
            name = if name.starts_with('n') {
                "nvarchar"
            } else if name == "binary" {
                "varbinary"
            } else {
                "varchar"
            }
            .to_owned();
        }
        let parameters = cursor.group()?.map(|group| {
            let parts = group.tokens.iter().filter_map(|(token, _)| match token {
                Token::Number(text) => Some(text.clone()),
                token => token.name().map(str::to_ascii_lowercase),
            });
            parts.collect::<Vec<_>>().join(",")
        });
        let sql_type = match parameters {
            // Documents of a schema collection are xml.
            Some(parameters) if name != "xml" => format!("{name}({parameters})"),
            _ => name,
        };
        Ok((sql_type, true))
    }
}

/// Tokens that are left to read.
struct Cursor<'t> {
    tokens: &'t [(Token, usize)],
}

impl<'t> Cursor<'t> {
    fn skip(&mut self, tokens: usize) {
        self.tokens = &self.tokens[tokens.min(self.tokens.len())..];
    }

    fn skip_to(&mut self, keyword: &str) {
        let at = self.tokens.iter().position(|(token, _)| token.is(keyword));
        self.skip(at.map_or(self.tokens.len(), |at| at + 1));
    }

    /// The line of the next token.
    fn line(&self) -> usize {
        self.tokens.first().map_or(0, |(_, line)| *line)
    }

    /// Whether the next token is this keyword, which is then passed.
    fn take(&mut self, keyword: &str) -> bool {
        let is_it = self.tokens.first().is_some_and(|(token, _)| token.is(keyword));
        self.skip(usize::from(is_it));
        is_it
    }

    fn take_sign(&mut self, sign: char) -> bool {
        let is_it = self.tokens.first().is_some_and(|(token, _)| *token == Token::Sign(sign));
        self.skip(usize::from(is_it));
        is_it
    }

    fn one_name(&mut self) -> Option<String> {
        let name = self.tokens.first()?.0.name()?.to_owned();
        self.skip(1);
        Some(name)
    }

    /// A schema, empty if there is none, and a name; a database before them is left out.
    fn name(&mut self) -> Option<(String, String)> {
        let (mut schema, mut name) = (String::new(), self.one_name()?);
        while self.take_sign('.') {
            let last = self.one_name().unwrap_or_default();
            schema = std::mem::replace(&mut name, last);
        }
        Some((schema, name))
    }

    /// What is in the parentheses that come next.
    fn group(&mut self) -> Result<Option<Cursor<'t>>, ScriptError> {
        let start = self.tokens;
        if !self.take_sign('(') {
            return Ok(None);
        }
        self.close()?;
        let inside = &start[1..start.len() - self.tokens.len() - 1];
        Ok(Some(Cursor { tokens: inside }))
    }

    /// Passes the parenthesis that closes the one before.
    fn close(&mut self) -> Result<(), ScriptError> {
        let line = self.tokens.first().map_or(0, |(_, line)| *line);
        let mut depth = 1;
        for (at, (token, _)) in self.tokens.iter().enumerate() {
            match token {
                Token::Sign('(') => depth += 1,
                Token::Sign(')') => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                self.skip(at + 1);
                return Ok(());
            }
        }
        Err(ScriptError { line, message: "the parenthesis before this is not closed".to_owned() })
    }

    /// The names in the next parentheses, such as the columns of a key.
    fn first_group(&mut self) -> Result<Vec<String>, ScriptError> {
        let at = self.tokens.iter().position(|(token, _)| *token == Token::Sign('('));
        self.skip(at.unwrap_or(self.tokens.len()));
        self.names_in_group()
    }

    /// The names in the parentheses that come next, if there are any.
    fn names_in_group(&mut self) -> Result<Vec<String>, ScriptError> {
        let Some(mut inside) = self.group()? else { return Ok(Vec::new()) };
        let mut names = Vec::new();
        while let Some(mut part) = inside.until_comma()? {
            names.extend(part.one_name());
        }
        Ok(names)
    }

    /// What comes before the next comma outside parentheses, or before the end.
    fn until_comma(&mut self) -> Result<Option<Cursor<'t>>, ScriptError> {
        if self.tokens.is_empty() {
            return Ok(None);
        }
        let start = self.tokens;
        let mut end = start.len();
        while let Some((token, _)) = self.tokens.first() {
            let is_comma = *token == Token::Sign(',');
            let opens = *token == Token::Sign('(');
            if is_comma {
                end = start.len() - self.tokens.len();
            }
            self.skip(1);
            if is_comma {
                break;
            }
            if opens {
                self.close()?;
            }
        }
        Ok(Some(Cursor { tokens: &start[..end] }))
    }

    /// An expression without operators, as defaults are: a literal, a call, parentheses.
    fn operand(&mut self) -> Result<(), ScriptError> {
        let _ = self.take_sign('-') || self.take_sign('+');
        if self.take("NEXT") {
            self.skip(2);
        }
        if self.group()?.is_none() {
            self.skip(1);
            while self.take_sign('.') {
                self.skip(1);
            }
            self.group()?;
        }
        Ok(())
    }

    /// What is left of a statement: up to a semicolon, a GO, or the word that starts another.
    fn statement(&mut self) -> Cursor<'t> {
        const STARTS: [&str; 20] = [
            "GO", "ALTER", "CREATE", "DROP", "INSERT", "UPDATE", "DELETE", "EXEC", "EXECUTE", "IF",
            "PRINT", "USE", "BEGIN", "END", "DECLARE", "SELECT", "GRANT", "SET", "TRUNCATE",
            "MERGE",
        ];
        let ends = |at: usize| {
            let before = at.checked_sub(1).map(|at| &self.tokens[at].0);
            let belongs = |word| before.is_some_and(|before| before.is(word));
            // ON DELETE SET NULL, ON UPDATE CASCADE.
            let is_rule = belongs("ON") || belongs("DELETE") || belongs("UPDATE");
            let token = &self.tokens[at].0;
            *token == Token::Sign(';') || (!is_rule && STARTS.iter().any(|word| token.is(word)))
        };
        let end = (0..self.tokens.len()).find(|at| ends(*at)).unwrap_or(self.tokens.len());
        let (statement, rest) = self.tokens.split_at(end);
        self.tokens = rest;
        Cursor { tokens: statement }
    }
}
