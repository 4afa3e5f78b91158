//! Avro under a schema that the user has written.

use std::sync::Arc;

use arrow::array::*;
use arrow::datatypes::*;

use crate::domain::{Domain, Range};
use crate::format::avro::ContainerEncoder;
use crate::format::cells::Cells;
use crate::format::tests::*;
use crate::format::{FormatKind, Shape};

/// A schema file beside a pipeline file, and what is wrong with the shape under it.
fn under(schema: &str, options: &str, shape: &Shape) -> Result<ContainerEncoder, String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("s.avsc"), schema).unwrap();
    let source = Arc::new(crate::place::Source::new(
        folder.path().join("p.yaml").display().to_string(),
        format!("avro: {{ schema_file: s.avsc{options} }}"),
    ));
    let node = crate::place::parse(&source).unwrap();
    let FormatKind::Avro(avro) = crate::place::decode(&node).unwrap() else {
        panic!("Avro was written");
    };
    avro.container(shape).map_err(|problems| {
        let said = |problem: &crate::error::Problem| {
            let causes = problem.causes.join(" / ");
            format!(
                "{} | {causes} | {}",
                problem.message,
                problem.hint.as_deref().unwrap_or("-")
            )
        };
        problems.iter().map(said).collect::<Vec<_>>().join("\n")
    })
}

/// The schema of an older system: null second, a plain long for a moment, names of its own order.
#[test]
fn a_schema_file_decides() {
    let schema = r#"{"type":"record","name":"SeedStatusAvro","namespace":"com.example.kafka.avro","doc":"kept","fields":[
        {"name":"dateTimestamp","type":"long"}, {"name":"status","type":["string","null"]},
        {"name":"kind","type":{"type":"enum","name":"Kind","symbols":["A","B"]}},
        {"name":"seedId","type":["int","null"]},
        {"name":"amount","type":{"type":"fixed","name":"Amount","size":9,"logicalType":"decimal","precision":20,"scale":2}}]}"#;
    let kinds: DictionaryArray<Int32Type> = vec!["B", "A"].into_iter().collect();
    let amounts = Decimal64Array::from(vec![-1, 256])
        .with_precision_and_scale(18, 2)
        .unwrap();
    let batch = batch(vec![
        ("seedId", Arc::new(Int64Array::from(vec![Some(3), None]))),
        ("kind", Arc::new(kinds)),
        ("status", Arc::new(StringArray::from(vec![None, Some("x")]))),
        (
            "dateTimestamp",
            Arc::new(TimestampMicrosecondArray::from(vec![2000, 3000])),
        ),
        ("amount", Arc::new(amounts)),
    ]);
    let shape = shape("t", batch.schema());
    let container = under(schema, ", timestamps: millis_long", &shape).unwrap();
    assert!(container.schema.contains(r#""doc":"kept""#));
    let mut cells = Cells::default();
    container.write_datums(&batch, &mut cells).unwrap();
    assert_eq!(
        cells.bytes,
        [
            b"\x04\x02\x02\x00\x06\xff\xff\xff\xff\xff\xff\xff\xff\xff".as_slice(),
            b"\x06\x00\x02x\x00\x02\0\0\0\0\0\0\0\x01\0"
        ]
        .concat()
    );
    let message = under(schema, "", &shape).map(|_| ()).unwrap_err();
    assert_eq!(
        message,
        "column `dateTimestamp` has the type timestamp(us), which the schema's long cannot hold |  | say what the long counts: `timestamps: millis_long` or `timestamps: micros_long`"
    );
}

#[test]
fn what_does_not_fit_a_schema_file_is_said_at_once() {
    let schema = r#"{"type":"record","name":"R","fields":[
        {"name":"id","type":"int"}, {"name":"statu","type":"string"}, {"name":"kind","type":"string"},
        {"name":"price","type":"float"}, {"name":"amount","type":{"type":"bytes","logicalType":"decimal","precision":10,"scale":2}}]}"#;
    let fields = vec![
        Field::new("id", DataType::Int64, true),
        Field::new("status", DataType::Utf8, true),
        Field::new("kind", DataType::Utf8, true),
        Field::new("price", DataType::Float64, true),
        Field::new("amount", DataType::Decimal64(10, 3), true),
    ];
    let mut shape = shape("t", Arc::new(Schema::new(fields)));
    shape.domains[0].range = Some(Range::Integer {
        min: 0,
        max: 1 << 40,
    });
    shape.domains[2] = Domain {
        nulls: true,
        ..Domain::default()
    };
    assert_eq!(
        under(schema, "", &shape).map(|_| ()).unwrap_err(),
        "the schema has no field for column `status` |  | add it to the schema, or leave the column out with the sink's `columns:`\n\
         column `id` reaches 1099511627776, which the schema's type cannot hold |  | narrow the column's range, or make the field a long\n\
         no column for the schema's field `statu` |  | did you mean `status`?\n\
         column `kind` has nulls, which the schema does not allow |  | make the field a union with null, or make the column without nulls: leave `nulls` out, or write `expr: \"coalesce(…)\"`, or where it is read `types: { NAME: { type: …, nullable: false } }`\n\
         column `price` has the type float64, which the schema's float cannot hold |  | give the column a type that fits, or change the schema\n\
         column `amount` has the type decimal(10,3), which the schema's decimal(10,2) cannot hold |  | give the column a type that fits, or change the schema"
    );
    let message = under("{", "", &shape).map(|_| ()).unwrap_err();
    assert!(
        message.starts_with("reading the Avro schema `"),
        "{message}"
    );
    let message = under(r#"["int","string"]"#, "", &shape)
        .map(|_| ())
        .unwrap_err();
    assert_eq!(
        message,
        "the Avro schema cannot be used | the union [\"int\",\"string\"] is not one of null and one other type | -"
    );
    assert_eq!(
        under(schema, ", name: X", &shape).map(|_| ()).unwrap_err(),
        "`name` and `schema_file` are given together |  | the schema file decides it"
    );
}

