//! Values of PostgreSQL's own: types that only it has, and the ends of those that are the same here.

use arrow::array::AsArray;
use arrow::datatypes::{
    Date32Type, Decimal128Type, Float32Type, Float64Type, Int64Type, TimestampMicrosecondType,
};

use crate::postgres::{fresh, sql};
use crate::postgres_source::{batch, ends_well, read};

#[test]
fn types_of_its_own_are_read() {
    let name = fresh("own");
    sql(&format!(
        "CREATE TYPE {name}_mood AS ENUM ('sad', 'ok'); CREATE DOMAIN {name}_price AS numeric(8,2) CHECK (value > 0); CREATE DOMAIN {name}_count AS int; CREATE TYPE {name}_pair AS (a int, b text); \
         CREATE TABLE {name} (id smallint PRIMARY KEY, mood {name}_mood, moods {name}_mood[], price {name}_price, prices {name}_count[], pair {name}_pair, vc varchar(5), ch char(3), n name, j json, jb jsonb, x xml, \
         ip inet, net cidr[], span interval, clock timetz, box box, r int4range, bits bit(3), bare numeric, whole numeric, thousands numeric(2,-3), far numeric(2,4), many numeric(60,2), late timestamptz, spans interval[], ones bigint[]); \
         INSERT INTO {name} VALUES (-1, 'ok', '{{sad,NULL}}', 12.5, '{{3}}', '(1,\"x y\")', 'é', 'a', 'nm', '{{\"a\": 1}}', '{{\"a\":1}}', '<a/>', '10.0.0.1/8', '{{10.0.0.0/8}}', '1 day 02:03', '12:00+02', '(1,1),(0,0)', '[1,5)', B'101', 1.50, 42, 12345, 0.0012, 1e50, 'infinity', '{{1 mon}}', '[5:6]={{7,8}}'), \
         (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'NaN', NULL, NULL, NULL, NULL, '2026-01-01', '{{}}', NULL)"
    ));
    let folder = tempfile::tempdir().unwrap();
    let types = "    types: { bare: utf8, whole: int64, many: utf8, late: utf8 }\n";
    let sink = "  - file: { table: t, path: out.jsonl }\n";
    ends_well(
        folder.path(),
        &read(&format!("table: {name}"), types, sink),
        &[],
    );
    let lines = std::fs::read_to_string(folder.path().join("out.jsonl")).unwrap();
    let many = format!("1{}.00", "0".repeat(50));
    let first = format!(
        r#"{{"id":-1,"mood":"ok","moods":["sad",null],"price":12.50,"prices":[3],"pair":"(1,\"x y\")","vc":"é","ch":"a  ","n":"nm","j":"{{\"a\": 1}}","jb":"{{\"a\": 1}}","x":"<a/>","ip":"10.0.0.1/8","net":["10.0.0.0/8"],"span":"1 day 02:03:00","clock":"12:00:00+02","box":"(1,1),(0,0)","r":"[1,5)","bits":"101","bare":"1.50","whole":42,"thousands":12000,"far":0.0012,"many":"{many}","late":"infinity","spans":["1 mon"],"ones":[7,8]}}"#
    );
    let second = r#"{"id":2,"mood":null,"moods":null,"price":null,"prices":null,"pair":null,"vc":null,"ch":null,"n":null,"j":null,"jb":null,"x":null,"ip":null,"net":null,"span":null,"clock":null,"box":null,"r":null,"bits":null,"bare":"NaN","whole":null,"thousands":null,"far":null,"many":null,"late":"2026-01-01 00:00:00+00","spans":[],"ones":null}"#;
    assert_eq!(lines, format!("{first}\n{second}\n"));
}

#[test]
fn values_at_the_ends_of_their_types_are_read() {
    let name = fresh("ends");
    let moments = [
        "4713-01-01 00:00:00 BC",
        "0044-03-15 12:00:00.000001 BC",
        "0001-01-01",
        "1969-12-31 23:59:59.999999",
        "9999-12-31 23:59:59.999999",
        "12026-01-01",
    ];
    let days = [
        "4713-01-01 BC",
        "0044-03-15 BC",
        "0001-01-01",
        "1969-12-31",
        "9999-12-31",
        "5874897-12-31",
    ];
    let floats = [
        "NaN",
        "Infinity",
        "-Infinity",
        "-0",
        "1e-45",
        "3.4028235e38",
    ];
    sql(&format!(
        "CREATE TABLE {name} (k int PRIMARY KEY, at timestamp, zoned timestamptz, day date, f4 real, f8 double precision, n numeric(38,0), i8 bigint)"
    ));
    for key in 0..6 {
        let (at, day, float) = (moments[key], days[key], floats[key]);
        let sign = ["", "-"][key % 2];
        sql(&format!(
            "SET timezone = 'UTC'; INSERT INTO {name} VALUES ({key}, '{at}', '{at}', '{day}', '{float}', '{float}', {sign}99999999999999999999999999999999999999, '{sign}9223372036854775807')"
        ));
    }
    let folder = tempfile::tempdir().unwrap();
    let sink = "  - file: { table: t, path: out.parquet, format: { parquet: { compatibility: latest } } }\n";
    ends_well(
        folder.path(),
        &read(&format!("table: {name}"), "", sink),
        &[],
    );
    let read = batch(&folder.path().join("out.parquet"));
    // What the server counts is what is there.
    let counted = |expression: &str| -> Vec<i64> {
        let found = sql(&format!(
            "SELECT ({expression})::int8 FROM {name} ORDER BY k"
        ));
        found.lines().map(|line| line.parse().unwrap()).collect()
    };
    let micros = "trunc(extract(epoch from #) * 1000000)";
    for column in ["at", "zoned"] {
        let found = read.column_by_name(column).unwrap();
        let found = found.as_primitive::<TimestampMicrosecondType>().values();
        assert_eq!(found[..], counted(&micros.replace('#', column)), "{column}");
    }
    let found = read
        .column_by_name("day")
        .unwrap()
        .as_primitive::<Date32Type>();
    let found: Vec<i64> = found.values().iter().map(|day| i64::from(*day)).collect();
    assert_eq!(found, counted("day - date '1970-01-01'"));
    let expected: Vec<f32> = floats.iter().map(|text| text.parse().unwrap()).collect();
    let found = read
        .column_by_name("f4")
        .unwrap()
        .as_primitive::<Float32Type>();
    let bits = |values: &[f32]| {
        values
            .iter()
            .map(|value| value.to_bits())
            .collect::<Vec<_>>()
    };
    assert_eq!(bits(found.values()), bits(&expected));
    let expected: Vec<f64> = floats.iter().map(|text| text.parse().unwrap()).collect();
    let found = read
        .column_by_name("f8")
        .unwrap()
        .as_primitive::<Float64Type>();
    let bits = |values: &[f64]| {
        values
            .iter()
            .map(|value| value.to_bits())
            .collect::<Vec<_>>()
    };
    assert_eq!(bits(found.values()), bits(&expected));
    let most = 10_i128.pow(38) - 1;
    let found = read
        .column_by_name("n")
        .unwrap()
        .as_primitive::<Decimal128Type>();
    assert_eq!(found.values()[..2], [most, -most]);
    let found = read
        .column_by_name("i8")
        .unwrap()
        .as_primitive::<Int64Type>();
    assert_eq!(found.values()[..2], [i64::MAX, -i64::MAX]);
}
