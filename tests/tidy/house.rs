//! The page of the house in the documentation: its rooms are the layers that the code keeps, and the ways
//! that it shows pass files that are there and that know each other.

use std::fs;
use std::path::Path;

use super::{LAYERS, report};

const HOUSE: &str = "docs/src/house.md";

/// The rooms of the page from the bottom up: a line of its table each, the modules that it names.
fn rooms(page: &str) -> Vec<Vec<String>> {
    let table = page.split("\n## ").nth(1).unwrap_or_default();
    let modules = |line: &str| {
        let names = line.strip_prefix("| `")?.split(" | ").next()?;
        let names = names.replace('`', "");
        let mut names: Vec<String> = names.split_whitespace().map(String::from).collect();
        names.sort();
        Some(names)
    };
    let mut rooms: Vec<_> = table.lines().filter_map(modules).collect();
    rooms.reverse();
    rooms
}

#[test]
fn the_page_of_the_house_has_the_rooms_as_they_are() {
    let page = fs::read_to_string(HOUSE).unwrap();
    let layers = LAYERS.iter().map(|layer| {
        let mut names: Vec<String> = layer.iter().map(|name| (*name).to_string()).collect();
        names.sort();
        names
    });
    assert_eq!(rooms(&page), layers.collect::<Vec<_>>());
}

/// What a file is called by those that name it: its own name, or its folder's.
fn called(path: &str) -> &str {
    let mut parts = path.trim_end_matches(".rs").rsplit('/');
    match parts.next() {
        Some("mod") => parts.next().unwrap_or_default(),
        name => name.unwrap_or_default(),
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|character: char| !character.is_alphanumeric() && character != '_')
}

/// The types that a file defines.
fn types(text: &str) -> Vec<&str> {
    let kinds = ["struct", "enum", "trait"];
    let all: Vec<&str> = words(text).collect();
    let pairs = all.windows(2).filter(|pair| kinds.contains(&pair[0]));
    pairs.map(|pair| pair[1]).collect()
}

/// True if a file names another one, or a type that stands there.
fn knows(text: &str, (other, other_text): (&str, &str)) -> bool {
    let types = types(other_text);
    words(text).any(|word| word == called(other) || types.contains(&word))
}

/// Each way of the page passes files that are there; where two of them follow each other in one folder,
/// one of them names the other.
#[test]
fn the_ways_of_the_house_are_there() {
    let page = fs::read_to_string(HOUSE).unwrap();
    let mut problems = Vec::new();
    let mut arrows = 0;
    let page = page.split_once("\n## From ").unwrap_or_default().1;
    for way in page.split("\n## From ") {
        let files: Vec<(&str, String)> = way
            .lines()
            .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
            .map(|(file, _)| (file, fs::read_to_string(file).unwrap_or_default()))
            .collect();
        for (file, text) in &files {
            if text.is_empty() {
                problems.push(format!("{HOUSE}: {file} is not there"));
            }
        }
        for pair in files.windows(2) {
            let [(one, one_text), (other, other_text)] = pair else {
                continue;
            };
            let forth = knows(one_text, (other, other_text));
            let back = knows(other_text, (one, one_text));
            if Path::new(one).parent() != Path::new(other).parent() {
                continue;
            }
            arrows += 1;
            if !forth && !back {
                problems.push(format!("{HOUSE}: {one} and {other} do not know each other"));
            }
        }
    }
    report(&problems);
    assert!(arrows > 15, "only {arrows} arrows were looked at");
}
