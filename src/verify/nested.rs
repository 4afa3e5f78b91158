//! Lists and structs converted to other types: their items and fields are converted as columns of
//! their own would be.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, StructArray, UInt32Array};
use arrow::buffer::OffsetBuffer;
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, Field, FieldRef, Fields};

use crate::error::{Error, Result};
use crate::source::{Converted, careful, missing};

/// What makes other values of a column.
pub(super) type Become<'b> = dyn Fn(&ArrayRef, &DataType) -> Result<Converted> + 'b;

/// Lists and structs converted to `to`, and the rows of which a value cannot be converted; those
/// are null. None for values that are neither.
///
/// # Errors
/// A field of a struct is not there, or of a type that becomes no such one.
pub(super) fn nested(
    values: &ArrayRef,
    to: &DataType,
    become_one: &Become<'_>,
) -> Result<Option<Converted>> {
    let once = |values: &ArrayRef| match (values.data_type(), to) {
        (DataType::List(_), DataType::List(item)) => list(values, item, become_one).map(Some),
        (DataType::LargeList(_) | DataType::FixedSizeList(..), DataType::List(_)) => {
            let (DataType::LargeList(own) | DataType::FixedSizeList(own, _)) = values.data_type()
            else {
                return Ok(None);
            };
            let same = cast(values, &DataType::List(own.clone()))?;
            nested(&same, to, become_one)
        }
        (DataType::Struct(_), DataType::Struct(fields)) => {
            structs(values, fields, become_one).map(Some)
        }
        _ => Ok(None),
    };
    Ok(match once(values)? {
        Some((_, bad)) if !bad.is_empty() => {
            // The first pass has found the rows that cannot be converted. They are null in the
            // second one, which then finds no other.
            once(&without(values, &bad)?)?.map(|(made, _)| (made, bad))
        }
        made => made,
    })
}

/// The values without those of some rows.
pub(super) fn without(values: &ArrayRef, bad: &[usize]) -> Result<ArrayRef> {
    if bad.is_empty() {
        return Ok(values.clone());
    }
    let places = (0..values.len() as u32).map(Some);
    let mut places: Vec<Option<u32>> = places.collect();
    bad.iter().for_each(|row| places[*row] = None);
    Ok(take(values, &UInt32Array::from(places), None)?)
}

fn list(values: &ArrayRef, item: &FieldRef, become_one: &Become<'_>) -> Result<Converted> {
    let list = values.as_list::<i32>();
    let offsets = list.value_offsets();
    // A sliced list shares the items of the whole: only its own are converted.
    let (first, last) = (offsets[0], offsets[list.len()]);
    let items = list.values().slice(first as usize, (last - first) as usize);
    let (made, bad) = become_one(&items, item.data_type())?;
    let row = |item: usize| offsets.partition_point(|end| (end - first) as usize <= item) - 1;
    // Items below a null list may be anything, and are no value of the row.
    let is_there = |item: &usize| list.is_valid(row(*item));
    let bad = bad.into_iter().chain(missing(&made, item));
    let mut rows: Vec<usize> = bad.filter(is_there).map(row).collect();
    tidy(&mut rows);
    let optional = match rows.is_empty() {
        true => item.clone(),
        false => Arc::new(item.as_ref().clone().with_nullable(true)),
    };
    let offsets =
        OffsetBuffer::from_lengths(offsets.windows(2).map(|pair| (pair[1] - pair[0]) as usize));
    let made = ListArray::try_new(optional, offsets, made, list.nulls().cloned())?;
    Ok((Arc::new(made), rows))
}

fn structs(values: &ArrayRef, fields: &Fields, become_one: &Become<'_>) -> Result<Converted> {
    let own = values.as_struct();
    let (mut columns, mut rows) = (Vec::new(), Vec::new());
    for field in fields {
        // By name: readers and writers order fields differently, and by place values of two fields
        // would be exchanged unseen.
        let Some(column) = own.column_by_name(field.name()) else {
            return Err(Error::run(format!("it has no field `{}`", field.name())));
        };
        let (made, bad) = become_one(column, field.data_type())
            .map_err(|error| error.context(format!("its field `{}`", field.name())))?;
        rows.extend(bad.into_iter().chain(missing(&made, field)));
        columns.push(made);
    }
    rows.retain(|row| own.is_valid(*row));
    tidy(&mut rows);
    let optional = |field: &FieldRef| match rows.is_empty() {
        true => field.clone(),
        false => Arc::new(field.as_ref().clone().with_nullable(true)),
    };
    let fields: Fields = fields.iter().map(optional).collect();
    let made = StructArray::try_new_with_length(fields, columns, own.nulls().cloned(), own.len())?;
    Ok((Arc::new(made), rows))
}

fn tidy(rows: &mut Vec<usize>) {
    rows.sort_unstable();
    rows.dedup();
}

