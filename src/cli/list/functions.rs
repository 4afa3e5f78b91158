//! The functions of expressions, in `rowgen list`.

use serde_json::{Value, json};

use crate::expression::{FunctionText, functions};

/// Every function with what it gives, chapter by chapter.
pub(super) fn all() -> String {
    let texts = functions();
    let mut subjects: Vec<&str> = texts.iter().map(|text| text.subject).collect();
    subjects.sort_unstable();
    subjects.dedup();
    let mut page = String::new();
    for subject in subjects {
        page.push_str(&format!("{subject}\n"));
        for text in texts.iter().filter(|text| text.subject == subject) {
            let FunctionText {
                signature, about, ..
            } = text;
            page.push_str(&format!("  {signature}\n      {about}\n"));
        }
    }
    page
}

/// Those of a name, with their example.
pub(super) fn named(name: &str) -> Vec<FunctionText> {
    let name = name.to_lowercase();
    let texts = functions().into_iter();
    texts.filter(|text| text.name == name).collect()
}

pub(super) fn one(text: &FunctionText) -> String {
    let FunctionText {
        name,
        signature,
        about,
        example,
        ..
    } = text;
    let answer = text.answer().map(|answer| format!(" is {answer}"));
    let answer = answer.unwrap_or_default();
    format!("{name}: a function of expressions\n  {about}\n\n  {signature}\n  {example}{answer}\n")
}

pub(super) fn as_json(texts: &[FunctionText]) -> Vec<Value> {
    let one = |text: &FunctionText| {
        json!({
            "section": "functions",
            "name": text.name,
            "subject": text.subject,
            "summary": text.about,
            "signature": text.signature,
            "example": text.example,
            "answer": text.answer(),
        })
    };
    texts.iter().map(one).collect()
}
