//! The list in a contract of what it leaves out.

use std::collections::HashSet;

use super::edit::Edits;
use crate::drafting::block::single_line;
use crate::drafting::report::{
    LeftOut, ALWAYS_BLANK, ALWAYS_EMPTY, BESIDE_ELEMENTS, INSIDE_ITSELF, NOT_DECLARED, NO_NAME,
};

/// What is above the list.
const TITLE: &str = "# Left out:";

/// The list in a contract of what it leaves out.
#[derive(Debug, Default)]
pub(super) struct Listed {
    /// All paths.
    paths: HashSet<String>,
    /// Those that stay left out.
    pub(super) for_good: HashSet<String>,
    /// Where the list ends.
    end: Option<usize>,
}

impl Listed {
    /// The list in a text.
    pub(super) fn of(text: &str) -> Self {
        let mut listed = Self::default();
        let (mut place, mut is_list) = (0, false);
        for line in text.split_inclusive('\n') {
            let begin = place;
            place += line.len();
            let line = line.trim_end();
            if line == TITLE {
                listed.end = Some(begin + line.len());
                is_list = true;
                continue;
            }
            let comment = line.strip_prefix('#').map_or("", str::trim);
            is_list &= comment.starts_with('/');
            if !is_list {
                continue;
            }
            listed.end = Some(begin + line.len());
            let path = comment.split(' ').next().unwrap_or_default();
            let path = path.trim_end_matches(':').to_owned();
            let returns =
                [ALWAYS_BLANK, ALWAYS_EMPTY, BESIDE_ELEMENTS, INSIDE_ITSELF, NOT_DECLARED, NO_NAME];
            if !returns.iter().any(|why| comment.ends_with(why)) {
                listed.for_good.insert(path.clone());
            }
            listed.paths.insert(path);
        }
        listed
    }

    /// Leaves what is not in the list yet.
    pub(super) fn retain_new(&self, left_out: &mut Vec<LeftOut>) {
        left_out.retain(|left| !self.paths.contains(&left.path));
    }

    /// Adds to the list.
    pub(super) fn add(&self, left_out: &[LeftOut], text: &str, edits: &mut Edits<'_>) {
        if left_out.is_empty() {
            return;
        }
        let end = self.end.unwrap_or(text.len());
        if self.end.is_none() {
            edits.insert_line_after(end, "");
            edits.insert_line_after(end, TITLE);
        }
        for left_out in left_out {
            let line = format!("#   {}", single_line(&left_out.to_string()));
            edits.insert_line_after(end, &line);
        }
    }
}
