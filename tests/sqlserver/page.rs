//! A page of the documentation, followed on a server: its statements and commands, in their order.

use std::collections::{BTreeSet, VecDeque};
use std::process::Command;

use crate::bench::{Bench, Said};

/// A code block.
pub struct Block {
    /// What stands behind the fence: a language, and perhaps `not run:` and why.
    pub info: String,
    pub text: String,
}

/// The code blocks of a page, without the indentation that they have in a list.
pub fn blocks(page: &str) -> VecDeque<Block> {
    let mut blocks = VecDeque::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let fence = line.trim_start();
        let Some(info) = fence.strip_prefix("```") else { continue };
        let indentation = line.len() - fence.len();
        let text = lines.by_ref().take_while(|line| line.trim() != "```");
        let text: Vec<&str> = text.map(|line| line.get(indentation..).unwrap_or("")).collect();
        blocks.push_back(Block { info: info.to_owned(), text: text.join("\n") });
    }
    blocks
}

/// What a page says between backticks that can be run as it stands.
fn inline(page: &str) -> BTreeSet<String> {
    let mut in_block = false;
    let prose = page.lines().filter(|line| {
        let fence = line.trim_start().starts_with("```");
        in_block ^= fence;
        !in_block && !fence
    });
    let prose: Vec<&str> = prose.collect();
    let prose = prose.join("\n");
    let quoted = prose.split('`').skip(1).step_by(2).map(|code| code.replace('\n', " "));
    quoted.filter(|code| code.starts_with("EXEC ") || code.starts_with("xmlshred ")).collect()
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
    inline: BTreeSet<String>,
    /// Done to every command before it is run.
    prepare: fn(&mut Command),
}

impl<'b> Page<'b> {
    pub fn new(bench: &'b Bench, page: &str) -> Self {
        let page = page.replace("\r\n", "\n");
        Self { bench, blocks: blocks(&page), inline: inline(&page), prepare: |_| () }
    }

    /// With something that is done to every command before it is run.
    pub fn preparing(mut self, prepare: fn(&mut Command)) -> Self {
        self.prepare = prepare;
        self
    }

    /// The next block, for whoever knows what to do with it.
    pub fn take(&mut self, language: &str) -> String {
        let block = self.blocks.pop_front().expect("a block");
        assert_eq!(block.info.split_whitespace().next(), Some(language), "{}", block.text);
        block.text
    }

    /// The rows that the next statement answers first.
    pub fn ask(&mut self) -> Vec<Vec<String>> {
        let statement = self.take("sql");
        self.ask_of(&statement)
    }

    /// Runs the next block, which is one command that must succeed.
    pub fn run(&mut self) -> String {
        let command = self.take("text");
        self.run_line(&command, 0)
    }

    /// Runs the next block, which is these commands and ends with these statuses.
    pub fn run_lines(&mut self, commands: &[(&str, i32)]) -> Vec<String> {
        let text = self.take("text");
        let lines: Vec<&str> = commands.iter().map(|(line, _)| *line).collect();
        assert_eq!(text.lines().collect::<Vec<_>>(), lines);
        commands.iter().map(|(line, status)| self.run_line(line, *status)).collect()
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
        match filled.starts_with("EXEC ") {
            true => format!("{:?}", self.ask_of(&filled)),
            false => self.run_line(&filled, 0),
        }
    }

    /// An inline command that this test has other tests for, or runs in another way.
    pub fn leave_out(&mut self, code: &str) {
        assert!(self.inline.remove(code), "the page does not say {code}: {:?}", self.inline);
    }

    /// Fails the test unless everything on the page was run.
    pub fn end(self) {
        let left: Vec<String> = self.blocks.into_iter().map(|block| block.text).collect();
        assert_eq!((left, self.inline), (vec![], BTreeSet::new()), "the page goes on");
    }

    fn ask_of(&self, statement: &str) -> Vec<Vec<String>> {
        let schema = &self.bench.database.schema;
        let own = ["usp_", "vw_"].iter().fold(statement.to_owned(), |text, kind| {
            text.replace(&format!("sandbox.{kind}"), &format!("{schema}.{kind}"))
        });
        let rows = self.bench.database.query(&own);
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
            _ => panic!("`{line}` is no command of xmlshred"),
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
