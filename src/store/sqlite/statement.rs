//! Statements out of the `.sql` files beside the code.

/// The statement that the line `-- name: <name>` heads in `file`, up to the next such line.
///
/// Evaluated at compile time: a name that is not in the file does not compile.
pub(super) const fn statement(file: &'static str, name: &str) -> &'static str {
    let start = after_marker(file.as_bytes(), name.as_bytes());
    let (_, body) = file.split_at(start);
    let end = next_marker(body.as_bytes());
    body.split_at(end).0
}

const MARKER: &[u8] = b"\n-- name: ";

/// Where the body of the named statement begins.
const fn after_marker(file: &[u8], name: &[u8]) -> usize {
    let mut at = 0;
    while at + MARKER.len() + name.len() < file.len() {
        let end = at + MARKER.len() + name.len();
        if has_at(file, at, MARKER)
            && has_at(file, at + MARKER.len(), name)
            && matches!(file[end], b'\n' | b'\r')
        {
            return end;
        }
        at += 1;
    }
    panic!("no statement of that name in the file")
}

/// Where the next marker begins, or the end of the text.
const fn next_marker(text: &[u8]) -> usize {
    let mut at = 0;
    while at < text.len() {
        if has_at(text, at, MARKER) {
            return at;
        }
        at += 1;
    }
    text.len()
}

const fn has_at(text: &[u8], at: usize, wanted: &[u8]) -> bool {
    if text.len() < at + wanted.len() {
        return false;
    }
    let mut i = 0;
    while i < wanted.len() {
        if text[at + i] != wanted[i] {
            return false;
        }
        i += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::statement;

    const FILE: &str = "-- head\n\n-- name: one\nSELECT 1;\n\n-- name: one_more\r\nSELECT 2;\r\n";

    #[test]
    fn a_statement_ends_where_the_next_begins() {
        const ONE: &str = statement(FILE, "one");
        assert_eq!(ONE.trim(), "SELECT 1;");
    }

    #[test]
    fn a_name_is_matched_whole_and_the_last_statement_ends_with_the_file() {
        const MORE: &str = statement(FILE, "one_more");
        assert_eq!(MORE.trim(), "SELECT 2;");
    }
}
