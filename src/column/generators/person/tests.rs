//! Tests of `person`.

use super::field::FIELDS;
use crate::column::testing::{Tables, check_any_split, one, problem};
use crate::column::tests::fixture::chi_square;

fn table(rows: u64, locale: &str) -> Tables {
    let mut columns = format!("who: {{ person: {{ locale: {locale} }} }}");
    for field in FIELDS {
        columns += &format!("\n{field}: {{ copy: who.{field} }}");
    }
    one(rows, &columns)
}

#[test]
fn people_look_like_this() {
    let mut shown = String::new();
    for locale in ["en", "it", "de", "fr", "es", "ja"] {
        let tables = table(2, locale);
        for row in 0..2 {
            let fields = FIELDS
                .iter()
                .map(|field| tables.texts("t", field)[row].clone());
            shown += &fields.collect::<Vec<_>>().join(" | ");
            shown += "\n";
        }
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn fields_agree_with_each_other() {
    let tables = table(2000, "[en, it, de]");
    let texts = |field: &str| tables.texts("t", field);
    let (first, last, full) = (texts("first_name"), texts("last_name"), texts("full_name"));
    let (code, locale, email) = (texts("country_code"), texts("locale"), texts("email"));
    let (phone, who) = (texts("phone"), texts("who"));
    for row in 0..2000 {
        assert_eq!(full[row], format!("{} {}", first[row], last[row]));
        assert_eq!(who[row], full[row]);
        let (countries, dial) = match (locale[row].as_str(), code[row].as_str()) {
            ("it", _) => ("IT", "+39"),
            ("de", "AT") => ("AT", "+43"),
            ("de", "CH") => ("CH", "+41"),
            ("de", _) => ("DE", "+49"),
            (_, "US") => ("US", "+1"),
            (_, "CA") => ("CA", "+1"),
            (_, "AU") => ("AU", "+61"),
            (_, "IE") => ("IE", "+353"),
            _ => ("GB", "+44"),
        };
        assert_eq!(code[row], countries);
        assert!(phone[row].starts_with(dial), "{}", phone[row]);
        assert!(
            email[row].is_ascii() && email[row].contains("@example."),
            "{}",
            email[row]
        );
        let name = super::locale::folded(&last[row]);
        assert!(email[row].contains(&name), "{} {name}", email[row]);
    }
}

#[test]
fn people_are_many_and_even() {
    let tables = table(100_000, "[en, it, de, fr, es, ja]");
    let share = |field: &str, of: &[&str]| {
        let values = tables.texts("t", field);
        let count = |of: &&str| values.iter().filter(|value| value == of).count() as u64;
        of.iter().map(count).collect::<Vec<u64>>()
    };
    assert!(chi_square(&share("gender", &["female", "male"]), &[0.5; 2]) < 3.72);
    let locales = share("locale", &["en", "it", "de", "fr", "es", "ja"]);
    assert!(chi_square(&locales, &[1.0 / 6.0; 6]) < 3.72);
    let mut emails = tables.texts("t", "email");
    emails.sort_unstable();
    emails.dedup();
    assert!(emails.len() > 99_990, "{}", emails.len());
}

#[test]
fn values_are_a_function_of_the_row() {
    check_any_split(&table(100, "[en, ja]"), "t", FIELDS);
}

#[test]
fn what_is_known_holds() {
    let tables = table(20_000, "[en, it, de, fr, es, ja]");
    for field in FIELDS {
        let domain = tables.domain("t", field);
        let Some(longest) = domain.longest else {
            continue;
        };
        let found = tables
            .texts("t", field)
            .iter()
            .map(String::len)
            .max()
            .unwrap();
        assert!(found <= longest, "{field}: {found} > {longest}");
    }
}

#[test]
fn mistakes_say_what_is_wrong() {
    let mistakes = [
        "x: { person: { locale: [en, itt] } }",
        "x: { person: { locale: [] } }",
        "x: { person: { locales: en } }",
        "type: int64, person: {}",
        "p: { person: {} }, y: { copy: p.frist_name }",
        "p: { person: {} }, y: { copy: p.name.first }",
    ];
    let shown = mistakes.map(|columns| {
        let columns = if columns.starts_with("type") {
            format!("x: {{ {columns} }}")
        } else {
            columns.to_string()
        };
        problem(&format!("t:\n  rows: 9\n  columns: {{ {columns} }}\n"))
    });
    insta::assert_snapshot!(shown.join("\n\n"));
}
