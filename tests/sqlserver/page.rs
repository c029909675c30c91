//! A page of the documentation, followed on a server: its statements and commands, in their order.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::process::Command;

use crate::bench::{Bench, Said};
use crate::grid::{self, Place};

/// A code block.
pub struct Block {
    /// The text after the fence: a language, and perhaps `not run:` and a reason.
    pub info: String,
    pub text: String,
    /// The number of the block among the page's statements, from 0.
    pub ordinal: usize,
}

/// The code blocks of a page, or of one section, without the indentation that they have in a list.
/// Grids, and what only the embedded store runs, are left out.
pub fn blocks(page: &str, section: Option<&str>) -> VecDeque<Block> {
    let mut blocks = VecDeque::new();
    let (mut statements, mut heading, mut in_grid) = (0, "", false);
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let fence = line.trim_start();
        heading = line.strip_prefix("## ").unwrap_or(heading);
        in_grid = (in_grid || fence.starts_with("<!-- grid")) && !fence.starts_with("<!-- /grid");
        let Some(info) = fence.strip_prefix("```") else { continue };
        let indentation = line.len() - fence.len();
        let text = lines.by_ref().take_while(|line| line.trim() != "```");
        let text: Vec<&str> = text.map(|line| line.get(indentation..).unwrap_or("")).collect();
        let ordinal = statements;
        let is_shown =
            ["sql", "text", "toml", "console"].contains(&info) || info.contains("not run");
        statements += usize::from(info.starts_with("sql"));
        if is_shown && !in_grid && section.is_none_or(|section| section == heading) {
            blocks.push_back(Block { info: info.to_owned(), text: text.join("\n"), ordinal });
        }
    }
    blocks
}

/// The text of one section of a page.
fn section_of<'p>(page: &'p str, heading: &str) -> &'p str {
    let (_, section) = page.split_once(&format!("\n## {heading}\n")).expect(heading);
    section.split("\n## ").next().unwrap_or(section)
}

/// What a page says between backticks that can be run, in the order of the page.
fn inline(page: &str) -> Vec<String> {
    let mut in_block = false;
    let prose = page.lines().filter(|line| {
        let fence = line.trim_start().starts_with("```");
        in_block ^= fence;
        !in_block && !fence
    });
    let prose: Vec<&str> = prose.collect();
    let prose = prose.join("\n");
    let quoted = prose.split('`').skip(1).step_by(2).map(|code| code.replace('\n', " "));
    let starts = ["EXEC ", "SELECT ", "xmlshred "];
    quoted.filter(|code| starts.iter().any(|start| code.starts_with(start))).collect()
}

/// A statement of a page on the schema of a test: the pages install into `sandbox`, and the target
/// tables stay there.
pub fn own(schema: &str, statement: &str) -> String {
    ["usp_", "vw_"].iter().fold(statement.to_owned(), |text, kind| {
        text.replace(&format!("sandbox.{kind}"), &format!("{schema}.{kind}"))
    })
}

/// The words of a command; double quotes keep blanks.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (i, part) in command.split('"').enumerate() {
        match i % 2 {
            0 => words.extend(part.split_whitespace().map(str::to_owned)),
            _ => words.push(part.to_owned()),
        }
    }
    words
}

/// Somebody who follows a page.
pub struct Page<'b> {
    bench: &'b Bench,
    blocks: VecDeque<Block>,
    /// Inline statements and commands that have not been run.
    inline: Vec<String>,
    page: PathBuf,
    /// Done to every command before it is run.
    prepare: fn(&mut Command),
}

impl<'b> Page<'b> {
    /// A page, such as `docs/install.md`.
    pub fn new(bench: &'b Bench, page: &'static str) -> Self {
        Self::of(bench, page, None)
    }

    /// What is below one heading of the second level.
    pub fn section(bench: &'b Bench, page: &'static str, heading: &'static str) -> Self {
        Self::of(bench, page, Some(heading))
    }

    fn of(bench: &'b Bench, page: &'static str, heading: Option<&str>) -> Self {
        let path = grid::full_path(page);
        let text = std::fs::read_to_string(&path).expect(page).replace("\r\n", "\n");
        let inline = inline(heading.map_or(&text[..], |heading| section_of(&text, heading)));
        Self { bench, blocks: blocks(&text, heading), inline, page: path, prepare: |_| () }
    }

    /// With something that is done to every command before it is run.
    pub fn preparing(mut self, prepare: fn(&mut Command)) -> Self {
        self.prepare = prepare;
        self
    }

    /// The next block.
    pub fn take(&mut self, language: &str) -> String {
        self.next(language).text
    }

