//! Paths against an evaluation that has the whole tree: any document, any paths.

use std::fmt::Write;
use std::sync::Arc;

use xmlshred::contract::Contract;
use xmlshred::document::DocumentEncoding;
use xmlshred::value::to_text;

use super::{contract, outcome_of};

/// Decisions, one after the other, from the input; zeros when it is at its end.
struct Choices<'d>(&'d [u8]);

impl Choices<'_> {
    fn roll(&mut self, sides: usize) -> usize {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        usize::from(*first) % sides
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.roll(from.len())]
    }
}

#[derive(Default)]
struct Element {
    name: String,
    k: Option<String>,
    /// Own text, one piece before each child and one behind the last.
    texts: Vec<String>,
    children: Vec<usize>,
    parent: Option<usize>,
}

/// Elements in the order they begin; the first is the root.
struct Tree(Vec<Element>);

impl Tree {
    fn random(dice: &mut Choices<'_>) -> Self {
        let mut tree = Tree(Vec::new());
        let mut left = 3 + dice.roll(20);
        tree.grow(dice, "r".into(), None, 0, &mut left);
        tree
    }

    fn grow(
        &mut self,
        dice: &mut Choices<'_>,
        name: String,
        parent: Option<usize>,
        depth: usize,
        left: &mut usize,
    ) -> usize {
        let own = self.0.len();
        let k = (dice.roll(3) > 0).then(|| dice.roll(3).to_string());
        self.0.push(Element { name, k, parent, ..Element::default() });
        self.0[own].texts.push(dice.pick(&["", "", "x", "y"]).into());
        while *left > 0 && depth < 5 && dice.roll(4) > 0 {
            *left -= 1;
            let name = dice.pick(&["a", "b", "c"]).into();
            let child = self.grow(dice, name, Some(own), depth + 1, left);
            self.0[own].children.push(child);
            self.0[own].texts.push(dice.pick(&["", "", "", "x"]).into());
        }
        own
    }

    /// The document, each part of it in one of the spellings that mean the same.
    fn write(&self, dice: &mut Choices<'_>, element: usize, to: &mut String) {
        let Element { name, k, texts, children, .. } = &self.0[element];
        to.push_str(dice.pick(&["", "", "", "<!-- <a k='9'> -->", "<?a </a>?>"]));
        write!(to, "<{name}").unwrap();
        if let Some(k) = k {
            to.push_str(dice.pick(&["", "", " z='a>>'", "\n y=\"'>\""]));
            let k = spelled(dice, k, true);
            match dice.roll(3) {
                0 => write!(to, " k=\"{k}\"").unwrap(),
                1 => write!(to, "\t k = '{k}' ").unwrap(),
                _ => write!(to, " k='{k}'").unwrap(),
            }
        }
        if children.is_empty() && texts.concat().is_empty() && dice.roll(2) == 0 {
            to.push_str(dice.pick(&["/>", " />"]));
            return;
        }
        to.push('>');
        to.push_str(&spelled(dice, &texts[0], false));
        for (child, text) in children.iter().zip(&texts[1..]) {
            self.write(dice, *child, to);
            to.push_str(&spelled(dice, text, false));
        }
        write!(to, "</{name}{}>", dice.pick(&["", "", " "])).unwrap();
    }

    fn text(&self, element: usize) -> String {
        self.0[element].texts.concat()
    }

    /// All text inside an element, in document order.
    fn string(&self, element: usize) -> String {
        let Element { texts, children, .. } = &self.0[element];
        let inner = children.iter().zip(&texts[1..]);
        let inner = inner.map(|(child, text)| self.string(*child) + text);
        texts[0].clone() + &inner.collect::<String>()
    }

    fn named(&self, elements: &[usize], name: &str) -> Vec<usize> {
        let matches = |e: &usize| name == "*" || self.0[*e].name == name;
        elements.iter().copied().filter(matches).collect()
    }

