//! The pages: those that people write, and those that are made from the registries.

use std::path::PathBuf;

use super::reference;
use super::support::project;

/// One page: its path within the project, and its text.
#[derive(Debug, Clone)]
pub struct Page {
    pub path: String,
    pub text: String,
}

/// Every page whose blocks are tested; of those that are made, as they should be.
pub fn all() -> Vec<Page> {
    let made = reference::pages();
    let written = markdown("docs/src").into_iter().filter(|path| {
        path != "docs/src/SUMMARY.md" && !made.iter().any(|page| page.path == *path)
    });
    let written = ["README.md".to_string(), "CONTRIBUTING.md".into()]
        .into_iter()
        .chain(written);
    let written: Vec<Page> = written.map(|path| read(&path)).collect();
    [written, made].concat()
}

/// Pages without blocks, whose links are tested all the same.
pub fn others() -> Vec<Page> {
    ["docs/src/SUMMARY.md", "SECURITY.md"].map(read).into()
}

pub fn read(path: &str) -> Page {
    let text = std::fs::read_to_string(project().join(path));
    Page {
        path: path.into(),
        text: text.unwrap_or_else(|error| panic!("{path}: {error}")),
    }
}

/// The Markdown files below a folder, sorted.
fn markdown(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from(folder)];
    while let Some(at) = folders.pop() {
        for entry in std::fs::read_dir(project().join(&at)).unwrap().flatten() {
            let path = at.join(entry.file_name());
            match entry.path().is_dir() {
                true => folders.push(path),
                false if path.extension().is_some_and(|is| is == "md") => {
                    found.push(path.display().to_string());
                }
                false => {}
            }
        }
    }
    found.sort();
    found
}
