//! What a module needs beyond ownership chaining.

use std::collections::BTreeSet;

use regex::Regex;

/// What the catalog is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sight {
    /// The objects of the pipeline's schema.
    Schema,
    /// The source table.
    Source,
    /// The tables of the installed contract.
    Targets,
}

impl Sight {
    /// That of `SCHEMA::[…]` or `OBJECT::[…].[…]`.
    pub fn of_securable(securable: &str) -> Self {
        match securable {
            "SCHEMA::[$(Schema)]" => Self::Schema,
            "OBJECT::[$(SourceSchema)].[$(SourceTable)]" => Self::Source,
            target => {
                assert!(target.starts_with("OBJECT::[dbo]."), "{target}");
                Self::Targets
            }
        }
    }
}

/// Catalog views that show every caller what is asked here.
const PUBLIC: &[&str] = &[
    // The row of the database that the caller is in.
    "databases",
];

/// Those that build a statement and run it with the caller's permissions, on purpose: their headers
/// say why.
const AS_CALLER: &[&str] = &["usp_HealthCheck"];

/// A view, function or procedure.
#[derive(Debug, Default)]
pub struct Module {
    name: String,
    pub executes_as_owner: bool,
    /// Other modules of the pipeline that it names.
    pub uses: BTreeSet<String>,
    sights: BTreeSet<Sight>,
    /// A catalog view whose rows belong to nothing that is known here.
    blind: Vec<String>,
    /// Runs a statement that it builds.
    builds: bool,
    /// What chaining never covers.
    unchained: Vec<String>,
    /// Named in another database.
    elsewhere: bool,
}

impl Module {
    /// Reads the text of a file with placeholders.
    pub fn parse(text: &str) -> Self {
        let code = without_comments(text);
        let outside = without_literals(&code);
        let find = |pattern: &str, text: &str| -> Vec<String> {
            let regex = Regex::new(pattern).expect("a pattern");
            regex.captures_iter(text).map(|found| found[1].to_owned()).collect()
        };
        let named = find(r"\[\$\(Schema\)\]\.\[((?:usp|vw|ufn)_\w+)\]", &outside);
        let name = named.first().cloned().unwrap_or_default();
        let uses = named.into_iter().filter(|used| *used != name).collect();
        let mut sights: BTreeSet<Sight> = BTreeSet::new();
        for asked in find(r"(?s)(?:OBJECT_ID|SCHEMA_ID|COL_LENGTH)\((.{0,80})", &code) {
            sights.extend(sight_of(&asked));
        }
        let views = find(r"\bsys\.((?:dm_)?[a-z_]+)", &outside);
        let views = views.iter().filter(|view| !view.starts_with("sp_"));
        let asked: Vec<_> =
            views.filter(|view| !PUBLIC.contains(&view.as_str())).cloned().collect();
        let blind = match sights.is_empty() {
            true => asked,
            false => asked.into_iter().filter(|view| view.starts_with("dm_")).collect(),
        };
        let unchained = find(
            r"(?i)\b(TRUNCATE TABLE [^#\s]\S*|SET IDENTITY_INSERT [^#\s]\S*|(?:ALTER|DROP) TABLE [^#\s]\S*|CREATE TABLE [^#\s]\S*)",
            &outside,
        );
        Self {
            executes_as_owner: outside.contains("WITH EXECUTE AS OWNER"),
            builds: outside.contains("sp_executesql") || outside.contains("EXEC ("),
            elsewhere: code.contains("[msdb]"),
            name,
            uses,
            sights,
            blind,
            unchained,
        }
    }

    /// What a caller that sees no more than this is refused.
    pub fn refused(&self, as_owner: bool, sees: &BTreeSet<Sight>) -> Vec<String> {
        let mut refused = Vec::new();
        if as_owner {
            if self.elsewhere {
                refused.push("names another database, which its owner does not reach".to_owned());
            }
            return refused;
        }
        let hidden = self.sights.iter().filter(|sight| !sees.contains(sight));
        refused.extend(
            hidden.map(|sight| format!("asks the catalog about {sight:?}, which is hidden")),
        );
        refused
            .extend(self.blind.iter().map(|view| format!("reads sys.{view} about nothing known")));
        refused.extend(self.unchained.iter().map(|what| format!("needs a permission for {what}")));
        if self.builds && !AS_CALLER.contains(&self.name.as_str()) {
            refused.push("runs a statement that it builds, which breaks the chain".to_owned());
        }
        if self.elsewhere && !AS_CALLER.contains(&self.name.as_str()) {
            refused.push("names another database".to_owned());
        }
        refused
    }
}

/// What the argument of OBJECT_ID and its like names; nothing for a temp table.
fn sight_of(argument: &str) -> Option<Sight> {
    let named = ["tempdb..", "$(SourceSchema)", "$(Schema)", "schema_name"];
    let first = named.iter().filter_map(|name| argument.find(name).map(|at| (at, *name))).min()?;
    match first.1 {
        "$(SourceSchema)" => Some(Sight::Source),
        "$(Schema)" => Some(Sight::Schema),
        "schema_name" => Some(Sight::Targets),
        _ => None,
    }
}

/// The code without `-- …` and `/* … */`.
fn without_comments(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['\'', '-', '/']) {
        let (before, from) = rest.split_at(at);
        code.push_str(before);
        let length = match from.as_bytes() {
            [b'\'', ..] => from[1..].find('\'').map_or(from.len(), |end| end + 2),
            [b'-', b'-', ..] => {
                rest = &from[from.find('\n').unwrap_or(from.len())..];
                continue;
            }
            [b'/', b'*', ..] => {
                rest = &from[from.find("*/").map_or(from.len(), |end| end + 2)..];
                continue;
            }
            _ => 1,
        };
        code.push_str(&from[..length]);
        rest = &from[length..];
    }
    code + rest
}

/// The code with empty literals: what they name is not reached by this module.
fn without_literals(code: &str) -> String {
    let mut outside = String::new();
    for (ordinal, part) in code.split('\'').enumerate() {
        if ordinal % 2 == 0 {
            outside.push_str(part);
            outside.push_str("''");
        }
    }
    outside
}

#[test]
fn code_is_told_from_comments_and_literals() {
    let text = "a /* b 'c */ 'd -- e' f -- g 'h\ni - j / k ''";
    let code = without_comments(text);
    assert_eq!(code, "a  'd -- e' f \ni - j / k ''");
    assert!(!without_literals(&code).contains('d'));
}