#[test]
fn values_that_the_schema_cannot_hold_name_their_row() {
    let schema = r#"{"type":"record","name":"R","fields":[{"name":"line","type":["null",{"type":"record","name":"L","fields":[
        {"name":"kind","type":{"type":"enum","name":"K","symbols":["a"]}}]}]}]}"#;
    let line = |values: Vec<Option<&str>>, valid: Vec<bool>| {
        let field = Field::new("kind", DataType::Utf8, true);
        let kinds: ArrayRef = Arc::new(StringArray::from(values));
        let nulls = Some(arrow::buffer::NullBuffer::from(valid));
        batch(vec![(
            "line",
            Arc::new(StructArray::new(vec![field].into(), vec![kinds], nulls)),
        )])
    };
    let check = |values, valid| {
        let batch = line(values, valid);
        let container = under(schema, "", &shape("t", batch.schema())).unwrap();
        let mut cells = Cells::default();
        let result = container.write_datums(&batch, &mut cells);
        result.map(|()| cells.bytes).map_err(|refusal| {
            refusal
                .error(&crate::batch::RowNumbers::From(10))
                .to_string()
        })
    };
    assert_eq!(
        check(vec![None, Some("a")], vec![false, true]),
        Ok(b"\0\x02\0".to_vec())
    );
    assert_eq!(
        check(vec![Some("a"), None], vec![true, true]),
        Err("error: column `line.kind` in row 11 is null, which the schema does not allow\n  hint: make the field a union with null, or make the column without nulls: leave `nulls` out, or write `expr: \"coalesce(…)\"`, or where it is read `types: { NAME: { type: …, nullable: false } }`".into())
    );
    assert_eq!(
        check(vec![Some("b"), Some("c")], vec![false, true]),
        Err("error: column `line.kind` in row 11 is `c`, which the enum has not\n  hint: add the symbol to the schema".into())
    );
}