    /// Whether an element lies in another, or is it.
    fn is_in(&self, element: usize, outer: usize) -> bool {
        let mut around = std::iter::successors(Some(element), |e| self.0[*e].parent);
        around.any(|e| e == outer)
    }
}

#[derive(Clone)]
enum Predicate {
    Position(usize),
    Last,
    Attribute(String),
    HasAttribute,
    Text(String),
    Has(String),
    FirstChild(String, String),
    LastChild(String, String),
    Several(String),
    Inner(String, String),
    WholeText(String),
}

impl Predicate {
    fn random(dice: &mut Choices<'_>) -> Self {
        let name = dice.pick(&["a", "b", "c", "*"]).to_owned();
        let number = dice.roll(3);
        let text = dice.pick(&["", "x", "y"]).to_owned();
        match dice.roll(12) {
            0 | 1 => Self::Position(1 + number),
            2 | 3 => Self::Last,
            4 => Self::Attribute(number.to_string()),
            5 => Self::HasAttribute,
            6 => Self::Text(text),
            7 => Self::Has(name),
            8 => Self::FirstChild(name, text),
            9 if number > 0 => Self::LastChild(name, number.to_string()),
            9 => Self::Several(name),
            10 => Self::Inner(name, text),
            _ => Self::WholeText(text),
        }
    }

    fn written(&self) -> String {
        match self {
            Self::Position(n) => n.to_string(),
            Self::Last => "last()".into(),
            Self::Attribute(k) => format!("@k = '{k}'"),
            Self::HasAttribute => "@k".into(),
            Self::Text(text) => format!(". = '{text}'"),
            Self::Has(name) => name.clone(),
            Self::FirstChild(name, text) => format!("FIRST({name}) = '{text}'"),
            Self::LastChild(name, k) => format!("LAST({name}/@k) = '{k}' OR @k = '9'"),
            Self::Several(name) => format!("COUNT({name}) > 1"),
            Self::WholeText(text) => format!("STRING(.) = '{text}'"),
            Self::Inner(name, text) => format!("EXISTS({name}[. = '{text}'][@k])"),
        }
    }

