//! Paths: whether they can match anything.

use super::checker::Checker;
use super::scope::{Place, Scope};
use crate::contract::expr::ast::{Origin, Path, Predicate, Read, Span, Step, ANY_NAME};
use crate::contract::expr::mistake::Mistake;
use crate::diagnostic::spelling;

impl Checker<'_> {
    pub(super) fn path(&mut self, path: &Path, span: Span) {
        if matches!(self.scope.place, Place::Predicate | Place::Element) {
            return self.path_in_element(path, span);
        }
        match path.origin {
            Origin::Document => self.begins_with_root(path),
            Origin::Row { up } => self.stays_inside(up, span),
            Origin::Anywhere => {}
        }
        for step in &path.steps {
            self.prefix(&step.name, step.span);
            self.predicates(step);
        }
        if let Read::Attribute(name) = &path.read {
            self.prefix(name, span);
        }
    }

    fn path_in_element(&mut self, path: &Path, span: Span) {
        if path.origin != (Origin::Row { up: 0 }) {
            let what = match self.scope.place {
                Place::Predicate => "predicate",
                _ => "aggregate",
            };
            let article = if what == "predicate" { "a" } else { "an" };
            let hint = format!(
                "{article} {what} sees its own element: its attributes (`@a`), its text (`.`), and what \
                 is inside (`b/@a`)"
            );
            let message = format!("this path leaves the {what}'s element");
            self.mistakes.push(Mistake::error(span, message).hint(hint));
        }
        for step in &path.steps {
            self.prefix(&step.name, step.span);
            self.predicates(step);
        }
        if let Read::Attribute(name) = &path.read {
            self.prefix(name, span);
        }
    }

    fn begins_with_root(&mut self, path: &Path) {
        let roots = &self.scope.document.roots;
        let (Some(first), Some(root)) = (path.steps.first(), roots.first()) else { return };
        if roots.contains(&first.name) || first.name == ANY_NAME {
            return;
        }
        let name_end = first.span.start + first.name.len() as u32;
        let span = Span { start: first.span.start, end: name_end.min(first.span.end) };
        let names: Vec<String> = roots.iter().map(|root| format!("`{root}`")).collect();
        let message =
            format!("this path never matches: the root element is {}", names.join(" or "));
        let hint = format!("begin with `/{root}/`, or with `//` for an element anywhere");
        self.mistakes.push(Mistake::error(span, message).hint(hint));
    }

    fn stays_inside(&mut self, up: u32, span: Span) {
        // A row path without steps has a mistake, which was reported.
        let Some(depth) = self.scope.depth.filter(|depth| *depth > 0) else { return };
        if (up as usize) < depth {
            return;
        }
        let message = "this path goes above the root element";
        let hint = match depth {
            1 => "the row element is the root".to_owned(),
            _ => format!(
                "the row element is {} below the root",
                crate::figures::counted(depth - 1, "level")
            ),
        };
        self.mistakes.push(Mistake::error(span, message).hint(hint));
    }

    fn prefix(&mut self, name: &str, span: Span) {
        let Some((prefix, _)) = name.split_once(':') else { return };
        let Some(known) = &self.scope.document.prefixes else { return };
        if prefix == "xml" || known.iter().any(|k| k == prefix) {
            return;
        }
        if self.scope.document.ignore_namespaces {
            let message =
                format!("the prefix `{prefix}` is not used with `namespaces = \"ignore\"`");
            let hint = "leave it out: names are compared without their prefixes";
            self.mistakes.push(Mistake::error(span, message).hint(hint));
            return;
        }
        let near = spelling::nearest(prefix, known.iter().map(String::as_str));
        let hint = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("declare it: `[document]` `namespaces = {{ {prefix} = \"…\" }}`"),
        };
        let message = format!("undeclared prefix `{prefix}`");
        self.mistakes.push(Mistake::error(span, message).hint(hint));
    }

    fn predicates(&mut self, step: &Step) {
        let outer = self.scope;
        self.scope = Scope { place: Place::Predicate, ..outer };
        for predicate in &step.predicates {
            if let Predicate::Condition(condition) = predicate {
                self.condition(condition);
            }
        }
        self.scope = outer;
    }
}
