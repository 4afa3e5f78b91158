//! What has been seen of a field's values, and the type that holds all of them.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field};
use serde_json::Error;
use serde_json::value::RawValue;

use crate::source::json_raw::{JsonKind, RawFields, fields, items};
use crate::source::kinds::Kinds;

/// The values of one field, of everything in them, too.
#[derive(Debug, Default)]
pub(super) struct SeenValues {
    scalars: Kinds,
    items: Option<Box<Self>>,
    fields: SeenFields,
    /// The first scalar, list and object.
    first: [Option<FirstSeen>; 3],
}

/// A value that was the first of its kind: its file's place in the set, its line and its shape.
pub(super) type FirstSeen = (usize, u64, JsonKind);

/// Fields in the order in which they were first seen.
#[derive(Debug, Default)]
pub(super) struct SeenFields {
    all: Vec<(String, SeenValues)>,
    places: HashMap<String, usize>,
}

/// A field whose values are of kinds that no type holds.
#[derive(Debug)]
pub(super) struct Conflict {
    /// The way to it.
    pub(super) path: String,
    /// The first values of each kind, in the order of files and lines.
    pub(super) kinds: Vec<FirstSeen>,
}

impl SeenValues {
    /// Looks at a value of the object in this line.
    pub(super) fn look(&mut self, value: &RawValue, line: u64) -> Result<(), Error> {
        let shape = JsonKind::of(value);
        let (place, kinds) = match shape {
            JsonKind::Null => return Ok(()),
            JsonKind::Boolean => (0, Kinds::BOOLEAN),
            JsonKind::Text => (0, Kinds::TEXT),
            JsonKind::Number => (0, Kinds::of(value.get().as_bytes())),
            JsonKind::List => {
                let seen = self.items.get_or_insert_default();
                for item in items(value)? {
                    seen.look(item, line)?;
                }
                (1, Kinds::default())
            }
            JsonKind::Object => {
                self.fields.look(fields(value.get().as_bytes())?, line)?;
                (2, Kinds::default())
            }
        };
        self.scalars = self.scalars.and(kinds);
        // Each file is looked at as if it were the only one; `merge` gives its place in the set.
        self.first[place].get_or_insert((0, line, shape));
        Ok(())
    }

    /// Adds what a later file of the set has.
    fn merge(&mut self, other: Self, file: usize) {
        self.scalars = self.scalars.and(other.scalars);
        if let Some(items) = other.items {
            self.items.get_or_insert_default().merge(*items, file);
        }
        self.fields.merge(other.fields, file);
        for (known, found) in self.first.iter_mut().zip(other.first) {
            if let Some((_, line, shape)) = found {
                known.get_or_insert((file, line, shape));
            }
        }
    }

    /// The narrowest type that holds everything seen.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn data_type(&self, path: &str) -> Result<DataType, Conflict> {
        match self.first {
            // Numbers beside texts have a type that holds both, text. A list or an object beside a
            // number has none that a reader of either would expect, so that this is asked.
            [_, None, None] => Ok(self.scalars.data_type()),
            [None, Some(_), None] => {
                let items = self.items.as_ref();
                let item = items.map(|items| items.data_type(&format!("{path}[]")));
                Ok(DataType::List(Arc::new(Field::new_list_field(
                    item.transpose()?.unwrap_or(DataType::Utf8),
                    true,
                ))))
            }
            // Objects of nothing are their text: columns of nothing are none.
            [None, None, Some(_)] if self.fields.all.is_empty() => Ok(DataType::Utf8),
            [None, None, Some(_)] => {
                let fields = self.fields.types(&format!("{path}."), |_| None)?;
                Ok(DataType::Struct(fields.into()))
            }
            first => {
                let mut kinds: Vec<FirstSeen> = first.into_iter().flatten().collect();
                kinds.sort_by_key(|(file, line, _)| (*file, *line));
                let path = path.to_string();
                Err(Conflict { path, kinds })
            }
        }
    }
}

impl SeenFields {
    /// Looks at the fields of the object in this line.
    pub(super) fn look(&mut self, fields: RawFields<'_>, line: u64) -> Result<(), Error> {
        for (place, (name, value)) in fields.0.into_iter().enumerate() {
            // Most objects have the same fields in the same order.
            let place = match self.all.get(place).is_some_and(|(known, _)| *known == name) {
                true => place,
                false => self.place(&name),
            };
            self.all[place].1.look(value, line)?;
        }
        Ok(())
    }

    /// Adds what a later file of the set has.
    pub(super) fn merge(&mut self, other: Self, file: usize) {
        for (name, seen) in other.all {
            let place = self.place(&name);
            self.all[place].1.merge(seen, file);
        }
    }

    fn place(&mut self, name: &str) -> usize {
        if let Some(place) = self.places.get(name) {
            return *place;
        }
        let place = self.all.len();
        self.all.push((name.to_string(), SeenValues::default()));
        self.places.insert(name.to_string(), place);
        place
    }

