//! `xmlshred-pages FROM TO`: makes HTML of README.md and of all pages that its links reach, each in the
//! folder that it has in the repository, so that the links between them stay as they are. A link
//! that leads nowhere is an error: to a file that is not in TO, or to a heading that is not on its page.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::error::Error;
use std::path::{Component, Path, PathBuf};
use std::{env, fs};

use pulldown_cmark::{html, CowStr, Event, Options, Parser, Tag, TagEnd};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// A page as it will be, and where its links lead.
struct Page {
    title: String,
    body: String,
    anchors: BTreeSet<String>,
    links: Vec<Link>,
}

struct Link {
    written: String,
    /// From the root of the repository.
    path: PathBuf,
    anchor: String,
    is_image: bool,
}

fn main() -> Result<()> {
    let folders: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [from, to] = &folders[..] else { return Err("usage: xmlshred-pages FROM TO".into()) };
    let pages = reachable(from)?;
    for (path, page) in &pages {
        for image in page.links.iter().filter(|link| link.is_image) {
            copy(&from.join(&image.path), &to.join(&image.path))?;
        }
        let to = to.join(path).with_extension("html");
        fs::create_dir_all(to.parent().ok_or("a file without a folder")?)?;
        fs::write(to, whole(path, page))?;
    }
    let wrong: Vec<_> =
        pages.iter().flat_map(|(path, page)| broken(path, page, &pages, to)).collect();
    if !wrong.is_empty() {
        return Err(wrong.join("\n").into());
    }
    println!("{} pages", pages.len());
    Ok(())
}

fn reachable(from: &Path) -> Result<BTreeMap<PathBuf, Page>> {
    let mut pages = BTreeMap::new();
    let mut waiting = VecDeque::from([PathBuf::from("README.md")]);
    while let Some(path) = waiting.pop_front() {
        if pages.contains_key(&path) {
            continue;
        }
        let text = fs::read_to_string(from.join(&path))
            .map_err(|error| format!("{}: {error}", path.display()))?;
        let page = read(&path, &text);
        waiting
            .extend(page.links.iter().map(|link| &link.path).filter(|path| is_page(path)).cloned());
        pages.insert(path, page);
    }
    Ok(pages)
}

fn is_page(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "md")
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to.parent().ok_or("a file without a folder")?)?;
    fs::copy(from, to).map_err(|error| format!("{}: {error}", from.display()))?;
    Ok(())
}

fn read(path: &Path, text: &str) -> Page {
    let mut events: Vec<Event> = Parser::new_ext(text, Options::ENABLE_TABLES).collect();
    let mut page = Page {
        title: path.display().to_string(),
        body: String::new(),
        anchors: BTreeSet::new(),
        links: Vec::new(),
    };
    name_headings(&mut events, &mut page);
    let shown = events.into_iter().filter_map(|event| match event {
        Event::Html(text) | Event::InlineHtml(text) if text.trim_start().starts_with("<!--") => {
            None
        }
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            let dest_url = leads(path, dest_url, false, &mut page.links);
            Some(Event::Start(Tag::Link { link_type, dest_url, title, id }))
        }
        Event::Start(Tag::Image { link_type, dest_url, title, id }) => {
            let dest_url = leads(path, dest_url, true, &mut page.links);
            Some(Event::Start(Tag::Image { link_type, dest_url, title, id }))
        }
        other => Some(other),
    });
    html::push_html(&mut page.body, shown);
    page.body = page.body.replace("<table>", "<div class=\"wide\"><table>");
    page.body = page.body.replace("</table>", "</table></div>");
    page
}

/// Gives each heading the anchor that it has on GitHub; the first one is the title.
fn name_headings(events: &mut [Event], page: &mut Page) {
    let starts: Vec<_> = events.iter().enumerate().filter(|(_, event)| is_heading(event)).collect();
    let starts: Vec<usize> = starts.into_iter().map(|(at, _)| at).collect();
    for at in starts {
        let inside =
            events[at..].iter().take_while(|e| !matches!(e, Event::End(TagEnd::Heading(_))));
        let text: String = inside.filter_map(text_of).collect();
        let kept = text.to_lowercase();
        let kept = kept.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        let name: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
        if page.anchors.is_empty() {
            page.title = text;
        }
        // A second heading of the same text cannot be linked to.
        if page.anchors.insert(name.clone()) {
            if let Event::Start(Tag::Heading { id, .. }) = &mut events[at] {
                *id = Some(name.into());
            }
        }
    }
}

fn is_heading(event: &Event) -> bool {
    matches!(event, Event::Start(Tag::Heading { .. }))
}

fn text_of<'a>(event: &'a Event) -> Option<&'a str> {
    match event {
        Event::Text(text) | Event::Code(text) => Some(text),
        _ => None,
    }
}

/// Notes where a link leads and says what it is among the pages of HTML.
fn leads<'a>(page: &Path, url: CowStr<'a>, is_image: bool, links: &mut Vec<Link>) -> CowStr<'a> {
    if url.contains("://") || url.starts_with("mailto:") {
        return url;
    }
    let (file, anchor) = url.split_once('#').unwrap_or((&url, ""));
    let path = match file {
        "" => page.to_owned(),
        _ => plain(&page.parent().unwrap_or(Path::new("")).join(file)),
    };
    let link = Link { written: url.to_string(), path, anchor: anchor.to_owned(), is_image };
    let shown = match (file.strip_suffix(".md"), anchor) {
        (None, _) => url.clone(),
        (Some(file), "") => format!("{file}.html").into(),
        (Some(file), anchor) => format!("{file}.html#{anchor}").into(),
    };
    links.push(link);
    shown
}

/// A path without `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    plain
}

fn whole(path: &Path, page: &Page) -> String {
    let up = "../".repeat(path.components().count() - 1);
    let (title, body, style) = (escaped(&page.title), &page.body, include_str!("page.css"));
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
         <style>\n{style}</style>\n</head>\n<body>\n\
         <nav><a href=\"{up}README.html\">xmlshred</a></nav>\n{body}</body>\n</html>\n"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

fn broken(
    page: &Path,
    Page { links, .. }: &Page,
    pages: &BTreeMap<PathBuf, Page>,
    to: &Path,
) -> Vec<String> {
    let leads_nowhere = |link: &&Link| match pages.get(&link.path) {
        Some(target) => !link.anchor.is_empty() && !target.anchors.contains(&link.anchor),
        None => !to.join(&link.path).is_file(),
    };
    let wrong = links.iter().filter(leads_nowhere);
    wrong.map(|link| format!("{}: {} leads nowhere", page.display(), link.written)).collect()
}
