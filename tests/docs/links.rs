//! Links: what they lead to is there, also the heading; those that lead out go to projects' own sites.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::pages::Page;
use super::support::project;

/// A link, and where it stands.
#[derive(Debug)]
pub struct Link {
    pub target: String,
    pub line: usize,
}

/// Where packages are fetched from, not read about.
const REGISTRIES: &[&str] = &[
    "crates.io",
    "docs.rs",
    "lib.rs",
    "npmjs.com",
    "pypi.org",
    "maven.org",
    "rubygems.org",
];

/// The dialect of the pages: mdBook's and GitHub's.
pub fn markdown() -> Options {
    Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_FOOTNOTES
}

/// Every link and image of a page.
pub fn of(page: &str) -> Vec<Link> {
    let events = Parser::new_ext(page, markdown()).into_offset_iter();
    let links = events.filter_map(|(event, range)| match event {
        Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => Some(Link {
            target: dest_url.to_string(),
            line: page[..range.start].matches('\n').count() + 1,
        }),
        _ => None,
    });
    links.collect()
}

/// What is wrong with the links of a page.
pub fn problems(page: &Page) -> Vec<String> {
    let links = of(&page.text).into_iter();
    let wrong = links.filter_map(|link| {
        let problem = problem(&page.path, &link.target)?;
        Some(format!(
            "{}:{}: {}: {problem}",
            page.path, link.line, link.target
        ))
    });
    wrong.collect()
}

fn problem(path: &str, target: &str) -> Option<String> {
    if let Some((scheme, rest)) = target.split_once("://") {
        let host = rest.split('/').next().unwrap_or_default();
        let registry = REGISTRIES.iter().any(|registry| host.ends_with(registry));
        return match (scheme, registry) {
            ("https", false) => None,
            ("https", true) => Some("leads to a registry, not to the project's own site".into()),
            _ => Some("is not https".into()),
        };
    }
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let file = match file {
        "" => PathBuf::from(path),
        file => beside(path, file),
    };
    if path.starts_with("docs/src/") && !file.starts_with("docs/src") {
        return Some("is no page of the book: nothing else is built".into());
    }
    let text = match std::fs::read_to_string(project().join(&file)) {
        _ if project().join(&file).is_dir() => String::new(),
        Ok(text) => text,
        Err(_) => return Some("is not there".into()),
    };
    let found = anchor.is_empty() || headings(&text).iter().any(|name| name == anchor);
    (!found).then(|| "has no such heading".into())
}

/// The names of a page's headings in links, as mdBook and GitHub make them.
fn headings(page: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut times: HashMap<String, usize> = HashMap::new();
    let mut open: Option<String> = None;
    for event in Parser::new_ext(page, markdown()) {
        match event {
            Event::Start(Tag::Heading { .. }) => open = Some(String::new()),
            Event::Text(text) | Event::Code(text) => {
                if let Some(heading) = &mut open {
                    heading.push_str(&text);
                }
            }
            Event::End(TagEnd::Heading(_)) => {
                let name = named(&open.take().unwrap_or_default());
                let seen = times.entry(name.clone()).or_default();
                names.push(match seen {
                    0 => name,
                    _ => format!("{name}-{seen}"),
                });
                *seen += 1;
            }
            _ => {}
        }
    }
    names
}

fn named(heading: &str) -> String {
    let lower = heading.trim().to_lowercase();
    let kept = lower.chars().filter_map(|c| match c {
        c if c.is_alphanumeric() || "-_".contains(c) => Some(c),
        c if c.is_whitespace() => Some('-'),
        _ => None,
    });
    kept.collect()
}

/// A path beside another one, without `..`.
fn beside(path: &str, target: &str) -> PathBuf {
    let folder = Path::new(path).parent().unwrap_or(Path::new(""));
    let mut whole = PathBuf::new();
    for part in folder.join(target).components() {
        match part {
            Component::ParentDir => {
                whole.pop();
            }
            part => whole.push(part),
        }
    }
    whole
}
