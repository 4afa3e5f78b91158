//! What documents cannot hold or be asked for, and what will be done, in words.

use arrow::datatypes::{DataType, Field, TimeUnit};

use super::envelopes::{Columns, Envelopes};
use super::{Mode, MongoDb, driver};
use crate::client::database::check_connections;
use crate::error::Problem;
use crate::format::Shape;
use crate::format::nested::{item_field, plain_type};
use crate::place::{Placed, Text};
use crate::sink::database::{key_problems, no_columns};

/// The most rows of a bulk: what a server takes of one command.
const MOST_ROWS: u64 = 100_000;

/// Everything about the options and the columns that cannot be as asked.
pub fn problems(mongodb: &MongoDb, shape: &Shape) -> Vec<Problem> {
    let mut problems = Vec::new();
    problems.extend(driver::check(mongodb).err());
    problems.extend(check_connections(mongodb.connections.as_ref()));
    if let Some(rows) = &mongodb.bulk_rows
        && !(1..=MOST_ROWS).contains(&rows.value.0)
    {
        problems.push(Problem::new("`bulk_rows` is 1 to 100_000").at(&rows.place));
    }
    problems.extend(nameless(mongodb));
    if let Some(envelopes) = &mongodb.envelopes {
        problems.extend(Columns::of(shape, &mongodb.url.place).err());
        problems.extend(contradictions(mongodb));
        let names = [
            envelopes.into.as_ref(),
            envelopes
                .state
                .as_ref()
                .and_then(|state| state.into.as_ref()),
        ];
        problems.extend(names.into_iter().flatten().filter_map(collection));
        problems.extend(shared(envelopes));
        return problems;
    }
    problems.extend(mongodb.into.as_ref().and_then(collection));
    problems.extend(key(mongodb, shape));
    let place = &mongodb.url.place;
    for field in shape.schema.fields() {
        if let Some(fault) = unheld(field) {
            let message = format!("column `{}`: {fault}", field.name());
            problems.push(Problem::new(message).at(place));
        }
    }
    if shape.schema.fields().is_empty() {
        problems.push(no_columns(place));
    }
    problems
}

/// No database is named, here or by the address.
fn nameless(mongodb: &MongoDb) -> Option<Problem> {
    let named = match &mongodb.database {
        Some(database) => !database.as_str().is_empty(),
        None => {
            let url = mongodb
                .url
                .value
                .0
                .split_once("://")
                .map_or("", |(_, url)| url);
            let path = url.split_once('/').map_or("", |(_, path)| path);
            !path.split('?').next().unwrap_or_default().is_empty()
        }
    };
    (!named).then(|| {
        Problem::new("neither `database` nor the address names a database")
            .at(&mongodb.url.place)
            .hint("say `database: shop`, or `mongodb://HOST:27017/shop`")
    })
}

/// What changes have no use for.
fn contradictions(mongodb: &MongoDb) -> Vec<Problem> {
    let mut problems = Vec::new();
    let hint = "changes go to a collection a table: `envelopes: { into: \"{database}_{table}\" }`";
    if let Some(into) = &mongodb.into {
        let problem = Problem::new("`into` and `envelopes` are not said together");
        problems.push(problem.at(&into.place).hint(hint));
    }
    if let Some(key) = mongodb.key.first() {
        let problem = Problem::new("`key` and `envelopes` are not said together");
        problems.push(
            problem
                .at(&key.place)
                .hint("keys of tables stand under `envelopes: { state: { keys: … } }`"),
        );
    }
    if mongodb.mode != Mode::Append {
        let problem = Problem::new("`mode` and `envelopes` are not said together");
        problems.push(
            problem
                .at(&mongodb.url.place)
                .hint("a change that comes again replaces itself, whatever the mode"),
        );
    }
    problems
}

/// What gives each table a collection of its own.
const OWN: &str = "say `state: { into: \"{database}_{table}_current\" }`";

