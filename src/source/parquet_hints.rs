//! Types as which the library reads columns of Parquet at once, without a conversion after it: decimals of
//! few digits, and texts of dictionaries where somebody can use those.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::basic::{LogicalType, Type};
use parquet::errors::Result as ParquetResult;
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};

use super::retype::EXTENSION;
use crate::column::UUID_EXTENSION;

/// Where rows of two groups come in one batch, their dictionaries are made one: groups have to be so large
/// that few do.
// A batch has at most 16 384 rows: of groups of this size one batch in 32 has rows of two.
const LEAST_GROUP_ROWS: i64 = 1 << 19;

/// The file as it is read with such types.
///
/// # Errors
/// The library refuses them.
pub(super) fn hinted(
    metadata: ArrowReaderMetadata,
    options: &ArrowReaderOptions,
    dictionaries: bool,
) -> ParquetResult<ArrowReaderMetadata> {
    let columns = metadata.schema().fields().iter().enumerate();
    let fields: Vec<FieldRef> = columns
        .map(|(column, field)| hint(&metadata, column, field, dictionaries))
        .collect();
    if metadata.schema().fields().iter().eq(&fields) {
        return Ok(metadata);
    }
    let options = options.clone().with_schema(Arc::new(Schema::new(fields)));
    ArrowReaderMetadata::try_new(metadata.metadata().clone(), options)
}

fn hint(
    metadata: &ArrowReaderMetadata,
    column: usize,
    field: &FieldRef,
    dictionaries: bool,
) -> FieldRef {
    let schema = metadata.parquet_schema();
    let mut leaves =
        (0..schema.num_columns()).filter(|leaf| schema.get_column_root_idx(*leaf) == column);
    let Some(leaf) = leaves.next() else {
        return field.clone();
    };
    let hint = match (field.data_type(), schema.column(leaf).physical_type()) {
        (DataType::Decimal128(digits @ ..=18, scale), Type::INT32 | Type::INT64) => {
            DataType::Decimal64(*digits, *scale)
        }
        (DataType::Utf8, Type::BYTE_ARRAY)
            if dictionaries && has_dictionaries(metadata.metadata(), leaf) =>
        {
            dictionary()
        }
        _ => return field.clone(),
    };
    Arc::new(Field::clone(field).with_data_type(hint))
}

/// The columns with those marked as UUIDs that Parquet itself says are: only who writes an Arrow schema beside
/// them has marked them already.
// Those within lists and structs stay bytes: the library gives arrays of them without a mark.
pub(super) fn with_uuids(metadata: &ArrowReaderMetadata) -> SchemaRef {
    let described = metadata.parquet_schema();
    let mut uuids = HashSet::new();
    for leaf in 0..described.num_columns() {
        if described.column(leaf).logical_type_ref() == Some(&LogicalType::Uuid) {
            uuids.insert(described.get_column_root_idx(leaf));
        }
    }
    let fields = metadata.schema().fields().iter().enumerate();
    let field = |(column, field): (usize, &FieldRef)| {
        let is_uuid =
            *field.data_type() == DataType::FixedSizeBinary(16) && uuids.contains(&column);
        match is_uuid {
            true => Arc::new(marked(field)),
            false => field.clone(),
        }
    };
    Arc::new(Schema::new(fields.map(field).collect::<Vec<_>>()))
}

fn marked(field: &Field) -> Field {
    let mut metadata = field.metadata().clone();
    metadata.insert(EXTENSION.into(), UUID_EXTENSION.into());
    field.clone().with_metadata(metadata)
}

/// What texts of dictionaries are.
pub(super) fn dictionary() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
}

