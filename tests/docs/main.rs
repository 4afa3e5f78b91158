//! The documentation is under test: what its pages show is true, and its links lead somewhere. `scripts/book` builds it.
//!
//! `UPDATE=1 cargo test --features full --test docs` writes what is made from the code: the reference pages
//! and what commands answer. CONTRIBUTING.md says how a block tells how it is tested.

mod blocks;
mod frame;
mod links;
mod pages;
mod reference;
mod run;
mod shell;
#[path = "../program/support.rs"]
#[allow(dead_code, reason = "shared with the tests of the program")]
mod support;

use std::collections::BTreeSet;

use rowgen::column::GeneratorKind;

use pages::Page;
use support::{Folder, project};

#[test]
fn every_block_is_true_and_every_page_is_current() {
    let pages = pages::all();
    let problems: Vec<String> = std::thread::scope(|scope| {
        let running: Vec<_> = pages
            .chunks(pages.len().div_ceil(4))
            .map(|some| scope.spawn(move || some.iter().flat_map(problems_of).collect::<Vec<_>>()))
            .collect();
        running
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    assert!(problems.is_empty(), "\n{}", problems.join("\n\n"));
}

/// What is wrong with a page; with `UPDATE` what is made from the code is written.
fn problems_of(page: &Page) -> Vec<String> {
    let (fresh, mut problems) = run::page(page);
    let path = project().join(&page.path);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &fresh).unwrap();
    }
    if std::fs::read_to_string(&path).unwrap_or_default() != fresh {
        let how = "UPDATE=1 cargo test --features full --test docs";
        problems.push(format!("{}: is out of date: {how}", page.path));
    }
    problems
}

#[test]
fn every_link_leads_somewhere() {
    let pages = [pages::all(), pages::others()].concat();
    let problems: Vec<String> = pages.iter().flat_map(links::problems).collect();
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn a_link_that_leads_nowhere_is_told() {
    for target in [
        "missing.md",
        "start.md#no-such-heading",
        "#no-such-heading",
        "../../CONTRIBUTING.md",
        "http://www.rust-lang.org",
        "https://crates.io/crates/rayon",
    ] {
        let page = Page {
            path: "docs/src/page.md".into(),
            text: format!("# Page\n\n[link]({target})\n"),
        };
        assert_eq!(links::problems(&page).len(), 1, "{target}");
    }
}

#[test]
fn the_summary_lists_every_page() {
    let listed: BTreeSet<String> = links::of(&pages::read("docs/src/SUMMARY.md").text)
        .into_iter()
        .map(|link| format!("docs/src/{}", link.target))
        .collect();
    let there = pages::all().into_iter().map(|page| page.path);
    let there: BTreeSet<String> = there.filter(|path| path.starts_with("docs/")).collect();
    assert_eq!(listed, there);
}

#[test]
fn every_generator_is_told_when_to_be_taken() {
    let page = pages::read("docs/src/generators.md");
    let targets: BTreeSet<String> = links::of(&page.text)
        .into_iter()
        .map(|link| link.target)
        .collect();
    for kind in GeneratorKind::KINDS {
        let target = format!("reference/generators.md#{}", kind.name);
        assert!(
            targets.contains(&target),
            "docs/src/generators.md has no link to {target}"
        );
    }
}

#[test]
fn the_readme_is_short() {
    let words = pages::read("README.md").text.split_whitespace().count();
    assert!(words <= 1500, "README.md has {words} words");
}

#[test]
fn examples_are_right_where_they_stand() {
    let folder = Folder::new();
    for path in reference::examples() {
        let ended = folder.run(&["check", &path.display().to_string()]);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
    }
}

#[test]
fn a_block_that_does_not_say_how_it_is_tested_is_refused() {
    let said = |block: &str| {
        let page = Page {
            path: "page.md".into(),
            text: format!("# Page\n\n{block}\n"),
        };
        run::page(&page).1
    };
    for block in [
        "```yaml\nversion: 1\n```",
        "```\ntext\n```",
        "    indented",
        "```sh\nls\n```",
        "```text recorded README.md\nnever written\n```",
        "```yaml pipeline\nversion: 2\n```",
        "```yaml columns\na: { uniform: { min: 1, mox: 2 } }\n```",
        "```sh run\nrowgen run missing.yaml\n```",
        "```sh parse\nrowgen run p.yaml --no-such-flag\n```",
        "```sh parse\nscripts/no_such_script\n```",
        "```sh parse\nrowgen run pipelines/no_such.yaml\n```",
        "```sh parse\ncargo test --features no_such\n```",
        "```cron\n0 0 * * * rowgen rum p.yaml\n```",
        "```python airflow\nOperator(arguments=[[\"run\", \"p.yaml\", \"--slise\", f\"{i}/8\"] for i in x])\n```",
        "```yaml kubernetes\nspec: { containers: [{ args: [\"rowgen run p.yaml --slice 9/8\"] }] }\n```",
        "```console\nrowgen list\n```",
    ] {
        assert_eq!(said(block).len(), 1, "{block}: {:?}", said(block));
    }
    let shown = run::page(&Page {
        path: "page.md".into(),
        text: "```console\n$ rowgen list nothing\nsomething else\n```\n".into(),
    });
    assert!(
        shown.0.contains("error: nothing is called `nothing`"),
        "{}",
        shown.0
    );
}