    /// Every field with its type: the one that is said, or else the one that holds its values.
    ///
    /// # Errors
    /// No type holds a field's values.
    pub(super) fn types(
        &self,
        before: &str,
        said: impl Fn(&str) -> Option<Field>,
    ) -> Result<Vec<Field>, Conflict> {
        let field = |(name, seen): &(String, SeenValues)| match said(name) {
            Some(field) => Ok(field),
            None => {
                let data_type = seen.data_type(&format!("{before}{name}"))?;
                Ok(Field::new(name, data_type, true))
            }
        };
        self.all.iter().map(field).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::show_type;

    /// The type of `v` in these objects, one a line, or what stands against each other.
    fn of(values: &[&str]) -> String {
        let mut seen = SeenFields::default();
        for (line, value) in values.iter().enumerate() {
            let object = format!("{{\"v\":{value}}}");
            let fields = fields(object.as_bytes()).unwrap();
            seen.look(fields, line as u64).unwrap();
        }
        match seen.types("", |_| None) {
            Ok(fields) => show_type(fields[0].data_type()),
            Err(conflict) => format!("{} {:?}", conflict.path, conflict.kinds),
        }
    }

    #[test]
    fn the_narrowest_type_holds_every_value() {
        let cases: &[(&[&str], &str)] = &[
            (&["1", "-2", "null"], "int64"),
            (&["1", "2.5", "1e3"], "float64"),
            (&["1", "\"n/a\""], "utf8"),
            (&["true", "false"], "boolean"),
            (&["true", "1"], "utf8"),
            (&["null"], "utf8"),
            (&["\"2026-01-31\""], "utf8"),
            (&["18446744073709551615"], "uint64"),
            (&["18446744073709551616"], "utf8"),
            (&["9007199254740993", "0.5"], "utf8"),
            (&["1e400", "1"], "utf8"),
            (&["0.1234567890123456789", "1.5"], "utf8"),
            (&["[0.1]", "[3.14159265358979323846]"], "list of utf8"),
            (&["[]", "null"], "list of utf8"),
            (&["[1]", "[null, 2.5]", "[]"], "list of float64"),
            (&["[1, \"x\"]"], "list of utf8"),
            (&["[[1],[]]", "[[]]"], "list of list of int64"),
            (&["{}", "null"], "utf8"),
            (&["{\"a\":1}", "{\"b\":2}", "{}"], "struct of a, b"),
            (&["1", "{\"a\":1}"], "v [(0, 0, Number), (0, 1, Object)]"),
            (&["[1]", "null", "\"x\""], "v [(0, 0, List), (0, 2, Text)]"),
            (
                &["{\"a\":[{\"b\":[]},{\"b\":true}]}"],
                "v.a[].b [(0, 0, Boolean), (0, 0, List)]",
            ),
        ];
        for (values, expected) in cases {
            assert_eq!(of(values), *expected, "{values:?}");
        }
    }

    #[test]
    fn files_together_have_what_one_file_of_all_objects_has() {
        let of = |objects: &[&str]| {
            let mut all = SeenFields::default();
            for (file, object) in objects.iter().enumerate() {
                let mut seen = SeenFields::default();
                seen.look(fields(object.as_bytes()).unwrap(), 7).unwrap();
                all.merge(seen, file);
            }
            all.types("", |_| None)
        };
        let objects = [
            r#"{"a":1,"s":{"x":1},"l":[1]}"#,
            r#"{"b":null,"s":{"y":[]},"l":[0.5],"a":"n/a"}"#,
            r#"{"s":{"x":null,"y":[true]},"l":null}"#,
        ];
        let shown: Vec<String> = of(&objects)
            .unwrap()
            .iter()
            .map(|field| format!("{} {}", field.name(), show_type(field.data_type())))
            .collect();
        assert_eq!(
            shown,
            ["a utf8", "s struct of x, y", "l list of float64", "b utf8"]
        );
        let conflict = of(&[r#"{"s":{"x":1}}"#, "{}", r#"{"s":{"x":[]}}"#]).unwrap_err();
        assert_eq!(conflict.path, "s.x");
        assert_eq!(
            conflict.kinds,
            [(0, 7, JsonKind::Number), (2, 7, JsonKind::List)]
        );
    }

    #[test]
    fn fields_keep_the_order_in_which_they_were_first_seen() {
        let mut seen = SeenFields::default();
        for object in [
            "{\"b\":1}",
            "{\"a\":1,\"b\":2}",
            "{\"c\":1,\"a\":2,\"a\":3}",
        ] {
            seen.look(fields(object.as_bytes()).unwrap(), 0).unwrap();
        }
        let fields = seen.types("", |_| None).unwrap();
        let names: Vec<&str> = fields.iter().map(|field| field.name().as_str()).collect();
        assert_eq!(names, ["b", "a", "c"]);
    }
}
