//! Text within a page.

use std::fmt::{self, Display, Formatter, Write as _};

use crate::screen::is_unprintable;

/// A text that a browser shows as it is. What would command it, or turn the direction of text, is
/// shown as `�`.
pub struct Text<'t>(pub &'t str);

impl Display for Text<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                c if is_unprintable(c) => f.write_char('\u{fffd}')?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// A path, which a line may break behind a slash.
pub struct Path<'t>(pub &'t str);

impl Display for Path<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (number, part) in self.0.split('/').enumerate() {
            let slash = if number > 0 { "/<wbr>" } else { "" };
            write!(f, "{slash}{}", Text(part))?;
        }
        Ok(())
    }
}

/// Names with their values, in a list of definitions.
pub fn definitions<'d>(
    class: &str,
    pairs: impl IntoIterator<Item = (&'d str, String)>,
    page: &mut String,
) {
    let _ = write!(page, "<dl class=\"{class}\">");
    for (name, value) in pairs {
        let _ = write!(page, "<div><dt>{}</dt><dd>{value}</dd></div>", Text(name));
    }
    page.push_str("</dl>\n");
}
