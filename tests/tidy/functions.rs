//! How long functions are.

use super::{is_test, report, rust_files, shown};

const MOST_FUNCTION_LINES: usize = 60;

/// The functions of a file: the index of their first line, and how many lines there are to the last one.
/// What a trait only asks for has no body, and is none.
fn functions(text: &str) -> Vec<(usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let length = |first: usize| {
        let line = lines[first];
        let indent = " ".repeat(line.len() - line.trim_start().len());
        let (end, body, asked) = (
            format!("{indent}}}"),
            format!("{indent}{{"),
            format!("{indent})"),
        );
        let mut rest = lines[first..].iter().enumerate();
        let last = rest.find(|(index, line)| {
            let closes = *index == 0 || (line.starts_with(&asked) && **line != body);
            **line == end || (closes && line.trim_end().ends_with([';', '}']))
        });
        last.filter(|(_, line)| **line == end)
            .map(|(index, _)| index)
    };
    let is_function = |line: &str| {
        let mut words = line.trim_start();
        // `pub(super)` and `pub(in path)` have brackets, which do not begin the arguments.
        if let Some(visible) = words.strip_prefix("pub(") {
            words = visible.split_once(')').map_or("", |(_, rest)| rest);
        }
        let before = words.split('(').next().unwrap_or_default();
        let mut words = before.split_whitespace();
        words.any(|word| word == "fn") && words.next().is_some() && !before.starts_with("//")
    };
    let firsts = (0..lines.len()).filter(|first| is_function(lines[*first]));
    firsts
        .filter_map(|first| Some((first, length(first)?)))
        .collect()
}

#[test]
fn functions_are_short() {
    let mut problems = Vec::new();
    for (path, text) in rust_files("src").iter().filter(|(path, _)| !is_test(path)) {
        for (first, length) in functions(text) {
            if length > MOST_FUNCTION_LINES {
                problems.push(format!(
                    "{}:{}: a function of {length} lines, at most {MOST_FUNCTION_LINES}",
                    shown(path),
                    first + 1
                ));
            }
        }
    }
    report(&problems);
}

#[test]
fn functions_are_found_whatever_stands_before_them() {
    let text = "pub(super) async fn one(
    a: u8,
) {
    two();
}

pub(in crate::sink) fn two() {}

trait Three {
    fn asked(
        &self,
    ) -> u8;
    fn whole(&self) {
        one(1);
    }
}

impl<T> Four<T>
where
    T: Fn(u8),
{
    // A comment of fn five() {
    const fn six(&self) -> u8
    where
        T: Copy,
    {
        6
    }
}
";
    assert_eq!(functions(text), [(0, 4), (12, 2), (22, 5)]);
}