/// The type as which values that are texts are read. Dates stay texts, or nobody would see a time
/// of day behind them, and so do times without a zone, or nobody would see an offset. Numbers
/// within lists and structs are read with all of their digits, which a column's own type would cut
/// off there.
pub(super) fn as_written(data_type: &DataType) -> DataType {
    fn within(data_type: &DataType) -> DataType {
        match data_type.is_nested() {
            true => as_written(data_type),
            false => careful(data_type),
        }
    }
    let inner = |field: &Arc<Field>| {
        let data_type = within(field.data_type());
        Arc::new(Field::new(field.name(), data_type, true))
    };
    match data_type {
        DataType::Date32 | DataType::Timestamp(_, None) => DataType::Utf8,
        DataType::List(item) => DataType::List(inner(item)),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(inner).collect()),
        other => other.clone(),
    }
}

/// The fields within lists and structs that are there and that nobody asks for: `address.street`.
pub(super) fn other_fields(name: &str, own: &DataType, wanted: &DataType) -> Vec<String> {
    let item = |data_type: &DataType| match data_type {
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            Some(item.data_type().clone())
        }
        _ => None,
    };
    if let (Some(own), Some(wanted)) = (item(own), item(wanted)) {
        return other_fields(name, &own, &wanted);
    }
    let (DataType::Struct(own), DataType::Struct(wanted)) = (own, wanted) else {
        return Vec::new();
    };
    let each = own.iter().flat_map(|field| {
        let name = format!("{name}.{}", field.name());
        match wanted.find(field.name()) {
            Some((_, wanted)) => other_fields(&name, field.data_type(), wanted.data_type()),
            None => vec![name],
        }
    });
    each.collect()
}

/// A field that stands twice in a struct: readers differ on which of them counts.
pub(super) fn field_twice(data_type: &DataType) -> Option<String> {
    match data_type {
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            field_twice(item.data_type())
        }
        DataType::Struct(fields) => {
            let names: Vec<&String> = fields.iter().map(|field| field.name()).collect();
            let twice = (1..names.len()).find(|at| names[..*at].contains(&names[*at]));
            let within = || {
                fields
                    .iter()
                    .find_map(|field| field_twice(field.data_type()))
            };
            twice.map(|at| names[at].clone()).or_else(within)
        }
        _ => None,
    }
}

/// A field within lists and structs that is not there: its name, and those that are.
pub(super) fn lost_field(
    name: &str,
    own: &DataType,
    wanted: &DataType,
) -> Option<(String, Vec<String>)> {
    let within = other_fields(name, wanted, own);
    let lost = within.into_iter().next()?;
    let others = other_fields(name, own, wanted);
    Some((lost, others))
}

#[cfg(test)]
mod tests {
    use arrow::array::{Float64Array, Int32Array, Int64Array};

    use super::super::exact::exactly;
    use super::*;

    fn item(data_type: DataType, nullable: bool) -> FieldRef {
        Arc::new(Field::new("item", data_type, nullable))
    }

    #[test]
    fn a_list_is_bad_where_an_item_is() {
        let floats = Float64Array::from(vec![Some(9.5), Some(1.0), Some(2.3), None, Some(4.0)]);
        let offsets = OffsetBuffer::from_lengths([1, 2, 0, 1, 1]);
        let own = item(DataType::Float64, true);
        let list = ListArray::new(own, offsets, Arc::new(floats), None);
        let list: ArrayRef = Arc::new(list.slice(1, 4));
        for (nullable, expected) in [(true, vec![0]), (false, vec![0, 2])] {
            let to = DataType::List(item(DataType::Int64, nullable));
            let (made, bad) = exactly(&list, &to).unwrap();
            assert_eq!((made.data_type(), bad), (&to, expected.clone()));
            assert!(made.is_null(0) && made.is_valid(1) && made.is_valid(3));
            assert_eq!(
                made.as_list::<i32>().value(3).as_ref(),
                &Int64Array::from(vec![4])
            );
        }
    }

    #[test]
    fn fields_go_by_their_names() {
        let of = |names: [&str; 2], types: [DataType; 2]| {
            let fields = names.iter().zip(types);
            let fields = fields.map(|(name, data_type)| Field::new(*name, data_type, true));
            fields.collect::<Fields>()
        };
        let ints = || -> ArrayRef { Arc::new(Int32Array::from(vec![1, 2])) };
        let floats: ArrayRef = Arc::new(Float64Array::from(vec![1.0, 2.5]));
        let fields = of(["b", "a"], [DataType::Float64, DataType::Int32]);
        let own: ArrayRef = Arc::new(StructArray::new(fields, vec![floats, ints()], None));
        let wanted = of(["a", "b"], [DataType::Int64, DataType::Int64]);
        let (made, bad) = exactly(&own, &DataType::Struct(wanted)).unwrap();
        assert_eq!(bad, [1]);
        assert_eq!(
            made.as_struct().column(0).as_ref(),
            &Int64Array::from(vec![Some(1), None])
        );
        let other = DataType::Struct(of(["a", "q"], [DataType::Int64, DataType::Int64]));
        assert!(exactly(&own, &other).is_err());
        let name = |own: &DataType, to: &DataType| other_fields("v", own, to);
        assert_eq!(name(own.data_type(), &other), ["v.b"]);
        let list = |data_type: &DataType| DataType::List(item(data_type.clone(), true));
        assert_eq!(name(&list(own.data_type()), &list(&other)), ["v.b"]);
        let lost = lost_field("v", own.data_type(), &other);
        assert_eq!(lost, Some(("v.q".into(), vec!["v.b".into()])));
    }
}
