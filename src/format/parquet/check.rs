//! What a Parquet file cannot hold as asked, and what its readers may not expect.

use arrow::datatypes::{DataType, Field, IntervalUnit, TimeUnit};
use parquet::arrow::ArrowSchemaConverter;
use parquet::basic::{Compression, Type};
use parquet::schema::types::SchemaDescriptor;

use super::codec::{ColumnEncoding, PageCodec};
use super::{ColumnOptions, Compatibility, Parquet, schema};
use crate::error::{Problem, did_you_mean};
use crate::format::Shape;
use crate::place::Placed;
use crate::type_names::contains;

type TakesType = fn(&Type) -> bool;

/// Everything that cannot be written as asked.
pub(super) fn problems(options: &Parquet, shape: &Shape) -> Vec<Problem> {
    let mut problems = zeros(options);
    if shape.schema.fields().is_empty() {
        let what = format!("a Parquet file of `{}` has no column left", shape.table);
        let hint = "write at least one column that `partition_by` does not name";
        problems.push(Problem::new(what).hint(hint));
    }
    problems.extend(codec_problem(options, options.compression.as_ref()));
    for field in shape.schema.fields() {
        let problem = type_problem(options.compatibility, field);
        problems.extend(problem.map(|(why, hint)| {
            Problem::new(format!("`{}.{}`: {why}", shape.table, field.name())).hint(hint)
        }));
    }
    // The library panics at what it has no Parquet type for.
    if shape
        .schema
        .fields()
        .iter()
        .any(|field| contains(field, &is_union))
    {
        return problems;
    }
    match ArrowSchemaConverter::new().convert(&schema::logical(&shape.schema)) {
        Ok(described) => {
            for (name, column) in &options.columns.0 {
                problems.extend(column_problems(options, name, column, shape, &described));
            }
        }
        Err(error) => {
            let what = format!("the table `{}` cannot be Parquet", shape.table);
            problems.push(Problem::new(what).cause(error));
        }
    }
    problems
}

/// What readers may not expect.
pub(super) fn warnings(shape: &Shape) -> Vec<Problem> {
    let unsigned = |field: &Field| contains(field, &|inner| *inner == DataType::UInt64);
    let fields = shape.schema.fields().iter();
    let surprising = fields.filter(|field| unsigned(field));
    let warning = |name: &str| {
        Problem::new(format!(
            "Spark reads `{}.{name}` as decimal(20,0)",
            shape.table
        ))
        .cause("its type is uint64, and Spark has no unsigned integers")
        .hint("use int64 where the values fit")
    };
    surprising.map(|field| warning(field.name())).collect()
}

fn zeros(options: &Parquet) -> Vec<Problem> {
    let counts = [
        ("row_group_rows", &options.row_group_rows),
        ("page_rows", &options.page_rows),
    ];
    let bytes = [
        ("row_group_bytes", &options.row_group_bytes),
        ("page_size", &options.page_size),
        ("dictionary_limit", &options.dictionary_limit),
    ];
    let counts = counts.into_iter().filter_map(|(name, count)| {
        let count = count.as_ref()?;
        (count.0 == 0).then_some((name, &count.place))
    });
    let bytes = bytes.into_iter().filter_map(|(name, bytes)| {
        let bytes = bytes.as_ref()?;
        (bytes.0 == 0).then_some((name, &bytes.place))
    });
    counts
        .chain(bytes)
        .map(|(name, place)| Problem::new(format!("`{name}` cannot be 0")).at(place))
        .collect()
}

fn codec_problem(options: &Parquet, codec: Option<&Placed<PageCodec>>) -> Option<Problem> {
    let codec = codec?;
    let brotli = matches!(codec.value, PageCodec::Named(Compression::BROTLI(_)));
    (brotli && options.compatibility == Compatibility::Spark).then(|| {
        Problem::new("Spark cannot read brotli")
            .at(&codec.place)
            .hint("use `zstd`, or allow it with `compatibility: latest`")
    })
}

fn is_union(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Union(..))
}

