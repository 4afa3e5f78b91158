//! What other tools call generators and types, and ours that do the same.

/// What generators of other tools are called, and ours that do the same.
// Names that are too far from ours for `did_you_mean`: `email` and `regex` are near none of them. A
// name stands in one list only; `ours` takes the first that has it.
const ELSEWHERE: &[(&[&str], &str)] = &[
    (
        &[
            "domain",
            "domain_name",
            "host",
            "hostname",
            "ip",
            "ip_address",
            "ipv4",
            "ipv6",
            "mac",
            "mac_address",
            "uri",
            "url",
            "user_agent",
        ],
        "`internet: { show: ipv4 }` makes addresses of hosts: ipv4, ipv6, mac, domain, host, url, email, user_agent",
    ),
    (
        &[
            "bic",
            "business",
            "company_name",
            "ein",
            "employer",
            "industry",
            "tax_id",
            "vat",
        ],
        "`company` makes companies: with `c: { company: {}, hidden: true }`, the column `{ copy: c.industry }` is their industry",
    ),
    (
        &["card", "card_number", "cc_number", "creditcard", "pan"],
        "`credit_card` makes cards: with `card: { credit_card: {} }`, the column `{ copy: card.brand }` is their brand",
    ),
    (
        &[
            "geo",
            "geo_point",
            "lat",
            "latitude",
            "lng",
            "location",
            "lon",
            "longitude",
            "point",
        ],
        "`coordinates` makes points: with `at: { coordinates: { country: IT }, hidden: true }`, the column `{ copy: at.latitude }` is their latitude",
    ),
    (
        &[
            "address",
            "age",
            "birthdate",
            "birthday",
            "city",
            "country",
            "e_mail",
            "email",
            "fake",
            "faker",
            "first_name",
            "full_name",
            "gender",
            "job",
            "job_title",
            "last_name",
            "locale",
            "mobile",
            "name",
            "names",
            "nickname",
            "password",
            "person",
            "phone",
            "postal_code",
            "postcode",
            "sex",
            "street",
            "surname",
            "title",
            "user_name",
            "username",
            "zip",
            "zip_code",
            "zipcode",
        ],
        "`person` makes people: with `p: { person: {}, hidden: true }`, the column `{ copy: p.email }` is their e-mail address",
    ),
    (
        &[
            "alphanumeric",
            "barcode",
            "bothify",
            "ean",
            "isbn",
            "lexify",
            "license_plate",
            "numerify",
            "phone_pattern",
            "random_string",
            "regex",
            "regexify",
            "regexp",
            "rex",
            "sku",
        ],
        "`pattern: '[A-Z]{2}\\d{4}'` makes text that follows a pattern",
    ),
    (
        &[
            "categorical",
            "category",
            "choices",
            "color",
            "colour",
            "currency",
            "department",
            "element",
            "enum",
            "item",
            "list_of",
            "one_of",
            "oneof",
            "pick",
            "product",
            "random_choice",
            "random_element",
            "sample",
            "set",
            "status",
            "values",
            "weighted",
        ],
        "`choice: [A, B]` makes one of a few values, `choice: { A: 9, B: 1 }` with weights",
    ),
    (
        &[
            "amount",
            "between",
            "bigint",
            "byte",
            "decimal",
            "double",
            "double_precision",
            "float",
            "int",
            "int32",
            "int64",
            "integer",
            "long",
            "money",
            "number",
            "numeric",
            "percentage",
            "price",
            "rand",
            "random",
            "random_int",
            "range",
            "real",
            "short",
            "smallint",
            "tinyint",
        ],
        "`uniform: { min: 1, max: 100 }` makes numbers; `type:` beside it says which",
    ),
    (
        &[
            "date",
            "date_between",
            "date_time",
            "datetime",
            "epoch",
            "future",
            "iso_date",
            "past",
            "recent",
            "time",
            "timestamp",
            "unix_time",
        ],
        "`{ type: date, uniform: { min: 2026-01-01, max: 2026-12-31 } }` makes dates and times, `event_time` makes times that rise",
    ),
    (
        &[
            "lorem",
            "paragraph",
            "random_text",
            "sentence",
            "sentences",
            "string",
            "text",
            "varchar",
            "word",
            "words_of",
        ],
        "`words: {}` makes text, `pattern` and `template` make codes",
    ),
    (
        &[
            "auto_increment",
            "autoincrement",
            "counter",
            "id",
            "identity",
            "increment",
            "index",
            "row_number",
            "rowid",
            "rownum",
            "seq",
            "serial",
        ],
        "`sequence: { start: 1 }` counts the rows",
    ),
    (
        &["guid", "uuid4", "uuid7", "uuid_v4", "uuidv4"],
        "`uuid: {}` makes UUIDs",
    ),
    (&["boolean"], "`bool: { true: 0.3 }` makes true and false"),
    (
        &["const", "fixed", "literal", "static", "value"],
        "`constant: 1` makes the same value in every row",
    ),
    (
        &[
            "fk",
            "foreign",
            "foreign_key_to",
            "lookup_parent",
            "parent",
            "ref",
            "reference_to",
            "references",
        ],
        "`foreign_key: { ref: customers.customer_id }` makes keys of another table's rows",
    ),
    (
        &["concat", "format"],
        "`template: \"ORD-{row:08}\"` makes text of other columns",
    ),
    (
        &["gauss", "gaussian"],
        "`normal: { mean: 170, stddev: 9 }` makes the bell curve",
    ),
    (
        &[
            "calculated",
            "compute",
            "computed",
            "derived",
            "expression",
            "formula",
            "sql",
        ],
        "`expr: \"price * 1.22\"` computes a value from other columns",
    ),
    (
        &["function", "gen", "generator", "kind", "provider"],
        "the generator is the key itself: `{ sequence: {} }`, not `{ generator: sequence }`",
    ),
    (
        &["array", "repeat_of"],
        "`list: { length: 3, of: { choice: [a, b] } }` makes lists",
    ),
    (
        &["map", "object", "record"],
        "`struct: { a: sequence }` holds columns",
    ),
    (
        &["null", "null_probability", "null_rate", "null_ratio"],
        "`nulls: 0.1` makes a tenth of the values null",
    ),
    (
        &["default"],
        "a column's values are made by its generator: `constant: 1` for the same in all rows",
    ),
    (
        &["primary_key"],
        "`{ sequence: {}, unique: true }` proves that no value stands twice",
    ),
];

