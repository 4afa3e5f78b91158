//! The schema beside a payload: what Kafka Connect's `JsonConverter` writes of a struct.

use arrow::datatypes::Schema;
use serde_json::{Value, json};

use super::value::Told;
use crate::format::ChangeColumns;

/// The fields of a row. All but the key are optional: changes say some of them.
pub(super) fn row(
    schema: &Schema,
    changes: &ChangeColumns,
    columns: &[(usize, Told)],
) -> Vec<Value> {
    let field = |(index, told): &(usize, Told)| {
        let mut field = typed(
            told.connect,
            *index != changes.key,
            schema.field(*index).name(),
        );
        if let Some(name) = told.name {
            field["name"] = name.into();
            field["version"] = 1.into();
        }
        if let Some((scale, precision)) = told.digits {
            field["parameters"] = json!({
                "scale": scale.to_string(),
                "connect.decimal.precision": precision.to_string(),
            });
        }
        field
    };
    columns.iter().map(field).collect()
}

/// The schema of the envelopes of a table, whose name is `server.database.table`.
pub(super) fn envelope(name: &str, row: &[Value]) -> Value {
    let image = |field: &str| json!({ "type": "struct", "fields": row, "optional": true, "name": format!("{name}.Value"), "field": field });
    json!({
        "type": "struct",
        "fields": [
            image("before"),
            image("after"),
            source(),
            transaction(),
            typed("string", false, "op"),
            typed("int64", true, "ts_ms"),
        ],
        "optional": false,
        "name": format!("{name}.Envelope"),
        "version": 2,
    })
}

/// Where a change stands: `io.debezium.connector.mysql.Source`.
fn source() -> Value {
    let fields = [
        ("string", false, "version"),
        ("string", false, "connector"),
        ("string", false, "name"),
        ("int64", false, "ts_ms"),
        ("string", true, "snapshot"),
        ("string", false, "db"),
        ("string", true, "sequence"),
        ("string", true, "table"),
        ("int64", false, "server_id"),
        ("string", true, "gtid"),
        ("string", false, "file"),
        ("int64", false, "pos"),
        ("int32", false, "row"),
        ("int64", true, "thread"),
        ("string", true, "query"),
    ];
    let mut fields = fields.map(|(connect, optional, name)| typed(connect, optional, name));
    // `snapshot` is a text of four words, which Debezium tells as an enumeration of its own.
    fields[4]["name"] = "io.debezium.data.Enum".into();
    fields[4]["version"] = 1.into();
    fields[4]["parameters"] = json!({ "allowed": "true,last,false,incremental" });
    fields[4]["default"] = "false".into();
    json!({
        "type": "struct",
        "fields": fields,
        "optional": false,
        "name": "io.debezium.connector.mysql.Source",
        "field": "source",
    })
}

fn transaction() -> Value {
    json!({
        "type": "struct",
        "fields": [
            typed("string", false, "id"),
            typed("int64", false, "total_order"),
            typed("int64", false, "data_collection_order"),
        ],
        "optional": true,
        "name": "event.block",
        "version": 1,
        "field": "transaction",
    })
}

fn typed(connect: &str, optional: bool, field: &str) -> Value {
    json!({ "type": connect, "optional": optional, "field": field })
}