fn has_dictionaries(metadata: &ParquetMetaData, leaf: usize) -> bool {
    let groups = metadata.row_groups();
    let before_last = &groups[..groups.len().saturating_sub(1)];
    let is_large = |group: &RowGroupMetaData| group.num_rows() >= LEAST_GROUP_ROWS;
    let has = |group: &RowGroupMetaData| group.column(leaf).dictionary_page_offset().is_some();
    before_last.iter().all(is_large) && groups.iter().all(has)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use arrow::array::{
        Array, ArrayRef, AsArray, Decimal64Array, Decimal128Array, RecordBatch, StringArray,
    };
    use arrow::datatypes::Decimal64Type;
    use parquet::arrow::ArrowWriter;

    use super::super::{Asked, Opened, Records, SourceKind};
    use super::*;
    use crate::place::{self, decode};

    fn write(path: &Path, columns: Vec<(&str, ArrayRef)>) {
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let file = std::fs::File::create(path).unwrap();
        let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
    }

    fn open(path: &Path, only_read: bool) -> Arc<dyn Records> {
        let text = format!("parquet: {{ path: {} }}", path.display());
        let node = place::parse(&Arc::new(place::Source::new("test", text))).unwrap();
        let source: SourceKind = decode(&node).unwrap();
        let asked = Asked {
            only_read,
            ..Asked::default()
        };
        match source.open(&asked).unwrap() {
            Opened::Records(records) => records,
            Opened::Stream(_) => panic!("a file is no stream"),
        }
    }

    #[test]
    fn decimals_have_the_digits_that_they_say() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.parquet");
        for digits in [4, 9, 10, 18] {
            let most = 10_i64.pow(u32::from(digits)) - 1;
            let written = |values: Vec<Option<i64>>| {
                let array = Decimal64Array::from(values.clone());
                let narrow = array.with_precision_and_scale(digits, 2).unwrap();
                let wide = values.into_iter().map(|value| value.map(i128::from));
                let wide = Decimal128Array::from_iter(wide);
                let wide = wide.with_precision_and_scale(digits, 2).unwrap();
                write(&path, vec![("a", Arc::new(narrow)), ("b", Arc::new(wide))]);
                open(&path, false)
            };
            let good = [Some(1), None, Some(most), Some(-most)];
            let columns = written(good.to_vec()).read(0, 4, &[0, 1]).unwrap().columns;
            for column in &columns {
                let values: Vec<Option<i64>> =
                    column.as_primitive::<Decimal64Type>().iter().collect();
                assert_eq!(values, good);
            }
            if digits == 4 {
                let bad = written(vec![Some(1), None, Some(most + 1)]);
                for column in [0, 1] {
                    let error = bad.read(0, 3, &[column]).err().unwrap().to_string();
                    assert!(error.contains("row 2: 100.00 cannot be read"), "{error}");
                }
            }
        }
    }

    #[test]
    fn a_name_that_stands_twice_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.parquet");
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["a"]));
        write(&path, vec![("s", texts.clone()), ("s", texts)]);
        let text = format!("parquet: {{ path: {} }}", path.display());
        let node = place::parse(&Arc::new(place::Source::new("test", text))).unwrap();
        let source: SourceKind = decode(&node).unwrap();
        let said = source.open(&Asked::default()).err().unwrap().to_string();
        assert!(
            said.contains("two columns are named `s`\n  hint: give one of them another name"),
            "{said}"
        );
    }

    #[test]
    fn texts_stay_in_dictionaries_where_somebody_takes_those() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.parquet");
        let texts = StringArray::from(vec![Some("b"), None, Some("a"), Some("b")]);
        write(&path, vec![("s", Arc::new(texts.clone()))]);
        for only_read in [false, true] {
            let records = open(&path, only_read);
            let read = records.read(1, 3, &[0]).unwrap().columns[0].clone();
            let expected = match only_read {
                true => dictionary(),
                false => DataType::Utf8,
            };
            assert_eq!(records.schema().field(0).data_type(), &expected);
            assert_eq!(read.data_type(), &expected);
            let plain = crate::column::arrays::plain(&read).unwrap();
            assert_eq!(plain.as_ref(), &texts.slice(1, 3) as &dyn Array);
        }
    }
}
