//! What PostgreSQL 15 answers (time zone UTC, text ordered by its bytes), expression by expression.

use super::fixture::texts;

fn agree(cases: &str) {
    let mut wrong = Vec::new();
    for case in cases.lines() {
        let (sql, expected) = case.split_once(" => ").expect("an expression and its rows");
        let expected: Vec<&str> = expected.split(" ¦ ").collect();
        let ours = texts(sql);
        if ours.as_deref()
            != Ok(expected
                .iter()
                .map(|&row| row.to_owned())
                .collect::<Vec<_>>()
                .as_slice())
        {
            wrong.push(format!(
                "{sql}\n  expected {expected:?}\n  ours     {ours:?}"
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} differ\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn numbers() {
    agree(include_str!("numbers.txt"));
}

#[test]
fn texts_of_every_kind() {
    agree(include_str!("texts.txt"));
}

#[test]
fn logic() {
    agree(include_str!("logic.txt"));
}

#[test]
fn dates_and_times() {
    agree(include_str!("times.txt"));
}

#[test]
fn formats_patterns_and_bits() {
    agree(include_str!("dialect.txt"));
}