/// Why a column's type cannot be written, and what to do.
fn type_problem(
    compatibility: Compatibility,
    field: &Field,
) -> Option<(&'static str, &'static str)> {
    let has = |wanted: &dyn Fn(&DataType) -> bool| contains(field, wanted);
    let seconds = |data_type: &DataType| {
        matches!(
            data_type,
            DataType::Timestamp(TimeUnit::Second, _) | DataType::Time32(TimeUnit::Second)
        )
    };
    if has(&is_union) {
        return Some((
            "Parquet has no unions of several types",
            "leave it out with the sink's `columns:`",
        ));
    }
    let months =
        |data_type: &DataType| matches!(data_type, DataType::Interval(IntervalUnit::MonthDayNano));
    if has(&months) {
        return Some((
            "Parquet cannot hold durations of months, days and parts of days",
            "leave it out with the sink's `columns:`",
        ));
    }
    // The format's units are milliseconds, microseconds and nanoseconds. They are not changed
    // silently: other numbers would stand in the file than in the table.
    if has(&seconds) {
        return Some((
            "Parquet has no times of whole seconds",
            "`type: timestamp(ms)` on a column that is made; of one that is read, the column `{ type: timestamp(ms), copy: NAME }`",
        ));
    }
    if compatibility == Compatibility::Latest {
        return None;
    }
    if has(&|inner| matches!(inner, DataType::Time32(_) | DataType::Time64(_))) {
        let hint = "use a timestamp or text, or allow it with `compatibility: latest`";
        return Some(("Spark cannot read times of day", hint));
    }
    if has(&|inner| matches!(inner, DataType::Timestamp(TimeUnit::Nanosecond, _))) {
        let hint = "use `timestamp(us)`, or allow it with `compatibility: latest`";
        return Some(("Spark cannot read timestamps of nanoseconds", hint));
    }
    None
}

fn column_problems(
    options: &Parquet,
    name: &Placed<String>,
    column: &ColumnOptions,
    shape: &Shape,
    described: &SchemaDescriptor,
) -> Vec<Problem> {
    let leaves: Vec<Type> = described
        .columns()
        .iter()
        .filter(|leaf| leaf.path().parts().first() == Some(&name.value))
        .map(|leaf| leaf.physical_type())
        .collect();
    if leaves.is_empty() {
        let names = shape
            .schema
            .fields()
            .iter()
            .map(|field| field.name().as_str());
        let hint = did_you_mean(name.as_str(), names);
        let what = format!("`{}` has no column `{}`", shape.table, name.as_str());
        return vec![Problem::new(what).at(&name.place).maybe_hint(hint)];
    }
    let mut problems = Vec::new();
    problems.extend(codec_problem(options, column.compression.as_ref()));
    problems.extend(encoding_problem(options, name, column, &leaves));
    problems.extend(bloom_problem(name, column, &leaves));
    problems
}

fn encoding_problem(
    options: &Parquet,
    name: &Placed<String>,
    column: &ColumnOptions,
    leaves: &[Type],
) -> Option<Problem> {
    let encoding = column.encoding.as_ref()?;
    let split = encoding.value == ColumnEncoding::ByteStreamSplit;
    if split && options.compatibility == Compatibility::Spark {
        let problem = Problem::new("Spark cannot read the encoding `byte_stream_split`");
        let hint = "leave it out, or allow it with `compatibility: latest`";
        return Some(problem.at(&encoding.place).hint(hint));
    }
    let (takes, what) = taken(encoding.value)?;
    (!leaves.iter().all(takes)).then(|| {
        let encoding_name = encoding.value.name();
        let column = name.as_str();
        Problem::new(format!("`{column}` cannot be encoded as `{encoding_name}`"))
            .cause(format!("`{encoding_name}` takes {what}"))
            .at(&encoding.place)
    })
}

/// The physical types that an encoding takes, and how people call them; none if it takes all.
fn taken(encoding: ColumnEncoding) -> Option<(TakesType, &'static str)> {
    Some(match encoding {
        ColumnEncoding::Auto | ColumnEncoding::Plain => return None,
        ColumnEncoding::Dictionary => (|leaf| *leaf != Type::BOOLEAN, "everything but booleans"),
        ColumnEncoding::DeltaBinaryPacked => (
            |leaf| matches!(leaf, Type::INT32 | Type::INT64),
            "integers, dates, timestamps and decimals of up to 18 digits",
        ),
        ColumnEncoding::DeltaLengthByteArray => {
            (|leaf| *leaf == Type::BYTE_ARRAY, "text and binary")
        }
        ColumnEncoding::DeltaByteArray => (
            |leaf| matches!(leaf, Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY),
            "text and binary",
        ),
        ColumnEncoding::ByteStreamSplit => (
            |leaf| !matches!(leaf, Type::BOOLEAN | Type::BYTE_ARRAY),
            "numbers and fixed binary",
        ),
    })
}

fn bloom_problem(
    name: &Placed<String>,
    column: &ColumnOptions,
    leaves: &[Type],
) -> Option<Problem> {
    let filter = column.bloom_filter.as_ref()?;
    let figures = filter.figures()?;
    let outside = |fpp: f64| fpp <= 0.0 || fpp >= 1.0;
    if figures.fpp.is_some_and(|fpp| outside(fpp.0)) {
        let what = "`fpp` must be between 0 and 1, both excluded";
        return Some(Problem::new(what).at(&filter.place));
    }
    leaves.contains(&Type::BOOLEAN).then(|| {
        let what = format!("`{}` is boolean and takes no Bloom filter", name.as_str());
        Problem::new(what).at(&filter.place)
    })
}
