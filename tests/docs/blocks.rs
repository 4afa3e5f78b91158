//! The code blocks of a page, and how each says that it is tested.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

/// A code block.
#[derive(Debug)]
pub struct Block {
    /// The words behind the fence.
    pub info: String,
    /// What is in it.
    pub text: String,
    /// Where that stands in the page.
    pub place: Range<usize>,
    /// The line of the fence, from 1.
    pub line: usize,
}

/// How a block is tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind<'a> {
    /// A whole file that is right, for the commands of the page under this name.
    Pipeline(&'a str),
    /// A whole file that must be refused.
    Wrong(&'a str),
    /// A part of a file, for a frame.
    Fragment(Fragment),
    Kubernetes,
    Console,
    ShellRun,
    ShellParse,
    Cron,
    Airflow,
    /// `tests/python/test_pages.py` runs it.
    Python,
    /// A file for the commands of the page.
    File(&'a str),
    /// Lines of this file of the project.
    Recorded(&'a str),
}

/// What a part of a pipeline file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fragment {
    Keys,
    Columns,
    Table,
    Sinks,
}

/// The name of a whole file that has none.
const NAMELESS: &str = "pipeline.yaml";

impl Block {
    /// How it is tested, if it says so.
    pub fn kind(&self) -> Option<Kind<'_>> {
        let words: Vec<&str> = self.info.split_whitespace().collect();
        Some(match words.as_slice() {
            ["yaml", "pipeline"] => Kind::Pipeline(NAMELESS),
            ["yaml", "pipeline", name] => Kind::Pipeline(name),
            ["yaml", "wrong"] => Kind::Wrong(NAMELESS),
            ["yaml", "wrong", name] => Kind::Wrong(name),
            ["yaml", "part"] => Kind::Fragment(Fragment::Keys),
            ["yaml", "columns"] => Kind::Fragment(Fragment::Columns),
            ["yaml", "table"] => Kind::Fragment(Fragment::Table),
            ["yaml", "sinks"] => Kind::Fragment(Fragment::Sinks),
            ["yaml", "kubernetes"] => Kind::Kubernetes,
            ["console"] => Kind::Console,
            ["sh", "run"] => Kind::ShellRun,
            ["sh", "parse"] => Kind::ShellParse,
            ["cron"] => Kind::Cron,
            ["python", "airflow"] => Kind::Airflow,
            ["python", "run"] => Kind::Python,
            ["csv" | "json", name] => Kind::File(name),
            ["text", "recorded", path] => Kind::Recorded(path),
            _ => return None,
        })
    }
}

/// Every code block of a page, in order.
pub fn of(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (event, range) in Parser::new_ext(page, super::links::markdown()).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(kind)) => {
                let info = match kind {
                    CodeBlockKind::Fenced(info) => info.to_string(),
                    CodeBlockKind::Indented => "indented".into(),
                };
                open = Some(Block {
                    info,
                    text: String::new(),
                    place: inside(page, range.clone()),
                    line: page[..range.start].matches('\n').count() + 1,
                });
            }
            Event::Text(text) => {
                if let Some(block) = &mut open {
                    block.text.push_str(&text);
                }
            }
            Event::End(TagEnd::CodeBlock) => blocks.extend(open.take()),
            _ => {}
        }
    }
    blocks
}

/// Between the fences.
fn inside(page: &str, block: Range<usize>) -> Range<usize> {
    let text = &page[block.clone()];
    let start = text.find('\n').map_or(text.len(), |end| end + 1);
    let end = text.rfind("```").unwrap_or(text.len()).max(start);
    block.start + start..block.start + end
}