/// Tables whose rows nobody could tell apart, and tables that are not named whole.
fn shared(envelopes: &Envelopes) -> Vec<Problem> {
    let Some(state) = &envelopes.state else {
        return Vec::new();
    };
    let mut known: Vec<(String, &str)> = Vec::new();
    let mut problems = Vec::new();
    for (name, _) in &state.keys.0 {
        let Some((database, table)) = name.value.split_once('.') else {
            let what = format!("`{}` does not say its database", name.value);
            let hint = format!("write it as `shop.{}`", name.value);
            problems.push(Problem::new(what).at(&name.place).hint(hint));
            continue;
        };
        let collection = state.collection(database, table);
        if collection == envelopes.documents(database, table) {
            let what = format!(
                "the changes of `{}` and its rows would be in one collection `{collection}`",
                name.value
            );
            problems.push(Problem::new(what).at(&name.place).hint(OWN));
            continue;
        }
        match known.iter().find(|(known, _)| *known == collection) {
            Some((_, other)) => {
                let what = format!(
                    "the rows of `{}` and of `{other}` would be in one collection `{collection}`",
                    name.value
                );
                problems.push(Problem::new(what).at(&name.place).hint(OWN));
            }
            None => known.push((collection, &name.value)),
        }
    }
    problems
}

/// What is wrong with a collection's name.
fn collection(name: &Placed<Text>) -> Option<Problem> {
    let text = name.as_str();
    let fault = match text {
        "" => "a collection needs a name",
        text if text.contains(['$', '\0']) => "a collection's name has no `$`",
        text if text.starts_with("system.") => "names that begin with `system.` are MongoDB's own",
        text if text.len() > 200 => "a collection's name has at most 200 bytes",
        _ => return None,
    };
    Some(Problem::new(fault).at(&name.place))
}

fn key(mongodb: &MongoDb, shape: &Shape) -> Vec<Problem> {
    let mut problems = key_problems((mongodb.mode, &mongodb.key), &mongodb.url.place, shape);
    if let Some(index) = shape
        .schema
        .index_of("_id")
        .ok()
        .filter(|_| !matches!(mongodb.key.as_slice(), [one] if one.as_str() == "_id"))
    {
        let name = shape.schema.field(index).name();
        let message = format!("column `{name}` would be the document's own key");
        let problem = Problem::new(message).at(&mongodb.url.place);
        problems.push(problem.hint("say `key: [_id]`, or give the column another name"));
    }
    problems
}

/// Why no document holds a column.
fn unheld(field: &Field) -> Option<String> {
    if field.name().starts_with('$') || field.name().contains('\0') {
        return Some("a field's name does not begin with `$`".into());
    }
    match plain_type(field.data_type()) {
        DataType::Decimal128(precision, _) | DataType::Decimal256(precision, _)
            if *precision > 34 =>
        {
            Some("MongoDB's decimals have 34 digits; `cast` the column".into())
        }
        list @ (DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..)) => {
            item_field(list).and_then(|item| unheld(item))
        }
        DataType::Struct(fields) => fields.iter().find_map(|field| unheld(field)),
        _ => None,
    }
}

/// What may surprise those who read documents.
pub fn warnings(mongodb: &MongoDb, shape: &Shape) -> Vec<Problem> {
    if mongodb.envelopes.is_some() {
        return Vec::new();
    }
    let finer = |field: &&std::sync::Arc<Field>| {
        matches!(
            plain_type(field.data_type()),
            DataType::Timestamp(TimeUnit::Microsecond | TimeUnit::Nanosecond, _)
        )
    };
    let finer = shape.schema.fields().iter().filter(finer);
    let warning = |field: &std::sync::Arc<Field>| {
        let message = format!(
            "column `{}`: MongoDB's times have milliseconds, what is finer is cut off",
            field.name()
        );
        let problem = Problem::new(message).at(&mongodb.url.place);
        problem.hint("say `timestamp(ms)` as its type, or make it text")
    };
    finer.map(warning).collect()
}

/// Lines that say what will be written.
pub fn describe(mongodb: &MongoDb, shape: &Shape) -> Vec<String> {
    if let Some(envelopes) = &mongodb.envelopes {
        let mut lines = vec![format!(
            "collections {}: a document a change, which replaces itself where it comes again",
            envelopes.documents("{database}", "{table}")
        )];
        lines.extend(envelopes.state.as_ref().map(|state| {
            format!(
                "collections {}: the current state of {}, by the changes' positions in the binlog",
                state.collection("{database}", "{table}"),
                state.keys.names().collect::<Vec<_>>().join(", ")
            )
        }));
        return lines;
    }
    let mode = match mongodb.mode {
        Mode::Append => "documents are added",
        Mode::Truncate => "emptied before the first document",
        Mode::Upsert => "documents of equal key are replaced",
    };
    let name = mongodb.collection(&shape.table);
    vec![format!("collection {name}: {mode}; unordered bulks")]
}