    fn holds(&self, tree: &Tree, element: usize, position: usize, of: usize) -> bool {
        let Element { k, children, .. } = &tree.0[element];
        let children = |name: &str| tree.named(children, name);
        match self {
            Self::Position(wanted) => position == *wanted,
            Self::Last => position == of,
            Self::Attribute(wanted) => k.as_ref() == Some(wanted),
            Self::HasAttribute => k.is_some(),
            Self::Text(text) => tree.text(element) == *text,
            Self::WholeText(text) => tree.string(element) == *text,
            Self::Has(name) => !children(name).is_empty(),
            Self::FirstChild(name, text) => {
                children(name).first().is_some_and(|child| tree.text(*child) == *text)
            }
            Self::LastChild(name, wanted) => {
                children(name).last().is_some_and(|child| tree.0[*child].k.as_ref() == Some(wanted))
            }
            Self::Several(name) => children(name).len() > 1,
            Self::Inner(name, text) => children(name)
                .iter()
                .any(|child| tree.text(*child) == *text && tree.0[*child].k.is_some()),
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Origin {
    Up(usize),
    Root,
    Anywhere,
}

#[derive(Clone, Copy)]
enum Read {
    Attribute,
    Text,
    String,
}

struct Path {
    origin: Origin,
    steps: Vec<(String, Vec<Predicate>)>,
    read: Read,
}

impl Path {
    fn random(dice: &mut Choices<'_>, origin: Origin, most: usize) -> Self {
        let mut steps: Vec<(String, Vec<Predicate>)> = Vec::new();
        for _ in 0..1 + dice.roll(most) {
            let predicates = [0, 0, 1, 1, 2, 3][dice.roll(6)];
            let predicates = (0..predicates).map(|_| Predicate::random(dice)).collect();
            steps.push((dice.pick(&["a", "b", "c", "a", "b", "*"]).into(), predicates));
        }
        let read = [Read::Attribute, Read::Text, Read::String][dice.roll(3)];
        Self { origin, steps, read }
    }

    fn written(&self) -> String {
        let steps = self.steps.iter().map(|(name, predicates)| {
            let predicates = predicates.iter().map(|p| format!("[{}]", p.written()));
            name.clone() + &predicates.collect::<String>()
        });
        let steps = steps.collect::<Vec<_>>().join("/");
        match self.origin {
            Origin::Up(up) => "../".repeat(up) + &steps,
            Origin::Root => format!("/r/{steps}"),
            Origin::Anywhere => format!("//{steps}"),
        }
    }

    /// Whether the names of their steps allow that an element lies in one of `outer`.
    fn may_lie_in(&self, outer: &Self) -> bool {
        let names = |path: &Self| -> Vec<String> {
            let root = (path.origin == Origin::Root).then(|| "r".to_owned());
            root.into_iter().chain(path.steps.iter().map(|(name, _)| name.clone())).collect()
        };
        let (own, outer_names) = (names(self), names(outer));
        let same = |(a, b): (&String, &String)| a == b || a == "*" || b == "*";
        let begins = |start: usize| {
            let rest = &own[start..];
            rest.len() >= outer_names.len() && rest.iter().zip(&outer_names).all(same)
        };
        match (self.origin, outer.origin) {
            (Origin::Root, Origin::Root) => begins(0),
            (Origin::Root, _) => (0..own.len()).any(begins),
            _ => true,
        }
    }

    /// The elements in document order.
    fn find(&self, tree: &Tree, row: usize) -> Vec<usize> {
        let around: Vec<usize> = std::iter::successors(Some(row), |e| tree.0[*e].parent).collect();
        let mut from = match self.origin {
            Origin::Root => vec![0],
            Origin::Anywhere => Vec::new(),
            Origin::Up(up) => around.get(up).copied().into_iter().collect(),
        };
        for (index, (name, predicates)) in self.steps.iter().enumerate() {
            let mut groups: Vec<Vec<usize>> = match (index, self.origin) {
                (0, Origin::Anywhere) => {
                    let root = if name == "*" { vec![0] } else { Vec::new() };
                    let inside = tree.0.iter().map(|e| tree.named(&e.children, name));
                    [root].into_iter().chain(inside).collect()
                }
                // In the document is the root.
                (0, Origin::Up(up)) if up == around.len() => vec![tree.named(&[0], name)],
                _ => from.iter().map(|e| tree.named(&tree.0[*e].children, name)).collect(),
            };
            for predicate in predicates {
                for group in &mut groups {
                    let of = group.len();
                    let numbered = group.iter().enumerate();
                    let left = numbered.filter(|(at, e)| predicate.holds(tree, **e, at + 1, of));
                    *group = left.map(|(_, e)| *e).collect();
                }
            }
            from = groups.concat();
        }
        from.sort_unstable();
        from
    }

    fn read(&self, tree: &Tree, element: usize) -> Option<String> {
        match self.read {
            Read::Attribute => tree.0[element].k.clone(),
            Read::Text => Some(tree.text(element)),
            Read::String => Some(tree.string(element)),
        }
    }
}

fn shown(value: Option<String>) -> String {
    value.map_or("-".into(), |value| format!("[{value}]"))
}

/// A text as it may be written in a document.
fn spelled(dice: &mut Choices<'_>, text: &str, in_attribute: bool) -> String {
    let mut written = String::new();
    for c in text.chars() {
        match dice.roll(6) {
            0 => write!(written, "&#{};", u32::from(c)).unwrap(),
            1 => write!(written, "&#x{:X};", u32::from(c)).unwrap(),
            2 if !in_attribute => write!(written, "<![CDATA[{c}]]>").unwrap(),
            3 if !in_attribute => write!(written, "<!-- > -->{c}<?p?>").unwrap(),
            _ => written.push(c),
        }
    }
    written
}

/// One row according to the tree.
fn expected(tree: &Tree, path: &Path, sibling: &str, row: usize) -> String {
    let found = path.find(tree, row);
    let first_child = |e: &usize| tree.0[*e].children.first().map(|child| tree.text(*child));
    let parts = found.iter().filter_map(|e| Some(tree.0[*e].k.clone()? + &first_child(e)?));
    let parts: Vec<String> = parts.collect();
    let parts = shown((!parts.is_empty()).then(|| parts.join("+")));
    let siblings = tree.0[row].parent.map_or(Vec::new(), |parent| tree.0[parent].children.clone());
    let next = tree.named(&siblings, sibling).into_iter().find(|e| *e > row);
    let next = shown(next.map(|next| tree.text(next)));
    let read = |element: Option<&usize>| element.and_then(|e| path.read(tree, *e));
    let all: Vec<String> = found.iter().filter_map(|e| path.read(tree, *e)).collect();
    let joined = (!all.is_empty()).then(|| all.join("+"));
    let (first, last) = (shown(read(found.first())), shown(read(found.last())));
    format!("{parts}|{next}|{}|{first}|{last}|{}", all.len(), shown(joined))
}

/// A table of the contract.
struct Table {
    each: Path,
    condition: Option<Predicate>,
    path: Path,
    /// The name of a sibling after the row.
    sibling: String,
}

impl Table {
    fn random(dice: &mut Choices<'_>) -> Self {
        let each_origin = [Origin::Root, Origin::Anywhere, Origin::Anywhere][dice.roll(3)];
        let each = Path::random(dice, each_origin, 2);
        let origins = [
            Origin::Up(0),
            Origin::Up(1),
            Origin::Up(1),
            Origin::Up(2),
            Origin::Up(3),
            Origin::Root,
            Origin::Anywhere,
        ];
        let mut origin = origins[dice.roll(origins.len())];
        if each_origin == Origin::Root && matches!(origin, Origin::Up(up) if up > each.steps.len())
        {
            origin = Origin::Up(0);
        }
        let condition = (dice.roll(3) == 0).then(|| Predicate::random(dice));
        let is_position = |p: &Predicate| matches!(p, Predicate::Position(_) | Predicate::Last);
        let condition = condition.filter(|condition| !is_position(condition));
        let sibling = dice.pick(&["a", "b", "c", "*"]).to_owned();
        Self { each, condition, path: Path::random(dice, origin, 2), sibling }
    }

    /// The table, which refers to the first.
    fn written(&self, name: &str, parent: Option<&Table>) -> String {
        let path = self.path.written();
        let (elements, sibling) = (path.clone(), &self.sibling);
        let read = match self.path.read {
            Read::Attribute => path + "/@k",
            Read::Text => path,
            Read::String => format!("STRING({path})"),
        };
        let (key, parent) = match parent {
            None => {
                ("primary_key = [\"id\", \"o\"]", "o = { type = \"int\", value = \"ORDINAL()\" }")
            }
            Some(_) => (
                "foreign_key = { columns = [\"id\", \"o\"], references = \"t\" }",
                "o = { type = \"int\", value = \"PARENT(o)\" }",
            ),
        };
        let condition = self.condition.as_ref().map(|condition| match condition {
            Predicate::HasAttribute => "@k IS NOT NULL".to_owned(),
            Predicate::Has(name) => format!("EXISTS({name})"),
            other => other.written(),
        });
        let condition = condition.map_or(String::new(), |text| format!("where = \"{text}\"\n"));
        format!(
            "[[tables]]\nname = \"{name}\"\neach = \"{}\"\napp_column = \"id\"\n{key}\n{condition}\
             [tables.columns]\n\
             id = {{ type = \"int\", value = \"APP_ID()\" }}\n{parent}\n\
             p = {{ type = \"int\", value = \"POSITION()\" }}\n\
             e = {{ type = \"nvarchar(max)\", value = \"'[' || JOIN({elements}, '+', @k || FIRST(*)) || ']'\" }}\n\
             g = {{ type = \"nvarchar(max)\", value = \"'[' || FOLLOWING({sibling}) || ']'\" }}\n\
             n = {{ type = \"int\", value = \"COUNT({read})\" }}\n\
             f = {{ type = \"nvarchar(max)\", value = \"'[' || FIRST({read}) || ']'\" }}\n\
             l = {{ type = \"nvarchar(max)\", value = \"'[' || LAST({read}) || ']'\" }}\n\
             j = {{ type = \"nvarchar(max)\", value = \"'[' || JOIN({read}, '+') || ']'\" }}\n",
            self.each.written()
        )
    }

    /// The elements that are rows of the table, where the parent drops none.
    fn elements(&self, tree: &Tree) -> Vec<usize> {
        let passes = |row: &usize| {
            self.condition.as_ref().is_none_or(|condition| condition.holds(tree, *row, 1, 1))
        };
        self.each.find(tree, 0).into_iter().filter(passes).collect()
    }

    /// Its rows according to the tree.
    fn rows(&self, tree: &Tree, parent: Option<&Table>) -> Vec<String> {
        let selected = self.each.find(tree, 0);
        let mut rows = Vec::new();
        for row in self.elements(tree) {
            let parent = match parent {
                None => Some((rows.len() + 1).to_string()),
                Some(parent) => {
                    let around = parent.each.find(tree, 0);
                    let around = around.into_iter().filter(|outer| tree.is_in(row, *outer)).count();
                    let with_row = parent.elements(tree);
                    let found = with_row.iter().rposition(|outer| tree.is_in(row, *outer));
                    if around > 0 && found.is_none() {
                        continue;
                    }
                    found.map(|number| (number + 1).to_string())
                }
            };
            let siblings = selected.iter().filter(|e| tree.0[**e].parent == tree.0[row].parent);
            let position = siblings.take_while(|e| **e <= row).count();
            let expected = expected(tree, &self.path, &self.sibling, row);
            rows.push(format!("1|{}|{position}|{expected}", parent.unwrap_or("-".into())));
        }
        rows
    }
}

/// The rows of a table, as [`expected`] writes them.
fn found(contract: &Contract, outcome: &xmlshred::outcome::Outcome, name: &str) -> Vec<String> {
    let tables = outcome.as_ref().unwrap_or_else(|failure| panic!("{failure:?}"));
    let at = contract.targets.iter().position(|target| target.name == name).expect("the table");
    let columns = &contract.targets[at].columns;
    let cell = |(value, column): (_, &xmlshred::contract::TargetColumn)| {
        to_text(value, column.sql_type).map_or("-".to_owned(), |text| text.to_string())
    };
    let rows = tables[at].iter();
    rows.map(|row| row.iter().zip(columns).map(cell).collect::<Vec<_>>().join("|")).collect()
}

/// A document and up to three tables give the rows that the tree gives; returns how many.
pub fn check(data: &[u8]) -> usize {
    let dice = &mut Choices(data);
    let tables: Vec<Table> = (0..1 + dice.roll(3)).map(|_| Table::random(dice)).collect();
    let tree = Tree::random(dice);
    let mut document = String::new();
    tree.write(dice, 0, &mut document);
    let names = ["t", "u", "v"];
    let mut text = String::from("[contract]\nname = 't'\n[document]\nroot = 'r'\n");
    let parent = |name: &str| -> Option<&Table> {
        let at = names.iter().position(|known| *known == name)?;
        Some(&tables[0]).filter(|first| at > 0 && tables[at].each.may_lie_in(&first.each))
    };
    for (table, name) in tables.iter().zip(names) {
        text.push_str(&table.written(name, parent(name)));
    }
    let contract: Arc<Contract> = contract(&text);
    let outcome = outcome_of(&contract, document.as_bytes(), DocumentEncoding::Utf8);
    let mut rows = 0;
    for (table, name) in tables.iter().zip(names) {
        let found = found(&contract, &outcome, name);
        assert_eq!(found, table.rows(&tree, parent(name)), "{name}\n{text}\n{document}");
        rows += found.len();
    }
    rows
}
