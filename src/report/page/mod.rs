//! The frame of a page of HTML that needs nothing else: style, policy, and text within it.

mod html;

use sha2::{Digest, Sha256};

pub use html::{definitions, Path, Text};

/// What is around the body of a page.
pub struct Frame<'p> {
    pub title: &'p str,
    /// The page's own style, which follows that of all pages.
    pub style: &'p str,
    /// Runs at the end of the page.
    pub script: Option<&'p str>,
    /// The id of what readers skip to, and what the link is called.
    pub skip: (&'p str, &'p str),
}

impl Frame<'_> {
    /// The page. Its policy lets a browser apply and run nothing else than its own style and script.
    pub fn around(&self, body: &str) -> String {
        // A browser hashes the text with the line ends of HTML.
        let style = format!("{}{}", include_str!("base.css"), self.style).replace("\r\n", "\n");
        let script = self.script.map(|script| script.replace("\r\n", "\n"));
        let scripts = match &script {
            Some(script) => format!("'sha256-{}'", hash(script)),
            None => "'none'".to_owned(),
        };
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{}'; script-src {scripts}; base-uri 'none'; \
             form-action 'none'",
            hash(&style)
        );
        let (to, skip) = self.skip;
        let title = Text(self.title);
        let script = script.map(|text| format!("<script>{text}</script>\n")).unwrap_or_default();
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <meta name=\"referrer\" content=\"no-referrer\">\n\
             <title>{title}</title>\n<style>{style}</style>\n</head>\n<body>\n\
             <a class=\"skip\" href=\"#{to}\">{skip}</a>\n{body}{script}</body>\n</html>\n"
        )
    }
}

/// SHA-256 in base64, as a Content-Security-Policy has it.
fn hash(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bytes = Sha256::digest(text.as_bytes());
    let mut encoded = String::new();
    for three in bytes.chunks(3) {
        let byte = |at: usize| three.get(at).copied().map_or(0, u32::from);
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            encoded.push(match digit <= three.len() {
                true => DIGITS[(bits >> (18 - 6 * digit) & 63) as usize] as char,
                false => '=',
            });
        }
    }
    encoded
}