/// What types of other tools are called, and ours.
const TYPES_ELSEWHERE: &[(&[&str], &str)] = &[
    (
        &["float"],
        "write `float32`, or `float64` for twice the digits",
    ),
    (&["long"], "write `int64`"),
    (&["short"], "write `int16`"),
    (&["byte"], "write `int8`, or `binary` for bytes"),
    (
        &["datetime", "datetime64", "timestamptz"],
        "write `\"timestamp(us, UTC)\"`, or `timestamp(us)` for local times",
    ),
    (
        &["money", "number"],
        "write `\"decimal(18,2)\"`, or `float64`",
    ),
    (
        &["char", "character", "nvarchar", "str", "varchar2"],
        "write `text`",
    ),
    (&["blob", "bytea"], "write `binary`"),
    (&["guid"], "write `uuid`"),
    (&["uint", "unsigned"], "write `uint32` or `uint64`"),
    (&["enum"], "a `choice` of texts has the type `text`"),
    (
        &["array", "list"],
        "leave it out: the generator `list` makes lists",
    ),
    (
        &["object", "record", "struct"],
        "leave it out: the generator `struct` makes them",
    ),
];

/// Ours for a name of another tool: `firstName`, `first-name` and `FIRST_NAME` are one.
fn ours(list: &[(&[&str], &'static str)], theirs: &str) -> Option<&'static str> {
    // Other tools write camel case, dashes or capitals.
    let plain = |name: &str| name.replace(['_', '-', ' '], "").to_lowercase();
    let theirs = plain(theirs);
    let mut names = list.iter();
    let found = names.find(|(names, _)| names.iter().any(|name| plain(name) == theirs));
    found.map(|(_, ours)| *ours)
}

/// How a generator of another tool is called here: of `faker.lorem.word` and `person.email` the last word
/// that is known.
pub fn elsewhere(name: &str) -> Option<&'static str> {
    name.rsplit('.').find_map(|word| ours(ELSEWHERE, word))
}

/// How a type of another tool is called here; of one with arguments, as `float(8)`, by its name.
pub fn type_elsewhere(name: &str) -> Option<&'static str> {
    let bare = name.split_once('(').map_or(name, |(bare, _)| bare);
    ours(TYPES_ELSEWHERE, bare)
}