    fn next(&mut self, language: &str) -> Block {
        let block = self.blocks.pop_front().expect("a block");
        assert_eq!(block.info.split_whitespace().next(), Some(language), "{}", block.text);
        block
    }

    /// The rows of the next statement's first result, as text in lower case, which its grid on the
    /// page shows.
    pub fn ask(&mut self) -> Vec<Vec<String>> {
        let Block { text, ordinal, .. } = self.next("sql");
        let place = Place { page: self.page.clone(), ordinal, situation: "" };
        let database = &self.bench.database;
        let grids = grid::shown(database, &own(&database.schema, &text), &place);
        let lower = |cell: Option<String>| cell.unwrap_or_default().to_lowercase();
        let rows = grids.into_iter().next().map(|grid| grid.rows).unwrap_or_default();
        rows.into_iter().map(|row| row.into_iter().map(lower).collect()).collect()
    }

    /// The documents that the page shows.
    pub fn documents(&self) -> Vec<String> {
        let text = std::fs::read_to_string(&self.page).expect("the page").replace("\r\n", "\n");
        let documents = text.split("```xml\n").skip(1).filter_map(|rest| rest.split_once("```"));
        documents.map(|(document, _)| document.to_owned()).collect()
    }

    /// Runs the commands of the next block in turn. Each ends with 0, or with what `echo $?` after it
    /// shows. What they print is compared with the page on the embedded store.
    pub fn follow_console(&mut self) {
        let text = self.take("console");
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            let Some(command) = line.strip_prefix("$ ") else { continue };
            if command == "echo $?" {
                continue;
            }
            let output = |line: &&str| !line.starts_with("$ ");
            while lines.next_if(output).is_some() {}
            let shown = lines.next_if_eq(&"$ echo $?").and_then(|_| lines.next());
            self.run_line(command, shown.map_or(0, |status| status.parse().expect("a status")));
        }
    }

    /// Runs the next block, which is one command that must succeed.
    pub fn run(&mut self) -> String {
        let command = self.take("text");
        self.run_line(&command, 0)
    }

    /// Runs a statement or command that the prose has between backticks.
    pub fn inline(&mut self, code: &str) -> String {
        self.inline_with(code, &[])
    }

    /// [`Page::inline`] with something in the place of its placeholders.
    pub fn inline_with(&mut self, code: &str, values: &[(&str, &str)]) -> String {
        self.leave_out(code);
        let filled = values.iter().fold(code.to_owned(), |code, (name, value)| {
            assert!(code.contains(name), "{code} has no {name}");
            code.replace(name, value)
        });
        match filled.starts_with("xmlshred ") {
            true => self.run_line(&filled, 0),
            false => format!("{:?}", self.ask_of(&filled)),
        }
    }

    /// The inline statements and commands, in the order of the page.
    pub fn inline_in_order(&self) -> Vec<String> {
        self.inline.clone()
    }

    /// An inline command that this test has other tests for, or runs in another way.
    pub fn leave_out(&mut self, code: &str) {
        let before = self.inline.len();
        self.inline.retain(|said| said != code);
        assert!(self.inline.len() < before, "the page does not say {code}: {:?}", self.inline);
    }

    /// Fails the test unless everything on the page was run.
    pub fn end(self) {
        let left: Vec<String> = self.blocks.into_iter().map(|block| block.text).collect();
        assert_eq!((left, self.inline), (vec![], vec![]), "the page goes on");
    }

    fn ask_of(&self, statement: &str) -> Vec<Vec<String>> {
        let database = &self.bench.database;
        let rows = database.query(&own(&database.schema, statement));
        let text = |row: Vec<Option<String>>| row.into_iter().map(Option::unwrap_or_default);
        rows.into_iter().map(|row| text(row).collect()).collect()
    }

    /// Runs `xmlshred …`, which ends with this status; what it prints, unless that goes into a file.
    pub fn run_line(&self, line: &str, status: i32) -> String {
        let words = words(line);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let (arguments, file) = match &words[..] {
            ["xmlshred", arguments @ .., ">", file] => (arguments, Some(file)),
            ["xmlshred", arguments @ ..] => (arguments, None),
            _ => panic!("`{line}` is not a command of xmlshred"),
        };
        let mut command = self.bench.command("");
        (self.prepare)(&mut command);
        let said = Said::of(command.args(arguments));
        assert_eq!(said.status, status, "{line}: {said:?}");
        if let Some(file) = file {
            self.bench.write(file, &said.stdout);
        }
        said.stdout
    }
}
